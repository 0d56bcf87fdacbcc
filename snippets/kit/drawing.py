"""Drawing a diagram: grid to boxes, boxes to routes, both to one inline SVG.

The drawing is 372 units wide whatever the grid, so that on a phone of 360 pixels its smallest text is 12
pixels high. Colours are the theme's CSS variables, so the page's light and dark apply without a script.
"""

import html
import itertools
import math
import re
from dataclasses import dataclass

from snippets.kit.colours import TOKENS

WIDTH = 372  # units; at a width of 360 px the smallest text is 12 px
LABEL, SMALL = 14.5, 12.5  # text sizes, units
LINE = 1.28  # line height, in text sizes
EDGE = 17  # kept free on the left and right for detours
BROADEST = 190  # of a box that spans one column
GUTTER = 26  # between two columns
GAP = 36  # between two rows
STUB = 12  # an arrow's first and last straight piece at least
LANE = 9  # between two parallel detours
HEAD = 7  # an arrow head's length

_DIRECTION = {"top": (0, -1), "bottom": (0, 1), "left": (-1, 0), "right": (1, 0)}
_NARROW, _WIDE = set("ijlt.,:;'|!()[]{}fr1 -·I"), set("mwMW@%—–→")
_Place = tuple[float, float]


@dataclass
class Placed:
    """A box with its place: left, top, right and bottom edge, and the lines written in it."""

    id: str
    kind: str
    left: float
    top: float
    right: float
    bottom: float
    label: list[str]
    small: list[str]
    learned: bool

    @property
    def x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        return (self.top + self.bottom) / 2


def draw(written: object, drawn: object, facts: dict, steps: dict[str, int]) -> str:
    """Return the SVG of a diagram.

    Args:
        written: the diagram's id, title and description (`WrittenDiagram`).
        drawn: its boxes and arrows (`Diagram`).
        facts: shape and parameters by box id.
        steps: by box id, the step at which the box is drawn.

    Raises:
        ValueError: a label does not fit its box, or two boxes overlap; the message names them.
    """
    boxes = _place(drawn, facts)
    routes = _route(drawn, boxes)
    frames = [(group, _frame(group, boxes, drawn.arrows, routes)) for group in drawn.groups]
    points = [point for route in routes for point in route]
    edges = [(box.left, box.top) for box in boxes.values()] + [
        (box.right, box.bottom) for box in boxes.values()
    ]
    edges += [(f[0], f[1]) for _, f in frames] + [(f[2], f[3]) for _, f in frames]
    left = min(0.0, *(x for x, _ in points + edges), 0.0)
    right = max(float(WIDTH), *(x for x, _ in points + edges))
    if right - left > WIDTH + 2:
        raise ValueError("has detours that need more room at its sides: use fewer columns or other sides")
    top = min(y for _, y in points + edges) - 6
    bottom = max(y for _, y in points + edges) + 6
    name = written.id.replace("/", "-")
    parts = [
        f'<svg class="atlas-diagram__svg" data-diagram="{written.id}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="{_n(left)} {_n(top)} {WIDTH} {_n(bottom - top)}" width="{round(WIDTH * 1.3)}" '
        f'role="group" '
        f'aria-labelledby="diagram-{name}-title diagram-{name}-description" font-family="inherit">',
        f'<title id="diagram-{name}-title">{_text(written.title)}</title>',
        f'<desc id="diagram-{name}-description">{_text(written.description)}</desc>',
    ]
    for group, frame in frames:
        parts.append(_draw_frame(group, frame, min(steps[member] for member in group.boxes), routes))
    lines, labels = [], []
    for arrow, route in zip(drawn.arrows, routes, strict=True):
        step = max(steps[arrow.source], steps[arrow.target])
        lines.append(_draw_arrow(arrow, route, step))
        if arrow.label:
            labels.append(_draw_arrow_label(arrow, route, step, list(boxes.values()), routes))
    parts += lines
    for box in drawn.boxes:
        said = _said(box, facts[box.id])
        parts.append(_draw_box(boxes[box.id], steps[box.id], said))
    return "\n".join([*parts, *labels, "</svg>"])


# --- places ----------------------------------------------------------------------------------------------


