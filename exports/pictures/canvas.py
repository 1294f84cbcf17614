"""A drawing of figures: marks that say what they are, and how they look on white paper.

One SVG serves the page, the file and the printer. Marks carry their looks as attributes, which any
program reads and which the page's style sheet overrides by class, so that the dark look needs no
second drawing. What differs is told by dash, hatching, side or shape, never by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from exports.table import Table

WIDTH = 328.0
"""A phone of 360 less its margins: there a unit is a pixel, and text has its true size."""
TEXT = 12
"""Height of letters, in units."""

_INK, _SOFT, _LINE, _ACCENT, _SHEET = "#1a1f23", "#545c63", "#d8dad8", "#0b566e", "#ffffff"
FONTS = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
# Grey as it prints: five steps that a copying machine keeps apart.
STEPS = ("#ffffff", "#d3e2e8", "#8fb8c6", "#3f87a0", "#0b566e", "#06313f")

PAPER: dict[str, str] = {
    "grid": f'fill="none" stroke="{_LINE}" stroke-width="1"',
    "axis": f'fill="none" stroke="{_SOFT}" stroke-width="1"',
    "plan": f'fill="none" stroke="{_INK}" stroke-width="1.5" stroke-dasharray="5 4"',
    "need": f'fill="none" stroke="{_INK}" stroke-width="1.5" stroke-dasharray="1 3.5"',
    "done": f'fill="none" stroke="{_ACCENT}" stroke-width="3" stroke-linejoin="round"',
    "inner": f'fill="none" stroke="{_INK}" stroke-width="1.3"',
    "outer": f'fill="none" stroke="{_INK}" stroke-width="1.1" stroke-dasharray="4 3"',
    "mean": f'fill="none" stroke="{_INK}" stroke-width="1" stroke-dasharray="1 3"',
    "usual": f'fill="none" stroke="{_INK}" stroke-width="1.5" stroke-dasharray="4 3"',
    "solid": f'fill="{_ACCENT}" stroke="{_ACCENT}" stroke-width="1"',
    "light": f'fill="{_SHEET}" stroke="{_ACCENT}" stroke-width="1"',
    "track": f'fill="none" stroke="{_SOFT}" stroke-width="1"',
    "hatch": f'fill="none" stroke="{_ACCENT}" stroke-width="1.3"',
    "other": f'fill="{_SHEET}" stroke="{_SOFT}" stroke-width="1"',
    "here": f'fill="{_ACCENT}" stroke="{_SHEET}" stroke-width="1.5"',
    "word": f'fill="{_INK}" stroke="none"',
    "soft": f'fill="{_SOFT}" stroke="none"',
    **{
        f"step-{number}": f'fill="{colour}" stroke="{_LINE}" stroke-width="0.5"'
        for number, colour in enumerate(STEPS)
    },
}
"""Every kind of mark and its look on paper; the page's style sheet knows the same names."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """SVG without its frame, WIDTH units wide and `height` high."""

    height: float
    marks: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture. `name` is its file's, `title` and `told` what it shows, in the reader's words.

    `table` holds the figures that were drawn.
    """

    name: str
    title: str
    told: str
    drawing: Drawing
    table: Table


class Canvas:
    """Marks one upon the other, from the upper left corner, right and down."""

    def __init__(self) -> None:
        """Start empty."""
        self._marks: list[tuple[str, list[str]]] = []

    @property
    def marks(self) -> str:
        """All marks, the lowest first; what follows one another and looks alike is one group."""
        return "".join(
            f'<g class="{kind}" {PAPER[kind]}>{"".join(alike)}</g>' for kind, alike in self._marks
        )

    def rect(
        self, kind: str, x: float, y: float, width: float, height: float, tip: str = ""
    ) -> None:
        """Draw a rectangle; `tip` is told when it is pointed at."""
        place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        self._add("rect", kind, place, _tip(tip))

    def line(self, kind: str, *points: tuple[float, float]) -> None:
        """Draw a line through points."""
        told = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._add("polyline", kind, f'points="{told}"')

    def dot(self, kind: str, x: float, y: float, radius: float, tip: str = "") -> None:
        """Draw a dot."""
        self._add("circle", kind, f'cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"', _tip(tip))

    def hatch(self, x: float, y: float, width: float, height: float, step: float = 5) -> None:
        """Fill a rectangle with slanting lines, drawn one by one: patterns get lost in Word."""
        strokes = []
        at = step
        while at < width + height:
            left, right = max(0.0, at - height), min(at, width)
            strokes.append(
                f"M{_n(x + left)} {_n(y + at - left)}L{_n(x + right)} {_n(y + at - right)}"
            )
            at += step
        self._add("path", "hatch", f'd="{"".join(strokes)}"')

    def text(
        self, words: str, x: float, y: float, anchor: str = "start", kind: str = "soft"
    ) -> None:
        """Write words on the line `y`; `anchor` start, middle or end says what of them is at x."""
        turned = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._add("text", kind, f'x="{_n(x)}" y="{_n(y)}"{turned}', escape(words))

    def legend(self, y: float, entries: Iterable[tuple[str, str]]) -> float:
        """Write what marks stand for, in as many lines as it needs; return the line below them."""
        x = 2.0
        for kind, words in entries:
            width = 26 + text_width(words) + 14
            if x > 2 and x + width > WIDTH:
                x, y = 2.0, y + 18
            self._sample(kind, x, y)
            self.text(words, x + 26, y)
            x += width
        return y + 18

    def _sample(self, kind: str, x: float, y: float) -> None:
        if kind in ("solid", "light", "hatch", "track") or kind.startswith("step-"):
            self.rect("light" if kind == "hatch" else kind, x, y - 9, 20, 10)
            if kind == "hatch":
                self.hatch(x, y - 9, 20, 10)
        elif kind in ("here", "other"):
            self.dot(kind, x + 10, y - 4, 4.5 if kind == "here" else 3)
        else:
            self.line(kind, (x, y - 4), (x + 20, y - 4))

    def _add(self, element: str, kind: str, place: str, inside: str = "") -> None:
        if not self._marks or self._marks[-1][0] != kind:
            self._marks.append((kind, []))
        self._marks[-1][1].append(f"<{element} {place}>{inside}</{element}>")


def inline(picture: Picture) -> str:
    """Return the picture for a page, where it takes the page's letters and colours."""
    words = escape(f"{picture.title}: {picture.told}" if picture.told else picture.title)
    return (
        f'<svg class="drawn" viewBox="0 0 {_n(WIDTH)} {_n(picture.drawing.height)}" role="img"'
        f' font-size="{TEXT}" aria-label="{words}">{picture.drawing.marks}</svg>'
    )


