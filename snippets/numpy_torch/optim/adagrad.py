"""Adagrad."""

import numpy as np

from .optimizer import Optimizer, counted, number, root, step_zero, zeros


class Adagrad(Optimizer):
    """Steps of g / (√s + eps) with the sum s of all squared gradients so far (Duchi, Hazan & Singer)."""

    def __init__(self, params, lr=1e-2, lr_decay: float = 0, weight_decay: float = 0,
                 initial_accumulator_value: float = 0, eps: float = 1e-10, foreach=None, *, maximize: bool = False,
                 differentiable: bool = False, fused=None):
        options = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
                   "initial_accumulator_value": initial_accumulator_value}
        words = {"lr": "learning rate", "eps": "epsilon value"}
        for name in ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            if not number(options[name]) >= 0:
                raise ValueError(f"Invalid {words.get(name, name + ' value')}: {options[name]}")
        super().__init__(params, {**options, "foreach": foreach, "maximize": maximize,
                                  "differentiable": differentiable, "fused": fused})
        for group in self.param_groups:
            for p in group["params"]:
                self.state_of(p, group)

    def new_state(self, parameter, group: dict) -> dict:
        total = zeros(parameter)
        total._array += self.defaults["initial_accumulator_value"]
        return {"step": step_zero(), "sum": total}

    def update(self, parameter: np.ndarray, grad: np.ndarray, state: dict, group: dict) -> None:
        steps = counted(state)
        if group["weight_decay"]:
            grad = grad + parameter * group["weight_decay"]
        total = state["sum"]._array
        total += grad * grad
        scale = root(total)
        scale += group["eps"]
        np.divide(grad, scale, out=scale)
        parameter -= number(group["lr"]) / (1 + (steps - 1) * group["lr_decay"]) * scale
