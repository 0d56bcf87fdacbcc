"""The recipe of the page's two networks, and the experiments behind its *measured* figures.

    python -m snippets.lstm_gru.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.lstm_gru.train --experiments    # every comparison, one result at a time, resumable

Names and their split are those of the RNN page. Every experiment trains once for each of `SEEDS` and keeps the
number of each run. The experiments go through torch's own layers, which compute the same as ours from the same
weights, and faster.
"""

from collections.abc import Iterable, Iterator
from math import exp, log

import torch
from torch import nn
from torch.nn import functional as F

from snippets.data import copy_task, names
from snippets.kit.training import Run, command
from snippets.lstm_gru.model import Config, GatedModel, GRUCell, LSTMCell
from snippets.rnn.model import ALPHABET, Cell, CharacterRNN
from snippets.rnn.model import Config as RNNConfig

SEEDS = range(3)
STEPS = 3000
BATCH = 64  # sequences in a step
OPEN = 100.0  # σ(100) is 1 and its slope 0 in float32: a gate with this bias is open, and stays open


# --- the page's networks -----------------------------------------------------------------------------------


def train() -> None:
    """Train the LSTM and the GRU of the page."""
    with Run("lstm-gru", recipe=train, seed=0, data=["names.txt"]) as run:
        parts = names.split()
        models = {kind: seeded(kind, 0) for kind in ("lstm", "gru")}
        fits = [fit(model, parts["train"], range(STEPS), seed=0) for model in models.values()]
        recent = []
        for step in run.steps(STEPS):
            recent.append([next(losses) for losses in fits])
            if (step + 1) % 100 == 0:
                means = torch.tensor(recent).mean(0).tolist()
                recent = []
                found = {"step": step + 1}
                for (kind, model), mean in zip(models.items(), means, strict=True):
                    found[f"{kind}_training_loss"] = mean
                    found[f"{kind}_validation_loss"] = evaluate(model, parts["validation"])
                run.record(**found)
        metrics = {
            "steps": STEPS,
            "vocabulary": len(ALPHABET),
            "hidden": Config().hidden,
            "uniform_loss": log(len(ALPHABET)),
        }
        for kind, model in models.items():
            test_loss = evaluate(model, parts["test"])
            metrics[kind] = {
                "parameters": sum(parameter.numel() for parameter in model.parameters()),
                "training_loss": evaluate(model, parts["train"]),
                "validation_loss": evaluate(model, parts["validation"]),
                "test_loss": test_loss,
                "test_perplexity": exp(test_loss),
            }
        run.save({f"{kind}.": model for kind, model in models.items()}, metrics=metrics)


def seeded(kind: str, seed: int, **sizes: object) -> nn.Module:
    """A new RNN, LSTM or GRU whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return CharacterRNN(RNNConfig(**sizes)) if kind == "rnn" else GatedModel(Config(kind=kind, **sizes))


def fit(
    model: nn.Module, part: list[str], steps: Iterable[int], *, seed: int, rate: float = 5e-3, decay: float = 0.0
) -> Iterator[float]:
    """Train on whole names, as the RNN page does. Yields the loss of every step, in nats a character."""
    generator = torch.Generator().manual_seed(seed)
    inputs, targets = names.batch(part, ALPHABET)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in steps:
        rows = torch.randint(len(inputs), (BATCH,), generator=generator)
        loss = loss_of(model(inputs[rows])[0], targets[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield loss.item()


def loss_of(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean surprise in nats a character: logits (B, T, V) against ids (B, T), padding left out."""
    flat = logits.reshape(-1, logits.shape[-1])  # (B, T, V) -> (B T, V)
    return F.cross_entropy(flat, targets.reshape(-1), ignore_index=names.PADDING)


@torch.no_grad()
def evaluate(model: nn.Module, part: list[str]) -> float:
    """Mean surprise over whole names, in nats a character."""
    inputs, targets = names.batch(part, ALPHABET)
    return loss_of(model(inputs)[0], targets).item()


# --- the same layers, computed by torch --------------------------------------------------------------------


def fused(model: nn.Module) -> nn.Module:
    """Torch's layer with the weights of the model's first, in torch's order of gates; takes (B, T, V)."""
    cell = model.layers[0].cell
    kinds = {Cell: nn.RNN, LSTMCell: nn.LSTM, GRUCell: nn.GRU}
    parts = {
        Cell: lambda: [cell],
        LSTMCell: lambda: [cell.input_gate, cell.forget_gate, cell.candidate, cell.output_gate],
        GRUCell: lambda: [cell.reset_gate, cell.update_gate, cell.candidate],
    }[type(cell)]()
    inputs = [part.input_weights for part in parts]  # (D, V) each
    recurrent = [part.recurrent_weights for part in parts]  # (D, D) each
    layer = kinds[type(cell)](model.config.vocabulary, model.config.hidden, batch_first=True)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.cat([part.weight for part in inputs]))
        layer.weight_hh_l0.copy_(torch.cat([part.weight for part in recurrent]))
        layer.bias_hh_l0.copy_(torch.cat([part.bias for part in recurrent]))
        none = torch.zeros(model.config.hidden)
        layer.bias_ih_l0.copy_(torch.cat([none if part.bias is None else part.bias for part in inputs]))
    return layer


