"""Random numbers: PyTorch's CPU stream, number for number.

The engine is the Mersenne Twister. Floats take 24 bits of one word, doubles 53 bits of two. Normal numbers come
in blocks of 16 uniforms (Box–Muller, eight and eight; a size that is no multiple of 16 draws its last block anew);
fewer than 16 are drawn in pairs of doubles, the second of which waits in the generator.
"""

import _random
import math

import numpy as np

from .absent import refuse
from .autograd.graph import Mode
from .dtypes import INT64, check_device, int64
from .ops_create import chosen, finish, no_out, sized
from .primitive import Primitive, check_inplace, function, method, public, relabel, scalar_name, version_of
from .tensor import Tensor, tracks, wrap

N = 624  # words of the twister's state
MASK32 = 0xFFFFFFFF


class Generator:
    """A Mersenne Twister with the state PyTorch keeps: the words, and a normal number waiting from the last pair.

    `_engine` is Python's own twister in C: given PyTorch's state it goes on with PyTorch's stream.
    """

    def __init__(self, device="cpu"):
        check_device(device)
        self.manual_seed(67280421310721)

    @property
    def device(self):
        from .dtypes import CPU

        return CPU

    def manual_seed(self, seed: int) -> "Generator":
        seed = int(seed)
        if not -(1 << 63) <= seed < 1 << 64:
            raise RuntimeError("Overflow when unpacking long")
        self._seed = seed % (1 << 64)
        words, value = [], self._seed & MASK32
        for i in range(N):
            words.append(value)
            value = (1812433253 * (value ^ (value >> 30)) + i + 1) & MASK32
        self._engine = engine_at(words, N)
        self._fresh = True
        self._waiting = None
        return self

    def seed(self) -> int:
        """Seed from the system's entropy; returns the seed."""
        import os

        self.manual_seed(int.from_bytes(os.urandom(8), "little") >> 11)
        return self._seed

    def initial_seed(self) -> int:
        return self._seed

    def clone_state(self) -> "Generator":
        other = Generator.__new__(Generator)
        other.__dict__.update(self.__dict__)
        other._engine = engine_at(*self._state())
        return other

    def _state(self) -> tuple[tuple[int, ...], int]:
        """The words, and how many of them were drawn."""
        *words, drawn = self._engine.getstate()
        return tuple(words), drawn

    def words(self, count: int) -> np.ndarray:
        """The next `count` 32-bit words of the stream."""
        if not count:
            return np.empty(0, np.uint32)
        self._fresh = False
        drawn = self._engine.getrandbits(32 * count).to_bytes(4 * count, "little")
        return np.frombuffer(drawn, np.uint32)

    def long_words(self, count: int) -> np.ndarray:
        """The next `count` 64-bit words: the first of two 32-bit words is the high half."""
        pairs = self.words(2 * count).astype(np.uint64)
        return (pairs[0::2] << np.uint64(32)) | pairs[1::2]

    def floats(self, count: int) -> np.ndarray:
        """float32 in [0, 1)."""
        return (self.words(count) & np.uint32((1 << 24) - 1)).astype(np.float32) * np.float32(2.0**-24)

    def doubles(self, count: int) -> np.ndarray:
        """float64 in [0, 1)."""
        words = self.words(2 * count)
        out = (words[0::2] & np.uint32((1 << 21) - 1)) * 2.0**-21
        out += words[1::2] * 2.0**-53
        return out

    def uniforms(self, count: int, kind: np.dtype) -> np.ndarray:
        if kind.kind == "c":
            return self.uniforms(2 * count, real_kind(kind)).view(kind)
        return self.floats(count) if kind == np.float32 else self.doubles(count)

    def normals(self, count: int, kind: np.dtype, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
        """Normal numbers of `kind` for a tensor of `count` elements; complex ones have `std` as a whole."""
        if kind.kind == "c":
            return self.normals(2 * count, real_kind(kind), mean, std / math.sqrt(2)).view(kind)
        if count < 16:
            return self.paired_normals(count, kind, mean, std)
        out = self.uniforms(count, kind)
        whole = count // 16 * 16
        out[:whole] = _box_muller(out[:whole], mean, std)
        if whole != count:
            out[-16:] = _box_muller(self.uniforms(16, kind), mean, std)
        return out

    def paired_normals(self, count: int, kind: np.dtype, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
        """Normal numbers drawn two at a time."""
        if kind.kind == "c":
            return self.paired_normals(2 * count, real_kind(kind), mean, std / math.sqrt(2)).view(kind)
        if count < 16:
            return np.array([self._one_normal() * std + mean for _ in range(count)], np.float64).astype(kind)
        first = [] if self._waiting is None else [self._one_normal()]
        drawn = self.doubles(count - len(first) + (count - len(first)) % 2).reshape(-1, 2)
        radius = np.sqrt(-2 * np.log1p(-drawn[:, 1]))
        angle = 2 * math.pi * drawn[:, 0]
        pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).reshape(-1)
        out = np.concatenate([first, pairs])
        if len(out) > count:
            self._waiting = float(out[-1])
        return (out[:count] * std + mean).astype(kind)

    def _one_normal(self) -> float:
        if self._waiting is not None:
            value, self._waiting = self._waiting, None
            return value
        first, second = self.doubles(2).tolist()
        radius = math.sqrt(-2.0 * math.log1p(-second))
        angle = 2.0 * math.pi * first
        self._waiting = radius * math.sin(angle)
        return radius * math.cos(angle)

    def exponentials(self, count: int) -> np.ndarray:
        """float64 with rate 1."""
        u = self.doubles(count)
        with np.errstate(all="ignore"):
            return np.where(u >= 1 - np.finfo("f8").eps / 2, np.finfo("f8").eps / 2, -np.log1p(-u))

    # --- the state as PyTorch's bytes ---

    def get_state(self) -> Tensor:
        """5,056 bytes: seed, words left, the words, the waiting normal number."""
        head = np.zeros(1, STATE)
        head["seed"], head["seeded"] = self._seed, 1
        words, drawn = self._state()
        head["left"], head["next"] = N + 1 - drawn, 0 if self._fresh else drawn
        head["words"][0] = words
        if self._waiting is not None:
            head["normal"], head["normal_valid"] = self._waiting, 1
        return wrap(np.frombuffer(head.tobytes(), np.uint8).copy())

    def set_state(self, state: Tensor) -> None:
        raw = state._array
        if raw.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if raw.size != STATE.itemsize:
            raise RuntimeError("RNG state is wrong size")
        head = np.frombuffer(raw.tobytes(), STATE)[0]
        self._seed = int(head["seed"])
        self._engine = engine_at(head["words"].tolist(), N if head["left"] == 1 else int(head["next"]))
        self._fresh = head["left"] == 1 and head["next"] == 0
        self._waiting = float(head["normal"]) if head["normal_valid"] else None


STATE = np.dtype([("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"), ("words", "<u8", N),
                  ("x", "<f8"), ("normal", "<f8"), ("rho", "<f8"), ("normal_valid", "<i4"), ("pad", "<i4"),
                  ("float_normal", "<f4"), ("float_valid", "<i4")])
Generator.__module__ = "torch"


def engine_at(words, drawn: int) -> _random.Random:
    """Python's twister with these words as its state, `drawn` of which have been used."""
    engine = _random.Random()
    engine.setstate((*words, drawn))
    return engine


def _box_muller(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Normal numbers from blocks of 16 uniforms: eight radii, eight angles."""
    kind = uniforms.dtype.type
    blocks = uniforms.reshape(-1, 2, 8)
    radius = np.sqrt(kind(-2) * np.log(kind(1) - blocks[:, 0]))
    angle = kind(2 * math.pi) * blocks[:, 1]
    out = np.empty_like(blocks)
    out[:, 0] = radius * np.cos(angle) * kind(std) + kind(mean)
    out[:, 1] = radius * np.sin(angle) * kind(std) + kind(mean)
    return out.reshape(-1)


def real_kind(kind: np.dtype) -> np.dtype:
    """The type of the parts of a complex number; any other type is its own."""
    return np.dtype(np.float32 if kind == np.complex64 else np.float64) if kind.kind == "c" else kind


class _Default:
    made: Generator | None = None


def default_generator() -> Generator:
    if _Default.made is None:
        _Default.made = Generator()
        _Default.made.seed()
    return _Default.made


def source(generator: Generator | None) -> Generator:
    return default_generator() if generator is None else generator


@function
def manual_seed(seed: int) -> Generator:
    return default_generator().manual_seed(seed)


@function
def seed() -> int:
    return default_generator().seed()


@function
def initial_seed() -> int:
    return default_generator().initial_seed()


@function
def get_rng_state() -> Tensor:
    return default_generator().get_state()


@function
def set_rng_state(new_state: Tensor) -> None:
    default_generator().set_state(new_state)


class fork_rng:  # noqa: N801
    """Give the default generator its state back at the end of the block."""

    def __init__(self, devices=None, enabled: bool = True):
        self.enabled = enabled

    def __enter__(self):
        self.before = get_rng_state()

    def __exit__(self, *exc):
        if self.enabled:
            set_rng_state(self.before)


COMPLEX_TOO = ("rand", "normal_kernel_cpu", "check_uniform_bounds")


def _floating(kind: np.dtype, name: str) -> np.dtype:
    if kind.kind == "c" and name in COMPLEX_TOO:
        return kind
    if kind.kind == "c" or kind == np.float16:
        raise refuse(f"torch.{name} of {kind.name}", "draw float32 and convert")
    if kind.kind != "f":
        raise NotImplementedError(f"\"{name}\" not implemented for '{scalar_name(kind)}'")
    return kind


# --- new tensors -----------------------------------------------------------------------------------


@function
def rand(*args, size=None, generator=None, out=None, dtype=None, layout=None, device=None, pin_memory=False,
         requires_grad=False, names=None) -> Tensor:
    no_out("rand", out)
    kind, shape = _floating(chosen(dtype, device), "rand"), sized("rand", args, size)
    return finish(source(generator).uniforms(math.prod(shape), kind).reshape(shape), requires_grad)


@function
def randn(*args, size=None, generator=None, out=None, dtype=None, layout=None, device=None, pin_memory=False,
          requires_grad=False, names=None) -> Tensor:
    no_out("randn", out)
    kind, shape = _floating(chosen(dtype, device), "normal_kernel_cpu"), sized("randn", args, size)
    return finish(source(generator).normals(math.prod(shape), kind).reshape(shape), requires_grad)


@function
def rand_like(input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False,
              memory_format=None):
    kind = _floating(chosen(dtype or input.dtype, device), "rand")
    made = dense_like(input._array, kind)
    return finish(fill_in_memory_order(made, source(generator).uniforms(made.size, kind)), requires_grad)


@function
def randn_like(input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False,
               memory_format=None):
    kind = _floating(chosen(dtype or input.dtype, device), "normal_kernel_cpu")
    made = dense_like(input._array, kind)
    return finish(fill_in_memory_order(made, _normals_for(made, source(generator))), requires_grad)


def _integers(low: int, high: int, count: int, generator: Generator) -> np.ndarray:
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    span = high - low
    if span >= 1 << 28:
        return ((generator.long_words(count) % np.uint64(span)).astype(np.int64) + low)
    return (generator.words(count) % np.uint32(span)).astype(np.int64) + low


@function
def randint(*args, low=None, high=None, size=None, generator=None, out=None, dtype=None, layout=None, device=None,
            requires_grad=False) -> Tensor:
    """randint(high, size) or randint(low, high, size)."""
    no_out("randint", out)
    values = list(args)
    if values and isinstance(values[-1], tuple | list):
        size = values.pop()
    if len(values) == 1 and high is None:
        low, high = 0 if low is None else low, values[0]
    elif len(values) == 1:
        low = values[0]
    elif len(values) == 2:
        low, high = values
    low, high = int(low or 0), int(high)
    kind = chosen(dtype, device, int64)
    drawn = _integers(low, high, math.prod(size), source(generator))
    return finish(drawn.astype(kind).reshape(tuple(size)), requires_grad)


@function
def randint_like(input, *bounds, low=None, high=None, dtype=None, layout=None, device=None, generator=None,
                 requires_grad=False, memory_format=None) -> Tensor:
    flat = randint(*bounds, (input._array.size,), low=low, high=high, dtype=dtype or input.dtype,
                   generator=generator)
    made = dense_like(input._array, flat._array.dtype)
    return finish(fill_in_memory_order(made, flat._array), requires_grad)


@function
def randperm(n: int, *, generator=None, out=None, dtype=None, layout=None, device=None, pin_memory=False,
             requires_grad=False) -> Tensor:
    no_out("randperm", out)
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got{n}")
    order = list(range(n))
    if n > 1:
        steps = source(generator).words(n - 1) % np.arange(n, 1, -1).astype(np.uint32)
        for i, step in enumerate(steps.tolist()):
            order[i], order[i + step] = order[i + step], order[i]
    return finish(np.array(order, INT64).astype(chosen(dtype, device, int64)), requires_grad)


@function
def normal(mean, std=1.0, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None,
           pin_memory=False, requires_grad=False):
    no_out("normal", out)
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        kind = _floating(chosen(dtype, device), "normal_kernel_cpu")
        drawn = source(generator).normals(math.prod(size), kind, float(mean), float(std))
        return finish(drawn.reshape(tuple(size)), requires_grad)
    from .primitive import common_dtype

    like = mean + std
    if like._array.dtype.kind == "c":
        raise refuse("torch.normal of complex means", "torch.randn(…, dtype=torch.complex64) * std + mean")
    kind = _floating(common_dtype((mean if isinstance(mean, Tensor) else std,)).numpy, "normal_kernel_cpu")
    unit = wrap(source(generator).normals(like._array.size, kind).reshape(like._array.shape))
    drawn = unit * (std.detach() if isinstance(std, Tensor) else std) + (
        mean.detach() if isinstance(mean, Tensor) else mean)
    both = isinstance(std, Tensor) + 2 * isinstance(mean, Tensor)
    return relabel(NORMAL(mean, std, drawn._array), {2: "NormalBackward1", 1: "NormalBackward2",
                                                     3: "NormalBackward3"}[both])


def _nothing(grad):
    """Drawing is not differentiable: the gradient is zero."""
    return np.zeros_like(grad)


NORMAL = Primitive("normal", lambda mean, std, drawn: drawn, "mean std drawn", mean=_nothing, std=_nothing)
BERNOULLI = Primitive("bernoulli", lambda self, drawn: drawn, "self drawn", self=_nothing)


def _check_probabilities(p: np.ndarray) -> None:
    if p.size and not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")


@public
def bernoulli(input, p=None, *, generator=None):
    """0 or 1 with probability `input` (or `p`) of a 1."""
    if p is not None:
        return input.detach().clone().bernoulli_(p, generator=generator)
    kind = _floating(input._array.dtype, "bernoulli_tensor_cpu_self_")
    _check_probabilities(input._array)
    drawn = fill_in_memory_order(dense_like(input._array, kind), source(generator).uniforms(input._array.size, kind))
    return BERNOULLI(input, (drawn < input._array).astype(kind))


@public
def multinomial(input, num_samples: int, replacement: bool = False, *, generator=None) -> Tensor:
    """Indices drawn with probability proportional to the rows of `input`."""
    weights = input._array
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    kind = weights.dtype
    if kind.kind != "f":
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {scalar_name(kind)}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    rows = weights.reshape(-1, weights.shape[-1])
    if (rows.sum(-1) <= 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    generator = source(generator)
    if replacement and num_samples > 1:
        return wrap(_with_replacement(rows, num_samples, generator).reshape(*weights.shape[:-1], num_samples))
    races = dense_like(weights, kind)
    fill_in_memory_order(races, generator.exponentials(weights.size))
    with np.errstate(all="ignore"):
        scores = weights / races
    if num_samples == 1:
        return wrap(np.argmax(scores, -1).astype(INT64)[..., None])
    return wrap(scores).topk(num_samples, -1)[1]


def _with_replacement(rows: np.ndarray, count: int, generator: Generator) -> np.ndarray:
    """Each draw is a binary search in the row's running sum, which PyTorch accumulates in the row's own type."""
    sums = np.cumsum(rows, axis=-1, dtype=rows.dtype)
    sums = sums / sums[:, -1:]
    sums[:, -1] = 1
    drawn = generator.doubles(len(rows) * count).reshape(len(rows), count)
    return np.stack([np.searchsorted(c.astype(np.float64), u, "left")
                     for c, u in zip(sums, drawn, strict=True)]).astype(INT64)


# --- in place --------------------------------------------------------------------------------------


def dense_like(array: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Unset memory in which the dimensions are ordered as in `array`; expanded ones keep their place in the shape."""
    if array.flags.c_contiguous:
        return np.empty(array.shape, kind)
    order = list(range(array.ndim - 1, -1, -1))  # innermost first
    for last in range(1, array.ndim):
        at = last
        for before in range(last - 1, -1, -1):
            a, b = array.strides[order[before]], array.strides[order[at]]
            if a and b and (a > b or (a == b and array.shape[order[before]] > array.shape[order[at]])):
                order[before], order[at] = order[at], order[before]
                at = before
            elif a and b and a < b:
                break
    order.reverse()
    return np.empty([array.shape[d] for d in order], kind).transpose(np.argsort(order))


def fill_in_memory_order(target: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Write the stream into `target` in the order of its memory: PyTorch fills a transposed tensor that way."""
    if target.flags.c_contiguous:
        target[...] = drawn.reshape(target.shape)
    else:
        order = sorted(range(target.ndim), key=lambda d: -target.strides[d])
        across = target.transpose(order)
        across[...] = drawn.reshape(across.shape)
    return target


def _overwrite(self: Tensor, drawn: np.ndarray) -> Tensor:
    """Replace the values by a stream of numbers, in place."""
    if Mode.grad and tracks(self):
        check_inplace(self)
    fill_in_memory_order(self._array, drawn)
    version_of(self).count += 1
    return self


def _normals_for(target: np.ndarray, generator: Generator, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """Only contiguous memory is filled in blocks; a transposed tensor gets its numbers pair by pair."""
    if target.flags.c_contiguous:
        return generator.normals(target.size, target.dtype, mean, std)
    return generator.paired_normals(target.size, target.dtype, mean, std)


@method
def uniform_(self, from_=0.0, to=1.0, *, generator=None, **keywords):
    low, high = float(keywords.get("from", from_)), float(to)
    kind = _floating(self._array.dtype, "check_uniform_bounds")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    part = real_kind(kind)
    drawn = source(generator).uniforms(self._array.size, kind).view(part)
    low, high = part.type(low), part.type(high)
    # PyTorch scales in double precision and rounds once
    return _overwrite(self, (drawn.astype(np.float64) * float(high - low) + float(low)).astype(part).view(kind))


@method
def normal_(self, mean=0.0, std=1.0, *, generator=None):
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    _floating(self._array.dtype, "normal_kernel_cpu")
    return _overwrite(self, _normals_for(self._array, source(generator), float(mean), float(std)))


@method
def bernoulli_(self, p=0.5, *, generator=None):
    if isinstance(p, Tensor):
        kind = p._array.dtype if p._array.dtype == np.float64 else np.dtype(np.float32)
        _check_probabilities(p._array)
        drawn = np.empty_like(self._array, kind)
        fill_in_memory_order(drawn, source(generator).uniforms(drawn.size, kind))
        if Mode.grad and tracks(self):
            check_inplace(self)
        self._array[...] = drawn < p._array
        version_of(self).count += 1
        return self
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    return _overwrite(self, source(generator).doubles(self._array.size) < p)


@method
def exponential_(self, lambd: float = 1.0, *, generator=None):
    kind = _floating(self._array.dtype, "exponential_cpu")
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    return _overwrite(self, (source(generator).exponentials(self._array.size) / lambd).astype(kind))


@method
def random_(self, *bounds, generator=None, **keywords):
    """random_(to) or random_(from, to): whole numbers."""
    if len(bounds) not in (1, 2):
        raise refuse("torch.Tensor.random_ without bounds", "x.random_(0, n)")
    low, high = bounds if len(bounds) == 2 else (0, bounds[0])
    return _overwrite(self, _integers(int(low), int(high), self._array.size, source(generator)))


# --- dropout ---------------------------------------------------------------------------------------

DROPOUT = Primitive("mul", lambda self, mask: self * mask, "self mask", self=lambda grad, mask: grad * mask)


@function
def dropout(input, p: float = 0.5, train: bool = True, inplace: bool = False):
    """Zero elements with probability `p` and scale the others by 1/(1−p), while training."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not train or p == 0 or not input._array.size:
        return input
    if p == 1:
        mask = np.zeros_like(input._array)
    else:
        mask = dense_like(input._array, input._array.dtype)
        fill_in_memory_order(mask, default_generator().doubles(mask.size) < 1 - p)
        mask /= mask.dtype.type(1 - p)
    return DROPOUT.inplace(input, mask) if inplace else DROPOUT(input, mask)
