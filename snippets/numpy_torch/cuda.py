"""torch.cuda: there is none."""


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


def manual_seed_all(seed: int) -> None:
    """Nothing to seed."""


def empty_cache() -> None:
    """Nothing to empty."""


def is_initialized() -> bool:
    return False


def synchronize(device=None) -> None:
    raise AssertionError("Torch not compiled with CUDA enabled")


def __getattr__(name: str):
    from .absent import module_attribute

    return module_attribute(__name__, name, {})
