"""Which phone serves which villages, changed for many at once: planned first, then done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.database import insert_rows, table_of
from server.errors import Conflict, NotAllowed, NotValid
from server.survey import phones
from server.survey.areas import Scope
from server.survey.phone_villages import VillageName
from server.survey.phones import PhoneLine
from server.survey.stored_rows import chunks
from server.tables.reference import Village
from server.tables.truth import PhoneVillage

ALSO, MOVE, ONLY, TAKE = "also", "move", "only", "take"
WAYS = (ALSO, MOVE, ONLY, TAKE)
MOST_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants: `pairs` are (phone id, village code).

    `way` is "also" (besides what the phones serve), "move" (and no other phone any more), "only"
    (the phones serve nothing else) or "take" (they serve them no longer). With "move" and `source`
    only that phone gives them up; phones of `spared`, who go along with others, never do.
    """

    way: str
    pairs: tuple[tuple[int, str], ...]
    source: int | None = None
    spared: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PhoneShare:
    """What changes for one phone."""

    id: int
    name: str
    before: tuple[VillageName, ...]
    after: tuple[VillageName, ...]

    @property
    def gained(self) -> tuple[VillageName, ...]:
        """The villages it will serve and does not now."""
        return tuple(one for one in self.after if one not in self.before)

    @property
    def lost(self) -> tuple[VillageName, ...]:
        """The villages it serves now and will not."""
        return tuple(one for one in self.before if one not in self.after)


