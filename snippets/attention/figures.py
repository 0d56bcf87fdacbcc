"""The figures of the attention page."""

import functools
import math

import torch

from snippets.attention.model import (
    AdditiveScore,
    Config,
    Filler,
    FillerConfig,
    Speller,
    dot_product,
    mix,
    write,
)
from snippets.data.pronunciations import END, LETTERS, PADDING, START, TARGET_SYMBOLS, spell
from snippets.kit import (
    Choice,
    Point,
    Slider,
    Text,
    bars,
    figure,
    heatmap,
    lines,
    load_weights,
    plain,
    points,
    results,
)
from snippets.kit.colours import ACCENT, INK, MUTED, SERIES

WORD = Text("Word", value="knowledge", max_length=14, alphabet=LETTERS, help="letters a to z")


@functools.cache
def speller() -> Speller:
    """The page's speller with its committed weights."""
    return load_weights(lambda: Speller(Config()), "attention", prefix="speller.")


@functools.cache
def filler(heads: int) -> Filler:
    """A letter guesser with its committed weights."""
    return load_weights(lambda: Filler(FillerConfig(heads=heads)), "attention", prefix=f"heads_{heads}.")


def said(ids: torch.Tensor) -> list[str]:
    """Phonemes by name, one for each id of a row."""
    return [TARGET_SYMBOLS[index] for index in ids.tolist()]


def title(text: str) -> dict:
    return {"text": text, "font": {"size": 13, "color": INK}}


# --- the lookup --------------------------------------------------------------------------------------------

KEYS = {"a": (2.2, 0.4), "b": (0.5, 2.2), "c": (-1.7, 1.3), "d": (-2.0, -1.0), "e": (0.3, -2.1), "f": (0.9, 0.8)}
VALUES = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]


@figure(
    query=Point("Query", x=(-3, 3), y=(-3, 3), value=(1.9, 1.2), x_title="first number", y_title="second number"),
    temperature=Slider("Temperature", values=[0.1, 0.25, 0.5, 1.0, 2.0, 5.0], value=1.0),
)
def lookup(query: tuple[float, float], temperature: float) -> dict:
    """A soft lookup: drag the query among six keys; the answer is a mixture of their values.

    Every key answers with its value, weighted by the softmax of its scaled dot product with the query. The
    direction of the query decides which keys agree with it, its length how sharply it chooses: in the middle
    all six weigh the same. The short key f lies between a and b and never weighs most, because a
    dot product also rewards the length of a key. A low temperature makes the lookup hard, as in a Python
    dictionary; a high one makes it an average.
    """
    asked = torch.tensor([query])  # (Q = 1, d = 2)
    keys = torch.tensor(list(KEYS.values()))  # (K, d)
    values = torch.tensor(VALUES)[:, None]  # (K, 1)
    found, weights = mix(dot_product(asked, keys) / temperature, values)
    drawn = points(
        keys,
        labels=list(KEYS),
        x_range=(-3, 3),
        y_range=(-3, 3),
        x_title="first number",
        y_title="second number",
        height=520,
    )
    shown = drawn["data"][0]
    shown["marker"] |= {"size": plain(10 + 40 * weights[0]), "color": SERIES[0]}
    shown["textfont"] = {"color": INK, "size": 14}
    shown["hoverinfo"] = "skip"
    drawn["data"].append(
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": [0.0, *plain(asked[:, 0])],
            "y": [0.0, *plain(asked[:, 1])],
            "line": {"color": ACCENT, "width": 2},
            "marker": {"color": ACCENT, "size": [4, 12]},
            "hovertemplate": "query (%{x:.2f}, %{y:.2f})<extra></extra>",
        }
    )
    below = bars(
        weights[0],
        [f"{name} → {value:.0f}" for name, value in zip(KEYS, VALUES, strict=True)],
        x_title="key → value",
        y_title="weight",
        limits=(0, 1),
    )
    bar = below["data"][0] | {"xaxis": "x2", "yaxis": "y2"}
    drawn["data"].append(bar)
    layout = drawn["layout"]
    layout["yaxis"] |= {"domain": [0.36, 1]}
    layout["xaxis"] |= {"anchor": "y"}
    layout["xaxis2"] = below["layout"]["xaxis"] | {"anchor": "y2"}
    layout["yaxis2"] = below["layout"]["yaxis"] | {"domain": [0, 0.2], "anchor": "x2"}
    layout["bargap"] = 0.25
    layout["showlegend"] = False
    layout["title"] = title(f"looked up: {found.item():.1f}")
    layout["margin"]["t"] = 36
    return drawn


