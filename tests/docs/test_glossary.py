"""The glossary: its file, the marks in prose, the page with its backlinks, and what the search is given."""

import json
import re
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from hooks import computed
from hooks.catalogue import read_catalogue
from hooks.figures import FIGURE, find_ids
from hooks.front_matter import short_title
from hooks.glossary import check_references, identifier, read_glossary
from hooks.marking import Recogniser, mark
from hooks.page_text import read_page
from tests.docs.conftest import Toy, make_toy

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY, PROBLEMS = read_glossary(ROOT / "docs/glossary.yml", ROOT)
CATALOGUE, _ = read_catalogue(
    ROOT / "docs/architectures", ROOT / "docs/architectures/planned.yml", ROOT, ROOT / "snippets"
)
SEEDS = {
    "attention",
    "decoder",
    "embedding",
    "encoder",
    "encoder-decoder",
    "FlashAttention",
    "KV cache",
    "Mamba",
    "mixture of experts",
    "multi-head attention",
    "parameter count",
    "positional encoding",
    "reasoning model",
    "RoPE",
    "self-attention",
    "sliding-window attention",
    "transformer",
}

TERMS = """\
- term: hidden state
  level: beginner
  definition: >-
    The vector that a network carries from step to step, which is all that it keeps of what it has read, so that a
    gate can act on it [@elman1990finding].
  formula: h_t
  where: $t$ is the step.
  shown: [toy/curve]
  page: toy

- term: gate
  aliases: [door]
  level: advanced
  definition: >-
    A number between 0 and 1 that something else is multiplied by, which a network computes for itself at every step.
  number: It stood at {{ toy.loss.final | .1f }} in the end.
"""
PAGE = "---\ntitle: Glossary\n---\n\n# Glossary\n\n{{ site.terms }} terms.\n\n![](index:glossary)\n"


def with_glossary(toy: Toy, terms: str = TERMS) -> Toy:
    """Give the small site a glossary, and prose that uses it."""
    toy.settings["nav"].append({"Glossary": "glossary.md"})
    toy.settings["exclude_docs"] += "glossary.yml\n"
    toy.write("mkdocs.yml", yaml.safe_dump(toy.settings))
    toy.write("docs/glossary.yml", terms)
    toy.write("docs/glossary.md", PAGE)
    toy.edit("None.\n", "A gate shuts. Another gate opens, with its hidden state.\n")
    toy.write("docs/index.md", "# Home\n\nGates, and a hidden state.\n\n## More & more\n\nA door.\n")
    return toy


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """The small site with a glossary, built once."""
    toy = with_glossary(make_toy(tmp_path_factory.mktemp("glossary")))
    run = toy.build()
    assert run.returncode == 0, run.stderr
    return toy


def soup(toy: Toy, path: str) -> BeautifulSoup:
    return BeautifulSoup(toy.html(path), "html.parser")


class TestTheFile:
    def test_it_is_sound(self):
        assert PROBLEMS == []
        numbers = {
            identity: (page.url, 1)
            for path in (ROOT / "docs").rglob("*.md")
            for page in [read_page(path, ROOT)[1]]
            for identity, _ in find_ids(page.text, FIGURE)
        }
        sources = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
        assert check_references(GLOSSARY, CATALOGUE, numbers, sources) == []

    def test_it_has_the_terms_it_must_have(self):
        assert {term.name for term in GLOSSARY.terms.values()} >= SEEDS
        assert len(GLOSSARY.terms) >= 60

    def test_numbers_are_computed_or_cited(self):
        numbers = [term.number for term in GLOSSARY.terms.values() if term.number]
        assert numbers
        assert [number for number in numbers if "{{ computed." not in number and "[@" not in number] == []

    def test_a_year_or_a_large_number_in_a_definition_has_a_source(self):
        unsourced = {
            term.id: found
            for term in GLOSSARY.terms.values()
            if "[@" not in term.definition and (found := re.findall(r"\b\d{3,}\b", term.definition))
        }
        assert unsourced == {}

    def test_names_are_told_apart_by_their_anchors(self):
        assert identifier("KV cache") == "kv-cache"
        assert identifier("[CLS]") == "cls"
        reserved = {"glossary", "references"}
        assert not reserved & GLOSSARY.terms.keys()
        assert not [name for name in GLOSSARY.terms if name.startswith(("letter-", "reference-"))]


