"""Products: matmul and its kin, linear, einsum, tensordot, outer."""

import math

import numpy as np

from .helpers import normal_dim
from .primitive import Primitive, function, method, public, real_or_conj, relabel, scalar_name
from .products import product
from .tensor import Tensor


def _t(array):
    """The conjugate transpose of the last two dimensions (the plain one for real arrays)."""
    return real_or_conj(array.swapaxes(-1, -2))


MATMUL = Primitive("matmul", product, "self other", complex=True, label="BmmBackward0",
                   self=lambda grad, other: product(grad, _t(other)),
                   other=lambda grad, self: product(_t(self), grad))
DOT = Primitive("dot", lambda self, other: np.dot(self, other), "self other", complex=True,
                self=lambda grad, other: grad * real_or_conj(other),
                other=lambda grad, self: grad * real_or_conj(self))
MV = Primitive("mv", lambda self, other: self @ other, "self other", complex=True,
               self=lambda grad, other: np.outer(grad, real_or_conj(other)),
               other=lambda grad, self: real_or_conj(self.T) @ grad)


def _fold(array):
    """(…, K) → (rows, K)."""
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def _folded(self, other):
    """(…, K) @ (K, N) as one matrix product."""
    return product(_fold(self), other).reshape(*self.shape[:-1], other.shape[1])


FOLDED = Primitive("matmul", _folded, "self other", complex=True, label="UnsafeViewBackward0",
                   self=lambda grad, other: _folded(grad, _t(other)),
                   other=lambda grad, self: product(_t(_fold(self)), _fold(grad)))


def _linear(input, weight, bias):
    out = product(_fold(input), weight.T)
    if bias is not None:
        out += bias
    return out.reshape(*input.shape[:-1], weight.shape[0])


LINEAR = Primitive("linear", _linear, "input weight bias",
                   input=lambda grad, weight: product(_fold(grad), weight).reshape(*grad.shape[:-1], weight.shape[1]),
                   weight=lambda grad, input: product(_fold(grad).T, _fold(input)),
                   bias=lambda grad: _fold(grad).sum(0))
ADDMM = Primitive("addmm", lambda self, a, b, beta, alpha: _factor(a, alpha) * product(a, b) + (
                      _factor(self, beta) * self if beta != 0 else 0),
                  "self mat1 mat2 beta alpha", self=lambda grad, beta: grad * beta,
                  mat1=lambda grad, mat2, alpha: alpha * product(grad, _t(mat2)),
                  mat2=lambda grad, mat1, alpha: alpha * product(_t(mat1), grad))
def _factor(array, value):
    """A scalar factor in the array's own type: integers ignore a fraction."""
    return array.dtype.type(value)


OUTER = Primitive("outer", np.outer, "self vec2", label="MulBackward0", self=lambda grad, vec2: grad @ vec2,
                  vec2=lambda grad, self: self @ grad)


def _same_type(a: Tensor, b: Tensor, name: str = "") -> None:
    if a._array.dtype != b._array.dtype:
        names = [{"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}.get(
            t._array.dtype.name, t._array.dtype.name) for t in (a, b)]
        if name == "dot":
            raise RuntimeError("dot : expected both vectors to have same dtype, but found "
                               f"{scalar_name(a._array.dtype)} and {scalar_name(b._array.dtype)}")
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}")


def _x(shape) -> str:
    return "x".join([str(n) for n in shape])


@public
def mm(input, mat2):
    if input._array.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if mat2._array.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    _same_type(input, mat2)
    _inner(input, mat2)
    return relabel(MATMUL(input, mat2), "MmBackward0")


def _inner(a, b):
    if a._array.shape[-1] != b._array.shape[-2]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({_x(a._array.shape)} and {_x(b._array.shape)})")


@public
def bmm(input, mat2):
    for name, item in (("batch1", input), ("batch2", mat2)):
        if item._array.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    a, b = input._array.shape, mat2._array.shape
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: "
                           f"[{b[0]}, {b[1]}].")
    _same_type(input, mat2)
    return MATMUL(input, mat2)


@public
def dot(input, tensor):
    if input._array.ndim != 1 or tensor._array.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input._array.ndim}D and {tensor._array.ndim}D tensors")
    _same_type(input, tensor, "dot")
    if input._array.size != tensor._array.size:
        raise RuntimeError(f"inconsistent tensor size, expected tensor [{input._array.size}] and src "
                           f"[{tensor._array.size}] to have the same number of elements, but got {input._array.size} "
                           f"and {tensor._array.size} elements respectively")
    return DOT(input, tensor)


@public
def mv(input, vec):
    if input._array.ndim != 2 or vec._array.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input._array.ndim}, {vec._array.ndim}")
    _same_type(input, vec)
    if input._array.shape[1] != vec._array.size:
        raise RuntimeError(f"size mismatch, got input ({input._array.shape[0]}), mat "
                           f"({_x(input._array.shape)}), vec ({vec._array.size})")
    return MV(input, vec)


