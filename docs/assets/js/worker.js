/**
 * The worker that holds Python for the whole visit: starts Pyodide from the lean pack or wakes it from a snapshot,
 * fetches a page's code, and its files when Python first reads them, and passes requests to the session
 * (`snippets/kit/session.py`). `python.js` is its only client.
 *
 * In:  `{ boot: true, alive, manifest, module?, afresh, line }` once, `{ fetch: slug }` for a page that will be needed,
 *      and, once ready, requests `{ id, do, slug, arguments }`, one at a time. `manifest` is the list of Python's files,
 *      `module` what an earlier worker left.
 * Out: `{ progress }`, `{ ready, module, alive }` or `{ failed }`; per request `{ id, received }`, any `{ id, output }`,
 *      and `{ id, answer }` (JSON text), `{ id, failed }` or, when Python itself is gone, `{ lost }`.
 */

import { limit, protect, seal } from "./seal.js";
import { gunzip, pays, readSnapshot, wakeNext } from "./snapshot.js";
import { checkStarting, isPack, isWhole } from "./whole.js";

/** @typedef {import("./snapshot.js").Snapshot} Snapshot */
/** @typedef {import("./snapshot.js").Line} Line */
/** @typedef {import("./whole.js").Entry} Entry */
/**
 * @typedef {object} Manifest
 * @property {number} protocol
 * @property {Record<string, Entry>} files
 * @property {object} lock
 * @property {"packs" | "snapshot"} [start] how to start, where it is not to be chosen
 * @property {Record<string, { hash: string, bytes?: number, crc32?: number, assets: Asset[] }>} pages
 */
/** @typedef {Entry & { path: string }} Asset */
/**
 * What a worker leaves to the one that follows it: the compiled interpreter, the unpacked packs, and whether the
 * snapshot has failed in this visit.
 * @typedef {{ wasm: WebAssembly.Module, packs: Record<string, Blob>, failed: boolean }} Kept
 */
/** @typedef {{ id: number, do: string, slug: string, arguments: Record<string, unknown> }} Request */

const scope = /** @type {any} */ (self);
const PYTHON = new URL("../generated/py/", import.meta.url);
const HOME = "/atlas";
const TITLES = /** @type {Record<string, string>} */ ({
  loader: "Pyodide's loader",
  script: "Pyodide's script",
  plain: "the Python interpreter",
  wasm: "the Python interpreter",
  lean: "the start pack",
  core: "the atlas's own code",
  snapshot: "the snapshot of Python",
  standard: "the rest of the standard library",
  numpy: "the rest of NumPy",
});
const ALWAYS = ["loader", "script", "wasm"];
const PACKS = ["lean", "core"];
const UNTIL_IDLE = 5000; // milliseconds after a start
const EMPTY_ZIP = new Uint8Array(22);
EMPTY_ZIP.set([0x50, 0x4b, 5, 6]);

/** A file that could not be had; the message is for the reader. */
class FileError extends Error {}

// Kept, since a reader's code loses them (seal.js).
const fetchFile = scope.fetch.bind(scope);
const { XMLHttpRequest, caches, navigator } = scope;
const tell = scope.postMessage.bind(scope);

/** Set when an earlier start failed: what the browser has kept may be what was damaged. */
let afresh = false;

/** @param {unknown} message */
const post = (message) => tell(message);

const progress = {
  stage: "Fetching Python",
  loaded: 0,
  most: 0, // told so far: a bar never goes back
  unseen: 0, // size of a file that arrives where it cannot be watched: taken to keep pace with the others
  total: 0,
  told: 0,
  /** @param {number} bytes */
  add(bytes) {
    this.loaded += bytes;
    const now = performance.now();
    if (now - this.told > 40 || this.loaded > this.total - 1) this.tell(now);
  },
  /** @param {number} [now] */
  tell(now = performance.now()) {
    this.told = now;
    const pace = this.total / Math.max(this.total - this.unseen, 1);
    const loaded = Math.round(Math.min(Math.max(this.loaded * pace, this.most), this.total));
    this.most = loaded;
    post({ progress: { stage: this.stage, loaded, total: this.total } });
  },
};

