/** Figures under a lesson's cells: what the build's run showed, and what the reader's run shows in its place. */

import { make, wordsOf } from "./dom.js";
import { colourMode, onColourMode } from "./lifecycle.js";
import { offerData, removePlot, showPlot } from "./plot.js";
import { onPrinting } from "./print.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").ShownFigure} ShownFigure */

/**
 * The element of a figure that a run returned.
 * @param {ShownFigure} shown
 */
export function shownElement({ figure, caption }) {
  const height = Number(figure.layout.height) || 320;
  return make(
    "figure",
    { class: "atlas-output__plot" },
    make("div", { class: "atlas-output__canvas", role: "img", "aria-label": caption, style: `height:${height}px` }),
    make("figcaption", {}, caption),
  );
}

/**
 * Draws a figure when it nears the reader's eye, again in the other palette, and takes it away with the page.
 * @param {HTMLElement} element
 * @param {ShownFigure} shown
 * @param {Page} page
 */
export function drawShown(element, shown, page) {
  const canvas = /** @type {HTMLElement} */ (element.querySelector(".atlas-output__canvas"));
  let drawn = false;
  offerData(element, shown.caption, async () => shown.figure, page.signal);
  const draw = async () => {
    try {
      await showPlot(canvas, shown.figure, { mode: colourMode(), family: page.data?.family });
      drawn = true;
    } catch (cause) {
      canvas.textContent = wordsOf(cause);
    }
  };
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    draw();
  }, { rootMargin: "600px 0px" });
  near.observe(canvas);
  onPrinting(async () => {
    near.disconnect();
    if (!drawn) await draw();
  }, page.signal);
  onColourMode(() => drawn && draw(), page.signal);
  page.signal.addEventListener("abort", () => {
    near.disconnect();
    if (drawn) removePlot(canvas);
  });
}
