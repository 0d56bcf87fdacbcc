"""The figures of the RNN page."""

import functools

import torch

from snippets.kit import (
    Choice,
    Draw,
    Point,
    Slider,
    Text,
    bars,
    distribution,
    figure,
    heatmap,
    lines,
    load_text,
    load_weights,
    plain,
    results,
    vector_field,
)
from snippets.kit.colours import ACCENT, GRID, INK, MUTED, SERIES
from snippets.rnn.gradients import gradient_by_distance
from snippets.rnn.model import ALPHABET, Cell, CharacterRNN, Config, encode, sample, step, temper

LETTERS = ALPHABET[1:]
SHOWN = ["·", *LETTERS]  # what the ids stand for; the dot is the end, and a letter wide


@functools.cache
def trained() -> CharacterRNN:
    """The page's network with its committed weights."""
    return load_weights(lambda: CharacterRNN(Config()), "rnn")


@functools.cache
def known_names() -> frozenset[str]:
    return frozenset(load_text("names.txt").split())


@torch.no_grad()
def read(text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (T, V) and states (T, D) of the trained network after the boundary and each letter of `text`."""
    logits, states = trained()(encode(text))
    return logits[0], states[-1, 0]


# --- the memory --------------------------------------------------------------------------------------------


@figure(
    text=Text("Name", value="marianne", max_length=24, alphabet=LETTERS, help="letters a to z"),
    unit=Slider("Unit in the lower plot", 0, 63, value=16),
)
def hidden_state(text: str, unit: int) -> dict:
    """The hidden state after each letter of your name: one column a letter, one row for each of 64 units.

    Each column is all that the network keeps of the letters up to there. Letters that occur twice leave
    different columns, because a column depends on what stood before it. Some units flip with almost every
    letter, others hold their value for a while; the lower plot follows one of them. Nothing leaves the range
    from −1 to 1: that is the tanh. Take it away in the code above and look again.
    """
    states = read(text)[1]  # (T, D)
    reach = max(1.0, states.abs().max().item())
    drawn = heatmap(
        states.T,
        x=["·", *text],
        x_title="letter read",
        y_title="hidden unit",
        z_title="activation",
        diverging=True,
        limits=(-reach, reach),
        mark=(unit, None),
        height=520,
    )
    layout = drawn["layout"]
    layout["yaxis"]["domain"] = [0.3, 1]
    below = {
        "domain": [0, 0.2],
        "range": [-1.1 * reach, 1.1 * reach],
        "autorange": False,
        "title": layout["yaxis"]["title"] | {"text": f"unit {unit}"},
        "showgrid": True,
        "gridcolor": GRID,
        "tickvals": plain([-reach, 0.0, reach]),
        "ticktext": [f"{tick:.3g}" for tick in (-reach, 0.0, reach)],
        "anchor": "x",
    }
    layout["yaxis2"] = layout["yaxis"] | below
    layout["xaxis"]["anchor"] = "y2"
    drawn["data"].append(
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": drawn["data"][0]["x"],
            "y": plain(states[:, unit]),
            "yaxis": "y2",
            "line": {"color": ACCENT, "width": 2},
            "marker": {"color": ACCENT, "size": 6},
            "hovertemplate": "activation %{y:.2f}<extra></extra>",
        }
    )
    return drawn


PULSES = [0.0] * 40
PULSES[3:6] = [1.0] * 3
PULSES[20] = 1.0


@figure(
    signal=Draw("Input, one column a time step", rows=1, columns=40, value=[PULSES], help="paint the input"),
    weight=Slider("Recurrent weight", 0.0, 1.4, step=0.1, value=0.9),
)
def running_summary(signal: list[list[float]], weight: float) -> dict:
    """One hidden unit reading the signal you paint: h = tanh(x + w·h), one step a column.

    With weight 0 the unit repeats its input and remembers nothing. As the weight grows, a pulse leaves a
    tail, and two pulses near each other add up: the unit carries a summary of what it has read. Near 0.9
    a tail lasts for tens of steps. Above 1 the unit no longer comes back to zero: it latches, and
    remembers one pulse for good at the price of ignoring the next.
    """
    inputs = signal[0]
    hidden, states = torch.zeros(1), []
    for x in inputs:
        hidden = step(torch.tensor([x]), hidden, lambda x: x, lambda hidden: weight * hidden)
        states.append(hidden.item())
    drawn = lines(
        {"hidden state": states},
        list(range(1, len(inputs) + 1)),
        x_title="time step",
        y_title="value",
        y_range=(-0.05, max(1.1, *states)),
        height=300,
    )
    drawn["data"].insert(
        0,
        {
            "type": "bar",
            "x": list(range(1, len(inputs) + 1)),
            "y": plain(inputs),
            "marker": {"color": GRID},
            "width": 1,
            "hovertemplate": "input %{y:.2g}<extra></extra>",
        },
    )
    return drawn


@figure(
    text=Text("Name", value="christopher", min_length=2, max_length=24, alphabet=LETTERS),
    letter=Choice("First letter becomes", list(LETTERS), "a"),
)
def first_letter(text: str, letter: str) -> dict:
    """How long the first letter matters: the same name read twice, once with another first letter.

    One line is the distance between the two memories, relative to their length; the other is how much the two
    predictions of the next letter differ, as the share of probability that has moved. Both fall, unevenly, as
    letters pass: every new letter is written over the old ones in the same 64 numbers. A difference in the
    memory can outlast the difference it makes to the prediction.
    """
    first, first_states = _predictions(text)
    second, second_states = _predictions(letter + text[1:])
    apart = (first_states - second_states).norm(dim=1)
    lengths = (first_states.norm(dim=1) + second_states.norm(dim=1)) / 2
    moved = (first - second).abs().sum(dim=1) / 2
    drawn = lines(
        {"memory": apart / lengths, "prediction": moved},
        list(range(1, len(text) + 1)),
        x_title="letter read",
        y_title="difference (share)",
        x_range=(0.7, len(text) + 0.3),
        y_range=(0, 1.5),
        markers=True,
        height=300,
    )
    drawn["layout"]["xaxis"] |= {
        "tickmode": "array",
        "tickvals": list(range(1, len(text) + 1)),
        "ticktext": [f"{letter}/{text[0]}", *text[1:]],
    }
    return drawn


def _predictions(text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities (T, V) and states (T, D) after each letter, the boundary left out."""
    logits, states = read(text)
    return torch.softmax(logits[1:], dim=-1), states[1:]


# --- predictions and the loss ------------------------------------------------------------------------------


@figure(text=Text("Beginning of a name", value="mari", min_length=0, max_length=24, alphabet=LETTERS))
def next_character(text: str) -> dict:
    """What the network expects after the letters you type.

    The dot is the end of the name. Delete the text and it shows how names begin. After “q” almost everything is
    on “u”; after “mari” the probability is spread over several good endings, because a network that does not know
    which name is meant can do no better than share it out.
    """
    probabilities = torch.softmax(read(text)[0][-1], dim=-1)
    return distribution(probabilities, SHOWN, x_title="next character", height=280)


@figure(text=Text("Name", value="matthew", max_length=24, alphabet=LETTERS))
def surprise(text: str) -> dict:
    """The loss of one name, letter by letter: −log of the probability the true next letter was given.

    The training objective is the mean of these bars over all names. High bars stand where the network had
    to guess, low ones where the letters before decide. The dashed line is a blind guess among 27
    characters. Type a keyboard accident such as “xqzv” and watch the bars cross it.
    """
    logits = read(text)[0]  # (T, V)
    targets = torch.cat([encode(text)[0, 1:], torch.tensor([0])])  # the letters, then the end
    nats = -torch.log_softmax(logits, dim=-1)[torch.arange(len(targets)), targets]
    drawn = bars(
        nats,
        [*text, "end"],
        x_title="true next character",
        y_title="surprise (nats)",
        limits=(0, max(4.0, 1.05 * nats.max().item())),
        height=300,
    )
    mean = nats.mean().item()
    blind = results("rnn")["training"]["uniform_loss"]
    drawn["layout"]["shapes"] = [_level(mean, INK), _level(blind, MUTED)]
    drawn["layout"]["annotations"] = [
        _level_label(mean, f"mean {mean:.2f}", INK, above=mean > blind),
        _level_label(blind, "blind guess", MUTED, above=mean <= blind),
    ]
    drawn["layout"]["margin"]["r"] = 76
    return drawn


def _level(y: float, colour: str) -> dict:
    line = {"color": colour, "width": 1.2, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": plain(y), "y1": plain(y), "line": line}


def _level_label(y: float, text: str, colour: str, *, above: bool) -> dict:
    """A label in the right margin; `above` keeps two close levels apart."""
    return {
        "xref": "paper",
        "x": 1.01,
        "y": plain(y),
        "text": text,
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom" if above else "top",
        "font": {"size": 12, "color": colour},
    }


@figure(
    before=Text("Read first", value="christopher", min_length=0, max_length=24, alphabet=LETTERS),
    text=Text("Then the name", value="anna", max_length=24, alphabet=LETTERS),
)
def carried_memory(before: str, text: str) -> dict:
    """A pitfall: the memory of one name is left in place when the next one begins.

    Grey bars start from zeros, as in training. Coloured bars start from the memory that the first name
    left behind. The code runs, no shape is wrong and no error appears; only the loss of the first letters
    gives the mistake away. Clear the first field and both agree.
    """
    with torch.no_grad():
        left = trained()(encode(before))[1][:, :, -1] if before else trained().start(1)
        carried = trained()(encode(text), left)[0][0]
    targets = torch.cat([encode(text)[0, 1:], torch.tensor([0])])
    places = torch.arange(len(targets))
    fresh_nats, carried_nats = (
        -torch.log_softmax(logits, dim=-1)[places, targets] for logits in (read(text)[0], carried)
    )
    drawn = bars(
        carried_nats,
        [*text, "end"],
        x_title="true next character",
        y_title="surprise (nats)",
        limits=(0, max(5.0, 1.05 * carried_nats.max().item(), 1.05 * fresh_nats.max().item())),
        height=300,
    )
    fresh = drawn["data"][0] | {"y": plain(fresh_nats), "marker": {"color": MUTED}, "name": "from zeros"}
    drawn["data"][0] |= {"name": "from the name before"}
    drawn["data"].insert(0, fresh)
    fresh_mean, carried_mean = fresh_nats.mean().item(), carried_nats.mean().item()
    means = f"grey: from zeros, mean {fresh_mean:.2f} · coloured: carried over, {carried_mean:.2f}"
    drawn["layout"] |= {"barmode": "group", "title": {"text": means, "font": {"size": 13, "color": INK}}}
    drawn["layout"]["margin"]["t"] = 36
    return drawn


@figure(
    prefix=Text("Beginning", value="ma", min_length=0, max_length=12, alphabet=LETTERS),
    temperature=Slider("Temperature", values=[0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0], value=1.0),
    draw=Slider("Draw number", 1, 20, value=1),
)
def sampling(prefix: str, temperature: float, draw: int) -> dict:
    """Eight names drawn from the network, and what temperature does to each of its choices.

    Outlined bars are the learned distribution of the next letter, filled ones the distribution after its
    logits were divided by the temperature. Near 0 the network repeats its favourite; at 1 it draws from what
    it learned; at 3 it is close to rolling a die of 27 sides, one of which is the dot that ends a name. An
    asterisk marks a name that is in the list it was trained and tested on; the rest are its own.
    """
    logits = read(prefix)[0][-1]
    generator = torch.Generator().manual_seed(draw)
    names = [sample(trained(), generator, prefix, temperature) for _ in range(8)]
    drawn = distribution(temper(logits, temperature), SHOWN, x_title="next character", height=340)
    drawn["data"].append(
        {
            "type": "bar",
            "x": drawn["data"][0]["x"],
            "y": plain(torch.softmax(logits, dim=-1)),
            "marker": {"color": "rgba(0,0,0,0)", "line": {"color": INK, "width": 1}},
            "hovertemplate": "learned: %{y:.1%}<extra></extra>",
        }
    )
    layout = drawn["layout"]
    layout |= {"barmode": "overlay"}
    layout["yaxis"]["domain"] = [0, 0.72]
    layout["annotations"] = [
        {
            "xref": "paper",
            "yref": "paper",
            "x": (place % 4 + 0.5) / 4,
            "y": 1.0 - 0.12 * (place // 4),
            "text": name + ("*" if name in known_names() else ""),
            "showarrow": False,
            "xanchor": "center",
            "yanchor": "top",
            "font": {"size": 14, "color": ACCENT},
        }
        for place, name in enumerate(names)
    ]
    return drawn


# --- gradients and dynamics --------------------------------------------------------------------------------

STRETCH = 40  # time steps in the gradient figure


@functools.cache
def reading_cell(kind: str) -> Cell:
    """A cell as trained, or before any training with torch's own or with orthogonal recurrent weights."""
    if kind == "trained":
        return trained().layers[0].cell
    torch.manual_seed(0)
    cell = Cell(len(ALPHABET), Config().hidden)
    if kind == "orthogonal":
        torch.nn.init.orthogonal_(cell.recurrent_weights.weight)
    return cell


@figure(
    scale=Slider("Recurrent weights scaled by", 0.5, 1.6, step=0.1, value=1.0),
    matrix=Choice(
        "Recurrent weights",
        {"trained": "trained", "orthogonal": "orthogonal, untrained", "default": "default, untrained"},
        "default",
    ),
)
def gradient_distance(scale: float, matrix: str) -> dict:
    """How much of the gradient survives k steps back through time, by automatic differentiation.

    The vertical axis is logarithmic, so a straight line is exponential decay or growth. The dashed line
    leaves out the tanh. Torch's default start, shown first, loses the gradient within a few dozen steps. For
    orthogonal weights the dashed line is exactly the scale to the power k; with the tanh, a scale a little
    above 1 carries the gradient furthest, 0.8 lets it vanish and 1.6 makes it explode. Training moved the
    weights to where the matrices alone would explode and the tanh holds them back.
    """
    kept = reading_cell(matrix).state_dict()
    weights = scale * kept["recurrent_weights.weight"]
    cell = Cell(len(ALPHABET), Config().hidden)
    cell.load_state_dict(kept | {"recurrent_weights.weight": weights})
    text = "marianne.otto.christopher.lee.elizabeth.jon.annabelle.max.ida"[:STRETCH]
    ids = torch.tensor([[ALPHABET.index(character) for character in text]])
    sizes = gradient_by_distance(cell, trained().one_hot(ids)[0])
    power, linear = torch.eye(len(weights)), []
    for _ in range(STRETCH):
        linear.append((power**2).sum().sqrt() / len(weights) ** 0.5)
        power = power @ weights
    floor, ceiling = 1e-9, 1e6  # beyond these the curve runs along the edge
    return lines(
        {"with tanh": sizes.clamp(floor, ceiling), "without": torch.stack(linear).clamp(floor, ceiling)},
        x_title="distance k in time steps",
        y_title="size of ∂h(T) / ∂h(T−k)",
        y_log=True,
        y_range=(floor, ceiling),
        dashed=("without",),
        levels=[(1.0, "unchanged")],
        height=340,
    )


@figure(
    start=Point("Starting memory", x=(-1, 1), y=(-1, 1), value=(0.8, 0.1), x_title="unit 1", y_title="unit 2"),
    gain=Slider("Gain", 0.5, 2.0, step=0.1, value=1.2),
    angle=Slider("Rotation a step", 0, 90, step=5, value=20, unit="°"),
)
def phase_portrait(start: tuple[float, float], gain: float, angle: float) -> dict:
    """Where the memory of a two-unit network drifts when nothing more is read.

    Each arrow is one step of h = tanh(W·h), with W a rotation times the gain; the line follows your starting
    point for 40 steps. Below gain 1 every path ends in the middle: whatever the network had read, it forgets.
    Above 1 the middle pushes away and the tanh pushes back from the edge, so that paths end on the same few
    points or the same loop, and different beginnings become alike in another way.
    """
    turn = torch.tensor(angle * torch.pi / 180)
    rotation = torch.stack([torch.stack([turn.cos(), -turn.sin()]), torch.stack([turn.sin(), turn.cos()])])
    weights = gain * rotation  # (2, 2)

    def onward(hidden: torch.Tensor) -> torch.Tensor:
        return step(torch.zeros(2), hidden, lambda x: x, lambda hidden: hidden @ weights.T)

    ticks = torch.linspace(-1, 1, 13)
    grid = torch.stack([ticks.repeat(13), ticks.repeat_interleave(13)], dim=1)  # (169, 2)
    moves = onward(grid) - grid
    hidden, path = torch.tensor(start), [torch.tensor(start)]
    for _ in range(40):
        hidden = onward(hidden)
        path.append(hidden)
    return vector_field(
        grid[:, 0],
        grid[:, 1],
        moves[:, 0],
        moves[:, 1],
        x_title="unit 1",
        y_title="unit 2",
        path=torch.stack(path),
        height=400,
    )


# --- measured ----------------------------------------------------------------------------------------------


@figure(measured=True)
def loss_curve() -> dict:
    """The training run behind this page: loss on names it learns from and on names it never sees.

    The levels are tables of counts, with no network at all: single letters, pairs and triples. The network
    passes the triples within a few hundred steps and ends below them. The gap between the two lines is the
    price of a few thousand names: the network begins to know its own list.
    """
    training = results("rnn")["training"]
    curves, counted = training["curves"], training["counted_loss"]
    return lines(
        {"training": curves["training_loss"], "held out": curves["validation_loss"]},
        curves["step"],
        x_title="training step",
        y_title="loss (nats a character)",
        levels=[(counted["pairs"], "counted pairs"), (counted["triples"], "counted triples")],
        height=320,
    )


@figure(measured=True)
def copy_task() -> dict:
    """Remembering one of eight symbols over a gap of blanks: accuracy against the gap, mean of five runs.

    The bands reach from the worst run to the best. Guessing is right one time in eight. From torch's default
    start the network fails as soon as the gap passes about ten steps. An orthogonal start, which keeps the
    length of the gradient nearly as it is, doubles the reach. Neither comes near fifty.
    """
    copy = results("rnn")["copy"]
    series, bands = {}, {}
    for start in ("default", "orthogonal"):
        gaps = [int(name.removeprefix("gap_")) for name in copy[start]]
        accuracy = [result["accuracy"] for result in copy[start].values()]
        series[start] = (gaps, [entry["mean"] for entry in accuracy])
        bands[start] = ([entry["lowest"] for entry in accuracy], [entry["highest"] for entry in accuracy])
    return lines(
        series,
        x_title="gap (time steps)",
        y_title="accuracy on new sequences",
        y_range=(0, 1.05),
        bands=bands,
        markers=True,
        levels=[(1 / 8, "guessing")],
        height=340,
    )


@figure(
    measured=True,
    show=Choice("Show", {"loss": "loss", "norm": "gradient norm"}, "loss"),
    setting=Choice(
        "Start and optimiser",
        {
            "SGD.orthogonal": "orthogonal, SGD",
            "SGD.too_large": "1.5 × orthogonal, SGD",
            "SGD.default": "default, SGD",
            "Adam.orthogonal": "orthogonal, Adam",
        },
        "SGD.orthogonal",
    ),
)
def clipping(show: str, setting: str) -> dict:
    """Training with and without clipping the gradient's norm to 1: mean and range of five runs.

    Where gradients explode, clipping is the difference between learning and not learning: one huge step
    throws the weights into a region from which plain SGD does not return. The norm shows it happening. Where
    gradients stay small, as from the default start, the two lines are the same. Adam, which divides by the
    gradient's recent size, does not need it here.
    """
    optimizer, start = setting.split(".")
    runs = results("rnn")["clipping"][optimizer][start]
    named = {"clipped": runs["on"][show], "not clipped": runs["off"][show]}
    return lines(
        {label: curve["mean"] for label, curve in named.items()},
        named["clipped"]["step"],
        x_title="training step",
        y_title="loss (nats a character)" if show == "loss" else "gradient norm before clipping",
        y_log=True,
        bands={label: (curve["lowest"], curve["highest"]) for label, curve in named.items()},
        height=340,
    )


@figure(measured=True)
def starting_matrix() -> dict:
    """Learning names from two starts of the recurrent matrix: held-out loss, mean and range of five runs.

    The default start ends a little lower, although it forgets sooner: a name of seven letters does not
    ask for a long memory, and what a start buys depends on the task. The copy task asks, and there it is
    the other way round.
    """
    starts = results("rnn")["start"]
    named = {"default": starts["default"]["curve"], "orthogonal": starts["orthogonal"]["curve"]}
    return lines(
        {label: curve["mean"] for label, curve in named.items()},
        named["default"]["step"],
        x_title="training step",
        y_title="held-out loss (nats a character)",
        bands={label: (curve["lowest"], curve["highest"]) for label, curve in named.items()},
        height=320,
    )


@figure(
    measured=True,
    task=Choice("Task", {"names": "names", "copy": "copy over a gap of 10"}, "names"),
)
def truncation(task: str) -> dict:
    """Cutting the gradient after so many steps back: what is lost, mean and range of five runs.

    One step back is how Elman trained. On names it costs very little, and two or three steps already do as
    well as all 48. The copy task shows when it matters. From the default start short windows learn nothing,
    middling ones succeed in some runs, and every run succeeds once the gradient reaches the symbol itself, at
    12 steps. From the orthogonal start the untrained memory keeps a trace of the symbol anyway, and the
    readout learns to find it with hardly any gradient through time.
    """
    found = results("rnn")["truncation"][task]
    metric = "validation_loss" if task == "names" else "accuracy"
    series, bands = {}, {}
    for label, entries in {"": found}.items() if task == "names" else found.items():
        windows = [int(name.removeprefix("window_")) for name in entries]
        values = [entry[metric] for entry in entries.values()]
        series[label] = (windows, [value["mean"] for value in values])
        bands[label] = ([value["lowest"] for value in values], [value["highest"] for value in values])
    return lines(
        series,
        x_title="steps the gradient goes back",
        y_title="held-out loss (nats a character)" if task == "names" else "accuracy on new sequences",
        x_log=task == "names",
        y_range=None if task == "names" else (0, 1.05),
        bands=bands,
        markers=True,
        levels=None if task == "names" else [(1 / 8, "guessing")],
        height=320,
    )


@figure(measured=True)
def shapes_compared() -> dict:
    """The same number of parameters spent in five ways: held-out loss, mean and range of five runs.

    The first three predict the next character with one, two or three layers; the last two guess a letter in
    the middle, from its left or from both sides. Depth does not pay for names this short. Reading from both
    sides helps a great deal, but such a network cannot write: the right-hand side does not exist yet.
    """
    found = results("rnn")
    entries = {
        "1 layer": found["stack"]["layers_1"],
        "2 layers": found["stack"]["layers_2"],
        "3 layers": found["stack"]["layers_3"],
        "missing letter: left": found["reading"]["one_way"],
        "missing letter: both": found["reading"]["two_way"],
    }
    losses = [entry["validation_loss"] for entry in entries.values()]
    return bars(
        [loss["mean"] for loss in losses],
        list(entries),
        x_title="held-out loss (nats a character)",
        horizontal=True,
        highlight=[0, 4],
        spread=([loss["lowest"] for loss in losses], [loss["highest"] for loss in losses]),
        text=[f"\u2002{loss['mean']:.3f}" for loss in losses],
        height=260,
    )


@figure(measured=True)
def time_per_step() -> dict:
    """One training step against the length of the sequence: in turn, and all positions at once.

    Both lines multiply the same matrices for every position, on one processor core, where both must grow in
    proportion to the length; taking the steps one by one only adds overhead. The real difference is what more
    hardware could do. The work of the lower line can be shared out among thousands of units; the upper one is
    a chain, in which every step waits for the one before.
    """
    entries = results("rnn")["time"]
    lengths = [int(name.removeprefix("length_")) for name in entries]
    return lines(
        {
            "in turn": [entry["in_turn"] for entry in entries.values()],
            "at once": [entry["at_once"] for entry in entries.values()],
        },
        lengths,
        x_title="length (time steps)",
        y_title="training step (ms)",
        x_log=True,
        y_log=True,
        markers=True,
        colour={"in turn": SERIES[0], "at once": SERIES[1]},
        height=320,
    )
