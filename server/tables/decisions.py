"""What people at a desk decided about submissions and entities: added, never rewritten.

Decisions about submissions name the first instance id of the chain of edits, so that they hold
for whichever version is the newest.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class SubmissionNote(Base):
    """A comment, or a review when `state` is given (approved, has_issues, rejected, received).

    The newest state counts.
    """

    __tablename__ = "submission_note"
    __table_args__ = (Index("submission_note_by_submission", "root_instance_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    form_id: Mapped[str]
    root_instance_id: Mapped[str]
    state: Mapped[str | None]
    body: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]


class Binned(Base):
    """A submission laid in the bin, or taken out again when `restored_at` is set."""

    __tablename__ = "binned"
    __table_args__ = (Index("binned_by_submission", "root_instance_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    form_id: Mapped[str]
    root_instance_id: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]
    restored_at: Mapped[datetime | None] = mapped_column(UtcTime)
    restored_by: Mapped[str | None]


class Correction(Base):
    """A submission sent back to the phone of who sent it, with the reason.

    `entity_id` names it in the list `corrections`; `withdrawn_at` when the desk took it back.
    That it is done follows from the submissions: an edit, or a new one that names it.
    """

    __tablename__ = "correction"
    __table_args__ = (
        Index("correction_by_submission", "root_instance_id"),
        Index("correction_by_phone", "phone_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[str] = mapped_column(unique=True)
    project_id: Mapped[int]
    form_id: Mapped[str]
    root_instance_id: Mapped[str]
    instance_id: Mapped[str]
    phone_id: Mapped[int | None]
    label: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime)
    withdrawn_by: Mapped[str | None]


class Purged(Base):
    """That a submission was wiped out for good: all that is left of it, so that a phone that sends
    it once more is answered kindly, and nothing is kept anew.

    `last_id` is the largest number that went with it, never to be given again; 0 for none.
    """

    __tablename__ = "purged"
    __table_args__ = (Index("purged_last_id", "last_id"),)
    instance_id: Mapped[str] = mapped_column(primary_key=True)
    form_id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]
    last_id: Mapped[int]


class VersionReading(Base):
    """That submissions of a version nobody published are read as those of another, `read_as`."""

    __tablename__ = "version_reading"
    project_id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    read_as: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]


class EntityAction(Base):
    """What a desk, an import or the clock did to one entity.

    `kind` is create, update, delete, restore, resolve (a conflict), approve, reject or force (a
    change that waits for its predecessor; `submission_id` and `number` name it). It takes effect
    after all submissions up to `after_submission_id`, then in order of `id`: so that a rebuild
    folds it in at the same place.
    """

    __tablename__ = "entity_action"
    __table_args__ = (
        Index("entity_action_by_entity", "entity_id"),
        Index("entity_action_by_import", "import_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    list_name: Mapped[str]
    entity_id: Mapped[str]
    kind: Mapped[str]
    label: Mapped[str | None]
    properties: Mapped[dict[str, Any]] = mapped_column(JSON)
    base_version: Mapped[int | None]
    submission_id: Mapped[int | None]
    number: Mapped[int | None]
    after_submission_id: Mapped[int]
    import_id: Mapped[int | None]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]


class EntityList(Base):
    """What a site settled for one of its entity lists; without a row the defaults hold.

    `needs_approval`: what a phone creates waits for an approving review of its submission, from
    the submissions after `approval_after_submission_id` on: what was created before stays.
    `owner_only`: a phone gets what it created itself.
    """

    __tablename__ = "entity_list"
    project_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    approval_after_submission_id: Mapped[int] = mapped_column(default=0, server_default="0")
    owner_only: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]


class EntityProperty(Base):
    """A property a desk added to a list, or gave a type.

    `kind` is text, integer, decimal, date, yes_no, choice (of `choices`), place (ODK geometry) or
    entity (an id of the list `refers_to`).
    """

    __tablename__ = "entity_property"
    project_id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    choices: Mapped[list[Any]] = mapped_column(JSON)
    refers_to: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]


class EntityImport(Base):
    """One applied import of an office register into an entity list; its actions name it."""

    __tablename__ = "entity_import"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    list_name: Mapped[str]
    source_name: Mapped[str]
    created: Mapped[int]
    updated: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)
    undone_by: Mapped[str | None]


class MovedIn(Base):
    """Where a submission came from that another server had received before.

    `at` is when it came here, None for what moved in with release 0.2.
    """

    __tablename__ = "moved_in"
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]
    submitter: Mapped[str]
    submitted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    review_state: Mapped[str]
    at: Mapped[datetime | None] = mapped_column(UtcTime)


class Round(Base):
    """One stretch of work: its days, and the weekdays that are worked.

    `weekdays` are ISO numbers in order, "12345" for Monday to Friday. What it was before a change
    stands in the journal.
    """

    __tablename__ = "round"
    __table_args__ = (UniqueConstraint("project_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    name: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    weekdays: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]


class VillagePlan(Base):
    """When a village is worked: the round, and days of its own where they are not the round's."""

    __tablename__ = "village_plan"
    __table_args__ = (Index("village_plan_by_round", "round_id"),)
    project_id: Mapped[int] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(primary_key=True)
    round_id: Mapped[int]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]
