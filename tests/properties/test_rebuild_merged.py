"""Merging keeps the house's promise: whatever arrives when, and after every rebuild, the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.database import Base, table_of, writing, writing_session
from server.errors import Problem
from server.survey import bin as the_bin
from server.survey import intake, merges, replay, screening
from server.survey.areas import WHOLE_SITE
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.survey.merges import Desk, Merge
from server.survey.screening import Filters
from server.survey.site import PROJECTED_TABLES, Site, make_projections
from server.tables.decisions import Binned, EntityAction
from server.tables.merges import PairDecision
from server.tables.projections import Case, Household, Person, PersonReport, VillageTally, Visit
from server.tables.truth import Submission
from tests.builders import (
    NEXT_VILLAGE,
    VILLAGE,
    a_member,
    an_id,
    an_upload,
    roster_xml,
    screening_xml,
)

NAMES = ("王小一", "李小二", "张小三", "赵小四")
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19")
HOUSES = ("HH0001", "HH0002", "HH0003")
DESK = Desk(1, "Li", WHOLE_SITE)
SUBJECTS = (Household, Person, Case)


def roster(n: int, members: Sequence[str], **told: str) -> bytes:
    listed = [a_member(name, entity=an_id("person", name)) for name in dict.fromkeys(members)]
    return roster_xml(f"uuid:roster-{n}", members=listed, **told)


sent = st.one_of(
    st.builds(
        roster,
        n=st.integers(0, 5),
        number=st.sampled_from(HOUSES),
        day=st.sampled_from(DAYS),
        village=st.sampled_from((VILLAGE, VILLAGE, VILLAGE, NEXT_VILLAGE)),
        outcome=st.sampled_from(("met", "met", "absent")),
        members=st.lists(st.sampled_from(NAMES), max_size=3),
    ),
    st.builds(
        lambda n, **told: screening_xml(f"uuid:screening-{n}", **told),
        n=st.integers(0, 5),
        name=st.sampled_from(NAMES),
        day=st.sampled_from(DAYS),
        state=st.sampled_from(("done", "absent")),
        reported=st.sampled_from(("none", "lung_cancer", "colon_cancer")),
        level=st.sampled_from(("", "l2")),
        paper=st.sampled_from(("", "yes")),
    ),
)
decided = st.tuples(
    st.sampled_from(
        (*["person"] * 5, *["household"] * 3, "apart", "undo", "undo", "bin", "restore")
    ),
    st.integers(0, 5),
    st.integers(0, 5),
)
# Two households to begin with, so that there is somebody to merge.
START = (
    roster(6, NAMES[:2], number=HOUSES[0], day=DAYS[1]),
    roster(7, NAMES[2:], number=HOUSES[1], day=DAYS[2]),
)
steps = st.lists(decided | sent, min_size=3, max_size=14).map(lambda tail: [*START, *tail])


def empty(site: Site, *tables: type[Base]) -> None:
    with writing(site.engine) as connection:
        for table in tables:
            connection.execute(delete(table_of(table)))
        Base.metadata.drop_all(connection, tables=PROJECTED_TABLES)
        make_projections(connection)


def take(site: Site, step: bytes | tuple[str, int, int]) -> None:
    """Do one step; one that does not fit the state of things is refused, and that is fine."""
    try:
        if isinstance(step, bytes):
            intake.receive(site, an_upload(step))
            return
        with writing_session(site.engine) as session:
            decide(session, *step)
    except Problem:
        return
    replay.catch_up(site)


def decide(session: Session, what: str, one: int, other: int) -> None:
    if what in ("bin", "restore"):
        row = session.scalar(
            select(Submission).where(Submission.instance_id == f"uuid:roster-{one}")
        )
        if row is not None and what == "bin":
            the_bin.lay_in(session, row.id, WHOLE_SITE, "a try-out", "Li")
        elif row is not None:
            the_bin.take_out(session, row.id, WHOLE_SITE, "Li")
        return
    if what == "undo":
        ids = session.scalars(select(PairDecision.id).order_by(PairDecision.id)).all()
        if ids:
            merges.undo(session, DESK, ids[one % len(ids)])
        return
    kind = HOUSEHOLD if what == "household" else PERSON
    table: Any = Household if kind == HOUSEHOLD else Person
    ids_here = session.scalars(select(table.id).order_by(table.id)).all()
    if not ids_here:
        return
    wanted = Merge(kind, ids_here[one % len(ids_here)], ids_here[other % len(ids_here)])
    if what == "apart":
        merges.keep_apart(session, DESK, wanted, "")
    else:
        merges.merge(session, DESK, wanted, "")


def all_rows(site: Site) -> dict[str, list[tuple[object, ...]]]:
    with site.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in PROJECTED_TABLES
            # How often a block changed tells of the way here.
            if table.name != "changed_block"
        }


def subjects(site: Site) -> list[str]:
    """Return who is registered, and the sums over them: what no flag and no phone's list tells."""
    with Session(site.engine) as session:
        told = [
            repr([getattr(row, column.name) for column in table.__table__.columns])
            for table in SUBJECTS
            for row in session.scalars(select(table))
        ]
        told += [
            repr((row.village_code, row.households, row.completed, row.persons, row.digest))
            for row in session.scalars(select(VillageTally))
            if row.households or row.persons
        ]
    return sorted(told)


