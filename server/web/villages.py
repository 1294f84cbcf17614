"""The page of one village: register against found, findings, days of work, flags, clinic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from flask import Blueprint, render_template

from maps import layers, pace
from maps.clinics import ClinicClass, ClinicScore
from maps.coverage import State, VillageCoverage
from server.errors import Missing
from server.survey import (
    catalogue,
    clinics,
    duplicates,
    findings,
    flags,
    form_versions,
    indicators,
    rounds,
    submissions,
)
from server.survey.accounts import Right
from server.survey.findings import FindingLine
from server.survey.first_run import PROJECT
from server.web import door, funnels, language
from server.web.language import _

Class = TypeVar("Class", State, ClinicClass)

pages = Blueprint("villages", __name__)

DAYS_SHOWN = 30
STATE_WORDS = {
    State.NOT_STARTED: "Not started",
    State.NO_REGISTER: "No register",
    State.OVER_REGISTER: "Over 105%: check the register",
}
SOURCE_WORDS = {"register": "register", "census": "census", "estimate": "estimate"}
CLINIC_WORDS = {
    ClinicClass.EXCELLENT: "Excellent: 90 or more",
    ClinicClass.PASSED: "Pass: 80 or more",
    ClinicClass.FAILED: "Fail: below 80",
    ClinicClass.VETO: "Veto: a must is missing",
    ClinicClass.MISSING: "No audit in time",
}
BADGES: Mapping[State | ClinicClass, str] = {
    State.NOT_STARTED: "todo",
    State.NO_REGISTER: "off",
    State.OVER_REGISTER: "watch",
    ClinicClass.EXCELLENT: "fine",
    ClinicClass.PASSED: "fine",
    ClinicClass.FAILED: "watch",
    ClinicClass.VETO: "watch",
    ClinicClass.MISSING: "off",
}


@dataclass(frozen=True, slots=True)
class Day:
    """What was sent on one day, by the form's title."""

    day: date
    by_form: Sequence[tuple[str, int]]

    @property
    def submissions(self) -> int:
        return sum(submissions for _, submissions in self.by_form)

    @property
    def form_words(self) -> str:
        return " · ".join(
            f"{title} {language.number(submissions)}" for title, submissions in self.by_form
        )


@pages.get("/villages/<code>")
@door.allow(Right.SEE_COVERAGE)
def one(code: str) -> str:
    """Show one village. A village outside the reader's areas is as one that does not exist."""
    session, who = door.session(), door.account()
    if not code.isdigit() or not who.scope.covers(code):
        raise Missing("There is no such village here.")
    today = datetime.now(door.site().settings.zone).date()
    neighbours = _neighbours(code, today)
    village = next((one for one in neighbours if one.code == code), None)
    if village is None:
        raise Missing("There is no such village here.")
    at = neighbours.index(village)
    days = _days(village, today) if village.last_visit_on else []
    counts = indicators.diseases(session, who.scope, code)
    folder = door.site().settings.folder
    inside = who.scope.within(code)
    planned = rounds.planned(session, PROJECT, inside, [village])
    done_on = rounds.done_on(session, PROJECT, inside, code) if planned else {}
    return render_template(
        "village.html",
        village=village,
        plan=rounds.plans(session, PROJECT, inside).get(code),
        pace=pace.pace(planned.values(), done_on, today),
        today=today,
        findings=findings.visible(
            counts,
            who.scope,
            code,
            lambda disease: catalogue.sensitivity(disease, folder),
            may_see_sensitive=who.may(Right.SEE_SENSITIVE),
        ),
        finding_name=_finding_name,
        days=days,
        most=max((one.submissions for one in days), default=0),
        flags=[
            (flag, _(flags.title(flag)), number)
            for flag, number in submissions.flag_counts(session, who.scope, code)
        ],
        doubles=[
            (kind, _(duplicates.KIND_TITLES[kind]), number)
            for kind, number in duplicates.counts(session, who.scope.within(code), today).items()
        ],
        clinics=_clinics(village, today),
        funnels=funnels.drawings(who.scope, code),
        following=neighbours[(at + 1) % len(neighbours)] if len(neighbours) > 1 else None,
        position=at + 1,
        villages=len(neighbours),
        clinic_words=_with_badges(CLINIC_WORDS),
        short_name=layers.short_name,
        state_words=_with_badges(STATE_WORDS),
        source_words=SOURCE_WORDS,
        smallest_cell=findings.SMALLEST_CELL,
        now=datetime.now(UTC),
    )


def _neighbours(code: str, today: date) -> list[VillageCoverage]:
    """Return the township's villages that the reader may see, most households left first."""
    scope = door.account().scope
    township = indicators.township_of(door.session(), code)
    if township is None:
        return []
    several = indicators.coverage_by_village(door.session(), scope, today, township)
    return sorted(
        several, key=lambda one: (-1 if one.left is None else one.left, one.code), reverse=True
    )


def _clinics(village: VillageCoverage, today: date) -> list[ClinicScore]:
    who = door.account()
    if not who.may(Right.SEE_CLINICS):
        return []
    return clinics.scores(door.session(), who.scope.within(village.code), today)


def _with_badges(words: Mapping[Class, str]) -> dict[Class, tuple[str, str]]:
    """Return badge and translated words of each class."""
    return {one: (BADGES[one], _(msgid)) for one, msgid in words.items()}


def _finding_name(line: FindingLine) -> str:
    folder = door.site().settings.folder
    return catalogue.label(line.code or "", language.language(), folder)


def _days(village: VillageCoverage, today: date) -> list[Day]:
    """Return the days up to today, or up to the last visit where that is long ago."""
    last = village.last_visit_on or today
    end = today if today - last < timedelta(days=DAYS_SHOWN // 2) else last
    start = end - timedelta(days=DAYS_SHOWN - 1)
    counts = indicators.days(door.session(), door.account().scope, start, village.code)
    titles = {
        one.form_id: one.title for one in form_versions.current_forms(door.session(), PROJECT)
    }
    days = [start + timedelta(days=at) for at in range(DAYS_SHOWN)]
    return [
        Day(
            day,
            [
                (titles.get(one.form_id, one.form_id), one.submissions)
                for one in counts
                if one.day == day
            ],
        )
        for day in days
    ]
