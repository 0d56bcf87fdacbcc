"""A power law through measured losses."""

import torch


def power_law(sizes: list[float], losses: list[float], fitted: int) -> tuple[float, list[float]]:
    """The straight line, on two logarithmic axes, through the first `fitted` points.

    Returns its slope and its height at every size: loss = e^intercept · size^slope.
    """
    x, y = torch.tensor(sizes).log(), torch.tensor(losses).log()
    x_mean, y_mean = x[:fitted].mean(), y[:fitted].mean()
    slope = ((x - x_mean) * (y - y_mean))[:fitted].sum() / ((x - x_mean) ** 2)[:fitted].sum()
    return slope.item(), (y_mean + slope * (x - x_mean)).exp().tolist()
