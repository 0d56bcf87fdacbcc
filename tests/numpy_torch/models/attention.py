"""Additive, multiplicative and scaled dot-product attention over a padded memory."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class AdditiveAttention(nn.Module):
    """Bahdanau's: score = v · tanh(W q + U k)."""

    def __init__(self, width):
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, query, memory, padding):
        scores = self.score(torch.tanh(self.query(query).unsqueeze(2) + self.key(memory).unsqueeze(1)))
        weights = scores.squeeze(-1).masked_fill(padding[:, None], float("-inf")).softmax(dim=-1)
        return weights @ memory, weights


class MultiplicativeAttention(nn.Module):
    """Luong's: score = q · W k."""

    def __init__(self, width):
        super().__init__()
        self.bilinear = nn.Parameter(torch.empty(width, width))
        nn.init.xavier_uniform_(self.bilinear)

    def forward(self, query, memory, padding):
        scores = torch.einsum("btd,de,bse->bts", query, self.bilinear, memory)
        scores[padding[:, None].expand_as(scores)] = -torch.inf
        weights = F.softmax(scores, -1)
        return torch.bmm(weights, memory), weights


class MultiHeadAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        assert width % heads == 0
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))

    def split(self, x):
        B, T, D = x.size()
        return x.view(B, T, self.heads, D // self.heads).transpose(1, 2)

    def forward(self, query, memory, padding):
        q, k, v = self.split(self.q(query)), self.split(self.k(memory)), self.split(self.v(memory))
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        scores = scores.masked_fill(padding[:, None, None, :], torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        mixed = (weights @ v).transpose(1, 2).contiguous().view(*query.shape)
        return self.out(mixed), weights


class Reader(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.additive = AdditiveAttention(width)
        self.multiplicative = MultiplicativeAttention(width)
        self.multi_head = MultiHeadAttention(width, heads=4)
        self.library = nn.MultiheadAttention(width, 4, batch_first=True, dropout=0.1)
        self.out = nn.Linear(4 * width, 3)

    def forward(self, query, memory, padding):
        mixed = [
            kind(query, memory, padding)[0] for kind in (self.additive, self.multiplicative, self.multi_head)
        ]
        mixed.append(self.library(query, memory, memory, key_padding_mask=padding, need_weights=False)[0])
        return self.out(torch.cat(mixed, dim=-1))


def build(seed):
    torch.manual_seed(seed)
    model = Reader()
    memory = torch.randn(4, 7, 16)
    lengths = torch.tensor([7, 3, 5, 1])
    padding = torch.arange(7).expand(4, 7) >= lengths.unsqueeze(1)
    query = torch.randn(4, 5, 16, requires_grad=True)
    return model, {"query": query, "memory": memory, "padding": padding, "target": torch.randint(3, (4, 5))}


def loss(model, batch):
    logits = model(batch["query"], batch["memory"], batch["padding"])
    return F.cross_entropy(logits.movedim(-1, 1), batch["target"])


@torch.no_grad()
def outputs(model, batch):
    model.eval()
    query, memory, padding = batch["query"], batch["memory"], batch["padding"]
    _, weights = model.library(query, memory, memory, key_padding_mask=padding)
    entropy = -(weights * weights.clamp_min(1e-9).log()).sum(-1)
    fused = F.scaled_dot_product_attention(query, memory, memory, attn_mask=~padding[:, None])
    alignments = [kind(query, memory, padding)[1] for kind in (model.additive, model.multiplicative)]
    return weights, entropy, fused, *alignments
