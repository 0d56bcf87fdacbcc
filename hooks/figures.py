"""Figures in a page: ``![caption](figure:rnn/hidden_state)``, and links to them that know their numbers."""

import json
import posixpath
import re
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

from hooks.controls import controls_html
from hooks.front_matter import suggestion
from hooks.inline import inline_html, plain_text
from hooks.page_text import PageText, Problem, mask

FIGURE = re.compile(r"^(?P<indent>[ \t]*)!\[(?P<caption>.*)\]\(figure:(?P<id>[^)\s]*)\)[ \t]*$", re.MULTILINE)
DIAGRAM = re.compile(
    r"^(?P<indent>[ \t]*)!\[(?P<caption>.*)\]\(diagram:(?P<id>[^)\s]*)\)[ \t]*$", re.MULTILINE
)
_MISPLACED = re.compile(r"!\[[^\]\n]*\]\((?P<kind>figure|diagram):[^)\n]*\)")
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\[\]\n]*)\]\(figure:(?P<id>[^)\s]*)\)")


def built(folder: Path) -> list[str]:
    """Return the ids of what the builder wrote under a folder of figures or diagrams, ``slug/name``."""
    return sorted(
        f"{path.parent.name}/{path.stem}"
        for path in folder.glob("*/*.json")
        if not path.stem.endswith(".states")
    )


def find_ids(text: str, pattern: re.Pattern) -> list[tuple[str, int]]:
    """Return the ids of the figures or diagrams in a Markdown text with their positions, in order."""
    return [(match["id"], match.start()) for match in pattern.finditer(mask(text))]


def own_captions(pages: Iterable[PageText]) -> dict[str, str]:
    """Return the captions that pages give figures in place of the figures' own, as Markdown."""
    return {
        match["id"]: page.text[slice(*match.span("caption"))].strip()
        for page in pages
        for match in FIGURE.finditer(page.masked(mathematics=False))
        if match["caption"].strip()
    }


def place_figures(page: PageText, folder: Path, failed: dict[str, str] | None = None) -> list[str]:
    """Replace a page's figures by what stands for them until Markdown is done.

    Args:
        page: the page.
        folder: where the builder writes figures.
        failed: why a figure, or all of a file, could not be built; while serving, the page shows it.

    Returns:
        The ids of the figures placed, in order.
    """
    placed: list[str] = []

    def write(match: re.Match, original: Callable[[str], str]) -> str | None:
        identity = match["id"]
        path = folder / f"{identity}.json"
        if reason := failure("figure", identity, failed or {}):
            return match["indent"] + page.block(failure_html("figure", identity, reason))
        if identity not in built(folder):
            page.problem(
                match.start(), f"unknown figure `{identity}`", unbuilt("figure", identity, built(folder))
            )
            return None
        if identity in placed:
            page.problem(
                match.start(),
                f"the figure `{identity}` is already on this page",
                f"keep one and link to it: [](figure:{identity})",
            )
            return None
        placed.append(identity)
        record = json.loads(path.read_text(encoding="utf-8"))
        html = figure_html(record, len(placed), original("caption"))
        return match["indent"] + page.block(html)

    page.replace(FIGURE, write, mathematics=False)
    for match in _MISPLACED.finditer(page.masked()):
        if not re.search(rf"^{re.escape(match[0])}[ \t]*$", page.text, re.MULTILINE):
            page.problem(match.start(), f"`{match[0]}` shares its line with text", "put it alone on a line")
    return placed


def failure(kind: str, identity: str, failed: dict[str, str]) -> str:
    """Return why a figure or diagram could not be built, if it could not."""
    module = "figures.py" if kind == "figure" else "diagram.py"
    file = f"{identity.partition('/')[0].replace('-', '_')}/{module}"
    return failed.get(identity) or (f"snippets/{file} {failed[file]}" if file in failed else "")


def failure_html(kind: str, identity: str, reason: str) -> str:
    """Return what stands in the place of a figure or diagram that could not be built."""
    return (
        f'<figure class="atlas-figure atlas-failure" id="{anchor(identity)}" data-failed="{identity}">'
        f"<figcaption><b>The {kind} {identity} could not be built.</b></figcaption>"
        f'<pre tabindex="0">{escape(reason)}</pre></figure>'
    )


def unbuilt(kind: str, identity: str, known: list[str]) -> str:
    """Say what to do about a figure or diagram that the builder has not written."""
    slug = identity.partition("/")[0]
    siblings = [name for name in known if name.startswith(f"{slug}/")]
    folder = slug.replace("-", "_")
    hint = suggestion(identity, siblings or known)
    module = "figures.py" if kind == "figure" else "diagram.py"
    return f"{hint}; if it is new in snippets/{folder}/{module}, run `make figures`"


