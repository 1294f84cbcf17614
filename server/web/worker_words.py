"""How what checks say of a worker is told: in plain words that accuse nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from server.survey import catalogue, form_versions, worker_standing
from server.survey.first_run import PROJECT
from server.web import back_check_words, door, language
from server.web.check_words import VERDICT_WORDS
from server.web.language import _, ngettext

Figures = Mapping[str, Any]

INDICATOR_LABELS = {
    "systolic": "Systolic pressure",
    "diastolic": "Diastolic pressure",
    "pressure": "Blood pressure",
    "pulse": "Pulse",
    "waist": "Waist",
    "height": "Height",
    "weight": "Weight",
    "temp": "Temperature",
    "glucose": "Glucose",
    "fbg": "Fasting glucose",
    "interviews": "All forms",
    "found": "Persons with a finding",
    "refused": "Refusals",
    "absent": "Nobody met",
    "by_phone": "Asked by phone",
    "left_open": "Questions left open",
    "no_fix": "Positions",
    "no_photo": "Photos",
    "alike": "Blocks of like questions",
}
# What a conversation may turn to: reasons that are nobody's fault come first.
HINT_WORDS = {
    "digits": "Is the number read off or rounded? Does the device show every number?",
    "repeats": "Is the device in order? Is the first reading always written down?",
    "speed": "Is the form opened only at the end? Are answers filled in from a list?",
    "overlaps": "Is a form left open while the next is filled in? Do two people use one code?",
    "pace": "Were the forms filled in later, one after the other? Do two people use one code?",
    "share": "Are the villages or the persons others than those of colleagues? How is it asked?",
    "level": "Is the device in order, and the cuff of the right size? How does the person sit?",
    "clustering": "Are the devices alike? Would everybody read the same on one person?",
    "alike": "Is every question asked? Are the answers filled in at once, at the end?",
    "skipped": "When is the section opened? Does something keep from asking it?",
    "gaps": "What keeps from asking or from taking it: time, the device, the person?",
    "stale": "Has the phone been online? In the app: get blank forms, delete the old version.",
    "back_check": "Was the same person asked both times? Did something change in between?",
}
EVENT_WORDS = {
    "found": "%(events)s of %(tried)s persons screened have a finding",
    "refused": "%(events)s of %(tried)s households refused",
    "absent": "At %(events)s of %(tried)s calls nobody was met",
    "by_phone": "%(events)s of %(tried)s interviews were by phone",
    "left_open": "%(events)s of %(tried)s questions were left open or not known",
    "no_fix": "%(events)s of %(tried)s visits have no position",
    "no_photo": "%(events)s of %(tried)s photos were not taken",
    "alike": (
        "In %(events)s of %(tried)s records a block of like questions has one answer throughout"
    ),
    "skipped": "In %(events)s of %(tried)s records this section was not opened",
    "pace": "On %(events)s of %(tried)s days there were more than %(limit)s interviews an hour",
}


def sentence(check: str, indicator: str, figures: Figures) -> str:
    """Return in plain words what a check on workers noticed, and what would be usual."""
    tell = _SENTENCES.get(check)
    return tell(indicator, figures) if tell else ""


def indicator_name(indicator: str) -> str:
    """Return what was looked at: a reading, a disease, a form, or a form and its section."""
    if indicator in INDICATOR_LABELS:
        return _(INDICATOR_LABELS[indicator])
    if indicator in back_check_words.QUESTION_WORDS:
        return _(back_check_words.QUESTION_WORDS[indicator])
    form_id, _colon, section = indicator.partition(":")
    titles = {
        one.form_id: one.title for one in form_versions.current_forms(door.session(), PROJECT)
    }
    if form_id not in titles:
        return catalogue.label(indicator, language.language(), door.site().settings.folder)
    if not section:
        return titles[form_id]
    label = worker_standing.section_label(
        door.session(), PROJECT, form_id, section, language.language()
    )
    return f"{titles[form_id]} · {label}"


def hint(check: str) -> str:
    """Return what to ask about: reasons that are nobody's fault come first; "" for none."""
    return _(HINT_WORDS[check]) if check in HINT_WORDS else ""


