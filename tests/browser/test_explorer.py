"""The explorer opens without Python, is walked with the keyboard alone, and says how each value was made."""

from __future__ import annotations

import math
import re

import pytest

from tests.browser.conftest import PYTHON_STARTS_WITHIN, SCRIPTS
from tests.browser.serve import Fault
from tests.browser.test_pages import violations

pytestmark = pytest.mark.browser

EXPLORER = "explorer/"
STEPS = 18
WALK = 74  # the embedding, fourteen steps in each of five blocks, three after them
# Every tensor of the walk at many places: what the model made of it, and what the numbers shown make of it.
AGAIN = """async (layer) => {
  const assets = SCRIPTS;
  const { Source } = await import(new URL("explorer-data.js", assets));
  const { express, TENSORS } = await import(new URL("explorer-expressions.js", assets));
  const source = new Source(new AbortController().signal);
  await source.open();
  const query = { text: source.opening, added: "" };
  const [block, readout] = await Promise.all([source.block(query, layer), source.readout(query)]);
  await source.listMatrices();
  const matrices = {};
  for (const name of source.matrices) matrices[name] = await source.matrix(layer, name);
  const found = [];
  for (const tensor of TENSORS) {
    const shape = (block.tensors[tensor] ?? readout.tensors[tensor])?.shape ?? [0, 12];
    for (let row = 0; row < block.ids.length; row += 1) {
      for (let head = 0; head < 4; head += 1) {
        const view = { block, readout, head, temperature: 1, matrix: (name) => matrices[name] };
        const columns = ["logits", "probabilities"].includes(tensor) ? readout.best[row] : [0, 5, 11, 33, 63, 127];
        for (const column of columns) {
          if (!["logits", "probabilities"].includes(tensor) && column >= shape.at(-1)) continue;
          const { value, again, numbers } = express(tensor, view, row, column);
          const [made, worked] = [value, again].map((one) => (Number.isFinite(one) ? one : null));
          found.push([tensor, row, column, made, worked, numbers]);
        }
      }
    }
  }
  return found;
}""".replace("SCRIPTS", SCRIPTS)


def ready(page, state: str = "static"):
    """Wait until the explorer shows a step in a state."""
    page.wait_for_function(
        "(state) => document.querySelector('[data-explorer][data-step]')?.dataset.state === state",
        arg=state,
        timeout=PYTHON_STARTS_WITHIN,
    )
    return page


def step(page) -> tuple[str, str]:
    return tuple(page.locator("[data-explorer]").evaluate("(one) => [one.dataset.step, one.dataset.layer]"))


def go(page, name: str):
    """Press a step in the list and wait until it is shown."""
    page.locator(f'button[data-step="{name}"]').click()
    page.wait_for_function("(name) => document.querySelector('[data-explorer]').dataset.step === name", arg=name)


def card(page) -> str:
    return page.locator("[data-card]").inner_text()


def labels(page) -> list[str]:
    return page.locator(".explorer__chips label .explorer__chip").all_inner_texts()


def python_asked(host) -> list[str]:
    return [path for path in host.paths() if "/py/" in path or path.endswith("/js/worker.js")]


def test_it_opens_and_is_walked_to_the_end_without_python(open_page, host):
    page = ready(open_page(EXPLORER))
    seen = [step(page)]
    page.locator('[data-action="step"]').focus()
    for _ in range(WALK - 1):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "(was) => document.querySelector('.explorer__place').textContent !== was",
            arg=f"{len(seen)} of {WALK}",
        )
        seen.append(step(page))
    assert len(set(seen)) == WALK
    assert [name for name, _ in seen[1:15]] == [name for name, _ in seen[15:29]]
    assert seen[-1][0] == "next"
    assert page.locator('[data-action="step"]').is_disabled()
    assert "·the" in page.locator(".explorer__bars li").first.inner_text()
    page.keyboard.press("Tab")
    page.locator('[data-action="back"]').focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => document.querySelector('[data-explorer]').dataset.step === 'logits'")
    assert not python_asked(host)
    assert page.evaluate("document.documentElement.dataset.python") == "off"


@pytest.mark.parametrize("layer", [0, 4])
def test_every_expression_gives_the_value_that_the_model_made(open_page, layer):
    page = ready(open_page(EXPLORER))
    found = page.evaluate(AGAIN, layer)
    tensors = {tensor for tensor, *_ in found}
    assert len(tensors) == 23
    for tensor in tensors:
        own = [one for one in found if one[0] == tensor]
        size = max(abs(value) for *_, value, _, _ in own if value is not None)
        for _, row, column, value, again, numbers in own:
            assert (value is None) == (again is None), (tensor, row, column)
            if value is not None:
                close = math.isclose(value, again, rel_tol=0.01, abs_tol=0.004 * size)
                assert close, (tensor, row, column, value, again, numbers)


def test_the_list_of_steps_is_walked_with_up_and_down(open_page):
    page = ready(open_page(EXPLORER))
    assert page.locator("button[data-step]").count() == STEPS
    page.locator('button[data-step="embedding"]').focus()
    for wanted in ("norm", "queries", "positions"):
        page.keyboard.press("ArrowDown")
        page.wait_for_function("(name) => document.querySelector('[data-explorer]').dataset.step === name", arg=wanted)
        assert page.evaluate("document.activeElement.dataset.step") == wanted
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('[data-explorer]').dataset.step === 'next'")
    assert page.locator("button[data-step][tabindex='0']").count() == 1


