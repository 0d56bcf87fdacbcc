"""The recipe of the page's model, and the experiments behind its *measured* figures.

    python -m snippets.encoder_decoder.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.encoder_decoder.train --experiments    # every comparison, one result at a time, resumable

Words come from `snippets/data/pronunciations.txt`, split by a hash of the word: 8 of 10 to learn from, 1 to compare
settings, 1 to report. Every experiment trains once for each of `SEEDS` and keeps the number of each run.
"""

from collections.abc import Iterable, Iterator
from math import log

import torch
from torch import nn
from torch.nn import functional as F

from snippets.data import pronunciations
from snippets.data.pronunciations import PADDING, START, Batch, Pair
from snippets.encoder_decoder.decoding import beam_search, choose, forbid, greedy, path, ranked
from snippets.encoder_decoder.metrics import bleu, error_rate, exact_match
from snippets.encoder_decoder.model import Config, EncoderDecoder
from snippets.kit.training import Run, command

SEEDS = range(3)
STEPS = 4000
SHORT = 1000  # steps of a run that is compared with others
BATCH = 128  # words in a step
RATE = 3e-3
EVERY = 250  # steps between two measurements


# --- the page's model --------------------------------------------------------------------------------------


def train() -> None:
    """Train the model of the page."""
    with Run("encoder-decoder", recipe=train, seed=0, data=["pronunciations.txt"]) as run:
        parts = pronunciations.split()
        model = EncoderDecoder(Config())
        watched = pronunciations.batch(some(parts["validation"], 1000))
        recent = []
        for step, loss in enumerate(fit(model, parts["train"], run.steps(STEPS), STEPS, seed=0), start=1):
            recent.append(loss)
            if step == 100:
                early = sum(recent[-20:]) / 20
            if step % EVERY == 0:
                forced, free = forced_and_free(model, watched)
                mean, recent = sum(recent) / len(recent), []
                run.record(step=step, training_loss=mean, validation_loss=forced, free_running_loss=free)
        known = [pair for part in parts.values() for pair in part]
        metrics = {
            "steps": STEPS,
            "batch": BATCH,
            "early_loss": early,
            "words": {part: len(members) for part, members in parts.items()},
            "letters_in_a_word": sum(len(pair.word) for pair in known) / len(known),
            "phonemes_in_a_word": sum(len(pair.phonemes) for pair in known) / len(known),
            "phonemes": len(pronunciations.PHONEMES),
            "uniform_loss": log(len(pronunciations.PHONEMES) + 1),
            "embedding": model.config.embedding,
            "hidden": model.config.hidden,
            "summary": model.config.summary,
            "validation": measure(model, parts["validation"]),
            "test": measure(model, parts["test"]),
            "beam": {f"width_{width}": search(model, some(parts["test"], 1000), width) for width in (1, 2, 4, 8, 16)},
            "map": principal_plane(model, parts["validation"]),
        }
        run.save(model, metrics=metrics)


def fit(model: EncoderDecoder, part: list[Pair], steps: Iterable[int], total: int, *, seed: int) -> Iterator[float]:
    """Train with teacher forcing; the rate falls to 0 over `total` steps. Yields the loss of every step, in nats."""
    supply = pronunciations.batches(part, BATCH, torch.Generator().manual_seed(seed))
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    for _ in steps:
        batch = next(supply)
        loss = loss_of(model(batch.source, batch.inputs), batch.targets)  # the true phonemes go in
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield loss.item()


