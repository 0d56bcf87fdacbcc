"""The transformer page: its layers are torch's, the weights are what the recipe makes, its figures take any word."""

import pytest
import torch
from torch import nn

from snippets.transformer.model import (
    Config,
    DecoderLayer,
    EncoderLayer,
    LayerNorm,
    MultiHeadAttention,
)

CLOSE = {"rtol": 0, "atol": 1e-5}


# --- the layers are torch's --------------------------------------------------------------------------------


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
    theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())


def grown(layer: nn.Module) -> nn.Module:
    """A layer whose norms and biases are no longer as they start, so that a test sees them."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return layer


@torch.no_grad()
def as_torch(ours: nn.Module, width: int, heads: int) -> nn.Module:
    """The same layer from the library, with the same weights."""
    decodes = isinstance(ours, DecoderLayer)
    kind = nn.TransformerDecoderLayer if decodes else nn.TransformerEncoderLayer
    before = (ours.around_feed_forward.place) == "pre"
    theirs = kind(width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=before)
    copy_attention(ours.self_attention, theirs.self_attn)
    theirs.linear1.load_state_dict(ours.feed_forward.widen.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.narrow.state_dict())
    if decodes:
        copy_attention(ours.cross_attention, theirs.multihead_attn)
        norms = [ours.around_self_attention, ours.around_cross_attention, ours.around_feed_forward]
    else:
        norms = [ours.around_attention, ours.around_feed_forward]
    for number, around in enumerate(norms, start=1):
        getattr(theirs, f"norm{number}").load_state_dict(around.norm.state_dict())
    return theirs


def same_gradients(ours: nn.Module, theirs: nn.Module) -> None:
    """The gradient of every parameter of a layer, against the library's."""
    attentions = [("self_attention", "self_attn")]
    if isinstance(ours, DecoderLayer):
        attentions.append(("cross_attention", "multihead_attn"))
    for mine, other in attentions:
        mine, other = getattr(ours, mine), getattr(theirs, other)
        for part in ("weight", "bias"):
            stacked = torch.cat([getattr(getattr(mine, name), part).grad for name in ("query", "key", "value")])
            torch.testing.assert_close(stacked, getattr(other, f"in_proj_{part}").grad, rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(
                getattr(mine.output, part).grad, getattr(other.out_proj, part).grad, rtol=1e-5, atol=1e-5
            )
    for mine, other in ((ours.feed_forward.widen, theirs.linear1), (ours.feed_forward.narrow, theirs.linear2)):
        torch.testing.assert_close(mine.weight.grad, other.weight.grad, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(mine.bias.grad, other.bias.grad, rtol=1e-5, atol=1e-5)
    mine = [module for module in ours.modules() if isinstance(module, LayerNorm)]
    other = [module for module in theirs.modules() if isinstance(module, nn.LayerNorm)]
    for one, two in zip(mine, other, strict=True):
        torch.testing.assert_close(one.weight.grad, two.weight.grad, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(one.bias.grad, two.bias.grad, rtol=1e-5, atol=1e-5)


PADDED = torch.tensor([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]]).bool()  # (B, S)


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("heads", [1, 4])
def test_an_encoder_layer_is_torchs(norm, heads):
    torch.manual_seed(0)
    ours = grown(EncoderLayer(Config(width=32, heads=heads, norm=norm)))
    theirs = as_torch(ours, 32, heads)
    x = torch.randn(3, 7, 32, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    found = ours(x, PADDED[:, None, None, :])
    expected = theirs(y, src_key_padding_mask=~PADDED)
    torch.testing.assert_close(found[PADDED], expected[PADDED], **CLOSE)
    direction = torch.randn_like(found) * PADDED[:, :, None]
    (found * direction).sum().backward()
    (expected * direction).sum().backward()
    torch.testing.assert_close(x.grad, y.grad, **CLOSE)
    same_gradients(ours, theirs)


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("heads", [1, 4])
def test_a_decoder_layer_is_torchs(norm, heads):
    """With both masks: causal among the phonemes, padding among the letters."""
    torch.manual_seed(1)
    ours = grown(DecoderLayer(Config(width=32, heads=heads, norm=norm)))
    theirs = as_torch(ours, 32, heads)
    x, memory = torch.randn(3, 5, 32, requires_grad=True), torch.randn(3, 7, 32, requires_grad=True)
    y, other = (tensor.detach().clone().requires_grad_() for tensor in (x, memory))
    past = torch.ones(5, 5).tril().bool()
    found = ours(x, memory, past, PADDED[:, None, None, :])
    expected = theirs(y, other, tgt_mask=~past, memory_key_padding_mask=~PADDED)
    torch.testing.assert_close(found, expected, **CLOSE)
    direction = torch.randn_like(found)
    (found * direction).sum().backward()
    (expected * direction).sum().backward()
    torch.testing.assert_close(x.grad, y.grad, **CLOSE)
    torch.testing.assert_close(memory.grad, other.grad, **CLOSE)
    same_gradients(ours, theirs)


def test_the_norm_is_torchs_with_the_biased_variance():
    torch.manual_seed(0)
    ours = grown(LayerNorm(Config(width=16)))
    x = torch.randn(2, 3, 16)
    torch.testing.assert_close(ours(x), nn.functional.layer_norm(x, (16,), ours.weight, ours.bias), **CLOSE)
