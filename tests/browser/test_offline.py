"""The copy on the reader's device: what was opened is there without a connection, and never of two releases."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from hooks.offline import MARK, assets_of, release
from tests.browser.conftest import PYTHON_STARTS_WITHIN, RNN, Cell, Figure
from tests.browser.serve import Fault, Site

pytestmark = pytest.mark.browser

STEP = "rnn.model:step"
CONTROLLED = "() => navigator.serviceWorker.controller?.state === 'activated'"
KEPT = """async (part) => {
  for (const name of await caches.keys()) {
    const addresses = (await (await caches.open(name)).keys()).map((request) => request.url);
    if (addresses.some((address) => address.includes(part))) return true;
  }
  return false;
}"""
# A release that is put in the place of another says which it is, in its pages and in their script.
SECOND = "\ndocument.documentElement.dataset.script = 'second';\n"
BOTH = "[document.body?.dataset.release ?? 'first', document.documentElement?.dataset.script ?? 'first']"
IS_SECOND = f"() => {BOTH}.every((one) => one === 'second')"
NO_SERVICE_WORKER = "delete Navigator.prototype.serviceWorker"
BLOCKED = """
const refuse = () => new DOMException("The operation is insecure.", "SecurityError");
navigator.serviceWorker.register = () => Promise.reject(refuse());
Object.defineProperty(window, "caches", { get() { throw refuse(); } });
"""


def unmark(folder: Path) -> None:
    """Take the release's id out of every page again."""
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(re.sub(MARK.format('[^"]*'), MARK.format(""), text), encoding="utf-8")


def asked_for(host: Site) -> list[str]:
    """What the host was asked for; a browser asks for a newer worker even where a test has cut the connection."""
    return [path for path in host.paths() if not path.endswith("/sw.js")]


class Host(Site):
    """A host in whose folder another release can be put."""

    def publish(self, **changes: str) -> str:
        """Put a new release in place: `main="text"` is added to main.js, `page="text"` to the RNN page's title."""
        script, page = assets_of(self.folder) / "js/main.js", self.folder / RNN / "index.html"
        script.write_text(script.read_text(encoding="utf-8") + changes.get("main", ""), encoding="utf-8")
        for file in self.folder.rglob("index.html"):
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace("<body ", f'<body data-release="{changes["name"]}" ', 1), encoding="utf-8")
        assert page.is_file()
        unmark(self.folder)
        return release(self.folder)


