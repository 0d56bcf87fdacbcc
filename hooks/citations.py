"""Citations: ``[@elman1990finding]`` becomes author and year, linked to a list at the end of the page."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from pybtex.database import BibliographyData, Entry, parse_string
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text

from hooks.front_matter import suggestion
from hooks.kept import kept
from hooks.page_text import PageText, Problem

_GROUP = re.compile(r"\[(?P<content>@[\w:-]+[^\[\]\n]*(?:\n[^\[\]\n]+)?)\](?![(\[]|:\s*https?:)")
_ITEM = re.compile(r"@(?P<key>[\w:-]+)(?:,\s*(?P<place>.+))?", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """One work: how the text names it, and its line in the list of references (HTML)."""

    key: str
    authors: str
    year: str
    html: str


@kept
def read_bibliography(path: Path, root: Path) -> tuple[dict[str, Reference], list[Problem]]:
    """Read a BibTeX file. Every entry needs a title, a year, and an author, editor or organisation."""
    if not path.is_file():
        return {}, []
    text = path.read_text(encoding="utf-8")
    file = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    try:
        entries: BibliographyData = parse_string(text, "bibtex")
    except PybtexError as error:
        line = getattr(error, "lineno", None) or _line_of(text, str(error))
        reason = re.sub(r"\s+", " ", str(error))
        return {}, [
            Problem(file, line, f"this is not BibTeX: {reason}", "mend the entry that begins or ends here")
        ]
    references, problems = {}, []
    for key, entry in entries.entries.items():
        missing = [name for name in ("title", "year") if name not in entry.fields]
        if not _people(entry):
            missing.append("author")
        for name in missing:
            problems.append(
                Problem(file, _line_of(text, key), f"`{key}` has no {name}", f"add `{name} = {{…}}`")
            )
        if not missing:
            references[key] = _reference(key, entry)
    return references, problems


def cite(page: PageText, references: dict[str, Reference]) -> list[Reference]:
    """Replace the citations of a page by links and return the works cited, in the order of the list.

    ``[@a; @b, p. 3]`` becomes ``(Elman, 1990; Werbos, 1990, p. 3)``.
    """
    used: dict[str, Reference] = {}

    def collect(match: re.Match, _: Callable[[str], str]) -> None:
        for part in match["content"].split(";"):
            item = _ITEM.fullmatch(part.strip())
            if not item:
                page.problem(
                    match.start(), f"the citation `{match[0]}` cannot be read", "write [@key] or [@one; @two]"
                )
            elif item["key"] not in references:
                page.problem(
                    match.start(),
                    f"unknown citation `@{item['key']}`",
                    f"add it to the references; {_near(item['key'], references)}",
                )
            else:
                used[item["key"]] = references[item["key"]]

    page.replace(_GROUP, collect)
    listed = sorted(used.values(), key=lambda work: (work.authors.casefold(), work.year, work.key))
    years = _distinct_years(listed)

    def write(match: re.Match, original: Callable[[str], str]) -> str | None:
        links = []
        for part in original("content").split(";"):
            item = _ITEM.fullmatch(part.strip())
            if not item or item["key"] not in used:
                return None
            name = f"{escape(used[item['key']].authors)}, {years[item['key']]}"
            place = f", {item['place']}" if item["place"] else ""
            links.append(
                f'<a class="atlas-citation" href="#reference-{_anchor(item["key"])}">{name}</a>{place}'
            )
        return f"({'; '.join(links)})" + "\n" * match[0].count("\n")

    page.replace(_GROUP, write)
    return listed


def references_html(listed: list[Reference]) -> str:
    """Return the list that stands under the heading References."""
    years = _distinct_years(listed)
    items = []
    for work in listed:
        html = work.html.replace(f"({work.year})", f"({years[work.key]})", 1)
        items.append(f'<li id="reference-{_anchor(work.key)}">{html}</li>')
    return f'<ul class="atlas-references">{"".join(items)}</ul>'


def _near(key: str, references: dict[str, Reference]) -> str:
    close = suggestion(key, references)
    return close if close.startswith("did") else "then cite it by its key"


def _distinct_years(listed: list[Reference]) -> dict[str, str]:
    """Return each work's year, with a letter where one author has two works of a year."""
    groups: dict[tuple[str, str], list[str]] = {}
    for work in listed:
        groups.setdefault((work.authors, work.year), []).append(work.key)
    return {
        key: year + (chr(ord("a") + keys.index(key)) if len(keys) > 1 else "")
        for (_, year), keys in groups.items()
        for key in keys
    }


