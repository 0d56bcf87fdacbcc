"""The figures of the encoder-decoder page."""

import functools

import torch

from snippets.data.pronunciations import (
    END,
    FIRST,
    LETTERS,
    PADDING,
    START,
    TARGET_SYMBOLS,
    part_of,
    read_phonemes,
    spell,
)
from snippets.encoder_decoder.decoding import LONGEST, beam_search, draw, forbid, greedy, path, ranked
from snippets.encoder_decoder.metrics import bleu
from snippets.encoder_decoder.model import Config, EncoderDecoder
from snippets.kit import (
    Choice,
    Slider,
    Text,
    bars,
    figure,
    heatmap,
    lines,
    load_text,
    load_weights,
    plain,
    results,
)
from snippets.kit.colours import ACCENT, GRID, INK, MUTED, SERIES, TRANSPARENT

SHOWN = ["", "", "end", *TARGET_SYMBOLS[FIRST:]]


@functools.cache
def trained() -> EncoderDecoder:
    """The page's model with its committed weights."""
    return load_weights(lambda: EncoderDecoder(Config()), "encoder-decoder")


def in_dictionary(word: str) -> tuple[str, ...] | None:
    """The dictionary's phonemes of a word, if the word is among those of the page's file."""
    _, found, after = ("\n" + load_text("pronunciations.txt")).partition(f"\n{word} ")
    return tuple(after.partition("\n")[0].split()) if found else None


def word_field(value: str, longest: int = 24) -> Text:
    return Text("Word", value=value, min_length=1, max_length=longest, alphabet=LETTERS, help="letters a to z")


def headline(drawn: dict, text: str, rows: int = 1) -> dict:
    """Write a line or two over a figure."""
    layout = drawn["layout"]
    layout["annotations"] = [
        *layout.get("annotations", []),
        {
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": 1,
            "xshift": 8 - layout["margin"]["l"],
            "yshift": 6,
            "text": text,
            "align": "left",
            "showarrow": False,
            "xanchor": "left",
            "yanchor": "bottom",
            "font": {"size": 13, "color": INK},
        },
    ]
    layout["margin"]["t"] = 12 + 19 * rows
    return drawn


# --- writing a word ----------------------------------------------------------------------------------------


@figure(word=word_field("presentation", 18))
def decoding(word: str) -> dict:
    """The decoder at work: one column for each step, one row for each phoneme that came into question.

    The more a cell stands out, the more probable it is; the symbol below a column is the one that was written and
    fed back in. The decoder does not look at the letters while it writes: it has the summary and its own past. In
    “presentation” it has found that the first s is read Z and that “ti” is read SH. Where it is in doubt, nearly
    always about a vowel, a column has several coloured cells. Long and rare words come out wrong.
    """
    symbols, logits = greedy(trained(), spell(word), longest=20)
    written = symbols[0].tolist()
    probabilities = torch.softmax(forbid(logits[0]), dim=-1)  # (T, V)
    rows: list[int] = []
    for place, symbol in enumerate(written):
        likely = probabilities[place].topk(2)
        doubtful = [i for p, i in zip(likely.values.tolist(), likely.indices.tolist(), strict=True) if p > 0.04]
        rows += [index for index in dict.fromkeys([symbol, *doubtful]) if index not in rows]
    rows = [row for row in rows if row != END] + [END]
    drawn = heatmap(
        probabilities[:, torch.tensor(rows)].T,
        x=[SHOWN[symbol] for symbol in written],
        y=[SHOWN[row] for row in rows],
        x_title="symbol written at each step",
        y_title="candidate",
        z_title="probability",
        limits=(0, 1),
        colour_bar=False,
        height=400,
    )
    truth = in_dictionary(word)
    seen = "trained on" if part_of(word) == "train" else "never seen"
    said = f"{' '.join(truth)} ({seen})" if truth else "not in the file"
    return headline(drawn, f"model: {' '.join(read_phonemes(written))}<br>dictionary: {said}", rows=2)


def columns_of_phonemes(columns: dict[str, list[str]], shade: list[list[float]], **options: object) -> dict:
    """A table with one column for each sequence, its symbols from top to bottom; `shade` colours the cells."""
    deep = max(map(len, columns.values()))
    text = [[column[row] if row < len(column) else "" for column in columns.values()] for row in range(deep)]
    z = [[cells[row] if row < len(cells) else None for cells in shade] for row in range(deep)]
    drawn = heatmap(z, x=list(columns), text=text, colour_bar=False, gaps=True, limits=(0, 1), height=420, **options)
    drawn["layout"]["yaxis"] |= {"showticklabels": False}
    drawn["layout"]["margin"]["l"] = 24
    drawn["layout"]["xaxis"] |= {"side": "top", "tickangle": 0}
    drawn["layout"]["margin"] |= {"t": 44, "b": 8}
    return drawn


