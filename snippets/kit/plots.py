"""Plots in the site's look. Each helper takes tensors, arrays or lists and returns a figure's plain JSON.

What they share: colours from the tokens only, no legend where a label on the mark will do, axis titles with
their units, a hover text in words, a fixed height and a width that follows the page (legible from 340 pixels
on). Fonts and the theme's colours are the page's to apply. Every helper takes `height` in pixels.
"""

import math
from collections.abc import Callable

from snippets.kit import axes
from snippets.kit.colours import ACCENT, DIVERGING, INK, MUTED, PAPER, SEQUENTIAL
from snippets.kit.plain import plain


def heatmap(
    z: object,
    *,
    x: list | None = None,
    y: list | None = None,
    x_title: str = "",
    y_title: str = "",
    z_title: str = "",
    diverging: bool = False,
    limits: tuple[float, float] | None = None,
    text: list[list[str]] | None = None,
    mark: tuple[int | None, int | None] | None = None,
    square: bool = False,
    colour_bar: bool = True,
    hover: str | None = None,
    gaps: bool = False,
    height: int = 320,
) -> dict:
    """Return a grid of coloured cells, the first row at the top.

    Args:
        z: values of shape (rows, columns).
        x, y: labels of the columns and rows (text, repeats allowed), or their numeric positions.
        x_title, y_title, z_title: what the axes and the colour are, with units.
        diverging: zero is the middle of the colour scale, and the scale is symmetric.
        limits: the values at the ends of the colour scale; left out, they come from `z`.
        text: what to write in each cell.
        mark: ``(row, column)`` to outline; either may be ``None`` for a whole column or row.
        square: draw square cells.
        hover: a Plotly template; left out, it says the titles and the values.
        gaps: leave cells that are not finite empty, rather than raise.
    """
    values = plain(z, gaps=gaps)
    rows, columns = len(values), len(values[0]) if values else 0
    if not rows or not columns or any(len(row) != columns for row in values):
        raise ValueError("a heatmap takes a grid of at least one row and one column")
    low, high = limits or axes.limits([cell for row in values for cell in row], diverging)
    x_values, x_axis = axes.positions(x, columns, x_title)
    y_values, y_axis = axes.positions(y, rows, y_title)
    axes.without_grid(x_axis)
    axes.without_grid(y_axis)
    y_axis["autorange"] = "reversed"
    trace = {
        "type": "heatmap",
        "z": values,
        "x": x_values,
        "y": y_values,
        "zmin": float(low),
        "zmax": float(high),
        "colorscale": DIVERGING if diverging else SEQUENTIAL,
        "showscale": colour_bar,
        "hoverongaps": False,
        "hovertemplate": hover
        or axes.said((x_title, "%{x}"), (y_title, "%{y}"), (z_title or "value", "%{z:.3g}")),
    }
    if max(rows, columns) <= 48:
        trace |= {"xgap": 1, "ygap": 1}
    if text is not None:
        # "auto" lets Plotly pick black or white by the colour of the cell
        trace |= {"text": plain(text), "texttemplate": "%{text}", "textfont": {"size": axes.LABEL_SIZE}}
    layout = axes.layout(
        height,
        x_axis,
        y_axis,
        top=38 if colour_bar else 10,
        left=axes.room(y_axis, y_title, y_values),
        bottom=44 + (axes.turned(x_axis, x_axis["ticktext"]) if "ticktext" in x_axis else 0),
    )
    if colour_bar:
        trace["colorbar"] = axes.colour_bar(z_title)
    if square:
        layout["yaxis"] |= {"scaleanchor": "x", "constrain": "domain"}
        layout["xaxis"] |= {"constrain": "domain"}
    if mark is not None:
        layout["shapes"] = [axes.outline(mark, x_values, y_values)]
    return {"data": [trace], "layout": layout}


