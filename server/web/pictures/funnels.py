"""A village among the others: its funnel plots, and the words beside them."""

from __future__ import annotations

from dataclasses import dataclass

from exports.pictures.canvas import Picture
from exports.pictures.funnel import FunnelWords
from exports.pictures.funnel import funnel as drawing_of
from server.survey import village_rates
from server.survey.village_rates import RateStanding
from server.web import door, village_words
from server.web.language import _, number, percent
from server.web.pictures.asked import Asked, picture, titled

# Badge and words of each verdict.
VERDICT_WORDS = {
    "unusual": ("watch", "Stands apart"),
    "watch": ("todo", "To be watched"),
    "usual": ("fine", "As usual"),
    "too_few": ("off", "Too few to judge"),
}


@dataclass(frozen=True, slots=True)
class RateShown:
    """A village's count as its page shows it; `picture` is None where it is only told."""

    indicator: str
    name: str
    sentence: str
    badge: tuple[str, str]
    picture: Picture | None


def shown(asked: Asked, drawn: int) -> list[RateShown]:
    """Return a village's counts, the unusual ones first, the first `drawn` of them as pictures."""
    told = village_rates.standings(door.session(), door.account().scope, asked.village)
    return [_shown(one, asked, is_drawn=at < drawn) for at, one in enumerate(told)]


def funnel(asked: Asked) -> Picture | None:
    """Draw one indicator of a village, the most unusual one where none is named."""
    told = village_rates.standings(door.session(), door.account().scope, asked.village)
    wanted = [one for one in told if asked.indicator in ("", one.indicator)]
    return _picture(wanted[0], asked) if wanted else None


def _shown(one: RateStanding, asked: Asked, *, is_drawn: bool) -> RateShown:
    badge, words = VERDICT_WORDS[one.verdict]
    return RateShown(
        indicator=one.indicator,
        name=village_words.indicator(one.indicator),
        sentence=_sentence(one),
        badge=(badge, _(words)),
        picture=_picture(one, asked) if is_drawn else None,
    )


def _sentence(one: RateStanding) -> str:
    figures = {"events": one.events, "tried": one.tried, "expected": one.expected}
    return village_words.rate(one.indicator, figures)


def _picture(one: RateStanding, asked: Asked) -> Picture:
    points = village_rates.others(door.session(), door.account().scope, one.indicator)
    drawing = drawing_of(
        (one.events, one.tried),
        points,
        one.limits,
        one.mean,
        FunnelWords(
            here=asked.place,
            other=_("another village"),
            mean=_("all together"),
            inner=_("95 of 100 of this size lie between"),
            outer=_("nearly all lie between"),
            tried=_("How many were asked"),
        ),
        number,
        lambda share: percent(share, 0 if share * 100 == round(share * 100) else 1),
    )
    rows = [
        (_("another village"), events, tried, events / tried) for events, tried in points if tried
    ]
    return picture(
        "funnel",
        (titled(village_words.indicator(one.indicator), asked.place), _sentence(one)),
        drawing,
        {
            "village": (_("Village"), "text"),
            "events": (_("Counted"), "integer"),
            "tried": (_("How many were asked"), "integer"),
            "share": (_("Share"), "share"),
        },
        [
            (asked.place, one.events, one.tried, one.events / one.tried if one.tried else None),
            *rows,
        ],
        (
            _("All together: %(share)s.", share=percent(one.mean, 1)),
            _("A reason to look, not proof of anything."),
        ),
    )
