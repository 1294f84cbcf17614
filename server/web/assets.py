"""Static files: one stylesheet, the map's scripts. Their addresses change with their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, url_for

from server.errors import Missing
from server.web import door

pages = Blueprint("assets", __name__)

FOLDER = Path(__file__).parent.parent / "static"
_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A static file, read once: whole and gzipped, with the first digits of its SHA-256."""

    plain: bytes
    small: bytes
    version: str
    media_type: str


@lru_cache(maxsize=256)
def _read(name: str, changed_ns: int) -> Asset:
    plain = (FOLDER / name).read_bytes()
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return Asset(
        plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:12], media_type
    )


def _asset(name: str) -> Asset:
    path = (FOLDER / name).resolve()
    if not path.is_relative_to(FOLDER) or not path.is_file():
        raise Missing("There is no such file.")
    return _read(path.relative_to(FOLDER).as_posix(), path.stat().st_mtime_ns)


def asset(name: str) -> str:
    """Return the address of a static file, with its version: browsers keep it for ever."""
    return url_for("assets.show", name=name, v=_asset(name).version)


@pages.get("/static/<path:name>")
@door.unasked
def show(name: str) -> Response:
    """Send a static file."""
    found = _asset(name)
    answer = Response(found.plain, content_type=found.media_type)
    if request.accept_encodings["gzip"] > 0 and len(found.small) < len(found.plain):
        answer = Response(found.small, content_type=found.media_type)
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    is_current = request.args.get("v") == found.version
    answer.headers["Cache-Control"] = _A_YEAR if is_current else "no-cache"
    answer.set_etag(found.version, weak=True)
    answer.make_conditional(request)
    return answer


def set_up(app: Flask) -> None:
    """Give the templates of `app` the function `asset`."""
    app.jinja_env.globals["asset"] = asset
