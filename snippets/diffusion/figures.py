"""The figures of the diffusion page."""

import functools
import itertools

import torch

from snippets.data import point_sets
from snippets.diffusion.model import (
    Config,
    PointConfig,
    PointDenoiser,
    T,
    UNet,
    add_noise,
    cosine_schedule,
    ddim_step,
    estimate,
    linear_schedule,
    sample,
    times,
)
from snippets.kit import (
    Choice,
    Draw,
    Point,
    Slider,
    figure,
    image_grid,
    lines,
    load_weights,
    plain,
    points,
    results,
    vector_field,
)
from snippets.kit.colours import ACCENT, INK, MUTED

SETS = list(point_sets.NAMES)
FOUR = [  # the brightness, out of 16, of a four from the data
    "0 0 0 0 12 2 0 0",
    "0 0 0 6 14 1 0 0",
    "0 0 4 16 7 8 0 0",
    "0 0 13 9 0 16 6 0",
    "0 6 16 10 11 16 0 0",
    "0 0 5 10 13 16 0 0",
    "0 0 0 0 6 16 0 0",
    "0 0 0 0 12 8 0 0",
]
DRAWN = [[int(cell) / 16 for cell in row.split()] for row in FOUR]
FIRST = 990  # where figures with fresh noise begin: at T all but nothing is left, and 1 - ᾱ is only rounding
INKED = (-1.6, 1.6)  # ends of the colour scale for images that hold noise


@functools.cache
def digits() -> UNet:
    """The page's U-Net with its committed weights."""
    return load_weights(lambda: UNet(Config()), "diffusion", prefix="digits.")


@functools.cache
def cloud() -> PointDenoiser:
    """The page's network for points with its committed weights."""
    return load_weights(lambda: PointDenoiser(PointConfig()), "diffusion", prefix="points.")


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def as_data(image: list[list[float]]) -> torch.Tensor:
    """A drawing from 0 to 1 as the networks see images, (1, 1, 8, 8) from -1 to 1."""
    return (2 * torch.tensor(image) - 1).reshape(1, 1, 8, 8)


def plane(groups: object, reach: float = 2.6) -> dict:
    """Points on a square piece of the plane, from -reach to reach on both axes."""
    ends = (-reach, reach)
    drawn = points(groups, size=5, equal=True, x_range=ends, y_range=ends, height=410)
    drawn["layout"]["xaxis"]["constrain"] = "domain"
    drawn["layout"]["yaxis"]["constrain"] = "domain"
    return drawn


def draw_points(shape: str, moments: list[int], *, count: int, eta: float = 0.0) -> tuple[list, list]:
    """Path and estimates of `count` points on their way to the set `shape`."""
    label = torch.full((count,), SETS.index(shape))
    start = torch.randn(count, 2, generator=seeded(0))
    return sample(cloud(), start, label, cosine_schedule(), moments, seeded(1), eta=eta)


# --- adding noise ------------------------------------------------------------------------------------------


@figure(
    image=Draw("Your image", rows=8, columns=8, value=DRAWN, help="paint over it"),
    t=Slider("Moment t", 0, T, step=50, value=350),
    schedule=Choice("Schedule", {"cosine": "cosine", "linear": "linear"}),
)
def forward_noising(image: list[list[float]], t: int, schedule: str) -> dict:
    """Your drawing on its way to noise: the drawing, the part of it that is left, the noise, and their sum.

    Nothing is learned here: xₜ is one line of arithmetic. Move t from 0 to 1000. The second picture
    pales while the third gains strength, so that their sum always has about the same range. Somewhere on the
    way your eye gives up. Under the linear schedule it gives up sooner.
    """
    alpha_bar_t = (cosine_schedule if schedule == "cosine" else linear_schedule)()[t]
    x_0 = as_data(image)
    noise = torch.randn(x_0.shape, generator=seeded(3))
    nothing = torch.zeros_like(x_0)
    parts = [
        x_0,
        add_noise(x_0, nothing, alpha_bar_t),
        add_noise(nothing, noise, alpha_bar_t),
        add_noise(x_0, noise, alpha_bar_t),
    ]
    signal, spread = alpha_bar_t.sqrt().item(), (1 - alpha_bar_t).sqrt().item()
    return image_grid(
        torch.cat(parts)[:, 0],
        columns=4,
        titles=["x₀", f"{signal:.2f} · x₀", f"{spread:.2f} · ε", "xₜ"],
        height=180,
        limits=INKED,
    )


