"""How what checks say of a worker is told and drawn: in plain words that accuse nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.survey import form_versions
from server.survey.first_run import PROJECT
from server.survey.quality.talks import Signal
from server.web import door, language
from server.web.language import _, ngettext

VERDICTS = {
    "flag": ("watch", "Worth a talk"),
    "usual": ("fine", "As usual"),
    "too_few": ("off", "Too few to judge"),
}
TITLES = {
    "digits": "Last digits",
    "repeats": "The same value again and again",
    "speed": "Time taken",
    "overlaps": "Interviews open at the same time",
}
INDICATORS = {
    "systolic": "Systolic pressure",
    "diastolic": "Diastolic pressure",
    "pressure": "Blood pressure",
    "pulse": "Pulse",
    "waist": "Waist",
    "height": "Height",
    "weight": "Weight",
    "temp": "Temperature",
    "interviews": "All forms",
}
# What a conversation may turn to: reasons that are nobody's fault come first.
HINTS = {
    "digits": "Is the number read off or rounded? Does the device show every number?",
    "repeats": "Is the device in order? Is the first reading always written down?",
    "speed": "Is the form opened only at the end? Are answers filled in from a list?",
    "overlaps": "Is a form left open while the next is filled in? Do two people use one code?",
}
# The drawing, in its own units: a phone's width, text at its size.
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 320.0, 150.0, 8.0, 20.0, 22.0


@dataclass(frozen=True, slots=True)
class Bar:
    """How many readings end in one digit, in the units of the drawing."""

    digit: int
    count: int
    x: float
    y: float
    width: float
    height: float
    middle: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A signal as pages show it."""

    signal: Signal
    title: str
    indicator: str
    sentence: str
    hint: str
    badge: tuple[str, str]


@dataclass(frozen=True, slots=True)
class DigitPicture:
    """Readings by their last digit; `usual_y` is the height of what would be usual."""

    bars: Sequence[Bar]
    usual: str
    usual_y: float


def sentence(check: str, indicator: str, figures: Mapping[str, Any]) -> str:
    """Return in plain words what a check on workers noticed, and what would be usual."""
    return _SENTENCES[check](figures)


def title(check: str) -> str:
    """Return what a check looks at."""
    return _(TITLES[check])


def indicator_name(indicator: str) -> str:
    """Return what was read: a measurement, or a form by its title."""
    if indicator in INDICATORS:
        return _(INDICATORS[indicator])
    titles = {one.form_id: one.title for one in _forms()}
    return titles.get(indicator, indicator)


def hint(check: str) -> str:
    """Return what to ask about: reasons that are nobody's fault come first."""
    return _(HINTS[check])


def digit_picture(figures: Mapping[str, Any]) -> DigitPicture:
    """Return the last digits of `figures` as bars."""
    bars, usual_y = _bars(figures)
    return DigitPicture(bars, _usual(figures["expected"]), usual_y)


def shown(several: Sequence[Signal]) -> list[Shown]:
    """Return signals with their words."""
    return [
        Shown(
            signal=one,
            title=title(one.check),
            indicator=indicator_name(one.indicator),
            sentence=sentence(one.check, one.indicator, one.figures),
            hint=hint(one.check) if one.verdict == "flag" else "",
            badge=badge(one.verdict),
        )
        for one in several
    ]


def badge(verdict: str) -> tuple[str, str]:
    """Return the shape and word of a verdict."""
    shape, words = VERDICTS[verdict]
    return shape, _(words)


def _forms() -> list[form_versions.ListedVersion]:
    return form_versions.current_forms(door.session(), PROJECT)


def _usual(expected: float) -> str:
    return language.number(expected, 0 if expected >= 10 or expected == int(expected) else 1)


def _digits(told: Mapping[str, Any]) -> str:
    counts = told["counts"]
    most = max(range(10), key=lambda digit: (counts[digit], -digit))
    places = {
        "events": language.number(counts[most]),
        "tried": language.number(told["tried"]),
        "digit": most,
        "usual": _usual(told["expected"]),
    }
    if told["even_only"]:
        return _(
            "%(events)s of %(tried)s readings end in %(digit)s; %(usual)s would be usual on a "
            "device that shows even numbers only.",
            **places,
        )
    return ngettext(
        "%(events)s of %(tried)s reading ends in %(digit)s; %(usual)s would be usual.",
        "%(events)s of %(tried)s readings end in %(digit)s; %(usual)s would be usual.",
        told["tried"],
        **places,
    )


def _repeats(told: Mapping[str, Any]) -> str:
    if not told["colleague_tried"]:
        return _nobody_else()
    return ngettext(
        "%(events)s of %(tried)s reading is %(value)s; by colleagues in the township about "
        "%(usual)s would be usual.",
        "%(events)s of %(tried)s readings are %(value)s; by colleagues in the township about "
        "%(usual)s would be usual.",
        told["tried"],
        events=language.number(told["events"]),
        tried=language.number(told["tried"]),
        value=told["value"],
        usual=_usual(told["expected"]),
    )


def _overlaps(told: Mapping[str, Any]) -> str:
    if not told["colleague_tried"]:
        return _nobody_else()
    return ngettext(
        "%(events)s of %(tried)s interview was open while another one was; by colleagues in the "
        "township about %(usual)s would be usual.",
        "%(events)s of %(tried)s interviews were open while another one was; by colleagues in the "
        "township about %(usual)s would be usual.",
        told["tried"],
        events=language.number(told["events"]),
        tried=language.number(told["tried"]),
        usual=_usual(told["expected"]),
    )


def _speed(told: Mapping[str, Any]) -> str:
    if told["usual_s"] is None:
        return _nobody_else()
    return ngettext(
        "%(tried)s interview took %(own)s minutes; colleagues in the township take %(usual)s.",
        "Half of %(tried)s interviews took less than %(own)s minutes; of colleagues in the "
        "township, %(usual)s.",
        told["tried"],
        tried=language.number(told["tried"]),
        own=_minutes(told["median_s"]),
        usual=_minutes(told["usual_s"]),
    )


def _minutes(seconds: float) -> str:
    return language.number(seconds / 60, 1 if seconds < 600 else 0)


def _nobody_else() -> str:
    return _("Nobody else in the township to compare with.")


_SENTENCES = {"digits": _digits, "repeats": _repeats, "overlaps": _overlaps, "speed": _speed}


def _bars(told: Mapping[str, Any]) -> tuple[list[Bar], float]:
    counts, expected = told["counts"], told["expected"]
    room, top = HEIGHT - BOTTOM - TOP, max(*counts, expected, 1)
    step = (WIDTH - 2 * LEFT) / 10
    bars = []
    for digit, count in enumerate(counts):
        high, x = room * count / top, LEFT + step * digit
        y = HEIGHT - BOTTOM - high
        bars.append(
            Bar(
                digit, count, round(x + 3, 1), round(y, 1), round(step - 6, 1),
                round(high, 1), round(x + step / 2, 1),
            )
        )  # fmt: skip
    return bars, round(HEIGHT - BOTTOM - room * expected / top, 1)
