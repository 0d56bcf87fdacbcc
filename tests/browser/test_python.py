"""Python in a real browser, through python.js on a bare page: it starts, answers, stops, fails and recovers."""

import hashlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from zlib import crc32

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.serve import MANIFEST, START, Fault, Site, with_start
from tools import chromium
from tools.packs import pack, unpack

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.browser
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Python</title>
<script type="module" src="page.js"></script></html>"""
SCRIPT = """
import { python } from "./assets/js/python.js";
window.python = python;
window.states = [];
window.progress = [];
window.lost = [];
python.addEventListener("state", (event) => window.states.push(event.detail.state));
python.addEventListener("progress", (event) => window.progress.push(event.detail));
python.addEventListener("lost", (event) => window.lost.push(event.detail));
"""
MODEL = """\
import torch

# --8<-- [start:step]
def step(x):
    return torch.tanh(x)
# --8<-- [end:step]
"""
FIGURES = """\
import torch
from snippets.demo.model import step
from snippets.kit import Slider, figure, load_text

calls = []

@figure(size=Slider("Size", 0, 100, value=1))
def curve(size):
    \"\"\"A curve.

    It bends.\"\"\"
    calls.append(size)
    x = torch.tensor([0.0, float(size)])
    return {"data": [{"y": [round(value, 4) for value in step(x).tolist()]}], "layout": {"height": 200}}

@figure
def count():
    \"\"\"Calls.

    How often the curve was computed.\"\"\"
    return {"data": [{"y": list(calls)}], "layout": {"height": 200}}

@figure
def letters():
    \"\"\"Letters.

    From a data file.\"\"\"
    return {"data": [{"text": load_text("letters.txt")}], "layout": {"height": 200}}
"""
STEP = "demo.model:step"
STARTS = ("packs", "snapshot")
however_it_starts = pytest.mark.parametrize("site", STARTS, indirect=True)
from_packs = pytest.mark.parametrize("site", ["packs"], indirect=True)
from_snapshot = pytest.mark.parametrize("site", ["snapshot"], indirect=True)
TANH_OF_1 = 0.7616


def bundle(slug: str, files: dict[str, str], assets: list[dict]) -> tuple[str, str]:
    """A page's bundle as text, and its hash."""
    content = {"slug": slug, "files": files, "assets": assets}
    version = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    return json.dumps({**content, "hash": version}), version


@pytest.fixture(scope="module")
def generated() -> Path:
    """The built assets, brought up to date."""
    subprocess.run([sys.executable, "-m", "tools.assets", "python"], cwd=ROOT, check=True)
    return ROOT / "docs" / "assets" / "generated"


@pytest.fixture(scope="module")
def chromium_browser() -> Browser:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def site(generated, request):
    """The site's Python with two small pages of this test's own, under a path as on a project host."""
    assets = [{"path": "snippets/data/letters.txt", "url": "assets/letters.txt", "bytes": 3, "crc32": crc32(b"abc")}]
    first, first_version = bundle(
        "demo", {"snippets/demo/model.py": MODEL, "snippets/demo/figures.py": FIGURES}, assets
    )
    other = FIGURES.replace("letters", "others")
    second, second_version = bundle(
        "second", {"snippets/demo/model.py": MODEL, "snippets/second/figures.py": other}, []
    )
    manifest = json.loads((generated / "py" / "manifest.json").read_text())
    manifest["pages"] = {
        "demo": {"hash": first_version, "assets": assets},
        "second": {"hash": second_version, "bytes": len(second), "crc32": crc32(second.encode()), "assets": []},
    }
    extra = {
        "page.html": PAGE,
        "page.js": SCRIPT,
        "favicon.ico": "",
        MANIFEST: with_start(json.dumps(manifest), getattr(request, "param", START)),
        "assets/generated/py/pages/demo.json": first,
        "assets/generated/py/pages/second.json": second,
        "assets/generated/py/assets/letters.txt": "abc",
    }
    with Site(ROOT / "docs", prefix="/atlas/", extra=extra) as site:
        site.manifest = manifest
        yield site


