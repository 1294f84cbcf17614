"""How what checks say of a record is told: in plain words that accuse nobody.

Figures may stand in lists that reach further than a record's page: no name, number of a card or
date of birth is told here, only what is needed to know why somebody should look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from flask import Flask

from forms.measurements import LIMITS
from server.survey import flags as flag_titles
from server.survey.submissions import FLAG_MESSAGES
from server.web import back_check_words, language, likeness_words
from server.web.language import _, ngettext

Figures = Mapping[str, Any]

# Flags whose full message holds nothing personal; of the others the title says enough.
_TOLD_IN_FULL = (
    *("measure_impossible", "pressures_too_close", "household_size_differs"),
    *("fix_zero", "end_before_start", "id_number_twice", "child_older_than_parent"),
    *("man_pregnant", "id_checksum"),
)
_AHEAD = ("start_in_future", "clock_ahead")
_MOST_TOLD = 2
# Readings that share the limits, and so the name, of another.
_NAMED_AS = {"sbp1": "sbp", "sbp2": "sbp", "dbp1": "dbp", "dbp2": "dbp", "glucose": "rbg"}


def sentence(check: str, indicator: str, figures: Figures) -> str:
    """Return the reason in one sentence, by the figures of the signal."""
    if "flags" in figures:
        return _flags(figures["flags"])
    tell = _SENTENCES.get(check)
    return tell(indicator, figures) if tell else ""


def indicator_name(indicator: str) -> str:
    """Return what was looked at, in words: a measurement; "" for the whole record."""
    name = indicator.partition("/")[0]
    return _what(name) if name in LIMITS or name in _NAMED_AS else ""


def pairs(check: str, figures: Figures) -> list[dict[str, str]]:
    """Return what a signal rests on as labels and values, for its evidence."""
    told = _PAIRS.get(check)
    lines = told(figures) if told and "flags" not in figures else []
    return [{"label": label, "value": value} for label, value in lines]


def flag_lines(figures: Figures) -> list[str]:
    """Return every flag that a signal rests on, each in a line."""
    return [_flag(one) for one in figures.get("flags", ())]


def set_up(app: Flask) -> None:
    """Give the templates of `app` what the evidence of a record's signal is told with."""
    app.jinja_env.globals.update(
        record_pairs=pairs, record_flags=flag_lines, record_sentence=sentence
    )


def _flags(several: Sequence[Mapping[str, Any]]) -> str:
    codes = {one["code"] for one in several}
    is_ahead = codes.intersection(_AHEAD)
    # The day follows from the clock.
    told = [one for one in several if not (is_ahead and one["code"] == "visit_in_future")]
    lines = list(dict.fromkeys(_flag(one) for one in told))
    text = " ".join(lines[:_MOST_TOLD])
    more = len(lines) - _MOST_TOLD
    if more <= 0:
        return text
    rest = ngettext("And %(n)s more.", "And %(n)s more.", more)
    return f"{text} {rest}"


def _flag(flag: Mapping[str, Any]) -> str:
    code, params = flag["code"], dict(flag["params"])
    if code in _AHEAD:
        ahead = language.span(60 * int(params["minutes"]))
        told = _("By the phone's clock it was sent %(ahead)s before it was filled in.", ahead=ahead)
    elif code in _TOLD_IN_FULL:
        words = {name: _(str(value)) if name == "what" else value for name, value in params.items()}
        told = _(FLAG_MESSAGES[code], **words)
    else:
        told = _("%(what)s.", what=_(flag_titles.title(code)))
    if not flag["place"]:
        return told
    number = flag["place"].rpartition(".")[2]
    return _("Person %(number)s: %(what)s", number=number, what=told)


def _what(name: str) -> str:
    limits = LIMITS.get(_NAMED_AS.get(name, name))
    return _(limits.label) if limits else name


def _unit(name: str) -> str:
    limits = LIMITS.get(_NAMED_AS.get(name, name))
    return limits.unit if limits else ""


def _value(number: float) -> str:
    return language.number(number, 0 if number == int(number) else 1)


def _with_unit(name: str, number: float) -> str:
    return f"{_value(number)} {_unit(name)}".strip()


def _usual(number: float) -> str:
    return language.number(number, 0 if number >= 10 or number == int(number) else 1)


def _kilometres(metres: float) -> str:
    return language.number(metres / 1000, 1)


def _reading(_indicator: str, told: Figures) -> str:
    name = told["name"]
    text = _(
        "%(what)s %(value)s; half of %(tried)s persons alike have %(low)s to %(high)s.",
        what=_what(name),
        value=_with_unit(name, told["value"]),
        tried=language.number(told["tried"]),
        low=_value(round(told["low"], 1)),
        high=_value(round(told["high"], 1)),
    )
    if told["person"] < 2:
        return text
    return _("Person %(number)s: %(what)s", number=told["person"], what=text)


def _duration(_indicator: str, told: Figures) -> str:
    took = language.span(told["seconds"])
    if told["usual_s"] is None:
        return _("It took %(took)s; too few forms to say what is usual.", took=took)
    usual = language.span(told["usual_s"])
    if told["is_log"]:
        return _(
            "%(took)s on questions, by the phone's log; %(usual)s would be usual.",
            took=took,
            usual=usual,
        )
    return _("It took %(took)s; %(usual)s would be usual.", took=took, usual=usual)


