"""torch.nn.functional: scaled dot-product attention and the whole of multi-head attention.

Axis letters: B batch, H heads, L queries, S keys, D width of a head, E = H·D.
"""

import math

import numpy as np

from ..helpers import broadcast_shape
from ..ops_activation import softmax
from ..ops_create import zeros
from ..ops_linear import linear, matmul
from ..ops_shape import cat
from ..primitive import Primitive, relabel, scalar_name
from ..products import product
from ..random import default_generator, dropout
from ..tensor import Tensor, tracks

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]

PLAIN = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "uint8": "unsigned char",
         "bool": "bool", "float16": "c10::Half"}


def _attend(query, key, value, mask, scale, causal, dropped, fused):
    """softmax(query keyᵀ · scale + mask) value, and the softmax. A query that may see no key gets zeros."""
    weights = product(query * query.dtype.type(scale), key.swapaxes(-1, -2))
    if causal:
        np.copyto(weights, -np.inf, where=~np.tri(*weights.shape[-2:], dtype=bool))
    if mask is not None:
        if mask.dtype == bool:
            np.copyto(weights, -np.inf, where=~mask)
        else:
            weights += mask
    if weights.size:
        top = weights.max(-1, keepdims=True)
        top[top == -np.inf] = 0
        weights -= top
    np.exp(weights, out=weights)
    total = weights.sum(-1, keepdims=True)
    total[total == 0] = 1
    weights /= total
    seen = weights if dropped is None else weights * dropped
    if fused and not query.flags.c_contiguous:
        out = np.empty_like(query, subok=False)  # laid out as the query is
        out[...] = product(seen, value)
        return out, weights
    return product(seen, value), weights


def _attend_back(grad, result, query, key, value, scale, dropped, needs):
    weights = result[1]
    d_out, scale = grad[0], query.dtype.type(scale)
    seen = weights if dropped is None else weights * dropped
    d_value = product(seen.swapaxes(-1, -2), d_out) if needs[2] else None
    if not (needs[0] or needs[1] or needs[3]):
        return None, None, d_value, None
    d_scores = product(d_out, value.swapaxes(-1, -2))
    if dropped is not None:
        d_scores *= dropped
    d_scores -= (d_scores * weights).sum(-1, keepdims=True)
    d_scores *= weights
    return (product(d_scores, key) * scale if needs[0] else None,
            product(d_scores.swapaxes(-1, -2), query) * scale if needs[1] else None, d_value,
            d_scores if needs[3] else None)


ATTEND = Primitive("scaled_dot_product_attention", _attend, "query key value mask scale causal dropped fused",
                   outputs=True, joint=_attend_back, inputs="query key value mask")


def _check_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> None:
    kinds = [PLAIN.get(t._array.dtype.name, t._array.dtype.name) for t in (query, key, value)]
    if len(set(kinds)) > 1:
        raise RuntimeError(f"Expected query, key, and value to have the same dtype, but got query.dtype: {kinds[0]} "
                           f"key.dtype: {kinds[1]} and value.dtype: {kinds[2]} instead.")
    sizes = [t._array.ndim for t in (query, key, value)]
    if min(sizes) < 2:
        raise RuntimeError("Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
                           f"{sizes[0]} key.dim: {sizes[1]} and value.dim: {sizes[2]} instead.")
    if mask is not None:
        kind = mask._array.dtype
        if kind not in (np.bool_, np.float32, query._array.dtype):
            raise RuntimeError("Expected attn_mask dtype to be bool or float or to match query dtype, but got "
                               f"attn_mask.dtype: {PLAIN.get(kind.name, kind.name)} and  query.dtype: {kinds[0]} "
                               "instead.")
        mask.size(-2)
    if query._array.dtype.kind not in "fc":
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: float != {kinds[1]}"
                           if max(sizes) == 2 else
                           f"expected scalar type Float but found {scalar_name(query._array.dtype)}")


