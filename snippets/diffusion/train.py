"""The recipe of the page's two denoisers, and the experiments behind its *measured* figures.

    python -m snippets.diffusion.train                  # weights.safetensors, manifest.json, results.json
    python -m snippets.diffusion.train --experiments    # every comparison, one result at a time, resumable

The U-Net learns the 8×8 digits of `snippets/data/small_digits.csv.gz`, one in five held out; the network for
points learns sets that `snippets/data/point_sets.py` draws. Samples are judged in two ways. A small classifier
says whether a sample shows the digit that was asked for. The energy distance says how far two sets of samples
are apart: 2 E|a - b| - E|a - a'| - E|b - b'|, zero only for equal distributions (Székely and Rizzo, 2013).
"""

import functools
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn
from torch.nn import functional as F

from snippets.data import point_sets, small_digits
from snippets.diffusion.model import (
    SCHEDULES,
    Config,
    PointConfig,
    PointDenoiser,
    T,
    UNet,
    add_noise,
    cosine_schedule,
    estimate,
    sample,
    target,
    times,
)
from snippets.kit import load_weights
from snippets.kit.training import Run, command, manifest

SEEDS = range(3)
STEPS = 3000
POINT_STEPS = 4000
BATCH = 128
DROPPED = 0.1  # share of labels hidden in training, for guidance

Draw = Callable[[torch.Generator], tuple[torch.Tensor, torch.Tensor]]


# --- the page's networks -----------------------------------------------------------------------------------


def train() -> None:
    """Train the two networks of the page."""
    with Run("diffusion", recipe=train, seed=0, data=["small_digits.csv.gz"]) as run:
        points = seeded(PointDenoiser, 0, PointConfig())
        for _ in fit(points, draw_points, run.steps(POINT_STEPS, "points"), rate=3e-3, total=POINT_STEPS):
            pass
        digits = seeded(UNet, 0, Config())
        recent = []
        losses = fit(digits, draw_digits, run.steps(STEPS, "digits"), rate=2e-3, total=STEPS)
        for step, loss in enumerate(losses, start=1):
            recent.append(loss)
            if step % 100 == 0:
                mean, recent = sum(recent) / len(recent), []
                run.record(step=step, training_loss=mean, held_out_loss=evaluate(digits))
        digits.eval()
        points.eval()
        parts = small_digits.split()
        images, labels = draw_samples(digits, 500, steps=20, eta=1.0, seed=0)
        metrics = {
            "steps": STEPS,
            "point_steps": POINT_STEPS,
            "images": {part: len(members) for part, (members, _) in parts.items()},
            "digit_parameters": size(digits),
            "point_parameters": size(points),
            "held_out_loss": evaluate(digits),
            "accuracy": read_right(images, labels),
            "distance": energy_distance(images, parts["train"][0]),
            "held_out_distance": energy_distance(parts["held_out"][0], parts["train"][0]),
            "classifier_accuracy": read_right(*parts["held_out"]),
            "nearest": {
                "samples": nearest(images, parts["train"][0]),
                "held_out": nearest(parts["held_out"][0], parts["train"][0]),
            },
        }
        run.save({"digits.": digits, "points.": points}, metrics=metrics)


