"""Backward: visit the recorded nodes from the youngest to the oldest and add up gradients, without recursion."""

import heapq

import numpy as np

from ..dtypes import FROM_NUMPY
from ..helpers import expandable, sum_to
from ..tensor import Tensor, wrap
from .graph import Mode, Node

LEAF = -(1 << 62)  # leaves are served before every node, as soon as their gradient is complete


def run(roots: list, grads: list, *, retain_graph: bool, create_graph: bool, accumulate: bool,
        wanted: list | None = None) -> dict:
    """Send `grads` (arrays; tensors with `create_graph`) backward from the edges `roots`.

    Args:
        accumulate: add leaf gradients into `.grad` (of the leaves in `wanted` only, if given).
        wanted: edges whose gradients are returned or accumulated; only what leads to them is visited.

    Returns:
        {(id of target, output number): gradient} for the edges in `wanted`.
    """
    waiting, useful = survey(roots, wanted)
    buffers: dict = {}
    for edge, grad in zip(roots, grads, strict=True):
        if useful is None or id(edge[0]) in useful:
            deposit(buffers, edge, grad)
    captured: dict = {}
    keys = None if wanted is None else {(id(t), n) for t, n in wanted}
    ready = [entry(target) for target in {id(t): t for t, _ in roots}.values()
             if waiting.get(id(target), 0) == 0 and (useful is None or id(target) in useful)]
    heapq.heapify(ready)
    before, Mode.grad = Mode.grad, create_graph
    try:
        with np.errstate(all="ignore"):
            visit_all(ready, waiting, buffers, useful, keys, captured, retain_graph, create_graph, accumulate)
    finally:
        Mode.grad = before
    return captured


def visit_all(ready, waiting, buffers, useful, keys, captured, retain_graph, create_graph, accumulate) -> None:
    """Visit targets until none is left: whatever has all its gradients is ready, the youngest first."""
    while ready:
        _, _, target = heapq.heappop(ready)
        arrived = buffers.pop(id(target), None)
        if isinstance(target, Tensor):
            visit_leaf(target, arrived, keys, captured, accumulate, create_graph)
            continue
        results = visit_node(target, arrived, keys, captured, create_graph, useful)
        if not retain_graph:
            target.release()
        for position, edge in enumerate(target.edges):
            if edge is None:
                continue
            following = edge[0]
            if useful is not None and id(following) not in useful:
                continue
            grad = results[position] if results is not None else None
            if grad is not None:
                deposit(buffers, edge, fitted(grad, edge, target, position))
            waiting[id(following)] -= 1
            if not waiting[id(following)]:
                heapq.heappush(ready, entry(following))


def entry(target) -> tuple:
    return (LEAF, id(target), target) if isinstance(target, Tensor) else (-target.sequence, id(target), target)


def survey(roots: list, wanted: list | None) -> tuple[dict, set | None]:
    """How many gradients each target waits for, and, with `wanted`, which targets lead to one."""
    waiting: dict = {}
    order, seen = [], set()
    stack = [t for t, _ in roots]
    while stack:
        target = stack.pop()
        if id(target) in seen:
            continue
        seen.add(id(target))
        order.append(target)
        if isinstance(target, Node):
            for edge in target.edges:
                if edge is not None:
                    waiting[id(edge[0])] = waiting.get(id(edge[0]), 0) + 1
                    stack.append(edge[0])
    if wanted is None:
        return waiting, None
    useful = {id(t) for t, _ in wanted} & seen
    nodes = sorted((t for t in order if isinstance(t, Node)), key=lambda n: n.sequence)
    for node in nodes:  # a node is always younger than what its edges point to
        if any([e is not None and id(e[0]) in useful for e in node.edges]):
            useful.add(id(node))
    waiting = {}
    for node in nodes:
        if id(node) in useful:
            for edge in node.edges:
                if edge is not None and id(edge[0]) in useful:
                    waiting[id(edge[0])] = waiting.get(id(edge[0]), 0) + 1
    return waiting, useful


def deposit(buffers: dict, edge: tuple, grad) -> None:
    """Add `grad` to what already arrived for one output of a target. Buffers are never written in place."""
    slots = buffers.setdefault(id(edge[0]), {})
    present = slots.get(edge[1])
    slots[edge[1]] = grad if present is None else present + grad


