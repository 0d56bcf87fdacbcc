/** The home page: the map that lights up a lineage, its filter, and how far the reader has come. */

import { mountChips } from "./chips.js";
import { make, makeButton } from "./dom.js";
import { addressOf, forgetReading, isKept, onReading, readReading, writeReading } from "./reading.js";

/** @typedef {import("./types.js").Page} Page */

/** @param {Page} page */
export function mountHome(page) {
  if (page.signal.aborted) return;
  mountMap(/** @type {HTMLElement} */ (page.root.querySelector("[data-atlas-map]")), page.signal);
  mountProgress(page);
}

/** @param {HTMLElement} map @param {AbortSignal} signal */
function mountMap(map, signal) {
  const card = /** @type {HTMLElement} */ (map.querySelector("[data-card]"));
  const parts = /** @type {(HTMLElement | SVGElement)[]} */ ([...map.querySelectorAll("[data-node]")]);
  const edges = /** @type {SVGElement[]} */ ([...map.querySelectorAll("[data-edge]")]);
  const nodes = /** @type {SVGGElement[]} */ ([...map.querySelectorAll(".atlas-map__picture [data-node]")]);
  const key = /** @type {HTMLElement} */ (map.querySelector(".atlas-map__key"));
  card.id = "atlas-map-card";

  /** @param {string | undefined} slug the node that is pointed at */
  const show = (slug) => {
    const node = nodes.find((one) => one.dataset.node === slug);
    map.toggleAttribute("data-pointing", node !== undefined);
    const before = new Set([slug, ...words(node?.dataset.from)]);
    const after = new Set([slug, ...words(node?.dataset.to)]);
    for (const part of parts) {
      const own = part.dataset.node;
      part.classList.toggle("is-lit", node !== undefined && (before.has(own) || after.has(own)));
      part.classList.toggle("is-pointed", node !== undefined && own === slug);
    }
    for (const edge of edges) {
      const [from, to] = words(edge.dataset.edge);
      const lit = (before.has(from) && before.has(to)) || (after.has(from) && after.has(to));
      edge.classList.toggle("is-lit", node !== undefined && lit);
    }
    card.hidden = !node;
    key.hidden = node !== undefined;
    if (node) fillCard(card, node);
  };

  let last = "";
  for (const part of parts) {
    const slug = part.dataset.node;
    part.addEventListener("pointerenter", () => show(slug), { signal });
    part.addEventListener("pointerleave", () => show(map.querySelector("[data-node]:focus-within") ? last : undefined), { signal });
  }
  // Listened for on the section: an element of an SVG with a listener for the focus would be a tab stop itself.
  map.addEventListener(
    "focusin",
    (event) => {
      const part = /** @type {Element} */ (event.target).closest("[data-node]");
      last = part?.getAttribute("data-node") ?? "";
      show(last || undefined);
    },
    { signal },
  );
  map.addEventListener("focusout", () => show(undefined), { signal });
  for (const node of nodes) {
    const inside = target(node);
    inside.setAttribute("tabindex", "0");
    inside.setAttribute("aria-describedby", card.id);
  }
  // The theme swaps pages in place for links of HTML only: the list's link to the same page goes instead.
  for (const node of nodes) {
    node.addEventListener(
      "click",
      (event) => {
        const link = /** @type {HTMLElement | null} */ (map.querySelector(`li[data-node="${node.dataset.node}"] > a`));
        if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        event.stopPropagation();
        link.click();
      },
      { signal },
    );
  }
  map.addEventListener(
    "keydown",
    (event) => {
      const from = nodes.find((node) => node.contains(document.activeElement));
      if (!from || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") {
        show(undefined);
        return;
      }
      const to = nearest(nodes, from, event.key);
      if (!to) return;
      event.preventDefault();
      target(to).focus();
    },
    { signal },
  );

  const shownNow = (/** @type {import("./chips.js").Item} */ item, /** @type {boolean} */ shown) => {
    for (const part of parts) {
      if (part.dataset.node !== item.dataset.node) continue;
      part.classList.toggle("is-out", !shown);
      const link = part.querySelector("a, g[role=img]");
      if (shown) {
        part.removeAttribute("aria-hidden");
        if (link?.closest("svg")) link.setAttribute("tabindex", "0");
        else link?.removeAttribute("tabindex");
      } else {
        part.setAttribute("aria-hidden", "true");
        link?.setAttribute("tabindex", "-1");
      }
    }
    const out = new Set(nodes.filter((node) => node.classList.contains("is-out")).map((node) => node.dataset.node));
    for (const edge of edges) edge.classList.toggle("is-out", words(edge.dataset.edge).some((slug) => out.has(slug)));
  };
  mountChips(map, nodes, shownNow, signal);
}

/** @param {string | undefined} text */
const words = (text) => (text ? text.split(" ") : []);

/** @param {SVGGElement} node @returns {SVGElement} what takes the focus */
const target = (node) => /** @type {SVGElement} */ (node.firstElementChild);

