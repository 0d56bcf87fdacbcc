"""RSSM: a deterministic GRU path and a stochastic path, balanced KL, imagination, lambda returns, CEM
planning.
"""

import torch
import torch.distributions as D
import torch.nn.functional as F
from torch import nn


class RSSM(nn.Module):
    def __init__(self, observation=5, action=2, deterministic=12, stochastic=4):
        super().__init__()
        self.deterministic, self.stochastic, self.action = deterministic, stochastic, action
        self.cell = nn.GRUCell(stochastic + action, deterministic)
        self.prior = nn.Sequential(nn.Linear(deterministic, 16), nn.ELU(), nn.Linear(16, 2 * stochastic))
        self.posterior = nn.Sequential(
            nn.Linear(deterministic + observation, 16), nn.ELU(), nn.Linear(16, 2 * stochastic)
        )
        self.decoder = nn.Linear(deterministic + stochastic, observation)
        self.reward = nn.Linear(deterministic + stochastic, 1)

    @staticmethod
    def normal(statistics):
        mean, std = statistics.chunk(2, -1)
        return D.Independent(D.Normal(mean, F.softplus(std) + 0.1), 1)

    def start(self, batch):
        return torch.zeros(batch, self.deterministic), torch.zeros(batch, self.stochastic)

    def observe(self, observations, actions):
        h, z = self.start(len(observations))
        priors, posteriors, features = [], [], []
        for t in range(observations.shape[1]):
            h = self.cell(torch.cat([z, actions[:, t]], -1), h)
            priors.append(self.prior(h))
            posteriors.append(self.posterior(torch.cat([h, observations[:, t]], -1)))
            z = self.normal(posteriors[-1]).rsample()
            features.append(torch.cat([h, z], -1))
        return torch.stack(priors, 1), torch.stack(posteriors, 1), torch.stack(features, 1)

    def imagine(self, h, z, actions):
        features = []
        for action in actions.unbind(1):
            h = self.cell(torch.cat([z, action], -1), h)
            z = self.normal(self.prior(h)).mean
            features.append(torch.cat([h, z], -1))
        return torch.stack(features, 1)


def balanced_kl(model, priors, posteriors, alpha=0.8, free=0.5):
    towards = D.kl_divergence(model.normal(posteriors.detach()), model.normal(priors))
    away = D.kl_divergence(model.normal(posteriors), model.normal(priors.detach()))
    return alpha * towards.mean().clamp(min=free) + (1 - alpha) * torch.max(away.mean(), torch.tensor(free))


def lambda_returns(reward, value, discount=0.9, mix=0.95):
    out, last = torch.zeros_like(reward), value[:, -1]
    for t in reversed(range(reward.shape[1])):
        last = reward[:, t] + discount * ((1 - mix) * value[:, t] + mix * last)
        out[:, t] = last
    return out


@torch.no_grad()
def plan(model, generator, horizon=4, candidates=16, elites=4):
    """Cross-entropy method: keep the best plans, refit, repeat."""
    mean, std = torch.zeros(horizon, 2), torch.ones(horizon, 2)
    for _ in range(3):
        plans = (mean + std * torch.randn(candidates, horizon, 2, generator=generator)).clamp_(-1, 1)
        h, z = model.start(candidates)
        score = model.reward(model.imagine(h, z, plans)).sum(dim=(1, 2))
        best = plans[score.topk(elites).indices]
        mean, std = best.mean(0), best.std(0, unbiased=False)
    return mean, std


def build(seed):
    torch.manual_seed(seed)
    return RSSM(), (torch.randn(4, 6, 5), torch.rand(4, 6, 2) * 2 - 1, torch.randn(4, 6, 1))


def loss(model, batch):
    observations, actions, rewards = batch
    torch.manual_seed(15)
    priors, posteriors, features = model.observe(observations, actions)
    likelihood = D.Independent(D.Normal(model.decoder(features), 1.0), 1).log_prob(observations).mean()
    reward = F.mse_loss(model.reward(features), rewards)
    return -likelihood + reward + balanced_kl(model, priors, posteriors)


def outputs(model, batch):
    with torch.no_grad():
        h, z = model.start(4)
        dream = model.decoder(model.imagine(h, z, batch[1]))
    value = torch.arange(24.0).reshape(4, 6) / 10
    return dream, lambda_returns(batch[2][..., 0], value), *plan(model, torch.Generator().manual_seed(6))
