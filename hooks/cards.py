"""Cards that other sites show beside a link to a page: 1200 × 630 pixels, drawn from the page's title and diagram."""

import json
import re
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import PIL
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
_FINE = 2  # drawn at twice the size and made smaller, which smooths the edges
_MARGIN = 72
_COLUMN = 690  # the text's width
_BOARD = (838, 60, 300)  # left, top and width of the diagram
_COLOURS = 96  # in the file; more would not be seen
_SHAPE = re.compile(r"<(?P<tag>rect|path|polygon)\b(?P<attributes>[^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_COLOUR = re.compile(r"(?:var\(--atlas-(?P<name>[\w-]+),\s*)?(?P<hex>#[0-9a-fA-F]{6})")
_SIGNS = {"→": "to", "−": "–", "×": "by"}  # for signs that the font's Latin part may lack
_MARK = '<path d="M60 285 L180 90 L300 285 M120 188 L240 188" fill="none" stroke="#1a588c" stroke-width="16"/>'
_DOTS = ((180, 78, 38), (60, 300, 38), (300, 300, 38), (120, 188, 29), (240, 188, 29))


class FontMissingError(FileNotFoundError):
    """The font of the cards is not installed."""


@dataclass(frozen=True)
class Card:
    """What one card shows.

    Attributes:
        title: the page's title.
        kicker: a few words over it; may be empty.
        summary: one sentence; may be empty.
        site: the site's name.
        accent: the colour of the page's family, ``#1a588c``.
        diagram: the page's diagram as SVG; without one, the site's mark is drawn.
    """

    title: str
    kicker: str
    summary: str
    site: str
    accent: str
    diagram: str = ""


class Cards:
    """Draws cards, and keeps what it drew until the text, the diagram, the font or this file changes."""

    def __init__(self, fonts: Path, cache: Path, colours: dict[str, str]) -> None:
        """Take the folder of the font's files, the folder to keep cards in, and the light colours by name."""
        self.upright = fonts / "source-serif-4-latin-wght-normal.woff2"
        self.slanted = fonts / "source-serif-4-latin-wght-italic.woff2"
        self.cache = cache
        self.colours = colours
        self.used: set[str] = set()
        for path in (self.upright, self.slanted):
            if not path.is_file():
                raise FontMissingError(f"the font of the social cards is not there: {path}; run `make setup`")
        parts = [Path(__file__), self.upright, self.slanted]
        made_by = [PIL.__version__, json.dumps(colours, sort_keys=True)]
        self.maker = sha256(b"".join(path.read_bytes() for path in parts) + "".join(made_by).encode()).hexdigest()

    def png(self, card: Card) -> bytes:
        """Return a card as PNG; the same card is the same bytes."""
        key = sha256((self.maker + json.dumps(asdict(card), sort_keys=True)).encode()).hexdigest()[:24]
        kept = self.cache / f"{key}.png"
        self.used.add(kept.name)
        if kept.is_file():
            return kept.read_bytes()
        self.cache.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".part")
        self.draw(card).save(unfinished, "PNG", optimize=True)
        unfinished.replace(kept)
        return kept.read_bytes()

    def forget(self) -> None:
        """Remove kept cards that this build did not ask for."""
        for path in self.cache.glob("*.*"):
            if path.name not in self.used:
                path.unlink(missing_ok=True)

    def draw(self, card: Card) -> Image.Image:
        """Return the picture of a card."""
        ink, muted, paper = (self.colours[name] for name in ("ink", "muted", "paper"))
        image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), paper)
        pen = ImageDraw.Draw(image)
        self._draw_board(pen, card)
        pen.rectangle((0, 0, 14 * _FINE, HEIGHT * _FINE), fill=card.accent)
        y = 64
        if card.kicker:
            self._write(pen, card.kicker, y, self._font(27, 600), card.accent)
        y += 52
        size, lines = self._fit(card.title, {74: 2, 66: 2, 54: 3, 48: 3, 42: 3}, weight=600)
        for line in lines:
            self._write(pen, line, y, self._font(size, 600), ink)
            y += round(size * 1.14)
        y += 22
        size, lines = self._fit(card.summary, {34: 4, 31: 5, 28: 5, 25: 6}, weight=400, slanted=True)
        for line in lines:
            self._write(pen, line, y, self._font(size, 400, slanted=True), ink)
            y += round(size * 1.36)
        self._write(pen, card.site, HEIGHT - 82, self._font(25, 500), muted)
        small = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        return small.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)

    def _font(self, size: int, weight: int, slanted: bool = False) -> ImageFont.FreeTypeFont:
        path = self.slanted if slanted else self.upright
        font = ImageFont.truetype(path, size * _FINE, layout_engine=ImageFont.Layout.BASIC)
        font.set_variation_by_axes([weight])
        return font

    def _write(self, pen: ImageDraw.ImageDraw, text: str, y: int, font: ImageFont.FreeTypeFont, fill: str) -> None:
        pen.text((_MARGIN * _FINE, y * _FINE), writable(text, font), font=font, fill=fill)

    def _fit(self, text: str, sizes: dict[int, int], weight: int, slanted: bool = False) -> tuple[int, list[str]]:
        """Return the first size at which a text takes no more lines than allowed, and the lines; a rest is cut."""
        lines: list[str] = []
        for size, most in sizes.items():
            font = self._font(size, weight, slanted)
            lines = wrapped(writable(text, font), font, _COLUMN * _FINE)
            if len(lines) <= most:
                return size, lines
        return size, [*lines[: most - 1], f"{lines[most - 1].rstrip('.,;:')} …"]

    def _draw_board(self, pen: ImageDraw.ImageDraw, card: Card) -> None:
        """Draw the boxes and arrows of a diagram, without words, down to the card's edge; or the site's mark."""
        left, top, width = _BOARD
        box = re.search(r'viewBox="([^"]+)"', card.diagram)
        x0, y0, across, _ = (float(number) for number in box[1].split()) if box else (0.0, -40.0, 360.0, 0.0)
        scale = width / across * _FINE

        def place(x: float, y: float) -> tuple[float, float]:
            return left * _FINE + (x - x0) * scale, top * _FINE + (y - y0) * scale

        shapes = card.diagram if box else _MARK.replace("#1a588c", card.accent)
        for match in _SHAPE.finditer(shapes):
            given = dict(_ATTRIBUTE.findall(match["attributes"]))
            fill, stroke = (self._colour(given.get(name, ""), given, card, name) for name in ("fill", "stroke"))
            line = max(1, round(float(given.get("stroke-width", 1)) * scale))
            if match["tag"] == "rect" and stroke:  # one without an outline only hides what is under a word
                x, y, wide, high = (float(given[name]) for name in ("x", "y", "width", "height"))
                corners = (*place(x, y), *place(x + wide, y + high))
                radius = float(given.get("rx", 0)) * scale
                pen.rounded_rectangle(corners, radius, fill=fill, outline=stroke, width=line)
            elif match["tag"] == "polygon":
                points = [tuple(map(float, pair.split(","))) for pair in given["points"].split()]
                pen.polygon([place(x, y) for x, y in points], fill=fill)
            elif match["tag"] == "path" and stroke:
                for points in strokes(given["d"]):
                    pen.line([place(x, y) for x, y in points], fill=stroke, width=line, joint="curve")
        if not box:
            for x, y, radius in _DOTS:
                middle_x, middle_y = place(x, y)
                reach = radius * scale
                pen.ellipse(
                    (middle_x - reach, middle_y - reach, middle_x + reach, middle_y + reach), fill=card.accent
                )

    def _colour(self, value: str, given: dict[str, str], card: Card, part: str) -> str | None:
        match = _COLOUR.match(value)
        if not match:
            return None
        colour = card.accent if match["name"] == "accent" else self.colours.get(match["name"] or "", match["hex"])
        share = float(given.get(f"{part}-opacity", 1))
        return blend(colour, self.colours["paper"], share)


