"""Stochastic gradient descent, with momentum."""

import numpy as np

from ..tensor import wrap
from .optimizer import Optimizer, check, number


class SGD(Optimizer):
    """v ← μ v + (1 − dampening) g; θ ← θ − lr v (or lr (g + μ v) with nesterov)."""

    def __init__(self, params, lr=1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
                 nesterov: bool = False, *, maximize: bool = False, foreach=None, differentiable: bool = False,
                 fused=None):
        if not number(lr) >= 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        check(weight_decay_value=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
            "fused": fused})

    def state_of(self, parameter, group):
        return self.state[parameter] if group["momentum"] else {}

    def update(self, parameter: np.ndarray, grad: np.ndarray, state: dict, group: dict) -> None:
        if group["weight_decay"]:
            grad = grad + parameter * group["weight_decay"]
        momentum = group["momentum"]
        if momentum:
            velocity = state.get("momentum_buffer")
            if velocity is None:
                velocity = state["momentum_buffer"] = wrap(grad.copy())
            else:
                velocity._array *= momentum
                velocity._array += grad * (1 - group["dampening"])
            grad = grad + momentum * velocity._array if group["nesterov"] else velocity._array
        parameter -= number(group["lr"]) * grad
