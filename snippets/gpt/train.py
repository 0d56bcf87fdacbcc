"""The recipe of the page's model, and the experiments behind its *measured* figures.

    python -m snippets.gpt.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.gpt.train --experiments    # every comparison, one result at a time, resumable

The text is Austen's six novels, split by chapter (`snippets/data/prose.py`). All losses are in nats a token
unless their name says otherwise. Comparisons are trained once for each of `SEEDS`.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from math import cos, exp, log, pi

import torch
from torch import nn
from torch.nn import functional as F

from snippets.data import prose
from snippets.gpt.model import GPT, Block, Config, Pattern, generate
from snippets.kit import load_weights
from snippets.kit.training import Run, command

SEEDS = range(3)
STEPS = 4000
BATCH = 16  # windows in a step, each of the model's whole context
WARM_UP = 200  # steps
PEAK = 3e-3  # learning rate after the warm-up


# --- the page's model --------------------------------------------------------------------------------------


def train() -> None:
    """Train the model of the page."""
    with Run("gpt", recipe=train, seed=0, data=["prose.txt.bz2", "prose_merges.txt"]) as run:
        texts, ids = corpus()
        model = GPT(Config())
        context, recent = model.config.context, []
        rates = [decayed(step, STEPS) for step in range(STEPS)]
        for step, loss in enumerate(fit(model, ids["train"], run.steps(STEPS), rates, seed=0), start=1):
            recent.append(loss)
            if step % 100 == 0:
                mean, recent = sum(recent) / len(recent), []
                held_out = by_position(model, ids["validation"][: 100 * context]).mean().item()
                run.record(step=step, training_loss=mean, validation_loss=held_out)
        places = by_position(model, ids["test"])
        test_loss = places.mean().item()
        characters = {part: len(text) / len(ids[part]) for part, text in texts.items()}
        metrics = {
            "steps": STEPS,
            "tokens_read": STEPS * BATCH * context,
            "passes": STEPS * BATCH * context / len(ids["train"]),
            "tokens": {part: len(found) for part, found in ids.items()},
            "characters": {part: len(text) for part, text in texts.items()},
            "characters_in_a_token": characters["test"],
            "training_loss": by_position(model, ids["train"][: 480 * context]).mean().item(),
            "validation_loss": by_position(model, ids["validation"]).mean().item(),
            "test_loss": test_loss,
            "test_perplexity": exp(test_loss),
            "test_loss_per_character": test_loss / characters["test"],
            "test_bits_per_character": test_loss / characters["test"] / log(2),
            "test_loss_by_position": places.tolist(),
            "uniform_loss": log(model.config.vocabulary),
            "counted_loss": {
                "tokens": counted(ids, 0),
                "pairs": counted(ids, 1),
                "triples": counted(ids, 2),
            },
        }
        run.save(model, metrics=metrics)


@cache
def corpus() -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """The text and the ids of each part: train, validation and test."""
    texts = {part: "\n".join(chapters) for part, chapters in prose.split(prose.novels()).items()}
    return texts, {part: torch.tensor(prose.tokenizer().encode(text)) for part, text in texts.items()}


def decayed(step: int, steps: int) -> float:
    """The learning rate: up in a straight line, then down to a tenth along half a cosine."""
    if step < WARM_UP:
        return PEAK * (step + 1) / WARM_UP
    return PEAK * (0.55 + 0.45 * cos(pi * (step - WARM_UP) / (steps - WARM_UP)))


def fit(
    model: nn.Module, ids: torch.Tensor, steps: Iterable[int], rates: list[float], *, seed: int, clip: float = 1.0
) -> Iterator[float]:
    """Train on random windows of the text, one rate a step. Yields the loss of every step."""
    generator = torch.Generator().manual_seed(seed)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    others = [parameter for parameter in model.parameters() if parameter.ndim != 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))
    window = torch.arange(model.config.context + 1)
    for step in steps:
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        first = torch.randint(len(ids) - len(window), (BATCH, 1), generator=generator)
        text = ids[first + window]  # (B, T+1)
        with torch.autocast("cpu", dtype=torch.bfloat16):  # matrix products in 16 bits, weights and sums in 32
            logits = model(text[:, :-1])  # (B, T, V)
        loss = F.cross_entropy(logits.float().flatten(0, 1), text[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        yield loss.item()


@torch.no_grad()
def by_position(model: nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """Mean loss at each position of the context, (T,), over the windows of a text end to end."""
    context = model.config.context
    windows = (len(ids) - 1) // context
    inputs = ids[: windows * context].reshape(windows, context)
    targets = ids[1 : windows * context + 1].reshape(windows, context)
    losses = [
        F.cross_entropy(model(rows).transpose(1, 2), wanted, reduction="none")  # (B, V, T), (B, T) -> (B, T)
        for rows, wanted in zip(inputs.split(16), targets.split(16), strict=True)
    ]
    return torch.cat(losses).mean(dim=0)


def counted(ids: dict[str, torch.Tensor], before: int) -> float:
    """Test loss of a table of counts that looks `before` tokens back.

    Each context's counts are mixed with the prediction of the next shorter context, which weighs as much as
    the context has different successors (Witten and Bell, 1991).
    """
    seen: list[Counter] = [Counter() for _ in range(before + 1)]
    contexts: list[Counter] = [Counter() for _ in range(before + 1)]
    successors: list[Counter] = [Counter() for _ in range(before + 1)]
    learned, tested = ids["train"].tolist(), ids["test"].tolist()
    for at in range(before, len(learned)):
        for back in range(before + 1):
            gram = tuple(learned[at - back : at + 1])
            successors[back][gram[:-1]] += gram not in seen[back]
            seen[back][gram] += 1
            contexts[back][gram[:-1]] += 1
    total = 0.0
    for at in range(before, len(tested)):
        probability = 1 / len(prose.tokenizer())
        for back in range(before + 1):
            gram = tuple(tested[at - back : at + 1])
            kinds, times = successors[back][gram[:-1]], contexts[back][gram[:-1]]
            if times:
                probability = (seen[back][gram] + kinds * probability) / (times + kinds)
        total -= log(probability)
    return total / (len(tested) - before)


# --- experiments -------------------------------------------------------------------------------------------

SIZES = {  # width: layers, heads; the keys shared by two heads where there are two
    16: (2, 1),
    32: (2, 2),
    48: (3, 2),
    64: (3, 2),
    96: (4, 4),
}
STOPS = (75, 150, 300)  # steps after which the sizes are compared


def sized(width: int) -> Config:
    """A configuration of that width in the shape of the page's model."""
    layers, heads = SIZES[width]
    return Config(width=width, layers=layers, heads=heads, key_value_heads=max(1, heads // 2), inner=5 * width // 2)


def scale(width: int) -> dict:
    """One size, trained on the same tokens as every other: held-out loss after each of `STOPS`."""
    ids, last = corpus()[1], STOPS[-1]
    losses: dict[int, list[float]] = {stop: [] for stop in STOPS}
    for seed in SEEDS:
        model = seeded(GPT, seed, sized(width))
        peak = PEAK * min(1.0, (64 / width) ** 0.5) * 1.5
        rates = [peak * min(1.0, (step + 1) / 50) for step in range(last)]
        for step, _ in enumerate(fit(model, ids["train"], range(last), rates, seed=seed), start=1):
            if step in STOPS:
                losses[step].append(by_position(model, ids["validation"][: 120 * 128]).mean().item())
    total = sum(parameter.numel() for parameter in model.parameters())
    return {
        "parameters": total,
        "outside_the_embedding": total - model.embedding.weight.numel(),
        "validation_loss": {f"steps_{stop}": spread(found) for stop, found in losses.items()},
        "tokens": {f"steps_{stop}": stop * BATCH * model.config.context for stop in STOPS},
    }


class SeesAll(Pattern):
    """The pattern without its mask: every token looks at every other, the later ones too."""

    def forward(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5  # (B, H, T, S)
        return scores.softmax(dim=-1)


def mask_or_not(masked: bool) -> dict:
    """A small model that predicts next tokens with the mask or without: its losses, and what it writes.

    The training loss lets it look at what training let it look at. `honest_loss` is the loss of predicting the
    token after a text that ends there, which is what writing asks for.
    """
    ids, steps = corpus()[1], 400
    config = Config(width=64, layers=2, heads=4, key_value_heads=2, inner=160, context=64)
    curves, honest, written = [], [], []
    for seed in SEEDS:
        model = seeded(GPT, seed, config)
        if not masked:
            for block in model.blocks:
                block.attention.pattern = SeesAll()
        rates = [PEAK * min(1.0, (step + 1) / 50) for step in range(steps)]
        curves.append(list(fit(model, ids["train"], range(steps), rates, seed=seed)))
        ends = torch.arange(40, len(ids["validation"]), 97)[:400]
        rows = ids["validation"][ends[:, None] + torch.arange(-32, 0)]
        with torch.no_grad():
            honest.append(F.cross_entropy(model(rows)[:, -1], ids["validation"][ends]).item())
        start = prose.tokenizer().encode("It was a truth")
        generator = torch.Generator().manual_seed(seed)
        # without the mask an old token's keys change with every new token: there is nothing to cache
        new = generate(model, start, 40, generator, temperature=0.8, cached=False)
        written.append(prose.tokenizer().decode(start + new))
    finals = [sum(curve[-50:]) / 50 for curve in curves]
    return {
        "training_loss": spread(finals),
        "honest_loss": spread(honest),
        "written": written,
        "curve": spread_curves(curves, 10),
    }


class PostNorm(Block):
    """The block of 2017: each step's result is added first and normalised after."""

    def forward(self, x: torch.Tensor, turn: tuple, cache: list | None = None) -> torch.Tensor:
        x = self.attention_norm(x + self.attention(x, turn, cache))  # (B, T, D)
        return self.feed_forward_norm(x + self.feed_forward(x))  # (B, T, D)


def place_the_norm(where: str, warm_up: int, rate: float) -> dict:
    """Twelve narrow layers, norms before each step or after: loss, and the stream's size by depth at the end."""
    steps = 160
    config = Config(width=32, layers=12, heads=2, key_value_heads=1, inner=80, context=64)
    ids = corpus()[1]
    curves, sizes = [], []
    for seed in SEEDS:
        model = seeded(GPT, seed, config, {"before": Block, "after": PostNorm}[where])
        rates = [rate * min(1.0, (step + 1) / (warm_up + 1)) for step in range(steps)]
        curves.append(list(fit(model, ids["train"], range(steps), rates, seed=seed)))
        sizes.append(stream_sizes(model, ids["validation"][:640].reshape(10, 64)))
    finals = [sum(curve[-20:]) / 20 for curve in curves]
    return {
        "training_loss": spread(finals),
        "stream": torch.tensor(sizes).mean(dim=0).tolist(),
        "curve": spread_curves(curves, 8),
    }


@torch.no_grad()
def stream_sizes(model: GPT, tokens: torch.Tensor) -> list[float]:
    """Root mean square of the residual stream after the embedding and after every block."""
    found = [model.embedding(tokens).pow(2).mean().sqrt().item()]
    handles = [
        block.register_forward_hook(lambda _module, _inputs, x: found.append(x.pow(2).mean().sqrt().item()))
        for block in model.blocks
    ]
    model(tokens)
    for handle in handles:
        handle.remove()
    return found


def time_a_token(cached: bool) -> dict:
    """Milliseconds for the next token after texts of several lengths: the page's sizes, a longer context.

    The quickest of 5. Without the cache the whole text is read again; with it, one token. The weights are
    random: what they are does not change the time.
    """
    lengths = [16, 32, 64, 128, 256, 512, 1024]
    model = seeded(GPT, 0, Config(context=1025))
    tokens = torch.randint(1024, (1, 1025), generator=torch.Generator().manual_seed(0))
    found = []
    with torch.no_grad():
        for length in lengths:
            times = []
            for _ in range(5):
                cache = model.empty_cache()
                if cached:
                    model(tokens[:, :length], cache)
                started = time.perf_counter()
                if cached:
                    model(tokens[:, length : length + 1], cache)
                else:
                    model(tokens[:, : length + 1])
                times.append(1000 * (time.perf_counter() - started))
            found.append(min(times))
    return {"length": lengths, "milliseconds": found}


def read_twice(passages: str) -> dict:
    """The page's model on 300 texts that are 40 tokens twice over: its loss at the first and the second reading.

    The first ten tokens of each reading are left out: the model has to find its place there. `passages` are of
    the held-out chapters, or tokens at random.
    """
    model, tokens = load_weights(GPT(Config()), "gpt"), 40
    if passages == "random":
        once = torch.randint(256, 1024, (300, tokens), generator=torch.Generator().manual_seed(0))
    else:
        once = corpus()[1]["test"][: 300 * tokens].reshape(300, tokens)
    twice = torch.cat([once, once], dim=1)  # (300, 2 · 40)
    with torch.no_grad():
        losses = F.cross_entropy(model(twice[:, :-1]).transpose(1, 2), twice[:, 1:], reduction="none")
    return {"first": losses[:, 9 : tokens - 1].mean().item(), "second": losses[:, tokens + 9 :].mean().item()}


# --- what the experiments share ----------------------------------------------------------------------------


def seeded(kind: type, seed: int, *arguments: object) -> nn.Module:
    """A new model whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return kind(*arguments)


def spread(values: list[float]) -> dict:
    """The runs' numbers with their mean, lowest and highest."""
    return {"runs": values, "mean": sum(values) / len(values), "lowest": min(values), "highest": max(values)}


def spread_curves(curves: list[list[float]], every: int) -> dict:
    """Mean, lowest and highest run, each curve averaged over `every` steps first."""
    runs = torch.tensor(curves).unfold(1, every, every).mean(2)  # (runs, points)
    return {
        "step": [every * (i + 1) for i in range(runs.shape[1])],
        "mean": runs.mean(0).tolist(),
        "lowest": runs.min(0).values.tolist(),
        "highest": runs.max(0).values.tolist(),
    }


def experiments() -> dict:
    """Every experiment by the name of its result."""
    plan: dict[str, tuple] = {}
    for cached in (True, False):
        plan[f"time.{'cached' if cached else 'uncached'}"] = (time_a_token, {"cached": cached})
    for passages in ("prose", "random"):
        plan[f"twice.{passages}"] = (read_twice, {"passages": passages})
    for masked in (True, False):
        plan[f"mask.{'on' if masked else 'off'}"] = (mask_or_not, {"masked": masked})
    for width in SIZES:
        plan[f"size.width_{width}"] = (scale, {"width": width})
    for where in ("before", "after"):
        for warm_up in (0, 40):
            settings = {"where": where, "warm_up": warm_up, "rate": PEAK}
            plan[f"norm.{where}.warm_up_{warm_up}"] = (place_the_norm, settings)
    return plan


if __name__ == "__main__":
    command("gpt", train, experiments)
