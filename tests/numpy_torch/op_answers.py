"""PyTorch's answers on a few of its own sample inputs for every op that is here, as data for `page_runner.py`."""

import ast
import functools
import itertools
import pickle
import sys
import types
import warnings
from pathlib import Path

import torch
from torch.testing._internal.common_methods_invocations import op_db

from tests.numpy_torch.answers import Unrecordable, last_name, pack
from tests.numpy_torch.compare import tensors_in
from tests.numpy_torch.exclusions import NOT_COMPARABLE, OPEN_RESULT, REFUSED, TOLERANCES
from tests.numpy_torch.test_op_db import DTYPES, clone, differentiable, implemented, label

LOOKED_AT, TAKEN = 24, 4  # of the first so many samples, so many are taken, evenly
MOST_ELEMENTS = 20_000


def op_answers() -> dict[str, dict]:
    """By op and type: how it is called, and samples with what PyTorch makes of them.

    A sample is (input, args, kwargs) and its answer: outputs, what they are multiplied with, gradients of the inputs.
    """
    found = {}
    for op in op_db:
        if implemented(op) is None or label(op) in NOT_COMPARABLE:
            continue
        for dtype in DTYPES:
            if op.supports_dtype(dtype, "cpu") and (op.name, last_name(dtype)) not in OPEN_RESULT:
                samples = [kept for sample in chosen(op, dtype) if (kept := answered(op, sample)) is not None]
                found[f"{label(op)}-{last_name(dtype)}"] = {
                    "name": op.name, "source": source_of(op.op), "samples": samples,
                    "tolerance": TOLERANCES.get(label(op)), "refused": label(op) in REFUSED,
                }
    return found


def chosen(op, dtype) -> list:
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = op.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point)
        samples = list(itertools.islice(samples, LOOKED_AT))
    samples = [s for s in samples if sum(t.numel() for t in tensors_in([s.input, s.args, s.kwargs])) < MOST_ELEMENTS]
    step = max(len(samples) / TAKEN, 1)
    return [samples[int(i * step)] for i in range(min(TAKEN, len(samples)))]


def answered(op, sample) -> tuple | None:
    """The sample and its answer as plain data; None where one of them cannot be written down."""
    given = tuple(clone(v) for v in (sample.input, sample.args, sample.kwargs))
    try:
        packed = pack(given)
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = op.op(given[0], *given[1], **given[2])
        outputs, inputs = differentiable(result), [t for t in differentiable(given) if t.is_leaf]
        answer = pack(result)
        weights, gradients = [], []
        if outputs and inputs:
            weights = [torch.testing.make_tensor(o.shape, dtype=o.dtype, device="cpu", low=-1, high=1) for o in outputs]
            try:
                gradients = [None if g is None else g.detach() for g in
                             torch.autograd.grad(outputs, inputs, weights, allow_unused=True)]
            except RuntimeError:
                gradients = "RuntimeError"
        return packed, answer, pack(weights), pack(gradients)
    except Unrecordable:
        return None


def source_of(fn) -> str:
    """The text of a helper around an op, or nothing where the op is called by its own name."""
    inner = getattr(fn, "__wrapped__", fn)
    if not isinstance(inner, types.FunctionType) or "testing._internal" not in (inner.__module__ or ""):
        return ""
    code = inner.__code__
    start = next(p[:1] + p[2:3] for p in code.co_positions() if p[2])
    nodes = [n for n in lambdas(code.co_filename) if n.lineno == code.co_firstlineno
             and (n.body.lineno, n.body.col_offset) <= start <= (n.body.end_lineno, n.body.end_col_offset)]
    assert len(nodes) == 1, f"{code.co_filename}:{code.co_firstlineno}: {len(nodes)} functions"
    return ast.unparse(nodes[0])


@functools.cache
def lambdas(path: str) -> list:
    return [n for n in ast.walk(ast.parse(Path(path).read_text())) if isinstance(n, ast.Lambda)]


if __name__ == "__main__":
    from tests.numpy_torch.page_runner import record

    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    (folder / "ops.pickle").write_bytes(pickle.dumps(op_answers()))
    answers, left_out = record()
    assert not left_out, f"their answers cannot be written down: {left_out}"
    (folder / "tests.pickle").write_bytes(pickle.dumps(answers))
