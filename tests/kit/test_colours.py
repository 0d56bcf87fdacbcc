import itertools
import re

import pytest

from snippets.kit import colours
from snippets.kit.colours import TOKENS

THEMES = ("light", "dark")
HEX = re.compile(r"#[0-9a-f]{6}")


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_every_light_value_is_unique_because_the_page_swaps_by_it() -> None:
    light = [entry["light"] for entry in TOKENS["colours"].values()]
    light += [entry["light"] for entry in TOKENS["families"].values()]
    light += [stop for scale in TOKENS["scales"].values() for stop in scale["light"]]
    assert len(set(light)) == len(light)
    assert all(HEX.fullmatch(colour) for colour in light)


def test_both_themes_define_everything() -> None:
    for entry in [*TOKENS["colours"].values(), *TOKENS["families"].values()]:
        assert all(HEX.fullmatch(entry[theme]) for theme in THEMES)
    for scale in TOKENS["scales"].values():
        assert [len(scale[theme]) for theme in THEMES] == [9, 9]


TEXT = ["ink", "muted", "accent", "positive", "negative", *(f"series-{number}" for number in range(1, 7))]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["paper", "surface"])
def test_what_is_read_as_text_has_contrast(theme: str, ground: str) -> None:
    behind = TOKENS["colours"][ground][theme]
    entries = {name: TOKENS["colours"][name][theme] for name in TEXT}
    entries |= {name: entry[theme] for name, entry in TOKENS["families"].items()}
    weak = {name: round(contrast(colour, behind), 2) for name, colour in entries.items()}
    assert {name: ratio for name, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_the_sequential_scale_moves_steadily_away_from_the_paper(theme: str) -> None:
    brightness = [luminance(stop) for stop in TOKENS["scales"]["sequential"][theme]]
    steps = [after - before for before, after in itertools.pairwise(brightness)]
    assert all(step < 0 for step in steps) if theme == "light" else all(step > 0 for step in steps)


@pytest.mark.parametrize("theme", THEMES)
def test_the_diverging_scale_is_nearest_the_paper_in_its_middle(theme: str) -> None:
    paper = TOKENS["colours"]["paper"][theme]
    ratios = [contrast(stop, paper) for stop in TOKENS["scales"]["diverging"][theme]]
    assert ratios.index(min(ratios)) == 4
    assert ratios[:5] == sorted(ratios[:5], reverse=True)
    assert ratios[4:] == sorted(ratios[4:])


def seen(colour: str, matrix: list[list[float]]) -> list[float]:
    """A colour as someone with a colour vision deficiency sees it, as its place in the OKLab space × 100."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    r, g, b = (min(max(sum(w * c for w, c in zip(row, linear, strict=True)), 0.0), 1.0) for row in matrix)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return [
        100 * (0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short),
        100 * (1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short),
        100 * (0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short),
    ]


DEFICIENCIES = {  # Machado, Oliveira and Fernandes 2009, severity 1
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_series_are_told_apart_by_everyone(theme: str, deficiency: str) -> None:
    matrix = DEFICIENCIES[deficiency]
    places = [seen(TOKENS["colours"][f"series-{number}"][theme], matrix) for number in range(1, 7)]
    nearest = min(
        sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
        for one, other in itertools.combinations(places, 2)
    )
    assert nearest > 8  # a just noticeable difference is about 2


def test_python_names_are_the_light_values() -> None:
    assert [TOKENS["colours"][f"series-{number}"]["light"] for number in range(1, 7)] == colours.SERIES
    assert [stop for _, stop in colours.DIVERGING] == TOKENS["scales"]["diverging"]["light"]
    assert colours.SEQUENTIAL[0][0] == 0
    assert colours.SEQUENTIAL[-1][0] == 1
    assert {colours.ACCENT, colours.TRANSPARENT, colours.SEQUENTIAL[3][1]} <= colours.allowed()
