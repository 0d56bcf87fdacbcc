/** What a cell printed, returned or failed with. Everything the reader's code says is text, never markup. */

import { make, makeButton, perFrame } from "./dom.js";
import { drawShown, shownElement } from "./shown.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").PythonError} PythonError */

/** What a cell shows at once, in characters; the reader asks for more. Python passes on ten times as much at most. */
const PIECE = 20_000;
const LITTLE = 500; // is not worth a button
const MOST = 400_000; // kept, whatever arrives: code that prints without end must not take the tab with it

export class Output {
  /**
   * @param {HTMLElement} host the cell's `[data-output]`; what the build's own run left in it can be had back
   * @param {Page} page
   */
  constructor(host, page) {
    this.host = host;
    this.page = page;
    this.built = [...host.childNodes];
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll("[data-shown]"))) {
      drawShown(element, JSON.parse(element.dataset.shown ?? ""), page);
    }
    this.text = "";
    /** @type {ReturnType<typeof unfolding> | null} */
    this.stream = null;
    this.flush = perFrame(() => this.render());
  }

  clear() {
    this.text = "";
    this.stream = null;
    this.host.replaceChildren();
  }

  /** Shows what the build's run left here. */
  restore() {
    this.clear();
    this.host.append(...this.built);
  }

  /** Adds printed text. @param {string} text */
  print(text) {
    this.text += text.slice(0, MOST - this.text.length);
    this.flush();
  }

  render() {
    if (!this.text) return;
    if (!this.stream?.block.isConnected) {
      this.stream = unfolding({ class: "atlas-output__stream", "aria-label": "Output" });
      this.host.prepend(this.stream.block, this.stream.more);
    }
    this.stream.show(this.text);
  }

  /** The value of the cell's last expression. @param {string} value */
  result(value) {
    this.render();
    const shown = unfolding({ class: "atlas-output__result", "aria-label": "Result" });
    this.host.append(shown.block, shown.more);
    shown.show(value);
  }

  /** The figure that the cell's last expression shows. @param {import("./types.js").ShownFigure} shown */
  plot(shown) {
    this.render();
    const element = shownElement(shown);
    this.host.append(element);
    drawShown(element, shown, this.page);
  }

  /** One line about what happened. @param {...(Node | string)} content */
  note(...content) {
    this.render();
    const note = make("p", { class: "atlas-output__note" }, ...content);
    this.host.append(note);
    return note;
  }

  /** The failure in plain words, the reader's own line, then the traceback, folded. @param {PythonError} error */
  error(error) {
    this.render();
    const box = make("div", { class: "atlas-output__error" });
    box.append(make("p", { class: "atlas-output__plain" }, error.plain));
    if (error.line) {
      box.append(
        make(
          "p",
          { class: "atlas-output__line" },
          make("span", { "aria-label": `Line ${error.line}`, role: "img" }, String(error.line)),
          make("code", {}, (error.source ?? "").trim()),
        ),
      );
    }
    if (error.traceback) {
      box.append(
        make(
          "details",
          {},
          make("summary", {}, error.type ? `Traceback (${error.type})` : "Traceback"),
          make("pre", { tabindex: 0, "aria-label": "Traceback" }, error.traceback),
        ),
      );
    }
    this.host.append(box);
  }
}

/**
 * A block of text of which only the beginning is shown, and a button under it that shows more.
 * @param {Record<string, string>} attributes
 */
function unfolding(attributes) {
  const block = make("pre", { ...attributes, tabindex: 0 });
  let text = "";
  let room = PIECE;
  const more = makeButton("Show more", () => {
    room += PIECE;
    draw();
    block.focus();
  });
  const draw = () => {
    const rest = text.length < room + LITTLE ? 0 : text.length - room;
    const shown = rest ? text.slice(0, room) : text;
    if (block.textContent !== shown) block.textContent = shown;
    more.hidden = rest <= 0;
    more.textContent = `Show more (${rest.toLocaleString("en")} characters)`;
  };
  const show = (/** @type {string} */ given) => {
    text = given;
    draw();
  };
  return { block, more, show };
}
