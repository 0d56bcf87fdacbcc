"""Before Python's memory is written to a snapshot, and after it has been read from one.

Random numbers that nobody seeded, the time zone and the language are the visit's, not the build's. Only the seed of
`hash()` stays the build's: the order of a set of strings is the same in every visit.
"""

import gc
import linecache
import os
import sys
import time

from atlas_archives import install, look_anew

session = None  # of the visit that wakes from the snapshot
YEAR = (365 * 24 + 6) * 3600  # seconds, as Python counts them here


def settle():
    """Forget what belongs to the build."""
    global session
    from snippets.kit.session import Session
    from snippets.numpy_torch import random, simd

    session = Session("/atlas")
    session.prepare()
    random._Default.made = None
    simd.multiply.cache_clear()
    linecache.clearcache()
    look_anew()
    sys.path.remove("")
    gc.collect()
    gc.freeze()
    gc.enable()


def wake(language, fetch):
    """Make the state the visit's: `language` as the browser names it, `fetch` gets an archive. Returns the session."""
    os.environ["LANG"] = f"{language.replace('-', '_', 1)}.UTF-8"
    set_zone()
    for name in ("random", "numpy.random"):
        if name in sys.modules:
            sys.modules[name].seed()
    install(fetch)
    return session


def set_zone():
    """Python's constants of the time zone, as it sets them when it starts."""
    start = int(time.time()) // YEAR * YEAR
    standard, summer = sorted(map(time.localtime, (start, start + YEAR // 2)), key=lambda moment: moment.tm_gmtoff)
    time.timezone, time.altzone = -standard.tm_gmtoff, -summer.tm_gmtoff
    time.daylight = int(time.timezone != time.altzone)
    time.tzname = standard.tm_zone, summer.tm_zone
