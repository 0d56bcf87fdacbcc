/**
 * The one place that knows the theme. Material announces every page, the first and those reached by instant
 * navigation, on `document$`; under another theme (or none) a page is what `DOMContentLoaded` says.
 */

import { make } from "./dom.js";

/** @typedef {import("./types.js").Page} Page */

/**
 * Calls `mount` for every page the reader opens and aborts that page's signal when the reader leaves it.
 * @param {(page: Page) => void} mount
 */
export function onEveryPage(mount) {
  /** @type {AbortController | null} */
  let current = null;
  const scripts = release();
  const open = () => {
    if (release() !== scripts) return location.reload(); // swapped in, of another release than these scripts
    current?.abort();
    current = new AbortController();
    mount({ root: pageRoot(), data: pageData(), signal: current.signal });
  };
  const announcements = /** @type {any} */ (globalThis).document$;
  if (typeof announcements?.subscribe === "function") announcements.subscribe(open);
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", open, { once: true });
  else open();
}

/** @returns {string | undefined} which release the page is of */
const release = () => document.querySelector("meta[name=atlas-release]")?.getAttribute("content") ?? undefined;

/** @returns {HTMLElement} */
function pageRoot() {
  return document.querySelector("article") ?? document.querySelector("main") ?? document.body;
}

/** @returns {import("./types.js").PageData | null} */
function pageData() {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("atlas-page"));
  return template ? JSON.parse(template.content.textContent || "null") : null;
}

/** @returns {"light" | "dark"} the palette the reader chose */
export function colourMode() {
  return document.body.dataset.mdColorScheme === "slate" ? "dark" : "light";
}

/**
 * Calls `changed` when the reader switches between light and dark.
 * @param {() => void} changed
 * @param {AbortSignal} signal
 */
export function onColourMode(changed, signal) {
  let mode = colourMode();
  const observer = new MutationObserver(() => {
    if (colourMode() === mode) return;
    mode = colourMode();
    changed();
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** Gives names to the parts of the theme that have none, and makes buttons of its labels that only a pointer could press. */
export function nameThemeParts() {
  for (const [toggle, name] of [["__drawer", "Contents"], ["__search", "Search"]]) {
    const label = document.querySelector(`label.md-header__button[for=${toggle}]`);
    if (!label) continue;
    const button = make("button", { type: "button", class: label.className, for: toggle, "aria-label": name });
    button.append(...label.childNodes);
    button.addEventListener("click", () => document.getElementById(toggle)?.click());
    label.replaceWith(button); // the theme's styles find it by `for`
  }
  document.querySelector("[data-md-component=search][role=dialog]")?.setAttribute("aria-label", "Search");
  document.querySelector("[data-md-component=progress]")?.setAttribute("aria-hidden", "true");
  for (const nav of document.querySelectorAll(".md-nav[aria-labelledby]")) {
    // a section with a page of its own is labelled by an icon, so that two sections would have the same name
    nav.setAttribute("aria-label", nav.querySelector(":scope > .md-nav__title")?.textContent?.trim() ?? "");
    nav.removeAttribute("aria-labelledby");
  }
}

/**
 * On a small screen the theme holds the page still while the search is open, and still for a moment when the reader has
 * tabbed on from it: what has the focus then comes into sight once the page moves again.
 */
export function showFocusAfterSearch() {
  const observer = new MutationObserver(() => {
    const { activeElement: focused, body } = document;
    if (!body.hasAttribute("data-md-scrolllock") && focused?.closest("main")) focused.scrollIntoView({ block: "center" });
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-md-scrolllock"] });
}

/** Opens the search and puts the caret in it. */
export function openSearch() {
  const toggle = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-md-toggle=search]"));
  if (toggle && !toggle.checked) toggle.click();
  const query = /** @type {HTMLInputElement | null} */ (
    document.querySelector("[data-md-component=search-query]") ?? document.querySelector("input[type=search]")
  );
  query?.focus();
}

/** Closes the search and, on a narrow screen, the navigation drawer. @returns {boolean} whether one was open */
export function closeOverlays() {
  const open = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-md-toggle]:checked"));
  for (const toggle of open) toggle.click();
  return open.length > 0;
}

/** @param {"next" | "previous"} direction @returns {HTMLAnchorElement | null} link to the neighbouring page */
export function neighbour(direction) {
  const footer = direction === "next" ? ".md-footer__link--next" : ".md-footer__link--prev";
  const relation = direction === "next" ? "a[rel=next]" : "a[rel=prev]";
  return document.querySelector(`a${footer}`) ?? document.querySelector(relation);
}

/** @returns {number} height in pixels of the site's header, which stays on top of the page while it scrolls */
export function headerHeight() {
  return document.querySelector("[data-md-component=header]")?.getBoundingClientRect().height ?? 0;
}

/** @returns {number} the same with what a page keeps below the header */
export function stickyHeight() {
  const bars = [...document.querySelectorAll("[data-sticky]")];
  const stay = bars.filter((bar) => getComputedStyle(bar).position === "sticky");
  return stay.reduce((height, bar) => height + bar.getBoundingClientRect().height, headerHeight());
}
