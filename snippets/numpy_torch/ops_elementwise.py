"""Elementwise mathematics: arithmetic, powers, exponentials, trigonometry, rounding, clamping, choosing.

`UNARY` and `BINARY` are the table: one entry makes torch.<name>, Tensor.<name> and the in-place Tensor.<name>_.
"""

import math

import numpy as np

from .absent import refuse
from .dtypes import bool_
from .helpers import broadcast_shape
from .primitive import (
    Primitive,
    common_dtype,
    function,
    method,
    named,
    public,
    real_or_conj,
    relabel,
    scalar_name,
)
from .tensor import Tensor, wrap

TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
LN2, LN10 = math.log(2), math.log(10)


# --- functions NumPy has not -------------------------------------------------------------------------


class _Erf:
    """erf for float32 from a table of its values: a Taylor step from the nearest of 1,024 nodes on [0, 4]."""

    nodes = values = slopes = None

    @classmethod
    def fill(cls) -> None:
        cls.nodes = (np.arange(1026) / 256).astype("f4")
        cls.values = np.array([math.erf(i / 256) for i in range(1026)], "f4")
        cls.slopes = np.array([TWO_OVER_ROOT_PI * math.exp(-((i / 256) ** 2)) for i in range(1026)], "f4")


def erf_array(x: np.ndarray) -> np.ndarray:
    """The error function of a float array; float64 goes element by element through math.erf."""
    if x.dtype != np.float32 or x.size < 64:
        return np.array([math.erf(v) for v in x.ravel().tolist()], x.dtype).reshape(x.shape)
    if _Erf.nodes is None:
        _Erf.fill()
    size = np.minimum(np.abs(x), np.float32(4))
    index = np.fmin(size, np.float32(4))  # without NaN
    index *= np.float32(256)
    index += np.float32(0.5)
    index = index.astype(np.int32)
    node = _Erf.nodes[index]
    step = size
    step -= node
    rise = node * node  # step · (1 − step · (node − step · (2 node² − 1) / 3))
    rise *= np.float32(-2 / 3)
    rise += np.float32(1 / 3)
    rise *= step
    rise += node
    rise *= step
    np.subtract(np.float32(1), rise, out=rise)
    rise *= step
    rise *= _Erf.slopes[index]
    rise += _Erf.values[index]
    return np.copysign(rise, x, out=rise)


