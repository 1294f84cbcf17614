"""The household_roster as Collect writes it, node by node in the form's order."""

from __future__ import annotations

from server.survey.demo.documents import Call, Nodes, document, entity_block, label_of, nodes, when
from server.survey.demo.people import Family, Person
from server.survey.demo.places import stem


def roster_xml(call: Call, version: str, family: Family, outcome: str, consent: str) -> bytes:
    """Return a household_roster; `outcome` is met, absent or vacated, `consent` yes, no or ""."""
    village = stem(call.place.name) if call.village_code == call.place.code else ""
    is_open = consent == "yes"
    household: Nodes = {
        "village": call.village_code,
        "villager_group": family.group,
        "hh_no": family.number,
        "outcome": outcome,
        **when(outcome == "met", consent=consent),
    }
    if is_open:
        household["hh_type"] = family.kind
        if family.cause:
            household |= {"identified_on": "2017-06-30", "cause_main": family.cause}
            household["cause_other"] = ""
        household["phone"] = family.phone
    if is_open or outcome != "met":
        household["location"] = call.fix
    household |= when(is_open, hh_size=len(family.members))
    household |= {"hh_key": family.key, "hh_village": village}
    label = f"{village} {family.group} {family.number}"
    entity = entity_block("households", family.entity_id, f'create="{int(is_open)}"', label)
    body = f"<intro/><hh>{nodes(household)}<meta>{entity}</meta></hh>"
    if is_open:
        body += "".join(_member(person, family, call) for person in family.members)
    name = f"{village} {family.number}"
    return document("household_roster", version, call, body + "<remark/>", name)


def _member(person: Person, family: Family, call: Call) -> str:
    age = person.age_on(call.day)
    has_id = bool(person.id_number)
    is_asked_pregnant = person.sex == "female" and 15 <= age <= 54
    groups = {
        "g_elder": " elderly_65" if age >= 65 else "",
        "g_child": " child_0_6" if age <= 6 else "",
        "g_preg": " pregnant" if is_asked_pregnant and person.is_pregnant else "",
        "g_dis": " disabled" if person.disability != "none" else "",
    }
    answers: Nodes = {
        "pname": person.name,
        "relation": person.relation,
        "has_id": "yes" if has_id else "no",
    }
    if has_id:
        answers["id18"] = person.id_number
    else:
        answers["no_id_why"] = "newborn" if age == 0 else "not_with"
        answers |= {"dob_manual": person.born, "sex_manual": person.sex}
    answers |= {
        "dob": person.born,
        "sex": person.sex,
        "birth_year": person.born.year,
        "age": age,
        "show_age": "",
        "nation": person.nation,
        "residence": person.residence,
        "insured": "resident",
        "serious_insured": "yes",
        "disability": person.disability,
        **when(is_asked_pregnant, pregnant="yes" if person.is_pregnant else "no"),
        **groups,
        "groups": "".join(groups.values()).strip(),
        "id_tail": person.id_number[14:],
        "m_hh_key": family.key,
        "m_village": call.village_code,
        "m_hh_type": family.kind,
        "p_label": label_of(person),
    }
    entity = entity_block("persons", person.id, 'create="1"', label_of(person))
    return f"<member>{nodes(answers)}<meta>{entity}</meta></member>"
