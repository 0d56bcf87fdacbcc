"""Questions about tensors: isnan, isfinite, isclose, allclose, equal. (eq, lt, … are rows of ops_elementwise.)"""

import numpy as np

from .primitive import public, scalar_name
from .tensor import wrap


@public
def isnan(input):
    return wrap(np.isnan(input._array))


@public
def isinf(input):
    return wrap(np.isinf(input._array))


@public
def isfinite(input):
    return wrap(np.isfinite(input._array))


@public
def isposinf(input):
    return wrap(input._array == np.inf)


@public
def isneginf(input):
    return wrap(input._array == -np.inf)


@public
def signbit(input):
    return wrap(np.signbit(input._array) if input._array.dtype.kind == "f" else input._array < 0)


@public
def isclose(input, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False):
    for tolerance, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{tolerance} must be greater than or equal to zero, but got {value}")
    if input._array.dtype != other._array.dtype:
        raise RuntimeError(f"{scalar_name(input._array.dtype)} did not match {scalar_name(other._array.dtype)}")
    with np.errstate(all="ignore"):
        return wrap(np.isclose(input._array, other._array, rtol, atol, equal_nan))


@public
def allclose(input, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


@public
def equal(input, other) -> bool:
    return bool(np.array_equal(input._array, other._array))
