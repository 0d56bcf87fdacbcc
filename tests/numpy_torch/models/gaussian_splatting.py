"""Two-dimensional Gaussian splatting: rotation and scale to covariance, depth sort, front-to-back
compositing.
"""

import torch
from torch import nn


class Splats(nn.Module):
    def __init__(self, count=10):
        super().__init__()
        self.mean = nn.Parameter(torch.rand(count, 2))
        self.log_scale = nn.Parameter(torch.full((count, 2), -1.6) + 0.1 * torch.randn(count, 2))
        self.angle = nn.Parameter(torch.rand(count) * 3)
        self.opacity = nn.Parameter(torch.zeros(count))
        self.colour = nn.Parameter(torch.randn(count, 3))
        self.register_buffer("depth", torch.rand(count))

    def covariance(self):
        c, s = self.angle.cos(), self.angle.sin()
        rotation = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)
        stretch = torch.diag_embed(self.log_scale.exp())
        m = rotation @ stretch
        return m @ m.transpose(1, 2)

    def forward(self, size):
        axis = (torch.arange(size) + 0.5) / size
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        pixels = torch.stack([x, y], dim=-1)
        order = torch.argsort(self.depth)
        inverse = torch.linalg.inv(self.covariance()[order])
        offset = pixels[:, :, None] - self.mean[order]
        power = torch.einsum("hwni,nij,hwnj->hwn", offset, inverse, offset)
        alpha = torch.sigmoid(self.opacity[order]) * torch.exp(-0.5 * power)
        alpha = alpha.clamp_max(0.99)
        before = torch.cumprod(torch.cat([torch.ones(size, size, 1), 1 - alpha[..., :-1]], -1), -1)
        return (before * alpha) @ torch.sigmoid(self.colour[order])


def build(seed):
    torch.manual_seed(seed)
    model = Splats()
    axis = torch.linspace(0, 1, 8)
    image = torch.stack(
        [axis[:, None].expand(8, 8), axis.expand(8, 8), (axis[:, None] > 0.5).float().expand(8, 8)], -1
    )
    return model, image


def loss(model, image):
    drawn = model(8)
    return (
        0.8 * (drawn - image).abs().mean()
        + 0.2 * ((drawn - image) ** 2).mean()
        + 1e-3 * model.opacity.sigmoid().mean()
    )


def train(model, image, optimizer, steps):
    """Each kind of parameter has its own rate; after the steps the faint splats are dropped."""
    names = ["mean", "log_scale", "angle", "opacity", "colour"]
    optimizer = type(optimizer)(
        [
            {"params": [getattr(model, name)], "lr": 1e-2 / (i + 1), "name": name}
            for i, name in enumerate(names)
        ]
    )
    losses = []
    for _ in range(steps):
        value = loss(model, image)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(value.item())
    kept = model.opacity.detach().sigmoid() > 0.49
    losses += [group["lr"] for group in optimizer.param_groups]
    return [*losses, int(kept.sum()), kept.nonzero().flatten().tolist()]


def outputs(model, image):
    with torch.no_grad():
        covariance = model.covariance()
        return (
            model(6),
            torch.linalg.det(covariance),
            torch.linalg.eigvalsh(covariance),
            covariance.diagonal(dim1=-2, dim2=-1),
        )
