"""The glossary in a real Chromium: its filters, the cards of terms on other pages, and the search."""

from __future__ import annotations

import re

import pytest

from hooks.glossary import read_glossary
from tests.browser.conftest import RNN, ROOT
from tests.browser.test_pages import violations

pytestmark = pytest.mark.browser

GLOSSARY, _ = read_glossary(ROOT / "docs/glossary.yml", ROOT)
GPT = "architectures/gpt/"
CARD = ".atlas-term-card"
CACHE = "a.atlas-term[data-term='kv-cache']"
WORKER = """
async (queries) => {
  const config = JSON.parse(document.getElementById("__config").textContent);
  const search = new URL(config.search, location.href);
  const index = await (await fetch(new URL("../../search_index.json", search))).json();
  const worker = new Worker(search);
  const answer = (message) => new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data.data);
    worker.postMessage(message);
  });
  await answer({ type: 0, data: { ...index, options: { suggest: true } } });
  const found = {};
  for (const query of queries) {
    const { items } = await answer({ type: 2, data: query });
    const best = (items[0] ?? []).reduce((one, other) => (other.score > one.score ? other : one), { score: -1 });
    found[query] = best.location ?? "";
  }
  worker.terminate();
  return found;
}
"""


def where(page, selector: str) -> dict:
    return page.locator(selector).first.evaluate("(element) => element.getBoundingClientRect().toJSON()")


def covers(card: dict, word: dict) -> bool:
    apart = (
        card["bottom"] <= word["top"]
        or card["top"] >= word["bottom"]
        or card["right"] <= word["left"]
        or card["left"] >= word["right"]
    )
    return not apart


def point_at(page, selector: str):
    page.locator(selector).first.scroll_into_view_if_needed()
    page.locator(selector).first.hover()
    page.locator(CARD).wait_for()


