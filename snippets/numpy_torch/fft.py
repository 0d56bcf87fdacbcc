"""torch.fft: discrete Fourier transforms through NumPy's pocketfft, with gradients.

The gradient of a transform is the transform in the other direction at the same scale, so `norm` changes to its
opposite: "backward" ↔ "forward", "ortho" stays.
"""

import numpy as np

from .absent import module_attribute
from .dtypes import INT64, _Default
from .helpers import normal_dim, normal_dims
from .ops_create import chosen, finish, no_out
from .ops_shape import roll
from .primitive import Primitive, relabel, scalar_name
from .tensor import Tensor

OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _c2c(self, dims, norm, inverse):
    if not dims:
        return self.copy()
    return (np.fft.ifftn if inverse else np.fft.fftn)(self, axes=dims, norm=norm)


def _r2c(self, dims, norm):
    return np.fft.rfftn(self, axes=dims, norm=norm)


def _r2c_back(grad, self_shape, dims, norm):
    full = np.zeros((*grad.shape[:dims[-1]], self_shape[dims[-1]], *grad.shape[dims[-1] + 1:]), grad.dtype)
    full[_first(dims[-1], grad.shape[dims[-1]])] = grad
    return np.fft.ifftn(full, axes=dims, norm=OPPOSITE[norm]).real


def _c2r(self, dims, norm, n):
    sizes = [self.shape[d] for d in dims[:-1]]
    return np.fft.irfftn(self, (*sizes, n), axes=dims, norm=norm)


def _c2r_back(grad, self_shape, dims, norm, n):
    out = np.fft.rfftn(grad, axes=dims, norm=OPPOSITE[norm])
    last = dims[-1]
    out[(slice(None),) * last + (slice(1, 1 + n - self_shape[last]),)] *= 2  # they stand for their mirror images too
    return out


def _first(dim: int, n: int) -> tuple:
    return (slice(None),) * dim + (slice(n),)


def _resized(self, shape):
    """Cut, or filled up with zeros, at the end of each dimension."""
    out = np.zeros(shape, self.dtype)
    part = tuple([slice(min(a, b)) for a, b in zip(self.shape, shape, strict=True)])
    out[part] = self[part]
    return out


C2C = Primitive("fft_c2c", _c2c, "self dims norm inverse", complex=True, label="FftC2CBackward0",
                self=lambda grad, dims, norm, inverse: _c2c(grad, dims, OPPOSITE[norm], not inverse))
R2C = Primitive("fft_r2c", _r2c, "self dims norm", complex=True, label="FftR2CBackward0", self=_r2c_back)
C2R = Primitive("fft_c2r", _c2r, "self dims norm n", complex=True, label="FftC2RBackward0", self=_c2r_back)
RESIZE = Primitive("constant_pad_nd", _resized, "self shape", complex=True,
                   self=lambda grad, self_shape: _resized(grad, self_shape))


# --- arguments -----------------------------------------------------------------------------------------


def _norm(norm: str | None) -> str:
    if norm not in (None, *OPPOSITE):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return norm or "backward"


def _floating(input: Tensor, as_complex: bool = False) -> Tensor:
    kind = input.dtype
    if kind.category < 2:
        kind = _Default.value
    return input.to(kind.to_complex() if as_complex else kind)


def _only_real(input: Tensor, name: str) -> Tensor:
    if input._array.dtype.kind == "c":
        raise RuntimeError(f"{name} expects a real input tensor, but got {scalar_name(input._array.dtype)}")
    return _floating(input)


def _sized(input: Tensor, sizes: dict) -> Tensor:
    """`input` with each dim of `sizes` cut or zero-padded."""
    for n in sizes.values():
        if n < 1:
            raise RuntimeError(f"Invalid number of data points ({n}) specified")
    shape = list(input._array.shape)
    for d, n in sizes.items():
        shape[d] = n
    return input if tuple(shape) == input._array.shape else RESIZE(input, tuple(shape))


def _one(input: Tensor, n: int | None, dim: int) -> tuple[int, int]:
    """The dim counted from the front, and its size."""
    if not input._array.ndim:
        if not -1 <= dim <= 0:
            normal_dim(dim, 0)
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    dim = normal_dim(dim, input._array.ndim)
    return dim, input._array.shape[dim] if n is None else n


def _many(input: Tensor, s, dim) -> dict:
    """{dim: size} of the dims to transform."""
    ndim = input._array.ndim
    if dim is not None:
        dim = (dim,) if isinstance(dim, int) else tuple(dim)
        dims = tuple([normal_dim(d, ndim) for d in dim])
        if len(set(dims)) != len(dims):
            raise RuntimeError("FFT dims must be unique")
    if s is not None:
        s = (s,) if isinstance(s, int) else tuple(s)
        if dim is not None and len(dim) != len(s):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
        if len(s) > ndim:
            raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions.")
        if dim is None:
            dims = tuple(range(ndim - len(s), ndim))
    elif dim is None:
        dims = normal_dims(None, ndim)
    sizes = s or (-1,) * len(dims)
    return {d: input._array.shape[d] if n == -1 else n for d, n in zip(dims, sizes, strict=True)}


