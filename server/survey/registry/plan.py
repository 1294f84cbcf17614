"""What an import would change, before anything is done."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from forms.faults import Fault
from server.errors import NotValid
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.registry.changes import Change
from server.survey.registry.comparison import Comparison
from server.survey.registry.stored import TABLES, StoredRow, stored_rows
from server.survey.registry.units import ImportOptions, read_file

SEVERAL = "several"
"""The kind of an import whose file held more than one."""

BAD_AREA = "%(text)s is no beginning of a code: write 2 to 12 digits."


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do. With faults it does nothing; warnings are for people to weigh."""

    source_name: str
    kind: str
    changes: tuple[Change, ...]
    unchanged: int
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def added(self) -> tuple[Change, ...]:
        """The rows that are new."""
        return tuple(one for one in self.changes if one.before is None)

    @property
    def changed(self) -> tuple[Change, ...]:
        """The rows that are there already and will differ."""
        return tuple(one for one in self.changes if one.before is not None)

    @property
    def fingerprint(self) -> str:
        """A digest of what would be done: a preview and its import must agree on it."""
        done = [(one.table, one.code, one.before, one.after) for one in self.changes]
        text = json.dumps(done, sort_keys=True, default=dict, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def plan_import(
    session: Session,
    content: bytes,
    name: str,
    options: ImportOptions | None = None,
    *,
    scope: Scope = WHOLE_SITE,
    today: date | None = None,
) -> ImportPlan:
    """Return what importing a file would change. Reads only; nothing is deleted by an import.

    All faults are listed at once. `today`, the site's, is needed to withdraw what is missing.
    Raises NotValid for an area that is no beginning of a code.
    """
    options = options or ImportOptions()
    if options.area and not (options.area.isascii() and options.area.isdigit()):
        raise NotValid(BAD_AREA, field="area", text=options.area)
    read = read_file(name, content, options)
    comparison = Comparison(session, scope, read.notes.faults, read.notes.warnings)
    comparison.take(read.units)
    if options.withdraws_missing and today is not None:
        comparison.withdraw_missing(today - timedelta(days=1))
    kind = read.kinds[0] if len(read.kinds) == 1 else SEVERAL
    return ImportPlan(
        name,
        kind,
        tuple(sorted(comparison.changes, key=_table_order)),
        comparison.unchanged,
        tuple(sorted(comparison.faults, key=_place)),
        tuple(sorted(comparison.warnings, key=_place)),
    )


def one_row_plan(
    session: Session, table: str, code: str, values: StoredRow, source_name: str
) -> ImportPlan:
    """Return the plan that gives one known row these values, as a page's form does."""
    before = stored_rows(session, table, [code])[code]
    after = {**before, **values}
    changes = (Change(table, code, before, after),) if after != before else ()
    return ImportPlan(source_name, f"{table}s", changes, 1 - len(changes))


def _table_order(change: Change) -> tuple[int, str]:
    return list(TABLES).index(change.table), change.code


def _place(fault: Fault) -> tuple[str, int]:
    return fault.sheet, fault.row or 0
