"""The file that knows MkDocs: hands pages to the other hooks and stops the build when one finds a problem."""

import json
import logging
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # MkDocs loads this file by its path

import markdown
from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc

from hooks import (
    bundle,
    cells,
    citations,
    comparison,
    computed,
    diagrams,
    figures,
    glossary,
    glossary_build,
    home,
    indexes,
    kept,
    landscape,
    lessons,
    plain,
    reading,
    search_entries,
    timeline,
    torch_tables,
    values,
)
from hooks.addresses import public_address, withdraw_sitemap
from hooks.cards import Card, Cards, FontMissingError
from hooks.catalogue import Catalogue, read_catalogue
from hooks.figures import DIAGRAM, FIGURE, find_ids
from hooks.formulas import Formulas
from hooks.front_matter import FAMILIES
from hooks.llms import Entry, llms_txt
from hooks.page_text import PageText, Problem, read_page
from hooks.sections import check_filled_in, check_sections

log = logging.getLogger("mkdocs.hooks.atlas")

PATHS = {
    "snippets": "snippets",
    "generated": "docs/assets/generated",
    "references": "docs/references.bib",
    "planned": "docs/architectures/planned.yml",
    "glossary": "docs/glossary.yml",
    "planned_lessons": "docs/lessons/planned.yml",
    "timeline": "docs/timeline.yml",
    "katex": "node_modules/katex",
    "serif": "node_modules/@fontsource-variable/source-serif-4/files",
    "cache": ".cache",
}
TOKENS = json.loads((Path(__file__).parent.parent / "snippets/kit/tokens.json").read_text(encoding="utf-8"))


@dataclass
class Site:
    """What one build knows of the whole site."""

    root: Path
    docs: Path
    paths: dict[str, Path]
    catalogue: Catalogue
    references: dict[str, citations.Reference]
    formulas: Formulas
    cards: Cards
    pages: dict[str, PageText]
    lessons: dict[str, lessons.Lesson]
    glossary: glossary.Glossary
    planned_lessons: dict[int, str]
    milestones: list[timeline.Milestone]
    counts: dict[str, reading.Counts] = field(default_factory=dict)
    numbers: dict[str, tuple[str, int]] = field(default_factory=dict)
    texts: dict[str, PageText] = field(default_factory=dict)
    markdown: dict[str, str] = field(default_factory=dict)
    shown: list[Page] = field(default_factory=list)
    cells: dict[str, list[str]] = field(default_factory=dict)
    placed: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def slug(self, source: str) -> str:
        """Return the slug of the page at `source`, or nothing if it is not an architecture's."""
        path = Path(source)
        known = path.parent.as_posix() == "architectures" and path.stem in self.catalogue.architectures
        return path.stem if known else ""

    def owner(self, source: str) -> str:
        """Return the slug of the page at `source` if figures can be its own: an architecture, or a page beside them."""
        beside = Path(source).stem if Path(source).suffix == ".md" and Path(source).parent == Path() else ""
        own = beside and (self.paths["snippets"] / beside.replace("-", "_")).is_dir()
        return self.slug(source) or (beside if own else "")

    def value(self, path: str) -> object:
        """Return what ``{{ path }}`` stands for: a measured result, or a number about the site."""
        slug, *keys = path.split(".")
        if slug == "computed":
            return values.follow(computed.numbers(), keys, path)
        return values.follow(self.totals(), keys, path) if slug == "site" else self.result(path)

    def result(self, path: str) -> object:
        """Return a measured result."""
        return values.find_in_results(self.paths["snippets"], path)

    def totals(self) -> dict[str, int]:
        """Return the numbers about the site that prose can quote."""
        entries, counts = self.catalogue.architectures.values(), self.counts.values()
        return {
            "architectures": len(entries),
            "pages": len(self.catalogue.written),
            "planned": len(entries) - len(self.catalogue.written),
            "families": len({entry.family for entry in entries}),
            "core": sum(entry.core for entry in entries),
            "references": len(self.references),
            "figures": sum(one.figures for one in counts),
            "diagrams": sum(one.diagrams for one in counts),
            "cells": sum(one.cells for one in counts),
            "words": sum(one.words for one in counts),
            "minutes": sum(one.minutes for one in counts),
            "lessons": len(self.lessons),
            "terms": len(self.glossary.terms),
            "course": len(self.lessons) + len(self.planned_lessons),
            "milestones": len(self.milestones),
        }


