"""The figures of the BERT page."""

import functools

import torch

from snippets.bert.masking import corrupt
from snippets.bert.model import BERT, MASK, PAD, PIECES, SEP, Config
from snippets.bert.text import encode, label, pieces
from snippets.kit import (
    Choice,
    Slider,
    Text,
    bars,
    distribution,
    figure,
    heatmap,
    lines,
    load_weights,
    plain,
    results,
)
from snippets.kit.colours import ACCENT, INK, MUTED, SERIES
from snippets.kit.strip import escaped, strip

LONGEST = Config().context
TRUTH = "It is a truth universally acknowledged, that a single man in possession of a good fortune"


@functools.cache
def trained() -> BERT:
    """The page's model with its committed weights."""
    return load_weights(lambda: BERT(Config()), "bert")


def shown(index: int) -> str:
    return escaped(label(index))


def labels(ids: torch.Tensor) -> list[str]:
    return [shown(index) for index in ids.flatten().tolist()]


@torch.no_grad()
def at_blanks(ids: torch.Tensor, asked: torch.Tensor, real: torch.Tensor | None = None) -> torch.Tensor:
    """Probabilities of all pieces of text at the tokens asked for: ids and where, (B, T), to (asked, PIECES)."""
    model = trained()
    states = model.encoder(ids, real=real)  # (B, T, D)
    return torch.softmax(model.readout(states[asked])[:, :PIECES], dim=-1)  # no sign stands in a text


