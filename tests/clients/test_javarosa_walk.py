"""The shipped forms in the hands of JavaRosa, the engine inside ODK Collect."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from forms.checks import complaints
from forms.compile import compile_form
from forms.fields import CompiledForm
from forms.plan import ReadingPlan
from forms.source import FormSource
from forms.submission import open_envelope, read_answers
from tests.clients.javarosa.walker import SAMPLES, walk
from tests.large_form import large_form
from tests.needs import needs_java
from tests.shipped_forms import FORM_IDS, LIBRARY

WALKS = 60
"""Each walk has its own seed, made of the one given and its number."""
LISTS = SAMPLES / "phone_lists"
PERSON = ("name", "label", "__version", "pname", "birth_year", "village_code")
THIS_YEAR = datetime.now(UTC).year

pytestmark = needs_java


def a_library_form(form_id: str, folder: Path) -> tuple[CompiledForm, Path]:
    """Return a shipped form and the path of its XForm."""
    form = compile_form(FormSource.of_path(LIBRARY / form_id)).form
    return form, an_xform(form.xml, folder)


def an_xform(xml: bytes, folder: Path) -> Path:
    path = folder / "form.xml"
    path.write_bytes(xml)
    return path


def leaves(xml: bytes) -> dict[str, str]:
    """Return the text of every node without children, by its name; the last one of a name wins."""
    root = etree.fromstring(xml)
    nodes = [node for node in root.iter(etree.Element) if not len(node)]
    return {etree.QName(node).localname: node.text or "" for node in nodes}


@pytest.mark.parametrize("form_id", FORM_IDS)
def test_whoever_fills_a_shipped_form_gets_through_and_is_understood(
    form_id: str, tmp_path: Path
) -> None:
    form, path = a_library_form(form_id, tmp_path)

    sent = walk(path, LISTS, count=WALKS, seed=1)

    plan = ReadingPlan(form)
    said = [read_answers(open_envelope(xml), plan) for xml in sent]
    assert [(one.form_id, one.version) for one in said] == [(form_id, form.version)] * WALKS
    assert [complaint for one in said for complaint in complaints(one)] == []


def test_a_large_form_of_every_kind_of_question_is_filled_and_understood(tmp_path: Path) -> None:
    compiled = compile_form(large_form())
    for name, content in compiled.files.items():
        (tmp_path / name).write_bytes(content)

    sent = walk(an_xform(compiled.form.xml, tmp_path), tmp_path, count=4, seed=1)

    plan = ReadingPlan(compiled.form)
    said = [read_answers(open_envelope(xml), plan) for xml in sent]
    assert [complaint for one in said for complaint in complaints(one)] == []


@pytest.mark.parametrize("outcome", ["absent", "vacated"])
def test_a_household_not_met_is_asked_for_nothing_but_where_it_is(
    outcome: str, tmp_path: Path
) -> None:
    form, path = a_library_form("household_roster", tmp_path)
    asked = {field.path for field in form.fields if field.labels and field.kind != "note"}

    (xml,) = walk(path, LISTS, 1, 5, {"outcome": outcome, "hh_no": "H123456", "remark": "none"})

    envelope = open_envelope(xml)
    inside = {node.tag for node in etree.fromstring(xml).find("hh")}  # type: ignore[union-attr]
    left = {path for path in asked if path.startswith("hh/") and path[3:] in inside}
    assert left == {"hh/village", "hh/villager_group", "hh/hh_no", "hh/outcome", "hh/location"}
    assert etree.fromstring(xml).find("member") is None
    assert envelope.form_id == "household_roster"
    assert b'dataset="households" create="0"' in xml


def test_a_met_household_that_refuses_gives_no_more_than_before(tmp_path: Path) -> None:
    _, path = a_library_form("household_roster", tmp_path)

    (xml,) = walk(path, LISTS, 1, 5, {"outcome": "met", "consent": "no"})

    assert {"hh_type", "location", "hh_size", "phone", "pname"}.isdisjoint(leaves(xml))


def test_people_are_a_year_older_from_their_birthday_on(tmp_path: Path) -> None:
    _, path = a_library_form("household_roster", tmp_path)
    today = datetime.now().astimezone().date()
    # 28 years back the calendar is the same, 29 February included.
    birthdays = [day.replace(year=day.year - 28) for day in (today, today + timedelta(days=1))]
    household = {"outcome": "met", "consent": "yes", "hh_size": "1", "has_id": "no"}

    sent = walk(path, LISTS, 2, 8, [{**household, "dob_manual": str(day)} for day in birthdays])

    assert [leaves(xml)["age"] for xml in sent] == ["28", "27"]


def vectors(form_id: str) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Yield (case, inputs, expected results) of tests/samples/form_logic_vectors.csv."""
    with (SAMPLES / "form_logic_vectors.csv").open(encoding="utf-8", newline="") as opened:
        for line in csv.DictReader(opened):
            if line["form"] == form_id:
                yield line["case"], pairs(line["inputs"]), pairs(line["expected"])


