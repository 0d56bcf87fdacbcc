"""The figures of the LSTM and GRU page."""

import functools

import torch
from torch.nn import functional as F

from snippets.kit import Choice, Draw, Slider, Text, bars, figure, heatmap, lines, load_weights, plain, results
from snippets.kit.colours import ACCENT, GRID, INK, MUTED, SERIES
from snippets.lstm_gru.gradients import gradient_by_distance
from snippets.lstm_gru.model import Config, GatedModel, GRUCell, LSTMCell, mix, remember
from snippets.rnn.model import ALPHABET, Cell, CharacterRNN, encode
from snippets.rnn.model import Config as RNNConfig

LETTERS = ALPHABET[1:]
COLOUR = {"RNN": SERIES[0], "LSTM": SERIES[1], "GRU": SERIES[2]}


@functools.cache
def trained(kind: str) -> GatedModel | CharacterRNN:
    """The page's "lstm" or "gru", or the "rnn" of the page before, with committed weights."""
    if kind == "rnn":
        return load_weights(lambda: CharacterRNN(RNNConfig()), "rnn")
    return load_weights(lambda: GatedModel(Config(kind)), "lstm-gru", prefix=f"{kind}.")


@torch.no_grad()
def inside(kind: str, text: str) -> dict[str, torch.Tensor]:
    """Everything a trained network computes at the boundary and each letter of `text`, by name, (T, D) each.

    The states come from the network itself. Each gate depends on a letter and on the state before it alone, so
    all of its values can be computed again at once.
    """
    model = trained(kind)
    tokens = encode(text)
    memory = model(tokens)[1][0]
    cell = model.layers[0].cell
    x = model.one_hot(tokens)[0]  # (T, V)
    after = [part[0] for part in memory]  # (T, D) each
    before = [torch.cat([torch.zeros(1, part.shape[1]), part[:-1]]) for part in after]  # (T, D) each
    if kind == "lstm":
        return {
            "forget": cell.forget_gate(x, before[0]),
            "write": cell.input_gate(x, before[0]),
            "candidate": cell.candidate(x, before[0]),
            "show": cell.output_gate(x, before[0]),
            "before": before[1],
            "cell": after[1],
            "hidden": after[0],
        }
    reset = cell.reset_gate(x, before[0])
    return {
        "reset": reset,
        "update": cell.update_gate(x, before[0]),
        "candidate": cell.candidate(x, before[0], reset),
        "hidden": after[0],
    }


# --- the gates, one at a time ------------------------------------------------------------------------------

COLUMNS = 40


def _painted(*spans: tuple[int, int, float]) -> list[float]:
    row = [0.0] * COLUMNS
    for first, last, value in spans:
        row[first:last] = [value] * (last - first)
    return row


VALVES = [
    _painted((3, 5, 1.0), (12, 14, 0.6), (20, 23, 1.0), (30, 32, 0.8)),  # what comes in
    _painted((3, 4, 1.0), (30, 31, 1.0)),  # input gate
    _painted((0, 27, 1.0), (29, 40, 1.0)),  # forget gate
    _painted((9, 18, 1.0), (34, 40, 1.0)),  # output gate
]


@figure(
    signal=Draw(
        "From the top: what comes in, input gate, forget gate, output gate",
        rows=4,
        columns=COLUMNS,
        value=VALVES,
        help="one column a time step; painted means open",
    )
)
def valves(signal: list[list[float]]) -> dict:
    """One memory cell with you as the gates: paint what comes in, and when each gate is open.

    As it opens, four pulses arrive and the input gate lets the start of the first and of the last one through.
    In between the cell holds its value without loss, past two pulses that it never hears of. A short gap in the
    forget gate empties it at step 28. The output gate decides when the value is shown; the cell keeps it either
    way. Leave the forget gate half open and the value drains away.
    """
    cell, cells, shown = torch.zeros(1), [], []
    for column in zip(*signal, strict=True):
        candidate, write, forget, show = torch.tensor(column).reshape(4, 1)
        cell = remember(cell, forget, write, candidate)
        cells.append(cell.item())
        shown.append((show * torch.tanh(cell)).item())
    steps = list(range(1, COLUMNS + 1))
    drawn = lines(
        {"cell c": cells, "shown h": shown},
        steps,
        x_title="time step",
        y_title="value",
        y_range=(-0.05, max(1.15, 1.05 * max(cells))),
        colour={"cell c": ACCENT, "shown h": INK},
        dashed=("shown h",),
        height=300,
    )
    arriving = {
        "type": "bar",
        "x": steps,
        "y": plain(signal[0]),
        "marker": {"color": GRID},
        "width": 1,
        "hovertemplate": "arriving %{y:.2g}<extra></extra>",
        "showlegend": False,
    }
    drawn["data"].insert(0, arriving)
    return drawn


