/** Drawing with Plotly, which is fetched when the first figure nears the reader's eye. */

import { makeButton, wordsOf } from "./dom.js";
import { GENERATED, once } from "./paths.js";
import { dressed, loadTokens } from "./theme.js";

/** @typedef {import("./types.js").PlotFigure} PlotFigure */
/** @typedef {import("./types.js").PlotAxis} PlotAxis */

const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };

export const loadPlotly = once(async () => {
  const module = await import(new URL("js/plotly.js", GENERATED).href);
  adoptHeadStyles();
  return /** @type {import("./types.js").PlotlyLibrary} */ (
    module.default ?? module.Plotly ?? /** @type {any} */ (globalThis).Plotly
  );
});

/**
 * Instant navigation rewrites the document's head and would take Plotly's own style rules with it; adopted sheets
 * belong to the document itself.
 */
function adoptHeadStyles() {
  for (const style of document.querySelectorAll('style[id^="plotly.js-style"]')) {
    const rules = /** @type {HTMLStyleElement} */ (style).sheet?.cssRules ?? [];
    const sheet = new CSSStyleSheet();
    sheet.replaceSync([...rules].map((rule) => rule.cssText).join("\n"));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
}

/**
 * Shows `figure` in `element`, in the reader's theme.
 * @param {HTMLElement} element
 * @param {PlotFigure} figure
 * @param {{ mode: "light" | "dark", family: string | undefined }} look
 * @throws {Error} when Plotly cannot be fetched or refuses the figure
 */
export async function showPlot(element, figure, look) {
  const [Plotly, tokens] = await Promise.all([loadPlotly(), loadTokens()]);
  if (!element.isConnected) return;
  // Plotly knows the width of what it has drawn; asking the browser would lay out the page once more.
  const width = /** @type {any} */ (element)._fullLayout?.width ?? element.clientWidth;
  const { data, layout } = dressed(figure, tokens, { ...look, width });
  await Plotly.react(element, data, layout, CONFIG);
}

/** @param {HTMLElement} element */
export async function removePlot(element) {
  const Plotly = await loadPlotly();
  Plotly.purge(element);
}

/** @param {HTMLElement} element @returns {{ x: PlotAxis, y: PlotAxis } | null} axes of a drawn plot */
export function plotAxes(element) {
  const layout = /** @type {any} */ (element)._fullLayout;
  return layout?.xaxis && layout?.yaxis ? { x: layout.xaxis, y: layout.yaxis } : null;
}

/**
 * Calls `moved` whenever the plot's axes may have changed.
 * @param {HTMLElement} element
 * @param {() => void} moved
 */
export function onPlotDrawn(element, moved) {
  /** @type {any} */ (element).on?.("plotly_afterplot", moved);
}

/**
 * A button that shows what a figure shows as a table, whose script is fetched when it is asked for.
 * @param {HTMLElement} figure
 * @param {string} name "Figure 3"
 * @param {() => Promise<PlotFigure>} read the figure as it is drawn now
 * @param {AbortSignal} signal
 * @returns {() => void} call when the figure has been drawn again
 */
export function offerData(figure, name, read, signal) {
  /** @type {import("./data.js").DataPanel | undefined} */
  let panel;
  const button = makeButton(
    "Data",
    async () => {
      try {
        const { DataPanel } = await import("./data.js");
        panel ??= new DataPanel(figure, name, button, read, signal);
        await panel.toggle();
      } catch (cause) {
        button.textContent = `Data: ${wordsOf(cause)}`;
      }
    },
    "atlas-data-button",
  );
  button.setAttribute("aria-label", `Data of ${name}`);
  button.setAttribute("aria-expanded", "false");
  figure.querySelector("figcaption")?.append(button);
  return () => panel?.refresh();
}
