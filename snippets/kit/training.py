"""Training recipes: from a seed to committed weights and measured results.

A page's ``train.py`` has two parts, a recipe that makes its weights and the experiments behind its *measured*
figures, and ends on one call::

    from snippets.kit.training import Run, command

    def train() -> None:
        with Run("rnn", recipe=train, seed=0, data=["names.txt"]) as run:
            model = NameModel(Config())
            for step in run.steps(3000):
                loss = ...
                if step % 100 == 0:
                    run.record(step=step, training_loss=loss.item(), validation_loss=evaluate(model))
            run.save(model, metrics={"validation_loss": evaluate(model)})

    def ablate(clip: bool, seed: int) -> dict:
        ...
        return {"loss": losses}

    def experiments() -> dict:
        return {
            f"clipping.{'on' if clip else 'off'}.seed_{seed}": (ablate, {"clip": clip, "seed": seed})
            for clip in (True, False) for seed in range(3)
        }

    if __name__ == "__main__":
        command("rnn", train, experiments)

``python -m snippets.rnn.train`` makes ``weights.safetensors``, ``manifest.json`` and the entry ``training``
of ``results.json``; with ``--experiments`` it measures what is missing or out of date, one result at a time,
so an interrupted run goes on where it stopped. A result is out of date when the code it came from has
changed: definitions that its function reaches; comments, docstrings and other code do not count.
"""

import argparse
import inspect
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import snippets
from snippets.kit.data import MissingFileError, data_path
from snippets.kit.files import readable_json, sha256, write_atomically
from snippets.kit.plain import plain
from snippets.kit.sources import recipe_hash

TRAINING = "training"  # the entry of results.json that Run.save writes
PROVENANCE = "provenance"  # the entry that says which code each experiment came from


class Run:
    """One training run: a seed, one thread, a progress bar, and at the end the weights and their manifest.

    Args:
        slug: the page the weights belong to.
        recipe: the function that opens the run. Its code, and what it reaches, is hashed into the manifest.
        seed: seeds torch's generator on entry.
        data: names of the files of ``snippets/data/`` that the recipe reads; the manifest keeps their hashes.

    Use it as a context manager; nothing is written before `save`.
    """

    def __init__(self, slug: str, *, recipe: Callable, seed: int = 0, data: list[str] | None = None) -> None:
        self.slug = slug
        self.folder = slug_folder(slug)
        self.seed = seed
        self.curves: dict[str, list] = {}
        source = Path(inspect.getsourcefile(recipe)).resolve()
        self.recipe = {
            "file": source.name,
            "function": recipe.__name__,
            "hash": recipe_hash(source, recipe.__name__),
        }
        self.data = {name: sha256(data_path(name)) for name in data or []}
        self._bar = None
        self._shown = ""

    def __enter__(self) -> "Run":
        one_thread(self.seed)
        self._started = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.perf_counter() - self._started

    def steps(self, count: int, label: str = "training") -> Iterator[int]:
        """Count steps from 0, with a bar that shows progress, speed and what `record` was last given."""
        with Bar(f"{self.slug} · {label}", count) as self._bar:
            for step in range(count):
                yield step
                self._bar.advance(1, self._shown)

    def record(self, **values: float) -> None:
        """Append one value to each named curve; they go into ``results.json`` under ``training.curves``."""
        for name, value in values.items():
            self.curves.setdefault(name, []).append(float(value) if isinstance(value, float) else value)
        self._shown = "  ".join(
            f"{name.replace('_', ' ')} {value:.4g}" for name, value in values.items() if name != "step"
        )

    def save(self, model: object, metrics: dict | None = None) -> None:
        """Write the weights, the manifest and the ``training`` entry of the results.

        Args:
            model: the trained module; or several, by the prefix their tensors get in the one file.
            metrics: what to remember of the run: numbers, lists and dicts, by name.
        """
        from safetensors.torch import save

        metrics = plain(metrics or {})
        models = model if isinstance(model, dict) else {"": model}
        tensors = {
            prefix + name: tensor.detach().clone().contiguous()
            for prefix, module in models.items()
            for name, tensor in module.state_dict().items()
        }
        parameters = sum(parameter.numel() for module in models.values() for parameter in module.parameters())
        seconds = round(self.seconds, 1)
        write_atomically(self.folder / "weights.safetensors", save(tensors))
        manifest = {
            "slug": self.slug,
            "recipe": self.recipe,
            "seed": self.seed,
            "data": self.data,
            "versions": versions(),
            "weights": sha256(self.folder / "weights.safetensors"),
            "parameters": parameters,
            "metrics": metrics,
            "seconds": seconds,
        }
        write_atomically(self.folder / "manifest.json", readable_json(manifest) + "\n")
        entry = metrics | {"curves": plain(self.curves), "parameters": parameters, "seconds": seconds}
        save_results(self.slug, read_results(self.slug) | {TRAINING: entry})


