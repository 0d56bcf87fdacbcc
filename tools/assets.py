"""Make everything under docs/assets/generated/ but the figures:  python -m tools.assets [step …] [--force]

A step whose inputs have not changed since it last ran, and whose files are there, is skipped.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools import page_assets, python_assets, stamps
from tools.files import AssetError, key_of

HERE = Path(__file__).parent
Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One kind of asset.

    Attributes:
        about: what it makes, for the progress line.
        key: a hash that changes when its inputs do.
        make: makes the files and returns them.
    """

    about: str
    key: Callable[[], str]
    make: Callable[[Say], list[Path]]


def _inputs(*paths: Path) -> str:
    return key_of([*paths, HERE / "page_assets.py"])


STEPS = {
    "tokens": Step("colours", lambda: _inputs(page_assets.TOKENS), lambda _: page_assets.tokens()),
    "fonts": Step("fonts", lambda: _inputs(*page_assets.font_files()), lambda _: page_assets.fonts()),
    "katex": Step("styles of mathematics", lambda: _inputs(page_assets.katex_css()), lambda _: page_assets.katex()),
    "bundles": Step(
        "Plotly and the editor", lambda: key_of(page_assets.bundle_inputs()), lambda _: page_assets.bundles()
    ),
    "python": Step("Python for the page", python_assets.key, python_assets.build),
}


def run(name: str, force: bool, say: Say) -> bool:
    """Run a step if it needs to be; returns whether it did."""
    made = []

    def make() -> list[str]:
        made.append(name)
        return [str(path) for path in STEPS[name].make(say)]

    if force:
        for stamp in stamps.STAMPS.glob(f"{name}*.json"):
            stamp.unlink(missing_ok=True)
    stamps.remembered(name, STEPS[name].key(), make, lambda files: map(Path, files))
    return bool(made)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold a lock, so that two builds do not delete each other's files; where there are none, do without."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    stamps.STAMPS.mkdir(parents=True, exist_ok=True)
    with (stamps.STAMPS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns 0 when everything is there, 1 when a step failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.assets", description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="step", help=f"only these: {', '.join(STEPS)}")
    parser.add_argument("--force", action="store_true", help="make them again even if nothing changed")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.steps) - set(STEPS))
    if unknown:
        parser.error(f"there is no step “{unknown[0]}”; there are {', '.join(STEPS)}")
    failed = 0
    try:
        with alone():
            for number, name in enumerate(chosen.steps or STEPS, 1):
                failed += not _tell(number, len(chosen.steps or STEPS), name, chosen.force)
    except OSError as error:
        print(f"assets: {error.filename or stamps.STAMPS}: {error.strerror}", file=sys.stderr)
        return 1
    return 1 if failed else 0


def _tell(number: int, total: int, name: str, force: bool) -> bool:
    """Run a step and say how it went; returns whether it went well."""
    began = time.perf_counter()
    title = f"[{number}/{total}] {STEPS[name].about}"
    try:
        made = run(name, force, lambda text: print(f"{title}: {text}", flush=True))
    except AssetError as error:
        print(f"{title}: FAILED\n{error}", file=sys.stderr, flush=True)
        return False
    took = f"made in {time.perf_counter() - began:.1f} s" if made else "up to date"
    print(f"{title}: {took}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
