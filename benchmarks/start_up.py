"""Press Run → first torch output, against bare Pyodide + NumPy in the same run:  python -m benchmarks.start_up

The floor is what Pyodide's own documentation does in a module worker: stock files, `loadPackage("numpy")`,
`numpy.ones(3).sum()`. Ours runs a cell of the first page that has one, once with Python started from the packs and
once woken from its snapshot. All are served by the same server, which gzips what hosts gzip. Cold is a new browser
profile, warm the same profile in a new browser process. Between them both are left alone for some seconds, in which
a browser keeps what it compiled. The ratios are what counts; the milliseconds are this machine's at this moment.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright, sync_playwright

from tests.browser.serve import MANIFEST, Site, with_start
from tools import assets, chromium, numpy_wheel
from tools.files import package

ROOT = Path(__file__).resolve().parent.parent
BROWSER = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IDLE = 4000  # milliseconds a visit lasts after its first output
STARTS = ("packs", "snapshot")
TARGETS = {
    "cold / floor": (0.45, 0.28),
    "warm / floor": (0.45, 0.28),
    "MB on the wire": (7.5, None),
    "next page open, ms": (20.0, 20.0),
    "Stop → usable, ms": (750.0, 750.0),
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
    """A server of our page, where Python starts in one of the ways, and the cell that it runs."""
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
        profile, executable_path=chromium.find(), args=BROWSER, headless=True
    )
    try:
        page = context.new_page()
        page.goto(f"{site.url}page.html")
        page.wait_for_function("typeof measure === 'function'")
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
    """What follows a start: the next page's first output, and Stop until Python answers again."""
    with (
        tempfile.TemporaryDirectory(prefix="atlas-profile-", ignore_cleanup_errors=True) as profile,
        browser(playwright, site, profile) as page,
    ):
        measured(page, "tensor(3.)")
        page.evaluate("settle()")
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


def bench(rounds: int, megabits: float | None) -> dict:
    """Measure everything; floor and ours take turns, so that a busy machine burdens all."""
    found: dict[str, list] = {name: [] for start in STARTS for name in (start, f"after {start}")} | {"floor": []}
    with tempfile.TemporaryDirectory(prefix="atlas-floor-") as temporary, sync_playwright() as playwright:
        ours = {start: our_site(ROOT / "docs", start) for start in STARTS}
        sites = {"floor": floor_site(Path(temporary))} | {start: site for start, (site, _) in ours.items()}
        expected = {"floor": "3.0"} | dict.fromkeys(STARTS, "tensor(3.)")
        with ExitStack() as stack:
            for site in sites.values():
                stack.enter_context(site)
            for name, site in sites.items():  # fills the servers' own caches
                with (
                    tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
                    browser(playwright, site, profile) as page,
                ):
                    measured(page, expected[name])
            for site in sites.values():
                site.rate = megabits and megabits * 1e6 / 8
                site.latency = 0.04 if megabits else 0.0
            for number in range(rounds):
                print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                for name, site in sites.items():
                    found[name].append(one_round(playwright, site, expected[name]))
                for start, (site, region) in ours.items():
                    found[f"after {start}"].append(afterwards(playwright, site, region))
    middle = {name: medians(entries) for name, entries in found.items()}
    floor = middle["floor"]
    return {
        "rounds": rounds,
        "line": f"{megabits:g} Mbit/s + 40 ms" if megabits else "localhost",
        "floor": floor,
        "ours": {start: middle[start] for start in STARTS},
        "results": {
            "cold / floor": [middle[start]["cold"] / floor["cold"] for start in STARTS],
            "warm / floor": [middle[start]["warm"] / floor["warm"] for start in STARTS],
            "MB on the wire": [middle[start]["wire"] for start in STARTS],
            "next page open, ms": [middle[f"after {start}"]["next"] for start in STARTS],
            "Stop → usable, ms": [middle[f"after {start}"]["stop"] for start in STARTS],
        },
        "next page, importing its model and running a cell, ms": middle["after packs"]["work"],
    }


def table(answer: dict) -> str:
    """The measurements in Markdown, ratios first."""
    floor, ours = answer["floor"], answer["ours"]
    lines = [
        f"Start of Python on the page `{PAGE}`, {answer['line']}, median of {answer['rounds']}",
        "",
        "| | from the packs | target | from the snapshot | target | floor |",
        "|---|---|---|---|---|---|",
    ]
    for name in ("cold", "warm"):
        packs, snapshot = (ours[start][name] for start in STARTS)
        lines.append(f"| {name}, ms | {packs:.0f} | | {snapshot:.0f} | | {floor[name]:.0f} |")
    for name, values in answer["results"].items():
        digits = 0 if name.endswith("ms") else 2
        cells = "".join(
            f" {value:.{digits}f} | {_verdict(value, target)} |"
            for value, target in zip(values, TARGETS[name], strict=True)
        )
        lines.append(f"| {name} |{cells} {floor['wire']:.2f} |" if name == "MB on the wire" else f"| {name} |{cells} |")
    return "\n".join(lines)


def _verdict(value: float, target: float | None) -> str:
    return "" if target is None else f"≤ {target:g}, {'met' if value <= target else '**missed**'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabits", type=float, help="speed of the line, with 40 ms of latency; default: localhost")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    chosen = parser.parse_args()
    if assets.main(["python"]):
        return 1
    answer = bench(chosen.rounds, chosen.megabits)
    print(table(answer))
    if chosen.json:
        chosen.json.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
