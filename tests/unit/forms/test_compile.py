"""The shipped forms and others, compiled: what they ask, and always the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import forms
from forms.compile import compile_form
from forms.concepts import is_known
from forms.fields import CompiledForm, EntityDeclaration, Field, form_from_json, form_to_json
from forms.reading import read_workbook
from forms.source import FormSource
from forms.spreadsheet import workbook_bytes
from forms.translations import MissingTranslation, missing_translations
from tests.large_form import FILES, large_form

LIBRARY = Path(forms.__path__[0]) / "library"
FORM_IDS = ("household_roster", "disease_screening", "chronic_followup", "clinic_audit")


def shipped(form_id: str) -> CompiledForm:
    return compile_form(FormSource.of_path(LIBRARY / form_id)).form


def a_form(sheets: str) -> CompiledForm:
    """Compile a form written as Markdown tables."""
    return compile_form(FormSource.of_bytes("sheets.md", sheets.encode())).form


def field_of(form: CompiledForm, path: str) -> Field:
    return {field.path: field for field in form.fields}[path]


@pytest.mark.parametrize("form_id", FORM_IDS)
def test_shipped_forms_compile_without_a_warning(form_id: str) -> None:
    compiled = compile_form(FormSource.of_path(LIBRARY / form_id))

    assert compiled.warnings == ()
    assert compiled.form.form_id == form_id
    assert compiled.form.version >= "2026112201"
    assert compiled.form.md5 == hashlib.md5(compiled.form.xml).hexdigest()


@pytest.mark.parametrize("form_id", FORM_IDS)
def test_shipped_forms_speak_chinese_and_english_throughout(form_id: str) -> None:
    form = shipped(form_id)

    assert form.languages == ("zh", "en")
    assert missing_translations(form) == []
    spoken = [field.labels for field in form.fields if field.labels]
    spoken += [choice.labels for field in form.fields for choice in field.choices]
    spoken += list(form.groups.values())
    assert all(set(labels) == {"zh", "en"} for labels in spoken)


@pytest.mark.parametrize("form_id", FORM_IDS)
def test_every_concept_of_a_shipped_form_is_known_and_carried_once(form_id: str) -> None:
    concepts = [field.concept for field in shipped(form_id).fields if field.concept]

    assert all(is_known(concept) for concept in concepts)
    assert len(concepts) == len(set(concepts))
    assert {"visit.start", "visit.end", "visit.worker", "visit.village", "visit.fix"} <= {*concepts}


def test_the_outcome_of_a_call_is_told_by_the_visit_or_left_to_the_consent() -> None:
    outcome = field_of(shipped("household_roster"), "hh/outcome")

    assert outcome.concept == "visit.outcome"
    assert outcome.values == {"met": "", "absent": "absent", "vacated": "vacated"}
    assert [choice.name for choice in outcome.choices] == ["met", "absent", "vacated"]
    assert outcome.required


def test_lists_and_entities_of_the_shipped_forms() -> None:
    roster, screening, followup, audit = (shipped(form_id) for form_id in FORM_IDS)

    assert roster.attachments == ("corrections.csv", "villages.csv")
    assert screening.attachments == ("corrections.csv", "villages.csv", "persons.csv")
    assert audit.attachments == ("corrections.csv", "clinics.csv")
    assert roster.entities == (
        EntityDeclaration("households", "hh", creates=True, updates=False),
        EntityDeclaration("persons", "member", creates=True, updates=False),
    )
    assert screening.entities[0] == EntityDeclaration("persons", "pp", creates=True, updates=True)
    assert followup.entities == (EntityDeclaration("persons", "", creates=False, updates=True),)
    assert field_of(roster, "member/pname").saves_to == ("persons", "pname")
    assert field_of(roster, "hh/location").saves_to == ("households", "geometry")
    assert field_of(followup, "out/next_date").saves_to == ("persons", "next_followup")


def test_the_same_form_gives_the_same_bytes_whatever_file_holds_it(tmp_path: Path) -> None:
    folder = FormSource.of_path(LIBRARY / "disease_screening")
    excel = workbook_bytes(read_workbook(folder))

    forms_read = [
        compile_form(folder).form,
        compile_form(FormSource.of_bytes("screening.xlsx", excel)).form,
        compile_form(FormSource("any name", {"survey.xls": excel})).form,
    ]

    assert len({form.xml for form in forms_read}) == 1
    assert forms_read[0] == forms_read[1] == forms_read[2]


def test_the_same_form_gives_the_same_bytes_in_every_process() -> None:
    script = (
        "import hashlib, sys; sys.path.insert(0, '.')\n"
        "from forms.compile import compile_form\n"
        "from tests.large_form import large_form\n"
        "print(compile_form(large_form(60)).form.md5)\n"
    )

    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "77")
    }

    assert len(digests) == 1


@pytest.mark.parametrize("form_id", FORM_IDS)
def test_a_form_comes_back_from_json_as_it_was(form_id: str) -> None:
    form = shipped(form_id)

    assert form_from_json(form_to_json(form), form.xml) == form
    assert json.loads(form_to_json(form))["form_id"] == form_id


def test_a_compiled_xform_is_read_like_the_sheets_it_was_made_of() -> None:
    form = shipped("household_roster")

    again = compile_form(FormSource.of_bytes("household_roster.xml", form.xml))

    assert again.form == form
    assert again.warnings == ()


def test_a_large_form_is_read_whole() -> None:
    compiled = compile_form(large_form())

    form = compiled.form
    assert len(form.fields) > 600
    assert form.repeats == ("house", "house/room")
    assert set(form.attachments) == set(FILES)
    assert compiled.files == FILES
    assert field_of(form, "house/room/area_m2").repeat == "house/room"
    assert field_of(form, "house/total").repeat == "house"
    deepest = field_of(form, "level_0/level_1/level_2/level_3/level_4/deepest")
    assert deepest.relevant
    assert not field_of(form, "n_1").relevant


@pytest.mark.parametrize(
    ("path", "kind", "datatype"),
    [
        ("start", "start", "dateTime"),
        ("today", "today", "date"),
        ("deviceid", "deviceid", "string"),
        ("began_at", "start-geopoint", "geopoint"),
        ("sound", "background-audio", "binary"),
        ("meta/audit", "audit", "binary"),
        ("welcome", "note", "string"),
        ("spoken", "text", "string"),
        ("road", "select_multiple", "string"),
        ("ranked", "rank", "rank"),
        ("pain", "range", "int"),
        ("litres", "range", "decimal"),
        ("price", "calculate", "string"),
        ("a_audio", "audio", "binary"),
        ("a_video", "video", "binary"),
        ("a_file", "file", "binary"),
        ("a_photo", "image", "binary"),
        ("a_barcode", "barcode", "barcode"),
        ("a_time", "time", "time"),
        ("a_datetime", "dateTime", "dateTime"),
        ("a_acknowledge", "acknowledge", "string"),
        ("a_line", "geotrace", "geotrace"),
        ("an_area", "geoshape", "geoshape"),
        ("unseen", "hidden", "string"),
        ("reasons_other", "text", "string"),
        ("opinions/generated_table_list_label_56", "note", "string"),
        ("opinions/reserved_name_for_field_list_labels_57", "note", "string"),
    ],
)
def test_kinds_are_the_types_an_author_writes(path: str, kind: str, datatype: str) -> None:
    field = field_of(compile_form(large_form(10)).form, path)

    assert (field.kind, field.datatype) == (kind, datatype)


def test_choices_come_from_the_list_a_file_or_a_repeat() -> None:
    form = compile_form(large_form(10)).form

    villages = field_of(form, "village")
    assert len(villages.choices) == 400
    assert villages.choices[0].labels == {"zh": "选项 c0t0v0", "en": "Choice c0t0v0"}
    assert field_of(form, "shop").choices_file == "shops.csv"
    assert field_of(form, "well").choices_file == "wells.geojson"
    assert field_of(form, "road").choices_file == "roads.xml"
    repeat = field_of(form, "favourite")
    assert (repeat.choices, repeat.choices_file) == ((), None)


def test_bounds_come_from_the_constraint_or_the_range() -> None:
    form = compile_form(large_form(10)).form

    bounds = {
        path: field_of(form, path) for path in ("house/rooms", "pain", "litres", "page_2/n_5")
    }

    assert [(one.lower, one.upper) for one in bounds.values()] == [
        (1, 3),
        (0, 10),
        (0.5, 2.5),
        (0, 120),
    ]


def test_lists_a_search_or_an_external_choice_asks_for_are_expected() -> None:
    form = a_form("""
