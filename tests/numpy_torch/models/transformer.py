"""The 2017 encoder-decoder from scratch: post-norm, sinusoidal positions, tied embeddings, label
smoothing, warm-up.
"""

import copy
import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

PAD, START = 0, 1


def clones(module, count):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(count)])


class PositionalEncoding(nn.Module):
    def __init__(self, width, dropout, longest=64):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        position = torch.arange(longest).unsqueeze(1)
        frequency = torch.exp(torch.arange(0, width, 2) * -(math.log(10000.0) / width))
        table = torch.zeros(longest, width)
        table[:, 0::2] = torch.sin(position * frequency)
        table[:, 1::2] = torch.cos(position * frequency)
        self.register_buffer("table", table.unsqueeze(0), persistent=False)

    def forward(self, x):
        return self.dropout(x + self.table[:, : x.size(1)].requires_grad_(False))


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.depth = heads, width // heads
        self.projections = clones(nn.Linear(width, width), 4)
        self.dropout = nn.Dropout(p=dropout)
        self.weights = None

    def forward(self, query, key, value, mask):
        batch = query.size(0)
        query, key, value = [
            project(x).view(batch, -1, self.heads, self.depth).transpose(1, 2)
            for project, x in zip(self.projections, (query, key, value), strict=False)
        ]
        scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(self.depth)
        scores = scores.masked_fill(mask == 0, -1e9)
        self.weights = scores.softmax(dim=-1)
        x = torch.matmul(self.dropout(self.weights), value)
        x = x.transpose(1, 2).contiguous().view(batch, -1, self.heads * self.depth)
        return self.projections[-1](x)


class FeedForward(nn.Sequential):
    def __init__(self, width, inner, dropout):
        super().__init__(nn.Linear(width, inner), nn.ReLU(), nn.Dropout(dropout), nn.Linear(inner, width))


class Residual(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, sublayer):
        return self.norm(x + self.dropout(sublayer(x)))


class EncoderLayer(nn.Module):
    def __init__(self, width, heads, inner, dropout):
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.feed_forward = FeedForward(width, inner, dropout)
        self.residuals = clones(Residual(width, dropout), 2)

    def forward(self, x, mask):
        x = self.residuals[0](x, lambda y: self.attention(y, y, y, mask))
        return self.residuals[1](x, self.feed_forward)


class DecoderLayer(nn.Module):
    def __init__(self, width, heads, inner, dropout):
        super().__init__()
        self.self_attention = Attention(width, heads, dropout)
        self.cross_attention = Attention(width, heads, dropout)
        self.feed_forward = FeedForward(width, inner, dropout)
        self.residuals = clones(Residual(width, dropout), 3)

    def forward(self, x, memory, source_mask, target_mask):
        x = self.residuals[0](x, lambda y: self.self_attention(y, y, y, target_mask))
        x = self.residuals[1](x, lambda y: self.cross_attention(y, memory, memory, source_mask))
        return self.residuals[2](x, self.feed_forward)


class Transformer(nn.Module):
    def __init__(self, vocabulary=13, width=16, heads=4, inner=32, layers=2, dropout=0.1):
        super().__init__()
        self.scale = math.sqrt(width)
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = PositionalEncoding(width, dropout)
        self.encoder = clones(EncoderLayer(width, heads, inner, dropout), layers)
        self.decoder = clones(DecoderLayer(width, heads, inner, dropout), layers)
        self.generator = nn.Linear(width, vocabulary, bias=False)
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.xavier_uniform_(weight)
        self.generator.weight = self.embedding.weight

    def encode(self, source):
        mask = (source != PAD)[:, None, None, :]
        x = self.positions(self.embedding(source) * self.scale)
        for layer in self.encoder:
            x = layer(x, mask)
        return x, mask

    def decode(self, target, memory, source_mask):
        length = target.size(-1)
        causal = torch.triu(torch.ones(1, length, length), diagonal=1).type(torch.uint8) == 0
        mask = (target != PAD).unsqueeze(-2).unsqueeze(1) & causal
        x = self.positions(self.embedding(target) * self.scale)
        for layer in self.decoder:
            x = layer(x, memory, source_mask, mask)
        return self.generator(x)

    def forward(self, source, target):
        return self.decode(target, *self.encode(source))


def build(seed):
    torch.manual_seed(seed)
    model = Transformer()
    source = torch.randint(2, 13, (6, 8))
    source[1:3, 6:] = PAD
    start = torch.full((6, 1), START)
    return model, (source, torch.cat((start, source.flip(-1)), dim=-1))


def loss(model, batch):
    source, target = batch
    logits = model(source, target[:, :-1])
    criterion = nn.CrossEntropyLoss(ignore_index=PAD, label_smoothing=0.1)
    return criterion(logits.contiguous().view(-1, logits.size(-1)), target[:, 1:].contiguous().view(-1))


def train(model, batch, optimizer, steps):
    schedule = LambdaLR(optimizer, lambda step: min((step + 1) ** -0.5, (step + 1) * 3**-1.5))
    losses = []
    for _ in range(steps):
        value = loss(model, batch)
        value.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        losses += [value.item(), schedule.get_last_lr()[0]]
    return losses


def outputs(model, batch):
    model.eval()
    with torch.no_grad():
        memory, mask = model.encode(batch[0])
        written = torch.full((batch[0].size(0), 1), START).type_as(batch[0])
        for _ in range(6):
            logits = model.decode(written, memory, mask)
            written = torch.cat([written, logits[:, -1].max(dim=1).indices.unsqueeze(1)], dim=1)
    return memory, written, model.decoder[1].cross_attention.weights
