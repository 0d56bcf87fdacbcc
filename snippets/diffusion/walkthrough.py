"""Short experiments with the trained networks, each of them a cell of the page.

Every cell ends on the value it shows. They run from top to bottom, and later cells use names of earlier ones.
"""
# ruff: noqa: B018 - a cell's last expression is what it shows

# --8<-- [start:one_call]
import torch

from snippets.diffusion.model import Config, UNet, cosine_schedule, estimate, sample, times
from snippets.kit import load_weights

model = load_weights(UNet(Config()), "diffusion", prefix="digits.")

generator = torch.Generator().manual_seed(0)
x_t = torch.randn(1, 1, 8, 8, generator=generator)  # pure noise: (B, 1, 8, 8)
t = torch.tensor([1000])  # (B,)
label = torch.tensor([3])  # (B,), the digit we want
with torch.no_grad():
    v = model(x_t, t, label)  # (B, 1, 8, 8)

v.shape
# --8<-- [end:one_call]


# --8<-- [start:draw]
class Picture(str):
    """Text that is shown line by line, as it is."""

    __repr__ = str.__str__


def picture(image: torch.Tensor) -> Picture:
    """An image (1, 1, 8, 8) in eight lines of characters."""
    rows = image[0, 0].clamp(-1, 0.999)
    return Picture("\n".join("".join(2 * " .+#"[int(2 * pixel + 2)] for pixel in row) for row in rows))


path, guesses = sample(
    model, x_t, label, cosine_schedule(), times(10), generator, limit=1.0
)

picture(path[-1])
# --8<-- [end:draw]

# --8<-- [start:amplify]
alpha_bar = cosine_schedule()
moved = {}
for moment in (100, 500, 900, 999):
    answer = torch.zeros(1)
    first, _ = estimate("noise", answer, torch.ones(1), alpha_bar[moment])
    second, _ = estimate("noise", answer + 0.01, torch.ones(1), alpha_bar[moment])
    moved[moment] = round(abs((second - first).item()), 4)

moved
# --8<-- [end:amplify]
