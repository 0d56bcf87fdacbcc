"""What autograd records: nodes joined by edges, the versions of what they keep, and the modes.

An *edge* is `(target, number)`: the node that made a tensor and which of its outputs that is, or, for a leaf,
the leaf tensor itself and 0. `None` stands for an input that needs no gradient.
"""

import numpy as np

from ..dtypes import FROM_NUMPY

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have "
    "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
    "you need to access saved tensors after calling backward."
)
HINT = (
    "Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
    "torch.autograd.set_detect_anomaly(True, check_nan=False)."
)


class Mode:
    """The switches that `no_grad`, `enable_grad` and `inference_mode` turn."""

    grad = True
    inference = False


class Version:
    """How often the memory behind a tensor and all its views was written to."""

    __slots__ = ("count",)

    def __init__(self):
        self.count = 0


class Counter:
    """Numbers nodes in the order they are made; backward visits the youngest first."""

    value = 0


class Node:
    """A step of the recorded computation. Subclasses say how gradients pass through it.

    `edges` point to where the gradients of the inputs go, `metadata` holds (shape, NumPy dtype) of each output.
    """

    __slots__ = ("__weakref__", "edges", "hooks", "metadata", "prehooks", "retained", "sequence")

    def __init__(self, edges: tuple, metadata: tuple):
        self.edges = edges
        self.metadata = metadata
        self.hooks = self.prehooks = self.retained = None
        Counter.value += 1
        self.sequence = Counter.value

    def name(self) -> str:
        return "torch::autograd::" + type(self).__name__

    def shown(self) -> str:
        """The name `repr` shows, without the C++ namespace."""
        return self.name().rsplit("::", 1)[-1]

    def operation(self) -> str:
        """The name error messages use: AddBackward0 is Add."""
        return self.shown().partition("Backward")[0]

    def backward(self, grads: list, twice: bool) -> list:
        """Gradients for `edges`, given one for each output (None: zero).

        They are arrays, or, when `twice` asks for a graph of the gradient, tensors.
        """
        raise NotImplementedError

    def release(self) -> None:
        """Let go of what was kept for backward."""

    @property
    def next_functions(self) -> tuple:
        return tuple([(None, 0) if e is None else (as_function(e[0]), e[1]) for e in self.edges])

    def register_hook(self, hook):
        """Call `hook(grad_inputs, grad_outputs)` after this node ran; it may return other grad_inputs."""
        if self.hooks is None:
            self.hooks = {}
        return Handle(self.hooks, hook)

    def register_prehook(self, hook):
        """Call `hook(grad_outputs)` before this node runs; it may return other grad_outputs."""
        if self.prehooks is None:
            self.prehooks = {}
        return Handle(self.prehooks, lambda grads: hook(grads))

    def __repr__(self) -> str:
        return f"<{self.shown()} object at {id(self):#x}>"


class AccumulateGrad(Node):
    """What `grad_fn.next_functions` shows for a leaf, whose `.grad` receives the gradient."""

    __slots__ = ("variable",)

    def __init__(self, variable):
        self.edges, self.variable = (), variable


class AsStridedBackward0(Node):
    """The new history of a view whose base has none: gradients stop here."""

    __slots__ = ()

    def name(self) -> str:
        return type(self).__name__

    def backward(self, grads: list, twice: bool) -> list:
        return [None]


def as_function(target):
    return target if isinstance(target, Node) else AccumulateGrad(target)


class Handle:
    """Returned by every `register_…hook`; `remove()` takes the hook out again."""

    _count = 0

    def __init__(self, hooks: dict, hook):
        Handle._count += 1
        self.id = Handle._count
        self.hooks = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        self.hooks.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


class OpNode(Node):
    """A node made by an op of the gradient table (see primitive.py)."""

    __slots__ = ("checks", "kept", "label", "needs", "op", "sources")

    def __init__(self, op, edges, metadata, kept, sources, checks, needs):
        Node.__init__(self, edges, metadata)
        self.op, self.kept, self.sources, self.checks, self.needs = op, kept, sources, checks, needs
        self.label = op.label

    def name(self) -> str:
        return self.label

    def release(self) -> None:
        if self.checks:
            self.kept = self.sources = None

    def check(self) -> None:
        """Refuse to run on freed values, or on values that were overwritten since they were kept."""
        if self.kept is None:
            raise RuntimeError(FREED)
        for version, expected, name in self.checks:
            if version.count != expected:
                kept = self.kept[name]
                source = self.sources.get(name)
                if source is None:
                    origin = f", which is output 0 of {self.operation()},"
                else:
                    node = source._node
                    origin = "" if node is None else f", which is output {source._number} of {node.operation()},"
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace "
                    f"operation: [{FROM_NUMPY[kept.dtype].tensor_name} {list(kept.shape)}]{origin} is at version "
                    f"{version.count}; expected version {expected} instead. {HINT}"
                )

    def backward(self, grads: list, twice: bool) -> list:
        self.check()
        if twice:
            from .higher_order import differentiable_backward

            return differentiable_backward(self, grads)
        if self.op.outputs:
            grads = [np.zeros(shape, kind) if g is None else g
                     for g, (shape, kind) in zip(grads, self.metadata, strict=True)]
        else:
            grads = grads[0]
        return self.op.gradients(self.kept, grads, self.needs)


class CopySlices(Node):
    """An in-place op on a view, seen from the tensor that owns the memory.

    The part of the gradient that belongs to the view passes through `inner`; the rest passes by.
    """

    __slots__ = ("chain", "inner", "layout")

    def __init__(self, base_edge, metadata, chain, inner: OpNode, layout):
        Node.__init__(self, (base_edge, *inner.edges[1:]), metadata)
        self.chain, self.inner, self.layout = chain, inner, layout

    def release(self) -> None:
        self.inner.release()

    def backward(self, grads: list, twice: bool) -> list:
        if twice:
            raise NotImplementedError(
                "create_graph=True through an in-place write to a view (CopySlices) is not in the page; write "
                "the value out of place, for example with torch.where or torch.cat"
            )
        (grad,) = grads
        result = np.empty(grad.shape, grad.dtype) if self.layout is None else np.empty_like(self.layout)
        result[...] = grad
        part = result
        for op, params, number in self.chain:
            part = op.forward(part, *params)
            if number is not None:
                part = part[number]
        inner = self.inner.backward([part.copy()], False)
        part[...] = 0 if inner[0] is None else inner[0]
        return [result if self.edges[0] is not None else None, *inner[1:]]
