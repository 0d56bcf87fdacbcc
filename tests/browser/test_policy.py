"""The site under the Content-Security-Policy that the README recommends: nothing on it is forbidden by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import RNN, Cell, Figure
from tests.browser.serve import HEADERS, Site, recommended_headers

ROOT = Path(__file__).resolve().parents[2]
STEP = "rnn.model:step"
pytestmark = pytest.mark.browser
COLLECT = """
globalThis.violations = JSON.parse(sessionStorage.getItem("violations") ?? "[]");
addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective} ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
  sessionStorage.setItem("violations", JSON.stringify(violations));
});
"""


def html_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


@pytest.fixture
def reports(browser: Browser, host: Site) -> Page:
    """A page of which every report is collected: of the policy's, and of the console."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    context.add_init_script(COLLECT)
    page = context.new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    yield page
    assert page.evaluate("violations") == []
    assert [text for text in page.said if "Content Security Policy" in text or "CSP" in text] == []
    context.close()


def test_the_policy_allows_no_inline_script_no_evaluation_and_no_other_host():
    policy = recommended_headers()["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert {name for name, rule in rules.items() if "'unsafe-inline'" in rule} == {"style-src"}
    assert {word for rule in rules.values() for word in rule.split()} <= {
        "'none'", "'self'", "'wasm-unsafe-eval'", "'unsafe-inline'", "data:",
    }


def test_the_readme_shows_the_headers_that_the_tests_send():
    assert HEADERS.read_text(encoding="utf-8").strip() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_answer_carries_the_policy(host: Site, reports: Page):
    answers = []
    reports.on("response", lambda answer: answers.append(answer))
    reports.goto(host.url + RNN, wait_until="networkidle")
    assert len(answers) > 10
    for answer in answers:
        if answer.url.startswith(host.url):
            assert answer.headers["content-security-policy"].startswith("default-src 'none'"), answer.url


def test_no_page_holds_a_script_or_a_handler(built_site: Path):
    pages = html_files(built_site)
    assert len(pages) > 10
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for attributes in re.findall(r"<script\b([^>]*)>", text):
            assert "src=" in attributes or 'type="application/json"' in attributes, (page, attributes)
        assert re.findall(r"<[a-z][^<>]*?\son[a-z]+\s*=", text) == [], page
        assert "javascript:" not in text, page


def test_what_the_policy_forbids_is_seen_by_every_test(open_page, host: Site):
    """So the tests that open every page and draw every figure (`test_pages.py`) hold every page to it."""
    page = open_page("404.html", expected=("Content Security Policy",))
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            "() => document.body.append("
            "Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))"
        )
    assert page.evaluate("() => window.ran") is None


def test_python_the_editor_and_the_search_work_under_the_policy(host: Site, reports: Page):
    reports.goto(host.url + RNN)
    Figure(reports, "rnn/hidden_state").reach()
    cell = Cell(reports, STEP)
    assert cell.edit(cell.code + "\n1 + 1").run().status == "done"
    reports.locator("article h1").click()
    reports.keyboard.press("/")
    reports.keyboard.type("gradient")
    reports.locator(".md-search-result__link").first.wait_for()


def test_pages_swapped_in_place_stay_under_the_policy_and_keep_their_colours(host: Site, reports: Page):
    reports.goto(host.url)
    reports.evaluate("window.stayed = true")
    for label in ("Light; switch to dark", "Dark; switch to the system's"):
        reports.locator(f"label[title={label!r}]" if "'" not in label else f'label[title="{label}"]').wait_for(
            state="attached"
        )
    reports.locator("form[data-md-component=palette] label:not([hidden])").click()
    reports.locator("form[data-md-component=palette] label:not([hidden])").click()
    assert reports.locator("body").get_attribute("data-md-color-scheme") == "slate"
    reports.locator(".md-tabs").get_by_role("link", name="Architectures").click()
    reports.wait_for_url(host.url + "architectures/")
    reports.get_by_role("heading", name=re.compile("^Architectures"), level=1).wait_for()
    reports.keyboard.press("n")
    reports.wait_for_url(host.url + RNN)
    Figure(reports, "rnn/hidden_state").reach()
    assert reports.evaluate("window.stayed") is True
    # The choice is there before the page's own scripts have run.
    reports.route("**/bundle.*.js", lambda route: route.abort())
    reports.reload()
    assert reports.locator("body").get_attribute("data-md-color-scheme") == "slate"
