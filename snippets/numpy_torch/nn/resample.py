"""Separable resampling: along each axis an output element is a weighted sum of a few input elements."""

import numpy as np

from .windows import adjoint_pair

# options: ((axis counted from the end, input size, ((index, weight or None), …)), …). Each index is an array with
# one position for every output element, never decreasing.


def _along(weight: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    return weight.reshape([-1 if d == ndim + axis else 1 for d in range(ndim)])


def _resampled(x, options):
    for axis, _, parts in options:
        total = None
        for index, weight in parts:
            part = x.take(index, axis)
            if weight is not None:
                factor = _along(weight, axis, x.ndim)
                part = part * factor
                if not weight.all():
                    part = np.where(factor == 0, 0, part).astype(x.dtype)  # 0 · inf is not asked for
            total = part if total is None else total + part
        x = total if parts else np.zeros((*x.shape[:axis], 0, *x.shape[axis:][1:]), x.dtype)
    return x


def _resampled_back(grad, options):
    for axis, size, parts in reversed(options):
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
    return grad


RESAMPLE = adjoint_pair("resample", _resampled, _resampled_back)
