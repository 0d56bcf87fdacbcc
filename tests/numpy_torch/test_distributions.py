"""torch.distributions: values, gradients, draws, shapes, validation, messages and repr are PyTorch's."""

import warnings

import pytest
import torch as real_torch

from tests.numpy_torch.answers import of_torch
from tests.numpy_torch.backends import PAGE, array, assert_same

MAKERS = {
    "Normal": lambda t, D, p: D.Normal(p[0], p[1].exp()),
    "Normal of numbers": lambda t, D, p: D.Normal(0.5, 2.0),
    "Normal of a number and a tensor": lambda t, D, p: D.Normal(0.0, p[1].exp()),
    "Uniform": lambda t, D, p: D.Uniform(p[0], p[0] + p[1].exp()),
    "Uniform of numbers": lambda t, D, p: D.Uniform(-1, 3),
    "Bernoulli": lambda t, D, p: D.Bernoulli(p[0].sigmoid()),
    "Bernoulli of logits": lambda t, D, p: D.Bernoulli(logits=p[0]),
    "Bernoulli of a number": lambda t, D, p: D.Bernoulli(0.3),
    "Categorical": lambda t, D, p: D.Categorical(p[1].exp()),
    "Categorical of logits": lambda t, D, p: D.Categorical(logits=p[0]),
    "Categorical of one row": lambda t, D, p: D.Categorical(p[0][0].exp()),
    "Independent Normal": lambda t, D, p: D.Independent(D.Normal(p[0], p[1].exp()), 1),
    "Independent Bernoulli": lambda t, D, p: D.Independent(D.Bernoulli(logits=p[0]), 2),
    "Independent of nothing": lambda t, D, p: D.Independent(D.Categorical(logits=p[0]), 0),
}


def made(t, name: str):
    torch_values = real_torch.linspace(-1.3, 1.7, 24, dtype=real_torch.float64).sin().float()
    values = t.tensor(torch_values.tolist())
    p = values.reshape(2, 3, 4).requires_grad_()
    return MAKERS[name](t, t.distributions, p), p


def outcome(fn):
    """What fn gives, or the exception's type and text."""
    try:
        return fn()
    except Exception as error:
        return type(error).__name__, str(error)


def same(program, rtol=2e-5, atol=2e-6) -> None:
    ours, theirs = program(PAGE.torch), of_torch(program)
    assert_same(ours, theirs, "result", rtol, atol)


@pytest.mark.parametrize("name", MAKERS)
def test_shapes_moments_and_repr(name):
    def program(t):
        d, _ = made(t, name)
        attributes = ("batch_shape", "event_shape", "mean", "mode", "variance", "stddev", "has_rsample",
                      "has_enumerate_support", "param_shape")
        found = [outcome(lambda a=a: getattr(d, a)) for a in attributes if hasattr(type(d), a)]
        found = [tuple(f) if type(f).__name__ == "Size" else f for f in found]
        return [*found, repr(d), repr(d.support), repr(type(d)), sorted(d.arg_constraints),
                [repr(c) for c in d.arg_constraints.values()]]

    same(program)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("shape", [(), (5,), (2, 8)])
def test_draws_and_their_gradients(name, shape):
    def program(t):
        d, p = made(t, name)
        t.manual_seed(3)
        drawn = d.sample(shape)
        free = outcome(lambda: d.rsample(shape))
        grad = None
        if isinstance(free, t.Tensor) and free.requires_grad:
            (free * t.arange(free.numel()).reshape(free.shape)).sum().backward()
            grad = p.grad
        return drawn, drawn.requires_grad, free, grad, t.rand(2), t.randn(1)

    same(program)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("method", ["log_prob", "cdf", "icdf", "entropy", "perplexity", "enumerate_support"])
def test_functions_and_their_gradients(name, method):
    def program(t):
        d, p = made(t, name)
        t.manual_seed(4)
        value = (d.sample((3,)),) if method in ("log_prob", "cdf") else (
            t.full((2, 3, 4), 0.3),) if method == "icdf" else ()
        out = outcome(lambda: getattr(d, method)(*value))
        if not isinstance(out, t.Tensor) or not out.requires_grad:
            return [out]
        grad_fn = out.grad_fn.name()
        out.sum().backward()
        return out, p.grad, grad_fn

    same(program)


