"""Order statistics and counts: median, kthvalue, mode, quantile, cummax, cummin, histc, unique_consecutive."""

import math

import numpy as np

from .dtypes import INT64
from .helpers import normal_dim
from .ops_index import _scatter_add
from .ops_reduce import _place, _tied, return_type
from .primitive import Primitive, function, public, relabel, scalar_name
from .tensor import Tensor, wrap


def _nan(array: np.ndarray) -> np.ndarray:
    return np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)


# --- one element of each row -----------------------------------------------------------------------------


def _picked(choose):
    """Forward of (self, …, dim, keepdim): `choose(rows, …)` gives an index for each row of the last dimension."""
    def forward(self, *rest):
        *options, dim, keepdim = rest
        if not self.ndim:
            return self.copy(), np.zeros((), INT64)
        index = np.expand_dims(choose(np.moveaxis(self, dim, -1), *options), dim).astype(INT64)
        values = np.take_along_axis(self, index, dim)
        return (values, index) if keepdim else (values.squeeze(dim), index.squeeze(dim))

    return forward


def _back(grad, result, self_shape, dim, keepdim):
    return _place(grad[0], result[1], self_shape, dim, keepdim)


def _kth(rows, k):
    return np.argsort(rows, axis=-1, kind="stable")[..., k - 1]


