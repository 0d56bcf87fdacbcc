/**
 * Keeps what the reader has opened, so that it is there without a connection. hooks/offline.py puts the list of one
 * release's files before this text and writes it to the site's start as `sw.js`.
 *
 * A page names its release's own files, in a folder no other release has, so this worker serves pages of any release
 * and need not know which is which. What is kept is compared with the list first. The worker of a new release waits, as
 * workers do, until no page of the site is open, or until the reader asks for the copy.
 *
 * In:  `{ hello: release, opened, scheme }`, `{ takeOver }`, `{ forget }`, and, with a port for the answer, `{ ask }`, `{ keep: path }`.
 * Out: `{ superseded: release }`.
 */

/** @typedef {{ id: string, assets: string, files: Record<string, [number, string]>, aside: string[] }} Release */

const scope = /** @type {any} */ (self);
const RELEASE = /** @type {Release} */ (scope.RELEASE);
const START = new URL(scope.registration.scope);
const PREFIX = `atlas ${START.pathname} `;
const CACHE = PREFIX + RELEASE.id;
const ASIDE = new Set(RELEASE.aside);
/** The interpreter as it is: the browser's own cache also keeps what it made of it. */
const PLAIN = /\.wasm$/;
/** Files of one release, this or another: a host has the right one or none. */
const ASSETS = /^assets-[0-9a-f]+\//;
/** Longer than this nobody waits for a page that is kept, in milliseconds. */
const PATIENCE = 4000;
/** Bytes of a file that a new release fetches for its copy unasked. */
const LIGHT = 300_000;
const OWN = ["sw.js", "release.json"];
const SCHEME = "~scheme";
const LIST = "~release";