PARTS = {
    "lstm.forget": "LSTM: forget gate f",
    "lstm.write": "LSTM: input gate i",
    "lstm.candidate": "LSTM: candidate g",
    "lstm.show": "LSTM: output gate o",
    "lstm.cell": "LSTM: cell state c",
    "lstm.hidden": "LSTM: hidden state h",
    "gru.reset": "GRU: reset gate r",
    "gru.update": "GRU: update gate z",
    "gru.candidate": "GRU: candidate n",
    "gru.hidden": "GRU: hidden state h",
}


@figure(
    text=Text("Name", value="christopher", max_length=24, alphabet=LETTERS, help="letters a to z"),
    part=Choice("Show", PARTS, "lstm.forget"),
)
def gates(text: str, part: str) -> dict:
    """Every gate and every state of the two networks over the name you type: 64 units, one column a letter.

    Units are sorted by their mean, so that the ones at the top stay open, or positive, longest. Gates run from 0,
    shut, to 1, open; candidates and hidden states from −1 to 1; the cell state has no limits and is the only one
    that leaves that range. Gates are rarely quite open or quite shut, and no two units have the same habits.
    """
    kind, _, name = part.partition(".")
    values = inside(kind, text)[name]  # (T, D)
    order = values.mean(0).argsort(descending=True)
    gate = name in ("forget", "write", "show", "reset", "update")
    reach = max(1.0, values.abs().max().item())
    return heatmap(
        values[:, order].T,
        x=["·", *text],
        x_title="letter read",
        y_title="unit, sorted",
        z_title="open" if gate else "value",
        diverging=not gate,
        limits=(0.0, 1.0) if gate else (-reach, reach),
        height=420,
    )


@figure(
    text=Text("Name", value="elizabeth", max_length=20, alphabet=LETTERS, help="letters a to z"),
    unit=Slider("Unit", 0, 63, value=11),
)
def one_cell(text: str, unit: int) -> dict:
    """The books of one memory cell: what it kept and what was written at each letter, and its gates below.

    Two bars a letter: what the forget gate let through of the value before, and what the input gate let in.
    Their sum is the dot, the cell state, which the next letter starts from. Nothing is overwritten; the old
    value is scaled and the new one added. The lower plot shows how far each gate was open while that happened.
    """
    found = {name: values[:, unit] for name, values in inside("lstm", text).items()}  # (T,) each
    kept = found["forget"] * found["before"]
    written = remember(found["before"], found["forget"], found["write"], found["candidate"]) - kept
    places = list(range(len(text) + 1))
    drawn = lines(
        {"forget f": found["forget"], "input i": found["write"], "output o": found["show"]},
        places,
        x_title="letter read",
        y_title="gate",
        x_range=(-0.6, len(text) + 0.6),
        y_range=(-0.04, 1.04),
        markers=True,
        colour={"forget f": SERIES[0], "input i": SERIES[1], "output o": SERIES[2]},
        height=460,
    )
    layout = drawn["layout"]
    layout["xaxis"] |= {"tickmode": "array", "tickvals": places, "ticktext": ["·", *text]}
    layout["yaxis"]["domain"] = [0, 0.3]
    layout["xaxis"]["anchor"] = "y"
    values = torch.stack([kept, written, kept + written]).reshape(-1)
    low, high = min(-0.5, values.min().item()), max(0.5, values.max().item())
    room = 0.08 * (high - low)
    layout["yaxis2"] = {key: value for key, value in layout["yaxis"].items() if key not in ("tickvals", "ticktext")}
    layout["yaxis2"] |= {
        "domain": [0.4, 1],
        "range": plain([low - room, high + room]),
        "title": layout["yaxis"]["title"] | {"text": "cell state"},
        "anchor": "x",
    }
    for label, values, colour in (("kept", kept, MUTED), ("written", written, ACCENT)):
        drawn["data"].append(
            {
                "type": "bar",
                "name": label,
                "x": places,
                "y": plain(values),
                "yaxis": "y2",
                "marker": {"color": colour},
                "hovertemplate": f"{label} %{{y:.2f}}<extra></extra>",
            }
        )
    drawn["data"].append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "cell state",
            "x": places,
            "y": plain(kept + written),
            "yaxis": "y2",
            "marker": {"color": INK, "size": 8},
            "hovertemplate": "cell state %{y:.2f}<extra></extra>",
        }
    )
    layout.pop("annotations")
    layout |= {
        "barmode": "group",
        "bargap": 0.3,
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12, "color": INK}},
    }
    layout["margin"] |= {"t": 64, "r": 14}
    return drawn


