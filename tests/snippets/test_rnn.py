"""The RNN page: the model is right, its weights are what the recipe makes, its figures take any text."""

import hashlib
import math

import pytest
import torch
from torch import nn

from snippets.data import copy_task, names
from snippets.kit import data_path, load_weights, results
from snippets.kit.figures import load
from snippets.kit.training import manifest, stale, stale_results
from snippets.rnn import train
from snippets.rnn.gradients import gradient_by_distance
from snippets.rnn.model import (
    ALPHABET,
    BOUNDARY,
    Cell,
    CharacterRNN,
    Config,
    GapReader,
    encode,
    sample,
    temper,
)
from tests.snippets.page_cells import cells_on, opened, tried

CLOSE = {"rtol": 0, "atol": 1e-5}
FIGURES = load("rnn")


@pytest.fixture(scope="module")
def trained() -> CharacterRNN:
    return load_weights(CharacterRNN(Config()), "rnn")


def copy_layers(model: CharacterRNN, reference: nn.RNN) -> None:
    """Give torch's RNN the weights of ours; its second bias is one we do not have."""
    for index, layer in enumerate(model.layers):
        copy_cell(layer.cell, reference, f"l{index}")


def copy_cell(cell: Cell, reference: nn.RNN, suffix: str) -> None:
    with torch.no_grad():
        getattr(reference, f"weight_ih_{suffix}").copy_(cell.input_weights.weight)
        getattr(reference, f"weight_hh_{suffix}").copy_(cell.recurrent_weights.weight)
        getattr(reference, f"bias_hh_{suffix}").copy_(cell.recurrent_weights.bias)
        getattr(reference, f"bias_ih_{suffix}").zero_()


def one_hot(tokens: torch.Tensor, vocabulary: int) -> torch.Tensor:
    return torch.eye(vocabulary)[tokens]


# --- the model is torch.nn.RNN -----------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("start", ["zeros", "given"])
def test_outputs_and_every_gradient_equal_torch(layers, start):
    torch.manual_seed(layers)
    config = Config(vocabulary=11, hidden=16, layers=layers)
    model = CharacterRNN(config)
    reference = nn.RNN(config.vocabulary, config.hidden, layers, nonlinearity="tanh", batch_first=True)
    copy_layers(model, reference)
    tokens = torch.randint(config.vocabulary, (4, 20))
    hidden = None if start == "zeros" else torch.randn(layers, 4, config.hidden)
    ours = None if hidden is None else hidden.clone().requires_grad_()
    theirs = None if hidden is None else hidden.clone().requires_grad_()

    logits, states = model(tokens, ours)
    expected, last = reference(one_hot(tokens, config.vocabulary), theirs)
    torch.testing.assert_close(states[-1], expected, **CLOSE)
    torch.testing.assert_close(states[:, :, -1], last, **CLOSE)
    torch.testing.assert_close(logits, model.readout(expected), **CLOSE)

    weights = torch.randn_like(expected)
    (states[-1] * weights).sum().backward()
    (expected * weights).sum().backward()
    for index, layer in enumerate(model.layers):
        pairs = {
            "weight_ih": layer.cell.input_weights.weight,
            "weight_hh": layer.cell.recurrent_weights.weight,
            "bias_hh": layer.cell.recurrent_weights.bias,
        }
        for name, parameter in pairs.items():
            torch.testing.assert_close(parameter.grad, getattr(reference, f"{name}_l{index}").grad, **CLOSE)
    if hidden is not None:
        torch.testing.assert_close(ours.grad, theirs.grad, **CLOSE)


def test_reading_both_ways_equals_torch():
    torch.manual_seed(0)
    config = Config(vocabulary=9, hidden=12)
    model = GapReader(config, two_way=True)
    reference = nn.RNN(config.vocabulary, config.hidden, bidirectional=True, batch_first=True)
    copy_cell(model.left.cell, reference, "l0")
    copy_cell(model.right.cell, reference, "l0_reverse")
    tokens = torch.randint(config.vocabulary, (3, 8))
    both, _ = reference(one_hot(tokens, config.vocabulary))
    left, right = both.split(config.hidden, dim=-1)
    expected = model.readout(torch.cat([left[:, :-2], right[:, 2:]], dim=-1))
    logits = model(tokens)
    torch.testing.assert_close(logits, expected, **CLOSE)
    weights = torch.randn_like(logits)
    (logits * weights).sum().backward(retain_graph=True)
    ours = [parameter.grad.clone() for parameter in model.right.parameters()]
    model.zero_grad()
    (expected * weights).sum().backward()
    theirs = [reference.weight_ih_l0_reverse, reference.weight_hh_l0_reverse, reference.bias_hh_l0_reverse]
    for mine, parameter in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, parameter.grad, **CLOSE)


