"""The atlas's own pages follow the template and hold what a page must hold."""

import re
from pathlib import Path

import pytest

from hooks.catalogue import read_catalogue
from hooks.citations import cite, read_bibliography
from hooks.front_matter import FAMILIES
from hooks.indexes import link_architectures, place_indexes
from hooks.page_text import PageText, read_page
from hooks.reading import count
from hooks.regions import INCLUDE, read_region
from hooks.sections import SECTIONS, check_sections

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/architectures"
SNIPPETS = ROOT / "snippets"
CATALOGUE, PROBLEMS = read_catalogue(PAGES, PAGES / "planned.yml", ROOT, SNIPPETS)
WRITTEN = [entry.slug for entry in CATALOGUE.written]


def read(slug: str) -> PageText:
    return read_page(PAGES / f"{slug}.md", ROOT, f"architectures/{slug}/")[1]


def test_front_matter_and_plan_are_sound():
    assert PROBLEMS == []


def test_the_whole_catalogue_is_there():
    assert set(CATALOGUE.architectures) == {
        "rnn",
        "lstm-gru",
        "encoder-decoder",
        "attention",
        "transformer",
        "bert",
        "gpt",
        "t5-bart",
        "vision",
        "diffusion",
        "flow-matching",
        "vae",
        "gan",
        "contrastive",
        "state-space",
        "mixture-of-experts",
        "audio",
        "vision-language",
        "vision-language-action",
        "world-models",
        "nerf-gaussian-splatting",
        "code-models",
        "alignment",
        "reasoning",
    }
    assert {entry.family for entry in CATALOGUE.architectures.values()} == set(FAMILIES)


def test_the_core_track_is_read_in_its_order():
    core = [entry.slug for entry in CATALOGUE.architectures.values() if entry.core]
    assert core == [
        "rnn",
        "lstm-gru",
        "encoder-decoder",
        "attention",
        "transformer",
        "bert",
        "gpt",
        "vision",
        "diffusion",
    ]


def test_the_index_tells_the_core_track_in_the_order_it_is_read():
    text = read_page(PAGES / "index.md", ROOT)[1].text
    told = re.findall(r"^\d\. .*?\(architecture:([\w-]+)\)", text, re.MULTILINE)
    assert told == [entry.slug for entry in CATALOGUE.architectures.values() if entry.core]


@pytest.mark.parametrize("path", ["index.md", "architectures/index.md"])
def test_indexes_name_only_what_exists(path):
    page = read_page(ROOT / "docs" / path, ROOT)[1]
    link_architectures(page, CATALOGUE)
    of_the_home_page = {"map": str, "tracks": str}  # tests/docs/test_map.py
    place_indexes(page, CATALOGUE, {slug: count(read(slug)) for slug in WRITTEN}, of_the_home_page)
    assert page.problems == []
    assert page.blocks


@pytest.mark.parametrize("slug", WRITTEN)
def test_the_eight_sections(slug):
    page = read(slug)
    check_sections(page)
    assert page.problems == []


@pytest.mark.parametrize("slug", WRITTEN)
def test_length_figures_diagrams_and_cells(slug):
    counts = count(read(slug))
    assert 2500 <= counts.words <= 3500
    assert counts.figures >= 6
    assert counts.diagrams >= 1
    assert counts.cells >= 2


@pytest.mark.parametrize("slug", WRITTEN)
def test_every_section_says_something(slug):
    parts = re.split(r"^## .+$", read(slug).masked(), flags=re.MULTILINE)[1:]
    for title, part in zip(SECTIONS, parts, strict=True):
        words = re.findall(r"\w+", part.replace("\0", ""))
        assert len(words) >= 40, f"`{title}` has {len(words)} words"


@pytest.mark.parametrize("slug", WRITTEN)
def test_facts_are_cited(slug):
    references, problems = read_bibliography(ROOT / "docs/references.bib", ROOT)
    assert problems == []
    page = read(slug)
    deployments = page.text.split("## Real-world deployments")[1].split("\n## ")[0]
    assert "[@" in deployments, "systems and dates need sources"
    cited = cite(page, references)
    assert page.problems == []
    assert len(cited) >= 8


@pytest.mark.parametrize("slug", WRITTEN)
def test_three_to_five_questions_with_folded_answers(slug):
    assert 3 <= len(re.findall(r"^\?\?\? question ", read(slug).masked(), re.MULTILINE)) <= 5


@pytest.mark.parametrize("slug", WRITTEN)
def test_at_least_two_cells_say_what_to_try(slug):
    cells = [fence for fence in read(slug).fences() if ".cell" in fence.info]
    assert sum('try="' in cell.info for cell in cells) >= 2


@pytest.mark.parametrize("slug", WRITTEN)
def test_code_is_included_from_the_file_that_runs(slug):
    for fence in read(slug).fences():
        if "python" in fence.info:
            include = INCLUDE.search(fence.content)
            assert include, f"Python typed into the page: {fence.content[:60]!r}"
            assert read_region(SNIPPETS, include["path"], include["region"])


@pytest.mark.parametrize("slug", WRITTEN)
def test_figures_are_named_by_link_not_by_number(slug):
    typed = re.findall(r"\bFigures? \d+", read(slug).masked())
    assert typed == [], "write [](figure:slug/name): the build knows the number"