def sigmoid_array(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "c":
        return 1 / (1 + np.exp(-x))
    # exp of a non-positive number cannot overflow, so both tails keep their precision
    e = np.exp(-np.abs(x))
    top = np.maximum(e, x >= 0)
    e += 1
    top /= e
    return top


def _round(x, decimals):
    return np.round(x, decimals) if decimals else np.rint(x)


# --- the table -------------------------------------------------------------------------------------


def unary(name: str, forward, gradient=None, kind: str = "float", complex: bool = False,
          label: str | None = None) -> Primitive:
    """A table row: `gradient` is a formula of grad, self and result."""
    formulas = {"self": gradient} if gradient else {}
    return Primitive(name, forward, "self", kind=kind, complex=complex, label=label, **formulas)


def none(grad):
    """The gradient of a step function."""
    return np.zeros_like(grad)


UNARY = {row.name: row for row in (
    unary("exp", np.exp, lambda grad, result: grad * real_or_conj(result), complex=True),
    unary("exp2", np.exp2, lambda grad, result: grad * result * LN2),
    unary("expm1", np.expm1, lambda grad, result: grad * (result + 1)),
    unary("log", np.log, lambda grad, self: grad / real_or_conj(self), complex=True),
    unary("log2", np.log2, lambda grad, self: grad / (self * LN2)),
    unary("log10", np.log10, lambda grad, self: grad / (self * LN10)),
    unary("log1p", np.log1p, lambda grad, self: grad / (self + 1), label="Log1PBackward0"),
    unary("sqrt", np.sqrt, lambda grad, result: grad / (2 * real_or_conj(result)), complex=True),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), lambda grad, result: -0.5 * grad * real_or_conj(result)**3, complex=True),
    unary("reciprocal", lambda x: 1 / x, lambda grad, result: -grad * real_or_conj(result * result), complex=True),
    unary("sin", np.sin, lambda grad, self: grad * np.cos(real_or_conj(self)), complex=True),
    unary("cos", np.cos, lambda grad, self: -grad * np.sin(real_or_conj(self)), complex=True),
    unary("tan", np.tan, lambda grad, result: grad * (1 + result**2)),
    unary("asin", np.arcsin, lambda grad, self: grad / np.sqrt(1 - self * self)),
    unary("acos", np.arccos, lambda grad, self: -grad / np.sqrt(1 - self * self)),
    unary("atan", np.arctan, lambda grad, self: grad / (self * self + 1)),
    unary("sinh", np.sinh, lambda grad, self: grad * np.cosh(real_or_conj(self)), complex=True),
    unary("cosh", np.cosh, lambda grad, self: grad * np.sinh(real_or_conj(self)), complex=True),
    unary("tanh", np.tanh, lambda grad, result: grad * real_or_conj(1 - result * result), complex=True),
    unary("asinh", np.arcsinh, lambda grad, self: grad / np.sqrt(self * self + 1)),
    unary("acosh", np.arccosh, lambda grad, self: grad / np.sqrt(self * self - 1)),
    unary("atanh", np.arctanh, lambda grad, self: grad / (1 - self * self)),
    unary("sigmoid", sigmoid_array, lambda grad, result: grad * real_or_conj((1 - result) * result), complex=True),
    unary("erf", erf_array, lambda grad, self: grad * TWO_OVER_ROOT_PI * np.exp(-self * self)),
    unary("neg", np.negative, lambda grad: -grad, kind="same", complex=True),
    unary("abs", np.abs, lambda grad, self: grad * np.sign(self), kind="same", complex=True),
    unary("sign", lambda x: x if x.dtype == bool else np.sign(x), none, kind="same"),
    unary("floor", lambda x: np.floor(x) if x.dtype.kind == "f" else x.copy(), none, kind="same"),
    unary("ceil", lambda x: np.ceil(x) if x.dtype.kind == "f" else x.copy(), none, kind="same"),
    unary("trunc", lambda x: np.trunc(x) if x.dtype.kind == "f" else x.copy(), none, kind="same"),
    unary("frac", lambda x: x - np.trunc(x), lambda grad: grad, kind="same"),
    unary("relu", lambda x: np.maximum(x, 0), lambda grad, result: grad * (result > 0), kind="same"),
    unary("logical_not", np.logical_not, kind="same"),
)}

def no_zero(fn, kernel: str):
    """`fn` of two arrays; whole numbers divided by zero are an error, and so are booleans."""
    def forward(self, other):
        if np.result_type(self, other).kind == "b":
            raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")
        if np.result_type(self, other).kind in "iub" and np.any(np.asarray(other) == 0):
            raise RuntimeError("ZeroDivisionError")
        return fn(self, other)

    return forward


def _whole(fn, kernel: str):
    """`fn` of two arrays of integers or booleans; PyTorch has no such kernel for other types."""
    def forward(self, other):
        broadcast_shape(np.shape(self), np.shape(other))
        for operand in (self, other):
            if isinstance(operand, np.ndarray) and operand.dtype.kind in "fc":
                raise NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(operand.dtype)}'")
        return fn(self, other)

    return forward


def no_derivative(op: str):
    def formula(grad):
        raise RuntimeError(f"derivative for aten::{op} is not implemented")

    return formula