/**
 * @param {URL} address
 * @param {string} title what the file is, for the message
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function get(address, title, options) {
  const name = address.pathname.split("/").pop();
  let response;
  try {
    response = await fetchFile(address, afresh ? { ...options, cache: "reload" } : options);
  } catch {
    throw new FileError(`${capital(title)} (${name}) could not be fetched: the connection failed.`);
  }
  if (!response.ok) {
    throw new FileError(`${capital(title)} (${name}) could not be fetched: the server answered ${response.status}.`);
  }
  return response;
}

/** @param {string} text */
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/**
 * The bytes of a file of the manifest as a stream, unpacked if they arrive gzip'ed. A host that unpacks `.gz` files
 * on its way is as good as one that does not. The stream of a file that is not what the build made ends in an error.
 * @param {Response} response
 * @param {Entry} entry
 * @returns {Promise<ReadableStream<Uint8Array>>}
 */
async function unpacked(response, entry) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  let { value = new Uint8Array(), done } = await reader.read();
  progress.add(value.length);
  const zipped = value[0] === 0x1f && value[1] === 0x8b;
  /** @type {any[]} */
  const pieces = [value];
  const counted = new ReadableStream({
    start(controller) {
      controller.enqueue(value);
      if (done) controller.close();
    },
    async pull(controller) {
      const next = await reader.read();
      if (next.done) {
        if (zipped) await checkStarting(pieces, entry).catch((error) => found(entry, error));
        return controller.close();
      }
      progress.add(next.value.length);
      pieces.push(next.value);
      controller.enqueue(next.value);
    },
  });
  return zipped ? counted.pipeThrough(new DecompressionStream("gzip")) : counted;
}

/**
 * Runs `use` on the response of one of the manifest's files; whatever goes wrong names the file.
 * @template T
 * @param {Manifest} manifest
 * @param {string} name
 * @param {(response: Response) => Promise<T>} use
 * @returns {Promise<T>}
 */
async function withFile(manifest, name, use) {
  const entry = manifest.files[name];
  const response = await get(new URL(entry.url, PYTHON), TITLES[name]);
  try {
    return await use(response);
  } catch (error) {
    throw damagedFile(TITLES[name], entry.url, faults.get(entry) ?? error);
  }
}

/** What was found wrong with files, which their streams do not pass on. @type {Map<Entry, Error>} */
const faults = new Map();

/** @param {Entry} entry @param {Error} error */
function found(entry, error) {
  faults.set(entry, error);
  throw error;
}

/** @param {string} title @param {string} file @param {unknown} [cause] */
function damagedFile(title, file, cause) {
  const why = cause instanceof Error ? ` ${cause.message}` : "";
  return new FileError(`${capital(title)} (${file}) arrived damaged or cut short.${why}`);
}

/**
 * The interpreter, compiled. The plain file is best where the host compresses it on its way: the browser keeps what it
 * made of it, and the next visit starts in half the time. Otherwise, or if anything is wrong with it, the gzip'ed one.
 * @param {Manifest} manifest
 * @returns {Promise<WebAssembly.Module>}
 */
async function interpreter(manifest) {
  const { plain, wasm } = manifest.files;
  const leaving = new AbortController();
  try {
    const response = await get(new URL(plain.url, PYTHON), TITLES.plain, { signal: leaving.signal });
    const { headers } = response;
    if (headers.get("content-encoding") && headers.get("content-type")?.startsWith("application/wasm")) {
      progress.unseen = wasm.bytes;
      const copy = response.clone().arrayBuffer();
      const checked = copy.then((bytes) => checkStarting([new Uint8Array(bytes)], plain));
      const [module] = await Promise.all([WebAssembly.compileStreaming(response), checked]);
      progress.unseen = 0;
      progress.add(wasm.bytes);
      return module;
    }
  } catch {
    // the gzip'ed file says what is wrong, if anything still is
  }
  leaving.abort();
  progress.unseen = 0;
  const headers = { "content-type": "application/wasm" };
  return withFile(manifest, "wasm", async (response) =>
    WebAssembly.compileStreaming(new Response(await unpacked(response, manifest.files.wasm), { headers })),
  );
}