@pytest.fixture
def page(chromium_browser, site) -> Page:
    """The bare page in a new profile; it may log no error that its test did not ask for."""
    context = chromium_browser.new_context()
    page = context.new_page()
    page.errors, page.expected = [], ["Failed to load resource"]
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and page.errors.append(message.text))
    page.goto(f"{site.url}page.html")
    page.wait_for_function("() => window.python")
    yield page
    unexpected = [error for error in page.errors if not any(part in error for part in page.expected)]
    context.close()
    assert unexpected == []


def run(page: Page, text: str, cell: str = STEP) -> dict:
    """Run a cell; the answer has what was printed under `printed`."""
    return page.evaluate(
        """async ([cell, text]) => {
            let printed = "";
            const answer = await python.run(cell, text, { onOutput: (piece) => (printed += piece) });
            return { ...answer, printed };
        }""",
        [cell, text],
    )


def draw(page: Page, figure: str = "demo/curve", **values: object) -> list:
    answer = page.evaluate("([figure, values]) => python.draw(figure, values)", [figure, values])
    assert "error" not in answer, answer["error"]
    return answer["figure"]["data"][0].get("y") or answer["figure"]["data"][0]["text"]


def state(page: Page) -> str:
    return page.evaluate("[python.state, document.documentElement.dataset.python ?? 'off'].join()")


def test_nothing_of_python_is_fetched_before_it_is_wanted(page, site):
    page.wait_for_timeout(300)
    assert not [path for path in site.paths() if "/py/" in path or "worker" in path]
    assert state(page) == "off,off"


@however_it_starts
def test_run_prints_torchs_output_and_shows_the_result(page, site):
    page.evaluate("python.open('demo')")
    answer = run(page, 'print("printed")\ntorch.ones(2, 3)')
    assert answer["printed"] == "printed\n"
    assert answer["result"] == "tensor([[1., 1., 1.],\n        [1., 1., 1.]])"
    assert answer["edited"] == ["demo.model"]
    assert state(page) == "ready,ready"
    assert page.evaluate("states") == ["loading", "ready"]
    assert {path.split("/")[1] for path in site.paths() if path != "/favicon.ico"} == {"atlas"}


@however_it_starts
def test_matrices_are_multiplied_in_the_pages_own_memory(page):
    page.evaluate("python.open('demo')")
    text = """
from snippets.numpy_torch import simd
assert simd.multiply() is not None
for left, right in (((70, 40), (40, 33)), ((2, 3, 50, 60), (2, 3, 60, 70)), ((4, 1, 33, 64), (5, 64, 48))):
    a, b = torch.randn(left), torch.randn(right)
    for x in (a, a.mT.contiguous().mT):
        for y in (b, b.mT.contiguous().mT):
            assert torch.allclose(x @ y, (x.double() @ y.double()).float(), atol=1e-4), (left, right)
print("equal")
"""
    answer = run(page, text)
    assert answer["printed"] == "equal\n", answer


@however_it_starts
def test_progress_counts_the_bytes_that_arrive(page, site):
    page.evaluate("python.open('demo')")
    told = page.evaluate("progress")
    names = {"snapshot"} if asked(site, site.manifest["files"]["snapshot"]["url"]) else {"lean", "core"}
    total = sum(site.manifest["files"][name]["bytes"] for name in names | {"loader", "script", "wasm"})
    counted = [entry for entry in told if entry["total"]]
    assert {entry["total"] for entry in counted} == {total}
    assert counted[-1]["loaded"] == total
    assert [entry["loaded"] for entry in told] == sorted(entry["loaded"] for entry in told)
    assert len(counted) > 3
    assert {"Fetching Python", "Starting Python"} == {entry["stage"] for entry in told}


def test_the_interpreter_starts_whatever_type_the_host_gives_its_files(page, site):
    site.faults[".wasm"] = site.faults[".gz"] = Fault(content_type="text/plain")
    assert draw(page, size=0) == [0.0, 0.0]
    assert taken(site) == {"plain", "wasm"}


def taken(site: Site) -> set[str]:
    """Which files of the interpreter were asked for."""
    names = {name: site.manifest["files"][name]["url"] for name in ("plain", "wasm")}
    return {name for name, url in names.items() if any(path.endswith(url) for path in site.paths())}


def test_a_host_that_compresses_sends_the_interpreter_once(page, site):
    draw(page, size=0)
    assert taken(site) == {"plain"}


