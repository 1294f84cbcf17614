"""Tasks about records: raised at intake, worked out against others, and gone when mended."""

from __future__ import annotations

import pytest

from server.database import writing_session
from server.survey import replay
from server.survey.quality.records import filling
from server.survey.quality.signals import NOTHING, Change
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.reference import Village
from tests.builders import RECEIVED_AT, VILLAGE, roster_xml
from tests.record_tasks import (
    OTHER_WRONG,
    RIGHT,
    WRONG,
    check,
    lines,
    send,
    several,
    weighed,
    with_id,
)


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


def test_a_rebuild_and_its_checks_bring_the_same_tasks(site: Site) -> None:
    several(site)
    check(site)
    before = lines(site)

    replay.rebuild(site)
    check(site)

    assert lines(site) == before
    assert {check_name for check_name, _, _ in before} >= {"identity", "reading", "clock"}


def test_what_did_not_change_is_neither_read_nor_compared_again(site: Site) -> None:
    several(site)

    first, second = check(site), check(site)
    read_again = filling.fill(site)
    send(site, weighed("uuid:more", 66), 50)
    third = filling.fill(site)

    assert first.raised >= 1
    assert (second, read_again, third) == (NOTHING, 0, 1)


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
