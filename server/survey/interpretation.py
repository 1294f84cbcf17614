"""What one submission says, as rows of the projected reports. Pure: same answers, same rows.

Which answer means what is told by the form's concepts (docs/concepts.md), never by its name.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from forms import checks, domain_checks, results, visits
from forms.answers import Answers
from forms.entities import EntityBlock
from forms.problems import Complaint
from forms.values import read_day, read_instant, read_number
from server.survey.identity import stable_uuid
from server.survey.said_of_persons import persons

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where answers came from: the kept submission's own columns.

    `root_instance_id` is the first of its chain of edits, its own id when it is no edit.
    """

    submission_id: int
    project_id: int
    form_id: str
    instance_id: str
    deprecated_id: str | None
    received_at: datetime
    phone_id: int | None
    root_instance_id: str


@dataclass(frozen=True, slots=True)
class Keys:
    """What interpretation needs of the site: its calendar and the key for hashes of ID numbers."""

    zone: ZoneInfo
    id_numbers: bytes


@dataclass(slots=True)
class Interpretation:
    """The report rows of one submission, ready to insert; `state` as in tables.Projected.

    `corrects` is the correction that a new submission names; an edit names none.
    """

    origin: Origin
    state: str = "projected"
    reason: str = ""
    visit: Row | None = None
    persons: list[Row] = field(default_factory=list)
    measurements: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    audits: list[Row] = field(default_factory=list)
    flags: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    named_files: list[Row] = field(default_factory=list)
    back_checks: list[Row] = field(default_factory=list)
    corrects: str = ""


def interpret(answers: Answers, origin: Origin, keys: Keys) -> Interpretation:
    """Return all that the answers say, flags of the domain checks included."""
    result = Interpretation(origin)
    answers.entities = tuple(_named(block, origin) for block in answers.entities)
    visit = _visit(answers, origin, keys.zone)
    result.visit = visit
    told = persons(answers, visit, origin.instance_id, keys.id_numbers)
    result.persons = told.reports
    result.measurements = told.measurements
    result.findings = told.findings
    if answers.has_concept("clinic.id"):
        _report_audit(result, answers, visit)
    if entry := answers.concept("backcheck.of"):
        result.back_checks.append(_back_check(answers, entry, visit))
    result.changes = [
        _change(origin, number, block, answers, visit["village_code"])
        for number, block in enumerate(answers.entities)
        if (block.creates or block.updates) and block.entity_id and block.list_name
    ]
    result.named_files = [
        {"submission_id": origin.submission_id, "name": name} for name in answers.file_names
    ]
    if origin.deprecated_id is None:
        result.corrects = (answers.concept("visit.corrects") or "").lower()
    today = origin.received_at.astimezone(keys.zone).date()
    complaints = checks.complaints(answers)
    complaints += domain_checks.domain_complaints(answers, origin.received_at, today)
    asked = _flagged_answers(answers, complaints, keys)
    result.flags = [
        {
            "submission_id": origin.submission_id,
            "number": number,
            "village_code": visit["village_code"],
            "code": one.code,
            "path": one.path,
            "place": ".".join(map(str, one.position)),
            "params": dict(one.params),
            "asked": asked[number],
        }
        for number, one in enumerate(complaints)
    ]
    visit["flags"] = len(result.flags)
    return result


def _flagged_answers(answers: Answers, complaints: Sequence[Complaint], keys: Keys) -> list[str]:
    """Return a short keyed hash of the answer each complaint is about, "" for none."""
    if not complaints:
        return []
    told = {
        (path, group.position): text
        for group in answers.everywhere()
        for path, text in group.values.items()
    }
    about = (told.get((one.path, tuple(one.position))) for one in complaints)
    return [
        hmac.new(keys.id_numbers, text.encode(), hashlib.sha256).hexdigest()[:16] if text else ""
        for text in about
    ]


def _visit(answers: Answers, origin: Origin, zone: ZoneInfo) -> Row:
    village = _first_said(answers, "visit.village")
    started_at = read_instant(answers.concept("visit.start") or "")
    ended_at = read_instant(answers.concept("visit.end") or "")
    visited_on = _visited_on(answers, started_at, origin.received_at, zone)
    said = answers.concepts("household.")
    fix = visits.visit_fix(answers)
    return {
        "submission_id": origin.submission_id,
        "moment": _moment(visited_on, ended_at or started_at, origin, zone),
        "form_id": origin.form_id,
        "village_code": village,
        "household_id": _household_id(answers, said, village, origin),
        "told_household_id": None,
        "visited_on": visited_on,
        "started_at": started_at,
        "ended_at": ended_at,
        "phone_id": origin.phone_id,
        "worker": answers.concept("visit.worker") or "",
        "way": answers.concept("visit.way") or "",
        "outcome": _outcome(answers),
        "latitude": fix.latitude if fix else None,
        "longitude": fix.longitude if fix else None,
        "accuracy_m": fix.accuracy_m if fix else None,
        "household": said,
        "manner": _manner(answers),
        "flags": 0,
    }


def _manner(answers: Answers) -> dict[str, Any]:
    """Return how the form was filled in, and its version: one that was replaced is stale."""
    told = answers.plan.manner.of([group.values for group in answers.everywhere()])
    return {**told, "version": answers.version}


