"""The forms a phone is to have: list, XForms, what lies beside them, what it shall forget."""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import IO, cast
from urllib.parse import quote

from flask import Response, request
from werkzeug.wsgi import FileWrapper

from forms import openrosa
from server.survey import deliveries, entity_lists, files, form_versions
from server.survey.deliveries import Delivery
from server.survey.form_versions import ListedVersion
from server.web import door, language
from server.web.openrosa import access

feed = access.phone_feed("phone_forms")
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
_IN_MEMORY_BYTES = 1_000_000
_BLOCK_BYTES = 65_536


@access.route(feed, "formList")
def form_list(project_id: int) -> Response:
    """List the open forms, by title; `formID`, `listAllVersions` and `verbose` as OpenRosa says."""
    session = door.reading()
    wanted = request.args.get("formID")
    listed = [
        one
        for one in form_versions.listed_forms(session, project_id)
        if wanted in (None, one.form_id)
    ]
    if _is_asked("listAllVersions"):
        listed = [
            version
            for one in listed
            for version in form_versions.versions(session, project_id, one.form_id)
        ]
    brought = deliveries.uploaded_names(session, project_id)
    columns = entity_lists.list_columns(session.connection(), project_id)
    lines = [_line(one, has_files=deliveries.has_any(one, brought, columns)) for one in listed]
    return _xml(openrosa.form_list(lines))


@access.route(feed, "forms/<path:form_id>.xml")
def form_xml(project_id: int, form_id: str) -> Response:
    """Send an XForm, byte for byte as it was published: its MD5 is the hash in the list."""
    session = door.reading()
    version = request.args.get("version")
    found = form_versions.needed_version(session, project_id, form_id, version)
    return _unless_known(
        found.md5, lambda: _xml(form_versions.form_xml(session, project_id, form_id, version))
    )


@access.route(feed, "forms/<path:form_id>/manifest")
def manifest(project_id: int, form_id: str) -> Response:
    """List what lies beside a form, entity lists as this phone is served them."""
    session = door.reading()
    version = form_versions.needed_version(
        session, project_id, form_id, request.args.get("version")
    )
    found = deliveries.beside(session, version, access.villages())
    return _xml(openrosa.manifest(_file_line(form_id, one) for one in found))


@access.route(feed, "forms/<path:form_id>/attachments/<name>")
def attachment(project_id: int, form_id: str, name: str) -> Response:
    """Send what lies beside a form."""
    session = door.reading()
    villages = access.villages()
    found = deliveries.find(session, project_id, form_id, name, villages)
    if found.kind == deliveries.FILE:
        return _unless_known(found.md5, lambda: _file(found))
    if found.kind == deliveries.VILLAGES:
        text = entity_lists.villages_csv(session.connection(), villages)
        return _unless_known(found.md5, lambda: _dressed(Response(text), CSV_TYPE))
    blocks = entity_lists.entity_csv(session.connection(), found.list_name, found.columns, villages)
    return _unless_known(found.md5, lambda: _whole(blocks))


@access.route(feed, "datasets/<list_name>/integrity")
def integrity(project_id: int, list_name: str) -> Response:
    """Say which of the entities a phone names it shall forget."""
    ids = [one for one in request.args.get("id", "").split(",") if one]
    told = entity_lists.integrity(door.reading().connection(), list_name, ids, access.villages())
    return _xml(openrosa.integrity(told))


def _is_asked(name: str) -> bool:
    return request.args.get(name, "").lower() in ("true", "1", "yes")


def _line(version: ListedVersion, *, has_files: bool) -> openrosa.ListedForm:
    address = f"{access.base_url()}/forms/{quote(version.form_id, safe='')}"
    # An older version is asked for by name; without one the current is meant.
    query = "" if version.is_current else f"?version={quote(version.version, safe='')}"
    return openrosa.ListedForm(
        form_id=version.form_id,
        name=version.title,
        version=version.version,
        md5=version.md5,
        download_url=f"{address}.xml{query}",
        manifest_url=f"{address}/manifest{query}" if has_files else None,
        description=version.title if _is_asked("verbose") else None,
    )


def _file_line(form_id: str, found: Delivery) -> openrosa.ListedFile:
    project = access.base_url()
    place = f"{quote(form_id, safe='')}/attachments/{quote(found.name, safe='')}"
    is_list = found.kind == deliveries.LIST
    return openrosa.ListedFile(
        name=found.name,
        md5=found.md5,
        download_url=f"{project}/forms/{place}",
        kind=openrosa.ENTITY_LIST if is_list else openrosa.MEDIA,
        integrity_url=f"{project}/datasets/{quote(found.list_name, safe='')}/integrity"
        if is_list
        else None,
    )


def _dressed(answer: Response, content_type: str) -> Response:
    """Give an answer the headers of OpenRosa."""
    limit = door.site().settings.submission_limit_bytes
    answer.headers.update(openrosa.headers(language.language(), limit))
    answer.headers["Content-Type"] = content_type
    # An XForm is an XHTML page to a browser: whatever a form's author put in, it runs nothing here.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _xml(document: bytes) -> Response:
    answer = _dressed(Response(document), openrosa.CONTENT_TYPE)
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _unless_known(md5: str, make: Callable[[], Response]) -> Response:
    """Answer 304 to a phone that has this content already, without reading it."""
    if request.if_none_match.contains_weak(md5):
        answer = _dressed(Response(status=304), CSV_TYPE)
    else:
        answer = make()
    answer.set_etag(md5, weak=True)
    return answer


def _file(found: Delivery) -> Response:
    path = files.path_of(door.site().settings.files, found.sha256)
    kind = _TYPES.get(found.name.rpartition(".")[2].lower(), "application/octet-stream")
    return _streamed(path.open("rb"), kind)


def _whole(blocks: Iterable[bytes]) -> Response:
    """Send a list only once all of it is written, with its length.

    A phone deletes what is missing from a list, and the server in front of us ends an answer that
    fails half-way as if it were whole.
    """
    with ExitStack() as until_sent:
        spool = until_sent.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))
        takes_gzip = request.accept_encodings["gzip"] > 0
        if takes_gzip:
            with gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=5, mtime=0) as squeezed:
                squeezed.writelines(blocks)
        else:
            spool.writelines(blocks)
        answer = _streamed(cast("IO[bytes]", spool), CSV_TYPE)
        answer.call_on_close(until_sent.pop_all().close)
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
    return _dressed(answer, content_type)
