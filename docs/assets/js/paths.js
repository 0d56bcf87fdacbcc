/** Addresses of the site's own files, relative to this script, so that the site works from any folder. */

export const ASSETS = new URL("../", import.meta.url);
export const GENERATED = new URL("generated/", ASSETS);

/** @param {string} id `slug/name` @param {"json" | "states.json"} ending @returns {URL} */
export function figureAddress(id, ending = "json") {
  return new URL(`figures/${id}.${ending}`, GENERATED);
}

/** @param {string} id `slug/name` @param {string} [state] key of a state; without one, what the view is @returns {URL} */
export function viewAddress(id, state) {
  return new URL(`views/${id}${state === undefined ? "" : `.${state}`}.json`, GENERATED);
}

/**
 * A JSON file of the site.
 * @param {URL} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {Error} in plain words, when the file cannot be had
 */
export async function fetchJson(address, signal) {
  let response;
  try {
    response = await fetch(address, { signal });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Error("The figure's data could not be fetched: the connection failed.", { cause });
  }
  if (response.status === 404) fileMissing();
  if (!response.ok) throw new Error(`The figure's data could not be fetched: the server answered ${response.status}.`);
  return response.json();
}

/** One of the site's own files could not be had: perhaps the host has a new release, and then the reader is told. */
export function fileMissing() {
  import("./offline.js").then(({ askForRelease }) => askForRelease()).catch(() => {}); // offline, perhaps
}

/**
 * Calls `load` once and remembers the answer; a failure is forgotten, so that trying again tries again.
 * @template T
 * @param {() => Promise<T>} load
 * @returns {() => Promise<T>}
 */
export function once(load) {
  /** @type {Promise<T> | null} */
  let pending = null;
  return () => {
    pending ??= load().catch((error) => {
      pending = null;
      fileMissing();
      throw error;
    });
    return pending;
  };
}
