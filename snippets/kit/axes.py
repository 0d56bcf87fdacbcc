"""Axes, margins and labels in the site's look: the parts that all plots share."""

import itertools
import math
from dataclasses import dataclass

from snippets.kit.colours import ACCENT, GRID, INK, MUTED, SERIES, SURFACE, TRANSPARENT
from snippets.kit.plain import plain

LABEL_SIZE = 12  # px, text on the marks
TICK_SIZE = 11
LETTER = 6.6  # px, the mean width of a letter of a label; page fonts differ by less than a tenth
LINE = 15  # px between two labels that would otherwise overlap
FEW_NAMES = 12
NARROWEST = 340  # px, the plot width on a phone


def layout(
    height: int, x_axis: dict, y_axis: dict, *, top: float = 10, left: float = 52, bottom: float = 44
) -> dict:
    titled = bool(x_axis.get("title"))
    return {
        "height": height,
        "margin": {"l": round(left), "r": 12, "t": round(top), "b": round(bottom if titled else bottom - 16)},
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": MUTED, "font": {"color": INK, "size": LABEL_SIZE}},
        "xaxis": x_axis,
        "yaxis": y_axis,
    }


def axis(title: str) -> dict:
    entry = {
        "showgrid": True,
        "gridcolor": GRID,
        "gridwidth": 1,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "ticklabelstandoff": 3,
        "nticks": 7,
        "tickfont": {"size": TICK_SIZE, "color": MUTED},
        "fixedrange": True,
    }
    if title:
        entry["title"] = {"text": title, "font": {"size": LABEL_SIZE, "color": INK}, "standoff": 8}
    return entry


def without_grid(entry: dict) -> None:
    """Take the grid away where cells, bars or points already mark the positions."""
    entry["showgrid"] = False
    for name in ("gridcolor", "gridwidth"):
        entry.pop(name, None)


def named(entry: dict, names: list[str]) -> None:
    """Write a name at each of the positions 0, 1, 2, …"""
    entry.pop("nticks", None)
    entry |= {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": names}
    if all(len(name) == 1 for name in names):
        entry["tickangle"] = 0  # single characters never need turning
    if len(names) > FEW_NAMES:
        entry["ticklabeloverflow"] = "allow"  # to hide what is cut off, Plotly measures every label at every redraw


def turned(entry: dict, names: list[str]) -> float:
    """Turn names that would not stand side by side on a phone; return the height that this takes below them."""
    longest = max(map(text_width, names))
    if longest * len(names) <= NARROWEST - 60 or longest <= 20:
        return 0
    entry["tickangle"] = -45
    return min(longest, 90) * 0.7


def positions(labels: list | None, count: int, title: str) -> tuple[list, dict]:
    """Return cell positions and their axis. Text labels may repeat, so they name positions 0, 1, 2, …"""
    entry = axis(title)
    if labels is None:
        if count <= 7:
            entry |= {"tick0": 0, "dtick": 1}  # no ticks between the cells
            del entry["nticks"]
        return list(range(count)), entry
    values = plain(labels)
    if len(values) != count:
        raise ValueError(f"{len(values)} labels for {count} cells along “{title or 'an axis'}”")
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return values, entry
    named(entry, [str(value) for value in values])
    return list(range(count)), entry


def room(axis: dict, title: str, values: list) -> float:
    """Return the left margin in pixels that the labels of a vertical axis need."""
    texts = axis.get("ticktext") or [
        f"{value:g}" if isinstance(value, (int, float)) else value for value in values
    ]
    return min(140, 12 + max(map(text_width, texts)) * TICK_SIZE / LABEL_SIZE) + (20 if title else 0)


def text_width(text: str) -> float:
    return LETTER * len(text)


def vertical(layout: dict) -> float:
    return layout["margin"]["t"] + layout["margin"]["b"]


def limits(cells: list, diverging: bool) -> tuple[float, float]:
    finite = [cell for cell in cells if cell is not None]
    if not finite:
        return (-1.0, 1.0) if diverging else (0.0, 1.0)
    low, high = min(finite), max(finite)
    if diverging:
        reach = max(abs(low), abs(high)) or 1.0
        return -reach, reach
    low = min(low, 0.0) if low > 0 and low < 0.5 * high else low
    return (low, high) if high > low else (low, low + 1.0)


def span(
    given: tuple[float, float] | None, values: list, log: bool, name: str, *, padding: float
) -> list[float]:
    """Return an axis range as Plotly takes it (exponents when logarithmic), wider than the values."""
    finite = [value for value in (given if given is not None else values) if value is not None]
    if log:
        if any(value <= 0 for value in finite):
            raise ValueError(f"the {name} axis is logarithmic, and there is a value of {min(finite):g}")
        finite = [math.log10(value) for value in finite]
    if not finite:
        return [0.0, 1.0]
    low, high = min(finite), max(finite)
    if given is None:
        reach = (high - low) or abs(high) or 1.0
        low, high = low - padding * reach, high + padding * reach
        if low == high:
            low, high = low - 0.5, high + 0.5
    return plain([float(low), float(high)])


def logarithmic(entry: dict, log: bool, values: list | None = None) -> None:
    """Make an axis logarithmic: ticks at the values where they are few, otherwise at round numbers."""
    if not log:
        return
    low, high = entry["range"]
    stops = sorted({value for value in values or [] if value is not None})
    powers = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    if not 1 < len(stops) <= 8:
        if high - low <= 2:
            round_ones = (m * 10.0**p for p in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5))
            stops = [stop for stop in round_ones if low - 1e-9 <= math.log10(stop) <= high + 1e-9]
        else:
            stops = [10.0**power for power in powers[:: math.ceil(len(powers) / 7)]]
    raised = high - low > 2 and (powers[0] < -2 or powers[-1] > 4)
    entry |= {"type": "log", "tickmode": "array", "tickvals": plain(stops)}
    entry["ticktext"] = [_power(stop) if raised else f"{float(f'{stop:.5g}'):,g}" for stop in stops]
    entry.pop("nticks", None)


