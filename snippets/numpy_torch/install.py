"""`install()`: make `import torch` and everything below it resolve to this package."""

import importlib
import sys
from importlib.machinery import ModuleSpec


class _Alias:
    """Finds torch.x.y as snippets.numpy_torch.x.y: one module object under two names."""

    def find_spec(self, name: str, path=None, target=None):
        if not name.startswith("torch."):
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        own = __package__ + spec.name.removeprefix("torch")
        try:
            module = importlib.import_module(own)
        except ModuleNotFoundError as error:
            if error.name is None or not own.startswith(error.name):
                raise
            from .absent import refuse
            from .torch_names import NAMES

            above, _, own_name = spec.name.rpartition(".")
            if spec.name in NAMES or own_name in NAMES.get(above, "").split():
                raise refuse(f"import {spec.name}") from None
            raise ModuleNotFoundError(f"No module named '{spec.name}'", name=spec.name) from None
        spec.loader_state = (module.__spec__, module.__loader__)
        return module

    def exec_module(self, module) -> None:
        # importing under the second name must leave the module as the first import made it
        alias = module.__spec__
        if alias.loader_state:
            module.__spec__, module.__loader__ = alias.loader_state


def install():
    """Register this package as `torch`. Raises RuntimeError if the real PyTorch is already imported."""
    package = sys.modules[__package__]
    present = sys.modules.get("torch")
    if present is package:
        return package
    if present is not None:
        raise RuntimeError(
            "numpy_torch cannot be installed as torch: the real PyTorch is already imported in this process; "
            "use it, or call install() before the first `import torch`"
        )
    sys.modules["torch"] = package
    sys.meta_path.insert(0, _Alias())
    return package
