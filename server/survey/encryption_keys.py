"""The site's keys for encrypted forms. Passphrases are never kept, noted or logged.

A key opens with its passphrase alone: whoever loses it loses the answers. A retired key takes no
new form and still reads what was encrypted for it.
"""

from __future__ import annotations

import threading
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from forms import encrypted_form
from forms.fields import CompiledForm
from forms.key_pairs import KeyPair, WrongPassphrase, make_pair, open_private, public_half
from server.database import writing_session
from server.errors import Busy, Conflict, Missing, NotValid, Problem
from server.survey import credentials, journal
from server.tables.truth import EncryptionKey, Form

SHORTEST_PASSPHRASE = 12
# OpenSSL reads at most 1,023 bytes of a passphrase; a Chinese letter takes three or four.
LONGEST_PASSPHRASE = 200
FEWEST_SIGNS = 6
LONGEST_NAME = 60
LONGEST_HINT = 200

WRONG = "This passphrase does not open the key."
OPENED, FAILED = "key_opened", "key_not_opened"
_PEM_START, _PEM_END = (f"-----{word} ENCRYPTED PRIVATE KEY-----" for word in ("BEGIN", "END"))
# Each try costs half a second of a core: one at a time, so that a flood holds up nobody else.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Key:
    """A key as pages show it; `forms` are the ids of those whose new versions it encrypts."""

    id: int
    name: str
    hint: str
    public_key: str
    made_at: datetime
    made_by: str
    retired_at: datetime | None
    forms: tuple[str, ...]


def keys(session: Session, project_id: int) -> list[Key]:
    """Return the keys of a project: those in use first, then by name."""
    rows = session.scalars(select(EncryptionKey).where(EncryptionKey.project_id == project_id))
    used: dict[int, list[str]] = {}
    for form_id, key_id in session.execute(
        select(Form.form_id, Form.key_id)
        .where(Form.project_id == project_id, Form.key_id.is_not(None))
        .order_by(Form.form_id)
    ):
        used.setdefault(key_id or 0, []).append(form_id)
    listed = [_key(row, used.get(row.id, ())) for row in rows]
    return sorted(listed, key=lambda one: (one.retired_at is not None, one.name, one.id))


def find(session: Session, project_id: int, key_id: int) -> Key:
    """Return one key. Raises Missing."""
    found = next((one for one in keys(session, project_id) if one.id == key_id), None)
    if found is None:
        raise Missing("There is no such key.")
    return found


def new_pair(name: str, hint: str, passphrase: str, repeated: str) -> KeyPair:
    """Make a key pair; takes a second, so ask for no session before. Raises NotValid."""
    _check(name, hint, passphrase)
    if repeated != passphrase:
        raise NotValid("The two passphrases differ.", "repeated")
    return make_pair(passphrase)


def add(session: Session, project_id: int, name: str, hint: str, pair: KeyPair, who: str) -> Key:
    """Keep a new pair. Raises NotValid when the name is taken."""
    told = name.strip()
    if any(one.name == told for one in keys(session, project_id)):
        raise NotValid("A key called %(name)s exists already.", "name", name=told)
    row = EncryptionKey(
        project_id=project_id,
        name=told,
        hint=hint.strip(),
        public_key=pair.public,
        private_key=pair.private,
        made_at=datetime.now(UTC),
        made_by=who,
    )
    session.add(row)
    session.flush()
    return _key(row, ())


def locked_pem(session: Session, project_id: int, key_id: int) -> bytes:
    """Return a key as PEM, still under its passphrase, for other programs. Raises Missing."""
    find(session, project_id, key_id)
    body = b64encode(session.get_one(EncryptionKey, key_id).private_key).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"{_PEM_START}\n{lines}\n{_PEM_END}\n".encode()


def pair_of_pem(name: str, hint: str, pem: bytes, passphrase: str) -> KeyPair:
    """Return the pair of a locked PEM that another site saved. Raises NotValid."""
    _check(name, hint, passphrase)
    text = pem.decode("latin-1")
    body = text.partition(_PEM_START)[2].partition(_PEM_END)[0]
    try:
        private = b64decode("".join(body.split()), validate=True)
        return KeyPair(public_half(open_private(private, passphrase)), private)
    except (WrongPassphrase, ValueError) as error:
        raise NotValid(WRONG, "passphrase") from error


