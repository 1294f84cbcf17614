"""Files with choices that lie beside a form: whether JavaRosa, the engine of phones, can read them.

A GeoJSON or CSV it cannot read keeps the whole form from opening: it is refused with words. What
it reads otherwise than its author meant is a doubt. tests/clients asks JavaRosa itself about both.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from forms.faults import Fault, FormProblem

NO_JSON = "%(name)s is no GeoJSON in UTF-8, or damaged: phones could not open the form."
NO_COLLECTION = (
    "%(name)s is no collection: phones read a FeatureCollection with its list of features."
)
NO_FEATURE = "%(name)s, number %(number)s is no Feature: phones could not open the form."
NO_GEOMETRY = "%(name)s, feature %(number)s has no geometry: phones could not open the form."
OTHER_KIND = (
    "%(name)s, feature %(number)s is a %(kind)s: phones read Point, LineString and Polygon alone."
)
MORE_IN_GEOMETRY = (
    "%(name)s, feature %(number)s: its geometry holds “%(key)s”. Phones read geometries with type "
    "and coordinates alone."
)
NO_COORDINATES = (
    "%(name)s, feature %(number)s: its coordinates are not longitude and latitude in numbers."
)
NESTED = (
    "%(name)s, feature %(number)s: “%(property)s” holds a list or an object. Phones read texts, "
    "numbers, true and false."
)
NO_ID_OR_TITLE = (
    "%(name)s, feature 1 has no “%(property)s”: a question that names no other column shows no "
    "choices."
)
NO_HEADER = "%(name)s has no header: its first row names the columns."
HEADING_TWICE = (
    "%(name)s names the column “%(heading)s” twice: phones could not open the form. Name each "
    "column once, and remove empty ones."
)
BROKEN_QUOTES = (
    "%(name)s, line %(line)s: a quotation mark is out of place. Phones could not open the form."
)
UTF_16 = "%(name)s is Unicode text of Excel: phones find no columns. Save it as “CSV UTF-8”."
NOT_UTF_8 = "%(name)s is not in UTF-8: phones show wrong letters. Save it as “CSV UTF-8”."
ODD_HEADING = (
    "%(name)s: a form cannot ask for a column called “%(heading)s”. The first row names the "
    "columns, with letters, digits and _."
)
TWO_SEPARATORS = "%(name)s: its first row holds ; and so phones split all rows at ; and not at ,"

# How many lists deep the longitude of a geometry lies.
_DEPTHS = {"Point": 0, "LineString": 1, "Polygon": 2}
_XML_NAME = re.compile(r"[^\W\d][\w.-]*\Z")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# More of a kind help nobody: a file with one fault mostly has it in every row.
_MOST_TOLD = 5


def doubts_of(name: str, content: bytes) -> list[Fault]:
    """Return what is doubtful about a file beside a form; none for other kinds than these two.

    Raises FormProblem for a .geojson or .csv that no phone could read.
    """
    ending = PurePosixPath(name.lower()).suffix
    if ending == ".geojson":
        return _geojson_doubts(name, content)
    if ending == ".csv":
        return _csv_doubts(name, content)
    return []


def _geojson_doubts(name: str, content: bytes) -> list[Fault]:
    try:
        whole = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise FormProblem([Fault(NO_JSON, {"name": name})]) from error
    features = whole.get("features") if isinstance(whole, dict) else None
    if not isinstance(features, list) or whole.get("type") != "FeatureCollection":
        raise FormProblem([Fault(NO_COLLECTION, {"name": name})])
    faults: list[Fault] = []
    for number, feature in enumerate(features, start=1):
        about = {"name": name, "number": str(number)}
        faults += [Fault(msgid, {**about, **more}) for msgid, more in _feature_faults(feature)]
        if len(faults) >= _MOST_TOLD:
            break
    if faults:
        raise FormProblem(faults)
    return [Fault(NO_ID_OR_TITLE, {"name": name, "property": one}) for one in _lacks(features)]


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _feature_faults(feature: Any) -> Iterator[tuple[str, Mapping[str, str]]]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        yield NO_FEATURE, {}
        return
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        yield NO_GEOMETRY, {}
    elif (kind := geometry.get("type")) not in _DEPTHS:
        yield OTHER_KIND, {"kind": _short(kind)}
    elif more := next((key for key in geometry if key not in ("type", "coordinates")), None):
        yield MORE_IN_GEOMETRY, {"key": _short(more)}
    elif not _is_shaped(geometry.get("coordinates"), _DEPTHS[kind]):
        yield NO_COORDINATES, {}
    properties = feature.get("properties")
    for key, value in properties.items() if isinstance(properties, dict) else ():
        if isinstance(value, dict | list):
            yield NESTED, {"property": _short(key)}
            return


def _is_shaped(coordinates: Any, depth: int) -> bool:
    if not isinstance(coordinates, list):
        return False
    if depth:
        return all(_is_shaped(one, depth - 1) for one in coordinates)
    return len(coordinates) >= 2 and all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in coordinates
    )


def _lacks(features: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return which of the columns that questions ask for unless told otherwise are not there."""
    if not features:
        return []
    held = features[0].get("properties") or {}
    lacks = [] if "id" in held or features[0].get("id") is not None else ["id"]
    return lacks if "title" in held else [*lacks, "title"]


def _csv_doubts(name: str, content: bytes) -> list[Fault]:
    about = {"name": name}
    if content.startswith(_UTF16_MARKS):
        raise FormProblem([Fault(UTF_16, about)])
    text = content.decode("utf-8-sig", "replace")
    first = next(iter(text.splitlines()), "")
    if not first.strip(" ,;\t"):
        raise FormProblem([Fault(NO_HEADER, about)])
    headings = _headings(name, text, ";" if ";" in first else ",")
    twice = next((one for one, times in Counter(headings).items() if times > 1), None)
    if twice is not None:
        raise FormProblem([Fault(HEADING_TWICE, {**about, "heading": _short(twice)})])
    doubts = [] if _is_utf_8(content) else [Fault(NOT_UTF_8, about)]
    if ";" in first and "," in first:
        doubts.append(Fault(TWO_SEPARATORS, about))
    odd = [one for one in headings if not _XML_NAME.match(one)][:_MOST_TOLD]
    return doubts + [Fault(ODD_HEADING, {**about, "heading": _short(one)}) for one in odd]


def _headings(name: str, text: str, separator: str) -> list[str]:
    """Return the first row; all rows are read, as phones do. Raises FormProblem."""
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        headings = next(table, [])
        for _ in table:
            pass
    except csv.Error as error:
        line = {"name": name, "line": str(table.line_num)}
        raise FormProblem([Fault(BROKEN_QUOTES, line)]) from error
    return headings


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _short(text: object) -> str:
    return str(text)[:40]
