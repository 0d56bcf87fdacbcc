"""torch.nn.functional: normalisations. All subtract a mean and divide by a deviation; they differ in over what."""

import math

import numpy as np

from ..autograd.graph import Mode
from ..primitive import Primitive, check_inplace, relabel, scalar_name, version_of
from ..tensor import Tensor, tracks

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]

# `view` is a shape of the input in which the dimensions `axes` are normalised together, `scale` the shape in which
# weight and bias meet the input, with their own shape. `kept` receives what backward needs.


def _standardised(x, axes, eps):
    """(x − mean)/√(variance + eps), the variance without Bessel's correction, and the factor."""
    centred = x - x.mean(axes, keepdims=True)
    factor = 1 / np.sqrt((centred * centred).mean(axes, keepdims=True) + eps)
    return centred * factor, factor


def _norm(x, weight, bias, view, axes, scale, eps, kept):
    unit, factor = _standardised(x.reshape(view), axes, eps)
    kept[:] = unit, factor
    unit = unit.reshape(x.shape)
    return _scaled(unit, weight, bias, scale)


def _scaled(unit, weight, bias, scale):
    if weight is not None:
        out = unit * weight.reshape(scale[0])
        if bias is not None:
            out += bias.reshape(scale[0])
        return out
    return unit + bias.reshape(scale[0]) if bias is not None else unit.copy()


def _norm_back(grad, needs, x, weight, view, axes, scale, eps, kept):
    if type(grad) is np.ndarray:
        unit, factor = kept
    else:
        unit, factor = _standardised(x.reshape(*view), axes, eps)
    d_x = None
    if needs[0]:
        g = (grad if weight is None else grad * weight.reshape(*scale[0])).reshape(*view)
        d_x = factor * (g - g.mean(axes, keepdims=True) - unit * (g * unit).mean(axes, keepdims=True))
        d_x = d_x.reshape(*x.shape)
    return (d_x, *_scale_back(grad, needs, unit.reshape(*x.shape), scale))


def _scale_back(grad, needs, unit, scale):
    """Gradients of weight and bias: summed over what they were repeated over."""
    shape, own = scale
    lead = grad.ndim - len(shape)
    axes = tuple([d for d in range(grad.ndim) if d < lead or shape[d - lead] == 1])
    return ((grad * unit).sum(axes).reshape(*own) if needs[1] else None,
            grad.sum(axes).reshape(*own) if needs[2] else None)


NORM = Primitive("native_layer_norm", _norm, "x weight bias view axes scale eps kept", joint=_norm_back,
                 inputs="x weight bias")


def _fixed(x, weight, bias, mean, variance, scale, eps):
    unit = (x - mean.reshape(scale[0])) * (1 / np.sqrt(variance + eps)).astype(x.dtype).reshape(scale[0])
    return _scaled(unit, weight, bias, scale)


def _fixed_back(grad, needs, x, weight, mean, variance, scale, eps):
    factor = 1 / np.sqrt(variance + eps)
    d_x = None
    if needs[0]:
        d_x = grad * (factor if weight is None else factor * weight).reshape(*scale[0])
    return (d_x, *_scale_back(grad, needs, (x - mean.reshape(*scale[0])) * factor.reshape(*scale[0]), scale))


FIXED = Primitive("native_batch_norm", _fixed, "x weight bias mean variance scale eps", joint=_fixed_back,
                  inputs="x weight bias")


def _normalised_shape(name: str, input: Tensor, normalized_shape, weight, bias=None) -> tuple:
    if isinstance(normalized_shape, int):
        raise TypeError(f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, not int")
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
                           "element, but got normalized_shape = []")
    for t, what in ((weight, "weight"), (bias, "bias")):
        if t is not None and t._array.shape != shape:
            raise RuntimeError(f"Expected {what} to be of same shape as normalized_shape, but got {what} of shape "
                               f"{list(t._array.shape)} and normalized_shape = {list(shape)}")
    if name == "rms_norm" and input._array.ndim < len(shape):
        raise ValueError(f"Input tensor must have at least {len(shape)} dimensions, but got {input._array.ndim}")
    if input._array.shape[-len(shape):] != shape:
        comma = ", " if name == "layer_norm" else ""
        raise RuntimeError(f"Given normalized_shape={list(shape)}, expected input with shape "
                           f"[*{comma}{', '.join([str(n) for n in shape])}], but got input of size"
                           f"{list(input._array.shape)}")
    return shape


