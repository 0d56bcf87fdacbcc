"""One layer of RNN, LSTM and GRU over a whole sequence, forward and backward in time as single ops.

Shapes: x (T, B, I), h and c (B, H), w_ih (G·H, I), w_hh (G·H, H), biases (G·H) or None; G = 1, 4, 3 gates.
Each returns the outputs (T, B, H) and the last state, and leaves in the list `kept` what backward asks for.

Backward in time is a loop with a product in it, so whatever does not depend on the gradient is computed for all steps
at once before it, and whatever does not feed the next step after it.
"""

import numpy as np

from .ops_elementwise import sigmoid_array
from .primitive import Primitive
from .products import product


def _projected(x, w_ih, b_ih):
    """W_ih x + b_ih for all steps at once: (T, B, G·H)."""
    out = product(x.reshape(-1, x.shape[-1]), w_ih.T)
    if b_ih is not None:
        out += b_ih
    return out.reshape(*x.shape[:2], -1)


def _weights_back(x, before, d_in, d_hidden, w_ih):
    """Gradients of x, and of w_ih, w_hh, b_ih, b_hh, from those of the two pre-activations (T, B, G·H)."""
    flat_in = d_in.reshape(-1, d_in.shape[-1])
    flat_hidden = d_hidden.reshape(-1, d_hidden.shape[-1])
    return (product(flat_in, w_ih).reshape(x.shape), product(flat_in.T, x.reshape(-1, x.shape[-1])),
            product(flat_hidden.T, before.reshape(-1, before.shape[-1])), flat_in.sum(0), flat_hidden.sum(0))


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
        a = pre[t] + product(h, w_hh.T)
        h = out[t] = np.maximum(a, 0) if relu else np.tanh(a)
    return out, h.copy()


def _rnn_back(grad, result, x, h, w_ih, w_hh, relu):
    out = result[0]
    d_out, d_h = grad
    d_a = np.empty_like(out)
    slope = (out > 0).astype(out.dtype) if relu else 1 - out * out
    for t in range(len(x) - 1, -1, -1):
        d_a[t] = (d_out[t] + d_h) * slope[t]
        d_h = product(d_a[t], w_hh)
    d_x, *rest = _weights_back(x, _before(out, h), d_a, d_a, w_ih)
    return (d_x, d_h, *rest)


RNN_LAYER = Primitive("rnn_layer", _rnn, "x h w_ih w_hh b_ih b_hh relu", outputs=True, joint=_rnn_back,
                      inputs="x h w_ih w_hh b_ih b_hh", label="StackBackward0")


# --- LSTM ----------------------------------------------------------------------------------------------


def _lstm(x, h, c, w_ih, w_hh, b_ih, b_hh, kept):
    gates = _projected(x, w_ih, b_ih)  # (T, B, 4H), each step's through its nonlinearity in place
    if b_hh is not None:
        gates += b_hh
    n = h.shape[-1]
    cells = np.empty((len(x), *c.shape), gates.dtype)
    squashed, out = np.empty_like(cells), np.empty_like(cells)
    kept[:] = gates, cells, squashed, out
    for t in range(len(x)):
        a = gates[t]
        a += product(h, w_hh.T)
        new = np.tanh(a[:, 2 * n:3 * n])
        a[...] = sigmoid_array(a)
        a[:, 2 * n:3 * n] = new
        c = np.multiply(a[:, n:2 * n], c, out=cells[t])
        new *= a[:, :n]
        c += new
        h = np.multiply(a[:, 3 * n:], np.tanh(c, out=squashed[t]), out=out[t])
    return out, h.copy(), c.copy()


