"""The same ID number, phone or person twice: found whatever arrived first, and after a rebuild."""

from __future__ import annotations

from datetime import date
from itertools import permutations

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey import duplicates, intake, replay
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.duplicates import ID_NUMBER, PHONE, SCREENED
from server.survey.site import Site
from server.tables.projections import Household
from tests.builders import (
    NEXT_VILLAGE,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    roster_xml,
    screening_xml,
)

TODAY = date(2026, 11, 22)
ID = "990000197005060028"
HERE = Scope.of([VILLAGE])


def with_id(name: str) -> dict[str, str]:
    return a_member(name, id18=ID, has_id="yes")


def with_phone(number: int, phone: str, village: str = VILLAGE) -> bytes:
    xml = roster_xml(f"uuid:p{number}", number=f"HH{number}", village=village)
    return xml.replace(b"<hh_type>", f"<phone>{phone}</phone><hh_type>".encode())


def same_id() -> list[bytes]:
    """Two persons with one ID number, in two households of two villages; one of their own."""
    other = a_member("李四", id18="110101199003070935", has_id="yes")
    return [
        roster_xml("uuid:r1", number="HH1", members=[with_id("王小一"), other]),
        roster_xml("uuid:r2", number="HH2", village=NEXT_VILLAGE, members=[with_id("王晓一")]),
    ]


def receive(site: Site, *xmls: bytes) -> None:
    for xml in xmls:
        intake.receive(site, an_upload(xml))


def counted(site: Site, scope: Scope = WHOLE_SITE) -> dict[str, int]:
    with Session(site.engine) as session:
        return duplicates.counts(session, scope, TODAY)


def test_one_id_number_of_two_persons_is_found_from_both_sides(
    site: Site, session: Session
) -> None:
    receive(site, *same_id())

    assert counted(site) == {ID_NUMBER: 2}
    assert counted(site, HERE) == {ID_NUMBER: 1}
    found = duplicates.page(session, WHOLE_SITE, ID_NUMBER, TODAY)
    assert {one.name for one in found.lines} == {"王小一", "王晓一"}
    assert len({one.group for one in found.lines}) == 1
    first = an_id("person", "王小一")
    whole = duplicates.of_person(session, first, WHOLE_SITE)
    assert [(one.name, one.village_code) for one in whole.others] == [("王晓一", NEXT_VILLAGE)]


def test_who_lies_outside_the_readers_areas_is_counted_and_not_named(
    site: Site, session: Session
) -> None:
    receive(site, *same_id())

    found = duplicates.of_person(session, an_id("person", "王小一"), HERE)

    assert (found.others, found.elsewhere) == ((), 1)
    assert not duplicates.of_person(session, an_id("person", "李四"), WHOLE_SITE)


def test_a_phone_is_shared_by_two_families_and_looks_wrong_with_three(
    site: Site, session: Session
) -> None:
    receive(site, with_phone(1, "13800001234"), with_phone(2, "13800001234"))
    two = counted(site)
    receive(site, with_phone(3, "13800001234", NEXT_VILLAGE), with_phone(4, ""))

    assert two == {}
    assert counted(site) == {PHONE: 3}
    first = session.scalars(select(Household.id).where(Household.number == "HH1")).one()
    found = duplicates.of_household(session, first, HERE)
    assert ([one.name for one in found.others], found.elsewhere) == (["HH2"], 1)


def test_a_second_screening_within_half_a_year_is_found(site: Site, session: Session) -> None:
    receive(
        site,
        screening_xml("uuid:s0", day="2025-11-01"),
        screening_xml("uuid:s1", day="2026-10-02"),
        screening_xml("uuid:s2", day="2026-11-20"),
        screening_xml("uuid:s3", name="李四", day="2026-11-20"),
        screening_xml("uuid:s4", name="李四", day="2026-11-21", state="absent"),
    )

    assert counted(site) == {SCREENED: 1}
    found = duplicates.of_person(session, an_id("person", "王小一"), WHOLE_SITE)
    assert [day for _, day in found.screenings] == [date(2026, 10, 2), date(2026, 11, 20)]
    assert not duplicates.of_person(session, an_id("person", "李四"), WHOLE_SITE)


def test_the_order_of_arrival_and_a_rebuild_change_nothing(site: Site) -> None:
    everything = [*same_id(), *(with_phone(number, "13800001234") for number in (1, 2, 3))]
    order = list(permutations(everything))[77]
    receive(site, *order)
    before = counted(site)

    replay.rebuild(site)

    assert counted(site) == before == {ID_NUMBER: 2, PHONE: 3}


def test_a_list_goes_on_where_its_page_ended(site: Site, session: Session) -> None:
    families = duplicates.PAGE + 2
    receive(site, *(with_phone(number, "13800001234") for number in range(families)))

    first = duplicates.page(session, WHOLE_SITE, PHONE, TODAY)
    rest = duplicates.page(session, WHOLE_SITE, PHONE, TODAY, first.next_key)

    assert "138" not in first.next_key
    shown = duplicates.of_household(session, first.lines[0].id, WHOLE_SITE)
    assert (len(shown.others), shown.more) == (duplicates.MOST_SHOWN, families - 21)
    assert (len(first.lines), len(rest.lines), rest.next_key) == (duplicates.PAGE, 2, "")
    assert len({one.id for one in (*first.lines, *rest.lines)}) == families
