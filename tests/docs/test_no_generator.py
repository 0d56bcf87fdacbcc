"""The pages and their code know nothing of the program that builds the site: another can read the same files."""

import re
from pathlib import Path

import pytest

from tests.docs.conftest import PROJECT

ADAPTER = PROJECT / "docs/assets/js/lifecycle.js"
_NAMES = re.compile(r"mkdocs|zensical|squidfunk|from material\b|import material\b", re.IGNORECASE)
_THEME = re.compile(r"\bdocument\$|\bwindow\.document\$|__md_|md-(?:component|toggle)\b.*dispatch")
TEXT = {".md", ".yml", ".bib", ".py", ".js", ".mjs", ".ts", ".css", ".json"}


def sources() -> list[Path]:
    """Every text of the pages, their data, scripts and code that a person wrote."""
    found = [path for folder in ("docs", "snippets") for path in (PROJECT / folder).rglob("*") if path.suffix in TEXT]
    return [path for path in found if not {"generated", "__pycache__"} & set(path.parts)]


def test_no_page_and_no_code_of_one_names_the_generator():
    files = sources()
    assert len(files) > 100
    named = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:80]}"
        for path in files
        if path != ADAPTER and path.name not in ("references.bib",)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _NAMES.search(line)
    ]
    assert named == []


def test_one_script_alone_listens_to_the_theme():
    scripts = [path for path in sources() if path.suffix == ".js"]
    assert [path for path in scripts if _THEME.search(path.read_text(encoding="utf-8"))] == [ADAPTER]
    assert "document$" in ADAPTER.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["mkdocs", "mkdocs-material", "mkdocs-jupyter"])
def test_the_generator_stays_where_it_was_tested(name):
    pinned = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    assert re.search(rf"^{name}==\d+(\.\d+)+$", pinned, re.MULTILINE)


def test_the_generator_is_of_the_first_series():
    assert re.search(r"^mkdocs==1\.", (PROJECT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
