"""Parametrizations, padded sequences, Gumbel-softmax, CTC and the helpers for gradients equal PyTorch."""

import copy

import pytest

import snippets.numpy_torch as nt
from tests.numpy_torch.compare import both

NORMS = {
    "spectral": lambda T, p: p.spectral_norm(T.nn.Linear(4, 6)),
    "spectral, deep": lambda T, p: p.spectral_norm(T.nn.Linear(4, 6, bias=False), n_power_iterations=3, eps=1e-6),
    "spectral by columns": lambda T, p: p.spectral_norm(T.nn.Linear(4, 6), dim=1),
    "spectral of a bias": lambda T, p: p.spectral_norm(T.nn.Linear(4, 6), "bias"),
    "weight": lambda T, p: p.weight_norm(T.nn.Linear(4, 6)),
    "weight by columns": lambda T, p: p.weight_norm(T.nn.Linear(4, 6), dim=1),
    "weight as a whole": lambda T, p: p.weight_norm(T.nn.Linear(4, 6), dim=None),
    "both": lambda T, p: p.spectral_norm(p.weight_norm(T.nn.Linear(4, 6))),
    "two tensors": lambda T, p: p.weight_norm(p.spectral_norm(T.nn.Linear(4, 6)), "bias"),
}


@pytest.mark.parametrize("name", NORMS)
def test_normalised_layers_equal_torch(name):
    def run(T):
        model = T.nn.Sequential(NORMS[name](T, T.nn.utils.parametrizations), T.nn.Tanh())
        optimizer = T.optim.SGD(model.parameters(), lr=0.1)
        x = T.randn(5, 4, requires_grad=True)
        start = dict(model.state_dict())
        start = {k: v.clone() for k, v in start.items()}
        for _ in range(3):
            optimizer.zero_grad()
            model(x).pow(2).sum().backward()
            optimizer.step()
        twin = copy.deepcopy(model)
        layer = twin.eval()[0]
        names = [n for n, _ in model.named_parameters()], [n for n, _ in model.named_modules()]
        is_linear = isinstance(layer, T.nn.Linear), type(layer).__name__
        return (repr(model), start, dict(model.state_dict()), x.grad, twin(x), names, is_linear, layer.weight,
                {k: p.grad for k, p in model.named_parameters()}, T.rand(2))

    both(run, tolerance=(5e-5, 1e-5))


@pytest.mark.parametrize("name", ["spectral", "weight", "two tensors"])
def test_a_parametrization_can_be_set_and_removed(name):
    def run(T):
        parametrize = T.nn.utils.parametrize
        layer = NORMS[name](T, T.nn.utils.parametrizations).eval()
        before = layer.weight
        layer.weight = T.ones(6, 4)
        after = layer.weight
        kind = parametrize.type_before_parametrizations(layer).__name__
        flags = [parametrize.is_parametrized(layer), parametrize.is_parametrized(layer, "bias")]
        with parametrize.cached():
            flags.append(layer.weight is layer.weight)
        flags.append(layer.weight is layer.weight)
        parametrize.remove_parametrizations(layer, "weight")
        return (before, after, kind, flags, repr(layer), dict(layer.state_dict()), layer.weight.requires_grad,
                type(layer).__name__, parametrize.is_parametrized(layer))

    both(run, tolerance=(5e-5, 1e-5))


def test_old_names_of_weight_norm_are_loaded():
    def run(T):
        layer = T.nn.utils.parametrizations.weight_norm(T.nn.Linear(3, 2))
        state = {"weight_g": T.ones(2, 1), "weight_v": T.arange(6.0).view(2, 3), "bias": T.zeros(2)}
        return repr(layer.load_state_dict(state)), layer.weight

    both(run)


