"""Packs: many files in one, gzip'ed, so that the page fetches them in one go and unpacks them without a library."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping


def pack(files: Mapping[str, bytes]) -> bytes:
    """Pack files by path: four bytes of header length, a JSON list of [path, size], then the bytes; gzip'ed.

    The same files give the same bytes.
    """
    ordered = sorted(files.items(), key=lambda item: (item[0].rpartition(".")[2], item[0]))
    header = json.dumps([[path.lstrip("/"), len(data)] for path, data in ordered], separators=(",", ":")).encode()
    return squeeze(len(header).to_bytes(4, "little") + header + b"".join(data for _, data in ordered))


def unpack(packed: bytes) -> dict[str, bytes]:
    """The files of a pack by path."""
    content = gzip.decompress(packed)
    start = 4 + int.from_bytes(content[:4], "little")
    files = {}
    for path, size in json.loads(content[4:start]):
        files[path] = content[start : start + size]
        start += size
    return files


def squeeze(data: bytes) -> bytes:
    """gzip without a time stamp."""
    return gzip.compress(data, 9, mtime=0)
