"""Forms being tried before they are published, with what was sent to try them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class FormDraft(Base):
    """The one draft of a form, columns as in truth.FormVersion.

    `token` opens the draft's own addresses for phones. It stands here readable, as its code is
    shown again and again and it leads to nothing but the draft. `villages` are those whose lists
    testers are given: codes.
    """

    __tablename__ = "form_draft"
    __table_args__ = (UniqueConstraint("project_id", "form_id"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    form_id: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    version: Mapped[str]
    title: Mapped[str]
    xml: Mapped[bytes] = mapped_column(LargeBinary)
    md5: Mapped[str]
    shape: Mapped[str]
    questions: Mapped[int]
    attachments: Mapped[list[Any]] = mapped_column(JSON)
    mapping: Mapped[str | None]
    source_name: Mapped[str]
    source: Mapped[bytes] = mapped_column(LargeBinary)
    warnings: Mapped[list[Any]] = mapped_column(JSON)
    villages: Mapped[list[Any]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]


class DraftFile(Base):
    """A file beside a draft, in place of the published form's file of that name."""

    __tablename__ = "draft_file"
    __table_args__ = (ForeignKeyConstraint(["draft_id"], ["form_draft.id"], ondelete="CASCADE"),)
    draft_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    md5: Mapped[str]
    size: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(UtcTime)


class DraftSubmission(Base):
    """Answers sent to try a draft: shown, never projected, thrown away with the draft."""

    __tablename__ = "draft_submission"
    __table_args__ = (
        ForeignKeyConstraint(["draft_id"], ["form_draft.id"], ondelete="CASCADE"),
        UniqueConstraint("draft_id", "instance_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int]
    version: Mapped[str]
    instance_id: Mapped[str]
    deprecated_id: Mapped[str | None]
    xml: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    device_id: Mapped[str]


class DraftAttachment(Base):
    """A file that came with answers to a draft."""

    __tablename__ = "draft_attachment"
    __table_args__ = (
        ForeignKeyConstraint(["submission_id"], ["draft_submission.id"], ondelete="CASCADE"),
    )
    submission_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    size: Mapped[int]


class SharedFile(Base):
    """A picture, sound or choice list of the project, for any form that names it and has none."""

    __tablename__ = "shared_file"
    project_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    md5: Mapped[str]
    size: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(UtcTime)
    uploaded_by: Mapped[str]
