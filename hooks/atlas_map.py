"""Where everything on the map of the atlas stands: years across, families down, lineage between.

The picture is computed, never drawn by hand: a label has room of its own whatever the catalogue holds, and a line
runs through nobody's dot.
"""

import math
import re
from dataclasses import dataclass

from hooks.catalogue import Catalogue
from hooks.front_matter import FAMILIES, Architecture
from hooks.kept import kept

WIDTH = 1220
GUTTER = 118  # the names of the families
MARGIN = 14
AXIS = 34  # the years, above the first lane
DOT = 6
LINE = 14.5  # from one line of a label to the next
FAMILY_LINE = 16
LETTER = 14.0
SMALL = 10.0
LONGEST_LINE = 182  # where a label is broken
LANE_PADDING = 4
SPACE = 10  # between two labels of a row
LIFT = 8  # from a dot up to its label
FOOT = 9  # from a dot down to the next row
LAST = 132  # right of the last year; a longer label stands to the left of its dot
CARTOUCHE = (316, 140)  # the card of the pointed node, in a corner that is empty

_NARROW, _WIDE = set("iljtfrI.,:;'()/- "), set("mwMW@%")


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Say whether the two share a point inside."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, x: float, y: float) -> bool:
        """Say whether a point is inside."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


@dataclass(frozen=True)
class Node:
    """One architecture: its dot, and the lines of its label with the rectangle they fill."""

    entry: Architecture
    x: float
    y: float
    lines: tuple[str, ...]
    label: Box


@dataclass(frozen=True)
class Edge:
    """One step of the lineage, as a cubic curve from `source` to `target`.

    `returns` marks a step to an architecture whose founding paper is older than what it builds on today.
    """

    source: str
    target: str
    curve: tuple[float, ...]
    returns: bool


@dataclass(frozen=True)
class Lane:
    """The band of a family."""

    family: str
    top: float
    bottom: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """The whole map."""

    nodes: list[Node]
    edges: list[Edge]
    lanes: list[Lane]
    years: dict[int, tuple[float, float]]
    height: float
    cartouche: Box


def short_name(title: str) -> str:
    """Return the name that a title gives in brackets at its end, if it is one name, else what stands before them."""
    match = re.fullmatch(r"(?P<long>.+?)\s*\((?P<short>[^()]+)\)", title)
    if not match:
        return title
    return match["long"] if "→" in match["short"] else match["short"]


def text_width(text: str, size: float = LETTER) -> float:
    """Return an upper estimate of a text's width in the site's serif."""
    ems = sum(0.36 if c in _NARROW else 0.9 if c in _WIDE else 0.74 if c.isupper() else 0.6 for c in text)
    return ems * size


def broken(text: str, longest: float = LONGEST_LINE, size: float = LETTER) -> tuple[str, ...]:
    """Return a label as lines, each as wide as `longest` at most if its words allow."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= longest:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


@kept
def draw(catalogue: Catalogue) -> Picture:
    """Place every architecture of a catalogue."""
    entries = list(catalogue.architectures.values())
    places, years = _columns(entries)
    lanes: list[Lane] = []
    nodes: list[Node] = []
    top = float(AXIS)
    for family, name in FAMILIES.items():
        members = sorted((e for e in entries if e.family == family), key=lambda e: (places[e.slug], e.slug))
        if not members:
            continue
        placed, bottom = _lane(members, places, top + LANE_PADDING)
        named = broken(name, GUTTER - 20, 13)
        bottom = max(bottom + LANE_PADDING, top + FAMILY_LINE * len(named) + 12)
        lanes.append(Lane(family, top, bottom, named))
        nodes += placed
        top = bottom
    cartouche, height = _corner(nodes, top)
    order = {entry.slug: number for number, entry in enumerate(entries)}
    nodes.sort(key=lambda node: order[node.entry.slug])
    return Picture(nodes, _edges(nodes), lanes, years, height, cartouche)


def _columns(entries: list[Architecture]) -> tuple[dict[str, float], dict[int, tuple[float, float]]]:
    """Return each architecture's x, and where each year that has one begins and ends.

    A year with a lineage inside it is as many steps wide as that lineage is long. Years without an architecture are
    left out but for a gap that grows with their logarithm.
    """
    years = sorted({entry.year for entry in entries})
    own = {entry.slug: entry for entry in entries}
    depths: dict[str, int] = {}

    def depth(slug: str) -> int:
        if slug not in depths:
            bases = [base for base in own[slug].builds_on if base in own and own[base].year == own[slug].year]
            depths[slug] = 1 + max((depth(base) for base in bases), default=-1)
        return depths[slug]

    position, starts, previous = 0.0, {}, None
    for year in years:
        if previous is not None:
            position += 1 + 0.3 * math.log2(year - previous)
        longest = max(depth(entry.slug) for entry in entries if entry.year == year)
        starts[year] = (position, position + longest)
        position += longest
        previous = year
    room = WIDTH - GUTTER - 2 * MARGIN - LAST
    unit = room / position if position else 0
    left = GUTTER + MARGIN

    def x(value: float) -> float:
        return round(left + unit * value, 1)

    spans = {year: (x(first), x(last)) for year, (first, last) in starts.items()}
    return {entry.slug: x(starts[entry.year][0] + depth(entry.slug)) for entry in entries}, spans


