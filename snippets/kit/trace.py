"""Running a model once to learn the shapes that flow through it.

Which dimension is the batch and which the time is found by experiment, never typed: the model runs again with
each axis a little longer, and the dimensions that grow with it bear its letter.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field

_START = 5  # the smallest axis; every axis gets a size of its own


class TraceError(ValueError):
    """A model cannot be traced as a diagram asks; the message says why."""


@dataclass(frozen=True)
class Trace:
    """What to run for a diagram's shapes.

    Attributes:
        model: returns the module to trace.
        inputs: returns the arguments of its forward pass, as a tuple. Its parameters are the axes, by letter:
            ``lambda B, T: (torch.randint(27, (B, T)),)``.
    """

    model: Callable[[], object]
    inputs: Callable[..., tuple]

    def axes(self) -> list[str]:
        return list(inspect.signature(self.inputs).parameters)

    def run(self) -> "Traced":
        """Run the model once for the shapes, and once more for each axis.

        Raises:
            TraceError: the model does not run on the inputs.
        """
        sizes = {axis: _START + 2 * index for index, axis in enumerate(self.axes())}
        model = self.model().eval()
        base = _run(model, self.inputs(**sizes))
        longer = {
            axis: _run(model, self.inputs(**(sizes | {axis: size + 1}))) for axis, size in sizes.items()
        }
        return Traced(model, base, longer, sizes)


@dataclass
class Record:
    """The tensors of one forward pass: what each module, by path, took in and gave out."""

    model: object
    arguments: tuple
    result: object
    inputs: dict[str, tuple] = field(default_factory=dict)
    outputs: dict[str, object] = field(default_factory=dict)


@dataclass
class Traced:
    """A traced model: shapes and parameter counts by module path."""

    model: object
    base: Record
    longer: dict[str, Record]
    sizes: dict[str, int]

    def paths(self) -> list[str]:
        """Return every module and parameter path of the model."""
        modules = [name for name, _ in self.model.named_modules() if name]
        return modules + [name for name, _ in self.model.named_parameters()]

    def module(self, path: str) -> tuple[str, int]:
        """Return the shape of what a module gives out, and how many parameters it has.

        The path of a parameter gives that parameter's own shape and size.

        Raises:
            TraceError: the model has no such module, or never calls it.
        """
        parameters = dict(self.model.named_parameters())
        if path in parameters:
            return _written([str(size) for size in parameters[path].shape]), parameters[path].numel()
        modules = dict(self.model.named_modules())
        if path not in modules:
            known = ", ".join(self.paths())
            raise TraceError(f"the model has no module “{path}”. It has: {known}")
        if path and path not in self.base.outputs:
            called = ", ".join(self.base.outputs)
            raise TraceError(f"the model never calls its module “{path}”. It calls: {called}")
        count = sum(parameter.numel() for parameter in modules[path].parameters())
        return self.shape(lambda record: record.outputs[path] if path else record.result), count

    def shape(self, probe: Callable[[Record], object]) -> str:
        """Return the shape of the tensor that `probe` finds in a record, with letters for the axes.

        Raises:
            TraceError: `probe` fails, or finds no tensor.
        """
        sizes = _probed(probe, self.base)
        grown = {axis: _probed(probe, record) for axis, record in self.longer.items()}
        if any(len(other) != len(sizes) for other in grown.values()):
            raise TraceError("the number of dimensions depends on the size of the input")
        return _written(
            [
                self._letter(size, {axis: other[index] - size for axis, other in grown.items()})
                for index, size in enumerate(sizes)
            ]
        )

    def _letter(self, size: int, growth: dict[str, int]) -> str:
        """Write one dimension in terms of the axes it grows with."""
        moving = {axis: step for axis, step in growth.items() if step}
        if not moving:
            return str(size)
        if len(moving) == 1:
            ((axis, step),) = moving.items()
            rest = size - step * self.sizes[axis]
            return f"{'' if step == 1 else step}{axis}" + (
                f"{'+' if rest > 0 else '−'}{abs(rest)}" if rest else ""
            )
        product = math.prod(self.sizes[axis] for axis in moving)
        if size % product:
            raise TraceError(f"a dimension of {size} grows with {' and '.join(moving)} in no simple way")
        factor = size // product
        return "·".join([*([] if factor == 1 else [str(factor)]), *moving])


def _run(model: object, arguments: tuple) -> Record:
    import torch

    record = Record(model, arguments, None)
    handles = []

    def watch(path: str) -> Callable:
        def hook(_: object, inputs: tuple, output: object) -> None:
            record.inputs[path] = inputs
            record.outputs[path] = output

        return hook

    for path, module in model.named_modules():
        if path:
            handles.append(module.register_forward_hook(watch(path)))
    try:
        with torch.no_grad():
            record.result = model(*arguments)
    except Exception as error:
        shapes = ", ".join(str(tuple(getattr(entry, "shape", ()))) for entry in arguments)
        raise TraceError(
            f"the model does not run on inputs of shape {shapes}: {type(error).__name__}: {error}"
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    return record


def _probed(probe: Callable[[Record], object], record: Record) -> list[int]:
    try:
        value = probe(record)
    except Exception as error:
        raise TraceError(f"its probe failed: {type(error).__name__}: {error}") from error
    tensor = _first_tensor(value)
    if tensor is None:
        raise TraceError(f"its probe found no tensor but a {type(value).__name__}")
    return list(tensor.shape)


def _first_tensor(value: object) -> object | None:
    if hasattr(value, "shape") and hasattr(value, "tolist"):
        return value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return next((found for entry in value if (found := _first_tensor(entry)) is not None), None)
    return None


def _written(sizes: list[str]) -> str:
    return f"({', '.join(sizes)})" if len(sizes) != 1 else f"({sizes[0]},)"
