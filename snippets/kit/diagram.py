"""Whiteboard diagrams: boxes and arrows on a grid, each box with a *why*, its shapes traced from the model.

A page's diagrams live in ``snippets/<slug>/diagram.py``::

    from snippets.kit.diagram import Arrow, Box, Diagram, Group, Trace, diagram

    @diagram
    def whiteboard() -> Diagram:
        \"\"\"One step of the network, and the loop that gives it memory.

        What the whole picture says, for a reader who cannot see it.\"\"\"
        return Diagram(
            columns=2,
            trace=Trace(lambda: NameModel(Config()), lambda B, T: (torch.zeros(B, T, dtype=torch.int64),)),
            boxes=[                                  # in the order you would draw them
                Box("letter", "letter x_t", at=(0, 3), why="…", kind="value",
                    probe=lambda run: run.arguments[0]),
                Box("embedding", "Embedding", at=(0, 2), module="embedding", why="…"),
                Box("cell", "RNN cell", at=(0, 1), module="cell", why="…", breaks=("…", "rnn/clipping")),
                Box("readout", "Linear", at=(0, 0), module="readout", why="…"),
            ],
            arrows=[
                Arrow("letter", "embedding"),
                Arrow("embedding", "cell"),
                Arrow("cell", "cell", "h_{t-1}", kind="recurrent"),
                Arrow("cell", "readout", "h_t"),
            ],
        )

Columns count from the left and rows from the top, both from 0; halves are allowed. In labels, ``_`` lowers
and ``^`` raises what follows, one character or a group in braces.
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

from snippets.kit.trace import Record, Trace, Traced, TraceError

__all__ = ["Arrow", "Box", "Diagram", "DiagramError", "Group", "Trace", "WrittenDiagram", "diagram", "load"]

BOX_KINDS = ("module", "operation", "value")
ARROW_KINDS = ("flow", "residual", "recurrent")
SIDES = ("top", "bottom", "left", "right")


class DiagramError(ValueError):
    """A diagram is declared wrongly; the message names the diagram and the box or arrow."""


@dataclass(frozen=True)
class Box:
    """One thing on the whiteboard.

    Attributes:
        id: a short name, unique in the diagram.
        label: what is written in the box.
        at: column and row of its middle, or of its first cell when it spans several.
        why: one or two sentences: why this box exists.
        kind: ``module`` for what the model owns, ``operation`` for what it only does (+, tanh, softmax),
            ``value`` for what flows in or out.
        module: path of the module or parameter the box stands for; its shape and parameters are written in.
        probe: finds the tensor whose shape to write, where no module gives it out: a function of the `Record`
            of the run (``arguments``, ``result``, ``inputs[path]``, ``outputs[path]``).
        breaks: what breaks without the box, and the id of the figure that measures it.
        span: how many columns and rows the box covers.
        name: how to call the box in words, where the label is a sign.
    """

    id: str
    label: str
    at: tuple[float, float]
    why: str
    kind: str = "module"
    module: str | None = None
    probe: Callable[[Record], object] | None = None
    breaks: tuple[str, str] | None = None
    span: tuple[int, int] = (1, 1)
    name: str = ""


@dataclass(frozen=True)
class Arrow:
    """An arrow from one box to another.

    Attributes:
        source, target: box ids; the same one twice draws a loop.
        label: what flows along it.
        kind: ``flow``; ``residual`` and ``recurrent`` are drawn as detours, the latter dashed.
        out, into: the sides to leave and to enter by (top, bottom, left, right); left out, the shortest.
    """

    source: str
    target: str
    label: str = ""
    kind: str = "flow"
    out: str | None = None
    into: str | None = None


@dataclass(frozen=True)
class Group:
    """A frame around boxes that belong together."""

    label: str
    boxes: list[str]


@dataclass(frozen=True)
class Diagram:
    """What a diagram function returns.

    Attributes:
        columns: how many columns the grid has.
        boxes: in the order one would draw them; the stepper follows it.
        arrows, groups: between and around the boxes.
        trace: the model to run for the shapes; needed when a box names a module or a probe.
        widths: relative widths of the columns.
    """

    columns: int
    boxes: list[Box]
    arrows: list[Arrow]
    trace: Trace | None = None
    groups: list[Group] = field(default_factory=list)
    widths: list[float] | None = None


@dataclass(frozen=True)
class Facts:
    """What the trace found for one box."""

    shape: str | None = None
    parameters: int | None = None


class WrittenDiagram:
    """A diagram function of a page, with its name and its words."""

    def __init__(self, function: Callable[[], Diagram]) -> None:
        self.function = function
        self.name = function.__name__
        self.module = function.__module__
        parts = self.module.split(".")
        self.slug = (parts[-2] if len(parts) > 1 else parts[0]).replace("_", "-")
        self.id = f"{self.slug}/{self.name}"
        text = inspect.cleandoc(function.__doc__ or "")
        title, _, rest = text.partition("\n")
        self.title, self.description = title.strip(), " ".join(rest.split())
        if not self.title or not self.description:
            raise self.fault("needs a docstring: a first line that is its title, then what it shows")

    def __call__(self) -> Diagram:
        return self.function()

    def build(self) -> dict:
        """Trace the model, draw the diagram and return the JSON of the page.

        Raises:
            DiagramError: something in it does not fit; the message names the box or arrow.
        """
        from snippets.kit.drawing import draw

        drawn = self.function()
        self._check(drawn)
        facts = self._facts(drawn)
        steps = {box.id: number for number, box in enumerate(drawn.boxes, start=1)}
        try:
            svg = draw(self, drawn, facts, steps)
        except ValueError as error:
            raise self.fault(str(error)) from None
        boxes = [
            {
                "id": box.id,
                "label": plain_label(box.name or box.label),
                "module": box.module,
                "shape": facts[box.id].shape,
                "parameters": facts[box.id].parameters,
                "why": " ".join(box.why.split()),
                "breaks": {"text": " ".join(box.breaks[0].split()), "figure": box.breaks[1]}
                if box.breaks
                else None,
            }
            for box in drawn.boxes
        ]
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "svg": svg,
            "boxes": boxes,
        }

    def fault(self, reason: str) -> DiagramError:
        return DiagramError(f"Diagram “{self.id}” {reason.rstrip('.')}.")

    def _facts(self, drawn: Diagram) -> dict[str, Facts]:
        if not any(box.module is not None or box.probe for box in drawn.boxes):
            return {box.id: Facts() for box in drawn.boxes}
        if drawn.trace is None:
            raise self.fault("has boxes with a module or a probe, and no trace to run")
        try:
            traced = drawn.trace.run()
        except TraceError as error:
            raise self.fault(f"cannot be traced: {error}") from error
        return {box.id: self._facts_of(box, traced) for box in drawn.boxes}

    def _facts_of(self, box: Box, traced: Traced) -> Facts:
        try:
            shape, parameters = traced.module(box.module) if box.module is not None else (None, None)
            if box.probe is not None:
                shape = traced.shape(box.probe)
        except TraceError as error:
            raise self.fault(f"box “{box.id}”: {error}") from error
        return Facts(shape, parameters or None)

    def _check(self, drawn: object) -> None:
        if not isinstance(drawn, Diagram):
            raise self.fault(f"must return a Diagram, not a {type(drawn).__name__}")
        if not drawn.boxes:
            raise self.fault("has no boxes")
        ids = [box.id for box in drawn.boxes]
        for box in drawn.boxes:
            if ids.count(box.id) > 1:
                raise self.fault(f"has two boxes called “{box.id}”")
            if box.kind not in BOX_KINDS:
                raise self.fault(f"box “{box.id}”: kind is one of {', '.join(BOX_KINDS)}, not “{box.kind}”")
            if not box.why.strip():
                raise self.fault(f"box “{box.id}” has no why")
            if not 0 <= box.at[0] <= drawn.columns - box.span[0] or box.at[1] < 0:
                raise self.fault(f"box “{box.id}” lies outside the {drawn.columns} columns")
            if box.breaks and "/" not in box.breaks[1]:
                raise self.fault(f"box “{box.id}”: “{box.breaks[1]}” is not a figure id (slug/name)")
        for arrow in drawn.arrows:
            place = f"arrow “{arrow.source}” → “{arrow.target}”"
            for end in (arrow.source, arrow.target):
                if end not in ids:
                    raise self.fault(f"{place}: there is no box “{end}”")
            if arrow.kind not in ARROW_KINDS:
                raise self.fault(f"{place}: kind is one of {', '.join(ARROW_KINDS)}, not “{arrow.kind}”")
            for side in (arrow.out, arrow.into):
                if side is not None and side not in SIDES:
                    raise self.fault(f"{place}: a side is one of {', '.join(SIDES)}, not “{side}”")
        for group in drawn.groups:
            for member in group.boxes:
                if member not in ids:
                    raise self.fault(f"group “{group.label}”: there is no box “{member}”")
            if not group.boxes:
                raise self.fault(f"group “{group.label}” frames no boxes")
        if drawn.widths is not None and len(drawn.widths) != drawn.columns:
            raise self.fault(f"has {drawn.columns} columns and {len(drawn.widths)} widths")


def diagram(function: Callable[[], Diagram]) -> WrittenDiagram:
    """Make a diagram of a function that returns a `Diagram`; its docstring is title and description."""
    return WrittenDiagram(function)


def load(slug: str) -> dict[str, WrittenDiagram]:
    """Return the diagrams of one slug by name, in the order they are written.

    Raises:
        ModuleNotFoundError: the slug has no ``diagram.py``.
    """
    module = importlib.import_module(f"snippets.{slug.replace('-', '_')}.diagram")
    found = (value for value in vars(module).values() if isinstance(value, WrittenDiagram))
    return {entry.name: entry for entry in found if entry.module == module.__name__}


def plain_label(label: str) -> str:
    """Return a label without its raising and lowering signs: ``h_{t-1}`` is “h t-1”."""
    return " ".join(label.replace("_", " ").replace("^", " ").replace("{", "").replace("}", "").split())
