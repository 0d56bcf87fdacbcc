"""The LSTM and GRU page: the models are torch's, the weights are what the recipe makes, the figures take any text."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from snippets.data import copy_task, names
from snippets.kit import data_path, load_weights, results
from snippets.kit.figures import load
from snippets.kit.session import Session
from snippets.kit.training import manifest, stale, stale_results
from snippets.lstm_gru import train
from snippets.lstm_gru.figures import _read_wrongly, inside, surprises
from snippets.lstm_gru.gradients import gradient_by_distance
from snippets.lstm_gru.model import Config, GatedModel, GRUCell, LSTMCell, last, mix, remember
from snippets.rnn.model import ALPHABET, Cell, CharacterRNN, encode
from snippets.rnn.model import Config as RNNConfig
from tests.snippets.page_cells import cells_on, opened, text_of, tried

CLOSE = {"rtol": 0, "atol": 1e-5}
FIGURES = load("lstm-gru")


@pytest.fixture(scope="module")
def trained() -> dict[str, GatedModel]:
    return {kind: load_weights(GatedModel(Config(kind)), "lstm-gru", prefix=f"{kind}.") for kind in ("lstm", "gru")}


def gates_of(cell: LSTMCell | GRUCell) -> list[nn.Module]:
    """The cell's parts in torch's order: i, f, g, o and r, z, n."""
    if isinstance(cell, LSTMCell):
        return [cell.input_gate, cell.forget_gate, cell.candidate, cell.output_gate]
    return [cell.reset_gate, cell.update_gate, cell.candidate]


def copy_layers(model: GatedModel, reference: nn.LSTM | nn.GRU) -> None:
    """Give torch's network our weights. Of its two biases a gate needs one; only the GRU's candidate has both."""
    with torch.no_grad():
        for index, layer in enumerate(model.layers):
            parts = gates_of(layer.cell)
            none = torch.zeros(model.config.hidden)
            biases = [none if part.input_weights.bias is None else part.input_weights.bias for part in parts]
            getattr(reference, f"weight_ih_l{index}").copy_(torch.cat([part.input_weights.weight for part in parts]))
            getattr(reference, f"weight_hh_l{index}").copy_(
                torch.cat([part.recurrent_weights.weight for part in parts])
            )
            getattr(reference, f"bias_ih_l{index}").copy_(torch.cat(biases))
            getattr(reference, f"bias_hh_l{index}").copy_(torch.cat([part.recurrent_weights.bias for part in parts]))


def gradient(parts: list[nn.Module], place: str, name: str) -> torch.Tensor:
    return torch.cat([getattr(getattr(part, place), name).grad for part in parts])


# --- the models are torch.nn.LSTM and torch.nn.GRU ---------------------------------------------------------


@pytest.mark.parametrize("start", ["zeros", "given"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_outputs_and_every_gradient_equal_torch(kind, layers, start):
    torch.manual_seed(layers)
    config = Config(kind, vocabulary=11, hidden=16, layers=layers)
    model = GatedModel(config)
    reference = {"lstm": nn.LSTM, "gru": nn.GRU}[kind](config.vocabulary, config.hidden, layers, batch_first=True)
    copy_layers(model, reference)
    tokens = torch.randint(config.vocabulary, (4, 20))
    parts = 2 if kind == "lstm" else 1
    starts = [torch.randn(layers, 4, config.hidden) for _ in range(parts)]
    ours = [part.clone().requires_grad_() for part in starts]
    theirs = [part.clone().requires_grad_() for part in starts]
    memories = None if start == "zeros" else [tuple(part[i] for part in ours) for i in range(layers)]
    memory = None if start == "zeros" else tuple(theirs) if kind == "lstm" else theirs[0]

    logits, after = model(tokens, memories)
    expected, final = reference(torch.eye(config.vocabulary)[tokens], memory)
    torch.testing.assert_close(after[-1][0], expected, **CLOSE)
    torch.testing.assert_close(logits, model.readout(expected), **CLOSE)
    for part, end in enumerate(final if kind == "lstm" else (final,)):
        torch.testing.assert_close(torch.stack([memory[part] for memory in last(after)]), end, **CLOSE)

    weights = torch.randn_like(expected)
    (after[-1][0] * weights).sum().backward()
    (expected * weights).sum().backward()
    for index, layer in enumerate(model.layers):
        cells = gates_of(layer.cell)
        for ours_name, theirs_name in (("input_weights", "weight_ih"), ("recurrent_weights", "weight_hh")):
            found = gradient(cells, ours_name, "weight")
            torch.testing.assert_close(found, getattr(reference, f"{theirs_name}_l{index}").grad, **CLOSE)
        found = gradient(cells, "recurrent_weights", "bias")
        torch.testing.assert_close(found, getattr(reference, f"bias_hh_l{index}").grad, **CLOSE)
        if kind == "gru":
            found = layer.cell.candidate.input_weights.bias.grad
            expected_bias = getattr(reference, f"bias_ih_l{index}").grad[2 * config.hidden :]
            torch.testing.assert_close(found, expected_bias, **CLOSE)
    if start == "given":
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine.grad, other.grad, **CLOSE)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_layers_of_the_experiments_compute_the_same(kind):
    model = train.seeded(kind, 3, hidden=12)
    tokens = torch.randint(27, (3, 15))
    torch.testing.assert_close(train.Fused(model)(tokens)[0], model(tokens)[0], **CLOSE)


def test_a_gate_held_open_is_the_lstm_without_a_forget_gate():
    """Bias 100: σ is exactly 1, its gradient exactly 0, so training never moves the gate."""
    model = train.seeded("lstm", 0, hidden=8, forget_bias=train.OPEN)
    tokens = torch.randint(27, (2, 30))
    logits, [(_, cells)] = model(tokens)
    logits.sum().backward()
    gate = model.layers[0].cell.forget_gate
    assert all(not parameter.grad.any() for parameter in gate.parameters())
    x, cell = model.one_hot(tokens), model.layers[0].cell
    hidden, memory = cell.start(2)
    for t in range(30):
        written = cell.input_gate(x[:, t], hidden) * cell.candidate(x[:, t], hidden)
        memory = memory + written
        hidden = cell.output_gate(x[:, t], hidden) * torch.tanh(memory)
    torch.testing.assert_close(cells[:, -1], memory, **CLOSE)


def test_the_forget_bias_is_where_the_config_says():
    for bias in (0.0, 1.0, 3.0):
        model = GatedModel(Config(hidden=8, layers=2, forget_bias=bias))
        assert all((layer.cell.forget_gate.recurrent_weights.bias == bias).all() for layer in model.layers)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_prediction_depends_on_the_past_alone(kind):
    model = GatedModel(Config(kind, hidden=16))
    tokens = torch.randint(27, (1, 12))
    changed = tokens.clone()
    changed[0, 6] = (tokens[0, 6] + 1) % 27
    before, after = model(tokens)[0], model(changed)[0]
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.equal(before[:, 6:], after[:, 6:])


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_memory_can_be_carried_from_one_part_to_the_next(trained, kind):
    tokens = encode("christopher")
    whole, _ = trained[kind](tokens)
    _, first = trained[kind](tokens[:, :5])
    second, _ = trained[kind](tokens[:, 5:], last(first))
    torch.testing.assert_close(second, whole[:, 5:], **CLOSE)


def test_the_cell_state_is_added_to_and_the_gru_mixes():
    cell, f, i, g = (torch.rand(3) for _ in range(4))
    torch.testing.assert_close(remember(cell, torch.ones(3), i, g) - cell, i * g)
    torch.testing.assert_close(remember(cell, f, torch.zeros(3), g), f * cell)
    assert torch.equal(mix(cell, torch.ones(3), g), cell)
    assert torch.equal(mix(cell, torch.zeros(3), g), g)


def test_hidden_states_stay_between_minus_one_and_one_and_cell_states_do_not(trained):
    _, [(hidden, cell)] = trained["lstm"](encode("mississippi"))
    assert hidden.abs().max() < 1 < cell.abs().max()
    _, [(hidden,)] = trained["gru"](encode("mississippi"))
    assert hidden.abs().max() < 1


def test_each_gate_costs_as_much_as_a_plain_cell():
    V, D = 27, 64
    plain = sum(p.numel() for p in Cell(V, D).parameters())
    assert sum(p.numel() for p in LSTMCell(V, D, 1.0).parameters()) == 4 * plain
    assert sum(p.numel() for p in GRUCell(V, D).parameters()) == 3 * plain + D  # the candidate's second bias


# --- gradients through time --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_gradient_sizes_are_the_jacobians(kind):
    """Against torch's own Jacobian of the carried state, with enough probes for the estimate to be close."""
    torch.manual_seed(0)
    D = 6
    cell = {"rnn": lambda: Cell(5, D), "lstm": lambda: LSTMCell(5, D, 1.0), "gru": lambda: GRUCell(5, D)}[kind]()
    inputs = torch.eye(5)[torch.randint(5, (7,))]
    sizes = gradient_by_distance(cell, inputs, probes=4000)

    def onward(first: int, memory: tuple):
        """The carried state at the end as a function of the one after step `first`, hidden state included."""

        def run(carried):
            state = (carried,)
            if kind == "lstm":  # h is what the output gate, fixed by then, shows of c
                state = (memory[2] * torch.tanh(carried), carried)
            for x in inputs[first:]:
                state = (cell(x, *state),) if kind == "rnn" else cell(x, state)
            return state[-1]

        return run

    state = (torch.zeros(D),) if kind == "rnn" else tuple(part[0] for part in cell.start(1))
    states = []
    for x in inputs:
        show = cell.output_gate(x, state[0]).detach() if kind == "lstm" else None
        state = (cell(x, *state),) if kind == "rnn" else cell(x, state)
        states.append((state[0].detach(), state[-1].detach(), show))
    for k in range(7):
        first = len(inputs) - k
        jacobian = torch.autograd.functional.jacobian(onward(first, states[first - 1]), states[first - 1][1])
        assert sizes[k].item() == pytest.approx((jacobian.norm() / D**0.5).item(), rel=0.06)


