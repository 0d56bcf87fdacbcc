"""A radiance field: positional encoding, stratified and importance samples along rays, volume rendering."""

import torch
from torch import nn
from torch.nn import functional as F


class PositionalEncoder(nn.Module):
    def __init__(self, inputs, frequencies):
        super().__init__()
        self.outputs = inputs * (1 + 2 * frequencies)
        self.bands = 2.0 ** torch.linspace(0.0, frequencies - 1, frequencies)

    def forward(self, x):
        scaled = x[..., None, :] * self.bands[:, None]
        return torch.concat([x, torch.cat([scaled.sin(), scaled.cos()], dim=-1).flatten(-2)], dim=-1)


class Field(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.position, self.direction = PositionalEncoder(3, 3), PositionalEncoder(3, 1)
        self.layers = nn.ModuleList(
            [
                nn.Linear(self.position.outputs, width),
                nn.Linear(width, width),
                nn.Linear(width + self.position.outputs, width),
            ]
        )
        self.alpha = nn.Linear(width, 1)
        self.colour = nn.Sequential(
            nn.Linear(width + self.direction.outputs, width // 2),
            nn.ReLU(),
            nn.Linear(width // 2, 3),
            nn.Sigmoid(),
        )

    def forward(self, points, directions):
        encoded = self.position(points)
        x = encoded
        for i, layer in enumerate(self.layers):
            x = F.relu(layer(x if i != 2 else torch.cat([x, encoded], dim=-1)))
        density = F.softplus(self.alpha(x).squeeze(-1) + 0.5)
        return density, self.colour(torch.cat([x, self.direction(directions)], dim=-1))


def cumprod_exclusive(x):
    out = torch.cumprod(x, dim=-1)
    out = torch.roll(out, 1, dims=-1)
    out[..., 0] = 1.0
    return out


def render(density, colour, depths):
    gaps = depths[..., 1:] - depths[..., :-1]
    gaps = torch.cat([gaps, torch.full_like(gaps[..., :1], 1e10)], dim=-1)
    opacity = 1.0 - torch.exp(-density * gaps)
    weights = opacity * cumprod_exclusive(1.0 - opacity + 1e-10)
    return (weights[..., None] * colour).sum(dim=-2), weights


def rays(size, focal, pose):
    i, j = torch.meshgrid(
        torch.arange(size, dtype=torch.float32), torch.arange(size).to(torch.float32), indexing="xy"
    )
    directions = torch.stack(
        [(i - size * 0.5) / focal, -(j - size * 0.5) / focal, -torch.ones_like(i)], dim=-1
    )
    directions = torch.sum(directions[..., None, :] * pose[:3, :3], dim=-1)
    return pose[:3, -1].expand(directions.shape), directions


def look_from(angle):
    c, s = torch.cos(angle), torch.sin(angle)
    rotation = torch.eye(4)
    rotation[0, 0], rotation[0, 2], rotation[2, 0], rotation[2, 2] = c, s, -s, c
    return rotation @ torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 3], [0, 0, 0, 1]])


def sample_pdf(edges, weights, count):
    """Depths drawn where the first pass found matter, by inverting the cumulative weights."""
    pdf = (weights + 1e-5) / torch.sum(weights + 1e-5, -1, keepdim=True)
    cdf = torch.cumsum(pdf, -1)
    cdf = torch.cat([torch.zeros_like(cdf[..., :1]), cdf], -1)
    u = torch.linspace(0.0, 1.0, steps=count).expand([*list(cdf.shape[:-1]), count]).contiguous()
    index = torch.searchsorted(cdf, u, right=True)
    below, above = torch.clamp(index - 1, min=0), torch.clamp(index, max=cdf.shape[-1] - 1)
    low, high = cdf.gather(-1, below), cdf.gather(-1, above)
    gap = torch.where(high - low < 1e-5, torch.ones_like(low), high - low)
    return edges.gather(-1, below) + (u - low) / gap * (edges.gather(-1, above) - edges.gather(-1, below))


def shoot(model, origins, directions, count, generator=None):
    depths = torch.linspace(2.0, 4.0, count).expand(*origins.shape[:-1], count)
    if generator is not None:
        depths = depths + torch.rand(depths.shape, generator=generator) * (2.0 / count)
    points = origins[..., None, :] + directions[..., None, :] * depths[..., :, None]
    view = F.normalize(directions, dim=-1)[..., None, :].expand(points.shape)
    density, colour = model(points, view)
    return *render(density, colour, depths), depths


def build(seed):
    torch.manual_seed(seed)
    model = Field()
    origins, directions = rays(5, 6.0, look_from(torch.tensor(0.3)))
    return model, (origins, directions, torch.rand(5, 5, 3))


def loss(model, batch):
    origins, directions, image = batch
    colour, weights, _ = shoot(model, origins, directions, 6, torch.Generator().manual_seed(2))
    return F.mse_loss(colour, image) + 1e-3 * (weights.sum(-1) - 1).abs().mean()


def outputs(model, batch):
    with torch.no_grad():
        origins, directions, image = batch
        colour, weights, depths = shoot(model, origins, directions, 8)
        finer = sample_pdf((depths[..., 1:] + depths[..., :-1]) * 0.5, weights[..., 1:-1], 5)
        both, _ = torch.sort(torch.cat([depths, finer], -1), -1)
        psnr = -10.0 * torch.log10(F.mse_loss(colour, image))
    return colour, weights, both, psnr
