"""The figures of the GPT page."""

import functools
from itertools import pairwise

import torch

from snippets.data import prose
from snippets.gpt.memory import cache_bytes
from snippets.gpt.model import GPT, Config, choose, generate
from snippets.gpt.scaling import power_law
from snippets.kit import (
    Choice,
    Slider,
    Text,
    Toggle,
    bars,
    distribution,
    figure,
    heatmap,
    lines,
    load_weights,
    plain,
    results,
)
from snippets.kit.colours import INK, MUTED, SERIES
from snippets.kit.strip import escaped, strip

OPENING = "Mr. Darcy looked at her, and said"
WRITTEN = 10  # tokens that the figure writes: what a browser computes while a slider moves
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@functools.cache
def trained() -> GPT:
    """The page's model with its committed weights."""
    return load_weights(lambda: GPT(Config()), "gpt")


def encode(text: str) -> torch.Tensor:
    """What the model reads: ids of the end of a paragraph and of the text after it, (1, T).

    Signs that the novels do not have are up to four tokens each; of a text too long for the model its end is left.
    """
    return torch.tensor([prose.tokenizer().encode("\n" + text)[WRITTEN - Config().context :]])


def label(index: int) -> str:
    return escaped(prose.tokenizer().label(index))


def labels(ids: torch.Tensor) -> list[str]:
    return [label(index) for index in ids.flatten().tolist()]


@torch.no_grad()
def surprises(ids: torch.Tensor) -> torch.Tensor:
    """−log of the probability of each token after the first, (T-1,), in nats."""
    logits = trained()(ids[:, :-1])[0]  # (T-1, V)
    return -torch.log_softmax(logits, dim=-1)[torch.arange(ids.shape[1] - 1), ids[0, 1:]]


@torch.no_grad()
def listen(ids: torch.Tensor) -> tuple[list, list]:
    """Of each layer: queries and keys before the pattern, and the residual stream after the block, (T, D).

    The stream's list begins with the embedding.
    """
    model, looked, stream = trained(), [], []
    handles = [model.embedding.register_forward_hook(lambda _module, _inputs, x: stream.append(x[0]))]
    for block in model.blocks:
        handles.append(block.attention.pattern.register_forward_hook(lambda _module, inputs, _: looked.append(inputs)))
        handles.append(block.register_forward_hook(lambda _module, _inputs, x: stream.append(x[0])))
    try:
        model(ids)
    finally:
        for handle in handles:
            handle.remove()
    return looked, stream


# --- tokens ------------------------------------------------------------------------------------------------


@figure(text=Text("Text", value="Elizabeth ate 12 strawberries 🍓, unhurriedly.", max_length=80))
def tokens(text: str) -> dict:
    """Your text as the tokens the model reads.

    A dot is a space, which belongs to the word after it. Frequent words are one token, rarer ones fall into
    pieces. Numbers fall into digits, because novels hold few numbers, and a sign that the novels do not have
    falls into its bytes, four for an emoji: nothing is unknown. Write a word in capitals, or without the
    space before it, and other tokens come out. To the model they are other symbols.
    """
    ids = prose.tokenizer().encode(text)
    row = [
        (prose.tokenizer().label(index), number % 2, f"{prose.tokenizer().label(index)} has id {index}")
        for number, index in enumerate(ids)
    ]
    caption = f"{len(text)} characters, {len(text.encode())} bytes, {len(ids)} tokens"
    return strip([row], caption=caption, lines=5)


@figure(word=Text("Word", value="handsomest", max_length=14, alphabet=LETTERS))
def merging(word: str) -> dict:
    """How one word is put together, from its bytes, the earliest learned pair first.

    The number beside a row is the rank of the pair that is joined in it; pair 1 was the most frequent of the
    whole training text. The last row is what the model reads. Pairs of a rare word were never among the 768
    most frequent, so it stays in pieces.
    """
    tokenizer = prose.tokenizer()
    stages = tokenizer.stages(" " + word)
    titles = ["bytes"]
    for before in stages[:-1]:
        rank, pair = min((tokenizer.rank[pair], pair) for pair in pairwise(before) if pair in tokenizer.rank)
        titles.append(f"{rank + 1}: {prose.shown(pair[0])} + {prose.shown(pair[1])}")
    rows = [
        [(prose.shown(token), at % 2, f"id {tokenizer.ids[token]}") for at, token in enumerate(stage)]
        for stage in stages
    ]
    return strip(rows, titles=titles, indent=98, lines=max(8, len(rows)))


