/**
 * Texts that several figures read, on one page or on many: type in one field, and the others have it too. A text is
 * kept until the reader closes the tab, on the reader's device only.
 */

const KEY = "atlas-shared-";
const announcements = new EventTarget();
/** What was typed during this visit, where the browser refuses to keep anything. @type {Map<string, string>} */
const typed = new Map();

/** @param {string} name @returns {string | null} what the reader typed last; `null` when nothing was typed yet */
export function sharedText(name) {
  try {
    return typed.get(name) ?? sessionStorage.getItem(KEY + name);
  } catch {
    return null;
  }
}

/**
 * Gives a text to everything that shares it, except to `by`.
 * @param {string} name
 * @param {string} text
 * @param {unknown} by who has it already
 */
export function shareText(name, text, by) {
  typed.set(name, text);
  try {
    sessionStorage.setItem(KEY + name, text);
  } catch {
    // Storage is full or blocked: the text lasts until the tab loads another site.
  }
  announcements.dispatchEvent(new CustomEvent(name, { detail: { text, by } }));
}

/**
 * Calls `changed` with each new text, unless `by` gave it.
 * @param {string} name
 * @param {(text: string) => void} changed
 * @param {unknown} by
 * @param {AbortSignal} signal
 */
export function onSharedText(name, changed, by, signal) {
  announcements.addEventListener(
    name,
    (event) => {
      const { detail } = /** @type {CustomEvent<{ text: string, by: unknown }>} */ (event);
      if (detail.by !== by) changed(detail.text);
    },
    { signal },
  );
}
