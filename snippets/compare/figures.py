"""The figures of the page that compares: what was counted, one line or bar an architecture.

Each trace says in `meta` which architecture it is, so that the page can stress the ones the reader picked.
"""

from snippets.kit import Choice, bars, figure, lines, results
from snippets.kit.colours import MUTED, SERIES

NAMES = {
    "rnn": "RNN",
    "lstm-gru": "LSTM",
    "encoder-decoder": "encoder-decoder",
    "attention": "attention",
    "transformer": "transformer",
    "bert": "BERT",
    "gpt": "GPT",
    "vision": "ViT",
    "diffusion": "diffusion",
}
DOING = Choice("While it", {"training": "is trained on n", "generation": "generates n"})


def counted() -> dict[str, dict]:
    """What was counted of every model, by slug, in the order of the recipe."""
    return {slug: found for slug, found in results("compare").items() if slug != "provenance"}


def compared(series: dict[str, tuple[list, list]], y_title: str, y_range: tuple[float, float]) -> dict:
    """One line an architecture, by slug, on logarithmic axes."""
    drawn = lines(
        {NAMES[slug]: pair for slug, pair in series.items()},
        x_title="length n, in letters, tokens, patches or pixels",
        y_title=y_title,
        x_log=True,
        y_log=True,
        y_range=y_range,
        markers=True,
        height=340,
    )
    for trace, slug in zip(drawn["data"], series, strict=True):
        trace["meta"] = slug
    return stressable(drawn)


def stressable(drawn: dict) -> dict:
    """The colours in which the page draws the ones that were picked, in order, and the rest."""
    drawn["layout"]["meta"] = {"picked": SERIES[:3], "rest": MUTED}
    return drawn


def parts(doing: str) -> dict[str, dict]:
    """What was counted of training or generation, by slug; what does not generate is left out."""
    return {slug: found[doing] | {"lengths": found["lengths"]} for slug, found in counted().items() if found[doing]}


@figure(doing=DOING, measured=True)
def cost(doing: str) -> dict:
    """Multiply-adds for each element, at every length: what one more letter, token, patch or pixel costs.

    A flat line is a cost that is linear in the length: twice as long, twice as expensive. The recurrent networks are
    flat from end to end. The lines of the transformers begin flat, where their matrices cost most, and bend upwards
    where attention takes over. The U-Net is all but flat: its attention works on a quarter of the places, so that it
    is only beginning to count.
    """
    series = {
        slug: (part["lengths"], [count / n for count, n in zip(part["multiply_adds"], part["lengths"], strict=True)])
        for slug, part in parts(doing).items()
    }
    return compared(series, "multiply-adds for each element", (4e3, 6e6))


@figure(doing=DOING, measured=True)
def waiting(doing: str) -> dict:
    """How many steps have to wait for one another, however many processors there are.

    While it is trained a recurrent network waits at every element, and a transformer never. Generating makes the
    token-by-token models wait as well. Diffusion alone has a number of steps that does not depend on the length: here
    20, and the reader of the page on diffusion can choose another.
    """
    series = {slug: (part["lengths"], part["steps"]) for slug, part in parts(doing).items()}
    return compared(series, "steps, one after another", (0.8, 4e3))


@figure(measured=True)
def memory() -> dict:
    """Bytes carried from one step of generation to the next, in 32-bit numbers.

    A recurrent network keeps one state, however much it has read. Attention keeps something for every element: the
    speller a state and a key for each letter, GPT keys and values in every block. Diffusion carries the picture
    itself, which grows as the picture does.
    """
    series = {slug: (part["lengths"], part["bytes"]) for slug, part in parts("generation").items()}
    return compared(series, "bytes carried along", (10, 6e6))


@figure(
    show=Choice("Show", {"parameters": "parameters", "bytes": "bytes of weights", "seconds": "seconds of training"}),
    measured=True,
)
def size(show: str) -> dict:
    """How large the reference models are, and how long they were trained on one thread.

    The models solve different tasks, so a longer bar is not a worse one. Training time was taken when each page's
    recipe ran; it covers everything the recipe trains, for some pages a second or a third network.
    """
    found = counted()
    values = [measured(part["seconds"]["key"]) if show == "seconds" else part[show] for part in found.values()]
    drawn = bars(
        values,
        [NAMES[slug] for slug in found],
        x_title={"parameters": "parameters", "bytes": "bytes of weights", "seconds": "seconds of training"}[show],
        horizontal=True,
        text=[f"{value:,.0f}" for value in values],
        height=340,
    )
    drawn["data"][0]["meta"] = list(found)
    return stressable(drawn)


def measured(key: str) -> float:
    """A result of another page, by its slug and keys: ``rnn.training.seconds``."""
    slug, *path = key.split(".")
    value = results(slug)
    for part in path:
        value = value[part]
    return value
