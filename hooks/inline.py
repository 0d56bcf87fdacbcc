"""One line or paragraph of Markdown, and what is left of it when only plain text will do."""

import functools
import re
from html import escape

import markdown

from hooks.kept import kept


@functools.cache
def _converter() -> markdown.Markdown:
    return markdown.Markdown(
        extensions=["pymdownx.arithmatex", "smarty"],
        extension_configs={"pymdownx.arithmatex": {"generic": True}},
    )


@kept
def inline_html(text: str) -> str:
    """Return a line of Markdown as HTML without the paragraph around it; formulas wait for `formulas`."""
    html = _converter().reset().convert(text.strip())
    return html.removeprefix("<p>").removesuffix("</p>") if html.count("<p>") == 1 else html


def plain_text(text: str) -> str:
    """Return a line of Markdown as it would be read aloud, escaped for an attribute of HTML."""
    text = re.sub(r"<[^>]+>", "", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return escape(re.sub(r"\s+", " ", re.sub(r"[`$*]", "", text)).strip(), quote=True)
