"""Submissions as phones send them, with only what a test does not say filled in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from forms.audit import ITEMS, VILLAGE_CLINIC
from server.survey.intake import Upload
from server.survey.site import Site

# A real village of the sample, and the one next to it.
VILLAGE = "130921211201"
NEXT_VILLAGE = "130921211202"
NAMESPACES = 'xmlns:orx="http://openrosa.org/xforms"'
_AUDIT_GROUPS = {
    dimension: {item.code for item in ITEMS[VILLAGE_CLINIC] if item.dimension == dimension}
    for dimension in ("ownership", "construction", "service", "it", "management")
}
RECEIVED_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def an_id(*parts: object) -> str:
    """The same UUID for the same parts, so that tests can name things."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, parts))))


def a_member(name: str = "王小一", **answers: str) -> dict[str, str]:
    """Answers of one household member; `entity` names the person's entity."""
    return {
        "pname": name,
        "relation": "head",
        "has_id": "no",
        "no_id_why": "not_with",
        "dob": "1970-05-06",
        "sex": "female",
        "birth_year": "1970",
        "residence": "home",
        "entity": an_id("person", name),
        **answers,
    }


def roster_xml(
    instance: str = "uuid:roster-1",
    *,
    village: str = VILLAGE,
    number: str = "",
    day: str = "2026-11-20",
    outcome: str = "met",
    consent: str = "yes",
    members: Sequence[Mapping[str, str]] = (),
    fix: str = "38.1 116.9 0 10",
    version: str = "",
    deprecated: str = "",
    key: str = "",
    corrects: str = "",
) -> bytes:
    """A household roster. Without members it is of a household nobody spoke for."""
    answers = {
        "village": village,
        "hh_no": number,
        "outcome": outcome,
        "consent": consent if outcome == "met" else "",
        "hh_type": "poor" if consent == "yes" else "",
        "cause_main": "illness" if consent == "yes" else "",
        "hh_size": str(len(members) or ""),
        "location": fix,
        "hh_key": key or an_id("household", instance),
    }
    repeats = "".join(_member(member) for member in members)
    household = ""
    if consent == "yes" and outcome == "met":
        household = _entity("households", an_id("household entity", instance), "create", "户")
    return _document(
        "household_roster",
        version,
        instance,
        deprecated,
        _when(day) + _correction(corrects) + f"<hh>{_nodes(answers)}</hh>" + repeats,
        household,
    )


def screening_xml(
    instance: str = "uuid:screening-1",
    *,
    person: str = "",
    name: str = "王小一",
    village: str = VILLAGE,
    day: str = "2026-11-20",
    state: str = "done",
    codes: str = "",
    reported: str = "none",
    level: str = "",
    paper: str = "",
    version: str = "",
    answers: Mapping[str, str] | None = None,
) -> bytes:
    """A disease screening of one person; `codes` is what the phone's form found."""
    person = person or an_id("person", name)
    who = {"village": village, "listed": "yes", "person": person}
    about = {
        "pname": name,
        "sex": "female",
        "birth_year": "1970",
        "hh_type": "poor",
        "age": "56",
        "person_key": person,
        "state": state,
        "way": "home",
        "consent": "yes",
    }
    known = {"dx": reported, "dx_level": level, "dx_doc": paper}
    body = (
        _when(day)
        + f"<who>{_nodes(who)}</who><pp>{_nodes(about)}</pp><known>{_nodes(known)}</known>"
        + f"<result>{_nodes({'case_codes': codes})}</result>"
        + _nodes(answers or {})
    )
    return _document("disease_screening", version, instance, "", body, "")


def an_upload(xml: bytes, received_at: datetime = RECEIVED_AT) -> Upload:
    """One POST without files."""
    return Upload(1, xml, (), None, "collect:test", received_at)


def versions(site: Site) -> dict[str, str]:
    """The published version of each form."""
    with site.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT form_id, version FROM form_version").all()
    return dict(rows)


def _when(day: str) -> str:
    times = {
        "start": f"{day}T09:00:00.000+08:00",
        "end": f"{day}T09:20:00.000+08:00",
        "today": day,
        "username": "张医生",
        "deviceid": "collect:test",
    }
    return _nodes(times)


def _member(answers: Mapping[str, str]) -> str:
    told = {name: text for name, text in answers.items() if name != "entity"}
    entity = _entity("persons", answers["entity"], "create", answers["pname"])
    return f"<member>{_nodes(told)}<meta>{entity}</meta></member>"


def _entity(list_name: str, entity_id: str, verb: str, label: str) -> str:
    return (
        f'<entity dataset="{list_name}" {verb}="1" id="{entity_id}">'
        f"<label>{escape(label)}</label></entity>"
    )


def _correction(entity_id: str) -> str:
    return f"<correction>{_nodes({'corrects': entity_id})}</correction>" if entity_id else ""


def _nodes(answers: Mapping[str, str]) -> str:
    return "".join(
        f"<{name}>{escape(text)}</{name}>" for name, text in answers.items() if text != ""
    )


def _document(
    form_id: str, version: str, instance: str, deprecated: str, body: str, entity: str
) -> bytes:
    replaced = f"<orx:deprecatedID>{deprecated}</orx:deprecatedID>" if deprecated else ""
    return (
        f'<?xml version="1.0"?><data id="{form_id}" version="{version or "2026112202"}" '
        f"{NAMESPACES}>{body}<orx:meta><orx:instanceID>{instance}</orx:instanceID>{replaced}"
        f"{entity}</orx:meta></data>"
    ).encode()


def audit_xml(
    instance: str = "uuid:audit-1",
    *,
    clinic: str,
    day: str = "2026-11-20",
    village: str = VILLAGE,
    answers: Mapping[str, str] | None = None,
) -> bytes:
    """A clinic audit; `answers` are those to items, by item code."""
    site = {
        "clinic": clinic,
        "c_village": village,
        "audit_date": day,
        "served": "900",
        "own_doctor": "yes",
        "location": "38.1 116.9 0 10",
    }
    body = _when(day) + f"<site>{_nodes(site)}</site>"
    for group, codes in _AUDIT_GROUPS.items():
        told = {code: text for code, text in (answers or {}).items() if code in codes}
        body += f"<{group}>{_nodes(told)}</{group}>"
    return _document("clinic_audit", "", instance, "", body, "")
