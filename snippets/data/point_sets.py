"""Sets of points in the plane: two moons, a spiral and a ring, drawn from a seed.

Each set is moved and scaled to mean 0 and mean square 1 over both axes, so that noise of variance 1 is about as
large as the set.
"""

import math

import torch

NAMES = ("moons", "spiral", "ring")


def draw(name: str, count: int, generator: torch.Generator) -> torch.Tensor:
    """`count` points of the set `name`, (count, 2). Raises ValueError at a name that is not in `NAMES`."""
    along = torch.rand(count, generator=generator)
    jitter = torch.randn(count, 2, generator=generator)
    if name == "moons":
        upper = (torch.arange(count) % 2 == 0).float()
        angle = math.pi * along
        x = upper * torch.cos(angle) + (1 - upper) * (1 - torch.cos(angle)) - 0.5
        y = upper * torch.sin(angle) + (1 - upper) * (0.5 - torch.sin(angle)) - 0.25
        return (torch.stack([x, y], dim=1) + 0.05 * jitter) / 0.71
    if name == "spiral":
        turn = 3 * math.pi * along.sqrt() + 0.5
        points = torch.stack([turn * torch.cos(turn), turn * torch.sin(turn)], dim=1)
        return (points + 0.25 * jitter) / 4.85 + torch.tensor([0.28, -0.33])
    if name == "ring":
        angle = 2 * math.pi * along
        points = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
        return (points + 0.06 * jitter) * 1.4
    raise ValueError(f"no set of points is called {name}; there are {', '.join(NAMES)}")
