"""What is not here: NotImplementedError for names PyTorch has, AttributeError for names it has not."""


def spelling(module: str) -> str:
    """The reader's name of one of our modules: snippets.numpy_torch.nn → torch.nn."""
    return "torch" + module.removeprefix(__package__)


def nearest(name: str, known) -> str:
    """A hint naming up to three supported names that look like `name`, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(n for n in known if not n.startswith("_")), n=3, cutoff=0.7)
    return f"; nearest in the page: {', '.join(close)}" if close else ""


def refuse(call: str, instead: str = "") -> NotImplementedError:
    """The error for a call that PyTorch has and the page has not."""
    return NotImplementedError(f"{call} is not in the page{'; ' + instead if instead else ''}")


def supported(where, lazy: dict, names: str) -> list[str]:
    """Which of PyTorch's names of a class or module are here; those of a lazy file only if the file is."""
    from importlib.util import find_spec

    there: dict[str, bool] = {}
    for path in lazy.values():
        if path not in there:
            there[path] = find_spec(f"{__package__}.{path.rstrip(':')}") is not None
    known = set(names.split())
    return [name for name in dir(where) if name in known and there.get(lazy.get(name, ""), True)]


def elsewhere(name: str) -> str:
    """A hint naming the module that has a function torch.<name> under the same name, or nothing."""
    from importlib import import_module

    for module in ("nn.functional", "linalg", "special"):
        try:
            getattr(import_module(f"{__package__}.{module}"), name)
        except (NotImplementedError, AttributeError):
            continue
        return f"; torch.{module}.{name}"
    return ""


def missing_attribute(owner: str, name: str, where, lazy: dict | None = None) -> Exception:
    """What to raise for `owner.name`, an attribute of a class or module that is not here."""
    if not (name.startswith("__") and name.endswith("__")):
        from .torch_names import NAMES

        if name in NAMES.get(owner, "").split():
            call = name if owner == "torch" else f"{owner}.{name}"
            call = call if call.startswith("torch") else f"torch.{call}"
            hint = elsewhere(name) if owner == "torch" else ""
            return NotImplementedError(f"{call} is not in the page"
                                       f"{hint or nearest(name, supported(where, lazy or {}, NAMES[owner]))}")
    if owner == "Tensor":
        shown = where.__name__ if isinstance(where, type) else type(where).__name__
        kind = "type object " if isinstance(where, type) else ""
        return AttributeError(f"{kind}'{shown}' object has no attribute '{name}'" if not kind
                              else f"type object '{shown}' has no attribute '{name}'", name=name, obj=where)
    return AttributeError(f"module '{owner}' has no attribute '{name}'", name=name, obj=where)


def module_attribute(module: str, name: str, lazy: dict):
    """Module-level `__getattr__`: import on first use what `lazy` maps to a file, refuse the rest.

    Args:
        module: the asking module's `__name__`.
        lazy: name → path below this package: a module ("nn.init"), or "file:" and the name in it is taken.
    """
    import importlib
    import sys

    if name in lazy:
        path = lazy[name]
        wanted = f"{__package__}.{path.rstrip(':')}"
        try:
            found = importlib.import_module(wanted)
        except ModuleNotFoundError as error:
            if error.name != wanted and not wanted.startswith(f"{error.name}."):
                raise
            raise missing_attribute(spelling(module), name, sys.modules[module], lazy) from None
        if path.endswith(":"):
            if name not in vars(found):
                raise missing_attribute(spelling(module), name, sys.modules[module], lazy)
            found = vars(found)[name]
        setattr(sys.modules[module], name, found)
        return found
    raise missing_attribute(spelling(module), name, sys.modules[module], lazy)
