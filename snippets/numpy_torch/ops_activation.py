"""Softmax and the nonlinearities that are more than one function of the table in ops_elementwise."""

import math

import numpy as np

from .helpers import normal_dim
from .ops_elementwise import erf_array, sigmoid_array
from .primitive import Primitive, public, scalar_name

ROOT_HALF = math.sqrt(0.5)
ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _softmax(self, dim):
    if not self.size:
        return self.copy()
    e = np.exp(self - self.max(axis=dim, keepdims=True))
    e /= e.sum(axis=dim, keepdims=True)
    return e


def _log_softmax(self, dim):
    if not self.size:
        return self.copy()
    shifted = self - self.max(axis=dim, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=dim, keepdims=True))
    return shifted


SOFTMAX = Primitive("softmax", _softmax, "self dim",
                    self=lambda grad, result, dim: result * (grad - (grad * result).sum(axis=dim, keepdims=True)))
LOG_SOFTMAX = Primitive("log_softmax", _log_softmax, "self dim",
                        self=lambda grad, result, dim: grad - np.exp(result) * grad.sum(axis=dim, keepdims=True))


def _bell_share(x, tanh):
    """Φ(x), or its approximation by tanh."""
    if tanh:
        share = x * x
        share *= 0.044715
        share += 1
        share *= x
        share *= ROOT_TWO_OVER_PI
        share = np.tanh(share)
    else:
        share = erf_array(x * x.dtype.type(ROOT_HALF))
    share += 1
    share *= 0.5
    return share


def _gelu(self, tanh, kept):
    share = _bell_share(self, tanh)
    kept.append(share)
    return self * share


def _gelu_back(grad, self, tanh, kept):
    if type(grad) is np.ndarray:
        share = kept[0]
    elif tanh:
        share = 0.5 * (1 + np.tanh(ROOT_TWO_OVER_PI * (self + 0.044715 * self**3)))
    else:
        share = 0.5 * (1 + type(self)((self * ROOT_HALF).tensor.erf()))
    if tanh:
        slope = self * self
        slope = slope * (6 * 0.044715 * ROOT_TWO_OVER_PI) + 2 * ROOT_TWO_OVER_PI
        return grad * (share + share * (1 - share) * slope * self)
    bell = np.exp(self * self * -0.5)
    return grad * (share + self * bell * (1 / math.sqrt(2 * math.pi)))


def _silu_back(grad, self):
    s = sigmoid_array(self)
    return grad * s * (1 + self * (1 - s))


def _softplus(self, beta, threshold):
    z = self * beta
    return np.where(z > threshold, self, np.log1p(np.exp(np.minimum(z, threshold))) / beta)


def _softplus_back(grad, self, beta, threshold):
    z = self * beta
    return np.where(z > threshold, grad, grad * sigmoid_array(z))


def _elu(self, alpha, scale, input_scale):
    return np.where(self <= 0, np.expm1(np.minimum(self, 0) * input_scale) * (alpha * scale), self * scale)


def _elu_back(grad, self, alpha, scale, input_scale):
    return grad * np.where(self <= 0, np.exp(np.minimum(self, 0) * input_scale) * (alpha * scale * input_scale), scale)


def _mish_back(grad, self):
    t = np.tanh(np.logaddexp(self, 0))
    return grad * (t + self * sigmoid_array(self) * (1 - t * t))


GELU = Primitive("gelu", _gelu, "self tanh kept", self=_gelu_back)
SILU = Primitive("silu", lambda self: self * sigmoid_array(self), "self", self=_silu_back)
MISH = Primitive("mish", lambda self: self * np.tanh(np.logaddexp(self, 0)), "self", self=_mish_back)
SOFTPLUS = Primitive("softplus", _softplus, "self beta threshold", self=_softplus_back)
LOG_SIGMOID = Primitive("log_sigmoid", lambda self: np.minimum(self, 0) - np.log1p(np.exp(-np.abs(self))), "self",
                        self=lambda grad, self: grad * sigmoid_array(-self))
LEAKY_RELU = Primitive("leaky_relu", lambda self, slope: np.where(self > 0, self, self * slope), "self slope",
                       self=lambda grad, self, slope: np.where(self > 0, grad, grad * slope))
ELU = Primitive("elu", _elu, "self alpha scale input_scale", self=_elu_back)
HARDTANH = Primitive("hardtanh", lambda self, low, high: np.minimum(np.maximum(self, low), high), "self low high",
                     self=lambda grad, self, low, high: np.where((self > low) & (self < high), grad, 0))
HARDSIGMOID = Primitive("hardsigmoid", lambda self: np.minimum(np.maximum(self + 3, 0), 6) / 6, "self",
                        self=lambda grad, self: np.where((self > -3) & (self < 3), grad / 6, 0))
HARDSWISH = Primitive("hardswish", lambda self: self * np.minimum(np.maximum(self + 3, 0), 6) / 6, "self",
                      self=lambda grad, self: np.where(self <= -3, 0, np.where(
                          self < 3, grad * (self / 3 + 0.5), grad)))
PRELU = Primitive("_prelu_kernel", lambda self, weight: np.where(self > 0, self, self * weight), "self weight",
                  label="PreluKernelBackward0", self=lambda grad, self, weight: np.where(self > 0, grad, grad * weight),
                  weight=lambda grad, self: np.where(self > 0, 0, grad * self))


def float_input(input, name: str):
    """Refuse integer tensors as PyTorch's kernels do."""
    if input._array.dtype.kind not in "fc":
        raise NotImplementedError(f"\"{name}\" not implemented for '{scalar_name(input._array.dtype)}'")
    return input


@public
def softmax(input, dim: int, dtype=None):
    if dtype is not None:
        input = input.to(dtype)
    dim = normal_dim(dim, input._array.ndim)
    float_input(input, "softmax_lastdim_kernel_impl" if dim >= input._array.ndim - 1 else "softmax_kernel_impl")
    return SOFTMAX(input, dim if input._array.ndim else None)


@public
def log_softmax(input, dim: int, dtype=None):
    if dtype is not None:
        input = input.to(dtype)
    dim = normal_dim(dim, input._array.ndim)
    float_input(input, "log_softmax_lastdim_kernel_impl" if dim >= input._array.ndim - 1
                else "log_softmax_kernel_impl")
    return LOG_SOFTMAX(input, dim if input._array.ndim else None)


