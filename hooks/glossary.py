"""The glossary: terms from one YAML file, checked key by key, and the page that lists them."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from bs4 import BeautifulSoup

from hooks.catalogue import Catalogue
from hooks.figures import relative
from hooks.front_matter import LEVELS, suggestion
from hooks.indexes import address
from hooks.inline import inline_html
from hooks.kept import kept
from hooks.marking import Recogniser, Use, mark
from hooks.page_text import PageText, Problem
from hooks.reading import plural
from hooks.yaml_list import read_list

SOURCE = "glossary.md"
URL = "glossary/"
PLACE = "<div data-glossary-place></div>"
_TEXTS = ("term", "level", "definition", "formula", "where", "number", "page")
_LISTS = ("aliases", "forms", "shown", "not_on")
_NEEDED = ("term", "level", "definition")
_WORDS = (15, 95)


@dataclass(frozen=True)
class Term:
    """One entry.

    Attributes:
        name: the term.
        id: its anchor on the page.
        level: who should know it first.
        definition: one paragraph of Markdown.
        formula: TeX, or nothing.
        where: one line of Markdown that says what the formula's symbols are, or nothing.
        number: one line of Markdown with a number, or nothing.
        aliases: other names, shown with the entry and found by the search.
        forms: what is recognised in prose; the name and the aliases unless the entry says otherwise.
        shown: ids of the figures in which it can be seen.
        page: the slug of the architecture page that is about it, or nothing.
        not_on: sources of pages on which the word means something else.
        lines: the line of each key in the file.
    """

    name: str
    id: str
    level: str
    definition: str
    formula: str
    where: str
    number: str
    aliases: tuple[str, ...]
    forms: tuple[str, ...]
    shown: tuple[str, ...]
    page: str
    not_on: tuple[str, ...]
    lines: dict[str, int]

    @property
    def letter(self) -> str:
        """The letter under which the page lists it."""
        return next((sign.upper() for sign in self.name if sign.isalpha()), "#")


@dataclass
class Glossary:
    """All terms by id, and what is known of each once the pages have been read."""

    file: str
    terms: dict[str, Term] = field(default_factory=dict)
    uses: dict[str, dict[str, list[Use]]] = field(default_factory=dict)  # of each term, by the page's source
    definitions: dict[str, str] = field(default_factory=dict)  # as HTML
    numbers: dict[str, str] = field(default_factory=dict)  # as HTML
    recogniser: Recogniser = field(default_factory=lambda: Recogniser([]))

    def names(self) -> dict[str, Term]:
        """Return every term by its name and by its aliases."""
        return {name: term for term in self.terms.values() for name in (term.name, *term.aliases)}


def identifier(name: str) -> str:
    """Return the anchor of a term: ``KV cache`` is at ``#kv-cache``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


@kept
def read_glossary(path: Path, root: Path) -> tuple[Glossary, list[Problem]]:
    """Read the terms and what is wrong with them. Without the file there is no glossary."""
    found = read_list(path, root, "the glossary is not a list of terms", "`- term: …`")
    file, problems = found.file, found.problems
    glossary = Glossary(file)
    if problems or not found.entries:
        return glossary, problems
    forms: dict[str, str] = {}
    for values, lines in ((one.values, one.lines) for one in found.entries):
        wrong = _check(values, lines, file)
        if wrong:
            problems += wrong
            continue
        term = _term(values, lines)
        if not term.id or term.id in glossary.terms:
            advice = "join the two, or give one another name"
            problems.append(Problem(file, lines["term"], f"`{term.name}` is in the glossary twice", advice))
            continue
        glossary.terms[term.id] = term
        for form in dict.fromkeys((term.name, *term.aliases, *term.forms)):
            owner = forms.setdefault(form.casefold(), term.name)
            if owner != term.name:
                advice = f"it is also a form of `{owner}`; leave it out of one of the two"
                problems.append(Problem(file, lines["term"], f"`{term.name}` claims the form `{form}`", advice))
    glossary.recogniser = Recogniser((form, term.id) for term in glossary.terms.values() for form in term.forms)
    return glossary, problems


def _term(values: dict, lines: dict[str, int]) -> Term:
    lists = {key: tuple(values.get(key) or ()) for key in _LISTS}
    if values.get("forms") is None:
        lists["forms"] = (values["term"], *lists["aliases"])
    texts = {key: " ".join(str(values.get(key) or "").split()) for key in _TEXTS}
    return Term(name=texts.pop("term"), id=identifier(values["term"]), lines=lines, **texts, **lists)