def draw_digits(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of training images with their labels."""
    images, labels = digits_of("train")
    rows = torch.randint(len(images), (BATCH,), generator=generator)
    return images[rows], labels[rows]


def draw_points(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of new points of every set, with the number of the set."""
    each = 170
    sets = [point_sets.draw(name, each, generator) for name in point_sets.NAMES]
    return torch.cat(sets), torch.arange(len(sets)).repeat_interleave(each)


# --8<-- [start:fit]
def fit(
    model: nn.Module,
    draw: Draw,
    steps: Iterable[int],
    *,
    rate: float,
    total: int,
    schedule: str = "cosine",
    predicts: str = "v",
    seed: int = 0,
) -> Iterator[float]:
    """Train a denoiser; yields the loss of every step."""
    generator = torch.Generator().manual_seed(seed)
    alpha_bar = SCHEDULES[schedule]()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    for _ in steps:
        x_0, label = draw(generator)
        hidden = torch.rand(len(label), generator=generator) < DROPPED
        label = label.masked_fill(hidden, model.config.labels)
        t = torch.randint(1, T + 1, (len(x_0),), generator=generator)
        noise = torch.randn(x_0.shape, generator=generator)
        x_t = add_noise(x_0, noise, alpha_bar[t])
        loss = F.mse_loss(model(x_t, t, label), target(predicts, x_0, noise, alpha_bar[t]))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        decay.step()
        yield loss.item()


# --8<-- [end:fit]


@torch.no_grad()
def evaluate(model: UNet) -> float:
    """Loss on the held-out digits, each at four moments spread over time, always with the same noise."""
    generator = torch.Generator().manual_seed(1)
    alpha_bar = cosine_schedule()
    x_0, label = (part.repeat_interleave(4, dim=0) for part in digits_of("held_out"))
    t = 1 + (torch.arange(len(x_0)) * 389) % T
    noise = torch.randn(x_0.shape, generator=generator)
    output = model(add_noise(x_0, noise, alpha_bar[t]), t, label)
    return F.mse_loss(output, target("v", x_0, noise, alpha_bar[t])).item()


# --- judging samples ---------------------------------------------------------------------------------------


class Reader(nn.Module):
    """A small convolutional classifier of clean digits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 16, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)  # (B, 1, 8, 8) -> (B, 10)


@functools.cache
def reader() -> Reader:
    """The classifier, trained on the training digits with a little noise."""
    model = seeded(Reader, 0)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(800):
        images, labels = draw_digits(generator)
        images = images + 0.1 * torch.randn(images.shape, generator=generator)
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def read_right(images: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of images that the classifier reads as their label."""
    return (reader()(images).argmax(1) == labels).float().mean().item()


def energy_distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """Unbiased squared energy distance of two sets of samples, (N, …) and (M, …)."""
    first, second = first.flatten(1), second.flatten(1)

    def within(samples: torch.Tensor) -> torch.Tensor:
        return torch.cdist(samples, samples).sum() / (len(samples) * (len(samples) - 1))

    return (2 * torch.cdist(first, second).mean() - within(first) - within(second)).item()


def nearest(images: torch.Tensor, known: torch.Tensor) -> float:
    """Mean distance from an image to the nearest known one."""
    return torch.cdist(images.flatten(1), known.flatten(1)).min(dim=1).values.mean().item()


def draw_samples(
    model: UNet,
    count: int,
    *,
    steps: int,
    eta: float,
    seed: int,
    scale: float = 1.0,
    schedule: str = "cosine",
    predicts: str = "v",
) -> tuple[torch.Tensor, torch.Tensor]:
    """Digits in equal numbers, and which digit each was asked to be."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 10
    start = torch.randn(count, 1, 8, 8, generator=generator)
    path, _ = sample(
        model,
        start,
        labels,
        SCHEDULES[schedule](),
        times(steps),
        generator,
        predicts=predicts,
        eta=eta,
        scale=scale,
        limit=1.0,
    )
    return path[-1], labels


def point_distances(model: PointDenoiser, *, steps: int, eta: float, seed: int, **how: str) -> float:
    """Mean energy distance over the sets between 1,000 drawn and 1,000 real points of each."""
    generator = torch.Generator().manual_seed(seed)
    schedule, predicts = how.get("schedule", "cosine"), how.get("predicts", "v")
    found = []
    for number, name in enumerate(point_sets.NAMES):
        real = point_sets.draw(name, 1000, generator)
        start = torch.randn(1000, 2, generator=generator)
        label = torch.full((1000,), number)
        path, _ = sample(
            model,
            start,
            label,
            SCHEDULES[schedule](),
            times(steps),
            generator,
            predicts=predicts,
            eta=eta,
            limit=3.0,
        )
        found.append(energy_distance(path[-1], real))
    return sum(found) / len(found)


# --- experiments -------------------------------------------------------------------------------------------


def digit_quality(steps: int, eta: float) -> dict:
    """Samples of the page's U-Net: classifier accuracy and energy distance to the training digits."""
    return judged(page_digits(), steps=steps, eta=eta) | {"weights": manifest("diffusion")["weights"]}


def point_quality(steps: int, eta: float) -> dict:
    """Samples of the page's network for points: energy distance to new points of the sets."""
    distances = [point_distances(page_points(), steps=steps, eta=eta, seed=seed) for seed in SEEDS]
    return {"distance": spread(distances), "weights": manifest("diffusion")["weights"]}


def guidance(scale: float) -> dict:
    """Samples in twenty steps under guidance: accuracy, distance, and how different samples of a digit are.

    Variety is the mean distance between two samples of one digit, relative to two training images of it.
    """
    found = judged(page_digits(), steps=20, eta=1.0, scale=scale)
    images, labels = draw_samples(page_digits(), 600, steps=20, eta=1.0, seed=0, scale=scale)
    return found | {
        "variety": within_digits(images, labels) / within_digits(*digits_of("train")),
        "weights": manifest("diffusion")["weights"],
    }


def errors(every: int) -> dict:
    """Mean squared error of the page's U-Net on held-out digits by moment, in the three currencies."""
    alpha_bar, model = cosine_schedule(), page_digits()
    x_0, label = digits_of("held_out")
    found: dict[str, list[float]] = {"noise": [], "x_0": [], "v": []}
    moments = list(range(every // 2, T + 1, every))
    for t in moments:
        noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(t))
        x_t = add_noise(x_0, noise, alpha_bar[t])
        with torch.no_grad():
            output = model(x_t, torch.full((len(x_0),), t), label)
        x_0_hat, noise_hat = estimate("v", output, x_t, alpha_bar[t])
        found["v"].append(F.mse_loss(output, target("v", x_0, noise, alpha_bar[t])).item())
        found["x_0"].append(F.mse_loss(x_0_hat, x_0).item())
        found["noise"].append(F.mse_loss(noise_hat, noise).item())
    return found | {"t": moments, "weights": manifest("diffusion")["weights"]}


def information(schedule: str) -> dict:
    """How often the best possible reader of x_t, who knows every training digit, still finds the right label.

    By Bayes' rule for x_0 one of the training images: each gets the weight exp(-|x_t - √ᾱ x_0|² / 2(1 - ᾱ)).
    """
    alpha_bar = SCHEDULES[schedule]()
    known, classes = digits_of("train")
    x_0, label = digits_of("held_out")
    moments = [1, *range(50, T + 1, 50)]
    shares = []
    for t in moments:
        right = 0.0
        for seed in SEEDS:
            noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(seed))
            x_t = add_noise(x_0, noise, alpha_bar[t]).flatten(1)
            apart = torch.cdist(x_t, alpha_bar[t].sqrt() * known.flatten(1)) ** 2  # (held out, known)
            weights = torch.softmax(-apart / (2 * (1 - alpha_bar[t])), dim=1)
            belief = weights @ F.one_hot(classes, 10).float()  # (held out, 10)
            right += (belief.argmax(1) == label).float().mean().item() / len(SEEDS)
        shares.append(right)
    return {"t": moments, "accuracy": shares}


def ablate_digits(schedule: str, predicts: str) -> dict:
    """A U-Net trained for a fifth of the recipe's steps, then judged after a few and after more steps."""
    steps = STEPS // 5
    judgements: dict[str, list] = {}
    for seed in SEEDS:
        model = seeded(UNet, seed, Config())
        how = {"schedule": schedule, "predicts": predicts}
        for _ in fit(model, draw_digits, range(steps), rate=2e-3, total=steps, seed=seed, **how):
            pass
        model.eval()
        for count in (3, 5, 10, 20, 50):
            images, labels = draw_samples(model, 300, steps=count, eta=0.0, seed=seed, **how)
            judgements.setdefault(f"steps_{count}", []).append(
                (read_right(images, labels), energy_distance(images, digits_of("train")[0]))
            )
    return {
        name: {"accuracy": spread([right for right, _ in found]), "distance": spread([far for _, far in found])}
        for name, found in judgements.items()
    }


def ablate_points(schedule: str, predicts: str) -> dict:
    """A network for points trained for a quarter of the recipe's steps, then judged."""
    steps = POINT_STEPS // 4
    distances: dict[str, list[float]] = {}
    for seed in SEEDS:
        model = seeded(PointDenoiser, seed, PointConfig())
        how = {"schedule": schedule, "predicts": predicts}
        for _ in fit(model, draw_points, range(steps), rate=3e-3, total=steps, seed=seed, **how):
            pass
        model.eval()
        for count in (3, 5, 10, 20, 50):
            found = point_distances(model, steps=count, eta=0.0, seed=seed, **how)
            distances.setdefault(f"steps_{count}", []).append(found)
    return {name: {"distance": spread(found)} for name, found in distances.items()}


# --- what the experiments share ----------------------------------------------------------------------------


@functools.cache
def digits_of(part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels of `train` or `held_out`."""
    return small_digits.split()[part]


@functools.cache
def page_digits() -> UNet:
    """The page's U-Net with its committed weights."""
    return load_weights(UNet(Config()), "diffusion", prefix="digits.")


@functools.cache
def page_points() -> PointDenoiser:
    """The page's network for points with its committed weights."""
    return load_weights(PointDenoiser(PointConfig()), "diffusion", prefix="points.")


def judged(model: UNet, **how: float) -> dict:
    """Accuracy and distance of 300 samples, for each seed."""
    drawn = [draw_samples(model, 300, seed=seed, **how) for seed in SEEDS]
    known = digits_of("train")[0]
    return {
        "accuracy": spread([read_right(images, labels) for images, labels in drawn]),
        "distance": spread([energy_distance(images, known) for images, _ in drawn]),
    }


def within_digits(images: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean distance between two images of the same digit."""
    found = []
    for digit in range(10):
        chosen = images[labels == digit].flatten(1)
        found.append(torch.cdist(chosen, chosen).sum().item() / (len(chosen) * (len(chosen) - 1)))
    return sum(found) / len(found)


def seeded(kind: type, seed: int, *arguments: object) -> nn.Module:
    """A new model whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return kind(*arguments)


def size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def spread(values: list[float]) -> dict:
    """The runs' numbers with their mean, lowest and highest."""
    return {"runs": values, "mean": sum(values) / len(values), "lowest": min(values), "highest": max(values)}


def experiments() -> dict:
    """Every experiment by the name of its result."""
    plan: dict[str, tuple] = {}
    for schedule in SCHEDULES:
        plan[f"information.{schedule}"] = (information, {"schedule": schedule})
    plan["errors"] = (errors, {"every": 40})
    for sampler, eta in (("ddim", 0.0), ("ddpm", 1.0)):
        for steps in (1, 2, 3, 5, 10, 20, 50, 100, 200):
            plan[f"quality.digits.{sampler}.steps_{steps}"] = (digit_quality, {"steps": steps, "eta": eta})
        for steps in (1, 2, 3, 5, 10, 20, 50, 100, 200, 1000):
            plan[f"quality.points.{sampler}.steps_{steps}"] = (point_quality, {"steps": steps, "eta": eta})
    for scale in (0, 0.5, 1, 1.5, 2, 3, 5, 8):
        plan[f"guidance.scale_{str(scale).replace('.', '_')}"] = (guidance, {"scale": scale})
    for predicts in ("v", "noise", "x_0"):
        for task, measure in (("points", ablate_points), ("digits", ablate_digits)):
            plan[f"ablation.{task}.cosine.{predicts}"] = (measure, {"schedule": "cosine", "predicts": predicts})
    for predicts in ("v", "noise"):
        settings = {"schedule": "linear", "predicts": predicts}
        plan[f"ablation.points.linear.{predicts}"] = (ablate_points, settings)
    return plan


if __name__ == "__main__":
    command("diffusion", train, experiments)
