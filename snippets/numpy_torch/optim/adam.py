"""Adam and AdamW."""

import math

import numpy as np

from .optimizer import Optimizer, check, counted, number, step_zero, zeros


class Adam(Optimizer):
    """Steps of m̂ / (√v̂ + eps) with running means m of the gradient and v of its square (Kingma & Ba)."""

    decoupled = False

    def __init__(self, params, lr=1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, foreach=None, maximize: bool = False,
                 capturable: bool = False, differentiable: bool = False, fused=None,
                 decoupled_weight_decay: bool = False):
        if not number(lr) >= 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        check(epsilon_value=eps)
        for position, beta in enumerate(betas):
            if not 0 <= number(beta) < 1:
                raise ValueError(f"Invalid beta parameter at index {position}: {beta}")
        check(weight_decay_value=weight_decay)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay or self.decoupled})

    def new_state(self, parameter, group: dict) -> dict:
        state = {"step": step_zero(), "exp_avg": zeros(parameter), "exp_avg_sq": zeros(parameter)}
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros(parameter)
        return state

    def update(self, parameter: np.ndarray, grad: np.ndarray, state: dict, group: dict) -> None:
        steps, (beta1, beta2), lr = counted(state), group["betas"], number(group["lr"])
        if group["weight_decay"]:
            if group["decoupled_weight_decay"]:
                parameter *= 1 - lr * group["weight_decay"]
            else:
                grad = grad + parameter * group["weight_decay"]
        mean, square = state["exp_avg"]._array, state["exp_avg_sq"]._array
        part = np.subtract(grad, mean, out=np.empty_like(mean))
        part *= 1 - beta1
        mean += part
        np.multiply(grad, grad, out=part)
        part *= 1 - beta2
        square *= beta2
        square += part
        if group["amsgrad"]:
            square = np.maximum(state["max_exp_avg_sq"]._array, square, out=state["max_exp_avg_sq"]._array)
        scale = np.sqrt(square, out=part)
        scale /= math.sqrt(1 - beta2**steps)
        scale += group["eps"]
        np.divide(mean, scale, out=scale)
        scale *= lr / (1 - beta1**steps)
        parameter -= scale


class AdamW(Adam):
    """Adam whose weight decay acts on the weights directly, not through the gradient (Loshchilov & Hutter)."""

    decoupled = True

    def __init__(self, params, lr=1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach=None,
                 capturable: bool = False, differentiable: bool = False, fused=None):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
                         capturable=capturable, differentiable=differentiable, fused=fused)