class TestCards:
    def test_pointing_at_a_term_shows_its_definition(self, open_page, host):
        page = open_page(GPT)
        asked = lambda: [path for path in host.paths() if path.endswith("glossary.json")]  # noqa: E731
        page.locator(CACHE).first.wait_for()
        assert asked() == []
        point_at(page, CACHE)
        card = page.locator(CARD)
        assert "KV cache" in card.inner_text() and "kept while a decoder writes" in card.inner_text()
        assert page.locator(CACHE).first.get_attribute("aria-describedby") == card.get_attribute("id")
        page.mouse.move(2, 300)
        card.wait_for(state="detached")
        point_at(page, "a.atlas-term[data-term='transformer']")
        assert len(asked()) == 1
        assert page.locator(CARD).count() == 1

    def test_the_pointer_may_move_onto_the_card(self, open_page):
        page = open_page(GPT)
        point_at(page, CACHE)
        card = where(page, CARD)
        page.mouse.move(card["x"] + 40, card["y"] + 3, steps=4)
        page.mouse.move(card["x"] + 60, card["y"] + 60, steps=4)
        page.wait_for_timeout(600)  # longer than a card lingers
        assert page.locator(CARD).is_visible()
        page.locator(CARD).get_by_role("link", name="In the glossary").click()
        page.wait_for_url("**/glossary/#kv-cache")

    def test_escape_closes_the_card_and_nothing_else(self, open_page):
        page = open_page(GPT)
        point_at(page, CACHE)
        page.keyboard.press("Escape")
        assert page.locator(CARD).count() == 0
        assert page.url.endswith(GPT)
        assert page.locator(CACHE).first.get_attribute("aria-describedby") is None

    def test_the_keyboard_reaches_terms(self, open_page):
        page = open_page(GPT)
        term = page.locator(CACHE).first
        term.evaluate("(link) => link.closest('p').querySelectorAll('a')[0].focus()")
        term.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert term.evaluate("(link) => document.activeElement === link")
        page.locator(CARD).wait_for()
        page.keyboard.press("Escape")
        assert page.locator(CARD).count() == 0
        assert term.evaluate("(link) => document.activeElement === link")
        page.keyboard.press("Enter")
        page.wait_for_url("**/glossary/#kv-cache")

    @pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 700), (320, 480)])
    def test_a_card_never_covers_its_word_and_never_leaves_the_window(self, open_page, width, height):
        page = open_page(GPT, width=width, height=height)
        links = page.locator("a.atlas-term")
        links.first.wait_for()
        for number in range(0, links.count(), 6):
            link = links.nth(number)
            for block in ("start", "center", "end"):
                link.evaluate(f"(link) => link.scrollIntoView({{ block: '{block}', behavior: 'instant' }})")
                if block == "start":
                    page.evaluate("scrollBy({ top: -80, behavior: 'instant' })")
                page.mouse.move(1, height - 2)
                link.evaluate("(link) => link.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))")
                page.wait_for_function(
                    "(link) => link.getAttribute('aria-describedby') !== null", arg=link.element_handle()
                )
                card = where(page, CARD)
                for word in link.evaluate("(link) => [...link.getClientRects()].map((box) => box.toJSON())"):
                    assert not covers(card, word), (number, block, card, word)
                assert card["left"] >= 0 and card["right"] <= width, (number, block, card)
                assert card["top"] >= 0 and card["bottom"] <= height, (number, block, card)
                page.keyboard.press("Escape")

    def test_a_tap_shows_the_card_and_the_card_leads_on(self, open_page):
        page = open_page(GPT, width=390, height=800, has_touch=True, is_mobile=True)
        term = page.locator(CACHE).first
        term.scroll_into_view_if_needed()
        term.tap()
        page.locator(CARD).wait_for()
        assert page.url.endswith(GPT)
        page.locator("article h3", has_text="The cache").tap()
        page.locator(CARD).wait_for(state="detached")
        term.tap()
        page.locator(CARD).get_by_role("link").tap()
        page.wait_for_url("**/glossary/#kv-cache")

    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    @pytest.mark.parametrize("width", [390, 1280])
    def test_an_open_card_is_accessible(self, open_page, width, dark):
        page = open_page(GPT, width=width, dark=dark)
        point_at(page, CACHE)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width

    def test_cards_work_on_pages_that_are_swapped_in(self, open_page):
        page = open_page(GPT)
        page.evaluate("window.stayed = true")
        point_at(page, CACHE)
        page.locator(".md-tabs a", has_text="Architectures").click()
        page.wait_for_url("**/architectures/")
        page.get_by_role("heading", name=re.compile("^Architectures"), level=1).wait_for()
        page.locator(CARD).wait_for(state="detached")
        point_at(page, "a.atlas-term")
        assert page.evaluate("window.stayed") is True

    def test_without_its_data_a_term_is_still_a_link(self, open_page):
        page = open_page("404.html").context.new_page()
        page.route("**/glossary.json", lambda route: route.abort())
        page.goto(page.context.pages[0].url.replace("404.html", GPT))
        term = page.locator(CACHE).first
        term.scroll_into_view_if_needed()
        with page.expect_request("**/glossary.json"):
            term.hover()
        assert page.locator(CARD).count() == 0
        term.click()
        page.wait_for_url("**/glossary/#kv-cache")


