"""The matrix products of the browser, where NumPy has no BLAS, and the one for strides that BLAS cannot walk."""

import ctypes
import json
import math
import subprocess
import sys

import numpy as np
import pytest

from snippets.numpy_torch import products, simd

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




def multiply(a: int, b: int, c: int, count: int, rows: int, inner: int, width: int) -> None:
    """What simd.py's function does, in NumPy on the same addresses."""
    assert width % 16 == 0

    def at(address, *shape):
        return np.frombuffer((ctypes.c_float * math.prod(shape)).from_address(address), np.float32).reshape(shape)

    at(c, count, rows, width)[...] = at(a, count, rows, inner) @ at(b, count, inner, width)


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


@pytest.mark.parametrize("shapes", [s for s in SHAPES if 0 not in s[0] + s[1]], ids=str)
@pytest.mark.parametrize("layouts", [(a, b) for a in LAYOUTS for b in LAYOUTS], ids="-".join)
def test_matrices_are_laid_out_for_the_function_of_the_page(shapes, layouts, monkeypatch):
    monkeypatch.setattr(simd, "multiply", lambda: multiply)
    random = np.random.default_rng(0)
    a, b = (
        LAYOUTS[layout](random.standard_normal(shape).astype("f4"))
        for shape, layout in zip(shapes, layouts, strict=True)
    )
    for found in (products.with_simd(multiply, a, b), products.without_blas(a, b)):
        assert found.dtype == np.float32 and found.flags.c_contiguous
        np.testing.assert_allclose(found, np.matmul(a.astype("f8"), b), rtol=1e-4, atol=1e-4)


RUN_MODULE = """
const [code, a, b, shape] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const memory = new WebAssembly.Memory({ initial: 4 });
const numbers = new Float32Array(memory.buffer);
numbers.set(a, 64);
numbers.set(b, 20000);
const module = new WebAssembly.Module(new Uint8Array(code));
new WebAssembly.Instance(module, { env: { memory } }).exports.multiply(4 * 64, 4 * 20000, 4 * 40000, ...shape);
const [count, rows, , width] = shape;
const end = 40000 + count * rows * width;
console.log(JSON.stringify([...numbers.slice(40000, end), numbers[end]]));
"""


@pytest.mark.parametrize("shape", [(1, 1, 1, 16), (1, 5, 7, 32), (3, 4, 65, 48), (2, 70, 3, 16)], ids=str)
def test_the_function_of_the_page_multiplies(shape):
    count, rows, inner, width = shape
    random = np.random.default_rng(0)
    a = random.standard_normal((count, rows, inner)).astype("f4")
    b = random.standard_normal((count, inner, width)).astype("f4")
    given = json.dumps([list(simd.assembled()), a.ravel().tolist(), b.ravel().tolist(), shape])
    done = subprocess.run(["node", "-e", RUN_MODULE], input=given, capture_output=True, text=True, check=True)
    *found, after = json.loads(done.stdout)
    np.testing.assert_allclose(np.reshape(found, (count, rows, width)), a @ b, rtol=1e-5, atol=1e-5)
    assert after == 0, "the function wrote past the end"


def test_without_the_memory_of_a_page_there_is_no_such_function():
    assert simd.multiply() is None


@pytest.mark.parametrize("way", [products.without_blas, products.with_blas])
def test_shapes_that_do_not_fit_are_refused(way):
    with pytest.raises(ValueError, match="mismatch"):
        way(np.ones((100, 100)), np.ones((99, 100)))


def test_blas_is_used_where_there_is_one():
    assert products.product is (products.without_blas if sys.platform == "emscripten" else products.with_blas)
