"""torch.nn.functional: convolutions, transposed convolutions, unfold and fold.

Three bilinear ops are each other's gradients: output from input and weight, input from output and weight (which is
the transposed convolution), weight from output and input.
"""

import math

import numpy as np

from ..absent import refuse
from ..primitive import Primitive, relabel, scalar_name
from ..products import product
from ..tensor import Tensor
from .windows import (
    Geometry,
    adjoint_pair,
    apply,
    cropped,
    overlapped,
    padded,
    spatial,
    taps,
    windows,
)

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "fold", "unfold"]

# x (N, C, *size), w (O, C/groups, *kernel), y (N, O, *out)


def _depthwise(w, g: Geometry) -> bool:
    return w.shape[1] == 1 and w.shape[0] == g.groups and g.groups > 1


def _columns(x, g: Geometry):
    """(N, groups, C/groups · kernel, positions)."""
    return windows(x, g).reshape(len(x), g.groups, -1, math.prod(g.out))


def _rows(w, g: Geometry):
    """(groups, O/groups, C/groups · kernel)."""
    return w.reshape(g.groups, w.shape[0] // g.groups, -1)


def _positions(y, g: Geometry):
    """(N, groups, O/groups, positions), contiguous: a gradient that was expanded has no memory layout for a product."""
    return np.ascontiguousarray(y).reshape(len(y), g.groups, -1, math.prod(g.out))


def _per_channel(w, position):
    return w[(slice(None), 0, *position)].reshape(-1, *[1] * len(position))


def _output(x, w, bias, g: Geometry):
    shape = (len(x), len(w), *g.out)
    if not math.prod(shape) or not w.size:
        out = np.zeros(shape, x.dtype)
    elif _depthwise(w, g):
        source, out = padded(x, g.low, g.high), None
        for position, seen in taps(g):
            part = source[seen] * _per_channel(w, position)
            out = part if out is None else np.add(out, part, out=out)
    else:
        out = product(_rows(w, g), _columns(x, g)).reshape(shape)
    if bias is not None:
        out += bias.reshape(-1, *[1] * len(g.out))
    return out


def _input(y, w, bias, g: Geometry):
    channels = w.shape[1] * g.groups
    if not y.size or not w.size:
        out = np.zeros((len(y), channels, *g.size), y.dtype)
    elif _depthwise(w, g):
        out = np.zeros((len(y), channels, *[a + s + b for a, s, b in zip(g.low, g.size, g.high, strict=True)]), y.dtype)
        for position, seen in taps(g):
            out[seen] += y * _per_channel(w, position)
        out = cropped(out, g)
    else:
        columns = product(_rows(w, g).swapaxes(1, 2), _positions(y, g))
        out = overlapped(columns.reshape(len(y), channels, *g.kernel, *g.out), g)
    if bias is not None:
        out += bias.reshape(-1, *[1] * len(g.out))
    return out


def _weight(y, x, g: Geometry):
    outputs, inputs = y.shape[1], x.shape[1]
    shape = (outputs, inputs // g.groups, *g.kernel)
    if not y.size or not x.size:
        return np.zeros(shape, y.dtype)
    if outputs == inputs == g.groups > 1:
        source = padded(x, g.low, g.high)
        axes = (0, *range(2, y.ndim))
        return np.stack([(source[seen] * y).sum(axes) for _, seen in taps(g)], -1).reshape(shape)
    rows, columns = _positions(y, g), _columns(x, g)
    if rows.shape[-1] < rows.shape[-2]:  # few positions: one product over all samples
        rows, columns = (a.transpose(1, 2, 0, 3).reshape(*a.shape[1:3], -1) for a in (rows, columns))
        return product(rows, columns.swapaxes(-1, -2)).reshape(shape)
    return product(rows, columns.swapaxes(-1, -2)).sum(0).reshape(shape)


def _bias_back(grad):
    return grad.sum((0, *range(2, grad.ndim)))


OUTPUT = Primitive("convolution", _output, "x w bias g", bias=_bias_back,
                   x=lambda grad, w, g: apply(INPUT, grad, w, None, g),
                   w=lambda grad, x, g: apply(WEIGHT, grad, x, g))
INPUT = Primitive("convolution", _input, "y w bias g", bias=_bias_back,
                  y=lambda grad, w, g: apply(OUTPUT, grad, w, None, g),
                  w=lambda grad, y, g: apply(WEIGHT, y, grad, g))
WEIGHT = Primitive("convolution_backward", _weight, "y x g",
                   y=lambda grad, x, g: apply(OUTPUT, x, grad, None, g),
                   x=lambda grad, y, g: apply(INPUT, y, grad, None, g))


# --- arguments -------------------------------------------------------------------------------------

C_NAMES = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "float16": "c10::Half",
           "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short",
           "complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}


def _check(call: str, input: Tensor, weight: Tensor, bias, n: int, stride, padding, dilation, groups: int,
           transposed: bool) -> None:
    x, w = input._array, weight._array
    if x.ndim not in (n + 1, n + 2):
        raise RuntimeError(f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {call}, but got input of "
                           f"size: {list(x.shape)}")
    if bias is not None and bias._array.dtype != x.dtype:
        raise RuntimeError(f"Input type ({C_NAMES[x.dtype.name]}) and bias type ({C_NAMES[bias._array.dtype.name]}) "
                           "should be the same")
    if w.dtype != x.dtype:
        raise RuntimeError(f"expected scalar type {scalar_name(x.dtype)} but found {scalar_name(w.dtype)}")
    if x.dtype.kind == "b":
        raise NotImplementedError("\"slow_conv2d_cpu\" not implemented for 'Bool'")
    if 0 in w.shape[1:2]:
        raise refuse(f"torch.nn.functional.{call} of no channels", "at least one channel")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError("dilation should be greater than zero")
    shown = [1, *x.shape] if x.ndim == n + 1 else list(x.shape)
    if w.shape[0] < groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got "
                           f"weight of size {list(w.shape)} instead")
    if w.shape[0] % groups:
        raise RuntimeError(f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but "
                           f"got weight of size {list(w.shape)} instead")
    expected = w.shape[0] if transposed else w.shape[1] * groups
    if shown[1] != expected:
        given = "transposed=1" if transposed else f"groups={groups}"
        raise RuntimeError(f"Given {given}, weight of size {list(w.shape)}, expected input{shown} to have {expected} "
                           f"channels, but got {shown[1]} channels instead")
    outputs = w.shape[1] * groups if transposed else w.shape[0]
    if bias is not None and bias._array.shape != (outputs,):
        raise RuntimeError(f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of size "
                           f"{list(w.shape)}, expected bias to be 1-dimensional with {outputs} elements, but got bias "
                           f"of size {list(bias._array.shape)} instead")
    if 0 in w.shape[2:]:
        raise RuntimeError("weight should have at least one element in each spatial dimension")


def _check_weight(input: Tensor, weight: Tensor, n: int) -> None:
    x, w = input._array, weight._array
    if w.ndim != n + 2:
        raise RuntimeError(f"Expected {w.ndim}-dimensional input for {w.ndim}-dimensional weight {list(w.shape)}, but "
                           f"got {x.ndim}-dimensional input of size {list(x.shape)} instead")


def _x(sizes) -> str:
    return " x ".join([str(s) for s in sizes])


def _convolve(call: str, n: int, input, weight, bias, stride, padding, dilation, groups) -> Tensor:
    _check_weight(input, weight, n)
    stride, dilation = spatial(stride, n, "stride", call), spatial(dilation, n, "dilation", call)
    kernel = weight._array.shape[2:]
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: '{padding}'")
        if padding == "same" and any([s != 1 for s in stride]):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) if padding == "same" else 0 for d, k in zip(dilation, kernel, strict=True)]
        low = tuple([t // 2 for t in total])
        high = tuple([t - a for t, a in zip(total, low, strict=True)])
    else:
        low = high = spatial(padding, n, "padding", call)
    _check(call, input, weight, bias, n, stride, low, dilation, groups, False)
    size = input._array.shape[-n:]
    whole = [s + a + b for s, a, b in zip(size, low, high, strict=True)]
    if any([t < d * (k - 1) + 1 for t, d, k in zip(whole, dilation, kernel, strict=True)]):
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        raise RuntimeError(f"Calculated padded input size per channel: ({_x(whole)}). Kernel size: ({_x(reach)}). "
                           "Kernel size can't be greater than actual input size")
    out = tuple([(t - d * (k - 1) - 1) // s + 1 for t, d, k, s in zip(whole, dilation, kernel, stride, strict=True)])
    geometry = Geometry(size, kernel, stride, low, high, dilation, out, groups)
    if input._array.ndim == n + 1:
        return OUTPUT(input.unsqueeze(0), weight, bias, geometry).squeeze(0)
    return OUTPUT(input, weight, bias, geometry)


def _transposed(call: str, n: int, input, weight, bias, stride, padding, output_padding, groups, dilation) -> Tensor:
    _check_weight(input, weight, n)
    stride, dilation = spatial(stride, n, "stride", call), spatial(dilation, n, "dilation", call)
    padding, extra = spatial(padding, n, "padding", call), spatial(output_padding, n, "output_padding", call)
    if min(extra) < 0:
        raise RuntimeError("negative output_padding is not supported")
    _check(call, input, weight, bias, n, stride, padding, dilation, groups, True)
    kernel, given = weight._array.shape[2:], input._array.shape[-n:]
    if any([e >= s and e >= d for e, s, d in zip(extra, stride, dilation, strict=True)]):
        shown, names = "", ("depth", "height", "width")[-max(n, 2):]
        for values, what, filler in ((extra, "output_padding", 0), (stride, "stride", 1), (dilation, "dilation", 1)):
            full = (filler,) * (len(names) - n) + values
            shown += "".join([f" {what}_{name}: {v}" for name, v in zip(names, full, strict=True)])
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got{shown}")
    size = tuple([(o - 1) * s - 2 * p + d * (k - 1) + e + 1
                  for o, s, p, d, k, e in zip(given, stride, padding, dilation, kernel, extra, strict=True)])
    if min(size) < 1:
        raise RuntimeError(f"Given input size per channel: ({_x(given)}). Calculated output size per channel: "
                           f"({_x(size)}). Output size is too small")
    geometry = Geometry(size, kernel, stride, padding, padding, dilation, given, groups)
    if input._array.ndim == n + 1:
        return INPUT(input.unsqueeze(0), weight, bias, geometry).squeeze(0)
    return INPUT(input, weight, bias, geometry)


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups: int = 1) -> Tensor:
    """input (N, C, L) or (C, L), weight (O, C/groups, k): (N, O, L')."""
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups: int = 1) -> Tensor:
    """input (N, C, H, W) or (C, H, W), weight (O, C/groups, kh, kw): (N, O, H', W')."""
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups: int = 1) -> Tensor:
    """input (N, C, D, H, W), weight (O, C/groups, kd, kh, kw)."""
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups: int = 1,
                     dilation=1) -> Tensor:
    """input (N, C, L), weight (C, O/groups, k): (N, O, (L−1)·stride − 2·padding + dilation·(k−1) + 1 + extra)."""
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups: int = 1,
                     dilation=1) -> Tensor:
    """input (N, C, H, W), weight (C, O/groups, kh, kw)."""
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups: int = 1,
                     dilation=1) -> Tensor:
    """input (N, C, D, H, W), weight (C, O/groups, kd, kh, kw)."""
    return _transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


