"""An encoder-decoder: one GRU reads a word and sums it up in one vector, another writes phonemes from it.

Source: K. Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder for Statistical Machine
Translation", EMNLP 2014, section 2 and appendix A.

    paper, page              here
    x_t    source symbol     a letter's id, embedded                          (B, E)
    h_t    encoder state     `hidden` in `Encoder`, a row of `states`         (B, D)
    c      summary           `context`, c = tanh(V h_S)                       (B, C)
    s_t    decoder state     `hidden` in `Decoder`, s_0 = tanh(V' c)          (B, D)
    y_t    target symbol     a phoneme's id, embedded                         (B, E)
    r, z   reset, update     gates in `GRUCell`

    B words in a batch, S letters, T phonemes, E embedding width, D hidden units, C width of the summary,
    V symbols on a side.

Where we differ from Cho et al.: letters and phonemes for words; the logits come from the decoder's state alone,
where theirs also saw y_{t-1} and c through a maxout layer; and the reset gate acts on W h, after the matrix, as in
`torch.nn.GRU` (they wrote W (r * h)). The update gate keeps: h_t = (1 - z) * new + z * h_{t-1}, as theirs does.
Reading the source backwards is from I. Sutskever, O. Vinyals and Q. Le, "Sequence to Sequence Learning with Neural
Networks", NeurIPS 2014, section 3.3.
"""

from dataclasses import dataclass

import torch
from torch import nn

from snippets.data.pronunciations import PADDING, SOURCE_SYMBOLS, TARGET_SYMBOLS


@dataclass(frozen=True)
class Config:
    """Sizes: V symbols on each side, width E of an embedding, D of a state and C of the summary.

    With `reverse` the encoder reads the source from its end to its beginning.
    """

    source_symbols: int = len(SOURCE_SYMBOLS)
    target_symbols: int = len(TARGET_SYMBOLS)
    embedding: int = 32
    hidden: int = 112
    summary: int = 64
    reverse: bool = False


# --8<-- [start:cell]
class GRUCell(nn.Module):
    """One step of a gated recurrent unit."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input_weights = nn.Linear(inputs, 3 * hidden)
        self.hidden_weights = nn.Linear(hidden, 3 * hidden)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Input (B, E) and state (B, D) to the next state (B, D)."""
        reset_x, update_x, new_x = self.input_weights(x).chunk(3, dim=-1)  # 3 times (B, D)
        reset_h, update_h, new_h = self.hidden_weights(hidden).chunk(3, dim=-1)  # 3 times (B, D)
        reset = torch.sigmoid(reset_x + reset_h)
        update = torch.sigmoid(update_x + update_h)
        new = torch.tanh(new_x + reset * new_h)
        return (1 - update) * new + update * hidden


# --8<-- [end:cell]


# --8<-- [start:encoder]
class Encoder(nn.Module):
    """Reads the source, one state for each letter."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.source_symbols, config.embedding)
        self.cell = GRUCell(config.embedding, config.hidden)

    def forward(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids (B, S) to a state for each letter, (B, S, D), and the last one, (B, D)."""
        embedded = self.embedding(source)  # (B, S) -> (B, S, E)
        present = (source != PADDING)[:, :, None]  # (B, S, 1)
        hidden = torch.zeros(source.shape[0], self.config.hidden)  # (B, D)
        states = []
        order = list(range(source.shape[1]))
        for t in reversed(order) if self.config.reverse else order:
            updated = self.cell(embedded[:, t], hidden)
            hidden = torch.where(present[:, t], updated, hidden)  # padding changes nothing
            states.append(hidden)
        if self.config.reverse:
            states.reverse()
        return torch.stack(states, dim=1), hidden  # S times (B, D) -> (B, S, D)


# --8<-- [end:encoder]


# --8<-- [start:summary]
class Summary(nn.Module):
    """The bottleneck: all that the decoder will ever know of the source, in C numbers."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.weights = nn.Linear(config.hidden, config.summary)

    def forward(self, last: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.weights(last))  # (B, D) -> (B, C)


# --8<-- [end:summary]


# --8<-- [start:decoder]
class Decoder(nn.Module):
    """Writes the target, one symbol a step, from the summary and what it has written so far."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.first = nn.Linear(config.summary, config.hidden)
        self.embedding = nn.Embedding(config.target_symbols, config.embedding)
        self.cell = GRUCell(config.embedding + config.summary, config.hidden)
        self.readout = nn.Linear(config.hidden, config.target_symbols)

    def start(self, context: torch.Tensor) -> torch.Tensor:
        """The state before the first symbol."""
        return torch.tanh(self.first(context))  # (B, C) -> (B, D)

    def step(
        self, written: torch.Tensor, hidden: torch.Tensor, context: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One symbol: logits (B, V) and the next state (B, D).

        From the symbol written last (B,), the state (B, D) and the summary (B, C).
        """
        embedded = self.embedding(written)  # (B,) -> (B, E)
        x = torch.cat([embedded, context], dim=-1)  # (B, E + C)
        hidden = self.cell(x, hidden)  # (B, D)
        return self.readout(hidden), hidden  # (B, V), (B, D)

    def forward(self, inputs: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Ids to read at each step (B, T) and a summary (B, C) to logits (B, T, V)."""
        hidden, logits = self.start(context), []
        for t in range(inputs.shape[1]):
            scores, hidden = self.step(inputs[:, t], hidden, context)
            logits.append(scores)
        return torch.stack(logits, dim=1)  # T times (B, V) -> (B, T, V)


# --8<-- [end:decoder]


# --8<-- [start:model]
class EncoderDecoder(nn.Module):
    """Source in, target out; between the two nothing but the summary."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.summary = Summary(config)
        self.decoder = Decoder(config)

    def read(self, source: torch.Tensor) -> torch.Tensor:
        """Ids of the source (B, S) to its summary (B, C)."""
        _, last = self.encoder(source)  # (B, S) -> (B, D)
        return self.summary(last)  # (B, D) -> (B, C)

    def forward(self, source: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """Source (B, S) and what the decoder reads (B, T) to logits (B, T, V)."""
        return self.decoder(inputs, self.read(source))


# --8<-- [end:model]
