"""How a form was filled in: what was left open, skipped, not photographed or answered alike."""

from __future__ import annotations

from typing import Any

from forms.answers import Answers
from forms.compile import compile_form
from forms.plan import ReadingPlan
from forms.source import FormSource
from forms.submission import open_envelope, read_answers
from tests.filled import shipped, xml_of

SHEET = """
| survey |
| | type | name | label | relevant | calculation |
| | select_one yn | listed | Listed | | |
| | select_one way | way | How | | |
| | calculate | go | | | if(${way} = 'home', 1, 0) |
| | begin_group | seen | Seen | ${go} = 1 | |
| | integer | a | A | | |
| | integer | b | B | | |
| | integer | c | C | | |
| | integer | d | D | | |
| | select_one yn | e | E | | |
| | image | photo | Photo | | |
| | end_group | | | | |
| | integer | age | Age | | |
| | begin_group | old | Old | ${age} > 60 | |
| | integer | o1 | O | | |
| | integer | o2 | O | | |
| | integer | o3 | O | | |
| | integer | o4 | O | | |
| | integer | o5 | O | | |
| | end_group | | | | |
| | begin_group | items | Items | | |
| | select_one yn | i1 | I | | |
| | select_one yn | i2 | I | | |
| | calculate | p2 | | | 1 |
| | select_one yn | i3 | I | | |
| | select_one yn | i4 | I | | |
| | select_one yn | i5 | I | | |
| | end_group | | | | |
| choices |
| | list_name | name | label |
| | yn | yes | Yes |
| | yn | no | No |
| | yn | unk | Not known |
| | way | home | At home |
| | way | phone | By phone |
| settings |
| | form_id | version |
| | f | 1 |
"""


def manner(tree: dict[str, Any]) -> dict[str, Any]:
    form = compile_form(FormSource("f.md", {"f.md": SHEET.encode()})).form
    plan = ReadingPlan(form)
    answers: Answers = read_answers(open_envelope(xml_of(tree)), plan)
    return plan.manner.of([group.values for group in answers.everywhere()])


ITEMS = {"i1": "yes", "i2": "no", "i3": "yes", "i4": "no", "i5": "yes"}
SEEN = {"a": "1", "b": "2", "c": "3", "d": "", "e": "unk", "photo": ""}


def test_what_was_shown_and_left_empty_or_not_known_is_open() -> None:
    told = manner({"listed": "yes", "way": "home", "seen": SEEN, "age": "50", "items": ITEMS})

    # Thirteen questions were shown: one is empty, one not known. The photo is counted apart.
    assert told["open"] == [13, 2]
    assert told["photos"] == [1, 1]


def test_a_section_that_the_workers_own_choices_open_is_skipped_when_it_is_not_sent() -> None:
    opened = manner({"listed": "yes", "way": "home", "seen": SEEN, "age": "50"})
    skipped = manner({"listed": "yes", "way": "phone", "age": "50"})

    # The section of the old is opened by whom one meets: nobody chooses that.
    assert (opened["skipped"], skipped["skipped"]) == ({"seen": 0}, {"seen": 1})


def test_five_like_questions_with_one_answer_are_alike() -> None:
    mixed = manner({"items": ITEMS})
    alike = manner({"items": dict.fromkeys(ITEMS, "yes")})
    partly = manner({"items": {**ITEMS, "i5": ""}})

    assert (mixed["alike"], alike["alike"]) == ([1, 0], [1, 1])
    assert "alike" not in partly


def test_the_shipped_forms_have_sections_and_blocks_to_count() -> None:
    screening, audit = (
        ReadingPlan(shipped(name)).manner for name in ("disease_screening", "clinic_audit")
    )

    assert list(screening.sections) == ["known", "meas"]
    assert [len(block) for block in audit.blocks] == [10, 5]
