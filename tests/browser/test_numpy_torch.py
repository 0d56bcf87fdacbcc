"""numpy_torch in the browser equals PyTorch: its ops and its tests, in the site's own worker on 32-bit NumPy.

PyTorch answers first, here: on a few of its own sample inputs for every op, and on whatever the tests of
tests/numpy_torch ask it. The answers travel to the page as data, and the same calls are made there. `ATLAS_ANSWERS`
names a folder in which they are kept between runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Cell
from tests.browser.serve import Site
from tools.files import key_of

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
BATCH = 120  # ops that one request calls
PATIENCE = 300_000  # milliseconds that one request may take
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>numpy_torch</title>
<script type="module" src="page.js"></script></html>"""
SCRIPT = """
import { python } from "./assets/js/python.js";
window.python = python;
"""
MODEL = """\
import json, pickle, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.numpy_torch import page_runner

sys.modules["pytest"] = page_runner.stand_in_for_pytest()
for absent in ("safetensors.torch", "tests.numpy_torch.write_names"):
    page_runner.stand_in(absent)


def answers(name):
    return pickle.loads((Path(__file__).parent / f"{name}.pickle").read_bytes())

# --8<-- [start:run]
# --8<-- [end:run]
"""


def files_for_the_page() -> dict[str, str]:
    """Files of tests/numpy_torch by their place in the page."""
    from tests.numpy_torch.page_runner import MODULES

    folder = ROOT / "tests" / "numpy_torch"
    helpers = ("answers", "backends", "compare", "exclusions", "page_runner")
    files = [folder / f"{name}.py" for name in (*helpers, *MODULES)] + sorted((folder / "models").glob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """A folder with PyTorch's answers: ops.pickle and tests.pickle."""
    kept = os.environ.get("ATLAS_ANSWERS")
    sources = [*(ROOT / "tests/numpy_torch").rglob("*.py"), *(ROOT / "snippets/numpy_torch").rglob("*.py")]
    folder = Path(kept, key_of(sorted(sources))[:16]) if kept else tmp_path_factory.mktemp("answers")
    if not (folder / "tests.pickle").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "tests.numpy_torch.op_answers", folder], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def page(browser: Browser, recorded: Path) -> Iterator[Page]:
    """A bare page with the site's Python, the tests and the answers."""
    subprocess.run([sys.executable, "-m", "tools.assets", "python"], cwd=ROOT, check=True)
    py = "assets/generated/py"
    assets = [{"path": f"snippets/replay/{path.name}", "url": f"answers/{path.name}", "bytes": path.stat().st_size}
              for path in sorted(recorded.glob("*.pickle"))]
    content = {"slug": "replay", "files": {**files_for_the_page(), "snippets/replay/model.py": MODEL}, "assets": assets}
    version = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    manifest = json.loads((ROOT / "docs" / py / "manifest.json").read_text())
    manifest["pages"] = {"replay": {"hash": version, "assets": assets}}
    extra = {"page.html": PAGE, "page.js": SCRIPT, "favicon.ico": "", f"{py}/manifest.json": json.dumps(manifest),
             f"{py}/pages/replay.json": json.dumps({**content, "hash": version})}
    with Site(ROOT / "docs", extra=extra, mounts={f"{py}/answers/": recorded}) as site:
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{site.url}page.html")
        page.wait_for_function("() => window.python")
        page.evaluate("python.open('replay')")
        yield page
        context.close()


def ask(page: Page, text: str):
    """What a line of Python in the page gives, by way of JSON."""
    answer = page.evaluate("""async (text) => {
        let printed = "";
        const answer = await python.run("replay.model:run", text, { onOutput: (piece) => (printed += piece) });
        return { ...answer, printed };
    }""", f"print(json.dumps({text}))")
    assert "error" not in answer, answer["error"]
    return json.loads(answer["printed"])


def told(failed: dict[str, str]) -> str:
    return "\n".join([f"{len(failed)} differ in the page:", *[f"{key}: {why}" for key, why in failed.items()]])


def test_the_page_computes_in_32_bits(page):
    assert ask(page, "[sys.maxsize, __import__('numpy').arange(3).dtype.name]") == [2**31 - 1, "int32"]


def test_as_much_is_compared_as_the_page_says(recorded):
    numbers = json.loads((ROOT / "snippets/torch_in_the_page/results.json").read_text())["browser"]
    ops, tests = (pickle.loads((recorded / f"{name}.pickle").read_bytes()) for name in ("ops", "tests"))
    found = {"samples": sum(len(op["samples"]) for op in ops.values()), "tests": len(tests)}
    assert found == numbers, "run `python -m tests.numpy_torch.write_proof`"


def test_every_op_equals_torch_on_sample_inputs(page, recorded):
    samples = pickle.loads((recorded / "ops.pickle").read_bytes())
    ran, failed = 0, {}
    for start in range(0, len(samples), BATCH):
        picked = f"dict(list(answers('ops').items())[{start}:{start + BATCH}])"
        some, wrong = ask(page, f"page_runner.play_ops({picked}, most=8)")
        ran, failed = ran + some, failed | wrong
    assert not failed, told(failed)
    assert ran > 3000


def modules() -> tuple[str, ...]:
    from tests.numpy_torch.page_runner import MODULES

    return MODULES


@pytest.mark.parametrize("name", modules())
def test_the_tests_pass_in_the_page(page, recorded, name):
    answers = pickle.loads((recorded / "tests.pickle").read_bytes())
    expected = [key for key in answers if key.startswith(f"{name}::")]
    assert expected, "no test of this file was recorded"
    ran, failed = ask(page, f"page_runner.play(answers('tests'), {name!r}, most=20)")
    assert not failed, told(failed)
    assert ran == len(expected)


def test_a_wrong_answer_is_named(page):
    """Were one number of the record another, the op would be named: the comparison itself can fail."""
    broken = ("(lambda op: page_runner.play_ops({'add': {**op, 'samples': "
              "[(op['samples'][0][0], op['samples'][1][1], [], [])]}}, most=1))(answers('ops')['add-float32'])")
    ran, failed = ask(page, broken)
    assert ran == 0
    assert list(failed) == ["add #0"]
    ran, failed = ask(page, "page_runner.play({'test_silent_failures::test_integer_and_or_are_bitwise[]#0': "
                            "[('gave', 1)]}, 'test_silent_failures')")
    assert (ran, len(failed)) == (1, 1)


def test_the_cells_of_the_page_run(open_page):
    opened = open_page("torch-in-the-page/")
    shown = {"first_numbers": "tensor([ 1.5410, -0.2934, -2.1788])", "train": "step 100",
             "history": "tensor([10., 20., 30.])", "errors": "torch.linalg.eig is not in the page"}
    for region, text in shown.items():
        cell = Cell(opened, f"torch_in_the_page.model:{region}").run()
        assert cell.status == "done", cell.output
        assert text in cell.output
