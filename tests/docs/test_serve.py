"""While an author writes: a mistake is told and the site stays up; once it is mended the page is there again."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest


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
