/** The dialog in which the reader takes the whole atlas along, or removes what is kept of it. */

import { make, makeButton, wordsOf } from "./dom.js";
import { completeCopy, decline, isDeclined, readCopy } from "./offline.js";

const FAULTS = /** @type {Record<string, string>} */ ({
  full: "There is no more room for the atlas in this browser. What was fetched so far is kept; the site works as before.",
  blocked: "This browser keeps nothing for this site: its storage is blocked. With a connection everything works as before.",
  connection: "The connection failed. What was fetched so far is kept; try again to fetch the rest.",
  release: "The atlas has a new release. Reload the page, then try again.",
});

/** @param {number} bytes @returns {string} */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** @type {HTMLDialogElement | null} */
let dialog = null;
const told = make("p", { role: "status" });
const bar = make("progress", { "aria-label": "Fetched", max: 1, value: 0, hidden: true });
const buttons = make("div", { class: "atlas-offline__buttons" });
/** @type {AbortController | null} */
let fetching = null;

/** Opens the dialog and says how much is kept. */
export function openDialog() {
  if (!dialog) {
    const title = make("h2", { id: "atlas-offline" }, "Read without a connection");
    dialog = make("dialog", { class: "atlas-shortcuts atlas-offline", "aria-labelledby": "atlas-offline" }, title, told, bar, buttons);
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog?.close();
    });
    document.body.append(dialog);
  }
  if (!dialog.open) dialog.showModal();
  if (!fetching) show();
}

/** @param {string} text @param {...HTMLButtonElement} choices */
function say(text, ...choices) {
  told.textContent = text;
  const held = buttons.contains(document.activeElement);
  buttons.replaceChildren(...choices, makeButton("Close", () => dialog?.close()));
  if (held) /** @type {HTMLButtonElement} */ (buttons.firstElementChild).focus();
}

/** @param {string} [fault] said first */
async function show(fault = "") {
  const fetchRest = makeButton("Make available offline", () => void complete());
  if (isDeclined()) {
    return say("Nothing is kept on this device, and nothing will be until you ask for it.", fetchRest);
  }
  let copy;
  try {
    copy = await readCopy();
  } catch (error) {
    return say(`${FAULTS.blocked} (${wordsOf(error)})`);
  }
  if (copy.fault) return say(FAULTS[copy.fault]);
  const missing = copy.missing.reduce((sum, [, bytes]) => sum + bytes, 0);
  const remove = makeButton("Remove the offline copy", () => void removeCopy());
  if (!missing) {
    return say(`The whole atlas is on this device, Python included: ${megabytes(copy.kept)}. It works without a connection.`, remove);
  }
  const sizes = `What you open is kept on this device, ${megabytes(copy.kept)} so far. The rest of the atlas, Python included, is ${megabytes(missing)}.`;
  say(fault ? `${FAULTS[fault]} ${megabytes(missing)} are missing.` : sizes, fetchRest, remove);
}

async function complete() {
  const control = new AbortController();
  fetching = control;
  say("Looking for what is missing …", makeButton("Cancel", () => control.abort()));
  let fault = "";
  try {
    const copy = await readCopy();
    const all = copy.missing?.reduce((sum, [, bytes]) => sum + bytes, 0) || 1;
    bar.max = all;
    bar.value = 0;
    bar.hidden = false;
    told.ariaLive = "off"; // not every megabyte is news
    fault = await completeCopy((bytes) => {
      bar.value = bytes;
      if (!control.signal.aborted) told.textContent = `${megabytes(bytes)} of ${megabytes(all)} fetched.`;
    }, control.signal);
  } catch {
    fault = "blocked";
  }
  bar.hidden = true;
  told.ariaLive = "polite";
  fetching = null;
  await show(fault);
}

async function removeCopy() {
  try {
    await decline();
  } catch (error) {
    return say(`The copy could not be removed: ${wordsOf(error)}.`);
  }
  await show();
}
