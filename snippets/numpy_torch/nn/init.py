"""torch.nn.init: fill a tensor in place, outside the graph, from the same stream of random numbers."""

import math

import numpy as np

from ..autograd.modes import no_grad
from ..tensor import Tensor

GAINS = {"linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv3d": 1.0, "conv_transpose1d": 1.0,
         "conv_transpose2d": 1.0, "conv_transpose3d": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3,
         "relu": math.sqrt(2.0), "selu": 3.0 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity shrinks the standard deviation, to be undone by initialisation."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return GAINS[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs of a weight (out, in, …): the receptive field multiplies both."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    out, in_, *field = tensor.shape
    return in_ * math.prod(field), out * math.prod(field)


_calculate_fan_in_and_fan_out = fans


def _fan(tensor: Tensor, mode: str) -> int:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return fans(tensor)[mode.lower() == "fan_out"]


@no_grad
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator=None) -> Tensor:
    return tensor.uniform_(a, b, generator=generator)


@no_grad
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator=None) -> Tensor:
    return tensor.normal_(mean, std, generator=generator)


@no_grad
def constant_(tensor: Tensor, val: float) -> Tensor:
    return tensor.fill_(val)


@no_grad
def ones_(tensor: Tensor) -> Tensor:
    return tensor.fill_(1.0)


@no_grad
def zeros_(tensor: Tensor) -> Tensor:
    return tensor.zero_()


@no_grad
def eye_(tensor: Tensor) -> Tensor:
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    tensor._array[...] = np.eye(*tensor._array.shape)
    return tensor


@no_grad
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution weight (out, in, *kernel) that passes each channel on unchanged."""
    if tensor.dim() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    outputs, inputs, *kernel = tensor.shape
    if outputs % groups:
        raise ValueError("dim 0 must be divisible by groups")
    own = outputs // groups
    tensor.zero_()
    centre = tuple([k // 2 for k in kernel])
    for group in range(groups):
        for channel in range(min(own, inputs)):
            tensor._array[(group * own + channel, channel, *centre)] = 1
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator=None) -> Tensor:
    """Uniform with variance gain² · 2/(fan_in + fan_out) (Glorot & Bengio)."""
    bound = math.sqrt(3.0) * gain * math.sqrt(2.0 / float(sum(fans(tensor))))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator=None) -> Tensor:
    """Normal with variance gain² · 2/(fan_in + fan_out) (Glorot & Bengio)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(sum(fans(tensor)))), generator)


def kaiming_uniform_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                     generator=None) -> Tensor:
    """Uniform with variance gain²/fan (He et al.)."""
    if not tensor._array.size:
        return tensor
    bound = math.sqrt(3.0) * calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                    generator=None) -> Tensor:
    """Normal with variance gain²/fan (He et al.)."""
    if not tensor._array.size:
        return tensor
    return normal_(tensor, 0, calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode)), generator)


@no_grad
def orthogonal_(tensor: Tensor, gain: float = 1, generator=None) -> Tensor:
    """Orthonormal rows or columns, whichever are fewer (Saxe et al.)."""
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor._array.size:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    matrix = tensor.new_empty(rows, columns).normal_(0, 1, generator=generator)._array
    q, r = np.linalg.qr(matrix.T if rows < columns else matrix)
    q = q * np.sign(np.diagonal(r))  # one of the many decompositions: the one with a positive diagonal
    tensor._array[...] = (q.T if rows < columns else q).reshape(tensor._array.shape)
    if gain != 1:
        tensor.mul_(gain)
    return tensor


@no_grad
def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
                  generator=None) -> Tensor:
    """Normal numbers redrawn until they lie in [a, b]."""
    def below(x: float) -> float:
        return (1 + math.erf(x / math.sqrt(2.0))) / 2

    if below((b - mean) / std) - below((a - mean) / std) <= 0.3:
        from ..absent import refuse

        raise refuse("torch.nn.init.trunc_normal_ with less than 30 % of the distribution inside [a, b]",
                     "widen [a, b]")
    kind = tensor._array.dtype.type
    result = tensor.normal_(mean, std, generator=generator)
    while True:
        outside = (result._array < kind(a)) | (result._array > kind(b))
        if not outside.any():
            return tensor
        again = tensor.new_empty(tensor.shape).normal_(mean, std, generator=generator)
        result._array[outside] = again._array[outside]


def __getattr__(name: str):
    from ..absent import module_attribute

    return module_attribute(__name__, name, {})
