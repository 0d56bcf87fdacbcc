"""A page's bundle holds the code, weights and data that the page needs, and only those."""

import importlib

import pytest

import snippets
from tools import page_code, python_assets
from tools.files import AssetError

PAGE = """---
title: Demo
data: [data/names.txt]
---
## Cells

``` { .python .cell try="Change it." }
--8<-- "demo/extra.py:part"
```

``` { .python }
--8<-- "demo/shown.py:part"
```
"""
LESSON = """# ---
# data: [data/other.txt]
# ---
# %% [markdown]
# # A lesson
# %%
import torch

from snippets.kit import show
from snippets.lesson_01.checks import verdict
from snippets.older.model import thing
"""
FILES = {
    "lesson_01/checks.py": "from snippets.data.names import load\n",
    "demo/__init__.py": "",
    "demo/model.py": "import torch\nfrom snippets.data.names import load\n",
    "demo/figures.py": "import math\nfrom snippets.demo.model import load\nfrom snippets.kit import figure\n",
    "demo/extra.py": "import csv\nfrom snippets.older.model import thing\n",
    "demo/shown.py": "",
    "demo/train.py": "from snippets.demo import model\n",
    "demo/weights.safetensors": "weights",
    "demo/results.json": "{}",
    "older/model.py": "thing = 1\n",
    "older/figures.py": "",
    "older/weights.safetensors": "other",
    "data/names.py": "def load(): pass\n",
    "data/names.txt": "a\nb\n",
    "data/other.txt": "c\n",
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / "snippets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    pages = tmp_path / "docs" / "architectures"
    pages.mkdir(parents=True)
    (pages / "demo.md").write_text(PAGE)
    monkeypatch.setattr(page_code, "SNIPPETS", tmp_path / "snippets")
    monkeypatch.setattr(page_code, "PAGES", pages)
    lessons = tmp_path / "docs" / "lessons"
    lessons.mkdir()
    (lessons / "01-a-lesson.py").write_text(LESSON)
    (lessons / "index.md").write_text("# Lessons")
    monkeypatch.setattr(page_code, "LESSONS", lessons)
    monkeypatch.setattr(python_assets, "ROOT", tmp_path)
    monkeypatch.setattr(python_assets, "PYTHON", tmp_path / "py")
    monkeypatch.setattr(snippets, "__path__", [str(tmp_path / "snippets")])
    importlib.invalidate_caches()
    return tmp_path


def test_pages_are_the_folders_with_a_model_or_figures_and_the_lessons(tree):
    assert page_code.slugs() == ["demo", "lesson-01", "older"]


def test_a_lessons_bundle_holds_its_file_what_it_imports_and_its_data(tree):
    bundle = python_assets.page_bundle("lesson-01")
    assert sorted(bundle["files"]) == [
        "snippets/data/names.py",
        "snippets/lesson_01/checks.py",
        "snippets/lesson_01/notebook.py",
        "snippets/older/model.py",
    ]
    assert bundle["files"]["snippets/lesson_01/notebook.py"] == LESSON
    assert [asset["path"] for asset in bundle["assets"]] == ["snippets/data/other.txt"]


def test_only_runnable_cells_count_as_cells():
    assert page_code.cell_modules(PAGE) == ["demo.extra"]


def test_a_bundle_follows_imports_and_cells_but_not_training_or_what_is_only_shown(tree):
    bundle = python_assets.page_bundle("demo")
    assert sorted(bundle["files"]) == [
        "snippets/data/names.py",
        "snippets/demo/__init__.py",
        "snippets/demo/extra.py",
        "snippets/demo/figures.py",
        "snippets/demo/model.py",
        "snippets/older/model.py",
    ]
    assert bundle["files"]["snippets/demo/model.py"] == FILES["demo/model.py"]


def test_a_bundle_lists_own_weights_results_and_the_data_of_the_front_matter(tree):
    assets = {asset["path"]: asset for asset in python_assets.page_bundle("demo")["assets"]}
    assert sorted(assets) == [
        "snippets/data/names.txt",
        "snippets/demo/results.json",
        "snippets/demo/weights.safetensors",
    ]
    for path, asset in assets.items():
        content = (tree / "py" / asset["url"]).read_bytes()
        assert content == (tree / path).read_bytes()
        assert len(content) == asset["bytes"]
        assert asset["sha256"][:12] in asset["url"]


def test_a_bundles_hash_follows_its_content(tree):
    before = python_assets.page_bundle("demo")["hash"]
    assert python_assets.page_bundle("demo")["hash"] == before
    (tree / "snippets/demo/weights.safetensors").write_text("trained more")
    assert python_assets.page_bundle("demo")["hash"] != before


def test_data_that_is_not_there_is_named_with_page_and_key(tree):
    (page_code.PAGES / "demo.md").write_text(PAGE.replace("names.txt", "nams.txt"))
    with pytest.raises(AssetError, match=r"page “demo”: `data` in its front matter names data/nams.txt"):
        page_code.data_files("demo")


def test_data_outside_snippets_is_refused(tree):
    (tree / "secret.txt").write_text("")
    (page_code.PAGES / "demo.md").write_text(PAGE.replace("data/names.txt", "../secret.txt"))
    with pytest.raises(AssetError, match="is no file"):
        page_code.data_files("demo")


def test_a_page_module_with_a_syntax_error_is_named_with_its_line(tree):
    (tree / "snippets/demo/model.py").write_text("x = 1\nx = (\n")
    with pytest.raises(AssetError, match=r"demo/model.py, line 2: Python cannot read this"):
        page_code.foreign_imports(page_code.source_files("demo"))


def test_foreign_imports_are_what_neither_torch_nor_the_atlas_is(tree):
    assert page_code.foreign_imports(page_code.source_files("demo")) == ["csv", "math"]


def test_the_name_of_a_library_file_is_the_name_it_is_imported_by():
    site = "lib/python3.13/site-packages"
    names = {
        "lib/python3.13/csv.pyc": "csv",
        "lib/python3.13/xml/dom/__init__.pyc": "xml.dom",
        f"{site}/numpy/testing/__init__.pyc": "numpy.testing",
        f"{site}/numpy/random/_sfc64.cpython-313-wasm32-emscripten.so": "numpy.random._sfc64",
        f"{site}/numpy-2.2.5.dist-info/METADATA": None,
    }
    assert {place: python_assets.module_name(place) for place in names} == names
