"""Convolution layers, transposed convolution layers, Unfold and Fold."""

import math

from .. import ops_create as create
from . import f_conv as F
from . import init
from .module import Module
from .parameter import Parameter


def sizes(value, n: int) -> tuple:
    """`value` n times, or the n values given."""
    return tuple(value) if isinstance(value, tuple | list) else (value,) * n


class Convolution(Module):
    """What all convolutions share. Subclasses set the number of spatial dimensions `n` and `transposed`."""

    n, transposed = 1, False

    def __init__(self, in_channels: int, out_channels: int, kernel_size, stride, padding, dilation, output_padding,
                 groups: int, bias: bool, padding_mode: str, device=None, dtype=None):
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        stride, dilation, kernel_size = (sizes(v, self.n) for v in (stride, dilation, kernel_size))
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}")
            if padding == "same" and any([s != 1 for s in stride]):
                raise ValueError("padding='same' is not supported for strided convolutions")
        else:
            padding = sizes(padding, self.n)
        modes = ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in modes:
            raise ValueError(f"padding_mode must be one of {set(modes)}, but got padding_mode='{padding_mode}'")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.dilation, self.output_padding = padding, dilation, sizes(output_padding, self.n)
        self.groups, self.padding_mode = groups, padding_mode
        shape = ((in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups))
        self.weight = Parameter(create.empty((*shape, *kernel_size), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(create.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in ±1/√(inputs of one output), weight and bias."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init.fans(self.weight)
            if fan_in:
                init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def around(self) -> list:
        """`padding` as F.pad takes it: last dimension first."""
        if self.padding == "valid":
            return [0, 0] * self.n
        if self.padding == "same":
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [part for t in reversed(total) for part in (t // 2, t - t // 2)]
        return [p for p in reversed(self.padding) for _ in range(2)]

    def _conv_forward(self, input, weight, bias):
        convolve, padding = getattr(F, f"conv{self.n}d"), self.padding
        if self.padding_mode != "zeros":
            from .f_vision import pad

            input, padding = pad(input, self.around(), self.padding_mode), 0
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.n:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.n:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.n:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class Conv1d(Convolution):
    """(N, C, L) → (N, O, L')."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0, dilation=1,
                 groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device=None, dtype=None):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias,
                         padding_mode, device, dtype)


class Conv2d(Conv1d):
    """(N, C, H, W) → (N, O, H', W')."""

    n = 2


class Conv3d(Conv1d):
    """(N, C, D, H, W) → (N, O, D', H', W')."""

    n = 3


class ConvTranspose1d(Convolution):
    """(N, C, L) → (N, O, L'), the adjoint of Conv1d with the same arguments."""

    transposed = True

    def __init__(self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0, output_padding=0,
                 groups: int = 1, bias: bool = True, dilation=1, padding_mode: str = "zeros", device=None, dtype=None):
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups,
                         bias, padding_mode, device, dtype)

    def _output_padding(self, input, output_size) -> tuple:
        """The extra rows that make the output as large as asked for."""
        if output_size is None:
            return self.output_padding
        n, batched = self.n, input.dim() == self.n + 2
        first = 2 if batched else 1
        if len(output_size) == n + first:
            output_size = output_size[first:]
        if len(output_size) != n:
            raise ValueError(f"ConvTranspose{n}D: for {input.dim()}D input, output_size must have {n} or {n + first} "
                             f"elements (got {len(output_size)})")
        least = [(input.size(d + first) - 1) * self.stride[d] - 2 * self.padding[d]
                 + self.dilation[d] * (self.kernel_size[d] - 1) + 1 for d in range(n)]
        most = [low + s - 1 for low, s in zip(least, self.stride, strict=True)]
        for size, low, high in zip(output_size, least, most, strict=True):
            if not low <= size <= high:
                raise ValueError(f"requested an output size of {output_size}, but valid sizes range from {least} to "
                                 f"{most} (for an input of {input.size()[2:]})")
        return tuple([size - low for size, low in zip(output_size, least, strict=True)])

    def forward(self, input, output_size=None):
        extra = self._output_padding(input, output_size)
        convolve = getattr(F, f"conv_transpose{self.n}d")
        return convolve(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)


class ConvTranspose2d(ConvTranspose1d):
    """(N, C, H, W) → (N, O, H', W'), the adjoint of Conv2d with the same arguments."""

    n = 2


class ConvTranspose3d(ConvTranspose1d):
    """(N, C, D, H, W) → (N, O, D', H', W')."""

    n = 3


class Unfold(Module):
    """(N, C, H, W) → (N, C·kh·kw, positions)."""

    def __init__(self, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input):
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
                f"stride={self.stride}")


class Fold(Module):
    """(N, C·kh·kw, positions) → (N, C, H, W), adding where windows overlap."""

    def __init__(self, output_size, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input):
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
                f"padding={self.padding}, stride={self.stride}")
