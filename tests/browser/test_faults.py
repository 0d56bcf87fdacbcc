"""What goes wrong in the reader's browser: code that breaks everything, workers that die, storage that is full or
forbidden, links that were made to do harm. Files that are damaged are in test_python.py."""

from __future__ import annotations

import base64
import random
import zlib
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import RNN, Cell, Figure, wait_for_python

pytestmark = pytest.mark.browser

STEP = "rnn.model:step"
HIDDEN_STATE = "rnn/hidden_state"
PYTHON_DIES = ("Pyodide", "fatal", "RangeError", "Stack trace", "Maximum call stack", "Traceback", "The cause")
# A page cannot reach its worker; here it can.
WORKERS = "globalThis.workers = []; globalThis.Worker = class extends Worker {\
  constructor(...given) { super(...given); workers.push(this); } };"


def import_python(page: Page) -> None:
    """Make the page's own client `window.python`, and count its losses."""
    page.evaluate(
        """async () => {
            const main = document.querySelector("script[src*='/js/main.js']").src;
            window.python = (await import(main.replace("main.js", "python.js"))).python;
            window.losses = [];
            python.addEventListener("lost", ({ detail }) => losses.push(detail.message));
        }"""
    )


def run(page: Page, code: str) -> dict:
    return page.evaluate("([cell, code]) => python.run(cell, code)", [STEP, code])


SURVIVED = {
    "import builtins\nbuiltins.print = None\ndel builtins.len\nbuiltins.__import__ = None": "builtins.",
    "import sys\nsys.modules.clear()\nsys.stdout = None\nsys.path.clear()\nsys.meta_path.clear()": "sys.",
    "import sys\nsys.modules['torch'] = None\ndel sys.modules[__name__]\nsys.setrecursionlimit(10**9)": "sys.",
    "torch.Tensor.__add__ = torch.Tensor.__matmul__ = lambda a, b: 5\ntorch.tanh = None": "torch.",
    "import numpy\nnumpy.matmul = numpy.add = numpy.asarray = None": "numpy.",
    "from snippets.kit.session import Session\nSession.run = Session.draw = Session.handle = None": "snippets.kit.",
    "torch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)": "torch.",
}
REFUSED = {
    "import os\nos.remove(__file__)": "this file belongs to the site",
    "import shutil\nshutil.rmtree('/atlas')": "this file belongs to the site",
    "open('/atlas/snippets/data/names.txt', 'w')": "this file belongs to the site",
    "input()": "nobody to ask",
    "import threading\nthreading.Thread(target=print).start()": "one thread",
    "bytearray(10**10)": "",
    "raise BaseException('bare')": "BaseException",
    "raise GeneratorExit": "GeneratorExit",
    "import sys\nsys.exit()": "nothing to leave",
    "held = []\nwhile True:\n    held.append([0] * 1000)": "ran out of memory",
    "def f(n):\n    return f(n + 1)\nf(0)": "keeps calling itself",
}
BEYOND = """
import js
names = ("fetch XMLHttpRequest WebSocket EventSource caches indexedDB Worker SharedWorker BroadcastChannel"
         " importScripts postMessage close cookieStore FontFace").split()
found, holder = [], js.self
while holder:
    found += [name for name in names if getattr(holder, name, None) is not None]
    holder = js.Object.getPrototypeOf(holder)
found += [name for name in ("locks", "storage", "serviceWorker") if hasattr(js.navigator, name)]
js.dispatchEvent(js.MessageEvent.new("message", js.JSON.parse('{"data": {"fetch": "gpt"}}')))
sorted(found)
"""
DEADLY = {
    "import os\nos._exit(0)": "the code ended it",
    "x = []\nfor _ in range(100_000):\n    x = [x]\nrepr(x)": "the code nested too deeply",
    "class A:\n    def __getattr__(self, name):\n        return getattr(self, name)\nA().b": "nested too deeply",
    "import sys\nsys.setrecursionlimit(10**9)\ndef f(n):\n    return sorted([0], key=f)\nf(0)": "nested too deeply",
    "import sys\nsys.addaudithook(lambda *given: 1 / 0)": "the code changed what Python itself needs",
}


