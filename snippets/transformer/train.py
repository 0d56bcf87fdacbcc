"""The recipe of the page's model, and the experiments behind its *measured* figures.

    python -m snippets.transformer.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.transformer.train --experiments    # every comparison, one result at a time, resumable

The words are those of the pages on encoder-decoder and attention, `snippets/data/pronunciations.txt`, split in the same
way: 8 of 10 to learn from, 1 to compare settings, 1 to report.
"""

import copy
import time
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from snippets.attention.model import Config as SpellerConfig
from snippets.attention.model import Speller
from snippets.attention.model import write as spell_out
from snippets.data import pronunciations
from snippets.data.pronunciations import PADDING, Pair
from snippets.encoder_decoder.metrics import error_rate, exact_match
from snippets.kit import load_weights
from snippets.kit.training import Run, command
from snippets.transformer.lora import adapt
from snippets.transformer.model import Config, EncoderLayer, Transformer, write
from snippets.transformer.objective import learning_rate, smoothed_loss

SEEDS = range(3)
STEPS = 4000
BATCH = 128
WARM_UP = 400
SMOOTHING = 0.1
SHORT = {2: 300, 6: 200}  # steps of a run that is compared with others, by its layers
SMALL = {"width": 32}  # and the size of its model, in batches of 64
PEAK = 3e-3  # and its highest learning rate


# --- the page's model --------------------------------------------------------------------------------------


def train() -> None:
    """Train the model of the page."""
    with Run("transformer", recipe=train, seed=0, data=["pronunciations.txt"]) as run:
        parts = pronunciations.split()
        model = Transformer(Config())
        watched = parts["validation"][::3]

        def rate(step: int) -> float:
            return learning_rate(step, model.config.width, WARM_UP) * (1 - step / STEPS)

        recent = []
        losses = fit(model, parts["train"], run.steps(STEPS), rate, batch=BATCH, smoothing=SMOOTHING, seed=0)
        for step, loss in enumerate(losses, start=1):
            recent.append(loss)
            if step == 100:
                early = sum(recent[-20:]) / 20
            if step % 250 == 0:
                mean, recent = sum(recent) / len(recent), []
                run.record(step=step, training_loss=mean, validation_loss=forced(model, watched))
        metrics = {
            "steps": STEPS,
            "batch": BATCH,
            "warm_up": WARM_UP,
            "smoothing": SMOOTHING,
            "early_loss": early,
            "words": {part: len(pairs) for part, pairs in parts.items()},
            "training": {"loss": forced(model, parts["train"][::8])},
            "validation": evaluate(model, parts["validation"]),
            "test": evaluate(model, parts["test"]),
            "learned": learned(model),
        }
        run.save(model, metrics=metrics)


