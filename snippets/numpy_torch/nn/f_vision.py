"""torch.nn.functional: padding, interpolation and the shuffles of pixels and channels."""

import math
import warnings

import numpy as np

from ..absent import refuse
from ..primitive import Primitive, relabel, scalar_name
from ..tensor import Tensor
from .resample import RESAMPLE
from .windows import adjoint_pair, apply

__all__ = ["channel_shuffle", "interpolate", "pad", "pixel_shuffle", "pixel_unshuffle", "upsample"]


# --- pad -------------------------------------------------------------------------------------------


def _constant(x, around, value):
    """`around`: (before, after) for every dimension; negative numbers cut."""
    out = np.full([a + s + b for s, (a, b) in zip(x.shape, around, strict=True)], value, x.dtype)
    into = tuple([slice(max(a, 0), n - max(b, 0)) for n, (a, b) in zip(out.shape, around, strict=True)])
    cut = tuple([slice(max(-a, 0), s - max(-b, 0)) for s, (a, b) in zip(x.shape, around, strict=True)])
    out[into] = x[cut]
    return out


CONSTANT = Primitive("constant_pad_nd", _constant, "x around value",
                     x=lambda grad, around: apply(CONSTANT, grad, tuple([(-a, -b) for a, b in around]), 0))


def _copied(x, options):
    """options: (axis counted from the end, input size, elements before, source of every output element)."""
    for axis, _, _, index in options:
        x = x.take(index, axis)
    return x


def _copied_back(grad, options):
    for axis, size, before, index in options:
        rest = [slice(None)] * (-axis - 1)
        first, last = max(before, 0), min(before + size, len(index))
        shape = list(grad.shape)
        shape[axis] = size
        out = np.zeros(shape, grad.dtype)
        out[(..., slice(first - before, last - before), *rest)] = grad[(..., slice(first, last), *rest)]
        for position in (*range(min(first, len(index))), *range(max(last, 0), len(index))):
            out[(..., int(index[position]), *rest)] += grad[(..., position, *rest)]
        grad = out
    return grad


COPIED = adjoint_pair("pad", _copied, _copied_back)
LABELS = {"reflect": "ReflectionPad{}DBackward0", "replicate": "ReplicationPad{}DBackward0",
          "circular": "torch::autograd::CopySlices"}


def _source(mode: str, size: int, before: int, after: int) -> np.ndarray:
    position = np.arange(-before, size + after)
    if mode == "replicate":
        return np.clip(position, 0, size - 1)
    if mode == "circular":  # what wraps around is the part that is left after negative padding has cut
        left, right = max(before, 0), max(after, 0)
        kept = position[left:len(position) - right]
        return np.concatenate([kept[len(kept) - left:], kept, kept[:right]])
    position = np.abs(position)
    return np.where(position >= size, 2 * (size - 1) - position, position)


def _check_sources(input: Tensor, mode: str, n: int, pairs: list) -> None:
    shape = input._array.shape
    if 0 in shape[-n - 1:]:
        raise RuntimeError(f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with possibly 0 batch size and other "
                           f"non-zero dimensions for input, but got: {list(shape)}")
    for d, (before, after) in enumerate(pairs, len(shape) - n):
        size = shape[d]
        if mode == "reflect" and (before >= size or after >= size):
            raise RuntimeError("Argument #4: Padding size should be less than the corresponding input dimension, but "
                               f"got: padding ({before}, {after}) at dimension {d} of input {list(shape)}")
        if mode == "circular" and (before > size or after > size):
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if size + before + after < (0 if mode == "circular" else 1):
            raise RuntimeError(f"input size {size} plus padding ({before}, {after}) in dimension {d} is too small")


def pad(input: Tensor, pad, mode: str = "constant", value: float | None = None) -> Tensor:
    """Add elements around the last dimensions: `pad` holds (before, after) of the last one first.

    mode: constant (`value`), reflect, replicate or circular. Negative numbers cut.
    """
    shape = input._array.shape
    pad = [int(p) for p in pad]
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(shape):
        raise RuntimeError("Padding length should be less than or equal to two times the input dimension but got "
                           f"padding length {len(pad)} and input of dimension {len(shape)}")
    n = len(pad) // 2
    pairs = [(pad[2 * i], pad[2 * i + 1]) for i in range(n - 1, -1, -1)]
    if mode == "constant":
        around = ((0, 0),) * (len(shape) - n) + tuple(pairs)
        if any([s + a + b < 0 for s, (a, b) in zip(shape, around, strict=True)]):
            raise RuntimeError("narrow(): length must be non-negative.")
        return CONSTANT(input, around, 0 if value is None else value)
    if mode not in LABELS:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value not in (None, 0):
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if not (1 <= n <= 3 and len(shape) in (n + 1, n + 2)):
        raise NotImplementedError("Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now")
    _check_sources(input, mode, n, pairs)
    if mode != "circular" and input._array.dtype.kind == "b":
        name = "reflection" if mode == "reflect" else "replication"
        raise NotImplementedError(f"\"{name}_pad{n}d\" not implemented for '{scalar_name(input._array.dtype)}'")
    options = tuple([(i - n, s, a, _source(mode, s, a, b))
                     for i, (s, (a, b)) in enumerate(zip(shape[-n:], pairs, strict=True))])
    return relabel(COPIED(input, options), LABELS[mode].format(n))


