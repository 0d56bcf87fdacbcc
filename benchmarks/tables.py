"""Tables of measurements in Markdown, and what they say of the budgets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MET, MISSED = "met", "**missed**"


def verdict(value: float, limit: float, form: str = "g") -> str:
    """What a budget says of a value: ``≤ 150, met``."""
    return f"≤ {limit:{form}}, {MET if value <= limit else MISSED}"


def verdict_at_least(value: float, limit: float) -> str:
    """The same where more is better: ``≥ 20, met``."""
    return f"≥ {limit:g}, {MET if value >= limit else MISSED}"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A titled table; the first column has no name."""
    head = ["", *columns]
    lines = [title, "", _line(head), "|" + "---|" * len(head), *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def summary(tables: Iterable[str]) -> str:
    """How many budgets the tables meet, and those they miss, by name."""
    rows = [line for text in tables for line in text.splitlines() if line.startswith("| ")]
    met = sum(f", {MET} |" in line for line in rows)
    missed = [line.split("|")[1].strip() for line in rows if f", {MISSED} |" in line]
    said = f"Budgets met: {met} of {met + len(missed)}."
    return f"{said} Missed: {'; '.join(missed)}." if missed else said
