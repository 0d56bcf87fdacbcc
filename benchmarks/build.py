"""Build times, cold and with nothing changed:  python -m benchmarks.build"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIGURES = [sys.executable, "build_figures.py", "--jobs", "2"]
ASSETS = [sys.executable, "-m", "tools.assets"]
TARGETS = {"all figures from committed weights": 240.0, "figures, nothing changed": 1.0, "site, nothing changed": 15.0}


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
        }


def table(answer: dict[str, float]) -> str:
    """The measurements in Markdown."""
    lines = ["Builds, two jobs", "", "| | seconds | target |", "|---|---|---|"]
    for name, value in answer.items():
        limit = TARGETS.get(name)
        verdict = "" if limit is None else f"≤ {limit:g}, {'met' if value <= limit else '**missed**'}"
        lines.append(f"| {name} | {value:.1f} | {verdict} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(bench()))
