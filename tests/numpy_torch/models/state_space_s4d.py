"""S4D: a diagonal state space with complex numbers, run as a long convolution by FFT and as a recurrence."""

import math

import torch
from torch import nn


class S4D(nn.Module):
    def __init__(self, width, state=8, dt_min=0.001, dt_max=0.1):
        super().__init__()
        log_dt = torch.rand(width) * (math.log(dt_max) - math.log(dt_min)) + math.log(dt_min)
        self.log_dt = nn.Parameter(log_dt)
        c = torch.randn(width, state // 2, dtype=torch.cfloat)
        self.c = nn.Parameter(torch.view_as_real(c))
        self.log_a_real = nn.Parameter(torch.log(0.5 * torch.ones(width, state // 2)))
        self.a_imag = nn.Parameter(math.pi * torch.arange(state // 2).float().repeat(width, 1))
        self.d = nn.Parameter(torch.randn(width))

    def discrete(self):
        dt = torch.exp(self.log_dt)
        a = -torch.exp(self.log_a_real) + 1j * self.a_imag
        dt_a = a * dt.unsqueeze(-1)
        c = torch.view_as_complex(self.c) * (torch.exp(dt_a) - 1.0) / a
        return dt_a, c

    def kernel(self, length):
        dt_a, c = self.discrete()
        powers = dt_a.unsqueeze(-1) * torch.arange(length)
        return 2 * torch.einsum("hn,hnl->hl", c, torch.exp(powers)).real

    def forward(self, u):
        length = u.size(-1)
        k = self.kernel(length)
        y = torch.fft.irfft(torch.fft.rfft(u, n=2 * length) * torch.fft.rfft(k, n=2 * length), n=2 * length)
        return y[..., :length] + u * self.d.unsqueeze(-1)

    def recurrence(self, u):
        dt_a, c = self.discrete()
        state, out = torch.zeros(u.size(0), *dt_a.shape, dtype=torch.complex64), []
        for t in range(u.size(-1)):
            state = state * dt_a.exp() + u[:, :, t, None]
            out.append(2 * (state * c).sum(-1).real)
        return torch.stack(out, dim=-1) + u * self.d[:, None]


class Model(nn.Module):
    def __init__(self, width=6, layers=2):
        super().__init__()
        self.lift = nn.Linear(1, width)
        self.layers = nn.ModuleList([S4D(width) for _ in range(layers)])
        self.mix = nn.ModuleList(
            [nn.Sequential(nn.Conv1d(width, 2 * width, 1), nn.GLU(dim=-2)) for _ in range(layers)]
        )
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(layers)])
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        x = self.lift(x).transpose(-1, -2)
        for layer, mix, norm in zip(self.layers, self.mix, self.norms, strict=True):
            z = mix(nn.functional.gelu(layer(x)))
            x = norm((x + z).transpose(-1, -2)).transpose(-1, -2)
        return self.head(x.transpose(-1, -2))


def build(seed):
    torch.manual_seed(seed)
    model = Model()
    x = torch.randn(4, 20, 1)
    return model, (x, x.cumsum(1) / torch.arange(1, 21).view(-1, 1))


def loss(model, batch):
    return nn.functional.smooth_l1_loss(model(batch[0]), batch[1])


@torch.no_grad()
def outputs(model, batch):
    u = torch.randn(2, 6, 15, generator=torch.Generator().manual_seed(1))
    layer = model.layers[0]
    return layer(u), layer.recurrence(u), layer.kernel(10), torch.fft.rfft(layer.kernel(10)).abs()
