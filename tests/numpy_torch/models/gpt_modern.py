"""The decoder as built since 2023: RMSNorm, SwiGLU, rotary positions, grouped-query attention, a KV
cache, top-p.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))

    def extra_repr(self) -> str:
        return f"{tuple(self.weight.shape)}, eps={self.eps}"


def rotary_tables(depth: int, length: int, base: float = 10000.0) -> tuple[Tensor, Tensor]:
    frequency = 1.0 / (base ** (torch.arange(0, depth, 2).float() / depth))
    angles = torch.outer(torch.arange(length).float(), frequency)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate_half(x: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, groups: int) -> None:
        super().__init__()
        self.heads, self.groups, self.depth = heads, groups, width // heads
        self.wq = nn.Linear(width, heads * self.depth, bias=False)
        self.wk = nn.Linear(width, groups * self.depth, bias=False)
        self.wv = nn.Linear(width, groups * self.depth, bias=False)
        self.wo = nn.Linear(heads * self.depth, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: dict | None) -> Tensor:
        B, T, _ = x.shape
        q = self.wq(x).view(B, T, self.heads, self.depth).transpose(1, 2)
        k = self.wk(x).view(B, T, self.groups, self.depth).transpose(1, 2)
        v = self.wv(x).view(B, T, self.groups, self.depth).transpose(1, 2)
        q, k = q * cos + rotate_half(q) * sin, k * cos + rotate_half(k) * sin
        if cache is not None:
            if "k" in cache:
                k, v = torch.cat([cache["k"], k], dim=2), torch.cat([cache["v"], v], dim=2)
            cache["k"], cache["v"] = k, v
        k = k.repeat_interleave(self.heads // self.groups, dim=1)
        v = v[:, :, None].expand(-1, -1, self.heads // self.groups, -1, -1).reshape(k.shape)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=T > 1)
        return self.wo(y.transpose(1, 2).reshape(B, T, -1))


class SwiGLU(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, inner, bias=False)
        self.up = nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, groups: int) -> None:
        super().__init__()
        self.attention_norm, self.attention = RMSNorm(width), Attention(width, heads, groups)
        self.mlp_norm, self.mlp = nn.RMSNorm(width, eps=1e-6), SwiGLU(width, 8 * width // 3)

    def forward(self, x, cos, sin, cache=None):
        x = x + self.attention(self.attention_norm(x), cos, sin, cache)
        return x + self.mlp(self.mlp_norm(x))


class Decoder(nn.Module):
    def __init__(self, vocabulary=31, width=24, heads=4, groups=2, layers=2, longest=32):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads, groups) for _ in range(layers))
        self.norm = RMSNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.embed.weight
        cos, sin = rotary_tables(width // heads, longest)
        self.register_buffer("cos", cos)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, tokens, caches=None, start=0):
        span = slice(start, start + tokens.shape[1])
        x = self.embed(tokens)
        for layer, block in enumerate(self.blocks):
            x = block(x, self.cos[span], self.sin[span], None if caches is None else caches[layer])
        return self.head(self.norm(x))

    @torch.inference_mode()
    def generate(self, tokens, count, top_p, generator):
        caches, start, current = [{} for _ in self.blocks], 0, tokens
        for _ in range(count):
            logits = self(current, caches, start)[:, -1]
            start += current.shape[1]
            probabilities, order = logits.softmax(-1).sort(dim=-1, descending=True)
            outside = probabilities.cumsum(-1) - probabilities > top_p
            probabilities[outside] = 0.0
            probabilities /= probabilities.sum(-1, keepdim=True)
            drawn = torch.multinomial(probabilities, 1, generator=generator)
            current = order.gather(-1, drawn)
            tokens = torch.cat([tokens, current], dim=-1)
        return tokens


def build(seed):
    torch.manual_seed(seed)
    model = Decoder()
    return model, torch.randint(0, 31, (4, 13))


def loss(model, tokens):
    logits = model(tokens[:, :-1])
    return F.cross_entropy(logits.flatten(end_dim=1), tokens[:, 1:].flatten())


def outputs(model, tokens):
    model.eval()
    with torch.no_grad():
        whole = model(tokens)
        caches = [{} for _ in model.blocks]
        steps = torch.cat([model(tokens[:, t : t + 1], caches, t) for t in range(tokens.shape[1])], dim=1)
    generator = torch.Generator().manual_seed(11)
    return whole, torch.allclose(whole, steps, atol=1e-5), model.generate(tokens[:, :5], 9, 0.9, generator)
