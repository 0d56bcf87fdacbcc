"""The vision page: the models are right, the weights are what the recipe makes, the figures take any drawing."""

import hashlib
import re
import sys

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.data import digits, make_digits
from snippets.kit import data_path, load_weights, results
from snippets.kit.figures import load
from snippets.kit.session import Session
from snippets.kit.training import manifest, stale, stale_results
from snippets.vision import train
from snippets.vision.images import centre, prepare, shift
from snippets.vision.model import (
    CNN,
    CLASSES,
    CNNConfig,
    PatchEmbedding,
    ResidualBlock,
    ResNet,
    ResNetConfig,
    ViT,
    ViTConfig,
    convolve,
    patchify,
    rollout,
)

CLOSE = {"rtol": 0, "atol": 1e-5}
FIGURES = load("vision")
KINDS = {"cnn": (CNN, CNNConfig), "resnet": (ResNet, ResNetConfig), "vit": (ViT, ViTConfig)}


@pytest.fixture(scope="module")
def trained() -> dict[str, nn.Module]:
    return {name: load_weights(kind(config()), "vision", prefix=f"{name}.") for name, (kind, config) in KINDS.items()}


@pytest.fixture(scope="module")
def parts() -> dict:
    return digits.split()


# --- convolution is torch's --------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_convolution_and_its_gradients_equal_torch(kernel, stride, padding):
    torch.manual_seed(kernel)
    reference = nn.Conv2d(3, 4, kernel, stride, padding, bias=False)
    kernels = reference.weight.detach().clone().requires_grad_()
    theirs = torch.randn(2, 3, 11, 12).requires_grad_()
    ours = theirs.detach().clone().requires_grad_()
    expected, found = reference(theirs), convolve(ours, kernels, stride, padding)
    torch.testing.assert_close(found, expected, **CLOSE)
    weights = torch.randn_like(expected)
    (expected * weights).sum().backward()
    (found * weights).sum().backward()
    torch.testing.assert_close(kernels.grad, reference.weight.grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.grad, theirs.grad, **CLOSE)


def test_a_patch_embedding_is_a_convolution_whose_stride_is_its_kernel():
    torch.manual_seed(0)
    embedding = PatchEmbedding(ViTConfig(patch=7, width=12))
    images = torch.randn(2, 1, 28, 28)
    kernels = embedding.projection.weight.reshape(12, 1, 7, 7)
    maps = F.conv2d(images, kernels, embedding.projection.bias, stride=7)  # (B, D, 4, 4)
    torch.testing.assert_close(embedding(images), maps.flatten(2).transpose(1, 2), **CLOSE)


def test_moving_the_image_moves_the_response():
    torch.manual_seed(0)
    image, kernel = torch.zeros(1, 1, 20, 20), torch.randn(2, 1, 3, 3)
    image[:, :, 6:12, 6:12] = torch.rand(6, 6)
    torch.testing.assert_close(convolve(shift(image, 3, -2), kernel), shift(convolve(image, kernel), 3, -2), **CLOSE)


# --- the vision transformer is that of transformers --------------------------------------------------------


