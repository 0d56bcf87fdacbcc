import json
import subprocess
import sys
from pathlib import Path

import pytest

import snippets.kit
from snippets.kit import Choice, ControlError, Draw, FigureError, Slider, Text, Toggle, View, figure, lines, view
from snippets.kit.figures import load

SOURCE = '''
from snippets.kit import Slider, figure, lines
from snippets.kit import figure as another_name

@figure(unit=Slider("Unit", 0, 3, value=1))
def second(unit: int) -> dict:
    """A caption.

    What to
    notice."""
    return lines([unit, 2.0])

@figure
def first() -> dict:
    """Another.

    Notice."""
    return lines([1.0, 2.0])
'''


def test_a_module_s_figures_are_found_in_order_with_their_words(page: object) -> None:
    page("two_words", figures=SOURCE)
    found = load("two-words")
    assert list(found) == ["second", "first"]
    assert found["second"].id == "two-words/second"
    assert found["second"].caption == "A caption."
    assert found["second"].description == "What to notice."
    assert found["second"].defaults() == {"unit": 1}


def test_a_figure_draws_any_state_and_fills_in_defaults(page: object) -> None:
    page("toy", figures=SOURCE)
    second = load("toy")["second"]
    assert second.draw(unit=3)["data"][0]["y"] == [3, 2.0]
    assert second.draw() == second.draw(unit=1) == second(unit=1)


def test_a_bad_value_names_figure_and_control(page: object) -> None:
    page("toy", figures=SOURCE)
    second = load("toy")["second"]
    with pytest.raises(ControlError, match=r"^Figure “toy/second”, Unit: 9 is outside 0 to 3\.$"):
        second.draw(unit=9)
    with pytest.raises(
        ControlError, match=r"^Figure “toy/second” has no control “units” \(it has: unit\)\.$"
    ):
        second.draw(units=1)


def test_running_the_module_again_renews_its_figures(page: object) -> None:
    page("toy", figures=SOURCE)
    load("toy")
    module = sys.modules["snippets.toy.figures"]
    exec(compile(SOURCE.replace("2.0", "5.0"), "edited", "exec"), vars(module))
    assert load("toy")["first"].draw()["data"][0]["y"] == [1.0, 5.0]


def test_controls_and_parameters_must_agree() -> None:
    with pytest.raises(FigureError, match="same names in the same order"):

        @figure(unit=Slider("Unit", 0, 3))
        def wrong(units: int) -> dict:
            """Caption.

            Notice."""

    with pytest.raises(FigureError, match="must be a Text, Slider"):
        figure(unit=3)


@pytest.mark.parametrize("words", [None, "Only a caption.", ""])
def test_a_figure_needs_caption_and_description(words: str | None) -> None:
    def silent() -> dict:
        return lines([1.0])

    silent.__doc__ = words
    with pytest.raises(FigureError, match="needs a docstring"):
        figure(silent)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (None, "must return a dict with “data” and “layout”"),
        ({"data": []}, "must return a dict with “data” and “layout”"),
        ({"data": {}, "layout": {}}, "“data” must be a list"),
        ({"data": [], "layout": {}}, "“layout.height” must be set"),
        ({"data": [], "layout": {"height": True}}, "“layout.height” must be set"),
        (
            {"data": [{"y": [1.0, float("nan")]}], "layout": {"height": 1}},
            r"holds nan.* at data\[0\]\.y\[1\]",
        ),
        ({"data": [{"y": (1, 2)}], "layout": {"height": 1}}, r"holds a tuple.* at data\[0\]\.y"),
        ({"data": [], "layout": {"height": 1, "x": {2: 1}}}, "has the key 2"),
        ({"data": [], "layout": {"height": 1}, "note": 3}, "has a “note” that is no text"),
    ],
)
def test_what_is_not_a_plain_figure_is_refused_with_its_place(result: object, reason: str) -> None:
    @figure
    def broken() -> object:
        """Caption.

        Notice."""
        return result

    with pytest.raises(FigureError, match=f"^Figure “.*/broken” {reason}"):
        broken.draw()


