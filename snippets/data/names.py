"""First names as ids: the split into training, validation and test names, padded batches, one long stream.

An `alphabet` is a model's own: the id of a character is its place in it, and the character at place 0 marks
both ends of a name.
"""

import hashlib
from pathlib import Path

import torch

NAMES = Path(__file__).with_name("names.txt")
PADDING = -100  # what torch's cross_entropy leaves out


def split() -> dict[str, list[str]]:
    """The names of `train` (8 of 10), `validation` and `test` (1 of 10 each), by a hash of the name itself.

    A name keeps its side whatever is added to the list or however it is ordered.
    """
    parts: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for name in NAMES.read_text(encoding="ascii").split():
        bucket = hashlib.sha256(name.encode()).digest()[0] % 10
        parts["validation" if bucket == 0 else "test" if bucket == 1 else "train"].append(name)
    return parts


def batch(names: list[str], alphabet: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs ".anna" and targets "anna." as ids, (B, T) each, T = longest name + 1.

    Shorter names are padded: with the boundary in the inputs, with `PADDING` in the targets, so that the
    padding adds nothing to the loss.
    """
    T = max(len(name) for name in names) + 1
    inputs = torch.zeros(len(names), T, dtype=torch.int64)
    targets = torch.full((len(names), T), PADDING)
    for row, name in enumerate(names):
        ids = torch.tensor([alphabet.index(character) for character in alphabet[0] + name + alphabet[0]])
        inputs[row, : len(name) + 1] = ids[:-1]
        targets[row, : len(name) + 1] = ids[1:]
    return inputs, targets


def stream(names: list[str], rows: int, alphabet: str) -> torch.Tensor:
    """All names end to end, ".anna.bert…", cut into `rows` parallel rows of ids, (rows, columns)."""
    text = alphabet[0] + alphabet[0].join(names)
    ids = torch.tensor([alphabet.index(character) for character in text])
    columns = len(ids) // rows
    return ids[: rows * columns].reshape(rows, columns)
