"""The gradient table: an op is its NumPy forward and one formula for each input that has a gradient.

A formula's parameter names say what it needs; only that is kept for backward:

    grad          the gradient of the result (a list of them for an op with several outputs)
    result        what forward returned
    <name>        an argument of forward, as the array or value forward received
    <name>_shape  only the shape of that argument
    needs         which inputs need a gradient (for `joint` formulas)

    mul = Primitive("mul", np.multiply, "self other", kind="same",
                    self=lambda grad, other: grad * other, other=lambda grad, self: grad * self)

Formulas neither undo broadcasting nor cast: the engine brings every gradient to the shape and dtype of its
tensor. Formulas must not write into `grad` or into what was kept.
"""

import numpy as np

from .absent import refuse
from .autograd.graph import CopySlices, Mode, OpNode
from .dtypes import BOOL, FROM_NUMPY, _Default, can_cast, result_dtype, scalar_dtype
from .helpers import broadcast_shape, has_overlap
from .tensor import Tensor, edge_of, refuse_view_write, tracks, wrap

SPECIAL = ("grad", "result", "needs")


class Primitive:
    """One row of the gradient table, callable on tensors.

    Args:
        name: torch's name; `AddBackward0` is made from it unless `label` is given.
        forward: function of arrays and plain values; returns an array, or a tuple of arrays.
        params: names of forward's parameters, separated by spaces.
        kind: None, or how an elementwise op types its operands: "same" (promote), "float" (promote, integers
            become the default float type), "keep" (promote; the result's type is forward's own).
        view: forward returns a view of its first argument.
        outputs: forward returns a tuple.
        variadic: the first argument is a tuple of tensors, and its formula returns one gradient for each.
        joint: one formula for all of `inputs` (a string of names); it returns a tuple of gradients.
        complex: the formulas hold for complex numbers too.
        kernel: PyTorch's name of the kernel and the kinds of numbers it is written for, as "abs_cpu iufc"
            (b, i, u, f, c as in NumPy); tensors of another kind are refused.
        write: in-place forward of (memory, *rest) for ops that need not compute a whole new array.
        formulas: `name=formula` for each differentiable input.
    """

    __slots__ = ("complex", "formulas", "forward", "inputs", "joint", "kernel", "kind",
                 "label", "name", "outputs", "params",
                 "plans", "slots", "variadic", "view", "wants", "write")

    def __init__(self, name, forward, params, /, *, kind=None, view=False, outputs=False, variadic=False, joint=None,
                 inputs="", complex=False, label=None, write=None,
                 kernel=None, **formulas):
        self.name, self.forward, self.params = name, forward, tuple(params.split())
        self.kind, self.view, self.outputs, self.variadic = kind, view, outputs, variadic
        self.complex, self.joint, self.write = complex, joint, write
        self.kernel = kernel.split() if kernel else None
        self.label = label or "".join([w[:1].upper() + w[1:] for w in name.split("_")]) + "Backward0"
        self.formulas = formulas
        self.inputs = tuple(inputs.split()) or tuple([p for p in self.params if p in formulas])
        if len(self.inputs) != (len(formulas) or len(self.inputs)):
            raise TypeError(f"{name}: a formula names no parameter of forward: {sorted(formulas)}")
        self.slots = tuple([self.params.index(p) for p in self.inputs])
        self.plans = {}
        self.wants = {p: names_of(formula) for p, formula in formulas.items()}
        if joint is not None:
            self.wants["joint"] = names_of(joint)

    # --- forward ---

    def __call__(self, *args):
        arrays, tracked = self.prepare(args)
        out = self.run(arrays)
        if self.outputs:
            outs = tuple([wrap(o) for o in out])
        else:
            outs = wrap(out)
        if tracked:
            self.record(args, arrays, outs)
        if self.view:
            self.link(args, outs)
        return outs

    def prepare(self, args: tuple) -> tuple[list, bool]:
        """The arrays behind `args` (cast to their common type if elementwise) and whether to record."""
        tracked = False
        if Mode.grad:
            for slot in self.slots:
                if slot < len(args):
                    a = args[slot]
                    if isinstance(a, Tensor):
                        if tracks(a):
                            tracked = True
                            break
                    elif self.variadic and any([tracks(t) for t in a]):
                        tracked = True
        if self.kind is not None:
            arrays = typed(self, args)
        else:
            arrays = [a._array if isinstance(a, Tensor) else a for a in args]
            if self.variadic:
                arrays[0] = tuple([t._array for t in args[0]])
        if self.kernel is not None:
            kind = next(a for a in arrays if isinstance(a, np.ndarray)).dtype
            if kind.kind not in self.kernel[1]:
                raise NotImplementedError(f"\"{self.kernel[0]}\" not implemented for '{scalar_name(kind)}'")
        if tracked and not self.complex:
            self.refuse_complex(arrays)
        return arrays, tracked

    def run(self, arrays: list):
        if self.kind is None:
            if self.view:
                return self.forward(*arrays)
            with np.errstate(all="ignore"):
                return self.forward(*arrays)
        try:
            with np.errstate(all="ignore"):
                return self.forward(*arrays)
        except ValueError:
            broadcast_shape(*[a.shape for a in arrays if isinstance(a, np.ndarray)])
            raise

    def refuse_complex(self, arrays: list) -> None:
        for a in arrays:
            if isinstance(a, np.ndarray) and a.dtype.kind == "c":
                raise NotImplementedError(
                    f"the gradient of {self.name} for complex tensors is not in the page; compute on .real and "
                    ".imag, or under torch.no_grad()"
                )

    # --- recording ---

    def record(self, args: tuple, arrays: list, outs) -> None:
        """Give the floating-point outputs a node."""
        results = outs if self.outputs else (outs,)
        if not any([o._array.dtype.kind in "fc" for o in results]):
            return
        node = self.node(args, arrays, tuple([(o._array.shape, o._array.dtype) for o in results]))
        if "result" in node.kept:
            node.kept["result"] = tuple([o._array for o in results]) if self.outputs else outs._array
            if not self.outputs:
                node.checks.append((version_of(outs), version_of(outs).count, "result"))
        for number, out in enumerate(results):
            if out._array.dtype.kind in "fc":
                out._node, out._number = node, number

    def node(self, args: tuple, arrays: list, metadata: tuple, keep_copy: bool = False) -> OpNode:
        """An OpNode that keeps what the formulas of the inputs that need a gradient ask for."""
        edges, needs = [], []
        for slot in self.slots:
            a = args[slot] if slot < len(args) else None
            if isinstance(a, Tensor):
                edge = edge_of(a)
                edges.append(edge)
                needs.append(edge is not None)
            elif self.variadic:
                own = [edge_of(t) for t in a]
                edges.extend(own)
                needs.append(True)
            else:
                edges.append(None)
                needs.append(False)
        needs = tuple(needs)
        plan = self.plans.get(needs)
        if plan is None:
            plan = self.plans[needs] = self.plan(needs)
        kept, sources, checks = {}, {}, []
        for key, position, shape_only in plan:
            if position is None:
                kept[key] = None
                continue
            value = arrays[position] if position < len(arrays) else None
            if shape_only:
                kept[key] = tuple([v.shape for v in value]) if type(value) is tuple else np.shape(value)
                continue
            source = args[position] if position < len(args) else None
            if isinstance(source, Tensor):
                sources[key] = source
                if keep_copy and position == 0:
                    value = value.copy()
                elif value is source._array:
                    version = version_of(source)
                    checks.append((version, version.count, key))
            elif self.variadic and position == 0:
                sources[key] = source
            kept[key] = value
        return OpNode(self, tuple(edges), metadata, kept, sources, checks, needs)

    def plan(self, needs: tuple) -> list:
        """(name, position of the argument or None for the result, shape only) of everything to keep."""
        if self.joint is not None:
            wanted = ["joint"]
        else:
            wanted = [p for p, n in zip(self.inputs, needs, strict=True) if n]
        found = {}
        for formula in wanted:
            for name in self.wants[formula]:
                if name == "result":
                    found[name] = (name, None, False)
                elif name in self.params:
                    found[name] = (name, self.params.index(name), False)
                elif name.endswith("_shape") and name[:-6] in self.params:
                    found[name] = (name, self.params.index(name[:-6]), True)
                elif name not in SPECIAL:
                    raise TypeError(f"{self.name}: a formula asks for {name}, which forward does not have")
        return list(found.values())

    def gradients(self, kept: dict, grad, needs: tuple) -> list:
        """Gradients of the inputs, in the order of the node's edges."""
        if self.joint is not None:
            return list(self.joint(*[grad if n == "grad" else needs if n == "needs" else kept[n]
                                     for n in self.wants["joint"]]))
        result = []
        for param, needed in zip(self.inputs, needs, strict=True):
            if not needed:
                result.append(None)
                continue
            value = self.formulas[param](*[grad if n == "grad" else kept[n] for n in self.wants[param]])
            if self.variadic and param == self.inputs[0]:
                result.extend(value)
            else:
                result.append(value)
        return result

    def link(self, args: tuple, outs) -> None:
        """Tie views to the tensor whose memory they show."""
        source, params = args[0], args[1:]
        for number, out in enumerate(outs) if self.outputs else ((None, outs),):
            out._writes = version_of(source)
            out._base = source if source._base is None else source._base
            out._chain = ((self, params, number) if source._base is None
                          else (source._chain, (self, params, number)))
            out._chain_version = out._writes.count
            out._base_array = out._base._array
            out._creation = (source._creation or ("no_grad" if not Mode.grad else None)
                             or ("multiple" if self.outputs else None))

    # --- in place ---

    def inplace(self, target: Tensor, *rest) -> Tensor:
        """Write the result into `target`'s memory, and its history into `target` and what it views."""
        args = (target, *rest)
        arrays, tracked = self.prepare(args)
        memory = target._array
        if tracked or (Mode.grad and tracks(target)):
            check_inplace(target)
        if has_overlap(memory):
            raise RuntimeError(
                "unsupported operation: more than one element of the written-to tensor refers to a single memory "
                "location. Please clone() the tensor before performing the operation."
            )
        node = self.node(args, arrays, ((memory.shape, memory.dtype),), keep_copy=True) if tracked else None
        if self.write is not None:
            with np.errstate(all="ignore"):
                self.write(memory, *arrays[1:])
        else:
            self.store(memory, np.asarray(self.run(arrays)))
        version = version_of(target)
        version.count += 1
        if node is not None:
            if "result" in node.kept:
                node.kept["result"] = memory
                node.checks.append((version, version.count, "result"))
            rebase(target, node)
        return target

    @staticmethod
    def store(memory: np.ndarray, out: np.ndarray) -> None:
        """Copy an in-place op's result into its target, under PyTorch's rules of shape and type."""
        if out.shape != memory.shape:
            raise RuntimeError(
                f"output with shape {list(memory.shape)} doesn't match the broadcast shape {list(out.shape)}"
            )
        if out.dtype != memory.dtype and not can_cast(FROM_NUMPY[out.dtype], FROM_NUMPY[memory.dtype]):
            raise RuntimeError(
                f"result type {scalar_name(out.dtype)} can't be cast to the desired output type "
                f"{scalar_name(memory.dtype)}"
            )
        memory[...] = out


