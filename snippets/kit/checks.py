"""What a figure must be before the site shows it, beyond being plain JSON.

`check_spec` holds it against Plotly's own validators and against the site's rules: the trace types that the
page's Plotly bundle has, colours from the tokens only, no width, template or font family of its own.
"""

from collections.abc import Iterator

from snippets.kit.colours import allowed

TRACE_TYPES = ("scatter", "bar", "heatmap", "contour", "image")
_COLOURS = allowed()
_THE_PAGES = {
    "width": "the page sets widths",
    "template": "the page applies the theme",
    "autosize": "it always is",
}


def check_spec(figure: dict) -> None:
    """Raise `ValueError`, in plain words, unless the site can show `figure`."""
    import plotly.graph_objects as graph_objects

    for index, trace in enumerate(figure["data"]):
        if not isinstance(trace, dict) or trace.get("type") not in TRACE_TYPES:
            kind = trace.get("type") if isinstance(trace, dict) else type(trace).__name__
            raise ValueError(f"trace {index} has the type {kind!r}: the page draws {', '.join(TRACE_TYPES)}")
    for name, reason in _THE_PAGES.items():
        if name in figure["layout"]:
            raise ValueError(f"layout.{name} must be left out: {reason}")
    for path, _ in _walk(figure, ""):
        if path.endswith(".family"):
            raise ValueError(f"{path} must be left out: the page sets the fonts")
    for path, colour in colours_of(figure):
        if colour not in _COLOURS:
            raise ValueError(
                f"{path} is {colour!r}, which is not a colour of the tokens: use snippets.kit.colours"
            )
    try:
        graph_objects.Figure(figure, skip_invalid=False)
    except (ValueError, TypeError) as error:
        raise ValueError(f"Plotly does not take it: {_first_lines(str(error))}") from None


def colours_of(figure: dict) -> Iterator[tuple[str, str]]:
    """Yield every colour a figure names, with its path."""
    for path, value in _walk(figure, ""):
        name = path.rsplit(".", 1)[-1]
        if name == "colorscale":
            stops = value if isinstance(value, list) else [[0, value]]
            for stop in stops:
                yield path, str(stop[1] if isinstance(stop, list) and len(stop) == 2 else stop)
        elif name == "colorway" or name.endswith("color"):
            for colour in value if isinstance(value, list) else [value]:
                if isinstance(colour, str):
                    yield path, colour


def _walk(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield the path and value of every key at any depth, lists of plain values whole."""
    if isinstance(value, dict):
        for key, entry in value.items():
            inner = f"{path}.{key}" if path else key
            yield inner, entry
            yield from _walk(entry, inner)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            if isinstance(entry, dict):
                yield from _walk(entry, f"{path}[{index}]")


def _first_lines(text: str) -> str:
    """Return the part of Plotly's message that says what is wrong, without the list of what is right."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    kept = []
    for line in lines:
        if line.startswith(("Valid properties", "Did you mean", "The '")) and kept:
            break
        kept.append(line)
    return " ".join(kept[:4])
