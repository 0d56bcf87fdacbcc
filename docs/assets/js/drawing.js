/** A small canvas the reader paints on: with a pointer, or with arrow keys, space and delete. */

import { make, perFrame } from "./dom.js";
import { onColourMode } from "./lifecycle.js";

/** How much ink a stroke leaves on the cells around its centre. */
const BRUSH = 0.55;
const FINE = 12;
/** Side of a square drawing, the smallest and largest side of a cell, and the least height to paint on, in pixels. */
const SIDE = 168;
const NARROWEST = 8;
const WIDEST = 24;
const LOWEST = 44;

export class DrawingPad {
  /**
   * @param {HTMLCanvasElement} canvas with data-rows, data-columns and data-value
   * @param {() => void} changed
   * @param {AbortSignal} signal
   */
  constructor(canvas, changed, signal) {
    this.canvas = canvas;
    this.rows = Number(canvas.dataset.rows);
    this.columns = Number(canvas.dataset.columns);
    /** @type {number[][]} */
    this.cells = [];
    this.cursor = [Math.floor(this.rows / 2), Math.floor(this.columns / 2)];
    /** @type {[number, number] | null} */
    this.last = null;
    this.erasing = false;
    this.paint = perFrame(() => this.render());
    this.changed = changed;
    /** Says where the keyboard's brush is. */
    this.voice = make("span", { class: "atlas-unseen", role: "status" });
    canvas.after(this.voice);

    const listen = { signal };
    canvas.addEventListener("pointerdown", (event) => this.press(event), listen);
    canvas.addEventListener("pointermove", (event) => this.move(event), listen);
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.lift(), listen);
    canvas.addEventListener("contextmenu", (event) => event.preventDefault(), listen);
    canvas.addEventListener("keydown", (event) => this.key(event), listen);
    canvas.addEventListener("focus", this.paint, listen);
    canvas.addEventListener("blur", this.paint, listen);
    onColourMode(this.paint, signal);

    const cell = Math.min(WIDEST, Math.max(NARROWEST, SIDE / Math.max(this.rows, this.columns)));
    canvas.width = Math.round(this.columns * cell * 2);
    canvas.height = Math.round(Math.max(this.rows * cell, LOWEST) * 2);
    canvas.style.width = `${canvas.width / 2}px`;
    canvas.style.height = `${canvas.height / 2}px`;
    this.set(canvas.dataset.value ? JSON.parse(canvas.dataset.value) : this.blank());
  }

  /** @returns {number[][]} rows of brightnesses, 0 to 1 */
  value() {
    return this.cells.map((row) => [...row]);
  }

  /** @param {number[][]} cells */
  set(cells) {
    this.cells = cells.map((row) => [...row]);
    this.paint();
  }

  clear() {
    this.set(this.blank());
    this.changed();
  }

  blank() {
    return Array.from({ length: this.rows }, () => new Array(this.columns).fill(0));
  }

  /** @param {PointerEvent} event */
  press(event) {
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.erasing = event.button === 2 || event.shiftKey;
    this.last = this.place(event);
    this.stroke(this.last, this.last);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.last) return;
    const here = this.place(event);
    this.stroke(this.last, here);
    this.last = here;
  }

  lift() {
    this.last = null;
  }

  /** @param {PointerEvent} event @returns {[number, number]} row and column, fractions included */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientY - box.top) / box.height) * this.rows,
      ((event.clientX - box.left) / box.width) * this.columns,
    ];
  }

  /**
   * @param {[number, number]} from
   * @param {[number, number]} to
   */
  stroke(from, to) {
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) * 2));
    for (let step = 0; step <= steps; step += 1) {
      const share = step / steps;
      this.dab(from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share);
    }
    this.paint();
    this.changed();
  }

  /** @param {number} row @param {number} column */
  dab(row, column) {
    const fine = Math.min(this.rows, this.columns) >= FINE;
    const reach = fine ? 1.5 : 0.5;
    for (let r = Math.max(0, Math.floor(row - reach)); r <= Math.min(this.rows - 1, row + reach); r += 1) {
      for (let c = Math.max(0, Math.floor(column - reach)); c <= Math.min(this.columns - 1, column + reach); c += 1) {
        const distance = Math.hypot(r + 0.5 - row, c + 0.5 - column);
        const ink = fine ? Math.max(0, Math.min(1, (reach - distance) * (1 + BRUSH))) : 1;
        const inside = fine || (r === Math.floor(row) && c === Math.floor(column));
        if (!inside || ink === 0) continue;
        const cell = this.cells[r][c];
        this.cells[r][c] = Number((this.erasing ? Math.min(cell, 1 - ink) : Math.max(cell, ink)).toFixed(3));
      }
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const steps = /** @type {Record<string, [number, number]>} */ ({
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    });
    const [row, column] = this.cursor;
    if (event.key in steps) {
      const [down, right] = steps[event.key];
      this.cursor = [
        Math.min(this.rows - 1, Math.max(0, row + down)),
        Math.min(this.columns - 1, Math.max(0, column + right)),
      ];
    } else if (event.key === " " || event.key === "Enter" || event.key === "Delete" || event.key === "Backspace") {
      const erase = event.key === "Delete" || event.key === "Backspace";
      this.erasing = erase;
      this.dab(row + 0.5, column + 0.5);
      this.changed();
    } else {
      return;
    }
    event.preventDefault();
    const [r, c] = this.cursor;
    const filled = Math.round(this.cells[r][c] * 100);
    this.voice.textContent = `Row ${r + 1}, column ${c + 1}: ${filled}% filled`;
    this.paint();
  }

  render() {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const style = getComputedStyle(this.canvas);
    const width = this.canvas.width / this.columns;
    const height = this.canvas.height / this.rows;
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.fillStyle = style.color;
    this.cells.forEach((row, r) =>
      row.forEach((ink, c) => {
        if (ink === 0) return;
        pen.globalAlpha = ink;
        pen.fillRect(c * width, r * height, width + 0.5, height + 0.5);
      }),
    );
    pen.globalAlpha = 1;
    if (document.activeElement === this.canvas && this.canvas.matches(":focus-visible")) {
      pen.strokeStyle = style.getPropertyValue("--atlas-accent") || style.color;
      pen.lineWidth = 2;
      pen.strokeRect(this.cursor[1] * width + 1, this.cursor[0] * height + 1, width - 2, height - 2);
    }
  }
}
