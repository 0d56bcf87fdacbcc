"""What every page's code shares: figures and their controls, plots, data, training and diagrams.

Importing this package must stay cheap, because the reader's browser does it: nothing here imports torch,
plotly or a slug. Training and diagrams, which only the author's machine needs, are imported by name
(``from snippets.kit.training import Run``, ``from snippets.kit.diagram import diagram``).
"""

from snippets.kit import colours
from snippets.kit.controls import Choice, Control, ControlError, Draw, Point, Slider, Text, Toggle
from snippets.kit.data import data_path, load_text, load_weights, results, weights
from snippets.kit.figures import Figure, FigureError, View, figure, view
from snippets.kit.plain import plain
from snippets.kit.plots import bars, distribution, heatmap, image_grid, lines, points, vector_field
from snippets.kit.show import show

__all__ = [
    "Choice",
    "Control",
    "ControlError",
    "Draw",
    "Figure",
    "FigureError",
    "Point",
    "Slider",
    "Text",
    "Toggle",
    "View",
    "bars",
    "colours",
    "data_path",
    "distribution",
    "figure",
    "heatmap",
    "image_grid",
    "lines",
    "load_text",
    "load_weights",
    "plain",
    "points",
    "results",
    "show",
    "vector_field",
    "view",
    "weights",
]
