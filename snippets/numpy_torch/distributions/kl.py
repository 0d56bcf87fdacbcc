"""KL divergences in closed form, looked up by the types of the two distributions."""

import math
import warnings

from ..nn.f_activation import softplus
from ..ops_create import full_like
from .bernoulli import Bernoulli
from .categorical import Categorical
from .distribution import Distribution
from .independent import Independent
from .normal import Normal
from .uniform import Uniform
from .utils import sum_rightmost

REGISTRY: dict = {}


def register_kl(type_p: type, type_q: type):
    """Decorate the function of (p, q) that computes KL(p‖q) for these types and their subclasses."""
    issubclass(type_p, Distribution), issubclass(type_q, Distribution)  # TypeError unless both are classes

    def decorate(fn):
        REGISTRY[type_p, type_q] = fn
        return fn

    return decorate


def kl_divergence(p: Distribution, q: Distribution):
    """KL(p‖q) of shape batch_shape. Raises NotImplementedError if no formula is registered for the types."""
    by_p, by_q = closest(type(p), type(q), 0), closest(type(p), type(q), 1)
    if by_p is None:
        raise NotImplementedError(f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
                                  f"{type(q).__name__}")
    if REGISTRY[by_p] is not REGISTRY[by_q]:
        warnings.warn(f"Ambiguous kl_divergence({type(p).__name__}, {type(q).__name__}). Please "
                      f"register_kl({by_p[0].__name__}, {by_q[1].__name__})", RuntimeWarning, stacklevel=2)
    return REGISTRY[by_p](p, q)


def closest(type_p: type, type_q: type, first: int) -> tuple | None:
    """The registered pair of classes nearest to the two types, by p's class first (0) or by q's (1)."""
    def distance(pair):
        steps = (type_p.__mro__.index(pair[0]), type_q.__mro__.index(pair[1]))
        return steps[first], steps[1 - first]

    found = [pair for pair in REGISTRY if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])]
    return min(found, key=distance) if found else None


@register_kl(Normal, Normal)
def _normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    shift = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + shift - 1 - ratio.log())


@register_kl(Categorical, Categorical)
def _categorical(p, q):
    terms = p.probs * (p.logits - q.logits)
    terms[(q.probs == 0).expand_as(terms)] = math.inf
    terms[(p.probs == 0).expand_as(terms)] = 0
    return terms.sum(-1)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p, q):
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones[q.probs == 0] = math.inf
    ones[p.probs == 0] = 0
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    zeros[q.probs == 1] = math.inf
    zeros[p.probs == 1] = 0
    return ones + zeros


@register_kl(Uniform, Uniform)
def _uniform(p, q):
    result = ((q.high - q.low) / (p.high - p.low)).log()
    result[(q.low > p.low) | (q.high < p.high)] = math.inf
    return result


@register_kl(Uniform, Normal)
def _uniform_normal(p, q):
    width = p.high - p.low
    spread = width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return (math.sqrt(math.pi * 2) * q.scale / width).log() + 0.5 * spread / q.scale.pow(2)


@register_kl(Normal, Uniform)
def _normal_uniform(p, q):
    return full_like(p.loc, math.inf)


@register_kl(Independent, Independent)
def _independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)
