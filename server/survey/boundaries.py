"""Borders of villages: kept by import, the newest counts, each can be undone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from maps import boundaries as borders
from maps.crs import Crs
from server.database import table_of
from server.errors import Conflict, Missing, NotValid
from server.survey.areas import WHOLE_SITE, Scope
from server.tables.boundaries import Boundary, BoundaryImport
from server.tables.reference import Village

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One import of borders as pages list it."""

    id: int
    source_name: str
    crs: str
    villages: int
    made_at: datetime
    made_by: str
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Brought:
    """Borders on their way in: shapes in WGS 84 by village code, of a file in the frame `crs`."""

    source_name: str
    sha256: str
    crs: Crs
    shapes: Mapping[str, BaseGeometry]


def keep(session: Session, wanted: Brought, who: str, now: datetime) -> int:
    """Keep borders and return the import's number. Raises NotValid for none."""
    if not wanted.shapes:
        raise NotValid("No area of this file fits a village of yours.", "file")
    row = BoundaryImport(
        source_name=wanted.source_name,
        sha256=wanted.sha256,
        crs=wanted.crs,
        villages=len(wanted.shapes),
        made_at=now,
        made_by=who,
        undone_at=None,
        undone_by="",
    )
    session.add(row)
    session.flush()
    codes = list(wanted.shapes)
    fewer = borders.thinned([wanted.shapes[code] for code in codes])
    rows = [
        {
            "import_id": row.id,
            "village_code": code,
            "shape": shapely.to_geojson(wanted.shapes[code]),
            "drawn": json.dumps(borders.rings(few), separators=(",", ":")),
        }
        for code, few in zip(codes, fewer, strict=True)
    ]
    session.execute(insert(table_of(Boundary)), rows)
    return row.id


def undo(session: Session, import_id: int, who: str, scope: Scope, now: datetime) -> ImportLine:
    """Let an import count no more; the borders before it count again.

    Raises Missing, Conflict for one undone already, and NotValid where it reaches beyond `scope`.
    """
    found = one_import(session, import_id, scope)
    if found.undone_at is not None:
        raise Conflict("Import %(id)s is undone already.", id=import_id)
    codes = session.scalars(select(Boundary.village_code).where(Boundary.import_id == import_id))
    if not all(scope.covers(code) for code in codes):
        raise NotValid("This import also holds villages of others: the office can undo it.")
    row = session.get_one(BoundaryImport, import_id)
    row.undone_at, row.undone_by = now, who
    session.flush()
    return found


def imports(session: Session, scope: Scope, limit: int = 30) -> list[ImportLine]:
    """Return the latest imports that hold a village of the scope, newest first."""
    rows = session.scalars(
        select(BoundaryImport)
        .where(BoundaryImport.id.in_(_touching(scope)))
        .order_by(BoundaryImport.id.desc())
        .limit(limit)
    )
    return [_line(row) for row in rows]


def one_import(session: Session, import_id: int, scope: Scope) -> ImportLine:
    """Return one import. Raises Missing, also where it holds no village of the scope."""
    row = session.scalar(
        select(BoundaryImport).where(
            BoundaryImport.id == import_id, BoundaryImport.id.in_(_touching(scope))
        )
    )
    if row is None:
        raise Missing("There is no import %(id)s.", id=import_id)
    return _line(row)


def last_import_id(session: Session) -> int:
    """Return the newest import that counts. Raises Missing."""
    found = session.scalar(
        select(func.max(BoundaryImport.id)).where(BoundaryImport.undone_at.is_(None))
    )
    if found is None:
        raise Missing("There is no import to undo.")
    return found


def current(scope: Scope = WHOLE_SITE) -> Select[Boundary]:
    """Return the query of the borders that count, of villages in the scope."""
    newest = (
        select(func.max(Boundary.import_id).label("import_id"), Boundary.village_code)
        .join(BoundaryImport, BoundaryImport.id == Boundary.import_id)
        .where(BoundaryImport.undone_at.is_(None), scope.where(Boundary.village_code))
        .group_by(Boundary.village_code)
        .subquery()
    )
    return select(Boundary).join(
        newest,
        (newest.c.import_id == Boundary.import_id)
        & (newest.c.village_code == Boundary.village_code),
    )


def edition(session: Session, scope: Scope) -> str:
    """Return what stands for the borders that count in a scope, "" for none: cheap to ask."""
    rows = session.execute(
        current(scope)
        .with_only_columns(Boundary.village_code, Boundary.import_id)
        .order_by(Boundary.village_code)
    ).all()
    told = json.dumps([list(row) for row in rows])
    return hashlib.sha256(told.encode()).hexdigest()[:16] if rows else ""


def drawn(session: Session, scope: Scope) -> dict[str, str]:
    """Return the borders that count as JSON of polygons, rings and corners, by village code."""
    rows = session.execute(
        current(scope)
        .with_only_columns(Boundary.village_code, Boundary.drawn)
        .order_by(Boundary.village_code)
    )
    return dict(rows.all())


def _touching(scope: Scope) -> Select[int]:
    return select(Boundary.import_id).where(scope.where(Boundary.village_code)).distinct()


def _line(row: BoundaryImport) -> ImportLine:
    return ImportLine(
        row.id, row.source_name, row.crs, row.villages, row.made_at, row.made_by, row.undone_at
    )


def held(session: Session, scope: Scope, today: date) -> tuple[int, int]:
    """Return how many villages in force of the scope have a border, and how many there are."""
    codes = set(
        session.scalars(
            select(Village.code).where(
                scope.where(Village.code),
                (Village.valid_to.is_(None)) | (Village.valid_to >= today),
            )
        )
    )
    drawn_codes = session.scalars(current(scope).with_only_columns(Boundary.village_code))
    return len(codes.intersection(drawn_codes)), len(codes)
