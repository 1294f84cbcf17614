"""Files on disk under the SHA-256 of their content: files/ab/cdef…, written once, never changed.

The names that phones give to files are kept in the database and never meet the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from server.database import is_disk_full
from server.errors import Missing, StoreFull

_HASH = re.compile(r"[0-9a-f]{64}\Z")
# A photo arrives in pieces of 64 kB; fewer, larger writes cost half the time.
_BUFFER_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is safely on disk: the name it came by, the SHA-256 of its content, its bytes."""

    name: str
    sha256: str
    size: int


class ArrivingFile:
    """One file on its way in, hashed as it is written. Raises StoreFull when the disk is."""

    def __init__(self, name: str, incoming: Path) -> None:
        self.name = name
        self._hash = hashlib.sha256()
        self._size = 0
        handle, scratch = tempfile.mkstemp(dir=incoming)
        self.scratch = Path(scratch)
        self._stream = os.fdopen(handle, "wb", buffering=_BUFFER_BYTES)

    def write(self, piece: bytes) -> None:
        """Add the next bytes."""
        self._hash.update(piece)
        self._size += len(piece)
        with _told_when_full():
            self._stream.write(piece)

    def settle(self) -> KeptFile:
        """Force the bytes to disk, still under the scratch name."""
        with _told_when_full():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
        return KeptFile(self.name, self._hash.hexdigest(), self._size)

    def drop(self) -> None:
        """Leave nothing behind."""
        # Closing writes what is buffered; on a full disk that fails again, and it does not matter.
        with contextlib.suppress(OSError):
            self._stream.close()
        self.scratch.unlink(missing_ok=True)


class Arrivals:
    """The files of one request: `keep` keeps all of them; without it none is left behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[ArrivingFile] = []

    @property
    def has_files(self) -> bool:
        """Say whether any file has come."""
        return bool(self._files)

    def open(self, name: str) -> ArrivingFile:
        """Start a file."""
        incoming = self._folder / "incoming"
        with _told_when_full():
            incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
            arriving = ArrivingFile(name, incoming)
        self._files.append(arriving)
        return arriving

    def keep(self) -> list[KeptFile]:
        """Put every file in its place, durably, and return them in the order they came.

        All content is on disk before the first file gets its place, so a full disk keeps none.
        """
        if not self._files:
            return []
        settled = [(arriving, arriving.settle()) for arriving in self._files]
        with _told_when_full():
            for arriving, kept in settled:
                place = path_of(self._folder, kept.sha256)
                if not place.parent.exists():
                    place.parent.mkdir(mode=0o700, exist_ok=True)
                    _settle_folder(self._folder)
                if place.exists():
                    os.utime(place)  # In use: `purging.sweep` passes over what was touched lately.
                else:
                    arriving.scratch.rename(place)
            # Also where the file was there before: whoever brought it may not have got this far.
            for parent in {path_of(self._folder, kept.sha256).parent for _, kept in settled}:
                _settle_folder(parent)
        return [kept for _, kept in settled]

    def drop(self) -> None:
        """Remove what has no place."""
        for arriving in self._files:
            arriving.drop()


@contextlib.contextmanager
def arrivals(folder: Path) -> Iterator[Arrivals]:
    """Take files in; whatever was not kept at the end is removed, also on an exception."""
    arriving = Arrivals(folder)
    try:
        yield arriving
    finally:
        arriving.drop()


def keep(folder: Path, name: str, content: bytes) -> KeptFile:
    """Keep bytes that are in memory already."""
    with arrivals(folder) as arriving:
        arriving.open(name).write(content)
        return arriving.keep()[0]


def path_of(folder: Path, sha256: str) -> Path:
    """Return where the file with this content lies. Raises Missing for what is no hash."""
    if not _HASH.match(sha256):
        raise Missing("There is no such file.")
    return folder / sha256[:2] / sha256[2:]


def stored(folder: Path) -> set[str]:
    """Return the SHA-256 of every file in the store."""
    names = (place.parent.name + place.name for place in folder.glob("??/*"))
    return {name for name in names if _HASH.match(name)}


def clear_leftovers(folder: Path, before: datetime) -> int:
    """Remove scratch files last written before an instant (a killed program left them).

    Returns how many.
    """
    old = [
        scratch
        for scratch in (folder / "incoming").glob("*")
        if scratch.stat().st_mtime < before.timestamp()
    ]
    for scratch in old:
        scratch.unlink(missing_ok=True)
    return len(old)


def _settle_folder(folder: Path) -> None:
    """Force a folder's list of names to disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise StoreFull(
                "The server's disk is full, nothing was kept. Tell the office, send again later."
            ) from error
        raise
