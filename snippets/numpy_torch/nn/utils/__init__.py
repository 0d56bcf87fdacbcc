"""torch.nn.utils: gradient clipping, and parameters as one vector."""

import math

import numpy as np

from ...absent import module_attribute, refuse
from ...ops_reduce import vector_norm
from ...ops_shape import cat, stack
from ...tensor import Tensor, wrap

__all__ = ["clip_grad_norm_", "clip_grad_value_", "get_total_norm", "parameters_to_vector", "vector_to_parameters"]


def _grads(parameters) -> list:
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p._grad for p in parameters if p._grad is not None]


def get_total_norm(tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach=None) -> Tensor:
    """The norm of all `tensors` taken together."""
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not tensors:
        return wrap(np.zeros((), np.float32))
    total = vector_norm(stack([vector_norm(t.detach(), norm_type) for t in tensors]), norm_type)
    if error_if_nonfinite and not np.isfinite(total._array):
        raise RuntimeError(
            f"The total norm of order {float(norm_type)} for gradients from `parameters` is non-finite, so it cannot "
            "be clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`")
    return total


def clip_grad_norm_(parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
                    foreach=None) -> Tensor:
    """Scale the gradients in place so that their total norm is at most `max_norm`; returns the norm before."""
    grads = _grads(parameters)
    total = get_total_norm(grads, float(norm_type), error_if_nonfinite)
    factor = np.minimum(np.float32(max_norm) / (total._array + np.float32(1e-6)), np.float32(1.0))
    for grad in grads:
        grad._array *= factor.astype(grad._array.dtype)
        (grad._writes or grad.new_version()).count += 1
    return total


def clip_grad_value_(parameters, clip_value: float, foreach=None) -> None:
    """Clamp every gradient to ±clip_value in place."""
    for grad in _grads(parameters):
        np.clip(grad._array, -float(clip_value), float(clip_value), out=grad._array)
        (grad._writes or grad.new_version()).count += 1


def parameters_to_vector(parameters) -> Tensor:
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters) -> None:
    start = 0
    for parameter in parameters:
        n = math.prod(parameter.shape)
        parameter.data = vec[start:start + n].view_as(parameter).data
        start += n


LAZY = {name: f"nn.utils.{name}" for name in ("rnn", "parametrizations", "parametrize")}


def __getattr__(name: str):
    if name in ("spectral_norm", "weight_norm"):
        raise refuse(f"torch.nn.utils.{name}", f"torch.nn.utils.parametrizations.{name}")
    return module_attribute(__name__, name, LAZY)
