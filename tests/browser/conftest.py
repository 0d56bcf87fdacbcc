"""The built site in a real Chromium. No page a test opens may log an error or ask another host for anything.

The site is the one `make site` left in `site/`; `ATLAS_SITE` names another folder. Without one, it is built.
`ATLAS_START=snapshot` makes Python wake from its snapshot wherever a page starts it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from hooks.offline import assets_of
from tests.browser.serve import MANIFEST, Site, with_start
from tools import chromium

ROOT = Path(__file__).resolve().parents[2]
RNN = "architectures/rnn/"
# The service worker would answer what a test means to count, hold up or fail; its own tests let it work.
NO_COPIES = {"service_workers": "block"}
# In the page: the address of its scripts' folder, whose name is its release's.
SCRIPTS = "new URL('.', document.querySelector(`script[src*='/js/main.js']`).src)"
PYTHON_STARTS_WITHIN = 60_000  # milliseconds


@dataclass
class Watched:
    """What a page logged and asked for."""

    page: Page
    host: str
    expected: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(f"{error}"))
        self.page.on(
            "console", lambda message: message.type in ("error", "warning") and self.note(message.text)
        )
        self.page.on("request", lambda request: self.see(request.url))

    def note(self, text: str) -> None:
        if not any(part in text for part in [*self.expected, "registration blocked by Playwright"]):
            self.errors.append(text)

    def see(self, address: str) -> None:
        if not address.startswith((self.host, "data:", "blob:", "about:")):
            self.foreign.append(address)


@pytest.fixture(scope="session")
def built_site() -> Path:
    """The folder of the built site."""
    folder = Path(os.environ.get("ATLAS_SITE", ROOT / "site"))
    if not (folder / "index.html").is_file():
        assert "ATLAS_SITE" not in os.environ, f"ATLAS_SITE={folder} holds no built site"
        subprocess.run(["make", "site"], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: only one Playwright may run in a process at a time."""
    executable = chromium.find()
    assert executable, "The browser tests need Chromium: run `make chromium`."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=chromium.SWITCHES)
        yield launched
        launched.close()


@pytest.fixture
def host(built_site: Path) -> Iterator[Site]:
    """A server of the built site, with faults on request."""
    manifest = (assets_of(built_site) / "generated/py/manifest.json").read_text(encoding="utf-8")
    with Site(built_site, extra={MANIFEST: with_start(manifest)}) as site:
        yield site


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, host: Site) -> Iterator[Open]:
    """Open a page of the site: `open_page("architectures/rnn/", width=390, dark=True)`.

    `expected` lists parts of console messages that the test itself provokes.
    """
    watched: list[Watched] = []
    with ExitStack() as stack:

        def open_page(
            path: str = RNN,
            *,
            width: int = 1280,
            height: int = 900,
            dark: bool = False,
            expected: tuple[str, ...] = (),
            **options: object,
        ) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                **NO_COPIES | options,
            )
            stack.callback(context.close)
            page = context.new_page()
            watched.append(Watched(page, host.url, list(expected)))
            page.goto(host.url + path)
            return page

        yield open_page
    assert [error for one in watched for error in one.errors] == []
    assert [address for one in watched for address in one.foreign] == []


@pytest.fixture
def rnn(open_page: Open) -> Page:
    """The RNN page at a desk."""
    return open_page()


class Figure:
    """A figure on the page."""

    def __init__(self, page: Page, identity: str) -> None:
        self.page = page
        self.id = identity
        self.element = page.locator(f'[data-figure="{identity}"]')

    def reach(self) -> Figure:
        """Scroll to the figure and wait until it is drawn."""
        self.element.scroll_into_view_if_needed()
        self.wait("(figure) => Number(figure.dataset.drawn) > 0")
        return self

    def wait(self, condition: str, timeout: int = PYTHON_STARTS_WITHIN) -> None:
        """Wait for a condition, a JavaScript function of the figure's element."""
        self.page.wait_for_function(
            f"(id) => ({condition})(document.querySelector(`[data-figure='${{id}}']`))",
            arg=self.id,
            timeout=timeout,
        )

    @property
    def state(self) -> str:
        return self.element.get_attribute("data-state")

    @property
    def drawn(self) -> int:
        return int(self.element.get_attribute("data-drawn") or 0)

    def after(self, act: Callable[[], object]) -> Figure:
        """Do something, then wait until the figure has been drawn again and has settled."""
        before, failed = self.drawn, self.state == "error"
        act()
        settled = f"Number(figure.dataset.drawn) > {before} && figure.dataset.state !== 'computing'"
        self.wait(f"(figure) => ({settled}) || (!{str(failed).lower()} && figure.dataset.state === 'error')")
        assert self.state != "error", self.status()
        return self

    def data(self) -> list:
        """The traces as Plotly has them."""
        return self.element.locator("[data-plot]").evaluate(
            "(plot) => JSON.parse(JSON.stringify(plot.data, (key, value) =>"
            " ArrayBuffer.isView(value) ? [...value] : value))"
        )

    def layout(self) -> dict:
        return self.element.locator("[data-plot]").evaluate(
            "(plot) => JSON.parse(JSON.stringify(plot.layout))"
        )

    def status(self) -> str:
        return self.element.locator("[data-status]").inner_text()


class Cell:
    """A cell on the page."""

    def __init__(self, page: Page, identity: str) -> None:
        self.page = page
        self.id = identity
        self.element = page.locator(f'[data-cell="{identity}"]')

    @property
    def code(self) -> str:
        editor = self.element.locator(".cm-content")
        if editor.count():
            return "\n".join(editor.locator(".cm-line").all_inner_texts()).replace("\u200b", "")
        return self.element.locator("code").first.text_content()

    @property
    def status(self) -> str:
        return self.element.get_attribute("data-status")

    @property
    def output(self) -> str:
        return self.element.locator("[data-output]").inner_text()

    def button(self, action: str) -> object:
        return self.element.locator(f'button[data-action="{action}"]')

    def edit(self, text: str) -> Cell:
        """Go into the code with the pointer and write `text` in the place of what is there."""
        editor = self.element.locator(".cm-content")
        if not editor.count():
            self.element.locator(".atlas-cell__code pre").click()
        editor.wait_for()
        editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(text)
        return self

    def run(self) -> Cell:
        """Press Run and wait until it has ended."""
        self.button("run").click()
        return self.settle()

    def settle(self) -> Cell:
        self.page.wait_for_function(
            "(id) => ['done', 'error'].includes(document.querySelector(`[data-cell='${id}']`).dataset.status)",
            arg=self.id,
            timeout=PYTHON_STARTS_WITHIN,
        )
        return self


def wait_for_python(page: Page, state: str = "ready") -> None:
    page.wait_for_function(
        "(it) => document.documentElement.dataset.python === it",
        arg=state,
        timeout=PYTHON_STARTS_WITHIN,
    )


def drawn_figures(page: Page) -> list[Figure]:
    """Every figure of the page."""
    return [Figure(page, one.get_attribute("data-figure")) for one in page.locator("[data-figure]").all()]


def scroll_through(page: Page) -> None:
    """Scroll to the end, so that everything that waits for the reader's eye is drawn."""
    for figure in drawn_figures(page):
        figure.reach()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