def test_a_host_that_does_not_compress_sends_few_bytes_all_the_same(page, site):
    site.compress = False
    assert draw(page, size=0) == [0.0, 0.0]
    assert taken(site) == {"plain", "wasm"}
    told = page.evaluate("progress")
    assert told[-1]["loaded"] == told[-1]["total"]


def test_without_the_plain_interpreter_the_packed_one_serves(page, site):
    site.faults[site.manifest["files"]["plain"]["url"]] = Fault(truncate=300_000)
    assert draw(page, size=0) == [0.0, 0.0]
    assert taken(site) == {"plain", "wasm"}


def test_a_byte_of_the_interpreter_that_is_wrong_is_noticed(page, site):
    plain = site.manifest["files"]["plain"]
    site.faults[plain["url"]] = Fault(flip=plain["bytes"] - 1_000)  # in its data, which compiles whatever it is
    assert draw(page, size=0) == [0.0, 0.0]
    assert taken(site) == {"plain", "wasm"}


def test_a_host_that_unpacks_gz_on_the_way_is_as_good(page, site, generated):
    import gzip

    entry = site.manifest["files"]["core"]["url"]
    plain = gzip.decompress((generated / "py" / entry).read_bytes())
    page.route(f"**/{entry}", lambda route: route.fulfill(status=200, body=plain))
    assert draw(page, size=0) == [0.0, 0.0]


def test_the_server_gives_wasm_its_type():
    from tests.browser.serve import TYPES

    assert TYPES[".wasm"] == "application/wasm"


def test_a_figure_is_drawn_and_a_page_brings_its_data(page):
    assert draw(page, size=1) == [0.0, TANH_OF_1]
    assert draw(page, "demo/letters") == "abc"


def test_an_edit_changes_the_figures_and_reset_restores_them(page):
    page.evaluate("python.open('demo')")
    answer = run(page, "def step(x):\n    return 2 * x")
    assert answer["redraw"] == ["demo/curve", "demo/count", "demo/letters"]
    assert draw(page, size=3) == [0.0, 6.0]
    assert page.evaluate(f"python.reset('{STEP}')")["redraw"] == answer["redraw"]
    assert draw(page, size=1) == [0.0, TANH_OF_1]


def test_pages_do_not_share_edits(page):
    page.evaluate("python.open('demo')")
    run(page, "def step(x):\n    return 2 * x")
    page.evaluate("python.open('second')")
    assert draw(page, "second/curve", size=1) == [0.0, TANH_OF_1]
    page.evaluate("python.open('demo')")
    assert draw(page, size=3) == [0.0, 6.0]


def test_of_many_draws_of_one_figure_the_newest_wins_and_most_are_never_computed(page):
    draw(page, size=0)
    answers = page.evaluate(
        """async () => {
            const asked = [];
            for (let size = 1; size <= 30; size += 1) asked.push(python.draw("demo/curve", { size }));
            return Promise.all(asked);
        }"""
    )
    assert "figure" in answers[-1]
    superseded = [answer for answer in answers if answer.get("superseded")]
    assert len(superseded) == 28
    assert draw(page, "demo/count") == [0, 1, 30]


def test_draws_of_different_figures_do_not_displace_each_other(page):
    answers = page.evaluate('Promise.all(["curve", "count", "letters"].map((name) => python.draw(`demo/${name}`, {})))')
    assert all("figure" in answer for answer in answers)


def test_a_draw_that_is_no_longer_wanted_is_dropped(page):
    draw(page, size=0)
    answer = page.evaluate(
        """async () => {
            const controller = new AbortController();
            const busy = python.draw("demo/letters", {});
            const asked = python.draw("demo/curve", { size: 7 }, { signal: controller.signal });
            controller.abort();
            await busy;
            return asked;
        }"""
    )
    assert answer == {"superseded": True}
    assert draw(page, "demo/count") == [0]


def test_an_error_names_the_readers_line(page):
    page.evaluate("python.open('demo')")
    error = run(page, "x = 1\nprint(torch.tanhh(x))")["error"]
    assert error["line"] == 2
    assert error["source"] == "print(torch.tanhh(x))"
    assert error["plain"] == "Line 2: torch has no “tanhh”. Did you mean “tanh”?"
    assert error["traceback"].endswith("Did you mean: 'tanh'?")


