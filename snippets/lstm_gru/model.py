"""Two gated networks that read and write names, character by character: an LSTM and a GRU.

Sources: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9, 1997; the forget gate
is from F. Gers, J. Schmidhuber and F. Cummins, "Learning to Forget", Neural Computation 12, 2000; the GRU is from
K. Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder", EMNLP 2014, section 2.3.

    papers, page              here
    x_t    input              one-hot character                                   (B, V)
    h_t    hidden state       `hidden`, what the cell shows                       (B, D)
    c_t    cell state         `cell`, what an LSTM keeps to itself                (B, D)
    i_t f_t o_t               `LSTMCell.input_gate`, `.forget_gate`, `.output_gate`
    g_t    candidate          `LSTMCell.candidate`
    r_t z_t                   `GRUCell.reset_gate`, `.update_gate`
    n_t    candidate          `GRUCell.candidate`
    W U b  of any of them     `.input_weights.weight` (D, V), `.recurrent_weights.weight` (D, D) and `.bias` (D,)

    B names in a batch, T characters in a name, V = 27 characters, D hidden units, L layers.

Where we differ. LSTM: every block holds one memory cell, there are no peepholes, gradients go through all T steps,
and the forget gate's bias starts at `Config.forget_bias`. The 1997 network is this one with the forget gate held
open. GRU: as in torch, z is the share that is *kept* (Cho et al. write the same; Chung et al., 2014, the opposite)
and r acts *after* the recurrent weights, where the published paper has it act before (its first draft did as torch).
torch stacks its weights in the order i, f, g, o and r, z, n.
"""

from dataclasses import dataclass

import torch
from torch import nn

from snippets.rnn.model import ALPHABET, OneHot, Readout

Memory = tuple[torch.Tensor, ...]  # what a cell carries: (hidden, cell) for an LSTM, (hidden,) for a GRU


@dataclass(frozen=True)
class Config:
    """Sizes. `kind` "lstm" or "gru", `vocabulary` V characters, `hidden` D units in each of `layers` L layers."""

    kind: str = "lstm"
    vocabulary: int = len(ALPHABET)
    hidden: int = 64
    layers: int = 1
    forget_bias: float = 1.0


class Gate(nn.Module):
    """σ(W x + U h + b): how far a valve is open, between 0 and 1 for each unit."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input_weights = nn.Linear(inputs, hidden, bias=False)
        self.recurrent_weights = nn.Linear(hidden, hidden)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.input_weights(x) + self.recurrent_weights(hidden))  # (B, V), (B, D) -> (B, D)


class Candidate(nn.Module):
    """tanh(W x + U h + b): what could be written, between −1 and 1. The same sum as in the plain RNN."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input_weights = nn.Linear(inputs, hidden, bias=False)
        self.recurrent_weights = nn.Linear(hidden, hidden)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.input_weights(x) + self.recurrent_weights(hidden))  # (B, V), (B, D) -> (B, D)


# --8<-- [start:remember]
def remember(
    cell: torch.Tensor,
    forget: torch.Tensor,
    write: torch.Tensor,
    candidate: torch.Tensor,
) -> torch.Tensor:
    """c_t = f ⊙ c_{t-1} + i ⊙ g: the new cell state, all of them (B, D)."""
    return forget * cell + write * candidate


# --8<-- [end:remember]


# --8<-- [start:lstm]
class LSTMCell(nn.Module):
    """One time step of an LSTM: three gates around a cell state that is added to."""

    def __init__(self, inputs: int, hidden: int, forget_bias: float) -> None:
        super().__init__()
        self.input_gate = Gate(inputs, hidden)
        self.forget_gate = Gate(inputs, hidden)
        self.candidate = Candidate(inputs, hidden)
        self.output_gate = Gate(inputs, hidden)
        nn.init.constant_(self.forget_gate.recurrent_weights.bias, forget_bias)

    def start(self, batch: int) -> Memory:
        """Hidden and cell state before the first character: zeros, (B, D) each."""
        zeros = torch.zeros(batch, self.candidate.recurrent_weights.out_features)
        return zeros, zeros

    def forward(self, x: torch.Tensor, memory: Memory) -> Memory:
        """One character (B, V) and the memory, (B, D) and (B, D), to the next memory."""
        hidden, cell = memory
        forget = self.forget_gate(x, hidden)  # (B, D), and so are the next three
        write = self.input_gate(x, hidden)
        candidate = self.candidate(x, hidden)
        cell = remember(cell, forget, write, candidate)
        show = self.output_gate(x, hidden)
        return show * torch.tanh(cell), cell


