"""torch.linalg: norms, decompositions, solving. LAPACK does the work, through NumPy."""

import math

import numpy as np

from .absent import module_attribute
from .helpers import normal_dim
from .ops_reduce import return_type, vector_norm
from .primitive import Primitive, relabel, scalar_name
from .tensor import Tensor, wrap


def _t(a: np.ndarray) -> np.ndarray:
    return a.swapaxes(-1, -2)


def _matrix(A: Tensor, name: str, square: bool = False) -> Tensor:
    if A._array.ndim < 2:
        raise RuntimeError(f"linalg.{name}: The input tensor A must have at least 2 dimensions.")
    if square and A._array.shape[-1] != A._array.shape[-2]:
        raise RuntimeError(f"linalg.{name}: A must be batches of square matrices, but they are "
                           f"{A._array.shape[-2]} by {A._array.shape[-1]} matrices")
    if A._array.dtype.kind not in "fc":
        raise RuntimeError(f"linalg.{name}: Expected a floating point or complex tensor as input. Got "
                           f"{scalar_name(A._array.dtype)}")
    return A


LinAlgError = type("_LinAlgError", (RuntimeError,), {"__module__": "torch._C"})


# --- SVD -----------------------------------------------------------------------------------------------


def _svd(A, full):
    u, s, vh = np.linalg.svd(A, full_matrices=full)
    return u, s, vh


def _svd_back(grad, result, A_shape, full):
    """Gradient through A = U S Vᴴ for real matrices and distinct singular values."""
    gu, gs, gvh = grad
    u, s, vh = result
    k = s.shape[-1]
    if full and (u.shape[-1] != k or vh.shape[-2] != k):
        raise NotImplementedError("the gradient of torch.linalg.svd needs full_matrices=False")
    m, n = A_shape[-2:]
    inner = np.zeros((*s.shape, k), s.dtype)
    gap = s[..., None, :] ** 2 - s[..., :, None] ** 2
    gap[..., np.arange(k), np.arange(k)] = 1
    skew_u, skew_v = _t(u) @ gu, vh @ _t(gvh)
    inner += (skew_u - _t(skew_u)) / gap * s[..., None, :] + s[..., :, None] * ((skew_v - _t(skew_v)) / gap)
    inner[..., np.arange(k), np.arange(k)] += gs
    out = u @ inner @ vh
    if m > k:
        out = out + ((gu - u @ (_t(u) @ gu)) / s[..., None, :]) @ vh
    if n > k:
        side = gvh / s[..., :, None]
        out = out + u @ (side - (side @ _t(vh)) @ vh)
    return out


SVD = Primitive("linalg_svd", _svd, "A full", outputs=True, A=_svd_back, label="LinalgSvdBackward0")
SVDVALS = Primitive("linalg_svdvals", lambda A: np.linalg.svd(A, compute_uv=False), "A", label="LinalgSvdBackward0",
                    A=lambda grad, A: _svdvals_back(grad, A))
SVD_RESULT = return_type("linalg_svd", "U", "S", "Vh")


def _svdvals_back(grad, A):
    u, _, vh = np.linalg.svd(A, full_matrices=False)
    return (u * grad[..., None, :]) @ vh


def svd(A: Tensor, full_matrices: bool = True, *, driver=None):
    """A = U diag(S) Vh; U (…, m, m or k), S (…, k), Vh (…, n or k, n)."""
    return SVD_RESULT(SVD(_matrix(A, "svd"), full_matrices))


def svdvals(A: Tensor, *, driver=None) -> Tensor:
    """Singular values, largest first."""
    return SVDVALS(_matrix(A, "svdvals"))


# --- QR ------------------------------------------------------------------------------------------------


