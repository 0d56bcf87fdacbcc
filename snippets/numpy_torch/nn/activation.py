"""The nonlinearities as modules."""

from .. import ops_create as create
from . import f_activation as F
from .module import Module
from .parameter import Parameter


def plain(name: str, fn, *parameters: tuple) -> type:
    """A module without weights: attributes (name, default) that are passed to `fn` and shown by repr.

    Each of `parameters` is (name, default) or (name, default, how repr shows it).
    """
    names = [p[0] for p in parameters]

    def __init__(self, *args, **kwargs):  # noqa: N807
        Module.__init__(self)
        if len(args) > len(names):
            raise TypeError(f"{name}.__init__() takes from 1 to {len(names) + 1} positional arguments but "
                            f"{len(args) + 1} were given")
        given = dict(zip(names, args, strict=False))
        for key, value in kwargs.items():
            if key not in names:
                raise TypeError(f"{name}.__init__() got an unexpected keyword argument '{key}'")
            if key in given:
                raise TypeError(f"{name}.__init__() got multiple values for argument '{key}'")
            given[key] = value
        for p in parameters:
            setattr(self, p[0], given.get(p[0], p[1]))

    def forward(self, input):
        return fn(input, **{n: getattr(self, n) for n in names})

    def extra_repr(self) -> str:
        shown = []
        for p in parameters:
            value = getattr(self, p[0])
            if p[0] == "inplace":
                if value:
                    shown.append("inplace=True")
            elif len(p) < 3:
                shown.append(f"{p[0]}={value!r}")
            elif p[2] is not None:
                shown.append(p[2].format(value))
        return ", ".join(shown)

    return type(name, (Module,), {"__init__": __init__, "forward": forward, "extra_repr": extra_repr,
                                  "__module__": "torch.nn.modules.activation", "__doc__": fn.__doc__})


INPLACE = ("inplace", False)
Tanh = plain("Tanh", F.tanh)
Sigmoid = plain("Sigmoid", F.sigmoid)
Tanhshrink = plain("Tanhshrink", F.tanhshrink)
Softsign = plain("Softsign", F.softsign)
LogSigmoid = plain("LogSigmoid", F.logsigmoid)
ReLU = plain("ReLU", F.relu, INPLACE)
SiLU = plain("SiLU", F.silu, INPLACE)
Mish = plain("Mish", F.mish, INPLACE)
SELU = plain("SELU", F.selu, INPLACE)
Hardsigmoid = plain("Hardsigmoid", F.hardsigmoid, INPLACE)
Hardswish = plain("Hardswish", F.hardswish, INPLACE)
ELU = plain("ELU", F.elu, ("alpha", 1.0), INPLACE)
CELU = plain("CELU", F.celu, ("alpha", 1.0), INPLACE)
LeakyReLU = plain("LeakyReLU", F.leaky_relu, ("negative_slope", 0.01), INPLACE)
GELU = plain("GELU", F.gelu, ("approximate", "none"))
GLU = plain("GLU", F.glu, ("dim", -1))
Softplus = plain("Softplus", F.softplus, ("beta", 1.0), ("threshold", 20.0))
Softmax = plain("Softmax", F.softmax, ("dim", None))
LogSoftmax = plain("LogSoftmax", F.log_softmax, ("dim", None))
Softmin = plain("Softmin", F.softmin, ("dim", None))
Hardtanh = plain("Hardtanh", F.hardtanh, ("min_val", -1.0), ("max_val", 1.0), INPLACE)


class ReLU6(Hardtanh):
    """min(max(0, x), 6)."""

    def __init__(self, inplace: bool = False):
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def forward(self, input):
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3)


class PReLU(Module):
    """Leaky ReLU with a learned slope, one or one for each channel."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(create.full((num_parameters,), float(init), dtype=dtype))

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
