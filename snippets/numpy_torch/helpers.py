"""Small shape rules used by every family of ops: dimension numbers, broadcasting, sizes given as arguments."""

import numpy as np


def normal_dim(dim: int, ndim: int) -> int:
    """A dimension number counted from the front. Raises IndexError outside [-ndim, ndim)."""
    bound = ndim or 1
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})"
        )
    return dim + bound if dim < 0 else dim


def normal_dims(dims, ndim: int) -> tuple[int, ...]:
    """A tuple of distinct dimension numbers; an int, None (all) or any sequence goes in."""
    if dims is None:
        return tuple(range(ndim))
    if isinstance(dims, int | np.integer):
        return (normal_dim(dims, ndim),)
    out = tuple(normal_dim(d, ndim) for d in dims)
    if len(set(out)) != len(out):
        twice = next(d for d in out if out.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return out


def sizes_of(args: tuple) -> tuple[int, ...]:
    """`f(2, 3)`, `f((2, 3))` and `f(torch.Size([2, 3]))` all mean (2, 3)."""
    if len(args) == 1 and isinstance(args[0], tuple | list):
        args = args[0]
    return tuple([n if type(n) is int else n.__index__() for n in args])


def infer_size(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Replace the one -1 of `shape` so that it holds `count` elements. Raises RuntimeError if it cannot."""
    shape = tuple(shape)
    known, unknown = 1, None
    for position, n in enumerate(shape):
        if n == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = position
        elif n < 0:
            raise RuntimeError(f"invalid shape dimension {n} at index {position} of shape {list(shape)}")
        else:
            known *= n
    if unknown is None:
        if known != count:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")
        return shape
    if known == 0 and count == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension "
            "size -1 can be any value and is ambiguous"
        )
    if known == 0 or count % known:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")
    return (*shape[:unknown], count // known, *shape[unknown + 1:])


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape all `shapes` expand to. Raises RuntimeError naming the first dimension that does not fit."""
    result: tuple[int, ...] = ()
    for shape in shapes:
        n = max(len(result), len(shape))
        a = (1,) * (n - len(result)) + tuple(result)
        b = (1,) * (n - len(shape)) + tuple(shape)
        for d in range(n - 1, -1, -1):
            if a[d] != b[d] and a[d] != 1 and b[d] != 1:
                raise RuntimeError(
                    f"The size of tensor a ({a[d]}) must match the size of tensor b ({b[d]}) at non-singleton "
                    f"dimension {d}"
                )
        result = tuple([y if x == 1 else x for x, y in zip(a, b, strict=True)])
    return result


def sum_to(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Undo broadcasting: sum `array` over the dimensions that expanding `shape` had repeated."""
    extra = array.ndim - len(shape)
    axes = tuple([d for d in range(array.ndim) if d < extra or (shape[d - extra] == 1 and array.shape[d] != 1)])
    if axes:
        array = array.sum(axis=axes, keepdims=True)
    return array.reshape(shape)


def expandable(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether `shape` broadcasts to exactly `target`."""
    extra = len(target) - len(shape)
    return extra >= 0 and all([a in (1, b) for a, b in zip(shape, target[extra:], strict=True)])


def spread(grad: np.ndarray, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> np.ndarray:
    """The gradient of a sum: `grad` of the reduced shape, repeated over the reduced `dims` of `shape`."""
    if not keepdim and shape:
        grad = np.expand_dims(grad, dims)
    return np.broadcast_to(grad, shape)


def unreduced(array: np.ndarray, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> np.ndarray:
    """`array` of the reduced shape with the reduced `dims` put back as size 1, ready to broadcast."""
    return array if keepdim or not shape else np.expand_dims(array, dims)


def torch_strides(array: np.ndarray) -> tuple[int, ...]:
    """Strides counted in elements. For empty and contiguous arrays NumPy's own are not PyTorch's."""
    if array.size == 0 or (array.flags.c_contiguous and array.ndim):
        strides, step = [], 1
        for n in reversed(array.shape):
            strides.append(step)
            step *= n or 1
        if array.size == 0 or 1 not in array.shape:
            return tuple(reversed(strides))
    size = array.itemsize
    return tuple([s // size for s in array.strides])


def has_overlap(array: np.ndarray) -> bool:
    """Whether two indices name the same memory through a zero stride, as `expand` makes them."""
    return 0 in array.strides and array.size > 0 and any(
        [s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)])
