/**
 * How each value of the walk came about: the expression with its numbers, worked out again from the tensors it was made
 * of. `value` is what the model made; `again` is what the numbers shown give. A test holds the two together.
 */

/** @typedef {import("./explorer-data.js").Tensor} Tensor */
/** @typedef {import("./explorer-data.js").Block} Block */
/** @typedef {import("./explorer-data.js").Readout} Readout */
/**
 * @typedef {object} View what the reader looks at
 * @property {Block} block
 * @property {Readout} readout
 * @property {number} head
 * @property {number} temperature
 * @property {(name: string) => Tensor | null} matrix weights of the block; `null` while they are fetched
 */
/**
 * @typedef {object} Expression
 * @property {string} name what the value is
 * @property {string} symbols the operation
 * @property {string} numbers the operation with its numbers; empty while something is fetched
 * @property {number} value
 * @property {number} again NaN while something is fetched
 * @property {[string, number | null, number | null][]} sources tensor, row and column (null: all) that it is made of
 */

const WRITTEN = 3; // products written out of a sum

/** @param {number} value @returns {string} about three digits, as the page writes numbers */
export function say(value) {
  if (value === -Infinity) return "−∞";
  const size = Math.abs(value);
  const places = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : size >= 0.09995 ? 3 : size >= 0.001 ? 4 : 6;
  const text = size < 5e-7 ? "0" : size.toFixed(places);
  return value < 0 && text !== "0" ? `−${text}` : text;
}

/** @param {number} value @returns {string} as short as fits under a swatch */
export function brief(value) {
  const size = Math.abs(value);
  const text = size.toFixed(size >= 9.95 ? 0 : size >= 0.995 ? 1 : 2);
  return value < 0 && Number(text) ? `−${text}` : text;
}

/** @param {number} value in brackets when negative */
const inside = (value) => (value < 0 ? `(${say(value)})` : say(value));

/** @param {Tensor} tensor @param {number} row @param {number} column */
export function at(tensor, row, column) {
  return tensor.values[row * tensor.shape[tensor.shape.length - 1] + column];
}

/** @param {Tensor} tensor (H, T, T) @param {number} head @param {number} row @param {number} column */
export function atHead(tensor, head, row, column) {
  const [, rows, columns] = tensor.shape;
  return tensor.values[(head * rows + row) * columns + column];
}

/** @param {Tensor} tensor @param {number} row @returns {Float32Array} */
export function rowOf(tensor, row) {
  const width = tensor.shape[tensor.shape.length - 1];
  return tensor.values.subarray(row * width, (row + 1) * width);
}

/** @param {View} view @returns {{ width: number, group: number, perGroup: number }} */
export function headSizes({ block, head }) {
  const width = block.tensors.queries.shape[1] / block.heads;
  const perGroup = block.heads / block.groups;
  return { width, perGroup, group: Math.floor(head / perGroup) };
}

/**
 * A sum of products with the largest written out.
 * @param {ArrayLike<number>} left
 * @param {ArrayLike<number>} right
 * @returns {{ text: string, sum: number }}
 */
function sumOfProducts(left, right) {
  const products = Array.from(left, (value, index) => value * right[index]);
  const sum = products.reduce((total, product) => total + product, 0);
  const order = products.map((_, index) => index).sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]));
  const shown = order.slice(0, products.length > WRITTEN + 1 ? WRITTEN : products.length);
  const terms = shown.map((index) => `${inside(left[index])}·${inside(right[index])}`);
  const rest = products.length - shown.length;
  if (rest) {
    const others = sum - shown.reduce((total, index) => total + products[index], 0);
    terms.push(`${inside(others)} from the ${rest} others`);
  }
  return { text: terms.join(" + "), sum };
}

/** @param {number} value */
const sigmoid = (value) => 1 / (1 + Math.exp(-value));

/** @param {Float32Array} row @param {number} epsilon */
function rootMeanSquare(row, epsilon) {
  return Math.sqrt(row.reduce((total, value) => total + value * value, 0) / row.length + epsilon);
}

/**
 * @param {string} from
 * @param {Tensor} output
 * @param {Tensor} input
 * @param {Tensor} gain
 * @param {number} epsilon
 * @param {number} row
 * @param {number} column
 * @returns {Omit<Expression, "name">}
 */
function norm(from, output, input, gain, epsilon, row, column) {
  const size = rootMeanSquare(rowOf(input, row), epsilon);
  const x = at(input, row, column);
  const again = (x / size) * gain.values[column];
  return {
    symbols: "x / √(mean(x²) + ε) · gain",
    numbers: `${say(x)} / ${say(size)} · ${inside(gain.values[column])}`,
    value: at(output, row, column),
    again,
    sources: [[from, row, null]],
  };
}

