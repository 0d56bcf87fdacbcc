"""Every benchmark in one run; the tables go to the screen and, with --readme, into the README:  make bench"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import build, figures, first_load, main_thread, page, start_up, torch_in_the_page
from benchmarks.tables import summary

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- bench:start -->", "<!-- bench:end -->"


def tables(rounds: int) -> list[str]:
    """Run everything, printing each table as it is there. A slow line is measured as well as the local one."""
    site = ROOT / "site"
    few = max(1, rounds // 2)
    benchmarks: list[Callable[[], str]] = [
        lambda: start_up.tables(start_up.bench(rounds, None, others=True)),
        lambda: start_up.tables(start_up.bench(few, 20.0)),
        lambda: bytes_of_pages(site),
        lambda: page.tables(page.bench(site)),
        lambda: figures.tables(dict(figures.bench(compare=False))),
        lambda: main_thread.tables(main_thread.bench(site)),
        lambda: torch_in_the_page.tables(torch_in_the_page.bench(few)),
        lambda: build.tables(build.bench()),
    ]
    found = []
    for benchmark in benchmarks:
        found.append(benchmark())
        print(f"{found[-1]}\n", flush=True)
    found.append(summary(found))
    print(found[-1], flush=True)
    return found


def bytes_of_pages(site: Path) -> str:
    """The table of the pages' bytes; that of their scripts is only printed."""
    pages = first_load.bench(site)
    print(f"{first_load.scripts(pages)}\n", flush=True)
    return first_load.tables(pages)


def into_readme(text: str, found: list[str]) -> str:
    """The README with the tables between its two marks; raises ValueError when it has not exactly one pair."""
    if text.count(START) != 1 or text.count(END) != 1:
        raise ValueError(f"README.md must hold {START} and {END} once each")
    before, rest = text.split(START)
    return f"{before}{START}\n" + "\n\n".join(found) + f"\n{END}{rest.split(END)[1]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="starts of Python, each cold and warm")
    parser.add_argument("--readme", action="store_true", help="write the tables into README.md")
    chosen = parser.parse_args()
    readme = ROOT / "README.md"
    text = into_readme(readme.read_text(encoding="utf-8"), [])
    found = tables(chosen.rounds)
    if chosen.readme:
        readme.write_text(into_readme(text, found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
