"""What one submission says of persons: who they are, what was measured, what was found. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from forms import results
from forms.answers import Answers, Group
from forms.values import read_day, read_number
from server.survey import catalogue
from server.survey.identity import stable_uuid

Row = dict[str, Any]

# Concepts under "finding." that are no disease code.
_ABOUT_FINDINGS = frozenset(
    ["codes", "reported", "special", "level", "paper", "since", "next", "refer_by"]
)
# A level 2 or 3 hospital's paper that was seen: domain.md 2.6, "documented".
HOSPITAL_LEVELS = ("l2", "l3")


@dataclass(slots=True)
class Persons:
    """The rows of a submission's persons: reports, measurements and findings of each."""

    reports: list[Row] = field(default_factory=list)
    measurements: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)


def persons(answers: Answers, visit: Row, instance_id: str, key: bytes) -> Persons:
    """Return what the answers say of persons, in the order of the form.

    `visit` is the row of their visit, `key` the site's for hashes of ID numbers.
    """
    told = Persons()
    for number, group in enumerate(_person_groups(answers)):
        said = _said(group, key)
        report = {
            "submission_id": visit["submission_id"],
            "position": number,
            "moment": visit["moment"],
            "person_id": _person_id(answers, group, said, visit, instance_id),
            "told_id": None,
            "household_id": visit["household_id"],
            "village_code": visit["village_code"],
            "reported_on": visit["visited_on"],
            "screening": _screening(group),
            "next_on": _next_on(group, visit["visited_on"]),
            "said": said,
        }
        told.reports.append(report)
        told.measurements += _measurements(group, report)
        told.findings += _findings(group, report, visit["worker"])
    return told


def _person_groups(answers: Answers) -> list[Group]:
    return [
        group
        for group in answers.groups("person.")
        if group.concept("person.name")
        or group.concept("person.id")
        or group.concept("person.id_number")
    ]


def _said(group: Group, key: bytes) -> dict[str, str]:
    """Return what is said of a person by concept, with the keyed hash of the ID number."""
    said = group.concepts("person.")
    if id_number := said.get("id_number", "").strip().upper():
        said["id_number"] = id_number
        said["id_hash"] = hmac.new(key, id_number.encode(), hashlib.sha256).hexdigest()
    if (born := said.get("birth_date")) and not said.get("birth_year"):
        said["birth_year"] = born[:4]
    return said


def _measurements(group: Group, report: Row) -> list[Row]:
    return [
        {
            "submission_id": report["submission_id"],
            "position": report["position"],
            "name": name,
            "person_id": report["person_id"],
            "value": value,
        }
        for name, text in group.concepts("measure.").items()
        if (value := read_number(text)) is not None
    ]


def _next_on(group: Group, visited_on: date) -> date | None:
    """Return the day by which a follow-up wants the next one; None where it is none."""
    if not group.has_concept("followup.module"):
        return None
    if next_on := read_day(group.concept("followup.next_date") or ""):
        return next_on
    followup = results.server_followup(group)
    return visited_on + timedelta(days=followup.max_days) if followup else None


def _screening(group: Group) -> str:
    """Return the screening's state; without consent, whatever was done counts as refused."""
    state = group.concept("screening.state") or ""
    return "refused" if state == "done" and group.concept("screening.consent") == "no" else state


def _person_id(
    answers: Answers, group: Group, said: Mapping[str, str], visit: Row, instance_id: str
) -> str:
    """Return the id of the entity the name is saved to, else the told id, else a computed one."""
    saves_to = answers.plan.saves_to(group.scope, "person.name")
    for block in answers.entities:
        if block.list_name == saves_to and block.position == group.position and block.entity_id:
            return block.entity_id
    if told := said.get("id"):
        return told
    if id_hash := said.get("id_hash"):
        return stable_uuid("person by id", id_hash)
    place = visit["household_id"] or visit["village_code"]
    born = said.get("birth_date") or said.get("birth_year") or ""
    if place and born and said.get("name"):
        return stable_uuid("person", place, said["name"], said.get("sex", ""), born)
    return stable_uuid("person of", instance_id, *map(str, group.position))


def _findings(group: Group, report: Row, worker: str) -> list[Row]:
    """Return one finding a disease or clue: documented when its hospital paper was seen."""
    if report["screening"] not in ("done", ""):
        return []
    reported = _words(group.concept("finding.reported")) | _words(group.concept("finding.special"))
    reported -= {"none", "other_special"}
    has_paper = (
        group.concept("finding.paper") == "yes"
        and group.concept("finding.level") in HOSPITAL_LEVELS
    )
    codes = set(reported)
    for code in _clues(group):
        known = reported.intersection(catalogue.candidates(code))
        if not known and not (code == "special_reported" and group.concept("finding.special")):
            codes.add(code)
    said = {
        name: text
        for name in ("level", "paper", "since", "next", "refer_by")
        if (text := group.concept(f"finding.{name}"))
    }
    if worker:
        said["worker"] = worker
    return [
        {
            "submission_id": report["submission_id"],
            "position": report["position"],
            "code": code,
            "moment": report["moment"],
            "person_id": report["person_id"],
            "state": "documented" if has_paper and code in reported else "suspected",
            "found_on": report["reported_on"],
            "said": said,
        }
        for code in sorted(codes)
    ]


def _clues(group: Group) -> set[str]:
    """Return the codes the phone told and those its answers give: an old form loses nobody."""
    told = {
        code
        for code, text in group.concepts("finding.").items()
        if code not in _ABOUT_FINDINGS and text in ("1", "yes", "true")
    }
    return told | _words(group.concept("finding.codes")) | set(results.server_clues(group) or ())


def _words(text: str | None) -> set[str]:
    return set((text or "").split())
