"""Attention, a learned soft lookup: between encoder and decoder, and within one sequence.

Sources: D. Bahdanau, K. Cho and Y. Bengio, "Neural Machine Translation by Jointly Learning to Align and
Translate", 2014, section 3; M.-T. Luong, H. Pham and C. D. Manning, "Effective Approaches to Attention-based
Neural Machine Translation", 2015, section 3.1; A. Vaswani et al., "Attention Is All You Need", 2017, section 3.2.

    papers                               here
    h_j      annotation of input j       a row of `states`, the output of `Annotations`     (B, S, 2 D_e)
    s_{i-1}  state of the decoder        `hidden`, the query                                (B, D)
    e_ij     energy                      `scores`                                           (B, Q, K)
    alpha_ij weight                      `weights`                                          (B, Q, K)
    c_i      context                     `context`, one row of what `mix` returns           (B, D)
    W_a, U_a, v_a  (Bahdanau)            `AdditiveScore.query`, `.key`, `.energy`
    W_a      "general" score (Luong)     `MultiplicativeScore.key`
    Q, K, V; d_k; h  (Vaswani)           `query`, `key`, `value`; D / H; H

    B words in a batch, S letters read, T phonemes written, Q queries, K keys, D width, H heads, V vocabulary;
    E width of an embedding, D_e of one direction of the encoder, A of the energies.

Where we differ: letters to phonemes instead of English to French; a linear readout where Bahdanau has maxout.
"""

from dataclasses import dataclass, replace

import torch
from torch import nn

from snippets.data.pronunciations import END, PADDING, SOURCE_SYMBOLS, START, TARGET_SYMBOLS
from snippets.encoder_decoder.model import Config as EncoderConfig
from snippets.encoder_decoder.model import Encoder, GRUCell