@figure(
    word=word_field("tomato", 14),
    temperature=Slider("Temperature of the draws", values=[0.2, 0.5, 1.0, 1.5, 2.0], value=1.0),
    seed=Slider("Draw number", 1, 20, value=1),
)
def strategies(word: str, temperature: float, seed: int) -> dict:
    """Six pronunciations of one word from one model: greedy, the best of a beam of 5, and four drawn at random.

    The more a cell stands out, the surer the model was; the number over a column is the log-probability of the
    whole sequence, in nats. For “tomato” the beam starts with a symbol that is second best at its step, and ends
    with the likelier whole. The draws differ where the letters leave a choice, and at a high temperature
    everywhere; at 0.2 most of them agree with greedy decoding.
    """
    model, source = trained(), spell(word)
    generator = torch.Generator().manual_seed(seed)
    tree = beam_search(model, source, 5, longest=LONGEST + 10)
    found = {
        "greedy": greedy(model, source, longest=LONGEST + 10)[0][0].tolist(),
        "beam": path(tree, ranked(tree)[0]),
    }
    for number in range(1, 5):
        found[f"draw {number}"] = draw(model, source, generator, temperature, longest=LONGEST + 10)[0]
    columns, shade = {}, []
    for (name, symbols), chances in zip(found.items(), chances_of(list(found.values()), source), strict=True):
        total = chances.clamp(min=1e-9).log().sum().item()
        columns[f"{name}<br>{total:.1f}".replace("-", "−")] = [SHOWN[symbol] for symbol in symbols]
        shade.append(plain(chances))
    return columns_of_phonemes(columns, shade, hover="%{text}: %{z:.0%}<extra></extra>")


@torch.no_grad()
def chances_of(
    targets: list[list[int]], source: torch.Tensor, fed: list[list[int]] | None = None
) -> list[torch.Tensor]:
    """The probability of each symbol of some targets, (T,) each, after the symbols before it or those of `fed`."""
    longest = max(map(len, targets))
    rows = [[START, *(ids[:-1])] + [PADDING] * (longest - len(ids)) for ids in fed or targets]
    logits = trained()(source.expand(len(rows), -1), torch.tensor(rows))
    probabilities = torch.softmax(forbid(logits), dim=-1)  # (B, T, V)
    return [
        probabilities[row, torch.arange(len(symbols)), torch.tensor(symbols)] for row, symbols in enumerate(targets)
    ]


