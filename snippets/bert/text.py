"""Text as the model reads it: pieces of words, with a sign at the beginning, after each sentence and for a blank."""

import re

import torch

from snippets.bert.model import CLS, MASK, PAD, PIECES, SEP
from snippets.data import prose

NAMES = {CLS: "[CLS]", SEP: "[SEP]", MASK: "[MASK]", PAD: "[PAD]"}
BLANK = re.compile(r" ?\[MASK\]|\[MASK", re.IGNORECASE)  # with the space that belongs to the word; or half typed


def pieces(text: str) -> list[int]:
    """Ids of a text, blanks written as [MASK]."""
    ids: list[int] = []
    for number, part in enumerate(BLANK.split(text)):
        ids += [MASK] * (number > 0) + prose.tokenizer().encode(part.rstrip("]") if number else part)
    return ids


def encode(text: str, longest: int = 64) -> torch.Tensor:
    """[CLS], the beginning of a paragraph, the text, [SEP]: ids (1, T). Of a text too long, the end is left out."""
    return torch.tensor([[CLS, *pieces("\n" + text)[: longest - 2], SEP]])


def label(index: int) -> str:
    """A token as a figure shows it."""
    return NAMES[index] if index >= PIECES else prose.tokenizer().label(index)