_site: Site | None = None


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """Keep answers between rebuilds while someone is watching."""
    kept.keep(command == "serve")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read what pages need to know of each other, and put the architectures into the navigation."""
    global _site
    kept.next_round()
    kept.keep_search_entries(config)
    root = Path(config.config_file_path).parent
    paths = {name: root / path for name, path in (PATHS | config.extra.get("atlas", {})).items()}
    docs = Path(config.docs_dir)
    catalogue, problems = read_catalogue(docs / "architectures", paths["planned"], root, paths["snippets"])
    references, wrong = citations.read_bibliography(paths["references"], root)
    taught, faults = lessons.read_lessons(docs / lessons.FOLDER, root)
    terms, mistakes = glossary.read_glossary(paths["glossary"], root)
    to_come, unclear = home.read_planned_lessons(paths["planned_lessons"], root, taught)
    milestones, untold = timeline.read_timeline(paths["timeline"], root, catalogue, references)
    stop_at(problems + wrong + faults + mistakes + unclear + untold)
    pages = {
        path.relative_to(docs).as_posix(): read_page(path, root, page_address(path.relative_to(docs)))[1]
        for path in sorted(docs.rglob("*.md"))
    }
    pages |= {source: lesson.page for source, lesson in taught.items()}
    formulas = Formulas(paths["katex"], paths["cache"] / "formulas.json")
    cards = open_cards(paths)
    _site = Site(
        root, docs, paths, catalogue, references, formulas, cards, pages, taught, terms, to_come, milestones
    )
    survey(_site)
    _site.problems += glossary.check_references(terms, catalogue, _site.numbers, pages)
    if taught:
        ran = lessons.prepare(root, paths["snippets"], paths["cache"])
        config.plugins["mkdocs-jupyter"].config["cache_dir"] = str(ran)
    members = {
        "architectures/index.md": [f"architectures/{entry.slug}.md" for entry in catalogue.written],
        f"{lessons.FOLDER}/index.md": list(taught),
    }
    for section in config.nav or []:
        for title, children in section.items() if isinstance(section, dict) else []:
            if isinstance(children, list) and children and children[0] in members:
                section[title] = [children[0], *members[children[0]]]
    return config


def survey(site: Site) -> None:
    """Count what every page holds, number the figures, and see that each is used where it should, once."""
    uses: dict[str, dict[str, list[tuple[str, str, int]]]] = {"figure": {}, "diagram": {}}
    files = {entry.slug: entry.file for entry in site.catalogue.written}
    for source, page in site.pages.items():
        slug = site.slug(source)
        if slug:
            site.counts[slug] = reading.count(page)
        owner = site.owner(source)
        if owner and not slug:
            files[owner] = page.file
        for number, (identity, _) in enumerate(find_ids(page.text, FIGURE), start=1):
            site.numbers.setdefault(identity, (page.url, number))
        for kind, pattern in (("figure", FIGURE), ("diagram", DIAGRAM)):
            for identity, position in find_ids(page.text, pattern):
                uses[kind].setdefault(identity, []).append((owner, page.file, page.line(position)))
    for kind in uses:
        known = figures.built(site.paths["generated"] / f"{kind}s")
        site.problems += figures.check_use(uses[kind], known, files, kind)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite what only the atlas writes; what becomes HTML waits in a block until Markdown is done."""
    site, source = _site, page.file.src_uri
    page.meta["card"] = f"assets/cards/{address(page).strip('/') or 'home'}.png"
    if source in site.lessons:
        lesson = site.lessons[source]
        page.meta |= {
            "description": lesson.front["summary"],
            "family": lesson.front["family"],
            "lesson": lesson.number,
            "kicker": f"Lesson {lesson.number}",
        }
        return markdown  # the notebook plugin runs it; `on_page_content` makes the page
    known = site.pages[source]
    text = PageText(
        known.file, markdown, known.first_line + known.text.count("\n") - markdown.count("\n"), known.url
    )
    site.texts[source] = text
    slug = site.slug(source)
    if slug:
        check_sections(text)
        check_filled_in(text)
        entry = site.catalogue.architectures[slug]
        page.meta |= {"description": entry.summary, "kicker": FAMILIES[entry.family]}
    landscape.place(text, site.docs / "landscape.yml", site.root)
    timeline.place_timeline(text, site.milestones, site.catalogue)
    cited = refer(site, text)
    if source == glossary.SOURCE:
        cited += glossary_build.refer_terms(site, refer)
    failed = config.extra.get("atlas_failures", {})
    site.placed[source] = figures.place_figures(text, site.paths["generated"] / "figures", failed)
    diagrams.place_diagrams(text, site.paths["generated"] / "diagrams", site.numbers, failed)
    others = torch_tables.writers(site.paths["snippets"] / "torch_in_the_page" / "names.json")
    others |= comparison.writers(site.catalogue, text.url, site.result)
    others["lessons"] = lambda: lessons.index_html(site.lessons, site.planned_lessons)
    if site.glossary.terms:
        others["glossary"] = lambda: glossary.PLACE
    others["map"] = lambda: home.map_html(site.catalogue, site.counts, text.url)
    others["tracks"] = lambda: home.tracks_html(
        site.catalogue, site.counts, site.lessons, site.planned_lessons, text.url
    )
    indexes.place_indexes(text, site.catalogue, site.counts, others)

    def prompt(content: str, position: int) -> str:
        return figures.link_figures_in(content, text, position, site.numbers)

    site.cells[source] = cells.place_code(text, site.paths["snippets"], prompt, only_included=bool(slug))
    result = text.text
    if slug:
        entry = site.catalogue.architectures[slug]
        result += f"\n\n{text.block(indexes.related(site.catalogue, slug, site.counts, text.url))}\n"
        if not result.lstrip().startswith("# "):
            result = f"# {entry.title}\n\n{result}"
    site.markdown[source] = result + references(text, cited)
    return site.markdown[source]


