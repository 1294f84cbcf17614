"""Encrypted answers read with the passphrase: one record on a page, or a form's as a file.

The passphrase comes with the request and goes with it; nothing decrypted is kept.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from exports import files
from server.errors import Missing, NotAllowed, Problem
from server.survey import (
    decrypted_files,
    decrypted_records,
    decrypted_tables,
    decryption,
    encryption_keys,
    form_versions,
)
from server.survey.accounts import Right
from server.survey.decrypted_records import Fault, Taking
from server.survey.decryption import OpenedFile, SealedRecord
from server.survey.encryption_keys import Key
from server.survey.first_run import PROJECT
from server.survey.submission_view import Reader
from server.web import door, language
from server.web.language import _

pages = Blueprint("decryption", __name__)

_LONGEST_REASON = 200
KIND_WORDS = {
    "xlsx": ("Excel workbook", "A sheet for the answers, one for each repeated group."),
    "csv": ("CSV files in a zip", "For other programs."),
    "files": ("XML and photos in a zip", "A folder for each record, as the phone made it."),
}
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "application/zip",
    "files": "application/zip",
}
_ENDINGS = {"xlsx": "xlsx", "csv": "csv.zip", "files": "zip"}


@pages.get("/submissions/<int:submission_id>/decrypted")
@door.allow(Right.REVEAL_PERSONS)
def ask(submission_id: int) -> str:
    """Ask for the passphrase of one encrypted submission."""
    _check_rights()
    return _ask_page(_sealed(submission_id), {})


@pages.post("/submissions/<int:submission_id>/decrypted")
@door.allow(Right.REVEAL_PERSONS)
def read(submission_id: int) -> ResponseReturnValue:
    """Show one encrypted submission to who has its passphrase, this once."""
    _check_rights()
    sealed, reason = _sealed(submission_id), _reason()
    if sealed.key is None:
        raise Missing("The site holds no key for this record.")
    if not reason:
        return _ask_page(sealed, {"reason": _reason_wanted()}), 422
    private = _unlocked(sealed.key)
    if isinstance(private, Problem):
        return _ask_page(sealed, _wrong(private)), private.status
    who = door.account()
    reader = Reader(
        scope=who.scope,
        language=language.language(),
        shows_personal=True,
        shows_sensitive=who.may(Right.SEE_SENSITIVE),
    )
    folder = door.site().settings.files
    with door.catching() as fault:
        opened = decryption.opened_record(door.reading(), folder, sealed.id, reader, private)
    if fault:
        return _ask_page(sealed, fault.errors), 422
    door.journal("submission_decrypted", f"submission {sealed.id}", reason=reason)
    return render_template(
        "decrypted_one.html",
        sealed=sealed,
        opened=opened,
        fault=_fault_words(opened.fault) if opened.fault else "",
        picture=_picture,
    )


@pages.get("/forms/<form_id>/decrypted")
@door.allow(Right.REVEAL_PERSONS)
def ask_form(form_id: str) -> str:
    """Ask for the passphrase to take out all encrypted answers of a form."""
    _check_rights()
    return _take_page(form_id, {})


@pages.post("/forms/<form_id>/decrypted")
@door.allow(Right.REVEAL_PERSONS)
def take(form_id: str) -> ResponseReturnValue:
    """Send all encrypted answers of a form, decrypted while they go out."""
    _check_rights()
    told, reason = request.form, _reason()
    kind = told.get("kind", "")
    key = next((one for one in _keys_of(form_id) if str(one.id) == told.get("key")), None)
    if kind not in KIND_WORDS or key is None:
        return _take_page(form_id, {"kind": _("Choose what to take, and with which key.")}), 422
    if not reason:
        return _take_page(form_id, {"reason": _reason_wanted()}), 422
    private = _unlocked(key)
    if isinstance(private, Problem):
        return _take_page(form_id, _wrong(private)), private.status
    who, spoken = door.account(), language.language()
    records = decrypted_records.count(door.reading(), PROJECT, form_id, who.scope)
    door.journal("form_decrypted", form_id, kind=kind, records=records, reason=reason)
    taking = Taking(PROJECT, form_id, who.scope, private, spoken)
    body: Iterator[bytes]
    if kind == "files":
        body = decrypted_files.files_zip(door.site(), taking, _fault_words_in(spoken))
    else:
        tables = decrypted_tables.tables(door.site(), taking)
        writer = files.xlsx if kind == "xlsx" else files.zipped_csv
        body = writer(tables, spoken)
    answer = Response(body, content_type=_MEDIA[kind])
    name = f"{form_id}-decrypted.{_ENDINGS[kind]}"
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def _check_rights() -> None:
    who = door.account()
    if not (who.may(Right.SEE_SUBMISSIONS) and who.may(Right.SEE_SENSITIVE)):
        raise NotAllowed("Your account has no right to read encrypted answers.")


def _sealed(submission_id: int) -> SealedRecord:
    return decryption.sealed_record(door.reading(), submission_id, door.account().scope)


def _keys_of(form_id: str) -> list[Key]:
    session = door.reading()
    held = decrypted_records.form_keys(session, PROJECT, form_id)
    known = {one.public_key: one for one in encryption_keys.keys(session, PROJECT)}
    return [known[public] for public in held if public in known]


def _reason() -> str:
    return request.form.get("reason", "").strip()[:_LONGEST_REASON]


def _reason_wanted() -> str:
    return _("Say why you need it. The reason is noted in the journal.")


def _unlocked(key: Key) -> RSAPrivateKey | Problem:
    return encryption_keys.unlock(
        door.site().engine,
        PROJECT,
        key.id,
        request.form.get("passphrase", ""),
        door.account().name,
        door.address(),
    )


def _wrong(problem: Problem) -> dict[str, str]:
    return {"passphrase": _(problem.msgid, **problem.params)}


def _fault_words(fault: Fault) -> str:
    return _(fault.msgid, **fault.params)


def _fault_words_in(spoken: str) -> Callable[[Fault], str]:
    """Return what says faults in a language while a file goes out, after the request's end."""
    told = language.words(spoken)
    return lambda fault: told.text(fault.msgid) % dict(fault.params)


def _picture(file: OpenedFile) -> str:
    """Return a picture as an address that holds it whole, "" for what cannot be shown."""
    if not file.picture:
        return ""
    return f"data:{file.kind};base64,{b64encode(file.picture).decode()}"


def _ask_page(sealed: SealedRecord, errors: dict[str, str]) -> str:
    return render_template(
        "decrypted_ask.html", sealed=sealed, errors=errors, is_secure=request.is_secure
    )


def _take_page(form_id: str, errors: dict[str, str]) -> str:
    session = door.reading()
    current = form_versions.needed_version(session, PROJECT, form_id)
    return render_template(
        "decrypted_take.html",
        form_id=form_id,
        title=current.title,
        records=decrypted_records.count(session, PROJECT, form_id, door.account().scope),
        keys=[(one.id, one.name) for one in _keys_of(form_id)],
        hints=[one for one in _keys_of(form_id) if one.hint],
        kinds=[(one, _(title), _(note)) for one, (title, note) in KIND_WORDS.items()],
        told=request.form,
        errors=errors,
        is_secure=request.is_secure,
    )
