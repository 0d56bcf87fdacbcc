"""PyTorch's API on NumPy: equal or absent. `import snippets.numpy_torch as nt; nt.install()`, then `import torch`.

(How to add things: see the end of this docstring; written at the milestone.)
"""

from .autograd.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .dtypes import (
    ALIASES,
    ALL,
    Size,
    contiguous_format,
    device,
    dtype,
    finfo,
    get_default_dtype,
    iinfo,
    layout,
    memory_format,
    preserve_format,
    set_default_dtype,
    strided,
)
from .install import install
from .primitive import FUNCTIONS, as_function
from .tensor import Tensor

# every file of ops registers its functions and methods when it is imported
from . import ops_activation, ops_copy, ops_create, ops_elementwise, ops_index  # isort: skip  # noqa: F401
from . import ops_linear, ops_reduce, ops_shape, ops_sort, random  # isort: skip  # noqa: F401
from .printing import get_printoptions, printoptions, set_printoptions  # isort: skip
from .random import Generator  # isort: skip

__version__ = "2.13.0+numpy"

# imported on first use: name → module of this package ("x.y"), or "file:" for a name inside a file
LAZY = {
    **{name: name for name in ("autograd", "nn", "optim", "linalg", "fft", "special", "distributions", "utils", "cuda",
                               "backends", "version", "types", "func", "amp", "testing", "jit", "hub", "random")},
    "save": "serialization:", "load": "serialization:", "compile": "serialization:",
}

globals().update({d.name: d for d in ALL}, **ALIASES)
globals().update({name: as_function(fn) for name, fn in FUNCTIONS.items()})
from math import e, inf, nan, pi  # isort: skip  # noqa: E402

newaxis = None

__all__ = [*sorted(FUNCTIONS), *[d.name for d in ALL], *ALIASES, "Generator", "Size", "Tensor", "contiguous_format",
           "device", "dtype", "enable_grad", "finfo", "get_default_dtype", "get_printoptions", "iinfo",
           "inference_mode", "install", "is_grad_enabled", "is_inference_mode_enabled", "layout", "memory_format",
           "no_grad", "preserve_format", "printoptions", "set_default_dtype", "set_grad_enabled", "set_printoptions",
           "strided"]


def __getattr__(name: str):
    from .absent import module_attribute

    return module_attribute(__name__, name, LAZY)
