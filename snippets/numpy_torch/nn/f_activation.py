"""torch.nn.functional: the nonlinearities."""

from ..ops_activation import (
    ELU,
    GELU,
    HARDSIGMOID,
    HARDSWISH,
    HARDTANH,
    LEAKY_RELU,
    LOG_SIGMOID,
    MISH,
    PRELU,
    SELU_ALPHA,
    SELU_SCALE,
    SILU,
    SOFTPLUS,
    float_input,
)
from ..ops_activation import log_softmax as log_softmax_op
from ..ops_activation import softmax as softmax_op
from ..ops_elementwise import UNARY
from ..primitive import relabel
from ..tensor import Tensor

__all__ = ["celu", "elu", "gelu", "glu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_softmax",
           "logsigmoid", "mish", "prelu", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softmin",
           "softplus", "softsign", "tanh", "tanhshrink"]


def _run(row, inplace: bool, input: Tensor, *args) -> Tensor:
    return row.inplace(input, *args) if inplace else row(input, *args)


def _implicit_dim(ndim: int) -> int:
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    return softmax_op(input, _implicit_dim(input.dim()) if dim is None else dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    return softmax(-input, dim, dtype=dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    return log_softmax_op(input, _implicit_dim(input.dim()) if dim is None else dim, dtype)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    return _run(UNARY["relu"], inplace, input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    return hardtanh(input, 0.0, 6.0, inplace)


def tanh(input: Tensor) -> Tensor:
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    return input.sigmoid()


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return GELU(float_input(input, "GeluKernelImpl"), approximate == "tanh", [])


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    return _run(SILU, inplace, float_input(input, "silu_cpu"))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    return _run(MISH, inplace, float_input(input, "mish_cpu"))


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    return SOFTPLUS(float_input(input, "softplus_cpu"), beta, threshold)


def logsigmoid(input: Tensor) -> Tensor:
    return LOG_SIGMOID(float_input(input, "log_sigmoid_cpu"))


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    return _run(LEAKY_RELU, inplace, float_input(input, "leaky_relu_cpu"), negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    return _run(ELU, inplace, float_input(input, "elu_cpu"), alpha, 1, 1)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    return relabel(_run(ELU, inplace, float_input(input, "elu_cpu"), alpha, 1, 1 / alpha), "CeluBackward0")


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    return _run(ELU, inplace, float_input(input, "elu_cpu"), SELU_ALPHA, SELU_SCALE, 1)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if input._array.dtype.kind not in "fc":
        if input._array.dtype.kind == "u" and (min_val < 0 or max_val < 0):
            raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
        min_val, max_val = int(min_val), int(max_val)
    return _run(HARDTANH, inplace, input, min_val, max_val)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    return _run(HARDSIGMOID, inplace, float_input(input, "hardsigmoid"))


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    return _run(HARDSWISH, inplace, float_input(input, "hardswish_cpu"))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """max(0, x) + weight · min(0, x), with one weight or one for each channel (dimension 1)."""
    if weight.dim() > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}")
    if weight.numel() != 1:
        channels = input.size(1) if input.dim() > 1 else 1
        if channels != weight.numel():
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}.")
        weight = weight.reshape([-1 if d == 1 else 1 for d in range(input.dim())])
    elif weight.dim() and input.dim() != weight.dim():
        weight = weight.reshape([1] * input.dim())
    return PRELU(input, weight)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half times the sigmoid of the second half."""
    if input.dim() == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    if input.size(dim) % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {input.size(dim)}")
    a, b = input.chunk(2, dim)
    return relabel(a * b.sigmoid(), "GluBackward0")


def softsign(input: Tensor) -> Tensor:
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    return input - input.tanh()
