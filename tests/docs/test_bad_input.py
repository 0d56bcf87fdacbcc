"""An author's mistakes stop the build, which says where each is and what to do about it."""

import json

import pytest

PAGE = "docs/architectures/toy.md"
CELL = '--8<-- "toy/model.py:double"'


def complaint(toy, text: str, path: str = PAGE) -> str:
    """Build, expect a failure, and return the complaint about the line of `path` on which `text` stands."""
    run = toy.build()
    assert run.returncode != 0, "the build went through"
    assert "Traceback" not in run.stderr
    place = f"{path}:{toy.line(text, path)}: "
    found = [line for line in run.stderr.splitlines() if place in line]
    assert found, f"no complaint at {place}\n{run.stderr}"
    assert not (toy.root / "site/index.html").exists(), "something was written all the same"
    return found[0].partition(place)[2]


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "advice"),
    [
        ("title: Toy Networks\n", "", "slug: toy", "`title` is missing", "`title: Attention`"),
        ("checked: 2026-01\n", "", "title:", "`checked` is missing", "`checked: 2026-01`"),
        ("slug: toy", "slug: tpy", "slug: tpy", "is not the file's name", "write `slug: toy`"),
        (
            "level: beginner",
            "level: easy",
            "level: easy",
            "`level: easy` cannot be used",
            "beginner, intermediate",
        ),
        (
            "year: 1990",
            "year: '1990'",
            "year:",
            "`year: 1990` cannot be used",
            "the year of the founding paper",
        ),
        (
            "family: sequence",
            "family: sequences",
            "family:",
            "cannot be used",
            "write one of sequence, transformer",
        ),
        ("core: true", "core: maybe", "core:", "`core: maybe` cannot be used", "true or false"),
        ("builds_on: []", "builds_on: rnn", "builds_on:", "cannot be used", "[one, two]"),
        (
            "builds_on: []",
            "builds_on: [atention]",
            "builds_on:",
            "`builds_on` names `atention`",
            "did you mean `attention`?",
        ),
        (
            "builds_on: []",
            "builds_on: [attention]",
            "builds_on:",
            "goes round: attention → toy → attention",
            "remove the step",
        ),
        ("a fixture.", "a fixture", "summary:", "cannot be used", "ending in a full stop"),
        ("checked: 2026-01", "checked: January", "checked:", "cannot be used", "as YYYY-MM"),
        ("checked: 2026-01", "checked: 2999-01", "checked:", "cannot be used", "a month that has begun"),
        ("topics:", "topcis:", "topcis:", "unknown key `topcis`", "did you mean `topics`?"),
        ("data/words.txt", "data/wrods.txt", "data:", "`data` names `data/wrods.txt`", "inside snippets/"),
        ("year: 1990", "year: [1990", "family:", "the front matter is not YAML", "quote its text"),
    ],
)
def test_wrong_front_matter(toy, old, new, line, message, advice):
    toy.edit(old, new)
    if "goes round" in message:
        said = complaint(toy, "builds_on:", "docs/architectures/planned.yml")
    else:
        said = complaint(toy, line)
    assert message in said
    assert advice in said.partition(" — ")[2]


