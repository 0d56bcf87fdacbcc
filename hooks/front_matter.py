"""What a page says about itself, checked key by key."""

import datetime
import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from hooks.page_text import Problem

LEVELS = {"beginner": "Beginner", "intermediate": "Intermediate", "advanced": "Advanced"}
FAMILIES = {
    "sequence": "Sequence models",
    "transformer": "Transformers",
    "generative": "Generative models",
    "representation": "Representation learning",
    "multimodal": "Multimodal models",
    "embodied": "Worlds, robots and space",
    "alignment": "Alignment and reasoning",
}
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Architecture:
    """The facts about one architecture, from the front matter of its page or from the plan.

    Attributes:
        data: files under `snippets/` that the page's code reads in the browser; empty for a planned page.
        checked: the month its facts were last checked, ``2026-02``; empty for a planned page.
        paper: the founding paper that `year` is taken from; only planned pages need to say it.
        file: where this was read from, as messages show it.
        lines: the line of each key in that file.
        compare: what the page that compares says of it, by the keys of `COMPARED`; empty for a planned page.
    """

    title: str
    slug: str
    summary: str
    level: str
    year: int
    family: str
    core: bool
    builds_on: tuple[str, ...]
    topics: tuple[str, ...]
    data: tuple[str, ...]
    checked: str
    paper: str
    planned: bool
    file: str
    lines: dict[str, int]
    compare: dict[str, str] = field(default_factory=dict)

    def line(self, key: str) -> int:
        """Return the line of the file on which `key` stands."""
        return self.lines.get(key, min(self.lines.values(), default=1))


def _text(value: object) -> str | None:
    return None if isinstance(value, str) and value.strip() else "write some text"