def blanks_of(text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids of a text and where its blanks are, (1, T) each; a text without any gets one at its end."""
    ids = encode(text)
    if not (ids == MASK).any():
        ids = encode(text[:-1] + " [MASK]" + text[-1:] if text[-1:] in ".!?" else text + " [MASK]")
    if not (ids == MASK).any():  # so long that its end was left out
        ids[0, -2] = MASK
    return ids, ids == MASK


def padded(rows: list[torch.Tensor], value: int = PAD) -> torch.Tensor:
    """Rows of unequal length, (1, T) each, as one batch (B, T)."""
    longest = max(row.shape[1] for row in rows)
    return torch.cat([torch.nn.functional.pad(row, (0, longest - row.shape[1]), value=value) for row in rows])


def title(text: str) -> dict:
    return {"text": escaped(text), "font": {"size": 13, "color": INK}}


def named(ids: torch.Tensor) -> str:
    """Ids as running text."""
    said = [" [MASK]" if index == MASK else label(index) for index in ids.tolist()]
    return "".join(said).replace("·", " ").replace("¶", " ").strip()


# --- blanks ------------------------------------------------------------------------------------------------


@figure(
    text=Text("Text with [MASK]", value="Mr. [MASK] was a very agreeable young man.", max_length=110),
    blank=Slider("Blank", 1, 4, value=1),
)
def fill(text: str, blank: int) -> dict:
    """The ten likeliest tokens at a blank, from what stands on both sides of it.

    Write `[MASK]` wherever a word should be missing, in several places if you like; the slider says which of them is
    shown. Change a word *after* the blank: the guesses change with it, which no model that reads from left to right
    could do. A dot is a space, which belongs to the word after it; a guess without one goes on inside a word.
    """
    ids, asked = blanks_of(text)
    probabilities = at_blanks(ids, asked)
    which = min(blank, len(probabilities))
    drawn = distribution(probabilities[which - 1], shown, top=10, height=330)
    drawn["layout"] |= {"title": title(f"blank {which} of {len(probabilities)}")}
    drawn["layout"]["margin"]["t"] = 36
    return drawn


@figure(
    text=Text("Text with one [MASK]", value="You must [MASK] been very happy.", max_length=110),
    right=Slider("Tokens to see on the right", 0, 14, value=1),
)
def hidden_right(text: str, right: int) -> dict:
    """The same blank while the text after it is cut off, token by token.

    Pull the slider to 0: the text ends at the blank, and the same model has to guess as a reader from left to
    right does. A single token on the right often settles the matter, because a guess must fit on both sides; more
    than two or three seldom change the first guess again. The title is what the model gets to see.
    """
    ids, asked = blanks_of(text)
    place = int(asked[0].nonzero()[0])
    seen = torch.cat([ids[:, : min(place + right + 1, ids.shape[1] - 1)], torch.tensor([[SEP]])], dim=1)
    only = torch.zeros_like(seen, dtype=torch.bool)
    only[0, place] = True
    drawn = distribution(at_blanks(seen, only)[0], shown, top=8, height=300)
    around = named(seen[0, 1:-1])
    cut = around.find("[MASK]")
    drawn["layout"] |= {"title": title("… " * (cut > 22) + around[max(0, cut - 20) : cut + 34])}
    drawn["layout"]["margin"]["t"] = 36
    return drawn


@functools.lru_cache(maxsize=4)
def one_by_one(text: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Every token hidden in turn: the ids (n,), and their probabilities from both sides and from the left, (n,)."""
    ids = encode(text, 26)  # (1, T)
    count = ids.shape[1] - 2  # all but the two signs
    rows = ids.repeat(count, 1)  # (n, T)
    asked = torch.eye(ids.shape[1], dtype=torch.bool)[1:-1]  # (n, T), row i asks for token i
    both = at_blanks(rows.masked_fill(asked, MASK), asked)
    after = asked.long().cumsum(dim=1) - asked.long() > 0  # what comes later than the token asked for
    ends = torch.cat([torch.zeros(count, 1, dtype=torch.bool), asked[:, :-1]], dim=1)  # the place behind it
    left = rows.masked_fill(asked, MASK).masked_fill(after, PAD).masked_fill(ends, SEP)
    alone = at_blanks(left, asked, real=left != PAD)
    truth, place = ids[0, 1:-1], torch.arange(count)
    return truth, both[place, truth.clamp(max=PIECES - 1)], alone[place, truth.clamp(max=PIECES - 1)]


@figure(text=Text("Text", value="Mr. Darcy looked at her with surprise, and said nothing.", max_length=64))
def both_sides(text: str) -> dict:
    """Each token of your text, hidden in turn: the surprise at it, seen from both sides and from the left.

    Surprise is −log of the probability of the true token, in nats; the dashed lines are the means. Bars from both
    sides are lower nearly everywhere, most in a word whose rest stands behind it, like the first piece of
    “surprise”. Where what follows says nothing about a token, the two are alike.
    """
    truth, both, left = one_by_one(text)
    surprise, alone = -both.log(), -left.log()
    reach = max(8.0, 1.05 * max(surprise.max().item(), alone.max().item()))
    drawn = bars(surprise, labels(truth), y_title="surprise (nats)", limits=(0, reach), height=340)
    names = drawn["data"][0]["customdata"]
    drawn["data"][0] |= {"name": "both sides", "offsetgroup": "both"}
    drawn["data"].insert(
        0,
        drawn["data"][0]
        | {"y": plain(alone), "name": "from the left", "offsetgroup": "left", "marker": {"color": MUTED}},
    )
    for trace in drawn["data"]:
        trace |= {"showlegend": True, "customdata": names}
    means = ((alone.mean().item(), MUTED), (surprise.mean().item(), ACCENT))
    drawn["layout"]["shapes"] = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": plain(y), "y1": plain(y)}
        | {"line": {"color": colour, "width": 1.2, "dash": "dash"}}
        for y, colour in means
    ]
    drawn["layout"] |= {"barmode": "group", "showlegend": True}
    drawn["layout"]["legend"] = {"orientation": "h", "x": 0, "y": 1.12}
    drawn["layout"]["margin"]["t"] = 36
    drawn["layout"]["xaxis"] |= {"tickangle": -90}
    return drawn


@figure(text=Text("Text with several [MASK]", value="She [MASK] [MASK] [MASK] to see him.", max_length=64))
def together(text: str) -> dict:
    """Several blanks filled all at once, and filled one at a time, the surest first.

    At once, every blank gets the token that is likeliest by itself, and neighbours need not fit each other: the
    model gives a probability for each place, not for the whole text. One at a time, each token that is put in is
    read before the next is chosen. As the figure opens, the ending that was put in at once has no verb to end. The
    darker a token, the surer the model was; point at it for the number.
    """
    ids, asked = blanks_of(text)
    at_once, chances = ids.clone(), torch.zeros(ids.shape)
    best = at_blanks(ids, asked).max(dim=-1)
    at_once[asked], chances[asked] = best.indices, best.values
    rows = [_filled(at_once, asked, chances)]
    steps, chances = ids.clone(), torch.zeros(ids.shape)
    while (steps == MASK).any():
        open_ = steps == MASK
        best = at_blanks(steps, open_).max(dim=-1)
        surest = int(best.values.argmax())
        place = int(open_[0].nonzero()[surest])
        steps[0, place], chances[0, place] = best.indices[surest], best.values[surest]
    rows.append(_filled(steps, asked, chances))
    return strip(rows, titles=["all at once", "one at a time"], lines=6)


