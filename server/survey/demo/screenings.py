"""The disease_screening as Collect writes it, node by node in the form's order."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from forms.clues import screening_clues
from server.survey.demo.documents import (
    Call,
    Nodes,
    document,
    entity_block,
    label_of,
    nodes,
    pressures,
    when,
    words,
)
from server.survey.demo.illness import CHRONIC, Condition
from server.survey.demo.people import Family, Person, an_id

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
    about: Nodes = {
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
        **when(state == "done", way="home", consent="yes"),
        "go": int(condition is not None),
        "screen_date": call.day,
        "screen_result": result,
    }
    update = f'create="0" update="1" baseVersion="{person.version}" trunkVersion="" branchId=""'
    entity = entity_block("persons", person.id, update, label_of(person))
    body = (
        f"<who>{nodes(who)}</who><pp>{nodes(about)}<meta>{entity}</meta></pp>"
        + (_screened(call, person, age, condition, codes, random, photo) if condition else "")
        + nodes({"new_person_id": an_id(random)})
        + nodes(when(condition is not None, location=call.fix))
        + "<remark/>"
    )
    name = f"{person.name} {call.day}"
    return document("disease_screening", version, call, body, name)


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
    body = f"<known>{nodes(_known(call, condition, random, photo))}</known>"
    body += f"<meas>{nodes(_measured(age, condition))}</meas>"
    if age >= 15:
        adult: Nodes = {
            "sym": words(said.adult),
            "dust": said.dust,
            "tb_history": said.tb_history,
            "dialysis": said.dialysis,
            **when(age >= 40, fobt=said.fobt),
        }
        if person.sex == "female":
            adult["sym_w"] = words(said.woman)
            adult |= when(35 <= age <= 64, cervix_test=said.cervix, breast_test=said.breast)
        body += f"<adult>{nodes(adult)}</adult>"
    else:
        body += f"<child><sym_c>{words(said.child)}</sym_c></child>"
    if age >= 6:
        body += f"<mind><mental>{words(said.mental)}</mental></mind>"
    return body + _result(call, person, condition, codes, body, random)


def _known(call: Call, condition: Condition, random: Random, photo: str) -> Nodes:
    reported = condition.answers.reported
    if not reported:
        return {"dx": "none"}
    level = random.choices(("l3", "l2", "l1", "village", "self"), (36, 40, 12, 6, 6))[0]
    has_paper = photo != "" or random.random() < 0.55
    known: Nodes = {
        "dx": words(reported),
        "dx_level": "l3" if photo else level,
        "dx_doc": "yes" if has_paper else "no",
    }
    if has_paper:
        since = call.day - timedelta(days=random.randint(90, 3000))
        known |= {"dx_date": since.replace(day=1), "dx_photo": photo}
    return {**known, "on_drug": "regular"}


def _measured(age: int, condition: Condition) -> Nodes:
    said = condition.answers
    return {
        "height": condition.height_cm,
        "weight": condition.weight_kg,
        "bmi": condition.body_mass_index,
        **when(age >= 18, waist=condition.waist_cm),
        "temp": condition.temperature_c,
        "pulse": condition.pulse,
        **(pressures(condition.reading) if condition.reading else {}),
        **when(age >= 35, fasting="yes" if said.fasted else "no", glucose=said.glucose),
    }


def _result(
    call: Call, person: Person, condition: Condition, codes: list[str], body: str, random: Random
) -> str:
    is_major = not CHRONIC.issuperset(codes)
    is_documented = "<dx_doc>yes<" in body and ("<dx_level>l3<" in body or "<dx_level>l2<" in body)
    step = random.choice(("recheck", "refer")) if is_major else "routine"
    found: Nodes = {f"s_{code}": int(code in codes) for code in CLUES}
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
        **when(is_major, refer_by=call.day + timedelta(days=random.randint(3, 14))),
        "card_given": "yes",
    }
    label = f"{person.name} {call.day}"
    entity = entity_block("cases", an_id(random), f'create="{int(bool(codes))}"', label)
    return f"<result>{nodes(found)}<meta>{entity}</meta></result>"