def loss_of(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean surprise in nats a symbol: logits (B, T, V) against ids (B, T), padding left out."""
    flat = logits.reshape(-1, logits.shape[-1])  # (B, T, V) -> (B T, V)
    return F.cross_entropy(flat, targets.reshape(-1), ignore_index=PADDING)


@torch.no_grad()
def forced_and_free(model: EncoderDecoder, batch: Batch) -> tuple[float, float]:
    """Surprise at the true symbols, in nats each: after the true symbols before them, and after the model's own."""
    forced = loss_of(model(batch.source, batch.inputs), batch.targets).item()
    context = model.read(batch.source)
    hidden = model.decoder.start(context)
    symbol, logits = torch.full((len(batch.source),), START), []
    for _ in range(batch.targets.shape[1]):
        scores, hidden = model.decoder.step(symbol, hidden, context)
        symbol = choose(forbid(scores))
        logits.append(scores)
    return forced, loss_of(torch.stack(logits, dim=1), batch.targets).item()


def write(model: EncoderDecoder, part: list[Pair]) -> list[tuple[str, ...]]:
    """The greedy pronunciation of every word."""
    symbols, _ = greedy(model, pronunciations.batch(part).source)
    return [pronunciations.read_phonemes(row) for row in symbols]


def measure(model: EncoderDecoder, part: list[Pair]) -> dict:
    """How good greedy pronunciations are, over all words and by the length of the word."""
    batch = pronunciations.batch(part)
    forced, free = forced_and_free(model, batch)
    references = [pair.phonemes for pair in part]
    candidates = write(model, part)
    by_length = {}
    for length in sorted({len(pair.word) for pair in part}):
        rows = [row for row, pair in enumerate(part) if len(pair.word) == length]
        chosen, wanted = [candidates[row] for row in rows], [references[row] for row in rows]
        by_length[f"letters_{length}"] = {
            "words": len(rows),
            "exact": exact_match(chosen, wanted),
            "error_rate": error_rate(chosen, wanted),
        }
    return {
        "loss": forced,
        "free_running_loss": free,
        "exact": exact_match(candidates, references),
        "error_rate": error_rate(candidates, references),
        "bleu": bleu(candidates, references).score,
        "first_three": exact_match([c[:3] for c in candidates], [r[:3] for r in references]),
        "last_three": exact_match([c[-3:] for c in candidates], [r[-3:] for r in references]),
        "by_length": by_length,
    }


def search(model: EncoderDecoder, part: list[Pair], width: int) -> dict:
    """How good the best finished target of a beam search is, how likely, and how long."""
    references, candidates, scores = [pair.phonemes for pair in part], [], []
    for pair in part:
        tree = beam_search(model, pronunciations.spell(pair.word), width)
        best = ranked(tree)[0]
        candidates.append(pronunciations.read_phonemes(path(tree, best)))
        scores.append(tree[best].score)
    found = bleu(candidates, references)
    return {
        "words": len(part),
        "exact": exact_match(candidates, references),
        "error_rate": error_rate(candidates, references),
        "bleu": found.score,
        "log_probability": sum(scores) / len(scores),
        "length_ratio": sum(map(len, candidates)) / sum(map(len, references)),
    }


@torch.no_grad()
def principal_plane(model: EncoderDecoder, part: list[Pair]) -> dict:
    """The two directions in which the summaries of `part` vary most, and 240 of its words in that plane."""
    summaries = model.read(pronunciations.batch(part).source)  # (B, C)
    mean = summaries.mean(0)
    _, sizes, directions = torch.linalg.svd(summaries - mean, full_matrices=False)
    plane = directions[:2]  # (2, C)
    plane = plane * torch.sign(plane.sum(1, keepdim=True))
    shown = some(part, 240)
    places = (model.read(pronunciations.batch(shown).source) - mean) @ plane.T  # (240, 2)
    return {
        "mean": mean.tolist(),
        "plane": plane.tolist(),
        "explained": (sizes[:2].square().sum() / sizes.square().sum()).item(),
        "words": [pair.word for pair in shown],
        "places": places.tolist(),
    }


# --- experiments -------------------------------------------------------------------------------------------


def compare(reverse: bool = False, summary: int = Config().summary) -> dict:
    """A quarter of the recipe's steps with the source read forwards or backwards and a summary of some width."""
    parts = pronunciations.split()
    runs = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = EncoderDecoder(Config(reverse=reverse, summary=summary))
        for _ in fit(model, parts["train"], range(SHORT), SHORT, seed=seed):
            pass
        runs.append(measure(model, parts["validation"]))
    by_length = {length: spread([run["by_length"][length]["exact"] for run in runs]) for length in runs[0]["by_length"]}
    names = ("loss", "exact", "error_rate", "bleu", "first_three", "last_three")
    return {name: spread([run[name] for run in runs]) for name in names} | {"by_length": by_length}


def spread(values: list[float]) -> dict:
    """The runs' numbers with their mean, lowest and highest."""
    return {"runs": values, "mean": sum(values) / len(values), "lowest": min(values), "highest": max(values)}


def some(part: list[Pair], count: int) -> list[Pair]:
    """`count` words of a part, evenly spread over the alphabet."""
    return [part[i * len(part) // count] for i in range(count)]


def experiments() -> dict:
    """Every experiment by the name of its result."""
    plan: dict[str, tuple] = {
        "source.forward": (compare, {"reverse": False}),
        "source.reversed": (compare, {"reverse": True}),
    }
    for summary in (4, 16):
        plan[f"summary.width_{summary}"] = (compare, {"summary": summary})
    return plan


if __name__ == "__main__":
    command("encoder-decoder", train, experiments)
