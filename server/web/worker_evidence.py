"""What a check on a worker rests on, drawn for its page: digits, shares and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flask import Blueprint

from exports.pictures.canvas import Picture
from server.survey.drawn import Digits
from server.survey.quality.intervals import wilson
from server.web import door, language, worker_words
from server.web.language import _
from server.web.pictures import work
from server.web.pictures.asked import Asked
from server.web.pictures.showing import address
from server.web.site_time import site_day

Figures = Mapping[str, Any]

# The drawing, in its own units: a phone's width, text at its size.
WIDTH, LEFT = 320.0, 8.0


class Line(Protocol):
    """What is drawn of a line of the checks (tables.signals.Signal)."""

    @property
    def indicator(self) -> str:
        """Whose last digits these are."""

    @property
    def phone_id(self) -> int | None:
        """Whose readings."""

    @property
    def figures(self) -> Figures:
        """What the check counted."""


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where the middle of something lies, in the units of the drawing.

    `low` to `high` holds 80 of 100, `first` to `last` 50, `middle` is the median; `words` tell it.
    """

    name: str
    low: float
    first: float
    middle: float
    last: float
    high: float
    words: str


def set_up(pages: Blueprint) -> None:
    """Let templates draw evidence."""
    for one in (digit_picture, digit_files, share_pairs, time_spans, level_pairs):
        pages.add_app_template_global(one)


def digit_picture(line: Line) -> Picture:
    """Return last digits as columns, as the worker's own page draws them.

    Without its sentence: the line that it stands below says the same.
    """
    told = line.figures
    digits = Digits(line.indicator, told["counts"], told["expected"])
    return replace(work.digits_of(digits, _asked(line)), told="")


def digit_files(line: Line) -> Callable[[str], str]:
    """Return what gives the address of that picture as a file of a kind."""
    return address("digits", _asked(line), is_of_workers=True, indicator=line.indicator)


def _asked(line: Line) -> Asked:
    return Asked(door.account().scope, site_day(), phone_id=line.phone_id)


def share_pairs(told: Figures) -> list[dict[str, str]]:
    """Return a worker's share beside the colleagues', with what chance allows for."""
    low, high = wilson(told["events"], told["tried"])
    own = _(
        "%(events)s of %(tried)s, that is %(share)s (95 in 100: %(low)s to %(high)s)",
        events=language.number(told["events"]),
        tried=language.number(told["tried"]),
        share=_percent(told["events"], told["tried"]),
        low=language.percent(low),
        high=language.percent(high),
    )
    theirs = _(
        "%(events)s of %(tried)s, that is %(share)s",
        events=language.number(told["colleague_events"]),
        tried=language.number(told["colleague_tried"]),
        share=_percent(told["colleague_events"], told["colleague_tried"]),
    )
    return [
        {"label": _("This worker"), "value": own},
        {"label": _("Colleagues in the township"), "value": theirs},
        {"label": _("Would be usual"), "value": worker_words.usual(told["expected"])},
    ]


def _percent(events: int, tried: int) -> str:
    share = events / tried if tried else None
    return language.percent(share, 1 if share is not None and share < 0.095 else 0)


def level_pairs(told: Figures) -> list[dict[str, str]]:
    """Return a worker's middle reading beside everybody's."""
    return [
        {
            "label": _("Middle reading of this worker"),
            "value": worker_words.reading(told["median"]),
        },
        {
            "label": _("Middle reading of the township"),
            "value": worker_words.reading(told["usual"]),
        },
        {
            "label": _("Apart, in usual differences between persons"),
            "value": language.number(abs(told["apart"]), 1),
        },
    ]


def time_spans(told: Figures) -> list[Span]:
    """Return how long interviews of a form take: the worker's, then the colleagues'."""
    several = [
        (_("This worker"), told["median_s"], told.get("quartiles_s")),
        (_("Colleagues in the township"), told["usual_s"], told.get("usual_quartiles_s")),
    ]
    known = [(name, median, parts) for name, median, parts in several if parts]
    top = max((parts[3] for _name, _median, parts in known), default=1) or 1
    scale = (WIDTH - 2 * LEFT) / top
    return [
        Span(
            name,
            low=_place(scale, parts[0]),
            first=_place(scale, parts[1]),
            middle=_place(scale, median),
            last=_place(scale, parts[2]),
            high=_place(scale, parts[3]),
            words=_(
                "half took less than %(middle)s minutes; 80 in 100 from %(low)s to %(high)s",
                middle=worker_words.minutes(median),
                low=worker_words.minutes(parts[0]),
                high=worker_words.minutes(parts[3]),
            ),
        )
        for name, median, parts in known
    ]


def _place(scale: float, seconds: float) -> float:
    return round(LEFT + scale * seconds, 1)
