/** What scrolls sideways inside the page can be reached and scrolled from the keyboard. */

const SELECTOR = ".katex-display, .atlas-table, .atlas-diagram__canvas, .highlight > pre";

/** @param {import("./types.js").Page} page */
export function makeScrollable(page) {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const element = /** @type {HTMLElement} */ (target);
      if (element.closest(".atlas-cell")) continue;
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
    }
  });
  for (const element of page.root.querySelectorAll(SELECTOR)) observer.observe(element);
  page.signal.addEventListener("abort", () => observer.disconnect());
}
