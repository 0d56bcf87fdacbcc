"""While serving, an edit reaches every page that shows what was edited, whatever was kept from the build before."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from hooks import generated, kept
from tests.docs.conftest import PROJECT, Toy, figure, make_toy
from tests.docs.test_serve import fetch, free_port, wait_for

GLOSSARY = """\
- term: hidden state
  level: beginner
  definition: >-
    What a toy network remembers of the words that it has read so far; every one of its steps reads it and
    then writes a new one for the next step.
"""
OTHER = """---
title: Other Networks
description: A page beside the first.
---
# Other Networks

The hidden state of [toys](architectures/toy.md), seen in [](figure:toy/controls), after [@cho2014learning].

It holds {{ toy.loss.final | .1f }} nats.
"""


class Served(Toy):
    """The toy site with a glossary and a second page beside it, served."""

    address = ""

    def start(self, port: int) -> subprocess.Popen:
        self.address = f"http://127.0.0.1:{port}/atlas/"
        self.settings |= {"site_url": self.address, "watch": ["snippets"]}
        self.settings["nav"] += [{"Other": "other.md"}, {"Glossary": "glossary.md"}]
        self.settings["hooks"] = [str(PROJECT / "hooks" / name) for name in ("generated.py", "atlas.py")]
        self.write("mkdocs.yml", yaml.safe_dump(self.settings))
        # stands for the builders: tells that it was asked
        self.write("build_figures.py", "open('asked', 'a').write('x')\n")
        self.write("tools/__init__.py", "")
        self.write("tools/assets.py", "")
        with (self.root / "serve.log").open("w", encoding="utf-8") as stream:
            return subprocess.Popen(
                [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"],
                cwd=self.root,
                env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONUNBUFFERED": "1"},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def log(self) -> str:
        return (self.root / "serve.log").read_text(encoding="utf-8")

    def shows(self, path: str, text: str) -> None:
        """Wait until the page at `path` holds `text`."""
        wait_for(
            lambda: text in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", fetch(self.address + path))),
            f"{text!r} on /{path}",
        )

    def settle(self) -> None:
        """Wait until the last rebuild is over."""
        quiet = 0
        for _ in range(120):
            before = self.log()
            time.sleep(0.25)
            idle = self.log() == before and not before.strip().endswith("Building documentation...")
            quiet = quiet + 1 if idle else 0
            if quiet == 5:
                return
        raise AssertionError(f"no end of rebuilds:\n{self.log()[-2000:]}")

    def asked(self) -> int:
        """Say how often the builders have run."""
        return len((self.root / "asked").read_text())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = make_toy(tmp_path_factory.mktemp("served"))
    site = Served(made.root, made.settings)
    site.write("docs/glossary.yml", GLOSSARY)
    site.write("docs/glossary.md", "# Glossary\n\n![](index:glossary)\n")
    site.write("docs/other.md", OTHER)
    process = site.start(free_port())
    try:
        wait_for(lambda: "Other Networks" in fetch(f"{site.address}other/"), "the first build")
        yield site
    finally:
        process.terminate()
        process.wait(timeout=20)


TOY = "architectures/toy/"


def test_prose_reaches_its_page_the_search_and_the_plain_text(site):
    site.edit("It began with an *idea*", "It began with a whim")
    site.shows(TOY, "It began with a whim")
    site.shows("assets/search_index.json", "It began with a whim")
    site.shows(f"{TOY}index.html.md", "It began with a whim")


def test_prose_leaves_the_builders_alone_and_code_does_not(site):
    site.settle()
    before = site.asked()
    site.edit("Four.", "Still four.")
    site.shows(TOY, "Still four.")
    site.settle()
    assert site.asked() == before
    site.edit("return x * 2", "return x + x", "snippets/toy/model.py")
    site.shows(TOY, "return x + x")
    assert site.asked() > before


def test_a_measured_value_reaches_every_page_that_quotes_it(site):
    site.write("snippets/toy/results.json", {"loss": {"final": 7.654, "curve": [3.0]}, "name": "toy"})
    site.shows(TOY, "reached 7.65 nats")
    site.shows("other/", "It holds 7.7 nats")


def test_a_reference_reaches_every_page_that_cites_it(site):
    site.edit("Cho, Kyunghyun", "Zhou, Kyunghyun", "docs/references.bib")
    site.shows(TOY, "Zhou et al., 2014")
    site.shows("other/", "Zhou et al., 2014")


def test_the_order_of_figures_on_one_page_reaches_the_numbers_on_the_others(site):
    site.shows("other/", "Figure 2")
    first, second = "![](figure:toy/curve)", "![Its own caption with `code`](figure:toy/controls)"
    text = site.page.read_text(encoding="utf-8")
    site.page.write_text(text.replace(first, "@@").replace(second, first).replace("@@", second), encoding="utf-8")
    site.shows("other/", "seen in Figure 1")
    site.shows(TOY, "see Figure 2")
    site.shows("assets/search_index.json", r"Figure 2 \u00b7 Curve")


def test_a_drawn_figure_reaches_its_page(site):
    site.write("docs/assets/generated/figures/toy/curve.json", figure("curve", caption="A caption drawn anew."))
    site.shows(TOY, "A caption drawn anew.")
    site.shows("assets/search_index.json", "A caption drawn anew.")


def test_a_term_reaches_the_pages_that_use_it(site):
    site.edit("level: beginner", "level: beginner\n  aliases: [nat]", "docs/glossary.yml")
    site.shows("glossary/", "also nat")
    wait_for(lambda: ">nats</a>" in fetch(site.address + TOY), "a mark on the new name of the term")
    site.edit("that it has read so far", "that it was shown", "docs/glossary.yml")
    site.shows("assets/generated/glossary.json", "that it was shown")


def test_the_plan_reaches_every_list_and_link(site):
    site.edit("title: Attention", "title: Looking Up", "docs/architectures/planned.yml")
    site.shows(TOY, "Looking Up")
    site.shows("", "Looking Up")
    site.shows("architectures/", "Looking Up")


def test_a_title_reaches_the_navigation_and_the_lists_of_the_others(site):
    site.edit("title: Toy Networks", "title: Playful Networks")
    site.edit("# Toy Networks", "# Playful Networks")
    for path in ("", "other/", "architectures/", "glossary/"):
        site.shows(path, "Playful Networks")


def test_after_all_edits_the_served_site_is_what_a_build_makes(site):
    """Must stay last: everything kept in the rebuilds above has to hold against a build that kept nothing."""
    site.settle()
    run = site.build()
    assert run.returncode == 0, run.stderr
    compared = 0
    for path in sorted((site.root / "site").rglob("*")):
        if path.suffix not in (".html", ".md", ".json", ".txt"):
            continue
        address = site.address + path.relative_to(site.root / "site").as_posix()
        with urllib.request.urlopen(address, timeout=20) as answer:
            served = answer.read()
        if path.suffix == ".html":  # the server adds a script that reloads
            served = re.sub(rb"<script>[^<]*livereload[^<]*</script>", b"", served)
        assert served == path.read_bytes(), path
        compared += 1
    assert compared > 10


def test_answers_are_kept_while_serving_only_and_by_all_that_they_depend_on(tmp_path: Path):
    file = tmp_path / "file"
    seen = []

    @kept.kept
    def read(path: Path, more: dict) -> list[str]:
        seen.append(more)
        return [path.read_text()]

    def ask(text: str, **more: int) -> list[str]:
        file.write_text(text)
        return read(file, more)

    ask("a"), ask("a")
    assert len(seen) == 2
    kept.keep(True)
    try:
        assert [ask("a"), ask("a"), ask("b"), ask("a", x=1), ask("b", x=1), ask("a")] == [
            ["a"],
            ["a"],
            ["b"],
            ["a"],
            ["b"],
            ["a"],
        ]
        assert len(seen) == 2 + 4
        ask("a").append("changed by its reader")
        assert ask("a") == ["a"]
        for _ in range(kept.ROUNDS + 1):
            kept.next_round()
        assert ask("a") == ["a"] and len(seen) == 2 + 5
    finally:
        kept.keep(False)


@pytest.fixture
def rounds(tmp_path, monkeypatch):
    """Run rounds of the builders' hook on a folder; returns what begins one and says whether the builders ran."""
    ran = []
    monkeypatch.setattr(generated, "run", lambda step, root: ran.append(step) is None)
    monkeypatch.setattr(generated, "_seen", None)
    monkeypatch.setattr(generated, "_serving", True)
    monkeypatch.setattr(generated, "RACE", -3600)  # files of this test are as young as can be
    for path in ("snippets/toy/model.py", "tools/one.py", "docs/page.md", "docs/assets/generated/figures/x.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text('---\ndata: []\n---\n\nProse.\n\n```\n--8<-- "toy/model.py:a"\n```\n')

    class Config:
        config_file_path = str(tmp_path / "mkdocs.yml")
        extra: ClassVar[dict] = {}

    def round_() -> bool:
        ran.clear()
        generated.on_config(Config)
        return bool(ran)

    round_.root = tmp_path
    return round_


@pytest.mark.parametrize(
    "path", ["snippets/toy/model.py", "tools/one.py", "docs/assets/generated/figures/x.json", "docs/lessons/01-a.py"]
)
def test_the_builders_run_when_a_file_of_theirs_is_new_changed_or_gone(rounds, path):
    file = rounds.root / path
    file.parent.mkdir(exist_ok=True)
    file.write_text("a")
    assert rounds()
    assert not rounds()
    before = file.stat()
    time.sleep(0.01)  # longer than the clock of the file system is coarse
    file.write_text("b")  # as long as before, and with the old time put back
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert rounds()
    assert not rounds()
    file.unlink()
    assert rounds()
    assert not rounds()


@pytest.mark.parametrize(
    ("old", "new", "runs"),
    [
        ("Prose.", "Other prose.", False),
        ("data: []", "data: [data/words.txt]", True),
        ("toy/model.py:a", "toy/model.py:b", True),
        ("```\n--8", "```\n\n--8", True),
        ("Prose.\n", 'Prose.\n\n``` { .python .cell }\n--8<-- "toy/model.py:c"\n```\n', True),
    ],
)
def test_of_a_page_the_builders_care_for_front_matter_and_cells(rounds, old, new, runs):
    assert rounds()
    page = rounds.root / "docs/page.md"
    page.write_text(page.read_text().replace(old, new, 1))
    assert rounds() == runs


def test_builders_that_fail_run_again(rounds, monkeypatch):
    monkeypatch.setattr(generated, "run", lambda step, root: False)
    rounds()
    assert generated._seen is None


def test_a_file_that_changed_a_moment_ago_is_not_trusted(rounds, monkeypatch):
    monkeypatch.setattr(generated, "RACE", 3600)
    assert rounds()
    assert rounds()
