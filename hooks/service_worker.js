/**
 * Keeps what the reader has opened, so that it is there without a connection. hooks/offline.py puts the list of one
 * release's files before this text and writes it to the site's start as `sw.js`.
 *
 * A page and its files are always of one release. Whatever comes from the host is compared with the list before it is
 * given to a page or kept. A host that has moved on gives its new pages to “guests”, who are left alone; pages that an
 * earlier worker opened are “strangers” to the one that follows, which refuses them, and they load again.
 *
 * In:  `{ hello: release, opened, scheme }`, `{ takeOver: release }`, `{ forget }`, and, with a port for the answer, `{ ask }`, `{ keep: path }`.
 * Out: `{ refused: release }` after a stranger's hello, `{ waiting: release }`, `{ superseded }`.
 */

/** @typedef {{ id: string, files: Record<string, [number, string]>, aside: string[] }} Release */

const scope = /** @type {any} */ (self);
const RELEASE = /** @type {Release} */ (scope.RELEASE);
const START = new URL(scope.registration.scope);
const PREFIX = `atlas ${START.pathname} `;
const CACHE = PREFIX + RELEASE.id;
const ASIDE = new Set(RELEASE.aside);
/** The interpreter as it is: the browser's own cache also keeps what it made of it. */
const PLAIN = /\.wasm$/;
/** Files whose name holds a hash of their content: a host has the right one or none. */
const NAMED_BY_CONTENT = /\.[0-9a-f]{8,}\./;
/** Longer than this nobody waits for a page that is kept, in milliseconds. */
const PATIENCE = 4000;
const OWN = ["sw.js", "release.json"];
const NOTES = "~notes";
const LIST = "~files";

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

/** @param {string} path @returns {Promise<Response | undefined>} what is kept of this release */
async function kept(path) {
  try {
    return await caches.match(addressOf(path), { cacheName: CACHE, ignoreVary: true });
  } catch {
    return undefined; // the browser keeps nothing
  }
}

/**
 * @typedef {object} Notes which clients are not of this release; kept, because the browser ends an idle worker
 * @property {Set<string>} guests
 * @property {Set<string>} strangers
 * @property {string} scheme the colours the reader last saw, for the one page that is made here
 */
/** @type {Promise<Notes> | null} */
let reading = null;

/** @returns {Promise<Notes>} */
function notes() {
  reading ??= (async () => {
    const text = await (await kept(NOTES))?.text();
    const { guests = [], strangers = [], scheme = "" } = text ? JSON.parse(text) : {};
    return { guests: new Set(guests), strangers: new Set(strangers), scheme };
  })();
  return reading;
}

