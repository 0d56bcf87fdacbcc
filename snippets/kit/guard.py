"""What a reader's code may not change for good: Python itself, the library, torch, the kit and the other pages' code.

One interpreter serves every figure and cell. A cell may rebind `builtins.print`, empty `sys.modules` or patch a
method of a tensor; `Guard` remembers what was there before the run and puts it back after it. It looks names up in
builtins of its own, so that it works whatever became of the real ones.
"""

import builtins
import sys
from collections.abc import Callable
from itertools import compress
from operator import is_
from types import FunctionType, ModuleType

__builtins__ = dict(vars(builtins))  # functions take theirs from here when they are defined

OWN = ("snippets.kit", "snippets.numpy_torch")
WHOLE = ("builtins", "sys", *OWN)  # of other modules, what is plain data may be a cache or a setting
PRINTING = "snippets.numpy_torch.printing"  # how tensors are printed is the reader's to choose
SETTING = (type(None), bool, int, list, dict, set)
PASSING = ("stdout", "stderr", "last_exc", "last_type", "last_value", "last_traceback")  # of `sys`, set by every run
LISTS = ("path", "meta_path", "path_hooks")
HEAP_TYPE, IMMUTABLE_TYPE = 1 << 9, 1 << 8
NOTHING = object()


class Guard:
    """Remembers shared state, and puts it back.

    Args:
        of_page: whether a module, by its full name, is the code of a page.
        by_reader: whether a file name is one that a reader's text was compiled under.
    """

    def __init__(self, of_page: Callable[[str], bool], by_reader: Callable[[str], bool]) -> None:
        self._of_page = of_page
        self._by_reader = by_reader
        self._modules = sys.modules
        self._limit = sys.getrecursionlimit()
        self._shared: dict[int, _Space] = {}
        self._pages: list[_Space] = []
        self._kept: list[tuple[str, object, object]] = []
        self._functions: dict[int, tuple] = {}
        self._loaded: dict[str, object] = {}

    def leave(self) -> None:
        """The run is over: the pages' modules may be loaded, edited and swapped again."""
        self._pages = []
        self._loaded = {name: module for name, module in self._loaded.items() if not self._of_page(name)}

    @property
    def looked(self) -> bool:
        """Whether there is anything to put back to."""
        return bool(self._loaded)

    def know(self, edited: str = "") -> None:
        """Find the modules and classes that are shared, and are not known yet."""
        for name, module in list(self._modules.items()):
            known = id(module) in self._shared or self._of_page(name) or name in (edited, "__main__")
            if not known and isinstance(module, ModuleType):
                for space in self._spaces(name, module):
                    self._shared.setdefault(id(space.owner), space)

    def look(self, edited: str) -> None:
        """Remember everything before a run; only `edited`, the module whose cell is run, is left to the reader."""
        self.know(edited)
        self._loaded = dict(self._modules)
        self._pages, self._kept = [], []
        for name, module in self._loaded.items():
            if isinstance(module, ModuleType) and self._of_page(name) and name != edited:
                self._pages += self._spaces(name, module)
        for space in (*self._shared.values(), *self._pages):
            if not space.before:
                space.take()
        for name in LISTS:
            value = getattr(sys, name)
            self._kept.append((f"sys.{name}", value, value[:]))
        for space in self._shared.values():
            if space.own:
                space.renew()
                self._kept += space.containers()

    def mend(self) -> list[str]:
        """Put back what has changed since the last look; returns the names of what had."""
        sys.settrace(None)
        sys.setprofile(None)
        changed = []
        if sys.getrecursionlimit() != self._limit:
            sys.setrecursionlimit(self._limit)
            changed.append("sys.setrecursionlimit")
        for name, module in self._loaded.items():
            if self._modules.get(name, NOTHING) is not module:
                self._modules[name] = module
                changed.append(f"sys.modules['{name}']")
        for label, value, before in self._kept:
            if _changed(label, value, before):
                value.clear()
                value.extend(before) if isinstance(value, list) else value.update(before)
                changed.append(label)
        for space in (*self._shared.values(), *self._pages):
            changed += space.mend(self._by_reader)
        for label, function, code, defaults, keywords in self._functions.values():
            if function.__code__ is not code or function.__defaults__ is not defaults:
                function.__code__, function.__defaults__ = code, defaults
                changed.append(label)
            if function.__kwdefaults__ is not keywords:
                function.__kwdefaults__ = keywords
                changed.append(label)
        return changed

    def _spaces(self, name: str, module: ModuleType) -> list["_Space"]:
        """A module, and the classes that its package defines and that are not known yet."""
        own = name.startswith(OWN)
        spaces = [_Space(name, module, own=own, whole=name.startswith(WHOLE))]
        names = dict(vars(module))
        kinds = list(map(type, names.values()))
        metaclasses = {kind for kind in set(kinds) if issubclass(kind, type)}
        for key in compress(names, map(metaclasses.__contains__, kinds)):
            value = names[key]
            if id(value) not in self._shared and _can_change(value) and _defined_in(name, value):
                spaces.append(_Space(f"{name}.{key}", value, own=own, whole=own and name != PRINTING))
        if own:
            for space in spaces:
                self._remember_functions(space)
        return spaces

    def _remember_functions(self, space: "_Space") -> None:
        for key, value in space.names.items():
            if type(value) is FunctionType and id(value) not in self._functions:
                saved = value.__code__, value.__defaults__, value.__kwdefaults__
                self._functions[id(value)] = f"{space.label}.{key}", value, *saved