def test_parametrizations_of_one_s_own():
    def run(T):
        class Symmetric(T.nn.Module):
            def forward(self, x):
                return x.triu() + x.triu(1).transpose(-1, -2)

            def right_inverse(self, value):
                return value.triu()

        class Double(T.nn.Module):
            def forward(self, x):
                return 2 * x

        parametrize = T.nn.utils.parametrize
        layer = T.nn.Linear(3, 3)
        parametrize.register_parametrization(layer, "weight", Symmetric())
        once = layer.weight
        parametrize.register_parametrization(layer, "weight", Double())
        layer(T.ones(2, 3)).sum().backward()
        original = layer.parametrizations.weight.original
        return once, layer.weight, original, original.grad, repr(layer), layer.parametrizations["weight"][0] is not None

    both(run)


def shape_changer(T):
    class First(T.nn.Module):
        def forward(self, x):
            return x[0]

    return First()


def one_way(T):
    layer = T.nn.Linear(2, 2)
    T.nn.utils.parametrize.register_parametrization(layer, "weight", T.nn.Tanh())
    return layer


MISTAKES = {
    "spectral norm of nothing": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 2), "gain"),
    "spectral dimension": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 2), dim=2),
    "no iterations": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 2), n_power_iterations=0),
    "weight norm of nothing": lambda T: T.nn.utils.parametrizations.weight_norm(T.nn.Linear(2, 2), "gain"),
    "another shape": lambda T: T.nn.utils.parametrize.register_parametrization(
        T.nn.Linear(2, 2), "weight", shape_changer(T)),
    "another shape later": lambda T: T.nn.utils.parametrize.register_parametrization(
        one_way(T), "weight", shape_changer(T)),
    "no way back": lambda T: setattr(one_way(T), "weight", T.ones(2, 2)),
    "nothing to remove": lambda T: T.nn.utils.parametrize.remove_parametrizations(T.nn.Linear(2, 2), "weight"),
    "nothing to leave": lambda T: T.nn.utils.parametrize.remove_parametrizations(
        T.nn.utils.parametrizations.weight_norm(T.nn.Linear(2, 2)), "weight", leave_parametrized=False),
    "no sequences": lambda T: T.nn.utils.rnn.pad_sequence([]),
    "sequences of numbers": lambda T: T.nn.utils.rnn.pad_sequence([1]),
    "no list of sequences": lambda T: T.nn.utils.rnn.pad_sequence(3),
    "a number as a sequence": lambda T: T.nn.utils.rnn.pad_sequence([T.tensor(1.0)]),
    "sequences of two widths": lambda T: T.nn.utils.rnn.pad_sequence([T.ones(2, 3), T.ones(2, 4)]),
    "sequences of two dimensions": lambda T: T.nn.utils.rnn.pad_sequence([T.ones(2, 3), T.ones(2)]),
    "a third side": lambda T: T.nn.utils.rnn.pad_sequence([T.ones(2)], padding_side="top"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_torch_s_errors(name):
    both(MISTAKES[name])


@pytest.mark.parametrize("name", ["spectral_norm", "weight_norm"])
def test_the_old_hooks_point_to_the_parametrizations(name):
    with pytest.raises(NotImplementedError, match=f"parametrizations.{name}"):
        getattr(nt.nn.utils, name)


@pytest.mark.parametrize("options", [{}, {"batch_first": True}, {"batch_first": True, "padding_value": -1.5},
                                     {"padding_side": "left"}])
def test_padded_sequences_equal_torch(options):
    def run(T):
        rnn = T.nn.utils.rnn
        a, b = T.randn(2, 3, requires_grad=True), T.randn(4, 3, requires_grad=True)
        padded = rnn.pad_sequence([a, b, T.ones(1, 3)], **options)
        (padded * T.randn(*padded.shape)).sum().backward()
        whole = rnn.pad_sequence((T.arange(2), T.arange(3)), **options)
        back = rnn.unpad_sequence(T.arange(6).view(3, 2), T.tensor([3, 1]))
        return padded, a.grad, b.grad, whole, back, list(padded.stride())

    both(run)


@pytest.mark.parametrize("options", [{}, {"tau": 0.3}, {"hard": True}, {"hard": True, "dim": 0, "tau": 2.0}])
def test_gumbel_softmax_equals_torch(options):
    def run(T):
        logits = T.randn(4, 6, requires_grad=True)
        out = T.nn.functional.gumbel_softmax(logits, **options)
        (out * T.randn(4, 6)).sum().backward()
        turned = T.nn.functional.gumbel_softmax(logits.detach().t(), **options)
        return out, logits.grad, turned, T.rand(2)

    both(run)


CTC = {
    "usual": lambda T: (T.tensor([[1, 2, 2], [3, 1, 0]]), (7, 6), (3, 2)),
    "in a row": lambda T: (T.tensor([1, 2, 2, 3, 1]), T.tensor([7, 5]), T.tensor([3, 2])),
    "an empty target": lambda T: (T.tensor([[1, 2], [0, 0]]), (7, 3), (2, 0)),
    "too short": lambda T: (T.tensor([[1, 2, 2], [3, 3, 3]]), (3, 7), (3, 3)),
    "no steps": lambda T: (T.tensor([[1, 2, 2], [3, 3, 3]]), (0, 0), (0, 2)),
    "longer rows than targets": lambda T: (T.tensor([[1, 2, 2, 9], [3, 1, 0, 9]]), (7, 6), (3, 2)),
    "too many targets": lambda T: (T.tensor([[1, 2], [3, 1]]), (7, 6), (3, 2)),
    "too many steps": lambda T: (T.tensor([[1, 2], [3, 1]]), (8, 6), (2, 2)),
    "a negative length": lambda T: (T.tensor([[1, 2], [3, 1]]), (7, 6), (2, -1)),
    "too few lengths": lambda T: (T.tensor([[1, 2], [3, 1]]), (7,), (2, 1)),
    "too few target lengths": lambda T: (T.tensor([[1, 2], [3, 1]]), (7, 6), (2,)),
    "lengths of floats": lambda T: (T.tensor([[1, 2], [3, 1]]), T.tensor([7.0, 6.0]), T.tensor([2, 1])),
    "a row too short": lambda T: (T.tensor([1, 2, 2, 3]), (7, 6), (3, 2)),
}


@pytest.mark.parametrize("options", [{}, {"reduction": "none", "zero_infinity": True}, {"reduction": "sum", "blank": 4},
                                     {"reduction": "sum", "zero_infinity": True}, {"blank": 9}, {"reduction": "all"}])
@pytest.mark.parametrize("name", CTC)
def test_ctc_equals_torch(name, options):
    def run(T):
        logits = T.randn(7, 2, 5, requires_grad=True)
        out = T.nn.functional.ctc_loss(logits.log_softmax(-1), *CTC[name](T), **options)
        out.sum().backward()
        return out, logits.grad

    both(run, tolerance=(2e-5, 2e-5))


def test_a_target_that_is_the_blank_is_refused():
    scores = nt.zeros(4, 1, 3)
    for target in ([[1, 0]], [[1, 3]], [[-1, 1]]):
        with pytest.raises(NotImplementedError, match="ctc_loss"):
            nt.nn.functional.ctc_loss(scores, nt.tensor(target), (4,), (2,))


def test_ctc_as_a_module_and_without_a_batch():
    def run(T):
        loss = T.nn.CTCLoss(blank=2, zero_infinity=True)
        scores = T.randn(6, 4, dtype=T.float64, requires_grad=True)
        out = loss(scores.log_softmax(-1), T.tensor([1, 3]), T.tensor(6), T.tensor(2))
        out.backward()
        each = T.nn.CTCLoss(reduction="none")(scores.log_softmax(-1), T.tensor([1, 3]), (6,), (2,))
        return repr(loss), out, scores.grad, each

    both(run)


def test_parameters_as_a_vector_and_clipped_values():
    def run(T):
        model = T.nn.Sequential(T.nn.Linear(3, 4), T.nn.Linear(4, 2))
        utils = T.nn.utils
        vector = utils.parameters_to_vector(model.parameters())
        utils.vector_to_parameters(vector * 2, model.parameters())
        (model(T.ones(2, 3)) ** 3).sum().backward()
        utils.clip_grad_value_(model.parameters(), 0.2)
        return vector, dict(model.state_dict()), {k: p.grad for k, p in model.named_parameters()}

    both(run)