def _anchor(key: str) -> str:
    return re.sub(r"[^\w-]", "-", key)


def _line_of(text: str, needle: str) -> int:
    match = re.search(rf"^\s*@\w+\s*[{{(]\s*{re.escape(needle)}\s*,", text, re.MULTILINE)
    return 1 + text.count("\n", 0, match.start() + len(match[0]) - len(match[0].lstrip())) if match else 1


def _people(entry: Entry) -> list[tuple[str, str]]:
    """Return (surname, initials) of the authors, else of the editors, else the organisation."""
    persons = entry.persons.get("author") or entry.persons.get("editor") or []
    people = []
    for person in persons:
        surname = " ".join(str(Text.from_latex(name)) for name in [*person.prelast_names, *person.last_names])
        given = [str(Text.from_latex(name)) for name in [*person.first_names, *person.middle_names]]
        initials = " ".join(
            "-".join(f"{part[0]}." for part in name.split("-") if part) for name in given if name
        )
        people.append((surname, initials))
    if not people and (body := entry.fields.get("organization") or entry.fields.get("institution")):
        people.append((str(Text.from_latex(body)), ""))
    return people


def _reference(key: str, entry: Entry) -> Reference:
    people = _people(entry)
    surnames = [surname for surname, _ in people]
    others = any(surname == "others" for surname in surnames)
    if len(people) > 2 or others:
        authors = f"{surnames[0]} et al."
    else:
        authors = " & ".join(surnames)
    year = _field(entry, "year")
    named = [
        f"{surname}, {initials}" if initials else surname
        for surname, initials in people
        if surname != "others"
    ]
    shown = [*named[:6], "et al."] if len(named) > 7 or others else named
    pieces = [f"{escape(', '.join(shown))} ({year})."]
    title = escape(_field(entry, "title"))
    link = _link(entry)
    pieces.append(f'<a href="{escape(link)}">{title}</a>.' if link else f"{title}.")
    if venue := _venue(entry):
        pieces.append(f"{venue}.")
    return Reference(key, authors, year, " ".join(pieces))


def _venue(entry: Entry) -> str:
    name = next(
        (
            _field(entry, field)
            for field in ("journal", "booktitle", "howpublished", "school", "publisher", "institution")
            if field in entry.fields
        ),
        "",
    )
    if not name and "eprint" in entry.fields:
        name = f"arXiv:{_field(entry, 'eprint')}"
    html = f"<em>{escape(name)}</em>" if name else ""
    if "volume" in entry.fields:
        html += f" {_field(entry, 'volume')}"
        html += f"({_field(entry, 'number')})" if "number" in entry.fields else ""
    if "pages" in entry.fields:
        html += f", {_field(entry, 'pages').replace('--', '–')}"
    return html.strip(", ")


def _link(entry: Entry) -> str:
    if "doi" in entry.fields:
        return f"https://doi.org/{_field(entry, 'doi')}"
    if "url" in entry.fields:
        return _field(entry, "url")
    return f"https://arxiv.org/abs/{_field(entry, 'eprint')}" if "eprint" in entry.fields else ""


def _field(entry: Entry, name: str) -> str:
    raw = entry.fields[name]
    return raw if name in ("url", "doi", "eprint") else str(Text.from_latex(raw)).rstrip(".")
