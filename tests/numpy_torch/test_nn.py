"""Modules, losses and optimizers equal PyTorch: same weights from a seed, outputs, gradients, steps, repr, errors."""

import copy

import pytest
import torch

import snippets.numpy_torch as nt
from tests.numpy_torch.compare import both

MODULES = {
    "Linear": lambda nn: nn.Linear(4, 3),
    "Linear without bias": lambda nn: nn.Linear(4, 3, bias=False),
    "Identity": lambda nn: nn.Identity(),
    "Flatten": lambda nn: nn.Flatten(0),
    "Sequential": lambda nn: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 2), nn.Softmax(-1)),
    "ReLU": lambda nn: nn.ReLU(),
    "ReLU6": lambda nn: nn.ReLU6(),
    "LeakyReLU": lambda nn: nn.LeakyReLU(0.2),
    "PReLU": lambda nn: nn.PReLU(),
    "GELU": lambda nn: nn.GELU(),
    "GELU tanh": lambda nn: nn.GELU("tanh"),
    "SiLU": lambda nn: nn.SiLU(),
    "Mish": lambda nn: nn.Mish(),
    "ELU": lambda nn: nn.ELU(0.7),
    "CELU": lambda nn: nn.CELU(0.7),
    "SELU": lambda nn: nn.SELU(),
    "Tanh": lambda nn: nn.Tanh(),
    "Sigmoid": lambda nn: nn.Sigmoid(),
    "LogSigmoid": lambda nn: nn.LogSigmoid(),
    "Softplus": lambda nn: nn.Softplus(2),
    "Softsign": lambda nn: nn.Softsign(),
    "Tanhshrink": lambda nn: nn.Tanhshrink(),
    "Hardtanh": lambda nn: nn.Hardtanh(-0.5, 0.5),
    "Hardsigmoid": lambda nn: nn.Hardsigmoid(),
    "Hardswish": lambda nn: nn.Hardswish(),
    "GLU": lambda nn: nn.GLU(),
    "Softmax": lambda nn: nn.Softmax(dim=1),
    "LogSoftmax": lambda nn: nn.LogSoftmax(dim=-1),
    "Softmin": lambda nn: nn.Softmin(dim=1),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules_equal_torch(name):
    def run(T):
        module = MODULES[name](T.nn)
        x = T.randn(5, 4, requires_grad=True)
        out = module(x)
        (out * T.randn(*out.shape)).sum().backward()
        return (repr(module), out, x.grad, {k: p.grad for k, p in module.named_parameters()},
                dict(module.state_dict()))

    both(run, names=True)


RECURRENT = {
    "RNN": lambda nn: nn.RNN(3, 5),
    "RNN relu": lambda nn: nn.RNN(3, 5, nonlinearity="relu", bias=False),
    "RNN deep": lambda nn: nn.RNN(3, 5, 2, batch_first=True, dropout=0.4),
    "RNN both ways": lambda nn: nn.RNN(3, 5, 2, bidirectional=True),
    "LSTM": lambda nn: nn.LSTM(3, 5),
    "LSTM deep both ways": lambda nn: nn.LSTM(3, 4, num_layers=2, batch_first=True, bidirectional=True),
    "GRU": lambda nn: nn.GRU(3, 5),
    "GRU deep": lambda nn: nn.GRU(3, 5, num_layers=3, bias=False, batch_first=True),
}


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("shape", [(6, 2, 3), (6, 3), (1, 1, 3)])
def test_recurrent_modules_equal_torch(name, shape):
    def run(T):
        module = RECURRENT[name](T.nn)
        x = T.randn(*shape, requires_grad=True)
        out, state = module(x)
        states = state if isinstance(state, tuple) else (state,)
        ((out * T.randn(*out.shape)).sum() + sum([(s * s).sum() for s in states])).backward()
        again, _ = module(x.detach(), tuple([s.detach() for s in states]) if len(states) > 1 else state.detach())
        return (repr(module), out.detach(), [s.detach() for s in states], x.grad, again.detach(),
                {k: p.grad for k, p in module.named_parameters()})

    both(run)