BINARY = {row.name: row for row in (
    Primitive("mul", np.multiply, "self other", kind="same", complex=True,
              self=lambda grad, other: grad * real_or_conj(other), other=lambda grad, self: grad * real_or_conj(self)),
    Primitive("atan2", np.arctan2, "self other", kind="float",
              self=lambda grad, self, other: grad * other / (self * self + other * other),
              other=lambda grad, self, other: -grad * self / (self * self + other * other)),
    Primitive("hypot", np.hypot, "self other", kind="same",
              self=lambda grad, self, result: grad * self / result,
              other=lambda grad, other, result: grad * other / result),
    Primitive("maximum", np.maximum, "self other", kind="same",
              self=lambda grad, self, other: np.where(self == other, grad / 2, np.where(self < other, 0, grad)),
              other=lambda grad, self, other: np.where(self == other, grad / 2, np.where(self > other, 0, grad))),
    Primitive("minimum", np.minimum, "self other", kind="same",
              self=lambda grad, self, other: np.where(self == other, grad / 2, np.where(self > other, 0, grad)),
              other=lambda grad, self, other: np.where(self == other, grad / 2, np.where(self < other, 0, grad))),
    Primitive("logaddexp", np.logaddexp, "self other", kind="same",
              self=lambda grad, self, result: grad * np.exp(self - result),
              other=lambda grad, other, result: grad * np.exp(other - result)),
    Primitive("fmod", no_zero(np.fmod, "fmod_cpu"), "self other", kind="same", self=lambda grad: grad,
              other=lambda grad, self, other: -grad * np.trunc(self / other)),
    Primitive("remainder", no_zero(np.remainder, "remainder_cpu"), "self other", kind="same", self=lambda grad: grad,
              other=lambda grad, self, other: -grad * np.floor(self / other)),
    Primitive("copysign", np.copysign, "self other", kind="float",
              self=lambda grad, self, result: grad * np.where(self == 0, 0, result / self),
              other=none),
    Primitive("logical_and", np.logical_and, "self other", kind="same"),
    Primitive("logical_or", np.logical_or, "self other", kind="same"),
    Primitive("logical_xor", np.logical_xor, "self other", kind="same"),
    Primitive("bitwise_and", _whole(np.bitwise_and, "bitwise_and_cpu"), "self other", kind="same"),
    Primitive("bitwise_or", _whole(np.bitwise_or, "bitwise_or_cpu"), "self other", kind="same"),
    Primitive("bitwise_xor", _whole(np.bitwise_xor, "bitwise_xor_cpu"), "self other", kind="same"),
    Primitive("bitwise_left_shift", _whole(np.left_shift, "lshift_cpu"), "self other", kind="same"),
    Primitive("bitwise_right_shift", _whole(np.right_shift, "rshift_cpu"), "self other", kind="same"),
    Primitive("eq", np.equal, "self other", kind="same"),
    Primitive("ne", np.not_equal, "self other", kind="same"),
    Primitive("lt", np.less, "self other", kind="same"),
    Primitive("le", np.less_equal, "self other", kind="same"),
    Primitive("gt", np.greater, "self other", kind="same"),
    Primitive("ge", np.greater_equal, "self other", kind="same"),
)}

ADD = Primitive("add", np.add, "self other", kind="same", complex=True,
                self=lambda grad: grad, other=lambda grad: grad)
SUB = Primitive("sub", np.subtract, "self other", kind="same", complex=True,
                self=lambda grad: grad, other=lambda grad: -grad)
RSUB = Primitive("rsub", lambda self, other: other - self, "self other", kind="same", complex=True,
                 label="RsubBackward1", self=lambda grad: -grad, other=lambda grad: grad)
DIV = Primitive("div", np.true_divide, "self other", kind="float", complex=True,
                self=lambda grad, other: grad / real_or_conj(other),
                other=lambda grad, self, other: -grad * real_or_conj((self / other) / other))
FLOOR_DIV = Primitive("div", no_zero(np.floor_divide, "div_floor_cpu"), "self other", kind="same",
                      label="DivBackward2", self=none, other=none)
FLOOR_DIVIDE = Primitive("floor_divide", no_zero(np.floor_divide, "div_floor_cpu"), "self other", kind="same",
                         label="torch::autograd::NotImplemented", self=no_derivative("floor_divide"),
                         other=no_derivative("floor_divide"))
TRUNC_DIV = Primitive("div", no_zero(lambda a, b: _trunc_divide(a, b), "div_trunc_cpu"), "self other", kind="same",
                      label="DivBackward2", self=none, other=none)