@pytest.mark.parametrize("bias", [-2, -1, 0, 1, 2, 3, 4, 5])
def test_before_training_one_step_back_leaves_what_the_forget_gate_leaves(bias):
    drawn = FIGURES["gradient_distance"].draw(bias=bias, state="new")
    curves = {trace["name"]: trace["y"] for trace in drawn["data"]}
    assert curves["LSTM"][1] == pytest.approx(1 / (1 + math.exp(-bias)), abs=0.08)
    assert curves["RNN"][1] < 0.6 and curves["GRU"][1] < 0.6 and max(curves["RNN"][-1], curves["GRU"][-1]) < 1e-8
    assert (curves["LSTM"][-1] > 1) == (bias >= 3)


# --- the pitfall -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("turned", "early"), [(True, False), (False, True), (True, True)])
def test_another_convention_loses_more_than_counting_pairs(trained, turned, early):
    members = names.split()["validation"][::10]
    losses = torch.cat([surprises(_read_wrongly(name, turned=turned, early=early), name) for name in members])
    right = torch.cat([surprises(_read_wrongly(name, turned=False, early=False), name) for name in members])
    assert right.mean() < 2.1
    assert losses.mean() > results("rnn")["training"]["counted_loss"]["pairs"]


def test_the_right_convention_is_the_model(trained):
    torch.testing.assert_close(
        _read_wrongly("catherine", turned=False, early=False), trained["gru"](encode("catherine"))[0][0], **CLOSE
    )


