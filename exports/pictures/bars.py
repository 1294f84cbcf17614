"""Bars that lie: one a row, its name and figures above it, so that no name is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exports.pictures.canvas import TEXT, WIDTH, Canvas, Drawing, text_width

_ROW, _BAR = 37.0, 13.0


@dataclass(frozen=True, slots=True)
class BarRow:
    """One bar: `solid`, then `hatched` beyond it, within a track of `of`; `usual` is a mark."""

    name: str
    figures: str
    solid: float
    hatched: float = 0
    of: float | None = None
    usual: float | None = None


def bars(rows: Sequence[BarRow], legend: Iterable[tuple[str, str]] = ()) -> Drawing:
    """Draw a bar for each row, all to the same scale, with a legend of (kind, words) below."""
    canvas = Canvas()
    most = max(
        (max(one.solid + one.hatched, one.of or 0, one.usual or 0) for one in rows), default=0
    )
    scale = (WIDTH - 4) / (most or 1)
    for number, row in enumerate(rows):
        y = number * _ROW + 12
        canvas.text(_fitting(row.name, WIDTH - 12 - text_width(row.figures)), 1, y, kind="word")
        canvas.text(row.figures, WIDTH - 1, y, "end")
        _bar(canvas, row, y + 5, scale)
    below = len(rows) * _ROW + 14
    return Drawing(canvas.legend(below, legend) - 8, canvas.marks)


def _bar(canvas: Canvas, row: BarRow, y: float, scale: float) -> None:
    if row.of:
        canvas.rect("track", 1, y, row.of * scale, _BAR)
    if row.solid:
        canvas.rect("solid", 1, y, row.solid * scale, _BAR)
    if row.hatched:
        x, width = 1 + row.solid * scale, row.hatched * scale
        canvas.rect("light", x, y, width, _BAR)
        canvas.hatch(x, y, width, _BAR)
    if row.usual is not None:
        x = 1 + row.usual * scale
        canvas.line("usual", (x, y - 1), (x, y + _BAR + 3))


def _fitting(words: str, width: float) -> str:
    """Return as much of words as fits; the whole stands in the table of the picture."""
    if text_width(words) <= width:
        return words
    while words and text_width(words) + TEXT > width:
        words = words[:-1]
    return words.rstrip() + "…"
