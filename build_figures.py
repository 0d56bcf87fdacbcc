"""Run the reference models and write every figure, view and diagram that the pages embed.

Only what has changed is run: its code (the figure's module, what it imports, the kit), the files it read
(weights, results, data) or the versions of the libraries. Each figure runs in a process of one thread; one
that fails is named with the reason, and the others are still built. Every file is written in one step, so a
build that is killed leaves whole files only, and the next one goes on where it stopped.
"""

import argparse
import ast
import difflib
import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from snippets.kit.building import build, set_up, use_root
from snippets.kit.data import MissingFileError
from snippets.kit.files import sha256, write_atomically
from snippets.kit.sources import APART, imported, module_file
from snippets.kit.training import stale

SLOW = 0.150  # s, what the page grants a figure that is drawn again in the browser
HEAVY = 60_000  # compressed bytes of one figure with its states; a page has 400,000 in all
HEAVY_STATE = 60_000  # of one state of a view: the page fetches them one by one
SOURCES = {"figure": "figures", "view": "figures", "diagram": "diagram"}  # module of a page by kind
FOLDERS = {"figure": "figures", "view": "views", "diagram": "diagrams"}  # output folder by kind


@dataclass
class Item:
    """A figure, view or diagram found in the sources."""

    kind: str
    package: str
    name: str
    expected: list[str] = field(default_factory=list, repr=False)

    @property
    def slug(self) -> str:
        return self.package.replace("_", "-")

    @property
    def id(self) -> str:
        return f"{self.slug}/{self.name}"

    @property
    def module(self) -> str:
        return f"{self.package}.{SOURCES[self.kind]}"


class Builder:
    """What there is to build below one root, and what of it is due."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.output = root / "docs" / "assets" / "generated"
        self.cache = root / ".cache" / "figures"
        self.broken: dict[str, str] = {}  # reason by source file that cannot be read
        self.items = list(self._discover())
        self.figures = [item.id for item in self.items if item.kind == "figure"]

    def _discover(self) -> Iterator[Item]:
        """Find decorated functions by reading the sources, without running them."""
        for folder in sorted((self.root / "snippets").glob("*/")):
            if folder.name in (*APART, "data", "__pycache__"):
                continue
            for kind, module in SOURCES.items():
                path = folder / f"{module}.py"
                if not path.is_file():
                    continue
                try:
                    names = list(decorated(path.read_text(encoding="utf-8"), kind))
                except (SyntaxError, UnicodeDecodeError) as error:
                    line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
                    self.broken[f"{folder.name}/{module}.py"] = f"cannot be read: {error.args[0]}{line}"
                    continue
                for name in names:
                    yield Item(kind, folder.name, name, names)

    def folder(self, item: Item) -> Path:
        return self.output / FOLDERS[item.kind] / item.slug

    def entry(self, item: Item) -> Path:
        return self.cache / FOLDERS[item.kind] / item.slug / f"{item.name}.json"

    def select(self, only: list[str]) -> list[Item]:
        """Return the items that `only` names, all when it is empty.

        Raises:
            LookupError: one of them names nothing.
        """
        chosen = {id(item): item for item in ([] if only else self.items)}
        for wanted in only:
            found = [item for item in self.items if wanted in (item.id, item.slug, item.package)]
            if not found:
                known = sorted({item.id for item in self.items} | {item.slug for item in self.items})
                near = difflib.get_close_matches(wanted, known, 3, 0.5)
                hint = (
                    f"did you mean {' or '.join(near)}?"
                    if near
                    else f"there are: {', '.join(known) or 'none'}"
                )
                raise LookupError(f"there is no figure, view, diagram or page “{wanted}”: {hint}")
            chosen |= {id(item): item for item in found}
        return [item for item in self.items if id(item) in chosen]

    def report(self, item: Item) -> dict | None:
        """Return the report of the last build of an item, or ``None`` when it has to be built again."""
        try:
            entry = json.loads(self.entry(item).read_text(encoding="utf-8"))
            fresh = entry["code"] == code_hash(item.module) and all(
                digest == file_hash(self.root, name) for name, digest in entry["read"].items()
            )
            whole = all(
                sha256(self.folder(item) / name) == digest for name, digest in entry["written"].items()
            )
            linked = all(figure in self.figures for figure in entry["report"].get("references", []))
            known = {"files", "compressed", "seconds"} <= entry["report"].keys()
            return entry["report"] if fresh and whole and linked and known else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # no entry, or not one that was written here: build again

    def task(self, item: Item) -> dict:
        return {
            "kind": item.kind,
            "slug": item.slug,
            "name": item.name,
            "id": item.id,
            "expected": item.expected,
            "output": str(self.folder(item)),
            "entry": str(self.entry(item)),
            "code": code_hash(item.module),
            "figures": self.figures,
        }

    def forget(self, item: Item) -> None:
        """Remove what was built of an item, the cache entry first."""
        self.entry(item).unlink(missing_ok=True)
        for path in self.folder(item).glob(f"{item.name}.*json"):
            path.unlink()

    def stale_files(self) -> list[Path]:
        """Return what lies in the output and cache folders and belongs to nothing in the sources."""
        known = set()
        for item in self.items:
            known |= {self.folder(item) / f"{item.name}.json", self.entry(item)}
            report = self.report(item)
            if report is None:
                known |= set(self.folder(item).glob(f"{item.name}.*json"))
            else:
                known |= {self.folder(item) / name for name in report["files"]}
        unreadable = {(name.split("/")[0].replace("_", "-")) for name in self.broken}
        found = []
        for kind in FOLDERS.values():
            for base in (self.output / kind, self.cache / kind):
                found += [
                    path
                    for path in sorted(base.rglob("*"))
                    if path.is_file() and path not in known and path.parent.name not in unreadable
                ]
        return found

    def remove_stale(self) -> int:
        """Remove files of figures that are gone, and half-written ones of builds that were killed."""
        files = self.stale_files()
        for path in files:
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        return len(files)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other build runs below the same root. The system frees the lock of a killed build."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with (self.cache / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Another build is running; waiting for it to end.", flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def decorated(source: str, decorator: str) -> Iterator[str]:
    """Yield the names of the top-level functions of a source that carry a decorator, called or not."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            for entry in node.decorator_list:
                called = entry.func if isinstance(entry, ast.Call) else entry
                if getattr(called, "id", getattr(called, "attr", None)) == decorator:
                    yield node.name


