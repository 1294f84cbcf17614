"""Tasks about records after what people decide: thresholds, the bin, the register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.config import Settings
from server.database import writing_session
from server.survey import bin as the_bin
from server.survey import files, first_run, intake, replay
from server.survey.areas import WHOLE_SITE
from server.survey.intake import Upload
from server.survey.quality.records import filling
from server.survey.quality.signals import Change
from server.survey.registry.sample import import_sample
from server.survey.site import Site, open_site
from server.tables.record_facts import RecordFacts
from server.tables.signals import Signal
from tests.builders import RECEIVED_AT, a_member, roster_xml
from tests.record_tasks import (
    RIGHT,
    WRONG,
    check,
    choose,
    lines,
    send,
    several,
    with_id,
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site on SQLite alone: what differs by database is tested elsewhere."""
    opened = open_site(Settings.read({}, str(tmp_path / "site"), None))
    first_run.prepare(opened)
    with writing_session(opened.engine) as session:
        import_sample(session, "test")
    yield opened
    opened.close()


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


def test_a_threshold_of_the_site_counts(site: Site) -> None:
    several(site)
    check(site)
    key = ("reading", "uuid:heavy", "weight/1")
    shown = lines(site)

    choose(site, "reading.fewest", 40)
    change = check(site)

    assert key in shown
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