/** @param {Manifest} manifest @param {string} name @returns {Promise<any>} a script of the manifest as a module */
async function script(manifest, name) {
  const entry = manifest.files[name];
  const address = new URL(entry.url, PYTHON);
  // An import cannot be looked at: the file is fetched, and what is imported is what the browser has kept of it.
  const response = await get(address, TITLES[name]);
  try {
    await checkStarting([new Uint8Array(await response.arrayBuffer())], entry);
    const module = await import(address.href);
    progress.add(entry.bytes);
    return module;
  } catch (error) {
    throw damagedFile(TITLES[name], entry.url, error);
  }
}

/** @param {Manifest} manifest @param {string} name @returns {Promise<Uint8Array>} a pack of the manifest, unzipped */
function fetchPack(manifest, name) {
  return withFile(manifest, name, async (response) => {
    const content = new Uint8Array(await new Response(await unpacked(response, manifest.files[name])).arrayBuffer());
    if (!isPack(content)) throw new Error("It is no pack of files.");
    return content;
  });
}

/**
 * @param {Uint8Array} content a pack: header length, JSON of [path, size], bytes
 * @returns {Generator<[string, Uint8Array]>}
 */
function* filesOf(content) {
  let start = 4 + new DataView(content.buffer, content.byteOffset).getUint32(0, true);
  for (const [path, size] of JSON.parse(new TextDecoder().decode(content.subarray(4, start)))) {
    yield [path, content.subarray(start, start + size)];
    start += size;
  }
}

/** @param {any} FS @param {Iterable<[string, Uint8Array]>} files */
function unpack(FS, files) {
  const folders = new Set();
  for (const [path, content] of files) {
    const folder = `/${path.slice(0, path.lastIndexOf("/"))}`;
    if (!folders.has(folder)) {
      FS.mkdirTree(folder);
      folders.add(folder);
    }
    FS.writeFile(`/${path}`, content, { canOwn: true });
  }
}

/** @type {Manifest} */
let manifest;
let haveManifest = () => {};
/** @type {Promise<void>} */
const listed = new Promise((resolve) => {
  haveManifest = resolve;
});
/** @type {any} */
let pyodide;
/** @type {any} */
let session;
let renewMemory = () => {};

/**
 * Starts Python. All files travel side by side; the first that fails ends the start with a message that names it.
 * A snapshot that fails is another matter: the packs serve as well.
 * @param {Kept | undefined} kept by an earlier worker
 * @param {Line} line
 * @returns {Promise<Kept>}
 */
async function boot(kept, line) {
  progress.tell();
  if (kept && !afresh) ({ packs } = kept); // after a failure only the interpreter is known to be sound
  const sizeOf = (/** @type {string[]} */ names) => names.reduce((sum, name) => sum + manifest.files[name].bytes, 0);
  progress.total = sizeOf(ALWAYS);
  if (kept) progress.loaded = manifest.files.wasm.bytes;
  const wasm = kept ? Promise.resolve(kept.wasm) : interpreter(manifest);
  const always = Promise.all([wasm, script(manifest, "loader"), script(manifest, "script")]);
  always.catch(() => {}); // said once, by whoever starts
  let failed = kept?.failed ?? false;
  if (!failed && (await choosesSnapshot(line))) {
    progress.total += manifest.files.snapshot.bytes;
    progress.tell();
    const snapshot = packOf("snapshot").then((content) => readSnapshot(filesOf(content)));
    snapshot.catch(() => {}); // the start waits for it later
    try {
      await start(always, { snapshot });
      return { wasm: await wasm, packs, failed };
    } catch {
      failed = true;
      delete packs.snapshot;
    }
  }
  progress.total += sizeOf(PACKS);
  progress.tell();
  await start(always, { packed: Promise.all(PACKS.map(packOf)) });
  return { wasm: await wasm, packs, failed };
}

