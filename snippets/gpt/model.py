"""A decoder-only language model: the block of GPT-2 and the block in use today, by one configuration.

Sources: A. Radford, J. Wu, R. Child, D. Luan, D. Amodei, I. Sutskever, "Language Models are Unsupervised Multitask
Learners", 2019, section 2 (block "2019"); H. Touvron et al., "LLaMA: Open and Efficient Foundation Language
Models", 2023, section 2.2, with the grouped queries of J. Ainslie et al., "GQA", 2023 (block "modern").

    papers                     here
    n_ctx      context         `context`, the longest text the model can read, in tokens
    n_embd     model width     `width`                                           D
    n_head     heads           `heads`, of width D/H each                        H
               key-value heads `key_value_heads`; H/G queries share a key        G
    n_layer    layers          `blocks`                                          L
    W_e        embedding       `embedding.weight`, also the output matrix        (V, D)
    W_p        positions       `positions.weight`, in the 2019 block only        (context, D)

    B texts in a batch, T tokens read now, S tokens to look at (those read now and those in the cache).

Where we differ: queries, keys and values have a matrix each (GPT-2 has one for the three); no dropout; LLaMA's
output matrix is its own, ours is the embedding's in both blocks, as in GPT-2.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Config:
    """Sizes, and which block. `inner` is the width inside the feed-forward part: 4 D in 2019."""

    block: str = "modern"  # or "2019"
    vocabulary: int = 1024
    context: int = 128
    width: int = 128
    heads: int = 4
    key_value_heads: int = 2  # as many as heads in 2019
    layers: int = 5
    inner: int = 320

    def __post_init__(self) -> None:
        if self.block not in ("2019", "modern"):
            raise ValueError(f"block is “2019” or “modern”, not “{self.block}”")
        if self.width % self.heads or self.heads % self.key_value_heads:
            raise ValueError("heads must divide width, and key_value_heads must divide heads")


# --8<-- [start:rotate]
def turns(positions: torch.Tensor, width: int, base: float = 10_000.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosine and sine, (T, width/2) each, of the angle of every pair: its position times base^(-2i/width)."""
    speeds = base ** (-torch.arange(0, width, 2) / width)  # (width/2,), radians a token
    angles = positions[:, None] * speeds  # (T, width/2)
    return angles.cos(), angles.sin()