| survey  |                           |      |       |                     |               |
|         | type                      | name | label | appearance          | choice_filter |
|         | select_one places         | at   | At    | search('hospitals') |               |
|         | select_one_external towns | town | Town  |                     | state = ${at} |
| choices |                           |      |       |                     |               |
|         | list_name                 | name | label |                     |               |
|         | places                    | key  | title |                     |               |
| external_choices |                  |      |       |                     |               |
|         | list_name                 | name | state |                     |               |
|         | towns                     | t1   | s1    |                     |               |
""")

    assert set(form.attachments) == {"hospitals.csv", "itemsets.csv"}
    assert field_of(form, "at").choices_file == "hospitals.csv"
    assert field_of(form, "town").choices_file == "itemsets.csv"


def test_itemsets_made_from_external_choices_come_with_the_form() -> None:
    sheets = """
| survey  |                            |      |       |               |
|         | type                       | name | label | choice_filter |
|         | text                       | at   | At    |               |
|         | select_one_external towns  | town | Town  | state = ${at} |
| external_choices |                   |      |       |               |
|         | list_name                  | name | state |               |
|         | towns                      | t1   | s1    |               |
"""

    compiled = compile_form(FormSource.of_bytes("towns.md", sheets.encode()))

    assert b'"towns","t1","s1"' in compiled.files["itemsets.csv"]


def test_the_last_answers_of_the_phone_are_no_file_of_the_form() -> None:
    form = a_form("""
