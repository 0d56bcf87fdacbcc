"""Whatever goes wrong, the builder says what, builds the rest and leaves nothing half-written."""

import ctypes
import json
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

HEAD = """
import os, time, random
import torch
from snippets.kit import Slider, Toggle, figure, lines, plain, weights, results, load_text
"""


def broken(name: str, body: str, controls: str = "") -> str:
    parameters = ", ".join(re.findall(r"(\w+)=", controls)[:1])
    return (
        f"\n@figure({controls})\ndef {name}({parameters}) -> dict:\n"
        f'    """Caption.\n\n    Notice."""\n    drawn = lines([1.0, 2.0])\n    {body}\n    return drawn\n'
    )


# name of the figure: what it does wrong, and how the report of it begins
FAULTS = {
    "raises": ('return {}["nothing"]', r"KeyError: 'nothing' \(snippets/toy/figures\.py, line \d+\)"),
    "divides": ("1 / 0", r"ZeroDivisionError: division by zero \(snippets/toy/figures\.py, line \d+\)"),
    "invalid": ('drawn["data"][0]["colour"] = "x"', "Plotly does not take it: "),
    "unknown_type": ('drawn["data"][0]["type"] = "pie"', "trace 0 has the type 'pie'"),
    "own_colour": ('drawn["data"][0]["line"]["color"] = "red"', r"data\[0\]\.line\.color is 'red'"),
    "no_height": ('del drawn["layout"]["height"]', "“layout.height” must be set"),
    "not_finite": ('drawn["data"][0]["y"] = [float("nan")]', "holds nan"),
    "tensors": (
        'drawn["data"][0]["y"] = torch.ones(2)',
        "holds a Tensor that has not been passed through plain",
    ),
    "global_stream": (
        'drawn["data"][0]["y"] = plain(torch.rand(2))',
        "is not deterministic: two calls differ at ",
    ),
    "counts_calls": (
        'CALLS.append(1); drawn["layout"]["height"] += len(CALLS)',
        r"is not deterministic: two calls differ at layout\.height",
    ),
    "no_weights": ('weights("other")', "“other” has no trained weights: run `make train SLUG=other`"),
    "no_results": ('results("other")', "“other” has no measured results"),
    "no_data": ('load_text("other.txt")', "data file “other.txt” is missing"),
    "exits": ("os._exit(7)", "its process ended with code 7"),
    "dies": ("os.kill(os.getpid(), 9)", "its process was killed by signal 9"),
    "hangs": ("time.sleep(60)", "did not end within 15 seconds"),
}


@pytest.mark.timeout(240)
def test_each_fault_is_reported_by_name_and_the_others_are_built(with_figures: Callable) -> None:
    source = HEAD + "CALLS = []\n" + broken("fine", "pass")
    source += "".join(broken(name, body) for name, (body, _) in FAULTS.items())
    source += broken("grows", 'drawn["layout"]["height"] = 300 + on', 'on=Toggle("On")')
    source += broken("fails_later", "1 / (2 - unit)", 'unit=Slider("Unit", 0, 3)')
    project = with_figures(source + broken("also_fine", "pass"))
    ran = project.build("--timeout", "15", "--jobs", "2")
    assert ran.returncode == 1
    said = dict(re.findall(r"^✗ toy/(\w+): (.*)$", ran.stderr, re.M))
    for name, (_, reason) in FAULTS.items():
        assert re.match(reason, said.pop(name)), name
    assert said.pop("grows").startswith("changes its height with its controls")
    assert said.pop("fails_later").startswith("ZeroDivisionError")
    assert said == {}
    assert list(project.written()) == ["figures/toy/also_fine.json", "figures/toy/fine.json"]
    assert "2 built, 0 up to date, 18 failed" in ran.stdout
    assert str(project.root) not in ran.stderr


def test_a_figure_that_stops_working_does_not_leave_its_old_picture(copied: object) -> None:
    copied.edit("toy/figures.py", "return bars([ord(letter)", "return bars([letter")
    ran = copied.build()
    assert ran.returncode == 1
    assert "✗ toy/letters: " in ran.stderr
    assert "figures/toy/letters.json" not in copied.written()
    copied.edit("toy/figures.py", "return bars([letter", "return bars([ord(letter)")
    assert copied.build().returncode == 0


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("figures.py", "def (", r"toy/figures\.py: cannot be read: .*\(line 1\)"),
        ("model.py", "def (", r"toy/letters: SyntaxError: .*model\.py"),
        (
            "model.py",
            "import nothing_at_all",
            "toy/letters: ModuleNotFoundError: No module named 'nothing_at_all'",
        ),
        (
            "diagram.py",
            "import nothing_at_all\n@diagram\ndef whiteboard(): ...",
            "toy/whiteboard: ModuleNotFound",
        ),
    ],
)
def test_code_that_cannot_be_loaded_is_named(copied: object, name: str, source: str, reason: str) -> None:
    (copied.page / name).write_text(source)
    ran = copied.build()
    assert ran.returncode == 1
    assert re.search(f"^✗ {reason}", ran.stderr, re.M)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            'module="0"',
            'module="1"',
            "box “layer”: the model has no module “1”. It has: 0, 0.weight, 0.bias.",
        ),
        ("toy/measured", "toy/mesured", "box “layer”: there is no figure “toy/mesured” to link to"),
    ],
)
def test_a_broken_diagram_is_named_with_its_box(copied: object, old: str, new: str, reason: str) -> None:
    copied.edit("toy/diagram.py", old, new)
    ran = copied.build()
    assert ran.returncode == 1
    assert f"✗ toy/whiteboard: {reason}" in ran.stderr


