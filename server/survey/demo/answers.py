"""Submissions of the shipped forms as Collect writes them, node by node in the forms' order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from xml.sax.saxutils import escape

from forms.audit import ITEMS, VILLAGE_CLINIC, AuditAnswers, audit_score
from forms.clues import screening_clues
from forms.followup import FollowupAnswers, followup_result
from server.survey.demo.illness import Condition, Reading
from server.survey.demo.people import Family, Person, an_id
from server.survey.demo.places import Place, stem

CLUES = [
    "childhood_leukaemia",
    "childhood_chd",
    "oesophageal_cancer",
    "gastric_cancer",
    "colorectal_suspect",
    "esrd",
    "severe_mental_disorder",
    "tb_suspect",
    "cervical_cancer",
    "breast_cancer",
    "lung_cancer",
    "pneumoconiosis",
    "special_reported",
    "hypertension",
    "diabetes",
]
CHRONIC = frozenset({"hypertension", "diabetes"})
_MODULES = {"htn": "hypertension", "dm": "diabetes"}
_NAMESPACES = (
    'xmlns:orx="http://openrosa.org/xforms" '
    'xmlns:entities="http://www.opendatakit.org/xforms/entities" '
    'xmlns:odk="http://www.opendatakit.org/xforms" xmlns:jr="http://openrosa.org/javarosa" '
    'xmlns:ds="https://doorstep.health/xforms"'
)


@dataclass(slots=True)
class Call:
    """When, where and by whom a form was filled; times are the phone's own, without zone.

    `offset` is the zone's, as in "+08:00". `replaces` is the instance id that an edit replaces.
    """

    instance_id: str
    place: Place
    start: datetime
    end: datetime
    offset: str
    worker: str
    device: str
    phone_id: int
    fix: str
    village_code: str
    received_at: datetime
    replaces: str = ""
    version: str = ""

    @property
    def day(self) -> date:
        """The day on which the form was filled, by the phone's clock."""
        return self.start.date()


def roster_xml(call: Call, version: str, family: Family, outcome: str, consent: str) -> bytes:
    """Return a household_roster; `outcome` is met, absent or vacated, `consent` yes, no or ""."""
    village = stem(call.place.name) if call.village_code == call.place.code else ""
    is_open = consent == "yes"
    household: dict[str, object] = {
        "village": call.village_code,
        "villager_group": family.group,
        "hh_no": family.number,
        "outcome": outcome,
        **_when(outcome == "met", consent=consent),
    }
    if is_open:
        household["hh_type"] = family.kind
        if family.cause:
            household |= {"identified_on": "2017-06-30", "cause_main": family.cause}
            household["cause_other"] = ""
        household["phone"] = family.phone
    if is_open or outcome != "met":
        household["location"] = call.fix
    household |= _when(is_open, hh_size=len(family.members))
    household |= {"hh_key": family.key, "hh_village": village}
    label = f"{village} {family.group} {family.number}"
    entity = _entity("households", family.entity_id, f'create="{int(is_open)}"', label)
    body = f"<intro/><hh>{_nodes(household)}<meta>{entity}</meta></hh>"
    if is_open:
        body += "".join(_member(person, family, call) for person in family.members)
    name = f"{village} {family.number}"
    return _document("household_roster", version, call, body + "<remark/>", name)


def screening_xml(
    call: Call,
    version: str,
    person: Person,
    family: Family,
    state: str,
    condition: Condition | None,
    random: Random,
    photo: str = "",
) -> bytes:
    """Return a disease_screening; `state` is done, absent, refused, dead or moved."""
    age = call.day.year - person.born.year
    codes = screening_clues(condition.answers) if condition else []
    result = state if condition is None else ("follow" if codes else "clear")
    who = {"village": call.village_code, "listed": "yes", "person": person.id}
    about: dict[str, object] = {
        "pname": person.name,
        "sex": person.sex,
        "birth_year": person.born.year,
        "hh_type": family.kind,
        "p_village": call.village_code,
        "person_key": person.id,
        "age": age,
        "who_note": "",
        "right_person": "yes",
        "state": state,
        **_when(state == "done", way="home", consent="yes"),
        "go": int(condition is not None),
        "screen_date": call.day,
        "screen_result": result,
    }
    update = f'create="0" update="1" baseVersion="{person.version}" trunkVersion="" branchId=""'
    entity = _entity("persons", person.id, update, _label(person))
    body = (
        f"<who>{_nodes(who)}</who><pp>{_nodes(about)}<meta>{entity}</meta></pp>"
        + (_screened(call, person, age, condition, codes, random, photo) if condition else "")
        + _nodes({"new_person_id": an_id(random)})
        + _nodes(_when(condition is not None, location=call.fix))
        + "<remark/>"
    )
    name = f"{person.name} {call.day}"
    return _document("disease_screening", version, call, body, name)