def test_a_syntax_error_names_the_readers_line(page):
    page.evaluate("python.open('demo')")
    error = run(page, "def step(x):\n    return (x\n")["error"]
    assert (error["type"], error["line"]) == ("SyntaxError", 2)
    assert "was never closed" in error["plain"]


def test_endless_recursion_is_an_error_like_any_other(page):
    page.evaluate("python.open('demo')")
    assert run(page, "def f(n):\n    return f(n + 1)\nf(0)")["error"]["type"] == "RecursionError"
    assert run(page, "1 + 1")["result"] == "2"
    assert page.evaluate("lost") == []


def test_code_that_brings_pythons_own_machinery_down_is_survived(page):
    page.expected += ["Pyodide", "fatal error", "RangeError", "Stack trace"]
    page.evaluate("python.open('demo')")
    error = run(page, "x = []\nfor _ in range(100_000):\n    x = [x]\nrepr(x)")["error"]
    assert error["plain"] == "Python stopped working: the code nested too deeply. It is being started again."
    assert draw(page, size=1) == [0.0, TANH_OF_1]


@however_it_starts
def test_full_memory_is_an_error_like_any_other(page):
    page.evaluate("python.open('demo')")
    error = run(page, "held = []\nwhile True:\n    held.append(bytes(200_000_000))")["error"]
    assert error["type"] == "MemoryError"
    assert "ran out of memory" in error["plain"]
    assert run(page, "1 + 1")["result"] == "2"


@however_it_starts
def test_output_streams_while_a_loop_runs_and_stop_ends_it(page, site):
    page.evaluate("python.open('demo')")
    run(page, "def step(x):\n    return 2 * x")
    page.evaluate(
        """() => {
            window.printed = "";
            window.running = python.run("demo.model:step", "print('on its way')\\nwhile True:\\n    pass", {
                onOutput: (piece) => (window.printed += piece),
            });
            window.waiting = python.draw("demo/curve", { size: 4 });
        }"""
    )
    page.wait_for_function("() => printed.includes('on its way')")
    before = len(site.log)
    page.evaluate("python.stop()")
    again = [path.rpartition("/")[2] for path in site.paths()[before:]]
    assert not [name for name in again if ".pack." in name or ".wasm" in name or name == "manifest.json"]
    assert page.evaluate("running") == {"stopped": True}
    assert page.evaluate("waiting") == {"stopped": True}
    assert state(page) == "ready,ready"
    assert [entry["reason"] for entry in page.evaluate("lost")] == ["stopped"]
    assert draw(page, size=1) == [0.0, TANH_OF_1]


def test_a_flood_of_output_is_bounded_on_its_way(page):
    page.evaluate("python.open('demo')")
    answer = run(page, "for i in range(200_000):\n    print(i)")
    assert 200_000 <= len(answer["printed"]) < 200_200
    assert "the rest is not shown" in answer["printed"]


@however_it_starts
def test_what_the_lean_pack_lacks_is_fetched_when_it_is_imported(page, site):
    page.evaluate("python.open('demo')")
    assert not [path for path in site.paths() if "standard" in path or "numpy." in path]
    text = (
        "import csv, decimal, io\nimport numpy.testing, numpy.polynomial\n"
        "numpy.testing.assert_allclose(1.0, 1.0)\n"
        "next(csv.reader(io.StringIO('a,b'))), str(decimal.Decimal(1) / 8)"
    )
    assert run(page, text)["result"] == "(['a', 'b'], '0.125')"
    fetched = [path for path in site.paths() if "standard" in path or "/numpy." in path]
    assert len(fetched) == 2


@however_it_starts
def test_python_starts_without_asyncio_and_has_it_for_who_imports_it(page, site):
    text = """
        import gc, sys
        print("asyncio" in sys.modules, gc.isenabled(), gc.get_freeze_count() > 10_000)
        import asyncio
        async def late(value):
            await asyncio.sleep(0.01)
            return value
        loop = asyncio.get_event_loop()
        print(type(loop).__name__, type(late(1).send(None)).__name__)
        sorted(asyncio.__all__)[:2], asyncio.events.get_event_loop is asyncio.get_event_loop
    """
    page.evaluate("python.open('demo')")
    answer = run(page, textwrap.dedent(text))
    assert answer["printed"].splitlines() == ["False True True", "WebLoop PyodideFuture"]
    assert "restored" not in answer
    assert answer["result"] == "(['ALL_COMPLETED', 'AbstractChildWatcher'], True)"
    assert run(page, "import asyncio\nasyncio.Event().is_set()")["result"] == "False"


