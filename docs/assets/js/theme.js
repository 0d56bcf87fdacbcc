/**
 * Figures arrive in the light theme's colours; here they take the reader's theme, the page's family accent, and
 * the site's type.
 */

import { GENERATED, once } from "./paths.js";

/** @typedef {import("./types.js").PlotFigure} PlotFigure */
/** @typedef {import("./types.js").Tokens} Tokens */
/** @typedef {{ mode: "light" | "dark", family: string | undefined, width: number }} Setting */

export const loadTokens = once(async () => {
  const module = await import(new URL("tokens.js", GENERATED).href);
  return /** @type {Tokens} */ (module.TOKENS);
});

const NARROW = 480;

let fonts = "";
/** @returns {string} the fonts of the interface; asked of the page once, since asking makes the browser style it */
function interfaceFonts() {
  fonts ||= getComputedStyle(document.body).getPropertyValue("--atlas-sans").trim();
  return fonts;
}

/**
 * What each light colour becomes, by exact match.
 * @param {Tokens} tokens
 * @param {Setting} setting
 * @returns {Map<string, string>}
 */
export function colourMap(tokens, { mode, family }) {
  const map = new Map();
  for (const pair of Object.values(tokens.colours)) map.set(pair.light.toLowerCase(), pair[mode]);
  for (const scale of Object.values(tokens.scales)) {
    scale.light.forEach((colour, index) => map.set(colour.toLowerCase(), scale[mode][index]));
  }
  const accent = family ? tokens.families[family] : undefined;
  if (accent) map.set(tokens.colours.accent.light.toLowerCase(), accent[mode]);
  return map;
}

/**
 * A copy with every mapped colour replaced. Arrays of numbers are shared, not copied: they hold no colour.
 * @param {any} value
 * @param {Map<string, string>} map
 * @returns {any}
 */
export function recoloured(value, map) {
  if (typeof value === "string") return map.get(value.toLowerCase()) ?? value;
  if (Array.isArray(value)) {
    const numbers = typeof value[0] === "number" && typeof value[value.length - 1] === "number";
    return numbers ? value : value.map((item) => recoloured(item, map));
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, recoloured(item, map)]));
  }
  return value;
}

/**
 * The figure as the page shows it.
 * @param {PlotFigure} figure in the light theme's colours
 * @param {Tokens} tokens
 * @param {Setting} setting
 * @returns {PlotFigure} a copy; `figure` is left alone
 */
export function dressed(figure, tokens, setting) {
  const map = colourMap(tokens, setting);
  const colour = /** @param {string} name */ (name) => map.get(tokens.colours[name].light.toLowerCase()) ?? "";
  const narrow = setting.width < NARROW;
  const size = narrow ? 12 : 13;
  const family = interfaceFonts();
  const { data, layout } = recoloured(figure, map);

  const axis = {
    gridcolor: colour("grid"),
    zerolinecolor: colour("grid"),
    linecolor: colour("grid"),
    tickcolor: colour("grid"),
    tickfont: { color: colour("muted"), size: size - 1 },
  };
  const bar = {
    outlinewidth: 0,
    thickness: 10,
    tickfont: { color: colour("muted"), size: size - 1 },
    tickcolor: colour("grid"),
  };
  const ground = {
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family, size, color: colour("ink") },
    colorway: [1, 2, 3, 4, 5, 6].map((index) => colour(`series-${index}`)),
    hoverlabel: {
      bgcolor: colour("surface"),
      bordercolor: colour("grid"),
      font: { family, size, color: colour("ink") },
    },
    legend: { font: { size: size - 1, color: colour("ink") } },
  };

  const worn = under(ground, layout);
  for (const name of new Set(["xaxis", "yaxis", ...Object.keys(layout)])) {
    if (!/^[xy]axis\d*$/.test(name)) continue;
    worn[name] = under(axis, layout[name] ?? {});
    // A finger that scrolls the page must not zoom a plot.
    worn[name].fixedrange = true;
    if (worn[name].title?.text) worn[name].title = under({ font: { size, color: colour("muted") } }, worn[name].title);
  }
  for (const name of Object.keys(layout)) {
    if (/^coloraxis\d*$/.test(name) && worn[name].showscale !== false) {
      worn[name] = { ...worn[name], colorbar: belowTop(under(bar, worn[name].colorbar ?? {})) };
    }
  }
  worn.dragmode = false;
  delete worn.width;
  const traces = data.map((/** @type {any} */ trace) => {
    const scaled = trace.colorbar || (/heatmap|contour/.test(trace.type ?? "") && trace.showscale !== false);
    return scaled ? { ...trace, colorbar: belowTop(under(bar, trace.colorbar ?? {})) } : trace;
  });
  return wordsAsPoints(traces, worn);
}

/** From so many on, words in a plot are drawn as points: Plotly lays out and measures its annotations one by one. */
const MANY_WORDS = 12;
const BESIDE = /** @type {Record<string, string>} */ ({ left: "middle right", right: "middle left" });
const OF_A_WORD = new Set(["x", "y", "text", "showarrow", "xanchor", "font"]);

/**
 * Annotations that are nothing but words at their places become a trace of text, which looks the same.
 * @param {Record<string, any>[]} data
 * @param {Record<string, any>} layout
 * @returns {PlotFigure}
 */
function wordsAsPoints(data, layout) {
  const words = /** @type {Record<string, any>[]} */ (layout.annotations ?? []);
  const plain = words.every((word) => word.showarrow === false && Object.keys(word).every((key) => OF_A_WORD.has(key)));
  const fixed = layout.xaxis.range && layout.yaxis.range; // words widen a range that Plotly chooses
  if (words.length < MANY_WORDS || !plain || !fixed) return { data, layout };
  const each = (/** @type {(word: Record<string, any>) => unknown} */ part) => words.map(part);
  const points = {
    ...{ type: "scatter", mode: "text", hoverinfo: "skip", cliponaxis: false, showlegend: false },
    x: each((word) => word.x),
    y: each((word) => word.y),
    text: each((word) => word.text),
    textposition: each((word) => BESIDE[word.xanchor] ?? "middle center"),
    textfont: {
      size: each((word) => word.font?.size ?? layout.font.size),
      color: each((word) => word.font?.color ?? layout.font.color),
    },
  };
  return { data: [...data, points], layout: { ...layout, annotations: [] } };
}

/**
 * Plotly makes room for a title above a horizontal bar that stands at the very top by moving every title of the
 * figure, the axes' too, whenever it draws again; a hair lower, it does not.
 * @param {Record<string, any>} bar
 */
function belowTop(bar) {
  return bar.orientation === "h" && bar.y >= 1 && bar.y < 1.001 ? { ...bar, y: 0.9999 } : bar;
}

/**
 * `own` over `base`, object by object.
 * @param {Record<string, any>} base
 * @param {Record<string, any>} own
 * @returns {Record<string, any>}
 */
function under(base, own) {
  const result = { ...base };
  for (const [key, value] of Object.entries(own)) {
    const below = result[key];
    const both = isObject(value) && isObject(below);
    result[key] = both ? under(below, value) : value;
  }
  return result;
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
