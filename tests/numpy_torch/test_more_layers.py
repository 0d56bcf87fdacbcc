"""The layers one seldom meets, the top-level spellings of functionals, and torch.testing equal PyTorch."""

import pytest

import snippets.numpy_torch as nt
from tests.numpy_torch.compare import both

ACTIVATIONS = {
    "Hardshrink": lambda nn: nn.Hardshrink(),
    "Softshrink": lambda nn: nn.Softshrink(0.3),
    "Threshold": lambda nn: nn.Threshold(0.2, -3.0),
    "Threshold in place": lambda nn: nn.Threshold(0.2, 1, inplace=True),
    "RReLU": lambda nn: nn.RReLU(),
    "RReLU in use": lambda nn: nn.RReLU(0.1, 0.4).eval(),
    "PairwiseDistance": lambda nn: nn.PairwiseDistance(1.0, keepdim=True),
    "CosineSimilarity": lambda nn: nn.CosineSimilarity(dim=0),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_layers_without_weights_equal_torch(name):
    def run(T):
        layer = ACTIVATIONS[name](T.nn)
        x, y = T.randn(3, 17, requires_grad=True), T.randn(3, 17, requires_grad=True)
        out = layer(x * 1, y) if name in ("PairwiseDistance", "CosineSimilarity") else layer(x * 1)
        (out * T.randn(out.shape)).sum().backward()
        return repr(layer), list(layer.state_dict()), out, x.grad, y.grad, T.rand(2)

    both(run)


LOSSES = {  # name → (options, what to make the other inputs of)
    "CosineEmbeddingLoss": ([{}, {"margin": 0.3}], lambda T: (T.randn(5, 4), T.tensor([1, -1, 1, -1, -1]))),
    "GaussianNLLLoss": ([{}, {"full": True}], lambda T: (T.randn(5, 4), T.rand(5, 4) * 2)),
    "HingeEmbeddingLoss": ([{}, {"margin": 0.5}], lambda T: (T.randint(0, 2, (5, 4)) * 2 - 1,)),
    "MarginRankingLoss": ([{}, {"margin": 0.5}], lambda T: (T.randn(5, 4), T.ones(5, 4))),
    "MultiLabelSoftMarginLoss": ([{}], lambda T: (T.randint(0, 2, (5, 4)),)),
    "PoissonNLLLoss": ([{}, {"full": True}], lambda T: (T.randint(0, 9, (5, 4)).float(),)),
    "SoftMarginLoss": ([{}], lambda T: (T.randint(0, 2, (5, 4)) * 2.0 - 1,)),
    "TripletMarginLoss": ([{}, {"p": 1, "swap": True}], lambda T: (T.randn(5, 4), T.randn(5, 4))),
    "TripletMarginWithDistanceLoss": ([{}, {"swap": True, "distance_function": lambda a, b: (a - b).abs().sum(-1)}],
                                      lambda T: (T.randn(5, 4), T.randn(5, 4))),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "median"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_equal_torch(name, reduction):
    every, others = LOSSES[name]

    def run(T):
        answers = []
        for options in every:
            loss = getattr(T.nn, name)(**options, reduction=reduction)
            x = T.randn(5, 4, requires_grad=True)
            out = loss(x, *others(T))
            (out * T.randn(out.shape)).sum().backward()
            answers += [repr(loss), out, x.grad]
        return answers

    both(run)


TOP_LEVEL = {
    "conv1d": lambda T, x: T.conv1d(x, T.ones(2, 4, 3), padding=1),
    "conv2d": lambda T, x: T.conv2d(x[None], T.ones(2, 3, 2, 2)),
    "conv_transpose1d": lambda T, x: T.conv_transpose1d(x, T.ones(4, 2, 3)),
    "layer_norm": lambda T, x: T.layer_norm(x, (5,)),
    "group_norm": lambda T, x: T.group_norm(x, 2),
    "rms_norm": lambda T, x: T.rms_norm(x, (5,)),
    "embedding": lambda T, x: T.embedding(T.eye(3), T.tensor([2, 0])),
    "dropout": lambda T, x: T.dropout(x, 0.5, True),
    "max_pool2d": lambda T, x: T.max_pool2d(x, 2),
    "avg_pool1d": lambda T, x: T.avg_pool1d(x, 2),
    "adaptive_avg_pool1d": lambda T, x: T.adaptive_avg_pool1d(x, 2),
    "pixel_shuffle": lambda T, x: T.pixel_shuffle(T.arange(16.0).view(4, 2, 2), 2),
    "hardshrink": lambda T, x: T.hardshrink(x, 0.3),
    "threshold": lambda T, x: T.threshold(x, 0.1, 7),
    "relu_": lambda T, x: T.relu_(x.clone()),
    "rrelu": lambda T, x: T.rrelu(x, training=True),
}


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_functionals_under_torch_equal_torch(name):
    both(lambda T: TOP_LEVEL[name](T, T.randn(3, 4, 5)))


ELSEWHERE = {
    "batch_norm": "torch.nn.functional.batch_norm",
    "kl_div": "torch.nn.functional.kl_div",
    "triplet_margin_loss": "torch.nn.functional.triplet_margin_loss",
    "svd": "torch.linalg.svd",
    "qr": "torch.linalg.qr",
    "vander": "torch.linalg.vander",
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_absent_spelling_names_where_the_function_is(name):
    with pytest.raises(NotImplementedError, match=rf"^torch\.{name} is not in the page; {ELSEWHERE[name]}$"):
        getattr(nt, name)


CLOSE = {
    "equal": lambda T, a: T.testing.assert_close(a, a.clone()),
    "a little off": lambda T, a: T.testing.assert_close(a, a + 1e-7),
    "off": lambda T, a: T.testing.assert_close(a, a + T.eye(3)),
    "off by one": lambda T, a: T.testing.assert_close(a[0, 0], a[0, 0] + 1),
    "within what is asked": lambda T, a: T.testing.assert_close(a, a + 0.1, rtol=0, atol=0.2),
    "beyond what is asked": lambda T, a: T.testing.assert_close(a, a + 0.3, rtol=0, atol=0.2),
    "half a tolerance": lambda T, a: T.testing.assert_close(a, a, rtol=0),
    "other shape": lambda T, a: T.testing.assert_close(a, a[:2]),
    "other type": lambda T, a: T.testing.assert_close(a, a.double()),
    "other type allowed": lambda T, a: T.testing.assert_close(a, a.double(), check_dtype=False),
    "not a number": lambda T, a: T.testing.assert_close(a * T.nan, a * T.nan),
    "not a number allowed": lambda T, a: T.testing.assert_close(a * T.nan, a * T.nan, equal_nan=True),
    "integers": lambda T, a: T.testing.assert_close(T.arange(3), T.arange(3)),
    "integers off": lambda T, a: T.testing.assert_close(T.arange(3), T.tensor([0, 1, 5])),
    "truths off": lambda T, a: T.testing.assert_close(T.tensor([True, False]), T.tensor([True, True])),
    "numbers": lambda T, a: T.testing.assert_close(1.0, 1.0 + 1e-9),
    "numbers off": lambda T, a: T.testing.assert_close(1.0, 1.5),
    "lists": lambda T, a: T.testing.assert_close([a, 1.0], [a, 1.0]),
    "lists off": lambda T, a: T.testing.assert_close([a, a], [a, a + 1]),
    "dicts": lambda T, a: T.testing.assert_close({"w": a}, {"w": a + 1}),
    "own words": lambda T, a: T.testing.assert_close(a, a + 1, msg="no"),
}


@pytest.mark.parametrize("name", CLOSE)
def test_assert_close_equals_torch(name):
    both(lambda T: CLOSE[name](T, T.arange(9.0).view(3, 3) / 8))