def refer(site: Site, text: PageText) -> list[citations.Reference]:
    """Put values, citations and links to architectures and figures into a text; return the works it cites."""
    values.fill_values(text, site.value)
    cited = citations.cite(text, site.references)
    indexes.link_architectures(text, site.catalogue)
    figures.link_figures(text, site.numbers)
    return cited


def references(text: PageText, cited: list[citations.Reference]) -> str:
    """Return the Markdown of the list of works at the end of a page; nothing if it cites none."""
    return f"\n\n## References\n\n{text.block(citations.references_html(cited))}\n" if cited else ""


def render(site: Site, text: PageText, source: str, html: str) -> str:
    """Render the formulas of a page, and note what was wrong with it."""

    def fail(tex: str, reason: str, advice: str) -> None:
        first = tex.strip().splitlines()[0] if tex.strip() else tex
        position = max(site.pages[source].text.find(first), 0)
        site.problems.append(
            Problem(text.file, site.pages[source].line(position), f"the formula `{tex}`: {reason}", advice)
        )

    html = site.formulas.render(html, fail)
    site.problems += text.problems
    return html


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put figures, cells, lists and formulas where they belong."""
    site, source = _site, page.file.src_uri
    if source in site.lessons:
        return lesson_html(site, site.lessons[source], html, page, config)
    text, slug = site.texts[source], site.slug(source)
    html = render(site, text, source, text.fill(html))
    html = glossary.mark_page(site.glossary, html, source, text.url, slug)
    if slug:
        entry = site.catalogue.architectures[slug]
        data = indexes.page_data_html(indexes.page_data(entry, site.placed[source]))
        header = reading.header_html(entry, site.counts[slug])
        html = html.replace("</h1>", f"</h1>{header}{data}", 1)
    elif site.cells.get(source) or site.placed.get(source) or site.owner(source):  # beside them, with code that runs
        record = {
            "slug": Path(source).stem,
            "title": page.title or "",
            "family": page.meta.get("family", ""),
            "figures": site.placed[source],
        }
        html = indexes.page_data_html(record) + html
    return html


def lesson_html(site: Site, lesson: lessons.Lesson, notebook: str, page: Page, config: MkDocsConfig) -> str:
    """Return a lesson's page from its text and what the notebook plugin's run of it left, and set its contents."""
    lessons.fill_cells(lesson, lessons.outputs(notebook))
    text = lesson.page
    cited = refer(site, text)
    converter = markdown.Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs)
    site.markdown[page.file.src_uri] = text.text + references(text, cited)
    site.texts[page.file.src_uri] = text
    html = text.fill(converter.convert(site.markdown[page.file.src_uri]))
    page.toc = get_toc(converter.toc_tokens)
    html = render(site, text, page.file.src_uri, html)
    html = glossary.mark_page(site.glossary, html, page.file.src_uri, text.url, "")
    header = lessons.header_html(lesson) + indexes.page_data_html(lessons.page_data(lesson))
    return html.replace("</h1>", f"</h1>{header}", 1)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Put a lesson's notebook beside its page."""
    lesson = _site.lessons.get(page.file.src_uri)
    if lesson:
        folder = Path(page.file.abs_dest_path).parent
        folder.mkdir(parents=True, exist_ok=True)
        lessons.write_notebook(lesson, folder)
    return output


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Keep the pages in the order of the navigation."""
    _site.shown = nav.pages
    config.extra["start"] = public_address(config.site_url)
    return nav


def on_env(env: Environment, config: MkDocsConfig, files: Files) -> None:
    """Fill the glossary, which knows what all pages use; stop before anything is written if there is a problem."""
    env.bytecode_cache = kept.Templates()
    if glossary.SOURCE in _site.texts:
        page = files.get_file_from_path(glossary.SOURCE).page
        page.content = page.content.replace(glossary.PLACE, glossary_build.glossary_html(_site))
    stop_at(_site.problems)


def on_post_build(config: MkDocsConfig) -> None:
    """Adapt the theme's script in the built site, and write what cards, the search and other programs read of it."""
    folder, start = Path(config.site_dir), public_address(config.site_url)
    glossary_build.write_cards(_site, folder)
    index = folder / "search/search_index.json"
    search_entries.add_entries(
        index,
        search_entries.figure_entries(
            _site.numbers,
            _site.paths["generated"] / "figures",
            _site.catalogue,
            figures.own_captions(_site.pages.values()),
        )
        + search_entries.term_entries(_site.glossary),
    )
    if index.is_file():
        index.replace(folder / bundle.SEARCH)
        index.parent.rmdir()
    for path in folder.glob("assets/javascripts/bundle.*.min.js"):
        try:
            script = bundle.adapt(path.read_text(encoding="utf-8"))
        except bundle.BundleError as error:
            raise Abort(str(error)) from None
        path.write_text(script, encoding="utf-8")
    (folder / bundle.PAGES).write_text(bundle.pages_xml([address(page) for page in _site.shown]), encoding="utf-8")
    if not start:
        withdraw_sitemap(folder)
    write_plain_pages(_site, config, folder, start)
    write_cards(_site, config, folder)


