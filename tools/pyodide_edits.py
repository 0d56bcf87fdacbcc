"""The edits that the atlas makes to Pyodide's files, which are under the MPL-2.0; so are the edits.

Each is made at build time, to the version that `package.json` pins, and only where its text stands exactly once.
"""

from __future__ import annotations

from tools.files import AssetError, package

EDITS = {
    "pyodide.asm.js": [
        # A shared library that a memory snapshot holds is loaded again at the place where it was: the allocator,
        # whose state is in the snapshot, has given that place to it already (docs/assets/js/snapshot.js).
        (
            "var getMemory=size=>{if(runtimeInitialized)",
            'var getMemory=size=>{if(Module["memoryBase"])return Module["memoryBase"];if(runtimeInitialized)',
        ),
    ],
}


def edited(name: str) -> bytes:
    """A file of Pyodide with our edits; raises AssetError when one of them does not fit exactly once."""
    text = package("pyodide", name).read_text(encoding="utf-8")
    for before, after in EDITS[name]:
        if (found := text.count(before)) != 1:
            raise AssetError(
                f"{name}: the text of an edit stands there {found} times: {before!r}. "
                "Adapt tools/pyodide_edits.py to this version of Pyodide."
            )
        text = text.replace(before, after)
    return text.encode()
