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
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, select

from server.survey import areas
from server.tables.projections import Entity, EntityTally
from server.tables.reference import Clinic, Village
from server.tables.truth import FormVersion, RegistryImport

VILLAGES_FILE = "villages.csv"
CLINICS = "clinics"
SITE_LISTS = ("households", "persons", CLINICS)
"""Lists that are there even before a form declares them."""

PRIVATE_LISTS = frozenset({"cases"})
# What the registry says of a clinic, whatever forms add to it.
CLINIC_PROPERTIES = ("kind", "village_code", "township_code", "geometry")
# Rows fetched and written at once: about 100 kB of text.
_BLOCK = 500
# SQLite takes no more than 32,766 values in one statement.
_MOST_IDS = 5000

Row = Sequence[str | int]

# The properties a form version saves to, by the MD5 of its XML, which says so and never changes.
_declared: dict[str, tuple[tuple[str, str], ...]] = {}


def list_columns(connection: Connection, project_id: int) -> dict[str, tuple[str, ...]]:
    """Return the lists phones are served, each with its properties.

    A property stays once any published version saved to it: a phone forgets what a CSV leaves out.
    """
    columns: dict[str, dict[str, None]] = {name: {} for name in SITE_LISTS}
    columns[CLINICS] = dict.fromkeys(CLINIC_PROPERTIES)
    known = connection.execute(
        select(FormVersion.id, FormVersion.md5)
        .where(FormVersion.project_id == project_id)
        .order_by(FormVersion.id)
    ).all()
    for version_id, md5 in known:
        if md5 not in _declared:
            shape = connection.scalar(select(FormVersion.shape).where(FormVersion.id == version_id))
            _declared[md5] = _declarations(json.loads(shape or "{}"))
        for list_name, name in _declared[md5]:
            properties = columns.setdefault(list_name, {})
            if name:
                properties[name] = None
    return {name: tuple(found) for name, found in columns.items() if name not in PRIVATE_LISTS}


def list_hash(
    connection: Connection, list_name: str, columns: Sequence[str], villages: Sequence[str]
) -> str:
    """Return 32 hex digits that change when, and only when, `entity_csv` would change.

    Clinics are few, so their very rows are hashed; the other lists have a digest by village.
    """
    told = hashlib.md5("\n".join((list_name, *columns)).encode(), usedforsecurity=False)
    if list_name == CLINICS:
        for block in entity_csv(connection, list_name, columns, villages):
            told.update(block)
        return told.hexdigest()
    tallies = connection.execute(
        select(EntityTally.village_code, EntityTally.entities, EntityTally.digest)
        .where(
            EntityTally.list_name == list_name,
            EntityTally.village_code.in_(_shown_villages(list_name, villages)),
            EntityTally.entities > 0,
        )
        .order_by(EntityTally.village_code)
    )
    for village, entities, digest in tallies:
        told.update(f"\n{village} {entities} {digest}".encode())
    return told.hexdigest()


def entity_csv(
    connection: Connection, list_name: str, columns: Sequence[str], villages: Sequence[str]
) -> Iterator[bytes]:
    """Yield a list as UTF-8 CSV (RFC 4180): name, label, __version, then the properties.

    Every row is whole, and an empty list has its header: one short row makes Collect drop the
    list. Never neutralised for spreadsheets: forms compute with these values.
    """
    yield _csv([("name", "label", "__version", *columns)])
    rows = _entity_rows(connection, list_name, columns, villages)
    if list_name == CLINICS:
        yield _csv(_clinic_rows(connection, columns, villages))
    block: list[Row] = []
    for row in rows:
        block.append(row)
        if len(block) == _BLOCK:
            yield _csv(block)
            block.clear()
    yield _csv(block)


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
    connection: Connection, list_name: str, ids: Iterable[str], villages: Sequence[str]
) -> dict[str, bool]:
    """Return for each id whether the phone shall forget it: True when it is not served to it.

    Ids the site does not know are left out: what creates them may still be on its way.
    """
    asked = {one: one.lower() for one in itertools.islice(ids, _MOST_IDS)}
    known = dict(_villages_by_id(connection, list_name, [*asked.values()]))
    shown = frozenset(_shown_villages(list_name, villages))
    return {one: known[kept] not in shown for one, kept in asked.items() if kept in known}


def _villages_by_id(
    connection: Connection, list_name: str, ids: Sequence[str]
) -> Iterator[tuple[str, str | None]]:
    created = select(Entity.entity_id, Entity.village_code).where(
        Entity.list_name == list_name, Entity.entity_id.in_(ids), Entity.is_created
    )
    yield from connection.execute(created)
    if list_name == CLINICS:
        registered = select(Clinic.id, Clinic.village_code).where(Clinic.id.in_(ids))
        yield from connection.execute(registered)


def _shown_villages(list_name: str, villages: Sequence[str]) -> list[str]:
    """Return where a phone's entities of a list lie.

    A county's own list may know no villages ("vehicles"): all phones then share it. Of households,
    persons and clinics those without a village go to nobody.
    """
    if list_name in PRIVATE_LISTS:
        return []
    return [*villages] if list_name in SITE_LISTS else [*villages, ""]


def _entity_rows(
    connection: Connection, list_name: str, columns: Sequence[str], villages: Sequence[str]
) -> Iterator[Row]:
    query = (
        select(Entity.entity_id, Entity.label, Entity.version, Entity.properties)
        .where(
            Entity.list_name == list_name,
            Entity.village_code.in_(_shown_villages(list_name, villages)),
            Entity.is_created,
        )
        .order_by(Entity.village_code, Entity.label, Entity.entity_id)
        .execution_options(yield_per=_BLOCK)
    )
    if list_name == CLINICS:
        query = query.where(Entity.entity_id.not_in(select(Clinic.id)))
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


def _declarations(shape: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return (list, property) pairs of a form's shape, and (list, "") for each list it writes."""
    entities: list[Mapping[str, str]] = shape.get("entities", [])  # type: ignore[assignment]
    fields: list[Mapping[str, Sequence[str] | None]] = shape.get("fields", [])  # type: ignore[assignment]
    lists = [(one["list_name"], "") for one in entities]
    properties = [(to[0], to[1]) for one in fields if (to := one["saves_to"])]
    return tuple(dict.fromkeys([*lists, *properties]))