def test_arrow_keys_walk_through_a_tensor_and_each_value_says_how_it_was_made(open_page):
    page = ready(open_page(EXPLORER))
    go(page, "scores")
    canvas = page.locator('.explorer__panel[data-tensor="scores"] canvas')
    canvas.focus()
    before = card(page)
    assert re.search(r"score \(·at → .+, head 1\)", before)
    assert "q · k / √32" in before
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    after = card(page)
    assert "score (ing → ¶, head 1)" in after
    assert page.locator("#explorer-token-10").is_checked()
    assert page.locator("[data-card]").get_attribute("aria-live") == "polite"
    assert step(page)[0] == "scores"


def test_pointing_at_a_value_shows_its_expression_and_leaving_takes_it_back(open_page):
    page = ready(open_page(EXPLORER))
    go(page, "queries")
    page.wait_for_function("() => document.querySelector('[data-card]').dataset.again !== 'NaN'")
    pinned = card(page)
    canvas = page.locator('.explorer__panel[data-tensor="queries"] canvas')
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 12)
    pointed = card(page)
    assert pointed != pinned
    assert re.search(r"query \(¶, head \d, feature \d+\)\s+= Σ input · W_Q, 128 products", pointed)
    assert len(re.findall(r"·", pointed.split("products")[1])) == 3
    page.mouse.move(5, 5)
    assert card(page) == pinned


def test_token_block_and_head_are_chosen_with_the_keyboard(open_page):
    page = ready(open_page(EXPLORER))
    go(page, "softmax")
    page.locator("#explorer-layer-0").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('[data-explorer]').dataset.layer === '5'")
    page.locator("#explorer-head-0").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "head 3" in card(page)
    page.locator("#explorer-token-11").focus()
    page.keyboard.press("ArrowLeft")
    assert "attention weight (ing →" in card(page)
    assert step(page) == ("softmax", "5")


def test_play_walks_and_pauses(open_page):
    page = ready(open_page(EXPLORER))
    play = page.locator('[data-action="play"]')
    play.click()
    page.wait_for_function("() => document.querySelector('[data-explorer]').dataset.step === 'queries'")
    play.click()
    assert play.inner_text() == "Play"


def test_typing_runs_the_sentence_in_the_page_and_other_pages_have_it_too(open_page):
    page = ready(open_page(EXPLORER))
    page.locator("#explorer-sentence").fill("The sea was calm")
    ready(page, "live")
    assert labels(page)[:2] == ["¶", "The"]
    assert page.evaluate("sessionStorage.getItem('atlas-shared-sentence')") == "The sea was calm"
    go(page, "mix")
    ready(page, "live")
    assert "mix (" in card(page)
    page.locator("#explorer-sentence").fill("")
    page.locator(".explorer__status", has_text="Nothing was typed").wait_for()
    assert labels(page)[1] == "E"
    page.locator("#explorer-sentence").fill("a duck 🦆")
    page.locator(".explorer__status", has_text="🦆").wait_for()
    page.locator("#explorer-sentence").fill("word " * 2_000)
    page.locator(".explorer__status", has_text="the first 23 are read").wait_for()
    assert len(labels(page)) == 24
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


def test_appending_goes_on_with_the_longer_text_and_the_window_slides(open_page):
    page = ready(open_page(EXPLORER))
    go(page, "next")
    first = labels(page)
    page.locator('[data-action="likeliest"]').click()
    ready(page, "live")
    assert labels(page) == [*first, "·the"]
    page.locator('[data-action="take-back"]').click()
    ready(page)
    assert labels(page) == first

    def write() -> list[str]:
        page.locator('[data-action="go-on"]').click()
        ended = "() => document.querySelector('[data-action=go-on]').textContent === 'Keep going'"
        page.wait_for_function(ended, timeout=PYTHON_STARTS_WITHIN)
        return labels(page)

    written = write()
    assert len(written) == 24
    assert written[: len(first)] == first
    page.locator('[data-action="draw"]').click()
    page.locator(".explorer__status", has_text="has left the window of 24").wait_for()
    assert labels(page)[: len(written) - 1] == written[1:]
    page.locator("#explorer-sentence").fill("Elizabeth could not help smiling at ")
    page.wait_for_function("() => document.querySelectorAll('.explorer__chips label').length < 24")
    page.locator("#explorer-sentence").fill("Elizabeth could not help smiling at")
    ready(page)
    assert write() == written, "the same seed writes the same text"


def test_a_temperature_changes_the_probabilities_and_their_expression(open_page):
    page = ready(open_page(EXPLORER))
    go(page, "next")
    before = page.locator(".explorer__amount").first.inner_text()
    page.locator("#explorer-temperature").fill("0.5")
    assert float(page.locator(".explorer__amount").first.inner_text()[:-2]) > float(before[:-2])
    assert "/ temperature" in card(page)


def test_what_cannot_be_fetched_is_said_and_tried_again(open_page, host):
    host.faults["views/explorer/block.3"] = Fault(status=503)
    page = ready(open_page(EXPLORER, expected=("503",)))
    page.locator("#explorer-layer-3").check(force=True)
    ready(page, "error")
    assert "503" in page.locator(".explorer__status").inner_text()
    host.faults.clear()
    page.locator(".explorer__status button").click()
    ready(page)
    assert step(page)[1] == "4"


@pytest.mark.parametrize("name", ["positions", "mix", "gate", "next"])
@pytest.mark.parametrize(("width", "dark"), [(390, True), (320, False), (1280, False)])
def test_a_step_is_accessible_and_stays_within_its_column(open_page, name, width, dark):
    page = ready(open_page(EXPLORER, width=width, dark=dark, reduced_motion="reduce"))
    go(page, name)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert violations(page) == []
