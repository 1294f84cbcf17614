"""The house's promise: what is worked out depends on what was sent, not on how it arrived."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, select

from server.config import Settings
from server.database import Base, table_of, writing
from server.errors import Problem
from server.survey import first_run, intake, replay
from server.survey.site import PROJECTED_TABLES, Site, make_projections, open_site
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

NAMES = ("王小一", "李小二", "张小三")
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19")
VILLAGES = (VILLAGE, NEXT_VILLAGE)


def roster(n: int, members: list[str], **answers: str) -> bytes:
    """A roster; a person's entity is created by one instance, as phones make their ids up.

    Which of two creations of one id counts depends on which came first (ODK entities F20).
    """
    listed = [
        a_member(name, entity=an_id("person", name))
        if NAMES.index(name) == n
        else a_member(name, entity=an_id("person", name, n))
        for name in dict.fromkeys(members)
    ]
    return roster_xml(f"uuid:roster-{n}", members=listed, **answers)


rosters = st.builds(
    roster,
    n=st.integers(0, 5),
    village=st.sampled_from(VILLAGES),
    number=st.sampled_from(("", "HH0001", "HH0002")),
    day=st.sampled_from(DAYS),
    outcome=st.sampled_from(("met", "absent", "vacated")),
    consent=st.sampled_from(("yes", "no")),
    members=st.lists(st.sampled_from(NAMES), max_size=3),
    deprecated=st.sampled_from(("", "", "uuid:roster-0", "uuid:roster-1")),
    version=st.sampled_from(("", "", "", "1999")),
)
screenings = st.builds(
    lambda n, **answers: screening_xml(f"uuid:screening-{n}", **answers),
    n=st.integers(0, 5),
    name=st.sampled_from(NAMES),
    village=st.sampled_from(VILLAGES),
    day=st.sampled_from(DAYS),
    state=st.sampled_from(("done", "absent", "dead")),
    codes=st.sampled_from(("", "lung_cancer", "tb_suspect hypertension")),
    reported=st.sampled_from(("none", "lung_cancer", "colon_cancer")),
    level=st.sampled_from(("", "l1", "l2")),
    paper=st.sampled_from(("", "yes")),
)
uploads = st.lists(rosters | screenings, min_size=1, max_size=12)


def empty(site: Site) -> None:
    with writing(site.engine) as connection:
        connection.execute(delete(table_of(Submission)))
        Base.metadata.drop_all(connection, tables=PROJECTED_TABLES)
        make_projections(connection)


def receive(site: Site, sent: list[bytes]) -> None:
    for xml in sent:
        try:
            intake.receive(site, an_upload(xml))
        except Problem:
            continue


def rows(site: Site, table: Table, *, by_instance: bool) -> list[tuple[object, ...]]:
    """A table's rows in a fixed order; the kept id may be told as the phone's own id."""
    with site.engine.connect() as connection:
        names = dict(connection.execute(select(Submission.id, Submission.instance_id)).all())
        found = []
        for row in connection.execute(select(table)).mappings():
            told = dict(row)
            if by_instance and "submission_id" in told:
                told["submission_id"] = names[told["submission_id"]]
            found.append(tuple(told.values()))
    return sorted(found, key=repr)


def all_rows(site: Site, *, by_instance: bool = False) -> dict[str, list[tuple[object, ...]]]:
    return {table.name: rows(site, table, by_instance=by_instance) for table in PROJECTED_TABLES}


@settings(max_examples=40, deadline=None)
@given(sent=uploads)
def test_rebuild_gives_the_tables_that_arrival_gave(sqlite_site: Site, sent: list[bytes]) -> None:
    empty(sqlite_site)
    receive(sqlite_site, sent)
    arrived = all_rows(sqlite_site)

    replay.rebuild(sqlite_site)

    assert all_rows(sqlite_site) == arrived


@settings(max_examples=40, deadline=None)
@given(
    sent=st.lists(rosters | screenings, max_size=10, unique_by=lambda xml: xml), seed=st.integers()
)
def test_any_order_of_arrival_gives_the_same_register(
    sqlite_site: Site, sent: list[bytes], seed: int
) -> None:
    # An instance id that is taken refuses the later one: only distinct ones commute.
    distinct = list({xml.split(b"instanceID>")[1]: xml for xml in sent}.values())
    distinct = [xml for xml in distinct if b"deprecatedID" not in xml]
    empty(sqlite_site)
    receive(sqlite_site, distinct)
    one = all_rows(sqlite_site, by_instance=True)

    random.Random(seed).shuffle(distinct)
    empty(sqlite_site)
    receive(sqlite_site, distinct)

    assert all_rows(sqlite_site, by_instance=True) == one


def test_rebuild_gives_the_same_tables_on_both_databases(site: Site) -> None:
    chosen = random.Random(1)
    sent = [
        roster_xml(
            f"uuid:r{n}",
            number=f"HH{n % 7:04}",
            day=chosen.choice(DAYS),
            outcome=chosen.choice(("met", "absent")),
            village=chosen.choice(VILLAGES),
            members=[a_member(chosen.choice(NAMES))],
            deprecated="uuid:r0" if n == 5 else "",
        )
        for n in range(20)
    ]
    receive(site, sent)
    arrived = all_rows(site)

    replay.rebuild(site)

    assert all_rows(site) == arrived
    assert len(arrived["visit"]) == 19


def test_a_site_of_another_state_of_the_code_starts_with_empty_projections(
    tmp_path: Path,
) -> None:
    told = Settings.read({}, str(tmp_path))
    opened = open_site(told)
    first_run.prepare(opened)
    receive(opened, [roster_xml()])
    with writing(opened.engine) as connection:
        connection.exec_driver_sql("UPDATE projection_stamp SET stamp = 'of old'")
    opened.close()

    opened = open_site(told)
    with opened.engine.connect() as connection:
        waiting = replay.waiting(connection)
    done = replay.catch_up(opened)
    opened.close()

    assert (waiting, done) == (1, 1)
