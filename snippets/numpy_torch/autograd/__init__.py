"""torch.autograd: backward, grad, custom Functions and the modes."""

import numpy as np

from ..tensor import Tensor, edge_of, tracks, wrap
from . import engine
from .function import Function
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

__all__ = ["Function", "backward", "enable_grad", "grad", "inference_mode", "is_grad_enabled",
           "is_inference_mode_enabled", "no_grad", "set_grad_enabled"]


def as_tuple(value) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def prepared(outputs: tuple, gradients, create_graph: bool) -> tuple[list, list]:
    """Edges to start from and the gradients to send; scalars start with 1."""
    gradients = (None,) * len(outputs) if gradients is None else as_tuple(gradients)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    edges, values = [], []
    for number, (output, given) in enumerate(zip(outputs, gradients, strict=True)):
        if not tracks(output):
            if given is None and output._array.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs"
                                   if any([tracks(o) for o in outputs]) else
                                   f"element {number} of tensors does not require grad and does not have a grad_fn")
            raise RuntimeError(
                f"element {number} of tensors does not require grad and does not have a grad_fn")
        if given is None:
            if output._array.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            given = wrap(np.ones_like(output._array))
        elif given._array.shape != output._array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{number}] has a shape of {given.shape} and output[{number}] has a "
                f"shape of {output.shape}.")
        edges.append(edge_of(output))
        values.append(given if create_graph else given._array)
    return edges, values


def backward(tensors, grad_tensors=None, retain_graph: bool | None = None, create_graph: bool = False,
             grad_variables=None, inputs=None) -> None:
    """Accumulate gradients of `tensors` into the `.grad` of the leaves (of `inputs` only, if given)."""
    wanted = None
    if inputs is not None:
        inputs = as_tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        wanted = [edge_of(t) for t in inputs]
        if None in wanted:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    edges, values = prepared(as_tuple(tensors), grad_tensors, create_graph)
    captured = engine.run(edges, values, retain_graph=create_graph if retain_graph is None else retain_graph,
                          create_graph=create_graph, accumulate=True, wanted=wanted)
    for tensor in inputs or ():
        edge = edge_of(tensor)
        if edge[0] is not tensor and (id(edge[0]), edge[1]) in captured:
            engine.accumulate_into(tensor, captured[id(edge[0]), edge[1]], create_graph)


def grad(outputs, inputs, grad_outputs=None, retain_graph: bool | None = None, create_graph: bool = False,
         allow_unused: bool | None = None, is_grads_batched: bool = False,
         materialize_grads: bool = False) -> tuple:
    """The gradients of `outputs` with respect to `inputs`, without touching any `.grad`."""
    if is_grads_batched:
        raise NotImplementedError("torch.autograd.grad(is_grads_batched=True) is not in the page; loop over the rows")
    inputs = as_tuple(inputs)
    wanted = [edge_of(t) for t in inputs]
    if None in wanted:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    edges, values = prepared(as_tuple(outputs), grad_outputs, create_graph)
    captured = engine.run(edges, values, retain_graph=create_graph if retain_graph is None else retain_graph,
                          create_graph=create_graph, accumulate=False, wanted=wanted)
    results = []
    for position, (tensor, edge) in enumerate(zip(inputs, wanted, strict=True)):
        found = captured.get((id(edge[0]), edge[1]))
        if found is None:
            if materialize_grads:
                found = np.zeros_like(tensor._array)
            elif not allow_unused:
                raise RuntimeError(
                    f"The differentiated Tensor at index {position} appears to not have been used in the graph. Set "
                    "allow_unused=True if this is the desired behavior.")
        if found is None or isinstance(found, Tensor):
            results.append(found)
        else:
            results.append(wrap(found if found.flags.writeable and found.base is None else found.copy()))
    return tuple(results)


def __getattr__(name: str):
    from ..absent import module_attribute

    return module_attribute(__name__, name, {"functional": "autograd.functional"})


