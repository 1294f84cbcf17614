"""What was worked out from the submissions: may be dropped and rebuilt, and comes out the same.

Three floors. Reports (`Visit`, `PersonReport`, `Measurement`, `Finding`, `ClinicAudit`, `Flag`,
`EntityChange`) belong to one submission and follow from it alone. Subjects (`Household`, `Person`,
`Case`, `Entity`) are folds of all reports about them, in an order that does not depend on
arrival. Tallies are sums over subjects, kept by difference, so that a page costs its villages.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class Projected(Base):
    """That a submission has been worked out.

    State is projected, waiting (to be projected once more), parked (unknown version), failed,
    replaced by an edit or a correction, or binned.
    """

    __tablename__ = "projected"
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]


class CorrectionAnswer(Base):
    """That a submission says it corrects another, by the entity that was sent to its phone."""

    __tablename__ = "correction_answer"
    __table_args__ = (Index("correction_answer_by_entity", "entity_id"),)
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entity_id: Mapped[str]


class BackCheckAnswer(Base):
    """What a second interview of a household said, by question; `entity_id` is the entry it names.

    `outcome` is met, or why nothing was asked (absent, refused, vacated, moved); `moment` as in
    Visit.
    """

    __tablename__ = "back_check_answer"
    __table_args__ = (Index("back_check_answer_by_entity", "entity_id"),)
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entity_id: Mapped[str]
    moment: Mapped[str]
    answered_on: Mapped[date]
    phone_id: Mapped[int | None]
    outcome: Mapped[str]
    said: Mapped[dict[str, Any]] = mapped_column(JSON)


class NamedFile(Base):
    """A file that the answers of a submission name, whether it has come or not."""

    __tablename__ = "named_file"
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)


class Visit(Base):
    """One call at one household, person or clinic: what any submission says of when, where and who.

    `moment` orders reports: the instant the visit ended as told by the phone, then the instance
    id, so that the order is the same whatever arrived first. `household` holds the household
    concepts that were answered, `manner` how the form was filled in (forms.manner); `flags` counts
    the submission's flags. `told_household_id` is the household told, where somebody merged it
    with the one that counts, else None.
    """

    __tablename__ = "visit"
    __table_args__ = (
        Index("visit_by_village", "village_code", "visited_on", "submission_id"),
        Index("visit_by_household", "household_id"),
        Index("visit_by_phone", "phone_id", "visited_on"),
    )
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    moment: Mapped[str]
    form_id: Mapped[str]
    village_code: Mapped[str]
    household_id: Mapped[str | None]
    told_household_id: Mapped[str | None]
    visited_on: Mapped[date]
    started_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    phone_id: Mapped[int | None]
    worker: Mapped[str]
    way: Mapped[str]
    outcome: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    household: Mapped[dict[str, Any]] = mapped_column(JSON)
    manner: Mapped[dict[str, Any]] = mapped_column(JSON)
    flags: Mapped[int]


class PersonReport(Base):
    """What one submission says of one person.

    `said` holds the person concepts that were answered; `next_on` is the day by which a
    follow-up wants the next one, None where nothing says so. `told_id` is the person told, where
    somebody merged them with the one that counts, else None.
    """

    __tablename__ = "person_report"
    __table_args__ = (Index("person_report_by_person", "person_id"),)
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    moment: Mapped[str]
    person_id: Mapped[str]
    told_id: Mapped[str | None]
    household_id: Mapped[str | None]
    village_code: Mapped[str]
    reported_on: Mapped[date]
    screening: Mapped[str]
    next_on: Mapped[date | None]
    said: Mapped[dict[str, Any]] = mapped_column(JSON)


class Measurement(Base):
    """One number measured on one person; `name` as in measurement_limits.csv, with its unit."""

    __tablename__ = "measurement"
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    value: Mapped[float]


class Finding(Base):
    """What one submission says of one person and one disease or clue.

    State suspected or documented.
    """

    __tablename__ = "finding"
    __table_args__ = (Index("finding_by_person", "person_id"),)
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(primary_key=True)
    moment: Mapped[str]
    person_id: Mapped[str]
    state: Mapped[str]
    found_on: Mapped[date]
    said: Mapped[dict[str, Any]] = mapped_column(JSON)


class ClinicAudit(Base):
    """One audit of one clinic. `score` is points got over points possible × 100, one decimal."""

    __tablename__ = "clinic_audit"
    __table_args__ = (Index("clinic_audit_by_clinic", "clinic_id", "audited_on"),)
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    clinic_id: Mapped[str]
    moment: Mapped[str]
    audited_on: Mapped[date]
    got: Mapped[float]
    possible: Mapped[float]
    score: Mapped[float | None]
    result: Mapped[str]
    vetoes: Mapped[list[Any]] = mapped_column(JSON)
    dimensions: Mapped[dict[str, Any]] = mapped_column(JSON)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class Flag(Base):
    """A complaint kept for people to answer.

    `path` names the field, `place` its position in repeats. `asked` is a keyed hash of the answer
    it is about, "" for none: another answer to the same question is another flag.
    """

    __tablename__ = "flag"
    __table_args__ = (
        Index("flag_by_village", "village_code", "code"),
        Index("flag_by_code", "code"),
    )
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    village_code: Mapped[str]
    code: Mapped[str]
    path: Mapped[str]
    place: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    asked: Mapped[str]


class EntityChange(Base):
    """What one submission says to one entity, kept also when an edit replaced the submission.

    `fault` is the first complaint about the block, "" for none. `outcome` is what became of it:
    applied, held (its predecessor has not come), waiting (for approval), rejected, superseded (an
    edit of a submission that was taken), faulty, or the code of the flag that says why not.
    `deprecated_id` is the submission this one is an edit of; `village_code` that of the visit.
    """

    __tablename__ = "entity_change"
    __table_args__ = (
        Index("entity_change_by_entity", "entity_id"),
        # Nearly all are applied: what waits for people is few, and found at once.
        Index(
            "entity_change_open",
            "outcome",
            sqlite_where=text("outcome <> 'applied'"),
            postgresql_where=text("outcome <> 'applied'"),
        ),
    )
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    list_name: Mapped[str]
    entity_id: Mapped[str]
    creates: Mapped[bool]
    updates: Mapped[bool]
    label: Mapped[str | None]
    base_version: Mapped[int | None]
    trunk_version: Mapped[int | None]
    branch_id: Mapped[str | None]
    properties: Mapped[dict[str, Any]] = mapped_column(JSON)
    fault: Mapped[str]
    outcome: Mapped[str]
    deprecated_id: Mapped[str | None]
    phone_id: Mapped[int | None]
    village_code: Mapped[str]


class Household(Base):
    """People who share a hearth, as all visits to them tell.

    `outcome` is completed, refused, absent_final (three days without meeting anyone), vacated,
    or open; `done_on` is the day from which it was not open any more, None while it is. `number`
    was given by people; `key` by the phone.
    """

    __tablename__ = "household"
    __table_args__ = (
        Index("household_by_village", "village_code", "outcome"),
        Index("household_by_phone", "phone"),
        # All that the map asks for, in the order of the view's lower edge.
        Index("household_by_place", "latitude", "longitude", "village_code", "outcome"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    village_code: Mapped[str]
    number: Mapped[str]
    key: Mapped[str]
    villager_group: Mapped[str]
    kind: Mapped[str]
    size: Mapped[int | None]
    cause: Mapped[str]
    phone: Mapped[str]
    outcome: Mapped[str]
    done_on: Mapped[date | None]
    visits: Mapped[int]
    last_visit_on: Mapped[date]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy_m: Mapped[float | None]


class Person(Base):
    """One of a household, as all reports tell.

    Personal columns are name, id_number, phone and birth_date. `id_hash` is a keyed hash of the
    ID number, to find the same person twice. `screening` is done, absent, refused, dead, moved
    or "" (not asked yet). `found_on` is the day of the first finding that counts, `next_on` the
    one by which the next follow-up is due; None where there is none, or nobody to visit any more.
    """

    __tablename__ = "person"
    __table_args__ = (
        Index("person_by_village", "village_code", "screening"),
        Index("person_by_household", "household_id"),
        Index("person_by_id_hash", "id_hash"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    household_id: Mapped[str | None]
    village_code: Mapped[str]
    name: Mapped[str]
    sex: Mapped[str]
    birth_date: Mapped[date | None]
    birth_year: Mapped[int | None]
    id_number: Mapped[str]
    id_hash: Mapped[str]
    kind: Mapped[str]
    relation: Mapped[str]
    residence: Mapped[str]
    phone: Mapped[str]
    screening: Mapped[str]
    screened_on: Mapped[date | None]
    suspected: Mapped[bool]
    documented: Mapped[bool]
    found_on: Mapped[date | None]
    next_on: Mapped[date | None]


class Case(Base):
    """One person's one disease.

    Or one clue whose disease the hospital has to tell; state suspected or documented.
    """

    __tablename__ = "screening_case"
    __table_args__ = (Index("case_by_village", "village_code", "code", "state"),)
    person_id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    village_code: Mapped[str]
    state: Mapped[str]
    found_on: Mapped[date]
    last_on: Mapped[date]
    said: Mapped[dict[str, Any]] = mapped_column(JSON)


class Entity(Base):
    """What a phone may choose from, as its changes leave it.

    Not served while `is_created` is false: it was changed and not created, or was deleted.
    `conflict` is "", soft (somebody else changed other things meanwhile) or hard (the same
    things) until a person resolves it. `phone_id` is the phone that created it.
    """

    __tablename__ = "entity"
    __table_args__ = (
        Index("entity_by_village", "list_name", "village_code"),
        Index(
            "entity_in_conflict",
            "list_name",
            sqlite_where=text("conflict <> ''"),
            postgresql_where=text("conflict <> ''"),
        ),
    )
    entity_id: Mapped[str] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column(primary_key=True)
    village_code: Mapped[str]
    label: Mapped[str]
    version: Mapped[int]
    is_created: Mapped[bool]
    is_deleted: Mapped[bool]
    conflict: Mapped[str]
    properties: Mapped[dict[str, Any]] = mapped_column(JSON)
    phone_id: Mapped[int | None]


class EntityTally(Base):
    """Entities of one list in one village.

    How many, and a digest that changes when any of them does.
    """

    __tablename__ = "entity_tally"
    village_code: Mapped[str] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column(primary_key=True)
    entities: Mapped[int]
    digest: Mapped[int] = mapped_column(BigInteger)


class VillageTally(Base):
    """Sums over the households and persons of one village.

    `digest` is one over what tells them apart: where it is the same, nobody came, went or changed.
    """

    __tablename__ = "village_tally"
    village_code: Mapped[str] = mapped_column(primary_key=True)
    households: Mapped[int]
    completed: Mapped[int]
    refused: Mapped[int]
    absent_final: Mapped[int]
    vacated: Mapped[int]
    persons: Mapped[int]
    screened: Mapped[int]
    suspected: Mapped[int]
    documented: Mapped[int]
    flags: Mapped[int]
    digest: Mapped[int] = mapped_column(BigInteger)


class DiseaseTally(Base):
    """Cases of one village by disease or clue code and state."""

    __tablename__ = "disease_tally"
    village_code: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    cases: Mapped[int]


class DayTally(Base):
    """Submissions of one village by day and form, without clinics' audits and second interviews."""

    __tablename__ = "day_tally"
    __table_args__ = (Index("day_tally_by_day", "day"),)
    village_code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    form_id: Mapped[str] = mapped_column(primary_key=True)
    submissions: Mapped[int]


class DoneTally(Base):
    """Households of one village by the day from which their outcome was final."""

    __tablename__ = "done_tally"
    __table_args__ = (Index("done_tally_by_day", "day"),)
    village_code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    households: Mapped[int]


class PersonDayTally(Base):
    """Persons of one village by a day that matters to them.

    `kind` is suspected or documented, as known now, by the day of the first finding; or followup,
    by the day on which the next one is due.
    """

    __tablename__ = "person_day_tally"
    __table_args__ = (Index("person_day_tally_by_day", "day"),)
    village_code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    persons: Mapped[int]


class AgeTally(Base):
    """Persons of one village by sex and year of birth; 0 for a year nobody told."""

    __tablename__ = "age_tally"
    village_code: Mapped[str] = mapped_column(primary_key=True)
    sex: Mapped[str] = mapped_column(primary_key=True)
    born: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    persons: Mapped[int]


class ProjectionStamp(Base):
    """Which state of the code worked the tables out; another stamp means: rebuild."""

    __tablename__ = "projection_stamp"
    stamp: Mapped[str] = mapped_column(primary_key=True)
