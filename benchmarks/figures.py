"""Control moved → answer, for every live figure of every page:  python -m benchmarks.figures

Each page gets a Python of its own in Chromium. Every control of every figure that Python answers is moved, from the
state the page opens with: a text to the longest one the control takes, a slider to both ends, a choice through its
options; then all of them at once. The texts, drawings and points are others at every repeat, so that nothing is
answered from memory that a reader would have to wait for. A redraw is the question to the worker, the figure's
function, the answer and the drawing. What counts is its work: the time that the worker and the page had a processor,
where the system tells, which other programs on the machine hardly change; of each move the fastest repeat. A loop of
plain Python, timed in the same workers, tells how quick the machine was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks import start_up
from benchmarks.tables import table, verdict, verdict_at_least
from tests.browser.serve import Site
from tools import assets, chromium

ROOT = Path(__file__).resolve().parent.parent
FEW, MANY = 3, 10  # repeats of a quick move, and of one that is not
QUICK = 80.0  # milliseconds
STRANGE, MOST_STRANGE = "qxzjkvwQXZJKVW0123456789éßж漢", 400
MOST_OPTIONS = 4  # of a choice
MOST = 150.0  # milliseconds
SHOWN = 5  # figures, of the slowest
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
PAGE = """<!doctype html><meta charset="utf-8"><title>figures</title>
<link rel="stylesheet" href="./assets/generated/tokens.css"><style>body { font: 16px serif; width: 760px }</style>
<script type="module">
import { showPlot } from "./assets/js/plot.js";
import { python } from "./assets/js/python.js";
const plots = {};
const plotOf = (id) => (plots[id] ??= document.body.appendChild(document.createElement("div")));
const since = (start) => performance.now() - start;
window.start = async (slug) => {
  const ready = new Promise((resolve) => python.addEventListener("state", () => python.state === "ready" && resolve()));
  python.warm();
  await ready;
  const start = performance.now();
  await python.open(slug);
  return since(start);
};
window.draw = async (id, values, plotted) => {
  const start = performance.now();
  const answer = await python.draw(id, values);
  if (answer.error) return [since(start), answer.error.plain];
  if (plotted) await showPlot(plotOf(id), answer.figure, { mode: "light", family: "sequence" });
  return [since(start), ""];
};
window.run = async (slug, cell, text) => {
  let heard = "";
  await python.open(slug);
  const answer = await python.run(cell, text, { onOutput: (output) => (heard += output) });
  if (answer.error) throw new Error(answer.error.traceback || answer.error.plain);
  return Number(heard);
};
</script>"""
LOOP = """import time
def loop():
    start, total = time.perf_counter(), 0
    for number in range(200_000):
        total += number * number % 7
    return 1000 * (time.perf_counter() - start)
print(min(loop() for _ in range(7)))
"""
WRITER, FEWEST_TOKENS = ("gpt", "gpt.model:generate"), 20.0  # a second
WRITE = """import time
import torch
from snippets.data import prose
from snippets.gpt.figures import trained
from snippets.gpt.model import generate
given = prose.tokenizer().encode("\\nMr. Darcy looked at her, and said")
def rate(seed, count=40):
    start = time.perf_counter()
    generate(trained(), given, count, torch.Generator().manual_seed(seed), 0.8, 0, 0.9)
    return count / (time.perf_counter() - start)