/** @param {HTMLElement} card @param {SVGGElement} node */
function fillCard(card, node) {
  const { title = "", facts = "", summary = "", family = "" } = node.dataset;
  const from = words(node.dataset.from).length;
  const to = words(node.dataset.to).length;
  const line = `${from ? `${from} behind it` : "nothing behind it"}, ${to ? `${to} ahead of it` : "nothing ahead of it yet"}`;
  card.dataset.family = family;
  card.replaceChildren(
    make("b", {}, title),
    make("span", { class: "atlas-map__facts" }, facts),
    make("span", {}, summary),
    make("span", { class: "atlas-map__facts" }, line),
  );
}

/**
 * The node that an arrow key leads to: the nearest in that direction, where what lies straight ahead counts as nearer.
 * @param {SVGGElement[]} nodes @param {SVGGElement} from @param {string} key
 */
function nearest(nodes, from, key) {
  const arrows = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const shown = nodes.filter((node) => !node.classList.contains("is-out"));
  if (key === "Home") return shown[0];
  if (key === "End") return shown[shown.length - 1];
  const direction = arrows[/** @type {keyof typeof arrows} */ (key)];
  if (!direction) return undefined;
  const [x, y] = centre(from);
  let best;
  let least = Infinity;
  for (const node of shown) {
    const [otherX, otherY] = centre(node);
    const ahead = (otherX - x) * direction[0] + (otherY - y) * direction[1];
    const aside = Math.abs((otherX - x) * direction[1]) + Math.abs((otherY - y) * direction[0]);
    if (node === from || ahead < 2) continue;
    if (ahead + 2 * aside < least) [best, least] = [node, ahead + 2 * aside];
  }
  return best;
}

/** @param {SVGGElement} node @returns {[number, number]} */
function centre(node) {
  const dot = node.querySelector("circle");
  return [Number(dot?.getAttribute("cx")), Number(dot?.getAttribute("cy"))];
}

/** @param {Page} page */
function mountProgress(page) {
  const { root, signal } = page;
  const tracks = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-track]")]);
  const start = /** @type {HTMLElement | null} */ (root.querySelector("[data-continue]"));
  const first = start ? [...start.childNodes] : [];
  const foot = /** @type {HTMLElement | null} */ (root.querySelector("[data-device]"));
  const controls = make("span", { role: "status" });
  foot?.append(" ", controls);
  signal.addEventListener("abort", () => controls.remove());

  const reset = makeButton("Forget my progress", () => {
    const before = readReading();
    forgetReading();
    draw();
    const undo = makeButton("Undo", () => {
      writeReading(before);
      draw();
      reset.focus();
    });
    controls.replaceChildren("Forgotten. ", undo);
    undo.focus();
  });

  const draw = () => {
    const { read, last } = readReading();
    const some = Object.keys(read).length > 0 || last !== null;
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-page], [data-node]"))) {
      const done = (item.dataset.page ?? item.dataset.node ?? "") in read;
      item.classList.toggle("is-read", done);
      if (item.dataset.page) markRead(item, done);
    }
    for (const track of tracks) drawTrack(track, some);
    if (start) {
      const next = suggestion(root, read, last);
      start.replaceChildren(...(next ?? first));
    }
    controls.replaceChildren(...(isKept() ? [] : ["This browser keeps nothing for this site: it lasts until you close the page. "]), ...(some ? [reset] : []));
  };
  onReading(draw, signal);
  draw();
}

/** @param {HTMLElement} item @param {boolean} done */
function markRead(item, done) {
  const mark = item.querySelector(".atlas-unseen");
  if (done && !mark) item.append(make("span", { class: "atlas-unseen" }, "(read)"));
  if (!done) mark?.remove();
}

/** @param {HTMLElement} track @param {boolean} some whether anything has been read at all */
function drawTrack(track, some) {
  const line = /** @type {HTMLElement} */ (track.querySelector("[data-progress]"));
  const total = track.querySelectorAll("li").length;
  const done = track.querySelectorAll("li.is-read").length;
  line.hidden = !some;
  const bar = make("progress", { max: total, value: done, "aria-label": `Read of ${line.dataset.progress}` });
  line.replaceChildren(bar, ` ${done} of ${total} read`);
}

/**
 * Where to go on: the page the reader left, or, once that is read, the next on the core track.
 * @param {HTMLElement} root
 * @param {Record<string, string>} read
 * @param {import("./reading.js").Place | null} last
 * @returns {(Node | string)[] | null}
 */
function suggestion(root, read, last) {
  if (last && !(last.slug in read)) {
    const words = last.heading ? `${last.title}, at “${last.heading}”` : last.title;
    return ["Continue where you left off: ", make("a", { href: addressOf(last) }, words)];
  }
  const open = /** @type {HTMLAnchorElement[]} */ ([...root.querySelectorAll("[data-track=core] [data-page]:not(.is-read) > a")]);
  if (last && open.length) return ["Next on the core track: ", make("a", { href: open[0].href }, open[0].textContent ?? "")];
  return null;
}
