"""Special functions: erfc, erfinv, lgamma, digamma, polygamma, logit, sinc, entr, xlog1py, ndtr.

They are computed in double precision and rounded once.
"""

import functools
import math

import numpy as np

from .dtypes import _Default
from .ops_elementwise import TWO_OVER_ROOT_PI, unary
from .primitive import Primitive, method, named, public
from .tensor import Tensor

# Bernoulli numbers B₂ … B₁₄ of the asymptotic series
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
SHIFT = 10


def _double(fn):
    """`fn` of a float64 array, its result in the argument's own type."""
    def forward(self, *rest):
        return np.asarray(fn(self.astype(np.float64), *rest)).astype(self.dtype)

    return forward


TERMS = 33


@functools.cache
def _tail_coefficients() -> tuple:
    """Chebyshev series in 2t − 1 of log(erfc(z) exp(z²) / t) for z ≥ 0 and t = 2 / (2 + z)."""
    angles = np.pi * (np.arange(TERMS) + 0.5) / TERMS
    values = np.array([math.log(_scaled_erfc(2 / t - 2) / t) for t in ((np.cos(angles) + 1) / 2).tolist()])
    own = 2 / TERMS * np.cos(np.outer(np.arange(TERMS), angles)) @ values
    return own[0] / 2, *own[1:]


def _scaled_erfc(z: float) -> float:
    """erfc(z) exp(z²)."""
    if z < 10:
        return math.erfc(z) * math.exp(z * z)
    total = term = 1.0
    for k in range(1, 12):  # the asymptotic series
        term *= -(2 * k - 1) / (2 * z * z)
        total += term
    return total / (z * math.sqrt(math.pi))


def _tail(z):
    """erfc(z) for z ≥ 0, by Clenshaw's recurrence."""
    t = 2 / (2 + z)
    twice = 4 * t - 2
    first, *others = _tail_coefficients()
    new, old = np.zeros_like(z), np.zeros_like(z)
    for c in reversed(others):
        np.subtract(c, old, out=old)
        old += twice * new
        new, old = old, new
    return t * np.exp(0.5 * twice * new - old + first - z * z)


def _erfc(x):
    tail = _tail(np.abs(x))
    return np.where(x < 0, 2 - tail, tail)


def _erfinv(y):
    """A rational first guess, then two Newton steps."""
    size = np.abs(y)
    z = y * y
    middle = y * (((-0.140543331 * z + 0.914624893) * z - 1.645349621) * z + 0.886226899) / (
        (((0.012229801 * z - 0.329097515) * z + 1.442710462) * z - 2.118377725) * z + 1)
    t = np.sqrt(-np.log((1 - size) / 2))
    tail = np.copysign((((1.641345311 * t + 3.429567803) * t - 1.624906493) * t - 1.970840454) / (
        (1.637067800 * t + 3.543889200) * t + 1), y)
    x = np.where(size <= 0.7, middle, tail)
    inside = size < 1
    for _ in range(2):
        x = np.where(inside, x, 0)
        x = x - _step(x, y)
    return np.where(inside, x, np.where(size == 1, np.copysign(np.inf, y), np.nan))


def _step(x, y):
    """Newton's step for erf(x) = y: through erfc, so that the tails do not cancel; near zero by erf's own series."""
    square = x * x
    term, series = x, x
    for k in range(1, 12):
        term = term * square / -k
        series = series + term / (2 * k + 1)
    off = np.where(np.abs(x) < 0.5, TWO_OVER_ROOT_PI * series - y,
                   np.sign(y) * (1 - np.abs(y) - _tail(np.abs(x))))
    return off / (TWO_OVER_ROOT_PI * np.exp(-square))


def _lgamma(x):
    """log |Γ(x)|: Stirling's series after shifting x up, reflection for negative x."""
    mirrored = x < 0.5
    y = np.where(mirrored, 1 - x, x)
    small = y < SHIFT
    below = np.where(small, math.prod([np.minimum(y, SHIFT) + k for k in range(SHIFT)]), 1)
    z = np.where(small, y + SHIFT, y)
    series = sum(b / (2 * k * (2 * k - 1)) * z ** (1.0 - 2 * k) for k, b in enumerate(BERNOULLI, 1))
    out = (z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi) + series - np.log(below)
    turn = x - np.rint(x)
    out = np.where(mirrored, np.where(turn == 0, np.inf, np.log(np.pi / np.abs(np.sin(np.pi * turn))) - out), out)
    return np.where(np.isinf(x), np.inf, out)


def _digamma(x):
    """ψ(x): the asymptotic series after shifting x up, reflection for negative x."""
    mirrored = x < 0
    y = np.where(mirrored, 1 - x, x)
    below = sum(1 / (y + k) for k in range(SHIFT))
    z = y + SHIFT
    inverse = 1 / (z * z)
    series = sum(b / (2 * k) * inverse**k for k, b in enumerate(BERNOULLI, 1))
    out = np.log(z) - 0.5 / z - series - below
    turn = x - np.rint(x)
    out = np.where(mirrored, np.where(turn == 0, np.nan, out - np.pi / np.tan(np.pi * turn)), out)
    return np.where(x == 0, np.copysign(np.inf, -x), out)


