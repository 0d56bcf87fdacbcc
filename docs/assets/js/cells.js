/**
 * The cells of a page: the code that ran, which the reader edits and runs in place. The highlighted block the build
 * wrote is replaced by an editor when the reader goes into it.
 *
 * `data-status`: idle → starting (Python is being fetched) → running → done | error.
 */

import { listed, make, makeButton, wordsOf } from "./dom.js";
import { GENERATED, once } from "./paths.js";
import { Output } from "./output.js";
import { showStart } from "./progress.js";
import { python } from "./python.js";
import { decodeEdit, encodeEdit } from "./share.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Editor} Editor */
/** @typedef {import("./figures.js").Figures} Figures */

const loadEditor = once(async () => {
  return /** @type {import("./types.js").EditorModule} */ (await import(new URL("js/editor.js", GENERATED).href));
});

/**
 * What the reader left in the cells of the pages seen so far, by page and cell. Python keeps a page's edits for the
 * whole visit, so a reader who comes back must find them in the code as well.
 * @type {Map<string, Map<string, { text: string, applied: string | null, ran: boolean }>>}
 */
const left = new Map();

python.addEventListener("lost", () => {
  for (const page of left.values()) for (const cell of page.values()) Object.assign(cell, { applied: null, ran: false });
});

export class Cell {
  /**
   * @param {HTMLElement} element
   * @param {Cells} cells
   */
  constructor(element, cells) {
    this.element = element;
    this.cells = cells;
    this.id = element.dataset.cell ?? "";
    this.module = this.id.split(":")[0];
    this.region = this.id.split(":")[1] ?? this.id;
    this.holder = /** @type {HTMLElement} */ (element.querySelector(".atlas-cell__code"));
    this.code = /** @type {HTMLElement} */ (this.holder.querySelector("code"));
    this.highlighted = this.code.innerHTML;
    this.original = this.code.textContent ?? "";
    /** @type {Editor | null} */
    this.editor = null;
    /** @type {Promise<Editor | null> | null} */
    this.opening = null;
    /** The text Python last ran in place of the original, while that is in force. @type {string | null} */
    this.applied = null;
    this.output = new Output(/** @type {HTMLElement} */ (element.querySelector("[data-output]")), cells.page);
    this.busy = false;
    /** Whether Python has run this cell, as it stands or edited, since it started. */
    this.ran = false;
    this.stopping = false;
    this.mark = make("span", { class: "atlas-cell__edited", hidden: true }, "edited");
    element.querySelector(".atlas-cell__name")?.after(this.mark);
    this.listen();
    this.refresh();
  }

  /** @param {string} action @returns {HTMLButtonElement} */
  button(action) {
    return /** @type {HTMLButtonElement} */ (this.element.querySelector(`[data-action=${action}]`));
  }

