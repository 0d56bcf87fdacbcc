"""torch.distributions: Normal, Categorical, Bernoulli, Uniform, Independent and their KL divergences."""

from ..absent import module_attribute
from . import constraints
from .bernoulli import Bernoulli
from .categorical import Categorical
from .distribution import Distribution
from .independent import Independent
from .kl import kl_divergence, register_kl
from .normal import Normal
from .uniform import Uniform

__all__ = ["Bernoulli", "Categorical", "Distribution", "Independent", "Normal", "Uniform", "constraints",
           "kl_divergence", "register_kl"]


def __getattr__(name: str):
    return module_attribute(__name__, name, {})
