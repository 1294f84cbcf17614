"""Workers' phones: how one proves who it is, which villages it serves, adding and revoking one.

A phone has two ways in, made together and shown once: a token in the address (nothing to type),
and a name with a password for HTTP Digest (RFC 7616). Only hashes are kept.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, select
from sqlalchemy.orm import Session

from server.database import first_row
from server.errors import Missing, NotAllowed, NotValid
from server.survey.areas import Scope
from server.survey.phone_villages import VillageName, known_villages
from server.tables.projections import Visit
from server.tables.reference import Village
from server.tables.truth import Account, Phone, PhoneVillage, Submission

REALM = "doorstep"
"""Part of every kept Digest hash: changing it would lock all phones out."""

# As ODK Central's app users: 64 of 64 characters, 384 bits.
TOKEN_CHARACTERS = string.ascii_letters + string.digits + "!$"
TOKEN_LENGTH = 64
# What a phone's code does with the settings of Collect: fixed for work at doors, or left open.
PRESETS = ("locked", "free")
# Typed by hand on a small keyboard: no capitals, and nothing that looks like something else.
PASSWORD_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105 - not a password
LONGEST_NAME = 64


# Every request of a phone asks one of these. Written once and with their places open: a statement
# that is put together anew costs four times the lookup itself.
_KNOWN = select(
    Phone.id,
    Phone.project_id,
    Phone.name,
    Phone.revoked_at,
    Account.language,
    Phone.digest_ha1,
).outerjoin(Account, Account.id == Phone.account_id)
_BY_TOKEN = _KNOWN.where(Phone.token_sha256 == bindparam("token_sha256"))
_BY_DIGEST_NAME = _KNOWN.where(Phone.digest_name == bindparam("digest_name"))


@dataclass(frozen=True, slots=True)
class KnownPhone:
    """A phone that asks. `language` is that of the account it is linked to, None without one."""

    id: int
    project_id: int
    name: str
    is_revoked: bool
    language: str | None


@dataclass(frozen=True, slots=True)
class NewPhone:
    """The ways in of a phone, in clear: to be shown now, for they are not kept."""

    id: int
    project_id: int
    name: str
    token: str
    digest_name: str
    digest_password: str
    preset: str

    @property
    def is_locked(self) -> bool:
        """Whether its code locks the settings of Collect."""
        return self.preset == "locked"


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A phone as a list shows it. `last_submission_at` is None while no visit of it is known."""

    id: int
    project_id: int
    name: str
    villages: tuple[VillageName, ...]
    account: str | None
    account_id: int | None
    created_at: datetime
    revoked_at: datetime | None
    last_submission_at: datetime | None
    preset: str


def by_token(connection: Connection, token: str) -> KnownPhone | None:
    """Return the phone a token belongs to, revoked ones too; None for a token nobody was given.

    Looked up by its hash, so that the time it takes says nothing about other tokens.
    """
    row = first_row(connection, _BY_TOKEN, {"token_sha256": _sha256(token)})
    return None if row is None else _known_phone(*row[:5])


def by_digest_name(connection: Connection, name: str) -> tuple[KnownPhone, str] | None:
    """Return the phone with this Digest name, and its HA1; None for a name nobody was given."""
    row = first_row(connection, _BY_DIGEST_NAME, {"digest_name": name})
    return None if row is None else (_known_phone(*row[:5]), row[5])


def villages_of(connection: Connection, phone_id: int) -> tuple[str, ...]:
    """Return the codes of the villages a phone serves, in order."""
    return tuple(
        connection.scalars(
            select(PhoneVillage.village_code)
            .where(PhoneVillage.phone_id == phone_id)
            .order_by(PhoneVillage.village_code)
        )
    )


def add_phone(
    session: Session,
    project_id: int,
    name: str,
    village_codes: Iterable[str],
    scope: Scope,
    account_id: int | None = None,
    preset: str = "locked",
) -> NewPhone:
    """Add a phone that serves villages of `scope`; `preset` is one of PRESETS.

    Raises NotValid for an unusable name, for no village, and for a code that is no village there.
    """
    chosen = _clean_name(name)
    codes = known_villages(session, village_codes, scope)
    phone = Phone(
        project_id=project_id,
        name=chosen,
        account_id=account_id,
        created_at=datetime.now(UTC),
        revoked_at=None,
        preset=_known_preset(preset),
    )
    made = _give_ways_in(phone)
    session.add(phone)
    session.flush()
    session.add_all(PhoneVillage(phone_id=phone.id, village_code=code) for code in codes)
    session.flush()
    return NewPhone(phone.id, project_id, chosen, *made, phone.preset)


def rotate(session: Session, phone_id: int, scope: Scope, preset: str | None = None) -> NewPhone:
    """Give a phone a new token, name and password; the old ones end now. A revoked one comes back.

    `preset` None keeps what the phone had.
    Raises Missing, and NotAllowed when it also serves villages outside `scope`.
    """
    phone = _changeable(session, phone_id, scope)
    made = _give_ways_in(phone)
    phone.revoked_at = None
    if preset is not None:
        phone.preset = _known_preset(preset)
    session.flush()
    return NewPhone(phone.id, phone.project_id, phone.name, *made, phone.preset)


def revoke(session: Session, phone_id: int, scope: Scope) -> None:
    """Shut a phone out from its next request on. What it sent stays. Raises as `rotate` does."""
    phone = _changeable(session, phone_id, scope)
    phone.revoked_at = phone.revoked_at or datetime.now(UTC)
    session.flush()


