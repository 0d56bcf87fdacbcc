"""Reductions: sum, mean, var, max, norm, logsumexp, all, any, cumulative sums and products."""

import math

import numpy as np

from .dtypes import BOOL, INT64, _Default
from .helpers import expandable, normal_dim, normal_dims, sizes_of, spread, unreduced
from .primitive import Primitive, function, method, public, relabel, scalar_name
from .tensor import Tensor, wrap


def _sum(self, dims, keepdim, kind):
    return np.sum(self, axis=dims, keepdims=keepdim, dtype=kind)


def _count(shape, dims):
    return math.prod([shape[d] for d in dims])


def _mean(self, dims, keepdim):
    n = _count(self.shape, dims)
    total = np.sum(self, axis=dims, keepdims=keepdim)
    return total / self.dtype.type(n)


def _mean_back(grad, shape, dims, keepdim):
    return spread(grad / grad.dtype.type(_count(shape, dims)), shape, dims, keepdim)


def _var(self, dims, correction, keepdim):
    n = _count(self.shape, dims)
    centred = self - self.mean(axis=dims, keepdims=True)
    squares = np.sum(centred * centred, axis=dims, keepdims=keepdim)
    return squares / self.dtype.type(max(n - correction, 0))


def _var_back(grad, self, dims, correction, keepdim):
    n = _count(self.shape, dims)
    centred = self - self.mean(axis=dims, keepdims=True)
    return unreduced(grad, self.shape, dims, keepdim) * centred * self.dtype.type(
        2 / (n - correction) if n > correction else math.nan if n == correction else math.inf)


def _std_back(grad, self, result, dims, correction, keepdim):
    inner = np.where(result == 0, 0, grad / (result * 2))
    return _var_back(inner, self, dims, correction, keepdim)


def sum_parts(parts: list) -> np.ndarray:
    """The sum of the gradients of several outputs."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _tied(grad, self, result, dims, keepdim):
    """Share the gradient of a maximum equally among the elements that attain it."""
    hit = self == unreduced(result, self.shape, dims, keepdim)
    hit |= np.isnan(self) & np.isnan(unreduced(result, self.shape, dims, keepdim))
    return np.where(hit, unreduced(grad, self.shape, dims, keepdim) / hit.sum(axis=dims, keepdims=True), 0).astype(
        self.dtype)


def _place(grad, index, shape, dim, keepdim):
    """The gradient of picking one element along `dim`."""
    out = np.zeros(shape, grad.dtype)
    if not shape:
        return out + grad
    if not keepdim:
        grad, index = np.expand_dims(grad, dim), np.expand_dims(index, dim)
    np.put_along_axis(out, index, grad, dim)
    return out


def _extreme(pick):
    def forward(self, dim, keepdim):
        if not self.ndim:
            return self[...].copy(), np.zeros((), INT64)
        index = np.expand_dims(pick(self, dim), dim)
        values = np.take_along_axis(self, index, dim)
        return (values, index.astype(INT64)) if keepdim else (values.squeeze(dim), index.squeeze(dim).astype(INT64))

    return forward


def _prod_back(grad, self, result, dims, keepdim):
    """∏ of the others for each element, also where the product is 0."""
    grad, full = unreduced(grad, self.shape, dims, keepdim), unreduced(result, self.shape, dims, keepdim)
    if not (self == 0).any():
        return grad * full / self
    flat = np.moveaxis(self, dims, range(-len(dims), 0))
    shape = flat.shape
    flat = flat.reshape(*shape[:flat.ndim - len(dims)], -1)
    before = np.ones_like(flat)
    np.cumprod(flat[..., :-1], axis=-1, out=before[..., 1:])
    after = np.ones_like(flat)
    np.cumprod(flat[..., :0:-1], axis=-1, out=after[..., 1:])
    others = np.moveaxis((before * after[..., ::-1]).reshape(shape), range(-len(dims), 0), dims)
    return grad * others


def _norm(self, p, dims, keepdim):
    if p == 2:
        return np.sqrt(np.sum(np.abs(self) ** 2 if self.dtype.kind == "c" else self * self, axis=dims,
                              keepdims=keepdim))
    size = np.abs(self)
    if p == math.inf:
        return size.max(axis=dims, keepdims=keepdim)
    if p == -math.inf:
        return size.min(axis=dims, keepdims=keepdim)
    if p == 0:
        return (self != 0).sum(axis=dims, keepdims=keepdim).astype(size.dtype)
    if p == 1:
        return size.sum(axis=dims, keepdims=keepdim)
    return (size**size.dtype.type(p)).sum(axis=dims, keepdims=keepdim) ** size.dtype.type(1 / p)


def _norm_back(grad, self, result, p, dims, keepdim):
    """Zero where the norm is zero: the subgradient PyTorch takes."""
    grad, norm = unreduced(grad, self.shape, dims, keepdim), unreduced(result, self.shape, dims, keepdim)
    if p == 0:
        return np.zeros_like(self)
    if p == 1:
        return grad * np.sign(self)
    if p == 2:
        return grad * np.where(norm == 0, 0, self / norm)
    if math.isinf(p):
        return np.sign(self) * _tied(grad, np.abs(self), norm, dims, True)
    size = np.abs(self)
    kind = self.dtype.type
    if p < 1:
        slope = np.where(self == 0, 0, np.sign(self) * size ** kind(p - 1))
        return slope * grad * norm ** kind(1 - p)
    if p < 2:
        slope = np.sign(self) * size ** kind(p - 1)
        return slope * np.where(norm == 0, 0, grad / norm ** kind(p - 1))
    return self * size ** kind(p - 2) * np.where(norm == 0, 0, grad / norm ** kind(p - 1))


def _logsumexp(self, dims, keepdim):
    top = self.max(axis=dims, keepdims=True) if self.size else np.zeros_like(self.sum(axis=dims, keepdims=True))
    top = np.where(np.isinf(top), 0, top).astype(self.dtype)
    out = np.log(np.exp(self - top).sum(axis=dims, keepdims=True)) + top
    return out if keepdim else out.squeeze(dims)


def _running(total):
    """A running sum or product; like PyTorch's on CPU it is kept in double precision and rounded at each place."""

    def run(self, dim, kind):
        wide = np.result_type(kind, np.float64) if np.dtype(kind).kind in "fc" else kind
        return total(self.astype(kind, copy=False), axis=dim, dtype=wide).astype(kind, copy=False).reshape(self.shape)

    return run


