"""The figures of the transformer page."""

import functools

import torch

from snippets.data.pronunciations import LETTERS, PADDING, START, TARGET_SYMBOLS, spell
from snippets.kit import Choice, Slider, Text, bars, figure, heatmap, lines, load_weights, plain, points, results
from snippets.kit.colours import ACCENT, INK, MUTED
from snippets.transformer.cost import dependent_products, numbers_kept, operations
from snippets.transformer.model import (
    Config,
    EncoderLayer,
    MultiHeadAttention,
    Transformer,
    distance_bias,
    rotate,
    sinusoids,
    write,
)
from snippets.transformer.objective import learning_rate, soft_targets

WORD = Text("Word", value="knowledge", max_length=14, alphabet=LETTERS, help="letters a to z")


@functools.cache
def trained() -> Transformer:
    """The page's model with its committed weights."""
    return load_weights(lambda: Transformer(Config()), "transformer")


def said(ids: torch.Tensor) -> list[str]:
    """Phonemes by name, one for each id of a row."""
    return [TARGET_SYMBOLS[index] for index in ids.tolist()]


def title(text: str) -> dict:
    return {"text": text, "font": {"size": 13, "color": INK}}


# --- the model at work -------------------------------------------------------------------------------------

KINDS = {
    "cross": "cross: phonemes look at letters",
    "encoder": "encoder: letters look at letters",
    "decoder": "decoder: phonemes look back",
}


@figure(
    text=WORD,
    kind=Choice("Attention", KINDS, "cross"),
    layer=Slider("Layer", 1, Config().layers, value=2),
    head=Slider("Head", 1, Config().heads, value=4),
)
def maps(text: str, kind: str, layer: int, head: int) -> dict:
    """Who looks at whom in the trained model, for your word: three kinds of attention, two layers, four heads.

    A row is one place's look and adds up to 1. In the cross-attention each phoneme, as it is written, looks at
    letters, and in the second layer most heads walk along the word as the alignment of the page before did. In the
    encoder every letter may look to both sides. In the decoder the upper right is empty: a phoneme may look at what
    has been written, never at what has not.
    """
    model, source = trained(), spell(text)
    written, _ = write(model, source)
    inputs = torch.cat([torch.tensor([[START]]), written[:, :-1]], dim=1)  # (1, T)
    layers = model.encoder if kind == "encoder" else model.decoder
    chosen = layers[layer - 1]
    module: MultiHeadAttention = chosen.cross_attention if kind == "cross" else chosen.self_attention
    kept = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output[1]))
    with torch.no_grad():
        model(source, inputs)
    handle.remove()
    letters, phonemes = list(text), said(written[0])
    columns = ["start", *phonemes[:-1]] if kind == "decoder" else letters
    return heatmap(
        kept[0][0, head - 1],
        x=columns,
        y=letters if kind == "encoder" else phonemes,
        x_title="phoneme read" if kind == "decoder" else "letter looked at",
        y_title="letter looking" if kind == "encoder" else "phoneme being written",
        z_title="weight",
        limits=(0, 1),
        height=400,
    )


@figure(text=WORD, first=Slider("Place of the first letter", 0, 30, value=6))
def shifted(text: str, first: int) -> dict:
    """A pitfall: the same word, but its first letter is said to stand at a later place than any word begins at.

    The height is the probability of each phoneme. At place 0 the word is read as in training. Further along, the
    letters are the same, and the sums of letter and place are sums the model has not learned to read: the
    word falls apart. Sines and cosines can be computed for any place; that does not mean that a model understands them.
    """
    ids, probabilities = write(trained(), spell(text), first=first)
    phonemes = said(ids[0])
    drawn = bars(
        probabilities[0],
        phonemes,
        x_title="phoneme written",
        y_title="probability",
        limits=(0, 1),
        height=300,
    )
    drawn["layout"]["title"] = title(f"at place 0: {at_home(text)}") | {"x": 0.02, "xanchor": "left"}
    drawn["layout"]["margin"]["t"] = 40
    return drawn


