"""The plot helpers: what each draws, and that all of it is what the site can show."""

import itertools

import pytest
import torch

from snippets.kit import bars, distribution, heatmap, image_grid, lines, points, vector_field
from snippets.kit.checks import check_spec
from snippets.kit.colours import ACCENT, DIVERGING, INK, MUTED, SEQUENTIAL, SERIES
from snippets.kit.figures import find_not_plain
from snippets.kit.plain import NotFiniteError

TIME = torch.arange(20.0)
GRID = torch.linspace(-1, 1, 4)

EVERY_PLOT = {
    "heatmap": heatmap(
        torch.randn(5, 8), x=list("marianne"), x_title="letter", y_title="unit", diverging=True
    ),
    "heatmap of numbers": heatmap([[1, 2], [3, None]], x=[0.5, 1.5], y=[1, 2], colour_bar=False, square=True),
    "heatmap with text": heatmap([[1.0]], text=[["a"]], mark=(0, None), z_title="logit", limits=(0, 2)),
    "one line": lines(TIME.sin(), x_title="t (s)", y_title="x (m)"),
    "lines": lines(
        {"a": TIME, "b": (TIME[3:], TIME[3:] ** 2 + 1)},
        TIME,
        y_title="y",
        markers=True,
        dashed=("b",),
        bands={"a": (TIME - 1, TIME + 1)},
        rules=[(4, "start")],
        levels=[(100, "most")],
    ),
    "log lines": lines({"a": TIME + 1}, TIME + 1, x_log=True, y_log=True, levels=[(3, "three")]),
    "many lines": lines({f"a very long label {n}": TIME * n for n in range(9)}, TIME),
    "bars": bars([1.0, -2.0], ["a", "a"], spread=([0.5, -3], [1.5, -1]), text=["1", "−2"]),
    "sideways bars": bars(TIME[:3], ["one", "two", "three"], horizontal=True, highlight=1),
    "distribution": distribution(torch.softmax(TIME[:5], 0), list("abcde"), x_title="letter"),
    "top of a distribution": distribution(torch.softmax(TIME[:5], 0), list("abcde"), top=3),
    "points": points(
        {"a": torch.randn(5, 2), "b": torch.randn(4, 2)}, labels={"a": list("vwxyz")}, equal=True
    ),
    "one cloud": points(torch.randn(60, 2), labels=[str(n) for n in range(60)]),
    "vector field": vector_field(
        *torch.meshgrid(GRID, GRID, indexing="xy"),
        torch.randn(4, 4),
        torch.randn(4, 4),
        path=torch.rand(6, 2),
    ),
    "grey images": image_grid(torch.rand(7, 6, 5), columns=3, titles=[str(n) for n in range(7)], mark=2),
    "signed images": image_grid(torch.randn(2, 6, 5), columns=5, diverging=True),
    "colour images": image_grid(torch.rand(3, 4, 4, 3), columns=2),
}


@pytest.mark.parametrize("name", EVERY_PLOT)
def test_every_plot_is_plain_valid_and_in_the_site_s_colours(name: str) -> None:
    drawn = EVERY_PLOT[name]
    assert set(drawn) == {"data", "layout"}
    assert find_not_plain(drawn) == ""
    assert drawn["layout"]["height"] > 100
    assert drawn["layout"]["dragmode"] is False
    check_spec(drawn)


def test_letters_that_repeat_keep_their_own_columns() -> None:
    drawn = heatmap([[1, 2, 3, 4]], x=list("anna"))
    assert drawn["data"][0]["x"] == [0, 1, 2, 3]
    assert drawn["layout"]["xaxis"]["ticktext"] == ["a", "n", "n", "a"]
    assert drawn["layout"]["xaxis"]["tickvals"] == [0, 1, 2, 3]


