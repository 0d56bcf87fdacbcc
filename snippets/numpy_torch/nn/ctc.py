"""Connectionist temporal classification: torch.nn.functional.ctc_loss and CTCLoss (Graves et al. 2006).

Axis letters: T steps, N sequences, C classes, S longest target, K = 2S + 1 states: blank, label, blank, … blank.
"""

import numpy as np

from ..absent import refuse
from ..dtypes import INT64
from ..ops_elementwise import where
from ..primitive import Primitive, scalar_name
from ..tensor import Tensor, wrap
from .module import Module

__all__ = ["CTCLoss", "ctc_loss"]


def _states(targets: np.ndarray, blank: int) -> tuple[np.ndarray, np.ndarray]:
    """The class of each state (N, K), and whether a state may be entered from two before it."""
    classes = np.full((targets.shape[0], 2 * targets.shape[1] + 1), blank)
    classes[:, 1::2] = targets
    skips = np.zeros(classes.shape, bool)
    skips[:, 2:] = classes[:, 2:] != classes[:, :-2]
    return classes, skips


def _total(paths: np.ndarray, skips: np.ndarray) -> np.ndarray:
    """log Σ exp over the states from which each state is reached: itself, one before, two before."""
    never = np.full((len(paths), 2), -np.inf, paths.dtype)
    before = np.concatenate([never, paths], 1)
    return np.logaddexp(np.logaddexp(paths, before[:, 1:-1]), np.where(skips, before[:, :-2], -np.inf))


def _forward_paths(log_probs, targets, steps, lengths, blank):
    """log α (T, N, K) of the paths up to each step and state, and the classes (N, K)."""
    classes, skips = _states(targets, blank)
    emitted = np.take_along_axis(log_probs, classes[None].repeat(len(log_probs), 0), 2)  # (T, N, K)
    alpha = np.full_like(emitted, -np.inf)
    if len(alpha):
        alpha[0, :, :2] = emitted[0, :, :2]
    for t in range(1, len(alpha)):
        alpha[t] = _total(alpha[t - 1], skips) + emitted[t]
    return alpha, emitted, classes, skips


def _at_the_end(alpha, steps, lengths):
    """log Σ α over the two states in which a sequence may end; without steps only the empty target is possible."""
    if not len(alpha):
        return np.where(lengths == 0, 0, -np.inf).astype(alpha.dtype)
    rows = np.arange(alpha.shape[1])
    last = alpha[np.maximum(steps - 1, 0), rows]  # (N, K)
    blank = last[rows, 2 * lengths]
    label = np.where(lengths > 0, last[rows, np.maximum(2 * lengths - 1, 0)], -np.inf)
    return np.where(steps > 0, np.logaddexp(blank, label), np.where(lengths == 0, 0, -np.inf)).astype(alpha.dtype)


def _ctc(log_probs, targets, steps, lengths, blank, zero_infinity):
    alpha, *_ = _forward_paths(log_probs, targets, steps, lengths, blank)
    return -_at_the_end(alpha, steps, lengths)


def _ctc_back(grad, result, log_probs, targets, steps, lengths, blank, zero_infinity):
    """p − (share of the paths through each class): the gradient of the logits, as PyTorch gives it."""
    alpha, emitted, classes, skips = _forward_paths(log_probs, targets, steps, lengths, blank)
    time, count, width = alpha.shape
    rows = np.arange(count)
    beta = np.full_like(alpha, -np.inf)
    leaves = np.zeros_like(skips)
    leaves[:, :-2] = skips[:, 2:]
    following = np.full((count, width), -np.inf, alpha.dtype)
    for t in range(time - 1, -1, -1):
        reached = _total(following[:, ::-1], leaves[:, ::-1])[:, ::-1]
        ends = steps == t + 1
        reached[ends] = -np.inf
        reached[rows[ends], 2 * lengths[ends]] = 0
        labelled = ends & (lengths > 0)
        reached[rows[labelled], 2 * lengths[labelled] - 1] = 0
        following = beta[t] = reached + emitted[t]
    share = np.zeros_like(log_probs)
    paths = np.exp(alpha + beta - emitted + result[None, :, None])
    for k in range(width):
        share[:, rows, classes[:, k]] += np.nan_to_num(paths[:, :, k])
    inside = (np.arange(time)[:, None] < steps)[:, :, None]
    back = np.where(inside, np.exp(log_probs) - share, 0)
    back *= grad[:, None]
    back[:, np.isinf(result)] = 0 if zero_infinity else np.nan
    return np.where(inside, back, 0).astype(log_probs.dtype)


