"""Lists that phones choose from, each cut to the villages its phone serves.

`villages.csv` is an ordinary file of a form. `households`, `persons`, `clinics` and what published
forms declare besides are entity lists (ODK entities): a CSV, a hash that stands for it, and the
entities a phone shall forget. `cases` holds disease codes and goes to no phone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    SQLColumnExpression,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from server.survey import areas
from server.survey.entity_columns import CLINICS, PRIVATE_LISTS, SITE_LISTS, list_rules
from server.tables.projections import Entity, EntityTally
from server.tables.reference import Clinic, Village
from server.tables.truth import RegistryImport

VILLAGES_FILE = "villages.csv"
# Rows fetched and written at once: about 100 kB of text.
_BLOCK = 500
# SQLite takes no more than 32,766 values in one statement.
_MOST_IDS = 5000

Row = Sequence[str | int]

_TALLIES = (
    select(EntityTally.village_code, EntityTally.entities, EntityTally.digest)
    .where(
        EntityTally.list_name == bindparam("list_name"),
        EntityTally.village_code.in_(bindparam("villages", expanding=True)),
        EntityTally.entities > 0,
    )
    .order_by(EntityTally.village_code)
)


def list_columns(connection: Connection, project_id: int) -> Mapping[str, tuple[str, ...]]:
    """Return the lists phones are served, each with its properties."""
    return list_rules(connection, project_id).columns


def list_hash(
    connection: Connection,
    list_name: str,
    columns: Sequence[str],
    villages: Sequence[str],
    owner: int | None = None,
) -> str:
    """Return 32 hex digits that change when, and only when, `entity_csv` would change.

    Clinics and a phone's own entities are few, so their very rows are hashed; the other lists have
    a digest by village.
    """
    told = hashlib.md5("\n".join((list_name, *columns)).encode(), usedforsecurity=False)
    if list_name == CLINICS or owner is not None:
        for block in entity_csv(connection, list_name, columns, villages, owner):
            told.update(block)
        return told.hexdigest()
    shown = _shown_villages(list_name, villages)
    for village, entities, digest in connection.execute(
        _TALLIES, {"list_name": list_name, "villages": shown}
    ):
        told.update(f"\n{village} {entities} {digest}".encode())
    return told.hexdigest()


def entity_csv(
    connection: Connection,
    list_name: str,
    columns: Sequence[str],
    villages: Sequence[str],
    owner: int | None = None,
) -> Iterator[bytes]:
    """Yield a list as UTF-8 CSV (RFC 4180): name, label, __version, then the properties.

    `owner` is the phone that gets only what it created itself; None for all others' lists.

    Every row is whole, and an empty list has its header: one short row makes Collect drop the
    list. Never neutralised for spreadsheets: forms compute with these values.
    """
    yield _csv([("name", "label", "__version", *columns)])
    rows = entity_rows(connection, list_name, columns, villages, owner)
    while block := list(itertools.islice(rows, _BLOCK)):
        yield _csv(block)


def entity_rows(
    connection: Connection,
    list_name: str,
    columns: Sequence[str],
    villages: Sequence[str],
    owner: int | None = None,
    start: int = 0,
) -> Iterator[Row]:
    """Yield a list's rows in the order of the CSV, from the one at `start`, counted from 0."""
    if list_name == CLINICS:
        rows = itertools.chain(
            _clinic_rows(connection, columns, villages),
            _entity_rows(connection, list_name, columns, villages, owner, 0),
        )
        return itertools.islice(rows, start, None)
    return _entity_rows(connection, list_name, columns, villages, owner, start)


def row_count(
    connection: Connection, list_name: str, villages: Sequence[str], owner: int | None = None
) -> int:
    """Return how many rows `entity_csv` has below its head."""
    query = select(func.count()).select_from(Entity).where(*_served(list_name, villages, owner))
    count: int = connection.scalar(query) or 0
    if list_name == CLINICS:
        clinics = select(func.count()).where(Clinic.village_code.in_(villages))
        count += connection.scalar(clinics.select_from(Clinic)) or 0
    return count


def villages_csv(connection: Connection, villages: Sequence[str]) -> bytes:
    """Return the villages a phone serves as CSV, by code; `name` holds the code."""
    rows = connection.execute(
        select(Village.code, Village.name, Village.township_code)
        .where(Village.code.in_(villages))
        .order_by(Village.code)
    )
    return _csv(
        [
            ("name", "label", "township_code", "county_code"),
            *((code, name, town, areas.full_code(town[:6])) for code, name, town in rows),
        ]
    )


