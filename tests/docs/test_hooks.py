"""Each hook on its own, without MkDocs."""

import re

import pytest

from hooks import bundle, figures, values
from hooks.catalogue import find_cycle, read_catalogue, reading_order
from hooks.cells import classes_and_options, code_html
from hooks.citations import cite, read_bibliography
from hooks.controls import slider_text
from hooks.front_matter import PLANNED, WRITTEN, Architecture, architecture
from hooks.inline import inline_html, plain_text
from hooks.page_text import PageText, mask, read_page
from hooks.reading import Counts, count, count_words, facts
from hooks.regions import RegionError, read_region
from hooks.sections import SECTIONS, check_sections
from hooks.values import ValueMissingError


class TestPageText:
    def test_masking_keeps_length_and_lines(self):
        text = "a `b` $c$\n\n```python\nd\n```\n<!-- e\nf -->\n$$\ng\n$$\n`` h ` i ``"
        masked = mask(text)
        assert len(masked) == len(text) and masked.count("\n") == text.count("\n")
        assert re.sub(r"[\0\n ]", "", masked) == "a"

    @pytest.mark.parametrize("text", ["costs $5 and $6", r"costs \$5$", "a ` b", "1 < 2 $ 3"])
    def test_what_is_not_code_or_mathematics_stays(self, text):
        assert mask(text) == text

    def test_fences_may_be_indented_nested_and_hold_backticks(self):
        text = '??? question "Q"\n\n    ``` { .python .cell try="`a` {b}" }\n    x\n    ```\n\n'
        text += "````md\n```\ny\n```\n````\n"
        first, second = PageText("page.md", text).fences()
        assert (first.indent, first.info, first.content) == (
            "    ",
            '{ .python .cell try="`a` {b}" }',
            "    x\n",
        )
        assert (second.info, second.content) == ("md", "```\ny\n```\n")

    def test_lines_are_counted_from_the_top_of_the_file(self, tmp_path):
        file = tmp_path / "page.md"
        file.write_text("---\ntitle: T\n---\n\nfirst\nsecond\n", encoding="utf-8")
        front, page = read_page(file, tmp_path)
        assert front == "title: T\n"
        assert page.line(page.text.index("second")) == 6

    def test_replacing_leaves_code_alone(self):
        page = PageText("page.md", "x `x` ```x``` x")
        page.replace(re.compile("x"), lambda match, original: "y")
        assert page.text == "y `x` ```x``` y"

    def test_blocks_replace_their_paragraph(self):
        page = PageText("page.md", "")
        token = page.block("<b>\\1</b>")
        assert page.fill(f"<p>{token}</p> and <li>{token}</li>") == "<b>\\1</b> and <li><b>\\1</b></li>"


def entry(slug: str, year: int, *builds_on: str, planned: bool = True) -> Architecture:
    return Architecture(
        slug, slug, "S.", "advanced", year, "sequence", False, builds_on, (), (), "", "", planned, "f", {}
    )


