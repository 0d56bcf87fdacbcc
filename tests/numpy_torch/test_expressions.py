"""Random programs: expression graphs, views, in-place chains, indexing and assignment, PyTorch against
numpy_torch.

A program is lines of source. Each line is drawn to fit the tensors that PyTorch has made so far, mostly: some
lines are wrong on purpose. Both run it line by line; after each line everything alive is compared, and so is
the type of the exception if there was one. At the end gradients are compared. A failure prints the program.
"""

import math
from dataclasses import dataclass, field
from random import Random

import numpy as np
import torch as real_torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.numpy_torch.backends import PAGE, array

LARGEST = 1e4  # a program stops here, before rounding noise is amplified beyond comparison


@dataclass
class Program:
    """Lines, the tensors PyTorch has after them, and which of those hold numbers exact in float32."""

    lines: list[str] = field(default_factory=list)
    space: dict = field(default_factory=lambda: {"torch": real_torch, "np": np})
    exact: set[str] = field(default_factory=set)
    alive: bool = True

    @property
    def names(self) -> list[str]:
        return [name for name, value in self.space.items() if isinstance(value, real_torch.Tensor)]

    def tensor(self, name: str) -> real_torch.Tensor:
        return self.space[name]

    def add(self, line: str, exact: bool) -> None:
        self.lines.append(line)
        before = set(self.space)
        error = execute(line, self.space)
        for name in set(self.space) - before:
            if exact:
                self.exact.add(name)
        if not exact and set(self.space) == before:  # an in-place line may reach every view
            self.exact.clear()
        values = [self.tensor(name).detach() for name in self.names]
        self.alive = error is None and all(
            bool(real_torch.isfinite(v).all()) and float(v.abs().max()) < LARGEST
            for v in values
            if v.is_floating_point() and v.numel()
        )


def execute(line: str, space: dict) -> type | None:
    """Run a line; the type of what it raised."""
    try:
        exec(line, space)
    except Exception as error:
        return type(error)
    return None


# --- drawing lines -------------------------------------------------------------------------------


class Dice:
    """Choices drawn by hypothesis, which shrinks towards the first option and the lowest number."""

    def __init__(self, draw):
        self.draw = draw

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, max(low, high)))

    def one_of(self, options):
        return options[self.number(0, len(options) - 1)]

    def coin(self) -> bool:
        return self.number(0, 1) == 1

    def rarely(self) -> bool:
        return self.number(0, 24) == 24

    def shape(self) -> tuple[int, ...]:
        return self.one_of(
            [
                (3,),
                (2, 3),
                (),
                (1,),
                (4,),
                (2, 2),
                (1, 3),
                (3, 1),
                (4, 2),
                (2, 1, 3),
                (1, 2, 2),
                (3, 2, 4),
                (1, 1, 1),
                (2, 4, 1),
            ]
        )

    def dim(self, ndim: int) -> int:
        """A dimension number; now and then one that does not exist."""
        if self.rarely():
            return self.one_of([ndim, -ndim - 1, ndim + 1])
        return self.number(-max(ndim, 1), max(ndim, 1) - 1)

    def name(self, program: Program, exact: bool = False) -> str:
        names = program.names
        return (
            self.one_of([name for name in names if name in program.exact] or names)
            if exact
            else self.one_of(names)
        )


def leaf(dice: Dice, program: Program) -> tuple[str, bool]:
    """A tensor of quarters, all different but for a few zeros, so that every kink is met exactly or not
    at all.
    """
    shape = dice.shape()
    count = math.prod(shape)
    values = [v / 4 for v in Random(dice.number(0, 50)).sample([*range(-24, 0), *range(1, 25)], count)]
    if dice.number(0, 3) == 3:
        values[dice.number(0, count - 1)] = 0.0
    kind = dice.one_of(["float32", "float32", "float32", "float64"])
    return (
        f"x{len(program.lines)} = torch.tensor({values}, dtype=torch.{kind}).reshape{shape or '(())'}"
        f".requires_grad_({dice.one_of([True, False])})"
    ), True


def integers(dice: Dice, program: Program) -> tuple[str, bool]:
    shape = dice.shape()
    random = Random(dice.number(0, 50))
    values = [random.randint(-7, 9) for _ in range(math.prod(shape))]
    kind = dice.one_of(["int64", "int32", "uint8", "bool"])
    if kind in ("uint8", "bool"):
        values = [abs(v) % 3 for v in values]
    return f"i{len(program.lines)} = torch.tensor({values}).to(torch.{kind}).reshape{shape or '(())'}", True


