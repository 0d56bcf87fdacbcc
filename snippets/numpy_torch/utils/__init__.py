"""torch.utils: torch.utils.data."""

from ..absent import module_attribute

LAZY = {"data": "utils.data"}


def __getattr__(name: str):
    return module_attribute(__name__, name, LAZY)


def __dir__():
    return sorted(LAZY)
