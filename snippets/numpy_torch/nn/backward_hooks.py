"""Module.register_full_backward_hook: identity nodes around a module's call that see its gradients pass."""

from ..autograd.graph import Mode, Node
from ..tensor import Tensor, edge_of, tracks, wrap


class BackwardHook(Node):
    """Passes gradients on unchanged; hooks on it see them."""

    __slots__ = ()

    def name(self) -> str:
        return "BackwardHookFunctionBackward"

    def backward(self, grads: list, twice: bool) -> list:
        return grads


def passed_through(tensors: list) -> tuple[list, Node | None]:
    """The same values behind one identity node, or unchanged when nothing requires grad."""
    if not Mode.grad or not any([tracks(t) for t in tensors]):
        return tensors, None
    node = BackwardHook(tuple([edge_of(t) for t in tensors]),
                        tuple([(t._array.shape, t._array.dtype) for t in tensors]))
    out = []
    for number, tensor in enumerate(tensors):
        shown = wrap(tensor._array)
        if shown._array.dtype.kind in "fc":
            shown._node, shown._number = node, number
        out.append(shown)
    return out, node


def call_with_backward_hooks(module, args: tuple, kwargs: dict):
    """Run `module` so that its backward (pre-)hooks are called with grad_input and grad_output."""
    places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
    inputs, before = passed_through([args[i] for i in places])
    args = list(args)
    for place, tensor in zip(places, inputs, strict=True):
        args[place] = tensor
    result = module._call_forward(*args, **kwargs)
    single = isinstance(result, Tensor)
    results = [result] if single else list(result)
    tensors = [r for r in results if isinstance(r, Tensor)]
    shown, after = passed_through(tensors)
    if after is None:
        return result
    arrived = {}

    def on_output(grads):
        for hook in list(module._backward_pre_hooks.values()):
            changed = hook(module, grads)
            if changed is not None:
                grads = changed if isinstance(changed, tuple) else (changed,)
        arrived["output"] = grads
        if before is None:
            run_hooks(tuple([None] * len(places)))
        return grads

    def run_hooks(grads):
        for hook in list(module._backward_hooks.values()):
            changed = hook(module, grads, arrived["output"])
            if changed is not None:
                grads = changed if isinstance(changed, tuple) else (changed,)
        return grads

    after.register_prehook(on_output)
    if before is not None:
        before.register_hook(lambda grad_inputs, grad_outputs: run_hooks(grad_inputs))
    renewed = iter(shown)
    results = [next(renewed) if isinstance(r, Tensor) else r for r in results]
    return results[0] if single else type(result)(results)
