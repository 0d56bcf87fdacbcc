"""Writing files so that a reader never meets half of one."""

import hashlib
import json
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes | str) -> int:
    """Put `content` at `path` in one step and return how many bytes that is.

    The old file, if any, stays until the new one is whole; if that fails, no part of the new one is left.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    raw = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)  # noqa: PTH105 - the one call that replaces in a single step
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return len(raw)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def readable_json(value: object, indent: str = "") -> str:
    """Return JSON with a line for each entry of a dict and lists of plain values on one line."""
    deeper = f"{indent}  "
    if isinstance(value, dict) and value:
        entries = (
            f"{deeper}{json.dumps(key)}: {readable_json(entry, deeper)}" for key, entry in value.items()
        )
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(entry, (dict, list)) for entry in value):
        return (
            "[\n" + ",\n".join(f"{deeper}{readable_json(entry, deeper)}" for entry in value) + f"\n{indent}]"
        )
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
