"""The vision page: the models are right, the weights are what the recipe makes, the figures take any drawing."""

import hashlib

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
from snippets.kit.training import manifest, stale, stale_results
from snippets.vision import train
from snippets.vision.figures import multiply_adds
from snippets.vision.images import centre, prepare, shift
from snippets.vision.model import (
    CLASSES,
    CNN,
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
from snippets.vision.samples import samples
from tests.snippets.page_cells import cells_on, opened, text_of, tried

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
    config = ResNetConfig(blocks=blocks, skips=False)
    model = ResNet(config)
    layers = [module for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert len(layers) == config.depth


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


# --- data --------------------------------------------------------------------------------------------------


def test_the_digits_are_the_documented_ones(parts):
    provenance = data_path("names.txt").with_name("PROVENANCE.md").read_text(encoding="utf-8")
    for name in ("digits.npz", "digit_samples.txt"):
        assert hashlib.sha256(data_path(name).read_bytes()).hexdigest() in provenance
    kept = numpy.load(data_path("digits.npz"))
    assert kept["images"].shape == (10_000, 28, 28) and kept["images"].dtype == numpy.uint8
    keys = [hashlib.sha256(image.tobytes()).digest() for image in kept["images"]]
    assert keys == sorted(set(keys)), "in the order of their hashes, none twice"
    assert make_digits.sampled(kept["images"], kept["labels"]) == data_path("digit_samples.txt").read_text()
    assert {part: len(labels) for part, (_, labels) in parts.items()} == results("vision")["training"]["images"]


def test_the_page_s_samples_are_the_first_test_images(parts):
    images, labels = parts["test"]
    for digit, image in enumerate(samples()):
        assert torch.equal(image, images[labels == digit][0])


def test_the_digits_are_centred_as_the_page_says(parts):
    images = parts["train"][0][:500]
    places = torch.tensor([centre(image[None]) for image in images])  # (500, 2)
    assert ((places - 14).abs() < 1).all()
    sides = [max(int((image[0].sum(dim=dim) > 0).sum()) for dim in (0, 1)) for image in images]
    assert max(sides) <= 20


# --- the recipe, its weights and results -------------------------------------------------------------------


def test_the_weights_are_what_the_recipe_makes():
    assert stale("vision") == []


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("vision", train.experiments()) == []


def test_the_committed_numbers_are_the_committed_weights(trained, parts):
    kept = results("vision")["training"]
    for name, model in trained.items():
        assert train.accuracy(model, *parts["test"]) == pytest.approx(kept[name]["test_accuracy"], abs=0.0015)
        assert kept[name]["parameters"] == sum(p.numel() for p in model.parameters())
    assert manifest("vision")["parameters"] == sum(kept[name]["parameters"] for name in KINDS)


def test_a_short_retrain_comes_near(parts):
    """A tenth of the CNN's steps, on the same schedule, reach what the first run had reached by then."""
    model = train.seeded(CNN, 0, CNNConfig())
    for _ in train.fit(model, parts["train"], range(200), train.STEPS["cnn"], rate=train.RATES["cnn"], seed=0):
        pass
    curves = results("vision")["training"]["curves"]
    recorded = curves["cnn_accuracy"][curves["cnn_step"].index(200)]
    assert train.accuracy(model, *parts["validation"]) == pytest.approx(recorded, abs=0.02)


def test_a_jittered_batch_moves_every_image_by_itself(parts):
    images = parts["train"][0][:20]
    moved = train.jitter(images, 3, torch.Generator().manual_seed(0))
    places = torch.tensor([centre(image[None]) for image in moved]) - torch.tensor(
        [centre(image[None]) for image in images]
    )
    assert places.abs().max() < 3.1 and len({tuple(place.round().tolist()) for place in places}) > 10


# --- what the page says ------------------------------------------------------------------------------------


def test_what_the_page_says_of_the_results():
    found = results("vision")
    size = found["size"]
    gaps = [
        size["cnn"][name]["accuracy"]["mean"] - size["vit"][name]["accuracy"]["mean"]
        for name in ("images_100", "images_300", "images_1000", "images_8000")
    ]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] > 0, "the fewer images, the wider the gap"
    mean = {name: found["shuffled"][name]["accuracy"]["mean"] for name in ("cnn", "vit")}
    assert mean["cnn"] < mean["vit"] < size["vit"]["images_8000"]["accuracy"]["mean"]
    assert found["jitter"]["cnn"]["shifted"]["lowest"][12] > 0.85 > size["cnn"]["images_8000"]["shifted"]["highest"][12]
    without = found["positions"]["without"]["accuracy"]["highest"]
    assert without < size["vit"]["images_8000"]["accuracy"]["lowest"]
    skips = found["skips"]
    assert skips["with"]["blocks_9"]["depth"] == 56 and skips["with"]["blocks_1"]["depth"] == 8
    assert skips["without"]["blocks_9"]["accuracy"]["highest"] < skips["with"]["blocks_9"]["accuracy"]["lowest"]
    shifted = {name: found["training"][name]["shifted"] for name in KINDS}
    assert shifted["resnet"][12] > max(shifted["cnn"][12], shifted["vit"][12])
    assert list(train.SHIFTS)[12] == 4


def test_the_cost_formula_counts_what_a_block_multiplies():
    """12 N D² in the linear layers and 2 N² D in the attention; equal at N = 6 D."""
    linear, attention = multiply_adds(768, 12, 197)
    block = ViT(ViTConfig(width=48, layers=1)).blocks[0]
    matrices = sum(p.numel() for name, p in block.named_parameters() if p.dim() == 2)
    assert matrices == 12 * 48**2
    assert linear == pytest.approx(12 * 12 * 197 * 768**2 / 1e9)
    assert attention / linear == pytest.approx(197 / (6 * 768))


@pytest.mark.parametrize(
    ("network", "depth", "side"), [("plain", 1, 3), ("plain", 4, 9), ("cnn", 3, 14), ("cnn", 4, 16)]
)
def test_the_gradient_s_field_is_the_formula_s(network, depth, side):
    layers = {"plain": [(3, 1)] * 4, "cnn": [(5, 1), (2, 2), (5, 1), (2, 2)]}[network][:depth]
    reach, step = 1, 1
    for kernel, stride in layers:
        reach, step = reach + (kernel - 1) * step, step * stride
    assert reach == side
    box = FIGURES["receptive_field"].draw(network=network, depth=depth)["layout"]["shapes"][0]
    assert box["x1"] - box["x0"] == box["y1"] - box["y0"] == side


def test_positions_beside_each_other_resemble_and_the_border_is_one(trained):
    vectors = F.normalize(trained["vit"].positions.detach()[0, 1:], dim=1)
    cosines = vectors @ vectors.T
    row, column = torch.arange(49) // 7, torch.arange(49) % 7
    border = (row % 6 == 0) | (column % 6 == 0)
    apart = (row[:, None] - row[None]).abs() + (column[:, None] - column[None]).abs()
    inner = ~border[:, None] & ~border[None]
    assert cosines[inner & (apart == 1)].mean() > 0.2
    assert cosines[inner & (apart > 1)].mean() < 0.05
    assert cosines[border[:, None] & border[None] & (apart > 0)].mean() > 0.5


# --- cells -------------------------------------------------------------------------------------------------

ROOT = data_path("names.txt").parents[2]
PAGE = (ROOT / "docs" / "architectures" / "vision.md").read_text(encoding="utf-8")
EDITS = [  # cell, what its prompt says to replace, by what, and the figures that must change
    (
        "vision.model:convolve",
        "    return torch",
        "    kernels = kernels.flip(2, 3)\n    return torch",
        {"kernel_playground"},
    ),
    (
        "vision.model:patchify",
        "    grid = grid.permute(0, 1, 3, 2, 4)  # (B, R/P, R/P, P, P): which patch, then which pixel\n",
        "",
        {"patches", "three_answers"},
    ),
    ("vision.model:residual", "change + self.skip(maps)", "change", {"three_answers"}),
    (
        "vision.model:rollout",
        "0.5 * weights + 0.5 * torch.eye(size)",
        "weights",
        {"attention_rollout"},
    ),
    ("vision.walkthrough:overlap", "stride=4", "stride=2", set()),
    ("vision.walkthrough:stages", "samples()[6:7]", "torch.zeros(1, 1, 28, 28)", set()),
    ("vision.walkthrough:moved", "right=5", "right=3", set()),
    ("vision.walkthrough:moved", "right=5", "right=8", set()),
]


@pytest.fixture(scope="module")
def session():
    with opened("vision") as session:
        for cell in ("stages", "overlap"):  # later cells use what these define
            session.run(f"vision.walkthrough:{cell}", text_of(f"vision.walkthrough:{cell}"), lambda _: None)
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("vision") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS)
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    with tried(session, cell, old, new, changed):
        pass