@pytest.mark.parametrize("two_way", [False, True])
def test_the_guessed_letter_is_never_seen(two_way):
    torch.manual_seed(0)
    model = GapReader(Config(hidden=8), two_way)
    tokens = torch.randint(1, 27, (1, 9))
    for place in range(1, 8):
        changed = tokens.clone()
        changed[0, place] = (tokens[0, place] + 5) % 27
        same = (model(tokens) == model(changed)).all(dim=-1)[0]
        assert same[place - 1], f"the prediction at place {place} depends on the letter it predicts"
        if two_way or place < 7:  # the last letter has nothing on its right
            assert same.sum() < 7, "a letter must reach the places that may read it"


def test_a_prediction_depends_on_the_past_alone():
    model = CharacterRNN(Config(hidden=16))
    tokens = torch.randint(27, (1, 12))
    changed = tokens.clone()
    changed[0, 6] = (tokens[0, 6] + 1) % 27
    before, after = model(tokens)[0], model(changed)[0]
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.equal(before[:, 6:], after[:, 6:])


def test_the_memory_can_be_carried_from_one_part_to_the_next(trained):
    tokens = encode("christopher")
    whole, states = trained(tokens)
    _, first = trained(tokens[:, :5])
    second, _ = trained(tokens[:, 5:], first[:, :, -1])
    torch.testing.assert_close(second, whole[:, 5:], **CLOSE)
    assert states.shape == (1, 1, 12, 64)


# --- gradients through time --------------------------------------------------------------------------------


def test_gradient_sizes_equal_jacobians_from_torch():
    torch.manual_seed(0)
    cell = Cell(5, 6)
    inputs = one_hot(torch.randint(5, (7,)), 5)
    states = [torch.zeros(6)]
    for x in inputs:
        states.append(cell(x, states[-1]))

    def onward(first: int):
        def run(hidden):
            for x in inputs[first:]:
                hidden = cell(x, hidden)
            return hidden

        return run

    for k, size in enumerate(gradient_by_distance(cell, inputs)):
        jacobian = torch.autograd.functional.jacobian(onward(len(inputs) - k), states[len(inputs) - k].detach())
        torch.testing.assert_close(size, jacobian.norm() / 6**0.5, **CLOSE)


def test_without_tanh_an_orthogonal_matrix_scales_by_its_power():
    drawn = FIGURES["gradient_distance"].draw(matrix="orthogonal", scale=1.2)
    linear = drawn["data"][1]["y"]
    assert linear[10] == pytest.approx(1.2**10, rel=1e-3)
    drawn = FIGURES["gradient_distance"].draw(matrix="orthogonal", scale=1.0)
    assert linear[0] == pytest.approx(1) and drawn["data"][1]["y"][-1] == pytest.approx(1, rel=1e-3)
    assert all(size <= 1.001 for size in drawn["data"][0]["y"]), "tanh can only shrink what a rotation keeps"


# --- sampling ----------------------------------------------------------------------------------------------


def test_samples_follow_the_model(trained):
    """How often each first letter is drawn, against its probability."""
    logits = trained(encode(""))[0][0, -1]
    expected = temper(logits, 1.0)
    generator = torch.Generator().manual_seed(1)
    drawn = [sample(trained, generator, longest=1) for _ in range(3000)]
    counts = torch.tensor([sum(name == letter for name in drawn) for letter in ALPHABET[1:]])
    deviation = (counts / 3000 - expected[1:]).abs() / (expected[1:] * (1 - expected[1:]) / 3000).sqrt()
    assert deviation.max() < 5


def test_the_same_generator_draws_the_same_names(trained):
    draws = [
        [sample(trained, generator) for _ in range(5)]
        for generator in (torch.Generator().manual_seed(3), torch.Generator().manual_seed(3))
    ]
    assert draws[0] == draws[1]


def test_temperature_near_zero_is_the_likeliest_character(trained):
    name = sample(trained, torch.Generator().manual_seed(0), temperature=1e-3)
    spelled, tokens, hidden = "", encode(""), None
    while len(spelled) < 16:
        logits, states = trained(tokens, hidden)
        best = int(logits[0, -1].argmax())
        if best == BOUNDARY:
            break
        spelled, tokens, hidden = spelled + ALPHABET[best], torch.tensor([[best]]), states[:, :, -1]
    assert name == spelled


