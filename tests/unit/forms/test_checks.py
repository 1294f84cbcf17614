"""Answers against their form: level 1."""

from __future__ import annotations

import pytest

from forms.checks import MAX_UNKNOWN_COMPLAINTS, MESSAGES, complaints
from forms.fields import EntityDeclaration, Field
from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from tests.filled import a_field, a_form, answers_to


def codes_of(field: Field, text: str) -> list[str]:
    """Return the complaint codes of one field answered with `text`."""
    return [one.code for one in complaints(answers_to(a_form(field), {field.path: text}))]


@pytest.mark.parametrize(
    ("datatype", "text", "codes"),
    [
        ("int", "12", []),
        ("int", "12.0", []),
        ("int", "12.5", ["not_integer"]),
        ("int", "twelve", ["not_integer"]),
        ("decimal", "12.5", []),
        ("decimal", "12,5", ["not_decimal"]),
        ("date", "2026-11-22", []),
        ("date", "22.11.2026", ["not_date"]),
        ("dateTime", "2026-11-22T09:15:00.000+08:00", []),
        ("dateTime", "2026-11-22T09:15:00", ["not_datetime"]),
        ("time", "09:15:00.000+08:00", []),
        ("time", "quarter past", ["not_time"]),
        ("geopoint", "38.3 116.9 0 0", []),
        ("geopoint", "138.3 116.9 0 0", ["not_geopoint"]),
        ("geotrace", "38.3 116.9; 38.4 116.9", []),
        ("geoshape", "here", ["not_geotrace"]),
        ("boolean", "true", []),
        ("boolean", "maybe", ["not_boolean"]),
        ("binary", "照片 1.jpg", []),
        ("binary", "../../etc/passwd", ["not_file_name"]),
        ("binary", "..", ["not_file_name"]),
        ("binary", "x" * 256, ["not_file_name"]),
        ("string", "anything at all", []),
        ("barcode", "6901234567892", []),
        ("odk:unheard-of", "x", []),
    ],
)
def test_an_answer_must_be_of_its_type(datatype: str, text: str, codes: list[str]) -> None:
    field = a_field("q", datatype)

    assert codes_of(field, text) == codes


@pytest.mark.parametrize(
    ("kind", "text", "codes"),
    [
        ("select_one", "yes", []),
        ("select_one", "maybe", ["unknown_choice"]),
        ("select_one", "yes no", ["unknown_choice"]),
        ("select_multiple", "no yes", []),
        ("select_multiple", "no perhaps yes", ["unknown_choice"]),
        ("rank", "no yes", []),
    ],
)
def test_a_choice_must_be_offered(kind: str, text: str, codes: list[str]) -> None:
    field = a_field("q", kind=kind, choices=["yes", "no"])

    assert codes_of(field, text) == codes


def test_other_is_a_choice_where_the_form_asks_which() -> None:
    form = a_form(a_field("q", choices=["a"]), a_field("q_other"))

    assert complaints(answers_to(form, {"q": "other", "q_other": "b"})) == []


def test_choices_from_a_file_are_not_judged() -> None:
    field = a_field("q", kind="select_one", choices_file="villages.csv")

    assert codes_of(field, "130921211201") == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [("60", []), ("280", []), ("59", ["too_low"]), ("281", ["too_high"]), ("", [])],
)
def test_an_answer_must_lie_in_its_range(text: str, codes: list[str]) -> None:
    field = a_field("q", "int", lower=60, upper=280)

    assert codes_of(field, text) == codes


def test_a_range_complaint_says_value_and_limit() -> None:
    field = a_field("q", "decimal", lower=0.8, upper=250)

    (low,) = complaints(answers_to(a_form(field), {"q": "0.5"}))
    (high,) = complaints(answers_to(a_form(field), {"q": "250.5"}))

    assert MESSAGES[low.code] % low.params == ("0.5 is less than the lowest allowed value, 0.8.")
    assert MESSAGES[high.code] % high.params == (
        "250.5 is more than the highest allowed value, 250."
    )


