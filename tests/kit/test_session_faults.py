"""What a reader's code cannot break: whatever it does to Python, to torch or to files ends with its run."""

import builtins
import importlib
import json
import sys

import pytest
import torch

import snippets
from snippets.kit.session import MOST_ANSWER, MOST_OUTPUT, Session

MODEL = """\
import torch

# --8<-- [start:step]
def step(x):
    return torch.tanh(x) + len([1])
# --8<-- [end:step]

# --8<-- [start:other]
def other(x):
    return x
# --8<-- [end:other]
"""
FIGURES = """\
import torch
from snippets.faulty.model import step
from snippets.kit import figure, heatmap

@figure
def curve():
    \"\"\"A curve.

    It bends.\"\"\"
    return {"data": [{"y": step(torch.tensor([0.0, 1.0]) + 1).tolist()}], "layout": {"height": 200}}
"""
CALM = """\
from snippets.kit import figure

@figure
def table():
    \"\"\"A table.

    It stays.\"\"\"
    return {"data": [{"y": sorted(map(abs, [-1, 2]))}], "layout": {"height": 200}}
"""
FILES = {"faulty/model.py": MODEL, "faulty/figures.py": FIGURES, "calm/figures.py": CALM}
STEP, OTHER = "faulty.model:step", "faulty.model:other"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    for name, text in FILES.items():
        path = root / "snippets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture(scope="module")
def visit(root):
    """One session for all tests, as for a reader who tries one thing after another."""
    paths = list(snippets.__path__)
    importlib.invalidate_caches()
    yield Session(root)
    snippets.__path__[:] = paths
    for name in [name for name in sys.modules if name.startswith(("snippets.faulty", "snippets.calm"))]:
        del sys.modules[name]
    for name in ("faulty", "calm"):
        vars(snippets).pop(name, None)


@pytest.fixture
def session(visit):
    visit.open("faulty")
    for cell in (STEP, OTHER):
        visit.reset(cell)
    return visit


def ask(session, **request) -> dict:
    return json.loads(session.handle(json.dumps(request)))


def run(session, text, cell=STEP) -> dict:
    return ask(session, do="run", cell=cell, text=text)


def drawing(session, figure="faulty/curve") -> list:
    answer = ask(session, do="draw", figure=figure, values={})
    assert "error" not in answer, answer["error"]["plain"]
    return answer["figure"]["data"][0]["y"]


SAME = "\n\ndef step(x):\n    return torch.tanh(x) + len([1])\n"
TAMPERING = {
    "builtins.print": "import builtins\nbuiltins.print = None",
    "builtins.len": "import builtins\ndel builtins.len",
    "builtins.__import__": "import builtins\nbuiltins.__import__ = lambda *a, **k: 1 / 0",
    "builtins.open": "import builtins\nbuiltins.open = builtins.compile = builtins.exec = None",
    "builtins.isinstance": "vars(__import__('builtins')).clear()",
    "builtins.mine": "import builtins\nbuiltins.mine = 1",
    "sys.modules['json']": "import sys\nsys.modules.clear()",
    "sys.modules['torch']": "import sys\nsys.modules['torch'] = None",
    "sys.modules['snippets.faulty.model']": "import sys\ndel sys.modules[__name__]",
    "sys.modules": "import sys\nsys.modules = {}",
    "sys.path": "import sys\nsys.path.clear()",
    "sys.meta_path": "import sys\nsys.meta_path[:] = []",
    "sys.setrecursionlimit": "import sys\nsys.setrecursionlimit(10**9)",
    "json.dumps": "import json\njson.dumps = json.loads = None",
    "ast.parse": "import ast\nast.parse = None",
    "contextlib.redirect_stdout.__exit__": "import contextlib\ncontextlib.redirect_stdout.__exit__ = None",
    "snippets.kit.plots.heatmap": "import snippets.kit.plots as plots\nplots.heatmap = None",
    "snippets.kit.session.Session.run": "from snippets.kit.session import Session\nSession.run = Session.handle = None",
    "snippets.kit.explain.explain": "import snippets.kit.explain as it\nit.explain = it._DESCRIPTIONS = None",
    "snippets.kit.explain._DESCRIPTIONS": "import snippets.kit.explain as it\ndel it._DESCRIPTIONS",
    "snippets.kit.colours.TOKENS": "import snippets.kit.colours as it\nit.TOKENS.clear()\nit.SERIES.clear()",
    "snippets.kit.figures.Figure.draw": "from snippets.kit.figures import Figure\n"
    "Figure.draw.__code__ = (lambda s: 1).__code__",
    "torch.tanh": "torch.tanh = torch.relu",
    "torch.nn": "import sys\ndel torch.nn",
    "torch._tensor.Tensor.__repr__": "torch.Tensor.__repr__ = lambda self: 1 / 0",
    "numpy.sum": "import numpy\nnumpy.sum = None",
    "snippets.faulty.figures.curve": "import snippets.faulty.figures as it\nit.curve = None",
    "model.py": "import os\nos.remove(__file__)",
    "figures.py": "import shutil, pathlib\nshutil.rmtree(pathlib.Path(__file__).parents[1])",
}


@pytest.mark.parametrize(("name", "text"), TAMPERING.items(), ids=TAMPERING)
def test_what_is_shared_is_put_back_after_the_run(session, name, text):
    before = drawing(session)
    names = dict(vars(builtins))
    for ending in ("\n1 / 0", SAME):
        answer = run(session, text + ending)
        assert vars(builtins) == names
        assert answer.get("error", {}).get("type") == (None if ending == SAME else "ZeroDivisionError"), answer
        assert name in answer["restored"] or len(answer["restored"]) == 9, answer["restored"]
        assert drawing(session) == before
    assert run(session, "other(1)", OTHER)["result"] == "1"
    reset = ask(session, do="reset", cell=STEP)
    assert reset["edited"] in ([], ["faulty.model"])
    assert drawing(session) == before
    ask(session, do="open", slug="calm")
    assert drawing(session, "calm/table") == [1, 2]


