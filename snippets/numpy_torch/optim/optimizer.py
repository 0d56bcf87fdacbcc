"""The base of all optimizers: parameter groups, state, state_dict, hooks and repr."""

from collections import OrderedDict, defaultdict

import numpy as np

from ..autograd.graph import Handle, Mode
from ..tensor import Tensor, wrap


class Optimizer:
    """Subclasses set `defaults` and write `update(parameter, grad, state, group)` on arrays.

    Args:
        params: tensors, (name, tensor) pairs, or dicts {"params": …, and options for that group}.
        defaults: the options of groups that do not say otherwise.
    """

    def __init__(self, params, defaults: dict):
        if isinstance(params, Tensor):
            raise TypeError("params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                            + params.type())
        self.defaults = defaults
        self.state = defaultdict(dict)
        self.param_groups: list[dict] = []
        self._before, self._after = OrderedDict(), OrderedDict()
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))

    def add_param_group(self, param_group: dict) -> None:
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError("optimizer parameters need to be organized in ordered collections, but the ordering of "
                            "tensors in sets will change between runs. Please use a list instead.")
        params = [params] if isinstance(params, Tensor) else list(params)
        if params and isinstance(params[0], tuple):
            param_group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError("optimizer can only optimize Tensors, but one of the params is " + type(p).__name__)
            if not p.is_leaf and not p.retains_grad:
                raise ValueError("can't optimize a non-leaf Tensor")
        present = {id(p) for g in self.param_groups for p in g["params"]}
        if len({id(p) for p in params}) != len(params):
            import warnings

            warnings.warn("optimizer contains a parameter group with duplicate parameters; in future, this will cause "
                          "an error; see github.com/pytorch/pytorch/issues/40967 for more information", stacklevel=3)
        if any([id(p) in present for p in params]):
            raise ValueError("some parameters appear in more than one parameter group")
        param_group["params"] = params
        for name, value in self.defaults.items():
            param_group.setdefault(name, value)
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p._grad is not None:
                    p._grad = None if set_to_none else p._grad.detach().zero_()

    def step(self, closure=None):
        """Update every parameter that has a gradient; `closure` computes the loss anew and is returned."""
        for hook in list(self._before.values()):
            hook(self, (), {})
        loss = None
        if closure is not None:
            before, Mode.grad = Mode.grad, True
            try:
                loss = closure()
            finally:
                Mode.grad = before
        with np.errstate(all="ignore"):
            for group in self.param_groups:
                for p in group["params"]:
                    if p._grad is None:
                        continue
                    grad = p._grad._array
                    self.update(p._array, -grad if group.get("maximize") else grad, self.state_of(p, group), group)
                    (p._writes or p.new_version()).count += 1
        for hook in list(self._after.values()):
            hook(self, (), {})
        return loss

    def state_of(self, parameter: Tensor, group: dict) -> dict:
        """The parameter's state, made by `new_state` when it is first needed."""
        state = self.state[parameter]
        if not state:
            state.update(self.new_state(parameter, group))
        return state

    def new_state(self, parameter: Tensor, group: dict) -> dict:
        return {}

    def update(self, parameter: np.ndarray, grad: np.ndarray, state: dict, group: dict) -> None:
        raise NotImplementedError

    def register_step_pre_hook(self, hook) -> Handle:
        return Handle(self._before, hook)

    def register_step_post_hook(self, hook) -> Handle:
        return Handle(self._after, hook)

    # --- saving ---

    def state_dict(self) -> dict:
        """State and groups with parameters replaced by their running number."""
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            for p in group["params"]:
                numbers.setdefault(id(p), len(numbers))
        groups = []
        for group in self.param_groups:
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {numbers[id(p)]: dict(s) for p, s in self.state.items() if id(p) in numbers}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict) -> None:
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        for own, saved in zip(self.param_groups, groups, strict=True):
            if len(own["params"]) != len(saved["params"]):
                raise ValueError("loaded state dict contains a parameter group that doesn't match the size of "
                                 "optimizer's group")
        parameters = {}
        for own, saved in zip(self.param_groups, groups, strict=True):
            parameters.update(zip(saved["params"], own["params"], strict=True))
        self.state = defaultdict(dict)
        for number, saved in state_dict["state"].items():
            self.state[parameters[number]] = dict(saved)  # as in PyTorch, the tensors are shared, not copied
        for own, saved in zip(self.param_groups, groups, strict=True):
            params = own["params"]
            own.clear()
            own.update({k: v for k, v in saved.items() if k != "params"}, params=params)

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for number, group in enumerate(self.param_groups):
            text += f"\nParameter Group {number}\n"
            text += "".join([f"    {k}: {group[k]}\n" for k in sorted(group) if k != "params"])
        return text + ")" if self.param_groups else text + "\n)"


def zeros(parameter: Tensor) -> Tensor:
    return wrap(np.zeros_like(parameter._array, subok=False))


def root(array: np.ndarray) -> np.ndarray:
    """√array as an array that may be written to: of a 0-dim array NumPy's own root is a number."""
    return np.sqrt(array, out=np.empty_like(array))


def step_zero() -> Tensor:
    return wrap(np.zeros((), np.float32))


def counted(state: dict) -> float:
    """Advance the state's step count and return it."""
    state["step"]._array += 1
    return float(state["step"]._array)


def number(value) -> float:
    return value.item() if isinstance(value, Tensor) else value


def check(**values) -> None:
    """Refuse negative options, in PyTorch's words (names with _ for spaces)."""
    for name, value in values.items():
        if not number(value) >= 0:
            raise ValueError(f"Invalid {name.replace('_', ' ')}: {value}")