# --- predictions -------------------------------------------------------------------------------------------


@figure(text=Text("Text so far", value="She was determined to", min_length=0, max_length=120))
def next_token(text: str) -> dict:
    """The ten likeliest next tokens after the text you type.

    Delete the last words one at a time: the prediction is made anew from everything that is left. Where the
    grammar leaves few ways to go on, as after “She was determined”, one bar holds most of the probability;
    where many things may follow, it is spread over many tokens, most of them beyond the ten. Some bars are
    only the beginning of a word.
    """
    with torch.no_grad():
        probabilities = torch.softmax(trained()(encode(text))[0, -1], dim=-1)
    return distribution(probabilities, label, top=10, height=330)


@figure(text=Text("Text", value="It is a truth universally acknowledged, that a single man", max_length=72))
def surprise(text: str) -> dict:
    """The loss of a text, token by token: −log of the probability that the true token was given.

    Training makes the mean of these bars small. In a name or a rare word that the novels have, the first
    pieces cost most and the last ones little: they follow from the first. The dashed lines are the mean and a
    blind guess among 1,024 tokens. The model has read the famous sentence it opens with several times in
    training, and still does not know it by heart.
    """
    ids = encode(text)
    nats = surprises(ids)
    blind = results("gpt")["training"]["uniform_loss"]
    drawn = bars(
        nats,
        labels(ids[:, 1:]),
        y_title="surprise (nats)",
        limits=(0, max(8.0, 1.05 * nats.max().item())),
        height=330,
    )
    mean = nats.mean().item()
    drawn["layout"]["shapes"] = [_level(mean, INK), _level(blind, MUTED)]
    drawn["layout"]["annotations"] = [
        _beside(mean, f"mean {mean:.2f}", INK, above=mean > blind),
        _beside(blind, "blind guess", MUTED, above=mean <= blind),
    ]
    drawn["layout"]["margin"]["r"] = 78
    drawn["layout"]["xaxis"] |= {"tickangle": -90}
    return drawn


