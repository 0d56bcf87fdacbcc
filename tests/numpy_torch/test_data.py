"""torch.utils.data equals PyTorch: order, batches, what is left of the random stream, errors."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import snippets.numpy_torch as nt
from tests.numpy_torch.compare import both

Pair = namedtuple("Pair", "x y")


def rows(T, n: int = 11):
    return T.utils.data.TensorDataset(T.arange(n * 2.0).view(n, 2), T.arange(n))


def squares(T, sample=lambda T, i: (T.tensor([float(i)]), i * i)):
    class Squares(T.utils.data.Dataset):
        def __len__(self):
            return 7

        def __getitem__(self, i):
            if not 0 <= i < 7:
                raise IndexError(i)
            return sample(T, i)

    return Squares()


def stream(T, n: int = 7):
    class Stream(T.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

        def __len__(self):
            return n

    return Stream()


LOADERS = {
    "one by one": lambda T, d: d.DataLoader(rows(T)),
    "in order": lambda T, d: d.DataLoader(rows(T), batch_size=4),
    "whole batches": lambda T, d: d.DataLoader(rows(T), batch_size=4, drop_last=True),
    "shuffled": lambda T, d: d.DataLoader(rows(T), batch_size=3, shuffle=True),
    "shuffled by a generator": lambda T, d: d.DataLoader(
        rows(T), batch_size=3, shuffle=True, generator=T.Generator().manual_seed(4)),
    "a dataset of one's own": lambda T, d: d.DataLoader(squares(T), batch_size=2, shuffle=True),
    "single samples": lambda T, d: d.DataLoader(squares(T), batch_size=None),
    "single samples shuffled": lambda T, d: d.DataLoader(squares(T), batch_size=None, shuffle=True),
    "collated by hand": lambda T, d: d.DataLoader(squares(T), batch_size=3, collate_fn=lambda b: [i for _, i in b]),
    "a sampler": lambda T, d: d.DataLoader(rows(T), batch_size=2, sampler=d.SubsetRandomSampler([4, 1, 7])),
    "weights": lambda T, d: d.DataLoader(
        rows(T), batch_size=2, sampler=d.WeightedRandomSampler([0.1 * i for i in range(11)], 5)),
    "weights without replacement": lambda T, d: d.DataLoader(
        rows(T), batch_size=2, sampler=d.WeightedRandomSampler([1.0 + i for i in range(11)], 5, replacement=False)),
    "drawn again": lambda T, d: d.DataLoader(
        rows(T), batch_size=20, sampler=d.RandomSampler(rows(T), replacement=True, num_samples=70)),
    "more than all": lambda T, d: d.DataLoader(
        rows(T), batch_size=20, sampler=d.RandomSampler(rows(T), num_samples=30, generator=T.Generator())),
    "batches by hand": lambda T, d: d.DataLoader(rows(T), batch_sampler=[[1, 2], [3], [-1, 0]]),
    "a batch sampler": lambda T, d: d.DataLoader(
        rows(T), batch_sampler=d.BatchSampler(d.RandomSampler(range(11)), 4, True)),
    "a stream": lambda T, d: d.DataLoader(stream(T), batch_size=3),
    "a stream of whole batches": lambda T, d: d.DataLoader(stream(T), batch_size=3, drop_last=True),
    "a stream one by one": lambda T, d: d.DataLoader(stream(T), batch_size=None),
    "two streams": lambda T, d: d.DataLoader(stream(T) + stream(T, 2), batch_size=4),
    "a concatenation": lambda T, d: d.DataLoader(rows(T, 3) + rows(T, 4), batch_size=5, shuffle=True),
    "a stack": lambda T, d: d.DataLoader(d.StackDataset(a=range(5), b=[0.5] * 5), batch_size=2),
    "a subset of a subset": lambda T, d: d.DataLoader(
        d.Subset(d.Subset(rows(T), [8, 3, 5, 1]), [2, 0, 3]), batch_size=2, shuffle=True),
    "a subset of one's own": lambda T, d: d.DataLoader(d.Subset(squares(T), [5, 0]), batch_size=2),
    "a list": lambda T, d: d.DataLoader([3, 1, 2], batch_size=2, shuffle=True),
    "a tensor": lambda T, d: d.DataLoader(T.arange(6.0).view(3, 2), batch_size=2),
}


@pytest.mark.parametrize("name", LOADERS)
def test_loaders_equal_torch(name):
    def run(T):
        loader = LOADERS[name](T, T.utils.data)
        return [len(loader), *[list(loader) for _ in range(2)], T.rand(2)]

    both(run)


def test_rows_that_require_gradients_stay_in_the_graph():
    def run(T):
        x = T.arange(6.0).view(3, 2).requires_grad_()
        (batch,) = T.utils.data.DataLoader(T.utils.data.TensorDataset(x), batch_size=3)
        (batch[0] * batch[0]).sum().backward()
        return x.grad, batch[0].detach()

    both(run)


def test_two_passes_at_once_and_iteration_by_hand():
    def run(T):
        loader = T.utils.data.DataLoader(rows(T), batch_size=4, shuffle=True)
        pairs = [(a[1], b[1]) for a, b in zip(loader, loader, strict=True)]
        first = next(iter(loader))
        return pairs, first, T.randn(2)

    both(run)


SAMPLES = {
    "tensors": lambda T: [T.ones(2), T.zeros(2)],
    "numbers": lambda T: [1, 2, 3],
    "floats": lambda T: [1.0, 2],
    "truth": lambda T: [True, False],
    "numpy numbers": lambda T: [np.float32(1), np.float32(2)],
    "numpy doubles": lambda T: [np.float64(1), np.float64(2)],
    "numpy truth": lambda T: [np.bool_(True), np.bool_(False)],
    "arrays": lambda T: [np.arange(3, dtype=np.int64), np.arange(3, dtype=np.int64)],
    "text": lambda T: ["a", "b"],
    "tuples": lambda T: [(T.ones(1), 2, "x"), (T.zeros(1), 3, "y")],
    "lists": lambda T: [[1.5, 2], [2.5, 3]],
    "dicts": lambda T: [{"a": 1, "b": T.ones(2)}, {"a": 2, "b": T.zeros(2)}],
    "ordered": lambda T: [OrderedDict(z=1, a=2.0), OrderedDict(z=3, a=4.0)],
    "named": lambda T: [Pair(1, T.ones(2)), Pair(2, T.zeros(2))],
    "nested": lambda T: [{"a": [(1, 2.0)]}, {"a": [(3, 4.0)]}],
    "ranges": lambda T: [range(2), range(2)],
    "unequal tensors": lambda T: [T.ones(2), T.ones(3)],
    "unequal lists": lambda T: [[1, 2], [1]],
    "objects": lambda T: [object.__call__, 2],
    "None": lambda T: [None, None],
    "array of text": lambda T: [np.array(["a"]), np.array(["b"])],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_become_batches_as_in_torch(name):
    def run(T):
        data = T.utils.data
        made = data.default_collate(SAMPLES[name](T))
        return type(made).__name__ if not hasattr(made, "requires_grad") else "tensor", made

    both(run)


@pytest.mark.parametrize("name", [n for n in SAMPLES if n != "array of text"])
def test_samples_are_converted_as_in_torch(name):
    both(lambda T: [T.utils.data.default_convert(sample) for sample in SAMPLES[name](T)][:1 if name == "objects" else 2]
         if name != "objects" else T.utils.data.default_convert(3))


@pytest.mark.parametrize("lengths", [[7, 4], [0.5, 0.25, 0.25], [0.3, 0.3, 0.4], [11], [0, 11], [5, 5], [1.2, -0.2]])
def test_random_splits_equal_torch(lengths):
    def run(T):
        parts = T.utils.data.random_split(rows(T), lengths)
        again = T.utils.data.random_split(range(11), lengths, generator=T.Generator().manual_seed(2))
        return [list(p.indices) for p in parts], [len(p) for p in again], [list(p) for p in again], T.rand(1)

    both(run)


MISTAKES = {
    "negative workers": lambda T, d: d.DataLoader([1], num_workers=-1),
    "negative timeout": lambda T, d: d.DataLoader([1], timeout=-1),
    "prefetching": lambda T, d: d.DataLoader([1], prefetch_factor=2),
    "persistent workers": lambda T, d: d.DataLoader([1], persistent_workers=True),
    "a context": lambda T, d: d.DataLoader([1], multiprocessing_context="fork"),
    "a shuffled stream": lambda T, d: d.DataLoader(stream(T), shuffle=True),
    "sampler and shuffle": lambda T, d: d.DataLoader([1], sampler=[0], shuffle=True),
    "batch sampler and size": lambda T, d: d.DataLoader([1], batch_sampler=[[0]], batch_size=2),
    "nothing to drop": lambda T, d: d.DataLoader([1], batch_size=None, drop_last=True),
    "batch size 0": lambda T, d: d.DataLoader([1], batch_size=0),
    "drop what": lambda T, d: d.BatchSampler([1], 1, "yes"),
    "changed later": lambda T, d: setattr(d.DataLoader([1]), "batch_size", 3),
    "shuffling nothing": lambda T, d: d.DataLoader([], shuffle=True),
    "replacement": lambda T, d: d.RandomSampler([1], replacement=1),
    "weights of two dimensions": lambda T, d: d.WeightedRandomSampler([[1.0]], 2),
    "no weights drawn": lambda T, d: d.WeightedRandomSampler([1.0], 0),
    "sizes": lambda T, d: d.TensorDataset(T.ones(2), T.ones(3)),
    "no item": lambda T, d: d.Dataset()[0],
    "empty concatenation": lambda T, d: d.ConcatDataset([]),
    "concatenated stream": lambda T, d: d.ConcatDataset([stream(T)]),
    "outside a concatenation": lambda T, d: (rows(T, 2) + rows(T, 2))[-5],
    "stacks of two kinds": lambda T, d: d.StackDataset([1], a=[1]),
    "empty stack": lambda T, d: d.StackDataset(),
    "unequal stack": lambda T, d: d.StackDataset([1], [1, 2]),
    "outside": lambda T, d: list(d.DataLoader(rows(T), batch_sampler=[[0, 11]])),
    "half a subset": lambda T, d: type("Half", (d.Subset,), {"__getitem__": lambda self, i: i})([1], [0]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_torch_s_errors(name):
    both(lambda T: MISTAKES[name](T, T.utils.data))


def test_workers_are_refused():
    with pytest.raises(NotImplementedError, match="num_workers=0"):
        nt.utils.data.DataLoader([1, 2], num_workers=2)


def test_pinned_memory_warns_as_torch():
    def run(T):
        with pytest.warns(UserWarning, match="pin_memory") as caught:
            list(T.utils.data.DataLoader([1, 2], pin_memory=True))
        return str(caught[0].message)

    both(run)


def test_datasets_and_samplers_take_type_arguments():
    def run(T):
        class Numbers(T.utils.data.Dataset[int]):
            pass

        class Order(T.utils.data.Sampler[int]):
            pass

        return issubclass(Numbers, T.utils.data.Dataset), issubclass(Order, T.utils.data.Sampler)

    both(run)
