"""More of torch.linalg: Cholesky, symmetric eigenvectors, pseudo-inverse, least squares, triangular solves."""

import numpy as np

from .linalg import LinAlgError, _matrix, _t, svdvals
from .ops_create import no_out
from .ops_reduce import return_type
from .primitive import Primitive, relabel, scalar_name
from .tensor import Tensor, wrap

# --- Cholesky --------------------------------------------------------------------------------------------------


def _first_bad_minor(a: np.ndarray) -> int:
    """The order of the first leading minor that is not positive definite, 0 if there is none."""
    for k in range(1, a.shape[-1] + 1):
        try:
            np.linalg.cholesky(a[:k, :k])
        except np.linalg.LinAlgError:
            return k
    return 0


def _cholesky(A, upper):
    lower = np.tril(_t(A) if upper else A)
    whole = lower + np.tril(lower, -1).swapaxes(-1, -2).conj()
    try:
        out = np.linalg.cholesky(whole)
    except np.linalg.LinAlgError:
        for number, a in enumerate(whole.reshape(-1, *whole.shape[-2:])):
            order = _first_bad_minor(a)
            if order:
                batch = f"(Batch element {number}): " if whole.ndim > 2 else ""
                raise LinAlgError(f"linalg.cholesky: {batch}The factorization could not be completed because the input "
                                  f"is not positive-definite (the leading minor of order {order} is not "
                                  "positive-definite).") from None
        raise
    return _t(out) if upper else out


def _cholesky_back(grad, result, upper):
    """Symmetric gradient: L⁻ᵀ φ(Lᵀ G) L⁻¹ with φ the lower triangle, its diagonal halved."""
    factor, g = (_t(result), _t(grad)) if upper else (result, grad)
    inner = np.tril(_t(factor) @ np.tril(g))
    diagonal = np.arange(inner.shape[-1])
    inner[..., diagonal, diagonal] *= 0.5
    inverse = np.linalg.inv(factor)
    out = _t(inverse) @ inner @ inverse
    return 0.5 * (out + _t(out))


CHOLESKY = Primitive("linalg_cholesky_ex", _cholesky, "A upper", A=_cholesky_back, label="LinalgCholeskyExBackward0")


def cholesky(A: Tensor, *, upper: bool = False, out=None) -> Tensor:
    """Lower triangular L with A = L Lᵀ (upper: A = Lᵀ L) of positive definite matrices."""
    no_out("linalg.cholesky", out)
    return CHOLESKY(_matrix(A, "cholesky", True), bool(upper))


# --- symmetric eigenvalue problems -------------------------------------------------------------------------------


def _eigh_back(grad, result):
    """Gradient through A = V diag(λ) Vᵀ for distinct eigenvalues."""
    values, vectors = result
    gap = values[..., None, :] - values[..., :, None]
    place = np.arange(values.shape[-1])
    gap[..., place, place] = 1
    inner = _t(vectors) @ grad[1] / gap
    inner[..., place, place] = grad[0]
    return vectors @ inner @ _t(vectors)


EIGH = Primitive("linalg_eigh", lambda A, UPLO: tuple(np.linalg.eigh(A, UPLO)), "A UPLO", outputs=True, A=_eigh_back)
EIGH_RESULT = return_type("linalg_eigh", "eigenvalues", "eigenvectors")


def eigh(A: Tensor, UPLO: str = "L", *, out=None):
    """Eigenvalues (ascending) and eigenvectors of symmetric matrices, of which the triangle UPLO is read."""
    no_out("linalg.eigh", out)
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    if A._array.ndim >= 2 and A.shape[-1] == A.shape[-2] and A._array.dtype.kind not in "fc":
        raise NotImplementedError(f"\"linalg_eigh_cpu\" not implemented for '{scalar_name(A._array.dtype)}'")
    return EIGH_RESULT(EIGH(_matrix(A, "eigh", True), UPLO.upper()))


