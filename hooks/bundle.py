"""Small changes to the theme's own script, so that a copy of the site works on any host and calls no other.

The theme compares links with `sitemap.xml`, which names the site's public address; served from anywhere else,
no link matches and every click loads a whole new page, which would end the Python that runs in it. Here it reads
`pages.xml`, which lists the pages relative to the site's start. The theme fetches the search index with every page,
which grows with the site; here it waits until the reader opens the search. Both stand beside the theme's own files,
so that they are of the page's release (`hooks/offline.py`). It also carries the addresses of two scripts on a foreign
host.
"""

import re
from html import escape


class BundleError(RuntimeError):
    """The theme's script is not the one this was written for."""


PAGES = "assets/pages.xml"
SEARCH = "assets/search_index.json"
_DONE = "/* adapted by hooks/bundle.py */"
_FOREIGN = re.compile(r'"https://unpkg\.com/[^"]+"')
_START = re.compile(r'("use strict";)?')
_ASSETS = 'const atlasAssets=new URL("../",document.currentScript.src);'
_SITEMAP = re.compile(r'new URL\("sitemap\.xml",\w+\)')
_INDEX = re.compile(r'new URL\("search/search_index\.json",[\w$]+\.base\)')
_PLACE = re.compile(r"(?P<read>\w+)\(new URL\((?P<place>\w+)\.textContent\),(?P<base>\w+)\)")
_SEARCH = re.compile(
    r'(?P<of>[\w$]+)\(location\.protocol!=="file:"\)'
    r'(?P<rest>,[\w$]+\("search"\)\)\.pipe\([\w$]+\([\w$]+=>[\w$]+\),(?P<switch>[\w$]+)\()'
)
_HIGHLIGHT = re.compile(
    r"[\w$]+\(\[(?P<index>[\w$]+),"
    r'(?P<asked>[\w$]+\.pipe\([\w$]+\([\w$]+\(\)\),[\w$]+\([\w$]+=>!![\w$]+\.searchParams\.get\("h"\)\)\))'
    r"\]\)\.pipe\((?P<map>[\w$]+)\("
)


def adapt(script: str) -> str:
    """Return the theme's script for any host, its search index fetched when it is needed; once is enough.

    Args:
        script: the bundle as the theme ships it.

    Raises:
        BundleError: the places to change are not there exactly once; the theme's version has changed.
    """

    def wait(match: re.Match) -> str:
        index, then = match["index"], match["map"]
        return f"{match['asked']}.pipe({switch}(h=>{index}.pipe({then}(i=>[i,h])))).pipe({then}("

    if script.startswith(_DONE):
        return script
    script, asked = _SITEMAP.subn(_beside(PAGES), script)
    script, searched = _INDEX.subn(_beside(SEARCH), script)
    script, compared = _PLACE.subn(r"new URL(\g<place>.textContent,\g<base>)", script)
    switch = found["switch"] if (found := _SEARCH.search(script)) else ""
    script, fetched = _SEARCH.subn(lambda match: f"{match['of']}(!1){match['rest']}", script)
    script, marked = _HIGHLIGHT.subn(wait, script)
    places = {
        "asks for the sitemap": asked,
        "reads the sitemap's addresses": compared,
        "names the search index": searched,
        "fetches the search index": fetched,
        "marks what was searched for": marked,
    }
    for what, changed in places.items():
        if changed != 1:
            raise BundleError(
                f"the theme's script {what} in {changed} places instead of 1: "
                "adapt hooks/bundle.py to this version of mkdocs-material"
            )
    script = _START.sub(rf"\g<0>{_ASSETS}", script, count=1)
    return _DONE + _FOREIGN.sub('"about:blank"', script)


def _beside(path: str) -> str:
    return f'new URL("{path.removeprefix("assets/")}",atlasAssets)'


def pages_xml(addresses: list[str]) -> str:
    """Return the list of pages that the adapted script reads; addresses are relative to the site's start."""
    places = "".join(f"<url><loc>{escape(address)}</loc></url>" for address in addresses)
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset>{places}</urlset>\n'
