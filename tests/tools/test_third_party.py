"""The list of third-party software is what is pinned and installed: names, versions, licences, sizes."""

import importlib.metadata
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
LOCK = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
# what is installed; what only an experiment once read is listed too, but pinned nowhere
SECTIONS = ("## Served with the site", "## Used to build the site", "## Used to test it")
DIRECT = PACKAGE["dependencies"] | PACKAGE["devDependencies"]
_WORDS = {
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
}


def pins(name: str) -> dict[str, str]:
    """The versions that a file pins, by package."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(package): version for package, version in found.items()}


REQUIRED, CONSTRAINTS = pins("requirements.txt"), pins("constraints.txt")


@dataclass(frozen=True)
class Row:
    version: str
    licence: str
    size: str
    why: str


def listed() -> dict[str, Row]:
    """Every package of the tables by the name that its registry knows it by."""
    rows: dict[str, Row] = {}
    section = ""
    for line in (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8").splitlines():
        section = line if line.startswith("## ") else section
        if section not in SECTIONS or not line.startswith("| ") or line.startswith("| package "):
            continue
        title, version, licence, size, why = (cell.strip() for cell in line.strip("|").split("|"))
        names = re.findall(r"`([^`]+)`", title)
        scope = names[0].split("/")[0] if names and names[0].startswith("@") else ""
        names = [name if not scope or name.startswith("@") else f"{scope}/{name}" for name in names]
        versions = version.split(", ")
        assert len(versions) == (len(names) or 1), title
        for name, own in zip(names, versions, strict=False):
            assert name not in rows, f"{name} is listed twice"
            rows[name] = Row(own, licence, size, why)
    return rows


ROWS = listed()


def test_what_is_listed_is_what_is_asked_for():
    assert {name: row.version for name, row in ROWS.items()} == REQUIRED | DIRECT


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_a_size_and_a_reason(name):
    assert re.fullmatch(r"\d+(\.\d+)? MB", ROWS[name].size)
    assert len(ROWS[name].why) >= 4


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_python_package_is_installed_as_listed(name):
    installed = importlib.metadata.distribution(name)
    assert installed.version.split("+")[0] == REQUIRED[name] == CONSTRAINTS[name]
    data = installed.metadata
    classes = [entry.split(" :: ")[-1] for entry in data.get_all("Classifier", []) if " OSI Approved ::" in entry]
    own = data.get("License-Expression") or next(iter(classes), "") or data["License"]
    own = _WORDS.get(own, own)
    listed_licence = ROWS[name].licence
    # the classifier names the family only
    assert listed_licence == own or (own == "BSD" and re.fullmatch(r"BSD-\d-Clause", listed_licence))


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_a_page_package_is_installed_as_listed(name):
    installed = json.loads((ROOT / "node_modules" / name / "package.json").read_text(encoding="utf-8"))
    assert (installed["version"], installed["license"]) == (DIRECT[name], ROWS[name].licence)
    assert LOCK["packages"][f"node_modules/{name}"]["version"] == DIRECT[name]


def test_everything_that_a_python_package_pulls_in_is_pinned():
    waiting, seen = list(REQUIRED), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            entries = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # asked for on another platform only
        assert name in CONSTRAINTS, f"{name} is not pinned: run `make constraints`"
        for entry in map(Requirement, entries):
            if entry.marker is None or entry.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(entry.name))
    assert len(seen) > len(REQUIRED)


def test_the_lock_of_the_page_is_that_of_its_packages_and_names_no_registry():
    top = LOCK["packages"][""]
    assert (top["dependencies"], top["devDependencies"]) == (PACKAGE["dependencies"], PACKAGE["devDependencies"])
    assert not [path for path, entry in LOCK["packages"].items() if "resolved" in entry]
    assert all("integrity" in entry for path, entry in LOCK["packages"].items() if path)
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("name", ["package-lock.json", "constraints.txt", "requirements.txt", ".npmrc"])
def test_no_file_of_pins_names_an_address_to_fetch_packages_from(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    found = {address for address in re.findall(r"https?://[^\s\"]+", text) if "fund" not in address}
    paid = ("opencollective.com", "github.com", "tidelift.com", "patreon.com", "feross.org", "paypal")
    assert not [address for address in found if not any(place in address for place in paid)]
    assert "index-url" not in text and "registry=" not in text
