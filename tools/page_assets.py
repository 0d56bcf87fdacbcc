"""Scripts, fonts and styles of the page: bundles made by esbuild, files of npm packages, the design tokens."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

from tools.files import GENERATED, ROOT, AssetError, package, write

TOKENS = ROOT / "snippets" / "kit" / "tokens.json"
HERE = Path(__file__).parent
BUNDLES = {"plotly": HERE / "plotly.js", "editor": HERE / "editor.js"}
FONTS = {
    "@fontsource-variable/source-serif-4": ("source-serif-4-latin-wght-normal",),
    "@fontsource/source-serif-4": ("source-serif-4-latin-400-italic", "source-serif-4-latin-600-italic"),
    "@fontsource/jetbrains-mono": ("jetbrains-mono-latin-400-normal", "jetbrains-mono-latin-600-normal"),
}


def bundle(name: str) -> Path:
    """Bundle one script with esbuild into `js/`; raises AssetError with esbuild's message."""
    package("esbuild")
    with tempfile.TemporaryDirectory(prefix="atlas-") as temporary:
        made = Path(temporary, f"{name}.js")
        command = ["node", str(HERE / "bundle.mjs"), str(BUNDLES[name]), str(made)]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise AssetError("`node` is not on the PATH: install Node.js 20 or newer") from error
        if done.returncode or not made.is_file():
            raise AssetError(f"bundling {BUNDLES[name].name} failed:\n{done.stderr.strip()[-2000:]}")
        return write(GENERATED / "js" / f"{name}.js", made.read_bytes())


def bundle_inputs() -> list[Path]:
    """What the bundles are made from; the npm packages count by their lock file."""
    own = [HERE / name for name in ("bundle.mjs", "buffer.js")]
    return [*own, *BUNDLES.values(), ROOT / "package-lock.json", Path(__file__)]


def bundles() -> list[Path]:
    return [bundle(name) for name in BUNDLES]


def font_files() -> list[Path]:
    """Fonts of npm packages, latin letters: upright text has one file for all weights, the rest one for each."""
    return [package(name, "files", f"{file}.woff2") for name, files in FONTS.items() for file in files]


def fonts() -> list[Path]:
    """The fonts, and no other that an earlier build left."""
    written = [write(GENERATED / "fonts" / path.name, path.read_bytes()) for path in font_files()]
    for path in set((GENERATED / "fonts").iterdir()) - set(written):
        path.unlink()
    return written


def katex_css() -> Path:
    return package("katex", "dist", "katex.min.css")


def katex() -> list[Path]:
    """KaTeX's styles with the one font format that every browser of today reads, and those fonts."""
    css = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)', "", katex_css().read_text())
    names = sorted(set(re.findall(r"url\(fonts/([^)]+)\)", css)))
    if not names or not all(name.endswith(".woff2") for name in names):
        raise AssetError("katex.min.css names its fonts in a way tools/page_assets.py does not know: adapt katex()")
    written = [write(GENERATED / "katex" / "katex.min.css", css)]
    fonts_folder = package("katex", "dist", "fonts")
    return written + [write(GENERATED / "katex" / "fonts" / name, (fonts_folder / name).read_bytes()) for name in names]


def read_tokens() -> dict:
    """The design tokens; raises AssetError when the file is missing, not JSON, or lacks a part."""
    try:
        tokens = json.loads(TOKENS.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise AssetError(f"{TOKENS.relative_to(ROOT)} is missing") from error
    except ValueError as error:
        raise AssetError(f"{TOKENS.relative_to(ROOT)} is not JSON: {error}") from error
    for part in ("colours", "scales", "families"):
        if not isinstance(tokens.get(part), dict):
            raise AssetError(f"{TOKENS.relative_to(ROOT)} has no “{part}”")
    return tokens


def tokens_css(tokens: dict) -> str:
    """Custom properties for both themes, and each family's accent where `data-family` names it."""

    def rules(theme: str) -> str:
        lines = [f"  --atlas-{name}: {value[theme]};" for name, value in tokens["colours"].items()]
        lines += [f"  --atlas-family-{name}: {value[theme]};" for name, value in tokens["families"].items()]
        for name, scale in tokens["scales"].items():
            lines += [f"  --atlas-{name}-{index}: {colour};" for index, colour in enumerate(scale[theme], 1)]
        return "\n".join(lines)

    dark = '[data-md-color-scheme="slate"]'
    blocks = [f":root {{\n{rules('light')}\n}}", f"{dark} {{\n{rules('dark')}\n}}"]
    for name in tokens["families"]:
        blocks.append(f'[data-family="{name}"] {{\n  --atlas-accent: var(--atlas-family-{name});\n}}')
    return "/* Generated from snippets/kit/tokens.json. */\n" + "\n".join(blocks) + "\n"


def tokens() -> list[Path]:
    found = read_tokens()
    script = f"// Generated from snippets/kit/tokens.json.\nexport const TOKENS = {json.dumps(found)};\n"
    return [write(GENERATED / "tokens.css", tokens_css(found)), write(GENERATED / "tokens.js", script)]
