"""Complex numbers: real, imag, conj, angle, sgn, polar, view_as_real, view_as_complex.

Gradients follow PyTorch's convention: that of a real result L is ∂L/∂x + i ∂L/∂y for z = x + iy.
"""

import numpy as np

from .dtypes import _Default
from .helpers import broadcast_shape
from .primitive import Primitive, function, method, public, real_or_conj, scalar_name
from .tensor import Tensor


def _sgn(z):
    """z / |z|, and 0 at 0."""
    return z.copy() if z.dtype == bool else np.sign(z)


def _sgn_back(grad, self, result):
    if self.dtype.kind != "c":
        return np.zeros_like(grad)
    size = np.abs(self)
    across = (grad - (grad.conj() * result).real * result) / size
    return np.where(size == 0, 0, across)


def _angle(self):
    if self.dtype.kind == "c":
        return np.angle(self)
    return np.where(np.isnan(self), self, np.where(self < 0, np.pi, 0)).astype(self.dtype)


def _angle_back(grad, self):
    if self.dtype.kind != "c":
        return np.zeros_like(grad)
    return np.where(self == 0, 0, grad * 1j * self / np.abs(self) ** 2)


def _joined(real, imag):
    out = np.empty(broadcast_shape(real.shape, imag.shape), np.complex64 if real.dtype == np.float32 else np.complex128)
    out.real, out.imag = real, imag
    return out


def _polar(abs, angle):
    return _joined(abs * np.cos(angle), abs * np.sin(angle))


def _half(kind):
    return np.float32 if kind == np.complex64 else np.float64


VIEW_AS_REAL = Primitive(
    "view_as_real", lambda self: self[..., None].view(_half(self.dtype)), "self", view=True, complex=True,
    self=lambda grad: _as_complex(grad))
VIEW_AS_COMPLEX = Primitive(
    "view_as_complex", lambda self: _as_complex(self), "self", view=True, complex=True,
    self=lambda grad: np.ascontiguousarray(grad)[..., None].view(_half(grad.dtype)))
REAL = Primitive("real", lambda self: self.real, "self", view=True, complex=True, label="SelectBackward0",
                 self=lambda grad: grad)
IMAG = Primitive("imag", lambda self: self.imag, "self", view=True, complex=True, label="SelectBackward0",
                 self=lambda grad: grad * grad.dtype.type(1) * 1j)
CONJ = Primitive("conj", np.conj, "self", complex=True, self=lambda grad: real_or_conj(grad))
CONJ_PHYSICAL = Primitive("conj_physical", np.conj, "self", complex=True, self=lambda grad: real_or_conj(grad))
SGN = Primitive("sgn", _sgn, "self", complex=True, self=_sgn_back)
ANGLE = Primitive("angle", _angle, "self", complex=True, self=_angle_back)
COMPLEX = Primitive("complex", _joined, "real imag", complex=True,
                    real=lambda grad: grad.real, imag=lambda grad: grad.imag)
POLAR = Primitive("polar", _polar, "abs angle", complex=True,
                  abs=lambda grad, result: (grad.conj() * np.sign(result)).real,
                  angle=lambda grad, result: (grad.conj() * (result * 1j)).real)


def _as_complex(array):
    """(…, 2) real → (…) complex over the same memory where the strides allow it."""
    if array.strides[-1] != array.itemsize or any([s % (2 * array.itemsize) for s in array.strides[:-1]]):
        array = np.ascontiguousarray(array)
    return array.view(np.complex64 if array.dtype == np.float32 else np.complex128)[..., 0]


@function
def view_as_real(input):
    """(…) complex → (…, 2) real, over the same memory."""
    if input._array.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return VIEW_AS_REAL(input)


@function
def view_as_complex(input):
    """(…, 2) real → (…) complex, over the same memory."""
    array = input._array
    if array.dtype not in (np.float32, np.float64):
        raise RuntimeError("view_as_complex is only supported for half, float and double tensors, but got a tensor of "
                           f"scalar type: {scalar_name(array.dtype)}")
    if not array.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if array.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if array.strides[-1] != array.itemsize:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    if any([s // array.itemsize % 2 for s in array.strides[:-1]]):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    return VIEW_AS_COMPLEX(input)


@function
def real(input):
    """The real part, over the same memory."""
    return REAL(input) if input._array.dtype.kind == "c" else input


@function
def imag(input):
    if input._array.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return IMAG(input)


@public
def conj(input):
    return CONJ(input) if input._array.dtype.kind == "c" else input


@public
def conj_physical(input):
    return CONJ_PHYSICAL(input) if input._array.dtype.kind == "c" else input


@public
def resolve_conj(input):
    return input


@public
def resolve_neg(input):
    return input


@public
def sgn(input):
    return SGN(input)


@method
def sgn_(self):
    return SGN.inplace(self)


@public
def angle(input):
    return ANGLE(input if input._array.dtype.kind in "fc" else input.to(_Default.value))


@function
def complex(real, imag):
    """real + i imag."""
    check_parts(real, imag)
    return COMPLEX(real, imag)


@function
def polar(abs, angle):
    """abs · (cos angle + i sin angle)."""
    for t in (abs, angle):
        if not isinstance(t, Tensor):
            raise TypeError(f"polar(): argument 'abs' (position 1) must be Tensor, not {type(t).__name__}")
    check_parts(abs, angle)
    return POLAR(abs, angle)


def check_parts(a: Tensor, b: Tensor) -> None:
    """Two floating-point tensors of one dtype."""
    first, second = (scalar_name(t._array.dtype) for t in (a, b))
    if a._array.dtype.kind != "f" or b._array.dtype.kind != "f":
        raise RuntimeError(f"Expected both inputs to be Half, Float or Double tensors but got {first} and {second}")
    if first != second:
        raise RuntimeError(f"Expected object of scalar type {first} but got scalar type {second} for second argument")