print(max(rate(seed) for seed in range(8)))
"""


@dataclass
class Moves:
    """The moves of one figure: what each is called, and its values in every repeat."""

    id: str
    plotted: bool  # or a view, which a script of its own shows
    opening: dict
    names: list[str]
    rounds: list[list[dict]]


@dataclass
class Took:
    """Milliseconds of one redraw: as the reader waits, and of them the work of Python and of the page."""

    waited: float
    python: float
    plot: float

    @property
    def work(self) -> float:
        return self.python + self.plot

    def at_best(self, other: Took) -> Took:
        both = zip(astuple(self), astuple(other), strict=True)
        return Took(*(min(pair) for pair in both))


@dataclass
class Timed:
    """One figure: its first draw on the page, and each move at its fastest."""

    first: Took
    moves: dict[str, Took] = field(default_factory=dict)
    native: dict[str, float] = field(default_factory=dict)
    refused: dict[str, dict] = field(default_factory=dict)

    @property
    def slowest(self) -> str:
        return max(self.moves, key=lambda name: self.moves[name].work)


@dataclass
class PageTimes:
    """Milliseconds of one page."""

    opened: float
    loop: float
    figures: dict[str, Timed]
    tokens: float | None = None  # a second, written with the cache of keys and values


# --- what is moved -------------------------------------------------------------------------------------


def positions(control: object, repeat: int) -> dict[str, object]:
    """Where one control is moved to, by a name for the place."""
    from snippets.kit import Choice, Draw, Point, Slider, Text, Toggle

    chance = random.Random(repeat)
    match control:
        case Text():
            length = control.max_length
            space = " " if control.alphabet is None or " " in control.alphabet else ""
            phrase = (control.value or "123") + space  # an empty text is one of tokens
            words = phrase * (length // len(phrase) + 2)
            places = {"longest": words[repeat + 1 : repeat + 1 + length]}
            if control.alphabet is None:  # letters that stand together in no word: most tokens for a length
                places["strange"] = "".join(chance.choice(STRANGE) for _ in range(min(length, MOST_STRANGE)))
            return places
        case Slider():
            stops = control.states()
            step = min(repeat, len(stops) - 1)
            return {"last": stops[-1 - step], "first": stops[step]}
        case Choice():
            options = control.states()
            step = max(1, len(options) // MOST_OPTIONS)
            return {str(option): option for option in options[::step][:MOST_OPTIONS]}
        case Toggle():
            return {"other": not control.value}
        case Draw():
            return {"drawn": [[round(chance.random(), 3) for _ in range(control.columns)] for _ in range(control.rows)]}
        case Point():
            ends = (control.x, control.y)
            return {"corner": [round(low + (0.7 + 0.3 * chance.random()) * (high - low), 3) for low, high in ends]}
    raise TypeError(f"figures: no moves for a {type(control).__name__}")


def moves(figure: object) -> Moves:
    """Every move of a figure's controls, one at a time and all at once."""
    from snippets.kit.figures import View

    opening = {name: control.shown(control.value) for name, control in figure.controls.items()}
    rounds, names = [], []
    for repeat in range(MANY):
        places = {name: positions(control, repeat) for name, control in figure.controls.items()}
        one = {f"{name}: {place}": {**opening, name: value} for name in places for place, value in places[name].items()}
        if len(places) > 1:
            for end, index in (("first", -1), ("last", 0)):  # a slider's places are its last and its first
                one[f"all {end}"] = {name: list(at.values())[min(index, len(at) - 1)] for name, at in places.items()}
        names = list(one)
        rounds.append(list(one.values()))
    return Moves(figure.id, not isinstance(figure, View), opening, names, rounds)


def live(only: list[str]) -> dict[str, list[Moves]]:
    """The moves of every figure and view that Python answers, by page."""
    from snippets.kit.figures import View, load

    found = {}
    for path in sorted((ROOT / "snippets").glob("*/figures.py")):
        if path.parent.name == "kit":
            continue
        slug = path.parent.name.replace("_", "-")
        figures = [
            moves(entry)
            for entry in load(slug).values()
            if entry.controls and (isinstance(entry, View) or not (entry.measured or entry.precompute))
            if not only or slug in only or entry.id in only
        ]
        if figures:
            found[slug] = figures
    return found


# --- natively ------------------------------------------------------------------------------------------


