"""The phone's results against the server's."""

from __future__ import annotations

from forms.problems import Parameter
from forms.results import MESSAGES, result_complaints, server_clues, server_score
from forms.submission import Answers
from tests.filled import said


def differences(answers: Answers) -> list[tuple[str, dict[str, Parameter]]]:
    """Return (code, params) of the results that differ, their words tried."""
    found = result_complaints(answers)
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

    (complaint,) = result_complaints(said({}, persons))

    assert (complaint.code, complaint.position) == ("clues_differ", (2,))


def test_a_form_that_asks_for_no_clues_is_believed() -> None:
    answers = said({"finding.codes": "lung_cancer"})

    assert server_clues(answers) is None
    assert differences(answers) == []


def test_a_score_that_differs_is_told() -> None:
    answers = {
        "audit.item.own_public": "yes",
        "audit.own_doctor": "yes",
        "audit.served": "900",
        "audit.score": "100.0",
        "audit.result": "excellent",
    }

    assert differences(said(answers)) == [
        ("score_differs", {"phone": "100", "server": "6.1"}),
        ("result_differs", {"phone": "excellent", "server": "fail"}),
    ]
    assert differences(said({**answers, "audit.score": "6.1", "audit.result": "fail"})) == []


def test_a_form_without_items_has_no_score() -> None:
    assert server_score(said({"audit.score": "90"})) is None
    assert differences(said({"audit.score": "90"})) == []
