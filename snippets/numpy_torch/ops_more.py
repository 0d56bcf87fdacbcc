"""Distances, differences, running log-sum-exp, masked and reducing scatters, and small in-place changes of shape."""

import math

import numpy as np

from .dtypes import BOOL
from .helpers import broadcast_shape, normal_dim
from .ops_index import _along, _gather, _long, _scatter_checks, _scatter_self
from .ops_shape import reshape_in_place
from .primitive import Primitive, function, method, public, relabel, scalar_name

# --- distances ---------------------------------------------------------------------------------------------


def _distances(x1, x2, p):
    """(…, R, M), (…, S, M) → (…, R, S)."""
    apart = np.abs(x1[..., :, None, :] - x2[..., None, :, :])
    if p == 0:
        return (apart != 0).sum(-1).astype(apart.dtype)
    if p == 1:
        return apart.sum(-1)
    if p == 2:
        return np.sqrt((apart * apart).sum(-1))
    if math.isinf(p):
        return apart.max(-1) if apart.shape[-1] else apart.sum(-1)
    return (apart ** apart.dtype.type(p)).sum(-1) ** apart.dtype.type(1 / p)


def _euclidean(x1, x2, p):
    """√(|a|² − 2ab + |b|²) by one matrix product, as PyTorch does for more than 25 rows."""
    one, other = np.ones_like(x1[..., :1]), np.ones_like(x2[..., :1])
    left = np.concatenate([-2 * x1, (x1 * x1).sum(-1, keepdims=True), one], -1)
    right = np.concatenate([x2, other, (x2 * x2).sum(-1, keepdims=True)], -1)
    return np.sqrt(np.maximum(left @ right.swapaxes(-1, -2), 0))


def _cdist_back(grad, x1, x2, result, p):
    if p == 2:
        ratio = np.where(result == 0, 0, grad / result)
        return (x1 * ratio.sum(-1)[..., None] - ratio @ x2,
                x2 * ratio.sum(-2)[..., None] - ratio.swapaxes(-1, -2) @ x1)
    apart = x1[..., :, None, :] - x2[..., None, :, :]
    size, dist, g = np.abs(apart), result[..., None], grad[..., None]
    if p == 0:
        slope = np.zeros_like(apart)
    elif p == 1:
        slope = g * np.sign(apart)
    elif math.isinf(p):
        slope = g * np.sign(apart) * (size == dist)
    else:
        kind = apart.dtype.type
        slope = np.where((dist == 0) | (apart == 0), 0, np.sign(apart) * size ** kind(p - 1) * g / dist ** kind(p - 1))
    return slope.sum(-2), -slope.sum(-3)


CDIST = Primitive("cdist", _distances, "x1 x2 p", joint=_cdist_back, inputs="x1 x2")
EUCLIDEAN = Primitive("euclidean_dist", _euclidean, "x1 x2 p", joint=_cdist_back, inputs="x1 x2",
                      label="ViewBackward0")
MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


@function
def cdist(x1, x2, p: float = 2.0, compute_mode: str | None = MODES[0]):
    """The p-norm distance of every row of x1 (…, R, M) to every row of x2 (…, S, M): (…, R, S)."""
    compute_mode = compute_mode or MODES[0]
    if compute_mode not in MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    for number, array in (("X1", x1._array), ("X2", x2._array)):
        if array.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {number} got: {scalar_name(array.dtype)}")
        if array.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {number} got: {array.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    batch = broadcast_shape(x1._array.shape[:-2], x2._array.shape[:-2])
    x1, x2 = (t if t._array.shape[:-2] == batch else t.expand(*batch, *t.shape[-2:]) for t in (x1, x2))
    rows = max(x1.shape[-2], x2.shape[-2])
    empty = not (x1._array.size and x2._array.size)
    product = p == 2 and not empty and (compute_mode == MODES[1] or (compute_mode == MODES[0] and rows > 25))
    return (EUCLIDEAN if product else CDIST)(x1, x2, float(p))


# --- differences ---------------------------------------------------------------------------------------------


@public
def diff(input, n: int = 1, dim: int = -1, prepend=None, append=None):
    """Neighbours' differences along `dim`, taken `n` times."""
    from .ops_shape import cat

    if not input._array.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    dim = normal_dim(dim, input._array.ndim)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    for t in (prepend, append):
        if t is not None and t._array.ndim != input._array.ndim:
            raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    if n == 0:
        return relabel(input.clone(), "torch::autograd::CopyBackwards")
    if prepend is not None or append is not None:
        input = cat([t for t in (prepend, input, append) if t is not None], dim)
    for _ in range(max(1, min(n, input.shape[dim]))):
        count = max(input.shape[dim], 1)
        after, before = input.narrow(dim, min(1, input.shape[dim]), count - 1), input.narrow(dim, 0, count - 1)
        input = after.logical_xor(before) if input._array.dtype == BOOL else after - before
    return input


# --- running log-sum-exp -------------------------------------------------------------------------------------


def _logcumsumexp(self, dim):
    return np.logaddexp.accumulate(self, axis=dim) if self.ndim else self.copy()


def _logcumsumexp_back(grad, self, result, dim):
    """Positive and negative gradients apart, each as a running log-sum-exp from the end."""
    if not self.ndim:
        return grad
    def share(part):
        logs = np.flip(np.log(part) - result, dim)
        return np.exp(np.flip(np.logaddexp.accumulate(logs, axis=dim), dim) + self)

    return share(np.maximum(grad, 0)) - share(np.maximum(-grad, 0))


LOGCUMSUMEXP = Primitive("logcumsumexp", _logcumsumexp, "self dim", self=_logcumsumexp_back)


@public
def logcumsumexp(input, dim: int):
    """log of the running sum of exp along `dim`."""
    dim = normal_dim(dim, input._array.ndim)
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"logcumsumexp_out_cpu\" not implemented for '{scalar_name(input._array.dtype)}'")
    return LOGCUMSUMEXP(input, dim)