def test_a_module_that_does_not_exist_fetches_nothing(page, site):
    page.evaluate("python.open('demo')")
    assert "no module “pandas”" in run(page, "import pandas")["error"]["plain"]
    assert not [path for path in site.paths() if "standard" in path or "/numpy." in path]


def test_an_archive_that_cannot_be_fetched_is_an_error_and_can_be_tried_again(page, site):
    page.evaluate("python.open('demo')")
    site.faults["standard"] = Fault(status=503)
    error = run(page, "import csv")["error"]
    assert error["type"] == "ImportError"
    assert "the server answered 503" in error["message"]
    site.faults.clear()
    assert run(page, "import csv\ncsv.QUOTE_ALL")["result"] == "1"


NOT_FOUND = Fault(content=b"<!doctype html><title>Not found</title>", content_type="text/html; charset=utf-8")
FAULTS = [
    ("worker.js", Fault(status=404), "worker.js"),
    ("worker.js", NOT_FOUND, "worker.js"),
    ("seal.js", Fault(truncate=500), "worker.js"),
    ("manifest.json", Fault(status=404), "(manifest.json)"),
    ("manifest.json", Fault(truncate=40), "The list of Python's files (manifest.json) arrived damaged or cut short"),
    ("manifest.json", NOT_FOUND, "(manifest.json) arrived damaged"),
    ("asm.wasm", Fault(status=404), "The Python interpreter"),
    ("asm.wasm", Fault(truncate=300_000), "The Python interpreter"),
    ("asm.wasm", NOT_FOUND, "The Python interpreter"),
    ("asm.wasm.gz", Fault(flip=9), "It is not the file that this site was built with"),  # gzip itself overlooks it
    ("lean.", Fault(truncate=100_000), "The start pack"),
    ("lean.", Fault(flip=2_000_000), "The start pack"),
    ("lean.", Fault(flip=9), "It is not the file that this site was built with"),
    ("lean.", NOT_FOUND, "It is no pack of files"),
    ("core.", Fault(status=500), "the server answered 500"),
    ("core.", NOT_FOUND, "The atlas's own code"),
    ("asm.js", Fault(status=404), "Pyodide's script"),
    ("asm.js", Fault(flip=500_000), "Pyodide's script"),
    ("asm.js", NOT_FOUND, "Pyodide's script"),
    (".mjs", Fault(truncate=3_000), "Pyodide's loader"),
]


@from_packs
def test_a_file_that_fails_is_named_and_trying_again_works(page, site):
    page.expected += ["MIME type"]
    for path, fault, words in FAULTS:
        site.compress = path != "asm.wasm.gz"  # which is asked for where the host does not compress
        site.faults = {path: fault}
        answer = run(page, "1 + 1")
        assert words in answer.get("error", {}).get("plain", ""), (path, fault, answer)
        assert state(page) == "failed,failed"
    site.faults, site.compress = {}, True
    page.evaluate("python.open('demo')")
    assert run(page, "1 + 1")["result"] == "2"
    assert state(page) == "ready,ready"
    for fault in (Fault(truncate=90), Fault(flip=120), NOT_FOUND, Fault(status=503)):
        site.faults["second.json"] = fault
        message = page.evaluate("python.open('second').catch((error) => error.message)")
        assert message.startswith("The code of the page “second” (second.json)"), message
    site.faults.clear()
    page.evaluate("python.open('demo')")
    for fault in (Fault(truncate=2), Fault(flip=1), NOT_FOUND):
        site.faults["letters.txt"] = fault
        answer = page.evaluate("python.draw('demo/letters', {})")
        assert answer["error"]["plain"] == "The file snippets/data/letters.txt arrived damaged or cut short."
    for fault in (Fault(truncate=9000), Fault(flip=9000), NOT_FOUND):
        site.faults["standard"] = fault
        assert "arrived damaged or cut short" in run(page, "import csv")["error"]["message"]
    site.faults.clear()
    page.evaluate("python.open('second')")
    assert draw(page, "demo/letters") == "abc"
    assert run(page, "import csv\ncsv.QUOTE_ALL")["result"] == "1"