def experiments(slug: str, plan: dict[str, tuple], *, jobs: int = 1, force: bool = False) -> int:
    """Measure what is missing or out of date and write each result to ``results.json`` as it arrives.

    Args:
        slug: the page.
        plan: ``(function, arguments)`` by name. Dots in a name nest it: ``clipping.on.seed_0``. A function is
            called with its arguments as keywords, on one thread, torch seeded with its ``seed`` (0 if it has
            none); it returns numbers, lists or dicts. Values that are not finite are kept as ``null``.
        jobs: how many to run side by side, each in a process of one thread.
        force: measure everything again.

    Returns:
        How many were measured. Results that the plan no longer names are dropped.

    Raises:
        ValueError: two names collide, or one is reserved.
        RuntimeError: experiments failed; the others have been kept.
    """
    _check_names(list(plan))
    found = read_results(slug)
    known = found.get(PROVENANCE, {})
    sources = {name: _recipe(function, arguments) for name, (function, arguments) in plan.items()}
    kept = {
        name: (_get(found, name), known[name])
        for name in plan
        if not force and name in known and known[name]["recipe"] == sources[name] and _has(found, name)
    }
    due = [name for name in plan if name not in kept]
    training = {TRAINING: found[TRAINING]} if TRAINING in found else {}
    if list(kept) != list(known):
        _save_plan(slug, training, plan, kept)
    failures = []
    with Bar(f"{slug} · experiments", len(plan), done=len(kept)) as bar:
        for name, result, seconds in _measured({name: plan[name] for name in due}, jobs):
            if isinstance(result, Exception):
                failures.append(f"{name}: {type(result).__name__}: {result}")
            else:
                kept[name] = (result, {"recipe": sources[name], "seconds": round(seconds, 1)})
                _save_plan(slug, training, plan, kept)
            bar.advance(1, name)
    if failures:
        raise RuntimeError(f"{len(failures)} of {len(due)} experiments failed:\n  " + "\n  ".join(failures))
    return len(due)


