"""Passwords, one-time links and signing in.

Passwords are kept as argon2id hashes, links as SHA-256 of a random token. Failed attempts make the
next one wait, counted for one account from one address: thirty phones behind one uplink never
lock each other out.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, Engine, select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Missing, NotValid
from server.survey import journal
from server.survey.accounts import AccountView, Role, add, clean_name
from server.survey.areas import WHOLE_SITE
from server.tables.truth import Account, JournalEntry

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
LINK_DAYS = 7
FIRST_NAME = "admin"
FREE_FAILURES = 3
LONGEST_WAIT = timedelta(minutes=15)
# OWASP's smallest argon2id setting: 19 MiB and about 20 ms, for a small office computer.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# One attempt at a time in a process: guesses sent together cannot outrun the count of failures,
# and a flood of them costs one core and 19 MiB.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class SignIn:
    """How an attempt ended: an account with its epoch, or None; not tried when `wait_s` > 0."""

    account_id: int | None
    epoch: int = 0
    wait_s: int = 0


def sign_in(engine: Engine, name: str, password: str, address: str) -> SignIn:
    """Try a name and a password. Commits its own journal entries, so that failures count at once.

    An unknown name takes as long as a wrong password.
    """
    with _ONE_AT_A_TIME:
        with Session(engine) as session:
            account = _account_named(session, name)
            subject = account.name if account else _hidden(name)
            from_here = JournalEntry.address == address
            waiting_s = wait_s(session, subject, "signed_in", "sign_in_failed", from_here)
            kept = account.password_hash if account else ""
        if waiting_s:
            return SignIn(None, wait_s=waiting_s)
        fits = _fits(kept, password)
        with writing_session(engine) as session:
            account = _account_named(session, name)
            if account is None or not fits or account.disabled_at or account.password_hash != kept:
                journal.note(session, subject, "sign_in_failed", subject, {}, address)
                return SignIn(None)
            if _HASHER.check_needs_rehash(kept):
                account.password_hash = _HASHER.hash(password)
            journal.note(session, account.name, "signed_in", account.name, {}, address)
            return SignIn(account.id, account.epoch)


def set_password(session: Session, account_id: int, password: str) -> int:
    """Give the account a password, end its sessions and its link; returns the new epoch.

    Raises NotValid for a password that will not do.
    """
    fault = password_fault(password)
    if fault is not None:
        raise fault
    account = session.get_one(Account, account_id)
    account.password_hash = _HASHER.hash(password)
    account.link_sha256 = None
    account.epoch += 1
    return account.epoch


def is_password(session: Session, account_id: int, password: str) -> bool:
    """Say whether `password` is the account's."""
    return _fits(session.get_one(Account, account_id).password_hash, password)


def password_fault(password: str) -> NotValid | None:
    """Return what is wrong with a new password, None when it will do.

    Length is what counts (NIST SP 800-63B), so there are no rules about signs and capitals.
    """
    if len(password) < SHORTEST_PASSWORD:
        return NotValid(
            "A password has at least %(least)s characters.", "password", least=SHORTEST_PASSWORD
        )
    if len(password) > LONGEST_PASSWORD:
        return NotValid(
            "A password has at most %(most)s characters.", "password", most=LONGEST_PASSWORD
        )
    if len(set(password)) < 3:
        return NotValid("Use more than two different characters.", "password")
    return None


def one_time_link(session: Session, account_id: int) -> str:
    """Return a new token for `/welcome/<token>`: it sets a password once, within LINK_DAYS.

    An older link of the account ends. The token says when it ends; as the hash of the whole token
    is kept, nobody can prolong it.
    """
    ends_on = datetime.now(UTC) + timedelta(days=LINK_DAYS)
    token = f"{secrets.token_urlsafe(24)}.{int(ends_on.timestamp())}"
    session.get_one(Account, account_id).link_sha256 = _sha256(token)
    return token


def account_of_link(session: Session, token: str) -> tuple[int, str]:
    """Return id and name of a one-time link's account; raises Missing for a used or old one."""
    account = session.scalar(select(Account).where(Account.link_sha256 == _sha256(token)))
    ends_at = token.rpartition(".")[2]
    is_live = ends_at.isdigit() and int(ends_at) > datetime.now(UTC).timestamp()
    if account is None or not is_live or account.disabled_at is not None:
        raise Missing(
            "This link was used before or has ended. Ask your administrator for a new one."
        )
    return account.id, account.name


def first_administrator(session: Session) -> str | None:
    """Make the account `admin` on a site without an administrator; returns its link token.

    While nobody has used the link, every call gives a fresh one, so that a lost one locks nobody
    out. None when there is another administrator, or one with a password.
    """
    admins = session.scalars(
        select(Account).where(Account.role == Role.ADMIN, Account.disabled_at.is_(None))
    ).all()
    if not admins:
        return one_time_link(session, _added_administrator(session).id)
    (first, *others) = admins
    if others or first.password_hash or not first.name.startswith(FIRST_NAME):
        return None
    return one_time_link(session, first.id)


def _added_administrator(session: Session) -> AccountView:
    taken = set(session.scalars(select(Account.name)))
    free = (FIRST_NAME, *(f"{FIRST_NAME}{number}" for number in range(2, len(taken) + 3)))
    name = next(one for one in free if one not in taken)
    return add(session, name, Role.ADMIN, [""], WHOLE_SITE)


def _account_named(session: Session, name: str) -> Account | None:
    try:
        return session.scalar(select(Account).where(Account.name == clean_name(name)))
    except NotValid:
        return None


def _fits(kept: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _HASHER.verify(kept or _hash_of_nothing(), password) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_nothing() -> str:
    return _HASHER.hash(secrets.token_hex(16))


def _hidden(name: str) -> str:
    """Return what the journal calls an unknown name: people type passwords into the wrong box."""
    return "unknown:" + hashlib.sha256(name.encode()).hexdigest()[:12]


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def wait_s(
    session: Session, subject: str, done: str, failed: str, by_whom: ColumnElement[bool]
) -> int:
    """Return seconds until one may try again, from the journal's acts `done` and `failed`.

    The first FREE_FAILURES cost nothing, then 5, 10, 20 … seconds up to LONGEST_WAIT.
    """
    now = datetime.now(UTC)
    rows = session.execute(
        select(JournalEntry.action, JournalEntry.at)
        .where(
            JournalEntry.at > now - 4 * LONGEST_WAIT,
            JournalEntry.subject == subject,
            by_whom,
            JournalEntry.action.in_((done, failed)),
        )
        .order_by(JournalEntry.at.desc())
        .limit(20)
    ).all()
    failures = []
    for action, at in rows:
        if action == done:
            break
        failures.append(at)
    if len(failures) < FREE_FAILURES:
        return 0
    wait = min(timedelta(seconds=5 * 2 ** (len(failures) - FREE_FAILURES)), LONGEST_WAIT)
    return max(0, -int((now - failures[0] - wait).total_seconds() // 1))


def by_account(name: str) -> ColumnElement[bool]:
    """Return the condition of `wait_s` for tries of one account, from wherever."""
    return JournalEntry.who == name