def pairs(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(";"))


def readings(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return both readings of a pressure whose mean is the vector's; none where it has none."""
    return {
        f"{name}{number}": inputs.get(name, "") for name in ("sbp", "dbp") for number in ("1", "2")
    }


def screening_answers(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return what to answer: the vector's inputs, and nothing remarkable elsewhere."""
    unremarkable = {
        **dict.fromkeys(("dx", "sym", "sym_w", "sym_c", "mental"), "none"),
        **dict.fromkeys(("dust", "tb_history", "dialysis"), "no"),
        **dict.fromkeys(("fobt", "cervix_test", "breast_test", "fasting", "glucose"), ""),
    }
    person = {
        "listed": "no",
        "new_sex": "female" if "sym_w" in inputs else "male",
        "new_birth_year": str(THIS_YEAR - int(inputs["age"])),
    }
    visit = {"state": "done", "consent": "yes", "way": "home"}
    return unremarkable | person | visit | readings(inputs) | dict(inputs)


def test_clues_of_the_screening_form_are_those_of_the_vectors(tmp_path: Path) -> None:
    _, path = a_library_form("disease_screening", tmp_path)
    cases = list(vectors("disease_screening"))

    sent = walk(path, LISTS, len(cases), 11, [screening_answers(inputs) for _, inputs, _ in cases])

    found = [
        (case, set(leaves(xml)["case_codes"].split()))
        for (case, _, _), xml in zip(cases, sent, strict=True)
    ]
    assert found == [
        (case, set() if expected["flags"] == "none" else set(expected["flags"].split("+")))
        for case, _, expected in cases
    ]


def followup_answers(number: int, inputs: Mapping[str, str]) -> dict[str, str]:
    diseases = [name for name in ("htn", "dm", "tb") if inputs[name] == "1"]
    is_measured = "sbp" in inputs or not diseases
    return {
        "village": "510726103201",
        "person": an_id(number),
        "module": " ".join(diseases) or "elder",
        "way": "clinic" if is_measured else "phone",
        "fbg": "",
        **readings(inputs),
        **{name: text for name, text in inputs.items() if name not in {"age", "prev_class"}},
    }


def an_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def a_list_of_persons(folder: Path, inputs: list[dict[str, str]]) -> None:
    """Write the lists of a phone whose persons are as old, and were as well, as the vectors say."""
    for name in ("villages.csv", "corrections.csv"):
        (folder / name).write_bytes((LISTS / name).read_bytes())
    with (folder / "persons.csv").open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow([*PERSON, "last_followup", "fu_class"])
        for number, one in enumerate(inputs):
            born = THIS_YEAR - int(one["age"])
            row = [an_id(number), f"P{number}", 1, f"P{number}", born, "510726103201", ""]
            table.writerow([*row, one["prev_class"]])


def test_class_and_referral_of_the_followup_form_are_those_of_the_vectors(tmp_path: Path) -> None:
    _, path = a_library_form("chronic_followup", tmp_path)
    cases = list(vectors("chronic_followup"))
    a_list_of_persons(tmp_path, [inputs for _, inputs, _ in cases])
    answers = [followup_answers(number, inputs) for number, (_, inputs, _) in enumerate(cases)]

    sent = walk(path, tmp_path, len(cases), 12, answers)

    found = [
        (case, {name: leaves(xml)[name] for name in expected})
        for (case, _, expected), xml in zip(cases, sent, strict=True)
    ]
    assert found == [(case, expected) for case, _, expected in cases]


def test_the_walk_finds_a_crash_that_odk_validate_lets_through(tmp_path: Path) -> None:
    sheet = """
| survey |           |      |       |                                          |
|        | type      | name | label | calculation                              |
|        | text      | id   | ID    |                                          |
|        | calculate | born |       | date(concat(substr(${id}, 6, 10), '-01')) |
"""
    form = compile_form(FormSource.of_bytes("crash.md", sheet.encode())).form

    with pytest.raises(AssertionError, match="JavaRosa cannot fill"):
        walk(an_xform(form.xml, tmp_path), LISTS, count=5, seed=1)