def assign_villages(
    session: Session, phone_id: int, village_codes: Iterable[str], scope: Scope
) -> None:
    """Let a phone serve these villages and no others. Raises as `rotate` and `add_phone` do."""
    _changeable(session, phone_id, scope)
    codes = known_villages(session, village_codes, scope)
    session.execute(delete(PhoneVillage).where(PhoneVillage.phone_id == phone_id))
    session.add_all(PhoneVillage(phone_id=phone_id, village_code=code) for code in codes)
    session.flush()


def link_account(session: Session, phone_id: int, account_id: int | None, scope: Scope) -> None:
    """Say whose phone it is: it then speaks that account's language. Raises as `rotate` does."""
    _changeable(session, phone_id, scope).account_id = account_id
    session.flush()


def phone_list(session: Session, project_id: int, scope: Scope) -> list[PhoneLine]:
    """Return the phones that serve a village of `scope`: those in use first, then by name."""
    lines = _lines(session, Phone.project_id == project_id)
    seen = [one for one in lines if _is_seen(one, scope)]
    return sorted(seen, key=lambda one: (one.revoked_at is not None, one.name, one.id))


def find(session: Session, phone_id: int, scope: Scope) -> PhoneLine:
    """Return one phone. Raises Missing when there is none that serves a village of `scope`."""
    found = [one for one in _lines(session, Phone.id == phone_id) if _is_seen(one, scope)]
    if not found:
        raise Missing("There is no such phone.")
    return found[0]


def find_named(session: Session, project_id: int, name: str, scope: Scope) -> PhoneLine:
    """Return the phone with this name or number; one that is in use comes before revoked ones.

    Raises Missing for none, NotValid when several phones have the name.
    """
    lines = phone_list(session, project_id, scope)
    found = [one for one in lines if name in (one.name, str(one.id))]
    in_use = [one for one in found if one.revoked_at is None] or found
    if not in_use:
        raise Missing("There is no phone called %(name)s.", name=name)
    if len(in_use) > 1:
        raise NotValid(
            "Several phones are called %(name)s. Say which one by its number: %(numbers)s.",
            "name",
            name=name,
            numbers=", ".join(str(one.id) for one in in_use),
        )
    return in_use[0]


def digest_hash(name: str, password: str) -> str:
    """Return HA1 of RFC 7616: what a Digest check needs instead of the password."""
    return hashlib.md5(f"{name}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()


def _known_phone(
    phone_id: int, project_id: int, name: str, revoked_at: datetime | None, language: str | None
) -> KnownPhone:
    return KnownPhone(phone_id, project_id, name, revoked_at is not None, language)


def _lines(session: Session, condition: ColumnElement[bool]) -> list[PhoneLine]:
    # The newest visit is one step in an index; a phone's newest submission would be a scan.
    newest = (
        select(Visit.submission_id)
        .where(Visit.phone_id == Phone.id)
        .order_by(Visit.visited_on.desc(), Visit.submission_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Phone, Account.name, Submission.received_at)
        .outerjoin(Account, Account.id == Phone.account_id)
        .outerjoin(Submission, Submission.id == newest)
        .where(condition)
    ).all()
    villages = _villages(session, condition)
    return [
        PhoneLine(
            id=phone.id,
            project_id=phone.project_id,
            name=phone.name,
            villages=tuple(villages.get(phone.id, ())),
            account=account,
            account_id=phone.account_id,
            created_at=phone.created_at,
            revoked_at=phone.revoked_at,
            last_submission_at=received_at,
            preset=phone.preset,
        )
        for phone, account, received_at in rows
    ]


def _villages(session: Session, condition: ColumnElement[bool]) -> dict[int, list[VillageName]]:
    rows = session.execute(
        select(PhoneVillage.phone_id, PhoneVillage.village_code, Village.name)
        .join(Phone, Phone.id == PhoneVillage.phone_id)
        .outerjoin(Village, Village.code == PhoneVillage.village_code)
        .where(condition)
        .order_by(PhoneVillage.village_code)
    )
    villages: dict[int, list[VillageName]] = {}
    for phone_id, code, name in rows:
        villages.setdefault(phone_id, []).append(VillageName(code, name or code))
    return villages


def _is_seen(line: PhoneLine, scope: Scope) -> bool:
    # A phone left without villages would otherwise be lost to those who took them away.
    is_free = not line.villages
    return is_free or "" in scope.stems or any(scope.covers(one.code) for one in line.villages)


def _changeable(session: Session, phone_id: int, scope: Scope) -> Phone:
    line = find(session, phone_id, scope)
    if not all(scope.covers(one.code) for one in line.villages):
        raise NotAllowed("This phone also serves villages that are not yours.")
    return session.get_one(Phone, phone_id)


def _give_ways_in(phone: Phone) -> tuple[str, str, str]:
    """Set new hashes and return what they are of: token, Digest name, Digest password."""
    token = _random(TOKEN_CHARACTERS, TOKEN_LENGTH)
    digest_name = "p" + _random(PASSWORD_CHARACTERS, 8)
    password = "-".join(_random(PASSWORD_CHARACTERS, 4) for _ in range(4))
    phone.token_sha256 = _sha256(token)
    phone.digest_name = digest_name
    phone.digest_ha1 = digest_hash(digest_name, password)
    return token, digest_name, password


def _known_preset(preset: str) -> str:
    if preset not in PRESETS:
        raise NotValid("Choose locked or free settings.", "preset")
    return preset


def _random(characters: str, length: int) -> str:
    return "".join(secrets.choice(characters) for _ in range(length))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _clean_name(name: str) -> str:
    chosen = name.strip()
    if not chosen:
        raise NotValid("Give the phone a name, best that of who carries it.", "name")
    if len(chosen) > LONGEST_NAME or not chosen.isprintable():
        raise NotValid(
            "A name has at most %(most)s letters and nothing invisible.", "name", most=LONGEST_NAME
        )
    return chosen
