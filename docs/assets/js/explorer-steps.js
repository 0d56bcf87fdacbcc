/** The walk: its steps in order, and the tensors that each of them shows. */

import { at, atHead, headSizes, nextToken } from "./explorer-expressions.js";

/** @typedef {import("./explorer-data.js").Tensor} Tensor */
/** @typedef {import("./explorer-expressions.js").View} View */
/**
 * @typedef {object} Panel one tensor, or a piece of one, as it is drawn
 * @property {string} tensor its key, known to `express`
 * @property {string} title
 * @property {string} sign the operation that stands before it
 * @property {"wide" | "head" | "square" | "strip" | "dials"} form
 * @property {number[]} rows positions of the tokens that are its rows
 * @property {number} columns
 * @property {number} offset column of the tensor that is its first
 * @property {string} shape
 * @property {(row: number, column: number) => number} value row and column of the tensor; −∞ where masked
 * @property {"diverging" | "sequential"} scale
 * @property {number} bands width of the heads it is made of; 0 when it has none
 * @property {number} chosen the band of the chosen head; −1 for none
 */
/**
 * @typedef {object} Step
 * @property {string} id
 * @property {string} name
 * @property {"before" | "block" | "after"} part
 * @property {string} formula
 * @property {(view: View, token: number) => Panel[]} panels the last `outputs` of them are what the step makes
 * @property {number} outputs
 * @property {"logits" | "probabilities"} [bars] shown as bars, not as panels
 */

/** @param {View} view @param {string} name @returns {Tensor} */
function tensorOf({ block, readout }, name) {
  return block.tensors[name] ?? readout.tensors[name];
}

/** @param {number} count */
const upTo = (count) => Array.from({ length: count }, (_, index) => index);

/**
 * A tensor of one vector a token.
 * @param {View} view
 * @param {string} tensor
 * @param {string} title
 * @param {Partial<Panel>} [more]
 * @returns {Panel}
 */
function wide(view, tensor, title, more = {}) {
  const found = tensorOf(view, tensor);
  const [rows, columns] = found.shape;
  return {
    tensor,
    title,
    sign: "",
    form: "wide",
    rows: upTo(rows),
    columns,
    offset: 0,
    shape: `${rows} × ${columns}`,
    value: (row, column) => at(found, row, column),
    scale: "diverging",
    bands: 0,
    chosen: -1,
    ...more,
  };
}

/**
 * One token's vector.
 * @param {View} view
 * @param {string} tensor
 * @param {string} title
 * @param {number} token
 * @param {Partial<Panel>} [more]
 */
function strip(view, tensor, title, token, more = {}) {
  const whole = wide(view, tensor, title);
  return { ...whole, form: /** @type {const} */ ("strip"), rows: [token], shape: `${whole.columns}`, ...more };
}

/**
 * One head's part of a tensor.
 * @param {View} view
 * @param {string} tensor
 * @param {string} title
 * @param {boolean} shared whether several heads share it, as they do keys and values
 * @param {Partial<Panel>} [more]
 * @returns {Panel}
 */
function ofHead(view, tensor, title, shared, more = {}) {
  const { width, group } = headSizes(view);
  const whole = wide(view, tensor, title);
  const offset = (shared ? group : view.head) * width;
  const shape = `${whole.rows.length} × ${width}`;
  return { ...whole, form: "head", columns: width, offset, shape: more.rows ? `${width}` : shape, ...more };
}

/**
 * Who looks at whom, in the chosen head.
 * @param {View} view
 * @param {string} tensor
 * @param {string} title
 * @param {Partial<Panel>} [more]
 */
function square(view, tensor, title, more = {}) {
  const found = view.block.tensors[tensor === "masked" ? "scores" : tensor];
  const [, rows, columns] = found.shape;
  const hidden = tensor !== "scores";
  const whole = wide(view, "stream", title);
  return {
    ...whole,
    tensor,
    form: /** @type {const} */ ("square"),
    columns,
    shape: `${rows} × ${columns}`,
    value: (/** @type {number} */ row, /** @type {number} */ column) =>
      hidden && column > row ? -Infinity : atHead(found, view.head, row, column),
    ...more,
  };
}

/** @param {View} view @param {"queries" | "keys"} which @param {number} token */
function dials(view, which, token) {
  const panel = ofHead(view, `turned_${which}`, which === "queries" ? "the query’s pairs" : "the key’s pairs", which === "keys");
  const columns = panel.columns / 2;
  return { ...panel, form: /** @type {const} */ ("dials"), rows: [token], columns, shape: `${columns} pairs` };
}