def test_an_edit_may_tamper_while_a_figure_is_drawn(session):
    drawing(session)
    run(session, "def step(x):\n    import builtins\n    del builtins.len\n    builtins.sorted = None\n    return x")
    assert drawing(session) == [1.0, 2.0]
    ask(session, do="open", slug="calm")
    assert drawing(session, "calm/table") == [1, 2]


def test_settings_of_torch_do_not_reach_other_figures(session):
    before = drawing(session)
    run(session, "torch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)" + SAME)
    torch.set_default_dtype(torch.float32)  # PyTorch keeps these where no guard reaches; the page's torch does not
    torch.set_grad_enabled(True)
    assert drawing(session) == before


RAISED = {
    "SystemExit": "import sys\nsys.exit(3)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "BaseException": "raise BaseException('bare')",
    "GeneratorExit": "raise GeneratorExit",
    "StopIteration": "next(iter([]))",
    "ExceptionGroup": "raise ExceptionGroup('two', [ValueError(1), KeyError(2)])",
    "RecursionError": "class A:\n    def __getattr__(self, name):\n        return getattr(self, name + 'x')\nA().b",
    "MemoryError": "bytearray(2**62)",
    "Silent": "class Silent(BaseException):\n    def __str__(self):\n        raise self\nraise Silent",
    "Endless": "class Endless(Exception):\n    def __str__(self):\n        return str(self)\nraise Endless",
    "Long": "class Long(Exception):\n    pass\nraise Long('x' * 50_000_000)",
    "Odd": "class Odd(Exception):\n    __module__ = 5\n    def __class_getitem__(cls, x): 1 / 0\nraise Odd(1)",
    "Mute": "class Mute(AttributeError):\n    name = property(lambda self: 1 / 0)\nraise Mute",
}


@pytest.mark.parametrize(("kind", "text"), RAISED.items(), ids=RAISED)
def test_whatever_is_raised_is_told_in_few_words_and_undone(session, kind, text):
    before = drawing(session)
    answer = run(session, f"def step(x):\n    return x\n{text}")
    error = answer["error"]
    assert error["type"] == kind
    assert error["plain"].startswith("Line "), error["plain"]
    assert len(json.dumps(answer)) < 60_000
    assert answer["edited"] == []
    assert drawing(session) == before
    assert run(session, "1 + 1", OTHER)["result"] == "2"


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    def __repr__(self):\n        return repr(self)\nA()",
        "class A:\n    def __repr__(self):\n        raise SystemExit\nA()",
        "class A:\n    __class__ = property(lambda self: 1 / 0)\n    def __repr__(self):\n        return 5\nA()",
    ],
)
def test_a_result_that_cannot_be_written_is_an_error_in_the_readers_code(session, text):
    assert run(session, text)["error"]["plain"]
    assert run(session, "1 + 1")["result"] == "2"


@pytest.mark.parametrize(
    "text",
    [
        "'x' * 50_000_000",
        "[0] * 20_000_000",
        "bytearray(50_000_000)",
        "class A:\n    def __repr__(self):\n        return 'x' * 50_000_000\nA()",
        "class S(str):\n    def __len__(self):\n        return 1\nclass A:\n    def __repr__(self):\n"
        "        return S('x' * 5_000_000)\nA()",
    ],
)
def test_a_result_of_any_size_is_cut_with_its_size_said(session, text):
    result = run(session, text)["result"]
    assert MOST_OUTPUT <= len(result) < MOST_OUTPUT + 100
    assert result.endswith(" in all)")


def test_one_line_of_any_length_is_cut_on_its_way(session):
    heard = []
    session.run(STEP, "print('x' * 50_000_000)\nprint('more')", heard.append)
    assert MOST_OUTPUT < sum(map(len, heard)) < MOST_OUTPUT + 200
    assert "more" not in "".join(heard)


def test_a_figure_that_the_page_could_not_take_is_refused(session):
    show = "from snippets.kit.show import Shown\n"
    plot = run(session, f"{show}Shown({{'data': [float('nan')], 'layout': {{}}}}, 'x')")
    assert "holds nan, a number JSON does not have" in plot["error"]["plain"]
    huge = run(session, f"{show}Shown({{'data': ['x' * {MOST_ANSWER}], 'layout': {{}}}}, 'x')")
    assert "too large" in huge["error"]["plain"]
    odd = run(session, f"{show}Shown({{'data': [object()], 'layout': {{}}}}, 'x')")
    assert "holds a object" in odd["error"]["plain"]


def test_what_ends_late_tells_nobody(session, capfd):
    run(session, "class A:\n    def __del__(self):\n        1 / 0\na = A()\ndel a\nb = A()")
    ask(session, do="reset", cell=STEP)
    assert run(session, "1 + 1")["result"] == "2"


def test_a_cell_may_use_the_names_of_its_module_for_other_things(session):
    before = drawing(session)
    run(session, "__name__ = __spec__ = __file__ = __loader__ = None" + SAME)
    ask(session, do="reset", cell=STEP)
    assert run(session, "__name__, __spec__.name")["result"] == "('snippets.faulty.model', 'snippets.faulty.model')"
    ask(session, do="reset", cell=STEP)
    assert drawing(session) == before