@functools.lru_cache(maxsize=8)
def at_home(text: str) -> str:
    """How the model spells a word that begins at place 0."""
    return " ".join(name for name in said(write(trained(), spell(text))[0][0]) if name != "end")


# --- why there is no recurrence ----------------------------------------------------------------------------


@figure(
    layers=Slider("Layers", values=[1, 2, 4, 6, 12], value=6),
    when=Choice("When", {"training": "training", "writing": "writing"}, "training"),
)
def waiting(layers: int, when: str) -> dict:
    """Matrix products that have to wait for one another, for n symbols in and n symbols out: counted, not timed.

    A recurrent network cannot begin with a symbol before it is done with the one before it, so its chain grows with
    the text. In training, the transformer's chain depends on the number of layers only: beyond the crossing, a
    machine that can compute enough at once finishes it sooner. In writing that gain is gone. Every
    symbol has to be chosen before the next can be read, and each passes through all layers.
    """
    lengths = [2**power for power in range(1, 13)]
    chains = {
        kind: [dependent_products(n, layers, kind, writing=when == "writing") for n in lengths]
        for kind in ("recurrent", "transformer")
    }
    return lines(
        chains,
        lengths,
        x_title="symbols n",
        y_title="products in a row",
        x_log=True,
        y_log=True,
        height=320,
    )


# --- positions ---------------------------------------------------------------------------------------------

PLACES = 48


@figure(
    show=Choice("Show", {"encoding": "the encodings", "similarity": "their dot products"}, "encoding"),
    base=Slider("Base", values=[10, 100, 1000, 10_000], value=10_000),
)
def encodings(show: str, base: int) -> dict:
    """The sinusoidal positions of the page's model: a row is a place, a column one of its 48 features.

    Neighbouring columns are the sine and cosine of one wave. On the left they turn by one radian a place; each pair is
    slower than the one before it, and on the right little changes over a whole word. Switch to the dot
    products: they depend on the distance of two places alone, so every diagonal has one colour, and near places are
    more alike than far ones. As published, half of the waves hardly move in 48 places, which makes all of these
    places somewhat alike; with a base of 10 all waves are fast, and only near places are.
    """
    table = sinusoids(torch.arange(PLACES), Config().width, base=float(base))  # (T, D)
    if show == "encoding":
        return heatmap(
            table,
            x_title="feature",
            y_title="place",
            z_title="value",
            diverging=True,
            limits=(-1, 1),
            height=420,
        )
    return heatmap(
        table @ table.T / (Config().width / 2),
        x_title="place",
        y_title="place",
        z_title="dot product",
        diverging=True,
        limits=(-1, 1),
        height=420,
    )


PAIRS = Config().width // Config().heads // 2  # of features in a head


