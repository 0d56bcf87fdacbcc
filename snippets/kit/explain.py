"""Errors in plain words: the reader's own line first, what went wrong in a sentence or two, the traceback below.

`explain` knows nothing of the page; it is given the exception and the texts that the reader may have written.
"""

import builtins
import re
import sys
import traceback
from collections.abc import Iterable

MOST_WORDS = 1_000  # characters
MOST_TRACEBACK = 20_000
HIDDEN_FILES = ("snippets/kit/session.", "snippets/kit/explain.", "importlib._bootstrap", "<frozen ")


def explain(error: BaseException, cells: dict[str, tuple[str, str]]) -> dict:
    """Describe an exception for the page.

    Args:
        error: what was raised.
        cells: by the file name a cell was compiled under, its id (``rnn.model:step``) and its text.

    Returns:
        ``plain`` (one or two sentences), ``type``, ``message``, ``traceback`` and, where the error passed through
        code of the reader, ``cell``, ``line`` (from 1), ``column`` (from 1) and ``source``, that line's text.
    """
    place = _place(error, cells)
    kind = type.__getattribute__(type(error), "__name__")
    try:
        plain, message = _plain(error, place["line"]), _message(error)
        lines = traceback.TracebackException.from_exception(_without_hidden_frames(error)).format()
        story = "".join(lines).strip()
    except BaseException:  # the reader's exception may fail to say what it is
        plain = f"{_at(place['line'])}{kind}, which could not say what went wrong."
        message = story = ""
    return {
        "plain": _cut(plain, MOST_WORDS),
        "type": kind,
        "message": _cut(message, MOST_WORDS),
        "traceback": _cut(story, MOST_TRACEBACK),
        **place,
    }


def _cut(text: str, most: int) -> str:
    """A long text without its middle: the end of a traceback says what went wrong."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} … {text[-most // 2 :]}"


def _place(error: BaseException, cells: dict[str, tuple[str, str]]) -> dict:
    """Cell, line, column and source of the innermost frame that the reader wrote; None where there is none."""
    found = None
    if isinstance(error, SyntaxError) and error.filename in cells:
        found = error.filename, error.lineno, error.offset
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in cells:
            found = frame.filename, frame.lineno, None if frame.colno is None else frame.colno + 1
    if found is None:
        return {"cell": None, "line": None, "column": None, "source": None}
    filename, line, column = found
    cell, text = cells[filename]
    lines = text.splitlines()
    line = min(max(line or 1, 1), max(len(lines), 1))
    return {"cell": cell, "line": line, "column": column, "source": _cut(lines[line - 1], MOST_WORDS) if lines else ""}


def _without_hidden_frames(error: BaseException) -> BaseException:
    """The same exception, its traceback starting at the first frame that is not machinery."""
    frames = error.__traceback__
    while frames and any(part in frames.tb_frame.f_code.co_filename for part in HIDDEN_FILES):
        frames = frames.tb_next
    return error.with_traceback(frames)


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg or ""
    if isinstance(error, KeyError) and len(error.args) == 1:
        return repr(error.args[0])
    return str(error)


def _at(line: int | None) -> str:
    return f"Line {line}: " if line else ""


def _plain(error: BaseException, line: int | None) -> str:
    where = _at(line)
    message = _message(error)
    if getattr(type(error), "__module__", "").startswith("snippets.kit"):
        return message  # the kit's own errors are written for readers
    for kind, describe in _DESCRIPTIONS:
        if isinstance(error, kind):
            sentence = describe(error)
            if sentence:
                return where + (sentence if line else sentence[:1].upper() + sentence[1:])
    return f"{where}{type(error).__name__}{': ' + message if message else ''}"


def _syntax(error: SyntaxError) -> str:
    reason = (error.msg or "invalid syntax").rstrip(".")
    if isinstance(error, TabError):
        return "tabs and spaces are mixed in the indentation. Use four spaces for each step."
    if isinstance(error, IndentationError):
        return f"the indentation does not fit ({reason})."
    if reason == "invalid syntax":
        return "Python cannot read this line. Look for a missing bracket, colon, comma or quotation mark."
    return f"Python cannot read this: {reason}."


def _suggestion(wanted: str, known: Iterable[str]) -> str:
    """“Did you mean …?” for the known name most like the wanted one, if any is."""
    import difflib  # seldom needed and not small

    close = difflib.get_close_matches(wanted, [name for name in known if not name.startswith("__")], 1, 0.7)
    return f" Did you mean “{close[0]}”?" if close else ""


def _visible(error: BaseException) -> set[str]:
    """Names that the line which failed could have used."""
    frames = error.__traceback__
    if frames is None:
        return set()
    while frames.tb_next:
        frames = frames.tb_next
    frame = frames.tb_frame
    return {*frame.f_locals, *frame.f_globals, *vars(builtins)}


def _name(error: NameError) -> str:
    name = error.name or (re.search(r"'([^']+)'", str(error)) or ["", "?"])[1]
    if isinstance(error, UnboundLocalError):
        return f"“{name}” is used before it is given a value in this function."
    return f"there is nothing called “{name}” here.{_suggestion(name, _visible(error))}"


def _attribute(error: AttributeError) -> str:
    if error.name is None or error.obj is None:
        return ""
    owner = _as_imported(getattr(error.obj, "__name__", "")) or f"a {type(error.obj).__name__}"
    return f"{owner} has no “{error.name}”.{_suggestion(error.name, dir(error.obj))}"


def _as_imported(name: str) -> str:
    """A module's name as the reader knows it: in the page, `torch` is a package of ours."""
    return name.replace("snippets.numpy_torch", "torch")