class TestThePage:
    def test_typing_leaves_what_matches(self, open_page):
        page = open_page("glossary/")
        field = page.get_by_label("Find a term")
        field.fill("kv ca")
        shown = page.locator(".atlas-glossary__term:visible")
        assert shown.evaluate_all("(terms) => terms.map((term) => term.id)") == ["kv-cache"]
        assert page.locator(".atlas-glossary__letter:visible").count() == 1
        assert page.locator(".atlas-glossary output").inner_text() == f"1 of {len(GLOSSARY.terms)} terms"
        field.fill("GQA")
        assert "grouped-query-attention" in shown.evaluate_all("(terms) => terms.map((term) => term.id)")
        field.fill("zebra")
        assert shown.count() == 0
        assert page.get_by_text("No term matches.").is_visible()
        field.press("Escape")
        assert shown.count() == len(GLOSSARY.terms)

    def test_levels_filter_and_combine_with_typing(self, open_page):
        page = open_page("glossary/")
        page.get_by_label("Advanced").check()
        shown = page.locator(".atlas-glossary__term:visible")
        advanced = {term.id for term in GLOSSARY.terms.values() if term.level == "advanced"}
        assert set(shown.evaluate_all("(terms) => terms.map((term) => term.id)")) == advanced
        page.get_by_label("Find a term").fill("rope")
        assert shown.evaluate_all("(terms) => terms.map((term) => term.id)") == ["rope"]
        page.get_by_label("Beginner").check()
        assert shown.count() == 0

    def test_a_letter_jumps(self, open_page):
        page = open_page("glossary/")
        page.locator(".atlas-glossary__letters a", has_text="M").click()
        page.wait_for_function(
            "() => Math.abs(document.getElementById('letter-m').getBoundingClientRect().top - 90) < 60"
        )

    def test_an_address_with_a_term_shows_it_whatever_the_filter(self, open_page):
        page = open_page("glossary/")
        page.get_by_label("Find a term").fill("rope")
        page.evaluate("location.hash = '#kv-cache'")
        page.locator("#kv-cache").wait_for()
        assert page.locator("#kv-cache").is_visible()
        assert page.get_by_label("Find a term").input_value() == ""

    def test_an_entry_leads_to_its_figure_and_to_the_sections_that_use_it(self, open_page):
        page = open_page("glossary/#kv-cache")
        entry = page.locator("#kv-cache")
        assert "16 GiB" in entry.inner_text()
        entry.locator("summary").click()
        entry.get_by_role("listitem").filter(has_text="Generative Pretraining").get_by_role(
            "link", name="Practical considerations"
        ).click()
        page.wait_for_url(f"**/{GPT}#practical-considerations")
        page.go_back()
        page.locator("#kv-cache").get_by_role("link", name="Figure").first.click()
        page.wait_for_url(f"**/{GPT}#figure-cost_of_a_token")
        page.locator("#figure-cost_of_a_token").wait_for()

    def test_without_scripts_the_list_is_whole(self, open_page):
        page = open_page("glossary/", java_script_enabled=False)
        assert page.locator(".atlas-glossary__term:visible").count() == len(GLOSSARY.terms)
        assert not page.locator(".atlas-glossary__filters").is_visible()
        page.locator(".atlas-glossary__letters a", has_text="K").click()
        assert page.url.endswith("#letter-k")

    def test_shortcuts_are_off_in_the_field(self, open_page):
        page = open_page("glossary/")
        page.get_by_label("Find a term").press_sequentially("snp")
        assert page.get_by_label("Find a term").input_value() == "snp"
        assert page.url.endswith("glossary/")


class TestSearch:
    def test_every_term_comes_first_for_its_name(self, open_page):
        page = open_page("")
        names = {term.name: f"glossary/#{term.id}" for term in GLOSSARY.terms.values()}
        found = page.evaluate(WORKER, list(names))
        assert {name: place for name, place in found.items() if place != names[name]} == {}

    def test_a_search_for_a_term_leads_to_its_entry(self, open_page):
        page = open_page(RNN)
        page.keyboard.press("/")
        page.keyboard.type("KV cache")
        first = page.locator(".md-search-result__link").nth(1)  # the first names the page
        first.wait_for()
        assert first.locator("h2, h1").inner_text() == "KV cache · glossary term"
        first.click()
        page.wait_for_url("**/glossary/**#kv-cache")
        page.locator("#kv-cache").wait_for()

    def test_words_of_a_caption_lead_to_the_figure(self, open_page):
        page = open_page("")
        page.keyboard.press("/")
        page.keyboard.type("signal you paint")
        result = page.locator(".md-search-result__link", has_text="Running summary (RNNs)").first
        result.wait_for()
        assert "Figure 1" in result.inner_text()
        result.click()
        page.wait_for_url(f"**/{RNN}**#figure-running_summary")

    def test_the_index_is_not_fetched_before_the_search_opens(self, open_page, host):
        page = open_page("glossary/")
        page.locator(".atlas-glossary__term").first.wait_for()
        assert not [path for path in host.paths() if "search_index" in path]