/** @param {Line} line */
async function choosesSnapshot(line) {
  if (!manifest.files.snapshot || afresh) return false;
  if (manifest.start) return manifest.start === "snapshot";
  return pays({ kept: "snapshot" in packs || (await isKept("snapshot")), line });
}

/** @param {string} name @returns {Promise<boolean>} whether the reader's own copy of the site has a file */
async function isKept(name) {
  try {
    return Boolean(await caches.match(new URL(manifest.files[name].url, PYTHON).href, { ignoreVary: true }));
  } catch {
    return false; // the browser keeps nothing
  }
}

/** Unpacked packs by name. @type {Record<string, Blob>} */
let packs = {};

/** @param {string} name @returns {Promise<Uint8Array>} a pack, as an earlier worker has left it or from the server */
async function packOf(name) {
  if (packs[name]) {
    progress.add(manifest.files[name].bytes);
    return new Uint8Array(await packs[name].arrayBuffer());
  }
  const bytes = await fetchPack(manifest, name);
  packs[name] = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]);
  return bytes;
}

/**
 * Puts files into the reader's own copy of the site, for the next visit, where that costs the reader nothing.
 * @param {string[]} names
 */
async function keepToo(names) {
  const { connection } = navigator;
  const cheap = connection && !connection.saveData && connection.type !== "cellular" && connection.downlink >= 10;
  if (!cheap || manifest.start || !(await caches?.keys())?.length) return; // without names there is no copy
  for (const name of names) {
    if (await isKept(name)) continue;
    await (await fetchFile(new URL(manifest.files[name].url, PYTHON), { priority: "low" })).arrayBuffer();
  }
}

/**
 * @param {Promise<[WebAssembly.Module, any, any]>} always
 * @param {{ packed?: Promise<Uint8Array[]>, snapshot?: Promise<Snapshot> }} source
 */
async function start(always, { packed, snapshot }) {
  const [[wasm, { loadPyodide }]] = await Promise.all([always, packed]);
  progress.stage = "Starting Python";
  progress.tell();
  const { instantiateStreaming } = WebAssembly;
  let broken = (/** @type {unknown} */ _) => {};
  const instantiated = new Promise((_, reject) => {
    broken = reject;
  });
  // Pyodide fetches its own files and, when one is wrong, waits for ever. It is given what has arrived already.
  scope.fetch = async (/** @type {any} */ address) => {
    if (String(address).endsWith(".wasm")) return new Response(null, { headers: { "content-type": "application/wasm" } });
    if (String(address).endsWith("empty.zip")) return new Response(EMPTY_ZIP);
    return fetchFile(address);
  };
  /** @type {any} */
  let given;
  WebAssembly.instantiateStreaming = async (_, imports) => {
    given = imports?.env;
    renewMemory = limit(given);
    scope.pythonMemory = given.memory; // numpy_torch multiplies matrices in it (simd.py)
    try {
      return { module: wasm, instance: await WebAssembly.instantiate(wasm, imports) };
    } catch (error) {
      broken(new FileError(`The Python interpreter could not be started here: ${/** @type {Error} */ (error).message}`));
      throw error;
    }
  };
  const forget = snapshot && wakeNext(snapshot, () => given);
  const loading = loadPyodide({
    indexURL: PYTHON.href,
    packageBaseUrl: PYTHON.href,
    stdLibURL: new URL("empty.zip", PYTHON).href,
    lockFileContents: JSON.stringify(manifest.lock),
    enableRunUntilComplete: false,
    env: { PYTHONPATH: HOME, PYTHONDONTWRITEBYTECODE: "1" },
    _loadSnapshot: snapshot && new Uint8Array(),
    stdin: () => null, // input() is told that there is no more
    stdout: () => {}, // what nobody asked for; a cell's output goes through the session
    stderr: () => {},
    fsInit: async (/** @type {any} */ FS) => {
      for (const pack of (await packed) ?? []) unpack(FS, filesOf(pack));
    },
  });
  try {
    pyodide = await Promise.race([loading, instantiated]);
  } finally {
    forget?.();
    scope.fetch = fetchFile;
    WebAssembly.instantiateStreaming = instantiateStreaming;
  }
  session = snapshot ? wake(await snapshot) : begin();
}

