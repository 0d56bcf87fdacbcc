"""torch.nn.modules: the classes of torch.nn under their longer path."""

from ... import nn
from ..module import Module

__all__ = ["Module"]


def __getattr__(name: str):
    return getattr(nn, name)
