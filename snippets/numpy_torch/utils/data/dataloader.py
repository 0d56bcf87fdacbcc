"""DataLoader: batches of a dataset, made in this process when they are asked for."""

import math
import warnings

from ...absent import refuse
from ...tensor import tracks, wrap
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset, Subset, TensorDataset
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, drawn_seed


def get_worker_info() -> None:
    """There are no workers."""


class _InfiniteConstantSampler(Sampler):
    """None, for ever: an IterableDataset has its own order."""

    def __iter__(self):
        while True:
            yield None


FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class DataLoader:
    """Iterate over `dataset` in batches.

    Args:
        shuffle: a new order for each pass, drawn from `generator` or the default one.
        sampler, batch_sampler: the order of indices, or the lists of indices, in place of shuffle and batch_size.
        collate_fn: from a list of samples to a batch; by default tensors are stacked.
        batch_size: None for single samples.
    """

    def __class_getitem__(cls, kind):
        return cls

    def __init__(self, dataset: Dataset, batch_size: int | None = 1, shuffle: bool | None = None, sampler=None,
                 batch_sampler=None, num_workers: int = 0, collate_fn=None, pin_memory: bool = False,
                 drop_last: bool = False, timeout: float = 0, worker_init_fn=None, multiprocessing_context=None,
                 generator=None, *, prefetch_factor: int | None = None, persistent_workers: bool = False,
                 pin_memory_device: str = "", in_order: bool = True):
        if num_workers < 0:
            raise ValueError(
                "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers:
            raise refuse("torch.utils.data.DataLoader(num_workers=…)", "num_workers=0")
        if prefetch_factor is not None:
            raise ValueError("prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to "
                             "enable multiprocessing, otherwise set prefetch_factor to None.")
        if persistent_workers:
            raise ValueError("persistent_workers option needs num_workers > 0")
        if multiprocessing_context is not None:
            raise ValueError("multiprocessing_context can only be used with multi-process loading (num_workers > 0), "
                             "but got num_workers=0")
        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            for name, given, usual in (("shuffle", shuffle, (None, False)), ("sampler", sampler, (None,)),
                                       ("batch_sampler", batch_sampler, (None,))):
                if not any([given is u for u in usual]):
                    raise ValueError(f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                                     f"{name}={given}")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and "
                                 "drop_last")
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            sampler = (_InfiniteConstantSampler() if iterable else
                       RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset))
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset, self.num_workers, self.prefetch_factor = dataset, num_workers, prefetch_factor
        self.pin_memory, self.pin_memory_device, self.timeout = pin_memory, pin_memory_device, timeout
        self.worker_init_fn, self.in_order, self.multiprocessing_context = worker_init_fn, in_order, None
        self.batch_size, self.drop_last, self.sampler = batch_size, drop_last, sampler
        self.batch_sampler, self.generator, self.persistent_workers = batch_sampler, generator, persistent_workers
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._ready = True

    def __setattr__(self, attr: str, val) -> None:
        if attr in FIXED and "_ready" in self.__dict__:
            raise ValueError(f"{attr} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(attr, val)

    @property
    def _order(self):
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._order)
        length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)

    def __iter__(self):
        if self.pin_memory:
            warnings.warn("'pin_memory' argument is set as true but no accelerator is found, then device pinned memory "
                          "won't be used.", stacklevel=2)
        order = iter(self._order)
        drawn_seed(self.generator)  # PyTorch draws a seed for its workers even when there are none
        fetch = self._from_iterable if isinstance(self.dataset, IterableDataset) else self._from_items
        return fetch(order)

    def _from_items(self, order):
        several = getattr(self.dataset, "__getitems__", None)
        for wanted in order:
            if self.batch_sampler is None:
                data = self.dataset[wanted]
            else:
                rows = rows_of(self.dataset, wanted) if self.collate_fn is default_collate else None
                if rows is not None:
                    yield rows
                    continue
                data = several(wanted) if several else [self.dataset[i] for i in wanted]
            yield self.collate_fn(data)

    def _from_iterable(self, order):
        items = iter(self.dataset)
        for wanted in order:
            if self.batch_sampler is None:
                for item in items:
                    yield self.collate_fn(item)
                return
            data = [item for _, item in zip(wanted, items, strict=False)]
            if not data or (self.drop_last and len(data) < len(wanted)):
                return
            yield self.collate_fn(data)


def rows_of(dataset: Dataset, indices: list) -> list | None:
    """What default_collate makes of those rows of a TensorDataset, all at once; None where that is not the same."""
    while type(dataset) is Subset:
        indices, dataset = [dataset.indices[i] for i in indices], dataset.dataset
    if type(dataset) is not TensorDataset or any([type(i) is not int for i in indices]):
        return None
    if any([tracks(t) for t in dataset.tensors]):
        return None
    n = len(dataset)
    if not all([-n <= i < n for i in indices]):
        return None
    return [wrap(t._array[indices]) for t in dataset.tensors]