def basic_index(dice: Dice, shape: tuple[int, ...]) -> str:
    parts = []
    for size in shape[: dice.number(0, len(shape))]:
        kind = dice.one_of(["all", "int", "slice", "step", "none"])
        if kind == "none":
            parts.append("None")
        if kind == "int":
            parts.append(str(dice.number(-size, size if dice.rarely() else size - 1)))
        elif kind == "slice":
            parts.append(f"{dice.number(-size - 1, size)}:{dice.number(-size, size + 1)}")
        elif kind == "step":
            parts.append(f"{dice.one_of(['', 1])}::{dice.number(1, 3)}")
        else:
            parts.append(":")
    if dice.coin():
        parts = (
            ["...", *[":" if p not in ("None", ":") else p for p in parts]]
            if dice.coin()
            else [*parts, "..."]
        )
    return ", ".join(parts) or "..."


def advanced_index(dice: Dice, shape: tuple[int, ...]) -> str:
    if not shape:
        return dice.one_of(["torch.tensor(True)", "None", "torch.tensor(False)"])
    if dice.number(0, 3) == 3:
        upto = dice.number(1, len(shape))
        random = Random(dice.number(0, 50))
        mask = [random.random() < 0.5 for _ in range(math.prod(shape[:upto]))]
        return f"torch.tensor({mask}).reshape{shape[:upto]}"
    length, parts, given_one = dice.number(1, 3), [], False
    for size in shape:
        kind = dice.one_of(["index", "all", "list", "int", "slice", "column"])
        numbers = [dice.number(-size, size - 1) for _ in range(1 if kind in ("int", "slice") else length)]
        given_one = given_one or kind in ("index", "list", "column")
        parts.append(
            {
                "index": f"torch.tensor({numbers})",
                "list": str(numbers),
                "all": ":",
                "int": str(numbers[0]),
                "slice": f"{abs(numbers[0]) % max(size, 1)}:",
                "column": f"torch.tensor({[[n] for n in numbers]})",
            }[kind]
        )
    if not given_one:
        parts[-1] = f"torch.tensor({[0] * length})"
    if dice.number(0, 4) == 4:
        parts.insert(dice.number(0, len(parts)), "None")
    return ", ".join(parts)


def factorisation(dice: Dice, count: int) -> list[int]:
    sizes = []
    while count > 1 and len(sizes) < 3:
        divisor = dice.one_of([d for d in range(1, count + 1) if count % d == 0])
        sizes.append(divisor)
        count //= divisor
    sizes.append(count)
    if dice.rarely():
        sizes[0] += 1
    elif dice.number(0, 2) == 2:
        sizes[dice.number(0, len(sizes) - 1)] = -1
    return sizes


def permutation(dice: Dice, n: int) -> tuple[int, ...]:
    order = list(range(n))
    Random(dice.number(0, 50)).shuffle(order)
    return tuple([d - n if dice.coin() else d for d in order])


def view(dice: Dice, program: Program) -> tuple[str, bool]:
    name = dice.name(program)
    t = program.tensor(name)
    n = t.dim()
    dim = dice.dim(n)
    size = t.shape[dim] if -n <= dim < n else 1
    call = dice.one_of(
        [
            lambda: f"[{basic_index(dice, tuple(t.shape))}]",
            lambda: f".view({factorisation(dice, t.numel())})",
            lambda: f".transpose({dim}, {dice.dim(n)})",
            lambda: f".permute({permutation(dice, n)})",
            lambda: f".reshape({factorisation(dice, t.numel())})",
            lambda: f".unsqueeze({dice.dim(n + 1)})",
            lambda: f".squeeze({dim})",
            lambda: ".squeeze()",
            lambda: (
                f".expand({[2] * dice.number(0, 1) + [3 if s == 1 and dice.coin() else -1 for s in t.shape]})"
            ),
            lambda: f".narrow({dim}, {dice.number(0, size - 1)}, {dice.number(0, size)})",
            lambda: f".select({dim}, {dice.number(-size, size - 1)})",
            lambda: f".unfold({dim}, {dice.number(1, size)}, {dice.number(1, 2)})",
            lambda: f".diagonal({dice.number(-1, 1)}, 0, -1)",
            lambda: f".chunk({dice.number(1, 3)}, dim={dim})[-1]",
            lambda: f".split({dice.number(1, 3)}, {dim})[0]",
            lambda: f".tensor_split({dice.number(1, 3)}, {dim})[0]",
            lambda: f".unbind({dim})[{dice.number(-1, 0)}]",
            lambda: f".flatten({dice.one_of(['', '0, -1', '-2', '1'])})",
            lambda: f".unflatten({dim}, {(size // 2, 2) if size % 2 == 0 else (-1, 1)})",
            lambda: f".movedim({dim}, {dice.dim(n)})",
            lambda: f".swapaxes({dim}, {dice.dim(n)})",
            lambda: ".T" if n == 2 else ".mT" if n else ".view_as(torch.ones(()))",
            lambda: ".detach()",
            lambda: ".contiguous()",
            lambda: f".expand_as({dice.name(program)})",
            lambda: f".view_as({dice.name(program)})",
        ]
    )()
    prefix = "x" if t.is_floating_point() else "i"
    return f"{prefix}{len(program.lines)} = {name}{call}", name in program.exact


