/**
 * What a reader's code in the worker does not get. It is the reader's own, but it may have come with a link: it has no
 * network, nothing of what the browser keeps, and no word with the page but through the session.
 */

const TAKEN = [
  ...["fetch", "fetchLater", "XMLHttpRequest", "WebSocket", "WebSocketStream", "WebTransport", "EventSource"],
  ...["FontFace", "fonts", "importScripts", "Worker", "SharedWorker", "BroadcastChannel", "Notification"],
  ...["caches", "indexedDB", "cookieStore", "storageBuckets", "webkitRequestFileSystem", "webkitRequestFileSystemSync"],
  ...["webkitResolveLocalFileSystemURL", "webkitResolveLocalFileSystemSyncURL", "crossOriginStorage"],
  ...["postMessage", "onmessage", "onmessageerror", "close"],
];
const MOST_MEMORY = 2 ** 30; // bytes
const RESERVE = 2 ** 23;
const PAGE = 2 ** 16; // bytes of a page of memory

/** Takes it all away, for good. The worker has kept what it needs. @param {any} scope */
export function seal(scope) {
  const { language, languages, userAgent, hardwareConcurrency } = scope.navigator;
  const harmless = Object.freeze({ language, languages, userAgent, hardwareConcurrency });
  for (let holder = scope; holder && holder !== Object.prototype; holder = Object.getPrototypeOf(holder)) {
    for (const name of TAKEN) {
      if (holder === scope || Object.hasOwn(holder, name)) Object.defineProperty(holder, name, { value: undefined });
    }
    if (holder === scope || Object.hasOwn(holder, "navigator")) Object.defineProperty(holder, "navigator", { value: harmless });
  }
}

/**
 * Python's memory grows to a size that leaves the tab alive; then Python is told that it is full. After that it may
 * have a little more: an error takes some to say where it is.
 * @param {any} env what Pyodide's JavaScript gives to its WebAssembly
 * @returns {() => void} to be called before each request: Python will be told anew
 */
export function limit(env) {
  const { memory, emscripten_resize_heap: resize } = env;
  const grow = memory.grow.bind(memory);
  let most = MOST_MEMORY;
  let needed = Infinity; // bytes; Emscripten asks for a twentieth more
  let told = false;
  memory.grow = (/** @type {number} */ pages) => {
    const size = memory.buffer.byteLength;
    const fits = size + pages * PAGE <= most;
    if (!fits && needed > most) throw new RangeError("the memory is full");
    return grow(fits ? pages : Math.ceil((needed - size) / PAGE));
  };
  env.emscripten_resize_heap = (/** @type {number} */ bytes) => {
    needed = bytes >>> 0;
    try {
      if (needed <= most) return resize(bytes);
      if (!told) most += RESERVE;
      told = true;
      return 0;
    } finally {
      needed = Infinity;
    }
  };
  return () => {
    told = false;
    most = Math.max(MOST_MEMORY, memory.buffer.byteLength);
  };
}

/** Makes a folder and all in it unwritable for Python. @param {any} FS @param {string} folder */
export function protect(FS, folder) {
  for (const name of FS.readdir(folder)) {
    if (name === "." || name === "..") continue;
    const path = `${folder}/${name}`;
    if (FS.isDir(FS.lstat(path).mode)) protect(FS, path);
    else FS.chmod(path, 0o444);
  }
  FS.chmod(folder, 0o555);
}
