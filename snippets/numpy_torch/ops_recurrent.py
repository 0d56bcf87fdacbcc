"""One layer of RNN, LSTM and GRU over a whole sequence, forward and backward in time as single ops.

Shapes: x (T, B, I), h and c (B, H), w_ih (G·H, I), w_hh (G·H, H), biases (G·H) or None; G = 1, 4, 3 gates.
Each returns the outputs (T, B, H) and the last state.
"""

import numpy as np

from .ops_elementwise import sigmoid_array
from .primitive import Primitive


def _projected(x, w_ih, b_ih):
    """W_ih x + b_ih for all steps at once: (T, B, G·H)."""
    out = x.reshape(-1, x.shape[-1]) @ w_ih.T
    if b_ih is not None:
        out += b_ih
    return out.reshape(*x.shape[:2], -1)


def _weights_back(x, before, d_in, d_hidden):
    """Gradients of x, w_ih, w_hh, b_ih, b_hh from those of the two pre-activations (T, B, G·H)."""
    flat_in = d_in.reshape(-1, d_in.shape[-1])
    flat_hidden = d_hidden.reshape(-1, d_hidden.shape[-1])
    return (flat_in.T @ x.reshape(-1, x.shape[-1]), flat_hidden.T @ before.reshape(-1, before.shape[-1]),
            flat_in.sum(0), flat_hidden.sum(0))


def _before(outputs, h):
    """The state each step started from."""
    return np.concatenate([h[None], outputs[:-1]])


# --- tanh / relu RNN -----------------------------------------------------------------------------------


def _rnn(x, h, w_ih, w_hh, b_ih, b_hh, relu):
    pre = _projected(x, w_ih, b_ih)
    if b_hh is not None:
        pre += b_hh
    out = np.empty_like(pre)
    for t in range(len(x)):
        a = pre[t] + h @ w_hh.T
        h = out[t] = np.maximum(a, 0) if relu else np.tanh(a)
    return out, h.copy()


def _rnn_back(grad, result, x, h, w_ih, w_hh, relu):
    out = result[0]
    d_out, d_h = grad
    d_a = np.empty_like(out)
    slope = (out > 0).astype(out.dtype) if relu else 1 - out * out
    for t in range(len(x) - 1, -1, -1):
        d_a[t] = (d_out[t] + d_h) * slope[t]
        d_h = d_a[t] @ w_hh
    return (d_a @ w_ih, d_h, *_weights_back(x, _before(out, h), d_a, d_a))


RNN_LAYER = Primitive("rnn_layer", _rnn, "x h w_ih w_hh b_ih b_hh relu", outputs=True, joint=_rnn_back,
                      inputs="x h w_ih w_hh b_ih b_hh", label="StackBackward0")


# --- LSTM ----------------------------------------------------------------------------------------------


def _lstm_steps(x, h, c, w_ih, w_hh, b_ih, b_hh):
    """All gates (T, B, 4H) after their nonlinearity, all cells and all outputs."""
    pre = _projected(x, w_ih, b_ih)
    if b_hh is not None:
        pre += b_hh
    n = h.shape[-1]
    cells = np.empty((len(x), *c.shape), pre.dtype)
    out = np.empty_like(cells)
    for t in range(len(x)):
        a = pre[t]
        a += h @ w_hh.T
        a[:, :2 * n] = sigmoid_array(a[:, :2 * n])
        a[:, 2 * n:3 * n] = np.tanh(a[:, 2 * n:3 * n])
        a[:, 3 * n:] = sigmoid_array(a[:, 3 * n:])
        c = cells[t] = a[:, n:2 * n] * c + a[:, :n] * a[:, 2 * n:3 * n]
        h = out[t] = a[:, 3 * n:] * np.tanh(c)
    return pre, cells, out


def _lstm(x, h, c, w_ih, w_hh, b_ih, b_hh):
    _, cells, out = _lstm_steps(x, h, c, w_ih, w_hh, b_ih, b_hh)
    return (out, out[-1].copy(), cells[-1].copy()) if len(x) else (out, h.copy(), c.copy())


