"""What was sent or decided: added, never rewritten. Losing a row here loses somebody's work."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class Project(Base):
    """Forms, entity lists and phones that belong together; a site starts with number 1."""

    __tablename__ = "project"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Form(Base):
    """A questionnaire. `state` is open, closing (no longer listed, still accepted) or closed.

    `mapping` is the CSV laid beside the form (path,concept,values), None when the form says
    all itself; `revision` counts its changes. `key_id`: new versions are encrypted with this key.
    """

    __tablename__ = "form"
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    form_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="open")
    current_version_id: Mapped[int | None]
    mapping: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=0)
    key_id: Mapped[int | None]


class FormVersion(Base):
    """One compiled state of a form. `xml` is served to phones byte for byte, for ever.

    `shape` is forms.fields.form_to_json's text; `source` the file it was made from. `questions`
    and `attachments` (names of expected files) repeat what the shape says, for lists of forms.
    """

    __tablename__ = "form_version"
    __table_args__ = (UniqueConstraint("project_id", "form_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    form_id: Mapped[str]
    version: Mapped[str]
    title: Mapped[str]
    xml: Mapped[bytes] = mapped_column(LargeBinary)
    md5: Mapped[str]
    shape: Mapped[str]
    questions: Mapped[int]
    attachments: Mapped[list[Any]] = mapped_column(JSON)
    source_name: Mapped[str]
    source: Mapped[bytes] = mapped_column(LargeBinary)
    warnings: Mapped[list[Any]] = mapped_column(JSON)
    published_at: Mapped[datetime] = mapped_column(UtcTime)
    published_by: Mapped[str]


class FormFile(Base):
    """A file a form needs on the phone (picture, sound, CSV), kept under its content's SHA-256."""

    __tablename__ = "form_file"
    project_id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    md5: Mapped[str]
    size: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(UtcTime)


class Submission(Base):
    """One upload, exactly as sent. `root_instance_id` is the first of a chain of edits."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("instance_id", "form_id", "project_id"),
        Index("submission_replaces", "deprecated_id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    form_id: Mapped[str]
    version: Mapped[str]
    instance_id: Mapped[str]
    root_instance_id: Mapped[str]
    deprecated_id: Mapped[str | None]
    xml: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    phone_id: Mapped[int | None]
    device_id: Mapped[str]


class Attachment(Base):
    """A file that came with a submission. The bytes lie in the file store under their SHA-256.

    A name may have come twice with other bytes: both are kept, the first is shown.
    """

    __tablename__ = "attachment"
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(UtcTime)


class Account(Base):
    """Someone who signs in. `epoch` is raised to end all sessions of the account."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    link_sha256: Mapped[str | None]
    language: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    epoch: Mapped[int] = mapped_column(default=0)


class AccountArea(Base):
    """A division whose whole tree an account looks after; "" is the whole site."""

    __tablename__ = "account_area"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)


class Phone(Base):
    """A worker's device. The token is kept as a hash only; the Digest password as HA1.

    `preset` names the settings its code carries: locked or free.
    """

    __tablename__ = "phone"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    digest_name: Mapped[str] = mapped_column(unique=True)
    digest_ha1: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    preset: Mapped[str] = mapped_column(default="locked", server_default="locked")


class PhoneVillage(Base):
    """A village whose households and persons a phone receives."""

    __tablename__ = "phone_village"
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), primary_key=True)
    village_code: Mapped[str] = mapped_column(primary_key=True)


class Batch(Base):
    """One numbered treatment list that was made; never changed afterwards."""

    __tablename__ = "batch"
    __table_args__ = (UniqueConstraint("project_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    number: Mapped[int]
    title: Mapped[str]
    hospital: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    catalogue: Mapped[str]
    area_code: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_number: Mapped[int | None]
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]


class BatchEntry(Base):
    """One person on a batch, or one who left since the last (`change` = removed).

    As known that day.
    """

    __tablename__ = "batch_entry"
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    village_code: Mapped[str]
    change: Mapped[str]
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)


class EncryptionKey(Base):
    """A key pair for encrypted forms: RSA-2048.

    `public_key` is SubjectPublicKeyInfo DER in base64, as an XForm carries it; `private_key`
    PKCS #8 DER under the passphrase, which is nowhere kept. `hint` reminds of it.
    """

    __tablename__ = "encryption_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    name: Mapped[str]
    hint: Mapped[str]
    public_key: Mapped[str]
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]
    retired_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RegistryImport(Base):
    """One applied import of divisions, villages or clinics, with the rows it changed, for undo."""

    __tablename__ = "registry_import"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    source_name: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)
    changes: Mapped[list[Any]] = mapped_column(JSON)


class JournalEntry(Base):
    """Who saw or took what.

    `subject` names it ("batch 4"), `detail` holds counts and the reason.
    """

    __tablename__ = "journal_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    address: Mapped[str]
