/** The point of a Point control: a handle over the plot that the reader drags. The number fields are its keyboard. */

import { make } from "./dom.js";
import { onPlotDrawn, plotAxes } from "./plot.js";

export class PlotHandle {
  /**
   * @param {HTMLElement} plot
   * @param {{ x?: [number, number], y?: [number, number] }} bounds
   * @param {() => number[]} read the point now
   * @param {(point: number[]) => void} moved
   * @param {AbortSignal} signal
   */
  constructor(plot, bounds, read, moved, signal) {
    this.plot = plot;
    this.bounds = bounds;
    this.read = read;
    this.moved = moved;
    this.handle = make("div", { class: "atlas-handle", "aria-hidden": true });
    plot.append(this.handle);
    this.handle.addEventListener("pointerdown", (event) => this.press(event), { signal });
    this.handle.addEventListener("pointermove", (event) => this.drag(event), { signal });
    onPlotDrawn(plot, () => this.follow());
    this.follow();
  }

  /** Puts the handle where the point is. */
  follow() {
    const axes = plotAxes(this.plot);
    if (!axes) return;
    const [x, y] = this.read();
    this.handle.style.left = `${axes.x._offset + axes.x.d2p(x)}px`;
    this.handle.style.top = `${axes.y._offset + axes.y.d2p(y)}px`;
  }

  /** @param {PointerEvent} event */
  press(event) {
    event.preventDefault();
    this.handle.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const axes = plotAxes(this.plot);
    if (!axes || !this.handle.hasPointerCapture(event.pointerId)) return;
    const box = this.plot.getBoundingClientRect();
    const x = axes.x.p2d(event.clientX - box.left - axes.x._offset);
    const y = axes.y.p2d(event.clientY - box.top - axes.y._offset);
    this.moved([within(x, this.bounds.x), within(y, this.bounds.y)]);
    this.follow();
  }
}

/** @param {number} value @param {[number, number] | undefined} range @returns {number} to four digits of the range */
function within(value, range) {
  if (!range) return Number(value.toPrecision(4));
  const step = 10 ** (Math.floor(Math.log10(range[1] - range[0])) - 3);
  const clamped = Math.min(range[1], Math.max(range[0], value));
  return Number((Math.round(clamped / step) * step).toPrecision(12));
}
