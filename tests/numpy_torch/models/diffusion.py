"""DDPM on small images: a U-Net with GroupNorm, time embedding and a bottleneck of attention; DDPM and
DDIM samplers.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

STEPS = 20


class TimeEmbedding(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.width = width
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t):
        half = self.width // 2
        frequency = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / (half - 1))
        angles = t[:, None].float() * frequency[None, :]
        return self.mlp(torch.cat((angles.sin(), angles.cos()), dim=-1))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, time):
        super().__init__()
        self.norm1 = nn.GroupNorm(4, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, 2 * outputs)
        self.norm2 = nn.GroupNorm(4, outputs, affine=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x, time):
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.time(F.silu(time))[..., None, None].chunk(2, dim=1)
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        return h + self.skip(x)


class SpatialAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = (y.reshape(b, c, h * w) for y in self.qkv(self.norm(x)).chunk(3, dim=1))
        weights = torch.einsum("bcq,bck->bqk", q, k).mul_(c**-0.5).softmax(-1)
        return x + self.out(torch.einsum("bqk,bck->bcq", weights, v).view(b, c, h, w))


class UNet(nn.Module):
    def __init__(self, channels=8, time=16, classes=3):
        super().__init__()
        self.time = TimeEmbedding(time)
        self.label = nn.Embedding(classes + 1, time)
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.down1 = ResidualBlock(channels, channels, time)
        self.shrink = nn.Conv2d(channels, channels, 4, stride=2, padding=1)
        self.middle = nn.ModuleList(
            [ResidualBlock(channels, 2 * channels, time), SpatialAttention(2 * channels)]
        )
        self.grow = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(2 * channels, channels, 3, padding=1)
        )
        self.up1 = ResidualBlock(2 * channels, channels, time)
        self.last = nn.Sequential(nn.GroupNorm(4, channels), nn.SiLU(), nn.Conv2d(channels, 1, 3, padding=1))

    def forward(self, x, t, label):
        time = self.time(t) + self.label(label)
        skip = self.down1(self.first(x), time)
        h = self.middle[1](self.middle[0](self.shrink(skip), time))
        return self.last(self.up1(torch.cat([self.grow(h), skip], dim=1), time))


def cosine_schedule(steps, s=0.008):
    t = torch.linspace(0, steps, steps + 1, dtype=torch.float64) / steps
    level = torch.cos((t + s) / (1 + s) * math.pi * 0.5) ** 2
    level = level / level[0]
    return torch.clip(1 - level[1:] / level[:-1], 0, 0.999).float()


class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = UNet()
        betas = cosine_schedule(STEPS)
        self.register_buffer("betas", betas)
        self.register_buffer("levels", torch.cumprod(1.0 - betas, dim=0))

    def noised(self, x0, t, noise):
        level = self.levels.gather(-1, t).view(-1, 1, 1, 1)
        return level.sqrt() * x0 + (1 - level).sqrt() * noise

    @torch.no_grad()
    def ddpm(self, label, generator):
        x = torch.randn(len(label), 1, 8, 8, generator=generator)
        previous = F.pad(self.levels[:-1], (1, 0), value=1.0)
        for t in reversed(range(STEPS)):
            when = torch.full((len(label),), t, dtype=torch.long)
            with_label, without = self.model(
                x.repeat(2, 1, 1, 1), when.repeat(2), torch.cat([label, torch.full_like(label, 3)])
            ).chunk(2)
            noise = without + 2.0 * (with_label - without)
            mean = (x - self.betas[t] / (1 - self.levels[t]).sqrt() * noise) / (1 - self.betas[t]).sqrt()
            variance = self.betas[t] * (1 - previous[t]) / (1 - self.levels[t])
            x = mean + variance.sqrt() * torch.randn(x.shape, generator=generator) if t > 0 else mean
        return x

    @torch.no_grad()
    def ddim(self, x, label, count):
        times = torch.linspace(STEPS - 1, 0, count).round().long()
        for now, later in zip(times, [*times[1:], None], strict=True):
            noise = self.model(x, now.expand(len(x)), label)
            x0 = ((x - (1 - self.levels[now]).sqrt() * noise) / self.levels[now].sqrt()).clamp(-1, 1)
            level = self.levels[later] if later is not None else torch.tensor(1.0)
            x = level.sqrt() * x0 + (1 - level).sqrt() * noise
        return x


def build(seed):
    torch.manual_seed(seed)
    model = Diffusion()
    return model, {"images": torch.rand(6, 1, 8, 8) * 2 - 1, "labels": torch.tensor([0, 1, 2, 0, 1, 3])}


def loss(model, batch):
    generator = torch.Generator().manual_seed(3)
    images = batch["images"]
    t = torch.randint(0, STEPS, (images.shape[0],), generator=generator).long()
    noise = torch.randn(images.shape, generator=generator)
    return F.mse_loss(model.model(model.noised(images, t, noise), t, batch["labels"]), noise)


def outputs(model, batch):
    generator = torch.Generator().manual_seed(4)
    label = torch.tensor([0, 2])
    return (
        model.levels,
        model.ddpm(label, generator),
        model.ddim(torch.randn(2, 1, 8, 8, generator=generator), label, 4),
    )
