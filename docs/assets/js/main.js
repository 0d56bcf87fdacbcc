/** Everything that runs in a page, put together. */

import { Cells } from "./cells.js";
import { Diagram } from "./diagram.js";
import { Figures } from "./figures.js";
import { onIntent } from "./intent.js";
import { listenForShortcuts } from "./keyboard.js";
import { nameThemeParts, onEveryPage, showFocusAfterSearch } from "./lifecycle.js";
import { fileMissing } from "./paths.js";
import { preparePrinting } from "./print.js";
import { python } from "./python.js";
import { makeScrollable } from "./scrolling.js";

/** @typedef {(page: import("./types.js").Page, element: HTMLElement, figures: Figures) => void} Mount */

/** Parts that only some pages have; their scripts are fetched where they are. @type {[string, Mount][]} */
const PARTS = [
  [".atlas-term", (page) => import("./terms.js").then(({ showTerms }) => showTerms(page))],
  ["[data-atlas-map]", (page) => import("./home.js").then(({ mountHome }) => mountHome(page))],
  ["[data-compare]", (page, _, figures) => import("./compare.js").then(({ mount }) => mount(page, figures))],
  ["[data-explorer]", (page) => import("./explorer.js").then(({ mountExplorer }) => mountExplorer(page))],
  ["[data-glossary]", (page, list) => import("./glossary.js").then(({ filterGlossary }) => filterGlossary(list, page))],
  [
    "[data-sentence]",
    (page, bar) => import("./pipeline.js").then(({ mountSentence }) => page.signal.aborted || mountSentence(bar, page)),
  ],
  ["[data-timeline]", (page) => import("./timeline.js").then(({ mountTimeline }) => mountTimeline(page))],
];

/** @type {Cells | null} */
let cells = null;

onEveryPage((page) => {
  if (page.data?.family) document.body.dataset.family = page.data.family;
  else delete document.body.dataset.family;
  const figures = new Figures(page);
  cells = new Cells(page, figures);
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (page.root.querySelectorAll("[data-diagram-figure]"))) {
    new Diagram(element, page.signal);
  }
  for (const view of figures.views.values()) {
    const form = /** @type {HTMLElement | null} */ (view.element.querySelector("form.atlas-controls"));
    if (form) onIntent(form, () => view.expect(), page.signal);
  }
  if (page.data?.slug && (figures.views.size || cells.cells.length)) python.expect(page.data.slug);
  for (const cell of cells.cells) onIntent(cell.element, () => python.warm(), page.signal);
  makeScrollable(page);
  for (const [selector, mount] of PARTS) {
    const element = /** @type {HTMLElement | null} */ (page.root.querySelector(selector));
    if (element) mount(page, element, figures);
  }
  if (page.data?.family) import("./reading.js").then(({ watchReading }) => watchReading(page));
});

python.addEventListener("state", () => python.state === "failed" && fileMissing());
nameThemeParts();
showFocusAfterSearch();
preparePrinting();
addEventListener("load", () => setTimeout(() => import("./offline.js").then(({ start }) => start())));
listenForShortcuts({
  runFocused: () => {
    const cell = cells?.containing(document.activeElement);
    cell?.run();
    return cell !== undefined;
  },
});

document.documentElement.dataset.python ??= python.state;
