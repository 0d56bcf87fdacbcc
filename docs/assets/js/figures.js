/**
 * The figures of a page. A figure is drawn when it nears the viewport; its controls then answer from the states the
 * build computed, or, where there are none or the reader has edited the code behind it, from Python in the page.
 *
 * `data-state`: static (as built) → computing → live (the answer to the reader's controls or code) | error.
 * `data-drawn` counts how often the plot was drawn.
 */

import { ControlPanel } from "./controls.js";
import { make, makeButton, perFrame, wordsOf } from "./dom.js";
import { PlotHandle } from "./handle.js";
import { colourMode, onColourMode } from "./lifecycle.js";
import { figureAddress, fetchJson } from "./paths.js";
import { offerData, removePlot, showPlot } from "./plot.js";
import { onPrinting } from "./print.js";
import { showStart } from "./progress.js";
import { python } from "./python.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").FigureSpec} FigureSpec */
/** @typedef {import("./types.js").PlotFigure} PlotFigure */

/** How far ahead of the viewport a figure is drawn, once the reader has begun to move through the page. */
const AHEAD = "600px 0px";
const BEGINNINGS = ["pointermove", "pointerdown", "keydown", "wheel", "scroll"];
/** Until then only what is in sight is fetched: a page that is opened and left costs its reader little. */
let begun = false;
const TOLD_AFTER = 160;

/** Python's answer was an error. */
class Refusal extends Error {
  /** @param {import("./types.js").PythonError} error */
  constructor(error) {
    super(error.plain.replace(/^Figure “[^”]*”, /, "")); // it is said inside the figure
    this.error = error;
  }
}

export class FigureView {
  /**
   * @param {HTMLElement} element
   * @param {Page} page
   * @param {Set<string>} edited modules whose code the reader has changed, shared by the figures of the page
   */
  constructor(element, page, edited) {
    this.element = element;
    this.page = page;
    this.edited = edited;
    this.id = element.dataset.figure ?? "";
    this.uses = (element.dataset.uses ?? "").split(" ").filter(Boolean);
    this.plot = /** @type {HTMLElement} */ (element.querySelector("[data-plot]"));
    this.status = /** @type {HTMLElement} */ (element.querySelector("[data-status]"));
    const form = /** @type {HTMLFormElement | null} */ (element.querySelector("form.atlas-controls"));
    this.panel = new ControlPanel(form, perFrame(() => this.answer()), page.signal, perFrame(() => this.wait()));
    /** @type {FigureSpec | null} */
    this.spec = null;
    /** @type {Promise<Record<string, PlotFigure>> | null} */
    this.states = null;
    /** The same once it is here. @type {Record<string, PlotFigure>} */
    this.known = {};
    /** @type {PlotFigure | null} the last good answer, in the light theme's colours */
    this.shown = null;
    this.near = false;
    /** @type {Promise<boolean> | null} */
    this.arrival = null;
    this.question = 0;
    /** Set by the page's figures: has `approach` called when the reader is near. */
    this.look = () => {};
    /** What a page makes of an answer before it is drawn. @type {(figure: PlotFigure) => PlotFigure} */
    this.prepare = (figure) => figure;
    const drawn = async () => this.prepare(this.shown ?? (await this.load()).figure);
    this.tellTable = offerData(element, this.label, drawn, page.signal);
  }

  /** @returns {string} "Figure 3" */
  get label() {
    return this.element.querySelector("figcaption b")?.textContent?.replace(/\.\s*$/, "") ?? "This figure";
  }

  /** @returns {boolean} whether an edit of the reader's stands in code this figure runs */
  get isEdited() {
    // A figure that plots measurements shows what was measured, whatever the code says now.
    return this.element.dataset.measured === undefined && this.uses.some((module) => this.edited.has(module));
  }

  /** @returns {boolean} whether moving a control asks Python */
  get asksPython() {
    return this.isEdited || (this.panel.controls.length > 0 && this.element.dataset.precomputed === undefined);
  }

  /** @param {"static" | "computing" | "live" | "error"} state */
  set state(state) {
    this.element.dataset.state = state;
    this.element.setAttribute("aria-busy", String(state === "computing"));
  }

  /** The figure nears the reader's eye: fetch it and draw it. @returns {Promise<void>} */
  async approach() {
    if (!this.near) this.arrival = this.answer();
    await this.arrival;
  }

