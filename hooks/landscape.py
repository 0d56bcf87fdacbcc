"""The table of the landscape: real systems by what they generate and how, from one list."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

import yaml

from hooks.front_matter import suggestion
from hooks.page_text import PageText

WHAT = {
    "text": "Text",
    "images": "Images",
    "code": "Code",
    "audio": "Audio",
    "several": "Text and images",
    "movements": "Movements",
}
HOW = {
    "one-by-one": "One element after another",
    "refine": "All at once, refined in steps",
    "one-pass": "All at once, in one pass",
}
KEYS = {"name": str, "year": int, "what": str, "how": str, "page": str, "cite": str}
_PLACE = re.compile(r"^!\[\]\(landscape:systems\)[ \t]*$", re.MULTILINE)


class LandscapeError(ValueError):
    """An entry that cannot be used; `advice` says what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def place(page: PageText, path: Path, root: Path) -> None:
    """Replace ``![](landscape:systems)`` by the table, its links and citations still in Markdown.

    Args:
        page: any page; most have no such table.
        path: the YAML list of the systems.
        root: the project; messages name files relative to it.
    """
    file = path.relative_to(root).as_posix()

    def write(match: re.Match, _: Callable[[str], str]) -> str | None:
        try:
            return table(read_systems(path))
        except LandscapeError as error:
            page.problem(match.start(), f"{file}: {error}", error.advice)
            return None

    page.replace(_PLACE, write)


def read_systems(path: Path) -> list[dict]:
    """Read the list, oldest first.

    Raises:
        LandscapeError: an entry has a wrong or missing key, or the file is not a list.
    """
    try:
        systems = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LandscapeError(f"this is not a YAML list: {str(error).splitlines()[0]}", "mend it") from None
    if not isinstance(systems, list) or not all(isinstance(system, dict) for system in systems):
        raise LandscapeError("this is not a list of systems", f"write one `- {{{', '.join(KEYS)}}}` a line")
    for number, system in enumerate(systems, start=1):
        _check(system, f"system {number}, “{system.get('name', 'without a name')}”")
    return sorted(systems, key=lambda system: (system["year"], system["name"]))


def _check(system: dict, where: str) -> None:
    for key, kind in KEYS.items():
        if not isinstance(system.get(key), kind):
            raise LandscapeError(f"{where}: `{key}` is missing or no {kind.__name__}", f"add `{key}: …`")
    for key in system:
        if key not in KEYS:
            raise LandscapeError(f"{where}: unknown key `{key}`", suggestion(key, list(KEYS)))
    for key, known in (("what", WHAT), ("how", HOW)):
        if system[key] not in known:
            raise LandscapeError(f"{where}: `{key}: {system[key]}` is not known", suggestion(system[key], known))


def table(systems: list[dict]) -> str:
    """Return the table on one line: a row for what is generated, a column for how."""
    head = "".join(f'<th scope="col">{name}</th>' for name in HOW.values())
    rows = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(
            _cell([one for one in systems if (one["what"], one["how"]) == (what, how)], column)
            for how, column in HOW.items()
        )
        + "</tr>"
        for what, name in WHAT.items()
    )
    return (
        '<div class="atlas-landscape" tabindex="0" role="region" aria-label="Systems by what they generate and how">'
        f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(systems: list[dict], column: str) -> str:
    items = "".join(
        f"<li>[{escape(one['name'])}](architecture:{one['page']}) [@{one['cite']}]</li>"
        for one in systems
    )
    return f'<td data-column="{column}"><ul>{items}</ul></td>' if items else "<td></td>"
