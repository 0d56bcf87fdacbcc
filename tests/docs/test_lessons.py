"""Lessons: run at build time, shown as pages of the atlas, the same in the reader's Python."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from hooks.lessons import read_lessons
from tools.page_code import lessons, page_text

PROJECT = Path(__file__).resolve().parents[2]
PATH = "docs/lessons/07-toys.py"
LESSON = """\
# ---
# summary: Toys.
# level: beginner
# family: transformer
# ---

# %% [markdown]
# # Toy lesson
#
# Prose with $x^2$ and a citation [@elman1990finding].

# %% try="Write another number."
print("hello")
40 + 2

# %% [markdown]
# ## More
#
# See [](figure:toy/curve).

# %%
from snippets.kit import bars, show

show(bars([1, 2], ["a", "b"], x_title="x", y_title="y"), "Two bars")
"""


@pytest.fixture
def taught(toy):
    """The small site with a lesson in it."""
    settings = toy.settings
    settings["nav"].append({"Lessons": ["lessons/index.md"]})
    toy.write("mkdocs.yml", yaml.safe_dump(settings))
    toy.write("docs/lessons/index.md", "# Lessons\n\n![](index:lessons)\n")
    toy.write("docs/lessons/planned.yml", "- number: 3\n  title: Toys < games\n- number: 9\n  title: More\n")
    toy.write(PATH, LESSON)
    (toy.root / "snippets" / "kit").symlink_to(PROJECT / "snippets" / "kit")
    return toy


def test_a_lesson_is_run_and_becomes_a_page(taught):
    run = taught.build()
    assert run.returncode == 0, run.stderr
    page = BeautifulSoup(taught.html("lessons/07-toys/index.html"), "html.parser")
    article = page.article
    assert "data-lesson" in article.attrs
    assert article.h1.get_text().startswith("Toy lesson")
    assert article.select_one(".katex"), "formulas are rendered when the site is built"
    assert "Elman" in article.select_one("#references + *").get_text()
    first, second = article.select("[data-cell]")
    assert first["data-cell"] == "lesson_07.notebook:cell-1"
    assert first.code.get_text() == 'print("hello")\n40 + 2'
    assert [pre.get_text() for pre in first.select("[data-output] pre")] == ["hello", "42"]
    assert "another number" in first.select_one(".atlas-cell__try").get_text()
    shown = json.loads(second.select_one("[data-shown]")["data-shown"])
    assert shown["caption"] == "Two bars"
    assert shown["figure"]["data"][0]["type"] == "bar"
    assert not page.select(".jupyter-wrapper, .jp-Cell, script[src*='//']"), "nothing of the plugin's own page is left"
    contents = [link.get_text(strip=True) for link in page.select(".md-nav--secondary .md-nav__link")]
    assert contents[:2] == ["More", "References"]
    link = article.select_one(".atlas-facts a[download]")["href"]
    notebook = nbformat.read(taught.root / "site/lessons/07-toys" / link, as_version=4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "markdown", "code"]
    cards = BeautifulSoup(taught.html("lessons/index.html"), "html.parser").select(".atlas-card")
    titles = [card.select_one(".atlas-card__title") for card in cards]
    assert [title.get_text() for title in titles] == ["03 · Toys < games", "07 · Toy lesson", "09 · More"]
    assert [title.get("href") for title in titles] == [None, "07-toys/", None]
    assert [card.has_attr("data-planned") for card in cards] == [True, False, True]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("# summary: Toys.\n", "", "`summary`"),
        ("# # Toy lesson", "# Toy lesson", "title"),
        ("# ---\n\n", "# ---\nx = 1\n\n", "before the first"),
        ("# See [](figure", "See [](figure", "prose stands in comments"),
    ],
)
def test_what_is_wrong_with_a_lesson_is_said(tmp_path, old, new, complaint):
    path = tmp_path / "docs/lessons/07-toys.py"
    path.parent.mkdir(parents=True)
    assert old in LESSON
    path.write_text(LESSON.replace(old, new, 1), encoding="utf-8")
    found, problems = read_lessons(path.parent, tmp_path)
    assert not found
    assert complaint in str(problems[0])
    assert str(problems[0]).startswith("docs/lessons/07-toys.py")


@pytest.mark.parametrize(
    ("old", "new", "complaint", "line"),
    [
        ("[@elman1990finding]", "[@elman1890]", "elman1890", 10),
        ("figure:toy/curve", "figure:toy/curb", "toy/curb", 19),
    ],
)
def test_a_problem_in_prose_names_the_line_of_the_file(taught, old, new, complaint, line):
    taught.edit(old, new, PATH)
    run = taught.build()
    assert run.returncode != 0
    assert f"{PATH}:{line}:" in run.stderr
    assert complaint in run.stderr
    assert not (taught.root / "site/lessons/07-toys/index.html").exists()


def test_a_cell_that_fails_stops_the_build(taught):
    taught.edit("40 + 2", "1 / 0", PATH)
    run = taught.build()
    assert run.returncode != 0
    assert "ZeroDivisionError" in run.stderr


RUN = """
import ast, json, sys
from snippets.kit import percent
if sys.argv[1] == "numpy_torch":
    import snippets.numpy_torch
    snippets.numpy_torch.install()
namespace, found = {}, []
for part in percent.parts(sys.stdin.read()):
    if part.kind != "code":
        continue
    tree = ast.parse(part.text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, f"cell {part.number}", "exec"), namespace)
    value = eval(compile(ast.Expression(last.value), "last", "eval"), namespace) if last else None
    found.append(repr(value))
print(json.dumps(found))
"""


@pytest.mark.parametrize("slug", sorted(lessons()))
def test_every_cell_says_the_same_under_numpy_torch(slug):
    said = {
        backend: json.loads(
            subprocess.run(
                [sys.executable, "-c", RUN, backend],
                cwd=PROJECT,
                env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT)},
                input=page_text(slug),
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            ).stdout
        )
        for backend in ("torch", "numpy_torch")
    }
    assert said["numpy_torch"] == said["torch"]
