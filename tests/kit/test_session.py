"""A session runs readers' edits: what they change, what they cannot break, and what errors say."""

import importlib
import json
import sys
from pathlib import Path

import pytest

import snippets
from snippets.kit.session import MOST_OUTPUT, CellError, Session, region_text

MODEL = """\
from __future__ import annotations

import torch

FACTOR = 2.0

# --8<-- [start:step]
def step(x: torch.Tensor) -> torch.Tensor:
    return torch.tanh(FACTOR * x)
# --8<-- [end:step]

# --8<-- [start:scale]
def scale(x):
    return 3 * x
# --8<-- [end:scale]
"""
MIDDLE = """\
from snippets.demo import model

def both(x):
    return model.scale(model.step(x))
"""
FIGURES = """\
import torch
from snippets.demo.middle import both
from snippets.demo.model import step
from snippets.kit import Slider, figure

def drawing(y):
    return {"data": [{"y": [round(float(value), 4) for value in y]}], "layout": {"height": 200}}

@figure(size=Slider("Size", 0, 5, value=1))
def curve(size):
    \"\"\"A curve.

    It bends.\"\"\"
    print("a figure must not print into the reader's output")
    return drawing(step(torch.tensor([0.0, float(size)])))

@figure
def product():
    \"\"\"Both.

    Through the middle.\"\"\"
    return drawing(both(torch.tensor([1.0])))

@figure(measured=True)
def table():
    \"\"\"Measured.

    Does not change.\"\"\"
    return drawing([1.0])
"""
LONELY = """\
from snippets.kit import figure

@figure
def nothing():
    \"\"\"Nothing.

    It uses no model.\"\"\"
    return {"data": [], "layout": {"height": 100}}
"""
FILES = {
    "demo/model.py": MODEL,
    "demo/middle.py": MIDDLE,
    "demo/figures.py": FIGURES,
    "second_page/figures.py": FIGURES.replace("demo.middle", "second_page.middle"),
    "second_page/middle.py": MIDDLE,
    "lonely/figures.py": LONELY,
    "lonely/model.py": "# --8<-- [start:one]\nx = 1\n# --8<-- [end:one]\n",
}
STEP, SCALE = "demo.model:step", "demo.model:scale"


