"""torch.nn.functional: linear, embedding, one_hot, dropout, normalize, similarities, distances, pad."""

import numpy as np

from .. import random as random_
from ..absent import refuse
from ..dtypes import INT64
from ..ops_index import embedding as embedding_op
from ..ops_linear import einsum, linear
from ..ops_reduce import vector_norm
from ..primitive import relabel
from ..tensor import Tensor, wrap

__all__ = ["bilinear", "cosine_similarity", "dropout", "embedding", "linear", "normalize", "one_hot",
           "pairwise_distance"]


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm=None, norm_type=2.0,
              scale_grad_by_freq=False, sparse=False) -> Tensor:
    """Rows of `weight` (V, D) at `input` (…): (…, D). The row `padding_idx` gets no gradient."""
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise refuse("F.embedding(max_norm, scale_grad_by_freq or sparse)", "leave them at their defaults")
    if padding_idx is None:
        padding_idx = -1
    else:
        rows = weight.size(0)
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    return embedding_op(weight, input, padding_idx)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """(…) of class numbers → (…, num_classes) of 0 and 1."""
    index = tensor._array
    if index.dtype != INT64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not index.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if index.size and index.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(index.max()) + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif index.size and index.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wrap((index[..., None] == np.arange(num_classes)).astype(INT64))


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    return random_.dropout(input, p, training, inplace)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out=None) -> Tensor:
    """input / max(‖input‖, eps)."""
    return input / vector_norm(input, p, dim, keepdim=True).clamp_min(eps).expand_as(input)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x₁·x₂ / (max(‖x₁‖, eps) · max(‖x₂‖, eps)), the two broadcast first."""
    from ..ops_shape import broadcast_tensors
    from ..primitive import common_dtype

    kind = common_dtype((x1, x2))
    if kind.category < 2:
        raise RuntimeError("expected common dtype to be floating point, yet common dtype is "
                           + {"int64": "Long", "int32": "Int"}.get(kind.name, kind.name.capitalize()))
    a, b = broadcast_tensors(x1.to(kind), x2.to(kind))
    na = vector_norm(a, 2, dim, keepdim=True).clamp_min(eps)
    nb = vector_norm(b, 2, dim, keepdim=True).clamp_min(eps)
    return ((a / na) * (b / nb)).sum(dim)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """‖x₁ − x₂ + eps‖ₚ over the last dimension."""
    difference = x1 - x2 + eps
    return relabel(vector_norm(difference, p, difference.dim() - 1, keepdim), "NormBackward1")


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """(…, I), (…, J), weight (O, I, J) → (…, O)."""
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.dim()} and {input2.dim()}"
                           if input1.dim() != input2.dim() else "bilinear(): input batch dimensions do not match")
    if input1.size(-1) != weight.size(1) or input2.size(-1) != weight.size(2):
        raise RuntimeError("bilinear(): input1 size does not match weight size: got "
                           f"{input1.size(-1)} but expected {weight.size(1)}")
    out = relabel(einsum("...i,oij,...j->...o", input1, weight, input2), "ViewBackward0")
    return out if bias is None else out + bias