# --8<-- [start:mix]
def mix(
    scores: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores (..., Q, K) and values (..., K, D) to a mixture for each query and its weights.

    The mixture is (..., Q, D), the weights (..., Q, K). `mask` is True where a query may look;
    it is broadcast to the shape of the scores.
    """
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))  # exp(-inf) = 0
    weights = torch.softmax(scores, dim=-1)  # positive, and 1 in total over the keys
    return weights @ values, weights  # (..., Q, K) @ (..., K, D) -> (..., Q, D)


# --8<-- [end:mix]


# --8<-- [start:dot_product]
def dot_product(query: torch.Tensor, key: torch.Tensor, scaled: bool = True) -> torch.Tensor:
    """Queries (..., Q, d) and keys (..., K, d) to scores (..., Q, K)."""
    scores = query @ key.transpose(-2, -1)  # (..., Q, d) @ (..., d, K) -> (..., Q, K)
    return scores / query.shape[-1] ** 0.5 if scaled else scores


# --8<-- [end:dot_product]


# --8<-- [start:multi_head]
class MultiHead(nn.Module):
    """H lookups side by side, each in D/H numbers of its own (Vaswani, section 3.2.2)."""

    def __init__(self, width: int, heads: int, scaled: bool = True) -> None:
        super().__init__()
        self.heads, self.scaled = heads, scaled
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        B, T, D = x.shape
        x = x.reshape(B, T, self.heads, D // self.heads)  # (B, T, D) -> (B, T, H, D/H)
        return x.transpose(1, 2)  # (B, H, T, D/H)

    def forward(
        self,
        queries: torch.Tensor,
        memory: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Queries (B, Q, D) look into a memory (B, K, D).

        Returns what they found (B, Q, D) and the weights (B, H, Q, K). Self-attention is
        `forward(x, x)`; in cross-attention the memory is another sequence.
        """
        query = self.split(self.query(queries))  # (B, Q, D) -> (B, H, Q, D/H)
        key = self.split(self.key(memory))  # (B, K, D) -> (B, H, K, D/H)
        value = self.split(self.value(memory))  # (B, K, D) -> (B, H, K, D/H)
        scores = dot_product(query, key, self.scaled)  # (B, H, Q, K)
        found, weights = mix(scores, value, mask)  # (B, H, Q, D/H), (B, H, Q, K)
        found = found.transpose(1, 2).flatten(2)  # (B, H, Q, D/H) -> (B, Q, D)
        return self.output(found), weights


# --8<-- [end:multi_head]


@dataclass(frozen=True)
class FillerConfig:
    """Sizes of the letter guesser. `vocabulary` V letters and the boundary; `longest` T positions at most."""

    vocabulary: int = 27
    longest: int = 24
    width: int = 48
    heads: int = 8
    scaled: bool = True


class Filler(nn.Module):
    """Guesses the letter missing from a name by a single look at the others: self-attention and nothing else."""

    def __init__(self, config: FillerConfig) -> None:
        super().__init__()
        self.config = config
        self.gap = config.vocabulary  # the id that stands where the letter is missing
        self.letters = nn.Embedding(config.vocabulary + 1, config.width)
        self.places = nn.Embedding(config.longest, config.width)  # without them a name is a bag of letters
        self.attention = MultiHead(config.width, config.heads, config.scaled)
        self.readout = nn.Linear(config.width, config.vocabulary)

    def forward(
        self,
        tokens: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids (B, T) with one gap each to logits (B, V) of the missing letter and weights (B, H, T).

        `mask` (B, T) is False at padding.
        """
        x = self.letters(tokens) + self.places(torch.arange(tokens.shape[1]))  # (B, T) -> (B, T, D)
        asking = (tokens == self.gap).float().unsqueeze(1) @ x  # (B, 1, T) @ (B, T, D) -> (B, 1, D)
        if mask is not None:
            mask = mask[:, None, None, :]  # (B, T) -> (B, 1, 1, T), the same for every head and query
        found, weights = self.attention(asking, x, mask)  # (B, 1, D), (B, H, 1, T)
        return self.readout(found[:, 0]), weights[:, :, 0]  # (B, V), (B, H, T)


@dataclass(frozen=True)
class Config:
    """Sizes of the speller: V symbols a side, width E of an embedding, D of a state, A of the energies.

    `score` is "additive" (Bahdanau), "multiplicative" (Luong) or "none": every letter weighs the same.
    """

    source_symbols: int = len(SOURCE_SYMBOLS)
    target_symbols: int = len(TARGET_SYMBOLS)
    embedding: int = 32
    encoder_hidden: int = 56
    hidden: int = 88
    energies: int = 64
    score: str = "additive"


class Annotations(nn.Module):
    """Reads the word from both ends: what letter j means among the letters before it and after it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        sizes = EncoderConfig(
            source_symbols=config.source_symbols,
            embedding=config.embedding,
            hidden=config.encoder_hidden,
        )
        self.forwards = Encoder(sizes)
        self.backwards = Encoder(replace(sizes, reverse=True))

    def forward(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids (B, S) to annotations (B, S, 2 D_e) and the state that has read the word to its front (B, D_e)."""
        rightwards, _ = self.forwards(source)  # (B, S) -> (B, S, D_e)
        leftwards, first = self.backwards(source)  # (B, S, D_e), (B, D_e)
        return torch.cat([rightwards, leftwards], dim=-1), first  # (B, S, 2 D_e), (B, D_e)


# --8<-- [start:scores]
class AdditiveScore(nn.Module):
    """Bahdanau's score, a network of one hidden layer: e = v · tanh(W s + U h)."""

    def __init__(self, query: int, key: int, energies: int) -> None:
        super().__init__()
        self.query = nn.Linear(query, energies, bias=False)
        self.key = nn.Linear(key, energies)
        self.energy = nn.Linear(energies, 1, bias=False)

    def forward(self, query: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """A query (B, D) and the keys `self.key(states)` (B, S, A) to scores (B, 1, S)."""
        query = self.query(query).unsqueeze(1)  # (B, D) -> (B, 1, A)
        scores = self.energy(torch.tanh(query + keys))  # (B, S, A) -> (B, S, 1)
        return scores.transpose(1, 2)  # (B, S, 1) -> (B, 1, S)


class MultiplicativeScore(nn.Module):
    """Luong's "general" score, a dot product with a key of the query's width: e = s · W h."""

    def __init__(self, query: int, key: int, energies: int) -> None:
        super().__init__()
        self.key = nn.Linear(key, query, bias=False)

    def forward(self, query: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """A query (B, D) and the keys `self.key(states)` (B, S, D) to scores (B, 1, S)."""
        query = query.unsqueeze(1)  # (B, D) -> (B, 1, D)
        return dot_product(query, keys, scaled=False)  # (B, 1, S)


# --8<-- [end:scores]


class NoScore(nn.Module):
    """Nothing is compared: the context is the plain average of the annotations, the same at every step."""

    def __init__(self, query: int, key: int, energies: int) -> None:
        super().__init__()
        self.key = nn.Identity()

    def forward(self, query: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        return torch.zeros(keys.shape[0], 1, keys.shape[1])  # (B, 1, S)


def score_of(config: Config) -> nn.Module:
    """The score that a config names."""
    kinds = {"additive": AdditiveScore, "multiplicative": MultiplicativeScore, "none": NoScore}
    return kinds[config.score](config.hidden, 2 * config.encoder_hidden, config.energies)


# --8<-- [start:speller]
class Speller(nn.Module):
    """Letters in, phonemes out; before each phoneme it looks at the letters again."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        annotation = 2 * config.encoder_hidden
        self.annotations = Annotations(config)
        self.first = nn.Linear(config.encoder_hidden, config.hidden)
        self.score = score_of(config)
        self.embedding = nn.Embedding(config.target_symbols, config.embedding)
        self.cell = GRUCell(config.embedding + annotation, config.hidden)
        self.readout = nn.Linear(config.hidden + annotation, config.target_symbols)

    def read(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Letters (B, S) to annotations (B, S, 2 D_e) and the decoder's first state (B, D)."""
        states, first = self.annotations(source)
        return states, torch.tanh(self.first(first))  # (B, D_e) -> (B, D)

    def step(
        self,
        written: torch.Tensor,
        hidden: torch.Tensor,
        states: torch.Tensor,
        keys: torch.Tensor,
        mask: torch.Tensor,
        temperature: float = 1.0,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """One phoneme: from the one written last (B,), the state (B, D), annotations and keys.

        Returns logits (B, V), the next state (B, D) and the weights of the letters (B, S).
        `mask` (B, S) is True where the decoder may look; `temperature` divides the scores.
        """
        scores = self.score(hidden, keys) / temperature  # (B, 1, S)
        context, weights = mix(scores, states, mask.unsqueeze(1))  # (B, 1, 2 D_e), (B, 1, S)
        context, weights = context.squeeze(1), weights.squeeze(1)  # (B, 2 D_e), (B, S)
        x = torch.cat([self.embedding(written), context], dim=-1)  # (B, E + 2 D_e)
        hidden = self.cell(x, hidden)  # (B, D)
        logits = self.readout(torch.cat([hidden, context], dim=-1))  # (B, V)
        return logits, hidden, weights

    def forward(
        self,
        source: torch.Tensor,
        inputs: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Letters (B, S) and what the decoder reads (B, T) to logits (B, T, V), weights (B, T, S)."""
        states, hidden = self.read(source)
        keys, mask = self.score.key(states), source != PADDING  # once a word, not once a step
        rows = []
        for t in range(inputs.shape[1]):
            logits, hidden, weights = self.step(inputs[:, t], hidden, states, keys, mask)
            rows.append((logits, weights))
        logits, weights = (torch.stack(part, dim=1) for part in zip(*rows, strict=True))
        return logits, weights  # (B, T, V), (B, T, S)


# --8<-- [end:speller]


# --8<-- [start:write]
@torch.no_grad()
def write(
    model: Speller,
    source: torch.Tensor,
    longest: int = 18,
    temperature: float = 1.0,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Letters (B, S) to the likeliest phoneme at each step (B, T), its probability (B, T), weights (B, T, S).

    Stops when every word has its `END`, or after `longest` steps.
    """
    states, hidden = model.read(source)
    keys, mask = model.score.key(states), source != PADDING
    written = torch.full((source.shape[0],), START)
    done = torch.zeros(source.shape[0], dtype=torch.bool)
    rows = []
    while len(rows) < longest and not done.all():
        logits, hidden, weights = model.step(written, hidden, states, keys, mask, temperature)
        probability, written = torch.softmax(logits, dim=-1).max(dim=-1)  # (B, V) -> (B,), (B,)
        done = done | (written == END)
        rows.append((written, probability, weights))
    phonemes, probabilities, weights = (torch.stack(part, dim=1) for part in zip(*rows, strict=True))
    return phonemes, probabilities, weights  # (B, T), (B, T), (B, T, S)


# --8<-- [end:write]
