/** The table under a figure: what the plot shows, to read, to scroll through and to copy. */

import { asCsv, dataOf, written } from "./datatable.js";
import { make, makeButton } from "./dom.js";

/** @typedef {import("./types.js").PlotFigure} PlotFigure */
/** @typedef {import("./datatable.js").Table} Table */
/** @typedef {import("./datatable.js").Column} Column */

/** A page of rows, fewer where rows are long: a browser lays out some thousand cells in no time, not a million. */
const MOST_ROWS = 200;
const FEWEST_ROWS = 20;
const MOST_CELLS = 4000;
/** What fits across a sheet of paper. */
const PRINTED_COLUMNS = 9;

let panels = 0;

export class DataPanel {
  /**
   * @param {HTMLElement} figure
   * @param {string} name "Figure 3"
   * @param {HTMLButtonElement} button opens and closes the panel
   * @param {() => Promise<PlotFigure>} read the figure as it is drawn now
   * @param {AbortSignal} signal
   */
  constructor(figure, name, button, read, signal) {
    this.name = name;
    this.button = button;
    this.read = read;
    this.id = `atlas-data-${(panels += 1)}`;
    this.notes = make("p", { class: "atlas-data__notes" });
    this.status = make("span", { role: "status" });
    this.tables = make("div");
    this.csv = "";
    this.rows = 0;
    /** The first row that each table shows. @type {number[]} */
    this.starts = [];
    /** @type {Table[]} */
    this.shown = [];
    this.panel = make(
      "div",
      { class: "atlas-data", id: this.id, hidden: true, "data-search-exclude": true },
      this.notes,
      this.tables,
      make("p", { class: "atlas-data__bar" }, makeButton("Copy as CSV", () => this.copy()), " ", this.status),
    );
    button.setAttribute("aria-controls", this.id);
    figure.append(this.panel);
    addEventListener("beforeprint", () => this.draw(PRINTED_COLUMNS), { signal });
    addEventListener("afterprint", () => this.draw(), { signal });
  }

  async toggle() {
    this.panel.hidden = !this.panel.hidden;
    this.button.setAttribute("aria-expanded", String(!this.panel.hidden));
    await this.refresh();
  }

  /** Reads the figure again; what has the focus keeps it. */
  async refresh() {
    if (this.panel.hidden) return;
    const data = dataOf(await this.read());
    this.shown = data.tables;
    this.csv = asCsv(data);
    this.rows = data.tables.reduce((sum, { rows }) => sum + rows.length, 0);
    this.status.textContent = "";
    this.notes.textContent = data.notes.join(" ");
    this.draw();
  }

  /** @param {number} [most] columns that fit side by side; more go on below */
  draw(most = Infinity) {
    if (this.panel.hidden) return;
    while (this.tables.children.length > this.shown.length) this.tables.lastElementChild?.remove();
    while (this.tables.children.length < this.shown.length) this.tables.append(this.holder(this.tables.children.length));
    this.shown.forEach((table, index) => this.fill(index, table, most));
  }

  /** @param {number} index @returns {HTMLElement} where a table and what turns its pages stand, drawing after drawing */
  holder(index) {
    const turn = (/** @type {number} */ by) => () => {
      this.starts[index] = (this.starts[index] ?? 0) + by * pageOf(this.shown[index]);
      this.draw();
      region.scrollTop = 0;
    };
    const region = make("div", { class: "atlas-data__scroll", role: "region", tabindex: 0, "aria-labelledby": `${this.id}-${index}` });
    return make(
      "div",
      {},
      region,
      make(
        "p",
        { class: "atlas-data__bar", hidden: true },
        make("span", { role: "status" }),
        " ",
        makeButton("Earlier rows", turn(-1)),
        " ",
        makeButton("Later rows", turn(1)),
      ),
    );
  }

