"""torch.nn.utils.parametrize: a parameter that is computed from others whenever it is read."""

import copy
from collections.abc import Sequence
from contextlib import contextmanager

from ...absent import module_attribute
from ...autograd.modes import no_grad
from ...tensor import Tensor
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = ["ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
           "type_before_parametrizations"]


class _Cache:
    depth = 0
    values: dict = {}  # noqa: RUF012


@contextmanager
def cached():
    """Compute each parametrized tensor once inside this block."""
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values = {}


def _register(module: Module, name: str, value) -> None:
    (module.register_parameter if isinstance(value, Parameter) else module.register_buffer)(name, value)


def _checked(value, like: Tensor, what: str, names: tuple[str, str], flag: str = "the `unsafe` flag") -> None:
    """Refuse a parametrized value that is no tensor, or one of another type or shape than before."""
    if not isinstance(value, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(value).__name__}.")
    for attribute in ("dtype", "shape"):
        old, new = getattr(like, attribute), getattr(value, attribute)
        if old != new:
            raise ValueError(f"{what} may not change the {attribute} of the tensor, unless {flag} is enabled.\n"
                             f"{names[0].format(attribute)}: {old}\n{names[1].format(attribute)}: {new}")


class ParametrizationList(ModuleList):
    """The original tensor(s) and the modules through which the value is computed from them."""

    def __init__(self, modules, original: Tensor, unsafe: bool = False):
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        before = original.detach()
        new = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        continue
        if not isinstance(new, Tensor | Sequence):
            raise ValueError("'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                             f"{type(new).__name__}")
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if original.dtype != new.dtype:
                raise ValueError("When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                                 f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}")
            if new is not original:
                original.data = new.detach()
            _register(self, "original", original)
        else:
            for position, tensor in enumerate(new):
                if not isinstance(tensor, Tensor):
                    raise ValueError("'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                                     f"Got element {position} of the sequence with type {type(tensor).__name__}.")
                if isinstance(original, Parameter):
                    tensor = Parameter(tensor.detach(), original.requires_grad)
                tensor.requires_grad_(original.requires_grad)
                _register(self, f"original{position}", tensor)
        if not unsafe:
            _checked(self(), before, "Registering a parametrization", ("unparametrized {}", "parametrized {}"),
                     "`unsafe` flag")

    def right_inverse(self, value: Tensor) -> None:
        """Set the original(s) so that the parametrized tensor becomes `value`."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                value = module.right_inverse(value)
            if self.is_tensor:
                if not isinstance(value, Tensor):
                    raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
                if value.dtype != self.original.dtype:
                    raise ValueError(f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` "
                                     f"has dtype {self.original.dtype}")
                self.original.data = value.detach()
                return
            if not isinstance(value, Sequence):
                raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(value).__name__}.")
            if len(value) != self.ntensors:
                raise ValueError(f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a "
                                 f"sequence of length {len(value)}.")
            for position, tensor in enumerate(value):
                own = getattr(self, f"original{position}")
                if own.dtype != tensor.dtype:
                    raise ValueError(f"Tensor {position} returned by `right_inverse` has dtype {tensor.dtype} while "
                                     f"`original{position}` has dtype {own.dtype}")
                own.data = tensor.detach()

    def forward(self) -> Tensor:
        first, *rest = self
        value = first(*([self.original] if self.is_tensor else
                        [getattr(self, f"original{i}") for i in range(self.ntensors)]))
        for module in rest:
            value = module(value)
        return value


def _no_pickle(self):
    raise RuntimeError("Serialization of parametrized modules is only supported through state_dict(). See:\n"
                       "https://pytorch.org/tutorials/beginner/saving_loading_models.html#saving-loading-a-general-"
                       "checkpoint-for-inference-and-or-resuming-training")


def _copy(self, memo: dict):
    made = memo[id(self)] = self.__new__(type(self))
    made.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return made


def _make_property(module: Module, name: str) -> None:
    def read(self):
        values = self.parametrizations[name]
        if not _Cache.depth:
            return values()
        key = (id(self), name)
        if key not in _Cache.values:
            _Cache.values[key] = values()
        return _Cache.values[key]

    def write(self, value):
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether `module` has parametrizations, or one of the tensor of that name."""
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def register_parametrization(module: Module, tensor_name: str, parametrization: Module, *,
                             unsafe: bool = False) -> Module:
    """Let `module.<tensor_name>` be what `parametrization` computes from the parameter or buffer of that name.

    `parametrization.right_inverse`, if it has one, gives the start value and makes assignment possible.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            own = f"module.{tensor_name}"
            now = getattr(module, tensor_name)
            value = parametrization(now)
            _checked(value, now, "Registering a parametrization", (own + ".{}", f"parametrization({own}).{{}}"))
            if hasattr(parametrization, "right_inverse"):
                try:
                    back = parametrization.right_inverse(value)
                except NotImplementedError:
                    back = now
                if not isinstance(back, Tensor):
                    raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}")
                for attribute in ("dtype", "shape"):
                    old, new = getattr(now, attribute), getattr(back, attribute)
                    if old != new:
                        raise ValueError(
                            f"The tensor returned by parametrization.right_inverse must have the same {attribute} as "
                            f"{own}, unless the `unsafe` flag is enabled.\n{own}.{attribute}: {old}\nreturned "
                            f"{attribute}: {new}")
        found = module.parametrizations[tensor_name]
        found.append(parametrization)
        found.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        values = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            kind = type(module)
            module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), {
                "__getstate__": _no_pickle, "__deepcopy__": getattr(kind, "__deepcopy__", _copy),
                "__module__": "torch.nn.utils.parametrize"})
            module.parametrizations = ModuleDict()
        _make_property(module, tensor_name)
        module.parametrizations[tensor_name] = values
    else:
        raise ValueError(f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
                         f"'{tensor_name}'")
    return module


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make `module.<tensor_name>` a plain parameter again: its current value, or the original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    values = module.parametrizations[tensor_name]
    if values.is_tensor:
        original = values.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError("Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in "
                         "terms of a sequence of tensors.")
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def __getattr__(name: str):
    return module_attribute(__name__, name, {})
