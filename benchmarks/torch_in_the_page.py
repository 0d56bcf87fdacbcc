"""What `import torch` costs in the page: start, speed and size:  python -m benchmarks.torch_in_the_page

Natively a training step of numpy_torch and one of PyTorch take turns, each on one thread, so that a busy machine
burdens both. In Chromium everything runs in the page's own worker, from the files that the page fetches: the import is
the first one, timed by the worker as it starts; the GPT's step is a cell's text. Milliseconds are this machine's at
this moment.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks import start_up
from benchmarks.tables import table, verdict
from tests.browser.serve import Site
from tools import assets
from tools.packs import unpack

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "snippets" / "numpy_torch"
MODELS = ROOT / "tests" / "numpy_torch" / "models"
TEN = ("gpt", "bert", "transformer", "vit", "cnn", "lstm_gru", "vae", "diffusion", "state_space_mamba", "nerf")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
MOST_IMPORT, MOST_STEP = 150.0, 200.0  # milliseconds
MOST_RATIO = 4.0
MOST_WHEEL = 150.0  # kB
REPEATS = 11

BEGIN = 'const begun = pyodide.pyimport("atlas_start");'
TIMED_BEGIN = f"""const moments = [performance.now()];
  pyodide.runPython("import numpy");
  moments.push(performance.now());
  pyodide.pyimport("snippets.numpy_torch").destroy();
  moments.push(performance.now());
  pyodide.runPython("import snippets.numpy_torch as torch; torch.nn.functional.linear; torch.nn.Linear; "
    + "torch.optim.AdamW; del torch");
  moments.push(performance.now());
  scope.importsTook = moments.slice(1).map((moment, number) => moment - moments[number]);
  {BEGIN}"""
PAGE = """<!doctype html><meta charset="utf-8"><title>torch in the page</title><script type="module">
import { python } from "./assets/js/python.js";
window.run = async (text) => {
  let heard = "";
  await python.open(SLUG);
  const answer = await python.run(CELL, text, { onOutput: (output) => (heard += output) });
  if (answer.error) throw new Error(answer.error.traceback || answer.error.plain);
  return heard + (answer.output ?? "");
};
window.measure = () => run("from js import importsTook\\nprint('imports', *importsTook)");
</script>"""


# --- natively ------------------------------------------------------------------------------------------


def stepper(backend, name: str):
    """A function that trains one of the tests' models for one step."""
    module = backend.load(MODELS / f"{name}.py")
    model, batch = module.build(0)
    optimizer = backend.torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        module.loss(model, batch).backward()
        optimizer.step()

    return step


def native_ratios() -> dict[str, tuple[float, float]]:
    """Median milliseconds of a step by model: numpy_torch's and PyTorch's."""
    from tests.numpy_torch.backends import PAGE, TORCH

    found = {}
    for name in TEN:
        steps = [stepper(PAGE, name), stepper(TORCH, name)]
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(REPEATS + 2):
            for step, taken in zip(steps, times, strict=True):
                start = time.perf_counter()
                step()
                taken.append(1000 * (time.perf_counter() - start))
        found[name] = statistics.median(times[0][2:]), statistics.median(times[1][2:])
    return found


def on_one_thread() -> dict[str, tuple[float, float]]:
    """`native_ratios` in a process of its own, which reads the number of threads before it loads a library."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.torch_in_the_page", "--native"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **dict.fromkeys(THREADS, "1")}
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


# --- in Chromium ---------------------------------------------------------------------------------------


def page_site() -> Site:
    """A server of the page's own files, with a worker that notes how long the import took."""
    docs = ROOT / "docs"
    slug, cell, _ = start_up.first_cell(docs / "assets" / "generated")
    worker = (docs / "assets" / "js" / "worker.js").read_text(encoding="utf-8")
    if worker.count(BEGIN) != 1:
        raise SystemExit(f"torch_in_the_page: the worker has no line `{BEGIN}` to time")
    page = PAGE.replace("SLUG", json.dumps(slug)).replace("CELL", json.dumps(cell))
    extra = {"page.html": page, "favicon.ico": "", "assets/js/worker.js": worker.replace(BEGIN, TIMED_BEGIN)}
    return Site(docs, extra=extra, headers={})


