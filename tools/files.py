"""Paths, hashes, atomic writes and the cache folder that the asset tools share."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "docs" / "assets" / "generated"
NODE_MODULES = ROOT / "node_modules"


class AssetError(RuntimeError):
    """An asset cannot be made; the message says which one, why, and what to do."""


def cache_folder() -> Path:
    """Folder outside the checkout that keeps downloads and compiled bytecode between builds.

    `ATLAS_CACHE` names it; otherwise it is the platform's own cache folder.
    """
    chosen = os.environ.get("ATLAS_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Caches"
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "architecture-atlas"


def digest(data: bytes) -> str:
    """SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file; raises AssetError when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise AssetError(f"cannot read {path}: {error.strerror or error}") from error


def key_of(paths: Iterable[Path], *extra: object) -> str:
    """One hash over the names and contents of files and some plain values: the key of what is made from them."""
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        total.update(f"{name.as_posix()}\0{file_digest(path)}\0".encode())
    total.update(json.dumps(extra, sort_keys=True, default=str).encode())
    return total.hexdigest()


def write(path: Path, data: bytes | str) -> Path:
    """Write a file whole or not at all: to a neighbour first, then renamed into place.

    A file that already holds `data` is left alone, so its time stamp says when it last changed.
    Raises AssetError with the path when the disk refuses.
    """
    content = data.encode() if isinstance(data, str) else data
    try:
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        neighbour = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            neighbour.chmod(0o644)
            neighbour.replace(path)
        except BaseException:
            neighbour.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise AssetError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def package(name: str, *parts: str) -> Path:
    """A file of an installed npm package; raises AssetError naming it when it is not there."""
    path = NODE_MODULES.joinpath(name, *parts)
    if not path.exists():
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        raise AssetError(f"{shown} is missing: run `npm ci` first")
    return path