@figure(
    show=Choice("Show", {"share": "signal left, ᾱ", "ratio": "signal-to-noise ratio"}),
    t=Slider("Moment t", 0, T, step=25, value=500),
)
def schedules(show: str, t: int) -> dict:
    """How much of the data is left at each moment, under the two schedules.

    The linear schedule has used up most of the signal by the middle of the way, and spends its last third on
    images that hold next to nothing. The cosine schedule spreads the loss evenly. On the logarithmic scale of
    the signal-to-noise ratio ᾱ/(1 − ᾱ) both fall all the way; they differ in how long they stay where
    something can still be learned.
    """
    moments = list(range(10, T, 10))
    named = {"cosine": cosine_schedule(), "linear": linear_schedule()}
    series = {}
    for label, alpha_bar in named.items():
        left = alpha_bar[torch.tensor(moments)]
        series[label] = left if show == "share" else left / (1 - left)
    here = {label: alpha_bar[t].item() for label, alpha_bar in named.items()}
    drawn = lines(
        series,
        moments,
        x_title="moment t",
        y_title="share of signal left, ᾱ" if show == "share" else "signal-to-noise ratio",
        x_range=(0, T),
        y_range=(0, 1.02) if show == "share" else (1e-6, 1e4),
        y_log=show == "ratio",
        height=330,
    )
    drawn["layout"]["shapes"] = [
        {
            "type": "line",
            "yref": "paper",
            "x0": t,
            "x1": t,
            "y0": 0,
            "y1": 1,
            "line": {"color": MUTED, "width": 1.2, "dash": "dash"},
        }
    ]
    said = f"ᾱ at t = {t}: cosine {here['cosine']:.3f}, linear {here['linear']:.3f}"
    drawn["layout"]["title"] = {"text": said, "font": {"size": 13, "color": INK}}
    drawn["layout"]["margin"]["t"] = 36
    return drawn


# --- what the network answers ------------------------------------------------------------------------------


@figure(
    image=Draw("Your image", rows=8, columns=8, value=DRAWN, help="paint a digit"),
    t=Slider("Moment t", 50, T, step=50, value=500),
    digit=Choice("Tell the network it is", {str(d): str(d) for d in range(10)}, "4"),
)
def denoise_drawing(image: list[list[float]], t: int, digit: str) -> dict:
    """Your drawing, noised, and the network's single guess at what was there, without and with a label.

    At small t the guess is your drawing. As t grows the network sees less of it, and fills in what digits
    usually look like: first the strokes become standard, then the guess turns into a pale average. Without a
    label it is the average of all digits, with one the average of that digit. Give it the wrong label at a
    middling t, and it finds that digit in the noise.
    """
    alpha_bar_t = cosine_schedule()[t]
    x_0 = as_data(image)
    x_t = add_noise(x_0, torch.randn(x_0.shape, generator=seeded(3)), alpha_bar_t)
    label = torch.tensor([Config().labels, int(digit)])
    both = x_t.repeat(2, 1, 1, 1)  # (1, 1, 8, 8) -> (2, 1, 8, 8)
    with torch.no_grad():
        output = digits()(both, torch.full((2,), t), label)
    x_0_hat, _ = estimate("v", output, both, alpha_bar_t, limit=1.0)
    return image_grid(
        torch.cat([x_0, x_t, x_0_hat])[:, 0],
        columns=4,
        titles=["x₀", "xₜ", "x̂₀, no label", f"x̂₀, “{digit}”"],
        height=180,
        limits=INKED,
    )


