"""Encrypted submissions made readable, in memory alone: nothing decrypted is ever written down.

Where an encrypted record belongs nobody knows before it is read: until then it is seen like any
other that is parked, by whoever looks after a village of its phone. Once read, its own village
decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from forms import encrypted_form
from forms.answers import Answers
from forms.encryption import EncryptionFault, Opened, SealedFile, read_sealed
from forms.fields import CompiledForm
from forms.plan import ReadingPlan
from forms.problems import SubmissionProblem
from forms.submission import MAX_BYTES, open_envelope, read_answers
from server.errors import Conflict, Missing, NotValid
from server.survey import encryption_keys, files, publishing, submission_view
from server.survey.areas import Scope
from server.survey.encryption_keys import Key
from server.survey.submission_chain import NO_SUBMISSION
from server.survey.submission_sheet import Part, Sheet
from server.survey.submission_view import Reader
from server.survey.veil import veil_of
from server.tables.truth import Attachment, FormVersion, Submission

_PIECE_BYTES = 1 << 18
_PICTURES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif"}
# Pictures lie inside the page, as nothing decrypted is kept to be asked for later.
_PICTURE_BYTES = 6_000_000


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """An encrypted submission before it is opened.

    `key` is the site's key it was encrypted for, None when the site holds none; `missing` are the
    files still on the phone.
    """

    id: int
    form_id: str
    title: str
    version: str
    received_at: datetime
    key: Key | None
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file of an opened submission, by its name on the phone; `size` is None while missing.

    `picture` is its content where it can be shown in the page, `kind` what it is.
    """

    name: str
    size: int | None
    kind: str
    picture: bytes


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """An encrypted submission as somebody with the passphrase reads it.

    `sheet` is None where its form version is not known here. `fault` says what does not fit,
    None when files and signature are whole.
    """

    name: str
    sheet: Part | None
    files: list[OpenedFile]
    fault: EncryptionFault | None


def sealed_record(session: Session, submission_id: int, scope: Scope) -> SealedRecord:
    """Return an encrypted submission of a scope. Raises Missing; Conflict for a plain one."""
    submission_view.raw_xml(session, submission_id, scope)
    row = session.get_one(Submission, submission_id)
    envelope = open_envelope(row.xml)
    if not envelope.is_encrypted:
        raise Conflict("These answers are not encrypted.")
    version = _version(session, row)
    public = encrypted_form.public_key(version.xml) if version else ""
    come = stored(session, submission_id)
    return SealedRecord(
        id=row.id,
        form_id=row.form_id,
        title=version.title if version else row.form_id,
        version=row.version,
        received_at=row.received_at,
        key=encryption_keys.key_of(session, row.project_id, public) if public else None,
        missing=tuple(name for name in envelope.file_names if name not in come),
    )


def opened_record(
    session: Session, folder: Path, submission_id: int, reader: Reader, private: RSAPrivateKey
) -> OpenedRecord:
    """Return what an encrypted submission says, behind its reader's veil.

    Raises Missing, also for one whose own village lies outside the reader's areas, and NotValid
    when it cannot be opened.
    """
    row = session.get_one(Submission, submission_id)
    try:
        record = Unsealed(row, stored(session, row.id), folder, private)
        envelope = open_envelope(record.answers())
    except (EncryptionFault, SubmissionProblem) as fault:
        raise NotValid(fault.msgid, "passphrase", **fault.params) from fault
    version = _version(session, row)
    opened_files = list(record.opened_files())
    if version is None:
        return OpenedRecord("", None, opened_files, record.fault())
    form = publishing.compiled(session, version)
    answers = read_answers(envelope, ReadingPlan(form))
    if not is_inside(answers, reader.scope):
        raise Missing(NO_SUBMISSION)
    return _laid_out(session, form, answers, reader, opened_files, record.fault())


def _laid_out(
    session: Session,
    form: CompiledForm,
    answers: Answers,
    reader: Reader,
    opened_files: list[OpenedFile],
    fault: EncryptionFault | None,
) -> OpenedRecord:
    veil = veil_of(
        answers, shows_personal=reader.shows_personal, shows_sensitive=reader.shows_sensitive
    )
    sheet = Sheet(session, form, veil, reader.language).of(answers)
    return OpenedRecord(veil.text(answers.instance_name), sheet, opened_files, fault)


