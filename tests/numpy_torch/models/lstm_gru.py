"""An LSTM and a GRU written out gate by gate, next to the library's layers on the same weights."""

import math

import torch
from torch import Tensor, nn


class LSTMCell(nn.Module):
    """Gates in the order input, forget, candidate, output, as `nn.LSTM` stores them."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Linear(inputs + hidden, 4 * hidden)
        bound = 1 / math.sqrt(hidden)
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)
        with torch.no_grad():
            self.gates.bias[hidden : 2 * hidden].fill_(1.0)

    def forward(self, x: Tensor, memory: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        h, c = memory
        i, f, g, o = self.gates(torch.cat([x, h], dim=-1)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class GRUCell(nn.Module):
    """z keeps the old state; the reset gate acts after the recurrent matrix."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input_weights = nn.Linear(inputs, 3 * hidden)
        self.recurrent_weights = nn.Linear(hidden, 3 * hidden)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        xr, xz, xn = self.input_weights(x).split(h.shape[-1], dim=-1)
        hr, hz, hn = self.recurrent_weights(h).split(h.shape[-1], dim=-1)
        r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
        return torch.lerp((xn + r * hn).tanh(), h, z)


class Readers(nn.Module):
    def __init__(self, inputs=6, hidden=9):
        super().__init__()
        self.cells = nn.ModuleDict({"lstm": LSTMCell(inputs, hidden), "gru": GRUCell(inputs, hidden)})
        self.lstm = nn.LSTM(inputs, hidden, num_layers=2, batch_first=True)
        self.gru = nn.GRU(inputs, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Linear(5 * hidden, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, sequence: Tensor) -> Tensor:
        batch, _, _ = sequence.shape
        h = c = g = sequence.new_zeros(batch, 9)
        for x in sequence.unbind(dim=1):
            h, c = self.cells["lstm"](x, (h, c))
            g = self.cells["gru"](x, g)
        states, (_, memory) = self.lstm(sequence)
        both, _ = self.gru(sequence)
        return self.head(torch.cat([h, g, states[:, -1] + memory[0], both.mean(1)], dim=-1)).squeeze(-1)


def build(seed):
    torch.manual_seed(seed)
    model = Readers()
    sequence = torch.randn(7, 11, 6)
    target = sequence[:, 0, 0] - sequence[:, 5, 1]
    return model, (sequence, target)


def loss(model, batch):
    sequence, target = batch
    return nn.MSELoss()(model(sequence), target)


@torch.no_grad()
def outputs(model, batch):
    sequence, _ = batch
    own, library = model.cells["gru"], nn.GRUCell(6, 9)
    library.weight_ih.copy_(own.input_weights.weight)
    library.weight_hh.copy_(own.recurrent_weights.weight)
    library.bias_ih.copy_(own.input_weights.bias)
    library.bias_hh.copy_(own.recurrent_weights.bias)
    h = torch.zeros(7, 9)
    same = torch.allclose(own(sequence[:, 0], h), library(sequence[:, 0], h), atol=1e-6)
    return model(sequence), same, sum(p.numel() for p in model.parameters() if p.requires_grad)