# --- one dimension -----------------------------------------------------------------------------------


def _transform(input: Tensor, sizes: dict, norm, inverse: bool) -> Tensor:
    real = input._array.dtype.kind != "c"
    input = _floating(input)
    norm = _norm(norm)
    out = C2C(_sized(input, sizes).to(input.dtype.to_complex()), tuple(sizes), norm, inverse)
    if real and len(sizes) == 1:
        relabel(out, "ConjBackward0" if inverse else "FftR2CBackward0")
    return out


def fft(input, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None):
    """The transform along `dim`, cut or zero-padded to `n`."""
    no_out("fft.fft", out)
    return _transform(input, dict([_one(input, n, dim)]), norm, False)


def ifft(input, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None):
    no_out("fft.ifft", out)
    return _transform(input, dict([_one(input, n, dim)]), norm, True)


def rfft(input, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None):
    """The first n//2 + 1 values of the transform of real numbers."""
    no_out("fft.rfft", out)
    input = _only_real(input, "rfft")
    dim, n = _one(input, n, dim)
    return R2C(_sized(input, {dim: n}), (dim,), _norm(norm))


def irfft(input, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None):
    """`n` real numbers from the first n//2 + 1 values of their transform."""
    no_out("fft.irfft", out)
    input = _floating(input, True)
    dim, size = _one(input, None, dim)
    n = 2 * (size - 1) if n is None else n
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return C2R(_sized(input, {dim: n // 2 + 1}), (dim,), _norm(norm), n)


# --- several dimensions --------------------------------------------------------------------------------


def fftn(input, s=None, dim=None, norm: str | None = None, *, out=None):
    no_out("fft.fftn", out)
    return _transform(_floating(input, True), _many(input, s, dim), norm, False)


def ifftn(input, s=None, dim=None, norm: str | None = None, *, out=None):
    no_out("fft.ifftn", out)
    return _transform(_floating(input, True), _many(input, s, dim), norm, True)


def rfftn(input, s=None, dim=None, norm: str | None = None, *, out=None):
    no_out("fft.rfftn", out)
    input = _only_real(input, "rfftn")
    sizes = _many(input, s, dim)
    if not sizes:
        raise RuntimeError("rfftn must transform at least one axis")
    return R2C(_sized(input, sizes), tuple(sizes), _norm(norm))


def irfftn(input, s=None, dim=None, norm: str | None = None, *, out=None):
    no_out("fft.irfftn", out)
    input = _floating(input, True)
    sizes = _many(input, s, dim)
    if not sizes:
        raise RuntimeError("irfftn must transform at least one axis")
    last = tuple(sizes)[-1]
    n = sizes[last] if s is not None and tuple(np.atleast_1d(s))[-1] != -1 else 2 * (input._array.shape[last] - 1)
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return C2R(_sized(input, {**sizes, last: n // 2 + 1}), tuple(sizes), _norm(norm), n)


def fft2(input, s=None, dim=(-2, -1), norm: str | None = None, *, out=None):
    no_out("fft.fft2", out)
    return fftn(input, s, dim, norm)


def ifft2(input, s=None, dim=(-2, -1), norm: str | None = None, *, out=None):
    no_out("fft.ifft2", out)
    return ifftn(input, s, dim, norm)


def rfft2(input, s=None, dim=(-2, -1), norm: str | None = None, *, out=None):
    no_out("fft.rfft2", out)
    return rfftn(input, s, dim, norm)


def irfft2(input, s=None, dim=(-2, -1), norm: str | None = None, *, out=None):
    no_out("fft.irfft2", out)
    return irfftn(input, s, dim, norm)


# --- frequencies ---------------------------------------------------------------------------------------


def fftfreq(n: int, d: float = 1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad: bool = False):
    """The frequency of each value of `fft`, in cycles per unit of the sample spacing `d`."""
    no_out("fft.fftfreq", out)
    whole = np.fft.ifftshift(np.arange(-(n // 2), n - n // 2, dtype=INT64))
    kind = chosen(dtype, device)
    return finish(whole.astype(kind) * kind.type(1.0 / (n * d)), requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad: bool = False):
    no_out("fft.rfftfreq", out)
    kind = chosen(dtype, device)
    return finish(np.arange(n // 2 + 1).astype(kind) * kind.type(1.0 / (n * d)), requires_grad)


def fftshift(input, dim=None):
    """Move frequency 0 to the middle."""
    dims = normal_dims(dim, input._array.ndim)
    return roll(input, [input._array.shape[d] // 2 for d in dims], dims)


def ifftshift(input, dim=None):
    dims = normal_dims(dim, input._array.ndim)
    return roll(input, [(input._array.shape[d] + 1) // 2 for d in dims], dims)


def __getattr__(name: str):
    return module_attribute(__name__, name, {})