def _polygamma(x, n):
    """The n-th derivative of ψ for n ≥ 1: (−1)ⁿ⁺¹ n! ζ(n+1, x), by Euler and Maclaurin."""
    y, reflected = x, None
    if n == 1:
        reflected = x < 0.5
        y = np.where(reflected, 1 - x, x)
    lowest = np.min(y, initial=0, where=np.isfinite(y))
    shift = SHIFT + int(min(-lowest, 1000))
    total = sum((y + k) ** -(n + 1.0) for k in range(shift))
    z = y + shift
    total = total + z ** -float(n) / n + 0.5 * z ** -(n + 1.0)
    factor, power = float(n + 1), z ** -(n + 2.0)
    for k, b in enumerate(BERNOULLI, 1):
        total = total + b * factor / math.factorial(2 * k) * power
        factor *= (n + 2 * k) * (n + 2 * k + 1)
        power = power / (z * z)
    out = (-1.0) ** (n + 1) * math.factorial(n) * total
    return out if reflected is None else np.where(reflected, (np.pi / np.sin(np.pi * x)) ** 2 - out, out)


def _sinc_back(grad, self):
    product = np.pi * self
    with np.errstate(all="ignore"):
        slope = (np.cos(product) * product - np.sin(product)) / (product * self)
    return grad * np.where(product == 0, 0, slope)


ROWS = (
    unary("erfc", _double(_erfc), lambda grad, self: -grad * TWO_OVER_ROOT_PI * np.exp(-self * self)),
    unary("erfinv", _double(_erfinv), lambda grad, result: grad * np.exp(result * result) / TWO_OVER_ROOT_PI),
    unary("lgamma", _double(_lgamma), lambda grad, self: grad * _double(_digamma)(self)),
    unary("digamma", _double(_digamma), lambda grad, self: grad * _double(_polygamma)(self, 1)),
    unary("sinc", _double(np.sinc), _sinc_back),
)
POLYGAMMA = Primitive("polygamma", _double(_polygamma), "self n",
                      self=lambda grad, self, n: grad * _double(_polygamma)(self, n + 1))
LOGIT = Primitive("logit", lambda self: np.log(self / (1 - self)), "self",
                  self=lambda grad, self: grad / (self * (1 - self)))
LOGIT_WITHIN = Primitive(
    "logit", lambda self, eps: (lambda p: np.log(p / (1 - p)))(np.clip(self, eps, 1 - eps)), "self eps",
    self=lambda grad, self, eps: np.where((self < eps) | (self > 1 - eps), 0, grad / (self * (1 - self))))
ENTR = unary("special_entr", lambda x: np.where(x > 0, -x * np.log(np.where(x > 0, x, 1)), np.where(
    x == 0, 0, np.where(np.isnan(x), x, -np.inf))).astype(x.dtype), lambda grad, self: grad * (-np.log(self) - 1))
XLOG1PY = Primitive("special_xlog1py", lambda a, b: np.where((a == 0) & ~np.isnan(b), 0, a * np.log1p(b)), "self other",
                    kind="float", label="SpecialXlog1PyBackward0",
                    self=lambda grad, self, other: grad * np.where((self == 0) & (other <= -1), 0, np.log1p(other)),
                    other=lambda grad, self, other: grad * self / (other + 1))


def _publish(row: Primitive) -> None:
    public(named(lambda input: row(input), row.name))
    method(named(lambda self: row.inplace(self), row.name + "_"))


for _row in ROWS:
    _publish(_row)


@public
def polygamma(n, input=None):
    """The n-th derivative of digamma. As a method: x.polygamma(n)."""
    if isinstance(n, Tensor):
        n, input = input, n
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    if n == 0:
        return input.digamma()
    return POLYGAMMA(_floating(input), n)


def _floating(input: Tensor) -> Tensor:
    return input if input._array.dtype.kind in "fc" else input.to(_Default.value)


@public
def logit(input, eps: float | None = None):
    """log(p / (1 − p)), with p kept in [eps, 1 − eps] if eps is given."""
    return LOGIT(_floating(input)) if eps is None or eps < 0 else LOGIT_WITHIN(_floating(input), float(eps))


@method
def logit_(self, eps: float | None = None):
    return LOGIT.inplace(self) if eps is None or eps < 0 else LOGIT_WITHIN.inplace(self, float(eps))


def entr(input):
    """−x log x."""
    return ENTR(input)


def xlog1py(input, other):
    """input · log(1 + other), 0 where input is 0."""
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        raise TypeError("special_xlog1py() received an invalid combination of arguments: one must be a Tensor")
    return XLOG1PY(input, other)
