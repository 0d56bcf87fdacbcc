"""SimCLR with its augmentations, BYOL's moving target, VICReg's three terms, on the same encoder."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


def augment(images, generator):
    """A crop resized back, a flip of half of them, brightness: one draw each for the whole batch."""
    top, left = torch.randint(0, 4, (2,), generator=generator).tolist()
    crops = F.interpolate(
        images[:, :, top : top + 9, left : left + 9], size=(12, 12), mode="bilinear", align_corners=False
    )
    flipped = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5
    crops = torch.where(flipped, crops.flip(-1), crops)
    return crops * torch.empty(len(images), 1, 1, 1).uniform_(0.6, 1.4, generator=generator)


class Encoder(nn.Sequential):
    def __init__(self):
        super().__init__()
        self.add_module("conv", nn.Conv2d(3, 8, 3, stride=2, padding=1, padding_mode="reflect", bias=False))
        self.add_module("act", nn.PReLU(8))
        self.add_module("depthwise", nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False))
        self.add_module("pool", nn.AvgPool2d(2))
        self.add_module("flat", nn.Flatten())


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.projector = nn.Sequential(nn.Linear(72, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8))
        self.predictor = nn.Linear(8, 8)
        self.target = copy.deepcopy(self.encoder)
        self.target_projector = copy.deepcopy(self.projector)
        for parameter in [*self.target.parameters(), *self.target_projector.parameters()]:
            parameter.requires_grad = False

    def forward(self, images):
        return self.projector(self.encoder(images))


def nt_xent(a, b, temperature=0.5):
    z = F.normalize(torch.cat([a, b]), dim=1)
    similarity = z @ z.mT / temperature
    similarity.fill_diagonal_(-torch.inf)
    targets = torch.arange(len(z)).roll(len(a))
    return F.cross_entropy(similarity, targets)


def vicreg(a, b):
    variance = sum(F.relu(1 - torch.sqrt(z.var(dim=0) + 1e-4)).mean() for z in (a, b))
    centred = a - a.mean(0)
    covariance = centred.T @ centred / (len(a) - 1)
    off_diagonal = covariance.pow(2).sum() - covariance.diagonal().pow(2).sum()
    return 25 * F.mse_loss(a, b) + 25 * variance / 2 + off_diagonal / a.size(1)


def build(seed):
    torch.manual_seed(seed)
    return Learner(), torch.rand(6, 3, 12, 12)


def loss(model, images):
    generator = torch.Generator().manual_seed(13)
    one, two = augment(images, generator), augment(images, generator)
    a, b = model(one), model(two)
    with torch.no_grad():
        goal = model.target_projector(model.target(two))
    byol = 2 - 2 * F.cosine_similarity(model.predictor(a), goal, dim=-1).mean()
    return nt_xent(a, b) + byol + 0.02 * vicreg(a, b)


def outputs(model, images):
    model.eval()
    views = augment(images, torch.Generator().manual_seed(1))
    with torch.no_grad():
        z = model(images)
    u, s, v = torch.linalg.svd(z - z.mean(0), full_matrices=False)
    return views, z, s, (u * s @ v - (z - z.mean(0))).abs().max() < 1e-5