def lines(
    series: dict[str, object] | object,
    x: object = None,
    *,
    x_title: str = "",
    y_title: str = "",
    x_log: bool = False,
    y_log: bool = False,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    bands: dict[str, tuple[object, object]] | None = None,
    dashed: tuple[str, ...] = (),
    colour: dict[str, str] | None = None,
    markers: bool = False,
    rules: list[tuple[float, str]] | None = None,
    levels: list[tuple[float, str]] | None = None,
    gaps: bool = False,
    hover: str | None = None,
    height: int = 320,
) -> dict:
    """Return one or more lines, each labelled at its end.

    Args:
        series: y values by label; or one sequence of y values, unlabelled. A value may also be a pair
            ``(x values, y values)`` where lines have x values of their own.
        x: the shared x values; left out, 0, 1, 2, …
        x_log, y_log: logarithmic axes; ranges and rules are still given as plain values.
        x_range, y_range: the ends of the axes; left out, the data's.
        bands: by label, the lower and upper edge of what surrounds the line, such as the range of repeats.
        dashed: labels of the lines to draw dashed.
        colour: colours by label, where the order of the series colours will not do.
        markers: also draw a dot at each value.
        rules: vertical lines to draw, ``(x, label)``.
        levels: horizontal lines to draw, ``(y, label)``.
        hover: a Plotly template; left out, it says the label and both values.
        gaps: leave values that are not finite out, rather than raise.
    """
    named = series if isinstance(series, dict) else {"": series}
    if not named:
        raise ValueError("lines takes at least one series")
    curves = {label: axes.curve(label, value, x, gaps) for label, value in named.items()}
    colours = axes.series_colours(list(curves)) | (colour or {})
    edges = {label: [plain(edge, gaps=gaps) for edge in pair] for label, pair in (bands or {}).items()}
    for label in edges:
        if label not in curves:
            raise ValueError(f"there is a band for “{label}” but no line")
    all_x = [value for xs, _ in curves.values() for value in xs]
    all_y = [value for _, ys in curves.values() for value in ys] + [
        value for pair in edges.values() for edge in pair for value in edge
    ]
    x_span = axes.span(x_range, all_x, x_log, "x", padding=0)
    y_span = axes.span(y_range, all_y + [at for at, _ in levels or []], y_log, "y", padding=0.06)

    traces = []
    for label, (lower, upper) in edges.items():
        xs = curves[label][0]
        traces.append(axes.band(xs, lower, upper, colours[label]))
    for label, (xs, ys) in curves.items():
        trace = {
            "type": "scatter",
            "mode": "lines+markers" if markers or len(xs) == 1 else "lines",
            "name": label,
            "x": xs,
            "y": ys,
            "line": {"color": colours[label], "width": 2, "dash": "dash" if label in dashed else "solid"},
            "hovertemplate": hover
            or axes.said(
                ("", f"<b>{label}</b>" if label else ""), (x_title, "%{x:.4~g}"), (y_title, "%{y:.3g}")
            ),
        }
        if "markers" in trace["mode"]:
            trace |= {"marker": {"color": colours[label], "size": 6}, "cliponaxis": False}
        traces.append(trace)

    x_axis, y_axis = axes.axis(x_title), axes.axis(y_title)
    x_axis["range"], y_axis["range"] = x_span, y_span
    axes.without_grid(x_axis)
    axes.logarithmic(x_axis, x_log, all_x)
    axes.logarithmic(y_axis, y_log)
    layout = axes.layout(height, x_axis, y_axis, top=24 if rules else 14)
    labels = [label for label in curves if label]
    view = axes.View(x_log, y_log, x_span, y_span, height - axes.vertical(layout))
    annotations, shapes = axes.rules(rules or [], levels or [], list(curves.values()), view)
    if labels:
        wide = max(map(axes.text_width, labels)) + (14 if markers else 10)
        if wide <= 110 and len(labels) <= 8:
            layout["margin"]["r"] = round(wide)
            annotations += axes.end_labels(curves, colours, view, apart=9 if markers else 5)
        else:
            layout |= {"showlegend": True, "legend": axes.legend()}
            layout["margin"]["t"] = 20 + 20 * axes.legend_rows(labels)
            for trace in traces:
                trace.setdefault("showlegend", bool(trace.get("name")))
    layout |= {"annotations": annotations} if annotations else {}
    layout |= {"shapes": shapes} if shapes else {}
    return {"data": traces, "layout": layout}


