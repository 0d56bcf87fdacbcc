"""What the distributions share: broadcasting arguments, attributes computed on first use, logits ↔ probabilities."""

from ..autograd.modes import enable_grad
from ..dtypes import finfo, get_default_dtype
from ..ops_activation import softmax
from ..ops_create import tensor
from ..ops_shape import broadcast_tensors
from ..tensor import Tensor

NUMBER = (int, float, bool)


def broadcast_all(*values) -> tuple:
    """Numbers become tensors of the first tensor's dtype, then all expand to one shape."""
    if not all([isinstance(v, (Tensor, *NUMBER)) for v in values]):
        raise ValueError("Input arguments must all be instances of Number, torch.Tensor or objects implementing "
                         "__torch_function__.")
    kind = next((v.dtype for v in values if isinstance(v, Tensor)), get_default_dtype())
    return tuple(broadcast_tensors(*[v if isinstance(v, Tensor) else tensor(v, dtype=kind) for v in values]))


class lazy_property:  # noqa: N801
    """A method whose result is computed on first use and then kept as an attribute of that name."""

    def __init__(self, wrapped):
        self.wrapped, self.__doc__ = wrapped, wrapped.__doc__

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    return logits.sigmoid() if is_binary else softmax(logits, -1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities kept away from 0 and 1 by the dtype's epsilon."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    p = clamp_probs(probs)
    return p.log() - (-p).log1p() if is_binary else p.log()


def sum_rightmost(value: Tensor, dims: int) -> Tensor:
    """Sum over the last `dims` dimensions."""
    return value.reshape((*value.shape[:-dims], -1)).sum(-1) if dims else value
