"""Formulas become HTML at build time, through one run of KaTeX a page and a cache on disk."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

_FORMULA = re.compile(
    r'<span class="arithmatex">\\\((?P<inline>.*?)\\\)</span>'
    r'|<div class="arithmatex">\\\[(?P<display>.*?)\\\]</div>',
    re.DOTALL,
)
_BESIDE = re.compile(
    r"(?P<before>[(\[“‘]*)(?P<formula><atlas-math .*?</atlas-math>)(?P<after>[.,;:!?)\]”’]*(?:[-–][\w-]+)?)", re.DOTALL
)
_SHORT = 30  # characters of TeX: a longer formula must be free to break


class Formulas:
    """Turns TeX into HTML.

    Args:
        package: the folder of the katex package.
        cache: the file that remembers what was rendered; it is made when needed.
    """

    def __init__(self, package: Path, cache: Path) -> None:
        self.module = package / "dist" / "katex.mjs"
        self.version = ""
        if (package / "package.json").is_file():
            self.version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
        self.cache = cache
        self.known: dict[str, str] = {}
        try:
            self.known = json.loads(cache.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}  # nothing remembered, or a file that was cut short: render again

    def render(self, html: str, fail: Callable[[str, str, str], None]) -> str:
        """Return `html` with its formulas rendered.

        Args:
            html: a page as Markdown made it, formulas marked by arithmatex.
            fail: called with the TeX of a formula that cannot be rendered, the reason, and what to do.
        """
        wanted = {self._key(*_tex(match)): _tex(match) for match in _FORMULA.finditer(html)}
        new = {key: formula for key, formula in wanted.items() if key not in self.known}
        if new:
            self._run(new, fail)

        def write(match: re.Match) -> str:
            tex, display = _tex(match)
            shown = self.known.get(self._key(tex, display))
            if shown is None:
                return match[0]
            # A tag of its own: the search plugin loses track of an excluded <span> with spans inside.
            tag = "div" if display else "atlas-math"
            return f'<{tag} class="atlas-math" data-search-exclude="true">{shown}</{tag}>'

        return _BESIDE.sub(_keep_together, _FORMULA.sub(write, html))

    def _key(self, tex: str, display: bool) -> str:
        return hashlib.sha256(f"{self.version}\0{display}\0{tex}".encode()).hexdigest()[:24]

    def _run(self, new: dict[str, tuple[str, bool]], fail: Callable[[str, str, str], None]) -> None:
        questions = json.dumps([{"tex": tex, "display": display} for tex, display in new.values()])
        command = ["node", str(Path(__file__).with_name("katex.mjs")), self.module.resolve().as_uri()]
        try:
            run = subprocess.run(command, input=questions, capture_output=True, text=True, timeout=60)
        except FileNotFoundError:
            return fail(
                next(iter(new.values()))[0], "Node.js is not installed", "install Node.js 20 or later"
            )
        if run.returncode:
            reason = (run.stderr.strip().splitlines() or ["no message"])[-1]
            advice = "run `npm ci`" if not self.module.is_file() else "mend the formulas of this page"
            return fail(next(iter(new.values()))[0], f"KaTeX could not run: {reason}", advice)
        for (key, (tex, _)), answer in zip(new.items(), json.loads(run.stdout), strict=True):
            if "html" in answer:
                self.known[key] = answer["html"]
            else:
                fail(tex, f"KaTeX cannot read it: {answer['error']}", "mend the formula")
        self._save()

    def _save(self) -> None:
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        part = self.cache.with_name(f"{self.cache.name}.{os.getpid()}")
        part.write_text(json.dumps(self.known), encoding="utf-8")
        part.replace(self.cache)


def _tex(match: re.Match) -> tuple[str, bool]:
    display = match["display"] is not None
    return unescape(match["display"] if display else match["inline"]).strip(), display


def _keep_together(match: re.Match) -> str:
    """Tie a short formula to the punctuation beside it; a browser may break a line between them."""
    before, formula, after = match["before"], match["formula"], match["after"]
    tex = re.search(r"<annotation[^>]*>(.*?)</annotation>", formula, re.DOTALL)
    if not (before or after) or not tex or len(tex[1]) > _SHORT:
        return match[0]
    return f'<span class="atlas-nobreak">{before}{formula}{after}</span>'
