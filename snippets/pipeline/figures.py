"""The figures of the page that follows one sentence from text to answer."""

import math

import torch
from torch.nn import functional as F

from snippets.data import prose
from snippets.gpt.model import Config, turns
from snippets.gpt.sentence import MOST, SENTENCE, Reading, read
from snippets.kit import Choice, Slider, Text, bars, figure, heatmap, lines, plain
from snippets.kit.colours import INK, SERIES, TRANSPARENT
from snippets.kit.strip import escaped, strip
from snippets.pipeline.places import HEADS, distances, scores, sinusoids, slopes
from snippets.pipeline.preference import best_of, paid, tilted
from snippets.pipeline.stages import added, chosen, continuations, surprises, trained, walk

LAYERS, WIDTH, INNER = Config().layers, Config().width, Config().inner
SLICES = 8  # experts cut from one feed-forward part
DRAWN, LENGTH = 8, 6  # continuations, and tokens of each: what a browser computes while a slider moves
UNITS = 24  # inner units that are shown
RULES = {
    "person": "names or means a person",
    "stop": "ends the sentence",
    "letters": "many letters",
}
PERSONS = frozenset(
    {
        "he",
        "she",
        "him",
        "her",
        "his",
        "they",
        "them",
        "their",
        "you",
        "i",
        "me",
        "we",
        "us",
        "who",
        "mr",
        "mrs",
        "miss",
    }
)


def sentence() -> Text:
    """The text that every figure of the page reads, and the forward pass too."""
    return Text("Sentence", value=SENTENCE, shared="sentence", max_length=MOST, min_length=0)


def noted(drawn: dict, reading: Reading, *said: str) -> dict:
    """A figure with what was made of the sentence, then what is to be read off it."""
    return drawn | {"note": " ".join(part for part in (reading.note, *said) if part)}


def names(reading: Reading) -> list[str]:
    return [escaped(label) for label in reading.labels]


def label(index: int) -> str:
    return prose.tokenizer().label(index)


def upright(drawn: dict, room: int) -> dict:
    """The same figure with the tokens below it written upwards, and `room` pixels for them."""
    drawn["layout"]["xaxis"] |= {"tickangle": -90}
    drawn["layout"]["margin"]["b"] = room
    return drawn


def signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


# --- tokenise and embed --------------------------------------------------------------------------------------


@figure(
    text=sentence(),
    show=Choice("Show", {"rows": "the rows: T × 128", "likeness": "how alike the rows are: T × T"}, "rows"),
)
def embedding(text: str, show: str) -> dict:
    """The sentence as rows of the embedding table: to the left each token and its id.

    A row was looked up, not computed: the same token has the same row wherever it stands. The numbers mean
    nothing one by one. Switch to the likeness: two rows point the same way (1) where training found that the
    tokens are used alike.
    """
    reading = read(text)
    rows = trained().embedding.weight[torch.tensor(reading.ids)].detach()  # (T, D)
    y = [f"{name}  {index}" for name, index in zip(names(reading), reading.ids, strict=True)]
    said = (
        f"{count(len(reading.text), 'character')} in {count(len(reading.text.encode()), 'byte')} became "
        f"{count(len(reading.ids), 'token')}, ¶ for the beginning included."
    )
    if show == "likeness":
        rows = rows / rows.norm(dim=-1, keepdim=True)
        drawn = heatmap(
            rows @ rows.T,
            x=names(reading),
            y=y,
            z_title="cosine",
            diverging=True,
            limits=(-1.0, 1.0),
            height=440,
        )
        drawn = upright(drawn, 74)
    else:
        reach = 0.25
        drawn = heatmap(
            rows, y=y, x_title="feature", z_title="value", diverging=True, limits=(-reach, reach), height=440
        )
    return noted(drawn, reading, said)


# --- positions -----------------------------------------------------------------------------------------------


