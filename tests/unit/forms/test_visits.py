"""Times and fixes of visits."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from forms.visits import MESSAGES, village_complaints, visit_complaints, visit_fix, was_met
from tests.filled import said

RECEIVED = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
GOOD_FIX = "38.3 116.9 12 5"


def codes(**answers: str) -> list[str]:
    """Return the complaint codes of a visit."""
    answers = {name.replace("__", "."): text for name, text in answers.items()}
    names = {name if "." in name else f"visit.{name}": text for name, text in answers.items()}
    complaints = visit_complaints(said(names), RECEIVED, TODAY)
    assert all(MESSAGES[one.code] % one.params for one in complaints)
    return [one.code for one in complaints]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-22T09:15:00+08:00", "2026-11-22T09:45:00+08:00", []),
        ("2026-11-22T01:15:00Z", "2026-11-22T09:45:00+08:00", []),
        ("2026-11-22T09:45:00+08:00", "2026-11-22T09:15:00+08:00", ["end_before_start"]),
        ("2026-11-22T09:15:00+08:00", "2026-11-22T09:15:59+08:00", ["visit_too_short"]),
        ("2026-11-22T09:15:00+08:00", "2026-11-22T09:16:00+08:00", []),
        ("2026-11-22T10:05:01+08:00", "2026-11-22T11:00:00+08:00", ["start_in_future"]),
        ("2026-11-22T10:04:00+08:00", "2026-11-22T10:05:00+08:00", []),
        ("2026-11-22T09:00:00+08:00", "2026-11-22T12:00:00+08:00", ["clock_ahead"]),
        ("not a time", "2026-11-22T09:00:00+08:00", []),
        ("", "", []),
    ],
)
def test_times_must_be_in_order_and_past(start: str, end: str, expected: list[str]) -> None:
    assert codes(start=start, end=end) == expected


def test_a_visit_to_a_closed_door_may_be_short() -> None:
    times = {"start": "2026-11-22T09:15:00+08:00", "end": "2026-11-22T09:15:20+08:00"}

    assert codes(outcome="absent", **times) == []
    assert codes(consent="no", **times) == []
    assert codes(screening__state="refused", **times) == []
    assert codes(outcome="completed", **times) == ["visit_too_short"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-22", []),
        ("2026-11-23", []),
        ("2026-11-24", ["visit_in_future"]),
        ("2026-10-22", []),
        ("2026-10-21", ["visit_backdated"]),
        ("yesterday", []),
    ],
)
def test_the_day_of_the_visit_must_be_near(day: str, expected: list[str]) -> None:
    assert codes(date=day, start="2026-11-22T09:15:00+08:00") == expected


def test_old_submissions_may_be_sent_late() -> None:
    assert codes(date="2025-01-02", start="2025-01-02T09:15:00+08:00") == []


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        (GOOD_FIX, []),
        ("38.3 116.9", []),
        ("38.3 116.9 12 200", []),
        ("38.3 116.9 12 201", ["fix_inaccurate"]),
        ("0 0 0 0", ["fix_zero"]),
        ("0.0 116.9 0 5", []),
        ("", ["fix_missing"]),
        ("nowhere", []),
    ],
)
def test_a_fix_must_say_something(fix: str, expected: list[str]) -> None:
    assert codes(fix=fix) == expected


def test_a_fix_is_only_missed_at_home_of_people_who_were_met() -> None:
    assert codes(fix="", way="home") == ["fix_missing"]
    assert codes(fix="", way="phone") == []
    assert codes(fix="", outcome="vacated") == []
    assert codes(fix="", screening__consent="no") == []
    assert codes(way="home") == []


def test_a_fix_in_a_repeat_counts() -> None:
    answers = said({"visit.date": "2026-11-22"}, [{"visit.fix": ""}, {"visit.fix": GOOD_FIX}])

    fix = visit_fix(answers)
    (far,) = village_complaints(answers, 12_345)

    assert fix is not None
    assert (fix.latitude, fix.longitude) == (38.3, 116.9)
    assert (far.path, far.position) == ("member/visit_fix", (2,))


def test_the_zero_fix_is_no_fix() -> None:
    assert visit_fix(said({"visit.fix": "0 0 0 0"})) is None
    assert visit_fix(said({"visit.fix": ""})) is None


def test_a_fix_far_from_its_village_is_told_in_kilometres() -> None:
    answers = said({"visit.fix": GOOD_FIX})

    (complaint,) = village_complaints(answers, 10_060)

    assert (complaint.code, complaint.path) == ("far_from_village", "visit_fix")
    assert MESSAGES[complaint.code] % complaint.params == (
        "The visit was 10.1 km from its village."
    )
    assert village_complaints(answers, 10_000) == []
    assert village_complaints(answers, 400, limit_m=300) != []
    assert village_complaints(answers, None) == []


@pytest.mark.parametrize(
    ("answers", "is_met"),
    [
        ({}, True),
        ({"visit.outcome": "completed"}, True),
        ({"visit.outcome": "refused"}, False),
        ({"visit.consent": "no"}, False),
        ({"screening.state": "moved"}, False),
        ({"screening.state": "done", "screening.consent": "yes"}, True),
    ],
)
def test_somebody_was_met_unless_the_answers_say_otherwise(
    answers: dict[str, str], is_met: bool
) -> None:
    assert was_met(said(answers)) == is_met
