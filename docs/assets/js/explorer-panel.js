/** One tensor of the explorer, drawn as cells on a canvas: pointed at, walked through with the arrow keys, pinned. */

import { make } from "./dom.js";
import { say } from "./explorer-expressions.js";

/** @typedef {import("./explorer-steps.js").Panel} Panel */
/** @typedef {{ tensor: string, row: number, column: number }} Cell row and column of the tensor */
/** @typedef {{ of: [number, number, number][], ink: string, muted: string, grid: string, accent: string, paper: string }} Palette */

const STOPS = 9;
const SHADES = 128;
const LABELS = 74; // pixels at most for the tokens' names
const LABEL_GAP = 6;
const HEADER = 54; // pixels above a square map, for the names of its columns

/**
 * The colours of a scale in the reader's theme.
 * @param {"diverging" | "sequential"} scale
 * @returns {string[]} from the lowest value to the highest
 */
export function shades(scale) {
  const style = getComputedStyle(document.body);
  const stops = Array.from({ length: STOPS }, (_, index) => {
    const hex = style.getPropertyValue(`--atlas-${scale}-${index + 1}`).trim();
    return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
  });
  return Array.from({ length: SHADES }, (_, index) => {
    const place = (index / (SHADES - 1)) * (STOPS - 1);
    const low = Math.min(Math.floor(place), STOPS - 2);
    const mixed = stops[low].map((part, channel) => part + (stops[low + 1][channel] - part) * (place - low));
    return `rgb(${mixed.map(Math.round).join(",")})`;
  });
}

/**
 * The size at which the scale ends: all but the most extreme hundredth lies within.
 * @param {Panel} panel
 */
export function limitOf(panel) {
  if (panel.scale === "sequential") return 1;
  const sizes = [];
  for (const row of panel.rows) {
    for (let column = 0; column < panel.columns; column += 1) {
      const size = Math.abs(panel.value(row, panel.offset + column));
      if (Number.isFinite(size)) sizes.push(size);
    }
  }
  sizes.sort((a, b) => a - b);
  return sizes[Math.floor((sizes.length - 1) * 0.99)] || 1;
}

export class PanelView {
  /**
   * @param {object} options
   * @param {(cell: Cell, how: "point" | "pin" | "key") => void} options.onCell
   * @param {() => void} options.onLeave
   * @param {AbortSignal} options.signal
   */
  constructor({ onCell, onLeave, signal }) {
    this.title = make("span", { class: "explorer__title" });
    this.shape = make("span", { class: "explorer__shape" });
    this.key = make("span", { class: "explorer__key" });
    this.canvas = make("canvas", { tabindex: "0", role: "application" });
    this.element = make("div", { class: "explorer__panel" }, make("div", { class: "explorer__head" }, this.title, this.shape, this.key), this.canvas);
    this.onCell = onCell;
    this.onLeave = onLeave;
    /** @type {Panel | null} */
    this.panel = null;
    /** @type {string[]} */
    this.labels = [];
    /** @type {Cell | null} */
    this.cell = null;
    /** @type {{ row: number | null, column: number | null }[]} */
    this.sources = [];
    this.token = 0;
    /** Of dials: the values before they were turned. @type {Panel["value"] | null} */
    this.before = null;
    /** How much of the rows has appeared, 0 to 1. */
    this.shown = 1;
    /** Where the cells are, in CSS pixels. */
    this.place = { left: 0, top: 0, width: 0, height: 0 };
    this.listen(signal);
  }

  /** @param {AbortSignal} signal */
  listen(signal) {
    const { canvas } = this;
    canvas.addEventListener("pointermove", (event) => this.point(event, "point"), { signal });
    canvas.addEventListener("pointerdown", (event) => this.point(event, "pin"), { signal });
    canvas.addEventListener("pointerleave", () => this.onLeave(), { signal });
    canvas.addEventListener("focus", () => this.cell && this.onCell(this.cell, "key"), { signal });
    canvas.addEventListener("keydown", (event) => this.press(event), { signal });
  }