async function writeNotes() {
  const { guests, strangers, scheme } = await notes();
  const text = JSON.stringify({ guests: [...guests], strangers: [...strangers], scheme });
  await put(NOTES, new Response(text));
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

/** @returns {Promise<string | null>} the release that the host has now */
async function hostRelease() {
  try {
    const answer = await fetch(new URL("release.json", START), { cache: "no-store" });
    return answer.ok ? (await answer.json()).release : "none";
  } catch {
    return null;
  }
}

/**
 * An answer of the host's and whether it belongs to this release. What the browser has kept of an earlier release is
 * asked for again.
 * @param {Request} request
 * @param {string} path
 * @returns {Promise<{ response: Response, ours: boolean }>}
 */
async function ask(request, path) {
  let response = await fetch(request);
  if (!response.ok || response.type === "opaqueredirect" || response.redirected) return { response, ours: true };
  if ((await take(path, response.clone())).ours) return { response, ours: true };
  response = await fetch(request.url, { cache: "reload", credentials: "same-origin" });
  if (!response.ok) return { response, ours: true };
  const { ours } = await take(path, response.clone());
  // A host may change files on their way, always in the same manner: then nothing is kept, and nothing is refused.
  return { response, ours: ours || (await hostRelease()) === RELEASE.id };
}

/** @param {any} event @param {string} path @returns {Promise<Response>} a page that the reader goes to */
async function openPage(event, path) {
  const mine = path in RELEASE.files;
  const copy = mine ? await kept(path) : undefined;
  const asked = mine ? ask(event.request, path) : fetch(event.request).then((response) => ({ response, ours: !response.ok }));
  const late = copy && new Promise((resolve) => setTimeout(resolve, PATIENCE, null));
  try {
    const found = await (late ? Promise.race([asked, late]) : asked);
    if (!found) {
      asked.catch(() => {});
      return /** @type {Response} */ (copy);
    }
    if (copy && found.response.status >= 500) return copy;
    if (!found.ours && found.response.type !== "opaqueredirect") await welcomeGuest(event.resultingClientId);
    return found.response;
  } catch {
    if (copy) return copy;
    if (!path.endsWith("/index.html") && `${path}/index.html` in RELEASE.files) return Response.redirect(`${event.request.url}/`);
    return notKept();
  }
}

/** @param {string} id a client whose page came from a later release */
async function welcomeGuest(id) {
  const { guests } = await notes();
  if (id) guests.add(id);
  await writeNotes();
  scope.registration.update().catch(() => {});
}

/**
 * A page that is still loading is in no list of clients: the worker about to take over reads here that it is not its own.
 * @param {string} id
 */
async function noteOwn(id) {
  const { guests, strangers } = await notes();
  if (!id || guests.has(id)) return;
  strangers.add(id);
  await writeNotes();
  strangers.delete(id);
}

/** @param {any} event @param {string} path @returns {Promise<Response>} a file that a page of this release needs */
async function file(event, path) {
  const { request } = event;
  const page = path.endsWith(".html");
  const afresh = ["reload", "no-cache", "no-store"].includes(request.cache) || request.headers.get("cache-control") === "no-cache";
  const first = !page && !afresh && !PLAIN.test(path) ? await kept(path) : undefined;
  if (first) return first;
  try {
    if (NAMED_BY_CONTENT.test(path)) return await streamed(event, path);
    const { response, ours } = await ask(request, path);
    return ours ? response : await superseded();
  } catch {
    return (await kept(path)) ?? Response.error();
  }
}

/** @param {any} event @param {string} path @returns {Promise<Response>} at once, and kept when it has arrived */
async function streamed(event, path) {
  const response = await fetch(event.request);
  // The plain interpreter is used only where the host compresses it; elsewhere the page gives it up at once.
  const wanted = !PLAIN.test(path) || response.headers.has("content-encoding");
  if (response.ok && wanted) event.waitUntil(take(path, response.clone()).catch(() => {}));
  return response;
}

/** Tells the pages of this release that the host has another. @returns {Promise<Response>} */
async function superseded() {
  scope.registration.update().catch(() => {});
  for (const client of await scope.clients.matchAll()) client.postMessage({ superseded: true });
  return Response.error();
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
  const style = new URL("assets/css/not-found.css", START);
  const { scheme } = await notes();
  const body = `<!doctype html><html lang="en" data-md-color-scheme="${scheme === "slate" ? "slate" : "default"}"><head><meta charset="utf-8"><title>No connection</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="stylesheet" href="${style}"></head>
<body><main><h1>This page is not on your device</h1>
<p>There is no connection, and you have not opened this page before. These are kept:</p><ul>${links.join("")}</ul>
</main></body></html>`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'; style-src 'self'; font-src 'self'" };
  return new Response(body, { status: 503, headers });
}

/** @param {any} event @param {string} path @returns {Promise<Response>} */
async function answer(event, path) {
  if (event.request.mode === "navigate") {
    const response = await openPage(event, path);
    const { installing, waiting } = scope.registration;
    if (installing || waiting) await noteOwn(event.resultingClientId);
    return response;
  }
  const { guests, strangers } = await notes();
  if (guests.has(event.clientId)) {
    if (event.resultingClientId) guests.add(event.resultingClientId); // a worker of the guest's
    // The browser may still have files of this release under the same addresses.
    return fetch(event.request, NAMED_BY_CONTENT.test(path) ? {} : { cache: "no-cache" });
  }
  if (strangers.has(event.clientId)) return Response.error();
  return path in RELEASE.files ? file(event, path) : fetch(event.request);
}

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (path === null || request.method !== "GET" || request.headers.has("range")) return;
  event.respondWith(answer(event, path));
});