def _fused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float) -> bool:
    """Whether PyTorch takes its one-kernel path: the values are the same, the name of the node is not."""
    q, k, v = query._array, key._array, value._array
    return (q.ndim == k.ndim == v.ndim == 4 and dropout_p <= 0 and q.size and k.size
            and len({q.shape[0], k.shape[0], v.shape[0]}) == 1 and k.shape[1] == v.shape[1]
            and len({q.shape[3], k.shape[3], v.shape[3]}) == 1
            and all([a.strides[3] == a.itemsize or a.shape[3] == 1 for a in (q, k, v)])
            and (mask is None or (mask.ndim in (2, 4) and not mask.requires_grad)))


def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
                                 dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
                                 enable_gqa: bool = False) -> Tensor:
    """softmax(q kᵀ / √D + mask) v: query (…, H, L, D), key (…, H, S, D), value (…, H, S, Dᵥ) → (…, H, L, Dᵥ).

    In a boolean mask True means that the query may look at the key. With enable_gqa, key and value have fewer
    heads, each for as many neighbouring query heads.
    """
    _check_attention(query, key, value, attn_mask)
    fused = bool(_fused(query, key, value, attn_mask, dropout_p))
    if enable_gqa:
        heads = [t.size(-3) for t in (query, key, value)]
        if heads[0] % heads[1] or heads[0] % heads[2]:
            raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
        key, value = (t if t.size(-3) == heads[0] else t.repeat_interleave(heads[0] // t.size(-3), -3)
                      for t in (key, value))
    elif fused and query.size(1) != key.size(1):
        fused = False
    if is_causal and attn_mask is not None and not fused:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    q, k, v = query._array.shape, key._array.shape, value._array.shape
    lead = broadcast_shape(broadcast_shape(q[:-2], k[:-2]), v[:-2])
    for left, inner, right in (((q[-2], q[-1]), q[-1], (k[-1], k[-2])), ((q[-2], k[-2]), k[-2], (v[-2], v[-1]))):
        if inner != right[0]:
            raise RuntimeError(
                f"Expected size for first two dimensions of batch2 tensor to be: [{math.prod(lead)}, {inner}] but got: "
                f"[{math.prod(lead)}, {right[0]}]." if lead else
                f"mat1 and mat2 shapes cannot be multiplied ({left[0]}x{inner} and {right[0]}x{right[1]})")
    shape = (*lead, q[-2], k[-2])
    if attn_mask is not None:
        together = broadcast_shape(shape, tuple(attn_mask.shape))
        if together != shape:
            raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape {list(together)}")
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p:g}")
    dropped = None
    if dropout_p == 1:
        dropped = np.zeros(shape, query._array.dtype)
    elif dropout_p:
        kept = default_generator().doubles(math.prod(shape)) < 1 - dropout_p
        dropped = kept.reshape(shape) / query._array.dtype.type(1 - dropout_p)
    if scale is None:
        scale = 1 / math.sqrt(q[-1]) if q[-1] else 1.0
    out, _ = ATTEND(query, key, value, attn_mask, scale, is_causal, dropped, fused)
    return relabel(out, "ScaledDotProductFlashAttentionForCpuBackward0" if fused else
                   "UnsafeViewBackward0" if len(lead) else "MmBackward0")


# --- multi-head attention ------------------------------------------------------------------------------


def float_mask(mask: Tensor | None, name: str, kind, other: Tensor | None = None,
               other_name: str = "") -> Tensor | None:
    """A boolean mask (True: do not look) as numbers to add to the scores; a float mask as it is."""
    if mask is None:
        return None
    if mask._array.dtype != bool and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype != mask.dtype:
        import warnings

        warnings.warn(f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
                      stacklevel=3)
    return mask if mask.is_floating_point() else zeros(mask.shape, dtype=kind).masked_fill(mask, -math.inf)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)


