/** Small helpers for building elements. */

/**
 * An element with attributes and children; strings become text, never markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes] `true` sets an empty attribute
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/**
 * A button that calls `pressed`.
 * @param {string} label
 * @param {() => void} pressed
 * @param {string} [className]
 */
export function makeButton(label, pressed, className = "atlas-button") {
  const button = make("button", { type: "button", class: className }, label);
  button.addEventListener("click", pressed);
  return button;
}

/**
 * Calls `work` at once, but at most once per frame, however often the returned function is called: what is asked for
 * within a frame is done together when it ends.
 * @param {() => void} work
 * @returns {() => void}
 */
export function perFrame(work) {
  let resting = true;
  let asked = false;
  const frame = () => {
    if (!asked) {
      resting = true;
      return;
    }
    asked = false;
    requestAnimationFrame(frame);
    work();
  };
  return () => {
    asked = true;
    if (!resting) return;
    resting = false;
    frame();
  };
}

/** @param {unknown} cause @returns {string} */
export function wordsOf(cause) {
  return cause instanceof Error ? cause.message : String(cause);
}

/** @returns {boolean} */
export function calmMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** @param {readonly string[]} items @returns {string} "a", "a and b", "a, b and c" */
export function listed(items) {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}