| survey |      |      |       |                    |
|        | type | name | label | default            |
|        | text | name | Name  | ${last-saved#name} |
""")

    assert b"jr://instance/last-saved" in form.xml
    assert form.attachments == ()


def test_a_form_without_languages_has_its_words_under_no_code() -> None:
    form = a_form("""
| survey  |                   |      |        |
|         | type              | name | label  |
|         | select_one yes_no | seen | Seen?  |
| choices |                   |      |        |
|         | list_name         | name | label  |
|         | yes_no            | 1    | Yes    |
""")

    assert form.languages == ("",)
    assert field_of(form, "seen").labels == {"": "Seen?"}
    assert field_of(form, "seen").choices[0].labels == {"": "Yes"}


def test_a_missing_translation_is_named_and_not_taken_for_a_label() -> None:
    form = a_form("""
| survey  |                   |      |                  |                     |                    |
|         | type              | name | label::中文 (zh) | label::English (en) | hint::English (en) |
|         | integer           | age  | 年龄             |                     | Years              |
|         | select_one yes_no | seen | 见到             | Seen                |                    |
| choices |                   |      |                  |                     |                    |
|         | list_name         | name | label::中文 (zh) | label::English (en) |                    |
|         | yes_no            | 1    | 是               | Yes                 |                    |
|         | yes_no            | 0    |                  | No                  |                    |
""")

    assert set(missing_translations(form)) == {
        MissingTranslation("yes_no-1", "choice", "zh"),
        MissingTranslation("age", "label", "en"),
        MissingTranslation("age", "hint", "zh"),
    }
    assert field_of(form, "age").labels == {"zh": "年龄"}
