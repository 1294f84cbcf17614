"""What was sent waits here for a day, until somebody has seen what it would do and says yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from server.errors import Missing
from server.survey import form_uploads
from server.web import door

T = TypeVar("T")


def keep(name: str, content: bytes) -> str:
    """Keep a file; return the name it waits under."""
    return form_uploads.keep_upload(_folder(), name, content)


def content(sha256: str) -> bytes:
    """Return a file that waits. Raises Missing when it is gone."""
    return form_uploads.read_upload(_folder(), sha256)


def wish(sha256: str, read: Callable[[bytes], T]) -> T:
    """Return what was asked for, as `read` makes it of a file that waits.

    Raises Missing when it is gone, or when something else waits under this name: what all pages
    were sent lies in the same folder.
    """
    try:
        return read(content(sha256))
    except (ValueError, TypeError, LookupError):
        raise Missing("The uploaded file is no longer here. Upload it again.") from None


def _folder() -> Path:
    return door.site().settings.folder / "uploads"
