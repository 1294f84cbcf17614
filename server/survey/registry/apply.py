"""Does what an import planned, keeps what was there before, and undoes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from forms.faults import Fault
from server.errors import Conflict, Missing, NotValid
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.form_mappings import WAITING
from server.survey.registry import dependents
from server.survey.registry.changes import Change
from server.survey.registry.plan import ImportPlan
from server.survey.registry.stored import (
    TABLES,
    add_rows,
    groups,
    remove_rows,
    replace_row,
    stored_rows,
)
from server.tables.projections import Projected, Visit
from server.tables.truth import RegistryImport

UNDO = "undo"
"""The kind of an import that took another one back; its source name is that one's number."""


@dataclass(frozen=True, slots=True)
class Applied:
    """An import or undo that was done.

    `village_codes` are the villages that appeared, went or moved. `waiting` submissions came from
    there and are marked to be projected once more: call `replay.catch_up` after the commit.
    """

    import_id: int
    village_codes: tuple[str, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class Import:
    """One import as the list of imports shows it."""

    id: int
    kind: str
    source_name: str
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    added: int
    changed: int
    removed: int


class UndoRefused(Conflict):
    """An import cannot be undone any more; `reasons` list what stands on it."""

    code = "undo_refused"

    def __init__(self, import_id: int, reasons: Sequence[Fault]) -> None:
        """Keep the reasons; the words name their number."""
        super().__init__(
            "Import %(id)s cannot be undone any more. Reasons: %(count)s.",
            id=import_id,
            count=len(reasons),
        )
        self.reasons = tuple(reasons)


def apply_import(session: Session, plan: ImportPlan, who: str) -> Applied:
    """Write a plan's changes and keep them for undo. Does not commit.

    Raises NotValid for a plan with faults or without changes, and Conflict when the registry has
    changed since the plan was made.
    """
    if plan.faults:
        raise NotValid("The file has faults: mend them first.")
    if not plan.changes:
        raise NotValid("There is nothing to change: the registry holds all of it already.")
    for table in TABLES:
        planned = {one.code: one.before for one in plan.changes if one.table == table}
        kept = stored_rows(session, table, planned)
        if any(kept.get(code) != before for code, before in planned.items()):
            raise Conflict("The registry has changed since the preview. Look at it again.")
    return _write(session, plan.kind, plan.source_name, plan.changes, who)


def undo_import(session: Session, import_id: int, who: str, scope: Scope = WHOLE_SITE) -> Applied:
    """Put back what an import changed, and take away what it added. Does not commit.

    Raises Missing, Conflict for an import undone already, and UndoRefused when a later import
    touched the same rows, or anything lies in what would go.
    """
    row = session.get(RegistryImport, import_id)
    if row is None:
        raise Missing("There is no import %(id)s.", id=import_id)
    if row.kind == UNDO:
        raise Conflict("An undo cannot be undone: import the file again.")
    if row.undone_at is not None:
        raise Conflict("Import %(id)s is undone already.", id=import_id)
    changes = _read_changes(row.changes)
    reasons = _reasons(session, row, changes, scope)
    if reasons:
        raise UndoRefused(import_id, reasons)
    row.undone_at = datetime.now(UTC)
    backwards = [Change(one.table, one.code, before=one.after, after=one.before) for one in changes]
    return _write(session, UNDO, str(import_id), backwards, who)


def imports(session: Session, scope: Scope = WHOLE_SITE, limit: int = 30) -> tuple[Import, ...]:
    """Return the latest imports and undos that touched the scope, newest first."""
    rows = session.scalars(select(RegistryImport).order_by(RegistryImport.id.desc()).limit(limit))
    return tuple(
        _import(row)
        for row in rows
        if any(one.is_within(scope) for one in _read_changes(row.changes))
    )


def import_changes(
    session: Session, import_id: int, scope: Scope = WHOLE_SITE
) -> tuple[Import, tuple[Change, ...]]:
    """Return one import and what it changed in the scope. Raises Missing, also for nothing."""
    row = session.get(RegistryImport, import_id)
    changes = _read_changes(row.changes) if row else []
    seen = tuple(one for one in changes if one.is_within(scope))
    if row is None or not seen:
        raise Missing("There is no import %(id)s.", id=import_id)
    return _import(row), seen


def last_import_id(session: Session) -> int:
    """Return the newest import that can still be undone. Raises Missing when there is none."""
    found = session.scalar(
        select(RegistryImport.id)
        .where(RegistryImport.kind != UNDO, RegistryImport.undone_at.is_(None))
        .order_by(RegistryImport.id.desc())
        .limit(1)
    )
    if found is None:
        raise Missing("There is no import to undo.")
    return found


def _write(
    session: Session, kind: str, source_name: str, changes: Sequence[Change], who: str
) -> Applied:
    for table in reversed(TABLES):
        gone = [one.code for one in changes if one.table == table and one.after is None]
        remove_rows(session, table, gone)
    for table in TABLES:
        own = [one for one in changes if one.table == table]
        add_rows(session, table, [one.after for one in own if one.after and not one.before])
        for one in own:
            if one.before and one.after:
                replace_row(session, table, one.after)
    row = RegistryImport(
        kind=kind,
        source_name=source_name,
        made_at=datetime.now(UTC),
        made_by=who,
        undone_at=None,
        changes=[_as_json(one) for one in changes],
    )
    session.add(row)
    session.flush()
    moved = tuple(_moved(changes))
    return Applied(row.id, moved, _read_again(session, moved))


def _moved(changes: Iterable[Change]) -> Iterable[str]:
    """Return the villages whose existence or position differs."""
    for one in changes:
        is_known_differently = one.before is None or one.after is None
        has_moved = {"latitude", "longitude"} & {field.name for field in one.fields}
        if one.table == "village" and (is_known_differently or has_moved):
            yield one.code


def _read_again(session: Session, village_codes: Collection[str]) -> int:
    """Mark what was sent from these villages as waiting to be projected; return how many it is."""
    count = 0
    for some in groups(village_codes):
        visits = select(Visit.submission_id).where(Visit.village_code.in_(some))
        marked = session.execute(
            update(Projected)
            .where(Projected.submission_id.in_(visits))
            .values(state=WAITING)
            .execution_options(synchronize_session=False)
        )
        count += cast("CursorResult[Any]", marked).rowcount
    return count


def _reasons(
    session: Session, row: RegistryImport, changes: Sequence[Change], scope: Scope
) -> list[Fault]:
    reasons = dependents.out_of_scope(changes, scope)
    reasons += dependents.later_imports(session, row.id, changes, skipped_kind=UNDO)
    for table in TABLES:
        expected = {one.code: one.after for one in changes if one.table == table}
        kept = stored_rows(session, table, expected)
        if not reasons and any(kept.get(code) != after for code, after in expected.items()):
            reasons.append(Fault("Rows of this import were changed otherwise since."))
    reasons += dependents.left_behind(session, changes)
    return reasons


def _as_json(change: Change) -> dict[str, Any]:
    return {
        "table": change.table,
        "code": change.code,
        "before": None if change.before is None else dict(change.before),
        "after": None if change.after is None else dict(change.after),
    }


def _read_changes(kept: Sequence[dict[str, Any]]) -> list[Change]:
    return [Change(one["table"], one["code"], one["before"], one["after"]) for one in kept]


def _import(row: RegistryImport) -> Import:
    changes = row.changes
    added = sum(one["before"] is None for one in changes)
    removed = sum(one["after"] is None for one in changes)
    return Import(
        row.id,
        row.kind,
        row.source_name,
        row.made_at,
        row.made_by,
        row.undone_at,
        added,
        len(changes) - added - removed,
        removed,
    )
