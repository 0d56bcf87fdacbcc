"""What a built page holds, seen through a small site with one of everything."""

import json
import re

import pytest
from bs4 import BeautifulSoup

from hooks.regions import read_region


@pytest.fixture(scope="module")
def page(built):
    """The toy page, parsed."""
    return BeautifulSoup(built.html(), "html.parser")


def test_the_build_says_nothing_worse_than_information(toy):
    run = toy.build()
    assert run.returncode == 0, run.stderr
    assert not re.search("WARNING|ERROR", run.stdout + run.stderr)


def test_the_text_of_code_is_the_text_of_the_file(built, page):
    snippets = built.root / "snippets"
    cell, shown = page.select("article pre code")
    assert (
        cell.get_text()
        == read_region(snippets, "toy/model.py", "double")
        == ('def double(x):\n    """Return twice `x`."""\n    return x * 2')
    )
    assert shown.get_text() == "WIDTH = 2  # a < b & c"


def test_a_cell_has_what_the_scripts_look_for(page):
    cell = page.select_one(".atlas-cell")
    assert (cell["data-cell"], cell["data-status"], cell["id"]) == (
        "toy.model:double",
        "idle",
        "cell-toy-model-double",
    )
    actions = {button["data-action"]: button.has_attr("hidden") for button in cell.select("button")}
    assert actions == {"run": False, "stop": True, "reset": False, "share": False}
    assert all(button["type"] == "button" for button in cell.select("button"))
    assert cell.select_one(".atlas-cell__name").get_text() == "toy/model.py · double"
    assert cell.select_one(".atlas-cell__try").get_text() == "Try: Replace 2 by 3 and watch Figure 1."
    assert cell.select_one(".atlas-cell__try a")["href"] == "#figure-curve"
    assert cell.select_one("[data-output]")["aria-live"] == "polite"
    assert not page.select(".atlas-cell")[1:], "code that is only shown is no cell"


def test_figures_are_numbered_and_say_what_they_are(page):
    curve, controls = page.select("figure.atlas-figure")
    assert curve["data-figure"] == "toy/curve"
    assert curve["data-uses"] == "toy.figures toy.model"
    assert curve["style"] == "--figure-height:320px"
    assert curve.has_attr("data-measured") and not curve.has_attr("data-precomputed")
    assert controls.has_attr("data-precomputed") and not controls.has_attr("data-measured")
    assert curve.figcaption.get_text().startswith("Figure 1. The curve with ")
    assert controls.figcaption.get_text().startswith("Figure 2. Its own caption with code")
    assert [tag.get_text() for tag in page.select("figure .atlas-tag")] == [
        "measured",
        "pretrained: MiniLM, 22.7M",
    ]
    assert curve.select_one("[data-plot]")["aria-label"] == "The curve with x^2. Notice the bend at the end."
    assert curve.select_one("details p").decode_contents() == "Notice the <code>bend</code> at the end."
    assert not curve.select("form"), "a figure without controls has no form"
    assert page.select_one('article p a[href="#figure-curve"]').get_text() == "Figure 1"


def test_every_control_is_labelled_and_named(page):
    form = page.select_one("form.atlas-controls")
    assert form["method"] == "dialog", "Enter must not reload the page where no script runs"
    kinds = [control["data-control"] for control in form.select(".atlas-control")]
    assert kinds == ["text", "slider", "choice", "toggle", "draw", "point"]
    for field in form.select("input, select"):
        assert form.select_one(f'label[for="{field["id"]}"]').get_text()
    assert [field.get("name") for field in form.select("input, select")] == [
        "text",
        "gain",
        "kind",
        "clip",
        "query.x",
        "query.y",
    ]
    text, gain, clip = (form.select_one(f"[name={name}]") for name in ("text", "gain", "clip"))
    assert (text["value"], text["maxlength"]) == ('a<b"c', "24")
    assert form.find(id=text["aria-describedby"]).get_text() == "Small letters."
    assert json.loads(gain["data-values"])[int(gain["value"])] == -0.5
    assert (gain["min"], gain["max"], gain["step"]) == ("0", "4", "1")
    assert form.output.get_text() == gain["aria-valuetext"] == "−0.5 dB"
    kind = form.select_one("[name=kind]")
    chosen = [option.has_attr("selected") for option in kind.select("option")].index(True)
    assert json.loads(kind["data-values"])[chosen] == 2
    assert clip.has_attr("checked")
    canvas = form.canvas
    assert (canvas["data-name"], canvas["data-rows"], canvas["data-columns"], canvas["tabindex"]) == (
        "image",
        "2",
        "3",
        "0",
    )
    assert json.loads(canvas["data-value"]) == [[0.0, 1.0, 0.0], [0.5, 0.0, 0.0]]
    x = form.select_one('[name="query.x"]')
    assert (x["min"], x["max"], x["value"]) == ("-2", "2", "0.5")


