"""Every page, on a phone and at a desk, in light and dark: readable, accessible, within its column."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.page import SHIFTS
from tests.browser.conftest import RNN, ROOT, SCRIPTS, scroll_through

pytestmark = pytest.mark.browser

SOURCES = sorted((ROOT / "docs").rglob("*.md"))
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
NARROW = 500  # the narrower screens are tried at the narrowest as well
DRAWN = "[...document.querySelectorAll('[data-figure]')].map((figure) => Number(figure.dataset.drawn))"
FEW_BYTES = 400_000  # compressed, before any interaction
LITTLE_SHIFT = 0.02


def address(source: Path) -> str:
    """The address of a page from its source."""
    relative = source.relative_to(ROOT / "docs")
    folder = relative.parent if relative.stem == "index" else relative.with_suffix("")
    return "" if folder == Path() else f"{folder.as_posix()}/"


PAGES = [address(source) for source in SOURCES]


def violations(page) -> list[str]:
    """What axe finds wrong with the page."""
    page.evaluate(AXE)
    rules = "{ 'target-size': { enabled: true } }"  # not yet among the defaults
    found = page.evaluate(f"axe.run(document, {{ resultTypes: ['violations'], rules: {rules} }})")["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def switch_theme(page) -> None:
    """The reader's system turns dark; every figure is drawn anew in its colours."""
    before = page.evaluate(DRAWN)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"(before) => ({DRAWN}).every((drawn, place) => drawn > before[place])", arg=before)
    page.locator("body[data-md-color-scheme=slate]").wait_for()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "home")
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_is_accessible_in_both_themes_and_never_scrolls_sideways(open_page, path, width):
    page = open_page(path, width=width, reduced_motion="reduce")  # nothing is measured in the midst of a fade
    scroll_through(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert violations(page) == []
    switch_theme(page)
    assert violations(page) == []
    if width < NARROW:
        page.set_viewport_size({"width": 320, "height": 640})
        scroll_through(page)
        # What is drawn takes its new width a moment after the page has.
        page.wait_for_function("() => document.documentElement.scrollWidth === 320", timeout=5000)


def test_a_page_that_is_not_there_says_so_in_the_sites_look(open_page):
    page = open_page("404.html")
    assert page.locator("h1").inner_text() == "There is no page here"
    assert violations(page) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_load_is_small_and_nothing_moves(open_page, host, width):
    context = open_page("404.html", width=width).context
    context.add_init_script(SHIFTS)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    host.log.clear()
    page.goto(host.url + RNN, wait_until="networkidle")
    sent = sorted(((answer.size, answer.path) for answer in host.log), reverse=True)
    assert sum(size for size, _ in sent) <= FEW_BYTES, sent
    scroll_through(page)
    assert page.evaluate("shift") <= LITTLE_SHIFT


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_and_figures_take_the_theme(open_page, dark):
    page = open_page(dark=dark)
    paper = page.evaluate("getComputedStyle(document.body).getPropertyValue('--atlas-paper').trim()")
    tokens = page.evaluate(
        f"import(new URL('../generated/tokens.js', {SCRIPTS})).then((module) => module.TOKENS)"
    )
    assert paper == tokens["colours"]["paper"]["dark" if dark else "light"]
    assert page.evaluate(
        "getComputedStyle(document.querySelector('article > p:not([class])')).fontFamily"
    ).startswith('"Source Serif 4')
    assert page.evaluate(
        "document.fonts.ready.then(() => document.fonts.check('18px \"Source Serif 4 Variable\"'))"
    )


def test_without_javascript_text_code_captions_and_mathematics_are_there(open_page):
    page = open_page(java_script_enabled=False)
    article = page.locator("article")
    assert article.locator("h2").count() >= 8
    assert article.locator("p").first.is_visible()
    for selector in (
        ".atlas-cell code",
        ".highlight code",
        "figure figcaption",
        ".katex",
        ".atlas-diagram svg",
    ):
        assert article.locator(selector).first.is_visible(), selector
    for useless in (".atlas-controls", ".atlas-cell button", ".atlas-diagram__stepper", ".atlas-plot"):
        for element in article.locator(useless).all():
            assert not element.is_visible(), useless
    assert article.locator(".atlas-noscript").is_visible()
    page.locator("figure details").first.locator("summary").click()
    assert page.locator("figure details p").first.is_visible()