# --- what the three networks remember ----------------------------------------------------------------------


@figure(
    text=Text("Name", value="christopher", min_length=2, max_length=20, alphabet=LETTERS),
    letter=Choice("First letter becomes", list(LETTERS), "m"),
)
def first_letter(text: str, letter: str) -> dict:
    """Change the first letter and follow the difference it makes to the memory of three trained networks.

    The distance between the two memories is divided by their mean length; for the LSTM it is the cell state, for
    the others the hidden state. In all three the difference shrinks as letters are read, though not evenly, and none
    of them keeps it whole: nothing in this task rewards remembering the first letter for long. A network that can
    remember does so where the loss pays for it.
    """
    series = {}
    for kind in ("rnn", "lstm", "gru"):
        first, second = (_carried(kind, name)[1:] for name in (text, letter + text[1:]))  # (T, D), boundary left out
        lengths = (first.norm(dim=1) + second.norm(dim=1)) / 2
        series[kind.upper()] = (first - second).norm(dim=1) / lengths
    places = list(range(1, len(text) + 1))
    drawn = lines(
        series,
        places,
        x_title="letter read",
        y_title="difference (share of length)",
        x_range=(0.7, len(text) + 0.3),
        y_range=(0, 1.6),
        markers=True,
        colour=COLOUR,
        height=300,
    )
    ticks = {"tickmode": "array", "tickvals": places, "ticktext": [f"{letter}/{text[0]}", *text[1:]]}
    drawn["layout"]["xaxis"] |= ticks
    return drawn


@torch.no_grad()
def _carried(kind: str, text: str) -> torch.Tensor:
    """What is carried on after the boundary and each letter, (T, D)."""
    memories = trained(kind)(encode(text))[1]
    return memories[-1, 0] if kind == "rnn" else memories[0][-1][0]


@torch.no_grad()
def surprises(logits: torch.Tensor, text: str) -> torch.Tensor:
    """−log of the probability that each true next character was given, (T,): the letters, then the end."""
    targets = torch.cat([encode(text)[0, 1:], torch.tensor([0])])
    return -torch.log_softmax(logits, dim=-1)[torch.arange(len(targets)), targets]


@figure(text=Text("Name", value="theodore", max_length=20, alphabet=LETTERS))
def surprise(text: str) -> dict:
    """The surprise of three trained networks at each letter of your name, side by side.

    The legend gives each network's mean. On a name the three mostly agree: they are surprised by the same letters,
    and which of them is ahead changes from name to name. Gates do not make a network cleverer about the next letter.
    """
    losses = {
        kind.upper(): surprises(trained(kind)(encode(text))[0][0].detach(), text) for kind in ("rnn", "lstm", "gru")
    }
    return _grouped(losses, [*text, "end"], "true next character")


def _grouped(losses: dict[str, torch.Tensor], labels: list[str], title: str) -> dict:
    """Bars side by side for each label, and each group's mean in the legend."""
    highest = max(nats.max().item() for nats in losses.values())
    first = next(iter(losses))
    drawn = bars(losses[first], labels, x_title=title, y_title="surprise (nats)", limits=(0, max(4.0, 1.05 * highest)))
    template = drawn["data"][0]
    drawn["data"] = [
        template
        | {
            "y": plain(nats),
            "name": f"{name}: mean {nats.mean().item():.2f}",
            "marker": {"color": COLOUR.get(name, SERIES[place]), "line": {"width": 0}},
        }
        for place, (name, nats) in enumerate(losses.items())
    ]
    drawn["layout"] |= {
        "barmode": "group",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12, "color": INK}},
    }
    drawn["layout"]["margin"]["t"] = 44
    return drawn


