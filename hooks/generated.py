"""While serving: bring figures, diagrams and the page's Python up to date before each rebuild."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig

log = logging.getLogger("mkdocs.hooks.generated")

FAILURES = Path(".cache/failures.json")
STEPS = (
    [sys.executable, "build_figures.py", "--failures", str(FAILURES)],
    [sys.executable, "-m", "tools.assets"],
)

_serving = False


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """Remember whether someone is watching; a plain build takes what `make` has made."""
    global _serving
    _serving = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    """Run the builders; both do only what an edit touched. What failed is told, here and in the page."""
    if not _serving:
        return
    root = Path(config.config_file_path).parent
    for step in STEPS:
        done = subprocess.run(step, cwd=root, capture_output=True, text=True)
        if done.returncode:
            log.error("%s\n%s", " ".join(step[1:]), (done.stdout + done.stderr).strip())
    if (root / FAILURES).is_file():
        config.extra["atlas_failures"] = json.loads((root / FAILURES).read_text(encoding="utf-8"))