def _lstm_back(grad, x, h, c, w_ih, w_hh, b_ih, b_hh):
    # the gates are computed again: keeping them would cost four times the memory of the outputs
    gates, cells, out = _lstm_steps(x, h, c, w_ih, w_hh, b_ih, b_hh)
    d_out, d_h, d_c = grad
    n = h.shape[-1]
    d_a = np.empty_like(gates)
    for t in range(len(x) - 1, -1, -1):
        i, f, g, o = (gates[t, :, k * n:(k + 1) * n] for k in range(4))
        squashed = np.tanh(cells[t])
        d_h = d_out[t] + d_h
        d_c = d_c + d_h * o * (1 - squashed * squashed)
        previous = cells[t - 1] if t else c
        d_a[t, :, :n] = d_c * g * i * (1 - i)
        d_a[t, :, n:2 * n] = d_c * previous * f * (1 - f)
        d_a[t, :, 2 * n:3 * n] = d_c * i * (1 - g * g)
        d_a[t, :, 3 * n:] = d_h * squashed * o * (1 - o)
        d_h, d_c = d_a[t] @ w_hh, d_c * f
    return (d_a @ w_ih, d_h, d_c, *_weights_back(x, _before(out, h), d_a, d_a))


LSTM_LAYER = Primitive("lstm_layer", _lstm, "x h c w_ih w_hh b_ih b_hh", outputs=True, joint=_lstm_back,
                       inputs="x h c w_ih w_hh b_ih b_hh", label="StackBackward0")


# --- GRU -----------------------------------------------------------------------------------------------


def _gru_steps(x, h, w_ih, w_hh, b_ih, b_hh):
    """r, z, n and the hidden part of n (before r) for all steps, and all outputs."""
    pre = _projected(x, w_ih, b_ih)
    n = h.shape[-1]
    gates = np.empty((len(x), h.shape[0], 4 * n), pre.dtype)
    out = np.empty((len(x), *h.shape), pre.dtype)
    for t in range(len(x)):
        hidden = h @ w_hh.T
        if b_hh is not None:
            hidden += b_hh
        rz = sigmoid_array(pre[t, :, :2 * n] + hidden[:, :2 * n])
        inner = hidden[:, 2 * n:]
        new = np.tanh(pre[t, :, 2 * n:] + rz[:, :n] * inner)
        gates[t] = np.concatenate([rz, new, inner], -1)
        z = rz[:, n:]
        h = out[t] = (1 - z) * new + z * h
    return gates, out


def _gru(x, h, w_ih, w_hh, b_ih, b_hh):
    _, out = _gru_steps(x, h, w_ih, w_hh, b_ih, b_hh)
    return out, (out[-1] if len(x) else h).copy()


def _gru_back(grad, x, h, w_ih, w_hh, b_ih, b_hh):
    gates, out = _gru_steps(x, h, w_ih, w_hh, b_ih, b_hh)
    d_out, d_h = grad
    n = h.shape[-1]
    before = _before(out, h)
    d_in = np.empty((len(x), h.shape[0], 3 * n), out.dtype)
    d_hidden = np.empty_like(d_in)
    for t in range(len(x) - 1, -1, -1):
        r, z, new, inner = (gates[t, :, k * n:(k + 1) * n] for k in range(4))
        d_h = d_out[t] + d_h
        d_new = d_h * (1 - z) * (1 - new * new)
        d_in[t, :, :n] = d_new * inner * r * (1 - r)
        d_in[t, :, n:2 * n] = d_h * (before[t] - new) * z * (1 - z)
        d_in[t, :, 2 * n:] = d_new
        d_hidden[t, :, :2 * n] = d_in[t, :, :2 * n]
        d_hidden[t, :, 2 * n:] = d_new * r
        d_h = d_h * z + d_hidden[t] @ w_hh
    return (d_in @ w_ih, d_h, *_weights_back(x, before, d_in, d_hidden))


GRU_LAYER = Primitive("gru_layer", _gru, "x h w_ih w_hh b_ih b_hh", outputs=True, joint=_gru_back,
                      inputs="x h w_ih w_hh b_ih b_hh", label="StackBackward0")
