"""torch.<name> and Tensor.<name> of linear algebra: det, inverse, cholesky, kron, inner, cross, cov, …"""

import numpy as np

from . import linalg
from .helpers import normal_dim
from .ops_create import zeros
from .ops_elementwise import no_derivative, where
from .ops_linear import tensordot
from .ops_shape import cat
from .primitive import Primitive, function, named, public, relabel, scalar_name
from .tensor import Tensor

for _name in ("det", "slogdet", "matrix_power"):
    public(named(lambda input, *args, _name=_name: getattr(linalg, _name)(input, *args), _name))


@public
def inverse(input):
    return linalg.inv(input)


@public
def pinverse(input, rcond: float = 1e-15):
    from .linalg_more import pinv

    return pinv(input, rtol=rcond)


@public
def cholesky(input, upper: bool = False):
    from .linalg_more import cholesky

    return relabel(cholesky(input, upper=upper), "CholeskyBackward0")


@public
def logdet(input):
    """log of the determinant, NaN where it is negative."""
    sign, value = linalg.slogdet(input)
    return where(sign == -1, float("nan"), value)


@public
def inner(input, other):
    """Sums of products over the last dimensions."""
    if not input.dim() or not other.dim():
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(f"inner() the last dimension must match on both input tensors but got shapes "
                           f"{list(input.shape)} and {list(other.shape)}")
    return relabel(tensordot(input, other, ([-1], [-1])), "ViewBackward0")


@public
def vdot(input, other):
    """Σ conj(a) b of two vectors."""
    return relabel(input.conj().dot(other), "VdotBackward0")


@public
def kron(input, other):
    """Every element of `input` times the whole of `other`."""
    depth = max(input.dim(), other.dim())
    a, b = ((1,) * (depth - t.dim()) + tuple(t.shape) for t in (input, other))
    left = input.reshape([n for size in a for n in (size, 1)])
    right = other.reshape([n for size in b for n in (1, size)])
    out = (left * right).reshape([m * n for m, n in zip(a, b, strict=True)])
    return relabel(out, "UnsafeViewBackward0")


@public
def cross(input, other, dim: int | None = None):
    """The cross product along `dim`, by default the first of size 3."""
    from .linalg_more import cross

    if dim is None:
        dim = next((d for d, n in enumerate(input.shape) if n == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    return cross(input, other, dim=dim)


@function
def block_diag(*tensors):
    """Matrices along the diagonal of one, zeros elsewhere."""
    for t in tensors:
        if t.dim() > 2:
            raise RuntimeError("torch.block_diag: Input tensors must have 2 or fewer dimensions. Input 0 has "
                               f"{t.dim()} dimensions")
    blocks = [t.reshape(1, -1) if t.dim() < 2 else t for t in tensors] or [zeros(1, 0)]
    width, done, rows = sum(b.shape[1] for b in blocks), 0, []
    for b in blocks:
        left, right = (b.new_zeros(b.shape[0], n) for n in (done, width - done - b.shape[1]))
        rows.append(cat([left, b, right], 1))
        done += b.shape[1]
    return relabel(cat(rows, 0), "BlockDiagBackward0")


@public
def cov(input, *, correction: int = 1, fweights=None, aweights=None):
    """The covariance of the rows of `input`, whose columns are observations, counted and weighted if given."""
    if input.dim() > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {input.dim()} "
                           "dimensions")
    if input._array.dtype == bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    rows = input.view(1, -1) if input.dim() < 2 else input
    weight = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is not None:
            _check_weights(given, name, rows.shape[1])
            weight = given if weight is None else weight * given
    total = rows.shape[1] if weight is None else weight.sum()
    mean = (rows if weight is None else rows * weight).sum(1, keepdim=True) / total
    centred = rows - mean
    norm = total - correction
    if aweights is not None and correction:
        norm = total - correction * (weight * aweights).sum() / total
    norm = norm.clamp(min=0) if isinstance(norm, Tensor) else max(norm, 0)
    other = centred if weight is None else centred * weight
    return ((centred @ other.to(centred.dtype).mT.conj()) / norm).squeeze()


def _check_weights(given, name: str, count: int) -> None:
    whole = name == "fweights"
    if given.dim() > 1:
        raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions but got {name} with {given.dim()} "
                           "dimensions")
    if (given._array.dtype.kind in "iu") != whole:
        raise RuntimeError(f"cov(): expected {name} to have {'integral' if whole else 'floating point'} dtype but got "
                           f"{name} with {scalar_name(given._array.dtype)} dtype")
    if given.numel() != count:
        raise RuntimeError(f"cov(): expected {name} to have the same numel as there are observations in the input but "
                           f"got {given.numel()} != {count}")
    if given._array.size and given._array.min() < 0:
        raise RuntimeError(f"cov(): {name} cannot be negative")


@public
def corrcoef(input):
    """The correlation of the rows of `input`."""
    if input.dim() > 2:
        raise RuntimeError(f"corrcoef(): expected input to have two or fewer dimensions but got an input with "
                           f"{input.dim()} dimensions")
    c = cov(input)
    if not c.dim():
        return c / c
    d = c.diagonal().sqrt()
    return (c / d.unsqueeze(-1) / d).clamp(-1, 1)


