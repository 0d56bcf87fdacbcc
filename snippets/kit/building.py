"""Building one figure or diagram in a worker process: run it, check it, write it.

The parent (``build_figures.py``) decides what is due; this runs in its workers. Every output is written in
one step, the one that pages embed last, and the cache entry after them: a build that is killed in between
finds the figure due again.
"""

import gzip
import json
import os
import sys
import time
import traceback
from pathlib import Path

import snippets
from snippets.kit.files import sha256, write_atomically
from snippets.kit.sources import uses

_read: dict[str, str] = {}  # hash by path of every file under snippets/ that this process has opened


class BuildError(Exception):
    """A figure or diagram cannot be built; the message says why."""


def use_root(root: str) -> None:
    """Look for pages below `root` first; the kit stays this one."""
    folder = str(Path(root) / "snippets")
    if folder not in list(snippets.__path__):
        snippets.__path__.insert(0, folder)


def set_up(root: str) -> None:
    """Prepare a worker: one thread, pages below `root`, and a note of every file they read."""
    use_root(root)
    roots = [os.path.realpath(base) + os.sep for base in snippets.__path__]
    hashing = False

    def note(event: str, arguments: tuple) -> None:
        nonlocal hashing
        if event != "open" or hashing or not isinstance(arguments[0], (str, bytes, os.PathLike)):
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if path in _read or path.endswith((".py", ".pyc")) or not path.startswith(tuple(roots)):
            return
        hashing = True  # hashing opens the file itself
        try:
            _read[path] = sha256(Path(path)) if Path(path).is_file() else ""
        except OSError:
            _read[path] = ""
        finally:
            hashing = False

    sys.addaudithook(note)
    import torch

    torch.set_num_threads(1)


def build(task: dict) -> dict:
    """Build what `task` names and return a report: seconds, bytes, and ``error`` when it failed.

    A task has ``kind`` (figure, view or diagram), ``slug``, ``name``, ``output`` (the folder), ``entry`` (path of
    the cache entry), ``code`` (its hash), ``expected`` (names in the module) and ``figures`` (all known ids).
    """
    started = time.perf_counter()
    try:
        files, report = {"figure": _figure, "view": _view, "diagram": _diagram}[task["kind"]](task)
        _write(task, files, report, started)
    except Exception as error:  # reported by name; the others are still built
        reason = _explain(error)
        for kind in ("Figure", "View", "Diagram"):  # the report names it already
            reason = reason.removeprefix(f"{kind} “{task['slug']}/{task['name']}” ")
        return {"error": reason, "traceback": traceback.format_exc()}
    return report


def _figure(task: dict) -> tuple[dict, dict]:
    from snippets.kit.checks import check_spec

    figure = _named(task, "@figure")
    first, warm = _drawn_twice(figure)
    check_spec(first)

    content = {
        "id": figure.id,
        "slug": figure.slug,
        "name": figure.name,
        "caption": figure.caption,
        "description": figure.description,
        "measured": figure.measured,
        "pretrained": figure.pretrained,
        "uses": uses(figure.module.removeprefix("snippets.")),
        "controls": figure.specs(),
        "precomputed": figure.precompute,
        "height": first["layout"]["height"],
        "figure": first,
    }
    files = {f"{figure.name}.json": content}
    if figure.precompute:
        states = {}
        for key, values in figure.states():
            drawn = figure.draw(**values)
            check_spec(drawn)
            if drawn["layout"]["height"] != content["height"]:
                raise BuildError(
                    f"changes its height with its controls ({values}): the page reserves one height"
                )
            states[key] = drawn
        files[f"{figure.name}.states.json"] = states
    return files, {"warm": round(warm, 4), "live": bool(figure.controls) and not figure.precompute}


def _view(task: dict) -> tuple[dict, dict]:
    view = _named(task, "@view")
    _, warm = _drawn_twice(view)
    content = {
        "id": view.id,
        "uses": uses(view.module.removeprefix("snippets.")),
        "controls": view.specs(),
    }
    files = {f"{view.name}.json": content}
    files |= {f"{view.name}.{key}.json": view.draw(**values) for key, values in view.states()}
    return files, {"warm": round(warm, 4), "live": bool(view.controls)}


def _named(task: dict, decorator: str) -> object:
    """Return the figure or view that a task names.

    Raises:
        BuildError: the module holds others than were found in its source.
    """
    from snippets.kit.figures import View, load

    wanted = task["kind"] == "view"
    found = {name: entry for name, entry in load(task["slug"]).items() if isinstance(entry, View) == wanted}
    _same_names(set(found), set(task["expected"]), decorator)
    return found[task["name"]]