def eigvalsh(A: Tensor, UPLO: str = "L", *, out=None) -> Tensor:
    no_out("linalg.eigvalsh", out)
    return eigh(A, UPLO)[0]


# --- pseudo-inverse and least squares ----------------------------------------------------------------------------


def _pinv(A, cut):
    if not A.size:
        return np.zeros(A.swapaxes(-1, -2).shape, A.dtype)
    u, s, vh = np.linalg.svd(A, full_matrices=False)
    keep = s > cut(s)
    return _t(vh) @ (np.where(keep, 1 / np.where(keep, s, 1), 0)[..., None] * _t(u))


def _pinv_back(grad, self, result):
    """Golub and Pereyra's derivative; valid where the rank does not change."""
    p, pt, gt = result, _t(result), _t(grad)
    inner = gt @ p
    across = inner @ pt
    return -_t(p @ inner) + across - self @ (p @ across) + pt @ (p @ (gt - inner @ self))


PINV = Primitive("linalg_pinv", _pinv, "self cut", self=_pinv_back)


def pinv(A: Tensor, *, atol=None, rtol=None, hermitian: bool = False, rcond=None, out=None) -> Tensor:
    """The Moore–Penrose inverse; singular values up to max(atol, rtol · the largest) count as 0."""
    no_out("linalg.pinv", out)
    if hermitian:
        from .absent import refuse

        raise refuse("torch.linalg.pinv(hermitian=True)", "torch.linalg.pinv(A)")
    _matrix(A, "pinv")
    absolute, relative = (np.asarray(t._array)[..., None] if isinstance(t, Tensor) else t
                          for t in (atol, rcond if rtol is None else rtol))
    if relative is None:
        usual = max(A.shape[-2:]) * np.finfo(A._array.dtype).eps
        relative = usual if absolute is None else np.where(np.asarray(absolute) > 0, 0.0, usual)
    return PINV(A, lambda s: np.maximum(0.0 if absolute is None else absolute, relative * s.max(-1, keepdims=True)))


LSTSQ_RESULT = return_type("linalg_lstsq", "solution", "residuals", "rank", "singular_values")


