"""Python's library beyond what a start-up needs, fetched when a module of it is first imported.

The pack that starts Python holds only the modules that starting takes. Everything else of the standard library
and of NumPy waits on the server in two archives; `Archives` stands last in line to find a module and fetches the
archive that has it.
"""

import json
import sys
import zlib
from importlib.machinery import FileFinder, PathFinder
from pathlib import Path


class Archives:
    """A finder for `sys.meta_path`.

    Args:
        modules: full names of the modules in each archive.
        fetch: returns the bytes of an archive by its name, or raises OSError; it blocks until they are there.
        root: where the archives' paths start.
    """

    def __init__(self, modules, fetch, root="/"):
        self.modules = {archive: set(names) for archive, names in modules.items()}
        self.fetch = fetch
        self.root = Path(root)

    def find_spec(self, name, path=None, target=None):
        for archive, names in list(self.modules.items()):
            if name in names:
                try:
                    unpack(self.fetch(archive), self.root)
                except (OSError, zlib.error) as error:
                    raise ImportError(f"{name} could not be fetched: {error}", name=name) from None
                del self.modules[archive]
                look_anew()
                return PathFinder.find_spec(name, path, target)
        return None


def look_anew():
    """Let imports see what was unpacked. `importlib.invalidate_caches` imports more, which may be in an archive too."""
    for finder in list(sys.path_importer_cache.values()):
        if isinstance(finder, FileFinder):
            finder.invalidate_caches()


def unpack(packed, root):
    """Write the files of a gzip'ed pack: four bytes of length, a JSON list of paths and sizes, then the bytes."""
    content = memoryview(zlib.decompress(packed, wbits=47) if packed[:2] == b"\x1f\x8b" else packed)
    start = 4 + int.from_bytes(content[:4], "little")
    for place, size in json.loads(bytes(content[4:start])):
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[start : start + size])
        start += size


def install(fetch):
    """Put the archives last in line; `fetch` is the page's, and answers with bytes or with what went wrong."""

    def fetched(archive):
        answer = fetch(archive)
        if isinstance(answer, str):
            raise OSError(answer)
        return answer.to_bytes()

    listed = Path(__file__).with_name("missing.json")
    sys.meta_path.append(Archives(json.loads(listed.read_text()), fetched))