def retire(session: Session, project_id: int, key_id: int) -> Key:
    """Take a key out of use; it still reads. Raises Conflict while a form encrypts with it."""
    found = find(session, project_id, key_id)
    if found.forms:
        raise Conflict(
            "Forms still encrypt with this key: %(forms)s. Switch them first.",
            forms=", ".join(found.forms),
        )
    row = session.get_one(EncryptionKey, key_id)
    row.retired_at = row.retired_at or datetime.now(UTC)
    session.flush()
    return find(session, project_id, key_id)


def sealed(session: Session, form: Form | None, made: CompiledForm) -> CompiledForm:
    """Return a form as phones are to get it: with the key its row names, else as it is.

    A form that brings a key of its own keeps that: its author, not the site, will read it.
    """
    if form is None or form.key_id is None or encrypted_form.public_key(made.xml):
        return made
    public = session.get_one(EncryptionKey, form.key_id).public_key
    version = encrypted_form.encrypted_version(made.version, public)
    return encrypted_form.encrypted(made, public, version)


def key_of(session: Session, project_id: int, public: str) -> Key | None:
    """Return the site's key with this public half; None for one the site does not hold."""
    return next((one for one in keys(session, project_id) if one.public_key == public), None)


def open_key(session: Session, project_id: int, key_id: int, passphrase: str) -> RSAPrivateKey:
    """Return the private half of a key. Raises Missing, NotValid for a wrong passphrase."""
    find(session, project_id, key_id)
    kept = session.get_one(EncryptionKey, key_id).private_key
    try:
        return open_private(kept, passphrase)
    except WrongPassphrase as error:
        raise NotValid(WRONG, "passphrase") from error


def unlock(
    engine: Engine, project_id: int, key_id: int, passphrase: str, who: str, address: str
) -> RSAPrivateKey | Problem:
    """Return the private half of a key to an account, or why not; tries count as at signing in.

    Not: the passphrase is wrong, or the account must wait. Commits its own journal entries, so
    that failures count at once: ask for no writing session before. Raises Missing.
    """
    subject = f"key {key_id}"
    with _ONE_AT_A_TIME:
        with Session(engine) as session:
            wait_s = credentials.wait_s(
                session, subject, OPENED, FAILED, credentials.by_account(who)
            )
            if wait_s:
                return Busy("Too many wrong passphrases. Wait %(seconds)s seconds.", seconds=wait_s)
            found = _tried(session, project_id, key_id, passphrase)
        action = FAILED if isinstance(found, Problem) else OPENED
        with writing_session(engine) as session:
            journal.note(session, who, action, subject, {}, address)
    return found


def _tried(
    session: Session, project_id: int, key_id: int, passphrase: str
) -> RSAPrivateKey | Problem:
    try:
        return open_key(session, project_id, key_id, passphrase)
    except NotValid as problem:
        return problem


def _check(name: str, hint: str, passphrase: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise NotValid(
            "Give the key a name of at most %(most)s letters.", "name", most=LONGEST_NAME
        )
    if len(hint) > LONGEST_HINT:
        raise NotValid("A hint has at most %(most)s letters.", "hint", most=LONGEST_HINT)
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise NotValid(
            "A passphrase has at least %(least)s characters.",
            "passphrase",
            least=SHORTEST_PASSPHRASE,
        )
    if len(passphrase) > LONGEST_PASSPHRASE:
        raise NotValid(
            "A passphrase has at most %(most)s characters.", "passphrase", most=LONGEST_PASSPHRASE
        )
    if len(set(passphrase)) < FEWEST_SIGNS:
        raise NotValid(
            "Use at least %(least)s different characters.", "passphrase", least=FEWEST_SIGNS
        )
    if passphrase.casefold() in (name.strip().casefold(), hint.strip().casefold()):
        raise NotValid("Name and hint are read by others: choose another passphrase.", "passphrase")
    if passphrase.casefold() in hint.casefold():
        raise NotValid("The hint must not hold the passphrase.", "hint")


def _key(row: EncryptionKey, forms: Sequence[str]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        hint=row.hint,
        public_key=row.public_key,
        made_at=row.made_at,
        made_by=row.made_by,
        retired_at=row.retired_at,
        forms=tuple(forms),
    )