def _qr_back(grad, result, A_shape):
    gq, gr = grad
    q, r = result
    m, n = A_shape[-2:]
    if m < n or q.shape[-1] != n:
        raise NotImplementedError("the gradient of torch.linalg.qr needs mode='reduced' and no more columns than rows")
    inner = r @ _t(gr) - _t(gq) @ q
    lower = np.tril(inner, -1)
    symmetric = lower + _t(lower) + inner * np.eye(n, dtype=q.dtype)
    return _t(np.linalg.solve(r, _t(gq + q @ symmetric)))


QR = Primitive("linalg_qr", lambda A, mode: tuple(np.linalg.qr(A, mode)), "A mode", outputs=True, A=_qr_back,
               label="LinalgQrBackward0")
QR_RESULT = return_type("linalg_qr", "Q", "R")


def qr(A: Tensor, mode: str = "reduced"):
    """A = Q R with orthonormal columns in Q. mode: "reduced", "complete" or "r"."""
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or "
                           "'complete'")
    if mode == "r":
        r = np.linalg.qr(_matrix(A, "qr")._array, "r")
        return QR_RESULT((wrap(np.empty(0, A._array.dtype)), wrap(r)))
    return QR_RESULT(QR(_matrix(A, "qr"), mode))


# --- eigenvalues ---------------------------------------------------------------------------------------


def eigvals(A: Tensor) -> Tensor:
    """Complex eigenvalues, in LAPACK's order."""
    _refuse_gradient(A, "eigvals")
    kind = np.complex64 if A._array.dtype == np.float32 else np.complex128
    return wrap(np.linalg.eigvals(_matrix(A, "eigvals", True)._array).astype(kind))


def _refuse_gradient(A: Tensor, name: str) -> None:
    from .autograd.graph import Mode

    if Mode.grad and A.requires_grad:
        raise NotImplementedError(f"the gradient of torch.linalg.{name} is not in the page; use .detach()")


# --- inverse, solve, determinant ---------------------------------------------------------------------------


def _inverse(A):
    try:
        return np.linalg.inv(A)
    except np.linalg.LinAlgError:
        raise LinAlgError("linalg.inv: The diagonal element is zero, the inversion could not be completed because the "
                          "input matrix is singular.") from None


INV = Primitive("linalg_inv_ex", _inverse, "A", label="LinalgInvExBackward0",
                A=lambda grad, result: -_t(result) @ grad @ _t(result))
DET = Primitive("linalg_det", lambda A: np.asarray(np.linalg.det(A), A.dtype), "A", label="LinalgDetBackward0",
                A=lambda grad, A: _det_back(grad, A))
SLOGDET = Primitive("linalg_slogdet", lambda A: tuple(np.linalg.slogdet(A)), "A", outputs=True,
                    label="LinalgSlogdetBackward0",
                    A=lambda grad, A: grad[1][..., None, None] * _t(np.linalg.inv(A)))
SOLVE = Primitive("linalg_solve_ex", np.linalg.solve, "A B", label="LinalgSolveExBackward0",
                  A=lambda grad, A, result: -np.linalg.solve(_t(A), grad) @ _t(result),
                  B=lambda grad, A: np.linalg.solve(_t(A), grad))


def _det_back(grad, A):
    """grad · cofactors, from the SVD so that singular matrices have a gradient too."""
    u, s, vh = np.linalg.svd(A)
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(s.shape[-1])], -1) if s.shape[-1] else s
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (grad * sign)[..., None, None] * ((u * others[..., None, :]) @ vh)


def inv(A: Tensor) -> Tensor:
    return INV(_matrix(A, "inv", True))


def det(A: Tensor) -> Tensor:
    return DET(_matrix(A, "det", True))


