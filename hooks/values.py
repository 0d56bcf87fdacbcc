"""Numbers in the prose, read from measured results and never typed: ``{{ rnn.loss.validation | .3f }}``."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from hooks.front_matter import suggestion
from hooks.page_text import PageText

_VALUE = re.compile(r"\{\{(?P<content>[^{}\n]*)\}\}")
_CONTENT = re.compile(r"\s*(?P<path>[\w-]+(\.[\w-]+)+)\s*(\|\s*(?P<format>\S+)\s*)?")


class ValueMissingError(LookupError):
    """A key that leads nowhere; `advice` says what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def fill_values(page: PageText, find: Callable[[str], object]) -> None:
    """Replace every ``{{ key.path | format }}`` outside code and formulas.

    Args:
        page: the page.
        find: returns the value at a dotted path or raises `ValueMissingError`.
    """

    def write(match: re.Match, _: Callable[[str], str]) -> str | None:
        content = _CONTENT.fullmatch(match["content"])
        if not content:
            page.problem(match.start(), f"`{match[0]}` cannot be read", "write it as {{ rnn.key | .3f }}")
            return None
        try:
            return shown(find(content["path"]), content["format"], content["path"])
        except ValueMissingError as error:
            page.problem(match.start(), str(error), error.advice)
            return None

    page.replace(_VALUE, write)


def find_in_results(snippets: Path, path: str) -> object:
    """Return the value at ``slug.key.key`` of that slug's ``results.json``; lists take a number as key."""
    slug, *keys = path.split(".")
    file = snippets / slug.replace("-", "_") / "results.json"
    if not file.is_file():
        with_results = [folder.parent.name.replace("_", "-") for folder in snippets.glob("*/results.json")]
        raise ValueMissingError(
            f"`{path}`: `{slug}` has no results.json",
            f"run `make train SLUG={slug}`; {suggestion(slug, with_results)}",
        )
    return follow(json.loads(file.read_text(encoding="utf-8")), keys, path)


def follow(value: object, keys: list[str], path: str) -> object:
    """Return what `keys` lead to inside `value`; `path` is for the message."""
    for key in keys:
        if isinstance(value, list) and re.fullmatch(r"-?\d+", key) and -len(value) <= int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            known = list(value) if isinstance(value, dict) else []
            raise ValueMissingError(f"`{path}`: there is no `{key}`", suggestion(key, known))
    return value


def shown(value: object, how: str | None, path: str) -> str:
    """Return a value as prose shows it; `how` is a format such as ``.3f``, ``,d`` or ``.1%``."""
    if isinstance(value, (dict, list)) or value is None:
        keys = ", ".join(value) if isinstance(value, dict) else f"0 to {len(value or []) - 1}"
        raise ValueMissingError(f"`{path}` is not one number or text", f"go on to one of: {keys}")
    if how and how.endswith("d") and isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return format(value, how or "").replace("-", "−" if isinstance(value, (int, float)) else "-")
    except ValueError:
        kind = "text" if isinstance(value, str) else "number"
        raise ValueMissingError(
            f"`{path} | {how}`: no such format for a {kind}", "write .3f, .1%, ,d or nothing"
        ) from None
