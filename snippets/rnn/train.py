"""The recipe of the page's network, and the experiments behind its *measured* figures.

    python -m snippets.rnn.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.rnn.train --experiments    # every comparison, one result at a time, resumable

Names come from `snippets/data/names.txt`, split by a hash of the name: 8 of 10 to learn from, 1 to compare
settings, 1 to report. Every experiment trains once for each of `SEEDS` and keeps the number of each run.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from math import exp, log

import torch
from torch import nn
from torch.nn import functional as F

from snippets.data import copy_task, names
from snippets.kit.training import Run, command
from snippets.rnn.model import ALPHABET, CharacterRNN, Config, GapReader, sample

SEEDS = range(5)
STEPS = 5000
BATCH = 64  # sequences in a step
PARAMETERS = 7_700  # the most that the compared variants may have: about what the page's own network has


# --- the page's network ------------------------------------------------------------------------------------


def train() -> None:
    """Train the network of the page."""
    with Run("rnn", recipe=train, seed=0, data=["names.txt"]) as run:
        parts = names.split()
        model = CharacterRNN(Config())
        recent = []
        for step, loss in enumerate(fit(model, parts["train"], run.steps(STEPS), seed=0), start=1):
            recent.append(loss)
            if step % 100 == 0:
                mean, recent = sum(recent) / len(recent), []
                run.record(step=step, training_loss=mean, validation_loss=evaluate(model, parts["validation"]))
        generator = torch.Generator().manual_seed(0)
        drawn = [sample(model, generator) for _ in range(1000)]
        known = {name for part in parts.values() for name in part}
        test_loss = evaluate(model, parts["test"])
        metrics = {
            "steps": STEPS,
            "vocabulary": model.config.vocabulary,
            "hidden": model.config.hidden,
            "names": {part: len(members) for part, members in parts.items()},
            "letters_in_a_name": sum(map(len, known)) / len(known),
            "training_loss": evaluate(model, parts["train"]),
            "validation_loss": evaluate(model, parts["validation"]),
            "test_loss": test_loss,
            "test_perplexity": exp(test_loss),
            "real_names_among_samples": sum(name in known for name in drawn) / len(drawn),
            "uniform_loss": log(len(ALPHABET)),
            "counted_loss": {
                "letters": counted(parts, 0),
                "pairs": counted(parts, 1),
                "triples": counted(parts, 2),
            },
        }
        run.save(model, metrics=metrics)


def fit(model: CharacterRNN, part: list[str], steps: Iterable[int], *, seed: int) -> Iterator[float]:
    """Train on whole names, each gradient through all of a name. Yields the loss of every step, in nats."""
    generator = torch.Generator().manual_seed(seed)
    inputs, targets = names.batch(part, ALPHABET)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in steps:
        rows = torch.randint(len(inputs), (BATCH,), generator=generator)
        logits, _states = model(inputs[rows])  # the true letters go in: teacher forcing
        loss = loss_of(logits, targets[rows])
        optimizer.zero_grad()
        loss.backward()  # through time
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield loss.item()


def loss_of(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean surprise in nats a character: logits (B, T, V) against ids (B, T), padding left out."""
    flat = logits.reshape(-1, logits.shape[-1])  # (B, T, V) -> (B T, V)
    return F.cross_entropy(flat, targets.reshape(-1), ignore_index=names.PADDING)


@torch.no_grad()
def evaluate(model: CharacterRNN, part: list[str]) -> float:
    """Mean surprise over whole names, in nats a character."""
    inputs, targets = names.batch(part, ALPHABET)
    return loss_of(model(inputs)[0], targets).item()


def counted(parts: dict[str, list[str]], before: int) -> float:
    """Validation loss, in nats a character, of a table of counts that looks `before` characters back.

    One is added to every count, so that what never happened in training is unlikely, not impossible.
    """
    seen: Counter = Counter()
    contexts: Counter = Counter()
    for context, character in _in_context(parts["train"], before):
        seen[context, character] += 1
        contexts[context] += 1
    surprises = [
        -log((seen[context, character] + 1) / (contexts[context] + len(ALPHABET)))
        for context, character in _in_context(parts["validation"], before)
    ]
    return sum(surprises) / len(surprises)


