"""Every figure of the site, in many settings: valid for Plotly in Python and in the page."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from build_figures import Builder
from snippets.kit.checks import check_spec
from snippets.kit.figures import load
from tests.figures.settings import settings
from tests.kit.test_plots import EVERY_PLOT

REPOSITORY = Path(__file__).resolve().parents[2]
IDS = [item.id for item in Builder(REPOSITORY).items if item.kind == "figure"]
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


@pytest.mark.browser
def test_plotly_in_the_page_takes_every_figure() -> None:
    figures = {name: drawn for name, drawn in EVERY_PLOT.items()}
    for figure in IDS:
        slug, name = figure.split("/")
        figures[figure] = load(slug)[name].draw()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
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
