"""Press Run → first torch output, against bare Pyodide + NumPy in the same run:  python -m benchmarks.start_up

The floor is what Pyodide's own documentation does in a module worker: stock files, `loadPackage("numpy")`,
`numpy.ones(3).sum()`. Ours runs a cell of the first page that has one, started from the packs, and once more woken
from the snapshot. All are served by the same server, which gzips what hosts gzip. The next page opens as it does
for a reader, who comes to it before using it: its code is fetched by then. Cold is a new browser profile, warm the
same profile in a new browser process. Between them both are left alone for some seconds, in which a browser keeps
what it compiled. The ratios are what counts; the milliseconds are this machine's at this moment. Their targets are for
this machine's own line: a slow one spends most of its time on the bytes, of which ours are four fifths of the floor's,
and there the page does not take the snapshot on a first visit.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright, sync_playwright

from benchmarks import peers
from benchmarks.tables import table, verdict
from tests.browser.serve import MANIFEST, Site, with_start
from tools import assets, chromium, numpy_wheel
from tools.files import package

ROOT = Path(__file__).resolve().parent.parent
IDLE = 4000  # milliseconds a visit lasts after its first output
LOOKING = 1000  # … a page is there before its reader presses Run, and the browser is done with starting
ARRIVING = 1000  # … and a reader looks at the next page before using it
LOCAL = "localhost"
OURS = ("ours", "snapshot")
EXPECTED = {True: "tensor(3.)", False: "3.0"}  # ours, and the others'
PEER_ROUNDS = 2
TARGETS = {
    "cold / floor": 0.45,
    "warm / floor": 0.45,
    "MB on the wire": 7.5,
    "next page open, ms": 20.0,
    "Stop → usable, ms": 750.0,
    "snapshot: cold / floor": 0.28,
    "snapshot: warm / floor": 0.28,
    "snapshot: Stop → usable, ms": 750.0,
}

FLOOR_PAGE = """<!doctype html><meta charset="utf-8"><title>floor</title><script type="module">
window.measure = () => new Promise((resolve, reject) => {
  const start = performance.now();
  const worker = new Worker("./floor.js", { type: "module" });
  worker.onmessage = ({ data }) => resolve({ output: data, ms: performance.now() - start });
  worker.onerror = () => reject(new Error("the floor's worker failed"));
});
</script>"""
FLOOR_WORKER = """import { loadPyodide } from "./pyodide/pyodide.mjs";
const pyodide = await loadPyodide({ indexURL: new URL("./pyodide/", import.meta.url).href });
await pyodide.loadPackage("numpy");
postMessage(pyodide.runPython("import numpy; str(numpy.ones(3).sum())"));
"""
OUR_PAGE = """<!doctype html><meta charset="utf-8"><title>ours</title><script type="module">
import { python } from "./assets/js/python.js";
window.python = python;
const run = (slug, cell, text) => new Promise((resolve, reject) => {
  const start = performance.now();
  const heard = (output) => output.trim() && resolve({ output, ms: performance.now() - start });
  python.open(slug).then(() => python.run(cell, text, { onOutput: heard }))
    .then((answer) => answer.error && reject(new Error(answer.error.traceback || answer.error.plain)), reject);
});
window.run = run;
window.measure = () => run(SLUG, CELL, "import torch\\nprint(torch.ones(3).sum())");
window.settle = () => python.reset(CELL); // answered once all that was asked before is
window.stop = async () => {
  python.run(CELL, "while True: pass");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const start = performance.now();
  await python.stop();
  await run(SLUG, CELL, "print(1)");
  return performance.now() - start;
};
</script>"""


PAGE = "rnn"  # the first page of the course; pages with larger weights or data fetch those as well


def first_cell(generated: Path) -> tuple[str, str, dict]:
    """Slug and first cell of the measured page's model, and the page's bundle."""
    bundle = json.loads((generated / "py" / "pages" / f"{PAGE}.json").read_text(encoding="utf-8"))
    region = re.search(r"\[start:([\w-]+)\]", bundle["files"].get(f"snippets/{PAGE}/model.py", ""))
    if not region:
        raise SystemExit(f"start_up: the model of “{PAGE}” has no cell")
    return PAGE, f"{PAGE}.model:{region[1]}", bundle


def second_page(bundle: dict) -> tuple[str, dict]:
    """The same page under another slug, as text and hash: the page that the reader goes to next."""
    folder = bundle["slug"].replace("-", "_")
    renamed = json.dumps(bundle["files"]).replace(f"snippets/{folder}/", "snippets/next_page/")
    files = json.loads(renamed.replace(f"snippets.{folder}", "snippets.next_page"))
    content = {"slug": "next-page", "files": files, "assets": bundle["assets"]}
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12], content


def our_site(docs: Path, start: str) -> tuple[Site, str]:
    """A server of our page, where Python starts in one of the two ways, and the cell that it runs."""
    generated = docs / "assets" / "generated"
    slug, cell, bundle = first_cell(generated)
    version, content = second_page(bundle)
    manifest = json.loads((generated / "py" / "manifest.json").read_text(encoding="utf-8"))
    manifest["pages"]["next-page"] = {"hash": version, "assets": bundle["assets"]}
    page = OUR_PAGE.replace("SLUG", json.dumps(slug)).replace("CELL", json.dumps(cell))
    extra = {
        "page.html": page,
        "favicon.ico": "",
        MANIFEST: with_start(json.dumps(manifest, separators=(",", ":")), start),
        "assets/generated/py/pages/next-page.json": json.dumps({**content, "hash": version}),
    }
    return Site(docs, extra=extra, headers={}), cell.split(":")[1]


def floor_site(folder: Path) -> Site:
    """A server of stock Pyodide with its NumPy wheel beside it."""
    wheel = numpy_wheel.fetch()
    pyodide = folder / "pyodide"
    pyodide.mkdir()
    for path in (*package("pyodide").glob("pyodide*"), package("pyodide", "python_stdlib.zip"), wheel):
        shutil.copy(path, pyodide / path.name)
    return Site(folder, extra={"page.html": FLOOR_PAGE, "floor.js": FLOOR_WORKER, "favicon.ico": ""}, headers={})


@contextmanager
def browser(playwright: Playwright, site: Site, profile: str) -> Iterator[Page]:
    """A new browser process on a profile, at the site's page."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=chromium.find(), args=chromium.SWITCHES, headless=True
    )
    try:
        page = context.new_page()
        page.goto(f"{site.url}page.html")
        page.wait_for_function("typeof measure === 'function'")
        page.wait_for_timeout(LOOKING)
        yield page
    finally:
        context.close()


