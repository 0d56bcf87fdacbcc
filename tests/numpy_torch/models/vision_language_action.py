"""Behaviour cloning with action chunks: language and image in, binned action tokens and a CVAE-style
chunk out.
"""

import torch
from torch import nn
from torch.distributions import Categorical, Normal, kl_divergence

BINS, CHUNK, ACTIONS = 11, 4, 2


def tokenise(actions):
    edges = torch.linspace(-1, 1, BINS + 1)[1:-1]
    return torch.bucketize(actions.contiguous(), edges)


def detokenise(tokens):
    centres = torch.linspace(-1, 1, BINS + 1)
    centres = (centres[:-1] + centres[1:]) / 2
    return centres[tokens]


class Policy(nn.Module):
    def __init__(self, width=16, latent=3):
        super().__init__()
        self.see = nn.Sequential(
            nn.Conv2d(2, 6, 3, stride=2),
            nn.Mish(),
            nn.AdaptiveMaxPool2d(2),
            nn.Flatten(),
            nn.Linear(24, width),
        )
        self.read = nn.Embedding(9, width)
        self.style = nn.Linear(width + CHUNK * ACTIONS, 2 * latent)
        self.queries = nn.Parameter(torch.randn(CHUNK, width))
        self.unstyle = nn.Linear(latent, width)
        self.decoder = nn.TransformerDecoderLayer(width, 2, 32, 0.0, batch_first=True)
        self.chunk = nn.Linear(width, ACTIONS)
        self.bins = nn.Linear(width, ACTIONS * BINS)

    def observe(self, image, words):
        return torch.stack([self.see(image), self.read(words).mean(dim=1)], dim=1)

    def forward(self, image, words, actions=None):
        seen = self.observe(image, words)
        prior = Normal(torch.zeros(len(image), 3), torch.ones(len(image), 3))
        posterior = prior
        if actions is not None:
            mean, spread = self.style(torch.cat([seen.mean(1), actions.flatten(1)], -1)).chunk(2, -1)
            posterior = Normal(mean, nn.functional.softplus(spread) + 1e-3)
        z = posterior.rsample() if actions is not None else posterior.mean
        memory = torch.cat([seen, self.unstyle(z)[:, None]], dim=1)
        x = self.decoder(self.queries.expand(len(image), -1, -1), memory)
        return self.chunk(x).tanh(), self.bins(x).unflatten(-1, (ACTIONS, BINS)), posterior, prior


def build(seed):
    torch.manual_seed(seed)
    model = Policy()
    batch = {
        "image": torch.rand(5, 2, 9, 9),
        "words": torch.randint(0, 9, (5, 3)),
        "actions": torch.rand(5, CHUNK, ACTIONS) * 2 - 1,
    }
    return model, batch


def loss(model, batch):
    torch.manual_seed(31)
    chunk, bins, posterior, prior = model(batch["image"], batch["words"], batch["actions"])
    clone = nn.functional.huber_loss(chunk, batch["actions"], delta=0.5)
    tokens = -Categorical(logits=bins).log_prob(tokenise(batch["actions"])).mean()
    return clone + tokens + 0.1 * kl_divergence(posterior, prior).sum(-1).mean()


@torch.no_grad()
def outputs(model, batch):
    chunk, bins, _, _ = model(batch["image"], batch["words"])
    plans = torch.zeros(3, CHUNK + 2)
    for start in range(3):
        plans[start, start : start + CHUNK] = chunk[start, :, 0]
    weight = torch.exp(-0.1 * torch.arange(3.0)).unsqueeze(1) * (plans != 0)
    ensembled = (plans * weight).sum(0) / weight.sum(0).clamp(min=1e-6)
    entropy = Categorical(logits=bins).entropy()
    return chunk, detokenise(bins.argmax(-1)), ensembled, entropy, tokenise(batch["actions"])
