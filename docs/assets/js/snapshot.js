/**
 * Python's memory as it is once everything is there that a start brings: NumPy, torch and the session. Restoring it
 * takes the place of starting, and `tools/pyodide_node.mjs` takes it at build time with the same `replay`.
 *
 * What lives outside the memory is made again first: the shared libraries of NumPy, at the places that the memory
 * expects them, and their entries in the table of functions. Checks stand where a difference between the browser and
 * the build would be silent; what throws here is followed by an ordinary start.
 */

/**
 * @typedef {object} Library a shared library as it was loaded when the snapshot was taken
 * @property {string} name
 * @property {number} handle
 * @property {boolean} global
 * @property {boolean} lasting
 * @property {number} memoryBase
 * @property {number} tableBase
 * @property {[string, number][]} symbols functions that Python asked for, and their slots
 */
/**
 * @typedef {object} Meta
 * @property {unknown} hiwire Pyodide's own record of the objects on both sides
 * @property {Library[]} libraries
 * @property {number} memory bytes
 * @property {number} table slots
 * @property {number} addresses checksum of where all symbols are
 * @property {[number, number]} stack where it is: nothing on it counts
 * @property {[number, number][]} runs first page and number of pages that the snapshot holds; the others stay
 * @property {number} rest checksum of the pages that stay
 * @property {Record<string, [string, number][]>} files path and size of the files of each pack
 */
/** @typedef {{ meta: Meta, pages: Uint8Array, libraries: WebAssembly.Module[], files: [string, Uint8Array][] }} Snapshot */
/** @typedef {{ saveData: boolean, rate: number }} Line */

export const PAGE = 4096;
const FAST = 100; // Mbit/s, at which the larger file costs less time than restoring saves
const META = "snapshot.json";
const PAGES = "memory.bin";

/**
 * Whether the snapshot is the quicker start: when the browser has it already, or on a fast line. It is 4 MB larger
 * than the packs it replaces.
 * @param {{ kept: boolean, line: Line }} given
 */
export function pays({ kept, line }) {
  return !line.saveData && (kept || line.rate >= FAST);
}

/** @param {number} sum @param {Uint32Array} words @returns {number} */
function checksum(sum, words) {
  for (let i = 0; i < words.length; i++) sum = Math.imul(sum ^ words[i], 0x01000193);
  return sum;
}

/** @param {any} Module @returns {number} a checksum of all symbols' addresses */
export function addresses(Module) {
  return checksum(0, Uint32Array.from(Object.values(Module.GOT), ({ value }) => value));
}

/**
 * @param {Uint8Array} memory
 * @param {Pick<Meta, "runs" | "stack">} meta
 * @returns {number} a checksum of the pages that no run and no stack covers
 */
export function rest(memory, { runs, stack }) {
  const covered = [...runs.map(([first, count]) => [first * PAGE, (first + count) * PAGE]), stack];
  covered.sort(([a], [b]) => a - b);
  let sum = 0;
  let end = 0;
  for (const [from, to] of [...covered, [memory.length, memory.length]]) {
    if (from > end) sum = checksum(sum, new Uint32Array(memory.buffer, end, (from - end) / 4));
    end = Math.max(end, to);
  }
  return sum;
}

/**
 * Loads the shared libraries where they were when the snapshot was taken.
 * @param {any} Module Pyodide's, before anything of Python has run in it
 * @param {Pick<Meta, "libraries" | "memory" | "table">} meta
 * @param {WebAssembly.Module[]} libraries in the order of the meta's
 */
export function replay(Module, meta, libraries) {
  Module.growMemory(meta.memory);
  meta.libraries.forEach((library, number) => {
    growTable(Module, library.tableBase);
    const dso = Module.newDSO(library.name, library.handle, "loading");
    dso.refcount = library.lasting ? Infinity : 1;
    dso.global = library.global;
    Module.memoryBase = library.memoryBase;
    try {
      dso.exports = Module.loadWebAssemblyModule(libraries[number], {}, library.name, {});
    } finally {
      Module.memoryBase = 0;
    }
  });
  growTable(Module, meta.table);
  for (const { name, symbols } of meta.libraries) {
    for (const [symbol, slot] of symbols) {
      Module.freeTableIndexes.push(slot);
      if (Module.addFunction(Module.LDSO.loadedLibsByName[name].exports[symbol]) !== slot) {
        throw new Error(`${symbol} is not in its slot`);
      }
    }
  }
}

/** @param {any} Module @param {number} length */
function growTable(Module, length) {
  const missing = length - Module.wasmTable.length;
  if (missing < 0) throw new Error("the table of functions is longer than it was");
  if (missing) Module.wasmTable.grow(missing);
}

/**
 * The next Pyodide that is loaded, with `_loadSnapshot: new Uint8Array()`, wakes from a snapshot.
 * @param {Promise<Snapshot>} arriving
 * @param {() => any} imports what Pyodide's JavaScript has given to its WebAssembly
 * @returns {() => void} takes the wish back
 */
