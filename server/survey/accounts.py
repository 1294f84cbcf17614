"""Accounts: who may do what, and in which areas.

A role is a set of rights, an area a division with all below it. Both are asked in one place,
`server/web/door.py`; queries take the account's `Scope`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.errors import Conflict, Missing, NotValid
from server.survey.areas import Scope
from server.tables.truth import Account, AccountArea

LONGEST_NAME = 64


class Role(StrEnum):
    """What someone is here for; the order is that of the choice on the page."""

    WORKER = "worker"
    SUPERVISOR = "supervisor"
    OFFICE = "office"
    HOSPITAL = "hospital"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Right(StrEnum):
    """One thing a page, list, map or download may ask for."""

    SEE_COVERAGE = "see_coverage"
    SEE_PERSONS = "see_persons"
    SEE_SENSITIVE = "see_sensitive"
    REVEAL_PERSONS = "reveal_persons"
    SEE_SUBMISSIONS = "see_submissions"
    REVIEW_SUBMISSIONS = "review_submissions"
    REMOVE_SUBMISSIONS = "remove_submissions"
    SEE_CLINICS = "see_clinics"
    SEE_BATCHES = "see_batches"
    MAKE_BATCH = "make_batch"
    SIGN_REGISTER = "sign_register"
    MANAGE_REGISTRY = "manage_registry"
    MANAGE_FORMS = "manage_forms"
    MANAGE_PHONES = "manage_phones"
    MANAGE_ACCOUNTS = "manage_accounts"
    SEE_JOURNAL = "see_journal"


_WORKER = frozenset({Right.SEE_COVERAGE, Right.SEE_PERSONS, Right.SEE_CLINICS})
_SUPERVISOR = _WORKER | {
    Right.SEE_SUBMISSIONS,
    Right.REVIEW_SUBMISSIONS,
    Right.SIGN_REGISTER,
    Right.MANAGE_PHONES,
}
_OFFICE = _SUPERVISOR | {
    Right.REMOVE_SUBMISSIONS,
    Right.SEE_SENSITIVE,
    Right.REVEAL_PERSONS,
    Right.MAKE_BATCH,
    Right.SEE_BATCHES,
    Right.MANAGE_REGISTRY,
    Right.MANAGE_FORMS,
}

# The hospital sees the people of its batches, the auditor clinics and no person. Who runs the site
# sees no health data by default (domain: roles).
RIGHTS = {
    Role.WORKER: _WORKER,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.OFFICE: _OFFICE,
    Role.HOSPITAL: frozenset({Right.SEE_BATCHES, Right.SEE_SENSITIVE, Right.REVEAL_PERSONS}),
    Role.AUDITOR: frozenset({Right.SEE_CLINICS}),
    Role.ADMIN: frozenset(
        {
            Right.SEE_COVERAGE,
            Right.SEE_CLINICS,
            Right.MANAGE_REGISTRY,
            Right.MANAGE_FORMS,
            Right.MANAGE_PHONES,
            Right.MANAGE_ACCOUNTS,
            Right.SEE_JOURNAL,
        }
    ),
}


@dataclass(frozen=True)
class SignedIn:
    """The account that asks. `language` is None until someone chose one."""

    id: int
    name: str
    role: Role
    scope: Scope
    rights: frozenset[Right]
    language: str | None

    def may(self, *rights: Right) -> bool:
        """Say whether the account has any one of `rights`."""
        return not self.rights.isdisjoint(rights)


@dataclass(frozen=True)
class AccountView:
    """An account as the list shows it. `state` is active, invited (no password yet) or disabled."""

    id: int
    name: str
    role: Role
    areas: tuple[str, ...]
    state: str
    created_at: datetime


def signed_in(session: Session, account_id: int, epoch: int) -> SignedIn | None:
    """Return the account of a sign-in cookie; None when it was disabled or its sessions ended."""
    account = session.get(Account, account_id)
    if account is None or account.disabled_at is not None or account.epoch != epoch:
        return None
    role = Role(account.role)
    scope = Scope.of(_areas(session, [account.id]).get(account.id, ()))
    return SignedIn(account.id, account.name, role, scope, RIGHTS[role], account.language)


def account_list(session: Session, scope: Scope) -> list[AccountView]:
    """Return the accounts whose areas all lie in `scope`: active first, then by name."""
    accounts = session.scalars(select(Account)).all()
    areas = _areas(session, [one.id for one in accounts])
    seen = [_view(one, areas.get(one.id, ())) for one in accounts]
    inside = [one for one in seen if _is_inside(one.areas, scope)]
    return sorted(inside, key=lambda one: (one.state == "disabled", one.name))


def find(session: Session, account_id: int, scope: Scope) -> AccountView:
    """Return one account; raises Missing when there is none in `scope`."""
    account = session.get(Account, account_id)
    if account is not None:
        view = _view(account, _areas(session, [account.id]).get(account.id, ()))
        if _is_inside(view.areas, scope):
            return view
    raise Missing("There is no such account.")


def find_named(session: Session, name: str) -> AccountView:
    """Return the account called `name`; raises Missing when there is none."""
    account = session.scalar(select(Account).where(Account.name == clean_name(name)))
    if account is None:
        raise Missing("There is no account called %(name)s.", name=name)
    return _view(account, _areas(session, [account.id]).get(account.id, ()))


def add(session: Session, name: str, role: Role, areas: Iterable[str], scope: Scope) -> AccountView:
    """Add an account without a password: `credentials.set_password` or `one_time_link` comes next.

    `scope` is that of the one who adds: nobody gives away more than he has. Raises NotValid for a
    name that is empty or taken, and for areas that are none or lie outside.
    """
    chosen = clean_name(name)
    if session.scalar(select(Account.id).where(Account.name == chosen)) is not None:
        raise NotValid("An account called %(name)s exists already.", "name", name=chosen)
    codes = _allowed_areas(areas, scope)
    account = Account(
        name=chosen, role=role.value, password_hash="", created_at=datetime.now(UTC), epoch=0
    )
    session.add(account)
    session.flush()
    session.add_all(AccountArea(account_id=account.id, code=code) for code in codes)
    session.flush()
    return _view(account, codes)


def change(
    session: Session, account_id: int, role: Role, areas: Iterable[str], scope: Scope
) -> AccountView:
    """Give the account another role and areas; its sessions end, so that both hold at once."""
    find(session, account_id, scope)
    codes = _allowed_areas(areas, scope)
    account = session.get_one(Account, account_id)
    if role is not Role.ADMIN:
        _keep_an_administrator(session, account)
    account.role = role.value
    account.epoch += 1
    session.execute(delete(AccountArea).where(AccountArea.account_id == account_id))
    session.add_all(AccountArea(account_id=account_id, code=code) for code in codes)
    session.flush()
    return _view(account, codes)


def disable(session: Session, account_id: int, scope: Scope) -> AccountView:
    """Shut the account out, now and everywhere. It stays: the journal names it."""
    find(session, account_id, scope)
    account = session.get_one(Account, account_id)
    _keep_an_administrator(session, account)
    account.disabled_at = account.disabled_at or datetime.now(UTC)
    account.link_sha256 = None
    account.epoch += 1
    session.flush()
    return find(session, account_id, scope)


def enable(session: Session, account_id: int, scope: Scope) -> AccountView:
    """Let a disabled account in again, with the password it had."""
    find(session, account_id, scope)
    session.get_one(Account, account_id).disabled_at = None
    session.flush()
    return find(session, account_id, scope)


def end_sessions(session: Session, account_id: int) -> None:
    """Sign the account out everywhere."""
    session.get_one(Account, account_id).epoch += 1


def choose_language(session: Session, account_id: int, language: str) -> None:
    """Remember the language the account wants to read."""
    session.get_one(Account, account_id).language = language


def clean_name(name: str) -> str:
    """Return the name as it is kept: NFKC, no spaces at the ends. Raises NotValid.

    Wide letters and digits, which Chinese keyboards type, count as the plain ones.
    """
    chosen = unicodedata.normalize("NFKC", name).strip()
    if not chosen:
        raise NotValid("Give the account a name.", "name")
    if len(chosen) > LONGEST_NAME or not chosen.isprintable():
        raise NotValid(
            "A name has at most %(most)s letters and nothing invisible.", "name", most=LONGEST_NAME
        )
    return chosen


def role_named(text: str) -> Role:
    """Return the role `text` names; raises NotValid."""
    if text not in set(Role):
        raise NotValid(
            "%(role)s is not a role. Roles are: %(roles)s.",
            "role",
            role=text,
            roles=", ".join(Role),
        )
    return Role(text)


def _areas(session: Session, account_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    rows = session.execute(
        select(AccountArea.account_id, AccountArea.code)
        .where(AccountArea.account_id.in_(account_ids))
        .order_by(AccountArea.code)
    )
    areas: dict[int, tuple[str, ...]] = {}
    for account_id, code in rows:
        areas[account_id] = (*areas.get(account_id, ()), code)
    return areas


def _view(account: Account, areas: Iterable[str]) -> AccountView:
    state = "active" if account.password_hash else "invited"
    if account.disabled_at is not None:
        state = "disabled"
    return AccountView(
        account.id, account.name, Role(account.role), tuple(areas), state, account.created_at
    )


def _is_inside(areas: Iterable[str], scope: Scope) -> bool:
    return all(scope.covers(one) for one in Scope.of(areas).stems)


def _allowed_areas(areas: Iterable[str], scope: Scope) -> tuple[str, ...]:
    codes = tuple(sorted(set(areas)))
    if not codes:
        raise NotValid("Choose at least one area.", "areas")
    if not _is_inside(codes, scope):
        raise NotValid("You can only give areas that are your own.", "areas")
    return codes


def _keep_an_administrator(session: Session, account: Account) -> None:
    """Raise Conflict when `account` is the last one that can add accounts."""
    if account.role != Role.ADMIN or account.disabled_at is not None:
        return
    others = session.scalar(
        select(func.count())
        .select_from(Account)
        .where(Account.role == Role.ADMIN, Account.disabled_at.is_(None), Account.id != account.id)
    )
    if not others:
        raise Conflict("This is the last administrator. Make another one first.")
