/**
 * The page that compares: the reader picks two or three architectures, the table keeps their columns, the figures
 * stress their lines, and the address remembers them (`?a=rnn&b=gpt&c=diffusion`). What an address asks for is shown
 * as text and nothing else.
 */

import { mountChooser } from "./chooser.js";
import { listed, make, makeButton } from "./dom.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").PlotFigure} PlotFigure */
/** @typedef {{ slug: string, title: string, planned: boolean }} Offered */

const SLOTS = ["a", "b", "c"];
const NAMES = ["First", "Second", "Third"];
const OPENING = ["rnn", "gpt", ""];
const LONGEST_NAME = 40;
const LABEL_HEIGHT = 16;
const LABEL_ROOM = 112;

/**
 * @param {Page} page
 * @param {import("./figures.js").Figures} figures
 */
export function mount(page, figures) {
  if (page.signal.aborted) return;
  const home = /** @type {HTMLElement | null} */ (page.root.querySelector("[data-compare]"));
  if (home && !home.querySelector("form")) new Comparison(home, figures);
  mountChooser(page);
}

class Comparison {
  /**
   * @param {HTMLElement} home
   * @param {import("./figures.js").Figures} figures
   */
  constructor(home, figures) {
    const template = /** @type {HTMLTemplateElement} */ (home.querySelector("template[data-offered]"));
    /** @type {Offered[]} */
    this.offered = JSON.parse(template.content.textContent ?? "[]");
    this.home = home;
    this.table = /** @type {HTMLTableElement} */ (home.querySelector("table"));
    this.views = [...figures.views.values()];
    const { picks, notes } = chosen(new URLSearchParams(location.search), this.offered);
    this.picks = picks;
    this.selects = SLOTS.map((slot, index) => this.select(slot, index));
    this.status = make("p", { class: "atlas-compare__status", role: "status" });
    const fields = this.selects.map((select, index) =>
      make(
        "div",
        { class: "atlas-control", "data-pick": String(index + 1) },
        make("label", { for: select.id }, NAMES[index]),
        select,
      ),
    );
    const copy = makeButton("Copy link", () => this.copy());
    home.prepend(make("form", { class: "atlas-controls", method: "dialog" }, ...fields, copy), this.status);
    for (const view of this.views) view.prepare = (figure) => stressed(figure, this.picks);
    this.show();
    this.status.textContent = notes.join(" ");
  }

  /** @param {string} slot @param {number} index */
  select(slot, index) {
    const select = make("select", { id: `compare-${slot}`, name: slot });
    if (index > 1) select.append(make("option", { value: "" }, "none"));
    for (const { slug, title, planned } of this.offered) {
      select.append(make("option", { value: slug, disabled: planned }, planned ? `${title} (planned)` : title));
    }
    select.addEventListener("change", () => this.pick(index, select.value));
    return select;
  }

  /**
   * Puts an architecture into a slot; one that stands in another slot changes places with it.
   * @param {number} index
   * @param {string} slug
   */
  pick(index, slug) {
    const other = this.picks.indexOf(slug);
    if (slug && other >= 0) this.picks[other] = this.picks[index];
    this.picks[index] = slug;
    if (!this.picks[1]) [this.picks[1], this.picks[2]] = [this.picks[2], ""];
    history.replaceState(history.state, "", this.address());
    this.show();
    this.status.textContent = `Compared: ${listed(this.picks.filter(Boolean).map((one) => this.title(one)))}.`;
  }

  show() {
    const picks = this.picks.filter(Boolean);
    this.home.dataset.columns = String(picks.length);
    this.selects.forEach((select, index) => {
      select.value = this.picks[index];
    });
    for (const row of this.table.rows) {
      const cells = /** @type {HTMLElement[]} */ ([...row.querySelectorAll("[data-slug]")]);
      for (const cell of cells) {
        const place = picks.indexOf(cell.dataset.slug ?? "");
        cell.hidden = place < 0;
        cell.dataset.pick = String(place + 1);
      }
      row.append(...picks.map((slug) => cells.find((cell) => cell.dataset.slug === slug) ?? ""));
      const band = /** @type {HTMLTableCellElement | null} */ (row.querySelector("[scope=rowgroup]"));
      if (band) band.colSpan = picks.length + 1;
    }
    for (const view of this.views) view.recolour();
  }

  /** @param {string} slug */
  title(slug) {
    return this.offered.find((one) => one.slug === slug)?.title ?? slug;
  }

  /** @returns {string} this page's address with the choice in it */
  address() {
    const url = new URL(location.href);
    url.hash = "";
    SLOTS.forEach((slot, index) => {
      if (this.picks[index]) url.searchParams.set(slot, this.picks[index]);
      else url.searchParams.delete(slot);
    });
    return url.href;
  }

