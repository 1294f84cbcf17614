"""The class of a chronic-disease visit worked out again, as chronic_followup does it."""

from __future__ import annotations

from dataclasses import dataclass

from forms.answers import Group
from forms.values import read_number

TARGET_SYSTOLIC, TARGET_SYSTOLIC_OLD, TARGET_DIASTOLIC = 140, 150, 90
OLD_YEARS = 65
"""Age from which the higher systolic target holds (specification 2017; others differ)."""

TARGET_GLUCOSE = 7.0
DANGER_SYSTOLIC, DANGER_DIASTOLIC = 180, 110
DANGER_GLUCOSE_HIGH, DANGER_GLUCOSE_LOW = 16.7, 3.9

_DAYS_AFTER_FAILURE = 14
_DAYS_CONTROLLED = 95
_DAYS_UNMEASURED = 31
_DAYS_YEARLY_CHECK = 366


@dataclass(frozen=True, slots=True)
class FollowupAnswers:
    """What one visit found. `modules` holds htn, dm, tb, elder; `danger` the signs or "none".

    Pressures in mmHg, fasting glucose in mmol/L, None where not measured. `previous_class` is
    that of the visit before, "" for a first visit.
    """

    age_years: float | None = None
    modules: frozenset[str] = frozenset()
    danger: frozenset[str] = frozenset()
    adverse: str = ""
    has_new_complication: bool = False
    previous_class: str = ""
    systolic: float | None = None
    diastolic: float | None = None
    fasting_glucose: float | None = None


@dataclass(frozen=True, slots=True)
class FollowupResult:
    """What follows. `pressure_ok` and `glucose_ok` are None where not measured.

    `followup_class` is satisfied, unsatisfied, adverse, complication or not_measured;
    the next visit is due within `max_days`.
    """

    pressure_ok: bool | None
    glucose_ok: bool | None
    has_danger: bool
    followup_class: str
    must_refer: bool
    max_days: int


_ASKED = ("module", "danger", "adverse", "complication", "previous")


def followup_answers(person: Group) -> FollowupAnswers | None:
    """Return a visit's answers by their concepts, None where the form does not ask them all."""
    if not all(person.has_concept(f"followup.{name}") for name in _ASKED):
        return None
    said = person.concepts("followup.")
    measures = person.concepts("measure.")
    return FollowupAnswers(
        age_years=read_number(person.concept("person.age") or ""),
        modules=frozenset(said.get("module", "").split()),
        danger=frozenset(said.get("danger", "").split()),
        adverse=said.get("adverse", ""),
        has_new_complication=said.get("complication") == "yes",
        previous_class=said.get("previous", ""),
        systolic=read_number(measures.get("sbp", "")),
        diastolic=read_number(measures.get("dbp", "")),
        fasting_glucose=read_number(measures.get("fbg", "")),
    )


def followup_result(answers: FollowupAnswers) -> FollowupResult:
    """Return the class of a visit, whether it must be referred, and when the next is due."""
    pressure_ok = _pressure_ok(answers)
    glucose = answers.fasting_glucose
    glucose_ok = None if glucose is None else glucose < TARGET_GLUCOSE
    has_danger = _has_danger(answers)
    followup_class = _class(answers, pressure_ok, glucose_ok)
    failed_again = followup_class not in ("satisfied", "not_measured") and (
        answers.previous_class in ("unsatisfied", "adverse")
    )
    must_refer = has_danger or failed_again or answers.has_new_complication
    return FollowupResult(
        pressure_ok=pressure_ok,
        glucose_ok=glucose_ok,
        has_danger=has_danger,
        followup_class=followup_class,
        must_refer=must_refer,
        max_days=_max_days(answers, followup_class, must_refer),
    )


def _pressure_ok(one: FollowupAnswers) -> bool | None:
    if one.systolic is None:
        return None
    is_old = one.age_years is not None and one.age_years >= OLD_YEARS
    target = TARGET_SYSTOLIC_OLD if is_old else TARGET_SYSTOLIC
    # Without a diastolic value the phone's comparison fails, and so does this one.
    is_low = one.diastolic is not None and one.diastolic < TARGET_DIASTOLIC
    return one.systolic < target and is_low


def _has_danger(one: FollowupAnswers) -> bool:
    glucose = one.fasting_glucose
    return (
        (one.systolic is not None and one.systolic >= DANGER_SYSTOLIC)
        or (one.diastolic is not None and one.diastolic >= DANGER_DIASTOLIC)
        or (glucose is not None and not DANGER_GLUCOSE_LOW < glucose < DANGER_GLUCOSE_HIGH)
        or (bool(one.danger) and "none" not in one.danger)
    )


def _class(one: FollowupAnswers, pressure_ok: bool | None, glucose_ok: bool | None) -> str:
    if one.has_new_complication:
        return "complication"
    if one.adverse in ("mild", "severe"):
        return "adverse"
    judged = []
    if "htn" in one.modules:
        judged.append(pressure_ok)
    if "dm" in one.modules:
        judged.append(glucose_ok)
    if False in judged:
        return "unsatisfied"
    return "satisfied" if True in judged else "not_measured"


def _max_days(one: FollowupAnswers, followup_class: str, must_refer: bool) -> int:
    if must_refer or followup_class in ("unsatisfied", "adverse", "complication"):
        return _DAYS_AFTER_FAILURE
    if followup_class != "not_measured":
        return _DAYS_CONTROLLED
    return _DAYS_UNMEASURED if one.modules & {"htn", "dm", "tb"} else _DAYS_YEARLY_CHECK
