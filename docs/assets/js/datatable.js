/**
 * What a figure shows, as tables: of every kind of trace the site's plots are made of. Knows neither page nor Plotly,
 * so that the tests can run it over every figure that was built.
 */

/**
 * @typedef {import("./types.js").PlotFigure} PlotFigure
 * @typedef {number | string | null} Cell
 * @typedef {{ name: string, group: string, percent?: boolean }} Column `group` stands above the names that share it
 * @typedef {{ title: string, columns: Column[], headers: number, rows: Cell[][] }} Table the first `headers` columns
 *   say what a row is
 * @typedef {{ notes: string[], tables: Table[] }} FigureData
 * @typedef {Record<string, any>} Loose
 */

const NAMES = /** @type {Record<string, string>} */ ({ amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " " });
const REFERENCE = /%\{(\w+)(?:\[(\d+)\])?(?::([^}]*))?\}/g;
/** Two series stand in one table when at least this share of the shorter one's places is in both. */
const SHARED = 0.5;

/** @param {unknown} text in the little HTML that Plotly takes @param {string} [breaks] what a line break becomes */
export function plainText(text, breaks = " ") {
  return String(text ?? "")
    .replace(/<br\s*\/?>/g, breaks)
    .replace(/<sup>/g, "^")
    .replace(/<sub>/g, "_")
    .replace(/<\/?[a-z][^>]*>/gi, "")
    .replace(/&(\w+);/g, (whole, name) => NAMES[name] ?? whole)
    .replace(/[\u2002\s]+/g, " ")
    .trim();
}

/** @param {Cell} cell @param {boolean} [percent] @returns {string} with four digits that count; CSV has all of them */
export function written(cell, percent = false) {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "string") return cell;
  const value = percent ? 100 * cell : cell;
  const size = Math.abs(value);
  const tiny = size > 0 && (size < 1e-4 || (size >= 1e9 && !Number.isSafeInteger(value)));
  const digits = Number.isSafeInteger(value)
    ? value.toLocaleString("en")
    : tiny
      ? value.toExponential(2)
      : value.toLocaleString("en", { maximumSignificantDigits: percent ? 3 : 4 });
  return digits.replace(/-/g, "−") + (percent ? "%" : "");
}