STEPS = ["round()", "floor()", "ceil()", "trunc()", "sign()", "long()", "int()", "bool()", "logical_not()"]
EXACT_UNARY = [
    "abs()",
    "neg()",
    "relu()",
    "clamp(-1, 2)",
    "clamp(min=0.5)",
    "square()",
    "clone()",
    "positive()",
    "float()",
    "double()",
    "to(torch.float64)",
    "isnan()",
    "tril()",
    "triu(1)",
    "nan_to_num()",
    *STEPS,
]
SMOOTH_UNARY = [
    "sin()",
    "cos()",
    "tanh()",
    "sigmoid()",
    "exp().clamp(max=50)",
    "log1p()",
    "atan()",
    "abs().sqrt()",
    "erf()",
    "rsqrt()",
    "reciprocal()",
    "pow(3)",
    "pow(-1)",
    "expm1()",
    "log_softmax(-1)",
    "softmax(0)",
]


def unary(dice: Dice, program: Program) -> tuple[str, bool]:
    if dice.coin():
        name, call, exact = dice.name(program), dice.one_of(SMOOTH_UNARY), False
    else:
        name = dice.name(program, exact=True)
        exact = name in program.exact
        call = dice.one_of([call for call in EXACT_UNARY if exact or call not in STEPS])
    return f"x{len(program.lines)} = {name}.{call}", exact


def reduction(dice: Dice, program: Program) -> tuple[str, bool]:
    name = dice.name(program)
    dim, keep = dice.dim(program.tensor(name).dim()), dice.coin()
    choices = [
        "sum()",
        f"sum({dim})",
        f"sum({dim}, keepdim={keep})",
        f"sum(({dim},))",
        f"cumsum({dim})",
        f"flip({dim})",
        f"roll(1, {dim})",
        f"diff(dim={dim})",
    ]
    if name in program.exact:
        choices += [
            "max()",
            "amin()",
            f"amax({dim}, {keep})",
            f"argmax({dim})",
            f"argmin({dim}, {keep})",
            "any()",
            f"all({dim})",
            f"max({dim}).values",
            f"min({dim}, {keep})[0]",
            "count_nonzero()",
            f"sort(dim={dim}, stable=True).values",
            f"argsort(dim={dim}, stable=True)",
            f"median({dim}).values",
            f"cummax({dim}).values",
            f"topk(1, {dim}).values",
        ]
    rounding = [
        "mean()",
        f"mean({dim}, {keep})",
        "prod()",
        f"prod({dim})",
        f"cumprod({dim})",
        f"std({dim})",
        f"var({dim}, unbiased=False)",
        f"logsumexp({dim})",
        f"norm(dim={dim})",
        "norm()",
        f"logcumsumexp({dim})",
    ]
    call = dice.one_of([*choices, *rounding])
    return f"x{len(program.lines)} = {name}.{call}", name in program.exact and call in choices


def binary(dice: Dice, program: Program) -> tuple[str, bool]:
    a = dice.name(program)
    b = dice.name(program) if dice.coin() else dice.one_of(["2", "-0.5", "True", "3"])
    left, right = (a, b) if dice.coin() else (b, a)
    place = f"{len(program.lines)}"
    if dice.rarely():
        return f"x{place} = np.float64(2) * {a}", a in program.exact
    if dice.number(0, 5) == 5:
        return f"x{place} = {left} / ({right} * {right} + 1)", False
    if a not in program.exact or (b in program.space and b not in program.exact):
        return f"x{place} = {left} {dice.one_of('+-*@')} {right}", False
    if b in program.space and dice.coin():
        function = dice.one_of(
            ["maximum", "minimum", "add", "sub", "mul", "eq", "lt", "logical_and", "remainder"]
        )
        return f"x{place} = torch.{function}({left}, {right})", True
    operator = dice.one_of(["+", "-", "*", "@", ">", "<=", "==", "!=", "//", "%", "&", "|", "^"])
    return f"x{place} = {left} {operator} {right}", operator != "@"


