"""The parts of `snippets/` that pages include: whole files and marked regions of files."""

import ast
import re
from pathlib import Path

INCLUDE = re.compile(r'^[ \t]*--8<--[ \t]+"(?P<path>[^":\n]+)(:(?P<region>[\w-]+))?"[ \t]*$', re.MULTILINE)
_MARK = re.compile(r"^[ \t]*#[ \t]*--8<--[ \t]*\[(?P<kind>start|end):(?P<name>[\w-]+)\][ \t]*$")


class RegionError(ValueError):
    """An include that leads nowhere; `advice` says what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def read_region(snippets: Path, path: str, region: str | None) -> str:
    """Return the text of a file under `snippets`, or of one marked region of it.

    Marks of other regions inside are left out, and so are blank lines at both ends.

    Raises:
        RegionError: the file or the region is not there, or the region has no end.
    """
    file = (snippets / path).resolve()
    if not file.is_relative_to(snippets.resolve()) or not file.is_file():
        near = sorted(
            other.relative_to(snippets).as_posix() for other in (snippets / path).parent.glob("*.py")
        )
        raise RegionError(
            f"`{path}` is not a file of {snippets.name}/",
            f"there: {', '.join(near)}" if near else "write the path from that folder, such as rnn/model.py",
        )
    lines = file.read_text(encoding="utf-8").splitlines()
    marks = [(number, mark) for number, line in enumerate(lines) if (mark := _MARK.match(line))]
    start, end = 0, len(lines)
    if region:
        starts = [number for number, mark in marks if (mark["kind"], mark["name"]) == ("start", region)]
        ends = [number for number, mark in marks if (mark["kind"], mark["name"]) == ("end", region)]
        if not starts:
            names = sorted({mark["name"] for _, mark in marks if mark["kind"] == "start"})
            raise RegionError(
                f"`{path}` has no region `{region}`",
                f"it has: {', '.join(names)}" if names else f"mark it there with `# --8<-- [start:{region}]`",
            )
        if len(starts) > 1 or len(ends) != 1 or ends[0] < starts[0]:
            raise RegionError(
                f"the region `{region}` of `{path}` does not begin once and then end once",
                f"put one `# --8<-- [end:{region}]` after one `# --8<-- [start:{region}]`",
            )
        start, end = starts[0] + 1, ends[0]
    return "\n".join(line for line in lines[start:end] if not _MARK.match(line)).strip("\n")


def check_runnable(text: str, path: str, region: str) -> None:
    """Raise `RegionError` unless the region is whole top-level Python, so that it can run on its own."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise RegionError(
            f"the region `{region}` of `{path}` is not whole top-level code ({error.msg})",
            "move its marks around whole functions, classes or statements, or drop `.cell`",
        ) from None
