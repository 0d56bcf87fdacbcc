"""Tokens drawn as boxes in lines of text."""

from snippets.kit.axes import NARROWEST, text_width
from snippets.kit.colours import ACCENT, INK, MUTED, TRANSPARENT
from snippets.kit.plain import plain

LINE = 27  # pixels


def strip(
    rows: list[list[tuple[str, float, str] | tuple[str, float, str, str]]],
    *,
    lines: int,
    caption: str = "",
    titles: list[str] | None = None,
    indent: float = 0.0,
) -> dict:
    """Rows of tokens, each row wrapped like text.

    Args:
        rows: each token is its label, a shade from 0 to 1, what to say of it when pointed at, and the colour of its
            box, if that is not the accent.
        lines: how many lines high the figure is, whatever the text; where more are needed they stand closer.
        caption: stands above.
        titles: one a row, to the left of it, or in a line of its own above it where there is no indent.
        indent: pixels that titles take from every line.
    """
    boxes, words, marks, y = [], [], [], 0
    for number, row in enumerate(rows):
        if titles:
            words.append(_word(0.0, y, titles[number], MUTED, "left"))
            y += 0 if indent else 1
        x = indent
        for label, shade, said, *colour in row:
            width = min(NARROWEST - indent, text_width(label) * 1.08 + 9)
            if x + width > NARROWEST and x > indent:
                x, y = indent, y + 1
            middle = plain(x + width / 2 - 1)
            boxes.append(
                {
                    "type": "rect",
                    "x0": plain(x),
                    "x1": plain(x + width - 2),
                    "y0": y - 0.43,
                    "y1": y + 0.43,
                    "fillcolor": colour[0] if colour else ACCENT,
                    "opacity": plain(0.08 + 0.5 * shade),
                    "line": {"width": 0},
                    "layer": "below",
                }
            )
            words.append(_word(middle, y, label, INK, "center"))
            marks.append((middle, y, said))
            x += width
        y += 1
    blank = {"visible": False, "fixedrange": True}
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _, _ in marks],
        "y": [y for _, y, _ in marks],
        "text": [escaped(said) for _, _, said in marks],
        "marker": {"color": TRANSPARENT, "size": 22},
        "hovertemplate": "%{text}<extra></extra>",
    }
    layout = {
        "height": LINE * lines + (48 if caption else 16),
        "margin": {"l": 6, "r": 6, "t": 40 if caption else 8, "b": 8},
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "xaxis": blank | {"range": [-2, NARROWEST + 2]},
        "yaxis": blank | {"range": [max(lines, y) - 0.5, -0.5]},
        "shapes": boxes,
        "annotations": words,
    }
    if caption:
        layout["title"] = {"text": escaped(caption), "font": {"size": 13, "color": INK}}
    return {"data": [trace], "layout": layout}


def escaped(text: str) -> str:
    """Text as Plotly shows it: its labels are a small HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _word(x: float, y: float, text: str, colour: str, anchor: str) -> dict:
    font = {"size": 12, "color": colour}
    return {"x": x, "y": y, "text": escaped(text), "showarrow": False, "xanchor": anchor, "font": font}
