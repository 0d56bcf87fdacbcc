"""What the glossary needs from the rest of the site while it is being built."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hooks import glossary
from hooks.citations import Reference
from hooks.inline import inline_html
from hooks.page_text import PageText, Problem

if TYPE_CHECKING:
    from hooks.atlas import Site

CARDS = "assets/generated/glossary.json"


def refer_terms(site: "Site", refer: Callable[["Site", PageText], list[Reference]]) -> list[Reference]:
    """Put values, citations and links into the definitions; return the works they cite."""
    text = glossary.as_page(site.glossary)
    cited = refer(site, text)
    glossary.take(site.glossary, text)
    site.problems += text.problems
    return cited


def glossary_html(site: "Site") -> str:
    """Return the list of terms, formulas rendered. Every other page must have been read."""
    terms = site.glossary.terms.values()

    def fail(tex: str, reason: str, advice: str) -> None:
        line = next((term.lines["formula"] for term in terms if term.formula.strip() == tex.strip()), 1)
        site.problems.append(Problem(site.glossary.file, line, f"the formula `{tex}`: {reason}", advice))

    captions = {}
    for identity in {figure for term in terms for figure in term.shown if figure in site.numbers}:
        path = site.paths["generated"] / "figures" / f"{identity}.json"
        captions[identity] = inline_html(json.loads(path.read_text(encoding="utf-8"))["caption"])
    known = {figure for term in terms for figure in term.shown} <= site.numbers.keys()
    if not known or not all(not term.page or term.page in site.catalogue.architectures for term in terms):
        return ""  # the problems have been noted; the build is about to stop
    html = glossary.page_html(site.glossary, site.catalogue, site.numbers, titles(site), captions)
    return site.formulas.render(html, fail)


def titles(site: "Site") -> dict[str, tuple[str, str]]:
    """Return address and title of every page, by source: architectures in reading order, lessons, then the others."""
    found = {
        f"architectures/{entry.slug}.md": (f"architectures/{entry.slug}/", entry.title)
        for entry in site.catalogue.written
    }
    found |= {
        source: (lesson.page.url, f"Lesson {lesson.number} · {lesson.title}") for source, lesson in site.lessons.items()
    }
    for source, page in site.pages.items():
        if source not in found and source != glossary.SOURCE:
            heading = next((line for line in page.text.splitlines() if line.startswith("# ")), f"# {page.url or 'Home'}")
            found[source] = (page.url, heading.removeprefix("# ").strip())
    return found


def write_cards(site: "Site", folder: Path) -> None:
    """Write what the cards on all pages show, for a script to fetch when the first one is wanted."""
    if not site.glossary.definitions:
        return
    path = folder / CARDS
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(glossary.cards(site.glossary), ensure_ascii=False), encoding="utf-8")
    part.replace(path)