@public
def matmul(input, other, *, out=None):
    """Matrix product with broadcast leading dimensions; vectors are rows on the left and columns on the right."""
    a, b = input._array, other._array
    if not a.ndim or not b.ndim:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D")
    if a.ndim == 1 and b.ndim == 1:
        return dot(input, other)
    _same_type(input, other)
    if b.ndim == 1:
        if a.ndim == 2:
            return mv(input, other)
        if a.shape[-1] != b.shape[0]:
            raise RuntimeError(f"size mismatch, got input ({_x(_fold(a).shape[:1])}), mat ({_x(_fold(a).shape)}), vec "
                               f"({b.shape[0]})")
        return relabel(FOLDED(input, other.unsqueeze(1)).squeeze(-1), "UnsafeViewBackward0")
    if a.ndim == 1:
        out = matmul(input.unsqueeze(0), other)
        return relabel(out.squeeze(-2), "SqueezeBackward4" if b.ndim == 2 else "UnsafeViewBackward0")
    if a.shape[-1] != b.shape[-2]:
        if b.ndim == 2:
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({_x(_fold(a).shape)} and {_x(b.shape)})")
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{b.shape[0]}, "
                           f"{a.shape[-1]}] but got: [{b.shape[0]}, {b.shape[-2]}].")
    if b.ndim == 2:
        return relabel(MATMUL(input, other), "MmBackward0") if a.ndim == 2 else FOLDED(input, other)
    try:
        out = MATMUL(input, other)
    except ValueError:
        from .helpers import broadcast_shape

        broadcast_shape(a.shape[:-2], b.shape[:-2])
        raise
    if a.ndim == 2:
        return relabel(out, "CloneBackward0" if out._array.size else "TransposeBackward0")
    return relabel(out, "UnsafeViewBackward0")


Tensor.__matmul__ = lambda self, other: matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def linear(input, weight, bias=None):
    """torch.nn.functional.linear: input (…, in), weight (out, in), bias (out)."""
    a, w = input._array, weight._array
    _same_type(input, weight)
    if w.ndim == 1:
        out = matmul(input, weight)
        return out if bias is None else out + bias
    if a.shape[-1] != w.shape[-1]:
        if a.ndim == 1:
            raise RuntimeError(f"size mismatch, got input ({w.shape[0]}), mat ({_x(w.shape)}), vec ({a.shape[0]})")
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({_x(_fold(a).shape)} and {w.shape[1]}x"
                           f"{w.shape[0]})")
    if bias is not None and bias._array.shape != (w.shape[0],):
        return matmul(input, weight.t()) + bias
    out = LINEAR(input, weight, bias)
    if out._node is not None:
        if bias is None:
            out._node.label = "MmBackward0" if a.ndim == 2 else "SqueezeBackward4" if a.ndim == 1 else (
                "UnsafeViewBackward0")
        else:
            out._node.label = "AddmmBackward0" if a.ndim == 2 else "ViewBackward0"
    return out


@public
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    _same_type(mat1, mat2)
    if mat1._array.ndim != 2 or mat2._array.ndim != 2:
        raise RuntimeError(f"mat{1 if mat1._array.ndim != 2 else 2} must be a matrix, got "
                           f"{(mat1 if mat1._array.ndim != 2 else mat2)._array.ndim}-D tensor")
    _inner(mat1, mat2)
    return ADDMM(input, mat1, mat2, beta, alpha)


@method
def addmm_(self, mat1, mat2, *, beta=1, alpha=1):
    return ADDMM.inplace(self, mat1, mat2, beta, alpha)


@public
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    return relabel(ADDMM(input, batch1, batch2, beta, alpha), "BaddbmmBackward0")


@public
def outer(input, vec2):
    if input._array.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D argument self, but got {input._array.ndim}-D")
    if vec2._array.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D argument vec2, but got {vec2._array.ndim}-D")
    return OUTER(input, vec2) if input._array.dtype == vec2._array.dtype else input.unsqueeze(1) * vec2


# --- einsum ----------------------------------------------------------------------------------------


def _terms(equation: str, operands: tuple) -> tuple[list[str], str]:
    """Input and output subscripts with every ellipsis written out in capital letters of its own."""
    equation = equation.replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) < len(operands):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation")
    if len(terms) > len(operands):
        raise RuntimeError("einsum(): fewer operands were provided than specified in the equation")
    used = set(equation)
    spare = [c for c in map(chr, range(0x100, 0x180)) if c not in used]
    widest, expanded = 0, []
    for number, (term, operand) in enumerate(zip(terms, operands, strict=True)):
        letters = term.replace("...", "", 1)
        for c in letters:
            if not c.isalpha():
                raise RuntimeError(f"einsum(): invalid subscript given at index {term.index(c)} in the equation "
                                   "string, subscripts must be in [a-zA-Z]")
        hidden = operand._array.ndim - len(letters)
        if hidden < 0 or (hidden and "..." not in term):
            more = "..." not in term
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(letters)}) "
                f"{'does not match' if more else 'is more than'} the number of dimensions ({operand._array.ndim}) "
                f"for operand {number}{' and no ellipsis was given' if more else ''}")
        widest = max(widest, hidden)
        expanded.append((term, hidden))
    names = "".join(spare[:widest])
    full = [term.replace("...", names[widest - hidden:]) for term, hidden in expanded]
    if arrow:
        out = right.replace("...", names)
        for c in out:
            if out.count(c) > 1:
                raise RuntimeError(f"einsum(): output subscript {c} appears more than once in the output")
            if not any([c in term for term in full]):
                raise RuntimeError(f"einsum(): output subscript {c} does not appear in the equation for any input "
                                   "operand")
    else:
        every = "".join(full)
        out = names + "".join(sorted([c for c in set(every) if every.count(c) == 1 and c not in names]))
    return full, out


