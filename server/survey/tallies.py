"""Sums by village, kept by difference: a changed row takes off what it was, adds what it is."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, tuple_

from server.database import Base, add_up, insert_or_replace, rows_with, table_of
from server.tables.projections import (
    AgeTally,
    DayTally,
    DiseaseTally,
    DoneTally,
    EntityTally,
    PersonDayTally,
    VillageTally,
)

Row = Mapping[str, Any]

OUTCOMES = ("completed", "refused", "absent_final", "vacated")
# A clinic's audit and a second interview are no day of the round's work.
NO_WORK = ("audited", "back_check")
_PERSON_SUMS = ("persons", "screened", "suspected", "documented")
_VILLAGE_SUMS = ("households", *OUTCOMES, *_PERSON_SUMS, "flags", "digest")
# What tells households and persons apart; a sum of 40 bits each has room for millions.
_HOUSEHOLD_MARKS = ("id", "number", "phone")
_PERSON_MARKS = (
    "id",
    "household_id",
    "name",
    "sex",
    "birth_date",
    "birth_year",
    "id_hash",
    "phone",
)
_DIGEST_BITS = (1 << 62) - 1


class Differences:
    """What a group of changes adds to the tallies; written once, at the end of the group."""

    def __init__(self) -> None:
        self._village: Counter[tuple[str, str]] = Counter()
        self._disease: Counter[tuple[str, str, str]] = Counter()
        self._day: Counter[tuple[str, Any, str]] = Counter()
        self._done: Counter[tuple[str, Any]] = Counter()
        self._person_day: Counter[tuple[str, str, Any]] = Counter()
        self._age: Counter[tuple[str, str, int]] = Counter()
        self._entity: Counter[tuple[str, str]] = Counter()
        self._digest: Counter[tuple[str, str]] = Counter()

    def visit(self, row: Row, sign: int) -> None:
        """Count one submission's flags and, where it is part of the round, its day of work."""
        if row["outcome"] not in NO_WORK:
            self._day[row["village_code"], row["visited_on"], row["form_id"]] += sign
        self._village[row["village_code"], "flags"] += sign * row["flags"]

    def flags(self, village_code: str, more: int) -> None:
        """Count flags that came to a submission's visit after it was counted, or went."""
        self._village[village_code, "flags"] += more

    def household(self, row: Row, sign: int) -> None:
        """Count one household, its outcome, and the day since which that is final."""
        self._village[row["village_code"], "households"] += sign
        self._village[row["village_code"], "digest"] += sign * _mark(row, _HOUSEHOLD_MARKS)
        if row["outcome"] in OUTCOMES:
            self._village[row["village_code"], row["outcome"]] += sign
            self._done[row["village_code"], row["done_on"]] += sign

    def person(self, row: Row, sign: int) -> None:
        """Count one person: screened once done; suspected only while nothing is documented."""
        code = row["village_code"]
        self._village[code, "persons"] += sign
        self._village[code, "digest"] += sign * _mark(row, _PERSON_MARKS)
        self._village[code, "screened"] += sign * (row["screened_on"] is not None)
        self._village[code, "documented"] += sign * bool(row["documented"])
        self._village[code, "suspected"] += sign * bool(row["suspected"] and not row["documented"])
        self._age[code, row["sex"], _born(row)] += sign
        if row["found_on"]:
            kind = "documented" if row["documented"] else "suspected"
            self._person_day[code, kind, row["found_on"]] += sign
        if row["next_on"]:
            self._person_day[code, "followup", row["next_on"]] += sign

    def case(self, row: Row, sign: int) -> None:
        """Count one case."""
        self._disease[row["village_code"], row["code"], row["state"]] += sign

    def entity(self, row: Row, sign: int) -> None:
        """Count one entity that phones may see, and its version in the list's digest."""
        if row["is_created"]:
            key = (row["list_name"], row["village_code"])
            self._entity[key] += sign
            self._digest[key] += sign * _digest(row)

    def write(self, connection: Connection) -> None:
        """Add all differences to the tables; a row of zeros is taken out, as if it never was."""
        self._write_village(connection)
        _add(connection, DiseaseTally, self._disease, "cases")
        _add(connection, DayTally, self._day, "submissions")
        _add(connection, DoneTally, self._done, "households")
        _add(connection, PersonDayTally, self._person_day, "persons")
        _add(connection, AgeTally, self._age, "persons")
        self._write_entities(connection)

    def _write_village(self, connection: Connection) -> None:
        by_village: dict[str, dict[str, Any]] = {}
        for (village, name), number in sorted(self._village.items()):
            if number:
                row = by_village.setdefault(
                    village, {"village_code": village, **dict.fromkeys(_VILLAGE_SUMS, 0)}
                )
                row[name] = number
        rows = list(by_village.values())
        add_up(connection, table_of(VillageTally), rows)
        _drop_zeros(connection, table_of(VillageTally), rows, _VILLAGE_SUMS)

    def _write_entities(self, connection: Connection) -> None:
        """Digests are sums without carry, so they are read, added and put back."""
        keys = [key for key in sorted(self._digest) if self._digest[key] or self._entity[key]]
        if not keys:
            return
        table = table_of(EntityTally)
        names = ("list_name", "village_code", "entities", "digest")
        villages = sorted({village for _, village in keys})
        known = {
            (list_name, village): (entities, digest)
            for list_name, village, entities, digest in rows_with(
                connection, table, names, "village_code", villages
            )
        }
        rows = []
        for key in keys:
            entities, digest = known.get(key, (0, 0))
            rows.append(
                {
                    "list_name": key[0],
                    "village_code": key[1],
                    "entities": entities + self._entity[key],
                    "digest": (digest + self._digest[key]) & _DIGEST_BITS,
                }
            )
        insert_or_replace(connection, table, rows)
        gone = [row for row in rows if row["entities"] == 0]
        _drop_zeros(connection, table, [{**row, "entities": -1} for row in gone], ("entities",))


def _add(connection: Connection, tally: type[Base], counts: Mapping[Any, int], figure: str) -> None:
    """Add counts by the tally's primary key, in its order, to the column `figure`."""
    table = table_of(tally)
    keys = [column.name for column in table.primary_key]
    rows = [
        {**dict(zip(keys, key, strict=True)), figure: number}
        for key, number in sorted(counts.items())
        if number
    ]
    add_up(connection, table, rows)
    _drop_zeros(connection, table, rows, (figure,))


def _drop_zeros(
    connection: Connection, table: Table, rows: Iterable[Row], sums: tuple[str, ...]
) -> None:
    """Take out the rows of zeros among those that something was taken from."""
    keys = list(table.primary_key)
    lessened = [row for row in rows if any(row[name] < 0 for name in sums)]
    if lessened:
        connection.execute(
            delete(table).where(
                and_(*(table.c[name] == 0 for name in sums)),
                tuple_(*keys).in_([tuple(row[key.name] for key in keys) for row in lessened]),
            )
        )


def _mark(row: Row, names: tuple[str, ...]) -> int:
    text = "|".join([str(row[name]) for name in names])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=5).digest())


def _born(row: Row) -> int:
    """Return a person's year of birth, 0 when nobody told it."""
    told = row["birth_date"].year if row["birth_date"] else row["birth_year"]
    return told or 0


def _digest(row: Row) -> int:
    text = f"{row['entity_id']}:{row['version']}:{row['label']}:{sorted(row['properties'].items())}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) & _DIGEST_BITS
