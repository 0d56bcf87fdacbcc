"""Tables of the page on PyTorch in the browser: what is here, what is not, what is not compared."""

import json
from collections.abc import Callable
from html import escape
from pathlib import Path


def writers(names: Path) -> dict[str, Callable[[], str]]:
    """Return what writes each table, by the name it has in ``![](index:…)``.

    Args:
        names: the file that `python -m tests.numpy_torch.write_proof` writes; it is read when a table is asked for.
    """

    def read(key: str) -> list:
        return json.loads(names.read_text(encoding="utf-8"))[key]

    return {
        "torch-here": lambda: here(read("here")),
        "torch-absent": lambda: absent(read("absent")),
        "torch-exclusions": lambda: exclusions(read("exclusions")),
    }


def here(rows: list) -> str:
    """Return a table of families: [module, family, names]."""
    cells = [
        f'<tr><th scope="row">{escape(family) or f"<code>{escape(module)}</code>"}<p>{len(names)} names</p></th>'
        f"<td>{_names(names)}</td></tr>"
        for module, family, names in rows
    ]
    return _table(("Family", "What is there"), cells)


def absent(rows: list) -> str:
    """Return one folded list for each module: [module, [name, nearest]]."""
    parts = []
    for module, names in rows:
        items = "".join(
            f"<li><code>{escape(name)}</code>{f' → <code>{escape(near)}</code>' if near else ''}</li>"
            for name, near in names
        )
        parts.append(
            f"<details><summary><code>{escape(module)}</code>: {len(names)} absent</summary>"
            f'<ul class="atlas-names">{items}</ul></details>'
        )
    return f'<div data-search-exclude="true">{"".join(parts)}</div>'


def exclusions(rows: list) -> str:
    """Return a table of what the comparison leaves out: [what, name, reason]."""
    cells = [
        f'<tr><th scope="row"><code>{escape(name)}</code><p>{escape(what)}</p></th><td>{escape(why)}</td></tr>'
        for what, name, why in rows
    ]
    return _table(("Operation", "Why"), cells)


def _names(names: list[str]) -> str:
    return " ".join(f"<code>{escape(name)}</code>" for name in names)


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<div class="atlas-names" data-search-exclude="true" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