@pytest.fixture
def session(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "snippets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before, path_before = set(sys.modules), list(snippets.__path__)
    session = Session(tmp_path)
    session.open("demo")
    yield session
    for name in set(sys.modules) - before:
        if name.startswith("snippets.") and name.split(".")[1] in ("demo", "second_page", "lonely"):
            del sys.modules[name]
            vars(snippets).pop(name.split(".")[1], None)
    snippets.__path__[:] = path_before
    importlib.invalidate_caches()


def values(session, figure="demo/curve", **controls):
    answer = session.draw(figure, controls)
    assert "error" not in answer, answer["error"]["plain"]
    return answer["figure"]["data"][0]["y"]


def run(session, text, cell=STEP):
    return session.run(cell, text, lambda _: None)


TANH_OF_2 = 0.964
PLAIN_STEP = "def step(x):\n    return x"


def test_a_figure_is_drawn_from_its_controls(session):
    assert values(session) == [0.0, TANH_OF_2]
    assert values(session, size=0) == [0.0, 0.0]


def test_a_control_out_of_range_says_so_in_plain_words(session):
    error = session.draw("demo/curve", {"size": 9})["error"]
    assert "Size" in error["plain"]
    assert "outside 0 to 5" in error["plain"]


def test_an_edit_reaches_every_figure_that_uses_the_module_but_no_measured_one(session):
    values(session)
    answer = run(session, PLAIN_STEP)
    assert answer == {"redraw": ["demo/curve", "demo/product"], "edited": ["demo.model"]}
    assert values(session, size=5) == [0.0, 5.0]
    assert values(session, "demo/product") == [3.0]


def test_an_edit_made_before_anything_was_drawn_counts_too(session):
    run(session, PLAIN_STEP)
    assert values(session, size=5) == [0.0, 5.0]


def test_the_last_expression_is_shown_and_what_is_printed_is_passed_on(session):
    heard = []
    answer = session.run(STEP, 'print("one")\nprint("two")\nstep(torch.zeros(2))', heard.append)
    assert answer["result"] == "tensor([0., 0.])"
    assert "".join(heard) == "one\ntwo\n"


def test_output_arrives_while_the_cell_runs(session):
    heard = []
    text = "print('first')\nassert heard, 'nothing had arrived'"
    vars(importlib.import_module("snippets.demo.model"))["heard"] = heard
    assert "error" not in session.run(STEP, text, heard.append)


def test_drawing_prints_nothing(session, capsys):
    values(session)
    assert capsys.readouterr().out == ""


def test_a_flood_of_output_is_cut_with_a_note(session):
    heard = []
    session.run(STEP, "for i in range(300_000):\n    print(i)", heard.append)
    text = "".join(heard)
    assert len(text) < MOST_OUTPUT + 200
    assert text.rstrip().endswith("a run can show 200,000 characters.")
    assert len(heard) < 500


def test_a_result_that_fills_pages_is_cut(session):
    answer = run(session, "'a' * 300_000")
    assert len(answer["result"]) < MOST_OUTPUT + 100
    assert "300,000 characters in all" in answer["result"]


def test_running_the_text_as_it_is_in_the_file_changes_nothing(session):
    original = region_text(MODEL, "step")
    assert run(session, original) == {"redraw": [], "edited": []}


def test_running_the_original_text_again_takes_an_edit_back(session):
    run(session, PLAIN_STEP)
    answer = run(session, region_text(MODEL, "step") + "\n")
    assert answer == {"redraw": ["demo/curve", "demo/product"], "edited": []}
    assert values(session) == [0.0, TANH_OF_2]


def test_reset_restores_the_file_and_forgets_the_readers_names(session):
    run(session, PLAIN_STEP + "\nmine = 1")
    assert session.reset(STEP) == {"redraw": ["demo/curve", "demo/product"], "edited": []}
    assert values(session) == [0.0, TANH_OF_2]
    assert "mine" in run(session, "mine")["error"]["plain"]


def test_reset_of_one_cell_keeps_the_edit_of_another(session):
    run(session, PLAIN_STEP)
    run(session, "def scale(x):\n    return 100 * x", SCALE)
    assert values(session, "demo/product") == [100.0]
    assert session.reset(STEP)["edited"] == ["demo.model"]
    assert values(session, "demo/product") == [pytest.approx(100 * TANH_OF_2, abs=0.01)]
    session.reset(SCALE)
    assert values(session, "demo/product") == [pytest.approx(3 * TANH_OF_2, abs=1e-3)]


def test_reset_of_a_cell_that_was_never_edited_redraws_nothing(session):
    assert session.reset(STEP) == {"redraw": [], "edited": []}


def test_an_edit_that_another_needs_takes_that_one_with_it(session):
    run(session, PLAIN_STEP + "\nmine = 7")
    run(session, "def scale(x, by=mine):\n    return by * x", SCALE)
    assert session.reset(STEP)["edited"] == []
    assert values(session) == [0.0, TANH_OF_2]


@pytest.mark.parametrize(
    "text",
    [
        "def step(x):\n    return x\nraise ValueError('half way')",
        "def step(x) return x",
        "def step(x):\n    return x\nexit()",
        "del scale\ndel step\n1 / 0",
    ],
)
def test_a_run_that_fails_leaves_everything_as_it_was(session, text):
    values(session)
    answer = run(session, text)
    assert answer["redraw"] == []
    assert answer["edited"] == []
    assert answer["error"]["plain"]
    assert values(session) == [0.0, TANH_OF_2]
    assert values(session, "demo/product") == [pytest.approx(3 * TANH_OF_2, abs=1e-3)]


def test_a_run_that_breaks_a_module_which_imports_the_cell_is_undone(session):
    values(session)
    answer = run(session, "del step")
    assert answer["error"]["type"] == "ImportError"
    assert "step" in answer["error"]["plain"]
    assert values(session) == [0.0, TANH_OF_2]


def test_a_failed_run_keeps_the_edit_that_stood_before_it(session):
    run(session, PLAIN_STEP)
    assert run(session, "1 / 0")["edited"] == ["demo.model"]
    assert values(session, size=5) == [0.0, 5.0]


def test_pages_have_their_own_copies_of_a_module(session):
    run(session, PLAIN_STEP)
    session.open("second-page")
    assert values(session, "second-page/curve") == [0.0, TANH_OF_2]
    answer = run(session, "def step(x):\n    return 0 * x")
    assert answer["redraw"] == ["second-page/curve", "second-page/product"]
    assert values(session, "second-page/curve") == [0.0, 0.0]
    session.open("demo")
    assert values(session, size=5) == [0.0, 5.0]


def test_a_figure_that_does_not_use_the_module_is_not_redrawn(session):
    session.open("lonely")
    assert run(session, "x = 2", "lonely.model:one") == {"redraw": [], "edited": ["lonely.model"]}


def test_the_modules_future_imports_hold_for_the_readers_code(session):
    assert "error" not in run(session, "def step(x: NotDefinedAnywhere):\n    return x")


ERRORS = [
    ("x = 1\nx = (2", 2, "SyntaxError", "was never closed"),
    ("def step(x):\nreturn x", 2, "IndentationError", "indentation does not fit"),
    ("tensor = 1\ntensro + 1", 2, "NameError", "Did you mean “tensor”?"),
    ("torch.linspce", 1, "AttributeError", "Did you mean “linspace”?"),
    ("import pandas_of_nowhere", 1, "ModuleNotFoundError", "no module “pandas_of_nowhere”"),
    ("from torch import zeroes", 1, "ImportError", "Did you mean “zeros”?"),
    ("torch.ones(2, 3) @ torch.ones(2, 3)", 1, "RuntimeError", "3 is not 2"),
    ("torch.ones(2) + torch.ones(3)", 1, "RuntimeError", "one tensor has size 2 and the other 3"),
    ("torch.ones(6).reshape(4, 2)", 1, "RuntimeError", "6 values cannot be given the shape [4, 2]"),
    ("\n\nraise NotImplementedError('torch.svd is not here. Use numpy.')", 3, "NotImplementedError", "Use numpy."),
    ("def f(n):\n    return f(n)\nf(1)", 2, "RecursionError", "never stops"),
    ("{}['a']", 1, "KeyError", "no key 'a'"),
    ("[1][4]", 1, "IndexError", "outside what it counts"),
    ("1 / 0", 1, "ZeroDivisionError", "division by zero"),
    ("assert 1 == 2, 'sums differ'", 1, "AssertionError", "sums differ"),
    ("def f():\n    y = x\n    x = 1\nf()", 2, "UnboundLocalError", "before it is given a value"),
    ("exit()", 1, "SystemExit", "nothing to leave"),
    ("torch.ones(1).backward()", 1, "RuntimeError", "nothing here requires a gradient"),
    ("None + 1", 1, "TypeError", "unsupported operand"),
]


@pytest.mark.parametrize(("text", "line", "kind", "words"), ERRORS, ids=[f"{row[2]}-{row[1]}" for row in ERRORS])
def test_an_error_names_the_readers_line_in_plain_words(session, text, line, kind, words):
    error = run(session, text)["error"]
    assert error["type"] == kind
    assert words in error["plain"]
    assert error["plain"].startswith(f"Line {line}: ")
    assert error["line"] == line
    assert error["source"] == text.splitlines()[line - 1]
    assert error["cell"] == STEP
    assert "session.py" not in error["traceback"]


def test_an_error_in_the_readers_code_while_drawing_names_cell_and_line(session):
    run(session, "def step(x):\n    width = len(x)\n    return x.reshape(width, width)")
    error = session.draw("demo/curve", {})["error"]
    assert (error["cell"], error["line"], error["source"]) == (STEP, 3, "    return x.reshape(width, width)")
    assert "demo/model.py, step" in error["traceback"]


def test_a_cell_that_is_not_there_is_refused_by_name(session):
    with pytest.raises(CellError, match="no region “stop”"):
        run(session, "1", "demo.model:stop")
    with pytest.raises(CellError, match=r"demo.modle"):
        run(session, "1", "demo.modle:step")


def test_handle_speaks_json_and_never_raises(session):
    heard = []
    request = {"do": "run", "cell": STEP, "text": "print(1)\n2 + 2"}
    assert json.loads(session.handle(json.dumps(request), heard.append))["result"] == "4"
    assert heard[0] == "1"
    unknown = json.loads(session.handle(json.dumps({"do": "open", "slug": "nowhere"})))
    assert "“nowhere”" in unknown["error"]["plain"]
    drawn = json.loads(session.handle(json.dumps({"do": "draw", "figure": "demo/curve", "values": {"size": 0}})))
    assert drawn["figure"]["data"][0]["y"] == [0.0, 0.0]
    reset = json.loads(session.handle(json.dumps({"do": "reset", "cell": "demo.model:nothing"})))
    assert "no region" in reset["error"]["plain"]


def test_a_reader_who_removes_the_module_can_still_reset(session):
    values(session)
    run(session, "import sys\ndel sys.modules['snippets.demo.model']\ndef step(x):\n    return x")
    session.reset(STEP)
    assert values(session) == [0.0, TANH_OF_2]


def test_regions_inside_a_region_keep_their_marks_to_themselves():
    text = "# --8<-- [start:all]\na = 1\n# --8<-- [start:part]\nb = 2\n# --8<-- [end:part]\n# --8<-- [end:all]\n"
    assert region_text(text, "all") == "a = 1\nb = 2"
    assert region_text(text, "part") == "b = 2"
    assert region_text(text, "none") is None


def test_the_session_starts_without_torch_or_numpy():
    import subprocess

    code = "import sys, snippets.kit.session; print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
