/** The page for an address where nothing is: says what was asked for, and which pages have the most similar address. */

const NEAREST = 4;
/** Below this two addresses have too little in common. */
const ALIKE = 0.34;

const start = new URL("../../", import.meta.url);

/** @typedef {{ address: string, title: string }} Entry */

/** @param {string} text @returns {string[]} its words, in small letters */
const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** @param {string} word @returns {Set<string>} its pairs of letters, the ends of the word included */
function pairs(word) {
  const padded = ` ${word} `;
  return new Set(Array.from({ length: padded.length - 1 }, (_, index) => padded.slice(index, index + 2)));
}

/** @param {string} one @param {string} other @returns {number} from 0, nothing in common, to 1, equal */
function alike(one, other) {
  const [a, b] = [pairs(one), pairs(other)];
  const shared = [...a].filter((pair) => b.has(pair)).length;
  return (2 * shared) / (a.size + b.size);
}

/**
 * The pages whose address or title is most like what was asked for, the nearest first.
 * @param {string} asked a path relative to the site's start
 * @param {Entry[]} pages
 * @returns {Entry[]}
 */
export function nearest(asked, pages) {
  const parts = asked.split("/").filter((part) => part && !/^index(\.\w+)?$/.test(part));
  const last = (parts.at(-1) ?? "").replace(/\.\w+$/, "");
  const sought = words(last);
  if (!sought.length) return [];
  const score = (/** @type {Entry} */ { address, title }) => {
    const slug = address.split("/").filter(Boolean).at(-1) ?? "";
    const known = [...words(slug), ...words(title)];
    const each = sought.map((word) => Math.max(0, ...known.map((other) => alike(word, other))));
    const covered = each.reduce((sum, value) => sum + value, 0) / each.length;
    return Math.max(alike(last.toLowerCase(), slug), 0.95 * covered);
  };
  return pages
    .map((page) => ({ page, value: score(page) }))
    .filter(({ value }) => value >= ALIKE)
    .sort((a, b) => b.value - a.value)
    .slice(0, NEAREST)
    .map(({ page }) => page);
}

/** @param {string} path @returns {string} as a reader would type it */
function readable(path) {
  return path.replace(/(%[0-9a-f]{2})+/gi, (coded) => {
    try {
      return decodeURIComponent(coded);
    } catch {
      return coded; // bytes that are no text
    }
  });
}

function show() {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-address]"))) {
    const address = new URL(element.dataset.address ?? "", start).href;
    if (element instanceof HTMLFormElement) element.action = address;
    else element.setAttribute("href", address);
  }
  const here = location.pathname;
  const asked = readable(here.startsWith(start.pathname) ? here.slice(start.pathname.length) : here);
  if (!asked || asked === "404.html") return;
  const line = /** @type {HTMLElement} */ (document.querySelector("[data-asked]"));
  /** @type {HTMLElement} */ (line.querySelector("code")).textContent = asked;
  line.hidden = false;
  /** @type {HTMLInputElement} */ (document.getElementById("q")).value = words(asked.replace(/\.\w+$/, "")).at(-1) ?? "";
  const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll("nav [data-address]")]);
  const pages = links.map((link) => ({ address: link.dataset.address ?? "", title: link.textContent ?? "" }));
  const found = nearest(asked, pages);
  const section = /** @type {HTMLElement} */ (document.querySelector("[data-nearest]"));
  for (const { address, title } of found) {
    const link = document.createElement("a");
    link.href = new URL(address, start).href;
    link.textContent = title;
    const item = document.createElement("li");
    item.append(link);
    /** @type {HTMLElement} */ (section.querySelector("ul")).append(item);
  }
  section.hidden = !found.length;
}

// A copy of the site inside another's folder finds two scripts: the nearer speaks.
if (!document.documentElement.dataset.start) {
  document.documentElement.dataset.start = start.href;
  if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.dataset.mdColorScheme = "slate";
  show();
}
