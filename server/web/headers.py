"""What every answer carries: what a page may load, what may be kept, and gzip for slow links."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Iterable
from typing import cast

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSessionInterface

# Below this a packet is not saved; above, the fast levels already save three quarters.
SMALLEST_TO_GZIP = 860
LARGEST_TO_GZIP = 4_000_000
GZIP_LEVEL = 5
_TEXT_TYPES = (
    "text/html",
    "text/css",
    "text/javascript",
    "text/xml",
    "text/csv",
    "image/svg+xml",
    "application/json",
    "application/geo+json",
)


class Cookies(SecureCookieSessionInterface):
    """The sign-in cookie: `Secure` when the browser came by https, for the proxy's prefix."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_path(self, app: Flask) -> str:
        return request.script_root or "/"


def nonce() -> str:
    """Return this answer's word for its own inline scripts: `<script nonce="…">`."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return cast("str", g.nonce)


def let_pictures_come_from(origins: Iterable[str]) -> None:
    """Let this answer's page load pictures from other hosts too: the tiles of its map."""
    g.picture_origins = (*g.get("picture_origins", ()), *origins)


def let_be_kept() -> None:
    """Let a browser keep this answer's page for where there is no signal: figures, no persons."""
    g.is_kept = True


def _policy() -> str:
    """Return the content security policy; only a map's tiles may come from another host."""
    images = " ".join(("'self' data:", *dict.fromkeys(g.get("picture_origins", ()))))
    # folium writes style attributes into its markup, so styles cannot be held to a nonce.
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce()}'; "
        f"style-src 'self' 'unsafe-inline'; img-src {images}; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _dress(answer: Response) -> Response:
    headers = answer.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Frame-Options", "DENY")
    if answer.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", _policy())
        headers["Content-Language"] = g.get("language", "")
    if g.get("is_kept"):
        headers["X-Doorstep-Keep"] = "page"
    # Health data stays out of every cache unless a route says otherwise.
    headers.setdefault("Cache-Control", "no-store")
    return _squeeze(answer)


def _squeeze(answer: Response) -> Response:
    """Gzip a text that is held in memory.

    A secret and a text of a stranger's choice in one gzipped page can be told apart by size
    (BREACH); our cookies are SameSite=Strict, so a stranger's request is never signed in.
    """
    if answer.mimetype not in _TEXT_TYPES or answer.status_code not in (200, 404):
        return answer
    answer.vary.add("Accept-Encoding")
    if not _takes_gzip(request) or "Content-Encoding" in answer.headers:
        return answer
    if answer.is_streamed or answer.direct_passthrough:
        return answer
    body = answer.get_data()
    if not SMALLEST_TO_GZIP <= len(body) <= LARGEST_TO_GZIP:
        return answer
    answer.set_data(gzip.compress(body, GZIP_LEVEL, mtime=0))
    answer.headers["Content-Encoding"] = "gzip"
    etag, is_weak = answer.get_etag()
    if etag and not is_weak:
        answer.set_etag(etag, weak=True)  # The bytes differ by encoding, the content does not.
    return answer


def _takes_gzip(asked: Request) -> bool:
    return asked.accept_encodings["gzip"] > 0


def set_up(app: Flask) -> None:
    """Dress every answer of `app`."""
    app.session_interface = Cookies()
    app.after_request(_dress)
    app.jinja_env.globals["nonce"] = nonce
