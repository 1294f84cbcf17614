"""Entities from submissions to lists: offline chains, approval, decisions, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import entity_lists, replay, reviews
from server.survey.areas import WHOLE_SITE
from server.survey.entities import actions, backlog, folding
from server.survey.entities.actions import NewAction
from server.survey.site import PROJECTED_TABLES, Site
from server.tables.projections import Entity, EntityChange, EntityTally, Flag, VillageTally, Visit
from tests.houses import BRANCH, HOUSE, HOUSES, NOON, house_xml, receive, review
from tests.phone_site import HERE, NEXT, open_phone_site

COLUMNS = ("colour", "owner", "village_code")


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    opened = open_phone_site(tmp_path / "site", database_url, HOUSES)
    yield opened
    opened.close()


CREATE = house_xml("uuid:1", "create", "red", label="House 1")
SECOND = house_xml("uuid:2", "update", "green", base=1, branch=BRANCH)
THIRD = house_xml("uuid:3", "update", "blue", base=2, branch=BRANCH)


def the_house(site: Site) -> Entity:
    with Session(site.engine) as session:
        return session.scalars(select(Entity).where(Entity.list_name == "houses")).one()


def codes(site: Site) -> list[str]:
    with Session(site.engine) as session:
        found = session.scalars(select(Flag.code).order_by(Flag.code)).all()
        tally = session.scalar(select(VillageTally.flags)) or 0
        assert sum(session.scalars(select(Visit.flags)).all()) == tally == len(found)
        return [code for code in found if code.startswith("entity")]


def outcomes(site: Site) -> list[str]:
    with Session(site.engine) as session:
        return list(
            session.scalars(select(EntityChange.outcome).order_by(EntityChange.submission_id))
        )


def act(site: Site, kind: str, **more: object) -> None:
    with writing_session(site.engine) as session:
        actions.act(session, 1, "Li", [NewAction("houses", HOUSE, kind, **more)])  # type: ignore[arg-type]


def list_hash(site: Site) -> str:
    with site.engine.connect() as connection:
        return entity_lists.list_hash(connection, "houses", COLUMNS, [HERE])


def rebuilds_alike(site: Site) -> None:
    def rows() -> dict[str, list[str]]:
        with site.engine.connect() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(select(table)).all()))
                for table in PROJECTED_TABLES
            }

    before = rows()
    replay.rebuild(site)
    assert rows() == before


def test_an_offline_chain_comes_out_alike_in_whatever_order_it_is_sent(site: Site) -> None:
    """F17; appendix test 12."""
    for number, order in enumerate(permutations((0, 1, 2))):
        entity_id = f"1b4e28ba-2fa1-4d3b-a3f5-{number:012}"
        chain = [
            xml.replace(HOUSE.encode(), entity_id.encode()).replace(b"uuid:", b"uuid:%d-" % number)
            for xml in (CREATE, SECOND, THIRD)
        ]
        receive(site, *(chain[one] for one in order))

    with Session(site.engine) as session:
        houses = session.scalars(select(Entity).where(Entity.list_name == "houses")).all()
    assert len(houses) == 6
    assert {(one.label, one.version, one.conflict) for one in houses} == {("House 1", 3, "")}
    assert {one.properties["colour"] for one in houses} == {"blue"}
    assert codes(site) == []
    rebuilds_alike(site)


def test_what_waits_too_long_is_forced_once_and_stays_forced_in_a_rebuild(site: Site) -> None:
    """F17, F18; appendix test 12, with one missing."""
    receive(site, CREATE, THIRD)
    days = site.settings.held_days

    early = backlog.force_overdue(site, 1, NOON + timedelta(days=days, hours=-1))
    held = (the_house(site).properties["colour"], outcomes(site))
    forced = backlog.force_overdue(site, 1, NOON + timedelta(days=days, hours=1))
    again = backlog.force_overdue(site, 1, NOON + timedelta(days=days, hours=1))

    assert (early, forced, again) == (0, 1, 0)
    assert held == ("red", ["applied", "held"])
    assert (the_house(site).version, the_house(site).properties["colour"]) == (2, "blue")
    rebuilds_alike(site)
    receive(site, SECOND)
    assert (the_house(site).properties["colour"], the_house(site).conflict) == ("green", "hard")
    rebuilds_alike(site)


def test_nothing_but_updates_is_forced_into_being_and_created_late(site: Site) -> None:
    """F18."""
    receive(site, SECOND, THIRD)
    assert list(outcomes(site)) == ["held", "held"]

    forced = backlog.force_overdue(site, 1, NOON + timedelta(days=9))

    assert (forced, the_house(site).label, the_house(site).version) == (1, "auto generated", 2)
    receive(site, CREATE)
    assert (the_house(site).label, the_house(site).conflict) == ("House 1", "hard")
    rebuilds_alike(site)


def test_two_phones_from_one_base_are_told_as_a_conflict_that_a_person_ends(site: Site) -> None:
    """F19; appendix test 13."""
    one = house_xml("uuid:a", "update", "green", base=1, trunk=1, branch=BRANCH)
    two = house_xml("uuid:b", "update", "blue", base=1, trunk=1, branch=HOUSE)
    receive(site, CREATE, one, two)
    assert (the_house(site).conflict, the_house(site).properties["colour"]) == ("hard", "blue")

    act(site, "resolve", base_version=3, properties={"colour": "green"})

    house = the_house(site)
    assert (house.conflict, house.version, house.properties["colour"]) == ("", 4, "green")
    rebuilds_alike(site)


def test_deleting_changes_what_phones_are_told_and_restoring_brings_it_back(site: Site) -> None:
    """F14, F15, B8; appendix test 14."""
    receive(site, CREATE)
    before = list_hash(site)

    act(site, "delete", reason="Torn down")
    with Session(site.engine) as session:
        told = entity_lists.integrity(session.connection(), "houses", [HOUSE, BRANCH], [HERE])
        tallies = session.scalars(select(EntityTally)).all()
    deleted = list_hash(site)
    receive(site, house_xml("uuid:4", "create", "new", label="Else"))

    assert told == {HOUSE: True}
    assert (tallies, deleted == before) == ([], False)
    assert codes(site) == ["entity_deleted"]
    rebuilds_alike(site)
    act(site, "restore")
    assert list_hash(site) == before
    rebuilds_alike(site)


def test_errors_are_flags_of_the_submission_and_go_with_their_cause(site: Site) -> None:
    """F20: the submission stays, the change is not applied."""
    receive(site, CREATE, house_xml("uuid:9", "update", "grey", base=7))
    receive(site, house_xml("uuid:8", "create", "grey", label="Again"))
    assert codes(site) == ["entity_exists", "entity_version_unknown"]

    rebuilds_alike(site)
    receive(site, house_xml("uuid:10", "update", "white", base=1, deprecated="uuid:9"))

    assert codes(site) == ["entity_exists"]
    assert the_house(site).properties["colour"] == "white"
    rebuilds_alike(site)


def test_an_edit_leaves_the_entity_and_a_desk_may_apply_it_again(site: Site) -> None:
    """F23, C23."""
    edit = house_xml("uuid:5", "create", "pink", label="House 1", deprecated="uuid:1")
    receive(site, CREATE, edit)

    assert (the_house(site).properties["colour"], the_house(site).version) == ("red", 1)
    assert (outcomes(site), codes(site)) == (["applied", "superseded"], [])
    act(site, "update", properties={"colour": "pink"}, submission_id=2, number=0)
    assert (the_house(site).properties["colour"], the_house(site).version) == ("pink", 2)
    rebuilds_alike(site)


def test_an_edit_that_comes_before_what_it_edits_counts_as_the_first(site: Site) -> None:
    """F23."""
    edit = house_xml("uuid:5", "create", "pink", label="House 1", deprecated="uuid:1")

    receive(site, edit, CREATE)

    assert the_house(site).properties["colour"] == "pink"
    assert outcomes(site) == ["applied", "superseded"]
    rebuilds_alike(site)


def test_creations_wait_for_approval_and_what_follows_waits_with_them(site: Site) -> None:
    """F21."""
    with writing_session(site.engine) as session:
        backlog.set_approval(session, 1, "Li", "houses", is_needed=True)
    receive(site, CREATE, SECOND)
    assert list(outcomes(site)) == ["waiting", "held"]
    assert backlog.force_overdue(site, 1, NOON + timedelta(days=9)) == 0

    with writing_session(site.engine) as session:
        reviews.add_note(session, 1, WHOLE_SITE, "approved", "", "Li")

    assert (the_house(site).version, the_house(site).properties["colour"]) == (2, "green")
    rebuilds_alike(site)
    review(site, "uuid:1", "has_issues")
    assert the_house(site).is_created


def test_of_an_edited_submission_what_was_approved_is_created(site: Site) -> None:
    """F21, F23."""
    with writing_session(site.engine) as session:
        backlog.set_approval(session, 1, "Li", "houses", is_needed=True)
    edit = house_xml("uuid:5", "create", "pink", label="House 1", deprecated="uuid:1")
    receive(site, CREATE, edit)
    assert outcomes(site) == ["superseded", "waiting"]

    review(site, "uuid:1", "approved")

    assert the_house(site).properties["colour"] == "pink"
    rebuilds_alike(site)


def test_what_is_rejected_stays_out_when_approval_is_no_longer_asked(site: Site) -> None:
    """F21."""
    other = house_xml("uuid:7", "create", "red", label="Other", entity_id=BRANCH)
    with writing_session(site.engine) as session:
        backlog.set_approval(session, 1, "Li", "houses", is_needed=True)
    receive(site, CREATE, other)
    review(site, "uuid:7", "rejected")
    assert outcomes(site) == ["waiting", "rejected"]

    with writing_session(site.engine) as session:
        backlog.set_approval(session, 1, "Li", "houses", is_needed=False)

    assert outcomes(site) == ["applied", "rejected"]
    rebuilds_alike(site)


def test_asking_for_approval_takes_nothing_away_that_was_created_before(site: Site) -> None:
    """F12: what disappears from a list disappears from phones."""
    receive(site, CREATE)

    with writing_session(site.engine) as session:
        backlog.set_approval(session, 1, "Li", "houses", is_needed=True)

    assert the_house(site).is_created
    rebuilds_alike(site)


def test_an_entity_made_at_a_desk_alone_is_there_after_a_rebuild(site: Site) -> None:
    with writing_session(site.engine) as session:
        made = actions.create(
            session, 1, "Li", "houses", "By hand", {"village_code": NEXT, "colour": ""}, WHOLE_SITE
        )

    assert (the_house(site).entity_id, the_house(site).village_code) == (made, NEXT)
    rebuilds_alike(site)


def test_one_id_in_two_lists_is_two_entities(site: Site) -> None:
    receive(site, CREATE)

    with writing_session(site.engine) as session:
        actions.act(session, 1, "Li", [NewAction("barns", HOUSE, "create", label="Barn")])
        found = session.execute(select(Entity.list_name, Entity.label)).all()

    assert sorted(map(tuple, found)) == [("barns", "Barn"), ("houses", "House 1")]
    rebuilds_alike(site)


def test_a_submission_that_is_gone_for_good_leaves_its_entity_without_its_word(site: Site) -> None:
    receive(site, CREATE, SECOND)

    with writing_session(site.engine) as session:
        keys = folding.forget(session.connection(), [2])
        folding.refold(session.connection(), keys)

    assert the_house(site).properties["colour"] == "red"


def test_a_creation_without_an_id_is_given_one_that_its_edits_share(site: Site) -> None:
    """F7, F20: ODK Web Forms' engine sends none for a group shown only later."""
    first = house_xml("uuid:1", "create", "red", label="House 1", entity_id="")
    edit = house_xml("uuid:2", "create", "pink", label="House 1", entity_id="", deprecated="uuid:1")
    last = house_xml("uuid:3", "create", "grey", label="House 1", entity_id="", deprecated="uuid:2")

    receive(site, first, edit, last)

    made = the_house(site)
    assert (UUID(made.entity_id).version, made.properties["colour"]) == (4, "red")
    assert (outcomes(site), codes(site)) == (["applied", "superseded", "superseded"], [])
    rebuilds_alike(site)


def test_creations_without_an_id_are_entities_of_their_own(site: Site) -> None:
    """F7."""
    names = [f"uuid:{number}" for number in range(3)]

    receive(site, *[house_xml(one, "create", label="House", entity_id="") for one in names])

    with Session(site.engine) as session:
        found = session.scalars(select(Entity.entity_id).where(Entity.list_name == "houses")).all()
    assert len(set(found)) == 3
    rebuilds_alike(site)


@pytest.mark.parametrize("verb", ["update", "upsert"])
def test_what_may_change_an_entity_and_names_none_is_told_and_changes_nothing(
    site: Site, verb: str
) -> None:
    """F20: nobody can tell whom it means, and a guess would make somebody twice."""
    receive(site, house_xml("uuid:1", verb, "red", base=1, label="House 1", entity_id=""))

    assert (outcomes(site), codes(site)) == ([], ["entity_id_missing"])
