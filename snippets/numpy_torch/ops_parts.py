"""Parts of a tensor, as views: select, narrow, unbind, split, chunk, diagonal, unfold; and diag, diag_embed."""

import numpy as np

from .helpers import normal_dim
from .ops_shape import SLICE, into, part, pieces
from .primitive import Primitive, function, method, named, public, relabel
from .tensor import Tensor


def _slices(self, dim):
    """Views along `dim`; the ellipsis keeps single numbers views too."""
    moved = np.moveaxis(self, dim, 0)
    return tuple([moved[i, ...] for i in range(len(moved))])



def _diagonal_back(grad, shape, offset, dim1, dim2):
    out = np.zeros(shape, grad.dtype)
    view = np.diagonal(out, offset, dim1, dim2)
    view.flags.writeable = True
    view[...] = grad
    return out



def _windows(self, dim, size, step):
    shown = np.lib.stride_tricks.sliding_window_view(self, size, dim, writeable=True)
    return shown[part(dim, None, None, step)]



def _windows_back(grad, shape, dim, size, step):
    out = np.zeros(shape, grad.dtype)
    for k in range(size):
        window = out[part(dim, k, k + (grad.shape[dim] - 1) * step + 1, step)]
        window += grad[..., k]
    return out



def _writable(view, source):
    view.flags.writeable = source.flags.writeable
    return view


SELECT = Primitive("select", lambda self, dim, index: self[(slice(None),) * dim + (index, ...)], "self dim index",
                   view=True, complex=True,
                   self=lambda grad, self_shape, dim, index: into(self_shape, (slice(None),) * dim + (index,), grad))
SPLIT = Primitive("split", pieces, "self sizes dim", view=True, outputs=True, complex=True,
                  self=lambda grad, dim: np.concatenate(grad, dim))
UNBIND = Primitive("unbind", lambda self, dim: _slices(self, dim), "self dim",
                   view=True, outputs=True, complex=True, self=lambda grad, dim: np.stack(grad, dim))
DIAGONAL = Primitive("diagonal",
                     lambda self, offset, dim1, dim2: _writable(np.diagonal(self, offset, dim1, dim2), self),
                     "self offset dim1 dim2", complex=True, view=True,
                     self=lambda grad, self_shape, offset, dim1, dim2: _diagonal_back(
                         grad, self_shape, offset, dim1, dim2))
DIAG_EMBED = Primitive("diag_embed", lambda self, shape, offset, dim1, dim2: _diagonal_back(
    self, shape, offset, dim1, dim2), "self shape offset dim1 dim2", complex=True,
    self=lambda grad, offset, dim1, dim2: np.diagonal(grad, offset, dim1, dim2))
UNFOLD = Primitive("unfold", _windows, "self dim size step", complex=True, view=True,
                   self=lambda grad, self_shape, dim, size, step: _windows_back(grad, self_shape, dim, size, step))


@public
def select(input, dim: int, index: int):
    if not input._array.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim, index = normal_dim(dim, input._array.ndim), index.__index__()
    n = input._array.shape[dim]
    if not -n <= index < n:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(input._array.shape)} at "
                         f"dimension {dim}")
    return SELECT(input, dim, index % n)


@public
def narrow(input, dim: int, start, length: int):
    if not input._array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor) and (start._array.ndim or start._array.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    dim, start = normal_dim(dim, input._array.ndim), int(start)
    n = input._array.shape[dim]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -n <= start <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {start})")
    start = start + n if start < 0 else start
    if start + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return SLICE(input, dim, start, start + length, 1)


@public
def unbind(input, dim: int = 0):
    if not input._array.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return UNBIND(input, normal_dim(dim, input._array.ndim))


@function
def split(tensor, split_size_or_sections, dim: int = 0):
    """Views of consecutive pieces: of one size, or of a list of sizes."""
    dim = normal_dim(dim, tensor._array.ndim)
    n = tensor._array.shape[dim]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0:
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        if size == 0 and n:
            raise RuntimeError("split_size can only be 0 if dimension size is 0, but got dimension size of "
                               f"{n}")
        count = max(1, -(-n // size)) if size else 1
        return SPLIT(tensor, [min(size, n - size * i) for i in range(count)], dim)
    sizes = [int(s) for s in split_size_or_sections]
    if any([s < 0 for s in sizes]):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes}")
    if sum(sizes) != n:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {dim}), but "
            f"got split_sizes={sizes}")
    out = SPLIT(tensor, sizes, dim)
    if out:
        relabel(out[0], "SplitWithSizesBackward0")
    return out


@public
def split_with_sizes(input, split_sizes, dim: int = 0):
    return split(input, list(split_sizes), dim)


@public
def chunk(input, chunks: int, dim: int = 0):
    if not input._array.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input._array.shape[normal_dim(dim, input._array.ndim)]
    size = -(-n // chunks)
    if n == 0:
        return split(input, [0] * chunks, dim)
    return split(input, size, dim)


@public
def tensor_split(input, indices_or_sections, dim: int = 0):
    dim = normal_dim(dim, input._array.ndim)
    n = input._array.shape[dim]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        k = indices_or_sections
        if k <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {k}")
        ends = [n // k * (i + 1) + min(i + 1, n % k) for i in range(k - 1)]
    else:
        ends = list(indices_or_sections)
    bounds = [slice(*slice(a, b).indices(n)) for a, b in zip([0, *ends], [*ends, n], strict=True)]
    return tuple([SLICE(input, dim, b.start, max(b.start, b.stop), 1) for b in bounds])


@public
def diagonal(input, offset: int = 0, dim1: int = 0, dim2: int = 1):
    n = input._array.ndim
    a, b = normal_dim(dim1, n), normal_dim(dim2, n)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return DIAGONAL(input, offset, a, b)


@public
def diag(input, diagonal: int = 0):
    """The diagonal of a matrix, or the matrix with a vector on its diagonal."""
    n = input._array.ndim
    if n not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {n}D")
    if n == 2:
        return relabel(DIAGONAL(input, diagonal, 0, 1).clone(), "DiagonalBackward0_copy")
    return diag_embed(input, diagonal)


@public
def diag_embed(input, offset: int = 0, dim1: int = -2, dim2: int = -1):
    n = input._array.ndim + 1
    a, b = normal_dim(dim1, n), normal_dim(dim2, n)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    side = input._array.shape[-1] + abs(offset)
    shape = list(input._array.shape[:-1])
    for d in sorted((a, b)):
        shape.insert(d, side)
    return DIAG_EMBED(input, tuple(shape), offset, a, b)


@method
def unfold(self, dimension: int, size: int, step: int):
    if not self._array.ndim:
        return relabel(self.reshape(1)[:size], "UnfoldBackward0")
    dim = normal_dim(dimension, self._array.ndim)
    n = self._array.shape[dim]
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    return UNFOLD(self, dim, size, step)


def _split_method(self, split_size, dim: int = 0):  # PyTorch names the argument differently here
    return split(self, split_size, dim)


method(named(_split_method, "split"))