def _label(entry: Architecture) -> tuple[str, ...]:
    return broken(short_name(entry.title))


def _label_width(entry: Architecture) -> float:
    lines = _label(entry)
    last = text_width(lines[-1]) + (text_width(" planned", SMALL) + 2 if entry.planned else 0)
    return max([*map(text_width, lines[:-1]), last, 2 * DOT])


def _extent(entry: Architecture, places: dict[str, float]) -> tuple[float, float]:
    """Return where a label begins and ends: right of its dot or, where the picture ends, left of it."""
    x, width = places[entry.slug], _label_width(entry)
    left = x - DOT if x - DOT + width <= WIDTH else x + DOT - width
    return left, left + width


def _near(left: float, right: float, other_left: float, other_right: float) -> bool:
    return left < other_right + SPACE and other_left < right + SPACE


def _lane(members: list[Architecture], places: dict[str, float], top: float) -> tuple[list[Node], float]:
    """Put the architectures of a family on as many rows as their labels need; return them and where the rows end."""
    rows: list[list[Architecture]] = []
    for entry in members:
        left, right = _extent(entry, places)
        row = next((row for row in rows if not any(_near(left, right, *_extent(e, places)) for e in row)), None)
        if row is None:
            rows.append([entry])
        else:
            row.append(entry)
    nodes = []
    for row in rows:
        lines = max(len(_label(entry)) for entry in row)
        y = top + lines * LINE + LIFT
        for entry in row:
            text = _label(entry)
            left, right = _extent(entry, places)
            box = Box(left, y - LIFT - len(text) * LINE, right, y - LIFT)
            nodes.append(Node(entry, places[entry.slug], round(y, 1), text, box))
        top = y + FOOT
    return nodes, top


def _corner(nodes: list[Node], bottom: float) -> tuple[Box, float]:
    """Return a place at the lower left where nothing stands, and the height of the picture with it."""
    width, height = CARTOUCHE
    left = GUTTER + MARGIN
    for low in (bottom - 10, *(bottom + step for step in range(10, height + 30, 20))):
        box = Box(left, low - height, left + width, low)
        spread = Box(left - 8, box.top - 12, box.right + 12, low)
        if not any(spread.meets(node.label) or spread.holds(node.x, node.y) for node in nodes):
            return box, max(bottom, low)
    return Box(left, bottom + 14, left + width, bottom + 14 + height), bottom + 14 + height


def _edges(nodes: list[Node]) -> list[Edge]:
    by_slug = {node.entry.slug: node for node in nodes}
    edges = []
    for target in nodes:
        for base in target.entry.builds_on:
            if base in by_slug:
                source = by_slug[base]
                returns = target.entry.year < source.entry.year
                edges.append(Edge(base, target.entry.slug, _curve(source, target, nodes), returns))
    return edges


def _curve(source: Node, target: Node, nodes: list[Node]) -> tuple[float, ...]:
    """Return the curve between two dots that runs through no other dot and through as little text as can be."""
    forward = 1 if target.x >= source.x else -1
    reach = abs(target.x - source.x)
    best: tuple[float, tuple[float, ...]] | None = None
    for pull in (0.5, 0.3, 0.75, 0.95):
        for bend in (0, 14, -14, 26, -26, 44, -44, 70, -70):
            away = forward * max(pull * reach, 18)
            curve = (
                source.x,
                source.y,
                source.x + away,
                source.y + bend,
                target.x - away,
                target.y + (bend if abs(target.y - source.y) < 1 else bend / 2),
                target.x,
                target.y,
            )
            cost = abs(bend) / 12 + 2 * abs(pull - 0.5)
            for x, y in along(curve):
                for node in nodes:
                    if node is not source and node is not target and math.hypot(node.x - x, node.y - y) < DOT + 5:
                        cost += 100
                    cost += 1.5 * node.label.holds(x, y)
            if best is None or cost < best[0]:
                best = cost, curve
    return tuple(round(value, 1) for value in best[1])


def along(curve: tuple[float, ...], steps: int = 60) -> list[tuple[float, float]]:
    """Return points of a cubic curve, its ends included."""
    x0, y0, x1, y1, x2, y2, x3, y3 = curve
    points = []
    for step in range(steps + 1):
        t = step / steps
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        points.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return points


def ancestors(catalogue: Catalogue, slug: str) -> list[str]:
    """Return everything an architecture builds on, directly or not, in reading order."""
    return _reach(catalogue, slug, lambda one: [entry.slug for entry in catalogue.builds_on(one)])


def descendants(catalogue: Catalogue, slug: str) -> list[str]:
    """Return everything that builds on an architecture, directly or not, in reading order."""
    return _reach(catalogue, slug, lambda one: [entry.slug for entry in catalogue.leads_to(one)])


def _reach(catalogue: Catalogue, slug: str, following: object) -> list[str]:
    found: set[str] = set()
    waiting = [slug]
    while waiting:
        for one in following(waiting.pop()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return [one for one in catalogue.architectures if one in found]
