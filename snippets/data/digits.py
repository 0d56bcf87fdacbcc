"""Handwritten digits as tensors: the split into training, validation and test images.

The images stand in the order of their hashes, so any first N training images are a random sample of N.
"""

from pathlib import Path

import torch

DIGITS = Path(__file__).with_name("digits.npz")
PARTS = {"train": (0, 8000), "validation": (8000, 9000), "test": (9000, 10000)}


def split() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Images (N, 1, 28, 28), 0 paper to 1 ink, and labels (N,) of `train`, `validation` and `test`."""
    import numpy

    kept = numpy.load(DIGITS)
    images = torch.from_numpy(kept["images"]).float()[:, None] / 255  # (10000, 28, 28) -> (10000, 1, 28, 28)
    labels = torch.from_numpy(kept["labels"]).long()
    return {part: (images[first:last], labels[first:last]) for part, (first, last) in PARTS.items()}
