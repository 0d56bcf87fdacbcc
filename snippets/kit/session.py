"""The Python side of a page in the reader's browser: opens pages, draws figures, runs and resets cells.

One `Session` lives as long as the visit. Every page has its own copies of the modules under ``snippets``, so an
edit made on one page never reaches another. It is plain Python: the page's worker and the tests use it alike.
"""

import ast
import builtins
import contextlib
import importlib
import importlib.machinery
import importlib.util
import io
import json
import linecache
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import snippets
from snippets.kit import percent, sources
from snippets.kit.explain import explain
from snippets.kit.guard import Guard
from snippets.kit.show import Shown

__builtins__ = dict(vars(builtins))  # its own: the reader's code may empty the real ones
MOST_OUTPUT = 200_000  # characters passed on of one run; the page shows them bit by bit
MOST_ANSWER = 20_000_000  # characters of an answer, figures included
PROMPT_WRITES = 100  # so many lines are passed on at once, after that every PAUSE seconds
PAUSE = 0.05
Write = Callable[[str], object]


class CellError(LookupError):
    """A request names a page, figure, module or region that is not there; the message says which."""


class TooLargeError(ValueError):
    """An answer that the page could not take."""


class Session:
    """Pages, their modules and the reader's edits. Whatever a reader's code does to what is shared does not outlast it.

    Args:
        root: the folder that holds the pages' ``snippets``.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.page: str | None = None
        self._active: str | None = None
        self._stored: dict[str, dict[str, ModuleType]] = {}
        self._edits: dict[str, dict[str, str]] = {}
        self._cells: dict[str, tuple[str, str]] = {}
        self._files: dict[Path, tuple[bytes, tuple[int, int]]] = {}
        self._guard = Guard(_of_page, self._cells.__contains__)
        self._changed: list[str] = []
        pages = str(self.root / "snippets")
        if pages not in snippets.__path__:
            snippets.__path__.insert(0, pages)

    def prepare(self) -> None:
        """Do what the first run would wait for and no page has a part in."""
        self._guard.know()

    def handle(self, request: str, write: Write = lambda text: None) -> str:
        """Answer one request of the page: JSON in, JSON out, and never an exception.

        `request` is ``{"do": "open" | "draw" | "run" | "reset", …}`` with the arguments of the method it names. What
        the reader's code had changed for everyone, and was put back, is named under ``restored``.
        """
        self._mend()  # what the reader's code left to happen later may have happened
        self._changed.clear()
        arguments = json.loads(request)
        method = {"open": self.open, "draw": self.draw, "run": self.run, "reset": self.reset}[arguments.pop("do")]
        if method == self.run:
            arguments["write"] = write
        try:
            answer = method(**arguments)
        except BaseException as error:  # whatever the reader's code raises must reach the reader, SystemExit too
            answer = {"error": explain(error, self._cells)}
        if method != self.open:  # which runs no code of a page
            self._mend()
        if self._changed:
            answer["restored"] = sorted(set(self._changed))[:9]
        try:
            said = json.dumps(answer, allow_nan=False)
            if len(said) > MOST_ANSWER:
                raise TooLargeError(f"The figure is too large to be shown: {len(said) / 1e6:,.0f} MB.")
        except (TypeError, ValueError, RecursionError) as error:
            said = json.dumps({"redraw": [], "edited": answer.get("edited", []), "error": explain(error, {})})
        return said

    def open(self, slug: str) -> dict:
        """Make a page the current one. Its modules are imported when a figure or cell first needs them.

        Raises:
            CellError: the page's folder is not there.
        """
        if not (self.root / "snippets" / _folder(slug)).is_dir():
            raise CellError(f"The code of the page “{slug}” is not here.")
        self._remember_files()
        self._look_anew()
        self.page = slug
        self._activate(slug)
        return {"slug": slug}

    def draw(self, figure: str, values: dict) -> dict:
        """Draw a figure: ``{"figure": …}``, or ``{"error": …}`` in plain words."""
        slug, _, name = figure.partition("/")
        self._activate(slug)
        try:
            with _quietly():
                figures = self._figures(slug)
                if name not in figures:
                    raise CellError(f"There is no figure “{figure}”.")
                return {"figure": figures[name].draw(**values)}
        except BaseException as error:
            self._mend()
            return {"error": explain(error, self._cells)}

    def run(self, cell: str, text: str, write: Write) -> dict:
        """Run the reader's text of a cell in its module, and the modules that import it again after it.

        Args:
            cell: ``module:region``, the module relative to ``snippets``.
            write: receives what the code prints, while it runs.

        Returns:
            ``redraw``, the figures of the current page that the edit reaches, ``edited``, the modules that differ
            from their files, ``result``, the last expression's `repr` where it has one, or ``plot``, where it is
            a figure that is shown, and ``error``. After an error everything is as it was before the run.
        """
        module_name, _, original = self._find(cell)
        page = self._current(module_name)
        edits = self._edits.setdefault(page, {})
        changed = cell in edits if _same(text, original) else edits.get(cell) != text
        output = _Output(write)
        before = dict(edits)
        shelf: dict[str, tuple[ModuleType, dict]] = {}
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                module = self._module(module_name)
                shelf[module_name] = module, dict(vars(module))
                self._guard.look(f"snippets.{module_name}")
                answer = self._execute(cell, text, module)
                if changed:
                    edits.pop(cell, None)
                    if not _same(text, original):
                        edits[cell] = text
                    self._execute_dependents(module_name, shelf)
            answer["redraw"] = self._reached(page, module_name) if changed else []
        except BaseException as error:
            self._mend()
            answer = {"redraw": [], "error": explain(error, self._cells)}
            edits.clear()
            edits.update(before)
            _restore(shelf)
        finally:
            output.close()
        return answer | {"edited": self._edited(page)}

    def reset(self, cell: str) -> dict:
        """Give a cell its file's text back: a fresh module, with the reader's other edits of it made again.

        Returns ``redraw`` and ``edited`` as `run`; an edit that needs the one taken back is taken back as well. A
        lesson's cells build on each other: there the original text is run in place of the edit.
        """
        module_name, _, original = self._find(cell)
        page = self._current(module_name)
        edits = self._edits.setdefault(page, {})
        if edits.pop(cell, None) is None:
            return {"redraw": [], "edited": self._edited(page)}
        with _quietly():
            try:
                if _is_lesson(module_name):
                    self._execute(cell, original, self._module(module_name))
                    return {"redraw": [], "edited": self._edited(page)}
                self._renew(module_name)
                self._execute_dependents(module_name, {})
            except BaseException:
                self._mend()
                edits.clear()
                self._forget_modules()
        return {"redraw": self._reached(page, module_name), "edited": self._edited(page)}

    def _look_anew(self) -> None:
        """Let imports see the files that have come; `importlib.invalidate_caches` would import `importlib.metadata`."""
        for finder in list(sys.path_importer_cache.values()):
            if isinstance(finder, importlib.machinery.FileFinder) and finder.path.startswith(str(self.root)):
                finder.invalidate_caches()

    def _activate(self, slug: str) -> None:
        """Put one page's modules in place of another's."""
        if slug == self._active:
            return
        if self._active is not None:
            self._stored[self._active] = self._forget_modules()
        modules = self._stored.pop(slug, {})
        sys.modules.update(modules)
        for name, module in modules.items():
            parent, _, child = name.rpartition(".")
            setattr(sys.modules[parent], child, module)
        self._active = slug

    def _forget_modules(self) -> dict[str, ModuleType]:
        """Take every page module out of the interpreter and return them by name."""
        modules = {name: sys.modules.pop(name) for name in list(sys.modules) if _of_page(name)}
        for name in modules:
            if name.count(".") == 1:
                vars(snippets).pop(name.rpartition(".")[2], None)
        return modules

    def _module(self, name: str) -> ModuleType:
        """The page's module, imported if need be; a lesson's is empty until its cells are run."""
        full = f"snippets.{name}"
        if full not in sys.modules and _is_lesson(name):
            importlib.import_module(full.rpartition(".")[0])
            sys.modules[full] = ModuleType(full)
        elif full not in sys.modules:
            importlib.import_module(full)
        return sys.modules[full]

    def _figures(self, slug: str) -> dict:
        figures = importlib.import_module("snippets.kit.figures")
        return figures.load(slug)

    def _renew(self, name: str) -> None:
        """Run a module's file again in an emptied namespace, then the edits of it that stand, in their order."""
        module = sys.modules[f"snippets.{name}"]
        spec = importlib.machinery.PathFinder.find_spec(f"snippets.{name}", sys.modules[_parent(name)].__path__)
        kept = {key: value for key, value in vars(module).items() if _is_submodule(key, value, module)}
        vars(module).clear()
        vars(module).update(vars(importlib.util.module_from_spec(spec)) | kept)
        spec.loader.exec_module(module)
        for cell, text in self._edits.get(self._active or "", {}).items():
            if cell.partition(":")[0] == name:
                self._execute(cell, text, module)

    def _execute_dependents(self, name: str, shelf: dict[str, tuple[ModuleType, dict]]) -> None:
        """Run again, in the order of their imports, the loaded modules that import `name`.

        What each held before is put on the `shelf` first.
        """
        for dependent in self._dependents(name):
            module = sys.modules.get(f"snippets.{dependent}")
            if module is not None:
                shelf.setdefault(dependent, (module, dict(vars(module))))
                self._renew(dependent)

    def _dependents(self, name: str) -> list[str]:
        """The loaded modules of the page that import `name`, directly or not, each after what it imports."""
        loaded = [full.partition(".")[2] for full in sys.modules if _of_page(full)]
        ordered: list[str] = []
        seen: set[str] = set()

        def visit(module: str) -> bool:
            if module == name:
                return True
            if module not in seen:
                seen.add(module)
                if any([visit(imported) for imported in sources.imported(module)]):
                    ordered.append(module)
            return module in ordered

        for module in loaded:
            visit(module)
        return ordered

    def _reached(self, slug: str, module_name: str) -> list[str]:
        """Ids of the page's figures whose code uses a module; those that plot measurements never do."""
        figures = f"{_folder(slug)}.figures"
        if sources.module_file(figures) is None or module_name not in sources.uses(figures):
            return []
        return [figure.id for figure in self._figures(slug).values() if not figure.measured]

    def _find(self, cell: str) -> tuple[str, str, str]:
        """Module, region and the file's own text of a cell; raises CellError when it is not there."""
        name, _, region = cell.partition(":")
        path = sources.module_file(name)
        if path is None:
            raise CellError(f"There is no module “{name}” for the cell “{cell}”.")
        source = path.read_text(encoding="utf-8")
        text = percent.code_cell(source, region) if percent.is_lesson(source) else region_text(source, region)
        if text is None:
            raise CellError(f"{name.replace('.', '/')}.py has no region “{region}”.")
        return name, region, text

    def _current(self, module_name: str) -> str:
        """The page a cell runs on: the one that is open, else the one its module belongs to."""
        self._activate(self.page or module_name.partition(".")[0].replace("_", "-"))
        return self._active

    def _execute(self, cell: str, text: str, module: ModuleType) -> dict:
        """Run a cell's text in its module; returns ``result`` or ``plot`` if its last expression has a value."""
        name, _, region = cell.partition(":")
        shown = f"{name.replace('.', '/')}.py, {region}"
        self._cells[shown] = cell, text
        linecache.cache[shown] = len(text), None, text.splitlines(keepends=True), shown
        tree = ast.parse(text, shown)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        flags = getattr(vars(module).get("annotations"), "compiler_flag", 0)  # `from __future__ import annotations`
        body = compile(tree, shown, "exec", flags=flags, dont_inherit=True)
        expression = last and compile(ast.Expression(last.value), shown, "eval", flags=flags, dont_inherit=True)
        vars(module).setdefault("__builtins__", builtins)
        try:
            exec(body, vars(module))
            value = eval(expression, vars(module)) if expression else None
            if value is None:
                return {}
            if type(value) is Shown:
                problem = importlib.import_module("snippets.kit.figures").find_not_plain(value.figure)
                if problem:
                    raise ValueError(f"the figure {problem}")
                return {"plot": {"figure": value.figure, "caption": value.caption}}
            return {"result": _shown(value)}
        except MemoryError as error:  # what follows needs some; `run` puts the module back as it was
            traceback.clear_frames(error.__traceback__)
            vars(module).clear()
            raise
        finally:
            self._mend()
            self._guard.leave()

    def _mend(self) -> None:
        """Put back what the reader's code changed outside its own module."""
        if not self._guard.looked:
            return
        self._changed += self._guard.mend()
        for path, (content, before) in self._files.items():
            if _stamp(path) != before:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                self._files[path] = content, _stamp(path)
                self._changed.append(path.name)

    def _remember_files(self) -> None:
        """Keep the pages' own code: a reader's code may delete the file of the module it edits."""
        for path in (self.root / "snippets").glob("*/*.py"):
            if path not in self._files and path.parent.name not in sources.APART:
                self._files[path] = path.read_bytes(), _stamp(path)

    def _edited(self, page: str) -> list[str]:
        return sorted({cell.partition(":")[0] for cell in self._edits.get(page, {})})


