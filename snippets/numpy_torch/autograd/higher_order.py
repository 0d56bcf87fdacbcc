"""create_graph=True: run the NumPy formulas of the gradient table on tensors, so that they record a graph.

A `Traced` array wraps a tensor and answers the NumPy calls that formulas make by the tensor op of the same meaning.
A formula that asks for anything else is refused by name.
"""

import numpy as np

from ..absent import refuse
from ..tensor import Tensor, wrap
from .graph import OpNode


def unwrap(value):
    if isinstance(value, Traced):
        return value.tensor
    if isinstance(value, np.ndarray):
        return wrap(value)
    if isinstance(value, np.generic):
        return value.item()
    return value


def traced(value):
    return Traced(value) if isinstance(value, Tensor) else value




class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A tensor that NumPy formulas can compute with."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Tensor):
        self.tensor = tensor

    shape = property(lambda self: tuple(self.tensor.shape))
    ndim = property(lambda self: self.tensor.ndim)
    size = property(lambda self: self.tensor.numel())
    dtype = property(lambda self: self.tensor._array.dtype)
    T = property(lambda self: Traced(self.tensor.permute(*range(self.ndim - 1, -1, -1))))
    real = property(lambda self: self)

    def __getitem__(self, key):
        return Traced(self.tensor[unwrap_key(key)])

    def reshape(self, *shape):
        return Traced(self.tensor.reshape(*shape))

    def transpose(self, *dims):
        return Traced(self.tensor.permute(*dims))

    def swapaxes(self, a, b):
        return Traced(self.tensor.transpose(a, b))

    def sum(self, axis=None, keepdims=False):
        return Traced(self.tensor.sum() if axis is None else self.tensor.sum(axis, keepdims))

    def mean(self, axis=None, keepdims=False):
        return Traced(self.tensor.mean() if axis is None else self.tensor.mean(axis, keepdims))

    def astype(self, kind):
        from ..dtypes import FROM_NUMPY

        return Traced(self.tensor.to(FROM_NUMPY[np.dtype(kind)]))

    def copy(self):
        return Traced(self.tensor.clone())

    def any(self):
        return bool(self.tensor._array.any())

    def all(self):
        return bool(self.tensor._array.all())

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        found = UFUNCS.get(ufunc.__name__)
        if method != "__call__" or keywords or found is None:
            raise refuse(f"create_graph=True through numpy.{ufunc.__name__}")
        operands = [unwrap(i) for i in inputs]
        if not isinstance(operands[0], Tensor):
            first = next(o for o in operands if isinstance(o, Tensor))
            operands[0] = wrap(np.asarray(operands[0], first._array.dtype))
        return Traced(getattr(operands[0], found)(*operands[1:]))

    def __array_function__(self, function, types, args, keywords):
        found = FUNCTIONS.get(function.__name__)
        if found is None:
            raise refuse(f"create_graph=True through numpy.{function.__name__}")
        return found(*args, **keywords)


def unwrap_key(key):
    return tuple([unwrap(k) for k in key]) if isinstance(key, tuple) else unwrap(key)


UFUNCS = {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div",
          "negative": "neg", "power": "pow", "exp": "exp", "log": "log", "sqrt": "sqrt", "sin": "sin", "cos": "cos",
          "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "sign": "sign", "absolute": "abs", "maximum": "maximum",
          "minimum": "minimum", "floor": "floor", "trunc": "trunc", "greater": "gt", "greater_equal": "ge",
          "less": "lt", "less_equal": "le", "equal": "eq", "not_equal": "ne", "matmul": "matmul",
          "bitwise_and": "bitwise_and", "bitwise_or": "bitwise_or", "invert": "bitwise_not", "isnan": "isnan",
          "isfinite": "isfinite", "logaddexp": "logaddexp", "conjugate": "conj"}


def _where(condition, a, b):
    from ..ops_elementwise import where

    return Traced(where(as_tensor(condition), unwrap(a), unwrap(b)))


def as_tensor(value):
    return wrap(np.asarray(value)) if not isinstance(value, Traced) else value.tensor


def _expand_dims(a, axis):
    out = a.tensor
    axes = (axis,) if isinstance(axis, int) else axis
    total = out.ndim + len(axes)
    for d in sorted(d % total for d in axes):
        out = out.unsqueeze(d)
    return Traced(out)


