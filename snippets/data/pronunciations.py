"""Spellings and phonemes as ids: the symbols, the split into parts, padded batches.

The task: read the letters of a word, write its phonemes. Ids below `FIRST` mean the same on both sides; from
there on a letter has its id in `LETTERS`, a phoneme its id in `PHONEMES`. Phonemes are ARPAbet without stress.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch

PRONUNCIATIONS = Path(__file__).with_name("pronunciations.txt")
PADDING, START, END = 0, 1, 2
FIRST = 3
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOWELS = ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]
STOPS_AND_AFFRICATES = ["B", "CH", "D", "G", "JH", "K", "P", "T"]
OTHER_CONSONANTS = ["DH", "F", "HH", "L", "M", "N", "NG", "R", "S", "SH", "TH", "V", "W", "Y", "Z", "ZH"]
PHONEMES = sorted([*VOWELS, *STOPS_AND_AFFRICATES, *OTHER_CONSONANTS])
SOURCE_SYMBOLS = ["padding", "start", "end", *LETTERS]  # what the ids of a spelling stand for
TARGET_SYMBOLS = ["padding", "start", "end", *PHONEMES]  # what the ids of a pronunciation stand for
LONGEST = 14  # letters in a word of the file; a pronunciation has at most one phoneme more


class Pair(NamedTuple):
    """A word and its phonemes."""

    word: str
    phonemes: tuple[str, ...]


class Batch(NamedTuple):
    """`source` (B, S) letters; `inputs` (B, T) "start AH B"; `targets` (B, T) "AH B end"; `PADDING` behind each."""

    source: torch.Tensor
    inputs: torch.Tensor
    targets: torch.Tensor


def pairs() -> list[Pair]:
    """Every word of the file in alphabetical order."""
    rows = (line.split() for line in PRONUNCIATIONS.read_text(encoding="ascii").splitlines())
    return [Pair(word, tuple(phonemes)) for word, *phonemes in rows]


def split() -> dict[str, list[Pair]]:
    """The words of `train` (8 of 10), `validation` and `test` (1 of 10 each), by a hash of the word itself."""
    parts: dict[str, list[Pair]] = {"train": [], "validation": [], "test": []}
    for pair in pairs():
        parts[part_of(pair.word)].append(pair)
    return parts


def part_of(word: str) -> str:
    """The part a word belongs to, whether or not it is in the file."""
    bucket = zlib.crc32(word.encode()) % 10
    return "validation" if bucket == 0 else "test" if bucket == 1 else "train"


def spell(word: str) -> torch.Tensor:
    """Ids of a word's letters, (1, S) int64. Raises ValueError at an unknown character or an empty word."""
    unknown = sorted(set(word) - set(LETTERS))
    if unknown or not word:
        wrong = f"not {' '.join(unknown)}" if unknown else "and a word has at least one"
        raise ValueError(f"only the letters a to z have an id, {wrong}")
    return torch.tensor([[FIRST + LETTERS.index(letter) for letter in word]])


def pronounce(phonemes: tuple[str, ...] | list[str]) -> torch.Tensor:
    """Ids of phonemes, without start and end, (1, T) int64. Raises ValueError at an unknown phoneme."""
    unknown = sorted(set(phonemes) - set(PHONEMES))
    if unknown:
        raise ValueError(f"no phoneme of ARPAbet: {' '.join(unknown)}")
    return torch.tensor([FIRST + PHONEMES.index(phoneme) for phoneme in phonemes], dtype=torch.int64)[None]


def read_phonemes(ids: torch.Tensor | list[int]) -> tuple[str, ...]:
    """The phonemes of a row of ids, up to the first `END`; start and padding are left out."""
    phonemes = []
    for index in ids.tolist() if isinstance(ids, torch.Tensor) else ids:
        if index == END:
            break
        if index >= FIRST:
            phonemes.append(TARGET_SYMBOLS[index])
    return tuple(phonemes)


def batch(chosen: list[Pair]) -> Batch:
    """Words as padded ids: S is the longest spelling, T the longest pronunciation + 1."""
    S = max(len(pair.word) for pair in chosen)
    T = max(len(pair.phonemes) for pair in chosen) + 1
    source = torch.full((len(chosen), S), PADDING)
    inputs = torch.full((len(chosen), T), PADDING)
    targets = torch.full((len(chosen), T), PADDING)
    for row, pair in enumerate(chosen):
        sounds = pronounce(pair.phonemes)[0]
        source[row, : len(pair.word)] = spell(pair.word)[0]
        inputs[row, 0] = START
        inputs[row, 1 : len(sounds) + 1] = sounds
        targets[row, : len(sounds)] = sounds
        targets[row, len(sounds)] = END
    return Batch(source, inputs, targets)


def batches(chosen: list[Pair], size: int, generator: torch.Generator) -> Iterator[Batch]:
    """Batches of `size` words without end, every word once a round, the order drawn from `generator`.

    Words of about the same length go together: 20 batches are drawn at a time, sorted by length and cut, so
    that little of a batch is padding.
    """
    whole = batch(chosen)
    lengths = (whole.source != PADDING).sum(1)
    sounds = (whole.targets != PADDING).sum(1)
    while True:
        order = torch.randperm(len(chosen), generator=generator)
        for pool in order.split(20 * size):
            by_length = pool[torch.argsort(lengths[pool], stable=True)]
            groups = by_length.split(size)
            for place in torch.randperm(len(groups), generator=generator).tolist():
                rows = groups[place]
                S, T = int(lengths[rows].max()), int(sounds[rows].max())
                yield Batch(whole.source[rows, :S], whole.inputs[rows, :T], whole.targets[rows, :T])