def names_of(formula) -> tuple:
    code = formula.__code__
    return code.co_varnames[:code.co_argcount]


def version_of(tensor: Tensor):
    return tensor._writes or tensor.new_version()


NAMES = {"bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long",
         "float16": "Half", "float32": "Float", "float64": "Double", "complex64": "ComplexFloat",
         "complex128": "ComplexDouble"}


def scalar_name(numpy_dtype) -> str:
    """The name error messages use: Float, Long, Bool, …"""
    return NAMES[numpy_dtype.name]


def flat_chain(tensor: Tensor) -> tuple:
    """The view steps from `tensor`'s base to `tensor`, first step first."""
    if tensor._base_array is not tensor._base._array:
        raise refuse("writing to a view whose base was given another shape or data", "make the view anew")
    steps, link = [], tensor._chain
    while type(link[0]) is tuple:
        link, step = link
        steps.append(step)
    return (link, *reversed(steps))


def check_inplace(target: Tensor) -> None:
    """Refuse in-place writes whose history could not be recorded."""
    base = target._base
    if base is not None:
        if target._creation is not None:
            refuse_view_write(target, "is being modified inplace")
        if tracks(target) and base._node is None:
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    if target._requires_grad and target._node is None:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def rebase(target: Tensor, node: OpNode) -> None:
    """After an in-place op, make `node` the history of `target`, or of the base that `target` shows a part of."""
    base = target._base
    if base is None:
        target._node, target._number = node, 0
        return
    layout = None if base._array.flags.c_contiguous else base._array
    outer = CopySlices(edge_of(base), ((base._array.shape, base._array.dtype),), flat_chain(target), node, layout)
    base._node, base._number = outer, 0
    target._chain_version = -1


