"""Takes a submission's POST apart: the answers into memory, each file straight to disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from flask import Request
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from forms import openrosa
from server.errors import TooLarge, Unreadable
from server.survey.files import Arrivals

MOST_ANSWER_BYTES = 20_000_000
# Collect sends up to 100 files, the answers and a flag in one POST.
MOST_PARTS = 1000
# The limit of Android's own file system: no phone has a file with a longer name.
LONGEST_NAME_BYTES = 255
_PIECE_BYTES = 65_536
# What the decoder may hold back while it looks for the end of a header: far more than any has.
_HELD_BACK_BYTES = 1_000_000

_BROKEN_OFF = "The upload was broken off or damaged on its way. Send the form again."
_NOT_A_FORM = (
    "This is no submission: send multipart/form-data with the answers in the part %(part)s."
)


def read_upload(asked: Request, arriving: Arrivals) -> bytes:
    """Return the answers of a POST, as sent; its files are in `arriving`, not kept yet.

    Takes multipart/form-data, and bare XML as some tools send it. Raises Unreadable for what is
    broken off, damaged, or has no answers, TooLarge, and StoreFull.
    """
    kind = asked.mimetype
    if kind == "multipart/form-data":
        boundary = asked.mimetype_params.get("boundary", "")
        parts = _Parts(arriving)
        try:
            parts.read(asked.stream, boundary.encode("ascii"))
        except ValueError as error:
            raise Unreadable(_BROKEN_OFF) from error
        return parts.answers()
    if kind in ("text/xml", "application/xml"):
        return _bare(asked)
    raise Unreadable(_NOT_A_FORM, part=openrosa.ANSWERS_FIELD)


def _bare(asked: Request) -> bytes:
    xml = asked.stream.read(MOST_ANSWER_BYTES + 1)
    _check_length(len(xml))
    if asked.content_length not in (None, len(xml)):
        raise Unreadable(_BROKEN_OFF)
    return xml


def _check_length(size: int) -> None:
    if size > MOST_ANSWER_BYTES:
        raise TooLarge(
            "The answers are too large: at most %(limit_mb)s MB.",
            limit_mb=MOST_ANSWER_BYTES // 1_000_000,
        )


class _Parts:
    """The parts of one POST, each sent on to where it belongs as it comes."""

    def __init__(self, arriving: Arrivals) -> None:
        self._arriving = arriving
        self._answers: list[bytearray] = []

    def read(self, stream: IO[bytes], boundary: bytes) -> None:
        """Read to the end. Raises ValueError when the end is missing."""
        if not boundary:
            raise ValueError("no boundary")
        decoder = MultipartDecoder(boundary, _HELD_BACK_BYTES, max_parts=MOST_PARTS)
        take: Callable[[bytes], object] = _ignore
        while True:
            decoder.receive_data(stream.read(_PIECE_BYTES) or None)
            while not isinstance(event := decoder.next_event(), NeedData):
                if isinstance(event, (Field, File)):
                    take = self._destination(event)
                elif isinstance(event, Data):
                    take(event.data)
                elif isinstance(event, Epilogue):
                    return

    def answers(self) -> bytes:
        """Return the answers. Raises Unreadable unless there was exactly one such part."""
        if len(self._answers) != 1:
            raise Unreadable(_NOT_A_FORM, part=openrosa.ANSWERS_FIELD)
        return bytes(self._answers[0])

    def _destination(self, part: Field | File) -> Callable[[bytes], object]:
        # Phones give a file's name twice; other tools put it into one place or the other.
        name = part.name or (part.filename if isinstance(part, File) else "")
        if name == openrosa.ANSWERS_FIELD:
            self._answers.append(bytearray())
            return self._add_answers
        # Texts say nothing we need: completeness is judged by the files that are here.
        if isinstance(part, Field) or not name:
            return _ignore
        if len(name.encode()) > LONGEST_NAME_BYTES or "\0" in name:
            raise Unreadable("A file's name is too long or damaged: %(name)s…", name=name[:40])
        return self._arriving.open(name).write

    def _add_answers(self, piece: bytes) -> None:
        self._answers[-1] += piece
        _check_length(len(self._answers[-1]))


def _ignore(_: bytes) -> None:
    """Let a part go by."""