class _Space:
    """The names of a module or class, as they were when they were taken."""

    __slots__ = ("before", "label", "names", "own", "owner", "whole")

    def __init__(self, label: str, owner: object, *, own: bool, whole: bool) -> None:
        self.label = label.replace("snippets.numpy_torch", "torch") if own else label
        self.owner = owner
        self.own = own
        self.whole = whole
        self.names = vars(owner)
        self.before: dict[str, object] = {}

    def take(self) -> None:
        self.before = dict(self.names)
        if self.label == "sys":
            for name in PASSING:
                self.before.pop(name, None)

    def renew(self) -> None:
        """Take in names that were added since: torch and the kit load much of themselves when it is first used."""
        if len(self.names) != len(self.before):
            self.before = {**self.names, **self.before}

    def containers(self) -> list[tuple[str, object, object]]:
        """The lists, dicts and sets under these names, each with a copy."""
        held = ((key, value) for key, value in self.before.items() if not key.startswith("__"))
        return [(f"{self.label}.{key}", value, value.copy()) for key, value in held if type(value) in (list, dict, set)]

    def mend(self, by_reader: Callable[[str], bool]) -> list[str]:
        names, before = self.names, self.before
        if len(names) == len(before) and all(map(is_, names.values(), before.values())):
            return []
        changed = []
        for key, value in before.items():
            if names.get(key, NOTHING) is not value and (self.whole or type(value) not in SETTING):
                self._put(key, value)
                changed.append(f"{self.label}.{key}")
        for key in [key for key in names if key not in before]:
            if self.label == "builtins" or self._hides(key, names[key]) or _written_by_reader(names[key], by_reader):
                self._put(key, NOTHING)
                changed.append(f"{self.label}.{key}")
        return changed

    def _hides(self, key: str, value: object) -> bool:
        """Whether what was added to a class stands before what the class has from another."""
        if not isinstance(self.owner, type) or not key.startswith("__") or not (value is None or callable(value)):
            return False
        return any(key in vars(base) for base in type.mro(self.owner)[1:])

    def _put(self, key: str, value: object) -> None:
        if isinstance(self.owner, type):
            type.__delattr__(self.owner, key) if value is NOTHING else type.__setattr__(self.owner, key, value)
        elif value is NOTHING:
            del self.names[key]
        else:
            self.names[key] = value


def _defined_in(module: str, kind: type) -> bool:
    """Whether a class belongs to a module's package; those of `numpy_torch` say that they are torch's."""
    home = str(vars(kind).get("__module__")).partition(".")[0]
    return home == module.partition(".")[0] or (home == "torch" and module.startswith(OWN))


def _can_change(kind: type) -> bool:
    return bool(kind.__flags__ & HEAP_TYPE) and not kind.__flags__ & IMMUTABLE_TYPE


def _changed(label: str, value: object, before: object) -> bool:
    """Whether a container lost an entry or has another in its place; what was added may be a cache's."""
    if isinstance(value, list):
        same = len(value) >= len(before) and all(map(is_, value, before))
        return not same or (label.startswith("sys.") and len(value) != len(before))
    if isinstance(value, dict):
        return any(value.get(key, NOTHING) is not entry for key, entry in before.items())
    return not before <= value


def _written_by_reader(value: object, by_reader: Callable[[str], bool]) -> bool:
    for _ in range(3):  # a property or class method holds the function
        value = getattr(value, "fget", None) or getattr(value, "__func__", None) or value
    return type(value) is FunctionType and by_reader(value.__code__.co_filename)
