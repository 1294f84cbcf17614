"""The chronic_followup as Collect writes it, node by node in the form's order."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from forms.followup import FollowupAnswers, followup_result
from server.survey.demo.documents import Call, document, entity_block, nodes, pressures, when
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
        **pressures(reading),
        "pulse": condition.pulse,
        "weight": condition.weight_kg,
        "height": condition.height_cm,
        "bmi": condition.body_mass_index,
        "waist": condition.waist_cm,
        **when("dm" in modules, fbg=glucose, hba1c="", foot_pulse="normal"),
    }
    drug = "二甲双胍" if "dm" in modules else "氨氯地平"
    life: dict[str, object] = {"smoke": 0, "alcohol": 0, "exercise_times": ""}
    life |= when("htn" in modules, salt=random.choice(("light", "medium", "heavy")))
    taken: dict[str, object] = {"adherence": "regular", "adverse": "none"}
    taken |= when("dm" in modules, hypo="no")
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
        **when(judged.must_refer, refer_to="县医院 内科", refer_why="血压或血糖达危急值"),
        "max_days": judged.max_days,
        "next_date": next_date,
        "visit_str": call.day,
        **when(is_seen, signature=signature),
        **when(way == "home", location=call.fix),
    }
    body = (
        f"<who>{nodes(who)}</who>"
        + "<sy><symptoms>none</symptoms><danger>none</danger></sy>"
        + (f"<sign>{nodes(sign)}</sign>" if is_seen else "")
        + f"<life>{nodes(life)}</life>"
        + f"<drug>{nodes(taken)}<drugs>{nodes(dose)}</drugs></drug><out>{nodes(out)}</out>"
    )
    update = f'update="1" baseVersion="{person.version}" trunkVersion="" branchId=""'
    entity = entity_block("persons", person.id, update)
    return document("chronic_followup", version, call, body, f"{person.name} {call.day}", entity)


def _flag(is_ok: bool | None) -> str:
    return "" if is_ok is None else str(int(is_ok))
