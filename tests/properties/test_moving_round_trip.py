"""Out of one site and into an empty one: what is worked out is the same there."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from server.config import Settings
from server.database import writing_session
from server.survey import files, first_run, intake, merges, replay
from server.survey.areas import WHOLE_SITE
from server.survey.entities import actions
from server.survey.entities.actions import NewAction
from server.survey.intake import Upload
from server.survey.likeness.settling import PERSON
from server.survey.merges import Desk, Merge
from server.survey.moving import applying, parcel
from server.survey.moving.kept_answers import Wanted
from server.survey.moving.leaving import Leaving, into_folder, zipped
from server.survey.moving.plan import make_plan
from server.survey.registry.sample import import_sample
from server.survey.site import PROJECTED_TABLES, Site, open_site
from server.tables.decisions import Binned, SubmissionNote
from server.tables.projections import Entity
from server.tables.truth import Attachment, FormVersion, Submission
from tests.builders import (
    NEXT_VILLAGE,
    RECEIVED_AT,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    roster_xml,
    screening_xml,
)

PHOTO = b"\xff\xd8\xff\xe0 a photo"
# What says by which phone something came, as phones do not move; and what is hashed with the
# site's own key. A task is noticed on the day it comes here.
LEFT_BEHIND = ("phone_id", "asked", "noticed_at")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Site]:
    """An empty site of its own."""
    opened = open_site(Settings.read({}, str(tmp_path / "elsewhere")))
    first_run.prepare(opened)
    yield opened
    opened.close()


def fill(site: Site, seed: int) -> None:
    """Let phones send rosters, screenings and edits in any order, some with a photo."""
    chosen = random.Random(seed)
    with writing_session(site.engine) as session:
        import_sample(session, "office")
    names = ("王小一", "李小二", "张小三")
    sent = [
        roster_xml(
            f"uuid:{n:08x}-1111-4111-8111-{seed:012x}",
            number=f"HH{n % 5:04}",
            day=chosen.choice(("2026-11-16", "2026-11-18", "2026-11-19")),
            outcome=chosen.choice(("met", "met", "absent", "vacated")),
            village=chosen.choice((VILLAGE, NEXT_VILLAGE)),
            members=[a_member(name) for name in names if chosen.random() < 0.6],
            version=chosen.choice(("", "", "", "1999")),
        )
        for n in range(12)
    ]
    sent += [screening_xml(f"uuid:screening-{n}", name=chosen.choice(names)) for n in range(8)]
    sent.append(roster_xml("uuid:edit 1/../x", number="HH0001", deprecated="uuid:screening-0"))
    sent.append(
        roster_xml(
            "uuid:an-edit",
            number="HH0009",
            deprecated=f"uuid:{3:08x}-1111-4111-8111-{seed:012x}",
        )
    )
    chosen.shuffle(sent)
    for number, xml in enumerate(sent):
        kept = []
        if number % 4 == 0:
            kept = [files.keep(site.settings.files, name, PHOTO) for name in ("a.jpg", "b/ü.jpg")]
        intake.receive(site, Upload(1, xml, kept, None, f"collect:{number}", RECEIVED_AT))
    with writing_session(site.engine) as session:
        one = Merge(PERSON, *(an_id("person", name) for name in names[:2]))
        merges.merge(session, Desk(1, "office", WHOLE_SITE), one, "the same card")


def rows(site: Site, table: Table) -> list[tuple[object, ...]]:
    with site.engine.connect() as connection:
        names = dict(connection.execute(select(Submission.id, Submission.instance_id)).all())
        found = []
        for row in connection.execute(select(table)).mappings():
            told = {name: value for name, value in row.items() if name not in LEFT_BEHIND}
            if "submission_id" in told:
                told["submission_id"] = names[told["submission_id"]]
            found.append(tuple(told.values()))
    return sorted(found, key=repr)


def worked_out(site: Site) -> dict[str, list[tuple[object, ...]]]:
    return {table.name: rows(site, table) for table in PROJECTED_TABLES}


def kept(site: Site) -> dict[str, object]:
    with Session(site.engine) as session:
        submissions = {
            one.instance_id: (one.xml, one.received_at, one.root_instance_id, one.device_id)
            for one in session.scalars(select(Submission))
        }
        names = {one.id: one.instance_id for one in session.scalars(select(Submission))}
        attached = {
            (names[one.submission_id], one.name, one.sha256)
            for one in session.scalars(select(Attachment))
        }
        forms = {
            (one.form_id, one.version, one.md5, one.shape, one.source)
            for one in session.scalars(select(FormVersion))
        }
    return {"submissions": submissions, "attached": attached, "forms": forms}


def move(site: Site, target: Site, brought: Path) -> applying.Moved:
    with parcel.opened([brought]) as opened:
        with Session(target.engine) as session:
            plan = make_plan(session, 1, opened)
        return applying.apply(target, 1, plan, "office")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_leaves_as_a_folder_is_the_same_elsewhere(
    site: Site, elsewhere: Site, tmp_path: Path, seed: int
) -> None:
    fill(site, seed)
    leaving = Leaving(site)
    into_folder(leaving.members(), tmp_path / "all")

    moved = move(site, elsewhere, tmp_path / "all")

    assert moved.left_out == 0, [str(note) for note in moved.notes]
    assert kept(elsewhere) == kept(site)
    assert worked_out(elsewhere) == worked_out(site)
    assert leaving.counts.submissions == moved.submissions == 22
    replay.rebuild(elsewhere)
    assert worked_out(elsewhere) == worked_out(site)


def test_a_zip_of_everything_is_the_same_elsewhere_and_twice_changes_nothing(
    site: Site, elsewhere: Site, tmp_path: Path
) -> None:
    fill(site, 4)
    (tmp_path / "all.zip").write_bytes(b"".join(zipped(Leaving(site).members())))
    before = worked_out(site)

    move(site, elsewhere, tmp_path / "all.zip")
    again = move(site, elsewhere, tmp_path / "all.zip")

    assert (again.submissions, again.again, again.forms) == (0, 22, 0)
    assert kept(elsewhere) == kept(site)
    assert worked_out(elsewhere) == before


def test_the_tables_that_leave_hold_the_same_answers_as_the_xml(
    site: Site, elsewhere: Site, tmp_path: Path
) -> None:
    fill(site, 5)
    into_folder(Leaving(site).members(), tmp_path / "all")
    tables = tmp_path / "all/tables"

    moved = move(site, elsewhere, tables)

    assert moved.submissions > 10
    ours, theirs = worked_out(site), worked_out(elsewhere)
    one_of = {row[0] for row in theirs["visit"]}
    assert len(one_of) == moved.submissions
    # The last column counts flags, which know of the register and of entities: neither moved here.
    assert [row[:-1] for row in ours["visit"] if row[0] in one_of] == [
        row[:-1] for row in theirs["visit"]
    ]
    assert [row for row in ours["measurement"] if row[0] in one_of] == theirs["measurement"]


def test_comments_and_reviews_leave_with_it(site: Site, elsewhere: Site, tmp_path: Path) -> None:
    xml = roster_xml()
    intake.receive(site, an_upload(xml))
    with writing_session(site.engine) as session:
        for state, body in (("has_issues", "who is this?"), (None, "asked"), ("approved", "")):
            session.add(
                SubmissionNote(
                    project_id=1,
                    form_id="household_roster",
                    root_instance_id="uuid:roster-1",
                    state=state,
                    body=body,
                    at=RECEIVED_AT,
                    who="office",
                )
            )
    into_folder(Leaving(site).members(), tmp_path / "all")

    move(site, elsewhere, tmp_path / "all")
    move(site, elsewhere, tmp_path / "all")

    with Session(elsewhere.engine) as session:
        notes = session.execute(
            select(SubmissionNote.state, SubmissionNote.body).order_by(SubmissionNote.id)
        ).all()
    assert [tuple(one) for one in notes] == [
        ("has_issues", "who is this?"),
        (None, "asked"),
        ("approved", ""),
    ]


def test_one_form_and_some_days_can_leave_alone(site: Site, tmp_path: Path) -> None:
    fill(site, 6)

    leaving = Leaving(site, Wanted(1, "disease_screening"))
    into_folder(leaving.members(), tmp_path / "some")
    none = Leaving(site, Wanted(1, None, None, RECEIVED_AT))
    list(zipped(none.members()))

    assert leaving.counts.submissions == 8
    assert [one.name for one in (tmp_path / "some/submissions").iterdir()] == ["disease_screening"]
    assert none.counts.submissions == 0


def test_the_tables_are_laid_out_as_centrals(site: Site, tmp_path: Path) -> None:
    # H21
    intake.receive(
        site,
        an_upload(roster_xml(number="HH0001", members=[a_member("王小一"), a_member("李小二")])),
    )
    into_folder(Leaving(site).members(), tmp_path / "all")

    with zipfile.ZipFile(tmp_path / "all/tables/household_roster.csv.zip") as archive:
        root = archive.read("household_roster.csv").decode().splitlines()
        names = archive.namelist()
        members = archive.read("household_roster-member.csv").decode().splitlines()

    assert names == ["household_roster.csv", "household_roster-member.csv"]
    head = root[0].split(",")
    assert head[0] == "SubmissionDate"
    assert head[-10:] == [
        "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected",
        "Status", "ReviewState", "DeviceID", "Edits", "FormVersion",
    ]  # fmt: skip
    assert members[0].endswith(",PARENT_KEY,KEY")
    assert members[2].endswith(",uuid:roster-1,uuid:roster-1/member[2]")


def test_what_desks_did_to_entities_and_submissions_comes_out_the_same(
    site: Site, elsewhere: Site, tmp_path: Path
) -> None:
    fill(site, 7)
    with writing_session(site.engine) as session:
        entity = session.scalars(select(Entity).where(Entity.list_name == "persons").limit(1)).one()
        key = (entity.list_name, entity.entity_id)
        actions.act(session, 1, "office", [NewAction(*key, "update", label="改名")])
        actions.act(
            session,
            1,
            "office",
            [NewAction("wells", str(UUID(int=7, version=4)), "create", label="井")],
        )
    later = roster_xml("uuid:later", members=[a_member("周八")])
    intake.receive(site, an_upload(later))
    with writing_session(site.engine) as session:
        actions.act(session, 1, "office", [NewAction(*key, "delete")])
        session.add(
            Binned(
                project_id=1,
                form_id="household_roster",
                root_instance_id="uuid:later",
                reason="twice",
                at=RECEIVED_AT,
                who="office",
            )
        )
    replay.rebuild(site)
    into_folder(Leaving(site).members(), tmp_path / "all")

    move(site, elsewhere, tmp_path / "all")
    move(site, elsewhere, tmp_path / "all")

    assert worked_out(elsewhere) == worked_out(site)
    replay.rebuild(elsewhere)
    assert worked_out(elsewhere) == worked_out(site)
