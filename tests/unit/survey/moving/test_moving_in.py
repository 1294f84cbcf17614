"""Moving in from ODK Central, Collect, Briefcase and Kobo, by their exports (tests/samples)."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.answers import Answers
from forms.submission import open_envelope, read_answers
from server.database import Base
from server.errors import NotValid, TooLarge
from server.survey import entity_columns, files, intake
from server.survey.moving import applying, parcel
from server.survey.moving.applying import Moved
from server.survey.moving.plan import Plan, make_plan
from server.survey.site import Site
from server.tables.decisions import EntityImport, MovedIn, SubmissionNote
from server.tables.projections import Entity, Flag, Projected
from server.tables.truth import Attachment, Form, FormVersion, Submission
from tests.builders import an_upload

SAMPLES = Path(__file__).parents[3] / "samples/moving"
CENTRAL, COLLECT, KOBO = SAMPLES / "central", SAMPLES / "collect", SAMPLES / "kobo"
KOBO_XLSX = KOBO / "Visits_-_all_versions_-_False_-_2026-10-07.xlsx"


def uuid(number: int) -> str:
    return f"uuid:{number:08x}-1111-4111-8111-{number:012x}"


def planned(site: Site, *paths: Path) -> Plan:
    with parcel.opened(paths) as brought, Session(site.engine) as session:
        return make_plan(session, 1, brought)


def move_in(site: Site, *paths: Path, stop_after: int = 10**9, closing: bool = False) -> Moved:
    done = 0

    def is_to_stop() -> bool:
        nonlocal done
        done += 1
        return done > stop_after

    with parcel.opened(paths) as brought:
        with Session(site.engine) as session:
            plan = make_plan(session, 1, brought)
        return applying.apply(site, 1, plan, "office", is_to_stop=is_to_stop, is_closing=closing)


def all_of(site: Site, table: type[Base]) -> Sequence[object]:
    with Session(site.engine) as session:
        return session.scalars(select(table)).all()


def one(site: Site, instance_id: str) -> Submission:
    with Session(site.engine) as session:
        return session.scalars(
            select(Submission).where(Submission.instance_id == instance_id)
        ).one()


def answers(site: Site, instance_id: str) -> Answers:
    kept = one(site, instance_id)
    with site.engine.connect() as connection:
        asked = site.plans.find(connection, 1, kept.form_id, kept.version)
    assert asked is not None
    assert asked.plan is not None
    return read_answers(open_envelope(kept.xml), asked.plan)


def notes(plan: Plan) -> str:
    return "\n".join(map(str, plan.notes))


def test_a_plan_tells_what_is_there_and_what_is_missing_and_changes_nothing(site: Site) -> None:
    plan = planned(site, CENTRAL)

    assert [(one.form.form_id, one.form.version) for one in plan.forms] == [("visits", "2")]
    assert plan.forms[0].prepared.source_name == "visits.xlsx"
    assert plan.forms[0].form.xml == (CENTRAL / "visits.xml").read_bytes()
    assert [one.instance_id for one in plan.submissions] == [uuid(1), uuid(3), uuid(12)]
    assert (plan.files, plan.missing_files) == (1, 1)
    assert [(one.name, one.properties, one.rows) for one in plan.entities] == [
        ("wells", ("village", "depth"), 2)
    ]
    assert "no question for the columns old_question" in notes(plan)
    assert "version “1”, which is not among the forms" in notes(plan)
    assert all_of(site, Submission) == []


def test_submissions_of_central_come_in_with_their_repeats_and_their_history(site: Site) -> None:
    moved = move_in(site, CENTRAL)

    assert (moved.forms, moved.submissions, moved.again, moved.left_out) == (1, 3, 0, 0)
    said = answers(site, uuid(12))
    assert said.text("home/village") == "130921211201"
    assert said.text("home/place") == "38.1 116.9 12.5 4"
    assert said.text("home/water") == "well rain"
    assert said.text("remark") == '"quoted", and\nbroken'
    members = said.repeats["member"]
    assert [one.text("member/name") for one in members] == ["王一", "王二"]
    ills = members[0].repeats["member/health/illness"]
    assert [one.text("member/health/illness/name") for one in ills] == ["hypertension", "stroke"]
    assert "member/health/illness" not in members[1].repeats
    assert answers(site, uuid(3)).instance_name == "House 3"


def test_when_and_by_whom_it_came_and_how_it_was_reviewed_moves_along(site: Site) -> None:
    move_in(site, CENTRAL)

    kept = one(site, uuid(3))
    assert kept.received_at == datetime(2026, 10, 2, 2, 11, 9, 120_000, UTC)
    assert (kept.device_id, kept.phone_id) == ("collect:def", None)
    with Session(site.engine) as session:
        origin = session.get_one(MovedIn, kept.id)
        states = dict(
            session.execute(select(SubmissionNote.root_instance_id, SubmissionNote.state)).all()
        )
    assert (origin.source, origin.submitter) == ("csv visits.csv", "李强")
    assert (origin.submitted_at, origin.review_state) == (kept.received_at, "approved")
    assert states == {uuid(3): "approved", uuid(1): "has_issues"}


def test_an_edited_submission_names_the_first_of_its_chain(site: Site) -> None:
    move_in(site, CENTRAL)

    edited = one(site, uuid(12))

    # The phone's first sending of it, should it come again, is known as replaced: C21.
    assert (edited.deprecated_id, edited.root_instance_id) == (uuid(2), uuid(2))
    xml = (
        f"<visits id='visits' version='2'><meta><instanceID>{uuid(2)}</instanceID></meta></visits>"
    )
    intake.receive(site, an_upload(xml.encode()))
    with Session(site.engine) as session:
        state = session.get_one(Projected, one(site, uuid(2)).id).state
    assert state == "replaced"


def test_a_column_without_a_question_is_kept_in_the_xml_and_flagged(site: Site) -> None:
    move_in(site, CENTRAL)

    assert answers(site, uuid(3)).unknown == {"moved_in/old_question": "kept though deleted"}
    assert [flag.code for flag in all_of(site, Flag) if isinstance(flag, Flag)] == ["unknown_field"]


def test_files_are_kept_by_their_names(site: Site) -> None:
    moved = move_in(site, CENTRAL)

    (kept,) = all_of(site, Attachment)
    assert isinstance(kept, Attachment)
    assert (moved.files, kept.name) == (1, "1759456680000.jpg")
    content = files.path_of(site.settings.files, kept.sha256).read_bytes()
    assert content == (CENTRAL / "media/1759456680000.jpg").read_bytes()


def test_moving_in_twice_changes_nothing(site: Site) -> None:
    move_in(site, CENTRAL)
    tables = (Submission, MovedIn, SubmissionNote, Attachment, FormVersion, Flag)
    before = [len(all_of(site, table)) for table in tables]

    again = move_in(site, CENTRAL)

    assert (again.forms, again.submissions, again.again) == (0, 0, 3)
    assert [len(all_of(site, table)) for table in tables] == before


def test_what_was_stopped_goes_on_where_it_stopped(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "LARGEST_GROUP", 1)

    stopped = move_in(site, CENTRAL, stop_after=1)
    rest = move_in(site, CENTRAL)

    assert (stopped.is_stopped, stopped.submissions) == (True, 1)
    assert (rest.is_stopped, rest.submissions, rest.again) == (False, 2, 1)


def test_a_zip_of_the_project_with_zips_in_it_does_as_well(site: Site, tmp_path: Path) -> None:
    inner = tmp_path / "visits.csv.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        for path in sorted(CENTRAL.rglob("*.csv")) + sorted(CENTRAL.rglob("*.jpg")):
            archive.write(path, str(path.relative_to(CENTRAL)))
    outer = tmp_path / "project.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(inner, "visits.csv.zip")
        archive.write(CENTRAL / "visits.xml", "forms/visits.xml")

    moved = move_in(site, outer)

    assert (moved.forms, moved.submissions, moved.files) == (1, 3, 1)


def test_collects_own_folders_keep_every_byte(site: Site) -> None:
    moved = move_in(site, COLLECT)

    assert (moved.submissions, moved.files) == (3, 2)
    for folder in sorted((COLLECT / "instances").iterdir()):
        sent = (folder / "submission.xml").read_bytes()
        assert one(site, open_envelope(sent).instance_id).xml == sent
    # Each folder has a photo of its own under the same name.
    photos = {kept.sha256 for kept in all_of(site, Attachment) if isinstance(kept, Attachment)}
    assert len(photos) == 2
    assert one(site, uuid(103)).root_instance_id == uuid(101)


def test_a_phone_that_sends_again_what_moved_in_as_xml_is_told_it_is_here(site: Site) -> None:
    move_in(site, COLLECT)
    sent = next((COLLECT / "instances").rglob("submission.xml")).read_bytes()

    receipt = intake.receive(site, an_upload(sent))

    assert receipt.outcome == "again"


def test_the_table_beside_the_xml_tells_when_it_came(site: Site, tmp_path: Path) -> None:
    folder = shutil.copytree(COLLECT, tmp_path / "both")
    text = (CENTRAL / "visits.csv").read_text("utf-8")
    (folder / "visits.csv").write_text(text.replace(uuid(3), uuid(102)), encoding="utf-8")

    move_in(site, folder)

    kept = one(site, uuid(102))
    assert (
        kept.xml
        == (COLLECT / f"instances/{uuid(102).replace(':', '')}/submission.xml").read_bytes()
    )
    assert kept.received_at == datetime(2026, 10, 2, 2, 11, 9, 120_000, UTC)


def test_kobos_workbook_comes_in_with_its_sheets_as_repeats(site: Site, tmp_path: Path) -> None:
    moved = move_in(site, COLLECT / "visits.xml", KOBO_XLSX, KOBO / "attachments")

    assert (moved.submissions, moved.files) == (2, 1)
    said = answers(site, uuid(201))
    assert (said.text("day"), said.text("home/place")) == ("2026-10-05", "38.1 116.9 0 5")
    assert said.text("home/water") == "well tap"
    assert [group.text("member/name") for group in said.repeats["member"]] == ["孙一"]
    (member,) = answers(site, uuid(202)).repeats["member"]
    (ill,) = member.repeats["member/health/illness"]
    assert ill.text("member/health/illness/since") == "2020-01-02"
    kept = one(site, uuid(201))
    assert kept.received_at == datetime(2026, 10, 5, 2, 1, 3, tzinfo=UTC)
    with Session(site.engine) as session:
        origin = session.get_one(MovedIn, kept.id)
    assert (origin.submitter, origin.review_state) == ("zhao", "approved")
    assert origin.source == f"xlsx {KOBO_XLSX.name} (version vAbCdEf)"


def test_kobos_csv_says_that_it_leaves_out_the_repeats(site: Site) -> None:
    plan = planned(site, COLLECT / "visits.xml", KOBO / "Visits_csv.csv")

    assert len(plan.submissions) == 2
    assert "the answers of the repeats member, member/health/illness are not here" in notes(plan)


def test_kobos_file_of_many_submissions_is_cut_up_and_waits_for_its_version(site: Site) -> None:
    plan = planned(site, COLLECT / "visits.xml", KOBO / "submissions.xml")
    assert "name version “vAbCdEf”, which is not among the forms: they are kept" in notes(plan)

    moved = move_in(site, COLLECT / "visits.xml", KOBO / "submissions.xml")

    assert moved.submissions == 2
    states = {
        row.submission_id: (row.state, row.reason)
        for row in all_of(site, Projected)
        if isinstance(row, Projected)
    }
    assert states[one(site, uuid(304)).id] == ("parked", "version_unknown")


def test_without_its_form_nothing_is_guessed(site: Site) -> None:
    plan = planned(site, CENTRAL / "visits.csv", COLLECT / "instances")

    assert "there is no form whose questions its columns are" in notes(plan)
    assert "3 submissions name form visits, which is neither here nor among the files" in notes(
        plan
    )


def test_answers_that_contradict_what_is_here_are_left_out_and_told(site: Site) -> None:
    move_in(site, COLLECT)
    sent = next((COLLECT / "instances").rglob("submission.xml"))
    kept = one(site, open_envelope(sent.read_bytes()).instance_id)

    other = sent.read_bytes().replace(b"<day>", b"<remark>other</remark><day>")
    place = site.settings.folder / "other" / "submission.xml"
    place.parent.mkdir()
    place.write_bytes(other)
    moved = move_in(site, place.parent)

    assert (moved.submissions, moved.left_out) == (0, 1)
    assert one(site, kept.instance_id).xml == sent.read_bytes()


def test_forms_moved_in_can_be_closing_for_phones(site: Site) -> None:
    move_in(site, COLLECT, closing=True)

    with Session(site.engine) as session:
        assert session.get_one(Form, (1, "visits")).state == "closing"
        assert session.get_one(Form, (1, "household_roster")).state == "open"


def test_hostile_names_in_a_zip_lead_nowhere(site: Site, tmp_path: Path) -> None:
    # J4
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        archive.write(COLLECT / "visits.xml", "../../../visits.xml")
        archive.writestr("C:\\windows\\..\\x/../../photo.jpg", b"photo")
        archive.writestr("/etc/passwd", b"root")

    with parcel.opened([evil]) as brought:
        paths = [piece.path for piece in brought.pieces]

    assert paths == [
        "evil.zip/visits.xml", "evil.zip/C:/windows/x/photo.jpg", "evil.zip/etc/passwd",
    ]  # fmt: skip


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    # J1
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.csv", b"0" * 20_000_000)

    with pytest.raises(TooLarge), parcel.opened([bomb]):
        pass


def test_a_damaged_or_locked_zip_is_told_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 no zip at all")

    with pytest.raises(NotValid, match="is damaged"), parcel.opened([broken]):
        pass


def test_a_table_saved_by_excel_in_china_is_read(site: Site, tmp_path: Path) -> None:
    folder = shutil.copytree(CENTRAL, tmp_path / "resaved")
    for name in ("visits.csv", "visits-member.csv"):
        text = (folder / name).read_text("utf-8")
        (folder / name).write_bytes(text.encode("gb18030"))

    move_in(site, folder)

    names = [one.text("member/name") for one in answers(site, uuid(12)).repeats["member"]]
    assert names == ["王一", "王二"]


def test_entities_of_central_become_entities_here_once(site: Site) -> None:
    # F9, F13
    moved = move_in(site, CENTRAL)
    again = move_in(site, CENTRAL)

    with Session(site.engine) as session:
        wells = {
            entity.label: (entity.properties, entity.is_created)
            for entity in session.scalars(select(Entity).where(Entity.list_name == "wells"))
        }
        columns = entity_columns.list_rules(session.connection(), 1).columns["wells"]
        (noted,) = session.scalars(select(EntityImport))
    assert (moved.entities, again.entities) == (2, 0)
    assert wells == {
        "East well": ({"village": "130921211201", "depth": "12"}, True),
        "West well": ({"village": "130921211202"}, True),
    }
    assert set(columns) == {"village", "depth"}
    assert (noted.created, noted.updated, noted.source_name) == (2, 0, "wells.csv")


def test_an_entity_changes_only_where_the_other_server_was_ahead(
    site: Site, tmp_path: Path
) -> None:
    move_in(site, CENTRAL)
    text = (CENTRAL / "wells.csv").read_text("utf-8")
    (tmp_path / "wells.csv").write_text(
        text.replace("East well", "Eastern well").replace("West well", "Western well"), "utf-8"
    )

    moved = move_in(site, tmp_path)

    # East stands at 2 there and at 1 here; West at 1 on both sides.
    with Session(site.engine) as session:
        labels = session.scalars(
            select(Entity.label).where(Entity.list_name == "wells").order_by(Entity.label)
        ).all()
    assert moved.entities == 1
    assert labels == ["Eastern well", "West well"]
