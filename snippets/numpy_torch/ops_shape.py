"""Shapes: views (view, transpose, expand, squeeze, …) and the ops that rearrange or join (cat, stack, flip, roll)."""

import numpy as np

from .absent import refuse
from .autograd.graph import Mode
from .dtypes import Size, dtype
from .helpers import broadcast_shape, infer_size, normal_dim, normal_dims, sizes_of, sum_to
from .ops_copy import CONTIGUOUS, check_expand
from .primitive import Primitive, check_inplace, common_dtype, function, method, public, relabel, version_of
from .tensor import Tensor, tracks, wrap

VIEW_ERROR = (
    "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
    "contiguous subspaces). Use .reshape(...) instead."
)


def _inverse(dims):
    return tuple(sorted(range(len(dims)), key=dims.__getitem__))


def _expand(self, shape):
    if self.shape == shape:
        return self[...]
    out = np.broadcast_to(self, shape)
    out.flags.writeable = self.flags.writeable
    return out


def into(shape, key, grad):
    """Zeros of `shape` with `grad` at `key`."""
    out = np.zeros(shape, grad.dtype)
    out[key] = grad
    return out


def part(dim, start, stop, step=1):
    return (slice(None),) * dim + (slice(start, stop, step),)


def pieces(self, sizes, dim):
    out, start = [], 0
    for n in sizes:
        out.append(self[part(dim, start, start + n)])
        start += n
    return tuple(out)


VIEW = Primitive("view", lambda self, shape: self.reshape(shape, copy=False), "self shape", view=True, complex=True,
                 self=lambda grad, self_shape: grad.reshape(self_shape))
UNSAFE_VIEW = Primitive("_unsafe_view", lambda self, shape: np.array(self).reshape(shape), "self shape",
                        label="UnsafeViewBackward0", complex=True,
                        self=lambda grad, self_shape: grad.reshape(self_shape))
ALIAS = Primitive("alias", lambda self: self[...], "self", view=True, complex=True, self=lambda grad: grad)
TRANSPOSE = Primitive("transpose", lambda self, a, b: self.swapaxes(a, b), "self a b", view=True, complex=True,
                      self=lambda grad, a, b: grad.swapaxes(a, b))
PERMUTE = Primitive("permute", lambda self, dims: self.transpose(dims), "self dims", view=True, complex=True,
                    self=lambda grad, dims: grad.transpose(_inverse(dims)))
EXPAND = Primitive("expand", _expand, "self shape", view=True, complex=True,
                   self=lambda grad, self_shape: sum_to(grad, self_shape))
UNSQUEEZE = Primitive("unsqueeze", lambda self, dim: self.reshape(*self.shape[:dim], 1, *self.shape[dim:]),
                      "self dim", view=True, complex=True, self=lambda grad, self_shape: grad.reshape(self_shape))
SQUEEZE = Primitive("squeeze", lambda self, dims: self.squeeze(dims), "self dims", view=True, complex=True,
                    self=lambda grad, self_shape: grad.reshape(self_shape))
SLICE = Primitive("slice", lambda self, dim, start, stop, step: self[part(dim, start, stop, step)],
                  "self dim start stop step", view=True, complex=True,
                  self=lambda grad, self_shape, dim, start, stop, step: into(
                      self_shape, part(dim, start, stop, step), grad))
def _cat(tensors, dim):
    return np.concatenate([t for t in tensors if t.shape != (0,)] or tensors[:1], dim)


def _cat_back(grad, tensors_shape, dim):
    if grad.ndim > 1:  # empty vectors took no part
        taken = iter(pieces(grad, [s[dim] for s in tensors_shape if s != (0,)], dim))
        return [np.zeros(0, grad.dtype) if s == (0,) else next(taken) for s in tensors_shape]
    return pieces(grad, [s[dim] for s in tensors_shape], dim)


CAT = Primitive("cat", _cat, "tensors dim", variadic=True, complex=True, tensors=_cat_back)
STACK = Primitive("stack", lambda tensors, dim: np.stack(tensors, dim), "tensors dim", variadic=True, complex=True,
                  tensors=lambda grad, dim: list(np.moveaxis(grad, dim, 0)))
FLIP = Primitive("flip", lambda self, dims: np.flip(self, dims).copy(), "self dims", complex=True,
                 self=lambda grad, dims: np.flip(grad, dims))
ROLL = Primitive("roll", np.roll, "self shifts dims", complex=True,
                 self=lambda grad, shifts, dims: np.roll(grad, tuple([-s for s in shifts]) if dims is not None
                                                         else -shifts, dims))