def _filled(ids: torch.Tensor, asked: torch.Tensor, chances: torch.Tensor) -> list[tuple]:
    """A text whose blanks have been filled, as a row of boxes."""
    return [
        (label(index), 0.25 + 0.75 * chance, f"{chance:.1%} likely")
        if new
        else (label(index), 0.1, "given", MUTED)
        for index, new, chance in zip(
            ids[0, 2:-1].tolist(), asked[0, 2:-1].tolist(), chances[0, 2:-1].tolist(), strict=True
        )
    ]


# --- the corruption ----------------------------------------------------------------------------------------


@figure(
    text=Text("Text", value=TRUTH, max_length=110),
    rate=Slider("Asked for", values=[0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7], value=0.3),
    masked=Slider("Of these, hidden", values=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0], value=0.8),
    seed=Slider("Draw number", 1, 20, value=12),
)
def corruption(text: str, rate: float, masked: float, seed: int) -> dict:
    """What the model gets to see of your text, and where it is asked for the truth (coloured).

    Of the tokens asked for, most become [MASK]; half of the rest become a token at random, and the other half stay
    as they are. Pale tokens are context only. The model is not told which of the visible tokens were swapped, so
    it has to keep an opinion about every one. Point at a box to see what stood there.
    """
    ids = encode(text)
    seen, asked = corrupt(ids, torch.Generator().manual_seed(seed), rate, masked, (1 - masked) / 2)
    row = []
    for was, now, wanted in zip(ids[0].tolist(), seen[0].tolist(), asked[0].tolist(), strict=True):
        kind = "hidden" if now == MASK else "swapped" if now != was else "left as it is"
        colour = {"hidden": ACCENT, "swapped": SERIES[1], "left as it is": SERIES[2]}[kind]
        said = f"asked for, {kind}: {label(was)}" if wanted else "context"
        row.append((label(now), 0.75 if wanted else 0.05, said, colour if wanted else MUTED))
    count = int(asked.sum())
    hidden = int((seen[0] == MASK).sum())
    swapped = int((asked & (seen != MASK) & (seen != ids)).sum())
    caption = f"asked for: {count} tokens = {hidden} hidden + {swapped} swapped + {count - hidden - swapped} kept"
    return strip([row], caption=caption, lines=6)


# --- inside ------------------------------------------------------------------------------------------------


@torch.no_grad()
def patterns(ids: torch.Tensor) -> list[torch.Tensor]:
    """The weights of every layer, (H, T, T) each."""
    model, found = trained(), []
    handles = [
        block.attention.pattern.register_forward_hook(lambda _module, _inputs, weights: found.append(weights[0]))
        for block in model.encoder.blocks
    ]
    try:
        model.encoder(ids)
    finally:
        for handle in handles:
            handle.remove()
    return found


@figure(
    text=Text("Text", value="She was [MASK] to see her sister, and said so.", max_length=56),
    layer=Slider("Layer", 1, Config().layers, value=2),
    head=Slider("Head", 1, Config().heads, value=1),
)
def attention(text: str, layer: int, head: int) -> dict:
    """Where each token looks, in one head of one layer: a row is one token's softmax over all others.

    Nothing is hidden: a token looks at what comes after it as freely as at what came before. It opens on a head
    that looks at the next token. In layer 1, head 1 looks at the one before: from these two, which nobody asked for,
    a blank knows its neighbours. In layer 3 most rows are spread wide.
    """
    ids = encode(text, 40)
    return heatmap(
        patterns(ids)[layer - 1][head - 1],
        x=labels(ids),
        y=labels(ids),
        x_title="looked at",
        y_title="looking",
        z_title="weight",
        limits=(0.0, 1.0),
        height=430,
    )


@figure(position=Slider("Position", values=[1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 62], value=24))
def positions(position: int) -> dict:
    """How alike the learned vector of one position is to those of all others: their cosine.

    Nobody told the model that position 24 lies between 23 and 25. It has found out: the nearest positions are the
    most alike. Further away the likeness comes and goes in waves, not unlike those of the sines and cosines that the
    learned vectors replaced.
    """
    table = trained().encoder.embeddings.positions.weight.detach()
    alike = torch.cosine_similarity(table, table[position : position + 1], dim=-1)
    return lines(
        {"cosine": alike},
        list(range(len(table))),
        x_title="the other position",
        y_title="cosine of the two vectors",
        y_range=(-1.0, 1.08),
        rules=[(position, f"position {position}")],
        height=300,
    )


