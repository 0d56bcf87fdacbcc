import pytest

from snippets.kit import lines
from snippets.kit.checks import check_spec


def with_(path: str, value: object) -> dict:
    """A valid figure with one thing changed."""
    drawn = lines([1.0, 2.0])
    place: object = drawn
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    place[last] = value
    return drawn


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("data.0.type", "scattergl", "trace 0 has the type 'scattergl'"),
        ("data.0.type", None, "trace 0 has the type None"),
        ("data.0.line.color", "red", r"data\[0\]\.line\.color is 'red', which is not a colour of the tokens"),
        ("data.0.marker.color", ["#ffffff"], r"marker\.color is '#ffffff'"),
        ("layout.plot_bgcolor", "#123456", r"layout\.plot_bgcolor is '#123456'"),
        ("layout.coloraxis.colorscale", "Viridis", r"colorscale is 'Viridis'"),
        ("layout.coloraxis.colorscale", [[0, "#000000"], [1, "#ffffff"]], "colorscale is '#000000'"),
        ("layout.width", 600, r"layout\.width must be left out"),
        ("layout.template", "plotly_dark", r"layout\.template must be left out"),
        ("layout.xaxis.tickfont.family", "Arial", r"family must be left out"),
        ("data.0.colour", "x", "Plotly does not take it: .*colour"),
        ("layout.xaxis.showgrid", "maybe", "Plotly does not take it: .*showgrid"),
        ("data.0.mode", "waves", "Plotly does not take it: .*mode"),
    ],
)
def test_what_the_site_cannot_show_is_refused_with_its_place(path: str, value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_spec(with_(path, value))


def test_numbers_may_stand_for_colours_on_a_scale() -> None:
    check_spec(with_("data.0.marker", {"color": [0.1, 0.9]}))