  /**
   * @param {number} index
   * @param {Table} table
   * @param {number} most
   */
  fill(index, table, most) {
    const [region, bar] = /** @type {HTMLElement[]} */ ([...this.tables.children[index].children]);
    const page = pageOf(table);
    const total = table.rows.length;
    const last = Math.floor((total - 1) / page) * page;
    const start = Math.min(Math.max(0, this.starts[index] ?? 0), last);
    this.starts[index] = start;
    const caption = `${[this.name, table.title].filter(Boolean).join(": ")} (${counted(total, "row")}, ${counted(table.columns.length, "column")})`;
    const rows = table.rows.slice(start, start + page);
    region.replaceChildren(
      ...blocks(table, most).map((block, at) => tableElement(table, rows, block, caption, at ? null : `${this.id}-${index}`)),
    );
    bar.hidden = total <= page;
    const [words, earlier, later] = /** @type {HTMLElement[]} */ ([...bar.children]);
    const end = Math.min(start + page, total);
    const count = total.toLocaleString("en");
    const said = start ? `Rows ${start + 1} to ${end} of ${count}.` : `First ${end} of ${count} rows; the CSV has them all.`;
    if (words.textContent !== said) words.textContent = said;
    // never disabled: that would take the focus from under the reader's finger
    earlier.setAttribute("aria-disabled", String(start === 0));
    later.setAttribute("aria-disabled", String(start === last));
  }

  async copy() {
    const { csv, rows } = this;
    try {
      await navigator.clipboard.writeText(csv);
      this.status.textContent = `Copied: ${counted(rows, "row")}.`;
    } catch {
      this.status.textContent = "The browser did not let it be copied: select the table and copy that.";
    }
  }
}

/** @param {number} count @param {string} word */
function counted(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

/** @param {Table} table @returns {number} rows shown at a time */
function pageOf({ columns }) {
  return Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, Math.floor(MOST_CELLS / columns.length)));
}

/** @param {Table} table @param {number} most @returns {number[][]} the columns of each table that stands for it */
function blocks({ columns, headers }, most) {
  const all = columns.map((_, index) => index);
  const [first, rest] = [all.slice(0, headers), all.slice(headers)];
  const wide = Math.max(1, most - headers);
  if (rest.length <= wide) return [all];
  return Array.from({ length: Math.ceil(rest.length / wide) }, (_, at) => [...first, ...rest.slice(at * wide, (at + 1) * wide)]);
}

/**
 * @param {Table} table
 * @param {Table["rows"]} rows
 * @param {number[]} block indices of the columns
 * @param {string} caption
 * @param {string | null} id of the caption
 */
function tableElement({ columns, headers }, rows, block, caption, id) {
  const shown = block.map((index) => columns[index]);
  const body = make("tbody");
  for (const row of rows) {
    body.append(
      make(
        "tr",
        {},
        ...block.map((index) => {
          const text = written(row[index], columns[index].percent);
          const number = typeof row[index] === "number";
          if (index < headers && text) return make("th", { scope: "row", "data-number": number }, text);
          return make("td", { "data-number": number }, text);
        }),
      ),
    );
  }
  return make("table", { class: "atlas-data__table" }, make("caption", { id }, caption), make("thead", {}, ...headRows(shown)), body);
}

/** @param {Column[]} columns @returns {HTMLElement[]} one row, or two where columns have a title in common */
function headRows(columns) {
  const two = columns.some(({ group, name }) => group && name);
  const cell = (/** @type {string} */ text, /** @type {Record<string, string | number | null>} */ attributes) =>
    text ? make("th", attributes, text) : make("td", { rowspan: attributes.rowspan });
  const [top, below] = [make("tr"), make("tr")];
  for (let at = 0; at < columns.length; ) {
    const { group, name } = columns[at];
    let end = at + 1;
    if (group && name) while (end < columns.length && columns[end].group === group && columns[end].name) end += 1;
    if (group && name) {
      top.append(cell(group, { scope: "colgroup", colspan: end - at }));
      below.append(...columns.slice(at, end).map((column) => cell(column.name, { scope: "col" })));
    } else {
      top.append(cell(group || name, { scope: "col", rowspan: two ? 2 : null }));
    }
    at = end;
  }
  return two ? [top, below] : [top];
}
