"""Packs: what goes in comes out, in the page's form and in Python's, and the same files give the same bytes."""

import importlib
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.packs import pack, unpack
from tools.runtime import atlas_archives

NAMES = st.text("abcxyz/._", min_size=1, max_size=12).filter(lambda name: not name.startswith("/"))


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=8))
def test_a_pack_gives_back_its_files(files):
    assert unpack(pack(files)) == files
    assert pack(dict(reversed(files.items()))) == pack(files)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A finder over an archive with two modules, as the page installs it, and how often it was fetched."""
    files = {"far_package/__init__.py": b"", "far_package/inner.py": b"value = 7", "far_single.py": b"value = 8"}
    packed = pack(files)
    fetched = []

    def fetch(name):
        fetched.append(name)
        return packed

    names = {"library": ["far_package", "far_package.inner", "far_single"], "other": ["far_other"]}
    monkeypatch.syspath_prepend(str(tmp_path))
    finder = atlas_archives.Archives(names, fetch, tmp_path)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
    yield fetched
    for name in names["library"]:
        sys.modules.pop(name, None)


def test_a_missing_module_is_fetched_once_with_its_neighbours(archive):
    assert importlib.import_module("far_package.inner").value == 7
    assert importlib.import_module("far_single").value == 8
    assert archive == ["library"]


def test_a_module_in_no_archive_fetches_nothing(archive):
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("nowhere_at_all")
    assert archive == []


@pytest.mark.parametrize("answer", ["The rest of the library could not be fetched", None])
def test_an_archive_that_cannot_be_had_is_an_import_error_that_says_so(archive, answer, monkeypatch):
    def fetch(name):
        if answer is None:
            return pack({"far_other.py": b"value = 1" * 100})[:-20]
        raise OSError(answer)

    monkeypatch.setattr(sys.meta_path[-1], "fetch", fetch)
    with pytest.raises(ImportError, match="far_other could not be fetched"):
        importlib.import_module("far_other")


def test_install_reads_the_list_beside_it_and_passes_on_what_went_wrong(tmp_path, monkeypatch):
    (tmp_path / "missing.json").write_text(json.dumps({"library": ["far_listed"]}))
    monkeypatch.setattr(atlas_archives, "__file__", str(tmp_path / "atlas_archives.pyc"))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    atlas_archives.install(lambda name: "the connection failed")
    with pytest.raises(ImportError, match="the connection failed"):
        importlib.import_module("far_listed")
