"""The transformer of 2017: an encoder and a decoder made of attention, with no recurrence in either.

Source: A. Vaswani, N. Shazeer, N. Parmar, J. Uszkoreit, L. Jones, A. N. Gomez, Ł. Kaiser, I. Polosukhin, "Attention
Is All You Need", 2017, section 3. Rotary positions: J. Su et al., "RoFormer", 2021, section 3. Linear biases:
O. Press, N. A. Smith, M. Lewis, "Train Short, Test Long", 2021, section 3.

    papers                          here
    d_model     model width         `width`                                           D
    h           heads               `heads`, of width D/H each                        H
    N           layers              `layers`, in the encoder and in the decoder       L
    d_ff        inner width         4 D
    PE          positional encoding `sinusoids`                                       (T, D)
    Sublayer    residual, then norm `AddAndNorm`
    theta_i, m  RoPE angle, position `rotate`;  m (ALiBi) slope of a head, `slopes`   (H,)

    B words in a batch, S letters read, T phonemes written, Q places that look, K places looked at, V symbols.

Where we differ: letters to phonemes instead of English to German; the readout has a matrix of its own, where the
paper shares one among both embeddings and the readout; no dropout. The norm can also stand before each step, with one
more norm behind each stack; positions can be learned, rotary, biases or absent. ALiBi was published for decoders:
in our encoder its bias falls on both sides alike, so that the encoder sees distances and no direction.
"""

from dataclasses import dataclass

import torch
from torch import nn

from snippets.attention.model import dot_product, mix
from snippets.data.pronunciations import END, PADDING, SOURCE_SYMBOLS, START, TARGET_SYMBOLS


@dataclass(frozen=True)
class Config:
    """Sizes, and what can be changed or left out.

    `norm` is "post" (2017: after each addition) or "pre" (before each step). `positions` is "sinusoidal", "learned",
    "rope", "alibi" or "none". `longest` is the number of places that learned positions have.
    """

    source_symbols: int = len(SOURCE_SYMBOLS)
    target_symbols: int = len(TARGET_SYMBOLS)
    width: int = 48
    heads: int = 4
    layers: int = 2
    norm: str = "post"
    positions: str = "sinusoidal"
    longest: int = 32
    residuals: bool = True
    normalisation: bool = True

    def __post_init__(self) -> None:
        if self.norm not in ("post", "pre"):
            raise ValueError(f"norm is “post” or “pre”, not “{self.norm}”")
        if self.positions not in ("sinusoidal", "learned", "rope", "alibi", "none"):
            raise ValueError(f"no positions are called “{self.positions}”")
        if self.width % self.heads:
            raise ValueError("heads must divide width")


# --8<-- [start:sinusoids]
def sinusoids(places: torch.Tensor, width: int, base: float = 10_000.0) -> torch.Tensor:
    """Places (T,) to vectors (T, D): a sine and a cosine for each of D/2 speeds, side by side."""
    speeds = base ** (-torch.arange(0, width, 2) / width)  # (D/2,) radians a place, from 1 down to about 1/base
    angles = places[:, None] * speeds  # (T, D/2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # (T, D/2, 2) -> (T, D)


# --8<-- [end:sinusoids]


# --8<-- [start:rotate]
def rotate(x: torch.Tensor, places: torch.Tensor, base: float = 10_000.0) -> torch.Tensor:
    """RoPE: turn feature i with feature i + d/2 by an angle of place · base^(-2i/d). (…, T, d) to the same."""
    speeds = base ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])  # (d/2,)
    angles = places[:, None] * speeds  # (T, d/2)
    first, second = x.chunk(2, dim=-1)  # (…, T, d) -> (…, T, d/2) each
    turned = first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()
    return torch.cat(turned, dim=-1)  # (…, T, d)


# --8<-- [end:rotate]


# --8<-- [start:alibi]
def slopes(heads: int) -> torch.Tensor:
    """ALiBi: how fast the score falls with the distance, in each head: 2^(-8/H), 2^(-16/H), … down to 2^-8."""
    return 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)  # (H,)


def distance_bias(queries: int, keys: int, heads: int) -> torch.Tensor:
    """What ALiBi adds to the scores, (H, Q, K): 0 at the place itself, less with every step away from it."""
    distance = (torch.arange(queries)[:, None] - torch.arange(keys)).abs()  # (Q, K)
    return -slopes(heads)[:, None, None] * distance  # (H, Q, K)


# --8<-- [end:alibi]


