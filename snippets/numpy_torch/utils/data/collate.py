"""From a list of samples to one batch: tensors are stacked, containers are kept."""

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence

import numpy as np

from ...dtypes import float64
from ...ops_create import as_tensor, tensor
from ...ops_shape import stack
from ...tensor import Tensor


def _no_tensor(array: np.ndarray) -> bool:
    return array.dtype.kind in "SUO"


def _rebuilt(container, items):
    """A container like `container` with other items (a dict or a list); a plain one if that is not possible."""
    try:
        if isinstance(container, MutableMapping):
            made = copy.copy(container)
            made.update(items)
        elif isinstance(container, MutableSequence):
            made = copy.copy(container)
            for position, item in enumerate(items):
                made[position] = item
        else:
            made = type(container)(items)
        return made
    except TypeError:
        return items


def default_convert(data):
    """NumPy arrays and numbers become tensors, at any depth; the rest stays."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, np.ndarray | np.generic) and not isinstance(data, np.str_):
        return data if isinstance(data, np.ndarray) and _no_tensor(data) else as_tensor(data)
    if isinstance(data, Mapping):
        return _rebuilt(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        items = [default_convert(item) for item in data]
        return type(data)(*items) if hasattr(data, "_fields") else items
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _rebuilt(data, [default_convert(item) for item in data])
    return data


def _collate_error(kind) -> TypeError:
    return TypeError("default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
                     f"{kind}")


def default_collate(batch: list):
    """Stack tensors, make tensors of numbers, and do so inside tuples, lists and dicts. Raises TypeError otherwise."""
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(list(batch), 0)
    if isinstance(first, np.ndarray):
        if _no_tensor(first):
            raise _collate_error(first.dtype)
        return stack([as_tensor(b) for b in batch], 0)
    if isinstance(first, float) and not isinstance(first, np.generic):
        return tensor(list(batch), dtype=float64)
    if isinstance(first, np.bool_ | np.number):
        return as_tensor(np.array(batch))
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _rebuilt(first, {key: default_collate([b[key] for b in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*[default_collate(items) for items in zip(*batch, strict=False)])
    if isinstance(first, Sequence):
        if any([len(b) != len(first) for b in batch]):
            raise RuntimeError("each element in list of batch should be of equal size")
        items = [default_collate(samples) for samples in zip(*batch, strict=True)]
        return items if isinstance(first, tuple) else _rebuilt(first, items)
    raise _collate_error(type(first))
