"""The controls a reader moves: what each looks like, and what it accepts from the page.

A control is declared once, in the `@figure` decorator. Its `spec()` tells the page how to draw it; its
`coerce()` turns what the page sends back into the value the figure's function receives.
"""

import itertools
import math

__all__ = ["Choice", "Control", "ControlError", "Draw", "Point", "Slider", "Text", "Toggle"]


class ControlError(ValueError):
    """A control was given something it cannot take; the message is one plain sentence for the reader."""


class Control:
    """What all controls share: a label, an optional line of help, and a value to start from."""

    type = ""

    def __init__(self, label: str, value: object, help: str = "") -> None:
        if not label:
            raise ValueError("a control needs a label")
        self.label = label
        self.help = help
        self.value = self.coerce(value)

    def coerce(self, value: object) -> object:
        """Return `value` as the figure's function expects it, or raise `ControlError`."""
        raise NotImplementedError

    def states(self) -> list | None:
        """Return every value the control can take, or ``None`` when they cannot be listed."""
        return None

    def detail(self) -> dict:
        """Return the part of the spec that only this kind of control has."""
        return {}

    def spec(self, name: str) -> dict:
        """Return the JSON the page builds the control from. `name` is the function's parameter."""
        common = {"type": self.type, "name": name, "label": self.label, "value": self.shown(self.value)}
        return common | ({"help": self.help} if self.help else {}) | self.detail()

    def shown(self, value: object) -> object:
        """Return `value` in the form the page sends and receives."""
        return value

    def refuse(self, reason: str) -> ControlError:
        return ControlError(f"{self.label}: {reason}")


class Text(Control):
    """A line of text.

    Args:
        label: what the reader sees beside the field.
        value: the text to start from.
        max_length: the most characters the field takes.
        alphabet: the characters allowed; ``None`` allows all. A capital letter whose small form is in the
            alphabet is taken as the small one, and the other way round.
        min_length: the fewest characters the figure can be drawn for.
        placeholder: shown in the empty field.
        shared: a name; all texts of this name, on every page, are one text wherever the reader types it.
    """

    type = "text"

    def __init__(
        self,
        label: str,
        value: str,
        *,
        max_length: int = 40,
        alphabet: str | None = None,
        min_length: int = 1,
        placeholder: str = "",
        shared: str = "",
        help: str = "",
    ) -> None:
        self.shared = shared
        self.max_length = max_length
        self.min_length = min_length
        self.alphabet = alphabet
        self.placeholder = placeholder
        super().__init__(label, value, help)

    def coerce(self, value: object) -> str:
        if not isinstance(value, str):
            raise self.refuse(f"expected text, got {_name_of(value)}.")
        if self.alphabet is not None:
            value = "".join(self._folded(character) for character in value)
            unknown = sorted({character for character in value if character not in self.alphabet})
            if unknown:
                shown = " ".join(f"“{character}”" for character in unknown[:5])
                more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
                raise self.refuse(
                    f"{shown}{more} cannot be read here. It takes only {_describe(self.alphabet)}."
                )
        if len(value) > self.max_length:
            raise self.refuse(f"at most {self.max_length} characters, and this has {len(value):,}.")
        if len(value) < self.min_length:
            least = "one character" if self.min_length == 1 else f"{self.min_length} characters"
            raise self.refuse(f"type at least {least}.")
        return value

    def _folded(self, character: str) -> str:
        if character in self.alphabet:
            return character
        return next(
            (form for form in (character.lower(), character.upper()) if form in self.alphabet), character
        )

    def detail(self) -> dict:
        return {
            "maxLength": self.max_length,
            "minLength": self.min_length,
            "placeholder": self.placeholder,
            "alphabet": self.alphabet,
        } | ({"shared": self.shared} if self.shared else {})


