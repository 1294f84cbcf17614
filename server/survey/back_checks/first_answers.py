"""What a first interview said, copied on the day of a draw; and where to go, and whom to ask.

The copy holds no name and no number of a person: the list of the phone takes the name from the
register of the day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from maps.layers import short_name
from server.database import rows_with, table_of
from server.survey.back_checks import sampling
from server.survey.back_checks.sampling import Interview
from server.survey.identity import stable_uuid
from server.survey.stored_rows import whole
from server.tables.projections import Household, Measurement, PersonReport, Visit
from server.tables.reference import Village
from server.tables.truth import Submission

GROWN_UP_YEARS = 18
# Readings that a back-check repeats.
_READINGS = ("height", "weight", "sbp1", "dbp1")


def village_names(session: Session, codes: Collection[str]) -> dict[str, str]:
    table = table_of(Village)
    rows = rows_with(session.connection(), table, ("code", "name"), "code", sorted(codes))
    return dict(rows)


def entry_rows(
    session: Session,
    project_id: int,
    draw_id: int,
    asked: Sequence[Interview],
    given: Mapping[str, int | None],
    seed: int,
) -> list[dict[str, Any]]:
    """Return the rows of BackCheckEntry of these households; `given` has the phone of each."""
    connection = session.connection()
    ids = [one.submission_id for one in asked]
    visits = {
        row["submission_id"]: row
        for row in whole(connection, table_of(Visit), "submission_id", ids)
    }
    houses = {
        row["id"]: row
        for row in whole(connection, table_of(Household), "id", [one.household_id for one in asked])
    }
    names = ("id", "form_id", "root_instance_id")
    roots = {row[0]: row for row in rows_with(connection, table_of(Submission), names, "id", ids)}
    villages = village_names(session, {one.village_code for one in asked})
    persons = _persons(session, asked, visits, seed)
    readings = _readings(session, {one.household_id: one.phone_id for one in asked}, persons)
    rows = []
    for one in asked:
        visit, person = visits[one.submission_id], persons.get(one.household_id)
        house = houses.get(one.household_id, {})
        village = short_name(villages.get(one.village_code, one.village_code))
        place = (village, house.get("villager_group"))
        label = " ".join(part for part in (*place, house.get("number")) if part)
        rows.append(
            {
                "draw_id": draw_id,
                "project_id": project_id,
                "entity_id": stable_uuid("back check", str(draw_id), one.household_id),
                "household_id": one.household_id,
                "village_code": one.village_code,
                "person_id": person["person_id"] if person else None,
                "form_id": roots[one.submission_id][1],
                "root_instance_id": roots[one.submission_id][2],
                "interviewed_on": visit["visited_on"],
                "first_phone_id": one.phone_id,
                "phone_id": given[one.household_id],
                "label": label,
                "said": _said(visit, person) | readings.get(one.household_id, {}),
                "withdrawn_at": None,
                "withdrawn_by": None,
            }
        )
    return rows


def _said(visit: Mapping[str, Any], person: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what the first interview said, by question."""
    household = visit["household"]
    said = {"visited": "yes", "household.size": household.get("size", "")}
    said["household.kind"] = household.get("kind", "")
    if person:
        said["known"] = "yes"
        for name in ("sex", "birth_year", "residence"):
            said[f"person.{name}"] = person["said"].get(name, "")
    return {name: str(text) for name, text in said.items() if text}


def _persons(
    session: Session,
    asked: Sequence[Interview],
    visits: Mapping[int, Mapping[str, Any]],
    seed: int,
) -> dict[str, Mapping[str, Any]]:
    """Return the grown-up to ask of, by household: one of those at home, by the draw's order."""
    ids = [one.submission_id for one in asked]
    reports = whole(session.connection(), table_of(PersonReport), "submission_id", ids)
    found: dict[str, Mapping[str, Any]] = {}
    for report in sorted(reports, key=lambda one: sampling.rank(seed, one["person_id"])):
        said, born = report["said"], str(report["said"].get("birth_year", ""))
        is_grown_up = born.isdecimal() and int(born) <= _last_year(visits[report["submission_id"]])
        if is_grown_up and said.get("residence", "home") == "home":
            found.setdefault(report["household_id"] or "", report)
    return found


def _readings(
    session: Session, worker: Mapping[str, int], persons: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    """Return the newest readings of those persons by the worker who held the first interview."""
    connection = session.connection()
    of = {one["person_id"]: household for household, one in persons.items()}
    reports = whole(connection, table_of(PersonReport), "person_id", sorted(of))
    ids = sorted({one["submission_id"] for one in reports})
    sent_by = dict(
        rows_with(connection, table_of(Visit), ("submission_id", "phone_id"), "submission_id", ids)
    )
    rows = whole(connection, table_of(Measurement), "submission_id", ids)
    by_report: dict[tuple[int, int], dict[str, str]] = {}
    for row in rows:
        if row["name"] in _READINGS:
            key = (row["submission_id"], row["position"])
            by_report.setdefault(key, {})[f"measure.{row['name']}"] = f"{row['value']:g}"
    found: dict[str, dict[str, str]] = {}
    for one in sorted(reports, key=lambda one: one["moment"]):
        household = of[one["person_id"]]
        if sent_by.get(one["submission_id"]) == worker.get(household):
            read = by_report.get((one["submission_id"], one["position"]), {})
            found.setdefault(household, {}).update(read)
    return found


def _last_year(visit: Mapping[str, Any]) -> int:
    """Return the year in which the youngest grown-ups of that day were born."""
    day: date = visit["visited_on"]
    return day.year - GROWN_UP_YEARS