def _place(drawn: object, facts: dict) -> dict[str, Placed]:
    weights = drawn.widths or [1.0] * drawn.columns
    unit = (WIDTH - 2 * EDGE + GUTTER) / sum(weights)
    starts = [EDGE + unit * sum(weights[:column]) for column in range(drawn.columns + 1)]

    def across(column: float) -> float:
        whole = math.floor(column)
        after = starts[min(whole + 1, drawn.columns)]
        return starts[whole] + (column - whole) * (after - starts[whole])

    sized = []
    for box in drawn.boxes:
        left, right = across(box.at[0]), across(box.at[0] + box.span[0]) - GUTTER
        if box.span[0] == 1 and right - left > BROADEST:
            left, right = (left + right - BROADEST) / 2, (left + right + BROADEST) / 2
        small = _small_lines(facts[box.id], right - left - 8)
        label = _wrapped(box.label, LABEL, right - left - 12)
        if label is None or small is None:
            raise ValueError(f"box “{box.id}”: its text is wider than its {round(right - left)} units")
        height = (
            sum(map(_label_height, label)) + SMALL * LINE * len(small) + (15 if box.kind != "value" else 10)
        )
        if box.kind == "operation":
            wide = max([_wide(line, LABEL) for line in label] + [_wide(line, SMALL) for line in small])
            height = max(height, 32.0)
            wide = min(max(wide + 20, height), right - left)
            middle = (left + right) / 2
            left, right = middle - wide / 2, middle + wide / 2
        sized.append((box, left, right, height, label, small))

    rows = range(math.floor(max(box.at[1] + box.span[1] - 1 for box in drawn.boxes)) + 2)
    tall = [
        max(
            [height for box, _, _, height, _, _ in sized if box.at[1] == row and box.span[1] == 1],
            default=0.0,
        )
        for row in rows
    ]
    tops = [0.0]
    for row in rows:
        tops.append(tops[-1] + (tall[row] or 20) + GAP)

    def middle_of(row: float) -> float:
        whole = math.floor(row)
        here = tops[whole] + (tall[whole] or 20) / 2
        if row == whole:
            return here
        after = tops[whole + 1] + (tall[whole + 1] or 20) / 2
        return here + (row - whole) * (after - here)

    placed = {}
    for box, left, right, height, label, small in sized:
        if box.span[1] > 1:
            last = math.floor(box.at[1]) + box.span[1] - 1
            top, bottom = tops[math.floor(box.at[1])], tops[last] + (tall[last] or 20)
        else:
            top, bottom = middle_of(box.at[1]) - height / 2, middle_of(box.at[1]) + height / 2
        learned = bool(facts[box.id].parameters)
        placed[box.id] = Placed(box.id, box.kind, left, top, right, bottom, label, small, learned)
    for one, other in itertools.combinations(placed.values(), 2):
        if min(one.right, other.right) > max(one.left, other.left) + 1 and min(
            one.bottom, other.bottom
        ) > max(one.top, other.top):
            raise ValueError(f"boxes “{one.id}” and “{other.id}” overlap")
    return placed


def _label_height(line: str) -> float:
    return LABEL * LINE + (3.5 if "_" in line else 0)


def _small_lines(facts: object, room: float) -> list[str] | None:
    """Return the lines under a label: the shape, and the number of parameters."""
    lines = []
    if facts.shape:
        lines.append([facts.shape, facts.shape.replace(", ", ",")])
    if facts.parameters:
        counted = f"{facts.parameters:,}"
        lines.append([f"{counted} {word}".strip() for word in ("parameters", "params", "par.", "")])
    chosen = [next((form for form in forms if _wide(form, SMALL) <= room), None) for forms in lines]
    return None if None in chosen else chosen


def _frame(group: object, boxes: dict[str, Placed], arrows: list, routes: list) -> tuple[float, ...]:
    """Return the frame around a group's boxes and the detours between them: left, top, right, bottom."""
    members = [boxes[member] for member in group.boxes]
    left, right = min(box.left for box in members) - 11, max(box.right for box in members) + 11
    top, bottom = min(box.top for box in members) - 12, max(box.bottom for box in members) + 12
    for arrow, route in zip(arrows, routes, strict=True):
        inner = arrow.source in group.boxes and arrow.target in group.boxes
        outer = arrow.source in group.boxes or arrow.target in group.boxes
        for x, y in route:
            if inner:
                top, bottom = min(top, y - 8), max(bottom, y + 8)
            # a detour that only ends here must not run along the frame either
            if inner or (outer and top <= y <= bottom and left - 16 < x < right + 16):
                left, right = min(left, x - 8), max(right, x + 8)
    return left, top, right, bottom


