"""Entries of the search index for terms and figures, beside those that the search plugin makes of sections."""

import json
from html import escape, unescape
from pathlib import Path

from hooks.catalogue import Catalogue
from hooks.figures import anchor
from hooks.front_matter import short_title
from hooks.glossary import URL, Glossary, text_of
from hooks.inline import plain_text

# The search counts a page's title five times and a section's twice: a term must win against a page of its name. It
# also takes words for beginnings, and rare words for better ones: "token" must win against "tokenizer".
_BOOST = 12.0
_LESS_A_WORD = 1.5
_LENGTHENED = 0.3


def term_entries(glossary: Glossary) -> list[dict]:
    """Return an entry for every term."""
    names = [term.name for term in glossary.terms.values()]
    return [
        {
            "location": f"{URL}#{term.id}",
            "title": f"{escape(term.name, quote=False)} · glossary term",
            "text": escape(" ".join([*term.aliases, text_of(glossary.definitions[term.id])]), quote=False),
            "boost": boost(term.name, names),
        }
        for term in glossary.terms.values()
    ]


def boost(name: str, names: list[str]) -> float:
    """Return how much more a term's entry counts than a section, so that every term comes first for its own name."""
    words = _words(name)
    lengthened = any(
        all(any(word.startswith(start) for word in words) for start in starts) and not set(starts) <= set(words)
        for starts in map(_words, names)
    )
    return max(_BOOST - _LESS_A_WORD * (len(words) - 1), 6.0) * (_LENGTHENED if lengthened else 1)


def _words(name: str) -> list[str]:
    return name.lower().replace("-", " ").split()


def figure_entries(
    numbers: dict[str, tuple[str, int]], folder: Path, catalogue: Catalogue, captions: dict[str, str]
) -> list[dict]:
    """Return an entry for every figure on a page.

    Args:
        numbers: for each figure placed anywhere, the address of its page and its number there.
        folder: where the builder writes figures.
        catalogue: the architectures, whose titles name the pages.
        captions: those that replace a figure's own.
    """
    entries = []
    for identity, (url, number) in numbers.items():
        path = folder / f"{identity}.json"
        if not path.is_file():
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        slug, _, name = identity.partition("/")
        known = catalogue.architectures.get(slug)
        title = short_title(known.title) if known else slug
        words = name.replace("_", " ")
        caption = captions.get(identity, record["caption"])
        entries.append(
            {
                "location": f"{url}#{anchor(identity)}",
                "title": f"Figure {number} · {words[:1].upper()}{words[1:]} ({escape(title, quote=False)})",
                "text": escape(unescape(plain_text(f"{caption} {record['description']}")), quote=False),
            }
        )
    return entries


def add_entries(index: Path, entries: list[dict]) -> None:
    """Put entries into the index that the search plugin has written; entries that are there already are replaced."""
    if not index.is_file():
        return
    content = json.loads(index.read_text(encoding="utf-8"))
    places = {entry["location"] for entry in entries}
    content["docs"] = [entry for entry in content["docs"] if entry["location"] not in places] + entries
    part = index.with_suffix(".part")
    part.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
    part.replace(index)
