"""Tensors from data and from nothing: tensor, zeros, arange, eye, full_like, meshgrid, tril_indices, …"""

import math

import numpy as np

from .absent import refuse
from .dtypes import (
    FROM_NUMPY,
    INT64,
    _Default,
    bool_,
    check_device,
    dtype,
    float32,
    int64,
    promote_types,
    scalar_dtype,
)
from .helpers import sizes_of
from .primitive import common_dtype, function, method, public
from .tensor import Tensor, from_numpy, wrap


def finish(array: np.ndarray, requires_grad: bool = False) -> Tensor:
    made = wrap(array)
    return made.requires_grad_() if requires_grad else made


def chosen(dtype_: dtype | None, device=None, default: dtype | None = None) -> np.dtype:
    """The NumPy dtype for a `dtype=` argument; also checks `device=`."""
    if device is not None:
        check_device(device)
    if dtype_ is None:
        return (default or _Default.value).numpy
    if not isinstance(dtype_, dtype):
        if dtype_ in (float, int, bool, complex):
            return {float: _Default.value, int: int64, bool: bool_,
                    complex: _Default.value.to_complex()}[dtype_].numpy
        raise TypeError(f"argument 'dtype' must be torch.dtype, not {type(dtype_).__name__}")
    return dtype_.numpy


def plain(data):
    """Nested sequences with every tensor inside turned into Python numbers."""
    if isinstance(data, Tensor):
        return data._array.item() if data._array.ndim == 0 else data._array.tolist()
    if isinstance(data, list | tuple):
        return [plain(d) for d in data]
    return data


def first_value(data):
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return data


def check_nested(data, depth: int = 0) -> None:
    """Raise PyTorch's error for nested sequences of unequal lengths."""
    if not isinstance(data, list | tuple) or not data:
        return
    first = data[0]
    for item in data:
        if isinstance(first, list | tuple):
            if not isinstance(item, list | tuple):
                raise TypeError("not a sequence")
            if len(item) != len(first):
                raise ValueError(f"expected sequence of length {len(first)} at dim {depth + 1} (got {len(item)})")
        check_nested(item, depth + 1)


def array_from(data, numpy_dtype: np.dtype | None) -> np.ndarray:
    """A fresh array with `data`'s values, typed as torch.tensor would type them."""
    if isinstance(data, Tensor):
        data = data._array
    if isinstance(data, np.ndarray | np.generic):
        if data.dtype not in FROM_NUMPY:
            from .dtypes import from_numpy_dtype

            from_numpy_dtype(data.dtype)
        return np.array(data, dtype=numpy_dtype or data.dtype, order="C")
    if isinstance(data, str | bytes | dict | set) or data is None:
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'" if isinstance(data, str)
                        else f"Could not infer dtype of {type(data).__name__}")
    if hasattr(data, "__array__") and not isinstance(data, list | tuple):
        return array_from(np.asarray(data), numpy_dtype)
    if isinstance(data, range):
        data = list(data)
    data = plain(data)
    check_nested(data)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError(str(error)) from None
    if array.dtype == object or array.dtype.kind in "US":
        value = first_value(data)
        if isinstance(value, str):
            raise ValueError("too many dimensions 'str'")
        if isinstance(value, int):
            raise RuntimeError("Overflow when unpacking long long")
        raise RuntimeError(f"Could not infer dtype of {type(value).__name__}")
    if numpy_dtype is None:
        value = first_value(data)
        if array.size == 0:
            numpy_dtype = _Default.value.numpy
        elif isinstance(value, np.ndarray | np.generic):
            numpy_dtype = array.dtype
        else:
            numpy_dtype = scalar_dtype(array.reshape(-1)[0]).numpy
    if array.dtype.kind == "f" and numpy_dtype.kind in "iu" and array.size and not np.isfinite(array).all():
        bad = "inf" if np.isinf(array).any() else "nan"
        raise RuntimeError(f"value cannot be converted to type {numpy_dtype.name} without overflow"
                           if bad == "inf" else "cannot convert float NaN to integer")
    return array.astype(numpy_dtype)


@function
def tensor(data, *, dtype=None, device=None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A new tensor with a copy of `data`: a number, nested lists, a NumPy array or a tensor."""
    numpy_dtype = None if dtype is None else chosen(dtype)
    check_device(device)
    return finish(array_from(data, numpy_dtype), requires_grad)


@function
def as_tensor(data, dtype=None, device=None) -> Tensor:
    """`data` as a tensor, sharing memory when it is an array or tensor of the right type already."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or data.dtype == dtype.numpy):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


@function
def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad: bool = False) -> Tensor:
    made = as_tensor(obj, dtype=dtype, device=device)
    return (made.clone() if copy else made).requires_grad_(requires_grad)


