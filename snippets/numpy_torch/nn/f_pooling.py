"""torch.nn.functional: pooling."""

import math

import numpy as np

from ..primitive import Primitive, relabel, scalar_name
from ..tensor import Tensor, wrap
from .resample import RESAMPLE
from .windows import Geometry, adjoint_pair, apply, cropped, padded, spatial, taps

__all__ = ["adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
           "adaptive_max_pool2d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d"]


def _shown(sizes) -> str:
    return "x".join([str(s) for s in sizes])


def _check_input(call: str, n: int, shape: tuple) -> None:
    if n == 1 and call.startswith("avg") and len(shape) not in (2, 3):
        raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(shape)}-dimensional tensor for argument #1 "
                           f"'self' (while checking arguments for {call})")
    if n == 2 and call.startswith("avg") and len(shape) < 3:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-len(shape)}, {len(shape) - 1}], but "
                         "got -3)")
    if len(shape) not in (n + 1, n + 2) or 0 in shape[-n - 1:]:
        if n == 2 and call.startswith("max") and len(shape) not in (3, 4):
            raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
        raise RuntimeError(f"{'max_pool1d: ' if n == 1 else ''}Expected {n + 1}D or {n + 2}D (batch mode) tensor with "
                           f"optional 0 dim batch size for input, but got:{list(shape)}")


