"""The phone's results against the server's."""

from __future__ import annotations

from datetime import date

from forms.answers import Answers
from forms.audit import ITEMS, TOWNSHIP_HOSPITAL, VILLAGE_CLINIC
from forms.problems import Parameter
from forms.results import MESSAGES, result_complaints, server_clues, server_followup, server_score
from tests.filled import answers_to, said, shipped

TODAY = date(2026, 11, 22)


def differences(answers: Answers) -> list[tuple[str, dict[str, Parameter]]]:
    """Return (code, params) of the results that differ, their words tried."""
    found = result_complaints(answers, TODAY)
    assert all(MESSAGES[one.code] % one.params for one in found)
    return [(one.code, dict(one.params)) for one in found]


def test_clues_that_agree_are_not_mentioned_whatever_their_order() -> None:
    answers = {"person.age": "50", "clue.adult": "haemoptysis"}

    assert differences(said({**answers, "finding.codes": "lung_cancer tb_suspect"})) == []
    assert differences(said({**answers, "finding.codes": ""})) == [
        ("clues_differ", {"phone": "-", "server": "tb_suspect lung_cancer"})
    ]


def test_clues_of_each_person_in_a_repeat_are_compared() -> None:
    persons = [
        {"person.age": "50", "clue.adult": "dysphagia", "finding.codes": "oesophageal_cancer"},
        {"person.age": "50", "clue.adult": "none", "finding.codes": "gastric_cancer"},
    ]

    (complaint,) = result_complaints(said({}, persons), TODAY)

    assert (complaint.code, complaint.position) == ("clues_differ", (2,))


def test_a_form_that_asks_for_no_clues_is_believed() -> None:
    answers = said({"finding.codes": "lung_cancer"})

    assert server_clues(answers) is None
    assert differences(answers) == []


def an_audit(facility: str, **answers: str) -> dict[str, str]:
    """Return blank answers to every item of a facility, but for `answers`."""
    blank = {f"audit.item.{item.code}": "" for item in ITEMS[facility] if item.is_asked}
    return {**blank, **{f"audit.{name}".replace("__", "."): text for name, text in answers.items()}}


def test_a_score_that_differs_is_told() -> None:
    items = {"item__own_public": "yes", "own_doctor": "yes", "served": "900"}

    wrong = an_audit(VILLAGE_CLINIC, score="100.0", result="excellent", **items)
    right = an_audit(VILLAGE_CLINIC, score="6.1", result="fail", **items)

    assert differences(said(wrong)) == [
        ("score_differs", {"phone": "100", "server": "6.1"}),
        ("result_differs", {"phone": "excellent", "server": "fail"}),
    ]
    assert differences(said(right)) == []


def test_a_hospital_is_scored_by_its_own_items() -> None:
    score = server_score(said(an_audit(TOWNSHIP_HOSPITAL, item__t_present="yes")))

    assert score is not None
    assert (score.got, score.possible) == (4, 100)


def test_a_form_with_other_items_is_believed() -> None:
    answers = {"audit.item.own_public": "yes", "audit.item.our_own": "yes", "audit.score": "90"}

    assert server_score(said(answers)) is None
    assert server_score(said({"audit.score": "90"})) is None
    assert differences(said(answers)) == []


FOLLOWUP = {
    "person.age": "60",
    "followup.module": "htn",
    "followup.danger": "none",
    "followup.adverse": "none",
    "followup.complication": "no",
    "followup.previous": "unsatisfied",
    "measure.sbp": "142",
    "measure.dbp": "88",
}


def test_a_followup_is_held_against_its_own_answers() -> None:
    told = {
        "followup.class": "satisfied",
        "followup.referred": "no",
        "followup.next_date": "2026-12-07",
    }

    found = differences(said({**FOLLOWUP, **told}))

    assert found == [
        ("class_differs", {"phone": "satisfied", "server": "unsatisfied"}),
        ("referral_missing", {}),
        ("next_visit_late", {"days": "14", "day": "2026-12-06"}),
    ]


def test_a_followup_that_agrees_is_not_mentioned() -> None:
    told = {
        "followup.class": "unsatisfied",
        "followup.referred": "yes",
        "followup.next_date": "2026-12-06",
    }

    assert differences(said({**FOLLOWUP, **told})) == []


def test_a_followup_form_that_asks_too_little_is_believed() -> None:
    answers = said({"followup.module": "htn", "followup.class": "satisfied", "measure.sbp": "200"})

    assert server_followup(answers) is None
    assert differences(answers) == []


def test_the_shipped_followup_form_can_be_worked_out_again() -> None:
    tree = {"who": {"age": "70", "module": "htn"}, "sign": {"sbp": "142", "dbp": "88"}}

    result = server_followup(answers_to(shipped("chronic_followup"), tree))

    assert result is not None
    assert result.followup_class == "satisfied"
