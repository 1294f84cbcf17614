"""Registers that a township agreed to before a round: frozen as they were, and held against today.

What a village's register says is the goal of its plan. So that nobody argues about it afterwards,
the township signs the figures; a later change of the register stays possible and is shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.errors import Conflict, Missing, NotValid
from server.survey.areas import Scope
from server.tables.reference import Division, Village
from server.tables.sign_offs import RegisterSignOff

LONGEST_NAME, LONGEST_NOTE = 60, 300
NOT_SIGNED, SIGNED, CHANGED = "not_signed", "signed", "changed"


@dataclass(frozen=True, slots=True)
class Figure:
    """What the register says of one village; None where it says nothing."""

    code: str
    name: str
    households: int | None
    persons: int | None
    source: str
    on: str

    @property
    def counted(self) -> tuple[int | None, int | None]:
        """The figures themselves, whatever they are called and wherever they come from."""
        return self.households, self.persons


@dataclass(frozen=True, slots=True)
class SignOff:
    """One signature under a township's register, with the frozen figures, in order of code."""

    id: int
    township_code: str
    round_name: str
    signed_by: str
    office: str
    note: str
    figures: tuple[Figure, ...]
    digest: str
    at: datetime
    who: str

    @property
    def households(self) -> int:
        """Households that were signed."""
        return _households(self.figures)


@dataclass(frozen=True, slots=True)
class Difference:
    """One village whose figures are not those that were signed; None for not there."""

    code: str
    name: str
    signed: Figure | None
    now: Figure | None


@dataclass(frozen=True, slots=True)
class TownshipRegister:
    """A township's register now, and the newest signature under it, None before the first.

    `without` counts villages of which the register tells no households.
    """

    code: str
    name: str
    figures: tuple[Figure, ...]
    signed: SignOff | None

    @property
    def households(self) -> int:
        """Households in the register."""
        return _households(self.figures)

    @property
    def persons(self) -> int:
        """Persons in the register."""
        return sum(one.persons or 0 for one in self.figures)

    @property
    def without(self) -> int:
        """Villages of which the register tells no households."""
        return sum(one.households is None for one in self.figures)

    @property
    def digest(self) -> str:
        """Stands for the figures: what is looked at and what is signed must agree on it."""
        return digest_of(self.figures)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The villages that changed since the newest signature, by code."""
        return differences(self.signed.figures, self.figures) if self.signed else ()

    @property
    def state(self) -> str:
        """NOT_SIGNED, SIGNED, or CHANGED since."""
        if self.signed is None:
            return NOT_SIGNED
        return CHANGED if self.differences else SIGNED


def townships(session: Session, project_id: int, scope: Scope) -> list[TownshipRegister]:
    """Return the townships that have villages in the scope and lie in it whole, by code."""
    figures: dict[str, list[Figure]] = {}
    rows = session.scalars(
        select(Village)
        .where(scope.where(Village.code), Village.valid_to.is_(None))
        .order_by(Village.code)
    )
    for one in rows:
        if scope.covers(one.township_code):
            figures.setdefault(one.township_code, []).append(_figure(one))
    newest = _newest(session, project_id, scope)
    names = _names(session, scope)
    return [
        TownshipRegister(code, names.get(code, code), tuple(several), newest.get(code))
        for code, several in sorted(figures.items())
    ]


def township(session: Session, project_id: int, code: str, scope: Scope) -> TownshipRegister:
    """Return one township of the scope. Raises Missing for one that is not, or has no village."""
    found = townships(session, project_id, scope.within(code)) if scope.covers(code) else []
    if len(found) != 1:
        raise Missing("There is no township %(code)s here.", code=code)
    return found[0]


def history(session: Session, project_id: int, code: str) -> list[SignOff]:
    """Return all signatures under a township's register, the newest first."""
    rows = session.scalars(
        select(RegisterSignOff)
        .where(RegisterSignOff.project_id == project_id, RegisterSignOff.township_code == code)
        .order_by(RegisterSignOff.id.desc())
    )
    return [_sign_off(one) for one in rows]


