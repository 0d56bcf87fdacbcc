"""What matters in a browser: indices of 64 bits where NumPy's own have 32, and models that train."""

from pathlib import Path

import pytest

from tests.numpy_torch.answers import of_torch
from tests.numpy_torch.backends import PAGE, TORCH, assert_same
from tests.numpy_torch.compare import both

MODELS = ("rnn", "lstm_gru", "gpt", "vit", "vae", "diffusion", "nerf", "contrastive_clip")
FOLDER = Path(__file__).parent / "models"

# NumPy's own integers have 32 bits in the browser; an index, a count or a sum of PyTorch has 64
INDICES = {
    "argmax": lambda T, x: [x.argmax(), x.argmax(1), x.argmin(0), x.argmin(1, keepdim=True)],
    "argsort": lambda T, x: [x.argsort(), x.sort(0).indices, x.sort(stable=True).indices],
    "max": lambda T, x: [x.max(1), x.min(0), x.median(1), x.mode(1), x.kthvalue(2, 1), x.topk(2)],
    "cummax": lambda T, x: [x.cummax(0), x.cummin(1)],
    "nonzero": lambda T, x: [(x > 0).nonzero(), *(x > 0).nonzero(as_tuple=True), T.where(x > 0)[0],
                             T.argwhere(x > 0), T.count_nonzero(x), T.count_nonzero(x, 1)],
    "sums of truths": lambda T, x: [(x > 0).sum(), (x > 0).sum(1), (x > 0).cumsum(0), (x > 0).prod(),
                                    (x > 0).cumprod(1)],
    "sums of integers": lambda T, x: [x.to(kind).sum() for kind in (T.uint8, T.int8, T.int16, T.int32, T.int64)],
    "sums over dims": lambda T, x: [x.int().sum(0), x.byte().cumsum(1), x.int().prod(1), x.short().cumprod(0)],
    "large sums": lambda T, x: [T.tensor([2**31 - 1] * 4).sum(), T.tensor([2**31 - 1] * 4, dtype=T.int32).sum(),
                                T.full((3,), 2**20).prod(), T.full((4,), 2**30, dtype=T.int32).cumsum(0)],
    "large products": lambda T, x: [T.tensor(2**31) * 2, T.tensor([2**40]) // 3, T.tensor([3]) ** 30,
                                    T.tensor([2**33]) @ T.tensor([2**20]), T.tensor(2**62) + 1,
                                    T.tensor([1]) << 40, T.tensor([[2**20]]) @ T.tensor([[2**20]])],
    "arange": lambda T, x: [T.arange(5), T.arange(2**31, 2**31 + 3), T.arange(0, 10, 3), T.arange(0.0, 1, 0.3)],
    "made of numbers": lambda T, x: [T.tensor(3), T.tensor([1, 2]), T.tensor(2**40), T.full((2,), 7), T.as_tensor([2]),
                                     T.scalar_tensor(2), T.zeros(2, dtype=T.long), T.ones(2).long(), T.eye(2).long()],
    "searchsorted": lambda T, x: [T.searchsorted(T.arange(5.0), x), T.bucketize(x, T.arange(3.0)),
                                  T.searchsorted(T.arange(5.0), x, right=True, out_int32=True)],
    "unique": lambda T, x: [T.unique(x.long(), return_inverse=True, return_counts=True),
                            T.unique_consecutive(x.long().view(-1), return_inverse=True, return_counts=True),
                            T.unique(x.long(), dim=0, return_inverse=True)],
    "bincount": lambda T, x: [T.bincount(T.tensor([1, 1, 4])), T.histc(x, 4)],
    "pairs": lambda T, x: [T.tril_indices(3, 3), T.triu_indices(3, 4, 1), T.combinations(T.arange(4)),
                           T.cartesian_prod(T.arange(2), T.arange(3))],
    "one hot": lambda T, x: [T.nn.functional.one_hot(T.tensor([0, 2])), T.nn.functional.one_hot(T.tensor([[1]]), 4)],
    "pooling": lambda T, x: [T.nn.functional.max_pool1d(x, 2, return_indices=True),
                             T.nn.functional.max_pool2d(x[None], 2, return_indices=True),
                             T.nn.functional.adaptive_max_pool1d(x, 2, return_indices=True)],
    "random": lambda T, x: [T.randint(9, (3,)), T.randperm(4), T.multinomial(T.ones(4), 2),
                            T.distributions.Categorical(logits=x).sample(), T.randint(2**40, (2,)),
                            T.empty(3, dtype=T.long).random_(5)],
    "shapes": lambda T, x: [T.tensor(x.shape), T.tensor(x.size()), x.new_tensor(x.shape), T.tensor(x.stride())],
    "from NumPy": lambda T, x: [T.from_numpy(x.long().numpy()), T.tensor(x.long().numpy()),
                               x.long().numpy().dtype.name],
    "lists": lambda T, x: [x.long().tolist(), T.tensor(2**40).item(), int(T.tensor(2**35)), list(range(T.tensor(3)))],
    "by truth": lambda T, x: [x[x > 0], x[T.tensor([2, 0])], x.long()[:, [1, 1]], x.index_select(0, T.tensor([1]))],
    "padding": lambda T, x: [T.nn.utils.rnn.pad_sequence([T.arange(3), T.arange(1)], True),
                             T.nn.functional.pad(T.arange(3), (1, 1))],
    "diff": lambda T, x: [T.diff(T.arange(3)), T.trapz(x), T.tril(x.long()), T.flip(T.arange(3), (0,))],
    "floors": lambda T, x: [x.long() // 2, x.long() % 2, x.long().abs(), x.long().sign(), T.arange(3).clamp(1),
                            T.maximum(T.arange(3), T.tensor(1)), T.where(x > 0, 1, 0), x.round().long(),
                            -T.arange(2)],
    "einsum": lambda T, x: [T.einsum("ij,kj->ik", x.long(), x.long()), T.arange(3) @ T.arange(3),
                            T.arange(3).outer(T.arange(2)), T.tensordot(T.arange(3), T.arange(3), 1),
                            T.cumsum(T.arange(3), 0), T.logical_not(T.arange(2))],
    "repeat": lambda T, x: [T.arange(3).repeat_interleave(2), T.arange(3).repeat_interleave(T.tensor([0, 1, 2])),
                            T.repeat_interleave(T.tensor([1, 2])), T.arange(3).roll(1),
                            T.meshgrid(T.arange(2), T.arange(3), indexing="ij")],
}