# --- two sentences -----------------------------------------------------------------------------------------


def pair_ids(first: str, second: str) -> tuple[torch.Tensor, torch.Tensor]:
    """[CLS] first [SEP] second [SEP] and the segments, (1, T) each."""
    start = encode(first, 36)  # (1, S)
    rest = [*pieces(" " + second)[: LONGEST - start.shape[1] - 1], SEP]
    tokens = torch.cat([start, torch.tensor([rest])], dim=1)
    segments = torch.cat([torch.zeros_like(start), torch.ones(1, len(rest), dtype=torch.int64)], dim=1)
    return tokens, segments


CONTINUATIONS = {
    "something close to it": "He had been gone only a week, and she could think of nothing else.",
    "from another novel": "Mr. Weston would be glad to see Miss Bates at Highbury.",
    "about something else": "Ten pounds were to be paid for the carriage and the horses.",
}


@figure(
    first=Text("First sentence", value="Elizabeth could not forget what Mr. Darcy had said to her.", max_length=90),
    second=Text("Second sentence", value="Her astonishment was great, and Jane could only wonder.", max_length=90),
)
def follows(first: str, second: str) -> dict:
    """Does the second sentence follow the first? The second head's answer, for yours and for three of ours.

    The two stand in one input, [CLS] first [SEP] second [SEP], and the answer is read from the vector of [CLS].
    Our small model has hardly learned the question: whatever you write, its answers stay near one half, a little
    above for sentences on one subject.
    """
    named_pairs = {"yours": second} | CONTINUATIONS
    tokens, segments = zip(*(pair_ids(first, other) for other in named_pairs.values()), strict=True)
    tokens = padded(list(tokens))
    with torch.no_grad():
        logits = trained()(tokens, padded(list(segments), 1), tokens != PAD)[1]  # (4, 2)
    chances = torch.softmax(logits, dim=-1)[:, 0].tolist()
    return bars(
        chances,
        list(named_pairs),
        x_title="probability that it follows",
        horizontal=True,
        highlight=0,
        limits=(0.0, 1.0),
        text=[f"{chance:.0%}" for chance in chances],
        height=260,
    )


SAYINGS = (
    "She was very happy.",
    "She was not very happy.",
    "Her joy was great indeed.",
    "The carriage was ordered for ten.",
    "He wrote a letter to his sister.",
)


@figure(
    text=Text("Your sentence", value="She was in excellent spirits.", max_length=60),
    pooling=Choice("A sentence is", {"cls": "the vector of [CLS]", "mean": "the mean of its tokens"}, "cls"),
)
def pooled(text: str, pooling: str) -> dict:
    """How alike the vectors of sentences are in a model that was only pre-trained: cosines.

    Nothing in the objective asks that sentences of one meaning have one vector. All of them are alike, “very happy”
    and “not very happy” most of all, by either way of making a vector. Compare with the next figure, whose model was
    trained for just this.
    """
    tokens = padded([encode(sentence) for sentence in (text, *SAYINGS)])  # (6, T)
    with torch.no_grad():
        states = trained().encoder(tokens, real=tokens != PAD)  # (6, T, D)
    words = (tokens < PIECES).float().unsqueeze(-1)  # (6, T, 1), without the signs
    found = states[:, 0] if pooling == "cls" else (states * words).sum(1) / words.sum(1).clamp(min=1.0)
    alike = torch.cosine_similarity(found[:, None], found[None], dim=-1)
    return _similarities(alike.tolist(), ["yours", *SAYINGS])


def _similarities(alike: list[list[float]], sentences: list[str]) -> dict:
    """A square of cosines, the sentences beside it by name and above it by number."""
    return heatmap(
        alike,
        x=[str(number + 1) for number in range(len(sentences))],
        y=[f"{_short(sentence)} {number + 1}" for number, sentence in enumerate(sentences)],
        z_title="cosine",
        limits=(0.0, 1.0),
        text=[[f"{value:.2f}" for value in row] for row in alike],
        height=340,
    )


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23].rsplit(" ", 1)[0] + " …"


# --- a real encoder ----------------------------------------------------------------------------------------


