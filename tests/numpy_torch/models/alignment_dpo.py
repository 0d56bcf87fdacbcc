"""DPO against a frozen copy of the policy; KTO's and GRPO's losses on the same log probabilities; LoRA
adapters.
"""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank: int = 2, alpha: float = 4.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(rank, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scaling = alpha / rank
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + (x @ self.A.T @ self.B.T) * self.scaling

    @torch.no_grad()
    def merged(self):
        out = copy.deepcopy(self.base)
        out.weight += self.scaling * self.B @ self.A
        return out


class Policy(nn.Module):
    def __init__(self, vocabulary=14, width=16):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.mix = nn.Conv1d(width, width, 3)
        self.inner = nn.Linear(width, width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        x = self.embed(tokens).mT
        x = F.gelu(self.mix(F.pad(x, (2, 0))).mT)
        return self.head(x + self.inner(x).relu())


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.policy = Policy()
        self.reference = copy.deepcopy(self.policy).eval()
        for p in self.reference.parameters():
            p.requires_grad_(False)
        self.policy.inner = LoRALinear(self.policy.inner)
        self.policy.head = LoRALinear(self.policy.head)

    def log_probabilities(self, model, tokens, mask):
        logits = model(tokens[:, :-1])
        picked = torch.gather(logits.log_softmax(-1), dim=2, index=tokens[:, 1:].unsqueeze(2)).squeeze(2)
        return (picked * mask[:, 1:]).sum(-1)


def build(seed):
    torch.manual_seed(seed)
    model = Pair()
    prompt = torch.randint(14, (5, 3))
    chosen, rejected = (torch.cat([prompt, torch.randint(14, (5, 4))], 1) for _ in range(2))
    mask = (torch.arange(7) >= 3).float().expand(5, 7)
    return model, (chosen, rejected, mask)


def terms(model, batch, beta):
    chosen, rejected, mask = batch
    both = torch.cat([chosen, rejected], dim=0)
    masks = torch.cat([mask, mask], dim=0)
    policy = model.log_probabilities(model.policy, both, masks)
    with torch.no_grad():
        reference = model.log_probabilities(model.reference, both, masks)
    return (beta * (policy - reference)).split(len(chosen))


def loss(model, batch, beta=0.3):
    better, worse = terms(model, batch, beta)
    dpo = -F.logsigmoid(better - worse).mean()
    baseline = torch.cat([better, worse]).mean().clamp(min=0).detach()
    kto = (1 - torch.sigmoid(better - baseline)).mean() + (1 - torch.sigmoid(baseline - worse)).mean()
    rewards = torch.tensor([1.0, 0.0, 0.5, 1.0, 0.0])
    advantage = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
    grpo = -(torch.exp(better - better.detach()) * advantage).mean()
    return dpo + 0.5 * kto + 0.1 * grpo


def outputs(model, batch):
    with torch.no_grad():
        better, worse = terms(model, batch, 1.0)
        merged = model.policy.inner.merged()
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    return better - worse, merged.weight, names
