"""The page of one village: register against found, findings, days of work, flags, clinic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from flask import Blueprint, render_template

from exports.pictures.canvas import Picture
from maps import layers, pace
from maps.clinics import ClinicClass, ClinicScore
from maps.coverage import State, VillageCoverage
from server.errors import Missing
from server.survey import (
    catalogue,
    clinics,
    crew,
    drawn,
    duplicates,
    findings,
    flags,
    form_versions,
    indicators,
    rounds,
    submissions,
    tasks,
)
from server.survey.accounts import Right
from server.survey.crew import Worker
from server.survey.drawn import VisitTime, WorkHere
from server.survey.findings import FindingLine
from server.survey.first_run import PROJECT
from server.survey.quality.checks import FAMILIES, Family
from server.web import door, headers, language, task_reader, task_words
from server.web.language import _
from server.web.pictures import area, funnels, work
from server.web.pictures.asked import Asked
from server.web.site_time import site_day
from server.web.task_words import Shown as ShownTask

Class = TypeVar("Class", State, ClinicClass)

pages = Blueprint("villages", __name__)

DAYS_SHOWN = 30
# Funnels that are drawn: the others are told, and drawn when they are asked for.
FUNNELS_DRAWN = 2
TASKS_SHOWN = 3
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


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a person here, of one family: how many, and the first of them."""

    title: str
    url: str
    total: int
    first: Sequence[ShownTask]


@dataclass(frozen=True, slots=True)
class Hand:
    """Who works here: what came from him, None so far, and how to call him, None when gone."""

    name: str
    work: WorkHere | None
    worker: Worker | None


@pages.get("/villages/<code>")
@door.allow(Right.SEE_COVERAGE)
def one(code: str) -> str:
    """Show one village. A village outside the reader's areas is as one that does not exist."""
    session, who = door.session(), door.account()
    if not who.may(Right.SEE_SENSITIVE):
        headers.let_be_kept()  # Sensitive diseases by name stay out of every browser's store.
    if not code.isdigit() or not who.scope.covers(code):
        raise Missing("There is no such village here.")
    today = site_day()
    neighbours = _neighbours(code, today)
    village = next((one for one in neighbours if one.code == code), None)
    if village is None:
        raise Missing("There is no such village here.")
    at = neighbours.index(village)
    inside = who.scope.within(code)
    asked = Asked(inside, today, area=code, place=layers.short_name(village.name))
    planned = rounds.planned(session, PROJECT, inside, [village])
    done_on = rounds.done_on(session, PROJECT, inside, code) if planned else {}
    visits = drawn.visits_of_village(session, code) if village.last_visit_on else []
    days = _days(village, today) if village.last_visit_on else []
    return render_template(
        "village.html",
        village=village,
        asked=asked,
        plan=rounds.plans(session, PROJECT, inside).get(code),
        pace=pace.pace(planned.values(), done_on, today),
        work=area.work_of(planned, done_on, asked),
        ages=area.ages(asked),
        days=days,
        days_picture=_days_picture(days, asked),
        hours=work.hours_of(visits, asked),
        hands=_hands(visits, code),
        funnels=funnels.shown(asked, FUNNELS_DRAWN),
        queues=_queues(code),
        today=today,
        clinics=_clinics(village, today),
        following=neighbours[(at + 1) % len(neighbours)] if len(neighbours) > 1 else None,
        position=at + 1,
        villages=len(neighbours),
        clinic_words=_with_badges(CLINIC_WORDS),
        short_name=layers.short_name,
        state_words=_with_badges(STATE_WORDS),
        source_words=SOURCE_WORDS,
        now=datetime.now(UTC),
        **_found_and_flagged(code, today),
    )


def _found_and_flagged(code: str, today: date) -> dict[str, object]:
    """Return findings, flags and doubles of the village, as far as the reader may see them."""
    session, who = door.session(), door.account()
    folder = door.site().settings.folder
    return {
        "findings": findings.visible(
            indicators.diseases(session, who.scope, code),
            who.scope,
            code,
            lambda disease: catalogue.sensitivity(disease, folder),
            may_see_sensitive=who.may(Right.SEE_SENSITIVE),
        ),
        "finding_name": _finding_name,
        "smallest_cell": findings.SMALLEST_CELL,
        "flags": [
            (flag, _(flags.title(flag)), number)
            for flag, number in submissions.flag_counts(session, who.scope, code)
        ],
        "doubles": [
            (kind, _(duplicates.KIND_TITLES[kind]), number)
            for kind, number in duplicates.counts(session, who.scope.within(code), today).items()
        ],
    }


def _queues(code: str) -> list[Queue]:
    """Return what is open here of each family whose queue the reader may open."""
    reader = task_reader.reader()
    families: list[tuple[Family, str]] = [
        (family, url) for family in FAMILIES if (url := door.way(f"tasks.{family}s", village=code))
    ]
    told = []
    for family, url in families:
        page = tasks.page(door.session(), reader, tasks.Wanted(family, village=code))
        if page.total:
            first = task_words.shown(page.tasks[:TASKS_SHOWN], reader.today)
            told.append(Queue(_(task_words.SHORT_TITLES[family]), url, page.total, first))
    return told


def _hands(visits: Sequence[VisitTime], code: str) -> list[Hand]:
    """Return who made visits here and who is to: most visits first. Named to whom may call them."""
    if not door.account().may(Right.MANAGE_PHONES):
        return []
    serving = crew.crew(door.session(), PROJECT, door.account().scope.within(code))
    by_phone = {one.phone_id: one for one in serving}
    came = drawn.workers_here(door.session(), visits)
    known = {one.phone_id for one in came}
    named = []
    for one in came:
        worker = by_phone.get(one.phone_id or 0)
        named.append(Hand(worker.name if worker else one.name, one, worker))
    return [*named, *(Hand(one.name, None, one) for one in serving if one.phone_id not in known)]


def _days_picture(days: Sequence[Day], asked: Asked) -> Picture | None:
    return work.days_of([(one.day, one.submissions) for one in days], asked) if days else None


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
