"""Transformer, its encoder and decoder, and their layers."""

import copy
import math

from .. import ops_create as create
from ..absent import refuse
from . import functional as F
from . import init
from .activation import GELU, ReLU
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .f_attention import float_mask, watched
from .linear import Linear
from .module import Module
from .norm import LayerNorm


def _causal_mask(size: int, device=None, dtype=None):
    """(T, T): −inf above the diagonal, 0 elsewhere."""
    return create.full((size, size), -math.inf, dtype=dtype, device=device).triu(1)


def _is_causal(mask, hint: bool | None, length: int) -> bool:
    """The hint, or, where there is none, whether `mask` is the causal mask."""
    if hint is not None or mask is None:
        return hint is True
    return tuple(mask.shape) == (length, length) and bool((mask == _causal_mask(length, dtype=mask.dtype)).all())


def _length(x, batch_first: bool) -> int:
    return x.size(0 if x.dim() == 2 else int(batch_first))


def _activation(given):
    if not isinstance(given, str):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    return getattr(F, given)


def _clones(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


class _Layer(Module):
    """The feed-forward block, the norms and the dropouts which both kinds of layer have."""

    norms = 2
    attentions = ("self_attn",)

    def __init__(self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
                 activation=F.relu, layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False,
                 bias: bool = True, device=None, dtype=None):
        super().__init__()
        kind = {"device": device, "dtype": dtype}
        for name in self.attentions:
            setattr(self, name, MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first,
                                                   **kind))
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **kind)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **kind)
        self.norm_first = norm_first
        for number in range(1, self.norms + 1):
            setattr(self, f"norm{number}", LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **kind))
        for number in range(1, self.norms + 1):
            setattr(self, f"dropout{number}", Dropout(dropout))
        self.activation = _activation(activation)

    def _attend(self, attention, drop, x, memory, mask, padding, is_causal: bool):
        return drop(attention(x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False,
                              is_causal=is_causal)[0])

    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal: bool = False):
        return self._attend(self.self_attn, self.dropout1, x, x, attn_mask, key_padding_mask, is_causal)

    def _ff_block(self, x):
        last = self.dropout3 if self.norms == 3 else self.dropout2
        return last(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and a feed-forward block, each with a residual and a LayerNorm after (or before) it.

    (T, B, E), (B, T, E) with batch_first, or (T, E). `norm_first` normalises before each block.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        act = self.activation
        self.activation_relu_or_gelu = (1 if act is F.relu or isinstance(act, ReLU) else
                                        2 if act is F.gelu or isinstance(act, GELU) else 0)

    def _inference_path(self, src) -> bool:
        """Whether PyTorch calls its inference kernel, which makes NaN of a query that may see no key."""
        own = self.self_attn
        return not (src.dim() != 3 or self.training or not own.batch_first or own.in_proj_bias is None
                    or not own._qkv_same_embed_dim or not self.activation_relu_or_gelu
                    or self.norm1.eps != self.norm2.eps or own.num_heads % 2
                    or any([m._forward_hooks or m._forward_pre_hooks for m in self.modules()])
                    or watched(src, *self.parameters()))

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal: bool = False):
        padding = float_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype, src_mask, "src_mask")
        mask = float_mask(src_mask, "src_mask", src.dtype)
        if self._inference_path(src):
            return self._infer(src, mask, padding)
        x = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), mask, padding, is_causal)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + self._sa_block(x, mask, padding, is_causal))
        return self.norm2(x + self._ff_block(x))

    def _infer(self, x, mask, padding):
        """The same values without dropout, in contiguous memory; weights are wanted where a mask makes NaN possible."""
        def attend(y):
            return self.self_attn(y, y, y, attn_mask=mask, key_padding_mask=padding,
                                  need_weights=mask is not None or padding is not None)[0]

        def feed(y):
            return self.linear2(self.activation(self.linear1(y)))

        if self.norm_first:
            x = x + attend(self.norm1(x))
            return (x + feed(self.norm2(x))).contiguous()
        x = self.norm1(x + attend(x))
        return self.norm2(x + feed(x)).contiguous()


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to the encoder's output and a feed-forward block, each with residual and norm."""

    norms = 3
    attentions = ("self_attn", "multihead_attn")

    def __setstate__(self, state: dict) -> None:
        """A copy of a layer whose activation is a module (not a function) computes relu, as PyTorch's does."""
        self.__dict__.update({"activation": F.relu, **state})

    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, tgt_is_causal: bool = False, memory_is_causal: bool = False):
        x = tgt
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        across = (memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *own)
            x = x + self._mha_block(self.norm2(x), *across)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(x + self._sa_block(x, *own))
        x = self.norm2(x + self._mha_block(x, *across))
        return self.norm3(x + self._ff_block(x))

    def _mha_block(self, x, mem, attn_mask, key_padding_mask, is_causal: bool = False):
        return self._attend(self.multihead_attn, self.dropout2, x, mem, attn_mask, key_padding_mask, is_causal)