  /** What is drawn is out of date: it is drawn anew when the reader is near. */
  wait() {
    this.near = false;
    this.look();
  }

  /**
   * Draws the figure for its controls as they stand. The latest question wins: an answer that arrives after a newer
   * question is dropped.
   * @returns {Promise<boolean>} whether this question's answer is now shown
   */
  async answer() {
    this.near = true;
    this.question += 1;
    const question = this.question;
    const current = () => question === this.question && !this.page.signal.aborted;
    const opening = this.panel.atOpening() && !this.isEdited;
    const atHand = opening ? this.spec?.figure : this.asksPython ? undefined : this.known[this.panel.stateKey() ?? ""];
    if (!atHand && (!opening || this.shown)) this.state = "computing";
    const hush = this.tellLater(current);
    try {
      const figure = atHand ?? (opening ? (await this.load()).figure : await this.ask(current));
      if (!figure || !current()) return false;
      await this.show(figure);
      if (!current()) return false;
      this.state = opening ? "static" : "live";
      if (this.status.textContent !== (figure.note ?? "")) this.say(figure.note ?? "");
      return true;
    } catch (cause) {
      if (current()) this.fail(cause);
      return false;
    } finally {
      hush();
    }
  }

  /** @returns {Promise<FigureSpec>} */
  async load() {
    this.spec ??= /** @type {FigureSpec} */ (await fetchJson(figureAddress(this.id)));
    return this.spec;
  }

  /**
   * The answer to the controls as they stand, precomputed or from Python.
   * @param {() => boolean} current
   * @returns {Promise<PlotFigure | null>} `null` when a newer question made this one pointless
   * @throws {Error} with the sentence to show
   */
  async ask(current) {
    const key = this.panel.stateKey();
    if (!this.asksPython && key !== null) {
      const figure = (await this.loadStates())[key];
      if (figure) return figure;
    }
    await python.open(this.page.data?.slug ?? "");
    if (!current()) return null;
    const answer = await python.draw(this.id, this.panel.values(), { signal: this.page.signal });
    if (answer.error) throw new Refusal(answer.error);
    if (answer.stopped) throw new Error("Python was stopped before this figure was drawn.");
    return answer.figure ?? null;
  }

  /** @returns {Promise<Record<string, PlotFigure>>} */
  loadStates() {
    this.states ??= fetchJson(figureAddress(this.id, "states.json")).then(
      (states) => (this.known = states),
      (error) => {
        this.states = null;
        throw error;
      },
    );
    return this.states;
  }

  /** The reader is about to move a control: have what the answer will need. */
  expect() {
    if (!this.panel.controls.length) return;
    if (this.asksPython) python.warm();
    else this.loadStates().catch(() => {});
  }

  /** @param {PlotFigure} figure */
  async show(figure) {
    await showPlot(this.plot, this.prepare(figure), { mode: colourMode(), family: this.page.data?.family });
    this.shown = figure;
    this.element.dataset.drawn = String(Number(this.element.dataset.drawn ?? 0) + 1);
    this.tellTable();
    await this.attachHandles();
  }

  /** Draws what is shown again, in the colours of the theme the reader switched to. */
  recolour() {
    if (this.shown) this.show(this.shown).catch((cause) => this.fail(cause));
  }

  /** Lays the handles of Point controls over the plot, once. */
  async attachHandles() {
    if (this.handles) return;
    const points = this.element.querySelectorAll("[data-control=point]");
    this.handles = true;
    if (!points.length) return;
    const { controls } = await this.load();
    for (const spec of controls.filter((control) => control.type === "point")) {
      const control = this.panel.named(spec.name);
      if (!control) continue;
      const redraw = perFrame(() => this.answer());
      const read = () => /** @type {number[]} */ (control.value());
      const moved = (/** @type {number[]} */ point) => {
        control.set(point);
        redraw();
      };
      new PlotHandle(this.plot, spec, read, moved, this.page.signal);
    }
  }

