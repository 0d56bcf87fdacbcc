"""Denoising diffusion for 8×8 digits and for points in the plane.

Source: J. Ho, A. Jain and P. Abbeel, "Denoising Diffusion Probabilistic Models" (DDPM), 2020, sections 2 and 3.
Sampler: J. Song, C. Meng and S. Ermon, "Denoising Diffusion Implicit Models" (DDIM), 2020, equation 12.
Cosine schedule: A. Nichol and P. Dhariwal, 2021, equation 17. v: T. Salimans and J. Ho, 2022, appendix D.
Guidance: J. Ho and T. Salimans, "Classifier-Free Diffusion Guidance", 2022.

    paper                        here
    x_0   data                   `x_0`                                    (B, 1, 8, 8) or (B, 2)
    x_t   noised data            `x_t`, the same shape, never the same thing
    ε     noise                  `noise`; what a network thinks it is: `noise_hat`
    β_t   variance of one step   `betas[t - 1]`
    ᾱ_t   share of signal left   `alpha_bar[t]`, with `alpha_bar[0]` = 1, so that t = 0 is the data itself
    σ_t   fresh noise of a step  `fresh_scale`
    η     DDIM's noise level     `eta`: 0 is deterministic, 1 is DDPM

    B images or points, t from 1 to T = 1000, C channels, E width of the embeddings.

Where we differ from DDPM: a far smaller U-Net, with two resolutions and one attention layer; labels, dropped
now and then for guidance; steps may jump from t to any earlier s; no moving average of the weights.
"""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

T = 1000


@dataclass(frozen=True)
class Config:
    """Sizes of the U-Net: C channels at 8×8 and 2C at 4×4, E = `embedding`, and how many labels there are."""

    channels: int = 16
    embedding: int = 48
    groups: int = 8
    labels: int = 10


@dataclass(frozen=True)
class PointConfig:
    """Sizes of the network for points: `layers` residual layers of `width` units."""

    width: int = 48
    layers: int = 3
    embedding: int = 32
    labels: int = 3


# --- noise -------------------------------------------------------------------------------------------------


def linear_schedule(steps: int = T) -> torch.Tensor:
    """ᾱ_0 … ᾱ_T of DDPM: β grows in a straight line from 1e-4 to 0.02. Shape (T + 1,)."""
    betas = torch.linspace(1e-4, 0.02, steps)
    return cumulate(betas)


# --8<-- [start:cosine]
def cosine_schedule(steps: int = T, s: float = 0.008) -> torch.Tensor:
    """ᾱ_0 … ᾱ_T along a squared cosine, β never above 0.999. Shape (T + 1,)."""
    time = torch.arange(steps + 1, dtype=torch.float64) / steps  # from 0 to 1
    level = torch.cos((time + s) / (1 + s) * math.pi / 2) ** 2
    betas = 1 - level[1:] / level[:-1]
    return cumulate(betas.clamp(max=0.999).float())


# --8<-- [end:cosine]


def cumulate(betas: torch.Tensor) -> torch.Tensor:
    """Variances of single steps (T,) to the share of signal left after each, (T + 1,), with 1 in front."""
    return torch.cat([torch.ones(1), torch.cumprod(1 - betas, dim=0)])


SCHEDULES = {"cosine": cosine_schedule, "linear": linear_schedule}


# --8<-- [start:add_noise]
def add_noise(x_0: torch.Tensor, noise: torch.Tensor, alpha_bar_t: torch.Tensor) -> torch.Tensor:
    """x_t from x_0 in one jump. `alpha_bar_t` is one number, or one for each row of the batch."""
    alpha_bar_t = alpha_bar_t.reshape(-1, *[1] * (x_0.dim() - 1))  # (B,) -> (B, 1, …)
    return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * noise


# --8<-- [end:add_noise]


def target(predicts: str, x_0: torch.Tensor, noise: torch.Tensor, alpha_bar_t: torch.Tensor) -> torch.Tensor:
    """What a network that `predicts` "noise", "x_0" or "v" should answer at x_t."""
    if predicts == "noise":
        return noise
    if predicts == "x_0":
        return x_0
    return add_noise(noise, -x_0, alpha_bar_t)  # v = √ᾱ ε − √(1−ᾱ) x_0


# --- sampling ----------------------------------------------------------------------------------------------


