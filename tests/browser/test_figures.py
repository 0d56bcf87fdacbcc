"""Figures answer their controls, from the states the build computed or from Python, with the same numbers."""

from __future__ import annotations

import html
import json
import math

import pytest

from tests.browser.conftest import RNN, ROOT, SCRIPTS, Figure, drawn_figures, scroll_through, wait_for_python
from tests.browser.serve import Fault

pytestmark = pytest.mark.browser

GENERATED = ROOT / "docs/assets/generated"
SPECS = {
    spec["id"]: spec
    for path in sorted((GENERATED / "figures").glob("rnn/*.json"))
    if not path.stem.endswith(".states")
    for spec in [json.loads(path.read_text(encoding="utf-8"))]
}
PRECOMPUTED = [name for name, spec in SPECS.items() if spec["precomputed"]]
LIVE = [name for name, spec in SPECS.items() if spec["controls"] and not spec["precomputed"]]
HIDDEN_STATE = "rnn/hidden_state"
RELATIVE, ABSOLUTE = 2e-3, 1e-4  # figures hold five digits of float32 arithmetic


def another(spec: dict) -> object:
    """A value of a control that is not the one it opens with."""
    match spec["type"]:
        case "text":
            return "ada" if spec["value"] != "ada" else "eve"
        case "slider" | "choice":
            return next(value for value in reversed(spec["values"]) if value != spec["value"])
        case "toggle":
            return not spec["value"]


def move(figure: Figure, spec: dict) -> None:
    """Move one control as a reader does."""
    name = spec["name"]
    control = figure.element.locator(
        f'.atlas-control:has([name="{name}"], [name="{name}.x"], [data-name="{name}"])'
    )
    match spec["type"]:
        case "text":
            control.locator("input").fill(another(spec))
        case "slider":
            index = spec["values"].index(another(spec))
            control.locator("input").fill(str(index))
        case "choice":
            control.locator("select").select_option(index=spec["values"].index(another(spec)))
        case "toggle":
            control.locator("input").click()
        case "point":
            low, high = spec["x"]
            control.locator('input[name$=".x"]').fill(f"{low + 0.3 * (high - low):g}")
        case "draw":
            box = control.locator("canvas").bounding_box()
            mouse = figure.page.mouse
            mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.5 * box["height"])
            mouse.down()
            mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.55 * box["height"], steps=4)
            mouse.up()


def numbers(value: object) -> list[float]:
    """Every number of a figure's data, in order."""
    if isinstance(value, bool):
        return []
    if isinstance(value, (int, float)):
        return [float(value)]
    if isinstance(value, dict):
        return [one for key in sorted(value) for one in numbers(value[key])]
    return [one for item in value for one in numbers(item)] if isinstance(value, list) else []


def assert_close(found: list, wanted: list) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE), (one, other)


@pytest.mark.parametrize("identity", SPECS)
def test_every_control_of_every_figure_redraws_it(open_page, identity):
    page = open_page()
    figure = Figure(page, identity).reach()
    opening = figure.data()
    for spec in SPECS[identity]["controls"]:
        before = json.dumps([figure.data(), figure.layout()])
        figure.after(lambda spec=spec: move(figure, spec))
        assert figure.state == "live"
        assert json.dumps([figure.data(), figure.layout()]) != before, f"{spec['name']} changes nothing"
    if not SPECS[identity]["controls"]:
        assert figure.state == "static"
        assert figure.data() == opening


@pytest.mark.parametrize("identity", PRECOMPUTED)
def test_precomputed_states_need_no_python(open_page, host, identity):
    page = open_page()
    figure = Figure(page, identity).reach()
    for spec in SPECS[identity]["controls"]:
        figure.after(lambda spec=spec: move(figure, spec))
    assert not [path for path in host.paths() if "/py/" in path or path.endswith("/js/worker.js")]
    assert page.evaluate("document.documentElement.dataset.python") == "off"


