"""What a form's questions mean, told in a table beside it."""

from __future__ import annotations

import pytest

from forms.compile import Compiled, compile_form
from forms.concepts import is_known, read_values
from forms.faults import FormProblem
from forms.source import FormSource

SHEETS = b"""
| survey   |              |      |        |                  |
|          | type         | name | label  | bind::ds:concept |
|          | text         | cun  | \xe6\x9d\x91 |           |
|          | begin_repeat | ren  | \xe4\xba\xba |           |
|          | text         | xb   | \xe6\x80\xa7\xe5\x88\xab | person.kind |
|          | end_repeat   |      |        |                  |
| settings |              |      |        |                  |
|          | form_id      | version | namespaces |           |
|          | county       | 1    | ds="https://doorstep.health/xforms" | |
"""


def compiled(mapping: str) -> Compiled:
    return compile_form(FormSource.of_bytes("county.md", SHEETS, mapping.encode()))


def test_a_mapping_gives_questions_their_meaning_and_wins_over_the_form() -> None:
    made = compiled("path,concept,values\ncun,visit.village,\nren/xb,person.sex,1=male 2=female\n")

    meant = {field.path: (field.concept, field.values) for field in made.form.fields}
    assert made.warnings == ()
    assert meant["cun"] == ("visit.village", {})
    assert meant["ren/xb"] == ("person.sex", {"1": "male", "2": "female"})


def test_a_mapping_changes_no_byte_of_the_form() -> None:
    without = compile_form(FormSource.of_bytes("county.md", SHEETS))

    assert compiled("path,concept,values\ncun,visit.village,\n").form.xml == without.form.xml


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nowhere,visit.village,", "mapping.csv, A2, path: The form has no question nowhere."),
        ("cun,visit.vilage,", "mapping.csv, B2, concept: visit.vilage is no concept"),
        ("cun,visit.consent,1:yes", "mapping.csv, C2, values: 1:yes is no translation"),
    ],
)
def test_a_line_that_says_nothing_is_told(line: str, words: str) -> None:
    (warning,) = compiled(f"path,concept,values\n{line}\n").warnings

    assert str(warning).startswith(words)


def test_a_mapping_without_its_columns_is_refused() -> None:
    with pytest.raises(FormProblem, match="lacks the column concept"):
        compiled("path,meaning\ncun,visit.village\n")


def test_a_mapping_may_come_from_excel_in_china() -> None:
    table = "path;concept;values\ncun;visit.village;\n".encode("gb18030")

    made = compile_form(FormSource.of_bytes("county.md", SHEETS, table))

    assert made.form.fields[0].concept == "visit.village"


@pytest.mark.parametrize(
    "concept",
    [
        "visit.fix",
        "measure.spo2",
        "finding.codes",
        "finding.esrd",
        "audit.item.tcm",
        "audit.got.it",
    ],
)
def test_concepts_of_the_vocabulary_are_known(concept: str) -> None:
    assert is_known(concept)


@pytest.mark.parametrize(
    "concept", ["visit", "visit.", "visit.mood", "measure", "audit.item", "audit.item.", "a.b.c.d"]
)
def test_other_concepts_are_not(concept: str) -> None:
    assert not is_known(concept)


def test_a_choice_may_mean_nothing() -> None:
    assert read_values("met= absent=absent") == {"met": "", "absent": "absent"}
