"""How long the page's main thread is held at a time, by what the reader does:  python -m benchmarks.main_thread

The browser's long-task API tells of every piece of work over 50 ms. Its milliseconds are wall-clock: on a machine that
does other things, they hold what those took as well. The trace of the same visit knows how long the processor worked
at each task, and that is what the budget is held against; both are printed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.tables import BROWSER, Row, best_of, table
from tests.browser.serve import Site
from tools import chromium