# --- masked_scatter --------------------------------------------------------------------------------------------


def _masked_scatter(memory, mask, source):
    memory[np.broadcast_to(mask, memory.shape)] = source.reshape(-1)[:np.count_nonzero(
        np.broadcast_to(mask, memory.shape))]


def _masked_scatter_copy(self, mask, source):
    out = self.copy()
    _masked_scatter(out, mask, source)
    return out


def _masked_source(grad, mask, source_shape):
    out = np.zeros(source_shape, grad.dtype)
    taken = grad[np.broadcast_to(mask, grad.shape)]
    out.reshape(-1)[:taken.size] = taken
    return out


MASKED_SCATTER = Primitive("masked_scatter", _masked_scatter_copy, "self mask source", write=_masked_scatter,
                           complex=True, self=lambda grad, mask: np.where(mask, 0, grad), source=_masked_source)


def _mask_checks(self, shape, mask, source) -> None:
    if mask._array.dtype != BOOL:
        raise RuntimeError("masked_scatter_ only supports boolean masks, but got mask with dtype "
                           f"{scalar_name(mask._array.dtype)}")
    if self._array.dtype != source._array.dtype:
        raise RuntimeError("masked_scatter: expected self and source to have same dtypes but gotself as "
                           f"{scalar_name(self._array.dtype)} and source as {scalar_name(source._array.dtype)}")
    if np.count_nonzero(np.broadcast_to(mask._array, shape)) > source._array.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")


@public
def masked_scatter(input, mask, source):
    """`source`'s elements, in order, at the true places of `mask`."""
    shape = broadcast_shape(input._array.shape, mask._array.shape)
    _mask_checks(input, shape, mask, source)
    return MASKED_SCATTER(input if shape == input._array.shape else input.expand(*shape), mask, source)


@method
def masked_scatter_(self, mask, source):
    from .ops_copy import check_expand

    check_expand(mask._array.shape, self._array.shape)
    _mask_checks(self, self._array.shape, mask, source)
    return MASKED_SCATTER.inplace(self, mask, source)


# --- scatter_reduce --------------------------------------------------------------------------------------------