# --- interpolate -----------------------------------------------------------------------------------

MODES = {"nearest": "UpsampleNearest{}DBackward0", "nearest-exact": "UpsampleNearestExact{}DBackward0",
         "linear": "UpsampleLinear1DBackward0", "bilinear": "UpsampleBilinear2DBackward0",
         "bicubic": "UpsampleBicubic2DBackward0", "trilinear": "UpsampleTrilinear3DBackward0"}
DIMENSIONS = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}


def _nearest(size: int, out: int, step, exact: bool) -> list:
    position = np.arange(out).astype(np.float32)
    index = np.floor((position + np.float32(0.5)) * step if exact else position * step).astype(np.int64)
    return [(np.minimum(index, size - 1), None)]


def _linear(size: int, out: int, source: np.ndarray) -> list:
    source = np.maximum(source, 0)
    low = np.minimum(np.floor(source).astype(np.int64), size - 1)
    share = np.clip(source - low.astype(source.dtype), 0, 1)
    return [(low, 1 - share), (np.minimum(low + 1, size - 1), share)]


def _cubic(size: int, out: int, source: np.ndarray) -> list:
    """Cubic convolution with a = −0.75."""
    kind, a = source.dtype.type, -0.75
    floor = np.floor(source)
    t = source - floor
    near = lambda x: ((a + 2) * x - (a + 3)) * x * x + 1  # noqa: E731
    far = lambda x: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a  # noqa: E731
    index = floor.astype(np.int64)
    return [(np.clip(index + shift, 0, size - 1), kind(1) * weight.astype(source.dtype))
            for shift, weight in ((-1, far(t + 1)), (0, near(t)), (1, near(1 - t)), (2, far(2 - t)))]


def _parts(mode: str, size: int, out: int, factor: float | None, align: bool, kind) -> list:
    if align:
        step = kind((size - 1) / (out - 1)) if out > 1 else kind(0)
    else:
        step = kind(1 / factor) if factor else kind(size) / kind(out)
    if mode.startswith("nearest"):
        return _nearest(size, out, np.float32(step), mode != "nearest")
    position = np.arange(out).astype(kind)
    source = position * step if align else step * (position + kind(0.5)) - kind(0.5)
    return (_cubic if mode == "bicubic" else _linear)(size, out, source)


def interpolate(input: Tensor, size=None, scale_factor=None, mode: str = "nearest", align_corners: bool | None = None,
                recompute_scale_factor: bool | None = None, antialias: bool = False) -> Tensor:
    """Resize the last dimensions of (N, C, L), (N, C, H, W) or (N, C, D, H, W) to `size` or by `scale_factor`.

    mode: nearest, nearest-exact, linear (3-D), bilinear, bicubic (4-D), trilinear (5-D) or area.
    """
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError("align_corners option can only be set with the interpolating modes: linear | bilinear | "
                         "bicubic | trilinear")
    align = bool(align_corners)
    shape = input._array.shape
    n = len(shape) - 2
    size, factors = _sizes(shape, n, size, scale_factor)
    if recompute_scale_factor and factors is None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if size is None:
        size = tuple([math.floor(float(s) * f) for s, f in zip(shape[2:], factors, strict=True)])
        if recompute_scale_factor or mode == "area":
            factors = None
    if antialias:
        raise refuse("torch.nn.functional.interpolate(antialias=True)", "antialias=False")
    if mode == "area" and n in (1, 2, 3):
        from . import f_pooling

        return getattr(f_pooling, f"adaptive_avg_pool{n}d")(input, size)
    if n not in (1, 2, 3) or mode not in MODES or DIMENSIONS.get(mode, n + 2) != n + 2:
        if mode in DIMENSIONS and n in (1, 2, 3):
            raise NotImplementedError(f"Got {n + 2}D input, but {mode} mode needs {DIMENSIONS[mode]}D input")
        raise NotImplementedError("Input Error: Only 3D, 4D and 5D input Tensors supported (got "
                                  f"{n + 2}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | "
                                  f"lanczos | area | nearest-exact (got {mode})")
    if 0 in shape[1:] or min(size) < 1:
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input {list(shape[2:])} and "
                           f"output {list(size)}")
    kind = input._array.dtype
    if kind.kind != "f" and not (kind == np.uint8 and mode.startswith("nearest")):
        raise NotImplementedError(f"\"upsample_{mode}\" not implemented for '{scalar_name(kind)}'")
    real = np.float64 if kind == np.float64 else np.float32
    axes = []
    for i, (s, o) in enumerate(zip(shape[2:], size, strict=True)):
        parts = _parts(mode, s, o, None if factors is None else factors[i], align, real)
        if s != o or mode == "bicubic" or len(parts) > 1:
            axes.append((i - n, s, parts))
    if not axes:
        axes = [(-1, shape[-1], [(np.arange(shape[-1]), None)])]
    return relabel(RESAMPLE(input, tuple(axes)), MODES[mode].format(n))


