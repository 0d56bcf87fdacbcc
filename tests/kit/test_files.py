import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snippets.kit import files
from snippets.kit.files import readable_json, sha256, write_atomically


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    assert write_atomically(path, "é") == 2
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    write_atomically(path, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.json"]  # noqa: PTH208 - dot files too


def test_the_hash_is_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(values)
def test_readable_json_is_json(value: object) -> None:
    assert json.loads(readable_json(value)) == value


def test_readable_json_keeps_a_curve_on_one_line() -> None:
    text = readable_json({"curve": [1.0, 2.0, 3.0], "inner": {"a": 1}})
    assert text == '{\n  "curve": [1.0, 2.0, 3.0],\n  "inner": {\n    "a": 1\n  }\n}'