def standalone(picture: Picture) -> str:
    """Return the picture as a file of its own, on white, with its title and what it says above."""
    lines = [*_wrapped(picture.title), *_wrapped(picture.told)]
    head = Canvas()
    for number, words in enumerate(lines):
        head.text(words, 2, 14 + number * 17, kind="word" if number == 0 else "soft")
    above = 14 + len(lines) * 17
    width, height = round(WIDTH) + 16, round(picture.drawing.height + above) + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -6 {width} {height}"'
        f' width="{width}" height="{height}" font-family="{FONTS}" font-size="{TEXT}">'
        f"<title>{escape(picture.title)}</title><desc>{escape(picture.told)}</desc>"
        f'<rect x="-8" y="-6" width="{width}" height="{height}" fill="{_SHEET}"/>'
        f'{head.marks}<g transform="translate(0 {above})">{picture.drawing.marks}</g></svg>'
    )


def text_width(words: str, size: float = TEXT) -> float:
    """Return about how wide words are drawn, in units: Chinese letters are as wide as high."""
    return size * sum(_wide(letter) for letter in words)


def _wide(letter: str) -> float:
    """Return a letter's width for its height, of the wider ones among common Latin fonts."""
    if letter > "\u2e7f":
        return 1.0
    return 0.98 if letter in "%mwMW" else 0.62


def _wrapped(words: str) -> list[str]:
    """Return words in lines that fit the picture's width, broken at spaces and Chinese letters."""
    lines, line = [], ""
    for part in _parts(words):
        if line and text_width((line + part).rstrip()) > WIDTH:
            lines.append(line.rstrip())
            line = part.lstrip()
        else:
            line += part
    return [*lines, line.rstrip()] if line.strip() else lines


def _parts(words: str) -> Iterable[str]:
    part = ""
    for letter in words:
        may_break = part and (letter > "\u2e7f" or part[-1] > "\u2e7f" or part[-1] == " ")
        # A mark of punctuation stays with the letter before it.
        if may_break and letter not in "\uff0c\u3002\uff1a\uff1b\u3001\uff09\u201d":
            yield part
            part = ""
        part += letter
    if part:
        yield part


def whole_ticks(most: int, about: int = 4) -> list[int]:
    """Return round whole numbers from 0 to at least `most`."""
    power = 1
    while True:
        for base in (1, 2, 5):
            if base * power * about >= most:
                step = base * power
                return list(range(0, step * max(1, -(-most // step)) + 1, step))
        power *= 10


def step_of(value: int, most: int) -> int:
    """Return which of five steps a count has: 0 for none, 5 for the most."""
    return 0 if not value else max(1, -(-5 * value // max(1, most)))


def _n(value: float) -> str:
    return f"{round(value, 1):g}"


def _tip(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