# --- unfold and fold -------------------------------------------------------------------------------


def _unfold(x, g: Geometry):
    return windows(x, g).reshape(len(x), x.shape[1] * math.prod(g.kernel), math.prod(g.out))


def _fold(columns, g: Geometry):
    channels = columns.shape[1] // math.prod(g.kernel)
    return overlapped(columns.reshape(len(columns), channels, *g.kernel, *g.out), g)


UNFOLD = adjoint_pair("unfold", _unfold, _fold, "Im2ColBackward0")
FOLD = adjoint_pair("fold", _fold, _unfold, "Col2ImBackward0")


def _blocks(call: str, size: tuple, kernel_size, dilation, padding, stride) -> Geometry:
    kernel, dilation, padding, stride = (spatial(v, 2, name, call) for v, name in (
        (kernel_size, "kernel_size"), (dilation, "dilation"), (padding, "padding"), (stride, "stride")))
    for value, name, least in ((kernel, "kernel size", 1), (stride, "stride", 1), (dilation, "dilation", 1),
                               (padding, "padding", 0)):
        if min(value) < least:
            raise RuntimeError(f"{name} should be {'greater than zero' if least else 'non-negative'}, but got "
                               f"{name.replace(' ', '_')}: {value[0]} x {value[1]}")
    out = tuple([(s + 2 * p - d * (k - 1) - 1) // t + 1
                 for s, p, d, k, t in zip(size, padding, dilation, kernel, stride, strict=True)])
    return Geometry(size, kernel, stride, padding, padding, dilation, out)