def _sentence(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip().endswith("."):
        return "write one sentence, ending in a full stop"
    if "\n" in value.strip() or len(value) > 240:
        return "write one sentence of at most 240 characters"
    return None


def _one_of(names: dict[str, str]) -> Callable[[object], str | None]:
    return lambda value: None if value in names else f"write one of {', '.join(names)}"


def _slug(value: object) -> str | None:
    if isinstance(value, str) and _SLUG.fullmatch(value):
        return None
    return "write small letters, digits and single dashes"


def _year(value: object) -> str | None:
    latest = datetime.date.today().year
    if isinstance(value, int) and not isinstance(value, bool) and 1943 <= value <= latest:
        return None
    return f"write the year of the founding paper, a whole number up to {latest}"


def _truth(value: object) -> str | None:
    return None if isinstance(value, bool) else "write true or false"


def _texts(value: object) -> str | None:
    if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
        return None
    return "write a list of texts, such as [one, two], or []"


def _month(value: object) -> str | None:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        if value <= f"{datetime.date.today():%Y-%m}":
            return None
        return "write a month that has begun"
    return "write the month its facts were last checked, as YYYY-MM"


COMPARED = {
    "objective": "what it is trained to do",
    "input": "what goes in",
    "output": "what comes out",
    "training": "what can be computed at once while it is trained",
    "generation": "what can be computed at once while it generates",
    "cost": "how its cost grows with the length $n$",
    "memory": "what it carries along while it generates",
    "steps": "how many steps a sample takes",
    "strengths": "one sentence",
    "weaknesses": "one sentence",
}


def _comparison(value: object) -> str | None:
    if not isinstance(value, dict):
        return f"write a mapping with the keys {', '.join(COMPARED)}"
    return None


_COMMON = {
    "title": _text,
    "slug": _slug,
    "summary": _sentence,
    "level": _one_of(LEVELS),
    "year": _year,
    "family": _one_of(FAMILIES),
    "core": _truth,
    "builds_on": _texts,
}
WRITTEN = _COMMON | {"topics": _texts, "data": _texts, "checked": _month, "compare": _comparison}
PLANNED = _COMMON | {"paper": _text}


def architecture(
    values: dict, lines: dict[str, int], file: str, *, planned: bool = False
) -> tuple[Architecture | None, list[Problem]]:
    """Check one front matter.

    Args:
        values: the keys and values as YAML gives them.
        lines: the line of each key in `file`.
        planned: whether this is an entry of the plan rather than a page's front matter.

    Returns:
        The architecture, or ``None`` if it cannot be used, and what is wrong.
    """
    schema = PLANNED if planned else WRITTEN
    first = min(lines.values(), default=1)
    problems = []
    for key, check in schema.items():
        if key not in values:
            problems.append(Problem(file, first, f"`{key}` is missing", f"add it: {_example(key)}"))
        elif advice := check(values[key]):
            problems.append(Problem(file, lines[key], f"`{key}: {values[key]}` cannot be used", advice))
        elif key == "compare":
            problems += _check_comparison(values[key], lines, file)
    for key in values:
        if key not in schema:
            problems.append(Problem(file, lines.get(key, first), f"unknown key `{key}`", _known(key, schema)))
    if problems:
        return None, problems
    kept = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    blank = {"topics": (), "data": (), "checked": "", "paper": ""}
    return Architecture(**(blank | kept), planned=planned, file=file, lines=lines), []


def _said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= 160 and "FILL IN" not in value


def _check_comparison(values: dict, lines: dict[str, int], file: str) -> list[Problem]:
    """Check what a page says for the comparison, key by key."""
    problems = []
    for key, meaning in COMPARED.items():
        if key not in values:
            message = f"`{key}` is missing under `compare`"
            problems.append(Problem(file, lines["compare"], message, f"add `{key}:`, {meaning}"))
        elif not _said(values[key]):
            message = f"`{key}: {values[key]}` under `compare` cannot be used"
            line = lines.get(f"compare.{key}", lines["compare"])
            problems.append(Problem(file, line, message, f"write {meaning}, in at most 160 characters"))
    for key in values:
        if key not in COMPARED:
            line = lines.get(f"compare.{key}", lines["compare"])
            problems.append(Problem(file, line, f"unknown key `{key}` under `compare`", _known(str(key), COMPARED)))
    return problems


def read_front_matter(front: str, file: str, path: Path) -> tuple[Architecture | None, list[Problem]]:
    """Check the front matter of an architecture page, given as text. `path` is the page's file."""
    if not front:
        return None, [
            Problem(file, 1, "the page has no front matter", f"begin it with --- and {', '.join(WRITTEN)}")
        ]
    try:
        values = yaml.safe_load(front)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 2 + (mark.line if mark else 0)
        reason = getattr(error, "problem", None) or str(error)
        return None, [
            Problem(
                file,
                line,
                f"the front matter is not YAML: {reason}",
                "mend this line or the one before, or quote its text",
            )
        ]
    if not isinstance(values, dict):
        return None, [
            Problem(file, 2, "the front matter is not a list of `key: value`", f"write {', '.join(WRITTEN)}")
        ]
    lines = key_lines(front, first=2)
    found, problems = architecture(values, lines, file)
    if found and found.slug != path.stem:
        problems.append(
            Problem(
                file,
                lines["slug"],
                f"`slug: {found.slug}` is not the file's name",
                f"write `slug: {path.stem}` or rename the file to {found.slug}.md",
            )
        )
    return found, problems


def key_lines(front: str, first: int) -> dict[str, int]:
    """Return the line on which each key of a YAML text stands; the text begins on line `first`.

    A key one level down is ``outer.inner``.
    """
    lines, outer = {}, ""
    for match in re.finditer(r"^( *)([A-Za-z_][\w-]*)[ \t]*:", front, re.MULTILINE):
        if not match[1]:
            outer = match[2]
        key = f"{outer}.{match[2]}" if match[1] else match[2]
        lines.setdefault(key, first + front.count("\n", 0, match.start()))
    return lines


def suggestion(name: str, known: Collection[str]) -> str:
    """Say which of the known names was probably meant, or list them."""
    close = difflib.get_close_matches(name, list(known), n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known: {', '.join(sorted(known)) or 'none'}"


def _known(key: str, schema: dict) -> str:
    close = difflib.get_close_matches(key, list(schema), n=1)
    return f"did you mean `{close[0]}`?" if close else "remove it"


def _example(key: str) -> str:
    examples = {
        "title": "`title: Attention`",
        "slug": "`slug: attention`, the file's name",
        "summary": "`summary: One sentence.`",
        "level": f"`level:` {', '.join(LEVELS)}",
        "year": "`year: 2014`, of the founding paper",
        "family": f"`family:` {', '.join(FAMILIES)}",
        "core": "`core: true` or `core: false`",
        "builds_on": "`builds_on: [rnn]`, or `[]`",
        "topics": "`topics: [hidden state]`, terms of the glossary",
        "data": "`data: []`, files under snippets/ that the page's code reads",
        "checked": "`checked: 2026-01`, the month its facts were last checked",
        "compare": f"`compare:` with {', '.join(COMPARED)}, one a line and indented",
        "paper": "`paper: Authors, Title`, the paper that `year` is taken from",
    }
    return examples[key]


def short_title(title: str) -> str:
    """Return what a title says in parentheses, if it does: ``Generative Pretraining (GPT)`` is ``GPT``."""
    return title.rpartition("(")[2].removesuffix(")").strip() if title.endswith(")") else title