def numbers(answer: str, name: str) -> list[float]:
    """The numbers that a cell printed after `name`."""
    for line in answer.splitlines():
        if line.startswith(f"{name} "):
            return [float(word) for word in line.split()[1:]]
    raise SystemExit(f"torch_in_the_page: expected a line {name!r} and got {answer!r}")


def in_chromium(rounds: int) -> dict[str, float]:
    """Milliseconds in the page's worker; a new browser profile each round."""
    imports, steps, best, count = [], [], [], 0.0
    step = (Path(__file__).parent / "gpt_step.py").read_text(encoding="utf-8")
    with page_site() as site, sync_playwright() as playwright:
        for _ in range(rounds):
            with (
                tempfile.TemporaryDirectory(prefix="atlas-profile-", ignore_cleanup_errors=True) as profile,
                start_up.browser(playwright, site, profile) as page,
            ):
                imports.append(numbers(page.evaluate("measure()"), "imports"))
                count, median, fastest = numbers(page.evaluate("(text) => run(text)", step), "step")
                steps.append(median)
                best.append(fastest)
    numpy, torch, modules = zip(*imports, strict=True)
    return {
        "numpy": statistics.median(numpy),
        "import": statistics.median(torch),
        "fastest import": min(torch),
        "modules": statistics.median(modules),
        "parameters": count,
        "step": statistics.median(steps),
        "fastest step": min(best),
    }


# --- size ----------------------------------------------------------------------------------------------


def wheel_size() -> int:
    """Bytes of a zip of the package's sources, deflated as wheels are."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for path in sorted(PACKAGE.rglob("*.py")):
            wheel.write(path, path.relative_to(ROOT).as_posix())
    return len(content.getvalue())


def page_size() -> int:
    """Bytes of the package's bytecode as compressed as in the pack that the page fetches."""
    generated = ROOT / "docs" / "assets" / "generated" / "py"
    manifest = json.loads((generated / "manifest.json").read_text(encoding="utf-8"))
    files = unpack((generated / manifest["files"]["core"]["url"]).read_bytes())
    own = [data for path, data in sorted(files.items()) if "/numpy_torch/" in f"/{path}"]
    return len(zlib.compress(b"".join(own), 9))


def bench(rounds: int) -> dict:
    return {
        "load": os.getloadavg()[0],
        "page": in_chromium(rounds),
        "native": on_one_thread(),
        "wheel": wheel_size() / 1000,
        "pack": page_size() / 1000,
    }


def tables(answer: dict) -> str:
    """The measurements in Markdown."""
    page, native = answer["page"], answer["native"]
    ratios = {name: ours / theirs for name, (ours, theirs) in native.items()}
    middle = statistics.median(ratios.values())
    rows = [
        (
            f"first `import torch` in Chromium, ms (fastest {page['fastest import']:.0f})",
            f"{page['import']:.0f}",
            verdict(page["import"], MOST_IMPORT),
        ),
        ("· `import numpy` before it, ms", f"{page['numpy']:.0f}", ""),
        ("· `torch.nn` and `torch.optim` after it, ms", f"{page['modules']:.0f}", ""),
        (
            f"in Chromium, a training step of a GPT with {page['parameters'] / 1e6:.2f}M parameters on 8 × 64 tokens, "
            f"ms (fastest {page['fastest step']:.0f})",
            f"{page['step']:.0f}",
            verdict(page["step"], MOST_STEP),
        ),
        ("a training step against PyTorch's, one thread, median of the models below", f"{middle:.2f} ×",
         verdict(middle, MOST_RATIO)),
        *((f"· {name}: {native[name][0]:.1f} ms, PyTorch {native[name][1]:.1f} ms", f"{ratio:.2f} ×", "")
          for name, ratio in sorted(ratios.items(), key=lambda item: item[1])),
        ("sources as a wheel (zip, deflated), kB", f"{answer['wheel']:.0f}", verdict(answer["wheel"], MOST_WHEEL)),
        ("bytecode in the page's pack, compressed, kB", f"{answer['pack']:.0f}", ""),
    ]
    title = f"`torch` in the page ({os.cpu_count()} cores, on average {answer['load']:.0f} processes wanting one)"
    return table(title, ("measured", "target"), rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="starts of Chromium")
    parser.add_argument("--native", action="store_true", help="print only the native milliseconds, as JSON")
    chosen = parser.parse_args()
    if chosen.native:
        print(json.dumps(native_ratios()))
        return 0
    if assets.main(["python"]):
        return 1
    print(tables(bench(chosen.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
