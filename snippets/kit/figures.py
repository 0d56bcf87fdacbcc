"""Figures: functions of their controls, and the registry that finds them.

A page's figures live in ``snippets/<slug>/figures.py``. Decorating a function with `figure` makes it a
`Figure`; `load` returns those of one slug. A `View` is the same for a part of a page that has a script of its
own: plain data of any form. There is no registry to fill or clear: a module's figures are the `Figure` objects
in it, so running the module again, as a reader's edit does, is all it takes to renew them.
"""

import importlib
import inspect
import itertools
import math

from snippets.kit.controls import Control, ControlError

MOST_STATES = 48


class FigureError(ValueError):
    """A figure is declared wrongly or returned something that is not a figure; the message names it."""


class Figure:
    """One figure of a page: a function, its controls and its caption.

    Attributes:
        slug: the page, with dashes (``lstm-gru``).
        name: the function's name; together ``slug/name`` is the figure's `id`.
        caption: the docstring's first line.
        description: the rest of the docstring: what to notice. It is also the text alternative.
        controls: control by parameter name, in the order the page shows them.
        measured: the figure plots committed results rather than computing anything.
        pretrained: name and size of the outside model the figure's numbers come from, if any.
    """

    def __init__(
        self,
        function: object,
        controls: dict[str, Control],
        *,
        measured: bool = False,
        pretrained: str | None = None,
        precompute: bool | None = None,
    ) -> None:
        self.function = function
        self.name = function.__name__
        self.module = function.__module__
        parts = self.module.split(".")
        self.slug = (parts[-2] if len(parts) > 1 else parts[0]).replace("_", "-")
        self.id = f"{self.slug}/{self.name}"
        self.controls = controls
        self.measured = measured
        self.pretrained = pretrained
        self.__doc__ = function.__doc__
        self.caption, self.description = self._docstring()
        self._check_parameters()
        self.precompute = self._whether_to_precompute(precompute)

    def __call__(self, *arguments: object, **values: object) -> dict:
        """Call the function itself, unchecked."""
        return self.function(*arguments, **values)

    def __repr__(self) -> str:
        return f"<figure {self.id}>"

    def defaults(self) -> dict:
        """Return the state the page opens with, by parameter name."""
        return {name: control.value for name, control in self.controls.items()}

    def coerce(self, values: dict) -> dict:
        """Return `values` as the function takes them, controls that are left out at their default.

        Raises:
            ControlError: a value is unusable, or no control has its name. The message names both.
        """
        unknown = sorted(set(values) - set(self.controls))
        if unknown:
            known = ", ".join(self.controls) or "none"
            raise ControlError(f"Figure “{self.id}” has no control “{unknown[0]}” (it has: {known}).")
        coerced = {}
        for name, control in self.controls.items():
            try:
                coerced[name] = control.coerce(values[name]) if name in values else control.value
            except ControlError as error:
                raise ControlError(f"Figure “{self.id}”, {error}") from None
        return coerced

    def draw(self, **values: object) -> dict:
        """Return the figure for these control values: ``{"data": […], "layout": {…}}``, checked to be plain.

        A ``"note"`` beside them is a sentence for the reader on what was made of the controls.

        Raises:
            ControlError: a value is unusable.
            FigureError: the function returned something that is not a plain figure.
        """
        result = self.function(**self.coerce(values))
        self.check(result)
        return result

    def check(self, result: object) -> None:
        """Raise `FigureError` unless `result` is a plain, finite figure with a height."""
        if not isinstance(result, dict) or set(result) - {"note"} != {"data", "layout"}:
            raise self.fault(
                "must return a dict with “data” and “layout” (use a plot helper of the kit), and at most a “note”"
            )
        if not isinstance(result.get("note", ""), str):
            raise self.fault("has a “note” that is no text")
        if not isinstance(result["data"], list) or not isinstance(result["layout"], dict):
            raise self.fault("“data” must be a list of traces and “layout” a dict")
        problem = find_not_plain(result)
        if problem:
            raise self.fault(problem)
        height = result["layout"].get("height")
        if isinstance(height, bool) or not isinstance(height, (int, float)) or height <= 0:
            raise self.fault("“layout.height” must be set, in pixels")

    def states(self) -> list[tuple[str, dict]]:
        """Return every state as ``(key, values)``; a key joins the indices of the values by commas."""
        listed = [list(enumerate(control.states() or [])) for control in self.controls.values()]
        states = []
        for combination in itertools.product(*listed):
            key = ",".join(str(index) for index, _ in combination)
            states.append((key, dict(zip(self.controls, (value for _, value in combination), strict=True))))
        return states

    def specs(self) -> list[dict]:
        """Return the controls as the page reads them, in order."""
        return [control.spec(name) for name, control in self.controls.items()]

    def fault(self, reason: str) -> FigureError:
        return FigureError(f"Figure “{self.id}” {reason}.")

    def _docstring(self) -> tuple[str, str]:
        text = inspect.cleandoc(self.__doc__ or "")
        caption, _, rest = text.partition("\n")
        description = " ".join(rest.split())
        if not caption.strip() or not description:
            raise self.fault("needs a docstring: a first line that is its caption, then what to notice in it")
        return caption.strip(), description

    def _check_parameters(self) -> None:
        code = self.function.__code__
        parameters = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        if parameters != list(self.controls):
            raise self.fault(
                f"has controls ({', '.join(self.controls) or 'none'}) and parameters "
                f"({', '.join(parameters) or 'none'}): they must be the same names in the same order"
            )

    def _whether_to_precompute(self, wanted: bool | None) -> bool:
        if not self.controls:
            return False
        stops = [control.states() for control in self.controls.values()]
        countable = all(stop is not None for stop in stops)
        if wanted and not countable:
            raise self.fault("cannot be precomputed: only sliders, choices and toggles have states to list")
        if wanted is not None:
            return wanted
        return countable and math.prod(len(stop) for stop in stops) <= MOST_STATES


