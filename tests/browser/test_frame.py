"""What stands around the pages: parts, contents, shortcuts, paper, wrong addresses, and a folder of any name."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import RNN, Cell, Figure
from tests.browser.serve import Site

pytestmark = pytest.mark.browser

STEP = "rnn.model:step"
OVERLAY = "dialog.atlas-shortcuts"
PARTS = [
    "Home",
    "Architectures",
    "From text to answer",
    "Forward pass",
    "Compare",
    "Landscape",
    "Timeline",
    "Lessons",
    "Glossary",
    "PyTorch in the page",
]


@pytest.fixture
def folder(built_site):
    """The site in a folder of a host, as a project's page has it."""
    with Site(built_site, prefix="/atlas/") as site:
        yield site


def visible(page, selector: str) -> int:
    return page.locator(selector).locator("visible=true").count()


# --- parts and contents ------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1220, 1280])
def test_ten_parts_stand_in_one_row(open_page, width):
    page = open_page(width=width)
    page.evaluate(
        """(names) => {
            const list = document.querySelector(".md-tabs__list");
            const model = list.querySelectorAll(".md-tabs__item")[1];
            list.replaceChildren(...names.map((name) => {
                const item = model.cloneNode(true);
                item.querySelector("a").textContent = name;
                return item;
            }));
        }""",
        PARTS,
    )
    boxes = [item.bounding_box() for item in page.locator(".md-tabs__item").all()]
    assert len(boxes) == 10
    assert len({box["y"] for box in boxes}) == 1
    assert boxes[-1]["x"] + boxes[-1]["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_wide_page_lists_the_chapters_of_its_part(rnn):
    contents = rnn.locator(".atlas-contents")
    here = contents.locator("[aria-current=page]")
    assert here.count() == 1 and here.locator("small").inner_text() == "1990"
    assert contents.locator(".atlas-contents__chapters a").locator("visible=true").count() > 5
    assert contents.get_by_role("link", name="Lessons").count() == 0


@pytest.mark.parametrize("width", [390, 768])
def test_on_a_narrow_screen_the_contents_are_a_drawer_that_keys_can_open(open_page, width):
    page = open_page(width=width)
    assert visible(page, ".md-tabs") == 0
    assert visible(page, ".atlas-contents a") == 0, "a closed drawer holds nothing to tab to"
    opener = page.get_by_role("button", name="Contents")
    opener.focus()
    page.keyboard.press("Enter")
    home = page.locator(".atlas-contents").get_by_role("link", name="Home")
    home.wait_for()
    assert page.locator(".atlas-contents__group").first.inner_text() == "Read"
    page.keyboard.press("Escape")
    home.wait_for(state="hidden")
    opener.press("Enter")
    home.click()
    page.wait_for_url("**/")
    home.wait_for(state="hidden")


def test_an_anchor_is_not_hidden_under_the_header(open_page):
    page = open_page(RNN + "#training-objective")
    page.wait_for_timeout(300)
    header = page.locator(".md-header").bounding_box()
    assert page.locator("#training-objective").bounding_box()["y"] >= header["y"] + header["height"]


# --- shortcuts ---------------------------------------------------------------------------------------------


def test_a_button_shows_the_shortcuts_and_gets_the_focus_back(rnn):
    button = rnn.locator("[data-action=shortcuts]")
    button.click()
    assert rnn.locator(OVERLAY).is_visible()
    rnn.keyboard.press("Escape")
    assert not rnn.locator(OVERLAY).is_visible()
    assert button.evaluate("(it) => document.activeElement === it")


def test_the_focus_returns_to_where_the_key_was_pressed(rnn):
    link = rnn.locator("article a").first
    link.focus()
    rnn.keyboard.press("?")
    assert rnn.locator(OVERLAY).is_visible()
    rnn.locator(f"{OVERLAY} button").click()
    assert link.evaluate("(it) => document.activeElement === it")


def test_the_shortcuts_outlive_a_turn_of_the_page(open_page):
    page = open_page("architectures/")
    page.evaluate("window.stayed = true")
    page.keyboard.press("n")
    page.wait_for_url(f"**/{RNN}")
    page.locator("[data-action=shortcuts]").click()
    assert page.locator(OVERLAY).count() == 1 and page.locator(OVERLAY).is_visible()
    page.keyboard.press("n")
    assert page.url.endswith(RNN), "what is under the list does not answer"
    page.keyboard.press("?")
    assert not page.locator(OVERLAY).is_visible()
    assert page.evaluate("window.stayed") is True


def test_keys_pressed_in_a_control_or_with_control_are_not_shortcuts(rnn):
    url = rnn.url
    rnn.evaluate(
        """() => {
            for (const markup of ["<select id=one><option>n</select>", "<div id=two tabindex=0 role=application>"]) {
                document.querySelector("article").insertAdjacentHTML("afterbegin", markup);
            }
        }"""
    )
    for place in ("#one", "#two"):
        rnn.locator(place).focus()
        for key in ("n", "p", "s", "/", "?", "j", "k", "r"):
            rnn.keyboard.press(key)
        assert rnn.locator(place).evaluate("(it) => document.activeElement === it"), place
    rnn.locator("article a").first.focus()
    rnn.keyboard.press("Control+j")
    rnn.keyboard.press("Alt+n")
    assert rnn.url == url and visible(rnn, OVERLAY) == 0
    assert not rnn.evaluate("document.querySelector('[data-md-toggle=search]').checked")


# --- paper -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_prints_as_an_article_with_every_figure(open_page, dark):
    page = open_page(dark=dark)
    page.evaluate("window.printed = 0; window.print = () => { window.printed += 1 }; 0")
    page.locator("[data-action=print]").click()
    page.wait_for_function("() => window.printed === 1", timeout=60_000)
    figures = page.locator("figure[data-figure]").count()
    assert page.locator(".atlas-plot.js-plotly-plot .main-svg:first-child").count() == figures > 5
    assert 8 <= len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) <= 40
    assert page.evaluate("document.body.dataset.mdColorScheme") == ("slate" if dark else "default")
    assert page.locator("article details[open]").count() == 0, "paper leaves no answer open on the screen"