@figure(
    pretrained="MiniLM-L6-v2, 22.7M parameters",
    sentences=Choice(
        "Sentences",
        {"meaning": "one meaning, two words", "search": "questions and answers", "pitfalls": "pitfalls"},
        "meaning",
    ),
)
def sentence_similarity(sentences: str) -> dict:
    """How alike sentences are to an encoder that was trained to compare them: cosines.

    The doctor and the physician have hardly a word in common and are close; the two banks share one and are no
    closer than the bank of the river and the stream. A question is closest to its answer. Among the pitfalls: who
    examined whom makes almost no difference, and a *not* only some.
    """
    found = results("bert")["minilm"]
    return _similarities(found["similar"][sentences], found["sentences"][sentences])


@figure(
    pretrained="MiniLM-L6-v2, 22.7M parameters",
    text=Choice(
        "Sentence",
        {
            "tired": "the animal, too tired",
            "wide": "the animal, too wide",
            "big": "the trophy, too big",
            "small": "the trophy, too small",
        },
        "tired",
    ),
    head=Choice(
        "Head",
        {"layer_4_head_2": "layer 4, head 2", "layer_1_head_3": "layer 1, head 3", "layer_3_head_8": "layer 3, head 8"},
        "layer_4_head_2",
    ),
)
def pronoun(text: str, head: str) -> dict:
    """Where a real encoder looks: three of its 72 heads on four sentences.

    In layer 4, head 2, *it* looks at the animal that was too tired: follow its row. Exchange one word, “tired” for
    “wide”, and *it* should mean the street; the head wavers, and its weight on “street” stays small. Layer 1,
    head 3 looks at the token before, whatever it says. Layer 3, head 8 sends nearly everything to [CLS], which
    serves a head as a place to look when it has nothing to find.
    """
    found = results("bert")["minilm"]["looks"][text]
    row = found["tokens"].index("it")
    return heatmap(
        found[head],
        x=found["tokens"],
        y=found["tokens"],
        x_title="looked at",
        y_title="looking",
        z_title="weight",
        limits=(0.0, 1.0),
        mark=(row, None),
        height=430,
    )


# --- measured ----------------------------------------------------------------------------------------------


@figure(measured=True)
def loss_curve() -> dict:
    """The loss of the page's model at hidden tokens as it trained, and the next-sentence loss.

    The held-out loss first falls to what frequencies alone allow (the dashed line) and rests there for more than a
    thousand steps: a blank tells the model nothing until it has found out how to look at the neighbours. In that
    time the training loss is lower, because a tenth of the tokens asked for are left in place and can be copied;
    later it is higher, because 30% are asked for and in the test 15%. The next-sentence loss hardly leaves that of
    a coin, 0.69.
    """
    found = results("bert")["training"]
    curves = found["curves"]
    return lines(
        {
            "training": curves["training_loss"],
            "held out": curves["validation_loss"],
            "next sentence": curves["pair_loss"],
        },
        curves["step"],
        x_title="training step",
        y_title="loss (nats)",
        y_range=(0.0, 7.0),
        levels=[(found["frequency"]["loss"], "frequencies")],
        height=330,
    )


@figure(
    measured=True,
    measure=Choice("Show", {"accuracy": "first guesses that are right", "loss": "loss"}, "accuracy"),
)
def context_seen(measure: str) -> dict:
    """2,000 held-out tokens, each hidden by itself, by how much the model sees on one side of them.

    The other side is always open for 28 tokens. With nothing to see on the right, the model guesses like a reader
    from left to right. The first token on the right more than doubles its right guesses, and beyond four there is
    nothing to gain for so small a model. The left side is worth about as much.
    """
    found = results("bert")["training"]["sides"]
    share = measure == "accuracy"
    drawn = lines(
        {"on the right": found["right"][measure], "on the left": found["left"][measure]},
        found["right"]["seen"],
        x_title="tokens to see on that side",
        y_title="right at first guess" if share else "loss (nats a token)",
        markers=True,
        height=320,
    )
    if share:
        drawn["layout"]["yaxis"] |= {"tickformat": ".0%"}
    return drawn


CELLS = {  # name of the result: what the figure calls it
    "rate_30": "both sides, hidden (BERT)",
    "left_hidden": "left only, hidden",
    "left_next": "left only, next (GPT)",
    "both_next": "both sides, next",
}