@figure(word=word_field("tomato", 16), width=Slider("Beam width", 1, 5, value=3))
def beam_tree(word: str, width: int) -> dict:
    """Beam search, drawn as the tree of every beginning it kept.

    Each node is a symbol; a branch that stops was pushed out of the beam by likelier beginnings, one that ends
    in a large dot is finished, with its log-probability in nats. The heavy line is the winner. Width 1 is greedy
    decoding, a tree with one branch. For “tomato” it takes AA as its first vowel and never learns that OW, a
    little less likely at that moment, would have led to a likelier word: a width of 2 finds it. Most second
    thoughts are about vowels.
    """
    tree = beam_search(trained(), spell(word), width)
    best = ranked(tree)[0]
    children: dict[int, list[int]] = {place: [] for place in range(len(tree))}
    for place, node in enumerate(tree[1:], start=1):
        children[node.parent].append(place)
    height: dict[int, float] = {}
    leaves = 0

    def settle(place: int) -> float:
        """Give every leaf a row of its own and every parent the row of its likeliest child."""
        nonlocal leaves
        if children[place]:
            rows = [settle(child) for child in children[place]]
            height[place] = rows[0]
        else:
            height[place] = float(leaves)
            leaves += 1
        return height[place]

    settle(0)
    winner = {best}
    while tree[min(winner)].parent >= 0:
        winner.add(tree[min(winner)].parent)
    finished = [place for place, node in enumerate(tree) if node.ended]
    alive = set(finished)
    for place in finished:
        while tree[place].parent >= 0:
            place = tree[place].parent
            alive.add(place)
    traces = []
    for members, colour, thickness in (
        (set(range(len(tree))) - alive, GRID, 1.5),
        (alive - winner, MUTED, 1.5),
        (winner, ACCENT, 3.0),
    ):
        xs: list[float | None] = []
        ys: list[float | None] = []
        for place in sorted(members):
            parent = tree[place].parent
            if parent >= 0:
                xs += [tree[parent].step, tree[parent].step + 0.5, tree[place].step, None]
                ys += [height[parent], height[place], height[place], None]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": xs or [0],
                "y": ys or [0],
                "line": {"color": colour, "width": thickness},
                "hoverinfo": "skip",
            }
        )
    shown = list(range(1, len(tree)))
    traces.append(
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [tree[place].step for place in shown],
            "y": [height[place] for place in shown],
            "text": ["\u2002" if tree[place].ended else SHOWN[tree[place].symbol] for place in shown],
            "textposition": "top center",
            "textfont": {"size": 11, "color": INK},
            "marker": {
                "size": [9 if tree[place].ended else 4 for place in shown],
                "color": [ACCENT if place in winner else MUTED for place in shown],
            },
            "customdata": [f"{tree[place].score:.2f}" for place in shown],
            "hovertemplate": "%{text} log-probability %{customdata}<extra></extra>",
            "cliponaxis": False,
        }
    )
    drawn = lines({"": ([0], [0])}, x_title="step", height=440)
    drawn["data"] = traces
    layout = drawn["layout"]
    layout["xaxis"] |= {"range": [-0.2, max(node.step for node in tree) + 1.6], "showgrid": False, "dtick": 1}
    layout["yaxis"] |= {"range": [leaves - 0.4, -0.9], "visible": False}
    layout["margin"] |= {"l": 10, "t": 34}
    layout["annotations"] = [
        {
            "x": tree[place].step + 0.2,
            "y": height[place],
            "text": f"{tree[place].score:.2f}".replace("-", "−"),
            "showarrow": False,
            "xanchor": "left",
            "font": {"size": 11, "color": ACCENT if place == best else MUTED},
        }
        for place in finished
    ]
    return headline(drawn, f"best: {' '.join(read_phonemes(path(tree, best)))}")


# --- the summary -------------------------------------------------------------------------------------------


@figure(
    words=Text(
        "Words, with spaces",
        value="winter morning coffee",
        max_length=36,
        alphabet=LETTERS + " ",
        help="up to four words",
    )
)
def bottleneck(words: str) -> dict:
    """The same words read one at a time, on the left, and run together without spaces, on the right.

    In the left column each word has a summary of its own, and the phonemes are written one word below the
    other. In the next columns the first word, the first two, and so on are read as one long word, and what
    differs from the left column stands out; a dash stands for a phoneme that is missing. Nothing about the
    sounds has become harder. The summary has the same size for one word as for all of them, and the model has
    never seen a word of more than 14 letters.
    """
    chosen = words.split()[:4] or ["a"]
    model = trained()
    apart = [pronounced(model, word) for word in chosen]
    columns = {"apart": [symbol for phonemes in apart for symbol in phonemes]}
    shade: list[list[float]] = [[0.0] * len(columns["apart"])]
    for count in range(1, len(chosen) + 1):
        wanted = [symbol for phonemes in apart[:count] for symbol in phonemes]
        aligned = align(pronounced(model, "".join(chosen[:count])), wanted)
        columns["first" if count == 1 else f"first {count}"] = [symbol for symbol, _ in aligned]
        shade.append([0.0 if same else 0.85 for _, same in aligned])
    drawn = columns_of_phonemes(columns, shade, hover="%{text}<extra></extra>")
    drawn["layout"]["height"] = 600
    return drawn


def pronounced(model: EncoderDecoder, word: str) -> list[str]:
    """The greedy phonemes of a word of any length."""
    return list(read_phonemes(greedy(model, spell(word), longest=len(word) + 6)[0][0]))