def test_a_page_without_front_matter(toy):
    toy.page.write_text("# Toy\n", encoding="utf-8")
    said = complaint(toy, "# Toy")
    assert "no front matter" in said and "begin it with ---" in said


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "advice"),
    [
        (
            "![](figure:toy/curve)",
            "![](figure:toy/cruve)",
            "toy/cruve",
            "unknown figure `toy/cruve`",
            "did you mean `toy/curve`?; if it is new in snippets/toy/figures.py, run `make figures`",
        ),
        (
            "![](diagram:toy/whiteboard)",
            "![](diagram:toy/board)",
            "toy/board",
            "unknown diagram `toy/board`",
            "make figures",
        ),
        (
            "Others.",
            "See ![](figure:toy/curve) here.",
            "See !",
            "shares its line with text",
            "alone on a line",
        ),
        (
            "see [](figure:toy/curve) and",
            "see [](figure:toy/curves) and",
            "toy/curves",
            "on no page",
            "did you mean `toy/curve`?",
        ),
        (
            "(architecture:attention)",
            "(architecture:atention)",
            "atention",
            "unknown architecture `atention`",
            "did you mean `attention`?",
        ),
        (
            CELL,
            CELL.replace("double", "duoble"),
            "duoble",
            "`toy/model.py` has no region `duoble`",
            "it has: config, double, half",
        ),
        (
            CELL,
            CELL.replace("model.py", "modle.py"),
            "modle",
            "`toy/modle.py` is not a file of snippets/",
            "toy/model.py",
        ),
        (
            CELL,
            CELL.replace("double", "half"),
            '"toy/model.py:half"',
            "not whole top-level code",
            "drop `.cell`",
        ),
        (CELL, "print(1)", "``` { .python .cell", "a cell has no code", 'write --8<-- "rnn/model.py:step"'),
        (CELL, f"{CELL}\nprint(1)", CELL, "shares its block", "a block of its own"),
        (
            CELL,
            CELL.replace(":double", ""),
            '--8<-- "toy/model.py"',
            "names no region",
            "--8<-- [start:step]",
        ),
        (
            "Others.",
            "```python\nprint(1)\n```",
            "```python",
            "Python is typed into the page",
            "move it to snippets/",
        ),
        (
            "[@elman1990finding]",
            "[@elman1990fnding]",
            "elman1990fnding",
            "unknown citation `@elman1990fnding`",
            "did you mean `elman1990finding`?",
        ),
        ("[@elman1990finding]", "[@elman1990finding and more]", "and more", "cannot be read", "write [@key]"),
        ("toy.loss.final", "toy.loss.fnal", "fnal", "there is no `fnal`", "did you mean `final`?"),
        ("toy.loss.final", "rnn.loss", "rnn.loss", "`rnn` has no results.json", "make train SLUG=rnn"),
        ("toy.loss.final", "toy.loss", "toy.loss |", "is not one number or text", "final, curve"),
        ("| .2f", "| .2q", ".2q", "no such format for a number", "write .3f"),
        ("{{ toy.loss.final | .2f }}", "{{ loss }}", "{{ loss }}", "cannot be read", "{{ rnn.key | .3f }}"),
        (
            "W x_t",
            "W \\x_t",
            "h_t = ",
            "KaTeX cannot read it: Undefined control sequence: \\x",
            "mend the formula",
        ),
        ("$x_t$", "$x_{t$", "$x_{t$", "KaTeX cannot read it", "mend the formula"),
        (
            "## Training objective",
            "## Training",
            "## Training",
            "unknown section `## Training`",
            "use ### inside one of the eight",
        ),
        (
            "## Training objective\n",
            "",
            "## Variants",
            "the section `## Training objective` is missing",
            "add it before `## Variants and refinements`",
        ),
        (
            "## Real-world deployments",
            "## Training objective",
            "## Training objective\n\nNone.",
            "is there twice",
            "join the two",
        ),
    ],
)
def test_wrong_page(toy, old, new, line, message, advice):
    text = toy.page.read_text(encoding="utf-8")
    toy.page.write_text(text.replace(old, new, 1), encoding="utf-8")
    said = complaint(toy, line)
    assert message in said
    assert advice in said.partition(" — ")[2]


def last(toy, text: str, path: str = PAGE) -> int:
    content = (toy.root / path).read_text(encoding="utf-8")
    return 1 + content.count("\n", 0, content.rindex(text))


def said_at(toy, line: int, path: str = PAGE) -> str:
    run = toy.build()
    assert run.returncode != 0
    place = f"{path}:{line}: "
    return next(said.partition(place)[2] for said in run.stderr.splitlines() if place in said)


def test_a_figure_twice_on_its_page(toy):
    toy.edit("Others.", "Others.\n\n![](figure:toy/curve)")
    said = said_at(toy, last(toy, "![](figure:toy/curve)"))
    assert "`toy/curve` is already on this page" in said and "link to it: [](figure:toy/curve)" in said


def test_a_figure_on_two_pages(toy):
    toy.write("docs/index.md", "# Home\n\n![](figure:toy/curve)\n")
    run = toy.build()
    assert run.returncode != 0
    assert (
        "docs/index.md:3: the figure `toy/curve` is already on docs/architectures/toy.md — keep one"
        in run.stderr
    )


def test_a_figure_never_shown(toy):
    record = json.loads((toy.root / "docs/assets/generated/figures/toy/curve.json").read_text())
    toy.write("docs/assets/generated/figures/toy/spare.json", record | {"id": "toy/spare", "name": "spare"})
    said = said_at(toy, 1)
    assert "the figure `toy/spare` is built and never shown" in said
    assert "place ![](figure:toy/spare) on the page, or remove `spare` from snippets/toy/figures.py" in said