# --- between two sequences ---------------------------------------------------------------------------------


@figure(text=WORD, temperature=Slider("Temperature", values=[0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0], value=1.0))
def alignment(text: str, temperature: float) -> dict:
    """Where the speller looks before it writes each phoneme of your word: a row a phoneme, a column a letter.

    Nobody told it which letters make which sound; the diagonal is learned. It jumps where letters
    are silent and stays where two letters make one sound. The last row is the decision to stop. Raise the
    temperature: the weights flatten, every context becomes the same average, and the word falls apart.
    """
    ids, probabilities, weights = write(speller(), spell(text), temperature=temperature)
    phonemes = said(ids[0])
    drawn = heatmap(
        weights[0],
        x=list(text),
        y=phonemes,
        x_title="letter read",
        y_title="phoneme written",
        z_title="weight",
        limits=(0, 1),
        height=400,
    )
    drawn["data"][0]["customdata"] = [[value] * len(text) for value in plain(probabilities[0])]
    drawn["data"][0]["hovertemplate"] = "%{y}, probability %{customdata:.2f}<br>looks at %{x}: %{z:.3f}<extra></extra>"
    return drawn


@figure(
    text=Text("Word", value="knowledge", min_length=2, max_length=14, alphabet=LETTERS, help="letters a to z"),
    step=Slider("Phoneme", 1, 12, value=3),
    erase=Choice(
        "Take a letter away",
        {"look": "from this look only", "word": "from the word"},
        "look",
    ),
)
def explanation(text: str, step: int, erase: str) -> dict:
    """How much each letter weighs in one look, and how much the prediction moves without that letter.

    Upper bars: attention. Lower bars: the share of probability that moves. As first shown, “w” weighs most in the
    third look at “knowledge”, and hiding it changes next to nothing, while hiding “l” turns the prediction over. At
    most other steps the heaviest letter is also the one that matters. Take the letters away from the word instead,
    so that the encoder does not read them either: then letters without any weight matter too.
    """
    model, source, S = speller(), spell(text), len(text)
    with torch.no_grad():
        states, hidden = model.read(source)
        keys, seen = model.score.key(states), torch.ones(1, S, dtype=torch.bool)
        written, looks = torch.tensor([START]), []
        while len(looks) < 18 and int(written) != END:
            logits, following, weights = model.step(written, hidden, states, keys, seen)
            looks.append((written, hidden, logits, weights))
            written, hidden = logits.argmax(dim=-1), following
        last = min(step, len(looks)) - 1
        written, hidden, logits, weights = looks[last]
        kept = ~torch.eye(S, dtype=torch.bool)  # (S, S): row j is without letter j
        if erase == "word":
            inputs = torch.stack([look[0] for look in looks[: last + 1]], dim=1)  # (1, last + 1)
            shorter = source.expand(S, -1)[kept].reshape(S, S - 1)
            without = model(shorter, inputs.expand(S, -1))[0][:, last]  # (S, V)
        else:
            many = (each.expand(S, *each.shape[1:]) for each in (written, hidden, states, keys))
            without = model.step(*many, kept)[0]  # (S, V)
        moved = torch.softmax(without, dim=-1) - torch.softmax(logits, dim=-1)  # (S, V)
        moved = moved.abs().sum(dim=-1) / 2  # (S,)
        phonemes = [TARGET_SYMBOLS[int(look[2].argmax())] for look in looks]
    upper = bars(weights[0], list(text), y_title="weight", limits=(0, 1))
    lower = bars(moved, list(text), x_title="letter", y_title="moved", limits=(0, 1))
    upper["data"][0] |= {"name": "weight", "marker": {"color": ACCENT}}
    lower["data"][0] |= {"xaxis": "x2", "yaxis": "y2", "marker": {"color": SERIES[1]}}
    layout = upper["layout"]
    layout["height"] = 400
    layout["xaxis"] |= {"anchor": "y"}
    layout["yaxis"] |= {"domain": [0.58, 1]}
    layout["xaxis2"] = lower["layout"]["xaxis"] | {"anchor": "y2"}
    layout["yaxis2"] = lower["layout"]["yaxis"] | {"domain": [0, 0.42], "anchor": "x2"}
    spelled = " ".join(phoneme for phoneme in phonemes if phoneme != "end")
    layout["title"] = title(f"phoneme {last + 1}, {phonemes[last]}, of {spelled}")
    layout["margin"]["t"] = 36
    return {"data": upper["data"] + lower["data"], "layout": layout}


