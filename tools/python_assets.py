"""Python for the page: the runtime, the lean pack that starts it, the archives behind it, and the pages' code.

The lean pack holds the modules that a start-up with NumPy, torch and the kit really loads. Which those are is
not written down anywhere: Python is started under Node and asked.
"""

from __future__ import annotations

import functools
import json
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tools import interpreter, numpy_wheel, page_code, pyodide_edits
from tools.files import GENERATED, ROOT, AssetError, digest, key_of, package, write
from tools.packs import pack, squeeze
from tools.stamps import remembered

PYTHON = GENERATED / "py"
HOME = "atlas"  # the folder, in the page's file system, that holds `snippets`
Say = Callable[[str], None]
PROTOCOL = 3  # page (`python.js`) and manifest must agree on this number; raise it when the manifest's form changes
RUNTIME = Path(__file__).with_name("runtime")
SNAPSHOT = ROOT / "docs" / "assets" / "js" / "snapshot.js"
EXTENSION = ".cpython-313-wasm32-emscripten.so"

START = """
import json, sys
import numpy
import atlas_start
import snippets.numpy_torch as numpy_torch
numpy_torch.install()
import torch
torch.manual_seed(0)
torch.randn(3).sum().item()
repr(torch.randn(2, 20))
"""
SESSION = """
from snippets.kit.session import Session
session = Session("/atlas")
def ask(**request):
    return json.loads(session.handle(json.dumps(request)))
ask(do="open", slug="probe")
answer = ask(do="run", cell="probe.model:cell", text="print(1)\\nhalf(2)")
assert answer.get("result") == "1.0", answer
ask(do="draw", figure="probe/nothing", values={})
for wrong in ("1 +", "hal(2)", "half.nam", "half('a')", "import nowhere", "raise NotImplementedError"):
    answer = ask(do="run", cell="probe.model:cell", text=wrong)
    assert "error" in answer, answer
ask(do="run", cell="probe.model:cell", text="def half(x):\\n    return x / 4")
ask(do="reset", cell="probe.model:cell")
for name in [name for name in sys.modules if "probe" in name]:
    del sys.modules[name]
"""
PROBE = {
    "model.py": "# --8<-- [start:cell]\ndef half(x):\n    return x / 2\n# --8<-- [end:cell]\n",
    "figures.py": "from snippets.probe.model import half\n",
}


def place(name: str, data: bytes) -> dict:
    """Write a file whose name carries its hash; returns its entry for the manifest."""
    stem, dot, ending = name.partition(".")
    file = f"{stem}.{digest(data)[:12]}{dot}{ending}"
    write(PYTHON / file, data)
    return {"url": file, **checked(data)}


def checked(data: bytes) -> dict:
    """What the page tells a damaged file by."""
    return {"bytes": len(data), "crc32": zlib.crc32(data)}


def core_files() -> list[Path]:
    """What the core pack is made from, under `snippets`."""
    return [page_code.SNIPPETS / "__init__.py", *page_code.kit_files(), *page_code.torch_files()]


def core_pack() -> dict[str, bytes]:
    """The kit, torch and the finder of the archives as bytecode, by place in the page's file system.

    Raises AssetError naming the file when one does not compile.
    """
    made = {}
    with tempfile.TemporaryDirectory(prefix="atlas-") as temporary:
        folder = Path(temporary)
        jobs = []
        named = {path: path.relative_to(ROOT).as_posix() for path in core_files()}
        named |= {path: path.name for path in RUNTIME.glob("*.py")}
        for path, relative in named.items():
            name = f"{HOME}/{relative}"
            if path.suffix == ".py":
                source = folder / "source" / name
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_bytes(path.read_bytes())
                jobs.append((f"source/{name}", f"{name}c", f"/{name}"))
            else:
                made[name] = path.read_bytes()
        failed = interpreter.compile_files(folder, jobs, "compiling the kit and torch")
        if failed:
            raise AssetError("\n".join(f"{name.removeprefix(f'/{HOME}/')}: {why}" for name, why in failed.items()))
        made |= {target: (folder / target).read_bytes() for _, target, _ in jobs}
    return made


def lean_places(tree: dict[str, bytes], core: dict[str, bytes], also: list[str]) -> set[str]:
    """Places of the library's files that a start-up loads, found by starting Python and looking."""
    scripts = {"starting Python": START, "a session of the page": SESSION, "the pages' imports": imports_of(also)}
    with tempfile.TemporaryDirectory(prefix="atlas-") as temporary:
        loaded, failed = interpreter.record(real_files({**tree, **core}, Path(temporary)), scripts)
    if failed:
        raise AssetError("\n".join(f"{name} failed in Pyodide:\n{why.strip()}" for name, why in failed.items()))
    return {where.lstrip("/") for where in loaded.values()} & tree.keys()