def _diagonals(tensor, term: str):
    """Take the diagonal for a letter that one operand repeats."""
    for c in sorted(set(term)):
        while term.count(c) > 1:
            first = term.index(c)
            second = term.index(c, first + 1)
            tensor = tensor.diagonal(0, first, second)
            term = term[:first] + term[first + 1:second] + term[second + 1:] + c
    return tensor, term


def _pair(a, ta: str, b, tb: str, keep: set):
    """Contract two operands; letters in neither `keep` nor the other operand are summed first."""
    for mine, other in ((0, tb), (1, ta)):
        tensor, term = ((a, ta), (b, tb))[mine]
        gone = [i for i, c in enumerate(term) if c not in other and c not in keep]
        if gone:
            tensor = tensor.sum(gone)
            term = "".join([c for c in term if c in other or c in keep])
        if mine == 0:
            a, ta = tensor, term
        else:
            b, tb = tensor, term
    sizes = {}
    for tensor, term in ((a, ta), (b, tb)):
        for c, n in zip(term, tensor._array.shape, strict=True):
            if sizes.get(c, 1) != 1 and n not in (1, sizes[c]):
                raise RuntimeError(
                    f"einsum(): subscript {c} has size {n} for operand 1 which does not broadcast with previously seen "
                    f"size {sizes[c]}")
            sizes[c] = max(sizes.get(c, 1), n) if n != 0 else 0
    shared = [c for c in ta if c in tb]
    batch = [c for c in shared if c in keep]
    inner = [c for c in shared if c not in keep]
    left, right = [c for c in ta if c not in tb], [c for c in tb if c not in ta]

    def arrange(tensor, term, groups):
        order = [c for g in groups for c in g]
        tensor = tensor.permute([term.index(c) for c in order])
        want = [sizes[c] for c in order]
        if list(tensor._array.shape) != want:
            tensor = tensor.expand(want)
        return tensor.reshape([_total(sizes, g) for g in groups])

    product = arrange(a, ta, (batch, left, inner)) @ arrange(b, tb, (batch, inner, right))
    term = "".join([*batch, *left, *right])
    return product.reshape([sizes[c] for c in term]), term


def _total(sizes, letters) -> int:
    total = 1
    for c in letters:
        total *= sizes[c]
    return total


@function
def einsum(equation, *operands):
    """Sum of products by subscripts, contracted left to right as matrix products."""
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not isinstance(equation, str):
        from .absent import refuse

        raise refuse("torch.einsum with subscript lists", "use an equation string")
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    terms, out = _terms(equation, operands)
    pairs = [_diagonals(t, term) for t, term in zip(operands, terms, strict=True)]
    result, term = pairs[0]
    for position, (operand, own) in enumerate(pairs[1:], 1):
        later = set(out).union(*[t for _, t in pairs[position + 1:]])
        result, term = _pair(result, term, operand, own, later)
    gone = [i for i, c in enumerate(term) if c not in out]
    if gone:
        result = result.sum(gone)
        term = "".join([c for c in term if c in out])
    return result.permute([term.index(c) for c in out])


@function
def tensordot(a, b, dims=2):
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a._array.ndim, b._array.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        left, right = list(range(-dims, 0)), list(range(dims))
    else:
        left, right = (d.tolist() if isinstance(d, Tensor) else d for d in dims)
        left, right = ([d] if isinstance(d, int) else list(d) for d in (left, right))
    if len(left) != len(right):
        raise RuntimeError("both dimension lists should have same length")
    left = [normal_dim(d, a._array.ndim) for d in left]
    right = [normal_dim(d, b._array.ndim) for d in right]
    ta = [chr(97 + i) for i in range(a._array.ndim)]
    tb = [chr(65 + i) for i in range(b._array.ndim)]
    for p, q in zip(left, right, strict=True):
        if a._array.shape[p] != b._array.shape[q] and 1 not in (a._array.shape[p], b._array.shape[q]):
            raise RuntimeError(f"contracted dimensions need to match, but first has size {a._array.shape[p]} in dim "
                               f"{p} and second has size {b._array.shape[q]} in dim {q}")
        tb[q] = ta[p]
    out = [c for i, c in enumerate(ta) if i not in left] + [c for i, c in enumerate(tb) if i not in right]
    return einsum(f"{''.join(ta)},{''.join(tb)}->{''.join(out)}", a, b)
