"""torch.testing.assert_close: tensors, numbers and containers of them are equal within a tolerance."""

import numpy as np

from .absent import module_attribute, refuse
from .dtypes import ALL
from .ops_create import as_tensor
from .primitive import common_dtype
from .tensor import Tensor

TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "complex64": (1.3e-6, 1e-5),
              "float64": (1e-7, 1e-7), "complex128": (1e-7, 1e-7)}
BY_NAME = {d.name: d for d in ALL}


def assert_close(actual, expected, *, allow_subclasses: bool = True, rtol: float | None = None,
                 atol: float | None = None, equal_nan: bool = False, check_device: bool = True,
                 check_dtype: bool = True, check_layout: bool = True, check_stride: bool = False, msg=None) -> None:
    """Raise AssertionError, naming the greatest differences, unless |actual − expected| ≤ atol + rtol · |expected|."""
    if (rtol is None) != (atol is None):
        raise ValueError("Both 'rtol' and 'atol' must be either specified or omitted, "
                         f"but got no {'rtol' if rtol is None else 'atol'}.")
    for place, a, b in _pairs(actual, expected, ()):
        text = _difference(a, b, rtol, atol, equal_nan, check_dtype, check_stride)
        if text:
            if place:
                text += f"\n\nThe failure occurred for item {''.join(str([key]) for key in place)}"
            raise AssertionError(text if msg is None else msg(text) if callable(msg) else msg)


def _pairs(a, b, place):
    """(place, actual, expected) of everything inside two containers of the same form."""
    if isinstance(a, dict) and isinstance(b, dict):
        if set(a) != set(b):
            raise refuse("torch.testing.assert_close of dicts with different keys", "compare list(a) and list(b) first")
        for key in a:
            yield from _pairs(a[key], b[key], (*place, key))
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if len(a) != len(b):
            raise AssertionError(f"The length of the sequences mismatch: {len(a)} != {len(b)}")
        for number, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _pairs(x, y, (*place, number))
    else:
        yield place, a, b


def _difference(a, b, rtol, atol, equal_nan, check_dtype, check_stride) -> str:
    """What is wrong between two tensors or numbers; nothing if they are close."""
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        if not all(isinstance(v, bool | int | float | complex | np.ndarray | np.generic | Tensor) for v in (a, b)):
            raise TypeError(f"No comparison pair was able to handle inputs of type {type(a)} and {type(b)}.")
        number = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}
        a, b = [as_tensor(v, dtype=BY_NAME.get(number.get(type(v)))) for v in (a, b)]
        check_dtype = False
    if a.shape != b.shape:
        return f"The values for attribute 'shape' do not match: {a.shape} != {b.shape}."
    if check_stride and a.stride() != b.stride():
        return f"The values for attribute 'stride()' do not match: {a.stride()} != {b.stride()}."
    if check_dtype and a.dtype != b.dtype:
        return f"The values for attribute 'dtype' do not match: {a.dtype} != {b.dtype}."
    if rtol is None:
        given = [TOLERANCES.get(t.dtype.name, (0.0, 0.0)) for t in (a, b)]
        rtol, atol = max(g[0] for g in given), max(g[1] for g in given)
    kind = common_dtype((a.reshape(-1), b.reshape(-1))).numpy
    kind = np.dtype(np.int64) if kind.kind in "biu" else kind
    x, y = a._array.astype(kind), b._array.astype(kind)
    with np.errstate(all="ignore"):
        close = np.isclose(x, y, rtol, atol, equal_nan) if kind.kind in "fc" else x == y
        if kind.kind == "i" and (rtol or atol):
            close = abs(x - y) <= atol + rtol * abs(y)
        if close.all():
            return ""
        absolute = np.where(close, 0, abs(x - y))
        real = np.float32 if kind.kind == "i" else absolute.dtype
        relative = np.where(close, 0, absolute.astype(real) / abs(y).astype(real))
    title, lines = "Tensor-likes", [f"Mismatched elements: {(~close).sum()} / {close.size} "
                                    f"({(~close).mean():.1%})"]
    if not a.shape:
        title, lines = "Scalars", [f"Expected {b.item()} but got {a.item()}."]
        absolute = np.asarray(abs(a.item() - b.item()))
        relative = np.asarray(absolute / abs(b.item()) if b.item() else np.inf)
    exact = rtol == atol == 0
    for name, found, allowed in (("absolute", absolute, atol), ("relative", relative, rtol)):
        place = np.unravel_index(found.argmax(), found.shape)
        at = f"Greatest {name} difference: {found[place].item()} at index {tuple(int(i) for i in place)}"
        lines.append((at if a.shape else f"{name.title()} difference: {found.item()}")
                     + ("" if exact else f" (up to {allowed} allowed)"))
    return f"{title} are not {'equal' if exact else 'close'}!\n\n" + "\n".join(lines)


def __getattr__(name: str):
    return module_attribute(__name__, name, {})
