/**
 * An edited cell in the address: `#edit=<cell>~<text>`. The text is compressed where the browser can, and is only ever
 * shown; nothing here runs it.
 */

/** Longest text taken from an address, in characters: many times the longest cell. */
export const LONGEST = 20_000;
const TOO_LONG = "This link carries an edited cell that is too long to be one of this page's.";
const PREFIX = "#edit=";
const COMPRESSED = "z";
const PLAIN = "p";

/** @typedef {{ cell: string, text: string }} SharedEdit */

/** @param {string} cell @param {string} text @returns {Promise<string>} the fragment, `#` included */
export async function encodeEdit(cell, text) {
  const bytes = new TextEncoder().encode(text);
  const packed = typeof CompressionStream === "function" ? await through(bytes, new CompressionStream("deflate-raw")) : null;
  const body = packed && packed.length < bytes.length ? COMPRESSED + toBase64(packed) : PLAIN + toBase64(bytes);
  return `${PREFIX}${encodeURIComponent(cell)}~${body}`;
}

/**
 * The edit an address carries.
 * @param {string} fragment `location.hash`
 * @returns {Promise<SharedEdit | null>} `null` when the address carries none
 * @throws {Error} in plain words, when it carries one that cannot be read
 */
export async function decodeEdit(fragment) {
  if (!fragment.startsWith(PREFIX)) return null;
  if (fragment.length > LONGEST * 12) throw new Error(TOO_LONG);
  const [name, body] = fragment.slice(PREFIX.length).split("~", 2);
  let cell;
  let text;
  try {
    cell = decodeURIComponent(name);
    const bytes = fromBase64((body ?? "").slice(1));
    const plain = body[0] === COMPRESSED ? await through(bytes, new DecompressionStream("deflate-raw"), LONGEST * 4) : bytes;
    text = new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch (cause) {
    throw new Error("This link carries an edited cell that cannot be read: it was cut short or changed on the way.", { cause });
  }
  if (text.length > LONGEST) throw new Error(TOO_LONG);
  return { cell, text: harmless(text) };
}

/**
 * Drops what has no place in code and could mislead the eye: control characters and those that reorder text.
 * @param {string} text
 */
function harmless(text) {
  return text.replace(/\r\n?/g, "\n").replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]/gu, "");
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {CompressionStream | DecompressionStream} stream
 * @param {number} [most] give up beyond this many bytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function through(bytes, stream, most = Infinity) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) throw new Error("too long");
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** @param {Uint8Array} bytes @returns {string} base64 with the alphabet of addresses, unpadded */
function toBase64(bytes) {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}