def _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads: int) -> None:
    n = query.dim()
    if n not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {n}-D query tensor")
    start = "For batched (3-D) `query`" if n == 3 else "For unbatched (2-D) `query`"
    _require(key.dim() == n and value.dim() == n, f"{start}, expected `key` and `value` to be {n}-D but found "
             f"{key.dim()}-D and {value.dim()}-D tensors respectively")
    if key_padding_mask is not None:
        _require(key_padding_mask.dim() == n - 1, f"{start}, expected `key_padding_mask` to be `None` or {n - 1}-D but "
                 f"found {key_padding_mask.dim()}-D tensor instead")
    if attn_mask is not None:
        _require(attn_mask.dim() in (2, 3), f"{start}, expected `attn_mask` to be `None`, 2-D or 3-D but found "
                 f"{attn_mask.dim()}-D tensor instead")
        if n == 2 and attn_mask.dim() == 3:
            expected = (num_heads, query.shape[0], key.shape[0])
            _require(tuple(attn_mask.shape) == expected,
                     f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}")


def _split_heads(x: Tensor, heads: int) -> Tensor:
    """(T, B, E) → (B, H, T, D)."""
    return x.reshape(x.size(0), x.size(1), heads, -1).permute(1, 2, 0, 3)


def _project(query, key, value, weight, bias, heads: int) -> tuple:
    """Queries, keys and values of all heads from one weight (3E, E)."""
    if query is key and key is value:
        together = linear(query, weight, bias)  # (T, B, 3E)
        return together.reshape(*query.shape[:2], 3, heads, -1).permute(2, 1, 3, 0, 4).unbind(0)
    weights, biases = weight.chunk(3), (None,) * 3 if bias is None else bias.chunk(3)
    return tuple([_split_heads(linear(x, w, b), heads)
                  for x, w, b in zip((query, key, value), weights, biases, strict=True)])


def _project_apart(inputs, weights, bias, heads: int) -> tuple:
    """Queries, keys and values from weights of their own (kdim, vdim)."""
    width = inputs[0].size(-1)
    for name, x, w in zip(("query", "key", "value"), inputs, weights, strict=True):
        _require(w is not None, f"use_separate_proj_weight is True but {name[0]}_proj_weight is None")
        expected = (width, x.size(-1))
        _require(tuple(w.shape) == expected, f"expecting {name} weights shape of {expected}, but got {w.shape}")
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return tuple([_split_heads(linear(x, w, b), heads) for x, w, b in zip(inputs, weights, biases, strict=True)])


def _static(given: Tensor, name: str, batch: int, heads: int, width: int) -> Tensor:
    _require(given.size(0) == batch * heads,
             f"expecting {name}.size(0) of {batch * heads}, but got {given.size(0)}")
    _require(given.size(2) == width, f"expecting {name}.size(2) of {width}, but got {given.size(2)}")
    return given.reshape(batch, heads, -1, width)


def _longer(mask: Tensor | None) -> Tensor | None:
    """The mask for one key more, which every query may see."""
    return None if mask is None else cat([mask, mask.new_zeros(*mask.shape[:-1], 1)], -1)