def _level(y: float, colour: str) -> dict:
    line = {"color": colour, "width": 1.2, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": plain(y), "y1": plain(y), "line": line}


def _beside(y: float, text: str, colour: str, *, above: bool) -> dict:
    """A label in the right margin; `above` keeps two close levels apart."""
    where = {"xref": "paper", "x": 1.01, "xanchor": "left", "y": plain(y)}
    side = {"yanchor": "bottom" if above else "top"}
    return where | side | {"text": text, "showarrow": False, "font": {"size": 12, "color": colour}}


@figure(
    text=Text("Text so far", value="She was so very", min_length=0, max_length=60),
    temperature=Slider("Temperature", values=[0.1, 0.3, 0.5, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0], value=1.0),
    top_k=Slider("Top-k (0: off)", values=[0, 1, 2, 3, 5, 10, 20, 50, 100], value=0),
    top_p=Slider("Top-p", values=[0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0], value=0.7),
)
def sampling(text: str, temperature: float, top_k: int, top_p: float) -> dict:
    """What may be drawn: the thirty likeliest next tokens, learned (outlined) and after the three controls.

    Temperature reshapes the whole distribution and removes nothing. Top-k keeps a fixed number of tokens
    however the probability lies. Top-p keeps as many as are needed to hold that share: few where the model is
    sure, many where it is not. Compare “She was so very” with “Sir Thomas Bert” at the same top-p.
    """
    with torch.no_grad():
        logits = trained()(encode(text))[0, -1]
    learned = torch.softmax(logits, dim=-1)
    kept = choose(logits, temperature, top_k, top_p)
    order = learned.argsort(descending=True, stable=True)[:30]
    reach = 1.08 * max(learned.max().item(), kept.max().item())
    drawn = bars(
        kept[order],
        labels(order),
        x_title="next token, the likeliest first",
        y_title="probability",
        highlight=list(range(30)),
        limits=(0, reach),
        height=340,
    )
    outline = {"color": "rgba(0,0,0,0)", "line": {"color": INK, "width": 1}}
    drawn["data"].append(
        drawn["data"][0]
        | {"y": plain(learned[order]), "marker": outline, "hovertemplate": "learned: %{y:.1%}<extra></extra>"}
    )
    drawn["data"][0] |= {"hovertemplate": "<b>%{customdata}</b><br>drawn with: %{y:.1%}<extra></extra>"}
    left = int((kept > 0).sum())
    caption = f"{left:,} of {len(kept):,} tokens can be drawn"
    drawn["layout"] |= {"barmode": "overlay", "title": {"text": caption, "font": {"size": 13, "color": INK}}}
    drawn["layout"]["margin"]["t"] = 36
    drawn["layout"]["yaxis"] |= {"tickformat": ".0%"}
    drawn["layout"]["xaxis"] |= {"tickangle": -90}
    return drawn


@figure(
    text=Text("Beginning", value=OPENING, min_length=0, max_length=80),
    temperature=Slider("Temperature", values=[0.1, 0.3, 0.5, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0], value=0.8),
    top_k=Slider("Top-k (0: off)", values=[0, 1, 2, 3, 5, 10, 20, 50, 100], value=0),
    top_p=Slider("Top-p", values=[0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0], value=0.9),
    draw=Slider("Draw number", 1, 20, value=1),
)
def writing(text: str, temperature: float, top_k: int, top_p: float, draw: int) -> dict:
    """How the model goes on: ten tokens, each drawn from its prediction and read in its turn.

    Pale tokens are yours. Of the new ones, the darker a token the likelier the model thought it; point at one
    for its probability. At temperature 0.1 nearly every draw writes the same; at 3 hardly any word survives.
    A top-p of 0.1 does what a low temperature does by other means. The same draw number always gives the same
    dice.
    """
    given = encode(text)[0].tolist()
    generator = torch.Generator().manual_seed(draw)
    new = generate(trained(), given, WRITTEN, generator, temperature, top_k, top_p)
    likely = torch.exp(-surprises(torch.tensor([given + new])))[-WRITTEN:].tolist()
    name = prose.tokenizer().label
    row = [(name(index), 0.0, "given") for index in given[1:]]
    row += [(name(index), chance**0.5, f"{chance:.1%} likely") for index, chance in zip(new, likely, strict=True)]
    return strip([row], lines=5)


# --- inside ------------------------------------------------------------------------------------------------


@figure(
    text=Text("Text", value="Emma was sure that Harriet would like her", max_length=44),
    layer=Slider("Layer", 1, Config().layers, value=5),
    head=Slider("Head", 1, Config().heads, value=4),
    mask=Toggle("Hide the future", True),
)
def attention(text: str, layer: int, head: int, mask: bool) -> dict:
    """Where each token looks, in one head of one layer: a row is one token's softmax over the others.

    Nothing stands above the diagonal: the mask has put −∞ there before the softmax, and each row shares its
    weight among the tokens up to its own. Take the mask away and the same queries and keys spread into the
    future. It opens on a head that looks mostly at the token just before. Step through the layers: in the first,
    every head spreads its weight over the whole text; further up they look at one or a few tokens, most of them
    close by, and some go back to the sign ¶ at the beginning.
    """
    ids = encode(text)
    query, key = listen(ids)[0][layer - 1]  # (1, H, T, D/H) each
    if mask:
        weights = trained().blocks[layer - 1].attention.pattern(query, key)
    else:
        weights = (query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5).softmax(dim=-1)
    return heatmap(
        weights[0, head - 1],
        x=labels(ids),
        y=labels(ids),
        x_title="looked at",
        y_title="looking",
        z_title="weight",
        limits=(0.0, 1.0),
        height=430,
    )


@figure(text=Text("Text so far", value="Sir Thomas Bert", max_length=60))
def logit_lens(text: str) -> dict:
    """The prediction in the making: the readout applied to the last token's vector after each layer.

    Row 0 is the embedding alone. The readout scores likeness to an embedding, so row 0 names the last token
    itself: it knows nothing else yet. Each layer adds to the same vector, and the layers turn “what I am” into
    “what comes next”, although only the last row was trained to be read. The shade and the number are
    probabilities. In some texts the first guess stands early, as after “Elizabeth was”; in others it still
    changes in the last layer, as after “Lady Catherine de”.
    """
    model, ids = trained(), encode(text)
    with torch.no_grad():
        guesses = torch.stack([torch.softmax(model.readout(x[-1]), dim=-1) for x in listen(ids)[1]])  # (L+1, V)
    best, names = guesses.sort(dim=-1, descending=True, stable=True)
    shown = [
        [f"{name}<br>{share:.0%}" for name, share in zip(labels(row[:4]), shares[:4].tolist(), strict=True)]
        for row, shares in zip(names, best, strict=True)
    ]
    return heatmap(
        best[:, :4],
        x=["1st", "2nd", "3rd", "4th"],
        y=[str(layer) for layer in range(len(shown))],
        x_title="guess",
        y_title="layers passed",
        z_title="probability",
        limits=(0.0, 1.0),
        text=shown,
        height=380,
    )


@figure(text=Text("Passage", value="My dear Zorblax, the flimmering gwintle is upon us!", max_length=60))
def repetition(text: str) -> dict:
    """The same passage twice in one text: the surprise at its first reading and at its second.

    The whole answer to the second reading stands in the context, and a large model would take it from there.
    This one does not: its bars are about as high the second time as the first, on invented words and on
    ordinary prose. Only the first few may differ, because the second reading does not begin at nothing. Read
    it as a test that fails, on a model too small to pass it.
    """
    once = prose.tokenizer().encode("\n" + text)[: Config().context // 2]
    nats = surprises(torch.tensor([once + once]))
    first, second = nats[: len(once) - 1], nats[len(once) :]
    drawn = bars(
        second,
        labels(torch.tensor(once[1:])),
        y_title="surprise (nats)",
        limits=(0, max(8.0, 1.05 * nats.max().item())),
        height=340,
    )
    drawn["data"][0]["name"] = "second reading"
    grey = {"name": "first reading", "y": plain(first), "marker": {"color": MUTED}}
    drawn["data"].insert(0, drawn["data"][0] | grey)
    means = f"grey: first reading, mean {first.mean().item():.2f} · coloured: second, {second.mean().item():.2f}"
    drawn["layout"] |= {"barmode": "group", "title": {"text": means, "font": {"size": 13, "color": INK}}}
    drawn["layout"]["xaxis"] |= {"tickangle": -90}
    drawn["layout"]["margin"]["t"] = 36
    return drawn


# --- the cache ---------------------------------------------------------------------------------------------

GIBIBYTE = 2**30


@figure(
    layers=Slider("Layers", values=[5, 12, 24, 32, 48, 80, 96], value=32),
    heads=Slider("Attention heads", values=[4, 8, 16, 32, 64, 128], value=32),
    sharing=Slider("Heads that share a key", values=[1, 2, 4, 8, 16], value=1),
    context=Slider(
        "Context", values=[1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072], value=32768, unit=" tokens"
    ),
    precision=Choice("Number format", {"2": "16 bits", "1": "8 bits", "4": "32 bits"}, "2"),
)
def cache_memory(layers: int, heads: int, sharing: int, context: int, precision: str) -> dict:
    """The memory of the keys and values of one text, with heads of 128 numbers each.

    It opens on a model of the 7-billion class with a key for every head: 16 GiB for one text of 32,768
    tokens, more than its weights in the same format. The memory grows in proportion to the text. Letting
    heads share their keys divides it by the number that share, and the line moves down by that factor. Each
    further text that is served at the same time needs its own cache.
    """
    shared = max(1, heads // sharing)
    stops = [2**power for power in range(10, 18)]

    def gibibytes(groups: int, tokens: int) -> float:
        return cache_bytes(tokens, layers, groups, 128, int(precision)) / GIBIBYTE

    series = {"own keys": [gibibytes(heads, stop) for stop in stops]}
    if shared != heads:
        series["shared keys"] = [gibibytes(shared, stop) for stop in stops]
    chosen = gibibytes(shared, context)
    drawn = lines(
        series,
        stops,
        x_title="tokens in the text",
        y_title="cache (GiB)",
        x_log=True,
        y_log=True,
        y_range=(min(map(min, series.values())) / 2, max(map(max, series.values())) * 2),
        colour={"own keys": SERIES[0], "shared keys": SERIES[1]},
        rules=[(context, "")],
        height=340,
    )
    kind = "each head its own key" if shared == heads else f"{shared} keys for {heads} heads"
    said = f"{context:,} tokens, {kind}: {chosen:.3g} GiB"
    drawn["layout"] |= {"title": {"text": said, "font": {"size": 13, "color": INK}}}
    drawn["layout"]["margin"]["t"] = 40
    drawn["layout"]["xaxis"]["ticktext"] = [f"{stop // 1024}K" for stop in stops]
    return drawn


# --- measured ----------------------------------------------------------------------------------------------


@figure(measured=True)
def loss_curve() -> dict:
    """The training run behind this page: loss on the chapters it learns from and on chapters it never sees.

    The levels are tables of counts, without any network: the next token given none, one or two tokens before
    it. The training line pulls away from the held-out one as the same text is read again and again. The gap
    between them is what the model has learned of this text and of no other.
    """
    training = results("gpt")["training"]
    curves, counted = training["curves"], training["counted_loss"]
    return lines(
        {"training": curves["training_loss"], "held out": curves["validation_loss"]},
        curves["step"],
        x_title="training step",
        y_title="loss (nats a token)",
        y_range=(2.6, 6.4),
        levels=[(counted["tokens"], "no context"), (counted["pairs"], "1 token"), (counted["triples"], "2 tokens")],
        height=340,
    )


@figure(measured=True)
def context_used() -> dict:
    """What context is worth: the loss on held-out chapters at each place of the window the model reads.

    At place 1 it has seen a single token, at place 128 it has seen 128. With one token or two it does no better
    than a table of counts. With more it does, and a table cannot follow. But the gain ends after a dozen tokens
    or so: from there on the line is level within the noise.
    """
    training = results("gpt")["training"]
    losses = training["test_loss_by_position"]
    stops = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]
    means = [sum(losses[low - 1 : high - 1]) / (high - low) for low, high in pairwise([*stops, 129])]
    middles = [(low + high - 1) / 2 for low, high in pairwise([*stops, 129])]
    return lines(
        means,
        middles,
        x_title="tokens read before the prediction",
        y_title="held-out loss (nats a token)",
        x_log=True,
        markers=True,
        levels=[
            (training["counted_loss"]["pairs"], "counting, 1"),
            (training["counted_loss"]["triples"], "counting, 2"),
        ],
        height=320,
    )


@figure(
    measured=True,
    tokens=Choice(
        "Tokens read in training",
        {"steps_75": "0.15 million", "steps_150": "0.3 million", "steps_300": "0.6 million"},
        "steps_300",
    ),
    count=Choice(
        "Parameters counted",
        {"outside_the_embedding": "without the embedding", "parameters": "all"},
        "outside_the_embedding",
    ),
)
def scaling(tokens: str, count: str) -> dict:
    """Held-out loss against size, for five models that read the same tokens: mean and range of three runs.

    Both axes are logarithmic, so that a power law is a straight line; the dashed one is fitted to all five, and
    the title has its exponent. With more tokens all sizes are lower and the line is steeper. Here reading four
    times as much helps every size more than becoming sixty-five times as large does.
    """
    found = list(results("gpt")["size"].values())
    sizes = [entry[count] for entry in found]
    losses = [entry["validation_loss"][tokens] for entry in found]
    slope, fitted = power_law(sizes, [loss["mean"] for loss in losses], fitted=len(sizes))
    drawn = lines(
        {"measured": [loss["mean"] for loss in losses], "power law": fitted},
        sizes,
        x_title="parameters",
        y_title="held-out loss (nats a token)",
        x_log=True,
        y_log=True,
        bands={"measured": ([loss["lowest"] for loss in losses], [loss["highest"] for loss in losses])},
        dashed=("power law",),
        markers=True,
        height=340,
    )
    said = f"fitted: loss ∝ parameters<sup>{slope:.3f}</sup>".replace("-", "−")
    drawn["layout"] |= {"title": {"text": said, "font": {"size": 13, "color": INK}}}
    drawn["layout"]["margin"]["t"] = 40
    drawn["layout"]["xaxis"]["ticktext"] = [f"{size / 1000:.0f}K" for size in sizes]
    quarters = [quarter / 4 for quarter in range(12, 28)]  # of a nat: one power of ten would leave no tick at all
    drawn["layout"]["yaxis"] |= {"tickvals": quarters, "ticktext": [f"{quarter:g}" for quarter in quarters]}
    return drawn


@figure(measured=True)
def no_mask() -> dict:
    """Next-token training with the triangle mask and without it: training loss, mean and range of three runs.

    Without the mask the loss falls far below what any honest model of this size can reach, because the answer
    stands in the input, one place to the right. The horizontal lines are the same models asked what writing
    asks: the token after a text that ends there. The masked one keeps its promise, the other does no better
    than a blind guess, 6.93.
    """
    found = results("gpt")["mask"]
    curves = {"masked": found["on"]["curve"], "no mask": found["off"]["curve"]}
    return lines(
        {label: curve["mean"] for label, curve in curves.items()},
        curves["masked"]["step"],
        x_title="training step",
        y_title="loss (nats a token)",
        bands={label: (curve["lowest"], curve["highest"]) for label, curve in curves.items()},
        levels=[
            (found["on"]["honest_loss"]["mean"], "masked, writing"),
            (found["off"]["honest_loss"]["mean"], "no mask, writing"),
        ],
        height=340,
    )


@figure(
    measured=True,
    show=Choice("Show", {"loss": "loss", "stream": "size of the stream by depth"}, "loss"),
    warm_up=Choice("Warm-up", {"warm_up_0": "none", "warm_up_40": "40 steps"}, "warm_up_0"),
)
def norms(show: str, warm_up: str) -> dict:
    """Twelve layers with the norm before each step, as here, or after each addition, as in 2017: three runs each.

    With the norm before, the loss keeps falling. With the norm after, it stops at the level of a model that only
    knows how frequent each token is, with a warm-up as without. The size of the stream tells the other half:
    after a norm it is held at 1 or close to it, without one it grows from block to block.
    """
    found = results("gpt")["norm"]
    named = {"norm before": found["before"][warm_up], "norm after": found["after"][warm_up]}
    if show == "stream":
        return lines(
            {label: entry["stream"] for label, entry in named.items()},
            x_title="blocks passed",
            y_title="size of the stream (root mean square)",
            y_log=True,
            markers=True,
            height=340,
        )
    return lines(
        {label: entry["curve"]["mean"] for label, entry in named.items()},
        named["norm before"]["curve"]["step"],
        x_title="training step",
        y_title="training loss (nats a token)",
        bands={label: (entry["curve"]["lowest"], entry["curve"]["highest"]) for label, entry in named.items()},
        height=340,
    )


@figure(measured=True)
def cost_of_a_token() -> dict:
    """The time to the next token with the cache and without it, on one processor core.

    The sizes are the page's with a longer context. Without the cache the whole text is read again for every
    token, and the time grows with its length, in the end faster than in proportion. With it one token is read;
    what grows is only the attention over the stored keys. The longer the text, the more the cache saves.
    """
    found = results("gpt")["time"]
    return lines(
        {"no cache": found["uncached"]["milliseconds"], "cache": found["cached"]["milliseconds"]},
        found["cached"]["length"],
        x_title="tokens before it",
        y_title="time for one token (ms)",
        x_log=True,
        y_log=True,
        markers=True,
        height=320,
    )
