"""A reader's sentence made ready for the model, and what has to be said about that."""

from dataclasses import dataclass

from snippets.data import prose

SENTENCE = "Elizabeth could not help smiling at"
LONGEST = 24  # tokens read at most: more would be too small to see
MOST = 20_000  # characters that a field takes
SIGNS = frozenset("\n !\"&'()*,-.0123456789:;?ABCDEFGHIJKLMNOPQRSTUVWXYZ[]abcdefghijklmnopqrstuvwxyz£")  # of the novels
ALIKE = str.maketrans("‘’“”–—…\t\r", "''\"\"--. \n")  # signs that the novels write in another way


@dataclass(frozen=True)
class Reading:
    """What the model reads of a text.

    Attributes:
        text: what is read, without the mark before it.
        ids: tokens, the end of a paragraph first: so the model knows that a sentence begins.
        labels: a printable label for each.
        note: plain sentences about what was changed or cannot be understood; empty when all is well.
    """

    text: str
    ids: list[int]
    labels: list[str]
    note: str


def read(text: str, longest: int = LONGEST) -> Reading:
    """Whatever a reader typed, as at least two and at most `longest` tokens. Every text is read; `note` says how."""
    tokenizer, notes = prose.tokenizer(), []
    kept = " ".join(text[:MOST].translate(ALIKE).split())
    if not kept:
        kept = SENTENCE
        notes.append(f"Nothing was typed, so “{SENTENCE}” is read.")
    ids = tokenizer.encode(kept)
    if len(ids) > longest - 1:
        notes.append(f"Of {len(ids):,} tokens the first {longest - 1} are read.")
        ids = ids[: longest - 1]
        kept = tokenizer.decode(ids)
    strange = list(dict.fromkeys(sign for sign in kept if sign not in SIGNS and sign != "\ufffd"))
    if strange:
        names = [f"“{sign}”" if sign.isprintable() else f"U+{ord(sign):04X}" for sign in strange[:5]]
        shown = " ".join(names) + (" and others" if len(strange) > 5 else "")
        are = "is" if len(strange) == 1 else "are"
        notes.append(f"{shown} {are} not in the novels: the model reads bytes that it never learned anything about.")
    ids = [*tokenizer.encode("\n"), *ids]
    return Reading(kept, ids, [tokenizer.label(index) for index in ids], " ".join(notes))