def blend(colour: str, ground: str, share: float) -> str:
    """Return a colour laid over a ground: `share` of it, the rest of the ground."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(ground[1:]), strict=True)
    return "#" + bytes(round(over * share + under * (1 - share)) for over, under in pairs).hex()


def writable(text: str, font: ImageFont.FreeTypeFont) -> str:
    """Return a text without the signs that the font lacks."""
    missing = bytes(font.getmask("\uffff"))
    return "".join(
        sign if sign.isspace() or bytes(font.getmask(sign)) != missing else _SIGNS.get(sign, "") for sign in text
    )


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Return a text in lines no wider than `width`; a word that is wider has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def strokes(path: str) -> list[list[tuple[float, float]]]:
    """Return the lines of an SVG path of absolute M, L, H, V, Q and C commands, curves as short pieces."""
    lines: list[list[tuple[float, float]]] = []
    for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+(?:e-?\d+)?", rest)]
        here = lines[-1][-1] if lines else (0.0, 0.0)
        if command == "H":
            numbers = [value for x in numbers for value in (x, here[1])]
        elif command == "V":
            numbers = [value for y in numbers for value in (here[0], y)]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "M":
            lines.append(points)
        elif command in "LHV":
            lines[-1] += points
        elif command in "QC":
            order = 2 if command == "Q" else 3
            for start in range(0, len(points), order):
                lines[-1] += _curve([lines[-1][-1], *points[start : start + order]])
    return lines


def _curve(points: list[tuple[float, float]], pieces: int = 10) -> list[tuple[float, float]]:
    """Return points along a Bézier curve, without its first."""
    found = []
    for step in range(1, pieces + 1):
        t, level = step / pieces, points
        while len(level) > 1:
            level = [
                (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(level)
            ]
        found.append(level[0])
    return found
