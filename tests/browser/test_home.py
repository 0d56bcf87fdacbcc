"""The home page's map and tracks, what the reader has read, and the timeline's filter."""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import RNN
from tests.browser.test_pages import violations

pytestmark = pytest.mark.browser

NODE = '.atlas-map__picture [data-node="{}"]'
BLOCKED = """
Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } });
"""
FULL = """
Storage.prototype.setItem = function () { throw new DOMException("full", "QuotaExceededError"); };
"""


def node(page, slug):
    return page.locator(NODE.format(slug))


def ready(page):
    """Wait for the scripts of the home page or the timeline."""
    page.locator("[data-shown]:not(:empty)").wait_for(state="attached")
    return page


def lit(page) -> set[str]:
    return slugs(page, ".is-lit[data-node]")


def shown_nodes(page) -> set[str]:
    return slugs(page, "[data-node]:not(.is-out)")


def slugs(page, selector: str) -> set[str]:
    parts = page.locator(f".atlas-map__picture {selector}")
    return set(parts.evaluate_all("(parts) => parts.map((part) => part.dataset.node)"))


def focused(page) -> str:
    return page.evaluate("document.activeElement.closest('[data-node]')?.dataset.node ?? ''")


@pytest.mark.parametrize("width", [1100, 1280, 1600])
def test_labels_have_the_room_that_the_build_gave_them(open_page, width):
    page = ready(open_page("", width=width))
    page.evaluate("document.fonts.ready")
    boxes = page.locator(".atlas-map__picture [data-node]").evaluate_all(
        """(nodes) => nodes.map((node) => {
          const text = node.querySelector("text").getBoundingClientRect();
          const dot = node.querySelector("circle").getBoundingClientRect();
          const reach = node.querySelector(".atlas-map__reach").getBoundingClientRect();
          const box = ({ left, right, top, bottom }) => ({ left, right, top, bottom });
          return { slug: node.dataset.node, text: box(text), dot: box(dot), reach: box(reach) };
        })"""
    )
    cartouche = page.locator(".atlas-map__key").evaluate("(it) => it.getBoundingClientRect().toJSON()")

    def meet(a, b):
        return a["left"] < b["right"] and b["left"] < a["right"] and a["top"] < b["bottom"] and b["top"] < a["bottom"]

    assert len(boxes) == 24
    for one in boxes:
        assert one["reach"]["left"] <= one["text"]["left"] + 4
        assert one["text"]["right"] <= one["reach"]["right"] + 1, one["slug"]
        assert not meet(one["text"], cartouche)
        for other in boxes:
            if one is not other:
                assert not meet(shrunk(one["text"]), other["dot"]), (one["slug"], other["slug"])
                assert not meet(shrunk(one["text"]), shrunk(other["text"])), (one["slug"], other["slug"])


def shrunk(box):
    """A text's box without the leading above and below its letters."""
    return box | {"top": box["top"] + 3, "bottom": box["bottom"] - 3}


def test_the_whole_map_is_on_the_first_screen(open_page):
    page = ready(open_page("", width=1280, height=900))
    box = page.locator(".atlas-map__picture").bounding_box()
    assert box["y"] + box["height"] <= 900
    assert page.locator(".atlas-map__list").is_hidden()


def test_pointing_at_a_node_lights_its_lineage_and_shows_its_card(open_page):
    page = ready(open_page(""))
    node(page, "attention").locator("text").hover()
    assert {"rnn", "lstm-gru", "encoder-decoder", "attention", "transformer", "gpt"} <= lit(page)
    assert not {"gan", "vae"} & lit(page)
    card = page.locator("[data-card]")
    assert card.is_visible()
    assert "Attention" in card.inner_text()
    assert "2014" in card.inner_text()
    assert "figures" in card.inner_text()
    assert page.locator(".atlas-map__key").is_hidden()
    page.mouse.move(2, 2)
    assert card.is_hidden()
    assert lit(page) == set()


def test_nothing_moves_when_the_filter_speaks(open_page):
    page = ready(open_page(""))
    before = page.locator(".atlas-map__picture").bounding_box()
    page.get_by_role("button", name="Sequence models").click()
    assert page.get_by_role("button", name="Show all").is_visible()
    assert page.locator(".atlas-map__picture").bounding_box() == before


def test_a_node_opens_its_page_in_place(open_page):
    page = ready(open_page(""))
    page.evaluate("window.sameVisit = true")
    node(page, "rnn").locator("text").click()
    page.wait_for_url("**/architectures/rnn/")
    page.locator("h1", has_text="Building Context").wait_for()
    assert page.evaluate("window.sameVisit") is True


def test_planned_pages_say_so_and_are_no_links(open_page):
    page = ready(open_page(""))
    planned = page.locator(".atlas-map__picture [data-node][data-planned]")
    assert planned.count() == page.locator(".atlas-map__list li[data-planned]").count() > 0
    assert planned.locator("a").count() == 0
    assert all("planned" in text for text in planned.locator("text").all_text_contents())