CTC = Primitive("ctc_loss", _ctc, "log_probs targets steps lengths blank zero_infinity", log_probs=_ctc_back)


def _lengths(given, name: str) -> np.ndarray:
    array = given._array if isinstance(given, Tensor) else np.asarray(given)
    if array.size and array.dtype.kind not in "iu":
        if isinstance(given, Tensor):
            raise RuntimeError(f"{name} must be integral")
        raise TypeError(f"ctc_loss(): argument '{name}' must be tuple of ints")
    return array.reshape(-1).astype(INT64)


def _checked(steps: np.ndarray, lengths: np.ndarray, time: int, count: int) -> None:
    for name, values in (("input_lengths", steps), ("target_lengths", lengths)):
        if values.size != count:
            raise RuntimeError(f"{name} must be of size batch_size")
    where_ = "(while checking arguments for ctc_loss_allocate_outputs)"
    for name, values, most in (("target_lengths", lengths, None), ("input_lengths", steps, time)):
        if values.size and values.min() < 0:
            raise RuntimeError(f"Expected {name} to have value at least 0, but got value {values.min()} {where_}")
        if most is not None and values.size and values.max() > most:
            raise RuntimeError(
                f"Expected {name} to have value at most {most}, but got value {values.max()} {where_}")


def _padded(targets: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Targets as (N, S), from (N, S) or from all of them in a row; -1 where there is none."""
    where_ = "for argument #2 'targets' (while checking arguments for ctc_loss_allocate_outputs)"
    longest = int(lengths.max(initial=0))
    inside = np.arange(longest) < lengths[:, None]
    if targets.ndim == 1:
        if targets.size != lengths.sum():
            raise RuntimeError(
                f"Expected tensor to have size {lengths.sum()} at dimension 0, but got size {targets.size} {where_}")
        rows = np.full((len(lengths), longest), -1, INT64)
        rows[inside] = targets
        return rows
    if targets.shape[1] < longest:
        raise RuntimeError(f"Expected tensor to have size at least {longest} at dimension 1, but got size "
                           f"{targets.shape[1]} {where_}")
    return np.where(inside, targets[:, :longest], -1).astype(INT64)


def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths, target_lengths, blank: int = 0,
             reduction: str = "mean", zero_infinity: bool = False) -> Tensor:
    """−log of the probability of each target over all alignments.

    log_probs (T, N, C) or (T, C), logarithms of probabilities; targets (N, S), or all in one row; lengths (N).
    "mean" divides each loss by the length of its target first.
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if log_probs._array.dtype.kind != "f":
        raise NotImplementedError(f"\"ctc_loss_cpu\" not implemented for '{scalar_name(log_probs._array.dtype)}'")
    alone = log_probs.dim() == 2
    batch = log_probs.unsqueeze(1) if alone else log_probs
    time, count, classes = batch.shape
    steps, lengths = _lengths(input_lengths, "input_lengths"), _lengths(target_lengths, "target_lengths")
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    _checked(steps, lengths, time, count)
    rows = _padded(targets._array, lengths)
    given = rows[np.arange(rows.shape[1]) < lengths[:, None]]
    if ((given < 0) | (given >= classes) | (given == blank)).any():
        raise refuse("torch.nn.functional.ctc_loss with a target that is the blank or no class",
                     "targets in [0, C), none of them the blank")
    loss = CTC(batch, np.maximum(rows, 0), steps, lengths, blank, zero_infinity)
    if zero_infinity:
        loss = where(wrap(np.isinf(loss._array)), 0.0, loss)
    if reduction == "mean":
        return (loss / wrap(np.maximum(lengths, 1).astype(loss._array.dtype))).mean()
    if reduction == "sum":
        return loss.sum()
    return loss.squeeze(0) if alone else loss


class CTCLoss(Module):
    """ctc_loss as a module."""

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False):
        super().__init__()
        self.reduction, self.blank, self.zero_infinity = reduction, blank, zero_infinity

    def forward(self, log_probs, targets, input_lengths, target_lengths):
        return ctc_loss(log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
                        self.zero_infinity)
