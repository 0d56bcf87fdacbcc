"""Finding a page's data, weights and results: the same calls in the build and in the reader's browser.

Everything lies below the ``snippets`` package: shared data in ``snippets/data/``, a page's
``weights.safetensors`` and ``results.json`` beside its model. In the browser the same paths hold what the
page has fetched.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import snippets

_TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}


class MissingFileError(FileNotFoundError):
    """A file that a figure needs is not there; the message says which and how to make it."""


def data_path(name: str) -> Path:
    """Return the path of ``snippets/data/<name>``.

    Raises:
        MissingFileError: there is no such file.
    """
    return _find(f"data/{name}", f"data file “{name}” is missing: expected snippets/data/{name}")


def load_text(name: str) -> str:
    """Return the text of ``snippets/data/<name>``.

    Raises:
        MissingFileError: there is no such file.
    """
    return data_path(name).read_text(encoding="utf-8")


def weights(slug: str, *, prefix: str = "") -> dict:
    """Return the trained tensors of a page by name, from its ``weights.safetensors``.

    With `prefix`, only the tensors whose name starts with it, with the prefix taken off: one file can hold
    several models.

    Raises:
        MissingFileError: the page has not been trained.
        ValueError: the file is damaged, or nothing in it starts with `prefix`.
    """
    import torch

    arrays = read_safetensors(weights_path(slug))
    chosen = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    if not chosen:
        raise ValueError(f"the weights of “{slug}” hold nothing that starts with “{prefix}”")
    return {name: torch.from_numpy(array) for name, array in chosen.items()}


def weights_path(slug: str) -> Path:
    """Return the path of a page's weights.

    Raises:
        MissingFileError: the page has not been trained.
    """
    missing = f"“{slug}” has no trained weights: run `make train SLUG={slug}`"
    return _find(f"{_folder(slug)}/weights.safetensors", missing)


def load_weights(model: object, slug: str, *, prefix: str = "") -> object:
    """Load a page's trained weights into `model`, put it in evaluation mode and return it.

    `model` may also be a function that makes it. The random numbers it would begin with are then not drawn: of a large
    model they take longer than all else that is loaded.

    Raises:
        MissingFileError: the page has not been trained.
        RuntimeError: names or shapes differ from the model's.
    """
    import torch

    if not isinstance(model, torch.nn.Module):
        with _unfilled():
            model = model()
    model.load_state_dict(weights(slug, prefix=prefix))
    return model.eval()


@contextlib.contextmanager
def _unfilled() -> Iterator[None]:
    """Models made meanwhile have whatever is in memory for parameters."""
    from torch.nn import init

    fills = {name: fill for name, fill in vars(init).items() if name.endswith("_") and not name.startswith("_")}
    vars(init).update(dict.fromkeys(fills, lambda tensor, *_, **__: tensor))
    try:
        yield
    finally:
        vars(init).update(fills)


def results(slug: str) -> dict:
    """Return the measured results of a page, from its ``results.json``.

    Raises:
        MissingFileError: nothing has been measured yet.
    """
    missing = f"“{slug}” has no measured results: run `make train SLUG={slug}`"
    return json.loads(_find(f"{_folder(slug)}/results.json", missing).read_text(encoding="utf-8"))


def read_safetensors(path: Path) -> dict:
    """Return the arrays in a safetensors file by name, as writable NumPy arrays.

    The format: eight bytes of header length, a JSON header of types, shapes and byte ranges, the bytes.

    Raises:
        ValueError: the file is damaged or holds a type that is not read here.
    """
    import numpy

    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or size > len(raw) - 8:
        raise ValueError(f"{path.name} is damaged: its header does not fit in {len(raw)} bytes")
    try:
        header = json.loads(raw[8 : 8 + size])
    except ValueError:
        raise ValueError(f"{path.name} is damaged: its header is not JSON") from None
    arrays = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _TYPES:
            raise ValueError(f"{path.name}: “{name}” has the type {entry['dtype']}, which is not read here")
        start, end = (8 + size + offset for offset in entry["data_offsets"])
        if end > len(raw):
            raise ValueError(f"{path.name} is damaged: “{name}” ends after the file does")
        array = numpy.frombuffer(raw[start:end], dtype=_TYPES[entry["dtype"]])
        arrays[name] = array.reshape(entry["shape"]).copy()
    return arrays


def _folder(slug: str) -> str:
    return slug.replace("-", "_")


def _find(relative: str, missing: str) -> Path:
    for base in snippets.__path__:
        path = Path(os.fspath(base), relative)
        if path.is_file():
            return path
    raise MissingFileError(missing)