class TransformerEncoder(Module):
    """`num_layers` copies of a layer, one after the other, then `norm`."""

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None,
                 enable_nested_tensor: bool = True, mask_check: bool = True):
        super().__init__()
        self.layers = _clones(encoder_layer, num_layers)
        self.num_layers, self.norm, self.mask_check = num_layers, norm, mask_check
        self.enable_nested_tensor = enable_nested_tensor
        reason = self._why_not_nested(encoder_layer)
        self.use_nested_tensor = enable_nested_tensor and not reason
        if enable_nested_tensor and reason:
            import warnings

            warnings.warn(f"enable_nested_tensor is True, but self.use_nested_tensor is False because {reason}",
                          stacklevel=2)

    @staticmethod
    def _why_not_nested(layer: Module) -> str:
        name = "encoder_layer"
        if not isinstance(layer, TransformerEncoderLayer):
            return f"{name} was not TransformerEncoderLayer"
        own = layer.self_attn
        for holds, reason in (
                (layer.norm_first, ".norm_first was True"),
                (not own.batch_first, ".self_attn.batch_first was not True(use batch_first for better inference "
                                      "performance)"),
                (not own._qkv_same_embed_dim, ".self_attn._qkv_same_embed_dim was not True"),
                (own.in_proj_bias is None, ".self_attn was passed bias=False"),
                (not layer.activation_relu_or_gelu, ".activation_relu_or_gelu was not True"),
                (layer.norm1.eps != layer.norm2.eps, ".norm1.eps was not equal to encoder_layer.norm2.eps"),
                (own.num_heads % 2, ".self_attn.num_heads is odd")):
            if holds:
                return name + reason
        return ""

    def _drops_padding(self, src, mask, padding) -> bool:
        """Whether PyTorch computes without the padded positions, at the end of each row, and gives them zeros."""
        if not self.use_nested_tensor or src.dim() != 3 or padding is None or mask is not None:
            return False
        first = self.layers[0]
        if first.training or watched(src, *first.parameters()):
            return False
        kept = padding._array == 0
        at_the_end = not (kept[:, 1:] & ~kept[:, :-1]).any()
        if not self.mask_check and not at_the_end:
            raise refuse("torch.nn.TransformerEncoder(mask_check=False) with padding before the end", "mask_check=True")
        return at_the_end

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal: bool | None = None):
        padding = float_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype, mask, "mask")
        mask = float_mask(mask, "mask", src.dtype)
        drops = self._drops_padding(src, mask, padding)
        is_causal = _is_causal(mask, is_causal, _length(src, self.layers[0].self_attn.batch_first))
        x = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, is_causal=is_causal, src_key_padding_mask=padding)
        if drops:
            x = x.masked_fill((padding != 0).unsqueeze(-1), 0.0)
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    """`num_layers` copies of a layer, one after the other, then `norm`."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None):
        super().__init__()
        self.layers = _clones(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
                memory_key_padding_mask=None, tgt_is_causal: bool | None = None, memory_is_causal: bool = False):
        length = _length(tgt, self.layers[0].self_attn.batch_first)
        tgt_is_causal = _is_causal(tgt_mask, tgt_is_causal, length)
        x = tgt
        for layer in self.layers:
            x = layer(x, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                      memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal,
                      memory_is_causal=memory_is_causal)
        return x if self.norm is None else self.norm(x)


class Transformer(Module):
    """Encoder and decoder of "Attention Is All You Need": source (S, B, E), target (T, B, E) → (T, B, E)."""

    def __init__(self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
                 dim_feedforward: int = 2048, dropout: float = 0.1, activation=F.relu, custom_encoder=None,
                 custom_decoder=None, layer_norm_eps: float = 1e-5, batch_first: bool = False,
                 norm_first: bool = False, bias: bool = True, device=None, dtype=None):
        super().__init__()
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
                   device, dtype)

        def stack(layer, whole, count):
            one = layer(*options)
            return whole(one, count, LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype))

        self.encoder = (stack(TransformerEncoderLayer, TransformerEncoder, num_encoder_layers)
                        if custom_encoder is None else custom_encoder)
        self.decoder = (stack(TransformerDecoderLayer, TransformerDecoder, num_decoder_layers)
                        if custom_decoder is None else custom_decoder)
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def _reset_parameters(self) -> None:
        """Xavier-uniform for every matrix."""
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)

    def forward(self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None,
                tgt_key_padding_mask=None, memory_key_padding_mask=None, src_is_causal: bool | None = None,
                tgt_is_causal: bool | None = None, memory_is_causal: bool = False):
        batch = 0 if self.batch_first else 1
        if src.dim() == 3 and src.size(batch) != tgt.size(batch):
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
                            tgt_key_padding_mask=tgt_key_padding_mask,
                            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal,
                            memory_is_causal=memory_is_causal)

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device=None, dtype=None):
        """(sz, sz): −inf above the diagonal, 0 elsewhere."""
        return _causal_mask(sz, device, dtype)
