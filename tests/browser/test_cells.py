"""Cells: edit the code in the page, run it, and see the figures follow; stop, reset and share."""

from __future__ import annotations

import pytest

from tests.browser.conftest import RNN, Cell, Figure, wait_for_python
from tests.browser.serve import Fault

pytestmark = pytest.mark.browser

STEP = "rnn.model:step"
HIDDEN_STATE = "rnn/hidden_state"
ENDLESS = 'print("begun")\nwhile True:\n    pass\n'


@pytest.fixture
def step(rnn):
    """The cell with the RNN's update."""
    return Cell(rnn, STEP)


@pytest.fixture
def hidden(rnn):
    """The hidden-state figure, drawn."""
    return Figure(rnn, HIDDEN_STATE).reach()


def without_tanh(code: str) -> str:
    assert "torch.tanh(a)" in code
    return code.replace("torch.tanh(a)", "a")


def largest(figure: Figure) -> float:
    return max(abs(value) for row in figure.data()[0]["z"] for value in row)


def test_dropping_the_tanh_changes_the_hidden_state_and_reset_restores_it(rnn, step, hidden):
    opening, original = hidden.data(), step.code
    assert largest(hidden) <= 1
    step.edit(without_tanh(original))
    assert step.element.get_attribute("data-edited") is not None
    hidden.after(step.run)
    assert largest(hidden) > 1
    assert hidden.state == "live"
    rnn.wait_for_function(
        "() => document.querySelector('.atlas-output__note')?.textContent.startsWith('Drawn again')"
    )
    assert hidden.element.locator("figcaption b").inner_text().rstrip(".") in step.output
    hidden.after(step.button("reset").click)
    assert step.code == original
    assert step.element.get_attribute("data-edited") is None
    assert hidden.data() == opening
    assert hidden.state == "static"


def test_figures_reached_after_an_edit_show_the_edit(open_page):
    page = open_page()
    step = Cell(page, STEP)
    last = page.locator("[data-figure]:not([data-measured]):not([data-precomputed])").last.get_attribute(
        "data-figure"
    )
    assert Figure(page, last).drawn == 0
    step.edit(without_tanh(step.code)).run()
    assert Figure(page, last).drawn == 0
    assert Figure(page, last).reach().state == "live"


def test_measured_figures_keep_what_was_measured(rnn, step):
    step.edit(without_tanh(step.code)).run()
    measured = rnn.locator("[data-measured]").first.get_attribute("data-figure")
    assert Figure(rnn, measured).reach().state == "static"


@pytest.mark.parametrize("keys", ["Shift+Enter", "Control+Enter"])
def test_the_keyboard_runs_the_cell_being_edited(rnn, step, keys):
    step.edit("print('a'); 6 * 7")
    rnn.keyboard.press(keys)
    step.settle()
    assert step.output.split("\n")[0] == "a"
    assert step.element.locator(".atlas-output__result").inner_text() == "42"


def test_the_code_is_reached_edited_and_left_by_keyboard_alone(rnn, step):
    step.element.locator(".atlas-cell__code pre").focus()
    rnn.keyboard.press("Enter")
    step.element.locator(".cm-content:focus").wait_for()
    rnn.keyboard.type("# mine\n")
    assert step.code.startswith("# mine\n")
    rnn.keyboard.press("Escape")
    rnn.keyboard.press("Tab")
    assert not rnn.evaluate("document.activeElement.classList.contains('cm-content')")


def test_output_appears_while_the_code_still_runs(rnn, step):
    step.edit(ENDLESS)
    step.button("run").click()
    step.element.locator(".atlas-output__stream", has_text="begun").wait_for(timeout=60_000)
    assert step.status == "running"
    step.button("stop").click()
    wait_for_python(rnn)


def test_an_endless_loop_is_stopped_and_the_page_recovers(rnn, step, hidden):
    original = step.code
    step.edit(ENDLESS)
    step.button("run").click()
    step.element.locator(".atlas-output__stream", has_text="begun").wait_for(timeout=60_000)
    step.button("stop").click()
    step.element.locator(".atlas-output__note", has_text="Stopped").wait_for(timeout=10_000)
    assert step.status == "idle"
    assert step.button("run").is_visible()
    assert not step.button("stop").is_visible()
    step.edit(original).run()
    assert step.status == "done"
    hidden.after(lambda: hidden.element.locator("input[type=text]").fill("zoe"))
    assert largest(hidden) <= 1


def test_an_edit_that_a_stop_undid_is_offered_again(rnn, step, hidden):
    opening = hidden.data()
    hidden.after(step.edit(without_tanh(step.code)).run)
    other = Cell(rnn, next(one for one in cells(rnn) if one != STEP))
    other.edit(ENDLESS)
    other.button("run").click()
    other.element.locator(".atlas-output__stream", has_text="begun").wait_for(timeout=60_000)
    hidden.after(other.button("stop").click)
    assert hidden.data() == opening
    hidden.after(step.element.locator("button", has_text="Run it again").click)
    assert largest(hidden) > 1


def cells(page) -> list[str]:
    return [one.get_attribute("data-cell") for one in page.locator("[data-cell]").all()]


def test_every_cell_runs_as_it_stands_and_changes_no_figure(rnn):
    for identity in cells(rnn):
        cell = Cell(rnn, identity)
        cell.run()
        assert cell.status == "done", f"{identity}: {cell.output}"
        assert "Drawn again" not in cell.output


