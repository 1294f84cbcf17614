"""Opening envelopes and reading answers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from forms.fields import EntityDeclaration
from forms.plan import ReadingPlan
from forms.problems import SubmissionProblem
from forms.submission import MAX_BYTES, open_envelope, read_answers
from tests.filled import a_field, a_form, answers_to, said, xml_of

META = "<meta><instanceID>uuid:1</instanceID></meta>"


def code_of(xml: bytes) -> str:
    """Return the code with which `xml` is refused, "" when it is not."""
    try:
        open_envelope(xml)
    except SubmissionProblem as problem:
        return problem.code
    return ""


def test_an_envelope_says_form_version_and_instance() -> None:
    xml = xml_of({"q": "1"}, instance_id="uuid:abc")

    envelope = open_envelope(xml)

    assert (envelope.form_id, envelope.version, envelope.instance_id) == ("f", "1", "uuid:abc")
    assert envelope.deprecated_id is None
    assert not envelope.is_encrypted
    assert envelope.file_names == ()


def test_a_missing_version_is_blank() -> None:
    xml = f'<data id="f">{META}</data>'.encode()

    envelope = open_envelope(xml)

    assert envelope.version == ""


@pytest.mark.parametrize(
    "xml",
    [
        '<data id="f"><meta><instanceID>uuid:1</instanceID></meta></data>',
        '<data id="f"><orx:meta xmlns:orx="http://openrosa.org/xforms">'
        "<orx:instanceID> uuid:1\n</orx:instanceID></orx:meta></data>",
        '<data id="f" xmlns="http://example.org/f"><meta><instanceID>uuid:1</instanceID></meta></data>',
        '<data id="f" instanceID="uuid:1"><q/></data>',
        '<data id="f"><meta><x/></meta><meta><instanceID>uuid:1</instanceID></meta></data>',
        '\ufeff<?xml version="1.0"?>\n<!-- made by hand --><data id="f" instanceID="uuid:1"/>',
    ],
)
def test_the_instance_id_is_found_wherever_clients_write_it(xml: str) -> None:
    envelope = open_envelope(xml.encode())

    assert envelope.instance_id == "uuid:1"


def test_an_edit_names_what_it_replaces() -> None:
    xml = xml_of({}, instance_id="uuid:2", meta="<orx:deprecatedID>uuid:1</orx:deprecatedID>")

    envelope = open_envelope(xml)

    assert (envelope.instance_id, envelope.deprecated_id) == ("uuid:2", "uuid:1")


def test_answers_without_instance_id_get_one_from_their_bytes() -> None:
    first = open_envelope(b'<data id="f"><q>1</q></data>')
    again = open_envelope(b'<data id="f"><q>1</q></data>')
    other = open_envelope(b'<data id="f"><q>2</q></data>')

    assert first.instance_id.startswith("uuid:")
    assert first.instance_id == again.instance_id
    assert first.instance_id != other.instance_id


def test_an_encrypted_envelope_lists_its_files() -> None:
    xml = b"""<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="f" encrypted="yes">
      <base64EncryptedKey>k</base64EncryptedKey>
      <meta xmlns="http://openrosa.org/xforms"><instanceID>uuid:1</instanceID></meta>
      <media><file>photo1.jpg.enc</file></media><media><file>photo2.jpg.enc</file></media>
      <encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"""

    envelope = open_envelope(xml)

    assert envelope.is_encrypted
    assert envelope.file_names == ("photo1.jpg.enc", "photo2.jpg.enc", "submission.xml.enc")


def test_an_encrypted_envelope_needs_an_instance_id() -> None:
    xml = b'<data id="f" encrypted="yes"><encryptedXmlFile>a.enc</encryptedXmlFile></data>'

    assert code_of(xml) == "no_instance_id"


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"", "truncated"),
        (b"   ", "truncated"),
        (xml_of({"q": "1"})[:-20], "truncated"),
        (xml_of({"q": "1"})[:60], "truncated"),
        (b'<data id="f"><q>1</q>', "truncated"),
        (b"not xml at all", "malformed"),
        (b'{"q": 1}', "malformed"),
        (b"<data id='f'><q></data></q>", "malformed"),
        (b"<data id='f' id='g'/>", "malformed"),
        (b"<data id='f'/><data id='f'/>", "malformed"),
        (b"<data id='f'>&company;</data>", "malformed"),
        (b"<x:data id='f'/>", "malformed"),
        (b"<data id='f'><q>\x00</q></data>", "nul"),
        ("<data id='f'/>".encode("utf-16"), "nul"),
        (b"<data id='f'><q>\xff</q></data>", "encoding"),
        (b"<data id='f'><q>\xc0\xaf</q></data>", "encoding"),
        ("<data id='f'><q>王</q></data>".encode("gb18030"), "encoding"),
        (b"<data id='f'><q>\xed\xa0\x80</q></data>", "encoding"),
        (b"<data id='f'><q>&#0;</q></data>", "illegal_character"),
        (b"<data id='f'><q>&#xFFFF;</q></data>", "illegal_character"),
        (b"<data id='f'><q>\x08</q></data>", "illegal_character"),
        (b"<!DOCTYPE data><data id='f'/>", "doctype"),
        (
            b"<?xml version='1.0'?>\n<!DOCTYPE d [<!ENTITY a 'b'>]><data id='f'>&a;</data>",
            "doctype",
        ),
        (b"<!DOCTYPE d SYSTEM 'file:///etc/passwd'><data id='f'/>", "doctype"),
        (b"<data id='f'><?php echo 1 ?></data>", "instruction"),
        (b"<?xml version='1.0'?><?xml-stylesheet href='x'?><data id='f'/>", "instruction"),
        (b"<?a?><data id='f'/>", "instruction"),
        (b"<data id=''/>", "no_form_id"),
        (b"<data/>", "no_form_id"),
        (b"<html><body>Sign in to the network</body></html>", "no_form_id"),
        (b"<data id='" + b"f" * 256 + b"'/>", "identifier_too_long"),
        (b"<data id='f' version='" + b"1" * 256 + b"'/>", "identifier_too_long"),
        (b"<data id='f' instanceID='" + b"1" * 256 + b"'/>", "identifier_too_long"),
    ],
)
def test_unreadable_answers_are_refused_with_their_reason(xml: bytes, code: str) -> None:
    assert code_of(xml) == code


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"<a>" * 101 + b"</a>" * 101, "too_deep"),
        (b"<a>" * 10_000 + b"</a>" * 10_000, "too_deep"),
        (b"<a>" * 1_000_000, "too_many"),
        (b"<a>" + b"<b/>" * 200_001 + b"</a>", "too_many"),
        (b"<a " + b" ".join(b"a%d='1'" % number for number in range(200_001)) + b"/>", "too_many"),
        (b"<a>" + b"x" * MAX_BYTES + b"</a>", "too_large"),
        (b"<a>" + b"x" * 50_000_000 + b"</a>", "too_large"),
        (b"<a>" + b"x" * 10_000_001 + b"</a>", "too_large"),
    ],
)
def test_answers_beyond_the_limits_are_refused(xml: bytes, code: str) -> None:
    assert code_of(xml) == code


def test_an_entity_bomb_is_refused_before_it_is_parsed() -> None:
    lols = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<!DOCTYPE l [<!ENTITY l0 "lol">{lols}]><data id="f">&l9;</data>'

    assert code_of(xml.encode()) == "doctype"


def test_a_hundred_levels_are_read() -> None:
    xml = b"<data id='f'>" + b"<g>" * 99 + b"</g>" * 99 + b"</data>"

    answers = read_answers(open_envelope(xml), ReadingPlan(a_form()))

    assert list(answers.unknown) == ["/".join(["g"] * 99)]


def test_a_refusal_has_words() -> None:
    with pytest.raises(SubmissionProblem, match="at most 20 MB") as caught:
        open_envelope(b"x" * (MAX_BYTES + 1))

    assert caught.value.msgid % caught.value.params == str(caught.value)


def test_answers_are_read_by_path_and_type() -> None:
    form = a_form(
        a_field("name"),
        a_field("g/weight", "decimal"),
        a_field("g/size", "int"),
        a_field("day", "date"),
        a_field("start", "dateTime"),
        a_field("fix", "geopoint"),
        groups=["g"],
    )
    tree = {
        "name": " 王 小明\n",
        "g": {"weight": "61.5", "size": "143.0"},
        "day": "2026-02-28",
        "start": "2026-11-22T00:15:30.250+08:00",
        "fix": "38.3 116.9 12.5 4.5",
    }

    answers = answers_to(form, tree)

    assert answers.text("name") == "王 小明"
    assert answers.number("g/weight") == 61.5
    assert answers.integer("g/size") == 143
    assert answers.date("day") == date(2026, 2, 28)
    assert answers.instant("start") == datetime(2026, 11, 21, 16, 15, 30, 250_000, tzinfo=UTC)
    assert answers.geopoint("fix") == (38.3, 116.9, 12.5, 4.5)


def test_absent_blank_and_wrong_answers_are_none() -> None:
    form = a_form(a_field("name"), a_field("size", "int"))

    answers = answers_to(form, {"name": "  ", "size": "many"})

    assert answers.text("name") is None
    assert answers.integer("size") is None
    assert answers.number("nothing") is None
    assert answers.date("name") is None
    assert answers.instant("name") is None
    assert answers.geopoint("nothing") is None


def test_a_present_blank_answer_differs_from_an_absent_one() -> None:
    form = a_form(a_field("a"), a_field("b"))

    answers = answers_to(form, {"a": ""})

    assert answers.values == {"a": ""}


def test_repetitions_hold_their_answers_and_repeats_inside() -> None:
    form = a_form(
        a_field("member/name", repeat="member"),
        a_field("member/g/drug/dose", "decimal", repeat="member/g/drug"),
        repeats=["member", "member/g/drug"],
        groups=["member", "member/g", "member/g/drug"],
    )
    tree = {
        "member": [
            {"name": "甲", "g": {"drug": [{"dose": "1"}, {"dose": "2.5"}]}},
            {"name": "乙", "g": {}},
        ]
    }

    first, second = answers_to(form, tree).repetitions("member")

    assert [first.text("member/name"), second.text("member/name")] == ["甲", "乙"]
    doses = [
        (drug.position, drug.number("member/g/drug/dose"))
        for drug in first.repetitions("member/g/drug")
    ]
    assert doses == [((1, 1), 1.0), ((1, 2), 2.5)]
    assert second.repetitions("member/g/drug") == ()


def test_names_match_in_any_namespace() -> None:
    form = a_form(a_field("g/q"), groups=["g"])
    xml = b'<data id="f" xmlns="urn:x" xmlns:y="urn:y"><g><y:q>1</y:q></g></data>'

    answers = read_answers(open_envelope(xml), ReadingPlan(form))

    assert answers.text("g/q") == "1"
    assert answers.unknown == {}


def test_comments_and_cdata_do_not_part_an_answer() -> None:
    form = a_form(a_field("q"))
    xml = b'<data id="f"><q>1<!-- two -->2<![CDATA[<3>]]></q></data>'

    answers = read_answers(open_envelope(xml), ReadingPlan(form))

    assert answers.text("q") == "12<3>"


def test_unknown_answers_are_kept_apart() -> None:
    form = a_form(a_field("g/q"), a_field("once"), groups=["g"])
    tree = {"g": {"q": "1", "new": "2"}, "other": {"deep": {"x": "3"}}, "empty": ""}
    xml = xml_of(tree).replace(b"<empty>", b"<once>a</once><once>b</once><empty>")

    answers = read_answers(open_envelope(xml), ReadingPlan(form))

    assert answers.text("g/q") == "1"
    assert answers.text("once") == "a"
    assert answers.unknown == {"g/new": "2", "other/deep/x": "3", "once": "b", "empty": ""}


def test_unknown_answers_are_bounded() -> None:
    tree = {f"q{number}": "1" for number in range(1_500)}

    answers = answers_to(a_form(), tree)

    assert len(answers.unknown) == 1_000


def test_a_field_that_became_a_group_is_unknown() -> None:
    form = a_form(a_field("q"))

    answers = answers_to(form, {"q": {"inner": "1"}})

    assert answers.text("q") is None
    assert answers.unknown == {"q/inner": "1"}


def test_files_are_named_by_binary_fields_and_the_audit_log() -> None:
    form = a_form(
        a_field("front", "binary"),
        a_field("member/photo", "binary", repeat="member"),
        a_field("meta/audit", "binary"),
        repeats=["member"],
    )
    tree = {"front": "a.jpg", "member": [{"photo": "b.jpg"}, {"photo": ""}, {"photo": "a.jpg"}]}

    answers = answers_to(form, tree, meta="<orx:audit>audit.csv</orx:audit>")

    assert answers.file_names == ("a.jpg", "b.jpg", "audit.csv")


def test_the_forms_title_of_a_submission_is_read() -> None:
    answers = answers_to(a_form(), {}, meta="<orx:instanceName>Household 12</orx:instanceName>")

    assert answers.instance_name == "Household 12"


def test_a_concept_takes_the_first_field_that_means_something() -> None:
    form = a_form(
        a_field("outcome", concept="visit.outcome", values={"met": "", "gone": "absent"}),
        a_field("g/result", concept="visit.outcome", values={"1": "completed"}),
        groups=["g"],
    )

    met = answers_to(form, {"outcome": "met", "g": {"result": "1"}})
    gone = answers_to(form, {"outcome": "gone", "g": {"result": "1"}})
    strange = answers_to(form, {"outcome": "??"})
    silent = answers_to(form, {})

    assert met.concept("visit.outcome") == "completed"
    assert gone.concept("visit.outcome") == "absent"
    assert strange.concept("visit.outcome") == "??"
    assert silent.concept("visit.outcome") is None
    assert met.concept("visit.way") is None


def test_a_selection_is_translated_word_by_word() -> None:
    values = {"a": "fever_2w", "b": "pallor", "c": ""}
    form = a_form(a_field("signs", kind="select_multiple", concept="clue.child", values=values))

    answers = answers_to(form, {"signs": "b  a c other"})

    assert answers.concept("clue.child") == "pallor fever_2w other"


def test_concepts_of_one_kind_come_together() -> None:
    answers = said({"measure.sbp": "142", "measure.dbp": "", "person.name": "甲"})

    assert answers.concepts("measure.") == {"sbp": "142"}
    assert answers.has_concept("measure.dbp")
    assert not answers.has_concept("measure.pulse")
    assert answers.concept_path("measure.sbp") == "measure_sbp"
    assert answers.concept_path("measure.pulse") == ""


def test_persons_are_found_by_concept_in_any_repeat() -> None:
    answers = said({"visit.date": "2026-11-22"}, [{"person.name": "甲"}, {"person.name": "乙"}])

    persons = answers.groups("person.")

    assert [(person.position, person.concept("person.name")) for person in persons] == [
        ((1,), "甲"),
        ((2,), "乙"),
    ]
    assert answers.concept("person.name") is None


def test_an_encrypted_submission_has_no_answers_but_its_files() -> None:
    xml = (
        b'<data id="f" encrypted="yes" instanceID="uuid:1"><q>1</q>'
        b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
    )

    answers = read_answers(open_envelope(xml), ReadingPlan(a_form(a_field("q"))))

    assert answers.is_encrypted
    assert answers.values == {}
    assert answers.unknown == {}
    assert answers.file_names == ("submission.xml.enc",)


def test_a_submission_read_by_another_form_gives_what_both_know() -> None:
    form = a_form(
        a_field("q", "int"),
        a_field("member/name", repeat="member"),
        repeats=["member"],
        entities=[EntityDeclaration("persons", "member", creates=True, updates=False)],
    )

    answers = answers_to(form, {"q": {"deep": "x"}, "member": "text", "more": "1"})

    assert answers.text("q") is None
    assert len(answers.repetitions("member")) == 1
    assert answers.entities == ()
