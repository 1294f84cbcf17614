"""A Table as CSV and GeoJSON."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from exports import files
from exports.table import Cell, Column, Kind, Table

BEIJING = timezone(timedelta(hours=8))


def a_column(name: str, kind: Kind = "text", zh: str | None = None) -> Column:
    return Column(name, {"zh": zh or name, "en": name}, kind)


def a_table(*rows: list[Cell], kinds: tuple[Kind, ...] = ("text",)) -> Table:
    columns = tuple(a_column(f"c{at}", kind) for at, kind in enumerate(kinds))
    return Table("t", columns, iter(rows))


def read_csv(pieces: Iterator[bytes]) -> list[list[str]]:
    text = b"".join(pieces).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv_begins_with_the_mark_and_ends_lines_as_rfc_4180_wants() -> None:
    table = Table("t", (a_column("name", zh="姓名"),), [["王小明"]])

    written = b"".join(files.csv(table, "zh"))

    assert written == "\ufeff姓名\r\n王小明\r\n".encode()


def test_csv_for_programs_has_no_mark() -> None:
    written = b"".join(files.csv(a_table(["a"]), "en", bom=False))

    assert written == b"c0\r\na\r\n"


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x","y")',
        "+8613812341234",
        "-",
        "-王小明",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋86",
        "－1",
        "＠SUM",
        "﹣1",
        "  =1",
        "\u3000＝1",
        "\ufeff=1",
        "\u200b=1",
        "\x00=1",
    ],
)
def test_csv_keeps_a_spreadsheet_from_running_text(text: str) -> None:
    column = Column("c", {"en": text})

    head, (cell,) = read_csv(files.csv(Table("t", (column,), [[text]]), "en"))

    assert cell.startswith("'")
    assert head == [cell]


@pytest.mark.parametrize("text", ["王小明", "a=b", "1-2", "'quoted", "“", "·热西提", "3+4"])
def test_csv_leaves_harmless_text_alone(text: str) -> None:
    _, (cell,) = read_csv(files.csv(a_table([text]), "en"))

    assert cell == text


def test_csv_keeps_numbers_numbers_and_days_by_iso_8601() -> None:
    table = a_table(
        [-5, Decimal("-1.50"), 36.6, date(1949, 10, 1), datetime(2026, 8, 1, 9, 5, tzinfo=BEIJING)],
        [None, Decimal("1E+3"), 0, None, None],
        kinds=("integer", "decimal", "decimal", "date", "instant"),
    )

    rows = read_csv(files.csv(table, "en"))

    assert rows[1] == ["-5", "-1.50", "36.6", "1949-10-01", "2026-08-01T09:05:00+08:00"]
    assert rows[2] == ["", "1000", "0", "", ""]


def test_csv_quotes_what_would_break_a_line() -> None:
    _, row = read_csv(files.csv(a_table(['a,"b"\r\nc']), "en"))

    assert row == ['a,"b"\r\nc']


def test_csv_keeps_long_digits_whole_in_a_spreadsheet_when_asked() -> None:
    row: list[Cell] = ["990000199001010017", "9900**********0017", "13812341234", 123456789012]

    written = b"".join(
        files.csv(a_table(row, kinds=("text",) * 4), "en", bom=False, whole_digits=True)
    )

    assert (
        written.splitlines()[1]
        == b"990000199001010017\t,9900**********0017,13812341234,123456789012"
    )


def test_csv_asks_for_rows_only_while_it_writes_them() -> None:
    asked = []

    def rows() -> Iterator[list[Cell]]:
        for number in range(10_000):
            asked.append(number)
            yield [number]

    pieces = files.csv(Table("t", (a_column("c"),), rows()), "en")
    next(pieces)
    asked_for_the_head = len(asked)
    next(pieces)

    assert asked_for_the_head == 0
    assert len(asked) <= 1_000


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 8, 1, tzinfo=UTC).replace(tzinfo=None)

    with pytest.raises(ValueError, match="zone"):
        b"".join(files.csv(a_table([naive], kinds=("instant",)), "en"))


def test_zipped_csv_holds_a_file_a_table_whatever_its_title() -> None:
    tables = [
        Table("名单", (a_column("c"),), [["a"]]),
        Table('../..\\x:"=y', (a_column("c"),), [["b"]]),
    ]

    archive = zipfile.ZipFile(io.BytesIO(b"".join(files.zipped_csv(tables, "zh"))))

    assert archive.testzip() is None
    assert archive.namelist() == ["1-名单.csv", "2-_.._x__=y.csv"]
    assert archive.read("1-名单.csv").decode("utf-8-sig") == "c\r\na\r\n"


def test_geojson_puts_longitude_first_and_says_null_for_no_place() -> None:
    columns = (
        a_column("code"),
        a_column("latitude", "decimal"),
        a_column("longitude", "decimal"),
        a_column("visited_on", "date"),
    )
    rows: list[list[Cell]] = [
        ["V1", 38.1234567891, 116.5, date(2026, 8, 1)],
        ["V2", None, 116.5, None],
        ["V3", 91.0, 116.5, None],
        ["V4", float("nan"), 116.5, None],
        ["V5", "here", 116.5, None],
    ]

    written = json.loads(b"".join(files.geojson(Table("t", columns, rows))))

    assert written["type"] == "FeatureCollection"
    first, *others = written["features"]
    assert first == {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [116.5, 38.1234568]},
        "properties": {"code": "V1", "visited_on": "2026-08-01"},
    }
    assert [other["geometry"] for other in others] == [None] * 4


def test_geojson_of_no_rows_and_of_many_is_whole() -> None:
    columns = (a_column("latitude", "decimal"), a_column("longitude", "decimal"))

    none = json.loads(b"".join(files.geojson(Table("t", columns, []))))
    many = json.loads(b"".join(files.geojson(Table("t", columns, [[1.0, 2.0]] * 2_500))))

    assert none["features"] == []
    assert len(many["features"]) == 2_500


def test_geojson_writes_null_for_what_json_cannot_hold() -> None:
    columns = (
        a_column("latitude", "decimal"),
        a_column("longitude", "decimal"),
        a_column("x", "decimal"),
    )

    written = json.loads(
        b"".join(files.geojson(Table("t", columns, [[1.0, 2.0, float("inf")], [1, 2, Decimal(3)]])))
    )

    assert [feature["properties"]["x"] for feature in written["features"]] == [None, 3.0]
