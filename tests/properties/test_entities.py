"""Entities on a whole site: whatever phones send and a desk decides, a rebuild gives the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.database import Base, table_of, writing, writing_session
from server.errors import Problem
from server.survey import replay
from server.survey.entities import actions, backlog
from server.survey.entities.actions import NewAction
from server.survey.site import PROJECTED_TABLES, Site, make_projections
from server.tables.decisions import EntityAction, EntityList, SubmissionNote
from server.tables.projections import EntityTally, Flag, VillageTally, Visit
from server.tables.truth import Submission
from tests.houses import BRANCH, HOUSE, HOUSES, NOON, house_xml, receive, review
from tests.phone_site import HERE, NEXT, open_phone_site

instances = st.sampled_from([f"uuid:{n}" for n in range(6)])
sent = st.builds(
    house_xml,
    instances,
    st.sampled_from(("create", "update", "update", "upsert")),
    st.sampled_from((None, "", "red", "blue")),
    base=st.sampled_from(("", 1, 1, 2, 3)),
    trunk=st.sampled_from(("", "", 1)),
    branch=st.sampled_from(("", BRANCH)),
    label=st.sampled_from(("", "House")),
    village=st.sampled_from((HERE, NEXT)),
    deprecated=st.sampled_from(("", "", "uuid:0", "uuid:1")),
)
acted = st.builds(
    lambda kind, colour: NewAction("houses", HOUSE, kind, properties=colour),
    st.sampled_from(("create", "update", "delete", "restore", "resolve")),
    st.sampled_from(({}, {"colour": "white"})),
)
decided = st.one_of(
    st.tuples(st.just("review"), instances, st.sampled_from(("approved", "rejected"))),
    st.tuples(st.just("approval"), st.booleans()),
    st.tuples(st.just("clock")),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all examples, emptied between them."""
    folder = tmp_path_factory.mktemp("entities")
    opened = open_phone_site(folder / "site", f"sqlite:///{folder / 'site.db'}", HOUSES)
    yield opened
    opened.close()
    shutil.rmtree(folder)


def empty(site: Site) -> None:
    with writing(site.engine) as connection:
        for model in (EntityAction, EntityList, SubmissionNote, Submission):
            connection.execute(delete(table_of(model)))
        Base.metadata.drop_all(connection, tables=PROJECTED_TABLES)
        make_projections(connection)


def do(site: Site, step: Any) -> None:
    if isinstance(step, bytes):
        try:
            receive(site, step)
        except Problem:
            return
    elif isinstance(step, NewAction):
        with writing_session(site.engine) as session:
            actions.act(session, 1, "Li", [step])
    elif step[0] == "review":
        review(site, step[1], step[2])
    elif step[0] == "approval":
        with writing_session(site.engine) as session:
            backlog.set_approval(session, 1, "Li", "houses", is_needed=step[1])
    else:
        backlog.force_overdue(site, 1, NOON + timedelta(days=9))


def all_rows(site: Site) -> dict[str, list[str]]:
    with site.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in PROJECTED_TABLES
        }


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.one_of(sent, sent, sent, acted, decided), max_size=10))
def test_a_rebuild_gives_what_arrivals_and_decisions_gave(site: Site, steps: list[Any]) -> None:
    empty(site)
    for step in steps:
        do(site, step)
    arrived = all_rows(site)

    replay.rebuild(site)

    assert all_rows(site) == arrived
    with Session(site.engine) as session:
        flags = session.scalar(select(func.count()).select_from(Flag)) or 0
        assert (session.scalar(select(func.sum(Visit.flags))) or 0) == flags
        assert (session.scalar(select(func.sum(VillageTally.flags))) or 0) == flags
        assert all(one.entities > 0 for one in session.scalars(select(EntityTally)))
