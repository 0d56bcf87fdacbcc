/**
 * Python in the page: the one object through which figures and cells use it.
 *
 * Nothing is loaded before `warm`, or the first request. One worker serves the whole visit. Requests are sent to it
 * one at a time and wait here, so that a draw which a newer one of the same figure has overtaken is never computed.
 */

import { line } from "./line.js";

/** @typedef {import("./types.js").PythonState} PythonState */
/** @typedef {import("./types.js").DrawAnswer} DrawAnswer */
/** @typedef {import("./types.js").RunAnswer} RunAnswer */
/**
 * @typedef {object} Request
 * @property {number} id
 * @property {"open" | "draw" | "run" | "reset"} do
 * @property {string} slug the page it is asked on
 * @property {Record<string, unknown>} arguments
 * @property {(answer: any) => void} resolve
 * @property {((text: string) => void) | undefined} onOutput
 */

const WORKER = new URL("./worker.js", import.meta.url);
const LIST = new URL("../generated/py/manifest.json", import.meta.url);
const PROTOCOL = 3; // between the page, its worker and the files that start Python
const SILENCE_WHILE_STARTING = 60_000; // milliseconds without news after which a start has failed
const SILENCE_OF_AN_IDLE_WORKER = 10_000; // an idle worker says at once that a request has arrived
const LOST = "Python stopped working, perhaps because its memory was full. It is being started again.";

class Python extends EventTarget {
  /** @type {PythonState} */
  state = "off";
  /** Why the last start failed, for the reader; empty after a start that did not. */
  message = "";
  /** @type {Worker | null} */
  #worker = null;
  /** What a worker leaves to the one that follows it. @type {any} */
  #module;
  /** The list of Python's files, while nothing is wrong with them. @type {Promise<object> | null} */
  #list = null;
  /** @type {Request[]} */
  #waiting = [];
  /** @type {Request | null} */
  #current = null;
  #number = 0;
  #page = "";
  /** @type {Set<string>} */
  #opened = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #alarm;
  #life = new AbortController();
  /** Whether the worker's script may be damaged, and kept so by the browser. */
  #doubtful = false;

