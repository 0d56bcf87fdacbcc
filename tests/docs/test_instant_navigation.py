"""The theme swaps pages in place wherever the site is served, so that what runs in one outlives a click."""

import functools
import http.server
import threading
from pathlib import Path

import pytest

from tools.chromium import find

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.browser


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(params=["", "atlas/", "some/other/folder/"])
def served(toy, tmp_path_factory, request):
    """The toy site, built for one address and served at another."""
    assert toy.build().returncode == 0
    root: Path = tmp_path_factory.mktemp("host")
    place = root / request.param
    place.parent.mkdir(parents=True, exist_ok=True)
    if request.param:
        place.symlink_to(toy.root / "site")
    else:
        root = toy.root / "site"
    handler = functools.partial(_Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{request.param}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    """A browser."""
    executable = find()
    assert executable, "install Chromium: make chromium"
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_a_click_keeps_the_page_alive_and_calls_no_other_host(served, chromium):
    page = chromium.new_page()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(served, wait_until="networkidle")
    page.set_default_timeout(10_000)
    page.evaluate("window.alive = true")
    page.click("a.atlas-card__title")
    page.wait_for_selector("#figure-curve")
    assert page.url == f"{served}architectures/toy/"
    assert page.evaluate("window.alive")
    assert page.get_attribute("article", "data-family") == "sequence"
    page.click("nav.md-tabs a:has-text('Home')")
    page.wait_for_selector(".atlas-families")
    assert page.url == served
    assert page.evaluate("window.alive")
    assert page.get_attribute("article", "data-family") is None
    assert [url for url in requests if not url.startswith((served, "data:"))] == []
    page.close()


def test_search_finds_captions(served, chromium):
    page = chromium.new_page()
    page.set_default_timeout(10_000)
    page.goto(served, wait_until="networkidle")
    page.keyboard.press("s")
    page.locator("[data-md-component=search-query]").press_sequentially("bend")
    page.wait_for_selector(".md-search-result__item")
    assert "Toy Networks" in page.inner_text(".md-search-result__list")
    page.close()