@function
def scalar_tensor(s, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    return finish(np.asarray(s).astype(chosen(dtype, device)).reshape(()), requires_grad)


def legacy_tensor(*data) -> Tensor:
    """torch.Tensor(2, 3), torch.Tensor([1, 2]): float tensors of a size or of data."""
    if not data:
        return wrap(np.empty(0, _Default.value.numpy))
    if len(data) == 1 and isinstance(data[0], Tensor):
        return wrap(data[0]._array)
    if len(data) == 1 and isinstance(data[0], list | tuple | np.ndarray) and type(data[0]).__name__ != "Size":
        return wrap(array_from(data[0], _Default.value.numpy))
    return wrap(np.zeros(sizes_of(data), _Default.value.numpy))


def sized(name: str, args: tuple, size=None) -> tuple[int, ...]:
    """The shape of a tensor to be made; without any size given there is none."""
    if not args and size is None:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    shape = sizes_of(args) if size is None else tuple(size)
    for n in shape:
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    return shape


def no_out(name: str, out) -> None:
    if out is not None:
        raise refuse(f"torch.{name}(out=…)", "assign the result instead")


@function
def zeros(*args, size=None, out=None, dtype=None, layout=None, device=None, pin_memory=False,
          requires_grad: bool = False) -> Tensor:
    no_out("zeros", out)
    return finish(np.zeros(sized("zeros", args, size), chosen(dtype, device)), requires_grad)


@function
def ones(*args, size=None, out=None, dtype=None, layout=None, device=None, pin_memory=False,
         requires_grad: bool = False) -> Tensor:
    no_out("ones", out)
    return finish(np.ones(sized("ones", args, size), chosen(dtype, device)), requires_grad)


@function
def empty(*args, size=None, out=None, dtype=None, layout=None, device=None, pin_memory=False,
          requires_grad: bool = False, memory_format=None) -> Tensor:
    """Unset memory; here it is zeros."""
    no_out("empty", out)
    return finish(np.zeros(sized("empty", args, size), chosen(dtype, device)), requires_grad)


@function
def full(size, fill_value, *, out=None, dtype=None, layout=None, device=None, requires_grad: bool = False) -> Tensor:
    no_out("full", out)
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    numpy_dtype = scalar_dtype(fill_value).numpy if dtype is None else chosen(dtype)
    check_device(device)
    size = (size,) if isinstance(size, int) else tuple(size)
    return finish(np.full(sized("full", (size,)), fill_value, numpy_dtype), requires_grad)


def _like(input: Tensor, fill, dtype, device, requires_grad) -> Tensor:
    numpy_dtype = input._array.dtype if dtype is None else chosen(dtype, device)
    made = np.empty_like(input._array, dtype=numpy_dtype, subok=False)
    made[...] = fill
    return finish(made, requires_grad)


@function
def zeros_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None) -> Tensor:
    return _like(input, 0, dtype, device, requires_grad)


@function
def ones_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None) -> Tensor:
    return _like(input, 1, dtype, device, requires_grad)


@function
def empty_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None) -> Tensor:
    return _like(input, 0, dtype, device, requires_grad)


@function
def full_like(input, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False,
              memory_format=None) -> Tensor:
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    return _like(input, fill_value, dtype, device, requires_grad)