def _power(value: float) -> str:
    power = round(math.log10(value))
    return "1" if power == 0 else f"10<sup>{power}</sup>".replace("-", "−")


def curve(label: str, value: object, x: object, gaps: bool) -> tuple[list, list]:
    if isinstance(value, tuple):
        xs, ys = plain(value[0]), plain(value[1], gaps=gaps)
    else:
        ys = plain(value, gaps=gaps)
        xs = list(range(len(ys))) if x is None else plain(x)
    if len(xs) != len(ys) or not ys:
        raise ValueError(f"line “{label}” has {len(xs)} x values and {len(ys)} y values")
    return xs, ys


def series_colours(labels: list[str]) -> dict[str, str]:
    if len(labels) == 1:
        return {labels[0]: ACCENT}
    return {label: SERIES[index % len(SERIES)] for index, label in enumerate(labels)}


def band(xs: list, lower: list, upper: list, colour: str) -> dict:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs + xs[::-1],
        "y": upper + lower[::-1],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": 0.16,
        "line": {"color": colour, "width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def said(*pairs: tuple[str, str]) -> str:
    """Return a hover template that says each ``title: value`` on a line of its own."""
    said = [f"{title}: {value}" if title else value for title, value in pairs if value]
    return "<br>".join(said) + "<extra></extra>"


def legend() -> dict:
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1.02,
        "yanchor": "bottom",
        "font": {"size": LABEL_SIZE, "color": INK},
        "bgcolor": TRANSPARENT,
        "itemclick": False,
        "itemdoubleclick": False,
    }


def legend_rows(labels: list[str]) -> int:
    """Return how many rows a legend of these labels takes on the narrowest screen."""
    beside = max(1, int((NARROWEST - 60) / (max(map(text_width, labels)) + 46)))
    return math.ceil(len(labels) / beside)


def colour_bar(title: str) -> dict:
    bar = {
        "orientation": "h",
        "x": 1,
        "xanchor": "right",
        "y": 1,
        "yanchor": "bottom",
        "ypad": 4,
        "xpad": 0,
        "len": 0.5,
        "thickness": 7,
        "outlinewidth": 0,
        "nticks": 5,
        "tickfont": {"size": TICK_SIZE, "color": MUTED},
    }
    if title:
        bar["title"] = {"text": f"{title} ", "side": "right", "font": {"size": TICK_SIZE, "color": MUTED}}
    return bar


def outline(mark: tuple[int | None, int | None], xs: list, ys: list) -> dict:
    def around(index: int | None, values: list) -> tuple[float, float]:
        step = (values[-1] - values[0]) / (len(values) - 1) if len(values) > 1 else 1
        first, last = (0, len(values) - 1) if index is None else (index, index)
        return values[first] - step / 2, values[last] + step / 2

    (y0, y1), (x0, x1) = around(mark[0], ys), around(mark[1], xs)
    box = plain({"x0": float(x0), "x1": float(x1), "y0": float(y0), "y1": float(y1)})
    return {"type": "rect", **box, "line": {"color": INK, "width": 1.5}}