@pytest.mark.parametrize("cell", ["RNNCell", "LSTMCell", "GRUCell"])
def test_cells_equal_torch(cell):
    def run(T):
        module = getattr(T.nn, cell)(3, 5)
        x = T.randn(2, 3, requires_grad=True)
        state = None
        for _ in range(3):
            state = module(x, state)
        last = state[0] if isinstance(state, tuple) else state
        (last * last).sum().backward()
        return repr(module), last.detach(), x.grad, {k: p.grad for k, p in module.named_parameters()}

    both(run)


def test_embedding_equals_torch():
    def run(T):
        module = T.nn.Embedding(7, 3, padding_idx=2)
        module(T.tensor([[1, 2, 1], [6, 2, 0]])).pow(2).sum().backward()
        frozen = T.nn.Embedding.from_pretrained(T.eye(3))
        return repr(module), module.weight, module.weight.grad, frozen.weight

    both(run)


def test_tied_weights_are_one_parameter():
    def run(T):
        class Tied(T.nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = T.nn.Embedding(5, 4)
                self.head = T.nn.Linear(4, 5, bias=False)
                self.head.weight = self.embed.weight

            def forward(self, x):
                return self.head(self.embed(x).tanh())

        model = Tied()
        optimizer = T.optim.Adam(model.parameters(), lr=0.1)
        T.nn.functional.cross_entropy(model(T.arange(5)), T.tensor([1, 2, 3, 4, 0])).backward()
        optimizer.step()
        return len(list(model.parameters())), list(model.state_dict()), model.embed.weight, model.head.weight.grad

    both(run)


def test_containers_keep_order_and_print_as_torch():
    def run(T):
        nn = T.nn
        model = nn.Module()
        model.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)] + [nn.ReLU()])
        model.named = nn.ModuleDict({"z": nn.Tanh(), "a": nn.Linear(2, 1)})
        model.values = nn.ParameterList([nn.Parameter(T.ones(2)), nn.Parameter(T.zeros(1, 2))])
        model.register_buffer("steps", T.zeros(3))
        model.register_buffer("hidden", T.ones(1), persistent=False)
        del model.layers[1]
        model.layers.append(nn.Identity())
        model.layers.insert(0, nn.Sigmoid())
        return (repr(model), list(model.state_dict()), [n for n, _ in model.named_modules()],
                [n for n, _ in model.named_parameters()], [n for n, _ in model.named_buffers()],
                list(model.named.keys()), len(model.layers), repr(model.layers[1:3]))

    both(run)


def model_of(T):
    return T.nn.Sequential(T.nn.Linear(3, 4), T.nn.Tanh(), T.nn.Linear(4, 2))


@pytest.mark.parametrize("change", [
    lambda state: None,
    lambda state: state.pop("0.bias"),
    lambda state: state.update(extra=state["0.bias"]),
    lambda state: state.update({"2.weight": state["0.weight"]}),
])
@pytest.mark.parametrize("strict", [True, False])
def test_loading_a_state_equals_torch(change, strict):
    def run(T):
        state, model = model_of(T).state_dict(), model_of(T)
        change(state)
        result = model.load_state_dict(state, strict=strict)
        return repr(result), model[0].weight

    both(run)


def test_modes_hooks_and_apply():
    def run(T):
        model, seen = model_of(T), []
        model[0].register_forward_pre_hook(lambda m, args: (args[0] * 2,))
        model[1].register_forward_hook(lambda m, args, out: seen.append(out.detach()))
        model[2].register_forward_hook(lambda m, args, out: out + 1)
        model[2].register_full_backward_hook(lambda m, gi, go: seen.extend([gi[0].clone(), go[0].clone()]))
        model.apply(lambda m: T.nn.init.ones_(m.weight) if isinstance(m, T.nn.Linear) else None)
        x = T.randn(2, 3, requires_grad=True)
        model(x).sum().backward()
        model.eval()
        flags = [m.training for m in model.modules()]
        model.train().requires_grad_(False)
        return seen, x.grad, flags, [p.requires_grad for p in model.parameters()]

    both(run)


def test_copies_are_independent():
    def run(T):
        model = model_of(T)
        other = copy.deepcopy(model)
        with T.no_grad():
            other[0].weight.zero_()
        return model[0].weight, other[0].weight, other[0].weight.requires_grad

    both(run)