def check_use(
    uses: dict[str, list[tuple[str, str, int]]], known: list[str], pages: dict[str, str], kind: str
) -> list[Problem]:
    """Check that everything built for a page is on it, once.

    Args:
        uses: for each id, where it is placed: (slug of the page or "", file, line).
        known: the ids that are built.
        pages: the file of each written page, by slug.
        kind: ``figure`` or ``diagram``.
    """
    problems = []
    for identity, places in uses.items():
        for _, file, line in places[1:]:
            if file != places[0][1]:
                problems.append(
                    Problem(
                        file,
                        line,
                        f"the {kind} `{identity}` is already on {places[0][1]}",
                        f"keep one and link to it: [text](figure:{identity})"
                        if kind == "figure"
                        else "keep one of the two",
                    )
                )
    for identity in known:
        slug, _, name = identity.partition("/")
        if slug in pages and not any(place[0] == slug for place in uses.get(identity, [])):
            module = f"snippets/{slug.replace('-', '_')}/{'figures' if kind == 'figure' else 'diagram'}.py"
            problems.append(
                Problem(
                    pages[slug],
                    1,
                    f"the {kind} `{identity}` is built and never shown",
                    f"place ![]({kind}:{identity}) on the page, or remove `{name}` from {module} and "
                    "run `make figures`",
                )
            )
    return problems


def link_figures(page: PageText, numbers: dict[str, tuple[str, int]]) -> None:
    """Turn ``[](figure:rnn/loss)`` into a link that says *Figure 6*.

    Args:
        page: the page.
        numbers: for each figure placed anywhere, the address of its page and its number there.
    """

    def write(match: re.Match, original: Callable[[str], str]) -> str | None:
        if match["id"] not in numbers:
            page.problem(
                match.start(),
                f"a link leads to the figure `{match['id']}`, which is on no page",
                suggestion(match["id"], numbers),
            )
            return None
        return figure_link(match["id"], original("text"), page.url, numbers)

    page.replace(_LINK, write)


def link_figures_in(text: str, page: PageText, position: int, numbers: dict[str, tuple[str, int]]) -> str:
    """Do the same in a text that is not part of the page's prose; problems are noted at `position`."""
    part = PageText(page.file, text, page.line(position), page.url)
    link_figures(part, numbers)
    page.problems += part.problems
    return part.text


def figure_link(identity: str, text: str, url: str, numbers: dict[str, tuple[str, int]]) -> str:
    """Return a link from the page at `url` to a figure; without a text it says the figure's number."""
    home, number = numbers[identity]
    address = "" if home == url else relative(url, home)
    return f'<a href="{address}#{anchor(identity)}">{text or f"Figure {number}"}</a>'


def relative(start: str, target: str) -> str:
    """Return the address of a page as seen from another; both relative to the site's root."""
    path = posixpath.relpath(
        f"/{target}", f"/{start}" if start.endswith("/") or not start else posixpath.dirname(start)
    )
    return f"{path}/" if target.endswith("/") or not target else path


def anchor(identity: str) -> str:
    """Return the element id of a figure."""
    return f"figure-{identity.partition('/')[2]}"


def figure_html(record: dict, number: int, caption: str = "") -> str:
    """Return the HTML of one figure as it stands before any script runs.

    Args:
        record: what the builder wrote.
        number: its number on the page.
        caption: Markdown that replaces the figure's own caption, if not empty.
    """
    caption = caption.strip() or record["caption"]
    flags = " data-measured" * record["measured"] + " data-precomputed" * record["precomputed"]
    tags = _tag("measured") if record["measured"] else ""
    tags += _tag(f"pretrained: {record['pretrained']}") if record["pretrained"] else ""
    spoken = plain_text(f"{caption} {record['description']}")
    return (
        f'<figure class="atlas-figure" id="{anchor(record["id"])}" data-figure="{record["id"]}" '
        f'data-state="static" data-uses="{" ".join(record["uses"])}"{flags} '
        f'style="--figure-height:{record["height"]:g}px">'
        f"{controls_html(record['controls'], record['id'])}"
        f'<div class="atlas-plot" data-plot role="img" aria-label="{spoken}"></div>'
        '<p class="atlas-figure__status" data-status role="status" data-search-exclude="true"></p>'
        f'<figcaption data-search-exclude="true"><b>Figure {number}.</b> '
        f"{inline_html(caption)}{tags}"
        '<details><summary data-search-exclude="true">What to notice</summary> '
        f"<p>{inline_html(record['description'])}</p></details>"
        "</figcaption></figure>"
    )


def _tag(text: str) -> str:
    return f' <span class="atlas-tag" data-search-exclude="true">{escape(text)}</span>'