@figure(
    digit=Choice("Digit", {str(d): str(d) for d in range(10)}, "2"),
    sampler=Choice("Sampler", {"ddim": "DDIM", "ddpm": "DDPM"}),
)
def one_sample(digit: str, sampler: str) -> dict:
    """One image being made: above what the sampler holds, xₜ; below what the network thinks it will be, x̂₀.

    The two rows are not the same thing. The upper one stays noisy until late; the lower one is clean from
    the first step, but at first it is only a blurred average of the digit. Each step goes a little way
    towards the guess and then asks again, and the guess sharpens because the question gets easier.
    """
    moments = times(20)
    label = torch.tensor([int(digit)])
    x_t = torch.randn(1, 1, 8, 8, generator=seeded(1))
    eta = 1.0 if sampler == "ddpm" else 0.0
    path, estimates = sample(digits(), x_t, label, cosine_schedule(), moments, seeded(1), eta=eta, limit=1.0)
    shown = [0, 4, 8, 12, 15, 17, 19]
    images = [path[i] for i in shown] + [estimates[i] for i in shown]
    titles = [f"t = {moments[i]}" for i in shown] + ["x̂₀" for _ in shown]
    return image_grid(torch.cat(images)[:, 0], columns=7, titles=titles, limits=INKED, height=230)


# --- points in the plane -----------------------------------------------------------------------------------

WAY = [0, 8, 16, 20, 24, 27, 30, 33, 36, 38, 40]  # which of 41 moments the slider stops at


@figure(
    shape=Choice("Set", {"moons": "two moons", "spiral": "spiral", "ring": "ring"}, "spiral"),
    t=Slider("Moment t, on the way down", values=sorted(times(40)[i] for i in WAY), value=400),
)
def reverse_points(shape: str, t: int) -> dict:
    """160 points on their way from noise to a set, and where the network sends each of them.

    Start at t = 1000: a round cloud, and every point is told to go to the middle, the mean of the set, since
    noise says nothing about where a point came from. Further down the guesses spread out over the set, and
    the points follow. The lines join some of the points xₜ to their guesses x̂₀. At 0 the two are the same.
    """
    moments = times(40)
    path, estimates = draw_points(shape, moments, count=160)
    place = moments.index(t)
    x_t = path[place]
    x_0_hat = estimates[place] if place < len(estimates) else x_t
    drawn = plane({"xₜ": x_t, "x̂₀": x_0_hat})
    ways = torch.stack([x_t, x_0_hat], dim=1)[:40]  # (40, 2, 2)
    gaps = [[one, other, None] for one, other in plain(ways)]
    drawn["data"].insert(
        0,
        {
            "type": "scatter",
            "mode": "lines",
            "x": [pair and pair[0] for way in gaps for pair in way],
            "y": [pair and pair[1] for way in gaps for pair in way],
            "line": {"color": MUTED, "width": 1},
            "opacity": 0.5,
            "hoverinfo": "skip",
            "showlegend": False,
        },
    )
    return drawn


@figure(
    shape=Choice("Set", {"moons": "two moons", "spiral": "spiral", "ring": "ring"}, "moons"),
    sampler=Choice("Sampler", {"ddim": "DDIM", "ddpm": "DDPM"}),
    steps=Slider("Steps", values=[1, 2, 3, 5, 10, 20], value=10),
)
def few_steps(shape: str, sampler: str, steps: int) -> dict:
    """Where 250 points end after so many steps, and the paths of six of them.

    One step takes every point to about the same place, the mean of the set: the best single guess is a bad sample.
    With a few steps the shape appears, and with more it fills out. DDIM's paths are smooth curves fixed by
    the starting point; DDPM's stagger, because each step adds fresh noise. Both end on the same set.
    """
    eta = 1.0 if sampler == "ddpm" else 0.0
    path, _ = draw_points(shape, times(steps, FIRST), count=250, eta=eta)
    drawn = plane(path[-1])
    drawn["data"][0]["marker"]["color"] = MUTED
    followed = torch.stack(path)[:, :6]  # (steps + 1, 6, 2)
    for number in range(6):
        way = plain(followed[:, number])
        drawn["data"].append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [x for x, _ in way],
                "y": [y for _, y in way],
                "line": {"color": ACCENT, "width": 1.5},
                "marker": {"color": ACCENT, "size": [3] * steps + [7]},
                "hoverinfo": "skip",
                "showlegend": False,
            }
        )
    return drawn