@dataclass(frozen=True)
class View:
    """The part of the plane that a plot shows.

    Attributes:
        x_log, y_log: whether the axes are logarithmic.
        x_span, y_span: the ends of the axes as Plotly takes them (exponents when logarithmic).
        height: of the plot inside its margins, in pixels.
    """

    x_log: bool
    y_log: bool
    x_span: list[float]
    y_span: list[float]
    height: float

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point lies on the narrowest screen, in pixels from the lower left corner."""
        across = (on_axis(x, self.x_log) - self.x_span[0]) / (self.x_span[1] - self.x_span[0])
        up = (on_axis(y, self.y_log) - self.y_span[0]) / (self.y_span[1] - self.y_span[0])
        return across * (NARROWEST - 120), up * self.height


def rules(verticals: list, levels: list, curves: list[tuple[list, list]], view: View) -> tuple[list, list]:
    """Return annotations and shapes of labelled lines across the plot; labels stand clear of the curves."""
    annotations, shapes = [], []
    style = {"color": MUTED, "width": 1, "dash": "dot"}
    font = {"size": TICK_SIZE, "color": MUTED}
    for at, label in verticals:
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": style})
        place = {"x": on_axis(at, view.x_log), "y": 1, "yref": "paper", "yanchor": "bottom"}
        annotations.append(place | {"text": label, "font": font, "showarrow": False})
    for at, label in levels:
        shapes.append({"type": "line", "y0": at, "y1": at, "x0": 0, "x1": 1, "xref": "paper", "line": style})
        side, above = _clear_side(at, text_width(label), curves, view)
        place = {"x": side, "xref": "paper", "xanchor": "right" if side else "left"}
        place |= {"y": on_axis(at, view.y_log), "yanchor": "bottom" if above else "top"}
        annotations.append(place | {"text": label, "font": font, "showarrow": False})
    return annotations, shapes


def _clear_side(level: float, wide: float, curves: list[tuple[list, list]], view: View) -> tuple[int, bool]:
    """Return the end (0 left, 1 right) and the side (above or not) of a level where its label fits best."""
    places = []
    for xs, ys in curves:
        inside = [
            view.pixels(x, y)
            for x, y in zip(xs, ys, strict=True)
            if y is not None and (y > 0 or not view.y_log) and (x > 0 or not view.x_log)
        ]
        for (x0, y0), (x1, y1) in itertools.pairwise(inside):
            steps = max(1, math.ceil(max(abs(x1 - x0), abs(y1 - y0)) / 4))
            places += [(x0 + (x1 - x0) * t / steps, y0 + (y1 - y0) * t / steps) for t in range(steps + 1)]
    line = view.pixels(10 ** view.x_span[0] if view.x_log else view.x_span[0], level)[1]

    def covered(choice: tuple[int, bool]) -> int:
        side, above = choice
        left = NARROWEST - 120 - wide - 6 if side else -6
        low = line + 1 if above else line - 17
        outside = low + 16 > view.height or low < 0
        hits = sum(left <= x <= left + wide + 12 and low - 2 <= y <= low + 18 for x, y in places)
        return hits + 1000 * outside

    return min([(0, True), (1, True), (0, False), (1, False)], key=covered)


def on_axis(value: float, log: bool) -> float:
    """Return a position as an annotation takes it: on a logarithmic axis, the exponent."""
    return float(f"{math.log10(value):.5g}") if log else value


def end_labels(curves: dict, colours: dict, view: View, *, apart: int) -> list[dict]:
    """Return one annotation at the end of each line, moved up or down where they would overlap."""
    ends = []
    for label, (xs, ys) in curves.items():
        inside = [
            (x, y)
            for x, y in zip(xs, ys, strict=True)
            if y is not None
            and (y > 0 or not view.y_log)
            and (x > 0 or not view.x_log)
            and on_axis(x, view.x_log) <= view.x_span[1] + 1e-9
        ]
        if label and inside:
            x, y = max(inside, key=lambda point: point[0])
            at = min(max(on_axis(y, view.y_log), view.y_span[0]), view.y_span[1])
            up = (at - view.y_span[0]) / (view.y_span[1] - view.y_span[0]) * view.height
            ends.append((label, on_axis(x, view.x_log), at, up))
    ends.sort(key=lambda end: end[3])
    places = spread([end[3] for end in ends], LINE, view.height)
    return [
        {
            "x": x,
            "y": y,
            "yshift": round(place - up),
            "xshift": apart,
            "xanchor": "left",
            "yanchor": "middle",
            "text": label,
            "showarrow": False,
            "font": {"size": LABEL_SIZE, "color": colours[label]},
        }
        for (label, x, y, up), place in zip(ends, places, strict=True)
    ]


def spread(wanted: list[float], distance: float, highest: float) -> list[float]:
    """Return rising places at least `distance` apart, as near to the wanted ones as they can be."""
    groups: list[list] = []  # [sum of wanted minus offset, count]
    for index, place in enumerate(wanted):
        groups.append([place - index * distance, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += count
    bases = [total / count for total, count in groups for _ in range(count)]
    top = highest - (len(wanted) - 1) * distance
    return [max(min(base, top), 0.0) + index * distance for index, base in enumerate(bases)]


def flat(values: list) -> list:
    return [entry for row in values for entry in flat(row)] if isinstance(values[0], list) else values
