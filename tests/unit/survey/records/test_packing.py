"""What one submission brings to the comparison: readings, answers that count, times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from forms.audit_log import read_audit
from server.survey.quality.records import packing
from server.survey.quality.records.facts import ANSWER, READING, TOLD, code_of, stratum_of
from tests.filled import a_field, a_form, answers_to

ZONE = ZoneInfo("Asia/Shanghai")
VISIT: Mapping[str, Any] = {
    "form_id": "f",
    "phone_id": 7,
    "village_code": "130921211201",
    "household_id": "h1",
    "started_at": datetime(2026, 11, 20, 1, 5, tzinfo=UTC),
    "ended_at": datetime(2026, 11, 20, 1, 20, tzinfo=UTC),
    "visited_on": date(2026, 11, 20),
    "outcome": "completed",
    "latitude": 38.0,
    "longitude": None,
    "accuracy_m": None,
}
FORM = a_form(
    a_field("sex", choices=("male", "female"), concept="person.sex"),
    a_field("age", "int", concept="person.age"),
    a_field("name", concept="person.name"),
    a_field("sbp1", "int", concept="measure.sbp1", values={"999": ""}),
    a_field("sbp", "int", concept="measure.sbp"),
    a_field("weight", "decimal", concept="measure.weight", values={"99": "", "-9": ""}),
    a_field("smokes", choices=("yes", "no", "dk")),
    a_field("remark"),
    a_field("note", kind="note"),
    a_field("sum", kind="calculate"),
)


def packed(tree: Mapping[str, str], log: bytes = b"") -> tuple[Any, Any, Any]:
    told = packing.pack(
        VISIT, answers_to(FORM, tree), read_audit(log) if log else None, ZONE, is_early=False
    )
    return (
        np.frombuffer(told.told, TOLD)[0],
        np.frombuffer(told.readings, READING),
        np.frombuffer(told.answers, ANSWER),
    )


def test_declared_codes_for_not_known_are_no_readings() -> None:
    _, readings, _ = packed({"sex": "male", "age": "40", "sbp1": "999", "weight": "99"})

    assert len(readings) == 0


def test_a_mean_is_left_out_where_its_first_reading_is_told() -> None:
    _, readings, _ = packed({"sex": "male", "age": "40", "sbp1": "131", "sbp": "128"})

    assert [(one["name"], one["value"]) for one in readings] == [(code_of("sbp1"), 131)]
    assert readings[0]["stratum"] == stratum_of("male", 40)


def test_questions_asked_blank_and_not_known_are_counted_and_names_are_not_compared() -> None:
    told, _, answers = packed(
        {"sex": "male", "name": "王一", "smokes": "dk", "remark": "", "note": "", "sum": "4"}
    )

    assert (told["asked"], told["blank"]) == (4, 2)
    assert len(answers) == 1


def test_the_same_answer_to_the_same_question_has_the_same_hash() -> None:
    _, _, first = packed({"sex": "male", "smokes": "yes"})
    _, _, second = packed({"sex": "female", "smokes": "yes"})

    assert first["question"].tolist() == second["question"].tolist()
    assert first["answer"][1] == second["answer"][1] != 0
    assert first["answer"][0] != second["answer"][0]


def test_times_are_those_of_the_site_and_the_log_tells_time_on_questions() -> None:
    log = (
        b"event,node,start,end\n"
        b"form start,,1000000,\n"
        b"question,/f/sex,1000000,1020000\n"
        b"question,/f/age,300000,310000\n"
    )

    told, _, _ = packed({"sex": "male"}, log)

    assert (told["minute"], told["took"], told["active"], told["back"]) == (545, 900, 30, 700)
    assert np.isnan(told["longitude"])
    assert told["latitude"] == 38


def test_without_a_log_time_on_questions_is_not_known() -> None:
    told, _, _ = packed({"sex": "male"})

    assert np.isnan(told["active"])
    assert np.isnan(told["back"])