def test_the_keyboard_walks_the_map(open_page):
    page = ready(open_page(""))
    node(page, "rnn").locator("a").focus()
    assert page.locator("[data-card]").inner_text().startswith("Building Context")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "lstm-gru"
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "rnn"
    page.keyboard.press("Tab")
    assert focused(page) == "lstm-gru"
    page.keyboard.press("Tab")
    assert focused(page) not in ("", "lstm-gru")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    assert focused(page) == "rnn"
    page.keyboard.press("ArrowDown")
    assert focused(page) not in ("", "rnn")
    page.keyboard.press("Escape")
    assert page.locator("[data-card]").is_hidden()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_url("**/architectures/rnn/")


def test_every_node_can_be_reached_by_arrows(open_page):
    page = ready(open_page(""))
    node(page, "rnn").locator("a").focus()
    seen, waiting = {"rnn"}, ["rnn"]
    while waiting:
        start = waiting.pop()
        for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"):
            node(page, start).locator("a, g[role=img]").first.focus()
            page.keyboard.press(key)
            if (found := focused(page)) not in seen:
                seen.add(found)
                waiting.append(found)
    assert len(seen) == 24


def test_chips_filter_by_family_and_level(open_page):
    page = ready(open_page(""))
    said = page.locator(".atlas-map [data-shown]")
    assert said.inner_text() == "24 of 24 shown"
    chip = page.get_by_role("button", name="Sequence models")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    assert shown_nodes(page) == {"rnn", "lstm-gru", "encoder-decoder", "attention", "state-space"}
    assert said.inner_text() == "5 of 24 shown"
    page.get_by_role("button", name="Intermediate").click()
    assert "state-space" not in shown_nodes(page)
    page.get_by_role("button", name="Generative models").click()
    assert "rnn" in shown_nodes(page)
    assert node(page, "gpt").locator("a").get_attribute("tabindex") == "-1"
    page.get_by_role("button", name="Show all").click()
    assert len(shown_nodes(page)) == 24
    assert page.get_by_role("button", name="Show all").is_hidden()


@pytest.mark.parametrize("width", [320, 390, 800])
def test_a_narrow_screen_has_the_map_as_a_list(open_page, width):
    page = ready(open_page("", width=width))
    assert page.locator(".atlas-map__picture").is_hidden()
    rows = page.locator(".atlas-map__list li")
    assert rows.count() == 24
    boxes = rows.evaluate_all(
        """(rows) => rows.map((row) => [row.getBoundingClientRect().top, row.getBoundingClientRect().height,
          Math.max(...[...row.children].map((child) => child.getBoundingClientRect().bottom))])"""
    )
    dots = page.locator(".atlas-map__list svg circle").evaluate_all(
        "(dots) => dots.map((dot) => { const box = dot.getBoundingClientRect(); return box.top + box.height / 2; })"
    )
    for (top, height, bottom), dot in zip(boxes, dots, strict=True):
        assert abs(top + height / 2 - dot) < 1, "the arcs and the rows have come apart"
        assert bottom <= top + height + 0.5, "a row's text is cut off"
    rows.nth(0).locator("a").click()
    page.wait_for_url("**/architectures/rnn/")


def test_without_javascript_the_map_is_a_linked_picture(open_page):
    page = open_page("", java_script_enabled=False)
    assert page.locator(".atlas-chips").is_hidden()
    assert page.locator(".atlas-map__picture").is_visible()
    page.locator('.atlas-map__picture a[aria-label^="Attention,"]').click()
    assert page.url.endswith("/architectures/attention/")


def read_to_the_end(page):
    page.evaluate("document.querySelector('h2[id=related-architectures]').scrollIntoView()")
    page.locator(".atlas-read", has_text="Read.").wait_for()


def go_home(page):
    page.locator("a.md-logo").first.click()
    page.locator("[data-atlas-map]").wait_for()
    ready(page)


def test_a_page_is_read_when_its_last_section_is_reached(open_page):
    page = open_page(RNN)
    page.wait_for_function("() => localStorage.getItem('atlas-reading')")
    assert page.locator(".atlas-read").inner_text() == ""
    read_to_the_end(page)
    assert "this device only" in page.locator(".atlas-read").inner_text()
    go_home(page)
    core = page.locator("[data-track=core]")
    assert "1 of 9 read" in core.inner_text()
    assert core.locator('[data-page="rnn"]').get_attribute("class") == "is-read"
    assert "is-read" in node(page, "rnn").get_attribute("class")
    assert "Next on the core track: Reconstructing Context" in page.locator("[data-continue]").inner_text()


def test_home_leads_back_to_where_the_reader_left(open_page):
    page = open_page(RNN)
    page.evaluate("document.querySelector('h2[id=training-objective]').scrollIntoView()")
    page.wait_for_function("() => localStorage.getItem('atlas-reading')?.includes('training-objective')")
    go_home(page)
    again = page.locator("[data-continue]")
    assert "Continue where you left off" in again.inner_text()
    again.locator("a").click()
    page.wait_for_url("**/architectures/rnn/#training-objective")


