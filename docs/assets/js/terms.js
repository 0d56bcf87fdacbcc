/**
 * A card with the definition when the reader points at a term, tabs to it, or taps it. The term is a link to the
 * glossary; the card only saves the way there.
 */

import { make } from "./dom.js";
import { stickyHeight } from "./lifecycle.js";
import { GENERATED, fetchJson, once } from "./paths.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {{ term: string, level: string, definition: string }} Definition */

const WAIT = 140; // milliseconds of pointing before the card appears: crossing a line of text shows nothing
const LINGER = 220; // … and after leaving, long enough to move onto the card
const EDGE = 8;
const GAP = 5;
const CARD = "atlas-term-card";

/** @type {() => Promise<Record<string, Definition>>} */
const definitions = once(() => fetchJson(new URL("glossary.json", GENERATED)));

/** @param {Page} page */
export function showTerms(page) {
  const { root, signal } = page;
  /** @type {HTMLElement | null} */
  let card = null;
  /** @type {HTMLAnchorElement | null} */
  let shown = null;
  let timer = 0;
  let asked = 0;
  let touched = false;

  const close = () => {
    clearTimeout(timer);
    asked += 1;
    shown?.removeAttribute("aria-describedby");
    shown = null;
    card?.remove();
    card = null;
  };

  /** @param {HTMLAnchorElement} link */
  const open = async (link) => {
    clearTimeout(timer);
    if (shown === link) return;
    close();
    const request = asked;
    let definition;
    try {
      definition = (await definitions())[link.dataset.term ?? ""];
    } catch {
      return; // the link still leads to the entry
    }
    if (!definition || request !== asked || signal.aborted || !link.isConnected) return;
    shown = link;
    card = make(
      "div",
      { class: CARD, id: CARD, role: "note" },
      make("p", { class: `${CARD}__head` }, make("b", {}, definition.term), " ", make("span", { class: "atlas-tag" }, definition.level)),
      make("p", {}, definition.definition),
      // The same target as the term itself, so the keyboard need not stop here a second time.
      make("p", { class: `${CARD}__more` }, make("a", { href: link.getAttribute("href"), tabindex: -1 }, "In the glossary")),
    );
    link.setAttribute("aria-describedby", CARD);
    root.append(card);
    place(card, link);
  };

  /** @param {() => void} work @param {number} delay */
  const later = (work, delay) => {
    clearTimeout(timer);
    timer = setTimeout(work, delay);
  };

  /** @param {EventTarget | null} target */
  const termOf = (target) => (target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (target.closest("a.atlas-term")) : null);
  /** @param {EventTarget | null} target */
  const inCard = (target) => target instanceof Node && card !== null && card.contains(target);

  const on = /** @type {typeof root.addEventListener} */ (
    (/** @type {string} */ name, /** @type {EventListener} */ work) => root.addEventListener(name, work, { signal })
  );
  on("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = termOf(event.target);
    if (link) later(() => open(link), shown ? WAIT * 2 : WAIT);
    else if (inCard(event.target)) clearTimeout(timer);
    else if (shown) later(close, LINGER);
    else clearTimeout(timer);
  });
  on("pointerleave", () => (shown && document.activeElement !== shown ? later(close, LINGER) : clearTimeout(timer)));
  on("pointerdown", (event) => {
    touched = event.pointerType === "touch";
  });
  on("focusin", (event) => {
    const link = termOf(event.target);
    if (link && link.matches(":focus-visible")) open(link);
  });
  on("focusout", (event) => {
    const link = termOf(event.target);
    // also a card whose text is still on its way: it would lie over what has the focus by then
    if (link && (link === shown || !shown) && !inCard(event.relatedTarget)) later(close, LINGER);
  });
  // In the capture phase, before the theme follows the link.
  root.addEventListener(
    "click",
    (event) => {
      const link = termOf(event.target);
      if (!link || !touched || shown === link) return;
      event.preventDefault();
      event.stopPropagation();
      open(link);
    },
    { signal, capture: true },
  );
  addEventListener(
    "pointerdown",
    (event) => {
      if (shown && !inCard(event.target) && termOf(event.target) !== shown) close();
    },
    { signal },
  );
  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !shown) return;
      close();
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { signal, capture: true },
  );
  addEventListener("resize", () => card && shown && place(card, shown), { signal });
  signal.addEventListener("abort", close);
}

/**
 * Puts the card below the term or, if there is more room, above it; never over it, never beyond the window.
 * @param {HTMLElement} card
 * @param {HTMLElement} link
 */
function place(card, link) {
  const word = link.getBoundingClientRect();
  const parent = card.offsetParent ?? document.documentElement;
  const origin = parent.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  card.style.maxHeight = "";
  card.style.left = "0";
  card.style.top = "0";
  const size = card.getBoundingClientRect();
  const above = word.top - stickyHeight() - GAP - EDGE;
  const below = innerHeight - word.bottom - GAP - EDGE;
  const under = size.height <= below || below >= above;
  const room = Math.max(under ? below : above, 3 * GAP);
  const height = Math.min(size.height, room);
  if (height < size.height) {
    card.style.maxHeight = `${height}px`;
    card.tabIndex = 0;
  }
  const line = link.getClientRects()[under ? link.getClientRects().length - 1 : 0] ?? word;
  const left = Math.min(Math.max(line.left, EDGE), width - size.width - EDGE);
  const top = under ? word.bottom + GAP : word.top - GAP - height;
  card.style.left = `${left - origin.left - parent.clientLeft}px`;
  card.style.top = `${top - origin.top - parent.clientTop}px`;
}
