"""A visit: search, shortcuts, the diagram, and moving between pages with Python kept alive."""

from __future__ import annotations

import pytest

from tests.browser.conftest import RNN, SCRIPTS, Cell, Figure, wait_for_python

pytestmark = pytest.mark.browser

STEP = "rnn.model:step"
HIDDEN_STATE = "rnn/hidden_state"


def focused(page) -> str:
    return page.evaluate(
        "document.activeElement.getAttribute('data-md-component') ?? document.activeElement.tagName"
    )


def test_search_finds_the_page(open_page):
    page = open_page("")
    page.keyboard.press("/")
    page.keyboard.type("vanishing gradient")
    result = page.locator(".md-search-result__link", has_text="Vanishing and exploding").first
    result.wait_for()
    result.click()
    page.wait_for_url(f"**/{RNN}**")


@pytest.mark.parametrize("key", ["/", "s"])
def test_a_key_opens_the_search_and_escape_closes_it(open_page, key):
    page = open_page("")
    page.keyboard.press(key)
    assert focused(page) == "search-query"
    assert page.locator("[data-md-component=search-query]").input_value() == ""
    page.keyboard.type("s/?")
    assert page.locator("[data-md-component=search-query]").input_value() == "s/?"
    page.keyboard.press("Escape")
    page.wait_for_function("() => !document.querySelector('[data-md-toggle=search]').checked")


def test_question_mark_shows_and_hides_the_shortcuts(rnn):
    rnn.keyboard.press("?")
    overlay = rnn.locator("dialog.atlas-shortcuts")
    assert overlay.is_visible()
    for key in ("/", "s", "n", "p", "j", "k", "r", "?", "Esc"):
        assert overlay.locator("kbd", has_text=key).first.is_visible(), key
    rnn.keyboard.press("Escape")
    assert not overlay.is_visible()
    rnn.keyboard.press("?")
    rnn.keyboard.press("?")
    assert not overlay.is_visible()


def test_j_and_k_walk_the_sections(rnn):
    first, second = rnn.locator("article h2").nth(0), rnn.locator("article h2").nth(1)
    rnn.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    rnn.emulate_media(reduced_motion="reduce")
    rnn.keyboard.press("j")
    assert first.evaluate("(heading) => document.activeElement === heading")
    rnn.keyboard.press("j")
    assert second.evaluate("(heading) => document.activeElement === heading")
    assert 0 <= second.bounding_box()["y"] < 150
    rnn.keyboard.press("k")
    assert first.evaluate("(heading) => document.activeElement === heading")


def test_n_and_p_turn_the_page(open_page):
    page = open_page("architectures/")
    page.evaluate("window.stayed = true")
    page.keyboard.press("n")
    page.wait_for_url(f"**/{RNN}")
    page.locator("[data-figure]").first.wait_for()
    page.keyboard.press("p")
    page.wait_for_url("**/architectures/")
    assert page.evaluate("window.stayed") is True


def test_r_runs_the_focused_cell(rnn):
    step = Cell(rnn, STEP)
    step.element.locator(".atlas-cell__code pre").focus()
    rnn.keyboard.press("r")
    assert step.settle().status == "done"


def test_shortcuts_are_off_while_the_reader_types(rnn):
    field = Figure(rnn, HIDDEN_STATE).reach().element.locator("input[type=text]")
    field.fill("")
    field.type("snpjkr/?")
    assert field.input_value() == "snpjkr/?"
    assert rnn.url.endswith(RNN)
    step = Cell(rnn, STEP)
    step.edit("")
    rnn.keyboard.type("snpjkr/?")
    assert step.code == "snpjkr/?"
    assert step.status == "idle"
    assert rnn.locator("dialog[open]").count() == 0


def test_python_and_the_readers_edits_outlive_a_walk_through_the_site(open_page, host):
    page = open_page()
    page.evaluate("window.stayed = true")
    step = Cell(page, STEP)
    hidden = Figure(page, HIDDEN_STATE).reach()
    edited = step.code.replace("torch.tanh(a)", "a")
    hidden.after(step.edit(edited).run)
    started = len([path for path in host.paths() if ".wasm" in path])
    plotly = len([path for path in host.paths() if path.endswith("plotly.js")])
    page.locator(".md-tabs a, .md-nav a", has_text="Home").locator("visible=true").first.click()
    page.locator("article[data-family]").wait_for(state="detached")
    assert page.evaluate("document.documentElement.dataset.python") == "ready"
    page.go_back()
    page.locator("[data-figure]").first.wait_for()
    assert page.evaluate("window.stayed") is True
    assert step.code == edited
    again = Figure(page, HIDDEN_STATE).reach()
    assert again.state == "live"
    assert max(abs(value) for row in again.data()[0]["z"] for value in row) > 1
    assert (
        again.element.locator(".main-svg").first.evaluate("(svg) => getComputedStyle(svg).position")
        == "absolute"
    )
    again.after(step.button("reset").click)
    assert max(abs(value) for row in again.data()[0]["z"] for value in row) <= 1
    assert len([path for path in host.paths() if ".wasm" in path]) == started == 1
    assert len([path for path in host.paths() if path.endswith("plotly.js")]) == plotly == 1