def test_double_and_back():
    def run(T):
        model = model_of(T).double()
        kinds = [str(p.dtype) for p in model.parameters()]
        return kinds, model(T.ones(1, 3, dtype=T.float64)), model.float()(T.ones(1, 3))

    both(run)


MISTAKES = {
    "no super().__init__": lambda T: _forgetful(T)(),
    "parameter of another type": lambda T: setattr(T.nn.Linear(2, 2), "weight", T.ones(2, 2)),
    "unknown attribute": lambda T: T.nn.Linear(2, 2).wieght,
    "no forward": lambda T: T.nn.Module()(1),
    "shapes do not fit": lambda T: T.nn.Linear(3, 2)(T.ones(4, 5)),
    "target out of range": lambda T: T.nn.functional.cross_entropy(T.ones(2, 3), T.tensor([0, 3])),
    "batch sizes differ": lambda T: T.nn.functional.cross_entropy(T.ones(2, 3), T.tensor([0, 1, 2])),
    "a token out of range": lambda T: T.nn.Embedding(3, 2)(T.tensor([3])),
    "float tokens": lambda T: T.nn.Embedding(3, 2)(T.tensor([1.0])),
    "wrong input size of an RNN": lambda T: T.nn.RNN(3, 4)(T.ones(2, 2, 5)),
    "wrong state of an RNN": lambda T: T.nn.RNN(3, 4)(T.ones(2, 2, 3), T.ones(1, 3, 4)),
    "index out of range": lambda T: T.nn.ModuleList([T.nn.ReLU()])[1],
    "empty optimizer": lambda T: T.optim.SGD([], 0.1),
    "a tensor as parameters": lambda T: T.optim.SGD(T.ones(2), 0.1),
    "non-leaf": lambda T: T.optim.SGD([T.ones(2, requires_grad=True) * 2], 0.1),
    "negative rate": lambda T: T.optim.Adam([T.ones(2, requires_grad=True)], lr=-1.0),
    "bad beta": lambda T: T.optim.AdamW([T.ones(2, requires_grad=True)], betas=(0.9, 1.0)),
}


def _forgetful(T):
    class Forgetful(T.nn.Module):
        def __init__(self):
            self.layer = T.nn.Linear(2, 2)

    return Forgetful


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_torch_s_errors(name):
    both(MISTAKES[name])


OPTIMIZERS = {
    "SGD": lambda o, p: o.SGD(p, lr=0.1),
    "SGD momentum": lambda o, p: o.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, dampening=0.1),
    "SGD nesterov": lambda o, p: o.SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    "Adam": lambda o, p: o.Adam(p, lr=0.05),
    "Adam decay": lambda o, p: o.Adam(p, lr=0.05, weight_decay=0.1, amsgrad=True, betas=(0.8, 0.95), eps=1e-6),
    "AdamW": lambda o, p: o.AdamW(p, lr=0.05, weight_decay=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_steps_equal_torch(name):
    def run(T):
        model = model_of(T)
        unused = T.nn.Parameter(T.ones(2))
        optimizer = OPTIMIZERS[name](T.optim, [{"params": model[0].parameters(), "lr": 0.2},
                                               {"params": [*model[2].parameters(), unused]}])
        x, y = T.randn(8, 3), T.randint(0, 2, (8,))
        norms, losses = [], []
        for _ in range(10):
            optimizer.zero_grad()
            loss = T.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            norms.append(T.nn.utils.clip_grad_norm_(model.parameters(), 0.5))
            optimizer.step()
            losses.append(loss.detach())
        state = optimizer.state_dict()
        other = OPTIMIZERS[name](T.optim, [{"params": model[0].parameters()},
                                           {"params": [*model[2].parameters(), unused]}])
        other.load_state_dict(state)
        other.step()
        return losses, norms, dict(model.state_dict()), unused, repr(optimizer), state, other.state_dict()

    both(run, tolerance=(2e-4, 1e-5))


def test_parameters_print_as_torch():
    both(lambda T: repr(T.nn.Parameter(T.arange(6.0).view(2, 3))))


def test_torch_optimizers_that_are_not_here_are_refused():
    with pytest.raises(NotImplementedError, match="LBFGS"):
        nt.optim.LBFGS  # noqa: B018
    assert torch.optim.LBFGS
