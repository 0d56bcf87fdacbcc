"""Indexing and assignment of every kind, gather, scatter, index_select, index_add, take_along_dim, embedding."""

import numpy as np

from .autograd.graph import Mode
from .dtypes import BOOL, INT64
from .helpers import broadcast_shape, has_overlap, normal_dim
from .ops_copy import COPY, check_expand
from .primitive import Primitive, function, method, public, relabel, scalar_name, version_of
from .tensor import Tensor, tracks, wrap

FULL = slice(None)


def add_at(out: np.ndarray, key: tuple, values: np.ndarray) -> np.ndarray:
    """out[key] += values where repeated indices add up. One index array on the first dim takes a fast path."""
    if len(key) == 1 and key[0].dtype == INT64 and out.flags.c_contiguous and out.size:
        rows = key[0].ravel() % out.shape[0]
        width = out.size // out.shape[0]
        places = (rows[:, None] * width + np.arange(width)).ravel()
        np.add.at(out.reshape(-1), places, np.ascontiguousarray(values).reshape(-1))
    elif len(key) == 1 and key[0].dtype == BOOL:
        out[key] += values
    else:
        np.add.at(out, key, values)
    return out


def _zeros_at(shape, key, grad):
    out = np.zeros(shape, grad.dtype)
    out[key] = grad
    return out


def _put(memory, value, key, accumulate):
    if accumulate:
        np.add.at(memory, key, value)
    else:
        memory[key] = value


def _put_copy(self, value, key, accumulate):
    out = self.copy()
    _put(out, value.astype(out.dtype), key, accumulate)
    return out


def _put_self(grad, key, accumulate):
    if accumulate:
        return grad
    out = grad.copy()
    out[key] = 0
    return out


BASIC = Primitive("slice", lambda self, key: self[key], "self key", view=True, complex=True,
                  self=lambda grad, self_shape, key: _zeros_at(self_shape, key, grad))
INDEX = Primitive("index", lambda self, key: np.ascontiguousarray(self[key]), "self key", complex=True,
                  self=lambda grad, self_shape, key: add_at(np.zeros(self_shape, grad.dtype), key, grad))
INDEX_PUT = Primitive("index_put", _put_copy, "self value key accumulate", write=_put, complex=True, self=_put_self,
                      value=lambda grad, key: grad[key])


def _scatter_add(out, dim, index, src):
    """out[..., index[i, j, …], …] += src[i, j, …] along `dim`; index may be smaller than src."""
    if not out.ndim:
        out[...] = out + src.sum().astype(out.dtype)
        return out
    np.add.at(out, _along(index, dim), src[tuple([slice(n) for n in index.shape])])
    return out


def _along(index, dim):
    """The index tuple that picks along `dim` by `index` and is the identity elsewhere."""
    grid = list(np.ogrid[tuple([slice(n) for n in index.shape])])
    grid[dim] = index
    return tuple(grid)


def _gather(self, dim, index):
    if not index.size:
        return np.empty(index.shape, self.dtype)
    return self[_along(index, dim)] if self.ndim and index.ndim else self.reshape(-1)[index.reshape(-1)].reshape(
        index.shape)


def _gather_back(grad, shape, dim, index):
    out = np.zeros(shape, grad.dtype)
    if not index.size:
        return out
    if not shape or not index.ndim:
        np.add.at(out.reshape(-1), index.reshape(-1), grad.reshape(-1))
        return out
    np.add.at(out, _along(index, dim), grad)
    return out


def _scatter(self, dim, index, src):
    out = self.copy()
    _scatter_into(out, dim, index, src)
    return out


def _scatter_into(memory, dim, index, src):
    if not index.size:
        return
    if not memory.ndim or not index.ndim:
        memory.reshape(-1)[index.reshape(-1)] = src if np.ndim(src) == 0 else src.reshape(-1)[:index.size]
        return
    memory[_along(index, dim)] = src if np.ndim(src) == 0 else src[tuple([slice(n) for n in index.shape])]


def _scatter_self(grad, dim, index):
    out = grad.copy()
    _scatter_into(out, dim, index, 0)
    return out


