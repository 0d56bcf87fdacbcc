"""Matrix products. NumPy multiplies with BLAS where it has one; in the browser it has none, and `product` helps it.

Without BLAS, `np.matmul` walks down the columns of its second matrix, which is slow once they do not fit the cache.
`np.einsum` runs one of two quick loops, whichever the memory layout asks for: dot products of two contiguous vectors,
or a multiple of one contiguous vector added to another. `product` lays the matrices out for the longer of the two.
For float32 it has a product of its own, where the page lets it (simd.py).
"""

import math
import sys

import numpy as np

from . import simd

SMALL = 1 << 15  # multiplications below which matmul itself is as quick
SMALL_OF_MANY = 1 << 18  # the same for one of a batch of matrices
LONG = 48  # elements from which on a vector pays
FEW = 16  # rows below which laying out the second matrix costs more than it gains


def without_blas(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b for matrices (…, M, K) and (…, K, N)."""
    if type(a) is not np.ndarray or type(b) is not np.ndarray or a.dtype.kind != "f" or a.ndim < 2 or b.ndim < 2:
        return np.matmul(a, b)
    m, k, n = *a.shape[-2:], b.shape[-1]
    if k != b.shape[-2] or a.dtype != b.dtype:
        return np.matmul(a, b)
    if a.dtype == np.float32 and max(a.size * n, b.size * m) >= SMALL:
        multiply = simd.multiply()
        if multiply is not None:
            return with_simd(multiply, a, b)
    if m * k * n < SMALL:
        return np.matmul(a, b)
    if a.ndim == b.ndim == 2:
        return _matrices(a, b, m, k, n)
    if m * k * n < SMALL_OF_MANY:
        return np.matmul(a, b)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, (*batch, m, k)), np.broadcast_to(b, (*batch, k, n))
    out = np.empty((*batch, m, n), a.dtype)
    for where in np.ndindex(batch):
        out[where] = _matrices(a[where], b[where], m, k, n)
    return out


def with_simd(multiply, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b in float32, all of a batch in one call of simd.py's function, which takes 16 columns of b at a time."""
    (m, k), n = a.shape[-2:], b.shape[-1]
    batch = a.shape[:-2]
    if batch != b.shape[:-2]:
        batch = np.broadcast_shapes(batch, b.shape[:-2])
        a, b = np.broadcast_to(a, (*batch, m, k)), np.broadcast_to(b, (*batch, k, n))
    a = np.ascontiguousarray(a)
    spare = -n % 16
    if spare:
        wide = np.zeros((*batch, k, n + spare), np.float32)
        wide[..., :n] = b
        b = wide
    else:
        b = np.ascontiguousarray(b)
    out = np.empty((*batch, m, n + spare), np.float32)
    if out.size:
        multiply(*[x.__array_interface__["data"][0] for x in (a, b, out)], math.prod(batch), m, k, n + spare)
    return np.ascontiguousarray(out[..., :n]) if spare else out


def _matrices(a: np.ndarray, b: np.ndarray, m: int, k: int, n: int) -> np.ndarray:
    a = np.ascontiguousarray(a)
    if k >= LONG and (m >= FEW or b.flags.f_contiguous):
        return np.einsum("ik,jk->ij", a, np.ascontiguousarray(b.T))
    if n >= LONG:
        return np.einsum("ik,kj->ij", a, np.ascontiguousarray(b))
    return np.matmul(a, b)


def with_blas(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b; a matrix that BLAS cannot walk, because it was expanded or thinned out, is copied first."""
    return np.matmul(_walkable(a), _walkable(b))


def _walkable(array: np.ndarray) -> np.ndarray:
    if type(array) is np.ndarray:
        steps = array.strides[-2:]
        if 0 in steps or array.itemsize not in steps:
            return np.ascontiguousarray(array)
    return array


product = without_blas if sys.platform == "emscripten" else with_blas
