"""Low-rank adaptation: a trained model learns something new through a few added numbers.

Source: E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021, section 4.1. W₀ is `frozen`, A is
`down`, B is `up`; the factor α/r is 1 here. The paper adapts queries and values, we all four matrices of attention.
"""

import torch
from torch import nn

from snippets.transformer.model import MultiHeadAttention, Transformer


# --8<-- [start:low_rank]
class LowRank(nn.Module):
    """A frozen matrix, and beside it a product of two thin ones that learns: W₀ x + B A x."""

    def __init__(self, frozen: nn.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        out, into = frozen.weight.shape
        self.frozen = frozen.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(rank, into, generator=generator) / into**0.5)  # A: (r, D)
        self.up = nn.Parameter(torch.zeros(out, rank))  # B: (D, r), zero, so that at first nothing is changed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.frozen(x) + x @ self.down.T @ self.up.T  # (B, T, D) -> (B, T, r) -> (B, T, D)


# --8<-- [end:low_rank]


def adapt(model: Transformer, rank: int, generator: torch.Generator) -> int:
    """Freeze a model and put a `LowRank` around each matrix of its attention. Returns how many numbers can learn."""
    model.requires_grad_(False)
    for module in list(model.modules()):
        if isinstance(module, MultiHeadAttention):
            for name in ("query", "key", "value", "output"):
                setattr(module, name, LowRank(getattr(module, name), rank, generator))
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
