"""Every type of control, on a page of the test's own whose figure writes down what it was given."""

from __future__ import annotations

import hashlib
import json

import pytest
from bs4 import BeautifulSoup

from hooks.figures import figure_html
from hooks.offline import assets_of
from snippets.kit import figures as kit
from tests.browser.conftest import RNN, ROOT, Figure
from tests.browser.serve import Site

pytestmark = pytest.mark.browser

FIGURES = '''\
"""Figures that write down what they were given."""

import json

from snippets.kit import Choice, Draw, Point, Slider, Text, Toggle, figure


def written(**values):
    axes = {"xaxis": {"range": [-2, 2]}, "yaxis": {"range": [0, 10]}}
    trace = {"type": "scatter", "x": [-2.0, 2.0], "y": [0.0, 10.0], "name": json.dumps(values)}
    return {"data": [trace], "layout": {"height": 300, **axes}}


@figure(
    word=Text("Word", "hello", max_length=20),
    speed=Slider("Speed", values=[0.1, 0.5, 1, 2], value=0.5, unit="m/s"),
    animal=Choice("Animal", {"cat": "a cat", 3: "three dogs"}, help="one of two"),
    loud=Toggle("Loud", True),
    image=Draw("Image", 14, 14),
    strip=Draw("Strip", 1, 20, [[0.5] * 20]),
    place=Point("Place", x=(-2, 2), y=(0, 10), value=(1, 5), x_title="east", y_title="north"),
)
def everything(word, speed, animal, loud, image, strip, place):
    """All controls at once.

    It writes what it is given."""
    return written(word=word, speed=speed, animal=animal, loud=loud, image=image, strip=strip, place=place)


@figure(speed=Slider("Speed", 0, 3), loud=Toggle("Loud"))
def listed(speed, loud):
    """States that were listed ahead.

    No Python is needed."""
    return written(speed=speed, loud=loud)
'''
ADDRESS = "architectures/controls/index.html"


def record(figure: kit.Figure) -> dict:
    """What the builder writes for a figure."""
    return {
        "id": figure.id, "slug": figure.slug, "name": figure.name, "caption": figure.caption,
        "description": figure.description, "measured": False, "pretrained": "", "uses": ["controls.figures"],
        "controls": figure.specs(), "precomputed": figure.precompute, "height": 300,
        "figure": figure.draw(**figure.defaults()),
    }  # fmt: skip


@pytest.fixture(scope="module")
def drawn() -> list[kit.Figure]:
    namespace = {"__name__": "snippets.controls.figures"}
    exec(compile(FIGURES, "snippets/controls/figures.py", "exec"), namespace)
    return [namespace["everything"], namespace["listed"]]


@pytest.fixture
def host(built_site, drawn):
    """The built site, with one page more."""
    files: dict[str, str] = {}
    for figure in drawn:
        files[f"assets/generated/figures/{figure.id}.json"] = json.dumps(record(figure))
        if figure.precompute:
            states = {key: figure.draw(**values) for key, values in figure.states()}
            files[f"assets/generated/figures/{figure.id}.states.json"] = json.dumps(states)
    soup = BeautifulSoup((built_site / RNN / "index.html").read_text(encoding="utf-8"), "html.parser")
    data = json.dumps({"slug": "controls", "title": "Controls", "family": "sequence", "figures": []})
    figures = "".join(figure_html(record(figure), number) for number, figure in enumerate(drawn, start=1))
    article = f'<template id="atlas-page">{data}</template><h1>Controls</h1>{figures}'
    soup.article.clear()
    soup.article.append(BeautifulSoup(article, "html.parser"))
    files[ADDRESS] = str(soup)
    bundle = {"slug": "controls", "files": {"snippets/controls/figures.py": FIGURES}, "assets": []}
    version = hashlib.sha256(FIGURES.encode()).hexdigest()[:12]
    files["assets/generated/py/pages/controls.json"] = json.dumps({**bundle, "hash": version})
    manifest = json.loads((assets_of(built_site) / "generated/py/manifest.json").read_text(encoding="utf-8"))
    manifest["pages"]["controls"] = {"hash": version, "assets": []}
    files["assets/generated/py/manifest.json"] = json.dumps(manifest)
    with Site(built_site, extra=files) as site:
        yield site


@pytest.fixture
def page(open_page):
    return open_page(ADDRESS)


@pytest.fixture
def figure(page) -> Figure:
    return Figure(page, "controls/everything").reach()


def given(figure: Figure) -> dict:
    """What the figure was given."""
    return json.loads(figure.data()[0]["name"])


