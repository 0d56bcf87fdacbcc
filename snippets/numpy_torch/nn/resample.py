"""Separable resampling: along each axis an output element is a weighted sum of a few input elements."""

import numpy as np

from ..products import product
from .windows import adjoint_pair

# options: ((axis counted from the end, input size, ((index, weight or None), …)), …). Each index is an array with
# one position for every output element, never decreasing.

SMALL = 64  # up to this input size a product with the whole matrix of weights is quicker than picking elements


def _matrix(size: int, parts, kind: np.dtype) -> np.ndarray:
    """The weights as (output, input)."""
    out = np.zeros((len(parts[0][0]), size), kind)
    for index, weight in parts:
        out[np.arange(len(index)), index] += kind.type(1) if weight is None else weight
    return out


def _dense(x: np.ndarray, size: int, parts) -> bool:
    """Whether to multiply by the matrix: not where 0 · inf could spread."""
    return bool(parts) and size <= SMALL and x.dtype.kind == "f" and bool(np.isfinite(x).all())


def _multiplied(matrix: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    if axis == -1:
        return product(x, matrix.T)
    if axis == -2:
        return product(matrix, x)
    return np.moveaxis(product(np.moveaxis(x, axis, -1), matrix.T), -1, axis)


def _along(weight: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    return weight.reshape([-1 if d == ndim + axis else 1 for d in range(ndim)])


def _resampled(x, options):
    for axis, size, parts in options:
        if len(parts) > 1 and _dense(x, size, parts):
            x = _multiplied(_matrix(size, parts, x.dtype), x, axis)
            continue
        total = None
        for index, weight in parts:
            part = x.take(index, axis)
            if weight is not None:
                factor = _along(weight, axis, x.ndim)
                part = part * factor
                if not weight.all():
                    part = np.where(factor == 0, 0, part).astype(x.dtype)
            total = part if total is None else total + part
        x = total if parts else np.zeros((*x.shape[:axis], 0, *x.shape[axis:][1:]), x.dtype)
    return np.ascontiguousarray(x)


def _resampled_back(grad, options):
    for axis, size, parts in reversed(options):
        if _dense(grad, size, parts):
            grad = _multiplied(np.ascontiguousarray(_matrix(size, parts, grad.dtype).T), grad, axis)
            continue
        shape = list(grad.shape)
        shape[axis] = size
        out = np.zeros(shape, grad.dtype)
        for index, weight in parts:
            if not index.size:
                continue
            part = grad if weight is None else grad * _along(weight, axis, grad.ndim)
            first = np.flatnonzero(np.diff(index, prepend=-1))
            where = (..., index[first], *[slice(None)] * (-axis - 1))
            out[where] += np.add.reduceat(part, first, axis)
        grad = out
    return np.ascontiguousarray(grad)


RESAMPLE = adjoint_pair("resample", _resampled, _resampled_back)
