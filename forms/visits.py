"""When and where a visit took place, by the phone's word: what cannot be, what says little."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from forms.answers import Answers, Group
from forms.problems import Complaint
from forms.values import GeoPoint, read_day, read_geopoint, read_instant

MESSAGES = {
    "end_before_start": "The visit ended before it started.",
    "start_in_future": "The visit started %(minutes)s minutes after it was received.",
    "clock_ahead": "The phone's clock is at least %(minutes)s minutes ahead.",
    "visit_too_short": "The visit lasted %(seconds)s seconds.",
    "visit_in_future": "The day of the visit, %(day)s, is after the day it was received.",
    "visit_backdated": "The visit of %(day)s was written down %(days)s days later.",
    "fix_missing": "There is no position of the visit.",
    "fix_inaccurate": "The position is accurate to %(accuracy_m)s m only.",
    "fix_zero": "The position is 0, 0: the phone had none.",
    "far_from_village": "The visit was %(distance_km)s km from its village.",
}

# Phones set their clocks by the network; what is left is their drift and the way here.
CLOCK_TOLERANCE = timedelta(minutes=5)
SHORTEST_VISIT = timedelta(minutes=1)
# The follow-up form takes visits of the last 31 days.
BACKDATED_DAYS = 31
INACCURATE_M = 200
FAR_M = 10_000
"""Default distance beyond which a fix does not belong to the village."""

_NOT_MET = ("refused", "absent", "vacated", "dead", "moved")


def visit_complaints(answers: Answers, received_at: datetime, today: date) -> list[Complaint]:
    """Return what is wrong with the visit's times and fix.

    `received_at` is the server's instant, aware; `today` its day at the site.
    """
    return [*_times(answers, received_at), *_days(answers, today), *_fix(answers)]


def village_complaints(
    answers: Answers, distance_m: float | None, limit_m: float = FAR_M
) -> list[Complaint]:
    """Return the complaint about a fix `distance_m` from its village, None when not known."""
    if distance_m is None or distance_m <= limit_m:
        return []
    group = fix_group(answers)
    kilometres = f"{distance_m / 1000:.1f}"
    return [group.complaint("far_from_village", "visit.fix", distance_km=kilometres)]


def visit_fix(answers: Answers) -> GeoPoint | None:
    """Return where the visit was, None for no fix and for the 0, 0 of a phone without one."""
    fix = read_geopoint(fix_group(answers).concept("visit.fix") or "")
    return None if fix is None or _is_zero(fix) else fix


def fix_group(answers: Answers) -> Group:
    """Return the group whose answer is the visit's fix: the first that has one, else the root."""
    asked = answers.groups("visit.fix")
    return next((group for group in asked if group.concept("visit.fix")), answers)


def was_met(answers: Answers) -> bool:
    """Say whether somebody answered: not absent, refused, vacated, nor without consent."""
    outcome = answers.concept("visit.outcome") or answers.concept("backcheck.outcome")
    state = answers.concept("screening.state")
    consents = (answers.concept("visit.consent"), answers.concept("screening.consent"))
    return outcome not in _NOT_MET and state not in _NOT_MET and "no" not in consents


def _times(answers: Answers, received_at: datetime) -> list[Complaint]:
    start = read_instant(answers.concept("visit.start") or "")
    end = read_instant(answers.concept("visit.end") or "")
    found = []
    if start and start - received_at > CLOCK_TOLERANCE:
        ahead = _minutes(start - received_at)
        found.append(answers.complaint("start_in_future", "visit.start", minutes=ahead))
    elif end and end - received_at > CLOCK_TOLERANCE:
        ahead = _minutes(end - received_at)
        found.append(answers.complaint("clock_ahead", "visit.end", minutes=ahead))
    if start and end and end < start:
        found.append(answers.complaint("end_before_start", "visit.end"))
    elif start and end and end - start < SHORTEST_VISIT and was_met(answers):
        seconds = int((end - start).total_seconds())
        found.append(answers.complaint("visit_too_short", "visit.end", seconds=seconds))
    return found


def _days(answers: Answers, today: date) -> list[Complaint]:
    day = read_day(answers.concept("visit.date") or "")
    if day is None:
        return []
    # One day of grace: the phone may be set to another zone, or to a few minutes past midnight.
    if day > today + timedelta(days=1):
        return [answers.complaint("visit_in_future", "visit.date", day=day.isoformat())]
    filled = read_day(answers.concept("visit.start") or "")
    if filled and (filled - day).days > BACKDATED_DAYS:
        words = {"day": day.isoformat(), "days": str((filled - day).days)}
        return [answers.complaint("visit_backdated", "visit.date", **words)]
    return []


def _fix(answers: Answers) -> list[Complaint]:
    group = fix_group(answers)
    text = group.concept("visit.fix")
    if text is None:
        is_wanted = (
            answers.has_concept("visit.fix")
            and answers.concept("visit.way") in (None, "home")
            and was_met(answers)
        )
        return [answers.complaint("fix_missing", "visit.fix")] if is_wanted else []
    fix = read_geopoint(text)
    if fix is None:
        return []
    if _is_zero(fix):
        return [group.complaint("fix_zero", "visit.fix")]
    if fix.accuracy_m is not None and fix.accuracy_m > INACCURATE_M:
        accuracy = f"{fix.accuracy_m:.0f}"
        return [group.complaint("fix_inaccurate", "visit.fix", accuracy_m=accuracy)]
    return []


def _is_zero(fix: GeoPoint) -> bool:
    return fix.latitude == 0 and fix.longitude == 0


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)
