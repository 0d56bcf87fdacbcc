"""Others who run Python in a page, measured beside us by `start_up`: their scripts, on the floor's Pyodide and NumPy.

PyScript runs a worker that prints `numpy.ones(3).sum()`. Markdown Exec runs the same on the page's own thread, as it
always does; its editor, which comes from another host, is left out, and with it the time that it takes. Their packages
are fetched by the ordinary clients into the cache outside the checkout, pinned by version and hash, and belong to
nothing but this benchmark. JupyterLite, which tools of its own have to build into a site first, is left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.browser.serve import Site
from tools.files import AssetError, cache_folder, file_digest

EXPECTED = "3.0"


@dataclass(frozen=True)
class Pinned:
    """A package of a registry and the file that it must be."""

    spec: str
    file: str
    sha256: str


PYSCRIPT = Pinned(
    "@pyscript/core@0.7.0",
    "pyscript-core-0.7.0.tgz",
    "a93a5275cd308f86c22f4d70c2c9b0e5676f5838438a918479a6745917fbb64b",
)
MARKDOWN_EXEC = Pinned(
    "markdown-exec==1.12.0",
    "markdown_exec-1.12.0-py3-none-any.whl",
    "68aa9d7f7d005b309b14feed41f43187622ee97b0aabe03242754ff0bb71a532",
)
MICROPIP = Pinned(  # what Markdown Exec loads before anything; Pyodide's own build of it is on no registry
    "micropip==0.10.1",
    "micropip-0.10.1-py3-none-any.whl",
    "126a501fecb40fc87f7edb67974a45f32db87e8ff3d932452aefbbcde27e53f5",
)

PYSCRIPT_PAGE = """<!doctype html><meta charset="utf-8"><title>PyScript</title>
<script type="module" src="./pyscript/core.js"></script><script type="module">
window.measure = () => new Promise((resolve) => {
  const start = performance.now();
  new BroadcastChannel("peer").onmessage = ({ data }) => resolve({ output: data, ms: performance.now() - start });
  const script = document.createElement("script");
  const interpreter = new URL("./pyodide/pyodide.mjs", location.href).href;
  script.type = "py";
  script.setAttribute("worker", "");
  script.setAttribute("config", JSON.stringify({ interpreter, packages: ["numpy"], packages_cache: "passthrough" }));
  script.textContent = "import numpy\\nfrom js import BroadcastChannel\\n"
    + "BroadcastChannel.new('peer').postMessage(str(numpy.ones(3).sum()))";
  document.body.append(script);
});
</script>"""
MARKDOWN_EXEC_PAGE = """<!doctype html><meta charset="utf-8"><title>Markdown Exec</title>
<body data-md-color-scheme="none"><button id="a_run"></button><button id="a_clear"></button>
<div><pre><code id="a_output"></code></pre></div><script>
const editor = { getValue: () => "import numpy\\nprint(numpy.ones(3).sum())", session: { setMode() {} } };
for (const name of ["setTheme", "setOption", "resize"]) editor[name] = () => {};
const ace = { edit: () => editor };
const hljs = { highlightElement: () => {} };
const load = (address) => new Promise((resolve) => {
  const script = document.createElement("script");
  script.onload = resolve;
  script.src = address;
  document.body.append(script);
});
window.measure = async () => {
  const start = performance.now();
  const output = document.getElementById("a_output");
  await load("./pyodide/pyodide.js");
  await load("./markdown_exec/assets/pyodide.js");
  await setupPyodide("a_", ["numpy"]);
  return new Promise((resolve) => {
    new MutationObserver(() => {
      if (output.textContent.trim()) resolve({ output: output.textContent, ms: performance.now() - start });
    }).observe(output, { childList: true, characterData: true, subtree: true });
    document.getElementById("a_run").click();
  });
};
</script>"""


def fetch(pinned: Pinned) -> Path:
    """The package's file in the cache; raises AssetError when it cannot be had, or is another."""
    folder = cache_folder() / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / pinned.file
    if not place.is_file():
        if pinned.file.endswith(".tgz"):
            command = ["npm", "pack", pinned.spec, "--silent", "--pack-destination", str(folder)]
        else:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
            command += ["--python-version", "3.13", "--dest", str(folder), pinned.spec]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or not place.is_file():
            raise AssetError(f"{pinned.spec} could not be fetched: {done.stderr.strip()[-300:]}")
    if file_digest(place) != pinned.sha256:
        raise AssetError(f"{place} is not the file of {pinned.spec} that this benchmark was written for")
    return place


def pyscript(folder: Path) -> Site:
    """PyScript over the Pyodide in `folder`."""
    into = folder / "pyscript"
    with tarfile.open(fetch(PYSCRIPT)) as archive:
        for member in archive.getmembers():
            if member.name.startswith("package/dist/") and member.isfile():
                member.name = member.name.removeprefix("package/dist/")
                archive.extract(member, into, filter="data")
    return Site(folder, extra={"page.html": PYSCRIPT_PAGE, "favicon.ico": ""}, headers={})


def markdown_exec(folder: Path) -> Site:
    """Markdown Exec over the Pyodide in `folder`, with the micropip of PyPI in its list of packages."""
    with zipfile.ZipFile(fetch(MARKDOWN_EXEC)) as archive:
        archive.extract("markdown_exec/assets/pyodide.js", folder)
    (folder / "pyodide" / MICROPIP.file).write_bytes(fetch(MICROPIP).read_bytes())
    lock = json.loads((folder / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    lock["packages"]["micropip"] |= {"file_name": MICROPIP.file, "sha256": MICROPIP.sha256}
    extra = {"page.html": MARKDOWN_EXEC_PAGE, "favicon.ico": "", "pyodide/pyodide-lock.json": json.dumps(lock)}
    return Site(folder, extra=extra, headers={})


def sites(folder: Path) -> dict[str, Site]:
    """Servers of the peers that can be had, by name; what cannot is told on the screen."""
    found = {}
    for name, make in (("PyScript 0.7", pyscript), ("Markdown Exec 1.12", markdown_exec)):
        try:
            found[name] = make(folder)
        except AssetError as error:
            print(f"without {name}: {error}", file=sys.stderr)
    return found
