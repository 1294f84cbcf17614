"""One change of one registry row, as previews show it and imports keep it for their undo."""

from __future__ import annotations

from dataclasses import dataclass

from server.survey.areas import Scope, stem
from server.survey.registry.stored import Stored, StoredRow


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One column of one row, as it is and as it will be."""

    name: str
    old: Stored
    new: Stored


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after: `before` is None for a new one, `after` for one that goes."""

    table: str
    code: str
    before: StoredRow | None
    after: StoredRow | None

    @property
    def name(self) -> str:
        """What the row is called afterwards, or was called."""
        return str((self.after or self.before or {}).get("name") or "")

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """The columns that differ, in the table's order."""
        old, new = self.before or {}, self.after or {}
        return tuple(
            FieldChange(name, old.get(name), new.get(name))
            for name in (new or old)
            if old.get(name) != new.get(name)
        )

    def is_within(self, scope: Scope) -> bool:
        """Say whether the row lies in a scope; a clinic lies where its township does."""
        row = self.after or self.before or {}
        place = str(row["township_code"]) if self.table == "clinic" else self.code
        return scope.covers(stem(place) if self.table != "village" else place)

    def is_above(self, scope: Scope) -> bool:
        """Say whether it is a division around the scope: a county's list names its province."""
        if self.table != "division":
            return False
        return any(one.startswith(stem(self.code)) for one in scope.stems)
