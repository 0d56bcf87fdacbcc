"""torch.nn.utils.rnn: sequences of several lengths as one padded tensor."""

from collections.abc import Iterable

import numpy as np

from ...absent import module_attribute
from ...helpers import broadcast_shape
from ...ops_create import arange
from ...primitive import Primitive
from ...tensor import Tensor

__all__ = ["pad_sequence", "unpad_sequence"]


def _places(sizes: list, batch_first: bool, left: bool) -> list:
    """Where each sequence lies in the padded tensor."""
    longest = max(sizes)
    rows = [slice(longest - n, longest) if left else slice(n) for n in sizes]
    return [(i, r) if batch_first else (r, i) for i, r in enumerate(rows)]


def _pad(sequences, batch_first, value, left):
    sizes = [len(s) for s in sequences]
    lead = (len(sizes), max(sizes)) if batch_first else (max(sizes), len(sizes))
    out = np.full((*lead, *sequences[0].shape[1:]), value, sequences[0].dtype)
    for place, sequence in zip(_places(sizes, batch_first, left), sequences, strict=True):
        out[place] = sequence
    return out


def _pad_back(grad, sequences_shape, batch_first, left):
    return [grad[place] for place in _places([s[0] for s in sequences_shape], batch_first, left)]


PAD = Primitive("pad_sequence", _pad, "sequences batch_first value left", variadic=True,
                label="torch::autograd::CopySlices", sequences=_pad_back)


def pad_sequence(sequences, batch_first: bool = False, padding_value: float = 0.0,
                 padding_side: str = "right") -> Tensor:
    """Sequences (Lᵢ, …) → (max L, B, …), or (B, max L, …) with batch_first."""
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: "
                           f"{type(sequences)}")
    sequences = tuple(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    for position, sequence in enumerate(sequences):
        if not isinstance(sequence, Tensor):
            raise TypeError(f"expected Tensor as element {position} in argument 0, but got {type(sequence).__name__}")
        if not sequence.dim():
            raise RuntimeError("ArrayRef: invalid slice, N = 1; size = 0")
        broadcast_shape((sequence.size(0), *sequences[0].shape[1:]), tuple(sequence.shape))
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    return PAD(sequences, batch_first, padding_value, padding_side == "left")


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded tensor, `lengths` (B) long."""
    if not batch_first:
        padded_sequences.transpose_(0, 1)
    positions = arange(padded_sequences.size(1))
    return [row[positions < n] for row, n in zip(padded_sequences, lengths, strict=True)]


def __getattr__(name: str):
    return module_attribute(__name__, name, {})
