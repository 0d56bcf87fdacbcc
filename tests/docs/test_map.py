"""The map of the atlas: everything has its place, whatever the catalogue holds."""

import dataclasses
import itertools
import math
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from hooks import home
from hooks.atlas_map import (
    AXIS,
    DOT,
    GUTTER,
    WIDTH,
    Picture,
    along,
    ancestors,
    broken,
    descendants,
    draw,
    short_name,
    text_width,
)
from hooks.catalogue import Catalogue, read_catalogue, reading_order
from hooks.front_matter import FAMILIES, LEVELS, Architecture
from hooks.lessons import read_lessons
from hooks.reading import Counts

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/architectures"
CATALOGUE, _ = read_catalogue(PAGES, PAGES / "planned.yml", ROOT, ROOT / "snippets")
COUNTS = {slug: Counts(3000, 7, 1, 5) for slug in CATALOGUE.architectures}


def changed(**changes: object) -> Catalogue:
    """The atlas's own catalogue with every entry changed alike."""
    found = {
        slug: dataclasses.replace(entry, **changes) for slug, entry in CATALOGUE.architectures.items()
    }
    return Catalogue(reading_order(found))


def without(*slugs: str) -> Catalogue:
    """The atlas's own catalogue without some entries."""
    kept = {
        slug: dataclasses.replace(entry, builds_on=tuple(base for base in entry.builds_on if base not in slugs))
        for slug, entry in CATALOGUE.architectures.items()
        if slug not in slugs
    }
    return Catalogue(reading_order(kept))


def crowd(count: int) -> Catalogue:
    """A catalogue in which each family has many long names within two years."""
    found = {}
    for number, family in itertools.product(range(count), FAMILIES):
        slug = f"{family}-{number}"
        bases = (f"{family}-{number - 1}",) if number else ()
        found[slug] = Architecture(
            f"A rather long name for the {family} {number}", slug, "One sentence.", "advanced", 2016 + number % 2,
            family, False, bases, (), (), "", "Someone, Something", True, "planned.yml", {},
        )  # fmt: skip
    return Catalogue(reading_order(found))


STATES = {
    "as it is": CATALOGUE,
    "all planned": changed(planned=True),
    "all written": changed(planned=False),
    "one year": changed(year=2020, builds_on=()),
    "early ones missing": without("rnn", "lstm-gru", "vision", "mixture-of-experts"),
    "a single one": without(*[slug for slug in CATALOGUE.architectures if slug != "gpt"]),
    "crowded": crowd(5),
}


@pytest.fixture(params=STATES, scope="module")
def state(request: pytest.FixtureRequest) -> tuple[Catalogue, Picture]:
    catalogue = STATES[request.param]
    return catalogue, draw(catalogue)


def test_every_architecture_is_on_the_map(state):
    catalogue, picture = state
    assert [node.entry.slug for node in picture.nodes] == list(catalogue.architectures)


def test_no_label_meets_another(state):
    _, picture = state
    meeting = [
        (one.entry.slug, other.entry.slug)
        for one, other in itertools.combinations(picture.nodes, 2)
        if one.label.meets(other.label)
    ]
    assert meeting == []


def test_no_dot_lies_on_a_label_or_on_another_dot(state):
    _, picture = state
    for one, other in itertools.permutations(picture.nodes, 2):
        assert not one.label.holds(other.x, other.y), (one.entry.slug, other.entry.slug)
        assert math.hypot(one.x - other.x, one.y - other.y) > 2 * DOT, (one.entry.slug, other.entry.slug)


def test_everything_is_inside_the_picture_and_its_familys_lane(state):
    _, picture = state
    lanes = {lane.family: lane for lane in picture.lanes}
    for node in picture.nodes:
        lane = lanes[node.entry.family]
        assert GUTTER <= node.label.left <= node.label.right <= WIDTH, node.entry.slug
        assert AXIS <= lane.top <= node.label.top < node.y < lane.bottom <= picture.height, node.entry.slug


def test_the_card_has_a_corner_of_its_own(state):
    _, picture = state
    assert 0 < picture.cartouche.left < picture.cartouche.right <= WIDTH
    assert picture.cartouche.bottom <= picture.height
    for node in picture.nodes:
        assert not picture.cartouche.meets(node.label), node.entry.slug
        assert not picture.cartouche.holds(node.x, node.y), node.entry.slug


def test_lines_lead_from_dot_to_dot_and_through_no_other(state):
    catalogue, picture = state
    if catalogue is STATES["crowded"]:
        pytest.skip("thirty-five names in two years leave no room beside every dot")
    places = {node.entry.slug: (node.x, node.y) for node in picture.nodes}
    for edge in picture.edges:
        assert edge.curve[:2] == places[edge.source]
        assert edge.curve[6:] == places[edge.target]
        for slug, (x, y) in places.items():
            near = min(math.hypot(x - px, y - py) for px, py in along(edge.curve))
            assert slug in (edge.source, edge.target) or near > DOT, (edge.source, edge.target, slug)


def test_lines_are_what_the_pages_build_on(state):
    catalogue, picture = state
    told = {(base, entry.slug) for entry in catalogue.architectures.values() for base in entry.builds_on}
    assert {(edge.source, edge.target) for edge in picture.edges} == told
    for edge in picture.edges:
        source, target = (catalogue.architectures[slug] for slug in (edge.source, edge.target))
        assert edge.returns == (target.year < source.year)


