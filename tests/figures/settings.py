"""Settings to draw a figure with: what it opens with, the ends of its controls, and random ones."""

import random

from snippets.kit import Choice, Draw, Figure, Point, Slider, Text, Toggle
from snippets.kit.controls import Control


def settings(figure: Figure, count: int = 4) -> list[dict]:
    """Return the defaults, both ends of every control, and `count` random settings, always the same."""
    chance = random.Random(figure.id)
    found = [figure.defaults()]
    if figure.controls:
        found += [{name: ends(control)[end] for name, control in figure.controls.items()} for end in (0, 1)]
        found += [
            {name: any_of(control, chance) for name, control in figure.controls.items()} for _ in range(count)
        ]
    return found


def ends(control: Control) -> tuple[object, object]:
    match control:
        case Text():
            letters = control.alphabet or "ab c"
            return letters[0] * control.min_length, (letters * control.max_length)[: control.max_length]
        case Slider() | Choice() | Toggle():
            return control.states()[0], control.states()[-1]
        case Draw():
            return blank(control, 0.0), blank(control, 1.0)
        case Point():
            return [control.x[0], control.y[0]], [control.x[1], control.y[1]]
    raise TypeError(f"no settings for a {type(control).__name__}")


def any_of(control: Control, chance: random.Random) -> object:
    match control:
        case Text():
            letters = control.alphabet or "abcdefghij klmnopqrstuvwxyz.,?!"
            length = chance.randint(control.min_length, control.max_length)
            return "".join(chance.choice(letters) for _ in range(length))
        case Slider() | Choice() | Toggle():
            return chance.choice(control.states())
        case Draw():
            return [[round(chance.random(), 3) for _ in range(control.columns)] for _ in range(control.rows)]
        case Point():
            return [round(chance.uniform(*control.x), 3), round(chance.uniform(*control.y), 3)]
    raise TypeError(f"no settings for a {type(control).__name__}")


def blank(control: Draw, shade: float) -> list[list[float]]:
    return [[shade] * control.columns for _ in range(control.rows)]