def control(figure: Figure, name: str):
    return figure.element.locator(
        f'.atlas-control:has([name="{name}"], [name="{name}.x"], [data-name="{name}"])'
    )


def test_each_control_sends_its_value_as_the_kit_reads_it(figure):
    opening = given(figure)
    assert opening["word"] == "hello"
    figure.after(lambda: control(figure, "word").locator("input").fill("<b>&amp;"))
    assert given(figure) == {**opening, "word": "<b>&amp;"}
    figure.after(lambda: control(figure, "speed").locator("input").press("ArrowRight"))
    assert given(figure)["speed"] == 1
    assert control(figure, "speed").locator("output").inner_text() == "1 m/s"
    assert control(figure, "speed").locator("input").get_attribute("aria-valuetext") == "1 m/s"
    figure.after(lambda: control(figure, "animal").locator("select").select_option(label="three dogs"))
    assert given(figure)["animal"] == 3
    figure.after(lambda: control(figure, "loud").locator("label").click())
    assert given(figure)["loud"] is False


def test_a_pointer_paints_and_clear_empties_the_canvas(figure):
    canvas = control(figure, "image").locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    mouse = figure.page.mouse

    def stroke() -> None:
        mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.5)
        mouse.down()
        mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5, steps=5)
        mouse.up()

    figure.after(stroke)
    figure.wait("(figure) => figure.dataset.state === 'live'")
    image = given(figure)["image"]
    assert len(image) == 14
    assert {len(row) for row in image} == {14}
    assert min(image[7][4:10]) > 0.9
    assert max(image[1]) == 0
    assert all(0 <= cell <= 1 for row in image for cell in row)
    figure.after(control(figure, "image").locator("[data-action=clear]").click)
    assert given(figure)["image"] == [[0] * 14] * 14


def test_the_keyboard_paints_and_erases(figure):
    canvas = control(figure, "strip").locator("canvas")
    assert given(figure)["strip"] == [[0.5] * 20]
    canvas.focus()
    canvas.press("ArrowRight")
    figure.after(lambda: canvas.press("Space"))
    assert given(figure)["strip"] == [[0.5] * 11 + [1] + [0.5] * 8]
    figure.after(lambda: canvas.press("Delete"))
    assert given(figure)["strip"] == [[0.5] * 11 + [0] + [0.5] * 8]
    assert "column 12" in control(figure, "strip").locator("[role=status]").text_content()


def test_the_point_is_dragged_in_the_plot_and_typed_in_the_fields(figure):
    handle = figure.element.locator(".atlas-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    start = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = figure.page.mouse

    def drag() -> None:
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] - 60, start[1] + 30, steps=4)
        mouse.up()

    figure.after(drag)
    figure.wait("(figure) => figure.dataset.state === 'live'")
    x, y = given(figure)["place"]
    assert -2 < x < 1
    assert 0 < y < 5
    fields = [control(figure, "place").locator(f'input[name="place.{axis}"]') for axis in "xy"]
    assert [float(field.input_value()) for field in fields] == [x, y]
    figure.after(lambda: fields[0].fill("-2"))
    assert given(figure)["place"] == [-2, y]
    moved = handle.bounding_box()
    assert moved["x"] < box["x"] - 60
    fields[0].fill("7")
    figure.page.wait_for_timeout(200)
    assert given(figure)["place"] == [-2, y], "a place outside the plot is not asked for"


def test_a_drag_beyond_the_edge_stops_at_the_edge(figure):
    handle = figure.element.locator(".atlas-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    mouse = figure.page.mouse

    def drag() -> None:
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        mouse.down()
        mouse.move(box["x"] + 5000, box["y"] - 5000)
        mouse.up()

    figure.after(drag)
    assert given(figure)["place"] == [2, 10]


def test_listed_states_need_no_python(page, host):
    figure = Figure(page, "controls/listed").reach()
    figure.after(lambda: control(figure, "loud").locator("input").click())
    figure.after(lambda: control(figure, "speed").locator("input").press("End"))
    assert given(figure) == {"speed": 3, "loud": True}
    assert page.evaluate("document.documentElement.dataset.python") == "off"
    assert not [path for path in host.paths() if "/py/" in path]


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_controls_fit_and_are_accessible(open_page, width, dark):
    page = open_page(ADDRESS, width=width, dark=dark)
    Figure(page, "controls/everything").reach()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('article', { resultTypes: ['violations'] })")["violations"]
    assert [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]] == []


def test_every_control_has_a_name_and_can_be_focused(figure):
    for element in figure.element.locator("form input, form select, form canvas, form button").all():
        element.focus()
        assert element.evaluate("(element) => document.activeElement === element")
