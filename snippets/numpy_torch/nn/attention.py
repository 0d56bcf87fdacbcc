"""MultiheadAttention."""

from .. import ops_create as create
from . import init
from .f_attention import float_mask, multi_head_attention_forward, watched
from .linear import Linear
from .module import Module
from .parameter import Parameter


class NonDynamicallyQuantizableLinear(Linear):
    """The output projection: a Linear under the name PyTorch prints."""


class MultiheadAttention(Module):
    """Attention with `num_heads` heads of width embed_dim / num_heads (Vaswani et al. 2017).

    query (L, B, E), key (S, B, kdim), value (S, B, vdim), or (B, L, E) … with batch_first, or all without B.
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
                 add_bias_kv: bool = False, add_zero_attn: bool = False, kdim: int | None = None,
                 vdim: int | None = None, batch_first: bool = False, device=None, dtype=None):
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                             f"num_heads={num_heads} instead")
        super().__init__()
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")

        def new(*shape):
            return Parameter(create.empty(shape, device=device, dtype=dtype))

        apart = {"q_proj_weight": embed_dim, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        if self._qkv_same_embed_dim:
            self.in_proj_weight = new(3 * embed_dim, embed_dim)
            for name in apart:
                self.register_parameter(name, None)
        else:
            for name, size in apart.items():
                setattr(self, name, new(embed_dim, size))
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", new(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k, self.bias_v = new(1, 1, embed_dim), new(1, 1, embed_dim)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Xavier-uniform projections, zero biases."""
        weights = ((self.in_proj_weight,) if self._qkv_same_embed_dim else
                   (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight))
        for weight in weights:
            init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def _inference_path(self, query, key, value, masks) -> bool:
        """Whether PyTorch calls its inference kernel, which makes NaN of a query that may see no key."""
        return not (query.dim() != 3 or query is not key or key is not value or self.training or self.num_heads % 2
                    or not self.batch_first or self.bias_k is not None or self.add_zero_attn
                    or not self._qkv_same_embed_dim or self.in_proj_bias is None
                    or any([m is not None and m.is_floating_point() for m in masks])
                    or watched(query, self.in_proj_weight, self.in_proj_bias, *self.out_proj.parameters()))

    def forward(self, query, key, value, key_padding_mask=None, need_weights: bool = True, attn_mask=None,
                average_attn_weights: bool = True, is_causal: bool = False):
        """Returns (output, weights); weights is None without need_weights. True in a boolean mask hides a key."""
        inference = self._inference_path(query, key, value, (key_padding_mask, attn_mask))
        kind = query.dtype
        key_padding_mask = float_mask(key_padding_mask, "key_padding_mask", kind, attn_mask, "attn_mask")
        attn_mask = float_mask(attn_mask, "attn_mask", kind)
        turned = self.batch_first and query.dim() == 3
        if turned:
            one = {id(x): x.transpose(1, 0) for x in (query, key, value)}
            query, key, value = one[id(query)], one[id(key)], one[id(value)]
        out, weights = multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias,
            training=self.training, key_padding_mask=key_padding_mask, need_weights=need_weights or (
                inference and (attn_mask is not None or key_padding_mask is not None)),
            attn_mask=attn_mask, use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight, k_proj_weight=self.k_proj_weight, v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights, is_causal=is_causal and not inference)
        if turned:
            out = out.transpose(1, 0)
        return out.contiguous() if inference else out, weights if need_weights else None