def test_a_diverging_heatmap_is_symmetric_about_zero() -> None:
    trace = heatmap([[-1.0, 3.0]], diverging=True)["data"][0]
    assert (trace["zmin"], trace["zmax"]) == (-3.0, 3.0)
    assert trace["colorscale"] == DIVERGING
    assert heatmap([[0.0, 3.0]])["data"][0]["colorscale"] == SEQUENTIAL


def test_a_heatmap_marks_a_whole_row() -> None:
    (shape,) = heatmap([[1, 2], [3, 4]], mark=(1, None))["layout"]["shapes"]
    assert (shape["y0"], shape["y1"], shape["x0"], shape["x1"]) == (0.5, 1.5, -0.5, 1.5)


def test_one_series_has_the_page_s_accent_and_several_the_series_colours() -> None:
    assert lines({"a": [1, 2]})["data"][0]["line"]["color"] == ACCENT
    assert [t["line"]["color"] for t in lines({"a": [1, 2], "b": [2, 3]})["data"]] == SERIES[:2]


def test_lines_are_labelled_at_their_ends_without_overlap() -> None:
    drawn = lines({"a": [0, 1.00], "b": [0, 1.01], "c": [0, 0.99], "d": [0, 0]})
    labels = {entry["text"]: entry for entry in drawn["layout"]["annotations"]}
    assert drawn["layout"]["showlegend"] is False
    assert labels["a"]["font"]["color"] == SERIES[0]
    low, high = drawn["layout"]["yaxis"]["range"]
    margin = drawn["layout"]["margin"]
    inner = drawn["layout"]["height"] - margin["t"] - margin["b"]
    places = {name: (e["y"] - low) / (high - low) * inner + e["yshift"] for name, e in labels.items()}
    assert places["c"] < places["a"] < places["b"]
    assert min(b - a for a, b in itertools.pairwise(sorted(places.values()))) >= 14
    assert all(0 <= place <= inner for place in places.values())


def test_labels_too_long_for_a_phone_become_a_legend() -> None:
    drawn = EVERY_PLOT["many lines"]
    assert drawn["layout"]["showlegend"] is True
    assert "annotations" not in drawn["layout"]


def test_the_label_of_a_level_keeps_clear_of_the_lines() -> None:
    falling = lines([10.0, 5.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0], levels=[(9.0, "start")])
    assert falling["layout"]["annotations"][0]["x"] == 1
    rising = lines([1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 5.0, 10.0], levels=[(9.0, "end")])
    assert rising["layout"]["annotations"][0]["x"] == 0


def test_logarithmic_axes_take_plain_values() -> None:
    layout = lines([1.0, 100.0], y_log=True, y_range=(0.1, 1000), levels=[(10, "ten")])["layout"]
    assert layout["yaxis"]["range"] == [-1.0, 3.0]
    assert layout["annotations"][0]["y"] == 1.0
    assert layout["shapes"][0]["y0"] == 10
    with pytest.raises(ValueError, match="the y axis is logarithmic, and there is a value of 0"):
        lines([1.0, 0.0], y_log=True)


@pytest.mark.parametrize(
    ("ends", "written"),
    [
        ((1.8, 25), ["2", "5", "10", "20"]),
        ((0.004, 0.05), ["0.005", "0.01", "0.02", "0.05"]),
        ((0.5, 2000), ["1", "10", "100", "1,000"]),
        ((1e-6, 1e6), [f"10<sup>{p}</sup>" if p else "1" for p in ("−6", "−4", "−2", 0, 2, 4, 6)]),
    ],
)
def test_logarithmic_ticks_are_round_and_written_out(ends: tuple[float, float], written: list[str]) -> None:
    axis = lines(list(ends), y_log=True, y_range=ends)["layout"]["yaxis"]
    assert axis["ticktext"] == written


def test_few_values_on_a_logarithmic_axis_are_its_ticks() -> None:
    axis = lines([1.0, 2.0, 3.0], [8, 64, 512], x_log=True)["layout"]["xaxis"]
    assert (axis["tickvals"], axis["ticktext"]) == ([8, 64, 512], ["8", "64", "512"])


