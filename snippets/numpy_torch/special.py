"""torch.special: other names of torch's functions, and a few of its own."""

from .absent import module_attribute
from .later import published
from .ops_special import entr, xlog1py
from .primitive import as_function

SAME = {"expit": "sigmoid", "gammaln": "lgamma", "psi": "digamma",
        **{name: name for name in ("digamma", "erf", "erfc", "erfinv", "exp2", "expm1", "log1p", "log_softmax", "logit",
                                   "logsumexp", "polygamma", "round", "sinc", "softmax", "xlogy")}}
entr, xlog1py = as_function(entr), as_function(xlog1py)
__all__ = [*SAME, "entr", "xlog1py"]


def __getattr__(name: str):
    if name in SAME:
        globals()[name] = published(SAME[name])
        return globals()[name]
    return module_attribute(__name__, name, {})


def __dir__():
    return sorted(__all__)
