"""Links from the first use of a term in each section's prose to its entry in the glossary.

Only what Markdown makes of plain prose is touched: text in paragraphs, lists and table cells that carry no class.
Everything else stays byte for byte: the page is read as a stream of tags, and links are set into it by position.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

_BLOCKS = {"p", "li", "td"}
_AROUND = {"ul", "ol", "table", "tbody", "tr", "em"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass(frozen=True)
class Use:
    """One section that uses a term: the term's id, the section's id and title (empty above the first section)."""

    term: str
    section: str
    title: str


class Recogniser:
    """Finds terms in a text.

    Args:
        forms: each form that prose may use, with the id of its term. A form with a capital beyond its first letter
            is matched as it is written; others may begin with a capital. A form ending in a letter may have a plural.
    """

    def __init__(self, forms: Iterable[tuple[str, str]]) -> None:
        self.ids: list[str] = []
        patterns = []
        for form, term in sorted(forms, key=lambda pair: (-len(pair[0]), pair[0])):
            self.ids.append(term)
            patterns.append(f"({_pattern(form)})")
        self.pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(patterns)})(?![\w-])") if patterns else None

    def find(self, text: str) -> list[tuple[int, int, str]]:
        """Return (start, end, id of the term) for every use, in order."""
        if not self.pattern:
            return []
        return [(*match.span(), self.ids[match.lastindex - 1]) for match in self.pattern.finditer(text)]


def _pattern(form: str) -> str:
    words = [re.escape(word) for word in form.split(" ")]
    if not re.search(r"[A-Z]", form[1:]) and form[0].isalpha():
        words[0] = f"[{form[0].lower()}{form[0].upper()}]{words[0][1:]}"
    text = r"(?:\s+|-)".join(words)
    if form[-1:] == "y" and form[-2:-1] not in "aeiou":
        return f"{text[:-1]}(?:y|ies)"
    return f"{text}(?:e?s)?" if form[-1:].isalpha() else text


def mark(
    html: str, recogniser: Recogniser, link: Callable[[str, str], str], skip: Collection[str] = ()
) -> tuple[str, list[Use]]:
    """Link the first use of each term in each section.

    Args:
        html: the page.
        recogniser: what finds terms.
        link: returns the link's HTML from the term's id and the text it stands around.
        skip: ids of terms that are not linked here; their uses are returned all the same.

    Returns:
        The page with links, and the sections that use each term.
    """
    reader = _Reader(html)
    reader.feed(html)
    reader.close()
    pieces, last = [], 0
    seen: set[tuple[str, str]] = set()
    uses = []
    for start, end, section, title in reader.prose:
        for begin, stop, term in recogniser.find(html[start:end]):
            if (term, section) in seen:
                continue
            seen.add((term, section))
            uses.append(Use(term, section, title()))
            if term not in skip:
                begin, stop = start + begin, start + stop
                pieces += [html[last:begin], link(term, html[begin:stop])]
                last = stop
    return "".join([*pieces, html[last:]]), uses


class _Reader(HTMLParser):
    """Collects the spans of prose of a page, each with its section."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.prose: list[tuple[int, int, str, Callable[[], str]]] = []
        self.lines = [0]
        for line in html.split("\n"):
            self.lines.append(self.lines[-1] + len(line) + 1)
        self.open: list[tuple[str, bool]] = []  # each open element: its tag, and whether it may be in prose
        self.section = ""
        self.titles: dict[str, str] = {"": ""}
        self.heading = 0  # how many elements were open when the heading that is being read began

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        if tag == "h2" and names.get("id"):
            self.section = names["id"]
            self.titles[self.section] = ""
            self.heading = len(self.open) + 1
        if tag not in _VOID:
            plain = tag in _BLOCKS | _AROUND and not names.keys() & {"class", "hidden", "data-search-exclude"}
            self.open.append((tag, plain))

    def handle_endtag(self, tag: str) -> None:
        if tag not in [name for name, _ in self.open]:
            return
        while self.open.pop()[0] != tag:
            pass
        if len(self.open) < self.heading:
            self.heading = 0

    def handle_data(self, data: str) -> None:
        self.read_title(data)
        if not data.strip() or not self.open or not all(plain for _, plain in self.open):
            return
        if any(tag in _BLOCKS for tag, _ in self.open):
            line, column = self.getpos()
            start = self.lines[line - 1] + column
            section = self.section
            self.prose.append((start, start + len(data), section, lambda: self.titles[section].strip()))

    def handle_entityref(self, name: str) -> None:
        self.read_title(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.read_title(f"&#{name};")

    def read_title(self, text: str) -> None:
        """Add a text to the title of the section if it stands in its heading, outside the permalink."""
        if self.heading and not any(tag == "a" for tag, _ in self.open):
            self.titles[self.section] += text
