"""Tokens in lines of text, each in a box of its kind: a plot of the BERT page."""

from snippets.kit import plain
from snippets.kit.axes import NARROWEST, text_width
from snippets.kit.colours import INK, MUTED, TRANSPARENT

LINE = 27  # pixels


def strip(
    rows: list[list[tuple[str, str, float, str]]],
    *,
    lines: int,
    caption: str = "",
    titles: list[str] | None = None,
) -> dict:
    """Rows of tokens, each row wrapped like text.

    Args:
        rows: each token is its label, the colour of its box, how strong it is from 0 to 1, and what to say of it
            when pointed at.
        lines: how many lines high the figure is, whatever the text; where more are needed they stand closer.
        caption: stands above.
        titles: one a row, in a line of its own above it.
    """
    boxes, words, marks, y = [], [], [], 0
    for number, row in enumerate(rows):
        if titles:
            words.append(_word(0.0, y, titles[number], MUTED, "left"))
            y += 1
        x = 0.0
        for label, colour, strength, said in row:
            width = min(NARROWEST, text_width(label) * 1.08 + 9)
            if x + width > NARROWEST and x > 0:
                x, y = 0.0, y + 1
            box = {"type": "rect", "layer": "below", "line": {"width": 0}, "fillcolor": colour}
            edges = {"x0": plain(x), "x1": plain(x + width - 2), "y0": y - 0.43, "y1": y + 0.43}
            boxes.append(box | edges | {"opacity": plain(0.07 + 0.55 * strength)})
            middle = plain(x + width / 2 - 1)
            words.append(_word(middle, y, label, INK, "center"))
            marks.append((middle, y, said))
            x += width
        y += 1
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _, _ in marks],
        "y": [y for _, y, _ in marks],
        "text": [escaped(said) for _, _, said in marks],
        "marker": {"color": TRANSPARENT, "size": 22},
        "hovertemplate": "%{text}<extra></extra>",
    }
    blank = {"visible": False, "fixedrange": True}
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