@method
def new_zeros(self, *args, size=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    return finish(np.zeros(sized("new_zeros", args, size), chosen(dtype, device, self.dtype)), requires_grad)


@method
def new_ones(self, *args, size=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    return finish(np.ones(sized("new_ones", args, size), chosen(dtype, device, self.dtype)), requires_grad)


@method
def new_empty(self, *args, size=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    return new_zeros(self, *args, size=size, dtype=dtype, device=device, requires_grad=requires_grad)


@method
def new_full(self, size, fill_value, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    return full(size, fill_value, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@method
def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


def _number(value):
    return value.item() if isinstance(value, Tensor) else value


@function
def arange(*args, start=None, end=None, step=1, out=None, dtype=None, layout=None, device=None, pin_memory=False,
           requires_grad: bool = False) -> Tensor:
    """arange(end), arange(start, end[, step]); integers give int64, floats the default float type."""
    no_out("arange", out)
    values = [_number(a) for a in args]
    if len(values) == 1 and end is None:
        start, end = 0 if start is None else start, values[0]
    elif len(values) == 1:
        start = values[0]
    elif len(values) >= 2:
        start, end, step = (*values, step)[:3]
    start, end, step = _number(start or 0), _number(end), _number(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {float(start):g} -> {float(end):g}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = all([isinstance(v, int | np.integer) for v in (start, end, step)])
    numpy_dtype = (INT64 if whole else _Default.value.numpy) if dtype is None else chosen(dtype)
    check_device(device)
    if numpy_dtype == INT64:
        start, end, step, whole = int(start), int(end), int(step), True
    if whole:
        array = np.arange(start, end, step, dtype=np.int64).astype(numpy_dtype)
    else:
        count = math.ceil((end - start) / step)
        wide = np.float64 if numpy_dtype.kind in "fc" else numpy_dtype
        array = (np.asarray(start).astype(wide) + np.arange(count).astype(wide) * np.asarray(step).astype(wide))
        array = array.astype(numpy_dtype)
    return finish(array, requires_grad)


def _steps(start: float, end: float, steps: int, numpy_dtype: np.dtype) -> np.ndarray:
    if not isinstance(steps, int):
        raise TypeError(f"linspace(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    if steps == 1:
        return np.full(1, start, numpy_dtype)
    kind = numpy_dtype.type
    if numpy_dtype.kind not in "fc":
        kind, start, end = np.float64, int(start), int(end)
    step = kind((kind(end) - kind(start)) / kind(steps - 1)) if steps else kind(0)
    index = np.arange(steps)
    if kind is np.float32:  # PyTorch multiplies and adds with one rounding, which double precision makes as well
        start, end, step, kind = np.float64(kind(start)), np.float64(kind(end)), np.float64(step), np.float64
    rising = kind(start) + step * index.astype(kind)
    falling = kind(end) - step * (steps - 1 - index).astype(kind)
    return np.where(index < steps // 2, rising, falling).astype(numpy_dtype)


@function
def linspace(start, end, steps: int, *, out=None, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """`steps` values from `start` to `end`, both included; the second half is counted from the end."""
    no_out("linspace", out)
    start, end = _number(start), _number(end)
    return finish(_steps(start, end, steps, chosen(dtype, device)), requires_grad)


@function
def logspace(start, end, steps: int, base: float = 10.0, *, out=None, dtype=None, layout=None, device=None,
             requires_grad=False) -> Tensor:
    no_out("logspace", out)
    numpy_dtype = chosen(dtype, device)
    start, end = _number(start), _number(end)
    if numpy_dtype.kind not in "fc":
        start, end = int(start), int(end)
    exponents = _steps(start, end, steps, np.dtype("f8"))
    return finish((float(base) ** exponents).astype(numpy_dtype), requires_grad)


@function
def eye(n: int, m: int | None = None, *, out=None, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    no_out("eye", out)
    if n < 0:
        raise RuntimeError(f"n must be greater or equal to 0, got {n}")
    if m is not None and m < 0:
        raise RuntimeError(f"m must be greater or equal to 0, got {m}")
    return finish(np.eye(n, m, dtype=chosen(dtype, device)), requires_grad)


def _triangle(fn, row: int, col: int, offset: int, dtype_) -> Tensor:
    pairs = np.stack(np.nonzero(fn(np.ones((row, col), bool), offset))).astype(chosen(dtype_, default=int64))
    return wrap(np.ascontiguousarray(pairs))


@function
def tril_indices(row: int, col: int, offset: int = 0, *, dtype=None, device=None, layout=None) -> Tensor:
    return _triangle(np.tril, row, col, offset, dtype)


@function
def triu_indices(row: int, col: int, offset: int = 0, *, dtype=None, device=None, layout=None) -> Tensor:
    return _triangle(np.triu, row, col, offset, dtype)


@function
def result_type(tensor1, tensor2) -> dtype:
    return common_dtype((tensor1, tensor2))


@function
def can_cast(from_: dtype, to: dtype) -> bool:
    from .dtypes import can_cast as castable

    return castable(from_, to)


function(promote_types)
function(from_numpy)


@function
def is_tensor(obj) -> bool:
    return isinstance(obj, Tensor)


@function
def is_floating_point(input) -> bool:
    return input.is_floating_point()


@function
def is_complex(input) -> bool:
    return input.is_complex()


@function
def numel(input) -> int:
    return input._array.size


@function
def typename(obj) -> str:
    return obj.type() if isinstance(obj, Tensor) else f"{type(obj).__module__}.{type(obj).__qualname__}"


@public
def is_nonzero(input) -> bool:
    if input._array.size != 1:
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous" if input._array.size
                           else "Boolean value of Tensor with no values is ambiguous")
    return bool(input._array.item())


def _constructor(kind: dtype):
    def make(*data):
        if len(data) == 1 and isinstance(data[0], list | tuple | np.ndarray) and type(data[0]).__name__ != "Size":
            return wrap(array_from(data[0], kind.numpy))
        return wrap(np.zeros(sizes_of(data), kind.numpy))

    make.__name__ = kind.tensor_name.removeprefix("torch.")
    return make


for _kind in (float32, int64, bool_):
    function(_constructor(_kind))