@figure(
    text=Text("Word", value="angry", max_length=14, alphabet=LETTERS),
    padding=Slider("Padding behind it", 0, 12, value=6),
    mask=Choice(
        "Scores at the padding",
        {"infinite": "set to −∞", "zero": "set to 0", "none": "left as they are"},
        "zero",
    ),
)
def padding(text: str, padding: int, mask: str) -> dict:
    """A pitfall: in a batch, short words are padded, and the padding must get no weight.

    Set to −∞, the scores of the padding (·) become weights of exactly 0, and the word is pronounced as if it were
    alone. Set to 0 they take part, because the exponential of 0 is 1: six places of padding are enough for “angry”
    to lose its G, as first shown. Left as they are, they draw the decoder on too soon. No error is raised in any
    case.
    """
    model = speller()
    source = torch.cat([spell(text), torch.full((1, padding), PADDING)], dim=1)
    with torch.no_grad():
        states, hidden = model.read(source)
        keys = model.score.key(states)
        real = (source != PADDING)[:, None]  # (1, 1, S)
        written, rows, phonemes = torch.tensor([START]), [], []
        while len(rows) < 16 and int(written) != END:
            scores = model.score(hidden, keys)  # (1, 1, S)
            if mask == "zero":
                scores = scores.masked_fill(~real, 0.0)
            context, weights = mix(scores, states, real if mask == "infinite" else None)
            x = torch.cat([model.embedding(written), context[:, 0]], dim=-1)
            hidden = model.cell(x, hidden)
            written = model.readout(torch.cat([hidden, context[:, 0]], dim=-1)).argmax(dim=-1)
            rows.append(weights[0, 0])
            phonemes.append(TARGET_SYMBOLS[int(written)])
    weights = torch.stack(rows)  # (T, S)
    lost = weights[:, len(text) :].sum(dim=-1).mean().item() if padding else 0.0
    drawn = heatmap(
        weights,
        x=[*text, *"·" * padding],
        y=phonemes,
        x_title="letter, then padding",
        y_title="phoneme written",
        z_title="weight",
        limits=(0, 1),
        height=420,
    )
    drawn["layout"]["title"] = title(f"weight on the padding: {lost:.0%}") | {"x": 0.02, "xanchor": "left"}
    drawn["layout"]["margin"]["t"] = 60
    return drawn


# --- scores ------------------------------------------------------------------------------------------------

WIDTHS = [2**power for power in range(11)]  # 1 to 1024


@functools.cache
def random_vectors(rows: int, width: int, seed: int) -> torch.Tensor:
    """Vectors of independent numbers with mean 0 and variance 1."""
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))


@figure(
    keys=Slider("Keys", values=[4, 16, 64], value=16),
    show=Choice("Show", {"largest": "largest weight", "gradient": "gradient that passes"}, "largest"),
)
def saturation(keys: int, show: str) -> dict:
    """Random queries and keys of d numbers: the largest weight with and without the division by √d.

    The variance of a dot product of d such numbers is d. Undivided, the scores spread out as d grows, the
    softmax gives nearly everything to one key, and hardly any gradient passes back through it
    (second view: the size of the softmax's Jacobian). Divided by √d, neither depends on d.
    """
    series: dict[str, list] = {"divided": [], "undivided": []}
    for width in WIDTHS:
        # the first numbers of the same vectors, so that the widths compare
        query = random_vectors(48, WIDTHS[-1], 0)[:, :width]
        key = random_vectors(256, WIDTHS[-1], 1)[:keys, :width]
        for label in series:
            _, weights = mix(dot_product(query, key, scaled=label == "divided"), key)  # (Q, K)
            if show == "largest":
                value = weights.max(dim=-1).values
            else:  # the Frobenius norm of diag(w) - w wᵀ
                squares = (weights**2).sum(dim=-1)
                value = (squares - 2 * (weights**3).sum(dim=-1) + squares**2).clamp(min=0).sqrt()
            series[label].append(value.mean())
    return lines(
        {label: torch.stack(values) for label, values in series.items()},
        WIDTHS,
        x_title="width d of a query or key",
        y_title="largest weight (mean)" if show == "largest" else "size of the Jacobian (mean)",
        x_log=True,
        y_range=(0, 1) if show == "largest" else None,
        levels=[(1 / keys, "all the same")] if show == "largest" else None,
        markers=True,
        height=340,
    )