def typed(op: Primitive, args: tuple) -> list:
    """The operands of an elementwise op as arrays of their common type; fitting Python numbers stay as they are."""
    target, uniform = None, True
    for a in args:
        if isinstance(a, Tensor):
            d = a._array.dtype
            if target is None:
                target = d
            elif target is not d:
                uniform = False
        elif a is not None and not (target is not None and target.kind == "f" and type(a) in (float, int)):
            uniform = False
    if not uniform or target is None:
        target = common_dtype(args).numpy
    if op.kind == "float" and target.kind not in "fc":
        target = _Default.value.numpy
    arrays = []
    for a in args:
        if isinstance(a, Tensor):
            array = a._array
            arrays.append(array if array.dtype is target else array.astype(target))
        elif a is None or (target.kind == "f" and type(a) in (float, int)):
            arrays.append(a)
        else:
            arrays.append(as_scalar(a, target))
    return arrays


def as_scalar(value, target: np.dtype) -> np.ndarray:
    """A Python number as a 0-dim array of `target`, wrapping integers that do not fit as PyTorch does."""
    try:
        return np.asarray(value).astype(target)
    except OverflowError:
        raise RuntimeError(f"value cannot be converted to type {target.name} without overflow") from None


def common_dtype(args):
    """torch.result_type of any number of tensors and Python numbers (None is skipped)."""
    dimensioned, zero_dim, scalars = [], [], []
    for a in args:
        if isinstance(a, Tensor):
            (dimensioned if a._array.ndim else zero_dim).append(FROM_NUMPY[a._array.dtype])
        elif a is not None:
            if isinstance(a, str) or not isinstance(a, int | float | complex | np.number | np.bool_):
                raise TypeError(f"expected a Tensor or a number, but got {type(a).__name__}")
            scalars.append(scalar_dtype(a))
    return result_dtype(dimensioned, zero_dim, scalars)