def test_later_years_are_further_right(state):
    _, picture = state
    for one, other in itertools.permutations(picture.nodes, 2):
        if one.entry.year < other.entry.year:
            assert one.x < other.x
    ends = [end for span in picture.years.values() for end in span]
    assert ends == sorted(ends)


def test_a_step_of_the_lineage_within_a_year_goes_right():
    picture = draw(CATALOGUE)
    places = {node.entry.slug: node.x for node in picture.nodes}
    assert places["encoder-decoder"] < places["attention"]


def test_the_same_catalogue_gives_the_same_picture():
    assert draw(CATALOGUE) == draw(CATALOGUE)


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Building Context with Neurons (RNNs)", "RNNs"),
        ("Encoder-Decoder Pretraining (T5, BART)", "T5, BART"),
        ("Vision Models (CNN → ViT)", "Vision Models"),
        ("GAN", "GAN"),
    ],
)
def test_a_label_is_the_name_that_people_use(title, short):
    assert short_name(title) == short


def test_a_label_is_broken_between_words_only():
    lines = broken("Reasoning Models and Test-Time Compute", 120)
    assert " ".join(lines) == "Reasoning Models and Test-Time Compute"
    assert all(text_width(line) <= 120 for line in lines)
    assert broken("Unbreakable" * 5, 50) == ("Unbreakable" * 5,)


def test_a_lineage_goes_all_the_way():
    assert ancestors(CATALOGUE, "attention") == ["rnn", "lstm-gru", "encoder-decoder"]
    assert "gpt" in descendants(CATALOGUE, "attention")
    assert "rnn" not in descendants(CATALOGUE, "attention")


def soup() -> BeautifulSoup:
    return BeautifulSoup(home.map_html(CATALOGUE, COUNTS, ""), "html.parser")


def test_written_pages_are_links_and_planned_ones_say_so():
    page = soup()
    for entry in CATALOGUE.architectures.values():
        node = page.select_one(f'.atlas-map__picture [data-node="{entry.slug}"]')
        item = page.select_one(f'li[data-node="{entry.slug}"]')
        if entry.planned:
            assert not node.select("a")
            assert not item.select("a")
            assert "planned" in node.text
            assert "planned" in item.text
        else:
            assert node.a["xlink:href"] == item.a["href"] == f"architectures/{entry.slug}/"
            assert "planned" not in node.text
        for part in (node.find(attrs={"aria-label": True})["aria-label"], item.text):
            assert str(entry.year) in part
            assert LEVELS[entry.level] in part


def test_chips_count_what_they_filter():
    for chip in soup().select("button[data-filter]"):
        members = [
            entry
            for entry in CATALOGUE.architectures.values()
            if getattr(entry, chip["data-filter"]) == chip["data-value"]
        ]
        assert members
        assert chip.span.text == str(len(members))


def tracks() -> BeautifulSoup:
    lessons, _ = read_lessons(ROOT / "docs/lessons", ROOT)
    planned, problems = home.read_planned_lessons(ROOT / "docs/lessons/planned.yml", ROOT, lessons)
    assert problems == []
    return BeautifulSoup(home.tracks_html(CATALOGUE, COUNTS, lessons, planned, ""), "html.parser")


def test_the_core_track_is_every_core_page_in_reading_order():
    items = tracks().select("[data-track=core] li")
    assert [item["data-page"] for item in items] == [
        entry.slug for entry in CATALOGUE.architectures.values() if entry.core
    ]


def test_there_are_sixteen_lessons_in_order_and_only_written_ones_are_links():
    items = tracks().select("[data-track=lessons] li")
    assert [int(item["value"]) for item in items] == list(range(1, 17))
    for item in items:
        assert bool(item.a) != ("data-planned" in item.attrs)


def test_every_architecture_is_listed_under_its_family_once():
    page = tracks()
    for family in FAMILIES:
        listed = [item["data-page"] for item in page.select(f"[data-track=atlas] [data-family={family}] li")]
        assert listed == [e.slug for e in CATALOGUE.architectures.values() if e.family == family]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("- number: 1\n  title: One\n- number: 1\n  title: Two\n", 3, "lesson 1 is already in"),
        ("- number: one\n  title: One\n", 1, "whole number"),
        ("- number: 3\n", 1, "needs `number` and `title`"),
        ("number: 3\n", 1, "not a list"),
        ("- number: 3\n  title: [\n", 3, "not YAML"),
    ],
)
def test_a_faulty_plan_of_lessons_names_file_and_line(tmp_path, text, line, message):
    path = tmp_path / "planned.yml"
    path.write_text(text, encoding="utf-8")
    _, problems = home.read_planned_lessons(path, tmp_path, {})
    assert [(problem.file, problem.line) for problem in problems] == [("planned.yml", line)]
    assert message in problems[0].message


def test_a_written_lesson_leaves_the_plan(tmp_path):
    lessons, _ = read_lessons(ROOT / "docs/lessons", ROOT)
    path = tmp_path / "planned.yml"
    path.write_text("- number: 2\n  title: Self-attention\n", encoding="utf-8")
    _, problems = home.read_planned_lessons(path, tmp_path, lessons)
    assert [problem.advice for problem in problems] == ["remove it from the plan"]