class View(Figure):
    """Plain data for a part of the page that a script of its own shows.

    Every stop of its sliders, choices and toggles is built ahead, each into a file of its own; its texts then stand as
    the page opens. The docstring is for people who read the code: a first line is enough.
    """

    def __repr__(self) -> str:
        return f"<view {self.id}>"

    def check(self, result: object) -> None:
        """Raise `FigureError` unless `result` is a dict of plain, finite data."""
        if not isinstance(result, dict):
            raise self.fault("must return a dict")
        problem = find_not_plain(result)
        if problem:
            raise self.fault(problem)

    def states(self) -> list[tuple[str, dict]]:
        """Return every state as ``(key, values)``; a key joins the indices of the listed values by dashes."""
        listed = {name: control.states() for name, control in self.controls.items()}
        moving = {name: list(enumerate(stops)) for name, stops in listed.items() if stops is not None}
        states = []
        for combination in itertools.product(*moving.values()):
            key = "-".join(str(index) for index, _ in combination) or "opening"
            chosen = dict(zip(moving, (value for _, value in combination), strict=True))
            states.append((key, self.defaults() | chosen))
        return states

    def fault(self, reason: str) -> FigureError:
        return FigureError(f"View “{self.id}” {reason}.")

    def _docstring(self) -> tuple[str, str]:
        caption, _, rest = inspect.cleandoc(self.__doc__ or "").partition("\n")
        if not caption.strip():
            raise self.fault("needs a docstring that says what it shows")
        return caption.strip(), " ".join(rest.split())

    def _whether_to_precompute(self, wanted: bool | None) -> bool:
        return True


def figure(
    function: object = None,
    /,
    *,
    measured: bool = False,
    pretrained: str | None = None,
    precompute: bool | None = None,
    **controls: Control,
) -> object:
    """Make a figure of the decorated function. Every other keyword is a control, named as the parameter.

    Args:
        measured: the figure plots committed ``results.json``.
        pretrained: ``"name, size"`` of the outside model it shows.
        precompute: build every state ahead (or never); left out, the builder does so when all controls are
            sliders, choices and toggles with at most 48 states between them.

    Raises:
        FigureError: the docstring is missing, or parameters and controls differ.
    """
    for name, control in controls.items():
        if not isinstance(control, Control):
            raise FigureError(
                f"control “{name}” of a figure must be a Text, Slider, Choice, Toggle, Draw or Point"
            )

    def decorate(decorated: object) -> Figure:
        return Figure(decorated, controls, measured=measured, pretrained=pretrained, precompute=precompute)

    return decorate if function is None else decorate(function)


def view(function: object = None, /, **controls: Control) -> object:
    """Make a view of the decorated function. Every keyword is a control, named as the parameter.

    Raises:
        FigureError: the docstring is missing, or parameters and controls differ.
    """
    for name, control in controls.items():
        if not isinstance(control, Control):
            raise FigureError(f"control “{name}” of a view must be a Text, Slider, Choice, Toggle, Draw or Point")

    def decorate(decorated: object) -> View:
        return View(decorated, controls)

    return decorate if function is None else decorate(function)


def load(slug: str) -> dict[str, Figure]:
    """Return the figures and views of one slug by name, in the order they are written.

    Raises:
        ModuleNotFoundError: the slug has no ``figures.py``.
    """
    return of_module(importlib.import_module(f"snippets.{slug.replace('-', '_')}.figures"))


def of_module(module: object) -> dict[str, Figure]:
    """Return the figures and views that a module itself defines, by name."""
    found = (value for value in vars(module).values() if isinstance(value, Figure))
    return {entry.name: entry for entry in found if entry.module == module.__name__}


def find_not_plain(value: object) -> str:
    """Describe the first thing in `value` that JSON cannot hold as it is; nothing wrong is the empty text."""
    found = _not_plain(value)
    if found is None:
        return ""
    reason, path = found
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in reversed(path))
    return f"{reason} at {where.lstrip('.') or 'the top'}"


def _not_plain(value: object) -> tuple[str, list] | None:
    """Return what is wrong and the path to it, innermost step first."""
    kind = type(value)
    if kind is float:
        return None if math.isfinite(value) else (f"holds {value}, a number JSON does not have,", [])
    if value is None or kind in (bool, int, str):
        return None
    if kind is list:
        entries = enumerate(value)
    elif kind is dict:
        odd = next((key for key in value if type(key) is not str), None)
        if odd is not None:
            return f"has the key {odd!r}, which is not text,", []
        entries = value.items()
    else:
        return f"holds a {kind.__name__} that has not been passed through plain()", []
    for step, entry in entries:
        found = _not_plain(entry)
        if found is not None:
            found[1].append(step)
            return found
    return None
