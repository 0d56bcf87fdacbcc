"""torch.nn.functional: dropout of whole channels, and dropout that keeps mean and variance."""

import math
import warnings

import numpy as np

from ..primitive import Primitive, scalar_name
from ..random import DROPOUT, default_generator, fill_in_memory_order
from ..tensor import Tensor

__all__ = ["alpha_dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

SHIFTED = Primitive("add", lambda self, factor, shift: self * factor + shift, "self factor shift",
                    self=lambda grad, factor: grad * factor)
ALPHA = 1.7580993408473766  # minus the value SELU tends to on the left


def _check(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(input: Tensor, p: float, by_channel: bool) -> np.ndarray:
    """1 for every element, or every channel of (N, C, …), that stays, from the stream of the default generator."""
    x = input._array
    if x.dtype.kind != "f":
        raise RuntimeError(f"result type Float can't be cast to the desired output type {scalar_name(x.dtype)}")
    if by_channel:
        if x.ndim < 2:
            raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
        kept = np.empty((*x.shape[:2], *[1] * (x.ndim - 2)), x.dtype)
    else:
        kept = np.empty_like(x, subok=False)
    return fill_in_memory_order(kept, default_generator().doubles(kept.size) < 1 - p)


def _idle(input: Tensor, p: float, training: bool) -> bool:
    return p == 0 or not training or not input._array.size


def _feature_dropout(input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    if _idle(input, p, training):
        return input
    if p == 1:
        factor = np.zeros((), input._array.dtype)
    else:
        factor = _kept(input, p, True)
        factor /= factor.dtype.type(1 - p)
    return DROPOUT.inplace(input, factor) if inplace else DROPOUT(input, factor)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, L) or (C, L)."""
    _check(p)
    ndim = input.dim()
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
            "dimension (i.e. 2D or 3D inputs).")
    if ndim == 3:
        return _feature_dropout(input, p, training, inplace)
    result = _feature_dropout(input.unsqueeze_(0) if inplace else input.unsqueeze(0), p, training, inplace)
    return result.squeeze_(0) if inplace else result.squeeze(0)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, H, W)."""
    _check(p)
    ndim = input.dim()
    if ndim not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {ndim}-D input to dropout2d, which is deprecated and will result in an error in a "
            "future release. To retain the behavior and silence this warning, please use dropout instead. Note that "
            "dropout2d exists to provide channel-wise dropout on inputs with 2 spatial dimensions, a channel "
            "dimension, and an optional batch dimension (i.e. 3D or 4D inputs).", stacklevel=2)
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.", stacklevel=2)
    return _feature_dropout(input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    _check(p)
    ndim = input.dim()
    if ndim not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {ndim}-D input to dropout3d, which is deprecated and will result in an error in a "
            "future release. To retain the behavior and silence this warning, please use dropout instead. Note that "
            "dropout3d exists to provide channel-wise dropout on inputs with 3 spatial dimensions, a channel "
            "dimension, and an optional batch dimension (i.e. 4D or 5D inputs).", stacklevel=2)
    if ndim == 4:
        result = _feature_dropout(input.unsqueeze_(0) if inplace else input.unsqueeze(0), p, training, inplace)
        return result.squeeze_(0) if inplace else result.squeeze(0)
    return _feature_dropout(input, p, training, inplace)


def _alpha(input: Tensor, p: float, training: bool, inplace: bool, by_channel: bool) -> Tensor:
    _check(p)
    if _idle(input, p, training):
        return input
    if p == 1:
        factor = np.zeros((), input._array.dtype)
        return DROPOUT.inplace(input, factor) if inplace else DROPOUT(input, factor)
    kept = _kept(input, p, by_channel)
    kind = kept.dtype.type
    a = 1.0 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    shift = (kept - kind(1)) * kind(ALPHA * a) + kind(ALPHA * a * p)
    factor = kept * kind(a)
    return SHIFTED.inplace(input, factor, shift) if inplace else SHIFTED(input, factor, shift)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Set elements to the value SELU tends to on the left, then restore mean 0 and variance 1."""
    return _alpha(input, p, training, inplace, False)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels of (N, C, …)."""
    return _alpha(input, p, training, inplace, True)
