"""Order statistics, distances, scatters and windows where op_db has no sample or leaves the result open."""

import pytest

from tests.numpy_torch.compare import both

INF, NAN = float("inf"), float("nan")

TABLE = {
    "cdist of many rows": lambda t: gradients(t, lambda a, b: t.cdist(a, b), (40, 3), (30, 3)),
    "cdist of a batch": lambda t: gradients(t, lambda a, b: t.cdist(a, b), (2, 4, 3), (5, 3)),
    "cdist p=1": lambda t: gradients(t, lambda a, b: t.cdist(a, b, p=1), (4, 3), (5, 3)),
    "cdist p=inf": lambda t: gradients(t, lambda a, b: t.cdist(a, b, p=INF), (4, 3), (5, 3)),
    "cdist p=3": lambda t: gradients(t, lambda a, b: t.cdist(a, b, p=3.0), (4, 3), (5, 3)),
    "cdist of a point to itself": lambda t: gradients(t, lambda a: t.cdist(a, a), (4, 3)),
    "cumprod to the last bit": lambda t: repr(t.cumprod(1 - t.arange(1000.0) / 50000, 0).double().numpy().tolist()),
    "cumsum to the last bit": lambda t: repr((t.arange(5000.0) / 7).cumsum(0).double().numpy().tolist()),
    "logcumsumexp": lambda t: gradients(t, lambda a: t.logcumsumexp(a, 1), (4, 9)),
    "logcumsumexp of -inf": lambda t: t.logcumsumexp(t.tensor([-INF, -INF, 0.0, 1.0, INF]), 0),
    "kthvalue": lambda t: [*t.kthvalue(t.tensor([3, 1, 2, 9]), 2), *t.tensor([[4.0, 2.0], [1.0, NAN]]).kthvalue(2)],
    "kthvalue repr": lambda t: repr(t.kthvalue(t.tensor([3.0, 1.0]), 1)),
    "median repr": lambda t: repr(t.tensor([3.0, 1.0, 2.0]).median(0)),
    "median of NaN": lambda t: [t.tensor([1.0, NAN, 3.0]).median(), *t.tensor([[1.0, NAN, 3.0]]).median(1),
                                t.tensor([1.0, NAN, 3.0]).nanmedian()],
    "median of nothing": lambda t: t.tensor([]).median(),
    "median of ties": lambda t: gradients(t, lambda a: (a * 0).median() + a.median(), (5,)),
    "mode": lambda t: [t.mode(t.tensor([2, 1, 1, 2, 3])), t.tensor([[1, 1, 0], [2, 3, 3]]).mode(0, keepdim=True)],
    "cummax with ties and NaN": lambda t: [*t.cummax(t.tensor([1.0, 3.0, 3.0, 2.0, NAN, 1.0]), 0),
                                           *t.cummin(t.tensor([[3, 3, 1], [1, 2, 2]]), 1)],
    "cummax gradient": lambda t: gradients(t, lambda a: t.cummax(a, 1)[0], (3, 6)),
    "histc": lambda t: [t.histc(t.tensor([1.0, 2.0, 1.0, 5.0, -1.0, NAN]), bins=4, min=0, max=3),
                        t.histc(t.linspace(0, 1, 11), bins=10), t.histc(t.ones(3), bins=2), t.histc(t.tensor([]))],
    "histc of whole numbers": lambda t: t.histc(t.tensor([1, 2])),
    "histc of no bins": lambda t: t.histc(t.ones(2), bins=0),
    "histc the wrong way round": lambda t: t.histc(t.ones(2), bins=3, min=2, max=1),
    "histc of infinity": lambda t: t.histc(t.tensor([INF, 1.0])),
    "quantile": lambda t: gradients(t, lambda a: t.quantile(a, 0.3), (7,)),
    "quantiles by row": lambda t: gradients(t, lambda a: a.quantile(t.tensor([0.1, 0.5, 1.0]), 1, True), (4, 7)),
    "quantile outside": lambda t: t.quantile(t.ones(3), 1.5),
    "quantile of whole numbers": lambda t: t.quantile(t.tensor([1, 2]), 0.5),
    "unique_consecutive": lambda t: t.unique_consecutive(t.tensor([1, 1, 2, 2, 2, 1]), True, True),
    "unique_consecutive rows": lambda t: t.unique_consecutive(t.tensor([[1, 1], [1, 1], [2, 1]]), dim=0),
    "diff": lambda t: [t.diff(t.tensor([1, 4, 9, 16])), t.tensor([True, False, True]).diff(),
                       t.diff(t.arange(6.0).reshape(2, 3), dim=0, prepend=t.zeros(1, 3)), t.diff(t.ones(2), n=5)],
    "diff of a number": lambda t: t.diff(t.tensor(1)),
    "cartesian_prod": lambda t: t.cartesian_prod(t.tensor([1, 2]), t.tensor([3, 4, 5])),
    "combinations": lambda t: [t.combinations(t.arange(4)), t.combinations(t.arange(3), 2, with_replacement=True),
                               t.combinations(t.arange(3), 0)],
    "masked_scatter": lambda t: gradients(t, lambda a, b: a.masked_scatter(t.arange(6).reshape(2, 3) % 2 == 0, b),
                                          (2, 3), (4,)),
    "masked_scatter_ in a row": lambda t: t.zeros(2, 3).masked_scatter_(t.tensor([True, False, True]),
                                                                         t.arange(6.0)),
    "masked_scatter of too few": lambda t: t.zeros(4).masked_scatter(t.ones(4, dtype=t.bool), t.ones(2)),
    "fill_diagonal_": lambda t: [t.zeros(3, 4).fill_diagonal_(2), t.zeros(7, 3).fill_diagonal_(1, wrap=True),
                                 t.ones(3, 3, dtype=t.int64).fill_diagonal_(0)],
    "fill_diagonal_ gradient": lambda t: gradients(t, lambda a: (a * 2).fill_diagonal_(0), (3, 3)),
    "fill_diagonal_ of a vector": lambda t: t.zeros(3).fill_diagonal_(1),
    "t_": lambda t: [t.arange(6).reshape(2, 3).t_(), t.zeros(2, 3, 4).transpose_(0, 2).shape],
    "positive": lambda t: [+t.ones(2), t.positive(t.tensor([-1, 2]))],
    "positive of a mask": lambda t: t.positive(t.tensor([True])),
    **{f"scatter_reduce {how} {own}": lambda t, how=how, own=own: gradients(
        t, lambda a, b: a.scatter_reduce(1, t.tensor([[0, 1, 1, 0], [2, 2, 2, 2]]), b, how, include_self=own),
        (2, 3), (2, 4)) for how in ("sum", "mean", "prod", "amax", "amin") for own in (True, False)},
    "scatter_reduce_ of whole numbers": lambda t: t.tensor([5, 6, 7]).scatter_reduce_(
        0, t.tensor([0, 0, 2]), t.tensor([2, 4, 1]), "mean"),
    **{f"{name} of doubles": lambda t, name=name: getattr(t, name)(
        t.tensor([-7.9, -2.0007, -0.3, 0.0, 1e-3, 0.5, 1.0, 2.5, 20.0, INF, NAN], dtype=t.float64))
       for name in ("digamma", "lgamma", "erfc", "sinc")},
    **{f"polygamma {n}": lambda t, n=n: t.polygamma(n, t.tensor([0.1, 0.7, 3.0, 40.0], dtype=t.float64))
       for n in range(5)},
    "trigamma of negative numbers": lambda t: t.polygamma(1, t.tensor([-0.3, -2.6], dtype=t.float64)),
    "erfinv": lambda t: [t.erfinv(t.tensor([-1.5, -1.0, -0.9999, -0.3, 0.0, 0.69, 0.71, 0.999999, 1.0, NAN])),
                         t.erfinv(t.linspace(-0.99, 0.99, 9, dtype=t.float64))],
    "lgamma gradient": lambda t: gradients(t, lambda a: a.exp().lgamma() + a.exp().digamma(), (9,)),
    "logit": lambda t: [t.logit(t.tensor([0.0, 0.2, 1.0])), t.tensor([0.0, 0.2, 1.0]).logit(eps=1e-3)],
    "scatter_reduce by a new way": lambda t: t.ones(2).scatter_reduce(0, t.tensor([0]), t.ones(1), "median"),
}


def gradients(t, fn, *shapes):
    t.manual_seed(5)
    inputs = [t.randn(shape, requires_grad=True) for shape in shapes]
    out = fn(*inputs)
    (out * t.linspace(-1, 1, out.numel()).reshape(out.shape)).sum().backward()
    return [out, *[x.grad for x in inputs]]


@pytest.mark.parametrize("name", TABLE)
def test_an_op(name):
    both(TABLE[name], names=not name.startswith("quantile"))