  listen() {
    const { signal } = this.cells.page;
    const press = (/** @type {string} */ action, /** @type {() => void} */ work) =>
      this.button(action).addEventListener("click", work, { signal });
    press("run", () => this.run());
    press("stop", () => this.stop());
    press("reset", () => this.reset());
    press("share", () => this.share());
    for (const action of ["run", "stop", "reset", "share"]) {
      const button = this.button(action);
      button.setAttribute("aria-label", `${button.textContent} ${this.element.querySelector(".atlas-cell__name")?.textContent}`);
    }

    const block = /** @type {HTMLElement} */ (this.holder.querySelector("pre"));
    block.tabIndex = 0;
    block.setAttribute("role", "textbox");
    block.setAttribute("aria-multiline", "true");
    block.setAttribute("aria-label", `Code of ${this.region}: Enter to edit`);
    block.addEventListener("click", () => this.edit(caretAt(this.code)), { signal });
    block.addEventListener("focus", () => loadEditor().catch(() => {}), { signal });
    block.addEventListener(
      "keydown",
      (event) => {
        if (runs(event)) {
          event.preventDefault();
          this.run();
        } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.altKey) {
          event.preventDefault();
          this.edit(0);
        }
      },
      { signal },
    );
  }

  get text() {
    return this.editor?.getText() ?? this.code.textContent ?? "";
  }

  get isEdited() {
    return this.text !== this.original;
  }

  /** @param {"idle" | "starting" | "running" | "done" | "error"} status */
  set status(status) {
    this.element.dataset.status = status;
    const working = status === "starting" || status === "running";
    const had = document.activeElement;
    this.button("run").hidden = working;
    this.button("stop").hidden = !working;
    // The two stand in each other's place: the focus stays there.
    if (had === this.button(working ? "run" : "stop")) this.button(working ? "stop" : "run").focus();
  }

  refresh() {
    this.mark.hidden = !this.isEdited;
    this.element.toggleAttribute("data-edited", this.isEdited);
    this.button("reset").hidden = !this.isEdited && this.applied === null;
  }

  /**
   * Puts the editor in the place of the highlighted block.
   * @param {number} caret
   * @returns {Promise<Editor | null>} `null` when the editor cannot be had; the code then stays readable and runs
   */
  async edit(caret) {
    if (this.editor) {
      this.editor.focus();
      return this.editor;
    }
    this.opening ??= this.openEditor(caret);
    const editor = await this.opening;
    this.opening = null;
    editor?.focus();
    return editor;
  }

  /** @param {number} caret @returns {Promise<Editor | null>} */
  async openEditor(caret) {
    let module;
    try {
      module = await loadEditor();
    } catch {
      const note = this.output.note("The editor could not be fetched. ");
      note.append(makeButton("Try again", () => {
        note.remove();
        this.edit(caret);
      }));
      return null;
    }
    if (this.cells.page.signal.aborted) return null;
    const block = /** @type {HTMLElement} */ (this.holder.firstElementChild);
    const height = block.getBoundingClientRect().height;
    const parent = make("div", { class: "atlas-cell__editor", style: `min-height:${height}px` });
    const editor = module.createEditor({
      parent,
      doc: this.code.textContent ?? "",
      label: `Code of ${this.region}`,
      caret,
      onRun: () => this.run(),
      onChange: () => this.changed(),
    });
    parent.append(make("p", { class: "atlas-cell__leave", "aria-hidden": true }, "Tab indents. Esc, then Tab, leaves the editor."));
    block.hidden = true;
    this.holder.append(parent);
    this.editor = editor;
    return editor;
  }

  changed() {
    this.editor?.markLine?.(null);
    this.refresh();
  }

  /** Shows `text` as the cell's code, in the editor if it is open. @param {string} text */
  show(text) {
    if (this.editor) this.editor.setText(text);
    else if (text === this.original) this.code.innerHTML = this.highlighted;
    else this.code.textContent = text;
    this.markLine(null);
    this.refresh();
  }

  /** @param {number | null} line the reader's line that failed, from 1 */
  markLine(line) {
    this.editor?.markLine?.(line);
    this.holder.querySelector(".atlas-cell__failed")?.remove();
    if (line === null || this.editor) return;
    const block = /** @type {HTMLElement} */ (this.holder.querySelector("pre"));
    block.append(make("span", { class: "atlas-cell__failed", style: `--line:${line - 1}`, "aria-hidden": true }));
  }

  /** Runs the text as it stands. @returns {Promise<boolean>} whether it ran to its end */
  async run() {
    if (this.busy) return false;
    this.busy = true;
    if (!(await this.cells.runAbove(this))) {
      this.busy = false;
      this.output.note("Not run: a cell above, which this one needs, could not be run.");
      return false;
    }
    const text = this.text;
    this.keepFocus(this.output.host);
    this.output.host.ariaBusy = "true"; // read out when it is whole, not piece by piece
    this.output.clear();
    this.markLine(null);
    this.dismissNotice();
    const hide = python.state === "ready" ? () => {} : showStart(this.output.host);
    this.status = python.state === "ready" ? "running" : "starting";
    try {
      await python.open(this.cells.page.data?.slug ?? "");
      hide();
      if (this.element.dataset.status === "starting") this.status = "running";
      const answer = await python.run(this.id, text, { onOutput: (/** @type {string} */ piece) => this.output.print(piece) });
      if (answer.stopped) return this.stopped();
      if (answer.error?.type === "PythonUnavailable") throw new Error(answer.error.plain);
      if (answer.error) {
        this.status = "error";
        this.output.error(answer.error);
        this.tellRestored(answer);
        this.markLine(answer.error.line ?? null);
        return false;
      }
      if (answer.result !== null && answer.result !== undefined) this.output.result(answer.result);
      if (answer.plot) this.output.plot(answer.plot);
      this.tellRestored(answer);
      this.status = "done";
      this.ran = true;
      this.applied = text === this.original ? null : text;
      this.refresh();
      await this.tellFigures(answer, !this.output.text && answer.result == null && !answer.plot);
      return true;
    } catch (cause) {
      if (this.stopping) return this.stopped();
      this.status = "error";
      const note = this.output.note(`${wordsOf(cause)} `);
      note.append(makeButton("Try again", () => this.run()));
      return false;
    } finally {
      hide();
      this.busy = false;
      this.output.host.ariaBusy = "false";
      this.cells.ended(this);
    }
  }

  /** @param {import("./types.js").RunAnswer} answer */
  tellRestored({ restored = [] }) {
    if (!restored.length) return;
    const names = make("span", { class: "atlas-output__names" }, listed(restored));
    this.output.note("Put back when the run ended, since all cells and figures use it: ", names, ".");
  }

  /**
   * Has the figures that use this code drawn again and says which they are.
   * @param {import("./types.js").RunAnswer} answer
   * @param {boolean} silent whether the run itself said nothing
   */
  async tellFigures({ redraw = [], edited = [] }, silent) {
    const views = [...this.cells.figures.views.values()].filter((view) => redraw.includes(view.id));
    const following = this.cells.follow(edited, redraw);
    if (!views.length) {
      const elsewhere = this.cells.isLesson ? "" : ", and no figure on this page changes";
      if (silent) this.output.note(`Ran. Nothing was printed${elsewhere}.`);
      return;
    }
    const note = this.output.note("Drawing again: ");
    append(note, views.map((view) => make("a", { href: `#${view.element.id}` }, view.label)));
    note.append(".");
    await following;
    const failed = views.filter((view) => view.element.dataset.state === "error").map((view) => view.label);
    note.firstChild?.replaceWith("Drawn again: ");
    if (failed.length) {
      const shows = failed.length > 1 ? "show" : "shows";
      note.append(` ${listed(failed)} could not be drawn with this code and still ${shows} the last answer.`);
    }
  }

  async stop() {
    if (this.stopping) return;
    this.stopping = true;
    try {
      await python.stop();
    } finally {
      this.stopping = false;
    }
  }

  /** @returns {false} */
  stopped() {
    this.status = "idle";
    this.output.note("Stopped. Python was started afresh.");
    return false;
  }

  async reset() {
    this.keepFocus(this.button("reset"));
    if (this.busy) await this.stop();
    const wasApplied = this.applied !== null;
    this.show(this.original);
    this.output.restore();
    this.dismissNotice();
    this.status = "idle";
    this.applied = null;
    this.refresh();
    if (!wasApplied) return;
    try {
      const { redraw = [], edited = [], error } = await python.reset(this.id);
      const concerned = error ? [] : await this.cells.follow(edited, redraw);
      // Figures at their opening state come from the build: Python is asked for one, and what the reader's code has
      // damaged beyond the edit is repaired by a fresh start.
      const asked = redraw.length && !error ? await python.draw(redraw[0], {}) : {};
      const restored = !error && !asked.error && !concerned.some((view) => view.element.dataset.state === "error");
      if (!restored) {
        await python.stop();
        await this.cells.follow([], redraw);
      }
      this.output.note(restored ? "Restored." : "Restored: Python was started afresh.");
    } catch (cause) {
      this.output.note(wordsOf(cause));
    }
  }

  async share() {
    const fragment = this.isEdited ? await encodeEdit(this.id, this.text) : `#${this.element.id}`;
    const address = new URL(fragment, location.href).href;
    history.replaceState(history.state, "", address);
    this.cells.seen = location.hash;
    const what = this.isEdited ? "The address of this page now carries your edit" : "The address of this page now points at this cell";
    let copied = true;
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      copied = false;
    }
    this.output.host.querySelector(".atlas-output__share")?.remove();
    this.output.note(`${what}${copied ? ", and is on the clipboard" : ": copy it from the address bar"}.`).classList.add("atlas-output__share");
  }

  /** Shows somebody's edit, to read before it is run. @param {string} text */
  receive(text) {
    this.show(text);
    this.dismissNotice();
    const notice = make(
      "div",
      { class: "atlas-cell__notice", role: "status" },
      make("span", {}, "The link you followed carries an edit of this cell. It has not been run: read it, then press Run."),
      makeButton("Show the original", () => this.reset()),
    );
    this.holder.before(notice);
    this.element.scrollIntoView({ block: "center" });
  }

  dismissNotice() {
    const notice = this.element.querySelector(".atlas-cell__notice");
    if (notice) this.keepFocus(notice);
    notice?.remove();
  }

  /** What has the focus is about to go: Run takes it. @param {Element} going */
  keepFocus(going) {
    if (going.contains(document.activeElement)) [this.button("run"), this.button("stop")].find((button) => !button.hidden)?.focus();
  }

  leave() {
    this.cells.remember(this);
    this.editor?.destroy();
    this.editor = null;
  }
}

