"""While serving: bring figures, diagrams and the page's Python up to date before a rebuild that they may matter to."""

import json
import logging
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig

log = logging.getLogger("mkdocs.hooks.generated")

FAILURES = Path(".cache/failures.json")
STEPS = (
    [sys.executable, "build_figures.py", "--failures", str(FAILURES)],
    [sys.executable, "-m", "tools.assets"],
)
# All that the builders read and write below the project. Of a page's text they read the front matter and what its
# cells include.
INPUTS = (
    "snippets",
    "tools",
    "docs/lessons",
    "build_figures.py",
    "package-lock.json",
    "node_modules/.package-lock.json",
)
PAGES = "docs"
OUTPUTS = ("docs/assets/generated", ".cache/figures", ".cache/assets")
RACE = 0.1  # s; a file that changed so shortly ago may change again without a sign of it

_FRONT = re.compile(r"---[ \t]*\n.*?\n---[ \t]*\n", re.DOTALL)
_FENCE = re.compile(r"^(?=([ \t]*(?:`{3}|~{3}).*\n?.*))", re.MULTILINE)  # and the line after it

State = dict[str, tuple]

_serving = False
_seen: tuple[State, State, State] | None = None  # what went into and what came out of the last round, unless one failed


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """Remember whether someone is watching; a plain build takes what `make` has made."""
    global _serving
    _serving = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    """Run the builders; both do only what an edit touched. What failed is told, here and in the page."""
    global _seen
    if not _serving:
        return
    root = Path(config.config_file_path).parent
    inputs, pages = state(root, INPUTS), included(root / PAGES)
    if _seen != (inputs, pages, state(root, OUTPUTS)):
        settled = all(stamps[0] < time.time_ns() - RACE * 1e9 for stamps in inputs.values())
        fine = all([run(step, root) for step in STEPS])
        _seen = (inputs, pages, state(root, OUTPUTS)) if fine and settled else None
    if (root / FAILURES).is_file():
        config.extra["atlas_failures"] = json.loads((root / FAILURES).read_text(encoding="utf-8"))


def run(step: list[str], root: Path) -> bool:
    """Run a builder and tell what it says when it fails; return whether it went well."""
    done = subprocess.run(step, cwd=root, capture_output=True, text=True)
    if done.returncode:
        log.error("%s\n%s", " ".join(step[1:]), (done.stdout + done.stderr).strip())
    return not done.returncode


def state(root: Path, names: Iterable[str]) -> State:
    """Return change time, size and inode of every file below some folders, bytecode apart.

    The change time is the system's own: unlike the time of modification, no program can set it back.
    """
    found: State = {}
    waiting = [root / name for name in names]
    while waiting:
        path = waiting.pop()
        try:
            stamps = path.stat()
            if stat.S_ISDIR(stamps.st_mode):
                waiting += [entry for entry in path.iterdir() if entry.name != "__pycache__"]
            else:
                found[str(path)] = (stamps.st_ctime_ns, stamps.st_size, stamps.st_ino)
        except OSError:  # gone since its folder was read, or never there
            continue
    return found


def included(folder: Path) -> State:
    """Return, for every page, its front matter and the beginnings of its blocks of code."""
    found: State = {}
    for path in folder.rglob("*.md"):
        text = path.read_text(encoding="utf-8", errors="replace")
        front = _FRONT.match(text)
        found[str(path)] = (front and front[0], *_FENCE.findall(text))
    return found