def bars(
    values: object,
    labels: list,
    *,
    x_title: str = "",
    y_title: str = "",
    horizontal: bool = False,
    highlight: int | list[int] | None = None,
    spread: tuple[object, object] | None = None,
    limits: tuple[float, float] | None = None,
    text: list[str] | None = None,
    hover: str | None = None,
    height: int = 300,
) -> dict:
    """Return one bar for each label.

    Args:
        values: the bars' lengths.
        labels: what each bar is; repeats are allowed.
        x_title, y_title: the titles of the axes as drawn.
        horizontal: lay the bars on their side, the first at the top.
        highlight: the bars to draw in the accent colour; the rest are then muted.
        spread: the lower and upper value of each bar's repeats.
        limits: the ends of the value axis; left out, from 0 to the data's largest.
        text: what to write at the end of each bar.
        hover: a Plotly template; left out, it says label and value.
    """
    lengths = plain(values)
    if not lengths or len(labels) != len(lengths):
        raise ValueError(f"bars takes one label for each value: {len(labels)} labels, {len(lengths)} values")
    chosen = [highlight] if isinstance(highlight, int) else highlight
    marker = {"color": ACCENT, "line": {"width": 0}}
    if chosen is not None:
        marker["color"] = [ACCENT if index in chosen else MUTED for index in range(len(lengths))]
        marker["opacity"] = [1.0 if index in chosen else 0.5 for index in range(len(lengths))]
    names = [str(label) for label in labels]
    along, across = ("x", "y") if horizontal else ("y", "x")
    trace = {
        "type": "bar",
        "orientation": "h" if horizontal else "v",
        along: lengths,
        across: list(range(len(lengths))),
        "marker": marker,
        "customdata": names,
        "hovertemplate": hover
        or axes.said(("", "<b>%{customdata}</b>"), (x_title if horizontal else y_title, f"%{{{along}:.3g}}")),
    }
    edges = []
    if spread is not None:
        lower, upper = (plain(edge) for edge in spread)
        edges = [*lower, *upper]
        trace[f"error_{along}"] = {
            "type": "data",
            "symmetric": False,
            "array": plain([high - value for high, value in zip(upper, lengths, strict=True)]),
            "arrayminus": plain([value - low for low, value in zip(lower, lengths, strict=True)]),
            "color": INK,
            "thickness": 1.2,
            "width": 3,
        }
    traces = [trace]
    if text is not None and spread is None:
        trace |= {"text": plain(text), "textposition": "outside", "cliponaxis": False}
        trace["textfont"] = {"size": axes.LABEL_SIZE, "color": INK}
    elif text is not None:  # beyond the repeats, not across them
        beyond = [high if value >= 0 else low for low, high, value in zip(lower, upper, lengths, strict=True)]
        above, below = ("middle right", "middle left") if horizontal else ("top center", "bottom center")
        traces.append(
            {
                "type": "scatter",
                "mode": "text",
                along: beyond,
                across: list(range(len(lengths))),
                "text": plain(text),
                "textposition": [above if value >= 0 else below for value in lengths],
                "textfont": {"size": axes.LABEL_SIZE, "color": INK},
                "cliponaxis": False,
                "hoverinfo": "skip",
            }
        )
    category, value_axis = (
        axes.axis(y_title if horizontal else x_title),
        axes.axis(x_title if horizontal else y_title),
    )
    axes.named(category, names)
    axes.without_grid(category)
    if limits is None:
        top = max([*lengths, *edges, 0])
        bottom = min([*lengths, *edges, 0])
        reach = (top - bottom or 1.0) * (1.14 if text is not None else 1.04)
        limits = (top - reach if bottom < 0 else 0, top if top == 0 else bottom + reach)
    value_axis |= {"range": plain([float(limit) for limit in limits])}
    if horizontal:
        category["autorange"] = "reversed"
        layout = axes.layout(height, value_axis, category, left=axes.room(category, y_title, names))
    else:
        layout = axes.layout(height, category, value_axis, bottom=44 + axes.turned(category, names))
    layout["bargap"] = 0.25
    return {"data": traces, "layout": layout}