class Slider(Control):
    """A number from a range, or from a list.

    ``Slider("Unit", 0, 63, value=3)`` steps by one; give `step` for another step, or `values` for stops that
    are not evenly spaced: ``Slider("Temperature", values=[0.1, 0.5, 1, 2], value=1)``.

    Args:
        label: what the reader sees beside the slider.
        minimum, maximum: the ends of the range, both included.
        step: the distance between stops; 1 for whole numbers, otherwise a hundredth of the range.
        values: the stops themselves, in rising order, instead of a range.
        value: the stop to start from; the first when left out.
        unit: shown after the number.
    """

    type = "slider"

    def __init__(
        self,
        label: str,
        minimum: float | None = None,
        maximum: float | None = None,
        *,
        step: float | None = None,
        values: list[float] | None = None,
        value: float | None = None,
        unit: str = "",
        help: str = "",
    ) -> None:
        self.unit = unit
        if values is not None:
            if minimum is not None or maximum is not None or step is not None:
                raise ValueError(f"{label}: give either a range or a list of values")
            self.values = list(values)
        else:
            if minimum is None or maximum is None:
                raise ValueError(f"{label}: give a minimum and a maximum, or a list of values")
            self.values = _range(minimum, maximum, step)
        if len(self.values) < 2 or any(a >= b for a, b in itertools.pairwise(self.values)):
            raise ValueError(f"{label}: a slider needs at least two stops in rising order")
        self.step = step
        super().__init__(label, self.values[0] if value is None else value, help)
        if value is not None and not math.isclose(self.value, value, rel_tol=1e-9, abs_tol=1e-12):
            raise ValueError(f"{label}: the value {value} is not one of the slider's stops")

    def coerce(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self.refuse(f"expected a number, got {_name_of(value)}.")
        low, high = self.values[0], self.values[-1]
        slack = 1e-9 * max(abs(low), abs(high), 1)
        if not low - slack <= value <= high + slack:
            raise self.refuse(f"{value:g} is outside {low:g} to {high:g}.")
        return min(self.values, key=lambda stop: abs(stop - value))

    def states(self) -> list:
        return list(self.values)

    def detail(self) -> dict:
        gaps = {round(b - a, 9) for a, b in itertools.pairwise(self.values)}
        return {
            "min": self.values[0],
            "max": self.values[-1],
            "step": gaps.pop() if len(gaps) == 1 else None,
            "unit": self.unit,
            "values": list(self.values),
        }


class Choice(Control):
    """One of a few named options.

    `options` is a list of values that are their own labels, or a dict from value to label.
    """

    type = "choice"

    def __init__(self, label: str, options: list | dict, value: object = None, *, help: str = "") -> None:
        pairs = options if isinstance(options, dict) else {option: str(option) for option in options}
        if len(pairs) < 2:
            raise ValueError(f"{label}: a choice needs at least two options")
        if not all(isinstance(option, (str, int, float)) for option in pairs):
            raise ValueError(f"{label}: the values of a choice are text or numbers")
        self.options = dict(pairs)
        super().__init__(label, next(iter(pairs)) if value is None else value, help)

    def coerce(self, value: object) -> object:
        for option in self.options:
            if type(option) is type(value) and option == value:
                return option
        known = ", ".join(self.options.values())
        raise self.refuse(f"{_name_of(value)} is not one of {known}.")

    def states(self) -> list:
        return list(self.options)

    def detail(self) -> dict:
        listed = [{"value": value, "label": label} for value, label in self.options.items()]
        return {"options": listed, "values": list(self.options)}


class Toggle(Control):
    """A switch: off or on."""

    type = "toggle"

    def __init__(self, label: str, value: bool = False, *, help: str = "") -> None:
        super().__init__(label, value, help)

    def coerce(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.refuse(f"expected on or off, got {_name_of(value)}.")
        return value

    def states(self) -> list:
        return [False, True]

    def detail(self) -> dict:
        return {"values": [False, True]}


class Draw(Control):
    """A small canvas. The function receives a list of rows of brightnesses from 0 to 1."""

    type = "draw"

    def __init__(
        self, label: str, rows: int, columns: int, value: list[list[float]] | None = None, *, help: str = ""
    ) -> None:
        self.rows = rows
        self.columns = columns
        super().__init__(label, [[0.0] * columns for _ in range(rows)] if value is None else value, help)

    def coerce(self, value: object) -> list[list[float]]:
        rows = list(value) if isinstance(value, (list, tuple)) else []
        if len(rows) != self.rows or any(
            not isinstance(row, (list, tuple)) or len(row) != self.columns for row in rows
        ):
            raise self.refuse(f"expected a drawing of {self.rows} rows of {self.columns} cells.")
        for row in rows:
            for cell in row:
                if isinstance(cell, bool) or not isinstance(cell, (int, float)) or not 0 <= cell <= 1:
                    raise self.refuse(f"a cell of the drawing is a number from 0 to 1, not {_name_of(cell)}.")
        return [[float(cell) for cell in row] for row in rows]

    def detail(self) -> dict:
        return {"rows": self.rows, "columns": self.columns}


class Point(Control):
    """A point the reader drags in the plot. The function receives ``(x, y)``.

    `x` and `y` are the ``(lowest, highest)`` positions, in the plot's own units; the titles name the two
    number fields that do the same from the keyboard.
    """

    type = "point"

    def __init__(
        self,
        label: str,
        *,
        x: tuple[float, float],
        y: tuple[float, float],
        value: tuple[float, float],
        x_title: str = "x",
        y_title: str = "y",
        help: str = "",
    ) -> None:
        self.x = (float(x[0]), float(x[1]))
        self.y = (float(y[0]), float(y[1]))
        self.x_title = x_title
        self.y_title = y_title
        if self.x[0] >= self.x[1] or self.y[0] >= self.y[1]:
            raise ValueError(f"{label}: the lowest position must be below the highest")
        super().__init__(label, value, help)

    def coerce(self, value: object) -> tuple[float, float]:
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            raise self.refuse(f"expected two numbers, got {_name_of(value)}.")
        axes = ((self.x_title, self.x), (self.y_title, self.y))
        for position, (title, (low, high)) in zip(value, axes, strict=True):
            if isinstance(position, bool) or not isinstance(position, (int, float)):
                raise self.refuse(f"{title} must be a number, not {_name_of(position)}.")
            if not low <= position <= high:
                raise self.refuse(f"{title} = {position:g} is outside {low:g} to {high:g}.")
        return float(value[0]), float(value[1])

    def shown(self, value: tuple[float, float]) -> list[float]:
        return list(value)

    def detail(self) -> dict:
        return {"x": list(self.x), "y": list(self.y), "xTitle": self.x_title, "yTitle": self.y_title}


def _range(minimum: float, maximum: float, step: float | None) -> list[float]:
    whole = all(isinstance(number, int) for number in (minimum, maximum, step) if number is not None)
    if step is None:
        step = 1 if whole else (maximum - minimum) / 100
    if step <= 0:
        raise ValueError("a slider's step must be positive")
    count = math.floor((maximum - minimum) / step + 1e-9) + 1
    stops = [minimum + index * step for index in range(count)]
    return stops if whole else [float(f"{stop:.10g}") for stop in stops]


def _describe(alphabet: str) -> str:
    """Name the characters of an alphabet, runs of three or more as a span: ``a–z, space and “'”``."""
    known = {" ": "space", "\n": "line break"}
    parts = []
    ordered = sorted(set(alphabet))
    while ordered:
        length = 1
        while length < len(ordered) and ord(ordered[length]) == ord(ordered[0]) + length:
            length += 1
        run, ordered = ordered[:length], ordered[length:]
        if length > 2:
            parts.append(f"{run[0]}–{run[-1]}")
        else:
            parts += [known.get(character, f"“{character}”") for character in run]
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _name_of(value: object) -> str:
    """Describe a value in a few words, short enough for a message."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
