"""What a page does under its reader's hands: layout shift, control → redraw:  python -m benchmarks.page

Layout shift is summed while the page loads and while it is scrolled to its end, at full speed and on a line on which
the fonts come late. The redraw of every figure that was computed ahead is timed in the page, from the control's event
to the plot that answers it; `benchmarks.figures` moves the controls of those that ask Python. No more figures are begun
after `--minutes`. The milliseconds are this machine's at this moment; the fastest of the repeats is what it does when
nothing else wants it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.tables import table, verdict
from hooks.offline import assets_of
from tests.browser.serve import Site
from tools import chromium

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "architectures/rnn/"
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
SLOW_LINE, SLOW_LATENCY = 5e6 / 8, 0.04  # bytes a second, seconds
MOST_SHIFT = 0.02
FRAME = 1000 / 60
REPEATS = 9
SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
REDRAW = """([id, values]) => {
  const figure = document.querySelector(`[data-figure="${id}"]`);
  const input = figure.querySelector("form input[type=range], form select");
  const redraw = (value) => new Promise((resolve) => {
    const start = performance.now();
    const observer = new MutationObserver(() => {
      observer.disconnect();
      resolve(performance.now() - start);
    });
    setTimeout(() => resolve(null), 10000);
    observer.observe(figure, { attributeFilter: ["data-drawn"] });
    input.value = value;
    input.dispatchEvent(new Event(input.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  });
  return (async () => {
    const times = [];
    for (const value of values) {
      times.push(await redraw(value));
      if (times.at(-1) === null) break;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    return times.slice(2).filter((time) => time !== null); // the first two load what the others find
  })();
}"""


@dataclass
class Redraw:
    """Milliseconds from a figure's control to its plot."""

    median: float
    fastest: float


@dataclass
class Measured:
    """One run's answers: size of the plot library, layout shift by screen and line, redraws by figure."""

    plot_library: int = 0
    shift: dict[str, float] = field(default_factory=dict)
    redraw: dict[str, Redraw] = field(default_factory=dict)
    untimed: int = 0


def first_visit(browser: Browser, site: Site, size: tuple[int, int], address: str = ADDRESS) -> Page:
    """The page in a new profile, with the layout shifts being counted."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, service_workers="block")
    context.add_init_script(SHIFTS)
    page = context.new_page()
    page.goto(site.url + address, wait_until="networkidle")
    return page


def read_to_the_end(page: Page) -> None:
    """Scroll as a reader does, a screen at a time, with time for each figure to be drawn."""
    height = page.evaluate("document.documentElement.scrollHeight")
    page.mouse.move(200, 300)
    for _ in range(0, height, 600):
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(120)
    page.wait_for_load_state("networkidle")


def values_of(spec: dict) -> list[str]:
    """What to set a figure's first slider or choice to, one after the other, each another than before."""
    count = len(next(one for one in spec["controls"] if one["type"] in ("slider", "choice"))["values"])
    return [str((step * max(1, count // 3) + 1) % count) for step in range(REPEATS + 2)]


def answers(spec: dict) -> bool:
    """Whether the figure was computed ahead and has a control this benchmark can move."""
    return spec["precomputed"] and any(one["type"] in ("slider", "choice") for one in spec.get("controls", []))


def redraws(browser: Browser, site: Site, folder: Path, seconds: float, measured: Measured) -> None:
    """Time the figures until `seconds` are over; those that are left are counted."""
    until = time.monotonic() + seconds
    figures = assets_of(folder) / "generated/figures"
    for slug in sorted(path.name for path in figures.iterdir()):
        specs = [
            json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((figures / slug).glob("*.json"))
            if not path.stem.endswith(".states")
        ]
        timed = [spec for spec in specs if answers(spec)]
        if not timed:
            continue
        address = f"architectures/{slug}/" if (folder / "architectures" / slug).is_dir() else f"{slug}/"
        page = first_visit(browser, site, WIDTHS["desk"], address)
        for spec in timed:
            if time.monotonic() > until:
                measured.untimed += 1
                continue
            page.locator(f'[data-figure="{spec["id"]}"]').scroll_into_view_if_needed()
            page.locator(f'[data-figure="{spec["id"]}"][data-drawn]').wait_for()
            found = page.evaluate(REDRAW, [spec["id"], values_of(spec)])
            if found:
                measured.redraw[spec["id"]] = Redraw(statistics.median(found), min(found))
        page.context.close()


def bench(folder: Path, minutes: float = 4.0) -> Measured:
    """Measure the built site in `folder`."""
    measured = Measured()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.SWITCHES)
        for screen, size in WIDTHS.items():
            for line, site in (
                ("", Site(folder)),
                (", slow line", Site(folder, rate=SLOW_LINE, latency=SLOW_LATENCY)),
            ):
                with site:
                    page = first_visit(browser, site, size)
                    read_to_the_end(page)
                    measured.shift[screen + line] = page.evaluate("shift")
                    measured.plot_library = max(one.size for one in site.log if one.path.endswith("plotly.js"))
                    page.context.close()
        with Site(folder) as site:
            redraws(browser, site, folder, 60 * minutes, measured)
        browser.close()
    return measured


def tables(measured: Measured) -> str:
    """The measurements in Markdown."""
    library = f"Layout shift, loading and reading to the end (the plot library: {measured.plot_library / 1000:.0f} KB)"
    shifts = [(name, f"{shift:.4f}", verdict(shift, MOST_SHIFT)) for name, shift in measured.shift.items()]
    times = sorted((redraw.fastest, redraw.median, figure) for figure, redraw in measured.redraw.items())
    fastest, medians = ([time[place] for time in times] for place in (0, 1))
    shown = f"{statistics.median(fastest):.0f}, {fastest[-1]:.0f}"
    label = f"computed ahead, {len(times)} figures: median, slowest"
    rows = [(label, shown, f"{statistics.median(medians):.0f}", verdict(fastest[-1], FRAME, ".0f"))]
    for best, middle, figure in times[::-1]:
        if best > FRAME:
            rows.append((f"· `{figure}`", f"{best:.0f}", f"{middle:.0f}", ""))
    if measured.untimed:
        rows.append((f"· left out when the time was over: {measured.untimed} figures", "", "", ""))
    return "\n\n".join(
        (
            table(library, ("sum", "target"), shifts),
            table("Control → redraw", ("ms, fastest repeat", "median repeat", "target"), rows),
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("ATLAS_SITE", ROOT / "site"))
    parser.add_argument("--site", type=Path, default=default, help="the built site (default: site/)")
    parser.add_argument("--minutes", type=float, default=4.0, help="for how long figures are timed")
    options = parser.parse_args()
    folder = options.site
    if not (folder / ADDRESS / "index.html").is_file():
        raise SystemExit(f"{folder} holds no built site: run `make site` first.")
    print(tables(bench(folder, options.minutes)))


if __name__ == "__main__":
    main()