/** @param {FigureData} data @returns {string} every row of every table, numbers as they are */
export function asCsv({ tables }) {
  const field = (/** @type {Cell} */ cell) => {
    const text = cell === null ? "" : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = (/** @type {Table} */ { title, columns, rows }) => [
    ...(tables.length > 1 && title ? [[title]] : []),
    columns.map(({ name, group }) => (group && name ? `${group}: ${name}` : group || name)),
    ...rows,
  ];
  return tables.map((table) => lines(table).map((row) => row.map(field).join(",")).join("\r\n")).join("\r\n\r\n") + "\r\n";
}

/** @param {PlotFigure} figure @returns {FigureData} */
export function dataOf(figure) {
  return new Reader(figure).read();
}

class Reader {
  /** @param {PlotFigure} figure */
  constructor({ data, layout }) {
    /** @type {Loose[]} */
    this.traces = data.filter((trace) => trace.visible !== false && trace.visible !== "legendonly").map((trace) => ({ ...trace }));
    this.layout = /** @type {Loose} */ (layout);
    /** @type {Loose[]} */
    this.annotations = (this.layout.annotations ?? []).map((/** @type {Loose} */ one) => ({ ...one }));
    /** @type {Loose[]} */
    this.shapes = this.layout.shapes ?? [];
    /** Annotations that a table has taken. @type {Set<Loose>} */
    this.used = new Set();
    /** @type {string[]} */
    this.notes = [];
    for (const trace of this.traces) {
      for (const key of ["x", "y", "z", "text", "customdata"]) {
        if (ArrayBuffer.isView(trace[key])) trace[key] = [.../** @type {any} */ (trace[key])];
      }
    }
  }

  /** @returns {FigureData} */
  read() {
    const title = plainText(this.layout.title?.text, "; ");
    if (title) this.notes.push(sentence(title));
    /** @type {{ at: number, table: Table }[]} */
    const found = [];
    const keep = (/** @type {number} */ at, /** @type {Table[]} */ tables) => {
      for (const table of tables) if (table.rows.length) found.push({ at, table });
    };
    this.traces.forEach((trace, at) => {
      if (isGrid(trace)) keep(at, this.grid(trace));
    });
    const bands = this.traces.filter((trace) => isBand(trace));
    const rest = this.traces.filter((trace) => !isGrid(trace) && !bands.includes(trace));
    const texts = rest.filter((trace) => trace.mode === "text");
    const sure = rest.filter((trace) => !texts.includes(trace) && isSeries(trace));
    // marks at the places of a series are a column beside it
    const series = rest.filter((trace) => sure.includes(trace) || (!texts.includes(trace) && sure.some((one) => fits(trace, one))));
    for (const one of this.joined(series)) keep(this.traces.indexOf(one[0]), [this.series(one, bands, texts)]);
    /** @type {Map<string, Loose[]>} */
    const clouds = new Map();
    for (const trace of rest) {
      if (series.includes(trace) || texts.includes(trace)) continue;
      const place = `${trace.xaxis ?? "x"} ${trace.yaxis ?? "y"}`;
      clouds.set(place, [...(clouds.get(place) ?? []), trace]);
    }
    for (const traces of clouds.values()) keep(this.traces.indexOf(traces[0]), [this.points(traces)]);
    found.sort((one, other) => one.at - other.at);
    this.marks();
    return { notes: this.notes, tables: found.map(({ table }) => table) };
  }

  /** @param {Loose} trace @param {"x" | "y"} letter @returns {Loose} the layout of the axis a trace is drawn on */
  axis(trace, letter) {
    const number = String(trace[`${letter}axis`] ?? letter).slice(1);
    return this.layout[`${letter}axis${number}`] ?? {};
  }

  /** @param {Loose} axis */
  titleOf(axis) {
    return plainText(axis.title?.text ?? axis.title);
  }

  /** @param {Loose} axis @param {any[]} values @returns {Cell[]} as the axis writes them, where it names all of them */
  labels(axis, values) {
    if (axis.tickmode !== "array" || axis.type === "log" || !axis.ticktext) return values;
    const names = new Map(axis.tickvals.map((/** @type {any} */ at, /** @type {number} */ index) => [at, plainText(axis.ticktext[index])]));
    return values.every((value) => names.has(value)) ? values.map((value) => names.get(value)) : values;
  }

  // --- heatmaps and pictures ---------------------------------------------------------------------------

  /** @param {Loose} trace @returns {Table[]} */
  grid(trace) {
    const [xAxis, yAxis] = [this.axis(trace, "x"), this.axis(trace, "y")];
    const bare = xAxis.visible === false && yAxis.visible === false;
    if (bare) return [this.pictures(trace)];
    const { z } = trace;
    const xs = this.labels(xAxis, trace.x ?? z[0].map((/** @type {any} */ _, /** @type {number} */ at) => at));
    const ys = this.labels(yAxis, trace.y ?? z.map((/** @type {any} */ _, /** @type {number} */ at) => at));
    const [xTitle, yTitle] = [this.titleOf(xAxis), this.titleOf(yAxis)];
    const said = pieces(trace.hovertemplate);
    const own = said.find((piece) => piece.refs.z);
    const what = plainText(trace.colorbar?.title?.text) || (own?.refs.z.label ?? "");
    const percent = own?.refs.z.format.endsWith("%") ?? false;
    const beside = said.map((piece) => piece.refs.customdata).find(Boolean);
    const constant =
      beside && trace.customdata.every((/** @type {any[]} */ row) => row.every((cell) => cell === row[0]));
    const texts = trace.text && !sameNumbers(trace.text.flat(), z.flat()) ? trace.text : null;
    const cell = (/** @type {number} */ row, /** @type {number} */ column) => {
      const text = texts ? plainText(texts[row][column]) : "";
      if (!text) return z[row][column];
      const told = sameNumbers([text.split(" ").at(-1)], [z[row][column]]);
      return own && !told ? `${text}: ${written(z[row][column], percent)}` : text;
    };
    const title = this.named(trace, what);
    this.outlines(trace, xs, ys, xTitle, yTitle);
    return [
      {
        title,
        columns: [
          { name: yTitle, group: "" },
          ...(constant ? [{ name: beside.label, group: "" }] : []),
          ...xs.map((name) => ({ name: written(name), group: xTitle, percent })),
        ],
        headers: 1,
        rows: ys.map((name, row) => [
          name,
          ...(constant ? [trace.customdata[row][0]] : []),
          ...xs.map((_, column) => cell(row, column)),
        ]),
      },
    ];
  }

  /**
   * Pictures that lie side by side in one grid of pixels, apart by rows and columns that hold nothing.
   * @param {Loose} trace
   * @returns {Table}
   */
  pictures(trace) {
    const inColour = trace.type === "image";
    const pixel = (/** @type {any} */ cell) => (inColour ? (cell[3] === 0 ? null : `rgb(${cell.slice(0, 3).join(" ")})`) : cell);
    /** @type {Cell[][]} */
    const z = trace.z.map((/** @type {any[]} */ row) => row.map(pixel));
    const rows = runs(z.map((row) => row.some((cell) => cell !== null)));
    const columns = runs(z[0].map((_, at) => z.some((row) => row[at] !== null)));
    const blocks = rows.flatMap(([top, bottom]) => columns.map(([left, right]) => ({ top, bottom, left, right })));
    const filled = blocks.filter(({ top, bottom, left, right }) =>
      z.slice(top, bottom + 1).some((row) => row.slice(left, right + 1).some((cell) => cell !== null)),
    );
    const wide = Math.max(0, ...columns.map(([left, right]) => right - left + 1));
    const mine = this.annotations.filter((one) => (one.xref ?? "x") === (trace.xaxis ?? "x") && typeof one.x === "number");
    const names = filled.map(({ top, left, right }, index) => {
      const above = mine.find((one) => Math.abs(one.x - (left + right) / 2) < 1 && Math.abs(one.y - top + 0.5) < 1);
      if (above) this.used.add(above);
      return plainText(above?.text) || `picture ${index + 1}`;
    });
    const single = filled.length < 2;
    const marked = this.shapes.find((shape) => shape.type === "rect" && (shape.xref ?? "x") === (trace.xaxis ?? "x"));
    if (marked && !single) {
      const at = filled.findIndex(({ top, left }) => Math.abs(marked.x0 - left + 0.5) < 1 && Math.abs(marked.y0 - top + 0.5) < 1);
      if (at >= 0) this.notes.push(`Outlined: ${names[at]}.`);
    }
    return {
      title: single ? this.named(trace, names[0] === "picture 1" ? "" : names[0]) : this.named(trace, ""),
      columns: [
        ...(single ? [] : [{ name: "picture", group: "" }]),
        { name: "row", group: "" },
        ...Array.from({ length: wide }, (_, at) => ({ name: String(at + 1), group: "column of pixels" })),
      ],
      headers: single ? 1 : 2,
      rows: filled.flatMap(({ top, bottom, left, right }, index) =>
        z.slice(top, bottom + 1).map((row, at) => [
          ...(single ? [] : [names[index]]),
          at + 1,
          ...row.slice(left, right + 1),
          ...Array(wide - (right - left + 1)).fill(null),
        ]),
      ),
    };
  }

  /**
   * The name of a grid: what stands above it and what its colour is.
   * @param {Loose} trace
   * @param {string} what
   */
  named(trace, what) {
    const above = this.annotations.find(
      (one) => one.xref !== undefined && one.xref !== "paper" && one.xref === (trace.xaxis ?? "x") && !this.used.has(one),
    );
    if (above) this.used.add(above);
    const words = [plainText(above?.text ?? trace.name), what].filter(Boolean);
    return [...new Set(words)].join(": ");
  }

  /**
   * Says which cells a frame goes around.
   * @param {Loose} trace
   * @param {Cell[]} xs
   * @param {Cell[]} ys
   * @param {string} xTitle
   * @param {string} yTitle
   */
  outlines(trace, xs, ys, xTitle, yTitle) {
    for (const shape of this.shapes) {
      const here = (shape.xref ?? "x") === (trace.xaxis ?? "x") && (shape.yref ?? "y") === (trace.yaxis ?? "y");
      if (shape.type !== "rect" || !here) continue;
      const part = (/** @type {string} */ letter, /** @type {Cell[]} */ names, /** @type {string} */ title) => {
        const places = trace[letter] ?? names.map((_, at) => at);
        const inside = names.filter((_, at) => places[at] > shape[`${letter}0`] && places[at] < shape[`${letter}1`]);
        if (!inside.length || inside.length === names.length) return "";
        const ends = [...new Set([inside[0], inside[inside.length - 1]])].map((one) => written(one));
        return `${title || (letter === "x" ? "column" : "row")} ${ends.join(" to ")}`;
      };
      const parts = [part("x", xs, xTitle), part("y", ys, yTitle)].filter(Boolean);
      if (parts.length) this.notes.push(`Outlined: ${parts.join(", ")}.`);
    }
  }

  // --- lines and bars ----------------------------------------------------------------------------------

  /** @param {Loose[]} traces @returns {Loose[][]} those that share their places along the axis, together */
  joined(traces) {
    /** @type {{ traces: Loose[], key: string, places: Set<Cell> }[]} */
    const tables = [];
    for (const trace of traces) {
      const along = alongOf(trace);
      const axis = this.axis(trace, along);
      const places = this.labels(axis, trace[along]);
      const numbers = places === trace[along];
      const key = numbers ? `${along} ${trace[`${along}axis`] ?? along}` : `${along} ${places.join("\n")}`;
      const own = new Set(numbers ? places : trace[along]);
      const table = tables.find((one) => {
        if (one.key !== key) return false;
        const both = [...own].filter((place) => one.places.has(place)).length;
        return both >= SHARED * Math.min(own.size, one.places.size);
      });
      if (table) {
        table.traces.push(trace);
        for (const place of own) table.places.add(place);
      } else {
        tables.push({ traces: [trace], key, places: own });
      }
    }
    return tables.map((table) => table.traces);
  }

  /**
   * @param {Loose[]} traces
   * @param {Loose[]} bands
   * @param {Loose[]} texts
   * @returns {Table}
   */
  series(traces, bands, texts) {
    const along = alongOf(traces[0]);
    const across = along === "x" ? "y" : "x";
    const first = traces[0][along];
    const places = [...new Set(traces.flatMap((trace) => trace[along]))];
    if (places.length > first.length && places.every((place) => typeof place === "number")) {
      places.sort((one, other) => (first[0] > first[first.length - 1] ? other - one : one - other));
    }
    const labels = this.labels(this.axis(traces[0], along), places);
    const title = traces.map((trace) => this.titleOf(this.axis(trace, along))).find(Boolean) ?? "";
    /** @type {Column[]} */
    const columns = [{ name: title || (labels === places ? along : ""), group: "" }];
    /** @type {Map<Cell, Cell>[]} */
    const values = [];
    const add = (/** @type {Column} */ column, /** @type {any[]} */ at, /** @type {Cell[]} */ cells) => {
      columns.push(column);
      values.push(new Map(at.map((place, index) => [place, cells[index] ?? null])));
    };
    const unnamed = traces.filter((trace) => !this.nameOf(trace, across)).length;
    let count = 0;
    for (const trace of traces) {
      const axis = this.axis(trace, across);
      const said = pieces(trace.hovertemplate).find((piece) => piece.refs[across])?.refs[across];
      const group = this.titleOf(axis) || said?.label || "value";
      const name = this.nameOf(trace, across) || (unnamed > 1 ? `series ${(count += 1)}` : traces.length > 1 ? group : "");
      const percent = /%$/.test(said?.format ?? "") || /%$/.test(axis.tickformat ?? "");
      add({ name, group, percent }, trace[along], trace[across]);
      const edge = (/** @type {string} */ word) => ({ name: name ? `${name}, ${word}` : word, group, percent });
      const errors = trace[`error_${across}`];
      if (errors?.array) {
        const minus = errors.arrayminus ?? errors.array;
        const shifted = (/** @type {number[]} */ by, /** @type {number} */ sign) =>
          trace[across].map((/** @type {number} */ value, /** @type {number} */ at) => rounded(value + sign * by[at]));
        add(edge("lowest"), trace[along], shifted(minus, -1));
        add(edge("highest"), trace[along], shifted(errors.array, 1));
      }
      const band = bands.find((one) => !this.used.has(one) && surrounds(one, trace));
      if (band) {
        this.used.add(band);
        const half = band.x.length / 2;
        add(edge("lowest"), trace[along], band.y.slice(half).reverse());
        add(edge("highest"), trace[along], band.y.slice(0, half));
      }
      if (trace.text) this.texts(add, trace, along, trace.text, name);
      for (const piece of pieces(trace.hovertemplate)) {
        const more = piece.refs.customdata;
        if (!more || !Array.isArray(trace.customdata)) continue;
        const cells = trace.customdata.map((/** @type {any} */ _, /** @type {number} */ at) => piece.say(trace, at));
        const known = this.labels(axis === this.axis(trace, along) ? axis : this.axis(trace, along), trace[along]).map((label) => written(label));
        if (!cells.every((/** @type {string} */ cell, /** @type {number} */ at) => cell === known[at])) {
          add({ name: more.label || "label", group: "" }, trace[along], cells);
        }
      }
    }
    for (const trace of texts) {
      if (!trace[along].every((/** @type {any} */ place) => places.includes(place))) continue;
      this.texts(add, trace, along, trace.text, "", values);
    }
    return {
      title: "",
      columns,
      headers: 1,
      rows: places.map((place, at) => [labels[at], ...values.map((column) => column.get(place) ?? null)]),
    };
  }

  /**
   * What is written at the marks, unless that is the value itself.
   * @param {(column: Column, at: any[], cells: Cell[]) => void} add
   * @param {Loose} trace
   * @param {"x" | "y"} along
   * @param {any} text
   * @param {string} name
   * @param {Map<Cell, Cell>[]} [values] what the table has so far
   */
  texts(add, trace, along, text, name, values = []) {
    if (!Array.isArray(text)) return;
    const cells = text.map((one) => plainText(one));
    const shown = [trace[along === "x" ? "y" : "x"], ...values.map((column) => trace[along].map((/** @type {any} */ place) => column.get(place)))];
    if (shown.some((numbers) => sameNumbers(cells, numbers))) return;
    add({ name: name ? `${name}, label` : "label", group: "" }, trace[along], cells);
  }

  /** @param {Loose} trace @param {"x" | "y"} across @returns {string} what tells a series from the others */
  nameOf(trace, across) {
    if (trace.name) return plainText(trace.name);
    const said = pieces(trace.hovertemplate).find((piece) => piece.refs[across])?.refs[across].label ?? "";
    return said === this.titleOf(this.axis(trace, across)) ? "" : said;
  }

  // --- points, paths, trees, tokens --------------------------------------------------------------------

  /** @param {Loose[]} traces on the same pair of axes @returns {Table} */
  points(traces) {
    const marked = traces.filter((trace) => trace.hoverinfo !== "skip" || trace.text);
    const segments = traces.filter((trace) => !marked.includes(trace) && trace.x.includes(null));
    const drawn = traces.filter((trace) => !segments.includes(trace) || !marked.length);
    const [xAxis, yAxis] = [this.axis(traces[0], "x"), this.axis(traces[0], "y")];
    /** @type {{ name: string, label: string, extra: Map<string, Cell>, x: number, y: number }[]} */
    const rows = [];
    /** @type {Set<string>} */
    const extras = new Set();
    const isPath = (/** @type {Loose} */ trace) => /lines/.test(trace.mode ?? "lines");
    const several = drawn.filter((trace) => isPath(trace) && !trace.name).length > 1;
    let paths = 0;
    for (const trace of drawn) {
      const template = pieces(trace.hovertemplate);
      const phrase = template.find((piece) => piece.refs.x && piece.refs.y)?.lead ?? "";
      const name = plainText(trace.name) || phrase || (!isPath(trace) ? "points" : several ? `line ${(paths += 1)}` : "line");
      trace.x.forEach((/** @type {any} */ x, /** @type {number} */ at) => {
        if (x === null || trace.y[at] === null) return;
        const extra = new Map();
        let label = Array.isArray(trace.text) ? plainText(trace.text[at]) : "";
        for (const piece of template) {
          const more = piece.refs.customdata ?? (piece.refs.text && piece.plain ? null : piece.refs.text);
          if (!more) continue;
          const words = piece.say(trace, at);
          if (piece.refs.text && piece.refs.customdata) extra.set(more.label || "label", trace.customdata[at]);
          else if (piece.refs.text) label = words;
          else extra.set(more.label || "label", words.startsWith(piece.lead) ? words.slice(piece.lead.length).replace(/^[:\s]+/, "") : words);
        }
        for (const key of extra.keys()) extras.add(key);
        rows.push({ name, label, extra, x, y: trace.y[at] });
      });
    }
    const hidden = { x: xAxis.visible === false, y: yAxis.visible === false };
    const tokens = hidden.x && hidden.y ? this.tokens(rows) : null;
    const from = segments.length ? origins(rows, segments) : null;
    const names = new Set(rows.map((row) => row.name));
    /** @type {[Column, (row: any, at: number) => Cell][]} */
    const fields = [];
    if (names.size > 1) fields.push([{ name: "group", group: "" }, (row) => row.name]);
    if (tokens?.some(({ line }) => line)) fields.push([{ name: "line", group: "" }, (_, at) => tokens[at].line]);
    if (tokens) fields.push([{ name: "token", group: "" }, (_, at) => tokens[at].text]);
    if (rows.some((row) => row.label)) fields.push([{ name: tokens ? "what it says" : "label", group: "" }, (row) => row.label]);
    if (from) fields.push([{ name: "comes from", group: "" }, (_, at) => from[at]]);
    const headers = fields.length;
    for (const [letter, axis] of /** @type {["x" | "y", Loose][]} */ ([["x", xAxis], ["y", yAxis]])) {
      if (hidden[letter]) continue;
      const labels = this.labels(axis, rows.map((row) => row[letter]));
      fields.push([{ name: this.titleOf(axis) || letter, group: "" }, (_, at) => labels[at]]);
    }
    for (const key of extras) fields.push([{ name: key, group: "" }, (row) => row.extra.get(key) ?? null]);
    if (!headers) fields.unshift([{ name: "point", group: "" }, (_, at) => at + 1]);
    return {
      title: "",
      columns: fields.map(([column]) => column),
      headers: tokens ? Math.max(1, headers - 1) : Math.max(1, headers),
      rows: rows.map((row, at) => fields.map(([, read]) => read(row, at))),
    };
  }

  /**
   * The words that stand at the points of a strip of tokens, and the title of the line each stands in.
   * @param {{ x: number, y: number }[]} rows
   * @returns {{ text: string, line: string }[] | null}
   */
  tokens(rows) {
    /** @type {Map<string, { text: string, line: string }>} */
    const found = new Map();
    const places = new Set(rows.map(({ x, y }) => `${x} ${y}`));
    let line = "";
    for (const one of this.annotations) {
      const place = `${one.x} ${one.y}`;
      if (!places.has(place)) line = plainText(one.text);
      else found.set(place, { text: plainText(one.text), line });
      this.used.add(one);
    }
    return found.size ? rows.map(({ x, y }) => found.get(`${x} ${y}`) ?? { text: "", line: "" }) : null;
  }

  // --- what is drawn over the plot -----------------------------------------------------------------------

  /** Says what the lines across the plot and the words beside the marks say. */
  marks() {
    const names = new Set(this.traces.map((trace) => plainText(trace.name)));
    const said = (/** @type {Loose} */ one) => plainText(one.text, "; ");
    for (const shape of this.shapes) {
      if (shape.type !== "line") continue;
      const letter = shape.yref === "paper" && shape.x0 === shape.x1 ? "x" : shape.xref === "paper" && shape.y0 === shape.y1 ? "y" : null;
      if (!letter) continue;
      const number = String(shape[`${letter}ref`] ?? letter).slice(1);
      const axis = this.layout[`${letter}axis${number}`] ?? {};
      const at = shape[`${letter}0`];
      const place = axis.type === "log" ? Math.log10(at) : at;
      const label = this.annotations.find((one) => {
        const beside = one[letter === "x" ? "yref" : "xref"] === "paper" && one[`${letter}ref`] !== "paper";
        return beside && !this.used.has(one) && Math.abs(one[letter] - place) <= 1e-4 * Math.max(1, Math.abs(place));
      });
      if (label) this.used.add(label);
      const [where] = this.labels(axis, [at]);
      const alike = this.traces.find((trace) => trace.name && (trace.marker?.color ?? trace.line?.color) === shape.line?.color);
      const name = label ? said(label) : plainText(alike?.name);
      this.notes.push(`${name ? `“${name}”: a` : "A"} line where ${this.titleOf(axis) || letter} is ${written(where)}.`);
    }
    const rest = this.annotations.filter((one) => !this.used.has(one)).map(said).filter((text) => text && !names.has(text));
    if (rest.length) this.notes.push(`Also written in the figure: ${sentence(rest.join("; "))}`);
  }
}

/** @param {string} text */
function sentence(text) {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** @param {Loose} trace */
function isGrid(trace) {
  return ["heatmap", "contour", "image"].includes(trace.type);
}

/** @param {Loose} trace @returns {boolean} whether it goes there above a line and back below it */
function isBand({ fill, x }) {
  const last = (x?.length ?? 0) - 1;
  return fill === "toself" && last % 2 === 1 && x.every((/** @type {any} */ place, /** @type {number} */ at) => place === x[last - at]);
}

/** @param {Loose} band @param {Loose} trace */
function surrounds(band, trace) {
  const half = band.x.length / 2;
  const same = half === trace.x.length && trace.x.every((/** @type {any} */ place, /** @type {number} */ at) => place === band.x[at]);
  return same && (band.fillcolor === trace.line?.color || band.line?.color === trace.line?.color);
}

/** @param {Loose} trace @returns {boolean} one value for each place along an axis */
function isSeries(trace) {
  if (trace.type === "bar") return new Set(trace[alongOf(trace)]).size === trace[alongOf(trace)].length;
  if (!/lines/.test(trace.mode ?? "lines") || trace.x.length < 2) return trace.type === "scatter" && /lines/.test(trace.mode ?? "") && trace.x.length === 1;
  if (trace.hoverinfo === "skip" && !trace.name) return false; // it only leads the eye
  if (pieces(trace.hovertemplate).some((piece) => piece.refs.x && piece.refs.y)) return false; // a place in the plane
  const sign = Math.sign(trace.x[1] - trace.x[0]);
  return sign !== 0 && trace.x.every((/** @type {any} */ place, /** @type {number} */ at) => at === 0 || Math.sign(place - trace.x[at - 1]) === sign);
}

/** @param {Loose} trace @param {Loose} series @returns {boolean} whether each of its marks is at a place of the series */
function fits(trace, series) {
  if (alongOf(series) !== "x" || (trace.xaxis ?? "x") !== (series.xaxis ?? "x") || trace.text) return false;
  const places = new Set(series.x);
  return new Set(trace.x).size === trace.x.length && trace.x.every((/** @type {any} */ place) => places.has(place));
}

/** @param {Loose} trace @returns {"x" | "y"} the axis whose places are listed */
function alongOf(trace) {
  return trace.type === "bar" && trace.orientation === "h" ? "y" : "x";
}

/** @param {number} value without the dust of an addition */
function rounded(value) {
  return Number(value.toPrecision(6));
}

/** @param {boolean[]} flags @returns {[number, number][]} first and last of every run of true */
function runs(flags) {
  /** @type {[number, number][]} */
  const found = [];
  flags.forEach((flag, at) => {
    if (!flag) return;
    if (at > 0 && flags[at - 1]) found[found.length - 1][1] = at;
    else found.push([at, at]);
  });
  return found;
}

/** @param {any[]} texts @param {any[]} numbers @returns {boolean} whether the texts only write the numbers, shorter */
function sameNumbers(texts, numbers) {
  if (texts.length !== numbers.length) return false;
  return texts.every((one, at) => {
    const text = plainText(one);
    if (!text) return true;
    const [, digits, percent] = /^([−-]?[\d,]*\.?\d*)\s*(%?)$/.exec(text) ?? [];
    if (!digits || typeof numbers[at] !== "number") return false;
    const value = Number(digits.replaceAll(",", "").replace("−", "-"));
    const unit = 10 ** -(/\.(\d*)/.exec(digits)?.[1].length ?? 0);
    return Math.abs(value - numbers[at] * (percent ? 100 : 1)) <= 0.51 * unit + Math.abs(value) * 1e-3;
  });
}

/**
 * The lines of a hover text: what each refers to, and the words before it.
 * @param {string | undefined} template
 * @returns {{ refs: Record<string, { label: string, format: string }>, lead: string, plain: boolean, say: (trace: Loose, at: number) => string }[]}
 */
function pieces(template) {
  const lines = String(template ?? "").replace(/<extra>.*$/s, "").split(/<br\s*\/?>/);
  return lines.filter((line) => line.includes("%{")).map((line) => {
    /** @type {Record<string, { label: string, format: string }>} */
    const refs = {};
    let end = 0;
    for (const found of line.matchAll(REFERENCE)) {
      const before = plainText(line.slice(end, found.index)).replace(/^[\s,)]+|[\s:(]+$/g, "");
      refs[found[1]] ??= { label: before, format: found[3] ?? "" };
      end = found.index + found[0].length;
    }
    const say = (/** @type {Loose} */ trace, /** @type {number} */ at) =>
      plainText(line.replace(REFERENCE, (_, name, index) => {
        const value = Array.isArray(trace[name]) ? trace[name][at] : trace[name];
        const cell = index === undefined ? value : value?.[Number(index)];
        return typeof cell === "number" ? written(cell) : String(cell ?? "");
      }));
    const lead = plainText(line.slice(0, line.indexOf("%{"))).replace(/[\s:(]+$/, "");
    const plain = /^(<b>)?%\{\w+\}(<\/b>)?$/.test(line);
    return { refs, lead, plain, say };
  });
}

/**
 * In a tree, the label of the point that each point hangs from.
 * @param {{ x: number, y: number, label: string }[]} rows
 * @param {Loose[]} segments lines of three places, from a point to the one that hangs from it, apart by gaps
 * @returns {string[] | null} `null` when the lines are no tree
 */
function origins(rows, segments) {
  const at = new Map(rows.map((row) => [`${row.x} ${row.y}`, row.label]));
  /** @type {Map<string, string>} */
  const parents = new Map();
  for (const { x, y } of segments) {
    let start = 0;
    for (let end = 0; end <= x.length; end += 1) {
      if (end < x.length && x[end] !== null) continue;
      if (end > start) {
        const child = `${x[end - 1]} ${y[end - 1]}`;
        if (at.get(child)) parents.set(child, at.get(`${x[start]} ${y[start]}`) ?? "the start");
      }
      start = end + 1;
    }
  }
  if (parents.size < rows.length / 2) return null;
  return rows.map((row) => parents.get(`${row.x} ${row.y}`) ?? "");
}
