/**
 * The explorer of the forward pass: a sentence followed through the model, step by step, every value with the expression
 * that made it.
 *
 * `data-state`: static (the opening sentence, as the build ran it) → computing → live (Python ran the reader's) | error.
 */

import { calmMotion, make, makeButton, perFrame, wordsOf } from "./dom.js";
import { Source } from "./explorer-data.js";
import { brief, express, nextToken, say } from "./explorer-expressions.js";
import { PanelView, shades } from "./explorer-panel.js";
import { layout } from "./explorer-layout.js";
import { FIRST_AFTER, FIRST_OF_BLOCK, LAST, STEPS, bars, shapeOf, striking } from "./explorer-steps.js";
import { onIntent } from "./intent.js";
import { onColourMode } from "./lifecycle.js";
import { showStart } from "./progress.js";
import { python } from "./python.js";
import { onSharedText, sharedText, shareText } from "./shared.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./explorer-data.js").Block} Block */
/** @typedef {import("./explorer-data.js").Readout} Readout */
/** @typedef {import("./explorer-data.js").Query} Query */
/** @typedef {import("./explorer-data.js").Tensor} Tensor */
/** @typedef {import("./explorer-panel.js").Cell} Cell */
/** @typedef {import("./explorer-expressions.js").View} View */

const PACE = 2400; // milliseconds a step stays while the walk plays
const WRITING_PACE = 450;
const AT_ONCE = 12; // tokens that one press of “Keep going” appends
const MOST_ADDED = 1900; // characters of the ids appended, which Python takes
const TOLD_AFTER = 160;
const REVEAL = 420;
const SHARED = "sentence";
const AROUND = 4; // neighbours of a value in the magnifier, on each side

