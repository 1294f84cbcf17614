from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey import folds, indicators, intake
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from server.tables.projections import (
    Case,
    DayTally,
    DiseaseTally,
    Entity,
    EntityTally,
    Flag,
    Household,
    Person,
    VillageTally,
    Visit,
)
from server.tables.reference import Village
from tests.builders import (
    NEXT_VILLAGE,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    audit_xml,
    roster_xml,
    screening_xml,
)

TODAY = date(2026, 11, 22)


def receive(site: Site, *uploads: bytes) -> None:
    for xml in uploads:
        intake.receive(site, an_upload(xml))


def told(session: Session, code: str) -> list[str]:
    return list(session.scalars(select(Flag.path).where(Flag.code == code)))


def test_a_roster_becomes_a_household_with_its_persons(site: Site, session: Session) -> None:
    members = [a_member("王小一"), a_member("王小二", relation="child", birth_year="2001")]

    receive(site, roster_xml(number="HH0001", members=members))

    household = session.scalars(select(Household)).one()
    persons = session.scalars(select(Person).order_by(Person.name)).all()
    assert (household.number, household.size, household.outcome) == ("HH0001", 2, "completed")
    assert [person.name for person in persons] == ["王小一", "王小二"]
    assert {person.household_id for person in persons} == {household.id}


def test_a_second_visit_to_a_numbered_household_counts_once(site: Site, session: Session) -> None:
    receive(
        site,
        roster_xml("uuid:1", number="HH0001", outcome="absent", day="2026-11-18"),
        roster_xml("uuid:2", number="hh0001", members=[a_member()], day="2026-11-20"),
    )

    household = session.scalars(select(Household)).one()
    tally = session.get_one(VillageTally, VILLAGE)

    assert (household.visits, household.outcome) == (2, "completed")
    assert (tally.households, tally.completed, tally.absent_final) == (1, 1, 0)


def test_three_days_without_meeting_anyone_are_final_and_two_are_not(
    site: Site, session: Session
) -> None:
    outcomes: list[str] = []

    for day in ("2026-11-17", "2026-11-18", "2026-11-18", "2026-11-19"):
        count = len(outcomes)
        receive(site, roster_xml(f"uuid:{count}", number="HH0001", outcome="absent", day=day))
        session.rollback()
        outcomes.append(session.scalars(select(Household.outcome)).one())

    assert outcomes == ["open", "open", "open", "absent_final"]


def test_a_household_that_does_not_agree_is_refused_and_has_no_persons(
    site: Site, session: Session
) -> None:
    receive(site, roster_xml(consent="no"))

    assert session.scalars(select(Household.outcome)).all() == ["refused"]
    assert session.scalars(select(Person)).all() == []


def test_a_screening_finds_the_person_of_the_roster(site: Site, session: Session) -> None:
    receive(
        site,
        roster_xml(members=[a_member()]),
        screening_xml(codes="lung_cancer", day="2026-11-21"),
    )

    person = session.scalars(select(Person)).one()
    case = session.scalars(select(Case)).one()
    tally = session.get_one(VillageTally, VILLAGE)

    assert (person.screening, person.screened_on) == ("done", date(2026, 11, 20))
    assert (case.code, case.state) == ("lung_cancer", "suspected")
    assert (tally.persons, tally.screened, tally.suspected, tally.documented) == (1, 1, 1, 0)


def test_a_hospital_paper_documents_what_was_reported_and_nothing_else(
    site: Site, session: Session
) -> None:
    receive(
        site,
        screening_xml(
            codes="colorectal_suspect tb_suspect",
            reported="colon_cancer",
            level="l2",
            paper="yes",
        ),
    )

    cases = {case.code: case.state for case in session.scalars(select(Case))}

    assert cases == {"colon_cancer": "documented", "tb_suspect": "suspected"}


def test_a_paper_of_a_village_doctor_documents_nothing(site: Site, session: Session) -> None:
    receive(site, screening_xml(reported="gastric_cancer", level="l1", paper="yes"))

    assert session.scalars(select(Case.state)).all() == ["suspected"]


def test_an_absent_person_is_not_screened_and_has_no_case(site: Site, session: Session) -> None:
    receive(site, screening_xml(state="absent", codes="esrd"))

    assert session.scalars(select(Case)).all() == []
    assert session.scalars(select(Person.screening)).all() == ["absent"]


def test_hypertension_is_a_case_but_not_one_of_the_screened_diseases(
    site: Site, session: Session
) -> None:
    receive(site, screening_xml(codes="hypertension", reported="hypertension"))

    tally = session.get_one(VillageTally, VILLAGE)
    diseases = session.scalars(select(DiseaseTally.code)).all()

    assert diseases == ["hypertension"]
    assert (tally.suspected, tally.documented) == (0, 0)