def _drawn_twice(figure: object) -> tuple[dict, float]:
    """Return a figure as it opens, and the seconds it takes to draw it again.

    Raises:
        BuildError: it does not come out the same twice.
    """
    import torch

    # two different streams: a figure that draws on the global one cannot come out the same twice
    torch.manual_seed(1)
    first = figure.draw()
    torch.manual_seed(2)
    again = time.perf_counter()
    second = figure.draw()
    warm = time.perf_counter() - again
    difference = find_difference(first, second)
    if difference:
        raise BuildError(f"is not deterministic: two calls differ at {difference}; seed its random numbers")
    return first, warm


def _diagram(task: dict) -> tuple[dict, dict]:
    from snippets.kit.diagram import load

    diagrams = load(task["slug"])
    _same_names(set(diagrams), set(task["expected"]), "@diagram")
    content = diagrams[task["name"]].build()
    shown = [box["breaks"]["figure"] for box in content["boxes"] if box["breaks"]]
    for box in content["boxes"]:
        if box["breaks"] and box["breaks"]["figure"] not in task["figures"]:
            raise BuildError(f"box “{box['id']}”: there is no figure “{box['breaks']['figure']}” to link to")
    return {f"{task['name']}.json": content}, {"references": shown}


def _write(task: dict, files: dict[str, object], report: dict, started: float) -> None:
    """Write the files, the one named after the figure last, and complete the report in their cache entry."""
    output, sizes, compressed = Path(task["output"]), {}, []
    try:
        for name, content in reversed(files.items()):
            raw = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
            sizes[name] = write_atomically(output / name, raw)
            compressed.append(len(gzip.compress(raw, 6)))
        seconds = round(time.perf_counter() - started, 3)
        report |= {"files": sizes, "compressed": sum(compressed), "seconds": seconds}
        if task["kind"] == "view":
            report["largest"] = max(compressed)
        entry = {
            "code": task["code"],
            "read": _read_for(task),
            "written": {name: sha256(output / name) for name in sizes},
            "report": report,
        }
        write_atomically(Path(task["entry"]), json.dumps(entry))
    except OSError as error:
        raise BuildError(f"cannot write its files: {error.strerror}") from error


def _read_for(task: dict) -> dict[str, str]:
    """Return the hashes of the files that a figure may have read, by their names in the project.

    A file that an earlier figure of this process has read may still be in use from memory, so all of them
    count, but for files of pages that this one does not import.
    """
    module = f"{task['slug'].replace('-', '_')}.{'diagram' if task['kind'] == 'diagram' else 'figures'}"
    packages = {name.split(".")[0] for name in uses(module)} | {"data"}
    names = {_relative(path): digest for path, digest in sorted(_read.items())}
    return {name: digest for name, digest in names.items() if name.split("/")[1] in packages}


def find_difference(one: object, other: object, path: str = "") -> str:
    """Return the path of the first place where two figures differ; the empty text when they are equal."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        steps = [(f"{path}.{key}", one[key], other[key]) for key in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        steps = [(f"{path}[{index}]", a, b) for index, (a, b) in enumerate(zip(one, other, strict=True))]
    else:
        same = type(one) is type(other) and one == other
        return "" if same else f"{path.lstrip('.')} ({_short(one)} and {_short(other)})"
    return next((found for step in steps if (found := find_difference(step[1], step[2], step[0]))), "")


def _same_names(found: set[str], expected: set[str], decorator: str) -> None:
    if found != expected:
        odd = ", ".join(sorted(found ^ expected))
        raise BuildError(f"cannot be listed: write {decorator} directly above each function ({odd})")


def _explain(error: BaseException) -> str:
    """Return one line: what went wrong, and where in the page's own code."""
    if isinstance(error, BuildError):
        return str(error)
    if isinstance(error, OSError) and error.errno and error.filename:
        text = f"{error.strerror}: {_relative(os.fsdecode(error.filename))}"
    elif isinstance(error, (ValueError, FileNotFoundError)) and str(error):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_page_code(frame.filename)]
    return text + (f" ({_relative(frames[-1].filename)}, line {frames[-1].lineno})" if frames else "")


def _is_page_code(filename: str) -> bool:
    relative = _relative(filename)
    return relative != filename and not relative.startswith(("snippets/kit/", "snippets/numpy_torch/"))


def _relative(path: str) -> str:
    """Return a path as the project writes it, ``snippets/…``, whatever folder the project lies in."""
    for base in snippets.__path__:
        root = os.path.realpath(base)
        if os.path.realpath(path).startswith(root + os.sep):
            return "snippets/" + os.path.relpath(os.path.realpath(path), root)
    return path


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 30 else f"{text[:27]}…"
