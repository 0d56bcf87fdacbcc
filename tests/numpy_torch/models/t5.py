"""Text to text: relative position buckets, span corruption with sentinels, unscaled attention, RMS-style
norm.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

PAD, EOS, SENTINEL = 0, 1, 39  # sentinels count down from 39


def corrupt(tokens, spans):
    """Replace each (start, stop) by a sentinel; the target lists the sentinels, what they hid, and a last
    one.
    """
    source, target, position = [], [], 0
    for index, (start, stop) in enumerate(spans):
        mark = torch.tensor([SENTINEL - index])
        source += [tokens[position:start], mark]
        target += [mark, tokens[start:stop]]
        position = stop
    source += [tokens[position:], torch.tensor([EOS])]
    target += [torch.tensor([SENTINEL - len(spans), EOS])]
    return torch.cat(source), torch.cat(target)


def buckets(relative, bidirectional, count=8, longest=20):
    """Half the buckets for near distances one by one, the rest for far ones logarithmically."""
    bucket = torch.zeros_like(relative)
    if bidirectional:
        count //= 2
        bucket += (relative > 0).to(torch.long) * count
        relative = torch.abs(relative)
    else:
        relative = -torch.min(relative, torch.zeros_like(relative))
    exact = count // 2
    far = exact + (torch.log(relative.float() / exact) / math.log(longest / exact) * (count - exact)).to(
        torch.long
    )
    far = torch.min(far, torch.full_like(far, count - 1))
    return bucket + torch.where(relative < exact, relative, far)


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        variance = x.to(torch.float32).pow(2).mean(-1, keepdim=True)
        return self.weight * x * torch.rsqrt(variance + 1e-6)


class Attention(nn.Module):
    def __init__(self, width, heads, relative=None):
        super().__init__()
        self.heads, self.relative = heads, relative
        self.q, self.k, self.v, self.o = (nn.Linear(width, width, bias=False) for _ in "qkvo")
        if relative is not None:
            self.bias = nn.Embedding(8, heads)

    def position_bias(self, queries, keys):
        distance = torch.arange(keys)[None, :] - torch.arange(queries)[:, None]
        return self.bias(buckets(distance, self.relative == "both")).permute([2, 0, 1]).unsqueeze(0)

    def forward(self, x, memory, bias):
        def heads(y):
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        scores = torch.einsum("bhqd,bhkd->bhqk", heads(self.q(x)), heads(self.k(memory))) + bias
        weights = F.softmax(scores.float(), dim=-1).type_as(scores)
        return self.o((weights @ heads(self.v(memory))).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, relative, cross):
        super().__init__()
        self.norms = nn.ModuleList([Norm(width) for _ in range(3 if cross else 2)])
        self.self_attention = Attention(width, heads, relative)
        if cross:
            self.cross_attention = Attention(width, heads)
        self.gate, self.up = nn.Linear(width, 2 * width, bias=False), nn.Linear(width, 2 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)

    def forward(self, x, bias, memory=None, memory_bias=None):
        y = self.norms[0](x)
        x = x + self.self_attention(y, y, bias)
        if memory is not None:
            x = x + self.cross_attention(self.norms[1](x), memory, memory_bias)
        y = self.norms[-1](x)
        return x + self.down(F.gelu(self.gate(y), approximate="tanh") * self.up(y))


class T5(nn.Module):
    def __init__(self, vocabulary=40, width=16, heads=2):
        super().__init__()
        self.width = width
        self.shared = nn.Embedding(vocabulary, width)
        self.encoder = nn.ModuleList([Block(width, heads, "both", cross=False)])
        self.decoder = nn.ModuleList([Block(width, heads, "left", cross=True)])
        self.norms = nn.ModuleDict({"encoder": Norm(width), "decoder": Norm(width)})
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.weight.data.normal_(mean=0.0, std=width**-0.5)

    def forward(self, source, target):
        hidden = torch.zeros(source.shape).masked_fill((source == PAD).logical_not().logical_not(), -1e4)[
            :, None, None
        ]
        x = self.shared(source)
        for block in self.encoder:
            x = block(x, block.self_attention.position_bias(*[source.shape[1]] * 2) + hidden)
        memory = self.norms["encoder"](x)
        shifted = target.new_zeros(target.shape)
        shifted[..., 1:] = target[..., :-1].clone()
        shifted.masked_fill_(shifted == -100, PAD)
        T = target.shape[-1]
        causal = torch.full((T, T), -1e4).triu(1)
        x = self.shared(shifted)
        for block in self.decoder:
            x = block(x, block.self_attention.position_bias(T, T) + causal, memory, hidden)
        return F.linear(self.norms["decoder"](x) * self.width**-0.5, self.shared.weight)


def build(seed):
    torch.manual_seed(seed)
    model = T5()
    rows = [corrupt(tokens, [(2, 4), (7, 8 + k)]) for k, tokens in enumerate(torch.randint(2, 30, (4, 14)))]
    source = nn.utils.rnn.pad_sequence([row[0] for row in rows], batch_first=True, padding_value=PAD)
    target = nn.utils.rnn.pad_sequence([row[1] for row in rows], batch_first=True, padding_value=-100)
    return model, (source, target)


def loss(model, batch):
    source, target = batch
    logits = model(source, target)
    return F.cross_entropy(logits.view(-1, logits.size(-1)), target.view(-1), ignore_index=-100)


@torch.no_grad()
def outputs(model, batch):
    distance = torch.arange(-25, 26)
    return buckets(distance, True), buckets(distance, False), model(*batch), batch[0], batch[1]