def measured(page: Page, expected: str) -> float:
    """Milliseconds to the first output, which must be the right one."""
    answer = page.evaluate("measure()")
    if expected not in answer["output"]:
        raise SystemExit(f"start_up: expected {expected!r} and got {answer['output']!r}")
    return answer["ms"]


def one_round(playwright: Playwright, site: Site, expected: str) -> dict[str, float]:
    """Cold and warm start of one site, and the bytes of the cold one. Warm is the third visit."""
    with tempfile.TemporaryDirectory(prefix="atlas-profile-", ignore_cleanup_errors=True) as profile:
        with browser(playwright, site, profile) as page:
            before = site.bytes_sent()
            cold = measured(page, expected)
            wire = site.bytes_sent() - before
            page.wait_for_timeout(IDLE)
        with browser(playwright, site, profile) as page:
            measured(page, expected)
            page.wait_for_timeout(IDLE)
        with browser(playwright, site, profile) as page:
            warm = measured(page, expected)
    return {"cold": cold, "warm": warm, "wire": wire / 1e6}


def afterwards(playwright: Playwright, site: Site, region: str) -> dict[str, float]:
    """What follows a start: the next page, which the reader has come to, and Stop until Python answers again."""
    with (
        tempfile.TemporaryDirectory(prefix="atlas-profile-", ignore_cleanup_errors=True) as profile,
        browser(playwright, site, profile) as page,
    ):
        measured(page, "tensor(3.)")
        page.evaluate("settle()")
        page.evaluate("python.expect('next-page')")
        page.wait_for_timeout(ARRIVING)
        opened = page.evaluate(
            "async () => { const start = performance.now(); await python.open('next-page'); "
            "return performance.now() - start; }"
        )
        text = "import torch\nprint(torch.ones(3).sum())"
        following = page.evaluate("(given) => run(...given)", ["next-page", f"next_page.model:{region}", text])
        stops = [page.evaluate("stop()") for _ in range(3)]
    return {"next": opened, "work": following["ms"], "stop": statistics.median(stops)}


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(entry[name] for entry in rounds) for name in rounds[0]}


