import pytest
from hypothesis import given
from hypothesis import strategies as st

from snippets.kit import Choice, ControlError, Draw, Point, Slider, Text, Toggle

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def test_text_takes_its_alphabet_and_folds_case() -> None:
    name = Text("Name", "anna", max_length=6, alphabet=LETTERS)
    assert name.coerce("Otto") == "otto"
    assert name.spec("text") == {
        "type": "text",
        "name": "text",
        "label": "Name",
        "value": "anna",
        "maxLength": 6,
        "minLength": 1,
        "placeholder": "",
        "alphabet": LETTERS,
    }


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("zoë", "Name: “ë” cannot be read here. It takes only a–z."),
        ("", "Name: type at least one character."),
        ("a" * 10_000, "Name: at most 6 characters, and this has 10,000."),
        (3, "Name: expected text, got 3."),
        (None, "Name: expected text, got nothing."),
        ("😀!", "Name: “!” “😀” cannot be read here. It takes only a–z."),
    ],
)
def test_text_refuses_in_plain_words(value: object, said: str) -> None:
    with pytest.raises(ControlError) as error:
        Text("Name", "anna", max_length=6, alphabet=LETTERS).coerce(value)
    assert str(error.value) == said


def test_text_names_a_mixed_alphabet() -> None:
    with pytest.raises(ControlError, match=r"It takes only space, “'”, 0–9 and a–z\."):
        Text("Line", "a", alphabet=LETTERS + "0123456789 '").coerce("#")


def test_whole_sliders_step_by_one_and_give_integers() -> None:
    unit = Slider("Unit", 0, 3, value=2)
    assert unit.spec("unit")["values"] == [0, 1, 2, 3]
    assert unit.spec("unit")["step"] == 1
    assert type(unit.coerce(1.0)) is int


@given(st.floats(0.5, 1.6))
def test_sliders_take_the_nearest_stop(value: float) -> None:
    scale = Slider("Scale", 0.5, 1.6, step=0.1)
    chosen = scale.coerce(value)
    assert chosen in scale.values
    assert all(abs(chosen - value) <= abs(stop - value) for stop in scale.values)


def test_slider_stops_are_round_numbers() -> None:
    assert Slider("Scale", 0.5, 0.9, step=0.1).values == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert Slider("Temperature", values=[0.1, 1, 2], value=1).spec("t")["step"] is None
    assert len(Slider("Time", 0.0, 1.0).values) == 101


@pytest.mark.parametrize("value", ["3", True, None, float("nan"), float("inf"), -1, 64, []])
def test_sliders_refuse_what_is_no_number_in_their_range(value: object) -> None:
    with pytest.raises(ControlError, match=r"^Unit: "):
        Slider("Unit", 0, 63).coerce(value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Slider("S"),
        lambda: Slider("S", 0, 3, values=[1, 2]),
        lambda: Slider("S", values=[2, 1]),
        lambda: Slider("S", 0, 3, step=0),
        lambda: Slider("S", 0, 10, step=5, value=3),
        lambda: Slider("S", 0, 3, value=4),
        lambda: Choice("C", ["one"]),
        lambda: Choice("C", ["a", "b"], "c"),
        lambda: Text("T", "1", alphabet="a"),
        lambda: Toggle("", True),
        lambda: Point("P", x=(1, 0), y=(0, 1), value=(0, 0)),
        lambda: Draw("D", 1, 2, [[0.0]]),
    ],
)
def test_impossible_controls_are_refused_when_declared(make: object) -> None:
    with pytest.raises(ValueError):
        make()


def test_choices_keep_the_type_of_their_values() -> None:
    heads = Choice("Heads", {1: "one", 8: "eight"}, 8)
    assert heads.spec("heads")["options"] == [{"value": 1, "label": "one"}, {"value": 8, "label": "eight"}]
    assert heads.states() == [1, 8]
    for wrong in ("8", True, 2, None):
        with pytest.raises(ControlError, match="is not one of one, eight"):
            heads.coerce(wrong)


def test_toggles_are_on_or_off() -> None:
    assert Toggle("Mask", True).spec("mask")["value"] is True
    with pytest.raises(ControlError, match="expected on or off"):
        Toggle("Mask").coerce(1)


def test_drawings_are_rows_of_brightnesses() -> None:
    canvas = Draw("Digit", 2, 3)
    assert canvas.value == [[0.0] * 3] * 2
    assert canvas.coerce([[0, 0.5, 1]] * 2) == [[0.0, 0.5, 1.0]] * 2
    for wrong in ([[0, 0, 0]], [[0, 0, 2]] * 2, [["a", 0, 0]] * 2, "no", [[0, 0]] * 2):
        with pytest.raises(ControlError, match=r"^Digit: "):
            canvas.coerce(wrong)


def test_points_stay_in_their_range() -> None:
    start = Point("Start", x=(-1, 1), y=(0, 2), value=(0.5, 1), x_title="unit 1")
    assert start.coerce([1, 2]) == (1.0, 2.0)
    assert start.spec("start") == {
        "type": "point",
        "name": "start",
        "label": "Start",
        "value": [0.5, 1.0],
        "x": [-1.0, 1.0],
        "y": [0.0, 2.0],
        "xTitle": "unit 1",
        "yTitle": "y",
    }
    with pytest.raises(ControlError, match=r"Start: unit 1 = 1.5 is outside -1 to 1\."):
        start.coerce([1.5, 1])
    with pytest.raises(ControlError, match="expected two numbers"):
        start.coerce([1])