/** @param {string} address @returns {string | null} the file that is asked for; `null` if it is not the site's */
function pathOf(address) {
  const { origin, pathname } = new URL(address);
  if (origin !== START.origin || !pathname.startsWith(START.pathname)) return null;
  let path = pathname.slice(START.pathname.length);
  try {
    path = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (OWN.includes(path)) return null;
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

/** @param {string} path @returns {string} where a file is, or a note is kept */
const addressOf = (path) => new URL(path.replace(/(^|\/)index\.html$/, "$1").replaceAll("%", "%25"), START).href;

/** @param {string} path @param {string} [cacheName] @returns {Promise<Response | undefined>} what is kept of a release */
async function kept(path, cacheName = CACHE) {
  try {
    return await caches.match(addressOf(path), { cacheName, ignoreVary: true });
  } catch {
    return undefined; // the browser keeps nothing
  }
}

/** Set when the reader has asked that nothing be kept, until a page asks for it again. */
let declined = false;

/** @param {string} path @param {Response} response @returns {Promise<string>} why it could not be kept, if so */
async function put(path, response) {
  if (declined || scope.serviceWorker?.state === "redundant") return "blocked";
  try {
    await (await caches.open(CACHE)).put(addressOf(path), response);
    return "";
  } catch (error) {
    return /** @type {Error} */ (error)?.name === "QuotaExceededError" ? "full" : "blocked";
  }
}

/**
 * @param {string} path
 * @param {ArrayBuffer} bytes
 * @returns {Promise<boolean>} whether this is the release's file
 */
async function isOurs(path, bytes) {
  const start = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  // Some hosts unpack what is named .gz on its way; the page takes it either way.
  if (path.endsWith(".gz") && bytes.byteLength > 2 && !(start[0] === 0x1f && start[1] === 0x8b)) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.startsWith(RELEASE.files[path][1]);
}

/**
 * Keeps an answer if it is the release's file.
 * @param {string} path
 * @param {Response} response is read
 * @returns {Promise<{ ours: boolean, fault: string }>}
 */
async function take(path, response) {
  const { headers } = response;
  const bytes = await response.arrayBuffer();
  if (!(await isOurs(path, bytes))) return { ours: false, fault: "release" };
  if (await kept(path)) return { ours: true, fault: "" };
  return { ours: true, fault: await put(path, new Response(bytes, { headers })) };
}

/**
 * What the host has, kept when it has arrived, if it is of this release.
 * @param {any} event
 * @param {string} path
 * @returns {Promise<{ response: Response, taken: Promise<boolean> }>} `taken`: whether it is
 */
async function ask(event, path) {
  const response = await fetch(event.request);
  const { ok, type, redirected } = response;
  const stays = path in RELEASE.files && ok && type !== "opaqueredirect" && !redirected;
  // The plain interpreter is used only where the host compresses it; elsewhere the page gives it up at once.
  const wanted = stays && (!PLAIN.test(path) || response.headers.has("content-encoding"));
  const taken = wanted ? take(path, response.clone()).then(({ ours }) => ours, () => false) : Promise.resolve(false);
  event.waitUntil(taken);
  return { response, taken };
}

/** The release of the page that the host was last asked for past the browser's own store. */
let current = RELEASE.id;

/**
 * A page from the host. One of another release that the browser has kept may name files that are gone: it is asked for
 * again.
 * @param {any} event
 * @param {string} path
 * @returns {Promise<Response>}
 */
async function askForPage(event, path) {
  const { response, taken } = await ask(event, path);
  if (!response.ok || response.type === "opaqueredirect" || (await taken)) return response;
  if ([RELEASE.id, current].includes(await releaseOf(response))) return response; // a host may change pages on their way
  const afresh = await fetch(event.request.url, { cache: "reload", credentials: "same-origin" });
  current = await releaseOf(afresh);
  return afresh;
}

/** @param {Response} page is not read @returns {Promise<string>} the release that a page says it is of, or this one */
async function releaseOf(page) {
  return /<meta name="atlas-release" content="(\w+)"/.exec(await page.clone().text())?.[1] ?? RELEASE.id;
}

/** @param {any} event @param {string} path @returns {Promise<Response>} a page that the reader goes to */
async function openPage(event, path) {
  const copy = path in RELEASE.files ? await kept(path) : undefined;
  const asked = askForPage(event, path);
  const late = copy && new Promise((resolve) => setTimeout(resolve, PATIENCE, null));
  try {
    const found = await (late ? Promise.race([asked, late]) : asked);
    if (!found) asked.catch(() => {});
    return !found || (copy && found.status >= 500) ? /** @type {Response} */ (copy) : found;
  } catch {
    if (copy) return copy;
    if (!path.endsWith("/index.html") && `${path}/index.html` in RELEASE.files) return Response.redirect(`${event.request.url}/`);
    return notKept();
  }
}

/** @param {any} event @param {string} path @returns {Promise<Response>} one of the files of one release */
async function file(event, path) {
  const { cache, headers } = event.request;
  const ours = path in RELEASE.files;
  const afresh = ["reload", "no-cache", "no-store"].includes(cache) || headers.get("cache-control") === "no-cache";
  const first = ours && !afresh && !PLAIN.test(path) ? await kept(path) : undefined;
  if (first) return first;
  try {
    const { response } = await ask(event, path);
    if (ours && response.status === 404) await superseded();
    return response;
  } catch {
    return (await kept(path)) ?? Response.error();
  }
}

/** @param {any} event @param {string} path @returns {Promise<Response>} what every release has under the same address */
async function other(event, path) {
  try {
    return (await ask(event, path)).response;
  } catch {
    return (await kept(path)) ?? Response.error();
  }
}

/** Tells the pages of this release that the host no longer has it. */
async function superseded() {
  scope.registration.update().catch(() => {});
  for (const client of await scope.clients.matchAll()) client.postMessage({ superseded: RELEASE.id });
}

/** @returns {Promise<Response>} what is shown in place of a page that is not kept */
async function notKept() {
  const links = [];
  for (const path of Object.keys(RELEASE.files)) {
    if (!/(^|\/)index\.html$/.test(path)) continue;
    const text = await (await kept(path))?.text();
    const title = text && /<h1[^>]*>([^<]+)/.exec(text)?.[1];
    if (title) links.push(`<li><a href="${addressOf(path)}">${title}</a></li>`);
  }
  const style = new URL(`${RELEASE.assets}/css/not-found.css`, START);
  const scheme = await (await kept(SCHEME))?.text();
  const body = `<!doctype html><html lang="en" data-md-color-scheme="${scheme === "slate" ? "slate" : "default"}"><head><meta charset="utf-8"><title>No connection</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="stylesheet" href="${style}"></head>
<body><main><h1>This page is not on your device</h1>
<p>There is no connection, and you have not opened this page before. These are kept:</p><ul>${links.join("")}</ul>
</main></body></html>`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'; style-src 'self'; font-src 'self'" };
  return new Response(body, { status: 503, headers });
}

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (path === null || request.method !== "GET" || request.headers.has("range")) return;
  const answer = request.mode === "navigate" ? openPage : ASSETS.test(path) ? file : other;
  event.respondWith(answer(event, path));
});