def region_text(text: str, region: str) -> str | None:
    """The lines of a file between the marks of a region, as the page shows them; None if it has no such region."""
    marks = [line.strip() for line in text.splitlines()]
    start, end = f"# --8<-- [start:{region}]", f"# --8<-- [end:{region}]"
    if start not in marks or end not in marks:
        return None
    lines = text.splitlines()[marks.index(start) + 1 : marks.index(end)]
    return "\n".join(line for line in lines if not line.strip().startswith("# --8<-- ["))


class _Output(io.TextIOBase):
    """What a cell prints, passed on while it runs: at once at first, then in bundles, and only so much of it."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._parts: list[str] = []
        self._left = MOST_OUTPUT
        self._sent = 0
        self._last = 0.0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._left > 0:
            self._parts.append(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._parts.append(f"\n… the rest is not shown: a run can show {MOST_OUTPUT:,} characters.\n")
            now = time.perf_counter()
            if ("\n" in text and self._sent < PROMPT_WRITES) or now - self._last > PAUSE or self._left <= 0:
                self.flush()
                self._last = now
        return len(text)

    def flush(self) -> None:
        if self._parts:
            self._write("".join(self._parts))
            self._parts.clear()
            self._sent += 1

    def close(self) -> None:
        self.flush()
        super().close()


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Swallow what code prints when the reader did not ask for it to run."""
    nowhere = _Output(lambda text: None)
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield


