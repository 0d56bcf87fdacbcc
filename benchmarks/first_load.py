"""What every page sends before its reader does anything, compressed as hosts do it:  python -m benchmarks.first_load

Each page is opened in a new profile at the width of a desk. The scripts are listed by name, so that growth is seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.tables import table, verdict
from tests.browser.serve import ASSETS, Site
from tools import chromium

ROOT = Path(__file__).resolve().parent.parent
DESK = {"width": 1280, "height": 900}
MOST_BYTES = 400_000
KINDS = {".woff2": "fonts", ".css": "styles", ".js": "scripts", ".json": "data", ".svg": "images", ".png": "images"}
ORDER = ("fonts", "scripts", "styles", "page", "data", "images")


@dataclass
class Sent:
    """One page's bytes by kind, and those of its scripts by name."""

    kinds: Counter[str] = field(default_factory=Counter)
    scripts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


def addresses(folder: Path) -> list[str]:
    """Every page of the built site, from its start."""
    found = (path.parent.relative_to(folder).as_posix() for path in folder.rglob("index.html"))
    return sorted("" if address == "." else f"{address}/" for address in found)


def first_visit(browser: Browser, folder: Path, address: str) -> Sent:
    """What one page sends to a browser that has nothing of it."""
    sent = Sent()
    with Site(folder) as site:
        context = browser.new_context(viewport=DESK, service_workers="block")
        context.new_page().goto(site.url + address, wait_until="networkidle")
        context.close()
        for answer in site.log:
            kind = KINDS.get(Path(answer.path).suffix, "page")
            sent.kinds[kind] += answer.size
            if kind == "scripts":
                sent.scripts[ASSETS.sub("", answer.path.removeprefix("/")).lstrip("/")] = answer.size
    return sent


def bench(folder: Path) -> dict[str, Sent]:
    """The first visits of all pages, by address."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.SWITCHES)
        found = {address: first_visit(browser, folder, address) for address in addresses(folder)}
        browser.close()
    return found


def tables(pages: dict[str, Sent]) -> str:
    """The measurements in Markdown, largest first."""
    rows = [
        (
            f"`{address or 'home'}`",
            f"{sent.total / 1000:.0f}",
            *(f"{sent.kinds[kind] / 1000:.0f}" for kind in ORDER),
            verdict(sent.total / 1000, MOST_BYTES / 1000),
        )
        for address, sent in sorted(pages.items(), key=lambda item: -item[1].total)
    ]
    return table("First load of every page, KB before any interaction", ("all", *ORDER, "target"), rows)


def scripts(pages: dict[str, Sent]) -> str:
    """The scripts among them, in Markdown."""
    sizes: dict[str, int] = {}
    users: defaultdict[str, list[str]] = defaultdict(list)
    for address, sent in pages.items():
        for name, size in sent.scripts.items():
            sizes[name] = size
            users[name].append(address or "home")
    rows = [
        (f"`{name}`", f"{size / 1000:.1f}", "all" if len(users[name]) == len(pages) else _few(users[name]))
        for name, size in sorted(sizes.items(), key=lambda item: -item[1])
    ]
    return table("Scripts of the first load", ("KB", "pages"), rows)


def _few(addresses: list[str]) -> str:
    return ", ".join(f"`{address}`" for address in addresses) if len(addresses) < 4 else str(len(addresses))


if __name__ == "__main__":
    measured = bench(ROOT / "site")
    print(tables(measured), scripts(measured), sep="\n\n")