@dataclass(frozen=True, slots=True)
class AssignmentPlan:
    """What a wish would change.

    `unserved` are villages that no phone in use would serve any more, `emptied` phones left
    without villages, `kept_by` phones that give nothing up as they also serve others' villages.
    """

    shares: tuple[PhoneShare, ...]
    unserved: tuple[VillageName, ...]
    emptied: tuple[str, ...]
    kept_by: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """A digest of what would be done: a preview and what is done must agree on it."""
        told = [
            (one.id, [two.code for two in one.before], [two.code for two in one.after])
            for one in self.shares
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def plan(session: Session, project_id: int, wish: Wish, scope: Scope) -> AssignmentPlan:
    """Return what a wish would change. Reads only.

    Raises NotValid for a village that is none of `scope`, for a phone that is not in use there and
    for a wish that names nothing; NotAllowed for a phone that also serves villages outside it.
    """
    in_use = {
        one.id: one
        for one in phones.phone_list(session, project_id, scope)
        if one.revoked_at is None
    }
    names = _names(session, wish, scope)
    wanted: dict[int, set[str]] = {}
    for phone_id, code in wish.pairs:
        wanted.setdefault(phone_id, set()).add(code)
    for phone_id in (*wanted, *([wish.source] if wish.source else [])):
        _check_phone(in_use, phone_id, scope)
    after = {one.id: {two.code for two in one.villages} for one in in_use.values()}
    kept_by = _take_from_others(wish, wanted, in_use, after, scope)
    for phone_id, codes in wanted.items():
        after[phone_id] = _after(wish.way, after[phone_id], codes)
    for one in in_use.values():
        names.update({two.code: two.name for two in one.villages})
    shares = tuple(_share(one, after[one.id], names) for one in in_use.values())
    changed = tuple(one for one in shares if one.before != one.after)
    served = {code for codes in after.values() for code in codes}
    lost = {two for one in changed for two in one.lost}
    return AssignmentPlan(
        changed,
        tuple(sorted(one for one in lost if one.code not in served)),
        tuple(one.name for one in changed if not one.after),
        tuple(kept_by),
    )


def apply(session: Session, planned: AssignmentPlan) -> None:
    """Do what was planned. Does not commit. Raises Conflict when phones were changed since."""
    table = table_of(PhoneVillage)
    ids = [one.id for one in planned.shares]
    kept: dict[int, set[str]] = {one: set() for one in ids}
    rows = session.execute(select(PhoneVillage).where(PhoneVillage.phone_id.in_(ids))).scalars()
    for row in rows:
        kept[row.phone_id].add(row.village_code)
    for one in planned.shares:
        if kept[one.id] != {two.code for two in one.before}:
            raise Conflict("The phones’ villages have changed since the preview. Look again.")
        gone = [two.code for two in one.lost]
        session.execute(
            delete(PhoneVillage)
            .where(PhoneVillage.phone_id == one.id, PhoneVillage.village_code.in_(gone))
            .execution_options(synchronize_session=False)
        )
        fresh = [{"phone_id": one.id, "village_code": two.code} for two in one.gained]
        insert_rows(session.connection(), table, fresh)
    session.expire_all()


def unserved_villages(session: Session, project_id: int, scope: Scope) -> list[VillageName]:
    """Return the villages of `scope` that no phone in use serves, by code."""
    served = {
        one.code
        for line in phones.phone_list(session, project_id, scope)
        if line.revoked_at is None
        for one in line.villages
    }
    rows = session.execute(
        select(Village.code, Village.name).where(scope.where(Village.code)).order_by(Village.code)
    )
    return [VillageName(code, name) for code, name in rows if code not in served]


def villages_of(session: Session, phone_id: int, scope: Scope) -> tuple[str, ...]:
    """Return the codes of the villages of `scope` that a phone serves. Raises Missing."""
    line = phones.find(session, phone_id, scope)
    return tuple(one.code for one in line.villages if scope.covers(one.code))


def pairs(phone_ids: Iterable[int], codes: Iterable[str]) -> tuple[tuple[int, str], ...]:
    """Return every phone with every village."""
    wanted = sorted(set(codes))
    return tuple((phone_id, code) for phone_id in sorted(set(phone_ids)) for code in wanted)


def _names(session: Session, wish: Wish, scope: Scope) -> dict[str, str]:
    """Return the names of a wish's villages."""
    codes = sorted({code for _, code in wish.pairs})
    if not codes:
        raise NotValid("Choose at least one phone, and name at least one village.", "villages")
    if len(codes) > MOST_AT_ONCE:
        raise NotValid(
            "These are %(count)s villages; at most %(most)s can be given at once.",
            "villages",
            count=len(codes),
            most=MOST_AT_ONCE,
        )
    names: dict[str, str] = {}
    for some in chunks(codes):
        query = select(Village.code, Village.name)
        rows = session.execute(query.where(Village.code.in_(some), scope.where(Village.code)))
        names.update((code, name) for code, name in rows)
    missing = [code for code in codes if code not in names]
    # To take a village away it need not be in the register any more.
    if missing and wish.way != TAKE:
        raise NotValid("These are no villages here: %(codes)s.", "villages", codes=_few(missing))
    return names


def _few(codes: Sequence[str]) -> str:
    return ", ".join(codes[:5]) + (" …" if len(codes) > 5 else "")


def _check_phone(in_use: Mapping[int, PhoneLine], phone_id: int, scope: Scope) -> None:
    line = in_use.get(phone_id)
    if line is None:
        raise NotValid("There is no phone %(number)s in use here.", "phones", number=phone_id)
    if not _is_ours(line, scope):
        raise NotAllowed("This phone also serves villages that are not yours.")


def _is_ours(line: PhoneLine, scope: Scope) -> bool:
    return all(scope.covers(one.code) for one in line.villages)


def _take_from_others(
    wish: Wish,
    wanted: Mapping[int, Collection[str]],
    in_use: Mapping[int, PhoneLine],
    after: dict[int, set[str]],
    scope: Scope,
) -> list[str]:
    """Take a move's villages from the phones that shall give them up; return who keeps them."""
    if wish.way != MOVE:
        return []
    codes = {code for some in wanted.values() for code in some}
    kept_by = []
    for line in in_use.values():
        gives = line.id == wish.source if wish.source else line.id not in wanted
        if not gives or line.id in wish.spared or not after[line.id] & codes:
            continue
        if _is_ours(line, scope):
            after[line.id] -= codes
        else:
            kept_by.append(line.name)
    if wish.source is None:
        # Among several phones of one wish each keeps its own.
        for phone_id, own in wanted.items():
            after[phone_id] -= codes - set(own)
    return kept_by


def _after(way: str, before: set[str], codes: set[str]) -> set[str]:
    if way == ONLY:
        return codes
    return before - codes if way == TAKE else before | codes


def _share(line: PhoneLine, after: Collection[str], names: Mapping[str, str]) -> PhoneShare:
    told = tuple(VillageName(code, names.get(code, code)) for code in sorted(after))
    return PhoneShare(line.id, line.name, line.villages, told)