def _named(block: EntityBlock, origin: Origin) -> EntityBlock:
    """Return the block with an id: a computed one where the client creates and leaves it blank.

    ODK Web Forms' engine gives none to what is created in a group that is shown only later. Edits
    have no other id than what they edit, so that they create nothing twice.
    """
    if block.entity_id or not block.creates or block.updates:
        return block
    place = (block.list_name, block.path, *map(str, block.position))
    made = stable_uuid("entity of", origin.form_id, origin.root_instance_id, *place)
    return replace(block, entity_id=made)


def _first_said(answers: Answers, concept: str) -> str:
    """Return a concept's answer wherever the form asks it, outer groups first, "" when nowhere."""
    said = answers.concept(concept)
    if said is not None:
        return said
    return next((text for group in answers.groups(concept) if (text := group.concept(concept))), "")


def _visited_on(
    answers: Answers, started_at: datetime | None, received_at: datetime, zone: ZoneInfo
) -> date:
    """Return the day the phone tells, but none after the day of receipt: its clock may be wrong."""
    told = read_day(answers.concept("visit.date") or "")
    received_on = received_at.astimezone(zone).date()
    if told is None and started_at is not None:
        told = started_at.astimezone(zone).date()
    return min(told, received_on) if told else received_on


def _moment(visited_on: date, at: datetime | None, origin: Origin, zone: ZoneInfo) -> str:
    clock = at.astimezone(zone).time().isoformat("milliseconds") if at else ""
    return f"{visited_on.isoformat()}T{clock}|{origin.instance_id}"


def _household_id(
    answers: Answers, said: Mapping[str, str], village: str, origin: Origin
) -> str | None:
    """Return the household's id: by its number in the village, the phone's key, or the visit.

    None for forms that are not about a household.
    """
    if not answers.plan.under("", "household.") and not answers.has_concept("visit.outcome"):
        return None
    if number := said.get("number"):
        return stable_uuid("household", village, number.strip().upper())
    if key := said.get("key"):
        return stable_uuid("household key", key)
    return stable_uuid("household of", origin.instance_id)


def _outcome(answers: Answers) -> str:
    """Return the outcome told, else what consent implies, else "completed" as somebody answered.

    "audited" for a visit to a clinic and "back_check" for a second interview: neither is a visit
    to a household of the round.
    """
    if answers.has_concept("clinic.id"):
        return "audited"
    if answers.has_concept("backcheck.of"):
        return "back_check"
    if told := answers.concept("visit.outcome"):
        return told
    consent = answers.concept("visit.consent")
    return "refused" if consent == "no" else "completed"


def _report_audit(result: Interpretation, answers: Answers, visit: Row) -> None:
    clinic_id = answers.concept("clinic.id")
    if not clinic_id:
        return
    told = read_day(answers.concept("audit.date") or "")
    result.audits.append(
        {
            "submission_id": result.origin.submission_id,
            "clinic_id": clinic_id,
            "moment": visit["moment"],
            "audited_on": min(told, visit["visited_on"]) if told else visit["visited_on"],
            "latitude": visit["latitude"],
            "longitude": visit["longitude"],
            **_score(answers),
        }
    )


def _score(answers: Answers) -> Row:
    """Return the audit's points: worked out from its items, else as the form tells them."""
    score = results.server_score(answers)
    if score is not None:
        return {
            "got": score.got,
            "possible": score.possible,
            "score": score.score,
            "result": score.result,
            "vetoes": list(score.vetoes),
            "dimensions": {name: list(points) for name, points in score.dimensions.items()},
        }
    possible = answers.concepts("audit.possible.")
    return {
        "got": read_number(answers.concept("audit.got") or "") or 0,
        "possible": read_number(answers.concept("audit.possible") or "") or 0,
        "score": read_number(answers.concept("audit.score") or ""),
        "result": answers.concept("audit.result") or "",
        "vetoes": ["veto"] if answers.concept("audit.veto") in ("1", "yes") else [],
        "dimensions": {
            name: [read_number(got) or 0, read_number(possible.get(name, "")) or 0]
            for name, got in answers.concepts("audit.got.").items()
        },
    }


def _back_check(answers: Answers, entry: str, visit: Row) -> Row:
    said = answers.concepts("backcheck.")
    return {
        "submission_id": visit["submission_id"],
        "entity_id": entry.lower(),
        "moment": visit["moment"],
        "answered_on": visit["visited_on"],
        "phone_id": visit["phone_id"],
        "outcome": said.get("outcome") or "met",
        "said": {name: text for name, text in said.items() if name not in ("of", "outcome")},
    }


def _change(
    origin: Origin, number: int, block: EntityBlock, answers: Answers, village_code: str
) -> Row:
    faults = block.faults(answers.plan.lists)
    return {
        "submission_id": origin.submission_id,
        "number": number,
        "list_name": block.list_name,
        "entity_id": block.entity_id,
        "creates": block.creates,
        "updates": block.updates,
        "label": block.label,
        "base_version": block.base_version,
        "trunk_version": block.trunk_version,
        "branch_id": block.branch_id,
        "properties": dict(block.properties),
        "fault": faults[0] if faults else "",
        "outcome": "",
        "deprecated_id": origin.deprecated_id,
        "phone_id": origin.phone_id,
        "village_code": village_code,
    }