/** @param {View} view */
function banded(view) {
  return { bands: headSizes(view).width, chosen: view.head };
}

/** @param {View} view */
function bandedShared(view) {
  const { width, group } = headSizes(view);
  return { bands: width, chosen: group };
}

/** @type {Step[]} */
export const STEPS = [
  {
    id: "embedding",
    name: "Embedding",
    part: "before",
    formula: "x = E[id]",
    outputs: 1,
    panels: (view) => [wide(view, "stream", "x, one row of E for each token")],
  },
  {
    id: "norm",
    name: "Norm",
    part: "block",
    formula: "h = x / √(mean(x²) + ε) · gain",
    outputs: 1,
    panels: (view, token) => [
      strip(view, "stream", "x, the residual stream", token),
      wide(view, "normed", "h", { sign: "→" }),
    ],
  },
  {
    id: "queries",
    name: "Queries, keys, values",
    part: "block",
    formula: "q = h W_Q,  k = h W_K,  v = h W_V",
    outputs: 3,
    panels: (view, token) => [
      strip(view, "normed", "h", token),
      wide(view, "queries", `queries, ${view.block.heads} heads`, { sign: "→", ...banded(view) }),
      wide(view, "keys", `keys, ${view.block.groups} heads`, { sign: "→", ...bandedShared(view) }),
      wide(view, "values", `values, ${view.block.groups} heads`, { sign: "→", ...bandedShared(view) }),
    ],
  },
  {
    id: "positions",
    name: "Positions",
    part: "block",
    formula: "pair (a, b) → (a cos θ − b sin θ, b cos θ + a sin θ)",
    outputs: 4,
    panels: (view, token) => [
      ofHead(view, "queries", "query", false, { form: "strip", rows: [token] }),
      ofHead(view, "keys", "key", true, { form: "strip", rows: [token] }),
      dials(view, "queries", token),
      dials(view, "keys", token),
      ofHead(view, "turned_queries", "turned queries", false, { sign: "→" }),
      ofHead(view, "turned_keys", "turned keys", true, { sign: "→" }),
    ],
  },
  {
    id: "scores",
    name: "Scores",
    part: "block",
    formula: "score(i → j) = qᵢ · kⱼ / √d",
    outputs: 1,
    panels: (view) => [
      ofHead(view, "turned_queries", "queries", false),
      ofHead(view, "turned_keys", "keys", true, { sign: "·" }),
      square(view, "scores", "scores", { sign: "=" }),
    ],
  },
  {
    id: "mask",
    name: "Mask",
    part: "block",
    formula: "score(i → j) = −∞ where j > i",
    outputs: 1,
    panels: (view) => [square(view, "scores", "scores"), square(view, "masked", "masked scores", { sign: "→" })],
  },
  {
    id: "softmax",
    name: "Softmax",
    part: "block",
    formula: "weight(i → j) = exp score(i → j) / Σ exp score(i → ·)",
    outputs: 1,
    panels: (view) => [
      square(view, "masked", "masked scores"),
      square(view, "weights", "attention weights", { sign: "→", scale: "sequential" }),
    ],
  },
  {
    id: "mix",
    name: "Mix",
    part: "block",
    formula: "mix(i) = Σ weight(i → j) · vⱼ",
    outputs: 1,
    panels: (view) => [
      square(view, "weights", "attention weights", { scale: "sequential" }),
      ofHead(view, "values", "values", true, { sign: "·" }),
      ofHead(view, "mixed", "mix", false, { sign: "=" }),
    ],
  },
  {
    id: "output",
    name: "Output projection",
    part: "block",
    formula: "attention = [head 1 … head H] W_O",
    outputs: 1,
    panels: (view, token) => [
      strip(view, "mixed", `the mixes of ${view.block.heads} heads`, token, banded(view)),
      wide(view, "attended", "attention’s output", { sign: "→" }),
    ],
  },
  {
    id: "residual",
    name: "Residual",
    part: "block",
    formula: "x ← x + attention",
    outputs: 1,
    panels: (view, token) => [
      strip(view, "stream", "x, as it came", token),
      strip(view, "attended", "attention’s output", token, { sign: "+" }),
      wide(view, "between", "x", { sign: "=" }),
    ],
  },
  {
    id: "norm-again",
    name: "Norm",
    part: "block",
    formula: "h = x / √(mean(x²) + ε) · gain",
    outputs: 1,
    panels: (view, token) => [
      strip(view, "between", "x, the residual stream", token),
      wide(view, "normed_again", "h", { sign: "→" }),
    ],
  },
  {
    id: "gate",
    name: "Gate and up",
    part: "block",
    formula: "gate = h W_gate,  up = h W_up",
    outputs: 2,
    panels: (view, token) => [
      strip(view, "normed_again", "h", token),
      wide(view, "gate", "gate", { sign: "→" }),
      wide(view, "up", "up", { sign: "→" }),
    ],
  },
  {
    id: "inner",
    name: "Gated product",
    part: "block",
    formula: "inner = silu(gate) · up",
    outputs: 1,
    panels: (view, token) => [
      strip(view, "gate", "gate", token),
      strip(view, "up", "up", token, { sign: "·" }),
      wide(view, "inner", "inner features", { sign: "=" }),
    ],
  },
  {
    id: "down",
    name: "Down",
    part: "block",
    formula: "feed-forward = inner W_down",
    outputs: 1,
    panels: (view, token) => [
      strip(view, "inner", "inner features", token),
      wide(view, "thought", "feed-forward’s output", { sign: "→" }),
    ],
  },
  {
    id: "residual-again",
    name: "Residual",
    part: "block",
    formula: "x ← x + feed-forward",
    outputs: 1,
    panels: (view, token) => [
      strip(view, "between", "x, as it came", token),
      strip(view, "thought", "feed-forward’s output", token, { sign: "+" }),
      wide(view, "result", "x, on to what follows", { sign: "=" }),
    ],
  },
  {
    id: "last-norm",
    name: "Last norm",
    part: "after",
    formula: "x / √(mean(x²) + ε) · gain",
    outputs: 1,
    panels: (view, token) => [
      strip(view, "last", "x, after all blocks", token),
      wide(view, "final", "normed", { sign: "→" }),
    ],
  },
  {
    id: "logits",
    name: "Logits",
    part: "after",
    formula: "logit(token) = x · E[token]",
    outputs: 0,
    bars: "logits",
    panels: (view, token) => [strip(view, "final", "the last norm’s output", token)],
  },
  {
    id: "next",
    name: "Next token",
    part: "after",
    formula: "p(token) = exp(logit / temperature) / Σ exp(logit / temperature)",
    outputs: 0,
    bars: "probabilities",
    panels: () => [],
  },
];

