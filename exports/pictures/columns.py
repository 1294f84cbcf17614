"""Columns that stand side by side: last digits, work by day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exports.pictures.canvas import WIDTH, Canvas, Drawing, text_width, whole_ticks

_TOP, _HEIGHT, _RIGHT = 16.0, 110.0, 4.0
# More columns than this are too narrow to have their figure written above them.
_WRITTEN = 14


@dataclass(frozen=True, slots=True)
class ColumnsWords:
    """`labels` are below columns, by their place; `usual` names the line of what is usual."""

    labels: Sequence[tuple[int, str]]
    counted: str
    usual: str = ""


def columns(
    counts: Sequence[int],
    words: ColumnsWords,
    number: Callable[[int], str],
    usual: float | None = None,
    tips: Sequence[str] = (),
) -> Drawing:
    """Draw one column for each count, from the left, and a line where all would be `usual`."""
    canvas = Canvas()
    levels = whole_ticks(max(1, *counts, int(usual or 0)), about=3)
    left = 6 + text_width(number(levels[-1]))
    bottom = _TOP + _HEIGHT
    step = (WIDTH - left - _RIGHT) / max(1, len(counts))

    def height(count: float) -> float:
        return _HEIGHT * count / levels[-1]

    for level in levels:
        y = bottom - height(level)
        canvas.line("axis" if level == 0 else "grid", (left, y), (WIDTH - _RIGHT, y))
        canvas.text(number(level), left - 5, y + 4, "end")
    line = height(usual or 0)
    for at, count in enumerate(counts):
        x, high = left + (at + 0.14) * step, height(count)
        if count:
            tip = tips[at] if tips else ""
            canvas.rect("solid", x, bottom - high, step * 0.72, high, tip)
        if len(counts) <= _WRITTEN and count:
            # Above the line where it would be crossed by it.
            y = bottom - (line if high - 3 < line < high + 18 else high) - 4
            canvas.text(number(count), left + (at + 0.5) * step, y, "middle", "word")
    if usual is not None:
        y = bottom - height(usual)
        canvas.line("usual", (left, y), (WIDTH - _RIGHT, y))
    for at, label in words.labels:
        x, half = left + (at + 0.5) * step, text_width(label) / 2
        x = min(max(x, half), WIDTH - half)
        canvas.text(label, x, bottom + 16, "middle")
    entries = [("solid", words.counted), *([("usual", words.usual)] if usual is not None else [])]
    return Drawing(canvas.legend(bottom + 38, entries) - 8, canvas.marks)
