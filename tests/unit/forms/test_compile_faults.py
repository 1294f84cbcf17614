"""Broken forms: what the author is told, and the cell it stands in."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from forms.compile import compile_form
from forms.faults import Fault, FormProblem
from forms.pyxform_phrases import PHRASES, Phrase
from forms.source import FormSource

QUESTION = "| survey | | | |\n| | type | name | label |\n| | text | name | Name |\n"


def source(sheets: str, name: str = "form.md") -> FormSource:
    return FormSource.of_bytes(name, sheets.encode())


def faults(sheets: str) -> tuple[Fault, ...]:
    with pytest.raises(FormProblem) as raised:
        compile_form(source(sheets))
    return raised.value.faults


def warnings(sheets: str) -> tuple[Fault, ...]:
    return compile_form(source(sheets + SETTINGS)).warnings


SETTINGS = "| settings | | |\n| | form_id | version |\n| | f | 1 |\n"

BROKEN: Mapping[str, tuple[str, str, str]] = {
    "unknown type": (
        "| survey | | | |\n| | type | name | label |\n| | text | a | A |\n| | integr | b | B |\n",
        "survey, A3, type",
        "The type integr is unknown.",
    ),
    "missing name": (
        "| survey | | | |\n| | type | name | label |\n| | text | | A |\n",
        "survey, B2, name",
        "The question or group has no name.",
    ),
    "missing type": (
        "| survey | | | |\n| | type | name | label |\n| | | a | A |\n",
        "survey, A2, type",
        "The question has no type.",
    ),
    "missing label": (
        "| survey | | | |\n| | type | name | label |\n| | text | a | A |\n| | text | b | |\n",
        "survey, B3, name",
        "The question b has neither label nor hint.",
    ),
    "duplicate name": (
        "| survey | | | |\n| | type | name | label |\n| | text | a | A |\n| | text | a | B |\n",
        "survey, B3, name",
        "The name stands twice in the same group: every question needs its own.",
    ),
    "a name no XML can hold": (
        "| survey | | | |\n| | type | name | label |\n| | text | 1st name | A |\n",
        "survey, B2, name",
        "The name cannot be used in a form: it begins with a letter or _ and goes on with letters, "
        "digits, _, - or ., without spaces.",
    ),
    "the name meta": (
        "| survey | | | |\n| | type | name | label |\n| | text | meta | A |\n",
        "survey, B2, name",
        "The name meta is taken by the form itself.",
    ),
    "unknown choice list": (
        "| survey | | | |\n| | type | name | label |\n| | select_one yesno | a | A |\n"
        "| choices | | | |\n| | list_name | name | label |\n| | yes_no | 1 | Yes |\n",
        "survey, A2, type",
        "The choice list yesno is not on the choices sheet.",
    ),
    "no choices sheet": (
        "| survey | | | |\n| | type | name | label |\n| | select_one yes_no | a | A |\n",
        "",
        "The sheet choices is missing: this form offers choices, so it needs one with the columns "
        "list_name, name and label.",
    ),
    "choice without a name": (
        "| survey | | | |\n| | type | name | label |\n| | select_one yes_no | a | A |\n"
        "| choices | | | |\n| | list_name | name | label |\n| | yes_no | | Yes |\n",
        "choices, B2, name",
        "The choice has no name.",
    ),
    "choice twice": (
        "| survey | | | |\n| | type | name | label |\n| | select_one yes_no | a | A |\n"
        "| choices | | | |\n| | list_name | name | label |\n| | yes_no | 1 | Yes |\n"
        "| | yes_no | 1 | No |\n",
        "choices, B3, name",
        "The choice stands twice in its list. If that is meant, put yes under "
        "allow_choice_duplicates on the settings sheet.",
    ),
    "choice with a space": (
        "| survey | | | |\n| | type | name | label |\n| | select_multiple l | a | A |\n"
        "| choices | | | |\n| | list_name | name | label |\n| | l | one two | Yes |\n",
        "choices, B2, name",
        "The choice one two of the list l has a space in its name: people may choose several, and "
        "a space stands between them.",
    ),
    "reference to nothing": (
        "| survey | | | | |\n| | type | name | label | relevant |\n| | text | a | A | |\n"
        "| | text | b | B | ${x} = 1 |\n",
        "survey, D3, relevant",
        "${x} is no question of this form.",
    ),
    "reference not closed": (
        "| survey | | | | |\n| | type | name | label | relevant |\n| | text | a | A | |\n"
        "| | text | b | B | ${a = 1 |\n",
        "survey, D3, relevant",
        "A reference is not closed: write ${name} around the question's name.",
    ),
    "reference in a label": (
        "| survey | | | |\n| | type | name | label |\n| | text | a | A ${x} |\n",
        "survey, C2, label",
        "${x} is no question of this form.",
    ),
    "ambiguous reference": (
        "| survey | | | |\n| | type | name | label |\n| | begin_group | g | G |\n"
        "| | text | a | A |\n| | end_group | | |\n| | begin_group | h | H |\n| | text | a | A |\n"
        "| | end_group | | |\n| | note | n | ${a} |\n",
        "survey, C8, label",
        "${a} could mean several questions: names that are referred to must be unique.",
    ),
    "group that never ends": (
        "| survey | | | |\n| | type | name | label |\n| | begin_group | g | G |\n"
        "| | text | a | A |\n",
        "survey, A2, type",
        "The group g begins here and never ends: a row end_group is missing.",
    ),
    "repeat that never began": (
        "| survey | | | |\n| | type | name | label |\n| | text | a | A |\n| | end_repeat | | |\n",
        "survey, A3, type",
        "Here a repeat ends that never began, or another one still stands open.",
    ),
    "calculate without calculation": (
        "| survey | | | | |\n| | type | name | label | calculation |\n| | text | a | A | |\n"
        "| | calculate | c | | |\n",
        "survey, D3, calculation",
        "The calculation is missing.",
    ),
    "no column of types": (
        "| survey | | |\n| | kind | name |\n| | text | a |\n",
        "",
        "The sheet survey lacks the column 'type'.",
    ),
    "file to choose from of a wrong kind": (
        "| survey | | | |\n| | type | name | label |\n"
        "| | select_one_from_file villages.xlsx | a | A |\n",
        "survey, A2, type",
        "The file to choose from must end in .csv, .xml or .geojson.",
    ),
    "unknown parameter": (
        "| survey | | | | |\n| | type | name | label | parameters |\n"
        "| | image | a | A | pixels=3 |\n",
        "survey, D2, parameters",
        "The parameter pixels is unknown here; known are: app, max-pixels.",
    ),
    "save_to without entities": (
        "| survey | | | | |\n| | type | name | label | save_to |\n| | text | a | A | name_ |\n",
        "survey, D2, save_to",
        "save_to needs a sheet entities that declares the list.",
    ),
    "entity list with a bad name": (
        QUESTION + "| entities | | |\n| | list_name | label |\n| | my.list | ${name} |\n",
        "entities, A2, list_name",
        "Names of entity lists hold no full stop.",
    ),
    "entity property with a bad name": (
        "| survey | | | | |\n| | type | name | label | save_to |\n| | text | a | A | name |\n"
        "| entities | | |\n| | list_name | label |\n| | people | ${a} |\n",
        "survey, D2, save_to",
        "Every entity has name and label already: choose another property.",
    ),
    "entity without a label": (
        QUESTION + "| entities | | |\n| | list_name | label |\n| | people | |\n",
        "entities, B2, label",
        "The entity list people has no label: whoever creates an entity must name it.",
    ),
    "update without an id": (
        QUESTION + "| entities | | | |\n| | list_name | label | update_if |\n"
        "| | people | ${name} | true() |\n",
        "entities, row 2, entity_id",
        "The entity list people is updated, so it needs an entity_id.",
    ),
    "heading twice": (
        "| survey | | | | |\n| | type | name | label | label |\n| | text | a | A | B |\n",
        "survey, C1, label",
        "The heading label stands twice.",
    ),
    "two headings for one column": (
        "| survey | | | | |\n| | type | name | relevant | relevance |\n| | text | a | | |\n",
        "",
        "The columns relevant and relevance of the sheet survey mean the same: keep one.",
    ),
    "a prefix nobody declared": (
        "| survey | | | | |\n| | type | name | label | bind::ds:concept |\n"
        "| | text | a | A | person.name |\n",
        "survey, D1, bind::ds:concept",
        'The prefix ds of this column is not declared: write ds="…" under namespaces on the '
        'settings sheet; for concepts it is ds="https://doorstep.health/xforms".',
    ),
    "two headings in one": (
        "| survey | | | |\n| | type | name | label::English (en)label::中文 (zh) |\n"
        "| | text | a | A |\n",
        "survey, C1, label::English (en)label::中文 (zh)",
        "The heading label::English (en)label::中文 (zh) holds too much: one column is one text in "
        "one language.",
    ),
    "a heading no XML can hold": (
        "| survey | | | |\n| | type | name | label |\n| | select_one l | a | A |\n"
        "| choices | | | | |\n| | list_name | name | label | 2020 |\n| | l | 1 | One | x |\n",
        "choices, D1, 2020",
        "The heading 2020 cannot be used in a form: it begins with a letter or _ and goes on with "
        "letters, digits, _, - or .",
    ),
    "an id that ends like a file": (
        QUESTION + "| settings | |\n| | form_id |\n| | roster.xlsx |\n",
        "",
        "The form_id roster.xlsx must not end in .xlsx.",
    ),
    "an id with a slash": (
        QUESTION + "| settings | |\n| | form_id |\n| | a/b |\n",
        "",
        r"The form_id a/b cannot stand in a web address: leave out / and \.",
    ),
    "a name for the form that no XML can hold": (
        QUESTION + "| settings | |\n| | name |\n| | my form |\n",
        "settings, A2, name",
        "The name cannot be used in a form: it begins with a letter or _ and goes on with letters, "
        "digits, _, - or ., without spaces.",
    ),
    "a control character": (
        "| survey | | | |\n| | type | name | label |\n| | text | a | A\x08B |\n",
        "survey, C2, label",
        "The cell holds a character (U+0008) that a form cannot carry: delete it.",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_form_is_refused_with_place_and_words(case: str) -> None:
    sheets, place, words = BROKEN[case]

    told = faults(sheets)

    assert [(fault.place, fault.msgid % fault.params) for fault in told] == [(place, words)]


def test_every_repeated_choice_is_told_at_once() -> None:
    told = faults(
        "| survey | | | |\n| | type | name | label |\n| | select_one l | a | A |\n"
        "| choices | | | |\n| | list_name | name | label |\n"
        "| | l | 1 | One |\n| | l | 1 | One |\n| | l | 1 | One |\n"
    )

    assert [fault.cell for fault in told] == ["B3", "B4"]


def test_what_pyxform_says_that_we_do_not_know_is_told_in_its_own_words() -> None:
    (fault,) = faults(
        "| survey | | | | |\n| | type | name | label | media::film |\n| | text | a | A | b.mp4 |\n"
    )

    assert str(fault) == "The form compiler says: Media type: film not supported"


def test_a_form_problem_reads_as_all_its_faults() -> None:
    with pytest.raises(FormProblem, match="survey, A3, type: The type integr is unknown"):
        compile_form(source(BROKEN["unknown type"][0]))


def test_rows_are_counted_as_a_spreadsheet_shows_them() -> None:
    rows = "type,name,label\n" + "text,a,A\n" + "\n\n" + "integr,b,B\n"

    with pytest.raises(FormProblem) as raised:
        compile_form(FormSource("form", {"survey.csv": rows.encode()}))

    assert raised.value.faults[0].cell == "A5"


DOUBTFUL: Mapping[str, tuple[str, str, str]] = {
    "unknown concept": (
        "| survey | | | | |\n| | type | name | label | bind::ds:concept |\n"
        "| | text | a | A | person.nmae |\n",
        "survey, D2, bind::ds:concept",
        "person.nmae is no concept the survey knows: the answers are kept, not counted.",
    ),
    "translation without an equals sign": (
        "| survey | | | | | |\n| | type | name | label | bind::ds:concept | bind::ds:values |\n"
        "| | text | a | A | visit.consent | 1=yes no |\n",
        "survey, E2, bind::ds:values",
        "no is no translation of a choice: write choice=meaning, with spaces between.",
    ),
    "photo in full size": (
        "| survey | | | | |\n| | type | name | label | parameters |\n| | image | a | A | |\n",
        "survey, D2, parameters",
        "Photos are kept in full size: max-pixels=1600 under parameters makes them fit to send.",
    ),
    "choice without a label": (
        "| survey | | | |\n| | type | name | label |\n| | select_one l | a | A |\n"
        "| choices | | | |\n| | list_name | name | label |\n| | l | 1 | |\n",
        "choices, C2, label",
        "The choice has no label.",
    ),
    "names that differ by capitals": (
        "| survey | | | |\n| | type | name | label |\n| | text | a | A |\n| | text | A | A |\n",
        "survey, B3, name",
        "The name differs from another one only by capitals: tables mix up the two.",
    ),
    "repeat without a label": (
        "| survey | | | |\n| | type | name | label |\n| | begin_repeat | r | |\n"
        "| | text | a | A |\n| | end_repeat | | |\n",
        "survey, C2, label",
        "The group or repeat has no label.",
    ),
    "a sheet whose name is misspelled": (
        QUESTION + "| entites | |\n| | list_name |\n| | l |\n",
        "",
        "There is no sheet entities, but one much like it: 'entites'.",
    ),
    "a language without its code": (
        "| survey | | | |\n| | type | name | label::Volapük |\n| | text | a | A |\n",
        "",
        "Phones cannot tell which language this is: Volapük. Write the code behind it, such as "
        "中文 (zh).",
    ),
    "a hint in one language only": (
        "| survey | | | | | |\n"
        "| | type | name | label::English (en) | label::中文 (zh) | hint::English (en) |\n"
        "| | text | a | A | 甲 | Say |\n",
        "",
        "中文 (zh): the sheet survey has no column hint in this language.",
    ),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_doubtful_form_compiles_with_a_warning(case: str) -> None:
    sheets, place, words = DOUBTFUL[case]
    namespace = 'ds="https://doorstep.health/xforms"'
    settings = (
        f"| settings | | | |\n| | form_id | version | namespaces |\n| | f | 1 | {namespace} |\n"
    )

    told = compile_form(source(sheets + settings)).warnings

    assert (place, words) in [(fault.place, fault.msgid % fault.params) for fault in told]


def test_a_form_without_settings_is_called_like_its_file_and_says_so() -> None:
    compiled = compile_form(source(QUESTION, "入户 表.md"))

    assert compiled.form.form_id == "入户_表"
    assert [fault.msgid.split(":")[0] for fault in compiled.warnings] == [
        "The settings sheet gives no form_id",
        "The settings sheet gives no version",
    ]


def test_concepts_under_another_namespace_are_told() -> None:
    told = compile_form(
        source(
            "| survey | | | | |\n| | type | name | label | bind::ds:concept |\n"
            "| | text | a | A | person.name |\n| settings | | | |\n"
            '| | form_id | version | namespaces |\n| | f | 1 | ds="http://doorstep.health" |\n'
        )
    )

    assert told.form.fields[0].concept == ""
    assert [fault.cell for fault in told.warnings] == ["D1"]


def test_a_form_that_encrypts_its_answers_is_kept_but_told() -> None:
    key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"
    settings = f"| settings | | | |\n| | form_id | version | public_key |\n| | f | 1 | {key} |\n"

    (warning,) = compile_form(source(QUESTION + settings)).warnings

    assert warning.column == "public_key"


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.msgid[:40])
def test_our_words_for_a_sentence_of_pyxform_ask_for_no_more_than_it_says(phrase: Phrase) -> None:
    asked = set(re.findall(r"%\((\w+)\)s", phrase.msgid))

    assert asked <= set(phrase.pattern.groupindex)
    assert phrase.holding in {"", *phrase.pattern.groupindex}