class TestComputedNumbers:
    def test_the_cache_of_a_7b_model_at_32k_takes_16_gib(self):
        numbers = computed.numbers()
        assert numbers["kv_cache_7b"] == 16
        assert numbers["kv_cache_7b_grouped"] == 4
        assert numbers["kv_cache_7b_single"] == 0.5
        assert numbers["attention_map"] == 2

    @pytest.mark.parametrize(("tokens", "window"), [(7, 3), (5, 5), (4, 9), (6, 1)])
    def test_the_pairs_of_a_window_are_those_one_can_count(self, tokens, window):
        pairs = sum(0 <= query - key < window for query in range(tokens) for key in range(tokens))
        assert computed.window_pairs(tokens, window) == pairs

    def test_parameters_of_a_block_are_those_of_its_matrices(self):
        torch = pytest.importorskip("torch")
        layer = torch.nn.TransformerEncoderLayer(16, 2, 64)
        matrices = sum(weight.numel() for weight in layer.parameters() if weight.dim() == 2)
        assert computed.block_parameters(layers=1, width=16) == matrices


class TestRecognising:
    FORMS = (
        ("attention", "attention"),
        ("self-attention", "self-attention"),
        ("multi-head attention", "multi-head"),
        ("GAN", "gan"),
        ("RoPE", "rope"),
        ("[CLS]", "cls"),
        ("loss", "loss"),
        ("memory", "memory"),
    )

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("Attention is", ["attention"]),
            ("self-attention and attention", ["self-attention", "attention"]),
            ("multi-head\n   attention", ["multi-head"]),
            ("Multi-head attentions", ["multi-head"]),
            ("two GANs and a gan", ["gan"]),
            ("a rope, a RoPE", ["rope"]),
            ("what [CLS] sees", ["cls"]),
            ("losses, memories", ["loss", "memory"]),
            ("inattention, attentions-like, GAN-like, glosses", []),
        ],
    )
    def test_forms_in_a_text(self, text, found):
        assert [term for _, _, term in Recogniser(self.FORMS).find(text)] == found

    def test_without_terms_nothing_is_found(self):
        assert Recogniser([]).find("attention") == []


