"""PyTorch's API on NumPy: equal or absent. `import snippets.numpy_torch as nt; nt.install()`, then `import torch`.

Where things are
    dtypes, helpers, tensor, printing, random, serialization, install, absent   what their names say
    primitive.py     the gradient table: `Primitive(name, forward, params, <input>=formula, …)`; read its head first
    products.py      matrix products where NumPy has no BLAS; simd.py is the browser's own
    autograd/        graph (nodes, versions), engine (backward), modes, function, higher_order (create_graph)
    ops_<family>.py  ops: a Primitive, and a public function that checks arguments in PyTorch's words
    linalg.py, fft.py, special.py, …   torch.<module>, imported on first use
    nn/f_<family>.py functions of nn.functional; nn/<family>.py modules; optim/<family>.py optimizers

How to add
    an op            In an ops_ file: a `Primitive` with one formula for each differentiable input, and a function
                     decorated `@public` (torch.x and Tensor.x), `@function` (torch.x) or `@method` (Tensor.x; the
                     in-place x_ calls `ROW.inplace(self, …)`). One-argument and two-argument elementwise ops are one
                     row of UNARY or BINARY in ops_elementwise.py, nothing else. A new ops_ file is imported below,
                     or, if its ops are rare, named in later.py with what it publishes.
                     Index results are int64, said explicitly (NumPy's default is 32 bits in the browser).
    a functional     Write it in the nn/f_<family>.py that FILES in nn/functional.py names for it (create the file).
    a module         Write it in the nn/<family>.py that FILES in nn/__init__.py names for it. Modules that are one
                     function with options are one line with `plain` (nn/activation.py).
    an optimizer     Subclass Optimizer and write `update` on arrays, in the file FILES in optim/__init__.py names.
    torch.<module>   A file of that name, ending in a `__getattr__` that calls `module_attribute`; see LAZY below.
    a test           PyTorch's op_db covers an op as soon as its name resolves (tests/numpy_torch/test_op_db.py;
                     what cannot be compared goes into exclusions.py with its reason). Everything else is one line of
                     a table that `both(fn)` of tests/numpy_torch/compare.py runs as fn(torch) and fn(numpy_torch).
    what is absent   Nothing to do: a name in torch_names.py raises NotImplementedError, any other AttributeError.
                     An option that is absent: `raise refuse("torch.x(option=…)", "the nearest spelling")`.
"""

import math as _math

from .autograd.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .dtypes import (
    ALIASES as _ALIASES,
)
from .dtypes import (
    ALL as _ALL,
)
from .dtypes import (
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
from .primitive import FUNCTIONS as _FUNCTIONS
from .primitive import as_function as _as_function
from .tensor import Tensor

# every file of ops registers its functions and methods when it is imported
from . import ops_activation, ops_compare, ops_copy, ops_create, ops_elementwise  # isort: skip  # noqa: F401
from . import ops_index, ops_linear, ops_operators, ops_parts, ops_reduce, ops_shape  # isort: skip  # noqa: F401
from . import ops_sort, random  # isort: skip  # noqa: F401
from .printing import set_printoptions  # isort: skip
from .random import Generator  # isort: skip

__version__ = "2.13.0+numpy"

# imported on first use: name → module of this package ("x.y"), or "file:" for a name inside a file
LAZY = {
    **{name: name for name in (
        "amp", "autograd", "backends", "cuda", "distributions", "fft", "func", "hub", "jit", "linalg", "nn", "optim",
        "random", "serialization", "special", "testing", "types", "utils", "version")},
    "save": "serialization:", "load": "serialization:", "compile": "serialization:",
    **{name: f"nn.{file}:" for file, names in {
        "f_basic": "bilinear cosine_similarity pairwise_distance",
        "f_activation": "celu prelu selu",
        "f_activation_more": "celu_ hardshrink relu_ rrelu selu_ threshold threshold_",
        "f_conv": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
        "f_norm": "group_norm layer_norm rms_norm",
        "f_pooling": "adaptive_avg_pool1d avg_pool1d max_pool1d max_pool2d max_pool3d",
        "f_vision": "channel_shuffle pixel_shuffle pixel_unshuffle",
    }.items() for name in names.split()},
}

globals().update({d.name: d for d in _ALL}, **_ALIASES)
globals().update({name: _as_function(fn) for name, fn in _FUNCTIONS.items()})
pi, e, inf, nan, newaxis = _math.pi, _math.e, _math.inf, _math.nan, None

__all__ = [*sorted(_FUNCTIONS), *[d.name for d in _ALL], *_ALIASES, "Generator", "Size", "Tensor", "contiguous_format",
           "device", "dtype", "enable_grad", "finfo", "get_default_dtype", "iinfo", "inference_mode", "install",
           "is_grad_enabled", "is_inference_mode_enabled", "layout", "memory_format", "no_grad", "preserve_format",
           "set_default_dtype", "set_grad_enabled", "set_printoptions", "strided"]


def __getattr__(name: str):
    from .absent import module_attribute
    from .later import load

    if load(name) and name in _FUNCTIONS:
        globals()[name] = _as_function(_FUNCTIONS[name])
        return globals()[name]
    return module_attribute(__name__, name, LAZY)


def __dir__():
    from .later import OPS

    return sorted({*globals(), *LAZY, *OPS})