def distribution(
    probabilities: object,
    labels: list[str] | Callable[[int], str],
    *,
    x_title: str = "",
    y_title: str = "probability",
    top: int | None = None,
    highlight: int | None = None,
    height: int = 260,
) -> dict:
    """Return a probability distribution over symbols.

    All symbols stand in their own order; with `top`, only the likeliest are listed, the likeliest first, on
    their sides with their percentages.

    Args:
        probabilities: one for each label; they sum to 1.
        labels: what each symbol is; with `top` it may be a function of the symbol's index, asked for those listed.
        highlight: index of the symbol to stress; left out, the likeliest.

    Raises:
        ValueError: the probabilities are not a distribution.
    """
    values = plain(probabilities)
    total = math.fsum(values)
    if any(value < 0 for value in values) or abs(total - 1) > 1e-3:
        raise ValueError(
            f"the probabilities of a distribution are not negative and sum to 1, not to {total:.4g}"
        )
    stressed = max(range(len(values)), key=values.__getitem__) if highlight is None else highlight
    said = "<b>%{customdata}</b><br>probability: %{" + ("x" if top else "y") + ":.1%}<extra></extra>"
    if top is None:
        drawn = bars(
            values, labels, x_title=x_title, y_title=y_title, highlight=stressed, hover=said, height=height
        )
        drawn["layout"]["yaxis"] |= {"tickformat": ".0%", "nticks": 5}
        return drawn
    order = sorted(range(len(values)), key=lambda index: (-values[index], index))[:top]
    drawn = bars(
        [values[index] for index in order],
        [labels(index) if callable(labels) else labels[index] for index in order],
        x_title=y_title,
        y_title=x_title,
        horizontal=True,
        highlight=[position for position, index in enumerate(order) if index == stressed],
        text=[f"{values[index]:.1%}" for index in order],
        hover=said,
        height=height,
    )
    drawn["layout"]["xaxis"] |= {"tickformat": ".0%", "nticks": 5}
    return drawn


def points(
    groups: dict[str, object] | object,
    *,
    x_title: str = "",
    y_title: str = "",
    labels: dict[str, list[str]] | list[str] | None = None,
    size: int = 6,
    equal: bool = False,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    height: int = 340,
) -> dict:
    """Return a scatter of points in the plane.

    Args:
        groups: points of shape (points, 2) by label of the group; or one such set, unlabelled.
        labels: what each point is, written beside it when there are at most 40 points, otherwise on hover.
        size: the diameter of a point, in pixels.
        equal: one unit is as long on both axes.
    """
    named = groups if isinstance(groups, dict) else {"": groups}
    texts = labels if isinstance(labels, dict) else {"": labels} if labels is not None else {}
    colours = axes.series_colours(list(named))
    clouds = {label: plain(cloud) for label, cloud in named.items()}
    written = sum(map(len, clouds.values())) <= 40
    traces = []
    for label, cloud in clouds.items():
        trace = {
            "type": "scatter",
            "mode": "markers",
            "name": label,
            "x": [point[0] for point in cloud],
            "y": [point[1] for point in cloud],
            "marker": {"color": colours[label], "size": size, "line": {"color": PAPER, "width": 0.5}},
        }
        heading = f"<b>{label}</b>" if label else ""
        if label in texts:
            trace |= {"text": plain(texts[label])}
            heading = "<b>%{text}</b>" + (f", {label}" if label else "")
            if written:
                trace |= {"mode": "markers+text", "textposition": "top center", "cliponaxis": False}
                trace["textfont"] = {"size": axes.LABEL_SIZE, "color": colours[label]}
        trace["hovertemplate"] = axes.said(("", heading), (x_title, "%{x:.3g}"), (y_title, "%{y:.3g}"))
        traces.append(trace)
    x_axis, y_axis = axes.axis(x_title), axes.axis(y_title)
    x_axis |= {"range": axes.span(x_range, [v for t in traces for v in t["x"]], False, "x", padding=0.06)}
    y_axis |= {"range": axes.span(y_range, [v for t in traces for v in t["y"]], False, "y", padding=0.08)}
    layout = axes.layout(height, x_axis, y_axis)
    if equal:
        layout["yaxis"] |= {"scaleanchor": "x"}
    if len(clouds) > 1:
        layout |= {"showlegend": True, "legend": axes.legend()}
        layout["margin"]["t"] = 20 + 20 * axes.legend_rows(list(clouds))
    return {"data": traces, "layout": layout}


