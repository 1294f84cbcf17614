"""Two merged count once everywhere, and undoing that leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Conflict, Missing, NotAllowed, NotValid
from server.survey import batches, intake, merges, people, replay, screening
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.likeness import decided, finding, listing
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.survey.merges import Desk, Merge
from server.survey.quality import thresholds
from server.survey.screening import Filters
from server.survey.site import Site
from server.tables.merges import PairDecision
from server.tables.projections import (
    Case,
    Entity,
    Finding,
    Household,
    Measurement,
    Person,
    VillageTally,
)
from server.tables.signals import Signal
from server.tables.tasks import TaskStep
from tests.builders import (
    NEXT_VILLAGE,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    roster_xml,
    screening_xml,
)

DESK = Desk(1, "Li", WHOLE_SITE)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_OURS = select(Signal).where(Signal.check.like("duplicate_%"))
FIRST, SECOND, OTHER = (an_id("person", name) for name in ("王小一", "王晓一", "李四"))


def receive(site: Site, *xmls: bytes) -> None:
    for xml in xmls:
        intake.receive(site, an_upload(xml))


def screened(instance: str, name: str, day: str = "2026-11-18", **told: Any) -> bytes:
    return screening_xml(instance, name=name, day=day, **told)


@pytest.fixture
def twice(site: Site) -> Site:
    """One woman in two households of a village, screened in both, and somebody else."""
    receive(
        site,
        roster_xml(
            "uuid:r1", number="HH1", members=[a_member("王小一"), a_member("李四", sex="male")]
        ),
        roster_xml("uuid:r2", number="HH2", day="2026-11-19", members=[a_member("王晓一")]),
        screened("uuid:s1", "王小一", codes="lung_cancer", reported="lung_cancer"),
        screened("uuid:s2", "王晓一", "2026-11-19", codes="tb_suspect"),
    )
    return site


def decide(site: Site, act: Callable[[Session], object]) -> object:
    with writing_session(site.engine) as session:
        return act(session)


def merge(site: Site, kept: str = FIRST, merged: str = SECOND) -> int:
    wanted = Merge(PERSON, kept, merged)
    return int(str(decide(site, lambda session: merges.merge(session, DESK, wanted, "one"))))


def undo(site: Site, number: int) -> None:
    decide(site, lambda session: merges.undo(session, DESK, number))


def household_id(site: Site, number: str) -> str:
    with Session(site.engine) as session:
        return session.scalars(select(Household.id).where(Household.number == number)).one()


def check(site: Site) -> None:
    with site.engine.connect() as connection:
        chosen = thresholds.current(connection)
    finding.work_out(site, chosen, NOW)


def tallied(site: Site, name: str) -> int:
    with Session(site.engine) as session:
        return session.scalar(select(func.sum(getattr(VillageTally, name)))) or 0


def due(session: Session) -> list[screening.Candidate]:
    return list(screening.candidates(session, WHOLE_SITE, Filters(), may_see_sensitive=True))


def test_a_merged_person_is_one_with_the_findings_of_both(twice: Site, session: Session) -> None:
    assert (tallied(twice, "persons"), tallied(twice, "suspected")) == (3, 2)

    merge(twice)

    assert (tallied(twice, "persons"), tallied(twice, "suspected")) == (2, 1)
    person = session.get_one(Person, FIRST)
    assert (person.name, person.screened_on) == ("王小一", date(2026, 11, 19))
    assert session.get(Person, SECOND) is None
    codes = session.scalars(select(Case.code).where(Case.person_id == FIRST).order_by(Case.code))
    assert list(codes) == ["lung_cancer", "tb_suspect"]
    for table in (Finding, Measurement):
        assert set(session.scalars(select(table.person_id))) <= {FIRST, OTHER}


def test_the_one_that_is_kept_gives_the_name_and_the_other_fills_what_is_missing(
    site: Site, session: Session
) -> None:
    number = "990000197005060028"
    receive(
        site,
        roster_xml("uuid:r1", number="HH1", day="2026-11-18", members=[a_member("王小一")]),
        roster_xml(
            "uuid:r2",
            number="HH2",
            day="2026-11-20",
            members=[a_member("王晓一", id18=number, has_id="yes")],
        ),
    )

    merge(site)

    person = session.get_one(Person, FIRST)
    assert (person.name, person.id_number) == ("王小一", number)
    assert person.household_id == household_id(site, "HH2")


def test_what_arrives_later_for_the_merged_one_counts_for_the_kept_one(
    twice: Site, session: Session
) -> None:
    merge(twice)

    receive(twice, screened("uuid:s3", "王晓一", "2026-11-20", reported="colon_cancer"))

    assert tallied(twice, "persons") == 2
    codes = set(session.scalars(select(Case.code).where(Case.person_id == FIRST)))
    assert "colon_cancer" in codes
    assert session.get(Person, SECOND) is None


def test_undoing_gives_each_his_own_back_and_the_phone_its_line(
    twice: Site, session: Session
) -> None:
    before = _whole(session)
    number = merge(twice)
    session.rollback()
    assert session.get_one(Entity, (SECOND, "persons")).is_deleted

    undo(twice, number)

    session.rollback()
    assert _whole(session) == before
    assert not session.get_one(Entity, (SECOND, "persons")).is_deleted
    with pytest.raises(Conflict):
        undo(twice, number)


def test_a_chain_of_merges_can_be_undone_in_the_middle(twice: Site, session: Session) -> None:
    before = _whole(session)
    first = merge(twice, FIRST, SECOND)
    second = merge(twice, OTHER, FIRST)
    assert tallied(twice, "persons") == 1

    undo(twice, first)
    assert [one.id for one in session.scalars(select(Person).order_by(Person.id))] == sorted(
        [OTHER, SECOND]
    )

    undo(twice, second)
    session.rollback()
    assert _whole(session) == before


def test_two_households_are_merged_with_their_members(site: Site, session: Session) -> None:
    family = ("王小一", "李四")
    receive(
        site,
        roster_xml("uuid:r1", number="HH1", members=[a_member(one) for one in family]),
        roster_xml(
            "uuid:r2",
            number="HH2",
            day="2026-11-19",
            members=[a_member(one, entity=an_id("again", one)) for one in family],
        ),
    )
    before = _whole(session)
    kept, merged = household_id(site, "HH1"), household_id(site, "HH2")
    members = [Merge(PERSON, an_id("person", one), an_id("again", one)) for one in family]

    number = decide(
        site,
        lambda session: merges.merge(session, DESK, Merge(HOUSEHOLD, kept, merged), "", members),
    )

    session.rollback()
    assert (tallied(site, "households"), tallied(site, "persons")) == (1, 2)
    household = session.get_one(Household, kept)
    assert (household.number, household.visits) == ("HH1", 2)
    assert {one.household_id for one in session.scalars(select(Person))} == {kept}

    undo(site, int(str(number)))
    session.rollback()
    assert _whole(session) == before


def test_the_treatment_list_and_the_register_tell_the_same_number(
    twice: Site, session: Session
) -> None:
    assert len(due(session)) == 2 == tallied(twice, "suspected")

    merge(twice)
    session.rollback()

    (only,) = due(session)
    assert only.person_ids == (FIRST, SECOND)
    assert tallied(twice, "suspected") + tallied(twice, "documented") == 1
    assert {one.code for one in only.diseases} == {"lung_cancer", "tb_suspect"}


def test_a_list_knows_the_merged_one_again_and_says_why_a_line_left(twice: Site) -> None:
    recipe = batches.Recipe("a", "b", date(2026, 12, 1), date(2026, 12, 2), Filters())

    def make(session: Session) -> int:
        return batches.make(session, WHOLE_SITE, recipe, 1, "Li", NOW)

    decide(twice, make)
    merge(twice, SECOND, FIRST)
    number = int(str(decide(twice, make)))

    with Session(twice.engine) as session:
        lines = list(batches.entries(session, number, WHOLE_SITE))
    told = sorted((line.change, line.reason, line.person.id) for line in lines)
    assert [(change, reason) for change, reason, _ in told] == [
        ("changed", ""),
        ("removed", "merged"),
    ]


def test_persons_of_one_id_number_who_were_kept_apart_stand_on_the_list_as_two(
    site: Site, session: Session
) -> None:
    number = "990000197005060028"
    for n, name in enumerate(("王小一", "李四")):
        member = a_member(name, id18=number, has_id="yes")
        receive(
            site,
            roster_xml(f"uuid:r{n}", number=f"HH{n}", members=[member]),
            screened(f"uuid:s{n}", name, reported="lung_cancer"),
        )
    assert len(due(session)) == 1
    session.rollback()

    decide(site, lambda session: merges.keep_apart(session, DESK, Merge(PERSON, FIRST, OTHER), ""))

    assert len(due(session)) == 2 == tallied(site, "suspected")


def test_what_cannot_be_one_is_refused_in_words(twice: Site, session: Session) -> None:
    receive(twice, roster_xml("uuid:r3", number="HH3", village=NEXT_VILLAGE))
    here, there = household_id(twice, "HH1"), household_id(twice, "HH3")

    def refused(kind: type[Exception], one: Merge, desk: Desk = DESK) -> None:
        with pytest.raises(kind):
            decide(twice, lambda session: merges.merge(session, desk, one, ""))

    refused(NotValid, Merge(HOUSEHOLD, here, there))
    refused(NotValid, Merge(PERSON, FIRST, FIRST))
    refused(Missing, Merge(PERSON, FIRST, "nobody"))
    refused(NotAllowed, Merge(PERSON, FIRST, SECOND), Desk(1, "Li", Scope.of([NEXT_VILLAGE])))
    decide(
        twice, lambda session: merges.keep_apart(session, DESK, Merge(PERSON, FIRST, SECOND), "")
    )
    refused(Conflict, Merge(PERSON, FIRST, SECOND))
    assert session.scalar(select(func.count()).select_from(PairDecision)) == 1


def test_whom_the_merged_one_was_kept_apart_from_stays_apart(twice: Site, session: Session) -> None:
    decide(
        twice, lambda session: merges.keep_apart(session, DESK, Merge(PERSON, SECOND, OTHER), "x")
    )
    number = merge(twice)
    assert decided.holds(session, PERSON, *sorted((FIRST, OTHER)))

    undo(twice, number)

    session.rollback()
    assert not decided.holds(session, PERSON, *sorted((FIRST, OTHER)))
    assert decided.holds(session, PERSON, *sorted((SECOND, OTHER)))


def test_pairs_are_found_told_once_and_gone_when_decided(twice: Site, session: Session) -> None:
    check(twice)
    waiting = listing.page(session, WHOLE_SITE, PERSON)
    assert [(one.rule, set(one.names)) for one in waiting.lines] == [
        ("sound_birth", {"王小一", "王晓一"})
    ]
    (signal,) = session.scalars(_OURS)
    assert (signal.check, signal.subject, signal.village_code) == (
        "duplicate_person",
        "uuid:s2",
        VILLAGE,
    )
    assert "王" not in str(signal.figures)
    assert listing.count(session, Scope.of([NEXT_VILLAGE]), PERSON) == 0

    number = merge(twice)
    session.rollback()
    assert listing.count(session, WHOLE_SITE, PERSON) == 0
    assert session.scalars(_OURS).all() == []
    check(twice)
    session.rollback()
    assert session.scalars(_OURS).all() == []

    undo(twice, number)
    check(twice)
    session.rollback()
    assert listing.count(session, WHOLE_SITE, PERSON) == 1
    steps = session.execute(select(TaskStep.kind, TaskStep.reason).order_by(TaskStep.id)).all()
    assert [tuple(one) for one in steps] == [("closed", "corrected"), ("reopened", "")]


def test_members_of_two_households_wait_for_the_decision_about_these(
    site: Site, session: Session
) -> None:
    for n in range(2):
        family = [a_member(name, entity=an_id(n, name)) for name in ("王小一", "李四")]
        receive(site, roster_xml(f"uuid:r{n}", number=f"HH{n}", members=family))
    check(site)
    (pair,) = listing.page(session, WHOLE_SITE, HOUSEHOLD).lines
    assert (pair.matched, listing.count(session, WHOLE_SITE, PERSON)) == (2, 0)

    apart = Merge(HOUSEHOLD, pair.first_id, pair.second_id)
    decide(site, lambda session: merges.keep_apart(session, DESK, apart, ""))

    session.rollback()
    assert listing.count(session, WHOLE_SITE, HOUSEHOLD) == 0
    assert listing.count(session, WHOLE_SITE, PERSON) == 2


def test_only_what_changed_is_compared_again(twice: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[list[str]] = []
    asked = finding.read

    def noted(connection: Connection, villages: list[str]) -> finding.Registered:
        read.append(villages)
        return asked(connection, villages)

    monkeypatch.setattr(finding, "read", noted)
    check(twice)
    check(twice)
    assert read == [[VILLAGE]]

    receive(twice, screened("uuid:s4", "王小一", "2026-11-20"))
    check(twice)
    assert len(read) == 1

    receive(twice, roster_xml("uuid:r9", village=NEXT_VILLAGE, members=[a_member("赵六")]))
    check(twice)
    assert read[1:] == [[NEXT_VILLAGE]]


def test_a_page_of_a_merged_person_leads_to_the_one_that_counts(
    twice: Site, session: Session
) -> None:
    merge(twice)

    assert decided.counted_as(session, PERSON, SECOND) == FIRST
    with pytest.raises(Missing):
        people.person(session, SECOND, WHOLE_SITE, may_see_sensitive=True)
    assert [one.merged_id for one in decided.decisions_of(session, PERSON, FIRST)] == [SECOND]


def test_a_rebuild_keeps_what_was_decided(twice: Site, session: Session) -> None:
    merge(twice)
    before = _whole(session)

    replay.rebuild(twice)

    session.rollback()
    assert _whole(session) == before


def _whole(session: Session) -> dict[str, list[str]]:
    """Return all households, persons, cases and sums; hold up nobody who drops the tables."""
    told = {
        table.__tablename__: sorted(
            repr([getattr(row, column.name) for column in table.__table__.columns])
            for row in session.scalars(select(table))
        )
        for table in (Household, Person, Case, VillageTally)
    }
    session.rollback()
    return told
