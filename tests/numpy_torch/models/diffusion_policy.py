"""Diffusion policy: a 1-D convolutional denoiser over a window of actions, conditioned by FiLM, DDPM at
inference.
"""

import torch
import torch.nn.functional as F
from torch import nn


class FiLMBlock(nn.Module):
    def __init__(self, inputs, outputs, condition):
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv1d(inputs, outputs, 3, padding=1), nn.GroupNorm(2, outputs), nn.Mish()
        )
        self.second = nn.Sequential(
            nn.Conv1d(outputs, outputs, 3, padding=1), nn.GroupNorm(2, outputs), nn.Mish()
        )
        self.film = nn.Sequential(nn.Mish(), nn.Linear(condition, outputs * 2), nn.Unflatten(-1, (-1, 1)))
        self.skip = nn.Conv1d(inputs, outputs, 1)

    def forward(self, x, condition):
        out = self.first(x)
        film = self.film(condition)
        scale, bias = film.reshape(film.shape[0], 2, -1, 1).unbind(1)
        return self.second(scale * out + bias) + self.skip(x)


class NoisePredictor(nn.Module):
    def __init__(self, actions=2, observation=5, width=8):
        super().__init__()
        self.time = nn.Embedding(10, 8)
        condition = 8 + observation
        self.down = FiLMBlock(actions, width, condition)
        self.pool = nn.Conv1d(width, width, 3, 2, 1)
        self.middle = FiLMBlock(width, width, condition)
        self.grow = nn.ConvTranspose1d(width, width, 4, 2, 1)
        self.up = FiLMBlock(2 * width, width, condition)
        self.out = nn.Conv1d(width, actions, 1)

    def forward(self, actions, t, observation):
        condition = torch.cat([self.time(t), observation], dim=-1)
        x = self.down(actions.moveaxis(-1, -2), condition)
        h = self.grow(self.middle(self.pool(x), condition))
        return self.out(self.up(torch.cat((h, x), dim=1), condition)).moveaxis(-1, -2)


BETAS = torch.linspace(1e-3, 0.4, 10)
LEVELS = torch.cumprod(1 - BETAS, 0)


def build(seed):
    torch.manual_seed(seed)
    observation = torch.randn(6, 5)
    goal = torch.sign(observation[:, :1])
    actions = goal[:, :, None] * torch.linspace(0, 1, 8)[None, :, None] * torch.tensor([1.0, -0.5])
    return NoisePredictor(), (observation, actions)


def loss(model, batch):
    observation, actions = batch
    torch.manual_seed(8)
    noise = torch.randn_like(actions)
    t = torch.randint(0, 10, (len(actions),))
    level = LEVELS[t][:, None, None]
    noisy = torch.addcmul(level.sqrt() * actions, (1 - level).sqrt(), noise)
    return F.mse_loss(model(noisy, t, observation), noise)


@torch.no_grad()
def outputs(model, batch):
    observation, _ = batch
    torch.manual_seed(3)
    x = torch.randn(6, 8, 2)
    for t in range(9, -1, -1):
        eps = model(x, torch.tensor([t] * 6), observation)
        x = (x - BETAS[t] / torch.sqrt(1 - LEVELS[t]) * eps) / torch.sqrt(1 - BETAS[t])
        if t:
            x = x + BETAS[t].sqrt() * torch.randn_like(x)
    return x, LEVELS
