"""The start of Python in the page, from the packs, once Pyodide is ready."""

import gc

import atlas_archives

from snippets import numpy_torch
from snippets.kit.session import Session


def start(home, fetch):
    """Install torch and the archives' finder, which gets them by `fetch`; returns the session for the folder `home`.

    Everything that is there by now stays for the whole visit, so the collector need not look at it again. Until here
    it was off, by an edit of Pyodide: looking through all that is being made took a twentieth of the start.
    """
    atlas_archives.install(fetch)
    numpy_torch.install()
    session = Session(home)
    gc.freeze()
    gc.enable()
    return session
