"""Edits from a phone: chains, what comes again, and what comes too late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import AlreadyKept, Conflict
from server.survey import intake
from server.survey.site import Site
from server.tables.projections import Projected
from server.tables.truth import Submission
from tests.builders import RECEIVED_AT, an_upload, roster_xml

# A replaced by B, B by C (openrosa C20).
CHAIN = [
    roster_xml("uuid:a"),
    roster_xml("uuid:b", deprecated="uuid:a"),
    roster_xml("uuid:c", deprecated="uuid:b"),
]


def send(site: Site, xml: bytes, minutes: int = 0) -> str:
    at = RECEIVED_AT + timedelta(minutes=minutes)
    return intake.receive(site, an_upload(xml, at)).outcome


def test_a_chain_keeps_all_versions_and_counts_the_last(site: Site) -> None:
    # openrosa C21, acceptance test 7
    for number, xml in enumerate(CHAIN):
        send(site, xml, number)

    with Session(site.engine) as session:
        states = session.scalars(select(Projected.state).order_by(Projected.submission_id)).all()
        roots = set(session.scalars(select(Submission.root_instance_id)))
    assert states == ["replaced", "replaced", "projected"]
    assert roots == {"uuid:a"}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_same_bytes_of_any_version_are_a_success_ever_after(site: Site, number: int) -> None:
    # openrosa C18, C21: Central answers 409 here, and the phone tries for ever.
    for xml in CHAIN:
        send(site, xml)

    assert send(site, CHAIN[number]) == "again"


def test_a_new_edit_of_a_version_that_was_edited_before_is_refused(site: Site) -> None:
    # openrosa C21, acceptance test 7
    for xml in CHAIN:
        send(site, xml)

    with pytest.raises(Conflict):
        send(site, roster_xml("uuid:d", deprecated="uuid:a"))
    with pytest.raises(AlreadyKept):
        send(site, roster_xml("uuid:b", number="HH0009", deprecated="uuid:a"))


def test_edits_that_overtake_what_they_edit_wait_and_are_the_same_in_the_end(site: Site) -> None:
    outcomes = [send(site, xml) for xml in reversed(CHAIN)]

    with Session(site.engine) as session:
        rows = session.execute(
            select(Submission.instance_id, Projected.state).join(
                Projected, Projected.submission_id == Submission.id
            )
        )
        states = {one.instance_id: one.state for one in rows}
    assert outcomes[:2] == ["parked", "parked"]
    assert states == {"uuid:a": "replaced", "uuid:b": "replaced", "uuid:c": "projected"}