class Fused(nn.Module):
    """A model of one layer with torch's layer in place of ours."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.one_hot, self.layer, self.readout = model.one_hot, fused(model), model.readout

    def forward(self, tokens: torch.Tensor, memory: object = None) -> tuple[torch.Tensor, object]:
        """Ids (B, T) to logits (B, T, V) and the last memory, in torch's own form."""
        states, memory = self.layer(self.one_hot(tokens), memory)  # (B, T) -> (B, T, D)
        return self.readout(states), memory


# --- experiments -------------------------------------------------------------------------------------------


def copy_symbol(kind: str, gap: int, forget_bias: float | None = None) -> dict:
    """The copy task: accuracy on 1,000 new sequences after 1,500 steps, fewer when it is solved before."""
    sizes = {"vocabulary": copy_task.VOCABULARY} | ({} if forget_bias is None else {"forget_bias": forget_bias})
    accuracies, used = [], []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        model = Fused(seeded(kind, seed, **sizes))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        solved = 0
        for step in range(1, 1501):  # noqa: B007 - the last step is read below
            inputs, targets = copy_task.batch(BATCH, gap, generator)
            loss = F.cross_entropy(model(inputs)[0][:, -1], targets)  # (B, T, V) -> (B, V)
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


def read_stream(forget_bias: float) -> dict:
    """Names end to end, the LSTM's memory never emptied: held-out loss and the size of the cell state on the way."""
    steps, rows, window = 600, 32, 48
    parts = names.split()
    finals, sizes = [], []
    for seed in SEEDS:
        model = Fused(seeded("lstm", seed, forget_bias=forget_bias))
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        ids = names.stream(_shuffled(parts["train"], seed), rows, ALPHABET)  # (rows, columns)
        memory, first = None, 0
        for _ in range(steps):
            span = ids[:, first : first + window + 1]
            logits, memory = model(span[:, :-1], memory)
            memory = tuple(part.detach() for part in memory)
            first = first + window if first + 2 * window < ids.shape[1] else 0
            optimizer.zero_grad()
            loss_of(logits, span[:, 1:]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        held_out = names.stream(_shuffled(parts["validation"], seed), 1, ALPHABET)
        losses, size, memory = [], [], None
        with torch.no_grad():
            for first in range(0, held_out.shape[1] - window, window):
                logits, memory = model(held_out[:, first : first + window], memory)
                losses.append(loss_of(logits, held_out[:, first + 1 : first + window + 1]).item())
                size.append(memory[1].abs().mean().item())
        finals.append(sum(losses) / len(losses))
        sizes.append(size)
    runs = torch.tensor(sizes)  # (seeds, windows)
    return {
        "validation_loss": spread(finals),
        "cell": {
            "position": [window * (i + 1) for i in range(runs.shape[1])],
            "mean": runs.mean(0).tolist(),
            "lowest": runs.min(0).values.tolist(),
            "highest": runs.max(0).values.tolist(),
        },
    }


def spread(values: list[float]) -> dict:
    """The runs' numbers with their mean, lowest and highest."""
    return {"runs": values, "mean": sum(values) / len(values), "lowest": min(values), "highest": max(values)}


def _shuffled(part: list[str], seed: int) -> list[str]:
    order = torch.randperm(len(part), generator=torch.Generator().manual_seed(seed))
    return [part[i] for i in order.tolist()]


def experiments() -> dict:
    """Every experiment by the name of its result."""
    plan: dict[str, tuple] = {}
    for gap in (5, 10, 20, 30, 50):
        for kind in ("lstm", "gru"):
            plan[f"copy.{kind}.gap_{gap}"] = (copy_symbol, {"kind": kind, "gap": gap})
    for name, bias, gaps in (("0", 0.0, (5, 10, 20)), ("3", 3.0, (20, 50, 100)), ("open", OPEN, (20, 50, 100))):
        for gap in gaps:
            settings = {"kind": "lstm", "gap": gap, "forget_bias": bias}
            plan[f"bias.{name}.gap_{gap}"] = (copy_symbol, settings)
    for name, bias in (("0", 0.0), ("1", 1.0), ("open", OPEN)):
        plan[f"stream.bias_{name}"] = (read_stream, {"forget_bias": bias})
    return plan


if __name__ == "__main__":
    command("lstm-gru", train, experiments)