def native(only: list[str]) -> dict[str, dict[str, float]]:
    """Milliseconds under numpy_torch in this process, by figure and move."""
    import snippets.numpy_torch as numpy_torch

    numpy_torch.install()
    from snippets.kit.figures import load

    found = {}
    for slug, figures in live(only).items():
        for figure in figures:
            drawn = load(slug)[figure.id.partition("/")[2]]
            drawn.draw(**figure.opening)
            times = {}
            for one in figure.rounds[:FEW]:
                for name, values in zip(figure.names, one, strict=True):
                    start = time.perf_counter()
                    try:
                        drawn.draw(**values)
                    except ValueError:  # the page refuses it as well, and is asked why
                        continue
                    taken = 1000 * (time.perf_counter() - start)
                    times[name] = min(times.get(name, taken), taken)
            found[figure.id] = times
    return found


def natively(only: list[str]) -> dict[str, dict[str, float]]:
    """`native` in a process of its own, in which no torch has been imported, on one thread as in the page."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.figures", "--native", *only]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | ONE_THREAD)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


# --- in Chromium ---------------------------------------------------------------------------------------


@dataclass
class Clock:
    """Milliseconds that the page's two threads have had a processor: the worker with Python, and the page itself."""

    worker: Path
    page: Path

    @classmethod
    def found(cls) -> Clock | None:
        """The clock of the browser that this process started; None where the system does not tell."""
        family = {os.getpid()}
        for one in sorted(int(path.name) for path in Path("/proc").glob("[0-9]*")):  # a parent before its children
            with suppress(OSError):  # ended meanwhile
                if int(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[1]) in family:
                    family.add(one)
                    for thread in Path(f"/proc/{one}/task").iterdir():
                        if (thread / "comm").read_text().startswith("DedicatedWorker"):
                            return cls(thread / "schedstat", Path(f"/proc/{one}/task/{one}/schedstat"))
        return None

    def read(self) -> tuple[float, float]:
        return tuple(int(path.read_text().split()[0]) / 1e6 for path in (self.worker, self.page))


def measured(browser: Browser, site: Site, slug: str, figures: list[Moves]) -> PageTimes:
    """One page's figures in a Python that no other page has used."""
    page = browser.new_page()
    page.goto(f"{site.url}page.html")
    page.wait_for_function("() => typeof run === 'function'")
    opened = page.evaluate("(slug) => start(slug)", slug)
    clock = Clock.found()

    def draw(figure: Moves, values: dict) -> tuple[Took, str]:
        asked = [figure.id, values, figure.plotted]
        before = clock.read() if clock else (0.0, 0.0)
        waited, refusal = page.evaluate("([id, values, plotted]) => draw(id, values, plotted)", asked)
        after = clock.read() if clock else (waited, 0.0)
        return Took(waited, after[0] - before[0], after[1] - before[1]), refusal

    timed = {}
    for figure in figures:
        one = timed[figure.id] = Timed(draw(figure, figure.opening)[0])
        for repeat, values_of in enumerate(figure.rounds):
            for name, values in zip(figure.names, values_of, strict=True):
                if repeat >= FEW and (name not in one.moves or one.moves[name].work < QUICK):
                    continue
                took, refusal = draw(figure, values)
                if refusal:
                    one.refused[refusal] = values
                else:
                    one.moves[name] = one.moves.get(name, took).at_best(took)
    run = "([slug, cell, text]) => run(slug, cell, text)"
    tokens = page.evaluate(run, [*WRITER, WRITE]) if slug == WRITER[0] else None
    other, cell, _ = start_up.first_cell(ROOT / "docs" / "assets" / "generated")
    loop = page.evaluate(run, [other, cell, LOOP])
    page.close()
    return PageTimes(opened, loop, timed, tokens)