def _in_context(part: list[str], before: int) -> Iterator[tuple[str, str]]:
    for name in part:
        text = "." * max(before, 1) + name + "."
        for i in range(max(before, 1), len(text)):
            yield text[i - before : i], text[i]


# --- experiments -------------------------------------------------------------------------------------------


def learn_names(start: str) -> dict:
    """The page's recipe from the default or the orthogonal start: validation loss while training."""
    parts = names.split()
    curves = []
    for seed in SEEDS:
        model = seeded(CharacterRNN, seed, Config())
        if start == "orthogonal":
            start_orthogonal(model)
        curve = []
        for step, _ in enumerate(fit(model, parts["train"], range(STEPS), seed=seed), start=1):
            if step % 250 == 0:
                curve.append(evaluate(model, parts["validation"]))
        curves.append(curve)
    return {"validation_loss": spread([curve[-1] for curve in curves]), "curve": spread_curves(curves, 250)}


def copy_symbol(start: str, gap: int, window: int | None = None) -> dict:
    """The copy task: accuracy on 1,000 new sequences after 1,500 steps, fewer when it is solved before.

    With `window`, the gradient goes back that many time steps and stops.
    """
    accuracies, used = [], []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        model = seeded(CharacterRNN, seed, Config(vocabulary=copy_task.VOCABULARY))
        if start == "orthogonal":
            start_orthogonal(model)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        solved = 0
        for step in range(1, 1501):  # noqa: B007 - the last step is read below
            inputs, targets = copy_task.batch(BATCH, gap, generator)
            logits = _last_logits(model, inputs, window or inputs.shape[1])
            loss = F.cross_entropy(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            solved = solved + 1 if loss.item() < 0.01 else 0
            if solved == 10:
                break
        inputs, targets = copy_task.batch(1000, gap, generator)
        with torch.no_grad():
            guesses = model(inputs)[0][:, -1].argmax(-1)  # (B, T, V) -> (B,)
        accuracies.append((guesses == targets).float().mean().item())
        used.append(step)
    return {"accuracy": spread(accuracies), "steps": used}


def _last_logits(model: CharacterRNN, inputs: torch.Tensor, window: int) -> torch.Tensor:
    """Logits at the last place, (B, V); the gradient reaches the last `window` time steps only."""
    past, recent = inputs[:, :-window], inputs[:, -window:]
    hidden = None
    if past.shape[1]:
        with torch.no_grad():
            hidden = model(past)[1][:, :, -1]  # (L, B, T, D) -> (L, B, D)
    return model(recent, hidden)[0][:, -1]


def read_stream(window: int) -> dict:
    """Names end to end, gradients cut every `window` characters: validation loss with the memory carried on.

    Every update learns from the same number of characters; only how far back its gradient goes differs.
    """
    steps, rows, span = 1000, 32, 48
    parts = names.split()
    finals = []
    for seed in SEEDS:
        model = seeded(CharacterRNN, seed, Config())
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        spans = _spans(parts["train"], rows, span, seed)
        hidden = model.start(rows)
        for _ in range(steps):
            inputs, targets = next(spans)
            total = torch.zeros(())
            for chunk, goal in zip(inputs.split(window, dim=1), targets.split(window, dim=1), strict=True):
                logits, states = model(chunk, hidden.detach())
                hidden = states[:, :, -1]
                total = total + loss_of(logits, goal) * chunk.shape[1] / span
            optimizer.zero_grad()
            total.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        held_out = names.stream(_shuffled(parts["validation"], seed), 1, ALPHABET)
        with torch.no_grad():
            finals.append(loss_of(model(held_out[:, :-1])[0], held_out[:, 1:]).item())
    return {"validation_loss": spread(finals)}


def clip_or_not(optimizer: str, start: str, clip: float | None) -> dict:
    """A stream of names learned at a high rate, gradients clipped to norm `clip` or not at all."""
    steps, rows, window = 400, 32, 64
    gain = {"default": None, "orthogonal": 1.0, "too large": 1.5}[start]
    losses, norms = [], []
    for seed in SEEDS:
        model = seeded(CharacterRNN, seed, Config())
        if gain is not None:
            start_orthogonal(model, gain)
        parameters = list(model.parameters())
        choices = {"SGD": (torch.optim.SGD, 1.5), "Adam": (torch.optim.Adam, 1e-2)}
        kind, rate = choices[optimizer]
        update = kind(parameters, lr=rate)
        spans = _spans(names.split()["train"], rows, window, seed)
        hidden = model.start(rows)
        losses.append([])
        norms.append([])
        for _ in range(steps):
            inputs, targets = next(spans)
            logits, states = model(inputs, hidden)
            hidden = states[:, :, -1].detach()
            loss = loss_of(logits, targets)
            update.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(parameters, float("inf") if clip is None else clip)
            update.step()
            losses[-1].append(loss.item())
            norms[-1].append(norm.item())
    finals = [sum(run[-50:]) / 50 for run in losses]
    return {
        "final_loss": spread(finals),
        "worse_than_guessing": sum(loss > log(len(ALPHABET)) for loss in finals),
        "largest_norm": spread([max(run) for run in norms]),
        "loss": spread_curves(losses, 10),
        "norm": spread_curves(norms, 10),
    }


def stack(layers: int) -> dict:
    """Networks of one to three layers with the same number of parameters: validation loss on names."""
    sizes = [D for D in range(1, 65) if _size(CharacterRNN(Config(hidden=D, layers=layers))) <= PARAMETERS]
    parts = names.split()
    finals = []
    for seed in SEEDS:
        model = seeded(CharacterRNN, seed, Config(hidden=sizes[-1], layers=layers))
        for _ in fit(model, parts["train"], range(STEPS), seed=seed):
            pass
        finals.append(evaluate(model, parts["validation"]))
    return {"validation_loss": spread(finals), "hidden": sizes[-1], "parameters": _size(model)}


def guess_letter(two_way: bool) -> dict:
    """Each letter of a name from the letters on its left, or on both sides: validation loss and accuracy."""
    steps = 3000
    sizes = [D for D in range(1, 65) if _size(GapReader(Config(hidden=D), two_way)) <= PARAMETERS]
    by_length = {part: _by_length(members) for part, members in names.split().items()}
    lengths = list(by_length["train"])
    counts = torch.tensor([float(len(by_length["train"][length])) for length in lengths])
    losses, accuracies = [], []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        model = seeded(GapReader, seed, Config(hidden=sizes[-1]), two_way)
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            tokens = by_length["train"][lengths[int(torch.multinomial(counts, 1, generator=generator))]]
            tokens = tokens[torch.randint(len(tokens), (BATCH,), generator=generator)]  # (B, T)
            loss = loss_of(model(tokens), tokens[:, 1:-1])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        loss, right, letters = 0.0, 0, 0
        with torch.no_grad():
            for tokens in by_length["validation"].values():
                logits, inner = model(tokens), tokens[:, 1:-1]
                loss += loss_of(logits, inner).item() * inner.numel()
                right += int((logits.argmax(-1) == inner).sum())
                letters += inner.numel()
        losses.append(loss / letters)
        accuracies.append(right / letters)
    return {
        "validation_loss": spread(losses),
        "accuracy": spread(accuracies),
        "hidden": sizes[-1],
        "parameters": _size(model),
    }


def time_a_step(length: int) -> dict:
    """Milliseconds of one training step on sequences of `length`: the network, and its matrices alone.

    The second number multiplies every position by the same two matrices without the recurrence between the
    positions, so they can all be computed at once. The quickest of 12 counts.
    """
    batch, repeats = 32, 12
    model = seeded(CharacterRNN, 0, Config())
    cell = model.layers[0].cell
    tokens = torch.randint(len(ALPHABET), (batch, length), generator=torch.Generator().manual_seed(0))
    places = torch.randn(batch, length, model.config.hidden, generator=torch.Generator().manual_seed(0))

    def in_turn() -> torch.Tensor:
        return loss_of(model(tokens)[0], tokens)

    def at_once() -> torch.Tensor:
        states = torch.tanh(cell.input_weights(model.one_hot(tokens)) + cell.recurrent_weights(places))
        return loss_of(model.readout(states), tokens)

    found = {}
    for name, forward in (("in_turn", in_turn), ("at_once", at_once)):
        times = []
        for _ in range(repeats):
            started = time.perf_counter()
            forward().backward()
            times.append((time.perf_counter() - started) * 1000)
        found[name] = min(times)
    return found | {"ratio": found["in_turn"] / found["at_once"]}


# --- what the experiments share ----------------------------------------------------------------------------


def start_orthogonal(model: nn.Module, gain: float = 1.0) -> None:
    """Make every recurrent matrix a rotation, or a reflection, times `gain`."""
    for name, parameter in model.named_parameters():
        if name.endswith("recurrent_weights.weight"):
            nn.init.orthogonal_(parameter, gain)


def seeded(kind: type, seed: int, *arguments: object) -> nn.Module:
    """A new model whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return kind(*arguments)


def spread(values: list[float]) -> dict:
    """The runs' numbers with their mean, lowest and highest."""
    return {"runs": values, "mean": sum(values) / len(values), "lowest": min(values), "highest": max(values)}


def spread_curves(curves: list[list[float]], every: int) -> dict:
    """Mean, lowest and highest run at each point.

    Curves with a value for every step are averaged over `every` steps first; curves that have a value every
    `every` steps already stay as they are.
    """
    runs = torch.tensor(curves)  # (runs, points)
    if runs.shape[1] > 100:
        runs = runs.unfold(1, every, every).mean(2)
    return {
        "step": [every * (i + 1) for i in range(runs.shape[1])],
        "mean": runs.mean(0).tolist(),
        "lowest": runs.min(0).values.tolist(),
        "highest": runs.max(0).values.tolist(),
    }


def _size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _shuffled(part: list[str], seed: int) -> list[str]:
    order = torch.randperm(len(part), generator=torch.Generator().manual_seed(seed))
    return [part[i] for i in order.tolist()]


def _spans(part: list[str], rows: int, span: int, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Inputs and targets (rows, span) along a stream of shuffled names, over and over without end."""
    ids = names.stream(_shuffled(part, seed), rows, ALPHABET)  # (rows, columns)
    while True:
        for first in range(0, ids.shape[1] - span, span):
            yield ids[:, first : first + span], ids[:, first + 1 : first + span + 1]


def _by_length(part: list[str]) -> dict[int, torch.Tensor]:
    """Whole names with both boundaries as ids, (names, length + 2), by length."""
    grouped: dict[int, list[list[int]]] = {}
    for name in part:
        grouped.setdefault(len(name), []).append([ALPHABET.index(character) for character in f".{name}."])
    return {length: torch.tensor(grouped[length]) for length in sorted(grouped)}


def experiments() -> dict:
    """Every experiment by the name of its result."""
    starts = ("default", "orthogonal")
    plan: dict[str, tuple] = {}
    for start in starts:
        plan[f"start.{start}"] = (learn_names, {"start": start})
    for gap in (1, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100):
        for start in starts:
            plan[f"copy.{start}.gap_{gap}"] = (copy_symbol, {"start": start, "gap": gap})
    for window in (1, 2, 4, 6, 8, 10, 11, 12):
        for start in starts:
            settings = {"start": start, "gap": 10, "window": window}
            plan[f"truncation.copy.{start}.window_{window}"] = (copy_symbol, settings)
    for window in (1, 2, 3, 4, 6, 8, 16, 48):
        plan[f"truncation.names.window_{window}"] = (read_stream, {"window": window})
    for optimizer, start in (
        ("SGD", "default"),
        ("SGD", "orthogonal"),
        ("SGD", "too large"),
        ("Adam", "orthogonal"),
    ):
        for clip in (None, 1.0):
            name = f"clipping.{optimizer}.{start.replace(' ', '_')}.{'off' if clip is None else 'on'}"
            plan[name] = (clip_or_not, {"optimizer": optimizer, "start": start, "clip": clip})
    for layers in (1, 2, 3):
        plan[f"stack.layers_{layers}"] = (stack, {"layers": layers})
    for two_way in (False, True):
        plan[f"reading.{'two_way' if two_way else 'one_way'}"] = (guess_letter, {"two_way": two_way})
    for length in (8, 16, 32, 64, 128, 256, 512):
        plan[f"time.length_{length}"] = (time_a_step, {"length": length})
    return plan


if __name__ == "__main__":
    command("rnn", train, experiments)