def rotate(x: torch.Tensor, turn: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Turn feature i with feature i + width/2 by the angle of the pair: (…, T, width) to the same."""
    cosine, sine = turn
    first, second = x.chunk(2, dim=-1)  # (…, T, width/2) each
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)  # (…, T, width)


# --8<-- [end:rotate]


# --8<-- [start:pattern]
class Pattern(nn.Module):
    """Who looks at whom: the weights of a softmax over all tokens up to one's own."""

    def forward(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        """Queries (B, H, T, D/H) and keys (B, H, S, D/H) to weights (B, H, T, S), each row with sum 1."""
        T, S = query.shape[-2], key.shape[-2]
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5  # (B, H, T, S)
        future = torch.ones(T, S, dtype=torch.bool).triu(S - T + 1)  # the T tokens are the last of the S
        return scores.masked_fill(future, float("-inf")).softmax(dim=-1)


# --8<-- [end:pattern]


class Attention(nn.Module):
    """Each token takes over, in each head, a mixture of the values of the tokens it looks at."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads, self.head_width = config.heads, config.width // config.heads
        self.modern = config.block == "modern"
        shared = config.key_value_heads * self.head_width
        self.queries = nn.Linear(config.width, config.width, bias=not self.modern)
        self.keys = nn.Linear(config.width, shared, bias=not self.modern)
        self.values = nn.Linear(config.width, shared, bias=not self.modern)
        self.pattern = Pattern()
        self.output = nn.Linear(config.width, config.width, bias=not self.modern)

    def forward(self, x: torch.Tensor, turn: tuple, cache: list | None = None) -> torch.Tensor:
        """Tokens (B, T, D) to what each takes from the others, (B, T, D).

        `cache` holds the keys and values of the tokens read before, (B, G, S - T, D/H) each, or nothing yet;
        those of the tokens read now are put behind them.
        """
        query, key, value = self.split(self.queries(x)), self.split(self.keys(x)), self.split(self.values(x))
        if self.modern:
            query, key = rotate(query, turn), rotate(key, turn)
        if cache is not None:
            if cache:
                key = torch.cat([cache[0], key], dim=2)  # (B, G, T, D/H) -> (B, G, S, D/H)
                value = torch.cat([cache[1], value], dim=2)
            cache[:] = [key, value]
        group = self.heads // key.shape[1]  # how many queries share a key
        key = key.repeat_interleave(group, dim=1)  # (B, G, S, D/H) -> (B, H, S, D/H)
        value = value.repeat_interleave(group, dim=1)
        mixed = self.pattern(query, key) @ value  # (B, H, T, S) and (B, H, S, D/H) -> (B, H, T, D/H)
        return self.output(mixed.transpose(1, 2).flatten(2))  # (B, H, T, D/H) -> (B, T, D)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """One vector a token to one a head: (B, T, heads · D/H) to (B, heads, T, D/H)."""
        return x.unflatten(-1, (-1, self.head_width)).transpose(1, 2)


class GELU(nn.Module):
    """The feed-forward part of 2019: widen, bend, narrow, for each token by itself."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.up = nn.Linear(config.width, config.inner)
        self.down = nn.Linear(config.inner, config.width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(F.gelu(self.up(x), approximate="tanh"))  # (B, T, D) -> (B, T, inner) -> (B, T, D)


class SwiGLU(nn.Module):
    """Today's feed-forward part: a second matrix decides how much of each inner feature passes."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.gate = nn.Linear(config.width, config.inner, bias=False)
        self.up = nn.Linear(config.width, config.inner, bias=False)
        self.down = nn.Linear(config.inner, config.width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))  # (B, T, D) -> (B, T, inner) -> (B, T, D)


def normal(config: Config) -> nn.Module:
    """What brings every token's vector to one size: its root mean square to 1, or also its mean to 0 (2019)."""
    return nn.RMSNorm(config.width, eps=1e-6) if config.block == "modern" else nn.LayerNorm(config.width)


# --8<-- [start:decoder]
class Block(nn.Module):
    """Look around, then think: two steps, each added to what the token already carries."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.attention_norm = normal(config)
        self.attention = Attention(config)
        self.feed_forward_norm = normal(config)
        self.feed_forward = SwiGLU(config) if config.block == "modern" else GELU(config)

    def forward(self, x: torch.Tensor, turn: tuple, cache: list | None = None) -> torch.Tensor:
        x = x + self.attention(self.attention_norm(x), turn, cache)  # (B, T, D)
        return x + self.feed_forward(self.feed_forward_norm(x))  # (B, T, D)


class GPT(nn.Module):
    """Scores every possible next token after each token of a text."""

    def __init__(self, config: Config, block: type[nn.Module] = Block) -> None:
        super().__init__()
        self.config = config
        modern = config.block == "modern"
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.positions = None if modern else nn.Embedding(config.context, config.width)
        self.blocks = nn.ModuleList(block(config) for _ in range(config.layers))
        self.norm = normal(config)
        self.start()

    def forward(self, tokens: torch.Tensor, cache: list[list] | None = None) -> torch.Tensor:
        """Ids (B, T) to logits (B, T, V); with a cache, the ids that follow those it holds.

        Raises ValueError when the text is longer than the context.
        """
        read = cache[0][0].shape[2] if cache and cache[0] else 0
        if read + tokens.shape[1] > self.config.context:
            raise ValueError(f"the model reads {self.config.context} tokens, not {read + tokens.shape[1]}")
        places = torch.arange(read, read + tokens.shape[1])
        turn = turns(places, self.config.width // self.config.heads)  # (T, D/H/2) each
        x = self.embedding(tokens)  # (B, T) -> (B, T, D)
        if self.positions is not None:
            x = x + self.positions(places)
        for layer, block in enumerate(self.blocks):
            x = block(x, turn, None if cache is None else cache[layer])
        return self.readout(x)

    def readout(self, x: torch.Tensor) -> torch.Tensor:
        """Scores by likeness to each token's embedding: (B, T, D) to (B, T, V)."""
        return self.norm(x) @ self.embedding.weight.T

    def empty_cache(self) -> list[list]:
        """One list a layer, for the keys and values of the tokens read."""
        return [[] for _ in self.blocks]

    def start(self) -> None:
        """Small random weights; the matrices that write into the residual stream smaller with its depth."""
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                deep = name.endswith(("output.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * self.config.layers) ** 0.5 if deep else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)


# --8<-- [end:decoder]


# --8<-- [start:choose]
def choose(logits: torch.Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> torch.Tensor:
    """Probabilities to draw the next token from, (V,) to (V,).

    Of the tempered distribution, only the `top_k` likeliest tokens are kept (0: all), and of these the fewest
    that together have at least `top_p` of the probability; what is left is scaled up to 1.
    """
    probabilities = torch.softmax(logits / temperature, dim=-1)
    ordered, order = probabilities.sort(descending=True)
    if top_k:
        ordered[top_k:] = 0.0
        ordered = ordered / ordered.sum()
    before = ordered.cumsum(0) - ordered  # what the likelier tokens have already
    ordered[before >= top_p] = 0.0
    return torch.zeros_like(probabilities).scatter(0, order, ordered / ordered.sum())


# --8<-- [end:choose]


# --8<-- [start:generate]
@torch.no_grad()
def generate(
    model: GPT,
    tokens: list[int],
    count: int,
    generator: torch.Generator,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    cached: bool = True,
) -> list[int]:
    """Continue `tokens` by `count` more, each drawn token read in its turn. Returns the new ones.

    With the cache each step reads one token; without it, the whole text again. The result is the same.
    """
    cache = model.empty_cache() if cached else None
    text, unread = list(tokens), list(tokens)
    for _ in range(count):
        logits = model(torch.tensor([unread if cached else text]), cache)[0, -1]  # (V,)
        probabilities = choose(logits, temperature, top_k, top_p)
        dice = torch.rand(1, generator=generator)
        drawn = min(int((probabilities.cumsum(0) <= dice).sum()), len(probabilities) - 1)
        text.append(drawn)
        unread = [drawn]
    return text[len(tokens) :]


# --8<-- [end:generate]
