"""A code model: fill-in-the-middle reordering, rotary positions as complex numbers, ALiBi, the pass@k
estimator.
"""

import torch
import torch.nn.functional as F
from torch import nn

PREFIX, SUFFIX, MIDDLE, FIRST = 0, 1, 2, 3
SOURCE = "def add(a, b):\n    return a + b\n\ndef twice(x):\n    return add(x, x)\n"
CHARACTERS = sorted(set(SOURCE))


def fill_in_the_middle(tokens, generator, spm=False):
    """PSM: <prefix> p <suffix> s <middle> m; SPM puts the suffix first."""
    low, high = torch.randint(1, len(tokens), (2,), generator=generator).sort().values.tolist()
    prefix, middle, suffix = tokens[:low], tokens[low:high], tokens[high:]
    mark = {
        name: tokens.new_full((1,), value)
        for name, value in {"prefix": PREFIX, "suffix": SUFFIX, "middle": MIDDLE}.items()
    }
    if spm:
        return torch.cat([mark["prefix"], mark["suffix"], suffix, mark["middle"], prefix, middle])
    return torch.cat([mark["prefix"], prefix, mark["suffix"], suffix, mark["middle"], middle])


def rotations(depth, length, theta=10000.0):
    frequency = 1.0 / (theta ** (torch.arange(0, depth, 2)[: depth // 2].float() / depth))
    angles = torch.outer(torch.arange(length), frequency)
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x, turns):
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turns).flatten(3).type_as(x)


def alibi(heads, length):
    slope = torch.pow(2.0, -8.0 * torch.arange(1, heads + 1) / heads)
    distance = torch.arange(length)[None, :] - torch.arange(length)[:, None]
    return slope[:, None, None] * distance.clamp(max=0)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, bias=False)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.ReLU6(), nn.Linear(2 * width, width)
        )

    def forward(self, x, turns, bias):
        B, T, D = x.shape
        q, k, v = self.qkv(self.norm(x)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = rotate(q, turns), rotate(k, turns)
        x = x + self.out(
            F.scaled_dot_product_attention(q, k, v, attn_mask=bias).swapaxes(1, 2).reshape(B, T, D)
        )
        return x + self.mlp(x)


class CodeModel(nn.Module):
    def __init__(self, vocabulary, width=16, heads=2, longest=64):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList()
        for _ in range(2):
            self.blocks.append(Block(width, heads))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)
        self.longest, self.heads, self.depth = longest, heads, width // heads

    def forward(self, tokens):
        T = tokens.shape[-1]
        future = torch.ones(T, T).triu(diagonal=1).bool()
        bias = alibi(self.heads, T).masked_fill(future, float("-inf"))
        x, turns = self.tokens(tokens), rotations(self.depth, self.longest)[:T]
        for block in self.blocks:
            x = block(x, turns, bias)
        return self.head(self.norm(x))


def pass_at_k(n, c, k):
    """1 - C(n-c, k) / C(n, k) as a product, without overflow."""
    if n - c < k:
        return 1.0
    return 1.0 - torch.prod(1.0 - k / torch.arange(n - c + 1, n + 1, dtype=torch.float64)).item()


def build(seed):
    torch.manual_seed(seed)
    text = torch.tensor([CHARACTERS.index(c) + FIRST for c in SOURCE])
    generator = torch.Generator().manual_seed(seed)
    rows = [fill_in_the_middle(text[i : i + 24], generator, spm=i % 2 == 1) for i in range(0, 40, 9)]
    return CodeModel(len(CHARACTERS) + FIRST), torch.stack(rows)


def loss(model, tokens):
    logits = model(tokens[:, :-1])
    after_middle = (tokens == MIDDLE).cumsum(dim=1)[:, :-1] > 0
    each = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1), reduction="none")
    weight = torch.where(after_middle.reshape(-1), 1.0, 0.2)
    return torch.dot(each, weight) / weight.sum()


def outputs(model, tokens):
    with torch.no_grad():
        logits = model(tokens)
    allowed = torch.zeros(logits.size(-1), dtype=torch.bool)
    allowed[[FIRST, FIRST + 2, -1]] = True
    constrained = logits[:, -1].masked_fill(~allowed, -torch.inf).argmax(-1)
    return logits, constrained, pass_at_k(20, 3, 5), alibi(2, 4), torch.view_as_real(rotations(8, 5))
