"""Four ways to tell a model where a token stands, on one vector put at every place of a sentence."""

import torch

from snippets.gpt.model import rotate, turns

HEADS = 4


def sinusoids(tokens: int, width: int) -> torch.Tensor:
    """The 2017 transformer's position vectors, sines and cosines in turn, (T, width)."""
    cosine, sine = turns(torch.arange(tokens), width)  # (T, width/2) each
    return torch.stack([sine, cosine], dim=-1).flatten(1)


def slopes(heads: int) -> torch.Tensor:
    """ALiBi's price of one token of distance in each head, (H,): a geometric series down to 1/256."""
    return 2.0 ** (-8 * torch.arange(1, heads + 1) / heads)


def distances(tokens: int) -> torch.Tensor:
    """How far back each token stands, seen from each, (T, T)."""
    place = torch.arange(tokens)
    return place[:, None] - place


def scores(way: str, x: torch.Tensor, tokens: int) -> torch.Tensor:
    """Score between any two places of the one vector x (D,), asking and asked, divided by √D: (T, T)."""
    same, scale = x.expand(tokens, -1), x.shape[0] ** 0.5
    if way == "rope":
        same = rotate(same, turns(torch.arange(tokens), x.shape[0]))
    elif way == "sinusoidal":
        same = same + sinusoids(tokens, x.shape[0])
    found = same @ same.T / scale
    return found - slopes(HEADS)[0] * distances(tokens) if way == "alibi" else found