def command(slug: str, train: Callable[[], None], plan: Callable[[], dict] | None = None) -> None:
    """Run a page's training from the command line: ``python -m snippets.<slug>.train [--experiments]``."""
    parser = argparse.ArgumentParser(description=f"Train the models of the page “{slug}”.")
    parser.add_argument(
        "--experiments", action="store_true", help="measure what the page's measured figures show"
    )
    parser.add_argument("--force", action="store_true", help="measure again what is already there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="experiments side by side")
    options = parser.parse_args()
    if not options.experiments:
        train()
        return
    if plan is None:
        print(f"“{slug}” has no experiments.")
        return
    try:
        measured = experiments(slug, plan(), jobs=options.jobs, force=options.force)
    except RuntimeError as error:
        sys.exit(str(error))
    print(f"{slug}: {measured} measured, {len(plan()) - measured} already there.")


def manifest(slug: str) -> dict:
    """Return the manifest of a page's weights.

    Raises:
        MissingFileError: the page has not been trained.
    """
    path = slug_folder(slug) / "manifest.json"
    if not path.is_file():
        raise MissingFileError(f"“{slug}” has no manifest.json: run `make train SLUG={slug}`")
    return json.loads(path.read_text(encoding="utf-8"))


def stale(slug: str) -> list[str]:
    """Return why the committed weights are not what the recipe makes; an empty list when they are.

    Raises:
        MissingFileError: the page has not been trained, or its data is missing.
    """
    kept = manifest(slug)
    folder = slug_folder(slug)
    reasons = []
    if sha256(folder / "weights.safetensors") != kept["weights"]:
        reasons.append("weights.safetensors is not the file that the recipe wrote")
    recipe = kept["recipe"]
    if recipe_hash(folder / recipe["file"], recipe["function"]) != recipe["hash"]:
        reasons.append(
            f"the recipe “{recipe['function']}” in {recipe['file']}, or code it uses, has changed since"
        )
    reasons += [
        f"data file “{name}” has changed since"
        for name, known in kept["data"].items()
        if sha256(data_path(name)) != known
    ]
    return reasons


def stale_results(slug: str, plan: dict[str, tuple]) -> list[str]:
    """Return the names of the experiments whose committed result is missing or out of date."""
    found = read_results(slug)
    known = found.get(PROVENANCE, {})
    return [
        name
        for name, (function, arguments) in plan.items()
        if not _has(found, name) or known.get(name, {}).get("recipe") != _recipe(function, arguments)
    ]


def one_thread(seed: int) -> None:
    """Make torch's results repeatable: seeded, and on one thread."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)


def versions() -> dict[str, str]:
    """Return the versions that decide what a seed leads to."""
    import numpy
    import torch

    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "torch": torch.__version__.split("+")[0],
        "numpy": numpy.__version__,
    }


def slug_folder(slug: str) -> Path:
    """Return the folder of a page's code.

    Raises:
        ValueError: there is none.
    """
    for base in snippets.__path__:
        folder = Path(os.fspath(base), slug.replace("-", "_")).resolve()
        if folder.is_dir():
            return folder
    raise ValueError(f"there is no page “{slug}”: expected the folder snippets/{slug.replace('-', '_')}/")


def read_results(slug: str) -> dict:
    """Return what has been measured so far; nothing yet is an empty dict."""
    path = slug_folder(slug) / "results.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def save_results(slug: str, values: dict) -> None:
    """Write ``results.json`` in one step."""
    write_atomically(slug_folder(slug) / "results.json", readable_json(values) + "\n")


class Bar:
    """A progress bar on a terminal; elsewhere, a line for every tenth of the way."""

    def __init__(self, label: str, total: int, done: int = 0) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.label, self.total, self.done = label, total, done
        self._progress = None
        if Console().is_terminal:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
            )
            self._task = self._progress.add_task(label, total=total, completed=done, note="")

    def __enter__(self) -> "Bar":
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def advance(self, count: int, note: str = "") -> None:
        before, self.done = self.done, self.done + count
        if self._progress is not None:
            self._progress.update(self._task, completed=self.done, note=note)
        elif self.total and self.done * 10 // self.total > before * 10 // self.total:
            print(f"{self.label}: {self.done}/{self.total}  {note}", flush=True)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()


def _measured(due: dict[str, tuple], jobs: int) -> Iterator[tuple[str, object, float]]:
    """Yield ``(name, result or exception, seconds)`` as each experiment ends."""
    if jobs <= 1 or len(due) <= 1:
        for name, (function, arguments) in due.items():
            yield name, *_measure(function, arguments)
        return
    # spawned, not forked: torch's threads do not survive a fork
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(_measure, *work): name for name, work in due.items()}
        for future in as_completed(running):
            error = future.exception()
            yield (running[future], error, 0.0) if error else (running[future], *future.result())


def _measure(function: Callable, arguments: dict) -> tuple[object, float]:
    one_thread(arguments.get("seed", 0))
    started = time.perf_counter()
    try:
        result = plain(function(**arguments), gaps=True)
    except Exception as error:  # reported by name; the other experiments go on
        result = RuntimeError(f"{type(error).__name__}: {error}")
    return result, time.perf_counter() - started


def _recipe(function: Callable, arguments: dict) -> str:
    source = recipe_hash(Path(inspect.getsourcefile(function)).resolve(), function.__name__)
    return f"{source} {json.dumps(arguments, sort_keys=True)}"


def _check_names(names: list[str]) -> None:
    for name in names:
        if not all(name.split(".")):
            raise ValueError(f"“{name}” is not a name of an experiment: a part between its dots is empty")
        if name.split(".")[0] in (TRAINING, PROVENANCE):
            raise ValueError(f"“{name}” is not a name of an experiment: “{name.split('.')[0]}” is reserved")
        inside = next((other for other in names if other.startswith(f"{name}.")), None)
        if inside:
            raise ValueError(f"experiment “{inside}” would be written inside the result of “{name}”")


def _save_plan(slug: str, training: dict, plan: dict, kept: dict) -> None:
    """Write what has been kept, in the order of the plan: the file must not depend on who came first."""
    values = dict(training)
    for name in plan:
        if name in kept:
            *path, last = name.split(".")
            place = values
            for part in path:
                place = place.setdefault(part, {})
            place[last] = kept[name][0]
    values[PROVENANCE] = {name: kept[name][1] for name in plan if name in kept}
    save_results(slug, values)


def _has(values: dict, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def _get(values: dict, name: str) -> object:
    for part in name.split("."):
        values = values[part]
    return values
