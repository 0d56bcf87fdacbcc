"""The transformer page: its layers are torch's, the weights are what the recipe makes, its figures take any word."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.data import pronunciations
from snippets.data.pronunciations import END, PADDING, START, spell
from snippets.kit import load_weights, results
from snippets.kit.figures import load
from snippets.kit.training import manifest, stale, stale_results
from snippets.transformer import train
from snippets.transformer.cost import dependent_products, numbers_kept, operations
from snippets.transformer.lora import LowRank, adapt
from snippets.transformer.model import (
    Config,
    DecoderLayer,
    EncoderLayer,
    LayerNorm,
    MultiHeadAttention,
    Transformer,
    distance_bias,
    rotate,
    sinusoids,
    slopes,
    write,
)
from snippets.transformer.objective import learning_rate, smoothed_loss, soft_targets
from tests.snippets.page_cells import cells_on, opened, tried

CLOSE = {"rtol": 0, "atol": 1e-5}
FIGURES = load("transformer")
POSITIONS = ["sinusoidal", "learned", "rope", "alibi", "none"]


@pytest.fixture(scope="module")
def trained() -> Transformer:
    return load_weights(Transformer(Config()), "transformer")


def small(**changes: object) -> Transformer:
    torch.manual_seed(0)
    return Transformer(Config(**({"width": 16, "heads": 2} | changes)))


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


def test_the_whole_network_is_made_of_torchs_layers():
    """nn.TransformerEncoder and nn.TransformerDecoder between our embeddings and readout."""
    for norm in ("post", "pre"):
        model = grown(small(norm=norm))
        source, inputs = torch.randint(3, 29, (3, 6)), torch.randint(3, 42, (3, 5))
        source[1, 4:] = PADDING
        memory, x = model.letters(source), model.phonemes(inputs)
        hidden, past = source == PADDING, ~torch.ones(5, 5).tril().bool()
        for layer in model.encoder:
            memory = as_torch(layer, 16, 2)(memory, src_key_padding_mask=hidden)
        memory = model.encoder_norm(memory)
        for layer in model.decoder:
            x = as_torch(layer, 16, 2)(x, memory, tgt_mask=past, memory_key_padding_mask=hidden)
        expected = model.readout(model.decoder_norm(x))
        torch.testing.assert_close(model(source, inputs), expected, **CLOSE)


# --- positions ---------------------------------------------------------------------------------------------


def test_the_sinusoids_are_the_formula_of_the_page():
    table = sinusoids(torch.arange(50), 48)
    for place, i in itertools.product((0, 1, 7, 49), (0, 5, 23)):
        angle = place * 10_000 ** (-2 * i / 48)
        assert table[place, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-5)
        assert table[place, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


def test_the_product_of_two_sinusoids_depends_on_their_distance():
    table = sinusoids(torch.arange(40), 48)
    products = table @ table.T
    for distance in range(20):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=0, atol=1e-4)


def test_a_rotated_product_depends_on_the_distance_and_sizes_stay():
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 12)
    scores = {(m, n): (rotate(query, torch.tensor([m])) @ rotate(key, torch.tensor([n])).T).item()
              for m, n in itertools.product(range(6), repeat=2)}  # fmt: skip
    for (m, n), score in scores.items():
        assert score == pytest.approx(scores[max(m - n, 0), max(n - m, 0)], abs=1e-4)
    assert scores[0, 0] == pytest.approx((query @ key.T).item(), abs=1e-5)
    assert rotate(query, torch.tensor([5])).norm().item() == pytest.approx(query.norm().item(), rel=1e-5)


def test_turning_halves_is_turning_neighbours_in_another_order():
    """The paper turns features 2i and 2i + 1; the scores are the same after one shuffle of the features."""
    torch.manual_seed(0)
    x, places, d = torch.randn(5, 12), torch.arange(5), 12
    neighbours = torch.empty_like(x)
    for i in range(d // 2):
        angle = places * 10_000 ** (-2 * i / d)
        neighbours[:, 2 * i] = x[:, 2 * i] * angle.cos() - x[:, 2 * i + 1] * angle.sin()
        neighbours[:, 2 * i + 1] = x[:, 2 * i + 1] * angle.cos() + x[:, 2 * i] * angle.sin()
    order = torch.cat([torch.arange(0, d, 2), torch.arange(1, d, 2)])
    torch.testing.assert_close(rotate(x[:, order], places), neighbours[:, order], **CLOSE)


def test_alibi_falls_with_the_distance_at_the_published_slopes():
    assert slopes(8).tolist() == pytest.approx([2.0**-power for power in range(1, 9)])
    assert slopes(4).tolist() == pytest.approx([1 / 4, 1 / 16, 1 / 64, 1 / 256])
    bias = distance_bias(3, 5, 4)
    assert bias.shape == (4, 3, 5) and (bias.diagonal(dim1=1, dim2=2) == 0).all()
    assert bias[0, 2, 4].item() == pytest.approx(-0.5) and bias[1, 2, 0].item() == pytest.approx(-1 / 8)


def test_without_positions_the_encoder_does_not_see_the_order():
    model, source = small(positions="none"), spell("knowledge")
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model.read(source[:, order])[0], model.read(source)[0][:, order], **CLOSE)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rope"])
def test_with_positions_it_does(positions):
    model, source = small(positions=positions), spell("knowledge")
    assert not torch.allclose(model.read(source.flip(1))[0].flip(1), model.read(source)[0], atol=1e-3)


def test_a_bias_that_is_the_same_on_both_sides_takes_a_word_for_its_mirror_image():
    model, source = small(positions="alibi"), spell("knowledge")
    torch.testing.assert_close(model.read(source.flip(1))[0].flip(1), model.read(source)[0], **CLOSE)
    order = torch.tensor([1, 0, *range(2, 9)])
    assert not torch.allclose(model.read(source[:, order])[0][:, order], model.read(source)[0], atol=1e-3)


def test_learned_positions_end_and_formulas_do_not():
    long = torch.full((1, 40), 5)
    with pytest.raises(IndexError):
        small(positions="learned").read(long)
    for positions in ("sinusoidal", "rope", "alibi", "none"):
        assert small(positions=positions).read(long)[0].isfinite().all()


# --- what the page says about the model --------------------------------------------------------------------


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("norm", ["post", "pre"])
def test_padding_and_what_comes_later_change_nothing(norm, positions):
    model = small(norm=norm, positions=positions)
    source, inputs = spell("cable"), torch.tensor([[START, 5, 9, 12]])
    alone = model(source, inputs)
    padded = torch.cat([source, torch.full((1, 4), PADDING)], dim=1)
    torch.testing.assert_close(model(padded, inputs), alone, **CLOSE)
    changed = torch.tensor([[START, 5, 30, 31]])
    torch.testing.assert_close(model(source, changed)[:, :2], alone[:, :2], **CLOSE)
    assert not torch.allclose(model(source, changed)[:, 2], alone[:, 2])


def test_one_pass_gives_what_one_step_after_the_other_gives(trained):
    source, inputs = spell("transformer"), torch.randint(3, 42, (1, 8), generator=torch.Generator().manual_seed(0))
    in_turn = [trained(source, inputs[:, : t + 1])[:, -1] for t in range(8)]
    torch.testing.assert_close(trained(source, inputs), torch.stack(in_turn, 1), rtol=0, atol=1e-4)


def test_writing_takes_the_likeliest_phoneme_until_the_end(trained):
    ids, probabilities = write(trained, spell("letter"))
    assert int(ids[0, -1]) == END and END not in ids[0, :-1]
    inputs = torch.cat([torch.tensor([[START]]), ids[:, :-1]], dim=1)
    chances = trained(spell("letter"), inputs).softmax(-1)
    assert torch.equal(chances.argmax(-1), ids)
    torch.testing.assert_close(chances.max(-1).values, probabilities, **CLOSE)
    assert write(trained, spell("letter"), longest=2)[0].shape == (1, 2)


def test_the_feed_forward_part_and_the_norm_work_on_each_place_alone():
    layer, x = small().encoder[0], torch.randn(1, 5, 16)
    other = x.clone()
    other[:, 3] += 1
    for part in (layer.feed_forward, layer.around_attention.norm):
        same = (part(x) == part(other)).all(-1)[0]
        assert same.tolist() == [True, True, True, False, True]


def test_two_thirds_of_an_encoder_layer_are_feed_forward():
    layer = EncoderLayer(Config(width=512, heads=8))
    inside = sum(each.numel() for each in layer.feed_forward.parameters())
    assert inside / sum(each.numel() for each in layer.parameters()) == pytest.approx(2 / 3, abs=0.01)


def test_a_residual_or_a_norm_that_is_left_out_is_gone():
    torch.manual_seed(0)
    x, everywhere = torch.randn(1, 4, 16), torch.ones(1, 1, 1, 4, dtype=torch.bool)
    bare = EncoderLayer(Config(width=16, heads=2, residuals=False, normalisation=False))
    expected = bare.feed_forward(bare.self_attention(x, x, everywhere)[0])
    torch.testing.assert_close(bare(x, everywhere), expected, **CLOSE)


@pytest.mark.parametrize("wrong", [{"norm": "both"}, {"positions": "guessed"}, {"width": 30, "heads": 4}])
def test_a_config_that_means_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match=r"norm|positions|heads"):
        Config(**wrong)


def test_pre_norm_ends_on_a_norm_and_post_norm_needs_none():
    assert isinstance(small(norm="pre").encoder_norm, LayerNorm)
    assert isinstance(small(norm="post").encoder_norm, nn.Identity)


def test_the_smoothed_loss_is_torchs():
    torch.manual_seed(0)
    logits, targets = torch.randn(3, 5, 42), torch.randint(1, 42, (3, 5))
    targets[0, 3:] = PADDING
    for smoothing in (0.0, 0.1, 0.4):
        expected = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=0, label_smoothing=smoothing)
        torch.testing.assert_close(smoothed_loss(logits, targets, smoothing), expected, **CLOSE)
    torch.testing.assert_close(soft_targets(targets, 42, 0.1).sum(-1), torch.ones(3, 5), **CLOSE)


def test_the_learning_rate_turns_where_the_warm_up_ends():
    rates = [learning_rate(step, 512, 4000) for step in range(1, 8001)]
    assert rates.index(max(rates)) + 1 == 4000 and max(rates) == pytest.approx((512 * 4000) ** -0.5)
    assert rates[1999] == pytest.approx(max(rates) / 2) and rates[-1] == pytest.approx(max(rates) / 2**0.5)


@pytest.mark.parametrize("d", [64, 512, 4096])
def test_the_square_takes_over_at_six_times_the_width(d):
    work = operations(6 * d, d)
    assert work["attention"] == work["projections"] + work["feed-forward"]
    half = operations(d // 2, d)
    assert half["attention"] < half["projections"] < half["feed-forward"]
    kept = numbers_kept(704, d, d // 64)
    assert kept["attention weights"] == kept["vectors"]


def test_the_chain_of_products_is_as_long_as_the_page_says():
    for layers in (1, 6):
        chains = [dependent_products(n, layers, "transformer", writing=False) for n in (10, 1000)]
        assert chains == [16 * layers] * 2
    assert dependent_products(100, 1, "recurrent", writing=False) == 200
    assert dependent_products(100, 6, "transformer", writing=True) == 36 + 6000


# --- adaptation --------------------------------------------------------------------------------------------


def test_lora_changes_nothing_at_first_and_trains_only_its_own_numbers():
    model, source, inputs = small(), spell("cable"), torch.tensor([[START, 5, 9]])
    before = model(source, inputs)
    learning = adapt(model, 2, torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(source, inputs), before, **CLOSE)
    assert learning == 24 * 2 * (16 + 16)  # 6 attentions of 4 matrices, rank 2
    model(source, inputs).sum().backward()
    assert all((each.grad is not None) == each.requires_grad for each in model.parameters())


def test_a_thin_product_can_be_added_into_the_matrix():
    torch.manual_seed(0)
    frozen, x = nn.Linear(8, 8), torch.randn(3, 8)
    thin = LowRank(frozen, 2, torch.Generator().manual_seed(0))
    with torch.no_grad():
        thin.up.normal_()
    merged = F.linear(x, frozen.weight + thin.up @ thin.down, frozen.bias)
    torch.testing.assert_close(thin(x), merged, **CLOSE)


def test_reading_backwards_turns_letters_and_keeps_phonemes():
    pair = pronunciations.Pair("cat", ("K", "AE", "T"))
    assert train.backwards([pair]) == [("tac", ("K", "AE", "T"))]


# --- the recipe, its weights and results -------------------------------------------------------------------


def test_the_weights_are_what_the_recipe_makes():
    assert stale("transformer") == []


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("transformer", train.experiments()) == []


def test_the_committed_scores_are_the_committed_weights(trained):
    kept = results("transformer")["training"]
    found = train.evaluate(trained, pronunciations.split()["test"])
    assert found["exact"] == pytest.approx(kept["test"]["exact"], abs=2e-3)
    assert found["loss"] == pytest.approx(kept["test"]["loss"], abs=1e-3)
    assert kept["parameters"] == sum(each.numel() for each in trained.parameters())
    assert sum(kept["learned"].values()) == kept["parameters"]
    assert manifest("transformer")["metrics"]["test"]["exact"] == kept["test"]["exact"]


def test_all_three_pages_are_judged_on_the_same_words():
    found, other = results("transformer"), results("attention")["training"]["test"]
    assert found["attention_page"]["exact"] == pytest.approx(other["exact"], abs=2e-3)
    assert found["training"]["test"]["length"] == other["length"]


def test_what_the_page_concludes_from_the_measurements():
    found = results("transformer")
    whole, two = found["removed"]["layers_6"], found["removed"]["layers_2"]
    for name in ("residuals", "norms"):
        assert whole[name]["loss"]["lowest"] > whole["nothing"]["loss"]["highest"], name
        assert two[name]["loss"]["lowest"] > two["nothing"]["loss"]["highest"], name
    assert whole["residuals"]["loss"]["mean"] > 3 and two["residuals"]["loss"]["mean"] > 2.8
    assert min(whole["norms"]["curve"]["lowest"]) > 40 and max(two["norms"]["curve"]["highest"]) < 15
    after = found["post"]["layers_6"]["warm_up_80"]
    assert after["loss"]["lowest"] > whole["nothing"]["loss"]["highest"]
    assert all(size == pytest.approx(1, abs=0.05) for size in after["stream"]["mean"][1:])
    assert whole["nothing"]["stream"]["mean"] == sorted(whole["nothing"]["stream"]["mean"])
    wrong = {kind: found["positions"][kind]["error_rate"] for kind in ("learned", "rope", "alibi")}
    wrong |= {"sinusoidal": two["nothing"]["error_rate"], "none": two["positions"]["error_rate"]}
    assert wrong["sinusoidal"]["highest"] < wrong["learned"]["lowest"]
    assert wrong["learned"]["highest"] < wrong["rope"]["lowest"] < wrong["alibi"]["mean"]
    assert wrong["alibi"]["mean"] == pytest.approx(wrong["none"]["mean"], abs=0.02)
    smoothed, plain = found["smoothed"], two["nothing"]
    spread = plain["exact"]["highest"] - plain["exact"]["lowest"]
    assert abs(smoothed["exact"]["mean"] - plain["exact"]["mean"]) < spread
    assert smoothed["loss"]["mean"] > plain["loss"]["mean"]
    assert two["nothing"]["steps"] == 300 and whole["nothing"]["steps"] == 200


def test_what_the_page_says_about_lora_and_time():
    found = results("transformer")
    ranks = [found["lora"][f"rank_{rank}"] for rank in (1, 2, 4, 8, 16)]
    exact = [run["exact"]["mean"] for run in ranks]
    everything = {name: run["exact"]["mean"] for name, run in found["lora"]["all"].items()}
    assert exact == sorted(exact) and max(everything, key=everything.get) == "rate_5"
    assert everything["rate_2"] < exact[-1] < everything["rate_5"]
    assert found["lora"]["untouched"]["exact"] < 0.01
    assert ranks[0]["learning"] < 0.02 * found["training"]["parameters"]
    assert ranks[-1]["learning"] == pytest.approx(found["training"]["parameters"] / 4, rel=0.1)
    time = found["time"]
    both = dict(zip(time["length"], zip(time["transformer"], time["gru"], strict=True), strict=True))
    assert both[4][0] > both[4][1] and both[128][0] < both[128][1]
    assert both[1024][0] == pytest.approx(both[1024][1], rel=0.1)
    assert time["parameters"]["gru"] == pytest.approx(time["parameters"]["transformer"], rel=0.01)
    table = [results("encoder-decoder")["training"]["test"], found["attention_page"], found["training"]["test"]]
    assert [row["exact"] for row in table] == sorted(row["exact"] for row in table)
    assert [row["error_rate"] for row in table] == sorted((row["error_rate"] for row in table), reverse=True)


def test_a_short_retrain_comes_near():
    torch.manual_seed(0)
    model = Transformer(Config())
    losses = list(
        train.fit(
            model,
            pronunciations.split()["train"],
            range(100),
            lambda step: learning_rate(step, 48, train.WARM_UP) * (1 - step / train.STEPS),
            batch=train.BATCH,
            smoothing=train.SMOOTHING,
            seed=0,
        )
    )
    assert sum(losses[-20:]) / 20 == pytest.approx(results("transformer")["training"]["early_loss"], rel=0.03)


# --- figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["encoder", "decoder", "cross"])
def test_every_row_of_a_map_adds_up_to_one_and_the_decoder_keeps_to_the_past(kind):
    for layer, head in itertools.product((1, 2), (1, 4)):
        rows = FIGURES["maps"].draw(kind=kind, layer=layer, head=head)["data"][0]["z"]
        assert all(sum(row) == pytest.approx(1, abs=1e-3) for row in rows)
        if kind == "decoder":
            assert all(weight == 0 for place, row in enumerate(rows) for weight in row[place + 1 :])


def test_a_word_that_begins_elsewhere_falls_apart():
    words = ["knowledge", "character", "psychology", "transformer", "thoroughly"]
    for word in words:
        drawn = FIGURES["shifted"].draw(text=word, first=0)
        spelled = " ".join(drawn["layout"]["xaxis"]["ticktext"][:-1])
        assert drawn["layout"]["title"]["text"] == f"at place 0: {spelled}"
        assert FIGURES["shifted"].draw(text=word, first=6)["layout"]["xaxis"]["ticktext"][:-1] != spelled.split()
    assert FIGURES["shifted"].draw(first=0)["layout"]["title"]["text"] == "at place 0: N AO L IH JH"


def test_the_stream_keeps_its_size_grows_or_explodes():
    after, before, without = (trace["y"] for trace in FIGURES["stream"].draw(layers=24)["data"])
    assert all(size == pytest.approx(1, abs=0.01) for size in after[1:])
    assert 4 < before[-1] < 8 and before[12] < before[-1]
    assert without[-1] > 10_000


def test_places_that_are_near_are_alike():
    rows = FIGURES["encodings"].draw(show="similarity")["data"][0]["z"]
    assert rows[10][10] == pytest.approx(1) and rows[10][10] > rows[10][11] > rows[10][14]
    small = FIGURES["encodings"].draw(show="similarity", base=10)["data"][0]["z"]
    assert max(row[0] for row in small[10:]) < 0.2 < min(row[0] for row in rows)


def test_both_places_may_move_together():
    def marked(query: int, key: int) -> float:
        return FIGURES["rotation"].draw(query=query, key=key)["data"][-1]["y"][0]

    assert marked(7, 4) == pytest.approx(marked(17, 14), abs=1e-4) != pytest.approx(marked(7, 5), abs=1e-2)


@pytest.mark.parametrize("smoothing", [0.02, 0.05, 0.1, 0.2, 0.4])
def test_the_best_confidence_is_one_less_the_smoothing(smoothing):
    losses = FIGURES["smoothing"].draw(smoothing=smoothing)["data"][-1]
    best = losses["x"][losses["y"].index(min(losses["y"]))]
    assert best == pytest.approx(1 - smoothing * 41 / 42, abs=0.01)


# --- cells -------------------------------------------------------------------------------------------------

EDITS = [  # cell, what its prompt says to replace, by what, and the figures that must change
    ("transformer.walkthrough:one_word", '"knowledge"', '"nknowledge"', set()),
    (
        "transformer.model:sinusoids",
        "-torch.arange(0, width, 2) / width",
        "0 * torch.arange(0, width, 2)",
        {"encodings", "maps"},
    ),
    ("transformer.model:norm", "return x + change if self.residuals else change", "return change", {"maps", "shifted"}),
    ("transformer.model:norm", "torch.sqrt(variance + 1e-5)", "(variance + 1e-5)", {"stream"}),
    ("transformer.walkthrough:parallel", "inputs[:, : t + 1]", "inputs[:, t : t + 1]", set()),
    ("transformer.objective:smoothed", " + smoothing / symbols", "", {"smoothing"}),
    ("transformer.objective:rate", "min(step**-0.5, step * warm_up**-1.5)", "step**-0.5", {"rate"}),
    ("transformer.model:rotate", "places[:, None]", "-places[:, None]", {"rotation"}),
    ("transformer.model:rotate", "places[:, None]", "2 * places[:, None]", {"rotation"}),
    ("transformer.walkthrough:relative", "score(17, 14)", "score(107, 105)", set()),
    ("transformer.model:alibi", "torch.arange(1, heads + 1)", "torch.ones(heads)", {"biases"}),
    ("transformer.cost:operations", "4 * d)", "d)", {"cost"}),
]


@pytest.fixture(scope="module")
def session():
    with opened("transformer") as session:
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("transformer") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS)
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    def drawn(name: str) -> dict:
        return session.draw(f"transformer/{name}", {})["figure"]

    before = {name: drawn(name) for name in changed}
    with tried(session, cell, old, new, changed, part=None):
        if new == "return change":
            assert drawn("shifted")["layout"]["title"] != before["shifted"]["layout"]["title"], "lost even at place 0"
        if new == "-places[:, None]":
            for trace in (-1, -2):
                assert drawn("rotation")["data"][trace]["y"] == pytest.approx(before["rotation"]["data"][trace]["y"])
        if new == "torch.ones(heads)":
            assert len({tuple(trace["y"]) for trace in drawn("biases")["data"]}) == 1
        if cell.endswith("operations"):
            assert "n = 3D" in str(drawn("cost")["layout"])
        if cell.endswith("smoothed"):
            losses = drawn("smoothing")["data"][-1]["y"]
            assert losses == sorted(losses, reverse=True), "the surer the better"
