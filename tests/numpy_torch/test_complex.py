"""Complex numbers: the ops that take them equal PyTorch on op_db's complex64 samples, gradients included."""

import pytest
import torch as real_torch
from torch.testing._internal.common_methods_invocations import op_db

from tests.numpy_torch.backends import PAGE, assert_same
from tests.numpy_torch.compare import Absent
from tests.numpy_torch.exclusions import OTHER_NAME
from tests.numpy_torch.test_op_db import compare, implemented, label

NAMES = (
    "abs", "add", "angle", "cat", "complex", "conj", "conj_physical", "cos", "cosh", "cumsum", "diagonal",
    "diag_embed", "div.no_rounding_mode", "exp", "expand", "fft.fft", "fft.fft2", "fft.fftn", "fft.fftshift",
    "fft.ifft", "fft.ifft2", "fft.ifftn", "fft.ifftshift", "fft.irfft", "fft.irfft2", "fft.irfftn", "flip",
    "gather", "imag", "index_select", "log", "masked_fill", "masked_select", "matmul", "mean", "mm", "movedim",
    "mul", "neg", "permute", "pow", "real", "reciprocal", "reshape", "resolve_conj", "roll", "rsqrt", "sgn",
    "sigmoid", "sin", "sinh", "sqrt", "square", "squeeze", "stack", "sub", "sum", "t", "tanh", "transpose", "tril",
    "triu", "unfold", "unsqueeze", "view", "view_as_real", "where",
)
OPS = [op for op in op_db if label(op) in NAMES]


def test_every_name_is_in_op_db_and_here():
    assert {label(op) for op in OPS} == set(NAMES)
    assert all(implemented(op) is not None for op in OPS)


@pytest.mark.parametrize("op", [pytest.param(op, id=label(op)) for op in OPS
                                if op.supports_dtype(real_torch.complex64, "cpu")])
def test_an_op_of_complex_numbers(op):
    real_torch.manual_seed(1)
    for sample in op.sample_inputs("cpu", real_torch.complex64, requires_grad=True):
        try:
            compare(op, op.op, implemented(op), sample, label(op) not in OTHER_NAME)
        except Absent:
            continue


def same(program, rtol=1e-5, atol=1e-6) -> None:
    ours, theirs = (program(t) for t in (PAGE.torch, real_torch))
    assert_same(ours, theirs, "result", rtol, atol)


def error(fn) -> tuple:
    try:
        fn()
    except Exception as raised:
        return type(raised).__name__, str(raised)
    raise AssertionError("no error")


def test_complex_random_numbers_are_on_the_stream():
    def program(t):
        t.manual_seed(0)
        drawn = [t.randn(n, dtype=t.complex64) for n in (0, 1, 3, 7, 8, 9, 20)]
        drawn += [t.rand(n, dtype=t.complex128) for n in (1, 5)]
        drawn += [t.empty(4, 5, dtype=t.complex64).t().normal_(), t.empty(3, dtype=t.complex64).uniform_(-1, 2),
                  t.randn_like(t.zeros(2, 9, dtype=t.complex128)), t.rand_like(t.zeros(3, dtype=t.complex64))]
        return [*drawn, t.rand(2)]

    same(program)


def test_parts_are_views_that_can_be_written():
    def program(t):
        z = t.zeros(3, dtype=t.complex64)
        z.real += 2
        z.imag = t.arange(3.0)
        pairs = t.view_as_real(z)
        pairs[0, 1] = 7
        back = t.view_as_complex(pairs)
        back[2] = 1j
        x = t.arange(4.0, requires_grad=True)
        w = x * (1 + 2j)
        w.imag.mul_(3)
        (w.abs() ** 2).sum().backward()
        return z, pairs, back, repr(z), x.grad, x.real is x

    same(program)