/**
 * @param {View} view
 * @param {string} matrix
 * @param {string} letter of the matrix in formulas
 * @param {string} to
 * @param {string} from
 * @param {number} row
 * @param {number} column
 * @returns {Omit<Expression, "name">}
 */
function linear(view, matrix, letter, to, from, row, column) {
  const { tensors } = view.block;
  const weights = view.matrix(matrix);
  const input = rowOf(tensors[from], row);
  const found = weights && sumOfProducts(input, rowOf(weights, column));
  return {
    symbols: `Σ input · ${letter}, ${input.length} products`,
    numbers: found ? found.text : "",
    value: at(tensors[to], row, column),
    again: found ? found.sum : NaN,
    sources: [[from, row, null]],
  };
}

/**
 * @param {Tensor} output
 * @param {Tensor} one
 * @param {Tensor} other
 * @param {string[]} names
 * @param {number} row
 * @param {number} column
 * @returns {Omit<Expression, "name">}
 */
function sum(output, one, other, names, row, column) {
  const [a, b] = [at(one, row, column), at(other, row, column)];
  return {
    symbols: `${names[2]} + ${names[3]}`,
    numbers: `${say(a)} + ${inside(b)}`,
    value: at(output, row, column),
    again: a + b,
    sources: [
      [names[0], row, column],
      [names[1], row, column],
    ],
  };
}

/**
 * @param {View} view
 * @param {"queries" | "keys"} which
 * @param {number} row
 * @param {number} column
 * @returns {Omit<Expression, "name">}
 */
function turned(view, which, row, column) {
  const { tensors } = view.block;
  const { width } = headSizes(view);
  const base = column - (column % width);
  const place = column % width;
  const half = width / 2;
  const pair = place % half;
  const angle = row * 10_000 ** (-pair / half);
  const first = at(tensors[which], row, base + pair);
  const second = at(tensors[which], row, base + pair + half);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const upper = place < half;
  const again = upper ? first * cosine - second * sine : second * cosine + first * sine;
  const degrees = `${say(angle)} rad`;
  return {
    symbols: upper
      ? `a · cos θ − b · sin θ, θ = position ${row} · 10000^(−${pair}/${half}) = ${degrees}`
      : `b · cos θ + a · sin θ, θ = position ${row} · 10000^(−${pair}/${half}) = ${degrees}`,
    numbers: upper
      ? `${say(first)}·${inside(cosine)} − ${inside(second)}·${inside(sine)}`
      : `${say(second)}·${inside(cosine)} + ${inside(first)}·${inside(sine)}`,
    value: at(tensors[`turned_${which}`], row, column),
    again,
    sources: [
      [which, row, base + pair],
      [which, row, base + pair + half],
    ],
  };
}

/** @param {View} view @param {number} row @param {number} column @returns {Omit<Expression, "name">} */
function score(view, row, column) {
  const { tensors } = view.block;
  const { width, group } = headSizes(view);
  const query = rowOf(tensors.turned_queries, row).subarray(view.head * width, (view.head + 1) * width);
  const key = rowOf(tensors.turned_keys, column).subarray(group * width, (group + 1) * width);
  const { text, sum: total } = sumOfProducts(query, key);
  return {
    symbols: `q · k / √${width}`,
    numbers: `(${text}) / ${say(Math.sqrt(width))}`,
    value: atHead(tensors.scores, view.head, row, column),
    again: total / Math.sqrt(width),
    sources: [
      ["turned_queries", row, null],
      ["turned_keys", column, null],
    ],
  };
}

/** @param {View} view @param {number} row @param {number} column @returns {Omit<Expression, "name">} */
function weight(view, row, column) {
  const { tensors } = view.block;
  const value = atHead(tensors.weights, view.head, row, column);
  /** @type {Expression["sources"]} */
  const sources = [["masked", row, null]];
  if (column > row) {
    const symbols = "exp(score − largest) / Σ exp";
    return { symbols, numbers: `exp(−∞) / Σ exp`, value, again: 0, sources };
  }
  const scores = Array.from({ length: row + 1 }, (_, index) => atHead(tensors.scores, view.head, row, index));
  const largest = Math.max(...scores);
  const total = scores.reduce((added, one) => added + Math.exp(one - largest), 0);
  const own = Math.exp(scores[column] - largest);
  return {
    symbols: "exp(score − largest) / Σ exp",
    numbers: `exp(${say(scores[column])} − ${inside(largest)}) / ${say(total)} = ${say(own)} / ${say(total)}`,
    value,
    again: own / total,
    sources,
  };
}