@figure(width=Slider("Width d", values=[4, 16, 64, 256], value=64))
def scores(width: int) -> dict:
    """Three ways to compare a query with ten keys, as the query grows longer: the largest of the ten weights.

    The dot product has no ceiling: the longer the query, the harder the choice, and the wider the vectors, the
    sooner. Divided by √d, the width no longer matters. The additive score has a ceiling, because query and key
    meet inside a tanh: a query that is large beside the keys saturates it, and what distinguishes the keys is
    lost rather than sharpened.
    """
    keys = random_vectors(10, 256, 2)[:, :width]
    query = random_vectors(24, 256, 3)[:, :width]
    torch.manual_seed(0)
    additive = AdditiveScore(width, width, width)
    sizes = [0.25 * step for step in range(25)]
    series: dict[str, list] = {"dot product": [], "divided by √d": [], "additive": []}
    with torch.no_grad():
        additive.energy.weight.copy_(3 * random_vectors(1, 256, 4)[:, :width] / width**0.5)
        added = additive.key(keys).expand(24, -1, -1)
        for size in sizes:
            asked = size * query
            found = (
                dot_product(asked, keys, scaled=False),
                dot_product(asked, keys),
                additive(asked, added)[:, 0],
            )
            for values, each in zip(series.values(), found, strict=True):
                values.append(mix(each, keys)[1].max(dim=-1).values.mean())
    return lines(
        {label: torch.stack(values) for label, values in series.items()},
        sizes,
        x_title="the query, times",
        y_title="largest weight (mean)",
        y_range=(0, 1),
        levels=[(0.1, "all the same")],
        height=340,
    )


@figure(
    margin=Slider("Score of the matching key", 0, 12, value=6),
    show=Choice("Show", {"weight": "weight of the match", "entropy": "entropy"}, "weight"),
)
def dilution(margin: int, show: str) -> dict:
    """One key matches and the others score at random, with mean 0 and variance 1: what the match keeps.

    Every further key takes its share, and the score of the match does not grow with their number, so its weight
    falls towards 0 and the entropy rises with the logarithm of the length. Scores multiplied by
    log n, the dashed line, hold on to a match that stands out enough, and drop one that does not.
    """
    lengths = [2**power for power in range(1, 17)]
    noise = random_vectors(1, lengths[-1], 5)[0]
    series: dict[str, list] = {"softmax": [], "scores × log n": []}
    for length in lengths:
        found = torch.cat([torch.tensor([float(margin)]), noise[1:length]])[None]  # (1, n)
        for label, factor in (("softmax", 1.0), ("scores × log n", math.log(length) / math.log(64))):
            _, weights = mix(found * factor, found.T)
            value = weights[0, 0] if show == "weight" else torch.special.entr(weights).sum()
            series[label].append(value)
    curves = {label: torch.stack(values) for label, values in series.items()}
    if show == "entropy":
        curves["all the same"] = torch.tensor([math.log(length) for length in lengths])
    return lines(
        curves,
        lengths,
        x_title="number of keys n",
        y_title="weight of the matching key" if show == "weight" else "entropy of the weights (nats)",
        x_log=True,
        y_range=(0, 1) if show == "weight" else (0, 11.5),
        dashed=("scores × log n",),
        colour={"all the same": MUTED},
        height=340,
    )


# --- heads -------------------------------------------------------------------------------------------------


@figure(
    text=Text("Name", value="christopher", min_length=2, max_length=20, alphabet=LETTERS),
    place=Slider("Missing letter", 1, 20, value=4),
)
def heads(text: str, place: int) -> dict:
    """One letter of a name is missing; where one head looks for it, and where eight heads look.

    Each row is one look, and its weights add up to 1. A single head has to fold its neighbours into one
    average, in which their order is lost. Eight heads of an eighth of the width keep several
    looks apart: some take the letter on the left, some the one on the right, others look further off.
    """
    place = min(place, len(text)) - 1
    ids = [0, *(1 + LETTERS.index(letter) for letter in text), 0]
    ids[place + 1] = FillerConfig().vocabulary
    rows, guesses = [], []
    with torch.no_grad():
        for count in (1, 8):
            logits, weights = filler(count)(torch.tensor([ids]))
            rows.append(weights[0])
            best = torch.softmax(logits[0], dim=-1).topk(3)
            guesses.append(
                ", ".join(
                    f"{'end' if index == 0 else LETTERS[index - 1]} {share:.0%}"
                    for share, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
                )
            )
    weights = torch.cat(rows)  # (1 + 8, T)
    drawn = heatmap(
        weights,
        x=["·", *text[:place], "?", *text[place + 1 :], "·"],
        y=["one head", *(f"head {index}" for index in range(1, 9))],
        x_title="letter",
        z_title="weight",
        limits=(0, 1),
        height=440,
    )
    drawn["layout"]["title"] = title(f"one head: {guesses[0]}<br>eight heads: {guesses[1]}") | {
        "x": 0.02,
        "xanchor": "left",
        "y": 0.98,
        "yanchor": "top",
    }
    drawn["layout"]["margin"]["t"] = 96
    return drawn


