"""Window functions and the short-time Fourier transform."""

import math

import numpy as np

from .absent import refuse
from .ops_create import chosen, finish
from .primitive import function, public, relabel
from .tensor import Tensor, wrap


def _window(name: str, length: int, periodic: bool, dtype, device, requires_grad, formula) -> Tensor:
    kind = chosen(dtype, device)
    if kind.kind != "f":
        raise RuntimeError(f"{name}_window expects floating point dtypes, got: {dtype}")
    if length < 0:
        raise RuntimeError(f"{name}_window requires non-negative window_length, got window_length={length}")
    if length < 2:
        return finish(np.ones(length, kind), requires_grad)
    return finish(formula(np.arange(length, dtype=np.float64), length if periodic else length - 1).astype(kind),
                  requires_grad)


def _cosines(*weights: float):
    """Σ weights[k] · cos(2π k t / n)."""
    return lambda t, n: sum(w * np.cos(2 * math.pi * k * t / n) for k, w in enumerate(weights))


@function
def hann_window(window_length: int, periodic: bool = True, *, dtype=None, layout=None, device=None,
                requires_grad: bool = False):
    return _window("hann", window_length, periodic, dtype, device, requires_grad, _cosines(0.5, -0.5))


@function
def hamming_window(window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype=None,
                   layout=None, device=None, requires_grad: bool = False):
    return _window("hamming", window_length, periodic, dtype, device, requires_grad, _cosines(alpha, -beta))


@function
def blackman_window(window_length: int, periodic: bool = True, *, dtype=None, layout=None, device=None,
                    requires_grad: bool = False):
    return _window("blackman", window_length, periodic, dtype, device, requires_grad, _cosines(0.42, -0.5, 0.08))


@function
def bartlett_window(window_length: int, periodic: bool = True, *, dtype=None, layout=None, device=None,
                    requires_grad: bool = False):
    return _window("bartlett", window_length, periodic, dtype, device, requires_grad,
                   lambda t, n: 1 - np.abs(2 * t / n - 1))


@public
def stft(input, n_fft: int, hop_length: int | None = None, win_length: int | None = None, window=None,
         center: bool = True, pad_mode: str = "reflect", normalized: bool = False, onesided: bool | None = None,
         return_complex: bool | None = None, align_to_window: bool | None = None):
    """Spectra of overlapping frames: (…, L) → (…, frequencies, frames)."""
    from .fft import fft, rfft
    from .ops_complex import view_as_real

    array = input._array
    hop_length, win_length = hop_length or n_fft // 4, n_fft if win_length is None else win_length
    is_complex = array.dtype.kind == "c" or (window is not None and window._array.dtype.kind == "c")
    if return_complex is None and not is_complex:
        raise RuntimeError("stft requires the return_complex parameter be given for real inputs, and will further "
                           "require that return_complex=True in a future PyTorch release.")
    if align_to_window is not None:
        raise refuse("torch.stft(align_to_window=…)", "center=False")
    if pad_mode not in ("reflect", "constant"):
        raise refuse(f"torch.stft(pad_mode={pad_mode!r})", "pad_mode='reflect'")
    if array.ndim not in (1, 2) or array.dtype.kind not in "fc":
        raise RuntimeError("stft: expected a 1D or 2D tensor of floating types")
    if center:
        input = _padded(input, n_fft // 2, pad_mode)
    length = input._array.shape[-1]
    if not 0 < n_fft <= length:
        raise RuntimeError(f"stft: expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    if hop_length <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, but got hop_length={hop_length}")
    if not 0 < win_length <= n_fft:
        raise RuntimeError(f"stft: expected 0 < win_length <= n_fft, but got win_length={win_length}")
    if window is not None and tuple(window.shape) != (win_length,):
        raise RuntimeError(f"stft: expected a 1D window tensor of size equal to win_length={win_length}, but got "
                           f"window with size {list(window.shape)}")
    frames = input.unfold(-1, n_fft, hop_length)
    if window is not None or win_length < n_fft:
        frames = frames * _centred(window, win_length, n_fft, array.dtype)
    one_sided = not is_complex if onesided is None else onesided
    if one_sided and is_complex:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    out = (rfft if one_sided else fft)(frames, norm="ortho" if normalized else None).transpose(-1, -2)
    relabel(out, "SqueezeBackward4" if array.ndim == 1 else "TransposeBackward1")
    return out if return_complex or (return_complex is None and is_complex) else view_as_real(out)


def _padded(input: Tensor, amount: int, mode: str) -> Tensor:
    """`amount` more values at both ends: mirrored, or zeros."""
    length = input._array.shape[-1]
    if mode == "constant":
        from .ops_shape import cat

        zeros = input.new_zeros((*input.shape[:-1], amount))
        return cat([zeros, input, zeros], -1)
    if amount >= length:
        raise RuntimeError(
            f"Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
            f"({amount}, {amount}) at dimension {input.dim() + (input.dim() == 1)} of input "
            f"{[1] * (3 - input.dim()) + list(input.shape)}")
    places = np.abs(np.arange(-amount, length + amount))
    return input[..., wrap(np.where(places >= length, 2 * (length - 1) - places, places).astype(np.int64))]


def _centred(window, win_length: int, n_fft: int, kind) -> Tensor:
    """The window in the middle of a frame of n_fft values."""
    left = (n_fft - win_length) // 2
    window = wrap(np.ones(win_length, kind)) if window is None else window
    if win_length == n_fft:
        return window
    from .ops_shape import cat

    return cat([window.new_zeros(left), window, window.new_zeros(n_fft - win_length - left)])