class TestCatalogue:
    def test_reading_order_is_by_year_but_never_before_a_foundation(self):
        found = [entry("vit", 1989, "net"), entry("net", 2017, "rnn"), entry("rnn", 1990), entry("gan", 2014)]
        assert list(reading_order({one.slug: one for one in found})) == ["rnn", "gan", "net", "vit"]

    def test_among_equals_the_shorter_ancestry_then_the_alphabet(self):
        found = [entry("c", 2014, "b"), entry("d", 2014), entry("b", 2014)]
        assert list(reading_order({one.slug: one for one in found})) == ["b", "d", "c"]

    def test_cycles_are_found_and_diamonds_are_none(self):
        assert find_cycle({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) is None
        assert find_cycle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
        assert find_cycle({"a": ["a"]}) == ["a", "a"]

    def test_a_broken_page_is_not_also_an_unknown_slug(self, toy):
        toy.edit("year: 1990\n", "")
        _, problems = read_catalogue(
            toy.page.parent, toy.page.parent / "planned.yml", toy.root, toy.root / "snippets"
        )
        assert [problem.message for problem in problems] == ["`year` is missing"]

    @pytest.mark.parametrize("schema", [WRITTEN, PLANNED])
    def test_every_key_has_an_example_when_it_is_missing(self, schema):
        _, problems = architecture({}, {}, "page.md", planned=schema is PLANNED)
        assert [problem.message for problem in problems] == [f"`{key}` is missing" for key in schema]
        assert all(f"`{key}:" in problem.advice for key, problem in zip(schema, problems, strict=True))


class TestSections:
    def page(self, *titles: str) -> PageText:
        page = PageText(
            "page.md", "".join(f"## {title}\n\n```\n## not a heading\n```\n\n" for title in titles)
        )
        check_sections(page)
        return page

    def test_the_eight_in_order_are_fine(self):
        assert self.page(*SECTIONS).problems == []

    @pytest.mark.parametrize("missing", SECTIONS)
    def test_each_is_missed(self, missing):
        (problem,) = self.page(*(title for title in SECTIONS if title != missing)).problems
        assert problem.message == f"the section `## {missing}` is missing"


class TestRegions:
    def test_inner_marks_and_outer_blank_lines_are_left_out(self, tmp_path):
        file = tmp_path / "m.py"
        file.write_text(
            "# --8<-- [start:a]\n\nx = 1\n# --8<-- [start:b]\ny = 2\n# --8<-- [end:b]\n\n# --8<-- [end:a]\n"
        )
        assert read_region(tmp_path, "m.py", "a") == "x = 1\ny = 2"
        assert read_region(tmp_path, "m.py", "b") == "y = 2"
        assert read_region(tmp_path, "m.py", None) == "x = 1\ny = 2"

    def test_a_region_without_an_end(self, tmp_path):
        (tmp_path / "m.py").write_text("# --8<-- [start:a]\nx = 1\n")
        with pytest.raises(RegionError, match="does not begin once and then end once"):
            read_region(tmp_path, "m.py", "a")

    def test_nothing_outside_the_folder_is_read(self, tmp_path):
        (tmp_path / "secret.py").write_text("x = 1\n")
        (tmp_path / "snippets").mkdir()
        with pytest.raises(RegionError, match="is not a file of snippets/"):
            read_region(tmp_path / "snippets", "../secret.py", None)


class TestCells:
    def test_the_line_after_the_backticks(self):
        assert classes_and_options("python") == ({"python"}, {})
        assert classes_and_options('{ .python .cell try="Set `a` to {1}." }') == (
            {"python", "cell"},
            {"try": "Set `a` to {1}."},
        )

    @pytest.mark.parametrize(
        "code", ["x = 1", "\n\nx", "    indented\n\ttab  ", 's = """<b>&amp;"""  # ü', ""]
    )
    def test_highlighting_changes_no_character(self, code):
        from bs4 import BeautifulSoup

        assert BeautifulSoup(code_html(code), "html.parser").code.get_text() == code


class TestValues:
    @pytest.mark.parametrize(
        ("value", "how", "text"),
        [
            (1.23456, ".2f", "1.23"),
            (-0.5, ".1f", "−0.5"),
            (1234567, ",d", "1,234,567"),
            (4.0, "d", "4"),
            (0.123, ".1%", "12.3%"),
            ("a-b", None, "a-b"),
            (3, None, "3"),
        ],
    )
    def test_formats(self, value, how, text):
        assert values.shown(value, how, "key") == text

    def test_lists_are_reached_by_number(self):
        assert values.follow({"curve": [3.0, 2.0]}, ["curve", "-1"], "path") == 2.0
        with pytest.raises(ValueMissingError, match="there is no `2`"):
            values.follow({"curve": [3.0, 2.0]}, ["curve", "2"], "path")

    def test_code_and_formulas_are_not_filled(self):
        page = PageText("page.md", "`{{ a.b }}` ${{ a.b }}$ {{ a.b }}")
        values.fill_values(page, lambda path: 7)
        assert page.text == "`{{ a.b }}` ${{ a.b }}$ 7"


class TestCitations:
    @pytest.fixture
    def references(self, tmp_path):
        file = tmp_path / "references.bib"
        file.write_text(
            "@misc{a, author={Graves, Alex}, title={First {LSTM}}, year={2013}}\n"
            "@misc{b, author={Graves, Alex}, title={Second}, year={2013}, eprint={1308.0850}}\n"
            "@misc{c, author={{OpenAI}}, title={Report}, year={2023}, url={https://example.org/a_b}}\n"
            "@misc{d, author={Cho, K. and Bengio, Y.}, title={Pair}, year={2014}}\n"
            "@misc{e, author={Radford, Alec and others}, title={Many}, year={2018}}\n",
            encoding="utf-8",
        )
        found, problems = read_bibliography(file, tmp_path)
        assert problems == []
        return found

    def cited(self, text, references):
        page = PageText("page.md", text)
        cite(page, references)
        assert page.problems == []
        return re.sub(r"<[^>]+>", "", page.text)

    def test_names(self, references):
        assert self.cited("x [@c; @d].", references) == "x (OpenAI, 2023; Cho &amp; Bengio, 2014)."
        assert self.cited("[@e]", references) == "(Radford et al., 2018)"

    def test_letters_tell_works_of_one_year_apart(self, references):
        assert self.cited("[@b] [@a]", references) == "(Graves, 2013b) (Graves, 2013a)"
        assert self.cited("[@b]", references) == "(Graves, 2013)"

    def test_links_and_braces_of_a_title(self, references):
        assert "First LSTM" in references["a"].html
        assert 'href="https://arxiv.org/abs/1308.0850"' in references["b"].html
        assert 'href="https://example.org/a_b"' in references["c"].html

    def test_a_citation_may_break_its_line_and_keeps_the_count_of_lines(self, references):
        assert self.cited("x [@c;\n@d] y\nz", references) == "x (OpenAI, 2023; Cho &amp; Bengio, 2014)\n y\nz"

    def test_a_colon_may_follow(self, references):
        assert self.cited("as in [@c]: so", references) == "as in (OpenAI, 2023): so"

    @pytest.mark.parametrize("text", ["`[@a]`", "[@a](https://example.org)", "[@a]: https://e.org", "me@example.org"])
    def test_what_only_looks_like_one(self, references, text):
        assert self.cited(text, references) == text


class TestReading:
    def test_words(self):
        text = (
            "## Two words\n\nOne `two` three-four $x_t$ isn't {{ rnn.loss }} [link text](page.md) [@key].\n\n"
            '```python\nnot counted\n```\n\n![a caption](figure:rnn/x)\n\n??? question "Three more words"\n'
        )
        assert count_words(text) == 2 + 8 + 2 + 3

    def test_counts(self):
        text = "![](figure:a/b)\n`![](figure:a/c)`\n![](diagram:a/d)\n"
        text += '``` { .python .cell }\n--8<-- "a.py:x"\n```\n'
        counted = count(PageText("page.md", text))
        assert (counted.figures, counted.diagrams, counted.cells) == (1, 1, 1)

    def test_minutes(self):
        assert Counts(words=0, figures=0, diagrams=0, cells=0).minutes == 1
        assert Counts(words=2990, figures=5, diagrams=1, cells=3).minutes == 15
        assert facts(Counts(2990, 1, 1, 0)) == ["14 min", "1 figure", "0 cells"]


class TestAddresses:
    @pytest.mark.parametrize(
        ("start", "target", "address"),
        [
            ("", "architectures/rnn/", "architectures/rnn/"),
            ("architectures/", "architectures/rnn/", "rnn/"),
            ("architectures/rnn/", "architectures/gpt/", "../gpt/"),
            ("architectures/rnn/", "", "../../"),
        ],
    )
    def test_relative(self, start, target, address):
        assert figures.relative(start, target) == address


class TestBundle:
    SCRIPT = (
        '"use strict";i=[fi(new URL(n.textContent),t)];En(new URL("sitemap.xml",e));load("https://unpkg.com/mermaid@11/x.js")'
        ';ze(new URL("search/search_index.json",Or.base))'
        ';L($(location.protocol!=="file:"),Je("search")).pipe(Re(o=>o),b(()=>t))'
        ';z([t,r.pipe(Q(we()),g(o=>!!o.searchParams.get("h")))]).pipe(m(([o,n])=>o))'
    )

    def test_the_list_of_pages_is_read_relative_to_the_sites_start(self):
        adapted = bundle.adapt(self.SCRIPT)
        assert (
            adapted.partition(" */")[2]
            == '"use strict";const atlasAssets=new URL("../",document.currentScript.src);'
            'i=[new URL(n.textContent,t)];En(new URL("pages.xml",atlasAssets));load("about:blank")'
            ';ze(new URL("search_index.json",atlasAssets))'
            ';L($(!1),Je("search")).pipe(Re(o=>o),b(()=>t))'
            ';r.pipe(Q(we()),g(o=>!!o.searchParams.get("h"))).pipe(b(h=>t.pipe(m(i=>[i,h])))).pipe(m(([o,n])=>o))'
        )

    def test_a_script_is_adapted_once(self):
        adapted = bundle.adapt(self.SCRIPT)
        assert bundle.adapt(adapted) == adapted

    def test_another_script_is_refused(self):
        with pytest.raises(bundle.BundleError, match=r"adapt hooks/bundle\.py"):
            bundle.adapt("nothing to see")


class TestInline:
    def test_markdown_of_a_line(self):
        assert inline_html("a `b` *c* & $d$") == (
            'a <code>b</code> <em>c</em> &amp; <span class="arithmatex">\\(d\\)</span>'
        )

    def test_plain_text_for_attributes(self):
        assert plain_text('a `b` [c](d) <a href="x">e</a> $f$ "g"') == "a b c e f &quot;g&quot;"

    def test_a_sliders_text(self):
        assert slider_text({"unit": "steps"}, 3) == "3 steps"
        assert slider_text({}, -0.25) == "−0.25"
