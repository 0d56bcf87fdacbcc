"""no_grad, enable_grad, set_grad_enabled and inference_mode, as context managers and decorators."""

from functools import wraps

from .graph import Mode


class Switch:
    """Sets the modes on entry, restores them on exit; decorates functions, generator functions and classes not."""

    def __enter__(self):
        self.before = (*getattr(self, "before", ()), (Mode.grad, Mode.inference))
        self.turn()

    def __exit__(self, *exc) -> None:
        *rest, (Mode.grad, Mode.inference) = self.before
        self.before = tuple(rest)

    def turn(self) -> None:
        raise NotImplementedError

    def clone(self):
        return type(self)()

    def __call__(self, fn):
        if fn.__code__.co_flags & 0x20 if hasattr(fn, "__code__") else False:
            @wraps(fn)
            def steps(*args, **kwargs):
                made = fn(*args, **kwargs)
                try:
                    with self.clone():
                        value = next(made)
                    while True:
                        try:
                            sent = yield value
                        except GeneratorExit:
                            with self.clone():
                                made.close()
                            raise
                        except BaseException as error:
                            with self.clone():
                                value = made.throw(error)
                        else:
                            with self.clone():
                                value = made.send(sent)
                except StopIteration as stop:
                    return stop.value

            return steps

        @wraps(fn)
        def inside(*args, **kwargs):
            with self.clone():
                return fn(*args, **kwargs)

        return inside


class FunctionOrSwitch(Switch):
    """Also decorates without parentheses: `@torch.no_grad`."""

    def __new__(cls, fn=None):
        made = object.__new__(cls)
        if fn is None:
            return made
        made.__init__()
        return made(fn)


class no_grad(FunctionOrSwitch):  # noqa: N801
    """Record nothing: results do not require grad."""

    def turn(self) -> None:
        Mode.grad = False


class enable_grad(FunctionOrSwitch):  # noqa: N801
    """Record again inside a `no_grad`."""

    def turn(self) -> None:
        Mode.grad = True


class set_grad_enabled(Switch):  # noqa: N801
    """Switch recording on or off, at once and as a context manager."""

    def __init__(self, mode: bool):
        self.mode = bool(mode)
        self.before = ((Mode.grad, Mode.inference),)
        Mode.grad = self.mode

    def __enter__(self):
        self.turn()

    def turn(self) -> None:
        Mode.grad = self.mode

    def clone(self):
        return _Scoped(self.mode)

    def __call__(self, fn):
        *_, (Mode.grad, Mode.inference) = self.before
        return super().__call__(fn)


class _Scoped(Switch):
    def __init__(self, mode: bool):
        self.mode = mode

    def turn(self) -> None:
        Mode.grad = self.mode


class inference_mode(Switch):  # noqa: N801
    """Like no_grad; its tensors can never be recorded later."""

    def __new__(cls, mode=True):
        made = object.__new__(cls)
        if isinstance(mode, bool):
            return made
        made.__init__()
        return made(mode)

    def __init__(self, mode: bool = True):
        self.mode = mode

    def turn(self) -> None:
        Mode.inference = self.mode
        Mode.grad = not self.mode and Mode.grad if self.mode else True

    def clone(self):
        return inference_mode(self.mode)


def is_grad_enabled() -> bool:
    return Mode.grad


def is_inference_mode_enabled() -> bool:
    return Mode.inference


for _class in (no_grad, enable_grad, set_grad_enabled, inference_mode):
    _class.__module__ = "torch.autograd.grad_mode"