export const FIRST_OF_BLOCK = STEPS.findIndex((step) => step.part === "block");
export const FIRST_AFTER = STEPS.findIndex((step) => step.part === "after");
export const LAST = STEPS.length - 1;

/**
 * The shape of what a step makes, as the list of steps shows it.
 * @param {Step} step
 * @param {View} view
 * @param {number} token
 */
export function shapeOf(step, view, token) {
  const { block, readout } = view;
  const count = block.ids.length;
  if (step.bars === "logits") return `${count} × ${readout.vocabulary.length}`;
  if (step.bars) return `${readout.vocabulary.length}`;
  const panels = step.panels(view, token);
  const last = panels[panels.length - 1];
  if (last.form === "square") return `${block.heads} × ${count} × ${count}`;
  const whole = tensorOf(view, last.tensor);
  if (step.id === "queries") return `${count} × ${block.tensors.queries.shape[1] + 2 * whole.shape[1]}`;
  if (step.id === "positions") return `${count} × ${block.tensors.queries.shape[1] + whole.shape[1]}`;
  return `${count} × ${whole.shape[1]}`;
}

/**
 * The tokens with the highest logits after a token, best first.
 * @param {View} view
 * @param {number} token
 * @param {"logits" | "probabilities"} kind
 * @returns {{ id: number, label: string, value: number }[]}
 */
export function bars(view, token, kind) {
  const { readout, temperature } = view;
  const { probabilities } = nextToken(readout, token, temperature);
  return readout.best[token].map((id) => ({
    id,
    label: readout.vocabulary[id],
    value: kind === "logits" ? at(readout.tensors.logits, token, id) : probabilities[id],
  }));
}

/**
 * The value of a token's row that the eye begins with: the furthest from zero, or, of who looks at whom, the highest.
 * @param {Panel} panel
 * @param {number} token
 * @returns {[number, number]} row and column of the tensor
 */
export function striking(panel, token) {
  let best = 0;
  let size = -Infinity;
  const [from, to] = panel.chosen < 0 ? [0, panel.columns] : [panel.chosen * panel.bands, (panel.chosen + 1) * panel.bands];
  for (let index = from; index < to; index += 1) {
    const found = panel.value(token, panel.offset + index);
    const value = panel.form === "square" ? found : Math.abs(found);
    if (panel.form === "square" && index > token) break;
    if (Number.isFinite(value) && value > size) [best, size] = [panel.offset + index, value];
  }
  return [token, best];
}