def integrity(
    connection: Connection,
    list_name: str,
    ids: Iterable[str],
    villages: Sequence[str],
    owner: int | None = None,
) -> dict[str, bool]:
    """Return for each id whether the phone shall forget it: True when it is not served to it.

    Also True for one that was deleted. Ids the site does not know are left out: what creates them
    may still be on its way.
    """
    asked = {one: one.lower() for one in itertools.islice(ids, _MOST_IDS)}
    wanted = [*asked.values()]
    known, served = set[str](), set[str]()
    own = select(Entity.entity_id).where(Entity.entity_id.in_(wanted))
    # One that waits to be created is not known yet: its phone keeps it.
    is_known = or_(Entity.is_created, Entity.is_deleted)
    known.update(connection.scalars(own.where(Entity.list_name == list_name, is_known)))
    served.update(connection.scalars(own.where(*_served(list_name, villages, owner))))
    if list_name == CLINICS:
        registered = select(Clinic.id).where(Clinic.id.in_(wanted))
        known.update(connection.scalars(registered))
        shown = registered.where(Clinic.village_code.in_(villages))
        served.update(connection.scalars(shown))
    return {one: kept not in served for one, kept in asked.items() if kept in known}


def _served(
    list_name: str, villages: Sequence[str], owner: int | None
) -> list[SQLColumnExpression[bool]]:
    """Return what holds for an entity that a phone is served: one filter for CSV, integrity, view.

    What the registry says of a clinic is told from there.
    """
    conditions: list[SQLColumnExpression[bool]] = [
        Entity.list_name == list_name,
        Entity.village_code.in_(_shown_villages(list_name, villages)),
        Entity.is_created,
    ]
    if list_name == CLINICS:
        conditions.append(Entity.entity_id.not_in(select(Clinic.id)))
    if owner is not None:
        conditions.append(Entity.phone_id == owner)
    return conditions


def _shown_villages(list_name: str, villages: Sequence[str]) -> list[str]:
    """Return where a phone's entities of a list lie.

    A county's own list may know no villages ("vehicles"): all phones then share it. Of households,
    persons and clinics those without a village go to nobody.
    """
    if list_name in PRIVATE_LISTS:
        return []
    return [*villages] if list_name in SITE_LISTS else [*villages, ""]


def _entity_rows(
    connection: Connection,
    list_name: str,
    columns: Sequence[str],
    villages: Sequence[str],
    owner: int | None,
    start: int,
) -> Iterator[Row]:
    query = (
        select(Entity.entity_id, Entity.label, Entity.version, Entity.properties)
        .where(*_served(list_name, villages, owner))
        .order_by(Entity.village_code, Entity.label, Entity.entity_id)
        .offset(start)
        .execution_options(yield_per=_BLOCK)
    )
    for entity_id, label, version, properties in connection.execute(query):
        yield _row(entity_id, label, version, properties, columns)


def _clinic_rows(
    connection: Connection, columns: Sequence[str], villages: Sequence[str]
) -> Iterator[Row]:
    """Yield the registry's clinics with what forms said of them since."""
    told: ColumnElement[bool] = and_(Entity.list_name == CLINICS, Entity.entity_id == Clinic.id)
    rows = connection.execute(
        select(Clinic, Entity.label, Entity.version, Entity.properties)
        .outerjoin(Entity, told)
        .where(Clinic.village_code.in_(villages))
        .order_by(Clinic.village_code, Clinic.name, Clinic.id)
    )
    base_version = _registry_version(connection)
    for row in rows:
        properties = {
            "kind": row.kind,
            "village_code": row.village_code,
            "township_code": row.township_code,
            "geometry": _geometry(row.latitude, row.longitude),
            **(row.properties or {}),
        }
        version = base_version + (row.version or 0)
        yield _row(row.id, row.label or row.name, version, properties, columns)


def _registry_version(connection: Connection) -> int:
    """Return the version of a clinic that no form has changed: one more for each later import.

    A phone takes a row only when its version has grown, so that a corrected name must raise it.
    """
    imports: int = (
        connection.scalar(
            select(func.count(RegistryImport.id) + func.count(RegistryImport.undone_at)).where(
                RegistryImport.kind == CLINICS
            )
        )
        or 0
    )
    return max(1, imports)


def _geometry(latitude: float | None, longitude: float | None) -> str:
    """Return a place as ODK writes one: latitude, longitude, altitude, accuracy."""
    return "" if latitude is None or longitude is None else f"{latitude} {longitude} 0 0"


def _row(
    entity_id: str,
    label: str,
    version: int,
    properties: Mapping[str, str],
    columns: Sequence[str],
) -> Row:
    # Without a label a worker could not tell it from another; the id at least differs.
    return (entity_id, label or entity_id, version, *(properties.get(one, "") for one in columns))


def _csv(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