def test_paper_shows_answers_and_nothing_to_press(rnn):
    Figure(rnn, "rnn/hidden_state").reach()
    rnn.evaluate("dispatchEvent(new Event('beforeprint'))")
    rnn.emulate_media(media="print")
    assert visible(rnn, "button, input, select, form, .md-header, .md-tabs, .md-sidebar, .md-footer, .headerlink") == 0
    question = rnn.locator("details.question").first
    assert question.locator(":scope > :not(summary)").first.is_visible()
    code = rnn.locator("article pre code").first
    assert code.evaluate("(it) => getComputedStyle(it).whiteSpace") == "pre-wrap"
    links = "[...document.querySelectorAll('article a')].map((it) => getComputedStyle(it, '::after').content)"
    assert set(rnn.evaluate(links)) == {"none"}
    drawn = rnn.locator("[data-figure='rnn/hidden_state'] .plot-container").bounding_box()
    assert drawn["width"] <= 643
    note = "(it) => getComputedStyle(it, '::before').content"
    missing = rnn.locator(".atlas-plot:not(.js-plotly-plot)")
    assert missing.count() and "Not drawn" in missing.last.evaluate(note)
    assert rnn.locator("figcaption").last.is_visible()


# --- wrong addresses, and any folder -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["rnm", "architectures/rnm/", "en/v2/architectures/rnn.html", "a/b/c/d/rnn/"])
def test_a_wrong_address_names_the_nearest_page_at_any_depth(browser, folder, path):
    page = browser.new_page(service_workers="block")
    answer = page.goto(folder.url + path)
    assert answer.status == 404
    suggestion = page.locator("[data-nearest] a").first
    suggestion.wait_for()
    assert page.locator("[data-asked] code").inner_text() == path
    assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none", "the style is found"
    assert suggestion.get_attribute("href") == folder.url + RNN
    assert page.locator("nav a").first.get_attribute("href") == folder.url
    suggestion.click()
    page.wait_for_url(folder.url + RNN)
    page.locator("[data-figure]").first.wait_for()
    page.close()


def test_a_wrong_address_is_shown_as_text(browser, folder):
    page = browser.new_page(service_workers="block")
    page.goto(folder.url + "<img src=x onerror=alert(1)>%")
    page.locator("[data-asked]:visible").wait_for()
    assert page.locator("[data-asked] code").inner_text().startswith("<img src=x")
    assert page.locator("main img").count() == 0
    page.close()


def test_a_wrong_address_leads_to_the_search(browser, folder):
    page = browser.new_page(service_workers="block")
    page.goto(folder.url + "architectures/vanishing")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url(folder.url + "?q=vanishing")
    page.locator(".md-search-result__link").first.wait_for()
    page.close()


def test_the_site_works_from_a_folder_of_any_host(browser, folder):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, service_workers="block")
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("response", lambda answer: answer.status >= 400 and trouble.append(f"{answer.status} {answer.url}"))
    page.on(
        "request",
        lambda asked: asked.url.startswith((folder.url, "data:", "blob:")) or trouble.append(f"outside: {asked.url}"),
    )
    page.goto(folder.url)
    page.evaluate("window.stayed = true")
    page.locator(".md-tabs").get_by_role("link", name="Architectures").click()
    page.wait_for_url(folder.url + "architectures/")
    page.get_by_role("heading", name=re.compile("^Architectures"), level=1).wait_for()
    page.keyboard.press("n")
    page.wait_for_url(folder.url + RNN)
    Figure(page, "rnn/hidden_state").reach()
    assert Cell(page, STEP).run().status == "done"
    page.keyboard.press("Escape")
    page.locator("article h1").click()
    page.keyboard.press("/")
    page.keyboard.type("vanishing gradient")
    page.locator(".md-search-result__link", has_text="Vanishing").first.wait_for()
    assert page.evaluate("window.stayed") is True
    assert trouble == []
    page.close()