# --- the recipe, its weights and results -------------------------------------------------------------------


def test_the_weights_are_what_the_recipe_makes():
    assert stale("lstm-gru") == []


def test_every_result_was_measured_by_the_code_that_is_here():
    assert stale_results("lstm-gru", train.experiments()) == []


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_committed_losses_are_the_committed_weights(trained, kind):
    parts, kept = names.split(), results("lstm-gru")["training"][kind]
    assert train.evaluate(trained[kind], parts["validation"]) == pytest.approx(kept["validation_loss"], abs=1e-4)
    assert train.evaluate(trained[kind], parts["test"]) == pytest.approx(kept["test_loss"], abs=1e-4)
    assert kept["test_perplexity"] == pytest.approx(math.exp(kept["test_loss"]), rel=1e-3)
    assert kept["parameters"] == sum(p.numel() for p in trained[kind].parameters())
    assert kept["test_loss"] < results("rnn")["training"]["test_loss"]


def test_the_manifest_counts_both_networks(trained):
    both = sum(p.numel() for model in trained.values() for p in model.parameters())
    assert manifest("lstm-gru")["parameters"] == both


def test_a_short_retrain_comes_near():
    """A tenth of the recipe's steps, through torch's layer, reach the recorded loss of the GRU."""
    parts = names.split()
    model = train.Fused(train.seeded("gru", 0))
    for _ in train.fit(model, parts["train"], range(train.STEPS // 10), seed=0):
        pass
    curves = results("lstm-gru")["training"]["curves"]
    recorded = curves["gru_validation_loss"][curves["step"].index(train.STEPS // 10)]
    assert train.evaluate(model, parts["validation"]) == pytest.approx(recorded, abs=0.02)


def accuracy(*path: str) -> dict:
    found = results("lstm-gru")
    for key in path:
        found = found[key]
    return found["accuracy"]


def test_what_the_page_says_of_the_copy_task_was_measured():
    assert copy_task.SYMBOLS == 8  # "guessing" in the figures
    for gap in ("gap_5", "gap_10", "gap_20"):
        assert accuracy("copy", "lstm", gap)["lowest"] == accuracy("copy", "gru", gap)["lowest"] == 1
    assert accuracy("copy", "lstm", "gap_50")["highest"] < 0.3
    assert accuracy("copy", "gru", "gap_50")["mean"] > accuracy("copy", "lstm", "gap_50")["mean"] + 0.3
    plain = results("rnn")["copy"]["default"]
    assert plain["gap_10"]["accuracy"]["lowest"] > 0.9 and plain["gap_20"]["accuracy"]["highest"] < 0.2


def test_what_the_page_says_of_the_forget_bias_was_measured():
    assert accuracy("bias", "0", "gap_10")["lowest"] == 1 and accuracy("bias", "0", "gap_20")["lowest"] < 0.9
    assert accuracy("bias", "3", "gap_50")["lowest"] == 1 and accuracy("bias", "open", "gap_50")["lowest"] == 1
    assert accuracy("bias", "3", "gap_100")["lowest"] < 1


def test_what_the_page_says_of_the_stream_was_measured():
    runs = {name: results("lstm-gru")["stream"][f"bias_{name}"] for name in ("0", "1", "open")}
    ends = {name: run["cell"]["mean"][-1] for name, run in runs.items()}
    assert ends["0"] < ends["1"] < 5 < 1000 < ends["open"]
    assert runs["open"]["validation_loss"]["lowest"] > runs["1"]["validation_loss"]["highest"]
    assert runs["0"]["validation_loss"]["mean"] < runs["1"]["validation_loss"]["mean"]
    sizes = runs["open"]["cell"]["mean"]
    assert all(before < after for before, after in pairwise(sizes))


# --- cells -------------------------------------------------------------------------------------------------

ROOT = data_path("names.txt").parents[2]
PAGE = (ROOT / "docs" / "architectures" / "lstm-gru.md").read_text(encoding="utf-8")
DETACHED = "        memory = (memory[0].detach(), memory[1]) if len(memory) == 2 else memory\n"
EDITS = [  # cell, what its prompt says to replace, by what, and the figures that must change
    ("lstm_gru.walkthrough:one_step", 'encode("a")', 'encode("z")', set()),
    (
        "lstm_gru.model:remember",
        "return forget * cell + write * candidate",
        "return forget * cell + (1 - forget) * candidate",
        {"one_cell", "gates", "valves", "gradient_distance", "surprise"},
    ),
    (
        "lstm_gru.model:remember",
        "return forget * cell + write * candidate",
        "return cell + write * candidate",
        {"one_cell", "gates", "valves", "gradient_distance", "surprise"},
    ),
    (
        "lstm_gru.model:mix",
        "return update * hidden + (1 - update) * candidate",
        "return update * candidate + (1 - update) * hidden",
        {"surprise", "gradient_distance", "first_letter"},
    ),
    (
        "lstm_gru.walkthrough:library",
        "[ours.reset_gate, ours.update_gate, ours.candidate]",
        "[ours.update_gate, ours.reset_gate, ours.candidate]",
        set(),
    ),
    (
        "lstm_gru.gradients:gradient_by_distance",
        "        memory = advance",
        DETACHED + "        memory = advance",
        {"gradient_distance"},
    ),
    ("lstm_gru.walkthrough:longest", "mississippi", "aaaaaaaaaaaaaaaaaaaaaaaa", set()),
]


@pytest.fixture(scope="module")
def session():
    with opened("lstm-gru") as session:
        yield session


def test_every_cell_on_the_page_has_an_edit_here():
    assert cells_on("lstm-gru") == {cell for cell, *_ in EDITS}


@pytest.mark.parametrize(("cell", "old", "new", "changed"), EDITS)
def test_what_a_cell_says_to_try_works_and_shows(session, cell, old, new, changed):
    with tried(session, cell, old, new, changed):
        pass


def curve(session: Session, name: str, trace: str, **values: object) -> list[float]:
    drawn = session.draw(f"lstm-gru/{name}", values)["figure"]["data"]
    return next(entry["y"] for entry in drawn if entry.get("name") == trace)


def test_without_the_detours_the_gradient_of_an_lstm_cannot_rise(session):
    cell = "lstm_gru.gradients:gradient_by_distance"
    for bias in (4, 5):
        assert curve(session, "gradient_distance", "LSTM", bias=bias, state="new")[-1] > 10
    session.run(cell, text_of(cell).replace("        memory = advance", DETACHED + "        memory = advance"), print)
    try:
        for bias in (4, 5):
            sizes = curve(session, "gradient_distance", "LSTM", bias=bias, state="new")
            assert all(later <= before for before, later in pairwise(sizes))
            assert sizes[-1] == pytest.approx((1 / (1 + math.exp(-bias))) ** (len(sizes) - 1), rel=0.1)
    finally:
        session.reset(cell)


def test_one_gate_for_both_keeps_the_cell_within_the_range(session):
    cell = "lstm_gru.model:remember"
    assert max(map(abs, curve(session, "one_cell", "cell state"))) > 1
    old = "return forget * cell + write * candidate"
    session.run(cell, text_of(cell).replace(old, "return forget * cell + (1 - forget) * candidate"), print)
    try:
        assert all(max(map(abs, curve(session, "one_cell", "cell state", unit=unit))) < 1 for unit in (0, 11, 40))
    finally:
        session.reset(cell)


def test_read_twice_the_cell_state_can_pass_one_and_the_hidden_state_cannot(trained):
    cell = trained["lstm"].layers[0].cell
    largest = []
    for letter in ALPHABET[1:]:
        x = trained["lstm"].one_hot(encode(letter))[:, -1]
        memory = cell(x, cell(x, cell.start(1)))
        largest.append([part.abs().max().item() for part in memory])
    assert max(hidden for hidden, _ in largest) < 1 < min(state for _, state in largest)


# --- figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_gates_of_the_figures_are_those_the_network_used(trained, kind):
    found = inside(kind, "margaret")
    if kind == "lstm":
        cell = found["forget"] * found["before"] + found["write"] * found["candidate"]
        torch.testing.assert_close(cell, found["cell"], **CLOSE)
        torch.testing.assert_close(found["show"] * torch.tanh(cell), found["hidden"], **CLOSE)
    else:
        before = torch.cat([torch.zeros(1, 64), found["hidden"][:-1]])
        hidden = found["update"] * before + (1 - found["update"]) * found["candidate"]
        torch.testing.assert_close(hidden, found["hidden"], **CLOSE)


def test_the_opening_valves_tell_the_story_of_their_caption():
    drawn = {trace.get("name"): trace["y"] for trace in FIGURES["valves"].draw()["data"]}
    cell, shown = drawn["cell c"], drawn["shown h"]
    assert cell[3] == 1 and set(cell[3:27]) == {1.0}, "held without loss, past two pulses"
    assert cell[27:30] == [0, 0, 0], "emptied at step 28"
    assert cell[30:] == [pytest.approx(0.8)] * 10
    assert [value > 0 for value in shown] == [9 <= i < 18 or i >= 34 for i in range(40)]


def test_the_kept_and_the_written_make_the_cell_state():
    drawn = {trace.get("name"): trace["y"] for trace in FIGURES["one_cell"].draw(text="elizabeth", unit=5)["data"]}
    for kept, written, state in zip(drawn["kept"], drawn["written"], drawn["cell state"], strict=True):
        assert kept + written == pytest.approx(state, abs=1e-3)


def test_numbers_said_on_the_page():
    assert pytest.approx(0.005, abs=2e-4) == 0.9**50
    assert pytest.approx(0.986, abs=5e-4) == 0.5 ** (1 / 50)
    gate = {bias: 1 / (1 + math.exp(-bias)) for bias in (1, 5)}
    assert gate[1] == pytest.approx(0.73, abs=2e-3) and gate[1] ** 10 == pytest.approx(0.04, abs=5e-3)
    assert gate[5] == pytest.approx(0.993, abs=5e-4) and gate[5] ** 100 == pytest.approx(0.5, abs=0.02)
    plain = CharacterRNN(RNNConfig())
    assert sum(p.numel() for p in plain.parameters()) == results("rnn")["training"]["parameters"]