def indexing(dice: Dice, program: Program) -> tuple[str, bool]:
    name = dice.name(program)
    index = dice.one_of([advanced_index, basic_index])(dice, tuple(program.tensor(name).shape))
    return f"x{len(program.lines)} = {name}[{index}]", name in program.exact


def lookup(dice: Dice, program: Program) -> tuple[str, bool]:
    name = dice.name(program)
    t, exact = program.tensor(name), name in program.exact
    dim = dice.dim(t.dim())
    inside = -t.dim() <= dim < t.dim()
    size = t.shape[dim] if inside else 1
    shape = [2 if inside and d == dim % t.dim() else s for d, s in enumerate(t.shape)]
    random = Random(dice.number(0, 50))
    index = (
        f"torch.tensor({[random.randrange(max(size, 1)) for _ in range(math.prod(shape))]}).reshape({shape})"
    )
    few = f"torch.tensor({[random.randrange(max(size, 1)) for _ in range(3)]})"
    other = dice.name(program, exact=True)
    call = dice.one_of(
        [
            f"{name}.index_select({dim}, {few})",
            f"{name}.gather({dim}, {index})",
            f"torch.take_along_dim({name}, {index}, {dim})",
            f"torch.cat([{name}, {name}], {dim})",
            f"torch.stack([{name}, {name}], {dim})",
            f"torch.cat([{name}, {other}], {dim})",
            f"{name}.repeat_interleave(2, dim={dim})",
            f"{name}.repeat({[2] * t.dim()})",
            f"torch.where({name} > 0.1, {name}, {other})" if exact else f"{name}.clone()",
            f"{name}.scatter_add({dim}, {index}, torch.ones_like({index}, dtype={name}.dtype))",
            f"{name}.scatter({dim}, {index}, 0.5)",
            f"{name}.index_add({dim}, {few}[:1], {name}.narrow({dim}, 0, 1))",
            f"{name}.masked_fill({name} > 0, 2)" if exact else f"{name}.clone()",
            f"torch.nn.functional.pad({name}, (1, 0))",
        ]
    )
    return f"x{len(program.lines)} = {call}", exact and (other in program.exact or other not in call)


def in_place(dice: Dice, program: Program) -> tuple[str, bool]:
    name = dice.name(program)
    t = program.tensor(name)
    shape = tuple(t.shape)
    other = dice.name(program) if dice.coin() else dice.one_of(["2", "0.25", "-1"])
    index = dice.one_of([basic_index, basic_index, advanced_index])(dice, shape)
    dim = dice.dim(t.dim())
    line = dice.one_of(
        [
            f"{name}.add_({other})",
            f"{name}.mul_(0.5)",
            f"{name} += {other}",
            f"{name} *= {other}",
            f"{name} -= {other}",
            f"{name}[{index}] = {other}",
            f"{name}[{index}] = {other}",
            f"{name}[{index}] += 1",
            f"{name}[{index}] *= 2",
            f"{name}.sub_({other}, alpha=2)",
            f"{name}.zero_()",
            f"{name}.fill_(1.5)",
            f"{name}.neg_()",
            f"{name}.relu_()",
            f"{name}.clamp_(-1, 1)",
            f"{name}.copy_({other})" if other in program.space else f"{name}.fill_({other})",
            f"{name}.unsqueeze_({dim})",
            f"{name}.squeeze_()",
            f"{name}.t_()" if t.dim() == 2 else f"{name}.squeeze_({dim})",
            f"{name}.tanh_()",
            f"{name}.detach_()" if t.dim() else f"{name}.abs_()",
            f"{name}.lerp_({name}.detach() * 2, 0.5)",
            f"{name} /= 2",
            f"{name}.masked_fill_(torch.ones({shape}, dtype=torch.bool), 0.5)",
            f"with torch.no_grad(): {name}.mul_(2)",
            f"{name}.data.add_(1)",
            f"{name}.requires_grad_()",
            f"{name}.addcmul_({name}.detach(), {name}.detach(), value=0.5)",
        ]
    )
    return line, name in program.exact and "tanh" not in line and (
        other in program.exact or other not in program.space or other not in line.replace(name, "", 1)
    )