def _missing_module(error: ModuleNotFoundError) -> str:
    top = (error.name or "?").partition(".")[0]
    return f"there is no module “{top}” here. A page can import torch, NumPy and Python's standard library."


def _import(error: ImportError) -> str:
    match = re.match(r"cannot import name '([^']+)' from '([^']+)'", error.msg or "")
    if not match:
        return ""
    known = dir(sys.modules[match[2]]) if match[2] in sys.modules else []
    return f"“{_as_imported(match[2])}” has nothing called “{match[1]}”.{_suggestion(match[1], known)}"


def _not_implemented(error: NotImplementedError) -> str:
    message = str(error).rstrip(".")
    if not message:
        return "this part has not been written: it raises NotImplementedError."
    return f"the page's torch, which is a part of PyTorch, does not have this. {message[:1].upper()}{message[1:]}."


def _shapes(error: RuntimeError) -> str:
    """PyTorch's shape errors, and nothing for any other RuntimeError."""
    text = str(error)
    if "start new thread" in text:
        return "Python has one thread here and cannot start another."
    match = re.search(r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", text)
    if match:
        a, b, c, d = match.groups()
        return (
            f"the shapes do not fit: a matrix product of ({a}, {b}) and ({c}, {d}) needs the inner sizes equal, "
            f"and {b} is not {c}."
        )
    match = re.search(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\).*dimension (\d+)", text)
    if match:
        a, b, dimension = match.groups()
        return (
            f"the shapes do not fit: in dimension {dimension} one tensor has size {a} and the other {b}. "
            "They must be equal, or one of them 1."
        )
    match = re.search(r"shape '([^']+)' is invalid for input of size (\d+)", text)
    if match:
        return f"a tensor of {match[2]} values cannot be given the shape {match[1]}."
    if re.search(r"shape|size|dimension|broadcast", text) and "cannot" not in text[:7]:
        return f"the shapes do not fit: {text.rstrip('.')}."
    if "does not require grad" in text:
        return "backward() needs a value computed from parameters; nothing here requires a gradient."
    return ""


def _recursion(_: RecursionError) -> str:
    return "a function keeps calling itself and never stops. It needs a case in which it returns without doing so."


def _key(error: KeyError) -> str:
    return f"there is no key {error.args[0]!r}." if error.args else ""


def _index(error: IndexError) -> str:
    return f"an index is outside what it counts: {str(error).rstrip('.')}." if str(error) else ""


def _zero(_: ZeroDivisionError) -> str:
    return "a division by zero."


def _assertion(error: AssertionError) -> str:
    return f"a check failed{': ' + str(error).rstrip('.') if str(error) else ''}."


def _memory(_: MemoryError) -> str:
    return "the page ran out of memory. Make the tensors smaller."


def _denied(_: PermissionError) -> str:
    return "this file belongs to the site and stays as it is. A file of your own can be written anywhere else."


def _no_input(_: EOFError) -> str:
    return "input() has nobody to ask here. Write the answer into the code."


def _exit(_: SystemExit) -> str:
    return "exit() has nothing to leave here: the cell stopped, and Python goes on."


def _interrupt(_: KeyboardInterrupt) -> str:
    return "the cell was stopped."


# Most particular first: NotImplementedError and RecursionError are RuntimeErrors.
_DESCRIPTIONS = (
    (SyntaxError, _syntax),
    (NameError, _name),
    (AttributeError, _attribute),
    (ModuleNotFoundError, _missing_module),
    (ImportError, _import),
    (NotImplementedError, _not_implemented),
    (RecursionError, _recursion),
    (RuntimeError, _shapes),
    (ZeroDivisionError, _zero),
    (KeyError, _key),
    (IndexError, _index),
    (AssertionError, _assertion),
    (MemoryError, _memory),
    (PermissionError, _denied),
    (EOFError, _no_input),
    (SystemExit, _exit),
    (KeyboardInterrupt, _interrupt),
)
