"""A page as plain Markdown, for language models and other readers of text: includes, values and citations resolved."""

import posixpath
import re

from bs4 import BeautifulSoup, NavigableString, Tag

from hooks.figures import relative
from hooks.kept import kept
from hooks.page_text import PageText

FILE = "index.html.md"
_TOKEN = re.compile(r"^(?P<indent>[ \t]*)ATLASBLOCK(?P<number>\d{4})[ \t]*$", re.MULTILINE)
_INLINE_HTML = re.compile(r"<(?P<tag>a|span)\b[^>\n]*>(?:(?!</?(?P=tag)\b).)*?</(?P=tag)>", re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?P<path>[\w./-]+)\.(?:md|py)(?P<anchor>#[\w-]+)?(?=\))")
_DELIMITERS = re.compile(r"^\\[(\[]|\\[)\]]$")
_SKIPPED = ["form", "button", "template", "svg", "noscript", "summary", "output", "progress", "canvas", "script"]
_MARKS = {"code": "`", "em": "*", "i": "*", "b": "**", "strong": "**"}
_BLOCKS = {"p", "div", "section", "nav", "ul", "ol", "li", "table", "pre", "figure", "figcaption", "details", "dl"}
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "article", "dt", "dd", "header", "footer", "aside", "blockquote"}


@kept
def page_markdown(page: PageText, text: str, summary: str, addresses: dict[str, str]) -> str:
    """Return a page's Markdown without anything that only a browser could show.

    Args:
        page: the page, whose blocks stand for the tokens in `text`.
        text: the Markdown as it goes to the converter.
        summary: one sentence, put under the title; may be empty.
        addresses: the address of every page by its file under `docs`, without its ending.
    """

    def fill(match: re.Match) -> str:
        content = html_markdown(page.blocks[int(match["number"])])
        return "\n".join(match["indent"] + line if line else "" for line in content.split("\n"))

    source = PageText(page.file, text, url=page.url)
    source.replace(_INLINE_HTML, lambda match, _: _inline(BeautifulSoup(_whole(source, match), "html.parser")))
    folder = posixpath.dirname(page.url.rstrip("/")) if page.url else ""

    def link(match: re.Match, _: object) -> str | None:
        target = addresses.get(posixpath.normpath(posixpath.join(folder, match["path"])))
        return None if target is None else relative(page.url, target) + FILE + (match["anchor"] or "")

    source.replace(_LINK, link)
    result = _TOKEN.sub(fill, source.text)
    if summary:
        result = re.sub(r"\A\s*(# .+)\n", lambda match: f"{match[1]}\n\n> {summary}\n", result, count=1)
    return re.sub(r"\n{3,}", "\n\n", result).strip() + "\n"


def _whole(page: PageText, match: re.Match) -> str:
    return page.text[match.start() : match.end()]


def html_markdown(html: str) -> str:
    """Return the Markdown of a block of the atlas's own HTML."""
    soup = BeautifulSoup(html, "html.parser")
    for element in soup(_SKIPPED):
        element.decompose()
    return re.sub(r"\n{3,}", "\n\n", _block(soup)).strip("\n")


def _block(element: Tag) -> str:
    """Return an element's content as paragraphs, each with an empty line after it."""
    pieces, line = [], ""
    for child in element.children:
        if isinstance(child, Tag) and child.name in _BLOCKS:
            pieces += [line.strip(), _element(child)]
            line = ""
        else:
            line += _inline_of(child)
    pieces.append(line.strip())
    return "\n\n".join(piece for piece in pieces if piece)


def _element(element: Tag) -> str:
    if element.name == "pre":
        kind = "text" if any(name.startswith("atlas-output") for name in element.get("class", [])) else "python"
        return f"```{kind}\n{element.get_text().strip(chr(10))}\n```"
    if re.fullmatch("h[1-6]", element.name):
        return f"{'#' * int(element.name[1])} {_inline(element)}"
    if element.name in ("ul", "ol"):
        items = []
        for number, item in enumerate(element.find_all("li", recursive=False), start=1):
            mark = f"{number}." if element.name == "ol" else "-"
            items.append(f"{mark} " + _block(item).replace("\n\n", " ").replace("\n", " "))
        return "\n".join(items)
    if element.name == "table":
        rows = [[_cell(cell) for cell in row.find_all(["th", "td"])] for row in element.find_all("tr")]
        width = max(map(len, rows), default=0)
        lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
        return "\n".join([*lines[:1], "|" + " --- |" * width, *lines[1:]])
    if "atlas-cell__bar" in element.get("class", []):
        return f"`{element.get_text().strip()}`"
    return _block(element)


def _cell(cell: Tag) -> str:
    return re.sub(r"\s+", " ", _block(cell)).replace("|", "\\|")


def _inline(element: Tag) -> str:
    return "".join(map(_inline_of, element.children)).strip()


def _inline_of(node: object) -> str:
    if isinstance(node, NavigableString):
        return re.sub(r"\s+", " ", node) if type(node) is NavigableString else ""
    if node.name == "br":
        return " "
    if "arithmatex" in node.get("class", []):
        tex = _DELIMITERS.sub("", node.get_text().strip())
        return f"${tex}$"
    content = "".join(map(_inline_of, node.children))
    if node.name == "a" and "atlas-citation" not in node.get("class", []) and content.strip():
        return f"[{content.strip()}]({node.get('href', '')})"
    mark = _MARKS.get(node.name, "")
    if node.name == "span" and not node.get("class") and node.parent and node.parent.get("data-why"):
        return f"{content.strip()}:"  # shape and parameters of a diagram's box
    return f"{mark}{content}{mark}" if content.strip() else content