/** @returns {Promise<string[]>} names of the caches of this site's other releases */
async function others() {
  try {
    return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  } catch {
    return [];
  }
}

/** For the release that comes next. */
async function writeList() {
  if (!(await kept(LIST))) await put(LIST, new Response(JSON.stringify(RELEASE)));
}

/** @param {string} path @param {Release} release @returns {string} the same for every release */
const plain = (path, { assets }) => (path.startsWith(`${assets}/`) ? path.slice(assets.length) : path);

/**
 * What an earlier release has kept is kept of this one too: files that both have are taken over, then light ones are
 * fetched, and heavy ones if the copy was whole. So what could be read offline still can.
 * @param {boolean} fetching whether files may be fetched
 */
async function inherit(fetching) {
  const names = new Map(Object.keys(RELEASE.files).map((path) => [plain(path, RELEASE), path]));
  const changed = new Set();
  for (const name of await others()) {
    const before = /** @type {Release | undefined} */ (await (await kept(LIST, name))?.json());
    if (!before?.files) continue;
    const has = new Set((await (await caches.open(name)).keys()).map((request) => request.url));
    const whole = Object.keys(before.files).every((path) => has.has(addressOf(path)) || before.aside.includes(path));
    for (const [old, [, digest]] of Object.entries(before.files)) {
      const path = names.get(plain(old, before));
      if (!path || !has.has(addressOf(old))) continue;
      if (await kept(path)) continue;
      const copy = RELEASE.files[path][1] === digest ? await kept(old, name) : undefined;
      if (copy) await put(path, copy);
      else if (whole || RELEASE.files[path][0] <= LIGHT) changed.add(path);
    }
    if (whole) for (const path of names.values()) if (!ASIDE.has(path)) changed.add(path);
  }
  if (fetching) for (const path of changed) if ((await keep(path)).fault) return;
}

scope.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(inherit(true).catch(() => {}));
});

scope.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(replace().catch(() => {}));
});

/** No page of another release is open, or the reader has asked for this one. */
async function replace() {
  await inherit(false); // what has been kept while this worker waited
  await writeList();
  for (const name of await others()) await caches.delete(name);
}

/**
 * A page of this release is there: what it has opened is kept.
 * @param {string[]} opened
 * @param {string} scheme the colours the reader last saw, for the one page that is made here
 */
async function befriend(opened, scheme) {
  await scope.clients.claim();
  await writeList();
  if ((await (await kept(SCHEME))?.text()) !== scheme) await put(SCHEME, new Response(scheme));
  for (const address of opened) {
    const path = pathOf(address);
    if (path && path in RELEASE.files && !ASIDE.has(path)) await keep(path);
  }
}

/** @param {string} path @returns {Promise<{ fault: string }>} empty if the file is kept now */
async function keep(path) {
  if (await kept(path)) return { fault: "" };
  try {
    for (const cache of /** @type {RequestCache[]} */ (["default", "reload"])) {
      const response = await fetch(addressOf(path), { cache });
      if (!response.ok) return { fault: "connection" };
      const { ours, fault } = await take(path, response);
      if (ours) return { fault };
    }
    return { fault: "release" };
  } catch {
    return { fault: "connection" };
  }
}

/** @returns {Promise<{ release: string, total: number, kept: number, missing: [string, number][] }>} */
async function state() {
  const have = new Set((await (await caches.open(CACHE)).keys()).map((request) => request.url));
  /** @type {[string, number][]} */
  const missing = [];
  let total = 0;
  let size = 0;
  for (const [path, [bytes]] of Object.entries(RELEASE.files)) {
    const here = have.has(addressOf(path));
    if (here) size += bytes;
    if (ASIDE.has(path)) continue;
    total += bytes;
    if (!here) missing.push([path, bytes]);
  }
  return { release: RELEASE.id, total, kept: size, missing };
}

scope.addEventListener("message", (/** @type {any} */ event) => {
  const { data, ports } = event;
  if (data.hello !== undefined) {
    declined = false;
    if (data.hello === RELEASE.id) event.waitUntil(befriend(data.opened, data.scheme).catch(() => {}));
  } else if (data.takeOver) {
    event.waitUntil(scope.skipWaiting());
  } else if (data.forget) {
    declined = true;
  } else if (data.ask) {
    const none = () => ({ fault: "blocked" });
    event.waitUntil(state().catch(none).then((answered) => ports[0].postMessage(answered)));
  } else if (data.keep) {
    event.waitUntil(keep(data.keep).then((answered) => ports[0].postMessage(answered)));
  }
});
