"""What phones read: OpenRosa headers, form list, manifest, answers, settings in a QR code."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

FORM_LIST_NAMESPACE = "http://openrosa.org/xforms/xformsList"
MANIFEST_NAMESPACE = "http://openrosa.org/xforms/xformsManifest"
ANSWER_NAMESPACE = "http://openrosa.org/http/response"

# Collect refuses application/xml, and a list without the version header.
CONTENT_TYPE = "text/xml; charset=utf-8"
VERSION_HEADER = "X-OpenRosa-Version"
VERSION = "1.0"
LENGTH_HEADER = "X-OpenRosa-Accept-Content-Length"

ACCEPT_CONTENT_LENGTH = 10_000_000
"""Bytes a phone should put into one POST: Collect's own default, small enough for a bad link."""

ANSWERS_FIELD = "xml_submission_file"
INCOMPLETE_FIELD = "*isIncomplete*"
"""Names of the multipart parts that hold the answers, and that say more files follow."""

SUCCESS = "submit_success"
ERROR = "error"
"""Natures of the message in an answer."""

MEDIA = ""
ENTITY_LIST = "entityList"
APPROVAL_ENTITY_LIST = "approvalEntityList"
"""Types of a manifest entry."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class ListedForm:
    """One line of the form list. `md5` is the hex digest of exactly the bytes at `download_url`.

    `manifest_url` is None for a form without files. URLs are absolute, on the host the phone used.
    """

    form_id: str
    name: str
    version: str
    md5: str
    download_url: str
    manifest_url: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a manifest. `name` is flat; a list's is "<list name>.csv".

    `md5` is the digest of the file; for an entity list any text that changes with what this
    phone would be served, and only then. `integrity_url` is for entity lists.
    """

    name: str
    md5: str
    download_url: str
    kind: str = MEDIA
    integrity_url: str | None = None


def headers(language: str = "", accept_length: int | None = None) -> dict[str, str]:
    """Return the headers of an OpenRosa answer; `accept_length` for HEAD and POST of a submission.

    Lists must not be cached past a check: Collect keeps them on disk.
    """
    found = {
        "Content-Type": CONTENT_TYPE,
        VERSION_HEADER: VERSION,
        LENGTH_HEADER: str(accept_length or ACCEPT_CONTENT_LENGTH),
        "Cache-Control": "private, no-cache",
    }
    if language:
        found["Content-Language"] = language
    return found


def form_list(forms: Iterable[ListedForm]) -> bytes:
    """Return the formList document, in the order given.

    Raises ValueError for a form without id, name, md5 or URL: one such line makes Collect
    throw the whole list away.
    """
    return _document("xforms", FORM_LIST_NAMESPACE, "".join(_listed_form(form) for form in forms))


def manifest(files: Iterable[ListedFile]) -> bytes:
    """Return the manifest document. Raises ValueError for a file without name, md5 or URL."""
    return _document("manifest", MANIFEST_NAMESPACE, "".join(_listed_file(file) for file in files))


def answer(message: str, nature: str = SUCCESS) -> bytes:
    """Return the answer to a submission; Collect shows the worker the message as it stands."""
    text = _element("message", message, f" nature={quoteattr(_legal(nature))}")
    return _document("OpenRosaResponse", ANSWER_NAMESPACE, text)


def integrity(deleted: Mapping[str, bool]) -> bytes:
    """Return the integrity document: for each entity id, whether the phone shall forget it.

    Leave ids out that the server does not know: their submission may still be on its way.
    """
    entities = "".join(
        f"<entity id={quoteattr(_legal(one))}>{_element('deleted', str(gone).lower())}</entity>"
        for one, gone in deleted.items()
    )
    return f"{_DECLARATION}<data><entities>{entities}</entities></data>".encode()


def _listed_form(form: ListedForm) -> str:
    _demand(form.form_id, form.form_id, form.name, form.md5, form.download_url)
    lines = [_element("formID", form.form_id), _element("name", form.name)]
    # Without a version in the form there must be none here: Collect compares the two texts.
    if form.version:
        lines.append(_element("version", form.version))
    lines.append(_element("hash", f"md5:{form.md5}"))
    if form.description:
        lines.append(_element("descriptionText", form.description))
    lines.append(_element("downloadUrl", form.download_url))
    if form.manifest_url:
        lines.append(_element("manifestUrl", form.manifest_url))
    return f"<xform>{''.join(lines)}</xform>"


def _listed_file(file: ListedFile) -> str:
    _demand(file.name, file.name, file.md5, file.download_url)
    kind = f" type={quoteattr(file.kind)}" if file.kind else ""
    lines = [
        _element("filename", file.name),
        _element("hash", f"md5:{file.md5}"),
        _element("downloadUrl", file.download_url),
    ]
    if file.integrity_url:
        lines.append(_element("integrityUrl", file.integrity_url))
    return f"<mediaFile{kind}>{''.join(lines)}</mediaFile>"


def _demand(name: str, *texts: str) -> None:
    if not all(text.strip() for text in texts):
        raise ValueError(f"“{name}” cannot be listed: its id, name, md5 or URL is empty.")


def _element(tag: str, text: str, attributes: str = "") -> str:
    return f"<{tag}{attributes}>{escape(_legal(text))}</{tag}>"


def _legal(text: str) -> str:
    return _NOT_XML.sub("", text)


def _document(root: str, namespace: str, content: str) -> bytes:
    return f'{_DECLARATION}<{root} xmlns="{namespace}">{content}</{root}>'.encode()


Preset = Literal["door_to_door", "free"]

# A key left out is reset to Collect's default when the code is scanned, so a preset is complete.
_GENERAL: Mapping[Preset, Mapping[str, Any]] = {
    "door_to_door": {
        "form_update_mode": "match_exactly",
        "autosend": "wifi_and_cellular",
        "image_size": "medium",
    },
    "free": {"form_update_mode": "match_exactly", "autosend": "wifi_and_cellular"},
}
_LOCKED: Mapping[Preset, tuple[str, ...]] = {
    "door_to_door": (
        "change_server",
        "change_form_metadata",
        "change_autosend",
        "form_update_mode",
        "get_blank",
        "delete_saved",
    ),
    "free": (),
}


def collect_settings(
    server_url: str,
    project_name: str,
    worker_name: str = "",
    *,
    preset: Preset = "door_to_door",
    admin_password: str = "",
    username: str = "",
    password: str = "",
    app_language: str = "",
) -> dict[str, Any]:
    """Return the settings for Collect and KoboCollect: `general`, `admin` and `project`.

    `door_to_door` keeps server, forms, sending and the worker's name out of the worker's hands;
    `free` locks nothing. `username` and `password` are for Digest sign-in, empty with a token in
    the URL. Give a locked phone an `admin_password`, or anyone can unlock it.
    """
    general = {"server_url": server_url.rstrip("/"), **_GENERAL[preset]}
    optional = {
        "username": username,
        "password": password,
        "metadata_username": worker_name,
        "app_language": app_language,
    }
    general.update({key: text for key, text in optional.items() if text})
    admin: dict[str, Any] = dict.fromkeys(_LOCKED[preset], False)
    if admin_password:
        admin["admin_pw"] = admin_password
    return {"general": general, "admin": admin, "project": {"name": project_name}}


def collect_qr_text(settings: Mapping[str, Any]) -> str:
    """Return the text of a settings QR code: JSON, zlib (RFC 1950), Base64 without line breaks."""
    text = json.dumps(settings, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")