def badge(verdict: str) -> tuple[str, str]:
    """Return the shape and word of a verdict."""
    shape, words = VERDICT_WORDS[verdict]
    return shape, _(words)


def usual(expected: float) -> str:
    """Write how many would be usual: tenths only of small numbers."""
    return language.number(expected, 0 if expected >= 10 or expected == int(expected) else 1)


def minutes(seconds: float) -> str:
    """Write seconds as minutes: tenths of short times only."""
    return language.number(seconds / 60, 1 if seconds < 600 else 0)


def reading(value: float) -> str:
    """Write a reading: tenths only where there are some."""
    return language.number(value, 0 if value == int(value) else 1)


def _digits(_indicator: str, told: Figures) -> str:
    counts = told["counts"]
    most = max(range(10), key=lambda digit: (counts[digit], -digit))
    places = {
        "events": language.number(counts[most]),
        "tried": language.number(told["tried"]),
        "digit": most,
        "usual": usual(told["expected"]),
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


def _repeats(_indicator: str, told: Figures) -> str:
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
        usual=usual(told["expected"]),
    )


def _overlaps(_indicator: str, told: Figures) -> str:
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
        usual=usual(told["expected"]),
    )


def _speed(_indicator: str, told: Figures) -> str:
    if told["usual_s"] is None:
        return _nobody_else()
    return ngettext(
        "%(tried)s interview took %(own)s minutes; colleagues in the township take %(usual)s.",
        "Half of %(tried)s interviews took less than %(own)s minutes; of colleagues in the "
        "township, %(usual)s.",
        told["tried"],
        tried=language.number(told["tried"]),
        own=minutes(told["median_s"]),
        usual=minutes(told["usual_s"]),
    )


def _of_share(key: str) -> Callable[[str, Figures], str]:
    """Return what tells a share; `key` "" where the indicator says which."""

    def tell(indicator: str, told: Figures) -> str:
        if not told["colleague_tried"]:
            return _nobody_else()
        # Of a disease it is persons, as with all findings.
        events = _(
            EVENT_WORDS.get(key or indicator, EVENT_WORDS["found"]),
            events=language.number(told["events"]),
            tried=language.number(told["tried"]),
            limit=language.number(told.get("limit", 0), 1),
        )
        return _(
            "%(events)s; by colleagues in the township about %(usual)s would be usual.",
            events=events,
            usual=usual(told["expected"]),
        )

    return tell


def _level(_indicator: str, told: Figures) -> str:
    if "median" not in told:
        return _few_readings(told)
    return _(
        "Half of %(tried)s readings are %(own)s or less; in the township, %(usual)s.",
        tried=language.number(told["tried"]),
        own=reading(told["median"]),
        usual=reading(told["usual"]),
    )


def _clustering(_indicator: str, told: Figures) -> str:
    if "icc" not in told:
        return _few_readings(told)
    return _(
        "Of all differences between %(tried)s readings, %(share)s lie between the %(workers)s "
        "workers; under %(limit)s would be usual.",
        tried=language.number(told["tried"]),
        share=language.percent(max(0.0, told["icc"])),
        workers=language.number(told["workers"]),
        limit=language.percent(told["limit"]),
    )


def _stale(_indicator: str, told: Figures) -> str:
    return ngettext(
        "The last %(events)s of %(tried)s submission came on a version that had been replaced.",
        "The last %(events)s of %(tried)s submissions came on a version that had been replaced.",
        told["tried"],
        events=language.number(told["events"]),
        tried=language.number(told["tried"]),
    )


def _few_readings(told: Figures) -> str:
    return ngettext("%(n)s reading so far.", "%(n)s readings so far.", told["tried"])


def _nobody_else() -> str:
    return _("Nobody else in the township to compare with.")


_SENTENCES: Mapping[str, Callable[[str, Figures], str]] = {
    "digits": _digits,
    "repeats": _repeats,
    "overlaps": _overlaps,
    "speed": _speed,
    "pace": _of_share("pace"),
    "share": _of_share(""),
    "gaps": _of_share(""),
    "alike": _of_share("alike"),
    "skipped": _of_share("skipped"),
    "level": _level,
    "clustering": _clustering,
    "stale": _stale,
    "back_check": back_check_words.sentence,
}
