"""Diffusion on two-dimensional points: v-prediction, min-SNR weights, an exponential moving average of
the weights.
"""

import copy

import torch
from torch import nn


class Fourier(nn.Module):
    def __init__(self, count, scale=4.0):
        super().__init__()
        self.register_buffer("frequencies", torch.randn(count) * scale)

    def forward(self, t):
        angles = 2 * torch.pi * t[:, None] * self.frequencies[None]
        return torch.cat([angles.sin(), angles.cos()], dim=1)


class Denoiser(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.time = Fourier(8)
        self.net = nn.Sequential(
            nn.Linear(2 + 16, width), nn.SiLU(), nn.Linear(width, width), nn.Softplus(), nn.Linear(width, 2)
        )

    def forward(self, x, t):
        return self.net(torch.cat([x, self.time(t)], dim=-1))


@torch.no_grad()
def update_average(average, model, decay=0.9):
    for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
        slow.lerp_(fast, 1 - decay)
    for slow, fast in zip(average.buffers(), model.buffers(), strict=True):
        slow.copy_(fast)


def signal_and_noise(t):
    return torch.cos(t * torch.pi / 2), torch.sin(t * torch.pi / 2)


def moons(count, generator):
    angle = torch.rand(count, generator=generator) * torch.pi
    upper = torch.stack([angle.cos(), angle.sin()], dim=1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], dim=1)
    which = torch.arange(count)[:, None] % 2 == 0
    return torch.where(which, upper, lower) + 0.05 * torch.randn(count, 2, generator=generator)


def build(seed):
    torch.manual_seed(seed)
    return Denoiser(), moons(40, torch.Generator().manual_seed(seed))


def loss(model, x0):
    generator = torch.Generator().manual_seed(9)
    t = torch.rand(len(x0), generator=generator).clamp(0.02, 0.98)
    signal, noise = (s[:, None] for s in signal_and_noise(t))
    eps = torch.randn(x0.shape, generator=generator)
    velocity = signal * eps - noise * x0
    ratio = (signal / noise).square().squeeze(1)
    weight = torch.minimum(ratio, torch.tensor(5.0)) / (ratio + 1)
    error = nn.functional.mse_loss(model(signal * x0 + noise * eps, t), velocity, reduction="none").mean(-1)
    return (weight * error).mean()


def train(model, x0, optimizer, steps):
    average = copy.deepcopy(model).eval().requires_grad_(False)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(model, x0)
        value.backward()
        optimizer.step()
        cosine.step()
        update_average(average, model)
        losses.append(value.item())
    with torch.no_grad():
        losses.append(average(x0, torch.full((len(x0),), 0.5)).abs().mean().item())
    return losses


@torch.no_grad()
def outputs(model, x0):
    torch.manual_seed(21)
    x, path = torch.randn(16, 2), []
    for t in torch.linspace(0.98, 0.02, 8):
        signal, noise = signal_and_noise(t)
        v = model(x, t.repeat(16))
        clean, eps = signal * x - noise * v, noise * x + signal * v
        after = t - 0.12
        x = signal_and_noise(after)[0] * clean + signal_and_noise(after)[1] * eps
        path.append(x)
    grid = torch.stack(
        torch.meshgrid(torch.linspace(-1, 1, 4), torch.linspace(-1, 1, 3), indexing="ij"), dim=-1
    )
    return torch.stack(path), model(grid.reshape(-1, 2), torch.zeros(12)), torch.cdist(x, x0).min(dim=1)
