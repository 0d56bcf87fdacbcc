/** How good the reader's line is, from what this page's own files took. */

const LARGE = 30_000; // bytes: smaller files say how long the way is, not how wide

/** @returns {import("./snapshot.js").Line} whether to spare it, and Mbit/s; 0 if nothing large came over it */
export function line() {
  const { saveData = false, downlink = Infinity } = /** @type {any} */ (navigator).connection ?? {};
  let bits = 0;
  let milliseconds = 0;
  for (const entry of /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"))) {
    if (entry.transferSize < LARGE) continue;
    bits += 8 * entry.transferSize;
    milliseconds += entry.responseEnd - entry.responseStart;
  }
  const rate = milliseconds ? bits / milliseconds / 1000 : 0;
  return { saveData, rate: downlink < 10 ? Math.min(rate, downlink) : rate }; // browsers tell no more than 10
}
