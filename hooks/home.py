"""The home page's parts: the map of the atlas as a picture and as a list, and the tracks that lead through it."""

import math
from html import escape
from pathlib import Path

from hooks.atlas_map import (
    DOT,
    FAMILY_LINE,
    LETTER,
    LINE,
    MARGIN,
    SMALL,
    WIDTH,
    Picture,
    ancestors,
    descendants,
    draw,
    short_name,
)
from hooks.catalogue import Catalogue
from hooks.figures import relative
from hooks.front_matter import FAMILIES, LEVELS, Architecture
from hooks.indexes import address
from hooks.lessons import FOLDER, Lesson
from hooks.page_text import Problem
from hooks.reading import Counts, facts
from hooks.yaml_list import read_list

ROW = 60  # pixels of one line of the list, three of the page's rem
RAIL = 76  # where the dots of the list stand, right of the arcs


def map_html(catalogue: Catalogue, counts: dict[str, Counts], url: str) -> str:
    """Return the map: chips to filter it, the picture, the card of what is pointed at, and the list for phones."""
    picture = draw(catalogue)
    return (
        f'<section class="atlas-map" data-atlas-map aria-label="Map of the architectures" data-search-exclude="true">'
        f"{_chips(catalogue)}"
        f'<div class="atlas-map__sheet">{_svg(picture, catalogue, counts, url)}{_cartouche(picture)}</div>'
        f"{_list(catalogue, counts, url)}</section>"
    )


def _chips(catalogue: Catalogue) -> str:
    entries = catalogue.architectures.values()
    groups = []
    for kind, names in (("family", FAMILIES), ("level", LEVELS)):
        chips = []
        for value, name in names.items():
            number = sum(getattr(entry, kind) == value for entry in entries)
            if number:
                hue = f' data-family="{value}"' if kind == "family" else ""
                chips.append(
                    f'<button type="button" class="atlas-chip" data-filter="{kind}" data-value="{value}"'
                    f'{hue} aria-pressed="false">{name} <span>{number}</span></button>'
                )
        groups.append(f'<div role="group" aria-label="Filter by {kind}">{"".join(chips)}</div>')
    return (
        f'<div class="atlas-chips">{"".join(groups)}'
        '<p class="atlas-chips__said"><span role="status" data-shown></span></p></div>'
    )


