"""autograd.Function: ops whose backward the reader writes."""

import numpy as np

from ..tensor import Tensor, edge_of, tracks, wrap
from .graph import FREED, HINT, Mode, Node


class FunctionNode(Node):
    """The recorded call of a custom Function; it is also the `ctx` both of its methods receive."""

    # no __slots__: the reader keeps what they like on ctx

    def __init__(self, function):
        Node.__init__(self, (), ())
        self.function = function
        self.kept: tuple | None = ()
        self.needs_input_grad: tuple = ()
        self.dirty: tuple = ()
        self.constant: tuple = ()
        self.materialize = True

    def name(self) -> str:
        return self.function.__name__ + "Backward"

    def save_for_backward(self, *tensors) -> None:
        """Keep inputs or outputs for backward; they are checked for later in-place writes."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {tensors.index(t)} is of type "
                    f"{type(t).__name__}")
        self.kept = tuple([(t, None if t is None else (t._writes or t.new_version()).count) for t in tensors])

    def mark_dirty(self, *tensors) -> None:
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors) -> None:
        self.constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        self.materialize = value

    @property
    def saved_tensors(self) -> tuple:
        if self.kept is None:
            raise RuntimeError(FREED)
        for tensor, expected in self.kept:
            if tensor is not None and tensor._writes.count != expected:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace "
                    f"operation: [{tensor.dtype.tensor_name} {list(tensor.shape)}] is at version "
                    f"{tensor._writes.count}; expected version {expected} instead. {HINT}")
        return tuple([t for t, _ in self.kept])

    def release(self) -> None:
        if self.kept:
            self.kept = None

    def backward(self, grads: list, twice: bool) -> list:
        given = [g if g is None or isinstance(g, Tensor) else wrap(g) for g in grads]
        if self.materialize:
            given = [wrap(np.zeros(shape, kind)) if g is None else g
                     for g, (shape, kind) in zip(given, self.metadata, strict=True)]
        results = self.function.backward(self, *given)
        results = results if isinstance(results, tuple) else (results,)
        if len(results) > len(self.positions) and all([r is None for r in results[len(self.positions):]]):
            results = results[:len(self.positions)]
        if len(results) != len(self.positions):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{len(self.positions)}, got {len(results)})")
        chosen = [r for r, is_tensor in zip(results, self.positions, strict=True) if is_tensor]
        return [None if r is None else r if twice else r._array for r in chosen]


class Function:
    """Subclass with static `forward(ctx, …)` and `backward(ctx, *grads)`, then call `.apply(…)`."""

    @staticmethod
    def forward(*args, **kwargs):
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx, *grads):
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD.")

    @classmethod
    def apply(cls, *args):
        node = FunctionNode(cls)
        node.positions = [isinstance(a, Tensor) for a in args]
        tensors = [a for a in args if isinstance(a, Tensor)]
        recorded = Mode.grad and any([tracks(t) for t in tensors])
        node.needs_input_grad = tuple([isinstance(a, Tensor) and tracks(a) for a in args])
        edges = tuple([edge_of(t) if recorded else None for t in tensors])
        before, Mode.grad = Mode.grad, False
        try:
            if "setup_context" in cls.__dict__:
                outputs = cls.forward(*args)
                cls.setup_context(node, args, outputs)
            else:
                outputs = cls.forward(node, *args)
        finally:
            Mode.grad = before
        single = not isinstance(outputs, tuple)
        results = (outputs,) if single else outputs
        if not recorded:
            return outputs
        node.edges = edges
        node.metadata = tuple([(r._array.shape, r._array.dtype) if isinstance(r, Tensor) else ((), np.dtype("f4"))
                               for r in results])
        shown = []
        for number, result in enumerate(results):
            if isinstance(result, Tensor) and not any([result is c for c in node.constant]):
                if any([result is t for t in tensors]) and not any([result is d for d in node.dirty]):
                    result = wrap(result._array)
                if result._array.dtype.kind in "fc":
                    result._node, result._number = node, number
            shown.append(result)
        return shown[0] if single else tuple(shown)