@figure(
    start=Point("Start", x=(-2.5, 2.5), y=(-2.5, 2.5), value=(2.0, 2.0), x_title="x", y_title="y"),
    t=Slider("Moment t", 50, T, step=50, value=200),
    shape=Choice("Set", {"moons": "two moons", "spiral": "spiral", "ring": "ring"}, "moons"),
)
def score_field(start: tuple[float, float], t: int, shape: str) -> dict:
    """The score: at every place, the direction in which noised data becomes more likely. Drag the start.

    The arrows are −ε̂/√(1 − ᾱₜ), the noise that the network finds, turned round. At large t they all point to
    the middle; at small t they point straight at the nearest part of the set, and the longest stand far from
    it. The line follows the deterministic sampler from your start at this t down to 0.
    """
    ticks = torch.linspace(-2.5, 2.5, 13)
    grid = torch.stack([ticks.repeat(13), ticks.repeat_interleave(13)], dim=1)  # (169, 2)
    number, alpha_bar = SETS.index(shape), cosine_schedule()
    with torch.no_grad():
        output = cloud()(grid, torch.full((169,), t), torch.full((169,), number))
    signal, spread = alpha_bar[t].sqrt(), (1 - alpha_bar[t]).sqrt()
    score = -(signal * output + spread * grid) / spread  # the noise in x_t, from v
    path, _ = sample(
        cloud(), torch.tensor([start]), torch.tensor([number]), alpha_bar, times(20, first=t), seeded(0)
    )
    return vector_field(
        grid[:, 0],
        grid[:, 1],
        score[:, 0],
        score[:, 1],
        x_title="x",
        y_title="y",
        path=torch.cat(path),
        height=410,
    )


@figure(
    mistake=Choice(
        "Sampler",
        {
            "none": "as it should be",
            "schedule": "schedule other than in training",
            "time": "the same t at every step",
            "kind": "v read as if it were noise",
            "back": "x̂₀ taken for xₜ",
            "noise": "noise added after the last step",
        },
        "back",
    ),
    shape=Choice("Set", {"moons": "two moons", "spiral": "spiral", "ring": "ring"}, "moons"),
)
def mistakes(mistake: str, shape: str) -> dict:
    """Six samplers, one of them right. All run, all have the right shapes, none raises an error.

    Grey is the data, coloured what the sampler makes of noise in 30 steps. Some mistakes ruin the set, others
    only thicken it, or make it suspiciously thin, and those are the ones that survive for months. Taking the
    guess x̂₀ for the next xₜ leaves out the noise of the next level, and all points collapse onto one spot.
    """
    alpha_bar = (linear_schedule if mistake == "schedule" else cosine_schedule)()
    label = torch.full((220,), SETS.index(shape))
    x_t = torch.randn(220, 2, generator=seeded(0))
    moments = times(30)
    for t, s in itertools.pairwise(moments):
        told = torch.full((220,), 500 if mistake == "time" else t)
        with torch.no_grad():
            output = cloud()(x_t, told, label)
        x_0_hat, noise_hat = estimate(
            "noise" if mistake == "kind" else "v", output, x_t, alpha_bar[t], limit=3.0
        )
        x_t = x_0_hat if mistake == "back" else ddim_step(x_0_hat, noise_hat, noise_hat, alpha_bar[t], alpha_bar[s])
    if mistake == "noise":
        x_t = x_t + 0.25 * torch.randn(x_t.shape, generator=seeded(1))
    drawn = plane({"data": point_sets.draw(shape, 220, seeded(2)), "samples": x_t}, reach=3.1)
    for trace, colour in zip(drawn["data"], (MUTED, ACCENT), strict=True):
        trace["marker"]["color"] = colour
    if mistake == "back":
        drawn["data"][1]["marker"]["size"] = 12  # all of them in one place
    return drawn


# --- sampling digits ---------------------------------------------------------------------------------------


