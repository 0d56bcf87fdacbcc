"""RMSprop."""

import numpy as np

from .optimizer import Optimizer, check, counted, number, root, step_zero, zeros


class RMSprop(Optimizer):
    """Steps of g / (√v + eps) with a running mean v of the squared gradient (Hinton).

    `centered` subtracts the squared running mean of the gradient from v; `momentum` accumulates the steps.
    """

    def __init__(self, params, lr=1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
                 momentum: float = 0, centered: bool = False, capturable: bool = False, foreach=None,
                 maximize: bool = False, differentiable: bool = False):
        check(learning_rate=lr)
        check(epsilon_value=eps)
        check(momentum_value=momentum)
        if not weight_decay >= 0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        check(alpha_value=alpha)
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable})

    def new_state(self, parameter, group: dict) -> dict:
        state = {"step": step_zero(), "square_avg": zeros(parameter)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros(parameter)
        if group["centered"]:
            state["grad_avg"] = zeros(parameter)
        return state

    def update(self, parameter: np.ndarray, grad: np.ndarray, state: dict, group: dict) -> None:
        counted(state)
        if group["weight_decay"]:
            grad = grad + parameter * group["weight_decay"]
        alpha, lr = group["alpha"], number(group["lr"])
        square = state["square_avg"]._array
        square *= alpha
        square += (1 - alpha) * grad * grad
        if group["centered"]:
            mean = state["grad_avg"]._array
            mean += (1 - alpha) * (grad - mean)
            scale = root(square - mean * mean)
        else:
            scale = root(square)
        scale += group["eps"]
        if group["momentum"] > 0:
            velocity = state["momentum_buffer"]._array
            velocity *= group["momentum"]
            velocity += grad / scale
            parameter -= lr * velocity
        else:
            np.divide(grad, scale, out=scale)
            parameter -= lr * scale
