"""A Bradley-Terry reward model on a pooled encoder, then one PPO step of a policy with a KL penalty and
GAE.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical


class Backbone(nn.Module):
    def __init__(self, vocabulary=12, width=12):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.gru = nn.GRU(width, width, batch_first=True)

    def forward(self, tokens):
        return self.gru(self.embedding(tokens))[0]


class RewardModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Backbone()
        self.score = nn.Linear(12, 1, bias=False)

    def forward(self, tokens, lengths):
        scores = self.score(self.backbone(tokens)).squeeze(-1)
        return scores.gather(1, (lengths - 1)[:, None]).squeeze(1)


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Backbone()
        self.policy = nn.Linear(12, 12)
        self.value = nn.Linear(12, 1)

    def forward(self, tokens):
        x = self.backbone(tokens)
        return Categorical(logits=self.policy(x)), self.value(x).squeeze(-1)


class Aligned(nn.Module):
    def __init__(self):
        super().__init__()
        self.reward, self.actor, self.reference = RewardModel(), Actor(), Actor()
        self.reference.load_state_dict(self.actor.state_dict())
        self.reference.requires_grad_(False)


def advantages(rewards, values, discount=1.0, mix=0.95):
    out, running = torch.empty_like(rewards), 0.0
    for t in range(rewards.size(1) - 1, -1, -1):
        after = values[:, t + 1] if t + 1 < values.size(1) else torch.zeros(len(values))
        running = rewards[:, t] + discount * after - values[:, t] + discount * mix * running
        out[:, t] = running
    return out


def build(seed):
    torch.manual_seed(seed)
    model = Aligned()
    chosen, rejected = torch.randint(12, (2, 6, 7)).unbind(0)
    lengths = torch.randint(3, 8, (6,))
    return model, {"chosen": chosen, "rejected": rejected, "lengths": lengths, "margin": torch.rand(6)}


def loss(model, batch):
    better = model.reward(batch["chosen"], batch["lengths"])
    worse = model.reward(batch["rejected"], batch["lengths"])
    ranking = -F.logsigmoid(better - worse - batch["margin"]).mean()
    tokens = batch["chosen"]
    policy, value = model.actor(tokens[:, :-1])
    with torch.no_grad():
        old, old_value = model.reference(tokens[:, :-1])
        rewards = -0.1 * (policy.log_prob(tokens[:, 1:]) - old.log_prob(tokens[:, 1:]))
        rewards[:, -1] += better
        advantage = advantages(rewards, old_value)
        returns = advantage + old_value
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    ratio = torch.exp(policy.log_prob(tokens[:, 1:]) - old.log_prob(tokens[:, 1:]))
    clipped = torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    return ranking - clipped + 0.5 * F.mse_loss(value, returns) - 0.01 * policy.entropy().mean()


def outputs(model, batch):
    with torch.no_grad():
        policy, value = model.actor(batch["chosen"])
        old, _ = model.reference(batch["rejected"])
        divergence = torch.distributions.kl_divergence(policy, old)
        torch.manual_seed(40)
        drawn = policy.sample()
    accuracy = model.reward(batch["chosen"], batch["lengths"]) > model.reward(
        batch["rejected"], batch["lengths"]
    )
    return divergence, drawn, policy.probs, value, accuracy
