"""Counts by weekday and hour of the day: the darker, the more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exports.pictures.canvas import STEPS, WIDTH, Canvas, Drawing, step_of, text_width

_ROW, _TOP = 24.0, 4.0
_HOURS = (0, 6, 12, 18)


def heat(
    counts: Sequence[Sequence[int]],
    rows: Sequence[str],
    hour: Callable[[int], str],
    number: Callable[[int], str],
) -> Drawing:
    """Draw one row of 24 hours for each name in `rows`, with what the five shades stand for."""
    canvas = Canvas()
    most = max([0, *(count for row in counts for count in row)])
    left = max(map(text_width, rows)) + 8
    step = (WIDTH - left - 2) / 24
    for at, (name, row) in enumerate(zip(rows, counts, strict=True)):
        y = _TOP + at * _ROW
        canvas.text(name, left - 6, y + 15, "end")
        for clock, count in enumerate(row):
            shade = f"step-{step_of(count, most)}"
            tip = f"{name} {hour(clock)}: {number(count)}"
            canvas.rect(shade, left + clock * step, y, step, _ROW - 3, tip if count else "")
    bottom = _TOP + len(rows) * _ROW
    for clock in _HOURS:
        x = left + clock * step
        canvas.line("axis", (x, bottom - 3), (x, bottom + 3))
        canvas.text(hour(clock), x, bottom + 16)
    shades = len(STEPS) - 1
    entries = [("step-0", number(0))]
    below = 0
    for number_of in range(1, shades + 1):
        upto = most * number_of // shades
        if upto > below:
            entries.append((f"step-{number_of}", _range(below + 1, upto, number)))
            below = upto
    return Drawing(canvas.legend(bottom + 40, entries) - 8, canvas.marks)


def _range(low: int, high: int, number: Callable[[int], str]) -> str:
    return number(low) if low == high else f"{number(low)}-{number(high)}"