def _middle(rows, skip_nan):
    """The lower median; NaN if there is one, unless `skip_nan`."""
    order, missing = np.argsort(rows, axis=-1, kind="stable"), _nan(rows)
    count = rows.shape[-1] - missing.sum(-1) if skip_nan else np.full(rows.shape[:-1], rows.shape[-1])
    place = np.take_along_axis(order, np.maximum((count - 1) // 2, 0)[..., None], -1)[..., 0]
    return place if skip_nan else np.where(missing.any(-1), missing.argmax(-1), place)


def _most_frequent(rows):
    """The last place of the most frequent value, of the smallest one if there are several."""
    order = np.argsort(rows, axis=-1, kind="stable")
    values = np.take_along_axis(rows, order, -1)
    changes = values[..., 1:] != values[..., :-1]
    edge = np.ones((*values.shape[:-1], 1), bool)
    place = np.arange(values.shape[-1])
    start = np.maximum.accumulate(np.where(np.concatenate([edge, changes], -1), place, 0), axis=-1)
    length = np.where(np.concatenate([changes, edge], -1), place - start + 1, 0)
    return np.take_along_axis(order, length.argmax(-1)[..., None], -1)[..., 0]


KTHVALUE = Primitive("kthvalue", _picked(_kth), "self k dim keepdim", outputs=True, self=_back)
MEDIAN = Primitive("median", _picked(_middle), "self skip_nan dim keepdim", outputs=True, self=_back,
                   label="MedianBackward1")
MODE = Primitive("mode", _picked(_most_frequent), "self dim keepdim", outputs=True, self=_back)
KTHVALUE_RESULT, MODE_RESULT, MEDIAN_RESULT, NANMEDIAN_RESULT = (
    return_type(name, "values", "indices") for name in ("kthvalue", "mode", "median", "nanmedian"))


def _median_of_all(self, skip_nan):
    return self.reshape(-1)[_middle(self.reshape(-1), skip_nan)] if self.size else np.asarray(np.nan, self.dtype)


MEDIAN_OF_ALL = Primitive(
    "median", _median_of_all, "self skip_nan", self=lambda grad, self, result: _tied(
        grad, self, result, tuple(range(self.ndim)), False))


def _dim(input: Tensor, dim: int, name: str) -> int:
    dim = normal_dim(dim, input._array.ndim)
    if input._array.ndim and not input._array.shape[dim]:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
    return dim


@public
def kthvalue(input, k: int, dim: int = -1, keepdim: bool = False):
    """The k-th smallest value of each row, and where it is."""
    dim = _dim(input, dim, "kthvalue")
    if not 1 <= k <= (input._array.shape[dim] if input._array.ndim else 1):
        raise RuntimeError("kthvalue(): selected number k out of range for dimension " + str(dim))
    return KTHVALUE_RESULT(KTHVALUE(input, k, dim, keepdim))


def _median(input, dim, keepdim: bool, skip_nan: bool, result):
    name = "nanmedian" if skip_nan else "median"
    if dim is None:
        return relabel(MEDIAN_OF_ALL(input, skip_nan), f"{name.capitalize()}Backward0")
    pair = MEDIAN(input, skip_nan, _dim(input, dim, "median"), keepdim)
    relabel(pair[0], f"{name.capitalize()}Backward1")
    return result(pair)


@public
def median(input, dim: int | None = None, keepdim: bool = False):
    """The lower of the two middle values; with `dim`, also where it is."""
    return _median(input, dim, keepdim, False, MEDIAN_RESULT)


@public
def nanmedian(input, dim: int | None = None, keepdim: bool = False):
    return _median(input, dim, keepdim, True, NANMEDIAN_RESULT)


@public
def mode(input, dim: int = -1, keepdim: bool = False):
    """The most frequent value of each row, and where it is last."""
    return MODE_RESULT(MODE(input, _dim(input, dim, "mode"), keepdim))


# --- quantiles -------------------------------------------------------------------------------------------

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(input, q, dim, keepdim: bool, interpolation: str, skip_nan: bool, name: str):
    from .ops_create import full_like
    from .ops_elementwise import lerp
    from .ops_sort import sort

    if input._array.dtype not in (np.float32, np.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
        q = wrap(np.asarray(q, input._array.dtype))
    if q._array.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if q._array.dtype != input._array.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if q._array.size and not ((q._array >= 0) & (q._array <= 1)).all():
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got "
                           f"{interpolation}")
    if not input._array.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    shape = [1] * input._array.ndim if dim is None else list(input._array.shape)
    if dim is not None and shape:
        dim = normal_dim(dim, len(shape))
        shape[dim] = 1
    rows = input.flatten() if dim is None or not shape else input.movedim(dim, -1)
    ordered = sort(rows, -1)[0].unsqueeze(-2)  # (…, 1, N)
    last, missing = rows.shape[-1] - 1, np.isnan(ordered._array)
    if skip_nan:
        ranks = q * wrap(((~missing).sum(-1, keepdims=True) - 1).astype(q._array.dtype))  # (…, 1, Q)
        ranks = ranks.masked_fill(ranks < 0, 0)
    else:
        ranks = (q * last).expand(*ordered.shape[:-1], q.numel())
        ranks = ranks.masked_fill(wrap(missing.any(-1, keepdims=True)), last)
    if interpolation in ("lower", "higher", "nearest"):
        ranks = {"lower": ranks.floor, "higher": ranks.ceil, "nearest": ranks.round}[interpolation]()
    lower = ranks.floor()
    below = _along_last(ordered, lower)
    if interpolation in ("linear", "midpoint"):
        weight = full_like(ranks, 0.5) if interpolation == "midpoint" else ranks - lower
        below = lerp(below, _along_last(ordered, ranks.ceil()), weight)
    out = below.squeeze(-2).movedim(-1, 0)  # (Q, …)
    if keepdim:
        out = out.reshape((out.shape[0], *shape))
    return out if q._array.ndim else out.squeeze(0)


def _along_last(ordered: Tensor, ranks: Tensor) -> Tensor:
    return ordered.gather(-1, wrap(ranks._array.astype(INT64)))


@public
def quantile(input, q, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"):
    """The q-th quantile (a number or a vector of them) of each row, or of all elements."""
    return _quantile(input, q, dim, keepdim, interpolation, False, "quantile")


@public
def nanquantile(input, q, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"):
    return _quantile(input, q, dim, keepdim, interpolation, True, "nanquantile")


# --- running extremes --------------------------------------------------------------------------------------


def _running(ufunc):
    def forward(self, dim):
        if not self.ndim:
            return self.copy(), np.zeros((), INT64)
        values = ufunc.accumulate(self, axis=dim)
        place = np.arange(self.shape[dim]).reshape([-1 if d == dim else 1 for d in range(self.ndim)])
        found = np.where((self == values) | _nan(self), place, 0)
        return values, np.maximum.accumulate(found, axis=dim).astype(INT64)

    return forward


def _running_back(grad, result, self_shape, dim):
    out = np.zeros(self_shape, grad[0].dtype)
    return _scatter_add(out, dim, result[1], grad[0]) if out.size else out


CUMMAX = Primitive("cummax", _running(np.maximum), "self dim", outputs=True, self=_running_back)
CUMMIN = Primitive("cummin", _running(np.minimum), "self dim", outputs=True, self=_running_back)
CUMMAX_RESULT, CUMMIN_RESULT = return_type("cummax", "values", "indices"), return_type("cummin", "values", "indices")


@public
def cummax(input, dim: int):
    """The largest value so far along `dim`, and where it is (the last place of equals)."""
    return CUMMAX_RESULT(CUMMAX(input, normal_dim(dim, input._array.ndim)))


@public
def cummin(input, dim: int):
    return CUMMIN_RESULT(CUMMIN(input, normal_dim(dim, input._array.ndim)))


# --- counts ------------------------------------------------------------------------------------------------


@public
def histc(input, bins: int = 100, min: float = 0, max: float = 0):
    """How many elements lie in each of `bins` equal parts of [min, max]; of the data's range if both are equal."""
    array = input._array
    if array.dtype.kind != "f":
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{scalar_name(array.dtype)}'")
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = array.dtype.type(min), array.dtype.type(max)
    if low == high and array.size:
        low, high = array.min(), array.max()
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    inside = array[(array >= low) & (array <= high)]
    place = ((inside - low) * array.dtype.type(bins) / (high - low)).astype(INT64)
    return wrap(np.bincount(np.minimum(place, bins - 1), minlength=bins).astype(array.dtype))


def _unique_consecutive(self, dim):
    rows = self.reshape(-1) if dim is None else np.moveaxis(self, dim, 0)
    n = len(rows)
    starts = np.ones(n, bool)
    if n:
        starts[1:] = (rows[1:] != rows[:-1]).any(axis=tuple(range(1, rows.ndim)))
    values = rows[starts] if dim is None else np.ascontiguousarray(np.moveaxis(rows[starts], 0, dim))
    inverse = (np.cumsum(starts) - 1).astype(INT64)
    counts = np.diff(np.append(np.flatnonzero(starts), n)).astype(INT64)
    return values, inverse.reshape(self.shape) if dim is None else inverse, counts


def _no_derivative(grad):
    raise NotImplementedError("the derivative for 'unique_consecutive' is not implemented.")


UNIQUE_CONSECUTIVE = Primitive("unique_consecutive", _unique_consecutive, "self dim", outputs=True, self=_no_derivative)


@public
def unique_consecutive(input, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None):
    """Drop elements (slices along `dim`) equal to the one before them."""
    dim = None if dim is None else normal_dim(dim, input._array.ndim)
    values, inverse, counts = UNIQUE_CONSECUTIVE(input, dim)
    out = [values, *([inverse] if return_inverse else ()), *([counts] if return_counts else ())]
    return out[0] if len(out) == 1 else tuple(out)


@function
def combinations(input, r: int = 2, with_replacement: bool = False):
    """All choices of r elements of a vector, one a row."""
    from itertools import combinations as distinct
    from itertools import combinations_with_replacement as repeated

    if input._array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input._array.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty(0)
    rows = list((repeated if with_replacement else distinct)(range(len(input._array)), r))
    return relabel(input[wrap(np.array(rows, INT64).reshape(-1, r))], "StackBackward0")


@function
def cartesian_prod(*tensors):
    """All ways to take one element of each vector, one a row."""
    from .ops_shape import meshgrid, stack

    for t in tensors:
        if t._array.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(t._array.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.flatten() for g in meshgrid(*tensors, indexing="ij")], 1)
