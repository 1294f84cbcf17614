"""What a new version of a form takes away."""

from __future__ import annotations

import pytest

from forms import changes
from forms.compile import compile_form
from forms.fields import CompiledForm
from forms.source import FormSource

SETTINGS = """
| settings |
| | form_id | version | namespaces |
| | f | 1 | ds="https://doorstep.health/xforms" |
"""
HEADER = "| survey |\n| | type | name | label | bind::ds:concept |\n"
CHOICES = "\n| choices |\n| | list_name | name | label |\n"


def a_form(*rows: str, choices: tuple[str, ...] = ()) -> CompiledForm:
    """Return a form of survey rows "type | name | concept"; choices are names of the list `l`."""
    lines = []
    for row in rows:
        kind, name, concept = (*(part.strip() for part in row.split("|")), "", "")[:3]
        lines.append(f"| | {kind} | {name} | {name} | {concept} |")
    offered = CHOICES + "\n".join(f"| | l | {name} | {name} |" for name in choices)
    text = HEADER + "\n".join(lines) + "\n" + SETTINGS + (offered if choices else "") + "\n"
    return compile_form(FormSource.of_bytes("f.md", text.encode())).form


def told(old: CompiledForm, new: CompiledForm) -> list[str]:
    return [str(fault) for fault in changes.losses(old, new)]


def test_a_form_loses_nothing_against_itself_or_when_it_grows() -> None:
    old = a_form("text | a", "select_one l | b", choices=("x", "y"))
    new = a_form("text | a", "select_one l | b", "integer | c", choices=("x", "y", "z"))

    assert told(old, old) == []
    assert told(old, new) == []


def test_a_question_that_is_gone_is_told_but_a_note_is_not() -> None:
    old = a_form("text | a", "note | n", "text | b")

    assert told(old, a_form("text | a")) == [
        "The question b is gone: new submissions have no answer to it."
    ]


def test_a_question_moved_into_a_group_is_told_as_moved() -> None:
    old = a_form("text | a", "integer | b")
    new = a_form("text | a", "begin_group | g", "integer | b", "end_group | g")

    assert told(old, new) == ["The question b is now g/b: older answers stay where they were."]


def test_another_type_is_told_with_both_types() -> None:
    old, new = a_form("integer | a"), a_form("text | a")

    assert told(old, new) == ["The question a was int and is now string: exports hold both."]


@pytest.mark.parametrize(
    ("choices", "words"),
    [(("x",), "no longer offers y z"), (("x", "y", "z"), "")],
)
def test_choices_no_longer_offered_are_named(choices: tuple[str, ...], words: str) -> None:
    old = a_form("select_one l | a", choices=("x", "y", "z"))
    new = a_form("select_one l | a", choices=choices)

    assert [line for line in told(old, new) if words not in line] == []
    assert bool(told(old, new)) == bool(words)


def test_a_concept_that_is_lost_or_another_is_told() -> None:
    old = a_form("integer | a | measure.sbp", "integer | b | measure.dbp")
    new = a_form("integer | a | measure.pulse", "integer | b")

    assert told(old, new) == [
        "The question a meant measure.sbp and now means measure.pulse.",
        "The question b no longer means measure.dbp: it feeds no count any more.",
    ]
