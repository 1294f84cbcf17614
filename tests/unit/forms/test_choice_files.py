"""Files with choices beside a form: refused where no phone could read them, doubted where odd."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.choice_files import doubts_of
from forms.faults import FormProblem

POINT = {"type": "Point", "coordinates": [116.95, 38.04]}
WELL: dict[str, Any] = {
    "type": "Feature",
    "geometry": POINT,
    "properties": {"id": "w1", "title": "Well"},
}


def collection(*features: Any, **more: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def faults_of(name: str, content: bytes) -> list[str]:
    with pytest.raises(FormProblem) as refused:
        doubts_of(name, content)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize(
    "content",
    [
        collection(),
        collection(WELL, {**WELL, "bbox": [1, 2, 3, 4]}, crs={"type": "name"}),
        collection({**WELL, "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}),
        collection({**WELL, "geometry": {"type": "Polygon", "coordinates": [[[1, 2, 30.5]]]}}),
        b"\xef\xbb\xbf" + collection({**WELL, "id": 5}),
        collection({**WELL, "properties": {"id": "w", "title": None, "deep": 3.5, "dry": True}}),
    ],
)
def test_what_phones_read_is_taken_without_a_word(content: bytes) -> None:
    # B14
    assert doubts_of("wells.geojson", content) == []


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ({**WELL, "type": "feature"}, "number 2 is no Feature"),
        ("Feature", "number 2 is no Feature"),
        ({**WELL, "geometry": None}, "feature 2 has no geometry"),
        ({**WELL, "geometry": {**POINT, "type": "MultiPoint"}}, "feature 2 is a MultiPoint"),
        ({**WELL, "geometry": {**POINT, "bbox": [1, 2]}}, "feature 2: its geometry holds “bbox”"),
        ({**WELL, "geometry": {"type": "Point"}}, "feature 2: its coordinates"),
        ({**WELL, "geometry": {"type": "Point", "coordinates": [1]}}, "feature 2: its coord"),
        ({**WELL, "geometry": {"type": "Point", "coordinates": ["x", 2]}}, "feature 2: its coord"),
        ({**WELL, "geometry": {**POINT, "type": "Polygon"}}, "feature 2: its coordinates"),
        ({**WELL, "properties": {"tags": ["a"]}}, "feature 2: “tags” holds a list"),
    ],
)
def test_a_feature_no_phone_could_read_is_named(feature: Any, words: str) -> None:
    # B14
    told = faults_of("wells.geojson", collection(WELL, feature))

    assert [words in one for one in told] == [True]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no GeoJSON"),
        (collection(WELL)[:-3], "no GeoJSON"),
        (collection(WELL).replace(b"38.04", b"NaN"), "no GeoJSON"),
        (collection(WELL).replace(b"Well", "井".encode("gbk")), "no GeoJSON"),
        (b"[" * 100_000, "no GeoJSON"),
        (b"[]", "no collection"),
        (json.dumps(WELL).encode(), "no collection"),
        (b'{"type": "FeatureCollection"}', "no collection"),
    ],
)
def test_what_is_no_collection_is_refused(content: bytes, words: str) -> None:
    # B14
    told = faults_of("wells.geojson", content)

    assert [words in one for one in told] == [True]


def test_a_file_full_of_one_fault_names_the_first_few() -> None:
    # B14
    told = faults_of("wells.geojson", collection(*[{**WELL, "geometry": None}] * 1000))

    assert len(told) == 5


def test_choices_without_the_usual_columns_are_doubted() -> None:
    # B14
    bare = {**WELL, "properties": None}

    doubts = doubts_of("wells.geojson", collection(bare))

    assert [one.params["property"] for one in doubts] == ["id", "title"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no header"),
        (b"\n\nname,label\n", "has no header"),
        (b",,\n1,2,3\n", "has no header"),
        (b"name,label,label\n", "“label” twice"),
        (b"name,label,,\na,A,,\n", "“” twice"),
        (b'name,label\na,"A\nb,B\n', "a quotation mark"),
        (b'name,label\na,"A" y\n', "line 2: a quotation mark"),
        ("name,label\na,A\n".encode("utf-16"), "Unicode text of Excel"),
    ],
)
def test_a_table_no_phone_could_read_is_refused(content: bytes, words: str) -> None:
    # B13
    told = faults_of("crops.csv", content)

    assert [words in one for one in told] == [True]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name,label\na,井\n".encode("gbk"), "not in UTF-8"),
        (b"name;label,x\na;A\n", "split all rows at ;"),
        (b"name,label,\na,A,\n", "a column called “”"),
        (b"name, label\na,A\n", "a column called “ label”"),
        (b"wheat,1\nrice,2\n", "a column called “1”"),
    ],
)
def test_a_table_phones_read_otherwise_than_meant_is_doubted(content: bytes, words: str) -> None:
    # B13
    assert any(words in str(one) for one in doubts_of("crops.csv", content))


@pytest.mark.parametrize(
    "content",
    [
        b"name,label\n",
        "\ufeffname,label,label::中文,geometry\r\na,A,麦,\r\n".replace("::", "_").encode(),
        b"name;label\na;A, B\n",
        b'name,label\na,"A, ""B"""\nb\n',
    ],
)
def test_an_ordinary_table_is_taken_without_a_word(content: bytes) -> None:
    # B13
    assert doubts_of("crops.csv", content) == []


def test_other_files_are_nobodys_business() -> None:
    assert doubts_of("logo.png", b"") == doubts_of("crops.csv.png", b"\xff") == []


@given(st.sampled_from(["a.csv", "a.geojson"]), st.binary() | st.text().map(str.encode))
def test_any_bytes_are_taken_or_refused_with_words(name: str, content: bytes) -> None:
    # B13, B14
    try:
        told = doubts_of(name, content)
    except FormProblem as problem:
        told = list(problem.faults)

    assert all(str(one) for one in told)