def unfold(input, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """Every window as a column: (N, C, H, W) → (N, C·kh·kw, positions)."""
    shape = input._array.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError("Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
                           f"dimensions for input, but got: {list(shape)}")
    if input._array.dtype.kind in "iu":
        raise NotImplementedError(f"\"im2col_out_cpu\" not implemented for '{scalar_name(input._array.dtype)}'")
    g = _blocks("unfold", shape[-2:], kernel_size, dilation, padding, stride)
    if min(g.out) < 1:
        raise RuntimeError(
            f"Given input with spatial size {g.size}, kernel_size={g.kernel}, dilation={g.dilation}, padding={g.low}, "
            f"calculated shape of the array of sliding blocks as {g.out}, but its components must be at least one.")
    if len(shape) == 3:
        return relabel(UNFOLD(input.unsqueeze(0), g).squeeze(0), "Im2ColBackward0")
    return UNFOLD(input, g)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1) -> Tensor:
    """Columns added up into images: (N, C·kh·kw, positions) → (N, C, H, W)."""
    shape = input._array.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError("Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
                           f"dimensions for input, but got: {list(shape)}")
    g = _blocks("fold", spatial(output_size, 2, "output_size", "fold"), kernel_size, dilation, padding, stride)
    if shape[-2] % math.prod(g.kernel):
        raise RuntimeError("Expected size of input's dimension 1 to be divisible by the product of kernel_size, but "
                           f"got input.size(1)={shape[-2]} and kernel_size={g.kernel}.")
    if shape[-1] != math.prod(g.out) or min(g.out) < 1:
        raise RuntimeError(
            f"Given output_size={g.size}, kernel_size={g.kernel}, dilation={g.dilation}, padding={g.low}, "
            f"stride={g.stride}, expected size of input's dimension 2 to match the calculated number of sliding blocks "
            f"{g.out[0]} * {g.out[1]} = {math.prod(g.out)}, but got input.size(2)={shape[-1]}.")
    if len(shape) == 2:
        return relabel(FOLD(input.unsqueeze(0), g).squeeze(0), "Col2ImBackward0")
    return FOLD(input, g)