def _crop_back(grad, shape, dim, index):
    """The gradient of src: only its part under `index` was read."""
    out = np.zeros(shape, grad.dtype)
    out[tuple([slice(n) for n in index.shape])] = _gather(grad, dim, index)
    return out


def _write_scatter_add(memory, dim, index, src):
    if index.size:
        _scatter_add(memory, dim, index, src)


def _copy_then(write):
    def forward(self, *args):
        out = self.copy()
        write(out, *args)
        return out

    return forward


GATHER = Primitive("gather", _gather, "self dim index", complex=True,
                   self=lambda grad, self_shape, dim, index: _gather_back(grad, self_shape, dim, index))
SCATTER = Primitive("scatter", _scatter, "self dim index src", write=_scatter_into, self=_scatter_self,
                    src=lambda grad, src_shape, dim, index: _crop_back(grad, src_shape, dim, index))
SCATTER_ADD = Primitive("scatter_add", _copy_then(_write_scatter_add), "self dim index src", write=_write_scatter_add,
                        self=lambda grad: grad,
                        src=lambda grad, src_shape, dim, index: _crop_back(grad, src_shape, dim, index))


def _rows(dim, index):
    return (FULL,) * dim + (index,)


def _select_back(grad, shape, dim, index):
    out = np.zeros(shape, grad.dtype)
    if not shape:
        return out + grad.sum()
    moved = np.moveaxis(out, dim, 0)
    np.add.at(moved, (index.reshape(-1),), np.moveaxis(grad.reshape(*shape[:dim], -1, *shape[dim + 1:]), dim, 0))
    return out


def _write_index_add(memory, dim, index, source, alpha):
    if not memory.ndim:
        memory[...] = memory + (alpha * source.sum()).astype(memory.dtype)
        return
    np.add.at(np.moveaxis(memory, dim, 0), (index.reshape(-1),),
              np.moveaxis(source.reshape(*memory.shape[:dim], -1, *memory.shape[dim + 1:]) * alpha, dim, 0))


def _write_index_copy(memory, dim, index, source):
    if memory.ndim:
        memory[_rows(dim, index)] = source
    else:
        memory[...] = source.reshape(())


def _write_index_fill(memory, dim, index, value):
    if memory.ndim:
        memory[_rows(dim, index)] = value
    else:
        memory[...] = value


def _taken(grad, dim, index):
    return grad[_rows(dim, index)] if grad.ndim else grad.reshape(1)[index]


def _blanked(grad, dim, index):
    out = grad.copy()
    _write_index_fill(out, dim, index, 0)
    return out


INDEX_SELECT = Primitive("index_select", lambda self, dim, index: np.take(self, index, dim) if self.ndim else
                         self.reshape(1)[index].reshape(()), "self dim index", complex=True,
                         self=lambda grad, self_shape, dim, index: _select_back(grad, self_shape, dim, index))
INDEX_ADD = Primitive("index_add", _copy_then(_write_index_add), "self dim index source alpha",
                      write=_write_index_add, self=lambda grad: grad,
                      source=lambda grad, source_shape, dim, index, alpha: (_taken(grad, dim, index) * alpha).reshape(
                          source_shape))
INDEX_COPY = Primitive("index_copy", _copy_then(_write_index_copy), "self dim index source", write=_write_index_copy,
                       self=_blanked, source=lambda grad, source_shape, dim, index: _taken(grad, dim, index).reshape(
                           source_shape))
INDEX_FILL = Primitive("index_fill", _copy_then(_write_index_fill), "self dim index value", write=_write_index_fill,
                       self=_blanked, value=lambda grad, dim, index: _taken(grad, dim, np.unique(index)).sum())
MASKED_SELECT = Primitive("masked_select", lambda self, mask: self[mask], "self mask", complex=True,
                          self=lambda grad, self_shape, mask: _zeros_at(self_shape, mask, grad))


def _embedding_back(grad, index, shape, padding):
    out = np.zeros(shape, grad.dtype)
    if padding >= 0:
        grad = np.where((index == padding)[..., None], 0, grad)
    return add_at(out, (index,), grad)


EMBEDDING = Primitive("embedding", lambda weight, index, padding: weight[index], "weight index padding",
                      weight=lambda grad, index, weight_shape, padding: _embedding_back(
                          grad, index, weight_shape, padding))


