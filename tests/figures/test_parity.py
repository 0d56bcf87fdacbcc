"""The page computes what PyTorch computes: every figure, many settings, torch against numpy_torch."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from build_figures import Builder
from snippets.kit.figures import load
from tests.figures.settings import settings

REPOSITORY = Path(__file__).resolve().parents[2]
RELATIVE, ABSOLUTE = 1e-4, 1e-5
IDS = [item.id for item in Builder(REPOSITORY).items if item.kind == "figure"]


@cache
def requests(slug: str) -> list[tuple[str, dict]]:
    return [(name, values) for name, figure in load(slug).items() for values in settings(figure)]


@cache
def drawn(slug: str, library: str) -> list[dict]:
    """Draw every setting of every figure of a page with one library."""
    request = {"torch": library, "draw": [[slug, name, values] for name, values in requests(slug)]}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.figures.draw"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["torch"] == {"torch": "torch", "numpy_torch": "snippets.numpy_torch"}[library]
    return answer["drawn"]


def differences(one: object, other: object, path: str = "") -> Iterator[str]:
    """Yield every place where two figures differ by more than the tolerance."""
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers) and not isinstance(one, bool):
        if not math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            yield f"{path}: {one} and {other}"
    elif isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for key in one:
            yield from differences(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{path}[{index}]")
    elif one != other or type(one) is not type(other):
        yield f"{path}: {one!r} and {other!r}"


@pytest.mark.parametrize("figure", IDS)
def test_the_page_draws_what_pytorch_draws(figure: str) -> None:
    slug, name = figure.split("/")
    compared = 0
    for (found, values), ours, theirs in zip(
        requests(slug), drawn(slug, "numpy_torch"), drawn(slug, "torch"), strict=True
    ):
        if found == name:
            assert "error" not in theirs, f"{values}: {theirs['error']}"
            assert list(differences(ours, theirs))[:5] == [], values
            compared += 1
    assert compared >= (3 if load(slug)[name].controls else 1)


def test_there_are_figures_to_compare() -> None:
    assert IDS


def test_the_comparison_sees_a_difference() -> None:
    figure = {"data": [{"y": [1.0, 0.0], "name": "a"}]}
    assert list(differences(figure, {"data": [{"y": [1.00005, 0.000005], "name": "a"}]})) == []
    assert list(differences(figure, {"data": [{"y": [1.001, 0.0], "name": "a"}]})) == [
        ".data[0].y[0]: 1.0 and 1.001"
    ]
    assert list(differences(figure, {"data": [{"y": [1.0, 0.0], "name": "b"}]})) == [
        ".data[0].name: 'a' and 'b'"
    ]
    assert list(differences(figure, {"data": []}))
    assert list(differences({"on": True}, {"on": 1}))
