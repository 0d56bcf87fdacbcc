"""NumPy's wheel is taken from anywhere, and only with the hash that Pyodide's lock file states."""

import hashlib

import pytest

from tools import numpy_wheel
from tools.files import AssetError

GOOD = b"the wheel"
WANTED = numpy_wheel.Wanted("numpy-0.whl", hashlib.sha256(GOOD).hexdigest(), "0", "0")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ATLAS_CACHE", str(tmp_path))
    monkeypatch.setattr(numpy_wheel, "wanted", lambda: WANTED)
    return tmp_path


def good(wheel):
    """The good one."""
    return GOOD


def wrong(wheel):
    """The wrong one (not this)."""
    return b"another wheel"


def unreachable(wheel):
    """The far one."""
    raise AssetError("no answer")


def never(wheel):
    raise AssertionError("asked although the cache has it")


def test_the_first_source_with_the_right_hash_wins(cache):
    said = []
    path = numpy_wheel.fetch([unreachable, wrong, good], said.append)
    assert path.read_bytes() == GOOD
    assert path.parent == cache
    assert [line.split(": ")[1] for line in said] == ["The far one", "The wrong one", "The good one"]


def test_another_hash_is_refused_and_nothing_is_kept(cache):
    with pytest.raises(AssetError) as caught:
        numpy_wheel.fetch([unreachable, wrong])
    message = str(caught.value)
    assert "The far one: no answer" in message
    assert "The wrong one: refused, sha256 is" in message
    assert str(cache / WANTED.file) in message
    assert list(cache.iterdir()) == []


def test_the_cache_answers_without_asking_anyone():
    numpy_wheel.fetch([good])
    assert numpy_wheel.fetch([never]).read_bytes() == GOOD


def test_a_damaged_cache_is_fetched_again():
    path = numpy_wheel.fetch([good])
    path.write_bytes(b"damage")
    said = []
    assert numpy_wheel.fetch([good], said.append).read_bytes() == GOOD
    assert "damaged" in said[0]


def test_the_lock_file_names_the_wheel(monkeypatch):
    monkeypatch.undo()
    wheel = numpy_wheel.wanted()
    assert wheel.version == "2.2.5"
    assert wheel.sha256.startswith("3db3c4f3")
    assert wheel.sha256.endswith("b558")