def test_a_sample_is_never_longer_than_asked(trained):
    generator = torch.Generator().manual_seed(0)
    assert all(len(sample(trained, generator, "abc", 3.0, longest=6)) <= 6 for _ in range(50))


@pytest.mark.parametrize("text", ["é", "A", "a b", "😀", "."])
def test_unknown_characters_are_named(text):
    if text == ".":
        assert encode(text).tolist() == [[0, 0]]
    else:
        with pytest.raises(ValueError, match="only the letters a to z"):
            encode(text)


# --- data --------------------------------------------------------------------------------------------------


def test_the_names_are_the_documented_ones():
    content = data_path("names.txt").read_bytes()
    provenance = (data_path("names.txt").parent / "PROVENANCE.md").read_text(encoding="utf-8")
    assert hashlib.sha256(content).hexdigest() in provenance
    listed = content.decode("ascii").split("\n")
    assert listed.pop() == ""
    assert f"({len(listed):,} names)" in provenance
    assert listed == sorted(set(listed))
    assert set("".join(listed)) == set(ALPHABET[1:])


def test_the_split_depends_on_the_name_alone(monkeypatch, tmp_path):
    parts = names.split()
    assert sum(map(len, parts.values())) == len(set().union(*parts.values()))
    shorter = tmp_path / "names.txt"
    shorter.write_text("\n".join([*parts["test"][::7], *parts["train"][::50], *parts["validation"][::9]]))
    monkeypatch.setattr(names, "NAMES", shorter)
    for part, members in names.split().items():
        assert set(members) <= set(parts[part]) and members


def test_batches_predict_every_character_and_nothing_of_the_padding():
    inputs, targets = names.batch(["al", "anna"], ALPHABET)
    assert inputs.tolist() == [[0, 1, 12, 0, 0], [0, 1, 14, 14, 1]]
    assert targets.tolist() == [[1, 12, 0, -100, -100], [1, 14, 14, 1, 0]]


def test_a_stream_holds_the_names_end_to_end():
    rows = names.stream(["al", "bo", "cy"], 2, ALPHABET)
    assert rows.tolist() == [[0, 1, 12, 0], [2, 15, 0, 3]]


def test_the_copy_task_can_be_solved_by_remembering_alone():
    inputs, targets = copy_task.batch(500, gap=7, generator=torch.Generator().manual_seed(0))
    assert inputs.shape == (500, 9)
    assert torch.equal(inputs[:, 0], targets)
    assert (inputs[:, 1:-1] == copy_task.BLANK).all() and (inputs[:, -1] == copy_task.ASK).all()
    assert set(targets.tolist()) == set(range(copy_task.SYMBOLS))


# --- the recipe, its weights and results -------------------------------------------------------------------


def test_the_weights_are_what_the_recipe_makes():
    assert stale("rnn") == []


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("rnn", train.experiments()) == []


def test_the_committed_losses_are_the_committed_weights(trained):
    parts, kept = names.split(), results("rnn")["training"]
    assert train.evaluate(trained, parts["validation"]) == pytest.approx(kept["validation_loss"], abs=1e-4)
    assert train.evaluate(trained, parts["test"]) == pytest.approx(kept["test_loss"], abs=1e-4)
    assert kept["test_perplexity"] == pytest.approx(math.exp(kept["test_loss"]), rel=1e-3)
    assert kept["parameters"] == sum(p.numel() for p in trained.parameters()) == manifest("rnn")["parameters"]
    assert kept["test_loss"] < kept["counted_loss"]["triples"] < kept["counted_loss"]["pairs"]


