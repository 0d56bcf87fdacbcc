"""Sparse experts: top-k routing, dispatch by index_add, capacity by cumsum, load balancing and router
z-loss.
"""

import torch
import torch.nn.functional as F
from torch import nn


class Expert(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.w1, self.w2, self.w3 = (
            nn.Linear(width, inner, bias=False),
            nn.Linear(inner, width, bias=False),
            nn.Linear(width, inner, bias=False),
        )

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class SparseMoE(nn.Module):
    def __init__(self, width=12, inner=16, experts=4, active=2):
        super().__init__()
        self.experts_count, self.active = experts, active
        self.gate = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList([Expert(width, inner) for _ in range(experts)])
        self.shared = Expert(width, inner)
        self.register_buffer("bias", torch.zeros(experts))

    def forward(self, hidden):
        shape = hidden.shape
        x = hidden.view(-1, shape[-1])
        logits = self.gate(x)
        probabilities = F.softmax(logits, dim=1, dtype=torch.float)
        weights, selected = torch.topk(probabilities, self.active, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        out = torch.zeros_like(x)
        mask = F.one_hot(selected, num_classes=self.experts_count).permute(2, 1, 0)
        for index in range(self.experts_count):
            kth, token = torch.where(mask[index])
            if token.numel() == 0:
                continue
            current = self.experts[index](x[None, token].reshape(-1, shape[-1])) * weights[token, kth, None]
            out.index_add_(0, token, current.to(hidden.dtype))
        return (out + self.shared(x)).reshape(shape), logits, selected

    def balance(self, logits, selected):
        share = F.one_hot(selected, self.experts_count).float().sum(dim=1).mean(0)
        return self.experts_count * (share * logits.softmax(-1).mean(0)).sum() / self.active


class Switch(nn.Module):
    """Top-1 with a capacity: what does not fit is dropped; dispatch and combine as one-hot products."""

    def __init__(self, width=12, experts=4):
        super().__init__()
        self.router = nn.Linear(width, experts)
        self.weight = nn.Parameter(torch.randn(experts, width, width) / width**0.5)

    def forward(self, x, capacity=5):
        probability, index = self.router(x).softmax(-1).max(dim=-1)
        chosen = F.one_hot(index, self.weight.size(0))
        place = (chosen.cumsum(dim=0) - 1).mul(chosen).sum(-1)
        kept = place < capacity
        slots = torch.zeros(self.weight.size(0), capacity, x.size(-1)).index_put(
            (index[kept], place[kept]), x[kept]
        )
        worked = torch.bmm(slots, self.weight).relu()
        out = torch.zeros_like(x)
        out[kept] = worked[index[kept], place[kept]] * probability[kept, None]
        return out, kept


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.moe, self.switch, self.head = SparseMoE(), Switch(), nn.Linear(12, 3)

    def forward(self, x):
        mixed, logits, selected = self.moe(x)
        mixed = x + mixed
        single, kept = self.switch(mixed.flatten(0, 1))
        return self.head(mixed + single.view_as(mixed)), logits, selected, kept


def build(seed):
    torch.manual_seed(seed)
    return Model(), (torch.randn(3, 8, 12), torch.randint(3, (3, 8)))


def loss(model, batch):
    x, target = batch
    scores, logits, selected, _ = model(x)
    z = torch.logsumexp(logits, dim=-1).square().mean()
    return (
        F.cross_entropy(scores.flatten(0, 1), target.flatten())
        + 0.01 * model.moe.balance(logits, selected)
        + 1e-3 * z
    )


@torch.no_grad()
def outputs(model, batch):
    scores, _, selected, kept = model(batch[0])
    load = torch.zeros(4).scatter_add_(0, selected.flatten(), torch.ones(selected.numel()))
    model.moe.bias.add_(torch.sign(load.mean() - load), alpha=0.01)
    return scores, selected, kept, load, model.moe.bias, torch.histc(selected.float(), bins=4, min=0, max=3)