def test_whatever_a_readers_code_does_the_page_goes_on(open_page, host):
    page = open_page(expected=PYTHON_DIES)
    import_python(page)
    hidden = Figure(page, HIDDEN_STATE).reach()
    wanted = "{ text: 'zoe' }"
    draw = f"async () => JSON.stringify((await python.draw('{HIDDEN_STATE}', {wanted})).figure?.data)"
    page.evaluate("python.open('rnn')")
    before = page.evaluate(draw)
    assert before.startswith("[{")
    for code, name in SURVIVED.items():
        answer = run(page, code)
        assert "error" not in answer, (code, answer["error"])
        assert [one for one in answer["restored"] if one.startswith(name)], (code, answer["restored"])
        page.evaluate("(cell) => python.reset(cell)", STEP)
        assert page.evaluate(draw) == before, code
    for code, words in REFUSED.items():
        answer = run(page, code)
        assert words in answer["error"]["plain"], (code, answer)
        assert answer["error"]["plain"].startswith("Line "), answer
        assert page.evaluate(draw) == before, code
    assert page.evaluate("losses") == []
    host.log.clear()
    assert run(page, BEYOND)["result"] == "[]"
    assert not [path for path in host.paths() if "gpt" in path]
    for code, words in DEADLY.items():
        error = run(page, code)["error"]
        assert error["plain"].startswith("Python stopped working") and words in error["plain"], (code, error)
        assert page.evaluate(draw) == before, code
    assert len(page.evaluate("losses")) == len(DEADLY)
    assert hidden.state == "static"


def test_a_cell_says_what_was_put_back_unfolds_its_output_and_outlives_its_worker(open_page):
    page = open_page()
    page.add_init_script(WORKERS)
    page.reload()
    cell = Cell(page, STEP)
    original = cell.code
    hidden = Figure(page, HIDDEN_STATE).reach()
    opening = hidden.data()

    cell.edit("import builtins\nbuiltins.print('x' * 50_000_000)\nbuiltins.print = None\n'y' * 50_000_000").run()
    assert cell.status == "done"
    assert "Put back when the run ended, since all cells and figures use it: builtins.print." in cell.output
    stream = cell.element.locator(".atlas-output__stream")
    assert len(stream.inner_text()) == 20_000
    more = cell.element.locator(".atlas-output__stream + button", has_text="Show more")
    more.click()
    assert len(stream.inner_text()) == 40_000
    for _ in range(8):
        more.click()
    assert stream.inner_text().rstrip().endswith("the rest is not shown: a run can show 200,000 characters.")
    assert not more.is_visible()
    assert len(cell.element.locator(".atlas-output__result").inner_text()) == 20_000

    cell.edit("while True:\n    pass")
    cell.button("run").click()
    page.locator(f"[data-cell='{STEP}'][data-status=running]").wait_for()
    page.evaluate("workers.at(-1).terminate()")
    cell.settle()
    assert cell.status == "error"
    assert "Python stopped working" in cell.output
    wait_for_python(page)
    cell.button("reset").click()
    assert cell.code == original
    hidden.after(lambda: cell.edit(original.replace("torch.tanh(a)", "a")).run())
    hidden.after(cell.button("reset").click)
    assert hidden.data() == opening

    # Damage that no guard sees: the figure fails after Reset too, and Python is started afresh.
    cell.edit(original + "\nfor held in torch.tanh.__closure__:\n    held.cell_contents = None\n").run()
    hidden.wait("(figure) => figure.dataset.state === 'error'")
    cell.button("reset").click()
    cell.element.locator(".atlas-output__note", has_text="Restored: Python was started afresh").wait_for(timeout=60_000)
    assert hidden.data() == opening
    assert hidden.state == "static"


BLOCKED = """
for (const name of ["localStorage", "sessionStorage", "caches", "indexedDB"]) {
  Object.defineProperty(globalThis, name, { get() { throw new DOMException("denied", "SecurityError"); } });
}
"""
FULL = """
Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
Cache.prototype.put = Cache.prototype.add = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
"""


@pytest.mark.parametrize("script", [BLOCKED, FULL], ids=["blocked", "full"])
def test_storage_that_fails_takes_nothing_with_it(open_page, host, script):
    page = open_page("", service_workers="allow")
    page.add_init_script(script)
    for path in ("", "compare/", "pipeline/", "glossary/", "explorer/", RNN):
        page.goto(host.url + path)
        page.locator("h1").first.wait_for()
        page.wait_for_function("() => document.documentElement.dataset.python !== undefined")
    page.locator("form[data-md-component=palette] label:not([hidden])").click()
    page.locator("form[data-md-component=palette] label:not([hidden])").click()
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    hidden = Figure(page, HIDDEN_STATE).reach()
    page.mouse.wheel(0, 20_000)
    cell = Cell(page, STEP)
    cell.edit("1 + 1").run()
    assert cell.element.locator(".atlas-output__result").inner_text() == "2"
    hidden.after(lambda: hidden.element.locator("input[type=text]").fill("zoe"))