/** @returns {any} the session, with torch and the finder of the archives installed */
function begin() {
  const begun = pyodide.pyimport("atlas_start");
  const waiting = begun.start(HOME, fetchArchive);
  begun.destroy();
  return waiting;
}

/**
 * Adds what a snapshot of the memory does not hold.
 * @param {Snapshot} snapshot
 * @returns {any} the session
 */
function wake({ meta, files }) {
  const { FS } = pyodide;
  unpack(FS, files);
  for (const [pack, listed] of Object.entries(meta.files)) {
    for (const folder of new Set(listed.map(([path]) => path.slice(0, path.lastIndexOf("/"))))) FS.mkdirTree(`/${folder}`);
    for (const [path, bytes] of listed) writeLate(`/${path}`, bytes, () => fileOfPack(pack, path));
  }
  const awake = pyodide.pyimport("atlas_snapshot");
  const waiting = awake.wake(navigator.languages?.[0] ?? "C", fetchArchive);
  awake.destroy();
  return waiting;
}

/** Archives that arrived cut short, which the browser may have kept. */
const damaged = new Set();

/**
 * Fetches a file while everything waits; only a worker may.
 * @param {URL} address
 * @param {string} title what the file is, for the message
 * @param {boolean} again whether what the browser has kept may be damaged
 * @returns {Uint8Array | string} the bytes, or what went wrong
 */
function fetchNow(address, title, again) {
  const request = new XMLHttpRequest();
  try {
    request.open("GET", address, false);
    if (again) request.setRequestHeader("Cache-Control", "no-cache");
    request.responseType = "arraybuffer";
    request.send();
  } catch {
    return `${title} could not be fetched, the connection failed`;
  }
  if (request.status !== 200) return `${title} could not be fetched, the server answered ${request.status}`;
  return new Uint8Array(request.response);
}

/** @param {string} name @returns {Uint8Array | string} the bytes of an archive, or what went wrong */
function fetchArchive(name) {
  const entry = manifest.files[name];
  const bytes = fetchNow(new URL(entry.url, PYTHON), TITLES[name], damaged.has(name));
  if (typeof bytes === "string") return bytes;
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (isGzip ? isWhole(bytes, entry) : isPack(bytes)) return bytes;
  damaged.add(name);
  return `${TITLES[name]} arrived damaged or cut short`;
}

/** @type {Map<string, Promise<Record<string, string>>>} code of pages, on its way or here, by slug */
const coming = new Map();
/** Pages and files that could not be fetched; trying again asks the server, not what the browser has kept. */
const missed = new Set();
/** Pages that are in Python's file system. */
const brought = new Set();

/** @param {string} slug @returns {Promise<Record<string, string>>} the page's modules by path, fetched once */
function fetchPage(slug) {
  let code = coming.get(slug);
  if (!code) {
    code = pageCode(slug);
    coming.set(slug, code);
    code.catch(() => {
      missed.add(slug);
      coming.delete(slug);
    });
  }
  return code;
}

/** @param {string} slug @returns {Promise<Record<string, string>>} */
async function pageCode(slug) {
  await listed;
  const page = manifest.pages[slug];
  if (!page) throw new FileError(`This page (“${slug}”) has no code to run.`);
  const title = `the code of the page “${slug}”`;
  const options = missed.has(slug) ? /** @type {RequestInit} */ ({ cache: "reload" }) : undefined;
  const response = await get(new URL(`pages/${slug}.json?v=${page.hash}`, PYTHON), title, options);
  const name = `${slug}.json`;
  let content;
  let bundle;
  try {
    content = new Uint8Array(await response.arrayBuffer());
    bundle = JSON.parse(new TextDecoder().decode(content));
  } catch {
    throw damagedFile(title, name);
  }
  if (bundle.hash !== page.hash) throw new FileError("The site has a new release. Reload the page to run Python.");
  if (page.bytes !== undefined && !isWhole(content, { url: name, bytes: page.bytes, crc32: page.crc32 })) {
    throw damagedFile(title, name);
  }
  return bundle.files;
}