def _svg(picture: Picture, catalogue: Catalogue, counts: dict[str, Counts], url: str) -> str:
    height = round(picture.height + 8)
    lanes = "".join(
        f'<g data-family="{lane.family}">'
        + (f'<line class="atlas-map__rule" x1="0" x2="{WIDTH}" y1="{lane.top:g}" y2="{lane.top:g}"/>')
        + f'<text class="atlas-map__family" y="{lane.top + 18:g}">'
        + "".join(
            f'<tspan x="2" dy="{0 if number == 0 else FAMILY_LINE}">{escape(line)}</tspan>'
            for number, line in enumerate(lane.lines)
        )
        + "</text></g>"
        for lane in picture.lanes
    )
    ticks = "".join(
        f'<g><text x="{first:g}" y="14">{year}</text><path d="M{first:g} 20V{picture.height:g}'
        + (f"M{first:g} 22H{last:g}" if last > first else "")
        + '"/></g>'
        for year, (first, last) in picture.years.items()
    )
    edges = "".join(
        f'<path data-edge="{edge.source} {edge.target}" data-family="{catalogue.architectures[edge.target].family}"'
        f"{' data-returns' * edge.returns} "
        "d=\"M{:g} {:g}C{:g} {:g} {:g} {:g} {:g} {:g}\"/>".format(*edge.curve)
        for edge in picture.edges
    )
    nodes = []
    for node in picture.nodes:
        entry = node.entry
        first = node.label.top + LINE - 3.5
        lines = "".join(
            f'<tspan x="{node.label.left:g}" dy="{0 if number == 0 else LINE:g}">{escape(line)}</tspan>'
            for number, line in enumerate(node.lines)
        )
        tag = f'<tspan class="atlas-map__planned" dx="4" font-size="{SMALL:g}">planned</tspan>' * entry.planned
        box = node.label
        shape = (
            f'<rect class="atlas-map__reach" x="{box.left - 3:g}" y="{box.top - 2:g}" '
            f'width="{box.right - box.left + 6:g}" height="{node.y + DOT + 3 - box.top:g}" rx="3"/>'
            f'<circle cx="{node.x:g}" cy="{node.y:g}" r="{DOT}"/>'
            f'<path class="atlas-map__tick" d="M{node.x - 2.8:g} {node.y + 0.2:g}l2 2.2 3.8-4.6"/>'
            f'<text y="{first:g}" font-size="{LETTER:g}">{lines}{tag}</text>'
        )
        spoken = f'aria-label="{_spoken(entry, catalogue, counts)}"'
        # Not `href`: the theme's script writes to every `href`, and that of a link in an SVG cannot be written to.
        link = relative(url, address(entry.slug))
        inside = (
            f'<g role="img" {spoken}>{shape}</g>'
            if entry.planned
            else f'<a xlink:href="{link}" {spoken}>{shape}</a>'
        )
        nodes.append(f"<g {_data(entry, catalogue, counts)}>{inside}</g>")
    return (
        f'<svg class="atlas-map__picture" viewBox="0 0 {WIDTH} {height}" role="group" '
        'aria-label="Architectures by year, left to right, and family, top to bottom; lines lead from each to what '
        f'builds on it"><g class="atlas-map__years" aria-hidden="true">{ticks}</g>'
        f'<g class="atlas-map__lanes" aria-hidden="true">{lanes}</g>'
        f'<g class="atlas-map__lines" aria-hidden="true">{edges}</g>'
        f'<g class="atlas-map__nodes">{"".join(nodes)}</g></svg>'
    )


def _spoken(entry: Architecture, catalogue: Catalogue, counts: dict[str, Counts]) -> str:
    bases = [short_name(base.title) for base in catalogue.builds_on(entry.slug)]
    parts = [entry.title, str(entry.year), LEVELS[entry.level], FAMILIES[entry.family]]
    parts += ["planned"] if entry.planned else facts(counts[entry.slug])
    return escape(", ".join(parts) + (f"; builds on {', '.join(bases)}" if bases else ""), quote=True)


def _data(entry: Architecture, catalogue: Catalogue, counts: dict[str, Counts]) -> str:
    """Return what the page's script needs to know of a node, as attributes."""
    about = [str(entry.year), LEVELS[entry.level]]
    about += ["planned"] if entry.planned else facts(counts[entry.slug])
    values = {
        "node": entry.slug,
        "family": entry.family,
        "level": entry.level,
        "title": entry.title,
        "facts": " · ".join(about),
        "summary": entry.summary,
        "from": " ".join(ancestors(catalogue, entry.slug)),
        "to": " ".join(descendants(catalogue, entry.slug)),
    }
    text = " ".join(f'data-{key}="{escape(value, quote=True)}"' for key, value in values.items())
    return text + " data-planned" * entry.planned


def _cartouche(picture: Picture) -> str:
    box, height = picture.cartouche, round(picture.height + 8)
    place = (
        f"left:{box.left / WIDTH:.4%};width:{(box.right - box.left) / WIDTH:.4%};"
        f"bottom:{(height - box.bottom) / height:.4%};height:{(box.bottom - box.top) / height:.4%}"
    )
    planned = any(node.entry.planned for node in picture.nodes)
    returns = any(edge.returns for edge in picture.edges)
    keys = [
        '<li><svg viewBox="0 0 24 12" aria-hidden="true"><circle cx="12" cy="6" r="5"/></svg> a page you can read</li>'
    ]
    if planned:
        keys.append(
            '<li data-planned><svg viewBox="0 0 24 12" aria-hidden="true"><circle cx="12" cy="6" r="5"/></svg> '
            "planned, no page yet</li>"
        )
    keys.append(
        '<li><svg viewBox="0 0 24 12" aria-hidden="true"><path d="M1 9C9 9 15 3 23 3"/></svg> builds on</li>'
    )
    if returns:
        keys.append(
            '<li data-returns><svg viewBox="0 0 24 12" aria-hidden="true"><path d="M1 9C9 9 15 3 23 3"/></svg> '
            "an older idea takes up a newer one</li>"
        )
    return (
        f'<div class="atlas-map__cartouche" style="{place}"><ul class="atlas-map__key">{"".join(keys)}</ul>'
        '<div class="atlas-map__card" data-card hidden></div></div>'
    )


