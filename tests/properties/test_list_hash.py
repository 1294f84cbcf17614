"""The hash of a phone's list changes exactly when the CSV it would be served changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert, update

from server.database import Base, insert_or_replace, open_engine
from server.survey import entity_lists
from server.survey.entities import history
from server.survey.tallies import Differences
from server.tables.projections import Entity, EntityTally
from server.tables.reference import Clinic
from tests.entity_rows import a_change

VILLAGES = ("130921211201", "130921211202", "532301103201")
PHONES = (VILLAGES[:1], VILLAGES[1:2], VILLAGES[:2], VILLAGES, ())
LISTS = {"persons": ("pname", "village_code"), "clinics": ("kind", "pname", "village_code")}

# What submissions and the office do, in any order: (list, id, change) or (clinic id, new name).
Change = tuple[str, str, bool, str, Mapping[str, str]]
changes = st.tuples(
    st.sampled_from(sorted(LISTS)),
    st.sampled_from(["c1", "c2", "p1", "p2"]),
    st.booleans(),
    st.sampled_from(["", "A", "B"]),
    st.fixed_dictionaries(
        {}, optional={"village_code": st.sampled_from(VILLAGES), "pname": st.sampled_from("AB")}
    ),
)
renamings = st.tuples(st.sampled_from(["c1", "c2"]), st.sampled_from(["A", "B"]))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path_factory.mktemp('lists') / 'site.db'}")
    Base.metadata.create_all(opened)
    yield opened
    opened.dispose()


@given(st.lists(st.one_of(changes, renamings), max_size=12))
@settings(max_examples=60, deadline=None)
def test_hash_and_csv_change_together(engine: Engine, steps: Sequence[Any]) -> None:
    with engine.connect() as connection:
        empty(connection)
        told: dict[tuple[str, str], list[dict[str, Any]]] = {}
        before = served(connection)

        for step in steps:
            if len(step) == 2:
                connection.execute(update(Clinic).where(Clinic.id == step[0]).values(name=step[1]))
            else:
                tell(connection, told, step)
            after = served(connection)

            for key, (text, digest) in after.items():
                assert (text != before[key][0]) == (digest != before[key][1]), key
            before = after


def empty(connection: Connection) -> None:
    for model in (Entity, EntityTally, Clinic):
        connection.execute(delete(model))
    for number, village in ((1, VILLAGES[0]), (2, VILLAGES[2])):
        clinic = {"id": f"c{number}", "code": f"C{number}", "name": "A", "kind": "village_clinic"}
        place = {"village_code": village, "township_code": village[:9] + "000"}
        connection.execute(insert(Clinic), [{**clinic, **place}])


def tell(connection: Connection, told: dict[tuple[str, str], Any], step: Change) -> None:
    """Apply a change as the projection does: fold, take the old row off the tally, add the new."""
    list_name, entity_id, creates, label, properties = step
    known = told.setdefault((list_name, entity_id), [])
    old = row_of(list_name, entity_id, known)
    verb = "create" if creates else "update"
    told_of = {"label": label or None, "properties": properties}
    known.append(a_change(len(known), verb, base_version=len(known) or 1, **told_of))
    new = row_of(list_name, entity_id, known)
    differences = Differences()
    if old:
        differences.entity(old, -1)
    if new:
        differences.entity(new, +1)
        insert_or_replace(connection, Entity.__table__, [new])  # type: ignore[arg-type]
    differences.write(connection)


def row_of(list_name: str, entity_id: str, changes: list[dict[str, Any]]) -> dict[str, Any] | None:
    return history.fold(changes, is_registered=list_name == "clinics").row(list_name, entity_id)


def served(connection: Connection) -> dict[tuple[str, int], tuple[bytes, str]]:
    return {
        (list_name, number): (
            b"".join(entity_lists.entity_csv(connection, list_name, columns, villages)),
            entity_lists.list_hash(connection, list_name, columns, villages),
        )
        for list_name, columns in LISTS.items()
        for number, villages in enumerate(PHONES)
    }