@figure(
    query=Slider("Place of the query", 0, 20, value=7),
    key=Slider("Place of the key", 0, 20, value=4),
    pair=Slider("Pair", 1, PAIRS, value=2),
)
def rotation(query: int, key: int, pair: int) -> dict:
    """RoPE: one pair of features of a query and of a key, each turned by an angle that its place decides.

    Above, the two vectors of the pair: pale as they are, full as they are after turning. Both point the same way
    before. Below, their dot product for every distance, with the present one marked. Move both places by the same
    amount: the arrows turn together, and the product stays. Later pairs turn more slowly; the first turns by a radian a
    place, the last hardly at all.
    """
    width = 2 * PAIRS
    together = torch.zeros(1, width)
    together[0, pair - 1] = 1.0  # feature i, whose partner is feature i + d/2
    vectors = {"query": 1.0 * together, "key": 0.75 * together}
    places = {"query": query, "key": key}
    turned = {name: rotate(vector, torch.tensor([places[name]])) for name, vector in vectors.items()}
    ends = {name: [vector[0, pair - 1].item(), vector[0, pair - 1 + PAIRS].item()] for name, vector in turned.items()}
    drawn = points(
        {name: [end] for name, end in ends.items()},
        x_title=f"feature {pair}",
        y_title=f"feature {pair + PAIRS}",
        x_range=(-1.15, 1.15),
        y_range=(-1.15, 1.15),
        size=9,
        equal=True,
        height=560,
    )
    arrows = []
    for name, dot in zip(ends, drawn["data"], strict=True):
        colour, before = dot["marker"]["color"], vectors[name][0, pair - 1].item()
        arrows.append(_line([0, before], [0, 0], colour) | {"opacity": 0.35})
        arrows.append(_line([0, ends[name][0]], [0, ends[name][1]], colour))
    distances = torch.arange(-20, 21)
    series = rotate(vectors["query"].expand(41, -1), distances) @ vectors["key"][0]  # (41,)
    product = (turned["query"][0] @ turned["key"][0]).item()
    below = lines(
        series, distances, x_title="place of the query − place of the key", y_title="dot product", y_range=(-1, 1)
    )
    curve = below["data"][0] | {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
    curve |= {"line": {"color": ACCENT, "width": 2}}
    here = {
        "type": "scatter",
        "mode": "markers",
        "name": "the two above",
        "x": [query - key],
        "y": [plain(product)],
        "xaxis": "x2",
        "yaxis": "y2",
        "showlegend": False,
        "marker": {"color": INK, "size": 10},
        "hovertemplate": "distance %{x}: %{y:.2f}<extra></extra>",
    }
    layout = drawn["layout"]
    layout["yaxis"] |= {"domain": [0.42, 1]}
    layout["xaxis"] |= {"anchor": "y", "constrain": "domain"}
    layout["xaxis2"] = below["layout"]["xaxis"] | {"anchor": "y2"}
    layout["yaxis2"] = below["layout"]["yaxis"] | {"domain": [0, 0.26], "anchor": "x2"}
    return {"data": [*arrows, *drawn["data"], curve, here], "layout": layout}


def _line(x: list[float], y: list[float], colour: str) -> dict:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": colour, "width": 3},
        "hoverinfo": "skip",
        "showlegend": False,
    }


@figure(
    heads=Slider("Heads", values=[2, 4, 8], value=4),
    show=Choice("Show", {"bias": "what is added", "weight": "weight, all else equal"}, "bias"),
)
def biases(heads: int, show: str) -> dict:
    """ALiBi: every head takes something off a score for each step of distance, each head at a rate of its own.

    The number at a line is its head. The first head is the most short-sighted, and the more heads there are, the more
    so; the last hardly minds the distance. The second view shows the weights of 33 places that fit equally well.
    Nothing is learned here, and nothing ends: any distance has a bias. In a decoder the right half does not exist. In
    an encoder the two halves are alike, and left cannot be told from right.
    """
    added = distance_bias(33, 33, heads)[:, 16]  # (H, 33): seen from the middle place
    values = added if show == "bias" else torch.softmax(added, dim=-1)
    return lines(
        {str(head + 1): values[head] for head in range(heads)},
        list(range(-16, 17)),
        x_title="distance (places)",
        y_title="added to the score" if show == "bias" else "weight",
        y_range=(-8.5, 0.3) if show == "bias" else (0, 0.35),
        height=320,
    )


# --- norm and residuals ------------------------------------------------------------------------------------

DEEPEST = 24


@functools.cache
def untrained(norm: str) -> tuple[torch.nn.Module, list]:
    """An embedding and a deep stack of encoder layers as they are before any training.

    In double precision: without norms every rounding grows with the stream.
    """
    torch.manual_seed(0)
    model = Transformer(Config(layers=1, norm=norm))
    torch.manual_seed(1)
    layers = [EncoderLayer(Config(norm=norm)) for _ in range(DEEPEST)]
    for layer in layers:
        for parameter in layer.parameters():
            if parameter.ndim == 2:
                torch.nn.init.xavier_uniform_(parameter)
        layer.double()
    return model.letters.double(), layers


