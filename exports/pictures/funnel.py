"""One place among the others: shares against how many were asked, with limits around the mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exports.pictures.canvas import WIDTH, Canvas, Drawing, text_width, whole_ticks

_TOP, _HEIGHT, _RIGHT = 10.0, 160.0, 8.0


@dataclass(frozen=True, slots=True)
class FunnelWords:
    """What the marks stand for."""

    here: str
    other: str
    mean: str
    inner: str
    outer: str
    tried: str


def funnel(
    here: tuple[int, int],
    others: Sequence[tuple[int, int]],
    limits: Sequence[Sequence[float]],
    mean: float,
    words: FunnelWords,
    number: Callable[[int], str],
    percent: Callable[[float], str],
) -> Drawing:
    """Draw places as (events, tried), `here` among them, and the limits of the `mean` share.

    `limits` are rows of tried and the four shares that 0.1, 2.5, 97.5 and 99.9 % lie below.
    """
    canvas = Canvas()
    most = whole_ticks(max([1, here[1], *(tried for _, tried in others)]))[-1]
    shares = [events / tried for events, tried in (*others, here) if tried]
    # Limits of very few persons go through the roof: the points decide how high the drawing is.
    top = min(1.0, max([*shares, mean * 2, 0.01]) * 1.1)
    levels = [level / 1000 for level in whole_ticks(int(top * 1000)) if level <= 1000]
    left, bottom = 6 + text_width(percent(levels[-1])), _TOP + _HEIGHT

    def place(tried: float, share: float) -> tuple[float, float]:
        x = left + (WIDTH - left - _RIGHT) * tried / most
        return x, bottom - _HEIGHT * min(max(share, 0), levels[-1]) / levels[-1]

    for level in levels:
        canvas.line("axis" if not level else "grid", place(0, level), place(most, level))
        canvas.text(percent(level), left - 5, place(0, level)[1] + 4, "end")
    canvas.line("mean", place(0, mean), place(most, mean))
    rows = [row for row in limits if row[0] <= most]
    for column, kind in enumerate(("outer", "inner", "inner", "outer"), start=1):
        canvas.line(kind, *(place(row[0], row[column]) for row in rows))
    for events, tried in others:
        if tried:
            canvas.dot("other", *place(tried, events / tried), 2.8)
    if here[1]:
        canvas.dot("here", *place(here[1], here[0] / here[1]), 6)
    canvas.text("0", left, bottom + 16)
    canvas.text(words.tried, (left + WIDTH) / 2, bottom + 16, "middle")
    canvas.text(number(most), WIDTH - 1, bottom + 16, "end")
    told = [("here", words.here), ("other", words.other), ("mean", words.mean)]
    told += [("inner", words.inner), ("outer", words.outer)] if rows else []
    return Drawing(canvas.legend(bottom + 40, told) - 8, canvas.marks)
