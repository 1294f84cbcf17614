"""What a reader without the right does not see of a submission."""

from __future__ import annotations

from forms.answers import Answers
from forms.fields import CompiledForm
from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from server.survey.veil import Veil, mask_birth_date, veil_of
from tests import filled

FORM = filled.a_form(
    filled.a_field("member/pname", repeat="member", concept="person.name"),
    filled.a_field("member/id18", repeat="member", concept="person.id_number"),
    filled.a_field("phone", concept="household.phone"),
    repeats=("member",),
)
ANSWERS = {
    "phone": "13800001234",
    "member": [
        {"pname": "王小一", "id18": "11010519491231002X"},
        {"pname": "王小", "id18": ""},
        {"pname": "李", "id18": ""},
    ],
}


def answers_of(form: CompiledForm, tree: filled.Tree) -> Answers:
    return read_answers(open_envelope(filled.xml_of(tree)), ReadingPlan(form))


def a_veil(*, personal: bool = False, sensitive: bool = False) -> Veil:
    read = answers_of(FORM, ANSWERS)
    return veil_of(read, shows_personal=personal, shows_sensitive=sensitive)


def test_names_and_numbers_are_masked_wherever_they_stand() -> None:
    veil = a_veil()

    assert veil.text("王小一 女 1949") == "王* 女 1949"
    assert veil.text("王小 与 王小一") == "王* 与 王*"
    assert veil.text("call 13800001234 of 11010519491231002X") == (
        "call 138****1234 of 1101**********002X"
    )


def test_numbers_nobody_declared_are_masked_by_their_shape() -> None:
    veil = a_veil()

    assert veil.text("id 532301197001010017, tel 13912345678") == (
        "id 5323**********0017, tel 139****5678"
    )
    assert veil.text("130921211201 2026112201") == "130921211201 2026112201"


def test_a_name_of_one_sign_is_masked_in_its_own_answer_only() -> None:
    veil = a_veil()
    (name, *_rest) = FORM.fields

    assert veil.answer(name, "李") == "*"
    assert veil.text("桃李村") == "桃李村"


def test_whoever_was_given_the_names_sees_them() -> None:
    veil = a_veil(personal=True)

    assert veil.text("王小一 13800001234") == "王小一 13800001234"
    assert veil.answer(FORM.fields[0], "王小一") == "王小一"


def test_a_birth_date_keeps_its_year() -> None:
    assert mask_birth_date("1970-05-06") == "1970-**-**"
    assert mask_birth_date("spring") == "****"


def test_questions_about_sensitive_diseases_are_hidden_whole() -> None:
    veil, office = a_veil(), a_veil(sensitive=True)
    hidden = [
        filled.a_field("mental", concept="clue.mental"),
        filled.a_field("dx", concept="finding.reported"),
        filled.a_field("result/s_tb_suspect"),
        filled.a_field("m", concept="finding.mdr_tb"),
        filled.a_field("ill", choices=("flu", "hiv_aids")),
        filled.a_field(
            "jb", kind="select_one", choices=("1",), values={"1": "severe_mental_disorder"}
        ),
    ]

    assert [veil.hides(one) for one in hidden] == [True] * len(hidden)
    assert [office.hides(one) for one in hidden] == [False] * len(hidden)
    assert not veil.hides(filled.a_field("sbp", concept="measure.sbp"))
    assert not veil.hides(filled.a_field("ill", choices=("flu", "gastric_cancer")))


def test_codes_of_sensitive_diseases_leave_texts_that_list_some() -> None:
    assert a_veil().text("gastric_cancer mdr_tb") == "gastric_cancer"
    assert a_veil(sensitive=True).text("gastric_cancer mdr_tb") == "gastric_cancer mdr_tb"
