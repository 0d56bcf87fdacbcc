/** A diagram's stepper: draws the boxes in whiteboard order, with the reason for each beside it. */

import { calmMotion } from "./dom.js";

const PACE = 2600;

export class Diagram {
  /**
   * @param {HTMLElement} element
   * @param {AbortSignal} signal
   */
  constructor(element, signal) {
    this.element = element;
    this.signal = signal;
    this.canvas = /** @type {HTMLElement} */ (element.querySelector(".atlas-diagram__canvas"));
    /** @type {HTMLElement[]} */
    this.whys = [...element.querySelectorAll(".atlas-diagram__whys > [data-why]")].map((item) => /** @type {HTMLElement} */ (item));
    this.whys.forEach((item, index) => {
      item.dataset.number = String(index + 1);
    });
    this.order = this.whys.map((item) => item.dataset.why ?? "");
    this.stepper = /** @type {HTMLElement} */ (element.querySelector(".atlas-diagram__stepper"));
    /** How many boxes are drawn; all of them until the reader starts stepping. */
    this.drawn = this.order.length;
    this.timer = 0;
    this.listen();
    this.stepper.hidden = false;
    if (calmMotion()) this.button("play").hidden = true;
    this.refresh();
    signal.addEventListener("abort", () => this.pause());
  }

  /** @param {string} action */
  button(action) {
    return /** @type {HTMLButtonElement} */ (this.stepper.querySelector(`[data-action=${action}]`));
  }

  /** @param {string} id */
  box(id) {
    return /** @type {SVGGElement | null} */ (this.canvas.querySelector(`[data-box="${CSS.escape(id)}"]`));
  }

  get stepping() {
    return this.element.hasAttribute("data-stepping");
  }

  listen() {
    const { signal } = this;
    const press = (/** @type {string} */ action, /** @type {() => void} */ work) =>
      this.button(action).addEventListener("click", work, { signal });
    press("first", () => this.step(1));
    press("previous", () => this.step(this.drawn - 1));
    press("next", () => this.step(this.stepping ? this.drawn + 1 : 1));
    press("play", () => (this.timer ? this.pause() : this.play()));
    this.stepper.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "ArrowRight") this.step(this.stepping ? this.drawn + 1 : 1);
        else if (event.key === "ArrowLeft") this.step(this.drawn - 1);
        else if (event.key === "Home") this.step(1);
        else if (event.key === "End") this.step(this.order.length);
        else return;
        event.preventDefault();
      },
      { signal },
    );
    for (const id of this.order) {
      const box = this.box(id);
      const why = this.why(id);
      if (!box || !why) continue;
      // What is written in the box comes first, so that a reader who controls the page by voice can say it.
      for (const line of box.querySelectorAll("text")) line.after(" ");
      const written = [...box.querySelectorAll("text")].map((line) => line.textContent).join(" ");
      const words = box.getAttribute("aria-label")?.split(", shape")[0];
      box.setAttribute("aria-label", words ? `${written}: ${words}` : written);
      for (const part of [box, why]) {
        part.addEventListener("pointerenter", () => this.point(id), { signal });
        part.addEventListener("pointerleave", () => this.point(null), { signal });
        part.addEventListener("focusin", () => this.point(id), { signal });
        part.addEventListener("focusout", () => this.point(null), { signal });
      }
      box.addEventListener("click", () => this.choose(id), { signal });
      box.addEventListener(
        "keydown",
        (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          this.choose(id);
        },
        { signal },
      );
    }
  }

  /** @param {string} id */
  why(id) {
    return this.whys.find((item) => item.dataset.why === id);
  }

  /** Links a box and its reason while the pointer or the focus is on one of them. @param {string | null} id */
  point(id) {
    for (const other of this.order) {
      this.box(other)?.classList.toggle("is-pointed", other === id);
      this.why(other)?.classList.toggle("is-pointed", other === id);
    }
  }

  /** The reader chose a box: bring its reason into view. @param {string} id */
  choose(id) {
    this.why(id)?.scrollIntoView({ block: "nearest", behavior: calmMotion() ? "auto" : "smooth" });
    this.point(id);
  }

  /** @param {number} count boxes drawn, from 1 */
  step(count) {
    if (count > this.order.length) {
      this.finish();
      return;
    }
    this.element.toggleAttribute("data-stepping", true);
    this.drawn = Math.max(1, count);
    this.refresh();
  }

  finish() {
    this.pause();
    this.element.removeAttribute("data-stepping");
    this.drawn = this.order.length;
    this.refresh();
  }

  play() {
    this.step(this.stepping && this.drawn < this.order.length ? this.drawn + 1 : 1);
    this.timer = setInterval(() => this.step(this.drawn + 1), PACE);
    this.refresh();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = 0;
    if (!this.signal.aborted) this.refresh();
  }

  refresh() {
    const current = this.stepping ? this.drawn : 0;
    for (const part of this.canvas.querySelectorAll("[data-step]")) {
      const step = Number(part.getAttribute("data-step"));
      part.classList.toggle("is-ahead", step > this.drawn);
      part.classList.toggle("is-current", step === current);
    }
    this.whys.forEach((item, index) => {
      item.classList.toggle("is-ahead", index + 1 > this.drawn);
      item.classList.toggle("is-current", index + 1 === current);
    });
    const said = this.stepping
      ? `Step ${this.drawn} of ${this.order.length}: ${this.whys[this.drawn - 1].querySelector("b")?.textContent ?? ""}`
      : `${this.order.length} steps`;
    const output = this.stepper.querySelector("output");
    if (output) output.textContent = said;
    const previous = this.button("previous");
    const first = !this.stepping || this.drawn <= 1;
    if (first && document.activeElement === previous) this.button("next").focus();
    previous.disabled = first;
    this.button("play").textContent = this.timer ? "Pause" : "Play";
  }
}
