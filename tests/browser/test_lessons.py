"""Lessons in the page: cells that build on each other, results of the build, exercises, and Reset."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Cell

pytestmark = pytest.mark.browser

LESSON = "lessons/02-self-attention-from-scratch/"
MODULE = "lesson_02.notebook"
RIGHT = """\
def allowed_for_writing(T):
    return torch.ones(T, T, dtype=torch.bool).tril()

checks.looks_back_only(attend, allowed_for_writing)
"""


def cell(page, number: int) -> Cell:
    return Cell(page, f"{MODULE}:cell-{number}")


def texts(page) -> list[str]:
    """What stands under each cell, without the drawings."""
    return page.locator("[data-output]").evaluate_all(
        """(all) => all.map((one) =>
            [...one.querySelectorAll('pre, figcaption')].map((part) => part.textContent).join(' '))"""
    )


def test_the_last_cell_takes_those_above_along_and_all_say_what_the_build_said(open_page):
    page = open_page(LESSON)
    built = texts(page)
    assert sum(map(bool, built)) > len(built) / 2
    count = page.locator("[data-cell]").count()
    cell(page, count).run()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-cell]')]"
        ".every((one) => ['done', 'error'].includes(one.dataset.status))",
        timeout=120_000,
    )
    assert texts(page) == built
    assert page.locator("[data-cell][data-status=done]").count() == count


def test_an_exercise_is_judged_and_reset_brings_back_what_the_build_left(open_page):
    page = open_page(LESSON, width=390, dark=True)
    exercise = cell(page, 10)
    built = exercise.output
    assert "Not yet" in built
    exercise.edit(RIGHT)
    exercise.run()
    assert "Right" in exercise.output
    exercise.button("reset").click()
    page.wait_for_function("() => document.querySelector('#cell-lesson-02-notebook-cell-10 .atlas-output__note')")
    assert built in exercise.output


def test_a_figure_of_the_build_is_drawn_and_a_run_draws_its_own(open_page):
    page = open_page(LESSON)
    scores = cell(page, 3)
    scores.element.scroll_into_view_if_needed()
    page.wait_for_selector("#cell-lesson-02-notebook-cell-3 .js-plotly-plot")
    scores.edit('show(heatmap([[1.0]], x=["only"], y=["only"], x_title="x", y_title="y", z_title="z"), "One number")')
    scores.run()
    page.wait_for_selector("#cell-lesson-02-notebook-cell-3 .js-plotly-plot")
    assert "One number" in scores.output


def test_a_failing_cell_above_is_named_and_the_one_below_is_not_run(open_page):
    page = open_page(LESSON)
    cell(page, 2).edit("words = undefined_name")
    below = cell(page, 4)
    below.button("run").click()
    cell(page, 2).settle()
    assert cell(page, 2).status == "error"
    page.wait_for_function("() => document.querySelector('#cell-lesson-02-notebook-cell-4 .atlas-output__note')")
    assert "undefined_name" in cell(page, 2).output
    assert "Not run" in below.output