def followup_xml(
    call: Call,
    version: str,
    person: Person,
    condition: Condition,
    reading: Reading,
    way: str,
    signature: str,
    random: Random,
) -> bytes:
    """Return a chronic_followup of someone whom a doctor told of hypertension, diabetes or both."""
    age = call.day.year - person.born.year
    reported = condition.answers.reported
    modules = [name for name, code in _MODULES.items() if code in reported]
    is_seen = way != "phone"
    glucose = round(random.uniform(5.2, 9.5), 1) if "dm" in modules and is_seen else None
    systolic, diastolic = reading.mean if is_seen else (None, None)
    judged = followup_result(
        FollowupAnswers(
            age_years=age,
            modules=frozenset(modules),
            danger=frozenset({"none"}),
            adverse="none",
            systolic=systolic,
            diastolic=diastolic,
            fasting_glucose=glucose,
        )
    )
    who: dict[str, object] = {
        "village": call.village_code,
        "person": person.id,
        "pname": person.name,
        "birth_year": person.born.year,
        "age": age,
        "last_fu": "",
        "prev_class": "",
        "who_note": "",
        "visit_date": call.day,
        "way": way,
        "module": " ".join(modules),
        "htn": int("htn" in modules),
        "dm": int("dm" in modules),
        "tb": 0,
    }
    sign: dict[str, object] = {
        **_pressures(reading),
        "pulse": condition.pulse,
        "weight": condition.weight_kg,
        "height": condition.height_cm,
        "bmi": _index(condition),
        "waist": condition.waist_cm,
        **_when("dm" in modules, fbg=glucose, hba1c="", foot_pulse="normal"),
    }
    drug = "二甲双胍" if "dm" in modules else "氨氯地平"
    life: dict[str, object] = {"smoke": 0, "alcohol": 0, "exercise_times": ""}
    life |= _when("htn" in modules, salt=random.choice(("light", "medium", "heavy")))
    taken: dict[str, object] = {"adherence": "regular", "adverse": "none"}
    taken |= _when("dm" in modules, hypo="no")
    taken["drug_n"] = 1
    dose: dict[str, object] = {"drug_name": drug, "drug_freq": "qd", "drug_dose": 5}
    next_date = call.day + timedelta(days=random.randint(judged.max_days - 7, judged.max_days))
    out: dict[str, object] = {
        "new_comp": "no",
        "bp_ok": _flag(judged.pressure_ok),
        "glu_ok": _flag(judged.glucose_ok),
        "danger_value": int(judged.has_danger),
        "fu_class": judged.followup_class,
        "must_refer": int(judged.must_refer),
        "referred": "yes" if judged.must_refer else "no",
        **_when(judged.must_refer, refer_to="县医院 内科", refer_why="血压或血糖达危急值"),
        "max_days": judged.max_days,
        "next_date": next_date,
        "visit_str": call.day,
        **_when(is_seen, signature=signature),
        **_when(way == "home", location=call.fix),
    }
    body = (
        f"<who>{_nodes(who)}</who>"
        + "<sy><symptoms>none</symptoms><danger>none</danger></sy>"
        + (f"<sign>{_nodes(sign)}</sign>" if is_seen else "")
        + f"<life>{_nodes(life)}</life>"
        + f"<drug>{_nodes(taken)}<drugs>{_nodes(dose)}</drugs></drug><out>{_nodes(out)}</out>"
    )
    update = f'update="1" baseVersion="{person.version}" trunkVersion="" branchId=""'
    entity = _entity("persons", person.id, update)
    return _document("chronic_followup", version, call, body, f"{person.name} {call.day}", entity)