def sign_off(session: Session, sign_off_id: int, scope: Scope) -> SignOff:
    """Return one signature with its frozen figures. Raises Missing, also outside the scope."""
    row = session.get(RegisterSignOff, sign_off_id)
    if row is None or not scope.covers(row.township_code):
        raise Missing("There is no such signature here.")
    return _sign_off(row)


def sign(
    session: Session,
    project_id: int,
    code: str,
    scope: Scope,
    words: Mapping[str, str],
    seen: str,
    who: str,
    at: datetime,
) -> SignOff:
    """Freeze a township's register as agreed to.

    `words` are round_name, signed_by, office and note; `seen` is the digest of the figures that
    were looked at. Raises Missing, NotValid without a name or for words that are too long, Conflict
    when the register was changed since, or tells no household of any village.
    """
    found = township(session, project_id, code, scope)
    told = {name: " ".join(words.get(name, "").split()) for name in _WORDS}
    if not told["signed_by"]:
        raise NotValid("Say who signs.", "signed_by")
    for name, text in told.items():
        most = LONGEST_NOTE if name == "note" else LONGEST_NAME
        if len(text) > most:
            raise NotValid("Write at most %(most)s characters.", name, most=most)
    if found.digest != seen:
        raise Conflict("The register has changed since you looked. Look again.")
    if found.without == len(found.figures):
        raise Conflict("The register of this township is empty: there is nothing to sign.")
    row = RegisterSignOff(
        project_id=project_id,
        township_code=code,
        figures=[_row(one) for one in found.figures],
        digest=found.digest,
        at=at,
        who=who,
        **told,
    )
    session.add(row)
    session.flush()
    return _sign_off(row)


_WORDS = ("round_name", "signed_by", "office", "note")


def differences(signed: Sequence[Figure], now: Sequence[Figure]) -> tuple[Difference, ...]:
    """Return the villages whose households or persons differ, that came or went, by code."""
    before, after = ({one.code: one for one in some} for some in (signed, now))
    return tuple(
        Difference(code, (after.get(code) or before[code]).name, before.get(code), after.get(code))
        for code in sorted({*before, *after})
        if _counted(before.get(code)) != _counted(after.get(code))
    )


def digest_of(figures: Sequence[Figure]) -> str:
    """Return the SHA-256 of figures in order of code, as the signature keeps it."""
    told = json.dumps([_row(one) for one in figures], ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


def _counted(one: Figure | None) -> tuple[int | None, int | None] | None:
    return one.counted if one else None


def _households(figures: Sequence[Figure]) -> int:
    return sum(one.households or 0 for one in figures)


def _figure(row: Village) -> Figure:
    on = row.register_on.isoformat() if isinstance(row.register_on, date) else ""
    return Figure(row.code, row.name, row.households, row.persons, row.register_source or "", on)


def _row(one: Figure) -> list[Any]:
    return [one.code, one.name, one.households, one.persons, one.source, one.on]


def _sign_off(row: RegisterSignOff) -> SignOff:
    return SignOff(
        row.id,
        row.township_code,
        row.round_name,
        row.signed_by,
        row.office,
        row.note,
        tuple(Figure(*one) for one in row.figures),
        row.digest,
        row.at,
        row.who,
    )


def _newest(session: Session, project_id: int, scope: Scope) -> dict[str, SignOff]:
    newest = (
        select(func.max(RegisterSignOff.id))
        .where(RegisterSignOff.project_id == project_id, scope.where(RegisterSignOff.township_code))
        .group_by(RegisterSignOff.township_code)
    )
    rows = session.scalars(select(RegisterSignOff).where(RegisterSignOff.id.in_(newest)))
    return {one.township_code: _sign_off(one) for one in rows}


def _names(session: Session, scope: Scope) -> dict[str, str]:
    rows = session.execute(
        select(Division.code, Division.name).where(
            Division.level == "township", scope.where(Division.code)
        )
    )
    return {row.code: row.name for row in rows}