def _concatenate(arrays, axis=0):
    from ..ops_shape import cat

    return Traced(cat([as_tensor(a) for a in arrays], axis))


def _stack(arrays, axis=0):
    from ..ops_shape import stack

    return Traced(stack([as_tensor(a) for a in arrays], axis))


FUNCTIONS = {
    "where": _where,
    "expand_dims": _expand_dims,
    "concatenate": _concatenate,
    "stack": _stack,
    "broadcast_to": lambda a, shape: Traced(a.tensor.expand(*shape)),
    "zeros_like": lambda a, *rest, **keywords: Traced(wrap(np.zeros_like(a.tensor._array))),
    "ones_like": lambda a, *rest, **keywords: Traced(wrap(np.ones_like(a.tensor._array))),
    "sum": lambda a, axis=None, keepdims=False, **keywords: a.sum(axis, keepdims),
    "outer": lambda a, b: Traced(as_tensor(a).outer(as_tensor(b))),
    "flip": lambda a, axis: Traced(a.tensor.flip(axis)),
    "cumsum": lambda a, axis: Traced(a.tensor.cumsum(axis)),
    "moveaxis": lambda a, source, target: Traced(a.tensor.movedim(source, target)),
    "tril": lambda a, k=0: Traced(a.tensor.tril(k)),
    "triu": lambda a, k=0: Traced(a.tensor.triu(k)),
    "ndim": lambda a: a.ndim,
    "shape": lambda a: a.shape,
    "size": lambda a: a.size,
    "any": lambda a: a.any(),
}


def kept_tensors(node: OpNode) -> dict:
    """What the node kept, with arrays that came from tensors as Traced tensors of the graph."""
    kept = {}
    for name, value in node.kept.items():
        if name == "result":
            kept[name] = tuple([traced(output_of(node, v, i)) for i, v in enumerate(value)]) if (
                type(value) is tuple) else traced(output_of(node, value, 0))
            continue
        source = node.sources.get(name)
        if isinstance(source, Tensor):
            from ..dtypes import FROM_NUMPY

            kept[name] = Traced(source if source._array.dtype == value.dtype else source.to(FROM_NUMPY[value.dtype]))
        elif isinstance(source, tuple):
            kept[name] = tuple([Traced(t) for t in source])
        else:
            kept[name] = value
    return kept


def output_of(node: OpNode, array: np.ndarray, number: int) -> Tensor:
    tensor = wrap(array)
    if array.dtype.kind in "fc":
        tensor._node, tensor._number = node, number
    return tensor


# formulas that write into arrays have their tensor version here: label-free op name → function(kept, grad) → tensor
SPECIAL_FORMULAS = {
    "select": lambda kept, grad: _written(kept, grad, (slice(None),) * kept["dim"] + (kept["index"],)),
    "slice": lambda kept, grad: _written(kept, grad, kept["key"] if "key" in kept else (
        (slice(None),) * kept["dim"] + (slice(kept["start"], kept["stop"], kept["step"]),))),
    "index": lambda kept, grad: wrap(np.zeros(kept["self_shape"], grad._array.dtype)).index_put(
        [None if isinstance(k, slice) else wrap(k) for k in kept["key"]], grad, True),
}


def _written(kept: dict, grad: Tensor, key: tuple) -> Tensor:
    out = wrap(np.zeros(kept["self_shape"], grad._array.dtype))
    out[key] = grad
    return out


def differentiable_backward(node: OpNode, grads: list) -> list:
    """The node's gradients as tensors with a graph of their own."""
    op = node.op
    kept = kept_tensors(node)
    if op.name in SPECIAL_FORMULAS and node.needs[0]:
        return [SPECIAL_FORMULAS[op.name](kept, grads[0])]
    if op.outputs:
        given = [Traced(wrap(np.zeros(shape, kind)) if g is None else g)
                 for g, (shape, kind) in zip(grads, node.metadata, strict=True)]
    else:
        given = Traced(grads[0])
    try:
        results = op.gradients(kept, given, node.needs)
    except (TypeError, AttributeError, ValueError) as error:
        raise refuse(f"create_graph=True through {op.name}", f"its gradient is not written for it: {error}") from error
    return [None if r is None else as_tensor(r) for r in results]