class Unsealed:
    """One stored submission, opened with the private key. Its files are read as they are asked."""

    def __init__(
        self, row: Submission, come: Mapping[str, str], folder: Path, private: RSAPrivateKey
    ) -> None:
        """Raise EncryptionFault when the key is another. `come` as `stored` gives it."""
        self.opened = Opened(read_sealed(row.xml), private)
        self._come = come
        self._folder = folder
        self._md5s: dict[str, str] = {}

    def answers(self) -> bytes:
        """Return the decrypted XML. Raises EncryptionFault, SubmissionProblem when too large."""
        file = self.opened.answers
        if self.size(file) > MAX_BYTES:
            raise SubmissionProblem("too_large", limit_mb=MAX_BYTES // 1_000_000)
        return b"".join(self.pieces(file))

    def pieces(self, file: SealedFile) -> Iterator[bytes]:
        """Give a file's own bytes. Raises EncryptionFault when it is missing or damaged."""
        md5 = hashlib.md5(usedforsecurity=False)
        for piece in self.opened.decrypted(file, self._stored_pieces(file)):
            md5.update(piece)
            yield piece
        self._md5s[file.name] = md5.hexdigest()

    def size(self, file: SealedFile) -> int:
        """Return the size of the stored file: at most 16 bytes more than its own."""
        return self._place(file).stat().st_size

    def fault(self) -> EncryptionFault | None:
        """Return what is missing, damaged or not as it was signed; None when all is whole.

        Files that were read before are not read again.
        """
        try:
            for file in (*self.opened.media, self.opened.answers):
                if file.name not in self._md5s:
                    for _ in self.pieces(file):
                        pass
            self.opened.check_signature(self._md5s)
        except EncryptionFault as fault:
            return fault
        return None

    def opened_files(self) -> Iterator[OpenedFile]:
        """Give the media files; small pictures with their content."""
        left = _PICTURE_BYTES
        for file in self.opened.media:
            name, kind = file.plain_name, _PICTURES.get(file.plain_name.lower().rpartition(".")[2])
            if file.name not in self._come:
                yield OpenedFile(name, None, "", b"")
                continue
            size = self.size(file)
            is_shown = kind is not None and size <= left
            picture = self._picture(file) if is_shown else b""
            left -= len(picture)
            yield OpenedFile(name, size, kind or "", picture)

    def _picture(self, file: SealedFile) -> bytes:
        try:
            return b"".join(self.pieces(file))
        except EncryptionFault:
            return b""  # What is wrong with it is told of the whole record.

    def _stored_pieces(self, file: SealedFile) -> Iterator[bytes]:
        with self._place(file).open("rb") as stream:
            while piece := stream.read(_PIECE_BYTES):
                yield piece

    def _place(self, file: SealedFile) -> Path:
        sha256 = self._come.get(file.name)
        place = files.path_of(self._folder, sha256) if sha256 else None
        if place is None or not place.is_file():
            raise EncryptionFault("missing_file", name=file.name)
        return place


def stored(session: Session, submission_id: int) -> dict[str, str]:
    """Return the SHA-256 of each file that came with a submission, the first of each name."""
    rows = session.execute(
        select(Attachment.name, Attachment.sha256)
        .where(Attachment.submission_id == submission_id)
        .order_by(Attachment.received_at, Attachment.sha256)
    )
    come: dict[str, str] = {}
    for name, sha256 in rows:
        come.setdefault(name, sha256)
    return come


def is_inside(answers: Answers, scope: Scope) -> bool:
    """Say whether the village the answers name lies in a scope; true when they name none."""
    groups = answers.groups("visit.village")
    village = next((text for group in groups if (text := group.concept("visit.village"))), "")
    return not village or scope.covers(village)


def _version(session: Session, row: Submission) -> FormVersion | None:
    return session.scalar(
        select(FormVersion).where(
            FormVersion.project_id == row.project_id,
            FormVersion.form_id == row.form_id,
            FormVersion.version == row.version,
        )
    )
