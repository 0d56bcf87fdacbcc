"""Comparing two or three architectures, and the chooser: by mouse, by keyboard, by link, and without scripts."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Figure
from tests.browser.test_pages import violations

pytestmark = pytest.mark.browser

PATH = "compare/"
TABLE = "[data-compare] table"


def columns(page) -> list[str]:
    """The architectures that the table shows, from left to right."""
    return page.locator(f"{TABLE} thead th:visible").evaluate_all("(cells) => cells.map((cell) => cell.dataset.slug)")


def query(page) -> str:
    return page.evaluate("location.search")


def note(page) -> str:
    return page.locator(".atlas-compare__status").inner_text()


def opened(open_page, asked: str = "", **options):
    page = open_page(PATH + asked, **options)
    page.locator("#compare-a").wait_for()
    return page


def test_it_opens_on_a_pair_and_every_row_has_its_cells(open_page):
    page = opened(open_page)
    assert columns(page) == ["rnn", "gpt"]
    assert note(page) == ""
    cells = page.locator(f"{TABLE} tbody tr:not(.atlas-compare__band)").evaluate_all(
        "(rows) => rows.map((row) => [...row.querySelectorAll('td')].filter((cell) => !cell.hidden).length)"
    )
    assert len(cells) > 15
    assert set(cells) == {2}
    assert violations(page) == []


def test_a_choice_changes_table_and_address_and_leaves_the_page_where_it_is(open_page):
    page = opened(open_page)
    page.evaluate("window.same = true")
    page.select_option("#compare-b", "diffusion")
    page.select_option("#compare-c", "lstm-gru")
    assert columns(page) == ["rnn", "diffusion", "lstm-gru"]
    assert query(page) == "?a=rnn&b=diffusion&c=lstm-gru"
    assert note(page).startswith("Compared: RNNs, Diffusion Models and")
    page.select_option("#compare-c", "")
    assert columns(page) == ["rnn", "diffusion"]
    assert query(page) == "?a=rnn&b=diffusion"
    assert page.evaluate("window.same")


def test_picking_what_is_picked_already_exchanges_the_two(open_page):
    page = opened(open_page)
    page.select_option("#compare-a", "gpt")
    assert columns(page) == ["gpt", "rnn"]
    assert query(page) == "?a=gpt&b=rnn"


def test_a_link_opens_on_its_pair_and_can_be_copied(open_page):
    page = opened(open_page, "?a=diffusion&b=vision", permissions=["clipboard-read", "clipboard-write"])
    assert columns(page) == ["diffusion", "vision"]
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("() => document.querySelector('.atlas-compare__status').textContent !== ''")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert page.url.endswith("compare/?a=diffusion&b=vision")


@pytest.mark.parametrize(
    ("asked", "shown", "says"),
    [
        ("?a=nothing&b=gpt", ["rnn", "gpt"], "There is no architecture “nothing” here."),
        ("?a=gpt&b=<b>bold</b>", ["gpt", "rnn"], "There is no architecture “<b>bold</b>” here."),
        ("?a=rnn&b=gan", ["rnn", "gpt"], "“GAN” is planned and has no page yet."),
        ("?a=rnn&b=rnn", ["rnn", "gpt"], "“RNNs” was asked for twice."),
        ("?a=rnn&b=gpt&c=" + "x" * 300, ["rnn", "gpt"], f"There is no architecture “{'x' * 40}…” here."),
        ("?a=&b=vision", ["rnn", "vision"], ""),
    ],
)
def test_what_a_link_asks_for_in_vain_is_named_and_replaced(open_page, asked, shown, says):
    page = opened(open_page, asked)
    assert columns(page) == shown
    assert note(page).startswith(says)
    assert page.locator(".atlas-compare__status *").count() == 0


def test_planned_architectures_are_offered_as_such_and_cannot_be_picked(open_page):
    page = opened(open_page)
    planned = page.locator("#compare-a option:disabled").all_inner_texts()
    assert planned
    assert all(name.endswith("(planned)") for name in planned)


def test_the_figures_stress_what_is_picked(open_page):
    page = opened(open_page, "?a=rnn&b=gpt")
    figure = Figure(page, "compare/memory").reach()
    assert [trace["name"] for trace in figure.data() if trace["opacity"] == 1] == ["RNN", "GPT"]
    assert [note["text"] for note in figure.layout()["annotations"]] == ["RNN", "GPT"]
    figure.after(lambda: page.select_option("#compare-b", "attention"))
    assert {trace["name"] for trace in figure.data() if trace["opacity"] == 1} == {"RNN", "attention"}
    size = Figure(page, "compare/size").reach()
    assert [opacity for opacity in size.data()[0]["marker"]["opacity"]].count(1) == 2


def test_it_works_from_the_keyboard(open_page):
    page = opened(open_page)
    page.locator("#compare-b").focus()
    page.keyboard.type("Diff")
    assert columns(page) == ["rnn", "diffusion"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "compare-c"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Copy link"


def test_the_choice_is_there_after_going_away_and_back(open_page):
    page = opened(open_page, "?a=gpt&b=diffusion")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Landscape", exact=True).first.click()
    page.wait_for_function("() => document.querySelector('h1')?.textContent.startsWith('The landscape')")
    page.go_back()
    page.locator("#compare-a").wait_for()
    page.wait_for_function("() => document.querySelectorAll('[data-compare] thead th:not([hidden])').length === 2")
    assert columns(page) == ["gpt", "diffusion"]
    assert page.locator("[data-compare] form").count() == 1
    assert page.locator(".atlas-chooser").count() == 1


@pytest.mark.parametrize("width", [320, 390])
def test_three_columns_fit_a_phone(open_page, width):
    page = opened(open_page, "?a=rnn&b=gpt&c=diffusion", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(".atlas-compare__table").evaluate("(box) => box.scrollWidth - box.clientWidth") <= 1
    assert violations(page) == []


def test_without_scripts_all_columns_and_all_questions_can_be_read(open_page):
    page = open_page(PATH, java_script_enabled=False)
    heads = page.locator(f"{TABLE} thead th").all()
    assert len(heads) >= 7
    assert all(head.is_visible() for head in heads)
    questions = page.locator("h2[data-chooser] ~ ol > li")
    assert questions.count() == 4
    assert all(item.is_visible() for item in questions.all())


def answer(page, *says: str) -> None:
    for words in says:
        page.locator(".atlas-chooser").get_by_role("button", name=words).click()


@pytest.mark.parametrize(
    ("path", "result"),
    [
        (["No: a label"], "Encoder only."),
        (["Yes, something", "No: a picture"], "None of the three."),
        (["Yes, something", "Yes: text", "No: the output continues"], "Decoder only."),
        (["Yes, something", "Yes: text", "Yes: another", "Yes, many pairs"], "Encoder and decoder."),
        (["Yes, something", "Yes: text", "Yes: another", "No: little"], "Decoder only"),
    ],
)
def test_the_chooser_leads_to_an_arrangement_and_a_page(open_page, path, result):
    page = opened(open_page)
    answer(page, *path)
    found = page.locator(".atlas-chooser__result")
    assert found.inner_text().startswith(result)
    assert page.locator(".atlas-chooser__said").count() == len(path)
    assert page.evaluate("document.activeElement.className") == "atlas-chooser__result"
    assert found.locator("a").count() >= 1
    assert violations(page) == []


def test_the_chooser_goes_back_and_starts_again(open_page):
    page = opened(open_page)
    answer(page, "Yes, something", "Yes: text")
    answer(page, "Back")
    assert page.locator(".atlas-chooser__question").inner_text() == "Does it come as symbols, one after another?"
    answer(page, "Start again")
    assert page.locator(".atlas-chooser__question").inner_text() == "Is anything generated?"
    assert page.locator(".atlas-chooser__said").count() == 0
