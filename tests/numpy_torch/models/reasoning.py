"""A small decoder on sums with a scratchpad, a verifier that ranks samples, majority vote and best-of-n."""

from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

CHARACTERS = "0123456789+=; "


def encode(text):
    return torch.tensor([CHARACTERS.index(c) for c in text], dtype=torch.int64)


class Sums(Dataset):
    def __init__(self, count):
        self.rows = [
            encode(f"{a}+{b}={a % 10 + b % 10};{a + b:3d}") for a in range(10, 10 + count) for b in (17, 25)
        ]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        return F.pad(row, (0, 13 - len(row)), value=CHARACTERS.index(" "))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True, bias=False)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU("tanh"), nn.Linear(2 * width, width))

    def forward(self, x):
        T = x.size(1)
        mask = nn.Transformer.generate_square_subsequent_mask(T)
        y = self.norms[0](x)
        x = x + self.attention(y, y, y, attn_mask=mask, is_causal=True, need_weights=False)[0]
        return x + self.mlp(self.norms[1](x))


class Reasoner(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.token, self.place = nn.Embedding(14, width), nn.Embedding(20, width)
        self.blocks = nn.Sequential(Block(width, 2), Block(width, 2))
        self.head = nn.Linear(width, 14)
        self.verifier = nn.Sequential(nn.Dropout(0.1), nn.Linear(width, 8), nn.SELU(), nn.Linear(8, 1))

    def features(self, tokens):
        return self.blocks(self.token(tokens) + self.place.weight[: tokens.shape[1]])

    def forward(self, tokens):
        x = self.features(tokens)
        return self.head(x), self.verifier(x.mean(dim=1)).squeeze(-1)


def build(seed):
    torch.manual_seed(seed)
    model = Reasoner()
    training, _ = random_split(Sums(10), [16, 4], generator=torch.Generator().manual_seed(seed))
    tokens = next(iter(DataLoader(training, batch_size=8)))
    wrong = tokens.clone()
    wrong[:, -3:] = (wrong[:, -3:] + torch.randint(1, 9, (8, 3))) % 10
    return model, (tokens, wrong)


def loss(model, batch):
    tokens, wrong = batch
    logits, right = model(tokens)
    _, false = model(wrong)
    answer = (tokens == CHARACTERS.index("=")).float().cumsum(1)[:, :-1]
    each = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    scores = torch.cat([right, false])
    labels = torch.cat([torch.ones(8), torch.zeros(8)])
    return (each * answer).sum() / answer.sum() + F.binary_cross_entropy(scores.sigmoid(), labels)


@torch.no_grad()
def outputs(model, batch):
    model.eval()
    torch.manual_seed(12)
    tokens = batch[0][:1, :6].repeat_interleave(5, dim=0)
    for _ in range(7):
        probabilities = (model(tokens)[0][:, -1] / 0.7).softmax(-1)
        tokens = torch.cat([tokens, torch.multinomial(probabilities, 1)], 1)
    answers = ["".join(CHARACTERS[i] for i in row) for row in tokens[:, -3:].tolist()]
    votes, winner = Counter(answers).most_common(1)[0]
    best = int(model(tokens)[1].argmax())
    return tokens, answers, votes, winner, best, torch.mode(tokens[:, -1]).values
