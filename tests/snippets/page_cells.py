"""The edits that a page's cells tell the reader to try, made in a session as the page makes them."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from snippets.kit.session import Session

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def opened(slug: str) -> Iterator[Session]:
    """A session with a page open; the interpreter's own modules are back afterwards."""
    kept = {name: module for name, module in sys.modules.items() if name.startswith("snippets")}
    session = Session(ROOT)
    session.open(slug)
    yield session
    sys.modules.update(kept)


def text_of(cell: str) -> str:
    """The text of a cell, ``rnn.model:step``, as its file has it."""
    module, _, region = cell.partition(":")
    source = (ROOT / "snippets" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    return source.split(f"[start:{region}]\n")[1].split(f"# --8<-- [end:{region}]")[0]


def cells_on(slug: str) -> set[str]:
    """The cells that a page shows."""
    page = (ROOT / "docs" / "architectures" / f"{slug}.md").read_text(encoding="utf-8")
    found = re.findall(r'\.cell[^\n]*\n--8<-- "([\w/]+)\.py:(\w+)"', page)
    return {f"{path.replace('/', '.')}:{region}" for path, region in found}


@contextmanager
def tried(
    session: Session,
    cell: str,
    old: str,
    new: str,
    changed: Iterable[str],
    *,
    says_otherwise: bool | None = None,
    part: str | None = "data",
) -> Iterator[None]:
    """Make an edit, see what it changes, let the caller look while it holds, reset it, see that all is as it was.

    Args:
        changed: the figures that must show the edit.
        says_otherwise: whether what the cell says must change; by default, if no figure does.
        part: the part of a figure that must differ; None for any.
    """
    text = text_of(cell)
    assert text.count(old) >= 1, f"{cell} has no {old!r}"
    ids = [f"{session.page}/{name}" for name in changed]
    pictures = {identity: session.draw(identity, {}) for identity in ids}
    before = _run(session, cell, text)
    after = _run(session, cell, text.replace(old, new))
    try:
        assert "error" not in before and "error" not in after, after.get("error")
        assert set(ids) <= set(after["redraw"])
        if (says_otherwise is None and not ids) or says_otherwise:
            assert (after["printed"], after.get("result")) != (before["printed"], before.get("result"))
        for identity, picture in pictures.items():
            redrawn = session.draw(identity, {})
            assert "figure" in redrawn, redrawn
            shown, showed = (drawn["figure"][part] if part else drawn["figure"] for drawn in (redrawn, picture))
            assert shown != showed, f"{identity} does not show the edit"
        yield
    finally:
        session.reset(cell)
    for identity, picture in pictures.items():
        assert session.draw(identity, {}) == picture, f"Reset does not restore {identity}"


def _run(session: Session, cell: str, text: str) -> dict:
    printed: list[str] = []
    return session.run(cell, text, printed.append) | {"printed": "".join(printed)}
