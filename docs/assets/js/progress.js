/** The first start of Python: a bar with the stage and the bytes, next to what the reader pressed. */

import { make } from "./dom.js";
import { python } from "./python.js";

/** @typedef {import("./types.js").ProgressDetail} ProgressDetail */

/** @type {ProgressDetail} what was last heard, so that a bar which opens late starts where things are */
let latest = { stage: "Starting Python", loaded: 0, total: 0 };

python.addEventListener("progress", (event) => {
  latest = /** @type {any} */ (event).detail ?? event;
});

/**
 * Shows the start of Python in `host` until it is ready, failed or `hide` is called.
 * @param {HTMLElement} host
 * @returns {() => void} hide
 */
export function showStart(host) {
  if (python.state === "ready") return () => {};
  const bar = make("progress", { "aria-label": "Starting Python" });
  // For the eye: it changes with every few bytes, and what stands here is read out.
  const words = make("span", { class: "atlas-start__words", "aria-hidden": true });
  const start = make("div", { class: "atlas-start" }, bar, words, make("span", { class: "atlas-unseen" }, "Starting Python"));
  const tell = () => {
    words.textContent = progressWords(latest);
    if (latest.total > 0) {
      bar.max = latest.total;
      bar.value = Math.min(latest.loaded, latest.total);
    } else {
      bar.removeAttribute("value");
    }
  };
  const listening = new AbortController();
  const hide = () => {
    listening.abort();
    start.remove();
  };
  python.addEventListener("progress", tell, { signal: listening.signal });
  python.addEventListener(
    "state",
    () => {
      if (python.state === "ready" || python.state === "failed") hide();
    },
    { signal: listening.signal },
  );
  tell();
  host.append(start);
  return hide;
}

/** @param {ProgressDetail} progress @returns {string} "Fetching Python · 3.2 of 6.9 MB" */
export function progressWords({ stage, loaded, total }) {
  const megabytes = /** @param {number} bytes */ (bytes) => (bytes / 1e6).toFixed(1);
  return total > 0 ? `${stage} · ${megabytes(Math.min(loaded, total))} of ${megabytes(total)} MB` : stage;
}