def bench(only: list[str] | None = None, compare: bool = True) -> Iterator[tuple[str, PageTimes]]:
    """Measure page after page: all of them, or the pages and figures named in `only`."""
    pages = pages_of(only or [])
    alone = natively(only or []) if compare else {}
    pages_own = {"page.html": PAGE, "favicon.ico": ""}
    with Site(ROOT / "docs", extra=pages_own, headers={}) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.SWITCHES)
        for slug, figures in pages.items():
            found = measured(browser, site, slug, figures)
            for identity, timed in found.figures.items():
                timed.native = alone.get(identity, {})
            yield slug, found
        browser.close()


def pages_of(only: list[str]) -> dict[str, list[Moves]]:
    """`live`, of which `only` must name something."""
    pages = live(only)
    if not pages:
        raise SystemExit(f"figures: there is no live figure in {', '.join(only) or 'snippets/'}")
    return pages


def ranked(pages: dict[str, PageTimes]) -> list[tuple[str, Timed]]:
    """Every figure that answered, the slowest first."""
    timed = [(identity, one) for page in pages.values() for identity, one in page.figures.items() if one.moves]
    return sorted(timed, key=lambda item: -item[1].moves[item[1].slowest].work)


def tables(pages: dict[str, PageTimes]) -> str:
    """The slowest figures in Markdown, against the budget."""
    figures = ranked(pages)
    loops = [page.loop for page in pages.values()]
    title = (
        f"Control moved → figure redrawn by Python in the page: work at the slowest move of each of {len(figures)} "
        f"figures (a loop of 200,000 steps took {min(loops):.0f} to {max(loops):.0f} ms in the same workers)"
    )
    rows = []
    for identity, one in figures[:SHOWN]:
        worst = one.moves[one.slowest]
        parts = f"Python {worst.python:.0f}, drawing {worst.plot:.0f}"
        rows.append((f"`{identity}`, ms ({parts})", f"{worst.work:.0f}", verdict(worst.work, MOST)))
    middle = statistics.median(one.moves[one.slowest].work for _, one in figures)
    rows.append(("median of the figures, ms", f"{middle:.0f}", ""))
    for page in pages.values():
        if page.tokens is not None:
            judged = verdict_at_least(page.tokens, FEWEST_TOKENS)
            rows.append(("the GPT writes with its cache, tokens a second", f"{page.tokens:.0f}", judged))
    return table(title, ("measured", "target"), rows)


def details(pages: dict[str, PageTimes]) -> str:
    """Everything that was measured in Markdown, slowest figure first."""
    lines = [
        "| figure | work, ms | of it Python | natively | drawing | waited | median move | first draw | slowest move |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for identity, one in ranked(pages):
        worst = one.moves[one.slowest]
        alone = f"{one.native[one.slowest]:.0f}" if one.slowest in one.native else ""
        middle = statistics.median(move.work for move in one.moves.values())
        lines.append(
            f"| `{identity}` | {worst.work:.0f} | {worst.python:.0f} | {alone} | {worst.plot:.0f} | {worst.waited:.0f} "
            f"| {middle:.0f} | {one.first.work:.0f} | {one.slowest} |"
        )
    lines += ["", "| page | opened, ms | loop, ms |", "|---|---|---|"]
    lines += [f"| {slug} | {page.opened:.0f} | {page.loop:.0f} |" for slug, page in pages.items()]
    refused = [(name, why) for page in pages.values() for name, one in page.figures.items() for why in one.refused]
    return "\n".join([*lines, *(f"\n`{name}` refuses a move: {why}" for name, why in refused)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="pages (`gpt`) or figures (`gpt/writing`); all when left out")
    parser.add_argument("--native", action="store_true", help="print only the native milliseconds, as JSON")
    parser.add_argument("--quick", action="store_true", help="leave the native ones out")
    chosen = parser.parse_args()
    if chosen.native:
        print(json.dumps(native(chosen.only)))
        return 0
    if assets.main(["python"]):
        return 1
    pages = dict(bench(chosen.only, not chosen.quick))
    print(f"{details(pages)}\n\n{tables(pages)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
