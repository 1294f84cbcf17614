"""Days that matter to a person: first found, next to be followed up, and their sums by village."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey import folds, intake
from server.survey.site import Site
from server.tables.projections import Person, PersonDayTally
from tests.builders import VILLAGE, an_upload, screening_xml, versions

FOUND_ON = date(2026, 11, 2)


def a_report(moment: str = "1", **other: Any) -> dict[str, Any]:
    return {
        "moment": moment,
        "household_id": None,
        "told_id": None,
        "village_code": VILLAGE,
        "reported_on": FOUND_ON,
        "screening": "done",
        "next_on": None,
        "said": {},
        **other,
    }


def a_case(state: str = "documented", last_on: date = FOUND_ON) -> dict[str, Any]:
    return {"code": "hypertension", "state": state, "found_on": FOUND_ON, "last_on": last_on}


def test_who_has_a_documented_chronic_disease_is_due_a_quarter_after_it_was_seen() -> None:
    row = folds.person("p", [a_report()], [], [a_case()])

    assert row["next_on"] == date(2027, 2, 5)


def test_a_follow_up_says_itself_when_the_next_one_is_due() -> None:
    reports = [a_report("2", next_on=date(2026, 12, 1)), a_report("1", next_on=date(2026, 11, 9))]

    row = folds.person("p", reports, [], [a_case()])

    assert row["next_on"] == date(2026, 12, 1)


@pytest.mark.parametrize("told", [{"screening": "dead"}, {"said": {"residence": "moved"}}])
def test_nobody_is_due_who_died_or_moved_away(told: dict[str, Any]) -> None:
    row = folds.person("p", [a_report(**told)], [], [a_case()])

    assert row["next_on"] is None


def test_what_is_only_suspected_is_not_followed_up_yet() -> None:
    assert folds.person("p", [a_report()], [], [a_case("suspected")])["next_on"] is None


def test_persons_found_are_summed_by_their_first_day_and_only_once(site: Site) -> None:
    version = versions(site)["disease_screening"]
    for number, day in enumerate(("2026-11-09", "2026-11-02")):
        xml = screening_xml(
            f"uuid:{number}",
            day=day,
            codes="oesophageal_cancer",
            reported="oesophageal_cancer",
            version=version,
        )
        intake.receive(site, an_upload(xml))

    with Session(site.engine) as session:
        sums = session.execute(
            select(PersonDayTally.kind, PersonDayTally.day, PersonDayTally.persons)
        ).all()
        assert [tuple(row) for row in sums] == [("suspected", FOUND_ON, 1)]
        assert session.scalars(select(Person.found_on)).all() == [FOUND_ON]