# --- cost --------------------------------------------------------------------------------------------------


@figure(
    width=Slider("Width D", values=[64, 256, 1024, 4096, 16384], value=1024),
    show=Choice("Show", {"work": "multiplications", "memory": "memory of the weights"}, "work"),
)
def cost(width: int, show: str) -> dict:
    """What one layer costs for a sequence of n places: self-attention beside a recurrent layer of the same width.

    Scores and mixtures take 2 n²D multiplications, the four projections 4 nD²; a GRU takes 6 nD². Up to about
    n = D attention is no dearer than the recurrence, then the square takes over. Kept in memory for 16 heads at two
    bytes a number, the weights alone pass a gigabyte within some thousand places, whatever the width.
    """
    lengths = [2**power for power in range(4, 21)]
    if show == "memory":
        gigabytes = [16 * 2 * length**2 / 1e9 for length in lengths]
        state = [2 * width * length / 1e9 for length in lengths]
        series = {"weights": gigabytes, "annotations": state}
        y_title = "gigabytes"
    else:
        projections = [4 * length * width**2 for length in lengths]
        series = {
            "attention": [2 * n**2 * width + other for n, other in zip(lengths, projections, strict=True)],
            "projections": projections,
            "recurrence": [6 * length * width**2 for length in lengths],
        }
        y_title = "multiplications"
    return lines(
        series,
        lengths,
        x_title="places n",
        y_title=y_title,
        x_log=True,
        y_log=True,
        dashed=("projections",),
        rules=[(float(width), "n = D")] if show == "work" else None,
        height=340,
    )


# --- measured ----------------------------------------------------------------------------------------------

KINDS = {
    "additive": "additive",
    "multiplicative": "multiplicative",
    "none": "same for all",
    "bottleneck": "one summary",
}


@figure(measured=True)
def length_accuracy() -> dict:
    """Words pronounced without a mistake, by their length: four networks of one size after the same few steps.

    Mean and range of three runs, on words held out. With so few steps long words are hard for all, but the two with
    attention still get some of them right. Give every letter the same weight, so that the context no longer depends
    on the step, and long words are lost first. The encoder-decoder of the page before, with its one summary, is
    further behind still.
    """
    found = results("attention")["spellers"]
    shares = {label: found[kind]["exact_by_length"] for kind, label in KINDS.items()}
    return lines(
        {label: share["mean"] for label, share in shares.items()},
        found["additive"]["length"],
        x_title="letters in the word",
        y_title="words right (share)",
        y_range=(0, 1),
        bands={label: (share["lowest"], share["highest"]) for label, share in shares.items()},
        markers=True,
        height=360,
    )


@figure(measured=True)
def scores_measured() -> dict:
    """Words pronounced without a mistake after the same few steps, by how the letters are scored.

    Bars are means of three runs, whiskers the lowest and the highest. Bahdanau's additive score and Luong's
    multiplicative one are close to each other; the distance to the two networks that cannot choose is what
    attention buys.
    """
    found = results("attention")["spellers"]
    shares = [found[kind]["exact"] for kind in KINDS]
    return bars(
        [share["mean"] for share in shares],
        list(KINDS.values()),
        x_title="words right (share)",
        horizontal=True,
        highlight=[0, 1],
        spread=([share["lowest"] for share in shares], [share["highest"] for share in shares]),
        text=[f"\u2002{share['mean']:.0%}" for share in shares],
        height=230,
    )


@figure(measured=True)
def loss_curve() -> dict:
    """The training run behind this page's speller: loss on words it learns from and on words it never sees.

    Most of it is learned within the first thousand steps: finding the letter is the greater part of
    the task. What remains is English, in which the same letters are not always said in the same way.
    """
    curves = results("attention")["training"]["curves"]
    return lines(
        {"training": curves["training_loss"], "held out": curves["validation_loss"]},
        curves["step"],
        x_title="training step",
        y_title="loss (nats a phoneme)",
        y_range=(0, 1),
        height=300,
    )


