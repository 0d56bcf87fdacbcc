"""Whiteboard diagrams in a page: ``![](diagram:rnn/whiteboard)``."""

import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from hooks.figures import DIAGRAM, built, failure, failure_html, figure_link, unbuilt
from hooks.inline import inline_html
from hooks.page_text import PageText

_ACTIONS = {"first": "First", "previous": "Back", "next": "Next", "play": "Play"}


def place_diagrams(
    page: PageText, folder: Path, numbers: dict[str, tuple[str, int]], failed: dict[str, str] | None = None
) -> list[str]:
    """Replace a page's diagrams by what stands for them until Markdown is done; return their ids.

    Args:
        page: the page.
        folder: where the builder writes diagrams.
        numbers: for each figure placed anywhere, the address of its page and its number there.
        failed: why a diagram, or all of a file, could not be built; while serving, the page shows it.
    """
    placed: list[str] = []

    def write(match: re.Match, original: Callable[[str], str]) -> str | None:
        identity = match["id"]
        if reason := failure("diagram", identity, failed or {}):
            return match["indent"] + page.block(failure_html("diagram", identity, reason))
        if identity not in built(folder):
            page.problem(
                match.start(), f"unknown diagram `{identity}`", unbuilt("diagram", identity, built(folder))
            )
            return None
        if identity in placed:
            page.problem(
                match.start(), f"the diagram `{identity}` is already on this page", "keep one of the two"
            )
            return None
        placed.append(identity)
        record = json.loads((folder / f"{identity}.json").read_text(encoding="utf-8"))
        for box in record["boxes"]:
            figure = (box.get("breaks") or {}).get("figure")
            if figure and figure not in numbers:
                page.problem(
                    match.start(),
                    f"the box `{box['id']}` of `{identity}` points to the figure `{figure}`, "
                    "which is on no page",
                    f"place ![](figure:{figure}) or change `breaks` of the box",
                )
                return None
        return match["indent"] + page.block(diagram_html(record, original("caption"), page.url, numbers))

    page.replace(DIAGRAM, write, mathematics=False)
    return placed


def diagram_html(record: dict, caption: str, url: str, numbers: dict[str, tuple[str, int]]) -> str:
    """Return the HTML of one diagram: the drawing, its stepper and the reasons for its boxes.

    Args:
        record: what the builder wrote.
        caption: Markdown that replaces the diagram's own title, if not empty.
        url: the address of the page it stands on.
        numbers: for each figure placed anywhere, the address of its page and its number there.
    """
    buttons = "".join(
        f'<button type="button" data-action="{action}">{label}</button>' for action, label in _ACTIONS.items()
    )
    whys = "".join(_why(box, url, numbers) for box in record["boxes"])
    title = inline_html(caption.strip() or record["title"])
    description = f" {inline_html(record['description'])}" if record.get("description") else ""
    tall = " data-tall" if _is_tall(record["svg"]) else ""
    return (
        f'<figure class="atlas-diagram" id="diagram-{record["id"].partition("/")[2]}" '
        f'data-diagram-figure="{record["id"]}"{tall}>'
        '<div class="atlas-diagram__parts"><div class="atlas-diagram__board" data-search-exclude="true">'
        f'<div class="atlas-diagram__canvas">{record["svg"]}</div>'
        f'<div class="atlas-diagram__stepper" hidden>{buttons}<output></output></div></div>'
        f'<ol class="atlas-diagram__whys">{whys}</ol></div>'
        f"<figcaption><b>Diagram.</b> {title}"
        f"{description}</figcaption></figure>"
    )


def _is_tall(svg: str) -> bool:
    """Whether a drawing is higher than wide, so that its reasons stand beside it on a wide screen."""
    _x, _y, width, height = (float(number) for number in re.search(r'viewBox="([^"]+)"', svg)[1].split())
    return height > width


def _why(box: dict, url: str, numbers: dict[str, tuple[str, int]]) -> str:
    facts = [box["shape"]] if box.get("shape") else []
    if box.get("parameters"):
        facts.append(f"{box['parameters']:,} parameter{'s' if box['parameters'] > 1 else ''}")
    breaks = ""
    if box.get("breaks"):
        text = inline_html(box["breaks"]["text"].rstrip("."))
        figure = box["breaks"].get("figure")
        link = f" ({figure_link(figure, '', url, numbers)})" if figure else ""
        breaks = f' <span class="atlas-diagram__breaks">{text}{link}.</span>'
    fact = f" <span>{escape(' · '.join(facts))}</span>" if facts else ""
    name = f"<b>{escape(box['label'])}</b>"
    return f'<li data-why="{box["id"]}">{name}{fact} {inline_html(box["why"])}{breaks}</li>'
