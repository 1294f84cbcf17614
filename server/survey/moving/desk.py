"""What people at desks decided, as lines of JSON: it leaves, and is taken in again.

Submissions are named by form and instance id in place of our numbers, imports by their place in
the file; phones stay behind, and with them what names one: steps on tasks about workers. A decision
that is there already is not made twice, and what this site decided by itself stays.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Date, LargeBinary, Table, func, insert, select

from server.database import Base, UtcTime, rows_with, table_of
from server.survey.keeping import SUBMISSION
from server.survey.quality.checks import CHECKS
from server.tables.truth import Account

ACCOUNT = table_of(Account)
FILE = "decisions.jsonl"
# In the order in which they are taken in: an import before its actions, a key before its forms,
# a round before its villages.
TABLES = (
    "submission_note",
    "binned",
    "correction",
    "purged",
    "version_reading",
    "encryption_key",
    "entity_list",
    "entity_property",
    "entity_import",
    "entity_action",
    "pair_decision",
    "task_step",
    "check_setting",
    "round",
    "village_plan",
    "day_target",
    "register_sign_off",
    "boundary_import",
    "boundary",
)
# Which column names a row of which table.
_PARENTS: Mapping[str, tuple[str, str]] = {
    "entity_action": ("import_id", "entity_import"),
    "village_plan": ("round_id", "round"),
    "boundary": ("import_id", "boundary_import"),
}
# What tells rows apart where not all of their columns do.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "round": ("project_id", "name"),
    "task_step": ("check", "subject", "indicator", "inputs", "kind", "at", "who"),
}
_SUBMISSIONS = frozenset({"submission_id", "after_submission_id", "approval_after_submission_id"})
_STAYS = frozenset({"phone_id"})
Row = dict[str, Any]


def _tables() -> list[Table]:
    known = Base.metadata.tables
    return [known[name] for name in TABLES if name in known]


def lines(connection: Connection) -> Iterator[bytes]:
    """Give every decision as a line of JSON."""
    for table in _tables():
        named = _named_submissions(connection, table)
        order = list(table.primary_key)
        result = connection.execution_options(yield_per=500).execute(select(table).order_by(*order))
        for row in result.mappings():
            if not _may_leave(table, row):
                continue
            told = {"table": table.name, **_leaving(table, row, named)}
            yield json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _may_leave(table: Table, row: Mapping[Any, Any]) -> bool:
    """Say whether a decision means something elsewhere: a phone's number does not."""
    check = CHECKS.get(row["check"]) if table.name == "task_step" else None
    return check is None or check.family != "worker"


def _leaving(table: Table, row: Mapping[Any, Any], named: Mapping[int, str]) -> Row:
    told: Row = {}
    for column in table.columns:
        value = row[column.name]
        if column.name in _STAYS or value is None:
            continue
        if column.name in _SUBMISSIONS:
            value = named.get(value, "")
        elif isinstance(value, date):  # Moments are days, too.
            value = value.isoformat()
        elif isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        told[column.name] = value
    return told


def _named_submissions(connection: Connection, table: Table) -> dict[int, str]:
    """Return "form|instance" for the submissions a table names.

    One that was wiped out since is named by the last that came before it: order is what counts.
    """
    wanted: set[int] = set()
    for name in _SUBMISSIONS & set(table.columns.keys()):
        column = table.columns[name]
        wanted |= set(connection.scalars(select(column).where(column.is_not(None)).distinct()))
    here = {
        one: connection.scalar(select(func.max(SUBMISSION.c.id)).where(SUBMISSION.c.id <= one))
        for one in wanted
    }
    names = ("id", "form_id", "instance_id")
    ids = sorted({one for one in here.values() if one is not None})
    rows = rows_with(connection, SUBMISSION, names, "id", ids)
    told = {one: f"{form_id}|{instance_id}" for one, form_id, instance_id in rows}
    return {one: told[found] for one, found in here.items() if found is not None}


@dataclass
class Concerned:
    """What decisions were about: first instance ids, entities by list and id, and by kind the
    ids of those who were merged or kept apart.
    """

    roots: set[str] = field(default_factory=set)
    entities: set[tuple[str, str]] = field(default_factory=set)
    pairs: dict[str, set[str]] = field(default_factory=dict)

    def note(self, table_name: str, row: Row) -> None:
        """Note what a decision of a table is about."""
        if "root_instance_id" in row:
            self.roots.add(row["root_instance_id"])
        if table_name == "entity_action":
            self.entities.add((row["list_name"], row["entity_id"]))
        if table_name == "pair_decision":
            self.pairs.setdefault(row["kind"], set()).update((row["first_id"], row["second_id"]))


