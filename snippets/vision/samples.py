"""The ten digits that the page fetches, for drawings to open with and for cells to try."""

import functools

import torch

from snippets.kit import load_text


@functools.cache
def samples() -> torch.Tensor:
    """One test image of each digit, 0 to 9, (10, 1, 28, 28), 0 paper to 1 ink."""
    rows = [list(bytes.fromhex(line.split()[1])) for line in load_text("digit_samples.txt").splitlines()]
    return torch.tensor(rows).float().reshape(len(rows), 1, 28, 28) / 255
