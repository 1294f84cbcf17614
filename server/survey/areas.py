"""Division codes and what an account's areas cover.

A code has 12 digits: province 2, prefecture 2, county 2, township 3, village 3 (domain: GB/T 2260
and the statistical office's rule). All units below a division share its leading part, its stem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

LEVELS = ((2, "province"), (4, "prefecture"), (6, "county"), (9, "township"), (12, "village"))
_CODE = re.compile(r"[0-9]{2,12}\Z")


def stem(code: str) -> str:
    """Return the part that all codes below `code` begin with: "130921211000" → "130921211".

    Shorter codes as other offices print them ("130921") are their own stem; "" is the whole
    site. Raises ValueError for anything that is not 2 to 12 digits or "".
    """
    if code == "":
        return ""
    if not _CODE.match(code):
        raise ValueError(code)
    for length, _ in LEVELS:
        if len(code) <= length or (len(code) == 12 and set(code[length:]) == {"0"}):
            return code[:length]
    return code


def full_code(code: str) -> str:
    """Return the 12-digit code of a division given by its stem: "130921211" → "130921211000"."""
    return stem(code).ljust(12, "0")


def level(code: str) -> str:
    """Return province, prefecture, county, township or village."""
    length = len(stem(code))
    return next(name for size, name in LEVELS if length <= size)


@dataclass(frozen=True)
class Scope:
    """The areas someone may see: stems, where "" is the whole site and none is nothing."""

    stems: tuple[str, ...]

    @classmethod
    def of(cls, codes: Iterable[str]) -> Scope:
        """Make the scope of an account's areas."""
        return cls(tuple(sorted({stem(code) for code in codes})))

    def covers(self, code: str) -> bool:
        """Say whether a village or division lies in the scope."""
        return any(code.startswith(one) for one in self.stems)

    def where(self, column: InstrumentedAttribute[str] | ColumnElement[str]) -> ColumnElement[bool]:
        """Return the SQL condition that a code column lies in the scope.

        A range rather than LIKE, so that both databases use the column's index.
        """
        if "" in self.stems:
            return true()
        if not self.stems:
            return false()
        return or_(*((column >= one) & (column < one + ":") for one in self.stems))

    def within(self, code: str) -> Scope:
        """Return the part of the scope that lies inside `code` (a filter a reader chose).

        Nothing lies inside what is no code: an address or a form may hold anything.
        """
        try:
            inner = stem(code)
        except ValueError:
            return Scope(())
        if self.covers(inner):
            return Scope((inner,))
        return Scope(tuple(one for one in self.stems if one.startswith(inner)))


WHOLE_SITE = Scope(("",))
