"""A small project to build: one page of figures and a diagram, with weights, results and data."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import save_file

REPOSITORY = Path(__file__).resolve().parents[2]

FIGURES = '''
import functools
import torch
from snippets.kit import Slider, Text, bars, figure, lines, load_text, results, weights
from snippets.toy.model import curve

@functools.cache
def slope():
    return weights("toy")["slope"]

@figure(unit=Slider("Unit", 0, 2))
def response(unit: int) -> dict:
    """How one unit responds.

    It rises."""
    return lines(curve(slope()) * (unit + 1), x_title="input", y_title="output")

@figure(text=Text("Text", "anna", max_length=12))
def letters(text: str) -> dict:
    """Letters of a text.

    Each has a place."""
    return bars([ord(letter) for letter in text], list(text))

@figure(measured=True)
def measured() -> dict:
    """What was measured.

    It falls."""
    return lines(results("toy")["loss"])

@figure(pretrained="Other, 3M")
def words() -> dict:
    """Lengths of words.

    They differ."""
    return bars([len(word) for word in load_text("words.txt").split()], load_text("words.txt").split())
'''
MODEL = "import torch\n\ndef curve(slope):\n    return slope * torch.arange(5.0)\n"
DIAGRAM = '''
import torch
from torch import nn
from snippets.kit.diagram import Arrow, Box, Diagram, Trace, diagram

@diagram
def whiteboard() -> Diagram:
    """One layer.

    A layer between two values."""
    return Diagram(
        columns=1,
        trace=Trace(lambda: nn.Sequential(nn.Linear(3, 2)), lambda B: (torch.zeros(B, 3),)),
        boxes=[
            Box("in", "x", at=(0, 1), kind="value", why="It comes in."),
            Box("layer", "Linear", at=(0, 0), module="0", why="It maps.", breaks=("Less.", "toy/measured")),
        ],
        arrows=[Arrow("in", "layer")],
    )
'''


@dataclass
class Project:
    """A project folder and the command that builds it."""

    root: Path

    @property
    def page(self) -> Path:
        return self.root / "snippets" / "toy"

    @property
    def output(self) -> Path:
        return self.root / "docs" / "assets" / "generated"

    def command(self, *options: str) -> list[str]:
        return [sys.executable, str(REPOSITORY / "build_figures.py"), "--root", str(self.root), *options]

    def build(self, *options: str, **more: object) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*options), capture_output=True, text=True, timeout=120, **more)

    def finished(self) -> int:
        """How many files are whole, while a build may be writing more."""
        return sum(1 for _ in self.output.rglob("*.json"))

    def written(self) -> dict[str, bytes]:
        """Every file in the output folder, by path; no build may be running."""
        files = (path for path in self.output.rglob("*") if path.is_file())
        return {str(path.relative_to(self.output)): path.read_bytes() for path in sorted(files)}

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / "snippets" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def make_project(root: Path, *, figures: str = FIGURES, diagram: str = DIAGRAM) -> Project:
    page = root / "snippets" / "toy"
    page.mkdir(parents=True)
    (page / "figures.py").write_text(figures, encoding="utf-8")
    (page / "model.py").write_text(MODEL, encoding="utf-8")
    if diagram:
        (page / "diagram.py").write_text(diagram, encoding="utf-8")
    save_file({"slope": numpy.array([2.0], numpy.float32)}, page / "weights.safetensors")
    (page / "results.json").write_text('{"loss": [3.0, 2.0, 1.5]}')
    data = root / "snippets" / "data"
    data.mkdir()
    (data / "words.txt").write_text("one three eleven\n")
    return Project(root)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


@pytest.fixture
def with_figures(tmp_path: Path) -> Callable[[str], Project]:
    """Make a project whose only page has the given figures and no diagram."""
    return lambda source: make_project(tmp_path / "project", figures=source, diagram="")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has been built once. Tests must not change it."""
    project = make_project(tmp_path_factory.mktemp("built") / "project")
    ran = project.build()
    assert ran.returncode == 0, ran.stderr
    return project


@pytest.fixture
def copied(built: Project, tmp_path: Path) -> Project:
    """A built project of one's own."""
    target = tmp_path / "project"
    subprocess.run(["cp", "-a", str(built.root), str(target)], check=True)
    return Project(target)


os.environ.setdefault("OMP_NUM_THREADS", "1")