/** @param {View} view @param {number} row @param {number} column @returns {Omit<Expression, "name">} */
function mix(view, row, column) {
  const { tensors } = view.block;
  const { width, perGroup } = headSizes(view);
  const head = Math.floor(column / width);
  const source = Math.floor(head / perGroup) * width + (column % width);
  const weights = Array.from({ length: row + 1 }, (_, index) => atHead(tensors.weights, head, row, index));
  const values = weights.map((_, index) => at(tensors.values, index, source));
  const { text, sum: total } = sumOfProducts(weights, values);
  return {
    symbols: `Σ weight · value, over ${row + 1} ${row ? "tokens" : "token"}`,
    numbers: text,
    value: at(tensors.mixed, row, column),
    again: total,
    sources: [
      ["weights", row, null],
      ["values", null, source],
    ],
  };
}

/** @param {View} view @param {number} row @param {number} column @returns {Omit<Expression, "name">} */
function inner(view, row, column) {
  const { tensors } = view.block;
  const gate = at(tensors.gate, row, column);
  const up = at(tensors.up, row, column);
  const open = sigmoid(gate);
  return {
    symbols: "silu(gate) · up, silu(z) = z · σ(z)",
    numbers: `${say(gate)}·${say(open)} · ${inside(up)}`,
    value: at(tensors.inner, row, column),
    again: gate * open * up,
    sources: [
      ["gate", row, column],
      ["up", row, column],
    ],
  };
}

/** @param {View} view @param {number} row @param {number} id @returns {Omit<Expression, "name">} */
function logit({ readout }, row, id) {
  const value = at(readout.tensors.logits, row, id);
  const place = readout.best[row].indexOf(id);
  const width = readout.tensors.final.shape[1];
  const features = place < 0 ? [] : readout.terms.features[row][place];
  const [, bars, count] = readout.terms.weights.shape;
  const start = (row * bars + place) * count;
  const products = features.map((feature, index) => {
    const x = at(readout.tensors.final, row, feature);
    const w = readout.terms.weights.values[start + index];
    return { text: `${inside(x)}·${inside(w)}`, product: x * w };
  });
  const rest = value - products.reduce((total, { product }) => total + product, 0);
  const terms = [...products.map(({ text }) => text), `${inside(rest)} from the ${width - features.length} others`];
  return {
    symbols: `Σ x · embedding, ${width} products`,
    numbers: terms.join(" + "),
    value,
    again: value,
    sources: [["final", row, null]],
  };
}

/**
 * Probabilities of the next token at a temperature.
 * @param {Readout} readout
 * @param {number} row
 * @param {number} temperature
 * @returns {{ probabilities: Float32Array, largest: number, total: number }}
 */
export function nextToken(readout, row, temperature) {
  const logits = rowOf(readout.tensors.logits, row);
  let largest = -Infinity;
  for (const value of logits) largest = Math.max(largest, value);
  const powers = logits.map((value) => Math.exp((value - largest) / temperature));
  const total = powers.reduce((added, value) => added + value, 0);
  return { probabilities: powers.map((value) => value / total), largest, total };
}

/** @param {View} view @param {number} row @param {number} id @returns {Omit<Expression, "name">} */
function probability({ readout, temperature }, row, id) {
  const { probabilities, largest, total } = nextToken(readout, row, temperature);
  const value = at(readout.tensors.logits, row, id);
  const heat = temperature === 1 ? "" : ` / ${say(temperature)}`;
  const difference = temperature === 1 ? `${say(value)} − ${inside(largest)}` : `(${say(value)} − ${inside(largest)})${heat}`;
  return {
    symbols: `exp(${temperature === 1 ? "logit − largest" : "(logit − largest) / temperature"}) / Σ exp`,
    numbers: `exp(${difference}) / ${say(total)}`,
    value: probabilities[id],
    again: Math.exp((value - largest) / temperature) / total,
    sources: [],
  };
}

/**
 * @param {string} symbols
 * @param {string} numbers
 * @param {number} value
 * @returns {Omit<Expression, "name">} of a value that is looked up, not computed
 */
function given(symbols, numbers, value) {
  return { symbols, numbers, value, again: value, sources: [] };
}