def shared(cell: str, text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(raw) + packer.flush()
    kind, body = ("z", packed) if len(packed) < len(raw) else ("p", raw)
    return f"#edit={quote(cell, safe='')}~{kind}{base64.urlsafe_b64encode(body).decode().rstrip('=')}"


MARKUP = (
    "<img src=x onerror=harm()>", "</code></pre><script>harm()</script>", "<svg onload=harm()>", "javascript:harm()",
    "<iframe srcdoc='<script>parent.harm()</script>'>", "{{harm()}}", "${harm()}", "<style>*{display:none}</style>",
    "<a href='javascript:harm()'>x</a>", "\x00\x1b[2J\u202e\u2066\ufeff", "e\u0301" * 50, "&lt;b&gt;",
)


def links() -> list[str]:
    """Fragments that mean harm, and fragments that were harmed; the same each time."""
    chance = random.Random(0)
    found = []
    for text in MARKUP:
        found += [shared(STEP, text), shared(text, text), f"#edit={text}~p{text}", f"#{text}", f"#edit={quote(text)}"]
    found.append(shared(STEP, "import js\njs.fetch('https://example.org')\n" * 40))
    found.append(shared(STEP, b"\0" * 80_000_000))  # a little text that unpacks to much
    found.append("#edit=" + "a" * 2_000_000)
    found.append(shared(STEP, "x = 1\n" * 3_000))
    found += [shared(STEP, b"\xff\xfe\xfd"), shared(STEP, b"\xed\xa0\x80")]
    for name in ("__proto__:constructor", "constructor", "rnn.model", "rnn.model:step:step", ""):
        found.append(shared(name, "1"))
    for _ in range(200):
        letters = "".join(chance.choice([chance.choice(MARKUP), chr(chance.randrange(1, 0xD7FF))]) for _ in range(9))
        whole = shared(STEP, letters)
        at = chance.randrange(6, len(whole))
        found.append(chance.choice([
            whole, whole[:at], whole[:at] + chance.choice("%~#<>&\"'=+/é") + whole[at:], whole[:at] + whole[at + 1 :],
        ]))  # fmt: skip
    return found


SPY = """
globalThis.read = [];
globalThis.harm = () => read.push("harm");
for (const name of ["getItem", "setItem", "removeItem", "key"]) {
  const ordinary = Storage.prototype[name];
  Storage.prototype[name] = function (...given) { read.push(given[0]); return ordinary.apply(this, given); };
}
"""
PLACES = ".atlas-cell__code *, .atlas-cell__notice *, .atlas-notice, .atlas-notice *"


def test_a_link_runs_nothing_reads_nothing_and_adds_no_markup(open_page, host):
    page = open_page()
    page.add_init_script(SPY)
    page.reload(wait_until="networkidle")
    cell = Cell(page, STEP)
    original = cell.code
    page.evaluate("read.length = 0")
    host.log.clear()
    outcomes = page.evaluate(
        """async (links) => {
            const cell = document.querySelector("[data-cell='rnn.model:step']");
            const main = document.querySelector("script[src*='/js/main.js']").src;
            const { decodeEdit } = await import(main.replace("main.js", "share.js"));
            const found = [];
            for (const link of links) {
                history.replaceState(null, "", location.pathname);
                let said;
                try {
                    const edit = await decodeEdit(link);
                    said = edit && edit.text;
                } catch (error) {
                    said = { error: error.message };
                }
                location.hash = link;
                await new Promise((resolve) => setTimeout(resolve, 5));
                found.push([said, cell.dataset.status, document.querySelectorAll(".atlas-notice").length]);
            }
            return found;
        }""",
        links(),
    )
    assert {status for _, status, _ in outcomes} == {"idle"}
    assert max(notices for *_, notices in outcomes) == 1, "an old link's notice goes when another is followed"
    texts = [said for said, *_ in outcomes if isinstance(said, str)]
    assert len(texts) > 50
    assert not [text for text in texts if any(letter in text for letter in "\x00\x1b\u202e\u2066\ufeff\r")]
    assert {said["error"].split(":")[0] for said, *_ in outcomes if isinstance(said, dict)} == {
        "This link carries an edited cell that cannot be read",
        "This link carries an edited cell that is too long to be one of this page's.",
    }
    page.goto(host.url + RNN + shared(STEP, "".join(MARKUP[:10])))
    cell.element.locator(".atlas-cell__notice").wait_for()
    names = page.locator(PLACES).evaluate_all("(found) => [...new Set(found.map((one) => one.localName))].sort()")
    assert set(names) <= {"button", "code", "div", "pre", "span"}
    assert page.locator("img[src='x'], iframe, script:not([src], [type='application/json'])").count() == 0
    assert page.evaluate("read.filter((entry) => entry === 'harm')") == []
    assert page.evaluate("document.documentElement.dataset.python") == "off"
    assert not [path for path in host.paths() if "/py/" in path or "worker" in path]
    cell.element.locator(".atlas-cell__notice button").click()
    assert cell.code == original

    for path in ("", "compare/", "pipeline/", "glossary/"):
        for ending in ("#%E0%A4%A", f"#{MARKUP[0]}", f"?q={quote(MARKUP[1])}&of={quote(MARKUP[0])}&family=%3Cb%3E"):
            page.goto(host.url + path + ending)
            page.locator("h1").first.wait_for()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("read.filter((entry) => entry === 'harm')") == [], path
        assert page.locator("main img[src='x'], main script:not([src]):not([type])").count() == 0, path