export function wakeNext(arriving, imports) {
  const scope = /** @type {any} */ (globalThis);
  const create = scope._createPyodideModule;
  scope._createPyodideModule = async (/** @type {any} */ settings) => {
    scope._createPyodideModule = create;
    const Module = await create(settings);
    const { meta, pages, libraries } = await arriving;
    settings.API.restoreSnapshot = () => {
      replay(Module, meta, libraries);
      if (addresses(Module) !== meta.addresses) throw new Error("the libraries' symbols are not where they were");
      const memory = Module.HEAPU8;
      if (memory.length !== meta.memory || rest(memory, meta) !== meta.rest) throw new Error("the memory is another");
      let start = 0;
      for (const [first, count] of meta.runs) {
        memory.set(pages.subarray(start, start + count * PAGE), first * PAGE);
        start += count * PAGE;
      }
      adopt(Module, imports());
      settings.API.restoreSnapshot = null; // lets the snapshot go
      return meta.hiwire;
    };
    return Module;
  };
  return () => {
    scope._createPyodideModule = create;
  };
}

/**
 * Puts what the memory knows of the browser that it was in right: how functions are called, and the time zone.
 * @param {any} Module
 * @param {any} imports
 */
function adopt(Module, imports) {
  imports._PyEM_InitTrampoline_js();
  const { timezone, daylight, tzname } = Module.GOT;
  const [standard, summer] = Module.HEAPU32.subarray(tzname.value / 4, tzname.value / 4 + 2);
  imports._tzset_js(timezone.value, daylight.value, standard, summer);
}

/**
 * @param {Iterable<[string, Uint8Array]>} entries of the snapshot's pack
 * @returns {Promise<Snapshot>}
 */
export async function readSnapshot(entries) {
  const content = new Map(entries);
  const take = (/** @type {string} */ name) => {
    const bytes = content.get(name);
    if (!bytes) throw new Error(`The snapshot lacks ${name}.`);
    content.delete(name);
    return bytes;
  };
  const meta = /** @type {Meta} */ (JSON.parse(new TextDecoder().decode(take(META))));
  const pages = take(PAGES);
  const libraries = meta.libraries.map(({ name }) =>
    WebAssembly.compile(/** @type {Uint8Array<ArrayBuffer>} */ (take(name.slice(1)))),
  );
  const files = [...content].map(([path, bytes]) => /** @type {[string, Uint8Array]} */ ([path, bytes.slice()]));
  return { meta, pages, libraries: await Promise.all(libraries), files };
}

const Z_STREAM = { bytes: 56, next_in: 0, avail_in: 4, next_out: 12, avail_out: 16 };
const GZIP = 31;
const CHUNK = 1 << 16;

/**
 * Unpacks gzip at once, with the zlib that Python is built with: the browser's own only does it in its own time.
 * Python's memory may grow meanwhile.
 * @param {any} Module
 * @param {Uint8Array} packed
 * @returns {Uint8Array}
 */
export function gunzip(Module, packed) {
  const size = new DataView(packed.buffer, packed.byteOffset).getUint32(packed.length - 4, true);
  const unpacked = new Uint8Array(size);
  const places = [CHUNK, CHUNK, Z_STREAM.bytes].map((bytes) => Module._emscripten_builtin_malloc(bytes));
  const [source, target, z] = places;
  const field = (/** @type {number} */ at) => (z + at) / 4;
  try {
    if (!places.every(Boolean)) throw new Error("no memory is left for it");
    Module.HEAPU8.fill(0, z, z + Z_STREAM.bytes);
    let status = Module._inflateInit2_(z, GZIP, Module._zlibVersion(), Z_STREAM.bytes);
    let read = 0;
    let written = 0;
    while (status === 0 && (read < packed.length || Module.HEAPU32[field(Z_STREAM.avail_out)] === 0)) {
      if (Module.HEAPU32[field(Z_STREAM.avail_in)] === 0) {
        const piece = packed.subarray(read, read + CHUNK);
        Module.HEAPU8.set(piece, source);
        Module.HEAPU32[field(Z_STREAM.next_in)] = source;
        Module.HEAPU32[field(Z_STREAM.avail_in)] = piece.length;
        read += piece.length;
      }
      Module.HEAPU32[field(Z_STREAM.next_out)] = target;
      Module.HEAPU32[field(Z_STREAM.avail_out)] = CHUNK;
      status = Module._inflate(z, 0);
      const count = CHUNK - Module.HEAPU32[field(Z_STREAM.avail_out)];
      unpacked.set(Module.HEAPU8.subarray(target, target + count), written);
      written += count;
    }
    Module._inflateEnd(z);
    if (written !== size) throw new Error("it arrived damaged");
    return unpacked;
  } finally {
    for (const place of places) Module._free(place);
  }
}
