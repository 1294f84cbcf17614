"""Entities brought up to date: of what a group of submissions says, or a desk has decided.

Each entity concerned is folded anew from all its changes and actions. A change stays in its
history whatever becomes of its submission later (an edit, the bin, a correction): the versions
that phones hold must keep their numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, tuple_, update

from server.database import insert_or_replace, insert_rows, table_of
from server.survey import decisions
from server.survey.entities import approvals, chains, history
from server.survey.entities.history import ERRORS, History
from server.survey.interpretation import Interpretation
from server.survey.stored_rows import Row, chunks, replace, whole
from server.survey.tallies import Differences
from server.tables.decisions import EntityAction
from server.tables.projections import Entity, EntityChange, Flag, Visit
from server.tables.truth import Submission

CHANGE = table_of(EntityChange)
ENTITY = table_of(Entity)
ACTION = table_of(EntityAction)
FLAG = table_of(Flag)
VISIT = table_of(Visit)

REGISTERED = "clinics"
"""The list whose entities the registry creates and corrects."""

FLAG_NUMBERS_FROM = 1000
"""Flags of entity blocks stand behind those of the answers: they come and go with other changes."""

MESSAGES = {
    "entity_exists": "“%(list)s” has this entity already: it was not created once more.",
    "entity_not_found": "“%(list)s” has no such entity: the change was not applied.",
    "entity_version_unknown": "The change to “%(list)s” is based on a version that is not here: "
    "it was not applied.",
    "entity_deleted": "This entity was deleted from “%(list)s”: the change was not applied.",
    "entity_twice": "One submission changes an entity of “%(list)s” once: the second change was "
    "not applied.",
}
"""English message ids of the flags raised here."""

# List and entity id.
Key = tuple[str, str]


def apply(
    connection: Connection,
    group: Sequence[Interpretation],
    current: Sequence[Interpretation],
    known: Collection[int],
    differences: Differences,
) -> None:
    """Fold the entities that a group speaks of; flags go to those of it that are `current`.

    `known` are submissions that were applied before: what they said then is forgotten first.
    """
    again = [id_ for one in group if (id_ := one.origin.submission_id) in known]
    stale = forget(connection, again) if again else set()
    fresh = [row for one in group if one.state == "projected" for row in one.changes]
    keys = stale | {_key(row) for row in fresh} | _of_edits(connection, group)
    if keys:
        shown = {one.origin.submission_id: one for one in current}
        _refold(connection, keys, fresh, shown, differences)


def forget(connection: Connection, submission_ids: Sequence[int]) -> set[Key]:
    """Delete what submissions said to entities; return those entities, to be folded anew."""
    keys: set[Key] = set()
    for some in chunks(submission_ids):
        rows = whole(connection, CHANGE, "submission_id", some)
        keys |= {_key(row) for row in rows}
        if rows:
            connection.execute(delete(CHANGE).where(CHANGE.c.submission_id.in_(some)))
    return keys


def refold(connection: Connection, keys: Iterable[Key]) -> None:
    """Fold these entities anew, after a decision about them."""
    for some in chunks(sorted(set(keys))):
        differences = Differences()
        _refold(connection, set(some), [], {}, differences)
        differences.write(connection)


def refold_decided(connection: Connection) -> None:
    """Fold all entities a desk acted on: where projections are empty, no submission may name them.

    Those that submissions do name are folded once more in their turn.
    """
    last: Key = ("", "")
    columns = (ACTION.c.list_name, ACTION.c.entity_id)
    while True:
        rows = connection.execute(
            select(*columns)
            .where(tuple_(*columns) > last)
            .distinct()
            .order_by(*columns)
            .limit(5000)
        ).all()
        if not rows:
            return
        refold(connection, [(row.list_name, row.entity_id) for row in rows])
        last = (rows[-1].list_name, rows[-1].entity_id)


def histories(connection: Connection, keys: Collection[Key]) -> dict[Key, History]:
    """Return the histories of entities as their changes and actions tell them now."""
    ids = sorted({entity_id for _, entity_id in keys})
    changes = [row for row in whole(connection, CHANGE, "entity_id", ids) if _key(row) in keys]
    return _fold(connection, keys, changes)


def _fold(
    connection: Connection, keys: Collection[Key], changes: Iterable[Row]
) -> dict[Key, History]:
    # Asked by id alone, which is all but unique; another list's entity of the same id is dropped.
    ids = sorted({entity_id for _, entity_id in keys})
    said: dict[Key, list[Row]] = {}
    done: dict[Key, list[Row]] = {}
    for row in changes:
        said.setdefault(_key(row), []).append(row)
    for row in whole(connection, ACTION, "entity_id", ids):
        if _key(row) in keys:
            done.setdefault(_key(row), []).append(row)
    links = chains.chains(connection, [row for rows in said.values() for row in rows])
    verdicts = approvals.verdicts(connection, said, done)
    return {
        key: history.fold(
            said.get(key, ()),
            done.get(key, ()),
            chains=links,
            verdicts=verdicts.get(key),
            is_registered=key[0] == REGISTERED,
        )
        for key in sorted(keys)
    }


def _refold(
    connection: Connection,
    keys: Collection[Key],
    fresh: Sequence[Row],
    shown: Mapping[int, Interpretation],
    differences: Differences,
) -> None:
    ids = sorted({entity_id for _, entity_id in keys})
    kept = [row for row in whole(connection, CHANGE, "entity_id", ids) if _key(row) in keys]
    found = _fold(connection, keys, [*kept, *fresh])
    changed = []
    turned: list[tuple[Row, str]] = []
    for row in kept:
        outcome = found[_key(row)].outcomes[row["submission_id"], row["number"]]
        if outcome != row["outcome"]:
            turned.append((row, outcome))
            changed.append({**row, "outcome": outcome})
    for row in fresh:
        outcome = found[_key(row)].outcomes[row["submission_id"], row["number"]]
        changed.append({**row, "outcome": outcome})
    insert_or_replace(connection, CHANGE, changed)
    _flag_fresh(changed[len(turned) :], shown)
    _turn_flags(connection, turned, differences)
    old = {
        key: row
        for row in whole(connection, ENTITY, "entity_id", ids)
        if (key := _key(row)) in keys
    }
    new = {key: made for key, one in found.items() if (made := one.row(*key))}
    replace(connection, ENTITY, old, new, differences.entity)


def _flag_fresh(changes: Iterable[Row], shown: Mapping[int, Interpretation]) -> None:
    """Add flags to submissions whose other flags are about to be written."""
    for change in changes:
        one = shown.get(change["submission_id"])
        if one is None or one.visit is None or change["outcome"] not in ERRORS:
            continue
        flag = _flag(change, change["outcome"], one.visit["village_code"])
        # The writer tries a group again one by one when it fails: once is enough.
        if flag not in one.flags:
            one.flags.append(flag)
            one.visit["flags"] = len(one.flags)


def _turn_flags(
    connection: Connection, turned: Sequence[tuple[Row, str]], differences: Differences
) -> None:
    """Correct the flags of submissions applied before, where a change now comes out otherwise."""
    concerned = [one for one in turned if {one[0]["outcome"], one[1]} & ERRORS]
    if not concerned:
        return
    ids = sorted({change["submission_id"] for change, _ in concerned})
    visits = {row["submission_id"]: row for row in whole(connection, VISIT, "submission_id", ids)}
    for change, outcome in concerned:
        visit = visits.get(change["submission_id"])
        if visit is None:  # It counts nowhere: replaced, or in the bin.
            continue
        village, number = visit["village_code"], FLAG_NUMBERS_FROM + change["number"]
        place = and_(FLAG.c.submission_id == change["submission_id"], FLAG.c.number == number)
        more = (outcome in ERRORS) - (change["outcome"] in ERRORS)
        connection.execute(delete(FLAG).where(place))
        if outcome in ERRORS:
            insert_rows(connection, FLAG, [_flag(change, outcome, village)])
        if more:
            is_visit = VISIT.c.submission_id == change["submission_id"]
            connection.execute(update(VISIT).where(is_visit).values(flags=VISIT.c.flags + more))
            differences.flags(village, more)


def _flag(change: Row, code: str, village: str) -> dict[str, Any]:
    return {
        "submission_id": change["submission_id"],
        "number": FLAG_NUMBERS_FROM + change["number"],
        "village_code": village,
        "code": code,
        "path": "",
        "place": "",
        "params": {"list": change["list_name"]},
        "asked": "",
    }


def _of_edits(connection: Connection, group: Sequence[Interpretation]) -> set[Key]:
    """Return what the submissions speak of that the group's edits belong together with.

    An edit that comes late may join two parts of a chain that say the same to one entity.
    """
    edits = [one for one in group if one.origin.deprecated_id]
    if not edits:
        return set()
    tops = chains.tops(connection, [decisions.key_of(one) for one in edits])
    members = list(decisions.members(connection, set(tops.values())))
    return {_key(row) for row in whole(connection, CHANGE, "submission_id", members)}


def _key(row: Row) -> Key:
    return row["list_name"], row["entity_id"]


def last_submission_id(connection: Connection) -> int:
    """Return the id of the last submission that was kept: a decision counts after it."""
    return connection.scalar(select(func.max(Submission.id))) or 0
