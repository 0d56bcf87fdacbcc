/**
 * What Plotly's image trace asks of Node's Buffer: the bytes of a base64 text.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function Buffer(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