# --- routes ----------------------------------------------------------------------------------------------


def _route(drawn: object, boxes: dict[str, Placed]) -> list[list[_Place]]:
    """Return the corners of every arrow, from its source's edge to its target's."""
    sides = [_sides(arrow, boxes) for arrow in drawn.arrows]
    ports = _ports(drawn.arrows, sides, boxes)
    xs, ys = _lanes(boxes)
    routes: list[list[_Place]] = []
    for arrow, (out, into), (start, end) in zip(drawn.arrows, sides, ports, strict=True):
        routes.append(_best(arrow, boxes, start, out, end, into, xs, ys, routes))
    return routes


def _sides(arrow: object, boxes: dict[str, Placed]) -> tuple[str, str]:
    """Return the sides an arrow leaves and enters by."""
    source, target = boxes[arrow.source], boxes[arrow.target]
    if source is target:
        return arrow.out or "right", arrow.into or (
            "bottom" if (arrow.out or "right") in ("left", "right") else "right"
        )
    over = min(source.right, target.right) - max(source.left, target.left)
    beside = min(source.bottom, target.bottom) - max(source.top, target.top)
    down = target.y > source.y
    if arrow.kind != "flow" and over > 0:
        out, into = "right", "right"
    elif over > 0 or beside <= 0:
        out, into = ("bottom", "top") if down else ("top", "bottom")
        if over <= 0 and target.kind == "operation":
            into = "left" if target.x > source.x else "right"
    else:
        out, into = ("right", "left") if target.x > source.x else ("left", "right")
    return arrow.out or out, arrow.into or into


def _ports(arrows: list, sides: list, boxes: dict[str, Placed]) -> list[tuple[_Place, _Place]]:
    """Return where each arrow leaves and enters. Arrows that share a side of a box spread along it."""
    ends: dict[tuple[str, str], list] = {}
    for index, (arrow, (out, into)) in enumerate(zip(arrows, sides, strict=True)):
        ends.setdefault((arrow.source, out), []).append((index, 0, boxes[arrow.target]))
        ends.setdefault((arrow.target, into), []).append((index, 1, boxes[arrow.source]))
    places: dict[tuple[int, int], _Place] = {}
    for (name, side), users in ends.items():
        box = boxes[name]
        upright = side in ("top", "bottom")
        users.sort(key=lambda user: (_heading(user[2], box, sides[user[0]], upright), user[0], user[1]))
        long = (box.right - box.left) if upright else (box.bottom - box.top)
        apart = min(16.0, long / (len(users) + 1))
        # one arrow that can run straight keeps its line; the others make room around it
        facing = [
            order
            for order, (index, _, other) in enumerate(users)
            if other is not box and arrows[index].kind == "flow" and _aligned(box, other, upright) is not None
        ]
        if facing:
            pivot = facing[0]
            origin = _aligned(box, users[pivot][2], upright)
        else:
            pivot, origin = (len(users) - 1) / 2, box.x if upright else box.y
        for order, (index, end, _) in enumerate(users):
            at = origin + (order - pivot) * apart
            edge = {"top": box.top, "bottom": box.bottom, "left": box.left, "right": box.right}[side]
            places[index, end] = (at, edge) if upright else (edge, at)
    return [(places[index, 0], places[index, 1]) for index in range(len(arrows))]


def _heading(other: Placed, box: Placed, sides: tuple[str, str], upright: bool) -> float:
    """Return where an arrow is bound for along a side, to order the arrows that share it."""
    if other is not box:
        return other.x if upright else other.y
    for side in sides:
        if upright and side in ("left", "right"):
            return box.left if side == "left" else box.right
        if not upright and side in ("top", "bottom"):
            return box.top if side == "top" else box.bottom
    return box.x if upright else box.y


def _aligned(box: Placed, other: Placed, upright: bool) -> float | None:
    """Return the middle of the narrower of two boxes if the other's side faces it, for a straight arrow."""
    low, high = (box.left, box.right) if upright else (box.top, box.bottom)
    their_low, their_high = (other.left, other.right) if upright else (other.top, other.bottom)
    middle = (their_low + their_high) / 2 if their_high - their_low < high - low else (low + high) / 2
    inside = max(low, their_low) + 8 <= middle <= min(high, their_high) - 8
    return middle if inside else None


