"""Lessons: Python files in the percent format that mkdocs-jupyter runs, shown as pages of the atlas.

The notebook plugin runs every cell and hands over HTML of its own. Only what the cells printed and returned is taken
from it; prose, formulas, citations and code become what they are on every other page.
"""

import json
import os
import re
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path

import jupytext
import yaml
from bs4 import BeautifulSoup, Tag

from hooks.cells import cell_html
from hooks.kept import kept
from hooks.page_text import PageText, Problem
from hooks.reading import WORDS_A_MINUTE, count_words, plural
from snippets.kit import percent

FOLDER = "lessons"
SECONDS_A_CELL = 45  # to read a lesson's cell and run it
_KEYS = {"summary": str, "level": str, "family": str}


@dataclass(frozen=True)
class Lesson:
    """One lesson as it is written.

    Attributes:
        number: its place in the course, from its file's name.
        title: its first heading.
        front: its front matter.
        parts: its cells.
        page: its text as Markdown, line for line; each code cell is a token that stands for the block of that number.
        url: its address relative to the site's root.
    """

    number: int
    title: str
    front: dict
    parts: list[percent.Part]
    page: PageText
    path: Path

    @property
    def slug(self) -> str:
        """What the browser calls it: ``lesson-02``."""
        return f"lesson-{self.number:02d}"

    @property
    def code(self) -> list[percent.Part]:
        """Its cells of code."""
        return [part for part in self.parts if part.kind == "code"]

    @property
    def minutes(self) -> int:
        """Minutes to read it and run its cells."""
        words = count_words("\n\n".join(part.text for part in self.parts if part.kind == "markdown"))
        return max(1, round(words / WORDS_A_MINUTE + len(self.code) * SECONDS_A_CELL / 60))

    @property
    def notebook(self) -> str:
        """The name of the file that a reader can download."""
        return f"{self.path.stem}.ipynb"


def read_lessons(folder: Path, root: Path) -> tuple[dict[str, Lesson], list[Problem]]:
    """Read the lessons of a folder, by their path relative to the documents, and what is wrong with them."""
    lessons, problems = {}, []
    for path in sorted(folder.glob("*.py")):
        file = path.relative_to(root).as_posix()
        try:
            lessons[f"{FOLDER}/{path.name}"] = _read(path, file)
        except (ValueError, yaml.YAMLError) as error:
            advice = "see CONTRIBUTING.md, “Add a lesson”"
            problems.append(Problem(file, 1, " ".join(str(error).split()), advice))
    return lessons, problems


def _read(path: Path, file: str) -> Lesson:
    if not re.fullmatch(r"\d\d-[a-z0-9-]+\.py", path.name):
        raise ValueError(f"a lesson's file is named like 02-self-attention.py, not {path.name}")
    source = path.read_text(encoding="utf-8")
    parts = percent.parts(source)
    front = yaml.safe_load(parts[0].text) if parts and parts[0].kind == "front" else None
    for key, kind in _KEYS.items():
        if not isinstance(front, dict) or not isinstance(front.get(key), kind) or not front[key]:
            raise ValueError(f"the front matter (between `# ---` and `# ---`) needs `{key}`, a text")
    title = next((part.text.lstrip() for part in parts if part.kind == "markdown"), "")
    if not title.startswith("# "):
        raise ValueError("the first cell must be `# %% [markdown]` and begin with the title, `# # …`")
    lines = [""] * len(source.splitlines())
    for part in parts:
        if part.kind == "markdown":
            lines[part.line - 1 : part.line - 1 + part.text.count("\n") + 1] = part.text.split("\n")
        elif part.kind == "code":
            lines[part.line - 1] = f"ATLASBLOCK{part.number - 1:04d}"
    page = PageText(file, "\n".join(lines) + "\n", 1, f"{FOLDER}/{path.stem}/")
    page.blocks += [""] * sum(part.kind == "code" for part in parts)
    return Lesson(int(path.name[:2]), title.splitlines()[0].removeprefix("# ").strip(), front, parts, page, path)


def prepare(root: Path, snippets: Path, cache: Path) -> Path:
    """Let the cells import `snippets`, on one thread, and return where their results are kept.

    The plugin keeps results by a lesson's own text; here the code that a lesson imports counts as well. The kernel
    gets settings of its own, so that nobody's personal ones change what the site shows.
    """
    settings = cache / "ipython" / "profile_default"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "ipython_kernel_config.py").write_text("get_config().Application.log_level = 40  # errors only\n")
    os.environ["IPYTHONDIR"] = str(settings.parent)
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    digest = sha256()
    for path in sorted(snippets.rglob("*")):
        if path.suffix in (".py", ".json", ".safetensors", ".txt") and "numpy_torch" not in path.parts:
            digest.update(path.relative_to(snippets).as_posix().encode() + path.read_bytes())
    return cache / "lessons" / digest.hexdigest()[:16]


