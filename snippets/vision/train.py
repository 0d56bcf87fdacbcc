"""The recipe of the page's three networks, and the experiments behind its *measured* figures.

    python -m snippets.vision.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.vision.train --experiments    # every comparison, one result at a time, resumable

The digits of `snippets/data/digits.npz`: 8,000 to learn from, 1,000 to compare settings, 1,000 to report.
Every experiment trains once for each of `SEEDS` and keeps the number of each run. Experiments use a ViT with
patches of 7×7 pixels, 17 tokens instead of 50, which costs a third of the page's.
"""

import time
from collections.abc import Iterable, Iterator

import torch
from torch import nn
from torch.nn import functional as F

from snippets.data import digits
from snippets.kit.training import Run, command
from snippets.vision.images import shift
from snippets.vision.model import CNN, SIDE, CNNConfig, ResNet, ResNetConfig, ViT, ViTConfig

SEEDS = range(3)
BATCH = 64  # images in a step
SHIFTS = range(-8, 9)  # pixels to the right
STEPS = {"cnn": 1500, "resnet": 1200, "vit": 2500}
RATES = {"cnn": 2e-3, "resnet": 4e-3, "vit": 2e-3}


# --- the page's networks -----------------------------------------------------------------------------------


def train() -> None:
    """Train the three networks of the page, one after the other."""
    with Run("vision", recipe=train, seed=0, data=["digits.npz"]) as run:
        parts = digits.split()
        models = {
            "cnn": seeded(CNN, 0, CNNConfig()),
            "resnet": seeded(ResNet, 0, ResNetConfig()),
            "vit": seeded(ViT, 0, ViTConfig()),
        }
        metrics = {"images": {part: len(labels) for part, (_, labels) in parts.items()}}
        for name, model in models.items():
            started, recent = time.perf_counter(), []
            steps = run.steps(STEPS[name], name)
            fitted = fit(model, parts["train"], steps, STEPS[name], rate=RATES[name], seed=0)
            for step, loss in enumerate(fitted, start=1):
                recent.append(loss)
                if step % 100 == 0:
                    mean, recent = sum(recent) / len(recent), []
                    held_out = accuracy(model, *parts["validation"])
                    run.record(**{f"{name}_step": step, f"{name}_loss": mean, f"{name}_accuracy": held_out})
            metrics[name] = {
                "seconds": time.perf_counter() - started,
                "steps": STEPS[name],
                "parameters": sum(parameter.numel() for parameter in model.parameters()),
                "training_accuracy": accuracy(model, *parts["train"]),
                "validation_accuracy": accuracy(model, *parts["validation"]),
                "test_accuracy": accuracy(model, *parts["test"]),
                "shifted": shifted_accuracy(model, *parts["test"]),
            }
        run.save({f"{name}.": model for name, model in models.items()}, metrics=metrics)


