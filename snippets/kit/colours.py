"""The site's colours, in the light form that figures are written in.

``tokens.json`` is the one place where colours are defined. A figure names a colour by its light hex value;
the page script swaps each one for the value of the reader's theme, so no light value may occur twice.
"""

import json
from pathlib import Path

TOKENS: dict = json.loads(Path(__file__).with_name("tokens.json").read_text(encoding="utf-8"))


def _light(name: str) -> str:
    return TOKENS["colours"][name]["light"]


def _scale(name: str) -> list[list]:
    stops = TOKENS["scales"][name]["light"]
    return [[round(index / (len(stops) - 1), 4), colour] for index, colour in enumerate(stops)]


INK = _light("ink")
MUTED = _light("muted")
PAPER = _light("paper")
SURFACE = _light("surface")
GRID = _light("grid")
ACCENT = _light("accent")  # stands for the family colour of the page the figure is on
POSITIVE = _light("positive")
NEGATIVE = _light("negative")
SERIES = [_light(f"series-{number}") for number in range(1, 7)]
SEQUENTIAL = _scale("sequential")
DIVERGING = _scale("diverging")
TRANSPARENT = "rgba(0,0,0,0)"


def allowed() -> set[str]:
    """Every colour a figure may name: the light tokens, both scales' stops, and full transparency."""
    named = {entry["light"] for entry in TOKENS["colours"].values()}
    stops = {stop for scale in TOKENS["scales"].values() for stop in scale["light"]}
    return named | stops | {TRANSPARENT}