def _list(catalogue: Catalogue, counts: dict[str, Counts], url: str) -> str:
    """Return the map as a list in reading order, its lineage drawn as arcs at the left."""
    entries = list(catalogue.architectures.values())
    row = {entry.slug: number for number, entry in enumerate(entries)}
    longest = max((row[e.slug] - row[b] for e in entries for b in e.builds_on if b in row), default=1)
    arcs, dots, items = [], [], []
    for entry in entries:
        y = (row[entry.slug] + 0.5) * ROW
        for base in entry.builds_on:
            if base in row:
                start = (row[base] + 0.5) * ROW
                reach = 16 + (RAIL - 6) * 1.2 * math.sqrt((row[entry.slug] - row[base]) / longest)
                arcs.append(
                    f'<path data-edge="{base} {entry.slug}" data-family="{entry.family}" d="M{RAIL} {start:g}'
                    f'C{RAIL - reach:g} {start + 12:g} {RAIL - reach:g} {y - 12:g} {RAIL} {y:g}"/>'
                )
        dots.append(
            f'<g data-node="{entry.slug}" data-family="{entry.family}"{" data-planned" * entry.planned}>'
            f'<circle cx="{RAIL}" cy="{y:g}" r="{DOT}"/>'
            f'<path class="atlas-map__tick" d="M{RAIL - 2.8:g} {y + 0.2:g}l2 2.2 3.8-4.6"/></g>'
        )
        about = [str(entry.year), LEVELS[entry.level]]
        about += ["planned"] if entry.planned else [f"{counts[entry.slug].minutes} min"]
        items.append(
            f"<li {_data(entry, catalogue, counts)}>{_name(entry, url, short=True)}"
            f'<span class="atlas-map__facts">{" · ".join(about)}</span>'
            f'<span class="atlas-map__summary">{escape(entry.summary)}</span></li>'
        )
    height = ROW * len(entries)
    return (
        f'<div class="atlas-map__list"><svg viewBox="0 0 {RAIL + MARGIN} {height}" aria-hidden="true">'
        f'<g class="atlas-map__lines">{"".join(arcs)}</g><g class="atlas-map__nodes">{"".join(dots)}</g></svg>'
        f'<ol aria-label="Architectures in reading order">{"".join(items)}</ol></div>'
    )


def _name(entry: Architecture, url: str, short: bool = False) -> str:
    title = escape(short_name(entry.title) if short else entry.title)
    if entry.planned:
        return f"<span>{title}</span>"
    return f'<a href="{relative(url, address(entry.slug))}">{title}</a>'


# --- tracks -----------------------------------------------------------------------------------------------------------