class TestMarking:
    RECOGNISER = Recogniser([("gate", "gate"), ("hidden state", "hidden-state"), ("forget gate", "forget-gate")])

    def marked(self, html: str, skip: tuple[str, ...] = ()) -> tuple[str, list]:
        return mark(html, self.RECOGNISER, lambda term, text: f"<{term}>{text}</{term}>", skip)

    def test_the_first_use_in_each_section(self):
        html = '<p>A gate, a gate.</p><h2 id="a">A</h2><p>Gates.</p><ul><li>a <em>gate</em></li></ul>'
        marked, uses = self.marked(html)
        assert re.findall("<gate>(.*?)</gate>", marked) == ["gate", "Gates"]
        assert [(use.term, use.section, use.title) for use in uses] == [("gate", "", ""), ("gate", "a", "A")]

    def test_a_section_is_named_without_its_permalink(self):
        html = '<h2 id="a">Ins &amp; <em>outs</em><a class="headerlink" href="#a">&para;</a></h2><p>gate</p>'
        assert self.marked(html)[1][0].title == "Ins &amp; outs"

    def test_the_longest_term_wins(self):
        assert self.marked("<p>the forget gate</p>")[0] == "<p>the <forget-gate>forget gate</forget-gate></p>"

    @pytest.mark.parametrize(
        "html",
        [
            "<h2>gate</h2>",
            '<p><a href="#gate" title="gate">gate</a></p>',
            "<p><code>gate</code> <strong>gate</strong> <b>gate</b></p>",
            "<pre>gate</pre>",
            '<p title="a gate"><img alt="gate" src="gate.png"></p>',
            '<p class="atlas-facts">gate</p>',
            '<p data-search-exclude="true">gate</p>',
            "<figure><figcaption><p>gate</p></figcaption></figure>",
            '<div class="atlas-cell"><p>gate</p></div>',
            "<details><summary>gate</summary><p>gate</p></details>",
            "<blockquote><p>gate</p></blockquote>",
            "<button>gate</button><label>gate</label><noscript><p>gate</p></noscript>",
            "<p><atlas-math>gate<span>gate</span></atlas-math></p>",
            "<svg><title>gate</title><text>gate</text></svg>",
            "<table><thead><tr><th>gate</th></tr></thead></table>",
            '<script>"<p>gate</p>"</script><!-- <p>gate</p> -->',
            "gate",
        ],
    )
    def test_only_plain_prose_is_touched(self, html):
        assert self.marked(html) == (html, [])

    def test_all_else_stays_as_it_is(self):
        html = (
            '<P>5 &lt; 6 &amp; "x"\n<br/>é gate&rsquo;s &#8722; <img src=a.png alt="<gate>">\n</P>\n'
            "<p>a<p>hidden\nstate</p>"
        )
        marked, _ = self.marked(html)
        assert re.sub("</?(gate|hidden-state)>", "", marked.replace('"<gate>"', "@")) == html.replace('"<gate>"', "@")
        assert "<gate>gate</gate>&rsquo;s" in marked
        assert "<hidden-state>hidden\nstate</hidden-state>" in marked

    def test_a_pages_own_subject_is_used_and_not_linked(self):
        marked, uses = self.marked("<p>gate</p>", ("gate",))
        assert marked == "<p>gate</p>"
        assert [use.term for use in uses] == ["gate"]

    def test_figures_formulas_and_code_of_a_page_are_what_they_were(self, site, tmp_path):
        plain = make_toy(tmp_path)
        plain.edit("None.\n", "A gate shuts. Another gate opens, with its hidden state.\n")
        assert plain.build().returncode == 0
        unmarked = re.sub(r'<a class="atlas-term"[^>]*>(.*?)</a>', r"\1", article(site))
        assert unmarked == article(plain)


def article(toy: Toy) -> str:
    return re.search(r"<article.*</article>", toy.html(), re.DOTALL)[0]


