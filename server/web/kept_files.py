"""Files that strangers sent, given out so that no browser runs what is in them (openrosa J6)."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

from flask import Response, send_file

from server.errors import Missing
from server.survey import files
from server.web import door

# Only these are ever shown in the page; everything else is a download without a type.
_SHOWN = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif"}
_POLICY = "default-src 'none'; sandbox"


def kept_file(sha256: str, name: str, *, is_shown: bool = False) -> Response:
    """Answer with a file of the store; `is_shown` lets a picture appear in the browser.

    Raises Missing when the store lacks it.
    """
    place = files.path_of(door.site().settings.files, sha256)
    if not place.is_file():
        raise Missing("There is no such file.")
    kind = _SHOWN.get(PurePosixPath(name).suffix.lower().removeprefix("."))
    answer = send_file(
        place,
        mimetype=kind or "application/octet-stream",
        as_attachment=not (is_shown and kind),
        download_name=safe_name(name),
        conditional=False,
    )
    return _guarded(answer)


def made_file(content: bytes, name: str, kind: str = "application/octet-stream") -> Response:
    """Answer with bytes as a download of this name."""
    answer = send_file(
        io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=safe_name(name)
    )
    return _guarded(answer)


def safe_name(name: str) -> str:
    """Return a name a disk can hold: no folders, no control characters, no leading dots."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join("_" if sign in '<>:"|?*' else sign for sign in last if sign.isprintable())
    stem = kept.lstrip(". ")[-120:]
    return stem or "file"


def _guarded(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