@st.composite
def programs(draw) -> Program:
    dice, program = Dice(draw), Program()
    program.add(*leaf(dice, program))
    program.add(*dice.one_of([leaf, leaf, integers])(dice, program))
    kinds = dice.one_of(
        [
            [view, unary, binary, reduction, indexing, lookup, in_place],
            [view, view, in_place, in_place, binary],
            [indexing, in_place, lookup, leaf],
            [unary, binary, reduction, integers, leaf],
        ]
    )
    for _ in range(dice.number(2, 9)):
        if not program.alive:
            break
        program.add(*dice.one_of(kinds)(dice, program))
    return program


# --- running both --------------------------------------------------------------------------------


def compare(ours: dict, theirs: dict) -> None:
    names = {id(value): name for name, value in theirs.items() if isinstance(value, real_torch.Tensor)}
    for name in names.values():
        a, b = ours[name], theirs[name]
        assert str(a.dtype) == str(b.dtype), f"{name}: {a.dtype}, torch gives {b.dtype}"
        assert tuple(a.shape) == tuple(b.shape), f"{name}: {a.shape}, torch gives {b.shape}"
        steps = [[step for step, size in zip(t.stride(), t.shape, strict=True) if size > 1] for t in (a, b)]
        assert steps[0] == steps[1] or not b.numel(), f"{name}: stride {a.stride()}, torch gives {b.stride()}"
        assert a.is_contiguous() == b.is_contiguous(), f"{name}: is_contiguous"
        assert a.requires_grad == b.requires_grad, (
            f"{name}: requires_grad is {a.requires_grad} (expected {b.requires_grad})"
        )
        assert a.is_leaf == b.is_leaf, f"{name}: is_leaf is {a.is_leaf}"
        assert (a.grad_fn is None) == (b.grad_fn is None), (
            f"{name}: grad_fn is {a.grad_fn}, torch gives {b.grad_fn}"
        )


def close(a, b, name: str) -> None:
    wanted = array(b)
    size = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0) if wanted.dtype.kind == "f" else 0
    np.testing.assert_allclose(
        array(a), wanted, rtol=1e-4 if wanted.dtype.kind == "f" else 0, atol=2e-6 * size, err_msg=name
    )


BACKWARD = """
total = sum((t.double() * torch.arange(1.0, t.numel() + 1, dtype=torch.float64).reshape(t.shape)).sum()
            for t in results if t.requires_grad and t.is_floating_point())
total.backward()
"""


def check(program: Program) -> None:
    """Raises AssertionError where numpy_torch and PyTorch part."""
    ours, theirs = {"torch": PAGE.torch, "np": np}, {"torch": real_torch, "np": np}
    for line in program.lines:
        wanted, found = execute(line, theirs), execute(line, ours)
        assert found is wanted, (
            f"`{line}` raises {found and found.__name__}, in torch {wanted and wanted.__name__}"
        )
        compare(ours, theirs)
        made = line.partition(" = ")[0]
        if wanted is None and made in theirs and " @ " not in line:  # PyTorch folds some products on the way
            labels = [str(space[made].grad_fn).partition(" object")[0] for space in (ours, theirs)]
            assert labels[0] == labels[1], f"{made}: grad_fn {labels[0]}>, torch gives {labels[1]}>"
    names = [name for name, value in theirs.items() if isinstance(value, real_torch.Tensor)]
    if not any(theirs[name].requires_grad for name in names):
        return
    raised = []
    for space in (ours, theirs):
        space["results"] = [space[name] for name in names]
        raised.append(execute(BACKWARD, space))
    assert raised[0] is raised[1], f"backward raises {raised[0]}, in torch {raised[1]}"
    if raised[1] is None:
        for name in names:
            if theirs[name].is_leaf:
                a, b = ours[name].grad, theirs[name].grad
                assert (a is None) == (b is None), f"{name}.grad is {a}, torch gives {b}"
                if b is not None:
                    close(a, b, f"{name}.grad")


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(programs())
def test_a_random_program_does_what_it_does_in_pytorch(program):
    try:
        check(program)
    except AssertionError as error:
        raise AssertionError("\n".join(["", *program.lines, "# " + str(error).strip()])) from None
