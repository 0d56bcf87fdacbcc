"""Sliding windows over the last n dimensions of (N, C, *size): what each tap of a kernel sees, and the way back.

Also `adjoint_pair`, for ops that are linear in their input: each is the gradient of the other, to any order.
"""

import itertools
from typing import NamedTuple

import numpy as np

from ..primitive import Primitive
from ..tensor import Tensor


class Geometry(NamedTuple):
    """Where windows lie: everything but `groups` has one number for each spatial dimension."""

    size: tuple
    kernel: tuple
    stride: tuple
    low: tuple
    high: tuple
    dilation: tuple
    out: tuple
    groups: int = 1


def spatial(value, n: int, name: str = "kernel_size", call: str = "") -> tuple:
    """`value` as n numbers; one number stands for all."""
    if isinstance(value, int | np.integer) or (isinstance(value, Tensor) and value.dim() == 0):
        return (int(value),) * n
    if not isinstance(value, tuple | list):
        raise TypeError(f"{call}(): argument '{name}' must be tuple of ints, not {type(value).__name__}")
    value = tuple([v.__index__() for v in value])
    if len(value) == 1:
        return value * n
    if len(value) != n and call.startswith("conv"):
        raise RuntimeError(f"expected {name} to be a single integer value or a list of {n} values to match the "
                           f"convolution dimensions, but got {name}={list(value)}")
    if len(value) != n:
        raise RuntimeError(f"{call}: {name} must either be a single int, or a tuple of "
                           f"{('one', 'two', 'three')[n - 1]} ints")
    return value


def taps(g: Geometry):
    """(position in the kernel, slices of the padded input that this tap sees), in row-major order."""
    reach = [[slice(t * d, t * d + s * (o - 1) + 1, s) for t in range(k)]
             for k, s, d, o in zip(g.kernel, g.stride, g.dilation, g.out, strict=True)]
    for position in itertools.product(*[range(k) for k in g.kernel]):
        yield position, (..., *[r[t] for r, t in zip(reach, position, strict=True)])


def padded(x: np.ndarray, low: tuple, high: tuple, value=0) -> np.ndarray:
    """`x` with `value` around its last dimensions; `x` itself where there is nothing to add."""
    if not any(low) and not any(high):
        return x
    n = len(low)
    sizes = [a + s + b for a, s, b in zip(low, x.shape[-n:], high, strict=True)]
    out = np.full((*x.shape[:-n], *sizes), value, x.dtype) if value else np.zeros((*x.shape[:-n], *sizes), x.dtype)
    out[inside(low, x.shape[-n:])] = x
    return out


def inside(low: tuple, size: tuple) -> tuple:
    """The slices of the unpadded part."""
    return (..., *[slice(a, a + s) for a, s in zip(low, size, strict=True)])


def windows(x: np.ndarray, g: Geometry) -> np.ndarray:
    """A view of the padded `x` (N, C, …): (N, C, *kernel, *out)."""
    x = padded(x, g.low, g.high)
    own = x.strides[2:]
    return np.lib.stride_tricks.as_strided(
        x, (*x.shape[:2], *g.kernel, *g.out),
        (*x.strides[:2], *[s * d for s, d in zip(own, g.dilation, strict=True)],
         *[s * step for s, step in zip(own, g.stride, strict=True)]), writeable=False)


def overlapped(columns: np.ndarray, g: Geometry) -> np.ndarray:
    """The adjoint of `windows`: (N, C, *kernel, *out) added up where windows overlap, (N, C, *size)."""
    total = [a + s + b for a, s, b in zip(g.low, g.size, g.high, strict=True)]
    out = np.zeros((*columns.shape[:2], *total), columns.dtype)
    for position, seen in taps(g):
        out[seen] += columns[(slice(None), slice(None), *position)]
    return cropped(out, g)


def cropped(out: np.ndarray, g: Geometry) -> np.ndarray:
    return np.ascontiguousarray(out[inside(g.low, g.size)]) if any(g.low) or any(g.high) else out


# --- linear ops ------------------------------------------------------------------------------------


def apply(op: Primitive, *args):
    """Run `op` inside a gradient formula: on arrays, or, for a graph of the gradient, on traced tensors."""
    for a in args:
        if a is not None and not isinstance(a, np.ndarray) and hasattr(a, "tensor"):
            from ..autograd.higher_order import Traced, unwrap

            return Traced(op(*[unwrap(v) if isinstance(v, np.ndarray | Traced) else v for v in args]))
    return op.forward(*args)


def adjoint_pair(name: str, forward, adjoint, label: str | None = None) -> Primitive:
    """The op `forward(self, options)`, linear in self; `adjoint(grad, options)` is its transpose."""
    pair = {}
    pair["back"] = Primitive(name + "_backward", adjoint, "self options",
                             self=lambda grad, options: apply(pair["to"], grad, options))
    pair["to"] = Primitive(name, forward, "self options", label=label,
                           self=lambda grad, options: apply(pair["back"], grad, options))
    return pair["to"]