def align(written: list[str], wanted: list[str]) -> list[tuple[str, bool]]:
    """What was written, symbol for symbol, and whether it is what was wanted; "–" where one is missing."""
    cost = [[row + column for column in range(len(wanted) + 1)] for row in range(len(written) + 1)]
    for row, symbol in enumerate(written, start=1):
        for column, goal in enumerate(wanted, start=1):
            cost[row][column] = min(
                cost[row - 1][column - 1] + (symbol != goal), cost[row - 1][column] + 1, cost[row][column - 1] + 1
            )
    row, column, aligned = len(written), len(wanted), []
    while row or column:
        here = cost[row][column]
        if row and column and here == cost[row - 1][column - 1] + (written[row - 1] != wanted[column - 1]):
            row, column = row - 1, column - 1
            aligned.append((written[row], written[row] == wanted[column]))
        elif row and here == cost[row - 1][column] + 1:
            row -= 1
            aligned.append((written[row], False))
        else:
            column -= 1
            aligned.append(("–", False))
    return aligned[::-1]


@figure(word=word_field("communication", 18))
def remembered_letters(word: str) -> dict:
    """What is left of each letter in the summary: how far c moves when that letter becomes another one.

    Each bar is the mean over the 25 other letters, as a share of the summary's own length. In “communication” the
    first letters move it most, although they were read first and passed through every later step: the encoder
    has learned to carry them, since they decide how the decoder begins. The lowest bars are in the middle of its
    ending, which many words share. A small bar means little room in the 64 numbers, not little importance.
    """
    ids = spell(word)  # (1, S)
    S = ids.shape[1]
    swapped = ids.repeat(26 * S, 1)  # (26 S, S)
    places = torch.arange(S).repeat_interleave(26)
    swapped[torch.arange(26 * S), places] = FIRST + torch.arange(26).repeat(S)
    with torch.no_grad():
        own = trained().read(ids)  # (1, C)
        moved = (trained().read(swapped) - own).norm(dim=1).reshape(S, 26)
    share = moved.sum(1) / 25 / own.norm()
    return bars(
        share,
        list(word),
        x_title="letter changed",
        y_title="movement of the summary (share)",
        limits=(0, max(1.0, 1.05 * share.max().item())),
        height=300,
    )


KINDS = {
    "length": {
        "2–5 letters": lambda word: len(word) <= 5,
        "6–9": lambda word: 6 <= len(word) <= 9,
        "10–14": lambda word: len(word) >= 10,
    },
    "r": {"with an r": lambda word: "r" in word},
    "end": {
        "-s": lambda word: word.endswith("s"),
        "-ed": lambda word: word.endswith("ed"),
        "-ing": lambda word: word.endswith("ing"),
        "-er": lambda word: word.endswith("er"),
    },
}


@figure(
    word=word_field("wondering", 16),
    colour=Choice("Colour words by", {"length": "length", "r": "the letter r", "end": "how they end"}, "length"),
)
def summary_map(word: str, colour: str) -> dict:
    """A map of summaries: 240 words that the model never trained on, in the plane in which summaries vary most.

    The line is your word, letter by letter: where its summary would be if the word ended there. From right to left
    the words lie almost in order of length, although nobody asked the encoder to count: the decoder has to know
    how much there is to say. Upwards and downwards, words with an r tend to part from those without. Endings
    gather loosely. The plane shows only about a sixth of the variance; the rest has directions that a page does
    not.
    """
    kept = results("encoder-decoder")["training"]["map"]
    groups: dict[str, list[int]] = {label: [] for label in [*KINDS[colour], "other"]}
    for index, known in enumerate(kept["words"]):
        label = next((label for label, holds in KINDS[colour].items() if holds(known)), "other")
        groups[label].append(index)
    groups = {label: members for label, members in groups.items() if members}
    with torch.no_grad():
        states, _ = trained().encoder(spell(word))  # (1, S, D)
        summaries = trained().summary(states[0])  # (S, C)
    walk = (summaries - torch.tensor(kept["mean"])) @ torch.tensor(kept["plane"]).T  # (S, 2)
    traces = []
    for number, (label, members) in enumerate(groups.items()):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": label,
                "x": [kept["places"][i][0] for i in members],
                "y": [kept["places"][i][1] for i in members],
                "text": [kept["words"][i] for i in members],
                "marker": {"color": GRID if label == "other" else SERIES[number], "size": 7},
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    traces.append(
        {
            "type": "scatter",
            "mode": "lines+markers+text",
            "name": word,
            "x": plain(walk[:, 0]),
            "y": plain(walk[:, 1]),
            "text": list(word),
            "textposition": "top center",
            "textfont": {"size": 13, "color": INK},
            "line": {"color": INK, "width": 1.2},
            "marker": {"color": INK, "size": 4},
            "hovertemplate": "after %{text}<extra></extra>",
            "cliponaxis": False,
            "showlegend": False,
        }
    )
    every = kept["places"] + plain(walk)
    drawn = lines(
        {"": ([p[0] for p in every], [p[1] for p in every])},
        x_title="first direction",
        y_title="second direction",
        x_range=spaced([p[0] for p in every]),
        y_range=spaced([p[1] for p in every]),
        height=440,
    )
    drawn["data"] = traces
    drawn["layout"] |= {
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"size": 12, "color": INK},
            "bgcolor": TRANSPARENT,
            "itemclick": False,
            "itemdoubleclick": False,
        },
    }
    drawn["layout"]["margin"]["t"] = 60
    return drawn


