"""Carry values between PyTorch and numpy_torch and state that results are equal."""

import types
from collections import OrderedDict

import numpy as np
import torch

import snippets.numpy_torch as nt
from tests.numpy_torch.answers import of_torch

TOLERANCE = {torch.float32: (1.3e-5, 1e-5), torch.float64: (1e-7, 1e-7), torch.complex64: (1.3e-5, 1e-5),
             torch.float16: (1e-3, 1e-3)}


class Absent(Exception):  # noqa: N818
    """The value has no counterpart in numpy_torch (a dtype or layout that is not there)."""


def to_nt(value, memo: dict | None = None):
    """The numpy_torch counterpart of a PyTorch value, strides and sharing included."""
    memo = {} if memo is None else memo
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            memo[id(value)] = (tensor_to_nt(value), value)
        return memo[id(value)][0]
    if isinstance(value, torch.dtype):
        name = str(value).removeprefix("torch.")
        if not isinstance(nt.__dict__.get(name), nt.dtype):
            raise Absent(name)
        return getattr(nt, name)
    if isinstance(value, torch.device):
        return nt.device(value.type)
    if isinstance(value, torch.Size):
        return nt.Size(value)
    if isinstance(value, torch.memory_format | torch.layout):
        return nt.__dict__.get(str(value).removeprefix("torch.")) or absent(value)
    if isinstance(value, torch.Generator):
        return nt.Generator().manual_seed(value.initial_seed())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[to_nt(v, memo) for v in value])
    if isinstance(value, list | tuple):
        return type(value)([to_nt(v, memo) for v in value])
    if isinstance(value, dict):
        return {k: to_nt(v, memo) for k, v in value.items()}
    if isinstance(value, torch.nn.Module):
        raise Absent(type(value).__name__)
    if isinstance(value, slice):
        return slice(*[to_nt(v, memo) for v in (value.start, value.stop, value.step)])
    if value in (torch.float, torch.nn.functional.relu, torch.nn.functional.gelu) and callable(value):
        return getattr(nt.nn.functional, value.__name__)
    return value


def absent(value):
    raise Absent(str(value))


def tensor_to_nt(value: torch.Tensor):
    if value.layout is not torch.strided or value.device.type != "cpu" or value.dim() > 64:
        raise Absent(str(value.layout))
    if not isinstance(nt.__dict__.get(str(value.dtype).removeprefix("torch.")), nt.dtype):
        raise Absent(str(value.dtype))
    plain = value.detach().resolve_conj().resolve_neg()
    memory = torch.empty(0, dtype=plain.dtype).set_(plain.untyped_storage()).numpy().copy()
    size = memory.itemsize
    shown = np.lib.stride_tricks.as_strided(memory[plain.storage_offset():], plain.shape,
                                            [s * size for s in plain.stride()], writeable=True)
    made = nt.from_numpy(shown)
    return made.requires_grad_() if value.requires_grad else made


def assert_same(actual, expected, where: str = "result", tolerance=None, names: bool = False) -> None:
    """Types, shapes, dtypes, requires_grad and values are equal, through nested containers."""
    if isinstance(expected, torch.Tensor):
        assert isinstance(actual, nt.Tensor), f"{where}: {type(actual)} instead of a tensor"
        assert tuple(actual.shape) == tuple(expected.shape), f"{where}: shape {actual.shape} != {expected.shape}"
        assert str(actual.dtype) == str(expected.dtype), f"{where}: {actual.dtype} != {expected.dtype}"
        assert actual.requires_grad == expected.requires_grad, f"{where}: requires_grad {actual.requires_grad}"
        if names and expected.grad_fn is not None and actual.grad_fn is not None:
            assert actual.grad_fn.name() == expected.grad_fn.name(), (
                f"{where}: {actual.grad_fn.name()} instead of {expected.grad_fn.name()}")
        close(actual, expected, where, tolerance)
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected), f"{where}: {len(actual)} items instead of {len(expected)}"
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            assert_same(a, e, f"{where}[{i}]", tolerance, names)
    elif isinstance(expected, dict | OrderedDict):
        assert list(actual) == list(expected), f"{where}: keys {list(actual)} != {list(expected)}"
        for key in expected:
            assert_same(actual[key], expected[key], f"{where}[{key!r}]", tolerance, names)
    elif isinstance(expected, torch.dtype | torch.device | torch.Size):
        assert str(actual) == str(expected), f"{where}: {actual} != {expected}"
    elif isinstance(expected, float) and expected != expected:
        assert actual != actual, f"{where}: {actual} instead of nan"
    elif isinstance(expected, float):
        assert type(actual) is float, f"{where}: {type(actual)} instead of float"
        assert actual == expected or abs(actual - expected) <= 1e-5 * max(1, abs(expected)), f"{where}: {actual}"
    else:
        assert type(actual) is type(expected), f"{where}: {type(actual)} != {type(expected)}"
        assert actual == expected, f"{where}: {actual!r} != {expected!r}"


