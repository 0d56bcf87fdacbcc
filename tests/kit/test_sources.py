import pytest

from snippets.kit.sources import imported, recipe_hash, uses

MODEL = '''
"""A model."""
import torch
from torch import nn

WIDTH = 4

class Cell(nn.Module):
    """One step."""

    def forward(self, x):
        return torch.tanh(x) * WIDTH

def unrelated():
    return 3
'''
TRAIN = '''
from snippets.toy.model import Cell
from snippets.toy import helpers
from snippets.kit.training import Run

RATE = 0.1

def train():
    """Train."""
    return Cell(), RATE, helpers.double(2)

def other():
    return 5
'''
HELPERS = "def double(x):\n    return 2 * x\n"


@pytest.fixture
def toy(page: object) -> object:
    return page(
        "toy",
        model=MODEL,
        train=TRAIN,
        helpers=HELPERS,
        figures="from .train import train\nimport snippets.kit",
    )


def test_imports_are_found_however_they_are_written(toy: object) -> None:
    assert imported("toy.train") == ["kit.training", "toy.helpers", "toy.model"]
    assert imported("toy.figures") == ["kit", "toy.train"]


def test_what_a_module_uses_is_transitive_and_leaves_the_machinery_out(toy: object) -> None:
    assert uses("toy.figures") == ["toy.figures", "toy.helpers", "toy.model", "toy.train"]


def test_cycles_end(page: object) -> None:
    page("toy", one="import snippets.toy.two", two="import snippets.toy.one")
    assert uses("toy.one") == ["toy.one", "toy.two"]


@pytest.mark.parametrize(
    ("name", "old", "new", "changes"),
    [
        ("train", "RATE = 0.1", "RATE = 0.2", True),
        ("train", '"""Train."""', '"""Train well."""', False),
        ("train", "return 5", "return 6", False),
        ("train", "def train():", "# a comment\n\ndef train():", False),
        ("train", "Cell(), RATE", "Cell(),   RATE", False),
        ("model", "WIDTH = 4", "WIDTH = 5", True),
        ("model", "torch.tanh(x)", "torch.sin(x)", True),
        ("model", '"""One step."""', '"""Another."""', False),
        ("model", "return 3", "return 4", False),
        ("helpers", "2 * x", "3 * x", True),
    ],
)
def test_a_recipe_s_hash_follows_the_code_it_reaches(
    toy: object, name: str, old: str, new: str, changes: bool
) -> None:
    before = recipe_hash(toy / "train.py", "train")
    path = toy / f"{name}.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert (recipe_hash(toy / "train.py", "train") != before) is changes


def test_an_unknown_recipe_is_named(toy: object) -> None:
    with pytest.raises(ValueError, match=r"train\.py defines no “fit”"):
        recipe_hash(toy / "train.py", "fit")