@cache
def code_hash(module: str) -> str:
    """Return a hash of a module, of everything of ours it imports, and of the libraries' versions."""
    # the worker's own imports are not followed: it loads what figures or what diagrams need, never both
    machinery = "kit.drawing" if module.endswith(".diagram") else "kit.checks"
    reached, waiting = {"kit.building"}, [module, machinery]
    while waiting:
        name = waiting.pop()
        if name and name not in reached:
            reached.add(name)
            waiting += [*imported(name), name.rpartition(".")[0]]
    digest = hashlib.sha256(versions().encode())
    for name in sorted(reached):
        path = module_file(name)
        if path is not None:
            digest.update(f"{name}:{sha256(path)};".encode())
    digest.update(sha256(module_file("kit.colours").with_name("tokens.json")).encode())
    return digest.hexdigest()


@cache
def versions() -> str:
    """Return the versions that decide what a figure looks like."""
    found = [f"python {sys.version_info[0]}.{sys.version_info[1]}"]
    for package in ("torch", "numpy", "plotly"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} none")
    return ", ".join(found)


@cache
def file_hash(root: Path, name: str) -> str:
    """Return the hash of a file a figure has read, by its name in the project; nothing for a missing one."""
    inner = Path(name).relative_to("snippets")
    for base in (root / "snippets", Path(__file__).resolve().parent / "snippets"):
        if (base / inner).is_file():
            return sha256(base / inner)
    return ""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 when all is built, 1 when something failed."""
    options = _parser().parse_args(arguments)
    started = time.perf_counter()
    root = options.root.resolve()
    if not (root / "snippets").is_dir():
        return _fail(f"there is no folder snippets/ below {options.root}", 2)
    use_root(str(root))
    builder = Builder(root)
    try:
        chosen = builder.select(options.only)
    except LookupError as error:
        return _fail(str(error), 2)
    if options.list:
        return _list(builder, chosen)
    if options.check:
        return _check(builder, chosen)
    try:
        with builder.alone():
            return _build(builder, chosen, options, started)
    except KeyboardInterrupt:
        return _fail("stopped; what was built is kept, and the next build goes on from there", 130)
    except OSError as error:
        return _fail(f"the output cannot be written: {error.strerror or error}", 1)


def _build(builder: Builder, chosen: list[Item], options: argparse.Namespace, started: float) -> int:
    kept = {} if options.force else {item.id + item.kind: builder.report(item) for item in chosen}
    due = [item for item in chosen if not kept.get(item.id + item.kind)]
    failures = dict(builder.broken if not options.only else {})
    rows, tracebacks = [], {}
    if due:
        rows = _run(builder, due, options, failures, tracebacks)
    if options.failures:
        told = {name: f"{reason}\n\n{tracebacks.get(name, '')}".strip() for name, reason in failures.items()}
        write_atomically(options.failures, json.dumps(told, ensure_ascii=False))
    removed = builder.remove_stale()
    if rows:
        _print_table(rows)
    for name, reason in failures.items():
        print(f"✗ {name}: {reason}", file=sys.stderr)
    built, seconds = len(rows), time.perf_counter() - started
    gone = f", {removed} stale files removed" if removed else ""
    failed = f", {len(failures)} failed" if failures else ""
    print(f"{built} built, {len(chosen) - len(due)} up to date{gone}{failed} ({seconds:.1f} s)")
    return 1 if failures else 0


def _run(
    builder: Builder,
    due: list[Item],
    options: argparse.Namespace,
    failures: dict[str, str],
    tracebacks: dict[str, str],
) -> list[tuple]:
    """Build what is due; fill `failures` and `tracebacks`, return ``(item, report)`` of what succeeded."""
    from snippets.kit.pool import run
    from snippets.kit.training import Bar

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # inherited by the workers: one thread each
    items = {(item.kind, item.id): item for item in due}
    jobs = max(1, min(options.jobs, len(due)))
    rows = []
    with Bar("figures", len(due)) as bar:
        tasks = [builder.task(item) for item in due]
        for task, result in run(
            build, tasks, jobs=jobs, seconds=options.timeout, setup=set_up, root=str(builder.root)
        ):
            item = items[task["kind"], task["id"]]
            reason = result if isinstance(result, str) else result.get("error")
            if reason:
                failures[item.id] = reason
                if not isinstance(result, str):
                    tracebacks[item.id] = result["traceback"]
                    if options.verbose:
                        print(result["traceback"], file=sys.stderr)
                try:
                    builder.forget(item)  # an old figure of changed code would be a wrong figure
                except OSError as error:
                    failures[item.id] += f"; its old files cannot be removed: {error.strerror}"
            else:
                rows.append((item, result))
            bar.advance(1, item.id)
    return sorted(rows, key=lambda row: (row[0].id, row[0].kind))


def _list(builder: Builder, chosen: list[Item]) -> int:
    rows = [(item, builder.report(item)) for item in chosen]
    _print_table(rows)
    return 0


def _check(builder: Builder, chosen: list[Item]) -> int:
    """Say what a build would do, and which weights are not what their recipe makes; write nothing."""
    problems = [f"{name}: {reason}" for name, reason in builder.broken.items()]
    problems += [f"{item.id}: has to be built" for item in chosen if builder.report(item) is None]
    problems += [f"{path.relative_to(builder.root)}: belongs to nothing" for path in builder.stale_files()]
    for package in sorted({item.package for item in chosen}):
        folder = builder.root / "snippets" / package
        if (folder / "weights.safetensors").is_file():
            slug = package.replace("_", "-")
            try:
                problems += [f"{slug}: {reason} (run `make train SLUG={slug}`)" for reason in stale(slug)]
            except (MissingFileError, ValueError, KeyError) as error:
                problems.append(f"{slug}: {error}")
    for problem in problems:
        print(f"✗ {problem}", file=sys.stderr)
    fine = f"{len(chosen)} figures and diagrams are up to date"
    print(f"{len(problems)} to put right" if problems else fine)
    return 1 if problems else 0


def _print_table(rows: list[tuple[Item, dict | None]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, justify in (("figure", "left"), ("build", "right"), ("redraw", "right"), ("bytes", "right")):
        table.add_column(title, justify=justify, no_wrap=True)
    table.add_column("gzip", justify="right", no_wrap=True)
    table.add_column("")
    for item, report in rows:
        name = item.id if item.kind == "figure" else f"{item.id} ({item.kind})"
        if report is None:
            table.add_row(name, "", "", "", "", "has to be built")
            continue
        table.add_row(
            name,
            f"{report['seconds']:.2f} s",
            f"{1000 * report['warm']:.0f} ms" if "warm" in report else "",
            f"{sum(report['files'].values()):,}",
            f"{report['compressed']:,}",
            "; ".join(warnings(report)),
        )
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def warnings(report: dict) -> list[str]:
    """Return what a report shows to be over budget."""
    found = []
    if report.get("live") and report["warm"] > SLOW:
        found.append(f"slow: the page has {1000 * SLOW:.0f} ms to redraw it")
    largest, most = report.get("largest", report["compressed"]), HEAVY_STATE if "largest" in report else HEAVY
    if largest > most:
        found.append(f"heavy: over {most:,} bytes compressed")
    return found


def _fail(reason: str, code: int) -> int:
    print(f"build_figures: {reason}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="SLUG[/FIGURE]",
        help="build this page or figure; repeatable",
    )
    parser.add_argument(
        "--list", action="store_true", help="list figures and diagrams with their time and bytes"
    )
    parser.add_argument("--check", action="store_true", help="say what is out of date, build nothing")
    parser.add_argument("--force", action="store_true", help="build what is up to date as well")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="longest time for one figure"
    )
    parser.add_argument(
        "--failures", type=Path, metavar="FILE", help="write what failed, with its traceback, as JSON"
    )
    parser.add_argument("--verbose", action="store_true", help="print the traceback of what fails")
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).resolve().parent, help="the project folder to build"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
