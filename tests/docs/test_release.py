"""A built site is one release: its id stands in every page, and its service worker lists every file."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from mkdocs.exceptions import Abort

from hooks import offline
from hooks.offline import MARK, assets_of, is_aside, release

HEAD = f"<!doctype html><html><head>{MARK.format('')}"
PAGE = f'''{HEAD}<link href="assets/x.js"><meta content="https://a.org/assets/cards/a.png"></head>
<a href="../assets/x.js">assets/x.js</a><p title="see assets/x.js"><script>{{"search": "../../assets/y.js"}}</script>
<img src="assets/cards/a.png"></html>'''
FILES = {"index.html": PAGE, "a/index.html": PAGE, "404.html": "<p>", "assets/x.js": "1", "assets/cards/a.png": "p"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def listed(folder: Path) -> dict:
    first = (folder / "sw.js").read_text(encoding="utf-8").split(";\n", 1)[0]
    return json.loads(first.removeprefix("self.RELEASE = "))


def test_the_list_holds_every_file_as_it_is_on_disk(folder):
    identity = release(folder)
    record = listed(folder)
    assert record["id"] == identity
    script = f"{record['assets']}/x.js"
    assert set(record["files"]) == {"index.html", "a/index.html", "404.html", script, "assets/cards/a.png"}
    for name, (size, digest) in record["files"].items():
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()[: len(digest)]) == (size, digest)
    for page in ("index.html", "a/index.html"):
        assert MARK.format(identity) in (folder / page).read_text(encoding="utf-8")
    assert json.loads((folder / "release.json").read_text(encoding="utf-8")) == {"release": identity}


def test_the_same_files_are_the_same_release_and_one_byte_makes_another(folder):
    first = release(folder)

    def again() -> str:
        for page in ("index.html", "a/index.html"):
            (folder / page).write_text(PAGE, encoding="utf-8")
        return release(folder)

    assert again() == first
    (assets_of(folder) / "x.js").write_text("2", encoding="utf-8")
    assert again() != first


def test_pages_name_files_by_what_is_in_them(folder):
    release(folder)
    first = assets_of(folder).name
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert f'href="{first}/x.js"' in page and f'href="../{first}/x.js"' in page and f'": "../../{first}/y.js"' in page
    # What is no address stays, and so do the pictures that other sites show.
    assert ">assets/x.js<" in page and "see assets/x.js" in page
    assert '"https://a.org/assets/cards/a.png"' in page and '"assets/cards/a.png"' in page
    assert (folder / "assets/cards/a.png").is_file() and not (folder / "assets/x.js").exists()

    def again() -> str:
        for name in ("index.html", "a/index.html"):
            text = (folder / name).read_text(encoding="utf-8")
            (folder / name).write_text(re.sub(MARK.format(r"\w+"), MARK.format(""), text), encoding="utf-8")
        release(folder)
        return assets_of(folder).name

    (folder / "a/index.html").write_text(PAGE.replace("see", "look at"), encoding="utf-8")
    assert again() == first, "the files are the same"
    (folder / first / "x.js").write_text("2", encoding="utf-8")
    second = again()
    assert second != first and not (folder / first).exists()
    assert f'href="../{second}/x.js"' in (folder / "a/index.html").read_text(encoding="utf-8")


def test_a_theme_without_a_place_for_the_id_stops_the_build(folder):
    for page in ("index.html", "a/index.html"):
        (folder / page).write_text("<p>", encoding="utf-8")
    with pytest.raises(Abort, match=r"theme/main\.html should write it"):
        release(folder)
    assert not (folder / "sw.js").exists()


def test_while_pages_are_written_nothing_is_a_release(folder):
    config = {"site_dir": str(folder)}
    config = type("Config", (), config)
    try:
        offline.on_startup("serve", dirty=False)
        offline.on_post_build(config)
        assert not (folder / "sw.js").exists()
    finally:
        offline.on_startup("build", dirty=False)
    offline.on_post_build(config)
    assert (folder / "sw.js").exists()


@pytest.mark.parametrize(
    ("name", "aside"),
    [
        ("assets-0a1b2c3d4e/javascripts/bundle.js.map", True),
        ("assets/cards/home.png", True),
        ("assets-0a1b2c3d4e/javascripts/lunr/wordcut.js", True),
        ("py/pyodide.1.asm.wasm", True),
        ("py/pyodide.2.asm.wasm.gz", False),
        ("other/alone.wasm", False),
        ("py/snapshot.3.pack.gz", True),
        ("py/lean.4.pack.gz", False),
        ("assets-0a1b2c3d4e/search_index.json", False),
    ],
)
def test_what_no_page_asks_for_is_left_out_of_the_copy(name, aside):
    assert is_aside(name, {"py/pyodide.2.asm.wasm.gz": b"", name: b""}) is aside
