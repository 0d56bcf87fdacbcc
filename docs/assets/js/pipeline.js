/** The bar that holds the sentence of a page: one field for all its figures, within reach while the page scrolls. */

import { make, makeButton, perFrame } from "./dom.js";
import { onIntent } from "./intent.js";
import { headerHeight, stickyHeight } from "./lifecycle.js";
import { python } from "./python.js";
import { onSharedText, sharedText, shareText } from "./shared.js";

/** How far below what stays on top a heading may stand and still count as reached, in pixels. */
const REACHED = 90;

/**
 * Fills the bar from the first shared field among the page's figures; the style sheet then hides those fields.
 * @param {HTMLElement} host
 * @param {import("./types.js").Page} page
 */
export function mountSentence(host, page) {
  const field = /** @type {HTMLInputElement | null} */ (page.root.querySelector("figure input[data-shared]"));
  if (!field) return;
  const { signal } = page;
  const name = field.dataset.shared ?? "";
  const input = make("input", {
    type: "text",
    id: "atlas-sentence",
    maxlength: field.maxLength,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
  });
  input.value = sharedText(name) ?? field.defaultValue;
  const back = makeButton("Start again", () => {
    input.value = field.defaultValue;
    changed();
    input.focus();
  });
  const tell = () => {
    back.hidden = input.value === field.defaultValue;
  };
  const changed = () => {
    tell();
    shareText(name, input.value, input);
  };
  tell();
  input.addEventListener("input", changed, { signal });
  onSharedText(
    name,
    (text) => {
      input.value = text;
      tell();
    },
    input,
    signal,
  );
  const form = make("form", { method: "dialog" }, make("label", { for: input.id }, "Your sentence"), input, back);
  form.addEventListener("submit", (event) => event.preventDefault(), { signal });
  onIntent(form, () => python.warm(), signal);
  host.replaceChildren(form);
  host.style.top = `${headerHeight()}px`;
  const headings = /** @type {HTMLElement[]} */ ([...page.root.querySelectorAll("h2")]);
  if (headings.length) host.append(stageList(headings, signal));
}

/**
 * Links to the stages, the one the reader is at marked.
 * @param {HTMLElement[]} headings of the page; those of stages have the class
 * @param {AbortSignal} signal
 */
function stageList(headings, signal) {
  const stages = headings.filter((heading) => heading.classList.contains("atlas-stage"));
  const links = stages.map((stage, index) => {
    const title = stage.firstChild?.textContent?.trim() ?? "";
    return make("a", { href: `#${stage.id}`, title, "aria-label": `Stage ${index + 1}: ${title}` }, String(index + 1));
  });
  const mark = () => {
    const line = stickyHeight() + REACHED;
    const at = headings.findLast((heading) => heading.getBoundingClientRect().top < line);
    links.forEach((link, index) => {
      if (stages[index] === at) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  };
  addEventListener("scroll", perFrame(mark), { passive: true, signal });
  mark();
  const items = links.map((link) => make("li", { class: "atlas-sentence__stage" }, link));
  return make("nav", { "aria-label": "Stages" }, make("ol", {}, ...items));
}