# --8<-- [start:embedding]
class EmbeddingWithPositions(nn.Module):
    """A vector for each symbol, plus one for the place where it stands."""

    def __init__(self, symbols: int, config: Config) -> None:
        super().__init__()
        self.kind = config.positions
        self.symbols = nn.Embedding(symbols, config.width)
        self.places = nn.Embedding(config.longest, config.width) if self.kind == "learned" else None

    def forward(self, tokens: torch.Tensor, first: int = 0) -> torch.Tensor:
        """Ids (B, T) to vectors (B, T, D); the first of them stands at place `first`."""
        x = self.symbols(tokens)  # (B, T) -> (B, T, D)
        x = x * x.shape[-1] ** 0.5  # symbols and places of about the same size
        places = torch.arange(first, first + tokens.shape[1])
        if self.kind == "sinusoidal":
            x = x + sinusoids(places, x.shape[-1])
        elif self.kind == "learned":
            x = x + self.places(places)
        return x  # RoPE and ALiBi act on the scores, inside attention


# --8<-- [end:embedding]


# --8<-- [start:multi_head]
class MultiHeadAttention(nn.Module):
    """H lookups side by side: self-attention if queries and memory are the same, cross-attention if not."""

    def __init__(self, config: Config, positions: str = "none") -> None:
        super().__init__()
        self.heads, self.positions = config.heads, positions
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, config.width)

    def forward(
        self,
        queries: torch.Tensor,
        memory: torch.Tensor,
        mask: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Queries (B, Q, D) look into a memory (B, K, D) where `mask` is True.

        Returns what they found (B, Q, D) and the weights (B, H, Q, K).
        """
        Q, K = queries.shape[1], memory.shape[1]
        query = self.split(self.query(queries))  # (B, Q, D) -> (B, H, Q, D/H)
        key = self.split(self.key(memory))  # (B, K, D) -> (B, H, K, D/H)
        value = self.split(self.value(memory))  # (B, K, D) -> (B, H, K, D/H)
        if self.positions == "rope":
            query, key = rotate(query, torch.arange(Q)), rotate(key, torch.arange(K))
        scores = dot_product(query, key)  # (B, H, Q, K)
        if self.positions == "alibi":
            scores = scores + distance_bias(Q, K, self.heads)
        found, weights = mix(scores, value, mask)  # (B, H, Q, D/H), (B, H, Q, K)
        return self.output(found.transpose(1, 2).flatten(2)), weights  # (B, H, Q, D/H) -> (B, Q, D)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """One vector a place to one a head: (B, T, D) to (B, H, T, D/H)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


# --8<-- [end:multi_head]


# --8<-- [start:feed_forward]
class FeedForward(nn.Module):
    """Each place by itself: widen to 4 D, keep what is positive, narrow to D again."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.widen = nn.Linear(config.width, 4 * config.width)
        self.narrow = nn.Linear(4 * config.width, config.width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.narrow(torch.relu(self.widen(x)))  # (B, T, D) -> (B, T, 4 D) -> (B, T, D)


# --8<-- [end:feed_forward]


# --8<-- [start:norm]
class LayerNorm(nn.Module):
    """Every place's vector to mean 0 and variance 1, then a learned scale and shift for each feature."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.width))
        self.bias = nn.Parameter(torch.zeros(config.width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean(dim=-1, keepdim=True)  # (B, T, D) -> (B, T, 1)
        variance = x.var(dim=-1, keepdim=True, unbiased=False)  # the mean of the squares: divided by D, not D - 1
        return (x - mean) / torch.sqrt(variance + 1e-5) * self.weight + self.bias  # (B, T, D)


class AddAndNorm(nn.Module):
    """What stands around every step of a layer: its result is added to the stream, and the stream normalised."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.place, self.residuals = config.norm, config.residuals
        self.norm = LayerNorm(config) if config.normalisation else nn.Identity()

    def forward(self, x: torch.Tensor, step: nn.Module, *others: torch.Tensor) -> torch.Tensor:
        """The stream (B, T, D) before a step to the stream behind it; `others` are what the step takes besides."""
        if self.place == "post":
            return self.norm(self.add(x, step(x, *others)))
        return self.add(x, step(self.norm(x), *others))

    def add(self, x: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        return x + change if self.residuals else change


# --8<-- [end:norm]


# --8<-- [start:layers]
class EncoderLayer(nn.Module):
    """Every letter looks at all letters, then each thinks for itself."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(config, config.positions)
        self.feed_forward = FeedForward(config)
        self.around_attention = AddAndNorm(config)
        self.around_feed_forward = AddAndNorm(config)

    def forward(self, x: torch.Tensor, letters: torch.Tensor) -> torch.Tensor:
        """Letters (B, S, D) to the same shape; `letters` (B, 1, 1, S) is False at padding."""
        x = self.around_attention(x, lambda y: self.self_attention(y, y, letters)[0])
        return self.around_feed_forward(x, self.feed_forward)


class DecoderLayer(nn.Module):
    """Every phoneme looks at itself and those before it, then at all letters, then thinks for itself."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(config, config.positions)
        self.cross_attention = MultiHeadAttention(config)  # letters and phonemes count their places apart
        self.feed_forward = FeedForward(config)
        self.around_self_attention = AddAndNorm(config)
        self.around_cross_attention = AddAndNorm(config)
        self.around_feed_forward = AddAndNorm(config)

    def forward(
        self,
        x: torch.Tensor,
        memory: torch.Tensor,
        past: torch.Tensor,
        letters: torch.Tensor,
    ) -> torch.Tensor:
        """Phonemes (B, T, D) and memory (B, S, D) to (B, T, D); `past` (T, T) is the causal mask."""
        x = self.around_self_attention(x, lambda y: self.self_attention(y, y, past)[0])
        x = self.around_cross_attention(x, lambda y: self.cross_attention(y, memory, letters)[0])
        return self.around_feed_forward(x, self.feed_forward)


# --8<-- [end:layers]


# --8<-- [start:transformer]
class Transformer(nn.Module):
    """Letters in, phonemes out, without recurrence: every place of a sequence is computed at once."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.letters = EmbeddingWithPositions(config.source_symbols, config)
        self.phonemes = EmbeddingWithPositions(config.target_symbols, config)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))
        last = config.norm == "pre" and config.normalisation  # behind pre-norm layers nothing is normalised yet
        self.encoder_norm = LayerNorm(config) if last else nn.Identity()
        self.decoder_norm = LayerNorm(config) if last else nn.Identity()
        self.readout = nn.Linear(config.width, config.target_symbols)
        self.start()

    def read(self, source: torch.Tensor, first: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """Letters (B, S), the first at place `first`, to the memory (B, S, D) and its padding mask (B, 1, 1, S)."""
        letters = (source != PADDING)[:, None, None, :]  # (B, S) -> (B, 1, 1, S)
        x = self.letters(source, first)  # (B, S) -> (B, S, D)
        for layer in self.encoder:
            x = layer(x, letters)
        return self.encoder_norm(x), letters

    def decode(self, inputs: torch.Tensor, memory: torch.Tensor, letters: torch.Tensor) -> torch.Tensor:
        """Phonemes so far (B, T), memory (B, S, D) and its mask to logits (B, T, V) of the next, at every place."""
        T = inputs.shape[1]
        past = torch.ones(T, T, dtype=torch.bool).tril()  # place i may look at places up to i
        x = self.phonemes(inputs)  # (B, T) -> (B, T, D)
        for layer in self.decoder:
            x = layer(x, memory, past, letters)
        return self.readout(self.decoder_norm(x))  # (B, T, D) -> (B, T, V)

    def forward(self, source: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """Letters (B, S) and what the decoder reads (B, T) to logits (B, T, V), all places at once."""
        return self.decode(inputs, *self.read(source))

    def start(self) -> None:
        """Matrices by Glorot's rule, which keeps sizes on the way up and down; embeddings for variance 1 after √D."""
        for name, parameter in self.named_parameters():
            if name.startswith(("letters", "phonemes")):
                nn.init.normal_(parameter, std=self.config.width**-0.5)
            elif parameter.ndim == 2:
                nn.init.xavier_uniform_(parameter)


# --8<-- [end:transformer]


# --8<-- [start:write]
@torch.no_grad()
def write(
    model: Transformer,
    source: torch.Tensor,
    longest: int = 18,
    first: int = 0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Letters (B, S) to the likeliest phoneme at each step (B, T) and its probability (B, T).

    One phoneme after the other: the decoder reads all that is written so far, and the last place gives the next.
    """
    memory, letters = model.read(source, first)
    inputs = torch.full((len(source), 1), START)
    done = torch.zeros(len(source), dtype=torch.bool)
    probabilities = []
    while len(probabilities) < longest and not done.all():
        logits = model.decode(inputs, memory, letters)[:, -1]  # (B, V)
        probability, phoneme = torch.softmax(logits, dim=-1).max(dim=-1)  # (B, V) -> (B,), (B,)
        inputs = torch.cat([inputs, phoneme[:, None]], dim=1)  # (B, T) -> (B, T + 1)
        probabilities.append(probability)
        done = done | (phoneme == END)
    return inputs[:, 1:], torch.stack(probabilities, dim=1)


# --8<-- [end:write]