@kept
def outputs(notebook_html: str) -> list[str]:
    """Return, for each code cell of the plugin's HTML, what it printed and returned, as HTML of this site."""
    soup = BeautifulSoup(notebook_html, "html.parser")
    cells = [cell for cell in soup.select(".jp-CodeCell") if not cell.select(".jp-CodeCell")]
    return ["".join(map(_output, cell.select(".jp-OutputArea-output"))) for cell in cells]


def _output(output: Tag) -> str:
    shown = output.select_one("[data-shown]")
    if shown:
        return _shown_html(shown["data-shown"])
    kind = "result" if "jp-OutputArea-executeResult" in output["class"] else "stream"
    return f'<pre class="atlas-output__{kind}" tabindex="0">{escape(output.get_text().strip(chr(10)))}</pre>'


def _shown_html(content: str) -> str:
    shown = json.loads(content)
    caption, height = escape(shown["caption"]), int(shown["figure"]["layout"].get("height") or 320)
    return (
        f'<figure class="atlas-output__plot" data-shown="{escape(content)}">'
        f'<div class="atlas-output__canvas" role="img" aria-label="{caption}" style="height:{height}px"></div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def fill_cells(lesson: Lesson, found: list[str]) -> None:
    """Put each code cell, with what its run left, where the lesson's text has its token.

    Raises:
        ValueError: the plugin ran another number of cells than the lesson has.
    """
    if len(found) != len(lesson.code):
        raise ValueError(f"{lesson.page.file} has {len(lesson.code)} cells of code, and {len(found)} were run")
    module = f"{lesson.slug.replace('-', '_')}.notebook"
    for part, output in zip(lesson.code, found, strict=True):
        name = f"cell-{part.number}"
        prompt = part.options.get("try", "")
        lesson.page.blocks[part.number - 1] = cell_html(
            f"{module}:{name}", f"cell {part.number}", part.text, prompt, output
        )


def header_html(lesson: Lesson) -> str:
    """Return what stands under a lesson's title, and a word for readers without JavaScript."""
    parts = [
        lesson.front["level"].capitalize(),
        plural(lesson.minutes, "minute"),
        plural(len(lesson.code), "cell"),
        f'<a href="{lesson.notebook}" download>Download the notebook</a>',
    ]
    items = "".join(f"<span>{part}</span>" for part in parts)
    return (
        f'<p class="atlas-standfirst" data-search-exclude="true">{escape(lesson.front["summary"])}</p>'
        f'<p class="atlas-facts" data-search-exclude="true">{items}</p>'
        '<noscript data-search-exclude="true"><p class="atlas-noscript">Running code and drawing figures need '
        "JavaScript. Text, code and what the code printed are here without it.</p></noscript>"
    )


def page_data(lesson: Lesson) -> dict:
    """Return what the page's scripts need to know of a lesson."""
    return {"slug": lesson.slug, "title": lesson.title, "family": lesson.front["family"], "figures": [], "lesson": True}


def index_html(lessons: dict[str, Lesson], planned: dict[int, str]) -> str:
    """Return the list of lessons, with those that are planned, in their order."""
    cards = {
        lesson.number: f'<li class="atlas-card" data-family="{lesson.front["family"]}">'
        f'<a class="atlas-card__title" href="{lesson.path.stem}/">{lesson.number:02d} · {escape(lesson.title)}</a>'
        f'<p class="atlas-card__facts">{lesson.front["level"].capitalize()} · {lesson.minutes} min · '
        f"{plural(len(lesson.code), 'cell')}</p>"
        f'<p class="atlas-card__summary">{escape(lesson.front["summary"])}</p></li>'
        for lesson in lessons.values()
    }
    cards |= {
        number: f'<li class="atlas-card" data-planned><span class="atlas-card__title">{number:02d} · {escape(title)}'
        '</span><p class="atlas-card__facts">planned</p></li>'
        for number, title in planned.items()
    }
    return f'<ul class="atlas-cards">{"".join(cards[number] for number in sorted(cards))}</ul>'


def write_notebook(lesson: Lesson, folder: Path) -> None:
    """Write the lesson as a Jupyter notebook, without results, for readers who run it at home."""
    notebook = jupytext.read(lesson.path)
    if notebook.cells and notebook.cells[0].cell_type == "raw":  # the front matter
        del notebook.cells[0]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    jupytext.write(notebook, folder / lesson.notebook)