# --- x[key] and x[key] = value ---------------------------------------------------------------------


def _as_index(item):
    """An index tensor as an array, or None if `item` is not one."""
    if isinstance(item, Tensor):
        array = item._array
    elif isinstance(item, list | tuple | range | np.ndarray):
        from .ops_create import array_from

        array = array_from(list(item) if isinstance(item, range) else item, None)
        if not array.size and array.dtype.kind == "f":
            array = array.astype(INT64)
    else:
        return None
    if array.dtype.kind == "f":
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if array.dtype == np.uint8:
        return array.astype(BOOL)
    return array if array.dtype == BOOL else array.astype(INT64)


def parse(key, shape: tuple[int, ...]) -> tuple[tuple, tuple, str]:
    """Split an index into its basic part, its advanced part (both for NumPy) and the basic part's grad_fn name.

    The basic part is applied first, as PyTorch does, so that `x[0, :, rows]` puts the rows where the columns were.
    """
    items = key if type(key) is tuple else (key,)
    consumed = sum([_width(i) for i in items])
    if consumed > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic, advanced, label, dim = [], [], "AliasBackward0", 0
    for item in items:
        if isinstance(item, slice):
            step = _whole(item.step) or 1
            if step < 0:
                raise ValueError("step must be greater than zero")
            if item.step is not None and _whole(item.step) == 0:
                raise ValueError("slice step must be positive")
            own = slice(_whole(item.start), _whole(item.stop), step)
            if own.indices(shape[dim]) == (0, shape[dim], 1):
                own = FULL
            if own is not FULL or key is item:
                label = "SliceBackward0"
            basic.append(own)
            advanced.append(FULL)
            dim += 1
        elif item is None:
            basic.append(None)
            advanced.append(FULL)
            label = "UnsqueezeBackward0"
        elif item is Ellipsis:
            skipped = len(shape) - consumed
            basic.extend([FULL] * skipped)
            advanced.extend([FULL] * skipped)
            dim += skipped
        elif isinstance(item, bool | np.bool_):
            basic.append(None)
            advanced.append(np.array([bool(item)]))
            label = "UnsqueezeBackward0"
        elif isinstance(item, int | np.integer) or (
                isinstance(item, Tensor) and not item._array.ndim and item._array.dtype.kind in "iu"
                and item._array.dtype != np.uint8):
            index, n = int(item), shape[dim]
            if not -n <= index < n:
                raise IndexError(f"index {index} is out of bounds for dimension {dim} with size {n}")
            basic.append(index)
            label = "SelectBackward0"
            dim += 1
        else:
            array = _as_index(item)
            if isinstance(item, str):
                raise TypeError("new(): invalid data type 'str'")
            if array is None:
                raise IndexError(
                    "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
                    f"(got {type(item).__name__})")
            if array.dtype == BOOL:
                if not array.ndim:
                    basic.append(None)
                    advanced.append(array.reshape(1))
                    label = "UnsqueezeBackward0"
                    continue
                for d in range(array.ndim):
                    if array.shape[d] != shape[dim + d]:
                        raise IndexError(
                            f"The shape of the mask {list(array.shape)} at index {d} does not match the shape of the "
                            f"indexed tensor {list(shape)} at index {dim + d}")
                basic.extend([FULL] * array.ndim)
            else:
                basic.append(FULL)
            dim += max(1, array.ndim) if array.dtype == BOOL else 1
            advanced.append(array)
    if all([a is FULL or type(a) is slice for a in advanced]):
        advanced = []
    while advanced and type(advanced[-1]) is slice:
        advanced.pop()
    if all([type(b) is slice and b == FULL for b in basic]):
        basic = basic if not advanced else []
    # a trailing ellipsis keeps a fully indexed result an array that shares memory
    return (*basic, Ellipsis) if basic or not advanced else (), tuple(advanced), label


def _width(item) -> int:
    """How many dimensions of the tensor an index item uses up."""
    if item is None or item is Ellipsis or isinstance(item, bool | np.bool_):
        return 0
    if isinstance(item, Tensor) and item._array.dtype in (np.bool_, np.uint8):
        return item._array.ndim
    if isinstance(item, np.ndarray | list):
        array = np.asarray(item) if not _holds_tensors(item) else None
        return array.ndim if array is not None and array.dtype == bool else 1
    return 1