def test_a_diagram_whose_figure_is_gone_is_noticed(copied: object) -> None:
    copied.edit("toy/figures.py", "def measured()", "def renamed()")
    ran = copied.build()
    assert ran.returncode == 1
    assert "✗ toy/whiteboard: box “layer”: there is no figure “toy/measured” to link to" in ran.stderr


SLOW = HEAD + "".join(
    broken(f"slow_{number}", f"time.sleep(0.2); drawn['data'][0]['y'] = plain(torch.arange({number + 2}.0))")
    for number in range(8)
)


@pytest.mark.timeout(120)
def test_a_killed_build_leaves_whole_files_and_resumes(with_figures: Callable) -> None:
    project = with_figures(SLOW)
    running = subprocess.Popen(
        project.command("--jobs", "2"), stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while project.finished() < 3:
            assert running.poll() is None
            time.sleep(0.02)
    finally:
        os.killpg(running.pid, signal.SIGKILL)  # the workers as well: at once, anywhere
        running.wait()
    finished = {name: raw for name, raw in project.written().items() if name.endswith(".json")}
    assert 3 <= len(finished) < 8
    assert all(json.loads(raw)["figure"] for raw in finished.values())
    cached = len(list((project.root / ".cache/figures/figures/toy").glob("*.json")))

    ran = project.build()
    assert ran.returncode == 0
    assert f"{8 - cached} built, {cached} up to date" in ran.stdout
    assert list(project.written()) == [f"figures/toy/slow_{number}.json" for number in range(8)]
    assert {name: project.written()[name] for name in finished} == finished


@pytest.mark.timeout(120)
def test_workers_end_with_a_killed_parent(with_figures: Callable) -> None:
    project = with_figures(SLOW)
    running = subprocess.Popen(
        project.command("--jobs", "1"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not project.finished():
        assert running.poll() is None
        time.sleep(0.02)
    running.kill()
    running.wait()
    time.sleep(2)
    before = project.written()
    time.sleep(1)
    assert project.written() == before
    assert len(before) < 8
    assert project.build().returncode == 0


def heed_interrupts() -> None:
    """A shell has what it runs in the background ignore them, and whatever that starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.timeout(120)
def test_an_interrupt_keeps_what_is_built_and_says_so(with_figures: Callable) -> None:
    project = with_figures(SLOW)
    running = subprocess.Popen(
        project.command("--jobs", "1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    while not project.finished():
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "stopped; what was built is kept" in said
    assert project.written()


@pytest.mark.timeout(120)
def test_two_builds_at_once_wait_for_each_other(with_figures: Callable) -> None:
    project = with_figures(SLOW)
    first = subprocess.Popen(project.command("--jobs", "1"), stdout=subprocess.DEVNULL)
    while not project.finished():
        assert first.poll() is None
        time.sleep(0.02)
    second = project.build()
    assert first.wait(60) == 0
    assert second.returncode == 0
    assert "Another build is running" in second.stdout
    assert "0 built, 8 up to date" in second.stdout


def test_a_full_disk_is_reported_and_leaves_nothing_half_written(with_figures: Callable) -> None:
    large = "drawn['data'][0]['y'] = plain(torch.arange(4000.0))"
    project = with_figures(HEAD + broken("small", "pass") + broken("large", large))

    def no_room() -> None:  # writing past this many bytes fails, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

    ran = project.build(preexec_fn=no_room, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
    assert ran.returncode == 1
    assert "✗ toy/large: cannot write its files: File too large" in ran.stderr
    assert list(project.written()) == ["figures/toy/small.json"]
    assert project.build().returncode == 0


@pytest.mark.parametrize("place", ["docs/assets/generated/figures/toy", ".cache"])
def test_an_output_folder_that_cannot_be_written_is_reported(with_figures: Callable, place: str) -> None:
    project = with_figures(HEAD + broken("fine", "pass"))
    path = project.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a file stands where the folder would be")
    ran = project.build()
    assert ran.returncode == 1
    assert re.search(r"cannot (write its files|be written): (File exists|Not a directory)", ran.stderr)
    assert not list(project.output.rglob("*.json"))


def test_a_read_only_output_is_reported(with_figures: Callable) -> None:
    project = with_figures(HEAD + broken("fine", "pass"))
    folder = project.output / "figures" / "toy"
    folder.mkdir(parents=True)
    folder.chmod(0o555)

    def obey_permissions() -> None:  # root writes anywhere unless it gives CAP_DAC_OVERRIDE away
        if os.geteuid() == 0:
            ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)

    ran = project.build(preexec_fn=obey_permissions)
    folder.chmod(0o755)
    assert ran.returncode == 1
    assert "✗ toy/fine: cannot write its files: Permission denied" in ran.stderr
    assert project.written() == {}


def test_figures_made_behind_the_builder_s_back_are_refused(with_figures: Callable) -> None:
    hidden = '''
def plain_function() -> dict:
    """Caption.

    Notice."""
    return lines([1.0])

hidden = figure(plain_function)
'''
    ran = with_figures(HEAD + broken("fine", "pass") + hidden).build()
    assert ran.returncode == 1
    assert (
        "toy/fine: cannot be listed: write @figure directly above each function (plain_function)"
        in ran.stderr
    )
