"""Two GRUs: one reads a string of digits, the other writes it reversed. Teacher forcing, greedy and beam
search.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

START, STOP = 10, 11


class Encoder(nn.Module):
    def __init__(self, vocabulary, width, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.gru = nn.GRU(width, hidden)

    def forward(self, source):
        _, state = self.gru(self.embedding(source.t()))
        return state


class Decoder(nn.Module):
    def __init__(self, vocabulary, width, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.gru = nn.GRU(width, hidden)
        self.out = nn.Linear(hidden, vocabulary)

    def forward(self, tokens, state):
        hidden, state = self.gru(self.embedding(tokens.t()), state)
        return self.out(hidden).transpose(0, 1), state


class Translator(nn.Module):
    def __init__(self, vocabulary=12, width=12, hidden=20):
        super().__init__()
        self.encoder = Encoder(vocabulary, width, hidden)
        self.decoder = Decoder(vocabulary, width, hidden)

    def forward(self, source, shifted):
        logits, _ = self.decoder(shifted, self.encoder(source))
        return logits

    @torch.no_grad()
    def greedy(self, source, longest):
        state = self.encoder(source)
        token = torch.full((source.size(0), 1), START, dtype=torch.long)
        written = []
        for _ in range(longest):
            logits, state = self.decoder(token, state)
            token = logits[:, -1].argmax(dim=-1, keepdim=True)
            written.append(token)
            if (token == STOP).all():
                break
        return torch.cat(written, dim=1)

    @torch.no_grad()
    def beam(self, source, width, longest):
        state = self.encoder(source[:1])
        beams = [(0.0, [START], state)]
        for _ in range(longest):
            candidates = []
            for score, tokens, state in beams:
                if tokens[-1] == STOP:
                    candidates.append((score, tokens, state))
                    continue
                logits, after = self.decoder(torch.tensor([[tokens[-1]]]), state)
                best = F.log_softmax(logits[0, -1], dim=-1).topk(width)
                for gain, token in zip(best.values.tolist(), best.indices.tolist(), strict=True):
                    candidates.append((score + gain, [*tokens, token], after))
            beams = sorted(candidates, key=lambda beam: beam[0], reverse=True)[:width]
        return beams[0][1], torch.tensor([beam[0] for beam in beams])


def build(seed):
    torch.manual_seed(seed)
    model = Translator()
    source = torch.randint(0, 10, (8, 6), generator=torch.Generator().manual_seed(seed))
    return model, {"source": source, "target": F.pad(source.flip(1), (0, 1), value=STOP)}


def loss(model, batch):
    shifted = F.pad(batch["target"][:, :-1], (1, 0), value=START)
    logits = model(batch["source"], shifted)
    return F.cross_entropy(logits.reshape(-1, logits.size(-1)), batch["target"].reshape(-1))


def outputs(model, batch):
    return model.greedy(batch["source"], 7), model.beam(batch["source"], 3, 7), model.encoder(batch["source"])