# --- gradients ---------------------------------------------------------------------------------------------

STRETCH = 48  # time steps in the gradient figure
READ = "marianne.otto.christopher.lee.elizabeth.jon.annabelle.max.ida.theo."[:STRETCH]


def reading_cells(state: str, forget_bias: float) -> dict[str, Cell | LSTMCell | GRUCell]:
    """The three cells, trained or from torch's start, the forget gate's bias set or moved."""
    V, D = len(ALPHABET), Config().hidden
    if state == "trained":
        cells = {kind.upper(): trained(kind).layers[0].cell for kind in ("rnn", "lstm", "gru")}
        moved = LSTMCell(V, D, 0.0)
        moved.load_state_dict(cells["LSTM"].state_dict())
        with torch.no_grad():
            moved.forget_gate.recurrent_weights.bias += forget_bias - Config().forget_bias
        return cells | {"LSTM": moved}
    torch.manual_seed(0)
    return {"RNN": Cell(V, D), "LSTM": LSTMCell(V, D, forget_bias), "GRU": GRUCell(V, D)}


@figure(
    bias=Slider("Forget bias at the start", values=[-2, -1, 0, 1, 2, 3, 4, 5], value=2),
    state=Choice("Weights", {"new": "before training", "trained": "after training on names"}, "new"),
)
def gradient_distance(bias: float, state: str) -> dict:
    """How much of the gradient survives k steps back through time: RNN, LSTM and GRU on one axis.

    The vertical axis is logarithmic. Before training, the RNN and the GRU, whose update gate starts half open, lose
    almost half of the gradient a step. The LSTM's first step leaves σ(bias) of it, because its cell state is carried
    on by the forget gate alone. Further back its line is flatter than that: the units whose gates happen to stand
    highest carry what is left, and paths through the other gates add to it. From a bias of about 3 they make it rise.
    After training on names the slider moves the learned biases up or down from where they are, which is at 1.
    """
    x = F.one_hot(torch.tensor([ALPHABET.index(character) for character in READ]), len(ALPHABET)).float()  # (T, V)
    floor, ceiling = 1e-9, 1e3  # beyond these a curve runs along the edge
    sizes = {
        name: gradient_by_distance(cell, x).clamp(floor, ceiling) for name, cell in reading_cells(state, bias).items()
    }
    drawn = lines(
        sizes,
        x_title="distance k in time steps",
        y_title="size of ∂c(T) / ∂c(T−k)",
        y_log=True,
        y_range=(floor, ceiling),
        colour=COLOUR,
        levels=[(1.0, "unchanged")],
        height=340,
    )
    drawn["layout"]["margin"]["r"] += 12
    return drawn


@figure(bias=Slider("Forget bias", -2, 8, value=3))
def half_life(bias: int) -> dict:
    """What is left of a value after k steps when the forget gate sits at σ(bias) and nothing is written.

    A gate of one half, bias 0, halves the value at every step: as forgetful as the plain RNN. Bias 1 keeps 73% a
    step, which sounds like much and is 4% after ten. To keep half of a value over a hundred steps, the gate has to
    stay at 0.993, bias 5. The label gives the step at which half is left for the bias you choose.
    """
    steps = torch.arange(0, 101)
    gate = torch.sigmoid(torch.tensor(float(bias)))
    half = (torch.log(torch.tensor(0.5)) / torch.log(gate)).item()
    series = {"bias 0": 0.5**steps, "bias 1": torch.sigmoid(torch.tensor(1.0)) ** steps, "yours": gate**steps}
    drawn = lines(
        series,
        steps,
        x_title="steps",
        y_title="share left",
        y_range=(0, 1.02),
        colour={"bias 0": MUTED, "bias 1": INK, "yours": ACCENT},
        height=300,
    )
    left = f"gate {gate.item():.4f} · half is left after {half:.3g} steps"
    drawn["layout"]["title"] = {"text": left, "font": {"size": 13, "color": INK}}
    drawn["layout"]["margin"]["t"] = 36
    return drawn