def vector_field(
    x: object,
    y: object,
    u: object,
    v: object,
    *,
    x_title: str = "",
    y_title: str = "",
    scale: float | None = None,
    path: object = None,
    height: int = 360,
) -> dict:
    """Return an arrow from each point ``(x, y)`` along ``(u, v)``.

    Args:
        x, y, u, v: equally shaped sequences, in the plane's units.
        scale: how long to draw an arrow of length 1; left out, the longest reaches the next point.
        path: points of shape (steps, 2) of a trajectory to draw over the field.
    """
    tails = list(zip(axes.flat(plain(x)), axes.flat(plain(y)), strict=True))
    heads = list(zip(axes.flat(plain(u)), axes.flat(plain(v)), strict=True))
    if not tails or len(tails) != len(heads):
        raise ValueError(f"a vector field takes one vector for each point: {len(heads)} for {len(tails)}")
    longest = max(math.hypot(*vector) for vector in heads)
    span_x = max(tail[0] for tail in tails) - min(tail[0] for tail in tails)
    span_y = max(tail[1] for tail in tails) - min(tail[1] for tail in tails)
    spacing = math.sqrt(max(span_x * span_y, 1e-12) / len(tails)) or 1.0
    stretch = scale if scale is not None else 0.95 * spacing / (longest or 1.0)
    shaft_x, shaft_y = [], []
    for (x0, y0), (du, dv) in zip(tails, heads, strict=True):
        x1, y1 = x0 + du * stretch, y0 + dv * stretch
        barb = min(0.35 * math.hypot(x1 - x0, y1 - y0), 0.28 * spacing)
        angle = math.atan2(y1 - y0, x1 - x0)
        left = (x1 - barb * math.cos(angle - 0.5), y1 - barb * math.sin(angle - 0.5))
        right = (x1 - barb * math.cos(angle + 0.5), y1 - barb * math.sin(angle + 0.5))
        shaft_x += [x0, x1, None, left[0], x1, right[0], None]
        shaft_y += [y0, y1, None, left[1], y1, right[1], None]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": plain(shaft_x),
            "y": plain(shaft_y),
            "line": {"color": MUTED, "width": 1.2},
            "opacity": 0.8,
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [tail[0] for tail in tails],
            "y": [tail[1] for tail in tails],
            "customdata": plain(heads),
            "marker": {"color": MUTED, "size": 2},
            "hovertemplate": axes.said((x_title, "%{x:.3g}"), (y_title, "%{y:.3g}")).replace(
                "<extra>", "<br>vector: (%{customdata[0]:.3g}, %{customdata[1]:.3g})<extra>"
            ),
        },
    ]
    if path is not None:
        steps = plain(path)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [step[0] for step in steps],
                "y": [step[1] for step in steps],
                "line": {"color": ACCENT, "width": 2},
                "marker": {"color": ACCENT, "size": [9] + [4] * (len(steps) - 1)},  # the start stands out
                "hovertemplate": axes.said((x_title, "%{x:.3g}"), (y_title, "%{y:.3g}")),
            }
        )
    x_axis, y_axis = axes.axis(x_title), axes.axis(y_title)
    every_x = [value for trace in traces for value in trace["x"]]
    every_y = [value for trace in traces for value in trace["y"]]
    x_axis |= {"range": axes.span(None, every_x, False, "x", padding=0.05), "constrain": "domain"}
    y_axis |= {
        "range": axes.span(None, every_y, False, "y", padding=0.05),
        "scaleanchor": "x",
        "constrain": "domain",
    }
    return {"data": traces, "layout": axes.layout(height, x_axis, y_axis)}


