"""Answers as phones want them: OpenRosa's headers, 304 for what is known, lists only whole."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import IO
from urllib.parse import quote

from flask import Response, request
from werkzeug.wsgi import FileWrapper

from forms import openrosa
from server.survey import entity_lists, files, list_files
from server.survey.deliveries import CORRECTIONS, FILE, LIST, VILLAGES, Delivery
from server.web import door, language

CSV_TYPE = "text/csv; charset=utf-8"
# What a phone shows or computes with; the machine's own table would differ from place to place.
_TYPES = {
    "csv": CSV_TYPE,
    "xml": "text/xml; charset=utf-8",
    "geojson": "application/geo+json",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "3gp": "video/3gpp",
}
_BLOCK_BYTES = 65_536


def dressed(answer: Response, content_type: str) -> Response:
    """Give an answer the headers of OpenRosa."""
    limit = door.site().settings.submission_limit_bytes
    answer.headers.update(openrosa.headers(language.language(), limit))
    answer.headers["Content-Type"] = content_type
    # An XForm is an XHTML page to a browser: whatever a form's author put in, it runs nothing here.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def xml(document: bytes) -> Response:
    """Answer with a document of OpenRosa's, or 304 to a phone that has it."""
    answer = dressed(Response(document), openrosa.CONTENT_TYPE)
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def unless_known(md5: str, make: Callable[[], Response]) -> Response:
    """Answer 304 to a phone that has this content already, without reading it."""
    if request.if_none_match.contains_weak(md5):
        answer = dressed(Response(status=304), CSV_TYPE)
    else:
        answer = make()
    answer.set_etag(md5, weak=True)
    return answer


def file_line(project: str, form: str, found: Delivery) -> openrosa.ListedFile:
    """Return a manifest's line; `project` and `form` are their addresses as the phone used them."""
    is_list = found.kind in (LIST, CORRECTIONS)
    # Collect adds what it creates to its own copy of the first kind only (openrosa.md B4).
    list_kind = openrosa.APPROVAL_ENTITY_LIST if found.needs_approval else openrosa.ENTITY_LIST
    return openrosa.ListedFile(
        name=found.name,
        md5=found.md5,
        download_url=f"{form}/attachments/{quote(found.name, safe='')}",
        kind=list_kind if is_list else openrosa.MEDIA,
        integrity_url=f"{project}/datasets/{quote(found.list_name, safe='')}/integrity"
        if is_list
        else None,
    )


def delivery(found: Delivery, villages: Sequence[str]) -> Response:
    """Answer with what lies beside a form, lists as a phone of these villages is served them."""
    if found.kind == FILE:
        return unless_known(found.md5, lambda: _file(found))
    if found.kind == CORRECTIONS:
        return unless_known(found.md5, lambda: dressed(Response(found.content), CSV_TYPE))
    connection = door.reading().connection()
    if found.kind == VILLAGES:
        text = entity_lists.villages_csv(connection, villages)
        return unless_known(found.md5, lambda: dressed(Response(text), CSV_TYPE))
    return unless_known(found.md5, lambda: _whole(found, villages))


def _file(found: Delivery) -> Response:
    path = files.path_of(door.site().settings.files, found.sha256)
    kind = _TYPES.get(found.name.rpartition(".")[2].lower(), "application/octet-stream")
    return _streamed(path.open("rb"), kind)


def _whole(found: Delivery, villages: Sequence[str]) -> Response:
    """Send a list only once all of it is written, with its length.

    A phone deletes what is missing from a list, and the server in front of us ends an answer that
    fails half-way as if it were whole.
    """
    asked = (door.reading().connection(), found.list_name, found.columns, villages, found.owner)
    folder = door.site().settings.folder / "lists"
    takes_gzip = request.accept_encodings["gzip"] > 0
    opened = list_files.kept(folder, found.md5, is_squeezed=takes_gzip)
    if opened is None:
        opened = list_files.write(
            folder,
            found.md5,
            entity_lists.entity_csv(*asked),
            lambda: entity_lists.list_hash(*asked) == found.md5,
            is_squeezed=takes_gzip,
        )
    answer = _streamed(opened, CSV_TYPE)
    if takes_gzip:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _streamed(opened: IO[bytes], content_type: str) -> Response:
    """Send an open file from its beginning, with its length."""
    size = opened.seek(0, io.SEEK_END)
    opened.seek(0)
    answer = Response(FileWrapper(opened, _BLOCK_BYTES), direct_passthrough=True)
    answer.call_on_close(opened.close)
    answer.content_length = size
    return dressed(answer, content_type)
