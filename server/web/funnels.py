"""How a village's counts are told and drawn among the others' (funnel plots)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maps import layers
from server.survey import catalogue
from server.survey.areas import Scope
from server.survey.quality import unusual
from server.survey.quality.unusual import UnusualVillage, VillageFigure
from server.web import door, language
from server.web.language import _, ngettext

VERDICTS = {
    "unusual": ("todo", "Unusual"),
    "watch": ("watch", "To be watched"),
    "usual": ("fine", "As usual"),
    "too_few": ("off", "Too few to judge"),
}
INDICATORS = {"found": "Persons with a finding", "refused": "Refusals"}
# The drawing, in its own units: a phone's width, text at its size.
WIDTH, HEIGHT, LEFT, BOTTOM = 320.0, 190.0, 34.0, 26.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as pages show it, with its words."""

    line: UnusualVillage
    name: str
    indicator: str
    sentence: str
    badge: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A funnel plot: lines and points in the units of the drawing; `top` is its highest share."""

    shown: Shown
    mean_y: float
    lines: Sequence[tuple[str, str]]
    points: Sequence[tuple[float, float]]
    here: tuple[float, float]
    most: int
    top: float


def drawings(scope: Scope, village_code: str) -> list[Drawn]:
    """Return a village's funnel plots, the unusual ones first."""
    told = unusual.figures(door.session(), scope, village_code)
    return [_drawn(one) for one in told]


def shown(line: UnusualVillage) -> Shown:
    """Return a line with its words."""
    badge, words = VERDICTS[line.verdict]
    name = layers.short_name(line.village)
    return Shown(line, name, _indicator(line.indicator), _sentence(line), (badge, _(words)))


def _indicator(indicator: str) -> str:
    if indicator in INDICATORS:
        return _(INDICATORS[indicator])
    return catalogue.label(indicator, language.language(), door.site().settings.folder)


def _sentence(line: UnusualVillage) -> str:
    usual = language.number(line.expected, 0 if line.expected >= 10 else 1)
    places = {"events": language.number(line.events), "usual": usual}
    if line.indicator == "refused":
        return ngettext(
            "%(events)s of %(tried)s household; about %(usual)s would be usual.",
            "%(events)s of %(tried)s households; about %(usual)s would be usual.",
            line.tried,
            tried=language.number(line.tried),
            **places,
        )
    return ngettext(
        "%(events)s of %(tried)s person screened; about %(usual)s would be usual.",
        "%(events)s of %(tried)s persons screened; about %(usual)s would be usual.",
        line.tried,
        tried=language.number(line.tried),
        **places,
    )


def _drawn(figure: VillageFigure) -> Drawn:
    line = figure.line
    most = max(tried for _, tried in figure.others)
    shares = [events / tried for events, tried in figure.others]
    # Limits of very few persons go through the roof: the points decide how high the drawing is.
    top = min(1.0, max([*shares, figure.share * 2, 0.01]) * 1.15)

    def place(tried: float, share: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - 6) * tried / most
        y = (HEIGHT - BOTTOM) - (HEIGHT - BOTTOM - 8) * min(max(share, 0), top) / top
        return round(x, 1), round(y, 1)

    rows = [row for row in figure.funnel if row[0] <= most]
    lines = [
        (kind, " ".join("{},{}".format(*place(row[0], row[column])) for row in rows))
        for column, kind in enumerate(("outer", "inner", "inner", "outer"), start=1)
    ]
    return Drawn(
        shown=shown(line),
        mean_y=place(0, figure.share)[1],
        lines=lines,
        points=[place(tried, events / tried) for events, tried in figure.others],
        here=place(line.tried, line.events / line.tried),
        most=most,
        top=top,
    )
