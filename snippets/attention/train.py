"""The recipe of the page's networks, and the experiments behind its *measured* figures.

    python -m snippets.attention.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.attention.train --experiments    # every comparison, one result at a time, resumable

The speller learns the words of `snippets/data/pronunciations.txt`, the letter guessers the names of
`names.txt`; both files are split by a hash: 8 of 10 to learn from, 1 to compare settings, 1 to report.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator

import torch
from torch import nn
from torch.nn import functional as F

from snippets.attention.model import Config, Filler, FillerConfig, MultiHead, Speller, mix, write
from snippets.data import names, pronunciations
from snippets.data.pronunciations import END, PADDING, Pair
from snippets.encoder_decoder.model import Config as EncoderDecoderConfig
from snippets.encoder_decoder.model import EncoderDecoder
from snippets.kit import load_weights
from snippets.kit.training import Run, command

SEEDS = range(3)
STEPS = 2200  # of the page's speller
SHORT = 600  # of each speller that is compared
BATCH = 128
FILLER_STEPS = 1500
ALPHABET = "." + pronunciations.LETTERS  # of the names, the boundary first


# --- the page's networks -----------------------------------------------------------------------------------


def train() -> None:
    """Train the speller and the two letter guessers of the page."""
    with Run("attention", recipe=train, seed=0, data=["names.txt", "pronunciations.txt"]) as run:
        parts = pronunciations.split()
        speller = seeded(Speller, 0, Config())
        recent = []
        for step, loss in enumerate(fit(speller, parts["train"], run.steps(STEPS), seed=0, total=STEPS), start=1):
            recent.append(loss)
            if step % 200 == 0:
                mean, recent = sum(recent) / len(recent), []
                held_out = evaluate(speller, parts["validation"][::3])["loss"]
                run.record(step=step, training_loss=mean, validation_loss=held_out)
        fillers, filled = {}, {}
        for heads in (1, 8):
            fillers[heads], filled[f"heads_{heads}"] = fill(heads=heads, width=48, steps=FILLER_STEPS, seed=0)
        test = evaluate(speller, parts["test"])
        metrics = {
            "steps": STEPS,
            "filler_steps": FILLER_STEPS,
            "words": {part: len(pairs) for part, pairs in parts.items()},
            "phonemes": len(pronunciations.PHONEMES),
            "annotation": 2 * speller.config.encoder_hidden,
            "hidden": speller.config.hidden,
            "filler_width": fillers[8].config.width,
            "validation": evaluate(speller, parts["validation"]),
            "test": test,
            "speller_parameters": size(speller),
            "filler": filled,
            "filler_parameters": size(fillers[8]),
            "looking": looking(speller, parts["test"]),
            "erasing": erasing(speller, parts["test"][::10]),
        }
        saved = {"speller.": speller} | {f"heads_{heads}.": filler for heads, filler in fillers.items()}
        run.save(saved, metrics=metrics)


def fit(model: nn.Module, part: list[Pair], steps: Iterable[int], *, seed: int, total: int) -> Iterator[float]:
    """Train a speller on whole words. Yields the loss of every step, in nats a phoneme."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=total, pct_start=0.05)
    source = pronunciations.batches(part, BATCH, generator)
    for _, batch in zip(steps, source, strict=False):
        loss = loss_of(logits_of(model, batch), batch.targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield loss.item()


def logits_of(model: nn.Module, batch: pronunciations.Batch) -> torch.Tensor:
    """Logits (B, T, V) of either network, with the true phonemes as its inputs."""
    result = model(batch.source, batch.inputs)
    return result[0] if isinstance(result, tuple) else result


def loss_of(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean surprise in nats a phoneme: logits (B, T, V) against ids (B, T), padding left out."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=PADDING)


@torch.no_grad()
def evaluate(model: nn.Module, part: list[Pair]) -> dict:
    """Loss in nats a phoneme, and the share of words that come out right, over all and by their length."""
    right: Counter = Counter()
    seen: Counter = Counter()
    nats, phonemes = 0.0, 0
    ordered = sorted(part, key=lambda pair: len(pair.word))
    for first in range(0, len(ordered), 256):
        pairs = ordered[first : first + 256]
        batch = pronunciations.batch(pairs)
        count = int((batch.targets != PADDING).sum())
        nats += loss_of(logits_of(model, batch), batch.targets).item() * count
        phonemes += count
        for pair, ids in zip(pairs, guess(model, batch.source), strict=True):
            seen[len(pair.word)] += 1
            right[len(pair.word)] += pronunciations.read_phonemes(ids) == pair.phonemes
    lengths = sorted(seen)
    return {
        "loss": nats / phonemes,
        "exact": sum(right.values()) / len(part),
        "length": lengths,
        "exact_by_length": [right[length] / seen[length] for length in lengths],
        "words_by_length": [seen[length] for length in lengths],
    }


@torch.no_grad()
def guess(model: nn.Module, source: torch.Tensor, longest: int = 18) -> torch.Tensor:
    """The likeliest phoneme at each step, ids (B, T)."""
    if isinstance(model, Speller):
        return write(model, source, longest)[0]
    context = model.read(source)
    hidden = model.decoder.start(context)
    written = torch.full((source.shape[0],), pronunciations.START)
    found = []
    for _ in range(longest):
        logits, hidden = model.decoder.step(written, hidden, context)
        written = logits.argmax(-1)
        found.append(written)
    return torch.stack(found, dim=1)


# --- what the weights say ----------------------------------------------------------------------------------


@torch.no_grad()
def looking(model: Speller, part: list[Pair]) -> dict:
    """How sharply the trained speller looks: the largest weight of a step, and the entropy in nats."""
    by_length: dict[int, list[list[float]]] = {}
    ordered = sorted(part, key=lambda pair: len(pair.word))
    for first in range(0, len(ordered), 256):
        batch = pronunciations.batch(ordered[first : first + 256])
        _, weights = model(batch.source, batch.inputs)  # (B, T, S)
        entropy = torch.special.entr(weights).sum(-1)  # (B, T, S) -> (B, T)
        largest = weights.max(-1).values
        lengths = (batch.source != PADDING).sum(1)
        written = batch.targets > END  # phonemes: neither the end nor padding
        for row in range(len(lengths)):
            kept = written[row]
            by_length.setdefault(int(lengths[row]), []).append(
                [entropy[row][kept].mean().item(), largest[row][kept].mean().item()]
            )
    lengths = sorted(by_length)
    means = {length: torch.tensor(by_length[length]).mean(0).tolist() for length in lengths}
    overall = torch.tensor([pair for length in lengths for pair in by_length[length]]).mean(0).tolist()
    return {
        "length": lengths,
        "entropy": [means[length][0] for length in lengths],
        "largest": [means[length][1] for length in lengths],
        "mean_entropy": overall[0],
        "mean_largest": overall[1],
    }


@torch.no_grad()
def erasing(model: Speller, part: list[Pair]) -> dict:
    """What happens to a prediction when the decoder may not look at one letter, by the weight that letter had.

    For every phoneme of every word: hide the letter with the largest weight, the second largest and so on, one at
    a time and at this step only, and count how much of the probability moves (half the sum of the absolute
    differences) and whether the likeliest phoneme changes. `agreement` is Kendall's tau between the
    weights of the letters and what hiding each of them moves, `agreement_without_letter` the same for taking the
    letter out of the word. `shuffled` deals the weights of each step out to the letters anew; `uniform` gives
    every letter the same.
    """
    ranks = 5
    moved, changed, counted = [0.0] * ranks, [0] * ranks, [0] * ranks
    surprising, taus, deleted = 0, [], []
    other = {"shuffled": [0.0, 0], "uniform": [0.0, 0]}
    generator = torch.Generator().manual_seed(0)
    steps = 0
    for pair in part:
        if len(pair.word) < 3:
            continue
        batch = pronunciations.batch([pair])
        shorter = torch.softmax(model(without_each(batch.source), batch.inputs.expand(len(pair.word), -1))[0], dim=-1)
        states, hidden = model.read(batch.source)
        keys = model.score.key(states)
        S = len(pair.word)
        seen = torch.ones(1, S, dtype=torch.bool)
        hidden_letter = ~torch.eye(S, dtype=torch.bool)  # (S, S): row j may not look at letter j
        for t in range(len(pair.phonemes)):
            written = batch.inputs[:, t]
            logits, following, weights = model.step(written, hidden, states, keys, seen)
            whole = torch.softmax(logits, dim=-1)  # (1, V)
            many = (each.expand(S, *each.shape[1:]) for each in (written, hidden, states, keys))
            without = torch.softmax(model.step(*many, hidden_letter)[0], dim=-1)  # (S, V)
            distance = (without - whole).abs().sum(-1) / 2  # (S,)
            turned = without.argmax(-1) != whole.argmax(-1)
            order = weights[0].argsort(descending=True)
            for rank, letter in enumerate(order[:ranks].tolist()):
                moved[rank] += distance[letter].item()
                changed[rank] += int(turned[letter])
                counted[rank] += 1
            surprising += int(distance.argmax() != order[0])
            taus.append(kendall(weights[0], distance))
            deleted.append(kendall(weights[0], (shorter[:, t] - whole).abs().sum(-1)))
            dealt = weights[:, torch.randperm(S, generator=generator)]
            for name, given in (("shuffled", dealt), ("uniform", torch.full((1, S), 1 / S))):
                logits = decode_with(model, written, hidden, states, given)
                replaced = torch.softmax(logits, dim=-1)
                other[name][0] += (replaced - whole).abs().sum().item() / 2
                other[name][1] += int(replaced.argmax() != whole.argmax())
            steps += 1
            hidden = following
    return {
        "steps": steps,
        "moved": [total / count for total, count in zip(moved, counted, strict=True)],
        "changed": [total / count for total, count in zip(changed, counted, strict=True)],
        "another_letter_mattered_more": surprising / steps,
        "agreement": sum(taus) / len(taus),
        "agreement_without_letter": sum(deleted) / len(deleted),
        **{name: {"moved": total / steps, "changed": turned / steps} for name, (total, turned) in other.items()},
    }


def without_each(source: torch.Tensor) -> torch.Tensor:
    """A word (1, S) with each of its letters taken out once, (S, S - 1)."""
    S = source.shape[1]
    return source.expand(S, -1)[~torch.eye(S, dtype=torch.bool)].reshape(S, S - 1)  # (S, S) -> (S, S - 1)


def decode_with(
    model: Speller,
    written: torch.Tensor,
    hidden: torch.Tensor,
    states: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """Logits (1, V) of a step whose weights (1, S) are given instead of computed."""
    context = (weights.unsqueeze(1) @ states).squeeze(1)  # (1, 2 D_e)
    hidden = model.cell(torch.cat([model.embedding(written), context], dim=-1), hidden)
    return model.readout(torch.cat([hidden, context], dim=-1))


def kendall(first: torch.Tensor, second: torch.Tensor) -> float:
    """Kendall's tau of two rankings without ties: from -1, reversed, to 1, the same order."""
    rows, columns = torch.triu_indices(len(first), len(first), offset=1)
    agree = torch.sign(first[rows] - first[columns]) * torch.sign(second[rows] - second[columns])
    return agree.mean().item()


# --- the letter guessers -----------------------------------------------------------------------------------


def gaps(part: list[str], longest: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Every name with each of its letters missing once: ids (N, T), mask (N, T), the letters that are gone (N,)."""
    gap = len(ALPHABET)
    rows, targets = [], []
    for name in part:
        ids = [0, *(ALPHABET.index(letter) for letter in name), 0]
        for place in range(1, len(name) + 1):
            rows.append([*ids[:place], gap, *ids[place + 1 :]])
            targets.append(ids[place])
    tokens = torch.zeros(len(rows), longest, dtype=torch.int64)
    mask = torch.zeros(len(rows), longest, dtype=torch.bool)
    for row, ids in enumerate(rows):
        tokens[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = True
    return tokens, mask, torch.tensor(targets)


def fill(heads: int, width: int, steps: int, seed: int, scaled: bool = True) -> tuple[Filler, dict]:
    """Train a letter guesser: the model, and its loss and accuracy on held-out names."""
    parts = names.split()
    model = seeded(Filler, seed, FillerConfig(width=width, heads=heads, scaled=scaled))
    longest = max(len(name) for part in parts.values() for name in part) + 2
    tokens, mask, targets = gaps(parts["train"], longest)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    curve = []
    for _ in range(steps):
        rows = torch.randint(len(tokens), (BATCH,), generator=generator)
        loss = F.cross_entropy(model(tokens[rows], mask[rows])[0], targets[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        curve.append(loss.item())
    tokens, mask, targets = gaps(parts["validation"], longest)
    with torch.no_grad():
        logits, weights = model(tokens, mask)
    return model, {
        "validation_loss": F.cross_entropy(logits, targets).item(),
        "accuracy": (logits.argmax(-1) == targets).float().mean().item(),
        "largest_weight": weights.max(-1).values.mean().item(),
        "curve": torch.tensor(curve).unfold(0, 50, 50).mean(1).tolist(),
    }


# --- experiments -------------------------------------------------------------------------------------------


def spell(kind: str) -> dict:
    """Spellers of one kind, trained for `SHORT` steps: validation loss and words right of every seed."""
    parts = pronunciations.split()
    runs = []
    for seed in SEEDS:
        if kind == "bottleneck":
            model = seeded(EncoderDecoder, seed, EncoderDecoderConfig())
        else:
            hidden = {"additive": 88, "multiplicative": 90, "none": 99}[kind]  # for about as many parameters
            model = seeded(Speller, seed, Config(score=kind, hidden=hidden))
        for _ in fit(model, parts["train"], range(SHORT), seed=seed, total=SHORT):
            pass
        runs.append(evaluate(model, parts["validation"]))
    return collected(runs) | {"length": runs[0]["length"], "parameters": size(model), "steps": SHORT}


def head_count(heads: int) -> dict:
    """Letter guessers of the same size with so many heads: loss and accuracy of every seed."""
    return collected([fill(heads=heads, width=48, steps=800, seed=seed)[1] for seed in SEEDS])


def scaling(width: int, scaled: bool) -> dict:
    """Letter guessers of one head, its scores divided by the root of its width or not."""
    runs = [fill(heads=1, width=width, steps=400, seed=seed, scaled=scaled)[1] for seed in SEEDS]
    return collected(runs) | {"at_the_start": first_scores(width, scaled)}


def first_scores(width: int, scaled: bool) -> dict:
    """Before any training: how far the scores of one name lie apart, and the largest of its weights."""
    parts = names.split()
    longest = max(len(name) for part in parts.values() for name in part) + 2
    tokens, mask, _ = gaps(parts["validation"][:100], longest)
    model = seeded(Filler, 0, FillerConfig(width=width, heads=1, scaled=scaled))
    with torch.no_grad():
        _, weights = model(tokens, mask)
    return {"largest_weight": weights.max(-1).values.mean().item()}


def masking(padding: int) -> dict:
    """The page's speller on words of 4 to 7 letters with `padding` places behind them, masked wrongly or not at all.

    The share of words that are spelled otherwise than with a right mask: with the scores of the padding at 0, and
    left as they are.
    """
    model = load_weights(Speller(Config()), "attention", prefix="speller.")
    changed, words = {"zero": 0, "none": 0}, 0
    for length in range(4, 8):
        part = [pair for pair in pronunciations.split()["test"] if len(pair.word) == length]
        source = F.pad(pronunciations.batch(part).source, (0, padding), value=PADDING)
        right = [pronunciations.read_phonemes(ids) for ids in write(model, source)[0]]
        for kind in changed:
            wrong = write_unmasked(model, source, zero=kind == "zero", longest=12)
            changed[kind] += sum(
                pronunciations.read_phonemes(ids) != phonemes for ids, phonemes in zip(wrong, right, strict=True)
            )
        words += len(part)
    return {"words": words, **{kind: count / words for kind, count in changed.items()}}


@torch.no_grad()
def write_unmasked(model: Speller, source: torch.Tensor, *, zero: bool, longest: int) -> torch.Tensor:
    """The likeliest phoneme at each step (B, T) when padding may be looked at, its scores set to 0 or not."""
    states, hidden = model.read(source)
    keys, absent = model.score.key(states), (source == PADDING).unsqueeze(1)  # (B, S, A), (B, 1, S)
    written, rows = torch.full((len(source),), pronunciations.START), []
    for _ in range(longest):
        scores = model.score(hidden, keys)  # (B, 1, S)
        context = mix(scores.masked_fill(absent, 0.0) if zero else scores, states)[0].squeeze(1)  # (B, 2 D_e)
        hidden = model.cell(torch.cat([model.embedding(written), context], dim=-1), hidden)
        written = model.readout(torch.cat([hidden, context], dim=-1)).argmax(-1)
        rows.append(written)
    return torch.stack(rows, dim=1)  # (B, T)


def time_a_look(length: int) -> dict:
    """Milliseconds of self-attention over `length` places, and of a GRU over the same; width 64, one thread.

    The quickest of 5 counts.
    """
    width = 64
    torch.manual_seed(0)
    attention, recurrent = MultiHead(width, 1), nn.GRU(width, width, batch_first=True)
    x = torch.randn(1, length, width)
    found = {}
    with torch.no_grad():
        for name, run in (("attention", lambda: attention(x, x)), ("recurrence", lambda: recurrent(x))):
            times = []
            for _ in range(5):
                started = time.perf_counter()
                run()
                times.append((time.perf_counter() - started) * 1000)
            found[name] = min(times)
    return found


# --- what the experiments share ----------------------------------------------------------------------------


def collected(runs: list[dict]) -> dict:
    """Each number of the runs as a list, with its mean, lowest and highest; curves as their mean and range."""
    together: dict = {}
    for name in runs[0]:
        values = [run[name] for run in runs]
        if isinstance(values[0], list):
            table = torch.tensor(values, dtype=torch.float32)
            together[name] = {
                "mean": table.mean(0).tolist(),
                "lowest": table.min(0).values.tolist(),
                "highest": table.max(0).values.tolist(),
            }
        else:
            together[name] = {
                "runs": values,
                "mean": sum(values) / len(values),
                "lowest": min(values),
                "highest": max(values),
            }
    return together


def seeded(kind: type, seed: int, *arguments: object) -> nn.Module:
    """A new model whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return kind(*arguments)


def size(model: nn.Module) -> int:
    """How many parameters a model has."""
    return sum(parameter.numel() for parameter in model.parameters())


def experiments() -> dict:
    """Every experiment by the name of its result."""
    plan: dict[str, tuple] = {"masking": (masking, {"padding": 6})}
    for width in (16, 64, 256):
        for scaled in (True, False):
            name = f"scaling.width_{width}.{'scaled' if scaled else 'unscaled'}"
            plan[name] = (scaling, {"width": width, "scaled": scaled})
    for heads in (1, 2, 4, 8):
        plan[f"heads.heads_{heads}"] = (head_count, {"heads": heads})
    for length in (32, 64, 128, 256, 512, 1024, 2048, 4096):
        plan[f"time.length_{length}"] = (time_a_look, {"length": length})
    for kind in ("additive", "none", "multiplicative", "bottleneck"):
        plan[f"spellers.{kind}"] = (spell, {"kind": kind})
    return plan


if __name__ == "__main__":
    command("attention", train, experiments)