# --- sizes and conventions ---------------------------------------------------------------------------------


@figure(inputs=Slider("Width of the input", values=[27, 64, 128, 256, 512, 1024], value=27))
def parameters(inputs: int) -> dict:
    """Parameters of one layer against the number of hidden units D, counted in real cells.

    Every gate is a network of its own with as many weights as the plain cell, so an LSTM has four times the
    parameters of an RNN and a GRU about three times, whatever the widths. All of them grow with the square of D as
    soon as D is larger than the input. The labels on the right are the counts at D = 256.
    """
    sizes = [8, 16, 32, 64, 128, 256]
    makers = {"RNN": Cell, "LSTM": functools.partial(LSTMCell, forget_bias=1.0), "GRU": GRUCell}
    counts = {
        name: [sum(weights.numel() for weights in make(inputs, D).parameters()) for D in sizes]
        for name, make in makers.items()
    }
    drawn = lines(
        {f"{name} {values[-1] / 1000:,.0f}k": values for name, values in counts.items()},
        sizes,
        x_title="hidden units D",
        y_title="parameters",
        x_log=True,
        y_log=True,
        markers=True,
        colour={f"{name} {values[-1] / 1000:,.0f}k": COLOUR[name] for name, values in counts.items()},
        height=320,
    )
    drawn["layout"]["margin"]["r"] += 10
    return drawn


@figure(
    text=Text("Name", value="catherine", max_length=20, alphabet=LETTERS),
    convention=Choice(
        "Read the weights with",
        {"z": "z the other way round", "r": "r before the recurrent weights", "both": "both"},
        "z",
    ),
)
def conventions(text: str, convention: str) -> dict:
    """A pitfall: the trained GRU read by code that follows another convention.

    Grey bars follow the convention the network was trained with; coloured ones do not. No shape is wrong and nothing
    fails; only the loss gives the mistake away. With z turned round the network keeps what it should replace. With r
    applied before the recurrent weights instead of after them it scales other numbers than it learned to scale. On
    most names either mistake costs more than all that the network had gained over counting pairs of letters.
    """
    right = surprises(trained("gru")(encode(text))[0][0].detach(), text)
    wrong = surprises(_read_wrongly(text, turned=convention != "r", early=convention != "z"), text)
    drawn = _grouped({"as trained": right, "other convention": wrong}, [*text, "end"], "true next character")
    for trace, colour in zip(drawn["data"], (MUTED, ACCENT), strict=True):
        trace["marker"] = trace["marker"] | {"color": colour}
    return drawn


@torch.no_grad()
def _read_wrongly(text: str, *, turned: bool, early: bool) -> torch.Tensor:
    """Logits (T, V) of the trained GRU with 1 − z for z, or with r before the recurrent weights."""
    model = trained("gru")
    cell = model.layers[0].cell
    hidden, states = torch.zeros(1, model.config.hidden), []
    for x in model.one_hot(encode(text))[0]:  # (V,)
        reset, update = cell.reset_gate(x, hidden), cell.update_gate(x, hidden)
        if early:
            weights = cell.candidate
            candidate = torch.tanh(weights.input_weights(x) + weights.recurrent_weights(reset * hidden))
        else:
            candidate = cell.candidate(x, hidden, reset)
        hidden = mix(hidden, 1 - update if turned else update, candidate)
        states.append(hidden)
    return model.readout(torch.cat(states))  # T times (1, D) -> (T, V)


# --- measured ----------------------------------------------------------------------------------------------


@figure(measured=True)
def loss_curve() -> dict:
    """The training run behind this page: loss on names the LSTM and the GRU learn from, and on names held out.

    The two architectures end within a hair of each other, and the dashed training losses of both go on falling when
    the held-out ones no longer do: with a few thousand names and three to four times the parameters of the plain
    network, there is enough room to begin to learn the list by heart.
    """
    curves = results("lstm-gru")["training"]["curves"]
    series = {
        "LSTM": curves["lstm_validation_loss"],
        "GRU": curves["gru_validation_loss"],
        "LSTM train": curves["lstm_training_loss"],
        "GRU train": curves["gru_training_loss"],
    }
    return lines(
        series,
        curves["step"],
        x_title="training step",
        y_title="loss (nats a character)",
        y_range=(1.75, 2.7),
        dashed=("LSTM train", "GRU train"),
        colour=COLOUR | {"LSTM train": COLOUR["LSTM"], "GRU train": COLOUR["GRU"]},
        height=320,
    )


