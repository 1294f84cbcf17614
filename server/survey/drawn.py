"""What pictures are drawn of: ages, hours of the day, times and last digits, as counts.

Of an area everything is read from tallies and from what checks keep. Visits are read of one village
or one phone alone, by their index: as many as that one made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from server.survey.areas import Scope
from server.tables.projections import AgeTally, PersonDayTally, Visit
from server.tables.reference import Division, Village
from server.tables.signals import Signal
from server.tables.truth import Phone, PhoneVillage

MOST_VISITS = 5000
"""Of one village or phone the latest so many are drawn: a picture gets no clearer by more."""


@dataclass(frozen=True, slots=True)
class VisitTime:
    """One visit: the phone it came from, the day, and the instant it began; None where unknown."""

    phone_id: int | None
    visited_on: date
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkHere:
    """What one phone did in a village: visits, days, the last of them. `name` "" for no phone."""

    phone_id: int | None
    name: str
    visits: int
    days: int
    last_on: date


@dataclass(frozen=True, slots=True)
class Speed:
    """How long one worker's interviews of a form take, in seconds; `usual_s` of colleagues."""

    phone_id: int
    name: str
    form_id: str
    median_s: float
    usual_s: float | None
    tried: int


@dataclass(frozen=True, slots=True)
class Digits:
    """How often a worker's readings end in each digit, and how often were usual."""

    indicator: str
    counts: Sequence[int]
    expected: float


@dataclass(frozen=True, slots=True)
class Found:
    """Persons first found on or after a day, as suspected or documented is known now."""

    suspected: int
    documented: int


def place_name(session: Session, code: str) -> str | None:
    """Return the name of a village or of a division, None for a code nobody knows."""
    name = session.scalar(select(Village.name).where(Village.code == code))
    return name or session.scalar(select(Division.name).where(Division.code == code))


def ages(session: Session, scope: Scope) -> dict[tuple[str, int], int]:
    """Return persons by sex ("" unknown) and year of birth (0 unknown)."""
    rows = session.execute(
        select(AgeTally.sex, AgeTally.born, func.sum(AgeTally.persons))
        .where(scope.where(AgeTally.village_code))
        .group_by(AgeTally.sex, AgeTally.born)
    )
    return {(sex, born): int(number) for sex, born, number in rows}


def found_since(session: Session, scope: Scope, since: date, today: date) -> Found:
    """Return the persons first found from `since` to `today`."""
    rows = session.execute(
        select(PersonDayTally.kind, func.sum(PersonDayTally.persons))
        .where(
            PersonDayTally.kind.in_(("suspected", "documented")),
            PersonDayTally.day.between(since, today),
            scope.where(PersonDayTally.village_code),
        )
        .group_by(PersonDayTally.kind)
    )
    counted: dict[str, int] = {kind: int(number) for kind, number in rows}
    return Found(counted.get("suspected", 0), counted.get("documented", 0))


def visits_of_village(session: Session, village_code: str) -> list[VisitTime]:
    """Return the latest visits of a village, the last day first."""
    return _visits(session, Visit.village_code == village_code)


def visits_of_phone(session: Session, scope: Scope, phone_id: int) -> list[VisitTime]:
    """Return the latest visits of a phone in the scope, the last day first."""
    return _visits(session, and_(Visit.phone_id == phone_id, scope.where(Visit.village_code)))


def by_hour(visits: Iterable[VisitTime], zone: tzinfo) -> list[list[int]]:
    """Return how many began in each hour of each weekday, Monday first, by the site's clock."""
    counts = [[0] * 24 for _ in range(7)]
    for one in visits:
        if one.started_at is not None:
            local = one.started_at.astimezone(zone)
            counts[local.weekday()][local.hour] += 1
    return counts


def workers_here(session: Session, visits: Iterable[VisitTime]) -> list[WorkHere]:
    """Return who made visits, most first; those of no phone as one."""
    number: Counter[int | None] = Counter()
    days: dict[int | None, set[date]] = {}
    for one in visits:
        number[one.phone_id] += 1
        days.setdefault(one.phone_id, set()).add(one.visited_on)
    known = [phone_id for phone_id in number if phone_id is not None]
    names: dict[int, str] = dict(
        session.execute(select(Phone.id, Phone.name).where(Phone.id.in_(known))).all()
    )
    return [
        WorkHere(one, names.get(one or 0, ""), visits_made, len(days[one]), max(days[one]))
        for one, visits_made in number.most_common()
    ]


def speeds(session: Session, project_id: int, scope: Scope, form_id: str = "") -> list[Speed]:
    """Return how long interviews of a form take, of the phones that serve the scope, by time.

    As the checks worked it out last. Without a `form_id` it is the form that most phones fill in.
    """
    serving = select(PhoneVillage.phone_id).where(scope.where(PhoneVillage.village_code)).distinct()
    is_speed = and_(Signal.check == "speed", Signal.phone_id.in_(serving))
    forms = session.scalars(
        select(Signal.indicator)
        .where(is_speed)
        .group_by(Signal.indicator)
        .order_by(func.count().desc(), Signal.indicator)
    ).all()
    if not forms:
        return []
    rows = session.execute(
        select(Signal.phone_id, Phone.name, Signal.indicator, Signal.figures)
        .join(Phone, Phone.id == Signal.phone_id)
        .where(is_speed, Phone.project_id == project_id, Signal.indicator == (form_id or forms[0]))
    )
    told = [
        Speed(
            phone_id=phone_id,
            name=name,
            form_id=indicator,
            median_s=figures["median_s"],
            usual_s=figures.get("usual_s"),
            tried=figures["tried"],
        )
        for phone_id, name, indicator, figures in rows
        if phone_id is not None and figures.get("median_s") is not None
    ]
    return sorted(told, key=lambda one: (one.median_s, one.name, one.phone_id))


def digits(session: Session, phone_id: int) -> list[Digits]:
    """Return the last digits of a phone's readings, as the checks counted them last."""
    rows = session.execute(
        select(Signal.indicator, Signal.figures)
        .where(Signal.check == "digits", Signal.phone_id == phone_id)
        .order_by(Signal.indicator)
    )
    return [
        Digits(indicator, counts, sum(counts) / (5 if figures.get("even_only") else 10))
        for indicator, figures in rows
        if (counts := figures.get("counts"))
    ]


def new_tasks(session: Session, scope: Scope, since: datetime) -> int:
    """Return how many signals of villages in the scope were raised since an instant."""
    query = select(func.count()).where(
        Signal.verdict.in_(("flag", "watch")),
        Signal.noticed_at >= since,
        scope.where(Signal.village_code),
    )
    return session.scalar(query) or 0


def _visits(session: Session, condition: ColumnElement[bool]) -> list[VisitTime]:
    rows = session.execute(
        select(Visit.phone_id, Visit.visited_on, Visit.started_at)
        .where(condition, Visit.outcome != "audited")
        .order_by(Visit.visited_on.desc(), Visit.submission_id.desc())
        .limit(MOST_VISITS)
    )
    return [VisitTime(*row) for row in rows]
