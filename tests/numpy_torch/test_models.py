"""Complete models, written as a teacher writes them, are the same model on numpy_torch as on PyTorch.

Each file of `models/` is one architecture and has

    build(seed) -> (model, batch)                    seeds torch, makes the model, then its batch
    loss(model, batch) -> scalar tensor
    outputs(model, batch) -> tensors and values      what a figure shows: predictions, samples, text
    train(model, batch, optimizer, steps) -> floats  only where it is not a plain loop over `loss`
"""

from pathlib import Path

import numpy as np
import pytest

from tests.numpy_torch.backends import PAGE, TORCH, array, assert_same

FILES = {path.stem: path for path in sorted((Path(__file__).parent / "models").glob("*.py"))}
SEED, STEPS, RATE = 7, 5, 2e-3

pytestmark = pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")  # what bart uses inside

# What numpy_torch does not have yet. Each row is asserted: once the model runs, its row must go.
NOT_YET: dict[str, str] = {
}

RUNNING = [name for name in FILES if name not in NOT_YET]


def both(name: str):
    """(page module, page model, page batch), (torch module, torch model, torch batch)."""
    pair = []
    for backend in (PAGE, TORCH):
        module = backend.load(FILES[name])
        pair.append((module, *module.build(SEED)))
    return pair


def tensors(batch) -> list:
    """Every tensor in a batch, containers opened."""
    if isinstance(batch, dict):
        return tensors(list(batch.values()))
    if isinstance(batch, list | tuple):
        return [tensor for item in batch for tensor in tensors(item)]
    return [batch] if hasattr(batch, "requires_grad") else []


def check_start(ours, theirs) -> None:
    """The same model: names in the same order, the same numbers from the seed, the same repr, the same
    batch.
    """
    (_, model, batch), (_, torch_model, torch_batch) = ours, theirs
    assert repr(model) == repr(torch_model)
    for kind in ("named_parameters", "named_buffers"):
        found, wanted = dict(getattr(model, kind)()), dict(getattr(torch_model, kind)())
        assert_same(found, wanted, kind, rtol=2e-6, atol=1e-5 if kind == "named_buffers" else 2e-6)
        assert [p.requires_grad for p in found.values()] == [p.requires_grad for p in wanted.values()]
    assert [name for name, _ in model.named_modules()] == [name for name, _ in torch_model.named_modules()]
    assert_same(dict(model.state_dict()), dict(torch_model.state_dict()), "state_dict", rtol=2e-6, atol=1e-5)
    assert_same(tensors(batch), tensors(torch_batch), "batch", rtol=2e-6, atol=1e-6)


def check_gradients(ours, theirs) -> None:
    """Every module's output on the way, the loss, and every gradient; None where torch has None."""
    losses, passed, gradients = [], [], []
    for backend, (module, model, batch) in zip((PAGE, TORCH), (ours, theirs), strict=True):
        seen = {}

        def record(name, seen=seen):
            def hook(module, inputs, output):
                first = output[0] if isinstance(output, tuple) else output
                if hasattr(first, "requires_grad"):
                    seen[f"{name}#{len(seen)}"] = first.detach().clone()

            return hook

        handles = [part.register_forward_hook(record(name)) for name, part in model.named_modules() if name]
        backend.torch.manual_seed(SEED)
        value = module.loss(model, batch)
        for handle in handles:
            handle.remove()
        value.backward()
        losses.append(value)
        passed.append(seen)
        gradients.append(
            {
                **{name: p.grad for name, p in model.named_parameters()},
                **{f"batch {i}": t.grad for i, t in enumerate(tensors(batch)) if t.is_leaf},
            }
        )
    assert_same(passed[0], passed[1], "outputs of modules", rtol=1e-4, atol=1e-5)
    assert_same(losses[0], losses[1], "loss", rtol=1e-5, atol=1e-6)
    largest = max(float(g.abs().max()) for g in gradients[1].values() if g is not None)
    assert_same(gradients[0], gradients[1], "grad", rtol=1e-4, atol=1e-5 * max(largest, 1e-2))


def plain_training(module, model, batch, optimizer, steps: int) -> list[float]:
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = module.loss(model, batch)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def gradient_sizes(module) -> dict[str, np.ndarray]:
    """|gradient| of every parameter at the start, by PyTorch."""
    model, batch = module.build(SEED)
    TORCH.torch.manual_seed(SEED)
    module.loss(model, batch).backward()
    return {name: np.abs(array(p.grad)) for name, p in model.named_parameters() if p.grad is not None}


def check_training(ours, theirs, optimizer: str) -> None:
    """Five steps: the losses, then every parameter and buffer.

    Adam divides by the size of the gradient, so it turns the rounding noise of a gradient that is zero in
    theory (the bias of a key projection) into full steps: such elements may differ by what noise can do.
    """
    histories = []
    for backend, (module, model, batch) in zip((PAGE, TORCH), (ours, theirs), strict=True):
        made = getattr(backend.torch.optim, optimizer)(
            [p for p in model.parameters() if p.requires_grad], lr=RATE
        )
        backend.torch.manual_seed(SEED)
        train = getattr(module, "train", None)
        histories.append(
            train(model, batch, made, STEPS) if train else plain_training(module, model, batch, made, STEPS)
        )
    assert_same(histories[0], histories[1], f"losses under {optimizer}", rtol=2e-4, atol=1e-5)
    assert len({str(value) for value in histories[1]}) > 1, "the model does not train"

    model, torch_model = ours[1], theirs[1]
    sizes = gradient_sizes(theirs[0])
    noise = 1e-6 * max(size.max() for size in sizes.values())
    for name, wanted in torch_model.state_dict().items():
        found, wanted = array(model.state_dict()[name]), array(wanted)
        noisy = noise / (noise + sizes[name]) if name in sizes else 0.0
        allowed = 2e-5 + 2e-4 * np.abs(wanted) + 3 * STEPS * RATE * noisy
        assert (np.abs(found - wanted) <= allowed).all(), (
            f"{name} after {STEPS} steps of {optimizer} differs by {np.abs(found - wanted).max():.2e}"
        )


def check_outputs(ours, theirs) -> None:
    results = []
    for backend, (module, model, batch) in zip((PAGE, TORCH), (ours, theirs), strict=True):
        backend.torch.manual_seed(SEED)
        results.append(module.outputs(model, batch))
    assert_same(results[0], results[1], "outputs", rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", RUNNING)
def test_the_same_model_from_the_same_seed(name):
    check_start(*both(name))


@pytest.mark.parametrize("name", RUNNING)
def test_the_same_outputs_for_a_figure(name):
    check_outputs(*both(name))


@pytest.mark.parametrize("name", RUNNING)
def test_the_same_loss_and_gradients(name):
    check_gradients(*both(name))


@pytest.mark.parametrize("optimizer", ["Adam", "AdamW"])
@pytest.mark.parametrize("name", RUNNING)
def test_the_same_training(name, optimizer):
    check_training(*both(name), optimizer)


@pytest.mark.parametrize("name", sorted(NOT_YET))
def test_what_is_missing_says_so(name):
    with pytest.raises(NotImplementedError):
        for check in (check_start, check_outputs, check_gradients):
            check(*both(name))
        for optimizer in ("Adam", "AdamW"):
            check_training(*both(name), optimizer)
    assert NOT_YET[name].startswith("missing: ")


def test_there_is_a_model_for_every_architecture():
    assert len(FILES) >= 25
