/** Chips that filter a list: within a group any pressed chip will do, and every group with one has to agree. */

import { makeButton } from "./dom.js";

/** @typedef {HTMLElement | SVGElement} Item what is filtered; its data attributes say what it is */

/**
 * @param {HTMLElement} root holds the chips and the line that says how many are shown
 * @param {Item[]} items
 * @param {(item: Item, shown: boolean) => void} show
 * @param {AbortSignal} signal
 * @param {{ address?: boolean }} [options] `address` keeps what is pressed in the page's address
 */
export function mountChips(root, items, show, signal, options = {}) {
  const chips = /** @type {HTMLButtonElement[]} */ ([...root.querySelectorAll("button[data-filter]")]);
  const said = /** @type {HTMLElement} */ (root.querySelector("[data-shown]"));
  const groups = [...new Set(chips.map(kindOf))];
  const all = makeButton("Show all", () => {
    for (const chip of chips) press(chip, false);
    chips[0]?.focus();
    apply();
  });
  said.after(" ", all);
  signal.addEventListener("abort", () => all.remove());

  /** @param {string} kind */
  const pressed = (kind) => chips.filter((chip) => kindOf(chip) === kind && isPressed(chip)).map(valueOf);

  /** @param {Item} item @param {string} [except] a group that is not asked */
  const fits = (item, except) =>
    groups.every((kind) => {
      const wanted = kind === except ? [] : pressed(kind);
      return !wanted.length || wanted.includes(item.dataset[kind] ?? "");
    });

  const apply = () => {
    let shown = 0;
    for (const item of items) {
      const fit = fits(item);
      shown += Number(fit);
      show(item, fit);
    }
    for (const chip of chips) {
      const number = items.filter((item) => item.dataset[kindOf(chip)] === valueOf(chip) && fits(item, kindOf(chip))).length;
      const count = chip.querySelector("span");
      if (count) count.textContent = String(number);
      chip.classList.toggle("is-empty", number === 0);
    }
    said.textContent = `${shown} of ${items.length} shown`;
    all.hidden = !chips.some(isPressed);
    if (options.address) keepInAddress(groups, pressed);
  };

  if (options.address) {
    const asked = new URLSearchParams(location.search);
    for (const chip of chips) press(chip, (asked.get(kindOf(chip)) ?? "").split(",").includes(valueOf(chip)));
  }
  for (const chip of chips) {
    chip.addEventListener(
      "click",
      () => {
        press(chip, !isPressed(chip));
        apply();
      },
      { signal },
    );
  }
  apply();
}

/** @param {string[]} groups @param {(kind: string) => string[]} pressed */
function keepInAddress(groups, pressed) {
  const address = new URL(location.href);
  for (const kind of groups) {
    const values = pressed(kind);
    if (values.length) address.searchParams.set(kind, values.join(","));
    else address.searchParams.delete(kind);
  }
  address.search = address.search.replaceAll("%2C", ",");
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

/** @param {HTMLButtonElement} chip */
const kindOf = (chip) => chip.dataset.filter ?? "";
/** @param {HTMLButtonElement} chip */
const valueOf = (chip) => chip.dataset.value ?? "";
/** @param {HTMLButtonElement} chip */
const isPressed = (chip) => chip.getAttribute("aria-pressed") === "true";
/** @param {HTMLButtonElement} chip @param {boolean} on */
const press = (chip, on) => chip.setAttribute("aria-pressed", String(on));
