"""One change of one registry row, as previews show it and imports keep it for their undo."""

from __future__ import annotations

from dataclasses import dataclass

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
