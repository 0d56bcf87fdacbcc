/**
 * What the reader has read, kept on this device only. A browser that keeps nothing (storage blocked or full) makes it
 * last until the page is closed, and breaks nothing.
 */

import { make } from "./dom.js";
import { ASSETS } from "./paths.js";

/**
 * @typedef {{ slug: string, title: string, address: string, section: string, heading: string }} Place
 * @typedef {{ read: Record<string, string>, last: Place | null }} Reading `read` holds the day each page was read
 */

const KEY = "atlas-reading";
const SITE = new URL("../", ASSETS);
/** @type {Reading} */
let reading = empty();
let kept = true;
let loaded = false;

/** @returns {Reading} */
function empty() {
  return { read: {}, last: null };
}

/** @returns {Reading} */
export function readReading() {
  if (!loaded) reading = stored() ?? reading;
  loaded = true;
  return reading;
}

/** @returns {boolean} whether the browser keeps it beyond this page */
export function isKept() {
  readReading();
  return kept;
}

/** @param {Reading} next */
export function writeReading(next) {
  reading = next;
  loaded = true;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
    kept = true;
  } catch {
    kept = false;
  }
}

export function forgetReading() {
  reading = empty();
  try {
    localStorage.removeItem(KEY);
  } catch {
    kept = false;
  }
}

/**
 * Calls `changed` when another tab of this browser has read on.
 * @param {() => void} changed
 * @param {AbortSignal} signal
 */
export function onReading(changed, signal) {
  addEventListener(
    "storage",
    (event) => {
      if (event.key !== KEY && event.key !== null) return;
      reading = stored() ?? empty();
      changed();
    },
    { signal },
  );
}

/** @returns {Reading | null} what the browser has kept, if it can be used */
function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (!found || typeof found !== "object") return null;
    const read = Object.entries(found.read ?? {}).filter(([, day]) => typeof day === "string");
    return { read: Object.fromEntries(read), last: usable(found.last) };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) kept = false;
    return null;
  }
}

/** @param {any} place @returns {Place | null} */
function usable(place) {
  const fields = ["slug", "title", "address", "section", "heading"];
  if (!place || !fields.every((field) => typeof place[field] === "string")) return null;
  return new URL(place.address, SITE).href.startsWith(SITE.href) ? place : null;
}

/** @param {Place} place @returns {string} */
export function addressOf(place) {
  return new URL(place.address + (place.section ? `#${encodeURIComponent(place.section)}` : ""), SITE).href;
}

/**
 * Remembers where the reader is on an architecture's or a lesson's page, and that it is read once its last section has
 * been reached.
 * @param {import("./types.js").Page} page
 */
export function watchReading(page) {
  const data = page.data;
  const headings = /** @type {HTMLElement[]} */ ([...page.root.querySelectorAll("h2[id]")]).filter(
    (heading) => !heading.id.startsWith("references"),
  );
  if (!data || !headings.length || page.signal.aborted) return;
  const address = location.pathname.slice(SITE.pathname.length).replace(/index\.html$/, "");
  const note = make("p", { class: "atlas-read", "data-search-exclude": "true" });
  headings[headings.length - 1].after(note);

  const tell = () => {
    const day = readReading().read[data.slug];
    note.textContent = day ? `Read. Remembered ${isKept() ? "on this device only" : "until you close this page"}.` : "";
  };
  const here = (/** @type {HTMLElement | null} */ heading) => {
    const now = readReading();
    const before = now.last?.slug === data.slug ? now.last : null;
    const section = heading?.id ?? before?.section ?? "";
    if (before && before.section === section) return;
    const named = heading ? headingText(heading) : (before?.heading ?? "");
    writeReading({ ...now, last: { slug: data.slug, title: data.title, address, section, heading: named } });
  };

  // The area reaches up without end: a heading stays in it once the reader has passed it, however fast.
  const place = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) passed[isIntersecting ? "add" : "delete"](target);
      const current = headings.findLast((heading) => passed.has(heading));
      if (current) here(current);
    },
    { rootMargin: "10000000px 0px -60% 0px" },
  );
  const passed = new Set();
  const end = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      end.disconnect();
      const now = readReading();
      if (!now.read[data.slug]) {
        const day = new Date().toISOString().slice(0, 10);
        writeReading({ ...now, read: { ...now.read, [data.slug]: day } });
      }
      tell();
    },
    { rootMargin: "10000000px 0px 0px 0px" },
  );
  here(null);
  tell();
  for (const heading of headings) place.observe(heading);
  end.observe(headings[headings.length - 1]);
  page.signal.addEventListener("abort", () => {
    place.disconnect();
    end.disconnect();
  });
}

/** @param {HTMLElement} heading */
function headingText(heading) {
  const copy = /** @type {HTMLElement} */ (heading.cloneNode(true));
  copy.querySelector(".headerlink")?.remove();
  return copy.textContent?.trim() ?? "";
}
