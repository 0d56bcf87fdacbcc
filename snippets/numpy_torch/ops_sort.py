"""Order: sort, argsort, topk, kthvalue, median, unique, searchsorted, bincount, isin."""

import numpy as np

from .dtypes import BOOL, INT64
from .helpers import normal_dim
from .ops_reduce import _place, return_type
from .primitive import Primitive, function, public, relabel
from .tensor import Tensor, wrap

SORT_RESULT = return_type("sort", "values", "indices")
TOPK_RESULT = return_type("topk", "values", "indices")


def descending_order(array: np.ndarray, dim: int) -> np.ndarray:
    """Indices of a stable descending sort: equal elements stay in order."""
    flipped = np.flip(array, dim)
    order = np.flip(np.argsort(flipped, axis=dim, kind="stable"), dim)
    return array.shape[dim] - 1 - order


def _sort(self, dim, descending):
    if not self.ndim:
        return self.copy(), np.zeros((), INT64)
    order = descending_order(self, dim) if descending else np.argsort(self, axis=dim, kind="stable")
    return np.take_along_axis(self, order, dim), order.astype(INT64)


def _topk(self, k, dim, largest):
    values, order = _sort(self, dim, largest)
    if not self.ndim:
        return values, order
    part = (slice(None),) * dim + (slice(k),)
    return values[part].copy(), order[part].copy()


def _back(grad, index, shape, dim):
    return _place(grad, index, shape, dim, True)


SORT = Primitive("sort", _sort, "self dim descending", outputs=True,
                 self=lambda grad, result, self_shape, dim: _back(grad[0], result[1], self_shape, dim))
TOPK = Primitive("topk", _topk, "self k dim largest", outputs=True,
                 self=lambda grad, result, self_shape, dim: _back(grad[0], result[1], self_shape, dim))


def _unique(self, dim):
    values, inverse, counts = np.unique(self, return_inverse=True, return_counts=True, axis=dim)
    shape = self.shape if dim is None else (self.shape[dim],)
    return values, inverse.astype(INT64).reshape(shape), counts.astype(INT64)


def _no_unique_back(grad):
    raise NotImplementedError("the derivative for '_unique2' is not implemented.")


UNIQUE = Primitive("unique2", _unique, "self dim", outputs=True, self=_no_unique_back)


@public
def sort(input, dim: int = -1, descending: bool = False, *, stable: bool | None = None):
    pair = SORT(input, normal_dim(dim, input._array.ndim), bool(descending))
    if stable is not None:
        relabel(pair[0], "SortBackward1")
    return SORT_RESULT(pair)


@public
def argsort(input, dim: int = -1, descending: bool = False, stable: bool = False):
    return wrap(_sort(input._array, normal_dim(dim, input._array.ndim), bool(descending))[1])


@public
def msort(input):
    return sort(input, 0)[0]


@public
def topk(input, k: int, dim: int = -1, largest: bool = True, sorted: bool = True):
    dim = normal_dim(dim, input._array.ndim)
    n = input._array.shape[dim] if input._array.ndim else 1
    if input._array.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU")
    if not 0 <= k <= n:
        raise RuntimeError("selected index k out of range")
    return TOPK_RESULT(TOPK(input, k, dim, bool(largest)))


@public
def unique(input, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim=None):
    """Distinct elements (or slices along `dim`) in ascending order."""
    values, inverse, counts = UNIQUE(input, dim)
    if dim is not None:
        relabel(values, "UniqueDimBackward0")
    out = [values, *([inverse] if return_inverse else ()), *([counts] if return_counts else ())]
    return out[0] if len(out) == 1 else tuple(out)


@public
def bincount(input, weights=None, minlength: int = 0):
    if input._array.ndim != 1 or (input._array.size and input._array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    counts = np.bincount(input._array.astype(np.intp), None if weights is None else weights._array, minlength)
    kind = INT64 if weights is None else np.float32 if weights._array.dtype == np.float32 else np.float64
    return wrap(counts.astype(kind))


@function
def searchsorted(sorted_sequence, input, *, out_int32: bool = False, right: bool = False, side=None, sorter=None):
    """Where each element of `input` would be inserted, row by row for more than one dimension."""
    if sorter is not None:
        from .absent import refuse

        raise refuse("torch.searchsorted(sorter=…)", "sort the sequence first")
    side = side or ("right" if right else "left")
    edges = sorted_sequence._array
    values = input._array if isinstance(input, Tensor) else np.asarray(input, edges.dtype)
    kind = np.int32 if out_int32 else INT64
    if edges.ndim == 1:
        return wrap(np.asarray(np.searchsorted(edges, values, side)).astype(kind))
    if edges.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, but we got boundaries tensor {list(edges.shape)} and input "
            f"value tensor {list(values.shape)}")
    out = np.empty(values.shape, kind)
    for place in np.ndindex(*edges.shape[:-1]):
        out[place] = np.searchsorted(edges[place], values[place], side)
    return wrap(out)


@function
def bucketize(input, boundaries, *, out_int32: bool = False, right: bool = False):
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@function
def isin(elements, test_elements, *, assume_unique: bool = False, invert: bool = False):
    left, right = (t._array if isinstance(t, Tensor) else np.asarray(t) for t in (elements, test_elements))
    return wrap(np.asarray(np.isin(left, right, invert=invert)).astype(BOOL))
