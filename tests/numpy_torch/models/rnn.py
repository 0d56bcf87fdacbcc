"""An Elman network from its equations: a character model trained through time, then sampled."""

import torch
import torch.nn.functional as F
from torch import nn

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"
NAMES = ["emma", "olivia", "ava", "isabella", "sophia", "mia"]


class CharacterRNN(nn.Module):
    def __init__(self, vocabulary: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(vocabulary, hidden)
        self.recurrent = nn.Linear(hidden, hidden)
        self.initial = nn.Parameter(torch.zeros(hidden))
        self.readout = nn.Linear(hidden, vocabulary)
        nn.init.orthogonal_(self.recurrent.weight)

    def step(self, tokens, state):
        return torch.tanh(self.embedding(tokens) + self.recurrent(state))

    def forward(self, tokens):
        batch, length = tokens.shape
        states = tokens.new_zeros(batch, length, self.hidden, dtype=torch.float32)
        state = self.initial.expand(batch, -1)
        for t in range(length):
            state = self.step(tokens[:, t], state)
            states[:, t] = state
        return self.readout(states)


def encode(names):
    longest = max(len(name) for name in names) + 1
    tokens = torch.zeros(len(names), longest, dtype=torch.long)
    for row, name in enumerate(names):
        tokens[row, 1 : len(name) + 1] = torch.tensor([ALPHABET.index(letter) for letter in name])
    return tokens


def build(seed):
    torch.manual_seed(seed)
    return CharacterRNN(len(ALPHABET), 24), encode(NAMES)


def loss(model, tokens):
    targets = torch.roll(tokens, -1, dims=1)
    targets[:, -1] = 0
    logits = model(tokens)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def train(model, tokens, optimizer, steps):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(model, tokens)
        value.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5)
        optimizer.step()
        losses += [value.item(), norm.item()]
    return losses


@torch.no_grad()
def outputs(model, tokens):
    state, token, letters = model.initial[None], torch.tensor([0]), []
    for _ in range(12):
        state = model.step(token, state)
        probabilities = F.softmax(model.readout(state) / 0.8, dim=-1)
        token = torch.multinomial(probabilities, num_samples=1)[:, 0]
        letters.append(ALPHABET[token.item()])
    return model(tokens), "".join(letters), state