def _trunc_divide(a, b):
    quotient = np.trunc(np.true_divide(a, b))
    kind = np.result_type(a, b)
    return quotient if kind.kind == "f" else (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(kind)


def _power_base(grad, self, exponent):
    """∂(x^p)/∂x with 0 where p is 0, as 0·x^(−1) would be NaN at x = 0."""
    if np.ndim(exponent) == 0 and exponent == 0:
        return np.zeros_like(grad)
    slope = real_or_conj(exponent * np.power(self, exponent - 1))
    return grad * (slope if np.ndim(exponent) == 0 else np.where(exponent == 0, 0, slope))


def _power_exponent(grad, self, exponent, result):
    stays = (self == 0) & (np.real(exponent) >= 0)
    return grad * np.where(stays, 0, real_or_conj(result * np.log(np.asarray(self, result.dtype))))


POW_NUMBER = Primitive("pow", np.power, "self exponent", kind="same", label="PowBackward0", self=_power_base,
                       complex=True)


def _power(self, exponent):
    """np.power, with PyTorch's whole-number powers for negative exponents: 0 except for the bases 1 and −1."""
    if np.result_type(self, exponent).kind != "i" or not np.any(np.asarray(exponent) < 0):
        return np.power(self, exponent)
    base, kind = np.asarray(self), np.result_type(self, exponent)
    negative = np.where(base == 1, 1, np.where(base == -1, 1 - 2 * (np.abs(exponent) % 2), 0))
    return np.where(np.asarray(exponent) < 0, negative, np.power(base, np.maximum(exponent, 0))).astype(kind)


POW = Primitive("pow", _power, "self exponent", kind="same", label="PowBackward1", self=_power_base,
                exponent=_power_exponent, complex=True)


def _clamp(self, low, high):
    out = self if low is None else np.maximum(self, low)
    return out if high is None else np.minimum(out, high)


def _inside(self, low, high):
    mask = np.ones(self.shape, bool) if low is None else self >= low
    return mask if high is None else mask & (self <= high)


def _low_share(grad, self, low, high):
    return np.where((self < low) & (True if high is None else low < high), grad, 0)


def _high_share(grad, self, low, high):
    return np.where((self > high) | (False if low is None else low > high), grad, 0)


CLAMP_NUMBERS = Primitive("clamp", _clamp, "self low high", kind="same", label="ClampBackward1",
                          self=lambda grad, self, low, high: grad * _inside(self, low, high))
CLAMP = Primitive("clamp", _clamp, "self low high", kind="same",
                  self=lambda grad, self, low, high: np.where(_inside(self, low, high), grad, 0),
                  low=_low_share, high=_high_share)
WHERE = Primitive("where", np.where, "condition self other", complex=True,
                  self=lambda grad, condition: np.where(condition, grad, 0),
                  other=lambda grad, condition: np.where(condition, 0, grad))
LERP_NUMBER = Primitive("lerp", lambda a, b, w: a + w * (b - a) if w < 0.5 else b - (b - a) * (1 - w),
                        "self end weight", self=lambda grad, weight: grad * (1 - weight),
                        end=lambda grad, weight: grad * weight)
LERP = Primitive("lerp", lambda a, b, w: np.where(np.abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w)),
                 "self end weight", label="LerpBackward1", kind="same",
                 self=lambda grad, weight: grad * (1 - weight), end=lambda grad, weight: grad * weight,
                 weight=lambda grad, self, end: grad * (end - self))
ADDCMUL = Primitive("addcmul", lambda self, a, b, value: self + value * a * b, "self tensor1 tensor2 value",
                    kind="same", self=lambda grad: grad,
                    tensor1=lambda grad, tensor2, value: grad * tensor2 * value,
                    tensor2=lambda grad, tensor1, value: grad * tensor1 * value)
ADDCDIV = Primitive("addcdiv", lambda self, a, b, value: self + value * a / b, "self tensor1 tensor2 value",
                    kind="same", self=lambda grad: grad,
                    tensor1=lambda grad, tensor2, value: grad * value / tensor2,
                    tensor2=lambda grad, tensor1, tensor2, value: -grad * value * tensor1 / (tensor2 * tensor2))
ROUND = Primitive("round", lambda x, decimals: _round(x, decimals) if x.dtype.kind == "f" else x.copy(),
                  "self decimals", self=none)
XLOGY = Primitive("xlogy", lambda a, b: np.where((a == 0) & ~np.isnan(b), 0, a * np.log(b)), "self other",
                  kind="float", self=lambda grad, self, other: grad * np.where((self == 0) & (other <= 0), 0,
                                                                               np.log(other)),
                  other=lambda grad, self, other: grad * self / other)
NAN_TO_NUM = Primitive("nan_to_num", lambda self, nan, posinf, neginf: np.nan_to_num(
    self, nan=nan or 0.0, posinf=posinf, neginf=neginf) if self.dtype.kind == "f" else self.copy(),
    "self nan posinf neginf", self=lambda grad, self: grad * np.isfinite(self))


