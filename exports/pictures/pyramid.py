"""Persons by age, men to the left and women to the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exports.pictures.canvas import WIDTH, Canvas, Drawing, text_width, whole_ticks

_ROW, _TOP = 15.0, 20.0


@dataclass(frozen=True, slots=True)
class Band:
    """One band of ages, told as in "40-44", and how many of each sex are in it."""

    ages: str
    men: int
    women: int


def pyramid(bands: Sequence[Band], men: str, women: str, number: Callable[[int], str]) -> Drawing:
    """Draw bands of age, the youngest at the foot. `men` and `women` are the sides' words."""
    canvas = Canvas()
    levels = whole_ticks(max([1, *(max(one.men, one.women) for one in bands)]), about=2)
    middle = max((text_width(one.ages) for one in bands), default=30) / 2 + 7
    centre = WIDTH / 2
    side = centre - middle - 6
    bottom = _TOP + _ROW * len(bands)
    for level in levels:
        away = middle + side * level / levels[-1]
        for x in (centre - away, centre + away):
            canvas.line("axis" if level == 0 else "grid", (x, _TOP), (x, bottom))
            width = text_width(number(level)) / 2
            canvas.text(number(level), min(max(x, width), WIDTH - width), bottom + 15, "middle")
    for at, band in enumerate(bands):
        y = bottom - (at + 1) * _ROW + 2
        canvas.text(band.ages, centre, y + 10, "middle")
        tall = _ROW - 4
        if band.men:
            width = side * band.men / levels[-1]
            canvas.rect("solid", centre - middle - width, y, width, tall, f"{men} {band.ages}")
        if band.women:
            width = side * band.women / levels[-1]
            canvas.rect("light", centre + middle, y, width, tall, f"{women} {band.ages}")
            canvas.hatch(centre + middle, y, width, tall)
    canvas.text(f"{men} {number(sum(one.men for one in bands))}", 1, 13, kind="word")
    all_women = f"{women} {number(sum(one.women for one in bands))}"
    canvas.text(all_women, WIDTH - 1, 13, "end", "word")
    return Drawing(bottom + 22, canvas.marks)
