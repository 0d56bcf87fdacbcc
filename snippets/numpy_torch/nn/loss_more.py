"""Losses on pairs and triplets, of distributions and for several labels, as modules: functions with kept options."""

from ..absent import refuse
from . import f_loss_more as F
from .module import Module


def keeping(name: str, fn) -> type:
    """A module whose arguments are those of `fn` that have a default; a tensor among them is a buffer."""
    code = fn.__code__
    names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    defaults = dict(zip(names[code.co_argcount - len(fn.__defaults__ or ()):], fn.__defaults__ or (), strict=False))
    defaults |= fn.__kwdefaults__ or {}

    def __init__(self, *args, **given):  # noqa: N807
        Module.__init__(self)
        given |= dict(zip(defaults, args, strict=False))
        for key in given:
            if key not in defaults:
                raise TypeError(f"{name}.__init__() got an unexpected keyword argument '{key}'")
        for key, value in {**defaults, **given}.items():
            if key == "weight":
                self.register_buffer(key, value)
            elif key not in ("size_average", "reduce"):
                setattr(self, key, value)
            elif value is not None:
                raise refuse("size_average= and reduce= of a loss", "reduction=")

    def forward(self, *tensors):
        return fn(*tensors, **{k: getattr(self, k) for k in defaults if k not in ("size_average", "reduce")})

    return type(name, (Module,), {"__init__": __init__, "forward": forward, "__doc__": fn.__doc__,
                                  "__module__": "torch.nn.modules.loss"})


CosineEmbeddingLoss = keeping("CosineEmbeddingLoss", F.cosine_embedding_loss)
GaussianNLLLoss = keeping("GaussianNLLLoss", F.gaussian_nll_loss)
HingeEmbeddingLoss = keeping("HingeEmbeddingLoss", F.hinge_embedding_loss)
MarginRankingLoss = keeping("MarginRankingLoss", F.margin_ranking_loss)
MultiLabelSoftMarginLoss = keeping("MultiLabelSoftMarginLoss", F.multilabel_soft_margin_loss)
PoissonNLLLoss = keeping("PoissonNLLLoss", F.poisson_nll_loss)
SoftMarginLoss = keeping("SoftMarginLoss", F.soft_margin_loss)
TripletMarginLoss = keeping("TripletMarginLoss", F.triplet_margin_loss)
CosineSimilarity = keeping("CosineSimilarity", F.cosine_similarity)
PairwiseDistance = keeping("PairwiseDistance", F.pairwise_distance)


class TripletMarginWithDistanceLoss(keeping("TripletMarginWithDistanceLoss", F.triplet_margin_with_distance_loss)):
    """TripletMarginLoss with a distance of one's own."""

    def __init__(self, *, distance_function=None, **options):
        super().__init__(distance_function=distance_function or PairwiseDistance(), **options)
