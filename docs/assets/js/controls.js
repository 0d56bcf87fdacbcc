/**
 * The controls of a figure: text, slider, choice, toggle, drawing, point. Each reads its own piece of the form the
 * build wrote; together they are the figure's arguments.
 */

import { DrawingPad } from "./drawing.js";
import { onSharedText, sharedText, shareText } from "./shared.js";

/** @typedef {import("./types.js").ControlValue} ControlValue */
/** @typedef {import("./types.js").ControlValues} ControlValues */

/**
 * @typedef {object} Control
 * @property {string} name the parameter it sets
 * @property {() => ControlValue} value
 * @property {() => number | null} index position of the value among the listed ones; `null` where none are listed
 * @property {(value: ControlValue) => void} set shows a value; calls nobody
 */

/** @typedef {(element: HTMLElement, changed: () => void, signal: AbortSignal) => Control} ControlMaker */

/** @template {HTMLElement} T @param {HTMLElement} element @param {string} selector @returns {T} */
function part(element, selector) {
  const found = element.querySelector(selector);
  if (!found) throw new Error(`A ${element.dataset.control} control has no ${selector}.`);
  return /** @type {T} */ (found);
}

/** @type {ControlMaker} */
function textControl(element, changed, signal) {
  const input = /** @type {HTMLInputElement} */ (part(element, "input"));
  input.addEventListener("input", changed, { signal });
  return {
    name: input.name,
    value: () => input.value,
    index: () => null,
    set: (value) => {
      input.value = String(value);
    },
  };
}

/** @type {ControlMaker} */
function sliderControl(element, changed, signal) {
  const input = /** @type {HTMLInputElement} */ (part(element, "input"));
  const output = element.querySelector("output");
  const values = /** @type {number[]} */ (JSON.parse(input.dataset.values ?? "[]"));
  const unit = input.dataset.unit ?? "";
  const suffix = ["", "%", "°", "×"].includes(unit) ? unit : ` ${unit}`;
  const tell = () => {
    const said = `${values[Number(input.value)]}${suffix}`;
    if (output) output.textContent = said;
    input.setAttribute("aria-valuetext", said);
    const share = (Number(input.value) - Number(input.min)) / (Number(input.max) - Number(input.min) || 1);
    input.style.setProperty("--filled", `${share * 100}%`);
  };
  tell();
  input.addEventListener(
    "input",
    () => {
      tell();
      changed();
    },
    { signal },
  );
  return {
    name: input.name,
    value: () => values[Number(input.value)],
    index: () => Number(input.value),
    set: (value) => {
      input.value = String(values.indexOf(/** @type {number} */ (value)));
      tell();
    },
  };
}

/** @type {ControlMaker} */
function choiceControl(element, changed, signal) {
  const select = /** @type {HTMLSelectElement} */ (part(element, "select"));
  const listed = select.dataset.values;
  const values = /** @type {ControlValue[]} */ (
    listed ? JSON.parse(listed) : [...select.options].map((option) => option.value)
  );
  select.addEventListener("change", changed, { signal });
  return {
    name: select.name,
    value: () => values[select.selectedIndex],
    index: () => select.selectedIndex,
    set: (value) => {
      select.selectedIndex = values.indexOf(value);
    },
  };
}

/** @type {ControlMaker} */
function toggleControl(element, changed, signal) {
  const input = /** @type {HTMLInputElement} */ (part(element, "input"));
  input.addEventListener("change", changed, { signal });
  return {
    name: input.name,
    value: () => input.checked,
    index: () => Number(input.checked),
    set: (value) => {
      input.checked = Boolean(value);
    },
  };
}

/** @type {ControlMaker} */
function drawControl(element, changed, signal) {
  const canvas = /** @type {HTMLCanvasElement} */ (part(element, "canvas"));
  const pad = new DrawingPad(canvas, changed, signal);
  element.querySelector("[data-action=clear]")?.addEventListener("click", () => pad.clear(), { signal });
  return {
    name: canvas.dataset.name ?? "",
    value: () => pad.value(),
    index: () => null,
    set: (value) => pad.set(/** @type {number[][]} */ (value)),
  };
}

/** @type {ControlMaker} */
function pointControl(element, changed, signal) {
  const inputs = /** @type {HTMLInputElement[]} */ (["x", "y"].map((axis) => part(element, `input[name$=".${axis}"]`)));
  // While a field is empty or out of range, the point stays where it last was.
  let point = inputs.map((input) => Number(input.value));
  const read = () => {
    if (!inputs.every((input) => input.value !== "" && input.validity.valid)) return;
    point = inputs.map((input) => Number(input.value));
    changed();
  };
  for (const input of inputs) input.addEventListener("input", read, { signal });
  return {
    name: inputs[0].name.replace(/\.x$/, ""),
    value: () => [...point],
    index: () => null,
    set: (value) => {
      point = [.../** @type {number[]} */ (value)];
      inputs.forEach((input, axis) => {
        input.value = String(point[axis]);
      });
    },
  };
}

/**
 * Lets a text follow the reader: it takes what was typed elsewhere, and gives what is typed here.
 * @param {HTMLInputElement} input
 * @param {() => void} followed called when a text came from elsewhere
 * @param {AbortSignal} signal
 */
function share(input, followed, signal) {
  const name = input.dataset.shared ?? "";
  input.value = sharedText(name) ?? input.value;
  input.addEventListener("input", () => shareText(name, input.value, input), { signal });
  onSharedText(
    name,
    (text) => {
      input.value = text;
      followed();
    },
    input,
    signal,
  );
}

/** @type {Record<string, ControlMaker>} */
const MAKERS = {
  text: textControl,
  slider: sliderControl,
  choice: choiceControl,
  toggle: toggleControl,
  draw: drawControl,
  point: pointControl,
};

export class ControlPanel {
  /**
   * @param {HTMLFormElement | null} form a figure without controls has none
   * @param {() => void} changed
   * @param {AbortSignal} signal
   * @param {() => void} [followed] called when a text that is shared was changed elsewhere
   */
  constructor(form, changed, signal, followed = changed) {
    // Browsers put back what a form held before a reload; the figure shows the values it was built with.
    form?.reset();
    form?.addEventListener("submit", (event) => event.preventDefault(), { signal });
    /** @type {NodeListOf<HTMLElement> | never[]} */
    const elements = form?.querySelectorAll("[data-control]") ?? [];
    /** @type {Control[]} */
    this.controls = [...elements].map((element) => MAKERS[element.dataset.control ?? ""](element, changed, signal));
    this.opening = this.key();
    for (const input of /** @type {Iterable<HTMLInputElement>} */ (form?.querySelectorAll("input[data-shared]") ?? [])) {
      share(input, followed, signal);
    }
  }

  /** @returns {ControlValues} */
  values() {
    return Object.fromEntries(this.controls.map((control) => [control.name, control.value()]));
  }

  /** @returns {boolean} whether every control is where the page opened */
  atOpening() {
    return this.key() === this.opening;
  }

  /** @returns {string | null} key of the precomputed state; `null` where a control has no listed values */
  stateKey() {
    const places = this.controls.map((control) => control.index());
    return places.includes(null) ? null : places.join(",");
  }

  /** @param {string} name @returns {Control | undefined} */
  named(name) {
    return this.controls.find((control) => control.name === name);
  }

  key() {
    return JSON.stringify(this.values());
  }
}