def _clock(indicator: str, told: Figures) -> str:
    if indicator == "night":
        clock = f"{told['minute'] // 60:02d}:{told['minute'] % 60:02d}"
        return _("By the phone's clock it began at %(clock)s.", clock=clock)
    if indicator == "outside":
        first, middle, last = (_day(told[name]) for name in ("first", "day", "last"))
        return _(
            "The visit is of %(day)s; the round of the village is from %(first)s to %(last)s.",
            day=middle,
            first=first,
            last=last,
        )
    if indicator == "jump":
        back = language.span(60 * told["minutes"])
        return _("The phone's clock was set back by %(back)s meanwhile.", back=back)
    return _("By the phone's clock it was filled in before its form was published.")


def _day(text: str) -> str:
    return language.day(date.fromisoformat(text))


def _position(_indicator: str, told: Figures) -> str:
    if "outside_m" in told:
        away = _kilometres(told["outside_m"])
        return _("%(away)s km outside the border of the village.", away=away)
    return _(
        "%(away)s km from the village; up to %(limit)s km would be usual.",
        away=_kilometres(told["distance_m"]),
        limit=_kilometres(told["limit_m"]),
    )


def _heap(_indicator: str, told: Figures) -> str:
    return _(
        "%(households)s households within %(metres)s m, filled in over %(span)s.",
        households=language.number(told["households"]),
        metres=language.number(told["within_m"]),
        span=language.span(60 * told["minutes"]),
    )


def _same(_indicator: str, told: Figures) -> str:
    return _(
        "%(same)s of %(tried)s answers are those of another record of this phone.",
        same=language.number(told["same"]),
        tried=language.number(told["tried"]),
    )


def _unanswered(_indicator: str, told: Figures) -> str:
    return _(
        "%(blank)s of %(asked)s questions have no answer; about %(usual)s would be usual here.",
        blank=language.number(told["blank"]),
        asked=language.number(told["asked"]),
        usual=_usual(told["usual"]),
    )


def _stray(_indicator: str, told: Figures) -> str:
    return _(
        "%(what)s is %(value)s in %(times)s records, and %(next)s comes next: does it mean that "
        "it is not known?",
        what=_what(told["name"]),
        value=_value(told["value"]),
        times=language.number(told["events"]),
        next=_value(told["next"]),
    )


def _unread(_indicator: str, told: Figures) -> str:
    return _(
        "It came in version %(version)s of the form %(form)s, which was never published here.",
        version=told["version"],
        form=told["form"],
    )


def _unknown_village(_indicator: str, told: Figures) -> str:
    return ngettext(
        "The registry has no village %(village)s; %(n)s record names it.",
        "The registry has no village %(village)s; %(n)s records name it.",
        told["records"],
        village=told["village"],
    )


def _two_families(_indicator: str, told: Figures) -> str:
    return _(
        "Household %(number)s has %(heads)s heads, from records that name nobody in common.",
        number=told["number"] or "–",
        heads=language.number(told["heads"]),
    )


_SENTENCES: Mapping[str, Callable[[str, Figures], str]] = {
    "reading": _reading,
    "duration": _duration,
    "clock": _clock,
    "position": _position,
    "heap": _heap,
    "same_answers": _same,
    "unanswered": _unanswered,
    "stray_code": _stray,
    "unread": _unread,
    "not_visited": back_check_words.not_visited,
    "two_families": _two_families,
    "unknown_village": _unknown_village,
    "duplicate_person": likeness_words.sentence,
    "duplicate_household": likeness_words.sentence,
}

_WHOM_LABELS = {
    "stratum": "Same sex and about the same age",
    "band": "About the same age",
    "grown": "All grown persons",
}


def _reading_pairs(told: Figures) -> list[tuple[str, str]]:
    name = told["name"]
    return [
        (_what(name), _with_unit(name, told["value"])),
        (_("Half have less than"), _with_unit(name, round(told["usual"], 1))),
        (_("Compared with"), _(_WHOM_LABELS[told["stratum"]])),
        (_("Readings"), language.number(told["tried"])),
    ]


def _duration_pairs(told: Figures) -> list[tuple[str, str]]:
    return [(_("Forms of about this length"), language.number(told["tried"]))]


def _unanswered_pairs(told: Figures) -> list[tuple[str, str]]:
    return [(_("Records of this phone"), language.number(told["tried"]))]


def _position_pairs(told: Figures) -> list[tuple[str, str]]:
    if "outside_m" in told:
        return []
    registered, by_fixes = _("The register"), _("The middle of its visits")
    return [(_("Where the village is, by"), registered if told["is_registered"] else by_fixes)]


_PAIRS: Mapping[str, Callable[[Figures], list[tuple[str, str]]]] = {
    "reading": _reading_pairs,
    "duration": _duration_pairs,
    "unanswered": _unanswered_pairs,
    "position": _position_pairs,
}