@pytest.mark.parametrize("identity", LIVE)
def test_python_in_the_page_draws_what_the_build_drew(open_page, identity):
    page = open_page()
    figure = Figure(page, identity).reach()
    built = SPECS[identity]
    drawn = page.evaluate(
        """async ([id, values]) => {
            const { python } = await import(new URL("python.js", SCRIPTS));
            await python.open("rnn");
            return python.draw(id, values);
        }""".replace("SCRIPTS", SCRIPTS),
        [identity, {spec["name"]: spec["value"] for spec in built["controls"]}],
    )
    assert "error" not in drawn, drawn["error"]["plain"]
    assert [trace["type"] for trace in drawn["figure"]["data"]] == [
        trace["type"] for trace in built["figure"]["data"]
    ]
    assert_close(numbers(drawn["figure"]["data"]), numbers(built["figure"]["data"]))
    assert figure.state == "static"


def test_moving_a_control_back_shows_what_was_built(open_page):
    figure = Figure(open_page(), HIDDEN_STATE).reach()
    opening = figure.data()
    field = figure.element.locator("input[type=text]")
    figure.after(lambda: field.fill("zoe"))
    assert figure.data() != opening
    figure.after(lambda: field.fill(SPECS[HIDDEN_STATE]["controls"][0]["value"]))
    assert figure.state == "static"
    assert figure.data() == opening


def test_the_latest_of_many_questions_is_the_one_that_is_answered(open_page):
    page = open_page()
    figure = Figure(page, HIDDEN_STATE).reach()
    field = figure.element.locator("input[type=text]")
    figure.after(lambda: field.fill("ann"))
    drawn = figure.drawn
    field.fill("")
    figure.wait("(figure) => figure.dataset.state === 'error'")
    field.press_sequentially("wilhelmina", delay=5)
    figure.wait("(figure) => figure.dataset.state === 'live'")
    columns = len(figure.data()[0]["z"][0])
    figure.after(lambda: field.fill("ann"))
    assert len(figure.data()[0]["z"][0]) == columns - len("wilhelmina") + len("ann")
    assert drawn < figure.drawn <= drawn + len("wilhelmina") + 2


def test_what_cannot_be_read_is_named_and_the_figure_stays(open_page):
    figure = Figure(open_page(), HIDDEN_STATE).reach()
    opening = figure.data()
    figure.element.locator("input[type=text]").fill("zoë 🦆")
    figure.wait("(figure) => figure.dataset.state === 'error'")
    assert "cannot be read here" in figure.status()
    assert "rnn/" not in figure.status()
    assert figure.element.locator("[data-status] button").count() == 0
    assert figure.data() == opening
    figure.after(lambda: figure.element.locator("input[type=text]").fill("zoe"))
    assert figure.status().strip() == ""


def test_a_figure_that_cannot_be_fetched_can_be_tried_again(open_page, host):
    host.faults["hidden_state.json"] = Fault(status=503)
    page = open_page(expected=("status of 503",))
    figure = Figure(page, HIDDEN_STATE)
    figure.element.scroll_into_view_if_needed()
    figure.wait("(figure) => figure.dataset.state === 'error'")
    assert "503" in figure.status()
    host.faults.clear()
    figure.after(lambda: figure.element.locator("[data-status] button").click())
    assert figure.state == "static"


def test_a_runtime_that_cannot_be_fetched_can_be_tried_again(open_page, host):
    host.faults[".wasm"] = Fault(status=404)
    page = open_page(expected=("status of 404",))
    figure = Figure(page, HIDDEN_STATE).reach()
    opening = figure.data()
    figure.element.locator("input[type=text]").fill("zoe")
    figure.wait("(figure) => figure.dataset.state === 'error'")
    wait_for_python(page, "failed")
    assert figure.data() == opening
    host.faults.clear()
    figure.after(lambda: figure.element.locator("[data-status] button").click())
    assert figure.state == "live"
    assert figure.data() != opening