def image_grid(
    images: object,
    *,
    columns: int,
    titles: list[str] | None = None,
    diverging: bool = False,
    limits: tuple[float, float] | None = None,
    mark: int | None = None,
    height: int | None = None,
) -> dict:
    """Return images side by side in rows, left to right.

    Args:
        images: brightnesses of shape (images, rows, columns), or colours from 0 to 1 of shape
            (images, rows, columns, 3).
        columns: how many to put in a row.
        titles: what to write above each.
        diverging: zero is the middle of the colour scale.
        limits: the values at the ends of the colour scale.
        mark: index of the image to outline.
    """
    pictures = plain(images)
    if not pictures:
        raise ValueError("an image grid takes at least one image")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"{len(titles)} titles for {len(pictures)} images")
    tall, wide = len(pictures[0]), len(pictures[0][0])
    in_colour = isinstance(pictures[0][0][0], list)
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    gap = max(1, round(wide / 14))
    head = max(gap, round(20 * (columns * (wide + gap)) / axes.NARROWEST)) if titles else gap
    full_wide, full_tall = columns * (wide + gap) - gap, rows * (tall + head) - (0 if titles else head)
    empty = [0, 0, 0, 0] if in_colour else None
    canvas = [[empty] * full_wide for _ in range(full_tall)]
    corners = []
    for index, picture in enumerate(pictures):
        top = (index // columns) * (tall + head) + (head if titles else 0)
        left = (index % columns) * (wide + gap)
        corners.append((left, top))
        for offset, row in enumerate(picture):
            cells = [[round(255 * channel) for channel in cell] + [1] for cell in row] if in_colour else row
            canvas[top + offset][left : left + wide] = cells
    if in_colour:
        trace = {"type": "image", "z": canvas, "colormodel": "rgba", "hoverinfo": "skip"}
    else:
        low, high = limits or axes.limits(
            [cell for picture in pictures for row in picture for cell in row], diverging
        )
        trace = {
            "type": "heatmap",
            "z": canvas,
            "zmin": float(low),
            "zmax": float(high),
            "colorscale": DIVERGING if diverging else SEQUENTIAL,
            "showscale": False,
            "hoverongaps": False,
            "hovertemplate": "%{z:.3g}<extra></extra>",
        }
    bare = {"visible": False, "constrain": "domain"}
    x_axis = bare | {"range": [-0.5, full_wide - 0.5]}
    y_axis = bare | {"range": [full_tall - 0.5, -0.5], "scaleanchor": "x"}
    drawn_height = height or min(520, round((axes.NARROWEST + 120) * full_tall / full_wide) + 12)
    layout = axes.layout(drawn_height, x_axis, y_axis)
    layout["margin"] = {"l": 6, "r": 6, "t": 6, "b": 6}
    if titles:
        layout["annotations"] = [
            {
                "x": left + wide / 2 - 0.5,
                "y": top - 0.5,
                "text": str(title),
                "showarrow": False,
                "yanchor": "bottom",
                "font": {"size": axes.LABEL_SIZE, "color": INK},
            }
            for (left, top), title in zip(corners, titles, strict=True)
        ]
    if mark is not None:
        left, top = corners[mark]
        box = {"x0": left - 0.5, "x1": left + wide - 0.5, "y0": top - 0.5, "y1": top + tall - 0.5}
        layout["shapes"] = [{"type": "rect", **box, "line": {"color": ACCENT, "width": 2}}]
    return {"data": [trace], "layout": layout}
