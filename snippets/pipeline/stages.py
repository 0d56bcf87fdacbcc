"""One sentence on its way through the trained GPT: what every layer reads, looks at, fires and adds."""

from dataclasses import dataclass
from functools import cache, lru_cache

import torch
from torch.nn import functional as F

from snippets.gpt.model import GPT, Config, rotate, turns
from snippets.kit import load_weights


@dataclass(frozen=True)
class Layer:
    """What one block makes of T tokens; heads share keys and values in groups, here they are repeated to H.

    Attributes:
        weights: of the attention, (H, T, T).
        mixed: value of each token as it reaches the stream, through the output matrix, (H, T, D).
        taken: what attention adds to the stream, (T, D).
        gate, up: the two readings of the feed-forward part before they are multiplied, (T, I).
        inner: what its units hold, (T, I).
    """

    weights: torch.Tensor
    mixed: torch.Tensor
    taken: torch.Tensor
    gate: torch.Tensor
    up: torch.Tensor
    inner: torch.Tensor


@dataclass(frozen=True)
class Walk:
    """The layers in order, and the logits after each token, (T, V)."""

    layers: list[Layer]
    logits: torch.Tensor


@cache
def trained() -> GPT:
    """The GPT page's model with its committed weights."""
    return load_weights(lambda: GPT(Config()), "gpt")


@lru_cache(maxsize=8)
@torch.no_grad()
def walk(ids: tuple[int, ...], slices: int = 1, kept: int = 1) -> Walk:
    """Lead tokens through the model and note what is on the way.

    With `slices` more than one, the feed-forward part of each layer is cut into that many experts, and each token
    uses only the `kept` that would add the longest vectors.
    """
    model = trained()
    config = model.config
    turn = turns(torch.arange(len(ids)), config.width // config.heads)
    future = torch.ones(len(ids), len(ids), dtype=torch.bool).triu(1)
    x = model.embedding(torch.tensor([ids]))  # (1, T, D)
    layers = []
    for block in model.blocks:
        look, read = block.attention, block.attention_norm(x)
        query = rotate(look.split(look.queries(read)), turn)[0]  # (H, T, D/H)
        group = config.heads // config.key_value_heads
        key = rotate(look.split(look.keys(read)), turn)[0].repeat_interleave(group, dim=0)  # (H, T, D/H)
        value = look.split(look.values(read))[0].repeat_interleave(group, dim=0)  # (H, T, D/H)
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5  # (H, T, T)
        weights = scores.masked_fill(future, float("-inf")).softmax(dim=-1)
        # every head has its own columns of the output matrix: (D, H · D/H) -> (H, D/H, D)
        mixed = value @ look.output.weight.T.reshape(config.heads, -1, config.width)  # (H, T, D)
        taken = (weights @ mixed).sum(dim=0)  # (T, D)
        x = x + taken
        feed, read = block.feed_forward, block.feed_forward_norm(x)[0]
        gate, up = feed.gate(read), feed.up(read)  # (T, I) each
        inner = F.silu(gate) * up
        if kept < slices:
            inner = inner * chosen(added(inner, feed.down.weight, slices), kept).repeat_interleave(
                config.inner // slices, dim=-1
            )
        x = x + feed.down(inner)
        layers.append(Layer(weights, mixed, taken, gate, up, inner))
    return Walk(layers, model.readout(x)[0])


def added(inner: torch.Tensor, down: torch.Tensor, slices: int) -> torch.Tensor:
    """Length of the vector that each slice of the inner units adds: (T, I) and (D, I) to (T, slices)."""
    parts = inner.unflatten(-1, (slices, -1)).transpose(0, 1)  # (slices, T, I/slices)
    return (parts @ down.T.reshape(slices, -1, down.shape[0])).norm(dim=-1).T  # (slices, T, D) -> (T, slices)


def chosen(scores: torch.Tensor, kept: int) -> torch.Tensor:
    """1 for the `kept` highest of each row and 0 for the others, (T, slices)."""
    return torch.zeros_like(scores).scatter(-1, scores.topk(kept, dim=-1).indices, 1.0)


def surprises(logits: torch.Tensor, ids: tuple[int, ...]) -> torch.Tensor:
    """−log of the probability of each token after the first, (T-1,), in nats."""
    return -torch.log_softmax(logits[:-1], dim=-1)[torch.arange(len(ids) - 1), torch.tensor(ids[1:])]


@torch.no_grad()
def continuations(ids: tuple[int, ...], count: int, length: int, generator: torch.Generator) -> tuple[list, list]:
    """Draw `count` texts after the same beginning, all at once, each token from the whole prediction.

    A token is drawn by a race: each arrives at a random time, the sooner the likelier it is, and the first wins. That
    is the same as one die thrown on all probabilities laid end to end (the Gumbel-max trick), and does not hang on the
    last digit of a long sum.

    Returns:
        The drawn tokens, `count` lists of `length`, and the log of the probability of each.
    """
    model = trained()
    cache, rows = model.empty_cache(), torch.arange(count)
    logits = model(torch.tensor([ids]), cache)[0, -1].expand(count, -1)  # (count, V)
    for entry in cache:  # the beginning is read once, and every text goes on from it
        entry[:] = [kept.repeat_interleave(count, dim=0) for kept in entry]
    drawn, likely = [], []
    for step in range(length):
        logs = torch.log_softmax(logits, dim=-1)
        dice = torch.rand(count, logs.shape[-1], generator=generator)
        token = (logs - (-dice.log()).log()).argmax(dim=-1)  # (count,)
        drawn.append(token)
        likely.append(logs[rows, token])
        if step + 1 < length:
            logits = model(token[:, None], cache)[:, -1]
    return torch.stack(drawn, dim=1).tolist(), torch.stack(likely, dim=1).tolist()