def audit_xml(
    call: Call,
    version: str,
    clinic_id: str,
    items: Mapping[str, str],
    served: int,
    *,
    has_own_doctor: bool,
    photos: tuple[str, str],
) -> bytes:
    """Return a clinic_audit. `items` are the answers by item; `photos` the front and a signature.

    An item that is not asked (a posted doctor where the village has its own) is left out.
    """
    scored = audit_score(VILLAGE_CLINIC, AuditAnswers(items, served, has_own_doctor))
    site: dict[str, object] = {
        "clinic": clinic_id,
        "c_village": call.village_code,
        "audit_date": call.day,
        "served": served,
        "own_doctor": "yes" if has_own_doctor else "no",
        "location": call.fix,
        "front": photos[0],
    }
    ratio = f"{round(int(items['doctor_count']) / served * 1000, 2):g}"
    body = f"<site>{_nodes(site)}</site>"
    for dimension, (got, possible) in scored.dimensions.items():
        nodes: dict[str, object] = {}
        for item in ITEMS[VILLAGE_CLINIC]:
            if item.dimension != dimension:
                continue
            text = ratio if item.code == "doctor_ratio" else items.get(item.code)
            is_counted = text is not None and text != "na"
            nodes |= _when(text is not None, **{item.code: text})
            nodes[f"p_{item.code}"] = item.points if is_counted and item.passes(text or "") else 0
            nodes[f"m_{item.code}"] = item.points if is_counted else 0
        nodes |= {f"got_{dimension}": got, f"max_{dimension}": possible}
        body += f"<{dimension}>{_nodes(nodes)}</{dimension}>"
    is_failed = scored.result == "fail"
    total: dict[str, object] = {
        "got": scored.got,
        "possible": scored.possible,
        "score": f"{scored.score or 0:g}",
        "veto": int(bool(scored.vetoes)),
        "result": scored.result,
        "audit_str": call.day,
        "score_note": "",
        **_when(is_failed, problems="见否决项与未达标项目", fix_by=call.day + timedelta(days=60)),
        "auditors": "核查一组 两人",
        "sign_auditor": photos[1],
        "sign_doctor": "",
    }
    update = 'update="1" baseVersion="1" trunkVersion="" branchId=""'
    entity = _entity("clinics", clinic_id, update)
    name = f"{clinic_id} {call.day}"
    return _document(
        "clinic_audit", version, call, f"{body}<sum>{_nodes(total)}</sum>", name, entity
    )


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
    answers: dict[str, object] = {
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
        **_when(is_asked_pregnant, pregnant="yes" if person.is_pregnant else "no"),
        **groups,
        "groups": "".join(groups.values()).strip(),
        "id_tail": person.id_number[14:],
        "m_hh_key": family.key,
        "m_village": call.village_code,
        "m_hh_type": family.kind,
        "p_label": _label(person),
    }
    entity = _entity("persons", person.id, 'create="1"', _label(person))
    return f"<member>{_nodes(answers)}<meta>{entity}</meta></member>"


def _screened(
    call: Call,
    person: Person,
    age: int,
    condition: Condition,
    codes: list[str],
    random: Random,
    photo: str,
) -> str:
    """Return the groups that are asked of someone who agreed to be screened."""
    said = condition.answers
    body = f"<known>{_nodes(_known(call, condition, random, photo))}</known>"
    body += f"<meas>{_nodes(_measured(age, condition))}</meas>"
    if age >= 15:
        adult: dict[str, object] = {
            "sym": _words(said.adult),
            "dust": said.dust,
            "tb_history": said.tb_history,
            "dialysis": said.dialysis,
            **_when(age >= 40, fobt=said.fobt),
        }
        if person.sex == "female":
            adult["sym_w"] = _words(said.woman)
            adult |= _when(35 <= age <= 64, cervix_test=said.cervix, breast_test=said.breast)
        body += f"<adult>{_nodes(adult)}</adult>"
    else:
        body += f"<child><sym_c>{_words(said.child)}</sym_c></child>"
    if age >= 6:
        body += f"<mind><mental>{_words(said.mental)}</mental></mind>"
    return body + _result(call, person, condition, codes, body, random)