  /** @param {PointerEvent} event @param {"point" | "pin"} how */
  point(event, how) {
    const { panel, place } = this;
    if (!panel) return;
    const box = this.canvas.getBoundingClientRect();
    const across = (event.clientX - box.left - place.left) / place.width;
    const down = (event.clientY - box.top - place.top) / place.height;
    if (across < 0 || across >= 1 || down < 0 || down >= 1) return;
    const row = panel.rows[Math.floor(down * panel.rows.length)];
    const column = panel.offset + Math.floor(across * panel.columns);
    this.onCell({ tensor: panel.tensor, row, column }, how);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { panel } = this;
    if (!panel || event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = this.cell ?? { tensor: panel.tensor, row: panel.rows[0], column: panel.offset };
    let index = panel.rows.indexOf(cell.row);
    let column = cell.column - panel.offset;
    const leap = event.shiftKey ? 8 : 1;
    if (event.key === "ArrowRight") column += leap;
    else if (event.key === "ArrowLeft") column -= leap;
    else if (event.key === "ArrowDown") index += leap;
    else if (event.key === "ArrowUp") index -= leap;
    else if (event.key === "Home") column = 0;
    else if (event.key === "End") column = panel.columns - 1;
    else return;
    event.preventDefault();
    event.stopPropagation();
    index = Math.min(Math.max(index, 0), panel.rows.length - 1);
    column = Math.min(Math.max(column, 0), panel.columns - 1);
    this.onCell({ tensor: panel.tensor, row: panel.rows[index], column: panel.offset + column }, "key");
  }

  /**
   * @param {Panel} panel
   * @param {string[]} labels of the tokens
   * @param {boolean} output whether the step makes it
   */
  show(panel, labels, output) {
    this.panel = panel;
    this.labels = labels;
    this.limit = limitOf(panel);
    this.element.dataset.form = panel.form;
    this.element.dataset.tensor = panel.tensor;
    this.element.toggleAttribute("data-output", output);
    this.title.replaceChildren(
      ...(panel.sign ? [make("span", { class: "explorer__sign", "aria-hidden": "true" }, panel.sign), " "] : []),
      panel.title,
    );
    this.shape.textContent = panel.shape;
    this.key.hidden = panel.form === "dials";
    this.key.dataset.scale = panel.scale;
    this.key.replaceChildren(
      make("span", {}, panel.scale === "sequential" ? "0" : say(-this.limit)),
      make("i", { "aria-hidden": "true" }),
      make("span", {}, say(this.limit)),
    );
    const walk = panel.rows.length > 1 ? "The arrow keys walk through its values" : "The left and right arrow keys walk through its values";
    this.canvas.setAttribute("aria-label", `${panel.title}, ${panel.shape.replaceAll("×", "by")}. ${walk}.`);
  }

  /**
   * @param {object} look
   * @param {Record<"diverging" | "sequential", string[]>} look.scales
   * @param {(name: string) => string} look.colour a colour of the theme
   */
  draw({ scales, colour }) {
    const { panel, canvas } = this;
    if (!panel || !canvas.isConnected) return;
    const width = Math.floor(this.element.clientWidth);
    if (!width) return;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const font = `11px ${getComputedStyle(document.body).getPropertyValue("--atlas-mono")}`;
    context.font = font;
    const named = panel.form !== "strip" && panel.form !== "dials";
    const longest = Math.max(...panel.rows.map((row) => context.measureText(this.labels[row]).width));
    const left = named ? Math.min(Math.ceil(longest), LABELS) + LABEL_GAP : 0;
    const count = panel.rows.length;
    let cells = width - left - 1;
    let height = Math.min(Math.max(216 / count, 11), 20) * count;
    let top = 1;
    if (panel.form === "strip") height = 24;
    if (panel.form === "dials") {
      cells = Math.min(cells, panel.columns * 46);
      height = cells / panel.columns;
    }
    if (panel.form === "square") {
      const side = Math.min(26, cells / panel.columns);
      cells = side * panel.columns;
      height = side * count;
      top = Math.min(HEADER, Math.ceil(longest) + 4);
    }
    this.place = { left, top, width: cells, height };
    const ratio = devicePixelRatio || 1;
    const [wide, high] = [width, Math.ceil(top + height + 5)];
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
      canvas.style.width = `${wide}px`;
      canvas.style.height = `${high}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.font = font;
    if (panel.form === "dials") this.drawDials(context, colour);
    else this.drawCells(context, scales[panel.scale], colour, ratio);
    if (named) this.drawLabels(context, colour);
    this.drawMarks(context, colour);
  }

  /** @param {number} row index of the row @param {number} column index of the column */
  box(row, column) {
    const { left, top, width, height } = this.place;
    const panel = /** @type {Panel} */ (this.panel);
    const [across, down] = [width / panel.columns, height / panel.rows.length];
    return { x: left + column * across, y: top + row * down, w: across, h: down };
  }

  /** @param {CanvasRenderingContext2D} context @param {string[]} scale @param {(name: string) => string} colour @param {number} ratio */
  drawCells(context, scale, colour, ratio) {
    const panel = /** @type {Panel} */ (this.panel);
    const limit = this.limit ?? 1;
    const snap = (/** @type {number} */ value) => Math.round(value * ratio) / ratio;
    const gap = this.place.width / panel.columns > 7 ? 1 / ratio : 0;
    const shown = Math.ceil(panel.rows.length * this.shown);
    for (let index = 0; index < shown; index += 1) {
      for (let column = 0; column < panel.columns; column += 1) {
        const { x, y, w, h } = this.box(index, column);
        const value = panel.value(panel.rows[index], panel.offset + column);
        const [x0, y0] = [snap(x), snap(y)];
        const [x1, y1] = [snap(x + w) - gap, snap(y + h) - 1 / ratio];
        if (value === -Infinity) {
          context.fillStyle = colour("surface");
          context.fillRect(x0, y0, x1 - x0, y1 - y0);
          context.strokeStyle = colour("grid");
          context.beginPath();
          context.moveTo(x0, y1);
          context.lineTo(x1, y0);
          context.stroke();
          continue;
        }
        const part = panel.scale === "sequential" ? value / limit : (value / limit + 1) / 2;
        context.fillStyle = scale[Math.round(Math.min(Math.max(part, 0), 1) * (SHADES - 1))];
        context.fillRect(x0, y0, x1 - x0, y1 - y0);
      }
    }
    if (!panel.bands) return;
    for (let start = 0; start < panel.columns; start += panel.bands) {
      const { x } = this.box(0, start);
      const { top, height, width } = this.place;
      const wide = (panel.bands / panel.columns) * width;
      if (start) {
        context.fillStyle = colour("paper");
        context.fillRect(x - 1, top, 2, height);
      }
      if (start / panel.bands === panel.chosen) {
        context.fillStyle = colour("accent");
        context.fillRect(x, top + height + 1, wide - 1, 3);
      }
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {(name: string) => string} colour */
  drawDials(context, colour) {
    const panel = /** @type {Panel} */ (this.panel);
    const before = this.before ?? panel.value;
    const [row] = panel.rows;
    const half = panel.columns;
    for (let pair = 0; pair < half; pair += 1) {
      const { x, y, w } = this.box(0, pair);
      const [cx, cy, radius] = [x + w / 2, y + w / 2, w / 2 - 1.5];
      context.strokeStyle = colour("grid");
      context.lineWidth = 1;
      context.beginPath();
      context.arc(cx, cy, radius, 0, 2 * Math.PI);
      context.stroke();
      const pairs = /** @type {const} */ ([
        [before, "muted", 1],
        [panel.value, "accent", 2],
      ]);
      const reach = Math.max(...pairs.map(([value]) => Math.hypot(value(row, panel.offset + pair), value(row, panel.offset + pair + half)))) || 1;
      for (const [value, name, thick] of pairs) {
        const [a, b] = [value(row, panel.offset + pair), value(row, panel.offset + pair + half)];
        context.strokeStyle = colour(name);
        context.lineWidth = thick;
        context.beginPath();
        context.moveTo(cx, cy);
        context.lineTo(cx + (a / reach) * radius, cy - (b / reach) * radius);
        context.stroke();
      }
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {(name: string) => string} colour */
  drawLabels(context, colour) {
    const panel = /** @type {Panel} */ (this.panel);
    const { left, top } = this.place;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const small = this.place.height / panel.rows.length < 13;
    if (small) context.font = context.font.replace("11px", "10px");
    panel.rows.forEach((row, index) => {
      const { y, h } = this.box(index, 0);
      context.fillStyle = row === this.token ? colour("accent") : colour("muted");
      context.fillText(fit(context, this.labels[row], left - LABEL_GAP), left - LABEL_GAP + 1, y + h / 2);
    });
    if (panel.form !== "square") return;
    context.textAlign = "left";
    for (let column = 0; column < panel.columns; column += 1) {
      const { x, w } = this.box(0, column);
      if (w < 9 && column % 2) continue;
      context.save();
      context.translate(x + w / 2, top - 3);
      context.rotate(-Math.PI / 2);
      context.fillStyle = colour("muted");
      context.fillText(fit(context, this.labels[column], HEADER - 4), 0, 0);
      context.restore();
    }
  }

  /** What the value in sight is made of, the chosen token's row, and the value itself. @param {CanvasRenderingContext2D} context @param {(name: string) => string} colour */
  drawMarks(context, colour) {
    const panel = /** @type {Panel} */ (this.panel);
    const { left, top, width, height } = this.place;
    context.lineWidth = 1.5;
    context.strokeStyle = colour("accent");
    const row = panel.rows.indexOf(this.token);
    if (panel.rows.length > 1 && row >= 0) {
      const { y, h } = this.box(row, 0);
      context.globalAlpha = 0.55;
      context.strokeRect(left - 0.25, y - 0.75, width, h);
      context.globalAlpha = 1;
    }
    context.lineWidth = 2;
    for (const source of this.sources) {
      const across = source.column === null ? null : source.column - panel.offset;
      const down = source.row === null ? null : panel.rows.indexOf(source.row);
      if ((across !== null && (across < 0 || across >= panel.columns)) || (down !== null && down < 0)) continue;
      const box = this.box(down ?? 0, across ?? 0);
      const x = across === null ? left : box.x - 1;
      const y = down === null ? top : box.y - 1;
      context.strokeRect(x, y, across === null ? width - 1 : Math.max(box.w + 1, 4), down === null ? height : box.h + 1);
    }
    const { cell } = this;
    if (!cell || cell.tensor !== panel.tensor) return;
    const index = panel.rows.indexOf(cell.row);
    const column = panel.form === "dials" ? (cell.column - panel.offset) % panel.columns : cell.column - panel.offset;
    if (index < 0 || column < 0 || column >= panel.columns) return;
    const { x, y, w, h } = this.box(index, column);
    const wide = Math.max(w, 5);
    context.lineWidth = 2;
    context.strokeStyle = colour("paper");
    context.strokeRect(x + w / 2 - wide / 2 - 1.5, y - 1.5, wide + 2, h + 2);
    context.strokeStyle = colour("ink");
    context.strokeRect(x + w / 2 - wide / 2, y, wide - 0.5, h - 0.5);
  }
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} width */
function fit(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let cut = text;
  while (cut.length > 1 && context.measureText(`${cut}…`).width > width) cut = cut.slice(0, -1);
  return `${cut}…`;
}