REDUCTIONS = {"sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def _neutral(reduce: str, kind: np.dtype):
    """What does not change a reduction."""
    if reduce in ("sum", "mean", "prod"):
        return kind.type(reduce == "prod")
    if kind == BOOL:
        return np.bool_(reduce == "amin")
    limits = np.iinfo(kind) if kind.kind in "iu" else None
    low, high = (-np.inf, np.inf) if limits is None else (limits.min, limits.max)
    return kind.type(low if reduce == "amax" else high)


def _part(array, index):
    return array[tuple([slice(n) for n in index.shape])]


def _counts(shape, kind, dim, index, include_self):
    count = np.full(shape, include_self, kind)
    if index.size:
        np.add.at(count, _along(index, dim), kind.type(1))
    count[count == 0] = 1
    return count


def _flat(fn):
    """0-dim operands as vectors of one element."""
    def call(self, dim, index, src, *rest):
        if self.ndim and index.ndim:
            return fn(self, dim, index, src, *rest)
        shape = self.shape
        return fn(self.reshape(-1), 0, index.reshape(-1), src.reshape(-1), *rest).reshape(shape)

    return call


@_flat
def _scatter_reduce(self, dim, index, src, reduce, include_self):
    out = self.copy()
    if not index.size:
        return out
    key = _along(index, dim)
    if not include_self:
        out[key] = _neutral(reduce, out.dtype)
    REDUCTIONS[reduce].at(out, key, _part(src, index))
    if reduce != "mean":
        return out
    count = _counts(out.shape, np.dtype(np.int64) if out.dtype.kind in "iu" else out.dtype, dim, index, include_self)
    return (out // count if out.dtype.kind in "iu" else out / count).astype(self.dtype)


def _scatter_reduce_back(grad, self, dim, index, src, reduce, include_self, result):
    if not self.ndim or not index.ndim:
        own, given = _scatter_reduce_back(*[a.reshape(-1) for a in (grad, self)], 0, index.reshape(-1),
                                          src.reshape(-1), reduce, include_self, result.reshape(-1))
        return own.reshape(self.shape), given.reshape(src.shape)
    read = _part(src, index)

    def added(values):
        out = np.zeros(self.shape, grad.dtype)
        if index.size:
            np.add.at(out, _along(index, dim), values.astype(grad.dtype))
        return out

    if reduce in ("sum", "mean"):
        own = grad if reduce == "sum" else grad / _counts(self.shape, grad.dtype, dim, index, include_self)
        given = _gather(own, dim, index)
    elif reduce == "prod":
        filled = np.where(self == 0, 1, self)
        own = grad * _scatter_reduce(filled, dim, index, src, reduce, include_self) / filled
        lone = (read == 0) & (_gather(added(read == 0), dim, index) == 1)
        without = _scatter_reduce(self, dim, index, np.where(lone, 1, read).astype(src.dtype), reduce, include_self)
        given = np.where(lone, _gather(grad * without, dim, index),
                         _gather(grad * result, dim, index) / np.where(read == 0, 1, read))
    else:
        from_self, from_src = self == result, read == _gather(result, dim, index)
        share = grad / np.maximum(from_self + added(from_src), 1)
        own, given = from_self * share, from_src * _gather(share, dim, index)
    whole = np.zeros(src.shape, grad.dtype)
    whole[tuple([slice(n) for n in index.shape])] = given
    return own if include_self else _scatter_self(own, dim, index), whole


SCATTER_REDUCE = Primitive("scatter_reduce", _scatter_reduce, "self dim index src reduce include_self",
                           joint=_scatter_reduce_back, inputs="self src")


def _reduce_checks(self, dim, index, src, reduce: str) -> int:
    if reduce not in REDUCTIONS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    return _scatter_checks(self, dim, index, src, "scatter_reduce")


@public
def scatter_reduce(input, dim: int, index, src, reduce: str, *, include_self: bool = True):
    """Reduce the elements of `src` that `index` sends to one place; reduce: sum, prod, mean, amax or amin."""
    dim = _reduce_checks(input, dim, index, src, reduce)
    return SCATTER_REDUCE(input, dim, _long(index), src, reduce, include_self)


@method
def scatter_reduce_(self, dim: int, index, src, reduce: str, *, include_self: bool = True):
    dim = _reduce_checks(self, dim, index, src, reduce)
    return SCATTER_REDUCE.inplace(self, dim, _long(index), src, reduce, include_self)


# --- small ones ------------------------------------------------------------------------------------------------


@public
def positive(input):
    if input._array.dtype == BOOL:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def _fill_diagonal(memory, value, wrap):
    np.fill_diagonal(memory, value, wrap)


def _zero_diagonal(grad, wrap):
    out = grad.copy()
    np.fill_diagonal(out, 0, wrap)
    return out


def _filled_diagonal(self, value, wrap):
    out = self.copy()
    np.fill_diagonal(out, value, wrap)
    return out


FILL_DIAGONAL = Primitive("fill_diagonal", _filled_diagonal, "self value wrap", write=_fill_diagonal, complex=True,
                          label="torch::autograd::CopySlices", self=_zero_diagonal)


@method
def fill_diagonal_(self, fill_value, wrap: bool = False):
    shape = self._array.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) != 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    return FILL_DIAGONAL.inplace(self, fill_value, bool(wrap))


@method
def t_(self):
    return reshape_in_place(self, lambda x: x.t(), "TBackward1")


@method
def transpose_(self, dim0: int, dim1: int):
    return reshape_in_place(self, lambda x: x.transpose(dim0, dim1), "TransposeBackward1")