def _lanes(boxes: dict[str, Placed]) -> tuple[list[float], list[float]]:
    """Return where detours may run: between the boxes, and outside all of them."""

    def between(spans: list[tuple[float, float]]) -> list[float]:
        marks = sorted({round(edge, 2) for span in spans for edge in span})
        return [(a + b) / 2 for a, b in itertools.pairwise(marks) if b - a > 4]

    left, right = min(box.left for box in boxes.values()), max(box.right for box in boxes.values())
    top, bottom = min(box.top for box in boxes.values()), max(box.bottom for box in boxes.values())
    out = [11, 11 + LANE, 11 + 2 * LANE]
    xs = between([(box.left, box.right) for box in boxes.values()])
    ys = between([(box.top, box.bottom) for box in boxes.values()])
    xs += [edge for box in boxes.values() for edge in (box.left - 13, box.right + 13)]
    ys += [edge for box in boxes.values() for edge in (box.top - 16, box.bottom + 16)]
    xs += [x for lane in out for x in (left - lane, right + lane)]
    ys += [y for lane in out for y in (top - lane, bottom + lane)]
    return _spaced(xs), _spaced(ys)


def _spaced(lanes: list[float]) -> list[float]:
    """Drop lanes that lie closer to another than anyone could tell apart."""
    kept: list[float] = []
    for lane in sorted(lanes):
        if not kept or lane - kept[-1] >= 3:
            kept.append(lane)
    return kept


def _best(
    arrow: object,
    boxes: dict[str, Placed],
    start: _Place,
    out: str,
    end: _Place,
    into: str,
    xs: list[float],
    ys: list[float],
    others: list[list[_Place]],
) -> list[_Place]:
    """Return the route of least cost: through no box, along no other arrow, few corners, short."""
    (dx, dy), (ex, ey) = _DIRECTION[out], _DIRECTION[into]
    a = (start[0] + dx * STUB, start[1] + dy * STUB)
    b = (end[0] + ex * STUB, end[1] + ey * STUB)
    middles: list[list[_Place]] = [[], [(a[0], b[1])], [(b[0], a[1])]]
    middles += [[(x, a[1]), (x, b[1])] for x in xs]
    middles += [[(a[0], y), (b[0], y)] for y in ys]
    middles += [[(x, a[1]), (x, y), (b[0], y)] for x in xs for y in ys]
    middles += [[(a[0], y), (x, y), (x, b[1])] for x in xs for y in ys]
    routes = [_tidy([start, a, *middle, b, end]) for middle in middles]
    # the cheap part of the cost bounds the whole: most routes need no closer look
    bounds = {tuple(route): _length(route) for route in routes if _orthogonal(route)}
    best, least = None, math.inf
    for route, bound in sorted(bounds.items(), key=lambda entry: entry[1]):
        if bound >= least:
            break
        cost = bound + _penalty(route, boxes, others, out, into)
        if cost < least:
            best, least = list(route), cost
    return best


def _length(route: list[_Place]) -> float:
    return 14.0 * (len(route) - 2) + sum(math.dist(*piece) for piece in itertools.pairwise(route))


def _penalty(route: tuple[_Place, ...], boxes: dict[str, Placed], others: list, out: str, into: str) -> float:
    """Return what a route costs beyond its length and corners: what it touches, crosses or runs along."""
    cost = 0.0
    pieces = list(itertools.pairwise(route))
    dx, dy = _DIRECTION[out]
    (x0, y0), (x1, y1) = pieces[0]
    if (x1 - x0) * dx + (y1 - y0) * dy <= 0:
        cost += 5000  # it leaves through its own box
    ex, ey = _DIRECTION[into]
    (x0, y0), (x1, y1) = pieces[-1]
    if (x0 - x1) * ex + (y0 - y1) * ey <= HEAD:
        cost += 5000
    for (x0, y0), (x1, y1) in pieces:
        if min(x0, x1) < 3 or max(x0, x1) > WIDTH - 3:
            cost += 2000
        for box in boxes.values():
            within_x = min(max(x0, x1), box.right) - max(min(x0, x1), box.left)
            within_y = min(max(y0, y1), box.bottom) - max(min(y0, y1), box.top)
            across_x = within_x > 0.01 or (x0 == x1 and box.left < x0 < box.right)
            across_y = within_y > 0.01 or (y0 == y1 and box.top < y0 < box.bottom)
            if across_x and across_y:
                cost += 3000
            elif within_x > -5 and within_y > -5:
                cost += 60  # too near
    for other in others:
        for (x0, y0), (x1, y1) in itertools.pairwise(other):
            for (u0, v0), (u1, v1) in pieces:
                if x0 == x1 and u0 == u1 and abs(x0 - u0) < LANE - 1:
                    shared = min(max(y0, y1), max(v0, v1)) - max(min(y0, y1), min(v0, v1))
                    cost += 400 + shared if shared > 0 else 0
                elif y0 == y1 and v0 == v1 and abs(y0 - v0) < LANE - 1:
                    shared = min(max(x0, x1), max(u0, u1)) - max(min(x0, x1), min(u0, u1))
                    cost += 400 + shared if shared > 0 else 0
                elif _cross((x0, y0, x1, y1), (u0, v0, u1, v1)):
                    cost += 120
    return cost


