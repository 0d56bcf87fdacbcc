"""PyTorch's answers, written down, so that a page can be held to them where PyTorch itself is not.

`of_torch(program)` is `program(torch)`. While a `Record` listens it is also kept; where a record is played back, as in
the page, the answer comes from there, in the same order. What is kept is numbers, text and NumPy arrays, nothing else.
"""

import builtins
from collections import OrderedDict

import numpy as np
import torch

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
KINDS = {"list": list, "tuple": tuple, "set": set, "OrderedDict": OrderedDict, "dict": dict}


class Unrecordable(Exception):  # noqa: N818
    """An answer that is neither tensors nor plain values (a module, a function)."""


def pack(value, shared: dict | None = None):
    """A value of PyTorch as plain data; `shared` numbers the tensors, so that one given twice comes back as one."""
    shared = {} if shared is None else shared
    if isinstance(value, torch.Tensor):
        number = shared.setdefault(id(value), (len(shared), value))[0]
        return "tensor", number, *layout(value), value.requires_grad
    if type(value) in PLAIN:
        return value
    if isinstance(value, dict):
        kind = "OrderedDict" if isinstance(value, OrderedDict) else "dict"
        return kind, [(pack(k, shared), pack(v, shared)) for k, v in value.items()]
    for name, kind in (("size", torch.Size), ("dtype", torch.dtype), ("device", torch.device),
                       ("memory", torch.memory_format), ("slice", slice), ("numpy", np.ndarray | np.generic)):
        if isinstance(value, kind):
            if name == "slice":
                return name, [pack(v, shared) for v in (value.start, value.stop, value.step)]
            return name, {"size": tuple, "device": str, "numpy": np.asarray}.get(name, last_name)(value)
    if isinstance(value, torch.Generator):
        return "generator", value.initial_seed()
    if value in (torch.float, torch.nn.functional.relu, torch.nn.functional.gelu) and callable(value):
        return "functional", value.__name__
    for name in ("list", "tuple", "set"):
        if isinstance(value, KINDS[name]):
            return name, [pack(v, shared) for v in value]
    raise Unrecordable(type(value).__name__)


def last_name(value) -> str:
    return str(value).removeprefix("torch.")


def layout(value) -> tuple:
    """The memory a tensor shows, then size, strides and offset; only the elements where they lie in order."""
    plain = value.detach().resolve_conj().resolve_neg()
    if plain.layout is not torch.strided:
        raise Unrecordable(str(plain.layout))
    if plain.dtype == torch.bfloat16 or plain.is_quantized:
        raise Unrecordable(str(plain.dtype))
    if plain.is_contiguous():
        return plain.numpy(force=True).copy().reshape(-1), tuple(plain.shape), tuple(plain.stride()), 0
    memory = torch.empty(0, dtype=plain.dtype).set_(plain.untyped_storage()).numpy().copy()
    return memory, tuple(plain.shape), tuple(plain.stride()), plain.storage_offset()


def unpack(value, shared: dict | None = None):
    """What `pack` was given, as values of the `torch` of this interpreter."""
    shared = {} if shared is None else shared
    if type(value) is not tuple:
        return value
    kind, *rest = value
    if kind == "tensor":
        number, memory, shape, strides, offset, tracked = rest
        if number not in shared:
            size = memory.itemsize
            shown = np.lib.stride_tricks.as_strided(memory[offset:].copy(), shape, [s * size for s in strides])
            shared[number] = torch.from_numpy(shown).requires_grad_(tracked)
        return shared[number]
    (content,) = rest
    if kind in ("dict", "OrderedDict"):
        return KINDS[kind]([(unpack(k, shared), unpack(v, shared)) for k, v in content])
    if kind in KINDS:
        return KINDS[kind]([unpack(v, shared) for v in content])
    makers = {"size": torch.Size, "dtype": torch_attribute, "memory": torch_attribute, "device": torch.device,
              "numpy": lambda x: x, "slice": lambda parts: slice(*[unpack(v, shared) for v in parts]),
              "generator": lambda seed: torch.Generator().manual_seed(seed),
              "functional": lambda name: getattr(torch.nn.functional, name)}
    return makers[kind](content)


def torch_attribute(name: str):
    return getattr(torch, name)


class Record:
    """Answers by test, and where in them we are."""

    def __init__(self, answers: dict | None = None) -> None:
        self.answers = answers or {}
        self.playing = answers is not None
        self.test, self.next = "", 0

    def begin(self, test: str) -> None:
        self.test, self.next = test, 0

    def keep(self, answer: tuple) -> None:
        self.answers.setdefault(self.test, []).append(answer)

    def play(self):
        kind, *content = self.answers[self.test][self.next]
        self.next += 1
        if kind == "raised":
            raise as_error(*content)
        return unpack(content[0])


current: Record | None = None


def as_error(names: list[str], given: tuple) -> Exception:
    """An error of the nearest type that is here: `names` are its class and the classes above it."""
    for name in names:
        found = vars(builtins).get(name) or getattr(torch.linalg, name, None)
        if found is not None:
            return found(*given)
    return Exception(*given)


def of_torch(program, *args):
    """`program(torch, *args)`, or the answer kept of it; raises what PyTorch raised."""
    if current is None:
        return program(torch, *args)
    if current.playing:
        return current.play()
    try:
        found = program(torch, *args)
    except Exception as error:
        given = error.args if all(type(a) in PLAIN for a in error.args) else (str(error),)
        current.keep(("raised", [kind.__name__ for kind in type(error).__mro__], given))
        raise
    current.keep(("gave", pack(found)))
    return found
