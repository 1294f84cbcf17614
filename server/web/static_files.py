"""Static files, read once, at addresses that change with their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import url_for

from server.errors import Missing

FOLDER = Path(__file__).parent.parent / "static"


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


def find(name: str) -> Asset:
    """Return a static file. Raises Missing."""
    path = (FOLDER / name).resolve()
    if not path.is_relative_to(FOLDER) or not path.is_file():
        raise Missing("There is no such file.")
    return _read(path.relative_to(FOLDER).as_posix(), path.stat().st_mtime_ns)


def asset(name: str) -> str:
    """Return the address of a static file, with its version: browsers keep it for ever."""
    return url_for("assets.show", name=name, v=find(name).version)
