"""Every op that is here equals PyTorch on PyTorch's own sample inputs: values, types, gradients, names, errors.

The table is `op_db` itself: an op is tested as soon as its name resolves in numpy_torch. Exclusions stand in
exclusions.py, each with its reason.
"""

import warnings

import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db

import snippets.numpy_torch as nt
from tests.numpy_torch.compare import Absent, assert_same, counterpart, tensors_in, to_nt
from tests.numpy_torch.exclusions import NOT_COMPARABLE, OPEN_RESULT, OTHER_NAME, REFUSED, TOLERANCES

DTYPES = (torch.float32, torch.int64, torch.bool)


def label(op) -> str:
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


def short(dtype) -> str:
    return str(dtype).removeprefix("torch.")


def implemented(op):
    """numpy_torch's version of `op`, or None."""
    try:
        return counterpart(op.op, op.name)
    except (NotImplementedError, AttributeError):
        return None


def cases() -> list:
    found = []
    for op in op_db:
        if implemented(op) is None or label(op) in NOT_COMPARABLE:
            continue
        for dtype in DTYPES:
            if op.supports_dtype(dtype, "cpu") and (op.name, short(dtype)) not in OPEN_RESULT:
                found.append(pytest.param(op, dtype, id=f"{label(op)}-{short(dtype)}"))
    return found


def call(fn, sample):
    return fn(sample[0], *sample[1], **sample[2])


def gradients(grad, outputs, inputs, cotangents):
    """d(outputs · cotangents)/d(inputs), None where an input does not matter."""
    return grad(outputs, inputs, cotangents, allow_unused=True)


def differentiable(value) -> list:
    return [t for t in tensors_in(value) if t.requires_grad]


def compare(op, fn, ours_fn, sample, check_names: bool) -> None:
    """One call of one variant with one sample, forward and backward."""
    theirs = (clone(sample.input), clone(sample.args), clone(sample.kwargs))
    ours = to_nt(theirs, {})
    torch.manual_seed(0)
    nt.manual_seed(0)
    expected = call(fn, theirs)
    actual = call(ours_fn, ours)
    tolerance = TOLERANCES.get(label(op))
    assert_same(actual, expected, tolerance=tolerance, names=check_names)
    outputs, inputs = differentiable(expected), differentiable(theirs)
    own_outputs, own_inputs = differentiable(actual), differentiable(ours)
    if not outputs or not inputs:
        return
    cotangents = [torch.testing.make_tensor(o.shape, dtype=o.dtype, device="cpu", low=-1, high=1) for o in outputs]
    inputs = [i for i in inputs if i.is_leaf]
    own_inputs = [i for i in own_inputs if i.is_leaf]
    try:
        want = gradients(torch.autograd.grad, outputs, inputs, cotangents)
    except RuntimeError as error:
        with pytest.raises(type(error)):
            gradients(nt.autograd.grad, own_outputs, own_inputs, to_nt(cotangents))
        return
    got = gradients(nt.autograd.grad, own_outputs, own_inputs, to_nt(cotangents))
    for number, (g, w) in enumerate(zip(got, want, strict=True)):
        if w is None:
            assert g is None or not g.any(), f"gradient {number} should be None"
        else:
            assert g is not None, f"gradient {number} is None"
            assert_same(g.detach(), w.detach(), f"gradient {number}", tolerance)


def clone(value):
    """Fresh leaves, so that in-place variants do not spoil a sample."""
    if isinstance(value, torch.Tensor):
        fresh = value.detach().clone() if value.is_contiguous() else _strided_clone(value)
        return fresh.requires_grad_(value.requires_grad)
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return type(value)([clone(v) for v in value])
    if isinstance(value, dict):
        return {k: clone(v) for k, v in value.items()}
    return value


def _strided_clone(value):
    memory = torch.empty(0, dtype=value.dtype).set_(value.detach().untyped_storage()).clone()
    return memory.as_strided(value.shape, value.stride(), value.storage_offset()).detach()


@pytest.mark.parametrize(("op", "dtype"), cases())
def test_op_equals_torch_on_every_sample(op, dtype):
    fn, ours = op.op, implemented(op)
    check_names = label(op) not in OTHER_NAME
    torch.manual_seed(1)
    grad = dtype.is_floating_point
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for sample in op.sample_inputs("cpu", dtype, requires_grad=grad):
            try:
                compare(op, fn, ours, sample, check_names)
            except Absent:
                continue
            except NotImplementedError as error:
                if "not implemented for" in str(error):
                    continue  # PyTorch has no such kernel either
                assert label(op) in REFUSED, f"refused: {error}"


def variants() -> list:
    """Ops that are also methods, or methods that write in place."""
    found = []
    for op in op_db:
        if implemented(op) is None or label(op) in NOT_COMPARABLE or op.variant_test_name:
            continue
        for name, fn in (("method", op.method_variant), ("inplace", op.inplace_variant)):
            method = getattr(fn, "__name__", None)
            if fn is None or method is None or method not in nt.Tensor.__dict__:
                continue
            found.append(pytest.param(op, fn, method, id=f"{name}-{method}"))
    return found


@pytest.mark.parametrize(("op", "fn", "method"), variants())
def test_method_and_inplace_variants_equal_torch(op, fn, method):
    torch.manual_seed(1)
    ours = getattr(nt.Tensor, method)
    inplace = fn is op.inplace_variant
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for sample in op.sample_inputs("cpu", torch.float32, requires_grad=False):
            if inplace and sample.broadcasts_input:
                continue
            if not isinstance(sample.input, torch.Tensor):
                continue
            try:
                compare(op, fn, ours, sample, False)
            except Absent:
                continue
            except NotImplementedError as error:
                if "not implemented for" in str(error):
                    continue  # PyTorch has no such kernel either
                assert label(op) in REFUSED, f"refused: {error}"


def error_cases() -> list:
    return [pytest.param(op, id=label(op)) for op in op_db
            if op.error_inputs_func is not None and implemented(op) is not None and label(op) not in NOT_COMPARABLE]


@pytest.mark.parametrize("op", error_cases())
def test_wrong_arguments_raise_torch_s_exception_type(op):
    for error in op.error_inputs("cpu"):
        sample = error.sample_input
        if sample.kwargs.get("out") is not None:
            continue  # out= is refused everywhere, see test_core.py
        try:
            ours = to_nt((sample.input, sample.args, sample.kwargs))
        except Absent:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call(op.op, (sample.input, sample.args, sample.kwargs))
        except Exception as raised:
            expected = type(raised)
        else:
            continue
        with pytest.raises(Exception) as caught, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(implemented(op), ours)
        allowed = (expected, NotImplementedError) if label(op) in REFUSED else expected
        assert isinstance(caught.value, allowed), (
            f"{type(caught.value).__name__}({caught.value}) instead of {expected.__name__}; torch: {error.error_regex}")


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_listed_refusals_still_happen(name):
    (op,) = [op for op in op_db if label(op) == name]
    for dtype in DTYPES:
        if not op.supports_dtype(dtype, "cpu"):
            continue
        for sample in op.sample_inputs("cpu", dtype, requires_grad=dtype.is_floating_point):
            try:
                compare(op, op.op, implemented(op), sample, False)
            except Absent:
                continue
            except NotImplementedError:
                return
    pytest.fail(f"{name} refuses no sample any more: take it out of REFUSED")
