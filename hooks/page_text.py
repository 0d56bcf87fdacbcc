"""A page's Markdown on its way to HTML: its place in the file, what of it is code, what is wrong with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(
    r"^(?P<indent>[ \t>]*)(?P<marks>`{3,}|~{3,})(?P<info>[ \t]*\{[^\n]*\}[ \t]*|[^`\n]*)\n"
    r"(?P<content>(?:.*\n)*?)"
    r"[ \t>]*(?P=marks)[`~]*[ \t]*$",
    re.MULTILINE,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`)((?:(?!\n[ \t]*\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
_DISPLAY = re.compile(r"(?<!\\)\$\$(?:(?!\n[ \t]*\n).)+?(?<!\\)\$\$", re.DOTALL)
_INLINE = re.compile(r"(?<![\\$])\$(?![\s$])(?:(?!\n[ \t]*\n)[^$])+?(?<![\s\\])\$(?![\d$])", re.DOTALL)
_BLOCK = re.compile(r"<p>\s*ATLASBLOCK(\d{4})\s*</p>|ATLASBLOCK(\d{4})")


@dataclass(frozen=True, order=True)
class Problem:
    """Something an author has to mend: where it is, what it is, what to do."""

    file: str
    line: int
    message: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} — {self.advice}"


@dataclass(frozen=True)
class Fence:
    """A fenced code block: its place in the text and what stands in it."""

    start: int
    end: int
    indent: str
    info: str
    content: str
    content_start: int


@dataclass
class PageText:
    """The Markdown of one page, rewritten step by step.

    Every step keeps the number of lines, so that a position can always be told as a line of the file.

    Attributes:
        file: the page's path as messages show it, relative to the project.
        text: the Markdown without front matter.
        first_line: the line of the file on which `text` begins, from 1.
        url: the page's address relative to the site's root, ``architectures/rnn/``.
        blocks: HTML that takes the place of tokens once Markdown is done.
        problems: what was found wrong so far.
    """

    file: str
    text: str
    first_line: int = 1
    url: str = ""
    blocks: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def line(self, position: int) -> int:
        """Return the line of the file at which `position` of the text is."""
        return self.first_line + self.text.count("\n", 0, position)

    def problem(self, position: int, message: str, advice: str) -> None:
        """Note a problem at `position` of the text."""
        self.problems.append(Problem(self.file, self.line(position), message, advice))

    def fences(self) -> list[Fence]:
        """Return the fenced code blocks, in order."""
        return [
            Fence(
                match.start(),
                match.end(),
                match["indent"],
                match["info"].strip(),
                match["content"],
                match.start("content"),
            )
            for match in _FENCE.finditer(self.text)
        ]

    def masked(self, mathematics: bool = True) -> str:
        """Return the text with code, comments and, if asked, mathematics blanked out, as `mask` does."""
        return mask(self.text, mathematics)

    def replace(
        self,
        pattern: re.Pattern,
        write: Callable[[re.Match, Callable[[str], str]], str | None],
        mathematics: bool = True,
    ) -> None:
        """Replace what `pattern` finds outside code.

        Args:
            pattern: matched against the masked text.
            write: gets the match and a function from a group's name to the original text of that group (which
                may contain code); returns the new text, or ``None`` to leave the old.
            mathematics: whether formulas are blanked out as well.
        """
        pieces, last = [], 0
        for match in pattern.finditer(self.masked(mathematics)):
            new = write(match, lambda group, match=match: self.text[slice(*match.span(group))])
            if new is not None:
                pieces += [self.text[last : match.start()], new]
                last = match.end()
        self.text = "".join([*pieces, self.text[last:]])

    def block(self, html: str) -> str:
        """Keep `html` for `fill` and return the token that stands for it in the Markdown."""
        self.blocks.append(html)
        return f"ATLASBLOCK{len(self.blocks) - 1:04d}"

    def fill(self, html: str) -> str:
        """Put the kept blocks in the place of their tokens."""
        return _BLOCK.sub(lambda match: self.blocks[int(match[1] or match[2])], html)


def mask(text: str, mathematics: bool = True) -> str:
    """Return `text` with NUL characters for code, comments and mathematics; lines and length are kept."""
    patterns = [_FENCE, _COMMENT, _CODE] + ([_DISPLAY, _INLINE] if mathematics else [])
    for pattern in patterns:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", "\0", match[0]), text)
    return text


def without_code(text: str, formula: str) -> str:
    """Return `text` without code blocks and comments, each formula replaced by `formula`."""
    for pattern, replacement in ((_FENCE, ""), (_COMMENT, ""), (_DISPLAY, formula), (_INLINE, formula)):
        text = pattern.sub(replacement, text)
    return text


def read_page(path: Path, root: Path, url: str = "") -> tuple[str, PageText]:
    """Return a Markdown file's front matter as text, without its dashes, and its body."""
    text = path.read_text(encoding="utf-8")
    match = re.match(r"---[ \t]*\n(.*?\n)?---[ \t]*\n+", text, re.DOTALL)
    front, start = (match[1] or "", match.end()) if match else ("", 0)
    file = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    return front, PageText(file, text[start:], 1 + text.count("\n", 0, start), url)
