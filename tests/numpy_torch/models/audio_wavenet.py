"""WaveNet: mu-law, dilated causal convolutions with gates, residual and skip paths, sample by sample
generation.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

LEVELS = 32


def mu_law(x, levels=LEVELS):
    mu = levels - 1
    compressed = torch.sign(x) * torch.log1p(mu * torch.abs(x)) / math.log1p(mu)
    return ((compressed + 1) / 2 * mu + 0.5).to(torch.int64)


def undo_mu_law(codes, levels=LEVELS):
    mu = levels - 1
    y = 2 * codes.float() / mu - 1
    return y.sign() * torch.expm1(y.abs() * math.log1p(mu)) / mu


class CausalConv(nn.Conv1d):
    def __init__(self, inputs, outputs, kernel, dilation=1):
        super().__init__(inputs, outputs, kernel, dilation=dilation)
        self.left = (kernel - 1) * dilation

    def forward(self, x):
        return super().forward(F.pad(x, (self.left, 0)))


class WaveNet(nn.Module):
    def __init__(self, channels=8, dilations=(1, 2, 4)):
        super().__init__()
        self.first = nn.utils.parametrizations.weight_norm(nn.Conv1d(LEVELS, channels, 1))
        self.filters = nn.ModuleList(CausalConv(channels, 2 * channels, 2, d) for d in dilations)
        self.residuals = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in dilations)
        self.skips = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in dilations)
        self.last = nn.Sequential(
            nn.ReLU(), nn.Conv1d(channels, channels, 1), nn.ReLU(), nn.Conv1d(channels, LEVELS, 1)
        )

    def forward(self, codes):
        x = self.first(F.one_hot(codes, LEVELS).float().transpose(1, 2))
        total = 0
        for conv, residual, skip in zip(self.filters, self.residuals, self.skips, strict=True):
            a, b = conv(x).chunk(2, dim=1)
            gated = torch.tanh(a) * torch.sigmoid(b)
            total = total + skip(gated)
            x = x + residual(gated)
        return self.last(total)


def build(seed):
    torch.manual_seed(seed)
    t = torch.arange(40) / 40
    waves = torch.stack([torch.sin(2 * math.pi * f * t) * torch.exp(-t) for f in (2.0, 3.0, 5.0)])
    return WaveNet(), mu_law(waves * 0.9)


def loss(model, codes):
    return F.cross_entropy(model(codes[:, :-1]), codes[:, 1:])


@torch.no_grad()
def outputs(model, codes):
    torch.manual_seed(2)
    made = codes[:1, :4]
    for _ in range(8):
        logits = model(made)[0, :, -1]
        drawn = torch.distributions.Categorical(logits=logits).sample()
        made = torch.cat([made, drawn.view(1, 1)], dim=1)
    return made, undo_mu_law(codes), model(codes)
