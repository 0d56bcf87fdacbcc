"""torch.nn.functional: losses."""

import numpy as np

from ..absent import refuse
from ..dtypes import INT64
from ..ops_activation import log_softmax
from ..primitive import Primitive, relabel
from ..tensor import Tensor

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss", "kl_div",
           "l1_loss", "mse_loss", "nll_loss", "smooth_l1_loss"]


def reduced(loss: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction != "none":
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return loss


def _old_arguments(size_average, reduce) -> None:
    if size_average is not None or reduce is not None:
        raise refuse("size_average= and reduce= of a loss", "reduction=")


def _nll(input, weight, target, ignore, reduction):
    """input (N, C, M), target (N, M). Returns the loss and the weight it was divided by."""
    keep = target != ignore
    safe = np.where(keep, target, 0)
    picked = np.take_along_axis(input, safe[:, None], 1)[:, 0]
    share = keep.astype(input.dtype) if weight is None else np.where(keep, weight[safe], 0).astype(input.dtype)
    losses = np.where(keep, -picked * share, 0).astype(input.dtype)
    if reduction == "none":
        return losses
    total = losses.sum()
    return total / share.sum() if reduction == "mean" else total


def _nll_back(grad, input_shape, weight, target, ignore, reduction):
    keep = target != ignore
    safe = np.where(keep, target, 0)
    share = keep.astype(grad.dtype) if weight is None else np.where(keep, weight[safe], 0).astype(grad.dtype)
    if reduction == "mean":
        share = share / share.sum()
    out = np.zeros(input_shape, grad.dtype)
    np.put_along_axis(out, safe[:, None], (-grad * share)[:, None], 1)
    return out


NLL = Primitive("nll_loss", _nll, "input weight target ignore reduction", input=_nll_back)


def _check_targets(target, classes: int, ignore: int) -> None:
    t = target._array
    bad = t[((t < 0) | (t >= classes)) & (t != ignore)]
    if bad.size:
        raise IndexError(f"Target {bad[0]} is out of bounds.")


def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
             ignore_index: int = -100, reduce=None, reduction: str = "mean") -> Tensor:
    """−log-probability of the target class: input (N, C), (C,) or (N, C, …), target class numbers."""
    _old_arguments(size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    shape = input._array.shape
    if not shape:
        raise ValueError(f"Expected 1 or more dimensions (got {len(shape)})")
    if target._array.dtype.kind != "i" and target._array.dtype != np.uint8:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.name.capitalize()}")
    if target._array.dtype != INT64:
        from ..primitive import scalar_name

        raise RuntimeError(f"expected scalar type Long but found {scalar_name(target._array.dtype)}")
    if len(shape) == 1:
        if target._array.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        expected: tuple = ()
    else:
        expected = (shape[0], *shape[2:])
        if target._array.ndim and shape[0] != target._array.shape[0]:
            raise ValueError(
                f"Expected input batch_size ({shape[0]}) to match target batch_size ({target._array.shape[0]}).")
        if target._array.shape != expected:
            if len(shape) == 2:
                raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
            if target._array.ndim != len(expected):
                raise RuntimeError(f"only batches of spatial targets supported ({len(expected)}D tensors) but got "
                                   f"targets of dimension: {target._array.ndim}")
            raise RuntimeError(f"size mismatch (got input: {list(shape)} , target: {list(target._array.shape)}")
    classes = shape[1] if len(shape) > 1 else shape[0]
    if weight is not None and weight._array.shape != (classes,):
        raise RuntimeError("weight tensor should be defined either for all classes or no classes but got weight "
                           f"tensor of shape: {list(weight._array.shape)}")
    _check_targets(target, classes, ignore_index)
    rows = 1 if len(shape) == 1 else shape[0]
    out = NLL(input.reshape(rows, classes, -1), weight, target.reshape(rows, -1), ignore_index, reduction)
    if reduction == "none":
        out = out.reshape(expected)
    return relabel(out, "NllLossBackward0" if len(shape) < 3 else "NllLoss2DBackward0")


def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
                  ignore_index: int = -100, reduce=None, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of softmax(input) with class numbers, or with class probabilities of input's shape."""
    _old_arguments(size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    dim = 0 if input._array.ndim == 1 else 1
    if target._array.shape == input._array.shape and target._array.dtype.kind == "f":
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing, dim)
    logs = log_softmax(input, dim)
    if not label_smoothing:
        return nll_loss(logs, target, weight, None, ignore_index, None, reduction)
    hard = nll_loss(logs, target, weight, None, ignore_index, None, reduction)
    shape = [1] * input._array.ndim
    shape[dim] = -1
    even = -(logs if weight is None else logs * weight.reshape(shape)).sum(dim)
    ignored = target == ignore_index
    even = even.masked_fill(ignored, 0.0)
    if reduction == "mean":
        if weight is None:
            even = even.sum() / (~ignored).sum()
        else:
            even = even.sum() / weight[target.masked_fill(ignored, 0)].masked_fill(ignored, 0.0).sum()
    else:
        even = reduced(even, reduction)
    classes = input._array.shape[dim]
    return hard * (1 - label_smoothing) + even * (label_smoothing / classes)


