"""How strongly a memory depends on an earlier one: the Jacobian through time, by autograd."""

import torch

from snippets.rnn.model import Cell, step


# --8<-- [start:gradient_by_distance]
def gradient_by_distance(cell: Cell, inputs: torch.Tensor) -> torch.Tensor:
    """Size of ∂h_T/∂h_{T-k} for k = 0 … T - 1, (T,), for one sequence of inputs (T, V).

    The size is the root mean square of the Jacobian's singular values: how much longer or
    shorter a small change of h_{T-k} has become, on average over directions, at h_T.
    """
    D = cell.recurrent_weights.weight.shape[0]
    hidden = torch.zeros(D, D)  # the sequence is run D times, once for each unit of h_T
    states = []
    for x in inputs:
        hidden = step(x, hidden, cell.input_weights, cell.recurrent_weights)  # (D, D)
        states.append(hidden.requires_grad_())
    asked = (states[-1] * torch.eye(D)).sum()  # row i asks for unit i alone
    rows = torch.autograd.grad(asked, states)  # T times (D, D): row i is the gradient of h_T[i]
    sizes = torch.stack([(row**2).sum().sqrt() for row in rows]) / D**0.5  # (T,)
    return sizes.flip(0)


# --8<-- [end:gradient_by_distance]
