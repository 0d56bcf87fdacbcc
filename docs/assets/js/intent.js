/** Python starts when the reader means to use it: a pointer that moves over a control or a cell, or the focus on one. */

/**
 * Calls `meant` when the reader's pointer or focus comes to `element`. A page scrolled under a resting pointer does not
 * count, nor does a mouse passing over when the reader asked the browser to save data.
 * @param {HTMLElement} element
 * @param {() => void} meant
 * @param {AbortSignal} signal
 */
export function onIntent(element, meant, signal) {
  element.addEventListener("focusin", meant, { signal });
  element.addEventListener("pointerdown", meant, { signal });
  const connection = /** @type {any} */ (navigator).connection;
  if (connection?.saveData) return;
  element.addEventListener(
    "pointermove",
    (event) => {
      if (event.pointerType === "mouse" && (event.movementX || event.movementY)) meant();
    },
    { signal, passive: true },
  );
}
