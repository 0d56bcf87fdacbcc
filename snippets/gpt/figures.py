"""The figures of the GPT page."""

import functools
import math

import torch

from snippets.data import prose
from snippets.gpt.memory import cache_bytes
from snippets.gpt.model import GPT, Config, choose, generate
from snippets.kit import (
    Choice,
    Slider,
    Text,
    Toggle,
    bars,
    distribution,
    figure,
    heatmap,
    lines,
    load_weights,
    plain,
    results,
)
from snippets.kit.axes import text_width
from snippets.kit.colours import ACCENT, INK, MUTED, SEQUENTIAL, SERIES, TRANSPARENT

OPENING = "Mr. Darcy looked at her, and said"


@functools.cache
def trained() -> GPT:
    """The page's model with its committed weights."""
    return load_weights(GPT(Config()), "gpt")


def encode(text: str) -> torch.Tensor:
    """Ids of the end of a paragraph and of the text after it, (1, T): what the model reads."""
    return torch.tensor([prose.tokenizer().encode("\n" + text)])


def labels(ids: torch.Tensor) -> list[str]:
    return [prose.tokenizer().label(index) for index in ids.flatten().tolist()]


@torch.no_grad()
def surprises(ids: torch.Tensor) -> torch.Tensor:
    """−log of the probability of each token after the first, (T-1,), in nats."""
    logits = trained()(ids[:, :-1])[0]  # (T-1, V)
    return -torch.log_softmax(logits, dim=-1)[torch.arange(ids.shape[1] - 1), ids[0, 1:]]


# --- tokens ------------------------------------------------------------------------------------------------


def strip(
    rows: list[list[tuple[str, float, str]]], *, caption: str, titles: list[str] | None = None, lines_kept: int
) -> dict:
    """Tokens as boxes, in rows that wrap like text.

    Each token is its label, a shade from 0 to 1, and what to say of it when pointed at. `titles` stand above
    the rows; `lines_kept` is how many lines high the figure is, whatever the text.
    """
    wide, tall = 340, 27  # pixels of a row on a phone, and of its height
    boxes, words, hovers, y = [], [], [], 0
    for number, row in enumerate(rows):
        if titles:
            words.append(_word(0, y, titles[number], MUTED, "left"))
            y += 1
        x = 0.0
        for label, shade, said in row:
            width = min(wide, text_width(label) * 1.08 + 9)
            if x + width > wide and x:
                x, y = 0.0, y + 1
            place = {"x0": plain(x), "x1": plain(x + width - 2), "y0": y - 0.43, "y1": y + 0.43}
            look = {"fillcolor": ACCENT, "opacity": plain(0.09 + 0.45 * shade), "line": {"width": 0}, "layer": "below"}
            boxes.append({"type": "rect"} | place | look)
            middle = plain(x + width / 2 - 1)
            words.append(_word(middle, y, label, INK, "center"))
            hovers.append((middle, y, said))
            x += width
        y += 1
    blank = {"visible": False, "fixedrange": True}
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _, _ in hovers],
        "y": [y for _, y, _ in hovers],
        "text": [said for _, _, said in hovers],
        "marker": {"color": TRANSPARENT, "size": 22},
        "hovertemplate": "%{text}<extra></extra>",
    }
    layout = {
        "height": tall * lines_kept + 48,
        "margin": {"l": 6, "r": 6, "t": 40, "b": 8},
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "showlegend": False,
        "dragmode": False,
        "xaxis": blank | {"range": [-2, wide + 2]},
        "yaxis": blank | {"range": [lines_kept - 0.5, -0.5]},
        "shapes": boxes,
        "annotations": words,
        "title": {"text": caption, "font": {"size": 13, "color": INK}},
    }
    return {"data": [points], "layout": layout}


def _word(x: float, y: float, text: str, colour: str, anchor: str) -> dict:
    font = {"size": 12, "color": colour}
    return {"x": x, "y": y, "text": _escaped(text), "showarrow": False, "xanchor": anchor, "font": font}


def _escaped(text: str) -> str:
    """Text as Plotly shows it: its labels are a small HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@figure(text=Text("Text", value="Elizabeth ate 12 strawberries 🍓, unhurriedly.", max_length=80))
def tokens(text: str) -> dict:
    """Your text as the tokens the model reads.

    A dot is a space, which belongs to the word after it. Frequent words are one token; rarer ones fall into
    pieces; numbers fall into digits, because the novels hold few; a sign that the novels do not have falls
    into its bytes, four for an emoji. Nothing is unknown. Write a word in capitals, or without the space
    before it, and other tokens come out: to the model they are other symbols.
    """
    found = prose.tokenizer().encode(text)
    row = [
        (label, number % 2, f"token {_escaped(label)}, id {index}")
        for number, (label, index) in enumerate(zip(labels(torch.tensor(found)), found, strict=True))
    ]
    caption = f"{len(text)} characters, {len(text.encode())} bytes, {len(found)} tokens"
    return strip([row], caption=caption, lines_kept=6)


@figure(word=Text("Word", value="handsomest", max_length=14, alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def merging(word: str) -> dict:
    """How one word is put together: from its bytes, the earliest learned pair first.

    The number beside a row is the rank of the pair that was joined in it: 1 was the most frequent pair of the
    whole training text. A word is as many tokens as its last row has boxes. Pairs of a rare word were never
    among the 768 most useful, so it stays in pieces.
    """
    tokenizer = prose.tokenizer()
    stages = tokenizer.stages(" " + word)
    rows, titles = [], []
    for number, stage in enumerate(stages):
        if number:
            before = stages[number - 1]
            pair = min(
                (pair for pair in zip(before, before[1:], strict=False) if pair in tokenizer.rank),
                key=tokenizer.rank.__getitem__,
            )
            titles.append(f"{tokenizer.rank[pair] + 1}: {prose.shown(pair[0])} + {prose.shown(pair[1])}")
        else:
            titles.append("bytes")
        rows.append([(prose.shown(token), at % 2, f"id {tokenizer.ids[token]}") for at, token in enumerate(stage)])
    return _ladder(rows, titles)


def _ladder(rows: list[list[tuple[str, float, str]]], titles: list[str]) -> dict:
    """One row a stage, its title at the left."""
    drawn = strip([[]], caption="", lines_kept=16)
    boxes, words, x_title = [], [], 104
    for y, (row, title) in enumerate(zip(rows, titles, strict=True)):
        words.append(_word(0, y, title, MUTED, "left"))
        x = float(x_title)
        for label, shade, _ in row:
            width = text_width(label) + 8
            place = {"x0": plain(x), "x1": plain(x + width - 2), "y0": y - 0.43, "y1": y + 0.43}
            look = {"fillcolor": ACCENT, "opacity": plain(0.09 + 0.45 * shade), "line": {"width": 0}, "layer": "below"}
            boxes.append({"type": "rect"} | place | look)
            words.append(_word(plain(x + width / 2 - 1), y, label, INK, "center"))
            x += width
    drawn["layout"] |= {"shapes": boxes, "annotations": words}
    return drawn
