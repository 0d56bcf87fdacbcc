"""The figures of the landscape: the site's own models at work, one token after another and all pixels at once."""

import functools
import itertools

import torch

from snippets.data import prose
from snippets.diffusion.model import Config as UNetConfig
from snippets.diffusion.model import UNet, cosine_schedule, sample, times
from snippets.gpt.model import GPT, generate
from snippets.gpt.model import Config as GPTConfig
from snippets.kit import Choice, Slider, figure, image_grid, lines, load_weights

STEPS = 20
SHOWN = [1, 2, 4, 8, 13, 20]  # after how many steps a picture is shown
DIGIT = Choice("Digit", {digit: str(digit) for digit in range(10)}, 8)
CHANCE = Slider("Chance", 1, 4, value=2)


@functools.cache
def unet() -> UNet:
    """The U-Net of the page on diffusion."""
    return load_weights(lambda: UNet(UNetConfig()), "diffusion", prefix="digits.")


@functools.cache
def gpt() -> GPT:
    """The model of the page on GPT."""
    return load_weights(lambda: GPT(GPTConfig()), "gpt")


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


@functools.cache
def painted(digit: int, chance: int) -> torch.Tensor:
    """What the U-Net takes the finished digit for after each of the steps, (STEPS, 8, 8) from -1 to 1."""
    start = torch.randn(1, 1, 8, 8, generator=seeded(chance))
    label = torch.tensor([digit])
    _, estimates = sample(unet(), start, label, cosine_schedule(), times(STEPS), seeded(chance), limit=1.0)
    return torch.cat(estimates)[:, 0]


@functools.cache
def written(chance: int) -> tuple[int, ...]:
    """The tokens that GPT writes after “Elizabeth”, as many as the U-Net takes steps."""
    opening = prose.tokenizer().encode("\nElizabeth")
    return tuple(generate(gpt(), opening, STEPS, seeded(chance), temperature=0.8, top_p=0.9))


def so_far(chance: int, count: int) -> str:
    """The text of the first tokens written, on one line."""
    return " ".join(("Elizabeth" + prose.tokenizer().decode(list(written(chance))[:count])).split())


@figure(digit=DIGIT, chance=CHANCE)
def unfinished(digit: int, chance: int) -> dict:
    """A digit from noise, as the U-Net guesses it after 1 to 20 steps; below the controls, what GPT has by then.

    After one step the whole picture is there and nothing in it is certain: the first guess is a blur of all that the
    noise might become. Later steps only sharpen it. GPT does the opposite. After one step it has one token, which is
    final, and no idea yet of the last.
    """
    pictures = painted(digit, chance)[[count - 1 for count in SHOWN]]
    drawn = image_grid(
        pictures, columns=3, titles=[f"after {count}" for count in SHOWN], height=330, limits=(-1.0, 1.0)
    )
    early, late = so_far(chance, 4), so_far(chance, STEPS)
    return drawn | {"note": f"GPT after 4 steps: “{early}”. After 20: “{late}”."}


@figure(digit=DIGIT, chance=CHANCE)
def settled(digit: int, chance: int) -> dict:
    """How much of the result is already what it will be: of GPT's tokens, and of the digit's pixels.

    A token is settled when it is written and not before, so GPT's line is straight. A pixel counts as settled when the
    guess has it on its final side of half ink, and stays there. Many pixels of a digit are blank whatever the digit,
    so the line begins high, and most of the work goes into the few that are left.
    """
    guesses = painted(digit, chance) > 0  # (STEPS, 8, 8)
    right = guesses == guesses[-1]
    lasting = [right[step:].all(dim=0).float().mean().item() for step in range(STEPS)]
    steps = list(range(STEPS + 1))
    tokens = written(chance)
    final = [sum(one == other for one, other in itertools.zip_longest(tokens[:step], tokens)) / STEPS for step in steps]
    return lines(
        {"tokens": (steps, final), "pixels": (steps[1:], lasting)},
        x_title="steps done, of 20",
        y_title="share of the result that is settled",
        y_range=(0, 1),
        markers=True,
        height=300,
    )