def take_in(connection: Connection, project_id: int, told: Iterable[bytes]) -> Concerned:
    """Make the decisions that are not here yet; return what they concern.

    Lines that name a submission that is not here, or a table nobody knows, are left out.
    """
    by_table: dict[str, list[Row]] = {}
    for line in told:
        row = json.loads(line)
        by_table.setdefault(row.pop("table", ""), []).append(row)
    concerned = Concerned()
    numbers: dict[tuple[str, int], int] = {}
    for table in _tables():
        rows = _unsettled(connection, table, by_table.get(table.name, []))
        ids = _submission_ids(connection, project_id, rows)
        for row in rows:
            if (fit := _arriving(table, row, project_id, ids, numbers)) is None:
                continue
            number = _kept_once(connection, table, fit)
            if "id" in row:
                numbers[table.name, row["id"]] = number
            concerned.note(table.name, fit)
    return concerned


def _unsettled(connection: Connection, table: Table, rows: list[Row]) -> list[Row]:
    """Return the rows that this site leaves open: its own thresholds stay, and its accounts."""
    if table.name == "check_setting":
        own = set(connection.scalars(select(table.c.name)))
        return [row for row in rows if row["name"] not in own]
    if table.name == "task_step":
        accounts = set(connection.scalars(select(ACCOUNT.c.name)))
        return [{**row, "owner": row["owner"] if row["owner"] in accounts else ""} for row in rows]
    return rows


def _submission_ids(connection: Connection, project_id: int, rows: Iterable[Row]) -> dict[str, int]:
    named = {row[name] for row in rows for name in _SUBMISSIONS & set(row) if row[name]}
    instances = sorted({one.partition("|")[2] for one in named})
    names = ("id", "project_id", "form_id", "instance_id")
    found = rows_with(connection, SUBMISSION, names, "instance_id", instances)
    return {
        f"{form_id}|{instance_id}": one
        for one, project, form_id, instance_id in found
        if project == project_id
    }


def _arriving(
    table: Table,
    row: Row,
    project_id: int,
    ids: Mapping[str, int],
    numbers: Mapping[tuple[str, int], int],
) -> Row | None:
    """Return a row as it is kept here; None when its submission, or what it is part of, is not."""
    if row.get("submission_id") and row["submission_id"] not in ids:
        return None
    parent_column, parent = _PARENTS.get(table.name, ("", ""))
    fit: Row = {"project_id": project_id} if "project_id" in table.columns else {}
    for column in table.columns:
        value = row.get(column.name)
        if column.name in _SUBMISSIONS and value is not None:
            fit[column.name] = ids.get(value, 0)
        elif column.name == parent_column and value is not None:
            fit[column.name] = numbers.get((parent, value))
            if fit[column.name] is None and not column.nullable:
                return None
        elif column.name not in ("id", "project_id"):
            fit[column.name] = _value(column, value)
    return fit


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None if column.nullable else column.type.python_type()
    if isinstance(column.type, UtcTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return base64.b64decode(value) if isinstance(column.type, LargeBinary) else value


def _kept_once(connection: Connection, table: Table, fit: Row) -> int:
    """Insert a row unless the same is here; return its number, 0 where it has none."""
    keys = [column.name for column in table.primary_key]
    by_number = keys == ["id"]
    # Two JSON values cannot be compared in every database: the rest tells rows apart.
    told = [
        column.name
        for column in table.columns
        if column.name in fit and column.type.python_type not in (dict, list, bytes)
    ]
    same = [
        table.c[name].is_(None) if fit[name] is None else table.c[name] == fit[name]
        for name in _NAMES.get(table.name, told if by_number else keys)
    ]
    wanted = table.c.id if by_number else func.count()
    found = connection.scalar(select(wanted).select_from(table).where(*same).limit(1))
    if found:
        return int(found)
    done = connection.execute(insert(table).values(fit))
    return int(done.inserted_primary_key[0]) if by_number and done.inserted_primary_key else 0