def _lstm_back(grad, x, h, c, w_ih, w_hh, kept):
    gates, cells, squashed, out = kept
    d_out, d_h, d_c = grad
    gates = gates.reshape(*out.shape[:2], 4, -1)  # (T, B, 4, H)
    i, f, g, o = (gates[:, :, k] for k in range(4))
    slopes = gates * (1 - gates)  # of each pre-activation, over what its loop variable d_c or d_h is
    slopes[:, :, 2] = i * (1 - g * g)
    for k, factor in ((0, g), (1, _before(cells, c)), (3, squashed)):
        slopes[:, :, k] *= factor
    into_cell = o * (1 - squashed * squashed)
    d_a = np.empty_like(gates)
    for t in range(len(x) - 1, -1, -1):
        d_h = d_out[t] + d_h
        d_c = d_c + d_h * into_cell[t]
        np.multiply(d_c[:, None], slopes[t, :, :3], out=d_a[t, :, :3])
        np.multiply(d_h, slopes[t, :, 3], out=d_a[t, :, 3])
        d_h = product(d_a[t].reshape(len(h), -1), w_hh)
        d_c = d_c * f[t]
    d_a = d_a.reshape(*out.shape[:2], -1)
    d_x, *rest = _weights_back(x, _before(out, h), d_a, d_a, w_ih)
    return (d_x, d_h, d_c, *rest)


LSTM_LAYER = Primitive("lstm_layer", _lstm, "x h c w_ih w_hh b_ih b_hh kept", outputs=True, joint=_lstm_back,
                       inputs="x h c w_ih w_hh b_ih b_hh", label="StackBackward0")


# --- GRU -----------------------------------------------------------------------------------------------


def _gru(x, h, w_ih, w_hh, b_ih, b_hh, kept):
    pre = _projected(x, w_ih, b_ih)
    n = h.shape[-1]
    gates = np.empty((len(x), len(h), 4, n), pre.dtype)  # r, z, n and the hidden part of n (before r)
    out = np.empty((len(x), *h.shape), pre.dtype)
    kept[:] = gates, out
    for t in range(len(x)):
        hidden = product(h, w_hh.T)
        if b_hh is not None:
            hidden += b_hh
        inner = hidden[:, 2 * n:]
        gates[t, :, :2] = sigmoid_array(pre[t, :, :2 * n] + hidden[:, :2 * n]).reshape(len(h), 2, n)
        r, z = gates[t, :, 0], gates[t, :, 1]
        new = np.tanh(pre[t, :, 2 * n:] + r * inner)
        gates[t, :, 2], gates[t, :, 3] = new, inner
        h = out[t] = (1 - z) * new + z * h
    return out, h.copy()


def _gru_back(grad, x, h, w_ih, w_hh, kept):
    gates, out = kept
    d_out, d_h = grad
    before = _before(out, h)
    r, z, new, inner = (gates[:, :, k] for k in range(4))
    slopes = np.empty((*out.shape[:2], 3, out.shape[2]), out.dtype)  # of the hidden product, over d_h
    into_new = (1 - z) * (1 - new * new)
    slopes[:, :, 2] = into_new * r
    slopes[:, :, 0] = slopes[:, :, 2] * inner * (1 - r)
    slopes[:, :, 1] = (before - new) * z * (1 - z)
    d_hidden, d_states = np.empty_like(slopes), np.empty_like(out)
    for t in range(len(x) - 1, -1, -1):
        d_h = np.add(d_out[t], d_h, out=d_states[t])
        np.multiply(d_h[:, None], slopes[t], out=d_hidden[t])
        d_h = d_h * z[t] + product(d_hidden[t].reshape(len(h), -1), w_hh)
    d_in = d_hidden.copy()
    d_in[:, :, 2] = d_states * into_new
    d_x, *rest = _weights_back(x, before, *(d.reshape(*out.shape[:2], -1) for d in (d_in, d_hidden)), w_ih)
    return (d_x, d_h, *rest)


GRU_LAYER = Primitive("gru_layer", _gru, "x h w_ih w_hh b_ih b_hh kept", outputs=True, joint=_gru_back,
                      inputs="x h w_ih w_hh b_ih b_hh", label="StackBackward0")