def fitted(grad, edge: tuple, source: Node, position: int):
    """`grad` in the shape and dtype of the tensor it belongs to."""
    target, number = edge
    shape, kind = ((target._array.shape, target._array.dtype) if isinstance(target, Tensor)
                   else target.metadata[number])
    traced = isinstance(grad, Tensor)
    if not traced and type(grad) is not np.ndarray:
        grad = np.asarray(grad)
    if tuple(grad.shape) != shape:
        if not expandable(shape, tuple(grad.shape)):
            raise RuntimeError(
                f"Function {source.name()} returned an invalid gradient at index {position} - got "
                f"{list(grad.shape)} but expected shape compatible with {list(shape)}")
        grad = grad.sum_to_size(shape) if traced else sum_to(grad, shape)
    if traced:
        return grad if grad._array.dtype == kind else grad.to(FROM_NUMPY[kind])
    if grad.dtype != kind:
        if grad.dtype.kind == "c" and kind.kind != "c":
            grad = grad.real
        grad = grad.astype(kind)
    return grad


def visit_node(node: Node, arrived: dict | None, keys, captured: dict, create_graph: bool, useful):
    """Run one node; returns the gradients for its edges, or None when nothing arrived."""
    outputs = len(node.metadata)
    grads = [None] * outputs if arrived is None else [arrived.get(n) for n in range(outputs)]
    if node.prehooks:
        shown = tuple([as_tensor(g) for g in grads])
        for hook in list(node.prehooks.values()):
            new = hook(shown)
            if new is not None:
                shown = new if isinstance(new, tuple) else (new,)
        grads = [None if g is None else g if create_graph else g._array for g in shown]
    if node.retained:
        for number, tensor in node.retained.items():
            if grads[number] is not None:
                accumulate_into(tensor, grads[number], create_graph)
    leads_on = True
    if keys is not None:
        for number in range(outputs):
            if (id(node), number) in keys and grads[number] is not None:
                captured[id(node), number] = grads[number]
        leads_on = any([e is not None and id(e[0]) in useful for e in node.edges])
    if not leads_on or all([g is None for g in grads]):
        return None
    results = node.backward(grads, create_graph)
    if node.hooks:
        shown = tuple([as_tensor(g) for g in results])
        given = tuple([as_tensor(g) for g in grads])
        for hook in list(node.hooks.values()):
            new = hook(shown, given)
            if new is not None:
                shown = new if isinstance(new, tuple) else (new,)
        results = [None if g is None else g if create_graph else g._array for g in shown]
    return results


def visit_leaf(leaf: Tensor, arrived: dict | None, keys, captured: dict, accumulate: bool, create_graph: bool):
    if arrived is None:
        return
    grad = arrived[0]
    if leaf._hooks:
        shown = as_tensor(grad)
        for hook in list(leaf._hooks.values()):
            new = hook(shown)
            if new is not None:
                shown = new
        grad = shown if create_graph else shown._array
    if keys is not None and (id(leaf), 0) in keys:
        captured[id(leaf), 0] = grad
    if accumulate and (keys is None or (id(leaf), 0) in keys):
        accumulate_into(leaf, grad, create_graph)
        for hook in list(leaf.__dict__.get("_after_hooks", {}).values()):
            hook(leaf)


def accumulate_into(tensor: Tensor, grad, create_graph: bool) -> None:
    """Add to `.grad`; the first gradient is copied, so that no two tensors share a buffer."""
    if create_graph:
        tensor._grad = grad.clone() if tensor._grad is None else tensor._grad + grad
        return
    present = tensor._grad
    if present is None:
        own = np.empty_like(tensor._array, subok=False)
        own[...] = grad
        tensor._grad = wrap(own)
    elif present._node is None and not present._requires_grad:
        present._array += grad
        if present._writes is not None:
            present._writes.count += 1
    else:
        tensor._grad = wrap(present._array + grad)


def as_tensor(grad):
    if grad is None or isinstance(grad, Tensor):
        return grad
    return wrap(grad if grad.flags.writeable else grad.copy())
