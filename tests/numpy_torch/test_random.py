"""The stream of random numbers is PyTorch's, number for number."""

import numpy as np
import pytest
import torch

import snippets.numpy_torch as nt
from tests.numpy_torch.compare import both

SIZES = (0, 1, 2, 7, 15, 16, 17, 31, 32, 33, 100, 623, 624, 625, 2000)
SEEDS = (0, 1, 42, 2**32 + 5, 123456789)

DRAWS = {
    "rand": lambda T, n: T.rand(n),
    "rand_double": lambda T, n: T.rand(n, dtype=T.float64),
    "randn": lambda T, n: T.randn(n),
    "randn_double": lambda T, n: T.randn(n, dtype=T.float64),
    "randn_shape": lambda T, n: T.randn(2, n, 3),
    "randn_like_transposed": lambda T, n: T.randn_like(T.zeros(3, n).t()),
    "rand_like_transposed": lambda T, n: T.rand_like(T.zeros(3, n).t()),
    "randint_small": lambda T, n: T.randint(10, (n,)),
    "randint_negative": lambda T, n: T.randint(-5, 7, (n,)),
    "randint_below_2_28": lambda T, n: T.randint(0, 2**28 - 1, (n,)),
    "randint_at_2_28": lambda T, n: T.randint(0, 2**28, (n,)),
    "randint_large": lambda T, n: T.randint(-(2**40), 2**41, (n,)),
    "randint_int32": lambda T, n: T.randint(0, 9, (n,), dtype=T.int32),
    "randperm": lambda T, n: T.randperm(n),
    "bernoulli": lambda T, n: T.bernoulli(T.linspace(0, 1, n)),
    "bernoulli_number": lambda T, n: T.zeros(n).bernoulli_(0.3),
    "bernoulli_tensor": lambda T, n: T.zeros(n).bernoulli_(T.linspace(0, 1, n)),
    "normal_": lambda T, n: T.empty(n).normal_(2.0, 0.5),
    "normal_transposed": lambda T, n: T.empty(4, n).t().normal_(),
    "normal_numbers": lambda T, n: T.normal(1.0, 2.0, (n,)),
    "normal_tensors": lambda T, n: T.normal(T.arange(float(n)), T.ones(n) * 0.1),
    "uniform_": lambda T, n: T.empty(n).uniform_(-0.3, 0.7),
    "uniform_transposed": lambda T, n: T.empty(4, n).t().uniform_(),
    "exponential_": lambda T, n: T.empty(n).exponential_(1.5),
    "random_": lambda T, n: T.empty(n).random_(0, 100),
    "dropout": lambda T, n: T.nn.functional.dropout(T.ones(n), 0.3),
    "dropout_transposed": lambda T, n: T.nn.functional.dropout(T.ones(n, 4).t(), 0.6),
    "multinomial_one": lambda T, n: T.multinomial(T.arange(1.0, n + 2), 1),
    "multinomial_many": lambda T, n: T.multinomial(T.arange(1.0, n + 2), n + 1),
    "multinomial_with_replacement": lambda T, n: T.multinomial(T.arange(1.0, n + 2), 9, replacement=True),
    "multinomial_rows": lambda T, n: T.multinomial(T.ones(3, n + 1).cumsum(1), 1),
    "multinomial_rows_with_replacement": lambda T, n: T.multinomial(T.ones(3, n + 1).cumsum(1), 5, True),
    "pairs_left_over": lambda T, n: T.cat([T.randn(3), T.randn(n), T.randn(1), T.rand(2), T.randn(1)]),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_equal_torch_for_many_sizes_and_seeds(name):
    for size in SIZES:
        for seed in SEEDS:
            torch.manual_seed(seed)
            nt.manual_seed(seed)
            expected, actual = DRAWS[name](torch, size), DRAWS[name](nt, size)
            assert str(actual.dtype) == str(expected.dtype)
            np.testing.assert_allclose(actual.numpy(), expected.numpy(), rtol=2e-5, atol=2e-6,
                                       err_msg=f"{name}, size {size}, seed {seed}")


INITS = {
    "uniform_": lambda T, w: T.nn.init.uniform_(w, -1, 2),
    "normal_": lambda T, w: T.nn.init.normal_(w, 0.1, 0.02),
    "trunc_normal_": lambda T, w: T.nn.init.trunc_normal_(w, std=1.0),
    "trunc_normal_narrow": lambda T, w: T.nn.init.trunc_normal_(w, std=0.02),
    "xavier_uniform_": lambda T, w: T.nn.init.xavier_uniform_(w, gain=1.5),
    "xavier_normal_": lambda T, w: T.nn.init.xavier_normal_(w),
    "kaiming_uniform_": lambda T, w: T.nn.init.kaiming_uniform_(w, a=0.2),
    "kaiming_normal_": lambda T, w: T.nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
    "orthogonal_": lambda T, w: T.nn.init.orthogonal_(w, gain=1.1),
    "zeros_": lambda T, w: T.nn.init.zeros_(w),
    "ones_": lambda T, w: T.nn.init.ones_(w),
    "constant_": lambda T, w: T.nn.init.constant_(w, 0.3),
    "eye_": lambda T, w: T.nn.init.eye_(w),
}


@pytest.mark.parametrize("name", INITS)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (64, 16)])
def test_initialisations_equal_torch(name, shape):
    both(lambda T: INITS[name](T, T.empty(*shape)), tolerance=(1e-4, 1e-5))


def test_generators_are_independent_and_resumable():
    def run(T):
        own = T.Generator().manual_seed(7)
        first = T.randn(5, generator=own)
        T.rand(3)
        state = own.get_state()
        second = T.randn(20, generator=own)
        own.set_state(state)
        again = T.randn(20, generator=own)
        return first, second, again, own.initial_seed(), state

    both(run)


def test_the_global_state_is_torch_s_bytes():
    def run(T):
        T.randn(3)
        state = T.get_rng_state()
        first = T.rand(4)
        T.set_rng_state(state)
        return state, first, T.rand(4)

    both(run)


def test_states_can_be_exchanged_with_torch():
    torch.manual_seed(3)
    torch.randn(5)
    nt.set_rng_state(nt.from_numpy(torch.get_rng_state().numpy().copy()))
    assert nt.randn(7).tolist() == pytest.approx(torch.randn(7).tolist(), rel=1e-5)


@pytest.mark.parametrize("wrong", [
    lambda T: T.multinomial(T.tensor([0.0, 0.0]), 1),
    lambda T: T.multinomial(T.tensor([1.0, -1.0]), 1),
    lambda T: T.multinomial(T.ones(3), 4),
    lambda T: T.randint(3, 3, (2,)),
    lambda T: T.bernoulli(T.tensor([2.0])),
    lambda T: T.empty(3).normal_(0, -1),
    lambda T: T.nn.functional.dropout(T.ones(3), 2.0),
    lambda T: T.randperm(-1),
    lambda T: T.rand(3, dtype=T.int64),
])
def test_wrong_arguments_raise_what_torch_raises(wrong):
    both(wrong, messages=False)
