"""What a phone scans: the settings of Collect and KoboCollect with the way in, as one QR code."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Connection

from forms import openrosa
from server.errors import NotAllowed, NotValid
from server.survey import phones
from server.survey.phones import KnownPhone

_SERVER_URL = re.compile(
    r"(?P<site>https?://.+)/v1/key/(?P<token>[A-Za-z0-9!$]{64})/projects/\d+/?"
)


@dataclass(frozen=True, slots=True)
class PhoneCode:
    """A code to scan. `text` is what the QR code holds, `server_url` the address inside it.

    `typed_url` is for typing, with a Digest name and password. `settings_password` opens the
    locked settings on the phone, "" when nothing is locked.
    """

    server_url: str
    typed_url: str
    text: str
    settings_password: str


def make_code(
    site_url: str,
    token: str,
    project_id: int,
    *,
    worker: str,
    project_name: str,
    is_locked: bool = True,
) -> PhoneCode:
    """Return the code for a phone that finds the site at `site_url`.

    Locked for work from door to door: server, forms, sending and the worker's name stay.
    """
    server_url = f"{site_url}/v1/key/{token}/projects/{project_id}"
    password = "".join(secrets.choice(string.digits) for _ in range(6)) if is_locked else ""
    settings = openrosa.collect_settings(
        server_url,
        project_name,
        worker,
        preset="door_to_door" if is_locked else "free",
        admin_password=password,
    )
    return PhoneCode(
        server_url=server_url,
        typed_url=f"{site_url}/v1/projects/{project_id}",
        text=openrosa.collect_qr_text(settings),
        settings_password=password,
    )


def clean_site_url(text: str) -> str:
    """Return the site's address without a slash at its end. Raises NotValid for none of http(s)."""
    url = text.strip().rstrip("/")
    parts = urlsplit(url)
    is_whole = parts.scheme in ("http", "https") and parts.hostname and not parts.query
    if not is_whole or not url.isprintable() or " " in url:
        raise NotValid("Write the site's address like http://192.168.1.10:8080", "address")
    return url


def phone_at(connection: Connection, server_url: str) -> tuple[KnownPhone, str, str]:
    """Return whose address this is, with the site's address and the token in it.

    Raises NotValid for what is no phone's address, NotAllowed for one that lets nobody in.
    """
    found = _SERVER_URL.fullmatch(server_url.strip())
    if found is None:
        raise NotValid("This is no phone's address: it looks like http://…/v1/key/…/projects/1")
    known = phones.by_token(connection, found["token"])
    if known is None or known.is_revoked:
        raise NotAllowed("This address lets nobody in any more. Make a new code for the phone.")
    return known, found["site"], found["token"]
