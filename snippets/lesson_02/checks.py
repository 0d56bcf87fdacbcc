"""Verdicts on the exercises of lesson 2, each from an exact property of the reader's answer."""

from collections.abc import Callable

import torch


def looks_back_only(attend: Callable, allowed_for_writing: Callable[[int], torch.Tensor]) -> str:
    """Whether changing later positions leaves every earlier output as it was, and all that is allowed is used.

    Args:
        attend: the lesson's attention, (T, D) three times and a (T, T) table of booleans to (T, D).
        allowed_for_writing: the reader's table for T positions; True where row i may look at column j.
    """
    T, D = 6, 4
    generator = torch.Generator().manual_seed(0)
    allowed = allowed_for_writing(T)
    if not isinstance(allowed, torch.Tensor) or allowed.dtype != torch.bool or tuple(allowed.shape) != (T, T):
        return f"Not yet: for {T} positions the table must be a ({T}, {T}) tensor of booleans."
    if not allowed.any(dim=1).all():
        row = int((~allowed.any(dim=1)).nonzero()[0, 0])
        return f"Not yet: position {row} may look nowhere, not even at itself, so its weights are not numbers."
    queries, keys, values = (torch.randn(T, D, generator=generator) for _ in range(3))
    before = attend(queries, keys, values, allowed)
    for changed in range(T):
        other_keys, other_values = keys.clone(), values.clone()
        other_keys[changed] += 1.0
        other_values[changed] -= 1.0
        moved = (attend(queries, other_keys, other_values, allowed) != before).any(dim=1)  # (T,)
        if moved[:changed].any():
            row = int(moved.nonzero()[0, 0])
            return f"Not yet: after a change at position {changed}, the output at position {row} is another one."
        if not moved[changed:].all():
            row = changed + int((~moved[changed:]).nonzero()[0, 0])
            return f"Not yet: position {row} does not look at position {changed}, which it may."
    return "Right: no output depends on a later position, and every earlier one counts."


def is_softmax(softmax: Callable[[torch.Tensor], torch.Tensor]) -> str:
    """Whether a function turns rows of scores into the softmax of each row, for scores of any size."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(5, 7, generator=generator) * 3
    weights = softmax(scores)
    if tuple(weights.shape) != (5, 7):
        return f"Not yet: (5, 7) scores must become (5, 7) weights, not {tuple(weights.shape)}."
    if not torch.allclose(weights, torch.softmax(scores, dim=-1), atol=1e-6):
        return "Not yet: for ordinary scores the weights are not the softmax of each row."
    for shift in (1000.0, -1000.0):
        moved = softmax(scores + shift)
        if not torch.isfinite(moved).all():
            return f"Not yet: with {shift:+.0f} added to every score the weights are not numbers any more."
        if not torch.allclose(moved, weights, atol=1e-3):
            return f"Not yet: with {shift:+.0f} added to every score the weights change."
    return "Right: it is the softmax of each row, and large scores do not break it."
