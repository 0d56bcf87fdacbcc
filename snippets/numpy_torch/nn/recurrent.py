"""RNN, LSTM, GRU and their cells."""

import math

from .. import ops_create as create
from ..absent import refuse
from ..ops_linear import linear
from ..ops_recurrent import GRU_LAYER, LSTM_LAYER, RNN_LAYER
from ..ops_shape import cat, stack
from ..primitive import relabel
from . import init
from .functional import dropout
from .module import Module
from .parameter import Parameter

GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def _uniform(module: Module, hidden_size: int) -> None:
    bound = 1.0 / math.sqrt(hidden_size) if hidden_size > 0 else 0
    for weight in module.parameters():
        init.uniform_(weight, -bound, bound)


class RNNBase(Module):
    """Weights, layers and directions of the recurrent modules.

    Input (T, B, I), (B, T, I) with batch_first, or (T, I); states (layers · directions, B, H) or without B.
    """

    def __init__(self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0,
                 device=None, dtype=None):
        super().__init__()
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed")
        if not isinstance(hidden_size, int):
            raise TypeError(f"hidden_size should be of type int, got: {type(hidden_size).__name__}")
        if hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if proj_size:
            raise refuse("proj_size of a recurrent module", "a torch.nn.Linear after it")
        if dropout > 0 and num_layers == 1:
            import warnings

            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}", stacklevel=2)
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, 0
        width = GATES[mode] * hidden_size
        self._suffixes = [f"_l{layer}{direction}" for layer in range(num_layers)
                          for direction in (("", "_reverse") if bidirectional else ("",))]
        for position, suffix in enumerate(self._suffixes):
            layer = position // self.directions
            own = input_size if layer == 0 else hidden_size * self.directions
            for name, shape in (("weight_ih", (width, own)), ("weight_hh", (width, hidden_size)),
                                ("bias_ih", (width,)), ("bias_hh", (width,))):
                if bias or name.startswith("weight"):
                    setattr(self, name + suffix, Parameter(create.empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    def reset_parameters(self) -> None:
        """Uniform in ±1/√hidden_size."""
        _uniform(self, self.hidden_size)

    def flatten_parameters(self) -> None:
        """There is nothing to do outside a GPU."""

    @property
    def all_weights(self) -> list:
        return [list(self._weights(suffix)[:4 if self.bias else 2]) for suffix in self._suffixes]

    def _weights(self, suffix: str) -> tuple:
        own = self._parameters
        return (own["weight_ih" + suffix], own["weight_hh" + suffix], own.get("bias_ih" + suffix),
                own.get("bias_hh" + suffix))

    def _layer(self, x, states: tuple, suffix: str) -> tuple:
        """One direction of one layer: outputs and the last state(s)."""
        w_ih, w_hh, b_ih, b_hh = self._weights(suffix)
        if self.mode == "LSTM":
            return LSTM_LAYER(x, *states, w_ih, w_hh, b_ih, b_hh, [])
        if self.mode == "GRU":
            return GRU_LAYER(x, *states, w_ih, w_hh, b_ih, b_hh, [])
        return RNN_LAYER(x, *states, w_ih, w_hh, b_ih, b_hh, self.mode == "RNN_RELU")

    def _run(self, x, states: tuple) -> tuple:
        """x (T, B, I); states: tuple of (layers · directions, B, H)."""
        last = [[] for _ in states]
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(self.directions):
                position = layer * self.directions + direction
                source = x.flip(0) if direction else x
                out, *ends = self._layer(source, tuple([s[position] for s in states]), self._suffixes[position])
                outputs.append(out.flip(0) if direction else out)
                for kept, end in zip(last, ends, strict=True):
                    kept.append(end)
            x = outputs[0] if len(outputs) == 1 else cat(outputs, -1)
            if self.dropout and layer < self.num_layers - 1:
                x = dropout(x, self.dropout, self.training)
        return (x, *[stack(kept) for kept in last])

    def _prepare(self, input, states):
        if type(input).__name__ == "PackedSequence":
            raise refuse("PackedSequence input", "a padded batch and a mask")
        if input.dim() not in (2, 3):
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D instead")
        batched = input.dim() == 3
        if input.size(-1) != self.input_size:
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                               f"{input.size(-1)}")
        x = input if batched else input.unsqueeze(1)
        if batched and self.batch_first:
            x = x.transpose(0, 1)
        shape = (self.num_layers * self.directions, x.size(1), self.hidden_size)
        count = 2 if self.mode == "LSTM" else 1
        if states is None:
            return x, tuple([create.zeros(*shape, dtype=input.dtype) for _ in range(count)]), batched
        given = states if self.mode == "LSTM" else (states,)
        checked = []
        for state in given:
            if state.dim() != (3 if batched else 2):
                raise RuntimeError(
                    f"For {'batched 3-D' if batched else 'unbatched 2-D'} input, hx should also be "
                    f"{'3-D' if batched else '2-D'} but got {state.dim()}-D tensor")
            state = state if batched else state.unsqueeze(1)
            if tuple(state.shape) != shape:
                what = "hidden[0]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(f"Expected {what} size {shape}, got {list(state.shape)}")
            checked.append(state)
        return x, tuple(checked), batched

    def forward(self, input, hx=None):
        x, states, batched = self._prepare(input, hx)
        out, *ends = self._run(x, states)
        if not batched:
            out, ends = out.squeeze(1), [e.squeeze(1) for e in ends]
        elif self.batch_first:
            out = relabel(out.transpose(0, 1), "TransposeBackward0")
        return out, (tuple(ends) if self.mode == "LSTM" else ends[0])

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0),
                            ("bidirectional", False)):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text


