"""A character-level Elman network, the recurrent neural network of this page.

Source: J. L. Elman, "Finding Structure in Time", Cognitive Science 14, 1990, section "Networks with memory".

    paper, page              here
    x_t    input             one-hot character                      (B, V)
    h_t    hidden units      `hidden`, a row of `states`            (B, D)
    W_xh   input weights     `Cell.input_weights.weight`            (D, V)
    W_hh   context weights   `Cell.recurrent_weights.weight`        (D, D)
    b      bias              `Cell.recurrent_weights.bias`          (D,)
    W_hy   output weights    `Readout.output_weights.weight`        (V, D)

    B names in a batch, T characters in a name, V = 27 characters, D hidden units, L layers.

Where we differ from Elman: tanh instead of the logistic function, and a memory that starts at 0 instead of
0.5; a softmax over characters instead of squared error on bit vectors; gradients through all T steps, where
he stopped them at the copied context, one step back; layers can be stacked, and a second reader can go from
right to left (Schuster and Paliwal, 1997).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"
BOUNDARY = 0  # "." stands before the first letter of a name and after the last


@dataclass(frozen=True)
class Config:
    """Sizes. `vocabulary` V characters, `hidden` D units in each of `layers` L layers."""

    vocabulary: int = len(ALPHABET)
    hidden: int = 64
    layers: int = 1


def encode(text: str) -> torch.Tensor:
    """Ids of a name with the boundary before it, (1, T) int64. Raises ValueError at an unknown character."""
    unknown = sorted(set(text) - set(ALPHABET))
    if unknown:
        raise ValueError(f"only the letters a to z have an id, not {' '.join(unknown)}")
    return torch.tensor([[BOUNDARY] + [ALPHABET.index(character) for character in text]])


class OneHot(nn.Module):
    """Ids to vectors in which no two characters are closer than any other two."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return F.one_hot(tokens, self.vocabulary).float()  # (B, T) -> (B, T, V)


# --8<-- [start:step]
def step(
    x: torch.Tensor,
    hidden: torch.Tensor,
    input_weights: Callable,
    recurrent_weights: Callable,
) -> torch.Tensor:
    """h_t = tanh(W_xh x_t + W_hh h_{t-1} + b): (B, V) and (B, D) to (B, D)."""
    a = input_weights(x) + recurrent_weights(hidden)  # (B, D)
    return torch.tanh(a)


# --8<-- [end:step]


class Cell(nn.Module):
    """The weights of one time step, the same at every step."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input_weights = nn.Linear(inputs, hidden, bias=False)
        self.recurrent_weights = nn.Linear(hidden, hidden)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        return step(x, hidden, self.input_weights, self.recurrent_weights)


class Layer(nn.Module):
    """A cell carried along the time axis, from left to right or, with `reverse`, from right to left."""

    def __init__(self, inputs: int, hidden: int, reverse: bool = False) -> None:
        super().__init__()
        self.cell = Cell(inputs, hidden)
        self.reverse = reverse

    def forward(self, inputs: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Inputs (B, T, V or D) and the first memory (B, D) to the memory after every step, (B, T, D)."""
        order = list(range(inputs.shape[1]))
        states = []
        for t in reversed(order) if self.reverse else order:
            hidden = self.cell(inputs[:, t], hidden)  # waits for the step before: no parallelism in time
            states.append(hidden)
        if self.reverse:
            states.reverse()
        return torch.stack(states, dim=1)  # T times (B, D) -> (B, T, D)


class Readout(nn.Module):
    """A score for every character from the memory alone."""

    def __init__(self, inputs: int, vocabulary: int) -> None:
        super().__init__()
        self.output_weights = nn.Linear(inputs, vocabulary)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return self.output_weights(states)  # (B, T, D) -> (B, T, V)


# --8<-- [start:model]
class CharacterRNN(nn.Module):
    """Predicts every next character from the ones before it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        widths = [config.vocabulary] + [config.hidden] * (config.layers - 1)
        self.one_hot = OneHot(config.vocabulary)
        self.layers = nn.ModuleList(Layer(width, config.hidden) for width in widths)
        self.readout = Readout(config.hidden, config.vocabulary)

    def start(self, batch: int) -> torch.Tensor:
        """The memory before the first character: zeros, (L, B, D)."""
        return torch.zeros(self.config.layers, batch, self.config.hidden)

    def forward(
        self,
        tokens: torch.Tensor,
        hidden: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids (B, T) and a memory (L, B, D) to logits (B, T, V) and states (L, B, T, D)."""
        if hidden is None:
            hidden = self.start(tokens.shape[0])
        inputs = self.one_hot(tokens)  # (B, T) -> (B, T, V)
        states = []
        for layer, memory in zip(self.layers, hidden, strict=True):
            inputs = layer(inputs, memory)  # (B, T, V or D) -> (B, T, D)
            states.append(inputs)
        return self.readout(inputs), torch.stack(states)  # (B, T, V), (L, B, T, D)


# --8<-- [end:model]


class GapReader(nn.Module):
    """Predicts each letter of a name from its neighbours: those on its left, or those on both sides.

    The left reader has seen the letters up to t - 1, the right reader those from the end down to t + 1, so
    neither has seen letter t. Without `two_way` only the left reader is there.
    """

    def __init__(self, config: Config, two_way: bool) -> None:
        super().__init__()
        self.config = config
        self.one_hot = OneHot(config.vocabulary)
        self.left = Layer(config.vocabulary, config.hidden)
        self.right = Layer(config.vocabulary, config.hidden, reverse=True) if two_way else None
        self.readout = Readout(config.hidden * (2 if two_way else 1), config.vocabulary)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Ids of whole names, boundaries at both ends, (B, T) to logits of the T - 2 inner places."""
        inputs = self.one_hot(tokens)  # (B, T) -> (B, T, V)
        start = torch.zeros(tokens.shape[0], self.config.hidden)
        states = self.left(inputs, start)[:, :-2]  # (B, T, D) -> (B, T-2, D)
        if self.right is not None:
            after = self.right(inputs, start)[:, 2:]  # (B, T, D) -> (B, T-2, D)
            states = torch.cat([states, after], dim=-1)  # (B, T-2, 2D)
        return self.readout(states)  # (B, T-2, V)


# --8<-- [start:temper]
def temper(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Probabilities from logits (…, V): below temperature 1 sharper than learned, above it flatter."""
    return torch.softmax(logits / temperature, dim=-1)


# --8<-- [end:temper]


# --8<-- [start:sample]
@torch.no_grad()
def sample(
    model: CharacterRNN,
    generator: torch.Generator,
    prefix: str = "",
    temperature: float = 1.0,
    longest: int = 16,
) -> str:
    """Continue `prefix`, each drawn character fed back in, until "." or `longest` letters.

    Raises ValueError at a character of `prefix` that the alphabet does not have.
    """
    name, tokens, hidden = prefix, encode(prefix), None
    while len(name) < longest:
        logits, states = model(tokens, hidden)
        hidden = states[:, :, -1]  # (L, 1, T, D) -> (L, 1, D), all that is kept of the past
        probabilities = temper(logits[0, -1], temperature)  # (V,)
        dice = torch.rand(1, generator=generator)
        index = min(int((probabilities.cumsum(0) < dice).sum()), len(ALPHABET) - 1)
        if index == BOUNDARY:
            break
        name += ALPHABET[index]
        tokens = torch.tensor([[index]])
    return name


# --8<-- [end:sample]