# kernels PyTorch has not for every type: name and the kinds it is written for (see Primitive)
for _row, _kernel in (
    (UNARY["abs"], "abs_cpu iufc"), (UNARY["frac"], "frac_cpu f"), (UNARY["floor"], "floor_vml_cpu iuf"),
    (UNARY["ceil"], "ceil_vml_cpu iuf"), (UNARY["trunc"], "trunc_vml_cpu iuf"), (ROUND, "round_vml_cpu iuf"),
    (BINARY["hypot"], "hypot_cpu f"), (BINARY["logaddexp"], "logaddexp_cpu fc"), (POW, "pow iufc"),
    (ADDCMUL, "addcmul_cpu_out iufc"), (LERP_NUMBER, "lerp_kernel_scalar fc"), (LERP, "lerp_kernel_tensor fc"),
):
    _row.kernel = _kernel.split()


# --- publishing ------------------------------------------------------------------------------------

NUMBER = (int, float, complex, np.number, np.bool_)
LONG_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "sinh": "", "asinh": "arcsinh",
              "acosh": "arccosh", "atanh": "arctanh", "neg": "negative", "abs": "absolute", "trunc": "fix",
              "mul": "multiply", "gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal",
              "ne": "not_equal", "atan2": "arctan2"}
NO_BOOL = {"relu": "Boolean inputs not supported for relu",
           "neg": "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
                  "use the `~` or `logical_not()` operator instead."}


def _publish_unary(name: str, row: Primitive) -> None:
    refusal = NO_BOOL.get(name)

    def call(input, *, out=None):
        if out is not None:
            raise refuse(f"torch.{name}(out=…)", "assign the result instead")
        if refusal and input._array.dtype == bool:
            raise RuntimeError(refusal)
        return row(input)

    def call_(self):
        return row.inplace(self)

    _both(name, call, call_)


NUMBER_FIRST = ("mul", "remainder", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift",
                "bitwise_right_shift")
TENSORS_ONLY = ("maximum", "minimum", "atan2", "hypot", "logaddexp", "logical_and", "logical_or", "logical_xor")
# grad_fn names that differ with a number and with a tensor on the right
BY_OTHER = {"remainder": ("RemainderBackward0", "RemainderBackward1"), "fmod": ("FmodBackward0", "FmodBackward1"),
            "copysign": ("CopysignBackward1", "CopysignBackward0")}


def _publish_binary(name: str, row: Primitive) -> None:
    numbered = BY_OTHER.get(name)

    def call(input, other, *, out=None):
        if out is not None:
            raise refuse(f"torch.{name}(out=…)", "assign the result instead")
        if not isinstance(input, Tensor) and not (name in NUMBER_FIRST and isinstance(other, Tensor)):
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        if name in TENSORS_ONLY and not isinstance(other, Tensor):
            raise TypeError(f"{name}(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")
        result = row(input, other)
        if numbered and result._node is not None:
            result._node.label = numbered[isinstance(other, Tensor)]
        return result

    def call_(self, other):
        return row.inplace(self, other)

    _both(name, call, call_)


def _both(name: str, call, call_) -> None:
    longer = LONG_NAMES.get(name)
    public(named(call, name), *((longer,) if longer else ()))
    if name in ("maximum", "minimum", "logaddexp"):
        return
    method(named(call_, name + "_"), *((longer + "_",) if longer else ()))
    for inplace in (name + "_",) if name in ("relu", "tanh", "sigmoid", "exp", "abs", "sqrt", "neg") else ():
        function(named(call_, inplace))


for _name, _row in UNARY.items():
    _publish_unary(_name, _row)
for _name, _row in BINARY.items():
    _publish_binary(_name, _row)


def _scaled(other, alpha):
    return other if alpha is None or alpha == 1 else other * alpha


def add(input, other, *, alpha=1, out=None):
    if out is not None:
        raise refuse("torch.add(out=…)", "assign the result instead")
    return ADD(input, other if alpha == 1 else other * alpha)


def add_(self, other, *, alpha=1):
    return ADD.inplace(self, _scaled(other, alpha))


def _no_bool_sub(a, b):
    if (isinstance(a, Tensor) and isinstance(b, Tensor | bool)
            and a._array.dtype == bool and (isinstance(b, bool) or b._array.dtype == bool)):
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
                           "`logical_xor()` operator instead.")
    if any([x._array.dtype == bool if isinstance(x, Tensor) else isinstance(x, bool) for x in (a, b)]):
        raise RuntimeError("Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
                           "invert a mask, use the `~` or `logical_not()` operator instead.")


