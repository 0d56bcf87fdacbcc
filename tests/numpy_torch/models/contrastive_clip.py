"""CLIP: an image tower and a text tower, a learned temperature, symmetric InfoNCE; SigLIP's loss beside
it.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class ImageTower(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1),
            nn.InstanceNorm2d(8, affine=True),
            nn.Hardswish(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, width),
        )

    def forward(self, images):
        return self.net(images)


class TextTower(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        layer = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, tokens):
        x = self.encoder(self.embed(tokens))
        return x[torch.arange(len(tokens)), tokens.argmax(dim=-1)]  # the end token has the highest id


class CLIP(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.image, self.text = ImageTower(width), TextTower(20, width)
        self.project_image = nn.Linear(width, 8, bias=False)
        self.project_text = nn.Linear(width, 8, bias=False)
        self.logit_scale = nn.Parameter(torch.ones([]) * np.log(1 / 0.07))
        self.logit_bias = nn.Parameter(torch.tensor(-1.0))

    def forward(self, images, tokens):
        image = F.normalize(self.project_image(self.image(images)), dim=-1)
        text = F.normalize(self.project_text(self.text(tokens)), dim=-1)
        return self.logit_scale.exp() * image @ text.t()


def build(seed):
    torch.manual_seed(seed)
    tokens = torch.randint(1, 19, (6, 5))
    tokens[torch.arange(6), torch.randint(2, 5, (6,))] = 19
    return CLIP(), (torch.randn(6, 3, 8, 8), tokens)


def loss(model, batch):
    logits = model(*batch)
    labels = torch.arange(len(logits), device=logits.device)
    clip = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2
    signs = 2 * torch.eye(len(logits)) - torch.ones(len(logits))
    siglip = -F.logsigmoid(signs * (logits + model.logit_bias)).sum(-1).mean()
    return clip + 0.1 * siglip


def outputs(model, batch):
    with torch.no_grad():
        logits = model(*batch)
    ranks = (logits > logits.diagonal()[:, None]).sum(dim=1)
    return logits, ranks, (ranks < 1).float().mean(), model.logit_scale
