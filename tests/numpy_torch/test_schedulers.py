"""Learning-rate schedulers, RMSprop and Adagrad equal PyTorch: rates, momenta, state_dict, warnings, errors."""

import warnings

import pytest

from tests.numpy_torch.compare import both

SCHEDULERS = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda n: 0.9**n),
    "LambdaLR of two": lambda s, o: s.LambdaLR(o, [lambda n: 1 / (n + 1), lambda n: n * 0.5]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda n: 0.5 + 1 / (n + 1)),
    "StepLR": lambda s, o: s.StepLR(o, 3, gamma=0.4),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 9], gamma=0.3),
    "ConstantLR": lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=4),
    "LinearLR": lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.7, total_iters=6),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.8),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=7, power=2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, T_max=4, eta_min=0.01),
    "CosineAnnealingLR one": lambda s, o: s.CosineAnnealingLR(o, T_max=1),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=2, T_mult=2, eta_min=0.001),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, max_lr=[0.5, 0.3], total_steps=14),
    "OneCycleLR three": lambda s, o: s.OneCycleLR(o, 0.5, epochs=2, steps_per_epoch=8, three_phase=True,
                                                 anneal_strategy="linear"),
    "OneCycleLR still": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=20, cycle_momentum=False, pct_start=0.2),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=3), s.CosineAnnealingLR(o, 6)], milestones=[3]),
    "SequentialLR of three": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9), s.StepLR(o, 2, 0.5)], milestones=[2, 6]),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]),
}
OPTIMIZERS = {
    "SGD": lambda o, p: o.SGD(p, lr=0.1, momentum=0.9),
    "AdamW": lambda o, p: o.AdamW(p, lr=0.1),
}


def start(T, name: str = "SGD"):
    """An optimizer of two groups whose parameters have gradients."""
    first, second = T.nn.Parameter(T.ones(2)), T.nn.Parameter(T.zeros(3))
    first.grad, second.grad = T.full((2,), 0.5), T.arange(3.0)
    return OPTIMIZERS[name](T.optim, [{"params": [first], "lr": 0.3}, {"params": [second]}]), first, second


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers_equal_torch(name, optimizer):
    def run(T):
        optim, first, second = start(T, optimizer)
        scheduler = SCHEDULERS[name](T.optim.lr_scheduler, optim)
        seen = [scheduler.get_last_lr(), repr(optim)]
        for _ in range(12):
            optim.step()
            scheduler.step()
            seen.append([scheduler.get_last_lr(), [list(g.items())[1:] for g in optim.param_groups]])
        return seen, scheduler.state_dict(), first, second, list(optim.state_dict()["param_groups"][0])

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        both(run)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_goes_on_from_its_state(name):
    def run(T):
        optim, *_ = start(T)
        scheduler = SCHEDULERS[name](T.optim.lr_scheduler, optim)
        for _ in range(3):
            optim.step()
            scheduler.step()
        saved = optim.state_dict(), scheduler.state_dict()
        other, *_ = start(T)
        again = SCHEDULERS[name](T.optim.lr_scheduler, other)
        other.load_state_dict(saved[0])
        again.load_state_dict(saved[1])
        seen = []
        for _ in range(4):
            other.step()
            again.step()
            seen.append(again.get_last_lr())
        return seen, saved[1]

    both(run)