def _known(call: Call, condition: Condition, random: Random, photo: str) -> dict[str, object]:
    reported = condition.answers.reported
    if not reported:
        return {"dx": "none"}
    level = random.choices(("l3", "l2", "l1", "village", "self"), (36, 40, 12, 6, 6))[0]
    has_paper = photo != "" or random.random() < 0.55
    known: dict[str, object] = {
        "dx": _words(reported),
        "dx_level": "l3" if photo else level,
        "dx_doc": "yes" if has_paper else "no",
    }
    if has_paper:
        since = call.day - timedelta(days=random.randint(90, 3000))
        known |= {"dx_date": since.replace(day=1), "dx_photo": photo}
    return {**known, "on_drug": "regular"}


def _measured(age: int, condition: Condition) -> dict[str, object]:
    said = condition.answers
    return {
        "height": condition.height_cm,
        "weight": condition.weight_kg,
        "bmi": _index(condition),
        **_when(age >= 18, waist=condition.waist_cm),
        "temp": condition.temperature_c,
        "pulse": condition.pulse,
        **(_pressures(condition.reading) if condition.reading else {}),
        **_when(age >= 35, fasting="yes" if said.fasted else "no", glucose=said.glucose),
    }


def _pressures(reading: Reading) -> dict[str, object]:
    systolic, diastolic = reading.mean
    return {
        "sbp1": reading.first[0],
        "dbp1": reading.first[1],
        **({"sbp2": reading.second[0], "dbp2": reading.second[1]} if reading.second else {}),
        "sbp": systolic,
        "dbp": diastolic,
    }


def _result(
    call: Call, person: Person, condition: Condition, codes: list[str], body: str, random: Random
) -> str:
    is_major = not CHRONIC.issuperset(codes)
    is_documented = "<dx_doc>yes<" in body and ("<dx_level>l3<" in body or "<dx_level>l2<" in body)
    step = random.choice(("recheck", "refer")) if is_major else "routine"
    found: dict[str, object] = {f"s_{code}": int(code in codes) for code in CLUES}
    found |= {
        "any_major": int(is_major),
        "any_suspect": int(bool(codes)),
        "case_codes": " ".join(codes),
        "case_person": person.id,
        "case_name": person.name,
        "case_village": call.village_code,
        "case_state": "documented" if is_documented else "suspected",
        "case_found": call.day,
        "next": step,
        **_when(is_major, refer_by=call.day + timedelta(days=random.randint(3, 14))),
        "card_given": "yes",
    }
    label = f"{person.name} {call.day}"
    entity = _entity("cases", an_id(random), f'create="{int(bool(codes))}"', label)
    return f"<result>{_nodes(found)}<meta>{entity}</meta></result>"


def _index(condition: Condition) -> float:
    return round(condition.weight_kg / (condition.height_cm / 100) ** 2, 1)


def _label(person: Person) -> str:
    sex = "男" if person.sex == "male" else "女"
    return f"{person.name} {sex} {person.born.year} {person.id_number[14:] or '----'}"


def _words(codes: Iterable[str]) -> str:
    return " ".join(sorted(codes))


def _flag(is_ok: bool | None) -> str:
    return "" if is_ok is None else str(int(is_ok))


def _when(is_asked: bool, **answers: object) -> dict[str, object]:
    """Return the answers to questions that the form shows only then."""
    return answers if is_asked else {}


def _nodes(answers: Mapping[str, object]) -> str:
    return "".join(
        f"<{name}/>" if text is None or text == "" else f"<{name}>{text}</{name}>"
        for name, text in answers.items()
    )


def _entity(list_name: str, entity_id: str, verbs: str, label: str = "") -> str:
    told = f"<label>{label}</label>" if label else ""
    return f'<entity dataset="{list_name}" {verbs} id="{entity_id}">{told}</entity>'


def _document(
    form_id: str, version: str, call: Call, body: str, name: str, entity: str = ""
) -> bytes:
    times = (
        f"<start>{call.start.isoformat(timespec='milliseconds')}{call.offset}</start>"
        f"<end>{call.end.isoformat(timespec='milliseconds')}{call.offset}</end>"
        f"<today>{call.day}</today><username>{call.worker}</username>"
        f"<deviceid>{call.device}</deviceid>"
    )
    replaced = f"<deprecatedID>{call.replaces}</deprecatedID>" if call.replaces else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?><data id=\"{form_id}\" "
        f'version="{call.version or version}" {_NAMESPACES}>{times}{body}<meta>{entity}'
        f"<instanceID>{call.instance_id}</instanceID>{replaced}"
        f"<instanceName>{escape(name)}</instanceName></meta></data>"
    ).encode()
