import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snippets.kit.plain import NotFiniteError, plain


def test_tensors_arrays_and_scalars_become_python_values() -> None:
    value = {
        "tensor": torch.tensor([[1.0, 2.0]], requires_grad=True),
        "array": np.arange(3),
        "scalar": np.float32(0.1),
        "nested": [torch.tensor(3), (True, None, "text")],
        "range": range(2),
    }
    assert plain(value) == {
        "tensor": [[1.0, 2.0]],
        "array": [0, 1, 2],
        "scalar": 0.1,
        "nested": [3, [True, None, "text"]],
        "range": [0, 1],
    }
    assert type(plain(np.int64(3))) is int
    assert type(plain(np.bool_(True))) is bool


@given(st.floats(-1e300, 1e300))
def test_floats_keep_five_significant_digits(value: float) -> None:
    assert plain(value) == float(f"{value:.5g}")
    assert plain(plain(value)) == plain(value)


def test_an_overflow_is_refused_in_words_with_its_count() -> None:
    with pytest.raises(NotFiniteError, match="2 values are infinite or not a number"):
        plain([1.0, [float("inf"), float("nan")]])


def test_gaps_may_be_asked_for() -> None:
    assert plain(torch.tensor([1.0, float("nan")]), gaps=True) == [1.0, None]


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a"}, 1j])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        plain(value)
