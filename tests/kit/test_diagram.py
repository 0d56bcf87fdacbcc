import itertools
import re
import xml.etree.ElementTree as ElementTree

import pytest
import torch
from torch import nn

from snippets.kit.diagram import Arrow, Box, Diagram, DiagramError, Group, Trace, diagram, load, plain_label
from snippets.kit.drawing import WIDTH
from snippets.kit.trace import TraceError

SVG = "{http://www.w3.org/2000/svg}"


class Cell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Linear(6, 10, bias=False)
        self.recurrent = nn.Linear(10, 10)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.input(x) + self.recurrent(hidden))


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(27, 6)
        self.cell = Cell()
        self.readout = nn.Linear(10, 27)
        self.bias = nn.Parameter(torch.zeros(3, 4))
        self.unused = nn.Linear(2, 2)
        self.pair = nn.GRU(6, 10, batch_first=True)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embedding(ids)
        self.pair(x)
        hidden, states = torch.zeros(len(ids), 10), []
        for time in range(ids.shape[1]):
            hidden = self.cell(x[:, time], hidden)
            states.append(hidden)
        return self.readout(torch.stack(states, 1))


TRACE = Trace(Network, lambda B, T: (torch.zeros(B, T, dtype=torch.int64),))


def box(id: str, column: float, row: float, **more: object) -> Box:
    return Box(id, more.pop("label", id), at=(column, row), why="Because.", **more)


def written(boxes: list[Box], arrows: list[Arrow] = (), **more: object) -> object:
    def sketch() -> Diagram:
        """A title & more.

        What it shows."""
        return Diagram(columns=more.pop("columns", 3), boxes=boxes, arrows=list(arrows), **more)

    sketch.__module__ = "snippets.toy.diagram"
    return diagram(sketch)


def whiteboard() -> object:
    return written(
        [
            box("letter", 0, 4, kind="value", label="letter x_t", probe=lambda run: run.arguments[0]),
            box("embedding", 0, 3, module="embedding", label="Embedding"),
            box("input", 0, 2, module="cell.input", label="W_{xh}", name="input weights"),
            box("add", 1, 2, kind="operation", label="+"),
            box("tanh", 1, 1, kind="operation", breaks=("It grows.", "toy/growth")),
            box("recurrent", 2, 2, module="cell.recurrent", label="W_{hh}"),
            box("readout", 1, 0, module="readout"),
        ],
        [
            Arrow("letter", "embedding"),
            Arrow("embedding", "input"),
            Arrow("input", "add"),
            Arrow("recurrent", "add"),
            Arrow("add", "tanh"),
            Arrow("tanh", "readout", "h_t"),
            Arrow("tanh", "recurrent", "h_{t-1}", kind="recurrent", out="right", into="top"),
        ],
        trace=TRACE,
        groups=[Group("cell", ["input", "add", "tanh", "recurrent"])],
    )


def test_shapes_and_counts_come_from_the_model() -> None:
    built = whiteboard().build()
    found = {entry["id"]: (entry["module"], entry["shape"], entry["parameters"]) for entry in built["boxes"]}
    assert found == {
        "letter": (None, "(B, T)", None),
        "embedding": ("embedding", "(B, T, 6)", 162),
        "input": ("cell.input", "(B, 10)", 60),
        "add": (None, None, None),
        "tanh": (None, None, None),
        "recurrent": ("cell.recurrent", "(B, 10)", 110),
        "readout": ("readout", "(B, T, 27)", 297),
    }
    assert built["id"] == "toy/sketch"
    assert built["boxes"][2]["label"] == "input weights"
    assert built["boxes"][4]["breaks"] == {"text": "It grows.", "figure": "toy/growth"}
    for text in ("(B, T, 27)", "297 params", "(B, T)"):
        assert text in built["svg"]


def test_the_svg_is_well_formed_and_reachable_by_keyboard() -> None:
    built = whiteboard().build()
    root = ElementTree.fromstring(built["svg"])
    assert root.get("data-diagram") == "toy/sketch"
    assert root.find(f"{SVG}title").text == "A title & more."
    assert root.find(f"{SVG}desc").text == "What it shows."
    boxes = [entry for entry in root.iter(f"{SVG}g") if entry.get("data-box")]
    assert [entry.get("data-box") for entry in boxes] == [entry["id"] for entry in built["boxes"]]
    assert [entry.get("data-step") for entry in boxes] == [str(step) for step in range(1, 8)]
    for entry in boxes:
        assert (entry.get("tabindex"), entry.get("role")) == ("0", "button")
    assert boxes[1].get("aria-label") == "Embedding, shape (B, T, 6), 162 parameters"
    arrows = [entry for entry in root.iter(f"{SVG}g") if entry.get("data-from")]
    step = {entry["id"]: number for number, entry in enumerate(built["boxes"], start=1)}
    assert len(arrows) == 7
    for arrow in arrows:
        assert int(arrow.get("data-step")) == max(step[arrow.get("data-from")], step[arrow.get("data-to")])


