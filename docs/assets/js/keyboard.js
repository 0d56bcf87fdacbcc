/** Keyboard shortcuts and the overlay that lists them. Off while the reader types. */

import { calmMotion, make } from "./dom.js";
import { closeOverlays, neighbour, openSearch, stickyHeight } from "./lifecycle.js";

const SHORTCUTS = [
  [["/", "s"], "search"],
  [["n", "p"], "next and previous page"],
  [["j", "k"], "next and previous section"],
  [["r"], "run the focused cell"],
  [["Shift Enter"], "run the cell you are editing"],
  [["?"], "show or hide this list"],
  [["Esc"], "close; in the editor, leave it"],
];

/** What the theme does something with outside a field. */
const THEME_KEYS = ["f", "s", "/", "n", ".", "p", ","];

/** @type {HTMLDialogElement | null} */
let overlay = null;

/**
 * Listens for the whole visit.
 * @param {{ runFocused: () => boolean }} actions `runFocused` says whether there was a cell to run
 */
export function listenForShortcuts(actions) {
  /** @type {Record<string, () => boolean | void>} */
  const work = {
    "/": openSearch,
    s: openSearch,
    "?": toggleOverlay,
    n: () => neighbour("next")?.click(),
    p: () => neighbour("previous")?.click(),
    j: () => goToSection(1),
    k: () => goToSection(-1),
    r: actions.runFocused,
  };
  addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && !overlay?.open) {
        if (closeOverlays()) event.preventDefault();
        return;
      }
      const action = work[event.key];
      if (!action || isTyping(event) || (overlay?.open && event.key !== "?")) return;
      // The theme has shortcuts of its own; one key must not act twice.
      event.stopImmediatePropagation();
      if (action() !== false) event.preventDefault();
    },
    { capture: true },
  );
  // The theme listens on the window, takes Alt with a letter for the letter, and does not know that a drawing or an
  // open list has the keys.
  document.addEventListener("keydown", (event) => {
    if (!THEME_KEYS.includes(event.key)) return;
    if (event.altKey || overlay?.open || isTyping(event)) event.stopPropagation();
  });
  addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-action=shortcuts]")) toggleOverlay();
  });
}

/** @param {KeyboardEvent} event */
function isTyping(event) {
  const target = /** @type {HTMLElement | null} */ (event.composedPath()[0] ?? null);
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") return true;
  if (target.tagName === "INPUT") return !["checkbox", "radio", "range", "button"].includes(/** @type {HTMLInputElement} */ (target).type);
  return target.getAttribute("role") === "application";
}

function toggleOverlay() {
  if (overlay?.open) {
    overlay.close();
    return;
  }
  if (!overlay) {
    const list = make("dl", {});
    for (const [keys, what] of SHORTCUTS) {
      const names = /** @type {string[]} */ (keys).flatMap((key, index) => [index ? " or " : "", make("kbd", {}, key)]);
      list.append(make("div", {}, make("dt", {}, ...names), make("dd", {}, /** @type {string} */ (what))));
    }
    const close = make("button", { type: "submit", class: "atlas-button" }, "Close");
    const form = make("form", { method: "dialog" }, make("h2", { id: "atlas-shortcuts" }, "Keyboard"), list, close);
    overlay = make("dialog", { class: "atlas-shortcuts", "aria-labelledby": "atlas-shortcuts" }, form);
    overlay.addEventListener("click", (event) => {
      if (event.target === overlay) overlay?.close();
    });
    document.body.append(overlay);
  }
  overlay.showModal();
}

/** @param {1 | -1} direction */
function goToSection(direction) {
  const headings = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("article h2[id]")]);
  const top = stickyHeight() + 24;
  const places = headings.map((heading) => heading.getBoundingClientRect().top - top);
  const target =
    direction > 0
      ? headings.find((_, index) => places[index] > 4)
      : headings.findLast((_, index) => places[index] < -4);
  if (!target) {
    if (direction < 0) scrollTo({ top: 0, behavior: calmMotion() ? "auto" : "smooth" });
    return;
  }
  scrollBy({ top: target.getBoundingClientRect().top - top, behavior: calmMotion() ? "auto" : "smooth" });
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
}
