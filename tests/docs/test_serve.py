"""While an author writes: a mistake is told and the site stays up; once it is mended the page is there again."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import yaml
from bs4 import BeautifulSoup

from tests.docs.conftest import PROJECT


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def server(toy):
    """`mkdocs serve` on the toy site; yields the address of its page and a function that reads its log."""
    port = free_port()
    log = toy.root / "serve.log"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"],
            cwd=toy.root,
            env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONUNBUFFERED": "1"},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        yield f"http://127.0.0.1:{port}/atlas/architectures/toy/", lambda: log.read_text(encoding="utf-8")
        process.terminate()
        process.wait(timeout=20)


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"never happened: {what}")


def fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.read().decode()


def test_a_mistake_while_serving(toy, server):
    address, log = server
    wait_for(lambda: "The loss reached 1.23" in fetch(address), "the first build")
    toy.edit("toy.loss.final", "toy.loss.fnal")
    wait_for(lambda: f"toy.md:{toy.line('fnal')}: `toy.loss.fnal`: there is no `fnal`" in log(), "the complaint")
    toy.edit("toy.loss.fnal", "toy.loss.curve.0")
    wait_for(lambda: "The loss reached 3.00" in fetch(address), "the mended page")

def test_a_figure_that_fails_is_shown_in_the_page_with_its_traceback(toy):
    trace = "ValueError: 1 < 2\n\nTraceback (most recent call last):\n  File figures.py, line 7"
    toy.settings["extra"]["atlas_failures"] = {"toy/curve": trace, "toy/diagram.py": "cannot be read (line 3)"}
    toy.write("mkdocs.yml", yaml.safe_dump(toy.settings))
    (toy.root / "docs/assets/generated/figures/toy/curve.json").unlink()
    run = toy.build()
    assert run.returncode == 0, run.stderr
    page = BeautifulSoup(toy.html(), "html.parser")
    assert page.select_one("[data-failed='toy/curve'] pre").text == trace
    assert "cannot be read (line 3)" in page.select_one("[data-failed='toy/whiteboard'] pre").text
    assert page.select_one("[data-figure='toy/controls']")


BROKEN = '''\
from snippets.kit import figure, lines


@figure
def broken():
    """One.

    Two."""
    return 1 / 0
'''


def test_the_builder_tells_what_failed_and_where(tmp_path):
    folder = tmp_path / "snippets" / "toy"
    folder.mkdir(parents=True)
    told = tmp_path / "told.json"
    command = [sys.executable, "build_figures.py", "--root", str(tmp_path), "--failures", str(told)]

    def build(source: str) -> int:
        (folder / "figures.py").write_text(source, encoding="utf-8")
        return subprocess.run(command, cwd=PROJECT, capture_output=True, check=False).returncode

    assert build(BROKEN) == 1
    said = json.loads(told.read_text(encoding="utf-8"))["toy/broken"]
    assert "division by zero" in said.splitlines()[0]
    assert "return 1 / 0" in said
    assert build(BROKEN.replace("1 / 0", "lines([1.0, 2.0])")) == 0
    assert json.loads(told.read_text(encoding="utf-8")) == {}