  /** Starts Python if it is not there or has failed. Never throws. */
  warm() {
    if (this.state === "loading" || this.state === "ready") return;
    this.#setState("loading");
    if (this.#doubtful) fetchAgain().then(() => this.#worker ?? (this.state === "loading" && this.#listen()));
    else this.#listen();
  }

  /** The reader has come to a page: where Python is at work already, its code is fetched ahead. @param {string} slug */
  expect(slug) {
    this.#worker?.postMessage({ fetch: slug });
  }

  /**
   * Makes the page current and its modules importable.
   * @param {string} slug
   * @returns {Promise<void>}
   * @throws {Error} in plain words, when Python or the page's files cannot be had
   */
  async open(slug) {
    this.#page = slug;
    if (this.state === "ready" && this.#opened.has(slug)) return;
    const answer = await this.#ask("open", slug, {});
    if (answer.stopped) throw new Error("Python was stopped.");
    if (answer.error) throw new Error(answer.error.plain);
  }

  /**
   * Draws a figure. Of several draws of one figure that wait, only the newest is computed.
   * @param {string} figure `slug/name`
   * @param {Record<string, unknown>} values by control name; what is left out keeps its default
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<DrawAnswer>}
   */
  draw(figure, values, { signal } = {}) {
    this.#drop((request) => request.do === "draw" && request.arguments.figure === figure);
    if (signal?.aborted) return Promise.resolve({ superseded: true });
    const asked = this.#ask("draw", figure.split("/")[0], { figure, values });
    const id = this.#number;
    const drop = () => this.#drop((request) => request.id === id);
    signal?.addEventListener("abort", drop, { once: true });
    return asked.finally(() => signal?.removeEventListener("abort", drop));
  }

  /**
   * Runs the reader's text of a cell.
   * @param {string} cell `module:region`
   * @param {string} text
   * @param {{ onOutput?: (text: string) => void }} [options] receives what is printed, while it runs
   * @returns {Promise<RunAnswer>}
   */
  run(cell, text, { onOutput } = {}) {
    return this.#ask("run", this.#pageOf(cell), { cell, text }, onOutput);
  }

  /**
   * Gives a cell its original code back.
   * @param {string} cell
   * @returns {Promise<RunAnswer>}
   */
  async reset(cell) {
    return { redraw: [], ...(await this.#ask("reset", this.#pageOf(cell), { cell })) };
  }

  /**
   * Ends whatever runs and starts Python afresh; edits that were in force are gone.
   * @returns {Promise<void>} when Python can be used again, or has failed to start
   */
  async stop() {
    if (!this.#worker) return;
    this.#end();
    const pending = [...(this.#current ? [this.#current] : []), ...this.#waiting];
    this.#current = null;
    this.#waiting = [];
    for (const request of pending) request.resolve({ stopped: true });
    this.#tell("lost", { reason: "stopped", message: "Python was stopped and is being started afresh." });
    this.#setState("off");
    this.warm();
    await new Promise((resolve) => {
      const check = () => {
        if (this.state === "loading") return;
        this.removeEventListener("state", check);
        resolve(undefined);
      };
      this.addEventListener("state", check);
    });
  }

  /** @param {string} cell @returns {string} */
  #pageOf(cell) {
    return this.#page || cell.split(".")[0].replaceAll("_", "-");
  }

  /**
   * @param {Request["do"]} what
   * @param {string} slug
   * @param {Record<string, unknown>} given
   * @param {(text: string) => void} [onOutput]
   * @returns {Promise<any>}
   */
  #ask(what, slug, given, onOutput) {
    return new Promise((resolve) => {
      this.#number += 1;
      this.#waiting.push({ id: this.#number, do: what, slug, arguments: given, resolve, onOutput });
      if (this.state === "loading") this.#worker?.postMessage({ fetch: slug });
      this.warm();
      this.#next();
    });
  }

  /** Sends the next request, if the worker is free: what the reader pressed before figures. */
  #next() {
    if (this.state !== "ready" || this.#current || !this.#waiting.length) return;
    const pressed = this.#waiting.findIndex((request) => request.do !== "draw");
    const [request] = this.#waiting.splice(Math.max(pressed, 0), 1);
    this.#current = request;
    const { id, slug } = request;
    this.#worker?.postMessage({ id, do: request.do, slug, arguments: request.arguments });
    this.#watch(SILENCE_OF_AN_IDLE_WORKER, () => this.#lost(LOST));
  }

  /** @param {(request: Request) => boolean} which of the waiting requests nobody needs any more */
  #drop(which) {
    const dropped = this.#waiting.filter(which);
    this.#waiting = this.#waiting.filter((request) => !which(request));
    for (const request of dropped) request.resolve({ superseded: true });
  }

  /** Starts a worker and listens to it. */
  #listen() {
    const worker = new Worker(WORKER, { type: "module", name: "python" });
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.state === "loading") {
        this.#doubtful = true;
        this.#failed("Python's worker (worker.js) could not be loaded or stopped while starting.");
      } else {
        this.#lost(LOST);
      }
    };
    const alive = `python-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    this.#life = new AbortController();
    const afresh = this.message !== "";
    this.#list ??= fetchList(afresh); // beside the worker's own script
    this.#list.then(
      (manifest) => worker.postMessage({ boot: true, alive, manifest, module: this.#module, afresh, line: line() }),
      (error) => worker === this.#worker && this.#failed(error.message),
    );
    for (const { slug } of this.#waiting) worker.postMessage({ fetch: slug });
    this.#watchStart();
  }

  /** @param {any} data */
  #hear(data) {
    if (data.progress) {
      if (this.state === "loading") this.#watchStart();
      this.#tell("progress", data.progress);
    } else if (data.ready) {
      clearTimeout(this.#alarm);
      this.#mourn(data.alive);
      this.#module = data.module;
      this.message = "";
      this.#doubtful = false;
      this.#setState("ready");
      this.#next();
    } else if (data.lost) {
      this.#lost(`${data.lost}. It is being started again.`);
    } else if (data.id === undefined) {
      this.#failed(data.failed);
    } else if (this.#current && data.id === this.#current.id) {
      this.#hearAnswer(this.#current, data);
    }
  }

  /** @param {Request} request @param {any} data */
  #hearAnswer(request, data) {
    if (data.received) return clearTimeout(this.#alarm);
    if (data.output !== undefined) return request.onOutput?.(data.output);
    if (data.failed) {
      request.resolve({ error: plainError(data.failed) });
    } else {
      let answer;
      try {
        answer = JSON.parse(data.answer);
      } catch {
        return this.#lost(LOST);
      }
      this.#opened.add(request.slug);
      request.resolve(answer);
    }
    this.#current = null;
    this.#next();
  }

  /** The start failed: everything that waits is told why, and the next request tries again. @param {string} message */
  #failed(message) {
    this.#end();
    this.message = message;
    this.#list = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#setState("failed");
    for (const request of waiting) request.resolve({ error: plainError(message) });
  }

  /** The worker is gone while it was in use: say so, and start another for what waits. @param {string} message */
  #lost(message) {
    this.#end();
    const request = this.#current;
    this.#current = null;
    this.#tell("lost", { reason: "lost", message });
    this.#setState("off");
    request?.resolve({ error: plainError(message) });
    this.warm();
  }

  /** Ends the worker. */
  #end() {
    clearTimeout(this.#alarm);
    this.#life.abort();
    if (this.#worker) {
      this.#worker.onmessage = this.#worker.onerror = null;
      this.#worker.terminate();
    }
    this.#worker = null;
    this.#opened.clear();
  }

  /**
   * Notices that the worker has died, which nothing else tells: it holds a lock for as long as it lives.
   * @param {string | undefined} alive the lock; none where the browser has no locks
   */
  #mourn(alive) {
    if (!alive) return;
    const { signal } = this.#life;
    navigator.locks.request(alive, { signal }, () => signal.aborted || this.#lost(LOST)).catch(() => {});
  }

  #watchStart() {
    this.#watch(SILENCE_WHILE_STARTING, () => this.#failed("Python could not be fetched: the connection stands still."));
  }

  /** @param {number} milliseconds @param {() => void} then */
  #watch(milliseconds, then) {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(then, milliseconds);
  }

  /** @param {PythonState} state */
  #setState(state) {
    this.state = state;
    document.documentElement.dataset.python = state;
    this.#tell("state", { state, message: state === "failed" ? this.message : "" });
  }

  /** @param {string} type @param {Record<string, unknown>} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/**
 * The list of the files that start Python, and of what each page needs.
 * @param {boolean} afresh whether what the browser has kept may be damaged
 * @returns {Promise<object>}
 * @throws {Error} in plain words
 */
async function fetchList(afresh) {
  const title = "The list of Python's files (manifest.json)";
  let response;
  try {
    response = await fetch(LIST, { cache: afresh ? "reload" : "no-cache" });
  } catch {
    throw new Error(`${title} could not be fetched: the connection failed.`);
  }
  if (!response.ok) throw new Error(`${title} could not be fetched: the server answered ${response.status}.`);
  const manifest = await response.json().catch(() => {
    throw new Error(`${title} arrived damaged or cut short.`);
  });
  if (manifest.protocol !== PROTOCOL) throw new Error("The site has a new release. Reload the page to run Python.");
  return manifest;
}

/** Has the browser ask the server for the worker's scripts, whatever it has kept. */
async function fetchAgain() {
  const scripts = [WORKER, ...["seal.js", "snapshot.js", "whole.js"].map((name) => new URL(name, WORKER))];
  await Promise.all(scripts.map((script) => fetch(script, { cache: "reload" }).catch(() => {})));
}

/** @param {string} plain @returns {import("./types.js").PythonError} an error that is not the reader's code's */
function plainError(plain) {
  return { plain, line: null, column: null, source: null, type: "PythonUnavailable", message: plain, traceback: "" };
}

export const python = new Python();
