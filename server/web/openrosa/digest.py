"""HTTP Digest (RFC 7616, MD5, qop=auth) as phones need it: a nonce for hours, counts in any order.

Nonces are signed and carry their time, so that no server process has to remember them. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from werkzeug.http import parse_dict_header

from server.survey.phones import REALM

# A working day: a phone that asks more often than this is never asked for its password twice.
NONCE_LIFE = timedelta(hours=12)
_STAMP = struct.Struct(">d8s")
_SEAL_BYTES = 16
_COUNT = re.compile(r"[0-9a-fA-F]{8}\Z")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an `Authorization: Digest` header says, not believed yet."""

    name: str
    nonce: str
    uri: str
    count: str
    client_nonce: str
    response: str


def challenge(secret: bytes, now: datetime, *, is_stale: bool = False) -> str:
    """Return the value of `WWW-Authenticate`; `is_stale`: the password is right, the nonce old."""
    nonce = new_nonce(secret, now)
    return (
        f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm=MD5, '
        f'opaque="{REALM}", stale={str(is_stale).lower()}'
    )


def new_nonce(secret: bytes, now: datetime) -> str:
    """Return a nonce that tells its own time and cannot be forged."""
    stamp = _STAMP.pack(now.timestamp(), secrets.token_bytes(8))
    return base64.urlsafe_b64encode(stamp + _seal(secret, stamp)).decode()


def is_fresh(secret: bytes, nonce: str, now: datetime) -> bool:
    """Say whether a nonce is ours and not older than NONCE_LIFE."""
    try:
        sealed = base64.b64decode(nonce, altchars=b"-_", validate=True)
    except ValueError:
        return False
    stamp, seal = sealed[: _STAMP.size], sealed[_STAMP.size :]
    if not hmac.compare_digest(seal, _seal(secret, stamp)):
        return False
    age_s = now.timestamp() - _STAMP.unpack(stamp)[0]
    return bool(age_s <= NONCE_LIFE.total_seconds())


def read_claim(header: str) -> Claim | None:
    """Return what the value of `Authorization` claims; None unless it is a whole answer to us."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "digest":
        return None
    said = {key: value or "" for key, value in parse_dict_header(rest).items()}
    claim = Claim(
        said.get("username", ""),
        said.get("nonce", ""),
        said.get("uri", ""),
        said.get("nc", ""),
        said.get("cnonce", ""),
        said.get("response", ""),
    )
    is_to_us = said.get("realm") == REALM and said.get("qop") == "auth"
    is_known = said.get("algorithm", "MD5").upper() == "MD5"
    # Names we give are ASCII; what else is sent need not reach the database.
    is_whole = claim.name.isascii() and claim.name.isprintable() and _COUNT.match(claim.count)
    return claim if is_to_us and is_known and is_whole and claim.client_nonce else None


def is_right(claim: Claim, ha1: str, method: str) -> bool:
    """Say whether the claim was made with the password behind `ha1` (RFC 7616, 3.4.1)."""
    ha2 = _md5(f"{method}:{claim.uri}")
    parts = (ha1, claim.nonce, claim.count, claim.client_nonce, "auth", ha2)
    return hmac.compare_digest(_md5(":".join(parts)).encode(), claim.response.lower().encode())


def is_about(claim: Claim, path: str, query: str) -> bool:
    """Say whether the claim's uri is the request's: `path` decoded, `query` as it was sent.

    A proxy may have taken a prefix off the path before it came here.
    """
    asked = urlsplit(claim.uri)
    return asked.query == query and unquote(asked.path).endswith(path)


def hash_of_nobody(secret: bytes, name: str) -> str:
    """Return an HA1 no password fits, so that an unknown name costs what a known one does."""
    return hmac.new(secret, name.encode(), hashlib.sha256).hexdigest()[:32]


def _seal(secret: bytes, stamp: bytes) -> bytes:
    return hmac.new(secret, stamp, hashlib.sha256).digest()[:_SEAL_BYTES]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
