"""Lists of architectures: cards, the table, related ones, and links that know what is written."""

import json
import re
from collections.abc import Callable
from html import escape

from hooks.catalogue import Catalogue
from hooks.figures import relative
from hooks.front_matter import FAMILIES, LEVELS, Architecture, suggestion
from hooks.page_text import PageText
from hooks.reading import Counts, facts
from hooks.sections import SECTIONS

_LINK = re.compile(r"(?<!!)\[(?P<text>[^\[\]\n]*)\]\(architecture:(?P<slug>[^)\s]*)\)")
_INDEX = re.compile(r"^(?P<indent>[ \t]*)!\[\]\(index:(?P<name>[^)\s]*)\)[ \t]*$", re.MULTILINE)


def address(slug: str) -> str:
    """Return the address of an architecture's page, relative to the site's root."""
    return f"architectures/{slug}/"


def link_architectures(page: PageText, catalogue: Catalogue) -> None:
    """Turn ``[text](architecture:gpt)`` into a link, or into plain text while that page is only planned."""

    def write(match: re.Match, original: Callable[[str], str]) -> str | None:
        entry = catalogue.architectures.get(match["slug"])
        if not entry:
            page.problem(
                match.start(),
                f"unknown architecture `{match['slug']}`",
                suggestion(match["slug"], catalogue.architectures),
            )
            return None
        text = original("text") or escape(entry.title)
        if entry.planned:
            return f'<span class="atlas-planned" title="planned">{text}</span>'
        return f'<a href="{relative(page.url, address(entry.slug))}">{text}</a>'

    page.replace(_LINK, write)


def place_indexes(
    page: PageText, catalogue: Catalogue, counts: dict[str, Counts], others: dict[str, Callable[[], str]] | None = None
) -> None:
    """Replace ``![](index:cards)``, ``![](index:table)``, ``![](index:sections)`` and `others` by what they name."""
    writers = {
        "cards": lambda: cards_by_family(catalogue, counts, page.url),
        "table": lambda: table(catalogue, counts, page.url),
        "sections": sections_list,
        **(others or {}),
    }

    def write(match: re.Match, _: Callable[[str], str]) -> str | None:
        if match["name"] not in writers:
            page.problem(
                match.start(), f"unknown index `{match['name']}`", suggestion(match["name"], writers)
            )
            return None
        return match["indent"] + page.block(writers[match["name"]]())

    page.replace(_INDEX, write)


def cards_by_family(catalogue: Catalogue, counts: dict[str, Counts], url: str) -> str:
    """Return a group of cards for every family that has an architecture."""
    groups = []
    for family, name in FAMILIES.items():
        members = [entry for entry in catalogue.architectures.values() if entry.family == family]
        if members:
            groups.append(
                f'<section class="atlas-family" data-family="{family}"><h3>{name}</h3>'
                f"{_cards(members, counts, url)}</section>"
            )
    return f'<div class="atlas-families" data-search-exclude="true">{"".join(groups)}</div>'


def related(catalogue: Catalogue, slug: str, counts: dict[str, Counts], url: str) -> str:
    """Return the cards of what an architecture builds on and what it leads to."""
    groups = []
    for title, members in (("Builds on", catalogue.builds_on(slug)), ("Leads to", catalogue.leads_to(slug))):
        if members:
            groups.append(f"<h3>{title}</h3>{_cards(members, counts, url)}")
    if not groups:
        return ""
    start = '<nav class="atlas-related" aria-label="Related architectures" data-search-exclude="true">'
    return f"{start}{''.join(groups)}</nav>"


def table(catalogue: Catalogue, counts: dict[str, Counts], url: str) -> str:
    """Return the table of all architectures in reading order."""
    rows = []
    for entry in catalogue.architectures.values():
        if entry.planned:
            numbers = f'<td colspan="3"><span class="atlas-tag">planned</span> {escape(entry.paper)}</td>'
        else:
            own = counts[entry.slug]
            numbers = f"<td>{own.minutes} min</td><td>{own.figures}</td><td>{own.cells}</td>"
        rows.append(
            f'<tr data-family="{entry.family}" data-level="{entry.level}"{" data-planned" * entry.planned}>'
            f'<th scope="row">{_name(entry, url)}<p>{escape(entry.summary)}</p></th>'
            f"<td>{entry.year}</td><td>{LEVELS[entry.level]}</td>{numbers}</tr>"
        )
    heads = ("Architecture", "Year", "Level", "Reading", "Figures", "Cells")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<div class="atlas-table" data-search-exclude="true"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def sections_list() -> str:
    """Return the eight sections of a page with what each is for."""
    items = "".join(f"<li><b>{title}.</b> {line}</li>" for title, line in SECTIONS.items())
    return f'<ol class="atlas-sections">{items}</ol>'


def page_data(entry: Architecture, figures: list[str]) -> dict:
    """Return what the scripts of an architecture's page need to know of it."""
    return {"slug": entry.slug, "title": entry.title, "family": entry.family, "figures": figures}


def page_data_html(record: dict) -> str:
    """Return what the page's scripts need to know, as JSON in a template element.

    A script element would not do: the theme runs the scripts of a page it swaps in, whatever their type.
    """
    content = escape(json.dumps(record, ensure_ascii=False), quote=False)
    return f'<template id="atlas-page" data-search-exclude="true">{content}</template>'


def _cards(members: list[Architecture], counts: dict[str, Counts], url: str) -> str:
    return f'<ul class="atlas-cards">{"".join(_card(entry, counts, url) for entry in members)}</ul>'


def _card(entry: Architecture, counts: dict[str, Counts], url: str) -> str:
    about = [LEVELS[entry.level], str(entry.year)]
    about += ["planned"] if entry.planned else facts(counts[entry.slug])
    return (
        f'<li class="atlas-card" data-family="{entry.family}" data-level="{entry.level}"'
        f"{' data-planned' * entry.planned}>"
        f'{_name(entry, url)}<p class="atlas-card__facts">{" · ".join(about)}</p>'
        f'<p class="atlas-card__summary">{escape(entry.summary)}</p></li>'
    )


def _name(entry: Architecture, url: str) -> str:
    if entry.planned:
        return f'<span class="atlas-card__title">{escape(entry.title)}</span>'
    return (
        f'<a class="atlas-card__title" href="{relative(url, address(entry.slug))}">{escape(entry.title)}</a>'
    )
