"""A static server for the browser tests: right MIME types, gzip for text as hosts do it, faults on request.

with Site(folder) as site:
    page.goto(site.url + "page.html")
    site.faults["wasm"] = Fault(status=404)      # for every path that contains "wasm"

Every answer carries the headers that the README recommends to hosts (`tools/headers.txt`). What a test says of
`assets/…` holds for the folder that the release has given its files, and so do requests for it.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from hooks.offline import assets_of

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
}
SQUEEZED = (".html", ".js", ".mjs", ".css", ".json", ".svg", ".xml", ".txt", ".md", ".wasm")

MANIFEST = "assets/generated/py/manifest.json"
ASSETS = re.compile(r"assets(-[0-9a-f]+)?(?=/)")
START = os.environ.get("ATLAS_START", "packs")  # or "snapshot"; if empty, the page chooses by the line

_SQUEEZED: dict[tuple[int, int], bytes] = {}  # by length and checksum, for all servers of this process
HEADERS = Path(__file__).resolve().parents[2] / "tools/headers.txt"


def with_start(manifest: str, start: str = START) -> str:
    """The list of Python's files, with the way to start Python if one is asked for."""
    return json.dumps({**json.loads(manifest), "start": start}) if start else manifest


def recommended_headers() -> dict[str, str]:
    """The headers that hosts should send, by name."""
    return dict(line.split(": ", 1) for line in HEADERS.read_text(encoding="utf-8").splitlines())


@dataclass
class Fault:
    """What goes wrong with a path: another status, only the first bytes, the wrong type, a wait, another file in its
    place, or one byte of it changed."""

    status: int | None = None
    truncate: int | None = None
    content_type: str | None = None
    delay: float = 0.0
    content: bytes | None = None
    flip: int | None = None


@dataclass
class Served:
    """One answer: the path, the status and the bytes of the body on the wire."""

    path: str
    status: int
    size: int


@dataclass
class Site:
    """Serves folders on a free port of this machine until it is closed.

    Args:
        folder: what is at the root (or under `prefix`).
        prefix: a path that the site lives under, such as ``/atlas/``.
        extra: texts served at paths, relative to the site's start, as if they were files.
        mounts: more folders, by the path they are served under.
        compress: gzip what web hosts gzip, when the browser takes it.
        cache: the `Cache-Control` header; None sends none.
        rate: bytes a second that all answers share; None sends as fast as it goes.
        latency: seconds that every answer waits first.
        headers: sent with every answer; what hosts should send, if nothing else is said.
    """

    folder: Path
    prefix: str = "/"
    extra: dict[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Path] = field(default_factory=dict)
    compress: bool = True
    cache: str | None = "max-age=600"
    rate: float | None = None
    latency: float = 0.0
    headers: dict[str, str] = field(default_factory=recommended_headers)
    faults: dict[str, Fault] = field(default_factory=dict)
    log: list[Served] = field(default_factory=list)

    def __enter__(self) -> Site:
        site = self

        class Handler(_Handler):
            pass

        Handler.site = site
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self._free_at = 0.0
        self._line = threading.Lock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        """Address of the site's start, with a slash at its end."""
        return f"http://127.0.0.1:{self.server.server_port}{self.prefix}"

    def paths(self) -> list[str]:
        """Paths asked for so far."""
        return [answer.path for answer in self.log]

    def bytes_sent(self) -> int:
        """Bytes of all bodies sent so far."""
        return sum(answer.size for answer in self.log)

    def find(self, path: str) -> tuple[bytes, str] | None:
        """Content and ending of what is at a path under the prefix; None if nothing is."""
        assets = assets_of(self.folder).name
        named = ASSETS.match(path)
        if named and named[1] and named[0] != assets:
            return None  # of another release
        plain = ASSETS.sub("assets", path, count=1) if named else path
        if plain in self.extra:
            return self.extra[plain].encode(), Path(path).suffix
        for under, folder in {**self.mounts, "": self.folder}.items():
            if path.startswith(under):
                file = (folder / path.removeprefix(under).lstrip("/")).resolve()
                if named and folder == self.folder and not file.exists():
                    file = (folder / ASSETS.sub(assets, path, count=1)).resolve()
                if file.is_dir():
                    file /= "index.html"
                if file.is_file() and file.is_relative_to(folder.resolve()):
                    return file.read_bytes(), file.suffix
        return None

    def squeeze(self, content: bytes) -> bytes:
        """gzip, remembered, as a host does once for each file."""
        key = (len(content), zlib.crc32(content))
        if key not in _SQUEEZED:
            _SQUEEZED[key] = gzip.compress(content, 6, mtime=0)
        return _SQUEEZED[key]

    def send(self, content: bytes, out: BinaryIO) -> None:
        """Send a body, at the line's rate if it has one."""
        if self.rate is None:
            out.write(content)
            return
        for start in range(0, len(content), 16_384):
            piece = content[start : start + 16_384]
            with self._line:
                self._free_at = max(self._free_at, time.monotonic()) + len(piece) / self.rate
                wait = self._free_at - time.monotonic()
            time.sleep(max(wait, 0.0))
            out.write(piece)


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # which holds a short body back for 40 ms, until the browser has confirmed the head

    def do_GET(self) -> None:
        site = self.site
        path = unquote(urlsplit(self.path).path)
        fault = next((fault for part, fault in site.faults.items() if part in path), Fault())
        time.sleep(fault.delay + site.latency)
        found = site.find(path.removeprefix(site.prefix)) if path.startswith(site.prefix) else None
        status = fault.status or (200 if found else 404)
        content, suffix = found if found and status == 200 else (f"{status}".encode(), ".txt")
        if not found and not fault.status and "text/html" in self.headers.get("Accept", ""):
            content, suffix = site.find("404.html") or (content, suffix)  # as hosts of static sites do
        if fault.content is not None:
            content = fault.content
        if fault.flip is not None:
            content = content[: fault.flip] + bytes([content[fault.flip] ^ 1]) + content[fault.flip + 1 :]
        headers = {"Content-Type": fault.content_type or TYPES.get(suffix, "application/octet-stream"), **site.headers}
        if site.cache and status == 200:
            headers["Cache-Control"] = site.cache
        if site.compress and suffix in SQUEEZED and "gzip" in self.headers.get("Accept-Encoding", ""):
            content = site.squeeze(content)
            headers["Content-Encoding"] = "gzip"
        if fault.truncate is not None:
            content = content[: fault.truncate]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        site.log.append(Served(path, status, len(content)))
        with contextlib.suppress(ConnectionError):  # the browser no longer wants it
            site.send(content, self.wfile)

    def log_message(self, *arguments: object) -> None:
        pass
