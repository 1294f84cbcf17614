from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import AlreadyKept, Conflict, FormClosed, Missing, Unreadable
from server.survey import bin as the_bin
from server.survey import intake, projection, publishing, purging, replay
from server.survey.areas import WHOLE_SITE
from server.survey.files import KeptFile
from server.survey.intake import Upload
from server.survey.site import Site
from server.tables.projections import Household, Projected, Visit
from server.tables.truth import Attachment, Submission
from tests.builders import RECEIVED_AT, a_member, an_upload, roster_xml


def states(session: Session) -> dict[str, str]:
    rows = session.execute(
        select(Submission.instance_id, Projected.state).join(
            Projected, Projected.submission_id == Submission.id
        )
    )
    return dict(rows.all())


def test_a_submission_is_kept_byte_for_byte(site: Site, session: Session) -> None:
    xml = roster_xml(members=[a_member()]) + b"\n  "

    receipt = intake.receive(site, an_upload(xml))

    assert receipt.outcome == "kept"
    assert session.scalars(select(Submission.xml)).one() == xml


def test_the_same_bytes_again_are_a_success_and_no_second_record(
    site: Site, session: Session
) -> None:
    first = intake.receive(site, an_upload(roster_xml()))

    second = intake.receive(site, an_upload(roster_xml()))

    assert (first.outcome, second.outcome) == ("kept", "again")
    assert session.scalar(select(func.count()).select_from(Submission)) == 1
    assert session.scalar(select(func.count()).select_from(Visit)) == 1


def test_the_same_bytes_again_add_the_files_they_bring(site: Site, session: Session) -> None:
    photo = KeptFile("a.jpg", "a" * 64, 3)
    sound = KeptFile("b.m4a", "b" * 64, 5)

    for files in ((photo,), (sound,), (photo, sound)):
        intake.receive(site, Upload(1, roster_xml(), files, None, "", RECEIVED_AT))

    assert session.scalars(select(Attachment.name).order_by(Attachment.name)).all() == [
        "a.jpg",
        "b.m4a",
    ]


def test_other_answers_under_the_same_instance_id_are_refused(site: Site, session: Session) -> None:
    intake.receive(site, an_upload(roster_xml(number="HH0001")))

    with pytest.raises(AlreadyKept):
        intake.receive(site, an_upload(roster_xml(number="HH0002")))

    assert session.scalars(select(Household.number)).all() == ["HH0001"]


def test_two_phones_at_one_moment_make_one_record(site: Site, session: Session) -> None:
    start = threading.Barrier(8)

    def send(_: int) -> str:
        start.wait()
        return intake.receive(site, an_upload(roster_xml())).outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(send, range(8)))

    assert outcomes == ["again"] * 7 + ["kept"]
    assert session.scalar(select(func.count()).select_from(Submission)) == 1


def test_one_contradiction_in_a_group_does_not_harm_the_others(
    site: Site, session: Session
) -> None:
    intake.receive(site, an_upload(roster_xml("uuid:0", number="HH0000")))
    sent = [roster_xml("uuid:0", number="OTHER")]
    sent += [roster_xml(f"uuid:{n}", number=f"HH000{n}") for n in range(1, 7)]

    def send(xml: bytes) -> str:
        try:
            return intake.receive(site, an_upload(xml)).outcome
        except AlreadyKept:
            return "refused"

    with ThreadPoolExecutor(7) as pool:
        outcomes = list(pool.map(send, sent))

    assert outcomes == ["refused"] + ["kept"] * 6
    assert session.scalar(select(func.count()).select_from(Household)) == 7


def test_an_edit_replaces_what_it_edits_and_keeps_both(site: Site, session: Session) -> None:
    intake.receive(site, an_upload(roster_xml("uuid:a", number="HH0001", consent="no")))

    edit = roster_xml("uuid:b", number="HH0001", deprecated="uuid:a", members=[a_member()])
    receipt = intake.receive(site, an_upload(edit))

    assert receipt.outcome == "kept"
    assert states(session) == {"uuid:a": "replaced", "uuid:b": "projected"}
    assert session.scalars(select(Household.outcome)).all() == ["completed"]
    assert session.scalars(select(Submission.root_instance_id)).all() == ["uuid:a"] * 2


def test_every_version_of_a_chain_of_edits_may_be_sent_again(site: Site) -> None:
    chain = [
        roster_xml("uuid:a"),
        roster_xml("uuid:b", deprecated="uuid:a"),
        roster_xml("uuid:c", deprecated="uuid:b"),
    ]
    for xml in chain:
        intake.receive(site, an_upload(xml))

    outcomes = [intake.receive(site, an_upload(xml)).outcome for xml in chain]

    assert outcomes == ["again"] * 3


