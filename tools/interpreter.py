"""Pyodide under Node: compiles Python for the page, and tells which modules a start-up loads."""

from __future__ import annotations

import json
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools import pyodide_edits
from tools.files import AssetError, cache_folder, file_digest, key_of, package

SCRIPT = Path(__file__).with_name("pyodide_node.mjs")
LIBRARY = "lib/python3.13"
SITE = f"{LIBRARY}/site-packages"
LONGEST_LINE = 500  # of Node's report: it quotes the line of the script that failed, and Pyodide's are 100,000s long
NOT_RUN = (".pyi", ".pxd", ".pyx", ".h", ".a", ".c", ".f", ".f90", ".ini", ".build", ".typed", ".txt", ".md")


def lock_contents() -> dict:
    """What start-up needs of Pyodide's lock file: its versions, and no package, since ours need no loader."""
    full = json.loads(package("pyodide", "pyodide-lock.json").read_text())
    return {"info": full["info"], "packages": {}}


def _node(command: str, job: dict, purpose: str) -> dict:
    with tempfile.TemporaryDirectory(prefix="atlas-") as temporary:
        job_path = Path(temporary, "job.json")
        job = {"pyodide": str(package("pyodide")), "folder": temporary, **job}
        job_path.write_text(json.dumps(job))
        try:
            done = subprocess.run(
                ["node", str(SCRIPT), command, str(job_path)], capture_output=True, text=True, timeout=900
            )
        except FileNotFoundError as error:
            raise AssetError("`node` is not on the PATH: install Node.js 20 or newer") from error
        except subprocess.TimeoutExpired as error:
            raise AssetError(f"{purpose}: Pyodide under Node did not finish in 15 minutes") from error
        if done.returncode:
            report = "\n".join(line for line in done.stderr.strip().splitlines() if len(line) < LONGEST_LINE)
            raise AssetError(f"{purpose} failed under Node:\n{report[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])


def compile_files(folder: Path, files: Sequence[tuple[str, str, str]], purpose: str) -> dict[str, str]:
    """Compile (source, target, name in tracebacks) with both paths in `folder`; returns what could not be, and why."""
    if not files:
        return {}
    return _node("compile", {"folder": str(folder), "files": list(files)}, purpose)["failed"]


def record(files: Mapping[str, Path], scripts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Start Python from `files` (place in its file system → real file), run scripts, see what was imported.

    Returns the place of every loaded module by name, and the message of each script that failed.
    """
    job = {
        "files": [[place, str(path)] for place, path in files.items()],
        "scripts": dict(scripts),
        "lock": lock_contents(),
    }
    answer = _node("record", job, "recording what start-up imports")
    return answer["modules"], answer["failed"]


def snapshot(script: bytes, files: Mapping[str, Path], scripts: Sequence[str]) -> tuple[dict, bytes]:
    """Start Python as `record` does, run scripts, and take what is in its memory then.

    `script` is Pyodide's with our edits. Returns what `docs/assets/js/snapshot.js` must know, and the pages of memory.
    """
    with tempfile.TemporaryDirectory(prefix="atlas-") as temporary:
        place = Path(temporary, "pyodide.asm.cjs")  # under this ending Node runs it as it is
        place.write_bytes(script)
        job = {
            "folder": temporary,
            "script": str(place),
            "files": [[place, str(path)] for place, path in files.items()],
            "scripts": list(scripts),
            "lock": lock_contents(),
        }
        answer = _node("snapshot", job, "taking a snapshot of Python's memory")
        if answer["proof"] != "tensor([3., 3.])":
            raise AssetError(f"Python that woke from its snapshot does not count right: {answer['proof']}")
        return answer["meta"], Path(temporary, "memory.bin").read_bytes()


def runtime_tree(wheel: Path) -> Path:
    """Folder with the whole standard library and NumPy as bytecode, made once for each Pyodide and NumPy.

    Python that is there as source only for tests, and what only a C compiler reads, is left out.
    """
    library = package("pyodide", "python_stdlib.zip")
    ours = [SCRIPT, Path(__file__), Path(pyodide_edits.__file__)]
    key = key_of([*ours, library, package("pyodide", "pyodide.asm.wasm")], file_digest(wheel))
    place = cache_folder() / f"bytecode-{key[:16]}"
    if place.is_dir():
        return place
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="compiling-", dir=cache_folder()) as temporary:
        made = Path(temporary, "tree")
        sources = _unpack(library, LIBRARY, Path(temporary)) + _unpack(wheel, SITE, Path(temporary))
        jobs = []
        for name in sources:
            if name.endswith(".py"):
                jobs.append((f"source/{name}", f"tree/{name}c", f"/{name}"))
            else:
                target = made / name
                target.parent.mkdir(parents=True, exist_ok=True)
                Path(temporary, "source", name).rename(target)
        failed = compile_files(Path(temporary), jobs, "compiling the standard library and NumPy")
        if failed:
            raise AssetError("\n".join(f"{name} does not compile: {why}" for name, why in failed.items()))
        try:
            made.rename(place)
        except OSError:  # another build was quicker
            if not place.is_dir():
                raise
    return place


def _unpack(archive: Path, under: str, folder: Path) -> list[str]:
    """Unpack what can be run; returns names relative to the root of the file system."""
    names = []
    try:
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                if entry.is_dir() or entry.filename.endswith(NOT_RUN) or "/tests/" in entry.filename:
                    continue
                name = f"{under}/{entry.filename}"
                target = folder / "source" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                content = opened.read(entry)
                if entry.filename in pyodide_edits.EDITS:
                    content = pyodide_edits.edited(entry.filename, content)
                target.write_bytes(content)
                names.append(name)
    except zipfile.BadZipFile as error:
        raise AssetError(f"{archive} is damaged: {error}") from error
    return names
