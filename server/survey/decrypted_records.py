"""The encrypted records of a form, opened one after another for a file that leaves the house."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from forms import encrypted_form
from forms.answers import Answers
from forms.encryption import EncryptionFault
from forms.fields import CompiledForm
from forms.plan import ReadingPlan
from forms.problems import SubmissionProblem
from forms.submission import open_envelope, read_answers
from server.survey import decryption, publishing, submissions
from server.survey.areas import Scope
from server.survey.decryption import Unsealed
from server.survey.site import Site
from server.tables.projections import Projected
from server.tables.truth import FormVersion, Phone, Submission

# Records of one short read: while a file goes out over a slow link no transaction stays open.
_RECORDS = 20

Fault = EncryptionFault | SubmissionProblem


@dataclass(frozen=True, slots=True)
class Taking:
    """What is taken out: a form's encrypted answers, as one scope may see them, with one key."""

    project_id: int
    form_id: str
    scope: Scope
    private: RSAPrivateKey
    language: str


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One encrypted submission: its row, who sent it, and the files that came, by name."""

    row: Submission
    sent_by: str
    come: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """One record as far as it can be read.

    `fault` says why not; `answers` is None then, and where its form version is not known here.
    """

    sealed: SealedRow
    unsealed: Unsealed | None
    xml: bytes
    answers: Answers | None
    fault: Fault | None


def count(session: Session, project_id: int, form_id: str, scope: Scope) -> int:
    """Return how many encrypted submissions of a form a scope may see before they are read."""
    query = _encrypted(project_id, form_id, scope).with_only_columns(func.count())
    return session.scalar(query) or 0


def form_keys(session: Session, project_id: int, form_id: str) -> list[str]:
    """Return the public keys of a form's versions, the newest version's first."""
    rows = session.scalars(
        select(FormVersion.xml)
        .where(FormVersion.project_id == project_id, FormVersion.form_id == form_id)
        .order_by(FormVersion.id.desc())
    )
    return list(dict.fromkeys(filter(None, map(encrypted_form.public_key, rows))))


def encrypted_versions(session: Session, project_id: int, form_id: str) -> dict[str, CompiledForm]:
    """Return the versions of a form whose phones encrypt, the newest first."""
    rows = session.scalars(
        select(FormVersion)
        .where(FormVersion.project_id == project_id, FormVersion.form_id == form_id)
        .order_by(FormVersion.id.desc())
    )
    return {
        row.version: publishing.compiled(session, row)
        for row in rows
        if encrypted_form.public_key(row.xml)
    }


def read_records(
    site: Site, taking: Taking, plans: Mapping[str, ReadingPlan]
) -> Iterator[ReadRecord]:
    """Give the records of a form, oldest first, each read with its version's plan.

    Left out are those whose own village lies outside the scope.
    """
    for sealed in _sealed_rows(site, taking):
        read = _read(site, taking, sealed, plans.get(sealed.row.version))
        if read.answers is None or decryption.is_inside(read.answers, taking.scope):
            yield read


def _read(site: Site, taking: Taking, sealed: SealedRow, plan: ReadingPlan | None) -> ReadRecord:
    unsealed = None
    try:
        unsealed = Unsealed(sealed.row, sealed.come, site.settings.files, taking.private)
        xml = unsealed.answers()
        envelope = open_envelope(xml)
    except (EncryptionFault, SubmissionProblem) as fault:
        return ReadRecord(sealed, unsealed, b"", None, fault)
    return ReadRecord(sealed, unsealed, xml, read_answers(envelope, plan) if plan else None, None)


def _sealed_rows(site: Site, taking: Taking) -> Iterator[SealedRow]:
    after = 0
    while True:
        with Session(site.engine) as session:
            query = _encrypted(taking.project_id, taking.form_id, taking.scope)
            found = session.execute(
                query.where(Submission.id > after).order_by(Submission.id).limit(_RECORDS)
            ).all()
            several = [
                SealedRow(row, phone or "", decryption.stored(session, row.id))
                for row, phone in found
            ]
            session.expunge_all()
        if not several:
            return
        yield from several
        after = several[-1].row.id


def _encrypted(project_id: int, form_id: str, scope: Scope) -> Select[*tuple[Any, ...]]:
    return (
        select(Submission, Phone.name)
        .join(Projected, Projected.submission_id == Submission.id)
        .outerjoin(Phone, Phone.id == Submission.phone_id)
        .where(
            Projected.state == "parked",
            Projected.reason == "encrypted",
            Submission.project_id == project_id,
            Submission.form_id == form_id,
            submissions.sent_from(scope),
        )
    )
