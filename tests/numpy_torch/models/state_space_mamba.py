"""A selective state space block: causal depthwise convolution, input-dependent step, scan; linear
attention beside it.
"""

import torch
import torch.nn.functional as F
from torch import nn


class MambaBlock(nn.Module):
    def __init__(self, width, state=4, kernel=4, rank=2):
        super().__init__()
        inner = 2 * width
        self.inner, self.rank, self.state = inner, rank, state
        self.in_proj = nn.Linear(width, inner * 2, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, kernel_size=kernel, groups=inner, padding=kernel - 1)
        self.x_proj = nn.Linear(inner, rank + state * 2, bias=False)
        self.dt_proj = nn.Linear(rank, inner, bias=True)
        A = torch.arange(1, state + 1, dtype=torch.float32).repeat(inner, 1)
        self.A_log = nn.Parameter(torch.log(A))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        _, l, _ = x.shape  # noqa: E741
        x, res = self.in_proj(x).split(split_size=[self.inner, self.inner], dim=-1)
        x = self.conv1d(x.permute(0, 2, 1))[:, :, :l].permute(0, 2, 1)
        x = F.silu(x)
        y = self.ssm(x) * F.silu(res)
        return self.out_proj(y)

    def ssm(self, x):
        delta, B, C = self.x_proj(x).split([self.rank, self.state, self.state], dim=-1)
        delta = F.softplus(self.dt_proj(delta))
        return self.selective_scan(x, delta, -torch.exp(self.A_log.float()), B, C, self.D.float())

    @staticmethod
    def selective_scan(u, delta, A, B, C, D):
        b, length, inner = u.shape
        delta_A = torch.exp(torch.einsum("bld,dn->bldn", delta, A))
        delta_B_u = torch.einsum("bld,bln,bld->bldn", delta, B, u)
        x = torch.zeros((b, inner, A.shape[1]), device=delta_A.device)
        ys = []
        for i in range(length):
            x = delta_A[:, i] * x + delta_B_u[:, i]
            ys.append(torch.einsum("bdn,bn->bd", x, C[:, i, :]))
        return torch.stack(ys, dim=1) + u * D


def parallel_scan(decay, value):
    """x_t = decay_t x_{t-1} + value_t over dim 1 in log2(T) rounds, each doubling the reach."""
    shift = 1
    while shift < decay.shape[1]:
        value = torch.cat([value[:, :shift], value[:, shift:] + decay[:, shift:] * value[:, :-shift]], dim=1)
        decay = torch.cat([decay[:, :shift], decay[:, shift:] * decay[:, :-shift]], dim=1)
        shift *= 2
    return value


class Mamba(nn.Module):
    def __init__(self, vocabulary=17, width=8, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList([MambaBlock(width) for _ in range(layers)])
        self.norms = nn.ModuleList([nn.RMSNorm(width) for _ in range(layers)])
        self.decay = nn.Linear(width, width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.embedding.weight

    def forward(self, tokens):
        x = self.embedding(tokens)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = layer(norm(x)) + x
        x = x + parallel_scan(torch.sigmoid(self.decay(x)), x)
        return self.lm_head(x)


def build(seed):
    torch.manual_seed(seed)
    return Mamba(), torch.randint(17, (4, 13))


def loss(model, tokens):
    return F.cross_entropy(model(tokens[:, :-1]).transpose(1, 2), tokens[:, 1:])


@torch.no_grad()
def outputs(model, tokens):
    decay, value = torch.rand(2, 9, 3), torch.randn(2, 9, 3)
    state, steps = torch.zeros(2, 3), []
    for t in range(9):
        state = decay[:, t] * state + value[:, t]
        steps.append(state)
    difference = parallel_scan(decay, value) - torch.stack(steps, 1)
    return model(tokens), difference.abs().max().item() < 1e-6