class TestThePage:
    def test_every_term_has_an_entry(self, site):
        entry = soup(site, "glossary/index.html").find(id="gate")
        assert entry["data-level"] == "advanced"
        assert "gate" in entry.h3.get_text() and "also door" in entry.h3.get_text()
        assert "a network computes for itself" in entry.p.get_text()
        assert entry.find(class_="atlas-glossary__number").get_text() == "It stood at 1.2 in the end."

    def test_letters_lead_to_their_terms(self, site):
        page = soup(site, "glossary/index.html")
        letters = page.find(class_="atlas-glossary__letters").find_all("a")
        assert [letter.get_text() for letter in letters] == ["G", "H"]
        for letter in letters:
            assert page.find(id=letter["href"].removeprefix("#")).get_text() == letter.get_text()

    def test_an_entry_has_its_formula_its_figure_its_page_and_its_source(self, site):
        page = soup(site, "glossary/index.html")
        entry = page.find(id="hidden-state")
        assert entry.select(".katex")
        figure = entry.find("a", string=re.compile("Figure 1"))
        assert figure["href"] == "../architectures/toy/#figure-curve"
        assert "measured" in figure.parent.get_text()
        assert entry.find("a", string="Toy Networks")["href"] == "../architectures/toy/"
        cited = entry.find(class_="atlas-citation")["href"].removeprefix("#")
        assert page.find(id=cited)

    def test_definitions_link_to_other_terms_and_never_to_themselves(self, site):
        page = soup(site, "glossary/index.html")
        links = page.find(id="hidden-state").find_all(class_="atlas-term")
        assert [link["href"] for link in links] == ["#gate"]
        assert page.find(id="gate").find_all(class_="atlas-term") == []

    def test_an_entry_lists_the_pages_and_sections_that_use_it(self, site):
        page = soup(site, "glossary/index.html")
        used = [link["href"] for link in page.find(id="gate").details.find_all("a")]
        assert used == ["../architectures/toy/", "../architectures/toy/#real-world-deployments", "../", "../#more-more"]
        assert "in 3 sections of 2 pages" in page.find(id="gate").details.get_text()
        assert "More & more" in page.find(id="gate").details.get_text()

    def test_links_in_prose_lead_to_the_entry(self, site):
        home = soup(site, "index.html").article
        assert [(link.get_text(), link["href"]) for link in home.find_all(class_="atlas-term")] == [
            ("Gates", "glossary/#gate"),
            ("hidden state", "glossary/#hidden-state"),
            ("door", "glossary/#gate"),
        ]
        page = soup(site, "architectures/toy/index.html").article
        assert [link["href"] for link in page.find_all(class_="atlas-term")] == ["../../glossary/#gate"]

    def test_cards_have_plain_definitions(self, site):
        cards = json.loads(site.html("assets/generated/glossary.json"))
        assert cards["hidden-state"]["term"] == "hidden state"
        assert cards["hidden-state"]["level"] == "Beginner"
        assert cards["hidden-state"]["definition"].endswith("act on it (Elman, 1990).")

    def test_two_builds_are_equal(self, site, tmp_path):
        again = with_glossary(make_toy(tmp_path))
        assert again.build().returncode == 0
        for path in ("glossary/index.html", "assets/generated/glossary.json", "assets/search_index.json"):
            assert again.html(path) == site.html(path)


class TestSearch:
    @pytest.fixture
    def docs(self, site) -> dict[str, dict]:
        found = json.loads(site.html("assets/search_index.json"))["docs"]
        assert len({one["location"] for one in found}) == len(found)
        return {one["location"]: one for one in found}

    def test_a_term_is_an_entry(self, docs):
        assert docs["glossary/#gate"]["title"] == "gate · glossary term"
        assert docs["glossary/#gate"]["text"].startswith("door A number between 0 and 1")

    def test_a_figure_is_an_entry(self, docs):
        figure = docs["architectures/toy/#figure-curve"]
        assert figure["title"] == "Figure 1 · Curve (Toy Networks)"
        assert "The curve with" in figure["text"] and "Notice the bend" in figure["text"]

    def test_a_caption_is_found_once(self, docs):
        assert [place for place, one in docs.items() if "The curve with" in one["text"]] == [
            "architectures/toy/#figure-curve"
        ]

    def test_pages_and_sections_are_still_there(self, docs):
        assert docs["architectures/toy/"]["title"] == "Toy Networks"
        assert "tanh" not in docs["glossary/"]["text"]
        assert "architectures/toy/#inputs-and-outputs" in docs

    def test_a_page_comes_before_its_terms_and_figures(self, docs):
        order = list(docs)
        assert order.index("glossary/") < order.index("glossary/#gate")
        assert order.index("architectures/toy/") < order.index("architectures/toy/#figure-curve")

    @pytest.mark.parametrize(
        ("title", "short"),
        [("Generative Pretraining (GPT)", "GPT"), ("Attention", "Attention"), ("A (B) C", "A (B) C")],
    )
    def test_figures_name_their_page_briefly(self, title, short):
        assert short_title(title) == short


