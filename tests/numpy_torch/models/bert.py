"""A bidirectional encoder: token, position and segment embeddings; masked language model and next-
sentence heads.
"""

import torch
import torch.nn.functional as F
from torch import nn

PAD, CLS, SEP, MASK, FIRST = 0, 1, 2, 3, 4


class Embeddings(nn.Module):
    def __init__(self, vocabulary, width, longest):
        super().__init__()
        self.word = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.position = nn.Embedding(longest, width)
        self.segment = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.dropout = nn.Dropout(0.1)
        self.register_buffer("position_ids", torch.arange(longest).expand((1, -1)))

    def forward(self, tokens, segments):
        x = (
            self.word(tokens)
            + self.position(self.position_ids[:, : tokens.shape[1]])
            + self.segment(segments)
        )
        return self.dropout(self.norm(x))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (
            nn.Linear(width, width),
            nn.Linear(width, width),
            nn.Linear(width, width),
        )
        self.output = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-12)
        self.inner = nn.Linear(width, 4 * width)
        self.outer = nn.Linear(4 * width, width)
        self.output_norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, mask):
        B, T, D = x.shape
        q, k, v = (
            f(x).reshape(B, T, self.heads, -1).permute(0, 2, 1, 3) for f in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.attention_norm(x + self.output(mixed.permute(0, 2, 1, 3).reshape(B, T, D)))
        return self.output_norm(x + self.outer(F.gelu(self.inner(x))))


class BERT(nn.Module):
    def __init__(self, vocabulary=30, width=16, heads=2, layers=2, longest=24):
        super().__init__()
        self.embeddings = Embeddings(vocabulary, width, longest)
        self.layers = nn.ModuleList([Layer(width, heads) for _ in range(layers)])
        self.pooler = nn.Sequential(nn.Linear(width, width), nn.Tanh())
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width, eps=1e-12))
        self.decoder_bias = nn.Parameter(torch.zeros(vocabulary))
        self.is_next = nn.Linear(width, 2)
        self.apply(self.initialise)

    @staticmethod
    def initialise(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            with torch.no_grad():
                module.weight[module.padding_idx].zero_()

    def forward(self, tokens, segments):
        mask = (1.0 - (tokens != PAD)[:, None, None, :].float()) * -10000.0
        x = self.embeddings(tokens, segments)
        for layer in self.layers:
            x = layer(x, mask)
        words = F.linear(self.transform(x), self.embeddings.word.weight, self.decoder_bias)
        return words, self.is_next(self.pooler(x[:, 0]))


def mask_tokens(tokens, vocabulary, generator):
    """The 80/10/10 rule on 15 % of the words; every other label is -100."""
    labels = tokens.clone()
    chances = torch.full(labels.shape, 0.15)
    chances.masked_fill_(tokens < FIRST, value=0.0)
    chosen = torch.bernoulli(chances, generator=generator).bool()
    labels[~chosen] = -100
    tokens = tokens.clone()
    masked = torch.bernoulli(torch.full(labels.shape, 0.8), generator=generator).bool() & chosen
    tokens[masked] = MASK
    swapped = torch.bernoulli(torch.full(labels.shape, 0.5), generator=generator).bool() & chosen & ~masked
    tokens[swapped] = torch.randint(FIRST, vocabulary, labels.shape, generator=generator)[swapped]
    return tokens, labels


def build(seed):
    torch.manual_seed(seed)
    model = BERT()
    generator = torch.Generator().manual_seed(seed + 1)
    tokens = torch.randint(FIRST, 30, (8, 16), generator=generator)
    tokens[:, 0], tokens[:, 8] = CLS, SEP
    tokens[::3, 12:] = PAD
    segments = (torch.arange(16) > 8).long().repeat(8, 1)
    masked, labels = mask_tokens(tokens, 30, generator)
    return model, {"tokens": masked, "segments": segments, "labels": labels, "next": torch.arange(8) % 2}


def loss(model, batch):
    words, is_next = model(batch["tokens"], batch["segments"])
    return F.cross_entropy(words.view(-1, 30), batch["labels"].view(-1)) + F.cross_entropy(
        is_next, batch["next"]
    )


@torch.no_grad()
def outputs(model, batch):
    model.eval()
    words, is_next = model(batch["tokens"], batch["segments"])
    probabilities, candidates = words.softmax(-1)[batch["tokens"] == MASK].topk(5, dim=-1)
    return words, is_next, probabilities, candidates