def sub(input, other, *, alpha=1, out=None):
    if out is not None:
        raise refuse("torch.sub(out=…)", "assign the result instead")
    _no_bool_sub(input, other)
    return SUB(input, _scaled(other, alpha))


def sub_(self, other, *, alpha=1):
    _no_bool_sub(self, other)
    return SUB.inplace(self, _scaled(other, alpha))


def rsub(input, other, *, alpha=1):
    """other − alpha · input."""
    _needs_tensor(input, "rsub")
    _no_bool_sub(input, other)
    out = RSUB(_scaled(input, alpha), other)
    return relabel(out, "RsubBackward0") if isinstance(other, Tensor) else out


def _divider(rounding_mode):
    if rounding_mode not in (None, "floor", "trunc"):
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
                           f"'{rounding_mode}'")
    return {None: DIV, "floor": FLOOR_DIV, "trunc": TRUNC_DIV}[rounding_mode]


def div(input, other, *, rounding_mode=None, out=None):
    if out is not None:
        raise refuse("torch.div(out=…)", "assign the result instead")
    return _divider(rounding_mode)(input, other)


def div_(self, other, *, rounding_mode=None):
    return _divider(rounding_mode).inplace(self, other)


def floor_divide(input, other):
    return FLOOR_DIVIDE(input, other)


def floor_divide_(self, other):
    return FLOOR_DIVIDE.inplace(self, other)


def true_divide(input, other):
    return DIV(input, other)


def pow(input, exponent, *, out=None):
    """input ** exponent; at least one of them is a tensor."""
    if out is not None:
        raise refuse("torch.pow(out=…)", "assign the result instead")
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise TypeError("pow() received an invalid combination of arguments: one of them must be a Tensor")
    if isinstance(exponent, Tensor):
        out = POW(input, exponent)
        return out if isinstance(input, Tensor) else relabel(out, "PowBackward2")
    _no_negative_power(input, exponent)
    return POW_NUMBER(input, exponent)


def pow_(self, exponent):
    if isinstance(exponent, Tensor):
        return POW.inplace(self, exponent)
    _no_negative_power(self, exponent)
    return POW_NUMBER.inplace(self, exponent)


def _no_negative_power(base, exponent):
    if isinstance(exponent, int) and exponent < 0 and base._array.dtype.kind in "iu":
        raise RuntimeError("Integers to negative integer powers are not allowed.")


def float_power(input, exponent):
    from .dtypes import float64

    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise TypeError("float_power() received an invalid combination of arguments: one must be a Tensor")
    return pow(input.to(float64) if isinstance(input, Tensor) else input,
               exponent.to(float64) if isinstance(exponent, Tensor) else float(exponent))


def square(input):
    return POW_NUMBER(input, 2)


def square_(self):
    return POW_NUMBER.inplace(self, 2)


def _bounds(min, max):
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    return CLAMP if isinstance(min, Tensor) or isinstance(max, Tensor) else CLAMP_NUMBERS


def clamp(input, min=None, max=None, *, out=None):
    if out is not None:
        raise refuse("torch.clamp(out=…)", "assign the result instead")
    return _bounds(min, max)(input, min, max)


def clamp_(self, min=None, max=None):
    return _bounds(min, max).inplace(self, min, max)


CLAMP_MIN = Primitive("clamp_min", np.maximum, "self low", kind="same",
                      self=lambda grad, self, low: np.where(self >= low, grad, 0),
                      low=lambda grad, self, low: np.where(self < low, grad, 0))
CLAMP_MAX = Primitive("clamp_max", np.minimum, "self high", kind="same",
                      self=lambda grad, self, high: np.where(self <= high, grad, 0),
                      high=lambda grad, self, high: np.where(self > high, grad, 0))


def _needs_tensor(input, name: str):
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")


def clamp_min(input, min):
    _needs_tensor(input, "clamp_min")
    out = CLAMP_MIN(input, min)
    return relabel(out, "ClampMinBackward1") if isinstance(min, Tensor) else out


def clamp_max(input, max):
    _needs_tensor(input, "clamp_max")
    out = CLAMP_MAX(input, max)
    return relabel(out, "ClampMaxBackward1") if isinstance(max, Tensor) else out


def clamp_min_(self, min):
    return CLAMP_MIN.inplace(self, min)


def clamp_max_(self, max):
    return CLAMP_MAX.inplace(self, max)


