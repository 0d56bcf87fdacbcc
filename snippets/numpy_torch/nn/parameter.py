"""Parameter and Buffer: tensors that a Module registers when they are assigned to it."""

import numpy as np

from ..tensor import Tensor, wrap


class Parameter(Tensor):
    """A tensor that is learned: it requires grad and belongs to the Module it is assigned to."""

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True):
        made = wrap(np.empty(0, np.float32) if data is None else data._array)
        made.__class__ = cls
        return made.requires_grad_(requires_grad) if requires_grad else made

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True):
        """Attributes are set in __new__, so that a copy of a Parameter is made like any tensor."""


class Buffer(Tensor):
    """A tensor that is part of a Module's state but is not learned."""

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True):
        made = wrap(np.empty(0, np.float32) if data is None else data._array)
        made.__class__ = cls
        made.persistent = persistent
        return made

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True):
        """As for Parameter."""


class UninitializedParameter:
    """Lazy modules are not in the page."""

    def __init__(self, *args, **kwargs):
        from ..absent import refuse

        raise refuse("torch.nn.UninitializedParameter", "give the layer its sizes")


for _class in (Parameter, Buffer, UninitializedParameter):
    _class.__module__ = "torch.nn.parameter"
