"""The attention page: the lookups are torch's, the weights are what the recipe makes, its figures take any word."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.attention import train
from snippets.attention.model import (
    AdditiveScore,
    Config,
    Filler,
    FillerConfig,
    MultiHead,
    MultiplicativeScore,
    Speller,
    dot_product,
    mix,
    write,
)
from snippets.data import names, pronunciations
from snippets.data.pronunciations import END, PADDING, Pair, spell
from snippets.kit import data_path, load_weights, results
from snippets.kit.figures import load
from snippets.kit.training import manifest, stale, stale_results
from tests.snippets.page_cells import cells_on, opened, tried

CLOSE = {"rtol": 0, "atol": 1e-5}
FIGURES = load("attention")
ROOT = data_path("names.txt").parents[2]
PAGE = (ROOT / "docs" / "architectures" / "attention.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def trained() -> Speller:
    return load_weights(Speller(Config()), "attention", prefix="speller.")


def mask_of(kind: str, queries: int, keys: int) -> torch.Tensor | None:
    if kind == "causal":
        return torch.ones(queries, keys).tril().bool()
    if kind == "random":
        mask = torch.rand(2, 3, queries, keys) < 0.6
        mask[..., 0] = True  # a query that may look nowhere has no answer
        return mask
    return None


# --- the lookups are torch's -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["none", "causal", "random"])
@pytest.mark.parametrize("scale", [None, 1.0])
def test_the_lookup_equals_scaled_dot_product_attention(kind, scale):
    torch.manual_seed(0)
    shapes = ((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 4))
    ours = [torch.randn(shape, requires_grad=True) for shape in shapes]
    theirs = [tensor.detach().clone().requires_grad_() for tensor in ours]
    mask = mask_of(kind, 5, 7)
    found, weights = mix(dot_product(*ours[:2], scaled=scale is None), ours[2], mask)
    expected = F.scaled_dot_product_attention(*theirs, attn_mask=mask, scale=scale)
    torch.testing.assert_close(found, expected, **CLOSE)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 5), **CLOSE)
    direction = torch.randn_like(found)
    (found * direction).sum().backward()
    (expected * direction).sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, other.grad, **CLOSE)


def copy_heads(ours: MultiHead, theirs: nn.MultiheadAttention) -> None:
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
        theirs.out_proj.weight.copy_(ours.output.weight)
        theirs.out_proj.bias.copy_(ours.output.bias)


@pytest.mark.parametrize("heads", [1, 4, 8])
@pytest.mark.parametrize("kind", ["self", "cross", "causal", "padded"])
def test_many_heads_equal_torch(heads, kind):
    torch.manual_seed(heads)
    model, reference = MultiHead(32, heads), nn.MultiheadAttention(32, heads, batch_first=True)
    copy_heads(model, reference)
    x = torch.randn(3, 6, 32)
    memory = torch.randn(3, 9, 32) if kind == "cross" else x
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    here, there = (memory, memory) if kind == "cross" else (ours, theirs)
    mask, options = None, {}
    if kind == "causal":
        mask = torch.ones(6, 6).tril().bool()
        options = {"attn_mask": ~mask}
    elif kind == "padded":
        present = torch.arange(6) < torch.tensor([[6], [4], [1]])  # (B, T)
        mask = present[:, None, None, :]
        options = {"key_padding_mask": ~present}
    found, weights = model(ours, here, mask)
    expected, expected_weights = reference(theirs, there, there, average_attn_weights=False, **options)
    torch.testing.assert_close(found, expected, **CLOSE)
    torch.testing.assert_close(weights, expected_weights, **CLOSE)
    direction = torch.randn_like(found)
    (found * direction).sum().backward()
    (expected * direction).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, **CLOSE)
    projections = [model.query, model.key, model.value]
    weight_gradients = torch.cat([layer.weight.grad for layer in projections])
    bias_gradients = torch.cat([layer.bias.grad for layer in projections])
    torch.testing.assert_close(weight_gradients, reference.in_proj_weight.grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(bias_gradients, reference.in_proj_bias.grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(model.output.weight.grad, reference.out_proj.weight.grad, rtol=1e-5, atol=1e-5)


def test_the_additive_score_is_the_formula_of_the_page():
    torch.manual_seed(0)
    score = AdditiveScore(5, 7, 6)
    query, states = torch.randn(2, 5), torch.randn(2, 4, 7)
    found = score(query, score.key(states))
    W, U, b, v = score.query.weight, score.key.weight, score.key.bias, score.energy.weight[0]
    for row in range(2):
        for j in range(4):
            expected = v @ torch.tanh(W @ query[row] + U @ states[row, j] + b)
            torch.testing.assert_close(found[row, 0, j], expected, **CLOSE)


def test_the_multiplicative_score_is_the_formula_of_the_page():
    torch.manual_seed(0)
    score = MultiplicativeScore(5, 7, 0)
    query, states = torch.randn(2, 5), torch.randn(2, 4, 7)
    expected = torch.einsum("bd,de,bse->bs", query, score.key.weight, states)
    torch.testing.assert_close(score(query, score.key(states))[:, 0], expected, **CLOSE)


@pytest.mark.parametrize("score", ["additive", "multiplicative", "none"])
def test_a_speller_equals_one_made_of_torch_modules(score):
    """The whole network again, from nn.GRU, nn.GRUCell and the lookup of torch, outputs and gradients."""
    torch.manual_seed(1)
    model = Speller(Config(embedding=6, encoder_hidden=5, hidden=8, energies=7, score=score))
    source, inputs = torch.randint(3, 29, (3, 6)), torch.randint(3, 42, (3, 4))
    reader = nn.GRU(6, 5, batch_first=True, bidirectional=True)
    cell = nn.GRUCell(6 + 10, 8)
    with torch.no_grad():
        for encoder, suffix in ((model.annotations.forwards, "l0"), (model.annotations.backwards, "l0_reverse")):
            for name, layer in (("ih", encoder.cell.input_weights), ("hh", encoder.cell.hidden_weights)):
                getattr(reader, f"weight_{name}_{suffix}").copy_(layer.weight)
                getattr(reader, f"bias_{name}_{suffix}").copy_(layer.bias)
        for name, layer in (("ih", model.cell.input_weights), ("hh", model.cell.hidden_weights)):
            getattr(cell, f"weight_{name}").copy_(layer.weight)
            getattr(cell, f"bias_{name}").copy_(layer.bias)
        model.annotations.backwards.embedding.weight.copy_(model.annotations.forwards.embedding.weight)
    embedded = model.annotations.forwards.embedding(source)
    states, last = reader(embedded)
    hidden = torch.tanh(model.first(last[1]))
    expected = []
    for t in range(4):
        scores = model.score(hidden, model.score.key(states))
        context = (scores.softmax(-1) @ states)[:, 0]
        hidden = cell(torch.cat([model.embedding(inputs[:, t]), context], -1), hidden)
        expected.append(model.readout(torch.cat([hidden, context], -1)))
    expected = torch.stack(expected, 1)
    logits, _ = model(source, inputs)
    torch.testing.assert_close(logits, expected, **CLOSE)
    direction = torch.randn_like(logits)
    (expected * direction).sum().backward()
    theirs = cell.weight_ih.grad, reader.weight_ih_l0_reverse.grad
    model.zero_grad()
    (model(source, inputs)[0] * direction).sum().backward()
    ours = model.cell.input_weights.weight.grad, model.annotations.backwards.cell.input_weights.weight.grad
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, **CLOSE)


def test_the_gradient_of_a_score_is_the_formula_of_the_page():
    torch.manual_seed(0)
    scores, values, direction = torch.randn(1, 6, requires_grad=True), torch.randn(6, 4), torch.randn(4)
    found, weights = mix(scores, values)
    (found[0] @ direction).backward()
    torch.testing.assert_close(scores.grad[0], weights[0] * ((values - found) @ direction), **CLOSE)


# --- what the page says about them -------------------------------------------------------------------------


def test_padding_gets_no_weight_and_changes_nothing(trained):
    alone = write(trained, spell("attention"))
    padded = torch.cat([spell("attention"), torch.full((1, 5), PADDING)], dim=1)
    beside = write(trained, padded)
    assert torch.equal(alone[0], beside[0])
    torch.testing.assert_close(alone[2], beside[2][:, :, :9], **CLOSE)
    assert (beside[2][:, :, 9:] == 0).all()


def test_without_tanh_the_additive_score_does_not_hear_the_query():
    torch.manual_seed(0)
    score = AdditiveScore(8, 8, 8)
    keys = score.key(torch.randn(1, 5, 8))
    linear = [score.energy(score.query(query)[:, None] + keys)[..., 0].softmax(-1) for query in torch.randn(2, 1, 8)]
    torch.testing.assert_close(*linear, **CLOSE)
    first, second = (score(query, keys).softmax(-1) for query in torch.randn(2, 1, 8))
    assert not torch.allclose(first, second)


def test_self_attention_does_not_see_the_order():
    torch.manual_seed(0)
    attention, x = MultiHead(16, 4), torch.randn(2, 7, 16)
    order = torch.randperm(7)
    torch.testing.assert_close(attention(x[:, order], x[:, order])[0], attention(x, x)[0][:, order], **CLOSE)


def test_the_guesser_does_not_see_the_missing_letter_but_its_place():
    model = Filler(FillerConfig())
    one, other = torch.tensor([[0, 3, 27, 5, 0]]), torch.tensor([[0, 3, 5, 27, 0]])
    assert not torch.allclose(model(one)[0], model(other)[0])
    tokens, mask, targets = train.gaps(["anna"], longest=8)
    assert tokens.tolist()[0] == [0, 27, 14, 14, 1, 0, 0, 0] and targets.tolist() == [1, 14, 14, 1]
    assert mask.sum(1).tolist() == [6] * 4


@pytest.mark.parametrize("heads", [1, 2, 4, 8])
def test_more_heads_are_not_more_parameters(heads):
    assert train.size(Filler(FillerConfig(heads=heads))) == train.size(Filler(FillerConfig()))


def test_the_variance_of_a_dot_product_is_its_width():
    generator = torch.Generator().manual_seed(0)
    for width in (4, 64, 256):
        query, key = (torch.randn(400, width, generator=generator) for _ in range(2))
        assert dot_product(query, key, scaled=False).var().item() == pytest.approx(width, rel=0.15)
        assert dot_product(query, key).var().item() == pytest.approx(1, rel=0.15)


def test_the_trained_speller_looks_from_left_to_right(trained):
    """Over held-out words, the place looked at moves on with the phonemes."""
    pairs = [pair for pair in pronunciations.split()["test"] if len(pair.word) >= 8][:100]
    batch = pronunciations.batch(pairs)
    with torch.no_grad():
        _, weights = trained(batch.source, batch.inputs)
    places = (weights * torch.arange(weights.shape[2])).sum(-1)  # (B, T)
    kept = batch.targets > END
    steps = torch.arange(weights.shape[1]).expand_as(places)
    correlation = torch.corrcoef(torch.stack([places[kept], steps[kept].float()]))[0, 1]
    assert correlation > 0.9


def test_kendall_agrees_with_counting():
    first, second = torch.tensor([0.1, 0.4, 0.3, 0.2]), torch.tensor([0.0, 3.0, 1.0, 2.0])
    assert train.kendall(first, second) == pytest.approx(4 / 6)
    assert train.kendall(first, first) == 1 and train.kendall(first, -first) == -1


def test_each_letter_is_taken_out_once():
    assert train.without_each(torch.tensor([[5, 6, 7]])).tolist() == [[6, 7], [5, 7], [5, 6]]


def test_given_weights_decode_as_computed_ones_do(trained):
    source = spell("letter")
    states, hidden = trained.read(source)
    keys, seen = trained.score.key(states), torch.ones(1, 6, dtype=torch.bool)
    logits, _, weights = trained.step(torch.tensor([1]), hidden, states, keys, seen)
    torch.testing.assert_close(train.decode_with(trained, torch.tensor([1]), hidden, states, weights), logits, **CLOSE)


# --- the recipe, its weights and results -------------------------------------------------------------------


def test_the_weights_are_what_the_recipe_makes():
    assert stale("attention") == []


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("attention", train.experiments()) == []


def test_the_committed_scores_are_the_committed_weights(trained):
    kept, parts = results("attention")["training"], pronunciations.split()
    part = parts["test"]
    found = train.evaluate(trained, part)
    assert found["exact"] == pytest.approx(kept["test"]["exact"], abs=2e-3)
    assert found["loss"] == pytest.approx(kept["test"]["loss"], abs=1e-3)
    assert kept["speller_parameters"] == train.size(trained)
    assert manifest("attention")["metrics"]["test"]["exact"] == kept["test"]["exact"]
    longest = max(len(name) for part in names.split().values() for name in part) + 2
    tokens, mask, targets = train.gaps(names.split()["validation"], longest)
    for heads in (1, 8):
        model = load_weights(Filler(FillerConfig(heads=heads)), "attention", prefix=f"heads_{heads}.")
        with torch.no_grad():
            accuracy = (model(tokens, mask)[0].argmax(-1) == targets).float().mean().item()
        assert accuracy == pytest.approx(kept["filler"][f"heads_{heads}"]["accuracy"], abs=2e-3)


def test_a_short_retrain_comes_near():
    """The letter guesser of eight heads: a quarter of the recipe beats what one head reaches in all of it."""
    _, found = train.fill(heads=8, width=48, steps=400, seed=0)
    assert found["accuracy"] > results("attention")["training"]["filler"]["heads_1"]["accuracy"]


def test_what_the_page_concludes_from_the_measurements():
    found = results("attention")
    exact = {kind: found["spellers"][kind]["exact"] for kind in found["spellers"]}
    for kind in ("additive", "multiplicative"):
        for other in ("none", "bottleneck"):
            assert exact[kind]["lowest"] > exact[other]["highest"], f"{kind} against {other}"
    sizes = [found["spellers"][kind]["parameters"] for kind in ("additive", "multiplicative", "none")]
    assert max(sizes) < 1.05 * min(sizes)
    gaps = {}
    for width, both in found["scaling"].items():
        gaps[width] = both["scaled"]["accuracy"]["mean"] - both["unscaled"]["accuracy"]["mean"]
        assert both["scaled"]["validation_loss"]["mean"] < both["unscaled"]["validation_loss"]["mean"], width
    both = found["scaling"]["width_64"]
    assert both["scaled"]["accuracy"]["lowest"] > both["unscaled"]["accuracy"]["highest"]
    assert gaps["width_64"] == max(gaps.values())
    assert found["heads"]["heads_8"]["accuracy"]["lowest"] > found["heads"]["heads_1"]["accuracy"]["highest"]
    assert found["training"]["test"]["exact"] > results("encoder-decoder")["training"]["test"]["exact"]
    assert found["masking"]["none"] > found["masking"]["zero"] > 0.01
    entropy = found["training"]["looking"]["entropy"]
    assert entropy == sorted(entropy), "the longer the word, the wider the look"
    erasing = found["training"]["erasing"]
    assert erasing["moved"] == sorted(erasing["moved"], reverse=True)
    assert erasing["moved"][0] > 3 * erasing["moved"][1]
    assert erasing["agreement_without_letter"] < erasing["agreement"]
    time = found["time"]
    assert time["length_32"]["attention"] < time["length_32"]["recurrence"]
    assert time["length_4096"]["attention"] > time["length_4096"]["recurrence"]


def test_spelling_is_judged_by_the_whole_word(trained):
    right = train.evaluate(trained, [Pair("cat", ("K", "AE", "T")), Pair("cat", ("K", "AE", "K"))])
    assert right["exact"] == 0.5 and right["words_by_length"] == [2]


# --- cells -------------------------------------------------------------------------------------------------

EDITS = [  # cell, what its prompt says to replace, by what, and the figures that must change
    (
        "attention.model:mix",
        "torch.softmax(scores, dim=-1)",
        "torch.softmax(4 * scores, dim=-1)",
        {"alignment", "lookup", "saturation", "heads"},
    ),
    ("attention.model:mix", "torch.softmax(scores, dim=-1)", "torch.softmax(0 * scores, dim=-1)", {"alignment"}),
    (
        "attention.model:scores",
        "torch.tanh(query + keys)",
        "(query + keys)",
        {"alignment", "scores", "explanation"},
    ),
    ("attention.model:dot_product", " / query.shape[-1] ** 0.5", "", {"saturation", "scores", "lookup"}),
    ("attention.walkthrough:by_hand", "2.0", "6.0", set()),
    ("attention.walkthrough:one_word", '"knowledge"', '"wugs"', set()),
    ("attention.walkthrough:same_numbers", "value, mask)", "value)", set()),
    ("attention.walkthrough:order", "0 * torch", "0.1 * torch", set()),
]


@pytest.fixture(scope="module")
def session():
    with opened("attention") as session:
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("attention") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS)
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    with tried(session, cell, old, new, changed):
        if new == "":
            divided, undivided = session.draw("attention/saturation", {})["figure"]["data"][-2:]
            assert divided["y"] == undivided["y"], "the two lines become one"
        if "0 * scores" in new or new == "(query + keys)":
            rows = session.draw("attention/alignment", {})["figure"]["data"][0]["z"]
            assert all(row == pytest.approx(rows[0], abs=1e-3) for row in rows), "all rows become equal"


# --- figures -----------------------------------------------------------------------------------------------


def test_in_the_middle_all_keys_weigh_the_same():
    weights = FIGURES["lookup"].draw(query=(0.0, 0.0))["data"][-1]["y"]
    assert weights == pytest.approx([1 / 6] * 6, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(x=st.floats(-3, 3), y=st.floats(-3, 3))
def test_the_short_key_between_two_long_ones_never_weighs_most(x, y):
    weights = FIGURES["lookup"].draw(query=(x, y))["data"][-1]["y"]
    assert weights[5] <= max(weights[:5]) + 1e-9


def test_a_match_is_diluted_and_a_growing_scale_holds_it():
    softmax, scaled = FIGURES["dilution"].draw(margin=6)["data"]
    assert softmax["y"][0] > 0.9 and softmax["y"][-1] < 0.02 and scaled["y"][-1] > 0.5
    assert FIGURES["dilution"].draw(margin=1)["data"][1]["y"][-1] < 0.02, "one that does not stand out is dropped"
    entropy, _, uniform = FIGURES["dilution"].draw(margin=0, show="entropy")["data"]
    assert uniform["y"][-1] == pytest.approx(16 * math.log(2), abs=1e-3)
    assert uniform["y"][-1] - entropy["y"][-1] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("keys", [4, 16, 64])
def test_scaling_takes_the_width_out(keys):
    divided, undivided = FIGURES["saturation"].draw(keys=keys)["data"]
    assert max(divided["y"]) - min(divided["y"]) < 0.15
    assert undivided["y"][-1] > 0.85
    passing = FIGURES["saturation"].draw(keys=keys, show="gradient")["data"]
    assert passing[1]["y"][-1] < passing[0]["y"][-1] / 2


def test_padding_with_minus_infinity_weighs_nothing():
    for count in (0, 3, 12):
        drawn = FIGURES["padding"].draw(mask="infinite", padding=count)
        assert drawn["layout"]["title"]["text"].endswith("0%")
        assert drawn["data"][0]["y"] == FIGURES["padding"].draw(mask="infinite", padding=0)["data"][0]["y"]
    shares = [
        float(FIGURES["padding"].draw(mask="zero", padding=count)["layout"]["title"]["text"].split()[-1].rstrip("%"))
        for count in (1, 6, 12)
    ]
    assert shares == sorted(shares) and shares[-1] > shares[0]


@pytest.mark.parametrize("width", [64, 1024, 16384])
def test_attention_costs_more_than_the_recurrence_beyond_the_width(width):
    attention, _, recurrence = FIGURES["cost"].draw(width=width)["data"]
    for n, one, other in zip(attention["x"], attention["y"], recurrence["y"], strict=True):
        assert (one > other) == (n > width)


def test_the_third_look_at_knowledge_shows_what_the_caption_says():
    weight, moved = (trace["y"] for trace in FIGURES["explanation"].draw()["data"])
    assert weight.index(max(weight)) == "knowledge".index("w") and moved["knowledge".index("w")] < 0.1
    assert moved.index(max(moved)) == "knowledge".index("l") and max(moved) > 0.8
    weight, moved = (trace["y"] for trace in FIGURES["explanation"].draw(step=1, erase="word")["data"])
    assert any(light < 0.02 and far > 0.5 for light, far in zip(weight, moved, strict=True))


def test_angry_loses_its_g_when_the_padding_scores_zero():
    spelled = {kind: FIGURES["padding"].draw(mask=kind)["layout"]["yaxis"]["ticktext"] for kind in ("zero", "infinite")}
    assert spelled["infinite"] == ["AE", "NG", "G", "R", "IY", "end"]
    assert spelled["zero"] == ["AE", "NG", "R", "IY", "end"]


def test_a_high_temperature_ruins_the_spelling():
    spelled = [FIGURES["alignment"].draw(temperature=t)["layout"]["yaxis"]["ticktext"] for t in (1.0, 10.0)]
    assert spelled[0] == ["N", "OW", "L", "IH", "JH", "end"] and spelled[0] != spelled[1]