@figure(
    measured=True,
    task=Choice(
        "Task", {"fill": "one letter of a name is missing", "go_on": "only the letters before are known"}, "fill"
    ),
)
def mask_and_objective(task: str) -> dict:
    """One small network of letters, two masks, two objectives: right guesses on held-out names, three runs each.

    All four were trained on equally many names, and each is asked in the way that it was trained. Filling a gap
    wants both sides *and* hidden letters. Going on is where the triangle with the next letter is at home. The last
    one could see the letter that it was asked for all through training: it has learned to copy, and is lost when
    there is nothing to copy.
    """
    found = [results("bert")["small"][name][f"{task}_accuracy"] for name in CELLS]
    drawn = bars(
        [entry["mean"] for entry in found],
        list(CELLS.values()),
        x_title="right at first guess",
        horizontal=True,
        highlight=[0, 2],
        spread=([entry["lowest"] for entry in found], [entry["highest"] for entry in found]),
        text=[f" {entry['mean']:.0%}" for entry in found],
        limits=(0.0, 0.5),
        height=260,
    )
    drawn["layout"]["xaxis"] |= {"tickformat": ".0%"}
    return drawn


@figure(measured=True)
def masking_rate() -> dict:
    """The share of letters hidden in training, and the loss at held-out letters: mean and range of three runs.

    All models read the same number of names. They are tested with one letter of a name missing, and with 15%
    of the letters missing. A higher rate asks more questions of every name, and leaves less to answer them from.
    """
    rates = (5, 15, 30, 50, 70)
    small = results("bert")["small"]
    series = {
        said: [small[f"rate_{rate}"][f"{kind}_loss"] for rate in rates]
        for said, kind in (("15% missing", "hidden"), ("one missing", "fill"))
    }
    return lines(
        {said: [entry["mean"] for entry in found] for said, found in series.items()},
        list(rates),
        x_title="letters hidden in training (%)",
        y_title="loss at missing letters (nats)",
        bands={
            said: ([entry["lowest"] for entry in found], [entry["highest"] for entry in found])
            for said, found in series.items()
        },
        markers=True,
        height=320,
    )


STATES = {"hidden": "hidden", "kept": "left as it is", "swapped": "swapped"}


@figure(measured=True)
def always_masked() -> dict:
    """Three ways a letter can be asked for, and two ways of training: loss at the true letter, three runs each.

    80/10/10 is the published corruption (strong bars); the other one hides every letter asked for behind [MASK].
    The first pair is the task itself. In the other two the letter is visible, as it is or swapped for another one,
    and the model is asked what belongs there.
    """
    small = results("bert")["small"]
    series, said = [], []
    for state, what in STATES.items():
        for run, scheme in (("rate_30", "80/10/10"), ("always_masked", "all [MASK]")):
            series.append(small[run][f"{state}_loss"])
            said.append(f"{what}, {scheme}")
    return bars(
        [entry["mean"] for entry in series],
        said,
        x_title="loss at the true letter (nats)",
        horizontal=True,
        highlight=[0, 2, 4],
        spread=([entry["lowest"] for entry in series], [entry["highest"] for entry in series]),
        text=[f" {entry['mean']:.2f}" for entry in series],
        limits=(0.0, 1.15 * max(entry["highest"] for entry in series)),
        height=330,
    )


STARTS = {"pre_trained": "pre-trained", "frozen": "frozen encoder", "scratch": "from scratch"}


@figure(measured=True)
def fine_tuning() -> dict:
    """Is a sentence spoken or told? Right answers on held-out chapters by the number of labelled examples, three runs.

    All three have the same architecture and one new matrix on [CLS]. Pre-trained, the whole encoder goes on
    learning; frozen, only the matrix does; from scratch, the encoder begins with random weights.
    """
    found = results("bert")["fine_tuning"]
    counts = [entry["labels"] for entry in found["scratch"].values()]
    drawn = lines(
        {said: [entry["mean"] for entry in found[start].values()] for start, said in STARTS.items()},
        counts,
        x_title="labelled sentences",
        y_title="right on held-out chapters",
        x_log=True,
        bands={
            said: (
                [entry["lowest"] for entry in found[start].values()],
                [entry["highest"] for entry in found[start].values()],
            )
            for start, said in STARTS.items()
        },
        markers=True,
        height=330,
    )
    drawn["layout"]["yaxis"] |= {"tickformat": ".0%"}
    drawn["layout"]["xaxis"] |= {"tickvals": counts, "ticktext": [str(count) for count in counts]}
    return drawn
