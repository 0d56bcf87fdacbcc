"""Lessons are Python files in the percent format: ``# %%`` begins a cell of code, ``# %% [markdown]`` one of prose.

    # ---
    # lesson: 2                     front matter, in comments
    # ---
    # %% [markdown]
    # # Self-attention from scratch
    # %% try="Make the sentence longer."
    scores = queries @ keys.T
"""

import re
from dataclasses import dataclass

MARK = "# %%"
_OPTION = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Part:
    """One cell of a lesson.

    Attributes:
        kind: ``front`` (the front matter), ``markdown`` or ``code``.
        text: what stands in it, the comment signs of prose taken off.
        line: the line of the file on which `text` begins, from 1.
        number: which code cell it is, from 1; 0 for the others.
        options: what its mark carries, such as ``try``.
    """

    kind: str
    text: str
    line: int
    number: int
    options: dict[str, str]


def is_lesson(source: str) -> bool:
    """Whether a Python file is divided into cells."""
    return any(line.startswith(MARK) for line in source.splitlines())


def parts(source: str) -> list[Part]:
    """Divide a lesson into its cells, in order.

    Raises:
        ValueError: something other than front matter stands before the first cell, or prose is not in comments.
    """
    lines = source.splitlines()
    starts = [index for index, line in enumerate(lines) if line.startswith(MARK)] or [len(lines)]
    found: list[Part] = []
    front = [line for line in lines[: starts[0]] if line.strip()]
    if front:
        if front[0] != "# ---" or front[-1] != "# ---":
            raise ValueError("only front matter, between two lines `# ---`, may stand before the first `# %%`")
        found.append(Part("front", "\n".join(map(_uncommented, front[1:-1])), 2, 0, {}))
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        mark, body = lines[start].removeprefix(MARK).strip(), lines[start + 1 : end]
        options = dict(_OPTION.findall(mark))
        if mark.startswith("[markdown]"):
            found.append(Part("markdown", "\n".join(map(_uncommented, body)), start + 2, 0, options))
        elif any(line.strip() for line in body):
            number = 1 + sum(part.kind == "code" for part in found)
            while body and not body[0].strip():
                body, start = body[1:], start + 1
            found.append(Part("code", "\n".join(body).rstrip(), start + 2, number, options))
    return found


def code_cell(source: str, name: str) -> str | None:
    """The text of the code cell ``cell-3``; None if the lesson has no such cell."""
    for part in parts(source):
        if part.kind == "code" and name == f"cell-{part.number}":
            return part.text
    return None


def _uncommented(line: str) -> str:
    if line.strip() and not line.startswith("#"):
        raise ValueError(f"prose stands in comments, and this line does not: {line}")
    return line.removeprefix("#").removeprefix(" ")
