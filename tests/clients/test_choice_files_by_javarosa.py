"""What the site refuses beside a form JavaRosa cannot open, and what it takes JavaRosa reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forms.choice_files import doubts_of
from forms.compile import compile_form
from forms.faults import FormProblem
from forms.source import FormSource
from tests.clients.javarosa.walker import walk

FORM = """
| survey |
| | type | name | label | parameters |
| | select_one_from_file {name} | well | Well | value=id, label=title |
| settings |
| | form_id | version | form_title |
| | wells | 1 | Wells |
"""
POINT = {"type": "Point", "coordinates": [116.95, 38.04]}
WELL: dict[str, Any] = {
    "type": "Feature",
    "geometry": POINT,
    "properties": {"id": "w1", "title": "Well", "deep": 3.5, "dry": None},
}


def collection(*features: Any, **more: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def of_kind(kind: str, coordinates: Any, **more: Any) -> bytes:
    geometry = {"type": kind, "coordinates": coordinates, **more}
    return collection({**WELL, "geometry": geometry})


FILES = {
    "wells.geojson": [
        collection(WELL, {**WELL, "bbox": [1, 2, 3, 4]}, crs={"type": "name"}),
        of_kind("Polygon", [[[1, 2], [3, 4], [5, 6], [1, 2]]]),
        of_kind("Point", [1, 2], bbox=[1, 2, 1, 2]),
        of_kind("MultiPoint", [[1, 2]]),
        of_kind("Point", []),
        collection({**WELL, "geometry": None}),
        collection({**WELL, "properties": {"id": "w", "title": "t", "tags": ["a"]}}),
        json.dumps(WELL).encode(),
    ],
    "wells.csv": [
        b"\xef\xbb\xbfid;title\nw1;A, B\n",
        b"id,title,\nw1,A,\n",
        b"id,title,title\nw1,A,B\n",
        b'id,title\nw1,"A" b\n',
        "id,title\nw1,A\n".encode("utf-16"),
        b"",
    ],
}
CASES = [(name, content) for name, several in FILES.items() for content in several]


def is_taken(name: str, content: bytes) -> bool:
    try:
        doubts_of(name, content)
    except FormProblem:
        return False
    return True


@pytest.mark.parametrize(("name", "content"), CASES)
def test_the_site_refuses_what_javarosa_cannot_open(
    name: str, content: bytes, tmp_path: Path
) -> None:
    # B13, B14
    written = FORM.format(name=name).encode()
    form = tmp_path / "form.xml"
    form.write_bytes(compile_form(FormSource("wells.md", {"wells.md": written})).form.xml)
    (tmp_path / name).write_bytes(content)

    try:
        walk(form, tmp_path, 1, seed=1)
        is_opened = True
    except AssertionError:
        is_opened = False

    assert is_taken(name, content) == is_opened