  /**
   * Says what is going on when an answer takes longer than a blink.
   * @param {() => boolean} current
   * @returns {() => void} call when the answer is there
   */
  tellLater(current) {
    let hide = () => {};
    const timer = setTimeout(() => {
      if (!current() || this.element.dataset.state !== "computing") return;
      if (this.asksPython && python.state !== "ready") {
        this.say();
        hide = showStart(this.status);
      } else {
        this.say(make("span", { class: "atlas-working" }, "Computing"));
      }
    }, TOLD_AFTER);
    return () => {
      clearTimeout(timer);
      hide();
    };
  }

  /** @param {...(Node | string)} words */
  say(...words) {
    const held = this.status.contains(document.activeElement);
    this.status.replaceChildren(...words);
    // "Try again" had the focus and is gone; the way on from here is the same.
    if (held) /** @type {HTMLElement | null} */ (this.element.querySelector("form :is(input, select, canvas, button), .atlas-data-button"))?.focus();
  }

  /** @param {unknown} cause */
  fail(cause) {
    this.state = "error";
    const words = make("span", { class: "atlas-figure__error" }, wordsOf(cause));
    if (this.shown) words.append(" The figure still shows its last answer.");
    this.say(words);
    // What the reader typed is refused however often it is tried.
    const refused = cause instanceof Refusal ? cause.error.type : "";
    if (refused === "ControlError") return;
    // The site's own code does not fail; if it did, a reader's has damaged what it stands on.
    const damaged = refused && refused !== "PythonUnavailable" && !this.isEdited;
    const again = async () => {
      if (damaged) await python.stop();
      await this.answer();
    };
    this.status.append(" ", makeButton("Try again", again));
  }

  leave() {
    this.question += 1;
    if (this.shown) removePlot(this.plot).catch(() => {});
  }
}

export class Figures {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {Set<string>} */
    this.edited = new Set();
    /** @type {Map<string, FigureView>} */
    this.views = new Map();
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (page.root.querySelectorAll("[data-figure]"))) {
      const view = new FigureView(element, page, this.edited);
      this.views.set(view.id, view);
    }
    this.watch();
    onColourMode(() => this.views.forEach((view) => view.recolour()), page.signal);
    onPrinting(() => Promise.all([...this.views.values()].map((view) => view.approach())), page.signal);
    page.signal.addEventListener("abort", () => this.views.forEach((view) => view.leave()));
  }

  /** Draws each figure when it nears the reader's eye. */
  watch() {
    const { signal } = this.page;
    const start = () => {
      const observer = new IntersectionObserver(
        (entries) => {
          for (const entry of entries) {
            if (!entry.isIntersecting) continue;
            observer.unobserve(entry.target);
            this.of(entry.target)?.approach();
          }
        },
        { rootMargin: begun ? AHEAD : "0px" },
      );
      for (const view of this.views.values()) {
        view.look = () => {
          observer.unobserve(view.plot);
          observer.observe(view.plot);
        };
        if (!view.near) view.look();
      }
      signal.addEventListener("abort", () => observer.disconnect());
      return observer;
    };
    const first = start();
    if (begun) return;
    const listening = new AbortController();
    const begin = () => {
      begun = true;
      listening.abort();
      first.disconnect();
      start();
    };
    for (const beginning of BEGINNINGS) {
      addEventListener(beginning, begin, { passive: true, signal: AbortSignal.any([signal, listening.signal]) });
    }
  }

  /** @param {Element} plot */
  of(plot) {
    const figure = /** @type {HTMLElement | null} */ (plot.closest("[data-figure]"));
    return this.views.get(figure?.dataset.figure ?? "");
  }

  /**
   * Sets which modules carry an edit of the reader's and draws the figures concerned again, those in view first.
   * Figures the reader has not come near yet are drawn when they are.
   * @param {Iterable<string>} modules
   * @param {readonly string[]} ids
   * @returns {Promise<FigureView[]>} the figures concerned, in page order
   */
  async follow(modules, ids) {
    this.edited.clear();
    for (const module of modules) this.edited.add(module);
    const concerned = [...this.views.values()].filter((view) => ids.includes(view.id));
    const middle = innerHeight / 2;
    const distance = (/** @type {FigureView} */ view) => {
      const box = view.element.getBoundingClientRect();
      return Math.abs(box.top + box.height / 2 - middle);
    };
    const ordered = concerned.filter((view) => view.near).sort((a, b) => distance(a) - distance(b));
    for (const view of ordered) {
      if (this.page.signal.aborted) break;
      await view.answer();
    }
    return concerned;
  }
}
