"""The matrix product of the browser, where NumPy has no BLAS, and the one for strides that BLAS cannot walk."""

import sys

import numpy as np
import pytest

from snippets.numpy_torch import products

SHAPES = [
    ((3, 4), (4, 5)),
    ((64, 64), (64, 64)),
    ((200, 64), (64, 65)),
    ((512, 3), (3, 100)),
    ((100, 80), (80, 5)),
    ((4, 200), (200, 100)),
    ((5, 0), (0, 7)),
    ((2, 3, 70, 80), (2, 3, 80, 90)),
    ((2, 1, 90, 60), (3, 60, 80)),
    ((80, 70), (4, 70, 60)),
    ((2, 3, 4, 5), (2, 3, 5, 6)),
]
LAYOUTS = {
    "rows": lambda a: a,
    "columns": lambda a: np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2),
    "every other": lambda a: np.repeat(a, 2, -1)[..., ::2],
    "backwards": lambda a: a[..., ::-1, :],
    "expanded": lambda a: np.broadcast_to(a[..., :1, :], a.shape),
    "one number": lambda a: np.broadcast_to(np.asarray(1.5, a.dtype), a.shape),
}


@pytest.mark.parametrize("way", [products.without_blas, products.with_blas])
@pytest.mark.parametrize("kind", ["f4", "f8", "i8", "c8"])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("layouts", [(a, b) for a in LAYOUTS for b in LAYOUTS], ids="-".join)
def test_a_product_is_the_product(way, kind, shapes, layouts):
    random = np.random.default_rng(0)
    a, b = (
        LAYOUTS[layout]((10 * random.standard_normal(shape)).astype(kind))
        for shape, layout in zip(shapes, layouts, strict=True)
    )
    found, wanted = way(a, b), np.matmul(a.astype("c16"), b.astype("c16"))
    assert found.dtype == kind and found.shape == wanted.shape and found.flags.c_contiguous
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-2 if kind in ("f4", "c8") else 1e-9)


@pytest.mark.parametrize("way", [products.without_blas, products.with_blas])
def test_shapes_that_do_not_fit_are_refused(way):
    with pytest.raises(ValueError, match="mismatch"):
        way(np.ones((100, 100)), np.ones((99, 100)))


def test_blas_is_used_where_there_is_one():
    assert products.product is (products.without_blas if sys.platform == "emscripten" else products.with_blas)
