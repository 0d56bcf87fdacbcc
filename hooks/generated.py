"""While serving: bring figures, diagrams and the page's Python up to date before each rebuild."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig

log = logging.getLogger("mkdocs.hooks.generated")

STEPS = ([sys.executable, "build_figures.py"], [sys.executable, "-m", "tools.assets"])

_serving = False


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """Remember whether someone is watching; a plain build takes what `make` has made."""
    global _serving
    _serving = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    """Run the builders; both do only what an edit touched. A failure is told and the site stays as it was."""
    if not _serving:
        return
    for step in STEPS:
        done = subprocess.run(step, cwd=Path(config.config_file_path).parent, capture_output=True, text=True)
        if done.returncode:
            log.error("%s\n%s", " ".join(step[1:]), (done.stdout + done.stderr).strip())
