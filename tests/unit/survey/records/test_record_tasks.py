"""Tasks about records: raised at intake, worked out against others, and gone when mended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import bin as the_bin
from server.survey import files, intake, replay
from server.survey.areas import WHOLE_SITE
from server.survey.intake import Upload
from server.survey.quality import thresholds
from server.survey.quality.records import filling, work
from server.survey.quality.signals import NOTHING, Change
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.record_facts import RecordFacts
from server.tables.reference import Village
from server.tables.signals import Signal
from server.tables.tasks import CheckSetting
from tests.builders import RECEIVED_AT, VILLAGE, a_member, an_upload, roster_xml, screening_xml

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WRONG, OTHER_WRONG, RIGHT = "990000197005060021", "990000197005060022", "990000197005060020"
Line = tuple[str, str, str]


def send(site: Site, xml: bytes, minutes: int = 0) -> None:
    intake.receive(site, an_upload(xml, RECEIVED_AT + timedelta(minutes=minutes)))


def with_id(instance: str, id18: str, **more: str) -> bytes:
    return roster_xml(instance, members=[a_member(id18=id18, has_id="yes")], **more)


def lines(site: Site) -> dict[Line, Mapping[str, Any]]:
    with site.engine.connect() as connection:
        rows = connection.execute(select(Signal.__table__)).mappings().all()
    return {(row["check"], row["subject"], row["indicator"]): row for row in rows}


def check(site: Site, now: datetime = NOW) -> Change:
    with Session(site.engine) as session:
        chosen = thresholds.current(session)
    return work.work_out(site, chosen, now)


def choose(site: Site, name: str, value: float) -> None:
    with writing_session(site.engine) as session:
        session.add(CheckSetting(name=name, value=value, at=NOW, who="test"))


@pytest.fixture(autouse=True)
def _register(site: Site) -> None:
    with writing_session(site.engine) as session:
        import_sample(session, "test")


def test_a_wrong_id_number_is_a_task_at_once_and_gone_once_it_is_mended(site: Site) -> None:
    send(site, with_id("uuid:a", WRONG))
    (line,) = lines(site).items()
    send(site, with_id("uuid:b", RIGHT, deprecated="uuid:a"))

    assert line[0] == ("identity", "uuid:a", "number")
    assert line[1]["village_code"] == VILLAGE
    assert line[1]["township_code"] == "130921211000"
    assert line[1]["figures"] == {"flags": [{"code": "id_checksum", "place": "1", "params": {}}]}
    assert line[1]["noticed_at"] == RECEIVED_AT
    assert lines(site) == {}


def test_an_edit_that_leaves_the_fault_is_the_same_task_and_another_fault_is_not(
    site: Site,
) -> None:
    key = ("identity", "uuid:a", "number")
    send(site, with_id("uuid:a", WRONG))
    first = lines(site)[key]["inputs"]

    send(site, with_id("uuid:b", WRONG, deprecated="uuid:a", number="HH0009"), 1)
    second = lines(site)[key]
    send(site, with_id("uuid:c", OTHER_WRONG, deprecated="uuid:b"), 2)

    assert second["inputs"] == first
    assert second["submission_id"] == 2
    assert lines(site)[key]["inputs"] != first


def test_what_lies_in_the_bin_asks_for_nothing_until_it_is_taken_out(site: Site) -> None:
    send(site, with_id("uuid:a", WRONG))
    before = lines(site)

    with writing_session(site.engine) as session:
        the_bin.lay_in(session, 1, WHOLE_SITE, "a try-out", "test")
    replay.catch_up(site)
    binned = lines(site)
    with writing_session(site.engine) as session:
        the_bin.take_out(session, 1, WHOLE_SITE, "test")
    replay.catch_up(site)

    assert binned == {}
    assert lines(site) == before != {}


def test_a_rebuild_and_its_checks_bring_the_same_tasks(site: Site) -> None:
    several(site)
    check(site)
    before = lines(site)

    replay.rebuild(site)
    check(site)

    assert lines(site) == before
    assert {check_name for check_name, _, _ in before} >= {"identity", "reading", "clock"}


def several(site: Site) -> None:
    """Send thirty women of about one weight, one far from it, and one with a wrong card."""
    for number in range(30):
        send(site, weighed(f"uuid:s{number}", 60 + number % 9), number)
    send(site, weighed("uuid:heavy", 190), 40)
    send(site, with_id("uuid:a", WRONG), 41)
    send(site, with_id("uuid:old", RIGHT, day="2027-02-03"), 42)


def weighed(instance: str, kilograms: float) -> bytes:
    weight = f"<meas><weight>{kilograms}</weight></meas><known>".encode()
    return screening_xml(instance).replace(b"<known>", weight)


def test_what_did_not_change_is_neither_read_nor_compared_again(site: Site) -> None:
    several(site)

    first, second = check(site), check(site)
    read_again = filling.fill(site)
    send(site, weighed("uuid:more", 66), 50)
    third = filling.fill(site)

    assert first.raised >= 1
    assert (second, read_again, third) == (NOTHING, 0, 1)


def test_a_threshold_of_the_site_counts_and_a_preview_writes_nothing(site: Site) -> None:
    several(site)
    check(site)
    key = ("reading", "uuid:heavy", "weight/1")
    with Session(site.engine) as session:
        chosen = thresholds.current(session)

    shown = work.flags_of(site, chosen)
    loosened = work.flags_of(site, {**chosen, "reading.fewest": 40})
    choose(site, "reading.fewest", 40)
    change = check(site)

    assert key in shown
    assert key not in loosened
    assert key not in lines(site)
    assert change == Change(0, 1)


def test_a_check_that_is_switched_on_again_brings_its_tasks_back(site: Site) -> None:
    send(site, with_id("uuid:a", WRONG))
    check(site)
    before = lines(site)[("identity", "uuid:a", "number")]["inputs"]

    choose(site, "identity.on", 0)
    with writing_session(site.engine) as session:
        session.query(Signal).filter(Signal.check == "identity").delete()
    check(site)
    while_off = lines(site)
    choose(site, "identity.on", 1)
    check(site)

    assert while_off == {}
    assert lines(site)[("identity", "uuid:a", "number")]["inputs"] == before


def test_what_counts_no_more_leaves_no_facts(site: Site) -> None:
    send(site, with_id("uuid:a", RIGHT))
    filling.fill(site)

    send(site, with_id("uuid:b", RIGHT, deprecated="uuid:a"), 1)

    with Session(site.engine) as session:
        left = session.scalar(select(func.count()).select_from(RecordFacts))
    assert left == 0
    assert filling.fill(site) == 1


def test_the_log_of_the_phone_tells_that_its_clock_was_set_back(site: Site) -> None:
    log = (
        b"event,node,start,end\n"
        b"question,/data/hh/hh_no,1700007200000,1700007201000\n"
        b"question,/data/hh/phone,1700000000000,1700000001000\n"
    )
    kept = files.keep(site.settings.files, "audit.csv", log)
    intake.receive(site, Upload(1, roster_xml("uuid:a"), (kept,), None, "", RECEIVED_AT))

    check(site)

    assert lines(site)[("clock", "uuid:a", "jump")]["figures"] == {"minutes": 120}


def test_a_form_of_an_unknown_version_is_a_task_for_the_office(site: Site) -> None:
    send(site, roster_xml("uuid:a", version="2025010101"))

    raised = check(site)
    (line,) = lines(site).values()

    assert raised == Change(1, 0)
    assert (line["check"], line["figures"]["version"]) == ("unread", "2025010101")
    assert check(site) == NOTHING


def test_a_village_that_nobody_knows_is_one_task_until_the_register_has_it(site: Site) -> None:
    for number in range(3):
        send(site, roster_xml(f"uuid:{number}", village="130921211999"), number)

    check(site)
    (line,) = lines(site).values()
    with writing_session(site.engine) as session:
        township = session.get_one(Village, VILLAGE).township_code
        session.add(Village(code="130921211999", name="新村", township_code=township))
    check(site)

    assert (line["check"], line["subject"]) == ("unknown_village", "uuid:0")
    assert line["figures"] == {"village": "130921211999", "records": 3}
    assert lines(site) == {}


@pytest.mark.parametrize(("listed", "tasks"), [(1, 1), (3, 0)])
def test_only_a_household_of_which_somebody_is_missing_asks_for_a_visit(
    site: Site, listed: int, tasks: int
) -> None:
    members = [a_member(f"王小{number}") for number in range(listed)]
    xml = roster_xml("uuid:a", members=members)
    size = f"<hh_size>{listed}</hh_size>".encode()

    send(site, xml.replace(size, b"<hh_size>2</hh_size>"))

    sizes = [
        flag
        for row in lines(site).values()
        for flag in row["figures"]["flags"]
        if flag["code"] == "household_size_differs"
    ]
    assert len(sizes) == tasks


def test_ages_told_by_a_wrong_clock_are_one_task_about_the_clock(site: Site) -> None:
    member = a_member(birth_year="1970", age="66")
    xml = roster_xml("uuid:a", members=[member], day="2036-11-20")

    send(site, xml)

    assert [check_name for check_name, _, _ in lines(site)] == ["clock"]