def test_bars_start_at_zero_and_repeated_labels_stay_apart() -> None:
    drawn = bars([3.0, 4.0], ["n", "n"], highlight=1)
    assert drawn["layout"]["yaxis"]["range"][0] == 0
    assert drawn["data"][0]["x"] == [0, 1]
    assert drawn["data"][0]["marker"]["color"] == [MUTED, ACCENT]


def test_a_distribution_stresses_the_likeliest_or_what_is_asked() -> None:
    assert distribution([0.2, 0.5, 0.3], list("abc"))["data"][0]["marker"]["color"] == [MUTED, ACCENT, MUTED]
    asked = []
    assert distribution([0.2, 0.5, 0.3], lambda index: asked.append(index) or "abc"[index], top=2) == distribution(
        [0.2, 0.5, 0.3], list("abc"), top=2
    )
    assert asked == [1, 2]
    top = distribution([0.2, 0.5, 0.3], list("abc"), top=2, highlight=2)
    assert top["layout"]["yaxis"]["ticktext"] == ["b", "c"]
    assert top["data"][0]["text"] == ["50.0%", "30.0%"]
    assert top["data"][0]["marker"]["color"] == [MUTED, ACCENT]


@pytest.mark.parametrize("values", [[0.5, 0.6], [1.5, -0.5], [0.0, 0.0]])
def test_what_is_no_distribution_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        distribution(values, ["a", "b"])


def test_arrows_of_a_field_point_along_their_vectors() -> None:
    drawn = vector_field([0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 2.0], scale=0.5)
    shafts = drawn["data"][0]
    assert (shafts["x"][:3], shafts["y"][:3]) == ([0.0, 0.5, None], [0.0, 0.0, None])
    assert (shafts["x"][7:10], shafts["y"][7:10]) == ([1.0, 1.0, None], [1.0, 2.0, None])


def test_images_stand_in_rows_with_space_between() -> None:
    ones = torch.ones(3, 2, 2)
    canvas = image_grid(ones, columns=2)["data"][0]["z"]
    assert canvas == [
        [1, 1, None, 1, 1],
        [1, 1, None, 1, 1],
        [None] * 5,
        [1, 1, None, None, None],
        [1, 1, None, None, None],
    ]


def test_titles_and_marks_belong_to_their_image() -> None:
    layout = image_grid(torch.ones(2, 4, 4), columns=2, titles=["left", "right"], mark=1)["layout"]
    assert [entry["text"] for entry in layout["annotations"]] == ["left", "right"]
    box = layout["shapes"][0]
    assert box["x0"] < layout["annotations"][1]["x"] < box["x1"]
    assert box["line"]["color"] == ACCENT
    assert layout["annotations"][0]["font"]["color"] == INK


def test_overflow_is_refused_unless_gaps_are_asked_for() -> None:
    with pytest.raises(NotFiniteError):
        lines([1.0, float("inf")])
    assert lines([1.0, float("inf"), 2.0], gaps=True)["data"][0]["y"] == [1.0, None, 2.0]
    assert heatmap([[1.0, float("nan")]], gaps=True)["data"][0]["z"] == [[1.0, None]]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: heatmap([]),
        lambda: heatmap([[1, 2], [3]]),
        lambda: heatmap([[1, 2]], x=["a"]),
        lambda: lines({}),
        lambda: lines([1, 2], [1]),
        lambda: lines({"a": [1]}, bands={"b": ([1], [2])}),
        lambda: bars([1], ["a", "b"]),
        lambda: bars([], []),
        lambda: vector_field([0], [0], [1, 2], [1, 2]),
        lambda: image_grid([], columns=2),
        lambda: image_grid([[[1]]], columns=1, titles=["a", "b"]),
    ],
)
def test_data_that_does_not_fit_is_refused(draw: object) -> None:
    with pytest.raises(ValueError):
        draw()
