"""What the transformer of 2017 was trained with besides Adam: softened targets, and a learning rate that warms up."""

import torch
from torch.nn import functional as F

from snippets.data.pronunciations import PADDING


# --8<-- [start:rate]
def learning_rate(step: int, width: int, warm_up: int) -> float:
    """The rate at a step, counted from 1 (Vaswani, section 5.3): up in a straight line, then down as 1/√step."""
    return width**-0.5 * min(step**-0.5, step * warm_up**-1.5)


# --8<-- [end:rate]


# --8<-- [start:smoothed]
def soft_targets(targets: torch.Tensor, symbols: int, smoothing: float) -> torch.Tensor:
    """Ids (…) to distributions (…, V): 1 - ε for the truth, and ε shared equally among all symbols."""
    certain = F.one_hot(targets, symbols).float()  # (…) -> (…, V)
    return certain * (1 - smoothing) + smoothing / symbols


def smoothed_loss(logits: torch.Tensor, targets: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Mean cross-entropy in nats a symbol: logits (…, V) against ids (…), padding left out."""
    wanted = soft_targets(targets, logits.shape[-1], smoothing)  # (…, V)
    nats = -(wanted * torch.log_softmax(logits, dim=-1)).sum(dim=-1)  # (…, V) -> (…)
    real = (targets != PADDING).float()
    return (nats * real).sum() / real.sum()


# --8<-- [end:smoothed]