@figure(text=WORD, layers=Slider("Layers", values=[2, 6, 12, 24], value=12))
def stream(text: str, layers: int) -> dict:
    """The size of the encoder's residual stream as your word passes through layers that have learned nothing yet.

    Root mean square over all letters and features, on a logarithmic axis. With the norm after each addition it is set
    to 1 each time. With the norm before each step nothing shrinks the stream, and every step adds to it: it grows with
    depth. The third line has residuals and no norm: each step reads the whole stream and adds something in proportion
    to it, so the growth is exponential.
    """
    source = spell(text)
    everywhere = (source != PADDING)[:, None, None, :]
    sizes = {}
    with torch.no_grad():
        for label, norm in (("norm after", "post"), ("norm before", "pre")):
            embedding, stack = untrained(norm)
            x = embedding(source)
            sizes[label] = [_size(x)]
            for layer in stack[:layers]:
                x = layer(x, everywhere)
                sizes[label].append(_size(x))
        x = untrained("pre")[0](source)
        sizes["no norm"] = [_size(x)]
        for layer in untrained("pre")[1][:layers]:
            x = x + layer.self_attention(x, x, everywhere)[0]
            x = x + layer.feed_forward(x)
            sizes["no norm"].append(_size(x))
    return lines(
        sizes,
        list(range(layers + 1)),
        x_title="layers passed",
        y_title="size (root mean square)",
        y_log=True,
        markers=True,
        height=340,
    )


def _size(x: torch.Tensor) -> float:
    return x.square().mean().sqrt().item()


# --- training ----------------------------------------------------------------------------------------------


@figure(
    warm_up=Slider("Warm-up", values=[100, 400, 1000, 4000, 10_000], value=4000, unit="steps"),
    width=Slider("Width D", values=[48, 128, 512, 1024], value=512),
)
def rate(warm_up: int, width: int) -> dict:
    """The learning rate of 2017: a straight line up, then a curve down as 1/√step.

    A longer warm-up climbs more slowly and turns at a lower peak, because both pieces meet where the falling curve
    stands at that step. A wider model gets a smaller rate throughout. It opens on the paper's setting.
    """
    steps = [1, *range(250, 20_001, 250)]
    return lines(
        {"rate": [1000 * learning_rate(step, width, warm_up) for step in steps]},
        steps,
        x_title="step",
        y_title="learning rate (thousandths)",
        rules=[(float(warm_up), "warm-up ends")],
        height=300,
    )


@figure(smoothing=Slider("Smoothing ε", values=[0.0, 0.02, 0.05, 0.1, 0.2, 0.4], value=0.1))
def smoothing(smoothing: float) -> dict:
    """Label smoothing: the loss against the probability that the model gives to the true phoneme.

    The rest of the probability is shared equally among the other 41 symbols. Without smoothing the loss falls
    all the way to certainty. With it there is a best confidence, marked, and being surer than that costs: the softened
    target asks for a little probability on every symbol.
    """
    symbols = len(TARGET_SYMBOLS)
    given = torch.linspace(0.3, 0.999, 234)  # (P,)
    others = ((1 - given) / (symbols - 1))[:, None].expand(-1, symbols - 1)
    predicted = torch.cat([given[:, None], others], dim=1)  # (P, V)
    losses = {}
    for label, amount in (("as it is", 0.0), ("smoothed", smoothing)):
        wanted = soft_targets(torch.tensor(0), symbols, amount)  # (V,)
        losses[label] = -(predicted.log() @ wanted)
    lowest = int(losses["smoothed"].argmin())
    best = given[lowest].item() if lowest < len(given) - 1 else None  # None: the surer the better
    return lines(
        losses,
        given,
        x_title="probability of the truth",
        y_title="loss (nats)",
        y_range=(0, 3),
        x_range=(0.3, 1.0),
        dashed=("as it is",),
        colour={"as it is": MUTED, "smoothed": ACCENT},
        rules=[(best, f"best: {best:.2f}")] if best else None,
        height=320,
    )


# --- cost --------------------------------------------------------------------------------------------------


