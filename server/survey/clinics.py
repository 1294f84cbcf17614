"""How clinics stand: the latest audit of each that still counts; one that is missing is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maps.clinics import ClinicScore
from maps.points import Point
from server.errors import Missing
from server.survey.areas import Scope
from server.tables.projections import ClinicAudit
from server.tables.reference import Clinic, Division, Village

# domain.md 5: "the latest audit not older than 12 months".
COUNTS_FOR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One audit of a clinic; `dimensions` maps each to (got, possible) points."""

    submission_id: int
    audited_on: date
    score: float | None
    result: str
    vetoes: tuple[str, ...]
    dimensions: dict[str, tuple[float, float]]


def scores(
    session: Session, scope: Scope, today: date, township: str | None = None
) -> list[ClinicScore]:
    """Return every clinic of the scope with its latest audit that counts, ordered by code."""
    query = (
        select(Clinic, Village.name, Division.name)
        .outerjoin(Village, Village.code == Clinic.village_code)
        .outerjoin(Division, Division.code == Clinic.township_code)
        .where(scope.where(func.coalesce(Clinic.village_code, Clinic.township_code)))
        .order_by(Clinic.code)
    )
    if township is not None:
        query = query.where(Clinic.township_code == township)
    rows: list[Any] = list(session.execute(query))
    audits = _latest(session, today)
    return [_score(clinic, village, town, audits.get(clinic.id)) for clinic, village, town in rows]


def clinic(session: Session, clinic_id: str, scope: Scope, today: date) -> ClinicScore:
    """Return one clinic with its latest audit that counts. Raises Missing, as for other areas."""
    found = session.get(Clinic, clinic_id)
    if found is None or not scope.covers(found.village_code or found.township_code):
        raise Missing("There is no such clinic here.")
    village = session.get(Village, found.village_code) if found.village_code else None
    town = session.get(Division, found.township_code)
    latest = _latest(session, today, clinic_id).get(clinic_id)
    return _score(found, village.name if village else None, town.name if town else None, latest)


def audits(session: Session, clinic_id: str) -> list[AuditLine]:
    """Return all audits of a clinic, the latest first."""
    rows = session.scalars(
        select(ClinicAudit)
        .where(ClinicAudit.clinic_id == clinic_id)
        .order_by(ClinicAudit.audited_on.desc(), ClinicAudit.moment.desc())
    )
    return [
        AuditLine(
            row.submission_id,
            row.audited_on,
            row.score,
            row.result,
            tuple(row.vetoes),
            _dimensions(row),
        )
        for row in rows
    ]


def _latest(session: Session, today: date, clinic_id: str | None = None) -> dict[str, ClinicAudit]:
    query = (
        select(ClinicAudit)
        .where(ClinicAudit.audited_on >= today - COUNTS_FOR)
        .order_by(ClinicAudit.audited_on, ClinicAudit.moment)
    )
    if clinic_id is not None:
        query = query.where(ClinicAudit.clinic_id == clinic_id)
    return {row.clinic_id: row for row in session.scalars(query)}


def _score(
    found: Clinic, village: str | None, town: str | None, audit: ClinicAudit | None
) -> ClinicScore:
    return ClinicScore(
        id=found.id,
        name=found.name,
        village_code=found.village_code or "",
        village_name=village or found.village_code or "",
        township_code=found.township_code,
        township_name=town or found.township_code,
        place=_place(found, audit),
        audited_on=audit.audited_on if audit else None,
        score=audit.score if audit else None,
        vetoes=tuple(audit.vetoes) if audit else (),
        dimensions=_dimensions(audit) if audit else {},
    )


def _place(found: Clinic, audit: ClinicAudit | None) -> Point | None:
    """Return where the clinic is: as the registry says, else where the audit stood at its door."""
    for one in (found, audit):
        if one is not None and one.latitude is not None and one.longitude is not None:
            return Point(one.latitude, one.longitude)
    return None


def _dimensions(audit: ClinicAudit) -> dict[str, tuple[float, float]]:
    return {name: (got, possible) for name, (got, possible) in audit.dimensions.items()}