/**
 * Puts a page's code and files into Python's file system, once.
 * @param {string} slug
 * @returns {Promise<boolean>} whether they are new there, so that the session must open the page
 */
async function bring(slug) {
  if (brought.has(slug)) return false;
  const files = Object.entries(await fetchPage(slug));
  pyodide.FS.ignorePermissions = true;
  for (const [path, content] of files) {
    const place = placeOf(path);
    if (!pyodide.FS.analyzePath(place).exists) pyodide.FS.writeFile(place, content); // another page may have it too
  }
  for (const asset of manifest.pages[slug].assets) layLate(asset);
  pyodide.FS.ignorePermissions = false;
  if (sealed) protect(pyodide.FS, HOME);
  brought.add(slug);
  coming.delete(slug);
  return true;
}

/** @param {string} path @returns {string} where a file of the project is in Python's file system; its folder is made */
function placeOf(path) {
  const place = `${HOME}/${path}`;
  pyodide.FS.mkdirTree(place.slice(0, place.lastIndexOf("/")));
  return place;
}

/** Packs that were opened because Python reads a file of theirs. @type {Map<string, Map<string, Uint8Array>>} */
const opened = new Map();

/**
 * @param {string} pack
 * @param {string} path
 * @returns {Uint8Array | string} the content of a file that a snapshot has left in its pack, or what went wrong
 */
function fileOfPack(pack, path) {
  if (!opened.has(pack)) {
    const bytes = fetchArchive(pack);
    if (typeof bytes === "string") return `${bytes}.`;
    const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    try {
      opened.set(pack, new Map(filesOf(zipped ? gunzip(pyodide._module, bytes) : bytes)));
    } catch (error) {
      return `${capital(TITLES[pack])} could not be unpacked: ${/** @type {Error} */ (error).message}.`;
    }
  }
  return opened.get(pack)?.get(path) ?? `The file ${path} is not in its pack.`;
}

/** Why Python could not read a page's file during the request that is being answered; empty if it could. */
let unread = "";
const INPUT_OUTPUT_ERROR = 29;

/** @param {Asset} asset a file of a page: most runs of most pages need none of them */
function layLate(asset) {
  const place = placeOf(asset.path);
  if (pyodide.FS.analyzePath(place).exists) return; // another page has it too
  writeLate(place, asset.bytes, () => {
    const content = fetchAsset(asset);
    if (typeof content === "string") missed.add(asset.path);
    return content;
  });
}

/**
 * Lays a file in Python's file system that has its size, and gets its content when Python first reads it.
 * @param {string} place
 * @param {number} bytes
 * @param {() => Uint8Array | string} get returns the content, or what went wrong
 */
function writeLate(place, bytes, get) {
  const { FS } = pyodide;
  const node = FS.create(place);
  const ordinary = node.stream_ops;
  const settle = () => {
    if (node.stream_ops === ordinary) return;
    if (node.usedBytes === bytes) {
      const content = get();
      if (typeof content === "string") {
        unread = content;
        throw new FS.ErrnoError(INPUT_OUTPUT_ERROR);
      }
      node.contents = content;
    } // otherwise the reader's code has emptied the file
    node.stream_ops = ordinary;
  };
  const late = Object.fromEntries(
    ["read", "write", "mmap"].map((name) => [
      name,
      (/** @type {any} */ stream, /** @type {any} */ given, /** @type {any[]} */ ...rest) => {
        settle();
        const stale = ArrayBuffer.isView(given) && given.byteLength === 0; // the memory has grown meanwhile
        return ordinary[name](stream, stale ? pyodide._module.HEAP8 : given, ...rest);
      },
    ]),
  );
  node.usedBytes = bytes;
  node.stream_ops = { ...ordinary, ...late };
}