@figure(
    steps=Slider("Steps", values=[1, 2, 3, 5, 10, 20, 50, 100], value=10),
    start=Slider("Starting noise", 1, 2, value=1),
)
def ddpm_ddim(steps: int, start: int) -> dict:
    """The ten digits from one batch of noise: DDIM in the upper row, DDPM in the lower.

    After one step both rows are the average of each digit. DDIM is sharp after a few steps, and after that
    more steps hardly change its images: it is an ever better solution of the same equation. DDPM adds fresh
    noise at each step, so another number of steps gives other images, and it needs more of them.
    """
    label = torch.arange(10)
    x_t = torch.randn(10, 1, 8, 8, generator=seeded(start))
    moments = times(steps, FIRST)
    rows = [
        sample(digits(), x_t, label, cosine_schedule(), moments, seeded(start), eta=eta, limit=1.0)[0][-1]
        for eta in (0.0, 1.0)
    ]
    return image_grid(torch.cat(rows)[:, 0], columns=10, limits=(-1, 1), height=140)


@figure(
    digit=Choice("Digit", {str(d): str(d) for d in range(10)}, "8"),
    scale=Slider("Guidance scale", values=[0, 1, 3, 8], value=3),
)
def guidance(digit: str, scale: int) -> dict:
    """Ten samples of one digit under guidance, always from the same noise.

    At 0 the label is ignored and any digit may come. At 1 the network draws what it has learned of this
    digit, slips included. At 3 the digit is plain and the samples are more alike. At 8 the strokes are
    overdone, full ink or none with little between.
    """
    label = torch.full((10,), int(digit))
    x_t = torch.randn(10, 1, 8, 8, generator=seeded(5))
    path, _ = sample(
        digits(), x_t, label, cosine_schedule(), times(10), seeded(5), scale=float(scale), limit=1.0
    )
    return image_grid(path[-1][:, 0], columns=5, limits=(-1, 1), height=225)


# --- measured ----------------------------------------------------------------------------------------------


@figure(measured=True)
def loss_curve() -> dict:
    """The training run behind the digits of this page: error on digits it learns from and on held-out ones.

    The loss falls quickly and then hardly at all. It can never reach zero: from an image that is mostly noise
    nobody can say what was there. A small difference late in the run still makes much better samples.
    """
    curves = results("diffusion")["training"]["curves"]
    return lines(
        {"training": curves["training_loss"], "held out": curves["held_out_loss"]},
        curves["step"],
        x_title="training step",
        y_title="mean squared error of v",
        height=320,
    )


@figure(measured=True)
def information_left() -> dict:
    """How often the best possible reader still knows which digit it was, at each moment of the two schedules.

    The reader knows every training digit and applies Bayes' rule to xₜ, with no network at all, on held-out
    digits. Both schedules begin near certainty and end at guessing. Under the linear one the answer is lost
    before the middle of the way, and the second half of the moments has nothing more to teach about digits.
    """
    found = results("diffusion")["information"]
    return lines(
        {schedule: (entry["t"], entry["accuracy"]) for schedule, entry in found.items()},
        x_title="moment t",
        y_title="digits recognised",
        y_range=(0, 1.03),
        levels=[(0.1, "guessing")],
        height=320,
    )


@figure(measured=True)
def error_by_time() -> dict:
    """The same network's error at each moment, counted in noise, in x₀ and in v, on held-out digits.

    Noise is easy to find where there is much of it, on the right; the data is easy to find where there is
    little noise, on the left. The error of the noise is that of the data times the signal-to-noise ratio,
    which is why the choice of target is a choice of weights. The error of v is the sum of the other two, and
    the flattest of the three.
    """
    found = results("diffusion")["errors"]
    return lines(
        {"noise ε": found["noise"], "data x₀": found["x_0"], "v": found["v"]},
        found["t"],
        x_title="moment t",
        y_title="mean squared error",
        y_log=True,
        x_range=(0, T),
        height=340,
    )


