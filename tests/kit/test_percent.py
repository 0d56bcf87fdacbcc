"""Lessons are divided into cells, and every cell knows the line it stands on."""

import pytest

from snippets.kit.percent import code_cell, is_lesson, parts

LESSON = """\
# ---
# summary: A lesson.
# ---

# %% [markdown]
# # Title
#
# Prose with `code`.

# %% try="Change `x`."

x = 1

x

# %%
# %% tags="exercise"
y = 2
"""


def test_cells_in_order_with_their_lines_and_options():
    found = parts(LESSON)
    assert [(part.kind, part.number) for part in found] == [("front", 0), ("markdown", 0), ("code", 1), ("code", 2)]
    front, prose, first, second = found
    assert front.text == "summary: A lesson."
    assert prose.text.startswith("# Title\n\nProse with `code`.")
    assert first.text == "x = 1\n\nx"
    assert first.options == {"try": "Change `x`."}
    assert second.options == {"tags": "exercise"}
    for part in (first, second):
        assert LESSON.splitlines()[part.line - 1] == part.text.splitlines()[0]


def test_a_cell_by_its_name():
    assert code_cell(LESSON, "cell-2") == "y = 2"
    assert code_cell(LESSON, "cell-3") is None
    assert code_cell(LESSON, "title") is None


def test_ordinary_code_is_no_lesson():
    assert is_lesson(LESSON)
    assert not is_lesson("x = 1  # %% of it\n")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 1\n# %%\ny = 2\n", "before the first"),
        ("# ---\n# a: 1\n# %%\ny = 2\n", "before the first"),
        ("# %% [markdown]\nprose without a sign\n", "prose without a sign"),
    ],
)
def test_what_is_not_a_lesson_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parts(text)