def fit(
    model: nn.Module,
    part: list[Pair],
    steps: Iterable[int],
    rate: Callable[[int], float],
    *,
    batch: int,
    smoothing: float,
    seed: int,
) -> Iterator[float]:
    """Train with Adam as in 2017, at `rate(step)` counted from 1. Yields every step's loss in nats a phoneme."""
    generator = torch.Generator().manual_seed(seed)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learning, betas=(0.9, 0.98), eps=1e-9)
    source = pronunciations.batches(part, batch, generator)
    for step, words in zip(steps, source, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = rate(step + 1)
        loss = smoothed_loss(model(words.source, words.inputs), words.targets, smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


@torch.no_grad()
def forced(model: nn.Module, part: list[Pair]) -> float:
    """Surprise at the true phonemes, each given those before it, in nats a phoneme."""
    words = pronunciations.batch(part)
    return smoothed_loss(model(words.source, words.inputs), words.targets, 0.0).item()


def evaluate(model: nn.Module, part: list[Pair]) -> dict:
    """Loss, the share of words that come out right, and wrong phonemes for each phoneme of the dictionary."""
    found = [pronunciations.read_phonemes(ids) for ids in write(model, pronunciations.batch(part).source)[0]]
    return {"loss": forced(model, part)} | judged(found, part)


def judged(found: list[tuple[str, ...]], part: list[Pair]) -> dict:
    """How good pronunciations are, over all words and by the length of the word."""
    lengths = sorted({len(pair.word) for pair in part})
    right: dict[int, list[bool]] = {length: [] for length in lengths}
    for phonemes, pair in zip(found, part, strict=True):
        right[len(pair.word)].append(phonemes == pair.phonemes)
    wanted = [pair.phonemes for pair in part]
    return {
        "exact": exact_match(found, wanted),
        "error_rate": error_rate(found, wanted),
        "length": lengths,
        "exact_by_length": [sum(right[length]) / len(right[length]) for length in lengths],
    }


def learned(model: Transformer) -> dict:
    """How many parameters each kind of part has."""
    count = {"embeddings": 0, "attention": 0, "feed_forward": 0, "norms": 0, "readout": 0}
    for name, parameter in model.named_parameters():
        kinds = {
            "readout": "readout",
            "symbols": "embeddings",
            "norm": "norms",
            "_attention": "attention",
            "feed_forward": "feed_forward",
        }
        count[next(kind for sign, kind in kinds.items() if sign in name)] += parameter.numel()
    return count


# --- experiments -------------------------------------------------------------------------------------------


def compare(
    layers: int,
    norm: str = "post",
    positions: str = "sinusoidal",
    residuals: bool = True,
    normalisation: bool = True,
    smoothing: float = 0.0,
    warm_up: int = 80,
) -> dict:
    """Small models of one kind, trained for a few hundred steps: curve, words right and stream of every seed."""
    parts, steps = pronunciations.split(), SHORT[layers]
    runs = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        config = Config(
            **SMALL,
            layers=layers,
            norm=norm,
            positions=positions,
            residuals=residuals,
            normalisation=normalisation,
        )
        model = Transformer(config)

        def rate(step: int) -> float:
            return PEAK * min(1.0, step / warm_up) * (1 - step / steps)

        losses = list(
            fit(model, parts["train"], range(steps), rate, batch=BATCH // 2, smoothing=smoothing, seed=seed)
        )
        found = evaluate(model, parts["validation"][::8])
        runs.append(
            {
                "curve": torch.tensor(losses).unfold(0, 20, 20).mean(1).tolist(),
                "stream": stream(model, parts["validation"][::40]),
                **{name: found[name] for name in ("loss", "exact", "error_rate")},
            }
        )
    return collected(runs) | {"parameters": sum(parameter.numel() for parameter in model.parameters()), "steps": steps}


@torch.no_grad()
def stream(model: Transformer, part: list[Pair]) -> list[float]:
    """Root mean square of the encoder's stream before the first layer and after each."""
    source = pronunciations.batch(part).source
    letters, x = (source != PADDING)[:, None, None, :], model.letters(source)
    kept = [x]
    for layer in model.encoder:
        kept.append(layer(kept[-1], letters))
    return [x[source != PADDING].square().mean().sqrt().item() for x in kept]


def adaptation(rank: int, peak: float) -> dict:
    """The page's model learns to read words from right to left, through matrices of one rank; 0: all of it learns.

    `peak` is the highest learning rate.
    """
    part, watched = (backwards(pronunciations.split()[name]) for name in ("train", "validation"))
    trained, steps = load_weights(Transformer(Config()), "transformer"), 150

    def rate(step: int) -> float:
        return peak * min(1.0, step / 25) * (1 - step / steps)

    runs = []
    for seed in SEEDS:
        model, generator = copy.deepcopy(trained), torch.Generator().manual_seed(seed)
        learning = adapt(model, rank, generator) if rank else sum(each.numel() for each in model.parameters())
        for _ in fit(model, part, range(steps), rate, batch=BATCH // 4, smoothing=0.0, seed=seed):
            pass
        found = evaluate(model, watched[::8])
        runs.append({name: found[name] for name in ("loss", "exact", "error_rate")})
    return collected(runs) | {"learning": learning, "steps": steps}


def unadapted() -> dict:
    """How well the page's model reads words from right to left without having learned it."""
    trained = load_weights(Transformer(Config()), "transformer")
    found = evaluate(trained, backwards(pronunciations.split()["validation"])[::8])
    return {name: found[name] for name in ("loss", "exact", "error_rate")}


def backwards(part: list[Pair]) -> list[Pair]:
    """The same words with their letters from right to left; the phonemes stay as they are."""
    return [Pair(pair.word[::-1], pair.phonemes) for pair in part]


def attention_page() -> dict:
    """The speller of the page on attention, judged like ours."""
    part = pronunciations.split()["test"]
    model = load_weights(Speller(SpellerConfig()), "attention", prefix="speller.")
    ids = spell_out(model, pronunciations.batch(part).source)[0]
    return judged([pronunciations.read_phonemes(row) for row in ids], part)


def time_a_step() -> dict:
    """Milliseconds of processor time of one training step on 2,048 symbols cut into sequences of one length.

    Forward and backward, one encoder layer of width 64 beside a GRU of two layers, which has about as many
    parameters; one thread. The quickest of 5 counts; processor time, so that other work on the machine counts less.
    """
    width, symbols = 64, 2048
    torch.manual_seed(0)
    layer, recurrent = EncoderLayer(Config(width=width)), nn.GRU(width, width, num_layers=2, batch_first=True)
    lengths = [4, 8, 16, 32, 64, 128, 256, 512, 1024]
    found: dict[str, list] = {"length": lengths, "transformer": [], "gru": []}
    for length in lengths:
        x = torch.randn(symbols // length, length, width)
        mask = torch.ones(1, 1, 1, length, dtype=torch.bool)
        times: dict[str, list[float]] = {"transformer": [], "gru": []}
        for _ in range(5):
            for name in times:
                started = time.process_time()
                result = layer(x, mask) if name == "transformer" else recurrent(x)[0]
                result.sum().backward()
                times[name].append((time.process_time() - started) * 1000)
        for name, taken in times.items():
            found[name].append(min(taken))
    found["parameters"] = {
        "transformer": sum(each.numel() for each in layer.parameters()),
        "gru": sum(each.numel() for each in recurrent.parameters()),
    }
    return found


def collected(runs: list[dict]) -> dict:
    """Each number of the runs as a list, with its mean, lowest and highest; curves as their mean and range."""
    together: dict = {}
    for name in runs[0]:
        table = torch.tensor([run[name] for run in runs], dtype=torch.float64)
        together[name] = {
            "mean": table.mean(0).tolist(),
            "lowest": table.min(0).values.tolist(),
            "highest": table.max(0).values.tolist(),
        }
    return together


def experiments() -> dict:
    """Every experiment by the name of its result."""
    plan: dict[str, tuple] = {"attention_page": (attention_page, {}), "lora.untouched": (unadapted, {})}
    before = {"norm": "pre"}
    for layers in (6, 2):
        kinds = {
            "nothing": before,
            "residuals": before | {"residuals": False},
            "norms": before | {"normalisation": False},
        }
        for name, changes in kinds.items():
            plan[f"removed.layers_{layers}.{name}"] = (compare, {"layers": layers} | changes)
    plan["removed.layers_2.positions"] = (compare, {"layers": 2, "positions": "none"} | before)
    plan["post.layers_6.warm_up_80"] = (compare, {"layers": 6, "warm_up": 80})
    for positions in ("learned", "rope", "alibi"):
        plan[f"positions.{positions}"] = (compare, {"layers": 2, "positions": positions} | before)
    plan["time"] = (time_a_step, {})
    for thousandths in (5, 10, 2):
        plan[f"lora.all.rate_{thousandths}"] = (adaptation, {"rank": 0, "peak": thousandths / 1000})
    for rank in (1, 4, 16, 2, 8):
        plan[f"lora.rank_{rank}"] = (adaptation, {"rank": rank, "peak": 0.01})
    plan["smoothed"] = (compare, {"layers": 2, "smoothing": SMOOTHING} | before)
    return plan


if __name__ == "__main__":
    command("transformer", train, experiments)
