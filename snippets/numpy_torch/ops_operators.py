"""Python's operators on tensors: +, -, *, /, //, %, **, @ (in ops_linear), &, |, ^, ~, <<, >>, comparisons."""

import numpy as np

from .ops_elementwise import (
    ADD,
    BINARY,
    DIV,
    NUMBER,
    add_,
    bitwise_not,
    div_,
    floor_divide,
    floor_divide_,
    no_derivative,
    no_zero,
    pow,
    pow_,
    rsub,
    sub,
    sub_,
)
from .primitive import Primitive, named
from .tensor import Tensor

OPERAND = (Tensor, *NUMBER)


def _operator(fn):
    def operate(self, other):
        if not isinstance(self, Tensor):
            raise TypeError("this operator needs a Tensor on its left")
        return fn(self, other) if isinstance(other, OPERAND) else NotImplemented

    return operate


def _swapped(fn, with_tensors=None):
    def operate(self, other):
        if isinstance(other, Tensor):
            return (with_tensors or fn)(other, self)
        return fn(other, self) if isinstance(other, NUMBER) else NotImplemented

    return operate


def _rtruediv(self, other):
    return self.reciprocal() * other


for _symbol, _fn in {
    "add": ADD, "radd": ADD, "sub": sub, "rsub": rsub, "mul": BINARY["mul"], "rmul": BINARY["mul"],
    "truediv": DIV, "rtruediv": _rtruediv, "floordiv": floor_divide, "pow": pow, "mod": Tensor.__dict__["remainder"],
    "iadd": add_, "isub": sub_, "imul": BINARY["mul"].inplace, "itruediv": div_, "ifloordiv": floor_divide_,
    "ipow": pow_, "imod": BINARY["remainder"].inplace,
    "and": BINARY["bitwise_and"], "or": BINARY["bitwise_or"], "xor": BINARY["bitwise_xor"],
    "rand": BINARY["bitwise_and"], "ror": BINARY["bitwise_or"], "rxor": BINARY["bitwise_xor"],
    "iand": BINARY["bitwise_and"].inplace, "ior": BINARY["bitwise_or"].inplace,
    "ixor": BINARY["bitwise_xor"].inplace,
    "lshift": BINARY["bitwise_left_shift"], "rshift": BINARY["bitwise_right_shift"],
    "eq": BINARY["eq"], "ne": BINARY["ne"], "lt": BINARY["lt"], "le": BINARY["le"], "gt": BINARY["gt"],
    "ge": BINARY["ge"],
}.items():
    setattr(Tensor, f"__{_symbol}__", named(_operator(_fn), f"__{_symbol}__"))
# PyTorch has no derivative for a number modulo a tensor
NUMBER_MODULO = Primitive("remainder", no_zero(np.remainder, "remainder_cpu"), "self other", kind="same",
                          label="torch::autograd::NotImplemented", other=no_derivative("remainder"))
Tensor.__rpow__ = _swapped(pow)
Tensor.__rfloordiv__ = _swapped(floor_divide)
Tensor.__rmod__ = _swapped(NUMBER_MODULO, Tensor.__dict__["remainder"])
Tensor.__neg__ = Tensor.__dict__["neg"]
Tensor.__abs__ = Tensor.__dict__["abs"]
Tensor.__invert__ = bitwise_not
Tensor.__pos__ = lambda self: self
