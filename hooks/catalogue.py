"""Every architecture, written or planned, and the order in which they are read."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hooks.front_matter import Architecture, architecture, read_front_matter, suggestion
from hooks.kept import kept
from hooks.page_text import Problem, read_page
from hooks.yaml_list import read_list


@dataclass(frozen=True)
class Catalogue:
    """All architectures by slug, in reading order."""

    architectures: dict[str, Architecture]

    @cached_property
    def written(self) -> list[Architecture]:
        """The architectures that have a page, in reading order."""
        return [entry for entry in self.architectures.values() if not entry.planned]

    def builds_on(self, slug: str) -> list[Architecture]:
        """Return what `slug` builds on, in reading order."""
        return [
            entry for entry in self.architectures.values() if entry.slug in self.architectures[slug].builds_on
        ]

    def leads_to(self, slug: str) -> list[Architecture]:
        """Return what builds on `slug`, in reading order."""
        return [entry for entry in self.architectures.values() if slug in entry.builds_on]


def read_catalogue(pages: Path, plan: Path, root: Path, snippets: Path) -> tuple[Catalogue, list[Problem]]:
    """Read the front matter of every page and the plan.

    Args:
        pages: the folder of the architecture pages; its ``index.md`` is not one of them.
        plan: a YAML list of the architectures that are not written yet; it need not exist.
        root: the project; messages name files relative to it.
        snippets: where the `data` files of a page are.

    Returns:
        The usable architectures in reading order, and what is wrong.
    """
    problems: list[Problem] = []
    found: dict[str, Architecture] = {}
    for path in sorted(pages.glob("*.md")):
        if path.name == "index.md":
            continue
        front, page = read_page(path, root)
        entry, wrong = read_front_matter(front, page.file, path)
        problems += wrong
        if entry:
            found[entry.slug] = entry
            problems += _check_data(entry, snippets)
    for entry, wrong in _read_plan(plan, root):
        problems += wrong
        if entry is None:
            continue
        if entry.slug in found:
            where = found[entry.slug].file
            problems.append(
                Problem(
                    entry.file,
                    entry.line("slug"),
                    f"`{entry.slug}` is planned here and already in {where}",
                    "remove it from the plan",
                )
            )
        else:
            found[entry.slug] = entry
    unreadable = {problem.file for problem in problems}
    for entry in found.values():
        for slug in entry.builds_on:
            stands_in_broken_page = any(Path(file).stem == slug for file in unreadable)
            if slug not in found and not stands_in_broken_page:
                problems.append(
                    Problem(
                        entry.file,
                        entry.line("builds_on"),
                        f"`builds_on` names `{slug}`, which no page or plan has",
                        suggestion(slug, found),
                    )
                )
    cycle = find_cycle(
        {slug: [base for base in entry.builds_on if base in found] for slug, entry in found.items()}
    )
    if cycle:
        entry = found[cycle[0]]
        problems.append(
            Problem(
                entry.file,
                entry.line("builds_on"),
                f"`builds_on` goes round: {' → '.join(cycle)}",
                "remove the step that is not true",
            )
        )
        return Catalogue(found), problems
    return Catalogue(reading_order(found)), problems


def reading_order(found: dict[str, Architecture]) -> dict[str, Architecture]:
    """Sort by year, but never before something that an architecture builds on.

    An architecture counts as old as the youngest thing beneath it; among equals the one with the shorter
    ancestry comes first, then the alphabet decides.
    """
    ranks: dict[str, tuple[int, int]] = {}

    def rank(slug: str) -> tuple[int, int]:
        if slug not in ranks:
            bases = [rank(base) for base in found[slug].builds_on if base in found]
            year = max([found[slug].year, *(year for year, _ in bases)])
            ranks[slug] = year, 1 + max((depth for _, depth in bases), default=0)
        return ranks[slug]

    return {slug: found[slug] for slug in sorted(found, key=lambda slug: (*rank(slug), slug))}


def find_cycle(graph: dict[str, list[str]]) -> list[str] | None:
    """Return the nodes of one cycle, the first repeated at the end, or ``None``."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str] | None:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        for following in graph[node]:
            if cycle := visit(following, [*path, node]):
                return cycle
        done.add(node)
        return None

    return next((cycle for node in sorted(graph) if (cycle := visit(node, []))), None)


def _check_data(entry: Architecture, snippets: Path) -> list[Problem]:
    return [
        Problem(
            entry.file,
            entry.line("data"),
            f"`data` names `{name}`, which is not there",
            f"write a path inside {snippets.name}/",
        )
        for name in entry.data
        if not (snippets / name).is_file()
    ]


@kept
def _read_plan(plan: Path, root: Path) -> list[tuple[Architecture | None, list[Problem]]]:
    found = read_list(plan, root, "the plan is not a list of architectures", "`- slug: …`")
    results, seen = [(None, [problem]) for problem in found.problems], set()
    for values, lines in ((one.values, one.lines) for one in found.entries):
        entry, wrong = architecture(values, lines, found.file, planned=True)
        if entry and entry.slug in seen:
            wrong = [Problem(found.file, lines["slug"], f"`{entry.slug}` is planned twice", "remove one of the two")]
        seen.add(values.get("slug"))
        results.append((entry, wrong))
    return results
