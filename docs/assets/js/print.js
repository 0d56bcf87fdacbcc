/**
 * The page on paper: every figure drawn, every answer open, in light colours, no plot wider than the column.
 *
 * A browser does not wait before it prints. The Print button and Ctrl+P draw what is missing first; a page printed in
 * another way says under its caption that a figure was not drawn (print.css).
 */

/** The width of the printed column: 17 cm in CSS pixels. */
const COLUMN = 642;
/** Longer than this nobody waits for a figure before printing, in milliseconds. */
const PATIENCE = 15_000;

/** @type {Set<() => Promise<unknown>>} */
const drawings = new Set();

/**
 * Calls `draw` before the page is printed and waits for it.
 * @param {() => Promise<unknown>} draw
 * @param {AbortSignal} signal
 */
export function onPrinting(draw, signal) {
  drawings.add(draw);
  signal.addEventListener("abort", () => drawings.delete(draw));
}

/** Draws all figures of the page, however far from the reader's eye. @returns {Promise<void>} */
export async function drawEverything() {
  const drawn = Promise.allSettled([...drawings].map((draw) => draw()));
  await Promise.race([drawn, new Promise((done) => setTimeout(done, PATIENCE))]);
}

/** Listens for the whole visit. */
export function preparePrinting() {
  let waiting = false;
  const printPage = async () => {
    if (waiting) return;
    waiting = true;
    await drawEverything();
    waiting = false;
    print();
  };
  addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-action=print]")) printPage();
  });
  addEventListener("keydown", (event) => {
    const asked = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === "p";
    if (!asked || event.defaultPrevented || !drawings.size) return;
    event.preventDefault();
    printPage();
  });
  let undress = () => {};
  addEventListener("beforeprint", () => {
    undress();
    undress = dress();
  });
  addEventListener("afterprint", () => {
    undress();
    undress = () => {};
  });
}

/** @returns {() => void} call to give the page its screen look back */
function dress() {
  const scheme = document.body.dataset.mdColorScheme;
  document.body.dataset.mdColorScheme = "default";
  const closed = /** @type {HTMLDetailsElement[]} */ ([...document.querySelectorAll("article details:not([open])")]);
  for (const details of closed) details.open = true;
  const plots = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("article .js-plotly-plot")]);
  const sizes = plots.map((plot) => ({ width: plot.clientWidth || COLUMN, height: plot.clientHeight }));
  plots.forEach((plot, index) => {
    const zoom = Math.min(1, COLUMN / sizes[index].width);
    plot.style.setProperty("--print-zoom", String(zoom));
    plot.style.setProperty("--figure-width", `${sizes[index].width}px`);
    plot.style.setProperty("--figure-height", `${sizes[index].height}px`);
  });
  return () => {
    if (scheme) document.body.dataset.mdColorScheme = scheme;
    for (const details of closed) details.open = false;
    for (const plot of plots) {
      plot.style.removeProperty("--print-zoom");
      plot.style.removeProperty("--figure-width");
      plot.style.removeProperty("--figure-height");
    }
  };
}