def test_a_page_whose_code_fails_says_so_and_leaves_python_running(page, site):
    page.evaluate("python.open('second')")
    site.faults["demo.json"] = Fault(status=404)
    message = page.evaluate("python.open('demo').catch((error) => error.message)")
    assert message == "The code of the page “demo” (demo.json) could not be fetched: the server answered 404."
    assert state(page) == "ready,ready"
    site.faults.clear()
    assert draw(page, size=0) == [0.0, 0.0]


def test_a_page_of_a_newer_release_asks_for_a_reload(page, site):
    page.evaluate("python.open('second')")
    newer = json.loads(site.extra["assets/generated/py/pages/demo.json"])
    site.extra["assets/generated/py/pages/demo.json"] = json.dumps({**newer, "hash": "newer"})
    message = page.evaluate("python.open('demo').catch((error) => error.message)")
    assert message == "The site has a new release. Reload the page to run Python."


def asked(site, name: str) -> int:
    return sum(name in path for path in site.paths())


def test_a_data_file_is_fetched_when_python_first_reads_it_and_once(page, site):
    assert draw(page, size=0) == [0.0, 0.0]
    assert asked(site, "letters.txt") == 0
    size = "import os, snippets.data\nos.path.getsize(snippets.data.__path__[0] + '/letters.txt')"
    assert run(page, size)["result"] == "3"
    assert asked(site, "letters.txt") == 0
    assert draw(page, "demo/letters") == "abc"
    assert draw(page, "demo/letters") == "abc"
    assert asked(site, "letters.txt") == 1


def test_a_data_file_that_is_not_there_is_named(page, site):
    site.faults["letters.txt"] = Fault(status=404)
    answer = page.evaluate("python.draw('demo/letters', {})")
    message = "The file snippets/data/letters.txt could not be fetched, the server answered 404."
    assert answer["error"]["plain"] == message
    site.faults.clear()
    assert draw(page, "demo/letters") == "abc"


def test_opening_a_page_twice_fetches_it_once(page, site):
    page.evaluate("Promise.all([python.open('demo'), python.open('demo')])")
    page.evaluate("python.open('demo')")
    draw(page, size=0)
    assert len([path for path in site.paths() if path.endswith("pages/demo.json")]) == 1
    page.evaluate("python.expect('second')")
    page.evaluate("python.open('second')")
    assert len([path for path in site.paths() if path.endswith("pages/second.json")]) == 1


def test_warm_starts_python_once(page, site):
    page.evaluate("() => { python.warm(); python.warm(); }")
    page.wait_for_function("() => python.state === 'ready'")
    page.evaluate("python.warm()")
    assert len([path for path in site.paths() if path.endswith("worker.js")]) == 1
    assert page.evaluate("states") == ["loading", "ready"]


# --- waking from the snapshot


def asked_for(site, name: str) -> int:
    """How often one of Python's files was asked for."""
    return asked(site, site.manifest["files"][name]["url"])


FACTS = """
import hashlib, importlib, json, os, pkgutil, sys, time, numpy
def short(value):
    return hashlib.sha256(str(value).encode()).hexdigest()
facts = {
    "path": sys.path,
    "finders": [getattr(finder, "__name__", type(finder).__name__) for finder in sys.meta_path],
    "program": [sys.argv, sys.executable, sys.flags, os.getcwd()],
    "environment": sorted(os.environ.items()),
    "zone": [time.tzname, time.timezone, time.altzone, time.daylight, time.localtime(1.75e9), time.localtime().tm_zone],
    "files": [short(sorted((place, sorted(names)) for place, _, names in os.walk(top))) for top in ("/atlas", "/lib")],
    "modules": short([name for _, name, _ in pkgutil.iter_modules([*numpy.__path__, "/lib/python3.13"])]),
    "bytecode": short(open(json.__cached__, "rb").read()),
    "size": os.path.getsize(numpy.__cached__),
    "again": importlib.reload(json).dumps([1]),
}
print(json.dumps(facts))
"""
CHANCE = """
import random, secrets, uuid
import numpy.random
torchs = torch.initial_seed(), torch.rand(1).item()
print([random.random(), *torchs, numpy.random.rand(), uuid.uuid4(), secrets.token_hex()])
"""


