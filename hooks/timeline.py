"""The timeline: one dated sentence for every step, each with its source, from a YAML file."""

import calendar
import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from hooks.catalogue import Catalogue
from hooks.citations import Reference
from hooks.figures import relative
from hooks.front_matter import FAMILIES, suggestion
from hooks.indexes import address
from hooks.inline import inline_html
from hooks.kept import kept
from hooks.page_text import PageText, Problem
from hooks.yaml_list import read_list

KINDS = {
    "architecture": "Architecture",
    "system": "Model or system",
    "method": "Method",
    "theory": "Theory and scaling",
    "product": "Product",
}
EVERY_FAMILY = "general"
TIMELINE_FAMILIES = FAMILIES | {EVERY_FAMILY: "Common ground"}
_MONTHS = list(calendar.month_name)[1:]
_PLACE = re.compile(r"^[ \t]*!\[\]\(index:timeline\)[ \t]*$", re.MULTILINE)
_KEYS = {
    "date": "`date: 2017-06`, or a year alone in quotation marks: `date: \"1997\"`",
    "title": "`title: Transformer`",
    "kind": f"`kind:` {', '.join(KINDS)}",
    "family": f"`family:` {', '.join(TIMELINE_FAMILIES)}",
    "text": "`text: One sentence.`",
    "cite": "`cite: vaswani2017attention`, a key of the references",
}


@dataclass(frozen=True)
class Milestone:
    """One row: `date` is a year or a month, ``1997`` or ``2017-06``; `architecture` a slug or empty."""

    date: str
    title: str
    kind: str
    family: str
    text: str
    cite: str
    architecture: str = ""

    @property
    def year(self) -> int:
        return int(self.date[:4])

    @property
    def spoken(self) -> str:
        """The date as people write it: ``June 2017``."""
        return f"{_MONTHS[int(self.date[5:]) - 1]} {self.year}" if len(self.date) > 4 else self.date


@kept
def read_timeline(
    path: Path, root: Path, catalogue: Catalogue, references: dict[str, Reference]
) -> tuple[list[Milestone], list[Problem]]:
    """Read the rows, oldest first, and what is wrong with them.

    A row has `date`, `title`, `kind`, `family`, `text`, `cite` and, where a page tells more, `architecture`.
    """
    # Every value a text: 1997-10 is no number, 1997 neither.
    given = read_list(path, root, "the timeline is not a list of rows", "`- date: …`", texts=True)
    problems = given.problems
    found: list[Milestone] = []
    titles: set[str] = set()
    for row in given.entries:
        values = row.values
        wrong = _check(values, catalogue, references, titles)
        problems += [
            Problem(given.file, row.lines.get(key, row.line), message, advice) for key, message, advice in wrong
        ]
        if not wrong:
            found.append(Milestone(**values))
            titles.add(values["title"])
    return sorted(found, key=lambda row: row.date), problems


def _check(
    values: dict, catalogue: Catalogue, references: dict[str, Reference], titles: set[str]
) -> list[tuple[str, str, str]]:
    """Return what is wrong with a row: the key, what it is, what to do."""
    wrong = [
        (key, f"unknown key `{key}`", suggestion(key, [*_KEYS, "architecture"]))
        for key in values
        if key not in _KEYS and key != "architecture"
    ]
    wrong += [("", f"`{key}` is missing", f"add it: {example}") for key, example in _KEYS.items() if key not in values]
    wrong += [
        (key, f"`{key}` is not a text", f"write it as {_KEYS.get(key, '`architecture: rnn`')}")
        for key, value in values.items()
        if not isinstance(value, str) or not value.strip()
    ]
    if wrong:
        return wrong
    known = {"kind": KINDS, "family": TIMELINE_FAMILIES, "cite": references, "architecture": catalogue.architectures}
    for key, names in known.items():
        if key in values and values[key] not in names:
            near = suggestion(values[key], names)
            if key == "cite" and not near.startswith("did"):
                near = "add it to the references"
            wrong.append((key, f"unknown {key} `{values[key]}`", near))
    today = f"{datetime.date.today():%Y-%m}"
    if not re.fullmatch(r"(19|20)\d\d(-(0[1-9]|1[0-2]))?", values["date"]):
        wrong.append(("date", f"`{values['date']}` is no date", f"write {_KEYS['date']}"))
    elif values["date"] > today:
        wrong.append(("date", f"`{values['date']}` has not begun", "write what has happened"))
    if not values["text"].rstrip().endswith(".") or len(values["text"]) > 260:
        wrong.append(("text", "`text` is not one sentence", "end it in a full stop, within 260 characters"))
    if values["title"] in titles:
        wrong.append(("title", f"`{values['title']}` is there twice", "remove one of the two"))
    return wrong


def place_timeline(page: PageText, milestones: list[Milestone], catalogue: Catalogue) -> None:
    """Replace ``![](index:timeline)`` by the chips and the list, before citations are filled in."""

    def write(match: re.Match, _: Callable[[str], str]) -> str:
        return timeline_html(milestones, catalogue, page.url)

    page.replace(_PLACE, write)


def timeline_html(milestones: list[Milestone], catalogue: Catalogue, url: str) -> str:
    """Return the timeline as one line of HTML in which citations are still as Markdown has them."""
    rows, year = [], 0
    for row in milestones:
        rows.append(_row(row, catalogue, url, first=row.year != year))
        year = row.year
    groups = (_chips("kind", KINDS, milestones), _chips("family", TIMELINE_FAMILIES, milestones))
    return (
        '<section class="atlas-timeline" data-timeline aria-label="Timeline">'
        f'<div class="atlas-chips" data-search-exclude="true">{"".join(groups)}'
        f'<p class="atlas-chips__said"><span role="status" data-shown></span></p></div>'
        f'<ol class="atlas-timeline__rows">{"".join(rows)}</ol></section>'
    )


def _chips(kind: str, names: dict[str, str], milestones: list[Milestone]) -> str:
    chips = []
    for value, name in names.items():
        number = sum(getattr(row, kind) == value for row in milestones)
        if number:
            hue = f' data-family="{value}"' if kind == "family" else ""
            chips.append(
                f'<button type="button" class="atlas-chip" data-filter="{kind}" data-value="{value}"'
                f'{hue} aria-pressed="false">{name} <span>{number}</span></button>'
            )
    return f'<div role="group" aria-label="Filter by {kind}">{"".join(chips)}</div>'


def _row(row: Milestone, catalogue: Catalogue, url: str, first: bool) -> str:
    entry = catalogue.architectures.get(row.architecture)
    title = escape(row.title)
    if entry and not entry.planned:
        title = f'<a href="{relative(url, address(entry.slug))}">{title}</a>'
    month = _MONTHS[int(row.date[5:]) - 1] if len(row.date) > 4 else ""
    shown = f'<span class="atlas-timeline__year">{row.year}</span>'
    shown = f'<span class="atlas-timeline__month">{month}</span> {shown}' if month else shown
    return (
        f'<li data-kind="{row.kind}" data-family="{row.family}" data-year="{row.year}"{" data-first" * first}>'
        f'<time datetime="{row.date}">{shown}</time><div><b>{title}</b> '
        f'<span class="atlas-timeline__kind">{KINDS[row.kind]}</span>'
        f"<p>{inline_html(row.text)} [@{row.cite}]</p></div></li>"
    )