@figure(
    text=sentence(),
    way=Choice(
        "Way",
        {
            "none": "none",
            "sinusoidal": "sinusoidal, added (2017)",
            "rope": "rotary, RoPE (in our model)",
            "alibi": "ALiBi, a price on distance",
        },
        "rope",
    ),
    show=Choice("Show", {"scores": "scores between places", "signal": "what marks a place"}, "scores"),
)
def positions(text: str, way: str, show: str) -> dict:
    """The last token's own embedding put at every place: its score against itself, place by place.

    No learned matrix stands between, so whatever differs between two cells comes from the places. Without
    positions nothing does. Rotary scores are equal along each diagonal: they know the distance and nothing
    else. Sinusoids that are added mix with the token's own numbers, and equal distances get unequal scores.
    ALiBi falls by the same amount with each step. Then look at what marks a place.
    """
    reading, T = read(text), len(read(text).ids)
    x = trained().embedding.weight[reading.ids[-1]].detach()
    x = x / x.square().mean().sqrt()  # the size at which a block reads it
    if show == "scores":
        found = scores(way, x, T).masked_fill(distances(T) < 0, float("nan"))
        drawn = heatmap(
            found,
            x=names(reading),
            y=names(reading),
            x_title="place looked at",
            y_title="place looking",
            z_title="score",
            gaps=True,
            height=460,
        )
        drawn = upright(drawn, 96)
        apart = [found.diagonal(-gap) for gap in range(1, T)]
        widest = max((float(line.max() - line.min()) for line in apart), default=0.0)
        said = f"“{reading.labels[-1]}” at every place. " + (
            f"At equal distance two scores differ by up to {widest:.2f}."
            if widest > 1e-3
            else "At equal distance all scores are equal."
        )
        return noted(drawn, reading, said)
    if way == "sinusoidal":
        signal, columns, title = sinusoids(T, WIDTH), None, "feature: this is added to the embedding"
    elif way == "rope":
        signal, title = turns(torch.arange(T), WIDTH // Config().heads)[0], "pair of features: cosine of its angle"
        columns = [str(pair + 1) for pair in range(signal.shape[1])]
    elif way == "alibi":
        signal, title = -distances(T)[-1][:, None] * slopes(HEADS), "head: what the last token's score loses"
        columns = [str(head + 1) for head in range(HEADS)]
    else:
        signal, columns, title = torch.zeros(T, 1), ["nothing"], ""
    drawn = heatmap(
        signal,
        x=columns,
        y=names(reading),
        x_title=title,
        z_title="value",
        diverging=True,
        height=460,
    )
    return noted(drawn, reading)


# --- attention -----------------------------------------------------------------------------------------------


@figure(
    text=sentence(),
    layer=Slider("Layer", 1, LAYERS, value=3),
    head=Slider("Head", 1, Config().heads, value=1),
    back=Slider("Tokens before the last", 0, 22, value=0),
)
def mixing(text: str, layer: int, head: int, back: int) -> dict:
    """What one token takes from the others in one head: weights (outlined), and what they bring (filled).

    The weights sum to 1, and so do the shares of the resulting vector. They are not the same. A token whose
    value is short, or points another way than the rest, brings less than its weight: ¶ is one in the first
    two heads of layer 3, where its value is about half as long as the others’. A share below zero pulls
    against the sum.
    """
    reading = read(text)
    place = max(0, len(reading.ids) - 1 - back)
    found = walk(tuple(reading.ids)).layers[layer - 1]
    weights = found.weights[head - 1, place, : place + 1]  # (S,)
    parts = weights[:, None] * found.mixed[head - 1, : place + 1]  # (S, D)
    whole = parts.sum(dim=0)
    shares = parts @ whole / whole.square().sum()  # (S,)
    every, blank = len(reading.ids), [0.0] * (len(reading.ids) - place - 1)
    reach = max(1.0, weights.max().item(), shares.max().item()), min(0.0, shares.min().item())
    drawn = bars(
        plain(shares) + blank,
        names(reading),
        y_title="weight, and share of the result",
        highlight=list(range(every)),
        limits=(1.08 * reach[1], 1.05 * reach[0]),
        height=360,
    )
    outline = {"color": TRANSPARENT, "line": {"color": INK, "width": 1.2}}
    drawn["data"][0] |= {"hovertemplate": "<b>%{customdata}</b><br>brings: %{y:.1%}<extra></extra>"}
    drawn["data"].append(
        drawn["data"][0]
        | {
            "y": plain(weights) + blank,
            "marker": outline,
            "hovertemplate": "<b>%{customdata}</b><br>weight: %{y:.1%}<extra></extra>",
        }
    )
    drawn["layout"] |= {"barmode": "overlay"}
    drawn["layout"]["yaxis"] |= {"tickformat": ".0%"}
    drawn = upright(drawn, 84)
    most, brings = int(weights.argmax()), int(shares.argmax())
    said = (
        f"“{reading.labels[place]}” looks most at “{reading.labels[most]}” ({weights[most]:.0%}) and takes most from "
        f"“{reading.labels[brings]}” ({shares[brings]:.0%})."
    )
    return noted(drawn, reading, said)


# --- feed-forward --------------------------------------------------------------------------------------------


@figure(
    text=sentence(),
    layer=Slider("Layer", 1, LAYERS, value=5),
    show=Choice(
        "Show",
        {
            "inner": "the unit: silu(gate) · up",
            "gate": "the gate: silu(xW)",
            "up": "what it lets through: xV",
            "relu": "with ReLU as gate: max(0, xW) · xV",
        },
        "inner",
    ),
)
def units(text: str, layer: int, show: str) -> dict:
    """The inner units that fire most on this sentence, 24 of 320; each column is a unit, each row a token.

    Most cells are near zero: a unit fires on few tokens. The gate decides how much passes, the other reading
    decides what and with which sign. With ReLU in the place of silu the picture hardly changes where units
    fire, and what is below zero is cut to nothing; our model was not trained with it.
    """
    reading = read(text)
    found = walk(tuple(reading.ids)).layers[layer - 1]
    shown = {
        "inner": found.inner,
        "gate": F.silu(found.gate),
        "up": found.up,
        "relu": F.relu(found.gate) * found.up,
    }[show]
    order = found.inner.abs().max(dim=0).values.argsort(descending=True, stable=True)[:UNITS]
    drawn = heatmap(
        shown[:, order],
        x=[str(unit + 1) for unit in order.tolist()],
        y=names(reading),
        x_title="inner unit, the strongest first",
        z_title="value",
        diverging=True,
        height=460,
    )
    drawn["layout"]["xaxis"] |= {"tickangle": -90}
    energy = found.inner[-1].square().sort(descending=True).values
    few = int((energy.cumsum(0) < 0.5 * energy.sum()).sum()) + 1
    said = (
        f"Of the last token’s {INNER} units, the {few} strongest hold half of the sum of squares."
        if few > 1
        else f"Of the last token’s {INNER} units, one holds half of the sum of squares."
    )
    return noted(drawn, reading, said)


@figure(
    text=sentence(),
    layer=Slider("Layer shown", 1, LAYERS, value=5),
    kept=Slider("Experts per token, in all layers", 1, SLICES, value=4),
)
def experts(text: str, layer: int, kept: int) -> dict:
    """The same part cut into 8 experts of 40 units: the share each adds for each token, a dot where it is used.

    The units add up, so 8 experts are exactly the whole. With fewer, tokens go different ways, and the note
    says what the sentence then costs. The choice is made with hindsight: all 8 are computed and the largest
    kept. A real router has to guess before computing, and real experts are trained to be used one by one;
    these are slices of a part that was not.
    """
    reading = read(text)
    ids = tuple(reading.ids)
    partial, full = walk(ids, SLICES, kept), walk(ids)
    found = partial.layers[layer - 1]
    # what the slices would add, those not used included
    inner = F.silu(found.gate) * found.up
    lengths = added(inner, trained().blocks[layer - 1].feed_forward.down.weight.detach(), SLICES)  # (T, slices)
    used = chosen(lengths, kept)
    drawn = heatmap(
        lengths / lengths.sum(dim=-1, keepdim=True),
        x=[str(number + 1) for number in range(SLICES)],
        y=names(reading),
        x_title="expert",
        z_title="share added",
        text=[["•" if dot else "" for dot in row] for row in used.tolist()],
        height=460,
    )
    loss, whole = (surprises(one.logits, ids).mean().item() for one in (partial, full))
    said = (
        f"With {kept} of {SLICES} experts a token, the sentence costs {loss:.2f} nats a token; "
        f"with all of them {whole:.2f}."
    )
    return noted(drawn, reading, said)


# --- the loss ------------------------------------------------------------------------------------------------


@figure(text=sentence())
def loss(text: str) -> dict:
    """What pre-training reads off the sentence: −log of the probability of each token, given those before it.

    Beside each bar stands what the model would have guessed in that place. A long bar is a token that came
    unexpected; it is where training would push most. The mean of the bars is the loss. A gradient step on
    this sentence shortens them, and the model is the sum of very many such steps.
    """
    reading = read(text)
    ids = tuple(reading.ids)
    logits = walk(ids).logits
    nats = surprises(logits, ids)
    best = torch.softmax(logits[:-1], dim=-1).max(dim=-1)
    guesses = [
        f"{escaped(label(index))} {chance:.0%}"
        for index, chance in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
    drawn = bars(
        nats,
        names(reading)[1:],
        x_title="−log P (nats); beside it, the model’s guess",
        horizontal=True,
        text=guesses,
        limits=(0, max(9.0, 1.5 * nats.max().item())),
        height=520,
    )
    mean = nats.mean().item()
    said = (
        f"Mean {mean:.2f} nats over {count(len(nats), 'token')}: a perplexity of {math.exp(min(mean, 50)):,.1f}, or "
        f"{nats.sum().item() / len(reading.text):.2f} nats a character."
    )
    return noted(drawn, reading, said)


# --- alignment -----------------------------------------------------------------------------------------------


def reward(rule: str) -> torch.Tensor:
    """What a rule gives each token of the vocabulary, (V,): 1 or 0, or the number of its letters."""
    tokens = [token.decode("utf-8", errors="replace") for token in prose.tokenizer().tokens]
    if rule == "letters":
        return torch.tensor([float(sum(sign.isascii() and sign.isalpha() for sign in token)) for token in tokens])
    if rule == "stop":
        return torch.tensor([float(token in (".", "!", "?")) for token in tokens])
    return torch.tensor([float(token.startswith(" ") and token.strip().lower() in PERSONS) for token in tokens])


def reference(reading: Reading) -> torch.Tensor:
    """The pre-trained model's next-token distribution after the sentence, (V,)."""
    return torch.softmax(walk(tuple(reading.ids)).logits[-1], dim=-1)


@figure(
    text=sentence(),
    rule=Choice("Reward for a token that has", RULES, "person"),
    price=Slider("Price of leaving the model, β", values=[0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0, 5.0, 20.0], value=0.5),
)
def aligned(text: str, rule: str, price: float) -> dict:
    """The next token before (outlined) and after (filled) alignment with a rule that can be checked.

    At a high β nothing moves. The lower it is, the more of the probability goes to what is rewarded, and
    what the model knew about the sentence only decides among those. Reward many letters at a low β, and the
    likeliest of the longest words wins, whether it makes sense here or not, because the rule never asked for
    sense. That is reward hacking.
    """
    reading = read(text)
    before = reference(reading)
    gives = reward(rule)
    after = tilted(before, gives, price)
    order = torch.maximum(before, after).argsort(descending=True, stable=True)[:14]
    drawn = bars(
        after[order],
        [escaped(label(index)) for index in order.tolist()],
        y_title="probability",
        highlight=[at for at, index in enumerate(order.tolist()) if gives[index] > 0],
        limits=(0, 1.08 * max(before.max().item(), after.max().item())),
        height=360,
    )
    outline = {"color": TRANSPARENT, "line": {"color": INK, "width": 1.2}}
    drawn["data"][0] |= {"hovertemplate": "<b>%{customdata}</b><br>after: %{y:.1%}<extra></extra>"}
    drawn["data"].append(
        drawn["data"][0]
        | {
            "y": plain(before[order]),
            "marker": outline,
            "hovertemplate": "<b>%{customdata}</b><br>before: %{y:.1%}<extra></extra>",
        }
    )
    drawn["layout"] |= {"barmode": "overlay"}
    drawn["layout"]["yaxis"] |= {"tickformat": ".0%"}
    drawn = upright(drawn, 78)
    gained = [(gives * policy).sum().item() for policy in (before, after)]
    said = f"Mean reward {gained[0]:.3g} before, {gained[1]:.3g} after, for a KL of {paid(after, before):.2f} nats."
    return noted(drawn, reading, said)


# --- thinking longer -----------------------------------------------------------------------------------------


@figure(text=sentence(), rule=Choice("Reward for a token that has", RULES, "letters"))
def frontier(text: str, rule: str) -> dict:
    """Reward against distance from the model: the best that training can do, and best of n draws.

    The line is the optimum for every β; no policy is above it. The dots are exact as well: draw n next tokens,
    keep the best rewarded. For a reward of 0 or 1 the dots lie on the line, so n draws and a checker buy what
    training would have written into the weights. For graded rewards they stay a little below it.
    """
    reading = read(text)
    before, gives = reference(reading), reward(rule)
    prices = torch.logspace(-1.2, 1.6, 40).tolist()[::-1]

    def at(policy: torch.Tensor) -> tuple[float, float]:
        return paid(policy, before), (gives * policy).sum().item()

    curve = [at(before), *(at(tilted(before, gives, price)) for price in prices)]
    counts = [1, 2, 4, 8, 16, 32, 64]
    dots = [at(best_of(before, gives, number)) for number in counts]
    drawn = lines(
        {"": ([x for x, _ in curve], [y for _, y in curve])},
        x_title="KL from the pre-trained model (nats)",
        y_title="mean reward",
        x_range=(0.0, 1.08 * max(curve[-1][0], dots[-1][0], 0.01)),
        height=340,
    )
    drawn["data"].append(
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": plain([x for x, _ in dots]),
            "y": plain([y for _, y in dots]),
            "text": [str(number) for number in counts],
            "textposition": "bottom right",
            "textfont": {"size": 11, "color": SERIES[1]},
            "marker": {"color": SERIES[1], "size": 7},
            "cliponaxis": False,
            "hovertemplate": "best of %{text}<br>KL: %{x:.2f} nats<br>reward: %{y:.3g}<extra></extra>",
        }
    )
    said = f"One draw earns {dots[0][1]:.3g} on average, the best of 64 earns {dots[-1][1]:.3g}."
    return noted(drawn, reading, said)


@figure(
    text=sentence(),
    drawn=Slider("Continuations drawn", 1, DRAWN, value=DRAWN),
    judge=Choice(
        "Keep the one with",
        {"likely": "the highest probability", "stop": "an end of sentence", "letters": "the most letters"},
        "likely",
    ),
    seed=Slider("Dice", 1, 20, value=1),
)
def candidates(text: str, drawn: int, judge: str, seed: int) -> dict:
    """The sentence continued several times by the same model; a judge keeps one (dark).

    Each row was drawn token by token, 6 tokens long. Drawing more changes no weight and costs as many forward
    passes as tokens. Whether it helps depends on the judge: probability prefers the plainest text, a rule that
    can be checked finds what it asks for as soon as one row has it. Ties go to the likelier row.
    """
    reading = read(text)
    generator = torch.Generator().manual_seed(seed)
    ids, logs = continuations(tuple(reading.ids), DRAWN, LENGTH, generator)
    texts = [prose.tokenizer().decode(row) for row in ids[:drawn]]
    likely = [sum(row) for row in logs[:drawn]]
    marks = {
        "likely": [0.0] * drawn,
        "stop": [float(any(sign in text for sign in ".!?")) for text in texts],
        "letters": [float(sum(sign.isalpha() for sign in text)) for text in texts],
    }[judge]
    best = max(range(drawn), key=lambda row: (marks[row], likely[row]))
    rows = [
        [
            (label(index), 0.9 if row == best else 0.1, f"{math.exp(chance):.1%} likely")
            for index, chance in zip(ids[row], logs[row], strict=True)
        ]
        for row in range(drawn)
    ]
    titles = [signed(total) for total in likely]
    shown = strip(rows, titles=titles, indent=44, lines=DRAWN + 1, caption="log-probability, and the continuation")
    asked = {
        "likely": f"Row {best + 1} is the likeliest, with {signed(likely[best])} nats.",
        "stop": f"Row {best + 1} ends a sentence." if marks[best] else "No row ends a sentence: the likeliest is kept.",
        "letters": f"Row {best + 1} has {marks[best]:.0f} letters.",
    }[judge]
    return noted(shown, reading, asked)