# --8<-- [end:lstm]


class ResetCandidate(nn.Module):
    """tanh(W x + b + r ⊙ (U h + b′)): what could be written, the past let in as far as `reset` is open."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input_weights = nn.Linear(inputs, hidden)
        self.recurrent_weights = nn.Linear(hidden, hidden)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor, reset: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.input_weights(x) + reset * self.recurrent_weights(hidden))  # -> (B, D)


# --8<-- [start:mix]
def mix(hidden: torch.Tensor, update: torch.Tensor, candidate: torch.Tensor) -> torch.Tensor:
    """h_t = z ⊙ h_{t-1} + (1 − z) ⊙ n: the new hidden state, all of them (B, D)."""
    return update * hidden + (1 - update) * candidate


# --8<-- [end:mix]


# --8<-- [start:gru]
class GRUCell(nn.Module):
    """One time step of a GRU: one gate to keep or replace, one to look past the memory."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.reset_gate = Gate(inputs, hidden)
        self.update_gate = Gate(inputs, hidden)
        self.candidate = ResetCandidate(inputs, hidden)

    def start(self, batch: int) -> Memory:
        """The hidden state before the first character: zeros, (B, D)."""
        return (torch.zeros(batch, self.candidate.recurrent_weights.out_features),)

    def forward(self, x: torch.Tensor, memory: Memory) -> Memory:
        """One character (B, V) and the memory (B, D) to the next memory."""
        (hidden,) = memory
        reset = self.reset_gate(x, hidden)  # (B, D), and so are the next two
        update = self.update_gate(x, hidden)
        candidate = self.candidate(x, hidden, reset)
        return (mix(hidden, update, candidate),)


# --8<-- [end:gru]


class Layer(nn.Module):
    """A cell carried along the time axis."""

    def __init__(self, cell: LSTMCell | GRUCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, inputs: torch.Tensor, memory: Memory) -> Memory:
        """Inputs (B, T, V or D) and the first memory to the memory after every step, (B, T, D) each."""
        memories = []
        for t in range(inputs.shape[1]):
            memory = self.cell(inputs[:, t], memory)  # still one step after the other
            memories.append(memory)
        return tuple(torch.stack(part, dim=1) for part in zip(*memories, strict=True))  # T × (B, D) -> (B, T, D)


class GatedModel(nn.Module):
    """Predicts every next character from the ones before it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.one_hot = OneHot(config.vocabulary)
        widths = [config.vocabulary] + [config.hidden] * (config.layers - 1)
        self.layers = nn.ModuleList(Layer(self.new_cell(width)) for width in widths)
        self.readout = Readout(config.hidden, config.vocabulary)

    def new_cell(self, inputs: int) -> LSTMCell | GRUCell:
        """A cell of the kind that the config asks for."""
        if self.config.kind == "lstm":
            return LSTMCell(inputs, self.config.hidden, self.config.forget_bias)
        return GRUCell(inputs, self.config.hidden)

    def forward(
        self,
        tokens: torch.Tensor,
        memories: list[Memory] | None = None,
    ) -> tuple[torch.Tensor, list[Memory]]:
        """Ids (B, T), and a memory for each layer, to logits (B, T, V) and the memories after every step.

        The memories are a list of L tuples, hidden states first and, for an LSTM, cell states second,
        (B, T, D) each.
        """
        if memories is None:
            memories = [layer.cell.start(tokens.shape[0]) for layer in self.layers]
        states = self.one_hot(tokens)  # (B, T) -> (B, T, V)
        after = []
        for layer, memory in zip(self.layers, memories, strict=True):
            after.append(layer(states, memory))
            states = after[-1][0]  # only the hidden state goes up: (B, T, D)
        return self.readout(states), after  # (B, T, V)


def last(memories: list[Memory]) -> list[Memory]:
    """The memories at the last step: L tuples of (B, T, D) to L tuples of (B, D), to read on from."""
    return [tuple(part[:, -1] for part in memory) for memory in memories]
