"""What the glossary needs from the rest of the site while it is being built."""

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from hooks import glossary
from hooks.citations import Reference
from hooks.figures import anchor, own_captions, relative
from hooks.front_matter import short_title
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
        keys = ("formula", "where", "number", "definition")
        lines = (term.lines[key] for term in terms for key in keys if tex.strip() in getattr(term, key))
        line = next(lines, 1)
        site.problems.append(Problem(site.glossary.file, line, f"the formula `{tex}`: {reason}", advice))

    if site.problems:
        return ""  # the build is about to stop, and what an entry names may not be there
    shown = {figure for term in terms for figure in term.shown}
    captions = own_captions(site.pages.values())
    figures = {identity: figure_html(site, identity, captions.get(identity, "")) for identity in sorted(shown)}
    html = glossary.page_html(site.glossary, site.catalogue, figures, titles(site))
    return site.formulas.render(html, fail)


def figure_html(site: "Site", identity: str, caption: str) -> str:
    """Return the line of an entry that leads to a figure: its number, its page, its caption or `caption`."""
    path = site.paths["generated"] / "figures" / f"{identity}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    url, number = site.numbers[identity]
    known = site.catalogue.architectures.get(record["slug"])
    page = f" · {escape(short_title(known.title))}" if known else ""
    measured = ' <span class="atlas-tag">measured</span>' if record["measured"] else ""
    address = f"{relative(glossary.URL, url)}#{anchor(identity)}"
    return f'<a href="{address}">Figure {number}{page}</a> {inline_html(caption or record["caption"])}{measured}'


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
            headings = [line[2:].strip() for line in page.text.splitlines() if line.startswith("# ")]
            found[source] = (page.url, next(iter(headings), page.url))
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