def transformers_vit(model: ViT, config: ViTConfig) -> nn.Module:
    from transformers import ViTConfig as TheirConfig
    from transformers import ViTForImageClassification

    theirs = TheirConfig(
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=config.expansion * config.width,
        image_size=28,
        patch_size=config.patch,
        num_channels=1,
        num_labels=CLASSES,
        hidden_act="gelu",
        layer_norm_eps=1e-6,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    reference = ViTForImageClassification(theirs).eval()
    own = dict(reference.named_parameters())
    assert len(own) == len(list(model.parameters()))
    with torch.no_grad():
        for name, parameter in pairs(model, own):
            parameter.copy_(name.reshape(parameter.shape))
    return reference


def pairs(model: ViT, theirs: dict) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Our parameters beside theirs, whose patch projection is shaped (D, 1, P, P)."""
    block = {
        "attention_norm": "layernorm_before",
        "attention.queries": "attention.q_proj",
        "attention.keys": "attention.k_proj",
        "attention.values": "attention.v_proj",
        "attention.output": "attention.o_proj",
        "feed_forward_norm": "layernorm_after",
        "feed_forward.expand": "mlp.fc1",
        "feed_forward.contract": "mlp.fc2",
    }
    named = {
        "class_token": "vit.embeddings.cls_token",
        "positions": "vit.embeddings.position_embeddings",
        "patches.projection": "vit.embeddings.patch_embeddings.projection",
        "norm": "vit.layernorm",
        "readout": "classifier",
    }
    found = []
    for name, parameter in model.named_parameters():
        path, _, leaf = name.rpartition(".")
        if name in named:
            target = named[name]
        elif path in named:
            target = f"{named[path]}.{leaf}"
        else:
            _, index, inner = path.split(".", 2)
            target = f"vit.layers.{index}.{block[inner]}.{leaf}"
        found.append((parameter, theirs[target]))
    return found


@pytest.mark.parametrize("config", [ViTConfig(), ViTConfig(patch=7, width=24, heads=3, layers=2, expansion=2)])
def test_logits_attention_and_every_gradient_equal_transformers(config):
    torch.manual_seed(config.patch)
    model = ViT(config)
    with torch.no_grad():  # larger than at the start, so that a wrong position or token would show
        model.positions.normal_()
        model.class_token.normal_()
    reference = transformers_vit(model, config)
    ours = torch.rand(3, 1, 28, 28).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    logits = model(ours)
    expected = reference(theirs, output_attentions=True)
    torch.testing.assert_close(logits, expected.logits, **CLOSE)
    for attention, other in zip(model.encode(ours)[1], expected.attentions, strict=True):
        torch.testing.assert_close(attention, other, **CLOSE)
    weights = torch.randn_like(logits)
    (logits * weights).sum().backward()
    (expected.logits * weights).sum().backward()
    for mine, other in pairs(model, dict(reference.named_parameters())):
        torch.testing.assert_close(mine.grad, other.grad.reshape(mine.shape), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.grad, theirs.grad, **CLOSE)


def test_without_positions_the_order_of_the_patches_does_not_matter():
    torch.manual_seed(0)
    for positions in (False, True):
        model = ViT(ViTConfig(patch=7, positions=positions))
        if positions:
            with torch.no_grad():
                model.positions.normal_()
        image = torch.rand(1, 1, 28, 28)
        tiles = patchify(image, 7)[:, torch.randperm(16)]
        mixed = tiles.reshape(1, 4, 4, 7, 7).permute(0, 1, 3, 2, 4).reshape(1, 1, 28, 28)
        same = torch.allclose(model(image), model(mixed), atol=1e-5)
        assert same != positions


def test_patches_are_squares_of_the_image_row_by_row():
    image = torch.arange(28 * 28).reshape(1, 1, 28, 28).float()
    for side in (4, 7, 14):
        tiles = patchify(image, side)
        across = 28 // side
        assert tiles.shape == (1, across**2, side**2)
        for index in range(across**2):
            top, left = side * (index // across), side * (index % across)
            expected = image[0, 0, top : top + side, left : left + side].reshape(-1)
            assert torch.equal(tiles[0, index], expected)


def test_rollout_shares_out_all_of_the_attention():
    torch.manual_seed(0)
    attentions = [torch.softmax(torch.randn(2, 3, 5, 5), dim=-1) for _ in range(4)]
    total = rollout(attentions)
    torch.testing.assert_close(total.sum(dim=-1), torch.ones(2, 5), **CLOSE)
    one = 0.5 * attentions[0].mean(dim=1) + 0.5 * torch.eye(5)
    torch.testing.assert_close(rollout(attentions[:1]), one, **CLOSE)


# --- convolutional and residual networks -------------------------------------------------------------------


def test_a_block_is_the_sum_of_its_skip_and_its_change():
    torch.manual_seed(0)
    maps = torch.rand(2, 6, 8, 8)
    block = ResidualBlock(6, 6, 1, skip=True).eval()
    nn.init.zeros_(block.second_norm.weight)
    assert torch.equal(block(maps), maps), "with nothing to add, what is not negative passes unchanged"
    plain = ResidualBlock(6, 6, 1, skip=False).eval()
    plain.load_state_dict(block.state_dict())
    assert not plain(maps).any(), "without the skip nothing passes"


@pytest.mark.parametrize("blocks", [1, 3, 9])
def test_depth_counts_the_layers_with_weights(blocks):
    model = ResNet(ResNetConfig(blocks=blocks, skips=False))
    layers = [module for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert len(layers) == model_depth(blocks)


def model_depth(blocks: int) -> int:
    return ResNetConfig(blocks=blocks).depth


def test_the_shapes_that_the_comments_give():
    images = torch.rand(3, 1, 28, 28)
    cnn, resnet, vit = CNN(CNNConfig()), ResNet(ResNetConfig()), ViT(ViTConfig())
    assert cnn.first(images).shape == (3, 8, 12, 12)
    assert cnn.second(cnn.first(images)).shape == (3, 16, 4, 4)
    assert resnet.stem(images).shape == (3, 8, 14, 14)
    assert vit.embed(images).shape == (3, 50, 32)
    for model in (cnn, resnet, vit):
        assert model(images).shape == (3, CLASSES)


# --- drawings ----------------------------------------------------------------------------------------------


def test_a_shift_moves_and_loses_at_the_edge():
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, 10, 20] = 1
    assert shift(image, 3, -4)[0, 0, 6, 23] == 1
    assert not shift(image, 8, 0).any()
    assert torch.equal(shift(image, 0, 0), image)


def test_a_prepared_drawing_looks_like_the_data(parts):
    images = parts["test"][0][:50]
    for image in images:
        moved = prepare(shift(image[None], -3, 2))
        rows, columns = centre(moved)
        assert abs(rows - 14) < 1 and abs(columns - 14) < 1
        high, wide = (moved[0, 0].sum(dim=dim) > 0 for dim in (1, 0))
        assert max(int(high.sum()), int(wide.sum())) <= 20


def test_a_blank_and_a_full_drawing_can_be_prepared():
    assert not prepare(torch.zeros(1, 1, 28, 28)).any()
    assert prepare(torch.ones(1, 1, 28, 28)).sum() == 400
    dot = torch.zeros(1, 1, 28, 28)
    dot[0, 0, 27, 27] = 1
    assert prepare(dot).shape == (1, 1, 28, 28)