def test_a_short_retrain_comes_near():
    """A tenth of the recipe's steps reach a loss that counting pairs does not."""
    parts = names.split()
    model = train.seeded(CharacterRNN, 0, Config())
    for _ in train.fit(model, parts["train"], range(train.STEPS // 10), seed=0):
        pass
    curve = results("rnn")["training"]["curves"]
    recorded = curve["validation_loss"][curve["step"].index(train.STEPS // 10)]
    assert train.evaluate(model, parts["validation"]) == pytest.approx(recorded, abs=0.02)
    assert recorded < results("rnn")["training"]["counted_loss"]["pairs"]


def test_counting_pairs_is_the_conditional_entropy():
    parts = {"train": ["ab", "ab", "aa"], "validation": ["ab"]}
    seen = {".": {"a": 3}, "a": {"b": 2, "a": 1, ".": 1}, "b": {".": 2}}
    expected = [(".", "a"), ("a", "b"), ("b", ".")]
    surprise = [
        -math.log((seen[before].get(after, 0) + 1) / (sum(seen[before].values()) + 27)) for before, after in expected
    ]
    assert train.counted(parts, 1) == pytest.approx(sum(surprise) / 3)


def test_a_truncated_gradient_stops_where_it_should():
    """The logits are the same for every window; what the first symbol can learn from them is not."""
    torch.manual_seed(0)
    model = CharacterRNN(Config(vocabulary=copy_task.VOCABULARY, hidden=16))
    inputs, _ = copy_task.batch(4, gap=6, generator=torch.Generator().manual_seed(0))
    whole = train._last_logits(model, inputs, 8)
    for window in range(1, 8):
        model.zero_grad()
        logits = train._last_logits(model, inputs, window)
        torch.testing.assert_close(logits, whole, **CLOSE)
        logits.sum().backward()
        symbols = model.layers[0].cell.input_weights.weight.grad[:, : copy_task.SYMBOLS]
        assert not symbols.any(), f"a window of {window} steps reaches back {len(inputs[0])}"
    whole.sum().backward()
    assert model.layers[0].cell.input_weights.weight.grad[:, : copy_task.SYMBOLS].any()


# --- cells -------------------------------------------------------------------------------------------------

PAGE = (data_path("names.txt").parents[2] / "docs" / "architectures" / "rnn.md").read_text(encoding="utf-8")
ROOT = data_path("names.txt").parents[2]
EDITS = [  # cell, what its prompt says to replace, by what, and the figures that must change
    ("rnn.model:step", "return torch.tanh(a)", "return a", {"hidden_state", "gradient_distance"}),
    (
        "rnn.model:step",
        "return torch.tanh(a)",
        "return hidden + 0.1 * torch.tanh(a)",
        {"hidden_state", "gradient_distance", "running_summary", "phase_portrait"},
    ),
    (
        "rnn.model:temper",
        "    return",
        "    logits = logits.masked_fill(logits < logits.max() - 1.5, float('-inf'))\n    return",
        {"sampling"},
    ),
    (
        "rnn.gradients:gradient_by_distance",
        "    D =",
        "    inputs = inputs[:1].repeat(len(inputs), 1)\n    D =",
        {"gradient_distance"},
    ),
    ("rnn.walkthrough:one_step", 'encode("a")', 'encode("z")', set()),
    ("rnn.walkthrough:order", '"nana"', '"hanna"', set()),
    ("rnn.walkthrough:five_names", "temperature=1.0", "temperature=0.3", set()),
    ("rnn.walkthrough:loss_of_a_name", "christopher", "qzxvkj", set()),
    ("rnn.walkthrough:clip", "max_norm=0.5", "max_norm=10", set()),
]


@pytest.fixture(scope="module")
def session():
    with opened("rnn") as session:
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("rnn") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS)
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    with tried(session, cell, old, new, changed):
        pass


# --- figures -----------------------------------------------------------------------------------------------


def test_a_capital_letter_is_read_as_a_small_one():
    assert FIGURES["next_character"].draw(text="Mari") == FIGURES["next_character"].draw(text="mari")


def test_both_readings_agree_when_nothing_was_read_before():
    fresh, carried = FIGURES["carried_memory"].draw(before="", text="anna")["data"]
    assert fresh["y"] == carried["y"]


def test_a_recurrent_weight_of_zero_repeats_the_input_and_one_above_one_latches():
    signal = [[0.0] * 5 + [1.0] + [0.0] * 34]
    _, kept = FIGURES["running_summary"].draw(signal=signal, weight=0.0)["data"]
    assert kept["y"] == [0.0] * 5 + [pytest.approx(math.tanh(1), abs=1e-4)] + [0.0] * 34
    _, latched = FIGURES["running_summary"].draw(signal=signal, weight=1.4)["data"]
    assert latched["y"][-1] > 0.8


@pytest.mark.parametrize(("gain", "angle", "ends_in_the_middle"), [(0.8, 30, True), (1.6, 30, False)])
def test_the_middle_attracts_below_gain_one_and_repels_above(gain, angle, ends_in_the_middle):
    drawn = FIGURES["phase_portrait"].draw(gain=gain, angle=angle, start=(0.2, 0.1))
    path = next(trace for trace in drawn["data"] if len(trace["x"]) == 41)
    assert (math.hypot(path["x"][-1], path["y"][-1]) < 0.01) == ends_in_the_middle