def round(input, *, decimals: int | None = None):
    out = ROUND(input, decimals or 0)
    return out if decimals is None else relabel(out, "RoundBackward1")


def round_(self, *, decimals: int = 0):
    return ROUND.inplace(self, decimals)


def where(condition, input=None, other=None):
    """Elements of `input` where `condition`, of `other` elsewhere; alone, the indices of true elements."""
    if input is None:
        return condition.nonzero(as_tuple=True)
    if condition._array.dtype not in (np.bool_, np.uint8):
        raise RuntimeError(
            f"expected condition to be a boolean tensor, but got a tensor with dtype {_long_name(condition)}")
    kind = common_dtype((input, other))
    operands = [v.to(kind) if isinstance(v, Tensor) else wrap(np.asarray(v).astype(kind.numpy))
                for v in (input, other)]
    if condition._array.dtype != bool:
        condition = condition.to(bool_)
    broadcast_shape(condition._array.shape, operands[0]._array.shape, operands[1]._array.shape)
    return WHERE(condition, *operands)


def _long_name(t) -> str:
    return scalar_name(t._array.dtype)


@method
def _where(self, condition, other):
    return where(condition, self, other)


Tensor.where = _where


def lerp(input, end, weight):
    if isinstance(weight, Tensor):
        return LERP(input, end, weight)
    _same_dtype(input, end)
    return LERP_NUMBER(input, end, weight)


def lerp_(self, end, weight):
    if isinstance(weight, Tensor):
        return LERP.inplace(self, end, weight)
    _same_dtype(self, end)
    return LERP_NUMBER.inplace(self, end, weight)


def _same_dtype(a, b):
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(f"expected dtype {a.dtype.name} for `end` but got dtype {b.dtype.name}")


def _factor(tensors, value):
    """A scalar factor does not change the type: among integers it loses its fraction."""
    return value if common_dtype(tensors).category > 1 else int(value)


def addcmul(input, tensor1, tensor2, *, value=1):
    return ADDCMUL(input, tensor1, tensor2, _factor((input, tensor1, tensor2), value))


def addcmul_(self, tensor1, tensor2, *, value=1):
    return ADDCMUL.inplace(self, tensor1, tensor2, _factor((self, tensor1, tensor2), value))


def addcdiv(input, tensor1, tensor2, *, value=1):
    if common_dtype((tensor1, tensor2)).category < 2:
        raise RuntimeError("Integer division with addcdiv is no longer supported; divide with torch.true_divide")
    return ADDCDIV(input, tensor1, tensor2, _factor((input, tensor1, tensor2), value))


def addcdiv_(self, tensor1, tensor2, *, value=1):
    return ADDCDIV.inplace(self, tensor1, tensor2, _factor((self, tensor1, tensor2), value))


def xlogy(input, other):
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        raise TypeError("xlogy() received an invalid combination of arguments: one must be a Tensor")
    return XLOGY(input, other)


def nan_to_num(input, nan=None, posinf=None, neginf=None):
    return NAN_TO_NUM(input, nan, posinf, neginf)


def nan_to_num_(self, nan=None, posinf=None, neginf=None):
    return NAN_TO_NUM.inplace(self, nan, posinf, neginf)


def bitwise_not(input):
    if input._array.dtype.kind == "f":
        raise RuntimeError("\"bitwise_not_cpu\" not implemented for '" + _long_name(input) + "'")
    return wrap(np.invert(input._array))


for _fn, _aliases in ((add, ()), (sub, ("subtract",)), (div, ("divide",)), (floor_divide, ()), (true_divide, ()),
                      (pow, ()), (float_power, ()), (square, ()), (clamp, ("clip",)), (clamp_min, ()),
                      (clamp_max, ()), (round, ()), (lerp, ()), (addcmul, ()), (addcdiv, ()), (xlogy, ()),
                      (nan_to_num, ()), (bitwise_not, ())):
    public(_fn, *_aliases)
for _fn, _aliases in ((add_, ()), (sub_, ("subtract_",)), (div_, ("divide_",)), (floor_divide_, ()), (pow_, ()),
                      (square_, ()), (clamp_, ("clip_",)), (clamp_min_, ()), (clamp_max_, ()), (round_, ()),
                      (lerp_, ()), (addcmul_, ()), (addcdiv_, ()), (nan_to_num_, ())):
    method(_fn, *_aliases)
function(where)
function(rsub)
