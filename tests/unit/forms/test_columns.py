"""Columns of exports: as getodk/central-backend and kobotoolbox/formpack write them."""

from __future__ import annotations

import pytest

from forms.columns import filled_values, meanings, repeat_of, score
from tests.filled import a_field, a_form

FORM = a_form(
    a_field("name"),
    a_field("g/place", datatype="geopoint", kind="geopoint"),
    a_field("g/h/water", kind="select_multiple"),
    a_field("other/water-source"),
    a_field("Status"),
    a_field("g/member/name", repeat="g/member"),
    a_field("g/member/visit/day", repeat="g/member/visit"),
    a_field("late/visit/day", repeat="late/visit"),
    repeats=["g/member", "g/member/visit", "late/visit"],
    groups=["g", "g/h", "g/member", "g/member/visit", "other", "late", "late/visit"],
)
TAIL = ["KEY", "SubmitterID", "SubmitterName", "Status", "FormVersion"]


def told(headings: list[str], repeat: str | None = None) -> list[tuple[str, str]]:
    return [(one.kind, one.path or one.name) for one in meanings(FORM, repeat, headings)]


def test_centrals_columns_are_found_by_their_path_with_hyphens() -> None:
    found = told(["SubmissionDate", "name", "g-h-water", "other-water-source", *TAIL])

    assert found[:4] == [
        ("server", "SubmissionDate"),
        ("field", "name"),
        ("field", "g/h/water"),
        ("field", "other/water-source"),
    ]
    assert {kind for kind, _ in found[4:]} == {"server"}


def test_a_question_may_be_called_as_the_servers_own_column() -> None:
    found = told(["SubmissionDate", "Status", *TAIL])

    assert (found[1], found[5]) == (("field", "Status"), ("server", "Status"))


@pytest.mark.parametrize(
    ("headings", "cells"),
    [
        (
            ["g-place-Latitude", "g-place-Longitude", "g-place-Altitude", "g-place-Accuracy"],
            ["38.1", "116.9", "", "5"],
        ),
        (
            ["place-Latitude", "place-Longitude", "place-Altitude", "place-Accuracy"],
            ["38.1", "116.9", "0", "5"],
        ),
        (
            ["_place_latitude", "_place_longitude", "_place_altitude", "_place_precision"],
            ["38.1", "116.9", "", "5"],
        ),
        (
            ["g/place", "g/_place_latitude", "g/_place_longitude", "g/_place_altitude"],
            ["38.1 116.9 0 5", "38.1", "116.9", "0"],
        ),
    ],
)
def test_a_position_is_put_together(headings: list[str], cells: list[str]) -> None:
    values, strangers = filled_values(meanings(FORM, None, headings), cells)

    assert values == {"g/place": "38.1 116.9 0 5"}
    assert strangers == []


def test_ticked_choices_count_where_the_answer_itself_is_missing() -> None:
    split = ["g-h-water/well", "g-h-water/tap", "g-h-water/rain"]

    alone, _ = filled_values(meanings(FORM, None, split), ["1", "0", "True"])
    beside, _ = filled_values(meanings(FORM, None, ["g-h-water", *split]), ["tap", "0", "1", "0"])

    assert alone == {"g/h/water": "well rain"}
    assert beside == {"g/h/water": "tap"}


def test_without_groups_two_of_one_name_come_in_the_order_of_the_form() -> None:
    form = a_form(a_field("a/x"), a_field("b/x"), groups=["a", "b"])

    found = [one.path for one in meanings(form, None, ["x", "x"])]

    assert found == ["a/x", "b/x"]


def test_kobos_columns_are_found_by_their_whole_path() -> None:
    assert told(["g/h/water", "_uuid", "_submission_time"]) == [
        ("field", "g/h/water"),
        ("server", "_uuid"),
        ("server", "_submission_time"),
    ]
    assert told(["g/member/name", "_parent_index"], "g/member")[0] == ("field", "g/member/name")


def test_a_repeats_table_is_found_by_the_name_of_its_file_or_sheet() -> None:
    names = ("member", "visit~1", "visit~2", "visit~3", "nothing")

    assert [repeat_of(FORM, name) for name in names] == [
        "g/member",
        "g/member/visit",
        "late/visit",
        None,
        None,
    ]


def test_what_nobody_asks_is_a_stranger_and_links_are_not() -> None:
    found = told(["deleted", "g-h-water_URL", "SET-OF-member", "meta-entity-label"])

    assert [kind for kind, _ in found] == ["stranger", "ignored", "ignored", "ignored"]


def test_a_form_is_told_by_the_part_of_the_columns_it_asks() -> None:
    assert score(FORM, None, ["SubmissionDate", "name", "g-h-water", *TAIL]) == 1.0
    assert score(FORM, None, ["SubmissionDate", "name", "what", "else", "KEY"]) < 0.5
