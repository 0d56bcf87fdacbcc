"""What a piece of code depends on, read from its source without running it.

The builder asks which modules a figure imports, so that it knows when to draw the figure again; training
asks which definitions a recipe reaches, so that it knows whether committed weights are still what it makes.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import snippets

APART = ("kit", "numpy_torch")  # shared machinery, not part of any page's own code


def module_file(module: str) -> Path | None:
    """Return the source file of ``snippets.<module>``, or ``None`` when there is no such module."""
    relative = module.replace(".", "/")
    for base in snippets.__path__:
        for candidate in (f"{relative}.py", f"{relative}/__init__.py"):
            path = Path(os.fspath(base), candidate)
            if path.is_file():
                return path
    return None


def imported(module: str) -> list[str]:
    """Return the ``snippets`` modules that a module imports itself, anywhere in it, in order of name.

    Names are relative to ``snippets``: ``rnn.model``.
    """
    path = module_file(module)
    return [] if path is None else imported_by(path, module)


def imported_by(path: Path, module: str) -> list[str]:
    """Return the ``snippets`` modules that a file imports when it stands for a module, in order of name."""
    try:
        return sorted(_imports(path, module).modules)
    except SyntaxError:
        return []  # importing the module says what is wrong, where someone can see it


def uses(module: str) -> list[str]:
    """Return a module and every page module it reaches by imports, itself first, the rest by name.

    The kit and ``numpy_torch`` are left out: they are no page's own code.
    """
    reached, waiting = {module}, [module]
    while waiting:
        for name in imported(waiting.pop()):
            if name not in reached and name.split(".")[0] not in APART:
                reached.add(name)
                waiting.append(name)
    return [module, *sorted(reached - {module})]


def recipe_hash(path: Path, name: str) -> str:
    """Return a hash of one top-level definition and of every definition it reaches.

    It follows names within the file and through imports from other page modules; comments, docstrings,
    layout and unrelated definitions do not count. The kit does not count either.

    Raises:
        ValueError: the file defines no such name.
    """
    if name not in _imports(path, _module_of(path)).definitions:
        raise ValueError(f"{path.name} defines no “{name}”")
    digest = hashlib.sha256()
    for part in sorted(_reached(path, name)):
        digest.update(part.encode())
    return digest.hexdigest()[:16]


def _reached(path: Path, name: str) -> set[str]:
    """Return the normalised source of every definition that one definition needs, each with its place."""
    found: dict[tuple[Path, str], str] = {}
    waiting = [(path, name)]
    while waiting:
        at = waiting.pop()
        if at in found:
            continue
        source = _imports(at[0], _module_of(at[0]))
        nodes = source.definitions.get(at[1], [])
        names = {entry.id for node in nodes for entry in ast.walk(node) if isinstance(entry, ast.Name)}
        found[at] = f"{_module_of(at[0])}.{at[1]}:" + "".join(map(_shape, nodes))
        for used in names:
            if used in source.definitions:
                waiting.append((at[0], used))
            elif used in source.names:
                module, member = source.names[used]
                waiting += _members(module, member)
    return set(found.values())


def _members(module: str, member: str | None) -> list[tuple[Path, str]]:
    """Return the definitions that an imported name stands for: one, or all of a module's."""
    whole = f"{module}.{member}" if member else module
    path = module_file(whole)
    if path is not None:
        return [(path, name) for name in _imports(path, whole).definitions]
    path = module_file(module)
    return [] if path is None or member is None else [(path, member)]


class _Source:
    """A parsed file: modules it imports, definitions it holds, and what its imported names stand for."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.names: dict[str, tuple[str, str | None]] = {}
        self.definitions: dict[str, list[ast.stmt]] = {}


def _imports(path: Path, module: str) -> _Source:
    return _parsed(path, module, path.stat().st_mtime_ns)


@cache
def _parsed(path: Path, module: str, changed: int) -> _Source:
    source = _Source()
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=path.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                _note(source, alias.name, None, alias.asname or alias.name.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, module, path)
            for alias in node.names:
                _note(source, origin, alias.name, alias.asname or alias.name)
    for statement in tree.body:
        for name in _defined(statement):
            source.definitions.setdefault(name, []).append(statement)
    return source


def _note(source: _Source, origin: str, member: str | None, bound: str) -> None:
    if origin != "snippets" and not origin.startswith("snippets."):
        return
    inner = origin.removeprefix("snippets").lstrip(".")
    whole = f"{inner}.{member}".lstrip(".") if member else inner
    target = whole if member and module_file(whole) else inner
    if target:
        source.modules.add(target)
    if inner.split(".")[0] not in APART and whole.split(".")[0] not in APART:
        source.names[bound] = (inner, member)


def _absolute(node: ast.ImportFrom, module: str, path: Path) -> str:
    """Return the full name of the module that a ``from … import`` names."""
    if not node.level:
        return node.module or ""
    package = f"snippets.{module}".split(".")
    up = node.level - (1 if path.name == "__init__.py" else 0)
    base = package[: len(package) - up]
    return ".".join([*base, node.module] if node.module else base)


def _module_of(path: Path) -> str:
    for base in snippets.__path__:
        if path.is_relative_to(base):
            relative = path.relative_to(base).with_suffix("")
            parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
            return ".".join(parts)
    return path.stem


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _shape(node: object) -> str:
    """Write a syntax tree so that the same code gives the same text under every Python we run."""
    if isinstance(node, ast.AST):
        parts = []
        for field, value in ast.iter_fields(node):
            if field == "body" and isinstance(value, list) and _is_docstring(value[:1]):
                value = value[1:]
            if value not in (None, []) and field not in ("type_comment", "kind", "ctx"):
                parts.append(f"{field}={_shape(value)}")
        return f"{type(node).__name__}({','.join(parts)})"
    if isinstance(node, list):
        return f"[{','.join(map(_shape, node))}]"
    return repr(node)


def _is_docstring(statements: list) -> bool:
    return bool(
        statements
        and isinstance(statements[0], ast.Expr)
        and isinstance(statements[0].value, ast.Constant)
        and isinstance(statements[0].value.value, str)
    )
