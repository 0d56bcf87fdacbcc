"""A small site with everything a page can hold, written to a folder and built with the real hooks."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from hooks.offline import assets_of

PROJECT = Path(__file__).resolve().parents[2]

FRONT = """\
---
title: Toy Networks
slug: toy
summary: A network small enough to be a fixture.
level: beginner
year: 1990
family: sequence
core: true
builds_on: []
topics: [hidden state]
data: [data/words.txt]
checked: 2026-01
compare:
  objective: predict the next word
  input: words
  output: a word
  training: one after another
  generation: one after another
  cost: $O(n)$
  memory: one state
  steps: $n$
  strengths: Small.
  weaknesses: Too small.
---
"""

BODY = """
# Toy Networks

## Origin and intuition

It began with an *idea* [@elman1990finding], see [](figure:toy/curve) and [attention](architecture:attention).

![](figure:toy/curve)

## Inputs and outputs

Inputs $x_t$ in $\\mathbb{R}^D$, and outputs

$$
h_t = \\tanh(W x_t + b)
$$

![Its own caption with `code`](figure:toy/controls)

## Architecture diagram

![](diagram:toy/whiteboard)

``` { .python .cell try="Replace `2` by `3` and watch [](figure:toy/curve)." }
--8<-- "toy/model.py:double"
```

## Training objective

The loss reached {{ toy.loss.final | .2f }} nats [@elman1990finding; @cho2014learning, p. 3].

## Variants and refinements

``` { .python }
--8<-- "toy/model.py:config"
```

## Practical considerations

??? question "What is $2 \\times 2$?"

    Four.

## Real-world deployments

None.

## Related architectures

Others.
"""

MODEL = '''\
"""A model."""

import torch

# --8<-- [start:config]
WIDTH = 2  # a < b & c


# --8<-- [end:config]
# --8<-- [start:double]
def double(x):
    """Return twice `x`."""
    return x * 2


# --8<-- [end:double]
# --8<-- [start:half]
def half(x):
    # --8<-- [end:half]
    return x / 2
'''

REFERENCES = """\
@article{elman1990finding,
  author = {Elman, Jeffrey L.},
  title = {Finding Structure in Time},
  journal = {Cognitive Science},
  volume = {14}, number = {2}, pages = {179--211}, year = {1990},
  doi = {10.1207/s15516709cog1402_1},
}