class RNN(RNNBase):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), or relu."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh",
                 bias: bool = True, batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
                 device=None, dtype=None):
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__("RNN_" + nonlinearity.upper(), input_size, hidden_size, num_layers, bias, batch_first,
                         dropout, bidirectional, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Gates in the order input, forget, cell, output."""

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)


class GRU(RNNBase):
    """Gates in the order reset, update, new; the reset gate acts after the hidden product."""

    def __init__(self, *args, **kwargs):
        super().__init__("GRU", *args, **kwargs)


class Cell(Module):
    """One step: input (B, I) or (I), state (B, H) or (H)."""

    gates = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device=None, dtype=None):
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        width = self.gates * hidden_size
        self.weight_ih = Parameter(create.empty((width, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(create.empty((width, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            if bias:
                setattr(self, name, Parameter(create.empty(width, device=device, dtype=dtype)))
            else:
                self.register_parameter(name, None)
        _uniform(self, hidden_size)

    def reset_parameters(self) -> None:
        _uniform(self, self.hidden_size)

    def _state(self, input, state):
        if input.dim() not in (1, 2):
            raise ValueError(f"{type(self).__name__}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        if state is None:
            return create.zeros(*input.shape[:-1], self.hidden_size, dtype=input.dtype)
        if state.dim() not in (1, 2):
            raise ValueError(f"{type(self).__name__}: Expected hidden to be 1D or 2D, got {state.dim()}D instead")
        return state

    def _products(self, input, h):
        return linear(input, self.weight_ih, self.bias_ih), linear(h, self.weight_hh, self.bias_hh)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if not self.bias:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text


class RNNCell(Cell):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh",
                 device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        from_input, from_hidden = self._products(input, self._state(input, hx))
        if self.nonlinearity == "tanh":
            return (from_input + from_hidden).tanh()
        if self.nonlinearity == "relu":
            return (from_input + from_hidden).relu()
        raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")


class LSTMCell(Cell):
    """Returns (h', c')."""

    gates = 4

    def forward(self, input, hx=None):
        h, c = (None, None) if hx is None else hx
        h, c = self._state(input, h), self._state(input, c)
        from_input, from_hidden = self._products(input, h)
        i, f, g, o = (from_input + from_hidden).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class GRUCell(Cell):
    """h' = (1 − z) n + z h."""

    gates = 3

    def forward(self, input, hx=None):
        h = self._state(input, hx)
        from_input, from_hidden = self._products(input, h)
        (ri, zi, ni), (rh, zh, nh) = from_input.chunk(3, -1), from_hidden.chunk(3, -1)
        r, z = (ri + rh).sigmoid(), (zi + zh).sigmoid()
        n = (ni + r * nh).tanh()
        return (h - n) * z + n