@public
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """beta · input + alpha · vec1 vec2ᵀ."""
    product = vec1.unsqueeze(1) * vec2
    if product._array.dtype == bool:
        return (product if alpha else ~product & product) | (input if beta else input & ~input)
    return relabel(_scaled(input, beta, product, alpha), "AddrBackward0")


@public
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta · input + alpha · mat vec."""
    return relabel(_scaled(input, beta, mat.mv(vec), alpha), "AddmvBackward0")


def _scaled(input, beta, product, alpha):
    """beta · input + alpha · product; whole numbers ignore a fraction of the factors, and 0 drops `input` whole."""
    if product._array.dtype.kind in "iu":
        beta, alpha = int(beta), int(alpha)
    return product * alpha + input * beta if beta else product * alpha + (input * 0).nan_to_num(0, 0, 0)


@function
def trapezoid(y, x=None, *, dx=None, dim: int = -1):
    """The integral of samples by straight lines between them."""
    dim = normal_dim(dim, y.dim())
    n = y.shape[dim]
    if n == 0:
        return y.sum(dim)
    pair = y.narrow(dim, 1, n - 1) + y.narrow(dim, 0, n - 1)
    if x is None:
        return relabel(pair.sum(dim) * (1 if dx is None else dx) / 2, "MulBackward1")
    if x.dim() == 1 and y.dim() > 1:
        x = x.reshape([-1 if d == dim else 1 for d in range(y.dim())])
    axis = dim - y.dim()
    step = x.narrow(axis, 1, x.shape[axis] - 1) - x.narrow(axis, 0, x.shape[axis] - 1)
    return relabel((pair * step).sum(dim) / 2, "DivBackward1")


function(named(lambda *args, **keywords: trapezoid(*args, **keywords), "trapz"))


def _parts(dim_of, fewest: int, name: str):
    def call(input, indices_or_sections):
        if input.dim() < fewest:
            raise RuntimeError(f"torch.{name} requires a tensor with at least {fewest} dimension"
                               f"{'s' if fewest > 1 else ''}, but got a tensor with {input.dim()} dimensions!")
        return input.tensor_split(indices_or_sections, dim_of(input))

    public(named(call, name))


_parts(lambda t: 0, 2, "vsplit")
_parts(lambda t: 0 if t.dim() == 1 else 1, 1, "hsplit")
_parts(lambda t: 2, 3, "dsplit")


@function
def column_stack(tensors):
    return cat([t.reshape(t.numel(), 1) if t.dim() < 2 else t for t in tensors], 1)


@function
def dstack(tensors):
    if not tensors:
        raise RuntimeError("dstack expects a non-empty TensorList")
    return cat([atleast_3d(t) for t in tensors], 2)


@function
def atleast_3d(*tensors):
    """A number becomes (1, 1, 1), a vector (1, N, 1), a matrix (M, N, 1)."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    made = tuple([t.reshape(1, 1, 1) if not t.dim() else t.unsqueeze(0).unsqueeze(-1) if t.dim() == 1 else
                  t.unsqueeze(-1) if t.dim() == 2 else t for t in given])
    return made[0] if len(tensors) == 1 and isinstance(tensors[0], Tensor) else made


@public
def fliplr(input):
    if input.dim() < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return input.flip(1)


@public
def flipud(input):
    if input.dim() < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return input.flip(0)


@public
def rot90(input, k: int = 1, dims=(0, 1)):
    """Turn by 90° `k` times, from dims[0] towards dims[1]."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.dim() < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.dim()}")
    first, second = dims
    if first == second or abs(first - second) == input.dim():
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {first} and dim1 = {second}")
    for d in dims:
        if not -input.dim() <= d < input.dim():
            raise RuntimeError(f"Rotation dim{dims.index(d)} out of range, dim{dims.index(d)} = {d}")
    k %= 4
    if k == 0:
        out = input.clone()
    elif k == 2:
        out = input.flip(dims)
    else:
        out = input.flip([second if k == 1 else first]).transpose(first, second).contiguous()
    return relabel(out, "Rot90Backward0")


@public
def deg2rad(input):
    return relabel(_real(input, "deg2rad") * (np.pi / 180), "Deg2RadBackward0")


@public
def rad2deg(input):
    return relabel(_real(input, "rad2deg") * (180 / np.pi), "Rad2DegBackward0")


def _real(input: Tensor, name: str) -> Tensor:
    if input.is_complex():
        raise RuntimeError(f"{name} is not supported for complex tensors.")
    return input


@function
def heaviside(input, values):
    """0 below zero, 1 above it, `values` at it."""
    if input._array.dtype != values._array.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return HEAVISIDE(input, values)


HEAVISIDE = Primitive(
    "heaviside", lambda self, values: np.where(self == 0, values, self > 0).astype(self.dtype), "self values",
    kind="same", label="torch::autograd::NotImplemented", self=no_derivative("heaviside"),
    values=no_derivative("heaviside"))


@public
def isreal(input):
    from .tensor import wrap

    return wrap(np.isreal(input._array))


@public
def nanmean(input, dim=None, keepdim: bool = False, *, dtype=None):
    """The mean of the elements that are not NaN."""
    if input._array.dtype.kind not in "fc":
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got "
                           f"{scalar_name(input._array.dtype)}")
    count = (~input.detach().isnan()).sum(dim, keepdim)
    return input.nansum(dim, keepdim, dtype=dtype) / count