def _check(values: dict, lines: dict[str, int], file: str) -> list[Problem]:
    first = min(lines.values(), default=1)
    problems = []
    for key in _NEEDED:
        if key not in values:
            advice = "every entry needs term, level and definition"
            problems.append(Problem(file, first, f"`{key}` is missing", advice))
    for key, value in values.items():
        advice = ""
        if key not in (*_TEXTS, *_LISTS):
            advice = suggestion(str(key), [*_TEXTS, *_LISTS])
            problems.append(Problem(file, lines.get(key, first), f"unknown key `{key}`", advice))
        elif key in _TEXTS and not (isinstance(value, str) and value.strip()):
            advice = "write a text"
        elif key in _LISTS and not (isinstance(value, list) and all(isinstance(one, str) and one for one in value)):
            advice = "write a list of texts, such as [one, two]"
        elif key == "level" and value not in LEVELS:
            advice = f"write one of {', '.join(LEVELS)}"
        elif key == "definition":
            count = len(value.split())
            if not value.strip().endswith(".") or "\n" in value.strip():
                advice = "write one paragraph, ending in a full stop"
            elif not _WORDS[0] <= count <= _WORDS[1]:
                advice = f"it has {count} words; write {_WORDS[0]} to {_WORDS[1]}"
        if advice and key in (*_TEXTS, *_LISTS):
            said = f"`{key}` of `{values.get('term', '?')}` cannot be used"
            problems.append(Problem(file, lines.get(key, first), said, advice))
    return problems


def check_references(
    glossary: Glossary, catalogue: Catalogue, numbers: dict[str, tuple[str, int]], sources: Collection[str]
) -> list[Problem]:
    """Check that pages' topics are terms, and that entries name figures and pages that exist.

    Args:
        glossary: the terms; if there are none, the site has no glossary and nothing is checked.
        catalogue: the architectures.
        numbers: for each figure placed anywhere, the address of its page and its number there.
        sources: every page's path under `docs`.
    """
    if not glossary.terms:
        return []
    names = glossary.names()
    problems = [
        Problem(
            entry.file,
            entry.line("topics"),
            f"the topic `{topic}` is not in the glossary",
            f"{suggestion(topic, names) if _close(topic, names) else 'write its name'}, or add it to {glossary.file}",
        )
        for entry in catalogue.written
        for topic in entry.topics
        if topic not in names
    ]
    for term in glossary.terms.values():
        for figure in term.shown:
            if figure not in numbers:
                siblings = [name for name in numbers if name.split("/")[0] == figure.split("/")[0]]
                message = f"`{term.name}` is shown in the figure `{figure}`, which is on no page"
                advice = suggestion(figure, siblings or numbers)
                problems.append(Problem(glossary.file, term.lines["shown"], message, advice))
        if term.page and term.page not in catalogue.architectures:
            message = f"`{term.name}` names the page `{term.page}`, which no page or plan has"
            advice = suggestion(term.page, catalogue.architectures)
            problems.append(Problem(glossary.file, term.lines["page"], message, advice))
        for source in term.not_on:
            if source not in sources:
                message = f"`{term.name}` is not to be marked on `{source}`, which is no page"
                problems.append(Problem(glossary.file, term.lines["not_on"], message, suggestion(source, sources)))
    return problems


def _close(name: str, names: dict[str, Term]) -> bool:
    return suggestion(name, names).startswith("did")


def as_page(glossary: Glossary) -> PageText:
    """Return the definitions and numbers as one text, each on its line of the file, to be rewritten as pages are."""
    lines: dict[int, str] = {}
    for term in glossary.terms.values():
        lines[term.lines["definition"]] = term.definition
        if term.number:
            lines[term.lines["number"]] = term.number
    text = "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 1))
    return PageText(glossary.file, f"{text}\n", 1, URL)


def take(glossary: Glossary, text: PageText) -> None:
    """Take definitions and numbers back from `as_page` once values, citations and links are in place."""
    lines = text.text.split("\n")
    for term in glossary.terms.values():
        glossary.definitions[term.id] = text.fill(inline_html(lines[term.lines["definition"] - 1]))
        if term.number:
            glossary.numbers[term.id] = text.fill(inline_html(lines[term.lines["number"] - 1]))


def mark_page(glossary: Glossary, html: str, source: str, url: str, slug: str) -> str:
    """Link a page's terms to the glossary and remember where they are used; the page's own subject is not linked."""
    own = {term.id for term in glossary.terms.values() if slug and term.page == slug}
    other = {term.id for term in glossary.terms.values() if source in term.not_on}
    html, uses = linked(html, glossary.recogniser, url, sorted(own | other))
    for use in uses:
        if use.term in other:
            continue
        glossary.uses.setdefault(use.term, {}).setdefault(source, []).append(use)
    return html


@kept
def linked(html: str, recogniser: Recogniser, url: str, skip: list[str]) -> tuple[str, list[Use]]:
    """Link terms in the HTML of a page at `url`, but those that are skipped; return the uses of all too."""
    return mark(html, recogniser, lambda term, text: link(term, text, url), skip)


def link(term: str, text: str, url: str) -> str:
    """Return the link from a page at `url` to a term's entry."""
    target = "" if url == URL else relative(url, URL)
    return f'<a class="atlas-term" href="{target}#{term}" data-term="{term}">{text}</a>'