def test_rotary_positions_turn_pairs():
    def program(t):
        t.manual_seed(0)
        x = t.randn(2, 5, 3, 8, requires_grad=True)
        frequencies = 1.0 / 10000 ** (t.arange(0, 8, 2).float() / 8)
        angles = t.outer(t.arange(5).float(), frequencies)
        turns = t.polar(t.ones_like(angles), angles)
        turned = t.view_as_real(t.view_as_complex(x.reshape(2, 5, 3, 4, 2)) * turns[None, :, None]).flatten(3)
        (turned**3).sum().backward()
        return turned, x.grad, turns

    same(program)


def test_a_convolution_by_fourier_transform():
    def program(t):
        t.manual_seed(1)
        u, k = t.randn(2, 3, 16, requires_grad=True), t.randn(3, 16, requires_grad=True)
        y = t.fft.irfft(t.fft.rfft(u, n=32) * t.fft.rfft(k, n=32), n=32)[..., :16]
        (y * t.linspace(0, 1, 16)).sum().backward()
        return y, u.grad, k.grad

    same(program, atol=1e-5)


FAULTS = {
    "dtypes of complex": lambda t: t.complex(t.ones(2), t.ones(2, dtype=t.float64)),
    "whole numbers": lambda t: t.complex(t.ones(2, dtype=t.int64), t.ones(2)),
    "polar of whole numbers": lambda t: t.polar(t.ones(2, dtype=t.int64), t.ones(2)),
    "polar of a number": lambda t: t.polar(1, t.ones(2)),
    "imag of reals": lambda t: t.imag(t.ones(2)),
    "imag attribute": lambda t: t.ones(2).imag,
    "three parts": lambda t: t.view_as_complex(t.ones(3)),
    "no parts": lambda t: t.view_as_complex(t.tensor(1.0)),
    "parts far apart": lambda t: t.view_as_complex(t.ones(2, 3).t()),
    "odd strides": lambda t: t.view_as_complex(t.ones(2, 3)[:, :2]),
    "reals": lambda t: t.view_as_real(t.ones(3)),
    "order": lambda t: t.fft.rfft(t.ones(3, dtype=t.complex64)),
    "n of zero": lambda t: t.fft.rfft(t.ones(3), n=0),
    "norm": lambda t: t.fft.fft(t.ones(3), norm="other"),
    "dim": lambda t: t.fft.fft(t.ones(3), dim=1),
    "dims twice": lambda t: t.fft.fftn(t.ones(3, 3), dim=(0, 0)),
    "sizes and dims": lambda t: t.fft.fftn(t.ones(3, 3), s=(2,), dim=(0, 1)),
    "too many sizes": lambda t: t.fft.fftn(t.ones(3), s=(2, 2)),
    "one value back": lambda t: t.fft.irfft(t.ones(1)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_named_as_pytorch_names_them(name):
    ours, theirs = (error(lambda t=t: FAULTS[name](t)) for t in (PAGE.torch, real_torch))
    assert ours == theirs


def test_frequencies_and_windows():
    def program(t):
        made = [t.fft.fftfreq(n, 0.5) for n in (1, 4, 5)] + [t.fft.rfftfreq(n) for n in (1, 4, 5)]
        for window in (t.hann_window, t.hamming_window, t.blackman_window, t.bartlett_window):
            for n in (0, 1, 2, 7, 400):
                made += [window(n), window(n, periodic=False), window(n, dtype=t.float64)]
        made.append(t.hann_window(3, requires_grad=True).requires_grad)
        return made

    same(program)


@pytest.mark.parametrize("call", [
    lambda t, out: t.fft.rfft(t.ones(4), out=out), lambda t, out: t.fft.fftfreq(4, out=out),
    lambda t, out: t.fft.irfft2(t.ones(2, 2), out=out), lambda t, out: t.linalg.eigh(t.eye(2), out=out),
    lambda t, out: t.linalg.cholesky(t.eye(2), out=out), lambda t, out: t.special.entr(t.ones(2), out=out)])
def test_out_is_refused_and_never_ignored(call):
    with pytest.raises(NotImplementedError, match="out="):
        call(PAGE.torch, PAGE.torch.zeros(4))