def _soft_cross_entropy(input, target, weight, reduction, smoothing, dim):
    classes = input._array.shape[dim]
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    product = log_softmax(input, dim) * target
    if weight is not None:
        product = product * weight.reshape([-1 if d == dim else 1 for d in range(input._array.ndim)])
    if reduction == "mean":
        return relabel(-product.sum() / (input._array.size // classes if input._array.size else 0), "DivBackward1")
    return -product.sum() if reduction == "sum" else -product.sum(dim)


def _same_shape(input: Tensor, target: Tensor) -> None:
    if input._array.shape != target._array.shape:
        import warnings

        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3)


def _label(loss: Tensor, reduction: str, label: str) -> Tensor:
    return relabel(reduced(loss, reduction), label)


def mse_loss(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean",
             weight: Tensor | None = None) -> Tensor:
    _old_arguments(size_average, reduce)
    _same_shape(input, target)
    loss = (input - target) ** 2
    if weight is not None:
        if weight._array.shape != input._array.shape:
            raise ValueError("Weights and input must have the same size.")
        loss = loss * weight
        return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)
    return _label(loss, reduction, "MseLossBackward0")


def l1_loss(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean",
            weight: Tensor | None = None) -> Tensor:
    _old_arguments(size_average, reduce)
    _same_shape(input, target)
    loss = (input - target).abs()
    if weight is not None:
        if weight._array.shape != input._array.shape:
            raise ValueError("Weights and input must have the same size.")
        loss = loss * weight
        return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)
    return reduced(loss, reduction)


HUBER = Primitive("huber_loss", lambda d, delta: np.where(np.abs(d) <= delta, 0.5 * d * d,
                                                          delta * (np.abs(d) - 0.5 * delta)), "difference delta",
                  difference=lambda grad, difference, delta: grad * np.clip(difference, -delta, delta))


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
               weight: Tensor | None = None) -> Tensor:
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    _same_shape(input, target)
    loss = HUBER(input - target, delta)
    if weight is not None:
        if weight._array.shape != input._array.shape:
            raise ValueError("Weights and input must have the same size.")
        loss = loss * weight
        return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)
    return _label(loss, reduction, "HuberLossBackward0")


def smooth_l1_loss(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean",
                   beta: float = 1.0) -> Tensor:
    _old_arguments(size_average, reduce)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    _same_shape(input, target)
    return _label(HUBER(input - target, beta) / beta, reduction, "SmoothL1LossBackward0")


def _bce(input, target):
    return -(target * np.maximum(np.log(input), -100) + (1 - target) * np.maximum(np.log1p(-input), -100))


BCE = Primitive("binary_cross_entropy", _bce, "input target",
                input=lambda grad, input, target: grad * (input - target) / np.maximum(input * (1 - input), 1e-12),
                target=lambda grad, input: grad * (np.maximum(np.log1p(-input), -100)
                                                   - np.maximum(np.log(input), -100)))


def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average=None,
                         reduce=None, reduction: str = "mean") -> Tensor:
    """−(t log p + (1 − t) log(1 − p)), each logarithm at least −100."""
    _old_arguments(size_average, reduce)
    if input._array.shape != target._array.shape:
        raise ValueError(f"Using a target size ({target.shape}) that is different to the input size "
                         f"({input.shape}) is deprecated. Please ensure they have the same size.")
    if input._array.size and ((input._array < 0) | (input._array > 1)).any():
        raise RuntimeError("all elements of input should be between 0 and 1")
    loss = BCE(input, target)
    if weight is not None:
        loss = loss * weight
    return _label(loss, reduction, "BinaryCrossEntropyBackward0")


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, weight: Tensor | None = None,
                                     size_average=None, reduce=None, reduction: str = "mean",
                                     pos_weight: Tensor | None = None) -> Tensor:
    """Binary cross-entropy of sigmoid(input), computed without overflow."""
    _old_arguments(size_average, reduce)
    if input._array.shape != target._array.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    from .f_activation import logsigmoid

    positive = logsigmoid(input)
    if pos_weight is None:
        loss = (1 - target) * input - positive
    else:
        loss = (1 - target) * input - ((pos_weight - 1) * target + 1) * positive
    if weight is not None:
        loss = loss * weight
    return _label(loss, reduction, "BinaryCrossEntropyWithLogitsBackward0")


def kl_div(input: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean",
           log_target: bool = False) -> Tensor:
    """target · (log target − input): `input` holds log-probabilities."""
    _old_arguments(size_average, reduce)
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = target.xlogy(target) - target * input
    if reduction == "batchmean":
        return loss.sum() / (input.size(0) if input.dim() else 1)
    return reduced(loss, reduction)


