"""Padding layers: `padding` is one number, or (before, after) of each dimension, the last one first."""

from .f_vision import pad
from .module import Module


class Padding(Module):
    """Copies elements of the input around its last n dimensions."""

    n, mode = 1, "constant"

    def __init__(self, padding):
        super().__init__()
        self.padding = tuple(padding) if isinstance(padding, tuple | list) else (padding,) * (2 * self.n)

    def forward(self, input):
        if self.mode == "circular" and input.dim() not in (self.n + 1, self.n + 2):
            raise ValueError(f"expected {self.n + 1}D or {self.n + 2}D input (got {input.dim()}D input)")
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPadding(Padding):
    """Puts `value` around the last n dimensions."""

    def __init__(self, padding, value: float):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        return pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ZeroPadding(ConstantPadding):
    """Puts zeros around the last n dimensions."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


for _name, _base, _mode in (("ReflectionPad", Padding, "reflect"), ("ReplicationPad", Padding, "replicate"),
                            ("CircularPad", Padding, "circular"), ("ConstantPad", ConstantPadding, "constant"),
                            ("ZeroPad", ZeroPadding, "constant")):
    for _n in (1, 2, 3):
        _full = f"{_name}{_n}d"
        globals()[_full] = type(_full, (_base,), {"n": _n, "mode": _mode, "__module__": __name__,
                                                  "__doc__": _base.__doc__})
