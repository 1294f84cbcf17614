"""What all checks say of one worker, and of all workers of an area; ages that are rounded."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.survey import drawn, phones
from server.survey.areas import Scope
from server.survey.quality.checks import WORKER_CHECKS
from server.tables.reference import Division, Village
from server.tables.signals import Signal
from server.tables.tasks import CheckRun
from server.tables.truth import Form, FormVersion

VERDICTS = ("flag", "watch", "usual", "too_few")
"""What a check may say, the most telling first."""

# Whipple's index is worked out of these ages (methods 3, notes).
FIRST_AGE, LAST_AGE = 23, 62
# Fewer persons of these ages say nothing of a township's.
FEWEST_PERSONS = 200

_PLACES = {one.name: at for at, one in enumerate(WORKER_CHECKS)}


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """What one check says of a worker's readings, times or answers of one kind."""

    check: str
    indicator: str
    phone_id: int
    figures: Mapping[str, Any]
    verdict: str
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """One worker, and how many checks say what by verdict."""

    phone_id: int
    worker: str
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The most telling that any check says; "" where none looked yet."""
        return next((one for one in VERDICTS if self.counts.get(one)), "")


@dataclass(frozen=True, slots=True)
class Ages:
    """How ages of a township are rounded: Whipple's index of ages and of years of birth.

    `persons` are those of 23 to 62; the indices None where they are too few to tell.
    """

    code: str
    name: str
    persons: int
    of_ages: float | None
    of_years: float | None


def standings(session: Session, project_id: int, scope: Scope) -> list[Standing]:
    """Return the workers that serve a village of the scope, those with most flags first."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    rows = session.execute(
        select(Signal.phone_id, Signal.verdict, func.count())
        .where(Signal.family == "worker", Signal.phone_id.is_not(None))
        .group_by(Signal.phone_id, Signal.verdict)
    )
    for phone_id, verdict, number in rows:
        counts[phone_id or 0][verdict] = number
    seen = [
        Standing(one.id, one.name, dict(counts[one.id]))
        for one in phones.phone_list(session, project_id, scope)
        if one.id in counts or one.revoked_at is None
    ]
    return sorted(
        seen,
        key=lambda one: (-one.counts.get("flag", 0), not one.counts, one.worker, one.phone_id),
    )


def of_worker(session: Session, phone_id: int) -> list[WorkerLine]:
    """Return all that checks say of one worker, what is worth a talk first."""
    rows = session.scalars(
        select(Signal).where(Signal.family == "worker", Signal.phone_id == phone_id)
    )
    lines = [
        WorkerLine(one.check, one.indicator, phone_id, one.figures, one.verdict, one.noticed_at)
        for one in rows
    ]
    return sorted(
        lines,
        key=lambda one: (
            VERDICTS.index(one.verdict), _PLACES.get(one.check, len(_PLACES)), one.indicator
        ),
    )  # fmt: skip


def checked_at(session: Session) -> datetime | None:
    """Return when the checks last ended, None before the first time."""
    return session.scalar(select(func.max(CheckRun.ended_at)))


def ages(session: Session, scope: Scope, today: date) -> list[Ages]:
    """Return how ages are rounded in the townships of a scope, by name."""
    codes = session.scalars(
        select(Village.township_code).where(scope.where(Village.code)).distinct()
    ).all()
    names: dict[str, str] = dict(
        session.execute(select(Division.code, Division.name).where(Division.code.in_(codes))).all()
    )
    told = [
        _ages(session, scope.within(code), (code, names.get(code, code)), today) for code in codes
    ]
    return sorted(told, key=lambda one: (one.name, one.code))


def _ages(session: Session, scope: Scope, place: tuple[str, str], today: date) -> Ages:
    born: Counter[int] = Counter()
    for (_sex, year), number in drawn.ages(session, scope).items():
        born[year] += number
    by_age = [born[today.year - age] for age in range(FIRST_AGE, LAST_AGE + 1)]
    first_year = today.year - LAST_AGE
    by_year = [born[first_year + at] for at in range(LAST_AGE - FIRST_AGE + 1)]
    persons = sum(by_age)
    is_told = persons >= FEWEST_PERSONS
    return Ages(
        *place,
        persons,
        whipple(by_age, FIRST_AGE) if is_told else None,
        whipple(by_year, first_year) if is_told else None,
    )


def whipple(counts: Sequence[int], first: int = 23) -> float | None:
    """Return Whipple's index of ages (or years) that end in 0 or 5, None without persons.

    `counts` are persons by single year from `first` on, 40 years: 23 to 62. 100 where nothing is
    rounded, 500 where all is (methods 3, notes; United Nations 1955).
    """
    total = sum(counts)
    if not total:
        return None
    heaped = sum(count for at, count in enumerate(counts, start=first) if at % 5 == 0)
    return 500 * heaped / total


def section_label(
    session: Session, project_id: int, form_id: str, section: str, language: str
) -> str:
    """Return what a section of a form is called in its current version, else its name there."""
    shape = session.scalar(
        select(FormVersion.shape)
        .join(Form, Form.current_version_id == FormVersion.id)
        .where(Form.project_id == project_id, Form.form_id == form_id)
    )
    labels = json.loads(shape)["groups"].get(section, {}) if shape else {}
    name: str = labels.get(language) or next(iter(labels.values()), "")
    return name or section.rpartition("/")[2]
