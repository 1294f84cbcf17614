"""What lies in the folders and zips that somebody brings: pieces that can be read, within limits.

Names inside are opaque: they are compared and shown, and never lead to a place on our disk.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from server.errors import NotValid, TooLarge

# A county of 100,000 households with two photos each is 300,000 files.
MOST_PIECES = 2_000_000
MOST_BYTES = 500_000_000_000
# Text shrinks to a fifth, an empty table to a hundredth; a bomb to a thousandth.
MOST_RATIO = 250
_RATIO_FROM_BYTES = 10_000_000
# A zip of submissions lies in a zip of the project.
_MOST_NESTED = 2
_PIECE_BYTES = 1 << 20

DAMAGED = "%(name)s is damaged: it cannot be unpacked. Download it again."
LOCKED = "%(name)s is protected by a password: unpack it and bring the folder."
BOMB = "%(name)s unpacks to far more than it weighs: it is not taken."
TOO_MANY = "%(name)s holds too much: at most %(files)s files and %(gigabytes)s GB."
TOO_LONG = "%(name)s is too large to be what it seems: at most %(limit_mb)s MB."
_TROUBLE = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, RuntimeError, ValueError)

Opener = Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Piece:
    """One file that was brought. `path` is what it is called, folders and zips included."""

    path: str
    size: int
    opened: Opener

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The path without the name."""
        return self.path.rpartition("/")[0]

    @property
    def stem(self) -> str:
        """The name without its ending, "simple" of simple.csv."""
        return PurePosixPath(self.name).stem

    @property
    def ending(self) -> str:
        """The ending in lower case with its dot."""
        return PurePosixPath(self.name.lower()).suffix

    def start(self, size: int = 4096) -> bytes:
        """Return the first bytes."""
        with _told(self.path), self.opened() as stream:
            return stream.read(size)

    def read(self, limit: int) -> bytes:
        """Return all bytes. Raises TooLarge beyond `limit`."""
        with _told(self.path), self.opened() as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise TooLarge(TOO_LONG, name=self.path, limit_mb=limit // 1_000_000)
        return content

    def pour(self) -> Iterator[bytes]:
        """Give the bytes in pieces."""
        with _told(self.path), self.opened() as stream:
            while several := stream.read(_PIECE_BYTES):
                yield several


class Parcel:
    """The pieces of what was brought. Zips are kept open until `close`."""

    def __init__(self) -> None:
        """Start empty; `scratch` is for what has to be unpacked."""
        self.pieces: list[Piece] = []
        self.scratch = Path(tempfile.mkdtemp(prefix="moving-"))
        self._archives: list[zipfile.ZipFile] = []
        self._bytes = 0

    def close(self) -> None:
        """Let go of the zips and remove what was unpacked."""
        for archive in self._archives:
            archive.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def add(self, path: Path, name: str = "") -> None:
        """Take in a folder, a zip or a file, called `name` if it is not called by its path.

        Raises OSError, NotValid and TooLarge.
        """
        if not path.is_dir():
            piece = Piece(name or path.name, path.stat().st_size, _opener(path))
            self._take(piece, path, 0)
            return
        for inside in sorted(path.rglob("*")):
            # A link may lead anywhere; nobody exports one.
            if inside.is_file() and not inside.is_symlink():
                name = str(PurePosixPath(inside.relative_to(path)))
                piece = Piece(name, inside.stat().st_size, _opener(inside))
                self._take(piece, inside, 0)

    def add_bytes(self, name: str, content: bytes) -> Piece:
        """Keep what was cut out of a larger file as a piece of its own, on disk."""
        place = self.scratch / hashlib.sha256(name.encode()).hexdigest()
        place.write_bytes(content)
        return Piece(name, len(content), _opener(place))

    def _take(self, piece: Piece, on_disk: Path | None, depth: int) -> None:
        if _is_litter(piece.path):
            return
        if piece.ending == ".zip" and depth < _MOST_NESTED and piece.start(4)[:2] == b"PK":
            self._unfold(piece, on_disk or self._unpacked(piece), depth + 1)
            return
        self._bytes += piece.size
        if len(self.pieces) >= MOST_PIECES or self._bytes > MOST_BYTES:
            raise _too_many(piece.path)
        self.pieces.append(piece)

    def _unpacked(self, piece: Piece) -> Path:
        place = self.scratch / hashlib.sha256(piece.path.encode()).hexdigest()
        with place.open("wb") as stream:
            for several in piece.pour():
                stream.write(several)
        return place

    def _unfold(self, piece: Piece, on_disk: Path, depth: int) -> None:
        with _told(piece.path):
            archive = zipfile.ZipFile(on_disk)
        self._archives.append(archive)
        entries = archive.infolist()
        if len(entries) > MOST_PIECES:
            raise _too_many(piece.path)
        for entry in entries:
            if entry.is_dir() or stat.S_ISLNK(entry.external_attr >> 16):
                continue
            if entry.flag_bits & 1:
                raise NotValid(LOCKED, "file", name=piece.path)
            _refuse_bomb(piece.path, entry)
            inside = "/".join((*_steps(piece.path), *_steps(entry.filename)))
            self._take(Piece(inside, entry.file_size, _member(archive, entry)), None, depth)


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[Parcel]:
    """Open everything at `paths` as one parcel."""
    parcel = Parcel()
    try:
        for path in paths:
            parcel.add(path)
        yield parcel
    finally:
        parcel.close()


@contextmanager
def opened_as(named: Sequence[tuple[Path, str]]) -> Iterator[Parcel]:
    """Open files as one parcel, each under the name it was brought by."""
    parcel = Parcel()
    try:
        for path, name in named:
            parcel.add(path, name)
        yield parcel
    finally:
        parcel.close()


def _opener(path: Path) -> Opener:
    return lambda: path.open("rb")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Opener:
    # Reading stops at the size the directory tells, whatever the member would unpack to.
    return lambda: archive.open(entry)


def _steps(path: str) -> list[str]:
    parts = path.replace("\\", "/").replace("\0", "").split("/")
    return [part for part in parts if part not in ("", ".", "..")] or ["_"]


def _is_litter(path: str) -> bool:
    name = path.rpartition("/")[2]
    return "__MACOSX" in path or name.startswith(".") or name.lower() in ("thumbs.db",)


def _refuse_bomb(name: str, entry: zipfile.ZipInfo) -> None:
    if entry.file_size < _RATIO_FROM_BYTES:
        return
    if entry.file_size > MOST_RATIO * max(1, entry.compress_size):
        raise TooLarge(BOMB, name=f"{name}/{entry.filename}")


def _too_many(name: str) -> TooLarge:
    return TooLarge(TOO_MANY, name=name, files=MOST_PIECES, gigabytes=MOST_BYTES // 10**9)


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (NotValid, TooLarge):
        raise
    except _TROUBLE as error:
        raise NotValid(DAMAGED, "file", name=name) from error


def as_text(stream: IO[bytes], encoding: str) -> io.TextIOWrapper:
    """Return a stream of text; a letter that cannot be read becomes the replacement sign."""
    return io.TextIOWrapper(io.BufferedReader(_Raw(stream)), encoding, "replace", newline="")


class _Raw(io.RawIOBase):
    """A zip's member as TextIOWrapper wants its streams."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        several = self._stream.read(len(buffer))
        buffer[: len(several)] = several
        return len(several)

    def close(self) -> None:
        self._stream.close()
        super().close()