def _holds_tensors(item) -> bool:
    return isinstance(item, list) and any([isinstance(i, Tensor) for i in item])


def _whole(value):
    return None if value is None else value.__index__()


def _checked(fn, array, key):
    """Run an advanced index, with PyTorch's words for what NumPy refuses."""
    try:
        return fn()
    except IndexError as error:
        text = str(error)
        if "could not be broadcast" in text:
            shapes = ", ".join([str(list(k.shape)) for k in key if isinstance(k, np.ndarray)])
            raise IndexError(
                f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}") from None
        raise IndexError(text.replace("for axis", "for dimension")) from None


@method
def __getitem__(self, key):  # noqa: N807
    basic, advanced, label = parse(key, self._array.shape)
    out = self
    if basic:
        out = BASIC(out, basic)
        if out._node is not None:
            out._node.label = label
    if advanced:
        out = _checked(lambda: INDEX(out, advanced), out._array, advanced)
    return out


@method
def __setitem__(self, key, value):  # noqa: N807
    basic, advanced, _ = parse(key, self._array.shape)
    if not isinstance(value, Tensor):
        value = wrap(np.asarray(value, self._array.dtype))
    recorded = Mode.grad and (tracks(self) or tracks(value))
    if not recorded and not has_overlap(self._array):
        shown = self._array[basic] if basic else self._array
        _assign(shown, advanced, value._array)
        version_of(self).count += 1
        return
    target = BASIC(self, basic) if basic else self
    if not advanced:
        extra = value._array.ndim - target._array.ndim
        if extra > 0 and all([n == 1 for n in value._array.shape[:extra]]):
            value = value.reshape(value._array.shape[extra:])
        check_expand(value._array.shape, target._array.shape)
        COPY.inplace(target, value)
        return
    shape = _checked(lambda: target._array[advanced].shape, target._array, advanced)
    _check_value(value._array.shape, shape)
    INDEX_PUT.inplace(target, value.to(self.dtype), advanced, False)


def _check_value(shape, target):
    lead = len(shape) - len(target)
    if lead > 0 and all([n == 1 for n in shape[:lead]]):
        shape = shape[lead:]
    try:
        fits = broadcast_shape(shape, target) == tuple(target)
    except RuntimeError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(shape)} cannot be broadcast to indexing result of shape "
            f"{list(target)}")


def _assign(shown: np.ndarray, advanced: tuple, value: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        if not advanced:
            extra = value.ndim - shown.ndim
            if extra > 0 and all([n == 1 for n in value.shape[:extra]]):
                value = value.reshape(value.shape[extra:])
            check_expand(value.shape, shown.shape)
            shown[...] = value
            return
        try:
            _checked(lambda: shown.__setitem__(advanced, value), shown, advanced)
        except ValueError:
            _check_value(value.shape, shown[advanced].shape)
            raise


@method
def __contains__(self, element):  # noqa: N807
    return bool((self._array == (element._array if isinstance(element, Tensor) else element)).any())


@method
def index_put_(self, indices, values, accumulate: bool = False):
    key = tuple([FULL if i is None else _as_index(i) for i in indices])
    return INDEX_PUT.inplace(self, values, key, accumulate)


@public
def index_put(input, indices, values, accumulate: bool = False):
    key = tuple([FULL if i is None else _as_index(i) for i in indices])
    return INDEX_PUT(input, values, key, accumulate)


# --- by index tensors ------------------------------------------------------------------------------


def _index_dtype(index, name: str):
    if index._array.dtype.kind != "i" or index._array.dtype.itemsize < 4:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")


def _bounds(index, n: int, message: str):
    if index._array.size:
        low, high = index._array.min(), index._array.max()
        if low < 0 or high >= n:
            raise IndexError(message) if "{" not in message else RuntimeError(
                message.format(low if low < 0 else high, n))


@public
def gather(input, dim: int, index, *, sparse_grad: bool = False):
    dim = normal_dim(dim, input._array.ndim)
    if index._array.size:
        _index_dtype(index, "gather")
    own, wanted = input._array.shape or (1,), index._array.shape or (1,)
    if not index._array.size:
        own = wanted
    if len(own) != len(wanted):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for d, (have, want) in enumerate(zip(own, wanted, strict=True)):
        if d != dim and want > have:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(index._array.shape)} to be no larger than "
                f"self {list(input._array.shape)} apart from dimension {dim}")
    _bounds(index, own[dim], f"index {{}} is out of bounds for dimension {dim} with size {{}}")
    return GATHER(input, dim, _long(index))