@pytest.mark.parametrize("name", MAKERS)
def test_expand(name):
    def program(t):
        d, _ = made(t, name)
        wide = d.expand((5, *d.batch_shape))
        t.manual_seed(1)
        return (tuple(wide.batch_shape), tuple(wide.event_shape), wide.sample((2,)), repr(wide),
                wide.log_prob(d.sample()), wide.expand(wide.batch_shape).entropy())

    same(program)


PAIRS = [("Normal", "Normal of a number and a tensor"), ("Uniform", "Uniform of numbers"), ("Uniform", "Normal"),
         ("Uniform of numbers", "Uniform of numbers"), ("Normal", "Uniform"), ("Bernoulli", "Bernoulli of logits"),
         ("Categorical", "Categorical of logits"), ("Categorical of logits", "Categorical of logits"),
         ("Independent Normal", "Independent Normal"), ("Independent Normal", "Independent Bernoulli"),
         ("Normal", "Categorical")]


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_kl_divergences(left, right):
    def program(t):
        (p, x), (q, y) = made(t, left), made(t, right)
        out = outcome(lambda: t.distributions.kl_divergence(p, q))
        if not isinstance(out, t.Tensor) or not out.requires_grad:
            return [out]
        out.sum().backward()
        return out, x.grad, y.grad

    same(program)


def test_kl_where_one_side_is_impossible():
    def program(t):
        D = t.distributions
        edge, other = t.tensor([0.0, 1.0, 0.0, 1.0, 0.5]), t.tensor([1.0, 1.0, 0.5, 0.5, 0.0])
        rows, more = t.tensor([[0.0, 0.5, 0.5], [0.2, 0.3, 0.5]]), t.tensor([[0.1, 0.9, 0.0], [0.0, 0.5, 0.5]])
        return (D.kl_divergence(D.Bernoulli(edge), D.Bernoulli(other)),
                D.kl_divergence(D.Categorical(rows), D.Categorical(more)),
                D.kl_divergence(D.Uniform(0.0, 1.0), D.Uniform(t.tensor([0.0, 0.5]), t.tensor([1.0, 2.0]))).shape
                if t is None else None)

    same(program)


def test_kl_registered_by_the_reader():
    def program(t):
        D = t.distributions

        class Own(D.Normal):
            pass

        @D.register_kl(Own, D.Normal)
        def first(p, q):
            return p.loc * 10

        plain = D.kl_divergence(Own(1.0, 1.0), D.Normal(0.0, 1.0))
        below = D.kl_divergence(Own(1.0, 1.0), Own(0.0, 1.0))

        @D.register_kl(D.Normal, Own)
        def second(p, q):
            return q.loc * 10

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            both = D.kl_divergence(Own(1.0, 1.0), Own(0.0, 1.0))
        return plain, below, both, [str(w.message) for w in caught], [w.category.__name__ for w in caught]

    same(program)


