"""What a page costs its reader: bytes, layout shift, control → redraw:  python -m benchmarks.page

Bytes are what a first visit sends before the reader does anything, compressed as hosts do it. Layout shift is summed
while the page loads and while it is scrolled to its end, at full speed and on a line on which the fonts come late. A
redraw is timed in the page, from the control's event to the plot that answers it, for every figure of the page whose
controls can be typed or slid (`--all`: of every page, which takes many minutes); the milliseconds are this machine's
at this moment.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.serve import Site
from tools import chromium

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "architectures/rnn/"
BROWSER = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
SLOW_LINE, SLOW_LATENCY = 5e6 / 8, 0.04  # bytes a second, seconds
MOST_BYTES = 400_000
MOST_SHIFT = 0.02
MOST_REDRAW = 150.0  # milliseconds, Python ready
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
  const input = figure.querySelector("form input[type=range], form input[type=text], form select");
  const redraw = (value) => new Promise((resolve) => {
    const start = performance.now();
    const observer = new MutationObserver(() => {
      observer.disconnect();
      resolve(performance.now() - start);
    });
    setTimeout(() => resolve(null), 10000); // the figure refuses this text
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
KINDS = {".woff2": "fonts", ".css": "styles", ".js": "scripts", ".json": "data", ".svg": "images"}


@dataclass
class Measured:
    """One run's answers: bytes by screen and kind, layout shift by screen and line, redraws by figure."""

    bytes: dict[str, Counter[str]] = field(default_factory=dict)
    plot_library: int = 0
    shift: dict[str, float] = field(default_factory=dict)
    redraw: dict[str, tuple[float, bool]] = field(default_factory=dict)


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
    """What to set a figure's first text, slider or choice to, one after the other, each another than before."""
    control = next(one for one in spec["controls"] if one["type"] in ("text", "slider", "choice"))
    if control["type"] == "text":
        return [name for _ in range(REPEATS) for name in ("marianne", "johanna")][: REPEATS + 2]
    count = len(control["values"])
    return [str((step * max(1, count // 3) + 1) % count) for step in range(REPEATS + 2)]


def answers(spec: dict) -> bool:
    """Whether the figure has a control this benchmark can move."""
    return any(one["type"] in ("text", "slider", "choice") for one in spec.get("controls", []))


def redraws(browser: Browser, site: Site, folder: Path, every: bool = False) -> dict[str, tuple[float, bool]]:
    """Median milliseconds from control to plot, and whether the states were computed ahead, by figure."""
    times = {}
    slugs = sorted(path.name for path in (folder / "assets/generated/figures").iterdir()) if every else ["rnn"]
    for slug in slugs:
        address = f"architectures/{slug}/" if (folder / "architectures" / slug).is_dir() else f"{slug}/"
        page = first_visit(browser, site, WIDTHS["desk"], address)
        for path in sorted((folder / "assets/generated/figures" / slug).glob("*.json")):
            spec = {} if path.stem.endswith(".states") else json.loads(path.read_text(encoding="utf-8"))
            if not answers(spec):
                continue
            page.locator(f'[data-figure="{spec["id"]}"]').scroll_into_view_if_needed()
            page.locator(f'[data-figure="{spec["id"]}"][data-drawn]').wait_for()
            found = page.evaluate(REDRAW, [spec["id"], values_of(spec)])
            if found:
                times[spec["id"]] = statistics.median(found), spec["precomputed"]
        page.context.close()
    return times


def bench(folder: Path, every: bool = False) -> Measured:
    """Measure the built site in `folder`."""
    measured = Measured()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=BROWSER)
        for screen, size in WIDTHS.items():
            with Site(folder) as site:
                page = first_visit(browser, site, size)
                kinds: Counter[str] = Counter()
                for answer in site.log:
                    kinds[KINDS.get(Path(answer.path).suffix, "page")] += answer.size
                measured.bytes[screen] = kinds
                read_to_the_end(page)
                measured.shift[screen] = page.evaluate("shift")
                measured.plot_library = max(one.size for one in site.log if one.path.endswith("plotly.js"))
                page.context.close()
            with Site(folder, rate=SLOW_LINE, latency=SLOW_LATENCY) as site:
                page = first_visit(browser, site, size)
                read_to_the_end(page)
                measured.shift[f"{screen}, slow line"] = page.evaluate("shift")
                page.context.close()
        with Site(folder) as site:
            measured.redraw = redraws(browser, site, folder, every)
        browser.close()
    return measured


def verdict(value: float, limit: float) -> str:
    return "met" if value <= limit else "**missed**"


def table(measured: Measured) -> str:
    """The measurements in Markdown."""
    lines = ["A page before any interaction", "", "| | KB | target |", "|---|---|---|"]
    for screen, kinds in measured.bytes.items():
        total = sum(kinds.values())
        parts = ", ".join(f"{kind} {size / 1000:.0f}" for kind, size in kinds.most_common())
        row = f"| first load, {screen} ({parts}) | {total / 1000:.0f} |"
        lines.append(f"{row} ≤ {MOST_BYTES / 1000:.0f}, {verdict(total, MOST_BYTES)} |")
    lines.append(f"| and with the first figure, the plot library | {measured.plot_library / 1000:.0f} | |")
    lines += ["", "Layout shift, loading and reading to the end", "", "| | sum | target |", "|---|---|---|"]
    for name, shift in measured.shift.items():
        lines.append(f"| {name} | {shift:.4f} | ≤ {MOST_SHIFT}, {verdict(shift, MOST_SHIFT)} |")
    lines += ["", "Control → redraw", "", "| | ms | target |", "|---|---|---|"]
    for ahead, name, limit in ((False, "Python in the page", MOST_REDRAW), (True, "computed ahead", FRAME)):
        times = sorted(time for time, computed_ahead in measured.redraw.values() if computed_ahead is ahead)
        if times:
            middle, worst = statistics.median(times), times[-1]
            row = f"| {name}, {len(times)} figures: median, slowest | {middle:.0f}, {worst:.0f} |"
            lines.append(f"{row} ≤ {limit:.0f}, {verdict(worst, limit)} |")
            over = [name for name, (time, done) in measured.redraw.items() if done is ahead and time > limit]
            if over and not ahead:
                slow = ", ".join(f"`{name}` {measured.redraw[name][0]:.0f}" for name in over)
                lines.append(f"| · over the target: {slow} | {len(over)} | |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("ATLAS_SITE", ROOT / "site"))
    parser.add_argument("--site", type=Path, default=default, help="the built site (default: site/)")
    parser.add_argument("--all", action="store_true", help="time the redraws of every page")
    options = parser.parse_args()
    folder = options.site
    if not (folder / ADDRESS / "index.html").is_file():
        raise SystemExit(f"{folder} holds no built site: run `make site` first.")
    print(table(bench(folder, options.all)))


if __name__ == "__main__":
    main()
