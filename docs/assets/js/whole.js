/**
 * Whether a file is the one that the build made: its size, and a hash of it. What arrives damaged, cut short or in the
 * place of another is never used. Hashes of the files that start Python are taken beside their arrival, by the browser,
 * which offers that over https and on localhost; elsewhere gzip's own sums must do.
 */

/** @typedef {{ url: string, bytes: number, crc32?: number }} Entry */

const NAMED = /\.([0-9a-f]{12})\./; // the file's name carries the beginning of its SHA-256
const NOT_WHOLE = "It is not the file that this site was built with.";

/**
 * @param {Uint8Array<ArrayBuffer>[]} pieces the file as it is on the server
 * @param {Entry} entry
 * @throws {Error} in plain words
 */
export async function checkStarting(pieces, { url, bytes }) {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length !== bytes) throw new Error(`It has ${length} bytes in place of ${bytes}.`);
  const name = NAMED.exec(url)?.[1];
  if (!name || !globalThis.crypto?.subtle) return;
  const digest = await crypto.subtle.digest("SHA-256", pieces.length === 1 ? pieces[0] : joined(pieces, length));
  const hash = [...new Uint8Array(digest, 0, name.length / 2)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hash !== name) throw new Error(NOT_WHOLE);
}

/** @param {Uint8Array<ArrayBuffer>[]} pieces @param {number} length @returns {Uint8Array<ArrayBuffer>} */
function joined(pieces, length) {
  const whole = new Uint8Array(length);
  let end = 0;
  for (const piece of pieces) {
    whole.set(piece, end);
    end += piece.length;
  }
  return whole;
}

/** @param {Uint8Array} content @param {Entry} entry @returns {boolean} whether a file that is fetched late is whole */
export function isWhole(content, { bytes, crc32 }) {
  return content.length === bytes && (crc32 === undefined || crc32 === sumOf(content));
}

/**
 * @param {Uint8Array} content a pack as it is unpacked: header length, JSON of [path, size], bytes
 * @returns {boolean}
 */
export function isPack(content) {
  try {
    const start = 4 + new DataView(content.buffer, content.byteOffset).getUint32(0, true);
    const files = JSON.parse(new TextDecoder().decode(content.subarray(4, start)));
    return files.reduce((/** @type {number} */ sum, /** @type {[string, number]} */ [, size]) => sum + size, start) === content.length;
  } catch {
    return false;
  }
}

const TABLE = new Int32Array(256).map((_, index) => {
  let sum = index;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

/** @param {Uint8Array} content @returns {number} its CRC-32, as gzip has it */
function sumOf(content) {
  let sum = -1;
  for (let index = 0; index < content.length; index += 1) sum = (sum >>> 8) ^ TABLE[(sum ^ content[index]) & 255];
  return ~sum >>> 0;
}
