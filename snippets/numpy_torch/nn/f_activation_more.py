"""torch.nn.functional: the nonlinearities one seldom meets, and the spellings that write in place."""

import numpy as np

from ..dtypes import float64
from ..ops_activation import float_input
from ..ops_create import empty
from ..primitive import Primitive, named, relabel
from . import f_activation as F

OUTSIDE = {"self": lambda grad, self, at: np.where(np.abs(self) <= at, 0, grad)}
HARDSHRINK = Primitive("hardshrink", lambda self, at: np.where(np.abs(self) <= at, 0, self), "self at", **OUTSIDE)
SOFTSHRINK = Primitive("softshrink", lambda self, at: self - np.clip(self, -at, at), "self at", **OUTSIDE)
THRESHOLD = Primitive("threshold", lambda self, at, other: np.where(self <= at, other, self), "self at other",
                      self=lambda grad, self, at: np.where(self <= at, 0, grad))

RRELU = Primitive("rrelu_with_noise", lambda self, slopes: self * slopes, "self slopes",
                  self=lambda grad, slopes: grad * slopes)


def hardshrink(input, lambd: float = 0.5):
    """0 for inputs between −lambd and lambd."""
    return HARDSHRINK(float_input(input, "hardshrink_cpu"), lambd)


def softshrink(input, lambd: float = 0.5):
    """The input moved towards 0 by lambd, and not beyond."""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd:g}.")
    return SOFTSHRINK(float_input(input, "softshrink_cpu"), lambd)


def threshold(input, threshold: float, value: float, inplace: bool = False):
    """The input where it is above the threshold, else `value`."""
    out = F._run(THRESHOLD, inplace, input, threshold, value)
    return relabel(out, "ThresholdBackward1") if inplace else out


def rrelu(input, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False):
    """Leaky ReLU whose slope is drawn for each element in training, and the mean of the range otherwise."""
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return relabel(F.leaky_relu(input, (lower + upper) / 2, inplace), "RreluWithNoiseBackward0")
    array = float_input(input, "rrelu_with_noise_out_cpu")._array
    slopes = np.ones_like(array, order="C")
    below = array <= 0
    slopes[below] = empty(int(below.sum()), dtype=float64).uniform_(lower, upper)._array
    return F._run(RRELU, inplace, input, slopes)


def _in_place(fn):
    return named(lambda input, *args, **options: fn(input, *args, **options, inplace=True), f"{fn.__name__}_")


elu_, hardtanh_, leaky_relu_, relu_, selu_, celu_, threshold_, rrelu_ = [
    _in_place(fn) for fn in (F.elu, F.hardtanh, F.leaky_relu, F.relu, F.selu, F.celu, threshold, rrelu)]