def _cross(one: tuple, other: tuple) -> bool:
    if (one[0] == one[2]) == (other[0] == other[2]):
        return False
    upright, level = (one, other) if one[0] == one[2] else (other, one)
    return min(level[0], level[2]) < upright[0] < max(level[0], level[2]) and min(
        upright[1], upright[3]
    ) < level[1] < max(upright[1], upright[3])


def _tidy(route: list[_Place]) -> list[_Place]:
    """Drop repeated places and places in the middle of a straight line."""
    kept: list[_Place] = []
    for place in route:
        place = (round(place[0], 2), round(place[1], 2))
        if kept and place == kept[-1]:
            continue
        while len(kept) > 1 and _in_line(kept[-2], kept[-1], place):
            kept.pop()
        kept.append(place)
    return kept


def _in_line(a: _Place, b: _Place, c: _Place) -> bool:
    upright = a[0] == b[0] == c[0] and (b[1] - a[1]) * (c[1] - b[1]) > 0
    level = a[1] == b[1] == c[1] and (b[0] - a[0]) * (c[0] - b[0]) > 0
    return upright or level


def _orthogonal(route: list[_Place]) -> bool:
    return all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(route)) and len(route) > 1


# --- the SVG ---------------------------------------------------------------------------------------------


def _draw_box(box: Placed, step: int, said: str) -> str:
    wide, tall = box.right - box.left, box.bottom - box.top
    place = f'x="{_n(box.left)}" y="{_n(box.top)}" width="{_n(wide)}" height="{_n(tall)}"'
    if box.kind == "operation":
        stroke = f'stroke="{_var("ink")}" stroke-width="1.4"'
        shape = f'<rect {place} rx="{_n(tall / 2)}" fill="{_var("paper")}" {stroke}/>'
    elif box.kind == "value":
        shape = f'<rect {place} rx="7" fill="{_var("surface")}" stroke="{_var("grid")}" stroke-width="1"/>'
    else:
        colour = "accent" if box.learned else "ink"
        under = f'<rect {place} rx="7" fill="{_var("paper")}"/>'
        shape = (
            f'{under}<rect {place} rx="7" fill="{_var(colour)}" '
            f'fill-opacity="{0.07 if box.learned else 0.03}" '
            f'stroke="{_var(colour)}" stroke-width="1.6"/>'
        )
    text, y = [], box.y - (sum(map(_label_height, box.label)) + SMALL * LINE * len(box.small)) / 2
    for line in box.label:
        weight = ' font-weight="600"' if box.kind == "module" else ""
        style = ' font-style="italic"' if box.kind == "value" else ""
        baseline = y + LABEL * (LINE - 0.33)
        y += _label_height(line)
        text.append(
            _line(line, box.x, baseline, LABEL, "ink", f'class="atlas-diagram__label"{weight}{style}')
        )
    for line in box.small:
        y += SMALL * LINE
        text.append(_line(line, box.x, y - 0.33 * SMALL, SMALL, "muted", 'class="atlas-diagram__shape"'))
    return (
        f'<g class="atlas-diagram__box atlas-diagram__box--{box.kind}" data-box="{html.escape(box.id)}" '
        f'data-step="{step}" tabindex="0" role="button" aria-label="{html.escape(said)}">'
        f"{shape}{''.join(text)}</g>"
    )