def test_python_is_the_same_however_it_starts(chromium_browser, site):
    facts, numbers = {}, []
    for start in (*STARTS, "snapshot"):
        site.extra[MANIFEST] = with_start(json.dumps(site.manifest), start)
        context = chromium_browser.new_context(locale="de-DE", timezone_id="America/New_York")
        page = context.new_page()
        page.goto(f"{site.url}page.html")
        page.wait_for_function("() => window.python")
        page.evaluate("python.open('demo')")
        before = asked_for(site, "lean")
        facts[start] = json.loads(run(page, FACTS)["printed"])
        assert asked_for(site, "lean") == before + (start == "snapshot")  # for the bytecode that was read
        numbers += run(page, CHANCE)["printed"].strip("[]\n").split(", ")
        for text in ("torch.tanhh(1)", "import nowhere", "import numpy\nnumpy.nowhere", "torch.nn.nowhere", "exit()"):
            facts[start][text] = run(page, text)["error"]["plain"]
        context.close()
    assert facts["snapshot"] == facts["packs"]
    assert facts["packs"]["zone"][:2] == [["UTC-0500", "UTC-0400"], 18000]
    assert len(set(numbers)) == len(numbers) == 18


@from_snapshot
def test_a_start_from_the_snapshot_and_stop_fetch_no_pack(page, site):
    draw(page, size=1)
    page.evaluate("python.stop()")
    assert draw(page, size=1) == [0.0, TANH_OF_1]
    assert run(page, "from torch import nn\nnn.Linear(2, 3)(torch.ones(2)).shape")["result"] == "torch.Size([3])"
    assert [asked_for(site, name) for name in ("snapshot", "lean", "core")] == [1, 0, 0]


def spoilt(packed: bytes, **changes: object) -> bytes:
    """A snapshot with other values in its list."""
    files = unpack(packed)
    return pack(files | {"snapshot.json": json.dumps({**json.loads(files["snapshot.json"]), **changes}).encode()})


SPOILT = {
    "cut short": lambda packed: packed[: len(packed) // 2],
    "another file": lambda packed: pack({"a": b"b"}),
    "of another memory": lambda packed: spoilt(packed, rest=1),
    "of another interpreter": lambda packed: spoilt(packed, addresses=1),
    "with too long a table": lambda packed: spoilt(packed, table=1),
}


@from_snapshot
@pytest.mark.parametrize("fault", SPOILT)
def test_a_snapshot_that_fails_is_told_to_nobody(page, site, generated, fault):
    url = site.manifest["files"]["snapshot"]["url"]
    tried = []

    def answer(route):
        tried.append(route.request.url)
        route.fulfill(status=200, body=SPOILT[fault]((generated / "py" / url).read_bytes()))

    page.route(f"**/{url}", answer)
    assert draw(page, size=1) == [0.0, TANH_OF_1]
    assert page.evaluate("states") == ["loading", "ready"]
    assert [len(tried), *(asked_for(site, name) for name in ("lean", "core"))] == [1, 1, 1]


@from_snapshot
def test_a_snapshot_that_has_failed_is_not_tried_again(page, site):
    site.faults[site.manifest["files"]["snapshot"]["url"]] = Fault(truncate=1000)
    draw(page, size=1)
    site.faults.clear()
    page.evaluate("python.stop()")
    assert draw(page, size=1) == [0.0, TANH_OF_1]
    assert asked_for(site, "snapshot") == 1


@pytest.mark.parametrize("site", [""], indirect=True, ids=["chosen"])
def test_the_snapshot_is_taken_where_it_pays(page, site):
    pays = page.evaluate(
        """async () => {
            const { pays } = await import("./assets/js/snapshot.js");
            return [[false, 0], [false, 20], [false, 500], [true, 0]].map(([kept, rate]) =>
                [false, true].map((saveData) => pays({ kept, line: { saveData, rate } })));
        }"""
    )
    assert pays == [[False, False], [False, False], [True, False], [True, False]]
    draw(page, size=1)
    assert [asked_for(site, name) for name in ("snapshot", "lean", "core")] == [0, 1, 1]  # nothing speaks for it here