# --8<-- [start:estimate]
def estimate(
    predicts: str,
    output: torch.Tensor,
    x_t: torch.Tensor,
    alpha_bar_t: torch.Tensor,
    limit: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the network's output says about the data and about the noise in x_t."""
    signal, spread = alpha_bar_t.sqrt(), (1 - alpha_bar_t).sqrt()
    if predicts == "noise":
        x_0_hat = (x_t - spread * output) / signal
    elif predicts == "x_0":
        x_0_hat = output
    else:
        x_0_hat = signal * x_t - spread * output
    if limit is not None:
        x_0_hat = x_0_hat.clamp(-limit, limit)  # no pixel is darker than ink
    noise_hat = (x_t - signal * x_0_hat) / spread  # so that both still add up to x_t
    return x_0_hat, noise_hat


# --8<-- [end:estimate]


def ddpm_step(
    x_t: torch.Tensor,
    x_0_hat: torch.Tensor,
    fresh: torch.Tensor,
    alpha_bar_t: torch.Tensor,
    alpha_bar_s: torch.Tensor,
) -> torch.Tensor:
    """x_s from x_t for s < t: the mean of q(x_s | x_t, x_0) at the estimated x_0, plus `fresh` noise.

    DDPM, equations 6 and 7, for steps of any length; the variance is the smaller of its two choices.
    """
    beta = 1 - alpha_bar_t / alpha_bar_s  # variance added between s and t
    share = (1 - alpha_bar_s) / (1 - alpha_bar_t)
    mean = alpha_bar_s.sqrt() * beta / (1 - alpha_bar_t) * x_0_hat + (1 - beta).sqrt() * share * x_t
    return mean + (share * beta).sqrt() * fresh


# --8<-- [start:ddim_step]
def ddim_step(
    x_0_hat: torch.Tensor,
    noise_hat: torch.Tensor,
    fresh: torch.Tensor,
    alpha_bar_t: torch.Tensor,
    alpha_bar_s: torch.Tensor,
    eta: float = 0.0,
) -> torch.Tensor:
    """x_s for s < t: the estimated data, noised again to level s."""
    fresh_scale = eta * ((1 - alpha_bar_s) / (1 - alpha_bar_t) * (1 - alpha_bar_t / alpha_bar_s)).sqrt()
    kept_scale = (1 - alpha_bar_s - fresh_scale**2).clamp(min=0).sqrt()
    return alpha_bar_s.sqrt() * x_0_hat + kept_scale * noise_hat + fresh_scale * fresh


# --8<-- [end:ddim_step]


# --8<-- [start:guide]
def guide(with_label: torch.Tensor, without_label: torch.Tensor, scale: float) -> torch.Tensor:
    """0 ignores the label, 1 is the plain conditional answer, more exaggerates."""
    return without_label + scale * (with_label - without_label)


# --8<-- [end:guide]


def times(steps: int, first: int = T) -> list[int]:
    """`steps` + 1 moments from `first` down to 0, evenly spaced."""
    return [round(first * (steps - i) / steps) for i in range(steps + 1)]


# --8<-- [start:sample]
@torch.no_grad()
def sample(
    model: nn.Module,
    start: torch.Tensor,
    label: torch.Tensor,
    alpha_bar: torch.Tensor,
    moments: list[int],
    generator: torch.Generator,
    *,
    predicts: str = "v",
    eta: float = 0.0,
    scale: float = 1.0,
    limit: float | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """From noise down the `moments`: every x_t, from `start` to the sample, and every estimate of x_0."""
    x_t, path, estimates = start, [start], []
    for t, s in itertools.pairwise(moments):
        when = torch.full((len(x_t),), t)
        output = model(x_t, when, label)
        if scale != 1:
            nothing = torch.full_like(label, model.config.labels)
            output = guide(output, model(x_t, when, nothing), scale)
        x_0_hat, noise_hat = estimate(predicts, output, x_t, alpha_bar[t], limit)
        fresh = torch.randn(x_t.shape, generator=generator)
        x_t = ddim_step(x_0_hat, noise_hat, fresh, alpha_bar[t], alpha_bar[s], eta)
        path.append(x_t)
        estimates.append(x_0_hat)
    return path, estimates


# --8<-- [end:sample]


# --- the networks ------------------------------------------------------------------------------------------


class TimeEmbedding(nn.Module):
    """How noisy the input is: t as sines and cosines of many frequencies, then two linear layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def waves(self, t: torch.Tensor) -> torch.Tensor:
        half = self.width // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half) / half)
        angles = t.float()[:, None] * frequencies  # (B,) -> (B, E/2)
        return torch.cat([angles.sin(), angles.cos()], dim=1)  # (B, E)

    def forward(self, t: torch.Tensor) -> torch.Tensor:
        return self.second(F.silu(self.first(self.waves(t))))  # (B,) -> (B, E)


class ResidualBlock(nn.Module):
    """Two convolutions around a shortcut; time and label shift the channels in between."""

    def __init__(self, inputs: int, outputs: int, embedding: int, groups: int) -> None:
        super().__init__()
        self.first_norm = nn.GroupNorm(groups, inputs)
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.shift = nn.Linear(embedding, outputs)
        self.second_norm = nn.GroupNorm(groups, outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        h = self.first(F.silu(self.first_norm(x)))  # (B, inputs, H, W) -> (B, outputs, H, W)
        h = h + self.shift(F.silu(condition))[:, :, None, None]  # (B, E) -> (B, outputs, 1, 1)
        h = self.second(F.silu(self.second_norm(h)))
        return self.shortcut(x) + h


class SelfAttention(nn.Module):
    """Every place of the image looks at every other; one head, places as tokens."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels)
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.output = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.norm(x).flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, H W, C)
        queries, keys, values = self.queries_keys_values(tokens).chunk(3, dim=-1)  # (B, H W, C) each
        scores = queries @ keys.transpose(1, 2) / math.sqrt(x.shape[1])  # (B, H W, H W)
        mixed = self.output(torch.softmax(scores, dim=-1) @ values)  # over the keys; (B, H W, C)
        return x + mixed.transpose(1, 2).reshape(x.shape)  # (B, H W, C) -> (B, C, H, W)


# --8<-- [start:unet]
class UNet(nn.Module):
    """Image, time and label in, an image out. The label after the last means: none."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        C, E, groups = config.channels, config.embedding, config.groups
        self.time = TimeEmbedding(E)
        self.label = nn.Embedding(config.labels + 1, E)
        self.enter = nn.Conv2d(1, C, 3, padding=1)
        self.down = ResidualBlock(C, C, E, groups)
        self.shrink = nn.Conv2d(C, 2 * C, 3, stride=2, padding=1)
        self.middle = ResidualBlock(2 * C, 2 * C, E, groups)
        self.attention = SelfAttention(2 * C, groups)
        self.middle_again = ResidualBlock(2 * C, 2 * C, E, groups)
        self.grow = nn.Conv2d(2 * C, C, 3, padding=1)
        self.up = ResidualBlock(2 * C, C, E, groups)
        self.leave = nn.Sequential(nn.GroupNorm(groups, C), nn.SiLU(), nn.Conv2d(C, 1, 3, padding=1))

    def forward(self, x_t: torch.Tensor, t: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        condition = self.time(t) + self.label(label)  # (B,) and (B,) -> (B, E)
        fine = self.down(self.enter(x_t), condition)  # (B, 1, 8, 8) -> (B, C, 8, 8)
        h = self.shrink(fine)  # (B, C, 8, 8) -> (B, 2C, 4, 4)
        h = self.middle(h, condition)
        h = self.attention(h)
        h = self.middle_again(h, condition)
        h = self.grow(F.interpolate(h, scale_factor=2.0))  # (B, 2C, 4, 4) -> (B, C, 8, 8)
        h = self.up(torch.cat([h, fine], dim=1), condition)  # (B, 2C, 8, 8) -> (B, C, 8, 8)
        return self.leave(h)  # (B, C, 8, 8) -> (B, 1, 8, 8)


# --8<-- [end:unet]


class PointDenoiser(nn.Module):
    """The same task for points in the plane: residual layers instead of a U-Net."""

    def __init__(self, config: PointConfig) -> None:
        super().__init__()
        self.config = config
        W, E = config.width, config.embedding
        self.time = TimeEmbedding(E)
        self.label = nn.Embedding(config.labels + 1, E)
        self.enter = nn.Linear(2, W)
        self.shifts = nn.ModuleList(nn.Linear(E, W) for _ in range(config.layers))
        self.firsts = nn.ModuleList(nn.Linear(W, W) for _ in range(config.layers))
        self.seconds = nn.ModuleList(nn.Linear(W, W) for _ in range(config.layers))
        self.leave = nn.Linear(W, 2)

    def forward(self, x_t: torch.Tensor, t: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        condition = F.silu(self.time(t) + self.label(label))  # (B,) and (B,) -> (B, E)
        h = self.enter(x_t)  # (B, 2) -> (B, W)
        for shift, first, second in zip(self.shifts, self.firsts, self.seconds, strict=True):
            h = h + second(F.silu(first(F.silu(h)) + shift(condition)))
        return self.leave(F.silu(h))  # (B, W) -> (B, 2)
