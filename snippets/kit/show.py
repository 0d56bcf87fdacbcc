"""A figure as the result of a lesson's cell: ``show(heatmap(weights), "Who looks at whom")`` in its last line."""

import json
from html import escape


class Shown:
    """A figure with its caption. The page and Jupyter draw it; where nothing can, its caption stands for it."""

    def __init__(self, figure: dict, caption: str) -> None:
        self.figure = figure
        self.caption = caption

    def __repr__(self) -> str:
        return self.caption

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        """What Jupyter asks an object for: the figure for its own Plotly, and what the site's build reads."""
        content = escape(json.dumps({"figure": self.figure, "caption": self.caption}))
        return {
            "application/vnd.plotly.v1+json": self.figure,
            "text/html": f'<div data-shown="{content}"></div>',
            "text/plain": self.caption,
        }


def show(figure: dict, caption: str) -> Shown:
    """Show a figure under a cell.

    Args:
        figure: what a plot helper of the kit returned.
        caption: one line that says what is to be seen; it is also the text alternative.

    Raises:
        ValueError: `figure` is no figure, or the caption is empty.
    """
    if not isinstance(figure, dict) or not {"data", "layout"} <= set(figure):
        raise ValueError("show() takes what a plot helper returned, such as heatmap(…)")
    if not caption.strip():
        raise ValueError("show() needs a caption: one line that says what is to be seen")
    return Shown(figure, caption)
