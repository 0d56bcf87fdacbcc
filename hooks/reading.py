"""How long a page is, counted from its Markdown, and the line under its title that says so."""

import datetime
import math
import re
from dataclasses import dataclass
from html import escape

from hooks.cells import count_cells
from hooks.figures import DIAGRAM, FIGURE, find_ids
from hooks.front_matter import LEVELS, Architecture
from hooks.page_text import PageText, without_code

WORDS_A_MINUTE = 230  # silent reading of non-fiction: Brysbaert, 2019, found 238
SECONDS_A_FIGURE = 12
SECONDS_A_CELL = 20


@dataclass(frozen=True)
class Counts:
    """What a page holds."""

    words: int
    figures: int
    diagrams: int
    cells: int

    @property
    def minutes(self) -> int:
        """Minutes to read the page, looking at each figure and each cell for a moment."""
        looking = self.figures * SECONDS_A_FIGURE + self.cells * SECONDS_A_CELL
        return max(1, math.ceil(self.words / WORDS_A_MINUTE + looking / 60))


def count(page: PageText) -> Counts:
    """Count the words, figures, diagrams and cells of a page as its author wrote it."""
    return Counts(
        words=count_words(page.text),
        figures=len(find_ids(page.text, FIGURE)),
        diagrams=len(find_ids(page.text, DIAGRAM)),
        cells=count_cells(page),
    )


def count_words(text: str) -> int:
    """Count the words a reader reads: captions and inline code, but no code blocks, citations or addresses.

    A formula and a measured value count as one word each.
    """
    text = without_code(text, formula=" x ")
    text = re.sub(r"\{\{[^}\n]*\}\}", " x ", text)
    text = re.sub(r"\[@[^\]]*\]", " ", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r" \1 ", text)
    text = re.sub(r"^[ \t]*(\?\?\?\+?|!!!)[ \t]*[\w-]+", " ", text, flags=re.MULTILINE)
    text = re.sub(r"<[^>]+>|\{[:#.][^}\n]*\}", " ", text)
    return len(re.findall(r"[^\W_]+(?:['’.\-/_][^\W_]+)*", text))


def facts(counts: Counts) -> list[str]:
    """Return reading time and counts in words: ``14 min``, ``7 figures``, ``5 cells``."""
    return [f"{counts.minutes} min", plural(counts.figures, "figure"), plural(counts.cells, "cell")]


def plural(number: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def header_html(entry: Architecture, counts: Counts) -> str:
    """Return what stands under the title of an architecture page, and a word for readers without JavaScript."""
    month = datetime.datetime.strptime(entry.checked, "%Y-%m")
    parts = [
        LEVELS[entry.level],
        str(entry.year),
        plural(counts.minutes, "minute"),
        plural(counts.figures, "figure"),
        plural(counts.cells, "cell"),
        f'facts checked <time datetime="{entry.checked}">{month:%B %Y}</time>',
    ]
    items = "".join(f"<span>{part}</span>" for part in parts)
    return (
        f'<p class="atlas-standfirst" data-search-exclude="true">{escape(entry.summary)}</p>'
        f'<p class="atlas-facts" data-search-exclude="true">{items}</p>'
        '<noscript data-search-exclude="true"><p class="atlas-noscript">Figures, controls and running code '
        "need JavaScript. Text, code, captions and mathematics are here without it.</p></noscript>"
    )