def _draw_frame(group: object, frame: tuple[float, ...], step: int, routes: list[list[_Place]]) -> str:
    left, top, right, bottom = frame
    wide = _wide(group.label, SMALL)

    def struck(place: _Place) -> list[float]:
        """Return where lines run through a label that starts at a place."""
        x, y = place
        area = (x - 3, y - SMALL, x + wide + 3, y + 3)
        pieces = [piece for route in routes for piece in itertools.pairwise(route)]
        return [min(a[0], b[0]) for a, b in pieces if _meets(area, a, b)]

    corners = [(x, y + 4) for y in (top, bottom) for x in (left + 10, right - 10 - wide)]
    place = min(corners, key=lambda corner: len(struck(corner)))
    if struck(place):
        # make the frame wide enough for its name to stand before the line
        left = max(3.0, min(left, min(struck(corners[0]), default=left) - wide - 18))
        place = (left + 10, top + 4)
    ground = (
        f'<rect x="{_n(place[0] - 4)}" y="{_n(place[1] - SMALL)}" width="{_n(wide + 4)}" '
        f'height="{_n(SMALL * LINE)}" fill="{_var("paper")}"/>'
    )
    text = ground + _line(
        group.label, *place, SMALL, "muted", 'class="atlas-diagram__group-label"', start=True
    )
    return (
        f'<g class="atlas-diagram__group" data-step="{step}"><rect x="{_n(left)}" y="{_n(top)}" '
        f'width="{_n(right - left)}" height="{_n(bottom - top)}" rx="12" fill="none" '
        f'stroke="{_var("muted")}" '
        f'stroke-width="1" stroke-dasharray="2 4" stroke-linecap="round"/>{text}</g>'
    )


def _draw_arrow(arrow: object, route: list[_Place], step: int) -> str:
    (x0, y0), (x1, y1) = route[-2:]
    length = math.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    tip = (x1 - ux * 1.5, y1 - uy * 1.5)
    base = (tip[0] - ux * HEAD, tip[1] - uy * HEAD)
    head = [tip, (base[0] - uy * 3.6, base[1] + ux * 3.6), (base[0] + uy * 3.6, base[1] - ux * 3.6)]
    path = _rounded([*route[:-1], (base[0] + ux, base[1] + uy)], 7)
    colour = _var("ink") if arrow.kind == "flow" else _var("accent")
    dash = ' stroke-dasharray="5 4"' if arrow.kind == "recurrent" else ""
    corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in head)
    return (
        f'<g class="atlas-diagram__arrow atlas-diagram__arrow--{arrow.kind}" data-step="{step}" '
        f'data-from="{html.escape(arrow.source)}" data-to="{html.escape(arrow.target)}" aria-hidden="true">'
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.4"{dash}/>'
        f'<polygon points="{corners}" fill="{colour}"/></g>'
    )


def _draw_arrow_label(
    arrow: object, route: list[_Place], step: int, boxes: list[Placed], routes: list[list[_Place]]
) -> str:
    """Write what flows along an arrow beside a straight piece of it, where it covers no box or line."""
    wide, tall = _wide(arrow.label, SMALL), SMALL * LINE
    options = []
    for (x0, y0), (x1, y1) in itertools.pairwise(route):
        long = abs(x1 - x0) + abs(y1 - y0)
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        if x0 == x1:
            places = [(x + 6 + wide / 2, y), (x - 6 - wide / 2, y)]
        else:
            places = [(x, y - 0.62 * tall), (x, y + 0.62 * tall)]
        for order, (cx, cy) in enumerate(places):
            covered = sum(
                max(0.0, min(cx + wide / 2, box.right) - max(cx - wide / 2, box.left))
                * max(0.0, min(cy + tall / 2, box.bottom) - max(cy - tall / 2, box.top))
                for box in boxes
            )
            outside = max(0.0, 2 - (cx - wide / 2)) + max(0.0, cx + wide / 2 - WIDTH + 2)
            squeezed = max(0.0, (tall if x0 == x1 else wide) - long)
            struck = sum(
                _meets((cx - wide / 2, cy - tall / 3, cx + wide / 2, cy + tall / 3), a, b)
                for other in routes
                for a, b in itertools.pairwise(other)
            )
            options.append(
                (
                    covered * 10 + outside * 50 + struck * 40 + squeezed * 2 - min(long, 60) * 0.2 + order,
                    cx,
                    cy,
                )
            )
    _, cx, cy = min(options)
    colour = "ink" if arrow.kind == "flow" else "accent"
    text = _line(arrow.label, cx, cy + 0.33 * SMALL, SMALL, colour, 'font-style="italic"' + _halo())
    return f'<g class="atlas-diagram__arrow-label" data-step="{step}" aria-hidden="true">{text}</g>'


