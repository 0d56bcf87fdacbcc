"""Runs tests of this folder against PyTorch's recorded answers; where it runs, `import torch` is numpy_torch.

With PyTorch the same walk over the same tests makes the record (`record`); in the page it is played back (`play`).
pytest is not needed for either: of what it does, the tests use `parametrize`, `filterwarnings` and `raises`.
"""

import contextlib
import importlib
import itertools
import re
import sys
import traceback
import types
import warnings

from tests.numpy_torch import answers

MODULES = ("test_silent_failures", "test_random_stream", "test_page_cases", "test_core", "test_ops_more", "test_nn",
           "test_attention", "test_convolutional_layers", "test_autograd", "test_linalg", "test_distributions",
           "test_nn_utils", "test_schedulers", "test_random", "test_data", "test_more_layers")


def stand_in_for_pytest() -> types.ModuleType:
    """As much of pytest as the tests use while they are imported and run."""
    made = types.ModuleType("pytest")

    class Mark:
        def __getattr__(self, name):
            def mark(*args, **keywords):
                def apply(fn):
                    fn.pytestmark = [*getattr(fn, "pytestmark", []),
                                     types.SimpleNamespace(name=name, args=args, kwargs=keywords)]
                    return fn
                return apply
            return mark

    @contextlib.contextmanager
    def raises(kind, match=None):
        caught = types.SimpleNamespace(value=None)
        try:
            yield caught
        except kind as error:
            caught.value = error
            assert match is None or re.search(match, str(error)), f"{error} does not match {match}"
            return
        raise AssertionError(f"no {kind} was raised")

    @contextlib.contextmanager
    def warns(kind, match=None):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            yield seen
        assert [w for w in seen if issubclass(w.category, kind) and (match is None or re.search(match, str(w.message)))]

    made.mark, made.raises, made.warns = Mark(), raises, warns
    return made


def stand_in(name: str) -> None:
    """An empty module in the place of one that only the tests' other half needs."""
    for part in itertools.accumulate(name.split("."), lambda a, b: f"{a}.{b}"):
        sys.modules.setdefault(part, types.ModuleType(part))


def tests_of(name: str):
    """(key, function, arguments) of every test of a module that needs nothing but its parameters."""
    module = importlib.import_module(f"tests.numpy_torch.{name}")
    for title, fn in list(vars(module).items()):
        if not title.startswith("test_") or not callable(fn):
            continue
        marks = [m for m in getattr(fn, "pytestmark", []) if m.name == "parametrize"]
        given = {n for m in marks for n in names_in(m.args[0])}
        if given != set(fn.__code__.co_varnames[:fn.__code__.co_argcount]):
            continue
        for number, chosen in enumerate(itertools.product(*[list(m.args[1]) for m in marks])):
            arguments = {}
            for mark, value in zip(marks, chosen, strict=True):
                names = names_in(mark.args[0])
                arguments |= dict(zip(names, value, strict=True)) if len(names) > 1 else {names[0]: value}
            shown = ", ".join(v if isinstance(v, str) else getattr(v, "__name__", None) or repr(v)
                              for v in arguments.values())
            yield f"{name}::{title}[{shown}]#{number}", fn, arguments


def names_in(names) -> list[str]:
    return [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)


def record(modules=MODULES) -> tuple[dict, list[str]]:
    """PyTorch's answers by test, and the tests whose answers cannot be written down. Run it where PyTorch is."""
    import pytest

    answers.current = kept = answers.Record()
    left_out = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in modules:
                for key, fn, arguments in tests_of(name):
                    kept.begin(key)
                    try:
                        fn(**arguments)
                    except answers.Unrecordable:
                        kept.answers.pop(key, None)
                        left_out.append(key)
                    except pytest.skip.Exception:
                        kept.answers.pop(key, None)
    finally:
        answers.current = None
    return kept.answers, left_out


def play(recorded: dict, name: str, most: int = 10) -> tuple[int, dict[str, str]]:
    """Run a module's recorded tests against the record; how many ran, and why the first few that failed did."""
    answers.current = answers.Record(recorded)
    failed, ran = {}, 0
    for key, fn, arguments in tests_of(name):
        if key not in recorded:
            continue
        ran += 1
        answers.current.begin(key)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fn(**arguments)
            assert answers.current.next == len(recorded[key]), "not every answer was asked for"
        except Exception as error:
            failed[key] = shortly(error)
    return ran, dict(list(failed.items())[:most])


def shortly(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{where.filename.rpartition('/')[2]}:{where.lineno}"
    return f"{type(error).__name__}: {str(error)[:400]} ({place})"


def play_ops(recorded: dict, most: int = 10) -> tuple[int, dict[str, str]]:
    """Call every op with its samples and compare; how many samples were equal, and the first that were not."""
    failed, ran = {}, 0
    for key, op in recorded.items():
        for number, sample in enumerate(op["samples"]):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    play_sample(op, *sample)
                ran += 1
            except NotImplementedError as error:
                if "not implemented for" not in str(error) and not op["refused"]:
                    failed[f"{key} #{number}"] = shortly(error)
            except Exception as error:
                failed[f"{key} #{number}"] = shortly(error)
    return ran, dict(list(failed.items())[:most])


def play_sample(op: dict, given, answer, weights, gradients) -> None:
    import numpy as np
    import torch

    from tests.numpy_torch.compare import SCOPES, assert_same, resolve, tensors_in

    fn = resolve(op["name"])
    if op["source"]:
        fn = eval(op["source"], {"torch": torch, "np": np, **SCOPES})
    given, answer = answers.unpack(given), answers.unpack(answer)
    weights, gradients = answers.unpack(weights), answers.unpack(gradients)
    torch.manual_seed(0)
    result = fn(given[0], *given[1], **given[2])
    assert_same(result, answer, tolerance=op["tolerance"])
    if gradients in ([], "RuntimeError"):
        return
    outputs = [t for t in tensors_in(result) if t.requires_grad]
    inputs = [t for t in tensors_in(given) if t.requires_grad and t.is_leaf]
    found = torch.autograd.grad(outputs, inputs, weights, allow_unused=True)
    for number, (g, w) in enumerate(zip(found, gradients, strict=True)):
        if w is None:
            assert g is None or not g.any(), f"gradient {number} should be None"
        else:
            assert g is not None, f"gradient {number} is None"
            assert_same(g.detach(), w, f"gradient {number}", op["tolerance"])
