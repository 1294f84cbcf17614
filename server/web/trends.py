"""The drawing of work against its plan, and the words of a pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from maps.pace import DayPace

# The drawing, in its own units: a phone's width, text at its size.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 320.0, 180.0, 40.0, 8.0, 14.0, 24.0


@dataclass(frozen=True, slots=True)
class DrawnTrend:
    """Two lines in the units of the drawing. `past` are the days until today, newest first."""

    plan: str
    done: str
    now: tuple[float, float]
    most: int
    first: date
    last: date
    past: Sequence[DayPace]


def drawn(days: Sequence[DayPace]) -> DrawnTrend | None:
    """Return the drawing of a trend; None while no day of it has come."""
    past = [one for one in days if one.total is not None]
    if not past:
        return None
    most = max(1, *(one.planned for one in days), *(one.total or 0 for one in past))

    def place(number: int, households: int) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * number / max(1, len(days) - 1)
        y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * households / most
        return round(x, 1), round(y, 1)

    def line(points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x},{y}" for x, y in points)

    done = [place(number, one.total or 0) for number, one in enumerate(past)]
    return DrawnTrend(
        plan=line([place(number, one.planned) for number, one in enumerate(days)]),
        done=line(done),
        now=done[-1],
        most=most,
        first=days[0].day,
        last=days[-1].day,
        past=past[::-1],
    )
