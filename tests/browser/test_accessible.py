"""What axe cannot see: the data of a figure as a table, the way through a page by keyboard, and who speaks when.

WCAG 2.2, level AA; the numbers in the comments are its criteria.
"""

from __future__ import annotations

import csv
import io
import math

import pytest

from tests.browser.conftest import RNN, Cell, Figure, wait_for_python
from tests.browser.test_pages import violations

pytestmark = pytest.mark.browser

SPACED = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
# Whether the focused element can be seen (not under what sticks, 2.4.11), and shown to have the focus (2.4.7).
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const box = element.getClientRects()[0] ?? element.getBoundingClientRect();
  const places = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.2], [0.1, 0.8], [0.9, 0.8]];
  const seen = places.some(([x, y]) => {
    const hit = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
    return hit && (element.contains(hit) || element.labels?.[0]?.contains(hit) || hit.contains(element));
  });
  const style = getComputedStyle(element);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const marked = ring || element.closest("svg, .md-search") !== null;
  const name = element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 40);
  return { what: `${element.tagName} ${element.className?.baseVal ?? element.className} “${name}”`, seen, marked,
    hidden: element.closest("[aria-hidden=true]") !== null, switch: element.matches(".md-option") };
}"""
# What a screen reader would be given to say, as long as it listens.
LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      const region = element?.closest("[aria-live], [role=status], [role=alert], output");
      if (!region || region.ariaLive === "off" || element.closest("[aria-hidden=true], [aria-busy=true]")) continue;
      if (region.textContent.trim()) window.heard.push(region.textContent.trim());
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def open_data(figure: Figure) -> Figure:
    """Open the figure's table with the keyboard."""
    figure.reach().element.locator(".atlas-data-button").focus()
    figure.page.keyboard.press("Enter")
    figure.element.locator(".atlas-data table").first.wait_for()
    return figure