def fit(
    model: nn.Module,
    part: tuple[torch.Tensor, torch.Tensor],
    steps: Iterable[int],
    total: int,
    *,
    rate: float,
    seed: int,
    reach: int = 0,
) -> Iterator[float]:
    """Train by cross-entropy; with `reach`, on images shifted by up to so many pixels. Yields every loss, in nats.

    The rate rises over the first tenth of `total` steps and falls to zero along a cosine.
    """
    images, labels = part
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=total, pct_start=0.1)
    for _ in steps:
        rows = torch.randint(len(images), (BATCH,), generator=generator)
        batch = images[rows]
        if reach:
            batch = jitter(batch, reach, generator)
        model.train()
        loss = F.cross_entropy(model(batch), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield loss.item()


def jitter(images: torch.Tensor, reach: int, generator: torch.Generator) -> torch.Tensor:
    """Every image of a batch (B, 1, 28, 28) shifted by its own random number of pixels, up to `reach`."""
    moves = torch.randint(-reach, reach + 1, (len(images), 2), generator=generator).tolist()
    moved = [shift(image[None], right, down) for image, (right, down) in zip(images, moves, strict=True)]
    return torch.cat(moved)


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of images whose likeliest class is the right one."""
    model.eval()
    guesses = torch.cat([model(batch).argmax(dim=1) for batch in images.split(500)])  # (N,)
    return (guesses == labels).float().mean().item()


def shifted_accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> list[float]:
    """Accuracy with all images moved sideways by each of `SHIFTS`."""
    return [accuracy(model, shift(images, right, 0), labels) for right in SHIFTS]


# --- experiments -------------------------------------------------------------------------------------------


def learn(
    kind: str,
    size: int,
    shuffled: bool = False,
    positions: bool = True,
    reach: int = 0,
) -> dict:
    """A CNN or a ViT from `size` training images: accuracy on the validation images, and on shifted ones.

    With `shuffled`, the pixels of all images change places in the same random way. Each run draws its own
    images from the 8,000 and takes the same number of steps, whatever the network and the size.
    """
    steps = 600
    accuracies, shifted = [], []
    for seed in SEEDS:
        parts = digits.split()
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(parts["train"][0]), generator=generator)[:size]
        if shuffled:
            order = torch.randperm(SIDE * SIDE, generator=generator)
            parts = {
                part: (images.reshape(len(images), -1)[:, order].reshape(images.shape), labels)
                for part, (images, labels) in parts.items()
            }
        images, labels = parts["train"]
        if kind == "cnn":
            model, rate = seeded(CNN, seed, CNNConfig()), 2e-3
        else:
            model, rate = seeded(ViT, seed, ViTConfig(patch=7, positions=positions)), 4e-3
        for _ in fit(model, (images[chosen], labels[chosen]), range(steps), steps, rate=rate, seed=seed, reach=reach):
            pass
        accuracies.append(accuracy(model, *parts["validation"]))
        shifted.append(shifted_accuracy(model, *parts["validation"]))
    return {"accuracy": spread(accuracies), "shifted": spread_curves(shifted)}


def deepen(blocks: int, skips: bool) -> dict:
    """A ResNet with `blocks` a stage, with and without its skips, for 150 steps: loss and accuracy."""
    steps, every = 150, 10
    config = ResNetConfig(blocks=blocks, skips=skips)
    accuracies, losses = [], []
    for seed in SEEDS:
        parts = digits.split()
        model = seeded(ResNet, seed, config)
        run = list(fit(model, parts["train"], range(steps), steps, rate=4e-3, seed=seed))
        losses.append([sum(run[first : first + every]) / every for first in range(0, steps, every)])
        accuracies.append(accuracy(model, *parts["validation"]))
    return {
        "depth": config.depth,
        "accuracy": spread(accuracies),
        "final_loss": spread([curve[-1] for curve in losses]),
        "loss": spread_curves(losses) | {"step": list(range(every, steps + 1, every))},
    }


def seeded(kind: type, seed: int, config: object) -> nn.Module:
    """A new model whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return kind(config)


def spread(values: list[float]) -> dict:
    """The runs' numbers with their mean, lowest and highest."""
    return {"runs": values, "mean": sum(values) / len(values), "lowest": min(values), "highest": max(values)}


def spread_curves(curves: list[list[float]]) -> dict:
    """Mean, lowest and highest run at each point."""
    runs = torch.tensor(curves)  # (runs, points)
    return {
        "mean": runs.mean(0).tolist(),
        "lowest": runs.min(0).values.tolist(),
        "highest": runs.max(0).values.tolist(),
    }


def experiments() -> dict:
    """Every experiment by the name of its result."""
    plan: dict[str, tuple] = {}
    for kind in ("cnn", "vit"):
        for size in (8000, 100, 1000, 300):
            plan[f"size.{kind}.images_{size}"] = (learn, {"kind": kind, "size": size})
    plan["positions.without"] = (learn, {"kind": "vit", "size": 8000, "positions": False})
    for blocks in (9, 1, 3):
        for skips in (True, False):
            name = f"skips.{'with' if skips else 'without'}.blocks_{blocks}"
            plan[name] = (deepen, {"blocks": blocks, "skips": skips})
    plan["jitter.cnn"] = (learn, {"kind": "cnn", "size": 8000, "reach": 4})
    for kind in ("cnn", "vit"):
        plan[f"shuffled.{kind}"] = (learn, {"kind": kind, "size": 8000, "shuffled": True})
    return plan


if __name__ == "__main__":
    command("vision", train, experiments)
