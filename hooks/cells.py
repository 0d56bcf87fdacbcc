"""Code in a page: blocks that include a region of `snippets/`, shown or, as cells, run by the reader."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from hooks.inline import inline_html
from hooks.kept import kept
from hooks.page_text import Fence, PageText
from hooks.regions import INCLUDE, RegionError, check_runnable, read_region

_ATTRIBUTES = re.compile(r'\{[ \t]*(?P<content>(?:"[^"]*"|[^"}])*)\}')
_ATTRIBUTE = re.compile(r'\.(?P<class>[\w-]+)|(?P<key>[\w-]+)="(?P<value>[^"]*)"')
_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_FORMATTER = HtmlFormatter(cssclass="highlight", wrapcode=True)
_HINT = 'write --8<-- "rnn/model.py:step"'


def classes_and_options(info: str) -> tuple[set[str], dict[str, str]]:
    """Read what stands after the backticks of a fence: ``python`` or ``{ .python .cell try="…" }``."""
    match = _ATTRIBUTES.fullmatch(info)
    if not match:
        return ({info.split()[0]} if info else set()), {}
    found = list(_ATTRIBUTE.finditer(match["content"]))
    return {one["class"] for one in found if one["class"]}, {
        one["key"]: one["value"] for one in found if one["key"]
    }


def count_cells(page: PageText) -> int:
    """Return how many cells a page has."""
    return sum("cell" in classes_and_options(fence.info)[0] for fence in page.fences())


def place_code(
    page: PageText, snippets: Path, prompt: Callable[[str, int], str], *, only_included: bool = False
) -> list[str]:
    """Replace a page's included code by what stands for it until Markdown is done.

    Args:
        page: the page.
        snippets: the folder that includes start from.
        prompt: rewrites the Markdown of a cell's `try`; gets the text and the fence's position.
        only_included: whether Python that is typed into the page is a problem.

    Returns:
        The ids of the cells placed, ``rnn.model:step``, in order.
    """
    placed: list[str] = []
    text, last, pieces = page.text, 0, []
    for fence in page.fences():
        classes, options = classes_and_options(fence.info)
        include = INCLUDE.search(fence.content)
        if not include:
            if "cell" in classes:
                page.problem(fence.start, "a cell has no code", f"include one region: {_HINT}")
            elif only_included and "python" in classes:
                page.problem(
                    fence.start,
                    "Python is typed into the page",
                    f"move it to snippets/, where it is tested, and include it: {_HINT}",
                )
            continue
        position = fence.content_start + include.start()
        try:
            html = _block(page, fence, include, classes, options, snippets, prompt, placed)
        except RegionError as error:
            page.problem(position, str(error), error.advice)
            continue
        lines = text.count("\n", fence.start, fence.end)
        pieces += [text[last : fence.start], fence.indent, page.block(html), "\n" * lines]
        last = fence.end
    page.text = "".join([*pieces, text[last:]])
    return placed


def _block(
    page: PageText,
    fence: Fence,
    include: re.Match,
    classes: set[str],
    options: dict[str, str],
    snippets: Path,
    prompt: Callable[[str, int], str],
    placed: list[str],
) -> str:
    path, region = include["path"], include["region"]
    if fence.content.strip() != include[0].strip():
        raise RegionError(
            "an include shares its block with other code", "give each include a block of its own"
        )
    code = read_region(snippets, path, region)
    if "cell" not in classes:
        return code_html(code)
    if not region or not path.endswith(".py"):
        raise RegionError(
            f"the cell `{path}` names no region", f"{_HINT}, with # --8<-- [start:step] in the file"
        )
    check_runnable(code, path, region)
    identity = f"{path.removesuffix('.py').replace('/', '.')}:{region}"
    if identity in placed:
        raise RegionError(f"the cell `{identity}` is already on this page", "keep one, or drop `.cell` here")
    placed.append(identity)
    return cell_html(identity, f"{path} · {region}", code, prompt(options.get("try", ""), fence.start))


@kept
def code_html(code: str) -> str:
    """Return highlighted Python whose text is exactly `code`."""
    return (
        highlight(code, _LEXER, _FORMATTER)
        .replace("<pre><span></span>", "<pre>")
        .strip()
        .replace("\n</code></pre>", "</code></pre>")
    )


def cell_html(identity: str, name: str, code: str, prompt: str = "", output: str = "") -> str:
    """Return the HTML of one cell as it stands before any script runs.

    Args:
        identity: ``module:region``.
        name: what stands in its bar.
        code: its text.
        prompt: Markdown that tells the reader what to try.
        output: HTML of what the build's own run left, if it ran the cell.
    """
    anchor = f"cell-{re.sub(r'[^a-z0-9]+', '-', identity.lower())}"
    tried = f'<p class="atlas-cell__try">Try: {inline_html(prompt)}</p>' if prompt else ""
    return (
        f'<div class="atlas-cell" id="{anchor}" data-cell="{identity}" data-status="idle">'
        '<div class="atlas-cell__bar" data-search-exclude="true">'
        f'<span class="atlas-cell__name">{escape(name)}</span>'
        '<button type="button" data-action="run">Run</button>'
        '<button type="button" data-action="stop" hidden>Stop</button>'
        '<button type="button" data-action="reset">Reset</button>'
        '<button type="button" data-action="share">Share</button></div>'
        f'<div class="atlas-cell__code">{code_html(code)}</div>{tried}'
        f'<div class="atlas-cell__output" data-output aria-live="polite">{output}</div></div>'
    )