def test_an_edit_that_moves_a_household_leaves_no_trace_in_the_old_village(
    site: Site, session: Session
) -> None:
    receive(
        site,
        roster_xml("uuid:a", number="HH0001", members=[a_member()]),
        roster_xml(
            "uuid:b",
            number="HH0001",
            village=NEXT_VILLAGE,
            members=[a_member(m_village=NEXT_VILLAGE)],
            deprecated="uuid:a",
        ),
    )

    for table in (VillageTally, DayTally, Household, Person, Visit):
        codes = session.scalars(select(table.village_code)).all()
        assert codes == [NEXT_VILLAGE], table


def test_entities_have_one_version_for_each_change(site: Site, session: Session) -> None:
    person = an_id("person", "王小一")
    update = f'<entity dataset="persons" update="1" baseVersion="1" id="{person}"/></orx:meta>'
    receive(
        site,
        roster_xml(members=[a_member()]),
        screening_xml().replace(b"</orx:meta>", update.encode()),
    )

    entity = session.scalars(select(Entity).where(Entity.list_name == "persons")).one()

    assert (entity.entity_id, entity.version, entity.is_created) == (person, 2, True)
    assert entity.properties["pname"] == "王小一"


def test_an_update_of_an_entity_nobody_created_is_not_served(site: Site, session: Session) -> None:
    update = f'<entity dataset="persons" update="1" baseVersion="1" id="{an_id("x")}"/></orx:meta>'
    receive(site, screening_xml().replace(b"</orx:meta>", update.encode()))

    assert session.scalars(select(Entity)).all() == []
    assert session.scalars(select(EntityTally)).all() == []
    assert session.scalars(select(Flag.code)).all().count("entity_not_found") == 1


def test_a_clock_that_is_years_ahead_does_not_move_the_last_visit(
    site: Site, session: Session
) -> None:
    receive(site, roster_xml(day="2099-01-01"))

    assert session.scalars(select(Visit.visited_on)).all() == [date(2026, 11, 20)]
    assert told(session, "visit_in_future")


def test_a_visit_far_from_its_village_is_flagged(site: Site, session: Session) -> None:
    with Session(site.engine) as writing, writing.begin():
        place = {"latitude": 38.1, "longitude": 116.9}
        writing.add(Village(code=VILLAGE, name="高川村", township_code="130921211000", **place))

    receive(site, roster_xml("uuid:near"), roster_xml("uuid:far", fix="39.9 116.4 0 5"))

    far = session.scalars(select(Flag).where(Flag.code == "far_from_village")).one()
    assert far.params == {"distance_km": "204.8"}


def test_a_village_that_the_registry_does_not_know_is_flagged_not_refused(
    site: Site, session: Session
) -> None:
    receive(site, roster_xml())

    flag = session.scalars(select(Flag).where(Flag.code == "village_unknown")).one()
    assert flag.params == {"village": VILLAGE}


def test_coverage_lists_villages_nobody_has_visited(site: Site, session: Session) -> None:
    with Session(site.engine) as writing, writing.begin():
        for code, name in ((VILLAGE, "高川村"), (NEXT_VILLAGE, "后村")):
            writing.add(Village(code=code, name=name, township_code="130921211000", households=4))
    receive(site, roster_xml("uuid:1", number="HH0001", members=[a_member()]))

    first, second = indicators.coverage_by_village(session, WHOLE_SITE, TODAY)

    assert (first.done, first.left, first.days_behind, first.share) == (1, 3, 2, 0.25)
    assert (second.done, second.left, second.days_behind) == (0, 4, None)


def test_a_village_without_a_position_stands_among_its_households(
    site: Site, session: Session
) -> None:
    with Session(site.engine) as writing, writing.begin():
        writing.add(Village(code=VILLAGE, name="高川村", township_code="130921211000"))
    fixes = ("38.1 116.9 0 5", "38.2 116.8 0 5", "38.3 116.7 0 5")
    receive(site, *(roster_xml(f"uuid:{n}", fix=fix) for n, fix in enumerate(fixes)))

    (village,) = indicators.coverage_by_village(session, WHOLE_SITE, TODAY)

    assert village.place is not None
    assert (village.place.latitude, village.place.longitude) == (38.2, 116.8)


def test_a_refusal_after_an_absence_decides_and_a_completion_stands() -> None:
    def visit(outcome: str, day: int) -> dict[str, object]:
        return {"outcome": outcome, "visited_on": date(2026, 11, day)}

    told = [visit("absent", 1), visit("refused", 2), visit("absent", 3)]

    assert folds.household_outcome(told) == "refused"
    assert folds.household_outcome([*told, visit("completed", 4)]) == "completed"
    assert folds.household_outcome([visit("completed", 1), visit("vacated", 2)]) == "completed"


def test_an_audit_of_the_clinic_is_no_visit_to_the_village(site: Site, session: Session) -> None:
    receive(site, audit_xml(clinic=an_id("clinic")))

    assert session.scalars(select(Visit.outcome)).all() == ["audited"]
    assert session.scalars(select(DayTally)).all() == []