def tracks_html(
    catalogue: Catalogue, counts: dict[str, Counts], lessons: dict[str, Lesson], planned: dict[int, str], url: str
) -> str:
    """Return the ways through the site: the core track, the whole atlas by family, and the lessons."""
    entries = list(catalogue.architectures.values())
    core = [entry for entry in entries if entry.core]
    minutes = sum(counts[entry.slug].minutes for entry in core if not entry.planned)
    written = sum(not entry.planned for entry in core)
    steps = "".join(_step(entry, url) for entry in core)
    course = {lesson.number: _lesson(lesson, url) for lesson in lessons.values()}
    course |= {
        number: f'<li data-planned value="{number}"><span>{escape(title)}</span> {_PLANNED}</li>'
        for number, title in planned.items()
    }
    families = "".join(
        f'<section data-family="{family}"><h4>{name}</h4><ul>'
        + "".join(_step(entry, url) for entry in entries if entry.family == family)
        + "</ul></section>"
        for family, name in FAMILIES.items()
        if any(entry.family == family for entry in entries)
    )
    ready = "" if written == len(core) else f", {written} of them written"
    return (
        '<div class="atlas-tracks" data-search-exclude="true">'
        f'<section class="atlas-track" data-track="core"><h3>The core track</h3><p>{_many(len(core), "page")}{ready}: '
        f"from the first network with a memory to pictures made of noise, {minutes} minutes of reading. "
        f"Each answers a failure of the one before.</p>{_progress('core track')}<ol>{steps}</ol></section>"
        f'<section class="atlas-track" data-track="lessons"><h3>The lessons</h3><p>{_many(len(course), "notebook")}, '
        f"{len(lessons)} written so far: build one idea line by line, run it, break it, and have your exercises "
        f"checked.</p>{_progress('lessons')}"
        f"<ol>{''.join(course[number] for number in sorted(course))}</ol></section>"
        '<section class="atlas-track atlas-track--wide" data-track="atlas"><h3>The whole atlas, by family</h3>'
        f"<p>{_many(len(entries), 'architecture')} in {_many(len({e.family for e in entries}), 'family')}. "
        f"Follow one family to its end, or a question across several.</p>{_progress('the atlas')}"
        f'<div class="atlas-families-list">{families}</div></section></div>'
    )


_PLANNED = '<span class="atlas-tag">planned</span>'
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


def _many(number: int, noun: str) -> str:
    nouns = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    written = _NUMBERS[number] if number < len(_NUMBERS) else f"{number}"
    return f"{written if noun != 'family' else written.lower()} {noun if number == 1 else nouns}"


def _progress(name: str) -> str:
    return f'<p class="atlas-track__progress" data-progress="{name}" hidden></p>'


def _step(entry: Architecture, url: str) -> str:
    tag = f" {_PLANNED}" if entry.planned else ""
    return (
        f'<li data-page="{entry.slug}" data-family="{entry.family}"{" data-planned" * entry.planned}>'
        f"{_name(entry, url)}{tag}</li>"
    )


def _lesson(lesson: Lesson, url: str) -> str:
    link = relative(url, f"{FOLDER}/{lesson.path.stem}/")
    return (
        f'<li data-page="{lesson.slug}" data-family="{lesson.front["family"]}" value="{lesson.number}">'
        f'<a href="{link}">{escape(lesson.title)}</a></li>'
    )


def read_planned_lessons(path: Path, root: Path, written: dict[str, Lesson]) -> tuple[dict[int, str], list[Problem]]:
    """Read the titles of the lessons to come by number, and what is wrong: a YAML list of `number` and `title`."""
    found = read_list(path, root, "the plan is not a list of lessons", "`- number: 1` and `title: …`")
    file, problems, planned = found.file, found.problems, {}
    taken = {lesson.number: lesson.page.file for lesson in written.values()}
    for values, line in ((one.values, one.line) for one in found.entries):
        if set(values) != {"number", "title"}:
            problems.append(Problem(file, line, "a lesson needs `number` and `title`, and nothing else", "write both"))
        elif not isinstance(values["number"], int) or not isinstance(values["title"], str):
            problems.append(Problem(file, line, "`number` is a whole number and `title` a text", "mend the two"))
        elif values["number"] in taken:
            where = taken[values["number"]]
            advice = "remove it from the plan" if where != file else "give it another number"
            problems.append(Problem(file, line, f"lesson {values['number']} is already in {where}", advice))
        else:
            planned[values["number"]] = values["title"]
            taken[values["number"]] = file
    return planned, problems
