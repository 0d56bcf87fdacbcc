/**
 * The page's side of the service worker (`hooks/service_worker.js`): brings it in once the page has loaded, tells it
 * which release the page is of, and says so when files of this release are no longer to be had. Where the browser has no
 * service workers, or keeps nothing, the site works as it would without this file.
 */

import { make, makeButton } from "./dom.js";

const SITE = new URL("../../", import.meta.url);
const KEY = `${SITE.pathname}.atlas-offline`;
/** Empty on pages that `make serve` has made. */
const RELEASE = document.querySelector("meta[name=atlas-release]")?.getAttribute("content") ?? "";

/** @returns {boolean} whether the reader has asked that nothing be kept */
export function isDeclined() {
  try {
    return localStorage.getItem(KEY) === "no";
  } catch {
    return false;
  }
}

/** @param {boolean} declined */
function remember(declined) {
  try {
    if (declined) localStorage.setItem(KEY, "no");
    else localStorage.removeItem(KEY);
  } catch {
    // blocked: then the browser keeps no copy either
  }
}

/** Called when the page has loaded. */
export async function start() {
  if (!("serviceWorker" in navigator)) return;
  if (!RELEASE) return void leave().catch(() => {});
  document.documentElement.dataset.offline = "possible";
  addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("[data-action=offline]")) return;
    import("./offline-dialog.js").then(({ openDialog }) => openDialog());
  });
  if (isDeclined()) await leave().catch(() => {});
  else await join().catch(() => {});
}

let joined = false;

/**
 * Brings the service worker in.
 * @returns {Promise<ServiceWorkerRegistration>}
 * @throws {Error} when the browser does not allow it
 */
export async function join() {
  const registration = await navigator.serviceWorker.register(new URL("sw.js", SITE));
  if (!joined) {
    joined = true;
    navigator.serviceWorker.addEventListener("message", ({ data }) => hear(data));
    navigator.serviceWorker.addEventListener("controllerchange", () => greet(navigator.serviceWorker.controller));
  }
  greet(await active(registration));
  return registration;
}

/** @param {ServiceWorkerRegistration} registration @returns {Promise<ServiceWorker>} the worker, when it works */
function active(registration) {
  return atWork(registration.active ?? registration.waiting ?? registration.installing);
}

/** @param {ServiceWorkerRegistration} registration @returns {Promise<ServiceWorker>} the newest, when it works */
function newest({ active, waiting, installing }) {
  const worker = installing ?? waiting;
  if (worker && active) worker.postMessage({ takeOver: true });
  return atWork(worker ?? active);
}

/** @param {ServiceWorker | null} worker @returns {Promise<ServiceWorker>} */
async function atWork(worker) {
  if (!worker) throw new Error("the browser has ended it");
  await new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === "activated") resolve(undefined);
      if (worker.state === "redundant") reject(new Error("its list of files could not be read"));
    };
    worker.addEventListener("statechange", look);
    look();
  });
  return worker;
}

/** @param {ServiceWorker | null} worker */
function greet(worker) {
  const opened = performance.getEntriesByType("resource").map(({ name }) => name);
  const scheme = document.body.dataset.mdColorScheme ?? "";
  worker?.postMessage({ hello: RELEASE, opened: [location.href, ...opened], scheme });
}

/** @param {{ superseded?: string }} message */
function hear({ superseded }) {
  if (superseded === RELEASE) notify();
}

/** Says that there is a new release if the host has one. */
export async function askForRelease() {
  const newest = RELEASE && (await hostRelease());
  if (newest && newest !== RELEASE) notify();
}

/** @returns {Promise<string>} the release that the host has now; empty if that cannot be known */
async function hostRelease() {
  try {
    const answer = await fetch(new URL("release.json", SITE), { cache: "no-store" });
    return answer.ok ? (await answer.json()).release : "";
  } catch {
    return "";
  }
}

/** Says that there is a new release; the reader decides when the page is loaded again. */
function notify() {
  if (document.querySelector(".atlas-release")) return;
  const reload = makeButton("Reload", () => location.reload());
  const later = makeButton("Later", () => notice.remove());
  const text = make("span", {}, "The atlas has a new release. This page is of the one before.");
  const notice = make("div", { class: "atlas-release", role: "status" }, text, reload, later);
  document.body.append(notice);
}

/** Removes all that is kept, and the worker. @returns {Promise<void>} */
async function leave() {
  const registration = await navigator.serviceWorker.getRegistration(SITE);
  registration?.active?.postMessage({ forget: true });
  await registration?.unregister();
  for (const name of await caches.keys()) if (name.startsWith(`atlas ${SITE.pathname} `)) await caches.delete(name);
}

/** As the reader asked: nothing is kept, now and on later visits. @returns {Promise<void>} */
export async function decline() {
  remember(true);
  await leave();
}

/** @typedef {{ release: string, total: number, kept: number, missing: [string, number][], fault?: string }} Copy */

/**
 * Asks the worker, which need not be in charge of this page.
 * @param {ServiceWorkerRegistration} registration
 * @param {object} question
 * @returns {Promise<any>}
 */
async function ask(registration, question) {
  const worker = await newest(registration);
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      port1.close();
      resolve(data);
    };
    worker.postMessage(question, [port2]);
  });
}

/** @returns {Promise<Copy>} what is kept and what is missing, of the newest release */
export async function readCopy() {
  const registration = await join();
  await registration.update().catch(() => {}); // without a connection the copy is what there is
  return ask(registration, { ask: true });
}

const SIDE_BY_SIDE = 4;

/**
 * Fetches what is missing.
 * @param {(bytes: number) => void} told how many bytes have been kept so far
 * @param {AbortSignal} signal
 * @returns {Promise<string>} why it ended early: "full", "blocked", "connection", "release"; empty if it did not
 */
export async function completeCopy(told, signal) {
  remember(false);
  const registration = await join();
  const copy = /** @type {Copy} */ (await ask(registration, { ask: true }));
  if (copy.fault) return copy.fault;
  let bytes = 0;
  let fault = "";
  const next = async () => {
    for (let file = copy.missing.shift(); file && !fault && !signal.aborted; file = copy.missing.shift()) {
      fault ||= (await ask(registration, { keep: file[0] })).fault;
      bytes += file[1];
      told(bytes);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, next));
  return fault;
}