def test_progress_can_be_forgotten_and_brought_back(open_page):
    page = open_page(RNN)
    read_to_the_end(page)
    go_home(page)
    page.get_by_role("button", name="Forget my progress").click()
    assert page.locator("[data-track=core] [data-progress]").is_hidden()
    assert "New here?" in page.locator("[data-continue]").inner_text()
    assert page.evaluate("localStorage.getItem('atlas-reading')") is None
    page.get_by_role("button", name="Undo").click()
    assert "1 of 9 read" in page.locator("[data-track=core]").inner_text()
    page.reload()
    ready(page)
    page.locator("[data-track=core]", has_text="1 of 9 read").wait_for()


@pytest.mark.parametrize("fault", [BLOCKED, FULL], ids=["blocked", "full"])
def test_storage_that_keeps_nothing_breaks_nothing(browser, host, fault):
    context = browser.new_context(service_workers="block")  # unwatched: a full storage is complained of
    context.add_init_script(fault)
    page = context.new_page()
    page.goto(host.url + RNN)
    read_to_the_end(page)
    assert "until you close this page" in page.locator(".atlas-read").inner_text()
    go_home(page)
    assert "1 of 9 read" in page.locator("[data-track=core]").inner_text()
    assert "This browser keeps nothing" in page.locator("[data-device]").inner_text()
    context.close()


@pytest.mark.parametrize(
    "kept",
    [
        "{",
        "3",
        '{"read": 5, "last": {}}',
        json.dumps({"read": {"rnn": 1}, "last": dict.fromkeys(("slug", "title", "section", "heading"), "x")}),
        json.dumps(
            {"last": dict.fromkeys(("slug", "title", "section", "heading"), "x") | {"address": "https://example.org/"}}
        ),
    ],
)
def test_what_cannot_be_read_from_storage_is_ignored(open_page, kept):
    page = open_page("404.html")
    page.evaluate("(kept) => localStorage.setItem('atlas-reading', kept)", kept)
    page.goto(page.url.replace("404.html", ""))
    ready(page)
    assert "New here?" in page.locator("[data-continue]").inner_text()
    assert page.locator("[data-track=core] .is-read").count() == 0


def rows(page) -> list[str]:
    return page.locator("[data-timeline] li:visible b").all_inner_texts()


def test_the_timeline_filters_and_counts(open_page):
    page = ready(open_page("timeline/"))
    total = len(rows(page))
    said = page.locator("[data-timeline] [data-shown]")
    assert said.inner_text() == f"{total} of {total} shown"
    assert said.get_attribute("role") == "status"
    page.get_by_role("button", name="Theory and scaling").press("Enter")
    theory = rows(page)
    assert "Scaling laws" in theory
    assert "Transformer" not in theory
    assert said.inner_text() == f"{len(theory)} of {total} shown"
    chip = page.get_by_role("button", name="Generative models")
    assert int(chip.locator("span").inner_text()) < len(theory)
    chip.press("Space")
    assert rows(page) == ["Score-based models as SDEs"]


def test_each_year_is_named_once_whatever_is_shown(open_page):
    page = ready(open_page("timeline/?family=embodied"))
    years = page.locator("[data-timeline] li:visible").evaluate_all("(all) => all.map((row) => row.dataset.year)")
    named = page.locator("[data-timeline] li[data-first]:visible").evaluate_all(
        "(all) => all.map((row) => row.dataset.year)"
    )
    assert named == sorted(set(years))


def test_the_filter_stays_in_the_address(open_page):
    page = ready(open_page("timeline/"))
    page.get_by_role("button", name="Product").click()
    page.get_by_role("button", name="Method").click()
    assert page.url.endswith("timeline/?kind=method,product")
    kept = rows(page)
    page.reload()
    ready(page)
    assert rows(page) == kept
    page.get_by_role("button", name="Show all").click()
    assert page.url.endswith("timeline/")


def test_an_address_with_an_unknown_filter_shows_everything(open_page):
    page = ready(open_page("timeline/?kind=nonsense&family="))
    assert len(rows(page)) == page.locator("[data-timeline] li").count()


def test_without_javascript_the_timeline_is_a_list(open_page):
    page = open_page("timeline/", java_script_enabled=False)
    assert page.locator(".atlas-chips").is_hidden()
    assert len(rows(page)) > 60
    assert page.locator("ol.atlas-timeline__rows time").first.is_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pressed_chips_and_a_pointed_node_are_accessible(open_page, dark):
    page = ready(open_page("", dark=dark, reduced_motion="reduce"))
    page.get_by_role("button", name="Sequence models").focus()
    node(page, "rnn").locator("a").focus()
    assert violations(page) == []
    page = ready(open_page("timeline/?kind=theory&family=generative", dark=dark))
    assert violations(page) == []