@settings(max_examples=20, deadline=None)
@given(steps=steps)
def test_rebuild_gives_what_arrivals_merges_and_undoing_gave(
    sqlite_site: Site, steps: list[bytes | tuple[str, int, int]]
) -> None:
    empty(sqlite_site, Submission, Binned, PairDecision, EntityAction)
    for step in steps:
        take(sqlite_site, step)
    arrived = all_rows(sqlite_site)

    replay.rebuild(sqlite_site)

    assert all_rows(sqlite_site) == arrived


@settings(max_examples=20, deadline=None)
@given(steps=steps, seed=st.integers())
def test_any_order_of_arrival_gives_the_same_persons_once_decisions_stand(
    sqlite_site: Site, steps: list[bytes | tuple[str, int, int]], seed: int
) -> None:
    empty(sqlite_site, Submission, Binned, PairDecision, EntityAction)
    for step in steps:
        if isinstance(step, bytes) or step[0] not in ("bin", "restore"):
            take(sqlite_site, step)
    one = subjects(sqlite_site)
    with sqlite_site.engine.connect() as connection:
        kept = list(connection.scalars(select(Submission.xml).order_by(Submission.id)))

    random.Random(seed).shuffle(kept)
    empty(sqlite_site, Submission)
    for xml in kept:
        intake.receive(sqlite_site, an_upload(xml))

    assert subjects(sqlite_site) == one


@settings(max_examples=20, deadline=None)
@given(steps=steps)
def test_register_sums_and_treatment_list_tell_one_number_and_undoing_all_leaves_nothing(
    sqlite_site: Site, steps: list[bytes | tuple[str, int, int]]
) -> None:
    empty(sqlite_site, Submission, Binned, PairDecision, EntityAction)
    for step in steps:
        take(sqlite_site, step)
    with Session(sqlite_site.engine) as session:
        sums = session.execute(
            select(
                func.coalesce(func.sum(VillageTally.persons), 0),
                func.coalesce(func.sum(VillageTally.households), 0),
                func.coalesce(func.sum(VillageTally.suspected + VillageTally.documented), 0),
            )
        ).one()
        rows = session.scalar(select(func.count()).select_from(Person))
        homes = session.scalar(select(func.count()).select_from(Household))
        due = list(screening.candidates(session, WHOLE_SITE, Filters(), may_see_sensitive=True))
        listed = [one for person in due for one in person.person_ids]
    assert tuple(sums) == (rows, homes, len(due))
    assert len(listed) == len(set(listed))

    _undo_all(sqlite_site)

    with Session(sqlite_site.engine) as session:
        assert not session.scalars(select(Visit).where(Visit.told_household_id.is_not(None))).all()
        told = select(PersonReport).where(PersonReport.told_id.is_not(None))
        assert not session.scalars(told).all()
    one = subjects(sqlite_site)
    empty(sqlite_site, PairDecision)
    replay.catch_up(sqlite_site)
    assert subjects(sqlite_site) == one


def _undo_all(site: Site) -> None:
    with Session(site.engine) as session:
        ids = session.scalars(select(PairDecision.id).where(PairDecision.undone_at.is_(None))).all()
    for number in ids:
        _undo(site, number)


def _undo(site: Site, number: int) -> None:
    try:
        with writing_session(site.engine) as session:
            merges.undo(session, DESK, number)
    except Problem:
        # Taken back with another one of its group.
        return