def _reverse_cumsum(grad, dim):
    return np.flip(np.cumsum(np.flip(grad, dim), axis=dim), dim) if grad.ndim else grad


def _cumprod_back(grad, self, result, dim):
    if not self.ndim:
        return grad
    if not (self == 0).any():
        return _reverse_cumsum(grad * result, dim) / self
    x, g = np.moveaxis(self, dim, -1), np.moveaxis(grad, dim, -1)
    out = np.zeros_like(x)
    n = x.shape[-1]
    for k in range(n):  # with zeros there is no division: sum the products that contain element k
        others = np.concatenate([x[..., :k], np.ones_like(x[..., :1]), x[..., k + 1:]], -1)
        out[..., k] = (g * np.cumprod(others, -1))[..., k:].sum(-1)
    return np.moveaxis(out, -1, dim)


SUM = Primitive("sum", _sum, "self dims keepdim kind", complex=True,
                self=lambda grad, self_shape, dims, keepdim: spread(grad, self_shape, dims, keepdim))
MEAN = Primitive("mean", _mean, "self dims keepdim", complex=True,
                 self=lambda grad, self_shape, dims, keepdim: _mean_back(grad, self_shape, dims, keepdim))
VAR = Primitive("var", _var, "self dims correction keepdim", self=_var_back)
STD = Primitive("std", lambda self, dims, correction, keepdim: np.sqrt(_var(self, dims, correction, keepdim)),
                "self dims correction keepdim", self=_std_back)
VAR_MEAN = Primitive(
    "var_mean", lambda self, dims, correction, keepdim: (_var(self, dims, correction, keepdim),
                                                         _mean(self, dims, keepdim)),
    "self dims correction keepdim", outputs=True,
    self=lambda grad, self, dims, correction, keepdim: _var_back(grad[0], self, dims, correction, keepdim)
    + _mean_back(grad[1], self.shape, dims, keepdim))
STD_MEAN = Primitive(
    "std_mean", lambda self, dims, correction, keepdim: (np.sqrt(_var(self, dims, correction, keepdim)),
                                                         _mean(self, dims, keepdim)),
    "self dims correction keepdim", outputs=True,
    self=lambda grad, self, result, dims, correction, keepdim: _std_back(
        grad[0], self, result[0], dims, correction, keepdim) + _mean_back(grad[1], self.shape, dims, keepdim))