/** @param {Asset} asset @returns {Uint8Array | string} the content, fetched while Python waits, or what went wrong */
function fetchAsset(asset) {
  const content = fetchNow(new URL(asset.url, PYTHON), `The file ${asset.path}`, missed.has(asset.path));
  if (typeof content === "string") return `${content}.`;
  return isWhole(content, asset) ? content : `The file ${asset.path} arrived damaged or cut short.`;
}

/** @param {Record<string, unknown>} request @param {(text: string) => void} [write] @returns {string} */
function ask(request, write = () => {}) {
  return session.handle(JSON.stringify(request), write);
}

/** @param {string} message what Pyodide died of @returns {string} the same in plain words */
function causeOf(message) {
  if (/call stack|too much recursion/i.test(message)) return "Python stopped working: the code nested too deeply";
  if (/memory/i.test(message)) return "Python stopped working: its memory was full";
  if (message.includes("Traceback (most recent call last)")) {
    return "Python stopped working: the code changed what Python itself needs";
  }
  if (/exit/i.test(message)) return "Python stopped working: the code ended it";
  return `Python stopped working: ${message.split("\n")[0].slice(0, 200)}`;
}

/**
 * Holds a lock until this worker ends, by which the page notices that it has.
 * @param {string} name
 * @returns {Promise<boolean>} whether it is held
 */
function hold(name) {
  if (!scope.navigator.locks) return Promise.resolve(false);
  return new Promise((held) => {
    const forever = () => {
      held(true);
      return new Promise(() => {});
    };
    scope.navigator.locks.request(name, forever).catch(() => held(false));
  });
}

/** Set when the first cell is run: from then on, code that is not the site's own may be at work. */
let sealed = false;
const MOST_OUTPUT = 300_000; // characters; the session passes on less, unless it was tampered with

/** @param {number} id @returns {(output: string) => void} */
function writer(id) {
  let room = MOST_OUTPUT;
  return (output) => {
    if (room > 0) post({ id, output: String(output).slice(0, room) });
    room -= output.length;
  };
}

/** @param {Request} request */
async function answer(request) {
  const { id, slug } = request;
  post({ id, received: true });
  let isNew;
  try {
    isNew = await bring(slug);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    return post(error instanceof FileError ? { id, failed: message } : { lost: causeOf(message) });
  }
  const asked = request.do === "open" ? { do: "open", slug } : { do: request.do, ...request.arguments };
  unread = "";
  renewMemory();
  try {
    if (request.do === "run" && !sealed) {
      seal(scope);
      protect(pyodide.FS, HOME);
      sealed = true;
    }
    if (request.do === "run" || request.do === "reset" || (isNew && request.do !== "open")) ask({ do: "open", slug });
    const said = ask(asked, writer(id));
    post(unread ? { id, failed: unread } : { id, answer: said });
  } catch (error) {
    post({ lost: causeOf(String(/** @type {Error} */ (error)?.message ?? error)) });
  }
}

scope.onmessage = async (/** @type {MessageEvent} */ { data, isTrusted }) => {
  if (!isTrusted) return; // made by a reader's code
  if (data.fetch) return fetchPage(data.fetch).catch(() => {}); // whoever asks for the page is told
  if (!data.boot) return answer(data);
  ({ manifest, afresh } = data);
  haveManifest();
  try {
    const held = hold(data.alive);
    const module = await boot(data.module, data.line);
    afresh = false;
    post({ ready: true, module, alive: (await held) && data.alive });
    session.prepare(); // while the page makes its first request
    if (module.failed) return;
    const other = "snapshot" in packs ? PACKS : ["snapshot"]; // what the other way to start needs, and late files
    setTimeout(() => keepToo(other).catch(() => {}), UNTIL_IDLE);
  } catch (error) {
    const message = /** @type {Error} */ (error)?.message ?? String(error);
    post({ failed: error instanceof FileError ? message : `Python could not be started: ${message}` });
  }
};
