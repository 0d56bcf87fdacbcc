"""The edits that the atlas makes to Pyodide's files: its own, under the MPL-2.0, and Python's library, under the PSF's.

The edits are under the licence of the file. Each is made at build time, to the version that `package.json` pins, and
only where its text stands exactly once.
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
    # Pyodide imports asyncio when it starts, and few readers ever do. A stand-in takes its place until Pyodide is
    # ready; whoever imports asyncio after that gets the real one, with Pyodide's loop. What a snapshot knows of
    # JavaScript has its order: the function that the loop imports keeps its place in it. Since a reader's code may be
    # what loads the loop, it leaves `time.sleep` alone, which it would make wait for promises: in the page's worker
    # nothing can. And a start makes much and drops little: garbage is collected when it is over (atlas_start.py).
    "_pyodide/__init__.py": [
        (
            "from . import _base, _importhook\n",
            '''def _start_lightly():
    import gc
    import sys
    from importlib import import_module
    from types import ModuleType

    stand_in = ModuleType("asyncio")
    stand_in.__getattr__ = lambda name: getattr(import_module("asyncio"), name)
    stand_in.get_event_loop = lambda: import_module("asyncio").get_event_loop()
    sys.modules["asyncio"] = stand_in
    gc.disable()


_start_lightly()

from . import _base, _importhook  # noqa: E402
''',
        ),
    ],
    "pyodide/__init__.py": [
        (
            "from .webloop import _initialize_event_loop\n\n_initialize_event_loop()\ndel _initialize_event_loop\n",
            "import sys\n\nfrom pyodide_js._api import scheduleCallback as _schedule_callback  # noqa: F401\n\n"
            'del sys.modules["asyncio"], sys\n',
        ),
    ],
    "pyodide/webloop.py": [("    time.sleep = _sleep\n", "")],
    "asyncio/__init__.py": [
        (
            "    __all__ += unix_events.__all__\n",
            "    __all__ += unix_events.__all__\n\nfrom pyodide.webloop import _initialize_event_loop\n\n"
            "_initialize_event_loop()\ndel _initialize_event_loop\n",
        ),
    ],
}


def edited(name: str, content: bytes | None = None) -> bytes:
    """A file of Pyodide with our edits; one in its library by its path there, together with its content.

    Raises AssetError when an edit does not fit exactly once.
    """
    text = (package("pyodide", name).read_bytes() if content is None else content).decode()
    for before, after in EDITS.get(name, ()):
        if (found := text.count(before)) != 1:
            raise AssetError(
                f"{name}: the text of an edit stands there {found} times: {before!r}. "
                "Adapt tools/pyodide_edits.py to this version of Pyodide."
            )
        text = text.replace(before, after)
    return text.encode()
