"""Python for the page, as built: lean where it starts, whole behind it, one release at a time."""

import gzip
import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pytest

from tools import assets, interpreter, page_code, pyodide_edits, python_assets
from tools.files import AssetError, package
from tools.packs import unpack


@pytest.fixture(scope="module")
def manifest():
    assert assets.main(["python"]) == 0
    return json.loads((python_assets.PYTHON / "manifest.json").read_text())


def content(manifest, name):
    return (python_assets.PYTHON / manifest["files"][name]["url"]).read_bytes()


def test_every_file_is_there_with_the_size_and_the_hash_in_its_name(manifest):
    for name, entry in manifest["files"].items():
        data = content(manifest, name)
        assert len(data) == entry["bytes"]
        assert hashlib.sha256(data).hexdigest()[:12] in entry["url"]


def test_nothing_of_another_release_is_left(manifest):
    expected = {"manifest.json", *(entry["url"] for entry in manifest["files"].values())}
    for slug in manifest["pages"]:
        page = json.loads((python_assets.PYTHON / "pages" / f"{slug}.json").read_text())
        expected |= {f"pages/{slug}.json", *(asset["url"] for asset in page["assets"])}
    folder = python_assets.PYTHON
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == expected


def test_the_interpreter_is_pyodides_own_file(manifest):
    assert gzip.decompress(content(manifest, "wasm")) == package("pyodide", "pyodide.asm.wasm").read_bytes()
    assert content(manifest, "plain") == package("pyodide", "pyodide.asm.wasm").read_bytes()
    assert content(manifest, "loader") == package("pyodide", "pyodide.mjs").read_bytes()


def test_the_script_is_pyodides_with_the_edits_that_are_published(manifest):
    script = content(manifest, "script").decode()
    for before, after in pyodide_edits.EDITS["pyodide.asm.js"]:
        script = script.replace(after, before)
    assert script == package("pyodide", "pyodide.asm.js").read_text()


def test_an_edit_that_does_not_fit_once_is_named(monkeypatch):
    for text, times in (("no such text", 0), ("var ", "")):
        monkeypatch.setitem(pyodide_edits.EDITS, "pyodide.asm.js", [(text, "")])
        with pytest.raises(AssetError, match=f"stands there {times}.*{text}"):
            pyodide_edits.edited("pyodide.asm.js")


def test_the_edits_of_the_library_fit_its_files():
    with zipfile.ZipFile(package("pyodide", "python_stdlib.zip")) as library:
        for name in pyodide_edits.EDITS.keys() - {"pyodide.asm.js"}:
            assert pyodide_edits.edited(name, library.read(name)) != library.read(name)


def test_the_snapshot_stands_for_every_file_of_the_packs(manifest):
    held = unpack(content(manifest, "snapshot"))
    meta = json.loads(held["snapshot.json"])
    assert sum(count for _, count in meta["runs"]) * 4096 == len(held["memory.bin"])
    for name in ("lean", "core"):
        packed = unpack(content(manifest, name))
        late = dict(meta["files"][name])
        assert {path: len(packed[path]) for path in late} == late
        assert all(held[path] == packed[path] for path in packed.keys() - late.keys())


def test_what_starts_python_fits_on_the_wire(manifest):
    starting = ("loader", "script", "wasm", "lean", "core")
    squeezed = {"loader", "script"}  # hosts compress scripts; the packs are compressed already
    sizes = [
        len(gzip.compress(content(manifest, name)) if name in squeezed else content(manifest, name))
        for name in starting
    ]
    assert sum(sizes) <= 7_500_000


def test_the_lean_pack_and_the_archives_share_nothing_and_miss_nothing(manifest):
    lean, standard, numpy = (unpack(content(manifest, name)) for name in ("lean", "standard", "numpy"))
    assert not lean.keys() & standard.keys()
    assert not lean.keys() & numpy.keys()
    whole = python_assets.library(lambda text: None)
    lists = {f"{python_assets.HOME}/missing.json"}
    assert {**lean, **standard, **numpy}.keys() - lists == whole.keys()


def test_the_lean_pack_holds_what_a_start_loads_and_not_what_it_does_not(manifest):
    lean = unpack(content(manifest, "lean"))
    names = {python_assets.module_name(place) for place in lean if place.startswith("lib/")}
    assert {"numpy", "numpy._core._multiarray_umath", "traceback", "difflib", "ast"} <= names
    assert not {"csv", "decimal", "unittest", "numpy.testing", "numpy.f2py", "tkinter", "sqlite3"} & names


def test_the_list_of_the_archives_is_what_they_hold(manifest):
    lean = unpack(content(manifest, "lean"))
    missing = json.loads(lean[f"{python_assets.HOME}/missing.json"])
    assert {"csv", "decimal", "xml.etree.ElementTree"} <= set(missing["standard"])
    assert {"numpy.testing", "numpy.polynomial.chebyshev"} <= set(missing["numpy"])


def test_the_core_pack_is_bytecode_of_the_kit_and_torch_without_what_only_a_build_needs(manifest):
    core = unpack(content(manifest, "core"))
    assert {"atlas/snippets/__init__.pyc", "atlas/snippets/kit/session.pyc", "atlas/atlas_archives.pyc"} <= core.keys()
    assert "atlas/snippets/numpy_torch/__init__.pyc" in core
    assert "atlas/snippets/kit/tokens.json" in core
    assert not [name for name in core if name.endswith(".py")]
    assert not {"atlas/snippets/kit/training.pyc", "atlas/snippets/kit/diagram.pyc"} & core.keys()


def test_every_page_has_a_bundle_with_its_hash(manifest):
    assert sorted(manifest["pages"]) == page_code.slugs()
    for slug, page in manifest["pages"].items():
        bundle = json.loads((python_assets.PYTHON / "pages" / f"{slug}.json").read_text())
        assert (bundle["slug"], bundle["hash"]) == (slug, page["hash"])
        assert [asset["url"] for asset in bundle["assets"]] == [asset["url"] for asset in page["assets"]]


def test_code_that_does_not_compile_is_named(tmp_path):
    (tmp_path / "good.py").write_text("x = 1")
    (tmp_path / "bad.py").write_text("x = ")
    files = [(f"{name}.py", f"{name}.pyc", f"/atlas/{name}.py") for name in ("good", "bad")]
    assert list(interpreter.compile_files(tmp_path, files, "a test")) == ["/atlas/bad.py"]
    assert (tmp_path / "good.pyc").is_file()
    assert not (tmp_path / "bad.pyc").exists()


def test_bytecode_is_of_pyodides_python_and_not_of_this_one(manifest):
    import importlib.util

    magic = unpack(content(manifest, "core"))["atlas/snippets/__init__.pyc"][:4]
    assert int.from_bytes(magic[:2], "little") == 3571  # CPython 3.13
    if sys.version_info[:2] != (3, 13):
        assert magic != importlib.util.MAGIC_NUMBER


def test_a_machine_without_node_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssetError, match=r"install Node.js"):
        interpreter.compile_files(tmp_path, [("a.py", "a.pyc", "a")], "a test")


def test_a_wheel_that_is_no_archive_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("ATLAS_CACHE", str(tmp_path / "cache"))
    wheel = Path(tmp_path, "numpy.whl")
    wheel.write_bytes(b"not a wheel")
    with pytest.raises(AssetError, match=r"numpy.whl is damaged"):
        interpreter.runtime_tree(wheel)
    assert [path for path in (tmp_path / "cache").iterdir() if path.name.startswith("bytecode")] == []
