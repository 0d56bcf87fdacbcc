"""The landscape's figures show what the pages' models do, and its list of systems agrees with its sources."""

import itertools

import pytest
import yaml

from hooks.citations import read_bibliography
from hooks.landscape import HOW, WHAT, read_systems
from snippets.kit.figures import load
from snippets.landscape import figures
from tools.files import ROOT

FIGURES = load("landscape")


def test_a_text_only_ever_grows():
    texts = [figures.so_far(1, count) for count in range(figures.STEPS + 1)]
    assert texts[0] == "Elizabeth"
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))
    assert len(figures.written(1)) == figures.STEPS


@pytest.mark.parametrize("digit", [0, 8])
def test_pixels_settle_and_never_come_loose_again(digit):
    tokens, pixels = FIGURES["settled"].draw(digit=digit, chance=2)["data"]
    assert pixels["y"] == sorted(pixels["y"])
    assert pixels["y"][-1] == 1 == tokens["y"][-1]
    assert tokens["y"] == pytest.approx([step / figures.STEPS for step in range(figures.STEPS + 1)])


def test_another_chance_gives_another_digit_and_another_text():
    assert (figures.painted(8, 1)[-1] != figures.painted(8, 2)[-1]).any()
    assert figures.written(1) != figures.written(2)


def test_every_system_is_cited_and_its_year_is_its_sources():
    works, _ = read_bibliography(ROOT / "docs/references.bib", ROOT)
    for system in read_systems(ROOT / "docs/landscape.yml"):
        assert works[system["cite"]].year == str(system["year"]), system["name"]


def test_every_kind_of_output_is_generated_in_two_ways_at_least():
    systems = yaml.safe_load((ROOT / "docs/landscape.yml").read_text(encoding="utf-8"))
    for what in WHAT:
        assert len({system["how"] for system in systems if system["what"] == what}) >= 2
    assert {system["how"] for system in systems} == set(HOW)
