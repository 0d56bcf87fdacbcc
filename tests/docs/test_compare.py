"""The comparison's table and the landscape's, as the build writes them; what an author gets wrong is named."""

import json
import re

import pytest
import yaml

from hooks.comparison import MEASURED, SAID
from hooks.front_matter import COMPARED, short_title
from hooks.landscape import LandscapeError, read_systems, table
from tests.docs.conftest import make_toy

COUNTED = {
    "network": "two <units>",
    "elements": "words",
    "seconds": {"key": "toy.loss.final", "of": ""},
    "metric": {"key": "toy.loss.final", "says": "nats", "format": ".2f"},
    "parameters": 1234,
    "bytes": 4936,
    "lengths": [4, 16, 64, 256, 1024],
    "training": {"multiply_adds": [40, 160, 640, 2560, 20480], "steps": [1] * 5},
    "generation": {"multiply_adds": [40, 160, 640, 2560, 10240], "steps": [4, 16, 64, 256, 1024], "bytes": [8] * 5},
}
SYSTEMS = """\
- {name: Late, year: 2020, what: text, how: one-by-one, page: toy, cite: cho2014learning}
- {name: "Early <b>", year: 1990, what: text, how: one-by-one, page: attention, cite: elman1990finding}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The small site with a page that compares and a landscape."""
    toy = make_toy(tmp_path_factory.mktemp("compare"))
    toy.write("docs/compare.md", "# Compare\n\nWith $n$.\n\n![](index:comparison)\n")
    toy.write("docs/landscape.md", "# Landscape\n\n![](landscape:systems)\n")
    toy.write("docs/landscape.yml", SYSTEMS)
    toy.write("snippets/compare/results.json", {"toy": COUNTED})
    settings = toy.settings | {"nav": [*toy.settings["nav"], {"Compare": "compare.md"}, {"Landscape": "landscape.md"}]}
    toy.write("mkdocs.yml", yaml.safe_dump(settings))
    run = toy.build()
    assert run.returncode == 0, run.stderr
    return toy


def test_everything_is_in_the_html_before_any_script_runs(site):
    html = site.html("compare/index.html")
    rows = re.findall(r'<tr role="row"><th scope="row" role="rowheader">(.*?)</th><td [^>]*>(.*?)</td></tr>', html)
    assert [name for name, _ in rows] == [*SAID.values(), *MEASURED]
    said = dict(rows)
    assert said["Objective"] == "predict the next word"
    assert 'class="katex"' in said["Cost by length"]
    assert said["Reference model"] == "two &lt;units&gt;"
    assert said["Parameters"] == "1,234 (5 kB)"
    assert said["Held-out result"] == "1.23 nats"
    assert [text for name, text in rows if "in training, from" in name] == ["10 → 20 <span>×2</span>"]
    assert [text for name, text in rows if "generated, from" in name] == ["10 → 10 <span>×1</span>"]
    assert [text for name, text in rows if "wait" in name] == ["1 · 1,024"]


def test_the_columns_link_to_their_pages_and_planned_ones_are_only_named(site):
    html = site.html("compare/index.html")
    head = re.search(r'<th scope="col"[^>]*data-slug="toy"[^>]*>(.*?)</th>', html)[1]
    assert head == '<a href="../architectures/toy/">Toy Networks</a>'
    offered = json.loads(re.search(r"<template data-offered>(.*?)</template>", html)[1])
    assert offered == [
        {"slug": "toy", "title": "Toy Networks", "planned": False},
        {"slug": "attention", "title": "Attention", "planned": True},
    ]
    assert 'data-slug="attention"' not in html


def test_a_model_that_nobody_counted_is_said_to_be_so(site):
    site.write("snippets/compare/results.json", {"other": COUNTED})
    try:
        assert site.build().returncode == 0
        assert site.html("compare/index.html").count("not counted yet") == len(MEASURED)
    finally:
        site.write("snippets/compare/results.json", {"toy": COUNTED})


def test_the_landscape_links_and_cites_its_systems_oldest_first(site):
    html = site.html("landscape/index.html")
    cell = re.search(r'<th scope="row">Text</th><td data-column="[^"]+"><ul>(.*?)</ul></td>', html)[1]
    assert cell.index("Early &lt;b&gt;") < cell.index("Late")
    assert '<a href="../architectures/toy/">Late</a>' in cell
    assert '<span class="atlas-planned" title="planned">Early &lt;b&gt;</span>' in cell
    assert 'href="#reference-elman1990finding"' in cell
    assert 'id="reference-elman1990finding"' in html


@pytest.mark.parametrize("key", COMPARED)
def test_a_page_without_a_key_of_the_comparison_is_named_with_it(toy, key):
    text = toy.page.read_text(encoding="utf-8")
    toy.write("docs/architectures/toy.md", re.sub(rf"\n  {key}: .*", "", text))
    run = toy.build()
    assert run.returncode != 0
    assert f"docs/architectures/toy.md:{toy.line('compare:')}: `{key}` is missing under `compare`" in run.stderr
    assert not (toy.root / "site").exists()


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("memory: one state", "memory: [one]", "  memory:", "under `compare` cannot be used"),
        ("memory: one state", "memory: 'FILL IN: what'", "  memory:", "under `compare` cannot be used"),
        ("memory: one state", f"memory: {'m' * 161}", "  memory:", "at most 160 characters"),
        ("memory: one state", "memory: one state\n  memori: two", "  memori:", "did you mean `memory`?"),
    ],
)
def test_a_wrong_key_of_the_comparison_is_named_with_its_line(toy, old, new, line, message):
    toy.edit(old, new)
    run = toy.build()
    assert run.returncode != 0
    assert f"docs/architectures/toy.md:{toy.line(line)}: " in run.stderr
    assert message in run.stderr


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{name: A, year: old, what: text, how: refine, page: toy, cite: c}", "`year` is missing or no int"),
        ("{name: A, year: 2020, what: txt, how: refine, page: toy, cite: c}", "`what: txt` is not known"),
        ("{name: A, year: 2020, what: text, how: refined, page: toy, cite: c}", "`how: refined` is not known"),
        ("{name: A, year: 2020, what: text, how: refine, page: toy, cite: c, url: x}", "unknown key `url`"),
        ("A", "not a list of systems"),
        ("{", "not a YAML list"),
    ],
)
def test_a_wrong_system_is_named(tmp_path, entry, message):
    path = tmp_path / "landscape.yml"
    path.write_text(f"- {entry}\n", encoding="utf-8")
    with pytest.raises(LandscapeError, match=re.escape(message)):
        read_systems(path)


def test_an_unknown_citation_or_page_of_a_system_stops_the_build(toy):
    toy.write("docs/index.md", "# Home\n\n![](index:cards)\n\n![](landscape:systems)\n")
    toy.write("docs/landscape.yml", SYSTEMS.replace("page: toy", "page: toi").replace("elman1990finding", "elman1990"))
    run = toy.build()
    assert run.returncode != 0
    assert "unknown architecture `toi` — did you mean `toy`?" in run.stderr
    assert "unknown citation `@elman1990`" in run.stderr


def test_a_short_name_is_what_stands_in_brackets():
    assert short_title("Generative Pretraining (GPT)") == "GPT"
    assert short_title("Attention") == "Attention"


def test_the_table_takes_one_line():
    assert "\n" not in table([{"name": "A", "year": 1, "what": "text", "how": "refine", "page": "p", "cite": "c"}])