@inproceedings{cho2014learning,
  author = {Cho, Kyunghyun and van Merri{\\"e}nboer, Bart and Bengio, Yoshua},
  title = {Learning Phrase Representations},
  booktitle = {EMNLP}, year = {2014},
}

@misc{unused2020, author = {Nobody}, title = {Never cited}, year = {2020}}
"""

PLANNED = """\
- slug: attention
  title: Attention
  summary: A lookup.
  level: intermediate
  year: 2014
  family: sequence
  core: true
  builds_on: [toy]
  paper: Bahdanau, Cho and Bengio, Neural Machine Translation
"""

CONTROLS = [
    {
        "type": "text",
        "name": "text",
        "label": "Name",
        "value": 'a<b"c',
        "maxLength": 24,
        "minLength": 1,
        "placeholder": "type",
        "alphabet": None,
        "help": "Small letters.",
    },
    {
        "type": "slider",
        "name": "gain",
        "label": "Gain",
        "value": -0.5,
        "min": -1,
        "max": 1,
        "step": 0.5,
        "unit": "dB",
        "values": [-1, -0.5, 0, 0.5, 1],
    },
    {
        "type": "choice",
        "name": "kind",
        "label": "Kind",
        "value": 2,
        "values": [1, 2],
        "options": [{"value": 1, "label": "one"}, {"value": 2, "label": "two"}],
    },
    {"type": "toggle", "name": "clip", "label": "Clip", "value": True, "values": [False, True]},
    {
        "type": "draw",
        "name": "image",
        "label": "Draw a digit",
        "rows": 2,
        "columns": 3,
        "value": [[0.0, 1.0, 0.0], [0.5, 0.0, 0.0]],
    },
    {
        "type": "point",
        "name": "query",
        "label": "Query",
        "value": [0.5, -1],
        "x": [-2.0, 2.0],
        "y": [-3.0, 3.0],
        "xTitle": "first",
        "yTitle": "second",
    },
]


def figure(name: str, **changes: object) -> dict:
    """Return what the builder would write for a figure of the fixture."""
    record = {
        "id": f"toy/{name}",
        "slug": "toy",
        "name": name,
        "caption": f"The {name} with $x^2$.",
        "description": "Notice the `bend` at the end.",
        "measured": False,
        "pretrained": None,
        "uses": ["toy.figures", "toy.model"],
        "controls": [],
        "precomputed": False,
        "height": 320,
        "figure": {"data": [], "layout": {"height": 320}},
    }
    return record | changes


DIAGRAM = {
    "id": "toy/whiteboard",
    "title": "The toy network.",
    "description": "Two boxes.",
    "svg": '<svg data-diagram="toy/whiteboard" viewBox="0 0 372 100" role="img"><title>Boxes</title><g data-box="cell">'
    '<rect width="4"/>'
    "<text>Cell</text></g></svg>",
    "boxes": [
        {
            "id": "cell",
            "label": "Cell",
            "module": "cell",
            "shape": "(B, H)",
            "parameters": 4160,
            "why": "It keeps $h_t$.",
            "breaks": {"text": "nothing is kept", "figure": "toy/curve"},
        },
        {
            "id": "loss",
            "label": "Loss",
            "module": None,
            "shape": None,
            "parameters": None,
            "why": "It says how wrong.",
            "breaks": None,
        },
    ],
}


@dataclass
class Toy:
    """A site in a folder."""

    root: Path
    settings: dict

    @property
    def page(self) -> Path:
        return self.root / "docs/architectures/toy.md"

    def write(self, path: str, content: object) -> Path:
        """Write a text, or anything else as JSON."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    def edit(self, old: str, new: str, path: str = "docs/architectures/toy.md") -> None:
        """Replace the one place in a file where `old` stands."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        self.write(path, text.replace(old, new))

    def line(self, text: str, path: str = "docs/architectures/toy.md") -> int:
        """Return the line of a file on which `text` first stands."""
        content = (self.root / path).read_text(encoding="utf-8")
        return 1 + content.count("\n", 0, content.index(text))

    def build(self, **environment: str) -> subprocess.CompletedProcess:
        """Run `mkdocs build --strict` as an author would."""
        settings = os.environ | {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"} | environment
        return subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict"],
            cwd=self.root,
            env=settings,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def html(self, path: str = "architectures/toy/index.html") -> str:
        """A file of the built site; `assets/` is the folder that the release has given its files."""
        site = self.root / "site"
        if path.startswith("assets/"):
            return (assets_of(site) / path.removeprefix("assets/")).read_text(encoding="utf-8")
        return (site / path).read_text(encoding="utf-8")


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    """A small site without a fault."""
    return make_toy(tmp_path)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """The small site, built once for tests that only look at it."""
    site = make_toy(tmp_path_factory.mktemp("built"))
    run = site.build()
    assert run.returncode == 0, run.stderr
    return site


def make_toy(root: Path) -> Toy:
    """Write the small site into a folder."""
    settings = yaml.unsafe_load((PROJECT / "mkdocs.yml").read_text(encoding="utf-8").replace("!ENV", ""))
    settings["site_url"] = "https://atlas.example/atlas/"
    settings["theme"]["custom_dir"] = str(PROJECT / "theme")
    settings["hooks"] = [str(PROJECT / "hooks/atlas.py")]
    settings["watch"] = []
    settings["nav"] = [{"Home": "index.md"}, {"Architectures": ["architectures/index.md"]}]
    settings["extra"]["atlas"] = {
        "katex": str(PROJECT / "node_modules/katex"),
        "serif": str(PROJECT / "node_modules/@fontsource-variable/source-serif-4/files"),
    }
    site = Toy(root, settings)
    site.write("mkdocs.yml", yaml.safe_dump(settings))
    site.write(
        "docs/index.md",
        "# Home\n\n{{ site.figures }} figures on {{ site.pages }} page.\n\n![](index:cards)\n",
    )
    site.write("docs/architectures/index.md", "# Architectures\n\n![](index:sections)\n\n![](index:table)\n")
    site.write("docs/architectures/toy.md", FRONT + BODY)
    site.write("docs/architectures/planned.yml", PLANNED)
    site.write("docs/references.bib", REFERENCES)
    site.write("docs/assets/generated/figures/toy/curve.json", figure("curve", measured=True))
    site.write(
        "docs/assets/generated/figures/toy/controls.json",
        figure("controls", controls=CONTROLS, precomputed=True, pretrained="MiniLM, 22.7M"),
    )
    site.write("docs/assets/generated/figures/toy/controls.states.json", {})
    site.write("docs/assets/generated/diagrams/toy/whiteboard.json", DIAGRAM)
    site.write("snippets/toy/model.py", MODEL)
    site.write("snippets/toy/results.json", {"loss": {"final": 1.23456, "curve": [3.0, 2.0]}, "name": "toy"})
    site.write("snippets/data/words.txt", "one\n")
    return site
