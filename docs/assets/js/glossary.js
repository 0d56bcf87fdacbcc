/** The glossary's filters: by level, and by what is typed. Without them the page is the whole list. */

/** @typedef {import("./types.js").Page} Page */

const PARAMETER = "find";

/**
 * @param {HTMLElement} root the list
 * @param {Page} page
 */
export function filterGlossary(root, page) {
  const form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
  const field = /** @type {HTMLInputElement} */ (form.querySelector("input[type=search]"));
  const said = /** @type {HTMLOutputElement} */ (form.querySelector("output"));
  const none = /** @type {HTMLElement} */ (root.querySelector(".atlas-glossary__none"));
  const groups = /** @type {HTMLElement[]} */ ([...root.querySelectorAll(".atlas-glossary__letter")]);
  const terms = /** @type {HTMLElement[]} */ ([...root.querySelectorAll(".atlas-glossary__term")]);
  const texts = new Map(terms.map((term) => [term, plain(term.querySelector("p")?.textContent ?? "")]));

  const level = () => new FormData(form).get("glossary-level") ?? "";

  const show = () => {
    const words = plain(field.value).split(" ").filter(Boolean);
    const wanted = level();
    let count = 0;
    for (const term of terms) {
      const names = term.dataset.names ?? "";
      const named = words.every((word) => plain(names).includes(word));
      // One or two letters are in every definition; they ask for a name.
      const fits = named || (words.join("").length > 2 && words.every((word) => texts.get(term)?.includes(word)));
      term.hidden = !fits || (wanted !== "" && term.dataset.level !== wanted);
      term.toggleAttribute("data-named", named && words.length > 0);
      if (!term.hidden) count += 1;
    }
    for (const group of groups) {
      const open = [...group.children].some((child) => child.matches(".atlas-glossary__term") && !(/** @type {HTMLElement} */ (child).hidden));
      group.hidden = !open;
      const letter = root.querySelector(`.atlas-glossary__letters a[href="#${group.querySelector("h2")?.id}"]`);
      letter?.toggleAttribute("data-empty", !open);
    }
    none.hidden = count > 0;
    said.textContent = count === terms.length ? `${count} terms` : `${count} of ${terms.length} terms`;
  };

  /** An address that names a term shows it, whatever the filters. */
  const reveal = () => {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch {
      // an address that was damaged on its way names no term
    }
    const target = id && root.querySelector(`.atlas-glossary__term[hidden]#${CSS.escape(id)}`);
    if (!target) return;
    form.reset();
    show();
    target.scrollIntoView();
  };

  const { signal } = page;
  form.addEventListener("input", show, { signal });
  form.addEventListener("submit", (event) => event.preventDefault(), { signal });
  field.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Escape" && field.value) {
        field.value = "";
        show();
        event.stopPropagation();
      }
    },
    { signal },
  );
  addEventListener("hashchange", reveal, { signal });
  root.addEventListener("click", () => queueMicrotask(reveal), { signal });
  const asked = new URL(location.href).searchParams.get(PARAMETER);
  if (asked) field.value = asked;
  form.hidden = false;
  show();
  reveal();
}

/** @param {string} text @returns {string} small letters, without accents and punctuation */
function plain(text) {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[\s\-–·,.;:()[\]]+/g, " ")
    .trim();
}
