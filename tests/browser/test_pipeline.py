"""From text to answer: one sentence, typed once, goes through all stages and stays with the reader."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from snippets.gpt.sentence import LONGEST, SENTENCE
from tests.browser.conftest import Figure, drawn_figures

pytestmark = pytest.mark.browser

PAGE = "pipeline/"
GPT_PAGE = "architectures/gpt/"
TYPED = "The carriage was at the door before Anne"
ANSWERED = "(figure) => ['live', 'error'].includes(figure.dataset.state)"


def field(page: Page) -> object:
    return page.locator(".atlas-sentence input")


def answered(figure: Figure) -> Figure:
    """Bring the figure before the reader and wait for its answer to what was typed."""
    figure.element.scroll_into_view_if_needed()
    figure.wait(ANSWERED)
    assert figure.state == "live", figure.status()
    return figure


def labels(figure: Figure) -> str:
    return str(figure.layout())


def test_the_bar_opens_with_the_sentence_of_the_figures_and_stands_for_their_fields(open_page):
    page = open_page(PAGE)
    field(page).wait_for()
    assert field(page).input_value() == SENTENCE
    shared = page.locator("figure input[data-shared]")
    assert shared.count() == len(drawn_figures(page)) >= 7
    assert not any(one.is_visible() for one in shared.all())
    assert page.locator("figure .atlas-control:visible").count() >= 10


def test_a_sentence_typed_once_reaches_every_figure(open_page):
    page = open_page(PAGE)
    field(page).fill(TYPED)
    for figure in drawn_figures(page):
        answered(figure)
    for name in ("embedding", "positions", "mixing", "units", "experts", "loss"):
        assert "Anne" in labels(Figure(page, f"pipeline/{name}")), name
    assert "Nothing was typed" not in page.locator("article").inner_text()


def test_figures_the_reader_has_passed_follow_the_next_sentence(open_page):
    page = open_page(PAGE)
    first, second = Figure(page, "pipeline/embedding").reach(), Figure(page, "pipeline/positions").reach()
    field(page).fill(TYPED)
    answered(second)
    first.element.scroll_into_view_if_needed()
    first.wait("(figure) => figure.dataset.state === 'live'")
    assert "Anne" in labels(first)


def test_the_sentence_survives_another_page_a_reload_and_the_way_back(open_page):
    page = open_page(PAGE)
    field(page).fill(TYPED)
    page.locator("nav.md-tabs a", has_text="Home").click()
    page.locator(".atlas-sentence").wait_for(state="detached")
    page.go_back()
    field(page).wait_for()
    assert field(page).input_value() == TYPED
    assert "Anne" in labels(answered(Figure(page, "pipeline/embedding")))
    page.reload()
    field(page).wait_for()
    assert field(page).input_value() == TYPED
    assert "Anne" in labels(answered(Figure(page, "pipeline/loss")))


def test_start_again_brings_the_built_figures_back(open_page):
    page = open_page(PAGE)
    figure = Figure(page, "pipeline/embedding").reach()
    again = page.get_by_role("button", name="Start again")
    assert not again.is_visible()
    figure.after(lambda: field(page).fill(TYPED))
    figure.after(again.click)
    assert figure.state == "static"
    assert field(page).input_value() == SENTENCE
    assert not again.is_visible()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Nothing was typed"),
        ("🍓🦆", "are not in the novels"),
        ("many words " * 910, f"the first {LONGEST - 1} are read"),
        ("<img src=x onerror=alert(1)>", "not in the novels"),
    ],
    ids=["nothing", "emoji", "ten thousand characters", "markup"],
)
def test_whatever_is_typed_is_read_and_a_sentence_says_how(open_page, text, said):
    page = open_page(PAGE)
    field(page).fill(TYPED)
    field(page).fill(text)
    for figure in drawn_figures(page):
        answered(figure)
        assert said in figure.status()
    assert field(page).input_value() == text


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 800), (320, 640)])
def test_the_bar_stays_within_reach_and_hides_no_heading(open_page, width, height):
    page = open_page(PAGE, width=width, height=height)
    field(page).wait_for()
    page.evaluate("document.querySelector('#alignment').scrollIntoView()")
    page.wait_for_timeout(400)
    bar = page.locator(".atlas-sentence").bounding_box()
    header = page.locator(".md-header").bounding_box()
    heading = page.locator("h2#alignment").bounding_box()
    assert abs(bar["y"] - (header["y"] + header["height"])) < 2
    assert bar["height"] < 0.1 * height
    assert heading["y"] >= bar["y"] + bar["height"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    field(page).click()
    page.keyboard.press("End")
    page.keyboard.type(" a")
    assert field(page).input_value() == f"{SENTENCE} a"


def test_the_stages_in_the_bar_lead_to_them_and_say_where_the_reader_is(open_page):
    page = open_page(PAGE)
    links = page.locator(".atlas-sentence nav a")
    links.first.wait_for()
    assert links.count() == page.locator("h2.atlas-stage").count() == 6
    current = page.locator(".atlas-sentence a[aria-current]")
    assert current.count() == 0
    links.nth(3).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.atlas-sentence a[aria-current]')?.textContent === '4'")
    page.evaluate("document.querySelector('#thinking').scrollIntoView()")
    page.wait_for_function("() => document.querySelector('.atlas-sentence a[aria-current]') === null")


def test_other_pages_have_no_bar_and_fetch_no_script_for_one(open_page, host):
    page = open_page(GPT_PAGE)
    page.wait_for_load_state("networkidle")
    assert page.locator(".atlas-sentence").count() == 0
    assert not any(path.endswith("js/pipeline.js") for path in host.paths())


def test_the_key_for_the_next_section_puts_its_heading_below_the_bar(open_page):
    page = open_page(PAGE, reduced_motion="reduce")
    field(page).wait_for()
    page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    for stage in ("tokens", "positions"):
        page.keyboard.press("j")
        page.wait_for_function("(id) => document.activeElement.id === id", arg=stage)
    bar, heading = page.locator(".atlas-sentence").bounding_box(), page.locator("h2#positions").bounding_box()
    assert bar["y"] + bar["height"] <= heading["y"] < bar["y"] + bar["height"] + 60
