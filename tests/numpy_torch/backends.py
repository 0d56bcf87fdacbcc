"""One source under two backends: real PyTorch, and numpy_torch as a reader's page runs it.

The page's code says `import torch`. Here the file is executed twice, the second time with an `__import__` of
its own that reads `torch` as `snippets.numpy_torch`; the interpreter's real torch stays as it is.
"""

import builtins
import importlib
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

PAGE_PACKAGE = "snippets.numpy_torch"

if "numpy" not in torch.__version__:  # in the browser `torch` is numpy_torch itself
    torch.set_num_threads(1)


def page_name(name: str) -> str:
    """torch.nn → snippets.numpy_torch.nn."""
    return PAGE_PACKAGE + name.removeprefix("torch")


def page_import(name, globals=None, locals=None, fromlist=(), level=0):
    """`__import__` for source that runs on numpy_torch."""
    if level or name.partition(".")[0] != "torch":
        return builtins.__import__(name, globals, locals, fromlist, level)
    try:
        found = builtins.__import__(page_name(name), globals, locals, fromlist, 0)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(PAGE_PACKAGE):
            raise
        raise NotImplementedError(f"{name} is not in the page") from error
    return found if fromlist else sys.modules[PAGE_PACKAGE]


@dataclass(frozen=True)
class Backend:
    """`name` is "torch" or "page"."""

    name: str

    @cached_property
    def torch(self) -> ModuleType:
        """What `import torch` means under this backend."""
        return torch if self.name == "torch" else importlib.import_module(PAGE_PACKAGE)

    def load(self, path: Path) -> ModuleType:
        """Execute a file that says `import torch` and return it as a module."""
        module = ModuleType(f"{path.stem}_on_{self.name}")
        module.__file__ = str(path)
        if self.name == "page":
            module.__builtins__ = {**vars(builtins), "__import__": page_import}
        sys.modules[module.__name__] = module  # dataclasses and pickle look a class's module up by name
        exec(compile(path.read_text(), str(path), "exec"), vars(module))
        return module

    def run(self, source: str, **names) -> dict:
        """Execute source text that may use `torch` and `names`; return its namespace."""
        space = {"torch": self.torch, **names}
        if self.name == "page":
            space["__builtins__"] = {**vars(builtins), "__import__": page_import}
        exec(compile(source, f"<{self.name}>", "exec"), space)
        return space


TORCH, PAGE = Backend("torch"), Backend("page")


def is_tensor(value) -> bool:
    """Whether `value` is a tensor of either backend."""
    return hasattr(value, "requires_grad") and hasattr(value, "detach")


def array(tensor) -> np.ndarray:
    """A copy of the values of a tensor of either backend."""
    return np.array(
        tensor.detach().resolve_conj().resolve_neg().numpy()
        if isinstance(tensor, torch.Tensor)
        else tensor.detach().numpy()
    )


def assert_same(ours, theirs, where="", rtol=1e-5, atol=1e-6) -> None:
    """Equal structure; equal type, shape, dtype and, within fp32 rounding, values of every tensor.

    Args:
        ours, theirs: what numpy_torch and PyTorch gave: tensors, numbers, text, None, or containers of them.
        where: named in the failure.
    """
    if is_tensor(theirs):
        assert is_tensor(ours), f"{where}: a {type(ours).__name__}, torch gives a tensor"
        assert tuple(ours.shape) == tuple(theirs.shape), (
            f"{where}: shape {ours.shape}, torch gives {theirs.shape}"
        )
        assert str(ours.dtype) == str(theirs.dtype), f"{where}: {ours.dtype}, torch gives {theirs.dtype}"
        np.testing.assert_allclose(
            array(ours), array(theirs), rtol=rtol, atol=atol, err_msg=where, equal_nan=True
        )
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), f"{where}: keys {list(ours)}, torch gives {list(theirs)}"
        for key in theirs:
            assert_same(ours[key], theirs[key], f"{where}[{key!r}]", rtol, atol)
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs), f"{where}: {len(ours)} values, torch gives {len(theirs)}"
        for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(a, b, f"{where}[{index}]", rtol, atol)
    elif isinstance(theirs, float):
        assert type(ours) is float, f"{where}: a {type(ours).__name__}, torch gives a float"
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=where)
    else:
        assert type(ours) is type(theirs), (
            f"{where}: a {type(ours).__name__}, torch gives a {type(theirs).__name__}"
        )
        assert ours == theirs, f"{where}: {ours!r}, torch gives {theirs!r}"
