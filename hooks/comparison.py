"""The table in which architectures stand side by side: what their pages say of them, and what was counted.

Everything is in the HTML; the page's script leaves the two or three columns that the reader picked. Roles are written
out because a narrow screen lays the rows out as grids, and a browser then no longer takes them for a table's.
"""

import json
from collections.abc import Callable
from html import escape

from hooks.catalogue import Catalogue
from hooks.figures import relative
from hooks.front_matter import Architecture, short_title
from hooks.indexes import address
from hooks.inline import inline_html
from hooks.values import ValueMissingError, shown

SAID = {
    "objective": "Objective",
    "input": "Input",
    "output": "Output",
    "training": "Parallel in training",
    "generation": "Parallel in generation",
    "cost": "Cost by length",
    "memory": "Memory while generating",
    "steps": "Sampling steps",
    "strengths": "Strengths",
    "weaknesses": "Weaknesses",
}
SHORT, LONG = 1, -1  # which of the measured lengths the table shows: 16 and the longest
Find = Callable[[str], object]


def writers(catalogue: Catalogue, url: str, find: Find) -> dict[str, Callable[[], str]]:
    """Return what writes the table, by the name it has in ``![](index:…)``."""
    return {"comparison": lambda: table(catalogue, url, find)}


def table(catalogue: Catalogue, url: str, find: Find) -> str:
    """Return the table of all written architectures, in reading order.

    Args:
        catalogue: all architectures; the planned ones are named, so that the script can offer them as such.
        url: the address of the page that the table is on.
        find: returns the result at a dotted path or raises `ValueMissingError`.
    """
    entries = catalogue.written
    counts = {entry.slug: _counts(entry.slug, find) for entry in entries}
    head = "".join(
        f'<th scope="col" role="columnheader"{_marks(entry)}>'
        f'<a href="{relative(url, address(entry.slug))}">{escape(short_title(entry.title))}</a></th>'
        for entry in entries
    )
    rows = [
        _row(name, {entry.slug: inline_html(entry.compare[key]) for entry in entries}, entries)
        for key, name in SAID.items()
    ]
    rows.append(_band("Counted on the reference models", len(entries)))
    for name, write in MEASURED.items():
        cells = {slug: write(found, find) if found else "not counted yet" for slug, found in counts.items()}
        rows.append(_row(name, cells, entries))
    offered = [
        {"slug": entry.slug, "title": short_title(entry.title), "planned": entry.planned}
        for entry in catalogue.architectures.values()
    ]
    known = escape(json.dumps(offered, ensure_ascii=False), quote=False)
    body = f'<tbody role="rowgroup">{"".join(rows)}</tbody>'
    top = f'<thead role="rowgroup"><tr role="row"><td role="cell"></td>{head}</tr></thead>'
    return (
        f'<div class="atlas-compare" data-compare data-search-exclude="true"><template data-offered>{known}</template>'
        '<div class="atlas-compare__table" tabindex="0" role="region" aria-label="Architectures side by side">'
        f'<table role="table">{top}{body}</table></div></div>'
    )


def _marks(entry: Architecture) -> str:
    return f' data-slug="{entry.slug}" data-family="{entry.family}"'


def _row(name: str, cells: dict[str, str], entries: list[Architecture]) -> str:
    columns = "".join(f'<td role="cell"{_marks(entry)}>{cells[entry.slug]}</td>' for entry in entries)
    return f'<tr role="row"><th scope="row" role="rowheader">{name}</th>{columns}</tr>'


def _band(name: str, columns: int) -> str:
    head = f'<th scope="rowgroup" role="rowheader" colspan="{columns + 1}">{name}</th>'
    return f'<tr role="row" class="atlas-compare__band">{head}</tr>'


def _counts(slug: str, find: Find) -> dict | None:
    """What was counted of a page's model; nothing if the recipe does not have it yet."""
    try:
        return find(f"compare.{slug}")
    except ValueMissingError:
        return None


def _model(found: dict, _: Find) -> str:
    return escape(found["network"])


def _parameters(found: dict, _: Find) -> str:
    return f"{found['parameters']:,} ({found['bytes'] / 1000:,.0f} kB)"


def _each(found: dict, doing: str) -> str:
    """Multiply-adds for each element at a short and at the longest length, and the ratio of the two."""
    lengths, counts = found["lengths"], found[doing]["multiply_adds"]
    short, long = counts[SHORT] / lengths[SHORT], counts[LONG] / lengths[LONG]
    return f"{short:,.0f} → {long:,.0f} <span>×{long / short:.3g}</span>"


def _training(found: dict, _: Find) -> str:
    return _each(found, "training")


def _generation(found: dict, _: Find) -> str:
    return _each(found, "generation") if found["generation"] else "does not generate"


def _waits(found: dict, _: Find) -> str:
    last = found["generation"]["steps"][LONG] if found["generation"] else None
    return f"{found['training']['steps'][LONG]:,} · {'does not generate' if last is None else f'{last:,}'}"


def _memory(found: dict, _: Find) -> str:
    if not found["generation"]:
        return "nothing"
    kept = found["generation"]["bytes"]
    return f"{kept[SHORT]:,} → {kept[LONG]:,} bytes"


def _seconds(found: dict, find: Find) -> str:
    of = f", {escape(found['seconds']['of'])}" if found["seconds"]["of"] else ""
    return f"{shown(find(found['seconds']['key']), ',.0f', found['seconds']['key'])} s{of}"


def _metric(found: dict, find: Find) -> str:
    metric = found["metric"]
    return f"{shown(find(metric['key']), metric['format'], metric['key'])} {escape(metric['says'])}"


MEASURED = {
    "Reference model": _model,
    "Parameters": _parameters,
    "Multiply-adds for each element in training, from <i>n</i> = 16 to 1,024": _training,
    "Multiply-adds for each element generated, from <i>n</i> = 16 to 1,024": _generation,
    "Steps that wait for one another at <i>n</i> = 1,024, training · generation": _waits,
    "Carried along, from <i>n</i> = 16 to 1,024": _memory,
    "Trained in, on one thread": _seconds,
    "Held-out result": _metric,
}