def test_few_discrete_states_are_precomputed_and_others_are_not() -> None:
    def states(wanted: bool | None = None, **controls: object) -> bool:
        names = ", ".join(controls)
        space = {"__name__": "snippets.toy.figures"}
        exec(f'def shown({names}):\n    """Caption.\n\n    Notice."""\n    return {{}}', space)
        return figure(precompute=wanted, **controls)(space["shown"]).precompute

    assert states(a=Slider("A", 0, 11), b=Choice("B", ["x", "y"]), c=Toggle("C"))  # 48
    assert not states(a=Slider("A", 0, 12), b=Choice("B", ["x", "y"]), c=Toggle("C"))  # 52
    assert states(True, a=Slider("A", 0, 99))
    assert not states(False, a=Toggle("A"))
    assert not states(a=Text("A", "x"))
    assert not states()
    with pytest.raises(FigureError, match="cannot be precomputed"):
        states(True, a=Draw("A", 2, 2))


def test_state_keys_are_the_indices_of_the_values() -> None:
    @figure(a=Slider("A", values=[0.5, 2]), b=Toggle("B"))
    def shown(a: float, b: bool) -> dict:
        """Caption.

        Notice."""
        return lines([a])

    assert shown.states() == [
        ("0,0", {"a": 0.5, "b": False}),
        ("0,1", {"a": 0.5, "b": True}),
        ("1,0", {"a": 2, "b": False}),
        ("1,1", {"a": 2, "b": True}),
    ]
    assert json.loads(json.dumps(shown.specs()))[0]["values"] == [0.5, 2]


def test_importing_the_kit_loads_no_heavy_library() -> None:
    heavy = "{'torch', 'numpy', 'plotly', 'rich', 'safetensors', 'multiprocessing'}"
    code = f"import sys, snippets.kit; print(sorted({heavy} & set(sys.modules)))"
    root = Path(snippets.kit.__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


# --- views -------------------------------------------------------------------------------------------------


def test_a_view_returns_plain_data_of_any_form_and_lists_its_states_with_texts_as_they_open() -> None:
    @view(text=Text("Text", value="ada"), size=Slider("Size", 0, 2), kind=Choice("Kind", ["a", "b"]))
    def parts(text: str, size: int, kind: str) -> dict:
        """Letters."""
        return {"letters": list(text), "size": size, "kind": kind}

    assert isinstance(parts, View)
    assert parts.caption == "Letters."
    assert parts.draw(text="eve", size=2) == {"letters": ["e", "v", "e"], "size": 2, "kind": "a"}
    states = parts.states()
    assert [key for key, _ in states] == ["0-0", "0-1", "1-0", "1-1", "2-0", "2-1"]
    assert states[3] == ("1-1", {"text": "ada", "size": 1, "kind": "b"})


def test_a_view_of_texts_alone_has_one_state() -> None:
    @view(text=Text("Text", value="ada"))
    def parts(text: str) -> dict:
        """Letters."""
        return {}

    assert parts.states() == [("opening", {"text": "ada"})]


@pytest.mark.parametrize(
    ("result", "reason"),
    [([], "must return a dict"), ({"x": float("inf")}, r"holds inf.* at x"), ({"x": (1,)}, r"holds a tuple.* at x")],
)
def test_what_is_not_plain_is_refused_in_a_view(result: object, reason: str) -> None:
    @view
    def broken() -> object:
        """Caption."""
        return result

    with pytest.raises(FigureError, match=f"^View “.*/broken” {reason}"):
        broken.draw()


def test_a_view_needs_words_and_controls_that_are_its_parameters() -> None:
    with pytest.raises(FigureError, match="needs a docstring"):

        @view
        def silent() -> dict:
            return {}

    with pytest.raises(FigureError, match=r"has controls \(unit\) and parameters \(none\)"):

        @view(unit=Slider("Unit", 0, 1))
        def forgetful() -> dict:
            """Caption."""
            return {}