def write_plain_pages(site: Site, config: MkDocsConfig, folder: Path, start: str) -> None:
    """Write every page as plain Markdown beside its HTML, and `llms.txt`, which lists them."""
    addresses = {str(Path(page.file.src_uri).with_suffix("")): address(page) for page in site.shown}
    sections: dict[str, list[Entry]] = {"Architectures": [], "Lessons": [], "More": []}
    for page in site.shown:
        source, summary = page.file.src_uri, page.meta.get("description", "")
        if source not in site.markdown:
            continue
        text = plain.page_markdown(site.texts[source], site.markdown[source], summary, addresses)
        (folder / address(page) / plain.FILE).write_text(text, encoding="utf-8")
        section = "Architectures" if site.slug(source) else "Lessons" if source in site.lessons else "More"
        sections[section].append(Entry(address(page) + plain.FILE, page.title, summary))
    text = llms_txt(config.site_name, config.site_description or "", sections, start)
    (folder / "llms.txt").write_text(text, encoding="utf-8")


def open_cards(paths: dict[str, Path]) -> Cards:
    """Return what draws the cards, or stop before anything is written."""
    colours = {name: pair["light"] for name, pair in TOKENS["colours"].items()}
    try:
        return Cards(paths["serif"], paths["cache"] / "cards", colours)
    except FontMissingError as error:
        raise Abort(str(error)) from None


def write_cards(site: Site, config: MkDocsConfig, folder: Path) -> None:
    """Write the card of every page."""
    for page in site.shown:
        family = page.meta.get("family") or ""
        drawn = find_ids(site.pages[page.file.src_uri].text, DIAGRAM) if page.file.src_uri in site.pages else []
        diagram = site.paths["generated"] / f"diagrams/{drawn[0][0]}.json" if drawn else None
        card = Card(
            title=config.site_name if page.is_homepage else page.title,
            kicker=page.meta.get("kicker", ""),
            summary=page.meta.get("description") or (config.site_description or "") * page.is_homepage,
            site="" if page.is_homepage else config.site_name,
            accent=(TOKENS["families"][family] if family else TOKENS["colours"]["accent"])["light"],
            diagram=json.loads(diagram.read_text(encoding="utf-8"))["svg"] if diagram else "",
        )
        path = folder / page.meta["card"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(site.cards.png(card))
    site.cards.forget()


def address(page: Page) -> str:
    """Return a page's address relative to the site's start; nothing for the home page."""
    return "" if page.is_homepage else page.url


def page_address(source: Path) -> str:
    """Return a page's address from its path under `docs`: ``rnn.md`` is at ``rnn/``."""
    folder = source.parent if source.stem == "index" else source.with_suffix("")
    return "" if folder == Path() else f"{folder.as_posix()}/"


def stop_at(problems: list[Problem]) -> None:
    """Print the problems, sorted by place, and abort the build if there is any."""
    for problem in sorted(set(problems)):
        log.error(str(problem))
    if problems:
        count = reading.plural(len(set(problems)), "problem")
        raise Abort(f"{count} in the pages; nothing was built.")
