"""What desks decide keeps the house's promise: bin, corrections and purging rebuild the same."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.database import Base, table_of, writing, writing_session
from server.errors import Problem
from server.survey import bin as the_bin
from server.survey import intake, purging, replay
from server.survey.areas import WHOLE_SITE
from server.survey.site import PROJECTED_TABLES, Site, make_projections
from server.tables.decisions import Binned, Correction, Purged
from server.tables.truth import Submission
from tests.builders import NEXT_VILLAGE, VILLAGE, a_member, an_id, an_upload, roster_xml

NAMES = ("王小一", "李小二", "张小三")
# What is sent names each other by number: 0 to 4.
NUMBERS = st.integers(0, 4)


def correction_id(number: int) -> str:
    return an_id("correction", number)


sent = st.tuples(
    st.just("send"),
    st.builds(
        lambda n, replaces, corrects, members, village, version: roster_xml(
            f"uuid:{n}",
            village=village,
            number="HH0001",
            members=[a_member(one) for one in members],
            deprecated=f"uuid:{replaces}" if replaces is not None else "",
            corrects=correction_id(corrects) if corrects is not None else "",
            version=version,
        ),
        n=NUMBERS,
        replaces=st.none() | NUMBERS,
        corrects=st.none() | NUMBERS,
        members=st.lists(st.sampled_from(NAMES), max_size=2),
        village=st.sampled_from((VILLAGE, NEXT_VILLAGE)),
        version=st.sampled_from(("", "", "", "1999")),
    ),
)
decided = st.tuples(st.sampled_from(("bin", "restore", "send back", "purge")), NUMBERS)
steps = st.lists(sent | decided, min_size=2, max_size=14)


def empty(site: Site) -> None:
    with writing(site.engine) as connection:
        for table in (Submission, Binned, Correction, Purged):
            connection.execute(delete(table_of(table)))
        Base.metadata.drop_all(connection, tables=PROJECTED_TABLES)
        make_projections(connection)


def take(site: Site, what: str, told: bytes | int) -> None:
    """Do one step; one that does not fit the state of things is refused, and that is fine."""
    try:
        if isinstance(told, bytes):
            if not is_possible(site, told):
                return
            intake.receive(site, an_upload(told))
            return
        with writing_session(site.engine) as session:
            decide(session, what, told)
    except Problem:
        return
    replay.catch_up(site)


def is_possible(site: Site, xml: bytes) -> bool:
    """Nobody names a correction before it is made: its id is random, and made with it."""
    with site.engine.connect() as connection:
        made = set(connection.scalars(select(Correction.entity_id)))
    return all(
        correction_id(number) in made
        for number in range(5)
        if correction_id(number).encode() in xml
    )


def decide(session: Session, what: str, number: int) -> None:
    row = session.scalar(select(Submission).where(Submission.instance_id == f"uuid:{number}"))
    if row is None:
        return
    if what == "bin":
        the_bin.lay_in(session, row.id, WHOLE_SITE, "a try-out", "Li")
    elif what == "restore":
        the_bin.take_out(session, row.id, WHOLE_SITE, "Li")
    elif what == "purge":
        purging.purge(session, row.id, WHOLE_SITE, "asked for it", "Li")
    elif (
        session.scalar(select(Correction).where(Correction.entity_id == correction_id(number)))
        is None
    ):
        session.add(
            Correction(
                entity_id=correction_id(number),
                project_id=1,
                form_id=row.form_id,
                root_instance_id=row.root_instance_id,
                instance_id=row.instance_id,
                label="",
                reason="",
                at=datetime.now(UTC),
                who="Li",
            )
        )


def all_rows(site: Site) -> dict[str, list[tuple[object, ...]]]:
    with site.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in PROJECTED_TABLES
        }


@settings(max_examples=25, deadline=None)
@given(steps=steps)
def test_rebuild_gives_what_arrivals_and_decisions_gave(
    sqlite_site: Site, steps: list[tuple[str, bytes | int]]
) -> None:
    empty(sqlite_site)
    for what, told in steps:
        take(sqlite_site, what, told)
    arrived = all_rows(sqlite_site)

    replay.rebuild(sqlite_site)

    assert all_rows(sqlite_site) == arrived
