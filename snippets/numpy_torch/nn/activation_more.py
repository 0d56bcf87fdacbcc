"""The nonlinearities one seldom meets, as modules."""

from . import f_activation_more as F
from .activation import INPLACE, plain

Hardshrink = plain("Hardshrink", F.hardshrink, ("lambd", 0.5, "{}"))
Softshrink = plain("Softshrink", F.softshrink, ("lambd", 0.5, "{}"))


class Threshold(plain("Threshold", F.threshold, ("threshold", None), ("value", None), INPLACE)):
    """The input where it is above the threshold, else `value`."""

    def __init__(self, threshold: float, value: float, inplace: bool = False):
        super().__init__(threshold, value, inplace)


class RReLU(plain("RReLU", F.rrelu, ("lower", 1 / 8), ("upper", 1 / 3), INPLACE)):
    """Leaky ReLU, its slope drawn for each element in training, else the mean of the range."""

    def forward(self, input):
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)