@pytest.mark.parametrize("name", INDICES)
def test_indices_and_counts_have_64_bits(name):
    both(lambda T: INDICES[name](T, T.linspace(-2, 3, 12).sin().mul(3).view(3, 4)), names=False)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_trains(name):
    """Its text, its start, its gradients, three steps of Adam, and what a figure would show of it."""
    def run(torch):
        module = (PAGE if torch is PAGE.torch else TORCH).load(FOLDER / f"{name}.py")
        model, batch = module.build(7)
        start = {key: value.clone() for key, value in model.state_dict().items()}
        optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=2e-3)
        torch.manual_seed(7)
        train = getattr(module, "train", None)
        losses = []
        for step in range(0 if train else 3):
            optimizer.zero_grad()
            loss = module.loss(model, batch)
            loss.backward()
            if step == 0:
                gradients = {key: None if p.grad is None else p.grad.clone() for key, p in model.named_parameters()}
            optimizer.step()
            losses.append(loss.item())
        if train:
            gradients, losses = {}, train(model, batch, optimizer, 3)
        return repr(model), start, gradients, losses, model.training

    ours, theirs = run(PAGE.torch), of_torch(run)
    largest = max([float(g.abs().max()) for g in theirs[2].values() if g is not None], default=0)
    parts = {"repr": (0, 0), "start": (2e-6, 1e-5), "gradient": (1e-4, 1e-5 * max(largest, 1e-2)),
             "losses": (2e-4, 1e-5), "mode": (0, 0)}
    for a, b, (part, (rtol, atol)) in zip(ours, theirs, parts.items(), strict=True):
        assert_same(a, b, part, rtol, atol)