REPEAT = Primitive("repeat", lambda self, times: np.tile(self, times), "self times", complex=True,
                   self=lambda grad, self_shape, times: _unrepeat(grad, self_shape, times))


def _unrepeat(grad, shape, times):
    shape = (1,) * (len(times) - len(shape)) + shape
    folded = grad.reshape([n for pair in zip(times, shape, strict=True) for n in pair])
    return folded.sum(tuple(range(0, 2 * len(times), 2)))


# --- views ---------------------------------------------------------------------------------------------


@method
def view(self, *shape, dtype=None):
    if dtype is not None or (len(shape) == 1 and isinstance(shape[0], _dtype)):
        return wrap(self._array.view((dtype or shape[0]).numpy))
    target = infer_size(sizes_of(shape), self._array.size)
    try:
        return VIEW(self, target)
    except ValueError:
        raise RuntimeError(VIEW_ERROR) from None


_dtype = dtype


@method
def view_as(self, other):
    return view(self, other._array.shape)


def reshaped(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A view if strides allow it, else a copy."""
    target = infer_size(shape, input._array.size)
    if input._array.flags.c_contiguous:
        return VIEW(input, target)
    try:
        return VIEW(input, target)
    except ValueError:
        return UNSAFE_VIEW(input, target)


@function
def reshape(input, shape):
    return reshaped(input, sizes_of((shape,)))


@method
def _reshape(self, *shape, **keywords):
    return reshaped(self, sizes_of(shape or (keywords["shape"],)))


Tensor.reshape = _reshape


@method
def reshape_as(self, other):
    return reshaped(self, other._array.shape)


@public
def flatten(input, start_dim: int = 0, end_dim: int = -1):
    n = input._array.ndim
    start, end = normal_dim(start_dim, n), normal_dim(end_dim, n)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    shape = input._array.shape
    if n == 0:
        return reshaped(input, (1,))
    if start == end:
        return input
    return reshaped(input, (*shape[:start], int(np.prod(shape[start:end + 1], dtype=np.int64)), *shape[end + 1:]))


@public
def unflatten(input, dim: int, sizes):
    if not input._array.ndim:
        raise RuntimeError("unflatten got an unexpected error:\nDimension specified as 0 but tensor has no dimensions")
    dim = normal_dim(dim, input._array.ndim)
    shape = input._array.shape
    sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        sizes = infer_size(sizes, shape[dim])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[dim]}) in the "
            "input tensor") from None
    return view(input, *shape[:dim], *sizes, *shape[dim + 1:])


@public
def ravel(input):
    return reshaped(input if input._array.flags.c_contiguous else CONTIGUOUS(input), (-1,))


@public
def transpose(input, dim0: int, dim1: int):
    n = input._array.ndim
    a, b = normal_dim(dim0, n), normal_dim(dim1, n)
    if n == 0:
        return relabel(ALIAS(input), "TransposeBackward0")
    return TRANSPOSE(input, a, b)


public(transpose, "swapaxes", "swapdims")


@public
def t(input):
    if input._array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D")
    return relabel(transpose(input, 0, -1), "TBackward0")


def _reverse(self):
    return PERMUTE(self, tuple(range(self._array.ndim - 1, -1, -1)))


def _matrix_transpose(self):
    if self._array.ndim < 2:
        raise RuntimeError("tensor.mT is only supported on matrices or batches of matrices. Got "
                           f"{self._array.ndim}-D tensor.")
    return TRANSPOSE(self, self._array.ndim - 2, self._array.ndim - 1)


Tensor.T = property(_reverse)
Tensor.mT = property(_matrix_transpose)


def _adjoint(self):
    """.H and .mH of real matrices; complex ones are refused rather than conjugated lazily."""
    if self._array.dtype.kind == "c":
        raise refuse("torch.Tensor.mH of a complex tensor", "x.mT.conj()")
    return _matrix_transpose(self)


def _matrix_adjoint(self):
    if self._array.ndim not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self._array.ndim}-D tensor.")
    return _adjoint(self) if self._array.ndim else self


Tensor.mH = property(_adjoint)
Tensor.H = property(_matrix_adjoint)


def permuted(input, dims: tuple) -> Tensor:
    n = input._array.ndim
    if len(dims) != n:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {n} is not equal to len(dims) = {len(dims)}")
    order = tuple([normal_dim(d, n) for d in dims])
    if len(set(order)) != n:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return PERMUTE(input, order)


@function
def permute(input, dims):
    return permuted(input, sizes_of((dims,)))


@method
def _permute(self, *dims, **keywords):
    return permuted(self, sizes_of(dims or (keywords["dims"],)))


Tensor.permute = _permute


@public
def movedim(input, source, destination):
    n = input._array.ndim
    source = (source,) if isinstance(source, int) else tuple(source)
    destination = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(source) != len(destination):
        raise RuntimeError("movedim: Invalid source or destination dims: source "
                           f"({list(source)} dims) should contain the same number of dims as destination "
                           f"({list(destination)} dims)")
    source = [normal_dim(d, n) for d in source]
    destination = [normal_dim(d, n) for d in destination]
    if len(set(source)) != len(source) or len(set(destination)) != len(destination):
        raise RuntimeError(f"movedim: repeated dim in `source` or `destination` ({source}, {destination})")
    if not n:
        return ALIAS(input)
    order = [d for d in range(n) if d not in source]
    for to, from_ in sorted(zip(destination, source, strict=True)):
        order.insert(to, from_)
    return PERMUTE(input, tuple(order))


public(movedim, "moveaxis")


@method
def expand(self, *shape, implicit: bool = False, size=None):
    wanted = sizes_of(shape) if size is None else tuple(size)
    own = self._array.shape
    extra = len(wanted) - len(own)
    if extra < 0:
        check_expand(own, wanted)
    for d, n in enumerate(wanted):
        if n == -1 and d < extra:
            raise RuntimeError(
                f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {d}")
    target = tuple([own[d - extra] if n == -1 else n for d, n in enumerate(wanted)])
    check_expand(own, target)
    return EXPAND(self, target)


@method
def expand_as(self, other):
    return expand(self, *other._array.shape)


@public
def broadcast_to(input, size):
    return expand(input, *size)


@function
def broadcast_tensors(*tensors):
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    shape = broadcast_shape(*[t._array.shape for t in tensors])
    return tuple([t if t._array.shape == shape else expand(t, *shape) for t in tensors])


@function
def broadcast_shapes(*shapes):
    return Size(broadcast_shape(*[(s,) if isinstance(s, int) else tuple(s) for s in shapes]))


@public
def unsqueeze(input, dim: int):
    return UNSQUEEZE(input, normal_dim(dim, input._array.ndim + 1))


@public
def squeeze(input, dim=None):
    shape = input._array.shape
    dims = tuple([d for d in normal_dims(dim, len(shape)) if shape and shape[d] == 1])
    label = "SqueezeBackward0" if dim is None else "SqueezeBackward1" if isinstance(dim, int) else "SqueezeBackward2"
    return relabel(SQUEEZE(input, dims), label)


@method
def squeeze_(self, dim=None):
    label = "SqueezeBackward3" if dim is None else "SqueezeBackward4" if isinstance(dim, int) else "SqueezeBackward5"
    return reshape_in_place(self, lambda t: squeeze(t, dim), label)


@method
def unsqueeze_(self, dim: int):
    return reshape_in_place(self, lambda t: unsqueeze(t, dim), "UnsqueezeBackward1")


def reshape_in_place(self, view_of, label: str):
    """Let `self` show its memory as `view_of(self)` does: unsqueeze_, t_, transpose_, …"""
    if Mode.grad and tracks(self):
        check_inplace(self)
    shown = view_of(self)
    self._array, self._node, self._number = shown._array, shown._node, shown._number
    relabel(self, label)
    writes = version_of(self)
    writes.count += 1
    if self._base is not None:
        self._chain, self._chain_version = shown._chain, writes.count
    return self


# --- joining and rearranging -----------------------------------------------------------------------


def _joined(tensors, name: str) -> tuple:
    tensors = tuple(tensors)
    if not tensors:
        raise (ValueError if name == "cat" else RuntimeError)(
            "torch.cat(): expected a non-empty list of Tensors" if name == "cat"
            else "stack expects a non-empty TensorList")
    for position, item in enumerate(tensors):
        if not isinstance(item, Tensor):
            raise TypeError(f"expected Tensor as element {position} in argument 0, but got {type(item).__name__}")
    kinds = {t._array.dtype for t in tensors}
    if len(kinds) > 1:
        kind = common_dtype(tensors)
        tensors = tuple([t.to(kind) for t in tensors])
    return tensors


@function
def cat(tensors, dim: int = 0, *, out=None):
    tensors = _joined(tensors, "cat")
    if any([t._array.ndim == 0 for t in tensors]):
        position = next(i for i, t in enumerate(tensors) if t._array.ndim == 0)
        raise RuntimeError(f"zero-dimensional tensor (at position {position}) cannot be concatenated")
    # empty vectors join anything, a rule kept for old programs
    solid = tuple([t for t in tensors if t._array.shape != (0,)]) or tensors[:1]
    first = solid[0]._array
    dim = normal_dim(dim, first.ndim)
    for position, item in enumerate(tensors):
        shape = item._array.shape
        if shape == (0,):
            continue
        if len(shape) != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {len(shape)}")
        for d in range(first.ndim):
            if d != dim and shape[d] != first.shape[d]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {first.shape[d]} but got "
                    f"size {shape[d]} for tensor number {position} in the list.")
    return CAT(tensors, dim)


function(cat, "concat", "concatenate")


@function
def stack(tensors, dim: int = 0, *, out=None):
    tensors = _joined(tensors, "stack")
    first = tensors[0]._array.shape
    for position, item in enumerate(tensors):
        if item._array.shape != first:
            raise RuntimeError(f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                               f"{list(item._array.shape)} at entry {position}")
    return STACK(tensors, normal_dim(dim, len(first) + 1))


@function
def hstack(tensors):
    if not tensors:
        raise RuntimeError("hstack expects a non-empty TensorList")
    tensors = [t.reshape(1) if t._array.ndim == 0 else t for t in tensors]
    return cat(tensors, 0 if tensors and tensors[0]._array.ndim == 1 else 1)


@function
def vstack(tensors):
    if not tensors:
        raise RuntimeError("vstack expects a non-empty TensorList")
    return cat([t.reshape(1, -1) if t._array.ndim < 2 else t for t in tensors], 0)


@public
def flip(input, dims, *more):
    dims = (dims, *more) if isinstance(dims, int) else tuple(dims)
    n = input._array.ndim
    return FLIP(input, normal_dims(dims, n) if n else ())


@public
def roll(input, shifts, dims=None):
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        return ROLL(input, shifts[0], None)
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(dims) != len(shifts):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    return ROLL(input, shifts, tuple([normal_dim(d, input._array.ndim) for d in dims]))


@method
def repeat(self, *repeats):
    times = sizes_of(repeats)
    if len(times) < self._array.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    return REPEAT(self, times)


@public
def tile(input, dims, *more):
    times = (dims, *more) if isinstance(dims, int) else tuple(dims)
    times = (1,) * (input._array.ndim - len(times)) + times
    return REPEAT(input, times)


@public
def repeat_interleave(input, repeats=None, dim: int | None = None, *, output_size: int | None = None):
    if repeats is None:
        return wrap(np.repeat(np.arange(input._array.size, dtype=np.int64), input._array.astype(np.intp)))
    if dim is None:
        input, dim = input.flatten(), 0
    dim = normal_dim(dim, input._array.ndim)
    times = repeats._array if isinstance(repeats, Tensor) else repeats
    if np.any(np.asarray(times) < 0):
        raise RuntimeError("Repeats must be non-negative" if not isinstance(repeats, Tensor)
                           else "repeats can not be negative")
    if np.size(times) not in (1, input._array.shape[dim]):
        raise RuntimeError("repeats must have the same size as input along dim, but got repeats.size(0) = "
                           f"{np.size(times)} and input.size({dim}) = {input._array.shape[dim]}")
    rows = np.repeat(np.arange(input._array.shape[dim], dtype=np.int64), np.asarray(times).astype(np.intp))
    out = input.index_select(dim, wrap(rows))
    return out if isinstance(repeats, Tensor) else relabel(out, "ViewBackward0")


@function
def meshgrid(*tensors, indexing: str | None = None):
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    vectors = [t.reshape(1) if t._array.ndim == 0 else t for t in tensors]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[:2] = [1, 0]
    shape = [vectors[p]._array.size for p in places]
    grids = tuple([v.reshape([-1 if d == p else 1 for d in range(len(vectors))]).expand(shape)
                   for p, v in zip(places, vectors, strict=True)])
    return grids


def _listed(tensors) -> tuple:
    """Functions of several tensors also take one list of them."""
    return tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors


@function
def atleast_1d(*tensors):
    single, tensors = len(tensors) == 1 and isinstance(tensors[0], Tensor), _listed(tensors)
    out = tuple([t.reshape(1) if t._array.ndim == 0 else t for t in tensors])
    return out[0] if single else out


@function
def atleast_2d(*tensors):
    single, tensors = len(tensors) == 1 and isinstance(tensors[0], Tensor), _listed(tensors)
    out = tuple([t.reshape(1, 1) if t._array.ndim == 0 else t.unsqueeze(0) if t._array.ndim == 1 else t
                 for t in tensors])
    return out[0] if single else out
