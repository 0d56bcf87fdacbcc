/**
 * A list of questions made into one question at a time. The page's text is the list: each item asks in bold, each
 * answer below it begins in italics, and one that says "question 3" leads there. What follows is the text of the answer.
 */

import { make, makeButton } from "./dom.js";

/** @typedef {import("./types.js").Page} Page */
/** @typedef {{ says: string, next: number | null, rest: Node[] }} Answer */
/** @typedef {{ asks: string, answers: Answer[] }} Question */

/** @param {Page} page */
export function mountChooser(page) {
  const heading = page.root.querySelector("h2[data-chooser]");
  let list = heading?.nextElementSibling ?? null;
  while (list && list.tagName !== "OL") list = list.tagName === "H2" ? null : list.nextElementSibling;
  if (!list || list.previousElementSibling?.classList.contains("atlas-chooser")) return;
  const questions = read(/** @type {HTMLOListElement} */ (list));
  if (questions.length) new Chooser(questions, /** @type {HTMLOListElement} */ (list));
}

/** @param {HTMLOListElement} list @returns {Question[]} none if the list cannot be followed */
export function read(list) {
  const questions = [...list.children].map((item) => ({
    asks: item.querySelector("strong")?.textContent ?? "",
    answers: [...item.querySelectorAll("ul > li")].map((answer) => {
      const says = answer.querySelector("em");
      const next = /\bquestion (\d+)/.exec(answer.textContent ?? "");
      const rest = [...(says?.parentElement?.childNodes ?? [])].filter((node) => node !== says);
      return { says: (says?.textContent ?? "").replace(/[.:]$/, ""), next: next ? Number(next[1]) - 1 : null, rest };
    }),
  }));
  const whole = questions.every(
    ({ asks, answers }) =>
      asks && answers.length > 1 && answers.every(({ says, next }) => says && (next === null || next in questions)),
  );
  return whole ? questions : [];
}

class Chooser {
  /**
   * @param {Question[]} questions
   * @param {HTMLOListElement} list
   */
  constructor(questions, list) {
    this.questions = questions;
    /** @type {[number, number][]} question and answer, as far as the reader has come */
    this.path = [];
    this.body = make("div", { "aria-live": "polite" });
    this.home = make("div", { class: "atlas-chooser", role: "group", "aria-label": "Chooser" }, this.body);
    const all = make("details", { class: "atlas-chooser__all" }, make("summary", {}, "All questions and answers"));
    list.before(this.home, all);
    all.append(list);
    this.show(false);
  }

  /** @param {boolean} focus whether to take the focus along: not when the page opens */
  show(focus = true) {
    const said = this.path.map(([question, answer]) =>
      make(
        "p",
        { class: "atlas-chooser__said" },
        `${this.questions[question].asks} `,
        make("em", {}, this.questions[question].answers[answer].says),
      ),
    );
    const [question, answer] = this.path.at(-1) ?? [-1, -1];
    const given = this.questions[question]?.answers[answer];
    const now = given ? given.next : 0;
    const parts = [...said];
    if (now === null && given) {
      parts.push(make("p", { class: "atlas-chooser__result", tabindex: -1 }, ...given.rest.map((node) => node.cloneNode(true))));
    } else {
      const { asks, answers } = this.questions[now ?? 0];
      const buttons = answers.map(({ says }, index) =>
        makeButton(says, () => {
          this.path.push([now ?? 0, index]);
          this.show();
        }),
      );
      parts.push(
        make("p", { class: "atlas-chooser__question", tabindex: -1 }, asks),
        make("p", { class: "atlas-chooser__answers" }, ...buttons),
      );
    }
    if (said.length) {
      const back = makeButton("Back", () => {
        this.path.pop();
        this.show();
      });
      const again = makeButton("Start again", () => {
        this.path = [];
        this.show();
      });
      parts.push(make("p", { class: "atlas-chooser__answers" }, back, again));
    }
    this.body.replaceChildren(...parts);
    const target = this.body.querySelector(".atlas-chooser__result, .atlas-chooser__question");
    if (focus) /** @type {HTMLElement | null} */ (target)?.focus({ preventScroll: true });
  }
}
