/**
 * What the explorer shows: the opening sentence as the build ran it, any other as Python in the page runs it. Both come
 * from the same functions, `snippets/explorer/figures.py`.
 */

import { fetchJson, once, viewAddress } from "./paths.js";
import { python } from "./python.js";

/** @typedef {{ shape: number[], values: Float32Array }} Tensor */
/** @typedef {{ text: string, added: string }} Query a sentence, and the ids of the tokens appended to it */
/**
 * @typedef {object} Said what every answer says of the text
 * @property {number[]} ids
 * @property {string[]} labels
 * @property {number} added how many tokens, at the end, were appended
 * @property {string} [note]
 */
/**
 * @typedef {object} OwnBlock
 * @property {number} layer
 * @property {number} heads
 * @property {number} groups
 * @property {Record<string, Tensor>} tensors
 * @property {Record<string, Tensor>} gains
 * @property {number} epsilon
 */
/** @typedef {Said & OwnBlock} Block */
/**
 * @typedef {object} OwnReadout
 * @property {Record<string, Tensor>} tensors
 * @property {Record<string, Tensor>} gains
 * @property {number} epsilon
 * @property {number[][]} best ids of the tokens with the highest logits, after each token read
 * @property {{ features: number[][][], weights: Tensor }} terms of each of these the largest products
 * @property {string[]} vocabulary
 */
/** @typedef {Said & OwnReadout} Readout */

const SLUG = "explorer";
const KEPT = 24;

/** Python refused, or could not be had. */
export class Refusal extends Error {}

/** @param {{ shape: number[], scale: number, data: string }} packed @returns {Tensor} */
export function unpack({ shape, scale, data }) {
  const text = atob(data);
  const count = text.length / 2;
  const values = new Float32Array(count);
  for (let index = 0; index < count; index += 1) {
    const whole = ((text.charCodeAt(count + index) << 24) >> 16) | text.charCodeAt(index);
    values[index] = whole * scale;
  }
  return { shape, values };
}

/** @param {any} value @returns {any} the same with every packed tensor unpacked */
function unpacked(value) {
  if (value === null || typeof value !== "object") return value;
  if (typeof value.data === "string" && Array.isArray(value.shape)) return unpack(value);
  if (Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unpacked(entry)]));
}

export class Source {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.signal = signal;
    /** The sentence the page opens with; known after `open`. */
    this.opening = "";
    /** @type {string[]} */
    this.matrices = [];
    this.layers = 0;
    this.longest = 0;
    /** @type {Map<string, Promise<any>>} */
    this.kept = new Map();
    this.open = once(async () => {
      const { controls } = await fetchJson(viewAddress(`${SLUG}/block`), signal);
      const named = (/** @type {string} */ name) =>
        controls.find((/** @type {{ name: string }} */ control) => control.name === name);
      this.opening = named("text").value;
      this.longest = named("text").maxLength;
      this.layers = named("layer").values.length;
    });
    this.listMatrices = once(async () => {
      const { controls } = await fetchJson(viewAddress(`${SLUG}/matrix`), signal);
      this.matrices = controls.find((/** @type {{ name: string }} */ control) => control.name === "name").values;
    });
  }

  /** @param {Query} query */
  isOpening({ text, added }) {
    return text === this.opening && added === "";
  }

  /** @param {Query} query @param {number} layer from 0 @returns {Promise<Block | null>} `null` when overtaken */
  block(query, layer) {
    return this.once("block", query, { layer }, String(layer));
  }

  /** @param {Query} query @returns {Promise<Readout | null>} `null` when overtaken */
  readout(query) {
    return this.once("readout", query, {}, "opening");
  }

  /** @param {number} layer @param {string} name @returns {Promise<Tensor>} (out, in) */
  async matrix(layer, name) {
    await this.listMatrices();
    const key = `${layer}-${this.matrices.indexOf(name)}`;
    const { weights } = await this.remember(`matrix ${key}`, () =>
      fetchJson(viewAddress(`${SLUG}/matrix`, key), this.signal).then(unpacked),
    );
    return weights;
  }

  /**
   * @param {string} name
   * @param {Query} query
   * @param {Record<string, number>} more
   * @param {string} state
   */
  once(name, query, more, state) {
    const fetched = this.isOpening(query);
    return this.remember(JSON.stringify([name, query, more]), async () => {
      if (fetched) return unpacked(await fetchJson(viewAddress(`${SLUG}/${name}`, state), this.signal));
      await python.open(SLUG);
      const answer = await python.draw(`${SLUG}/${name}`, { ...query, ...more }, { signal: this.signal });
      if (answer.error) throw new Refusal(answer.error.plain);
      if (answer.stopped) throw new Refusal("Python was stopped before the sentence was read.");
      return answer.figure ? unpacked(answer.figure) : null;
    });
  }

  /**
   * The answer to a question, asked once; failures and overtaken questions are forgotten.
   * @param {string} key
   * @param {() => Promise<any>} ask
   */
  remember(key, ask) {
    const known = this.kept.get(key);
    if (known) return known;
    const answer = ask().then(
      (value) => {
        if (value === null) this.kept.delete(key);
        return value;
      },
      (cause) => {
        this.kept.delete(key);
        throw cause;
      },
    );
    this.kept.set(key, answer);
    for (const old of [...this.kept.keys()].slice(0, Math.max(0, this.kept.size - KEPT))) this.kept.delete(old);
    return answer;
  }
}
