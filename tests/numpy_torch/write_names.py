"""Write snippets/numpy_torch/torch_names.py: the public names PyTorch has, so that absent and unknown differ.

Run it after an upgrade of PyTorch: `python -m tests.numpy_torch.write_names`.
"""

import importlib
import textwrap
from pathlib import Path

import torch
import torch.onnx  # shows up in dir(torch) only once something has imported it

MODULES = (
    "torch", "torch.amp", "torch.autograd", "torch.autograd.functional", "torch.backends", "torch.cuda",
    "torch.distributions", "torch.fft", "torch.func", "torch.linalg", "torch.nn", "torch.nn.functional",
    "torch.nn.init", "torch.nn.modules", "torch.nn.utils", "torch.nn.utils.parametrizations",
    "torch.nn.utils.parametrize", "torch.nn.utils.rnn", "torch.optim", "torch.optim.lr_scheduler",
    "torch.optim.swa_utils", "torch.random", "torch.special", "torch.testing", "torch.utils", "torch.utils.data",
)
TARGET = Path(__file__).parents[2] / "snippets" / "numpy_torch" / "torch_names.py"


def names() -> dict[str, list[str]]:
    """Public names by module, and those of a tensor under "Tensor"."""
    found = {m: public(importlib.import_module(m)) for m in MODULES}
    found["Tensor"] = sorted({*public(torch.ones(1, requires_grad=True)), *public(torch.Tensor)})
    return found


def public(owner) -> list[str]:
    return sorted([n for n in dir(owner) if not n.startswith("_")])


def text() -> str:
    """The file's content."""
    title = "Public names of PyTorch, written by tests/numpy_torch/write_names.py; imported to word an error."
    lines = [f'"""{title}"""', "", "NAMES = {"]
    for module, members in names().items():
        lines.append(f'    "{module}": (')
        for line in textwrap.wrap(" ".join(members), 96):
            lines.append(f'        "{line} "')
        lines.append("    ),")
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    TARGET.write_text(text())
