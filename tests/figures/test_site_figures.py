"""Every figure of the site, in many settings: valid for Plotly, the same each time, and ready for any text."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from build_figures import Builder
from snippets.kit import ControlError, Text
from snippets.kit.checks import check_spec
from snippets.kit.figures import load
from tests.figures.settings import settings
from tests.kit.test_plots import EVERY_PLOT
from tools import chromium

REPOSITORY = Path(__file__).resolve().parents[2]
IDS = [item.id for item in Builder(REPOSITORY).items if item.kind == "figure"]
TYPED = [
    (figure, name)
    for figure in IDS
    for name, control in load(figure.split("/")[0])[figure.split("/")[1]].controls.items()
    if isinstance(control, Text)
]
FEW = 10  # options of a control that are all drawn
PLOTLY = REPOSITORY / "node_modules" / "plotly.js" / "dist" / "plotly.min.js"

# Plotly.validate also reports settings that another one makes idle; only these codes mean that one is wrong.
CHECK = """figure => (Plotly.validate(figure.data, figure.layout) || [])
    .filter(found => ["schema", "value", "object", "array", "invisible"].includes(found.code))
    .map(found => found.msg)"""


@pytest.mark.parametrize("figure", IDS)
def test_every_setting_is_valid_and_keeps_the_height(figure: str) -> None:
    slug, name = figure.split("/")
    heights = set()
    for values in settings(load(slug)[name]):
        drawn = load(slug)[name].draw(**values)
        check_spec(drawn)
        heights.add(drawn["layout"]["height"])
    assert len(heights) == 1


@pytest.mark.parametrize("figure", IDS)
def test_a_figure_draws_the_same_twice_and_at_every_option_of_its_controls(figure: str) -> None:
    slug, name = figure.split("/")
    drawn = load(slug)[name]
    assert drawn.draw() == drawn.draw()
    for control_name, control in drawn.controls.items():
        stops = control.states() or []
        for value in stops if len(stops) <= FEW else (stops[0], stops[-1]):
            drawn.draw(**{control_name: value})


@pytest.mark.parametrize(("figure", "control"), TYPED)
@pytest.mark.parametrize("text", ["", "é", "anna 2", "😀", "x" * 10_000])
def test_a_text_is_drawn_or_refused_in_plain_words(figure: str, control: str, text: str) -> None:
    slug, name = figure.split("/")
    accepts = load(slug)[name].controls[control]
    letters = accepts.alphabet
    readable = letters is None or all(
        character in letters or character.lower() in letters for character in text
    )
    if readable and accepts.min_length <= len(text) <= accepts.max_length:
        load(slug)[name].draw(**{control: text})
    else:
        with pytest.raises(ControlError, match=figure):
            load(slug)[name].draw(**{control: text})


@pytest.mark.parametrize(("figure", "control"), TYPED)
@examples(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_text_of_its_letters_can_be_drawn(figure: str, control: str, data: st.DataObject) -> None:
    slug, name = figure.split("/")
    accepts = load(slug)[name].controls[control]
    letters = st.sampled_from(accepts.alphabet) if accepts.alphabet else st.characters(codec="utf-8")
    text = st.text(letters, min_size=accepts.min_length, max_size=accepts.max_length)
    load(slug)[name].draw(**{control: data.draw(text)})


@pytest.mark.browser
def test_plotly_in_the_page_takes_every_figure() -> None:
    figures = {name: drawn for name, drawn in EVERY_PLOT.items()}
    for figure in IDS:
        slug, name = figure.split("/")
        figures[figure] = load(slug)[name].draw()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(content=PLOTLY.read_text(encoding="utf-8"))
        wrong = {
            name: found
            for name, drawn in figures.items()
            if (found := page.evaluate(CHECK, json.loads(json.dumps(drawn))))
        }
        seeded = {"data": [{"type": "scatter", "colour": "x", "mode": "waves"}], "layout": {}}
        assert len(page.evaluate(CHECK, seeded)) == 2
        browser.close()
    assert wrong == {}
