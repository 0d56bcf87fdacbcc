"""A lesson in a session: its cells run one by one in one namespace."""

import importlib
import sys

import pytest

import snippets
from snippets.kit.session import Session

LESSON = """\
# %% [markdown]
# # A lesson

# %%
x = 20
print("once")

# %%
x + 1

# %%
from snippets.kit import bars, show

show(bars([x], ["x"], x_title="x", y_title="y"), "One bar")
"""
CELL = "lesson_09.notebook:cell-{}".format


@pytest.fixture
def session(tmp_path, monkeypatch):
    folder = tmp_path / "snippets" / "lesson_09"
    folder.mkdir(parents=True)
    (folder / "notebook.py").write_text(LESSON)
    monkeypatch.setattr(snippets, "__path__", list(snippets.__path__))
    importlib.invalidate_caches()
    opened = Session(tmp_path)
    opened.open("lesson-09")
    yield opened
    for name in [name for name in sys.modules if name.startswith("snippets.lesson_09")]:
        del sys.modules[name]


def text(number: int) -> str:
    return LESSON.split("# %%")[1 + number].removeprefix("\n").strip()


def run(session: Session, number: int, code: str | None = None) -> tuple[dict, str]:
    printed: list[str] = []
    answer = session.run(CELL(number), code or text(number), printed.append)
    return answer, "".join(printed)


def test_no_cell_runs_before_it_is_asked_for(session):
    answer, printed = run(session, 2)
    assert "x" in answer["error"]["plain"]
    assert answer["error"]["type"] == "NameError"
    assert printed == ""


def test_cells_share_one_namespace(session):
    assert run(session, 1) == ({"redraw": [], "edited": []}, "once\n")
    assert run(session, 2)[0]["result"] == "21"


def test_a_figure_is_handed_over_as_a_figure(session):
    run(session, 1)
    answer, _ = run(session, 3)
    assert "result" not in answer
    assert answer["plot"]["caption"] == "One bar"
    assert answer["plot"]["figure"]["data"][0]["y"] == [20]


def test_an_edit_holds_until_reset_runs_the_original(session):
    run(session, 1, "x = 1")
    assert run(session, 2)[0]["result"] == "2"
    session.reset(CELL(1))
    assert run(session, 2)[0]["result"] == "21"


def test_a_failing_edit_leaves_everything_as_it_was(session):
    run(session, 1)
    answer, _ = run(session, 1, "x = 5\n1 / 0")
    assert answer["error"]["type"] == "ZeroDivisionError"
    assert run(session, 2)[0]["result"] == "21"


def test_an_unknown_cell_is_named(session):
    with pytest.raises(LookupError, match="cell-7"):
        run(session, 7, "1")