@pytest.fixture
def moving(built_site: Path, tmp_path: Path) -> Iterator[Host]:
    """A copy of the built site in a folder of a host, which may change."""
    folder = tmp_path / "site"
    shutil.copytree(built_site, folder)
    with Host(folder, prefix="/atlas/") as site:
        yield site


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A reader with a profile of their own, in whose browser service workers are allowed."""
    with ExitStack() as stack:

        def visitor(script: str = "") -> BrowserContext:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            if script:
                context.add_init_script(script)
            stack.callback(context.close)
            return context

        yield visitor


def until(page: Page, script: str, argument: object = None) -> None:
    """Wait until an asynchronous function in the page returns something true."""
    for _ in range(300):
        if page.evaluate(script, argument):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {script}")


def visit(context: BrowserContext, address: str, line: dict[str, object] | None = None) -> Page:
    """Open a page, over a line of this speed, and wait until the service worker is in charge and has kept it."""
    page = context.new_page()
    if line:
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
    page.goto(address)
    page.wait_for_function(CONTROLLED)
    until(page, KEPT, "/js/offline.js")
    return page


def open_dialog(page: Page) -> None:
    page.locator("[data-action=offline]").click()
    page.locator(".atlas-offline [role=status]:not(:empty)").wait_for()


def said(page: Page, text: str, timeout: int = PYTHON_STARTS_WITHIN) -> None:
    page.locator(".atlas-offline [role=status]", has_text=text).wait_for(timeout=timeout)


def take_all_along(page: Page) -> None:
    """Fetch the whole offline copy."""
    open_dialog(page)
    said(page, "The rest of the atlas, Python included, is")
    page.get_by_role("button", name="Make available offline").click()
    said(page, "The whole atlas is on this device")


def test_a_page_that_was_visited_is_there_without_a_connection_and_so_is_python(moving, visitor):
    context = visitor()
    page = visit(context, moving.url + RNN)
    figure = Figure(page, "rnn/hidden_state").reach()
    assert Cell(page, STEP).run().status == "done"
    # The interpreter, the largest file, is kept when it has arrived.
    until(page, KEPT, ".asm.wasm")
    context.set_offline(True)
    moving.log.clear()
    page.reload()
    assert figure.reach().state != "error"
    assert Cell(page, STEP).run().status == "done"
    assert asked_for(moving) == []


def test_the_quicker_start_is_fetched_when_all_is_quiet_and_taken_on_the_next_visit(moving, visitor):
    context = visitor()
    line = {"offline": False, "latency": 0, "downloadThroughput": 5e6, "uploadThroughput": 5e6}  # bytes a second
    page = visit(context, moving.url + RNN, line)  # too slow for the larger file at once, good enough to fetch it later
    assert Cell(page, STEP).run().status == "done"
    until(page, KEPT, "generated/py/snapshot.")
    packs = """async () => {
      const cache = await caches.open((await caches.keys())[0]);
      const found = (await cache.keys()).filter(({ url }) => /py\\/(lean|core)\\./.test(url));
      for (const request of found) await cache.delete(request);
      return found.length;
    }"""
    assert page.evaluate(packs) == 2
    context.set_offline(True)
    page.reload()
    assert Cell(page, STEP).run().status == "done"


def test_a_page_that_was_not_visited_says_so_and_names_those_that_are_kept(moving, visitor):
    context = visitor()
    page = visit(context, moving.url + RNN)
    context.set_offline(True)
    page.goto(moving.url + "timeline/")
    assert page.locator("h1").inner_text() == "This page is not on your device"
    assert page.locator("html").get_attribute("data-md-color-scheme") == "default"
    page.get_by_role("link", name=re.compile("RNN")).click()
    page.wait_for_url(moving.url + RNN)
    page.locator("[data-figure]").first.wait_for()


def test_the_whole_atlas_can_be_taken_along(moving, visitor):
    context = visitor()
    page = visit(context, moving.url)
    take_all_along(page)
    page.keyboard.press("Escape")
    context.set_offline(True)
    moving.log.clear()
    for address in (RNN, "timeline/", "glossary/", "architectures/"):
        page.goto(moving.url + address)
        assert page.locator("article h1").count() == 1, address
    page.goto(moving.url + RNN)
    # Files that Python fetches only when it reads them are there too: the names the model learned from.
    cell = Cell(page, STEP)
    code = cell.code
    cell.edit(code + "\nimport decimal\nfrom snippets.kit import load_text\nlen(load_text('names.txt')) > 1000").run()
    assert cell.status == "done", cell.output
    assert "True" in cell.output
    page.locator("article h1").click()
    page.keyboard.press("/")
    page.keyboard.type("vanishing gradient")
    page.locator(".md-search-result__link").first.wait_for()
    assert asked_for(moving) == []


def test_fetching_can_be_cancelled_taken_up_again_and_undone(moving, visitor):
    context = visitor()
    page = visit(context, moving.url)
    open_dialog(page)
    said(page, "The rest of the atlas")
    moving.faults["generated/figures"] = Fault(delay=0.3)
    page.get_by_role("button", name="Make available offline").click()
    page.locator(".atlas-offline progress:not([hidden])").wait_for()
    page.get_by_role("button", name="Cancel").click()
    said(page, "so far")
    moving.faults["generated/figures"] = Fault(status=500)  # of which most are still to come
    page.get_by_role("button", name="Make available offline").click()
    said(page, "The connection failed. What was fetched so far is kept")
    moving.faults.clear()
    page.get_by_role("button", name="Make available offline").click()
    said(page, "The whole atlas is on this device")
    page.get_by_role("button", name="Remove the offline copy").click()
    said(page, "Nothing is kept on this device")
    assert page.evaluate("caches.keys()") == []
    page.goto(moving.url + RNN, wait_until="networkidle")
    page.goto(moving.url, wait_until="networkidle")
    assert page.evaluate("caches.keys()") == []
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    open_dialog(page)
    said(page, "Nothing is kept on this device")


def only(release: str) -> str:
    """Whether what is kept is of one release."""
    return f"() => caches.keys().then((names) => names.length > 0 && names.every((name) => name.endsWith('{release}')))"


def waits(page: Page) -> None:
    """Wait until the worker of a new release stands ready."""
    until(page, "() => navigator.serviceWorker.ready.then(({ waiting }) => Boolean(waiting))")


def test_a_new_release_replaces_the_old_when_its_pages_are_closed(moving, visitor):
    context = visitor()
    page = visit(context, moving.url + RNN)
    first = json.loads((moving.folder / "release.json").read_text(encoding="utf-8"))["release"]
    second = moving.publish(name="second", main=SECOND)
    assert first != second
    page.goto(moving.url + "architectures/")
    page.wait_for_function(IS_SECOND)
    waits(page)
    assert page.evaluate(only(first)) is False, "the new worker has its own"
    page.close()
    context.new_page().wait_for_timeout(1000)  # the browser takes a moment to see that no page of the site is open
    page = visit(context, moving.url + RNN)
    page.wait_for_function(IS_SECOND)
    until(page, only(second))
    context.set_offline(True)
    page.goto(moving.url + RNN)
    page.wait_for_function(IS_SECOND)


def test_no_page_is_made_of_two_releases(moving, visitor):
    """Whatever is opened, and however old what the browser has kept: page and script are of one release."""
    context = visitor()
    page = visit(context, moving.url)
    moving.publish(name="second", main=SECOND)
    found = set()
    for address in (RNN, "", "architectures/", RNN, ""):
        page.goto(moving.url + address)
        both = page.wait_for_function(f"() => document.documentElement.dataset.python && {BOTH}").json_value()
        assert len(set(both)) == 1, address
        found |= set(both)
    assert found == {"first", "second"}
    waits(page)
    page.close()
    page = context.new_page()
    page.goto(moving.url)  # the browser still has that of the first
    page.wait_for_function(IS_SECOND)


@pytest.mark.parametrize("script", ["", NO_SERVICE_WORKER], ids=["kept", "not kept"])
def test_no_page_of_the_next_release_is_swapped_into_one_of_the_first(moving, visitor, script):
    context = visitor(script)
    page = context.new_page()
    page.goto(moving.url + RNN)
    if not script:
        page.wait_for_function(CONTROLLED)
    moving.publish(name="second", main=SECOND)
    page.locator(".md-tabs").get_by_role("link", name="Timeline").click()
    page.wait_for_function(IS_SECOND)
    assert page.url == moving.url + "timeline/"


def test_a_whole_copy_is_whole_of_the_next_release_too(moving, visitor):
    context = visitor()
    page = visit(context, moving.url)
    take_all_along(page)
    second = moving.publish(name="second", main=SECOND)
    moving.log.clear()
    page.reload()  # what the browser has kept for some minutes is of the first
    page.wait_for_function(IS_SECOND)
    open_dialog(page)  # asks for the newest copy, which need not wait until the page is closed
    said(page, "The whole atlas is on this device")
    until(page, only(second))
    again = [path for path in moving.paths() if "generated/py/" in path or "generated/figures/" in path]
    assert again == [], "what both releases have is not fetched again"
    context.set_offline(True)
    page.goto(moving.url + RNN)
    page.wait_for_function(IS_SECOND)
    assert Cell(page, STEP).run().status == "done"


def test_an_open_page_gets_no_file_of_the_release_that_follows(moving, visitor):
    context = visitor()
    page = visit(context, moving.url + RNN)
    cell = Cell(page, STEP)
    assert cell.edit(cell.code + "\n1 + 1").run().status == "done"
    terms = assets_of(moving.folder) / "js/timeline.js"
    address = moving.url + terms.relative_to(moving.folder).as_posix()
    terms.write_text(terms.read_text(encoding="utf-8") + "\nglobalThis.ofTheSecond = true;\n", encoding="utf-8")
    moving.publish(name="second", main=SECOND)
    # In the page of the first release something is asked for that the host has changed.
    result = page.evaluate(
        "(address) => import(address).then(() => globalThis.ofTheSecond ?? 'first', () => 'refused')",
        address,
    )
    assert result == "refused"
    notice = page.locator(".atlas-release")
    notice.wait_for()
    assert "new release" in notice.inner_text()
    # The edited page is not taken from under the reader, whatever another tab opens.
    other = context.new_page()
    other.goto(moving.url + "architectures/")
    other.wait_for_function(IS_SECOND)
    waits(other)
    assert cell.run().status == "done"
    assert page.evaluate(BOTH) == ["first", "first"]
    notice.get_by_role("button", name="Reload").click()
    page.wait_for_function(IS_SECOND)


def test_a_page_whose_files_are_gone_says_that_there_is_a_new_release(moving, visitor):
    """Without a copy: a figure that the reader comes to, and Python."""
    context = visitor(NO_SERVICE_WORKER)
    pages = [context.new_page() for _ in range(2)]
    for page in pages:
        page.goto(moving.url + RNN, wait_until="networkidle")
    moving.publish(name="second", main=SECOND)
    pages[0].locator("[data-figure='rnn/truncation']").scroll_into_view_if_needed()
    Cell(pages[1], STEP).button("run").click()
    for page in pages:
        page.locator(".atlas-release").get_by_role("button", name="Reload").click(timeout=PYTHON_STARTS_WITHIN)
        page.wait_for_function(IS_SECOND)


@pytest.mark.parametrize("script", [NO_SERVICE_WORKER, BLOCKED], ids=["without", "blocked"])
def test_a_browser_that_keeps_nothing_shows_the_site_as_before(moving, visitor, script):
    context = visitor(script)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(moving.url + RNN, wait_until="networkidle")
    Figure(page, "rnn/hidden_state").reach()
    assert Cell(page, STEP).run().status == "done"
    if script == BLOCKED:
        open_dialog(page)
        said(page, "This browser keeps nothing for this site")
    else:
        assert not page.locator("[data-action=offline]").is_visible()
    assert errors == []


def test_a_full_storage_is_said_in_plain_words(moving, visitor):
    context = visitor()
    page = visit(context, moving.url)
    session = context.new_cdp_session(page)
    origin = moving.url.split("/atlas/")[0]
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 3_000_000})
    open_dialog(page)
    page.get_by_role("button", name="Make available offline").click()
    said(page, "There is no more room")
    page.keyboard.press("Escape")
    page.goto(moving.url + RNN)
    Figure(page, "rnn/hidden_state").reach()
    assert Cell(page, STEP).run().status == "done"


def test_pages_that_carry_no_release_keep_nothing_and_end_what_an_earlier_site_kept(moving, visitor):
    context = visitor()
    page = visit(context, moving.url)
    unmark(moving.folder)
    (moving.folder / "sw.js").unlink()
    (moving.folder / "release.json").unlink()
    page.goto(moving.url + RNN)
    until(page, "() => navigator.serviceWorker.getRegistrations().then((all) => all.length === 0)")
    until(page, "() => caches.keys().then((names) => names.length === 0)")
    assert not page.locator("[data-action=offline]").is_visible()


FETCHED = """() => {
    const { loadEventStart } = performance.getEntriesByType("navigation")[0];
    const paths = (entries) => entries.map(({ name }) => new URL(name).pathname);
    const all = performance.getEntriesByType("resource");
    return {
        before: paths(all.filter(({ responseEnd }) => responseEnd < loadEventStart)),
        after: paths(all.filter(({ startTime }) => startTime >= loadEventStart)),
    };
}"""


def test_the_first_visit_fetches_the_worker_after_everything_else(moving, visitor):
    page = visitor().new_page()
    page.goto(moving.url + RNN, wait_until="load")
    page.wait_for_function(CONTROLLED)
    order = moving.paths()
    worker = order.index("/atlas/sw.js")
    fetched = page.evaluate(FETCHED)
    assert any(path.endswith("/js/main.js") for path in fetched["before"])
    assert set(fetched["before"]) <= set(order[:worker])
    assert any(path.endswith("/js/offline.js") for path in fetched["after"]), "which registers the worker"
    kept_again = [path for path in order[worker:] if order.count(path) > 1]
    assert kept_again == [], "what the page has fetched is kept from the browser's own store"