def close(actual, expected: torch.Tensor, where: str, tolerance=None) -> None:
    rtol, atol = tolerance or TOLERANCE.get(expected.dtype, (0, 0))
    got, want = (np.array(t.detach().resolve_conj().resolve_neg().numpy(force=True)) for t in (actual, expected))
    if got.dtype.kind in "biu":
        off = got != want
    else:
        wide = np.complex128 if got.dtype.kind == "c" else np.float64
        off = ~np.isclose(got.astype(wide), want.astype(wide), rtol, atol, equal_nan=True)
    if off.any():
        place = tuple(int(i) for i in np.argwhere(off)[0])
        raise AssertionError(f"{where}: {int(off.sum())} of {off.size} elements differ, first at {place}: "
                             f"{got[place]!r} != {want[place]!r} (rtol {rtol}, atol {atol})")


def tensors_in(value) -> list:
    """Every tensor inside nested containers, in order."""
    if isinstance(value, torch.Tensor | nt.Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [t for v in value for t in tensors_in(v)]
    if isinstance(value, dict):
        return [t for v in value.values() for t in tensors_in(v)]
    return []


SCOPES = {"wrapper_set_seed": lambda op, *args, **kwargs: (nt.manual_seed(42), op(*args, **kwargs))[1]}


def resolve(name: str):
    """torch.<name> or Tensor.<name> of numpy_torch. Raises what an absent or unknown name raises."""
    if (callable(nt.Tensor.__dict__.get(name)) and "." not in name and not callable(nt.__dict__.get(name))):
        return nt.Tensor.__dict__[name]
    found = nt
    for part in name.split("."):
        found = getattr(found, part)
    return found


def counterpart(fn, name: str):
    """numpy_torch's version of an op: found by its name, or, for a Python helper around it, rebuilt on numpy_torch."""
    found = resolve(name)
    inner = getattr(fn, "__wrapped__", fn)
    if isinstance(inner, types.FunctionType) and "testing._internal" in (inner.__module__ or ""):
        scope = {**inner.__globals__, "torch": nt, **SCOPES}
        return types.FunctionType(inner.__code__, scope, inner.__name__, inner.__defaults__, inner.__closure__)
    return found


def both(fn, *args, messages: bool = True, names: bool = True, tolerance=None) -> None:
    """`fn(T, …)` gives the same with T = torch and T = numpy_torch: the same values and text, or the same error."""
    torch.manual_seed(0)
    nt.manual_seed(0)
    try:
        expected = of_torch(fn, *args)
    except Exception as error:
        try:
            actual = fn(nt, *args)
        except Exception as own:
            assert isinstance(own, type(error)), f"{own!r} instead of {error!r}"
            if messages:
                assert str(own) == str(error)
            return
        raise AssertionError(f"no error, but PyTorch raises {error!r}; got {actual!r}") from None
    assert_same(fn(nt, *args), expected, tolerance=tolerance, names=names)
