"""Conditional flow matching in the plane: straight paths, a paired coupling, Euler, midpoint and Runge-
Kutta.
"""

import torch
from torch import Tensor, nn


class Velocity(nn.Module):
    def __init__(self, width: int = 32):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(3, width),
            nn.ELU(),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Linear(width, 2),
        )

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.net(torch.cat([x, t.expand(*x.shape[:-1], 1)], -1))


def euler(field, x, t, h):
    return x + h * field(x, t)


def midpoint(field, x, t, h):
    return x + h * field(x + h / 2 * field(x, t), t + h / 2)


def runge_kutta(field, x, t, h):
    k1 = field(x, t)
    k2 = field(x + h / 2 * k1, t + h / 2)
    k3 = field(x + h / 2 * k2, t + h / 2)
    k4 = field(x + h * k3, t + h)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@torch.no_grad()
def solve(field, x, steps, step=euler):
    path = [x]
    for i in range(steps):
        path.append(step(field, path[-1], torch.tensor([i / steps]), 1 / steps))
    return torch.stack(path)


def greedy_pairs(noise, data):
    """Pair points nearest first: a cheap stand-in for the optimal coupling."""
    cost = torch.cdist(noise, data) ** 2
    order = torch.empty(len(noise), dtype=torch.int64)
    for _ in range(len(noise)):
        place = cost.argmin()
        row, column = torch.div(place, len(data), rounding_mode="floor"), place % len(data)
        order[row] = column
        cost[row, :] = float("inf")
        cost[:, column] = float("inf")
    return order


def build(seed):
    torch.manual_seed(seed)
    model = Velocity()
    centres = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0]])
    data = centres[torch.randint(3, (30,))] + 0.2 * torch.randn(30, 2)
    noise = torch.randn_like(data)
    return model, (noise, data[greedy_pairs(noise, data)])


def loss(model, batch):
    noise, data = batch
    generator = torch.Generator().manual_seed(2)
    t = torch.randn(len(data), 1, generator=generator).sigmoid()
    x = (1 - t) * noise + t * data
    return (model(x, t) - (data - noise)).pow(2).sum(dim=-1).mean()


def outputs(model, batch):
    noise, _ = batch
    paths = [solve(model, noise[:8], 4, step) for step in (euler, midpoint, runge_kutta)]
    lengths = torch.diff(paths[0], dim=0).norm(dim=-1).sum(0)
    straight = torch.linalg.vector_norm(paths[0][-1] - paths[0][0], dim=-1)
    return *paths, straight / lengths