  async copy() {
    const address = this.address();
    history.replaceState(history.state, "", address);
    try {
      await navigator.clipboard.writeText(address);
      this.status.textContent = "The link is on the clipboard.";
    } catch {
      this.status.textContent = "The link is in the address bar: copy it from there.";
    }
  }
}

/**
 * What an address asks for, as far as it is there.
 * @param {URLSearchParams} query
 * @param {readonly Offered[]} offered
 * @returns {{ picks: string[], notes: string[] }} a slug a slot, "" for none, and sentences on what was not there
 */
export function chosen(query, offered) {
  const written = offered.filter((one) => !one.planned).map((one) => one.slug);
  /** @type {string[]} */
  const notes = [];
  const picks = SLOTS.map((slot) => (query.get(slot) ?? "").trim());
  picks.forEach((slug, index) => {
    if (!slug) return;
    const known = offered.find((one) => one.slug === slug);
    const name = known?.title ?? (slug.length > LONGEST_NAME ? `${slug.slice(0, LONGEST_NAME)}…` : slug);
    if (!known) notes.push(`There is no architecture “${name}” here.`);
    else if (known.planned) notes.push(`“${name}” is planned and has no page yet.`);
    else if (picks.indexOf(slug) < index) notes.push(`“${name}” was asked for twice.`);
    else return;
    picks[index] = "";
  });
  const free = [...OPENING, ...written].filter((slug) => written.includes(slug) && !picks.includes(slug));
  for (const index of [0, 1]) {
    picks[index] ||= free.shift() ?? "";
  }
  if (notes.length) {
    const titles = picks.filter(Boolean).map((slug) => offered.find((one) => one.slug === slug)?.title ?? slug);
    notes.push(`Compared: ${listed(titles)}.`);
  }
  return { picks, notes };
}

/**
 * A figure with the picked architectures in colour, in order, and the others pale behind them.
 * @param {PlotFigure} figure
 * @param {readonly string[]} picks
 * @returns {PlotFigure}
 */
export function stressed(figure, picks) {
  const colours = /** @type {{ picked: string[], rest: string } | undefined} */ (figure.layout.meta);
  if (!colours) return figure;
  const order = picks.filter(Boolean);
  const colour = (/** @type {string} */ slug) => colours.picked[order.indexOf(slug)] ?? colours.rest;
  if (figure.data.some((trace) => trace.type === "bar")) {
    const data = figure.data.map((trace) => {
      const slugs = /** @type {string[]} */ (trace.meta);
      const marker = { color: slugs.map(colour), opacity: slugs.map((slug) => (order.includes(slug) ? 1 : 0.35)), line: { width: 0 } };
      return { ...trace, marker };
    });
    return { ...figure, data };
  }
  const isPicked = (/** @type {Record<string, any>} */ trace) => order.includes(String(trace.meta));
  /** @type {Record<string, any>[]} */
  const data = figure.data.map((trace) => {
    const slug = String(trace.meta);
    const picked = isPicked(trace);
    const line = { .../** @type {object} */ (trace.line), color: colour(slug), width: picked ? 2.4 : 1 };
    const marker = { .../** @type {object} */ (trace.marker), color: colour(slug), size: picked ? 6 : 3 };
    return { ...trace, line, marker, opacity: picked ? 1 : 0.4, showlegend: false };
  });
  data.sort((one, other) => Number(isPicked(one)) - Number(isPicked(other))); // those picked are drawn on top
  const annotations = labels(data.filter(isPicked), figure.layout);
  const margin = { .../** @type {object} */ (figure.layout.margin), r: LABEL_ROOM, t: 14 };
  return { ...figure, data, layout: { ...figure.layout, annotations, margin, showlegend: false } };
}

/**
 * Names at the ends of lines, pushed apart where the lines end together.
 * @param {Record<string, any>[]} traces
 * @param {Record<string, any>} layout
 */
function labels(traces, layout) {
  const [low, high] = layout.yaxis.range;
  const scale = (layout.height - 14 - (layout.margin?.b ?? 40)) / (high - low);
  const ends = traces
    .map((trace) => ({ trace, y: Math.log10(trace.y.at(-1)), x: Math.log10(trace.x.at(-1)) }))
    .sort((one, other) => one.y - other.y);
  let floor = -Infinity;
  return ends.map(({ trace, x, y }) => {
    const place = Math.max(y * scale, floor + LABEL_HEIGHT);
    floor = place;
    return {
      x,
      y,
      text: trace.name,
      showarrow: false,
      xanchor: "left",
      xshift: 8,
      yshift: place - y * scale,
      font: { size: 12, color: trace.line.color },
    };
  });
}
