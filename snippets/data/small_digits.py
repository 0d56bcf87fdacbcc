"""1,797 handwritten digits of 8×8 pixels as tensors, one in five held out."""

import gzip
from pathlib import Path

import torch

DIGITS = Path(__file__).with_name("small_digits.csv.gz")


def split() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Images (N, 1, 8, 8) from -1 (paper) to 1 (ink) and labels (N,) of `train` and `held_out`.

    Every fifth image of the file is held out. Neighbours in the file are often by the same hand, so that a
    held-out digit is a new image, not a new writer.
    """
    lines = gzip.decompress(DIGITS.read_bytes()).decode("ascii").split()
    rows = torch.tensor([[int(value) for value in line.split(",")] for line in lines])  # (N, 65)
    images = rows[:, :64].reshape(-1, 1, 8, 8) / 8 - 1  # (N, 64) -> (N, 1, 8, 8), 0 … 16 -> -1 … 1
    labels = rows[:, 64]
    held_out = torch.arange(len(rows)) % 5 == 4
    return {
        "train": (images[~held_out], labels[~held_out]),
        "held_out": (images[held_out], labels[held_out]),
    }