def imports_of(names: list[str]) -> str:
    return "".join(f"try:\n    import {name}\nexcept ImportError:\n    pass\n" for name in names)


def real_files(files: dict[str, bytes], folder: Path) -> dict[str, Path]:
    """Write files, and the probe's, into a folder; returns where each is by its place in the page's file system."""
    probe = {f"{HOME}/snippets/probe/{name}": text.encode() for name, text in PROBE.items()}
    placed = {}
    for number, (name, data) in enumerate({**files, **probe}.items()):
        path = Path(folder, str(number))
        path.write_bytes(data)
        placed[f"/{name}"] = path
    return placed


def snapshot_pack(lean: dict[str, bytes], core: dict[str, bytes], also: list[str]) -> dict[str, bytes]:
    """What takes the place of the lean and the core pack where Python wakes from a snapshot.

    It holds the memory, the shared libraries, and the few files that are not bytecode. The others lie in the two
    packs, which the page fetches if Python reads one.
    """
    with tempfile.TemporaryDirectory(prefix="atlas-") as temporary:
        files = real_files({**lean, **core}, Path(temporary))
        script = pyodide_edits.edited("pyodide.asm.js")
        own = [name for place in core if (name := own_module(place))]
        meta, memory = interpreter.snapshot(script, files, [START, SESSION, imports_of([*also, *sorted(own)])])
    packs = {"lean": lean, "core": core}
    plain = {name: data for pack in packs.values() for name, data in pack.items() if not is_late(name)}
    late = {title: [[name, len(data)] for name, data in pack.items() if is_late(name)] for title, pack in packs.items()}
    libraries = {library["name"][1:]: lean[library["name"][1:]] for library in meta["libraries"]}
    listed = json.dumps(meta | {"files": late}, separators=(",", ":"), sort_keys=True).encode()
    return {"snapshot.json": listed, "memory.bin": memory, **libraries, **plain}


def own_module(place: str) -> str | None:
    """Name of a module of torch or the kit by its place in the core pack."""
    name = place.removeprefix(f"{HOME}/").removesuffix(".pyc").removesuffix("/__init__").replace("/", ".")
    return name if place.endswith(".pyc") and "." in name else None


def is_late(name: str) -> bool:
    return name.endswith((".pyc", ".so"))


def module_name(where: str) -> str | None:
    """Name under which a file of the library is imported; None for a file that is no module."""
    for root in (interpreter.SITE, interpreter.LIBRARY):
        if where.startswith(f"{root}/"):
            name = where[len(root) + 1 :]
            break
    for ending in (EXTENSION, ".pyc"):
        if name.endswith(ending):
            return name.removesuffix(ending).removesuffix("/__init__").replace("/", ".")
    return None


def page_bundle(slug: str) -> dict:
    """A page's modules as text, and where its weights, results and data are fetched.

    A file that several pages read has one address, so that a reader of both fetches it once.
    """
    assets = []
    for path in page_code.data_files(slug):
        data = path.read_bytes()
        stem, _, ending = path.name.partition(".")
        url = f"assets/{stem}.{digest(data)[:12]}.{ending}"
        write(PYTHON / url, data)
        where = path.relative_to(ROOT).as_posix()
        assets.append({"path": where, "url": url, **checked(data), "sha256": digest(data)})
    content = {"slug": slug, "files": page_code.bundled(slug), "assets": assets}
    return {**content, "hash": digest(json.dumps(content, sort_keys=True).encode())[:12]}


def library(say: Say) -> dict[str, bytes]:
    """The whole standard library and NumPy as bytecode, by place."""
    folder = interpreter.runtime_tree(numpy_wheel.fetch(say=say))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def runtime_entries() -> dict[str, dict]:
    """Pyodide's own files, the interpreter as it is and gzip'ed: the page takes the one that suits the host."""
    wasm = package("pyodide", "pyodide.asm.wasm").read_bytes()
    return {
        "loader": place("pyodide.mjs", package("pyodide", "pyodide.mjs").read_bytes()),
        "script": place("pyodide.asm.js", pyodide_edits.edited("pyodide.asm.js")),
        "plain": place("pyodide.asm.wasm", wasm),
        "wasm": place("pyodide.asm.wasm.gz", squeeze(wasm)),
    }


def library_entries(tree: dict[str, bytes], lean: set[str]) -> dict[str, dict]:
    """The pack that starts Python, with a list of what it lacks, and the two archives that have the rest."""
    rest = {name: data for name, data in tree.items() if name not in lean}
    return {
        "lean": place("lean.pack.gz", pack(lean_files(tree, lean))),
        "standard": place("standard.pack.gz", pack({name: data for name, data in rest.items() if not is_numpy(name)})),
        "numpy": place("numpy.pack.gz", pack({name: data for name, data in rest.items() if is_numpy(name)})),
    }


