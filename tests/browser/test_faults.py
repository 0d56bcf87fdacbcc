"""What goes wrong in the reader's browser: code that breaks everything, files that are not what they should be,
storage that is full or forbidden, workers that die, links that were made to do harm."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import RNN, Cell, Figure, wait_for_python
from tests.browser.serve import Fault

pytestmark = pytest.mark.browser

STEP = "rnn.model:step"
HIDDEN_STATE = "rnn/hidden_state"
PYODIDE_DIES = ("Pyodide", "fatal", "RangeError", "Stack trace", "Maximum call stack", "Traceback", "The cause")
# The worker's doings are seen through its constructor, which pages cannot reach but tests can.
WORKERS = """
globalThis.workers = [];
globalThis.Worker = class extends Worker {
  constructor(...given) { super(...given); workers.push(this); this.told = 0;
    this.addEventListener("message", ({ data }) => { this.told += JSON.stringify(data.output ?? "").length; }); }
};
"""


def run(page: Page, code: str) -> dict:
    """Run code in the step cell through the page's own client."""
    return page.evaluate(
        """async ([cell, code]) => {
            const { python } = await import(new URL(document.querySelector("script[src*='assets/js/main']").src
              .replace("main.js", "python.js")).href);
            return python.run(cell, code);
        }""",
        [STEP, code],
    )


def plain(cell: Cell) -> str:
    return cell.element.locator(".atlas-output__plain").inner_text()