export class Cells {
  /**
   * @param {Page} page
   * @param {Figures} figures
   */
  constructor(page, figures) {
    this.page = page;
    this.figures = figures;
    const elements = /** @type {NodeListOf<HTMLElement>} */ (page.root.querySelectorAll("[data-cell]"));
    this.cells = [...elements].map((element) => new Cell(element, this));
    this.seen = "";
    /** What was wrong with the last link. @type {HTMLElement | null} */
    this.notice = null;
    this.isLesson = page.data?.lesson === true;
    this.recall();
    const { signal } = page;
    addEventListener("hashchange", () => this.receive(), { signal });
    python.addEventListener("lost", () => this.lost(), { signal });
    signal.addEventListener("abort", () => this.cells.forEach((cell) => cell.leave()));
    this.receive();
  }

  /** @param {Cell} cell of a page the reader is leaving */
  remember(cell) {
    const slug = this.page.data?.slug ?? "";
    if (!left.has(slug)) left.set(slug, new Map());
    left.get(slug)?.set(cell.id, { text: cell.text, applied: cell.applied, ran: cell.ran });
  }

  /** Puts back what the reader left in this page's cells earlier in the visit. */
  recall() {
    const remembered = left.get(this.page.data?.slug ?? "");
    for (const cell of this.cells) {
      const before = remembered?.get(cell.id);
      if (!before) continue;
      cell.applied = before.applied;
      cell.ran = before.ran;
      if (before.text !== cell.original) cell.show(before.text);
      cell.refresh();
    }
    const applied = this.cells.filter((cell) => cell.applied !== null);
    this.figures.follow(applied.map((cell) => cell.module), []);
  }

