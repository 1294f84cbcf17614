"""Work by day against its plan, and what is needed from here on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exports.pictures.canvas import WIDTH, Canvas, Drawing, text_width, whole_ticks

_TOP, _HEIGHT, _RIGHT = 10.0, 150.0, 8.0


@dataclass(frozen=True, slots=True)
class TrendWords:
    """What the lines are called; `days` are the labels of days by their place in the row."""

    done: str
    plan: str
    need: str
    days: Sequence[tuple[int, str]]


def trend(
    done: Sequence[int],
    planned: Sequence[int],
    goal: int | None,
    words: TrendWords,
    number: Callable[[int], str],
) -> Drawing:
    """Draw households done in all, at the end of each day up to now.

    `planned` has the days to come too and is empty without a plan; with a `goal` a dotted line
    goes from now to it on the last day.
    """
    canvas = Canvas()
    days = max(len(planned), len(done))
    levels = whole_ticks(max(1, *done, *planned, goal or 0))
    left = 6 + text_width(number(levels[-1]))
    bottom = _TOP + _HEIGHT

    def place(day: int, households: int) -> tuple[float, float]:
        x = left + (WIDTH - left - _RIGHT) * day / max(1, days - 1)
        return x, bottom - _HEIGHT * households / levels[-1]

    for level in levels:
        y = place(0, level)[1]
        canvas.line("axis" if level == 0 else "grid", (left, y), (WIDTH - _RIGHT, y))
        canvas.text(number(level), left - 5, y + 4, "end")
    if planned:
        canvas.line("plan", *(place(day, one) for day, one in enumerate(planned)))
    now = place(len(done) - 1, done[-1])
    needs = goal is not None and goal > done[-1] and days > len(done)
    if needs and goal is not None:
        canvas.line("need", now, place(days - 1, goal))
    canvas.line("done", *(place(day, one) for day, one in enumerate(done)))
    canvas.dot("here", *now, 5)
    _days(canvas, words.days, lambda day: place(day, 0)[0], bottom + 17)
    entries = [("done", words.done)]
    if planned:
        entries.append(("plan", words.plan))
    if needs:
        entries.append(("need", words.need))
    return Drawing(canvas.legend(bottom + 40, entries) - 8, canvas.marks)


def _days(
    canvas: Canvas,
    labels: Sequence[tuple[int, str]],
    x_of: Callable[[int], float],
    y: float,
) -> None:
    """Write the first and the last label, and of the others what does not touch them."""
    taken: list[tuple[float, float]] = []
    ends = [labels[0], labels[-1]] if len(labels) > 1 else list(labels)
    for day, words in [*ends, *labels[1:-1]]:
        x, width = x_of(day), text_width(words)
        start = min(max(x - width / 2, 0), WIDTH - width)
        if all(start > end + 8 or start + width < begin - 8 for begin, end in taken):
            taken.append((start, start + width))
            anchor, at = "middle", x
            if start == 0:
                anchor, at = "start", 0.0
            elif start + width >= WIDTH - 0.5:
                anchor, at = "end", WIDTH
            canvas.text(words, at, y, anchor)