def _meets(area: tuple[float, float, float, float], a: _Place, b: _Place) -> bool:
    """Whether a straight piece runs through an area: left, top, right, bottom."""
    across = max(min(a[0], b[0]), area[0]) <= min(max(a[0], b[0]), area[2])
    return across and max(min(a[1], b[1]), area[1]) <= min(max(a[1], b[1]), area[3])


def _rounded(route: list[_Place], radius: float) -> str:
    path = [f"M{_n(route[0][0])} {_n(route[0][1])}"]
    for before, corner, after in zip(route, route[1:], route[2:], strict=False):
        one, two = math.dist(before, corner), math.dist(corner, after)
        reach = min(radius, one / 2, two / 2)
        a = (
            corner[0] + (before[0] - corner[0]) * reach / one,
            corner[1] + (before[1] - corner[1]) * reach / one,
        )
        b = (
            corner[0] + (after[0] - corner[0]) * reach / two,
            corner[1] + (after[1] - corner[1]) * reach / two,
        )
        path.append(f"L{_n(a[0])} {_n(a[1])}Q{_n(corner[0])} {_n(corner[1])} {_n(b[0])} {_n(b[1])}")
    path.append(f"L{_n(route[-1][0])} {_n(route[-1][1])}")
    return "".join(path)


def _line(text: str, x: float, y: float, size: float, colour: str, more: str, *, start: bool = False) -> str:
    anchor = "" if start else ' text-anchor="middle"'
    return (
        f'<text x="{_n(x)}" y="{_n(y)}"{anchor} font-size="{size}" fill="{_var(colour)}" {more}>'
        f"{_spans(text, size)}</text>"
    )


def _spans(text: str, size: float) -> str:
    """Write a line with what ``_`` lowers and ``^`` raises."""
    out, back = [], 0.0
    for sign, body in _pieces(text):
        shift = {"": 0.0, "_": 0.24 * size, "^": -0.36 * size}[sign]
        move = f' dy="{_n(shift - back)}"' if shift != back else ""
        small = f' font-size="{_n(size * 0.84)}"' if sign else ""
        out.append(f"<tspan{move}{small}>{_text(body)}</tspan>" if move or small else _text(body))
        back = shift
    return "".join(out)


def _pieces(text: str) -> list[tuple[str, str]]:
    found = re.findall(r"([_^])(?:\{([^}]*)\}|(.))|([^_^]+)", text)
    return [(sign, group or single) if sign else ("", rest) for sign, group, single, rest in found]


def _wide(text: str, size: float) -> float:
    """Return the width of a line, estimated on the wide side."""
    total = 0.0
    for sign, body in _pieces(text):
        scale = size * (0.84 if sign else 1.0)
        for character in body:
            if character in _NARROW:
                total += 0.34 * scale
            elif character in _WIDE:
                total += 0.9 * scale
            else:
                total += (0.68 if character.isupper() else 0.58) * scale
    return total


def _wrapped(text: str, size: float, room: float) -> list[str] | None:
    """Break a label into lines; ``None`` when a word is too wide."""
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in part.split():
            longer = f"{line} {word}".strip()
            if _wide(longer, size) <= room:
                line = longer
                continue
            if line:
                lines.append(line)
            if _wide(word, size) > room:
                return None
            line = word
        lines.append(line)
    return lines


def _said(box: object, facts: object) -> str:
    from snippets.kit.diagram import plain_label

    parts = [plain_label(box.name or box.label)]
    if facts.shape:
        parts.append(f"shape {facts.shape}")
    if facts.parameters:
        parts.append(f"{facts.parameters:,} parameters")
    return ", ".join(parts)


def _var(name: str) -> str:
    return f"var(--atlas-{name}, {TOKENS['colours'][name]['light']})"


def _halo() -> str:
    return f' paint-order="stroke" stroke="{_var("paper")}" stroke-width="4" stroke-linejoin="round"'


def _text(text: str) -> str:
    return html.escape(text, quote=False)


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".") if number % 1 else str(int(number))
