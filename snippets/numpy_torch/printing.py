"""repr of tensors, character for character as PyTorch prints them."""

import math

import numpy as np

from .dtypes import _Default, bool_, int64
from .tensor import Tensor, current_node, tracks


class Options:
    """What `torch.set_printoptions` changes."""

    precision = 4
    threshold = 1000
    edgeitems = 3
    linewidth = 80
    sci_mode = None


DEFAULTS = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80}
PROFILES = {"default": DEFAULTS, "short": {**DEFAULTS, "precision": 2, "edgeitems": 2},
            "full": {**DEFAULTS, "threshold": math.inf}}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Digits after the point, elements before summarising, items shown at each end, line width, and notation."""
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(f"unknown print profile {profile!r}; there are {', '.join(PROFILES)}")
        for name, value in PROFILES[profile].items():
            setattr(Options, name, value)
    for name, value in (("precision", precision), ("threshold", threshold), ("edgeitems", edgeitems),
                        ("linewidth", linewidth)):
        if value is not None:
            setattr(Options, name, value)
    Options.sci_mode = sci_mode


def get_printoptions() -> dict:
    return {name: getattr(Options, name) for name in (*DEFAULTS, "sci_mode")}


class printoptions:  # noqa: N801
    """`set_printoptions` for the length of a `with` block."""

    def __init__(self, **options):
        self.options = options

    def __enter__(self):
        self.before = get_printoptions()
        set_printoptions(**self.options)

    def __exit__(self, *exc):
        set_printoptions(**self.before)


class Format:
    """The one number format all elements of a tensor share, chosen from the values that will be shown."""

    def __init__(self, shown: np.ndarray):
        self.floating = shown.dtype.kind == "f"
        self.whole, self.scientific, self.width = True, False, 1
        if not self.floating:
            self.width = max([1, *[len(str(v)) for v in shown.ravel().tolist()]])
            return
        values = shown[np.isfinite(shown) & (shown != 0)].astype(np.float64)
        if not values.size:
            return
        sizes = np.abs(values)
        low, high = sizes.min(), sizes.max()
        self.whole = bool((values == np.ceil(values)).all())
        self.scientific = Options.sci_mode
        if self.scientific is None:
            with np.errstate(all="ignore"):
                self.scientific = bool(high / low > 1000 or high > 1e8 or low < 1e-4)
        spec = f".{Options.precision}e" if self.scientific else ".0f" if self.whole else f".{Options.precision}f"
        extra = 1 if self.whole and not self.scientific else 0
        self.width = max([1, *[len(format(v, spec)) + extra for v in values.tolist()]])

    def __call__(self, value) -> str:
        if not self.floating:
            text = str(value)
        elif self.scientific:
            text = format(value, f"{self.width}.{Options.precision}e")
        elif self.whole:
            text = format(value, ".0f") + ("." if math.isfinite(value) else "")
        else:
            text = format(value, f".{Options.precision}f")
        return text.rjust(self.width)


class ComplexFormat:
    """Real and imaginary part, each in its own format."""

    def __init__(self, shown: np.ndarray):
        self.real, self.imaginary = Format(shown.real), Format(shown.imag)
        self.width = self.real.width + self.imaginary.width + 1

    def __call__(self, value) -> str:
        imaginary = (self.imaginary(value.imag) + "j").lstrip()
        return self.real(value.real) + ("" if imaginary[0] in "+-" else "+") + imaginary


def summarised(array: np.ndarray) -> np.ndarray:
    """Only the items at both ends of every dimension."""
    edge = Options.edgeitems
    for d in range(array.ndim):
        if not edge:
            return array[:0]
        if array.shape[d] > 2 * edge:
            array = np.take(array, [*range(edge), *range(-edge, 0)], axis=d)
    return array


def vector_text(array: np.ndarray, indent: int, cut: bool, number) -> str:
    edge = Options.edgeitems
    per_line = max(1, (Options.linewidth - indent) // (number.width + 2))
    if cut and not edge:
        items = ["..."]
    elif cut and len(array) > 2 * edge:
        items = [*map(number, array[:edge].tolist()), " ...", *map(number, array[-edge:].tolist())]
    else:
        items = [number(v) for v in array.tolist()]
    lines = [", ".join(items[i:i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def array_text(array: np.ndarray, indent: int, cut: bool, number) -> str:
    if array.ndim == 0:
        return number(array.item())
    if array.ndim == 1:
        return vector_text(array, indent, cut, number)
    edge = Options.edgeitems
    if cut and len(array) > 2 * edge:
        parts = [*[array_text(a, indent + 1, cut, number) for a in array[:edge]], "...",
                 *[array_text(a, indent + 1, cut, number) for a in array[len(array) - edge:]]]
    else:
        parts = [array_text(a, indent + 1, cut, number) for a in array]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def numbers_text(array: np.ndarray, indent: int) -> str:
    """The numbers alone, as they stand inside `tensor(…)`."""
    if not array.size:
        return "[]"
    cut = array.size > Options.threshold
    shown = summarised(array) if cut else array
    number = ComplexFormat(shown) if array.dtype.kind == "c" else Format(shown)
    return array_text(array, indent, cut, number)


def tensor_text(tensor: Tensor) -> str:
    """`repr(tensor)`."""
    array, kind = tensor._array, tensor.dtype
    plain = type(tensor) is Tensor or type(tensor).__name__ == "Parameter"
    prefix = "tensor(" if plain else f"{type(tensor).__name__}("
    usual = kind in (_Default.value, _Default.value.to_complex(), int64, bool_)
    suffixes = []
    if not array.size:
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
        if kind is not _Default.value:
            suffixes.append(f"dtype={kind}")
    elif not usual:
        suffixes.append(f"dtype={kind}")
    try:
        node = current_node(tensor)
        name = None if node is None else node.shown()
    except RuntimeError:  # a view whose history was lost by a write
        name = "Invalid"
    if name is not None:
        suffixes.append(f"grad_fn=<{name}>")
    elif tracks(tensor):
        suffixes.append("requires_grad=True")
    text = prefix + numbers_text(array, len(prefix))
    last = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if last + len(suffix) + 2 > Options.linewidth:
            text += ",\n" + " " * len(prefix) + suffix
            last = len(prefix) + len(suffix)
        else:
            text += ", " + suffix
            last += len(suffix) + 2
    text += ")"
    return f"Parameter containing:\n{text}" if type(tensor).__name__ == "Parameter" else text