AMAX = Primitive("amax", lambda self, dims, keepdim: self.max(axis=dims, keepdims=keepdim), "self dims keepdim",
                 self=_tied)
AMINMAX = Primitive(
    "aminmax", lambda self, dims, keepdim: (self.min(axis=dims, keepdims=keepdim),
                                            self.max(axis=dims, keepdims=keepdim)),
    "self dims keepdim", outputs=True, self=lambda grad, self, result, dims, keepdim: sum_parts(
        [_tied(g, self, r, dims, keepdim) for g, r in zip(grad, result, strict=True)]))
AMIN = Primitive("amin", lambda self, dims, keepdim: self.min(axis=dims, keepdims=keepdim), "self dims keepdim",
                 self=_tied)
MAX = Primitive("max", _extreme(lambda a, d: a.argmax(d)), "self dim keepdim", outputs=True,
                self=lambda grad, result, self_shape, dim, keepdim: _place(
                    grad[0], result[1], self_shape, dim, keepdim))
MIN = Primitive("min", _extreme(lambda a, d: a.argmin(d)), "self dim keepdim", outputs=True,
                self=lambda grad, result, self_shape, dim, keepdim: _place(
                    grad[0], result[1], self_shape, dim, keepdim))
PROD = Primitive("prod", lambda self, dims, keepdim, kind: np.prod(self, axis=dims, keepdims=keepdim, dtype=kind),
                 "self dims keepdim kind", self=_prod_back)
NORM = Primitive("linalg_vector_norm", _norm, "self p dims keepdim", self=_norm_back)
LOGSUMEXP = Primitive("logsumexp", _logsumexp, "self dims keepdim",
                      self=lambda grad, self, result, dims, keepdim: unreduced(
                          grad, self.shape, dims, keepdim) * np.exp(
                              self - unreduced(result, self.shape, dims, keepdim)))
CUMSUM = Primitive("cumsum", _running(np.cumsum), "self dim kind", complex=True,
                   self=lambda grad, dim: _reverse_cumsum(grad, dim))
CUMPROD = Primitive("cumprod", _running(np.cumprod), "self dim kind", self=_cumprod_back)


# --- arguments ---------------------------------------------------------------------------------------


def _dims(input, dim, *, empty_is_all: bool = True) -> tuple[int, ...]:
    if dim is None or (empty_is_all and not isinstance(dim, int) and len(dim) == 0):
        return tuple(range(input._array.ndim))
    return tuple([d for d in normal_dims(dim, input._array.ndim) if d < input._array.ndim])


def _sum_kind(input, dtype):
    """Integers and booleans add up in int64."""
    if dtype is not None:
        return dtype.numpy
    return INT64 if input._array.dtype.kind in "biu" else input._array.dtype


def _floating(input, name: str, dtype=None):
    if dtype is not None:
        if dtype.category < 2:
            raise RuntimeError(
                f"{name}(): could not infer output dtype. Optional dtype must be either a floating point or complex "
                f"dtype. Got: {scalar_name(dtype.numpy)}")
        return input.to(dtype)
    if input._array.dtype.kind not in "fc":
        raise RuntimeError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {scalar_name(input._array.dtype)}")
    return input


def _std_floating(input, name: str):
    if input._array.dtype.kind not in "fc":
        raise RuntimeError(f"{name} only support floating point and complex dtypes")
    return input


@public
def sum(input, dim=None, keepdim: bool = False, *, dtype=None):
    out = SUM(input, _dims(input, dim), keepdim, _sum_kind(input, dtype))
    return out if dim is None else relabel(out, "SumBackward1")


@public
def nansum(input, dim=None, keepdim: bool = False, *, dtype=None):
    out = sum(input.masked_fill(wrap(np.isnan(input._array)), 0), dim, keepdim, dtype=dtype)
    return relabel(out, "NansumBackward0")


@public
def mean(input, dim=None, keepdim: bool = False, *, dtype=None):
    input = _floating(input, "mean", dtype)
    out = MEAN(input, _dims(input, dim), keepdim)
    return out if dim is None else relabel(out, "MeanBackward1")


