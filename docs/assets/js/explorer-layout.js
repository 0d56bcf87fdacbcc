/** The elements of the explorer, in their places. What they do is `explorer.js`. */

import { make } from "./dom.js";
import { STEPS } from "./explorer-steps.js";

/** @param {string} label @param {string} action @param {string} [className] */
function button(label, action, className = "atlas-button") {
  return make("button", { type: "button", class: className, "data-action": action }, label);
}

/** @param {string} name @param {string} legend */
function choice(name, legend) {
  return make("fieldset", { class: "explorer__choice", "data-choice": name }, make("legend", {}, legend));
}

/** @param {string} id @param {string} name @param {...Node} parts */
function field(id, name, ...parts) {
  return make("div", { class: "atlas-control" }, make("label", { for: id }, name), ...parts);
}

/** @param {HTMLElement} root emptied and filled */
export function layout(root) {
  const input = make("input", {
    type: "text",
    id: "explorer-sentence",
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
  });
  const ask = field("explorer-sentence", "Sentence", input);
  ask.classList.add("explorer__ask");
  const status = make("p", { class: "atlas-figure__status explorer__status", role: "status", "data-status": true });

  const tokens = make("div", { class: "explorer__chips" });
  const nextChip = button("", "append", "explorer__next");
  const strip = make("fieldset", { class: "explorer__tokens" }, make("legend", {}, "Token"), tokens);

  const back = button("Back", "back");
  const play = button("Play", "play");
  const forward = button("Step", "step");
  const place = make("span", { class: "explorer__place" });
  const walk = make("div", { class: "explorer__transport", role: "group", "aria-label": "Walk" }, back, play, forward, place);
  const layers = choice("layer", "Block");
  const heads = choice("head", "Head");
  const bar = make("div", { class: "explorer__bar" }, walk, layers, heads);

  const { rail, stepButtons, blockTitle } = railOf();
  const heading = make("h2", { class: "explorer__heading" });
  const formula = make("p", { class: "explorer__formula" });
  const why = make("div", { class: "explorer__why" });
  const stagePanels = make("div", { class: "explorer__panels" });
  const bars = make("ol", { class: "explorer__bars" });
  const { writing, ...writers } = writingOf();
  const card = make("div", { class: "explorer__card", "data-card": true, role: "status", "aria-live": "off" });
  const top = make("header", { class: "explorer__top" }, heading, formula);
  const stage = make("section", { class: "explorer__stage", "aria-label": "Step" }, top, why, stagePanels, writing, bars, card);
  const told = make("p", { class: "atlas-unseen", "aria-live": "polite" });
  root.replaceChildren(ask, status, strip, bar, make("div", { class: "explorer__body" }, rail, stage), told);
  return {
    input,
    status,
    tokens,
    nextChip,
    back,
    play,
    forward,
    place,
    layers,
    heads,
    rail,
    stepButtons,
    blockTitle,
    heading,
    formula,
    why,
    stagePanels,
    bars,
    writing,
    ...writers,
    card,
    told,
  };
}

/** The list of steps. */
function railOf() {
  const rail = make("nav", { class: "explorer__rail", "aria-label": "Steps of the forward pass" });
  const stepButtons = STEPS.map((step) => {
    const one = button("", "jump", "explorer__step");
    one.dataset.step = step.id;
    one.append(make("span", { class: "explorer__step-name" }, step.name), make("span", { class: "explorer__step-shape" }));
    return one;
  });
  const blockTitle = make("span", { class: "explorer__part" }, "Block");
  const titles = {
    before: make("span", { class: "explorer__part" }, "Before the blocks"),
    block: blockTitle,
    after: make("span", { class: "explorer__part" }, "After the blocks"),
  };
  for (const part of /** @type {const} */ (["before", "block", "after"])) {
    const buttons = stepButtons.filter((_, index) => STEPS[index].part === part);
    rail.append(titles[part], make("ol", {}, ...buttons.map((one) => make("li", {}, one))));
  }
  return { rail, stepButtons, blockTitle };
}

/** What the last step has: how the next token is chosen. */
function writingOf() {
  const heat = make("input", { type: "range", id: "explorer-temperature", min: 0.2, max: 2, step: 0.1, value: 1 });
  const heatSaid = make("output", { for: "explorer-temperature" }, "1.0");
  const seedField = make("input", { type: "number", id: "explorer-seed", min: 0, max: 9999, step: 1, value: 1 });
  const likeliest = button("Append the likeliest", "likeliest");
  const drawOne = button("Draw one", "draw");
  const keepGoing = button("Keep going", "go-on");
  const takeBack = button("Take back", "take-back");
  const writing = make(
    "div",
    { class: "explorer__writing" },
    make("div", { class: "explorer__buttons" }, likeliest, drawOne, keepGoing, takeBack),
    field("explorer-temperature", "Temperature", heat, heatSaid),
    field("explorer-seed", "Seed", seedField),
  );
  return { writing, heat, heatSaid, seedField, likeliest, drawOne, keepGoing, takeBack };
}