def test_a_diagram_carries_its_reasons(page):
    figure = page.select_one("figure.atlas-diagram")
    assert figure["data-diagram-figure"] == figure.svg["data-diagram"] == "toy/whiteboard"
    assert figure.select_one(".atlas-diagram__stepper").has_attr("hidden"), "no script, no stepper"
    actions = [button["data-action"] for button in figure.select("button")]
    assert actions == ["first", "previous", "next", "play"]
    cell, loss = figure.select(".atlas-diagram__whys > li")
    assert (cell["data-why"], loss["data-why"]) == ("cell", "loss")
    assert cell.select_one("span").get_text() == "(B, H) · 4,160 parameters"
    assert cell.select_one("a")["href"] == "#figure-curve"
    assert loss.get_text() == "Loss It says how wrong."


def test_mathematics_is_rendered_and_can_be_read_aloud(page):
    display = page.select_one("div.atlas-math")
    assert display.math["display"] == "block"
    assert display.annotation.get_text() == "h_t = \\tanh(W x_t + b)"
    assert not page.select(".arithmatex"), "a formula was left as TeX"
    assert page.select_one("details.question summary math")
    assert page.select_one("figcaption math"), "captions are Markdown too"


def test_a_comma_never_leaves_its_formula(page):
    (tied,) = page.select("p .atlas-nobreak")
    assert tied.annotation.get_text() == "\\mathbb{R}^D"
    assert tied.get_text().endswith(",")


def test_citations_name_author_and_year_and_lead_to_the_list(page):
    single, first, second = page.select("a.atlas-citation")
    assert [link.get_text() for link in (single, first, second)] == [
        "Elman, 1990",
        "Elman, 1990",
        "Cho et al., 2014",
    ]
    assert "(Elman, 1990; Cho et al., 2014, p. 3)" in page.get_text()
    entries = page.select(".atlas-references > li")
    assert [entry["id"] for entry in entries] == ["reference-cho2014learning", "reference-elman1990finding"]
    assert second["href"] == f"#{entries[0]['id']}"
    assert entries[0].get_text().startswith("Cho, K., van Merriënboer, B., Bengio, Y. (2014).")
    assert entries[1].get_text() == (
        "Elman, J. L. (1990). Finding Structure in Time. Cognitive Science 14(2), 179–211."
    )
    assert entries[1].a["href"] == "https://doi.org/10.1207/s15516709cog1402_1"
    assert "Never cited" not in page.get_text()


def test_measured_values_stand_in_the_prose(page):
    assert "The loss reached 1.23 nats" in page.get_text()


def test_the_line_under_the_title(page):
    facts = [part.get_text() for part in page.select(".atlas-facts > span")]
    assert facts == ["Beginner", "1990", "1 minute", "2 figures", "1 cell", "facts checked January 2026"]
    assert (
        page.select_one("noscript")
        .get_text()
        .startswith("Figures, controls and running code need JavaScript.")
    )


def test_the_page_tells_its_scripts_and_styles_what_it_is(page):
    assert json.loads(page.select_one("template#atlas-page").string) == {
        "slug": "toy",
        "title": "Toy Networks",
        "family": "sequence",
        "figures": ["toy/curve", "toy/controls"],
    }
    assert page.article["data-family"] == "sequence"


