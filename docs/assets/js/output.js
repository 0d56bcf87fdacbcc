/** What a cell printed, returned or failed with. Everything the reader's code says is text, never markup. */

import { make, perFrame } from "./dom.js";
import { drawShown, shownElement } from "./shown.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").PythonError} PythonError */

/** The most a cell shows; code that prints without end must not take the tab with it. */
const MOST = 100_000;

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
    this.dropped = 0;
    /** @type {HTMLPreElement | null} */
    this.stream = null;
    this.flush = perFrame(() => this.render());
  }

  clear() {
    this.text = "";
    this.dropped = 0;
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
    const room = MOST - this.text.length;
    this.text += text.slice(0, room);
    this.dropped += Math.max(0, text.length - room);
    this.flush();
  }

  render() {
    if (!this.text) return;
    if (!this.stream?.isConnected) {
      this.stream = make("pre", { class: "atlas-output__stream", tabindex: 0, "aria-label": "Output" });
      this.host.prepend(this.stream);
    }
    const rest = this.dropped ? `\n… and ${this.dropped.toLocaleString("en")} more characters` : "";
    this.stream.textContent = this.text + rest;
  }

  /** The value of the cell's last expression. @param {string} value */
  result(value) {
    this.render();
    this.host.append(make("pre", { class: "atlas-output__result", tabindex: 0, "aria-label": "Result" }, value));
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
