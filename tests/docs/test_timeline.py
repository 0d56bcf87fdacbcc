"""The timeline: dated, sourced rows, and clear words about a row that is not."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pybtex.database import parse_file

from hooks.catalogue import read_catalogue
from hooks.citations import cite, read_bibliography
from hooks.page_text import PageText
from hooks.timeline import KINDS, TIMELINE_FAMILIES, place_timeline, read_timeline, timeline_html
from tests.docs.conftest import Toy

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/architectures"
CATALOGUE, _ = read_catalogue(PAGES, PAGES / "planned.yml", ROOT, ROOT / "snippets")
REFERENCES, _ = read_bibliography(ROOT / "docs/references.bib", ROOT)
ENTRIES = parse_file(str(ROOT / "docs/references.bib"), "bibtex").entries
ROWS, PROBLEMS = read_timeline(ROOT / "docs/timeline.yml", ROOT, CATALOGUE, REFERENCES)

GOOD = """\
- date: 1990-04
  title: Toy network
  kind: architecture
  family: sequence
  text: It is small.
  cite: elman1990finding
  architecture: toy
"""


def test_the_timeline_is_sound_and_runs_from_1986_to_this_year():
    assert PROBLEMS == []
    assert ROWS[0].year == 1986
    assert ROWS[-1].year >= 2026
    assert [row.date for row in ROWS] == sorted(row.date for row in ROWS)


def test_every_kind_and_family_has_rows():
    assert {row.kind for row in ROWS} == set(KINDS)
    assert {row.family for row in ROWS} == set(TIMELINE_FAMILIES)


def test_every_architecture_of_the_catalogue_has_a_row():
    assert {row.architecture for row in ROWS} - {""} == set(CATALOGUE.architectures)


def test_the_milestones_that_a_reader_looks_for_are_there():
    told = {(row.title, row.year) for row in ROWS}
    assert told >= {
        ("Variational autoencoder", 2013),
        ("Generative adversarial networks", 2014),
        ("Transformer", 2017),
        ("GPT", 2018),
        ("BERT", 2018),
        ("GPT-2", 2019),
        ("GPT-3", 2020),
        ("Scaling laws", 2020),
        ("DALL·E", 2021),
        ("CLIP", 2021),
        ("ChatGPT", 2022),
        ("Stable Diffusion", 2022),
        ("GPT-4", 2023),
        ("Claude", 2023),
        ("Gemini", 2023),
        ("LLaMA", 2023),
        ("o1", 2024),
        ("DeepSeek-R1", 2025),
        ("Operator", 2025),
        ("Model Context Protocol", 2024),
    }


@pytest.mark.parametrize("row", [row for row in ROWS if "-" in row.date], ids=lambda row: row.title)
def test_a_preprint_stands_in_the_month_of_its_arxiv_number(row):
    number = ENTRIES[row.cite].fields.get("eprint")
    if number:
        assert row.date == f"20{number[:2]}-{number[2:4]}"


def test_a_source_is_no_older_than_its_row():
    for row in ROWS:
        assert int(REFERENCES[row.cite].year) >= row.year, row.title


def test_rows_link_to_written_pages_only():
    page = BeautifulSoup(timeline_html(ROWS, CATALOGUE, "timeline/"), "html.parser")
    items = page.select("ol > li")
    assert len(items) == len(ROWS)
    for item, row in zip(items, ROWS, strict=True):
        entry = CATALOGUE.architectures.get(row.architecture)
        link = item.b.a["href"] if item.b.a else None
        assert link == (f"../architectures/{entry.slug}/" if entry and not entry.planned else None)
        assert item.time["datetime"] == row.date
        assert str(row.year) in item.time.text


def test_a_year_is_named_on_its_first_row_only():
    page = BeautifulSoup(timeline_html(ROWS, CATALOGUE, "timeline/"), "html.parser")
    assert [item["data-year"] for item in page.select("li[data-first]")] == sorted({str(row.year) for row in ROWS})


def test_chips_count_the_rows():
    page = BeautifulSoup(timeline_html(ROWS, CATALOGUE, "timeline/"), "html.parser")
    chips = page.select("button[data-filter]")
    assert len(chips) == len(KINDS) + len(TIMELINE_FAMILIES)
    for chip in chips:
        count = sum(getattr(row, chip["data-filter"]) == chip["data-value"] for row in ROWS)
        assert chip.span.text == str(count)


def test_a_row_cites_its_source_like_prose_does():
    page = PageText("docs/timeline.md", "![](index:timeline)\n", 1, "timeline/")
    place_timeline(page, ROWS[:3], CATALOGUE)
    cited = cite(page, REFERENCES)
    assert {work.key for work in cited} == {row.cite for row in ROWS[:3]}
    assert page.problems == []
    assert page.text.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("kind: architecture", "kind: gadget", 3, "unknown kind `gadget`"),
        ("family: sequence", "family: sequences", 4, "unknown family `sequences`"),
        ("cite: elman1990finding", "cite: elman1990", 6, "unknown cite `elman1990`"),
        ("architecture: toy", "architecture: tooy", 7, "unknown architecture `tooy`"),
        ("date: 1990-04", "date: 1990-13", 1, "is no date"),
        ("date: 1990-04", "date: spring", 1, "is no date"),
        ("date: 1990-04", "date: 2999", 1, "is no date"),
        ("date: 1990-04", "date: 2099-01", 1, "has not begun"),
        ("text: It is small.", "text: It is small", 5, "not one sentence"),
        ("text: It is small.", "text:", 5, "not a text"),
        ("title: Toy network", "titel: Toy network", 2, "unknown key `titel`"),
        ("  cite: elman1990finding\n", "", 1, "`cite` is missing"),
        ("- date", "date", 1, "not a list"),
        ("title: Toy network", "title: [Toy", 3, "not YAML"),
        ("architecture: toy\n", "architecture: toy\n" + GOOD, 9, "is there twice"),
    ],
)
def test_a_faulty_row_stops_the_build_with_file_and_line(tmp_path, old, new, line, message):
    path = tmp_path / "timeline.yml"
    text = GOOD.replace(old, new, 1)
    if old == "- date":
        text = text.replace("\n  ", "\n")
    path.write_text(text, encoding="utf-8")
    catalogue, _ = read_catalogue(tmp_path, tmp_path / "none.yml", tmp_path, tmp_path)
    catalogue.architectures["toy"] = CATALOGUE.architectures["rnn"]
    _, problems = read_timeline(path, tmp_path, catalogue, REFERENCES)
    found = [(problem.file, problem.line) for problem in problems if message in problem.message]
    assert found == [("timeline.yml", line)], problems


def test_the_build_puts_the_timeline_on_its_page(toy: Toy):
    toy.write("docs/timeline.yml", GOOD)
    toy.write("docs/index.md", "# Timeline\n\n{{ site.milestones }} step.\n\n![](index:timeline)\n")
    run = toy.build()
    assert run.returncode == 0, run.stderr
    page = BeautifulSoup(toy.html("index.html"), "html.parser")
    row = page.select_one("ol.atlas-timeline__rows > li")
    assert row.b.a["href"] == "architectures/toy/"
    assert row.select_one("a.atlas-citation")["href"] == "#reference-elman1990finding"
    assert page.select_one("#reference-elman1990finding")
    assert "1 step." in page.text


def test_the_build_names_the_line_of_a_faulty_row(toy: Toy):
    toy.write("docs/timeline.yml", GOOD.replace("family: sequence", "family: sequel"))
    run = toy.build()
    assert run.returncode != 0
    assert "docs/timeline.yml:4: unknown family `sequel`" in run.stderr
    assert not (toy.root / "site/index.html").exists()


def test_the_home_page_of_any_site_can_show_map_and_tracks(toy: Toy):
    toy.write("docs/index.md", "# Home\n\n![](index:map)\n\n![](index:tracks)\n")
    run = toy.build()
    assert run.returncode == 0, run.stderr
    page = BeautifulSoup(toy.html("index.html"), "html.parser")
    assert [node["data-node"] for node in page.select("svg .atlas-map__nodes > g[data-title]")] == ["toy", "attention"]
    assert len(page.select("[data-track=core] li")) == 2