def _sizes(shape: tuple, n: int, size, scale_factor) -> tuple:
    """(size, None) or (None, factors), one number for each spatial dimension."""
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if size is not None:
        if not isinstance(size, tuple | list):
            return (int(size),) * n, None
        if len(size) != n:
            raise ValueError(f"Input and output must have the same number of spatial dimensions, but got input with "
                             f"spatial dimensions of {list(shape[2:])} and output size of {size}. Please provide input "
                             "tensor in (N, C, d1, d2, ...,dK) format and output size in (o1, o2, ...,oK) format.")
        return tuple([int(s) for s in size]), None
    if not isinstance(scale_factor, tuple | list):
        return None, (float(scale_factor),) * n
    if len(scale_factor) != n:
        raise ValueError(f"Input and scale_factor must have the same number of spatial dimensions, but got input with "
                         f"spatial dimensions of {list(shape[2:])} and scale_factor of shape {scale_factor}. Please "
                         "provide input tensor in (N, C, d1, d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) "
                         "format.")
    return None, tuple([float(f) for f in scale_factor])


def upsample(input: Tensor, size=None, scale_factor=None, mode: str = "nearest",
             align_corners: bool | None = None) -> Tensor:
    """The old name of `interpolate`."""
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


# --- shuffles --------------------------------------------------------------------------------------


def _shuffled(x, r):
    *lead, c, h, w = x.shape
    k = len(lead)
    x = x.reshape(*lead, c // (r * r), r, r, h, w)
    return x.transpose(*range(k), k, k + 3, k + 1, k + 4, k + 2).reshape(*lead, c // (r * r), h * r, w * r)


def _unshuffled(x, r):
    *lead, c, h, w = x.shape
    k = len(lead)
    x = x.reshape(*lead, c, h // r, r, w // r, r)
    return x.transpose(*range(k), k, k + 2, k + 4, k + 1, k + 3).reshape(*lead, c * r * r, h // r, w // r)


SHUFFLE = adjoint_pair("pixel_shuffle", _shuffled, _unshuffled)
UNSHUFFLE = adjoint_pair("pixel_unshuffle", _unshuffled, _shuffled)


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(…, C·r², H, W) → (…, C, H·r, W·r)."""
    shape, r = input._array.shape, upscale_factor
    if len(shape) < 3:
        raise RuntimeError("pixel_shuffle expects input to have at least 3 dimensions, but got input with "
                           f"{len(shape)} dimension(s)")
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if shape[-3] % (r * r):
        raise RuntimeError("pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
                           f"upscale_factor, but input.size(-3)={shape[-3]} is not divisible by {r * r}")
    return SHUFFLE(input, r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(…, C, H·r, W·r) → (…, C·r², H, W)."""
    shape, r = input._array.shape, downscale_factor
    if len(shape) < 3:
        raise RuntimeError("pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
                           f"{len(shape)} dimension(s)")
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    for name, size in (("height", shape[-2]), ("width", shape[-1])):
        if size % r:
            raise RuntimeError(f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size("
                               f"{-2 if name == 'height' else -1})={size} is not divisible by {r}")
    return UNSHUFFLE(input, r)


def _regrouped(x, groups):
    return x.reshape(len(x), groups, -1, math.prod(x.shape[2:])).swapaxes(1, 2).reshape(x.shape)


def _regrouped_back(x, groups):
    return _regrouped(x, x.shape[1] // groups)


CHANNELS = adjoint_pair("channel_shuffle", _regrouped, _regrouped_back)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """(N, C, …): the channels of all groups in turn."""
    shape = input._array.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if shape[1] % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} "
                           "groups.")
    return CHANNELS(input, groups) if input._array.size else input.clone()
