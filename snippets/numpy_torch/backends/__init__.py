"""torch.backends: no accelerator; the switches that change nothing on a CPU can be set."""


class Backend:
    """A backend that is not available; attributes set on it are kept."""

    def is_available(self) -> bool:
        return False

    def is_built(self) -> bool:
        return False


cudnn = Backend()
cudnn.deterministic, cudnn.benchmark, cudnn.enabled = False, False, True
mps = Backend()
cuda = Backend()
mkldnn = Backend()