def _floating(input: Tensor, name: str) -> None:
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"{name}\" not implemented for '{scalar_name(input._array.dtype)}'")


def layer_norm(input: Tensor, normalized_shape, weight: Tensor | None = None, bias: Tensor | None = None,
               eps: float = 1e-5) -> Tensor:
    """Normalise over the last dimensions, `normalized_shape`, with the biased variance."""
    shape = _normalised_shape("layer_norm", input, normalized_shape, weight, bias)
    _floating(input, "LayerNormKernelImpl")
    _same_types(input, weight, bias)
    axes = tuple(range(input._array.ndim - len(shape), input._array.ndim))
    return NORM(input, weight, bias, input._array.shape, axes, (shape, shape), eps, [])


def _same_types(input: Tensor, *others) -> None:
    for t in others:
        if t is not None and t._array.dtype != input._array.dtype:
            raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of "
                               f"{scalar_name(input._array.dtype)}")


def rms_norm(input: Tensor, normalized_shape, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """input / √(mean of squares + eps) over the last dimensions; eps None is the smallest step of the type."""
    shape = _normalised_shape("rms_norm", input, normalized_shape, weight)
    _floating(input, "rms_norm")
    if eps is None:
        eps = float(np.finfo(input._array.dtype).eps)
    axes = tuple(range(input._array.ndim - len(shape), input._array.ndim))
    if weight is not None and weight.dtype is not input.dtype:
        return (RMS(input, None, axes, shape, eps, []) * weight).to(input.dtype)
    return RMS(input, weight, axes, shape, eps, [])


def _rms_unit(x, axes, eps):
    factor = 1 / np.sqrt((x * x).mean(axes, keepdims=True) + eps)
    return x * factor, factor


def _rms(x, weight, axes, scale, eps, kept):
    kept[:] = _rms_unit(x, axes, eps)
    return kept[0].copy() if weight is None else kept[0] * weight


def _rms_back(grad, needs, x, weight, axes, scale, eps, kept):
    unit, factor = kept if type(grad) is np.ndarray else _rms_unit(x, axes, eps)
    d_x = None
    if needs[0]:
        g = grad if weight is None else grad * weight
        d_x = factor * (g - unit * (g * unit).mean(axes, keepdims=True))
    lead = tuple(range(grad.ndim - len(scale)))
    return d_x, ((grad * unit).sum(lead) if lead else grad * unit) if needs[1] else None


RMS = Primitive("mul", _rms, "x weight axes scale eps kept", joint=_rms_back, inputs="x weight")


def group_norm(input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
               eps: float = 1e-5) -> Tensor:
    """Normalise (N, C, …) over each of `num_groups` groups of channels of each sample."""
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if shape[1] % num_groups:
        raise RuntimeError("Expected number of channels in input to be divisible by num_groups, but got input of shape "
                           f"{list(shape)} and num_groups={num_groups}")
    for t, what in ((weight, "weight"), (bias, "bias")):
        if t is not None and t._array.shape != (shape[1],):
            raise RuntimeError(f"Expected {what} to be a vector of size equal to the number of channels in input, but "
                               f"got {what} of shape {list(t._array.shape)} and input of shape {list(shape)}")
    _check_batch([shape[0] * shape[1] // num_groups, num_groups, *shape[2:]])
    _floating(input, "GroupNormKernelImpl")
    _same_types(input, weight, bias)
    view = (shape[0], num_groups, shape[1] // num_groups * math.prod(shape[2:]))
    return relabel(NORM(input, weight, bias, view, (2,), _per_channel(shape), eps, []), "NativeGroupNormBackward0")


def _per_channel(shape: tuple) -> tuple:
    """`scale` of a weight (C) for (N, C, …)."""
    return (shape[1], *[1] * (len(shape) - 2)), shape[1:2]


def _statistics(x: np.ndarray, axes: tuple) -> tuple:
    """Mean and variance with Bessel's correction."""
    return x.mean(axes), x.var(axes, ddof=1)


def _update(running: Tensor | None, value: np.ndarray, momentum: float) -> None:
    if running is None:
        return
    if Mode.grad and tracks(running):
        check_inplace(running)
    running._array[...] = momentum * value + (1 - momentum) * running._array
    version_of(running).count += 1


def _check_batch(size) -> None:
    values = size[0] * math.prod(size[2:])
    if values == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def _check_channels(channels: int, **given) -> None:
    for name, t in given.items():
        if t is not None and t._array.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {t._array.size}")


def batch_norm(input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
               bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5) -> Tensor:
    """Normalise each channel of (N, C, …) over samples and positions, or by the running statistics."""
    if training:
        _check_batch(input.size())
    shape = input._array.shape
    if not input._array.size:
        out = input.clone()
        out = out if weight is None else out * weight[0]
        return out if bias is None else out + bias[0]
    if len(shape) < 2:
        raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got 1)")
    if not training and (running_mean is None or running_var is None):
        raise RuntimeError(f"running_{'mean' if running_mean is None else 'var'} must be defined in evaluation mode")
    _check_channels(shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    _floating(input, "batch_norm")
    _same_types(input, weight, bias, running_mean, running_var)
    axes, scale = (0, *range(2, len(shape))), _per_channel(shape)
    if not training:
        mean, variance = running_mean._array, running_var._array
        return FIXED(input, weight, bias, mean, variance, scale, eps)
    if running_mean is not None or running_var is not None:
        mean, variance = _statistics(input._array, axes)
        _update(running_mean, mean, momentum)
        _update(running_var, variance, momentum)
    return relabel(NORM(input, weight, bias, shape, axes, scale, eps, []), "NativeBatchNormBackward0")


def instance_norm(input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
                  weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True,
                  momentum: float = 0.1, eps: float = 1e-5) -> Tensor:
    """Normalise each channel of each sample of (N, C, …) over its positions, or by the running statistics."""
    shape = input._array.shape
    if use_input_stats:
        if len(shape) > 2 and math.prod(shape[2:]) == 1:
            raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.size()}")
    elif running_mean is None or running_var is None:
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    _check_channels(shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    _floating(input, "batch_norm")
    axes, scale = tuple(range(2, len(shape))), _per_channel(shape)
    if not use_input_stats:
        out = FIXED(input, weight, bias, running_mean._array, running_var._array, scale, eps)
    else:
        if running_mean is not None or running_var is not None:
            mean, variance = _statistics(input._array, axes)
            _update(running_mean, mean.mean(0), momentum)
            _update(running_var, variance.mean(0), momentum)
        out = NORM(input, weight, bias, shape, axes, scale, eps, [])
    return relabel(out, "ViewBackward0")


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """input / (k + alpha · mean of squares over `size` neighbouring channels)^beta."""
    from .f_pooling import avg_pool2d, avg_pool3d
    from .f_vision import pad

    if input.dim() < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {input.dim()} "
                         "dimensions)")
    if not input.numel():
        return input
    squares = input.mul(input)
    if input.dim() == 3:
        squares = pad(squares.unsqueeze(1), (0, 0, size // 2, (size - 1) // 2))
        squares = avg_pool2d(squares, (size, 1), stride=1).squeeze(1)
    else:
        shape = input.size()
        squares = squares.view(shape[0], 1, shape[1], shape[2], -1)
        squares = pad(squares, (0, 0, 0, 0, size // 2, (size - 1) // 2))
        squares = avg_pool3d(squares, (size, 1, 1), stride=1).squeeze(1).view(shape)
    return input / squares.mul(alpha).add(k).pow(beta)
