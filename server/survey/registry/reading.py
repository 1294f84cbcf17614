"""Looking up divisions, villages and clinics, for those who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session

from maps.points import Point
from server.errors import Missing
from server.survey import areas
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.registry.names import name_stem
from server.tables import reference

MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative area above the village, by its 12-digit code."""

    code: str
    name: str
    level: str
    parent_code: str | None
    valid_from: date | None
    valid_to: date | None
    successor_code: str | None


@dataclass(frozen=True, slots=True)
class Village:
    """A village with its register figures; None where nobody has told them.

    `kind` is village, residents or other. `valid_to` is its last day. `place` is the position the
    register tells, None when it tells none.
    """

    code: str
    name: str
    township_code: str
    township_name: str
    kind: str
    place: Point | None
    households: int | None
    persons: int | None
    register_source: str | None
    register_on: date | None
    valid_from: date | None
    valid_to: date | None
    successor_code: str | None


@dataclass(frozen=True, slots=True)
class Clinic:
    """A village clinic or township hospital. `id` is what phones know it by."""

    id: str
    code: str
    name: str
    kind: str
    village_code: str | None
    township_code: str
    place: Point | None


@dataclass(frozen=True, slots=True)
class Branch:
    """A division with the divisions in it. `villages` counts all villages in its whole tree."""

    division: Division
    branches: tuple[Branch, ...]
    villages: int


def division(session: Session, code: str) -> Division:
    """Return the division of a code or stem ("130921"). Raises Missing."""
    row = session.get(reference.Division, _full(code))
    if row is None:
        raise Missing("There is no division %(code)s.", code=code)
    return _division(row)


def townships(session: Session, scope: Scope) -> tuple[Division, ...]:
    """Return the townships of a scope, ordered by code."""
    rows = session.scalars(
        select(reference.Division)
        .where(reference.Division.level == "township", scope.where(reference.Division.code))
        .order_by(reference.Division.code)
    )
    return tuple(_division(row) for row in rows)


def villages(
    session: Session, scope: Scope, township: str | None = None, on: date | None = None
) -> tuple[Village, ...]:
    """Return the villages of a scope, ordered by code.

    `township` (code or stem) keeps those that lie in it; `on` those that exist on that day.
    """
    query = _villages(scope)
    if township is not None:
        query = query.where(reference.Village.township_code == _full(township))
    if on is not None:
        start, end = reference.Village.valid_from, reference.Village.valid_to
        query = query.where(or_(start.is_(None), start <= on), or_(end.is_(None), end >= on))
    return tuple(_village(found) for found in session.execute(query))


def village(session: Session, code: str, scope: Scope) -> Village:
    """Return one village of a scope. Raises Missing, for those outside it too."""
    found = session.execute(_villages(scope).where(reference.Village.code == code)).first()
    if found is None:
        raise Missing("There is no village %(code)s here.", code=code)
    return _village(found)


def find_village(session: Session, text: str, scope: Scope = WHOLE_SITE) -> tuple[Village, ...]:
    """Return the villages that `text` may mean, at most 50, the likeliest first.

    Digits are the beginning of a code. Words are a name, with or without 村 or 村委会: names that
    are the same come first, then those that contain it. Names are never unique.
    """
    wanted = text.strip()
    if not wanted:
        return ()
    if wanted.isascii() and wanted.isdigit():
        query = _villages(scope).where(reference.Village.code.startswith(wanted, autoescape=True))
        return tuple(_village(found) for found in session.execute(query.limit(MOST_FOUND)))
    stem = name_stem(wanted)
    query = _villages(scope).where(reference.Village.name.contains(stem, autoescape=True))
    found = [_village(row) for row in session.execute(query)]
    found.sort(key=lambda one: (name_stem(one.name) != stem, len(one.name), one.code))
    return tuple(found[:MOST_FOUND])


def clinics(session: Session, scope: Scope) -> tuple[Clinic, ...]:
    """Return the clinics of a scope, ordered by code."""
    row = reference.Clinic
    # A village's worker sees its clinic; a township's hospital is its township's.
    place = func.coalesce(row.village_code, row.township_code)
    found = session.scalars(select(row).where(scope.where(place)).order_by(row.code))
    return tuple(_clinic(one) for one in found)


def tree(session: Session, scope: Scope) -> tuple[Branch, ...]:
    """Return the divisions of a scope as trees, ordered by code.

    A division whose parent is not in the registry, or not in the scope, hangs from its nearest
    ancestor that is, or stands at the top.
    """
    rows = session.scalars(
        select(reference.Division)
        .where(scope.where(reference.Division.code))
        .order_by(reference.Division.code)
    ).all()
    per_township: dict[str, int] = dict(
        session.execute(
            select(reference.Village.township_code, func.count())
            .where(scope.where(reference.Village.code))
            .group_by(reference.Village.township_code)
        ).all()
    )
    known = {row.stem: _division(row) for row in rows}
    below: dict[str, list[str]] = {}
    for stem in known:
        above = [stem[:length] for length, _ in areas.LEVELS if length < len(stem)]
        nearest = next((one for one in reversed(above) if one in known), "")
        below.setdefault(nearest, []).append(stem)

    def branch(stem: str) -> Branch:
        branches = tuple(branch(one) for one in below.get(stem, ()))
        own = per_township.get(known[stem].code, 0)
        return Branch(known[stem], branches, own + sum(one.villages for one in branches))

    return tuple(branch(stem) for stem in below.get("", ()))


def _full(code: str) -> str:
    return areas.full_code(code) if code.isascii() and code.isdigit() and len(code) < 13 else code


def _villages(scope: Scope) -> Select[reference.Village, str]:
    return (
        select(reference.Village, reference.Division.name)
        .outerjoin(reference.Division, reference.Division.code == reference.Village.township_code)
        .where(scope.where(reference.Village.code))
        .order_by(reference.Village.code)
    )


def _place(latitude: float | None, longitude: float | None) -> Point | None:
    return None if latitude is None or longitude is None else Point(latitude, longitude)


def _division(row: reference.Division) -> Division:
    return Division(
        row.code,
        row.name,
        row.level,
        row.parent_code,
        row.valid_from,
        row.valid_to,
        row.successor_code,
    )


def _village(found: Row[reference.Village, str]) -> Village:
    row, township_name = found
    return Village(
        row.code,
        row.name,
        row.township_code,
        township_name or "",
        row.kind,
        _place(row.latitude, row.longitude),
        row.households,
        row.persons,
        row.register_source,
        row.register_on,
        row.valid_from,
        row.valid_to,
        row.successor_code,
    )


def _clinic(row: reference.Clinic) -> Clinic:
    place = _place(row.latitude, row.longitude)
    return Clinic(row.id, row.code, row.name, row.kind, row.village_code, row.township_code, place)