def _is_lesson(module_name: str) -> bool:
    path = sources.module_file(module_name)
    return path is not None and percent.is_lesson(path.read_text(encoding="utf-8"))


def _folder(slug: str) -> str:
    return slug.replace("-", "_")


def _of_page(full_name: str) -> bool:
    parts = full_name.split(".")
    return parts[0] == "snippets" and len(parts) > 1 and parts[1] not in sources.APART


def _parent(module_name: str) -> str:
    return f"snippets.{module_name}".rpartition(".")[0]


def _is_submodule(key: str, value: object, module: ModuleType) -> bool:
    return isinstance(value, ModuleType) and value.__name__ == f"{module.__name__}.{key}"


def _restore(shelf: dict[str, tuple[ModuleType, dict]]) -> None:
    for module, namespace in shelf.values():
        vars(module).clear()
        vars(module).update(namespace)


def _same(text: str, original: str) -> bool:
    return text.strip("\n").rstrip() == original.strip("\n").rstrip()


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file; of one that is not there, nothing."""
    try:
        found = path.stat()
    except OSError:
        return -1, 0
    return found.st_size, found.st_mtime_ns


def _shown(value: object) -> str:
    """The `repr` of a value, cut where it fills pages; of a large container only so much of it is written at all."""
    if type(value) in (str, bytes, bytearray, list, tuple) and len(value) > MOST_OUTPUT:
        rest = f"… ({len(value):,} {'characters' if type(value) is str else 'entries'} in all)"
        return "".join((repr(value[:MOST_OUTPUT]),))[:MOST_OUTPUT] + rest
    text = "".join((repr(value),))  # a `repr` may give text of a type of the reader's
    return text if len(text) <= MOST_OUTPUT else f"{text[:MOST_OUTPUT]}… ({len(text):,} characters in all)"