FAULTS = {
    "scale of zero": lambda t, D: D.Normal(t.zeros(2), t.tensor([1.0, 0.0])),
    "NaN mean": lambda t, D: D.Normal(float("nan"), 1.0),
    "not a number": lambda t, D: D.Normal("a", 1.0),
    "shapes that do not broadcast": lambda t, D: D.Normal(t.zeros(2), t.ones(3)),
    "low above high": lambda t, D: D.Uniform(2.0, 1.0),
    "probability above one": lambda t, D: D.Bernoulli(t.tensor([0.5, 1.5])),
    "both": lambda t, D: D.Bernoulli(0.5, 0.5),
    "neither": lambda t, D: D.Categorical(),
    "negative weights": lambda t, D: D.Categorical(t.tensor([[0.5, -0.5, 1.0]])),
    "NaN logits": lambda t, D: D.Categorical(logits=t.tensor([0.0, float("nan")])),
    "a number for a row": lambda t, D: D.Categorical(t.tensor(0.5)),
    "a number for a row of logits": lambda t, D: D.Categorical(logits=t.tensor(0.5)),
    "value of the wrong type": lambda t, D: D.Normal(0.0, 1.0).log_prob(1.0),
    "value outside": lambda t, D: D.Uniform(0.0, 1.0).log_prob(t.tensor([0.5, 2.0])),
    "class outside": lambda t, D: D.Categorical(t.ones(3)).log_prob(t.tensor(3)),
    "value of the wrong shape": lambda t, D: D.Normal(t.zeros(3), 1.0).log_prob(t.zeros(2)),
    "event of the wrong shape": lambda t, D: D.Independent(D.Normal(t.zeros(3), 1.0), 1).log_prob(t.zeros(2)),
    "half for Bernoulli": lambda t, D: D.Bernoulli(t.tensor([0.5])).log_prob(t.tensor([0.5])),
    "too many dimensions": lambda t, D: D.Independent(D.Normal(0.0, 1.0), 1),
    "sample shape of a number": lambda t, D: D.Normal(0.0, 1.0).sample(3),
    "base class": lambda t, D: D.Distribution().sample(),
    "mode of the base class": lambda t, D: D.Distribution(validate_args=False).mode,
    "rsample of a discrete one": lambda t, D: D.Categorical(t.ones(3)).rsample(),
    "enumerate events": lambda t, D: D.Independent(D.Bernoulli(t.ones(3) / 2), 1).enumerate_support(),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_named_as_pytorch_names_them(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        def program(t):
            return outcome(lambda: FAULTS[name](t, t.distributions))

        ours, theirs = program(PAGE.torch), of_torch(program)
    assert isinstance(theirs, tuple)
    assert ours == theirs


def test_validation_can_be_switched_off():
    def program(t):
        D = t.distributions
        loose = D.Normal(0.0, -1.0, validate_args=False)
        D.Distribution.set_default_validate_args(False)
        try:
            also = D.Uniform(0.0, 1.0).log_prob(t.tensor(3.0))
        finally:
            D.Distribution.set_default_validate_args(True)
        return repr(loose), also

    same(program)


def test_a_distribution_of_the_readers_own():
    def program(t):
        D = t.distributions
        constraints = D.constraints

        class Exponential(D.Distribution):
            arg_constraints = {"rate": constraints.positive}  # noqa: RUF012
            support = constraints.nonnegative
            has_rsample = True

            def __init__(self, rate, validate_args=None):
                self.rate = rate
                super().__init__(rate.size(), validate_args=validate_args)

            def rsample(self, sample_shape=()):
                return self.rate.new_empty(self._extended_shape(sample_shape)).exponential_() / self.rate

            def log_prob(self, value):
                if self._validate_args:
                    self._validate_sample(value)
                return self.rate.log() - self.rate * value

        t.manual_seed(2)
        d = Exponential(t.tensor([1.0, 2.0]))
        return (repr(d), d.sample((3,)), d.log_prob(t.tensor([0.5, 0.0])), repr(type(d)).split("<locals>.")[1],
                outcome(lambda: d.log_prob(t.tensor(-1.0))), outcome(lambda: Exponential(t.zeros(1))),
                outcome(lambda: d.expand((3,))), outcome(lambda: d.mean))

    same(program)


def test_a_policy_gradient_step():
    def program(t):
        t.manual_seed(0)
        logits = t.zeros(4, 3, requires_grad=True)
        policy = t.distributions.Categorical(logits=logits)
        action = policy.sample()
        loss = -(policy.log_prob(action) * t.tensor([1.0, -1.0, 2.0, 0.5])).mean() - 0.01 * policy.entropy().mean()
        loss.backward()
        return action, loss, logits.grad

    same(program)


def test_absent_distributions_say_so():
    with pytest.raises(NotImplementedError, match=r"torch\.distributions\.Beta is not in the page"):
        _ = PAGE.torch.distributions.Beta
    assert array(PAGE.torch.ones(1)).sum() == 1
