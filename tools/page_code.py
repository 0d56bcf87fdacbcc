"""Which files a page's Python needs: its modules, what they import, its weights, results and data.

A page is an architecture's, a lesson's, or one beside them that has a folder of its own in `snippets`. The slug of a
lesson is ``lesson-02``; its file in `docs/lessons/` is, in the reader's browser, the module ``lesson_02.notebook``,
beside what `snippets/lesson_02/` holds.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from snippets.kit import percent, sources
from tools.files import ROOT, AssetError

SNIPPETS = ROOT / "snippets"
DOCS = ROOT / "docs"
PAGES = DOCS / "architectures"
LESSONS = ROOT / "docs" / "lessons"
NOTEBOOK = "notebook"
OWN_FILES = ("weights.safetensors", "results.json")
_CELL = re.compile(
    r'^[ \t]*(`{3,}|~{3,})[ \t]*\{[^}\n]*\.cell\b[^}\n]*\}[ \t]*\n[ \t]*--8<--[ \t]+"(?P<path>[^":\n]+)\.py(:|")',
    re.MULTILINE,
)


def slugs() -> list[str]:
    """Pages with code of their own: the folders of `snippets` that hold figures or a model, and the lessons."""
    architectures = (
        folder.name.replace("_", "-")
        for folder in SNIPPETS.iterdir()
        if folder.name not in sources.APART and any((folder / name).is_file() for name in ("figures.py", "model.py"))
    )
    return sorted([*architectures, *lessons()])


def lessons() -> dict[str, Path]:
    """The lessons' files by slug: ``lesson-02`` is `docs/lessons/02-….py`."""
    return {f"lesson-{path.name[:2]}": path for path in sorted(LESSONS.glob("[0-9][0-9]-*.py"))}


def page_file(slug: str) -> Path:
    """The file that a page is written in: an architecture's, a lesson's, or that of a page beside them."""
    return lessons().get(slug) or next(
        (path for folder in (PAGES, DOCS) if (path := folder / f"{slug}.md").is_file()), PAGES / f"{slug}.md"
    )


def page_text(slug: str) -> str:
    """The page as it is written; empty when it has not been written yet."""
    path = page_file(slug)
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def cell_modules(text: str) -> list[str]:
    """Modules that a page's runnable cells come from: ``rnn.model``."""
    return sorted({match["path"].replace("/", ".") for match in _CELL.finditer(text)})


def modules(slug: str) -> list[str]:
    """Every page module that the browser may import on this page, by name."""
    folder = slug.replace("-", "_")
    if slug in lessons():
        first = sources.imported_by(lessons()[slug], f"{folder}.{NOTEBOOK}")
        first = [name for name in first if name.split(".")[0] not in sources.APART]
    else:
        first = [f"{folder}.model", f"{folder}.figures", *cell_modules(page_text(slug))]
    return sorted({used for name in first if sources.module_file(name) for used in sources.uses(name)})


def source_files(slug: str) -> list[Path]:
    """The files of those modules, and the `__init__.py` files of their packages."""
    files = set()
    for name in modules(slug):
        path = sources.module_file(name)
        if path is None:
            continue
        files.add(path)
        for package in path.parents:
            if package == SNIPPETS:
                break
            if (package / "__init__.py").is_file():
                files.add(package / "__init__.py")
    return sorted(files)


def data_files(slug: str) -> list[Path]:
    """Weights, results, and the files that the page's front matter lists under `data`.

    Raises AssetError naming page and key when the front matter cannot be read or lists a file that is not there.
    """
    found = [path for name in OWN_FILES if (path := SNIPPETS / slug.replace("-", "_") / name).is_file()]
    listed = _front_matter(slug).get("data") or []
    if not isinstance(listed, list):
        raise AssetError(f"page “{slug}”: `data` in its front matter must be a list of files under snippets/")
    for name in listed:
        path = (SNIPPETS / str(name)).resolve()
        if not path.is_relative_to(SNIPPETS.resolve()) or not path.is_file():
            raise AssetError(f"page “{slug}”: `data` in its front matter names {name}, and snippets/{name} is no file")
        found.append(path)
    return sorted(set(found))


def bundled(slug: str) -> dict[str, str]:
    """A page's modules as text, by the place they take under the page's root in the browser."""
    root = SNIPPETS.parent
    files = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in source_files(slug)}
    if slug in lessons():
        files[f"snippets/{slug.replace('-', '_')}/{NOTEBOOK}.py"] = page_text(slug)
    return files


def _front_matter(slug: str) -> dict:
    if slug in lessons():
        front = next((part.text for part in percent.parts(page_text(slug)) if part.kind == "front"), "")
    else:
        match = re.match(r"---\n(.*?)\n---\n", page_text(slug), re.DOTALL)
        front = match[1] if match else ""
    try:
        found = yaml.safe_load(front)
    except yaml.YAMLError as error:
        raise AssetError(f"page “{slug}”: its front matter is not YAML: {error}") from error
    return found if isinstance(found, dict) else {}


def kit_files() -> list[Path]:
    """Files of `snippets/kit` that the page needs: what its session and the pages' modules import, and its data."""
    waiting = ["kit", "kit.session", "kit.figures", *(name for slug in slugs() for name in modules(slug))]
    waiting += [name for path in lessons().values() for name in sources.imported_by(path, NOTEBOOK)]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached and name.split(".")[0] != "numpy_torch":
            reached.add(name)
            waiting += sources.imported(name)
    inside = {path for name in reached if name.split(".")[0] == "kit" and (path := sources.module_file(name))}
    data = {path for path in (SNIPPETS / "kit").rglob("*") if path.suffix in (".json", ".txt")}
    return sorted(inside | data)


def torch_files() -> list[Path]:
    """All of `snippets/numpy_torch`."""
    return sorted(path for path in (SNIPPETS / "numpy_torch").rglob("*") if path.suffix in (".py", ".json"))


def foreign_imports(files: Iterable[Path]) -> list[str]:
    """Names of modules outside `snippets` and torch that files import, to be tried when recording a start-up.

    Raises AssetError naming file and line when one is not Python.
    """
    names: set[str] = set()
    for path in files:
        if path.suffix != ".py":
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            place = f"{path.parent.name}/{path.name}, line {error.lineno}"
            raise AssetError(f"{place}: Python cannot read this: {error.msg}") from error
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    return sorted(name for name in names if name.split(".")[0] not in ("snippets", "torch", "__future__"))