def test_the_moved_six_is_lost_and_found_as_the_page_says(trained):
    said = {
        right: [int(model(shift(samples()[6:7], right, 0)).argmax()) for model in trained.values()] for right in (3, 5)
    }
    assert said[3] == [6, 6, 6]
    assert said[5][1] == 6 and said[5][0] != 6 and said[5][2] != 6


# --- figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, figure in FIGURES.items() if "cells" in figure.controls])
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_any_drawing_can_be_drawn(name, data):
    row = st.lists(st.sampled_from([0.0, 0.0, 0.5, 1.0]), min_size=28, max_size=28)
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    FIGURES[name].draw(cells=[rows[index % len(rows)] for index in range(28)])


def test_without_positions_no_shuffle_changes_the_answer():
    blind = [FIGURES["shuffled_patches"].draw(shuffle=shuffle)["data"][1]["z"][3] for shuffle in (0, 1, 7)]
    for row in blind[1:]:
        assert row == pytest.approx(blind[0], abs=1e-3)


def test_one_block_s_rollout_is_its_attention():
    _, direct, rolled = FIGURES["attention_rollout"].draw(layers=1)["data"]
    scale = direct["zmax"] / rolled["zmax"]
    assert [cell * scale for row in rolled["z"] for cell in row] == pytest.approx(
        [cell for row in direct["z"] for cell in row], rel=1e-3
    )
