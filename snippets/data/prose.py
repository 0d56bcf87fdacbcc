"""Jane Austen's novels, and the byte-pair tokenizer learned from them.

Source of the method: R. Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword
Units", 2016, section 3.2; on bytes instead of letters as in GPT-2 (A. Radford et al., 2019, section 2.2).

A token is a string of bytes. The first 256 ids are the single bytes, so any text can be written; each later
id joins two earlier ones. The tokenizer of a model that needs ids of its own, such as a mask, appends them.
"""

import re
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

NOVELS = Path(__file__).with_name("prose.txt.bz2")
MERGES = Path(__file__).with_name("prose_merges.txt")
VOCABULARY = 1024  # 256 bytes and 768 pairs

# No token crosses from one of these pieces into the next: a word with the space before it, a number, a run of
# other signs, spaces that no word claims. Otherwise "dog.", "dog!" and "dog," would each become a token.
PIECE = re.compile(r" ?[^\W\d_]+| ?\d+| ?(?:[^\w\s]|_)+|\s")


def novels() -> str:
    """All six novels: one paragraph a line, a blank line between chapters."""
    import bz2  # only where there are novels: the page has the merges alone

    return bz2.decompress(NOVELS.read_bytes()).decode("utf-8")


def split(text: str) -> dict[str, list[str]]:
    """The chapters to learn from, `train`, and of every twenty one for `validation` and one for `test`."""
    parts: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for index, chapter in enumerate(text.strip().split("\n\n")):
        parts[{9: "validation", 19: "test"}.get(index % 20, "train")].append(chapter)
    return parts


# --8<-- [start:learn]
def learn(text: str, vocabulary: int) -> list[tuple[bytes, bytes]]:
    """The pairs to join, in the order they are learned, until there are `vocabulary` tokens."""
    pieces = Counter(PIECE.findall(text))
    words = [[bytes([byte]) for byte in piece.encode()] for piece in pieces]
    counts = list(pieces.values())
    pairs: Counter = Counter()
    where = defaultdict(set)  # the words that hold a pair, so that a merge visits only those
    for index, word in enumerate(words):
        for pair in pairwise(word):
            pairs[pair] += counts[index]
            where[pair].add(index)
    merges = []
    while len(merges) < vocabulary - 256 and pairs:
        best = max(pairs, key=lambda pair: (pairs[pair], pair))  # ties: the later in the alphabet
        merges.append(best)
        for index in where.pop(best):
            for pair in pairwise(words[index]):
                pairs[pair] -= counts[index]
            words[index] = join(words[index], best)
            for pair in pairwise(words[index]):
                pairs[pair] += counts[index]
                where[pair].add(index)
        del pairs[best]
    return merges


# --8<-- [end:learn]


# --8<-- [start:join]
def join(word: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    """The word with every occurrence of the pair made one token, from left to right."""
    joined: list[bytes] = []
    for token in word:
        if joined and (joined[-1], token) == pair:
            joined[-1] += token
        else:
            joined.append(token)
    return joined


# --8<-- [end:join]


class Tokenizer:
    """Text to ids and back, by the merges in the order they were learned."""

    def __init__(self, merges: list[tuple[bytes, bytes]]) -> None:
        self.merges = merges
        self.rank = {pair: rank for rank, pair in enumerate(merges)}
        self.tokens = [bytes([byte]) for byte in range(256)] + [a + b for a, b in merges]
        self.ids = {token: index for index, token in enumerate(self.tokens)}
        self._pieces: dict[str, list[int]] = {}  # the same words come again and again

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        """Ids of a text; every text has some."""
        ids: list[int] = []
        for piece in PIECE.findall(text):
            if piece not in self._pieces:
                self._pieces[piece] = [self.ids[token] for token in self.stages(piece)[-1]]
            ids += self._pieces[piece]
        return ids

    def stages(self, piece: str) -> list[list[bytes]]:
        """One piece of text as bytes, then after each merge, down to its tokens."""
        stages = [[bytes([byte]) for byte in piece.encode()]]
        while True:
            word = stages[-1]
            known = [pair for pair in pairwise(word) if pair in self.rank]
            if not known:
                return stages
            stages.append(join(word, min(known, key=self.rank.__getitem__)))

    def decode(self, ids: list[int]) -> str:
        """The text of the ids; bytes that are no UTF-8 character, as in half of one, become "\\ufffd"."""
        return b"".join(self.tokens[index] for index in ids).decode("utf-8", errors="replace")

    def label(self, index: int) -> str:
        """A token as a figure shows it."""
        return shown(self.tokens[index])


def shown(token: bytes) -> str:
    """A token in printable signs: a space as "·", the end of a paragraph as "¶", other bytes as "<f0>"."""
    signs = {32: "·", 10: "¶"}
    return "".join(signs.get(byte) or (chr(byte) if 32 < byte < 127 else f"<{byte:02x}>") for byte in token)


@cache
def tokenizer() -> Tokenizer:
    """The tokenizer that was learned from the training chapters."""
    lines = MERGES.read_text(encoding="utf-8").splitlines()
    return Tokenizer([tuple(side.replace("·", " ").encode() for side in line.split(" ")) for line in lines])
