"""The demo: the same site from the same seed, figures as told, and exactly the planted faults."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forms.checks import complaints
from forms.domain_checks import domain_complaints
from forms.idnumber import id_fault
from forms.plan import ReadingPlan
from forms.problems import Complaint
from forms.submission import open_envelope, read_answers
from server.config import Settings
from server.errors import Conflict
from server.survey.demo import faults, filling
from server.survey.demo.filling import Prepared
from server.survey.intake import Upload
from server.survey.site import Site, open_site
from server.tables.projections import (
    ClinicAudit,
    EntityChange,
    Flag,
    Household,
    Person,
    Projected,
    Visit,
)
from server.tables.reference import Clinic, Village
from server.tables.truth import Attachment, BatchEntry, Submission
from tests import postgres
from tests.filled import shipped

FORM_IDS = ("household_roster", "disease_screening", "chronic_followup", "clinic_audit")
HOUSEHOLDS, SEED = 60, 3
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PLANTED_FLAGS = {
    "id_checksum": 1,
    "birth_date_not_of_id": 1,
    "far_from_village": 1,
    "fix_zero": 1,
    "start_in_future": 1,
    "visit_in_future": 1,
    "village_unknown": 1,
}
"""Flags of docs/demo.en.md that do not hang on how many persons or visits there are."""


def fill(
    folder: Path, url: str | None = None, households: int = HOUSEHOLDS
) -> tuple[Site, Prepared]:
    site = open_site(Settings.read({}, str(folder), url))
    prepared = filling.prepare(site, HOUSEHOLDS, SEED, NOW)
    for _ in filling.send(site, prepared):
        pass
    return site, prepared


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Prepared]]:
    """One small demo on each kind of database, read by all tests of this file."""
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "sqlite":
        site, prepared = fill(folder)
        yield site, prepared
        site.close()
        return
    server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        site, prepared = fill(folder, url)
        yield site, prepared
        site.close()


@pytest.fixture
def demo(filled: tuple[Site, Prepared]) -> Iterator[Session]:
    with Session(filled[0].engine) as session:
        yield session


def submissions(site: Site) -> list[tuple[Any, ...]]:
    columns = (Submission.instance_id, Submission.sha256, Submission.received_at)
    with Session(site.engine) as session:
        return list(session.execute(select(*columns).order_by(Submission.id)))


def test_the_same_seed_gives_the_same_submissions_on_every_database(
    filled: tuple[Site, Prepared], tmp_path: Path
) -> None:
    again, _ = fill(tmp_path)

    assert submissions(again) == submissions(filled[0])
    again.close()


def test_another_seed_gives_another_site(filled: tuple[Site, Prepared], tmp_path: Path) -> None:
    other = open_site(Settings.read({}, str(tmp_path)))
    prepared = filling.prepare(other, HOUSEHOLDS, SEED + 1, NOW)

    first = next(day for day in prepared.fieldwork.days() if day.uploads).uploads[0]

    sent = {sha256 for _, sha256, _ in submissions(filled[0])}
    assert hashlib.sha256(first.xml).hexdigest() not in sent
    other.close()


def test_hundreds_of_ordinary_households_give_no_complaint(tmp_path: Path) -> None:
    site = open_site(Settings.read({}, str(tmp_path)))
    days = filling.prepare(site, 600, SEED + 2, NOW).fieldwork.days()
    plans = {form_id: ReadingPlan(shipped(form_id)) for form_id in FORM_IDS}

    found = Counter(
        complaint.code
        for day in days
        for upload in day.uploads
        for complaint in complaints_of(upload, plans, site)
    )

    told_in_the_docs = {*PLANTED_FLAGS, "age_not_of_birth", "visit_too_short"}
    assert set(found) <= told_in_the_docs
    site.close()


def complaints_of(upload: Upload, plans: dict[str, ReadingPlan], site: Site) -> list[Complaint]:
    envelope = open_envelope(upload.xml)
    answers = read_answers(envelope, plans[envelope.form_id])
    today = upload.received_at.astimezone(site.settings.zone).date()
    return complaints(answers) + domain_complaints(answers, upload.received_at, today)


def test_the_register_adds_up_to_that_of_gaochuan(demo: Session) -> None:
    sums = demo.execute(
        select(func.count(), func.sum(Village.households), func.sum(Village.persons))
    ).one()

    without = demo.scalar(select(func.count()).where(Village.households.is_(None)))
    assert (*sums, without) == (33, 8_440, 30_891, 1)


def test_every_household_that_was_asked_for_is_visited(demo: Session) -> None:
    visited = demo.scalar(select(func.count()).select_from(Household))

    # Two planted households share a number, and that of the unknown version waits.
    assert visited == HOUSEHOLDS - 2


def test_nothing_is_flagged_but_what_was_planted(
    demo: Session, filled: tuple[Site, Prepared]
) -> None:
    found = Counter(demo.scalars(select(Flag.code)).all())

    short = found.pop("visit_too_short")
    ages = found.pop("age_not_of_birth")
    assert dict(found) == PLANTED_FLAGS
    assert short >= 1
    assert 1 <= ages <= 2


def test_short_visits_are_those_of_one_worker(demo: Session) -> None:
    workers = demo.scalars(
        select(Visit.worker)
        .join(Flag, Flag.submission_id == Visit.submission_id)
        .where(Flag.code == "visit_too_short")
        .distinct()
    ).all()

    assert len(workers) == 1


def test_the_unknown_version_is_parked_and_the_edit_replaces(demo: Session) -> None:
    states = dict(
        demo.execute(select(Projected.state, func.count()).group_by(Projected.state)).all()
    )

    parked = demo.scalar(
        select(Submission.version)
        .join(Projected, Projected.submission_id == Submission.id)
        .where(Projected.state == "parked")
    )
    assert (states["parked"], states["replaced"]) == (1, 1)
    assert parked == faults.UNKNOWN_VERSION


def test_one_id_number_is_given_for_two_persons_and_no_more(demo: Session) -> None:
    twice = demo.execute(
        select(func.count(func.distinct(Person.household_id)))
        .where(Person.id_hash != "")
        .group_by(Person.id_hash)
        .having(func.count() > 1)
    ).all()

    assert [tuple(row) for row in twice] == [(2,)]


def test_one_household_number_is_used_by_two_families(demo: Session) -> None:
    heads = (
        select(Person.household_id)
        .where(Person.relation == "head")
        .group_by(Person.household_id)
        .having(func.count() > 1)
    )

    numbers = demo.scalars(select(Household.number).where(Household.id.in_(heads))).all()

    assert [number[-4:] for number in numbers] == ["9004"]


def test_id_numbers_lie_in_an_area_that_no_place_has(demo: Session) -> None:
    numbers = demo.scalars(select(Person.id_number).where(Person.id_number != "")).all()

    wrong = [number for number in numbers if id_fault(number, NOW.date()) is not None]
    assert {number[:6] for number in numbers} == {"990000"}
    assert len(wrong) == 1


def test_clinics_are_audited_but_for_some_and_one_long_ago(demo: Session) -> None:
    clinics = demo.scalar(select(func.count()).select_from(Clinic))
    audited = demo.scalars(select(ClinicAudit.audited_on)).all()

    placeless = demo.scalar(select(func.count()).where(Clinic.latitude.is_(None)))
    assert (clinics, len(audited), placeless) == (33, 29, 3)
    assert sum((NOW.date() - day).days > 366 for day in audited) == 1


def test_the_second_batch_differs_from_the_first(demo: Session) -> None:
    entries = demo.execute(select(BatchEntry.batch_id, BatchEntry.change))
    changes = Counter((batch, change) for batch, change in entries)

    first, second = sorted({batch for batch, _ in changes})
    assert changes[first, "new"] >= 1
    assert changes[second, "removed"] >= 1
    assert changes[second, "new"] >= 1


def test_photos_are_kept_beside_their_submissions(
    demo: Session, filled: tuple[Site, Prepared]
) -> None:
    names = Counter(demo.scalars(select(Attachment.name)).all())

    stored = [path for path in filled[0].settings.files.rglob("*") if path.is_file()]
    assert names["front.png"] == 29
    assert len(stored) == 3


def test_persons_are_followed_as_entities(demo: Session) -> None:
    bases = Counter(
        demo.scalars(
            select(EntityChange.base_version).where(
                EntityChange.list_name == "persons", EntityChange.updates
            )
        ).all()
    )

    assert bases[1] > bases[2] >= 1


def test_a_site_with_submissions_is_refused(filled: tuple[Site, Prepared]) -> None:
    with pytest.raises(Conflict, match="already"):
        filling.prepare(filled[0], HOUSEHOLDS, SEED, NOW)
