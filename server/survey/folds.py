"""What all reports about one household, person or case add up to. Pure folds.

Each takes rows in any order and sorts them by `moment`, so the outcome does not depend on what
arrived first. Entities, whose versions are the order of arrival: server/survey/entities/history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

Row = Mapping[str, Any]

# Three days on which nobody was met close a household ("absent after 3 visits").
ABSENT_DAYS = 3
# Four visits a year, about 91 days apart, with some days of grace (forms.followup).
FOLLOWED_UP_DAYS = 95
# What the kept one of a merged pair is known by, whatever the other's reports say later.
OWN_OF_HOUSEHOLD = (("number",), ("key",))
OWN_OF_PERSON = (("name",), ("sex",), ("birth_date",), ("birth_year",), ("id_number", "id_hash"))


def household_outcome(visits: Sequence[Row]) -> str:
    """Return completed, refused, vacated, absent_final or open, from visits in order of time.

    A completed visit stands. Otherwise the last visit on which somebody was met, or the house
    was found empty for good, decides; otherwise the number of days without meeting anyone.
    """
    outcomes = [visit["outcome"] for visit in visits]
    if "completed" in outcomes:
        return "completed"
    told = [outcome for outcome in outcomes if outcome in ("refused", "vacated")]
    if told:
        return str(told[-1])
    absent_on = {visit["visited_on"] for visit in visits if visit["outcome"] == "absent"}
    return "absent_final" if len(absent_on) >= ABSENT_DAYS else "open"


def done_on(visits: Sequence[Row]) -> date | None:
    """Return the day from which a household's outcome was final, from visits in order of time.

    An outcome never falls back to open, so what comes later does not move the day.
    """
    for number, visit in enumerate(visits, start=1):
        if household_outcome(visits[:number]) != "open":
            day: date = visit["visited_on"]
            return day
    return None


def household(household_id: str, visits: Iterable[Row]) -> dict[str, Any]:
    """Return the Household row of at least one visit."""
    ordered = sorted(visits, key=_moment)
    said = _latest(visit["household"] for visit in ordered)
    if any(visit["told_household_id"] for visit in ordered):
        own = (visit["household"] for visit in ordered if not visit["told_household_id"])
        said = _as_own(said, _latest(own), OWN_OF_HOUSEHOLD)
    fixes = [visit for visit in ordered if visit["latitude"] is not None]
    fix = fixes[-1] if fixes else {"latitude": None, "longitude": None, "accuracy_m": None}
    return {
        "id": household_id,
        "village_code": ordered[-1]["village_code"],
        "number": said.get("number", ""),
        "key": said.get("key", ""),
        "villager_group": said.get("group", ""),
        "kind": said.get("kind", ""),
        "size": _whole(said.get("size")),
        "cause": said.get("cause", ""),
        "phone": said.get("phone", ""),
        "outcome": household_outcome(ordered),
        "done_on": done_on(ordered),
        "visits": len(ordered),
        "last_visit_on": max(visit["visited_on"] for visit in ordered),
        "latitude": fix["latitude"],
        "longitude": fix["longitude"],
        "accuracy_m": fix["accuracy_m"],
    }


def person(
    person_id: str, reports: Iterable[Row], cases: Sequence[Row], chronic: Sequence[Row] = ()
) -> dict[str, Any]:
    """Return the Person row of at least one report.

    `cases` are the person's cases that count, `chronic` those of diseases that are followed up.
    """
    ordered = sorted(reports, key=_moment)
    said = _latest(report["said"] for report in ordered)
    if any(report["told_id"] for report in ordered):
        own = _latest(report["said"] for report in ordered if not report["told_id"])
        said = _as_own(said, own, OWN_OF_PERSON)
        if said.get("birth_date", "")[:4] != said.get("birth_year", ""):
            said["birth_date"] = ""
    households = [report["household_id"] for report in ordered if report["household_id"]]
    screening, screened_on = _screening(ordered)
    return {
        "id": person_id,
        "household_id": households[-1] if households else None,
        "village_code": ordered[-1]["village_code"],
        "name": said.get("name", ""),
        "sex": said.get("sex", ""),
        "birth_date": _day(said.get("birth_date")),
        "birth_year": _whole(said.get("birth_year")),
        "id_number": said.get("id_number", ""),
        "id_hash": said.get("id_hash", ""),
        "kind": said.get("kind", ""),
        "relation": said.get("relation", ""),
        "residence": said.get("residence", ""),
        "phone": said.get("phone", ""),
        "screening": screening,
        "screened_on": screened_on,
        "suspected": any(case["state"] == "suspected" for case in cases),
        "documented": any(case["state"] == "documented" for case in cases),
        "found_on": min((case["found_on"] for case in cases), default=None),
        "next_on": None
        if {screening, said.get("residence", "")} & {"dead", "moved"}
        else _next_on(ordered, chronic),
    }


def _next_on(reports: Sequence[Row], chronic: Sequence[Row]) -> date | None:
    """Return the day by which somebody is to be followed up, None for who is not.

    The latest follow-up says so itself; before the first one it is counted from the latest
    finding of a chronic disease that a hospital's paper documents.
    """
    told: list[date] = [day for report in reports if (day := report.get("next_on"))]
    if told:
        return told[-1]
    seen = [case["last_on"] for case in chronic if case["state"] == "documented"]
    return max(seen) + timedelta(days=FOLLOWED_UP_DAYS) if seen else None


def _screening(reports: Sequence[Row]) -> tuple[str, date | None]:
    """Return the latest state and the day of the last screening that was done.

    Once done, being absent or refusing later undoes nothing; dying and moving away do count.
    """
    told = [report for report in reports if report["screening"]]
    done = [report["reported_on"] for report in told if report["screening"] == "done"]
    if done:
        told = [report for report in told if report["screening"] in ("done", "dead", "moved")]
    return (told[-1]["screening"] if told else ""), (done[-1] if done else None)


def cases(person_id: str, village_code: str, findings: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the Case rows of one person, one for each code, ordered by code.

    Documented once is documented; `found_on` is the first day, `last_on` the latest.
    """
    by_code: dict[str, list[Row]] = {}
    for finding in sorted(findings, key=_moment):
        by_code.setdefault(finding["code"], []).append(finding)
    return [
        {
            "person_id": person_id,
            "code": code,
            "village_code": village_code,
            "state": "documented"
            if any(one["state"] == "documented" for one in found)
            else "suspected",
            "found_on": min(one["found_on"] for one in found),
            "last_on": max(one["found_on"] for one in found),
            "said": found[-1]["said"],
        }
        for code, found in sorted(by_code.items())
    ]


def last_village(reports: Iterable[Row]) -> str:
    """Return the village of the latest of at least one report."""
    village: str = max(reports, key=_moment)["village_code"]
    return village


def _moment(row: Row) -> tuple[str, int]:
    return row["moment"], row.get("position", 0)


def _latest(said: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the last answer to each concept that was not blank."""
    known: dict[str, str] = {}
    for one in said:
        known.update({name: text for name, text in one.items() if text})
    return known


def _as_own(
    said: Mapping[str, str], own: Mapping[str, str], kept: Iterable[tuple[str, ...]]
) -> dict[str, str]:
    """Return what was said of two that were merged, named as the one that was kept names itself.

    Concepts of one group of `kept` go together: a number comes with its own hash.
    """
    told = dict(said)
    for group in kept:
        if any(own.get(name) for name in group):
            told.update({name: own.get(name, "") for name in group})
    return told


def _whole(text: str | None) -> int | None:
    try:
        return None if not text else int(float(text))
    except (ValueError, OverflowError):
        return None


def _day(text: str | None) -> date | None:
    try:
        return None if not text else date.fromisoformat(text[:10])
    except ValueError:
        return None