def test_every_colour_is_the_theme_s() -> None:
    svg = whiteboard().build()["svg"]
    for value in re.findall(r'(?:fill|stroke)="([^"]*)"', svg):
        assert value == "none" or value.startswith("var(--atlas-")
    assert "<style" not in svg
    assert " style=" not in svg  # a strict content security policy refuses them


def test_text_is_legible_on_a_phone() -> None:
    svg = whiteboard().build()["svg"]
    wide = float(ElementTree.fromstring(svg).get("viewBox").split()[2])
    sizes = [float(size) for size in re.findall(r'<text[^>]*font-size="([\d.]+)"', svg)]
    assert min(sizes) * 360 / wide >= 12


def rectangles(root: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    found = {}
    for entry in root.iter(f"{SVG}g"):
        if entry.get("data-box"):
            shape = entry.find(f"{SVG}rect")
            x, y, w, h = (float(shape.get(name)) for name in ("x", "y", "width", "height"))
            found[entry.get("data-box")] = (x, y, x + w, y + h)
    return found


def corners(path: str) -> list[tuple[float, float]]:
    """The corners of a rounded route: start, control points, end."""
    numbers = [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]
    kinds = re.findall(r"[MLQ]", path)
    points, at = [], 0
    for kind in kinds:
        if kind == "Q" or kind == "M":
            points.append(numbers[at])
        at += 2 if kind == "Q" else 1
    return [*points, numbers[-1]]


def block() -> object:
    names = ["x", "norm", "attention", "add", "norm2", "feed", "add2", "y"]
    kinds = {"x": "value", "y": "value", "add": "operation", "add2": "operation"}
    return written(
        [box(name, 0, 7 - row, kind=kinds.get(name, "module")) for row, name in enumerate(names)],
        [Arrow(one, other) for one, other in itertools.pairwise(names)]
        + [Arrow("x", "add", "residual", kind="residual"), Arrow("add", "add2", kind="residual")],
        columns=1,
        groups=[Group("decoder block × 4", names[1:-1])],
    )


@pytest.mark.parametrize("make", [whiteboard, block])
def test_arrows_are_orthogonal_and_run_through_no_box(make: object) -> None:
    root = ElementTree.fromstring(make().build()["svg"])
    boxes = rectangles(root)
    left, _, wide, _ = map(float, root.get("viewBox").split())
    assert wide == WIDTH
    for arrow in root.iter(f"{SVG}g"):
        if not arrow.get("data-from"):
            continue
        route = corners(arrow.find(f"{SVG}path").get("d"))
        for (x0, y0), (x1, y1) in itertools.pairwise(route):
            assert x0 == pytest.approx(x1, abs=0.02) or y0 == pytest.approx(y1, abs=0.02)
            assert left <= min(x0, x1) <= max(x0, x1) <= left + wide
            for name, (bx0, by0, bx1, by1) in boxes.items():
                over_x = min(max(x0, x1), bx1) - max(min(x0, x1), bx0)
                over_y = min(max(y0, y1), by1) - max(min(y0, y1), by0)
                assert min(over_x, over_y) < 0 or max(over_x, over_y) < 0.1 or min(over_x, over_y) <= 0.01, (
                    name
                )
        start, end = boxes[arrow.get("data-from")], boxes[arrow.get("data-to")]
        assert on_edge(route[0], start)
        tip = tuple(map(float, arrow.find(f"{SVG}polygon").get("points").split()[0].split(",")))
        assert on_edge(tip, end, slack=2)


def on_edge(point: tuple[float, float], shape: tuple[float, float, float, float], slack: float = 0.1) -> bool:
    x, y = point
    inside = shape[0] - slack <= x <= shape[2] + slack and shape[1] - slack <= y <= shape[3] + slack
    near = min(abs(x - shape[0]), abs(x - shape[2]), abs(y - shape[1]), abs(y - shape[3])) <= slack
    return inside and near


def test_a_loop_leaves_and_comes_back() -> None:
    looped = written([box("cell", 1, 0)], [Arrow("cell", "cell", "h", kind="recurrent")]).build()["svg"]
    assert 'stroke-dasharray="5 4"' in looped
    (arrow,) = [e for e in ElementTree.fromstring(looped).iter(f"{SVG}g") if e.get("data-from")]
    assert len(corners(arrow.find(f"{SVG}path").get("d"))) >= 4


def test_drawing_is_deterministic() -> None:
    assert whiteboard().build() == whiteboard().build()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: written([box("cell", 0, 0, module="cel")], trace=TRACE),
            "box “cell”: the model has no module “cel”. It has: embedding, cell, cell.input, cell.recurrent, "
            "readout, unused, pair, bias",
        ),
        (lambda: written([box("a", 0, 0, module="unused")], trace=TRACE), "never calls its module “unused”"),
        (
            lambda: written([box("a", 0, 0, module="cell")]),
            "has boxes with a module or a probe, and no trace",
        ),
        (
            lambda: written([box("a", 0, 0, probe=lambda run: run.nothing)], trace=TRACE),
            "box “a”: its probe failed",
        ),
        (lambda: written([box("a", 0, 0, probe=lambda run: 3)], trace=TRACE), "found no tensor but a int"),
        (
            lambda: written(
                [box("a", 0, 0, module="cell")], trace=Trace(Network, lambda B: (torch.zeros(B, 3),))
            ),
            "cannot be traced: the model does not run on inputs of shape (5, 3)",
        ),
        (lambda: written([box("a", 0, 0)], [Arrow("a", "b")]), "arrow “a” → “b”: there is no box “b”"),
        (lambda: written([box("a", 0, 0), box("a", 1, 0)]), "has two boxes called “a”"),
        (lambda: written([box("a", 0, 0), box("b", 0, 0)]), "boxes “a” and “b” overlap"),
        (lambda: written([box("a", 3, 0)]), "box “a” lies outside the 3 columns"),
        (lambda: written([Box("a", "a", at=(0, 0), why=" ")]), "box “a” has no why"),
        (lambda: written([box("a", 0, 0, kind="circle")]), "kind is one of module, operation, value"),
        (lambda: written([box("a", 0, 0)], [Arrow("a", "a", kind="wavy")]), "kind is one of flow, residual"),
        (lambda: written([box("a", 0, 0)], [Arrow("a", "a", out="up")]), "a side is one of top, bottom"),
        (lambda: written([box("a", 0, 0)], groups=[Group("g", ["z"])]), "group “g”: there is no box “z”"),
        (lambda: written([box("a", 0, 0, label="Incomprehensibilities")]), "box “a”: its text is wider"),
        (lambda: written([box("a", 0, 0, breaks=("It grows.", "growth"))]), "“growth” is not a figure id"),
        (lambda: written([box("a", 0, 0)], widths=[1, 2]), "has 3 columns and 2 widths"),
        (lambda: written([]), "has no boxes"),
    ],
)
def test_what_does_not_fit_is_named(make: object, said: str) -> None:
    with pytest.raises(DiagramError) as error:
        make().build()
    assert str(error.value).startswith("Diagram “toy/sketch” ")
    assert said in str(error.value)