def _spread_arguments(dim, unbiased, correction):
    """var(x, unbiased), var(x, dim, unbiased), var(x, dim, correction=…)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return dim, correction


@public
def var(input, dim=None, unbiased: bool | None = None, keepdim: bool = False, *, correction=None):
    dim, correction = _spread_arguments(dim, unbiased, correction)
    return VAR(_std_floating(input, "std and var"), _dims(input, dim), correction, keepdim)


@public
def std(input, dim=None, unbiased: bool | None = None, keepdim: bool = False, *, correction=None):
    dim, correction = _spread_arguments(dim, unbiased, correction)
    return STD(_std_floating(input, "std and var"), _dims(input, dim), correction, keepdim)


@function
def var_mean(input, dim=None, unbiased: bool | None = None, keepdim: bool = False, *, correction=None):
    dim, correction = _spread_arguments(dim, unbiased, correction)
    pair = VAR_MEAN(_std_floating(input, "std and var"), _dims(input, dim), correction, keepdim)
    relabel(pair[0], "VarMeanBackward0")
    return pair


@function
def std_mean(input, dim=None, unbiased: bool | None = None, keepdim: bool = False, *, correction=None):
    dim, correction = _spread_arguments(dim, unbiased, correction)
    return STD_MEAN(_std_floating(input, "std and var"), _dims(input, dim), correction, keepdim)


def return_type(name: str, *fields: str):
    """A named tuple that prints as torch.return_types.<name>."""

    def __new__(cls, values):  # noqa: N807
        return tuple.__new__(cls, values)

    def __repr__(self):  # noqa: N807
        inner = ",\n".join([f"{f}={v!r}" for f, v in zip(fields, self, strict=True)])
        return f"torch.return_types.{name}(\n{inner})"

    members = {"__new__": __new__, "__repr__": __repr__, "__slots__": (), "__module__": "torch.return_types"}
    for position, field in enumerate(fields):
        members[field] = property(lambda self, p=position: self[p])
    return type(name, (tuple,), members)


MAX_RESULT = return_type("max", "values", "indices")
MIN_RESULT = return_type("min", "values", "indices")
AMINMAX_RESULT = return_type("aminmax", "min", "max")


def _not_empty(input, dims, name: str):
    if not input._array.size:
        if len(dims) == input._array.ndim:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument.")
        for d in dims:
            if input._array.shape[d] == 0:
                raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")


def _extreme_call(name: str, pick: Primitive, full: Primitive, pair: str, result):
    def call(input, dim=None, keepdim: bool = False, *, other=None, out=None):
        if isinstance(dim, Tensor) or other is not None:
            if not isinstance(input, Tensor):
                raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
            return getattr(input, pair)(dim if other is None else other)
        if dim is None:
            _not_empty(input, tuple(range(input._array.ndim)), name)
            return relabel(full(input, tuple(range(input._array.ndim)), False), f"{name.capitalize()}Backward1")
        dim = normal_dim(dim, input._array.ndim)
        _not_empty(input, (dim,) if input._array.ndim else (), name)
        return result(pick(input, dim, keepdim))

    call.__name__ = name
    return call


public(_extreme_call("max", MAX, AMAX, "maximum", MAX_RESULT))
public(_extreme_call("min", MIN, AMIN, "minimum", MIN_RESULT))


@public
def amax(input, dim=(), keepdim: bool = False):
    dims = _dims(input, dim)
    _not_empty(input, dims, "amax")
    return AMAX(input, dims, keepdim)


@public
def amin(input, dim=(), keepdim: bool = False):
    dims = _dims(input, dim)
    _not_empty(input, dims, "amin")
    return AMIN(input, dims, keepdim)


@public
def aminmax(input, *, dim=None, keepdim: bool = False):
    dims = _dims(input, dim)
    if not input._array.size and dim is not None and not input._array.shape[dim]:
        raise IndexError(f"aminmax: Expected reduction dim {dim} to have non-zero size.")
    if not input._array.size and dim is None:
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
                           "identity.")
    return AMINMAX_RESULT(AMINMAX(input, dims, keepdim))


def _arg(input, pick, name: str, dim, keepdim: bool):
    array = input._array
    if array.dtype == BOOL:
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None:
        if not array.size:
            raise IndexError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument.")
        found = np.asarray(pick(array.ravel())).astype(INT64)
        return wrap(found.reshape((1,) * array.ndim) if keepdim else found)
    dim = normal_dim(dim, array.ndim)
    if not array.ndim:
        return wrap(np.zeros((), INT64))
    if not array.shape[dim]:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
    found = np.asarray(pick(array, dim)).astype(INT64)
    return wrap(np.expand_dims(found, dim) if keepdim else found)


@public
def argmax(input, dim: int | None = None, keepdim: bool = False):
    return _arg(input, np.argmax, "argmax", dim, keepdim)


@public
def argmin(input, dim: int | None = None, keepdim: bool = False):
    return _arg(input, np.argmin, "argmin", dim, keepdim)


@public
def prod(input, dim: int | None = None, keepdim: bool = False, *, dtype=None):
    out = PROD(input, _dims(input, dim), keepdim, _sum_kind(input, dtype))
    return out if dim is None else relabel(out, "ProdBackward1")


@public
def logsumexp(input, dim, keepdim: bool = False):
    if input._array.dtype.kind not in "fc":
        input = input.to(_Default.value)
    return LOGSUMEXP(input, _dims(input, dim, empty_is_all=True), keepdim)


def _truth(reduce):
    def call(input, dim=None, keepdim: bool = False):
        out = reduce(input._array != 0, axis=_dims(input, dim, empty_is_all=False), keepdims=keepdim)
        return wrap(np.asarray(out).astype(np.uint8 if input._array.dtype == np.uint8 else BOOL))

    return call


def _named_truth(name: str, reduce):
    call = _truth(reduce)
    call.__name__ = name
    public(call)


_named_truth("all", np.all)
_named_truth("any", np.any)


@public
def count_nonzero(input, dim=None):
    return wrap(np.asarray(np.count_nonzero(input._array, axis=_dims(input, dim))).astype(INT64))


@public
def cumsum(input, dim: int, *, dtype=None):
    dim = normal_dim(dim, input._array.ndim)
    return CUMSUM(input, dim if input._array.ndim else None, _sum_kind(input, dtype))


@public
def cumprod(input, dim: int, *, dtype=None):
    dim = normal_dim(dim, input._array.ndim)
    return CUMPROD(input, dim if input._array.ndim else None, _sum_kind(input, dtype))


@method
def cumsum_(self, dim: int, *, dtype=None):
    return CUMSUM.inplace(self, normal_dim(dim, self._array.ndim), self._array.dtype)


def vector_norm(x, ord=2, dim=None, keepdim: bool = False, *, dtype=None):
    """torch.linalg.vector_norm."""
    if dtype is not None:
        x = x.to(dtype)
    if x._array.dtype.kind not in "fc":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{scalar_name(x._array.dtype)}")
    dims = _dims(x, dim)
    if not x._array.size and (ord < 0 or ord == math.inf):
        for d in dims or (0,):
            if dim is None or not x._array.shape[d]:
                raise RuntimeError(
                    f"linalg.vector_norm cannot compute the {float(ord):g} norm on an empty tensor because the "
                    "operation does not have an identity")
    return NORM(x, float(ord), dims, keepdim)


@public
def norm(input, p="fro", dim=None, keepdim: bool = False, out=None, dtype=None):
    """Vector norm over `dim`; p="nuc" and p="fro" over two dims are matrix norms."""
    if p == "nuc":
        from .linalg import matrix_norm

        return matrix_norm(input, "nuc", dim if dim is not None else (-2, -1), keepdim, dtype=dtype)
    return vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype)


@public
def dist(input, other, p=2):
    return relabel(vector_norm(input - other, p), "DistBackward0")


@method
def sum_to_size(input, *size):
    """Sum so that the result has `size`, which must broadcast to the input's shape."""
    shape = sizes_of(size)
    if not expandable(shape, input._array.shape):
        raise RuntimeError(f"size {{{list(shape)}}} is not expandable to size {{{list(input._array.shape)}}}.")
    if not shape:
        return sum(input)
    if shape == input._array.shape:
        return input
    lead = input._array.ndim - len(shape)
    dims = [d for d in range(input._array.ndim)
            if d < lead or (shape[d - lead] == 1 and input._array.shape[d] != 1)]
    out = sum(input, dims, True) if dims else input
    return out.view(shape) if lead else out


TRACE = Primitive("trace", lambda self: np.trace(self, dtype=INT64 if self.dtype.kind in "iub" else self.dtype), "self",
                  complex=True, self=lambda grad, self_shape: np.eye(*self_shape, dtype=grad.dtype) * grad)


@public
def trace(input):
    if input._array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._array.ndim}")
    return TRACE(input)
