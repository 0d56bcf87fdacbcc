"""How strongly a memory depends on an earlier one, in a plain, an LSTM and a GRU cell: the Jacobian by autograd."""

import torch

from snippets.lstm_gru.model import GRUCell, LSTMCell, Memory
from snippets.rnn.model import Cell


def advance(cell: Cell | LSTMCell | GRUCell, x: torch.Tensor, memory: Memory) -> Memory:
    """One step of any of the three cells; the plain one carries its hidden state alone."""
    return (cell(x, *memory),) if isinstance(cell, Cell) else cell(x, memory)


def start(cell: Cell | LSTMCell | GRUCell, batch: int) -> Memory:
    """The empty memory of any of the three cells."""
    return (torch.zeros(batch, cell.recurrent_weights.out_features),) if isinstance(cell, Cell) else cell.start(batch)


# --8<-- [start:gradient_by_distance]
def gradient_by_distance(
    cell: Cell | LSTMCell | GRUCell,
    inputs: torch.Tensor,
    probes: int = 16,
) -> torch.Tensor:
    """Size of ∂c_T/∂c_{T-k} for k = 0 … T - 1, (T,), for inputs (T, V).

    c is what the cell carries on: an LSTM's cell state, the hidden state of
    the others. The size is the root mean square of the Jacobian's singular
    values, estimated from P = `probes` random directions at c_T.
    """
    memory = start(cell, probes)  # the sequence is run once for each probe
    carried = []
    for x in inputs:
        memory = advance(cell, x, memory)  # (P, D)
        carried.append(memory[-1])
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(carried[-1].shape, generator=generator)  # (P, D)
    asked = (carried[-1] * directions).sum()
    rows = torch.autograd.grad(asked, carried)  # T times (P, D)
    sizes = torch.stack([(row**2).sum().sqrt() for row in rows])  # (T,)
    return sizes.flip(0) / sizes[-1]  # distance 0 first


# --8<-- [end:gradient_by_distance]
