"""Build times, cold, with nothing changed, and after an edit while serving:  python -m benchmarks.build"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.tables import table, verdict

ROOT = Path(__file__).resolve().parent.parent
FIGURES = [sys.executable, "build_figures.py", "--jobs", "2"]
ASSETS = [sys.executable, "-m", "tools.assets"]
EDITED = "rebuild while serving, prose of a page edited"
TARGETS = {
    "all figures from committed weights": 240.0,
    "figures, nothing changed": 1.0,
    "site, nothing changed": 15.0,
    EDITED: 2.0,
}
UNTRIED = {
    "`make train SLUG=…`, one core (gpt: 1500)": 480.0,
    "`make experiments SLUG=…`": 1800.0,
}


def seconds(*commands: list[str]) -> float:
    """Wall-clock seconds of commands run one after the other; stops the benchmark when one fails."""
    start = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - start


def bench() -> dict[str, float]:
    """Seconds of every build, by name. `site, nothing changed` is what `make site` does."""
    with tempfile.TemporaryDirectory(prefix="atlas-site-") as folder:
        mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
        return {
            "all figures from committed weights": seconds([*FIGURES, "--force"]),
            "figures, nothing changed": seconds(FIGURES),
            "assets, nothing changed": seconds(ASSETS),
            "site, nothing changed": seconds(FIGURES, ASSETS, mkdocs),
            EDITED: served_edit(Path(folder)),
        }


def served_edit(folder: Path) -> float:
    """Seconds that the server needs to rebuild after the prose of one page changed, in `folder`; the file is put back.

    What comes on top when an author saves is the server's own wait of a quarter of a second for more changes.
    """
    page = ROOT / "docs/architectures/gpt.md"
    text = page.read_text(encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-c", ROUND_TRIP, str(page), str(folder)], cwd=ROOT, capture_output=True, text=True
        )
    finally:
        page.write_text(text, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"the rebuild while serving failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


# What `mkdocs serve` does around its web server: start, build, and after an edit load the settings and build again.
ROUND_TRIP = """
import pathlib, sys, time
from mkdocs.commands.build import build
from mkdocs.config import load_config
page, folder = pathlib.Path(sys.argv[1]), sys.argv[2]
address = "http://localhost:8000/"
def round_(config):
    config.site_url = address
    build(config, serve_url=address)
config = load_config(site_dir=folder)
config.plugins.on_startup(command="serve", dirty=False)
round_(config)
time.sleep(0.5)
round_(load_config(site_dir=folder))
page.write_text(page.read_text(encoding="utf-8") + "\\nOne more sentence.\\n", encoding="utf-8")
time.sleep(0.5)
began = time.perf_counter()
round_(load_config(site_dir=folder))
took = time.perf_counter() - began
built = pathlib.Path(folder, "architectures/gpt/index.html").read_text(encoding="utf-8")
if "One more sentence." not in built:
    raise SystemExit("the edit did not reach the page")
print(took)
"""


def tables(answer: dict[str, float]) -> str:
    """The measurements in Markdown. Training takes minutes a page: its budgets are named, and not tried here."""
    rows = [
        (name, f"{value:.1f}", verdict(value, TARGETS[name]) if name in TARGETS else "")
        for name, value in answer.items()
    ]
    rows += [(name, "not run here", f"≤ {limit:g}") for name, limit in UNTRIED.items()]
    return table("Builds, two jobs", ("seconds", "target"), rows)


if __name__ == "__main__":
    print(tables(bench()))