def spaced(values: list[float]) -> tuple[float, float]:
    room = 0.07 * (max(values) - min(values))
    return min(values) - room, max(values) + room


# --- training and its measures -----------------------------------------------------------------------------


@figure(word=word_field("important", 14), place=Slider("Wrong symbol at step", 1, 6, value=2))
def one_slip(word: str, place: int) -> dict:
    """Exposure bias in one word: one wrong symbol is put in, and the decoder has to go on from there.

    Grey bars are the probabilities of the symbols the model writes by itself. For the coloured ones the symbol
    at the chosen step was replaced, before it was fed back in, by the model's second choice. Up to there both
    are the same. After B for M in “important” the next five symbols lose, some of them nearly everything, before
    the decoder finds its way back. Part of such a change is sensible, since after another vowel another rest can
    be right. The remainder is exposure bias: in training the symbols fed in were always true.
    """
    source = spell(word)
    symbols, logits = greedy(trained(), source, longest=LONGEST + 10)
    written = symbols[0].tolist()
    place = min(place, len(written) - 1) if len(written) > 1 else 0
    fed = list(written)
    second = "nothing"
    if place:
        index = forbid(logits[0])[place - 1].topk(2).indices.tolist()[1]
        fed[place - 1], second = index, SHOWN[index]
    calm, upset = chances_of([written, written], source, [written, fed])
    drawn = bars(
        upset,
        [SHOWN[symbol] for symbol in written],
        x_title="symbol the model writes by itself",
        y_title="probability",
        limits=(0, 1.05),
        height=320,
    )
    drawn["data"][0]["name"] = "another symbol fed back"
    grey = {"name": "as written", "y": plain(calm), "marker": {"color": MUTED}}
    drawn["data"].insert(0, drawn["data"][0] | grey)
    drawn["layout"] |= {"barmode": "group"}
    drawn["layout"]["yaxis"] |= {"tickformat": ".0%"}
    replaced = SHOWN[written[place - 1]] if place else "nothing"
    return headline(drawn, f"step {place}: {second} fed back in for {replaced}")


@figure(
    candidate=Text("Candidate", value="the cat sat on the on mat", max_length=60),
    reference=Text("Reference", value="the cat sat on the mat", max_length=60),
)
def bleu_parts(candidate: str, reference: str) -> dict:
    """BLEU of a sentence against a reference, and the parts it is made of.

    The first four bars are the shares of the candidate's words, pairs, triples and quadruples that occur in
    the reference, each counted at most as often as there. The penalty is below 1 when the candidate is shorter
    than the reference. Write “the the the the the the” and clipping stops it; write “the cat” and the penalty
    does. One missing quadruple makes the score of a sentence zero, which is why BLEU is meant for a corpus.
    """
    found = bleu([tuple(candidate.lower().split())], [tuple(reference.lower().split())])
    values = [*found.precisions, found.brevity_penalty, found.score]
    drawn = bars(
        values,
        ["1", "2", "3", "4", "brevity", "BLEU"],
        x_title="precision of n-grams · penalty · score",
        y_title="share",
        highlight=5,
        limits=(0, 1.15),
        text=[f"{value:.2f}" for value in values],
        height=280,
    )
    return drawn


# --- measured ----------------------------------------------------------------------------------------------


@figure(measured=True)
def loss_curves() -> dict:
    """The training run behind this page: three losses that measure the same symbols.

    “Forced” gives the decoder the true symbols of words it has never trained on, “free” its own, and then asks
    how probable the true next symbol is. The free loss stays three to four times as high to the end. Training
    lowers it only by making slips rarer; it never looks at what follows a slip, and then every later symbol may
    be out of place. The training line falls below the forced one: the model begins to know its own words.
    """
    curves = results("encoder-decoder")["training"]["curves"]
    return lines(
        {
            "training": curves["training_loss"],
            "forced": curves["validation_loss"],
            "free": curves["free_running_loss"],
        },
        curves["step"],
        x_title="training step",
        y_title="loss (nats a symbol)",
        colour={"training": SERIES[2], "forced": SERIES[0], "free": SERIES[1]},
        height=340,
    )


