"""What happens to a drawing before a network sees it: shifting, and the preparation that the data went through."""

import torch
from torch.nn import functional as F

BOX = 20  # the longer side of a digit in the data, in pixels
MIDDLE = 14  # where the data has the centre of its ink, in pixels from the top and from the left


# --8<-- [start:shift]
def shift(images: torch.Tensor, right: int, down: int) -> torch.Tensor:
    """Images (B, C, rows, columns) moved by whole pixels; what leaves is lost, what enters is blank."""
    return F.pad(images, (right, -right, down, -down))


# --8<-- [end:shift]


def prepare(image: torch.Tensor) -> torch.Tensor:
    """A drawing (1, 1, 28, 28) made like the data: longer side 20 pixels, centre of its ink in the middle.

    A blank drawing comes back as it is.
    """
    rows, columns = ink(image.sum(dim=3)), ink(image.sum(dim=2))
    if not rows:
        return image
    digit = image[:, :, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # (1, 1, height, width)
    scale = BOX / max(digit.shape[2:])
    size = [max(1, round(side * scale)) for side in digit.shape[2:]]
    digit = F.interpolate(digit, size=size, mode="bilinear")
    down, right = (MIDDLE - round(place) for place in centre(digit))
    down, right = (min(max(at, 0), 28 - side) for at, side in zip((down, right), size, strict=True))
    return F.pad(digit, (right, 28 - size[1] - right, down, 28 - size[0] - down))


def ink(sums: torch.Tensor) -> list[int]:
    """Which of the rows, or columns, hold any ink."""
    return [index for index, total in enumerate(sums.reshape(-1).tolist()) if total > 0]


def centre(image: torch.Tensor) -> tuple[float, float]:
    """Row and column of the centre of the ink of a (1, 1, rows, columns) image that is not blank."""
    mass = image[0, 0]
    rows = torch.arange(mass.shape[0]) + 0.5
    columns = torch.arange(mass.shape[1]) + 0.5
    total = mass.sum()
    return ((mass.sum(dim=1) * rows).sum() / total).item(), ((mass.sum(dim=0) * columns).sum() / total).item()
