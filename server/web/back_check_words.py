"""How back-checks are told: in plain words that accuse nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from server.survey.back_checks.questions import ErrorRate, Pair
from server.web import language
from server.web.language import _, ngettext
from server.web.person_words import KIND_WORDS

QUESTION_WORDS = {
    "visited": "Somebody called before",
    "household.size": "Persons in the household",
    "household.kind": "Kind of household",
    "known": "The person belongs to the household",
    "person.sex": "Sex of the person",
    "person.birth_year": "Year of birth",
    "person.residence": "Where the person lives",
    "measure.height": "Height",
    "measure.weight": "Weight",
    "measure.sbp1": "Systolic pressure",
    "measure.dbp1": "Diastolic pressure",
}
ANSWER_WORDS = {
    "yes": "yes",
    "no": "no",
    "male": "male",
    "female": "female",
    **KIND_WORDS,
    "home": "lives at home",
    "away_short": "away less than 6 months",
    "away_long": "away 6 months or more",
    "hospital": "in hospital",
    "moved": "moved away",
    "dead": "died",
}
TYPE_WORDS = {
    1: "must agree",
    2: "should agree",
    3: "may differ",
}
STATE_WORDS = {
    "waiting": ("todo", "waiting"),
    "met": ("fine", "asked again"),
    "ended": ("off", "nobody will be met"),
    "withdrawn": ("off", "withdrawn"),
}
OUTCOME_WORDS = {
    "absent": "nobody at home",
    "refused": "did not want to be asked again",
    "vacated": "nobody lives there",
    "moved": "moved away",
}
STRATUM_WORDS = {
    "worker": "Of every worker",
    "village": "Of every village",
}


def sentence(indicator: str, figures: Mapping[str, Any]) -> str:
    """Return what a worker's back-checks say of one question, in one line."""
    told = _(
        "%(question)s: %(differing)s of %(tried)s answers differ the second time"
        " (95 in 100: between %(low)s and %(high)s)",
        question=_(QUESTION_WORDS.get(indicator, indicator)),
        differing=language.number(figures["differing"]),
        tried=language.number(figures["tried"]),
        low=language.percent(figures["low"]),
        high=language.percent(figures["high"]),
    )
    if figures.get("lower") is None:
        return told
    return f"{told} · {_apart(figures['mean'], figures['lower'], figures['upper'])}"


def not_visited(_indicator: str, figures: Mapping[str, Any]) -> str:
    """Return why a record is looked at of whose interview the household knows nothing."""
    first, again = (date.fromisoformat(figures[name]) for name in ("first", "again"))
    return _(
        "Asked again on %(again)s, the household knows of no earlier visit; this record is of"
        " %(first)s.",
        again=language.day(again),
        first=language.day(first),
    )


def rate_words(rate: ErrorRate) -> str:
    """Return a share with its interval: "12 % (4 to 30 %)"."""
    return _(
        "%(share)s (%(low)s to %(high)s)",
        share=language.percent(rate.share),
        low=language.percent(rate.low),
        high=language.percent(rate.high),
    )


def agreement_words(rate: ErrorRate) -> str:
    """Return the mean difference of a number and its limits of agreement, "" for none."""
    if rate.mean is None or rate.lower is None or rate.upper is None:
        return ""
    return _apart(rate.mean, rate.lower, rate.upper)


def answer_words(pair: Pair, which: str) -> str:
    """Return the first or the second answer ("first", "second") as people say it."""
    told = pair.first if which == "first" else pair.second
    if pair.question.tolerance is not None:
        return told
    return _(ANSWER_WORDS[told]) if told in ANSWER_WORDS else told


def differing_words(count: int) -> str:
    """Return how many answers of a household differ."""
    if not count:
        return _("all agree")
    return ngettext("%(n)s answer differs", "%(n)s answers differ", count)


def _apart(mean: float, lower: float, upper: float) -> str:
    return _(
        "on average %(mean)s, 95 in 100 between %(lower)s and %(upper)s",
        mean=_signed(mean),
        lower=_signed(lower),
        upper=_signed(upper),
    )


def _signed(value: float) -> str:
    told = language.number(abs(value), 1)
    return f"−{told}" if value < 0 else f"+{told}"
