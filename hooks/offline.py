"""At the end of a build: one folder for the release's files, `sw.js`, the service worker, and `release.json`.

Everything that pages load stands in `assets-<hash>/`, whose name is a hash of what is in it. So a page can only name
files of its own release, whatever a browser, a worker or a host has kept of another, and they never change. The
pictures of social cards keep their place: other sites hold their addresses.

A release is known by a hash of all its files. Every page carries it, which is how a page asks for the service worker;
pages of `mkdocs serve` carry none, so that an author never sees a stale copy.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort

WORKER = Path(__file__).with_name("service_worker.js")
OWN = ("sw.js", "release.json")
MARK = '<meta name="atlas-release" content="{}">'
DIGITS = 20
CARDS = "cards"
_NAME = re.compile(r"assets(-[0-9a-f]{10})?")
# In an attribute, or in the theme's settings, which are JSON.
_ADDRESS = re.compile(rf'((?:=|": )"(?:\.{{1,2}}/)*){_NAME.pattern}/(?!{CARDS}/)'.encode())

_serving = False


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """Remember whether someone is writing pages."""
    global _serving
    _serving = command == "serve"


def on_post_build(config: MkDocsConfig) -> None:
    """Mark the built site as a release."""
    if not _serving:
        release(Path(config.site_dir))


def assets_of(folder: Path) -> Path:
    """Return where the files are that a site's pages load: `assets-<hash>` of a release, or `assets`."""
    found = [path for path in folder.glob("assets-*") if _NAME.fullmatch(path.name)]
    return found[0] if found else folder / "assets"


def release(folder: Path) -> str:
    """Name the site's files for good, write the release's id into every page, and its service worker; return the id.

    Raises:
        Abort: no page has a place for the id.
    """
    assets = name_assets(folder)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    content = {name: path.read_bytes() for name, path in files.items() if name not in OWN}
    identity = hashlib.sha256(
        "".join(f"{name} {digest(text)}\n" for name, text in content.items()).encode()
    ).hexdigest()[:12]
    empty, full = MARK.format("").encode(), MARK.format(identity).encode()
    marked = [name for name, text in content.items() if name.endswith(".html") and empty in text]
    if not marked:
        raise Abort(f"hooks/offline.py: no page in {folder} holds {MARK.format('')}; theme/main.html should write it.")
    for name in marked:
        content[name] = content[name].replace(empty, full)
        (folder / name).write_bytes(content[name])
    record = {
        "id": identity,
        "assets": assets,
        "files": {name: [len(text), digest(text)] for name, text in content.items()},
        "aside": [name for name in content if is_aside(name, content)],
    }
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    (folder / "sw.js").write_text(f"self.RELEASE = {text};\n{WORKER.read_text(encoding='utf-8')}", encoding="utf-8")
    (folder / "release.json").write_text(json.dumps({"release": identity}) + "\n", encoding="utf-8")
    return identity


def name_assets(folder: Path) -> str:
    """Rename the folder of the site's files after their content, and every address in the pages; return the name."""
    before = assets_of(folder)
    files = sorted(path for path in before.rglob("*") if path.is_file() and path.parts[len(before.parts)] != CARDS)
    if not files:
        return before.name
    content = "".join(f"{path.relative_to(before).as_posix()} {digest(path.read_bytes())}\n" for path in files)
    name = f"assets-{hashlib.sha256(content.encode()).hexdigest()[:10]}"
    before.rename(folder / name)
    if (folder / name / CARDS).is_dir():
        (folder / "assets").mkdir()
        (folder / name / CARDS).rename(folder / "assets" / CARDS)
    for page in folder.rglob("*.html"):
        text = page.read_bytes()
        page.write_bytes(_ADDRESS.sub(rb"\g<1>" + name.encode() + b"/", text))
    return name


def digest(content: bytes) -> str:
    """Return as much of a content's hash as the service worker compares."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def is_aside(name: str, files: dict[str, bytes]) -> bool:
    """Whether an offline copy does without a file: no page asks for it, or it is there in a smaller form."""
    if name.startswith(f"assets/{CARDS}/") or "/javascripts/lunr/" in name or name.endswith(".map"):
        return True
    folder, _, file = name.rpartition("/")
    if file.startswith("snapshot.") and file.endswith(".pack.gz"):  # quicker than the packs, which serve as well
        return True
    if not file.endswith(".wasm"):
        return False
    return any(other.startswith(f"{folder}/") and other.endswith(".wasm.gz") for other in files)