class TestMistakes:
    @pytest.mark.parametrize(
        ("old", "new", "line", "message", "advice"),
        [
            ("  level: advanced\n", "", "term: gate", "`level` is missing", "term, level and definition"),
            ("level: advanced", "level: expert", "level: expert", "`level` of `gate`", "beginner, intermediate"),
            ("aliases:", "alias:", "alias:", "unknown key `alias`", "did you mean `aliases`?"),
            ("aliases: [door]", "aliases: door", "aliases:", "`aliases` of `gate`", "[one, two]"),
            ("aliases: [door]", "aliases: [Hidden State]", "term: gate", "claims the form", "of `hidden state`"),
            ("term: gate", "term: Hidden-state", "term: Hidden", "in the glossary twice", "another name"),
            ("for itself at every step.", "for itself", "definition: >-\n    A number", "`definition`", "full stop"),
            ("A number bet", "Few.\n\n    A number bet", "definition: >-\n    Few", "`def", "one paragraph"),
            (TERMS.split(">-\n")[2].split("  number")[0], "    Short.\n", "definition: >-\n    Sh", "`def", "1 words"),
            ("number: It", "number: [It", "number: [It", "not YAML", "quote its text"),
        ],
    )
    def test_a_wrong_entry(self, toy, old, new, line, message, advice):
        assert TERMS.count(old) == 1
        path = toy.write("docs/glossary.yml", TERMS.replace(old, new))
        _, problems = read_glossary(path, toy.root)
        said = {problem.line: f"{problem.message} — {problem.advice}" for problem in problems}
        place = toy.line(line, "docs/glossary.yml")
        assert message in said[place] and advice in said[place]

    def test_a_file_that_is_no_list(self, toy):
        _, problems = read_glossary(toy.write("docs/glossary.yml", "term: gate\n"), toy.root)
        assert "not a list of terms" in str(problems[0])

    @pytest.mark.parametrize(
        ("path", "old", "new", "line", "message"),
        [
            (
                "docs/architectures/toy.md",
                "topics: [hidden state]",
                "topics: [hiden state]",
                "topics:",
                "the topic `hiden state` is not in the glossary — did you mean `hidden state`?, or add it to "
                "docs/glossary.yml",
            ),
            ("docs/glossary.yml", "[toy/curve]", "[toy/curves]", "shown:", "did you mean `toy/curve`?"),
            ("docs/glossary.yml", "page: toy", "page: toys", "page:", "did you mean `toy`?"),
            ("docs/glossary.yml", "@elman1990finding", "@elman1990", "definition: >-\n    The", "unknown citation"),
            ("docs/glossary.yml", "toy.loss.final", "toy.loss.fnal", "number:", "did you mean `final`?"),
            ("docs/glossary.yml", "formula: h_t", "formula: '\\frac{h_t'", "formula:", "KaTeX cannot read it"),
            ("docs/glossary.yml", "page: toy", "not_on: [indx.md]", "not_on:", "did you mean `index.md`?"),
        ],
        ids=["topic", "figure", "page", "citation", "value", "formula", "not-on"],
    )
    def test_the_build_stops(self, toy, path, old, new, line, message):
        with_glossary(toy).edit(old, new, path)
        run = toy.build()
        assert run.returncode != 0 and "Traceback" not in run.stderr
        place = f"{path}:{toy.line(line, path)}: "
        assert [said for said in run.stderr.splitlines() if place in said and message in said], run.stderr
        assert not (toy.root / "site/index.html").exists()

    def test_a_word_with_another_meaning_is_left_alone_on_that_page(self, toy):
        with_glossary(toy).edit("aliases: [door]", "aliases: [door]\n  not_on: [index.md]", "docs/glossary.yml")
        assert toy.build().returncode == 0
        assert [link.get_text() for link in soup(toy, "index.html").find_all(class_="atlas-term")] == ["hidden state"]
        used = soup(toy, "glossary/index.html").find(id="gate").details.get_text()
        assert "in 1 section of 1 page" in used