def rows_of(figure: Figure, table: int = 0) -> list[list[str]]:
    """The cells of the body, as they are read."""
    return (
        figure.element.locator(".atlas-data table")
        .nth(table)
        .evaluate("(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.innerText))")
    )


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)], ids=["desk", "phone, dark"])
def test_a_figure_shows_its_data_as_a_table_that_follows_the_controls(open_page, host, width, dark):
    page = open_page(width=width, dark=dark, permissions=["clipboard-read", "clipboard-write"])
    figure = Figure(page, "rnn/hidden_state").reach()
    assert not [answer.path for answer in host.log if "data" in answer.path and answer.path.endswith(".js")]
    open_data(figure)
    button = figure.element.locator(".atlas-data-button")
    assert button.get_attribute("aria-expanded") == "true"
    assert button.evaluate("(button) => button === document.activeElement")

    heatmap = figure.data()[0]
    rows = rows_of(figure)
    assert len(rows) == len(heatmap["z"])
    for row, values in zip(rows, heatmap["z"], strict=True):
        assert all(math.isclose(number(cell), value, rel_tol=6e-4) for cell, value in zip(row[1:], values, strict=True))
    heads = figure.element.locator(".atlas-data table").first.locator("thead th")
    assert heads.all_inner_texts()[:2] == ["hidden unit", "letter read"]
    assert {head.get_attribute("scope") for head in heads.all()} == {"col", "colgroup"}
    region = figure.element.locator(".atlas-data__scroll").first
    assert region.get_attribute("tabindex") == "0" and region.get_attribute("role") == "region"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert violations(page) == []

    slider = figure.element.locator("input[type=range]")
    slider.focus()
    figure.after(lambda: page.keyboard.press("ArrowRight"))
    unit = figure.data()[0]["z"][17]
    page.wait_for_function(
        "(text) => document.querySelector('[data-figure=\"rnn/hidden_state\"] .atlas-data').innerText.includes(text)",
        arg="unit 17",
    )
    assert slider.evaluate("(slider) => slider === document.activeElement")
    assert [number(row[1]) for row in rows_of(figure, 1)] == pytest.approx(unit, rel=6e-4)

    copy = figure.element.get_by_role("button", name="Copy as CSV")
    copy.focus()
    page.keyboard.press("Enter")
    figure.element.locator(".atlas-data [role=status]", has_text="Copied").wait_for()
    copied = list(csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert [float(cell) for cell in copied[2][1:]] == figure.data()[0]["z"][0]

    button.focus()
    page.keyboard.press("Enter")
    figure.element.locator(".atlas-data").wait_for(state="hidden")


def test_a_long_table_is_turned_page_by_page_and_printed_in_columns_that_fit(open_page):
    page = open_page("architectures/vision/")
    figure = open_data(Figure(page, "vision/position_similarity"))
    bar = figure.element.locator(".atlas-data__bar").first
    assert bar.inner_text().startswith("First 200 of 343 rows; the CSV has them all.")
    first = rows_of(figure)
    bar.get_by_role("button", name="Later rows").focus()
    page.keyboard.press("Enter")
    assert "Rows 201 to 343 of 343" in bar.inner_text()
    assert page.evaluate("document.activeElement.textContent") == "Later rows"
    assert len(first) + len(rows_of(figure)) == 343

    wide = open_data(Figure(page, "vision/feature_maps"))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    tables = wide.element.locator(".atlas-data table")
    assert tables.count() > 1
    assert max(table.bounding_box()["width"] for table in tables.all()) <= 642
    region = wide.element.locator(".atlas-data__scroll")
    assert region.evaluate("(region) => getComputedStyle(region).overflow") == "visible"
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tables.count() == 1


def test_a_figure_under_a_lessons_cell_has_its_data_too(open_page):
    page = open_page("lessons/02-self-attention-from-scratch/")
    shown = page.locator(".atlas-output__plot").first
    shown.scroll_into_view_if_needed()
    shown.get_by_role("button", name="Data of").click()
    shown.locator(".atlas-data table").first.wait_for()
    assert shown.locator(".atlas-data tbody tr").count() > 1


@pytest.mark.parametrize(
    ("path", "width", "height"),
    [(RNN, 320, 256), ("explorer/", 1280, 720), ("compare/", 1280, 500), ("pipeline/", 390, 664), ("", 1280, 720)],
)
def test_the_tab_key_goes_through_a_page_and_the_focus_is_always_seen(open_page, path, width, height):
    page = open_page(path, width=width, height=height, reduced_motion="reduce")
    page.wait_for_load_state("networkidle")
    lost, stops = [], 0
    for _ in range(400):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        stops += 1
        if not focused["switch"] and (not focused["seen"] or not focused["marked"] or focused["hidden"]):
            page.wait_for_timeout(600)  # a card that lingers, a search that closes
            focused = page.evaluate(FOCUSED)
            if not focused["seen"] or not focused["marked"] or focused["hidden"]:
                lost.append(focused["what"])
    assert lost == []
    assert 20 < stops < 400, "the way ends where the page does"


def test_a_slider_speaks_for_itself_and_nothing_else_does(open_page):
    page = open_page("architectures/attention/")
    figure = Figure(page, "attention/dilution").reach()
    figure.element.locator("input[type=range]").first.focus()
    figure.after(lambda: page.keyboard.press("ArrowRight"))
    page.evaluate(LISTEN)
    for _ in range(3):
        figure.after(lambda: page.keyboard.press("ArrowRight"))
    assert page.evaluate("heard") == []


def test_a_cell_says_its_result_once_and_keeps_the_focus(rnn):
    cell = Cell(rnn, "rnn.walkthrough:one_step")
    rnn.evaluate(LISTEN)
    cell.button("run").focus()
    rnn.keyboard.press("Enter")
    cell.settle()
    wait_for_python(rnn)
    rnn.wait_for_function("() => document.activeElement.dataset.action === 'run'")
    heard = rnn.evaluate("heard")
    assert len(heard) <= 1, heard
    assert cell.element.locator("[data-output]").get_attribute("aria-busy") == "false"

    cell.element.locator(".atlas-cell__code pre").focus()
    rnn.keyboard.press("Enter")
    leave = cell.element.locator(".atlas-cell__leave")
    leave.wait_for()
    assert "Esc, then Tab, leaves" in leave.inner_text()
    rnn.keyboard.type("oops = 1 / 0\n")
    cell.run()
    assert "0" in cell.output
    cell.button("reset").focus()
    rnn.keyboard.press("Enter")
    rnn.wait_for_function("() => document.activeElement.dataset.action === 'run'")


def test_nothing_moves_for_a_reader_who_asked_for_calm(open_page):
    page = open_page(reduced_motion="reduce")
    diagram = page.locator("[data-diagram-figure]").first
    diagram.scroll_into_view_if_needed()
    assert not diagram.locator("[data-action=play]").is_visible()
    diagram.locator("[data-action=next]").click()
    assert diagram.locator("output").inner_text().startswith("Step 1 of")
    moving = "document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 1).length"
    assert page.evaluate(moving) == 0


def test_in_the_readers_own_colours_what_is_chosen_still_shows(open_page):
    page = open_page("explorer/", forced_colors="active")
    page.locator(".explorer[data-step]").wait_for()
    look = "(element) => getComputedStyle(element).backgroundColor"
    labels = page.locator(".explorer input[type=radio]:checked + label")
    others = page.locator(".explorer input[type=radio]:not(:checked) + label")
    assert labels.first.evaluate(look) != others.first.evaluate(look)
    page.goto(page.url.replace("explorer/", RNN))
    figure = Figure(page, "rnn/hidden_state").reach()
    assert figure.element.locator(".atlas-plot").evaluate(look) != "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("path", [RNN, "explorer/", "pipeline/"])
def test_at_400_percent_the_page_has_most_of_the_screen(open_page, path):
    page = open_page(path, width=320, height=256)
    page.wait_for_load_state("networkidle")
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    page.wait_for_timeout(100)
    covered = page.evaluate(
        """() => Array.from({ length: 64 }, (_, place) => {
          const stuck = [];
          for (let at = document.elementFromPoint(160, place * 4 + 2); at; at = at.parentElement)
            if (["sticky", "fixed"].includes(getComputedStyle(at).position)) stuck.push(at);
          return stuck.length > 0;
        }).filter(Boolean).length / 64"""
    )
    assert covered <= 1 / 4


@pytest.mark.parametrize("path", [RNN, "architectures/vision/", "pipeline/", "compare/"])
def test_wider_spacing_of_text_cuts_nothing_off(open_page, path):  # 1.4.12
    page = open_page(path, width=320)
    page.evaluate(
        "(css) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);"
        " document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]; }",
        SPACED,
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    cut = page.evaluate(
        """() => [...document.querySelectorAll("article :is(button, label, summary, p, li, span, h1, h2, h3, select)")]
          .filter((one) => one.offsetParent && one.textContent.trim() && !one.closest(".katex-display, svg"))
          .filter((one) => one.clientWidth > 1 && getComputedStyle(one).overflowX !== "visible")
          .filter((one) => one.scrollWidth > one.clientWidth + 2 && getComputedStyle(one).overflowX === "hidden")
          .map((one) => `${one.className} ${one.textContent.trim().slice(0, 40)}`)"""
    )
    assert cut == []