def is_numpy(name: str) -> bool:
    return name.startswith(interpreter.SITE)


def lean_files(tree: dict[str, bytes], lean: set[str]) -> dict[str, bytes]:
    """The files of the pack that starts Python: of the library those named, and a list of what is elsewhere."""
    rest = [name for name in tree if name not in lean]
    missing = {
        "standard": sorted(name for where in rest if not is_numpy(where) and (name := module_name(where))),
        "numpy": sorted(name for where in rest if is_numpy(where) and (name := module_name(where))),
    }
    listed = json.dumps(missing, separators=(",", ":")).encode()
    return {name: tree[name] for name in sorted(lean)} | {f"{HOME}/missing.json": listed}


def build(say: Say = lambda text: None) -> list[Path]:
    """Make everything under `py/`, leave nothing there that the new manifest does not name, return the files.

    What is slow is done again only when what it is made from changed: compiling the kit and torch, asking Python
    what it loads, and packing the library.
    """
    pages = page_code.slugs()
    own = [Path(__file__), interpreter.SCRIPT, *map(Path, (interpreter.__file__, pyodide_edits.__file__))]
    own += RUNTIME.glob("*.py")
    pyodide = [package("pyodide", name) for name in ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm")]
    base = key_of([*own, *pyodide, package("pyodide", "python_stdlib.zip")], numpy_wheel.wanted().sha256)
    tree = functools.cache(lambda: library(say))
    core = functools.cache(lambda: _said(say, "compiling the kit and torch", core_pack))
    also = page_code.foreign_imports(
        [*core_files(), *(file for slug in pages for file in page_code.source_files(slug))]
    )
    core_key = key_of(core_files(), base)

    def look() -> list[str]:
        say("starting Python under Node to see what it loads")
        return sorted(lean_places(tree(), core(), also))

    def pack_library() -> dict[str, dict]:
        say("packing the library")
        return library_entries(tree(), set(lean))

    def take_snapshot() -> dict[str, dict]:
        say("taking a snapshot of Python's memory")
        files = snapshot_pack(lean_files(tree(), set(lean)), core(), also)
        return {"snapshot": place("snapshot.pack.gz", pack(files))}

    lean = remembered("python-lean", key_of([], core_key, also), look)
    files = {
        **remembered("python-runtime", base, runtime_entries, _places),
        **remembered("python-library", key_of([], base, lean), pack_library, _places),
        **remembered("python-core", core_key, lambda: {"core": place("core.pack.gz", pack(core()))}, _places),
        **remembered("python-snapshot", key_of([SNAPSHOT], core_key, also, lean), take_snapshot, _places),
    }
    listed = {}
    for slug in pages:
        bundle = page_bundle(slug)
        text = json.dumps(bundle, ensure_ascii=False).encode()
        write(PYTHON / "pages" / f"{slug}.json", text)
        assets = [{name: asset[name] for name in ("path", "url", "bytes", "crc32")} for asset in bundle["assets"]]
        listed[slug] = {"hash": bundle["hash"], **checked(text), "assets": assets}
    manifest = {"protocol": PROTOCOL, "files": files, "lock": interpreter.lock_contents(), "pages": listed}
    write(PYTHON / "manifest.json", json.dumps(manifest, separators=(",", ":")))
    return prune(manifest)


def _said(say: Say, text: str, make: Callable[[], dict[str, bytes]]) -> dict[str, bytes]:
    say(text)
    return make()


def _places(entries: dict[str, dict]) -> list[Path]:
    return [PYTHON / entry["url"] for entry in entries.values()]


def prune(manifest: dict) -> list[Path]:
    """Delete files under `py/` that belong to no page and no runtime of this manifest; returns those that stay."""
    kept = {PYTHON / "manifest.json", *_places(manifest["files"])}
    for slug, page in manifest["pages"].items():
        kept |= {PYTHON / "pages" / f"{slug}.json", *(PYTHON / asset["url"] for asset in page["assets"])}
    for path in PYTHON.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink(missing_ok=True)
    return sorted(kept)


def key() -> str:
    """Changes when anything that the Python assets are made from does."""
    own = [*Path(__file__).parent.glob("*.py"), *RUNTIME.glob("*.py"), interpreter.SCRIPT, SNAPSHOT]
    runtime = [package("pyodide", name) for name in ("package.json", "pyodide.asm.wasm", "python_stdlib.zip")]
    pages = []
    for slug in page_code.slugs():
        text = page_code.page_file(slug)
        pages += [*page_code.source_files(slug), *page_code.data_files(slug), *([text] if text.is_file() else [])]
    return key_of([*own, *runtime, *core_files(), *pages], numpy_wheel.wanted().sha256, PROTOCOL)
