"""Which tokens are asked for, and what stands in their place (Devlin et al., 2018, section 3.1 and appendix C.2)."""

import torch

from snippets.bert.model import MASK, PIECES


# --8<-- [start:corrupt]
def corrupt(
    tokens: torch.Tensor,
    generator: torch.Generator,
    rate: float = 0.15,
    masked: float = 0.8,
    swapped: float = 0.1,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids (B, T) to the ids that the model gets to see and to where it is asked for the truth, both (B, T).

    A share `rate` of the tokens is asked for. Of these, `masked` become [MASK], `swapped` a token at random, and
    the rest stay as they are. Signs such as [CLS] are left alone.
    """
    asked = torch.rand(tokens.shape, generator=generator) < rate
    asked = asked & (tokens < PIECES)
    fate = torch.rand(tokens.shape, generator=generator)
    others = torch.randint(PIECES, tokens.shape, generator=generator)
    seen = torch.where(asked & (fate < masked), MASK, tokens)
    seen = torch.where(asked & (fate >= masked) & (fate < masked + swapped), others, seen)
    return seen, asked


# --8<-- [end:corrupt]