def test_leaving_a_page_drops_its_questions_and_leaves_nothing_behind(open_page):
    page = open_page()
    figure = Figure(page, HIDDEN_STATE).reach()
    figure.after(lambda: figure.element.locator("input[type=text]").fill("ada"))
    figure.element.locator("input[type=text]").fill("wilhelmina")
    page.locator(".md-tabs a, .md-nav a", has_text="Home").locator("visible=true").first.click()
    page.locator("article[data-family]").wait_for(state="detached")
    page.wait_for_timeout(400)
    assert page.locator(".atlas-start, .atlas-handle, .js-plotly-plot").count() == 0
    assert page.evaluate("document.body.dataset.family ?? null") is None


def test_a_page_restored_by_the_back_button_still_answers(open_page, host):
    page = open_page()
    figure = Figure(page, HIDDEN_STATE).reach()
    figure.after(lambda: figure.element.locator("input[type=text]").fill("ada"))
    page.goto(host.url + "404.html")
    page.go_back()
    again = Figure(page, HIDDEN_STATE).reach()
    again.after(lambda: again.element.locator("input[type=text]").fill("eve"))
    wait_for_python(page)
    assert again.state == "live"


def test_a_lost_worker_is_replaced_and_the_page_goes_on(open_page):
    page = open_page()
    figure = Figure(page, HIDDEN_STATE).reach()
    figure.after(lambda: figure.element.locator("input[type=text]").fill("ada"))
    page.evaluate(
        f"import(new URL('python.js', {SCRIPTS})).then(({{ python }}) => python.stop())"
    )
    figure.after(lambda: figure.element.locator("input[type=text]").fill("eve"))
    assert figure.state == "live"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_stepper_draws_the_boxes_in_whiteboard_order_with_the_reason_beside(open_page, width):
    page = open_page(width=width)
    diagram = page.locator("[data-diagram-figure]").first
    diagram.scroll_into_view_if_needed()
    whys = diagram.locator("[data-why]")
    count = whys.count()
    assert diagram.locator("[data-box].is-ahead").count() == 0
    diagram.locator("[data-action=first]").click()
    for step in range(1, count + 1):
        current = diagram.locator("[data-why].is-current")
        assert current.get_attribute("data-why") == whys.nth(step - 1).get_attribute("data-why")
        assert current.is_visible()
        assert diagram.locator("[data-box].is-current").get_attribute("data-box") == current.get_attribute(
            "data-why"
        )
        assert diagram.locator("[data-box].is-ahead").count() == count - step
        assert f"Step {step} of {count}" in diagram.locator("output").inner_text()
        diagram.locator("[data-action=next]").click()
    assert diagram.locator(".is-current, .is-ahead").count() == 0
    diagram.locator("[data-action=first]").click()
    diagram.locator("[data-action=first]").press("ArrowRight")
    assert "Step 2" in diagram.locator("output").inner_text()
    diagram.locator("[data-action=next]").press("ArrowLeft")
    assert "Step 1" in diagram.locator("output").inner_text()


def test_a_box_and_its_reason_point_at_each_other(rnn):
    diagram = rnn.locator("[data-diagram-figure]").first
    box = diagram.locator("[data-box]").first
    why = diagram.locator(f'[data-why="{box.get_attribute("data-box")}"]')
    box.hover()
    assert "is-pointed" in why.get_attribute("class")
    rnn.mouse.move(0, 0)
    assert "is-pointed" not in (why.get_attribute("class") or "")
    box.focus()
    assert "is-pointed" in why.get_attribute("class")
    why.hover()
    assert "is-pointed" in box.get_attribute("class")


def test_there_is_no_motion_where_the_reader_asked_for_none(open_page):
    page = open_page(reduced_motion="reduce")
    diagram = page.locator("[data-diagram-figure]").first
    assert not diagram.locator("[data-action=play]").is_visible()
    longest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('[data-step], .atlas-plot')]"
        ".map((part) => parseFloat(getComputedStyle(part).transitionDuration)))"
    )
    assert longest <= 0.001