def page_html(
    glossary: Glossary, catalogue: Catalogue, figures: dict[str, str], titles: dict[str, tuple[str, str]]
) -> str:
    """Return the list of terms with its filters.

    Args:
        glossary: the terms, their definitions taken and their uses known.
        catalogue: the architectures.
        figures: for each figure in which a term is shown, the HTML that leads to it.
        titles: for each page's source, its address and its title.
    """
    letters: dict[str, list[str]] = {}
    for term in sorted(glossary.terms.values(), key=lambda term: term.name.strip("[(").casefold()):
        entry = _entry(glossary, term, catalogue, figures, titles)
        letters.setdefault(term.letter, []).append(entry)
    jump = "".join(f'<a href="#letter-{letter.lower()}">{letter}</a>' for letter in letters)
    groups = "".join(
        f'<section class="atlas-glossary__letter"><h2 id="letter-{letter.lower()}" data-search-exclude="true">'
        f"{letter}</h2>{''.join(entries)}</section>"
        for letter, entries in letters.items()
    )
    levels = "".join(
        f'<label><input type="radio" name="glossary-level" value="{level}"{" checked" * (not level)}> {name}</label>'
        for level, name in {"": "All", **LEVELS}.items()
    )
    return (
        '<div class="atlas-glossary" data-glossary data-search-exclude="true">'
        '<form class="atlas-glossary__filters" hidden><label class="atlas-glossary__find">Find a term'
        '<input type="search" name="glossary-find" autocomplete="off" spellcheck="false"></label>'
        f"<fieldset><legend>Level</legend>{levels}</fieldset>"
        f"<output>{plural(len(glossary.terms), 'term')}</output></form>"
        f'<nav class="atlas-glossary__letters" aria-label="Letters">{jump}</nav>{groups}'
        '<p class="atlas-glossary__none" hidden>No term matches.</p></div>'
    )


def _entry(
    glossary: Glossary,
    term: Term,
    catalogue: Catalogue,
    figures: dict[str, str],
    titles: dict[str, tuple[str, str]],
) -> str:
    definition, _ = linked(f"<p>{glossary.definitions[term.id]}</p>", glossary.recogniser, URL, [term.id])
    aliases = f' <span class="atlas-glossary__also">also {escape(", ".join(term.aliases))}</span>' * bool(term.aliases)
    parts = [
        f'<h3>{escape(term.name)}{aliases}<span class="atlas-tag">{LEVELS[term.level]}</span></h3>',
        definition,
    ]
    if term.formula:
        parts.append(inline_html(f"$$\n{term.formula}\n$$"))
    if term.where:
        parts.append(f'<p class="atlas-glossary__where">{inline_html(term.where)}</p>')
    if term.number:
        parts.append(f'<p class="atlas-glossary__number">{glossary.numbers[term.id]}</p>')
    facts = []
    if term.page:
        entry = catalogue.architectures[term.page]
        name = escape(entry.title)
        about = name if entry.planned else f'<a href="{relative(URL, address(entry.slug))}">{name}</a>'
        facts.append(("Page", f"{about} (planned)" if entry.planned else about))
    if term.shown:
        facts.append(("Shown", f"<ul>{''.join(f'<li>{figures[figure]}</li>' for figure in term.shown)}</ul>"))
    used = _used(glossary, term, catalogue, titles)
    if used:
        facts.append(("Used", used))
    rows = "".join(f"<dt>{name}</dt><dd>{html}</dd>" for name, html in facts)
    parts.append(f"<dl>{rows}</dl>" * bool(rows))
    return (
        f'<article class="atlas-glossary__term" id="{term.id}" data-level="{term.level}" '
        f'data-names="{escape(" ".join((term.name, *term.aliases)).casefold())}">{"".join(parts)}</article>'
    )


def _used(glossary: Glossary, term: Term, catalogue: Catalogue, titles: dict[str, tuple[str, str]]) -> str:
    """Return the pages and sections that use a term; a page that only has it among its topics is named too."""
    found = dict(glossary.uses.get(term.id, {}))
    for entry in catalogue.written:
        if set(entry.topics) & {term.name, *term.aliases}:
            found.setdefault(f"architectures/{entry.slug}.md", [])
    items, sections = [], 0
    for source in (source for source in titles if source in found):
        url, title = titles[source]
        target = relative(URL, url)
        named = [use for use in found[source] if use.section]
        sections += len(found[source]) or 1
        links = ", ".join(f'<a href="{target}#{use.section}">{use.title}</a>' for use in named)
        items.append(f'<li><a href="{target}">{escape(title)}</a>{f": {links}" * bool(named)}</li>')
    if not items:
        return ""
    places = f"{plural(sections, 'section')} of {plural(len(items), 'page')}"
    return f"<details><summary>in {places}</summary><ul>{''.join(items)}</ul></details>"


def cards(glossary: Glossary) -> dict[str, dict[str, str]]:
    """Return what a card on any page shows of each term, as plain text."""
    return {
        term.id: {
            "term": term.name,
            "level": LEVELS[term.level],
            "definition": text_of(glossary.definitions[term.id]),
        }
        for term in glossary.terms.values()
    }


@kept
def text_of(html: str) -> str:
    """Return the text of a piece of HTML."""
    return " ".join(BeautifulSoup(html, "html.parser").get_text().split())