def test_the_first_start_shows_its_bytes_beside_the_control(open_page, host):
    host.faults["pack.gz"] = Fault(delay=1.5)
    page = open_page()
    figure = Figure(page, HIDDEN_STATE).reach()
    figure.element.locator("input[type=text]").fill("zoe")
    words = figure.element.locator("[data-status] .atlas-start")
    words.wait_for()
    page.wait_for_function(
        "() => / of \\d+\\.\\d MB/.test(document.querySelector('.atlas-start')?.textContent ?? '')"
    )
    figure.wait("(figure) => figure.dataset.state === 'live'")
    assert words.count() == 0


def test_nothing_is_fetched_for_figures_the_reader_has_not_come_near(open_page, host):
    page = open_page()
    page.wait_for_load_state("networkidle")
    asked = [path for path in host.paths() if "/figures/" in path]
    last = drawn_figures(page)[-1]
    assert not any(path.endswith(f"{last.id}.json") for path in asked)
    last.reach()
    assert any(path.endswith(f"{last.id}.json") for path in host.paths())


def test_switching_the_palette_recolours_every_figure_and_keeps_its_numbers(open_page):
    page = open_page()
    scroll_through(page)
    figure = Figure(page, HIDDEN_STATE).reach()
    before, scale = figure.data()[0]["z"], figure.data()[0]["colorscale"]
    drawn = figure.drawn
    page.locator(
        'label[for="__palette_1"]:visible'
    ).click()  # the system's, light: first to light, then to dark
    page.locator('label[for="__palette_2"]:visible').click()
    figure.wait(f"(figure) => Number(figure.dataset.drawn) > {drawn}")
    assert figure.data()[0]["z"] == before
    assert figure.data()[0]["colorscale"] != scale
    assert [one.state for one in drawn_figures(page)] == ["static"] * len(SPECS)


def test_a_finger_scrolls_the_page_across_a_plot(open_page):
    page = open_page(width=390, height=800, has_touch=True, is_mobile=True)
    figure = Figure(page, HIDDEN_STATE).reach()
    box = figure.element.locator("[data-plot]").bounding_box()
    before = page.evaluate("scrollY")
    session = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 300)

    def touch(kind: str, *points: dict) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 16):
        touch("touchMove", {"x": x, "y": y - 15 * step})
        page.wait_for_timeout(16)
    touch("touchEnd")
    page.wait_for_timeout(200)
    assert page.evaluate("scrollY") > before + 150
    assert figure.state == "static"


def test_a_page_that_is_only_scrolled_through_starts_no_python(open_page, host):
    page = open_page()
    page.mouse.move(500, 450)
    for _ in range(25):
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(30)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.dataset.python") == "off"
    assert not [path for path in host.paths() if "/py/" in path]


def test_a_pointer_that_moves_over_a_control_starts_python(open_page):
    page = open_page()
    figure = Figure(page, HIDDEN_STATE).reach()
    figure.element.locator("input[type=text]").hover()
    page.mouse.move(
        *(value + 4 for value in list(figure.element.locator("input[type=text]").bounding_box().values())[:2])
    )
    wait_for_python(page)
    assert figure.state == "static"


def test_a_figure_says_in_words_what_it_shows(open_page):
    page = open_page(RNN)
    for figure in drawn_figures(page):
        spoken = figure.element.locator("[data-plot]").get_attribute("aria-label")
        spec = SPECS[figure.id]
        assert len(spoken) > len(spec["caption"])
        assert figure.element.locator("[data-plot]").get_attribute("role") == "img"


def test_many_words_in_a_plot_are_all_drawn(open_page):
    spec = json.loads((GENERATED / "figures/gpt/merging.json").read_text(encoding="utf-8"))
    figure = Figure(open_page("architectures/gpt/"), "gpt/merging").reach()
    drawn = figure.element.locator("svg.main-svg text").all_text_contents()
    written = [html.unescape(word["text"]) for word in spec["figure"]["layout"]["annotations"]]
    assert len(written) > 20
    assert sorted(drawn) == sorted(written)