def _geometry(call: str, n: int, input: Tensor, kernel_size, stride, padding, dilation,
              ceil_mode: bool) -> Geometry:
    shape = input._array.shape
    _check_input(call, n, shape)
    if input._array.dtype.kind == "b":
        raise NotImplementedError(f"\"{call}\" not implemented for 'Bool'")
    kernel = spatial(kernel_size, n, "kernel_size", call)
    stride = kernel if stride is None or stride in ((), []) else spatial(stride, n, "stride", call)
    padding, dilation = spatial(padding, n, "padding", call), spatial(dilation, n, "dilation", call)
    if 0 in stride:
        raise RuntimeError("stride should not be zero")
    for values, name in ((kernel, "kernel size"), (stride, "stride"), (dilation, "dilation")):
        if min(values) <= 0:
            raise RuntimeError(f"{call}: {name} should be greater than zero, but got {list(values)}")
    for p, k, d in zip(padding, kernel, dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"{call}() padding must be non-negative, but got {p}")
        if p > ((k - 1) * d + 1) // 2:
            if call == "max_pool1d":
                raise RuntimeError("max_pool1d() padding should be at most half of kernel size, but got "
                                   f"padding={p} and kernel_size={k}")
            raise RuntimeError("pad should be at most half of effective kernel size, but got "
                               f"pad={p}, kernel_size={k} and dilation={d}")
    out, high = [], []
    for size, k, s, p, d in zip(shape[-n:], kernel, stride, padding, dilation, strict=True):
        count = (size + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (count - 1) * s >= size + p:
            count -= 1  # the last window has to start inside the input or its left padding
        out.append(count)
        high.append(max((count - 1) * s + d * (k - 1) + 1 - size - p, 0))
    if min(out) < 1:
        if call == "max_pool1d":
            raise RuntimeError(f"max_pool1d() Invalid computed output size: {out[0]}")
        lead = (shape[-n - 1], 1) if n == 1 else shape[-n - 1:-n]
        raise RuntimeError(f"Given input size: ({_shown((*lead, *shape[-n:]))}). Calculated output size: "
                           f"({_shown((*lead, *out))}). Output size is too small")
    return Geometry(shape[-n:], kernel, stride, padding, tuple(high), dilation, tuple(out))


def _finished(out: Tensor, n: int, label: str) -> Tensor:
    """PyTorch runs one-dimensional pooling as two-dimensional."""
    return relabel(out, "SqueezeBackward1" if n == 1 else label)


# --- maximum ---------------------------------------------------------------------------------------


def _lowest(kind: np.dtype):
    return -np.inf if kind.kind == "f" else np.iinfo(kind).min


def _max(x, g: Geometry):
    x, out = padded(x, g.low, g.high, _lowest(x.dtype)), None
    for _, seen in taps(g):
        if out is None:
            out = x[seen].copy()
        else:
            np.maximum(out, x[seen], out=out)
    return out


def _best_tap(x, g: Geometry):
    """Which tap each maximum comes from: the first of equals, the last NaN."""
    best = np.zeros((1,) * len(g.out), np.int64)
    for axis, (o, k, s, p, d) in enumerate(zip(g.out, g.kernel, g.stride, g.low, g.dilation, strict=True)):
        first = np.maximum(-((np.arange(o) * s - p) // d), 0)  # the first tap inside the input
        best = best * k + first.reshape([-1 if a == axis else 1 for a in range(len(g.out))])
    x = padded(x, g.low, g.high, _lowest(x.dtype))
    small = np.int16 if math.prod(g.kernel) < 1 << 15 else np.int64
    best = np.broadcast_to(best.astype(small), (*x.shape[:-len(g.out)], *g.out)).copy()
    top = np.full(best.shape, _lowest(x.dtype), x.dtype)
    has_nan = x.dtype.kind == "f" and bool(np.isnan(x).any())
    for number, (_, seen) in enumerate(taps(g)):
        part = x[seen]
        better = part > top
        if has_nan:
            better |= part != part
        np.copyto(top, part, where=better)
        np.copyto(best, number, where=better)
    return best


def _picked(x, options):
    best, g = options
    x, out = padded(x, g.low, g.high), np.zeros(best.shape, x.dtype)
    for number, (_, seen) in enumerate(taps(g)):
        out = np.where(best == number, x[seen], out)
    return out


def _put_back(grad, options):
    best, g = options
    out = np.zeros((*grad.shape[:-len(g.out)], *[a + s + b for a, s, b in zip(g.low, g.size, g.high, strict=True)]),
                   grad.dtype)
    for number, (_, seen) in enumerate(taps(g)):
        out[seen] += np.where(best == number, grad, 0)
    return cropped(out, g)


def _array(x) -> np.ndarray:
    return x if type(x) is np.ndarray else x.tensor._array


PUT_BACK = adjoint_pair("max_pool_backward", _put_back, _picked)
MAX = Primitive("max_pool", _max, "x g", x=lambda grad, x, g: apply(PUT_BACK, grad, (_best_tap(_array(x), g), g)))


def _flat_index(best: np.ndarray, g: Geometry) -> np.ndarray:
    """Tap numbers as positions in the flattened input."""
    flat = np.zeros((), np.int64)
    steps = np.unravel_index(best, g.kernel)
    for axis, (step, size, s, p, d) in enumerate(zip(steps, g.size, g.stride, g.low, g.dilation, strict=True)):
        start = (np.arange(g.out[axis]) * s - p).reshape([-1 if a == axis else 1 for a in range(len(g.out))])
        flat = flat * size + start + step * d
    return flat


def _max_pool(n: int, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    g = _geometry(f"max_pool{n}d", n, input, kernel_size, stride, padding, dilation, ceil_mode)
    if n == 1 and not return_indices and input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"max_pool1d_impl\" not implemented for '{scalar_name(input._array.dtype)}'")
    out = _finished(MAX(input, g), n, f"MaxPool{n}DWithIndicesBackward0")
    return (out, wrap(_flat_index(_best_tap(input._array, g), g))) if return_indices else out


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False,
               return_indices: bool = False):
    """The maximum of each window of (N, C, L), and with `return_indices` where it was."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False,
               return_indices: bool = False):
    """The maximum of each window of (N, C, H, W), and with `return_indices` where in H·W it was."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode: bool = False,
               return_indices: bool = False):
    """The maximum of each window of (N, C, D, H, W)."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


# --- average ---------------------------------------------------------------------------------------


def _tiled(g: Geometry) -> bool:
    """Whether the windows cut the input into blocks."""
    return g.kernel == g.stride and not any(g.low) and all(
        [s == k * o for s, k, o in zip(g.size, g.kernel, g.out, strict=True)])


def _average(x, options):
    g, divisor = options
    if _tiled(g):
        n = len(g.out)
        blocks = x.reshape(*x.shape[:-n], *[v for pair in zip(g.out, g.kernel, strict=True) for v in pair])
        total = blocks.sum(tuple(range(x.ndim - n + 1, x.ndim + n, 2)))
    else:
        x, total = padded(x, g.low, g.high), None
        for _, seen in taps(g):
            if total is None:
                total = x[seen].copy()
            else:
                total += x[seen]
    if x.dtype.kind in "iu":
        return np.sign(total) * np.sign(divisor) * (np.abs(total) // np.abs(divisor))  # towards zero
    return total / divisor


def _average_back(grad, options):
    g, divisor = options
    grad = grad / divisor
    lead = grad.shape[:-len(g.out)]
    if _tiled(g):
        spread = grad.reshape(*lead, *[v for o in g.out for v in (o, 1)])
        shape = (*lead, *[v for pair in zip(g.out, g.kernel, strict=True) for v in pair])
        return np.broadcast_to(spread, shape).reshape(*lead, *g.size)
    out = np.zeros((*lead, *[a + s + b for a, s, b in zip(g.low, g.size, g.high, strict=True)]), grad.dtype)
    for _, seen in taps(g):
        out[seen] += grad
    return cropped(out, g)


AVERAGE = adjoint_pair("avg_pool", _average, _average_back)


def _divisor(g: Geometry, kind: np.dtype, count_include_pad: bool):
    """How many elements each window averages: one number where that is the same for all."""
    counts = np.ones((1,) * len(g.out), np.int64)
    for axis, (size, k, s, p, o) in enumerate(zip(g.size, g.kernel, g.stride, g.low, g.out, strict=True)):
        start = np.arange(o) * s - p
        end = np.minimum(start + k, size + p)
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, size)
        counts = counts * (end - start).reshape([-1 if a == axis else 1 for a in range(len(g.out))])
    same = counts.flat[0]
    return kind.type(same) if (counts == same).all() else counts.astype(kind)


def _avg_pool(n: int, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override=None):
    g = _geometry(f"avg_pool{n}d", n, input, kernel_size, stride, padding, 1, ceil_mode)
    kind = input._array.dtype
    if divisor_override is not None:
        if divisor_override == 0:
            raise RuntimeError("divisor must be not zero")
        divisor = kind.type(divisor_override)
    else:
        divisor = _divisor(g, kind, count_include_pad)
    return _finished(AVERAGE(input, (g, divisor)), n, f"AvgPool{n}DBackward0")


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Tensor:
    """The mean of each window of (N, C, L)."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Tensor:
    """The mean of each window of (N, C, H, W)."""
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(input, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Tensor:
    """The mean of each window of (N, C, D, H, W)."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


# --- adaptive: as many windows as the output has elements --------------------------------------------


def _adaptive(call: str, n: int, input: Tensor, output_size) -> tuple[tuple, tuple, Geometry | None]:
    """Input size, output size, and the windows if all are of one size."""
    shape = input._array.shape
    if n > 1 and isinstance(output_size, tuple | list) and len(shape) <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}, got {len(shape)}")
    if len(shape) not in (n + 1, n + 2):
        if n == 1:
            raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(shape)}-dimensional tensor for argument #1 "
                               f"'self' (while checking arguments for {call})")
        raise RuntimeError(f"{call}(): Expected {n + 1}D or {n + 2}D tensor, but got{':' if 'max' in call else ''} "
                           f"{list(shape)}")
    if 0 in shape[-n:]:
        raise RuntimeError(f"{call}(): Expected input to have non-zero size for non-batch dimensions, but input has "
                           f"sizes {list(shape)} with dimension {shape.index(0, len(shape) - n)} being empty")
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"{call}\" not implemented for '{scalar_name(input._array.dtype)}'")
    if isinstance(output_size, tuple | list):
        if n > 1 and len(output_size) == n:
            output_size = [s if o is None else o for o, s in zip(output_size, shape[-n:], strict=True)]
        if len(output_size) != n:
            raise RuntimeError(f"{call}: output_size must be {n}")
    size, out = shape[-n:], spatial(output_size, n, "output_size", call)
    if min(out) < 0:
        raise RuntimeError(f"elements of output_size must be greater than or equal to 0 but received {list(out)}")
    if min(out) < 1 or any([s % o for s, o in zip(size, out, strict=True)]):
        return size, out, None
    kernel, none = tuple([s // o for s, o in zip(size, out, strict=True)]), (0,) * n
    return size, out, Geometry(size, kernel, kernel, none, none, (1,) * n, out)


def _bounds(size: int, out: int) -> tuple:
    """Where each window starts and ends: overlapping where `out` does not divide `size`."""
    i = np.arange(out)
    return i * size // max(out, 1), -(-(i + 1) * size // max(out, 1))


def _adaptive_avg_pool(n: int, input, output_size) -> Tensor:
    size, out, g = _adaptive(f"adaptive_avg_pool{n}d", n, input, output_size)
    kind = input._array.dtype
    if g is not None:
        result = AVERAGE(input, (g, kind.type(math.prod(g.kernel))))
    else:
        axes = []
        for axis, (s, o) in enumerate(zip(size, out, strict=True)):
            start, end = _bounds(s, o)
            longest = int((end - start).max()) if o else 0
            axes.append((axis - n, s, [
                (np.minimum(start + t, end - 1), ((start + t < end) / (end - start)).astype(kind))
                for t in range(longest)]))
        result = RESAMPLE(input, tuple(axes))
    return _finished(result, n, "MeanBackward1" if n > 1 and set(out) == {1} else f"AdaptiveAvgPool{n}DBackward0")


def adaptive_avg_pool1d(input, output_size) -> Tensor:
    """(N, C, L) → (N, C, output_size): the means of as many windows."""
    return _adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input, output_size) -> Tensor:
    """(N, C, H, W) → (N, C, *output_size); None keeps a size."""
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input, output_size) -> Tensor:
    """(N, C, D, H, W) → (N, C, *output_size); None keeps a size."""
    return _adaptive_avg_pool(3, input, output_size)


def _gathered(x, options):
    index, size = options
    lead = x.shape[:-len(size)]
    return np.take_along_axis(x.reshape(*lead, -1), index.reshape(*lead, -1), -1).reshape(index.shape)


def _gathered_back(grad, options):
    index, size = options
    lead, whole = grad.shape[:-len(size)], math.prod(size)
    rows = np.arange(math.prod(lead))[:, None] * whole
    out = np.zeros(math.prod(lead) * whole, grad.dtype)
    np.add.at(out, (index.reshape(len(rows), -1) + rows).reshape(-1), grad.reshape(-1))
    return out.reshape(*lead, *size)


GATHER = adjoint_pair("adaptive_max_pool", _gathered, _gathered_back)


def _adaptive_best(x: np.ndarray, size: tuple, out: tuple) -> np.ndarray:
    """Positions in the flattened input of the maximum of each window."""
    n = len(size)
    bounds = [_bounds(s, o) for s, o in zip(size, out, strict=True)]
    best, top = None, None
    for step in np.ndindex(*[int((end - start).max()) if len(start) else 0 for start, end in bounds]):
        places = np.ix_(*[np.minimum(start + t, end - 1) for t, (start, end) in zip(step, bounds, strict=True)])
        part, flat = x[(..., *places)], np.zeros((1,) * n, np.int64)
        for place, s in zip(places, size, strict=True):
            flat = flat * s + place
        better = np.ones(part.shape, bool) if top is None else (part > top) | (part != part)
        best = np.broadcast_to(flat, part.shape).copy() if best is None else np.where(better, flat, best)
        top = part if top is None else np.where(better, part, top)
    return np.zeros((*x.shape[:-n], *out), np.int64) if best is None else best


def _adaptive_max_pool(n: int, input, output_size, return_indices: bool):
    size, out, g = _adaptive(f"adaptive_max_pool{n}d", n, input, output_size)
    if g is not None:
        result = MAX(input, g)
        index = _flat_index(_best_tap(input._array, g), g) if return_indices else None
    else:
        index = _adaptive_best(input._array, size, out)
        result = GATHER(input, (index, size))
    result = _finished(result, n, f"AdaptiveMaxPool{n}DBackward0")
    return (result, wrap(index)) if return_indices else result


def adaptive_max_pool1d(input, output_size, return_indices: bool = False):
    """(N, C, L) → (N, C, output_size): the maxima of as many windows."""
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input, output_size, return_indices: bool = False):
    """(N, C, H, W) → (N, C, *output_size); None keeps a size."""
    return _adaptive_max_pool(2, input, output_size, return_indices)
