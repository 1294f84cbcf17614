"""Two versions of a form side by side."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from forms.comparison import KINDS, Difference, differences
from forms.compile import compile_form
from forms.details import details, readable
from forms.fields import CompiledForm
from forms.source import FormSource
from forms.translations import missing_translations

HEAD = "| | type | name | label::English (en) | label::中文 (zh) | hint::English (en) | required"
HEAD += " | relevant | constraint | constraint_message::English (en) | calculation |"


def a_form(*rows: str, choices: str = "yes Yes 是, no No 否", title: str = "Visit") -> CompiledForm:
    lines = ["| survey |", HEAD]
    for row in rows:
        cells = [cell.strip() for cell in row.split("|")]
        lines.append("| | " + " | ".join(cells + [""] * (11 - len(cells) - 1)) + " |")
    lines += ["| choices |", "| | list_name | name | label::English (en) | label::中文 (zh) |"]
    lines += ["| | yn | " + " | ".join(one.split()) + " |" for one in choices.split(",")]
    lines += ["| settings |", "| | form_id | version | form_title |", f"| | v | 1 | {title} |"]
    return compile_form(FormSource("v.md", {"v.md": "\n".join(lines).encode()})).form


def told(old: CompiledForm, new: CompiledForm) -> list[tuple[str, str, str, str]]:
    return [(one.kind, one.path, one.before, one.after) for one in differences(old, new)]


BASE = ("integer | age | Age | 年龄", "select_one yn | ill | Ill | 生病")


def test_a_form_does_not_differ_from_itself() -> None:
    form = a_form(*BASE)

    assert differences(form, form) == []


def test_questions_added_removed_and_retyped_are_told() -> None:
    old = a_form(*BASE, "text | name | Name | 姓名")
    new = a_form("decimal | age | Age | 年龄", BASE[1], "date | seen | Seen | 日期")

    assert told(old, new) == [
        ("retyped", "age", "integer", "decimal"),
        ("added", "seen", "", "date"),
        ("removed", "name", "text", ""),
    ]


def test_words_are_compared_language_by_language() -> None:
    old = a_form("integer | age | Age | 年龄", title="Visit")
    new = a_form("integer | age | Age | 周岁 | In years", title="Second visit")

    assert differences(old, new) == [
        Difference("title", "", "Visit", "Second visit"),
        Difference("label", "age", "年龄", "周岁", "zh"),
        Difference("hint", "age", "", "In years", "en"),
    ]


def test_choices_added_removed_and_reworded_are_told() -> None:
    old = a_form(BASE[1], choices="yes Yes 是, no No 否")
    new = a_form(BASE[1], choices="yes Yes 有, unknown Unknown 不知道")

    assert told(old, new) == [
        ("choice_label", "ill", "yes: 是", "yes: 有"),
        ("choice_added", "ill", "", "unknown: Unknown"),
        ("choice_removed", "ill", "no: No", ""),
    ]


def test_conditions_are_shown_as_their_author_wrote_them() -> None:
    old = a_form(*BASE, "text | why | Why | 为何 | | | ${age} > 5")
    new = a_form(
        "integer | age | Age | 年龄 | | yes | | . < 120 | Too old",
        BASE[1],
        "text | why | Why | 为何 | | | ${ill} = 'yes'",
    )

    assert told(old, new) == [
        ("message", "age", "", "Too old"),
        ("required", "age", "", "true()"),
        ("constraint", "age", "", ". < 120"),
        ("relevant", "why", "${age} > 5", "${ill} = 'yes'"),
    ]


def test_a_question_in_another_group_is_moved_and_still_compared() -> None:
    old = a_form(*BASE)
    new = a_form(
        "begin_group | g | Group | 组", "integer | age | How old | 年龄", "end_group", BASE[1]
    )

    assert told(old, new) == [
        ("moved", "g/age", "age", "g/age"),
        ("label", "g/age", "Age", "How old"),
    ]


def test_another_order_is_told_once() -> None:
    old = a_form(*BASE, "text | name | Name | 姓名")
    new = a_form("text | name | Name | 姓名", *BASE, choices="no No 否, yes Yes 是")

    assert told(old, new) == [
        ("order", "", "age, ill, name", "name, age, ill"),
        ("choice_order", "ill", "yes, no", "no, yes"),
    ]


def test_expressions_are_readable() -> None:
    assert readable(" /data/hh/age  >= 5 and not( /data/ill  = 'no')") == (
        "${age} >= 5 and not( ${ill} = 'no')"
    )
    assert readable("../age + 1") == "${age} + 1"
    assert readable("7 div 2") == "7 div 2"


def test_details_are_there_for_groups_too() -> None:
    form = a_form(
        "begin_group | g | Group | 组 | | | ${ill} = 'yes'",
        "text | x | X | X",
        "end_group",
        BASE[1],
    )

    assert details(form)["g"].relevant == "${ill} = 'yes'"


def test_media_missing_in_a_language_are_told() -> None:
    text = (
        "| survey |\n| | type | name | label::English (en) | label::中文 (zh)"
        " | media::image::English (en) | media::audio::中文 (zh) |\n"
        "| | note | hello | Hello | 你好 | flag.png | hello.mp3 |\n"
        "| settings |\n| | form_id | version |\n| | v | 1 |\n"
    )
    form = compile_form(FormSource("v.md", {"v.md": text.encode()})).form

    missing = {(one.path, one.part, one.language) for one in missing_translations(form)}

    assert missing == {("hello", "image", "zh"), ("hello", "audio", "en")}


def test_a_choice_without_words_is_told_by_its_name() -> None:
    form = a_form(BASE[1], choices="yes Yes 是, no No")

    (missing,) = missing_translations(form)

    assert (missing.path, missing.part, missing.language) == ("yn-1", "choice", "zh")
    assert (missing.choice, missing.words) == ("no", "No")


_ROWS = st.lists(
    st.sampled_from(
        [
            "integer | age | Age | 年龄",
            "text | age | Age | 年龄",
            "text | name | Name | 姓名",
            "select_one yn | ill | Ill | 生病",
            "select_one yn | ill | Sick | 生病 | Hint | yes",
            "date | seen | Seen | 日期",
        ]
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda row: row.split("|")[1],
)


@settings(max_examples=20)
@given(_ROWS, _ROWS)
def test_there_and_back_tell_the_same_kinds_of_things(one: list[str], other: list[str]) -> None:
    back = {"added": "removed", "choice_added": "choice_removed"}
    back |= {to: kind for kind, to in back.items()}
    first, second = a_form(*one), a_form(*other)

    there, again = differences(first, second), differences(second, first)

    def key(kind: str, path: str, before: str, after: str) -> tuple[str, str, str, str]:
        return kind, path, before, after

    assert {key(d.kind, d.path, d.before, d.after) for d in there} == {
        key(back.get(d.kind, d.kind), d.path, d.after, d.before) for d in again
    }
    assert {d.kind for d in there} <= set(KINDS)
    assert (there == []) == (first.md5 == second.md5)
