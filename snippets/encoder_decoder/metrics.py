"""How good a written sequence is: exact match, error rate and BLEU. Sequences are tuples of symbols.

BLEU: K. Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002, section 2,
with one reference for each candidate.
"""

from collections import Counter
from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple

Symbols = Sequence[str]


def exact_match(candidates: list[Symbols], references: list[Symbols]) -> float:
    """The share of candidates that equal their reference in every symbol."""
    pairs = list(zip(candidates, references, strict=True))
    return sum(tuple(candidate) == tuple(reference) for candidate, reference in pairs) / len(pairs)


def edit_distance(candidate: Symbols, reference: Symbols) -> int:
    """The fewest symbols to insert, delete or replace that turn one into the other (Levenshtein)."""
    above = list(range(len(reference) + 1))
    for row, symbol in enumerate(candidate, start=1):
        current = [row]
        for column, wanted in enumerate(reference, start=1):
            replaced = above[column - 1] + (symbol != wanted)
            current.append(min(replaced, above[column] + 1, current[column - 1] + 1))
        above = current
    return above[-1]


def error_rate(candidates: list[Symbols], references: list[Symbols]) -> float:
    """Edits needed for all candidates together, for each symbol of the references; may pass 1."""
    edits = sum(map(edit_distance, candidates, references))
    return edits / sum(map(len, references))


class Bleu(NamedTuple):
    """The score with its parts: the clipped precision of each n-gram length, and the penalty for brevity."""

    score: float
    precisions: list[float]
    brevity_penalty: float


# --8<-- [start:bleu]
def ngrams(symbols: Symbols, n: int) -> Counter:
    """How often each run of n symbols occurs."""
    return Counter(tuple(symbols[i : i + n]) for i in range(len(symbols) - n + 1))


def bleu(candidates: list[Symbols], references: list[Symbols], longest: int = 4) -> Bleu:
    """Geometric mean of clipped n-gram precisions over a corpus, times the brevity penalty."""
    precisions = []
    for n in range(1, longest + 1):
        right = total = 0
        for candidate, reference in zip(candidates, references, strict=True):
            found, allowed = ngrams(candidate, n), ngrams(reference, n)
            right += sum(min(count, allowed[gram]) for gram, count in found.items())  # clipped
            total += sum(found.values())
        precisions.append(right / total if total else 0.0)
    written, wanted = sum(map(len, candidates)), sum(map(len, references))
    brevity = 1.0 if written > wanted else exp(1 - wanted / written) if written else 0.0
    if min(precisions) == 0:
        return Bleu(0.0, precisions, brevity)
    return Bleu(brevity * exp(sum(map(log, precisions)) / longest), precisions, brevity)


# --8<-- [end:bleu]
