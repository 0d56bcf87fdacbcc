"""The Tensor: a NumPy array with PyTorch's view, version and gradient bookkeeping.

`_array` holds the numbers; views of one another are NumPy views, so memory is shared as in PyTorch. Everything
else has a class-level default, so that a plain tensor costs one small object. The ops_*.py files attach the
mathematics as methods.
"""

import numpy as np

from .autograd.graph import AsStridedBackward0, Handle, Mode, Node, Version
from .dtypes import CPU, FROM_NUMPY, Size, dtype, from_numpy_dtype, strided
from .helpers import torch_strides


class TensorType(type):
    """Lets `isinstance(x, Tensor)` work as usual and unknown attributes of the class raise what they should."""

    def __getattr__(cls, name: str):
        from .absent import missing_attribute
        from .later import load

        if load(name) and name in Tensor.__dict__:
            return getattr(cls, name)

        raise missing_attribute("Tensor", name, cls)


class Tensor(metaclass=TensorType):
    """A multi-dimensional array of one dtype, with an optional history for backward."""

    _array: np.ndarray
    _writes: Version | None = None
    _requires_grad = False
    _grad = None
    _node: Node | None = None
    _number = 0
    _base = None
    _chain = None
    _chain_version = 0
    _base_array = None
    _creation = None
    _hooks = None
    _inference = False
    __array_priority__ = 1000

    def __new__(cls, *data):
        from .ops_create import legacy_tensor

        made = legacy_tensor(*data)
        if cls is Tensor:
            return made
        made.__class__ = cls
        return made

    def __getattr__(self, name: str):
        from .absent import missing_attribute
        from .later import load

        if load(name) and name in Tensor.__dict__:
            return object.__getattribute__(self, name)
        raise missing_attribute("Tensor", name, self)

    # --- what it is ---

    @property
    def dtype(self) -> dtype:
        return FROM_NUMPY[self._array.dtype]

    @property
    def shape(self) -> Size:
        return Size(self._array.shape)

    def size(self, dim: int | None = None):
        if dim is None:
            return Size(self._array.shape)
        from .helpers import normal_dim

        return self._array.shape[normal_dim(dim, self._array.ndim)]

    @property
    def ndim(self) -> int:
        return self._array.ndim

    def dim(self) -> int:
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        return self._array.size

    nelement = numel

    def element_size(self) -> int:
        return self._array.itemsize

    @property
    def itemsize(self) -> int:
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        return self._array.nbytes

    def stride(self, dim: int | None = None):
        strides = torch_strides(self._array)
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        return (self.data_ptr() - address(owner(self._array))) // self._array.itemsize

    def data_ptr(self) -> int:
        return address(self._array) if self._array.size else 0

    def is_contiguous(self, memory_format=None) -> bool:
        return bool(self._array.flags.c_contiguous)

    device = property(lambda self: CPU)
    layout = property(lambda self: strided)
    is_cuda = property(lambda self: False)
    is_mps = property(lambda self: False)
    is_cpu = property(lambda self: True)
    is_sparse = property(lambda self: False)
    is_quantized = property(lambda self: False)
    is_meta = property(lambda self: False)
    is_nested = property(lambda self: False)

    def get_device(self) -> int:
        return -1

    def is_floating_point(self) -> bool:
        return self._array.dtype.kind == "f"

    def is_complex(self) -> bool:
        return self._array.dtype.kind == "c"

    def is_signed(self) -> bool:
        return self.dtype.is_signed

    def is_inference(self) -> bool:
        return self._inference

    # --- parts of complex numbers ---

    @property
    def real(self) -> "Tensor":
        from .ops_complex import real

        return real(self)

    @real.setter
    def real(self, value) -> None:
        self.real.copy_(value)

    @property
    def imag(self) -> "Tensor":
        from .ops_complex import imag

        return imag(self)

    @imag.setter
    def imag(self, value) -> None:
        self.imag.copy_(value)

    # --- memory ---

    def new_version(self) -> Version:
        self._writes = Version()
        return self._writes

    @property
    def _version(self) -> int:
        return 0 if self._writes is None else self._writes.count

    @property
    def data(self) -> "Tensor":
        return wrap(self._array)

    @data.setter
    def data(self, new: "Tensor") -> None:
        self._array = new._array

    def numpy(self, *, force: bool = False) -> np.ndarray:
        if tracks(self) and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self._array.view() if self._array.base is None else self._array[...]

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        array = np.asarray(array)
        return wrap(array.astype(np.uint8) if array.dtype == bool else array)

    def tolist(self):
        return self._array.tolist()

    def item(self):
        if self._array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._array.size} elements cannot be converted to Scalar")
        return self._array.item()

    # --- gradients ---

    @property
    def requires_grad(self) -> bool:
        return tracks(self)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        if current_node(self) is not None:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                    "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return self
        if requires_grad and self._array.dtype.kind not in "fc":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if requires_grad and self._inference and not Mode.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        self._requires_grad = bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        return current_node(self) is None

    @property
    def grad_fn(self) -> Node | None:
        return current_node(self)

    @property
    def output_nr(self) -> int:
        return self._number

    @property
    def grad(self) -> "Tensor | None":
        if self._grad is None and self._node is not None and (
                self._node.retained is None or self._number not in self._node.retained):
            import warnings

            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor.", UserWarning, stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: "Tensor | None") -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value)}")
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value._array.dtype != self._array.dtype:
                raise RuntimeError("assigned grad has data of a different type")
            if value._array.shape != self._array.shape:
                raise RuntimeError("assigned grad has data of a different size")
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def backward(self, gradient=None, retain_graph=None, create_graph: bool = False, inputs=None) -> None:
        from .autograd import backward

        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def retain_grad(self) -> None:
        if not tracks(self):
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        node = current_node(self)
        if node is not None:
            node.retained = {**(node.retained or {}), self._number: self}

    @property
    def retains_grad(self) -> bool:
        node = current_node(self)
        return node is not None and node.retained is not None and node.retained.get(self._number) is self

    def register_hook(self, hook) -> Handle:
        """Call `hook(grad)` when this tensor's gradient is computed; what it returns replaces the gradient."""
        if not tracks(self):
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node = current_node(self)
        if node is None:
            if self._hooks is None:
                self._hooks = {}
            return Handle(self._hooks, hook)
        number = self._number

        def on_outputs(grads):
            new = None if grads[number] is None else hook(grads[number])
            return None if new is None else (*grads[:number], new, *grads[number + 1:])

        if node.prehooks is None:
            node.prehooks = {}
        return Handle(node.prehooks, on_outputs)

    def register_post_accumulate_grad_hook(self, hook) -> Handle:
        """Call `hook(self)` each time `.grad` has been updated. Leaf tensors only."""
        if not tracks(self):
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._node is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        return Handle(self.__dict__.setdefault("_after_hooks", {}), hook)

    # --- Python's protocols ---

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    def __iter__(self):
        if not self._array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with no values is ambiguous" if not self._array.size else
                "Boolean value of Tensor with more than one value is ambiguous")
        return bool(self._array.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._array.size != 1 or self._array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __repr__(self) -> str:
        from .printing import tensor_text

        return tensor_text(self)

    def __format__(self, spec: str) -> str:
        if self._array.ndim == 0 and type(self) is Tensor:
            return self.item().__format__(spec)
        return object.__format__(self, spec)

    def __dir__(self):
        return object.__dir__(self)

    def __deepcopy__(self, memo: dict) -> "Tensor":
        if id(self) in memo:
            return memo[id(self)]
        if self._node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a torch.nn.utils."
                "weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        new = wrap(self._array.copy(order="K"))
        new.__class__ = type(self)
        new._requires_grad = self._requires_grad
        memo[id(self)] = new
        if self._grad is not None:
            new._grad = self._grad.__deepcopy__(memo)
        return new

    def __reduce_ex__(self, protocol):
        return _unpickled, (type(self), self._array, self._requires_grad)


Tensor.__module__ = "torch"


def _unpickled(cls, array, requires_grad):
    made = wrap(array)
    made.__class__ = cls
    made._requires_grad = requires_grad
    return made


def wrap(array) -> Tensor:
    """A new tensor that shows `array` (scalars become 0-dim)."""
    made = object.__new__(Tensor)
    made._array = array if type(array) is np.ndarray else np.asarray(array)
    if Mode.inference:
        made._inference = True
    return made


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares memory with `array`."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    from_numpy_dtype(array.dtype)
    if any([s < 0 for s in array.strides]):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    return wrap(array)


def owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory `array` shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def tracks(tensor: Tensor) -> bool:
    """`tensor.requires_grad`, also after a write to the memory it views."""
    return (tensor._requires_grad or tensor._node is not None
            or (tensor._base is not None and tracks(tensor._base)))


def current_node(tensor: Tensor) -> Node | None:
    """`tensor.grad_fn`; a view whose memory was written to gets its history from its base."""
    if tensor._base is not None and tensor._chain_version != tensor._writes.count:
        refresh_view(tensor)
    return tensor._node


def edge_of(tensor: Tensor) -> tuple | None:
    """Where this tensor's gradient goes (see autograd/graph.py)."""
    node = tensor._node if tensor._base is None else current_node(tensor)
    if node is not None:
        return node, tensor._number
    return (tensor, 0) if tensor._requires_grad else None


def refuse_view_write(view: Tensor, what: str) -> None:
    """Raise for a view whose history cannot follow a write: one of several outputs, or made without recording."""
    if view._creation == "multiple":
        origin = "a function" if view._node is None else view._node.operation()
        raise RuntimeError(
            f"Output {view._number} of {origin} is a view and {what}. This view is the output of a function that "
            "returns multiple views. Such functions do not allow the output views to be modified inplace. You should "
            "replace the inplace operation by an out-of-place one.")
    raise RuntimeError(
        f"A view was created in no_grad mode and {what} with grad mode enabled. Given that this use case is ambiguous "
        "and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either "
        "both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want the "
        "inplace to be tracked).")


def refresh_view(view: Tensor) -> None:
    from .primitive import flat_chain

    base = view._base
    if view._node is None and not tracks(base):
        return
    if view._creation is not None:
        refuse_view_write(view, "its base or another view of its base has been modified inplace")
    view._chain_version = view._writes.count
    before, Mode.grad = Mode.grad, True
    try:
        shown = base
        for op, params, number in flat_chain(view):
            shown = op(shown, *params)
            if number is not None:
                shown = shown[number]
    finally:
        Mode.grad = before
    if shown._node is None:  # a leaf was a view itself, of a base that is not tracked: the history ends here
        view._node, view._number = AsStridedBackward0((None,), ((view._array.shape, view._array.dtype),)), 0
        return
    view._node, view._number = shown._node, shown._number
    view._node.label = "AsStridedBackward0"


def version_shared(tensor: Tensor) -> Tensor:
    """`tensor.detach()`: the same memory, sharing the count of writes, without history."""
    made = wrap(tensor._array)
    made._writes = tensor._writes or tensor.new_version()
    return made