  /**
   * @param {string[]} edited modules in which an edit of the reader's is in force
   * @param {string[]} redraw figures to draw again
   */
  follow(edited, redraw) {
    for (const cell of this.cells) {
      if (cell.applied === null || edited.includes(cell.module)) continue;
      cell.applied = null; // it needed an edit that was taken back
      cell.refresh();
    }
    return this.figures.follow(edited, redraw);
  }

  /**
   * A lesson's cells build on each other: runs those above one that Python has not run yet.
   * @param {Cell} cell
   * @returns {Promise<boolean>} whether the cell can be run now
   */
  async runAbove(cell) {
    if (!this.isLesson) return true;
    const above = this.cells.slice(0, this.cells.indexOf(cell)).find((one) => !one.ran);
    return !above || ((await above.run()) && this.runAbove(cell));
  }

  /** @param {Element | null} element @returns {Cell | undefined} the cell that contains the element */
  containing(element) {
    return this.cells.find((cell) => element && cell.element.contains(element));
  }

  /** @param {Cell} cell whose run has ended, one way or another */
  ended(cell) {
    if (cell.element.dataset.status === "starting" || cell.element.dataset.status === "running") cell.status = "idle";
  }

  /** Python was stopped or lost, and with it the edits that were in force: say so where they were. */
  lost() {
    for (const cell of this.cells) cell.ran = false;
    const forgotten = this.cells.filter((cell) => cell.applied !== null);
    if (!forgotten.length) return;
    const concerned = [...this.figures.views.values()].filter((view) => view.isEdited).map((view) => view.id);
    const last = forgotten[forgotten.length - 1];
    const which = listed(forgotten.map((cell) => cell.region));
    const note = last.output.note(`Python was started afresh, so your edit of ${which} is no longer in force. `);
    note.append(
      makeButton(forgotten.length > 1 ? "Run them again" : "Run it again", async () => {
        note.remove();
        for (const cell of forgotten) if (!(await cell.run())) break;
      }),
    );
    this.follow([], concerned);
  }

  /** Shows the edit the address carries, if it carries one. */
  async receive() {
    const asked = location.hash;
    if (asked === this.seen) return;
    this.seen = asked;
    this.notice?.remove();
    try {
      const edit = await decodeEdit(asked);
      if (!edit || asked !== this.seen || this.page.signal.aborted) return;
      const cell = this.cells.find((one) => one.id === edit.cell);
      if (!cell) throw new Error("This link carries an edit of a cell that this page does not have.");
      if (edit.text !== cell.original) cell.receive(edit.text);
    } catch (cause) {
      if (asked !== this.seen) return;
      this.notice = make("p", { class: "atlas-notice", role: "status" }, wordsOf(cause));
      this.page.root.prepend(this.notice);
    }
  }
}

/** @param {KeyboardEvent} event @returns {boolean} Shift+Enter, Ctrl+Enter or Command+Enter */
function runs(event) {
  return event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey);
}

/** @param {HTMLElement} code @returns {number} where in the code's text the reader clicked */
function caretAt(code) {
  const selection = getSelection();
  if (!selection?.rangeCount || !selection.anchorNode || !code.contains(selection.anchorNode)) return 0;
  const range = document.createRange();
  range.setStart(code, 0);
  range.setEnd(selection.anchorNode, selection.anchorOffset);
  return range.toString().length;
}

/** @param {HTMLElement} host @param {HTMLElement[]} items joined by commas and "and" */
function append(host, items) {
  items.forEach((item, index) => {
    if (index) host.append(index === items.length - 1 ? " and " : ", ");
    host.append(item);
  });
}
