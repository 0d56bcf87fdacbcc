"""The eight sections that every architecture page has, in this order."""

import re

from hooks.page_text import PageText

SECTIONS = {
    "Origin and intuition": "The problem the architecture before it could not solve, and the idea that did.",
    "Inputs and outputs": "What goes in and what comes out, with the shape of everything.",
    "Architecture diagram": "What you would draw on a whiteboard: every box, and what breaks without it.",
    "Training objective": "What is minimised, and on what data. It is a choice apart from the architecture.",
    "Variants and refinements": "What later papers changed, and what each change bought.",
    "Practical considerations": "What goes wrong, what it costs, and how to see it coming.",
    "Real-world deployments": "Systems that ran on it, with dates and sources, and what is undisclosed.",
    "Related architectures": "What it builds on and what it leads to.",
}
_HEADING = re.compile(r"^##[ \t]+(?P<title>[^\n#]+?)[ \t#]*$", re.MULTILINE)


def check_sections(page: PageText) -> None:
    """Note a problem for every section that is missing, unknown, repeated or out of order."""
    order = list(SECTIONS)
    found = [(match["title"], match.start()) for match in _HEADING.finditer(page.masked())]
    titles = [title for title, _ in found]
    for title, position in found:
        if title not in SECTIONS:
            page.problem(
                position,
                f"unknown section `## {title}`",
                f"use ### inside one of the eight: {' · '.join(order)}",
            )
    known = [(title, position) for title, position in found if title in SECTIONS]
    for index, title in enumerate(order):
        if title not in titles:
            later = [position for name, position in known if order.index(name) > index]
            place = f"before `## {next(n for n, p in known if p == later[0])}`" if later else "at the end"
            page.problem(
                later[0] if later else len(page.text),
                f"the section `## {title}` is missing",
                f"add it {place}",
            )
    furthest, seen = -1, set()
    for title, position in known:
        if title in seen:
            page.problem(position, f"the section `## {title}` is there twice", "join the two")
        elif order.index(title) < furthest:
            page.problem(
                position, f"the section `## {title}` comes too late", f"move it before `## {order[furthest]}`"
            )
        seen.add(title)
        furthest = max(furthest, order.index(title))


def check_filled_in(page: PageText) -> None:
    """Note a problem for every line that a new page's template left to its author."""
    for match in re.finditer(r"FILL IN[^\n]*", page.text):
        page.problem(match.start(), f"`{match[0][:60]}`", "write it: the template left this to you")
