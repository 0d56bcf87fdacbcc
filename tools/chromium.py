"""Find the Chromium that the browser tests drive, or install Debian's where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser that asks nobody for anything and looks the same on every machine.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """Path of the browser: `ATLAS_CHROMIUM` if set, else the first of the usual names on the PATH."""
    chosen = os.environ.get("ATLAS_CHROMIUM")
    if chosen:
        return shutil.which(chosen)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def main() -> int:
    if find():
        return 0
    if os.environ.get("ATLAS_CHROMIUM"):
        print(f"ATLAS_CHROMIUM={os.environ['ATLAS_CHROMIUM']} is not a program: correct or unset it.", file=sys.stderr)
        return 1
    if not shutil.which("apt-get") or os.geteuid() != 0:
        print(
            "The browser tests need Chromium or Chrome and found none. Install it (Debian: `sudo apt-get install "
            "chromium`), or name it: ATLAS_CHROMIUM=/path/to/chrome make test",
            file=sys.stderr,
        )
        return 1
    print("· Chromium, from Debian's packages", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            print(f"{' '.join(command)} failed:\n{done.stderr.strip()[-1500:]}", file=sys.stderr)
            return 1
    if not find():
        print("Debian's chromium package was installed, but no `chromium` is on the PATH.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