def multi_head_attention_forward(
        query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int,
        in_proj_weight: Tensor | None, in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None,
        add_zero_attn: bool, dropout_p: float, out_proj_weight: Tensor, out_proj_bias: Tensor | None,
        training: bool = True, key_padding_mask: Tensor | None = None, need_weights: bool = True,
        attn_mask: Tensor | None = None, use_separate_proj_weight: bool = False, q_proj_weight: Tensor | None = None,
        k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None, static_k: Tensor | None = None,
        static_v: Tensor | None = None, average_attn_weights: bool = True,
        is_causal: bool = False) -> tuple[Tensor, Tensor | None]:
    """Project, attend with H heads, project back: query (L, B, E), key and value (S, B, ·), or all without B.

    Returns the output (L, B, E) and, with need_weights, the weights (B, L, S), or (B, H, L, S) not averaged.
    In boolean masks True means that the key is hidden.
    """
    _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    batched = query.dim() == 3
    if not batched:
        alone = {id(x): x.unsqueeze(1) for x in (query, key, value)}
        query, key, value = alone[id(query)], alone[id(key)], alone[id(value)]
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, width = query.shape
    kind = query.dtype
    key_padding_mask = float_mask(key_padding_mask, "key_padding_mask", kind, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
                           "`generate_square_subsequent_mask` to create this mask.")
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the hint replaces the mask
    else:
        attn_mask, is_causal = float_mask(attn_mask, "attn_mask", kind), False
    _require(width == embed_dim_to_check,
             f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}")
    _require(width % num_heads == 0, f"embed_dim {width} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        _require(key.shape[:2] == value.shape[:2], f"key's sequence and batch dims {key.shape[:2]} do not match "
                 f"value's {value.shape[:2]}")
        q, k, v = _project_apart((query, key, value), (q_proj_weight, k_proj_weight, v_proj_weight), in_proj_bias,
                                 num_heads)
    else:
        _require(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")
        _require(in_proj_weight is not None, "use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _project(query, key, value, in_proj_weight, in_proj_bias, num_heads)
    if attn_mask is not None:
        sizes = (length, key.size(0)) if attn_mask.dim() == 2 else (batch * num_heads, length, key.size(0))
        if tuple(attn_mask.shape) != sizes:
            raise RuntimeError(f"The shape of the {len(sizes)}D attn_mask is {attn_mask.shape}, but should be {sizes}.")
        if attn_mask.dim() == 3:
            attn_mask = attn_mask.reshape(batch, num_heads, *sizes[1:])
    _require((bias_k is None) == (bias_v is None), "bias_k is set but bias_v is None" if bias_v is None else
             "bias_v is set but bias_k is None")
    if bias_k is not None:
        _require(static_k is None, "bias cannot be added to static key.")
        _require(static_v is None, "bias cannot be added to static value.")
        k, v = (cat([x, _split_heads(b.reshape(1, 1, -1), num_heads).expand(batch, -1, -1, -1)], 2)
                for x, b in ((k, bias_k), (v, bias_v)))
        attn_mask, key_padding_mask = _longer(attn_mask), _longer(key_padding_mask)
    if static_k is not None:
        k = _static(static_k, "static_k", batch, num_heads, q.size(3))
    if static_v is not None:
        v = _static(static_v, "static_v", batch, num_heads, q.size(3))
    if add_zero_attn:
        k, v = (cat([x, x.new_zeros(batch, num_heads, 1, x.size(3))], 2) for x in (k, v))
        attn_mask, key_padding_mask = _longer(attn_mask), _longer(key_padding_mask)
    if key_padding_mask is not None:
        _require(key_padding_mask.size(0) == batch,
                 f"Expected key_padded_mask.shape[0] to be {batch}, but got {key_padding_mask.size(0)}")
        _require(key_padding_mask.size(1) == k.size(2),
                 f"Expected key_padded_mask.shape[1] to be {k.size(2)}, but got {key_padding_mask.size(1)}")
        hidden = key_padding_mask.reshape(batch, 1, 1, k.size(2))
        attn_mask = hidden if attn_mask is None else attn_mask + hidden
    dropout_p = dropout_p if training else 0.0
    weights = None
    if need_weights:
        scores = matmul(q * math.sqrt(1.0 / q.size(3)), k.transpose(-2, -1))
        weights = softmax(scores if attn_mask is None else scores + attn_mask, -1)
        if dropout_p > 0:
            weights = dropout(weights, dropout_p)
        out = matmul(weights, v)
        weights = weights.mean(1) if average_attn_weights else relabel(weights, "ViewBackward0")
    else:
        out = scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal)
    out = linear(out.permute(2, 0, 1, 3).reshape(length * batch, width), out_proj_weight, out_proj_bias)
    out = out.view(length, batch, out.size(1))
    if not batched:
        return out.squeeze(1), None if weights is None else weights.squeeze(0)
    return out, weights


def watched(*tensors) -> bool:
    """Whether a gradient through any of `tensors` would be recorded."""
    from ..autograd.graph import Mode

    return Mode.grad and any([t is not None and tracks(t) for t in tensors])
