"""Pooling layers."""

from . import f_pooling as F
from .module import Module


class MaxPool(Module):
    """The maximum of each window."""

    n = 1

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices: bool = False,
                 ceil_mode: bool = False):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input):
        pool = getattr(F, f"max_pool{self.n}d")
        return pool(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
                    self.return_indices)

    def extra_repr(self) -> str:
        return (f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
                f"dilation={self.dilation}, ceil_mode={self.ceil_mode}")


class AvgPool(Module):
    """The mean of each window."""

    n = 2

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True,
                 divisor_override: int | None = None):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input):
        pool = getattr(F, f"avg_pool{self.n}d")
        return pool(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
                    self.divisor_override)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


def _single(value) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


class AvgPool1d(AvgPool):
    """The mean of each window of (N, C, L)."""

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True):
        super().__init__(_single(kernel_size), _single(kernel_size if stride is None else stride), _single(padding),
                         ceil_mode, count_include_pad)
        del self.divisor_override

    def forward(self, input):
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                            self.count_include_pad)


class AdaptiveAvgPool(Module):
    """The means of `output_size` windows."""

    n = 1

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, input):
        return getattr(F, f"adaptive_avg_pool{self.n}d")(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool(Module):
    """The maxima of `output_size` windows."""

    n = 1

    def __init__(self, output_size, return_indices: bool = False):
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input):
        return getattr(F, f"adaptive_max_pool{self.n}d")(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


def _sized(base: type, name: str, n: int) -> type:
    shape = "(N, C, " + ("L", "H, W", "D, H, W")[n - 1] + ")"
    return type(name, (base,), {"n": n, "__module__": __name__, "__qualname__": name,
                                "__doc__": f"{base.__doc__} Input {shape}."})


MaxPool1d, MaxPool2d, MaxPool3d = (_sized(MaxPool, f"MaxPool{n}d", n) for n in (1, 2, 3))
AvgPool2d, AvgPool3d = (_sized(AvgPool, f"AvgPool{n}d", n) for n in (2, 3))
AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d = (
    _sized(AdaptiveAvgPool, f"AdaptiveAvgPool{n}d", n) for n in (1, 2, 3))
AdaptiveMaxPool1d, AdaptiveMaxPool2d = (_sized(AdaptiveMaxPool, f"AdaptiveMaxPool{n}d", n) for n in (1, 2))
