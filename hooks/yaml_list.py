"""A YAML file that holds a list: its entries, where each stands, and what is wrong with the file."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from hooks.page_text import Problem


@dataclass
class Entry:
    """One entry: its values by key, the line on which it begins, and that of every key, from 1."""

    values: dict
    line: int
    lines: dict[str, int]


@dataclass
class YamlList:
    """What a file holds; nothing if something is wrong with it."""

    file: str
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_list(path: Path, root: Path, what: str, example: str, *, texts: bool = False) -> YamlList:
    """Read a list whose entries have keys and values; a file that is not there holds none.

    Args:
        path: the file.
        root: the project's folder, to which names in messages are relative.
        what: such as “the timeline is not a list of rows”.
        example: what to write in its place.
        texts: every value is a text, whatever it looks like: 1997-10 is no date then, and 1997 no number.
    """
    found = YamlList(path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix())
    if not path.is_file():
        return found
    text = path.read_text(encoding="utf-8")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        entries = yaml.load(text, Loader=yaml.BaseLoader if texts else yaml.SafeLoader) or []
    except yaml.YAMLError as error:
        line = 1 + getattr(getattr(error, "problem_mark", None), "line", 0)
        reason = getattr(error, "problem", None) or "it cannot be read"
        advice = "mend this line or the one before, or quote its text"
        found.problems.append(Problem(found.file, line, f"this is not YAML: {reason}", advice))
        return found
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        found.problems.append(Problem(found.file, 1, what, f"write {example}"))
        return found
    for values, place in zip(entries, node.value if entries else [], strict=True):
        lines = {key.value: 1 + key.start_mark.line for key, _ in place.value}
        found.entries.append(Entry(values, 1 + place.start_mark.line, lines))
    return found