@figure(
    width=Slider("Width D", values=[64, 512, 1024, 4096, 12_288], value=512),
    show=Choice("Show", {"work": "arithmetic", "memory": "numbers kept"}, "work"),
)
def cost(width: int, show: str) -> dict:
    """What one encoder layer costs for n places: where the square overtakes the rest.

    Arithmetic: projections and feed-forward part grow with n, the scores and mixtures with n². They are equal to all
    the rest together at n = 6D, so for short texts the square is not what a transformer spends its time on.
    Memory, if the weights of all heads are stored (heads of 64 numbers): they pass the vectors at n = 704,
    whatever the width.
    """
    lengths = [2**power for power in range(4, 19)]
    heads = max(1, width // 64)
    table = [operations(n, width) if show == "work" else numbers_kept(n, width, heads) for n in lengths]
    one = table[0]
    if show == "work":
        share = (one["projections"] + one["feed-forward"]) / one["attention"] * lengths[0] / width
        crossing, label = share * width, f"n = {share:g}D"
    else:
        crossing = one["vectors"] / one["attention weights"] * lengths[0]
        label = f"n = {crossing:g}"
    return lines(
        {name: [row[name] for row in table] for name in table[0]},
        lengths,
        x_title="places n",
        y_title="additions and multiplications" if show == "work" else "numbers",
        x_log=True,
        y_log=True,
        rules=[(crossing, label)],
        height=340,
    )


# --- measured ----------------------------------------------------------------------------------------------


@figure(measured=True)
def loss_curve() -> dict:
    """The training run of the page's model: loss on words it learns from and on words it never sees.

    The training loss is the smoothed one and cannot fall to 0, which is why it lies above the other: the two lines
    cannot be compared with each other, only each with itself.
    """
    curves = results("transformer")["training"]["curves"]
    return lines(
        {"training": curves["training_loss"], "held out": curves["validation_loss"]},
        curves["step"],
        x_title="training step",
        y_title="loss (nats a phoneme)",
        y_range=(0, 2),
        height=300,
    )


@figure(measured=True)
def lengths() -> dict:
    """Words of the test part pronounced without a mistake, by their length: the models of three pages.

    All three have learned from the same words, and their sizes are close; their training was not equally long. Long
    words are hardest for the encoder-decoder, whose only memory is one vector.
    """
    ours, other = results("transformer"), results("encoder-decoder")["training"]["test"]["by_length"]
    return lines(
        {
            "transformer": ours["training"]["test"]["exact_by_length"],
            "attention": ours["attention_page"]["exact_by_length"],
            "one vector": [entry["exact"] for entry in other.values()],
        },
        ours["training"]["test"]["length"],
        x_title="letters in the word",
        y_title="words right (share)",
        y_range=(0, 1),
        markers=True,
        height=340,
    )


REMOVED = {"nothing": "all there", "positions": "no positions", "norms": "no norms", "residuals": "no residuals"}


@figure(measured=True, layers=Choice("Layers, each side", {"2": "2", "6": "6"}, "6"))
def removed(layers: str) -> dict:
    """One thing taken out of the model, and the same short training: mean and range of three runs.

    Pre-norm, with a logarithmic axis. Without residuals neither depth learns much: what one step has lost, none of the
    later ones can find. Without norms two layers learn late; six begin with losses in the hundreds, because every
    layer multiplies the stream, and do not recover. What happens without positions is shown for two layers.
    """
    found = results("transformer")["removed"][f"layers_{layers}"]
    curves = {label: found[name]["curve"] for name, label in REMOVED.items() if name in found}
    return _losses(curves, y_log=True)


def _losses(curves: dict[str, dict], y_log: bool = False) -> dict:
    """Training losses by label, each with its mean, lowest and highest, every 20 steps."""
    return lines(
        {label: curve["mean"] for label, curve in curves.items()},
        [20 * (step + 1) for step in range(len(next(iter(curves.values()))["mean"]))],
        x_title="training step",
        y_title="training loss (nats)",
        y_log=y_log,
        y_range=None if y_log else (0, 4.2),
        bands={label: (curve["lowest"], curve["highest"]) for label, curve in curves.items()},
        height=360,
    )


@figure(
    measured=True,
    show=Choice("Show", {"curve": "training loss", "stream": "size of the stream"}, "curve"),
)
def norm_places(show: str) -> dict:
    """Six layers on each side, the norm before each step or after the addition: mean and range of three runs.

    Everything else is equal, the warm-up of 80 steps included. With the norm before, the loss falls from the start;
    with the norm after, the same steps are hardly enough to begin. The second view shows the size of the encoder's
    stream at the end of training: set to about 1 after every layer, or growing with each.
    """
    found = results("transformer")
    kinds = {"before": found["removed"]["layers_6"]["nothing"], "after": found["post"]["layers_6"]["warm_up_80"]}
    if show == "curve":
        return _losses({label: kind["curve"] for label, kind in kinds.items()})
    sizes = {label: kind["stream"] for label, kind in kinds.items()}
    return lines(
        {label: size["mean"] for label, size in sizes.items()},
        list(range(len(sizes["before"]["mean"]))),
        x_title="encoder layers passed",
        y_title="size (root mean square)",
        y_range=(0, 3.5),
        bands={label: (size["lowest"], size["highest"]) for label, size in sizes.items()},
        markers=True,
        height=360,
    )


@figure(measured=True)
def position_kinds() -> dict:
    """Wrong phonemes after the same short training, by how the model learns where a symbol stands: less is better.

    Bars are means of three runs, whiskers the lowest and the highest. Vectors that say their place lead, and those
    that are given lead those that have to be learned first. RoPE and ALiBi act inside self-attention only, so the
    decoder cannot look for “the third letter” in the memory: after so few steps they are hardly ahead of no
    positions at all, or not at all.
    """
    found = results("transformer")
    kinds = {
        "sinusoidal": found["removed"]["layers_2"]["nothing"],
        "learned": found["positions"]["learned"],
        "RoPE": found["positions"]["rope"],
        "ALiBi": found["positions"]["alibi"],
        "none": found["removed"]["layers_2"]["positions"],
    }
    rates = [kind["error_rate"] for kind in kinds.values()]
    return bars(
        [rate["mean"] for rate in rates],
        list(kinds),
        x_title="wrong phonemes (share)",
        horizontal=True,
        highlight=0,
        spread=([rate["lowest"] for rate in rates], [rate["highest"] for rate in rates]),
        text=[f"\u2002{rate['mean']:.0%}" for rate in rates],
        limits=(0, 0.85),
        height=250,
    )


@figure(measured=True)
def lora() -> dict:
    """The page's model learns to read words from right to left: words right against how many numbers may change.

    From left to right the ranks 1, 2, 4, 8 and 16, each learned three times, with the range of the runs; the level is
    what training all of the weights reaches in as many steps, at the best of three learning rates. Every doubling of
    the rank helps, and the last point changes about a quarter as many numbers as there are.
    """
    found = results("transformer")["lora"]
    ranks = [1, 2, 4, 8, 16]
    runs = [found[f"rank_{rank}"] for rank in ranks]
    everything = max(run["exact"]["mean"] for run in found["all"].values())
    return lines(
        {"low rank": [run["exact"]["mean"] for run in runs]},
        [run["learning"] for run in runs],
        x_title="numbers that learn",
        y_title="words right (share)",
        x_log=True,
        y_range=(0, 0.3),
        bands={"low rank": ([run["exact"]["lowest"] for run in runs], [run["exact"]["highest"] for run in runs])},
        levels=[(everything, "all learn")],
        markers=True,
        height=320,
    )


@figure(measured=True)
def time_measured() -> dict:
    """One training step on 2,048 symbols, cut into sequences of one length: an encoder layer beside a GRU of its size.

    Processor time on one core, forward and backward. Towards the right there are fewer and longer sequences. The GRU
    has more and more steps to take one after the other, with less to do in each; the encoder layer is hardly slower
    up to some dozens of symbols, then its square begins to count. On one core neither wins everywhere.
    """
    found = results("transformer")["time"]
    return lines(
        {"transformer": found["transformer"], "GRU": found["gru"]},
        found["length"],
        x_title="length of a sequence",
        y_title="time for a step (ms)",
        x_log=True,
        y_log=True,
        markers=True,
        height=320,
    )
