"""`llms.txt`: what the site holds, for language models, in the form that llmstxt.org proposes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One page: its address relative to the site's start, its title, and a sentence that may be empty."""

    address: str
    title: str
    summary: str


def llms_txt(name: str, description: str, sections: dict[str, list[Entry]], start: str = "") -> str:
    """Return the file's text.

    Args:
        name: the site's name.
        description: what it is, in a sentence.
        sections: pages by the heading they stand under; a section without pages is left out.
        start: the site's public address; without one, links are relative to the file.
    """
    lines = [
        f"# {name}",
        "",
        f"> {' '.join(description.split())}",
        "",
        "Each link leads to a page as plain Markdown: text, formulas as TeX, the code that ran, and a description of "
        "every figure. The page itself, with figures that answer and code that runs, is in the same folder without "
        "the file's name.",
    ]
    for title, entries in sections.items():
        if entries:
            lines += ["", f"## {title}", ""]
        for entry in entries:
            notes = f": {entry.summary}" if entry.summary else ""
            lines.append(f"- [{entry.title}]({start}{entry.address}){notes}")
    return "\n".join(lines) + "\n"
