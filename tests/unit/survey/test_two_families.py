"""One household number for two families is told; a family whose head changed is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.survey import intake
from server.survey.quality import families, thresholds
from server.survey.quality.signals import Change
from server.survey.site import Site
from tests.builders import RECEIVED_AT, a_member, an_upload, roster_xml

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def told(site: Site) -> list[dict[str, object]]:
    with site.engine.connect() as connection:
        return [one["figures"] for one in families.found(connection)]


def send(site: Site, *several: bytes) -> None:
    for number, xml in enumerate(several):
        intake.receive(site, an_upload(xml, RECEIVED_AT + timedelta(minutes=number)))


def test_heads_of_records_that_share_no_member_are_two_families(site: Site) -> None:
    first = [a_member("林一"), a_member("林二", relation="child")]
    second = [a_member("马一"), a_member("马二", relation="child")]
    send(
        site,
        roster_xml("uuid:1", number="HH9004", members=first),
        roster_xml("uuid:2", number="HH9004", members=second),
    )

    assert told(site) == [{"number": "HH9004", "heads": 2, "submissions": [1, 2]}]
    with site.engine.connect() as connection:
        chosen = thresholds.current(connection)
    assert families.work_out(site, chosen, NOW) == Change(1, 0)
    assert families.work_out(site, chosen, NOW) == Change(0, 0)
    assert families.work_out(site, {**chosen, "two_families.on": 0}, NOW) == Change(0, 1)


def test_a_new_head_among_known_members_is_one_family(site: Site) -> None:
    child = a_member("林二", relation="child")
    send(
        site,
        roster_xml("uuid:1", number="HH1", members=[a_member("林一"), child]),
        roster_xml("uuid:2", number="HH1", members=[a_member("林三"), child]),
    )

    assert told(site) == []


def test_two_heads_of_one_record_are_that_records_flag(site: Site) -> None:
    send(site, roster_xml("uuid:1", number="HH1", members=[a_member("林一"), a_member("林二")]))

    assert told(site) == []