export class Explorer {
  /** @param {HTMLElement} root @param {Page} page */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.signal = page.signal;
    this.source = new Source(page.signal);
    /** @type {Query} */
    this.query = { text: "", added: "" };
    this.layer = 0;
    this.step = 0;
    this.token = 0;
    this.head = 0;
    this.temperature = 1;
    this.seed = 1;
    /** @type {Block | null} */
    this.block = null;
    /** @type {Readout | null} */
    this.readout = null;
    /** @type {Map<string, Tensor | "waiting" | "failed">} */
    this.matrices = new Map();
    /** @type {Cell | null} what the reader chose to see; `null`: what is most striking */
    this.pinned = null;
    /** @type {Cell | null} */
    this.hover = null;
    this.question = 0;
    this.timer = 0;
    this.going = false;
    /** @type {PanelView[]} */
    this.panels = [];
    this.drawnStep = -1;
    /** @type {Map<string, string>} */
    this.colours = new Map();
    this.whys = this.takeWhys();
    this.parts = layout(root);
    this.listen();
    this.readPalette();
  }

  /** The reasons of the steps, which the page's text holds. @returns {Map<string, HTMLElement>} */
  takeWhys() {
    const whys = new Map();
    for (const why of /** @type {NodeListOf<HTMLElement>} */ (this.page.root.querySelectorAll("[data-step-why]"))) {
      whys.set(why.dataset.stepWhy ?? "", why);
      why.remove(); // each comes back with its step
    }
    return whys;
  }

  listen() {
    const { signal, root, parts } = this;
    const press = (/** @type {HTMLElement} */ button, /** @type {() => unknown} */ work) =>
      button.addEventListener("click", () => void work(), { signal });
    press(parts.back, () => this.go(-1));
    press(parts.play, () => (this.timer ? this.pause() : this.play()));
    press(parts.forward, () => this.go(1));
    press(parts.nextChip, () => this.appendLikeliest());
    press(parts.likeliest, () => this.appendLikeliest());
    press(parts.drawOne, () => this.append(this.drawn()));
    press(parts.keepGoing, () => (this.going ? this.halt() : this.writeOn()));
    press(parts.takeBack, () => this.removeLast());
    parts.stepButtons.forEach((button, index) => press(button, () => this.jump(index)));
    parts.heat.addEventListener("input", () => this.warmUp(Number(parts.heat.value)), { signal });
    parts.seedField.addEventListener(
      "input",
      () => {
        if (parts.seedField.validity.valid && parts.seedField.value !== "") this.seed = Number(parts.seedField.value);
      },
      { signal },
    );
    const typed = perFrame(() => this.ask(this.parts.input.value));
    this.parts.input.addEventListener(
      "input",
      () => {
        shareText(SHARED, this.parts.input.value, this);
        typed();
      },
      { signal },
    );
    onSharedText(
      SHARED,
      (text) => {
        this.parts.input.value = text;
        this.ask(text);
      },
      this,
      signal,
    );
    onIntent(this.parts.input, () => python.warm(), signal);
    onIntent(this.parts.writing, () => python.warm(), signal);
    root.addEventListener("keydown", (event) => this.press(event), { signal });
    onColourMode(() => {
      this.readPalette();
      this.redraw();
      this.drawHeads();
    }, signal);
    const resized = new ResizeObserver(perFrame(() => this.redraw()));
    resized.observe(root);
    signal.addEventListener("abort", () => {
      resized.disconnect();
      this.pause();
      this.halt();
    });
    document.fonts?.ready.then(() => !signal.aborted && this.redraw());
  }

  /** Opens on the sentence the build ran; a sentence typed elsewhere follows at once. */
  async open() {
    try {
      await this.source.open();
      if (this.signal.aborted) return;
      this.parts.input.maxLength = this.source.longest;
      this.parts.input.value = sharedText(SHARED) ?? this.source.opening;
      const opened = await this.load({ text: this.source.opening, added: "" }, 0, 0);
      if (opened && this.parts.input.value !== this.source.opening) await this.ask(this.parts.input.value);
    } catch (cause) {
      this.fail(cause, () => this.open());
    }
  }

  /** @param {"static" | "computing" | "live" | "error"} state */
  set state(state) {
    this.root.dataset.state = state;
    this.root.setAttribute("aria-busy", String(state === "computing"));
  }

  /** @param {string} text */
  async ask(text) {
    this.halt();
    this.pause();
    await this.load({ text, added: "" }, this.layer, this.step, true);
  }

  /**
   * Has what a place of the walk needs and goes there. The latest question wins.
   * @param {Query} query
   * @param {number} layer
   * @param {number} step
   * @param {boolean} [toEnd] whether the last token is to be chosen
   * @returns {Promise<boolean>} whether the reader is there now
   */
  async load(query, layer, step, toEnd = false) {
    this.question += 1;
    const question = this.question;
    const current = () => question === this.question && !this.signal.aborted;
    const known = this.source.isOpening(query);
    const needed = STEPS[step].part === "before" ? 0 : layer;
    this.state = "computing";
    const hush = this.tellLater(current, known);
    try {
      let block = null;
      let readout = null;
      while (current() && !(block && readout)) {
        [block, readout] = await Promise.all([this.source.block(query, needed), this.source.readout(query)]);
      }
      if (!current() || !block || !readout) return false;
      const first = !this.block;
      const other = query.text !== this.query.text || query.added !== this.query.added;
      Object.assign(this, { block, readout, query, layer: needed, step });
      const last = block.ids.length - 1;
      if (toEnd || first) this.token = last;
      this.token = Math.min(this.token, last);
      if (other || this.drawnStep !== step) this.pinned = null;
      this.hover = null;
      this.state = known ? "static" : "live";
      this.parts.status.replaceChildren(block.note ?? "");
      this.render();
      return true;
    } catch (cause) {
      if (current()) this.fail(cause, () => this.load(query, layer, step, toEnd));
      return false;
    } finally {
      hush();
    }
  }

  /**
   * Says what is going on when an answer takes longer than a blink.
   * @param {() => boolean} current
   * @param {boolean} known
   * @returns {() => void} call when the answer is there
   */
  tellLater(current, known) {
    let hide = () => {};
    const timer = setTimeout(() => {
      if (!current()) return;
      this.parts.status.replaceChildren();
      if (!known && python.state !== "ready") hide = showStart(this.parts.status);
      else this.parts.status.replaceChildren(make("span", { class: "atlas-working" }, known ? "Fetching" : "Computing"));
    }, TOLD_AFTER);
    return () => {
      clearTimeout(timer);
      hide();
    };
  }

  /** @param {unknown} cause @param {() => unknown} again */
  fail(cause, again) {
    if (this.signal.aborted) return;
    this.halt();
    this.pause();
    this.state = "error";
    const words = make("span", { class: "atlas-figure__error" }, wordsOf(cause).replace(/^View “[^”]*”, /, ""));
    if (this.block) words.append(" What is shown is the last sentence that was read.");
    this.parts.status.replaceChildren(words, " ", makeButton("Try again", () => void again()));
  }

  // --- walking ---------------------------------------------------------------------------------------------------

  /** @param {1 | -1} direction @returns {Promise<boolean>} */
  async go(direction) {
    if (!this.block) return false;
    const last = this.source.layers - 1;
    let { layer, step } = this;
    if (direction > 0) {
      if (step === LAST) return false;
      if (step === FIRST_AFTER - 1 && layer < last) [layer, step] = [layer + 1, FIRST_OF_BLOCK];
      else step += 1;
    } else {
      if (step === 0) return false;
      if (step === FIRST_OF_BLOCK && layer > 0) [layer, step] = [layer - 1, FIRST_AFTER - 1];
      else if (step === FIRST_AFTER) [layer, step] = [last, step - 1];
      else step -= 1;
    }
    return this.load(this.query, layer, step);
  }

  /** @param {number} step @param {number} [layer] */
  jump(step, layer = this.layer) {
    this.pause();
    return this.load(this.query, layer, step);
  }

  play() {
    if (this.step === LAST) this.load(this.query, 0, 0);
    this.parts.play.textContent = "Pause";
    const tick = async () => {
      const went = this.root.dataset.state === "computing" || (await this.go(1));
      if (!this.timer) return;
      if (went) this.timer = setTimeout(tick, PACE);
      else this.pause();
    };
    this.timer = setTimeout(tick, PACE);
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.parts.play.textContent = "Play";
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("input, select, canvas")) return;
    const rail = this.parts.stepButtons.indexOf(/** @type {HTMLButtonElement} */ (target));
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      event.preventDefault();
      this.pause();
      this.go(event.key === "ArrowRight" ? 1 : -1).then(() => rail >= 0 && this.parts.stepButtons[this.step].focus());
    } else if (rail >= 0 && ["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) {
      event.preventDefault();
      const moved = { ArrowDown: rail + 1, ArrowUp: rail - 1, Home: 0, End: LAST }[event.key] ?? rail;
      const step = Math.min(Math.max(moved, 0), LAST);
      this.parts.stepButtons[step].focus();
      this.jump(step);
    }
  }

  // --- writing ---------------------------------------------------------------------------------------------------

  /** @param {number} id @returns {Promise<boolean>} */
  append(id) {
    const added = this.query.added ? `${this.query.added} ${id}` : String(id);
    if (added.length > MOST_ADDED) {
      this.halt();
      this.parts.status.replaceChildren("That is as far as this page writes: take tokens back, or type another sentence.");
      return Promise.resolve(false);
    }
    return this.load({ text: this.query.text, added }, this.layer, this.step, true);
  }

  appendLikeliest() {
    if (this.readout) this.append(this.readout.best[this.readout.ids.length - 1][0]);
  }

  /** @returns {number} a token drawn with the seed, which gives the same text every time */
  drawn() {
    const readout = /** @type {Readout} */ (this.readout);
    const { probabilities } = nextToken(readout, readout.ids.length - 1, this.temperature);
    const dice = chance(this.seed * 1_000_003 + this.appended());
    let below = 0;
    for (let id = 0; id < probabilities.length; id += 1) {
      below += probabilities[id];
      if (dice < below) return id;
    }
    return readout.best[readout.ids.length - 1][0];
  }

  appended() {
    return this.query.added ? this.query.added.split(" ").length : 0;
  }

  /** @param {number} temperature */
  warmUp(temperature) {
    this.temperature = temperature;
    this.parts.heatSaid.textContent = temperature.toFixed(1);
    this.parts.heat.setAttribute("aria-valuetext", temperature.toFixed(1));
    this.render();
  }

  async writeOn() {
    this.going = true;
    this.parts.keepGoing.textContent = "Stop";
    for (let count = 0; count < AT_ONCE && this.going && !this.signal.aborted; count += 1) {
      if (!(await this.append(this.drawn()))) break;
      await new Promise((resolve) => setTimeout(resolve, WRITING_PACE));
    }
    this.halt();
  }

  halt() {
    this.going = false;
    this.parts.keepGoing.textContent = "Keep going";
  }

  removeLast() {
    this.halt();
    const added = this.query.added.split(" ").slice(0, -1).join(" ");
    return this.load({ text: this.query.text, added }, this.layer, this.step, true);
  }

  // --- showing ---------------------------------------------------------------------------------------------------

  readPalette() {
    const style = getComputedStyle(document.body);
    for (const name of ["ink", "muted", "grid", "paper", "surface"]) {
      this.colours.set(name, style.getPropertyValue(`--atlas-${name}`).trim());
    }
    this.colours.set("accent", getComputedStyle(this.root).getPropertyValue("--atlas-accent").trim());
    this.scales = { diverging: shades("diverging"), sequential: shades("sequential") };
  }

  /** @returns {View} */
  view() {
    return {
      block: /** @type {Block} */ (this.block),
      readout: /** @type {Readout} */ (this.readout),
      head: this.head,
      temperature: this.temperature,
      matrix: (name) => this.matrix(name),
    };
  }

  /** @param {string} name @returns {Tensor | null} */
  matrix(name) {
    const layer = this.block?.layer ?? 0;
    const key = `${layer} ${name}`;
    const known = this.matrices.get(key);
    if (known === undefined) {
      this.matrices.set(key, "waiting");
      this.source.matrix(layer, name).then(
        (weights) => {
          this.matrices.set(key, weights);
          if (!this.signal.aborted) this.showCard();
        },
        () => {
          this.matrices.set(key, "failed");
          if (!this.signal.aborted) this.showCard();
          this.matrices.delete(key); // pointing at the value again tries again
        },
      );
    }
    return known instanceof Object ? known : null;
  }

  get shownCell() {
    return this.hover ?? this.pinned;
  }

  render() {
    if (!this.block || !this.readout) return;
    const step = STEPS[this.step];
    const view = this.view();
    const changed = this.drawnStep !== this.step || this.drawnLayer !== this.block.layer;
    if (!this.pinned) this.pinned = this.strikingCell();
    this.showTokens();
    this.showChoices();
    this.showRail(view);
    if (changed) {
      const where = step.part === "block" ? `block ${this.layer + 1} of ${this.source.layers}` : { before: "before the blocks", after: "after the blocks" }[step.part];
      this.parts.heading.replaceChildren(step.name, make("span", { class: "explorer__where" }, where));
      this.parts.formula.textContent = step.formula;
      const why = this.whys.get(step.id);
      this.parts.why.replaceChildren(...(why ? [why] : []));
      this.parts.place.textContent = `${this.placeOf() + 1} of ${this.placeCount()}`;
      this.parts.told.textContent = `Step ${this.parts.place.textContent}: ${step.name}, ${where}. ${shapeOf(step, view, this.token)}.`;
    }
    this.enable(this.parts.back, this.step > 0);
    this.enable(this.parts.forward, this.step < LAST);
    this.showPanels(changed);
    this.showBars();
    this.showCard();
    this.drawnStep = this.step;
    this.drawnLayer = this.block.layer;
    this.root.dataset.step = step.id;
    this.root.dataset.layer = String(this.layer + 1);
  }

  /** A button that ends must not take the reader's focus with it. @param {HTMLButtonElement} button @param {boolean} can */
  enable(button, can) {
    if (!can && document.activeElement === button) this.parts.play.focus();
    button.disabled = !can;
  }

  placeOf() {
    const inBlock = FIRST_AFTER - FIRST_OF_BLOCK;
    if (this.step < FIRST_OF_BLOCK) return this.step;
    if (this.step >= FIRST_AFTER) return FIRST_OF_BLOCK + inBlock * this.source.layers + this.step - FIRST_AFTER;
    return this.step + inBlock * this.layer;
  }

  placeCount() {
    const inBlock = FIRST_AFTER - FIRST_OF_BLOCK;
    return STEPS.length + inBlock * (this.source.layers - 1);
  }

  /** @returns {Cell} */
  strikingCell() {
    const step = STEPS[this.step];
    const readout = /** @type {Readout} */ (this.readout);
    if (step.bars) return { tensor: step.bars, row: this.token, column: readout.best[this.token][0] };
    const panels = step.panels(this.view(), this.token);
    const panel = panels[panels.length - step.outputs];
    const [row, column] = striking(panel, this.token);
    return { tensor: panel.tensor, row, column };
  }

  showTokens() {
    const { block, readout } = this;
    if (!block || !readout) return;
    const written = JSON.stringify([block.labels, block.added]);
    if (this.parts.tokens.dataset.labels !== written) {
      this.parts.tokens.dataset.labels = written;
      const first = block.ids.length - block.added;
      const chips = block.labels.map((label, index) => {
        const radio = make("input", { type: "radio", name: "explorer-token", value: index, id: `explorer-token-${index}` });
        radio.addEventListener("change", () => this.choose(index));
        const chip = make("label", { for: radio.id, "data-added": index >= first }, make("span", { class: "explorer__chip" }, label), make("small", {}, String(index)));
        return make("span", {}, radio, chip);
      });
      this.parts.tokens.replaceChildren(...chips, this.parts.nextChip);
    }
    const chosen = /** @type {HTMLInputElement | null} */ (this.parts.tokens.querySelector(`#explorer-token-${this.token}`));
    if (chosen) chosen.checked = true;
    const last = block.ids.length - 1;
    const [best] = readout.best[last];
    const { probabilities } = nextToken(readout, last, this.temperature);
    const share = `${(100 * probabilities[best]).toFixed(0)}%`;
    this.parts.nextChip.replaceChildren(
      make("span", { class: "atlas-unseen" }, "Append the likeliest next token: "),
      make("span", { class: "explorer__chip" }, readout.vocabulary[best]),
      make("small", {}, share),
    );
    this.parts.nextChip.title = "The likeliest next token: press to append it";
    if (!this.query.added && document.activeElement === this.parts.takeBack) this.parts.likeliest.focus();
    this.parts.takeBack.disabled = !this.query.added;
  }

  /** @param {number} token */
  choose(token) {
    this.token = token;
    if (this.pinned) this.pinned = STEPS[this.step].bars ? null : { ...this.pinned, row: token };
    this.render();
  }

  showChoices() {
    const { block } = this;
    if (!block) return;
    const fill = (/** @type {HTMLElement} */ field, /** @type {string} */ name, /** @type {number} */ count, /** @type {(index: number) => void} */ chosen) => {
      if (field.querySelectorAll("input").length === count) return;
      field.querySelectorAll("span").forEach((old) => old.remove());
      for (let index = 0; index < count; index += 1) {
        const radio = make("input", { type: "radio", name: `explorer-${name}`, id: `explorer-${name}-${index}`, value: index });
        radio.addEventListener("change", () => chosen(index));
        const label = make("label", { for: radio.id }, String(index + 1));
        if (name === "head") label.prepend(make("canvas", { "aria-hidden": "true", width: 1, height: 1 }));
        field.append(make("span", {}, radio, label));
      }
    };
    fill(this.parts.layers, "layer", this.source.layers, (index) => {
      const step = STEPS[this.step].part === "block" ? this.step : FIRST_OF_BLOCK;
      this.jump(step, index);
    });
    fill(this.parts.heads, "head", block.heads, (index) => {
      this.head = index;
      if (this.pinned && !STEPS[this.step].bars) {
        const square = ["scores", "masked", "weights"].includes(this.pinned.tensor);
        this.pinned = square ? this.pinned : null;
      }
      this.render();
    });
    const check = (/** @type {string} */ id) => {
      const radio = /** @type {HTMLInputElement | null} */ (this.root.querySelector(`#${id}`));
      if (radio) radio.checked = true;
    };
    check(`explorer-layer-${this.layer}`);
    check(`explorer-head-${this.head}`);
    this.parts.layers.toggleAttribute("data-idle", STEPS[this.step].part !== "block");
    this.drawHeads();
  }

  /** Each head's attention, small, on the button that chooses it. */
  drawHeads() {
    const { block, scales } = this;
    if (!block || !scales) return;
    const [, rows, columns] = block.tensors.weights.shape;
    this.parts.heads.querySelectorAll("canvas").forEach((canvas, head) => {
      canvas.width = columns;
      canvas.height = rows;
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column <= row; column += 1) {
          const weight = block.tensors.weights.values[(head * rows + row) * columns + column];
          context.fillStyle = scales.sequential[Math.round(Math.min(Math.max(weight, 0), 1) * (scales.sequential.length - 1))];
          context.fillRect(column, row, 1, 1);
        }
      }
    });
  }

  /** @param {View} view */
  showRail(view) {
    this.parts.blockTitle.replaceChildren(`Block ${this.layer + 1} of ${this.source.layers}`);
    this.parts.stepButtons.forEach((button, index) => {
      const here = index === this.step;
      button.tabIndex = here ? 0 : -1;
      if (here) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
      /** @type {HTMLElement} */ (button.lastElementChild).textContent = shapeOf(STEPS[index], view, this.token);
    });
    const strip = this.parts.rail;
    const here = this.parts.stepButtons[this.step];
    if (here && strip.scrollWidth > strip.clientWidth) {
      strip.scrollTo({ left: here.offsetLeft - strip.clientWidth / 2 + here.offsetWidth / 2, behavior: calmMotion() ? "auto" : "smooth" });
    }
  }

  /** @param {boolean} changed whether the step is another one */
  showPanels(changed) {
    const step = STEPS[this.step];
    const view = this.view();
    const row = this.shownCell?.row ?? this.token;
    const wanted = step.panels(view, row);
    if (changed || this.panels.length !== wanted.length) {
      this.panels = wanted.map(
        () =>
          new PanelView({
            onCell: (cell, how) => this.onCell(cell, how),
            onLeave: () => this.onLeave(),
            signal: this.signal,
          }),
      );
      this.parts.stagePanels.replaceChildren(...this.panels.map((panel) => panel.element));
      this.parts.stagePanels.dataset.step = step.id;
    }
    wanted.forEach((panel, index) => {
      const shown = this.panels[index];
      if (panel.form === "dials") shown.before = wanted[panel.tensor === "turned_queries" ? 0 : 1].value;
      shown.show(panel, view.block.labels, index >= wanted.length - step.outputs);
    });
    if (changed && !calmMotion()) this.reveal();
    else this.redraw();
  }

  /** The step's results appear row by row: each token is worked out like the others. */
  reveal() {
    const started = performance.now();
    const panels = this.panels;
    const frame = () => {
      if (panels !== this.panels || this.signal.aborted) return;
      const part = Math.min((performance.now() - started) / REVEAL, 1);
      for (const panel of panels) panel.shown = panel.element.hasAttribute("data-output") ? part : 1;
      this.redraw();
      if (part < 1) requestAnimationFrame(frame);
    };
    frame();
  }

  redraw() {
    const { scales } = this;
    if (!scales || !this.block) return;
    const cell = this.shownCell;
    const sources = cell ? express(cell.tensor, this.view(), cell.row, cell.column).sources : [];
    const colour = (/** @type {string} */ name) => this.colours.get(name) ?? "";
    for (const panel of this.panels) {
      panel.token = this.token;
      panel.cell = cell && panel.panel?.tensor === cell.tensor ? cell : null;
      panel.sources = sources
        .filter(([tensor]) => tensor === panel.panel?.tensor)
        .map(([, row, column]) => ({ row, column }));
      panel.draw({ scales, colour });
    }
  }

  showBars() {
    const step = STEPS[this.step];
    this.parts.bars.hidden = !step.bars;
    this.parts.writing.hidden = step.bars !== "probabilities";
    if (!step.bars) {
      this.parts.bars.replaceChildren();
      return;
    }
    const kind = step.bars;
    const shown = bars(this.view(), this.token, kind);
    const end = this.token === (this.block?.ids.length ?? 0) - 1;
    const most = kind === "logits" ? Math.max(...shown.map(({ value }) => value), 1e-6) : 1;
    const follows = end ? undefined : this.block?.ids[this.token + 1];
    const focused = [...this.parts.bars.querySelectorAll("button")].indexOf(/** @type {any} */ (document.activeElement));
    this.parts.bars.replaceChildren(
      ...shown.map(({ id, label, value }) => {
        const words = kind === "logits" ? say(value) : `${(100 * value).toFixed(1)}%`;
        const bar = make("i", { "aria-hidden": "true" });
        bar.style.width = `${Math.max((100 * value) / most, 0)}%`;
        const button = makeButton("", () => this.pressBar(id, kind, end), "explorer__barrow");
        button.dataset.id = String(id);
        button.append(make("span", { class: "explorer__chip" }, label), make("span", { class: "explorer__track" }, bar), make("span", { class: "explorer__amount" }, words));
        if (id === follows) button.append(make("small", {}, "is what follows"));
        const cell = { tensor: kind, row: this.token, column: id };
        button.addEventListener("pointerenter", () => this.onCell(cell, "point"));
        button.addEventListener("pointerleave", () => this.onLeave());
        button.addEventListener("focus", () => this.onCell(cell, "key"));
        return make("li", {}, button);
      }),
    );
    if (focused >= 0) this.parts.bars.querySelectorAll("button")[focused]?.focus();
    const label = this.block?.labels[this.token] ?? "";
    this.parts.bars.setAttribute("aria-label", kind === "logits" ? `Highest logits after ${label}` : `Likeliest tokens after ${label}`);
  }

  /** @param {number} id @param {string} kind @param {boolean} end */
  pressBar(id, kind, end) {
    if (kind === "probabilities" && end) this.append(id);
    else this.onCell({ tensor: kind, row: this.token, column: id }, "pin");
  }

  /** @param {Cell} cell @param {"point" | "pin" | "key"} how */
  onCell(cell, how) {
    const was = this.shownCell;
    if (how === "point") this.hover = cell;
    else {
      this.hover = null;
      this.pinned = cell;
      this.token = cell.row;
    }
    const now = /** @type {Cell} */ (this.shownCell);
    if (how === "point" && was && was.tensor === now.tensor && was.row === now.row && was.column === now.column) return;
    this.parts.card.setAttribute("aria-live", how === "key" ? "polite" : "off");
    if (STEPS[this.step].bars) {
      this.showCard();
      this.redraw();
      return;
    }
    if (how !== "point") this.showTokens();
    this.showPanels(false);
    this.showCard();
  }

  onLeave() {
    if (!this.hover) return;
    this.hover = null;
    if (!STEPS[this.step].bars) this.showPanels(false);
    else this.redraw();
    this.showCard();
  }

  showCard() {
    const cell = this.shownCell;
    if (!cell || !this.block) return;
    const found = express(cell.tensor, this.view(), cell.row, cell.column);
    const layer = this.block.layer;
    const failed = [...this.matrices].some(([key, state]) => state === "failed" && key.startsWith(`${layer} `));
    const fetching = Number.isNaN(found.again);
    const numbers = fetching ? (failed ? "the weights could not be fetched" : "fetching the weights …") : found.numbers;
    this.parts.card.dataset.tensor = cell.tensor;
    this.parts.card.dataset.value = String(found.value);
    this.parts.card.dataset.again = String(found.again);
    const made = make(
      "div",
      { class: "explorer__made" },
      make("p", { class: "explorer__of" }, found.name),
      make("p", { class: "explorer__symbols" }, `= ${found.symbols}`),
      make("p", { class: "explorer__numbers" }, numbers ? `= ${numbers}` : ""),
      make("p", { class: "explorer__value" }, "= ", make("b", {}, say(found.value))),
    );
    this.parts.card.replaceChildren(made, ...this.magnifier(cell));
  }

  /** The values beside a value, where cells are too thin to tell apart. @param {Cell} cell @returns {HTMLElement[]} */
  magnifier(cell) {
    const panel = this.panels.find((one) => one.panel?.tensor === cell.tensor)?.panel;
    const { scales } = this;
    if (!panel || !scales || panel.form === "dials" || panel.columns < 32) return [];
    const limit = this.panels.find((one) => one.panel === panel)?.limit ?? 1;
    const lens = make("div", { class: "explorer__lens", "aria-hidden": "true" });
    const end = panel.offset + panel.columns - 1;
    const first = Math.max(panel.offset, Math.min(cell.column - AROUND, end - 2 * AROUND));
    for (let column = first; column <= Math.min(first + 2 * AROUND, end); column += 1) {
      const value = panel.value(cell.row, column);
      const swatch = make("i", {});
      const part = Math.min(Math.max((value / limit + 1) / 2, 0), 1);
      swatch.style.background = scales.diverging[Math.round(part * (scales.diverging.length - 1))];
      lens.append(make("span", { "data-here": column === cell.column }, swatch, make("b", {}, brief(value)), make("small", {}, String(column))));
    }
    return [lens];
  }
}

/** @param {number} seed @returns {number} from 0 to below 1, by mixing the bits of the seed */
function chance(seed) {
  let mixed = (seed + 0x6d2b79f5) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

/** @param {Page} page */
export function mountExplorer(page) {
  const root = /** @type {HTMLElement | null} */ (page.root.querySelector("[data-explorer]"));
  if (root) new Explorer(root, page).open();
}
