"""Assets are written whole or not at all, and what cannot be read or written is named."""

import os
from pathlib import Path

import pytest

from tools import files
from tools.files import AssetError


def test_write_makes_folders_and_leaves_no_neighbour(tmp_path):
    files.write(tmp_path / "a" / "b.txt", "text")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]
    assert (tmp_path / "a" / "b.txt").read_text() == "text"


def test_a_file_that_is_already_right_is_not_touched(tmp_path):
    path = files.write(tmp_path / "a.txt", "text")
    os.utime(path, (1, 1))
    files.write(path, "text")
    assert path.stat().st_mtime == 1
    files.write(path, "other")
    assert path.stat().st_mtime > 1


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path, monkeypatch):
    path = files.write(tmp_path / "a.txt", "old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(AssetError, match=r"cannot write .*a\.txt: No space left"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_missing_npm_package_is_named_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "NODE_MODULES", tmp_path)
    with pytest.raises(AssetError, match=r"pyodide.mjs is missing: run `npm ci` first"):
        files.package("pyodide", "pyodide.mjs")


def test_the_cache_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("ATLAS_CACHE", str(tmp_path / "mine"))
    assert files.cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("ATLAS_CACHE")
    assert not files.cache_folder().is_relative_to(files.ROOT)


def test_a_key_follows_content_name_and_settings(tmp_path):
    path = files.write(tmp_path / "a", "1")
    first = files.key_of([path], 1)
    assert files.key_of([path], 1) == first
    assert files.key_of([path], 2) != first
    files.write(path, "2")
    assert files.key_of([path], 1) != first
    with pytest.raises(AssetError, match="cannot read"):
        files.key_of([tmp_path / "nothing"])