def test_a_diagram_twice_on_its_page(toy):
    toy.edit("Others.", "Others.\n\n![](diagram:toy/whiteboard)")
    said = said_at(toy, last(toy, "![](diagram:toy/whiteboard)"))
    assert "`toy/whiteboard` is already on this page" in said and "keep one" in said


def test_a_diagram_never_shown(toy):
    toy.edit("![](diagram:toy/whiteboard)\n", "")
    assert "the diagram `toy/whiteboard` is built and never shown" in said_at(toy, 1)


def test_a_box_that_points_to_a_figure_nobody_sees(toy):
    file = "docs/assets/generated/diagrams/toy/whiteboard.json"
    toy.edit('"toy/curve"', '"toy/gone"', file)
    said = complaint(toy, "![](diagram:toy/whiteboard)")
    assert "the box `cell` of `toy/whiteboard` points to the figure `toy/gone`" in said


def test_a_cell_twice(toy):
    toy.edit("Others.", f"``` {{ .python .cell }}\n{CELL}\n```")
    assert "the cell `toy.model:double` is already on this page" in said_at(toy, last(toy, CELL))


def test_the_last_section_missing(toy):
    toy.edit("## Related architectures\n\nOthers.\n", "")
    run = toy.build()
    assert run.returncode != 0
    assert "the section `## Related architectures` is missing — add it at the end" in run.stderr


def test_sections_out_of_order(toy):
    text = toy.page.read_text(encoding="utf-8")
    text = text.replace("## Training objective", "## X").replace(
        "## Inputs and outputs", "## Training objective"
    )
    toy.page.write_text(text.replace("## X", "## Inputs and outputs"), encoding="utf-8")
    said = complaint(toy, "## Inputs and outputs")
    assert "comes too late" in said and "move it before `## Training objective`" in said


def test_a_broken_bibliography(toy):
    toy.edit("author = {Elman, Jeffrey L.},\n", "", "docs/references.bib")
    said = complaint(toy, "@article{elman1990finding", "docs/references.bib")
    assert "`elman1990finding` has no author" in said and "add `author = {…}`" in said


def test_bibtex_that_cannot_be_read(toy):
    toy.edit("journal = {Cognitive Science},", "journal = {Cognitive Science}", "docs/references.bib")
    run = toy.build()
    assert run.returncode != 0
    assert "docs/references.bib:5: this is not BibTeX" in run.stderr


def test_planned_and_written(toy):
    toy.edit("slug: attention", "slug: toy", "docs/architectures/planned.yml")
    toy.edit("builds_on: [toy]", "builds_on: []", "docs/architectures/planned.yml")
    toy.edit("(architecture:attention)", "(architecture:toy)")
    said = complaint(toy, "slug: toy", "docs/architectures/planned.yml")
    assert "`toy` is planned here and already in docs/architectures/toy.md" in said and "remove it" in said


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "  paper: Bahdanau, Cho and Bengio, Neural Machine Translation\n",
            "",
            "- slug: attention",
            "`paper` is missing",
        ),
        ("year: 2014", "year: soon", "year: soon", "`year: soon` cannot be used"),
        ("core: true", "core: true\n  topics: [x]", "topics:", "unknown key `topics`"),
    ],
)
def test_a_wrong_plan(toy, old, new, line, message):
    toy.edit(old, new, "docs/architectures/planned.yml")
    assert message in complaint(toy, line, "docs/architectures/planned.yml")


def test_all_problems_are_told_at_once(toy):
    toy.edit("![](diagram:toy/whiteboard)", "![](diagram:toy/board)")
    toy.edit("{{ toy.loss.final | .2f }}", "{{ toy.gone }}")
    toy.edit("$x_t$", "$\\nothing$")
    run = toy.build()
    assert [part in run.stderr for part in ("toy/board", "no `gone`", "\\nothing")] == [True] * 3
    assert "4 problems in the pages; nothing was built." in run.stdout + run.stderr
    lines = [
        int(line.split("toy.md:")[1].split(":")[0]) for line in run.stderr.splitlines() if "toy.md:" in line
    ]
    assert lines == sorted(lines)


def test_katex_not_installed(toy):
    toy.edit(str(toy.settings["extra"]["atlas"]["katex"]), "nowhere/katex", "mkdocs.yml")
    run = toy.build()
    assert run.returncode != 0
    assert "KaTeX could not run" in run.stderr and "run `npm ci`" in run.stderr