# --- registering -----------------------------------------------------------------------------------

FUNCTIONS: dict = {}


def public(fn, *aliases: str):
    """Make `fn` both torch.<name> and Tensor.<name>."""
    for name in (fn.__name__, *aliases):
        FUNCTIONS[name] = fn
        setattr(Tensor, name, fn)
    return fn


def function(fn, *aliases: str):
    """Make `fn` torch.<name> only."""
    for name in (fn.__name__, *aliases):
        FUNCTIONS[name] = fn
    return fn


def method(fn, *aliases: str):
    """Make `fn` Tensor.<name> only."""
    for name in (fn.__name__, *aliases):
        setattr(Tensor, name, fn)
    return fn


def as_function(fn):
    """torch.<name>: `fn`, refusing `out=` by name and naming what is given in place of a tensor."""
    code = getattr(fn, "__code__", None)
    knows_out = code is not None and "out" in code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]

    def call(*args, **keywords):
        if "out" in keywords and not knows_out and keywords.pop("out") is not None:
            raise refuse(f"torch.{fn.__name__}(out=…)", "assign the result instead")
        try:
            return fn(*args, **keywords)
        except AttributeError as error:
            if error.name in ("_array", "_node", "dtype") and not isinstance(error.obj, Tensor):
                raise TypeError(f"{fn.__name__}(): argument must be Tensor, not {type(error.obj).__name__}") from None
            raise

    call.__name__ = call.__qualname__ = fn.__name__
    call.__doc__ = fn.__doc__
    return call


def named(fn, name: str):
    """Give a generated function the name it is published under."""
    fn.__name__ = fn.__qualname__ = name
    return fn


def relabel(tensor: Tensor, label: str) -> Tensor:
    """Show another name in `grad_fn`, where PyTorch reaches the same result by another last step."""
    if tensor._node is not None:
        tensor._node.label = label
    return tensor


def real_or_conj(array):
    """The factor of a holomorphic derivative: the conjugate for complex arrays, itself for real ones."""
    return array.conj() if getattr(array, "dtype", BOOL).kind == "c" else array
