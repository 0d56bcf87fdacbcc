"""BERT: a transformer's encoder that reads to both sides, with the two heads it is pre-trained with.

Source: J. Devlin, M.-W. Chang, K. Lee, K. Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding", 2018, section 3 and appendix A.2.

    paper                             here
    L        layers                   `layers`                                                   L
    H        hidden size              `width`                                                    D
    A        attention heads          `heads`, of width D/H each                                 H
    E_[..]   token embedding          `embeddings.tokens.weight`, also the output matrix         (V, D)
    E_A, E_B segment embeddings       `embeddings.segments.weight`                               (2, D)
    E_0 ...  position embeddings      `embeddings.positions.weight`, learned                     (context, D)
    C        final vector of [CLS]    `states[:, 0]`                                             (B, D)
    T_i      final vector of token i  `states[:, i]`                                             (B, T, D)

    B texts in a batch, T tokens in each, V vocabulary.

Where we differ: 1,024 byte pairs and four signs instead of 30,000 word pieces; no dropout. The transformation
before the output matrix is not in the paper but in the code that its authors released.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

PIECES = 1024  # ids of pieces of text; those of the signs follow
CLS, SEP, MASK, PAD = range(PIECES, PIECES + 4)


@dataclass(frozen=True)
class Config:
    """Sizes. `context` is the longest text in tokens, signs included; `inner` the width in the feed-forward part."""

    vocabulary: int = PIECES + 4
    context: int = 64
    width: int = 96
    heads: int = 4
    layers: int = 3
    inner: int = 384

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError("heads must divide width")


# --8<-- [start:embeddings]
class Embeddings(nn.Module):
    """What a token is, where it stands and which sentence it belongs to: three learned vectors, added."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.context, config.width)
        self.segments = nn.Embedding(2, config.width)
        self.norm = nn.LayerNorm(config.width, eps=1e-12)

    def forward(self, tokens: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:
        """Ids (B, T) and segments (B, T), 0 or 1, to vectors (B, T, D)."""
        places = torch.arange(tokens.shape[1])  # (T,)
        x = self.tokens(tokens)  # (B, T) -> (B, T, D)
        x = x + self.positions(places)
        x = x + self.segments(segments)
        return self.norm(x)


# --8<-- [end:embeddings]


# --8<-- [start:pattern]
class Pattern(nn.Module):
    """Who looks at whom: a softmax over all tokens, those before and those after. Padding is hidden."""

    def forward(self, query: torch.Tensor, key: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Queries and keys (B, H, T, D/H), and what is text and not padding (B, T), to weights (B, H, T, T)."""
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5  # (B, H, T, T)
        hidden = ~real[:, None, None, :]  # (B, T) -> (B, 1, 1, T), the same for every head and query
        return scores.masked_fill(hidden, float("-inf")).softmax(dim=-1)


# --8<-- [end:pattern]


class Attention(nn.Module):
    """Each token takes over, in each head, a mixture of the values of the tokens it looks at."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads = config.heads
        self.queries = nn.Linear(config.width, config.width)
        self.keys = nn.Linear(config.width, config.width)
        self.values = nn.Linear(config.width, config.width)
        self.pattern = Pattern()
        self.output = nn.Linear(config.width, config.width)

    def forward(self, x: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Tokens (B, T, D) to what each takes from the others, (B, T, D)."""
        query, key, value = self.split(self.queries(x)), self.split(self.keys(x)), self.split(self.values(x))
        mixed = self.pattern(query, key, real) @ value  # (B, H, T, T) and (B, H, T, D/H) -> (B, H, T, D/H)
        return self.output(mixed.transpose(1, 2).flatten(2))  # (B, H, T, D/H) -> (B, T, D)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """One vector a token to one a head: (B, T, D) to (B, H, T, D/H)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    """Widen, bend, narrow, for each token by itself."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.up = nn.Linear(config.width, config.inner)
        self.down = nn.Linear(config.inner, config.width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(F.gelu(self.up(x)))  # (B, T, D) -> (B, T, inner) -> (B, T, D)


# --8<-- [start:encoder]
class Block(nn.Module):
    """The encoder's layer as published: each step is added to its input, and the sum is normalised."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.attention_norm = nn.LayerNorm(config.width, eps=1e-12)
        self.feed_forward = FeedForward(config)
        self.feed_forward_norm = nn.LayerNorm(config.width, eps=1e-12)

    def forward(self, x: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        x = self.attention_norm(x + self.attention(x, real))  # (B, T, D)
        return self.feed_forward_norm(x + self.feed_forward(x))  # (B, T, D)


class Encoder(nn.Module):
    """Text in, one vector for each token out, each of them informed by all others."""

    def __init__(self, config: Config, block: type[nn.Module] = Block) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.blocks = nn.ModuleList(block(config) for _ in range(config.layers))
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(
        self,
        tokens: torch.Tensor,
        segments: torch.Tensor | None = None,
        real: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Ids (B, T) to states (B, T, D).

        `segments` (B, T) is 0 in the first sentence and 1 in the second, 0 everywhere if left out; `real` (B, T) is
        False at padding, of which there is none if it is left out. Raises ValueError when the text is too long.
        """
        if tokens.shape[1] > self.config.context:
            raise ValueError(f"the model reads {self.config.context} tokens, not {tokens.shape[1]}")
        segments = torch.zeros_like(tokens) if segments is None else segments
        real = torch.ones_like(tokens, dtype=torch.bool) if real is None else real
        x = self.embeddings(tokens, segments)  # (B, T) -> (B, T, D)
        for block in self.blocks:
            x = block(x, real)
        return x


# --8<-- [end:encoder]


# --8<-- [start:heads]
class MaskedTokens(nn.Module):
    """The first head: which token stands here? A score for each, by likeness to its embedding."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = nn.Linear(config.width, config.width)
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary))

    def forward(self, states: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """States (..., D) and the embedding matrix (V, D) to logits (..., V)."""
        x = self.norm(F.gelu(self.dense(states)))  # (..., D)
        return x @ embedding.T + self.bias  # (..., D) -> (..., V)


class NextSentence(nn.Module):
    """The second head: does the second sentence follow the first? It reads the vector of [CLS] alone."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, 2)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """States (B, T, D) to logits (B, 2): it follows, it does not."""
        return self.output(torch.tanh(self.dense(states[:, 0])))  # (B, T, D) -> (B, D) -> (B, 2)


class BERT(nn.Module):
    """The encoder and the two heads of its pre-training."""

    def __init__(self, config: Config, block: type[nn.Module] = Block) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config, block)
        self.masked_tokens = MaskedTokens(config)
        self.next_sentence = NextSentence(config)

    def forward(
        self,
        tokens: torch.Tensor,
        segments: torch.Tensor | None = None,
        real: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids (B, T) to logits of every token (B, T, V) and of the second sentence following the first (B, 2)."""
        states = self.encoder(tokens, segments, real)  # (B, T) -> (B, T, D)
        return self.readout(states), self.next_sentence(states)

    def readout(self, states: torch.Tensor) -> torch.Tensor:
        """States (..., D) to logits (..., V)."""
        return self.masked_tokens(states, self.encoder.embeddings.tokens.weight)


# --8<-- [end:heads]


# --8<-- [start:classifier]
class Classifier(nn.Module):
    """Fine-tuning: the pre-trained encoder, and one new matrix that reads the vector of [CLS]."""

    def __init__(self, encoder: Encoder, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.output = nn.Linear(encoder.config.width, classes)

    def forward(self, tokens: torch.Tensor, real: torch.Tensor | None = None) -> torch.Tensor:
        """Ids (B, T) to logits (B, classes)."""
        states = self.encoder(tokens, real=real)  # (B, T) -> (B, T, D)
        return self.output(states[:, 0])  # (B, T, D) -> (B, D) -> (B, classes)


# --8<-- [end:classifier]