def lstsq(A: Tensor, B: Tensor, rcond=None, *, driver: str | None = None):
    """X with the least |A X − B|, through the pseudo-inverse, so it has a gradient for matrices of full rank."""
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError("torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    _matrix(A, "lstsq")
    if A._array.dtype != B._array.dtype:
        raise RuntimeError("torch.linalg.lstsq: Expected input and other to have the same dtype, but got input's dtype "
                           f"{scalar_name(A._array.dtype)} and other's dtype {scalar_name(B._array.dtype)}")
    vector = B.dim() == A.dim() - 1
    right = B.unsqueeze(-1) if vector else B
    if right.shape[-2] != A.shape[-2]:
        raise RuntimeError("torch.linalg.lstsq: input.size(-2) should match other.size(-2)" if not vector else
                           "torch.linalg.lstsq: input.size(-2) should match other.size(-1)")
    rank_of = np.linalg.matrix_rank(A._array) if A._array.size else np.zeros(A.shape[:-2], np.int64)
    solution = pinv(A, rcond=rcond) @ right
    m, n = A.shape[-2:]
    told = m > n and (driver == "gels" or (driver in ("gelsd", "gelss") and (rank_of == n).all()))
    residuals = (A @ solution - right).square().sum(-2) if told else solution.flatten()[:0] * 0
    singular = svdvals(A.detach()) if driver in ("gelsd", "gelss") else wrap(np.empty(0, A._array.dtype))
    rank = wrap(np.empty(0, np.int64) if driver == "gels" else np.asarray(rank_of, np.int64))
    for t in (solution, residuals):
        relabel(t, "LinalgLstsqBackward0")
    return LSTSQ_RESULT((solution.squeeze(-1) if vector else solution, residuals, rank, singular))


# --- triangular systems -------------------------------------------------------------------------------------------


def _triangle(A, upper, unit):
    out = np.triu(A) if upper else np.tril(A)
    if unit:
        place = np.arange(out.shape[-1])
        out[..., place, place] = 1
    return out


def _solve_triangular(A, B, upper, unit):
    return np.linalg.solve(_triangle(A, upper, unit), B)


def _triangular_left(grad, A, result, upper, unit):
    inner = -np.linalg.solve(_t(_triangle(A, upper, unit)), grad) @ _t(result)
    k = 1 if unit else 0
    return np.triu(inner, k) if upper else np.tril(inner, -k)


SOLVE_TRIANGULAR = Primitive(
    "linalg_solve_triangular", _solve_triangular, "A B upper unit", label="LinalgSolveTriangularBackward0",
    A=_triangular_left, B=lambda grad, A, upper, unit: np.linalg.solve(_t(_triangle(A, upper, unit)), grad))


def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False, out=None):
    """X with A X = B (X A = B if not left) for triangular A; the other triangle is not read."""
    no_out("linalg.solve_triangular", out)
    _matrix(A, "solve_triangular", True)
    if B.dim() < 2:
        raise RuntimeError("linalg.solve_triangular: The input tensor B must have at least 2 dimensions.")
    rows = B.shape[-2 if left else -1]
    if rows != A.shape[-1]:
        raise RuntimeError(f"linalg.solve_triangular: Incompatible shapes of A and B for the equation "
                           f"{'AX = B' if left else 'XA = B'} ({A.shape[-2]}x{A.shape[-1]} and "
                           f"{B.shape[-2]}x{B.shape[-1]})")
    if not left:
        flipped = SOLVE_TRIANGULAR(A.mT, B.mT, not upper, bool(unitriangular)).mT
        return relabel(flipped, "LinalgSolveTriangularBackward0")
    return SOLVE_TRIANGULAR(A, B, bool(upper), bool(unitriangular))


# --- products and parts --------------------------------------------------------------------------------------------


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out=None) -> Tensor:
    """Σ conj(x) y along `dim`."""
    no_out("linalg.vecdot", out)
    out = (x.conj() * y).sum(dim)
    return relabel(out, "VdotBackward0") if x.dim() == y.dim() == 1 else out


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    return A.diagonal(offset, dim1, dim2)


def cross(input: Tensor, other: Tensor, *, dim: int = -1, out=None) -> Tensor:
    """The cross product of vectors of three elements along `dim`."""
    no_out("linalg.cross", out)
    if input.dim() != other.dim():
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and "
                           f"{other.shape[dim]}")
    return CROSS(input, other, dim if dim < 0 else dim - max(input.dim(), other.dim()))


CROSS = Primitive("linalg_cross", lambda self, other, dim: np.cross(self, other, axis=dim), "self other dim", kind=None,
                  self=lambda grad, other, dim: np.cross(other, grad, axis=dim),
                  other=lambda grad, self, dim: np.cross(grad, self, axis=dim))


def cond(A: Tensor, p=None, *, out=None) -> Tensor:
    """The condition number: the largest singular value over the smallest, or ‖A‖ ‖A⁻¹‖ in another norm."""
    no_out("linalg.cond", out)
    from .linalg import inv, matrix_norm

    _matrix(A, "cond")
    if p in (None, 2, -2):
        s = svdvals(A)
        ratio = s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0]
        return relabel(ratio, "SqueezeBackward1")
    return matrix_norm(A, p) * matrix_norm(inv(A), p)


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Powers 0 … N−1 of each element, along a new last dimension."""
    from .ops_create import arange

    x = x if x.dim() else x.unsqueeze(0)
    n = x.shape[-1] if N is None else N
    if n <= 1:
        raise RuntimeError("N must be greater than 1.")
    return relabel(x.unsqueeze(-1) ** arange(n), "CatBackward0")