@figure(
    measured=True,
    width=Choice("Width of the one head", {"width_16": "16", "width_64": "64", "width_256": "256"}, "width_64"),
)
def scaling_removed(width: str) -> dict:
    """Guessing a missing letter with scores divided by √d or not: training loss, mean and range of three runs.

    Everything else is equal. Undivided, each look lands on one letter before anything has been learned, and hardly
    any gradient says that another would have been better: at width 64 the loss stays near what the network knows
    without looking. At 16 the scores are smaller and less is lost. At 256 neither learns much at this learning
    rate, and the divided run is still ahead.
    """
    found = results("attention")["scaling"][width]
    named = {"divided": found["scaled"]["curve"], "undivided": found["unscaled"]["curve"]}
    return lines(
        {label: curve["mean"] for label, curve in named.items()},
        [50 * (step + 1) for step in range(len(named["divided"]["mean"]))],
        x_title="training step",
        y_title="training loss (nats)",
        y_range=(2.1, 3.0),
        bands={label: (curve["lowest"], curve["highest"]) for label, curve in named.items()},
        height=320,
    )


@figure(measured=True)
def head_count() -> dict:
    """Missing letters guessed right on held-out names: one head to eight, three runs each.

    Bars are means, whiskers the lowest and the highest run. The number of parameters is the same in every row:
    more heads are narrower heads. What they buy is several looks at once instead of one average.
    """
    found = results("attention")["heads"]
    accuracy = [entry["accuracy"] for entry in found.values()]
    return bars(
        [each["mean"] for each in accuracy],
        ["1 head", *(f"{name.removeprefix('heads_')} heads" for name in list(found)[1:])],
        x_title="letters right (share)",
        horizontal=True,
        highlight=[0, 3],
        spread=([each["lowest"] for each in accuracy], [each["highest"] for each in accuracy]),
        text=[f"\u2002{each['mean']:.0%}" for each in accuracy],
        height=220,
    )


@figure(measured=True)
def erased() -> dict:
    """Hide one letter from one look of the speller: how much the prediction moves, by the weight it had.

    Means over the phonemes of some hundred held-out words. The letter with the largest weight matters far more than
    any other: here attention does say where the information comes from. The last two bars replace
    all the weights, by the same for every letter and by the network's own, dealt out anew at random.
    """
    found = results("attention")["training"]["erasing"]
    names = ["heaviest letter", "second", "third", "fourth", "fifth", "all the same", "shuffled"]
    values = [*found["moved"], found["uniform"]["moved"], found["shuffled"]["moved"]]
    return bars(
        values,
        names,
        x_title="probability that moves (share)",
        horizontal=True,
        highlight=0,
        text=[f"\u2002{value:.2f}" for value in values],
        limits=(0, 1),
        height=290,
    )


@figure(measured=True)
def looking() -> dict:
    """How widely the trained speller looks: the entropy of its weights by the length of the word.

    Means over the phonemes of held-out words. Evenly spread weights would have an entropy of log S, the upper line.
    The speller stays far below it, but its entropy rises with every letter too: the more there is to look at, the
    less of the weight is where it should be.
    """
    found = results("attention")["training"]["looking"]
    return lines(
        {"speller": found["entropy"], "all the same": [math.log(length) for length in found["length"]]},
        found["length"],
        x_title="letters in the word",
        y_title="entropy of the weights (nats)",
        y_range=(0, 2.8),
        colour={"all the same": MUTED},
        markers=True,
        height=280,
    )


@figure(measured=True)
def time_measured() -> dict:
    """Self-attention beside a GRU of the same width, 64, on one core: time against the number of places.

    On short sequences attention is far quicker, since it has no chain of steps to wait for. Its time then grows with
    the square, four times for twice the length and at the end more, while the recurrence keeps to its straight line.
    """
    entries = results("attention")["time"]
    return lines(
        {
            "attention": [entry["attention"] for entry in entries.values()],
            "GRU": [entry["recurrence"] for entry in entries.values()],
        },
        [int(name.removeprefix("length_")) for name in entries],
        x_title="places n",
        y_title="time (ms)",
        x_log=True,
        y_log=True,
        markers=True,
        height=320,
    )