def _long(index):
    return index if index._array.dtype == INT64 else wrap(index._array.astype(INT64))


def _scatter_checks(self, dim, index, src, name: str):
    dim = normal_dim(dim, self._array.ndim)
    _index_dtype(index, name)
    if not index._array.size:
        return dim
    own, wanted = self._array.shape or (1,), index._array.shape or (1,)
    if len(own) != len(wanted):
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    if isinstance(src, Tensor):
        given = src._array.shape or (1,)
        if len(given) != len(wanted):
            raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
        if src._array.dtype != self._array.dtype:
            raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
        if any([w > g for w, g in zip(wanted, given, strict=True)]):
            raise RuntimeError(f"Expected index {list(wanted)} to be no larger than self {list(own)} apart from "
                               f"dimension {dim} and to be no larger size than src {list(given)}")
    for d, (have, want) in enumerate(zip(own, wanted, strict=True)):
        if d != dim and want > have:
            raise RuntimeError(f"Expected index {list(wanted)} to be no larger than self {list(own)} apart from "
                               f"dimension {dim}")
    _bounds(index, own[dim], f"index {{}} is out of bounds for dimension {dim} with size {{}}")
    return dim


def _scatter_row(value):
    return "ScatterBackward0" if isinstance(value, Tensor) else "ScatterBackward1"


def _no_reduce(reduce):
    if reduce is not None:
        from .absent import refuse

        raise refuse(f"torch.scatter(reduce={reduce!r})", "nearest in the page: torch.scatter_add")


@public
def scatter(input, dim: int, index, src=None, *, value=None, reduce=None):
    _no_reduce(reduce)
    src = value if src is None else src
    dim = _scatter_checks(input, dim, index, src, "scatter")
    return relabel(SCATTER(input, dim, _long(index), src), _scatter_row(src))


@method
def scatter_(self, dim: int, index, src=None, *, value=None, reduce=None):
    _no_reduce(reduce)
    src = value if src is None else src
    dim = _scatter_checks(self, dim, index, src, "scatter")
    out = SCATTER.inplace(self, dim, _long(index), src)
    return relabel(out, _scatter_row(src)) if out._base is None else out


@public
def scatter_add(input, dim: int, index, src):
    dim = _scatter_checks(input, dim, index, src, "scatter")
    return SCATTER_ADD(input, dim, _long(index), src)


@method
def scatter_add_(self, dim: int, index, src):
    dim = _scatter_checks(self, dim, index, src, "scatter")
    return SCATTER_ADD.inplace(self, dim, _long(index), src)


def _vector_index(input, dim, index, name: str):
    dim = normal_dim(dim, input._array.ndim)
    if index._array.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector")
    if index._array.dtype.kind != "i" or index._array.dtype.itemsize < 4:
        raise RuntimeError(f"{name}(): Expected dtype int32 or int64 for index")
    n = input._array.shape[dim] if input._array.ndim else 1
    if index._array.size and (index._array.min() < 0 or index._array.max() >= n):
        raise IndexError("index out of range in self")
    return dim, wrap(index._array.astype(INT64).reshape(-1))


@public
def index_select(input, dim: int, index):
    dim, index = _vector_index(input, dim, index, "index_select")
    if not input._array.ndim and index._array.size != 1:
        raise RuntimeError("index_select(): Index to scalar can have only 1 value, got "
                           f"{index._array.size} value(s)")
    return INDEX_SELECT(input, dim, index)


def _check_source(self, dim, source):
    own, given = list(self._array.shape), list(source._array.shape)
    if max(len(own), len(given)) > 1 and (
            own[:dim] + own[dim + 1:] != given[:dim] + given[dim + 1:] or len(own) != len(given)):
        raise RuntimeError("source tensor shape must match self tensor shape, excluding the specified dimension. "
                           f"Got self.shape = {own} source.shape = {given}")