def test_a_second_edit_of_the_same_version_is_a_conflict(site: Site) -> None:
    intake.receive(site, an_upload(roster_xml("uuid:a")))
    intake.receive(site, an_upload(roster_xml("uuid:b", deprecated="uuid:a")))

    with pytest.raises(Conflict):
        intake.receive(site, an_upload(roster_xml("uuid:c", deprecated="uuid:a")))


def test_an_edit_that_comes_before_what_it_edits_is_kept_and_wins(
    site: Site, session: Session
) -> None:
    edit = roster_xml("uuid:b", number="HH0001", deprecated="uuid:a", members=[a_member()])
    first = intake.receive(site, an_upload(edit))

    second = intake.receive(site, an_upload(roster_xml("uuid:a", number="HH0001", consent="no")))

    assert (first.outcome, second.outcome) == ("parked", "kept")
    assert states(session) == {"uuid:a": "replaced", "uuid:b": "projected"}


def test_an_unknown_version_is_parked_and_read_once_it_is_published(
    site: Site, session: Session
) -> None:
    receipt = intake.receive(site, an_upload(roster_xml("uuid:old", version="1999")))

    assert receipt.outcome == "parked"
    assert states(session) == {"uuid:old": "parked"}
    assert session.scalar(select(func.count()).select_from(Visit)) == 0


def test_an_unknown_form_is_told_as_missing(site: Site, session: Session) -> None:
    xml = roster_xml().replace(b'id="household_roster"', b'id="no_such_form"')

    with pytest.raises(Missing):
        intake.receive(site, an_upload(xml))

    assert session.scalar(select(func.count()).select_from(Submission)) == 0


def test_a_closing_form_takes_answers_and_a_closed_one_does_not(site: Site) -> None:
    for state in ("closing", "closed"):
        with Session(site.engine) as session, session.begin():
            publishing.set_state(session, 1, "household_roster", state)
        if state == "closing":
            assert intake.receive(site, an_upload(roster_xml())).outcome == "kept"

    with pytest.raises(FormClosed):
        intake.receive(site, an_upload(roster_xml("uuid:late")))


@pytest.mark.parametrize(
    "xml",
    [
        roster_xml()[:-20],
        b"",
        b"not xml",
        roster_xml().replace(b"<data", b'<!DOCTYPE d [<!ENTITY a "b">]><data'),
        roster_xml().replace("张".encode(), b"\xff\xfe"),
        roster_xml().replace("张".encode(), b"&#1;"),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_kept(
    site: Site, session: Session, xml: bytes
) -> None:
    with pytest.raises(Unreadable):
        intake.receive(site, an_upload(xml))

    assert session.scalar(select(func.count()).select_from(Submission)) == 0


def test_a_failure_in_projecting_loses_nothing_and_is_repeated_later(
    site: Site, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(replay, "interpret", fails)
        receipt = intake.receive(site, an_upload(roster_xml("uuid:a")))
    found = states(session)
    session.rollback()
    replay.rebuild(site)

    assert receipt.outcome == "parked"
    assert found == {"uuid:a": "failed"}
    assert states(session) == {"uuid:a": "projected"}


def test_what_was_kept_when_the_power_went_is_projected_at_the_next_start(
    site: Site, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def goes_out(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(projection, "_mark", goes_out)
        with pytest.raises(SystemExit):
            intake.receive(site, an_upload(roster_xml("uuid:a")))
    with site.engine.connect() as connection:
        waiting = replay.waiting(connection)

    assert waiting == 1
    assert replay.catch_up(site) == 1
    assert states(session) == {"uuid:a": "projected"}


def test_the_number_of_what_was_wiped_out_is_never_given_again(site: Site) -> None:
    # J14: journals and notes name submissions by number.
    def send(instance: str, deprecated: str = "") -> int:
        sent = an_upload(roster_xml(instance, deprecated=deprecated))
        intake.receive(site, sent)
        with Session(site.engine) as session:
            return session.scalar(select(func.max(Submission.id))) or 0

    send("uuid:1")
    newest = send("uuid:2", deprecated="uuid:1")
    with writing_session(site.engine) as session:
        the_bin.lay_in(session, newest, WHOLE_SITE, "asked for it", "Li")
    with writing_session(site.engine) as session:
        purging.purge(session, newest, WHOLE_SITE, "asked for it", "Li")

    thanked = send("uuid:2", deprecated="uuid:1")
    given = [send("uuid:3"), send("uuid:4")]

    assert (newest, thanked, given) == (2, 0, [3, 4])
