"""What was made from what: answers that are kept between builds and trusted only while they still hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from tools.files import ROOT, write

STAMPS = ROOT / ".cache" / "assets"
Answer = TypeVar("Answer")


def remembered(
    name: str, key: str, make: Callable[[], Answer], files: Callable[[Answer], Iterable[Path]] = lambda _: ()
) -> Answer:
    """The answer of `make`, which is asked only when `key` is new or one of the answer's files is not as it was.

    Answers are plain JSON. `files` names the files that an answer stands for.
    """
    stamp = STAMPS / f"{name}.json"
    known = _read(stamp)
    if known is not None and known["key"] == key and sizes(files(known["answer"])) == known["files"]:
        return known["answer"]
    answer = make()
    write(stamp, json.dumps({"key": key, "answer": answer, "files": sizes(files(answer))}))
    return answer


def sizes(paths: Iterable[Path]) -> dict[str, int | None]:
    """Size of each file by path; None for one that is not there."""
    return {str(path): path.stat().st_size if path.is_file() else None for path in paths}


def _read(stamp: Path) -> dict | None:
    try:
        known = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and known.keys() == {"key", "answer", "files"} else None