def test_related_cards_link_what_is_written_only(page):
    card = page.select_one("nav.atlas-related .atlas-card")
    assert card.has_attr("data-planned") and not card.select("a")
    assert "Attention" in card.get_text() and "planned" in card.get_text()
    assert page.select_one(".atlas-planned").get_text() == "attention"


def test_indexes_count_what_is_there(built):
    home = BeautifulSoup(built.html("index.html"), "html.parser")
    assert "2 figures on 1 page." in home.get_text()
    assert home.select_one("a.atlas-card__title")["href"] == "architectures/toy/"
    table = BeautifulSoup(built.html("architectures/index.html"), "html.parser").select("tbody tr")
    assert [cell.get_text() for cell in table[0].select("td")] == ["1990", "Beginner", "1 min", "2", "1"]
    assert table[0].a["href"] == "toy/"
    assert "planned Bahdanau" in table[1].get_text()


def test_previous_and_next_follow_the_reading_order(built):
    home = BeautifulSoup(built.html("architectures/index.html"), "html.parser")
    assert home.select_one("a.md-footer__link--next")["href"] == "toy/"


def test_nothing_foreign_is_loaded(built):
    loading = re.compile(
        r'<(?:script|img|iframe|source)[^>]+src="([^"]+)"|<link[^>]+rel="(?!canonical)[^>]+href="([^"]+)"'
    )
    for file in (built.root / "site").rglob("*.html"):
        for match in loading.finditer(file.read_text(encoding="utf-8")):
            address = match[1] or match[2]
            assert not re.match(r"(https?:)?//", address), f"{file.name} loads {address}"
    for style in (built.root / "site").rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text(encoding="utf-8"))
    for script in (built.root / "site").rglob("*.js"):
        assert "unpkg.com" not in script.read_text(encoding="utf-8")
    assert "generator" not in built.html()


def test_addresses_in_pages_are_relative(built):
    for file in (built.root / "site").rglob("index.html"):
        for address in re.findall(r'(?:href|src)="([^"]*)"', file.read_text(encoding="utf-8")):
            assert not address.startswith("/"), f"{file} has {address}"


def test_search_knows_captions_and_code_but_no_buttons(built):
    index = json.loads(built.html("assets/search_index.json"))
    entries = {entry["location"]: entry["text"] for entry in index["docs"]}
    everything = " ".join(entries.values())
    assert "The curve with" in entries["architectures/toy/#figure-curve"]
    assert "Its own caption with code" in entries["architectures/toy/#figure-controls"]
    assert "Notice the" in everything and "def double" in everything
    for junk in (
        "Run",
        "Reset",
        "Draw a digit",
        "dB",
        "annotation",
        "tanh",
        "need JavaScript",
        "What to notice",
        "minute",
    ):
        assert junk not in everything, f"search finds {junk!r}"
    assert len(entries) == len(index["docs"]), "two entries lead to one place"


def test_source_files_stay_out_of_the_site(built):
    names = {file.name for file in (built.root / "site").rglob("*")}
    assert not names & {"references.bib", "planned.yml"}


def test_a_page_that_links_to_another_pages_figure(toy):
    toy.write("docs/index.md", "# Home\n\nSee [the curve](figure:toy/curve) or [](figure:toy/controls).\n")
    run = toy.build()
    assert run.returncode == 0, run.stderr
    home = toy.html("index.html")
    assert '<a href="architectures/toy/#figure-curve">the curve</a>' in home
    assert '<a href="architectures/toy/#figure-controls">Figure 2</a>' in home


def test_formulas_are_rendered_once(toy):
    assert toy.build().returncode == 0
    assert toy.build(PATH="").returncode == 0, "the second build needed Node.js"


def test_a_cut_cache_is_made_again(toy):
    assert toy.build().returncode == 0
    cache = toy.root / ".cache/formulas.json"
    cache.write_text(cache.read_text(encoding="utf-8")[:100], encoding="utf-8")
    assert toy.build().returncode == 0
    assert json.loads(cache.read_text(encoding="utf-8"))


def test_hooks_do_not_need_torch(toy):
    (toy.root / "torch.py").write_text("raise SystemExit('the hooks imported torch')\n", encoding="utf-8")
    assert toy.build(PYTHONPATH=str(toy.root)).returncode == 0