/** @type {Record<string, (view: View, row: number, column: number) => Omit<Expression, "name">>} */
const WORK = {
  stream: ({ block }, row, column) => {
    const value = at(block.tensors.stream, row, column);
    return block.layer
      ? given(`what block ${block.layer} left`, "", value)
      : given(`row ${block.ids[row]} of the embedding matrix, feature ${column}`, "looked up", value);
  },
  normed: ({ block }, row, column) => {
    const { tensors, gains, epsilon } = block;
    return norm("stream", tensors.normed, tensors.stream, gains.normed, epsilon, row, column);
  },
  queries: (view, row, column) => linear(view, "queries", "W_Q", "queries", "normed", row, column),
  keys: (view, row, column) => linear(view, "keys", "W_K", "keys", "normed", row, column),
  values: (view, row, column) => linear(view, "values", "W_V", "values", "normed", row, column),
  turned_queries: (view, row, column) => turned(view, "queries", row, column),
  turned_keys: (view, row, column) => turned(view, "keys", row, column),
  scores: score,
  masked: (view, row, column) => {
    const value = atHead(view.block.tensors.scores, view.head, row, column);
    const hidden = column > row;
    return {
      symbols: hidden ? `position ${column} comes after ${row}: hidden` : `position ${column} is not after ${row}: kept`,
      numbers: hidden ? `${say(value)} becomes −∞` : say(value),
      value: hidden ? -Infinity : value,
      again: hidden ? -Infinity : value,
      sources: [["scores", row, column]],
    };
  },
  weights: weight,
  mixed: mix,
  attended: (view, row, column) => linear(view, "output", "W_O", "attended", "mixed", row, column),
  between: ({ block: { tensors } }, row, column) =>
    sum(tensors.between, tensors.stream, tensors.attended, ["stream", "attended", "x", "attention"], row, column),
  normed_again: ({ block }, row, column) => {
    const { tensors, gains, epsilon } = block;
    return norm("between", tensors.normed_again, tensors.between, gains.normed_again, epsilon, row, column);
  },
  gate: (view, row, column) => linear(view, "gate", "W_gate", "gate", "normed_again", row, column),
  up: (view, row, column) => linear(view, "up", "W_up", "up", "normed_again", row, column),
  inner,
  thought: (view, row, column) => linear(view, "down", "W_down", "thought", "inner", row, column),
  result: ({ block: { tensors } }, row, column) =>
    sum(tensors.result, tensors.between, tensors.thought, ["between", "thought", "x", "feed-forward"], row, column),
  last: ({ readout }, row, column) => given("what the last block left", "", at(readout.tensors.last, row, column)),
  final: ({ readout: { tensors, gains, epsilon } }, row, column) =>
    norm("last", tensors.final, tensors.last, gains.final, epsilon, row, column),
  logits: logit,
  probabilities: probability,
};

/** What one value of each tensor is called; `(token, other)` are labels, the rest numbers. */
const NAMES = {
  stream: "residual stream",
  normed: "normed",
  queries: "query",
  keys: "key",
  values: "value",
  turned_queries: "turned query",
  turned_keys: "turned key",
  scores: "score",
  masked: "masked score",
  weights: "attention weight",
  mixed: "mix",
  attended: "attention’s output",
  between: "residual stream",
  normed_again: "normed",
  gate: "gate",
  up: "up",
  inner: "inner feature",
  thought: "feed-forward’s output",
  result: "residual stream",
  last: "residual stream",
  final: "last norm",
  logits: "logit",
  probabilities: "probability",
};

/** Every tensor of the walk that has an expression. */
export const TENSORS = /** @type {(keyof typeof NAMES)[]} */ (Object.keys(NAMES));

/**
 * The expression behind a value.
 * @param {string} tensor one of `TENSORS`
 * @param {View} view
 * @param {number} row position of the token
 * @param {number} column feature; the token looked at; or an id of the vocabulary
 * @returns {Expression}
 */
export function express(tensor, view, row, column) {
  const { labels } = view.block;
  const name = NAMES[/** @type {keyof typeof NAMES} */ (tensor)];
  const { width } = headSizes(view);
  const inHead = `head ${Math.floor(column / width) + 1}, feature ${column % width}`;
  const where = ["scores", "masked", "weights"].includes(tensor)
    ? `${labels[row]} → ${labels[column]}, head ${view.head + 1}`
    : ["logits", "probabilities"].includes(tensor)
      ? `${view.readout.vocabulary[column]} after ${labels[row]}`
      : ["queries", "turned_queries", "mixed"].includes(tensor)
        ? `${labels[row]}, ${inHead}`
        : ["keys", "values", "turned_keys"].includes(tensor)
          ? `${labels[row]}, ${inHead.replace("head", "key-value head")}`
          : `${labels[row]}, feature ${column}`;
  return { name: `${name} (${where})`, ...WORK[tensor](view, row, column) };
}
