/** The timeline's filter; each year is named on the first of its rows that is shown. */

import { mountChips } from "./chips.js";

/** @param {import("./types.js").Page} page */
export function mountTimeline(page) {
  const root = /** @type {HTMLElement} */ (page.root.querySelector("[data-timeline]"));
  const rows = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("li[data-kind]")]);
  const nameYears = () => {
    let year = "";
    for (const row of rows) {
      if (row.hidden) continue;
      row.toggleAttribute("data-first", row.dataset.year !== year);
      year = row.dataset.year ?? "";
    }
  };
  const show = (/** @type {import("./chips.js").Item} */ row, /** @type {boolean} */ shown) => {
    /** @type {HTMLElement} */ (row).hidden = !shown;
    if (row === rows[rows.length - 1]) nameYears();
  };
  mountChips(root, rows, show, page.signal, { address: true });
}
