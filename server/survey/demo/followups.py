"""The chronic_followup as Collect writes it, node by node in the form's order."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from forms.followup import FollowupAnswers, FollowupResult, followup_result
from server.survey.demo.documents import (
    Call,
    Nodes,
    document,
    entity_block,
    nodes,
    pressures,
    when,
)
from server.survey.demo.illness import Condition, Reading
from server.survey.demo.people import Person

_MODULES = {"htn": "hypertension", "dm": "diabetes"}


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
    reported = condition.answers.reported
    modules = [name for name, code in _MODULES.items() if code in reported]
    is_seen = way != "phone"
    glucose = round(random.uniform(5.2, 9.5), 1) if "dm" in modules and is_seen else None
    judged = _judged(call, person, modules, reading if is_seen else None, glucose)
    sign = _signs(modules, condition, reading, glucose)
    life: Nodes = {"smoke": 0, "alcohol": 0, "exercise_times": ""}
    life |= when("htn" in modules, salt=random.choice(("light", "medium", "heavy")))
    next_date = call.day + timedelta(days=random.randint(judged.max_days - 7, judged.max_days))
    out: Nodes = {
        **_assessment(judged),
        "next_date": next_date,
        "visit_str": call.day,
        **when(is_seen, signature=signature),
        **when(way == "home", location=call.fix),
    }
    body = (
        f"<who>{nodes(_who(call, person, modules, way))}</who>"
        + "<sy><symptoms>none</symptoms><danger>none</danger></sy>"
        + (f"<sign>{nodes(sign)}</sign>" if is_seen else "")
        + f"<life>{nodes(life)}</life>{_drugs(modules)}<out>{nodes(out)}</out>"
    )
    update = f'update="1" baseVersion="{person.version}" trunkVersion="" branchId=""'
    entity = entity_block("persons", person.id, update)
    return document("chronic_followup", version, call, body, f"{person.name} {call.day}", entity)


def _judged(
    call: Call,
    person: Person,
    modules: list[str],
    reading: Reading | None,
    glucose: float | None,
) -> FollowupResult:
    systolic, diastolic = reading.mean if reading else (None, None)
    return followup_result(
        FollowupAnswers(
            age_years=call.day.year - person.born.year,
            modules=frozenset(modules),
            danger=frozenset({"none"}),
            adverse="none",
            systolic=systolic,
            diastolic=diastolic,
            fasting_glucose=glucose,
        )
    )


def _who(call: Call, person: Person, modules: list[str], way: str) -> Nodes:
    return {
        "village": call.village_code,
        "person": person.id,
        "pname": person.name,
        "birth_year": person.born.year,
        "age": call.day.year - person.born.year,
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


def _signs(
    modules: list[str], condition: Condition, reading: Reading, glucose: float | None
) -> Nodes:
    return {
        **pressures(reading),
        "pulse": condition.pulse,
        "weight": condition.weight_kg,
        "height": condition.height_cm,
        "bmi": condition.body_mass_index,
        "waist": condition.waist_cm,
        **when("dm" in modules, fbg=glucose, hba1c="", foot_pulse="normal"),
    }


def _drugs(modules: list[str]) -> str:
    name = "二甲双胍" if "dm" in modules else "氨氯地平"
    taken: Nodes = {"adherence": "regular", "adverse": "none"}
    taken |= when("dm" in modules, hypo="no")
    drug: Nodes = {"drug_name": name, "drug_freq": "qd", "drug_dose": 5}
    return f"<drug>{nodes({**taken, 'drug_n': 1})}<drugs>{nodes(drug)}</drugs></drug>"


def _assessment(judged: FollowupResult) -> Nodes:
    return {
        "new_comp": "no",
        "bp_ok": _flag(judged.pressure_ok),
        "glu_ok": _flag(judged.glucose_ok),
        "danger_value": int(judged.has_danger),
        "fu_class": judged.followup_class,
        "must_refer": int(judged.must_refer),
        "referred": "yes" if judged.must_refer else "no",
        **when(judged.must_refer, refer_to="县医院 内科", refer_why="血压或血糖达危急值"),
        "max_days": judged.max_days,
    }


def _flag(is_ok: bool | None) -> str:
    return "" if is_ok is None else str(int(is_ok))