@figure(
    measured=True,
    show=Choice(
        "Show",
        {
            "digits.distance": "digits, distance to the data",
            "digits.accuracy": "digits, read as asked",
            "points.distance": "points, distance to the data",
        },
        "digits.distance",
    ),
)
def quality_steps(show: str) -> dict:
    """Quality of the samples against the number of steps, mean and range of three batches.

    The distance is the energy distance between samples and data, zero when they cannot be told apart; for
    digits a dashed level shows what two parts of the real data have. It falls steeply at first, sooner for
    DDIM than for DDPM. The classifier tells another story: it is happiest with a single step, because an
    average of many eights is the most legible eight. A score that rewards averages cannot judge a generator
    alone.
    """
    task, measure = show.split(".")
    found = results("diffusion")["quality"][task]
    series, bands = {}, {}
    for sampler, label in (("ddim", "DDIM"), ("ddpm", "DDPM")):
        steps = [int(name.removeprefix("steps_")) for name in found[sampler]]
        values = [entry[measure] for entry in found[sampler].values()]
        series[label] = (steps, [value["mean"] for value in values])
        bands[label] = ([value["lowest"] for value in values], [value["highest"] for value in values])
    drawn = lines(
        series,
        x_title="sampling steps",
        y_title="energy distance" if measure == "distance" else "samples read as the digit asked for",
        x_log=True,
        bands=bands,
        markers=True,
        levels=[(results("diffusion")["training"]["held_out_distance"], "real digits")]
        if show == "digits.distance"
        else None,
        height=340,
    )
    drawn["layout"]["margin"]["r"] += 12  # for the capitals
    return drawn


@figure(measured=True)
def guidance_measured() -> dict:
    """What guidance buys and what it costs: 20 DDPM steps at each scale, mean and range of three batches.

    From 0 to 1 the samples learn to obey the label. Beyond 1 none is misread, and up to 2 the variety, measured
    against that of real images of one digit, goes down; past 3 it rises a little, because overdone strokes lie
    further apart. The distance to the data is smallest at 1, where nothing is exaggerated.
    """
    found = results("diffusion")["guidance"]
    scales = [float(name.removeprefix("scale_").replace("_", ".")) for name in found]
    series = {
        "read as asked": [entry["accuracy"]["mean"] for entry in found.values()],
        "variety": [entry["variety"] for entry in found.values()],
        "distance": [entry["distance"]["mean"] for entry in found.values()],
    }
    bands = {
        label: (
            [entry[name]["lowest"] for entry in found.values()],
            [entry[name]["highest"] for entry in found.values()],
        )
        for label, name in (("read as asked", "accuracy"), ("distance", "distance"))
    }
    return lines(
        series,
        scales,
        x_title="guidance scale",
        y_title="share, or energy distance",
        bands=bands,
        markers=True,
        height=340,
    )


def ablation(task: str, runs: dict[str, tuple[str, str]]) -> dict:
    """Distance against steps for several trainings, ``(schedule, predicts)`` by label."""
    found = results("diffusion")["ablation"][task]
    series, bands = {}, {}
    for label, (schedule, predicts) in runs.items():
        entries = found[schedule][predicts]
        values = [entry["distance"] for entry in entries.values()]
        steps = [int(name.removeprefix("steps_")) for name in entries]
        series[label] = (steps, [value["mean"] for value in values])
        bands[label] = ([value["lowest"] for value in values], [value["highest"] for value in values])
    return lines(
        series,
        x_title="sampling steps (DDIM)",
        y_title="energy distance to the data",
        x_log=True,
        bands=bands,
        markers=True,
        height=340,
    )


@figure(measured=True)
def schedule_ablation() -> dict:
    """Linear against cosine schedule on the sets of points, mean and range of three trainings.

    Lower is better. A network that predicts v does better with the cosine schedule at every number of steps,
    most of all when steps are few. For one that predicts the noise it is the other way round from five steps
    on: the cosine schedule ends so close to zero signal that a small error there becomes a large one.
    """
    return ablation(
        "points",
        {
            "v, cosine": ("cosine", "v"),
            "v, linear": ("linear", "v"),
            "ε, cosine": ("cosine", "noise"),
            "ε, linear": ("linear", "noise"),
        },
    )


@figure(measured=True, task=Choice("Task", {"digits": "digits", "points": "points"}, "digits"))
def prediction_ablation(task: str) -> dict:
    """Networks that predict the noise, the data or v, mean and range of three trainings.

    Lower is better. On points the noise predictor is behind at every number of steps. On digits it keeps up
    with v while steps are few, because pixels beyond ink and paper are cut off, and falls behind with more.
    Predicting the data is best on digits; on points it gains nothing after ten steps or so. The range of the
    repeats says which differences are real.
    """
    return ablation(task, {"ε": ("cosine", "noise"), "x₀": ("cosine", "x_0"), "v": ("cosine", "v")})