def slogdet(A: Tensor):
    """Sign and logarithm of the absolute value of the determinant."""
    return return_type("linalg_slogdet", "sign", "logabsdet")(SLOGDET(_matrix(A, "slogdet", True)))


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with A X = B (X A = B if not left); B is a matrix, or a vector for each matrix."""
    _matrix(A, "solve", True)
    if not left:
        return solve(A.mT, B.mT).mT
    vector = B.dim() == 1 or (B.dim() == A.dim() - 1 and B.shape == A.shape[:-1])
    out = SOLVE(A, B.unsqueeze(-1) if vector else B)
    return relabel(out.squeeze(-1), "LinalgSolveExBackward0") if vector else out


def multi_dot(tensors) -> Tensor:
    out = tensors[0]
    for t in tensors[1:]:
        out = out @ t
    return out


def matrix_power(A: Tensor, n: int) -> Tensor:
    if n < 0:
        return matrix_power(inv(A), -n)
    _matrix(A, "matrix_power", True)
    if n == 0:
        return A.clone().copy_(wrap(np.eye(A.size(-1), dtype=A._array.dtype)))
    half = matrix_power(A, n // 2) if n > 1 else None
    if half is None:
        return A
    return half @ half @ A if n % 2 else half @ half


# --- norms ---------------------------------------------------------------------------------------------


def norm(A: Tensor, ord=None, dim=None, keepdim: bool = False, *, dtype=None) -> Tensor:
    """The norm of vectors (one dim, or all elements) or matrices (two dims)."""
    if dim is None and (ord is None or isinstance(ord, str) or A.dim() != 1) and ord is not None:
        dim = (-2, -1) if A.dim() == 2 else dim
        if A.dim() not in (1, 2):
            raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
                               f"{A.dim()}D.")
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None or isinstance(dim, int) or len(dim) == 1:
        if isinstance(ord, str):
            raise RuntimeError(f"linalg.norm: Order {ord} not supported for vectors")
        return vector_norm(A, ord, dim, keepdim, dtype=dtype)
    return matrix_norm(A, ord, dim, keepdim, dtype=dtype)


def matrix_norm(A: Tensor, ord="fro", dim=(-2, -1), keepdim: bool = False, *, dtype=None) -> Tensor:
    """ord: "fro", "nuc", ±1, ±2 or ±inf."""
    if dtype is not None:
        A = A.to(dtype)
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    _matrix(A, "matrix_norm")
    rows, columns = (normal_dim(d, A.dim()) for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = vector_norm(A, 1, inner, keepdim)
        if not keepdim and inner < outer:
            outer -= 1
        return sums.amax(outer, keepdim) if ord > 0 else sums.amin(outer, keepdim)
    elif ord in ("nuc", 2, -2):
        s = svdvals(A.permute([d for d in range(A.dim()) if d not in (rows, columns)] + [rows, columns]))
        out = s.sum(-1) if ord == "nuc" else s.amax(-1) if ord == 2 else s.amin(-1)
        if not keepdim:
            return out
        for d in sorted((rows, columns)):
            out = out.unsqueeze(d)
        relabel(out, "PermuteBackward0")
    else:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    return out


def matrix_rank(A: Tensor, *, atol=None, rtol=None, hermitian: bool = False) -> Tensor:
    """How many singular values exceed max(atol, rtol · the largest)."""
    a = _matrix(A, "matrix_rank")._array
    s = np.abs(np.linalg.eigvalsh(a)) if hermitian else np.linalg.svd(a, compute_uv=False)
    top = s.max(-1, keepdims=True) if s.shape[-1] else s
    absolute, relative = (np.asarray(t._array)[..., None] if isinstance(t, Tensor) else t for t in (atol, rtol))
    if relative is None:
        usual = max(A.shape[-2:]) * np.finfo(s.dtype).eps
        relative = usual if absolute is None else np.where(np.asarray(absolute) > 0, 0.0, usual)
    return wrap(np.asarray((s > np.maximum(0.0 if absolute is None else absolute, relative * top)).sum(-1)).astype(
        np.int64))


MORE = ("cholesky", "cond", "cross", "diagonal", "eigh", "eigvalsh", "lstsq", "pinv", "solve_triangular", "vander",
        "vecdot")


def __getattr__(name: str):
    return module_attribute(__name__, name, {"vector_norm": "ops_reduce:", **dict.fromkeys(MORE, "linalg_more:")})