/** @returns {Promise<string[]>} names of the caches of this site's other releases */
async function others() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
}

/** For the release that comes next. */
async function writeList() {
  if (!(await kept(LIST))) await put(LIST, new Response(JSON.stringify(RELEASE.files)));
}

/** Takes over the files that an earlier release has kept and this one shares. */
async function inherit() {
  for (const name of await others()) {
    const cache = await caches.open(name);
    const list = await (await cache.match(addressOf(LIST)))?.json();
    const has = new Set((await cache.keys()).map((request) => request.url));
    for (const [path, [, digest]] of Object.entries(RELEASE.files)) {
      if (list?.[path]?.[1] !== digest || !has.has(addressOf(path))) continue;
      const copy = await cache.match(addressOf(path), { ignoreVary: true });
      if (copy) await put(path, copy);
    }
  }
}

scope.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(inherit().catch(() => {}));
});

/** Clients that have said that they are of this release. @type {Set<string>} */
const friends = new Set();

async function takeOver() {
  const { guests, strangers } = await notes();
  const earlier = await others();
  for (const name of earlier) {
    const left = await (await (await caches.open(name)).match(addressOf(NOTES)))?.json();
    for (const id of left?.guests ?? []) if (!friends.has(id)) guests.add(id);
    for (const id of left?.strangers ?? []) if (!friends.has(id)) strangers.add(id);
  }
  if (earlier.length) {
    for (const { id } of await scope.clients.matchAll({ type: "all", includeUncontrolled: true })) {
      if (!friends.has(id) && !guests.has(id)) strangers.add(id);
    }
  }
  await writeNotes();
  await writeList();
  await Promise.all(earlier.map((name) => caches.delete(name)));
}

scope.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(takeOver().catch(() => {}));
});

/**
 * A page of this release is there: it is ours from now on, with what it has opened.
 * @param {any} client
 * @param {string[]} opened
 * @param {string} scheme
 */
async function befriend(client, opened, scheme) {
  friends.add(client.id);
  const noted = await notes();
  const { guests, strangers } = noted;
  const changed = [guests.delete(client.id), strangers.delete(client.id), noted.scheme !== scheme].includes(true);
  noted.scheme = scheme;
  const controlled = await scope.clients.matchAll({ type: "all" });
  if (!controlled.some((/** @type {any} */ one) => one.id === client.id)) {
    for (const { id } of await scope.clients.matchAll({ type: "all", includeUncontrolled: true })) {
      if (!friends.has(id) && !controlled.some((/** @type {any} */ one) => one.id === id)) guests.add(id);
    }
    await writeNotes();
    await scope.clients.claim();
  } else if (changed) await writeNotes();
  await writeList();
  for (const address of opened) {
    const path = pathOf(address);
    if (path && path in RELEASE.files && !ASIDE.has(path)) await keep(path);
  }
}

/** A page of another release is there, which is no guest: it has to load again. @param {any} client */
async function refuse(client) {
  const { guests, strangers } = await notes();
  if (guests.has(client.id)) return;
  strangers.add(client.id);
  await writeNotes();
  client.postMessage({ refused: RELEASE.id });
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
  const { data, source, ports } = event;
  if (data.hello !== undefined) {
    declined = false;
    if (data.hello === RELEASE.id) event.waitUntil(befriend(source, data.opened, data.scheme).catch(() => {}));
    else event.waitUntil(refuse(source));
  } else if (data.takeOver !== undefined) {
    if (data.takeOver === RELEASE.id) friends.add(source.id);
    if (data.takeOver === RELEASE.id || data.takeOver === "asked") event.waitUntil(scope.skipWaiting());
    else source.postMessage({ waiting: RELEASE.id });
  } else if (data.forget) {
    declined = true;
  } else if (data.ask) {
    const none = () => ({ fault: "blocked" });
    event.waitUntil(state().catch(none).then((answered) => ports[0].postMessage(answered)));
  } else if (data.keep) {
    event.waitUntil(keep(data.keep).then((answered) => ports[0].postMessage(answered)));
  }
});