def test_a_syntax_error_shows_the_readers_line_first_and_marks_it(rnn, step, hidden):
    opening = hidden.data()
    step.edit("x = 1\ny = (2\n").run()
    assert step.status == "error"
    error = step.element.locator(".atlas-output__error")
    assert error.locator(".atlas-output__line code").inner_text() == "y = (2"
    assert error.locator(".atlas-output__line span").inner_text() == "2"
    assert not error.locator("details").evaluate("(details) => details.open")
    assert step.element.locator(".atlas-cell__failed-line").inner_text() == "y = (2"
    assert hidden.data() == opening


def test_an_error_while_running_shows_the_line_and_the_traceback_below(rnn, step):
    step.edit("import torch\nx = torch.ones(2, 3)\nx @ x\n").run()
    error = step.element.locator(".atlas-output__error")
    assert error.locator(".atlas-output__line span").inner_text() == "3"
    plain = error.locator(".atlas-output__plain").bounding_box()
    traceback = error.locator("details")
    assert (
        plain["y"] < error.locator(".atlas-output__line").bounding_box()["y"] < traceback.bounding_box()["y"]
    )
    traceback.locator("summary").click()
    assert "RuntimeError" in traceback.inner_text()


def test_what_the_code_prints_is_text_and_never_markup(rnn, step):
    step.edit('print("<img src=x onerror=alert(1)><b>bold</b>")').run()
    printed = step.element.locator(".atlas-output__stream").inner_text().strip()
    assert printed == "<img src=x onerror=alert(1)><b>bold</b>"
    assert step.element.locator("[data-output] img, [data-output] b").count() == 0


def test_a_flood_of_output_is_bounded(rnn, step):
    step.edit("for i in range(300_000):\n    print(i)\n").run()
    assert step.status == "done"
    assert len(step.output) < 150_000


def test_a_shared_link_shows_its_edit_and_does_not_run_it(open_page, host):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    step = Cell(page, STEP)
    original = step.code
    edited = without_tanh(original) + "  # é, <b>, \u202e"
    step.edit(edited)
    step.button("share").click()
    step.element.locator(".atlas-output__share").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    assert link.startswith(f"{host.url}{RNN}#edit=")

    path = link.removeprefix(host.url)
    reader = open_page(path)
    shown = Cell(reader, STEP)
    shown.element.locator(".atlas-cell__notice").wait_for()
    assert shown.code == edited.replace("\u202e", "")
    assert shown.element.locator(".atlas-cell__code b").count() == 0
    reader.wait_for_timeout(500)
    assert shown.status == "idle"
    assert reader.evaluate("document.documentElement.dataset.python") == "off"
    hidden = Figure(reader, HIDDEN_STATE).reach()
    assert hidden.state == "static"
    hidden.after(shown.button("run").click)
    assert shown.settle().status == "done"
    assert largest(hidden) > 1
    assert shown.element.locator(".atlas-cell__notice").count() == 0


def test_the_original_is_one_press_away_from_a_shared_edit(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    step = Cell(page, STEP)
    original = step.code
    step.edit("1 + 1")
    step.button("share").click()
    step.element.locator(".atlas-output__share").wait_for()
    reader = open_page(page.url.split("/", 3)[3])
    shown = Cell(reader, STEP)
    shown.element.locator(".atlas-cell__notice button").click()
    assert shown.code == original
    assert shown.element.locator(".atlas-cell__notice").count() == 0


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("#edit=rnn.model%3Astep~zNOTDEFLATE", "cannot be read"),
        ("#edit=rnn.model%3Astep", "cannot be read"),
        ("#edit=%E0%A4%A~pYQ", "cannot be read"),
        ("#edit=rnn.model%3Anothing~pYQ", "does not have"),
        (f"#edit=rnn.model%3Astep~p{'YWFh' * 10_000}", "too long"),
    ],
    ids=["damaged", "empty", "badly escaped", "of no cell", "endless"],
)
def test_a_link_that_cannot_be_read_says_so_and_harms_nothing(open_page, fragment, words):
    page = open_page(RNN + fragment)
    notice = page.locator(".atlas-notice")
    notice.wait_for()
    assert words in notice.inner_text()
    assert "torch.tanh" in Cell(page, STEP).code


def test_an_editor_that_cannot_be_fetched_leaves_code_that_runs(open_page, host):
    host.faults["editor.js"] = Fault(status=404)
    page = open_page(expected=("status of 404",))
    step = Cell(page, STEP)
    step.element.locator(".atlas-cell__code pre").click()
    step.element.locator(".atlas-output__note", has_text="could not be fetched").wait_for()
    step.run()
    assert step.status == "done"


def test_a_runtime_that_cannot_be_fetched_is_tried_again_from_the_cell(open_page, host):
    host.faults["pack.gz"] = Fault(truncate=1000)
    page = open_page(expected=("ERR_", "Failed to load"))
    step = Cell(page, STEP)
    step.edit("print('there')").run()
    assert step.status == "error"
    assert step.element.locator(".atlas-output__error").count() == 0, (
        "it is not the reader's code that failed"
    )
    host.faults.clear()
    step.element.locator("[data-output] button", has_text="Try again").click()
    step.element.locator(".atlas-output__stream", has_text="there").wait_for(timeout=60_000)
    assert step.settle().status == "done"


def test_opening_the_editor_moves_nothing_below_it(rnn, step):
    step.element.scroll_into_view_if_needed()
    before = step.element.bounding_box()["height"]
    step.element.locator(".atlas-cell__code pre").click()
    step.element.locator(".cm-content").wait_for()
    assert abs(step.element.bounding_box()["height"] - before) <= 2
    assert step.element.locator(".cm-editor").evaluate(
        "(editor) => editor.scrollWidth <= editor.clientWidth + 1"
    )