def bench(rounds: int, megabits: float | None, others: bool = False) -> dict:
    """Measure everything; all take turns, so that a busy machine burdens each.

    Args:
        rounds: of floor and ours; the peers take part in the first `PEER_ROUNDS`.
        megabits: speed of the line; None is this machine's own.
        others: whether the peers are measured too.
    """
    with tempfile.TemporaryDirectory(prefix="atlas-floor-") as temporary, sync_playwright() as playwright:
        ours, region = our_site(ROOT / "docs", "packs")
        woken, _ = our_site(ROOT / "docs", "snapshot")
        sites = {"floor": floor_site(Path(temporary)), "ours": ours, "snapshot": woken}
        if others:
            sites |= peers.sites(Path(temporary))
        found: dict[str, list] = {name: [] for name in (*sites, "after", "after snapshot")}
        with contextlib.ExitStack() as open_sites:
            for name, site in sites.items():  # fills the servers' own caches
                open_sites.enter_context(site)
                with (
                    tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
                    browser(playwright, site, profile) as page,
                ):
                    measured(page, EXPECTED[name in OURS])
            for site in sites.values():
                site.rate = megabits and megabits * 1e6 / 8
                site.latency = 0.04 if megabits else 0.0
            for number in range(rounds):
                print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                for name, site in sites.items():
                    if name in ("floor", *OURS) or number < PEER_ROUNDS:
                        found[name].append(one_round(playwright, site, EXPECTED[name in OURS]))
                found["after"].append(afterwards(playwright, ours, region))
                found["after snapshot"].append(afterwards(playwright, woken, region))
    times = {name: medians(rounds_of_it) for name, rounds_of_it in found.items()}
    floor, our, after = times.pop("floor"), times.pop("ours"), times.pop("after")
    woken, woken_after = times.pop("snapshot"), times.pop("after snapshot")
    return {
        "rounds": rounds,
        "line": f"{megabits:g} Mbit/s + 40 ms" if megabits else LOCAL,
        "floor": floor,
        "ours": our,
        "snapshot": woken,
        "peers": times,
        "results": {
            "cold / floor": our["cold"] / floor["cold"],
            "warm / floor": our["warm"] / floor["warm"],
            "MB on the wire": our["wire"],
            "next page open, ms": after["next"],
            "Stop → usable, ms": after["stop"],
            "snapshot: cold / floor": woken["cold"] / floor["cold"],
            "snapshot: warm / floor": woken["warm"] / floor["warm"],
            "snapshot: Stop → usable, ms": woken_after["stop"],
        },
        "next page, importing its model and running a cell, ms": after["work"],
    }


def tables(answer: dict) -> str:
    """The measurements in Markdown."""
    floor, ours = answer["floor"], answer["ours"]
    others = [floor, *answer["peers"].values()]
    nothing = [""] * len(others)
    rows = [
        (f"{visit}, ms", f"{ours[visit]:.0f}", *(f"{other[visit]:.0f}" for other in others), "")
        for visit in ("cold", "warm")
    ]
    for name, shown in (("cold, ms", "cold"), ("warm, ms", "warm"), ("MB on the wire", "wire")):
        value = answer["snapshot"][shown]
        rows.append((f"snapshot: {name}", f"{value:.{0 if name.endswith('ms') else 2}f}", *nothing, ""))
    for name, value in answer["results"].items():
        beside = nothing
        if name == "MB on the wire":
            beside = [f"{other['wire']:.2f}" for other in others]
        elif name.endswith("/ floor") and not name.startswith("snapshot"):
            visit = name.split()[0]
            beside = ["", *(f"{other[visit] / floor[visit]:.2f}" for other in others[1:])]
        shown = f"{value:.{0 if name.endswith('ms') else 2}f}"
        judged = answer["line"] == LOCAL or not name.endswith("/ floor")
        rows.append((name, shown, *beside, verdict(value, TARGETS[name]) if judged else ""))
    title = f"Start of Python on the page `{PAGE}`, {answer['line']}, median of {answer['rounds']}"
    return table(title, ("ours", "floor", *answer["peers"], "target"), rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabits", type=float, help="speed of the line, with 40 ms of latency; default: localhost")
    parser.add_argument("--peers", action="store_true", help="measure others beside us (benchmarks/peers.py)")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    chosen = parser.parse_args()
    if assets.main(["python"]):
        return 1
    answer = bench(chosen.rounds, chosen.megabits, chosen.peers)
    print(tables(answer))
    if chosen.json:
        chosen.json.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
