"""Which phone is asking: by the token in its address, or by HTTP Digest.

A token nobody was given, a revoked one and one of another project are refused with 403, so that
no phone asks its worker for a password that does not exist. Digest begins with 401.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, cast

from flask import Blueprint, Response, g, request
from sqlalchemy import Connection

from server.errors import NotAllowed, SignInNeeded, Unreadable
from server.survey import phones
from server.survey.devices import FetchedForm
from server.survey.phones import KnownPhone
from server.web import door, language
from server.web.openrosa import digest

P = ParamSpec("P")
R = TypeVar("R")
_NOT_VALID = "This phone's code is not valid here. Ask the office for a new one and scan it."
_REVOKED = "This phone was shut out. Ask the office for a new code and scan it."


def phone_feed(name: str) -> Blueprint:
    """Return an empty blueprint whose routes know the phone that asks."""
    feed = Blueprint(name, __name__)

    @feed.url_value_preprocessor
    def _take_token(_: str | None, values: dict[str, Any] | None) -> None:
        g.phone_token = values.pop("token", None) if values else None

    @feed.after_request
    def _note_contact(answer: Response) -> Response:
        # Whatever became of the request: the phone was there.
        if "phone" in g:
            door.site().contacts.note(
                phone().id,
                request.args.get("deviceID", ""),
                request.headers.get("User-Agent", ""),
                datetime.now(UTC),
                **g.get("contact", {}),
            )
        return answer

    return feed


def route(
    feed: Blueprint, path: str, methods: Sequence[str] = ("GET",)
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Open a route of a project to its phones, in both ways. No address is ever redirected.

    A redirect would turn a POST into a GET, and Collect then shows a login failure.
    """

    def add(view: Callable[P, R]) -> Callable[P, R]:
        guarded = door.guarded_by(_check)(view)
        for start in ("/v1/key/<token>/projects", "/v1/projects"):
            feed.add_url_rule(
                f"{start}/<int:project_id>/{path}",
                view_func=cast("Callable[..., Any]", guarded),
                methods=[*methods],
                merge_slashes=False,
                strict_slashes=True,
            )
        return guarded

    return add


def phone() -> KnownPhone:
    """Return the phone that asks."""
    return cast("KnownPhone", g.phone)


def note_list() -> None:
    """Note with this contact that the phone asked for the list of forms."""
    g.contact = {"is_list": True}


def note_submission() -> None:
    """Note with this contact that the phone sent something that was kept."""
    g.contact = {"is_submission": True}


def note_form(form_id: str, version: str, md5: str) -> None:
    """Note with this contact that the phone has this version of a form from now on."""
    g.contact = {"form": FetchedForm(form_id, version, md5, datetime.now(UTC))}


def villages() -> tuple[str, ...]:
    """Return the codes of the villages the phone serves."""
    return phones.villages_of(door.reading().connection(), phone().id)


def base_url() -> str:
    """Return the project's address as this phone used it: scheme, host, prefix, way in.

    Phones send their credentials to that host alone, whatever other names the site has.
    """
    key = f"key/{g.phone_token}/" if g.phone_token else ""
    return f"{request.url_root}v1/{key}projects/{phone().project_id}"


def _check() -> None:
    # PostgreSQL keeps no NUL in a text; nothing a phone asks for has one.
    if "\0" in request.path or b"%00" in request.query_string:
        raise Unreadable("The address is damaged.")
    with door.site().engine.connect() as connection:
        known = (
            phones.by_token(connection, g.phone_token)
            if g.phone_token is not None
            else _by_digest(connection)
        )
    if known is None or known.project_id != cast("dict[str, Any]", request.view_args)["project_id"]:
        raise NotAllowed(_NOT_VALID)
    language.choose(known.language)
    if known.is_revoked:
        raise NotAllowed(_REVOKED)
    g.phone = known


def _by_digest(connection: Connection) -> KnownPhone:
    """Return the phone that proves its password. Raises SignInNeeded, with a challenge."""
    secret, now = door.site().secrets.nonces, datetime.now(UTC)
    claim = digest.read_claim(request.headers.get("Authorization", ""))
    is_stale = False
    if claim is not None:
        found = phones.by_digest_name(connection, claim.name)
        ha1 = found[1] if found else digest.hash_of_nobody(secret, claim.name)
        is_right = digest.is_right(claim, ha1, request.method)
        query = request.query_string.decode("latin-1")
        if found and is_right and digest.is_about(claim, request.path, query):
            if digest.is_fresh(secret, claim.nonce, now):
                return found[0]
            is_stale = True
    door.refusal_headers()["WWW-Authenticate"] = digest.challenge(secret, now, is_stale=is_stale)
    raise SignInNeeded("Name or password is wrong. They are on the sheet with this phone's code.")
