"""Data types, devices and sizes: what a tensor's numbers are, and which type two tensors meet in.

Promotion is PyTorch's: a category (bool < integer < float < complex) only rises when a participant of a
higher category joins, and among tensors with dimensions, 0-dim tensors and Python numbers the first group
that has the highest category decides.
"""

import numpy as np


class dtype:  # noqa: N801 - PyTorch's spelling
    """One element type. `numpy` is the NumPy dtype that stores it, `category` 0–3 its rank in promotion."""

    __slots__ = ("category", "is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy",
                 "tensor_name")

    def __init__(self, name: str, tensor_name: str):
        self.name = name
        self.tensor_name = tensor_name
        self.numpy = np.dtype(name)
        self.itemsize = self.numpy.itemsize
        self.category = "biufc".index(self.numpy.kind) - (self.numpy.kind in "ufc")
        self.is_floating_point = self.category == 2
        self.is_complex = self.category == 3
        self.is_signed = self.numpy.kind in "ifc"

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self):
        return _by_name, (self.name,)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def to_real(self) -> "dtype":
        """complex64 → float32, complex128 → float64; any other type is itself."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> "dtype":
        """float32 → complex64, float64 → complex128."""
        return {"float32": complex64, "float64": complex128}.get(self.name, self)


bool_ = dtype("bool", "torch.BoolTensor")
uint8 = dtype("uint8", "torch.ByteTensor")
int8 = dtype("int8", "torch.CharTensor")
int16 = dtype("int16", "torch.ShortTensor")
int32 = dtype("int32", "torch.IntTensor")
int64 = dtype("int64", "torch.LongTensor")
float16 = dtype("float16", "torch.HalfTensor")
float32 = dtype("float32", "torch.FloatTensor")
float64 = dtype("float64", "torch.DoubleTensor")
complex64 = dtype("complex64", "torch.ComplexFloatTensor")
complex128 = dtype("complex128", "torch.ComplexDoubleTensor")

ALL = (bool_, uint8, int8, int16, int32, int64, float16, float32, float64, complex64, complex128)
ALIASES = {"bool": bool_, "long": int64, "int": int32, "short": int16, "half": float16, "float": float32,
           "double": float64, "cfloat": complex64, "cdouble": complex128}
FROM_NUMPY = {d.numpy: d for d in ALL}
BOOL, INT64 = bool_.numpy, int64.numpy


def _by_name(name: str) -> dtype:
    return next(d for d in ALL if d.name == name)


def from_numpy_dtype(numpy_dtype: np.dtype) -> dtype:
    """The torch dtype stored as `numpy_dtype`. Raises TypeError for one PyTorch has no name for."""
    found = FROM_NUMPY.get(numpy_dtype)
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{numpy_dtype.name}_. The only supported types are: "
            "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint8, and bool."
        )
    return found


class _Default:
    value = float32


def get_default_dtype() -> dtype:
    return _Default.value


def set_default_dtype(d: dtype) -> None:
    """The dtype of `torch.tensor(1.5)` and of true division of integers."""
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(
            "only floating-point types are supported as the default type"
        )
    _Default.value = d


# --- promotion -----------------------------------------------------------------------------------


def promote_types(a: dtype, b: dtype) -> dtype:
    """The smallest type both fit in by PyTorch's categories (int64 with float16 is float16)."""
    if a is b:
        return a
    if a.category != b.category and 3 not in (a.category, b.category):
        return a if a.category > b.category else b
    if a.category != b.category:
        low, high = sorted((a, b), key=lambda d: d.category)
        return high if low.category < 2 or low is not float64 else complex128
    return FROM_NUMPY[np.promote_types(a.numpy, b.numpy)]


def scalar_dtype(value) -> dtype:
    """The type a Python number has when it meets a tensor of lower category."""
    if isinstance(value, bool | np.bool_):
        return bool_
    if isinstance(value, int | np.integer):
        return int64
    if isinstance(value, complex | np.complexfloating) and not isinstance(value, float):
        return _Default.value.to_complex()
    return _Default.value


def result_dtype(dimensioned: list, zero_dim: list, scalars: list) -> dtype:
    """The common dtype of tensors with dimensions, 0-dim tensors and Python numbers (lists of dtypes)."""
    result = None
    for group in (dimensioned, zero_dim, scalars):
        if not group:
            continue
        joined = group[0]
        for d in group[1:]:
            joined = promote_types(joined, d)
        if result is None:
            result = joined
        elif joined.category > result.category:
            result = promote_types(result, joined) if joined.category == 3 else joined
    return result


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether an in-place result of type `from_` may be stored in a tensor of type `to`."""
    if from_.category == 0:
        return True
    if to.category == 0:
        return False
    return from_.category <= to.category


# --- finfo, iinfo --------------------------------------------------------------------------------


class finfo:  # noqa: N801
    """Limits of a floating-point type."""

    def __init__(self, type: dtype | None = None):
        d = type or _Default.value
        if d.category < 2:
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.{d.name}'"
            )
        info = np.finfo(d.numpy)
        self.bits, self.dtype = info.bits, d.to_real().name
        self.eps, self.max, self.min = float(info.eps), float(info.max), float(info.min)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = float(info.resolution)

    def __repr__(self) -> str:
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")


class iinfo:  # noqa: N801
    """Limits of an integer type."""

    def __init__(self, type: dtype):
        if type.category > 1:
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.{type.name}'"
            )
        info = np.iinfo(type.numpy)
        self.bits, self.max, self.min, self.dtype = info.bits, int(info.max), int(info.min), type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


# --- device, size, layout ------------------------------------------------------------------------


class device:  # noqa: N801
    """Where a tensor lives: always the CPU here."""

    __slots__ = ("index", "type")

    def __init__(self, type="cpu", index: int | None = None):
        if isinstance(type, device):
            type, index = type.type, type.index
        name, _, number = str(type).partition(":")
        if name not in ("cpu", "cuda", "mps", "meta", "xpu"):
            raise RuntimeError(
                "Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, "
                f"lazy, vulkan, mps, meta, hpu, mtia, privateuseone device type at start of device string: {type}"
            )
        self.type, self.index = name, int(number) if number else index

    def __repr__(self) -> str:
        return f"device(type='{self.type}')" if self.index is None else (
            f"device(type='{self.type}', index={self.index})")

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))


CPU = device("cpu")


def check_device(where) -> None:
    """Accept the CPU, refuse what a browser does not have, as PyTorch's CPU build does."""
    if where is None:
        return
    kind = device(where).type
    if kind == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled")
    if kind != "cpu":
        raise NotImplementedError(f"device '{kind}' does not exist in the page; use device='cpu'")


class Size(tuple):
    """A shape: a tuple of ints with `numel()`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    __str__ = __repr__

    def numel(self) -> int:
        total = 1
        for n in self:
            total *= n
        return total

    def __getitem__(self, index):
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other):
        return Size(tuple.__add__(self, other))

    def __mul__(self, count):
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__


class _Named:
    """A value whose only content is its name, such as `torch.strided`."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class layout(_Named):  # noqa: N801
    """`torch.strided` is the only layout."""


class memory_format(_Named):  # noqa: N801
    """How dimensions are laid out; `torch.contiguous_format` and `torch.preserve_format` are there."""


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")

for _type in (dtype, finfo, iinfo, device, Size, layout, memory_format):
    _type.__module__ = "torch"