def by_length(entries: dict) -> list[int]:
    """The lengths of a measured result with at least three letters, where there are words enough to count."""
    return [int(name.removeprefix("letters_")) for name in entries if name != "letters_2"]


@figure(
    measured=True,
    show=Choice("Show", {"exact": "words all right", "error_rate": "phoneme error rate"}, "exact"),
)
def length_accuracy(show: str) -> dict:
    """Held-out words by their length: how many the page's model writes without any error.

    The share of perfect words falls with length, as it would for any reader who makes a slip now and then. The
    dashed line is that: the chance of a slip at a letter is that of words of six letters, whatever the length. Up
    to six letters the model keeps near it; beyond, it falls further and further short. The phoneme error rate takes
    the number of chances out, and would be level if a letter of a long word were as easy as one of a short word.
    """
    entries = results("encoder-decoder")["training"]["test"]["by_length"]
    lengths = by_length(entries)
    values = [entries[f"letters_{length}"][show] for length in lengths]
    series = {"measured": values}
    if show == "exact":
        each = values[lengths.index(6)] ** (1 / 6)
        series["even slips"] = [each**length for length in lengths]
    return lines(
        series,
        lengths,
        x_title="letters in the word",
        y_title="share of words" if show == "exact" else "edits for each phoneme",
        y_range=(0, 1) if show == "exact" else (0, 1.1 * max(values)),
        dashed=("even slips",),
        markers=True,
        height=320,
    )


@figure(
    measured=True,
    show=Choice("Compare", {"source": "reading direction", "summary": "width of the summary"}, "source"),
)
def ablation(show: str) -> dict:
    """Two changes to the model, each trained three times for a quarter of the steps: words all right by length.

    Bands reach from the lowest run to the highest. Reading direction: backwards, the first letters are the last
    to be read, and most lengths gain. Width: the same network with a summary of 64, 16 or 4 numbers. With 16,
    words of four letters lose about a quarter of their share and words of eight more than half; with 4 there is
    hardly a word that survives. After so short a training, words of more than ten letters are beyond them all.
    """
    found = results("encoder-decoder")
    if show == "source":
        chosen = {"forwards": found["source"]["forward"], "backwards": found["source"]["reversed"]}
    else:
        chosen = {
            "64 numbers": found["source"]["forward"],
            "16 numbers": found["summary"]["width_16"],
            "4 numbers": found["summary"]["width_4"],
        }
    series, edges = {}, {}
    for label, entry in chosen.items():
        lengths = by_length(entry["by_length"])
        shares = [entry["by_length"][f"letters_{length}"] for length in lengths]
        series[label] = (lengths, [share["mean"] for share in shares])
        edges[label] = ([share["lowest"] for share in shares], [share["highest"] for share in shares])
    return lines(
        series,
        x_title="letters in the word",
        y_title="share of words all right",
        y_range=(0, 0.9),
        bands=edges,
        markers=True,
        height=340,
    )


@figure(
    measured=True,
    show=Choice(
        "Show",
        {
            "exact": "words all right",
            "bleu": "BLEU",
            "log_probability": "log-probability of the winner",
            "length_ratio": "length, written against true",
        },
        "exact",
    ),
)
def beam_width(show: str) -> dict:
    """What a wider beam buys, on a thousand held-out words with the page's model.

    A wider beam searches more and finds likelier sequences, but very little is left to find beyond a width of 4:
    a word has few sensible pronunciations. All four numbers are of the winner. The outputs get a little shorter
    as the beam grows, because every further symbol costs probability.
    """
    entries = results("encoder-decoder")["training"]["beam"]
    widths = [int(name.removeprefix("width_")) for name in entries]
    titles = {
        "exact": "share of words",
        "bleu": "BLEU",
        "log_probability": "log-probability (nats)",
        "length_ratio": "ratio of lengths",
    }
    return lines(
        [entry[show] for entry in entries.values()],
        widths,
        x_title="beam width",
        y_title=titles[show],
        x_log=True,
        x_range=(0.9, 17.5),
        markers=True,
        height=300,
    )
