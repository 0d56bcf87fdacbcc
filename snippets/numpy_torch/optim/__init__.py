"""torch.optim. Each family of optimizers is a file, imported on first use."""

from ..absent import module_attribute
from .optimizer import Optimizer

__all__ = ["Optimizer"]

# file below optim/ → the classes it holds; a file that is not there yet means its classes are not in the page
FILES = {"sgd": "SGD", "adam": "Adam AdamW", "rmsprop": "RMSprop", "adagrad": "Adagrad",
         "adam_variants": "Adamax NAdam RAdam Adadelta"}
LAZY = {
    **{name: f"optim.{file}:" for file, names in FILES.items() for name in names.split()},
    "lr_scheduler": "optim.lr_scheduler", "optimizer": "optim.optimizer", "swa_utils": "optim.swa_utils",
}


def __getattr__(name: str):
    return module_attribute(__name__, name, LAZY)


def __dir__():
    return sorted({*LAZY, *__all__})
