"""Copies, casts and whole-tensor writes: clone, detach, to, contiguous, copy_, fill_, zero_, masked_fill, tril."""

import math

import numpy as np

from .absent import refuse
from .dtypes import (
    BOOL,
    bool_,
    check_device,
    complex64,
    complex128,
    device,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from .helpers import broadcast_shape, expandable
from .primitive import Primitive, function, method, public, relabel
from .tensor import Tensor, version_shared, wrap

CLONE = Primitive("clone", lambda self: self.copy(order="K"), "self", complex=True, self=lambda grad: grad)
CONTIGUOUS = Primitive("clone", lambda self: np.ascontiguousarray(self), "self", complex=True, self=lambda grad: grad)


def cast(array, kind):
    if array.dtype.kind == "f" and kind.kind in "iu" and kind.itemsize < 4:
        array = array.astype(np.int64)  # -1.0 as a byte: 255 on a desktop, but 0 where the browser rounds to the range
    return array.astype(kind)


CAST = Primitive("to_copy", lambda self, kind: cast(self, kind), "self kind", complex=True, self=lambda grad: grad)


def _write_copy(memory, src):
    memory[...] = src


COPY = Primitive("copy", lambda self, src: np.broadcast_to(src, self.shape).astype(self.dtype), "self src",
                 write=_write_copy, complex=True, label="torch::autograd::CopyBackwards",
                 self=lambda grad: np.zeros_like(grad), src=lambda grad: grad)
FILL = Primitive("fill", lambda self, value: np.full_like(self, value), "self value", write=_write_copy, complex=True,
                 self=lambda grad: np.zeros_like(grad), value=lambda grad: grad.sum())
ZERO = Primitive("zero", lambda self: np.zeros_like(self), "self", write=lambda memory: memory.fill(0), complex=True,
                 self=lambda grad: np.zeros_like(grad))


def _write_mask(memory, mask, value):
    memory[np.broadcast_to(mask, memory.shape)] = value


MASKED_FILL = Primitive("masked_fill", lambda self, mask, value: np.where(mask, np.asarray(value, self.dtype), self),
                        "self mask value", write=_write_mask, complex=True,
                        self=lambda grad, mask: np.where(mask, 0, grad),
                        value=lambda grad, mask: np.where(mask, grad, 0).sum())
TRIL = Primitive("tril", np.tril, "self diagonal", complex=True, self=lambda grad, diagonal: np.tril(grad, diagonal))
TRIU = Primitive("triu", np.triu, "self diagonal", complex=True, self=lambda grad, diagonal: np.triu(grad, diagonal))


@public
def clone(input, *, memory_format=None):
    return CLONE(input) if memory_format is None or memory_format.name == "preserve_format" else CONTIGUOUS(input)


@public
def detach(input):
    """The same memory without history."""
    return version_shared(input)


@method
def detach_(self):
    if self._base is not None:
        raise RuntimeError("Can't detach views in-place. Use detach() instead.")
    self._node, self._number, self._requires_grad = None, 0, False
    return self


@method
def contiguous(self, memory_format=None):
    return self if self._array.flags.c_contiguous else CONTIGUOUS(self)


@method
def to(self, *args, dtype_=None, copy: bool = False, non_blocking: bool = False, memory_format=None, **keywords):
    """to(dtype), to(device), to(other), in any combination."""
    target = keywords.pop("dtype", dtype_)
    where = keywords.pop("device", None)
    if keywords:
        raise TypeError(f"to() received an invalid keyword argument: {next(iter(keywords))}")
    for a in args:
        if isinstance(a, dtype):
            target = a
        elif isinstance(a, Tensor):
            target = a.dtype
        elif isinstance(a, str | device):
            where = a
        elif isinstance(a, bool):
            pass
        elif a is not None:
            raise TypeError(f"to() received an invalid combination of arguments - got ({type(a).__name__})")
    check_device(where)
    if target is None or target.numpy == self._array.dtype:
        return CLONE(self) if copy else self
    return CAST(self, target.numpy)


def _type(self, dtype=None, non_blocking: bool = False):
    if dtype is None:
        return self.dtype.tensor_name
    if isinstance(dtype, str):
        from .dtypes import ALL

        dtype = next(d for d in ALL if d.tensor_name == dtype)
    return to(self, dtype)


Tensor.type = _type


@method
def type_as(self, other):
    return to(self, other.dtype)


def _caster(name: str, kind: dtype):
    def cast(self, memory_format=None):
        return to(self, kind)

    cast.__name__ = name
    method(cast)


for _name, _kind in (("float", float32), ("double", float64), ("half", float16), ("long", int64), ("int", int32),
                     ("short", int16), ("cfloat", complex64), ("cdouble", complex128),
                     ("bool", bool_), ("char", int8), ("byte", uint8)):
    _caster(_name, _kind)


@method
def cpu(self, memory_format=None):
    return self


@method
def cuda(self, device=None, non_blocking=False):
    check_device("cuda")


@method
def pin_memory(self):
    return self


@method
def share_memory_(self):
    return self


def check_expand(shape: tuple, target: tuple) -> None:
    """Raise PyTorch's error unless `shape` broadcasts to `target`."""
    if expandable(shape, target):
        return
    if len(shape) > len(target):
        raise RuntimeError(
            f"expand({shape_text(shape)}, size={list(target)}): the number of sizes provided ({len(target)}) must be "
            f"greater or equal to the number of dimensions in the tensor ({len(shape)})")
    extra = len(target) - len(shape)
    bad = next(d for d in range(len(target) - 1, -1, -1) if d >= extra and shape[d - extra] not in (1, target[d]))
    raise RuntimeError(
        f"The expanded size of the tensor ({target[bad]}) must match the existing size ({shape[bad - extra]}) at "
        f"non-singleton dimension {bad}.  Target sizes: {list(target)}.  Tensor sizes: {list(shape)}")


def shape_text(shape: tuple) -> str:
    return f"torch.FloatTensor{{{list(shape)}}}"


@method
def copy_(self, src, non_blocking: bool = False):
    if not isinstance(src, Tensor):
        src = wrap(np.asarray(src, self._array.dtype))
    check_expand(src._array.shape, self._array.shape)
    return COPY.inplace(self, src)


@method
def fill_(self, value):
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError("fill_ only supports 0-dimension value tensor but got tensor with "
                               f"{value._array.ndim} dimensions.")
        return FILL.inplace(self, value) if self._base is not None else relabel(
            FILL.inplace(self, value), "FillBackward3")
    return FILL.inplace(self, value) if self._base is not None else relabel(
        FILL.inplace(self, value), "FillBackward2")


@function
def fill(input, value):
    """A new tensor of input's shape that holds `value` everywhere."""
    return relabel(FILL(input, value), "FillBackward1" if isinstance(value, Tensor) else "FillBackward0")


def zero_(self):
    return ZERO.inplace(self)


method(zero_)
function(zero_)


@method
def set_(self, source=None):
    raise refuse("torch.Tensor.set_", "assign to .data")


def _mask(mask, name: str):
    if mask._array.dtype != BOOL:
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {mask.dtype.name}")


def _value(self, value):
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError("masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                           f"{value._array.ndim} dimension(s).")
    if isinstance(value, Tensor):
        fitting(value._array.item(), self.dtype)
        return value
    return fitting(value, self.dtype)


def fitting(value, kind: dtype):
    """A Python number as one that a tensor of `kind` can hold. Raises RuntimeError if it overflows."""
    if kind is bool_:
        return value != 0
    if kind.category < 3 and isinstance(value, complex):
        overflows = value.imag != 0
        value = value.real
    elif kind.category == 2:
        overflows = math.isfinite(value) and abs(value) > np.finfo(kind.numpy).max
    elif kind.category == 1:
        limits = np.iinfo(kind.numpy)
        low = limits.min if kind.is_signed else -limits.max  # unsigned types take negative numbers round the corner
        overflows = not low <= value <= limits.max
    else:
        overflows = False
    if overflows:
        raise RuntimeError(f"value cannot be converted to type {_c_name(kind)} without overflow")
    return int(value) % (limits.max + 1) if kind is uint8 else int(value) if kind.category == 1 else value


def _c_name(kind: dtype) -> str:
    return {"int64": "int64_t", "int32": "int", "int16": "int16_t", "int8": "int8_t", "uint8": "uint8_t",
            "float32": "float", "float64": "double"}.get(kind.name, kind.name)


@public
def masked_fill(input, mask, value):
    _mask(mask, "masked_fill_")
    shape = broadcast_shape(input._array.shape, mask._array.shape)
    source = input if shape == input._array.shape else input.expand(shape)
    return _numbered(MASKED_FILL(source, mask, _value(input, value)), value)


@method
def masked_fill_(self, mask, value):
    _mask(mask, "masked_fill_")
    check_expand(mask._array.shape, self._array.shape)
    return _numbered(MASKED_FILL.inplace(self, mask, _value(self, value)), value)


def _numbered(out, value):
    if isinstance(value, Tensor) and out._node is not None and out._node.label == "MaskedFillBackward0":
        out._node.label = "MaskedFillBackward1"
    return out


def _matrix(input, name: str):
    if input._array.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")


@public
def tril(input, diagonal: int = 0):
    _matrix(input, "tril")
    return TRIL(input, diagonal)


@public
def triu(input, diagonal: int = 0):
    _matrix(input, "triu")
    return TRIU(input, diagonal)


@method
def tril_(self, diagonal: int = 0):
    _matrix(self, "tril")
    return TRIL.inplace(self, diagonal)


@method
def triu_(self, diagonal: int = 0):
    _matrix(self, "triu")
    return TRIU.inplace(self, diagonal)