@pytest.mark.parametrize("name", ["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR",
                                  "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "LambdaLR"])
def test_a_scheduler_jumps_to_a_step_and_warns(name):
    def run(T):
        optim, *_ = start(T)
        scheduler = SCHEDULERS[name](T.optim.lr_scheduler, optim)
        optim.step()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            scheduler.step(4)
        return scheduler.get_last_lr(), [str(w.message) for w in caught], scheduler.last_epoch

    both(run)


@pytest.mark.parametrize("options", [{}, {"mode": "max", "patience": 1, "factor": 0.5}, {
    "threshold_mode": "abs", "threshold": 0.2, "cooldown": 2, "patience": 0, "min_lr": [0.05, 0.02]}])
def test_a_plateau_equals_torch(options):
    def run(T):
        optim, *_ = start(T)
        scheduler = T.optim.lr_scheduler.ReduceLROnPlateau(optim, **options)
        seen = []
        for value in (3.0, 2.0, 1.99, 1.95, 2.5, T.tensor(1.0), 1.1, 1.05, 1.0, 1.0, 1.2, 0.9, 1, 1, 1, 1, 1, 1, 1, 1):
            optim.step()
            scheduler.step(value)
            seen.append([scheduler.get_last_lr(), scheduler.num_bad_epochs, scheduler.best])
        return seen, scheduler.state_dict()

    both(run)


MISTAKES = {
    "not an optimizer": lambda T, o: T.optim.lr_scheduler.StepLR(3, 2),
    "lambdas": lambda T, o: T.optim.lr_scheduler.LambdaLR(o, [lambda n: n]),
    "multiplicative": lambda T, o: T.optim.lr_scheduler.MultiplicativeLR(o, 0.5),
    "constant": lambda T, o: T.optim.lr_scheduler.ConstantLR(o, factor=2.0),
    "linear start": lambda T, o: T.optim.lr_scheduler.LinearLR(o, start_factor=0.0),
    "linear end": lambda T, o: T.optim.lr_scheduler.LinearLR(o, end_factor=-1.0),
    "resuming": lambda T, o: T.optim.lr_scheduler.StepLR(o, 2, last_epoch=3),
    "restarts": lambda T, o: T.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 0),
    "one cycle without steps": lambda T, o: T.optim.lr_scheduler.OneCycleLR(o, 0.1),
    "one cycle of none": lambda T, o: T.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=0),
    "one cycle of wrong epochs": lambda T, o: T.optim.lr_scheduler.OneCycleLR(o, 0.1, epochs=1.5, steps_per_epoch=2),
    "one cycle's start": lambda T, o: T.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=3, pct_start=2),
    "one cycle's shape": lambda T, o: T.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=3, anneal_strategy="sin"),
    "one cycle's groups": lambda T, o: T.optim.lr_scheduler.OneCycleLR(o, [0.1], total_steps=3),
    "one cycle of Adagrad": lambda T, o: T.optim.lr_scheduler.OneCycleLR(
        T.optim.Adagrad([T.ones(1, requires_grad=True)]), 0.1, total_steps=3),
    "one cycle too far": lambda T, o: [s.step() for s in [T.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=3)]
                                       for _ in range(5)],
    "no schedulers": lambda T, o: T.optim.lr_scheduler.SequentialLR(o, [], []),
    "no chain": lambda T, o: T.optim.lr_scheduler.ChainedScheduler([]),
    "milestones": lambda T, o: T.optim.lr_scheduler.SequentialLR(o, [T.optim.lr_scheduler.StepLR(o, 2)], [3]),
    "a plateau in a sequence": lambda T, o: T.optim.lr_scheduler.SequentialLR(
        o, [T.optim.lr_scheduler.ReduceLROnPlateau(o)], []),
    "a stranger": lambda T, o: T.optim.lr_scheduler.SequentialLR(o, [3], []),
    "another's scheduler": lambda T, o: T.optim.lr_scheduler.SequentialLR(
        o, [T.optim.lr_scheduler.StepLR(T.optim.SGD([T.ones(1, requires_grad=True)]), 2)], []),
    "plateau factor": lambda T, o: T.optim.lr_scheduler.ReduceLROnPlateau(o, factor=1.0),
    "plateau mode": lambda T, o: T.optim.lr_scheduler.ReduceLROnPlateau(o, "low"),
    "plateau threshold": lambda T, o: T.optim.lr_scheduler.ReduceLROnPlateau(o, threshold_mode="low"),
    "plateau rates": lambda T, o: T.optim.lr_scheduler.ReduceLROnPlateau(o, min_lr=[0.1]),
    "RMSprop alpha": lambda T, o: T.optim.RMSprop([T.ones(1, requires_grad=True)], alpha=-1.0),
    "RMSprop decay": lambda T, o: T.optim.RMSprop([T.ones(1, requires_grad=True)], weight_decay=-1.0),
    "Adagrad decay": lambda T, o: T.optim.Adagrad([T.ones(1, requires_grad=True)], lr_decay=-1.0),
    "Adagrad start": lambda T, o: T.optim.Adagrad([T.ones(1, requires_grad=True)], initial_accumulator_value=-1),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_torch_s_errors(name):
    both(lambda T: MISTAKES[name](T, start(T)[0]))


def test_a_step_before_the_optimizer_s_warns():
    def run(T):
        optim, *_ = start(T)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            scheduler = T.optim.lr_scheduler.StepLR(optim, 2)
            scheduler.step()
            scheduler.get_lr()
        return [str(w.message) for w in caught]

    both(run)


def test_a_rate_may_be_a_tensor():
    def run(T):
        optim = T.optim.SGD([T.ones(2, requires_grad=True)], lr=T.tensor(0.5))
        scheduler = T.optim.lr_scheduler.ExponentialLR(optim, 0.5)
        optim.step()
        scheduler.step()
        return optim.param_groups[0]["lr"], optim.param_groups[0]["initial_lr"], scheduler.get_last_lr()

    both(run)


ADAPTIVE = {
    "RMSprop": lambda o, p: o.RMSprop(p, lr=0.01),
    "RMSprop centered": lambda o, p: o.RMSprop(p, lr=0.02, alpha=0.9, centered=True, momentum=0.8, weight_decay=0.1),
    "RMSprop up": lambda o, p: o.RMSprop(p, eps=1e-3, maximize=True),
    "Adagrad": lambda o, p: o.Adagrad(p, lr=0.1),
    "Adagrad decay": lambda o, p: o.Adagrad(p, lr=0.1, lr_decay=0.2, weight_decay=0.1, initial_accumulator_value=0.5),
    "Adagrad up": lambda o, p: o.Adagrad(p, maximize=True, eps=1e-3),
}


@pytest.mark.parametrize("name", ADAPTIVE)
def test_adaptive_optimizers_equal_torch(name):
    def run(T):
        model = T.nn.Sequential(T.nn.Linear(3, 4), T.nn.Tanh(), T.nn.Linear(4, 2))
        unused = T.nn.Parameter(T.ones(2))
        groups = [{"params": model[0].parameters(), "lr": 0.05}, {"params": [*model[2].parameters(), unused]}]
        optim = ADAPTIVE[name](T.optim, groups)
        start_state = optim.state_dict()
        x, y = T.randn(8, 3), T.randint(0, 2, (8,))
        losses = []
        for _ in range(8):
            optim.zero_grad()
            loss = T.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optim.step()
            losses.append(loss.detach())
        state = optim.state_dict()
        other = ADAPTIVE[name](T.optim, [{"params": model[0].parameters()},
                                         {"params": [*model[2].parameters(), unused]}])
        other.load_state_dict(state)
        other.step()
        return losses, dict(model.state_dict()), repr(optim), list(start_state["state"]), state, other.state_dict()

    both(run, tolerance=(2e-4, 1e-5))
