"""MAE: shuffle the patches, encode a quarter of them, put mask tokens back in order, rebuild the pixels."""

import torch
from torch import nn


def patchify(images, size):
    n, c, h, w = images.shape
    x = images.reshape(n, c, h // size, size, w // size, size)
    return torch.einsum("nchpwq->nhwpqc", x).reshape(n, -1, size * size * c)


class MAE(nn.Module):
    def __init__(self, patch=3, side=4, width=16):
        super().__init__()
        self.patch = patch
        count = side * side
        self.embed = nn.Linear(patch * patch, width)
        self.register_parameter("position", nn.Parameter(torch.zeros(1, count, width).normal_(std=0.02)))
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        options = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}
        self.encoder = nn.TransformerEncoderLayer(width, 2, 32, **options)
        self.decoder = nn.TransformerEncoderLayer(width, 2, 32, **options)
        self.head = nn.Linear(width, patch * patch)

    def shuffle(self, x, ratio, generator):
        n, length, width = x.shape
        keep = int(length * (1 - ratio))
        order = torch.rand(n, length, generator=generator).argsort(dim=1)
        restore = torch.argsort(order, dim=1)
        kept = torch.gather(x, 1, order[:, :keep].unsqueeze(-1).repeat(1, 1, width))
        mask = torch.ones([n, length])
        mask[:, :keep] = 0
        return kept, mask.gather(1, restore), restore

    def forward(self, images, ratio=0.75, generator=None):
        patches = patchify(images, self.patch)
        kept, mask, restore = self.shuffle(self.embed(patches) + self.position, ratio, generator)
        x = self.encoder(kept)
        missing = self.mask_token.repeat(x.shape[0], restore.shape[1] - x.shape[1], 1)
        x = torch.cat([x, missing], dim=1)
        x = torch.gather(x, dim=1, index=restore.unsqueeze(-1).expand(-1, -1, x.shape[2]))
        return self.head(self.decoder(x + self.position)), patches, mask


def build(seed):
    torch.manual_seed(seed)
    return MAE(), torch.rand(4, 1, 12, 12)


def loss(model, images):
    rebuilt, patches, mask = model(images, generator=torch.Generator().manual_seed(0))
    mean = patches.mean(dim=-1, keepdim=True)
    variance = patches.var(dim=-1, keepdim=True)
    target = (patches - mean) / (variance + 1e-6) ** 0.5
    error = ((rebuilt - target) ** 2).mean(dim=-1)
    return (error * mask).sum() / mask.sum()


@torch.no_grad()
def outputs(model, images):
    rebuilt, patches, mask = model(images, 0.5, torch.Generator().manual_seed(4))
    return torch.where(mask[..., None].bool(), rebuilt, patches), mask