COMPARED = (5, 10, 12, 15, 20, 30, 50)  # gaps of the plain network that the figure shows


def _against_gap(entries: dict[str, dict]) -> tuple[dict, dict]:
    """Mean accuracy by gap of each entry, and the range of its runs."""
    series, bands = {}, {}
    for label, found in entries.items():
        gaps = sorted(int(name.removeprefix("gap_")) for name in found)
        accuracy = [found[f"gap_{gap}"]["accuracy"] for gap in gaps]
        series[label] = (gaps, [entry["mean"] for entry in accuracy])
        bands[label] = ([entry["lowest"] for entry in accuracy], [entry["highest"] for entry in accuracy])
    return series, bands


@figure(measured=True)
def copy_task() -> dict:
    """Remembering one of eight symbols over a gap of blanks: accuracy against the gap, mean and range of the runs.

    The same task, the same optimiser and at most the same 1,500 steps for all three, each from its usual start. The
    runs of the plain network, five of them, are those of the RNN page: it gives up just past ten steps. The LSTM,
    whose forget bias starts at 1, loses its way past twenty; the GRU gets further. The gap axis is logarithmic.
    """
    copy = results("lstm-gru")["copy"]
    plain = results("rnn")["copy"]["default"]
    shared = {name: found for name, found in plain.items() if int(name.removeprefix("gap_")) in COMPARED}
    series, bands = _against_gap({"RNN": shared, "LSTM": copy["lstm"], "GRU": copy["gru"]})
    drawn = lines(
        series,
        x_title="gap (time steps)",
        y_title="accuracy on new sequences",
        x_log=True,
        y_range=(0, 1.05),
        bands=bands,
        markers=True,
        colour=COLOUR,
        levels=[(1 / 8, "guessing")],
        height=340,
    )
    drawn["layout"]["margin"]["r"] += 12
    return drawn


@figure(measured=True)
def forget_bias() -> dict:
    """The LSTM on the same task from four starts of its forget gate: accuracy against the gap, three runs each.

    Nothing differs but one number, added to the forget gate before training. With bias 0 some runs fail at a gap of
    20; with bias 1 all of them fail at 50; bias 3 is enough for that and not for every run at 100. Held open
    altogether, which is the LSTM of 1997, the gate does well on this task, in which nothing ever has to be forgotten.
    """
    found = results("lstm-gru")
    entries = {
        "bias 0": found["bias"]["0"],
        "bias 1": found["copy"]["lstm"],
        "bias 3": found["bias"]["3"],
        "held open": found["bias"]["open"],
    }
    series, bands = _against_gap(entries)
    return lines(
        series,
        x_title="gap (time steps)",
        y_title="accuracy on new sequences",
        x_log=True,
        y_range=(0, 1.05),
        bands=bands,
        markers=True,
        levels=[(1 / 8, "guessing")],
        height=340,
    )


@figure(measured=True)
def stream() -> dict:
    """No forget gate on a text without end: the size of the cell state while reading names end to end.

    Three kinds of LSTM were trained on a stream of names whose memory is never emptied, then read one they had not
    seen; mean and range of three runs each. With a forget gate the cell state finds a size and keeps it. Held open,
    it grows as long as there is text: its tanh ends up stuck at −1 or 1, and the network predicts worse. The gate
    that starts lower ends with the smaller state, because names reward a short memory.
    """
    found = results("lstm-gru")["stream"]
    named = {"bias 0": found["bias_0"], "bias 1": found["bias_1"], "held open": found["bias_open"]}
    return lines(
        {label: entry["cell"]["mean"] for label, entry in named.items()},
        named["bias 0"]["cell"]["position"],
        x_title="characters read",
        y_title="mean size of a cell state",
        y_log=True,
        bands={label: (entry["cell"]["lowest"], entry["cell"]["highest"]) for label, entry in named.items()},
        height=320,
    )
