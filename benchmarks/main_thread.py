"""How long the page's main thread is held at a time, by what its reader does:  python -m benchmarks.main_thread

The browser's long-task API tells of every piece of work over 50 ms. Its milliseconds are wall-clock: where other
processes want the processor, they hold what those took as well. A trace of the same visit knows for how long the
processor worked at each task, and the budget is held against that; on a machine with nothing else to do both are the
same. Figures are moved on the page with the most of them that ask Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.page import WIDTHS, read_to_the_end
from benchmarks.tables import table, verdict
from tests.browser.serve import Site
from tools import chromium

ROOT = Path(__file__).resolve().parent.parent
SLUG, NEXT = "gpt", "a.md-footer__link--next"
MOST = 50.0  # milliseconds
MOVES = 6  # of each figure
STEPS = 14  # of the explorer
RENDERER = "CrRendererMain"
OBSERVE = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) longTasks.push(entry.duration);
}).observe({ type: "longtask", buffered: true });
"""
MOVE = """([id, moves]) => {
  const figure = document.querySelector(`[data-figure="${id}"]`);
  const input = figure.querySelector("form :is(input[type=range], input[type=text], input[type=checkbox], select)");
  const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const move = () => {
    if (input.type === "checkbox") return input.click();
    if (input.type === "range") input.value = (Number(input.value) + 1) % (Number(input.max) + 1);
    else if (input.type === "text") input.value = `${input.value.slice(1)}a`;
    else input.selectedIndex = (input.selectedIndex + 1) % input.options.length;
    input.dispatchEvent(new Event(input.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  };
  return (async () => {
    for (let count = 0; input && count < moves; count += 1) {
      const before = figure.dataset.drawn;
      const start = performance.now();
      move();
      while (figure.dataset.drawn === before && performance.now() - start < 3000) await wait(30);
      await wait(60);
    }
  })();
}"""


@dataclass
class Held:
    """The longest pieces of work during one activity, in milliseconds, and the long tasks that the browser told of."""

    processor: float
    told: list[float]
    judged: bool


class Watch:
    """Traces a page during its activities."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self.browser, self.page = browser, page
        self.found: dict[str, Held] = {}

    @contextmanager
    def __call__(self, name: str, judged: bool = False) -> Iterator[None]:
        """Trace what happens inside the `with`; several of one name are one activity."""
        self.browser.start_tracing(page=self.page, categories=["toplevel", "__metadata"])
        yield
        self.page.wait_for_timeout(200)
        events = json.loads(self.browser.stop_tracing())["traceEvents"]
        main = {
            (event["pid"], event["tid"])
            for event in events
            if event["name"] == "thread_name" and event["args"]["name"] == RENDERER
        }
        work = [
            event["tdur"] / 1000
            for event in events
            if "RunTask" in event["name"] and "tdur" in event and (event["pid"], event["tid"]) in main
        ]
        if not work:
            raise SystemExit("main_thread: this browser's trace does not tell the processor's time of tasks")
        told = self.page.evaluate("longTasks.splice(0)")
        before = self.found.get(name, Held(0.0, [], judged))
        self.found[name] = Held(max(before.processor, *work), before.told + told, judged)


def read(watch: Watch, url: str) -> None:
    """Open a page, read it to its end, start Python, move every figure, and go on to the next page."""
    page = watch.page
    with watch("a page loads"):
        page.goto(url, wait_until="networkidle")
    with watch("figures are drawn first, the page being scrolled to its end", judged=True):
        read_to_the_end(page)
    figures = page.evaluate(
        "[...document.querySelectorAll('[data-figure]:has(form)')]"
        ".map((figure) => [figure.dataset.figure, figure.dataset.precomputed !== undefined])"
    )
    live = [name for name, ahead in figures if not ahead]
    form = page.locator(f'[data-figure="{live[0]}"] form')
    form.scroll_into_view_if_needed()
    with watch("Python starts, a pointer having come to a control", judged=True):
        form.hover()
        page.mouse.move(300, 300)
        page.wait_for_function("() => document.documentElement.dataset.python === 'ready'", timeout=120_000)
    for name, ahead in figures:
        page.locator(f'[data-figure="{name}"]').scroll_into_view_if_needed()
        page.locator(f'[data-figure="{name}"][data-drawn]').wait_for()
        answered = "computed ahead" if ahead else "that Python answers"
        with watch(f"figures {answered} are drawn again", judged=True):
            page.evaluate(MOVE, [name, MOVES])
    code = page.locator("[data-cell] pre").first
    code.scroll_into_view_if_needed()
    with watch("the editor opens"):
        code.click()
        page.locator(".cm-content").first.wait_for()
    with watch("a cell runs"):
        page.locator("[data-cell] button[data-action=run]").first.click()
        page.locator("[data-cell][data-status=done]").wait_for()
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    with watch("the search opens"):
        page.keyboard.press("/")
        page.wait_for_load_state("networkidle")
    with watch("a word is searched for"):
        page.keyboard.type("attention", delay=60)
        page.wait_for_timeout(500)
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    with watch("the next page opens in place"):
        page.evaluate(f"document.querySelector('{NEXT}').click()")
        page.wait_for_function("(before) => !location.href.startsWith(before)", arg=url)
        page.wait_for_timeout(1500)


def explore(watch: Watch, url: str) -> None:
    """Open the explorer and go through the forward pass."""
    page = watch.page
    with watch("the explorer loads"):
        page.goto(url, wait_until="networkidle")
    step = page.locator("[data-explorer] [data-action=step]")
    with watch("the explorer takes steps"):
        for _ in range(STEPS):
            if step.is_enabled():
                step.click()
            page.wait_for_timeout(80)


def bench(folder: Path) -> dict[str, Held]:
    """Measure the built site in `folder`, each visit in a profile of its own."""
    found: dict[str, Held] = {}
    with sync_playwright() as playwright, Site(folder) as site:
        for visit, address in ((read, f"architectures/{SLUG}/"), (explore, "explorer/")):
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.SWITCHES)
            width, height = WIDTHS["desk"]
            context = browser.new_context(viewport={"width": width, "height": height}, service_workers="block")
            context.add_init_script(OBSERVE)
            watch = Watch(browser, context.new_page())
            visit(watch, site.url + address)
            found |= watch.found
            browser.close()
    return found


def tables(found: dict[str, Held]) -> str:
    """The measurements in Markdown."""
    rows = [
        (
            name,
            f"{held.processor:.0f}",
            f"{len(held.told)}, {max(held.told):.0f}" if held.told else "none",
            verdict(held.processor, MOST) if held.judged else "",
        )
        for name, held in found.items()
    ]
    columns = ("longest task, ms of the processor", "long tasks told by the browser: how many, longest", "target")
    return table(f"The main thread, on the page `{SLUG}` and in the explorer", columns, rows)


if __name__ == "__main__":
    print(tables(bench(ROOT / "site")))