def test_what_is_always_required_must_be_there() -> None:
    form = a_form(
        a_field("name", required=True),
        a_field("sometimes", required=True, relevant=True),
        a_field("member/age", "int", required=True, repeat="member"),
        repeats=["member"],
    )

    found = complaints(answers_to(form, {"member": [{"age": "4"}, {}]}))

    assert [(one.code, one.path, one.position) for one in found] == [
        ("required_missing", "name", ()),
        ("required_missing", "member/age", (2,)),
    ]


def test_nothing_is_required_of_a_repetition_that_is_not_there() -> None:
    form = a_form(a_field("member/age", required=True, repeat="member"), repeats=["member"])

    assert complaints(answers_to(form, {})) == []


def test_a_complaint_tells_the_repetition() -> None:
    form = a_form(a_field("a/b/q", "int", repeat="a/b"), repeats=["a", "a/b"], groups=["a", "a/b"])

    (found,) = complaints(answers_to(form, {"a": [{}, {"b": [{"q": "1"}, {"q": "x"}]}]}))

    assert (found.path, found.position) == ("a/b/q", (2, 2))


def test_unknown_fields_are_named_up_to_a_limit() -> None:
    form = a_form(a_field("q"))

    few = complaints(answers_to(form, {"q": "1", "g": {"new": "2"}}))
    many = complaints(answers_to(form, {f"x{number}": "1" for number in range(100)}))

    assert [(one.code, one.path) for one in few] == [("unknown_field", "g/new")]
    assert len(many) == MAX_UNKNOWN_COMPLAINTS


def test_long_answers_are_not_repeated_in_full() -> None:
    field = a_field("q", "int")

    (found,) = complaints(answers_to(a_form(field), {"q": "x" * 5_000}))

    assert len(str(found.params["value"])) < 50


def test_an_encrypted_submission_is_not_blamed_for_its_silence() -> None:
    plan = ReadingPlan(a_form(a_field("q", required=True)))
    xml = b'<data id="f" encrypted="yes" instanceID="uuid:1"/>'

    assert complaints(read_answers(open_envelope(xml), plan)) == []


@pytest.mark.parametrize(
    ("entity", "codes"),
    [
        ('dataset="p" create="1" id="{id}"><label>A</label>', []),
        ('dataset="p" update="1" id="{id}" baseVersion="2">', []),
        ('dataset="p" create="0" update="" id="">', []),
        ('dataset="p" create="1" id=""><label>A</label>', []),
        ('dataset="p" update="1" id="" baseVersion="2">', ["entity_id_missing"]),
        ('dataset="p" create="1" update="1" id=""><label>A</label>', ["entity_id_missing"]),
        ('dataset="p" create="1" id="7"><label>A</label>', ["entity_id_malformed"]),
        ('dataset="p" create="true" id="{id}"><label> </label>', ["entity_label_missing"]),
        ('dataset="q" create="1" id="{id}"><label>A</label>', ["entity_list_unknown"]),
        ('dataset="p" update="true" id="{id}" baseVersion="">', ["entity_base_missing"]),
        (
            'dataset="p" update="1" id="{id}" baseVersion="2" trunkVersion="1" branchId="">',
            ["entity_branch_missing"],
        ),
    ],
)
def test_entity_blocks_must_be_complete(entity: str, codes: list[str]) -> None:
    form = a_form(entities=[EntityDeclaration("p", "", creates=True, updates=True)])
    block = entity.format(id="1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b")

    found = complaints(answers_to(form, {}, meta=f"<entity {block}</entity>"))

    assert [one.code for one in found] == codes
    assert all(one.path == "meta/entity" for one in found)


def test_every_message_takes_its_parameters() -> None:
    params = {"value": "v", "limit": "l", "list": "p"}

    assert all(message % params for message in MESSAGES.values())
