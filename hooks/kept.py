"""While serving: answers kept from one rebuild to the next, so that an edit costs what it touches.

Only functions whose answer depends on nothing but their arguments and the files they name are kept, and the key of
an answer is all of that, content included: an edit that reaches an argument reaches the page. A plain build keeps
nothing. MkDocs loads the hooks once, so their code cannot change between two answers.
"""

import functools
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from mkdocs.config.defaults import MkDocsConfig

ROUNDS = 8  # an answer that so many rebuilds did not ask for is dropped

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

_serving = False
_round = 0
_answers: dict[str, tuple[int, bytes]] = {}  # by key: the rebuild that last asked, and the pickled answer
_templates: dict[str, bytes] = {}


def keep(serving: bool) -> None:
    """Say whether answers are kept from now on; those there are go."""
    global _serving
    _serving = serving
    _answers.clear()
    _templates.clear()


def next_round() -> None:
    """Begin a rebuild."""
    global _round
    _round += 1
    for key in [key for key, (asked, _) in _answers.items() if asked < _round - ROUNDS]:
        del _answers[key]


def recall(name: str, inputs: object, make: Callable[[], Answer]) -> Answer:
    """Return what `make` answers for these inputs, asking it only if it has not been asked.

    Every caller gets a copy of its own, which it may change. What raises an error is asked again.
    """
    if not _serving:
        return make()
    key = f"{name}:{hashlib.sha256(pickle.dumps(inputs)).hexdigest()}"
    if key in _answers:
        _answers[key] = (_round, _answers[key][1])
        return pickle.loads(_answers[key][1])
    answer = make()
    _answers[key] = (_round, pickle.dumps(answer))
    return answer


def kept(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Keep the answers of a function. Of an argument that is a path, the content of the file counts as well."""

    @functools.wraps(function)
    def asked(*given: Given.args, **named: Given.kwargs) -> Answer:
        if not _serving:
            return function(*given, **named)
        files = [_content(value) for value in (*given, *named.values()) if isinstance(value, Path)]
        name = f"{function.__module__}.{function.__qualname__}"
        return recall(name, (given, named, files), lambda: function(*given, **named))

    return asked


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def keep_search_entries(config: MkDocsConfig) -> None:
    """Let the theme's search plugin read a page's HTML only when it, or what else an entry is made of, is new."""
    index = getattr(config.plugins.get("material/search"), "search_index", None)
    if not _serving or index is None:
        return
    read = index.add_entry_from_context

    def add(page: object) -> None:
        def make() -> list[dict]:
            before = len(index.entries)
            read(page)
            found = index.entries[before:]
            del index.entries[before:]
            return found

        contents = [_anchors(item) for item in page.toc]
        index.entries += recall("search", (page.content, page.url, page.title, page.meta, contents), make)

    index.add_entry_from_context = add


def _anchors(item: object) -> tuple:
    return item.id, item.title, item.url, [_anchors(child) for child in item.children]


class Templates(BytecodeCache):
    """Compiled templates, which Jinja itself holds against their source."""

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in _templates:
            bucket.bytecode_from_string(_templates[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        if _serving:
            _templates[bucket.key] = bucket.bytecode_to_string()
