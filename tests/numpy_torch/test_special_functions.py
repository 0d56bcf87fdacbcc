"""erfc, erfinv and lgamma equal PyTorch's over their whole range, at their poles and where others round to nothing."""

import numpy as np
import pytest

from tests.numpy_torch.compare import both

EDGES = [0.0, -0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.0, -2.5, 9.99, 10.0, 10.01, 1e30, -1e30]
EDGES += [float("inf"), float("-inf"), float("nan")]
LINE = [*np.linspace(-30, 30, 3001).tolist(), *np.logspace(-30, 30, 301).tolist(), *EDGES]
UNIT = [*np.linspace(-1, 1, 3001).tolist(),
        *(1 - np.logspace(-16, 0, 201)).tolist(), *np.logspace(-30, 0, 201).tolist(),
        0.0, -0.0, 1.5, -2.0, float("nan")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "values"), [("erfc", LINE), ("erfinv", UNIT), ("lgamma", LINE)])
def test_special_functions_over_their_range(name, values, dtype):
    def run(T):
        return getattr(T, name)(T.tensor(values, dtype=getattr(T, dtype)))

    both(run, tolerance=(2e-5, 1e-7) if dtype == "float32" else (2e-12, 1e-13))


def test_erfinv_keeps_its_precision_next_to_zero():
    def run(T):
        return T.erfinv(T.tensor([1e-30, -1e-10, 1e-5, 0.5204, 0.5206], dtype=T.float64)) * 1e10

    both(run, tolerance=(1e-14, 0))
