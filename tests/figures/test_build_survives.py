"""Kills, damaged files and wrong clocks: the next build comes out as a clean one, byte for byte."""

import fcntl
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import build_figures
import snippets
from tests.figures.conftest import Project


def files_of(project: Project) -> list[Path]:
    """What the builder wrote: outputs and cache entries."""
    folders = (project.output, project.root / ".cache")
    return sorted(path for folder in folders for path in folder.rglob("*.json"))


@pytest.mark.timeout(180)
def test_builds_killed_at_any_moment_end_in_what_a_clean_build_makes(built: Project, copied: Project) -> None:
    for path in files_of(copied):
        path.unlink()
    moments = random.Random(7)
    whole = built.written()
    for _ in range(4):  # each goes on from what the one before left
        running = subprocess.Popen(copied.command("--jobs", "2"), stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(moments.uniform(0.3, 4))
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        found = {name: raw for name, raw in copied.written().items() if name.endswith(".json")}
        assert found.items() <= whole.items()
    assert copied.build().returncode == 0
    assert copied.written() == whole


@pytest.mark.timeout(120)
def test_a_build_killed_while_it_waits_harms_neither_the_other_nor_the_next(copied: Project) -> None:
    copied.edit("toy/model.py", "slope *", "2 * slope *")
    with (copied.root / ".cache/figures/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = copied.written()
        waiting = subprocess.Popen(copied.command(), stdout=subprocess.PIPE, text=True)
        assert "Another build is running" in waiting.stdout.readline()
        waiting.kill()
        waiting.communicate()
        assert copied.written() == before
    assert copied.build().returncode == 0
    assert copied.written() != before


@pytest.mark.timeout(120)
def test_damaged_files_are_made_again(built: Project, copied: Project) -> None:
    for number, path in enumerate(files_of(copied)):
        raw = path.read_bytes()
        path.write_bytes((raw[: len(raw) // 2], b"", b"\xff" + raw[1:], b"null")[number % 4])
    assert copied.build().returncode == 0
    assert copied.written() == built.written()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("years", [-30, 10])
def test_a_wrong_clock_neither_hides_a_change_nor_makes_one(built: Project, copied: Project, years: int) -> None:
    then = time.time() + years * 365 * 86_400
    everything = [path for path in copied.root.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    for path in everything:
        os.utime(path, (then, then))
    assert "0 built, 5 up to date" in copied.build().stdout
    # as long as before, and of the same time
    copied.edit("toy/figures.py", "(unit + 1)", "(unit + 2)")
    os.utime(copied.page / "figures.py", (then, then))
    assert copied.build("--only", "toy/response").returncode == 0
    assert copied.written()["figures/toy/response.json"] != built.written()["figures/toy/response.json"]


@pytest.fixture(scope="module")
def opened(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A built project that the builder's own code reads in this process."""
    root = tmp_path_factory.mktemp("opened") / "project"
    subprocess.run(["cp", "-a", str(built.root), str(root)], check=True)
    known = list(snippets.__path__)
    build_figures.use_root(str(root))
    build_figures.code_hash.cache_clear()
    yield Project(root)
    snippets.__path__[:] = known
    build_figures.code_hash.cache_clear()
    build_figures.file_hash.cache_clear()


ONCE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def damage(raw: bytes, data: st.DataObject) -> bytes:
    """Cut bytes out of a file, put some in, or do both."""
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + data.draw(st.sampled_from([0, 1, 9, len(raw)])))))
    return raw[:start] + data.draw(st.binary(max_size=4)) + raw[end:]


@given(data=st.data())
@ONCE
def test_no_damaged_output_is_taken_for_whole(opened: Project, data: st.DataObject) -> None:
    builder = build_figures.Builder(opened.root)
    item = data.draw(st.sampled_from(builder.items))
    names = json.loads(builder.entry(item).read_text())["written"]
    path = builder.folder(item) / data.draw(st.sampled_from(sorted(names)))
    raw = path.read_bytes()
    harmed = damage(raw, data)
    try:
        path.write_bytes(harmed)
        assert (builder.report(item) is None) == (harmed != raw)
    finally:
        path.write_bytes(raw)
    assert builder.report(item) is not None


@given(data=st.data())
@ONCE
def test_no_damaged_cache_entry_stops_the_builder_or_vouches_for_another_figure(
    opened: Project, data: st.DataObject
) -> None:
    builder = build_figures.Builder(opened.root)
    item = data.draw(st.sampled_from(builder.items))
    entry = builder.entry(item)
    raw = entry.read_bytes()
    output = builder.folder(item) / f"{item.name}.json"
    drawn = output.read_bytes()
    try:
        entry.write_bytes(damage(raw, data))
        builder.report(item)  # whatever it says, it says it
        builder.stale_files()
        output.write_bytes(drawn[:-1])
        kept = builder.report(item)
        written = json.loads(entry.read_bytes()).get("written", {}) if kept else {}
        assert kept is None or output.name not in written
    finally:
        output.write_bytes(drawn)
        entry.write_bytes(raw)


@pytest.mark.parametrize("report", [{}, {"files": {}}, None, 1, []])
def test_a_cache_entry_without_its_report_is_none(opened: Project, report: object) -> None:
    builder = build_figures.Builder(opened.root)
    entry = builder.entry(builder.items[0])
    raw = entry.read_bytes()
    try:
        entry.write_text(json.dumps(json.loads(raw) | {"report": report}))
        assert builder.report(builder.items[0]) is None
        assert builder.stale_files() == []
    finally:
        entry.write_bytes(raw)