@public
def index_add(input, dim: int, index, source, *, alpha=1):
    dim, index = _vector_index(input, dim, index, "index_add")
    _check_source(input, dim, source)
    return INDEX_ADD(input, dim, index, source, alpha)


@method
def index_add_(self, dim: int, index, source, *, alpha=1):
    dim, index = _vector_index(self, dim, index, "index_add")
    _check_source(self, dim, source)
    return INDEX_ADD.inplace(self, dim, index, source, alpha)


@public
def index_copy(input, dim: int, index, source):
    dim, index = _vector_index(input, dim, index, "index_copy")
    return INDEX_COPY(input, dim, index, source)


@method
def index_copy_(self, dim: int, index, source):
    dim, index = _vector_index(self, dim, index, "index_copy")
    return INDEX_COPY.inplace(self, dim, index, source)


@public
def index_fill(input, dim: int, index, value):
    dim, index = _vector_index(input, dim, index, "index_fill")
    return relabel(INDEX_FILL(input, dim, index, value),
                   "IndexFillBackward1" if isinstance(value, Tensor) else "IndexFillBackward0")


@method
def index_fill_(self, dim: int, index, value):
    dim, index = _vector_index(self, dim, index, "index_fill")
    return INDEX_FILL.inplace(self, dim, index, value)


@public
def masked_select(input, mask):
    if mask._array.dtype != BOOL:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    shape = broadcast_shape(input._array.shape, mask._array.shape)
    return MASKED_SELECT(input if shape == input._array.shape else input.expand(shape),
                         wrap(np.broadcast_to(mask._array, shape)))


@public
def take_along_dim(input, indices, dim: int | None = None):
    if indices._array.dtype != INT64:
        raise RuntimeError("torch.take_along_dim(): dtype of indices should be Long but got "
                           f"{scalar_name(indices._array.dtype)}")
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    dim = normal_dim(dim, input._array.ndim)
    own, want = list(input._array.shape), list(indices._array.shape)
    if len(own) != len(want):
        raise RuntimeError("torch.take_along_dim(): input and indices should have the same number of dimensions, but "
                           f"got {len(own)} dimensions for input, and {len(want)} dimensions for indices")
    n = own[dim] if own else 1
    indices = wrap(np.where(indices._array < 0, indices._array + n, indices._array))
    left, right = own.copy(), want.copy()
    left[dim] = right[dim] = 1
    shape = broadcast_shape(tuple(left), tuple(right))
    source = [own[dim] if d == dim else n for d, n in enumerate(shape)]
    index = [want[dim] if d == dim else n for d, n in enumerate(shape)]
    return gather(input.expand(*source), dim, indices.expand(*index))


@public
def take(input, index):
    """Elements of the flattened input."""
    if index._array.dtype != INT64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {scalar_name(index._array.dtype)}")
    if index._array.size and not input._array.size:
        raise IndexError("take(): tried to take from an empty tensor")
    return _checked(lambda: TAKE(input, index), input._array, (index._array,))


TAKE = Primitive("take", lambda self, index: self.reshape(-1)[index], "self index", complex=True,
                 self=lambda grad, self_shape, index: add_at(np.zeros(self_shape, grad.dtype).reshape(-1), (index,),
                                                             grad).reshape(self_shape))


@public
def nonzero(input, *, as_tuple: bool = False):
    if as_tuple:
        array = input._array if input._array.ndim else input._array.reshape(1)
        return tuple([wrap(i.astype(INT64)) for i in np.nonzero(array)])
    found = np.argwhere(input._array).astype(INT64)
    return wrap(found)


@public
def argwhere(input):
    return nonzero(input)


@function
def embedding(weight, indices, padding_idx: int = -1):
    if weight._array.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    if indices._array.dtype.kind != "i" or indices._array.dtype.itemsize < 4:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{scalar_name(indices._array.dtype)}Tensor instead (while checking arguments for embedding)")
    if indices._array.size and (indices._array.min() < 0 or indices._array.max() >= weight._array.shape[0]):
        raise IndexError("index out of range in self")
    return EMBEDDING(weight, _long(indices), padding_idx)


