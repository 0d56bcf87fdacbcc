"""A place for pages that only a test needs."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import snippets


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Write an importable page below a temporary ``snippets``: ``page("toy", model="…source…")``."""
    base = tmp_path / "snippets"
    base.mkdir()
    snippets.__path__.insert(0, str(base))
    made: set[str] = set()

    def write(package: str, **modules: str) -> Path:
        folder = base / package
        folder.mkdir(exist_ok=True)
        for name, source in modules.items():
            (folder / f"{name}.py").write_text(source, encoding="utf-8")
        made.add(package)
        return folder

    yield write
    snippets.__path__.remove(str(base))
    for name in list(sys.modules):
        if name.startswith(tuple(f"snippets.{package}" for package in made)):
            del sys.modules[name]
    for package in made:
        vars(snippets).pop(package, None)