def test_a_diagram_needs_title_and_description() -> None:
    def silent() -> Diagram:
        """Only a title."""

    with pytest.raises(DiagramError, match="needs a docstring"):
        diagram(silent)
    silent.__doc__ = "A title.\n\nAnd more."
    with pytest.raises(DiagramError, match="must return a Diagram, not a NoneType"):
        diagram(silent).build()


def test_a_module_s_diagrams_are_found(page: object) -> None:
    page(
        "two_words",
        diagram="from snippets.kit.diagram import Box, Diagram, diagram\n\n@diagram\ndef sketch():\n"
        '    """T.\n\n    D."""\n    return Diagram(1, [Box("a", "a", at=(0, 0), why="w")], [])\n',
    )
    assert load("two-words")["sketch"].build()["boxes"][0]["shape"] is None


@pytest.mark.parametrize(
    ("probe", "shape"),
    [
        (lambda run: run.outputs["pair"], "(B, T, 10)"),
        (lambda run: run.outputs["pair"][1], "(1, B, 10)"),
        (lambda run: run.inputs["readout"], "(B, T, 10)"),
        (lambda run: run.result.flatten(0, 1), "(B·T, 27)"),
        (lambda run: run.result[:, 1:], "(B, T−1, 27)"),
        (lambda run: torch.cat([run.result, run.result], 1), "(B, 2T, 27)"),
        (lambda run: run.result.flatten(), "(27·B·T,)"),
        (lambda run: torch.zeros(5, 7), "(5, 7)"),  # the sizes the axes happen to have
        (lambda run: run.result.sum(), "()"),
    ],
)
def test_axes_are_found_by_making_them_longer(probe: object, shape: str) -> None:
    assert TRACE.run().shape(probe) == shape


def test_a_parameter_has_its_own_shape() -> None:
    assert TRACE.run().module("bias") == ("(3, 4)", 12)
    assert TRACE.run().module("") == ("(B, T, 27)", sum(p.numel() for p in Network().parameters()))


def test_a_dimension_that_grows_oddly_is_refused() -> None:
    with pytest.raises(TraceError, match="the number of dimensions depends on the size"):
        TRACE.run().shape(lambda run: torch.zeros([1] * len(run.result)))
    with pytest.raises(TraceError, match="in no simple way"):
        TRACE.run().shape(lambda run: torch.zeros(len(run.result) + run.result.shape[1]))


def test_labels_read_aloud_without_signs() -> None:
    assert plain_label("h_{t-1}") == "h t-1"
    assert plain_label("x^2 _i") == "x 2 i"
